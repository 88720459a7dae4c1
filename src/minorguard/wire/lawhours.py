"""What a picture of a diff shows, before it is drawn: hours and what became of them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Literal, NamedTuple

from minorguard.core.dayfacts import KINDS
from minorguard.core.hours import ALWAYS, DAY_S, contains

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from minorguard.core.compare import Comparison, Outcome, Pattern

State = Literal["shut", "stays", "some", "opened", "closed", "mixed", "shorter", "longer"]
"""What became of a stretch of hours; ``some``: open on some days of the kind, as before."""


class Stretch(NamedTuple):
    """Hours with one state, in seconds of the day."""

    start: int
    end: int
    state: State


class Row(NamedTuple):
    """One kind of day for people answered alike."""

    kind: str
    days: int
    stretches: tuple[Stretch, ...]
    minutes: tuple[tuple[Fraction, Fraction], ...]


def rows_of(comparison: Comparison, outcome: Outcome) -> list[Row]:
    """The kinds of day of the period, each with what became of its hours."""
    kinds = {day: comparison.facts(day).kind for p in outcome.patterns for day in p.days}
    rows: list[Row] = []
    for kind in KINDS:
        counts = [(p, sum(kinds[day] == kind for day in p.days)) for p in outcome.patterns]
        met = [(pattern, days) for pattern, days in counts if days]
        if met:
            minutes = dict.fromkeys(
                (Fraction(p.old.open_s, 60), Fraction(p.new.open_s, 60)) for p, _ in met
            )
            patterns = [pattern for pattern, _ in met]
            total = sum(days for _, days in met)
            rows.append(Row(kind, total, tuple(_stretches(patterns)), tuple(minutes)))
    return rows


def _stretches(patterns: Sequence[Pattern]) -> Iterator[Stretch]:
    edges = {edge for p in patterns for h in (p.old.hours, p.new.hours) for s in h for edge in s}
    start, state = 0, _state(patterns, 0)
    for edge in sorted(edges - {0, DAY_S}):
        following = _state(patterns, edge)
        if following != state:
            yield Stretch(start, edge, state)
            start, state = edge, following
    yield Stretch(start, DAY_S, state)


def _state(patterns: Iterable[Pattern], second: int) -> State:
    met: set[State] = set()
    for pattern in patterns:
        before, after = (contains(a.hours, second) for a in (pattern.old, pattern.new))
        if before and after:
            met.add(_stays(pattern))
        else:
            met.add("closed" if before else "opened" if after else "shut")
    changed = met - {"stays", "shut"}
    if len(changed) > 1:
        return "mixed"
    if changed:
        return changed.pop()
    return met.pop() if len(met) == 1 else "some"


def _stays(pattern: Pattern) -> State:
    # Hours that open or close explain by themselves why a day is longer or shorter.
    if pattern.opened or pattern.closed or pattern.old.open_s == pattern.new.open_s:
        return "stays"
    return "shorter" if pattern.new.open_s < pattern.old.open_s else "longer"


class Section(NamedTuple):
    """One question as asked by people of some identities, with everybody who asks it so."""

    act: str
    detail: str
    identities: tuple[str, ...]
    outcomes: tuple[Outcome, ...]

    def shows(self, outcome: Outcome) -> bool:
        """Whether a change is part of this section."""
        asked = (self.act, self.detail) == (outcome.act, outcome.detail)
        return asked and set(outcome.identities) <= set(self.identities)


def sections_of(comparison: Comparison) -> list[Section]:
    """The acts whose hours change. Identities whose hours change alike share a section."""
    found: dict[tuple[object, ...], Section] = {}
    for outcome in comparison.changed:
        for identity in outcome.identities:
            asked = tuple(
                other
                for other in comparison.outcomes
                if identity in other.identities
                and (other.act, other.detail) == (outcome.act, outcome.detail)
            )
            flips = [p for other in asked for p in other.changes if turned(p)]
            if outcome.act == "play" or not all(map(_whole_day, flips)):
                said = {(p.days, p.opened, p.closed, p.old.open_s, p.new.open_s) for p in flips}
                key = (outcome.act, outcome.detail, frozenset(said))
                known = found.get(key, Section(outcome.act, outcome.detail, (), asked))
                identities = tuple(dict.fromkeys((*known.identities, identity)))
                found[key] = known._replace(identities=identities)
    return [section for key, section in found.items() if key[2]]


def turned(pattern: Pattern) -> bool:
    """Whether hours open or close, or the time of a day changes."""
    return bool(pattern.opened or pattern.closed or pattern.old.open_s != pattern.new.open_s)


def _whole_day(pattern: Pattern) -> bool:
    return ALWAYS in (pattern.opened, pattern.closed)
