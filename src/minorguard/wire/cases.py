"""The legal cases beside the packs: requests, with the answers that counsel expects."""

from __future__ import annotations

import json
from functools import lru_cache, partial
from importlib.resources import files
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from minorguard.errors import ConfigurationError
from minorguard.packs import KNOWN_LAWS, law
from minorguard.packs.files import TextFile, toml
from minorguard.wire.stream import Decider

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from minorguard.core.decision import Lang
    from minorguard.core.policy import Law

LAWS_MAX = 64

CASE_KEYS = {
    "name",
    "article",
    "at",
    "with",
    "subject",
    "ask",
    "usage",
    "readings",
    "house",
    "expect",
}
"""What a case may say. ``with``: the laws beside which its own is asked, as a draft has to be.
``house``: the house file under which it is asked, its text."""


class Case(NamedTuple):
    """One case: where it stands, what it claims, and the line that is asked."""

    law: str
    name: dict[str, str]
    article: str
    line: dict[str, Any]
    readings: dict[str, str]
    house: str
    expect: dict[str, Any]


def cases_of(only: str | None = None) -> Iterator[Case]:
    """The cases of one law or of all."""
    if only is not None and only not in KNOWN_LAWS:
        raise ConfigurationError(f"no law is called so; there are {', '.join(KNOWN_LAWS)}")
    for law_id in KNOWN_LAWS if only is None else (only,):
        name = f"cn/cases/{law_id.rpartition('.')[2]}.toml"
        source = files("minorguard.packs").joinpath(name)
        data = toml(name, source.read_text(encoding="utf-8")) if source.is_file() else {}
        for case in data.get("case", []):
            if unknown := case.keys() - CASE_KEYS:
                raise ConfigurationError(f"{name}: {case.get('name')}: unknown key {min(unknown)}")
            asked = {key: case[key] for key in ("at", "subject", "ask", "usage") if key in case}
            line = {"law": [law_id, *case.get("with", ())], **asked}
            readings = case.get("readings", {})
            house = case.get("house", "")
            yield Case(law_id, case["name"], case["article"], line, readings, house, case["expect"])


@lru_cache(maxsize=LAWS_MAX)
def law_of(ids: tuple[str, ...], readings: tuple[tuple[str, str], ...], house: str) -> Law:
    """The law of a case, loaded once for all cases that are asked under it."""
    file = TextFile("house.toml", house) if house else None
    return law(*ids, readings=dict(readings), house=file)


def failures_of(case: Case) -> list[str]:
    """What differs from the expectation, one line each. ``null = ["until"]`` expects no value."""
    load = partial(law_of, readings=tuple(case.readings.items()), house=case.house)
    decider = Decider(load, (case.law,), "zh")
    raw = json.dumps(case.line, default=_iso).encode()
    answer: dict[str, Any] = json.loads(decider.answer(raw)[1])
    if "error" in answer:
        return [f"the line is refused: {answer['error']['message']}"]
    answer["codes"] = [reason["code"] for reason in answer["reasons"]]
    answer["rules"] = [reason["rule"] for reason in answer["reasons"]]
    expect = dict(case.expect)
    expect.update(dict.fromkeys(expect.pop("null", ())))
    return [
        f"{key}: expected {expected!r}, got {answer.get(key)!r}"
        for key, expected in expect.items()
        if answer.get(key) != expected
    ]


def _iso(value: date) -> str:
    return value.isoformat()


def run_cases(only: str | None, lang: Lang, out: IO[str]) -> tuple[int, int]:
    """Run the cases and write a line for each. Returns how many passed and failed."""
    passed = failed = 0
    for case in cases_of(only):
        wrong = failures_of(case)
        failed += bool(wrong)
        passed += not wrong
        state = "FAIL" if wrong else "ok  "
        out.write(f"{state} {case.law}  {case.article}  {case.name[lang]}\n")
        out.writelines(f"       {line}\n" for line in wrong)
    return passed, failed
