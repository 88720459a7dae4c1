"""The counterfactual: what would turn a refusal into a yes, and what a setting cannot do.

Every answer here is found by asking the law again, never by reading a rule's mind: a change is
named only if the changed request is allowed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from typing import TYPE_CHECKING, Literal, NamedTuple

from minorguard.core.acts import Show, Spend, Use
from minorguard.core.calendar import ZONE
from minorguard.core.hours import ALWAYS, both
from minorguard.core.rules import rated_age
from minorguard.core.settings import closes
from minorguard.core.subject import FOREVER, attained_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minorguard.core.acts import Request
    from minorguard.core.decision import Decision
    from minorguard.core.policy import Law
    from minorguard.core.rules import Rule
    from minorguard.core.ruling import Ruling
    from minorguard.core.subject import GuardianSettings
    from minorguard.core.usage import Usage

OFFICIAL_RATINGS = ("16+", "12+", "8+")
AGES_TO_WAIT_FOR = (8, 12, 16, 18)
MONTH_DAYS_MAX = 31


class Change(NamedTuple):
    """One thing to be different. All the changes of a decision together turn it into a yes.

    ``verify``: verify the identity. ``wait``: ask at ``at``. ``amount``: ask for ``fen`` or less.
    ``rating``: show content rated ``rating`` or lower. ``guardian``: the guardian lifts the
    settings. ``age`` is set where waiting is for that age to be reached.
    """

    kind: Literal["verify", "wait", "amount", "rating", "guardian"]
    at: datetime | None = None
    fen: int | None = None
    rating: str | None = None
    age: int | None = None


class _Ask(NamedTuple):
    """A question under change: the request, what will have been used, and when."""

    law: Law
    request: Request
    usage: Usage
    at: datetime

    def answer(self) -> Decision:
        return self.law.decide(self.request, at=self.at, usage=self.usage)

    def who(self, **differently: object) -> _Ask:
        subject = replace(self.request.subject, **differently)  # type: ignore[arg-type]
        return self._replace(request=replace(self.request, subject=subject))

    def later(self, at: datetime) -> _Ask:
        """At a later instant, when a new day or month has begun to count anew."""
        used = self.usage
        if at.date() != self.at.date():
            used = replace(used, played_today_s=0, continuous_s=0, spent_today_fen=0)
        if (at.year, at.month) != (self.at.year, self.at.month):
            used = replace(used, spent_month_fen=0)
        return self._replace(at=at, usage=used)


def changes_of(decision: Decision) -> tuple[Change, ...]:
    """The changes that turn a refusal into a yes; empty if it is one or nothing known would."""
    ask = _Ask(decision.segment.law, decision.request, decision.usage, decision.at)
    if decision.allowed:
        return ()
    for grow in (False, True):  # to grow up is the last thing to suggest
        for steps, after in _first_steps(ask):
            for step, changed in _second_steps(after, grow=grow):
                if changed.answer().allowed:
                    return (*steps, *step)
    return ()


def _first_steps(ask: _Ask) -> Iterator[tuple[tuple[Change, ...], _Ask]]:
    """As it is, with the identity verified, and with the guardian's settings lifted as well."""
    asks: list[tuple[tuple[Change, ...], _Ask]] = [((), ask)]
    if ask.request.subject.identity != "verified":
        asks.append(((Change("verify"),), ask.who(identity="verified")))
    yield from asks
    if ask.request.subject.guardian is not None:
        for steps, asked in asks:
            yield (*steps, Change("guardian")), asked.who(guardian=None)


def _second_steps(ask: _Ask, *, grow: bool) -> Iterator[tuple[tuple[Change, ...], _Ask]]:
    """No more than that; less; later; and less later."""
    yield (), ask
    yield from _less(ask)
    for change, later in _waits(ask, grow=grow):
        yield (change,), later
        for less, changed in _less(later):
            yield (change, *less), changed


def _less(ask: _Ask) -> Iterator[tuple[tuple[Change, ...], _Ask]]:
    request = ask.request
    if isinstance(request, Spend):
        fen = ask.answer().remaining_fen
        if fen:
            yield (Change("amount", fen=fen),), ask._replace(request=replace(request, fen=fen))
    if isinstance(request, Show) and request.rating is not None:
        wanted = rated_age(ask.law.ratings, request.rating)
        for rating in OFFICIAL_RATINGS:
            if rated_age(ask.law.ratings, rating) < wanted:
                lower = replace(request, rating=rating)
                yield (Change("rating", rating=rating),), ask._replace(request=lower)


def _waits(ask: _Ask, *, grow: bool) -> Iterator[tuple[Change, _Ask]]:
    """The instants worth waiting for, the nearest first: birthdays too, if one is to grow."""
    subject, reading = ask.request.subject, ask.law.age_reading
    birthdays: dict[datetime, int] = {}
    if subject.born is not None:
        for age in AGES_TO_WAIT_FOR:
            day = attained_on(subject.born, age, reading)
            birthdays[datetime(day.year, day.month, day.day, tzinfo=ZONE)] = age
    turns = set(birthdays) if grow else set[datetime]()
    opening = ask.answer().opening
    if opening is not None:
        turns.add(opening)
    if isinstance(ask.request, Spend):
        midnight = ask.at.replace(hour=0, minute=0, second=0)
        in_next_month = midnight.replace(day=1) + timedelta(days=MONTH_DAYS_MAX)
        turns |= {midnight + timedelta(days=1), in_next_month.replace(day=1)}
    for at in sorted(turns):
        if at > ask.at:
            yield Change("wait", at=at, age=birthdays.get(at)), ask.later(at)


# -- what a guardian's setting cannot do ---------------------------------------------------------


def overreach_of(decision: Decision) -> tuple[str, ...]:
    """The guardian's settings that try to allow what the law does not, by their names.

    They have no effect: a setting can only tighten. Only those that bear on this act are named.
    """
    guardian = decision.request.subject.guardian
    if guardian is None:
        return ()
    ruling = decision.segment.ruling
    named = {*_wide_hours(guardian, ruling), *_high_numbers(ruling), *_opened(guardian, decision)}
    return tuple(sorted(named))


def _wide_hours(guardian: GuardianSettings, ruling: Ruling) -> Iterator[str]:
    law_hours = reduce(both, (w.hours for w in ruling.windows if not _by_guardian(w.rule)), ALWAYS)
    if guardian.night_allowed and law_hours != ALWAYS:
        yield "night_allowed"
    for window in ruling.windows:
        if _by_guardian(window.rule) and both(window.hours, law_hours) != window.hours:
            yield "windows"


def _high_numbers(ruling: Ruling) -> Iterator[str]:
    numbers = [("daily_minutes", quota.rule, quota.quota_s) for quota in ruling.quotas]
    numbers += [(f"{cap.period}_fen", cap.rule, cap.cap_fen) for cap in ruling.caps]
    for name, rule, number in numbers:
        if _by_guardian(rule) and any(
            other < number for other_name, by, other in numbers
            if other_name == name and not _by_guardian(by)
        ):  # fmt: skip
            yield name


def _opened(guardian: GuardianSettings, decision: Decision) -> Iterator[str]:
    request, law = decision.request, decision.segment.law
    refused = {o.code for o in decision.segment.ruling.objections if not _by_guardian(o.rule)}
    if isinstance(request, Use):
        value = guardian.features.get(request.feature)
        opened = bool(value) and "feature_forbidden" in refused
        shut = value is not None and closes(value) and request.feature in law.guardian_basis.kept
        if opened or shut:
            yield f"features.{request.feature}"
    elif isinstance(request, Show) and "rating_too_high" in refused:
        shown, highest = (
            rated_age(law.ratings, label) if label else FOREVER
            for label in (request.rating, guardian.max_rating)
        )
        if guardian.max_rating and shown <= highest:
            yield "max_rating"


def _by_guardian(rule: Rule) -> bool:
    return rule.head.pack == "guardian"
