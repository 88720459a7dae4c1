"""Stores that misbehave on purpose, in every way that a real one does, the same way for a seed."""

from __future__ import annotations

from random import Random
from threading import Lock
from typing import TYPE_CHECKING

from minorguard.errors import OutcomeUnknown, StoreUnavailable
from minorguard.stores.protocol import NOTHING

if TYPE_CHECKING:
    from minorguard.stores.protocol import AsyncStore, Found, Page, Store


class Mishaps:
    """What goes wrong with the next call, drawn from a seed.

    Each number is one in so many calls, 0 is never. Calls from many threads draw in the order in
    which they come.
    """

    def __init__(
        self,
        *,
        refuse_one_in: int = 10,
        timeout_after_write_one_in: int = 20,
        timeout_before_write_one_in: int = 20,
        unavailable_one_in: int = 0,
        seed: int = 0,
    ) -> None:
        self.refuse_one_in = refuse_one_in
        self.timeout_after_write_one_in = timeout_after_write_one_in
        self.timeout_before_write_one_in = timeout_before_write_one_in
        self.unavailable_one_in = unavailable_one_in
        self.counts = {"refuse": 0, "after": 0, "before": 0, "unavailable": 0, "": 0}
        self._dice = Random(seed)  # noqa: S311 - it has to repeat itself, and guards nothing
        self._lock = Lock()

    def of_load(self) -> str:
        """``"unavailable"`` or nothing."""
        return self._draw(("unavailable", self.unavailable_one_in))

    def of_swap(self) -> str:
        """``"refuse"``, ``"after"``, ``"before"`` or nothing."""
        return self._draw(
            ("refuse", self.refuse_one_in),
            ("after", self.timeout_after_write_one_in),
            ("before", self.timeout_before_write_one_in),
        )

    def _draw(self, *choices: tuple[str, int]) -> str:
        with self._lock:
            # All are thrown each time: turning one mishap off leaves the others where they are.
            thrown = [name for name, n in choices if self._dice.random() * n < 1 and n]
            mishap = thrown[0] if thrown else ""
            self.counts[mishap] += 1
            return mishap


class FlakyStore:
    """A store around another one.

    - ``refuse_one_in``: a swap is refused without reason, and what is really there is returned
    - ``timeout_after_write_one_in``: ``OutcomeUnknown``, and if the swap could be done, it was
    - ``timeout_before_write_one_in``: ``OutcomeUnknown``, and nothing was done
    - ``unavailable_one_in``: a load raises ``StoreUnavailable``

    ``mishaps.counts`` tells how often each has happened.
    """

    def __init__(
        self,
        store: Store,
        *,
        refuse_one_in: int = 10,
        timeout_after_write_one_in: int = 20,
        timeout_before_write_one_in: int = 20,
        unavailable_one_in: int = 0,
        seed: int = 0,
    ) -> None:
        self._store = store
        self.mishaps = Mishaps(
            refuse_one_in=refuse_one_in,
            timeout_after_write_one_in=timeout_after_write_one_in,
            timeout_before_write_one_in=timeout_before_write_one_in,
            unavailable_one_in=unavailable_one_in,
            seed=seed,
        )

    def load(self, key: str) -> Found | None:
        """See ``Store.load``."""
        if self.mishaps.of_load():
            raise StoreUnavailable("flaky: not to be reached")
        return self._store.load(key)

    def swap(self, key: str, version: int | None, body: bytes) -> Found | None:
        """See ``Store.swap``."""
        mishap = self.mishaps.of_swap()
        if mishap == "refuse":
            return self._store.load(key) or NOTHING
        if mishap == "before":
            raise OutcomeUnknown("flaky: timed out")
        refused = self._store.swap(key, version, body)
        if mishap == "after":
            raise OutcomeUnknown("flaky: timed out")
        return refused

    def erase(self, key: str) -> None:
        """See ``Store.erase``."""
        self._store.erase(key)

    def scan(self, prefix: str, cursor: str | None = None) -> Page:
        """See ``Store.scan``."""
        return self._store.scan(prefix, cursor)

    def close(self) -> None:
        """See ``Store.close``."""
        self._store.close()


class AsyncFlakyStore:
    """See ``FlakyStore``: the same options, the same seed, the same mishaps."""

    def __init__(
        self,
        store: AsyncStore,
        *,
        refuse_one_in: int = 10,
        timeout_after_write_one_in: int = 20,
        timeout_before_write_one_in: int = 20,
        unavailable_one_in: int = 0,
        seed: int = 0,
    ) -> None:
        self._store = store
        self.mishaps = Mishaps(
            refuse_one_in=refuse_one_in,
            timeout_after_write_one_in=timeout_after_write_one_in,
            timeout_before_write_one_in=timeout_before_write_one_in,
            unavailable_one_in=unavailable_one_in,
            seed=seed,
        )

    async def load(self, key: str) -> Found | None:
        """See ``Store.load``."""
        if self.mishaps.of_load():
            raise StoreUnavailable("flaky: not to be reached")
        return await self._store.load(key)

    async def swap(self, key: str, version: int | None, body: bytes) -> Found | None:
        """See ``Store.swap``."""
        mishap = self.mishaps.of_swap()
        if mishap == "refuse":
            return await self._store.load(key) or NOTHING
        if mishap == "before":
            raise OutcomeUnknown("flaky: timed out")
        refused = await self._store.swap(key, version, body)
        if mishap == "after":
            raise OutcomeUnknown("flaky: timed out")
        return refused

    async def erase(self, key: str) -> None:
        """See ``Store.erase``."""
        await self._store.erase(key)

    async def scan(self, prefix: str, cursor: str | None = None) -> Page:
        """See ``Store.scan``."""
        return await self._store.scan(prefix, cursor)

    async def close(self) -> None:
        """See ``Store.close``."""
        await self._store.close()
