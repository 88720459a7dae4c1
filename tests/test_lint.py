"""What ``law lint`` claims: a setting that it calls without effect can be left out."""

import json
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minorguard import ZONE, Ages, GuardianSettings, HouseRule, Subject, Usage, law
from minorguard.core.compare import Side, asks_of, compare
from minorguard.core.lint import lint
from minorguard.core.rules import Head, HouseCap
from minorguard.packs.house import house_file
from minorguard.wire.lawlint import lint_json, lint_text, without_effect

GAME = law("cn.game")
CHILDREN = Ages(0, 18)
EDITION_2021 = date(2021, 9, 1)
YEAR = date(2026, 1, 1), date(2026, 12, 31)

windows = st.lists(
    st.tuples(st.integers(0, 47), st.integers(1, 48))
    .filter(lambda span: span[0] < span[1])
    .map(lambda span: (span[0] * 1800, span[1] * 1800)),
    max_size=2,
).map(tuple)
fen = st.sampled_from([0, 1, 4999, 5000, 5001, 10_000, 20_000, 20_001, 40_000, 50_000])
house_settings = st.builds(
    GuardianSettings,
    daily_minutes=st.none() | st.sampled_from([0, 30, 59, 60, 61, 90, 1440]),
    windows=st.none() | windows,
    single_fen=st.none() | fen,
    daily_fen=st.none() | fen,
    monthly_fen=st.none() | fen,
    max_rating=st.none() | st.sampled_from(["8+", "12+", "16+", "PEGI:18"]),
    features=st.dictionaries(st.just("game_account_trade"), st.booleans(), max_size=1),
)
bands = st.sampled_from(
    [Ages(), Ages(0, 18), Ages(8, 16), Ages(16, 18), Ages(0, 8), Ages(18, 1000)]
)
houses = st.lists(
    st.builds(
        HouseRule,
        id=st.sampled_from(["a", "b", "c"]),
        settings=house_settings,
        ages=bands,
        law=st.none(),
        acts=st.just(frozenset({"purchase"})),
    ),
    max_size=2,
    unique_by=lambda rule: rule.id,
)


@settings(max_examples=30)
@given(houses)
def test_a_house_opens_nothing_and_gives_no_minute(rules):
    comparison = compare(Side(GAME), Side(GAME.tightened_by(rules)), *YEAR)

    for outcome in comparison.changed:
        assert outcome.seconds.gained == 0
        assert not any(pattern.loosens for pattern in outcome.changes)


TRADE_OFF = {"game_account_trade": False}
LINTED = [
    # 未成年人保护法 §75(4): 08:00–22:00. 国新出发〔2021〕14号 §1: 20:00–21:00 on some days.
    ({"windows": ((0, 86_400),)}, Ages(0, 18), "none", ["cn.game.curfew", "cn.game.window"]),
    ({"windows": ((28_800, 79_200),)}, Ages(0, 18), "none", ["cn.game.curfew", "cn.game.window"]),
    ({"windows": ((28_800, 79_199),)}, Ages(0, 18), "none", ["cn.game.window"]),
    ({"windows": ((72_000, 75_600),)}, Ages(0, 18), "none", ["cn.game.window"]),
    ({"windows": ((72_000, 75_599),)}, Ages(0, 18), "tightens", []),
    ({"windows": ((0, 86_400),)}, Ages(18, 1000), "none", []),
    ({"windows": ((0, 86_399),)}, Ages(18, 1000), "tightens", []),
    ({"windows": ()}, Ages(0, 18), "tightens", []),
    ({"daily_minutes": 60}, Ages(0, 18), "none", ["cn.game.window"]),
    ({"daily_minutes": 59}, Ages(0, 18), "tightens", []),
    # 国新出发〔2019〕34号 §3: nothing under 8, 50 and 200 yuan from 8, 100 and 400 from 16.
    ({"single_fen": 1}, Ages(0, 8), "none", ["cn.game.spend.under_8"]),
    ({"single_fen": 5000}, Ages(8, 16), "none", ["cn.game.spend.from_8"]),
    ({"single_fen": 4999}, Ages(8, 16), "tightens", []),
    (
        {"single_fen": 10_000},
        Ages(8, 18),
        "none",
        ["cn.game.spend.from_16", "cn.game.spend.from_8"],
    ),
    ({"single_fen": 9999}, Ages(8, 18), "tightens", []),
    ({"monthly_fen": 20_000}, Ages(8, 16), "none", ["cn.game.spend.from_8"]),
    ({"monthly_fen": 19_999}, Ages(8, 16), "tightens", []),
    # 未成年人网络保护条例 art. 44: a daily cap that the house has to set, whatever the number.
    ({"daily_fen": 20_000}, Ages(8, 16), "configures", ["cn.game.spend.from_8"]),
    ({"daily_fen": 19_999}, Ages(8, 16), "tightens", []),
    # 未成年人保护法 §75(3), 未成年人网络保护条例 §46(2).
    ({"max_rating": "16+"}, Ages(16, 18), "tightens", []),  # an unknown age is met by it too
    ({"features": TRADE_OFF}, Ages(0, 18), "none", ["cn.base.game_account_trade"]),
    ({"features": TRADE_OFF}, Ages(18, 1000), "tightens", []),
    ({"features": {"game_account_trade": True}}, Ages(0, 18), "none", []),
    ({"features": {"tipping": False}}, Ages(0, 18), "none", ["cn.base.tipping"]),
    ({}, Ages(0, 18), "none", []),
]  # fmt: skip


@pytest.mark.parametrize(("said", "ages", "effect", "stricter"), LINTED)
def test_a_setting_is_judged_by_the_answers_it_changes(said, ages, effect, stricter):
    rule = HouseRule("h", GuardianSettings(**said), ages=ages, acts=frozenset({"purchase"}))

    [verdict] = lint(GAME, [rule], *YEAR)

    assert verdict.effect == effect
    assert [rule.id for rule in verdict.stricter] == stricter
    assert bool(verdict.whos) == (effect == "tightens")


def test_a_setting_is_judged_by_the_law_from_the_asked_day_on():
    """90 minutes a day was stricter than nothing in 2020 but not than the hour of 2021."""
    rule = HouseRule("h", GuardianSettings(daily_minutes=90), ages=CHILDREN)

    def effect(since):
        [verdict] = lint(GAME, [rule], *YEAR, since=since)
        return verdict.effect

    assert effect(date(2020, 1, 1)) == "tightens"  # holidays had 180
    assert effect(EDITION_2021) == "none"
    assert effect(None) == "none"


def test_an_edition_to_come_counts_too():
    """The ban on trading accounts binds minors only, and nothing was covered before June 2021."""
    rule = HouseRule("h", GuardianSettings(features=TRADE_OFF), ages=Ages(18, 1000))

    [verdict] = lint(GAME, [rule], *YEAR, since=date(2020, 1, 1))

    assert verdict.effect == "tightens"


def test_only_the_rules_that_are_stricter_are_named_and_not_all_that_bind():
    rule = HouseRule("h", GuardianSettings(windows=((28_800, 79_200),)), ages=CHILDREN)

    [verdict] = lint(GAME, [rule], *YEAR, since=date(2020, 1, 1))

    # Two editions of the window; the minutes of 2019 are a limit of another kind.
    named = [rule.id for rule in verdict.stricter]
    assert named == ["cn.game.curfew", "cn.game.window", "cn.game.window"]


def test_two_rules_that_say_the_same_are_both_stricter_than_the_law():
    rules = [HouseRule(name, GuardianSettings(daily_minutes=30)) for name in ("a", "b")]

    assert [verdict.effect for verdict in lint(GAME, rules, *YEAR)] == ["tightens", "tightens"]


def test_caps_that_only_together_answer_the_law_each_have_an_effect():
    """Where the law refuses payment until the house has set two numbers, both are needed."""
    head = Head(
        id="x.caps",
        pack="x",
        citations=(),
        provenance="regulation",
        acts=frozenset({"purchase"}),
        ages=Ages(8, 18),
    )
    ruler = GAME.adding(
        HouseCap(head._replace(id=f"x.{period}"), period) for period in ("single", "daily")
    )
    both = HouseRule("h", GuardianSettings(single_fen=99_999, daily_fen=99_999), ages=Ages(8, 18))

    assert [v.effect for v in lint(ruler, [both], *YEAR)] == ["configures", "configures"]
    one = HouseRule("h", GuardianSettings(single_fen=99_999), ages=Ages(8, 18))
    assert [v.effect for v in lint(ruler, [one], *YEAR)] == ["none"]


def test_a_rule_for_another_law_is_skipped_and_a_cap_on_tips_is_not_covered_by_games():
    rules = [
        HouseRule("base", GuardianSettings(max_rating="8+"), law="cn.base"),
        HouseRule("tips", GuardianSettings(single_fen=1), acts=frozenset({"tip"})),
    ]

    verdicts = other, tips = lint(GAME, rules, *YEAR)

    assert other.effect == "other_law"
    assert "cn.base" in lint_text(verdicts, "en").splitlines()[0]
    assert (tips.effect, [rule.id for rule in tips.stricter]) == ("none", ["cn.game.coverage"])


@settings(max_examples=25)
@given(houses, st.data())
def test_what_has_no_effect_can_be_left_out(rules, data):
    verdicts = lint(GAME, rules, *YEAR)
    kept = {(v.rule.id, v.setting) for v in verdicts if v.effect in ("tightens", "configures")}

    def keep(rule):
        said = {
            name: getattr(rule.settings, name)
            for name in ("windows", "daily_minutes", "single_fen", "daily_fen", "monthly_fen")
            if (rule.id, name) in kept
        }
        features = {
            feature: value
            for feature, value in rule.settings.features.items()
            if (rule.id, f"features.{feature}") in kept
        }
        rating = rule.settings.max_rating if (rule.id, "max_rating") in kept else None
        return rule._replace(
            settings=GuardianSettings(**said, features=features, max_rating=rating)
        )

    whole, less = GAME.tightened_by(rules), GAME.tightened_by(map(keep, rules))
    for _ in range(20):
        day = data.draw(st.dates(date(2024, 1, 1), date(2026, 12, 31)))
        at = datetime(day.year, day.month, day.day, tzinfo=ZONE) + timedelta(
            minutes=data.draw(st.integers(0, 1439))
        )
        age = data.draw(st.none() | st.integers(0, 20))
        person = Subject(
            "p",
            age=Ages() if age is None else Ages(age, age + 1),
            identity=data.draw(st.sampled_from(["verified", "pending", "none"])),
        )
        ask = data.draw(st.sampled_from(list(asks_of(GAME))))
        today = data.draw(st.integers(0, 45_000))
        usage = Usage(spent_today_fen=today, spent_month_fen=today + data.draw(st.integers(0, 999)))
        request = ask.request
        values = {
            n: getattr(request, n) for n in ("feature", "rating", "on") if hasattr(request, n)
        }
        if hasattr(request, "fen"):
            values["fen"] = data.draw(st.integers(1, 60_000))
        one, other = (
            ruler.decide(type(request)(person, **values), at=at, usage=usage)
            for ruler in (whole, less)
        )
        assert one.allowed == other.allowed
        assert one.remaining_s == other.remaining_s
        assert one.remaining_fen == other.remaining_fen
        assert one.next_allowed_at == other.next_allowed_at


HOUSE = """
[[rule]]
id = "night"
age = { below = 18 }
windows = [["20:00", "20:30"]]

[[rule]]
id = "lax"
age = { below = 18 }
daily_minutes = 120
daily_fen = 50000
"""


@pytest.mark.parametrize(("lang", "said"), [("zh", "无效"), ("en", "NO EFFECT")])
def test_lint_names_what_has_no_effect_with_the_article_that_is_stricter(tmp_path, lang, said):
    file = tmp_path / "house.toml"
    file.write_text(HOUSE, "utf-8")

    verdicts = lint(GAME, house_file(file), *YEAR)

    text = lint_text(verdicts, lang)
    [line] = [line for line in text.splitlines() if line.startswith(f"[{said}]")]
    assert "lax  daily_minutes" in line
    assert "国新出发〔2021〕14号" in text
    assert without_effect(verdicts) == 1
    answer = json.loads(lint_json(GAME, verdicts))
    assert answer["without_effect"] == 1
    assert {s["setting"]: s["effect"] for s in answer["settings"]} == {
        "windows": "tightens",
        "daily_minutes": "none",
        "daily_fen": "configures",  # a month may hold 400 yuan at most, so 500 a day say nothing
    }
