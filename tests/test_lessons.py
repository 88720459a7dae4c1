"""Lessons and timetables of online training in school subjects."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minorguard import ZONE, InvalidRequest, Lesson, law
from minorguard.content.lesson import check_lesson, check_timetable
from strategies import few

COURSE = law("cn.course")
EVENING = datetime(2026, 11, 18, 19, tzinfo=ZONE)


def lesson(minute, minutes=30, **more):
    return Lesson(starts=EVENING + timedelta(minutes=minute), minutes=minutes, **more)


def codes(decision):
    return [reason.code for reason in decision.reasons]


def test_a_lesson_of_half_an_hour_is_well_and_a_minute_more_is_not():
    assert check_lesson(COURSE, lesson(0))
    assert codes(check_lesson(COURSE, lesson(0, 31))) == ["lesson_too_long"]


def test_a_lesson_may_end_at_nine_and_not_a_minute_later():
    assert check_lesson(COURSE, lesson(90))
    assert codes(check_lesson(COURSE, lesson(91))) == ["outside_window"]
    assert codes(check_lesson(COURSE, lesson(290, 30))) == ["outside_window"]  # past midnight


def test_other_training_is_free():
    assert check_lesson(COURSE, lesson(100, 240, training="other"))


def test_breaks_are_those_of_the_timetable():
    [fault] = check_timetable(COURSE, [lesson(39), lesson(0)])
    assert (fault.place, codes(fault.decision)) == (0, ["break_too_short"])
    assert check_timetable(COURSE, [lesson(40), lesson(0)]) == ()
    assert check_timetable(COURSE, []) == ()


def test_the_night_between_two_days_is_no_break_of_a_lesson():
    tomorrow = lesson(24 * 60)
    assert check_timetable(COURSE, [lesson(0), tomorrow]) == ()


def test_two_lessons_at_once_are_no_timetable():
    with pytest.raises(InvalidRequest):
        check_timetable(COURSE, [lesson(0), lesson(29)])


@few(200)
@given(st.integers(0, 280), st.integers(1, 300), st.none() | st.integers(0, 60))
def test_the_three_limits_are_as_the_opinion_of_2021_has_them(minute, minutes, pause):
    expected = set()
    if minutes > 30:
        expected.add("lesson_too_long")
    if pause is not None and pause < 10:
        expected.add("break_too_short")
    if minute + minutes > 120:
        expected.add("outside_window")
    assert (
        set(codes(check_lesson(COURSE, lesson(minute, minutes, break_before_min=pause))))
        == expected
    )
