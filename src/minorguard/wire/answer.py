"""From a decision to its line. Fragments that many answers share are written once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from minorguard.core.acts import Play

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from minorguard.core.decision import Decision, Finding, Lang
    from minorguard.core.policy import Law
    from minorguard.errors import InvalidRequest

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

    def line(self, line_id: str | int | None, decision: Decision) -> str:
        """The whole answer as one line of JSON, without the line's end."""
        allowed = decision.allowed
        reasons = "[]" if allowed else self._reasons(decision.reasons)
        until = lease_until = following = "null"
        warn_at = "[]"
        remaining_s = "null"
        if isinstance(decision.request, Play):
            times = decision.times
            until = _time(times.until)
            lease_until = _time(times.lease_until)
            following = _time(times.next_allowed_at)
            warn_at = f"[{','.join(map(_time, times.warn_at))}]"
            remaining_s = "null" if times.remaining_s is None else str(times.remaining_s)
        left_fen = decision.remaining_fen
        return (
            f'{{"id":{_ascii(line_id)},"allowed":{_bool(allowed)}'
            f',"governed":{_bool(decision.governed)},"reasons":{reasons},"until":{until}'
            f',"remaining_s":{remaining_s},"lease_until":{lease_until}'
            f',"next_allowed_at":{following},"warn_at":{warn_at}'
            f',"remaining_fen":{"null" if left_fen is None else left_fen}'
            f',"obligations":{_strings(decision.obligations)}'
            f',"degraded":{_strings(decision.degraded)},"law":{self._law_fragment}}}'
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


def error_line(line_id: str | int | None, error: InvalidRequest) -> str:
    """The answer to a line that cannot be judged."""
    return _ascii(
        {
            "id": line_id,
            "error": {"code": "invalid_request", "message": str(error), "path": error.path},
        }
    )


def _bool(value: bool) -> str:  # noqa: FBT001 - a value, not a switch
    return "true" if value else "false"


def _time(moment: datetime | None) -> str:
    return "null" if moment is None else f'"{moment.isoformat()}"'


def _strings(values: Iterable[str]) -> str:
    return f"[{','.join(map(_encode, values))}]" if values else "[]"
