"""What the fake national real-name system knows, and what it answers: rules, no network.

Interface V1.8 and the test system's description V1.2. Where those say nothing the reading is
marked *ours*; nobody outside has seen the official service's code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, cast

from minorguard.errors import BadSignature, InvalidRequest
from minorguard.identity.id_numbers import IdNumber
from minorguard.identity.nppa_presets import FAILED_AIS, PRESETS, Outcome
from minorguard.identity.wire import birth_date_of_pi
from minorguard.identity.wire_codes import code_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

STATUS: Final[Mapping[str, int]] = {"success": 0, "pending": 1, "failed": 2}

KEPT_AFTER_QUERY_S = 300
"""V1.8: a result is deleted 300 s after it was queried; until then its ``ai`` is occupied."""

PENDING_S = 48 * 3600
AI_CHARS_MAX = 32
NUMBER_CHARS = 18
BATCH_MAX = 128
EVENT_AGE_S = 180

DIGITS = "0123456789abcdefghijklmnop"


def pi_of(name: str, number: str, born: date) -> str:
    """A national person key for a made-up person: always the same for the same one."""
    left, digits = born.year * 10_000 + born.month * 100 + born.day, ""
    while left:
        left, digit = divmod(left, 26)
        digits = DIGITS[digit] + digits
    return digits + sha256(f"{name}\0{number}".encode()).hexdigest()[:32]


class Refusal(Exception):
    """An answer that is an error code."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(number)


@dataclass
class Case:
    """A check that waits for its result, or whose result waits to be asked for."""

    outcome: Outcome
    pi: str | None
    asked_s: float
    deleted_s: float | None = None
    name: str = field(default="", repr=False)
    number: str = field(default="", repr=False)


class Book:
    """All that the service knows. Its caller holds a lock."""

    def __init__(self, *, check_direction: bool) -> None:
        self.people: dict[tuple[str, str], tuple[Outcome, str | None]] = {
            (p.name, p.number): (p.outcome, p.pi) for p in PRESETS
        }
        self.cases: dict[str, Case] = {}
        self.sessions: dict[str, int] = {}
        self.codes: dict[str, str] = {}
        self.passed: set[str] = set()
        self._check_direction = check_direction

    # -- check and query -------------------------------------------------------------------------

    def check(self, asked: Mapping[str, Any], now_s: float, test: str) -> dict[str, Any]:
        """Who is this?"""
        ai, name, number = (asked.get(key) for key in ("ai", "name", "idNum"))
        if not (isinstance(ai, str) and isinstance(name, str) and isinstance(number, str)):
            raise Refusal(1012)
        if not (0 < len(ai) <= AI_CHARS_MAX and name and len(number) == NUMBER_CHARS):
            raise Refusal(1012)
        try:
            born = IdNumber.parse(number).born
        except ValueError:
            raise Refusal(2001) from None
        if test:
            return self._check_test(test, ai, name, number)
        self._forget(now_s)
        if ai in self.cases:
            raise Refusal(2004)
        outcome, pi = self.people.get((name, number), ("failed", None))
        if outcome == "success":
            pi = pi or pi_of(name, number, born)
        elif outcome == "pending":
            self.cases[ai] = Case(outcome, None, now_s, name=name, number=number)
        # Ours: a result that was given at once is not kept, so its ai is free again.
        return _result(outcome, pi)

    def query(self, ai: str, now_s: float, test: str) -> dict[str, Any]:
        """What became of it?"""
        if not 0 < len(ai) <= AI_CHARS_MAX:
            raise Refusal(1012)
        if test:
            return self._query_test(test, ai)
        self._forget(now_s)
        case = self.cases.get(ai)
        if case is None:
            raise Refusal(2003)
        if case.outcome != "pending" and case.deleted_s is None:
            case.deleted_s = now_s + KEPT_AFTER_QUERY_S
        return _result(case.outcome, case.pi)

    def settle(self, ai: str, outcome: Outcome) -> None:
        """Let a check that is in progress come to its end."""
        case = self.cases[ai]
        case.outcome = outcome
        if outcome == "success":
            case.pi = pi_of(case.name, case.number, IdNumber.parse(case.number).born)
        self.people[case.name, case.number] = (outcome, case.pi)

    def _forget(self, now_s: float) -> None:
        for ai, case in list(self.cases.items()):
            if (case.deleted_s is not None and now_s >= case.deleted_s) or (
                case.deleted_s is None and now_s >= case.asked_s + PENDING_S
            ):
                del self.cases[ai]

    # -- the eight test cases --------------------------------------------------------------------

    def _check_test(self, test: str, ai: str, name: str, number: str) -> dict[str, Any]:
        found = [p for p in PRESETS if (p.ai, p.name, p.number) == (ai, name, number)]
        outcome, pi = (found[0].outcome, found[0].pi) if found else ("failed", None)
        return self._tested({0: "testcase01", 1: "testcase02", 2: "testcase03"}, test, outcome, pi)

    def _query_test(self, test: str, ai: str) -> dict[str, Any]:
        found = [p for p in PRESETS if p.ai == ai]
        if not found and ai not in FAILED_AIS:
            raise Refusal(4003)
        outcome, pi = (found[0].outcome, found[0].pi) if found else ("failed", None)
        return self._tested({0: "testcase04", 1: "testcase05", 2: "testcase06"}, test, outcome, pi)

    def _tested(
        self, cases: Mapping[int, str], test: str, outcome: Outcome, pi: str | None
    ) -> dict[str, Any]:
        if cases[STATUS[outcome]] != test:
            raise Refusal(4003)
        self.passed.add(test)
        return _result(outcome, pi)

    # -- loginout --------------------------------------------------------------------------------

    def loginout(self, asked: Mapping[str, Any], timestamp_ms: int, test: str) -> dict[str, Any]:
        """Who came and who left?"""
        said = asked.get("collections")
        if not isinstance(said, list):
            raise Refusal(1012)
        items = list(cast("Iterable[Any]", said))
        if not items:
            raise Refusal(3002)
        if len(items) > BATCH_MAX:
            raise Refusal(3003)
        faults: list[dict[str, Any]] = []
        seen: set[int] = set()
        sessions = dict(self.sessions)
        for item in sorted(items, key=_time_of):
            number = self._fault(item, timestamp_ms, test, seen, sessions)
            if number:
                no = cast("dict[str, Any]", item).get("no") if isinstance(item, dict) else None
                words = code_of(number).official_words
                faults.append({"no": no, "errcode": number, "errmsg": words})
        self.sessions = sessions
        if faults:
            return {
                "errcode": 3001,
                "errmsg": "BUS COLL PARTIAL ERROR",
                "data": {"results": faults},
            }
        if test:
            self.passed.add(test)
        return {"errcode": 0, "errmsg": "ok", "data": ""}  # an empty text, as the interface prints

    def _fault(
        self,
        item: object,
        timestamp_ms: int,
        test: str,
        seen: set[int],
        sessions: dict[str, int],
    ) -> int:
        found = _item_fault(item, timestamp_ms, seen)
        if found or not isinstance(item, dict):
            return found
        said = cast("dict[str, Any]", item)
        if test:
            presets = {p.pi for p in PRESETS if p.pi}
            guest = said["ct"] == 2  # noqa: PLR2004 - V1.8: 2 is a guest
            right = guest if test == "testcase07" else not guest and said["pi"] in presets
            return 0 if right else 4003
        before = sessions.get(said["si"], 0)
        if self._check_direction and (before, said["bt"]) not in {(0, 1), (1, 0)}:
            return 3007  # ours: in before out, each once; the interface has no code for it
        sessions[said["si"]] = said["bt"] or -1  # a session is used once
        return 0


def _time_of(item: object) -> int:
    at = cast("dict[str, Any]", item).get("ot") if isinstance(item, dict) else 0
    return at if isinstance(at, int) else 0


def _item_fault(item: object, timestamp_ms: int, seen: set[int]) -> int:  # noqa: PLR0911 - a code each
    if not isinstance(item, dict):
        return 3002
    said = cast("dict[str, Any]", item)
    no, at = said.get("no"), said.get("ot")
    if type(no) is not int or not 1 <= no <= BATCH_MAX or no in seen:
        return 3004
    seen.add(no)
    if type(at) is not int or not timestamp_ms - EVENT_AGE_S * 1000 < at * 1000 < timestamp_ms:
        return 3005
    if said.get("ct") not in {0, 2}:
        return 3006
    if said.get("bt") not in {0, 1}:  # 0 is out, 1 is in
        return 3007
    if not (isinstance(said.get("si"), str) and 0 < len(said["si"]) <= AI_CHARS_MAX):
        return 1012  # ours: the interface has no code for it
    return _player_fault(said)


def _player_fault(said: Mapping[str, Any]) -> int:
    if said["ct"] == 2:  # noqa: PLR2004 - V1.8: 2 is a guest
        return 0 if said.get("di") else 3009
    if not said.get("pi"):
        return 3008
    try:
        birth_date_of_pi(said["pi"])
    except ValueError:
        return 3010
    return 0


def _result(outcome: Outcome, pi: str | None) -> dict[str, Any]:
    result = {"status": STATUS[outcome], "pi": pi if outcome == "success" else None}
    return {"errcode": 0, "errmsg": "OK", "data": {"result": result}}


def opened(text: bytes) -> Mapping[str, Any]:
    """What was sealed, as the object that it has to be."""
    try:
        found = json.loads(text)
    except ValueError:
        raise Refusal(1012) from None
    if not isinstance(found, dict):
        raise Refusal(1012)
    return cast("dict[str, Any]", found)


WRONG = (BadSignature, InvalidRequest)
