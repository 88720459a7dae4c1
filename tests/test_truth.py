"""The library against the oracle, which was written from the notices and shares no code with it."""

from datetime import date, datetime, timedelta

import pytest

from minorguard import ZONE, Ages, Play, Spend, Subject, Usage, law
from oracle import play as oracle

FIRST = date(2019, 11, 1)
LAST = date(2026, 12, 31)
AGES = range(26)
BOUNDARIES = [
    hour * 3600 + second for hour in (8, 20, 21, 22) for second in (-1, 0, 1)
] + [0, 1, 86_399]  # fmt: skip

PEOPLE = {
    age: Play(Subject("p", age=Ages(age, age + 1), identity="verified")) for age in AGES
}  # fmt: skip
UNKNOWN = Play(Subject("p", identity="verified"))


def days(first=FIRST, last=LAST):
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def moments(day, seconds):
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZONE)
    return (midnight + timedelta(seconds=second) for second in seconds)


def disagreements(law_of, days_, seconds, ages=AGES, reading="published"):
    """The first few moments at which library and oracle differ; every moment is compared."""
    decide = law_of.plan.decide
    nothing = Usage()
    people = [(age, PEOPLE[age]) for age in ages]
    found = []
    for day in days_:
        for at in moments(day, seconds):
            for age, request in people:
                decision = decide(request, nothing, at)
                answer = (decision.allowed, decision.remaining_s)
                if answer != oracle.may_play(age, at, 0, reading):
                    found.append((age, at, answer))
    return found[:5]


def test_every_boundary_second_of_every_day_at_every_age(game):
    assert disagreements(game, days(), BOUNDARIES) == []


def test_every_boundary_second_in_the_letter_of_the_notice():
    literal = law("cn.game", readings={"calendar": "literal"})

    assert disagreements(literal, days(), BOUNDARIES, (17, 18), "literal") == []


def test_a_dense_sample_of_minutes(game):
    every_seventh = range(0, 86_400, 7 * 60)

    assert disagreements(game, days(), every_seventh, (0, 7, 17, 18)) == []


@pytest.mark.deep
@pytest.mark.parametrize("year", range(2019, 2027))
def test_every_minute_of_every_year_at_every_age(game, year):
    first, last = max(FIRST, date(year, 1, 1)), date(year, 12, 31)

    assert disagreements(game, days(first, last), range(0, 86_400, 60)) == []


def test_minutes_already_played_count_to_the_second(game):
    found = []
    for day in days(FIRST, date(2021, 9, 3)):
        for played in (0, 1, 5399, 5400, 5401, 10_799, 10_800):
            for at in moments(day, (8 * 3600, 12 * 3600 + 1, 21 * 3600 + 1799)):
                decision = game.decide(PEOPLE[12], at=at, usage=Usage(played_today_s=played))
                answer = (decision.allowed, decision.remaining_s)
                if answer != oracle.may_play(12, at, played):
                    found.append((played, at, answer))

    assert found == []


def test_an_unknown_age_plays_as_a_minor(game):
    for day in days(date(2021, 8, 30), date(2021, 10, 12)):
        for at in moments(day, BOUNDARIES):
            assert game.decide(UNKNOWN, at=at).allowed == oracle.may_play(None, at)[0]


def births():
    return days(date(1990, 1, 1), LAST)


@pytest.mark.parametrize("reading", ["day_after_birthday", "on_birthday"])
def test_every_birth_around_turning_8_16_and_18(reading):
    chosen = law("cn.game", readings={"age_attainment": reading})
    found = []
    for born in births():
        subject = Subject("p", born=born, identity="verified")
        play, spend = Play(subject), Spend(subject, fen=10_001)
        for years in (8, 16, 18):
            turning = oracle.reached(born, years, reading)
            for day in (turning - timedelta(days=1), turning, turning + timedelta(days=1)):
                if not FIRST <= day <= LAST:
                    continue
                age = oracle.age_on(born, day, reading)
                noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZONE)
                found.extend(
                    (born, at, "play")
                    for at in (noon, noon.replace(hour=20, minute=30), noon.replace(hour=23))
                    if chosen.decide(play, at=at).allowed != oracle.may_play(age, at)[0]
                )
                codes = {reason.code for reason in chosen.decide(spend, at=noon).reasons}
                if codes != oracle.may_spend(age, 10_001, 0):
                    found.append((born, noon, codes))

    assert found[:5] == []


def test_caps_to_the_fen_at_every_age(game):
    at = datetime(2023, 5, 17, 12, tzinfo=ZONE)
    amounts = (1, 4999, 5000, 5001, 9999, 10_000, 10_001, 20_000, 20_001, 40_000, 40_001)
    for age in AGES:
        subject = Subject("p", age=Ages(age, age + 1), identity="verified")
        for fen in amounts:
            for spent in (0, 1, 15_000, 19_999, 20_000, 30_000, 35_000, 39_999, 40_000, 99_999):
                usage = Usage(spent_month_fen=spent)
                decision = game.decide(Spend(subject, fen=fen), at=at, usage=usage)

                codes = {reason.code for reason in decision.reasons}
                assert codes == oracle.may_spend(age, fen, spent), (age, fen, spent)


@pytest.mark.parametrize(
    "born", [None, 10, date(2004, 2, 29), date(2008, 5, 10), date(2009, 1, 1), date(2003, 9, 30)]
)
def test_the_next_moment_is_the_first_one_that_opens(game, born):
    """Against a search minute by minute, on days chosen to be awkward."""
    awkward = [
        datetime(2019, 12, 31, 22, 0, tzinfo=ZONE),
        datetime(2021, 8, 31, 22, 30, tzinfo=ZONE),
        datetime(2021, 9, 26, 20, 30, tzinfo=ZONE),
        datetime(2022, 2, 28, 23, 59, 59, tzinfo=ZONE),
        datetime(2025, 1, 25, 21, 0, tzinfo=ZONE),
        datetime(2026, 5, 10, 23, 0, tzinfo=ZONE),
        datetime(2026, 12, 31, 20, 30, tzinfo=ZONE),
    ]
    age = Ages(born, born + 1) if isinstance(born, int) else Ages()
    birth = born if isinstance(born, date) else None
    request = Play(Subject("p", born=birth, age=age, identity="verified"))
    for at in awkward:
        decision = game.decide(request, at=at)
        if not decision:
            assert decision.next_allowed_at == oracle.next_allowed(born, at), at


def test_a_day_quota_used_up_opens_again_the_next_morning(game):
    at = datetime(2020, 6, 1, 12, 0, tzinfo=ZONE)
    usage = Usage(played_today_s=5400)

    decision = game.decide(PEOPLE[12], at=at, usage=usage)

    assert [reason.code for reason in decision.reasons] == ["quota_exhausted"]
    assert decision.next_allowed_at == oracle.next_allowed(12, at, 5400)
