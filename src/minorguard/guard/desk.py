"""What a guard knows before it waits: which document to step, and how. Nothing here does I/O.

``guard`` holds the two loops that load, step and swap; all that decides is in ``core.step``.
"""

from __future__ import annotations

from datetime import datetime
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar, get_args

from minorguard.core import contests, merging, money, recorded, step, time
from minorguard.core.acts import Play, Spend, Use
from minorguard.core.calendar import ZONE, local
from minorguard.core.facts import Cancelled, Fact, Left, ModeChanged, Refunded, Settled
from minorguard.core.features import next_of
from minorguard.core.packing import sealed, unsealed
from minorguard.core.policy import ACTS, Law
from minorguard.core.ruling import instant_of, stamp_of
from minorguard.core.subject import Subject
from minorguard.core.usage import NOTHING_USED, Usage
from minorguard.core.uses import Pk
from minorguard.errors import ConfigurationError, InvalidRequest, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minorguard.core.acts import Request
    from minorguard.core.counted import Lease
    from minorguard.core.decision import Decision
    from minorguard.core.features import FeatureTable
    from minorguard.stores.protocol import Found

TRIES_MAX = 64
PATIENCE_S = 2
"""How often, and for how long, a document that others write is tried again: then ``Contention``."""

PAYMENTS: tuple[Literal["purchase", "tip"], ...] = ("purchase", "tip")

STRIPES = 1024
"""Locks of a guard: callers for one person always meet at the same one."""

KEPT_MAX = 50_000
"""How many documents are kept at hand, so that a heartbeat is one call to the store."""

Doc = TypeVar("Doc")
Result = TypeVar("Result")


class Codec(NamedTuple, Generic[Doc]):
    """How one kind of document is read, written and merged, and what it is before it is there.

    ``merge(one, other, person)``: ``person`` is whom ``other`` belonged to.
    """

    kind: str
    read: Callable[[bytes], Doc]
    write: Callable[[Doc], bytes]
    empty: Doc
    merge: Callable[[Doc, Doc, str], Doc]


TIME = Codec("time", time.from_bytes, time.to_bytes, time.NO_PLAYTIME, merging.playtimes)
MONEY = Codec("money", money.from_bytes, money.to_bytes, money.NO_MONEY, merging.purses)
FACTS = Codec(
    "facts",
    recorded.from_bytes,
    recorded.to_bytes,
    recorded.NOTHING_RECORDED,
    merging.recorded,
)
CONTESTS = Codec(
    "contests",
    contests.from_bytes,
    contests.to_bytes,
    contests.NO_CONTESTS,
    contests.joined,
)
FACTS_TOLD = get_args(Fact)

MOVED = b"\0moved "
"""The first bytes in the place of a schema: the rest is the key where the document is now."""

HOPS_MAX = 8
"""How many accounts in a row may have been merged into the next."""


def moved_to(key: str) -> bytes:
    """What is kept in the place of a document that is elsewhere now."""
    return sealed(MOVED + key.encode())


class Moved(Exception):
    """A document is kept under another key, since two accounts were found to be one person."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__("moved")


Task: TypeAlias = tuple[Codec[Any], str, "Callable[[Any], tuple[Result, Any]]"]
"""A change to the document under a key: ``result, after = change(before)``, pure."""

Kept: TypeAlias = tuple[int, Doc]
"""The version of a document, 0 where there is none, and the document."""


class Recorded(NamedTuple):
    """A fact was recorded; ``degraded`` says in which states, such as ``late_settlement``."""

    degraded: tuple[str, ...] = ()


class Desk:
    """The law, the scope and the clock of a guard, and the documents that it keeps at hand."""

    def __init__(
        self,
        law: Law,
        *,
        scope: str | None,
        lease: Lease,
        clock: Callable[[], datetime] | None,
    ) -> None:
        if not isinstance(law, Law):
            raise ConfigurationError('law: want a Law, as minorguard.law("cn.game") gives one')
        self.law = law
        self.scope = law.stamps[0].id if scope is None else scope
        try:
            Subject(self.scope)
        except InvalidRequest as error:
            raise ConfigurationError(f"scope: {error.reason}") from None
        if lease not in ("short", "boundary"):
            raise ConfigurationError("lease: want short or boundary")
        self._lease: Lease = lease
        self._clock = clock
        self._kept: dict[str, Kept[Any]] = {}

    def now(self, at: datetime | None = None) -> datetime:
        """The instant on the law's clock: of a call that gives one, or what the clock says."""
        if at is None:
            at = datetime.now(ZONE) if self._clock is None else self._clock()
        return local(at)

    # -- which document, and how ----------------------------------------------------------------

    def _key(self, codec: Codec[Any], subject: Subject) -> str:
        """Where a document of this person is."""
        if type(subject) is not Subject:
            raise InvalidRequest("subject", "want a Subject")
        return f"{codec.kind}/{self.scope}/{subject.id}"

    def _first(self, request: Request, at: datetime) -> Decision:
        """The law's own decision, about somebody who has used nothing."""
        return self.law.plan.decide(request, NOTHING_USED, at)

    def _deciding(self, first: Decision) -> Task[Decision] | None:
        """How to count a decision; ``None`` where nothing that counts limits it."""
        request, kind = first.request, step.document_of(first)
        if kind == "time" or (kind is None and self._hangs_on_mode(request)):
            lease, counted = self._lease, kind is not None
            key = self._key(TIME, request.subject)
            return TIME, key, lambda doc: step.play(first, doc, lease, counted=counted)
        if kind == "money":
            key = self._key(MONEY, request.subject)
            return MONEY, key, lambda doc: step.spend(first, doc)
        if kind == "contests" and isinstance(request, Use) and isinstance(request.about, Pk):
            key = f"{CONTESTS.kind}/{self.scope}/{contests.room_name(request.about.room)}"
            return CONTESTS, key, lambda doc: step.contest(first, doc)
        return None

    def _hangs_on_mode(self, request: Request) -> bool:
        """Whether a Play that nothing limits may be limited by a mode that was recorded."""
        return isinstance(request, Play) and self.law.reads_standing(request)

    def _reads_facts(self, request: Request) -> bool:
        """Whether what was recorded must be loaded first; play has it in its own document."""
        return not isinstance(request, Play) and self.law.reads_standing(request)

    def _recording(self, fact: Fact, at: datetime) -> tuple[Task[Recorded], ...]:
        """How to record a fact; nothing where nothing that counts limits the person."""
        if not isinstance(fact, FACTS_TOLD):
            raise InvalidRequest("fact", "want a fact: Left, Settled, Cancelled and so on")
        subject = fact.subject
        if isinstance(fact, Left):
            request = Play(subject, session=fact.session)
            first = self._first(request, at)
            if step.unlimited(first) and not self._hangs_on_mode(request):
                return ()
            name, key = fact.session, self._key(TIME, subject)
            return ((TIME, key, lambda doc: (Recorded(), step.leave(first, doc, name))),)
        if isinstance(fact, Settled | Cancelled | Refunded):
            # A fact does not say whether its order was a purchase or a tip.
            asked = (Spend(subject, fen=1, order=fact.order, on=on) for on in PAYMENTS)
            unlimited = all(step.unlimited(self._first(request, at)) for request in asked)
            key = self._key(MONEY, subject)
            return ((MONEY, key, lambda doc: _paid(doc, fact, at, limited=not unlimited)),)
        key, stamp = self._key(FACTS, subject), stamp_of(at)
        told: Task[Recorded] = (
            FACTS,
            key,
            lambda doc: (Recorded(), recorded.recorded(doc, fact, stamp)),
        )
        if not isinstance(fact, ModeChanged):
            return (told,)
        # Once more where play is counted, so that a heartbeat reads one document and no two.
        on, key = fact.on, self._key(TIME, subject)
        return told, (TIME, key, lambda doc: (Recorded(), time.in_mode(doc, on, stamp)))

    def _check(self, request: Request, *, named: bool) -> None:
        """Refuse what is no request and, with ``named``, what could not be counted once."""
        if type(request) not in ACTS:
            raise InvalidRequest("ask", "want Play, Spend, Use or Show")
        if named and isinstance(request, Play) and request.session is None:
            raise InvalidRequest("ask.session", "is required where play is counted")
        if named and isinstance(request, Spend) and request.order is None:
            raise InvalidRequest("ask.order", "is required where money is counted")

    def _both(self, subject: Subject, into: Subject) -> tuple[tuple[Codec[Any], str, str], ...]:
        """Each kind of document, and the keys of two people who turn out to be one."""
        codecs: tuple[Codec[Any], ...] = (TIME, MONEY, FACTS)
        keys = [(codec, self._key(codec, subject), self._key(codec, into)) for codec in codecs]
        if subject.id == into.id:
            raise InvalidRequest("into", "want another person")
        return tuple(keys)

    def _table_of(
        self, subject: Subject, known: recorded.Recorded | None, at: datetime
    ) -> FeatureTable:
        """The features of a person as recorded; it changes when a consent ends, too."""
        if known is None:
            return self.law.features_of(subject, at=at)
        stamp = stamp_of(at)
        table = self.law.features_of(known.of(subject, stamp), at=at)
        for end in known.ends_after(stamp):
            at = instant_of(end)
            rows, _ = self.law.plan.table(known.of(subject, end), at.toordinal())
            if rows != table.rows:
                table.changes_at = next_of(table.changes_at, at)
                break
        return table

    # -- documents at hand ----------------------------------------------------------------------

    def _keep(self, key: str, version: int, document: object) -> None:
        """Keep a document at hand: a hint for the next step, never an answer by itself."""
        kept = self._kept
        if not version:
            return
        kept[key] = (version, document)
        while len(kept) > KEPT_MAX:
            try:
                kept.pop(next(iter(kept)), None)
            except (RuntimeError, StopIteration):
                return  # another thread is making room

    def _take(self, key: str) -> Kept[Any] | None:
        """Take what is at hand."""
        return self._kept.pop(key, None)

    # -- what was used --------------------------------------------------------------------------

    def _usage_of(self, playtime: time.Playtime, purse: money.Purse, at: datetime) -> Usage:
        """What the two documents count, as of ``at``."""
        stamp = stamp_of(at)
        played = step.play_usage(playtime, stamp)
        spent = step.spend_usage(purse, stamp, self.law)
        return Usage(
            played_today_s=played.played_today_s,
            continuous_s=played.continuous_s,
            spent_today_fen=spent.spent_today_fen,
            spent_month_fen=spent.spent_month_fen,
            held_fen=spent.held_fen,
        )


def _paid(
    purse: money.Purse, fact: Settled | Cancelled | Refunded, at: datetime, *, limited: bool
) -> tuple[Recorded, money.Purse]:
    name = purse.name_of(fact.order, fact.subject.id)
    if not limited and purse.order(name) is None:
        return Recorded(), purse  # nobody limits it, so nothing was held and nothing is kept
    degraded, after = step.pay(purse, fact, at)
    return Recorded(degraded), after


def attempt(
    task: Task[Result], document: object, *, sure: bool
) -> tuple[Result, object | None] | None:
    """One step: the result, and what is to be written, ``None`` if nothing is.

    ``sure``: the document was just read. If it was only at hand and the step would write nothing,
    or cannot be made, the answer must not rest on it: ``None``.
    """
    try:
        result, after = task[2](document)
    except InvalidRequest:
        if sure:
            raise
        return None
    if after != document:
        return result, after
    return (result, None) if sure else None


def together(tasks: Iterable[Task[Result]]) -> Task[list[Result]]:
    """Several changes to one document as one, in their order."""
    tasks = tuple(tasks)

    def change(document: object) -> tuple[list[Result], object]:
        results: list[Result] = []
        for _, _, each in tasks:
            result, document = each(document)
            results.append(result)
        return results, document

    codec, key, _ = tasks[0]
    return codec, key, change


def checked_store(store: object, *, waits: bool) -> None:
    """Refuse what is no store, and a store of the other kind."""
    methods = [getattr(store, name, None) for name in ("load", "swap", "erase", "scan")]
    if not all(callable(method) for method in methods):
        raise ConfigurationError("store: want a store, as minorguard.stores.open gives one")
    if iscoroutinefunction(methods[0]) is not waits:
        raise ConfigurationError("store: Guard wants a Store and AsyncGuard an AsyncStore")


def read(codec: Codec[Doc], found: Found | None) -> Kept[Doc]:
    """What a store returned, as a document; version 0 where there is none. May raise ``Moved``."""
    if found is None or not found[0]:
        return 0, codec.empty
    version, body = found
    if body.startswith(MOVED):
        raise Moved(unsealed(body, codec.kind).removeprefix(MOVED).decode())
    return version, codec.read(body)


def key_behind(codec: Codec[Any], found: Found | None) -> str | None:
    """Where a document has moved to; ``None`` if it has not, or cannot be read."""
    try:
        read(codec, found)
    except Moved as moved:
        return moved.key
    except StoreError:
        return None
    return None
