"""The guard that waits by blocking: load what was counted, step, swap, repeat if it moved."""

from __future__ import annotations

from threading import Lock
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
    from collections.abc import Callable, Iterable, Iterator
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
    from minorguard.stores.protocol import Store


class Guard(Desk):
    """Decides under a law, and counts in a store what each person plays and spends.

    ``scope``: what is counted together: the first law's id, or a name that several guards share.
    ``lease``: how long an allowed Play is paid for: ``short`` (900 s, 120 s under a quota) or
    ``boundary`` (up to ``until``, for a server that ends sessions by itself). ``clock``: what
    time it is where a call gives no ``at``.

    Safe to call from many threads. Raises ``InvalidRequest`` for what cannot be judged and
    ``StoreError`` where the store did not do its part, which is never an allow.
    """

    def __init__(
        self,
        law: Law,
        *,
        store: Store,
        scope: str | None = None,
        lease: Lease = "short",
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        super().__init__(law, scope=scope, lease=lease, clock=clock)
        checked_store(store, waits=False)
        self._store = store
        self._locks = [Lock() for _ in range(STRIPES)]

    # -- asking ---------------------------------------------------------------------------------

    def decide(self, request: Request, *, at: datetime | None = None) -> Decision:
        """Judge a request, and count it if it is allowed: pay for the play, hold the money.

        A ``Play`` needs its session and a ``Spend`` its order: the same one again gets the same
        answer and counts once.
        """
        at = self.now(at)
        self._check(request, named=True)
        first = self._first(self._standing(request, at), at)
        task = self._deciding(first)
        return first if task is None else self._run(task)

    def decide_many(
        self, requests: Iterable[Request], *, at: datetime | None = None
    ) -> list[Decision]:
        """Judge many requests at one instant, in their order; each person is written once.

        On a ``StoreError`` some may have been counted; asking again counts none of them twice.
        """
        at = self.now(at)
        decisions: list[Decision] = []
        tasks: dict[str, list[tuple[int, Task[Decision]]]] = {}
        for index, request in enumerate(requests):
            self._check(request, named=True)
            first = self._first(self._standing(request, at), at)
            decisions.append(first)
            task = self._deciding(first)
            if task is not None:
                tasks.setdefault(task[1], []).append((index, task))
        for same in tasks.values():
            counted = self._run(together(task for _, task in same))
            for (index, _), decision in zip(same, counted, strict=True):
                decisions[index] = decision
        return decisions

    def preview(self, request: Request, *, at: datetime | None = None) -> Decision:
        """The answer that ``decide`` would give, with nothing written: to grey out a button."""
        at = self.now(at)
        self._check(request, named=False)
        first = self._first(self._standing(request, at), at)
        task = self._deciding(first)
        if task is None:
            return first
        codec, key, change = task
        return change(self._load(codec, key)[1])[0]

    def features(self, subject: Subject, *, at: datetime | None = None) -> FeatureTable:
        """What is open to this person, who may change it, under which article, and until when."""
        at = self.now(at)
        known = self._recorded(subject) if self.law.features_stand else None
        return self._table_of(subject, known, at)

    def order(self, subject: Subject, order: str) -> OrderStatus | None:
        """What is kept of an order; ``None`` if nothing is, or no longer."""
        return order_of(self._load(MONEY, self._key(MONEY, subject))[1], subject, order)

    def usage(self, subject: Subject, *, at: datetime | None = None) -> Usage:
        """What this person has used, as of ``at`` or of the last thing counted if that is later."""
        at = self.now(at)
        _, playtime = self._load(TIME, self._key(TIME, subject))
        _, purse = self._load(MONEY, self._key(MONEY, subject))
        return self._usage_of(playtime, purse, at)

    def plan_day(self, subject: Subject, *, at: datetime | None = None) -> DayPlan:
        """When this person may play for the rest of the day, when to warn and when to kick."""
        at = self.now(at)
        used = self.usage(subject, at=at)
        if self._hangs_on_mode(Play(subject)):
            subject = self._recorded(subject).of(subject, stamp_of(at))
        return day_plan(self.law, subject, at, used)

    # -- telling --------------------------------------------------------------------------------

    def record(self, fact: Fact, *, at: datetime | None = None) -> Recorded:
        """Tell what has happened. A fact is never refused; told twice it counts once.

        Raises ``InvalidRequest`` for one that cannot be: a refund above what was settled.
        """
        told = Recorded()
        for task in self._recording(fact, self.now(at)):
            told = self._run(task)
        return told

    def merge(self, subject: Subject, *, into: Subject) -> None:
        """Count what two accounts of one natural person have used under ``into`` from now on.

        Nothing is lost: cut short, it counts twice at worst, and is simply done again. Later
        calls that still name ``subject`` are counted under ``into``, too.
        """
        for codec, source, target in self._both(subject, into):
            self._merge(codec, source, target)

    def erase(self, subject: Subject) -> None:
        """Forget all that is kept of this person in this scope (个人信息保护法 art. 47).

        An account that was merged into another is that person, too.
        """
        for codec in (TIME, MONEY, FACTS):
            key: str | None = self._key(codec, subject)
            while key is not None:
                self._take(key)
                there = key_behind(codec, self._store.load(key))
                self._store.erase(key)
                key = there

    def holds(self) -> Iterator[Hold]:
        """All money that is held in this scope, to ask the payment service what became of it."""
        prefix, cursor = f"{MONEY.kind}/{self.scope}/", None
        while True:
            keys, cursor = self._store.scan(prefix, cursor)
            for key in keys:
                yield from holds_of(key, self._store.load(key))
            if cursor is None:
                return

    # -- load, step, swap -----------------------------------------------------------------------

    def _standing(self, request: Request, at: datetime) -> Request:
        if not self._reads_facts(request):
            return request
        return self._recorded(request.subject).within(request, stamp_of(at))

    def _recorded(self, subject: Subject) -> Standing:
        return self._load(FACTS, self._key(FACTS, subject))[1]

    def _load(self, codec: Codec[Doc], key: str) -> Kept[Doc]:
        for _ in range(HOPS_MAX):
            try:
                return read(codec, self._store.load(key))
            except Moved as moved:
                key = moved.key
        raise StoreUnavailable("merged in a circle")

    def _run(self, task: Task[Result]) -> Result:
        for _ in range(HOPS_MAX):
            try:
                return self._swapped(task)
            except Moved as moved:
                task = (task[0], moved.key, task[2])
        raise StoreUnavailable("merged in a circle")

    def _swapped(self, task: Task[Result]) -> Result:
        codec, key, _ = task
        lock = self._locks[hash(key) % STRIPES]
        if not (lock.acquire(blocking=False) or lock.acquire(timeout=PATIENCE_S)):
            raise Contention(f"the {codec.kind} document is waited for")
        try:
            kept = self._take(key)
            loaded = kept is None
            version, document = kept or read(codec, self._store.load(key))
            give_up = monotonic() + PATIENCE_S
            for _ in range(TRIES_MAX):
                stepped = attempt(task, document, sure=loaded)
                if stepped is None:
                    (version, document), loaded = read(codec, self._store.load(key)), True
                    continue
                result, after = stepped
                if after is None:
                    self._keep(key, version, document)
                    return result
                try:
                    found = self._store.swap(key, version or None, codec.write(after))
                except OutcomeUnknown:
                    return self._after_time_out(task)
                if found is None:
                    self._keep(key, version and version + 1, after)
                    return result
                (version, document), loaded = read(codec, found), True
                if monotonic() > give_up:
                    break
        finally:
            lock.release()
        raise Contention(f"the {codec.kind} document changed too often")

    def _merge(self, codec: Codec[Any], source: str, target: str) -> None:
        for _ in range(TRIES_MAX):
            try:
                version, other = read(codec, self._store.load(source))
            except Moved as moved:
                source = moved.key
                continue
            try:
                there, one = read(codec, self._store.load(target))
            except Moved as moved:
                target = moved.key
                continue
            if source == target:
                return
            # Written even if nothing is new: who merges the other way round at once must notice.
            both = codec.write(codec.merge(one, other, source.rpartition("/")[2]))
            if self._store.swap(target, there or None, both) is not None:
                continue
            if self._store.swap(source, version or None, moved_to(target)) is None:
                return
        raise Contention(f"the {codec.kind} document changed too often")

    def _after_time_out(self, task: Task[Result]) -> Result:
        """What was written, if it was: then there is nothing left to write."""
        codec, key, change = task
        try:
            _, document = read(codec, self._store.load(key))
        except StoreError:
            raise OutcomeUnknown(f"the {codec.kind} document may have been written") from None
        result, after = change(document)
        if after != document:
            raise OutcomeUnknown(f"the {codec.kind} document may have been written")
        return result
