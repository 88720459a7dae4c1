"""The shape of each kind of ``[[rule]]``, with its editions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from minorguard.core.acts import Act
from minorguard.core.calendar import DayKind
from minorguard.core.citation import Provenance
from minorguard.core.limits import Code, Period
from minorguard.core.rules import Mode
from minorguard.core.subject import ADULT, Consent, Identity
from minorguard.packs.basics import (
    Band,
    Changers,
    CitationRef,
    Citations,
    Clock,
    Day,
    Editions,
    Fen,
    Flag,
    Id,
    Minutes,
    Seconds,
    Strict,
    Windows,
    Words,
)


class Edition(Strict):
    """What a rule says from one day up to, not including, another."""

    effective_from: Day
    effective_until: Day | None = None
    repealed_by: CitationRef | None = None
    provenance: Provenance
    citations: Citations
    message: Words | None = None


class WindowEdition(Edition):
    """Hours in which play is open on days of a kind; other days are closed."""

    hours: Windows
    days: DayKind


class QuotaEdition(Edition):
    """Minutes of play in a day, with another number for holidays if there is one."""

    minutes: Minutes
    holiday_minutes: Minutes | None = None


class CapEdition(Edition):
    """Caps on payments, each included."""

    single_fen: Fen | None = None
    daily_fen: Fen | None = None
    monthly_fen: Fen | None = None


class HouseCapEdition(Edition):
    """A cap that the law demands without a number.

    Until it is set, a payment is refused or the answer carries the state.
    """

    period: Period
    missing: Literal["refused", "daily_cap_not_configured", "tip_caps_not_configured"]


class ObligationEdition(Edition):
    """Something that the platform must do: show at login, ask for, see to."""

    obligation: Id


class RestEdition(Edition):
    """A reminder after more than so many minutes without a break."""

    obligation: Id
    after_minutes: Minutes


class ToggleEdition(Edition):
    """A feature's default: on or off, and its value where it has one."""

    on: Flag
    value: Literal["friends", "nobody", "all"] | Seconds | None = None
    changeable_by: Changers = []


class SayEdition(Edition):
    """A condition of a feature, and who may see to it, if this rule is to say so."""

    changeable_by: Changers | None = None


class RealNameEdition(SayEdition):
    """The identities that will do."""

    identity: Annotated[list[Identity], Field(min_length=1)]


class ShieldEdition(Edition):
    """Below which age nobody may write to a minor by default, and whether strangers ever may."""

    nobody_below: Annotated[int, Field(strict=True, ge=0, le=ADULT)] = 0
    strangers: Literal["as_set", "never"] = "as_set"


class CountEdition(Edition):
    """How often in which hours of a day."""

    count_max: Annotated[int, Field(strict=True, ge=0, le=1000)]
    hours: Windows


class HoursEdition(Edition):
    """Hours of every day."""

    hours: Windows


class LessonEdition(Edition):
    """A lesson's length, the break before it and its latest end."""

    minutes_max: Minutes
    break_min: Minutes
    ends_by: Clock


class RuleBase(Strict):
    """What every ``[[rule]]`` has.

    ``mode``: whether it binds only in the minors' mode or only outside it; ``adults_in_mode``: an
    adult account in the mode counts as one of ``ages``. ``reading``: only under these readings.
    """

    id: Id
    title: Words
    acts: Annotated[list[Act], Field(min_length=1)]
    ages: Band = Band()
    mode: Mode = "any"
    adults_in_mode: Flag = False
    reading: dict[str, str] = {}


class IdentityRule(RuleBase):
    """A rule of ``kind = "identity"``: nobody is served before the identity is known."""

    kind: Literal["identity"]
    edition: Editions[Edition]


class WindowRule(RuleBase):
    """A rule of ``kind = "window"``. ``adjust``: the toggle with which a guardian lifts it."""

    kind: Literal["window"]
    adjust: Id | None = None
    edition: Editions[WindowEdition]


class QuotaRule(RuleBase):
    """A rule of ``kind = "quota"``. ``adjust``: the toggle with which a guardian changes it."""

    kind: Literal["quota"]
    adjust: Id | None = None
    edition: Editions[QuotaEdition]


class RestRule(RuleBase):
    """A rule of ``kind = "rest"``. ``adjust``: the toggle with which a guardian changes it."""

    kind: Literal["rest"]
    adjust: Id | None = None
    edition: Editions[RestEdition]


class RefusalRule(RuleBase):
    """A rule of ``kind = "refusal"``: a flat no.

    ``purpose``: of payments only those that top up for tipping; with ``by_default`` also those that
    do not say what they are for.
    """

    kind: Literal["refusal"]
    code: Code
    purpose: Literal["tipping"] | None = None
    by_default: Flag = False
    edition: Editions[Edition]


class CapRule(RuleBase):
    """A rule of ``kind = "cap"``."""

    kind: Literal["cap"]
    edition: Editions[CapEdition]


class HouseCapRule(RuleBase):
    """A rule of ``kind = "house_cap"``."""

    kind: Literal["house_cap"]
    edition: Editions[HouseCapEdition]


class ConfirmRule(RuleBase):
    """A rule of ``kind = "confirm"``: to be confirmed again at half of a cap."""

    kind: Literal["confirm"]
    edition: Editions[ObligationEdition]


class RatingRule(RuleBase):
    """A rule of ``kind = "rating"``."""

    kind: Literal["rating"]
    edition: Editions[Edition]


class AlertRule(RuleBase):
    """A rule of ``kind = "alert"``: what to do about content of a category."""

    kind: Literal["alert"]
    category: Id
    edition: Editions[ObligationEdition]


class FeatureEdition(Edition):
    """A feature closed or kept open by law, and who may change it all the same."""

    changeable_by: Changers = []


class FeatureRule(RuleBase):
    """A rule of ``kind = "feature"`` (closed) or ``"feature_kept"`` (must stay open).

    ``code``: why it is closed. ``unverified_too``: to whoever is not verified, of whatever age.
    """

    kind: Literal["feature", "feature_kept"]
    feature: Id
    code: Literal["feature_forbidden", "feature_off", "age_too_low"] = "feature_forbidden"
    unverified_too: Flag = False
    edition: Editions[FeatureEdition]


class ToggleRule(RuleBase):
    """A rule of ``kind = "toggle"``: a default."""

    kind: Literal["toggle"]
    feature: Id
    edition: Editions[ToggleEdition]


class ConsentRule(RuleBase):
    """A rule of ``kind = "consent"``: a feature, or a payment, that waits for a consent."""

    kind: Literal["consent"]
    feature: Id
    consent: Consent
    edition: Editions[SayEdition]


class RealNameRule(RuleBase):
    """A rule of ``kind = "real_name"``: a feature, or a payment, that waits for an identity."""

    kind: Literal["real_name"]
    feature: Id
    edition: Editions[RealNameEdition]


class FeatureDutyRule(RuleBase):
    """A rule of ``kind = "feature_duty"``: what goes with opening a feature."""

    kind: Literal["feature_duty"]
    feature: Id
    edition: Editions[ObligationEdition]


class LeavingRule(RuleBase):
    """A rule of ``kind = "leaving"``: the mode is left only by a guardian's leave."""

    kind: Literal["leaving"]
    edition: Editions[Edition]


class LeavingHoursRule(RuleBase):
    """A rule of ``kind = "leaving_hours"``: when the mode may be left at all."""

    kind: Literal["leaving_hours"]
    edition: Editions[HoursEdition]


class ShieldRule(RuleBase):
    """A rule of ``kind = "shield"``: who may write to a minor."""

    kind: Literal["shield"]
    edition: Editions[ShieldEdition]


class CountRule(RuleBase):
    """A rule of ``kind = "count"``: how often a feature may be used. ``name``: what is counted."""

    kind: Literal["count"]
    feature: Id
    name: Id
    edition: Editions[CountEdition]


class PageRule(RuleBase):
    """A rule of ``kind = "page"``: what may not be on a course page."""

    kind: Literal["page"]
    code: Literal[
        "course_unreviewed",
        "comments_need_review",
        "ads_forbidden",
        "popup_forbidden",
        "game_link_forbidden",
        "nonprofit_commercialised",
    ]
    edition: Editions[Edition]


class LessonRule(RuleBase):
    """A rule of ``kind = "lesson"``."""

    kind: Literal["lesson"]
    edition: Editions[LessonEdition]


class LoginNoticeRule(RuleBase):
    """A rule of ``kind = "login_notice"``."""

    kind: Literal["login_notice"]
    edition: Editions[ObligationEdition]


RuleSpec = (
    IdentityRule
    | WindowRule
    | QuotaRule
    | RestRule
    | RefusalRule
    | CapRule
    | HouseCapRule
    | ConfirmRule
    | RatingRule
    | AlertRule
    | FeatureRule
    | ToggleRule
    | ConsentRule
    | RealNameRule
    | FeatureDutyRule
    | LeavingRule
    | LeavingHoursRule
    | ShieldRule
    | CountRule
    | PageRule
    | LessonRule
    | LoginNoticeRule
)
