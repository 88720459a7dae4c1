"""Rules of online courses: what may stand on a page for minors, and how long a lesson lasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from minorguard.core.acts import Use
from minorguard.core.limits import Objection
from minorguard.core.toggles import FeatureRule
from minorguard.core.uses import Lesson, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from minorguard.core.acts import Request
    from minorguard.core.calendar import Calendar
    from minorguard.core.limits import Code, Limit
    from minorguard.core.subject import Ages

PAGE_CHECKS: Mapping[Code, Callable[[Page], bool]] = MappingProxyType(
    {
        "course_unreviewed": lambda page: not page.course_reviewed,
        "comments_need_review": lambda page: page.comments == "publish_then_review",
        "ads_forbidden": lambda page: bool(page.ads),
        "popup_forbidden": lambda page: any(to != "learning" for to in page.popups),
        "game_link_forbidden": lambda page: "game" in page.links,
        "nonprofit_commercialised": lambda page: (
            page.nonprofit and (page.charges_fen > 0 or bool(page.ads))
        ),
    }
)
"""What is wrong with a page, by the code that says so."""


@dataclass(frozen=True, eq=False, repr=False)
class PageRule(FeatureRule):
    """One thing that may not be on a course page for minors."""

    code: Code = "course_unreviewed"

    def binds(self, request: Request, ages: Ages) -> bool:
        # What the page is meant for decides, not who looks at it; a known minor is a minor.
        about = request.about if isinstance(request, Use) else None
        return ages.minor or (isinstance(about, Page) and about.for_minors)

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del ages, day, calendar
        about = request.about if isinstance(request, Use) else None
        if isinstance(about, Page) and PAGE_CHECKS[self.code](about):
            yield Objection(self, self.code)


@dataclass(frozen=True, eq=False, repr=False)
class LessonRule(FeatureRule):
    """How long a lesson of subject training may be, the break before it, and when it must end."""

    minutes_max: int = 0
    break_min: int = 0
    ends_by_s: int = 0

    def binds(self, request: Request, ages: Ages) -> bool:
        del ages  # the lesson decides, not who looks at it
        about = request.about if isinstance(request, Use) else None
        return isinstance(about, Lesson) and about.training == "subject_compulsory"

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del ages, day, calendar
        lesson = request.about if isinstance(request, Use) else None
        if not isinstance(lesson, Lesson):
            return
        if lesson.minutes > self.minutes_max:
            yield Objection(self, "lesson_too_long")
        if lesson.break_before_min is not None and lesson.break_before_min < self.break_min:
            yield Objection(self, "break_too_short")
        midnight = lesson.starts.replace(hour=0, minute=0, second=0)
        length_s = (lesson.starts - midnight) // timedelta(seconds=1) + lesson.minutes * 60
        if length_s > self.ends_by_s:
            yield Objection(self, "outside_window")
