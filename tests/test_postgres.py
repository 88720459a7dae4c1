"""PostgreSQL as a store: it passes the contract, and every way in which it fails has a name."""

import asyncio
import os
import random
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date, datetime
from multiprocessing import get_context

import psycopg
import pytest

from minorguard import ZONE, Guard, Play, Subject, law, stores
from minorguard.errors import (
    Contention,
    OutcomeUnknown,
    StoreError,
    StoreUnavailable,
    UnknownStore,
)
from minorguard.stores.postgres_address import ACCEPTS, Facts, read, refusal, too_old
from minorguard.stores.postgres_talk import NAME
from minorguard.testing import AsyncStoreContract, StoreContract, Waiting
from minorguard.testing.stores import at_once
from services import wait_until
from storekit import postgres_address

KEY = "time/cn.game/p"


@pytest.fixture
def url(tmp_path):
    """An address with nothing in it."""
    yield (address := postgres_address(tmp_path))
    drop(address)


def drop(address):
    with admin(address) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {schema_of(address)} CASCADE")


def schema_of(address):
    return read(address).schema


def admin(address):
    """psycopg as everybody uses it, beside the store."""
    return psycopg.connect(address.partition("?")[0], autocommit=True)


def table_of(address):
    return f"{schema_of(address) or 'public'}.{NAME}"


def written(store, key=KEY, body=b"one"):
    assert store.swap(key, None, body) is None
    return store.load(key)[0]


KINDS = ["sync", "async"]


def opened(kind, address):
    return stores.open(address) if kind == "sync" else Waiting(stores.open_async(address))


# -- the contract --------------------------------------------------------------------------------


class TestPostgres(StoreContract):
    def open_store(self, place):
        self.address = postgres_address(place)
        return stores.open(self.address)

    def teardown_method(self):
        super().teardown_method()
        drop(self.address)


class TestAsyncPostgres(AsyncStoreContract):
    def open_async_store(self, place):
        self.address = postgres_address(place)
        return stores.open_async(self.address)

    def teardown_method(self):
        super().teardown_method()
        drop(self.address)


class Serializable:
    """The same, where each statement may be taken back for the sake of another one."""

    def setup_method(self):
        os.environ["PGOPTIONS"] = "-c default_transaction_isolation=serializable"
        super().setup_method()

    def teardown_method(self):
        super().teardown_method()
        del os.environ["PGOPTIONS"]


class TestSerializablePostgres(Serializable, TestPostgres):
    pass


class TestSerializableAsyncPostgres(Serializable, TestAsyncPostgres):
    pass


class TestOneConnection(TestPostgres):
    def open_store(self, place):
        self.address = postgres_address(place)
        return stores.open(f"{self.address}&pool=1&timeout_s=60")


# -- what may be lost ----------------------------------------------------------------------------


def soldier_on(store, keys, told, stop):
    """Swap until the store breaks, and note each version that was acknowledged."""
    rng = random.Random(threading.get_ident())
    while not stop.is_set():
        key = rng.choice(keys)
        try:
            version, _ = store.load(key)
            refused = store.swap(key, version, b"%d" % (version + 1))
        except StoreError:
            continue
        if refused is None:
            told[key] = max(told.get(key, 0), version + 1)


def check_kills(server, rounds, kind):
    store = opened(kind, f"{server.url}?timeout_s=2")
    keys = [f"time/s/{n}" for n in range(4)]
    mine = [keys[n::4] for n in range(4)]  # one writer each, so that each version is noted
    for key in keys:
        written(store, key)
    for _ in range(rounds):
        told, stop = {}, threading.Event()
        with ThreadPoolExecutor(4) as threads:
            done = [threads.submit(soldier_on, store, own, told, stop) for own in mine]
            try:
                wait_until(lambda told=told: len(told) == 4, "work")
                server.kill9()
            finally:
                stop.set()
            for each in done:
                each.result()
        assert told
        server.start()
        wait_until(lambda: works(store), "the store works again")
        for key, version in told.items():
            there, body = store.load(key)
            assert version <= there <= version + 1, "something acknowledged is gone"
            assert body == b"%d" % there
    store.close()


def works(store):
    try:
        store.load(KEY)
    except StoreUnavailable:
        return False
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_acknowledged_is_lost_when_the_server_is_killed(private_postgres, kind):
    check_kills(private_postgres(), 2, kind)


@pytest.mark.deep
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_acknowledged_is_lost_in_many_kills(private_postgres, kind):
    check_kills(private_postgres(), 25, kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["restart", "kill9"])
def test_a_restart_is_an_error_with_a_name_and_then_over(private_postgres, kind, how):
    server = private_postgres()
    store = opened(kind, server.url)
    version = written(store)
    getattr(server, how)()
    if how == "kill9":
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                store.load(KEY)
            with pytest.raises(StoreUnavailable):
                store.swap(KEY, version, b"two")
        server.start()
    # Connections that have died meanwhile are noticed before anything is sent on them.
    assert store.swap(KEY, version, b"two") is None
    assert store.load(KEY) == (version + 1, b"two")
    store.close()


def test_a_swap_that_hit_a_silent_server_has_an_unknown_outcome(private_postgres):
    server = private_postgres()
    store = stores.open(f"{server.url}?timeout_s=0.3")
    later = Waiting(stores.open_async(f"{server.url}?timeout_s=0.3"))
    version = written(store)
    for each in (store, later):  # prepared by now
        assert each.swap(KEY, version, b"one") is None
        version += 1
    server.pause()
    for each in (store, later):
        with pytest.raises(OutcomeUnknown):
            each.swap(KEY, version, b"two")
        with pytest.raises(StoreUnavailable):  # a new connection gets no answer at all
            each.swap(KEY, version, b"three")
        with pytest.raises(StoreUnavailable):
            each.load(KEY)
    server.resume()
    for each in (store, later):
        wait_until(lambda each=each: works(each), "the store works again")
    assert store.load(KEY)[1] in (b"one", b"two")
    store.close()
    later.close()


# -- a connection that is lost in between --------------------------------------------------------

ENDED = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0"


class Proxy:
    """Between a store and the server: it can keep an answer to itself, and hang up."""

    def __init__(self, address):
        server = read(address).libpq
        self._server = (server["host"], int(server["port"]))
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = address.replace(
            f"{server['host']}:{server['port']}", f"127.0.0.1:{self._door.getsockname()[1]}"
        )
        self.cut = None
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            for work in (self._ask, self._answer):
                threading.Thread(target=work, args=(client, server), daemon=True).start()

    def _ask(self, client, server):
        with server:
            while text := receive(client):
                server.sendall(text)

    def _answer(self, client, server):
        with client:
            while text := receive(server):
                if self.cut is not None and text.endswith(b"Z\0\0\0\x05I"):
                    client.sendall(self.cut(text))
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(text)

    def close(self):
        self._door.close()


def receive(end):
    try:
        return end.recv(1 << 16)
    except OSError:
        return b""


@contextmanager
def proxied(address):
    proxy = Proxy(address)
    yield proxy
    proxy.close()


CUTS = {
    "no word": lambda _: b"",
    "half a word": lambda text: text[:5],
    "done, but not that it is committed": lambda text: text[:-6],
    "done, then the connection is ended": lambda text: (
        text[:-6] + b"E" + (len(ENDED) + 4).to_bytes(4, "big") + ENDED
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", CUTS)
def test_a_swap_whose_answer_is_lost_has_an_unknown_outcome(url, kind, cut):
    with proxied(url) as proxy:
        store = opened(kind, proxy.url)
        version = written(store)
        assert store.swap(KEY, version, b"two") is None  # prepared by now
        proxy.cut = CUTS[cut]
        with pytest.raises(OutcomeUnknown):
            store.swap(KEY, version + 1, b"three")
        with pytest.raises(StoreUnavailable):
            store.load(KEY)
        proxy.cut = None
        assert store.load(KEY) == (version + 2, b"three")
        store.close()


def test_a_guard_finds_out_what_became_of_its_swap(url):
    born, at = date(2012, 5, 1), datetime(2026, 11, 20, 20, 10, tzinfo=ZONE)
    play = Play(Subject("p", born=born, identity="verified"), session="s")
    with proxied(url) as proxy:
        store = stores.open(proxy.url)
        guard = Guard(law("cn.game"), store=store)
        assert guard.decide(play, at=at)
        assert guard.decide(play, at=at.replace(second=30))

        def only_once(text):
            proxy.cut = None
            return text[:-6]

        proxy.cut = only_once
        assert guard.decide(play, at=at.replace(minute=11))
        usage = Guard(law("cn.game"), store=store).usage(play.subject, at=at.replace(minute=12))
        assert usage.played_today_s == 120
        store.close()


# -- others in the way ---------------------------------------------------------------------------

WAITING = """
SELECT pid FROM pg_stat_activity
WHERE application_name = 'minorguard' AND wait_event_type = 'Lock' AND query LIKE %s
"""


def waiting(connection, address):
    """The backends of this store that wait for a lock."""
    return [pid for (pid,) in connection.execute(WAITING, [f"%{schema_of(address)}%"])]


@contextmanager
def locked(address, key=KEY):
    """Somebody has locked a row, and somebody else can look on."""
    with admin(address) as holder, admin(address) as onlooker:
        holder.execute("BEGIN")
        holder.execute(f"SELECT FROM {table_of(address)} WHERE key = %s FOR UPDATE", [key])
        yield onlooker
        holder.execute("ROLLBACK")


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_that_stays_locked_is_contention(url, kind):
    store = opened(kind, url + "&timeout_s=0.4")
    version = written(store)
    with locked(url):
        with pytest.raises(Contention):
            store.swap(KEY, version, b"two")
        assert store.load(KEY) == (version, b"one")
    assert store.swap(KEY, version, b"two") is None
    store.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("function", "error"),
    [("pg_terminate_backend", StoreUnavailable), ("pg_cancel_backend", StoreUnavailable)],
)
def test_a_swap_that_is_ended_while_it_waits_was_not_done(url, kind, function, error):
    store = opened(kind, url + "&timeout_s=60")
    version = written(store)
    with locked(url) as onlooker, ThreadPoolExecutor(1) as threads:
        swap = threads.submit(store.swap, KEY, version, b"two")
        wait_until(lambda: waiting(onlooker, url), "the swap waits")
        for pid in waiting(onlooker, url):
            onlooker.execute(f"SELECT {function}(%s)", [pid])
        with pytest.raises(error):
            swap.result()
    assert store.load(KEY) == (version, b"one")
    assert store.swap(KEY, version, b"two") is None
    store.close()


def test_whoever_waited_for_a_swap_gets_what_it_left(url):
    store = stores.open(url + "&timeout_s=60")
    version = written(store)
    with admin(url) as other, admin(url) as onlooker, ThreadPoolExecutor(1) as threads:
        other.execute("BEGIN")
        other.execute(f"UPDATE {table_of(url)} SET version = version + 1, body = 'theirs'")  # noqa: S608 - a name of ours
        swap = threads.submit(store.swap, KEY, version, b"ours")
        wait_until(lambda: waiting(onlooker, url), "the swap waits")
        other.execute("COMMIT")
        assert swap.result() == (version + 1, b"theirs")
    store.close()


def test_one_that_is_stuck_or_refused_holds_up_no_other_in_its_group(url):
    async def all_at_once():
        store = stores.open_async(url + "&timeout_s=60")
        keys = [f"time/s/{n}" for n in range(20)]
        await asyncio.gather(*(store.swap(key, None, b"one") for key in keys))
        versions = [(await store.load(key))[0] for key in keys]
        versions[7] += 1
        with locked(url, keys[3]):
            swaps = [
                asyncio.ensure_future(store.swap(key, version, b"two"))
                for key, version in zip(keys, versions, strict=True)
            ]
            others = [swap for n, swap in enumerate(swaps) if n != 3]
            answers = await asyncio.gather(*others)
            assert not swaps[3].done()
        refused = [answer for answer in answers if answer is not None]
        assert refused == [(versions[7] - 1, b"one")]
        assert await swaps[3] is None
        await store.close()

    asyncio.run(all_at_once())


def test_a_group_that_fails_is_asked_one_by_one(url):
    stores.open(url).close()
    with admin(url) as connection:
        connection.execute(f"ALTER TABLE {table_of(url)} ADD CHECK (key <> 'time/s/3')")

    async def all_at_once():
        store = stores.open_async(url)
        swaps = [store.swap(f"time/s/{n}", None, b"one") for n in range(20)]
        answers = await asyncio.gather(*swaps, return_exceptions=True)
        failed = [n for n, answer in enumerate(answers) if answer is not None]
        assert failed == [3]
        assert type(answers[3]) is StoreUnavailable
        assert "23514" in str(answers[3])
        await store.close()

    asyncio.run(all_at_once())


def test_a_cancelled_call_leaves_the_store_in_order(url):
    async def some_are_cancelled():
        store = stores.open_async(url)
        await store.swap(KEY, None, b"one")
        calls = [asyncio.ensure_future(store.load(KEY)) for _ in range(20)]
        for wait in range(3):
            calls[wait].cancel()
            await asyncio.sleep(0)
        found = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(each) for each in found} == {asyncio.CancelledError, tuple}
        assert (await store.load(KEY))[1] == b"one"
        await store.close()

    asyncio.run(some_are_cancelled())


def test_an_async_store_is_used_by_one_event_loop_after_another(url):
    store = stores.open_async(url)
    for _ in range(3):
        asyncio.run(store.load(KEY))  # and never closed: the next one closes what is left
    asyncio.run(store.close())


@pytest.mark.parametrize("kind", KINDS)
def test_more_callers_than_connections_wait_for_their_turn(url, kind):
    store = opened(kind, url + "&pool=2")
    written(store)
    at_once(lambda _: store.load(KEY), 16)
    with admin(url) as onlooker:
        n = onlooker.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'minorguard' AND query LIKE %s",
            [f"%{schema_of(url)}%"],
        ).fetchone()
    assert n[0] <= 2
    store.close()


def test_a_caller_who_gets_no_connection_is_told(url):
    store = stores.open(url + "&pool=1&timeout_s=60")
    hasty = stores.open(url + "&pool=1&timeout_s=0.2")
    version = written(store)
    line = hasty._lines.take()
    with pytest.raises(Contention, match="pool"):
        hasty.load(KEY)
    hasty._lines.give(line)
    assert hasty.load(KEY)[0] == version
    hasty.close()
    store.close()


# -- many processes ------------------------------------------------------------------------------


def in_processes(work, n, *args):
    """What as many processes return that begin together."""
    context = get_context("spawn")
    start = context.Barrier(n)
    ours, theirs = context.Pipe(duplex=False)
    children = [context.Process(target=work, args=(start, theirs, *args)) for _ in range(n)]
    for child in children:
        child.start()
    told = [ours.recv() for _ in children]
    for child in children:
        child.join()
    return told


def open_at_once(start, out, address):
    start.wait()
    try:
        stores.open(address).close()
    except Exception as error:  # noqa: BLE001 - it is told to the parent
        out.send(repr(error))
    else:
        out.send("")


def test_processes_that_come_first_at_once_make_one_table(url):
    assert in_processes(open_at_once, 6, url) == [""] * 6


def win_versions(start, out, address, n):
    store = stores.open(address + "&pool=1")
    start.wait()
    won = []
    there = store.load(KEY)
    while there[0] < n:
        found = store.swap(KEY, there[0], b"%d" % os.getpid())
        if found is None:
            won.append(there[0] + 1)
        there = found or store.load(KEY)
    out.send(won)
    store.close()


def test_each_version_has_one_winner_of_eight_processes(url):
    store = stores.open(url)
    first = written(store)
    won = in_processes(win_versions, 8, url, first + 200)
    versions = sorted(version for each in won for version in each)
    assert versions == list(range(first + 1, versions[-1] + 1))
    assert store.load(KEY)[0] == versions[-1]
    store.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_has_connections_of_its_own(url, kind):
    store = opened(kind, url) if kind == "sync" else stores.open_async(url)
    load = (lambda: store.load(KEY)) if kind == "sync" else (lambda: asyncio.run(store.load(KEY)))
    load()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if all(load() is None for _ in range(3)) else 2
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert load() is None
    if kind == "sync":
        store.close()
    else:
        asyncio.run(store.close())


# -- which servers are refused -------------------------------------------------------------------

GOOD = Facts("on", "on", "on", "off", "false", "r", "p", "minorguard documents 1")


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (GOOD._replace(fsync="off"), "no_fsync"),
        (GOOD._replace(full_page_writes="off"), "torn_pages"),
        (GOOD._replace(synchronous_commit="off"), "async_commit"),
        (GOOD._replace(synchronous_commit="local"), "async_commit"),
        (GOOD._replace(synchronous_commit="remote_write"), "async_commit"),
        (GOOD._replace(persistence="u"), "unlogged"),
        (GOOD._replace(recovering="true"), "standby"),
        (GOOD._replace(read_only="on"), "read-only"),
        (GOOD._replace(stamp="minorguard documents 2"), "another version"),
        (GOOD._replace(stamp=None), "another program"),
        (GOOD._replace(kind="v"), "another program"),
    ],
)
def test_a_server_that_forgets_is_refused_unless_told_aloud(facts, why):
    assert why in refusal(read("postgresql://h/d"), facts)
    if why in ACCEPTS:
        assert refusal(read(f"postgresql://h/d?accept={why}"), facts) is None


def test_a_good_server_is_not_refused_and_an_old_one_is():
    address = read("postgresql://h/d")
    strong = GOOD._replace(synchronous_commit="remote_apply")
    assert refusal(address, GOOD) is refusal(address, strong) is None
    assert too_old(120_000) is too_old(180_000) is None
    assert "older" in too_old(110_022)


@pytest.mark.parametrize("kind", KINDS)
def test_fsync_off_is_refused_by_a_real_server(private_postgres, kind):
    server = private_postgres(fsync="off", synchronous_commit="off")
    with pytest.raises(StoreUnavailable, match="fsync is off"):
        opened(kind, server.url)
    with pytest.raises(StoreUnavailable, match="synchronous_commit"):
        opened(kind, server.url + "?accept=no_fsync")
    store = opened(kind, server.url + "?accept=no_fsync,async_commit")
    written(store)
    store.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_becomes_read_only_is_an_error_and_then_over(private_postgres, kind):
    server = private_postgres()
    store = opened(kind, server.url)
    version = written(store)
    server.sql("ALTER SYSTEM SET default_transaction_read_only = on")
    server.sql("SELECT pg_reload_conf()")
    told = []

    def refused():
        try:
            told.append(store.swap(KEY, version + len(told), b"two"))
        except StoreUnavailable as error:
            return "read-only" in str(error)
        return False

    wait_until(refused, "the server heard that it is read-only")
    with pytest.raises(StoreUnavailable, match="read-only"):
        store.load(KEY)  # a new connection, and it was checked
    server.sql("ALTER SYSTEM RESET default_transaction_read_only")
    server.sql("SELECT pg_reload_conf()")
    wait_until(lambda: works(store), "the server heard that it is not")
    assert store.swap(KEY, version + len(told), b"three") is None
    store.close()


def test_no_connection_left_is_told(private_postgres):
    server = private_postgres(max_connections="6", superuser_reserved_connections="0")
    store = stores.open(server.url)
    written(store)
    store.close()
    others = []
    with suppress(psycopg.OperationalError):
        while len(others) < 100:
            others.append(psycopg.connect(server.url))
    with pytest.raises(StoreUnavailable, match="max_connections"):
        store.load(KEY)
    for other in others:
        other.close()
    wait_until(lambda: works(store), "the server has let go of them")
    store.close()


# -- the table -----------------------------------------------------------------------------------


def test_a_dba_can_make_the_table(url):
    with pytest.raises(StoreUnavailable, match="no table"):
        stores.open(url + "&create=no")
    store = stores.open(url)
    written(store)
    again = stores.open(url + "&create=no")
    assert again.load(KEY)[1] == b"one"
    again.close()
    store.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_that_is_gone_is_an_error_and_not_an_empty_book(url, kind):
    store = opened(kind, url)
    version = written(store)
    drop(url)
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="table"):
            store.swap(KEY, version, b"two")
        with pytest.raises(StoreUnavailable, match="table"):
            store.swap(KEY, None, b"two")
    store.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_that_was_altered_meanwhile_is_planned_anew(url, kind):
    store = opened(kind, url)
    version = written(store)
    assert store.swap(KEY, version, b"two") is None
    with admin(url) as connection:
        connection.execute(f"ALTER TABLE {table_of(url)} SET (fillfactor = 70)")
        connection.execute(f"ALTER TABLE {table_of(url)} RENAME COLUMN body TO old")
        connection.execute(f"ALTER TABLE {table_of(url)} RENAME COLUMN old TO body")
    assert store.load(KEY) == (version + 1, b"two")
    assert store.swap(KEY, version + 1, b"three") is None
    store.close()


def test_prepared_statements_that_somebody_threw_away_are_made_again(url):
    store = stores.open(url + "&pool=1")
    version = written(store)
    line = store._lines.take()
    line.pgconn.exec_(b"DEALLOCATE ALL")
    store._lines.give(line)
    assert store.swap(KEY, version, b"two") is None
    store.close()


def test_a_newer_table_and_a_strangers_are_refused(url):
    stores.open(url).close()
    with admin(url) as connection:
        for stamp, why in (("minorguard documents 2", "another version"), ("x", "another program")):
            connection.execute(f"COMMENT ON TABLE {table_of(url)} IS '{stamp}'")
            with pytest.raises(StoreUnavailable, match=why):
                stores.open(url)


def test_an_unlogged_table_is_refused_unless_told_aloud(url):
    stores.open(url).close()
    with admin(url) as connection:
        connection.execute(f"ALTER TABLE {table_of(url)} SET UNLOGGED")
    with pytest.raises(StoreUnavailable, match="UNLOGGED"):
        stores.open(url)
    stores.open(url + "&accept=unlogged").close()


def test_a_version_beside_the_old_one_leaves_the_index_alone(url):
    store = stores.open(url)
    version = written(store)
    for n in range(50):
        assert store.swap(KEY, version + n, b"x" * 150) is None
    store.close()
    with admin(url) as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
        hot = "SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE schemaname = %s"
        wait_until(
            lambda: connection.execute(hot, [schema_of(url)]).fetchone()[0] >= 45,
            "nearly all were heap-only",
        )


# -- what is said --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("postgresql://u:secret@h/d?scheme=x", "unknown option 'scheme'"),
        ("postgresql://u:secret@h/d?schema=a;b", "schema: want"),
        ("postgresql://u:secret@h/d?schema=", "schema: want"),
        ("postgresql://u:secret@h/d?create=maybe", "create: want yes or no"),
        ("postgresql://u:secret@h/d?accept=anything", "accept: want some of"),
        ("postgresql://u:secret@h/d?pool=0", "pool: want 1 to"),
        ("postgresql://u:secret@h/d?pool=1.5", "pool: want 1 to"),
        ("postgresql://u:secret@h/d?pool=many", "pool: want 1 to"),
        ("postgresql://u:secret@h/d?timeout_s=0", "timeout_s: want"),
        ("postgresql://u:secret@h/d?timeout_s=nan", "timeout_s: want"),
        ("postgresql://u:secret@[h/d", "want"),
        ("postgresql://u:secret@h/d?sslmode=%25zz%00", "want postgresql://user"),
        ("postgresql://u:secret@h/d?pool=1&pool=2", "twice"),
    ],
)
def test_a_wrong_address_is_told_without_repeating_it(address, why):
    for open_store in (stores.open, stores.open_async):
        with pytest.raises(UnknownStore) as told:
            open_store(address)
        assert why in str(told.value)
        assert "secret" not in str(told.value)


def test_nothing_that_is_said_has_the_password_or_a_key(url, caplog, capfd):
    caplog.set_level(0)
    address = url.replace("postgres@", "postgres:hunter2secret@")
    store = stores.open(address)
    key = "time/cn.game/person-4711"
    version = written(store, key)
    said = [repr(store), repr(store.talks.address), repr(read(address))]
    with locked(url, key):
        hasty = stores.open(address + "&timeout_s=0.2")
        with pytest.raises(Contention) as told:
            hasty.swap(key, version, b"two")
        hasty.close()
    said += [repr(told.value), repr(told.value.__cause__), repr(told.value.__context__)]
    drop(url)
    with pytest.raises(StoreUnavailable) as told:
        store.swap(key, version, b"two")
    said += [repr(told.value), repr(told.value.__cause__)]
    for wrong in ("127.0.0.1:1", "nowhere.invalid:5432"):
        with pytest.raises(StoreUnavailable) as told:
            stores.open(f"postgresql://postgres:hunter2secret@{wrong}/d")
        said += [str(told.value), repr(told.value.__cause__)]
    store.close()
    said = " ".join([*said, caplog.text, *capfd.readouterr()])
    assert "hunter2secret" not in said
    assert "4711" not in said


def test_without_psycopg_the_extra_is_named():
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from minorguard import stores\n"
        "from minorguard.errors import MissingExtra\n"
        "for open in (stores.open, stores.open_async):\n"
        "    try: open('postgresql://u@h/d')\n"
        "    except MissingExtra as error: print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == 'needs an extra: pip install "minorguard[postgres]"\n' * 2
