"""From a decision to its line. Fragments that many answers share are written once."""

from __future__ import annotations

import json
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from minorguard.errors import InvalidRequest, StoreError

if TYPE_CHECKING:
    from datetime import datetime

    from minorguard.core.decision import Decision, Finding, Lang
    from minorguard.core.policy import Law
    from minorguard.core.usage import Usage

FRAGMENTS_MAX = 4096

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_ascii = json.JSONEncoder(separators=(",", ":")).encode
"""What came from outside is escaped, so that no terminal and no line reader obeys it."""


class Answers:
    """Writes answers under one law in one language."""

    __slots__ = ("_fragments", "_lang", "_law_fragment", "_wording")

    def __init__(self, law: Law, lang: Lang) -> None:
        self._lang: Lang = lang
        self._wording = law.wording
        self._fragments: dict[tuple[Finding, ...], str] = {}
        self._law_fragment = _encode(
            [{**stamp._asdict(), "readings": dict(stamp.readings)} for stamp in law.stamps]
        )

    def line(self, line_id: str | int | None, decision: Decision, used: Usage | None = None) -> str:
        """The whole answer as one line of JSON, without the line's end.

        ``used``: what the person has used by then, where it is counted here.
        """
        answer = decision.answer
        reasons = self._reasons(answer.reasons) if answer.reasons else "[]"
        warn_at = ",".join(map(_time, answer.warn_at))
        usage = "" if used is None else f',"usage":{_ascii(_usage(used))}'
        return (
            f'{{"id":{_ascii(line_id)},"allowed":{_bool(answer.allowed)}'
            f',"governed":{_bool(answer.governed)},"reasons":{reasons}'
            f',"until":{_time(answer.until)},"remaining_s":{_number(answer.remaining_s)}'
            f',"lease_until":{_time(answer.lease_until)}'
            f',"next_allowed_at":{_time(answer.next_allowed_at)},"warn_at":[{warn_at}]'
            f',"remaining_fen":{_number(answer.remaining_fen)}'
            f',"obligations":{_strings(answer.obligations)}'
            f',"degraded":{_strings(answer.degraded)},"law":{self._law_fragment}{usage}}}'
        )

    def _reasons(self, findings: tuple[Finding, ...]) -> str:
        fragment = self._fragments.get(findings)
        if fragment is None:
            if len(self._fragments) > FRAGMENTS_MAX:
                self._fragments.clear()
            fragment = self._fragments[findings] = _encode(
                [reason(finding, self._wording.reason(finding, self._lang)) for finding in findings]
            )
        return fragment


def reason(finding: Finding, message: str) -> dict[str, object]:
    """One reason as the wire has it."""
    return {
        "code": finding.code,
        "rule": finding.rule.id,
        "message": message,
        "provenance": finding.provenance,
        "citations": [
            {"document": c.document, "article": c.article, "url": c.url} for c in finding.citations
        ],
    }


def recorded_line(line_id: str | int | None, degraded: tuple[str, ...], used: Usage) -> str:
    """The answer to a fact, which is never refused."""
    states = {"degraded": degraded} if degraded else {}
    return _ascii({"id": line_id, "recorded": True, **states, "usage": _usage(used)})


def _usage(used: Usage) -> dict[str, object]:
    return {
        "played_today_s": used.played_today_s,
        "continuous_s": used.continuous_s,
        "spent_today_fen": used.spent_today_fen,
        "spent_month_fen": used.spent_month_fen,
        "held_fen": used.held_fen,
        "counts": dict(used.counts),
    }


def error_line(line_id: str | int | None, error: InvalidRequest | StoreError) -> str:
    """The answer to a line that cannot be judged, or that the store did not keep."""
    code = "invalid_request" if isinstance(error, InvalidRequest) else error.code
    path = error.path if isinstance(error, InvalidRequest) else ""
    return _ascii({"id": line_id, "error": {"code": code, "message": str(error), "path": path}})


def _bool(value: bool) -> str:  # noqa: FBT001 - a value, not a switch
    return "true" if value else "false"


def _number(value: int | None) -> str:
    return "null" if value is None else str(value)


def _time(moment: datetime | None) -> str:
    """ISO 8601 on the law's clock, as ``isoformat`` has it."""
    if moment is None:
        return "null"
    clock = f"{_TWO[moment.hour]}:{_TWO[moment.minute]}:{_TWO[moment.second]}"
    return f'"{_date(moment.toordinal())}T{clock}+08:00"'


_TWO = tuple(f"{number:02d}" for number in range(60))


@lru_cache(maxsize=1024)
def _date(day: int) -> str:
    return date.fromordinal(day).isoformat()


@lru_cache(maxsize=256)
def _strings(values: tuple[str, ...]) -> str:
    return f"[{','.join(map(_encode, values))}]"
