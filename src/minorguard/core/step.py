"""One step of counting: a decision and the document after it, from the document before it.

Pure: ``decision, after = play(first, playtime)``. The guard loads, steps, swaps and repeats; what
is to be kept and what it means is decided here and nowhere else. ``first`` is the law's decision
about somebody who has used nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from minorguard.core import money, time
from minorguard.core.acts import Play, Spend
from minorguard.core.calendar import ZONE
from minorguard.core.changes import Change
from minorguard.core.decision import LEASE_S, LEASE_WITH_QUOTA_S, Decision, Finding
from minorguard.core.facts import Cancelled, Settled
from minorguard.core.hours import DAY_S
from minorguard.core.rules import Head, Rule
from minorguard.core.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from minorguard.core.facts import Refunded
    from minorguard.core.limits import Code
    from minorguard.core.policy import Law
    from minorguard.core.ruling import Stamp

Lease = Literal["short", "boundary"]
"""How long an allowed Play is paid for: some minutes, or up to ``until``."""

Kind = Literal["time", "money"]

ORDERS_KEPT_DAYS = 62
"""No two months in a row are longer, and at the end of the next an order is forgotten."""

GUARD = "guard"
"""The first part of the id of a rule of bookkeeping, in the place of a pack."""


class Bookkeeping(Rule):
    """Counting that keeps the law's limits whole: one session, one order, one clock."""


class Counted(Decision):
    """A decision that rests on what was counted, and says what was paid for.

    ``lease_end``: up to when an allowed Play is paid. ``refusal``: what the bookkeeping objects,
    where the law does not; ``again``: when it will no longer do so, if ever.
    """

    __slots__ = ("_count", "_used", "again", "lease_end", "refusal")

    lease_end: Stamp | None
    refusal: Finding | None
    again: datetime | None

    def __init__(self, first: Decision, count: Callable[[], Usage]) -> None:
        self.segment = first.segment
        self.request = first.request
        self.at = first.at
        self._count = count
        self._used: Usage | None = None
        self.lease_end = self.refusal = self.again = None

    @property
    def usage(self) -> Usage:  # type: ignore[override]  # counted when it is first asked for
        used = self._used
        if used is None:
            used = self._used = self._count()
        return used

    @property
    def allowed(self) -> bool:
        return self.refusal is None and super().allowed

    def __bool__(self) -> bool:
        return self.allowed

    @property
    def reasons(self) -> tuple[Finding, ...]:
        return super().reasons if self.refusal is None else (self.refusal,)

    @property
    def changes(self) -> tuple[Change, ...]:
        if self.refusal is None:
            return super().changes
        if self.again is not None:
            return (Change("wait", at=self.again),)
        return (Change("session" if self.refusal.code == "session_ended" else "order"),)

    def _lease_until(self, until: datetime | None) -> datetime | None:
        del until
        return None if self.lease_end is None else instant_of(self.lease_end)

    def lease_for(self, at: Stamp, lease: Lease) -> Stamp:
        """Up to when an allowed Play may be paid for."""
        remaining_s = self._remaining_s(allowed=True)
        lease_s = LEASE_WITH_QUOTA_S if self.segment.ruling.quotas else LEASE_S
        if remaining_s is None:
            return at + lease_s
        return at + (remaining_s if lease == "boundary" else min(remaining_s, lease_s))

    def _next(self) -> datetime | None:
        if self.refusal is None:
            return super()._next()
        return self.again if isinstance(self.request, Play) else None

    def refused(self, code: Code, again: datetime | None = None) -> Counted:
        """The same, refused by the bookkeeping."""
        law = self.segment.law
        head = Head(
            id=f"{GUARD}.{_CONCERN[code]}",
            pack=GUARD,
            citations=law.guardian_basis.citations,
            provenance="practice",
            acts=frozenset({self.request.act}),
        )
        self.refusal = Finding(code, Bookkeeping(head))
        self.again = again
        return self


_CONCERN: dict[Code, str] = {
    "session_ended": "session",
    "too_many_sessions": "session",
    "clock_behind": "clock",
    "order_conflict": "order",
}


def stamp_of(at: datetime) -> Stamp:
    """Local seconds of an instant on the law's clock."""
    return at.toordinal() * DAY_S + at.hour * 3600 + at.minute * 60 + at.second


def instant_of(stamp: Stamp) -> datetime:
    """The instant on the law's clock that has these local seconds."""
    day, second = divmod(stamp, DAY_S)
    return datetime.fromordinal(day).replace(tzinfo=ZONE) + timedelta(seconds=second)


def document_of(first: Decision) -> Kind | None:
    """Which document a request has to be counted in; none where nothing that counts limits it."""
    segment, request = first.segment, first.request
    if isinstance(request, Spend):
        # An order that was held in its hours keeps its answer after them.
        if segment.ruling.objections:
            return None
        return "money" if segment.ruling.caps else None
    if segment.blocked:
        return None
    if isinstance(request, Play):
        limited = segment.ruling.governed or first.until is not None
        return "time" if limited else None
    return None


def was_limited(first: Decision) -> bool:
    """Whether orders may be held from a time at which the person was still a minor."""
    before = first.at - timedelta(days=min(ORDERS_KEPT_DAYS, first.segment.day - 1))
    asked = first.segment.law.decide(first.request, at=before)
    return bool(asked.segment.ruling.caps)


# -- time ----------------------------------------------------------------------------------------


def play(
    first: Decision, playtime: time.Playtime, lease: Lease = "short"
) -> tuple[Decision, time.Playtime]:
    """Decide a Play, and pay for it if it is allowed."""
    at, request, segment = stamp_of(first.at), first.request, first.segment
    session = request.session if isinstance(request, Play) else None
    name = b"" if session is None else time.session_name(session)
    one = playtime.sitting(name)
    late = at < playtime.mark
    paid_until = one.paid_until(at) if late and one is not None else None
    decision = Counted(first, lambda: play_usage(playtime, at))
    if paid_until is not None and (at < playtime.mark - time.WINDOW_S or not decision):
        decision = Counted(first, lambda: play_usage_at(playtime, at))  # known: as it was then
    if segment.metered and not decision:
        return decision, playtime
    until = decision.lease_for(at, lease)
    if session is None:  # only looked at
        decision.lease_end = until
        return decision, playtime
    objection = _objection(playtime, name, one, at)
    if objection is not None:
        code, room_at = objection
        again = None if room_at is None else _again(decision, playtime, room_at)
        return decision.refused(code, again), playtime
    if at < playtime.mark - time.WINDOW_S and paid_until is not None:
        decision.lease_end = min(until, paid_until)  # nothing is paid twice, or given twice
        return decision, playtime
    pays_until = (
        until if not (late and segment.ruling.quotas) else _late_lease(first, playtime, at, lease)
    )
    if one is not None and one.left is not None:
        pays_until = min(pays_until, one.left)
    if pays_until > at:
        decision.lease_end = min(until, max(pays_until, paid_until or at))
        playtime = time.paid(playtime, name, one, at, pays_until)
    elif paid_until is not None:
        decision.lease_end = min(until, paid_until)
    else:  # what came after it in the meantime has used up the day
        quota_s = min(quota.quota_s for quota in segment.ruling.quotas)
        used = replace(decision.usage, played_today_s=quota_s)
        decision = Counted(first, lambda: used)
    return decision, playtime


def _late_lease(first: Decision, playtime: time.Playtime, at: Stamp, lease: Lease) -> Stamp:
    """What a Play that comes late pays for: what it would have in time, if that is still to be had.

    So that whatever order the same messages come in, the same time is charged.
    """
    until = Counted(first, lambda: play_usage_at(playtime, at)).lease_for(at, lease)
    quota_s = min(quota.quota_s for quota in first.segment.ruling.quotas)
    return time.affordable(playtime.spans, at, max(at, until), quota_s)


def _objection(
    playtime: time.Playtime, name: bytes, one: time.Sitting | None, at: Stamp
) -> tuple[Code, Stamp | None] | None:
    """What the bookkeeping has against a Play, and when it may have it no longer."""
    if name in playtime.ended or (one is not None and not one.renewable(at)):
        return "session_ended", None
    since = playtime.mark - time.WINDOW_S
    if at < since and (one is None or one.paid_until(at) is None):
        return "clock_behind", since
    now = max(at, playtime.mark)
    if one is None and playtime.opened(now) >= time.OPEN_MAX:
        return "too_many_sessions", _room_at(playtime, now)
    return None


def _room_at(playtime: time.Playtime, at: Stamp) -> Stamp:
    """When so many open sessions will have lapsed that one more may open."""
    lapses = sorted(one.end for one in playtime.sittings if one.renewable(at) and one.spans)
    return lapses[len(lapses) - time.OPEN_MAX] + time.WINDOW_S + 1


def _again(decision: Decision, playtime: time.Playtime, at: Stamp) -> datetime | None:
    """The first instant from that one on at which the law allows it, too."""
    law = decision.segment.law
    asked = law.decide(decision.request, at=instant_of(at), usage=play_usage(playtime, at))
    return asked.at if asked else asked.next_allowed_at


def play_usage(playtime: time.Playtime, at: Stamp) -> Usage:
    """What was played, as of ``at`` or of the mark if that is later."""
    spans, counted_at = playtime.spans, max(at, playtime.mark)
    played_today_s = time.played_s(spans, counted_at)
    if at // DAY_S < counted_at // DAY_S:
        # A message of last night that comes after midnight: neither day may be over its quota.
        midnight = at - at % DAY_S
        before_s = time.length_between(spans, midnight, midnight + DAY_S)
        played_today_s = max(played_today_s, before_s)
    return Usage(played_today_s=played_today_s, continuous_s=time.continuous_s(spans, counted_at))


def play_usage_at(playtime: time.Playtime, at: Stamp) -> Usage:
    """What was played as of ``at``, whatever came later."""
    spans = playtime.spans
    return Usage(played_today_s=time.played_s(spans, at), continuous_s=time.continuous_s(spans, at))


# -- money ---------------------------------------------------------------------------------------


def spend(first: Decision, purse: money.Purse) -> tuple[Decision, money.Purse]:
    """Decide a Spend, and hold its amount if it is allowed."""
    at, request, law = stamp_of(first.at), first.request, first.segment.law
    if not isinstance(request, Spend) or request.order is None:
        return Counted(first, lambda: spend_usage(purse, at, law)), purse
    name = purse.name_of(request.order, request.subject.id)
    one = purse.order(name)
    # What holds nothing any more must not be a yes when it is asked for again.
    given_back = law.refunds_restore and one is not None and one.refunded_fen > 0
    if one is not None and (one.state == money.CANCELLED or one.fen != request.fen or given_back):
        asked = Counted(first, lambda: spend_usage(purse, at, law))
        return asked.refused("order_conflict"), purse
    if one is not None and one.asked:
        before = Usage(spent_today_fen=one.day_fen, spent_month_fen=one.month_fen)
        return law.decide(request, at=instant_of(one.at), usage=before), purse
    others = purse._replace(orders=tuple(order for order in purse.orders if order is not one))
    decision = Counted(first, lambda: spend_usage(others, at, law))
    if not decision:
        return decision, purse
    if at < purse.mark - time.WINDOW_S or at // DAY_S < purse.mark // DAY_S:
        open_at = max(purse.mark - time.WINDOW_S, purse.mark - purse.mark % DAY_S)
        return decision.refused("clock_behind", instant_of(open_at)), purse
    order = money.Order(
        name,
        money.HELD if one is None else one.state,
        request.fen,
        at,
        day_fen=decision.usage.spent_today_fen,
        month_fen=decision.usage.spent_month_fen,
        refunded_fen=0 if one is None else one.refunded_fen,
        late=one is not None and one.late,
        origin=b"" if one is None else one.origin,
        id=request.order if one is None else "",
    )
    return decision, money.held(purse, order)


def spend_usage(purse: money.Purse, at: Stamp, law: Law) -> Usage:
    """What was spent, as of ``at`` or of the mark if that is later."""
    spent = money.spent(purse, max(at, purse.mark), refunds=law.refunds_restore)
    return Usage(
        spent_today_fen=spent.day_fen, spent_month_fen=spent.month_fen, held_fen=spent.held_fen
    )


# -- facts ---------------------------------------------------------------------------------------


def leave(playtime: time.Playtime, session: str, at: datetime) -> time.Playtime:
    """Close a session, and give back what it paid for after ``at``."""
    return time.left(playtime, time.session_name(session), stamp_of(at))


def pay(
    purse: money.Purse, fact: Settled | Cancelled | Refunded, at: datetime
) -> tuple[tuple[str, ...], money.Purse]:
    """Settle, cancel or refund an order; with it, the degraded states of doing so."""
    name = purse.name_of(fact.order, fact.subject.id)
    if isinstance(fact, Settled):
        after, again = money.settled(purse, name, fact.fen, stamp_of(at))
        return ("late_settlement",) if again else (), after
    if isinstance(fact, Cancelled):
        return (), money.cancelled(purse, name, stamp_of(at))
    return (), money.refunded(purse, name, fact.fen)
