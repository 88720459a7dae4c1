"""One SQLite file: how it is opened, written, shared and closed, whatever is kept in it.

**What is acknowledged stays**, through ``kill -9`` and through a power cut
(``tests/test_crash.py`` cuts the power):

- SQLite before 3.51.3 can damage a file in WAL mode when two connections meet at a reset of the
  log, so there the default is a rollback journal with ``synchronous=EXTRA``; from 3.51.3 on it is
  WAL with ``synchronous=FULL``. Both are read back, and a file system that gives something else is
  refused. ``sync="normal"`` in WAL mode loses the last swaps in a power cut: it is never a default.
- The rollback journal is ``TRUNCATE``: no commit hangs on a directory entry as with ``DELETE``, it
  is faster, and no old document stays in the journal as with ``PERSIST``.
- The file is made once, when the store is, and never again: a file that somebody deleted is an
  error and not an empty book with every limit unspent.

**Whatever is written is one statement** outside a transaction. It takes the write lock before it
reads, as ``BEGIN IMMEDIATE`` would, and commits on its own. SQLite takes it back whole when it ends
in ``BUSY``, ``FULL``, ``READONLY`` and the like; after an I/O error nobody knows, and nobody is
told otherwise.

**Connections** are lent to one call at a time, are thrown away after any error but ``BUSY``, and
are closed before a fork: SQLite keeps its locks by process, and a child that inherits the memory
of them corrupts the file.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from minorguard.errors import (
    Contention,
    OutcomeUnknown,
    StoreError,
    StoreUnavailable,
    UnknownStore,
)
from minorguard.stores.lending import Lending

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from concurrent.futures import Executor
    from typing import ClassVar, ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")

    Value: TypeAlias = int | str | bytes | None
    Values: TypeAlias = tuple[Value, ...] | Mapping[str, Value]

WAL_SAFE_FROM = (3, 51, 3)
"""The first SQLite without the WAL-reset bug."""

TIMEOUT_S_MAX = 60

POLL_S = 0.01
"""How long SQLite itself waits for another process: it sleeps longer and longer, and starves."""

THREADS = 8
"""How many calls of an ``async`` store run at once; writers wait for each other anyway."""

APPLICATION_ID = 0x6D677264  # "mgrd"
SCHEMA = 1

JOURNALS = {
    "wal": "PRAGMA journal_mode=WAL",
    "delete": "PRAGMA journal_mode=DELETE",
    "truncate": "PRAGMA journal_mode=TRUNCATE",
    "persist": "PRAGMA journal_mode=PERSIST",
}
SYNCS = {
    "normal": (1, "PRAGMA synchronous=NORMAL"),
    "full": (2, "PRAGMA synchronous=FULL"),
    "extra": (3, "PRAGMA synchronous=EXTRA"),
}
SCRUBS = {
    "wal": ("PRAGMA wal_checkpoint(TRUNCATE)",),
    "persist": ("PRAGMA journal_mode=DELETE", "PRAGMA journal_mode=PERSIST"),
}
"""What takes erased bytes out of the journal, where a journal keeps them."""

# One tree and no rowid: half the size, and one way down for a key.
TABLE = (
    "CREATE TABLE document"
    " (key TEXT PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID"
)
CREATE = (
    TABLE,
    f"PRAGMA application_id={APPLICATION_ID}",
    f"PRAGMA user_version={SCHEMA}",
)
STAMP = (
    "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)"
    " FROM pragma_application_id, pragma_user_version"
)
READ_BACK = ("PRAGMA journal_mode", "PRAGMA synchronous", "PRAGMA secure_delete")
MISSING = "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM sqlite_master WHERE name = ?)"

BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
UNCHANGED = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}
"""Errors that come before the commit, or that make SQLite take the whole statement back."""


class SqliteFile:
    """A file, and connections to it; what is kept there is a subclass's business.

    ``journal`` and ``sync`` are chosen for safety where they are ``None``. ``timeout_s`` is how
    long a call waits for another writer. ``vfs`` names an SQLite file layer, for tests.
    """

    ADDED: ClassVar[tuple[str, ...]] = ()
    """A table that not every file has: its name, and the statements that make it."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        journal: str | None = None,
        sync: str | None = None,
        timeout_s: float = 5,
        vfs: str | None = None,
    ) -> None:
        if journal is None:
            journal = "wal" if sqlite3.sqlite_version_info >= WAL_SAFE_FROM else "truncate"
        if sync is None:
            sync = "full" if journal == "wal" else "extra"
        if journal not in JOURNALS:
            raise UnknownStore("sqlite", f"journal: want one of {', '.join(JOURNALS)}")
        if sync not in SYNCS:
            raise UnknownStore("sqlite", f"sync: want one of {', '.join(SYNCS)}")
        if not 0 <= timeout_s <= TIMEOUT_S_MAX:
            raise UnknownStore("sqlite", f"timeout_s: want 0 to {TIMEOUT_S_MAX}")
        self.journal = journal
        self.sync = sync
        self._timeout_s = timeout_s
        path = Path(path).absolute()
        self._uri = path.as_uri() + "?mode=rw" + (f"&vfs={vfs}" if vfs else "")
        # The calls of one process queue here, where SQLite would let them sleep and starve: writers
        # for each other, and readers too where a reader holds up a commit.
        self._turn = Lock()
        self._readers_queue = journal != "wal"
        self._cursors = Lending(self._connect, _shut)
        _make(path)
        self._cursors.give(self._cursors.take())

    def close(self) -> None:
        """Close all connections, after the calls that are running."""
        self._cursors.close()

    def _erase(self, statement: str, values: Values) -> None:
        """Run a statement that deletes. The bytes are overwritten, in the file and in the journal.

        A reader in another process can hold a write-ahead log up; what is in it goes with the next
        erasure or checkpoint then.
        """
        self._call(statement, values, writing=True)
        try:
            for scrub in SCRUBS.get(self.journal, ()):
                self._call(scrub, writing=True)
        except StoreError as error:
            raise OutcomeUnknown("sqlite: erased, but perhaps not from the journal") from error

    def _call(
        self, statement: str, values: Values = (), *, writing: bool = False
    ) -> tuple[list[Any], int]:
        """Run one statement that is its own transaction: its rows, and how many it changed."""
        cursor = self._cursors.take()
        in_turn = writing or self._readers_queue
        if in_turn and not self._turn.acquire(timeout=self._timeout_s):
            self._cursors.give(cursor)
            raise Contention("sqlite: too many calls at once in this process")
        try:
            rows = self._run(cursor, statement, values)
            changed = cursor.rowcount
        except BaseException as error:  # noqa: BLE001 - it is raised again, by _fail
            self._fail(cursor, error, writing=writing)
        finally:
            if in_turn:
                self._turn.release()
        self._cursors.give(cursor)
        return rows, changed

    def _run(self, cursor: sqlite3.Cursor, statement: str, values: Values) -> list[Any]:
        """Run a statement, again and again while another process is in the way."""
        deadline = None
        while True:
            try:
                return cursor.execute(statement, values).fetchall()
            except sqlite3.OperationalError as error:
                if _code(error) not in BUSY or cursor.connection.in_transaction:
                    raise
                deadline = deadline or monotonic() + self._timeout_s
                if monotonic() >= deadline:
                    raise

    def _fail(self, cursor: sqlite3.Cursor, error: BaseException, *, writing: bool) -> NoReturn:
        """Give a connection back that met an error, and say what the error means."""
        ours = _meaning(error, writing=writing) if isinstance(error, sqlite3.Error) else error
        keep = isinstance(ours, Contention) and not cursor.connection.in_transaction
        if not keep:
            # An error of the drive may be told once and then forgotten: begin anew from the file.
            _shut(cursor)
        self._cursors.give(cursor if keep else None)
        raise ours from (error if ours is not error else error.__cause__)

    def _connect(self) -> sqlite3.Cursor:
        """Open the file, make sure that it is ours, and set how it is written."""
        deadline = monotonic() + self._timeout_s
        while True:
            try:
                return self._open()
            except sqlite3.Error as error:
                ours = _meaning(error, writing=False)
                if not isinstance(ours, Contention) or monotonic() > deadline:
                    raise ours from error
            # Two changes of journal that meet fail at once, whatever the timeout.
            sleep(0.01)

    def _open(self) -> sqlite3.Cursor:
        connection = sqlite3.connect(
            self._uri,
            uri=True,
            timeout=min(POLL_S, self._timeout_s),
            isolation_level=None,
            check_same_thread=False,  # lent to one call at a time
        )
        cursor = connection.cursor()
        try:
            self._settle(cursor)
        except BaseException:
            connection.close()
            raise
        return cursor

    def _settle(self, cursor: sqlite3.Cursor) -> None:
        new = _is_new(cursor)  # before anything is changed
        level, statement = SYNCS[self.sync]
        cursor.execute(statement)
        if level > SYNCS["normal"][0]:
            cursor.execute("PRAGMA fullfsync=ON")  # macOS: past the cache of the drive
            cursor.execute("PRAGMA checkpoint_fullfsync=ON")
        cursor.execute("PRAGMA secure_delete=ON").fetchall()
        if cursor.execute("PRAGMA journal_mode").fetchall() != [(self.journal,)]:
            cursor.execute(JOURNALS[self.journal]).fetchall()
        found = [cursor.execute(pragma).fetchall() for pragma in READ_BACK]
        if found != [[(self.journal,)], [(level,)], [(1,)]]:
            raise StoreUnavailable(
                f"sqlite: this file system does not give journal {self.journal}, sync {self.sync}"
            )
        if new:
            _create(cursor)
        if self.ADDED and cursor.execute(MISSING, self.ADDED[:1]).fetchall():
            cursor.execute("BEGIN IMMEDIATE")
            for statement in self.ADDED[1:]:
                cursor.execute(statement)  # does nothing where another process was quicker
            cursor.execute("COMMIT")


def _code(error: sqlite3.Error) -> int:
    """SQLite's own code, without its details."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE)
    return code & 0xFF


def _meaning(error: sqlite3.Error, *, writing: bool) -> StoreError:
    """What an error of SQLite is to a caller. It never repeats a value."""
    code = _code(error)
    name = getattr(error, "sqlite_errorname", "SQLITE_MISUSE")
    if code in BUSY:
        return Contention(f"sqlite: {name}")
    if writing and code not in UNCHANGED:
        return OutcomeUnknown(f"sqlite: {name}")
    return StoreUnavailable(f"sqlite: {name}")


def _make(path: Path) -> None:
    """Make the file where there is none, for its owner alone; the journals take its mode."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreUnavailable(f"sqlite: cannot make the file: {error.strerror}") from None


def _is_new(cursor: sqlite3.Cursor) -> bool:
    """Whether nothing is in the file yet. Somebody else's file is refused."""
    application, schema, tables = cursor.execute(STAMP).fetchall()[0]
    if (application, schema, tables) == (0, 0, 0):
        return True
    if application != APPLICATION_ID:
        raise StoreUnavailable("sqlite: the file belongs to another program")
    if schema != SCHEMA:
        raise StoreUnavailable(f"sqlite: the file has schema {schema}, this version reads {SCHEMA}")
    return False


def _create(cursor: sqlite3.Cursor) -> None:
    cursor.execute("BEGIN IMMEDIATE")
    if _is_new(cursor):  # or another process was quicker
        for statement in CREATE:
            cursor.execute(statement)
    cursor.execute("COMMIT")


def _shut(cursor: sqlite3.Cursor) -> None:
    with suppress(sqlite3.Error):
        cursor.connection.close()


class SqliteThreads:
    """The threads in which the calls of an ``async`` caller run."""

    def __init__(self) -> None:
        self._threads: Executor | None = None
        self._pid = 0

    def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        """The call's result, awaited."""
        from asyncio import get_running_loop

        if self._threads is None or self._pid != os.getpid():  # threads do not survive a fork
            from concurrent.futures import ThreadPoolExecutor

            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="minorguard-sqlite")
            self._pid = os.getpid()
        return get_running_loop().run_in_executor(self._threads, partial(call, *args, **kwargs))

    def end(self) -> None:
        """End the threads, after the calls that are running; a later call begins new ones."""
        if self._threads:
            self._threads.shutdown(wait=False)
            self._threads = None
