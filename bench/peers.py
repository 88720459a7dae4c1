"""The same rule in CEL, vakt and Cedar, each compiled or parsed once, asked one by one.

Each gets the two integers the floor gets. What a general engine cannot look up by itself (the
date as yyyymmdd, whether the day is playable) the application looks up for it, in a plain dict
and a set, as it would have to; that and the making of the request is part of its time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from floors import ADULT_YMD, CLOSES_S, OPENS_S, PLAYABLE, YMD

Ask = Callable[[int, int], bool]


def cel() -> Ask:
    """CEL in Rust (common-expression-language), a compiled program."""
    from cel import compile as compiled

    program = compiled(
        f"today - born > {ADULT_YMD} || (playable && second >= {OPENS_S} && second < {CLOSES_S})"
    )
    execute = program.execute

    def ask(born_ymd: int, stamp: int) -> bool:
        day, second = divmod(stamp, 86_400)
        answer: bool = execute(
            {"today": YMD[day], "born": born_ymd, "playable": day in PLAYABLE, "second": second}
        )
        return answer

    return ask


def vakt() -> Ask:
    """Vakt: two rule-based policies in memory; no audit is listening."""
    from vakt import ALLOW_ACCESS, Guard, Inquiry, MemoryStorage, Policy, RulesChecker
    from vakt.rules import And, Eq, Greater, GreaterOrEqual, Less

    asks: dict[str, Any] = {
        "effect": ALLOW_ACCESS,
        "actions": [Eq("play")],
        "resources": [Eq("game")],
        "subjects": [Eq("player")],
    }
    storage = MemoryStorage()
    storage.add(Policy(1, context={"age_ymd": Greater(ADULT_YMD)}, **asks))
    hour = And(GreaterOrEqual(OPENS_S), Less(CLOSES_S))
    storage.add(Policy(2, context={"playable": Eq(True), "second": hour}, **asks))  # noqa: FBT003 - a value
    is_allowed = Guard(storage, RulesChecker()).is_allowed

    def ask(born_ymd: int, stamp: int) -> bool:
        day, second = divmod(stamp, 86_400)
        context = {
            "age_ymd": YMD[day] - born_ymd,
            "playable": day in PLAYABLE,
            "second": second,
        }
        answer: bool = is_allowed(
            Inquiry(action="play", resource="game", subject="player", context=context)
        )
        return answer

    return ask


def cedar() -> Ask:
    """Cedar in Rust (cedarpy), entities named as its guide names them."""
    return _cedar('Player::"p"', 'Action::"play"', 'Game::"g"')


def cedar_fastest() -> Ask:
    """The same with entities named by dicts, which spares the parsing of three names."""
    return _cedar(
        {"type": "Player", "id": "p"},
        {"type": "Action", "id": "play"},
        {"type": "Game", "id": "g"},
    )


def _cedar(principal: object, action: object, resource: object) -> Ask:
    """Policy set and entities are parsed here, once."""
    from cedarpy import Entities, PolicySet, is_authorized

    policies = PolicySet.from_str(
        'permit(principal, action == Action::"play", resource) when {'
        f" context.today - context.born > {ADULT_YMD}"
        f" || (context.playable && context.second >= {OPENS_S} && context.second < {CLOSES_S}) }};"
    )
    entities = Entities.from_json_str("[]")

    def ask(born_ymd: int, stamp: int) -> bool:
        day, second = divmod(stamp, 86_400)
        request = {
            "principal": principal,
            "action": action,
            "resource": resource,
            "context": {
                "today": YMD[day],
                "born": born_ymd,
                "playable": day in PLAYABLE,
                "second": second,
            },
        }
        return is_authorized(request, policies, entities).allowed

    return ask


class Peer(NamedTuple):
    """A peer, and how many times faster than it the look-up has to be."""

    name: str
    make: Callable[[], Ask]
    goal: float | None
    passes: int = 1


PEERS = (
    Peer("CEL in Rust", cel, 7, passes=4),
    Peer("vakt", vakt, 25),
    Peer("cedarpy", cedar, 300),
    Peer("cedarpy, entities named by dicts", cedar_fastest, None),
)
