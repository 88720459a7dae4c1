"""A guardian's PIN: how often it may be tried, how it is kept, and that nobody ever sees it."""

import copy
import hmac
import io
import json
import logging
import os
import pickle
import random
import signal
import string
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from hypothesis import given
from hypothesis import strategies as st

from minorguard import ZONE, ConfigurationError, InvalidRequest, StoreUnavailable
from minorguard.guardians import PinAnswer, PinDesk, PinVerifier, Verified, pin_lock
from minorguard.guardians.pin_hash import Cost
from minorguard.guardians.pin_lock import Lock, access, opens_at, right, tried, wait_after
from minorguard.guardians.weak_pins import is_weak
from minorguard.identity.secrets import Secret
from minorguard.stores import open_records
from storekit import STORES
from strategies import few

AT = datetime(2026, 11, 20, 18, 0, tzinfo=ZONE)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PIN, OTHER = "835017", "940263"
PEPPER = bytes(range(32))
MOTHER = "g-mother"


def desk_on(records, **options):
    return PinDesk(records, **{"pepper": PEPPER, **options})


@pytest.fixture
def records():
    return open_records("memory:")


@pytest.fixture
def desk(records):
    desk = desk_on(records)
    assert desk.set(MOTHER, PIN, at=AT)
    return desk


# -- the schedule, without a PIN -----------------------------------------------------------------


def attack(until, *, step=1, lock=None, start=0):
    """The seconds at which somebody who tries at every chance gets a try, up to ``until``."""
    lock, at, times = lock or Lock(), start, []
    while at < until:
        opens = opens_at(lock)
        if opens is None:
            break
        at = max(at, opens)
        if at >= until:
            break
        lock = tried(lock, at)
        times.append(at)
        at += step if step > 1 else 0
    return times, lock


def test_five_tries_are_free_then_one_waits_longer_and_longer():
    assert [wait_after(tries) // 60 for tries in range(12)] == [0] * 5 + [
        1,
        5,
        15,
        60,
        240,
        240,
        240,
    ]


def test_whoever_tries_at_every_chance_gets_ten_a_day():
    times, _ = attack(30 * 24 * 3600)
    minutes = [at // 60 for at in times]

    assert minutes[:10] == [0, 0, 0, 0, 0, 1, 6, 21, 81, 321]
    assert minutes[10] == 24 * 60
    for first, last in zip(times, times[10:], strict=False):
        assert last - first >= 24 * 3600


def test_after_a_hundred_wrong_tries_there_is_none():
    times, lock = attack(10**9)

    assert len(times) == 100
    assert opens_at(lock) is None
    assert access(lock, 10**12) == "stopped"


def test_a_million_tries_find_a_pin_of_six_digits_once_in_ten_thousand():
    """10⁶ tries at random seconds of a year: how many are let through at all."""
    rng, lock, let_through, days = random.Random(7), Lock(), [], 365
    for at in sorted(rng.randrange(days * 24 * 3600) for _ in range(10**6)):
        if access(lock, at) == "open":
            lock = tried(lock, at)
            let_through.append(at)

    assert len(let_through) == 100
    assert len(let_through) / 10**6 == 1 / 10_000


def test_a_guardian_who_comes_by_every_day_gives_nobody_more_than_ten_guesses_a_day():
    """Each right PIN begins the hundred anew; the day's ten stay: 3650 of 10⁶ in a year."""
    lock, guesses, year = Lock(), [], 365
    for day in range(year):
        for minute in range(0, 24 * 60, 2):
            at = (day * 24 * 60 + minute) * 60
            while access(lock, at) == "open":
                lock = tried(lock, at)
                if minute == 60:  # the guardian, once a day, if the lock is open
                    lock = right(lock, lock.counted)
                    break
                guesses.append(at)
    assert len(guesses) <= 10 * (year + 1)
    for first, last in zip(guesses, guesses[10:], strict=False):
        assert last - first >= 24 * 3600 - 120


@few(300)
@given(st.lists(st.tuples(st.integers(0, 4 * 24 * 3600), st.booleans()), max_size=120))
def test_ten_in_any_24_hours_whatever_the_clock_does(tries):
    lock, wrong = Lock(), []
    for at, is_right in tries:  # not sorted: a clock that jumps back and forth
        if access(lock, at) != "open":
            continue
        lock = tried(lock, at)
        if is_right:
            lock = right(lock, lock.counted)
        else:
            wrong.append(at)
            assert all(before <= at for before in wrong)  # set back, nothing opens
    for first, last in zip(wrong, wrong[10:], strict=False):
        assert last - first >= 24 * 3600


@few(300)
@given(st.integers(2, 12), st.data())
def test_of_parallel_tries_the_right_one_clears_itself_and_those_before_it(many, data):
    lock = Lock()
    for number in range(many):
        lock = tried(lock, number)
    number = data.draw(st.integers(1, many))

    cleared = right(lock, number)

    assert cleared.tries == many - number
    assert len(cleared.recent) <= 10
    assert sorted(cleared.recent) == list(cleared.recent)
    if many <= 10:
        expected = [n for n in range(many) if n != number - 1]
        assert list(cleared.recent) == expected


def test_a_try_that_comes_too_early_is_not_counted_and_makes_nothing_worse():
    _, lock = attack(1)

    assert lock.tries == 5
    assert access(lock, 59) == "locked"
    assert access(lock, 60) == "open"


# -- set, prove, change --------------------------------------------------------------------------


def test_the_right_pin_proves_the_guardian_and_tells_of_wrong_tries_before_it(desk):
    for _ in range(3):
        assert desk.verify(MOTHER, OTHER, at=AT).outcome == "wrong"

    answer = desk.verify(MOTHER, PIN, at=AT)

    assert answer
    assert answer == PinAnswer("right", Verified(MOTHER, "pin", AT), None, 3)
    assert desk.verify(MOTHER, PIN, at=AT).tries == 0
    assert PinVerifier(desk).verify(MOTHER, PIN, at=AT) == Verified(MOTHER, "pin", AT)
    assert PinVerifier(desk).verify(MOTHER, OTHER, at=AT) is None


def test_the_fifth_wrong_pin_locks_and_the_right_one_does_not_open_it(desk):
    answers = [desk.verify(MOTHER, OTHER, at=AT) for _ in range(5)]

    assert [answer.again_at for answer in answers[3:]] == [AT, AT + MINUTE]
    locked = desk.verify(MOTHER, PIN, at=AT + timedelta(seconds=59))
    assert (locked.outcome, locked.again_at, locked.proof) == ("locked", AT + MINUTE, None)
    assert desk.verify(MOTHER, PIN, at=AT + MINUTE)


def test_a_clock_that_is_set_back_opens_no_lock(desk):
    for _ in range(4):
        desk.verify(MOTHER, OTHER, at=AT)

    assert desk.verify(MOTHER, PIN, at=AT - DAY).outcome == "locked"


def test_a_pin_is_changed_by_who_knows_it(desk):
    assert desk.change(MOTHER, OTHER, "274926", at=AT).outcome == "wrong"
    assert desk.change(MOTHER, PIN, OTHER, at=AT)
    assert desk.verify(MOTHER, PIN, at=AT).outcome == "wrong"
    assert desk.verify(MOTHER, OTHER, at=AT)


def test_a_wrong_old_pin_counts_as_a_try(desk):
    for _ in range(5):
        desk.change(MOTHER, OTHER, "274926", at=AT)

    assert desk.verify(MOTHER, PIN, at=AT).outcome == "locked"


def test_a_pin_that_is_there_is_not_set_over(desk):
    assert desk.set(MOTHER, OTHER, at=AT).outcome == "taken"
    assert desk.verify(MOTHER, PIN, at=AT)
    assert desk.verify("g-nobody", PIN, at=AT).outcome == "no_pin"


@pytest.mark.parametrize(
    "pin", ["12345", "1" * 13, "83501a", "８３５０１７", "835 17", "", None, 835017, "835017\n"]
)
def test_what_can_be_no_pin_is_told_and_not_counted(desk, pin):
    for _ in range(6):
        with pytest.raises(InvalidRequest, match="want 6-12 digits"):
            desk.verify(MOTHER, pin, at=AT)
    assert desk.verify(MOTHER, PIN, at=AT)


# -- reset ---------------------------------------------------------------------------------------


def test_a_reset_needs_the_code_of_the_other_channel_once_and_within_the_hour(desk):
    code = desk.ask_reset(MOTHER, at=AT).reveal()
    newer = desk.ask_reset(MOTHER, at=AT).reveal()

    for wrong in ("guess", "", None, code):
        assert desk.reset(MOTHER, wrong, OTHER, at=AT).outcome == "wrong_code"
    assert desk.reset(MOTHER, newer, OTHER, at=AT + HOUR).outcome == "wrong_code"
    assert desk.reset(MOTHER, newer, OTHER, at=AT + HOUR - timedelta(seconds=1))
    assert desk.reset(MOTHER, newer, PIN, at=AT).outcome == "wrong_code"
    assert desk.ask_reset("g-nobody", at=AT) is None


def test_a_code_resets_no_other_guardians_pin(desk):
    desk.set("g-father", OTHER, at=AT)
    code = desk.ask_reset(MOTHER, at=AT).reveal()
    desk.ask_reset("g-father", at=AT)

    assert desk.reset("g-father", code, PIN, at=AT).outcome == "wrong_code"


def test_a_pin_that_was_reset_proves_nothing_for_a_day(desk):
    code = desk.ask_reset(MOTHER, at=AT).reveal()
    desk.reset(MOTHER, code, OTHER, at=AT)

    early = desk.verify(MOTHER, OTHER, at=AT + DAY - timedelta(seconds=1))

    assert (early.outcome, early.proof, early.again_at) == ("resting", None, AT + DAY)
    assert not early
    assert desk.verify(MOTHER, OTHER, at=AT + DAY)


def test_changing_a_pin_does_not_end_its_rest(desk):
    code = desk.ask_reset(MOTHER, at=AT).reveal()
    desk.reset(MOTHER, code, OTHER, at=AT)
    desk.change(MOTHER, OTHER, "274926", at=AT)

    assert desk.verify(MOTHER, "274926", at=AT + HOUR).outcome == "resting"


def test_a_hundred_wrong_tries_stop_it_and_only_a_reset_helps(desk):
    at = AT
    for _ in range(100):
        answer = desk.verify(MOTHER, OTHER, at=at)
        at = answer.again_at or at
    assert (answer.outcome, answer.again_at, answer.tries) == ("wrong", None, 100)
    assert desk.verify(MOTHER, PIN, at=at + 99 * DAY).outcome == "stopped"

    code = desk.ask_reset(MOTHER, at=at).reveal()
    assert desk.reset(MOTHER, code, "274926", at=at)
    later = at + 2 * DAY
    assert desk.verify(MOTHER, "274926", at=later)


def test_a_reset_gives_nobody_more_guesses_on_the_same_day(desk):
    at = AT
    for _ in range(10):
        at = desk.verify(MOTHER, OTHER, at=at).again_at
    code = desk.ask_reset(MOTHER, at=AT + 6 * HOUR).reveal()
    desk.reset(MOTHER, code, "274926", at=AT + 6 * HOUR)

    assert at == AT + DAY
    assert desk.verify(MOTHER, OTHER, at=AT + 7 * HOUR).outcome == "locked"


# -- weak ones -----------------------------------------------------------------------------------

BIRTHS = (date(1986, 3, 9), date(2013, 5, 1))


@pytest.mark.parametrize(
    "pin",
    [
        *("123456", "654321", "012345", "789012", "987654321", "000000", "111111", "121212"),
        *("123123", "112233", "111222333", "123321", "147258", "520131", "5201314", "110110"),
        *("19860309", "860309", "130501", "030986", "050113", "090386", "20130501", "198603"),
        *("00860309", "1305018"),
    ],
)
def test_a_pin_that_is_guessed_first_is_refused(records, pin):
    desk = desk_on(records)

    assert desk.set(MOTHER, pin, births=BIRTHS, at=AT).outcome == "weak"
    assert desk.verify(MOTHER, PIN, at=AT).outcome == "no_pin"


def test_a_weak_pin_is_refused_in_a_change_and_a_reset_too(desk):
    assert desk.change(MOTHER, PIN, "123456", at=AT).outcome == "weak"
    code = desk.ask_reset(MOTHER, at=AT).reveal()
    assert desk.reset(MOTHER, code, "860309", births=BIRTHS, at=AT).outcome == "weak"
    assert desk.reset(MOTHER, code, OTHER, births=BIRTHS, at=AT)


def test_few_of_all_pins_are_weak():
    rng = random.Random(1)
    pins = ["".join(rng.choices(string.digits, k=6)) for _ in range(20_000)]

    weak = sum(is_weak(pin) for pin in pins)

    assert weak / len(pins) < 0.01


@few(100)
@given(st.text(string.digits, min_size=3, max_size=3))
def test_what_is_said_twice_is_weak(block):
    assert is_weak(block * 2)
    assert is_weak(block + block[::-1])


# -- how it is kept ------------------------------------------------------------------------------


def kept(records):
    (record,) = records.list("guardian.pin").records
    return json.loads(record.body[:-4])


@pytest.mark.usefixtures("desk")
def test_it_is_hashed_with_argon2id_19_mib_two_passes_and_a_pepper_that_is_not_kept(records):
    said = kept(records)
    framed = b"minorguard pin 1\0g-mother\0" + PIN.encode()
    peppered = hmac.new(PEPPER, framed, "sha256").digest()
    hashed = Argon2id(
        salt=bytes.fromhex(said["salt"]), length=32, iterations=2, lanes=1, memory_cost=19 * 1024
    ).derive(peppered)

    assert said["cost"] == [19 * 1024, 2, 1]
    assert said["hash"] == hashed.hex()
    assert len(bytes.fromhex(said["salt"])) >= 16
    assert PEPPER.hex() not in json.dumps(said)


def test_two_guardians_with_one_pin_have_nothing_alike(records):
    desk = desk_on(records)
    desk.set(MOTHER, PIN, at=AT)
    desk.set("g-father", PIN, at=AT)
    mother, father = (
        json.loads(record.body[:-4]) for record in records.list("guardian.pin").records
    )

    assert mother["salt"] != father["salt"]
    assert mother["hash"] != father["hash"]


@pytest.mark.usefixtures("desk")
def test_without_the_pepper_the_store_proves_nothing(records):
    thief = desk_on(records, pepper=bytes(32))

    with pytest.raises(ConfigurationError, match="pepper"):
        thief.verify(MOTHER, PIN, at=AT)


@pytest.mark.usefixtures("desk")
def test_a_new_pepper_reads_what_the_former_hashed_and_hashes_it_anew(records):
    new = bytes(reversed(PEPPER))
    turned = desk_on(records, pepper=new, former=[PEPPER])
    before = kept(records)

    assert turned.verify(MOTHER, OTHER, at=AT).outcome == "wrong"
    assert kept(records)["pepper"] == before["pepper"]
    assert turned.verify(MOTHER, PIN, at=AT)
    assert kept(records)["pepper"] != before["pepper"]
    assert desk_on(records, pepper=new).verify(MOTHER, PIN, at=AT)


@pytest.mark.usefixtures("desk")
def test_a_higher_cost_is_taken_up_at_the_next_right_pin_and_a_lower_one_never(records):
    dear = Cost(20 * 1024, 3, 1)
    assert desk_on(records, cost=dear).verify(MOTHER, PIN, at=AT)
    assert kept(records)["cost"] == [20 * 1024, 3, 1]

    for cheap in (Cost(19 * 1024 - 1, 2, 1), Cost(19 * 1024, 1, 1), Cost(19 * 1024, 2, 0)):
        with pytest.raises(ConfigurationError):
            desk_on(records, cost=cheap)


@pytest.mark.parametrize("pepper", [b"", bytes(31), "x" * 32, Secret(b"short"), Secret("x" * 40)])
def test_a_pepper_that_is_too_short_is_refused_without_being_shown(records, pepper):
    with pytest.raises((ConfigurationError, AttributeError)) as raised:
        desk_on(records, pepper=pepper)
    assert "x" * 8 not in str(raised.value)


def test_a_pepper_may_come_as_a_secret(records):
    assert desk_on(records, pepper=Secret(PEPPER)).set(MOTHER, PIN, at=AT)
    assert desk_on(records).verify(MOTHER, PIN, at=AT)


def test_a_broken_document_is_no_open_lock(desk, records):
    (record,) = records.list("guardian.pin").records
    records.transition("guardian.pin", record, state="kept", body=record.body[:-1] + b"?")

    with pytest.raises(StoreUnavailable):
        desk.verify(MOTHER, PIN, at=AT)


# -- nobody sees it ------------------------------------------------------------------------------


class Broken:
    """A record store that fails at the call of that number."""

    def __init__(self, records, number):
        self.records, self.number = records, number

    def __getattr__(self, name):
        method = getattr(self.records, name)

        def call(*args, **options):
            self.number -= 1
            if self.number == 0:
                raise StoreUnavailable("down")
            return method(*args, **options)

        return call


def shown(error):
    """All that a traceback with its locals shows of our own frames and the interpreter's."""
    out = io.StringIO()
    summary = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [frame for frame in summary.stack if "/tests/" not in frame.filename]
    for frame in frames:
        out.write(f"{frame.name} {frame.locals}\n")
    return out.getvalue() + str(error) + repr(error)


def test_no_pin_is_in_any_error_log_repr_or_record(records, caplog):
    canary, other = "835017", "940263"
    desk = desk_on(records)
    seen = []

    def each(broken):
        yield lambda: broken.set("g-1", canary, at=AT)
        yield lambda: broken.verify("g-1", canary, at=AT)
        yield lambda: broken.change("g-1", canary, other, at=AT)
        yield lambda: broken.reset("g-1", "code", canary, at=AT)
        yield lambda: broken.verify("g-1", canary + "x", at=AT)
        yield lambda: broken.verify("no such key", canary, at=AT)
        yield lambda: broken.verify("g-1", canary, at=AT.replace(tzinfo=None))
        yield lambda: broken.set("g-1", canary, births=["1986"], at=AT)

    with caplog.at_level(logging.DEBUG):
        for number in range(9):
            for call in each(desk if number == 0 else desk_on(Broken(records, number))):
                try:
                    seen.append(repr(call()))
                except Exception as error:  # noqa: BLE001 - whatever it is, it must not show the PIN
                    seen.append(shown(error))
    seen += [repr(desk), str(desk), f"{desk}", caplog.text]
    seen += [record.body.decode("latin-1") for record in records.list("guardian.pin").records]

    assert not any(canary in text or other in text for text in seen)
    assert any("Unavailable" in text for text in seen)
    assert any("want 6-12 digits" in text for text in seen)


def test_a_desk_with_its_pepper_is_not_pickled(desk):
    for call in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            call(desk)


# -- counted before it is judged -----------------------------------------------------------------


class DiesAfterCounting:
    """A record store whose process is killed as soon as the first try has been counted."""

    def __init__(self, records):
        self.records = records

    def __getattr__(self, name):
        return getattr(self.records, name)

    def transition(self, *args, **options):
        self.records.transition(*args, **options)
        os.kill(os.getpid(), signal.SIGKILL)


def killed(work):
    """How a fork of this process ended that does the work and nothing else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pytest's own threads do no harm here
        child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


@pytest.mark.parametrize("name", ["sqlite", "postgres"])
def test_whoever_kills_the_server_before_it_looks_has_used_up_the_try(tmp_path, name):
    url = STORES[name](tmp_path)
    records = open_records(url)
    desk = desk_on(records)
    desk.set(MOTHER, PIN, at=AT)

    def tries():
        desk_on(DiesAfterCounting(open_records(url))).verify(MOTHER, OTHER, at=AT)

    ends = [killed(tries) for _ in range(5)]

    assert ends == [signal.SIGKILL] * 5
    assert kept(records)["lock"][0] == 5
    assert desk.verify(MOTHER, PIN, at=AT).outcome == "locked"
    records.close()


@pytest.mark.parametrize("name", ["memory", "sqlite", "postgres"])
def test_parallel_tries_count_one_by_one_and_no_more_than_five_are_judged(tmp_path, name):
    records = open_records(STORES[name](tmp_path))
    desk = desk_on(records)
    desk.set(MOTHER, PIN, at=AT)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: desk.verify(MOTHER, OTHER, at=AT), range(16)))

    outcomes = [answer.outcome for answer in answers]
    assert outcomes.count("wrong") == 5
    assert outcomes.count("locked") == 11
    assert kept(records)["lock"][0] == 5
    records.close()


def test_a_pin_that_changes_while_a_try_is_judged_is_not_proved(desk, records):
    class ChangesMeanwhile:
        def __getattr__(self, name):
            return getattr(records, name)

        def transition(self, *args, **options):
            done = records.transition(*args, **options)
            if not hasattr(self, "changed"):
                self.changed = True
                desk.change(MOTHER, PIN, OTHER, at=AT)
            return done

    assert desk_on(ChangesMeanwhile()).verify(MOTHER, PIN, at=AT).outcome == "wrong"
    assert desk.verify(MOTHER, OTHER, at=AT)


def test_the_schedule_is_the_one_that_is_written_down():
    assert (pin_lock.FREE_TRIES, pin_lock.TRIES_A_DAY, pin_lock.TRIES_MAX) == (5, 10, 100)
    assert all(before < after for before, after in pairwise(pin_lock.WAITS_S))
    assert pin_lock.WAITS_S[-1] == 240 * 60
