"""The answer: may this person do this now, until when, how much is left, and who says so.

A ``Decision`` keeps four references and works everything else out when it is asked for, so
deciding is cheap and explaining costs only those who read the explanation.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from minorguard.core.acts import Play, Spend
from minorguard.core.changes import Change, changes_of, overreach_of
from minorguard.core.citation import PROVENANCES
from minorguard.core.duties import due
from minorguard.core.hours import DAY_S, contains
from minorguard.core.limits import CAP_CODES
from minorguard.core.ruling import DAYS_AHEAD
from minorguard.core.settings import SETTERS
from minorguard.errors import Denied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minorguard.core.acts import Request
    from minorguard.core.citation import Citation, Provenance
    from minorguard.core.limits import Cap, Code, Rest
    from minorguard.core.policy import Law, LawStamp
    from minorguard.core.rules import Rule
    from minorguard.core.ruling import Ruling, Stamp
    from minorguard.core.usage import Usage

Lang = Literal["zh", "en"]

WARN_BEFORE = tuple(timedelta(minutes=minutes) for minutes in (15, 5, 1))
"""How long before the end a person is warned."""

LEASE_S = 900
LEASE_WITH_QUOTA_S = 120
"""How long an allowed Play may go on before it must ask again."""


class Finding(NamedTuple):
    """What one governing rule objected: the code, the rule and, for a number, which number."""

    code: Code
    rule: Rule
    limit: int | None = None

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The articles that the rule obeys."""
        return self.rule.head.citations

    @property
    def provenance(self) -> Provenance:
        """How binding the rule is."""
        return self.rule.head.provenance


class Answer(NamedTuple):
    """All that a decision says, worked out once; each part is explained at ``Decision``."""

    allowed: bool
    governed: bool
    reasons: tuple[Finding, ...]
    until: datetime | None
    remaining_s: int | None
    lease_until: datetime | None
    next_allowed_at: datetime | None
    warn_at: tuple[datetime, ...]
    remaining_fen: int | None
    obligations: tuple[str, ...]
    degraded: tuple[str, ...]


class Segment:
    """A stretch of one day (an ordinal), from a second on, in which the hours stay as they are.

    ``blocked`` says why nobody may go ahead in it whatever they used; it is empty where the hours
    are open and no rule objects flatly. ``metered``: whether what was used can still refuse.
    """

    __slots__ = ("blocked", "day", "law", "metered", "ruling", "start")

    def __init__(self, law: Law, ruling: Ruling, day: int, start: int) -> None:
        self.law = law
        self.ruling = ruling
        self.day = day
        self.start = start
        self.blocked = tuple(_blocked(ruling, start))
        self.metered = bool(ruling.quotas or ruling.caps or ruling.counts)

    def closes(self, request: Request, second: int) -> Stamp | None:
        """The first instant from this open one on at which the law closes, if it ever does."""
        return self.law.closes(request, self.day, second)

    def opens_later(self, request: Request) -> Stamp | None:
        """The first instant after today at which the law opens for somebody who used nothing."""
        return self.law.opens_later(request, self.day)


def _blocked(ruling: Ruling, second: int) -> Iterator[Finding]:
    for objection in ruling.objections:
        yield Finding(objection.code, objection.rule)
    for window in ruling.windows:
        if not contains(window.hours, second):
            open_s = sum(end - start for start, end in window.hours)
            yield Finding("outside_window", window.rule, open_s)


class Decision:
    """The whole answer to one request at one instant. ``if decision:`` means that it is allowed.

    A lease rather than a yes: it says until when, how much is left, when next, when to warn, what
    must be done and under which article. Times carry +08:00 and whole seconds, money is in fen.
    """

    __slots__ = ("at", "request", "segment", "usage")

    at: datetime
    request: Request
    segment: Segment
    usage: Usage

    def __init__(self, segment: Segment, request: Request, usage: Usage, at: datetime) -> None:
        self.segment = segment
        self.request = request
        self.usage = usage
        self.at = at

    def __repr__(self) -> str:
        state = "allowed" if self.allowed else ", ".join(f.code for f in self.reasons)
        return f"<Decision {self.request.act} {state}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Decision) and (
            (self.at, self.request, self.law, self.answer)
            == (other.at, other.request, other.law, other.answer)
        )

    __hash__ = None  # type: ignore[assignment]  # a decision is an answer, not a key

    @property
    def answer(self) -> Answer:
        """The whole answer at once, for those who want all of it."""
        allowed = self.allowed
        remaining_s = self._remaining_s(allowed=allowed)
        until = self._until(remaining_s)
        following = None if allowed else self._next()
        return Answer(
            allowed,
            self.segment.ruling.governed,
            () if allowed else self.reasons,
            until,
            remaining_s,
            self._lease_until(until) if allowed else None,
            following,
            self._warn_at(until),
            self.remaining_fen,
            due(self, allowed=allowed),
            self._degraded(following),
        )

    # -- yes or no ------------------------------------------------------------------------------

    @property
    def allowed(self) -> bool:
        """Whether the request may go ahead now."""
        segment = self.segment
        if segment.blocked:
            return False
        return not segment.metered or not any(self._exceeded())

    def __bool__(self) -> bool:
        segment = self.segment
        if segment.metered:
            return self.allowed
        return not segment.blocked

    def require(self) -> Decision:
        """This decision if it allows; ``Denied`` (which carries it) if it does not."""
        if self.allowed:
            return self
        raise Denied(self)

    @property
    def reasons(self) -> tuple[Finding, ...]:
        """Every objecting rule, each code once with its strictest number, sorted by rule id."""
        segment = self.segment
        strictest: dict[str, Finding] = {}
        for finding in (*segment.blocked, *(self._exceeded() if segment.metered else ())):
            known = strictest.get(finding.code)
            if known is None or _strictness(finding) < _strictness(known):
                strictest[finding.code] = finding
        return tuple(sorted(strictest.values(), key=_by_rule))

    def _exceeded(self) -> Iterator[Finding]:
        ruling, usage = self.segment.ruling, self.usage
        for quota in ruling.quotas:
            if usage.played_today_s >= quota.quota_s:
                yield Finding("quota_exhausted", quota.rule, quota.quota_s)
        request = self.request
        if isinstance(request, Spend):
            for cap in ruling.caps:
                if request.fen > self._left(cap):
                    yield Finding(CAP_CODES[cap.period], cap.rule, cap.cap_fen)
        for count in ruling.counts:
            counted = usage.counts.get(count.name, 0)
            if counted >= count.count_max and contains(count.hours, self._second):
                yield Finding("count_cap_exceeded", count.rule, count.count_max)

    def _left(self, cap: Cap) -> int:
        if cap.period == "single":
            return cap.cap_fen
        daily, usage = cap.period == "daily", self.usage
        return cap.cap_fen - (usage.spent_today_fen if daily else usage.spent_month_fen)

    @property
    def governed(self) -> bool:
        """Whether any rule of this act's kind applies to this person, the identity gate apart."""
        return self.segment.ruling.governed

    # -- time -----------------------------------------------------------------------------------

    @property
    def _second(self) -> int:
        at = self.at
        return at.hour * 3600 + at.minute * 60 + at.second

    @property
    def remaining_s(self) -> int | None:
        """Seconds of play left, 0 when refused, ``None`` when nothing limits."""
        return self._remaining_s(allowed=self.allowed)

    def _remaining_s(self, *, allowed: bool) -> int | None:
        if not isinstance(self.request, Play):
            return None
        if not allowed:
            return 0
        segment, second = self.segment, self._second
        closes = segment.closes(self.request, second)
        remaining_s = None if closes is None else closes - (segment.day * DAY_S + second)
        for quota in segment.ruling.quotas:
            left_s = quota.quota_s - self.usage.played_today_s
            remaining_s = left_s if remaining_s is None else min(remaining_s, left_s)
        return remaining_s

    @property
    def until(self) -> datetime | None:
        """The first instant that is refused again if the person plays on."""
        return self._until(self.remaining_s)

    def _until(self, remaining_s: int | None) -> datetime | None:
        return _after(self.at, remaining_s) if remaining_s else None

    @property
    def lease_until(self) -> datetime | None:
        """When to ask again at the latest: the lease an allowed Play has paid for."""
        return self._lease_until(self.until) if self.allowed else None

    def _lease_until(self, until: datetime | None) -> datetime | None:
        ruling = self.segment.ruling
        unlimited = until is None and not ruling.governed
        if unlimited or not isinstance(self.request, Play):
            return None
        lease_until = _after(self.at, LEASE_WITH_QUOTA_S if ruling.quotas else LEASE_S)
        if until is None or lease_until is None:
            return until or lease_until
        return min(until, lease_until)

    @property
    def warn_at(self) -> tuple[datetime, ...]:
        """15, 5 and 1 minute before ``until``, as far as they are still to come."""
        return self._warn_at(self.until)

    def _warn_at(self, until: datetime | None) -> tuple[datetime, ...]:
        if until is None:
            return ()
        return tuple(at for before in WARN_BEFORE if (at := until - before) > self.at)

    @property
    def next_allowed_at(self) -> datetime | None:
        """For a refused Play: the first instant at which the same request would be allowed.

        If nothing else happens: windows, new days' quotas, guardian windows, birthdays, editions
        and the calendar are counted. ``None`` where that is never or beyond 400 days.
        """
        return None if self.allowed else self._next()

    def _next(self) -> datetime | None:
        return self.opening if isinstance(self.request, Play) else None

    @property
    def opening(self) -> datetime | None:
        """The first instant after a refused one at which the hours are open and no rule objects."""
        segment, second = self.segment, self._second
        ruling, played = segment.ruling, self.usage.played_today_s
        if not ruling.objections and all(quota.quota_s > played for quota in ruling.quotas):
            today = next((start for start, _ in ruling.hours if start > second), None)
            if today is not None:
                return self.at + timedelta(seconds=today - second)
        stamp = segment.opens_later(self.request)
        if stamp is None:
            return None
        ahead_s = stamp - (segment.day * DAY_S + second)
        return self.at + timedelta(seconds=ahead_s) if ahead_s <= DAYS_AHEAD * DAY_S else None

    def fits(self, seconds: int) -> bool:
        """Whether something that takes so many seconds can be finished before the end."""
        if not self.allowed:
            return False
        remaining_s = self.remaining_s
        return remaining_s is None or seconds <= remaining_s

    # -- money, duties, states ------------------------------------------------------------------

    @property
    def remaining_fen(self) -> int | None:
        """For a Spend: the largest single amount that would pass now, ``None`` when uncapped."""
        if not isinstance(self.request, Spend):
            return None
        ruling = self.segment.ruling
        if ruling.objections:
            return 0
        return max(0, min(map(self._left, ruling.caps))) if ruling.caps else None

    @property
    def obligations(self) -> tuple[str, ...]:
        """What the platform must do, sorted."""
        return due(self, allowed=self.allowed)

    def reminds(self, rest: Rest) -> bool:
        """Whether a reminder to rest is due: after more than so long without a break."""
        return self.usage.continuous_s > rest.after_s

    @property
    def degraded(self) -> tuple[str, ...]:
        """What could not be known and was answered protectively, sorted."""
        return self._degraded(self.next_allowed_at)

    def _degraded(self, following: datetime | None) -> tuple[str, ...]:
        ruling = self.segment.ruling
        states = set(ruling.notes)
        if ruling.age_decided:
            states.add("age_unknown")
        if ruling.on_calendar:
            announced = self.segment.law.calendar.announced
            days = [self.segment.day, *(() if following is None else (following.toordinal(),))]
            if not all(map(announced, days)):
                states.add("calendar_unannounced")
        return tuple(sorted(states))

    @property
    def law(self) -> tuple[LawStamp, ...]:
        """Under which law it was decided: id, revision, digest and readings, for a replay."""
        return self.segment.law.stamps

    # -- words ----------------------------------------------------------------------------------

    def title(self, lang: Lang = "zh") -> str:
        """The official title, 防沉迷提示."""
        return self.segment.law.wording.title(lang)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What would turn a refusal into a yes, all together; empty where nothing known would."""
        return changes_of(self)

    @property
    def overreach(self) -> tuple[str, ...]:
        """The guardian's settings that try to allow what the law does not; they have no effect."""
        return overreach_of(self)

    def explain(self, lang: Lang = "zh") -> str:
        """The answer in words a parent understands, with the article a judge needs."""
        return self.segment.law.wording.explain(self, lang)


def _after(at: datetime, seconds: int) -> datetime | None:
    try:
        return at + timedelta(seconds=seconds)
    except OverflowError:  # the calendar ends before
        return None


_RANK = {provenance: rank for rank, provenance in enumerate(PROVENANCES)}


def _strictness(finding: Finding) -> tuple[int, bool, int, str]:
    # Where two rules say the same, the law's own is named before a setting's.
    limit = -1 if finding.limit is None else finding.limit
    by_setting = finding.rule.head.pack in SETTERS
    return limit, by_setting, _RANK[finding.provenance], finding.rule.id


def _by_rule(finding: Finding) -> tuple[str, str]:
    return finding.rule.id, finding.code
