"""What a features table and a content decision cost, over a login decision of the same person."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from harness import Row, case, interleave

from minorguard import ZONE, Message, Play, Recipient, Show, Subject, Use, law

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 60
CALLS = 200
AT = datetime(2026, 11, 20, 20, 10, tzinfo=ZONE)


def rows() -> Iterator[Row]:
    """All rows about the other asks."""
    video = law("cn.video")
    child = Subject("p-81", born=date(2012, 5, 1), identity="verified")
    grown = Subject("p-82", born=date(1990, 1, 1), identity="verified")
    asks = {
        "login": Play(child),
        "content": Show(child, categories=("unsafe_imitation",), rating="12+", slot="feed"),
        "use": Use(child, "post_content"),
        "message": Use(grown, about=Message(to=Recipient(born=date(2012, 5, 1)), stranger=True)),
    }
    statement = f"for _ in range({CALLS}): bool(decide(ask, at=at))"
    cases = [
        case(name, statement, {"decide": video.decide, "ask": ask, "at": AT}, calls=CALLS)
        for name, ask in asks.items()
    ]
    table = f"for _ in range({CALLS}): features(child, at=at)"
    names = {"features": video.features_of, "child": child, "at": AT}
    cases.append(case("features", table, names, calls=CALLS))
    rounds = interleave(cases, ROUNDS)

    def row(what: str, over: str, goal: float | None) -> Row:
        value = rounds.ratio(over, "login")
        return Row(group="asks", what=what, value=value, goal=goal, ns=rounds.ns(over))

    yield row("features table of 46 rows / login decision", "features", 60)
    yield row("content decision / login decision", "content", 3)
    yield row("use decision / login decision", "use", None)
    yield row("message decision, never compiled / login decision", "message", None)
