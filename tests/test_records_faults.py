"""Records through kills, cut connections and open transactions: nothing acknowledged is lost."""

import asyncio
import os
import random
import signal
import sqlite3
import threading
import time
import uuid
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial

import psycopg
import pytest

from minorguard import stores
from minorguard.errors import Contention, OutcomeUnknown, StoreError, StoreUnavailable
from minorguard.stores.records import Moved
from minorguard.stores.records_postgres import STAMP, STATEMENTS, TABLE, WORDS
from minorguard.stores.records_sqlite import SqliteRecords
from minorguard.testing.records_races import all_ids
from minorguard.testing.stores import at_once


def add(records, record_id, body=b"", *, kind="review", group="c1", state="waiting"):
    return records.append(kind, record_id, group=group, state=state, body=body)


def whole(record):
    """A body that only this state of this record has, so that half a write is seen."""
    return body_of(record.id, record.state) == record.body


def body_of(record_id, state):
    return f"{record_id} {state} ".encode() * (len(record_id) * 7 % 50 + int(state) % 90)


def forked(work):
    """The id of a child of this process that does the work and nothing else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pytest's own threads do no harm here
        child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def in_child(work):
    """What a fork of this process returns, or the name of its error."""
    ours, theirs = os.pipe()

    def tell():
        try:
            os.write(theirs, str(work()).encode())
        except StoreError as error:
            os.write(theirs, type(error).__name__.encode())

    child = forked(tell)
    os.close(theirs)
    with os.fdopen(ours) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text


# -- kill -9 of the writers of a file ------------------------------------------------------------


def write_until_killed(out, url, who, seed):
    """Two busy threads; each append and each transition is told when it is done."""
    records = stores.open_records(url)

    def work(number):
        rng = random.Random(f"{seed} {who} {number}")
        for n in range(1_000_000):
            name = f"{seed}-{who}{number}-{n}"
            add(records, name, body_of(name, "0"), state="0")
            os.write(out, f"{name} 0\n".encode())
            was = records.get("review", f"shared-{rng.randrange(8)}")
            state = str(int(was.state) + 1)
            with suppress(Moved):
                records.transition("review", was, state=state, body=body_of(was.id, state))
                os.write(out, f"{was.id} {state}\n".encode())

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, range(2)))


def check_acknowledged(records, told):
    """All that was told is there, whole and listed once; ``told`` is id -> last state."""
    there = {name: records.get("review", name) for name in told}
    assert [name for name, record in there.items() if record is None] == []
    assert [name for name, state in told.items() if int(there[name].state) < state] == []
    listed = []
    page = records.list("review", limit=1000)
    while page.records:
        listed += page.records
        page = records.list("review", after=page.after, limit=1000)
    ids = [record.id for record in listed]
    assert len(ids) == len(set(ids))
    assert told.keys() <= set(ids)
    assert all(whole(record) for record in listed)


def check_kills_of_writers(path, journal, kills):
    sync = "full" if journal == "wal" else "extra"
    url = f"sqlite:///{path}?journal={journal}&sync={sync}&timeout_s=60"
    records = stores.open_records(url)
    for n in range(8):
        add(records, f"shared-{n}", body_of(f"shared-{n}", "0"), state="0")
    rng = random.Random(journal)
    told = {}
    for seed in range(kills):
        ours, theirs = os.pipe()
        writers = [forked(partial(write_until_killed, theirs, url, who, seed)) for who in "ab"]
        os.close(theirs)
        stop = rng.randrange(1, 120)
        with os.fdopen(ours, encoding="ascii") as lines:
            for count, line in enumerate(lines):
                if count == stop:
                    for writer in writers:
                        os.kill(writer, signal.SIGKILL)
                name, state = line.split()
                told[name] = max(told.get(name, 0), int(state))
        assert [os.waitpid(writer, 0)[1] for writer in writers] == [signal.SIGKILL] * 2
        check_acknowledged(records, told)
    records.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("journal", ["truncate", "wal"])
def test_nothing_acknowledged_is_lost_when_the_writers_of_a_file_are_killed(tmp_path, journal):
    check_kills_of_writers(tmp_path / "minors.db", journal, kills=8)


@pytest.mark.deep
@pytest.mark.parametrize("journal", ["truncate", "wal"])
def test_nothing_acknowledged_is_lost_in_a_hundred_kills_of_writers(tmp_path, journal):
    check_kills_of_writers(tmp_path / "minors.db", journal, kills=100)


# -- kill -9 of PostgreSQL -----------------------------------------------------------------------


class Busy:
    """Writers that go on whatever happens, and what each call came to."""

    def __init__(self, records):
        self.records = records
        self.told = {f"shared-{n}": 0 for n in range(8)}
        self.refused, self.doubted = set(), set()
        self.over = threading.Event()
        self.lock = threading.Lock()
        for name in self.told:
            add(records, name, body_of(name, "0"), state="0")

    def work(self, who):
        rng = random.Random(who)
        n = 0
        while not self.over.is_set():
            n += 1
            self.append(f"r-{who}-{n}")
            self.move(f"shared-{rng.randrange(8)}")

    def append(self, name):
        try:
            add(self.records, name, body_of(name, "0"), state="0")
        except OutcomeUnknown:
            self.doubted.add(name)
        except (StoreUnavailable, Contention):
            self.refused.add(name)
            time.sleep(0.01)
        else:
            with self.lock:
                self.told.setdefault(name, 0)

    def move(self, name):
        with suppress(StoreError, Moved):
            was = self.records.get("review", name)
            state = str(int(was.state) + 1)
            self.records.transition("review", was, state=state, body=body_of(name, state))
            with self.lock:
                self.told[name] = max(self.told[name], int(state))

    def check(self):
        check_acknowledged(self.records, self.told)
        there = set(all_ids(self.records))
        assert there & self.refused == set()
        assert there - self.told.keys() <= self.doubted
        for name in self.doubted:  # asked again, it is done once
            assert add(self.records, name, body_of(name, "0"), state="0").id == name
        assert sorted(all_ids(self.records)) == sorted(self.told.keys() | self.doubted)


def check_kills_of_postgres(server, kills):
    records = stores.open_records(f"{server.url}?timeout_s=2&pool=8")
    busy = Busy(records)
    with ThreadPoolExecutor(8) as threads:
        done = [threads.submit(busy.work, who) for who in range(8)]
        try:
            for n in range(kills):
                time.sleep(0.3 + 0.1 * (n % 3))
                server.kill9()
                time.sleep(0.05)
                server.start()
            time.sleep(0.3)
        finally:
            busy.over.set()
        for each in done:
            each.result()
    busy.check()
    records.close()
    return busy


def test_nothing_acknowledged_is_lost_when_postgresql_is_killed(private_postgres):
    busy = check_kills_of_postgres(private_postgres(), kills=3)
    assert len(busy.told) > 100
    assert busy.refused or busy.doubted


@pytest.mark.deep
def test_nothing_acknowledged_is_lost_in_twenty_kills_of_postgresql(private_postgres):
    check_kills_of_postgres(private_postgres(), kills=20)


# -- the order of appending: a transaction that is held open -------------------------------------


@pytest.fixture
def schema(postgres_url):
    name = f"minorguard_test_{uuid.uuid4().hex}"
    yield name
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")


@pytest.fixture
def opened(postgres_url, schema):
    """Opens record stores of one schema, and closes them in the end."""
    kept = []

    def open_records(options=""):
        kept.append(stores.open_records(f"{postgres_url}?schema={schema}{options}"))
        return kept[-1]

    yield open_records
    for records in kept:
        records.close()


@pytest.fixture
def other(postgres_url, schema, opened):
    """Another program's connection, with the table on its path."""
    opened().close()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"SET search_path = {schema}")
        yield connection


INSERT = (
    "INSERT INTO minorguard_records (kind, id, of_group, state, version, body)"
    " VALUES ('review', 'held', 'c1', 'waiting', 1, '')"
)


def appended_as_we_do(connection, records):
    """Append with the very statement of the store, in the transaction that is open."""
    talk = records.talks.append("review", "held", "c1", "waiting", b"")
    lines = records._lines
    ask = next(lines.record_talks.worded(talk))
    raw = connection.pgconn
    result = raw.exec_params(
        ask.statement.text, ask.values, param_formats=[1] * len(ask.values), result_format=1
    )
    assert result.command_tuples == 1


def test_without_turns_a_record_would_appear_behind_a_cursor(opened, other):
    # What the store guards against, shown with a plain insert that takes no turn.
    records = opened()
    with other.transaction():
        other.execute(INSERT)
        add(records, "later")
        page = records.list("review")
        assert [record.id for record in page.records] == ["later"]
    assert records.get("review", "held") is not None
    assert records.list("review", after=page.after).records == ()


def test_no_record_appears_behind_a_cursor_when_a_transaction_is_held_open(opened, other):
    records, impatient = opened(), opened("&timeout_s=0.3")
    first = add(records, "first")
    with ThreadPoolExecutor(1) as thread, other.transaction():
        appended_as_we_do(other, records)
        with pytest.raises(Contention):
            add(impatient, "impatient")
        later = thread.submit(add, records, "later")
        time.sleep(0.2)
        assert not later.done()  # it waits for its turn
        page = records.list("review")  # nobody who lists waits
        assert page.records == (first,)
        assert records.transition("review", first, state="s", body=b"").state == "s"
        assert add(records, "r", kind="claim").id == "r"  # another kind has its own turns
        other.execute("COMMIT")
        assert later.result().id == "later"
        other.execute("BEGIN")
    rest = records.list("review", after=page.after).records
    assert [record.id for record in rest] == ["held", "later"]
    assert records.get("review", "impatient") is None


def test_a_held_append_that_is_rolled_back_leaves_no_trace(opened, other):
    records = opened()
    with ThreadPoolExecutor(1) as thread, suppress(psycopg.Rollback), other.transaction():
        appended_as_we_do(other, records)
        same = thread.submit(add, records, "held", b"ours")
        time.sleep(0.1)
        assert not same.done()
        raise psycopg.Rollback
    assert same.result().body == b"ours"
    assert all_ids(records) == ["held"]


def test_a_file_that_another_program_appends_to_is_waited_for(tmp_path):
    path = tmp_path / "minors.db"
    records = SqliteRecords(path, journal="wal")
    impatient = SqliteRecords(path, journal="wal", timeout_s=0.1)
    add(records, "first")
    with closing(sqlite3.connect(path, isolation_level=None)) as program:
        program.execute("BEGIN IMMEDIATE")
        program.execute(
            "INSERT INTO record (kind, id, of_group, state, version, body)"
            " VALUES ('review', 'held', 'c1', 'waiting', 1, x'')"
        )
        for call, writing in each_call(impatient, impatient.get("review", "first")):
            if writing:
                with pytest.raises(Contention):
                    call()
        page = records.list("review")
        with ThreadPoolExecutor(1) as thread:
            later = thread.submit(add, records, "later")
            time.sleep(0.05)
            program.execute("COMMIT")
            later.result()
    rest = records.list("review", after=page.after).records
    assert [record.id for record in (*page.records, *rest)] == ["first", "held", "later"]


# -- PostgreSQL: what goes wrong -----------------------------------------------------------------


def each_call(records, was):
    """Each call, and whether it writes."""
    return [
        (lambda: records.get("review", was.id), False),
        (lambda: records.list("review"), False),
        (lambda: add(records, "new"), True),
        (lambda: records.transition("review", was, state="s", body=b""), True),
        (lambda: records.erase("review", was.id), True),
    ]


def test_a_server_that_is_down_is_unavailable_and_comes_back(private_postgres):
    server = private_postgres()
    records = stores.open_records(f"{server.url}?timeout_s=1")
    was = add(records, "r1")
    server.stop(immediate=True)
    for call, _ in each_call(records, was):
        with pytest.raises(StoreUnavailable):
            call()
    server.start()
    assert all_ids(records) == ["r1"]
    assert records.get("review", "r1") == was
    records.close()


def test_a_server_that_is_silent_leaves_a_doubt_about_writes_alone(private_postgres):
    server = private_postgres()
    records = stores.open_records(f"{server.url}?timeout_s=0.5&pool=1")
    was = add(records, "r1")
    for call, writing in each_call(records, was):
        # The one connection has done all of it before, so the next call is sent at once.
        warm(records)
        server.pause()
        try:
            with pytest.raises(OutcomeUnknown if writing else StoreUnavailable):
                call()
        finally:
            server.resume()
        time.sleep(0.2)  # what it had heard, it does now
    assert add(records, "new").id == "new"
    assert all_ids(records) == ["new"]
    records.close()


def warm(records):
    """Let a connection do everything once."""
    was = add(records, "r", kind="warm")
    records.transition("warm", was, state="s", body=b"")
    records.get("warm", "r")
    records.list("warm")
    records.erase("warm", "r")


def test_a_locked_row_and_a_locked_table_are_contention(opened, other):
    records = opened("&timeout_s=0.3")
    was = add(records, "r1")
    with other.transaction():
        other.execute("SELECT * FROM minorguard_records FOR UPDATE")
        for call, writing in each_call(records, was)[3:]:
            assert writing
            with pytest.raises(Contention):
                call()
        assert add(records, "r2").id == "r2"
    with other.transaction():
        other.execute("LOCK TABLE minorguard_records")
        for call, _ in each_call(records, was):
            with pytest.raises(Contention):
                call()
    assert all_ids(records) == ["r1", "r2"]


def test_of_racers_under_serializable_transactions_one_wins(private_postgres):
    server = private_postgres(default_transaction_isolation="serializable")
    records = stores.open_records(f"{server.url}?pool=16")
    for turn in range(6):
        was = add(records, f"r{turn}")

        def decide(number, was=was):
            try:
                return records.transition("review", was, state="s", body=b"%d" % number)
            except (Moved, Contention) as lost:
                return lost

        answers = at_once(decide)
        won = [answer for answer in answers if not isinstance(answer, Exception)]
        assert won == [records.get("review", was.id)]
        appended = at_once(lambda number, turn=turn: add(records, f"a{turn}", b"%d" % number))
        assert len(set(appended)) == 1
    records.close()


def test_a_connection_that_is_cut_while_it_waits_leaves_no_half(
    opened, other, schema, postgres_url
):
    records = opened()
    was = add(records, "r1")
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND query LIKE %s"
    )
    with (
        ThreadPoolExecutor(1) as thread,
        psycopg.connect(postgres_url, autocommit=True) as operator,
    ):
        with other.transaction():
            other.execute("SELECT * FROM minorguard_records FOR UPDATE")
            move = thread.submit(records.transition, "review", was, state="s", body=b"new")
            until(lambda: operator.execute(cut, [f"UPDATE%{schema}%"]).fetchone())
            with pytest.raises((StoreUnavailable, OutcomeUnknown)):
                move.result()
        assert records.get("review", "r1") == was
        with other.transaction():
            appended_as_we_do(other, records)
            append = thread.submit(add, records, "r2")
            until(lambda: operator.execute(cut, [f"%INSERT%{schema}%"]).fetchone())
            with pytest.raises((StoreUnavailable, OutcomeUnknown)):
                append.result()
    assert all_ids(records) == ["r1", "held"]
    assert add(records, "r2").id == "r2"


def until(condition, timeout_s=10):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_table_that_is_dropped_is_no_empty_book(opened, other):
    records = opened()
    was = add(records, "r1")
    other.execute("DROP TABLE minorguard_records")
    for call, _ in each_call(records, was):
        with pytest.raises(StoreUnavailable):
            call()
    with pytest.raises(StoreUnavailable, match="there is no table minorguard_records"):
        opened("&create=no")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("DROP TABLE minorguard_records; CREATE TABLE minorguard_records (a int)", "not of this"),
        ("COMMENT ON TABLE minorguard_records IS 'minorguard records 9'", "not of this"),
        ("ALTER TABLE minorguard_records SET UNLOGGED", "UNLOGGED"),
    ],
)
def test_a_table_that_is_not_ours_or_would_not_last_is_refused(opened, other, change, reason):
    other.execute(change)
    with pytest.raises(StoreUnavailable, match=reason):
        opened()


def test_a_table_that_would_not_last_can_be_accepted_aloud(opened, other):
    other.execute("ALTER TABLE minorguard_records SET UNLOGGED")
    assert add(opened("&accept=unlogged"), "r1").id == "r1"


def test_a_dba_can_make_the_table(opened, other):
    other.execute("DROP TABLE minorguard_records")
    for statement in TABLE.split(";"):
        text = statement.format(table="minorguard_records", stamp=f"'{STAMP}'").strip()
        if text:
            other.execute(text)
    assert add(opened("&create=no"), "r1").id == "r1"


def test_every_listing_is_an_index_scan_in_its_order(opened, other):
    add(opened(), "r1")
    for setting in ("enable_seqscan = off", "enable_bitmapscan = off"):  # as in our sessions
        other.execute(f"SET {setting}")
    other.execute("SET plan_cache_mode = force_generic_plan")
    for key, text in STATEMENTS.listing.items():
        asked = text.replace("{table}", "minorguard_records")
        names = WORDS[text][1]
        types = ", ".join("bigint" if name in ("after", "limit") else "text" for name in names)
        values = ", ".join("'1'" for _ in names)
        other.execute(f"PREPARE listing ({types}) AS {asked}")
        lines = other.execute(f"EXPLAIN (COSTS OFF) EXECUTE listing ({values})").fetchall()
        plan = " ".join(line for (line,) in lines)
        suffix = {(0, 0): "kind", (0, 1): "state", (1, 0): "group", (1, 1): "group_state"}[key]
        assert f"Index Scan using minorguard_records_{suffix} on" in plan
        assert "Sort" not in plan
        assert "Filter" not in plan
        other.execute("DEALLOCATE listing")


def test_records_are_the_same_store_after_a_fork(opened, tmp_path):
    for records in (opened(), SqliteRecords(tmp_path / "minors.db")):
        was = add(records, "r1")
        move = partial(records.transition, "review", was, state="child", body=b"")
        assert in_child(move) == str(was._replace(state="child", version=was.version + 1))
        assert records.get("review", "r1").state == "child"
        with pytest.raises(Moved):
            records.transition("review", was, state="parent", body=b"")
    memory = stores.open_records("memory:")
    assert in_child(lambda: memory.get("review", "r1")) == "StoreUnavailable"


def test_many_processes_open_a_file_and_append_at_once(tmp_path):
    url = f"sqlite:///{tmp_path / 'minors.db'}?timeout_s=60"
    children = [forked(lambda n=n: add(stores.open_records(url), f"r{n}")) for n in range(8)]
    for child in children:
        os.waitpid(child, 0)
    assert sorted(all_ids(stores.open_records(url))) == [f"r{n}" for n in range(8)]


def check_cancelled(records):
    async def main():
        for n in range(20):
            append = asyncio.ensure_future(add(records, f"r{n}"))
            await asyncio.sleep(n % 5 / 2000)
            append.cancel()
            with suppress(asyncio.CancelledError):
                await append
            assert (await add(records, f"r{n}")).id == f"r{n}"
        page = await records.list("review")
        assert [record.id for record in page.records] == [f"r{n}" for n in range(20)]
        await records.close()

    asyncio.run(main())


def test_an_append_that_is_cancelled_is_done_once_when_asked_again(tmp_path, postgres_url, schema):
    check_cancelled(stores.open_records_async("memory:"))
    check_cancelled(stores.open_records_async(f"sqlite:///{tmp_path / 'minors.db'}"))
    check_cancelled(stores.open_records_async(f"{postgres_url}?schema={schema}"))


# -- SQLite: what goes wrong ---------------------------------------------------------------------


def test_a_damaged_file_is_unavailable(tmp_path):
    path = tmp_path / "minors.db"
    records = SqliteRecords(path)
    for n in range(30):
        was = add(records, f"r{n}", b"x" * 3000)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    for call, _ in each_call(records, was):
        records.close()
        with pytest.raises(StoreUnavailable, match="SQLITE_CORRUPT"):
            call()


def test_a_file_that_is_deleted_is_not_begun_anew(tmp_path):
    path = tmp_path / "minors.db"
    records = SqliteRecords(path, journal="truncate")
    was = add(records, "r1")
    path.unlink()
    for call, writing in each_call(records, was):
        if writing:
            with pytest.raises(StoreUnavailable):
                call()
    records.close()
    with pytest.raises(StoreUnavailable, match="SQLITE_CANTOPEN"):
        records.get("review", "r1")
    assert not path.exists()


@pytest.mark.parametrize("journal", ["wal", "truncate", "delete", "persist"])
def test_nothing_of_an_erased_record_is_left_in_any_file(tmp_path, journal):
    records = SqliteRecords(tmp_path / "minors.db", journal=journal)
    for n in range(12):
        was = add(records, f"person-{n}", b"secret%d" % n * 90, group=f"family-{n}")
        records.transition("review", was, state=f"state-{n}", body=b"secret%d" % n * 50)
    for n in range(1, 12):
        records.erase("review", f"person-{n}")

    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"person-0" in left
    for word in (b"person-1", b"secret1", b"family-1", b"state-1"):
        assert word not in left
