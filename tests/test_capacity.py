"""Civil capacity is not the age of protection, and silence is refusal on the thirty-first day."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minorguard import ZONE, Ages, InvalidRequest, Subject, law
from minorguard.core.calendar import Calendar
from minorguard.core.subject import attained_on
from minorguard.guardians.capacity import (
    CAPACITIES,
    Ratification,
    capacities_of,
    capacity_at,
    capacity_of,
    silence_from,
    standing_of,
)
from oracle.notices import DAYS_OFF, DAYS_WORKED
from strategies import few, moment

READINGS = ("day_after_birthday", "on_birthday")
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
CALENDAR = law("cn.game").calendar

ages = st.integers(0, 30).map(lambda years: Ages(years, years + 1))
ranges = st.tuples(st.integers(0, 30), st.integers(1, 30)).map(lambda r: Ages(r[0], sum(r)))
born = st.dates(date(1990, 1, 1), date(2026, 1, 1)) | st.just(date(2008, 2, 29))


def instants(first, last):
    days = st.dates(date(*first), date(*last))
    return st.builds(moment, days, st.integers(0, 86_399)).map(lambda at: at.astimezone(ZONE))


moments = instants((2021, 1, 2), (2029, 12, 31))
adjudged = st.sampled_from((None, *CAPACITIES))


# -- whose capacity ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("years", "own_income", "capacity"),
    [
        (0, False, "none"),
        (7, False, "none"),
        (7, True, "none"),
        (8, False, "limited"),
        (15, True, "limited"),
        (16, False, "limited"),
        (16, True, "full"),
        (17, False, "limited"),
        (17, True, "full"),
        (18, False, "full"),
        (80, False, "full"),
    ],
)
def test_the_classes_are_those_of_articles_17_to_20(years, own_income, capacity):
    assert capacity_of(Ages(years, years + 1), own_income=own_income) == capacity


def test_a_worker_of_seventeen_has_full_capacity_and_is_protected_all_the_same():
    worker = Ages(17, 18)

    assert capacity_of(worker, own_income=True) == "full"
    assert worker.minor


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize(
    ("years", "before", "after"), [(8, "none", "limited"), (18, "limited", "full")]
)
@given(born=born)
def test_capacity_is_gained_in_the_instant_in_which_the_reading_says_so(
    reading, years, before, after, born
):
    first = datetime.combine(attained_on(born, years, reading), datetime.min.time(), ZONE)
    child = Subject("p", born=born)

    assert capacity_at(child, first - SECOND, reading=reading) == before
    assert capacity_at(child, first, reading=reading) == after


@pytest.mark.parametrize("reading", READINGS)
@given(born=born)
def test_the_two_readings_are_one_day_apart_except_for_who_is_born_on_a_leap_day(reading, born):
    day = attained_on(born, 8, reading)
    other = attained_on(born, 8, READINGS[reading == READINGS[0]])

    assert abs(day - other) <= DAY


@given(ranges, st.booleans(), adjudged)
def test_the_weakest_comes_first_and_every_age_in_the_range_is_covered(ages, own_income, found):
    one_by_one = {
        capacity_of(Ages(y, y + 1), own_income=own_income, adjudged=found) for y in range(*ages)
    }
    together = capacities_of(ages, own_income=own_income, adjudged=found)

    assert set(together) == one_by_one
    assert list(together) == sorted(together, key=CAPACITIES.index)


@given(ages, st.booleans(), adjudged)
def test_a_court_only_lowers(ages, own_income, found):
    plain = capacity_of(ages, own_income=own_income)

    lowered = capacity_of(ages, own_income=own_income, adjudged=found)
    assert CAPACITIES.index(lowered) <= CAPACITIES.index(plain)
    assert found is None or CAPACITIES.index(lowered) <= CAPACITIES.index(found)


@given(st.integers(0, 29), st.booleans())
def test_capacity_never_falls_with_age(years, own_income):
    younger = capacity_of(Ages(years, years + 1), own_income=own_income)
    older = capacity_of(Ages(years + 1, years + 2), own_income=own_income)

    assert CAPACITIES.index(younger) <= CAPACITIES.index(older)


# -- the clock -----------------------------------------------------------------------------------


def by_hand(noticed):
    """Day by day: thirty days after the day of the notice, and on through days of rest."""
    day, counted = noticed.date(), 0
    while counted < 30:
        day += DAY
        counted += 1
    while day in DAYS_OFF or (day.weekday() >= 5 and day not in DAYS_WORKED):
        day += DAY
    return datetime(day.year, day.month, day.day, tzinfo=ZONE) + DAY


@given(instants((2021, 1, 1), (2026, 11, 1)))
def test_thirty_days_are_counted_without_the_first_and_end_behind_days_of_rest(noticed):
    assert silence_from(noticed, CALENDAR) == by_hand(noticed)


@pytest.mark.parametrize(
    ("noticed", "silent"),
    [
        # 2 June + 30 = Thursday 2 July, until 24:00
        ("2026-06-02T00:00:00", "2026-07-03"),
        ("2026-06-02T23:59:59", "2026-07-03"),
        # 1 September + 30 = 1 October, a holiday to the 7th: Thursday the 8th
        ("2026-09-01T10:00:00", "2026-10-09"),
        # 15 January + 30 = Saturday 14 February, which is worked
        ("2026-01-15T10:00:00", "2026-02-15"),
        # 5 June + 30 = Sunday 5 July: Monday the 6th
        ("2026-06-05T10:00:00", "2026-07-07"),
    ],
)
def test_the_last_day_of_the_notice_is_known_to_the_second(noticed, silent):
    noticed = datetime.fromisoformat(noticed).replace(tzinfo=ZONE)

    end = silence_from(noticed, CALENDAR)
    assert end == datetime.fromisoformat(silent).replace(tzinfo=ZONE)
    waiting = Ratification(noticed=noticed)
    assert waiting.effect(end - SECOND, CALENDAR) == "pending_ratification"
    assert waiting.effect(end, CALENDAR) == "not_ratified"


def test_without_a_calendar_only_saturdays_and_sundays_are_days_of_rest():
    noticed = datetime(2026, 9, 1, 10, tzinfo=ZONE)

    assert silence_from(noticed) == datetime(2026, 10, 2, tzinfo=ZONE)
    assert silence_from(noticed) == silence_from(noticed, Calendar())


def test_an_instant_abroad_is_counted_on_the_clock_in_china():
    utc = datetime.fromisoformat("2026-06-01T16:30:00+00:00")

    assert silence_from(utc, CALENDAR) == datetime(2026, 7, 3, tzinfo=ZONE)


@pytest.mark.parametrize(
    "noticed",
    [
        datetime(2020, 12, 31, tzinfo=ZONE),
        datetime(9999, 12, 20, tzinfo=ZONE),
        datetime(2026, 1, 1, tzinfo=ZONE).replace(tzinfo=None),
    ],
)
def test_a_notice_before_the_code_or_at_the_end_of_time_or_without_a_zone_is_invalid(noticed):
    with pytest.raises(InvalidRequest):
        silence_from(noticed)


# -- what a purchase is worth --------------------------------------------------------------------

words = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("noticed", "ratified", "refused", "revoked"), moments)
)


flags = st.fixed_dictionaries(dict.fromkeys(("beneficial", "fitting", "consented"), st.booleans()))


@given(moments, words, flags)
def test_what_a_child_under_eight_buys_is_void_whatever_anybody_says(at, said, reasons):
    standing = standing_of("none", at, after=Ratification(**said), **reasons)

    assert standing.effect == "void"
    assert [one.article for one in standing.citations] == ["第二十条", "第一百四十四条"]


@given(moments, words)
def test_what_somebody_of_full_capacity_buys_is_valid(at, said):
    assert standing_of("full", at, after=Ratification(**said)).effect == "valid"


@pytest.mark.parametrize("reason", ["beneficial", "fitting", "consented"])
@given(at=moments, said=words)
def test_gain_fitness_and_consent_each_make_it_valid_at_once(reason, at, said):
    standing = standing_of("limited", at, after=Ratification(**said), **{reason: True})

    assert standing.effect == "valid"
    assert standing.closes is None


@given(moments, words)
@few(400)
def test_the_first_thing_that_happened_decides_for_ever(at, said):
    after = Ratification(**said)
    standing = standing_of("limited", at, after=after, calendar=CALENDAR)
    closes = after.closes(CALENDAR)
    ends = {
        "valid": after.ratified,
        "revoked": after.revoked,
        "not_ratified": min(filter(None, (after.refused, closes)), default=None),
    }
    happened = {effect: end for effect, end in ends.items() if end is not None and end <= at}

    if not happened:
        assert standing.effect == "pending_ratification"
        assert standing.closes == closes
    else:
        assert happened[standing.effect] == min(happened.values())
        assert standing.closes is None
        later = standing_of("limited", at + 400 * DAY, after=after, calendar=CALENDAR)
        assert later.effect == standing.effect


def test_a_guardian_who_never_got_a_notice_may_ratify_years_later():
    at = datetime(2026, 6, 1, tzinfo=ZONE)

    assert Ratification().effect(at) == "pending_ratification"
    assert Ratification(ratified=at).effect(at) == "valid"


def test_a_ratification_that_comes_after_the_silence_is_too_late():
    noticed = datetime(2026, 6, 2, 10, tzinfo=ZONE)
    end = silence_from(noticed, CALENDAR)

    assert Ratification(noticed=noticed, ratified=end).effect(end, CALENDAR) == "not_ratified"
    in_time = Ratification(noticed=noticed, ratified=end - SECOND)
    assert in_time.effect(end, CALENDAR) == "valid"


def test_in_one_second_refusal_goes_before_ratification_and_that_before_revocation():
    at = datetime(2026, 6, 1, tzinfo=ZONE)

    assert Ratification(ratified=at, refused=at, revoked=at).effect(at) == "not_ratified"
    assert Ratification(ratified=at, revoked=at).effect(at) == "valid"
    assert Ratification(ratified=at, revoked=at - SECOND).effect(at) == "revoked"
