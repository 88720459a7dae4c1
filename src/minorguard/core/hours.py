"""Hours of a day: half-open spans of seconds since local midnight, sorted, never touching.

``((72000, 75600),)`` is 20:00 to 21:00: 20:00:00 is inside, 21:00:00 is already outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

DAY_S = 86_400


Hours = tuple[tuple[int, int], ...]

ALWAYS: Hours = ((0, DAY_S),)
NEVER: Hours = ()


def second_of_day(text: str) -> int:
    """``"20:00"`` -> 72000. ``"24:00"`` is the end of the day. ``ValueError`` for anything else."""
    hour, colon, minute = text.partition(":")
    if (
        colon
        and len(hour) == len(minute) == 2  # noqa: PLR2004 - HH and MM
        and text.isascii()
        and hour.isdigit()
        and minute.isdigit()
        and (int(hour) < 24 or text == "24:00")  # noqa: PLR2004 - hours of a day
        and int(minute) < 60  # noqa: PLR2004 - minutes of an hour
    ):
        return int(hour) * 3600 + int(minute) * 60
    reason = "want HH:MM from 00:00 to 24:00"
    raise ValueError(reason)


def clock(second: int) -> str:
    """72000 -> ``"20:00"``."""
    return f"{second // 3600:02d}:{second % 3600 // 60:02d}"


def hours_of(spans: Iterable[tuple[int, int]]) -> Hours:
    """Sort spans and join those that overlap or touch. Empty spans vanish."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def both(left: Hours, right: Hours) -> Hours:
    """The hours that lie in both: restrictions intersect."""
    return hours_of(
        (max(a, c), min(b, d)) for a, b in left for c, d in right if max(a, c) < min(b, d)
    )


def contains(hours: Hours, second: int) -> bool:
    """Whether that second of the day lies in the hours."""
    return any(start <= second < end for start, end in hours)
