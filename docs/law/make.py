"""Write the table of rules, articles and cases: `python docs/law/make.py` prints it."""

from __future__ import annotations

import sys
from datetime import date
from importlib.resources import files
from itertools import groupby

from minorguard import law
from minorguard.core.rules import EVER
from minorguard.core.shown import ContentRule
from minorguard.packs import KNOWN_LAWS, PARTS
from minorguard.wire.cases import cases_of

HEAD = """\
# 规则、条文、案例对照表 · Rules, articles and cases

<!-- Made by `make docs`; tests/test_docs.py keeps it so. -->

Each edition of each rule, the article that it obeys, the line on which it stands, and the legal
cases that show what it does. 每条规则的每个版本：所依据的条文、所在的行、说明其作用的案例。
"""


def lines_of(name: str) -> list[str]:
    """The lines of a pack file."""
    return files("minorguard.packs").joinpath(name).read_text("utf-8").splitlines()


def line_of(lines: list[str], rule_id: str, since: date) -> int:
    """The line on which an edition begins, counted from 1."""
    start = lines.index(f'id = "{rule_id}"')
    wanted = f"effective_from = {since}"
    return next(n for n, text in enumerate(lines[start:], start + 1) if text.strip() == wanted)


def table() -> str:
    """The whole page."""
    out = [HEAD]
    shown: dict[str, list[str]] = {}
    for case in cases_of():
        reached = [*case.expect.get("rules", ()), *case.expect.get("obligations", ())]
        for rule_id in dict.fromkeys(reached):
            shown.setdefault(rule_id, []).append(case.name["zh"])
    for law_id in (*KNOWN_LAWS, *PARTS):
        name = f"{law_id.replace('.', '/')}.toml"
        lines = lines_of(name)
        loaded = law(PARTS.get(law_id, law_id))
        rules = [
            rule
            for rule in loaded.rules
            if rule.head.pack == law_id and not isinstance(rule, ContentRule)
        ]
        out.append(f"\n## {law_id}\n")
        out.append("| rule 规则 | in force 有效期 | article 条文 | basis 性质 | line 行 |")
        out.append("| --- | --- | --- | --- | --- |")
        for rule in rules:
            head = rule.head
            since = date.fromordinal(head.since)
            until = "" if head.until == EVER else str(date.fromordinal(head.until))
            cited = "<br>".join(f"[{c.document} {c.article}]({c.url})" for c in head.citations)
            line = line_of(lines, head.id, since)
            link = f"[{name}:{line}](../../src/minorguard/packs/{name}#L{line})"
            out.append(
                f"| `{head.id}` | {since} – {until} | {cited} | {head.provenance} | {link} |"
            )
        for rule_id, _ in groupby(rule.id for rule in rules):
            if rule_id in shown:
                out.append(f"\n`{rule_id}`\n")
                out.extend(f"- {title}" for title in shown[rule_id])
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # a file
    sys.stdout.write(table())
