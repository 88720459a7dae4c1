"""The kinds of restriction. A rule objects or limits; none permits.

A rule is asked once per kind of person and day and answers with limits: hours, quotas, caps,
objections, duties, notes. What was used so far is no business of a rule: the arithmetic is in
``decision``. So a law is a set of rules, and more rules can only take more away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from minorguard.core.acts import Play, Show, Spend, Use
from minorguard.core.limits import Cap, Duty, Note, Objection, Quota, Window
from minorguard.core.subject import ANY_AGE, Ages
from minorguard.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minorguard.core.acts import Request
    from minorguard.core.calendar import Calendar, DayKind
    from minorguard.core.citation import Citation, Provenance
    from minorguard.core.hours import Hours
    from minorguard.core.limits import Limit, Period

Ratings = tuple[tuple[str, int], ...]
"""Label -> the age from which content so rated is suitable, sorted by label."""

EVER = 1 << 30
"""A day (an ordinal) after every day: the end of an edition that is still in force."""


# -- the rules -----------------------------------------------------------------------------------


class Head(NamedTuple):
    """What every rule has: a name, a source, whom and what it binds, and since when.

    ``id`` is stable across editions; ``pack`` the law it belongs to; ``[since, until)`` the days
    (ordinals) of this edition; ``acts`` which acts it reads; ``ages`` whom it binds.
    ``doubts_pending``: a person whose identity is being checked is of unknown age to it.
    ``message``: wording of its own, language -> text.
    """

    id: str
    pack: str
    citations: tuple[Citation, ...]
    provenance: Provenance
    acts: frozenset[str]
    ages: Ages = ANY_AGE
    since: int = 0
    until: int = EVER
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
        return self.concerns(request) and self.ages_for(request, ages).meets(self.head.ages)

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        """What the rule says on that day to somebody whom it governs."""
        raise NotImplementedError

    def reads_standing(self, request: Request) -> bool:
        """Whether the answer may hang on the minors' mode or a consent, which a guard records."""
        del request
        return False

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


class NoSpending(Rule):
    """A child too young to pay for anything."""

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del request, ages, day, calendar
        yield Objection(self, "spend_forbidden")


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
    answer carries ``daily_cap_not_configured`` (``refuses`` false) or is ``cap_not_configured``.
    """

    period: Period
    refuses: bool
    configured: tuple[Ages, ...] = ()

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del day, calendar
        ages = self.ages_for(request, ages)
        bound = range(
            max(ages.at_least, self.head.ages.at_least), min(ages.below, self.head.ages.below)
        )
        if all(any(age in range(*band) for band in self.configured) for age in bound):
            return
        if self.refuses:
            yield Objection(self, "cap_not_configured")
        else:
            yield Note(self, "daily_cap_not_configured")

    def edges(self) -> tuple[int, ...]:
        return tuple(edge for band in (self.head.ages, *self.configured) for edge in band)


@dataclass(frozen=True, eq=False, repr=False)
class AgeRating(Rule):
    """Content rated for older children is not shown to a known minor who is younger."""

    ratings: Ratings

    def governs(self, request: Request, ages: Ages) -> bool:
        # An unknown age counts as a minor only where everybody is treated as one.
        if not isinstance(request, Show):
            return False
        minors_only = request.minors_only_service or request.subject.minors_mode
        return ages.minor or (minors_only and ages.unknown)

    def reads_standing(self, request: Request) -> bool:
        if not isinstance(request, Show) or request.minors_only_service:
            return False
        return request.subject.born is None and request.subject.age.unknown

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del day, calendar
        rating = request.rating if isinstance(request, Show) else None
        if rating is not None and ages.at_least < rated_age(self.ratings, rating):
            yield Objection(self, "rating_too_high")

    def edges(self) -> tuple[int, ...]:
        return tuple(sorted({*self.head.ages, *dict(self.ratings).values()}))


@dataclass(frozen=True, eq=False, repr=False)
class RatingLimit(Rule):
    """The highest age rating that a guardian or the house lets a minor see."""

    ratings: Ratings
    rating_max: str

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del ages, day, calendar
        if isinstance(request, Show) and request.rating is not None:
            highest = rated_age(self.ratings, self.rating_max, "guardian.max_rating")
            if rated_age(self.ratings, request.rating) > highest:
                yield Objection(self, "rating_too_high")


@dataclass(frozen=True, eq=False, repr=False)
class FeatureRule(Rule):
    """A feature that a law names: one that must stay open, unless a kind below closes it.

    ``changeable_by``: who may change it, of ``guardian`` ``minor`` ``house``; nobody if empty.
    """

    feature: str
    changeable_by: tuple[str, ...] = ()

    def concerns(self, request: Request) -> bool:
        return isinstance(request, Use) and request.feature == self.feature

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del request, ages, day, calendar
        return iter(())


@dataclass(frozen=True, eq=False, repr=False)
class FeatureBan(FeatureRule):
    """A feature that is closed to a minor, by law (``feature_forbidden``) or by a setting."""

    code: Literal["feature_forbidden", "feature_off"] = "feature_forbidden"

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del request, ages, day, calendar
        yield Objection(self, self.code)


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


def rated_age(ratings: Ratings, label: str, path: str = "ask.rating") -> int:
    """The age from which a rating is suitable. ``InvalidRequest`` for a label nobody knows."""
    age = dict(ratings).get(label.upper()) if label.isascii() else None
    if age is None:
        raise InvalidRequest(path, 'want "8+", "12+", "16+" or SYSTEM:LABEL as in "PEGI:16"')
    return age
