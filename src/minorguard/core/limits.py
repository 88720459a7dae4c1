"""What a rule may say: no, only in these hours, only so long, only so much, or a duty.

The codes here are the stable strings that programs read.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minorguard.core.hours import Hours
    from minorguard.core.rules import Rule

Code = Literal[
    "identity_required", "identity_pending", "outside_window", "quota_exhausted", "session_ended",
    "too_many_sessions", "clock_behind", "age_too_low", "spend_forbidden", "single_cap_exceeded",
    "daily_cap_exceeded", "monthly_cap_exceeded", "cap_not_configured", "order_conflict",
    "gift_forbidden", "feature_forbidden", "feature_off", "consent_required", "rating_too_high",
    "content_prohibited", "content_restricted", "count_cap_exceeded", "lesson_too_long",
    "break_too_short", "course_unreviewed", "ads_forbidden", "popup_forbidden",
    "game_link_forbidden", "comments_need_review", "nonprofit_commercialised",
    "recipient_shielded", "guardian_verification_required", "not_covered",
]  # fmt: skip
"""Why a request is refused: stable strings."""

Period = Literal["single", "daily", "monthly"]

CAP_CODES: Mapping[Period, Code] = MappingProxyType(
    {
        "single": "single_cap_exceeded",
        "daily": "daily_cap_exceeded",
        "monthly": "monthly_cap_exceeded",
    }
)


class Objection(NamedTuple):
    """No, whatever was used so far. ``alone``: nothing else is asked or reported."""

    rule: Rule
    code: Code
    alone: bool = False


class Window(NamedTuple):
    """Only in these hours of this day."""

    rule: Rule
    hours: Hours


class Quota(NamedTuple):
    """At most so many seconds on this day."""

    rule: Rule
    quota_s: int


class Cap(NamedTuple):
    """At most ``cap_fen`` at once, on this day or in this month, the amount itself included."""

    rule: Rule
    period: Period
    cap_fen: int


class Duty(NamedTuple):
    """What the platform must do: if it goes ahead, or with ``always`` on a refusal too."""

    rule: Rule
    obligation: str
    always: bool = False


class Rest(NamedTuple):
    """A reminder that the platform must give after so many seconds without a break, and again."""

    rule: Rule
    obligation: str
    after_s: int


class HalfCap(NamedTuple):
    """What the platform must do when a payment reaches half of a cap for the day or the month."""

    rule: Rule
    obligation: str


class Count(NamedTuple):
    """At most so many in these hours; ``name`` is what is counted."""

    rule: Rule
    name: str
    count_max: int
    hours: Hours


class Note(NamedTuple):
    """A degraded state that the answer must carry."""

    rule: Rule
    state: str


Due = Duty | Rest | HalfCap
Limit = Objection | Window | Quota | Cap | Count | Due | Note
