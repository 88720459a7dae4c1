"""A Redis is a store, alone and as a cluster; and one that forgets is refused."""

import asyncio
import os
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from random import Random

import pytest

from minorguard import stores
from minorguard.errors import MissingExtra, StoreUnavailable, UnknownStore
from minorguard.stores.protocol import KEY_CHARS_MAX, NOTHING
from minorguard.stores.redis_address import read
from minorguard.stores.redis_talk import Talks
from minorguard.testing import AsyncStoreContract, StoreContract, Waiting
from services import free_port
from storekit import redis_address as address

DAY_S = 86_400


# -- the contract --------------------------------------------------------------------------------


class Emptied:
    """Leaves nothing behind on a server that others use, too."""

    def teardown_method(self):
        for key in self.keys(""):
            self.store.erase(key)
        super().teardown_method()


class TestRedis(Emptied, StoreContract):
    def open_store(self, place):
        return stores.open(address("redis", place))


class TestRedisWaited(Emptied, StoreContract):
    def open_store(self, place):
        return stores.open(address("redis-pair", place) + "&wait=1")


class TestRedisCluster(Emptied, StoreContract):
    def open_store(self, place):
        return stores.open(address("redis-cluster", place))


class TestAsyncRedis(Emptied, AsyncStoreContract):
    def open_async_store(self, place):
        return stores.open_async(address("redis", place))


class TestAsyncRedisWaited(Emptied, AsyncStoreContract):
    def open_async_store(self, place):
        return stores.open_async(address("redis-pair", place) + "&wait=1")


class TestAsyncRedisCluster(Emptied, AsyncStoreContract):
    def open_async_store(self, place):
        return stores.open_async(address("redis-cluster", place))


# -- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis://", "want redis://user:password@host:6379/0"),
        ("redis://:secret@", "want redis://user:password@host:6379/0"),
        ("redis://u:secret@host:port", "want redis://user:password@host:6379/0"),
        ("redis://u:secret@host:99999", "want redis://user:password@host:6379/0"),
        ("redis://u:secret@one,two", "several hosts are a cluster"),
        ("redis://u:secret@host/zero", "a database's number"),
        ("redis+cluster://u:secret@host/1", "in a cluster 0"),
        ("redis://u:secret@host/0#x", "an address has no #"),
        ("redis://u:secret@host?journal=wal", "unknown option 'journal', want accept, prefix"),
        ("redis://u:secret@host?ssl_ca_certs=x", "unknown option 'ssl_ca_certs'"),
        ("redis://u:secret@host?accept=everything", "accept: want some of eviction, memory_only"),
        ("redis://u:secret@host?accept=", "accept: want some of"),
        ("redis://u:secret@host?prefix=a:b", "prefix: want 1 to 32"),
        ("redis://u:secret@host?prefix={a}", "prefix: want 1 to 32"),
        ("redis://u:secret@host?wait=17", "wait: want 0 to 16"),
        ("redis://u:secret@host?wait=-1", "wait: want 0 to 16"),
        ("redis://u:secret@host?wait=99999999999999999999", "wait: want 0 to 16"),
        ("redis://u:secret@host?timeout_s=0", "timeout_s: want 0.01 to 60"),
        ("redis://u:secret@host?timeout_s=nan", "timeout_s: want 0.01 to 60"),
        ("redis://u:secret@host?timeout_s=soon", "timeout_s: want 0.01 to 60"),
        ("redis://u:secret@host?wait=1&wait=2", "option wait is given twice"),
    ],
)
def test_a_wrong_address_is_refused_without_repeating_it(url, reason):
    for open_store in (stores.open, stores.open_async):
        with pytest.raises(UnknownStore) as refused:
            open_store(url)
        assert reason in str(refused.value)
        assert "secret" not in str(refused.value)
        assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)  # noqa: S301 - our own


def test_an_address_says_where_and_how():
    one = read("rediss://u%40:p%2Fw@[::1]:7000/3?wait=2&timeout_s=0.5&ssl_ca_certs=/ca.pem")
    two = read("redis+cluster://host,other:7001?accept=eviction,async_replicas&prefix=mg")

    assert one.seeds == (("::1", 7000),)
    assert (one.user, one.password, one.db) == ("u@", "p/w", 3)
    assert (one.wait, one.timeout_s, one.connect_s) == (2, 0.5, 0.5)
    assert one.tls == {"ssl_ca_certs": "/ca.pem"}
    assert two.seeds == (("host", 6379), ("other", 7001))
    assert two.cluster
    assert two.tls is None
    assert two.accept == {"eviction", "async_replicas"}
    assert "p/w" not in repr(one)


def test_without_redis_py_the_extra_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("minorguard.stores.redis")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.setitem(sys.modules, "redis.exceptions", None)

    for open_store in (stores.open, stores.open_async):
        with pytest.raises(MissingExtra, match=r"minorguard\[redis\]"):
            open_store("redis://localhost")


# -- keys ----------------------------------------------------------------------------------------


def test_every_key_has_a_name_of_its_own_and_the_name_leads_back():
    talks, chance, seen = Talks(read("redis://localhost?prefix=mg")), Random(5), {}
    for _ in range(20_000):
        key = "".join(chance.choices("a/{}:b", k=chance.randrange(1, 9)))
        name = talks._name(key)
        assert talks._key(name) == key
        assert seen.setdefault(name, key) == key


def test_all_documents_of_a_person_are_in_one_slot():
    from redis.crc import key_slot

    talks = Talks(read("redis+cluster://localhost"))
    slots = {
        key_slot(talks._name(f"{kind}/cn.game/p-81")) for kind in ("time", "money", "facts", "x")
    }
    assert talks._name("time/cn.game/p-81") == b"minorguard:time/{cn.game/p-81}"
    assert len(slots) == 1


@pytest.fixture
def redis(redis_url):
    """redis-py itself, to look behind the store."""
    from redis import Redis

    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def store(tmp_path):
    with closing(stores.open(address("redis", tmp_path))) as opened:
        yield opened
        cursor = None
        while True:
            keys, cursor = opened.scan("", cursor)
            for key in keys:
                opened.erase(key)
            if cursor is None:
                break


def test_time_is_forgotten_after_three_days_and_money_after_the_next_month(store, redis):
    for key, wanted in (("time/s/p", 3 * DAY_S), ("money/s/p", 63 * DAY_S), ("facts/s/p", None)):
        store.swap(key, None, b"one")
        for body in (b"two", b"three"):
            name = store.talks._name(key)
            if wanted:
                redis.expire(name, 60)
            store.swap(key, store.load(key)[0], body)
            left = redis.ttl(name)
            assert left == -1 if wanted is None else wanted - 60 < left <= wanted


def test_where_a_document_has_moved_to_is_never_forgotten(store, redis):
    store.swap("time/s/p", None, b"one")
    store.swap("time/s/p", store.load("time/s/p")[0], b"\0time/s/q")

    assert redis.ttl(store.talks._name("time/s/p")) == -1


def test_a_refused_swap_leaves_the_time_to_live_alone(store, redis):
    store.swap("time/s/p", None, b"one")
    redis.expire(store.talks._name("time/s/p"), 60)

    assert store.swap("time/s/p", 1, b"two")[1] == b"one"
    assert redis.ttl(store.talks._name("time/s/p")) <= 60


def test_a_version_never_comes_back_after_it_has_expired(store, redis):
    seen = set()
    for _ in range(20):
        store.swap("time/s/p", None, b"one")
        version = store.load("time/s/p")[0]
        store.swap("time/s/p", version, b"two")
        assert not seen & {version, version + 1}
        seen |= {version, version + 1}
        redis.pexpire(store.talks._name("time/s/p"), 0)
        assert store.swap("time/s/p", version + 1, b"three") == NOTHING


def test_versions_that_a_double_would_lose_are_told_apart(store, redis):
    name = store.talks._name("facts/s/p")
    for version in (1 << 53, (1 << 53) + 1, (1 << 63) - 2, 255, 256, 10):
        redis.set(name, version.to_bytes(8, "big") + b"one")
        assert store.swap("facts/s/p", version - 1, b"two") == (version, b"one")
        assert store.swap("facts/s/p", version + 1, b"two") == (version, b"one")
        assert store.swap("facts/s/p", version, b"two") is None
        assert store.load("facts/s/p") == (version + 1, b"two")


def test_what_another_program_has_put_there_is_an_error(store, redis):
    name = store.talks._name("facts/s/p")
    redis.set(name, b"short")
    with pytest.raises(StoreUnavailable, match="another program"):
        store.load("facts/s/p")
    redis.delete(name)
    redis.lpush(name, b"one")
    for call in (lambda: store.load("facts/s/p"), lambda: store.swap("facts/s/p", None, b"")):
        with pytest.raises(StoreUnavailable, match="another program"):
            call()
    redis.delete(name)


def test_a_person_fits_into_four_hundred_bytes(store, redis):
    from datetime import datetime

    from minorguard import ZONE, Guard, Play, Subject, law

    game = law("cn.game")
    child = Subject("p-" + "8" * 14, born=datetime(2012, 5, 1).date(), identity="verified")  # noqa: DTZ001 - a birthday has no zone
    guard = Guard(game, store=store)
    for minute in (1, 3, 5, 20):
        at = datetime(2026, 11, 20, 20, minute, tzinfo=ZONE)
        assert guard.decide(Play(child, session=f"session-{minute // 10}"), at=at)

    assert redis.memory_usage(store.talks._name(f"time/cn.game/{child.id}")) <= 400


# -- scanning ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["redis", "redis-cluster"])
def test_a_scan_finds_all_of_a_scope_among_many_others(name, tmp_path):
    store = stores.open(address(name, tmp_path))
    other = stores.open(address(name, tmp_path) + ".other")
    with closing(store), closing(other):
        wanted = {f"money/cn.game/p-{n}" for n in range(1_500)}
        with ThreadPoolExecutor(4) as threads:
            done = threads.map(lambda key: store.swap(key, None, b""), sorted(wanted))
            assert set(done) == {None}
        store.swap("money/cn.games/p", None, b"")
        other.swap("money/cn.game/other", None, b"")

        found, cursor, pages = set(), None, 0
        while True:
            keys, cursor = store.scan("money/cn.game/", cursor)
            found |= set(keys)
            pages += 1
            assert cursor is None or "p-" not in cursor
            if cursor is None:
                break
        assert found == wanted
        assert pages > 1
        for key in [*wanted, "money/cn.games/p"]:
            store.erase(key)
        other.erase("money/cn.game/other")


def test_a_cursor_of_another_life_of_the_server_is_an_error(private_redis):
    server = private_redis()
    with closing(stores.open(server.url)) as store:
        for n in range(1_500):
            store.swap(f"k/s/{n}", None, b"")
        _, cursor = store.scan("k/")
        assert cursor is not None
        server.kill9()
        server.start()
        with pytest.raises(StoreUnavailable, match="begin again"):
            store.scan("k/", cursor)
        with pytest.raises(StoreUnavailable, match="no cursor"):
            store.scan("k/", "7")


# -- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "accept", "reason"),
    [
        ({"maxmemory_policy": "allkeys-lru"}, "eviction", "maxmemory-policy"),
        ({"maxmemory_policy": "volatile-ttl"}, "eviction", "maxmemory-policy"),
        ({"appendonly": False}, "memory_only", "appendonly yes"),
        ({"appendfsync": "no"}, "memory_only", "appendfsync everysec or always"),
    ],
)
def test_a_server_that_forgets_is_refused_unless_it_is_accepted(
    private_redis, settings, accept, reason
):
    url = private_redis(**settings).url
    for open_store in (stores.open, stores.open_async):
        for accepted in ("", "?accept=async_replicas"):
            with pytest.raises(StoreUnavailable) as refused:
                open_store(url + accepted)
            assert reason in str(refused.value)
            assert f"accept={accept}" in str(refused.value)
    with closing(stores.open(f"{url}?accept={accept},async_replicas")) as store:
        assert store.swap("k/s/p", None, b"") is None


def test_a_server_is_asked_again_by_each_new_connection(private_redis):
    server = private_redis()
    with closing(stores.open(server.url)) as store:
        store.swap("k/s/p", None, b"one")
        server.cli("config", "set", "appendonly", "no")
        store.close()
        with pytest.raises(StoreUnavailable, match="appendonly"):
            store.load("k/s/p")
        assert asyncio.run(failure_of(server.url)) == "StoreUnavailable"


async def failure_of(url):
    try:
        stores.open_async(url)
    except StoreUnavailable as error:
        return type(error).__name__
    return "opened"


def test_a_user_who_may_not_ask_for_the_configuration_is_judged_by_info(private_redis):
    server = private_redis()
    server.cli("acl", "setuser", "game", "on", ">secret", "~minorguard:*", "+@all", "-config")
    server.cli("acl", "setuser", "blind", "on", ">secret", "~minorguard:*", "+@all", "-info")
    place = server.url.removeprefix("redis://")

    with closing(stores.open(f"redis://game:secret@{place}")) as store:
        assert store.swap("k/s/p", None, b"") is None
    with pytest.raises(StoreUnavailable, match="INFO"):
        stores.open(f"redis://blind:secret@{place}")
    server.cli("config", "set", "maxmemory-policy", "allkeys-random")
    with pytest.raises(StoreUnavailable, match="maxmemory-policy"):
        stores.open(f"redis://game:secret@{place}")


def test_no_error_and_no_repr_has_a_password(private_redis, caplog):
    server = private_redis()
    server.cli("acl", "setuser", "game", "on", ">hunter2", "~other:*", "+@all")
    place = server.url.removeprefix("redis://")
    said = []
    for user in ("game:hunter2", "game:hunter23", "nobody:hunter2"):
        for open_store in (stores.open, stores.open_async):
            try:
                store = open_store(f"redis://{user}@{place}")
                if open_store is stores.open:
                    said.append(repr(store) + repr(vars(store)) + repr(store.talks.address))
                    with closing(store):
                        store.swap("k/s/p", None, b"")
            except StoreUnavailable as error:
                while error is not None:
                    said.append(f"{error!s} {error!r}")
                    error = error.__cause__ or error.__context__
    assert any("NOPERM" in each for each in said)
    assert any("WRONGPASS" in each for each in said)
    assert not any("hunter2" in each or "s/p" in each for each in [*said, caplog.text])


def test_a_cluster_and_a_single_server_are_not_taken_for_each_other(redis_url, redis_cluster_urls):
    with pytest.raises(StoreUnavailable, match=r"write redis\+cluster://"):
        stores.open(redis_cluster_urls[0])
    with pytest.raises(StoreUnavailable, match="write redis://"):
        stores.open(redis_url.replace("redis://", "redis+cluster://"))


def test_a_primary_whose_replicas_may_be_behind_is_refused_unless_it_is_accepted(
    private_redis, redis_pair_urls
):
    primary = private_redis()
    private_redis(replica_of=primary)
    with pytest.raises(StoreUnavailable, match="min-replicas-to-write"):
        open_when_replicated(primary, "")
    for accepted in ("?accept=async_replicas", "?wait=1"):
        with closing(open_when_replicated(primary, accepted)) as store:
            assert store.load("k/s/p") is None
    with pytest.raises(StoreUnavailable, match="wait=2 asks for more than its 1 replicas"):
        open_when_replicated(primary, "?wait=2")
    with closing(stores.open(redis_pair_urls[0])) as store:  # it has min-replicas-to-write
        assert store.load("k/s/p") is None


def open_when_replicated(primary, accepted):
    from services import wait_until

    wait_until(lambda: "state=online" in primary.info().get("slave0", ""), "a replica listens")
    return stores.open(primary.url + accepted)


def test_a_replica_is_refused(redis_pair_urls):
    with pytest.raises(StoreUnavailable, match="it is a replica"):
        stores.open(redis_pair_urls[1])


def test_where_nobody_listens_the_store_is_unavailable(private_redis):
    server = private_redis()
    server.kill9()
    with pytest.raises(StoreUnavailable, match="no connection"):
        stores.open(server.url)
    with pytest.raises(StoreUnavailable, match="no connection"):
        stores.open_async(server.url.replace("redis://", "redis+cluster://"))
    with pytest.raises(StoreUnavailable, match="no connection"):
        stores.open("redis://" + "x" * 70 + ".invalid")


# -- forks and event loops -----------------------------------------------------------------------


def in_child(work):
    """What a forked child says."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            said = str(work())
        except BaseException as error:  # noqa: BLE001 - told to the parent
            said = type(error).__name__
        os.write(write_end, said.encode())
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(pid, 0)
    return said


def test_a_fork_shares_the_documents_and_no_connection(store):
    store.swap("k/s/p", None, b"one")
    version = store.load("k/s/p")[0]

    assert in_child(lambda: store.swap("k/s/p", version, b"two")) == "None"
    assert store.swap("k/s/p", version, b"three") == (version + 1, b"two")
    assert in_child(lambda: store.load("k/s/p")[1]) == "b'two'"
    assert store.load("k/s/p") == (version + 1, b"two")


def test_an_async_store_goes_from_one_event_loop_to_the_next_and_through_a_fork(tmp_path):
    store = stores.open_async(address("redis", tmp_path))

    async def count():
        there = await store.load("k/s/p")
        await store.swap("k/s/p", there and there[0], b"%d" % (int(there[1]) + 1 if there else 1))
        return (await store.load("k/s/p"))[1]

    assert asyncio.run(count()) == b"1"
    assert asyncio.run(count()) == b"2"

    async def fork():
        await count()
        told = in_child(in_other_loop(count))
        return told, await count()

    # The child has a loop of its own: that of its parent is running there, too.
    assert asyncio.run(fork()) == ("b'4'", b"5")
    asyncio.run(store.erase("k/s/p"))


def in_other_loop(count):
    def run():
        with ThreadPoolExecutor(1) as threads:
            return threads.submit(asyncio.run, count()).result()

    return run


def test_a_call_that_was_cancelled_before_it_was_sent_is_not_sent(tmp_path):
    async def cancelled():
        store = stores.open_async(address("redis", tmp_path))
        await store.load("k/s/p")
        task = asyncio.ensure_future(store.swap("k/s/p", None, b"one"))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        there = await store.load("k/s/p")
        await store.close()
        return there

    assert asyncio.run(cancelled()) is None


def test_a_call_that_fails_fails_alone(tmp_path, redis):
    async def all_at_once():
        store = stores.open_async(address("redis", tmp_path))
        redis.lpush(store.talks._name("facts/s/bad"), b"one")
        calls = [store.swap(f"facts/s/{n}", None, b"") for n in range(20)]
        calls += [store.load("facts/s/bad"), store.swap("facts/s/bad", None, b"")]
        calls += [store.load(f"facts/s/{n}") for n in range(20, 40)]
        told = await asyncio.gather(*calls, return_exceptions=True)
        for n in range(20):
            await store.erase(f"facts/s/{n}")
        await store.erase("facts/s/bad")
        await store.close()
        return told

    told = asyncio.run(all_at_once())
    assert told[:20] == [None] * 20
    assert [type(each) for each in told[20:22]] == [StoreUnavailable] * 2
    assert told[22:] == [None] * 20


def test_a_thousand_calls_at_once_share_one_connection(private_redis):
    server = private_redis()

    async def many():
        store = stores.open_async(server.url)
        before = int(server.info()["total_connections_received"])
        await asyncio.gather(*(store.swap(f"k/s/{n}", None, b"") for n in range(1_000)))
        after = int(server.info()["total_connections_received"])
        keys = server.cli("dbsize")
        await store.close()
        return after - before, keys

    # info() and the ping of redis-cli have connections of their own
    opened, keys = asyncio.run(many())
    assert opened <= 3
    assert keys == "1000"


def test_the_longest_key_is_kept(store):
    key = "k" * KEY_CHARS_MAX
    store.swap(key, None, b"one")
    assert store.scan(key)[0] == [key]


# -- TLS -----------------------------------------------------------------------------------------


def certificate(folder):
    """A certificate for the loopback address, signed by itself."""
    from datetime import UTC, datetime, timedelta
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "redis")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem, no_password = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "cert.pem").write_bytes(signed.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, no_password)
    )
    return folder / "cert.pem", folder / "key.pem"


def test_with_tls_the_server_has_to_prove_who_it_is(private_redis, tmp_path):
    cert, key = certificate(tmp_path)
    port = free_port()
    private_redis(tls_port=port, tls_cert_file=cert, tls_key_file=key, tls_auth_clients=False)
    url = f"rediss://127.0.0.1:{port}"

    for open_store in (stores.open, lambda url: Waiting(stores.open_async(url))):
        with closing(open_store(f"{url}?ssl_ca_certs={cert}")) as store:
            store.swap("k/s/p", (store.load("k/s/p") or [None])[0], b"one")
            assert store.load("k/s/p")[1] == b"one"
        for wrong in (url, f"{url}?ssl_ca_certs={tmp_path}/none.pem", f"redis://127.0.0.1:{port}"):
            with pytest.raises(StoreUnavailable, match="no connection"):
                open_store(wrong)
