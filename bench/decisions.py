"""Goals 1, 2, 3 and 6: the look-up and the whole decision, over the floors and against peers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floors import by_integers, by_types, nothing
from harness import Case, Row, case, interleave
from mixes import edges, storm, year
from peers import PEERS

from minorguard import law

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mixes import Asked, Mix
    from peers import Ask

    from minorguard import Law

PEER_INPUTS = 48
ROUNDS = 120
PEER_ROUNDS = 60


def rows() -> Iterator[Row]:
    """All rows about deciding."""
    game = law("cn.game")
    wrong = disagreements(game, (storm(), year(), edges()))
    void = f"{wrong} answers differ from the floor's" if wrong else ""
    for mix in (storm(), year()):
        yield from _ours(game, mix, void)
    yield from _peers(game, storm())


def look_up_of(game: Law, asked: Asked) -> Callable[[int, int], object]:
    """The bare look-up for people like this one."""
    return game.plan.track(asked.request, asked.at.toordinal()).look_up


def disagreements(game: Law, mixes: Iterable[Mix]) -> int:
    """How many questions the floors, the look-up, the plan and the rules answer differently."""
    asked = [question for mix in mixes for question in mix.asked]
    look_up = game.plan.track(asked[0].request, asked[0].at.toordinal()).look_up
    return sum(
        len(
            {
                by_integers(q.born_ymd, q.stamp)[0],
                by_types(q.request.subject, q.at)[0],
                not look_up(q.born_day, q.stamp).blocked,
                game.plan.decide(q.request, q.usage, q.at).allowed,
                game.at(q.at).evaluate(q.request, q.usage).allowed,
            }
        )
        > 1
        for q in asked
    )


def _ours(game: Law, mix: Mix, void: str) -> Iterator[Row]:
    rounds = interleave(_our_cases(game, mix), ROUNDS)

    def row(what: str, over: str, under: str, goal: float | None = None) -> Row:
        ratio = rounds.ratio(over, under)
        return Row(group=mix.name, what=what, value=ratio, goal=goal, ns=rounds.ns(over), void=void)

    yield Row(group=mix.name, what="integer floor", ns=rounds.ns("floor"))
    yield Row(group=mix.name, what="typed floor", ns=rounds.ns("typed floor"))
    yield row("empty call / integer floor", "empty call", "floor")
    yield row("look-up / integer floor", "look-up", "floor", 2.2)
    for name in ("plan.decide", "law.decide"):
        yield row(f"bool({name}) / integer floor", name, "floor", 6)
        yield row(f"bool({name}) / typed floor", name, "typed floor", 2.5)
    yield row("+ until, remaining_s / integer floor", "read", "floor")
    yield row("+ until, remaining_s / typed floor", "read", "typed floor")
    yield row("+ explain() / bool(plan.decide)", "explain", "plan.decide")
    yield row("+ explain() / integer floor", "explain", "floor")


def _our_cases(game: Law, mix: Mix) -> list[Case]:
    asked = mix.asked
    calls = len(asked)
    births = tuple((q.born_ymd, q.stamp) for q in asked)
    ordinals = tuple((q.born_day, q.stamp) for q in asked)
    players = tuple((q.request.subject, q.at) for q in asked)
    requests = tuple((q.request, q.usage, q.at) for q in asked)
    two, three = "for a, b in inputs: ", "for a, b, c in inputs: "
    decide = game.plan.decide

    def pairs(name: str, call: object, inputs: object, passes: int = 6) -> Case:
        names = {"call": call, "inputs": inputs}
        return case(name, f"{two}call(a, b)", names, calls=calls, passes=passes, loop="loop of 2")

    def triples(name: str, body: str, call: object, passes: int = 3) -> Case:
        names = {"call": call, "inputs": requests}
        return case(name, three + body, names, calls=calls, passes=passes, loop="loop of 3")

    return [
        case("loop of 2", f"{two}pass", {"inputs": births}, calls=calls, passes=12),
        case("loop of 3", f"{three}pass", {"inputs": requests}, calls=calls, passes=12),
        pairs("empty call", nothing, births),
        pairs("floor", by_integers, births),
        pairs("look-up", look_up_of(game, asked[0]), ordinals),
        pairs("typed floor", by_types, players),
        triples("plan.decide", "\n if call(a, b, c): pass", decide),
        triples("law.decide", "\n if call(a, usage=b, at=c): pass", game.decide),
        triples("read", "\n d = call(a, b, c); d.allowed; d.until; d.remaining_s", decide, 1),
        triples("explain", "\n d = call(a, b, c)\n if d: pass\n d.explain()", decide, 1),
    ]


def _peers(game: Law, mix: Mix) -> Iterator[Row]:
    some = mix.asked[:PEER_INPUTS]
    births = tuple((q.born_ymd, q.stamp) for q in some)
    ordinals = tuple((q.born_day, q.stamp) for q in some)

    def loop(name: str, call: object, inputs: object, passes: int) -> Case:
        names = {"call": call, "inputs": inputs}
        text = "for a, b in inputs: call(a, b)"
        return case(name, text, names, calls=len(some), passes=passes, loop="loop of 2")

    empty = "for a, b in inputs: pass"
    cases = [
        case("loop of 2", empty, {"inputs": births}, calls=len(some), passes=60),
        loop("look-up", look_up_of(game, some[0]), ordinals, 60),
    ]
    void: dict[str, str] = {}
    for peer in PEERS:
        try:
            ask = peer.make()
        except ImportError as error:
            void[peer.name] = f"{error.name} is not installed"
            continue
        wrong = _wrong(ask)
        void[peer.name] = f"{wrong} answers differ from the floor's" if wrong else ""
        cases.append(loop(peer.name, ask, births, peer.passes))
    rounds = interleave(cases, PEER_ROUNDS)
    timed = {each.name for each in cases}
    for peer in PEERS:
        there = peer.name in timed
        yield Row(
            group="peers",
            what=f"{peer.name} / look-up",
            value=rounds.ratio(peer.name, "look-up") if there else None,
            goal=peer.goal,
            bound=">=",
            ns=rounds.ns(peer.name) if there else None,
            void=void[peer.name],
        )


def _wrong(ask: Ask) -> int:
    return sum(
        ask(q.born_ymd, q.stamp) is not by_integers(q.born_ymd, q.stamp)[0]
        for mix in (storm(), year(), edges())
        for q in mix.asked
    )
