"""Goal 5: what ``import minorguard`` costs a fresh interpreter, over ``import pydantic``."""

from __future__ import annotations

import random
import subprocess
import sys
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from harness import Row, spread

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 25

PROGRAMS = {
    "bare": "pass",
    "minorguard": "import minorguard",
    "law": "import minorguard; minorguard.law('cn.game')",
    "pydantic": "import pydantic",
    "BaseModel": "import pydantic; pydantic.BaseModel",
}
"""``import pydantic`` alone loads little: its names are loaded on first use, hence both."""


def rows() -> Iterator[Row]:
    """Interpreters in turn; also what is left when the bare interpreter's own time is taken off."""
    rng = random.Random(4)
    order = list(PROGRAMS)
    took: dict[str, list[float]] = {name: [] for name in order}
    for number in range(-1, ROUNDS):
        rng.shuffle(order)
        for name in order:
            ns = _fresh(PROGRAMS[name])
            if number >= 0:
                took[name].append(ns)
    yield Row(group="import", what="bare interpreter", ns=median(took["bare"]))
    yield _row(took, "minorguard", "BaseModel", "pydantic.BaseModel", 1.15)
    yield _row(took, "minorguard", "pydantic", "import pydantic", 1.15)
    added = {
        name: [one - bare for one, bare in zip(values, took["bare"], strict=True)]
        for name, values in took.items()
    }
    yield _row(added, "minorguard", "BaseModel", "pydantic.BaseModel, interpreter off")
    yield _row(added, "minorguard", "pydantic", "import pydantic, interpreter off")
    yield _row(added, "law", "minorguard", "import and law('cn.game') / import, interpreter off")


def _row(
    took: dict[str, list[float]], over: str, under: str, what: str, goal: float | None = None
) -> Row:
    ratios = [a / b for a, b in zip(took[over], took[under], strict=True)]
    label = what if over == "law" else f"import minorguard / {what}"
    return Row(group="import", what=label, value=spread(ratios), goal=goal, ns=median(took[over]))


def _fresh(program: str) -> float:
    """Nanoseconds from the start of an interpreter to its end."""
    command = [sys.executable, "-I", "-c", program]
    start = perf_counter()
    subprocess.run(command, check=True)  # noqa: S603 - our own interpreter
    return (perf_counter() - start) * 1e9
