"""The known answers of the wire contract, as far as the laws that ship so far can give them."""

import json
from pathlib import Path

import pytest

from minorguard import law
from minorguard.core.rules import FeatureRule, HouseCap, LoginNotice
from minorguard.packs import KNOWN_LAWS
from minorguard.wire.cases import cases_of, failures_of, run_cases
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


def test_every_rule_and_every_code_of_the_packs_is_reached_by_a_legal_case():
    reached = set()
    for case in cases_of():
        reached.update(case.expect.get("rules", []))
        reached.update(case.expect.get("obligations", []))
        reached.update(case.expect.get("degraded", []))
    # These never object: they add a duty, say that a number is missing, or keep a feature open.
    silent = LoginNotice, HouseCap
    rules = {
        rule.id
        for law_id in KNOWN_LAWS
        for rule in law(law_id).rules
        if not isinstance(rule, silent) and type(rule) is not FeatureRule
    }
    assert rules <= reached
    assert {"show_age_rating", "daily_cap_not_configured"} <= reached


def test_a_case_that_fails_says_what_differs(tmp_path):
    case = next(cases_of("cn.game"))
    wrong = case._replace(expect={**case.expect, "allowed": not case.expect["allowed"]})

    assert failures_of(wrong)[0].startswith("allowed: expected")
    broken = case._replace(line={**case.line, "at": "yesterday"})
    assert failures_of(broken)[0].startswith("the line is refused")
    with (tmp_path / "out").open("w", encoding="utf-8") as out:
        passed, failed = run_cases(None, "en", out)
    assert failed == 0
    assert passed == len(list(cases_of()))
