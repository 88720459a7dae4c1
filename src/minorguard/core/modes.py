"""Rules of the minors' mode: its hours, its total, its rest, and how it is left.

They are defaults of the guideline of 2024: what a rule marks ``adjust`` a guardian may change both
ways, and an exempt use is neither blocked by them nor counted in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from minorguard.core.acts import Play, Use
from minorguard.core.hours import ALWAYS
from minorguard.core.limits import Objection, Quota, Rest, Window
from minorguard.core.rules import DailyQuota, PlayWindow, Rule
from minorguard.core.toggles import FeatureRule, adjusted
from minorguard.core.uses import ModeSwitch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minorguard.core.acts import Request
    from minorguard.core.calendar import Calendar
    from minorguard.core.hours import Hours
    from minorguard.core.limits import Limit
    from minorguard.core.subject import Ages


def exempt(request: Request) -> bool:
    """Whether this is a use in the mode that its hours and totals do not touch."""
    return isinstance(request, Play) and request.exempt is not None and request.subject.minors_mode


@dataclass(frozen=True, eq=False, repr=False)
class ModeHours(PlayWindow):
    """Hours of service in the mode. ``adjust``: the toggle with which a guardian lifts them."""

    adjust: str = ""

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        if not exempt(request):
            lifted = adjusted(request.subject, ages, self.adjust) is False
            yield from (
                [Window(self, ALWAYS)] if lifted else super().limits(request, ages, day, calendar)
            )


@dataclass(frozen=True, eq=False, repr=False)
class ModeTotal(DailyQuota):
    """Seconds a day in the mode. ``adjust``: the toggle with which a guardian changes them."""

    adjust: str = ""

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        said = adjusted(request.subject, ages, self.adjust)
        if exempt(request) or said is False:
            return
        if type(said) is int:
            yield Quota(self, said)
        else:
            yield from super().limits(request, ages, day, calendar)


@dataclass(frozen=True, eq=False, repr=False)
class GuardianQuota(DailyQuota):
    """A guardian's minutes. In the mode they are its total, so an exempt use passes them, too."""

    passes_exempt: bool = False

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        if not (self.passes_exempt and exempt(request)):
            yield from super().limits(request, ages, day, calendar)


@dataclass(frozen=True, eq=False, repr=False)
class RestReminder(Rule):
    """A reminder to rest after a stretch of use. It stops nobody, so nothing is looked up for it.

    ``adjust``: the toggle with which a guardian changes or lifts it.
    """

    after_s: int
    obligation: str
    adjust: str = ""

    restricts: ClassVar[bool] = False

    def reads_standing(self, request: Request) -> bool:
        del request
        return False

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del day, calendar
        said = adjusted(request.subject, ages, self.adjust) if self.adjust else None
        if said is not False:
            after_s = said if type(said) is int else self.after_s
            yield Rest(self, self.obligation, after_s)


def _leaves(request: Request) -> bool:
    about = request.about if isinstance(request, Use) else None
    return isinstance(about, ModeSwitch) and not about.on


@dataclass(frozen=True, eq=False, repr=False)
class LeavingMode(FeatureRule):
    """The mode is left only when a guardian has proved to be one."""

    def concerns(self, request: Request) -> bool:
        return _leaves(request)

    def binds(self, request: Request, ages: Ages) -> bool:
        # Whoever is in it, whatever the account's age; and a known minor, who had better be.
        return request.subject.minors_mode or ages.minor

    def reads_standing(self, request: Request) -> bool:
        return _leaves(request)

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del ages, day, calendar
        about = request.about if isinstance(request, Use) else None
        if isinstance(about, ModeSwitch) and not about.guardian_verified:
            yield Objection(self, "guardian_verification_required")


@dataclass(frozen=True, eq=False, repr=False)
class LeavingHours(FeatureRule):
    """Hours in which a minor may leave the mode at all; at night nobody lets them out of it."""

    hours: Hours = ALWAYS

    def concerns(self, request: Request) -> bool:
        return _leaves(request)

    def binds(self, request: Request, ages: Ages) -> bool:
        return ages.minor or (ages.unknown and request.subject.minors_mode)

    def reads_standing(self, request: Request) -> bool:
        return _leaves(request)

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del request, ages, day, calendar
        yield Window(self, self.hours)
