"""Guardians through kills, races, lost answers, broken documents: all of a change, or nothing."""

import os
import random
import signal
import sqlite3
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial

import pytest

from homekit import AT, CHILD, DAY, FATHER, MOTHER, NOTICE, family, proof
from minorguard import Contention, GuardianSettings, OutcomeUnknown, StoreUnavailable
from minorguard.guardians import DeviceBook, Home
from minorguard.guardians.bodies import to_bytes
from minorguard.stores import open_records
from storekit import STORES

AI = "ai_companion_other"
DURABLE = ["sqlite", "postgres"]


def minutes(number, **more):
    return GuardianSettings(daily_minutes=number, **more)


@pytest.fixture(params=["memory", *DURABLE])
def records(request, tmp_path):
    records = open_records(STORES[request.param](tmp_path))
    yield records
    records.close()


def at_once(works):
    with ThreadPoolExecutor(len(works)) as threads:
        return [one.result() for one in [threads.submit(work) for work in works]]


# -- races ---------------------------------------------------------------------------------------


def test_sixteen_who_link_at_once_link_once(records):
    homes = [Home(records) for _ in range(16)]

    changes = at_once([partial(h.link, CHILD, MOTHER, evidence="e", at=AT) for h in homes])

    assert all(changes)
    assert [noted.what for noted in homes[0].history(CHILD)] == ["linked"]
    assert homes[0].guardians(CHILD, at=AT) == (MOTHER,)


def test_nothing_is_lost_when_many_change_one_family_at_once(records):
    home = family(Home(records))
    apps = [f"app-{number}" for number in range(16)]

    at_once([partial(home.set, CHILD, MOTHER, minutes(n), at=AT, app=app)
             for n, app in enumerate(apps)])  # fmt: skip

    for number, app in enumerate(apps):
        assert home.subject(CHILD, at=AT, app=app).guardian.daily_minutes == number
    history = list(home.history(CHILD))
    assert [noted.seq for noted in history] == list(range(1, 18))
    assert {noted.said["app"] for noted in history[1:]} == set(apps)


def test_one_code_that_sixteen_confirm_at_once_begins_one_wait(records):
    home = family(Home(records))
    home.set(CHILD, MOTHER, minutes(30), at=AT)
    change = home.set(CHILD, MOTHER, minutes(60), at=AT, proof=proof())
    code = change.code.reveal()

    answers = at_once([partial(home.confirm, CHILD, change.id, code, at=AT)] * 16)

    assert {answer.waits_until for answer in answers} == {AT + DAY}
    assert [noted.what for noted in home.history(CHILD)].count("confirmed") == 1


def test_of_a_grant_and_a_denial_at_once_the_denial_holds(records):
    home = family(Home(records), MOTHER, FATHER)
    for number in range(8):
        child = replace(CHILD, id=f"p-{number}")
        family(home, MOTHER, FATHER, child=child)
        request = home.ask(child, AI, NOTICE, at=AT)
        grant = partial(
            *(home.grant, child, AI, request.id), evidence="e", at=AT, proof=proof(MOTHER)
        )
        at_once([grant, partial(home.deny, child, AI, FATHER, at=AT)])
        assert home.consents(child, at=AT) == {}


def test_a_setting_and_an_unlinking_at_once_leave_the_powers_with_nobody_who_went(records):
    for number in range(8):
        child = replace(CHILD, id=f"p-{number}")
        home = family(Home(records), MOTHER, FATHER, child=child)
        home.set(child, FATHER, minutes(30), at=AT)
        loosen = partial(home.set, child, FATHER, minutes(90), at=AT, proof=proof(FATHER))
        unlink = partial(home.unlink, child, FATHER, at=AT, proof=proof(MOTHER))
        change, _ = at_once([loosen, unlink])
        if change.code is not None:
            assert not home.confirm(child, change.id, change.code.reveal(), at=AT)
        assert home.subject(child, at=AT + 2 * DAY).guardian.daily_minutes == 30


def test_profiles_that_come_at_once_all_come(records):
    home = family(Home(records))
    devices = DeviceBook(records, home)
    children = [replace(CHILD, id=f"p-{number}") for number in range(12)]

    at_once([partial(devices.add, "d-1", child, at=AT) for child in children])

    assert sorted(devices.profiles("d-1")) == sorted(child.id for child in children)


# -- answers that are lost -----------------------------------------------------------------------


class Loses:
    """A record store that does each third write and does not say so, or does not do it."""

    def __init__(self, records, rng):
        self.records, self.rng = records, rng

    def __getattr__(self, name):
        return getattr(self.records, name)

    def _lossy(self, call, *args, **options):
        lot = self.rng.random()
        if lot < 0.15:
            call(*args, **options)
            raise OutcomeUnknown("lost after writing")
        if lot < 0.3:
            raise OutcomeUnknown("lost before writing")
        if lot < 0.4:
            raise StoreUnavailable("down")
        return call(*args, **options)

    def append(self, *args, **options):
        return self._lossy(self.records.append, *args, **options)

    def transition(self, *args, **options):
        return self._lossy(self.records.transition, *args, **options)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_asked_again_after_a_lost_answer_is_done_once(seed):
    records = open_records("memory:")
    home = Home(Loses(records, random.Random(seed)))

    def sure(call):
        while True:
            try:
                return call()
            except (OutcomeUnknown, StoreUnavailable):
                continue

    sure(lambda: home.link(CHILD, MOTHER, evidence="e", at=AT))
    for number in (50, 40, 30):
        sure(lambda number=number: home.set(CHILD, MOTHER, minutes(number), at=AT))
    sure(lambda: home.enter(CHILD, "icon", at=AT))
    sure(lambda: home.extra_today(CHILD, 15, at=AT, proof=proof()))
    sure(lambda: home.deny(CHILD, AI, MOTHER, at=AT))

    whats = [noted.what for noted in Home(records).history(CHILD)]
    assert whats == ["linked", "set", "set", "set", "entered", "extra", "denied"]
    assert Home(records).subject(CHILD, at=AT).guardian.daily_minutes == 45


def test_a_store_that_is_down_is_an_error_and_no_answer():
    class Down:
        def __getattr__(self, name):
            def call(*args, **options):
                raise StoreUnavailable(f"down: {name} {len(args)} {len(options)}")

            return call

    home = Home(Down())
    for call in (
        lambda: home.subject(CHILD, at=AT),
        lambda: home.leave(CHILD, at=AT, proof=proof()),
        lambda: home.set(CHILD, MOTHER, minutes(1), at=AT),
        lambda: home.guardians(CHILD, at=AT),
    ):
        with pytest.raises(StoreUnavailable):
            call()


def test_a_family_that_changes_all_the_time_is_contention():
    records = open_records("memory:")
    home = family(Home(records))

    class Restless:
        def __getattr__(self, name):
            return getattr(records, name)

        def transition(self, kind, was, **options):
            home.extra_today(CHILD, was.version % 1441, at=AT, proof=proof())
            return records.transition(kind, was, **options)

    with pytest.raises(Contention):
        Home(Restless()).enter(CHILD, "icon", at=AT)


@pytest.mark.parametrize("kind", ["guardian.family", "guardian.history"])
@pytest.mark.parametrize("spoil", ["cut", "bit", "json", "schema", "empty"])
def test_a_broken_document_is_never_an_empty_family(kind, spoil):
    records = open_records("memory:")
    home = family(Home(records))
    home.set(CHILD, MOTHER, minutes(30), at=AT)
    record = records.list(kind).records[0]
    body = {
        "cut": record.body[:-5],
        "bit": bytes([record.body[0] ^ 1]) + record.body[1:],
        "json": to_bytes({"schema": 1}),
        "schema": to_bytes({"schema": 2}),
        "empty": b"",
    }[spoil]
    records.transition(kind, record, state="kept", body=body)

    with pytest.raises(StoreUnavailable):
        list(home.history(CHILD))
    if kind == "guardian.family":
        with pytest.raises(StoreUnavailable):
            home.subject(CHILD, at=AT)


# -- kill -9 -------------------------------------------------------------------------------------


def forked(work):
    """The id of a child of this process that does the work and nothing else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pytest's own threads do no harm here
        child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    return child


CHILDREN = [replace(CHILD, id=f"p-{number}") for number in range(3)]


def change_for_ever(tell, home, who, seed):
    """Settings that only tighten, consents and revocations; each is told when it is done."""
    rng = random.Random(f"{seed} {who}")
    for number in range(1_000_000):
        child, name = rng.choice(CHILDREN), f"{seed}.{who}.{number}"
        if rng.random() < 0.5:
            fen = 10**9 - seed * 100_000 - number
            if home.set(child, MOTHER, GuardianSettings(single_fen=fen), at=AT, app=f"app-{who}"):
                tell(f"{child.id} set app-{who} {fen}")
            continue
        scope = f"{'live_host' if who == 'a' else 'ai_companion_other'}"
        notice = replace(NOTICE, policy=name)
        request = home.ask(child, scope, notice, at=AT, guardian=MOTHER)
        tell(f"{child.id} asked {scope} {name}")
        given = home.grant(child, scope, request.id, evidence=name, at=AT, proof=proof())
        assert given.done
        tell(f"{child.id} granted {scope} {name}")
        assert home.revoke(child, scope, MOTHER, at=AT, evidence=name).done
        tell(f"{child.id} revoked {scope} {name}")


def told_until_killed(url, seed, stop):
    """What two busy processes told before they were killed."""
    ours, theirs = os.pipe()

    def work(who):
        home = Home(open_records(url))
        change_for_ever(lambda line: os.write(theirs, f"{line}\n".encode()), home, who, seed)

    writers = [forked(partial(work, who)) for who in "ab"]
    os.close(theirs)
    told = []
    with os.fdopen(ours, encoding="ascii") as lines:
        for count, line in enumerate(lines):
            if count == stop:
                for writer in writers:
                    os.kill(writer, signal.SIGKILL)
            told.append(line.split())
    assert [os.waitpid(writer, 0)[1] for writer in writers] == [signal.SIGKILL] * 2
    return told


def check_told(home, told):
    """All that was told is in the history, which has no gap, and holds."""
    for child in CHILDREN:
        history = list(home.history(child))
        assert [noted.seq for noted in history] == list(range(1, len(history) + 1))
        there = {
            (noted.what, noted.said["app"], str(noted.said["wanted"]["single_fen"]))
            if noted.what == "set"
            else (
                noted.what,
                noted.said["scope"],
                noted.said.get("evidence") or noted.said["policy"],
            )
            for noted in history
            if noted.what != "linked"
        }
        mine = [tuple(rest) for child_id, *rest in told if child_id == child.id]
        assert set(mine) <= there
        for app in ("app-a", "app-b"):
            least = min((int(fen) for what, where, fen in mine if where == app), default=10**9)
            held = home.subject(child, at=AT, app=app).guardian
            assert least == 10**9 or held.single_fen <= least


@contextmanager
def told_home(url):
    with closing(open_records(url)) as records:
        home = Home(records)
        for child in CHILDREN:
            family(home, child=child)
        yield home


def check_kills(url, kills):
    rng, told = random.Random(kills), []
    with told_home(url) as home:
        for seed in range(kills):
            told += told_until_killed(url, seed, rng.randrange(10, 90))
            check_told(home, told)
    assert {what for _, what, *_ in told} == {"set", "asked", "granted", "revoked"}


@pytest.mark.parametrize("name", DURABLE)
def test_nothing_acknowledged_is_lost_when_the_writers_are_killed(tmp_path, name):
    url = STORES[name](tmp_path)
    check_kills(f"{url}?timeout_s=60" if name == "sqlite" else url, kills=4)

    if name == "sqlite":
        with closing(sqlite3.connect(tmp_path / "minors.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.deep
@pytest.mark.parametrize("name", DURABLE)
def test_nothing_acknowledged_is_lost_in_a_hundred_kills(tmp_path, name):
    url = STORES[name](tmp_path)
    check_kills(f"{url}?timeout_s=60" if name == "sqlite" else url, kills=100)


def test_nothing_acknowledged_is_lost_when_postgresql_is_killed(private_postgres):
    server = private_postgres()
    url = f"{server.url}?timeout_s=2"
    told = []

    def tell(line):
        told.append(line.split())
        if len(told) % 40 == 0:
            server.kill9()

    with told_home(url) as home:
        for seed in range(3):
            with pytest.raises((StoreUnavailable, OutcomeUnknown, Contention)):
                change_for_ever(tell, home, "a", seed)
            server.start()
            check_told(home, told)
    assert len(told) == 3 * 40
