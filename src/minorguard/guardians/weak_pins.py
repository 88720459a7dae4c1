"""PINs that somebody guesses first: runs, repeats, birthdays, and those that everybody takes."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

COMMON = frozenset(
    {
        *("112233", "332211", "147258", "258369", "159753", "147258369", "159357", "789456"),
        *("123654", "456123", "741852", "963852", "520131", "5201314", "1314520", "131452"),
        *("521521", "110110", "123580", "147852", "102030", "100200", "168168", "888666"),
        *("314159", "271828", "13145200", "7758521", "7758258", "584520", "1234560", "0123456"),
    }
)
"""Keypad paths and numbers that sound like words; a longer PIN that is one of them twice is caught
as a repeat."""

PARTS_MAX = 4


def is_weak(pin: str, births: Iterable[date] = ()) -> bool:
    """Whether a PIN is among those that are guessed first.

    Few different digits, a run up or down (also over 9 to 0), a block said again, what reads the
    same backwards, a common one, or somebody's birth date in any usual order.
    """
    digits = [int(digit) for digit in pin]
    steps = {(after - before) % 10 for before, after in pairwise(digits)}
    if len(set(digits)) <= 2 or steps in ({1}, {9}) or pin == pin[::-1]:  # noqa: PLR2004 - too few
        return True
    for length in range(1, len(pin) // 2 + 1):
        if (pin[:length] * len(pin))[: len(pin)] == pin:
            return True
    if pin in COMMON or _is_paired(pin):
        return True
    return any(written in pin for born in births for written in _written(born))


def _is_paired(pin: str) -> bool:
    """Blocks of one digit, each a run: 112233, 445566, 111222333."""
    for length in range(2, PARTS_MAX):
        heads = pin[::length]
        if len(pin) % length == 0 and "".join(digit * length for digit in heads) == pin:
            return True
    return False


def _written(born: date) -> Iterator[str]:
    """A birth date as people write it, in six digits or eight."""
    year, short, month, day = (
        *(f"{born.year:04d}", f"{born.year % 100:02d}"),
        *(f"{born.month:02d}", f"{born.day:02d}"),
    )
    for which in (year, short):
        yield from (which + month + day, month + day + which, day + month + which)
    yield from (year + month, month + year)
