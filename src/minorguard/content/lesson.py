"""A course's timetable before anybody asks for it: is each lesson short enough, over in time?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.acts import Use
from minorguard.core.subject import Subject
from minorguard.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from minorguard.core.decision import Decision
    from minorguard.core.policy import Law
    from minorguard.core.uses import Lesson

PLATFORM = Subject("platform")
"""Whom a lesson is judged for: the lesson decides, and not who looks at it."""


class LessonFault(NamedTuple):
    """A lesson to which the law objects, by its place in the timetable, and the whole answer."""

    place: int
    lesson: Lesson
    decision: Decision


def check_lesson(law: Law, lesson: Lesson, *, at: datetime | None = None) -> Decision:
    """What the law says of one lesson, judged under the law of ``at`` or of its own beginning.

    Length, the break before it and its end bind off-campus training in the subjects of compulsory
    education (关于进一步减轻义务教育阶段学生作业负担和校外培训负担的意见, 2021-07-24); any other is
    allowed. ``law``: one that has the pack cn.course, or the answer is ``not_covered``.
    """
    return law.decide(Use(PLATFORM, about=lesson), at=lesson.starts if at is None else at)


def check_timetable(law: Law, lessons: Iterable[Lesson]) -> tuple[LessonFault, ...]:
    """The lessons of one class to which the law objects.

    A break that a lesson does not state is what lies between it and the one before it that day.
    Raises ``InvalidRequest`` where two lessons overlap.
    """
    stated = tuple(_with_breaks(tuple(lessons)))
    answers = ((index, one, check_lesson(law, one)) for index, one in stated)
    return tuple(LessonFault(*answer) for answer in answers if not answer[2])


def _with_breaks(lessons: tuple[Lesson, ...]) -> Iterator[tuple[int, Lesson]]:
    order = sorted(range(len(lessons)), key=lambda index: lessons[index].starts)
    if order:
        yield order[0], lessons[order[0]]
    for before, index in pairwise(order):
        earlier, lesson = lessons[before], lessons[index]
        gap_min = (lesson.starts - earlier.starts) // timedelta(minutes=1) - earlier.minutes
        if gap_min < 0:
            raise InvalidRequest(f"lessons.{index}", f"overlaps lessons.{before}")
        same_day = lesson.starts.date() == earlier.starts.date()
        if lesson.break_before_min is None and same_day:
            yield index, replace(lesson, break_before_min=gap_min)
        else:
            yield index, lesson
