"""The toggles of minors' protection: what is open, on or off by default, and by whose leave.

``FeatureRule`` keeps a feature open whatever anybody sets; the kinds below it close one, give it a
default that a guardian may change, or make it wait for a consent, an identity or the minors' mode.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from minorguard.core.acts import Play, Spend, Use
from minorguard.core.limits import Duty, Objection
from minorguard.core.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minorguard.core.acts import Request
    from minorguard.core.calendar import Calendar
    from minorguard.core.limits import Code, Limit
    from minorguard.core.subject import Ages, FeatureValue, GuardianSettings, Subject

DAILY_TIME_LIMIT = "daily_time_limit"
NIGHT_CURFEW = "night_curfew"


def closes(value: FeatureValue) -> bool:
    """Whether a feature's value closes it: off, nobody, or no seconds at all."""
    return not value or value == "nobody"


def said_of(feature: str, settings: GuardianSettings | None) -> FeatureValue | None:
    """What a guardian has set of a toggle; ``None`` if nothing.

    ``daily_minutes`` and ``night_allowed`` say the same of the toggles for time and night; of two
    that differ the stricter counts.
    """
    if settings is None:
        return None
    value = settings.features.get(feature)
    if feature == DAILY_TIME_LIMIT and settings.daily_minutes is not None:
        total_s = settings.daily_minutes * 60
        return min(value, total_s) if type(value) is int else total_s
    if feature == NIGHT_CURFEW and settings.night_allowed and value is None:
        return False
    return value


def adjusted(subject: Subject, ages: Ages, feature: str) -> FeatureValue | None:
    """What the guardian of somebody of these ages has set: a known adult has none."""
    return None if ages.adult else said_of(feature, subject.guardian)


@dataclass(frozen=True, eq=False, repr=False)
class FeatureRule(Rule):
    """A feature that a law keeps open: a right of the child, or a function that must be there.

    ``changeable_by``: who may change it, of ``guardian`` ``minor`` ``house``; nobody if empty,
    ``None`` where another rule of the feature says it. ``value``: its default, where it has one
    besides on and off.
    """

    feature: str
    changeable_by: tuple[str, ...] | None = ()
    value: str | int | None = None

    def concerns(self, request: Request) -> bool:
        return isinstance(request, Use) and request.feature == self.feature

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del request, ages, day, calendar
        return iter(())

    def value_for(self, subject: Subject, ages: Ages) -> str | int | None:
        """The value as it stands for this person."""
        said = adjusted(subject, ages, self.feature)
        if self.value is None or "guardian" not in (self.changeable_by or ()):
            return self.value
        if isinstance(said, bool):
            return self.value if said else None
        return self.value if said is None else said


@dataclass(frozen=True, eq=False, repr=False)
class FeatureBan(FeatureRule):
    """A feature that is closed: by law, by a setting, or to those who are too young.

    ``acts`` of a setting may name more than ``use``: whose guardian has closed ``purchase`` cannot
    pay either.
    """

    code: Code = "feature_forbidden"

    bounds_time: ClassVar[bool] = True

    def concerns(self, request: Request) -> bool:
        if isinstance(request, (Play, Spend)):
            return request.act in self.head.acts
        return super().concerns(request)

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del request, ages, day, calendar
        yield Objection(self, self.code)


@dataclass(frozen=True, eq=False, repr=False)
class Toggle(FeatureRule):
    """A feature that is on or off by default, until a guardian changes it where that is allowed."""

    on: bool = True

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del day, calendar
        said = adjusted(request.subject, ages, self.feature)
        if said is not None and "guardian" in (self.changeable_by or ()):
            return  # whatever closes it is the guardian's own rule
        if not self.on or self.value == "nobody":
            yield Objection(self, "feature_off")


@dataclass(frozen=True, eq=False, repr=False)
class ConsentGate(FeatureRule):
    """A feature that waits for a guardian's consent, or for the minor's own."""

    consent: str = ""

    def concerns(self, request: Request) -> bool:
        if isinstance(request, Spend):
            return request.act in self.head.acts
        return super().concerns(request)

    def reads_standing(self, request: Request) -> bool:
        return self.concerns(request)

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del ages, day, calendar
        if self.consent not in request.subject.consents:
            yield Objection(self, "consent_required")


@dataclass(frozen=True, eq=False, repr=False)
class RealName(FeatureRule):
    """A feature or a payment for which the real identity must be known by one of some means."""

    identities: frozenset[str] = frozenset({"verified"})

    restricts: ClassVar[bool] = False

    def concerns(self, request: Request) -> bool:
        if isinstance(request, Spend):
            return request.act in self.head.acts
        return super().concerns(request)

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del ages, day, calendar
        if request.subject.identity not in self.identities:
            yield Objection(self, "identity_required", alone=True)


@dataclass(frozen=True, eq=False, repr=False)
class GuestBan(FeatureBan):
    """A feature closed to whoever is not verified, and to every minor."""

    def binds(self, request: Request, ages: Ages) -> bool:
        return request.subject.identity != "verified" or super().binds(request, ages)


@dataclass(frozen=True, eq=False, repr=False)
class FeatureDuty(FeatureRule):
    """What the platform must do when it opens a feature."""

    obligation: str = ""

    restricts: ClassVar[bool] = False

    def limits(self, request: Request, ages: Ages, day: int, calendar: Calendar) -> Iterator[Limit]:
        del request, ages, day, calendar
        yield Duty(self, self.obligation)
