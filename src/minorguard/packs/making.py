"""One edition of one rule, from its shape in a file to the rule of the core."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from minorguard.core.courses import LessonRule, PageRule
from minorguard.core.encounters import CountCap, Shield
from minorguard.core.hours import hours_of, second_of_day
from minorguard.core.modes import LeavingHours, LeavingMode, ModeHours, ModeTotal, RestReminder
from minorguard.core.rules import (
    ConfirmPayment,
    DailyQuota,
    HouseCap,
    IdentityGate,
    LoginNotice,
    PlayWindow,
    Refusal,
    SpendingCap,
)
from minorguard.core.shown import AgeRating, Alert
from minorguard.core.toggles import (
    ConsentGate,
    FeatureBan,
    FeatureDuty,
    FeatureRule,
    GuestBan,
    RealName,
    Toggle,
)
from minorguard.core.uses import Lesson, Message, ModeSwitch, Page
from minorguard.errors import InvalidPack
from minorguard.packs import rule_shapes as shapes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minorguard.core.hours import Hours
    from minorguard.core.rules import Head, Rule
    from minorguard.core.shown import Ratings
    from minorguard.core.subject import AgeReading


class Made(NamedTuple):
    """Where a rule stands, for what is wrong with it, and what it needs to know of the rest."""

    file: str
    key: str
    ratings: Ratings
    readings: Mapping[str, str]

    def hours(self, windows: list[tuple[str, str]]) -> Hours:
        """``[["20:00", "21:00"]]`` as seconds."""
        return hours_from(windows, self.file, self.key)


def hours_from(windows: list[tuple[str, str]], file: str, key: str) -> Hours:
    """``[["20:00", "21:00"]]`` as seconds; a window must begin before it ends."""
    spans = [(second_of_day(start), second_of_day(end)) for start, end in windows]
    if any(start >= end for start, end in spans):
        raise InvalidPack(file, key, "a window must begin before it ends")
    return hours_of(spans)


def rule_of(head: Head, rule: shapes.RuleSpec, edition: shapes.Edition, made: Made) -> Rule | None:
    """The rule; ``None`` where an edition does not fit its kind."""
    return (
        _of_time(head, rule, edition, made)
        or _of_money(head, rule, edition, made)
        or _of_features(head, rule, edition)
        or _of_others(head, rule, edition, made)
    )


def _of_time(head: Head, rule: shapes.RuleSpec, edition: shapes.Edition, made: Made) -> Rule | None:
    match rule, edition:
        case shapes.IdentityRule(), _:
            return IdentityGate(head, deny_pending=made.readings["pending"] == "deny")
        case shapes.WindowRule(), shapes.WindowEdition():
            hours = made.hours(edition.hours)
            if rule.adjust is None:
                return PlayWindow(head, hours, edition.days)
            return ModeHours(head, hours, edition.days, adjust=rule.adjust)
        case shapes.QuotaRule(), shapes.QuotaEdition():
            holiday = edition.holiday_minutes
            holiday = edition.minutes if holiday is None else holiday
            if rule.adjust is None:
                return DailyQuota(head, edition.minutes * 60, holiday * 60)
            return ModeTotal(head, edition.minutes * 60, holiday * 60, adjust=rule.adjust)
        case shapes.RestRule(), shapes.RestEdition():
            after_s = edition.after_minutes * 60
            return RestReminder(head, after_s, edition.obligation, rule.adjust or "")
        case shapes.LoginNoticeRule(), shapes.ObligationEdition():
            return LoginNotice(head, edition.obligation)
        case _:
            return None


def _of_money(
    head: Head, rule: shapes.RuleSpec, edition: shapes.Edition, made: Made
) -> Rule | None:
    match rule, edition:
        case shapes.RefusalRule(), _:
            return Refusal(head, rule.code, rule.purpose, rule.by_default)
        case shapes.CapRule(), shapes.CapEdition():
            caps = (edition.single_fen, edition.daily_fen, edition.monthly_fen)
            if caps == (None, None, None):
                reason = "a cap needs single_fen, daily_fen or monthly_fen"
                raise InvalidPack(made.file, made.key, reason)
            return SpendingCap(head, *caps)
        case shapes.HouseCapRule(), shapes.HouseCapEdition():
            missing = edition.missing
            return HouseCap(head, edition.period, None if missing == "refused" else missing)
        case shapes.ConfirmRule(), shapes.ObligationEdition():
            return ConfirmPayment(head, edition.obligation)
        case _:
            return None


def _of_features(head: Head, rule: shapes.RuleSpec, edition: shapes.Edition) -> Rule | None:
    match rule, edition:
        case shapes.FeatureRule(kind="feature_kept"), shapes.FeatureEdition():
            return FeatureRule(head, rule.feature, tuple(edition.changeable_by))
        case shapes.FeatureRule(), shapes.FeatureEdition():
            kind = GuestBan if rule.unverified_too else FeatureBan
            return kind(head, rule.feature, tuple(edition.changeable_by), code=rule.code)
        case shapes.ToggleRule(), shapes.ToggleEdition():
            by = tuple(edition.changeable_by)
            return Toggle(head, rule.feature, by, edition.value, on=edition.on)
        case shapes.ConsentRule(), shapes.SayEdition():
            return ConsentGate(head, rule.feature, _say(edition), consent=rule.consent)
        case shapes.RealNameRule(), shapes.RealNameEdition():
            identities = frozenset[str](edition.identity)
            return RealName(head, rule.feature, _say(edition), identities=identities)
        case shapes.FeatureDutyRule(), shapes.ObligationEdition():
            return FeatureDuty(head, rule.feature, None, obligation=edition.obligation)
        case _:
            return None


def _say(edition: shapes.SayEdition) -> tuple[str, ...] | None:
    return None if edition.changeable_by is None else tuple(edition.changeable_by)


def _of_others(
    head: Head, rule: shapes.RuleSpec, edition: shapes.Edition, made: Made
) -> Rule | None:
    match rule, edition:
        case shapes.RatingRule(), _:
            return AgeRating(head, made.ratings)
        case shapes.AlertRule(), shapes.ObligationEdition():
            return Alert(head, rule.category, edition.obligation)
        case shapes.LeavingRule(), _:
            return LeavingMode(head, ModeSwitch.feature, None)
        case shapes.LeavingHoursRule(), shapes.HoursEdition():
            return LeavingHours(head, ModeSwitch.feature, None, hours=made.hours(edition.hours))
        case shapes.ShieldRule(), shapes.ShieldEdition():
            return Shield(
                head,
                Message.feature,
                None,
                age_reading=cast("AgeReading", made.readings["age_attainment"]),
                nobody_below=edition.nobody_below,
                strangers=edition.strangers,
            )
        case shapes.CountRule(), shapes.CountEdition():
            hours = made.hours(edition.hours)
            return CountCap(
                head,
                rule.feature,
                None,
                name=rule.name,
                count_max=edition.count_max,
                hours=hours,
            )
        case shapes.PageRule(), _:
            return PageRule(head, Page.feature, None, code=rule.code)
        case shapes.LessonRule(), shapes.LessonEdition():
            return LessonRule(
                head,
                Lesson.feature,
                None,
                minutes_max=edition.minutes_max,
                break_min=edition.break_min,
                ends_by_s=second_of_day(edition.ends_by),
            )
        case _:
            return None
