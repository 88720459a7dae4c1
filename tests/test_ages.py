"""When an age is reached. 民法典 art. 201-203; the vectors are those of the law research."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minorguard.core.subject import age_on, attained_on, born_by

DATES = st.dates(date(1900, 1, 1), date(2150, 12, 31))
YEARS = st.integers(1, 60)
READINGS = st.sampled_from(["day_after_birthday", "on_birthday"])


@pytest.mark.parametrize(
    ("born", "years", "reached"),
    [
        (date(2008, 5, 10), 18, date(2026, 5, 11)),
        (date(2008, 2, 29), 18, date(2026, 3, 1)),
        (date(2008, 2, 28), 18, date(2026, 3, 1)),
        (date(2007, 12, 31), 18, date(2026, 1, 1)),
        (date(2012, 2, 29), 14, date(2026, 3, 1)),
        (date(2012, 2, 29), 8, date(2020, 3, 1)),
    ],
)
def test_an_age_is_reached_on_the_day_after_the_birthday(born, years, reached):
    assert attained_on(born, years) == reached


@pytest.mark.parametrize(
    ("born", "years", "reached"),
    [
        (date(2008, 5, 10), 18, date(2026, 5, 10)),
        (date(2008, 2, 29), 18, date(2026, 3, 1)),
        (date(2012, 2, 29), 8, date(2020, 2, 29)),
    ],
)
def test_the_other_reading_reaches_it_on_the_birthday(born, years, reached):
    assert attained_on(born, years, "on_birthday") == reached


@given(DATES, YEARS, READINGS, st.integers(-800, 800))
def test_the_latest_birth_that_has_an_age_is_the_inverse_of_when_it_is_reached(
    born, years, reading, offset
):
    day = attained_on(born, years, reading) + timedelta(days=offset)

    has_reached = attained_on(born, years, reading) <= day
    assert (born.toordinal() <= born_by(day.toordinal(), years, reading)) == has_reached


@given(DATES, YEARS, READINGS)
def test_age_counts_the_birthdays_that_were_reached(born, years, reading):
    reached = attained_on(born, years, reading)

    assert age_on(born, reached, reading) == years
    assert age_on(born, reached - timedelta(days=1), reading) == years - 1


@given(DATES, st.integers(0, 40_000), READINGS)
def test_nobody_grows_younger(born, days, reading):
    day = min(born + timedelta(days=days), date(2150, 12, 31))

    assert age_on(born, day + timedelta(days=1), reading) >= age_on(born, day, reading) >= 0


def test_nobody_has_an_age_before_birth():
    with pytest.raises(ValueError, match="born after"):
        age_on(date(2020, 1, 2), date(2020, 1, 1))


def test_no_birth_is_so_early_that_the_calendar_ends():
    assert born_by(date(10, 1, 1).toordinal(), 18) == 0
    assert born_by(1, 18) == 0
