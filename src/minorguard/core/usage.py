"""What the person has already used, as of the instant of the request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from minorguard.core.subject import FEN_MAX, SECONDS_MAX, want_int

if TYPE_CHECKING:
    from collections.abc import Mapping

SPENT_FEN_MAX = 1_000 * FEN_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Play time in whole seconds and money in fen, of one person in one scope.

    ``played_today_s`` belongs to the calendar day of the request in Asia/Shanghai,
    ``spent_today_fen`` and ``spent_month_fen`` to its day and calendar month and include what is
    held. ``held_fen`` is what is neither settled nor cancelled yet, of whatever month;
    no rule reads it. ``continuous_s`` is the stretch of play without a break.
    """

    played_today_s: int = 0
    continuous_s: int = 0
    spent_today_fen: int = 0
    spent_month_fen: int = 0
    held_fen: int = 0
    counts: Mapping[str, int] = field(default_factory=dict[str, int])

    def __post_init__(self) -> None:
        if self._plain():
            return
        want_int(self.played_today_s, "usage.played_today_s", 0, SECONDS_MAX)
        want_int(self.continuous_s, "usage.continuous_s", 0, SECONDS_MAX)
        want_int(self.spent_today_fen, "usage.spent_today_fen", 0, SPENT_FEN_MAX)
        want_int(self.spent_month_fen, "usage.spent_month_fen", 0, SPENT_FEN_MAX)
        want_int(self.held_fen, "usage.held_fen", 0, SPENT_FEN_MAX)
        if self.counts:
            for name, count in self.counts.items():
                want_int(count, f"usage.counts.{name}", 0, SECONDS_MAX)

    def _plain(self) -> bool:
        """Whether all is well at first sight, as it nearly always is."""
        played_s, continuous_s = self.played_today_s, self.continuous_s
        today_fen, month_fen, held_fen = (
            self.spent_today_fen,
            self.spent_month_fen,
            self.held_fen,
        )
        return (
            type(played_s) is type(continuous_s) is int
            and type(today_fen) is type(month_fen) is type(held_fen) is int
            and 0 <= played_s <= SECONDS_MAX
            and 0 <= continuous_s <= SECONDS_MAX
            and 0 <= today_fen <= SPENT_FEN_MAX
            and 0 <= month_fen <= SPENT_FEN_MAX
            and 0 <= held_fen <= SPENT_FEN_MAX
            and not self.counts
        )


NOTHING_USED = Usage()
