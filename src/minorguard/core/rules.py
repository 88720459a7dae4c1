"""The kinds of restriction. A rule objects or limits; none permits.

A rule is asked once per kind of person and day and answers with limits: hours, quotas, caps,
objections, duties, notes. What was used so far is no business of a rule: the arithmetic is in
``decision``. So a law is a set of rules, and more rules can only take more away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from minorguard.core.acts import Play, Spend
from minorguard.core.limits import Cap, Duty, HalfCap, Note, Objection, Quota, Window
from minorguard.core.subject import ADULT, ANY_AGE, FOREVER, Ages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minorguard.core.acts import Request
    from minorguard.core.calendar import Calendar, DayKind
    from minorguard.core.citation import Citation, Provenance
    from minorguard.core.hours import Hours
    from minorguard.core.limits import Code, Limit, Period

EVER = 1 << 30
"""A day (an ordinal) after every day: the end of an edition that is still in force."""

Mode = Literal["any", "in", "out"]
"""Whether a rule binds everywhere, only in the minors' mode, or only outside it."""

ADULTS = Ages(ADULT, FOREVER)


# -- the rules -----------------------------------------------------------------------------------


class Head(NamedTuple):
    """What every rule has: a name, a source, whom and what it binds, and since when.

    ``id`` is stable across editions; ``pack`` the law it belongs to; ``[since, until)`` the days
    (ordinals) of this edition; ``acts`` which acts it reads; ``ages`` whom it binds.
    ``mode``: whether it binds only in the minors' mode or only outside it; ``adults_in_mode``: an
    adult account in the mode counts as one of ``ages``. ``doubts_pending``: a person whose identity
    is being checked is of unknown age to it. ``message``: wording of its own, language -> text.
    """

    id: str
    pack: str
    citations: tuple[Citation, ...]
    provenance: Provenance
    acts: frozenset[str]
    ages: Ages = ANY_AGE
    since: int = 0
    until: int = EVER
    mode: Mode = "any"
    adults_in_mode: bool = False
    doubts_pending: bool = False
    message: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Rule:
    """One restriction in one edition, with the articles it obeys."""

    head: Head

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.head.id, self.head.since))

    def __repr__(self) -> str:
        since = date.fromordinal(self.head.since or 1)
        return f"<{type(self).__name__} {self.head.id} since {since}>"

    restricts: ClassVar[bool] = True
    """Whether the rule counts towards ``governed``: a gate or a mere duty does not."""

    bounds_time: ClassVar[bool] = False
    """Whether it says when, or for how long, a person may play."""

    @property
    def on_calendar(self) -> bool:
        """Whether what it says depends on the State Council's calendar."""
        return False

    @property
    def id(self) -> str:
        """The stable name, ``cn.game.window``."""
        return self.head.id

    def ages_for(self, request: Request, ages: Ages) -> Ages:
        """The ages this rule has to reckon with."""
        if self.head.doubts_pending and request.subject.identity == "pending":
            return ANY_AGE
        return ages

    def concerns(self, request: Request) -> bool:
        """Whether this rule speaks about such requests at all, whoever asks."""
        return request.act in self.head.acts

    def governs(self, request: Request, ages: Ages) -> bool:
        """Whether it speaks to somebody of these ages: an unknown age is in every band."""
        return self.concerns(request) and self.binds(request, self.ages_for(request, ages))

    def binds(self, request: Request, ages: Ages) -> bool:
        """Whether it binds somebody of these ages, in the minors' mode or not."""
        head = self.head
        if head.mode != "any" and request.subject.minors_mode is not (head.mode == "in"):
            return False
        return ages.meets(head.ages) or (head.adults_in_mode and ages.meets(ADULTS))

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        """What the rule says on that day to somebody whom it governs."""
        raise NotImplementedError

    def reads_standing(self, request: Request) -> bool:
        """Whether the answer may hang on the minors' mode or a consent, which a guard records."""
        return self.head.mode != "any" and self.concerns(request)

    def edges(self) -> tuple[int, ...]:
        """The ages at which the rule's answer may change."""
        return self.head.ages


@dataclass(frozen=True, eq=False, repr=False)
class IdentityGate(Rule):
    """Nobody is served before the real identity is known.

    ``deny_pending``: the reading that a check still running is no identity yet.
    """

    deny_pending: bool = False

    restricts: ClassVar[bool] = False

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del ages, day, calendar
        identity = request.subject.identity
        if identity == "pending":
            if self.deny_pending or isinstance(request, Spend):
                yield Objection(self, "identity_pending", alone=True)
            else:
                yield Note(self, "identity_pending")
        elif identity != "verified":
            yield Objection(self, "identity_required", alone=True)


@dataclass(frozen=True, eq=False, repr=False)
class PlayWindow(Rule):
    """Hours of the week in which a minor may play.

    ``hours`` hold on every day of ``day_kind``; other days are closed.
    """

    hours: Hours
    day_kind: DayKind = "every"

    bounds_time: ClassVar[bool] = True

    @property
    def on_calendar(self) -> bool:
        return self.day_kind != "every"

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del request, ages
        yield Window(self, self.hours if calendar.is_kind(day, self.day_kind) else ())


@dataclass(frozen=True, eq=False, repr=False)
class DailyQuota(Rule):
    """Minutes of a day for which a minor may play: so many on holidays, so many on other days."""

    quota_s: int
    holiday_quota_s: int

    bounds_time: ClassVar[bool] = True

    @property
    def on_calendar(self) -> bool:
        return self.holiday_quota_s != self.quota_s

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del request, ages
        holiday = self.on_calendar and calendar.holiday(day)
        yield Quota(self, self.holiday_quota_s if holiday else self.quota_s)


@dataclass(frozen=True, eq=False, repr=False)
class Refusal(Rule):
    """A flat no: a child too young to pay, a minor who wants to tip.

    ``purpose``: of payments, only those that top up for tipping; with ``by_default`` also those
    that do not say what they are for.
    """

    code: Code
    purpose: Literal["tipping"] | None = None
    by_default: bool = False

    bounds_time: ClassVar[bool] = True

    def concerns(self, request: Request) -> bool:
        if self.purpose is None or not isinstance(request, Spend):
            return request.act in self.head.acts
        said = request.purpose == self.purpose or (self.by_default and request.purpose is None)
        return said and request.act in self.head.acts

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del request, ages, day, calendar
        yield Objection(self, self.code)


@dataclass(frozen=True, eq=False, repr=False)
class SpendingCap(Rule):
    """How much a minor may pay at once, in a day and in a month."""

    single_fen: int | None = None
    daily_fen: int | None = None
    monthly_fen: int | None = None

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del request, ages, day, calendar
        if self.single_fen is not None:
            yield Cap(self, "single", self.single_fen)
        if self.daily_fen is not None:
            yield Cap(self, "daily", self.daily_fen)
        if self.monthly_fen is not None:
            yield Cap(self, "monthly", self.monthly_fen)


@dataclass(frozen=True, eq=False, repr=False)
class HouseCap(Rule):
    """A cap that the law demands without a number, so the platform has to set it.

    ``configured`` are the age bands for which a house file has set it. Where it is missing, the
    answer is ``cap_not_configured`` or carries the state ``noted``.
    """

    period: Period
    noted: str | None = None
    configured: tuple[Ages, ...] = ()

    @property
    def refuses(self) -> bool:
        """Whether a payment is refused until the house has set the cap."""
        return self.noted is None

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del day, calendar
        ages = self.ages_for(request, ages)
        bound = range(
            max(ages.at_least, self.head.ages.at_least), min(ages.below, self.head.ages.below)
        )
        if all(any(age in range(*band) for band in self.configured) for age in bound):
            return
        if self.noted is None:
            yield Objection(self, "cap_not_configured")
        else:
            yield Note(self, self.noted)

    def edges(self) -> tuple[int, ...]:
        return tuple(edge for band in (self.head.ages, *self.configured) for edge in band)


@dataclass(frozen=True, eq=False, repr=False)
class ConfirmPayment(Rule):
    """Something to confirm once more when a payment reaches half of a cap."""

    obligation: str

    restricts: ClassVar[bool] = False

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del request, ages, day, calendar
        yield HalfCap(self, self.obligation)


@dataclass(frozen=True, eq=False, repr=False)
class LoginNotice(Rule):
    """Something the platform must show when a person logs in."""

    obligation: str

    restricts: ClassVar[bool] = False

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del ages, day, calendar
        if isinstance(request, Play) and not request.renewal:
            yield Duty(self, self.obligation)


class NotCovered(Rule):
    """What no law loaded here speaks about is refused, so that no rule never means all allowed."""

    restricts: ClassVar[bool] = False

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del request, ages, day, calendar
        yield Objection(self, "not_covered", alone=True)
