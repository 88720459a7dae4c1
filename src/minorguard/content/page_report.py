"""``minorguard lint-page FILE``: what was found on a page, in words or as JSON."""

from __future__ import annotations

import json as json_text
from typing import TYPE_CHECKING, Any, cast

from minorguard.content.page import PageReport, lint_page
from minorguard.core.uses import Page
from minorguard.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from minorguard.content.page_findings import Finding
    from minorguard.core.policy import Law

CLEAN, FOUND = 0, 1
"""Exit codes: nothing that the law objects to; something, or a page that was not read wholly."""

_KEYS = frozenset(
    {
        "course_reviewed",
        "ads",
        "popups",
        "links",
        "comments",
        "nonprofit",
        "charges_fen",
        "for_minors",
    }
)
_WORDS = {
    "zh": {
        "clean": "未发现违反网课页面规定之处。没有发现不等于没有。",
        "found": "发现 {0} 类问题：{1}",
        "cut": "页面过大、过深或无法读完，有部分未检查，不能算通过。",
        "hints": "请人工查看：",
        "unknown": "页面没有说明：{0}",
        "certain": "确定",
        "likely": "很可能",
        "look": "请查看",
        "course_reviewed": "课程是否审核通过",
        "nonprofit": "是否公益性质",
        "comments": "评论是否先审后发",
    },
    "en": {
        "clean": "Nothing was found against the rules for course pages. That is no proof.",
        "found": "{0} kinds of trouble: {1}",
        "cut": "The page was not read to its end, too large or too deep; it does not pass.",
        "hints": "To be looked at:",
        "unknown": "The page does not say: {0}",
        "certain": "certain",
        "likely": "likely",
        "look": "look",
        "course_reviewed": "whether the course has passed review",
        "nonprofit": "whether the lesson is for the public good",
        "comments": "whether comments are reviewed before publication",
    },
}


def run(
    text_or_bytes: str | bytes,
    lang: str = "zh",
    json: bool = False,  # noqa: FBT001, FBT002 - the command's own switch
    *,
    course_reviewed: bool | None = None,
    nonprofit: bool | None = None,
    own_hosts: Iterable[str] = (),
    law: Law | None = None,
    at: datetime | None = None,
) -> tuple[str, int]:
    """The command's output and its exit code, 0 or 1.

    The file is saved HTML, or a description: a JSON object as the wire has it for ``page``. Give
    bytes where you have them, so that the encoding can be found out. ``law`` and ``at`` as in
    ``lint_page``.

    Raises:
        InvalidRequest: a description that is none.
        MissingExtra: HTML, and the extra ``pages`` is not installed.
    """
    source = _description(text_or_bytes)
    report = lint_page(
        text_or_bytes if source is None else source,
        course_reviewed=course_reviewed,
        nonprofit=nonprofit,
        own_hosts=own_hosts,
        law=law,
        at=at,
    )
    lang = lang if lang in _WORDS else "zh"
    return (as_json(report, lang) if json else as_text(report, lang)), CLEAN if report else FOUND


def as_json(report: PageReport, lang: str = "zh") -> str:
    """One line of JSON."""
    facts = report.facts
    said = {
        "ok": bool(report),
        "codes": list(report.codes),
        "complete": report.complete,
        "encoding": report.encoding,
        "unknown": list(facts.unknown),
        "facts": {
            "course_reviewed": facts.course_reviewed,
            "nonprofit": facts.nonprofit,
            "comments": facts.comments,
            "charges_fen": facts.charges_fen,
            "ads": [{"learning_related": related} for related in facts.ads],
            "popups": [{"leads_to": to} for to in facts.popups],
            "links": [{"leads_to": to} for to in facts.links],
        },
        "findings": [_finding(one, lang) for one in report.findings],
    }
    # Whatever a page held must not break the terminal or the reader of the line.
    return json_text.dumps(said, ensure_ascii=False).encode("utf-8", "replace").decode() + "\n"


def _finding(one: Finding, lang: str) -> dict[str, object]:
    return {
        "kind": one.kind,
        "code": one.code or None,
        "confidence": one.confidence,
        "selector": one.selector,
        "line": one.line,
        "column": one.column,
        "excerpt": one.excerpt,
        "about": one.about,
        "why": one.why(lang),
        "citations": [article._asdict() for article in one.citations],
    }


def as_text(report: PageReport, lang: str = "zh") -> str:
    """In words: what the law objects to with its articles, then what somebody should look at."""
    words = _WORDS[lang]
    lines: list[str] = []
    if report.codes:
        between = "、" if lang == "zh" else ", "
        lines.append(words["found"].format(len(report.codes), between.join(report.codes)))
    elif report.complete:
        lines.append(words["clean"])
    if not report.complete:
        lines.append(words["cut"])
    for code in report.codes:
        found = [one for one in report.findings if one.code == code]
        lines.extend(("", code, *(f"  {article}" for article in found[0].citations)))
        lines.extend(_line(one, lang) for one in found)
    if report.hints:
        lines.extend(("", words["hints"], *(_line(one, lang) for one in report.hints)))
    if report.facts.unknown:
        named = [words[name] for name in report.facts.unknown]
        lines.extend(("", words["unknown"].format(("；" if lang == "zh" else "; ").join(named))))
    return _printable("\n".join(lines)) + "\n"


def _line(one: Finding, lang: str) -> str:
    place = f"{one.line}:{one.column}" if one.line else "-"
    shown = " | ".join(part for part in (one.selector, one.about, one.excerpt) if part)
    code = f" {one.code}" if one.code.startswith("content_") else ""
    return f"  [{_WORDS[lang][one.confidence]}] {place}{code} {one.why(lang)}" + (
        f"\n      {shown}" if shown else ""
    )


def _printable(text: str) -> str:
    """Without what a page could do to a terminal: control characters, marks of direction."""
    return "".join(
        char if char == "\n" or (char.isprintable() and char != "\ufffd") else "·" for char in text
    )


# --- descriptions ---------------------------------------------------------------------------------


def _description(text: str | bytes) -> Page | None:
    """The description that a file holds; ``None`` where it holds a page."""
    head = text[:200] if isinstance(text, str) else text[:200].decode("latin-1")
    if not head.lstrip().startswith("{"):
        return None
    try:
        said: Any = json_text.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    return page_of(cast("dict[str, Any]", said))


def page_of(said: dict[str, Any]) -> Page:
    """A ``Page`` of a JSON object as the wire has it, with or without its ``kind``."""
    given = {key: value for key, value in said.items() if key != "kind"}
    unknown = given.keys() - _KEYS
    if unknown:
        raise InvalidRequest("ask", f"want only {', '.join(sorted(_KEYS))}")
    for key in ("course_reviewed", "comments"):
        if key not in given:
            raise InvalidRequest(f"ask.{key}", "want it")
    for key, part in (("ads", "learning_related"), ("popups", "leads_to"), ("links", "leads_to")):
        if key in given:
            given[key] = _parts(given[key], key, part)
    return Page(**given)


def _parts(value: object, key: str, part: str) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise InvalidRequest(f"ask.{key}", "want a list")
    parts: list[object] = []
    for index, item in enumerate(cast("list[object]", value)):
        held = cast("dict[str, object]", item) if isinstance(item, dict) else {}
        if set(held) != {part}:
            raise InvalidRequest(f"ask.{key}.{index}", f"want {{{part}}}")
        parts.append(held[part])
    return tuple(parts)
