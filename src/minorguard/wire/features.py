"""The features table as JSON and as text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from minorguard.packs.tables import features

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minorguard.core.decision import Lang
    from minorguard.core.features import Feature

HEADS = {
    "zh": ("功能", "名称", "开放", "值", "谁可更改", "依据"),
    "en": ("feature", "name", "open", "value", "changeable by", "basis"),
}


def features_json(rows: Iterable[Feature]) -> str:
    """A JSON array, one object a feature, in the order of the table."""
    return (
        json.dumps(
            [
                {
                    "id": row.id,
                    "enabled": row.enabled,
                    "value": row.value,
                    "changeable_by": list(row.changeable_by),
                    "basis": row.basis,
                    "citations": [citation._asdict() for citation in row.citations],
                }
                for row in rows
            ],
            ensure_ascii=False,
        )
        + "\n"
    )


def features_table(rows: Iterable[Feature], lang: Lang) -> str:
    """A line a feature: its name, whether it is open, who may change it, and the first article."""
    lines = ["\t".join(HEADS[lang])]
    for row in rows:
        basis = str(row.citations[0]) if row.citations else "–"
        by = ", ".join(row.changeable_by) or "–"
        value = "–" if row.value is None else str(row.value)
        open_ = "✓" if row.enabled else "✗"
        lines.append("\t".join((row.id, features()[row.id][lang], open_, value, by, basis)))
    return "\n".join(lines) + "\n"
