"""The guard that waits on asyncio: ``sync`` written again, call by call (``test_parity``)."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from minorguard.core.acts import Play
from minorguard.core.dayplan import DayPlan, day_plan
from minorguard.core.ruling import stamp_of
from minorguard.errors import (
    Contention,
    OutcomeUnknown,
    StoreError,
    StoreUnavailable,
)
from minorguard.guard.desk import (
    FACTS,
    HOPS_MAX,
    MONEY,
    PATIENCE_S,
    STRIPES,
    TIME,
    TRIES_MAX,
    Codec,
    Desk,
    Doc,
    Kept,
    Moved,
    Recorded,
    Result,
    attempt,
    checked_store,
    key_behind,
    moved_to,
    read,
    together,
)
from minorguard.guard.orders import Hold, OrderStatus, holds_of, order_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Iterable
    from datetime import datetime
    from typing import Any

    from minorguard.core.acts import Request
    from minorguard.core.counted import Lease
    from minorguard.core.decision import Decision
    from minorguard.core.facts import Fact
    from minorguard.core.features import FeatureTable
    from minorguard.core.policy import Law
    from minorguard.core.recorded import Recorded as Standing
    from minorguard.core.subject import Subject
    from minorguard.core.usage import Usage
    from minorguard.guard.desk import Task
    from minorguard.stores.protocol import AsyncStore


class AsyncGuard(Desk):
    """``Guard``, awaited: for servers on asyncio. See there."""

    def __init__(
        self,
        law: Law,
        *,
        store: AsyncStore,
        scope: str | None = None,
        lease: Lease = "short",
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        super().__init__(law, scope=scope, lease=lease, clock=clock)
        checked_store(store, waits=True)
        self._store = store
        self._locks: dict[int, asyncio.Lock] = {}

    # -- asking ---------------------------------------------------------------------------------

    async def decide(self, request: Request, *, at: datetime | None = None) -> Decision:
        """See ``Guard.decide``."""
        at = self.now(at)
        self._check(request, named=True)
        first = self._first(await self._standing(request, at), at)
        task = self._deciding(first)
        return first if task is None else await self._run(task)

    async def decide_many(
        self, requests: Iterable[Request], *, at: datetime | None = None
    ) -> list[Decision]:
        """See ``Guard.decide_many``."""
        at = self.now(at)
        decisions: list[Decision] = []
        tasks: dict[str, list[tuple[int, Task[Decision]]]] = {}
        for index, request in enumerate(requests):
            self._check(request, named=True)
            first = self._first(await self._standing(request, at), at)
            decisions.append(first)
            task = self._deciding(first)
            if task is not None:
                tasks.setdefault(task[1], []).append((index, task))
        for same in tasks.values():
            counted = await self._run(together(task for _, task in same))
            for (index, _), decision in zip(same, counted, strict=True):
                decisions[index] = decision
        return decisions

    async def preview(self, request: Request, *, at: datetime | None = None) -> Decision:
        """See ``Guard.preview``."""
        at = self.now(at)
        self._check(request, named=False)
        first = self._first(await self._standing(request, at), at)
        task = self._deciding(first)
        if task is None:
            return first
        codec, key, change = task
        return change((await self._load(codec, key))[1])[0]

    async def features(self, subject: Subject, *, at: datetime | None = None) -> FeatureTable:
        """See ``Guard.features``."""
        at = self.now(at)
        known = await self._recorded(subject) if self.law.features_stand else None
        return self._table_of(subject, known, at)

    async def order(self, subject: Subject, order: str) -> OrderStatus | None:
        """See ``Guard.order``."""
        _, purse = await self._load(MONEY, self._key(MONEY, subject))
        return order_of(purse, subject, order)

    async def usage(self, subject: Subject, *, at: datetime | None = None) -> Usage:
        """See ``Guard.usage``."""
        at = self.now(at)
        _, playtime = await self._load(TIME, self._key(TIME, subject))
        _, purse = await self._load(MONEY, self._key(MONEY, subject))
        return self._usage_of(playtime, purse, at)

    async def plan_day(self, subject: Subject, *, at: datetime | None = None) -> DayPlan:
        """See ``Guard.plan_day``."""
        at = self.now(at)
        used = await self.usage(subject, at=at)
        if self._hangs_on_mode(Play(subject)):
            subject = (await self._recorded(subject)).of(subject, stamp_of(at))
        return day_plan(self.law, subject, at, used)

    # -- telling --------------------------------------------------------------------------------

    async def record(self, fact: Fact, *, at: datetime | None = None) -> Recorded:
        """See ``Guard.record``."""
        told = Recorded()
        for task in self._recording(fact, self.now(at)):
            told = await self._run(task)
        return told

    async def merge(self, subject: Subject, *, into: Subject) -> None:
        """See ``Guard.merge``."""
        for codec, source, target in self._both(subject, into):
            await self._merge(codec, source, target)

    async def erase(self, subject: Subject) -> None:
        """See ``Guard.erase``."""
        for codec in (TIME, MONEY, FACTS):
            key: str | None = self._key(codec, subject)
            while key is not None:
                self._take(key)
                there = key_behind(codec, await self._store.load(key))
                await self._store.erase(key)
                key = there

    async def holds(self) -> AsyncIterator[Hold]:
        """See ``Guard.holds``."""
        prefix, cursor = f"{MONEY.kind}/{self.scope}/", None
        while True:
            keys, cursor = await self._store.scan(prefix, cursor)
            for key in keys:
                for hold in holds_of(key, await self._store.load(key)):
                    yield hold
            if cursor is None:
                return

    # -- load, step, swap -----------------------------------------------------------------------

    def _lock(self, key: str) -> asyncio.Lock:
        from asyncio import Lock as AsyncLock

        return self._locks.setdefault(hash(key) % STRIPES, AsyncLock())

    async def _standing(self, request: Request, at: datetime) -> Request:
        if not self._reads_facts(request):
            return request
        return (await self._recorded(request.subject)).within(request, stamp_of(at))

    async def _recorded(self, subject: Subject) -> Standing:
        return (await self._load(FACTS, self._key(FACTS, subject)))[1]

    async def _load(self, codec: Codec[Doc], key: str) -> Kept[Doc]:
        for _ in range(HOPS_MAX):
            try:
                return read(codec, await self._store.load(key))
            except Moved as moved:
                key = moved.key
        raise StoreUnavailable("merged in a circle")

    async def _run(self, task: Task[Result]) -> Result:
        for _ in range(HOPS_MAX):
            try:
                return await self._swapped(task)
            except Moved as moved:
                task = (task[0], moved.key, task[2])
        raise StoreUnavailable("merged in a circle")

    async def _swapped(self, task: Task[Result]) -> Result:
        from asyncio import timeout

        codec, key, _ = task
        lock = self._lock(key)
        try:
            async with timeout(PATIENCE_S):  # wait_for may swallow a cancellation, before 3.12
                await lock.acquire()
        except TimeoutError:
            raise Contention(f"the {codec.kind} document is waited for") from None
        try:
            kept = self._take(key)
            loaded = kept is None
            version, document = kept or read(codec, await self._store.load(key))
            give_up = monotonic() + PATIENCE_S
            for _ in range(TRIES_MAX):
                stepped = attempt(task, document, sure=loaded)
                if stepped is None:
                    (version, document), loaded = read(codec, await self._store.load(key)), True
                    continue
                result, after = stepped
                if after is None:
                    self._keep(key, version, document)
                    return result
                try:
                    found = await self._store.swap(key, version or None, codec.write(after))
                except OutcomeUnknown:
                    return await self._after_time_out(task)
                if found is None:
                    self._keep(key, version and version + 1, after)
                    return result
                (version, document), loaded = read(codec, found), True
                if monotonic() > give_up:
                    break
        finally:
            lock.release()
        raise Contention(f"the {codec.kind} document changed too often")

    async def _merge(self, codec: Codec[Any], source: str, target: str) -> None:
        for _ in range(TRIES_MAX):
            try:
                version, other = read(codec, await self._store.load(source))
            except Moved as moved:
                source = moved.key
                continue
            try:
                there, one = read(codec, await self._store.load(target))
            except Moved as moved:
                target = moved.key
                continue
            if source == target:
                return
            # Written even if nothing is new: who merges the other way round at once must notice.
            both = codec.write(codec.merge(one, other, source.rpartition("/")[2]))
            if await self._store.swap(target, there or None, both) is not None:
                continue
            if await self._store.swap(source, version or None, moved_to(target)) is None:
                return
        raise Contention(f"the {codec.kind} document changed too often")

    async def _after_time_out(self, task: Task[Result]) -> Result:
        """What was written, if it was: then there is nothing left to write."""
        codec, key, change = task
        try:
            _, document = read(codec, await self._store.load(key))
        except StoreError:
            raise OutcomeUnknown(f"the {codec.kind} document may have been written") from None
        result, after = change(document)
        if after != document:
            raise OutcomeUnknown(f"the {codec.kind} document may have been written")
        return result
