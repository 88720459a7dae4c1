"""The counterfactual: what would turn a refusal into a yes, and what a setting cannot do.

Every answer here is found by asking the law again, never by reading a rule's mind: a change is
named only if the changed request is allowed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import MAXYEAR, datetime, timedelta
from functools import reduce
from typing import TYPE_CHECKING, Literal, NamedTuple

from minorguard.core.acts import Show, Spend, Use
from minorguard.core.calendar import ZONE
from minorguard.core.hours import ALWAYS, both
from minorguard.core.shown import rated_age
from minorguard.core.subject import FOREVER, Ages, attained_on
from minorguard.core.toggles import ConsentGate, closes
from minorguard.core.uses import ModeSwitch

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
MONTH_DAYS_MAX = 31
DECEMBER = 12


class Change(NamedTuple):
    """One thing to be different. All the changes of a decision together turn it into a yes.

    ``verify``: verify the identity. ``wait``: ask at ``at``. ``amount``: ask for ``fen`` or less.
    ``rating``: show content rated ``rating`` or lower. ``guardian``: the guardian lifts the
    settings. ``age``: prove to have reached ``age``, for somebody of unknown age; it is also set
    where waiting is for that age to be reached. ``session``: log in with a new session.
    ``order``: ask with a new order id. ``consent``: obtain that ``consent``. ``mode``: enter the
    minors' mode. ``vouch``: have a guardian verified.
    """

    kind: Literal[
        "verify", "wait", "amount", "rating", "guardian", "age", "session", "order", "consent",
        "mode", "vouch",
    ]  # fmt: skip
    at: datetime | None = None
    fen: int | None = None
    rating: str | None = None
    age: int | None = None
    consent: str | None = None


class _Ask(NamedTuple):
    """A question under change: the request, what will have been used, and when."""

    law: Law
    request: Request
    usage: Usage
    at: datetime

    def answer(self) -> Decision:
        return self.law.decide(self.request, at=self.at, usage=self.usage)

    def who(self, **differently: object) -> _Ask:
        subject = replace(self.request.subject, **differently)  # type: ignore[arg-type]  # ours
        return self._replace(request=replace(self.request, subject=subject))

    def later(self, at: datetime) -> _Ask:
        """At a later instant, when a new day or month has begun to count anew."""
        used = self.usage
        if at.date() != self.at.date():
            used = replace(used, played_today_s=0, continuous_s=0, spent_today_fen=0)
        if (at.year, at.month) != (self.at.year, self.at.month):
            used = replace(used, spent_month_fen=0)
        return self._replace(at=at, usage=used)


_Step = tuple[tuple[Change, ...], _Ask]
"""Changes made, and the question that they leave."""


def changes_of(decision: Decision) -> tuple[Change, ...]:
    """The changes that turn a refusal into a yes; empty if it is one or nothing known would."""
    ask = _Ask(decision.segment.law, decision.request, decision.usage, decision.at)
    if decision.allowed:
        return ()
    plain, lifted = _asks(ask), _lifted(ask)
    for asks, look in (
        (plain, _now),
        (plain, _waiting),
        (lifted, _now),
        (lifted, _waiting),
        (plain, _growing),
        (plain, _proving),
    ):
        for steps, after in asks:
            for step, changed in look(after):
                if changed.answer().allowed:
                    return (*steps, *step)
    return ()


def _asks(ask: _Ask) -> list[_Step]:
    """As it is, and with what can be had first: an identity, consents, the mode, a guardian."""
    found: list[_Step] = [((), ask)]
    for way in (_verified, _consented, _entered, _vouched):
        found += [
            ((*steps, *step), changed) for steps, asked in found for step, changed in way(asked)
        ]
    return sorted(found, key=_length)


def _length(step: _Step) -> int:
    return len(step[0])


def _verified(ask: _Ask) -> Iterator[_Step]:
    if ask.request.subject.identity != "verified":
        yield (Change("verify"),), ask.who(identity="verified")


def _consented(ask: _Ask) -> Iterator[_Step]:
    """With every consent that is missing."""
    rules = (objection.rule for objection in ask.answer().segment.ruling.objections)
    missing = sorted({rule.consent for rule in rules if isinstance(rule, ConsentGate)})
    missing = [name for name in missing if name not in ask.request.subject.consents]
    if missing:
        consents = ask.request.subject.consents.union(missing)
        steps = tuple(Change("consent", consent=name) for name in missing)
        yield steps, ask.who(consents=consents)


def _entered(ask: _Ask) -> Iterator[_Step]:
    objections = ask.answer().segment.ruling.objections
    if any(objection.rule.head.mode == "out" for objection in objections):
        yield (Change("mode"),), ask.who(minors_mode=True)


def _vouched(ask: _Ask) -> Iterator[_Step]:
    request = ask.request
    if not isinstance(request, Use) or not isinstance(request.about, ModeSwitch):
        return
    if not request.about.guardian_verified:
        vouched = replace(request, about=replace(request.about, guardian_verified=True))
        yield (Change("vouch"),), ask._replace(request=vouched)


def _lifted(ask: _Ask) -> list[_Step]:
    """The same with the guardian's settings lifted."""
    if ask.request.subject.guardian is None:
        return []
    return [((*steps, Change("guardian")), asked.who(guardian=None)) for steps, asked in _asks(ask)]


def _now(ask: _Ask) -> Iterator[_Step]:
    """No more than that, or less."""
    yield (), ask
    yield from _less(ask)


def _waiting(ask: _Ask) -> Iterator[_Step]:
    """Later, or less later; the nearest instant first."""
    opening = ask.answer().opening
    turns = set[datetime]() if opening is None else {opening}
    if isinstance(ask.request, Spend):
        midnight = ask.at.replace(hour=0, minute=0, second=0)
        if (midnight.year, midnight.month) < (MAXYEAR, DECEMBER):
            in_next_month = midnight.replace(day=1) + timedelta(days=MONTH_DAYS_MAX)
            turns |= {midnight + timedelta(days=1), in_next_month.replace(day=1)}
    second = ask.at.hour * 3600 + ask.at.minute * 60 + ask.at.second
    midnight = ask.at - timedelta(seconds=second)
    for count in ask.answer().segment.ruling.counts:
        ends = (end for start, end in count.hours if start <= second < end)
        turns |= {midnight + timedelta(seconds=end) for end in ends}
    birthdays = {day: age for age, day in _birthdays(ask)}
    yield from _later(ask, {at: birthdays.get(at) for at in turns})


def _growing(ask: _Ask) -> Iterator[_Step]:
    """When an age is reached: the last thing to suggest, and for a feature never."""
    if not isinstance(ask.request, Use):
        yield from _later(ask, {day: age for age, day in _birthdays(ask)})


def _proving(ask: _Ask) -> Iterator[_Step]:
    """For somebody of unknown age: by proving to be old enough."""
    known = ask.request.subject.age
    if ask.request.subject.born is None:
        for age in (e for e in ask.law.age_edges(ask.request) if known.at_least < e < known.below):
            yield (Change("age", age=age),), ask.who(age=Ages(age))


def _later(ask: _Ask, turns: dict[datetime, int | None]) -> Iterator[_Step]:
    for at in sorted(turns):
        if at > ask.at:
            change, later = Change("wait", at=at, age=turns[at]), ask.later(at)
            yield (change,), later
            for less, changed in _less(later):
                yield (change, *less), changed


def _birthdays(ask: _Ask) -> Iterator[tuple[int, datetime]]:
    """The midnights at which an age that matters to this request is reached."""
    born = ask.request.subject.born
    if born is None:
        return
    for age in ask.law.age_edges(ask.request):
        if born.year + age >= MAXYEAR:
            return
        day = attained_on(born, age, ask.law.age_reading)
        yield age, datetime(day.year, day.month, day.day, tzinfo=ZONE)


def _less(ask: _Ask) -> Iterator[_Step]:
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


# -- what a guardian's setting cannot do ---------------------------------------------------------


def overreach_of(decision: Decision) -> tuple[str, ...]:
    """The guardian's settings that try to allow what the law does not, by their names.

    They have no effect: a setting can only tighten. Only those that bear on this act are named.
    """
    subject, segment = decision.request.subject, decision.segment
    guardian = subject.guardian
    if guardian is None or subject.ages_on(segment.day, segment.law.age_reading).adult:
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
