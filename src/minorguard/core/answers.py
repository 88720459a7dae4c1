"""What a law answers to one kind of person on one day, in a form that two laws can be compared by.

Whatever makes no difference is left out: a quota longer than the open hours, a cap of a day above
that of the month, a window around the window of another rule.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.hours import NEVER, Hours
from minorguard.core.limits import Duty

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minorguard.core.limits import Cap, Code
    from minorguard.core.rules import Rule
    from minorguard.core.ruling import Ruling


class Caps(NamedTuple):
    """The lowest cap of each kind, in fen; ``None``: there is none."""

    single_fen: int | None = None
    daily_fen: int | None = None
    monthly_fen: int | None = None

    @property
    def binding(self) -> Caps:
        """The same caps with what each longer period leaves of the shorter ones.

        Who may pay 200 yuan a month can pay no more in a day, so a cap of 300 a day is no cap.
        """
        daily_fen = _least((self.daily_fen, self.monthly_fen))
        return Caps(_least((self.single_fen, daily_fen)), daily_fen, self.monthly_fen)


def _least(amounts: Iterable[int | None]) -> int | None:
    return min((amount for amount in amounts if amount is not None), default=None)


@dataclass(frozen=True, slots=True)
class DayAnswer:
    """What one law says to one kind of person on one day, as far as it makes a difference.

    ``hours``: when somebody who has used nothing may go ahead. ``quota_s``: seconds of the day,
    where that is less than the hours hold. ``caps``: those that bind; ``said`` are the numbers as
    the rules say them. ``codes``: the flat objections.
    """

    codes: tuple[Code, ...]
    hours: Hours
    quota_s: int | None
    caps: Caps
    duties: tuple[str, ...]
    notes: tuple[str, ...]
    said: Caps = field(compare=False)

    @property
    def open_s(self) -> int:
        """Seconds of the day that may be used: the open hours, or the quota if that is less."""
        return length(self.hours) if self.quota_s is None else self.quota_s


def length(hours: Hours) -> int:
    """Seconds in all."""
    return sum(end - start for start, end in hours)


def answer_of(ruling: Ruling) -> DayAnswer:
    """The part of a ruling that can be told from outside."""
    said = Caps(*(_lowest(ruling.caps, period) for period in ("single", "daily", "monthly")))
    caps = said.binding
    quota_s = min((quota.quota_s for quota in ruling.quotas), default=None)
    shut = ruling.objections or 0 in (quota_s, caps.single_fen)
    hours = NEVER if shut else ruling.hours
    duties = {
        duty.obligation
        for duty in ruling.duties
        if hours or (isinstance(duty, Duty) and duty.always)
    }
    return DayAnswer(
        codes=tuple(sorted({objection.code for objection in ruling.objections})),
        hours=hours,
        quota_s=quota_s if quota_s is not None and quota_s < length(hours) else None,
        caps=caps,
        duties=tuple(sorted(duties)),
        notes=tuple(sorted(set(ruling.notes))),
        said=said,
    )


def _lowest(caps: Iterable[Cap], period: str) -> int | None:
    return _least(cap.cap_fen for cap in caps if cap.period == period)


def binding(ruling: Ruling) -> tuple[Rule, ...]:
    """The rules that refuse or limit on that day, sorted by id."""
    rules = [objection.rule for objection in ruling.objections]
    if not rules:
        rules += [window.rule for window in ruling.windows]
        rules += [quota.rule for quota in ruling.quotas]
        rules += [cap.rule for cap in ruling.caps]
        rules += [count.rule for count in ruling.counts]
    return tuple(sorted(dict.fromkeys(rules), key=lambda rule: rule.id))
