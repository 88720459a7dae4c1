"""A record store that passes the contract is one, and every way in which it fails has a name."""

import pickle
import time
import uuid
from contextlib import closing

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)
from psycopg import sql

import servicekit
from minorguard import stores
from minorguard.errors import (
    MinorguardError,
    UnknownStore,
)
from minorguard.stores.records import Moved, Record, RecordPage
from minorguard.stores.records_memory import AsyncMemoryRecords, MemoryRecords
from minorguard.stores.records_sqlite import SqliteRecords
from minorguard.testing.records import AsyncRecordStoreContract, RecordStoreContract
from minorguard.testing.records_races import WaitingRecords

SCHEMA = "minorguard_test_records"


def add(records, record_id, body=b"", *, kind="review", group="c1", state="waiting"):
    return records.append(kind, record_id, group=group, state=state, body=body)


# -- the contract --------------------------------------------------------------------------------


class TestMemory(RecordStoreContract):
    def setup_method(self):
        self.kept = MemoryRecords()
        super().setup_method()

    def open_records(self, _):
        return self.kept


class TestAsyncMemory(TestMemory):
    def open_records(self, place):
        return WaitingRecords(AsyncMemoryRecords(super().open_records(place)))


class TestSqlite(RecordStoreContract):
    def open_records(self, place):
        return stores.open_records(f"sqlite:///{place / 'minors.db'}")


class TestSqliteWal(RecordStoreContract):
    def open_records(self, place):
        return stores.open_records(f"sqlite:///{place / 'minors.db'}?journal=wal&sync=full")


class TestAsyncSqlite(AsyncRecordStoreContract):
    def open_async_records(self, place):
        return stores.open_records_async(f"sqlite:///{place / 'minors.db'}")


def schema_of(place):
    return f"{SCHEMA}_{place.name.removeprefix('minorguard-')}"


def forget(url, schema):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute(
            sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema))
        )


class InPostgres:
    def setup_method(self):
        self.url = servicekit.url_of("postgres")
        super().setup_method()

    def teardown_method(self):
        super().teardown_method()
        forget(self.url, schema_of(self.place))

    def address(self, place):
        return f"{self.url}?schema={schema_of(place)}&pool=6"


class TestPostgres(InPostgres, RecordStoreContract):
    def open_records(self, place):
        return stores.open_records(self.address(place))


class TestAsyncPostgres(InPostgres, AsyncRecordStoreContract):
    def open_async_records(self, place):
        return stores.open_records_async(self.address(place))


class Overwrites(MemoryRecords):
    def append(self, kind, record_id, *, group, state, body):
        self.erase(kind, record_id)
        return super().append(kind, record_id, group=group, state=state, body=body)


class Careless(MemoryRecords):
    def transition(self, kind, was, *, state, body):
        there = self.get(kind, was.id)
        return super().transition(kind, there or was, state=state, body=body)


class Late(MemoryRecords):
    """Looks first and writes then, as a store without conditional updates would."""

    def transition(self, kind, was, *, state, body):
        if self.get(kind, was.id) != was:
            raise Moved(self.get(kind, was.id))
        time.sleep(0.001)
        return super().transition(kind, self.get(kind, was.id), state=state, body=body)


class FirstPage(MemoryRecords):
    def list(self, kind, *, group=None, state=None, after=None, limit=100):
        if after is not None:
            return RecordPage((), after)
        return super().list(kind, group=group, state=state, limit=limit)


class LastComesFirst(MemoryRecords):
    def list(self, kind, *, group=None, state=None, after=None, limit=100):
        page = super().list(kind, group=group, state=state, after=after, limit=limit)
        return RecordPage(page.records[::-1], page.after)


class Forgetful(MemoryRecords):
    def erase(self, kind, record_id):
        super().erase(kind, record_id)
        self._newest = max((place for place, _ in self._shelf(kind).values()), default=0)


class Requeues(MemoryRecords):
    def transition(self, kind, was, *, state, body):
        now = super().transition(kind, was, state=state, body=body)
        self._newest += 1
        shelf = self._shelf(kind)
        del shelf[was.id]
        shelf[was.id] = (self._newest, now)
        return now


class Gaps(MemoryRecords):
    """Takes a number first and is seen later, as a sequence in a database would."""

    def append(self, kind, record_id, *, group, state, body):
        with self._lock:
            self._newest += 1
            place = self._newest
        time.sleep(0.001 * (place % 3))
        with self._lock:
            shelf = self._shelf(kind)
            if record_id not in shelf:
                shelf[record_id] = (place, Record(record_id, group, state, body, place << 20))
                self._shelves[kind] = dict(sorted(shelf.items(), key=lambda item: item[1][0]))
            return self._shelf(kind)[record_id][1]


@pytest.mark.parametrize(
    ("broken", "claim"),
    [
        (Overwrites, "test_to_append_again_returns_what_is_there_and_changes_nothing"),
        (Careless, "test_a_transition_of_what_has_moved_is_refused_and_changes_nothing"),
        (Late, "test_a_state_is_left_by_exactly_one_of_sixteen"),
        (FirstPage, "test_a_cursor_goes_on_where_it_was_whenever_that_is"),
        (LastComesFirst, "test_a_listing_is_in_the_order_of_appending_whatever_the_size_of_a_page"),
        (Forgetful, "test_a_record_never_takes_the_place_of_an_erased_one"),
        (Requeues, "test_a_listing_is_in_the_order_of_appending_whatever_the_size_of_a_page"),
        (Gaps, "test_a_listing_has_no_gaps_while_many_append"),
    ],
)
def test_the_contract_refuses_a_record_store_that_breaks_it(broken, claim):
    class Contract(RecordStoreContract):
        def open_records(self, _):
            self.kept = getattr(self, "kept", None) or broken()
            return self.kept

    contract = Contract()
    contract.setup_method()
    with pytest.raises(AssertionError):
        getattr(contract, claim)()
    contract.teardown_method()


# -- addresses, and what cannot be misunderstood -------------------------------------------------


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "want memory:"),
        ("redis://u:secret@host/0", "redis: records need a durable SQL store: want sqlite"),
        ("rediss://u:secret@host/0", "records need a durable SQL store"),
        ("redis+cluster://u:secret@host", "records need a durable SQL store"),
        ("mysql://u:secret@host/db", "mysql: no store is called so"),
        ("memory:secret", "has no name"),
        ("sqlite:///:memory:", "memory:"),
        ("sqlite:///secret.db?journal=off", "journal: want one of wal, delete"),
        ("postgresql://u:secret@host/db?schema=x;", "schema: want"),
    ],
)
def test_a_wrong_address_is_refused_without_repeating_it(url, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for open_records in (stores.open_records, stores.open_records_async):
        with pytest.raises(UnknownStore, match=reason) as refused:
            open_records(url)
        assert "secret" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_memory_is_asked_for_by_its_address():
    assert isinstance(stores.open_records("memory:"), MemoryRecords)
    assert isinstance(stores.open_records_async("memory:"), AsyncMemoryRecords)


def test_a_lost_race_is_never_a_success_and_says_what_is_there():
    records = MemoryRecords()
    was = add(records, "r1", b"a child's comment")
    now = records.transition("review", was, state="published", body=b"by A")

    with pytest.raises(Moved) as moved:
        records.transition("review", was, state="rejected", body=b"by B")
    copy = pickle.loads(pickle.dumps(moved.value))  # noqa: S301 - our own

    assert isinstance(copy, MinorguardError)
    assert moved.value.there == copy.there == now
    assert moved.value.status_hint == 409
    assert "comment" not in str(moved.value)
    assert "r1" not in str(moved.value)


def test_documents_and_records_share_a_file_whoever_comes_first(tmp_path):
    for first in ("documents", "records"):
        url = f"sqlite:///{tmp_path / first}.db"
        kept = [stores.open(url)] if first == "documents" else []
        records = stores.open_records(url)
        documents = kept[0] if kept else stores.open(url)
        assert documents.swap("k/s/p", None, b"one") is None
        was = add(records, "r1", b"one")
        records.transition("review", was, state="done", body=b"two")
        documents.close()
        records.close()
        assert stores.open(url).load("k/s/p")[1] == b"one"
        assert stores.open_records(url).get("review", "r1").body == b"two"


def test_documents_and_records_share_a_database(postgres_url, tmp_path):
    schema = schema_of(tmp_path).replace("-", "_")[:60]
    url = f"{postgres_url}?schema={schema}"
    try:
        with closing(stores.open_records(url)) as records, closing(stores.open(url)) as documents:
            assert documents.swap("k/s/p", None, b"one") is None
            assert add(records, "r1", b"two").body == b"two"
            assert documents.load("k/s/p")[1] == b"one"
    finally:
        forget(postgres_url, schema)


# -- a model -------------------------------------------------------------------------------------


names = st.sampled_from(["a", "b", "c", "d", "e"])
groups = st.sampled_from(["", "g", "h"])
states = st.sampled_from(["s", "t", "u"])
bodies = st.binary(max_size=4)


class Machine(RuleBasedStateMachine):
    """Any sequence of calls is answered as a plain dictionary would."""

    records = None  # given by the test

    def __init__(self):
        super().__init__()
        self.kind = uuid.uuid4().hex
        self.there = {}  # id -> place and record, in the order of appending
        self.placed = 0
        self.read = []  # records as they were once read
        self.versions = set()
        self.cursor, self.told = None, 0

    def known(self, name):
        return self.there.get(name, (0, None))[1]

    @rule(name=names, group=groups, state=states, body=bodies)
    def append(self, name, group, state, body):
        got = self.records.append(self.kind, name, group=group, state=state, body=body)
        if name in self.there:
            assert got == self.known(name)
            return
        assert got[:4] == (name, group, state, body)
        assert got.version not in self.versions
        self.placed += 1
        self.there[name] = (self.placed, got)
        self.read.append(got)
        self.versions.add(got.version)

    @precondition(lambda self: self.read)
    @rule(data=st.data(), state=states, body=bodies)
    def transition(self, data, state, body):
        was = data.draw(st.sampled_from(self.read[-8:]))
        if self.known(was.id) == was:
            now = self.records.transition(self.kind, was, state=state, body=body)
            assert now == (was.id, was.group, state, body, was.version + 1)
            self.there[was.id] = (self.there[was.id][0], now)
            self.read.append(now)
            self.versions.add(now.version)
        else:
            with pytest.raises(Moved) as moved:
                self.records.transition(self.kind, was, state=state, body=body)
            assert moved.value.there == self.known(was.id)

    @rule(name=names)
    def get(self, name):
        assert self.records.get(self.kind, name) == self.known(name)

    @rule(name=names)
    def erase(self, name):
        self.records.erase(self.kind, name)
        self.there.pop(name, None)

    @rule(group=st.none() | groups, state=st.none() | states, limit=st.integers(1, 4))
    def list(self, group, state, limit):
        found = []
        page = self.records.list(self.kind, group=group, state=state, limit=limit)
        while page.records:
            assert len(page.records) <= limit
            found += page.records
            after = page.after
            page = self.records.list(self.kind, group=group, state=state, after=after, limit=limit)
        assert found == [
            record
            for _, record in self.there.values()
            if group in (None, record.group) and state in (None, record.state)
        ]

    @rule(limit=st.integers(1, 3))
    def follow(self, limit):
        page = self.records.list(self.kind, after=self.cursor, limit=limit)
        news = [row for row in self.there.values() if row[0] > self.told][:limit]
        assert list(page.records) == [record for _, record in news]
        self.cursor, self.told = page.after, news[-1][0] if news else self.told

    @precondition(lambda self: self.placed % 7 == 3)
    @rule()
    def close(self):
        self.records.close()


MODEL = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def check_model(records):
    with closing(records):
        run_state_machine_as_test(type("Run", (Machine,), {"records": records}), settings=MODEL)


def test_any_sequence_of_calls_in_memory_is_answered_as_the_model_does():
    check_model(MemoryRecords())


@pytest.mark.parametrize("journal", ["truncate", "wal"])
def test_any_sequence_of_calls_in_a_file_is_answered_as_the_model_does(tmp_path, journal):
    check_model(SqliteRecords(tmp_path / "minors.db", journal=journal))


@pytest.mark.parametrize("way", ["sync", "async"])
def test_any_sequence_of_calls_in_postgresql_is_answered_as_the_model_does(postgres_url, way):
    schema = f"{SCHEMA}_{uuid.uuid4().hex}"
    url = f"{postgres_url}?schema={schema}"
    try:
        if way == "sync":
            check_model(stores.open_records(url))
        else:
            check_model(WaitingRecords(stores.open_records_async(url)))
    finally:
        forget(postgres_url, schema)
