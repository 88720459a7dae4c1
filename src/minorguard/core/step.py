"""One step of counting: a decision and the document after it, from the document before it.

Pure: ``decision, after = play(first, playtime)``. The guard loads, steps, swaps and repeats; what
is to be kept and what it means is decided here and nowhere else. ``first`` is the law's decision
about somebody who has used nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from minorguard.core import contests as rooms
from minorguard.core import money, time
from minorguard.core.acts import Play, Spend
from minorguard.core.counted import Counted
from minorguard.core.decision import Decision
from minorguard.core.duties import rests_of
from minorguard.core.facts import Cancelled, Settled
from minorguard.core.hours import DAY_S, contains
from minorguard.core.modes import exempt
from minorguard.core.recorded import mode_at
from minorguard.core.rest import to_rest
from minorguard.core.ruling import instant_of, stamp_of
from minorguard.core.usage import Usage

if TYPE_CHECKING:
    from datetime import datetime

    from minorguard.core.counted import Lease
    from minorguard.core.facts import Refunded
    from minorguard.core.limits import Code
    from minorguard.core.policy import Law
    from minorguard.core.ruling import Stamp

Kind = Literal["time", "money", "contests"]


def document_of(first: Decision) -> Kind | None:
    """Which document a request has to be counted in; none where nothing that counts limits it."""
    segment, request = first.segment, first.request
    ruling = segment.ruling
    if isinstance(request, Spend):
        # An order that was held in its hours keeps its answer after them.
        if ruling.objections:
            return None
        return "money" if ruling.caps else None
    if ruling.counts:
        return "contests"
    if segment.blocked:
        return None
    if isinstance(request, Play):
        if segment.law.guardian_basis.passes_exempt and exempt(request):
            return None  # neither blocked by the mode nor counted in it
        limited = ruling.governed or bool(rests_of(first)) or first.until is not None
        return "time" if limited else None
    return None


# -- time ----------------------------------------------------------------------------------------


def play(
    first: Decision, playtime: time.Playtime, lease: Lease = "short", *, counted: bool = True
) -> tuple[Decision, time.Playtime]:
    """Decide a Play, and pay for it if it is allowed.

    ``counted``: whether ``first`` is known to be counted in this document.
    """
    told = as_told(first, playtime)
    if not (counted and told is first) and document_of(told) is None:
        return told, playtime
    first = told
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
    if objection is not None and objection[0] == "session_ended" and only_reminds(first):
        playtime = time.reopened(playtime, name)
        objection, one = None, playtime.sitting(name)
    if objection is not None:
        return _objected(decision, playtime, *objection), playtime
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
        playtime = _reminded(decision, playtime, at)
        playtime = time.paid(playtime, name, one, at, pays_until)
    elif paid_until is not None:
        decision.lease_end = min(until, paid_until)
    else:  # what came after it in the meantime has used up the day
        quota_s = min(quota.quota_s for quota in segment.ruling.quotas)
        used = replace(decision.usage, played_today_s=quota_s)
        decision = Counted(first, lambda: used)
    return decision, playtime


def only_reminds(first: Decision) -> bool:
    """Whether a Play is counted for a reminder to rest and for nothing else."""
    return not first.segment.ruling.governed and first.until is None


def _objected(
    decision: Counted, playtime: time.Playtime, code: Code, room_at: Stamp | None
) -> Decision:
    """Refused by the bookkeeping, unless it only counts for a reminder, which stops nobody."""
    segment, request = decision.segment, decision.request
    if (
        not segment.ruling.governed
        and segment.closes(request, stamp_of(decision.at) % DAY_S) is None
    ):
        return Decision(segment, request, decision.usage, decision.at)
    again = None if room_at is None else _again(decision, playtime, room_at)
    return decision.refused(code, again)


def as_told(first: Decision, playtime: time.Playtime) -> Decision:
    """The law's decision about the person as it was told whether they are in the minors' mode."""
    request = first.request
    on = mode_at(playtime.modes, stamp_of(first.at)) if playtime.modes else None
    if on is None or on is request.subject.minors_mode:
        return first
    subject = replace(request.subject, minors_mode=on)
    law = first.segment.law
    return law.decide(replace(request, subject=subject), at=first.at)


def _reminded(decision: Counted, playtime: time.Playtime, at: Stamp) -> time.Playtime:
    """Remind of a rest that is due, and remember that it was done."""
    rests = rests_of(decision)
    if not rests:
        return playtime
    decision.rests = tuple(rest for rest in rests if to_rest(playtime, at, rest.after_s))
    if not decision.rests:
        return playtime
    return playtime._replace(reminded=max(at, playtime.reminded or 0))


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


# -- contests ------------------------------------------------------------------------------------


def contest(first: Decision, contests: rooms.Contests) -> tuple[Decision, rooms.Contests]:
    """Decide a PK, and count it if it is allowed in the hours that are counted."""
    at, counts = stamp_of(first.at), first.segment.ruling.counts
    by = rooms.person_name(first.request.subject.id)
    used = Usage(counts={count.name: contests.before(at, by) for count in counts})
    decision = Counted(first, lambda: used)
    counted = any(contains(count.hours, at % DAY_S) for count in counts)
    if not counted or not decision or (at, by) in contests.began:
        return decision, contests
    if at // DAY_S < contests.day:
        return decision.refused("clock_behind"), contests
    return decision, rooms.begun(contests, at, by)


def counts_after(decision: Decision) -> dict[str, int]:
    """How often what the decision counts was done, this time included if it counts."""
    second, counts = stamp_of(decision.at) % DAY_S, decision.segment.ruling.counts
    allowed = decision.allowed
    return {
        count.name: decision.usage.counts.get(count.name, 0)
        + (allowed and contains(count.hours, second))
        for count in counts
    }


# -- facts ---------------------------------------------------------------------------------------


def leave(first: Decision, playtime: time.Playtime, session: str) -> time.Playtime:
    """Close a session, and give back what it paid for after the instant of ``first``."""
    first, name = as_told(first, playtime), time.session_name(session)
    if playtime.sitting(name) is None and unlimited(first):
        return playtime
    return time.left(playtime, name, stamp_of(first.at))


def unlimited(first: Decision) -> bool:
    """Whether nothing that counts speaks to this person, so that nothing is kept."""
    if document_of(first) is not None:
        return False
    return first.allowed or first.reasons[0].code == "not_covered"


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
