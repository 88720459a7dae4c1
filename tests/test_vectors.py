"""The known answers of the wire contract, as far as the laws that ship so far can give them."""

import json
from pathlib import Path
from typing import get_args

import pytest

from minorguard import law
from minorguard.core.limits import Code
from minorguard.core.rules import HouseCap, LoginNotice
from minorguard.core.shown import ContentRule
from minorguard.core.toggles import FeatureRule, Toggle
from minorguard.packs import KNOWN_LAWS
from minorguard.wire.cases import cases_of, failures_of, law_of, run_cases
from minorguard.wire.request import parse
from minorguard.wire.stream import Decider

LINES = (Path(__file__).parent / "vectors" / "decide_cases.ndjson").read_text("utf-8").splitlines()
CASES = [json.loads(line) for line in LINES]


def laws_of(case):
    named = case["line"]["law"]
    return [named] if isinstance(named, str) else named


OURS = [c for c in CASES if c["expect"].get("error") or set(laws_of(c)) <= set(KNOWN_LAWS)]


@pytest.mark.parametrize("case", OURS, ids=lambda case: case["line"]["id"])
def test_the_known_answer(case):
    decider = Decider(lambda ids: law(*ids), (), "zh")
    judged, text = decider.answer(json.dumps(case["line"]).encode())
    answer, expect = json.loads(text), dict(case["expect"])

    if expect.pop("error", False):
        assert not judged
        assert answer["error"]["code"] == "invalid_request"
        assert answer["error"]["path"] == expect.get("path", answer["error"]["path"])
        return
    codes = [reason["code"] for reason in answer["reasons"]]
    some = expect.pop("code", codes)
    assert not some or set([some] if isinstance(some, str) else some) & set(codes)
    assert set(expect.pop("codes", [])) <= set(codes)
    assert codes == expect.pop("only", codes)
    for key, among in (("degraded", "degraded"), ("has_obligation", "obligations")):
        assert expect.pop(key, None) in [None, *answer[among]]
    for key, among in (("no_degraded", "degraded"), ("no_obligation", "obligations")):
        assert expect.pop(key, "") not in answer[among]
    assert {key: answer[key] for key in expect} == expect


@pytest.mark.parametrize("case", list(cases_of()), ids=lambda case: case.name["en"])
def test_the_legal_case(case):
    assert failures_of(case) == []


# DESIGN 4, codes.
OBLIGATIONS = {
    "prompt_before_display",
    "review_before_publish",
    "remind_rest",
    "confirm_payment",
    "preserve_evidence",
    "notify_guardian",
    "verify_host_identity",
    "show_age_rating",
    "stop_transmission",
    "report_to_authority",
}
STATES = {
    "calendar_unannounced",
    "identity_pending",
    "daily_cap_not_configured",
    "tip_caps_not_configured",
    "age_unknown",
    "late_settlement",
}


def silent(rule):
    """Whether a rule never objects: it keeps open, stands open, shows or only notes something."""
    match rule:
        case ContentRule():
            # Cell by cell in tests/test_acts.py; the cases have telling ones of every treatment.
            return True
        case HouseCap():
            return not rule.refuses
        case Toggle():
            return rule.on and rule.value != "nobody"
        case _:
            return isinstance(rule, LoginNotice) or type(rule) is FeatureRule


def test_every_rule_and_every_code_of_the_packs_is_reached_by_a_legal_case():
    reached, codes, duties, states = set(), set(), set(), set()
    for case in cases_of():
        expect = case.expect
        reached |= {*expect.get("rules", ())}
        codes |= {*expect.get("codes", ())}
        duties |= {*expect.get("obligations", ())}
        states |= {*expect.get("degraded", ())}
        query = parse(json.dumps(case.line, default=str).encode())
        asked = law_of(query.laws, tuple(case.readings.items()), case.house)
        ruling = asked.decide(query.request, at=query.at, usage=query.usage).segment.ruling
        # An answer does not say who asks for a duty: a rule that alone could has been reached.
        for duty in expect.get("obligations", ()):
            sources = {due.rule.id for due in ruling.duties if due.obligation == duty}
            reached |= sources if len(sources) == 1 else set()
        # It names one rule a code: of the caps that a house must set the first, and the law itself
        # before a draft that says the same.
        reached |= {
            said.rule.id
            for said in ruling.objections
            if said.code in expect.get("codes", ())
            and (isinstance(said.rule, HouseCap) or said.rule.head.provenance == "draft")
        }
    rules = {
        rule.id
        for law_id in KNOWN_LAWS
        for tips in ("strict_2022", "graded_2026")
        for rule in law(law_id, readings={"tips": tips}).rules
        if not silent(rule)
    }

    assert rules <= reached
    assert duties >= OBLIGATIONS
    # What was recorded before is no part of a case: tests/test_guard.py.
    recorded = {"session_ended", "too_many_sessions", "clock_behind", "order_conflict"}
    assert set(get_args(Code)) - codes == recorded
    assert STATES - states == {"late_settlement"}


def test_a_case_that_fails_says_what_differs(tmp_path):
    case = next(cases_of("cn.game"))
    wrong = case._replace(expect={**case.expect, "allowed": not case.expect["allowed"]})

    assert failures_of(wrong)[0].startswith("allowed: expected")
    broken = case._replace(line={**case.line, "at": "yesterday"})
    assert failures_of(broken)[0].startswith("the line is refused")
    with (tmp_path / "out").open("w", encoding="utf-8") as out:
        passed, failed = run_cases("cn.social", "en", out)
    assert failed == 0
    assert passed == len(list(cases_of("cn.social")))
