"""Rules of meeting others: who may write to a minor, and how often two rooms may contend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from minorguard.core.acts import Use
from minorguard.core.hours import ALWAYS
from minorguard.core.limits import Count, Objection
from minorguard.core.subject import Ages
from minorguard.core.toggles import FeatureRule
from minorguard.core.uses import Message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minorguard.core.acts import Request
    from minorguard.core.calendar import Calendar
    from minorguard.core.hours import Hours
    from minorguard.core.limits import Limit
    from minorguard.core.subject import AgeReading

Strangers = Literal["as_set", "never"]
"""Whether somebody's own setting decides about strangers, or no stranger ever gets through."""


@dataclass(frozen=True, eq=False, repr=False)
class Shield(FeatureRule):
    """Who may write to a minor: nobody, or only friends, unless they chose otherwise.

    ``nobody_below``: the age below which nobody may by default. ``strangers``: ``never`` for a law
    that lets no stranger write to a minor, or a minor to a stranger.
    """

    age_reading: AgeReading = "day_after_birthday"
    nobody_below: int = 0
    strangers: Strangers = "as_set"

    def concerns(self, request: Request) -> bool:
        return isinstance(request, Use) and isinstance(request.about, Message)

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del calendar
        about = request.about if isinstance(request, Use) else None
        if isinstance(about, Message) and self._shielded(about, ages, day):
            yield Objection(self, "recipient_shielded")

    def _shielded(self, message: Message, sender: Ages, day: int) -> bool:
        recipient = message.to.ages_on(day, self.age_reading)
        if self.strangers == "never":
            return message.stranger and not (sender.adult and recipient.adult)
        accepts = message.to.accepts or self._default(recipient)
        return accepts == "nobody" or (accepts == "friends" and message.stranger)

    def _default(self, recipient: Ages) -> str:
        if recipient.adult:
            return "all"
        return "nobody" if recipient.meets(Ages(0, self.nobody_below)) else "friends"


@dataclass(frozen=True, eq=False, repr=False)
class CountCap(FeatureRule):
    """How often something may be done in some hours of a day. ``name`` is what is counted."""

    name: str = ""
    count_max: int = 0
    hours: Hours = ALWAYS

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del request, ages, day, calendar
        yield Count(self, self.name, self.count_max, self.hours)
