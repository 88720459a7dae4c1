"""Money that is held: nobody has said yet whether it was paid."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from minorguard.core.wording import yuan
from minorguard.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from minorguard.core.decision import Lang
    from minorguard.core.policy import Law
    from minorguard.guard import Hold
    from minorguard.stores import Store

HEADS = {
    "zh": ("人员", "订单", "金额（元）", "起始时间"),
    "en": ("person", "order", "yuan", "since"),
}
NOTHING = {"zh": "没有冻结中的款项。", "en": "No money is held."}


def holds_in(store: Store, law: Law, scope: str | None) -> list[Hold]:
    """What is held in a scope, or in all of them, the oldest first."""
    scopes = _scopes(store) if scope is None else {scope}
    found = (hold for name in scopes for hold in Guard(law, store=store, scope=name).holds())
    return sorted(found, key=lambda hold: (hold.at, hold.person, hold.order))


def _scopes(store: Store) -> set[str]:
    return {key.split("/")[1] for key in _keys(store, "money/")}


def _keys(store: Store, prefix: str) -> Iterator[str]:
    cursor = None
    while True:
        keys, cursor = store.scan(prefix, cursor)
        yield from keys
        if cursor is None:
            return


def holds_json(holds: Iterable[Hold]) -> str:
    """One JSON object a line."""
    return "".join(
        json.dumps(
            {
                "person": hold.person,
                "order": hold.order,
                "fen": hold.fen,
                "at": hold.at.isoformat(),
            },
            separators=(",", ":"),
        )
        + "\n"
        for hold in holds
    )


def holds_table(holds: Iterable[Hold], lang: Lang) -> str:
    """A line a hold, in words."""
    rows = [
        "\t".join(
            (
                hold.person,
                _shown(hold.order),
                yuan(hold.fen),
                hold.at.isoformat(sep=" ", timespec="seconds").removesuffix("+08:00"),
            )
        )
        for hold in holds
    ]
    return "\n".join(("\t".join(HEADS[lang]), *rows) if rows else (NOTHING[lang],)) + "\n"


def _shown(order: str) -> str:
    """An order's id came from outside: what a terminal would obey is escaped."""
    if order.isprintable():
        return order
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in order)
