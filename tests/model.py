"""What DESIGN section 4 says of counted time and money, done the slow and plain way.

All messages are kept for ever; everything is worked out again from them for each question.
Time is a set of seconds, money a list of orders. Nothing here is shared with the library's
counting: the library is asked only what its law says about a given usage (``law.decide``).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import NamedTuple

from minorguard import Cancelled, InvalidRequest, Left, Play, Refunded, Settled, Spend, Usage

CHINA = timezone(timedelta(hours=8))
DAY_S = 86_400
LATE_S = 120  # within these any order of messages is as good as any other
BREAK_S = 300  # a pause of this length is a rest
SESSIONS = 16


def stamp(at):
    """Seconds on a clock in China, from a day that no test knows."""
    at = at.astimezone(CHINA)
    return at.toordinal() * DAY_S + at.hour * 3600 + at.minute * 60 + at.second


def instant(second):
    """The instant of a stamp."""
    day, rest = divmod(second, DAY_S)
    return datetime.fromordinal(day).replace(tzinfo=CHINA) + timedelta(seconds=rest)


def month_of(second):
    """Months since the year nought."""
    day = datetime.fromordinal(second // DAY_S)
    return day.year * 12 + day.month


class Said(NamedTuple):
    """The model's answer. ``free``: the text leaves the answer open, only the promises hold."""

    allowed: bool
    codes: frozenset = frozenset()
    lease_until: int | None = None
    remaining_s: int | None = None
    remaining_fen: int | None = None
    writes: bool = False
    free: bool = False


# --- time ----------------------------------------------------------------------------------------


@dataclass
class Grant:
    """An allowed Play: seconds paid by a session."""

    session: str
    at: int
    until: int


@dataclass
class PlayTime:
    """One person's sessions: what was paid, what was given back, the latest instant heard of."""

    grants: list = field(default_factory=list)
    lefts: list = field(default_factory=list)
    mark: int | None = None

    def later(self, now):
        """The later of an instant and the mark: the only clock that counters know."""
        return now if self.mark is None else max(now, self.mark)

    def behind(self, now):
        """Whether an instant is too old to write anything."""
        return self.mark is not None and self.mark - now > LATE_S

    def left_at(self, session):
        """The first instant from which the session is over, if it left."""
        return min((at for name, at in self.lefts if name == session), default=None)

    def grant(self, session, now, until):
        """Remember an allowed Play."""
        self.grants.append(Grant(session, now, until))
        self.mark = self.later(now)

    def known(self, session):
        """Whether anything was ever heard of it."""
        return any(g.session == session for g in self.grants) or self.left_at(session) is not None

    def lapses(self, session):
        """When what the session paid runs out, had it never left."""
        return max((g.until for g in self.grants if g.session == session), default=None)

    def over(self, session, now):
        """Whether the session is closed at that instant, by Left or by silence."""
        left, lapses = self.left_at(session), self.lapses(session)
        return (left is not None and left <= now) or (lapses is not None and lapses + LATE_S < now)

    def running(self, now):
        """How many sessions could still be extended."""
        names = {g.session for g in self.grants}
        return sum(not self.over(name, now) for name in names)

    def paid_by(self, session):
        """The seconds that one session paid and did not give back."""
        left = self.left_at(session)
        seconds = set()
        for grant in self.grants:
            if grant.session == session:
                until = grant.until if left is None else min(grant.until, left)
                seconds.update(range(grant.at, until))
        return seconds

    def charged(self):
        """Every second that any session paid: a second is paid once."""
        names = {grant.session for grant in self.grants}
        return set().union(*map(self.paid_by, names))

    def played(self, day, now):
        """Seconds of a day that were paid, up to now. A gap is not paid by anybody."""
        first, last = day * DAY_S, min((day + 1) * DAY_S, now)
        return sum(first <= second < last for second in self.charged())

    def spans(self):
        """The charged seconds as half-open spans."""
        seconds = sorted(self.charged())
        starts = [b for a, b in pairwise([-9, *seconds]) if b > a + 1] if seconds else []
        ends = [a + 1 for a, b in pairwise([*seconds, float("inf")]) if b > a + 1]
        return list(zip(starts, ends, strict=True))

    def continuous(self, now):
        """The stretch of play up to now that no break of 300 s has interrupted."""
        seconds = sorted(second for second in self.charged() if second < now)
        if not seconds or now - (seconds[-1] + 1) >= BREAK_S:
            return 0
        rested = [b for a, b in pairwise(seconds) if b - (a + 1) >= BREAK_S]
        start = rested[-1] if rested else seconds[0]
        return sum(second >= start for second in seconds)


# --- money ---------------------------------------------------------------------------------------


@dataclass
class Order:
    """One order: what it costs, when it was bought and what became of it."""

    fen: int | None
    at: int
    state: str  # held settled cancelled
    first: Said | None = None
    refunded_fen: int = 0


@dataclass
class Purse:
    """One person's orders."""

    restores: bool = False
    orders: dict = field(default_factory=dict)
    mark: int | None = None

    def later(self, now):
        """The later of an instant and the mark: the only clock that counters know."""
        return now if self.mark is None else max(now, self.mark)

    def behind(self, now):
        """Whether an instant is too old for a new order: by two minutes, or by a day."""
        return self.mark is not None and (
            self.mark - now > LATE_S or now // DAY_S < self.mark // DAY_S
        )

    def known(self, order):
        """Orders are remembered to the end of the next month, on the clock of the holds."""
        found = self.orders.get(order)
        old = found is not None and self.mark is not None
        return None if old and month_of(self.mark) > month_of(found.at) + 1 else found

    def counts(self, order):
        """What an order uses up of the caps."""
        if order.state == "cancelled":
            return 0
        return order.fen - (order.refunded_fen if self.restores else 0)

    def spent_on(self, day):
        """Fen of a calendar day."""
        return sum(self.counts(o) for o in self.orders.values() if o.at // DAY_S == day)

    def spent_in(self, month):
        """Fen of a calendar month."""
        return sum(self.counts(o) for o in self.orders.values() if month_of(o.at) == month)

    def held(self):
        """Fen of orders of which nobody has said what became of them."""
        return sum(o.fen for n, o in self.orders.items() if o.state == "held" and self.known(n))


# --- both ----------------------------------------------------------------------------------------


@dataclass
class Model:
    """What a guard over one law must say and keep."""

    law: object
    restores: bool = False
    boundary: bool = False
    times: dict = field(default_factory=dict)
    purses: dict = field(default_factory=dict)

    def time(self, subject):
        return self.times.setdefault(subject.id, PlayTime())

    def purse(self, subject):
        return self.purses.setdefault(subject.id, Purse(self.restores))

    def usage(self, subject, at):
        """What the person has used, as of an instant."""
        time, purse = self.time(subject), self.purse(subject)
        now = stamp(at)
        played_now = time.later(now)
        money_now = purse.later(now)
        return Usage(
            played_today_s=time.played(played_now // DAY_S, played_now),
            continuous_s=time.continuous(played_now),
            spent_today_fen=purse.spent_on(money_now // DAY_S),
            spent_month_fen=purse.spent_in(month_of(money_now)),
            held_fen=purse.held(),
        )

    def decide(self, request, at, *, keep=True):
        """Answer, and with ``keep`` remember."""
        if isinstance(request, Play):
            return self._play(request, at, keep=keep)
        if isinstance(request, Spend):
            return self._spend(request, at, keep=keep)
        raise TypeError(request)

    # -- play -----------------------------------------------------------------------------------

    def _play(self, play, at, *, keep):
        time, now = self.time(play.subject), stamp(at)
        later = time.later(now)
        verdict = self._verdict(time, play, at, later)
        then = self._verdict(time, play, at, now)
        if verdict.allowed and verdict.lease_until is None:
            return Said(allowed=True)
        known = now < later and now in time.paid_by(play.session)
        if known and not verdict.allowed:
            verdict = then  # what was paid stands, though the day is used up by now
        codes = {finding.code for finding in verdict.reasons}
        if time.behind(now):
            return self._known(time, play.session, now, codes)
        if time.over(play.session, now):
            codes.add("session_ended")
        elif not time.known(play.session) and time.running(later) >= SESSIONS:
            codes.add("too_many_sessions")
        if codes:
            return Said(allowed=False, codes=frozenset(codes), remaining_s=0)
        lease, pays = self._lease(verdict), self._lease(verdict)
        if now < later and verdict.segment.ruling.quotas:
            pays = self._within_the_quota(time, verdict, now, self._lease(then))
        if pays == now and not known:
            return Said(allowed=False, codes=frozenset({"quota_exhausted"}), remaining_s=0)
        paid_until = self._known(time, play.session, now, codes).lease_until if known else now
        if keep:
            time.grant(play.session, now, pays)
        left = time.left_at(play.session)
        lease = min(lease, max(pays, paid_until))
        return Said(
            allowed=True,
            lease_until=lease if left is None else min(lease, left),
            remaining_s=verdict.remaining_s,
            writes=True,
            free=later // DAY_S != now // DAY_S,
        )

    def _verdict(self, time, play, at, counted_at):
        """What the law says to this person with what they had played by then."""
        day = stamp(at) // DAY_S
        used = Usage(
            played_today_s=time.played(day, counted_at), continuous_s=time.continuous(counted_at)
        )
        return self.law.decide(play, at=at, usage=used)

    def _lease(self, verdict):
        until = None if verdict.until is None else stamp(verdict.until)
        if self.boundary and until is not None:
            return until
        return stamp(verdict.lease_until) if verdict.lease_until else stamp(verdict.at)

    def _known(self, time, session, now, codes):
        """What was paid stands; whatever would have to be written is refused."""
        paid = time.paid_by(session)
        if now not in paid:
            return Said(allowed=False, codes=frozenset({"clock_behind", *codes}), free=True)
        until = now
        while until in paid:
            until += 1
        return Said(allowed=True, lease_until=until, free=True)

    def _within_the_quota(self, time, verdict, now, lease):
        """A late Play may find seconds paid after it: all together stay within the quota."""
        quota_s = min((q.quota_s for q in verdict.segment.ruling.quotas), default=None)
        if quota_s is None:
            return lease
        today = now // DAY_S
        paid = {second for second in time.charged() if second // DAY_S == today}
        end = now
        while end < lease:
            if end // DAY_S == today:
                paid.add(end)
                if len(paid) > quota_s:
                    return end
            end += 1
        return end

    def left(self, fact, at):
        """The session ends and gives back what it paid after now."""
        time, now = self.time(fact.subject), stamp(at)
        if not time.known(fact.session) and time.behind(now):
            return
        time.lefts.append((fact.session, now))
        time.mark = time.later(now)

    # -- money ----------------------------------------------------------------------------------

    def _spend(self, spend, at, *, keep):
        purse, now = self.purse(spend.subject), stamp(at)
        order = purse.known(spend.order)
        given_back = self.restores and order is not None and order.refunded_fen
        ended = order is not None and (order.state == "cancelled" or given_back)
        if order is not None and (ended or order.fen != spend.fen):
            return Said(allowed=False, codes=frozenset({"order_conflict"}))
        if order is not None and order.first is not None:
            return order.first._replace(writes=False)
        # What was only heard of so far is counted when it is asked for, on that day.
        later = purse.later(now)
        own_fen = purse.counts(order) if order is not None else 0
        same_day = order is not None and order.at // DAY_S == later // DAY_S
        same_month = order is not None and month_of(order.at) == month_of(later)
        used = Usage(
            spent_today_fen=purse.spent_on(later // DAY_S) - own_fen * same_day,
            spent_month_fen=purse.spent_in(month_of(later)) - own_fen * same_month,
        )
        verdict = self.law.decide(spend, at=at, usage=used)
        codes = {finding.code for finding in verdict.reasons}
        if verdict.allowed and not verdict.segment.ruling.caps:
            return Said(allowed=True)
        if purse.behind(now):
            return Said(allowed=False, codes=frozenset({"clock_behind", *codes}), free=bool(codes))
        left_fen = verdict.remaining_fen
        if codes:
            return Said(allowed=False, codes=frozenset(codes), remaining_fen=left_fen)
        said = Said(allowed=True, remaining_fen=left_fen, writes=True)
        if keep:
            asked = Order(spend.fen, now, "held") if order is None else order
            asked.at, asked.first = now, said
            purse.orders[spend.order] = asked
            purse.mark = later
        return said

    def record(self, fact, at):
        """Take in a fact; a fact that makes no sense is an ``InvalidRequest``."""
        if isinstance(fact, Left):
            self.left(fact, at)
            return
        purse, now = self.purse(fact.subject), stamp(at)
        order = purse.known(fact.order)
        if isinstance(fact, Settled):
            self._settled(purse, order, fact, now)
        elif isinstance(fact, Cancelled):
            if order is None:
                purse.orders[fact.order] = Order(None, now, "cancelled")
            elif order.state == "held":
                order.state = "cancelled"
        elif isinstance(fact, Refunded):
            if order is None or order.state != "settled" or fact.fen > order.fen:
                raise InvalidRequest("fact.fen", "more than was settled")
            order.refunded_fen = max(order.refunded_fen, fact.fen)
        else:
            raise TypeError(fact)

    def _settled(self, purse, order, fact, now):
        if order is None:
            if fact.fen is None:
                raise InvalidRequest("fact.fen", "nobody knows how much")
            purse.orders[fact.order] = Order(fact.fen, now, "settled")
            return
        if order.fen is None:
            if fact.fen is None:
                raise InvalidRequest("fact.fen", "nobody knows how much")
            order.fen = fact.fen
        elif fact.fen not in (None, order.fen):
            raise InvalidRequest("fact.fen", "not what was held")
        order.state = "settled"
