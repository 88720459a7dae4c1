"""The person: how old, how surely known, in the mode or not, with which guardian settings.

An age is a whole number of completed years. A person belongs to every band that the known range
of ages meets, so somebody of unknown age is in all of them and gets the strictest answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple, cast, get_args

from minorguard.core.hours import DAY_S, Hours, hours_of
from minorguard.errors import InvalidRequest

Identity = Literal["none", "failed", "declared", "estimated", "pending", "phone", "verified"]
"""How surely the platform knows who this is. ``verified``: checked against an identity authority;
``phone``: a real name by telephone number; ``pending``: asked and not yet answered."""
IDENTITIES: tuple[str, ...] = get_args(Identity)

Consent = Literal["pi_processing", "live_host", "ai_companion_other", "optional_pi", "tipping"]
"""What a guardian may consent to. Consents never gate play, spend or show."""
CONSENTS: frozenset[str] = frozenset(get_args(Consent))

FEATURE_WORDS = frozenset({"friends", "nobody", "all"})
FEATURE_WANTED = "want true, false, friends, nobody, all or seconds"

FeatureValue = bool | str | int
"""On or off, ``friends`` ``nobody`` ``all``, or seconds."""

AgeReading = Literal["day_after_birthday", "on_birthday"]
"""When an age is reached: on the day after the birthday (the first, protective) or on it."""

ADULT = 18
"""未成年人保护法 art. 2: a minor is under eighteen."""

FOREVER = 1_000
"""An age that nobody reaches: the open end of a band."""

FEN_MAX = 10**12
"""The largest amount, in fen; every sum of two stays far inside 64 bits."""

SECONDS_MAX = 10**9

ID_CHARS_MAX = 64
_ID_CHARS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:@-")


class Ages(NamedTuple):
    """A half-open range of completed years: ``Ages(8, 16)`` is eight to fifteen."""

    at_least: int = 0
    below: int = FOREVER

    def meets(self, band: Ages) -> bool:
        """Whether some age lies in both."""
        return self.at_least < band.below and band.at_least < self.below

    @property
    def minor(self) -> bool:
        """Whether every age in the range is under eighteen: a known minor."""
        return self.below <= ADULT

    @property
    def adult(self) -> bool:
        """Whether every age in the range is eighteen or more: a known adult."""
        return self.at_least >= ADULT

    @property
    def unknown(self) -> bool:
        """Whether the range holds minors and adults alike, so nobody can tell."""
        return not (self.minor or self.adult)


ANY_AGE = Ages()
NO_CONSENTS: frozenset[str] = frozenset()


def attained_on(born: date, years: int, reading: AgeReading = "day_after_birthday") -> date:
    """The first day on which somebody born then has completed that many years.

    民法典 art. 201-203: the day of birth is not counted and the last day ends at 24:00, so an age
    is complete from 00:00 of the day after the birthday. 29 February gives 1 March under that
    reading always, and under ``on_birthday`` in every year that has no 29 February.
    """
    year = born.year + years
    if born.month == 2 and born.day == 29 and not _leap(year):  # noqa: PLR2004 - 29 February
        return date(year, 3, 1)
    birthday = born.replace(year=year)
    if reading == "on_birthday":
        return birthday
    return date.fromordinal(birthday.toordinal() + 1)


def born_by(day: int, years: int, reading: AgeReading = "day_after_birthday") -> int:
    """The latest day of birth (an ordinal) that has completed ``years`` on ``day``, or 0.

    The inverse of ``attained_on``: ``attained_on(born, years) <= day`` exactly when
    ``born.toordinal() <= born_by(day, years)``.
    """
    last = date.fromordinal(day if reading == "on_birthday" or day == 1 else day - 1)
    year = last.year - years
    if year < 1:
        return 0
    if last.month == 2 and last.day >= 28:  # noqa: PLR2004 - the end of February
        late = reading == "day_after_birthday" and not _leap(last.year)
        day_of = 29 if _leap(year) and (late or last.day == 29) else 28  # noqa: PLR2004 - as above
        return date(year, 2, day_of).toordinal()
    return last.replace(year=year).toordinal()


def age_on(born: date, day: date, reading: AgeReading = "day_after_birthday") -> int:
    """Completed years of somebody born then, on that day. ``ValueError`` before the birth."""
    if born > day:
        reason = "born after that day"
        raise ValueError(reason)
    years = day.year - born.year
    turned = born.toordinal() <= born_by(day.toordinal(), years, reading)
    return years if turned else max(0, years - 1)


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


Profile = str | tuple[str, frozenset[str], "GuardianSettings | None"]
"""All that rules may read of a person but the age. Mostly a word, whose hash costs nothing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GuardianSettings:
    """What a guardian has set for this child. It can only tighten what the law leaves open.

    ``windows``: hours of the day with service, as seconds (``None``: no limit, ``()``: never).
    ``daily_minutes``: 0-1440. ``single_fen`` ``daily_fen`` ``monthly_fen``: caps in fen.
    ``features``: feature id -> value. ``max_rating``: the highest age rating to be shown.
    ``night_allowed``: lifts the night of the minors' mode where the mode lets a guardian do so.

    Source: 未成年人保护法 art. 74(2), 未成年人网络保护条例 art. 43 (time, permission and spending
    management).
    """

    daily_minutes: int | None = None
    night_allowed: bool = False
    windows: Hours | None = None
    single_fen: int | None = None
    daily_fen: int | None = None
    monthly_fen: int | None = None
    features: Mapping[str, FeatureValue] = field(default_factory=dict[str, FeatureValue])
    max_rating: str | None = None

    def __post_init__(self) -> None:
        want_int(self.daily_minutes, "guardian.daily_minutes", 0, 1440, optional=True)
        for name in ("single_fen", "daily_fen", "monthly_fen"):
            want_int(getattr(self, name), f"guardian.{name}", 0, FEN_MAX, optional=True)
        want_bool(self.night_allowed, "guardian.night_allowed")
        if self.max_rating is not None and type(self.max_rating) is not str:
            raise InvalidRequest("guardian.max_rating", 'want a rating as in "12+"')
        if not isinstance(self.features, Mapping):
            raise InvalidRequest("guardian.features", "want a mapping of feature ids to values")
        for name, value in self.features.items():
            if isinstance(value, str):
                if value not in FEATURE_WORDS:
                    raise InvalidRequest(f"guardian.features.{name}", FEATURE_WANTED)
            elif not isinstance(value, bool):
                want_int(value, f"guardian.features.{name}", 0, SECONDS_MAX)
        if self.windows is not None:
            object.__setattr__(self, "windows", _want_hours(self.windows))
        object.__setattr__(self, "features", dict(self.features))

    @property
    def _key(self) -> tuple[object, ...]:
        """All of it, told apart by type: no seconds at all (0) are not a feature that is off."""
        features = frozenset((name, type(value), value) for name, value in self.features.items())
        return (
            *(self.daily_minutes, self.night_allowed, self.windows, self.max_rating),
            *(self.single_fen, self.daily_fen, self.monthly_fen, features),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GuardianSettings) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@dataclass(frozen=True, slots=True)
class Subject:
    """The person a decision is about, whatever device or account they come by.

    ``id``: 1-64 characters of ``A-Z a-z 0-9 _ . : @ -``; take the national ``pi`` where there is
    one. ``born``: the birth date, or ``age``: the range somebody vouches for, or neither: unknown.
    ``identity``: how surely that is known. ``minors_mode``: whether the account is in the mode.
    ``consents``: what a guardian has consented to. ``guardian``: the guardian's settings.
    ``account`` is only echoed.
    """

    id: str = field(repr=False)
    born: date | None = field(default=None, kw_only=True, repr=False)
    age: Ages = field(default=ANY_AGE, kw_only=True)
    identity: Identity = field(default="none", kw_only=True)
    minors_mode: bool = field(default=False, kw_only=True)
    consents: frozenset[str] = field(default=NO_CONSENTS, kw_only=True)
    guardian: GuardianSettings | None = field(default=None, kw_only=True)
    account: str | None = field(default=None, kw_only=True, repr=False)
    born_day: int = field(init=False, repr=False, compare=False)
    """The birth date as an ordinal, -1 where it is unknown."""
    profile: Profile = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if type(self.id) is not str or not self.id or len(self.id) > ID_CHARS_MAX:
            raise InvalidRequest("subject.id", "want 1-64 characters")
        if not _ID_CHARS.issuperset(self.id):
            raise InvalidRequest("subject.id", "want characters of A-Z a-z 0-9 _ . : @ -")
        born = self.born
        if born is not None and type(born) is not date:
            raise InvalidRequest("subject.born", "want a date")
        if self.age != ANY_AGE:
            self._check_age()
        if self.identity not in IDENTITIES:
            raise InvalidRequest("subject.identity", f"want one of {', '.join(get_args(Identity))}")
        want_bool(self.minors_mode, "subject.minors_mode")
        put = object.__setattr__
        if self.guardian is not None and type(self.guardian) is not GuardianSettings:
            raise InvalidRequest("subject.guardian", "want GuardianSettings")
        if self.consents is not NO_CONSENTS:
            wanted = f"want any of {', '.join(get_args(Consent))}"
            try:
                given = frozenset(self.consents)
            except TypeError:
                raise InvalidRequest("subject.consents", wanted) from None
            if not given <= CONSENTS:
                raise InvalidRequest("subject.consents", wanted)
            put(self, "consents", given)
        put(self, "born_day", -1 if born is None else born.toordinal())
        known = f"{self.identity}, in the mode" if self.minors_mode else self.identity
        plain = not self.consents and self.guardian is None
        put(self, "profile", known if plain else (known, self.consents, self.guardian))

    def _check_age(self) -> None:
        if self.born is not None:
            raise InvalidRequest("subject.age", "give born or age, not both")
        object.__setattr__(self, "age", want_ages(self.age, "subject.age"))

    def ages_on(self, day: int, reading: AgeReading) -> Ages:
        """The range of completed years on that day (an ordinal)."""
        if self.born is None:
            return self.age
        years = age_on(self.born, date.fromordinal(day), reading)
        return Ages(years, years + 1)


def want_ages(value: object, path: str) -> Ages:
    """Refuse all but a range of ages in which there is one."""
    if not _is_pair(value):
        raise InvalidRequest(path, "want Ages(at_least, below)")
    at_least, below = cast("tuple[int, int]", value)
    want_int(at_least, f"{path}.at_least", 0, FOREVER)
    want_int(below, f"{path}.below", 1, FOREVER)
    if at_least >= below:
        raise InvalidRequest(path, "at_least must be under below")
    return Ages(at_least, below)


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple) and len(cast("tuple[object, ...]", value)) == len(ANY_AGE)


def want_int(value: object, path: str, least: int, most: int, *, optional: bool = False) -> None:
    """Refuse all but a plain integer in the range: no bool, no float, no text."""
    if type(value) is int and least <= value <= most:
        return
    if value is not None or not optional:
        raise InvalidRequest(path, f"want an integer from {least} to {most}")


def want_bool(value: object, path: str) -> None:
    """Refuse all but ``True`` and ``False``: zero is not a no."""
    if type(value) is not bool:
        raise InvalidRequest(path, "want true or false")


def _want_hours(spans: Iterable[tuple[int, int]]) -> Hours:
    try:
        spans = tuple(spans)
    except TypeError:
        raise InvalidRequest("guardian.windows", "want pairs of a start and an end") from None
    for index, span in enumerate(spans):
        if not _is_pair(span):
            raise InvalidRequest(f"guardian.windows.{index}", "want a start and an end")
        start, end = span
        want_int(start, f"guardian.windows.{index}.0", 0, DAY_S)
        want_int(end, f"guardian.windows.{index}.1", 0, DAY_S)
        if start >= end:
            raise InvalidRequest(f"guardian.windows.{index}", "want a start before the end")
    return hours_of(spans)
