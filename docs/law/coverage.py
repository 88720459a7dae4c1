"""Say what became of every duty: `python docs/law/coverage.py` prints the page.

`rows.json` has the duties as the research wrote them down, `coverage.toml` what became of each. A
duty is implemented by the rules of the packs and the parts of the library that it names, belongs
to later work, or stands there with the reason why no program can do it.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections import Counter
from functools import cache
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from minorguard import law
from minorguard.packs import KNOWN_LAWS

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent

IMPLEMENTED, IN_PART, LATER, NOT_CODED, UNVERIFIED = (
    "implemented",
    "in part",
    "later",
    "not coded",
    "unverified",
)
NAMES = {
    IMPLEMENTED: "已实现 implemented",
    IN_PART: "部分实现 in part",
    LATER: "留待以后 later work",
    NOT_CODED: "不由程序实现 not coded",
    UNVERIFIED: "原文未核实，不执行 unverified, never enforced",
}
"""What may become of a duty, in the order of the table."""

KEYS = {"by", "later", "why"}

TIPS = ({"tips": "strict_2022"}, {"tips": "graded_2026"})
"""The one reading that changes which rules there are."""

HEAD = """\
# 义务与实现对照 · Duties and what became of them

<!-- Made by `make docs` from rows.json and coverage.toml; tests/test_coverage.py keeps it so. -->

Every duty that the law research found, and where it is in this library: the rules of the packs
(`cn.…`, [with articles and lines](README.md)), the parts of the library (`minorguard.…`), the later
work that owns it, or the reason why no program can do it. A summary is a summary: the address is
the text. What was not read in the original is marked UNVERIFIED and enforced by no rule.

法律研究列出的每一项义务及其在本库中的位置：规则包中的规则（`cn.…`，[条文与行号](README.md)）、库的
组成部分（`minorguard.…`）、留待以后的工作，或者不能由程序实现的理由。摘要只是摘要，以所列地址的原文
为准。未读到原文的标为UNVERIFIED，任何规则都不执行。
"""


class Coverage(NamedTuple):
    """The duties, what is said of each, and the words for later work and for reasons.

    ``rows``: ``obligations`` and ``rules``, each row as in ``rows.json``. ``said``: id -> ``by``,
    ``later``, ``why``. ``unread``: title of an instrument -> the articles nobody has read, or
    ``["*"]`` for all.
    """

    rows: Mapping[str, list[dict[str, Any]]]
    said: Mapping[str, dict[str, Any]]
    later: Mapping[str, dict[str, str]]
    why: Mapping[str, dict[str, str]]
    unread: Mapping[str, list[str]]

    @property
    def all_rows(self) -> list[dict[str, Any]]:
        """Both tables, one after the other."""
        return [*self.rows["obligations"], *self.rows["rules"]]


def read() -> Coverage:
    """The two files beside this one."""
    said = tomllib.loads((HERE / "coverage.toml").read_text("utf-8"))
    rows = json.loads((HERE / "rows.json").read_text("utf-8"))
    return Coverage(rows, said["rows"], said["later"], said["why"], said["unread"])


@cache
def rule_ids() -> frozenset[str]:
    """The ids of all rules that ship, in any edition and under either reading of tips."""
    laws = [law(law_id, readings=said) for law_id in KNOWN_LAWS for said in TIPS]
    return frozenset(rule.id for one in laws for rule in one.rules)


def exists(name: str) -> bool:
    """Whether there is such a rule, or such a thing in such a module (``minorguard.a.b:C.d``)."""
    if name.endswith(".*"):
        return any(rule_id.startswith(name[:-1]) for rule_id in rule_ids())
    if not name.startswith("minorguard."):
        return name in rule_ids()
    module, colon, path = name.partition(":")
    try:
        there: object = import_module(module)
    except ImportError:
        return False
    for part in path.split(".") if colon else ():
        if not hasattr(there, part):
            return False
        there = getattr(there, part)
    return True


def unverified(row: Mapping[str, Any]) -> bool:
    """Whether nobody has read the text of this duty."""
    return "UNVERIFIED" in row["confidence"]


def became(row: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    """What became of a duty, one of the keys of ``NAMES``."""
    if unverified(row):
        return UNVERIFIED
    if said.get("by"):
        return IN_PART if "later" in said or "why" in said else IMPLEMENTED
    return LATER if "later" in said else NOT_CODED


def faults(coverage: Coverage) -> list[str]:
    """What is wrong with what is said: nothing, or the page is not to be trusted."""
    ids = [row["id"] for row in coverage.all_rows]
    out = [f"{row_id}: twice" for row_id, times in Counter(ids).items() if times > 1]
    out += [f"{row_id}: nothing is said of it" for row_id in ids if row_id not in coverage.said]
    out += [f"{row_id}: no such row" for row_id in coverage.said if row_id not in ids]
    for row in coverage.all_rows:
        said = coverage.said.get(row["id"])
        if said is not None:
            out += [f"{row['id']}: {fault}" for fault in faults_of(row, said, coverage)]
    return out


def faults_of(row: Mapping[str, Any], said: Mapping[str, Any], coverage: Coverage) -> list[str]:
    """What is wrong with what is said of one duty."""
    out = [f"unknown key {key}" for key in said if key not in KEYS]
    if not any(said.get(key) for key in KEYS):
        out.append("neither implemented, nor later, nor a reason")
    out += [f"there is no {name}" for name in said.get("by", ()) if not exists(name)]
    if said.get("later", next(iter(coverage.later))) not in coverage.later:
        out.append(f"no such later work: {said['later']}")
    if said.get("why", next(iter(coverage.why))) not in coverage.why:
        out.append(f"no such reason: {said['why']}")
    enforced = [name for name in said.get("by", ()) if name.startswith("cn.")]
    if unverified(row) and (enforced or said.get("why") != "unread"):
        out.append("unverified, so no rule may enforce it and the reason is `unread`")
    draft = [name for name in enforced if name.startswith("cn.draft")]
    if row["status"] == "draft" and enforced != draft:
        out.append("a draft, so only a pack of drafts may enforce it")
    return out


def cites_only_unread(coverage: Coverage) -> list[str]:
    """The rules that rest on nothing but articles nobody has read."""

    def unread(document: str, article: str) -> bool:
        return any(
            document.startswith(title) and ("*" in articles or article in articles)
            for title, articles in coverage.unread.items()
        )

    return sorted(
        {
            rule.id
            for law_id in KNOWN_LAWS
            for rule in law(law_id).rules
            if all(unread(cited.document, cited.article) for cited in rule.head.citations)
        }
    )


def page(coverage: Coverage) -> str:
    """The whole page."""
    out = [HEAD, *counts(coverage)]
    for title, key in (
        ("义务 · Duties (obligations)", "obligations"),
        ("规则 · Rules by instrument (rules)", "rules"),
    ):
        out.append(f"\n## {title}")
        for source, rows in groupby(coverage.rows[key], lambda row: row["source"]):
            out.append(f"\n### {source}\n")
            out.append(
                "| duty 义务 | article 条文 | kind 种类 | read 核实 | what became of it 处理 |"
            )
            out.append("| --- | --- | --- | --- | --- |")
            out.extend(line(row, coverage) for row in rows)
    return "\n".join(out) + "\n"


def counts(coverage: Coverage) -> list[str]:
    """How many of each: obligations by kind (one may be of several), and the rules."""
    kinds = ["decision", "toggle", "record", "report", "organisational"]
    head = ["", "obligations 义务", *kinds, "rules 规则"]
    out = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    fate = {row["id"]: became(row, coverage.said.get(row["id"], {})) for row in coverage.all_rows}
    duties, rules = coverage.rows["obligations"], coverage.rows["rules"]
    for name, title in [*NAMES.items(), ("", "**合计 all**")]:
        mine = [row for row in duties if name in {"", fate[row["id"]]}]
        by_kind = [sum(kind in row["kinds"] for row in mine) for kind in kinds]
        others = sum(name in {"", fate[row["id"]]} for row in rules)
        out.append("| " + " | ".join(map(str, [title, len(mine), *by_kind, others])) + " |")
    out.append("\nA duty of several kinds is counted under each. 一项义务属于多种的，各计一次。")
    return out


def line(row: Mapping[str, Any], coverage: Coverage) -> str:
    """One row of a table."""
    said = coverage.said.get(row["id"], {})
    article = f"[{row['article']}]({row['url']})" if row["url"] else row["article"]
    told = f"`{row['id']}` {row['term'] or ''}<br>{row['says']}"
    read_as = row["confidence"].split(" (")[0]
    status = "" if row["status"] == "in_force" else f"<br>{row['status']}"
    cells = [
        told,
        article,
        "<br>".join(row["kinds"]),
        read_as + status,
        fate_of(row, said, coverage),
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def fate_of(row: Mapping[str, Any], said: Mapping[str, Any], coverage: Coverage) -> str:
    """What became of a duty, with the names, in both languages."""
    parts = [f"**{NAMES[became(row, said)]}**"]
    if said.get("by"):
        parts.append(", ".join(f"`{name}`" for name in said["by"]))
    for key, words in (("later", coverage.later), ("why", coverage.why)):
        if key in said:
            parts.append(f"{words[said[key]]['zh']} {words[said[key]]['en']}")
    return "<br>".join(parts)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # a file
    sys.stdout.write(page(read()))
