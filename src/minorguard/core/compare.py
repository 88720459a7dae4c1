"""Two laws compared by what they answer: who may do what, on which days, at which hours.

Both are asked the same questions about the same days: every act, every age, every identity. So
two instants, two readings, a law and a house's rules are compared in one way, and a change of
words that changes no answer is no change. Answers turn only at the edges of hours, so flips are
spans and not minutes; they are the same as those of a comparison minute by minute.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, get_args

from minorguard.core.acts import Act, Play, Show, Spend, Use
from minorguard.core.answers import DayAnswer, answer_of, binding
from minorguard.core.dayfacts import facts_of
from minorguard.core.hours import DAY_S, Hours, both
from minorguard.core.limits import Note
from minorguard.core.rules import EVER
from minorguard.core.subject import ANY_AGE, FOREVER, Ages, Identity, Subject
from minorguard.core.toggles import FeatureBan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from minorguard.core.acts import Request
    from minorguard.core.dayfacts import DayFacts
    from minorguard.core.limits import Limit
    from minorguard.core.policy import Law
    from minorguard.core.rules import Rule
    from minorguard.core.ruling import Ruling

ACTS: tuple[Act, ...] = get_args(Act)

ASKED_AS: tuple[Identity, ...] = ("verified", "pending", "phone", "none")
"""The identities that a comparison asks as; what it finds for several alike is reported once."""


# -- what is compared ----------------------------------------------------------------------------


class Side(NamedTuple):
    """One of the two laws: as in force on each day, or on all days as it was ``as_of`` one day.

    ``name`` says what else is told apart by it, a house file's name.
    """

    law: Law
    as_of: date | None = None
    name: str = ""

    @property
    def asked(self) -> Law:
        """The law that is asked."""
        return self.law if self.as_of is None else held(self.law, self.as_of)


def held(law: Law, day: date) -> Law:
    """The law of one day for all time: its editions neither commence nor end."""
    ordinal = day.toordinal()
    rules = (_timeless(rule) for rule in law.rules if in_force(rule, ordinal))
    coverages = (c._replace(since=0 if c.since <= ordinal else EVER) for c in law.coverages)
    return replace(law, rules=tuple(rules), coverages=tuple(coverages))


def in_force(rule: Rule, day: int) -> bool:
    """Whether the edition is in force on that day (an ordinal)."""
    return rule.head.since <= day < rule.head.until


def _timeless(rule: Rule) -> Rule:
    return replace(rule, head=rule.head._replace(since=0, until=EVER))


class Ask(NamedTuple):
    """One question: the act, its ``detail`` (a feature, a rating), and as whom it is asked."""

    act: Act
    detail: str
    identity: Identity

    @property
    def request(self) -> Request:
        """The least such request: of money, one fen."""
        person = Subject("compare", identity=self.identity)
        match self.act:
            case "play":
                return Play(person)
            case "use":
                return Use(person, self.detail)
            case "show":
                return Show(person, rating=self.detail)
            case "purchase" | "tip":
                return Spend(person, fen=1, on=self.act)


def asks_of(*laws: Law, acts: frozenset[str] = frozenset()) -> Iterator[Ask]:
    """Every question about the acts, or else about those that one of these laws covers."""
    acts = acts or frozenset(act for law in laws for c in law.coverages for act in c.acts)
    known = {feature for law in laws for feature in law.features & law.catalogue}
    banned = {rule.feature for law in laws for rule in law.rules if isinstance(rule, FeatureBan)}
    details = {"use": sorted(known | banned), "show": _labels(laws)}
    for act in ACTS:
        if act in acts:
            for detail in details.get(act, [""]):
                yield from (Ask(act, detail, identity) for identity in ASKED_AS)


def _labels(laws: Iterable[Law]) -> list[str]:
    """One rating for each age that a rating may mean, an official one where there is one."""
    ages: dict[int, str] = {}
    for label, age in sorted({rating for law in laws for rating in law.ratings}):
        if age not in ages or (":" in ages[age] and ":" not in label):
            ages[age] = label
    return [ages[age] for age in sorted(ages)]


class Who(NamedTuple):
    """Whose answers: a band of ages under the old law and under the new one, or an age unknown.

    The two differ only on a birthday on which the two readings of ``age_attainment`` do.
    """

    old: Ages
    new: Ages
    known: bool = True

    @property
    def birthday(self) -> int | None:
        """The birthday that is meant, where it is the day of a birthday."""
        return None if self.old == self.new else max(self.old.at_least, self.new.at_least)


def whos_of(old: Law, new: Law, request: Request) -> Iterator[Who]:
    """The ages that no rule tells apart, an unknown age, and birthdays where they matter."""
    edges = sorted({*old.age_edges(request), *new.age_edges(request)})
    bands = [Ages(*band) for band in pairwise((0, *edges, FOREVER))]
    yield from (Who(band, band) for band in bands)
    yield Who(ANY_AGE, ANY_AGE, known=False)
    if old.age_reading != new.age_reading:
        for younger, older in pairwise(bands):
            late = new.age_reading == "day_after_birthday"
            yield Who(older, younger) if late else Who(younger, older)


# -- what differs --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pattern:
    """Days (ordinals) on which the old law says one thing and the new law another, or the same."""

    old: DayAnswer
    new: DayAnswer
    days: tuple[int, ...]

    @property
    def changed(self) -> bool:
        """Whether the two answers differ."""
        return self.old != self.new

    @property
    def opened(self) -> Hours:
        """The hours at which the answer was no and is yes."""
        return less(self.new.hours, self.old.hours)

    @property
    def closed(self) -> Hours:
        """The hours at which the answer was yes and is no."""
        return less(self.old.hours, self.new.hours)

    @property
    def tightens(self) -> bool:
        """Whether something is refused, or ends earlier, that was not."""
        lowered = zip(self.new.caps, self.old.caps, strict=True)
        return (
            bool(self.closed)
            or self.new.open_s < self.old.open_s
            or any(new is not None and (old is None or new < old) for new, old in lowered)
        )

    @property
    def loosens(self) -> bool:
        """Whether something is allowed, or lasts longer, that was not."""
        return Pattern(self.new, self.old, self.days).tightens


def less(left: Hours, right: Hours) -> Hours:
    """The hours that lie in the left and not in the right."""
    ends = (0, *(edge for span in right for edge in span), DAY_S)
    return both(left, tuple(zip(ends[::2], ends[1::2], strict=True)))


class Seconds(NamedTuple):
    """Seconds of use in all days compared: under the old law, the new one, gained and lost."""

    old: int
    new: int
    gained: int
    lost: int


class Outcome(NamedTuple):
    """What is answered to people who are answered alike, on all days of the comparison."""

    act: Act
    detail: str
    identities: tuple[Identity, ...]
    whos: tuple[Who, ...]
    patterns: tuple[Pattern, ...]

    @property
    def changes(self) -> tuple[Pattern, ...]:
        """The days on which the two laws differ."""
        return tuple(pattern for pattern in self.patterns if pattern.changed)

    @property
    def seconds(self) -> Seconds:
        """How much time the two laws give; a quota counts."""
        turns = [(p.new.open_s - p.old.open_s, len(p.days)) for p in self.patterns]
        return Seconds(
            old=sum(p.old.open_s * len(p.days) for p in self.patterns),
            new=sum(p.new.open_s * len(p.days) for p in self.patterns),
            gained=sum(turn * days for turn, days in turns if turn > 0),
            lost=sum(-turn * days for turn, days in turns if turn < 0),
        )

    @property
    def ask(self) -> Ask:
        """The question, as the first of those who are answered alike asks it."""
        return Ask(self.act, self.detail, self.identities[0])


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """All answers of two laws on the days from ``first`` to ``last``."""

    old: Side
    new: Side
    first: date
    last: date
    outcomes: tuple[Outcome, ...]

    @property
    def days(self) -> int:
        """How many days were compared."""
        return self.last.toordinal() - self.first.toordinal() + 1

    @property
    def changed(self) -> tuple[Outcome, ...]:
        """Those who are answered differently, on some day at least."""
        return tuple(outcome for outcome in self.outcomes if outcome.changes)

    def facts(self, day: int) -> DayFacts:
        """What there is to say about a day (an ordinal)."""
        return facts_of(day, self.old.law.calendar, self.new.law.calendar)

    def because(self, outcome: Outcome, pattern: Pattern) -> Because:
        """The rules that make the difference on such days."""
        request, who, day = outcome.ask.request, outcome.whos[0], pattern.days[0]
        states = {*pattern.old.notes} ^ {*pattern.new.notes}
        old, new = (
            _Speaking(held(side.law, side.as_of or date.fromordinal(day)), request, ages, day)
            for side, ages in ((self.old, who.old), (self.new, who.new))
        )
        before, after = old.rules(states), new.rules(states)
        shared = [rule for rule in before if rule in after]
        parted = tuple(rule for rule in shared if old.says(rule) != new.says(rule))
        if before == after:
            return Because(parted or before, parted or after)
        return Because(
            (*parted, *new.touched_by(rule for rule in before if rule not in shared)),
            (*parted, *old.touched_by(rule for rule in after if rule not in shared)),
        )


class Because(NamedTuple):
    """The rules of the old law and of the new one that a change rests on.

    They are the same where one rule is read in two ways; else those that only one law has.
    """

    old: tuple[Rule, ...]
    new: tuple[Rule, ...]


class _Speaking(NamedTuple):
    """One law asked one question about one day."""

    law: Law
    request: Request
    ages: Ages
    day: int

    def rules(self, states: set[str]) -> tuple[Rule, ...]:
        """The rules that refuse, limit or note one of the states."""
        noting = (
            rule
            for rule in self.law.rules
            if rule.governs(self.request, self.ages)
            for limit in self.says(rule)
            if isinstance(limit, Note) and limit.state in states
        )
        return tuple(dict.fromkeys((*binding(self._ruling(self.law)), *noting)))

    def says(self, rule: Rule) -> tuple[Limit, ...]:
        """What a rule says here, by this law's calendar."""
        return tuple(rule.limits(self.request, self.ages, self.day, self.law.calendar))

    def touched_by(self, rules: Iterable[Rule]) -> tuple[Rule, ...]:
        """Those of another law's rules that would change this answer, or all if none would."""
        rules = tuple(rules)
        answer = answer_of(self._ruling(self.law))
        touching = (
            rule for rule in rules if answer_of(self._ruling(self.law.adding([rule]))) != answer
        )
        return tuple(touching) or rules

    def _ruling(self, law: Law) -> Ruling:
        return law.ruling(self.request, self.ages, self.day)


def compare(
    old: Side, new: Side, first: date, last: date, asks: Iterable[Ask] | None = None
) -> Comparison:
    """Ask two laws the same questions about every day from ``first`` to ``last``.

    ``compare(Side(law, a), Side(law, b), ...)`` compares two instants, each law held still over
    the same days; two laws loaded under different readings, or one tightened by a house, are
    compared as in force on each day.
    """
    before, after = old.asked, new.asked
    days = alike_days(before, after, first, last)
    found: dict[tuple[Act, str, tuple[Who, ...], tuple[Pattern, ...]], list[Identity]] = {}
    for ask in asks_of(before, after) if asks is None else asks:
        request = ask.request
        answered_alike: dict[tuple[Pattern, ...], list[Who]] = {}
        for who in whos_of(before, after, request):
            patterns = _patterns(before, after, request, who, days)
            answered_alike.setdefault(patterns, []).append(who)
        for patterns, whos in answered_alike.items():
            key = (ask.act, ask.detail, _joined(whos), patterns)
            found.setdefault(key, []).append(ask.identity)
    outcomes = (
        Outcome(act, detail, tuple(identities), whos, patterns)
        for (act, detail, whos, patterns), identities in found.items()
    )
    return Comparison(old, new, first, last, tuple(outcomes))


def _patterns(
    old: Law, new: Law, request: Request, who: Who, days: Iterable[AlikeDays]
) -> tuple[Pattern, ...]:
    by_answers: dict[tuple[DayAnswer, DayAnswer], list[int]] = {}
    settled: dict[int, tuple[DayAnswer, DayAnswer]] = {}
    for alike in days:
        answers = settled.get(alike.edition)
        if answers is None:
            before = old.ruling(request, who.old, alike.days[0])
            after = new.ruling(request, who.new, alike.days[0])
            answers = (answer_of(before), answer_of(after))
            if not (before.on_calendar or after.on_calendar):
                settled[alike.edition] = answers  # the same on every day of the editions
        by_answers.setdefault(answers, []).extend(alike.days)
    patterns = (Pattern(*answers, tuple(sorted(days))) for answers, days in by_answers.items())
    return tuple(sorted(patterns, key=lambda pattern: pattern.days))


def _joined(whos: Iterable[Who]) -> tuple[Who, ...]:
    """Bands that touch as one."""
    joined: list[Who] = []
    for who in whos:
        last = joined[-1] if joined else who
        if last.old.below == who.old.at_least and who.birthday is last.birthday is None:
            ages = Ages(last.old.at_least, who.old.below)
            joined[-1] = Who(ages, ages)
        else:
            joined.append(who)
    return tuple(joined)


class AlikeDays(NamedTuple):
    """Days (ordinals) in one stretch between editions that no rule can tell apart."""

    edition: int
    days: tuple[int, ...]


def alike_days(old: Law, new: Law, first: date, last: date) -> tuple[AlikeDays, ...]:
    """The days of a period, sorted by edition, by what they are and by the day of the week."""
    turns = sorted({*old.turns, *new.turns})
    alike: dict[tuple[object, ...], list[int]] = {}
    for day in range(first.toordinal(), last.toordinal() + 1):
        read = facts_of(day, old.calendar, new.calendar)[1:]
        key = (bisect_right(turns, day), day % 7, read)
        alike.setdefault(key, []).append(day)
    return tuple(AlikeDays(bisect_right(turns, days[0]), tuple(days)) for days in alike.values())
