"""A store that passes the contract is a store; and every way in which SQLite fails has a name."""

import asyncio
import os
import pickle
import sqlite3
import subprocess
import sys
import warnings
from contextlib import closing

import pytest

from minorguard import stores
from minorguard.errors import (
    Contention,
    OutcomeUnknown,
    StoreError,
    StoreUnavailable,
    UnknownStore,
)
from minorguard.stores.memory import AsyncMemoryStore, MemoryStore
from minorguard.stores.protocol import NOTHING
from minorguard.stores.sqlite import WAL_SAFE_FROM, AsyncSqliteStore, SqliteStore
from minorguard.testing import (
    AsyncFlakyStore,
    AsyncStoreContract,
    FlakyStore,
    StoreContract,
    Waiting,
)

JOURNALS = ["wal", "truncate", "delete", "persist"]


# -- the contract --------------------------------------------------------------------------------


class TestMemory(StoreContract):
    def setup_method(self):
        self.kept = MemoryStore()
        super().setup_method()

    def open_store(self, place):
        assert place.is_dir()
        return self.kept


class TestAsyncMemory(TestMemory):
    def open_store(self, place):
        return Waiting(AsyncMemoryStore(super().open_store(place)))


class TestSqlite(StoreContract):
    def open_store(self, place):
        return stores.open(f"sqlite:///{place / 'minors.db'}")


class TestSqliteWal(StoreContract):
    def open_store(self, place):
        return stores.open(f"sqlite:///{place / 'minors.db'}?journal=wal&sync=full")


class TestAsyncSqlite(AsyncStoreContract):
    def open_async_store(self, place):
        return stores.open_async(f"sqlite:///{place / 'minors.db'}")


class TestFlakyWithoutMishaps(TestMemory):
    def open_store(self, place):
        calm = {"timeout_after_write_one_in": 0, "timeout_before_write_one_in": 0}
        return FlakyStore(super().open_store(place), refuse_one_in=0, **calm)


class Reused(MemoryStore):
    def swap(self, key, version, body):
        self._newest = 0
        return super().swap(key, version, body)


class Caseless(MemoryStore):
    def load(self, key):
        return super().load(key.lower())

    def swap(self, key, version, body):
        return super().swap(key.lower(), version, body)


class FirstPage(MemoryStore):
    def scan(self, prefix, cursor=None):
        return super().scan(prefix, cursor)[0], None


class SilentRefusal(MemoryStore):
    def swap(self, key, version, body):
        return super().swap(key, version, body) and NOTHING


class Sticky(MemoryStore):
    def erase(self, key):
        self.swap(key, self.load(key) and self.load(key)[0], b"")


@pytest.mark.parametrize("broken", [Reused, Caseless, FirstPage, SilentRefusal, Sticky])
def test_the_contract_refuses_a_store_that_breaks_it(broken):
    class Contract(TestMemory):
        def setup_method(self):
            StoreContract.setup_method(self)

        def open_store(self, _):
            self.kept = getattr(self, "kept", None) or broken()
            return self.kept

    failed = []
    for name in dir(Contract):
        if name.startswith("test_"):
            contract = Contract()
            contract.setup_method()
            try:
                getattr(contract, name)()
            except AssertionError:
                failed.append(name)
            finally:
                contract.teardown_method()
    assert failed


# -- addresses -----------------------------------------------------------------------------------


def test_an_address_names_a_store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "a b%25?#.db"
    absolute = stores.open(f"sqlite:///{tmp_path}/a%20b%2525%3F%23.db?timeout_s=0.5")
    relative = stores.open("sqlite:///a%20b%2525%3F%23.db?journal=delete&sync=full")

    assert isinstance(stores.open("memory:"), MemoryStore)
    assert isinstance(stores.open_async("memory:"), AsyncMemoryStore)
    assert (tmp_path / name).is_file()
    assert relative.swap("k/s/p", None, b"one") is None
    assert absolute.load("k/s/p")[1] == b"one"
    assert (relative.journal, relative.sync) == ("delete", "full")
    absolute.close()
    relative.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "want memory:"),
        ("minors.db", "want memory:"),
        (None, "want memory:"),
        ("http://[", "want memory:"),
        ("mysql://u:secret@host/db", "mysql: no store is called so"),
        ("memory:secret", "has no name"),
        ("memory:?journal=wal", "unknown option 'journal', it takes none"),
        ("sqlite:", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "memory:"),
        ("sqlite://secret.db", "three slashes"),
        ("sqlite:///secret%00.db", "no file is called so"),
        ("sqlite:///secret.db#x", "written %23"),
        ("sqlite:///secret.db?jurnal=wal", "unknown option 'jurnal', want journal, sync"),
        ("sqlite:///secret.db?sync=full&sync=normal", "option sync is given twice"),
        ("sqlite:///secret.db?sync=off", "sync: want one of normal, full, extra"),
        ("sqlite:///secret.db?journal=off", "journal: want one of wal, delete"),
        ("sqlite:///secret.db?journal=", "journal: want one of wal, delete"),
        ("sqlite:///secret.db?timeout_s=soon", "timeout_s: want seconds"),
        ("sqlite:///secret.db?timeout_s=nan", "timeout_s: want 0 to 60"),
        ("sqlite:///secret.db?timeout_s=61", "timeout_s: want 0 to 60"),
    ],
)
def test_a_wrong_address_is_refused_without_repeating_it(url, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for open_store in (stores.open, stores.open_async):
        with pytest.raises(UnknownStore, match=reason) as refused:
            open_store(url)
        assert "secret" not in str(refused.value)
        assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)  # noqa: S301 - our own
    assert list(tmp_path.iterdir()) == []


def test_importing_the_stores_imports_neither_sqlite_nor_asyncio():
    code = """
import sys
before = set(sys.modules)
import minorguard.stores
print(sorted({'sqlite3', 'asyncio', 'urllib.parse', 'pathlib'} & (set(sys.modules) - before)))
"""
    # minorguard itself is another test's business
    done = python("import minorguard\n" + code)

    assert done.stdout == "[]\n"


def test_a_store_in_memory_is_not_two_stores_after_a_fork():
    store = MemoryStore()
    store.swap("k/s/p", None, b"one")

    assert in_child(lambda: store.load("k/s/p")) == "StoreUnavailable"
    assert store.load("k/s/p") == (1, b"one")


# -- SQLite: what it is set to -------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    return tmp_path / "minors.db"


@pytest.fixture
def opened():
    """Opens stores, and closes them in the end."""
    kept = []

    def open_store(*args, **kwargs):
        kept.append(SqliteStore(*args, **kwargs))
        return kept[-1]

    yield open_store
    for store in kept:
        store.close()


def ask(path, *statements):
    """What plain SQLite says to the last of some statements."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return [connection.execute(statement).fetchall() for statement in statements][-1]


def test_the_default_is_the_safe_one_of_this_sqlite(path, opened, monkeypatch):
    safe = (
        ("wal", "full") if sqlite3.sqlite_version_info >= WAL_SAFE_FROM else ("truncate", "extra")
    )
    store = opened(path)
    assert (store.journal, store.sync) == safe

    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 51, 3))
    assert (opened(path).journal, opened(path).sync) == ("wal", "full")
    assert ask(path, "PRAGMA journal_mode") == [("wal",)]


@pytest.mark.parametrize("journal", JOURNALS)
def test_all_files_are_for_their_owner_alone(path, opened, journal):
    before = os.umask(0)
    try:
        opened(path, journal=journal).swap("k/s/p", None, b"one")
    finally:
        os.umask(before)

    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}


def test_a_file_system_that_cannot_keep_the_log_is_refused(path):
    # This file layer has no shared memory, like some network file systems.
    with pytest.raises(StoreUnavailable, match="does not give journal wal"):
        SqliteStore(path, journal="wal", vfs="unix-dotfile")


@pytest.mark.parametrize("journal", JOURNALS)
def test_nothing_of_an_erased_document_is_left_in_any_file(path, opened, journal):
    store = opened(path, journal=journal)
    for turn in range(8):
        for n in range(12):
            key = f"k/scope/person-{n}"
            there = store.load(key)
            store.swap(key, there and there[0], b"secret%d" % n * (turn * 37 % 200))
    for n in range(1, 12):
        store.erase(f"k/scope/person-{n}")

    left = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"person-0" in left
    assert b"person-1" not in left
    assert b"secret1" not in left


def test_a_file_that_is_in_another_mode_is_brought_over(path, opened):
    wal = opened(path, journal="wal")
    wal.swap("k/s/p", None, b"one")
    wal.close()

    assert opened(path, journal="truncate").load("k/s/p")[1] == b"one"
    assert ask(path, "PRAGMA journal_mode") == [("delete",)]  # as a program that sets nothing sees


# -- SQLite: what goes wrong ---------------------------------------------------------------------


@pytest.mark.parametrize("journal", JOURNALS)
def test_a_file_that_another_program_writes_to_is_contention(path, opened, journal):
    store = opened(path, journal=journal, timeout_s=0.02)
    store.swap("k/s/p", None, b"one")
    version, _ = store.load("k/s/p")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for call in (
            lambda: store.swap("k/s/p", version, b"two"),
            lambda: store.swap("k/s/q", None, b"two"),
            lambda: store.erase("k/s/p"),
        ):
            with pytest.raises(Contention, match="SQLITE_BUSY"):
                call()
        if journal != "wal":
            with pytest.raises(Contention):
                store.load("k/s/p")
            with pytest.raises(Contention):
                SqliteStore(path, journal=journal, timeout_s=0)
        other.execute("ROLLBACK")

    assert store.load("k/s/p") == (version, b"one")
    assert store.swap("k/s/p", version, b"two") is None


def test_a_commit_that_a_reader_holds_up_is_contention_and_changes_nothing(path, opened):
    store = opened(path, journal="truncate", timeout_s=0.02)
    store.swap("k/s/p", None, b"one")
    there = store.load("k/s/p")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM document").fetchall()  # holds its lock until the end
        with pytest.raises(Contention):
            store.swap("k/s/p", there[0], b"two")
        other.execute("COMMIT")

    assert store.load("k/s/p") == there
    assert store.swap("k/s/p", there[0], b"two") is None


def test_a_change_of_journal_that_another_program_holds_up_is_contention(path, opened):
    opened(path, journal="wal").swap("k/s/p", None, b"one")

    with pytest.raises(Contention):
        SqliteStore(path, journal="truncate", timeout_s=0.02)


def test_what_is_no_database_of_ours_is_refused_and_left_alone(path, tmp_path):
    ask(tmp_path / "foreign.db", "CREATE TABLE t (a)")
    ask(tmp_path / "empty.db", "PRAGMA application_id = 7")
    ask(tmp_path / "old.db", "PRAGMA user_version = 7")
    (tmp_path / "text.db").write_bytes(b"born: 2012-05-01\n" * 100)
    (tmp_path / "folder.db").mkdir()
    SqliteStore(path).close()
    ask(path, "PRAGMA user_version = 2")
    wanted = {
        "foreign.db": "belongs to another program",
        "empty.db": "belongs to another program",
        "old.db": "belongs to another program",
        "text.db": "SQLITE_NOTADB",
        "folder.db": "SQLITE_CANTOPEN",
        "no/folder/x.db": "cannot make the file: No such file or directory",
        "minors.db": "has schema 2, this version reads 1",
    }
    for name, reason in wanted.items():
        file = tmp_path / name
        before = file.read_bytes() if file.is_file() else None
        with pytest.raises(StoreUnavailable, match=reason):
            SqliteStore(file, journal="wal")
        assert before == (file.read_bytes() if file.is_file() else None)


def test_a_damaged_file_is_unavailable(path, opened):
    store = opened(path)
    for n in range(20):
        store.swap(f"k/s/{n}", None, b"x" * 3000)
    version, _ = store.load("k/s/1")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))

    for call in (
        lambda: store.load("k/s/1"),
        lambda: store.swap("k/s/1", version, b"two"),
        lambda: store.swap("k/s/new", None, b"two"),
        lambda: store.erase("k/s/1"),
        lambda: store.scan(""),
    ):
        store.close()
        with pytest.raises(StoreUnavailable, match="SQLITE_CORRUPT"):
            call()


def test_a_file_that_is_deleted_is_not_begun_anew(path, opened):
    store = opened(path, journal="truncate")
    store.swap("k/s/p", None, b"one")
    path.unlink()

    with pytest.raises(StoreUnavailable, match="SQLITE_READONLY"):
        store.swap("k/s/q", None, b"two")
    with pytest.raises(StoreUnavailable, match="SQLITE_CANTOPEN"):
        store.load("k/s/p")
    assert not path.exists()


def python(code, *args):
    """A program run by another Python, which must not fail."""
    command = [sys.executable, "-c", code, *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=True)


HELPER = """
import ctypes, os, sys
from pathlib import Path
from minorguard.errors import StoreError
from minorguard.stores.sqlite import SqliteStore

def told(call):
    try:
        return call() or 'done'
    except StoreError as error:
        return type(error).__name__
"""


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_may_not_be_written_can_still_be_read(what):
    code = (
        HELPER
        + """
import shutil, tempfile
folder = Path(tempfile.mkdtemp())
folder.chmod(0o755)
path = folder / 'x.db'
store = SqliteStore(path, journal='truncate')
store.swap('k/s/p', None, b'one')
version, _ = store.load('k/s/p')
store.close()
(folder / 'x.db-journal').unlink()
path.chmod(0o444 if sys.argv[1] == 'file' else 0o666)
folder.chmod(0o555 if sys.argv[1] == 'folder' else 0o755)
child = os.fork()
if child == 0:
    if os.geteuid() == 0:  # to whom nothing is forbidden
        os.setgid(65534)
        os.setuid(65534)
    print(store.load('k/s/p')[1], told(lambda: store.swap('k/s/p', version, b'two')))
    print(told(lambda: store.erase('k/s/p')), flush=True)
    os._exit(0)
os.waitpid(child, 0)
folder.chmod(0o755)
shutil.rmtree(folder)
"""
    )
    assert python(code, what).stdout == "b'one' StoreUnavailable\nStoreUnavailable\n"


def test_a_file_that_may_not_grow_is_an_error_and_stays_whole(path, opened):
    code = (
        HELPER
        + """
import resource
store = SqliteStore(sys.argv[1])
store.swap('k/s/p', None, b'old')
version, _ = store.load('k/s/p')
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
print(told(lambda: store.swap('k/s/p', version, bytes(1 << 20))))
print(store.load('k/s/p') == (version, b'old'))
print(told(lambda: store.swap('k/s/p', version, b'new')))
"""
    )
    # The file layer tells SQLite of an I/O error here, not of a full disk: nobody knows.
    assert python(code, path).stdout == "OutcomeUnknown\nTrue\ndone\n"
    assert opened(path).load("k/s/p")[1] == b"new"
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]


# -- SQLite: forks and processes -----------------------------------------------------------------


def in_child(work):
    """What a fork of this process returns, or the name of its error."""
    ours, theirs = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pytest's own threads do no harm here
        child = os.fork()
    if child == 0:
        try:
            os.write(theirs, str(work()).encode())
        except StoreError as error:
            os.write(theirs, type(error).__name__.encode())
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text


@pytest.mark.parametrize("journal", JOURNALS)
def test_a_store_is_the_same_store_after_a_fork(path, opened, journal):
    store = opened(path, journal=journal)
    store.swap("k/s/p", None, b"one")
    version, _ = store.load("k/s/p")

    assert in_child(lambda: store.swap("k/s/p", version, b"child")) == "None"
    assert store.load("k/s/p") == (version + 1, b"child")
    assert store.swap("k/s/p", version + 1, b"parent") is None
    assert in_child(lambda: store.load("k/s/p")) == str((version + 2, b"parent"))
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_child_writes_on_when_its_parent_has_closed_the_file(path, opened):
    # Inherited locks would let the parent, as it seems the last one, delete the child's log.
    store = opened(path, journal="wal")
    store.swap("k/s/p", None, b"one")
    to_child, go = os.pipe()

    def child():
        first = store.load("k/s/p")
        os.write(ready, b".")
        os.read(to_child, 1)
        return store.swap("k/s/p", first[0], b"child")

    wait, ready = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pytest's own threads do no harm here
        pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if child() is None else 1)
        finally:
            os._exit(2)
    os.read(wait, 1)
    store.load("k/s/p")
    store.close()
    os.write(go, b".")
    assert os.waitpid(pid, 0)[1] == 0
    assert store.load("k/s/p")[1] == b"child"
    for pipe in (to_child, go, wait, ready):
        os.close(pipe)


def test_a_fork_that_python_does_not_see_is_refused(path):
    code = (
        HELPER
        + """
store = SqliteStore(sys.argv[1])
store.swap('k/s/p', None, b'one')
child = ctypes.CDLL(None).fork()
if child == 0:
    store.close()
    print(told(lambda: store.load('k/s/p')), flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(store.load('k/s/p')[1])
"""
    )
    assert python(code, path).stdout == "StoreUnavailable\nb'one'\n"


WRITER = (
    HELPER
    + """
path, journal, who = sys.argv[1:]
store = SqliteStore(path, journal=journal, timeout_s=60)
print('ready', flush=True)
sys.stdin.readline()
won = []
while True:
    there = store.load('k/s/p')
    if there and there[1].split()[0] == b'60':
        break
    n = int(there[1].split()[0]) + 1 if there else 1
    if store.swap('k/s/p', there and there[0], b'%d %s' % (n, who.encode())) is None:
        won.append(n)
print(*won)
"""
)


@pytest.mark.parametrize("journal", JOURNALS[:2])
def test_each_version_has_one_winner_among_eight_processes(path, opened, journal):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), journal, str(n)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(8)  # and all of them make the file at once
    ]
    assert [writer.stdout.readline() for writer in writers] == ["ready\n"] * 8
    told = []
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        told += map(int, writer.communicate()[0].split())

    assert sorted(told) == list(range(1, 61))
    assert opened(path, journal=journal).load("k/s/p")[1].startswith(b"60 ")


def test_a_cancelled_swap_is_done_or_not_but_never_half(path):
    async def main():
        store = AsyncSqliteStore(SqliteStore(path))
        swap = asyncio.ensure_future(store.swap("k/s/p", None, b"x" * 100_000))
        await asyncio.sleep(0)
        swap.cancel()
        with pytest.raises(asyncio.CancelledError):
            await swap
        found = await store.load("k/s/p")
        assert found is None or found[1] == b"x" * 100_000
        await store.close()

    asyncio.run(main())


# -- a store that misbehaves ---------------------------------------------------------------------


def lived(seed, **mishaps):
    """What a flaky store answered to some calls, and whether the answer was true."""
    real = MemoryStore()
    store = FlakyStore(real, seed=seed, **mishaps)
    answers = []
    for n in range(400):
        before = real.load("k/s/p")
        body = b"%d" % n
        try:
            refused = store.swap("k/s/p", before and before[0], body)
        except OutcomeUnknown:
            answers.append("written" if real.load("k/s/p") != before else "not written")
        else:
            answers.append("refused" if refused else "done")
            assert (real.load("k/s/p")[1] == body) == (refused is None)
            assert refused in (None, before or NOTHING)
    return answers, store.mishaps.counts


def test_a_flaky_store_refuses_one_swap_in_ten_and_times_out_both_ways():
    answers, counts = lived(seed=1)

    assert 20 < answers.count("refused") == counts["refuse"] < 60
    assert 5 < answers.count("written") == counts["after"] < 40
    assert 5 < answers.count("not written") == counts["before"] < 40


def test_a_flaky_store_does_the_same_again_for_its_seed():
    assert lived(seed=7) == lived(seed=7)
    assert lived(seed=7) != lived(seed=8)


def test_a_mishap_that_is_turned_off_never_happens():
    answers, _ = lived(1, timeout_after_write_one_in=0, timeout_before_write_one_in=0)

    assert set(answers) == {"done", "refused"}


def test_a_flaky_load_fails_as_often_as_it_is_told():
    store = FlakyStore(MemoryStore(), unavailable_one_in=2)
    failed = 0
    for _ in range(100):
        try:
            store.load("k/s/p")
        except StoreUnavailable:
            failed += 1

    assert 30 < failed == store.mishaps.counts["unavailable"] < 70


def test_the_asynchronous_flaky_store_has_the_same_mishaps():
    def answers(store):
        for n in range(100):
            try:
                yield store.swap("k/s/p", None, b"%d" % n)
            except StoreError as error:
                yield type(error)
            try:
                yield store.load("k/s/p")
            except StoreError as error:
                yield type(error)

    plain = FlakyStore(MemoryStore(), unavailable_one_in=5, seed=3)
    waiting = Waiting(AsyncFlakyStore(AsyncMemoryStore(), unavailable_one_in=5, seed=3))

    assert list(answers(waiting)) == list(answers(plain))
    assert waiting.scan("k") == plain.scan("k")
    waiting.erase("k/s/p")
    assert waiting.scan("k") == ([], None)
    waiting.close()
