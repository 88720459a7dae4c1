"""The library against a second reading of the law, which shares no code with it.

Each line goes through the wire, as a backend in any language would send it, and is answered a
second time by the oracle. What the texts leave open the oracle names a doubt, and is not compared.
"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import strategies as some
from minorguard import law
from minorguard.packs.tables import categories
from minorguard.wire.stream import Decider
from oracle import acts, content
from oracle.people import SECTORS, Case
from oracle.toggles import TOGGLES
from strategies import few, moment

VECTORS = Path(__file__).parent / "vectors" / "decide_cases.ndjson"
CASES = [json.loads(line) for line in VECTORS.read_text("utf-8").splitlines()]

LAWS = (
    *(("cn.base",), *((name,) for name in sorted(SECTORS)), ("cn.mode",)),
    *(
        ("cn.base", "cn.mode"),
        ("cn.game", "cn.live"),
        ("cn.ai", "cn.game"),
        ("cn.live", "cn.video"),
    ),
    *(("cn.course", "cn.social"), ("cn.mode", "cn.video"), tuple(sorted(SECTORS))),
)

# --- houses and readings -------------------------------------------------------------------------

MINORS = {"at_least": 0, "below": 18}
FROM_8 = {"at_least": 8, "below": 18}
HOUSES = (
    (),
    ({"id": "two", "age": FROM_8, "single_fen": 3000, "daily_fen": 6000},),
    ({"id": "tips", "ask": "gift", "single_fen": 5000, "daily_fen": 8000, "monthly_fen": 20_000},),
    (
        {"id": "single", "age": {"at_least": 8, "below": 16}, "single_fen": 4000},
        {"id": "daily", "daily_fen": 9000, "ask": "purchase"},
        {"id": "month", "age": MINORS, "monthly_fen": 15_000, "law": "cn.video"},
    ),
    ({"id": "hours", "age": MINORS, "windows": [["07:00", "12:00"], ["12:00", "21:30"]]},),
    ({"id": "minutes", "daily_minutes": 90}, {"id": "rated", "max_rating": "12+", "age": FROM_8}),
    (
        {"id": "closed", "features": {"allow_comment": False, "post_content": False}},
        {"id": "quiet", "age": MINORS, "features": {"instant_messaging": False}},
        {"id": "hosts", "law": "cn.live", "features": {"live_host": False}},
    ),
)
READINGS = (
    {},
    {"tips": "graded_2026"},
    {"purchase_window": "window"},
    {"pending": "deny"},
    {"age_attainment": "on_birthday"},
)


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    """The house rules as files."""
    folder = tmp_path_factory.mktemp("houses")
    files = []
    for number, rules in enumerate(HOUSES):
        file = folder / f"{number}.toml"
        file.write_text("".join(map(as_toml, rules)), "utf-8")
        files.append(file)
    return files


def as_toml(rule):
    lines = [f"{key} = {inline(value)}" for key, value in rule.items()]
    return "\n".join(("[[rule]]", *lines, "", ""))


def inline(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {inline(v)}" for k, v in value.items()) + " }"
    return json.dumps(value)


@cache
def decider(house, reading):
    readings = READINGS[reading]
    return Decider(lambda ids: law(*ids, house=house, readings=readings), (), "zh")


def answer_of(line, laws, house=None, reading=0):
    """What the library says through the wire."""
    judged, text = decider(house, reading).answer(json.dumps({**line, "law": list(laws)}).encode())
    answer = json.loads(text)
    assert judged, answer
    return answer


# --- comparing -----------------------------------------------------------------------------------


def differences(line, laws, answer, verdict):
    """The fields in which library and oracle differ, with what each says."""
    found = {}

    def compare(name, theirs, ours):
        if theirs != ours and name not in verdict.doubts and "all" not in verdict.doubts:
            found[name] = {"library": theirs, "oracle": ours}

    codes = {reason["code"] for reason in answer["reasons"]}
    compare("codes", codes, verdict.codes)
    if "codes" in verdict.doubts or codes != verdict.codes:
        return found
    assert answer["allowed"] is not bool(codes)
    if verdict.governed is not None:
        compare("governed", answer["governed"], verdict.governed)
    duties = set(answer["obligations"])
    ahead = verdict.must if verdict.allowed else set()
    compare("missing duties", (verdict.duties | ahead) - duties, set())
    compare("other duties", duties - verdict.duties - verdict.must - verdict.may, set())
    compare("degraded", sorted(verdict.degraded - set(answer["degraded"])), [])
    compare("over-degraded", sorted(verdict.never_degraded & set(answer["degraded"])), [])
    compare("remaining_fen", answer["remaining_fen"], verdict.remaining_fen)
    compare("remaining_s", answer["remaining_s"], verdict.remaining_s)
    until = None
    at = Case(line, laws).at
    if verdict.allowed and verdict.remaining_s is not None:
        until = at + timedelta(seconds=verdict.remaining_s)
    compare("until", answer["until"], until and until.isoformat())
    warns = [until - timedelta(minutes=m) for m in (15, 5, 1)] if until else []
    compare("warn_at", answer["warn_at"], [w.isoformat() for w in warns if w > at])
    then = verdict.next_allowed_at
    compare("next_allowed_at", answer["next_allowed_at"], then and then.isoformat())
    return found


def check(line, laws, house=None, house_rules=(), reading=0):
    answer = answer_of(line, laws, house, reading)
    verdict = acts.judge(line, laws, READINGS[reading], house_rules)
    differ = differences(line, laws, answer, verdict)
    assert not differ, (differ, laws, READINGS[reading], house_rules, line)
    return answer


# --- the research's own cases --------------------------------------------------------------------

JUDGED = [case for case in CASES if "error" not in case["expect"]]


def laws_of(case):
    named = case["line"]["law"]
    return (named,) if isinstance(named, str) else tuple(named)


def test_all_sixty_six_cases_are_here():
    assert (len(CASES), len(JUDGED)) == (66, 61)


@pytest.mark.parametrize("case", JUDGED, ids=lambda case: case["line"]["id"])
def test_the_oracle_knows_the_researchs_answers(case):
    line, expect = case["line"], case["expect"]
    verdict = acts.judge(line, laws_of(case))
    until = None
    if verdict.allowed and verdict.remaining_s is not None:
        until = (Case(line, ()).at + timedelta(seconds=verdict.remaining_s)).isoformat()
    then = verdict.next_allowed_at
    said = {
        "allowed": verdict.allowed,
        "remaining_s": verdict.remaining_s,
        "remaining_fen": verdict.remaining_fen,
        "until": until,
        "next_allowed_at": then and then.isoformat(),
    }
    assert {key: said[key] for key in said if key in expect} == {
        key: expect[key] for key in said if key in expect
    }
    some_code = expect.get("code", [])
    some_code = {some_code} if isinstance(some_code, str) else set(some_code)
    assert not some_code or some_code & verdict.codes
    assert set(expect.get("codes", [])) <= verdict.codes
    assert verdict.codes == set(expect.get("only", verdict.codes))
    assert {expect[k] for k in ("has_obligation",) if k in expect} <= verdict.must
    assert expect.get("no_obligation") not in verdict.must
    assert {expect[k] for k in ("degraded",) if k in expect} <= verdict.degraded
    assert expect.get("no_degraded") not in verdict.degraded


@pytest.mark.parametrize("case", JUDGED, ids=lambda case: case["line"]["id"])
def test_the_library_and_the_oracle_agree_on_the_researchs_cases(case):
    check(case["line"], laws_of(case))


# --- random lines --------------------------------------------------------------------------------

DAYS = (
    *(date(2026, 7, 15), date(2026, 11, 18), date(2026, 11, 20), date(2026, 11, 21)),
    *(date(2026, 10, 10), date(2026, 12, 24), date(2026, 12, 31), date(2027, 3, 1)),
)
EARLIER = (
    *(date(2019, 10, 31), date(2020, 10, 5), date(2021, 5, 31), date(2021, 8, 31)),
    *(date(2021, 9, 3), date(2023, 12, 31), date(2024, 1, 1), date(2024, 6, 1)),
    *(date(2024, 11, 15), date(2025, 10, 1), date(2026, 2, 28), date(2026, 7, 14)),
)
HOURS = (0, 6, 7, 8, 12, 20, 21, 22)
SECONDS = sorted(
    {hour * 3600 + shift for hour in HOURS for shift in (-1, 0, 1)} - {-1}
    | {19 * 3600, 20 * 3600 + 1800, 23 * 3600, 86_399}
)
LABELS = st.lists(st.sampled_from(sorted(content.CATEGORIES)), max_size=3, unique=True)
RATINGS = ("8+", "12+", "16+", "PEGI:3", "PEGI:16", "ESRB:T", "CERO:D", "USK:12", "ESRB:E10+")
VALUES = {
    **dict.fromkeys(TOGGLES, (True, False)),
    "post_visibility": ("friends", "nobody", "all"),
    "allow_comment": ("friends", "nobody", "all", False),
    "accept_messages_from": ("friends", "nobody", "all"),
    "rest_reminder": (True, False, 900, 3600),
}
UNSETTLED = {
    *("guardian_time", "guardian_permission", "guardian_spending", "guardian_usage_overview"),
    *("minors_mode", "spend_caps", "daily_time_limit", "night_curfew"),
}
"""Rows that a guardian may change, though a law wants them there: what `false` does is not said."""


def settings():
    features = st.lists(
        st.sampled_from(sorted(set(TOGGLES) - UNSETTLED)), max_size=3, unique=True
    ).flatmap(lambda names: st.fixed_dictionaries({n: st.sampled_from(VALUES[n]) for n in names}))
    return st.fixed_dictionaries(
        {},
        optional={
            "daily_minutes": st.sampled_from((0, 1, 30, 60, 90, 180, 1440)),
            "night_allowed": st.booleans(),
            "windows": some.windows(),
            "single_fen": some.caps(),
            "daily_fen": some.caps(),
            "monthly_fen": some.caps(),
            "features": features,
            "max_rating": st.sampled_from(RATINGS),
        },
    )


@st.composite
def ages(draw, day):
    """A birth date near a birthday of the law, a range, or nothing."""
    known = draw(st.sampled_from(("born", "born", "born", "born", "age", "nothing")))
    if known == "born":
        return {"born": draw(some.births(day)).isoformat()}
    return {"age": draw(some.age_ranges())} if known == "age" else {}


@st.composite
def subjects(draw, day):
    said = draw(
        st.fixed_dictionaries(
            {"identity": st.sampled_from((*["verified"] * 9, *some.IDENTITIES))},
            optional={
                "minors_mode": st.booleans(),
                "consents": st.lists(
                    st.sampled_from((*some.CONSENTS, "tipping")), max_size=4, unique=True
                ),
                "guardian": settings(),
            },
        )
    )
    return {**said, **draw(ages(day))}


@st.composite
def asks(draw, kinds, day):
    said = draw(some.asks(day, kinds))
    kind = said["kind"]
    if kind == "feature":
        said["feature"] = draw(st.sampled_from(sorted(TOGGLES)))
    elif kind == "view":
        said["categories"] = draw(LABELS)
        if "rating" in said:
            said["rating"] = draw(st.sampled_from(RATINGS))
    elif kind in ("post", "message"):
        said["labels"] = draw(LABELS)
    elif kind == "lesson":
        starts = draw(st.sampled_from((*SECONDS, 20 * 3600 + 1799, 20 * 3600 + 1801)))
        said["starts"] = moment(day, starts).isoformat()
        said["minutes"] = draw(st.sampled_from((1, 29, 30, 31, 40, 60)))
        if "break_before_min" in said:
            said["break_before_min"] = draw(st.sampled_from((0, 9, 10, 11)))
    return said


def usages():
    played = (0, 1, 1799, 1800, 3599, 3600, 5399, 5400, 7199, 7200, 10_799, 10_800)
    continuous = (0, 900, 901, 1800, 1801, 3601, 7200, 7201)
    return st.fixed_dictionaries(
        {},
        optional={
            "played_today_s": st.sampled_from(played),
            "continuous_s": st.sampled_from(continuous),
            "spent_today_fen": some.caps(),
            "spent_month_fen": some.caps(),
            "counts": st.fixed_dictionaries({"pk_window": st.integers(0, 3)}),
        },
    )


@st.composite
def questions(draw, kinds=some.KINDS, days=DAYS):
    """A line, the laws it names, a house and a reading."""
    day = draw(st.sampled_from(days))
    line = {
        "at": moment(day, draw(st.sampled_from(SECONDS))).isoformat(),
        "subject": draw(subjects(day)),
        "ask": draw(asks(kinds, day)),
        "usage": draw(usages()),
    }
    laws = draw(st.sampled_from(LAWS))
    house = draw(st.sampled_from((0, 0, 0, *range(1, len(HOUSES)))))
    reading = draw(st.sampled_from((0, 0, 0, *range(1, len(READINGS)))))
    return line, laws, house, reading


def agree(houses, question):
    line, laws, house, reading = question
    check(line, laws, houses[house] if house else None, HOUSES[house], reading)


@pytest.mark.parametrize("kind", some.KINDS)
def test_the_library_and_the_oracle_agree_whatever_is_asked(houses, kind):
    @given(questions((kind,)))
    @few(200)
    def holds(question):
        agree(houses, question)

    holds()


@given(questions(days=EARLIER))
@few(300)
def test_they_agree_on_the_days_on_which_law_began(houses, question):
    agree(houses, question)


# --- every category, slot and audience -----------------------------------------------------------

EVENING = moment(date(2026, 11, 18), 19 * 3600).isoformat()
AUDIENCES = (
    *({"born": "2000-01-15"}, {"born": "2012-05-01"}, {"born": "2020-05-01"}, {}),
    {"age": {"at_least": 16, "below": 20}},
)


@pytest.mark.parametrize("category", sorted(content.CATEGORIES))
def test_every_slot_and_audience_of_the_category_is_as_the_table_says(category):
    for slot in content.SLOTS:
        for said in AUDIENCES:
            for in_mode in (False, True):
                for minors_only in (False, True):
                    ask = {
                        "kind": "view",
                        "categories": [category],
                        "slot": slot,
                        "minors_only_service": minors_only,
                    }
                    subject = {**said, "identity": "verified", "minors_mode": in_mode}
                    line = {"at": EVENING, "subject": subject, "ask": ask}
                    for laws in (("cn.base",), ("cn.video",)):
                        check(line, laws)


@pytest.mark.parametrize("category", sorted(set(categories()) - set(content.CATEGORIES)))
def test_an_item_that_the_measures_of_2026_add_is_treated_as_what_may_affect(category):
    for slot in content.SLOTS:
        for said in AUDIENCES:
            for in_mode in (False, True):
                for minors_only in (False, True):
                    ask = {"kind": "view", "slot": slot, "minors_only_service": minors_only}
                    subject = {**said, "identity": "verified", "minors_mode": in_mode}
                    line = {"at": EVENING, "subject": subject}
                    answers = [
                        answer_of({**line, "ask": {**ask, "categories": [name]}}, ("cn.video",))
                        for name in (category, "risky_stunt")
                    ]
                    codes = [{reason["code"] for reason in a["reasons"]} for a in answers]
                    assert codes[0] == codes[1]
                    assert answers[0]["obligations"] == answers[1]["obligations"]


def test_a_rating_is_judged_alike_for_every_age_and_label():
    labels = [*content.LABELS["CADPA"]]
    labels += [f"{system}:{name}" for system, names in content.LABELS.items() for name in names]
    for rating in labels:
        for age in (*range(20), None):
            for in_mode in (False, True):
                for minors_only in (False, True):
                    subject = {"minors_mode": in_mode}
                    if age is not None:
                        subject["age"] = {"at_least": age, "below": age + 1}
                    ask = {"kind": "view", "rating": rating, "minors_only_service": minors_only}
                    check({"at": EVENING, "subject": subject, "ask": ask}, ("cn.base",))


# --- every edge of the smaller tables ------------------------------------------------------------

EVERY_AGE = (*range(20), None)


def aged(age, **said):
    """A verified subject of that age, or of an unknown one."""
    known = {} if age is None else {"age": {"at_least": age, "below": age + 1}}
    return {"identity": "verified", **known, **said}


@pytest.mark.parametrize("law_id", sorted(SECTORS))
def test_the_totals_of_the_mode_hold_to_the_second_at_every_age(law_id):
    settings_of = ({}, {"daily_minutes": 90}, {"daily_minutes": 150, "night_allowed": True})
    for age, guardian, exempt in product(EVERY_AGE, settings_of, (None, "emergency")):
        for played_s in (3599, 3600, 5399, 5400, 7199, 7200, 8999, 9000):
            line = {
                "at": EVENING,
                "subject": aged(age, minors_mode=True, guardian=guardian),
                "ask": {"kind": "login", "exempt": exempt},
                "usage": {"played_today_s": played_s},
            }
            check(line, (law_id,))


@pytest.mark.parametrize("law_id", sorted(SECTORS))
def test_the_night_of_the_mode_holds_to_the_second_and_has_its_exemptions(law_id):
    seconds = [hour * 3600 + shift for hour in (6, 22) for shift in (-1, 0, 1)]
    ways = product(seconds, (7, 15, 17, 40, None), (False, True), (None, "guardian"))
    for second, age, night_allowed, exempt in ways:
        line = {
            "at": moment(date(2026, 11, 18), second).isoformat(),
            "subject": aged(age, minors_mode=True, guardian={"night_allowed": night_allowed}),
            "ask": {"kind": "login", "exempt": exempt},
        }
        check(line, (law_id,))


def test_the_recipient_is_shielded_by_age_setting_and_acquaintance():
    ways = product(EVERY_AGE, (None, "all", "friends", "nobody"), (False, True), (10, 30, None))
    for age, accepts, stranger, sender in ways:
        to = {"accepts": accepts} | ({"age": aged(age)["age"]} if age is not None else {})
        line = {
            "at": EVENING,
            "subject": aged(sender, consents=["pi_processing"]),
            "ask": {"kind": "message", "to": to, "stranger": stranger},
        }
        check(line, ("cn.social",))


@pytest.mark.parametrize("law_id", ["cn.base", *sorted(SECTORS)])
def test_the_way_out_of_the_mode_is_the_guardians_and_shut_in_a_live_night(law_id):
    hours = (0, 6 * 3600 - 1, 6 * 3600, 22 * 3600 - 1, 22 * 3600)
    ways = product(EVERY_AGE, (False, True), (False, True), (False, True), hours)
    for age, in_mode, on, verified, second in ways:
        line = {
            "at": moment(date(2026, 11, 18), second).isoformat(),
            "subject": aged(age, minors_mode=in_mode),
            "ask": {"kind": "mode", "on": on, "guardian_verified": verified},
        }
        check(line, (law_id,))


def test_the_page_is_judged_on_all_that_it_carries_at_once():
    links = ("learning", "game", "social", "shop", "other")
    ways = product(
        (False, True),
        ([], [{"learning_related": True}]),
        ([], *([{"leads_to": to}] for to in links)),
        ([], *([{"leads_to": to}] for to in links)),
        ("review_then_publish", "publish_then_review", "off"),
        ((False, 0), (True, 0), (True, 1)),
        ((True, 30), (False, 30), (False, 12), (False, None)),
    )
    for reviewed, ads, popups, hrefs, comments, (nonprofit, fen), (for_minors, age) in ways:
        ask = {
            "kind": "page",
            "course_reviewed": reviewed,
            "ads": ads,
            "popups": popups,
            "links": hrefs,
            "comments": comments,
            "nonprofit": nonprofit,
            "charges_fen": fen,
            "for_minors": for_minors,
        }
        check({"at": EVENING, "subject": aged(age), "ask": ask}, ("cn.course",))


def test_the_lesson_is_judged_to_the_minute():
    nine_s = 21 * 3600
    starts_s = [nine_s - minutes * 60 + shift for minutes in (30, 31) for shift in (-1, 0, 1)]
    starts_s += [0, 6 * 3600, nine_s, 23 * 3600 + 3000]
    ways = product(starts_s, (1, 29, 30, 31), (None, 0, 9, 10), ("subject_compulsory", "other"))
    for second, minutes, pause, training in ways:
        ask = {
            "kind": "lesson",
            "starts": moment(date(2026, 11, 18), second).isoformat(),
            "minutes": minutes,
            "training": training,
            **({} if pause is None else {"break_before_min": pause}),
        }
        check({"at": EVENING, "subject": aged(30), "ask": ask}, ("cn.course",))


def test_the_third_pk_of_an_evening_and_the_host_under_sixteen_are_refused():
    hours = (20 * 3600 - 1, 20 * 3600, 22 * 3600 - 1, 22 * 3600)
    for age, count, second in product(EVERY_AGE, (0, 1, 2, 3), hours):
        line = {
            "at": moment(date(2026, 11, 18), second).isoformat(),
            "subject": aged(age),
            "ask": {"kind": "pk", "room": "r-1"},
            "usage": {"counts": {"pk_window": count}},
        }
        check(line, ("cn.live",))


@pytest.mark.parametrize("law_id", ["cn.game", "cn.live", "cn.video", "cn.social", "cn.ai"])
@pytest.mark.parametrize("house", range(4))
@pytest.mark.parametrize("reading", range(2))
def test_the_caps_hold_to_the_fen_at_every_age(houses, law_id, house, reading):
    edges = sorted({cap + n for cap in (3000, 4000, 5000, 10_000) for n in (0, 1)} | {1})
    for age, fen, spent, consents in product(EVERY_AGE, edges, (0, 15_000), ([], ["tipping"])):
        usage = {"spent_today_fen": spent // 5, "spent_month_fen": spent}
        for ask in (
            {"kind": "purchase", "fen": fen, "order": "o", "for": "other"},
            {"kind": "purchase", "fen": fen, "order": "o"},
            {"kind": "gift", "fen": fen, "order": "o"},
        ):
            line = {"at": EVENING, "subject": aged(age, consents=consents), "ask": ask}
            file = houses[house] if house else None
            check({**line, "usage": usage}, (law_id,), file, HOUSES[house], reading)


# --- told apart ----------------------------------------------------------------------------------


def test_exempt_use_passes_the_limits_of_the_mode_and_not_the_minutes_of_the_house(houses):
    subject = {"born": "2012-05-01", "identity": "verified", "minors_mode": True}
    ask = {"kind": "login", "exempt": "filed_education"}
    line = {"at": EVENING, "subject": subject, "ask": ask, "usage": {"played_today_s": 5400}}
    assert answer_of(line, ("cn.video",))["allowed"]
    strict = answer_of(line, ("cn.video",), houses[5])
    assert [reason["code"] for reason in strict["reasons"]] == ["quota_exhausted"]


# --- theorems ------------------------------------------------------------------------------------


def kinds():
    return st.sampled_from(some.KINDS)


@given(kinds().flatmap(lambda kind: questions((kind,))))
@few(150)
def test_the_draft_only_takes_away_and_says_so(question):
    line, laws, _, reading = question
    now = answer_of(line, laws, None, reading)
    then = answer_of(line, (*laws, "cn.draft-2026-09"), None, reading)
    alone = {"not_covered", "identity_required", "identity_pending"}
    assert then["allowed"] <= now["allowed"]
    before = {reason["code"] for reason in now["reasons"]}
    more = [reason for reason in then["reasons"] if reason["code"] not in before]
    assert all(reason["provenance"] == "draft" for reason in more)
    if not {reason["code"] for reason in then["reasons"]} & alone:
        assert before <= {reason["code"] for reason in then["reasons"]}


@given(questions().flatmap(lambda q: st.tuples(st.just(q), st.sampled_from(sorted(SECTORS)))))
@few(150)
def test_another_pack_never_permits_what_one_refuses(told):
    """Union of rules and of covers: only what was not covered may open."""
    (line, laws, _, reading), pack = told
    one = answer_of(line, laws, None, reading)
    both = answer_of(line, tuple(dict.fromkeys((*laws, pack))), None, reading)
    if "not_covered" not in {reason["code"] for reason in one["reasons"]}:
        assert both["allowed"] <= one["allowed"]


@given(questions(), st.permutations(range(3)))
@few(100)
def test_the_order_in_which_packs_are_named_changes_nothing(question, order):
    line, laws, _, reading = question
    named = (*laws, "cn.video", "cn.base")[:3]
    shuffled = tuple(named[i] for i in order if i < len(named))
    keys = ("allowed", "governed", "until", "remaining_s", "remaining_fen", "obligations")
    one, two = (answer_of(line, ids, None, reading) for ids in (named, shuffled))
    assert {key: one[key] for key in keys} == {key: two[key] for key in keys}
    assert sorted(r["code"] for r in one["reasons"]) == sorted(r["code"] for r in two["reasons"])


NONE_OF_MINE = st.sampled_from(("post", "message", "feature", "gift", "purchase", "login"))


@given(NONE_OF_MINE.flatmap(lambda kind: questions((kind,))))
@few(200)
def test_a_guardians_caps_windows_and_closings_never_permit(question):
    """All but the limits of the mode, which a guardian may adjust both ways, only takes away."""
    line, laws, _, reading = question
    subject = line["subject"]
    guardian = dict(subject.get("guardian") or {})
    closing = dict.fromkeys(guardian.pop("features", {}), False)
    strict = {k: v for k, v in guardian.items() if k not in ("daily_minutes", "night_allowed")}
    free = {k: v for k, v in subject.items() if k != "guardian"}
    bound = {**free, "guardian": {**strict, "features": closing}}
    before = answer_of({**line, "subject": free}, laws, None, reading)
    after = answer_of({**line, "subject": bound}, laws, None, reading)
    assert after["allowed"] <= before["allowed"]
    if before["remaining_fen"] is not None:
        assert after["remaining_fen"] <= before["remaining_fen"]
    if before["remaining_s"] is not None:
        assert after["remaining_s"] <= before["remaining_s"]


@given(st.sampled_from(("login", "heartbeat")).flatmap(lambda kind: questions((kind,))))
@few(100)
def test_the_next_instant_is_allowed_and_no_hour_before_it_is(question):
    line, laws, _, reading = question
    told = answer_of(line, laws, None, reading)["next_allowed_at"]
    if told is None:
        return
    then = datetime.fromisoformat(told)
    later = {**line, "at": told}
    if then.date() != Case(line, laws).at.date():
        later["usage"] = {}
    assert answer_of(later, laws, None, reading)["allowed"]
    hours = [then - timedelta(seconds=1), then - timedelta(hours=1), then - timedelta(hours=5)]
    for before, _ in pairwise([*hours, then]):
        if before > Case(line, laws).at:
            same_day = before.date() == Case(line, laws).at.date()
            asked = {**line, "at": before.isoformat()}
            if not same_day:
                asked["usage"] = {}
            assert not answer_of(asked, laws, None, reading)["allowed"]
