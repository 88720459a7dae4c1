"""Digests: which text of the law decided. Any change of any edition changes them."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from minorguard.packs.files import PackFile


ENDS = ("effective_until", "repealed_by")


def digest(*parts: object) -> str:
    """SHA-256 over the parts as canonical JSON: sorted keys, no spaces, dates as ISO 8601."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def edition_digests(pack: PackFile) -> Iterator[tuple[str, str]]:
    """``rule@day -> digest`` for every edition of a pack, with all that gives it its meaning."""
    data = pack.data
    yield (
        f"{pack.spec.id}@covers",
        digest(data.get("covers"), data.get("settings"), data.get("includes"), data.get("without")),
    )
    documents: Mapping[str, Any] = data.get("documents", {})
    for rule in data.get("rule", []):
        head = {key: value for key, value in rule.items() if key != "edition"}
        for edition in rule["edition"]:
            cited = [documents.get(ref["document"]) for ref in edition["citations"]]
            doubts = data.get("pending_is_unknown", False)
            day = edition["effective_from"]
            # When it ends is the next edition's business: a released text stays as it was.
            said = {key: value for key, value in edition.items() if key not in ENDS}
            yield f"{rule['id']}@{day}", digest(head, said, cited, doubts)


def notice_digests(calendar: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """``calendar@year -> digest`` for every holiday notice."""
    for notice in calendar["notice"]:
        yield f"calendar@{notice['year']}", digest(notice)


def category_digests(categories: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """``content.category@day -> digest`` for every kind of content."""
    for category, said in categories.items():
        yield f"content.{category}@{said['since']}", digest(said)
