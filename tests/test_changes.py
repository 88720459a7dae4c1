"""Following the counterfactual really flips the answer; what a setting cannot do is named."""

from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import event, given

from minorguard import (
    ZONE,
    Ages,
    GuardianSettings,
    HouseRule,
    Play,
    Show,
    Spend,
    Subject,
    Usage,
    Use,
)
from minorguard.core.changes import Change
from test_laws import GAME, questions

WEDNESDAY = datetime(2026, 11, 18, 15, tzinfo=ZONE)
CHILD = Subject("p", born=date(2012, 5, 1), identity="verified")


def followed(ruler, request, usage, at, changes):
    """The decision after all the changes were made."""
    for change in changes:
        if change.kind == "verify":
            request = replace(request, subject=replace(request.subject, identity="verified"))
        elif change.kind == "guardian":
            request = replace(request, subject=replace(request.subject, guardian=None))
        elif change.kind == "age":
            assert request.subject.born is None
            request = replace(request, subject=replace(request.subject, age=Ages(change.age)))
        elif change.kind == "amount":
            request = replace(request, fen=change.fen)
        elif change.kind == "rating":
            request = replace(request, rating=change.rating)
        else:
            if (change.at.year, change.at.month) != (at.year, at.month):
                usage = replace(usage, spent_month_fen=0)
            if change.at.date() != at.date():
                usage = replace(usage, played_today_s=0, continuous_s=0, spent_today_fen=0)
            assert change.at > at
            at = change.at
    return ruler.decide(request, at=at, usage=usage)


@given(questions())
def test_following_the_counterfactual_flips_the_answer(question):
    ruler, request, usage, at = question
    decision = ruler.decide(request, at=at, usage=usage)
    changes = decision.changes

    assert not (decision.allowed and changes)
    for reason in decision.reasons:
        event(f"{reason.code}: {'changed' if changes else 'nothing known'}")
    if changes:
        assert followed(ruler, request, usage, at, changes).allowed


@pytest.mark.parametrize(
    ("code", "request_", "usage", "kinds"),
    [
        ("outside_window", Play(CHILD), Usage(), ["wait"]),
        ("identity_required", Play(replace(CHILD, identity="none")), Usage(), ["verify", "wait"]),
        ("identity_required", Play(Subject("a", born=date(1990, 1, 1))), Usage(), ["verify"]),
        ("identity_pending", Spend(replace(CHILD, identity="pending"), fen=1), Usage(), ["verify"]),
        ("single_cap_exceeded", Spend(CHILD, fen=5001), Usage(), ["amount"]),
        (
            "monthly_cap_exceeded",
            Spend(CHILD, fen=600),
            Usage(spent_month_fen=20_000),
            ["wait"],
        ),
        (
            "monthly_cap_exceeded",
            Spend(CHILD, fen=600),
            Usage(spent_month_fen=19_500),
            ["amount"],
        ),
        (
            "spend_forbidden",
            Spend(Subject("p", born=date(2019, 3, 1), identity="verified"), fen=100),
            Usage(),
            ["wait"],
        ),
        ("rating_too_high", Show(CHILD, rating="16+"), Usage(), ["rating"]),
        (
            "rating_too_high",
            Show(Subject("p", born=date(2020, 3, 1)), rating="8+"),
            Usage(),
            ["wait"],
        ),
        ("feature_forbidden", Use(CHILD, "game_account_trade"), Usage(), []),
        (
            "feature_off",
            Use(
                replace(CHILD, guardian=GuardianSettings(features={"game_account_trade": False})),
                "game_account_trade",
            ),
            Usage(),
            [],
        ),
        (
            "daily_cap_exceeded",
            Spend(replace(CHILD, guardian=GuardianSettings(daily_fen=100)), fen=600),
            Usage(spent_today_fen=100),
            ["wait", "amount"],
        ),
        (
            "single_cap_exceeded",
            Spend(replace(CHILD, guardian=GuardianSettings(single_fen=0)), fen=600),
            Usage(),
            ["guardian"],
        ),
        ("not_covered", Spend(CHILD, fen=1, on="tip"), Usage(), []),
        (
            "spend_forbidden",
            Spend(Subject("p", identity="verified"), fen=1),
            Usage(),
            ["age"],
        ),
    ],
)
def test_each_refusal_has_the_change_that_one_would_name(code, request_, usage, kinds):
    decision = GAME.decide(request_, at=WEDNESDAY, usage=usage)

    assert code in {reason.code for reason in decision.reasons}
    assert [change.kind for change in decision.changes] == kinds
    if kinds:
        assert followed(GAME, request_, usage, WEDNESDAY, decision.changes).allowed


def test_a_quota_used_up_is_waited_for():
    at = datetime(2020, 6, 1, 12, tzinfo=ZONE)
    decision = GAME.decide(Play(CHILD), at=at, usage=Usage(played_today_s=5400))

    assert decision.changes == (Change("wait", at=datetime(2020, 6, 2, 8, tzinfo=ZONE)),)


def test_a_purchase_outside_the_window_is_waited_for():
    from minorguard import law

    windowed = law("cn.game", readings={"purchase_window": "window"})
    decision = windowed.decide(Spend(CHILD, fen=100), at=WEDNESDAY)

    assert [change.kind for change in decision.changes] == ["wait"]
    assert followed(windowed, decision.request, Usage(), WEDNESDAY, decision.changes).allowed


def test_on_the_eighteenth_birthday_tomorrow_is_named_with_the_reading():
    turning = Subject("p", born=date(2008, 11, 18), identity="verified")
    decision = GAME.decide(Play(turning), at=WEDNESDAY)

    assert decision.changes == (Change("wait", at=datetime(2026, 11, 19, tzinfo=ZONE), age=18),)
    text = decision.explain("zh")
    assert "2026-11-19 周四 00:00" in text
    assert "年满18周岁" in text
    assert "age_attainment=day_after_birthday" in text


def test_law_guardian_and_house_are_told_apart():
    watched = replace(CHILD, guardian=GuardianSettings(single_fen=100))
    strict = GAME.tightened_by(
        [HouseRule(id="none", settings=GuardianSettings(single_fen=0), ages=Ages(0, 18))]
    )

    assert "监护人和平台都不能解除" in GAME.decide(Play(CHILD), at=WEDNESDAY).explain("zh")
    assert "监护人可以修改" in GAME.decide(Spend(watched, fen=200), at=WEDNESDAY).explain("zh")
    house = strict.decide(Spend(CHILD, fen=200), at=WEDNESDAY)
    assert "平台自己的规定" in house.explain("zh")
    assert "neither a guardian" in GAME.decide(Play(CHILD), at=WEDNESDAY).explain("en")


def test_where_nothing_is_known_to_help_that_is_said():
    decision = GAME.decide(Spend(CHILD, fen=1, on="tip"), at=WEDNESDAY)

    assert decision.changes == ()
    assert "没有已知的办法" in decision.explain("zh")
    assert "Nothing known" in decision.explain("en")


@pytest.mark.parametrize(
    ("settings", "request_of", "named"),
    [
        ({"windows": ((28_800, 79_200),)}, Play, ("windows",)),
        ({"windows": ((72_000, 73_800),)}, Play, ()),
        ({"night_allowed": True}, Play, ("night_allowed",)),
        ({"single_fen": 6000, "monthly_fen": 100}, lambda who: Spend(who, fen=1), ("single_fen",)),
        (
            {"features": {"game_account_trade": True}},
            lambda who: Use(who, "game_account_trade"),
            ("features.game_account_trade",),
        ),
        ({"max_rating": "16+"}, lambda who: Show(who, rating="16+"), ("max_rating",)),
        ({"max_rating": "8+"}, lambda who: Show(who, rating="16+"), ()),
        ({"max_rating": "16+"}, lambda who: Show(who, rating="12+"), ()),
        ({}, Play, ()),
    ],
)
def test_a_setting_that_the_law_does_not_allow_is_named(settings, request_of, named):
    watched = replace(CHILD, guardian=GuardianSettings(**settings))
    friday = datetime(2026, 11, 20, 20, 10, tzinfo=ZONE)

    decision = GAME.decide(request_of(watched), at=friday)

    assert decision.overreach == named
    for setting in named:
        assert f"“{setting}”" in decision.explain("zh")


def test_more_minutes_than_the_law_gives_are_named():
    watched = replace(CHILD, guardian=GuardianSettings(daily_minutes=120))
    at = datetime(2020, 6, 1, 12, tzinfo=ZONE)

    assert GAME.decide(Play(watched), at=at).overreach == ("daily_minutes",)
    assert GAME.decide(Play(CHILD), at=at).overreach == ()
