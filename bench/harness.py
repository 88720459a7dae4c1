"""Interleaved timing: every case once a round, in a new order, judged by ratios within the round.

The machines this runs on are noisy by a factor of two, and the noise lasts longer than a round.
So no figure is compared with one of another run: a ratio is the median of the ratios of the
rounds, and the time of the bare loop, measured in the same round, is taken off both sides.
"""

from __future__ import annotations

import gc
import random
from dataclasses import dataclass
from statistics import median, quantiles
from timeit import Timer
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Case:
    """A statement to time: ``calls`` calls in a pass, ``passes`` passes in a round.

    ``loop`` names the case that is this one's loop with nothing in it.
    """

    name: str
    timer: Timer
    calls: int
    passes: int = 1
    loop: str | None = None

    def once(self) -> float:
        """Nanoseconds a call, the loop included."""
        return self.timer.timeit(self.passes) * 1e9 / (self.passes * self.calls)


def case(
    name: str,
    statement: str,
    names: Mapping[str, object],
    *,
    calls: int,
    passes: int = 1,
    loop: str | None = None,
    collects: bool = False,
) -> Case:
    """A case whose names are locals of a function of its own, so no case warms another's code.

    ``collects``: whether the garbage collector is on, for what makes many objects.
    """
    setup = "; ".join(f"{local} = _names[{local!r}]" for local in names)
    if collects:
        setup += "; import gc; gc.enable()"  # Timer turns it off before the set-up
    return Case(name, Timer(statement, setup, globals={"_names": dict(names)}), calls, passes, loop)


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with its quartiles."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """The median and the quartiles of at least two values."""
    low, _, high = quantiles(values, n=4)
    return Spread(median(values), low, high)


class Rounds:
    """What each case took in each round, in nanoseconds a call, without its loop."""

    def __init__(self, net_ns: Mapping[str, Sequence[float]]) -> None:
        self._net_ns = net_ns

    def ns(self, name: str) -> float:
        """The median of one case, absolute: to be shown and never to be judged."""
        return median(self._net_ns[name])

    def ratio(self, over: str, under: str) -> Spread:
        """How many times one case takes what another takes, round by round."""
        pairs = zip(self._net_ns[over], self._net_ns[under], strict=True)
        return spread([a / b for a, b in pairs])


def interleave(cases: Sequence[Case], rounds: int, seed: int = 20210901) -> Rounds:
    """Time all cases, each once a round, after two rounds of warm-up."""
    order, rng = list(cases), random.Random(seed)
    gross: dict[str, list[float]] = {each.name: [] for each in cases}
    gc.collect()
    gc.freeze()  # what the set-up made is not walked again by a collection between two cases
    for number in range(-2, rounds):
        rng.shuffle(order)
        for each in order:
            took = each.once()
            if number >= 0:
                gross[each.name].append(took)
    gc.unfreeze()
    loops = {each.name: each.loop for each in cases}
    return Rounds({name: _net(gross, name, loops[name]) for name in gross})


def _net(gross: Mapping[str, Sequence[float]], name: str, loop: str | None) -> Sequence[float]:
    if loop is None:
        return gross[name]
    return [a - b for a, b in zip(gross[name], gross[loop], strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. ``bound`` says on which side of the goal the value has to be.

    ``void`` says why a figure must not be read: a peer is missing or gave another answer.
    """

    group: str
    what: str
    value: Spread | None = None
    unit: str = "x"
    goal: float | None = None
    bound: Literal["<=", ">="] = "<="
    ns: float | None = None
    void: str = ""

    @property
    def state(self) -> str:
        """``met``, ``missed``, ``void``, or nothing where there is no goal."""
        if self.void:
            return "void"
        if self.goal is None or self.value is None:
            return ""
        value = self.value.median
        met = value <= self.goal if self.bound == "<=" else value >= self.goal
        return "met" if met else "missed"

    def as_json(self) -> dict[str, object]:
        """The row for machines."""
        value = self.value
        return {
            "group": self.group,
            "what": self.what,
            "value": None if value is None else round(value.median, 4),
            "quartiles": None if value is None else [round(value.low, 4), round(value.high, 4)],
            "unit": self.unit,
            "goal": self.goal,
            "bound": None if self.goal is None else self.bound,
            "state": self.state or None,
            "ns": None if self.ns is None else round(self.ns, 1),
            "void": self.void or None,
        }
