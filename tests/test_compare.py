"""What ``law diff`` claims: the same answers flip as those of a comparison minute by minute."""

import json
import re
import xml.etree.ElementTree as ET
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minorguard import ZONE, Ages, GuardianSettings, HouseRule, Subject, law
from minorguard.core.compare import Ask, Side, asks_of, compare, held
from minorguard.core.dayfacts import kind_of
from minorguard.core.playdays import play_days
from minorguard.wire.heatmap import heatmap
from minorguard.wire.lawdiff import days_compared, diff_json, diff_text
from minorguard.wire.lawhours import rows_of, sections_of

GAME = law("cn.game")
LITERAL = law("cn.game", readings={"calendar": "literal"})
CHILDREN = Ages(0, 18)

EDITION_2019, EDITION_2021 = date(2019, 11, 1), date(2021, 9, 1)


def year(number):
    return date(number, 1, 1), date(number, 12, 31)


def house(**said):
    """The law of games with one house rule."""
    ages, acts = said.pop("ages", CHILDREN), said.pop("acts", frozenset({"purchase"}))
    rule = HouseRule("h", GuardianSettings(**said), ages=ages, acts=acts)
    return GAME.tightened_by([rule])


SIDES = {
    "two readings of one year": (Side(GAME), Side(LITERAL), *year(2021)),
    "the edition of 2021 over all of 2021": (
        *(Side(ruler, EDITION_2021) for ruler in (GAME, LITERAL)),
        *year(2021),
    ),
    "two instants": (Side(GAME, EDITION_2019), Side(GAME, date(2026, 1, 1)), *year(2026)),
    "when an age is reached": (
        Side(GAME),
        Side(law("cn.game", readings={"age_attainment": "on_birthday"})),
        *year(2026),
    ),
    "when an age is reached, the other way": (
        Side(law("cn.game", readings={"age_attainment": "on_birthday"})),
        Side(GAME),
        *year(2024),
    ),
    "a check that runs": (
        Side(GAME),
        Side(law("cn.game", readings={"pending": "deny"})),
        *year(2027),
    ),
    "hours of payment": (
        Side(GAME),
        Side(law("cn.game", readings={"purchase_window": "window"})),
        *year(2023),
    ),
    "a house that closes": (
        Side(GAME),
        Side(house(windows=((72_000, 73_800),), daily_minutes=20, single_fen=0, ages=Ages(8, 16))),
        *year(2026),
    ),
    "the common part": (
        Side(law("cn.base"), date(2021, 5, 31)),
        Side(law("cn.base"), date(2024, 1, 1)),
        *year(2024),
    ),
}


@cache
def compared(name):
    return compare(*SIDES[name])


@cache
def laws_of(name):
    """The old law and the new one as they are asked."""
    return tuple(side.asked for side in SIDES[name][:2])


names = st.sampled_from(sorted(SIDES))


def pattern_for(comparison, ask, age, day, *, birthday=False):
    """The one pattern that speaks about that question, that person and that day."""
    found = [
        pattern
        for outcome in comparison.outcomes
        if (outcome.act, outcome.detail) == ask[:2] and ask.identity in outcome.identities
        for who in outcome.whos
        if who_is(who, age, birthday=birthday)
        for pattern in outcome.patterns
        if day.toordinal() in pattern.days
    ]
    assert len(found) == 1, "everybody is answered exactly once on every day"
    return found[0]


def who_is(who, age, *, birthday):
    if birthday:
        return who.birthday == age
    if who.birthday is not None:
        return False
    return not who.known if age is None else who.known and age in range(*who.old)


def midnight(day):
    return datetime(day.year, day.month, day.day, tzinfo=ZONE)


def allowed(ruler, ask, subject, at):
    """The decision of the law itself, for the least request of somebody who has used nothing."""
    request = type(ask.request)
    said = {"play": {}, "use": {"feature": ask.detail}, "show": {"rating": ask.detail}}
    values = said.get(ask.act, {"fen": 1, "on": ask.act})
    return ruler.decide(request(subject, **values), at=at).allowed


# -- the same as minute by minute ----------------------------------------------------------------


@settings(max_examples=300)
@given(names, st.data())
def test_a_diff_is_the_comparison_of_all_decisions_minute_by_minute(name, data):
    comparison = compared(name)
    days = st.dates(comparison.first, comparison.last)
    ask = data.draw(st.sampled_from(list(asks_of(comparison.old.law, comparison.new.law))))
    age = data.draw(st.none() | st.integers(0, 20))
    day, minute = data.draw(days), data.draw(st.integers(0, 1439))
    at = midnight(day) + timedelta(minutes=minute)
    ages = Ages() if age is None else Ages(age, age + 1)
    person = Subject("p", age=ages, identity=ask.identity)

    pattern = pattern_for(comparison, ask, age, day)

    opened, closed = (
        any(start <= minute * 60 < end for start, end in hours)
        for hours in (pattern.opened, pattern.closed)
    )
    before, after = (allowed(ruler, ask, person, at) for ruler in laws_of(name))
    assert (opened, closed) == (after and not before, before and not after)


@pytest.mark.parametrize("name", sorted(SIDES))
def test_on_a_day_of_each_kind_every_minute_flips_as_the_diff_says(name):
    comparison = compared(name)
    first_of_kind = {}
    for ordinal in range(comparison.first.toordinal(), comparison.last.toordinal() + 1):
        kind = kind_of(comparison.new.law.calendar, ordinal)
        first_of_kind.setdefault(kind, date.fromordinal(ordinal))
    ask = Ask("play", "", "verified")
    child = Subject("p", age=Ages(12, 13), identity="verified")
    acts = {act for coverage in comparison.new.law.coverages for act in coverage.acts}
    for day in first_of_kind.values() if "play" in acts else ():
        pattern = pattern_for(comparison, ask, 12, day)
        flips = {
            minute
            for minute in range(1440)
            for at in [midnight(day) + timedelta(minutes=minute)]
            if len({allowed(ruler, ask, child, at) for ruler in laws_of(name)}) == 2
        }
        said = {
            minute
            for start, end in (*pattern.opened, *pattern.closed)
            for minute in range(start // 60, end // 60)
        }
        assert flips == said


@settings(max_examples=60)
@given(
    st.sampled_from([name for name in sorted(SIDES) if "age is reached" in name]),
    st.sampled_from([8, 16, 18]),
    st.data(),
)
def test_people_on_their_birthday_are_answered_as_the_diff_says(name, age, data):
    comparison = compared(name)
    day = data.draw(st.dates(comparison.first, comparison.last).filter(is_no_leap_day))
    act = "purchase" if age < 18 else "play"
    ask = Ask(act, "", "verified")
    at = midnight(day) + timedelta(minutes=data.draw(st.integers(0, 1439)))
    second = at.hour * 3600 + at.minute * 60
    born = Subject("p", born=day.replace(year=day.year - age), identity="verified")

    pattern = pattern_for(comparison, ask, age, day, birthday=True)

    for ruler, answer in zip(laws_of(name), (pattern.old, pattern.new), strict=True):
        said = any(start <= second < end for start, end in answer.hours)
        assert allowed(ruler, ask, born, at) == said


def is_no_leap_day(day):
    return (day.month, day.day) != (2, 29)


@pytest.mark.parametrize("name", sorted(SIDES))
def test_every_age_is_answered_exactly_once_on_every_day(name):
    comparison = compared(name)
    days = set(range(comparison.first.toordinal(), comparison.last.toordinal() + 1))
    for ask in asks_of(comparison.old.law, comparison.new.law):
        for age in (None, *range(25)):
            met = [
                day
                for outcome in comparison.outcomes
                if (outcome.act, outcome.detail) == ask[:2] and ask.identity in outcome.identities
                if any(who_is(who, age, birthday=False) for who in outcome.whos)
                for pattern in outcome.patterns
                for day in pattern.days
            ]
            assert len(met) == len(days)
            assert set(met) == days


@pytest.mark.parametrize("name", sorted(SIDES))
def test_minutes_are_added_up_from_the_days_and_a_quota_counts(name):
    comparison = compared(name)
    for outcome in comparison.outcomes:
        if (outcome.act, outcome.identities[0]) != ("play", "verified"):
            continue
        for who in outcome.whos:
            if not who.known or who.birthday is not None:
                continue
            age = who.old.at_least
            totals = [0, 0, 0, 0]
            for before, after in zip(
                *(
                    play_days(side.asked, age, comparison.first, comparison.last)
                    for side in (comparison.old, comparison.new)
                ),
                strict=True,
            ):
                old, new = (
                    min(sum(end - start for start, end in day.hours), day.quota_s or 86_400)
                    for day in (before, after)
                )
                for place, value in enumerate((old, new, max(0, new - old), max(0, old - new))):
                    totals[place] += value
            assert tuple(outcome.seconds) == tuple(totals)


# -- what every comparison must hold -------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SIDES))
def test_a_law_does_not_differ_from_itself(name):
    _, side, first, last = SIDES[name]

    assert compare(side, side, first, last).changed == ()


@pytest.mark.parametrize("name", sorted(SIDES))
def test_the_other_way_round_gains_are_losses(name):
    old, new, first, last = SIDES[name]
    there, back = compared(name), compare(new, old, first, last)

    def flips(comparison):
        return {
            (*outcome[:3], *who_key(outcome), pattern.days, (pattern.opened, pattern.closed))
            for outcome in comparison.changed
            for pattern in outcome.changes
        }

    turned = {(*flip[:-1], flip[-1][::-1]) for flip in flips(back)}
    assert flips(there) == turned
    assert {(o.seconds.gained, o.seconds.lost) for o in there.changed} == {
        (o.seconds.lost, o.seconds.gained) for o in back.changed
    }


def who_key(outcome):
    return sorted(
        (w.known, w.birthday or 0, min(w.old, w.new), max(w.old, w.new)) for w in outcome.whos
    )


@settings(max_examples=30)
@given(st.dates(date(2019, 10, 1), date(2028, 12, 31)))
def test_a_law_held_on_a_day_says_that_day_what_the_law_says(day):
    still = held(GAME, day)
    for ask in asks_of(GAME):
        for ages in (Ages(7, 8), Ages(8, 9), Ages(17, 18), Ages(18, 19), Ages()):
            there = GAME.ruling(ask.request, ages, day.toordinal())
            held_there = still.ruling(ask.request, ages, day.toordinal())
            assert held_there.hours == there.hours
            assert [o.code for o in held_there.objections] == [o.code for o in there.objections]
            assert [c.cap_fen for c in held_there.caps] == [c.cap_fen for c in there.caps]


# -- the thirteen dates of 2021 ------------------------------------------------------------------

# Two existing kits, one with the State Council's blocks and one with the statutory days alone,
# differ on these Mondays to Thursdays of 2021 (Fridays to Sundays are open in both).
THIRTEEN = {
    "春节": ["2021-02-11", "2021-02-15", "2021-02-16", "2021-02-17"],
    "清明节": ["2021-04-05"],
    "劳动节": ["2021-05-03", "2021-05-04", "2021-05-05"],
    "中秋节": ["2021-09-20"],
    "国庆节": ["2021-10-04", "2021-10-05", "2021-10-06", "2021-10-07"],
}
WORKED = [
    "2021-02-07", "2021-02-20", "2021-04-25", "2021-05-08", "2021-09-18", "2021-09-26",
    "2021-10-09",
]  # fmt: skip


def days_of(pattern):
    return [date.fromordinal(day) for day in pattern.days]


def child(comparison, act="play"):
    """What changes for a verified child of twelve."""
    [outcome] = [
        outcome
        for outcome in comparison.changed
        if outcome.act == act and "verified" in outcome.identities
        if any(who_is(who, 12, birthday=False) for who in outcome.whos)
    ]
    return outcome


def test_the_readings_part_on_thirteen_working_weekdays_of_2021_and_on_seven_weekends():
    comparison = compared("the edition of 2021 over all of 2021")
    opened, closed = child(comparison).changes

    assert [d.isoformat() for d in days_of(closed)] == [d for ds in THIRTEEN.values() for d in ds]
    assert closed.closed == ((20 * 3600, 21 * 3600),)
    assert closed.opened == ()
    assert [d.isoformat() for d in days_of(opened)] == WORKED
    assert opened.opened == ((20 * 3600, 21 * 3600),)


def test_each_of_the_thirteen_is_explained_as_a_rest_day_of_its_block():
    comparison = compared("the edition of 2021 over all of 2021")
    closed = child(comparison).changes[1]

    for facts in map(comparison.facts, closed.days):
        assert facts.day.isoformat() in THIRTEEN[facts.holiday]
        assert facts.day.weekday() < 4
        assert facts.kind == "block_weekday"
        assert (facts.old, facts.new) == ("holiday", "workday")
        assert facts.announced


def test_as_the_law_stood_on_each_day_of_2021_the_same_thirteen_lose_their_time():
    """Before September they lost half of three hours, after it the whole hour."""
    comparison = compared("two readings of one year")
    lost = {
        day.isoformat(): (pattern.old.open_s // 60, pattern.new.open_s // 60)
        for pattern in child(comparison).changes
        for day in days_of(pattern)
        if day.weekday() < 4
    }

    assert sorted(lost) == [day for days in THIRTEEN.values() for day in days]
    for day, minutes in lost.items():
        assert minutes == ((180, 90) if day < "2021-09-01" else (60, 0))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", list(SIDES)[:2])
def test_the_thirteen_stand_in_text_and_json_with_their_reason(name, lang):
    comparison = compared(name)
    text, said = diff_text(comparison, lang), json.loads(diff_json(comparison, lang))
    examples = {
        example["date"]: example
        for change in said["changes"]
        for flip in change["flips"]
        for example in flip["examples"]
        if example["kind"] == "block_weekday"
    }

    assert sorted(examples) == [day for days in THIRTEEN.values() for day in days]
    for holiday, days in THIRTEEN.items():
        for day in days:
            assert day in text
            assert examples[day]["holiday"] == holiday
            assert (examples[day]["old"], examples[day]["new"]) == ("holiday", "workday")
            assert holiday in examples[day]["why"]
            assert ("不是法定节假日" if lang == "zh" else "not itself statutory") in examples[day][
                "why"
            ]
    assert [reading["name"] for reading in said["readings"]] == ["calendar"]
    assert all(reading["old"]["means"] in text for reading in said["readings"])
    assert "国新出发〔2021〕14号" in text


# -- other known answers -------------------------------------------------------------------------


def test_between_the_notices_of_2019_and_2021_every_kind_of_day_loses():
    """国新出发〔2019〕34号 §2: 90 or 180 minutes. 国新出发〔2021〕14号 §1: one hour or none."""
    comparison = compared("two instants")
    outcome = child(comparison)
    minutes = {
        comparison.facts(day).kind: (pattern.old.open_s // 60, pattern.new.open_s // 60)
        for pattern in outcome.changes
        for day in pattern.days
    }

    assert minutes == {
        "workday": (90, 0),
        "makeup_workday": (90, 0),
        **dict.fromkeys(("friday", "saturday", "sunday"), (90, 60)),
        **dict.fromkeys(("statutory", "block_weekday", "block_weekend"), (180, 60)),
    }
    # 2026: 365 days, 33 of them in holiday blocks and 163 playable.
    weekly = json.loads(diff_json(comparison, "zh"))["changes"][0]["minutes_per_week"]
    assert Fraction(weekly["old"]) == Fraction((33 * 180 + 332 * 90) * 7, 365)
    assert Fraction(weekly["new"]) == Fraction(163 * 60 * 7, 365)
    assert Fraction(weekly["gained"]) == 0
    assert Fraction(weekly["lost"]) == Fraction(weekly["old"]) - Fraction(weekly["new"])


def test_the_reading_of_age_matters_on_birthdays_alone():
    comparison = compared("when an age is reached")

    assert comparison.changed
    for outcome in comparison.changed:
        assert all(who.birthday in (8, 12, 14, 16, 18) for who in outcome.whos)


def test_the_reading_of_pending_matters_to_those_who_wait_alone():
    comparison = compared("a check that runs")
    [outcome] = comparison.changed

    assert outcome.identities == ("pending",)
    assert {pattern.new.codes for pattern in outcome.changes} == {("identity_pending",)}


def test_hours_of_payment_close_no_account_and_move_no_cap():
    outcome = child(compared("hours of payment"), "purchase")

    for pattern in outcome.changes:
        assert pattern.new.codes == ()
        assert pattern.old.caps == pattern.new.caps
        assert pattern.closed


def test_what_a_law_came_to_cover_is_a_flip():
    codes = {
        (outcome.act, pattern.old.codes, pattern.new.codes)
        for outcome in compared("the common part").changed
        for pattern in outcome.changes
    }

    assert ("use", ("not_covered",), ("feature_forbidden",)) in codes
    assert ("use", ("not_covered",), ()) in codes


def test_a_cap_that_the_month_already_sets_is_no_difference():
    """国新出发〔2019〕34号 §3: from 8 to 15 at most 50 yuan at once and 200 a month."""
    eight = Ages(8, 16)
    loose = compare(Side(GAME), Side(house(single_fen=5000, ages=eight)), *year(2026))
    tight = compare(Side(GAME), Side(house(single_fen=4999, ages=eight)), *year(2026))

    assert loose.changed == ()
    [pattern] = child(tight, "purchase").changes
    assert (pattern.old.said.single_fen, pattern.new.said.single_fen) == (5000, 4999)


@pytest.mark.parametrize(
    ("said", "act"), [({"daily_minutes": 0}, "play"), ({"monthly_fen": 0}, "purchase")]
)
def test_minutes_or_money_of_nothing_close_every_hour(said, act):
    outcome = child(compare(Side(GAME), Side(house(**said)), *year(2026)), act)

    assert all(pattern.new.hours == () for pattern in outcome.patterns)
    assert all(pattern.closed == pattern.old.hours for pattern in outcome.changes)
    assert any(pattern.closed for pattern in outcome.changes)


def test_a_notice_that_comes_out_shows_what_it_changes(tmp_path):
    notice = tmp_path / "2027.toml"
    notice.write_text(
        'year = 2027\nholidays = [{ name = "春节", from = 2027-02-06, to = 2027-02-12 }]\n'
        "workdays = [2027-02-14]\nstatutory = [2027-02-08]\n",
        "utf-8",
    )
    told = law("cn.game", notices=[notice])

    comparison = compare(Side(GAME), Side(told), *year(2027))

    flips = {
        day.isoformat(): bool(pattern.opened)
        for pattern in child(comparison).changes
        for day in days_of(pattern)
    }
    opened = [f"2027-02-{day:02}" for day in (8, 9, 10, 11)]
    assert flips == {**dict.fromkeys(opened, True), "2027-02-14": False}


def test_the_rules_that_make_a_difference_are_named():
    readings = compared("the edition of 2021 over all of 2021")
    because = readings.because(child(readings), child(readings).changes[0])
    assert [rule.id for rule in because.old] == ["cn.game.window"]
    assert because.old == because.new

    tight = compare(Side(GAME), Side(house(daily_minutes=30, windows=((0, 86_400),))), *year(2026))
    because = tight.because(child(tight), child(tight).changes[0])
    assert because.old == ()
    assert [rule.id for rule in because.new] == ["house.h.daily_minutes"]

    instants = compared("two instants")
    because = instants.because(child(instants, "purchase"), child(instants, "purchase").changes[0])
    assert [rule.id for rule in because.new] == ["cn.game.spend.daily"]


# -- text, JSON, picture -------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", sorted(SIDES))
def test_every_diff_can_be_read_by_people_and_programs(name, lang):
    comparison = compared(name)
    text, said = diff_text(comparison, lang), json.loads(diff_json(comparison, lang))

    assert "{" not in text
    assert text.endswith("\n")
    assert said["days"] == comparison.days
    assert len(said["changes"]) == len(comparison.changed)
    for change in said["changes"]:
        assert change["ages"] or change["age_unknown"] or change["birthdays"]
        for flip in change["flips"]:
            assert flip["examples"]
            assert sum(flip["kinds"].values()) == flip["days"]
            assert all(example["why"] for example in flip["examples"])


def test_the_days_compared_are_a_year_that_is_named_or_the_last_announced():
    assert days_compared(GAME, 2021) == year(2021)
    assert days_compared(GAME, None) == year(2026)


def test_two_laws_that_agree_are_said_to_agree():
    comparison = compare(Side(GAME), Side(GAME), *year(2026))

    assert "没有任何答案不同" in diff_text(comparison, "zh")
    assert "No answer differs" in diff_text(comparison, "en")
    assert json.loads(diff_json(comparison, "zh"))["changes"] == []
    assert "No hour differs" in heatmap(comparison, "en")


SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", sorted(SIDES))
def test_the_picture_is_small_whole_and_told_in_words(name, lang):
    comparison = compared(name)
    text = heatmap(comparison, lang)
    root = ET.fromstring(text)  # noqa: S314 - our own
    ids = [node.get("id") for node in root.iter() if node.get("id")]

    assert len(text.encode()) < 60 * 1024
    assert root.get("role") == "img"
    assert [root.find(f"{SVG}{tag}").get("id") for tag in ("title", "desc")] == root.get(
        "aria-labelledby"
    ).split()
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([\w-]+)\)", text)) <= set(ids)
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    for node in root.iter(f"{SVG}g"):
        assert node.find(f"{SVG}title").text


def test_every_state_has_a_fill_of_its_own():
    from minorguard.wire.heatmap import FILLS, STATE_NAMES

    assert len(set(FILLS.values())) == len(FILLS) == len(STATE_NAMES)


def test_the_picture_shows_what_opens_closes_and_shrinks():
    def states(name):
        comparison = compared(name)
        [section] = sections_of(comparison)
        outcome = next(outcome for outcome in section.outcomes if outcome.changes)
        return {
            row.kind: {(s.start // 3600, s.end // 3600): s.state for s in row.stretches}
            for row in rows_of(comparison, outcome)
        }

    readings = states("the edition of 2021 over all of 2021")
    assert readings["block_weekday"][20, 21] == "closed"
    assert readings["makeup_workday"][20, 21] == "opened"
    assert readings["friday"][20, 21] == "stays"
    assert readings["workday"] == {(0, 24): "shut"}
    assert states("two instants")["friday"] == {
        (0, 8): "shut",
        (8, 20): "closed",
        (20, 21): "stays",
        (21, 22): "closed",
        (22, 24): "shut",
    }
    by_date = states("two readings of one year")
    assert by_date["block_weekend"][8, 22] == "shorter"
    assert by_date["block_weekday"][20, 21] == "mixed"


def test_a_hostile_name_of_a_file_stays_text():
    comparison = compare(
        Side(GAME), Side(house(daily_minutes=1), name="<script>&\"'.toml"), *year(2026)
    )
    text = heatmap(comparison, "en")

    assert "<script" not in text
    ET.fromstring(text)  # noqa: S314 - our own
