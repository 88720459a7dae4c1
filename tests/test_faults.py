"""What everybody is told when something goes wrong: ``faults.toml`` is the table, this the proof.

Above the table stands one theorem: for anyone who is not a verified adult, an error is never an
allow.
"""

import sqlite3
import tomllib
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from minorguard import (
    ZONE,
    Ages,
    Cancelled,
    Contention,
    Guard,
    GuardianSettings,
    HouseRule,
    InvalidRequest,
    Left,
    ModeChanged,
    OutcomeUnknown,
    Play,
    Refunded,
    Settled,
    Show,
    Spend,
    StoreError,
    StoreUnavailable,
    Subject,
    Use,
    law,
)
from minorguard.stores.memory import MemoryStore
from minorguard.stores.sqlite import SqliteStore
from minorguard.testing import FlakyStore
from power import SQLITE_FULL, Recorder, library

TABLE = Path(__file__).with_name("faults.toml")
FAULTS = {fault["id"]: fault for fault in tomllib.loads(TABLE.read_text("utf-8"))["fault"]}
ACTS = ("play", "purchase", "use", "show")
PLAIN = FAULTS["nothing"]

GAME = law("cn.game")
EIGHT_PM = datetime(2026, 11, 20, 20, tzinfo=ZONE)  # a Friday
TEN_PAST = EIGHT_PM + timedelta(minutes=10)

CLASSES = {
    "minor": Subject("p", born=date(2012, 5, 1), identity="verified"),
    "unknown": Subject("p", identity="verified"),
    "adult": Subject("p", born=date(1990, 5, 1), identity="verified"),
}
ERRORS = {one.__name__: one for one in (StoreUnavailable, Contention, OutcomeUnknown)}

# -- how it goes wrong ---------------------------------------------------------------------------


class Troubled:
    """A store that can be made to fail, and that knows whether it was asked."""

    def __init__(self, store):
        self.store = store
        self.asked = 0
        self.on_load = self.on_swap = None

    def load(self, key):
        self.asked += 1
        if self.on_load:
            self.on_load()
        return self.store.load(key)

    def swap(self, key, version, body):
        self.asked += 1
        return (self.on_swap or self.store.swap)(key, version, body)

    def erase(self, key):
        self.asked += 1
        self.store.erase(key)

    def scan(self, prefix, cursor=None):
        self.asked += 1
        return self.store.scan(prefix, cursor)


class Scene:
    """One person at ten past eight, who logged in and paid one yuan at eight."""

    def __init__(self, folder, subject):
        self.folder = folder
        self.subject = subject
        self.law = GAME
        self.at = TEN_PAST
        self.use_store(MemoryStore())
        self.heal = lambda: None
        self.started = None
        self.asks = {
            "play": Play(subject, session="s", renewal=True),
            "purchase": Spend(subject, fen=4_800, order="A"),
            "use": Use(subject, "game_account_trade"),
            "show": Show(subject, rating="12+"),
        }

    def use_store(self, store):
        self.sound = store
        self.store = Troubled(store)

    @property
    def guard(self):
        """A server that was just started, unless one has run for longer."""
        return self.started or Guard(self.law, store=self.store)

    def live(self, at=EIGHT_PM):
        """What happened before all that: a login, a purchase, and the mode was left."""
        guard = Guard(GAME, store=self.sound)
        guard.record(ModeChanged(self.subject, on=False), at=at)
        guard.decide(Play(self.subject, session="s"), at=at)
        guard.decide(Spend(self.subject, fen=100, order="before"), at=at)

    def rewrite(self, change):
        """Put other bytes in the place of each document."""
        for kind in ("time", "money", "facts"):
            key = f"{kind}/cn.game/{self.subject.id}"
            version, body = self.sound.load(key) or (None, b"\1")
            assert self.sound.swap(key, version, change(body)) is None


def raising(error):
    def fail(*_):
        raise error("on purpose")

    return fail


def nothing(scene):
    scene.live()


def timeout_before_the_write(scene):
    scene.live()
    scene.store.on_swap = raising(OutcomeUnknown)


def timeout_after_the_write(scene):
    scene.live()

    def written_late(*document):
        scene.sound.swap(*document)
        raise OutcomeUnknown("on purpose")

    scene.store.on_swap = written_late


def timeout_and_then_silence(scene):
    scene.live()

    def written_late(*document):
        scene.sound.swap(*document)
        scene.store.on_load = raising(StoreUnavailable)
        raise OutcomeUnknown("on purpose")

    scene.store.on_swap = written_late


def store_down(scene):
    scene.live()
    scene.store.on_load = scene.store.on_swap = raising(StoreUnavailable)


def store_down_with_documents_at_hand(scene):
    scene.live()
    guard = Guard(GAME, store=scene.store)
    for n in range(2):
        guard.decide(Play(scene.subject, session="s"), at=EIGHT_PM + timedelta(minutes=n))
        guard.decide(Spend(scene.subject, fen=10, order=f"{n}"), at=EIGHT_PM)
    for n in range(2):
        guard.record(Cancelled(scene.subject, f"{n}"), at=EIGHT_PM)
    scene.store.on_load = scene.store.on_swap = raising(StoreUnavailable)
    scene.started = guard


def in_a_file(scene, **options):
    path = scene.folder / "x.db"
    scene.use_store(SqliteStore(path, sync="normal", timeout_s=0, **options))
    scene.live()
    return path


def busy(scene):
    other = sqlite3.connect(in_a_file(scene), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    scene.heal = other.close


def never_a_turn(scene):
    scene.live()
    flaky = FlakyStore(
        scene.sound,
        refuse_one_in=1,
        timeout_after_write_one_in=0,
        timeout_before_write_one_in=0,
    )
    scene.store.on_swap = flaky.swap


@cache
def drive():
    """A drive that can be full."""
    lib = library()
    return lib and Recorder(lib, "minorguard-faults")


def disk_full(scene):
    recorder = drive()
    if recorder is None:
        pytest.skip("the SQLite of this Python is built in, or this is not Linux")
    recording = recorder.recording(scene.folder)
    recording.__enter__()
    in_a_file(scene, vfs=recorder.name)
    recorder.fail(1, SQLITE_FULL, dying=True)
    scene.heal = lambda: recording.__exit__(None, None, None)


def file_gone(scene):
    path = in_a_file(scene)
    scene.sound.close()
    path.unlink()


def file_corrupt(scene):
    path = in_a_file(scene)
    scene.sound.close()
    path.write_bytes(b"To whom it may concern\n" * 1_000)


def document_garbled(scene):
    scene.live()
    scene.rewrite(lambda body: body[:-1])


def document_zeroed(scene):
    scene.live()
    scene.rewrite(lambda body: bytes(len(body)))


def newer_documents(scene):
    scene.live()
    scene.rewrite(lambda body: bytes([body[0] + 1]) + body[1:])


def person_unknown_to_the_store(scene):
    del scene


def clock_a_little_back(scene):
    scene.live(at=TEN_PAST + timedelta(seconds=120))
    scene.live()


def clock_back(scene):
    scene.live(at=TEN_PAST + timedelta(seconds=121))


def clock_was_far_ahead(scene):
    scene.live(at=datetime(2026, 12, 25, 20, tzinfo=ZONE))  # a Friday, too


def clock_is_far_ahead(scene):
    scene.at = datetime(2026, 12, 21, 20, 10, tzinfo=ZONE)


def crash_between_hold_and_settlement(scene):
    scene.live()
    for n in range(4):
        scene.guard.decide(Spend(scene.subject, fen=4_950, order=f"{n}"), at=EIGHT_PM)


def same_key_again(scene):
    scene.live()
    for ask in scene.asks.values():
        scene.guard.decide(ask, at=scene.at)


def same_key_with_other_parameters(scene):
    scene.live()
    scene.guard.decide(Spend(scene.subject, fen=4_799, order="A"), at=EIGHT_PM)
    scene.guard.record(Left(scene.subject, session="s"), at=EIGHT_PM + timedelta(minutes=5))


def heartbeat_twice(scene):
    scene.live()
    scene.guard.decide(scene.asks["play"], at=scene.at)


def heartbeat_older(scene):
    scene.live()
    scene.guard.decide(scene.asks["play"], at=scene.at + timedelta(seconds=30))


def heartbeat_late(scene):
    scene.live()
    scene.at = EIGHT_PM + timedelta(seconds=900 + 120)


def heartbeats_stop(scene):
    scene.live()
    scene.at = EIGHT_PM + timedelta(seconds=900 + 121)


def beat_until(scene, at, *, every=timedelta(minutes=10)):
    moment = EIGHT_PM
    while moment < at:
        scene.guard.decide(scene.asks["play"], at=moment)
        moment += every


def nine_o_clock(scene):
    scene.live()
    scene.at = EIGHT_PM + timedelta(hours=1)
    beat_until(scene, scene.at)


def with_guardian(scene, settings):
    subject = scene.subject
    scene.subject = Subject(
        subject.id, born=subject.born, age=subject.age, identity=subject.identity, guardian=settings
    )
    scene.asks = Scene(scene.folder, scene.subject).asks


def quota_used_up(scene):
    with_guardian(scene, GuardianSettings(daily_minutes=10))
    scene.live()
    beat_until(scene, scene.at, every=timedelta(minutes=2))


def birthday(scene):
    if scene.subject.born == CLASSES["minor"].born:
        scene.subject = Subject("p", born=date(2008, 11, 20), identity="verified")
        scene.asks = Scene(scene.folder, scene.subject).asks
    scene.live()
    beat_until(scene, EIGHT_PM + timedelta(hours=1))
    scene.at = datetime(2026, 11, 21, tzinfo=ZONE)


def law_tightened(scene):
    scene.live()
    limits = GuardianSettings(
        windows=((20 * 3_600, 20 * 3_600 + 300),), single_fen=4_799, max_rating="8+"
    )
    scene.law = GAME.tightened_by([HouseRule("x", limits, ages=Ages(0, 18))])


def guardian_tightened(scene):
    scene.live()
    with_guardian(scene, GuardianSettings(windows=(), single_fen=0, max_rating="8+"))


def made(fault, folder, subject):
    """The scene in which it has just gone wrong."""
    scene = Scene(folder, subject)
    globals()[fault](scene)
    scene.store.asked = 0
    return scene


# -- the table -----------------------------------------------------------------------------------


def told(guard, ask, at):
    """What a caller is told, in the words of the table."""
    try:
        decision = guard.decide(ask, at=at)
    except StoreError as error:
        return type(error).__name__
    return "allowed" if decision else ", ".join(reason.code for reason in decision.reasons)


CASES = [
    (fault, act, who, FAULTS[fault].get(act, {}).get(who, PLAIN[act][who]))
    for fault in FAULTS
    for act in ACTS
    for who in CLASSES
]


@pytest.mark.parametrize(("fault", "act", "who", "outcome"), CASES)
def test_each_is_told_what_the_table_says(fault, act, who, outcome, tmp_path):
    scene = made(fault, tmp_path, CLASSES[who])
    try:
        assert told(scene.guard, scene.asks[act], scene.at) == outcome
    finally:
        scene.heal()


AGAIN = [
    (fault, act, outcome)
    for fault, row in FAULTS.items()
    for act, outcome in row.get("again", {}).items()
]


@pytest.mark.parametrize(("fault", "act", "outcome"), AGAIN)
def test_to_ask_again_gives_the_true_answer_and_counts_once(fault, act, outcome, tmp_path):
    scene = made(fault, tmp_path, CLASSES["minor"])
    told(scene.guard, scene.asks[act], scene.at)
    scene.heal()
    guard = Guard(scene.law, store=scene.sound)
    before = 0 if fault == "person_unknown_to_the_store" else 100

    assert told(guard, scene.asks[act], scene.at) == outcome
    assert told(guard, scene.asks[act], scene.at) == outcome

    usage = guard.usage(scene.subject, at=scene.at + timedelta(seconds=5))
    if act == "purchase" or fault == "same_key_again":
        assert usage.held_fen == before + 4_800
    else:
        assert usage.held_fen == before
    if act == "play":
        assert usage.played_today_s == (605 if before else 5)


def test_every_fault_has_a_cause_and_every_outcome_is_a_word_of_the_law():
    words = {
        "allowed",
        *ERRORS,
        "outside_window",
        "quota_exhausted",
        "session_ended",
        "clock_behind",
        "spend_forbidden",
        "single_cap_exceeded",
        "monthly_cap_exceeded",
        "order_conflict",
        "feature_forbidden",
        "rating_too_high",
    }
    for fault, row in FAULTS.items():
        assert callable(globals()[fault])
        assert set(row) <= {"id", "what", "error", "counted", "again", *ACTS}
    assert {outcome for *_, outcome in CASES} == words
    assert all(set(row.get(act, ())) <= set(CLASSES) for row in FAULTS.values() for act in ACTS)


# -- for anyone who is not a verified adult, an error is never an allow --------------------------

NOT_VERIFIED_ADULTS = {
    "7": Subject("p", born=date(2019, 5, 1), identity="verified"),
    "10": Subject("p", born=date(2016, 5, 1), identity="verified"),
    "14": CLASSES["minor"],
    "17": Subject("p", born=date(2009, 5, 1), identity="verified"),
    "unknown": CLASSES["unknown"],
    "16 to 19": Subject("p", age=Ages(16, 20), identity="verified"),
    "pending": Subject("p", born=date(1990, 5, 1), identity="pending"),
    "declared": Subject("p", born=date(1990, 5, 1), identity="declared"),
    "by phone": Subject("p", born=date(1990, 5, 1), identity="phone"),
    "nobody": Subject("p"),
    "in the mode": Subject("p", born=date(2012, 5, 1), identity="verified", minors_mode=True),
    "guarded": Subject(
        "p",
        born=date(2012, 5, 1),
        identity="verified",
        guardian=GuardianSettings(daily_minutes=30, daily_fen=5_000, max_rating="12+"),
    ),
}

REQUESTS = {
    "renewal": lambda who: Play(who, session="s", renewal=True),
    "login": lambda who: Play(who, session="new"),
    "exempt": lambda who: Play(who, session="s", exempt="emergency"),
    "a fen": lambda who: Spend(who, fen=1, order="A"),
    "48 yuan": lambda who: Spend(who, fen=4_800, order="A"),
    "too much": lambda who: Spend(who, fen=1_000_000, order="A"),
    "known order": lambda who: Spend(who, fen=100, order="before"),
    "tip": lambda who: Spend(who, fen=100, order="T", on="tip"),
    "trade": lambda who: Use(who, "game_account_trade"),
    "marketing": lambda who: Use(who, "personalized_marketing"),
    "post": lambda who: Use(who, "post_content"),
    "12+": lambda who: Show(who, rating="12+"),
    "18+": lambda who: Show(who, rating="PEGI:18", slot="feed"),
    "unrated": Show,
    "for minors": lambda who: Show(who, rating="16+", minors_only_service=True),
}


NEVER_WRITTEN = {"busy", "disk_full", "file_gone", "file_corrupt"}
"""Where nothing can have changed, one scene will do for all requests."""


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("who", NOT_VERIFIED_ADULTS)
def test_an_error_is_never_an_allow(fault, who, tmp_path):
    scene = None
    for number, (name, request) in enumerate(REQUESTS.items()):
        if scene is None or fault not in NEVER_WRITTEN:
            folder = tmp_path / f"{number}"
            folder.mkdir()
            scene = made(fault, folder, NOT_VERIFIED_ADULTS[who])
        scene.store.asked = 0
        check_one(FAULTS[fault], scene, request(scene.subject), name)
    scene.heal()


def check_one(fault, scene, ask, name):
    alone = scene.law.decide(ask, at=scene.at)
    try:
        decision = scene.guard.decide(ask, at=scene.at)
    except (StoreError, InvalidRequest):
        assert scene.store.asked, name
        return
    if not decision:
        return
    assert alone, name
    # Allowed: then the store was not needed, or it has done its part, or it did and said so late.
    if fault.get("error") and scene.store.asked:
        assert fault.get("counted") or only_read(fault, ask), name
        assert counted(scene, ask), name


def only_read(fault, ask):
    """Whether it is answered by reading alone, and only writing goes wrong."""
    fine_to_read = "show" not in fault
    return fine_to_read and (isinstance(ask, Show | Use) or getattr(ask, "order", None) == "before")


def counted(scene, ask):
    """Whether a second guard finds nothing left to write for it."""
    written = []
    store = Troubled(scene.sound)
    store.on_swap = lambda *document: written.append(document) or scene.sound.swap(*document)
    return bool(Guard(scene.law, store=store).decide(ask, at=scene.at)) and not written


@pytest.mark.parametrize("fault", [name for name, row in FAULTS.items() if row.get("error")])
def test_no_fact_is_taken_for_recorded_that_was_not(fault, tmp_path):
    scene = made(fault, tmp_path, CLASSES["minor"])
    guard, child = scene.guard, scene.subject
    facts = [
        Settled(child, "before"),
        Cancelled(child, "before"),
        Refunded(child, "before", fen=100),
        Left(child, session="s"),
        ModeChanged(child, on=True),
    ]
    for fact in facts:
        try:
            guard.record(fact, at=scene.at)
        except (StoreError, InvalidRequest):
            continue
        assert FAULTS[fault].get("counted")
    scene.heal()


@pytest.mark.parametrize("junk", [b"", b"\0", b"\0\0\0\0", b"\0\xff", b"\1", b"\2", b"\xff" * 40])
@pytest.mark.parametrize("name", ["login", "48 yuan"])
def test_no_junk_in_a_store_is_an_unspent_book(name, junk):
    store, child = MemoryStore(), CLASSES["minor"]
    for kind in ("time", "money"):
        store.swap(f"{kind}/cn.game/p", None, junk)

    with pytest.raises(StoreUnavailable):
        Guard(GAME, store=store).decide(REQUESTS[name](child), at=TEN_PAST)


def test_a_verified_adult_whom_nothing_limits_never_meets_the_store():
    scene = Scene(None, CLASSES["adult"])
    scene.store.on_load = scene.store.on_swap = raising(StoreUnavailable)
    for name in ("renewal", "login", "48 yuan", "too much", "trade", "18+", "for minors"):
        assert scene.guard.decide(REQUESTS[name](scene.subject), at=scene.at)
    assert not scene.store.asked


def test_a_verified_adult_whom_the_house_limits_is_told_of_the_error(tmp_path):
    house = GAME.tightened_by([HouseRule("x", GuardianSettings(daily_fen=100_000))])
    for fault, row in FAULTS.items():
        if row.get("error") and not row.get("counted"):
            (tmp_path / fault).mkdir()
            scene = made(fault, tmp_path / fault, CLASSES["adult"])
            guard = Guard(house, store=scene.store)
            with pytest.raises(StoreError):
                guard.decide(scene.asks["purchase"], at=scene.at)
            scene.heal()
