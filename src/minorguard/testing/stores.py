"""What a store promises, as tests: a store that passes ``StoreContract`` is a store.

.. code-block:: python

    class TestMyStore(StoreContract):
        def open_store(self, place: Path) -> Store:
            return MyStore(place / "documents")

``place`` is an empty folder that is there while one test runs. Two stores that are opened for one
place have the same documents; a store that keeps nothing in files takes the folder's name for its
own. Failures are ``AssertionError``, raised in so many words, so they hold under ``python -O`` too.
"""
# ruff: noqa: D102 - a test's name is its claim

from __future__ import annotations

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier, Lock, Thread
from typing import TYPE_CHECKING

from minorguard.stores.protocol import BODY_BYTES_MAX, KEY_CHARS_MAX, NOTHING

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Coroutine, Iterable, Sequence
    from typing import Any, TypeVar

    from minorguard.stores.protocol import AsyncStore, Found, Page, Store

    T = TypeVar("T")

WRITERS = 16

ODD_KEYS = (
    "time/cn.game/p",
    "time/cn.game/P",
    "TIME/cn.game/p",
    "time/cn.game/p ",
    "time/cn.game/p-1",
    "time/cn.game/p_1",
    "time/cn.game/p%1",
    "time/cn.game/p*",
    "time/cn.game/p?",
    "time/cn.game/[p]",
    "time/cn.game/{p}",
    "time/cn.game/p'; DROP TABLE document; --",
    'time/cn.game/"p"',
    "time/cn.game/p\\n",
    "time/cn.game/p:1@x",
    "time/cn.game/~",
    "time//",
    "p" * KEY_CHARS_MAX,
    "p" * (KEY_CHARS_MAX - 1),
)
"""Keys that differ by little, or mean something to somebody."""


def expect(holds: object, claim: str) -> None:
    """Fail with the claim unless it holds."""
    if not holds:
        raise AssertionError(claim)


def at_once(work: Callable[[int], T], n: int = WRITERS) -> list[T]:
    """What ``n`` threads return that begin together, each given its number."""
    start = Barrier(n)

    def begin(number: int) -> T:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(n) as threads:
        return list(threads.map(begin, range(n)))


def call(calls: Sequence[Callable[[], T]], number: int) -> T:
    """Do the call with that number."""
    return calls[number]()


class StoreContract:
    """All that a store promises; see the module."""

    place: Path
    store: Store

    def open_store(self, place: Path) -> Store:
        """A store with the documents of that place."""
        raise NotImplementedError

    def setup_method(self) -> None:
        """Called by pytest before each test."""
        self.place = Path(tempfile.mkdtemp(prefix="minorguard-"))
        self.store = self.open_store(self.place)

    def teardown_method(self) -> None:
        """Called by pytest after each test."""
        self.store.close()
        shutil.rmtree(self.place, ignore_errors=True)

    def write(self, key: str, body: bytes = b"") -> int:
        """Put a document there, whatever was there before; its version."""
        there = self.store.load(key)
        refused = self.store.swap(key, there and there[0], body)
        expect(refused is None, "a swap on the version that was just loaded was refused")
        return there[0] + 1 if there else self.there(key)[0]

    def there(self, key: str, store: Store | None = None) -> Found:
        """The document that has to be there."""
        found = (store or self.store).load(key)
        if found is None:
            raise AssertionError("a document that was written is not there")
        return found

    def keys(self, prefix: str) -> list[str]:
        """All keys that begin so, page by page."""
        found, cursor = self.store.scan(prefix)
        while cursor is not None:
            page, cursor = self.store.scan(prefix, cursor)
            found = found + page
        return found

    # -- one writer ------------------------------------------------------------------------------

    def test_nothing_is_there_at_first(self) -> None:
        expect(self.store.load("k/s/p") is None, "an empty store has a document")
        expect(self.store.scan("") == ([], None), "an empty store has keys")

    def test_what_is_swapped_in_is_loaded(self) -> None:
        expect(self.store.swap("k/s/p", None, b"one") is None, "a first swap was refused")
        version, body = self.there("k/s/p")
        expect(body == b"one", "another body came back")
        expect(version >= 1, "a version is less than 1")

    def test_a_swap_makes_the_next_version(self) -> None:
        first = self.write("k/s/p", b"one")
        expect(self.store.swap("k/s/p", first, b"two") is None, "a swap was refused")
        expect(self.there("k/s/p") == (first + 1, b"two"), "not the next version")
        expect(self.store.swap("k/s/p", first + 1, b"two") is None, "the same body was refused")
        expect(self.there("k/s/p") == (first + 2, b"two"), "the same body is no new version")

    def test_a_refused_swap_returns_what_is_there_and_changes_nothing(self) -> None:
        version = self.write("k/s/p", b"one")
        for wrong in (None, 0, version - 1, version + 1, (1 << 63) - 1):
            refused = self.store.swap("k/s/p", wrong, b"two")
            expect(refused == (version, b"one"), "a refused swap did not return what is there")
        expect(self.there("k/s/p") == (version, b"one"), "a refused swap changed something")

    def test_a_swap_of_a_version_that_is_not_there_returns_nothing(self) -> None:
        for wrong in (0, 1, 7, (1 << 63) - 1):
            expect(self.store.swap("k/s/p", wrong, b"one") == NOTHING, "did not return NOTHING")
        expect(self.store.load("k/s/p") is None, "a refused swap left a document")

    def test_an_erased_document_is_gone(self) -> None:
        version = self.write("k/s/p", b"one")
        self.store.erase("k/s/p")
        expect(self.store.load("k/s/p") is None, "an erased document is there")
        expect(self.keys("") == [], "the key of an erased document is there")
        expect(self.store.swap("k/s/p", version, b"two") == NOTHING, "an old version was taken")

    def test_to_erase_again_or_what_never_was_is_no_error(self) -> None:
        self.store.erase("k/s/p")
        self.write("k/s/p")
        self.store.erase("k/s/p")
        self.store.erase("k/s/p")
        expect(self.store.load("k/s/p") is None, "an erased document is there")

    def test_a_version_never_comes_back(self) -> None:
        seen: list[int] = []
        for length in (3, 1, 5, 2, 4, 1, 1, 9):
            seen += [self.write("k/s/p") for _ in range(length)]
            self.store.erase("k/s/p")
        expect(len(set(seen)) == len(seen), "a version came back after its document was erased")

    def test_keys_are_kept_apart_to_the_letter(self) -> None:
        for key in ODD_KEYS:
            self.write(key, key.encode())
        for key in ODD_KEYS:
            expect(self.there(key)[1] == key.encode(), f"{key!r} has the body of another key")
        self.store.erase(ODD_KEYS[0])
        left = sorted(self.keys(""))
        expect(left == sorted(ODD_KEYS[1:]), "erasing one key erased another")

    def test_a_body_is_bytes_and_comes_back_as_it_was(self) -> None:
        bodies = (b"", b"\0", bytes(range(256)), b"\xff" * 4096, b"\r\n\x1a", b"{}")
        for body in (*bodies, bytes(range(256)) * 1025, bytes(BODY_BYTES_MAX), b""):
            self.write("k/s/p", body)
            found = self.there("k/s/p")[1]
            expect(type(found) is bytes, "a body is not bytes")
            expect(found == body, "a body did not come back as it was")

    def test_two_stores_of_one_place_have_the_same_documents(self) -> None:
        other = self.open_store(self.place)
        version = self.write("k/s/p", b"one")
        expect(self.there("k/s/p", other) == (version, b"one"), "not seen from the other store")
        expect(other.swap("k/s/p", version, b"two") is None, "refused to the other store")
        expect(self.store.swap("k/s/p", version, b"two") == (version + 1, b"two"), "seen too late")
        other.erase("k/s/p")
        expect(self.store.load("k/s/p") is None, "an erasure was not seen")
        other.close()

    def test_a_closed_store_opens_again(self) -> None:
        version = self.write("k/s/p", b"one")
        self.store.close()
        self.store.close()
        expect(self.there("k/s/p") == (version, b"one"), "a document is gone after close")

    # -- keys ------------------------------------------------------------------------------------

    def test_a_scan_takes_a_prefix_as_it_is_written(self) -> None:
        for key in ODD_KEYS:
            self.write(key)
        for prefix in ("", "t", "time/cn.game/p", "time/cn.game/p%", "time/%", "p" * 159, "*", "q"):
            wanted = sorted(key for key in ODD_KEYS if key.startswith(prefix))
            expect(sorted(self.keys(prefix)) == wanted, f"prefix {prefix!r} found other keys")

    def test_a_scan_tells_all_keys_that_stay_while_others_come_and_go(self) -> None:
        stay = {f"k/s/{n}" for n in range(240) if n % 6}
        for n in range(240):
            self.store.swap(f"k/s/{n}", None, b"")
        self.store.swap("other/s/p", None, b"")
        found, cursor = self.store.scan("k/")
        for n in range(0, 240, 6):
            self.store.erase(f"k/s/{n}")
            self.store.swap(f"k/t/{n}", None, b"")
            if cursor is not None and n % 60 == 0:
                page, cursor = self.store.scan("k/", cursor)
                found = found + page
        while cursor is not None:
            page, cursor = self.store.scan("k/", cursor)
            found = found + page
        expect(stay <= set(found), "a key that was there all the time was left out")
        expect(all(key.startswith("k/") for key in found), "a key with another prefix was told")

    # -- many writers ----------------------------------------------------------------------------

    def test_each_version_has_exactly_one_winner(self) -> None:
        other = self.open_store(self.place)
        stores = (self.store, other)
        version = None
        for turn in range(12):
            bodies = [b"%d %d" % (turn, number) for number in range(WRITERS)]

            swaps = [
                partial(stores[number % 2].swap, "k/s/p", version, body)
                for number, body in enumerate(bodies)
            ]
            answers = at_once(partial(call, swaps))
            winners = [bodies[n] for n, answer in enumerate(answers) if answer is None]
            expect(len(winners) == 1, f"{len(winners)} writers won one version")
            version, body = there = self.there("k/s/p")
            expect(body == winners[0], "the body is not the winner's")
            expect(all(a in (None, there) for a in answers), "a loser was told something else")
        other.close()

    def test_no_count_is_lost_when_all_count_at_once(self) -> None:
        def count(_: int) -> None:
            for _ in range(8):
                there = self.store.load("k/s/p")
                while True:
                    n = int(there[1]) if there else 0
                    there = self.store.swap("k/s/p", there and there[0], b"%d" % (n + 1))
                    if there is None:
                        break
                    there = None if there == NOTHING else there

        at_once(count)
        expect(int(self.there("k/s/p")[1]) == WRITERS * 8, "a count was lost")

    def test_writers_of_other_keys_are_never_refused(self) -> None:
        def fill(number: int) -> int:
            key, version, refused = f"k/s/{number}", None, 0
            for body in (b"1", b"2", b"3"):
                refused += self.store.swap(key, version, body) is not None
                version = self.there(key)[0]
            return refused

        expect(sum(at_once(fill)) == 0, "a writer that was alone with its key was refused")

    def test_a_version_has_one_body_for_ever_while_others_erase(self) -> None:
        def live(number: int) -> list[Found]:
            seen: list[Found] = []
            for turn in range(10):
                there = self.store.load("k/s/p")
                if there and (number + turn) % 5 == 0:
                    self.store.erase("k/s/p")
                self.store.swap("k/s/p", there and there[0], b"%d %d" % (number, turn))
                seen += [there] if there else []
            return seen

        check_one_body_each(found for seen in at_once(live) for found in seen)


def check_one_body_each(seen: Iterable[Found]) -> None:
    """Fail where one version was seen with two bodies."""
    bodies: dict[int, bytes] = {}
    for version, body in seen:
        expect(bodies.setdefault(version, body) == body, "a version came back with another body")


class EventLoop:
    """A thread that runs an event loop, for callers that cannot await."""

    def __init__(self) -> None:
        self._loop: AbstractEventLoop | None = None
        self._starting = Lock()

    def wait(self, call: Coroutine[Any, Any, T]) -> T:
        """What the call returns; the thread starts with the first one."""
        import asyncio

        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = Thread(target=self._loop.run_forever, daemon=True)
                self._thread.start()
        return asyncio.run_coroutine_threadsafe(call, self._loop).result()

    def end(self) -> None:
        """End the loop and its thread; a later call begins another."""
        if self._loop:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._loop = None


class Waiting:
    """An ``AsyncStore`` for callers that cannot await: a thread of its own runs the event loop."""

    def __init__(self, store: AsyncStore) -> None:
        self._store = store
        self._loop = EventLoop()

    def load(self, key: str) -> Found | None:
        """See ``Store.load``."""
        return self._loop.wait(self._store.load(key))

    def swap(self, key: str, version: int | None, body: bytes) -> Found | None:
        """See ``Store.swap``."""
        return self._loop.wait(self._store.swap(key, version, body))

    def erase(self, key: str) -> None:
        """See ``Store.erase``."""
        self._loop.wait(self._store.erase(key))

    def scan(self, prefix: str, cursor: str | None = None) -> Page:
        """See ``Store.scan``."""
        return self._loop.wait(self._store.scan(prefix, cursor))

    def close(self) -> None:
        """See ``Store.close``. The event loop ends too, and a later call begins another."""
        self._loop.wait(self._store.close())
        self._loop.end()


class AsyncStoreContract(StoreContract):
    """The same promises of an ``AsyncStore``: the same tests, each call awaited."""

    def open_async_store(self, place: Path) -> AsyncStore:
        """An asynchronous store with the documents of that place."""
        raise NotImplementedError

    def open_store(self, place: Path) -> Store:
        """The same, for tests that cannot await."""
        return Waiting(self.open_async_store(place))
