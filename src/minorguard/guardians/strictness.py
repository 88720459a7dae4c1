"""Which of two settings is the stricter: the arithmetic of guardians, with no store in sight.

The laws of this module, each a theorem of ``tests/test_guardians_settings.py``:

- ``meet`` is as strict as either: whatever it lets through, both let through.
- If ``looser_fields(old, new)`` is empty, then whatever ``new`` lets through, ``old`` did.
- ``merged`` does not care about order or duplicates: the strictest of all guardians holds.

What is not set is not nothing: in the minors' mode the mode's own total holds, and a toggle has the
default of its table. ``Ground`` says what holds where nobody has set anything.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.hours import ALWAYS, both
from minorguard.core.subject import GuardianSettings
from minorguard.core.toggles import closes
from minorguard.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from minorguard.core.features import Feature
    from minorguard.core.subject import Ages, FeatureValue

NOTHING = GuardianSettings()

CAPS = ("single_fen", "daily_fen", "monthly_fen")

SAID_ELSEWHERE = {"daily_time_limit": "daily_minutes", "night_curfew": "night_allowed"}
"""Toggles that a setting of their own says, so that one thing is not said in two places."""

PROTECTIVE = frozenset(
    {
        *("block_strangers", "dm_keyword_filter", "one_click_shield", "evidence_export"),
        *("notice_takedown", "complaint_priority", "complaint_channel", "age_rating_gate"),
        *("minors_mode", "daily_time_limit", "rest_reminder", "night_curfew", "spend_caps"),
        *("guardian_time", "guardian_permission", "guardian_spending", "guardian_usage_overview"),
        *("private_info_guard", "data_rights", "age_appeal"),
    }
)
"""Toggles that protect: of these *on* is the stricter. Of all others *off* is."""

ON_S = {"rest_reminder": 30 * 60, "daily_time_limit": 60 * 60}
"""What *on* means of toggles that are seconds. 移动互联网未成年人模式建设指南 四(二)1(1), (3)."""

MODE_YOUNG_MINUTES = 60
MODE_OLDER_MINUTES = 120
MODE_OLDER = 16
"""移动互联网未成年人模式建设指南 四(二)1(1)-(2): the mode's total, under sixteen and from then on.

The rule itself is ``cn.mode``'s; here is only what a guardian's number is measured against.
"""


class Ground(NamedTuple):
    """What holds where nobody has set anything.

    ``mode_minutes``: the total of the mode. ``features``: the toggles' defaults for this person;
    one that is missing is not known, and every change of it counts as loosening unless it closes.
    """

    mode_minutes: int = MODE_YOUNG_MINUTES
    features: Mapping[str, FeatureValue] = {}


class Terms(NamedTuple):
    """What one guardian has set for one app or for the whole device.

    ``mode_total``: the mode's own total holds beside ``daily_minutes``: a larger number is waited
    for, or was asked for and never confirmed. Outside the mode the number holds all the same.
    """

    settings: GuardianSettings = NOTHING
    mode_total: bool = False

    def minutes(self, ground: Ground, *, in_mode: bool) -> int | None:
        """The minutes a day, in the mode or outside it; ``None`` where nothing is said."""
        said = self.settings.daily_minutes
        if in_mode and self.mode_total and said is not None:
            return min(said, ground.mode_minutes)
        return said


def mode_minutes(ages: Ages) -> int:
    """The mode's total for these ages; the strictest where they are unknown, or nobody's."""
    return MODE_OLDER_MINUTES if ages.at_least >= MODE_OLDER and ages.minor else MODE_YOUNG_MINUTES


def ground_of(ages: Ages, table: Iterable[Feature] = ()) -> Ground:
    """What holds for somebody of these ages, by the rows of ``guard.features``."""
    return Ground(mode_minutes(ages), {row.id: value_of(row) for row in table})


def value_of(row: Feature) -> FeatureValue:
    """The value of a toggle as its table has it."""
    return row.value if row.enabled and row.value is not None else row.enabled


# -- one toggle ----------------------------------------------------------------------------------


def looseness(feature: str, value: FeatureValue) -> tuple[int, int]:
    """How much a value lets through; of two the smaller is the stricter.

    Of a toggle that protects, on is strict and off is loose; of all others it is the other way
    round. Seconds lie between: fewer are stricter.
    """
    if feature in PROTECTIVE:
        if closes(value):
            return 2, 0
        return 0, value if type(value) is int else ON_S.get(feature, 0)
    if closes(value):
        return 0, 0
    if type(value) is int:
        return 2, value
    return (1, 0) if value == "friends" else (3, 0)


def strictest(feature: str, values: Iterable[FeatureValue]) -> FeatureValue:
    """The strictest of some values of a toggle."""
    # Equal ones are told apart by their text, so that the order they come in does not matter.
    return min(values, key=lambda value: (looseness(feature, value), repr(value)))


def closes_fully(feature: str, value: FeatureValue) -> bool:
    """Whether no value of this toggle is stricter."""
    return looseness(feature, value) <= (0, 0)


def opens_fully(feature: str, value: FeatureValue) -> bool:
    """Whether no value of this toggle is looser."""
    return looseness(feature, value) >= ((2, 0) if feature in PROTECTIVE else (3, 0))


def _looser(feature: str, old: FeatureValue | None, new: FeatureValue | None, on: Ground) -> bool:
    old = on.features.get(feature) if old is None else old
    new = on.features.get(feature) if new is None else new
    if old is not None and new is not None:
        return looseness(feature, new) > looseness(feature, old)
    if new is not None:
        return not closes_fully(feature, new)
    return old is not None and not opens_fully(feature, old)


# -- whole settings ------------------------------------------------------------------------------


def looser_fields(old: Terms, new: Terms, on: Ground) -> tuple[str, ...]:
    """The fields in which ``new`` lets through what ``old`` did not, sorted.

    A field may be both: 120 minutes where nothing was set are stricter outside the mode, and looser
    in it. It then counts as looser.
    """
    mine, other = old.settings, new.settings
    found = {field for field in CAPS if _above(getattr(other, field), getattr(mine, field))}
    for in_mode in (False, True):
        was, becomes = (terms.minutes(on, in_mode=in_mode) for terms in (old, new))
        if in_mode:
            was, becomes = (on.mode_minutes if said is None else said for said in (was, becomes))
        if _above(becomes, was):
            found.add("daily_minutes")
    hours = [ALWAYS if side.windows is None else side.windows for side in (mine, other)]
    if both(*hours) != hours[1]:
        found.add("windows")
    if mine.max_rating is not None and _above(_age(other.max_rating), _age(mine.max_rating)):
        found.add("max_rating")
    # Whoever has set anything and does not allow the night forbids it to all guardians.
    if other.night_allowed > mine.night_allowed or (
        other == NOTHING and mine != NOTHING and not mine.night_allowed
    ):
        found.add("night_allowed")
    for feature in {*mine.features, *other.features}:
        if _looser(feature, mine.features.get(feature), other.features.get(feature), on):
            found.add(f"features.{feature}")
    return tuple(sorted(found))


def is_looser(old: GuardianSettings, new: GuardianSettings, on: Ground | None = None) -> bool:
    """Whether a change loosens anything at all."""
    return bool(looser_fields(Terms(old), Terms(new), on or Ground()))


def meet(old: Terms, new: Terms, on: Ground) -> Terms:
    """What holds at once of a change: of each field the stricter of the two."""
    mine, other = old.settings, new.settings
    features: dict[str, FeatureValue] = {}
    for feature in sorted({*mine.features, *other.features}):
        was, becomes = mine.features.get(feature), other.features.get(feature)
        tight = was if _looser(feature, was, becomes, on) else becomes
        if tight is not None:
            features[feature] = tight
    pair = (mine, other)
    hours = [side.windows for side in pair if side.windows is not None]
    minutes = _least(side.daily_minutes for side in pair)
    unset = any(terms.mode_total or terms.settings.daily_minutes is None for terms in (old, new))
    settings = GuardianSettings(
        daily_minutes=minutes,
        night_allowed=mine.night_allowed and other.night_allowed,
        windows=reduce(both, hours) if hours else None,
        single_fen=_least(side.single_fen for side in pair),
        daily_fen=_least(side.daily_fen for side in pair),
        monthly_fen=_least(side.monthly_fen for side in pair),
        features=features,
        max_rating=_lowest(side.max_rating for side in pair),
    )
    return Terms(settings, mode_total=minutes is not None and unset)


def merged(settings: Iterable[GuardianSettings]) -> GuardianSettings:
    """The strictest of all guardians. One who has set nothing has no say, on the night neither."""
    told = list(dict.fromkeys(one for one in settings if one != NOTHING))
    if len(told) < 2:  # noqa: PLR2004 - nothing to merge
        return told[0] if told else NOTHING
    said: dict[str, list[FeatureValue]] = {}
    for one in told:
        for feature, value in one.features.items():
            said.setdefault(feature, []).append(value)
    windows = [one.windows for one in told if one.windows is not None]
    return GuardianSettings(
        daily_minutes=_least(one.daily_minutes for one in told),
        night_allowed=all(one.night_allowed for one in told),
        windows=reduce(both, windows) if windows else None,
        single_fen=_least(one.single_fen for one in told),
        daily_fen=_least(one.daily_fen for one in told),
        monthly_fen=_least(one.monthly_fen for one in told),
        features={feature: strictest(feature, values) for feature, values in said.items()},
        max_rating=_lowest(one.max_rating for one in told),
    )


def checked(settings: GuardianSettings) -> GuardianSettings:
    """The settings, if a guardian can set them so; ``InvalidRequest`` otherwise."""
    if type(settings) is not GuardianSettings:
        raise InvalidRequest("guardian", "want GuardianSettings")
    for feature, field in SAID_ELSEWHERE.items():
        if feature in settings.features:
            raise InvalidRequest(f"guardian.features.{feature}", f"want guardian.{field} instead")
    if settings.max_rating is not None and _age(settings.max_rating) is None:
        raise InvalidRequest("guardian.max_rating", 'want an age and a plus, as in "12+"')
    return settings


def _least(limits: Iterable[int | None]) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)


def _above(new: int | None, old: int | None) -> bool:
    """Whether a limit is higher than it was; no limit is the highest."""
    return old is not None and (new is None or new > old)


def _age(rating: str | None) -> int | None:
    """The age of ``"12+"``."""
    age = (rating or "").removesuffix("+")
    known = rating is not None and rating.endswith("+") and age.isascii() and age.isdigit()
    return int(age) if known and len(age) <= 2 else None  # noqa: PLR2004 - two digits of an age


def _lowest(ratings: Iterable[str | None]) -> str | None:
    said = [rating for rating in ratings if rating is not None]
    return min(said, key=lambda rating: (_age(rating) or 0, rating), default=None)
