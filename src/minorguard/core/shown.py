"""Rules of what is shown: age ratings, and the categories of content the law names.

Only a known minor counts as one here, unless the service is for minors alone or the minors' mode
is on: an adult who has not said how old he is is not kept from the news.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from minorguard.core.acts import PROMINENT, PUSHED, Show, Use
from minorguard.core.limits import Duty, Objection
from minorguard.core.rules import Rule
from minorguard.core.uses import Message
from minorguard.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minorguard.core.acts import Request
    from minorguard.core.calendar import Calendar
    from minorguard.core.limits import Limit
    from minorguard.core.subject import AgeReading, Ages

Ratings = tuple[tuple[str, int], ...]
"""Label -> the age from which content so rated is suitable, sorted by label."""

Cell = Literal["prohibited", "restricted", "prompt", "prompt_and_stop", "neutral"]
"""What the law says of a category in one situation."""

PROHIBITED_DUTIES = ("preserve_evidence", "report_to_authority", "stop_transmission")
"""未成年人保护法 art. 80(2), 未成年人网络保护条例 art. 29: stop it, keep the records, report it."""


class Cells(NamedTuple):
    """What the law says of a category in each situation.

    To everybody, in prominent slots, pushed to a known minor, in the minors' mode and in a service
    for minors alone.
    """

    general: Cell
    prominent: Cell
    pushed: Cell
    mode: Cell
    minors_only: Cell


def counts_as_minor(request: Request, ages: Ages) -> bool:
    """Whether somebody is kept from what is not for minors: an unknown age only where all are."""
    minors_only = isinstance(request, Show) and request.minors_only_service
    return ages.minor or (ages.unknown and (minors_only or request.subject.minors_mode))


def hangs_on_mode(request: Request) -> bool:
    """Whether it matters for what is shown that the minors' mode is on."""
    return isinstance(request, Show) and not request.minors_only_service


@dataclass(frozen=True, eq=False, repr=False)
class AgeRating(Rule):
    """Content rated for older children is not shown to a known minor who is younger."""

    ratings: Ratings

    def concerns(self, request: Request) -> bool:
        return isinstance(request, Show)

    def binds(self, request: Request, ages: Ages) -> bool:
        return counts_as_minor(request, ages)

    def reads_standing(self, request: Request) -> bool:
        unknown = request.subject.born is None and request.subject.age.unknown
        return unknown and hangs_on_mode(request)

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
class ContentRule(Rule):
    """One category of content: forbidden, kept from minors, or shown after a prompt.

    Of several situations that apply at once the strictest counts. What is posted or written is
    judged as what anybody may see.
    """

    category: str
    cells: Cells
    age_reading: AgeReading = "day_after_birthday"

    def concerns(self, request: Request) -> bool:
        return isinstance(request, (Show, Use)) and self.category in request.labels

    def reads_standing(self, request: Request) -> bool:
        return self.concerns(request) and hangs_on_mode(request)

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del calendar
        said = frozenset(self._cells(request, ages, day))
        if "prohibited" in said:
            yield Objection(self, "content_prohibited")
        elif "restricted" in said:
            yield Objection(self, "content_restricted")
        general = self.cells.general
        if general == "prohibited":
            for obligation in PROHIBITED_DUTIES:
                yield Duty(self, obligation, always=True)
        if general in ("prompt", "prompt_and_stop"):
            yield Duty(self, "prompt_before_display")
        if general == "prompt_and_stop":
            yield Duty(self, "stop_transmission")

    def _cells(self, request: Request, ages: Ages, day: int) -> Iterator[Cell]:
        cells = self.cells
        yield cells.general
        if not isinstance(request, Show):
            # 未成年人网络保护条例 art. 25: what may affect minors is not sent to them either.
            about = request.about if isinstance(request, Use) else None
            if isinstance(about, Message) and about.to.ages_on(day, self.age_reading).minor:
                yield cells.pushed
            return
        if request.slot in PROMINENT:
            yield cells.prominent
        if request.slot in PUSHED and counts_as_minor(request, ages):
            yield cells.pushed
        if request.subject.minors_mode:
            yield cells.mode
        if request.minors_only_service:
            yield cells.minors_only


@dataclass(frozen=True, eq=False, repr=False)
class Alert(Rule):
    """What the platform must do when it finds content of a category, allowed or not."""

    category: str
    obligation: str

    restricts: ClassVar[bool] = False

    def concerns(self, request: Request) -> bool:
        return isinstance(request, (Show, Use)) and self.category in request.labels

    def binds(self, request: Request, ages: Ages) -> bool:
        if isinstance(request, Show) and self.head.ages.minor:
            return counts_as_minor(request, ages)
        return super().binds(request, ages)

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del request, ages, day, calendar
        yield Duty(self, self.obligation, always=True)


def rated_age(ratings: Ratings, label: str, path: str = "ask.rating") -> int:
    """The age from which a rating is suitable. ``InvalidRequest`` for a label nobody knows."""
    age = dict(ratings).get(label.upper()) if label.isascii() else None
    if age is None:
        raise InvalidRequest(path, 'want "8+", "12+", "16+" or SYSTEM:LABEL as in "PEGI:16"')
    return age
