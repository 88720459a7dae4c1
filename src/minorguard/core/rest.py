"""When somebody who plays without a break is told to rest: once in each stretch of so long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minorguard.core.time import continuous_s, length_between

if TYPE_CHECKING:
    from minorguard.core.ruling import Stamp
    from minorguard.core.time import Playtime


def to_rest(playtime: Playtime, at: Stamp, after_s: int) -> bool:
    """Whether a reminder is due: once in each stretch of ``after_s`` begun after the first.

    Whoever was reminded at this very instant is told so again: it is the same message.
    """
    spans = playtime.spans
    played_s = continuous_s(spans, at)
    if played_s <= after_s:
        return False
    last = playtime.reminded
    if last is None or last == at:
        return True
    # What was played without a break up to the last reminder, if it was in this stretch.
    before_s = (
        played_s - length_between(spans, last, at) if last < at else continuous_s(spans, last)
    )
    return before_s <= after_s or _begun(before_s, after_s) != _begun(played_s, after_s)


def _begun(played_s: int, after_s: int) -> int:
    """How many stretches of that length were begun."""
    return (played_s - 1) // max(1, after_s)
