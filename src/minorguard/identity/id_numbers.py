"""Identity numbers of eighteen characters: read, normalised, and never shown.

A number that is well formed proves nothing: one random check digit in eleven is right, and a
generator is always right. So there is nothing here that could be taken for a verification; only
the answer of the national system is one. What is read from a number is its kind and the birth
date that it claims.

The form of the area is looked at and no table of areas: numbers of areas that are gone, or too
new for a table, belong to real people.
Source: GB 11643-1999 and the residence permits and cards built on it, ``law/games.md`` §4.
"""

from __future__ import annotations

from datetime import date
from operator import mul
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, cast

from minorguard.errors import InvalidIdNumber, InvalidRequest
from minorguard.identity.secrets import Masked

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["REASONS", "IdNumber", "InvalidIdNumber", "Kind", "Reason"]

Kind = Literal[
    "resident",
    "hong_kong_permit",
    "macau_permit",
    "taiwan_permit",
    "foreign_permanent_resident",
]
"""Whose number it is, by its area. Whether the national system checks the permits (81, 82, 83)
and the cards of foreigners (9) is not known: offer those people another way as well."""

Reason = Literal[
    "not_text",
    "length",
    "characters",
    "fifteen_digits",
    "area",
    "birth_date",
    "in_future",
    "checksum",
]

REASONS: Mapping[Reason, str] = MappingProxyType(
    {
        "not_text": "want text",
        "length": "want 18 characters",
        "characters": "want digits, and X nowhere but at the end",
        "fifteen_digits": "an old number of 15 digits: invalid since 2013, see allow_15",
        "area": "the first digits belong to no document of this form",
        "birth_date": "the digits of the birth date are no day of the calendar",
        "in_future": "the birth date is after the given day",
        "checksum": "the last character does not fit the others: one is mistyped",
    }
)
"""What each ``InvalidIdNumber.reason`` means. The first that applies is told."""

_CHARS, _OLD_CHARS = 18, 15
_RAW_CHARS_MAX = 64
"""Longer text is no number with spaces; it is refused unread."""

_SPACES = {ord(space): None for space in " \u00a0\u3000"}
_FULL_WIDTH = {0xFF10 + digit: str(digit) for digit in range(10)}
_NORMAL: Mapping[int, str | None] = {
    **_SPACES,
    **_FULL_WIDTH,
    **dict.fromkeys(map(ord, "xＸｘ"), "X"),
}
_DIGITS = frozenset("0123456789")

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
"""ISO 7064 MOD 11-2: the weighted sum mod 11 points at the check character."""

_CENTENARIANS = 996
"""Sequences from here on meant people born in the 1800s, in numbers of 15 digits."""

_PERMITS: Mapping[str, Kind] = {
    "81": "hong_kong_permit",
    "82": "macau_permit",
    "83": "taiwan_permit",
}
_PROVINCES = frozenset("1234567")
_FOREIGN = "9"


class IdNumber(Masked[str]):
    """An identity number as it was typed, made regular. Made by ``IdNumber.parse`` alone.

    Prints as ``IdNumber(***)``; ``.reveal()`` gives the eighteen characters.
    """

    __slots__ = ()

    def __init__(self, *_: object) -> None:
        del _
        raise TypeError("use IdNumber.parse(text)")

    @classmethod
    def parse(cls, text: str, *, allow_15: bool = False, at: date | None = None) -> IdNumber:
        """Read a number of 18 characters; spaces, full-width digits and ``x`` are made regular.

        ``allow_15``: numbers of 15 digits (before 1999) are lengthened: the century, then the
        check character. ``at``: a birth date after that day is refused. ``InvalidIdNumber`` (a
        ``ValueError``) with a ``.reason`` of ``REASONS``; ``InvalidRequest`` when ``at`` is no
        date.
        """
        if at is not None and type(at) is not date:
            del text, at
            raise InvalidRequest("at", "want a date")
        number, reason = _number_of(text, allow_15=allow_15 is True, at=at)
        del text
        if reason is not None:
            del number
            raise InvalidIdNumber(reason)
        parsed = object.__new__(cls)
        object.__setattr__(parsed, "_value", number)
        return parsed

    @property
    def kind(self) -> Kind:
        """Whose number it is."""
        return cast("Kind", _kind_of(self.reveal()))

    @property
    def born(self) -> date:
        """The birth date that the number claims."""
        number = self.reveal()
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


# -- what follows raises nothing, so no frame that holds a number is ever part of a traceback ----


def _number_of(text: object, *, allow_15: bool, at: date | None) -> tuple[str, Reason | None]:
    if type(text) is not str or len(text) > _RAW_CHARS_MAX:
        return "", "length" if type(text) is str else "not_text"
    number = text.translate(_NORMAL)
    if not _DIGITS.issuperset(number.removesuffix("X")):
        return "", "characters"
    if len(number) == _OLD_CHARS and number.isdigit():
        if not allow_15:
            return "", "fifteen_digits"
        number = _lengthened(number)
        if number[0] not in _PROVINCES:
            return "", "area"  # permits and cards never had fifteen digits
    if len(number) != _CHARS:
        return "", "length"
    return number, _wrong(number, at)


def _wrong(number: str, at: date | None) -> Reason | None:
    if _kind_of(number) is None:
        return "area"
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return "birth_date"
    if at is not None and born > at:
        return "in_future"
    return None if _check(number) == number[-1] else "checksum"


def _kind_of(number: str) -> Kind | None:
    if number[0] in _PROVINCES:
        return "resident"
    if number[0] == _FOREIGN:
        return "foreign_permanent_resident"
    return _PERMITS.get(number[:2])


def _check(number: str) -> str:
    return _CHECKS[sum(map(mul, map(int, number[:17]), _WEIGHTS)) % 11]


def _lengthened(number: str) -> str:
    century = "18" if int(number[12:]) >= _CENTENARIANS else "19"
    longer = number[:6] + century + number[6:]
    return longer + _check(longer)
