"""What the platform must do beside its answer: some duties always, some only after a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minorguard.core.acts import Spend
from minorguard.core.limits import Duty, HalfCap, Rest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minorguard.core.decision import Decision


def due(decision: Decision, *, allowed: bool) -> tuple[str, ...]:
    """The obligations of an answer, sorted, each once."""
    duties = decision.segment.ruling.duties
    return tuple(sorted(set(_due(decision, allowed=allowed)))) if duties else ()


def _due(decision: Decision, *, allowed: bool) -> Iterator[str]:
    for duty in decision.segment.ruling.duties:
        match duty:
            case Duty():
                if allowed or duty.always:
                    yield duty.obligation
            case Rest():
                if allowed and decision.reminds(duty):
                    yield duty.obligation
            case HalfCap():
                if allowed and half_reached(decision):
                    yield duty.obligation


def half_reached(decision: Decision) -> bool:
    """Whether the payment brings the day or the month to half of a cap or more."""
    request, usage = decision.request, decision.usage
    if not isinstance(request, Spend):
        return False
    spent = {"daily": usage.spent_today_fen, "monthly": usage.spent_month_fen}
    return any(
        2 * (spent[cap.period] + request.fen) >= cap.cap_fen
        for cap in decision.segment.ruling.caps
        if cap.period in spent
    )


def rests_of(decision: Decision) -> tuple[Rest, ...]:
    """The reminders to rest that may fall due while somebody plays on."""
    return tuple(duty for duty in decision.segment.ruling.duties if isinstance(duty, Rest))
