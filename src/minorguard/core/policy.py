"""The law: every edition of every rule, and what it says at an instant.

``Policy.evaluate`` is the readable truth. ``plan`` answers the same from compiled rows and is
what ``Law.decide`` uses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, NamedTuple, get_args

from minorguard.core.acts import Act, Play, Show, Spend, Use
from minorguard.core.calendar import local
from minorguard.core.decision import Decision, Segment
from minorguard.core.features import FeatureTable, edges_of, features_of
from minorguard.core.plan import Plan
from minorguard.core.rules import EVER, Head, HouseCap, NotCovered, Rule, SpendingCap
from minorguard.core.ruling import closing, opening, ruling_of
from minorguard.core.settings import Basis, guardian_rules, house_rules
from minorguard.core.shown import rated_age
from minorguard.core.subject import ADULT, ANY_AGE, FOREVER, Ages
from minorguard.core.toggles import FeatureRule
from minorguard.core.usage import NOTHING_USED, Usage
from minorguard.errors import ConfigurationError, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from minorguard.core.acts import Request
    from minorguard.core.calendar import Calendar
    from minorguard.core.citation import Citation
    from minorguard.core.limits import Limit
    from minorguard.core.ruling import Ruling, Stamp
    from minorguard.core.settings import HouseRule
    from minorguard.core.shown import Ratings
    from minorguard.core.subject import AgeReading, Subject
    from minorguard.core.wording import Wording

ACTS = (Play, Spend, Use, Show)


class LawStamp(NamedTuple):
    """Which law decided: enough to load the same law again and get the same answer.

    ``readings`` are those chosen other than the default, which the revision fixes.
    """

    id: str
    revision: str
    digest: str
    readings: tuple[tuple[str, str], ...]


class Coverage(NamedTuple):
    """The acts that a law speaks about, from a day (an ordinal) on, and under which article."""

    pack: str
    acts: frozenset[str]
    since: int
    citations: tuple[Citation, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Law:
    """All editions of the named packs, with readings, notices and house rules.

    Immutable: ``tightened_by`` and ``adding`` give a new, stricter law. ``features`` are those
    that its rules know, ``catalogue`` all that there are and ``categories`` all kinds of content;
    ``guardian_basis`` and ``house_basis`` are the articles under which settings tighten.
    """

    stamps: tuple[LawStamp, ...]
    rules: tuple[Rule, ...]
    coverages: tuple[Coverage, ...]
    calendar: Calendar
    age_reading: AgeReading
    ratings: Ratings
    features: frozenset[str]
    catalogue: frozenset[str]
    categories: frozenset[str]
    known_laws: frozenset[str]
    guardian_basis: Basis
    house_basis: Basis
    wording: Wording
    read_house: Callable[[str | PathLike[str]], tuple[HouseRule, ...]] | None = None
    digest_with: Callable[[str, tuple[HouseRule, ...]], str] | None = None

    def __repr__(self) -> str:
        return f"<Law {', '.join(f'{s.id} {s.revision} {s.digest[:15]}' for s in self.stamps)}>"

    # -- deciding -------------------------------------------------------------------------------

    def decide(self, request: Request, *, at: datetime, usage: Usage = NOTHING_USED) -> Decision:
        """Judge one request at one instant, given what the person has used.

        ``at`` is aware; it is cut to whole seconds. Raises ``InvalidRequest``; a refusal is an
        answer. The same as ``law.at(at).evaluate(request, usage)``, from compiled rows.
        """
        if type(usage) is not Usage:
            raise InvalidRequest("usage", "want a Usage")
        return self.plan.decide(request, usage, at)

    def features_of(self, subject: Subject, *, at: datetime) -> FeatureTable:
        """The features table of one person at one instant, sorted by feature id."""
        return features_of(self, subject, at)

    def at(self, instant: datetime) -> Policy:
        """The policy of that instant: the rules then in force."""
        return Policy(self, local(instant))

    @cached_property
    def plan(self) -> Plan:
        """The compiled form, grown as days and kinds of person are met."""
        return Plan(self)

    # -- tightening -----------------------------------------------------------------------------

    def adding(self, rules: Iterable[Rule]) -> Law:
        """This law and restrictions made in code, whose ids the digest then names."""
        law = _union(self, rules)
        new = law.rules[len(self.rules) :]
        made = "".join(sorted(f"+{rule.id}" for rule in new))
        return replace(law, stamps=tuple(s._replace(digest=s.digest + made) for s in self.stamps))

    def tightened_by(self, house: str | PathLike[str] | Iterable[HouseRule]) -> Law:
        """This law and a house's own rules, from a TOML file or made in code. Never laxer."""
        if isinstance(house, (str, PathLike)):
            if self.read_house is None:
                reason = "this law was made without a reader of house files"
                raise ConfigurationError(reason)
            house = self.read_house(house)
        ids = {stamp.id for stamp in self.stamps} | {c.pack for c in self.coverages}
        house = tuple(rule._replace(ages=Ages(*rule.ages)) for rule in house)
        for rule in house:
            if rule.law is not None and rule.law not in self.known_laws:
                raise ConfigurationError(f"house rule {rule.id}: no law is called so")
        added = tuple(rule for rule in house if rule.law is None or rule.law in ids)
        rules = tuple(r for rule in added for r in house_rules(rule, self.house_basis))
        law = replace(self, rules=tuple(_configured(rule, rules) for rule in self.rules))
        digest_with = self.digest_with
        if digest_with is not None:
            stamps = (s._replace(digest=digest_with(s.digest, added)) for s in self.stamps)
            law = replace(law, stamps=tuple(stamps))
        return _union(law, rules)

    @cached_property
    def refunds_restore(self) -> bool:
        """Whether money that went back may be spent again (reading ``refund``)."""
        return any(("refund", "restores") in stamp.readings for stamp in self.stamps)

    def reads_standing(self, request: Request) -> bool:
        """Whether some rule asks about the minors' mode or a consent before it answers this."""
        for rule in self._standing_readers[request.act]:  # noqa: SIM110 - twice as fast
            if rule.reads_standing(request):
                return True
        return False

    @cached_property
    def features_stand(self) -> bool:
        """Whether some row of the features table hangs on the mode or a consent."""
        readers = self._standing_readers["use"]
        return any(isinstance(rule, FeatureRule) for rule in readers)

    @cached_property
    def _standing_readers(self) -> Mapping[str, tuple[Rule, ...]]:
        plain = Rule.reads_standing
        readers = [
            rule
            for rule in self.rules
            if rule.head.mode != "any" or type(rule).reads_standing is not plain
        ]
        return {
            act: tuple(rule for rule in readers if act in rule.head.acts) for act in get_args(Act)
        }

    @cached_property
    def feature_edges(self) -> tuple[int, ...]:
        """The ages at which some row of the features table may change."""
        return edges_of(self)

    # -- what it says ---------------------------------------------------------------------------

    def age_edges(self, request: Request) -> tuple[int, ...]:
        """The ages at which some rule that speaks of such requests may change its answer."""
        concerned = (rule for rule in self.rules_for(request) if rule.concerns(request))
        edges = {ADULT, *(edge for rule in concerned for edge in rule.edges())}
        return tuple(sorted(edge for edge in edges if 0 < edge < FOREVER))

    def rules_for(self, request: Request) -> tuple[Rule, ...]:
        """The rules that a request meets: the law's own and its guardian's settings."""
        guardian = request.subject.guardian
        rules = self._rules_about(request)
        if guardian is None:
            return rules
        return (*rules, *guardian_rules(guardian, self.guardian_basis))

    def _rules_about(self, request: Request) -> tuple[Rule, ...]:
        """The law's rules that may concern such a request, remembered by act and feature."""
        feature = request.feature if isinstance(request, Use) else ""
        about = self._about.get((request.act, feature))
        if about is None:
            about = self._about[request.act, feature] = tuple(
                rule
                for rule in self.rules
                if request.act in rule.head.acts
                and not (feature and isinstance(rule, FeatureRule) and rule.feature != feature)
            )
        return about

    @cached_property
    def _about(self) -> dict[tuple[str, str], tuple[Rule, ...]]:
        return {}

    def ruling(self, request: Request, ages: Ages, day: int) -> Ruling:
        """What all rules together say to somebody of these ages on that day (an ordinal)."""
        gap = self._gap(request, day)
        if gap is not None:
            limits = ((limit, False) for limit in gap.limits(request, ages, day, self.calendar))
            return ruling_of(limits, governed=False, on_calendar=False)
        governing = [
            rule
            for rule in self.rules_for(request)
            if rule.head.since <= day < rule.head.until and rule.governs(request, ages)
        ]
        return ruling_of(
            self._limits(governing, request, ages, day),
            governed=any(rule.restricts for rule in governing),
            on_calendar=any(rule.on_calendar for rule in governing),
        )

    def _limits(
        self, governing: Iterable[Rule], request: Request, ages: Ages, day: int
    ) -> Iterator[tuple[Limit, bool]]:
        for rule in governing:
            known = rule.ages_for(request, ages)
            by_age = known.unknown and rule.head.ages != ANY_AGE
            for limit in rule.limits(request, ages, day, self.calendar):
                yield limit, by_age

    def _gap(self, request: Request, day: int) -> Rule | None:
        act = request.act
        spoken_of = not isinstance(request, Use) or self._speaks_of(request.feature, day)
        for coverage in self.coverages:
            if spoken_of and act in coverage.acts and coverage.since <= day:
                return None
        return self._not_covered(act)

    def _speaks_of(self, feature: str, day: int) -> bool:
        """Whether some rule knows the feature; pages, lessons and PKs from their pack's day on."""
        if feature not in self.features or feature in self.catalogue:
            return feature in self.features
        since = {coverage.pack: coverage.since for coverage in self.coverages}
        packs = {r.head.pack for r in self.rules if getattr(r, "feature", None) == feature}
        return any(since.get(pack, EVER) <= day for pack in packs)

    def _not_covered(self, act: Act) -> Rule:
        """In the name of the pack that covers such acts at other times, or of the law itself."""
        last = self.coverages[-1] if self.coverages else None
        nearest = next((c for c in self.coverages if act in c.acts), last)
        pack = self.stamps[0].id if nearest is None else nearest.pack
        return NotCovered(
            Head(
                id=f"{pack}.coverage",
                pack=pack,
                citations=self.house_basis.citations if nearest is None else nearest.citations,
                provenance="reading",
                acts=frozenset(),
            )
        )

    @cached_property
    def turns(self) -> tuple[int, ...]:
        """The days (ordinals) on which some edition or coverage begins or ends, sorted."""
        days = {day for rule in self.rules for day in (rule.head.since, rule.head.until)}
        return tuple(sorted(days | {coverage.since for coverage in self.coverages}))

    # -- when it changes ------------------------------------------------------------------------

    def ruling_on(self, request: Request) -> Callable[[int], Ruling]:
        """What the law says to this person on each day, as they grow older."""
        subject, reading = request.subject, self.age_reading
        return lambda day: self.ruling(request, subject.ages_on(day, reading), day)

    def closes(self, request: Request, day: int, second: int) -> Stamp | None:
        """The first instant from this open one on at which the law closes, if it ever does."""
        ages = request.subject.ages_on(day, self.age_reading)
        if request.subject.born is not None:
            ages = Ages(ages.at_least, FOREVER)
        if not self.may_close(request, ages, day):
            return None
        return closing(self.ruling_on(request), day, second).stamp

    def opens_later(self, request: Request, day: int) -> Stamp | None:
        """The first instant after that day at which the law opens to somebody unused."""
        return opening(self.ruling_on(request), day).stamp

    def may_close(self, request: Request, ages: Ages, day: int) -> bool:
        """Whether any edition, now or to come, bounds the hours of these ages: not an adult's."""
        return any(
            rule.bounds_time and rule.head.until > day and rule.governs(request, ages)
            for rule in self.rules_for(request)
        )

    # -- checking -------------------------------------------------------------------------------

    def check(self, request: Request, day: int) -> None:
        """Refuse a request that names what this law does not know, or a birth to come."""
        if type(request) not in ACTS:
            raise InvalidRequest("ask", "want Play, Spend, Use or Show")
        subject = request.subject
        if subject.born_day > day:
            raise InvalidRequest("subject.born", "want a date that is not after the request")
        if isinstance(request, Show) and request.rating is not None:
            rated_age(self.ratings, request.rating)
        if isinstance(request, (Show, Use)) and not self.categories.issuperset(request.labels):
            path = "ask.categories" if isinstance(request, Show) else "ask.labels"
            raise InvalidRequest(path, "unknown category")
        if subject.guardian is not None and subject.guardian.max_rating is not None:
            path = "subject.guardian.max_rating"
            rated_age(self.ratings, subject.guardian.max_rating, path)
        if subject.guardian is not None:
            for feature in subject.guardian.features:
                if feature not in self.catalogue:
                    raise InvalidRequest("subject.guardian.features", "unknown feature")


class Policy(NamedTuple):
    """The law of one instant."""

    law: Law
    instant: datetime

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in force at the instant, sorted by id."""
        day = self.instant.toordinal()
        in_force = (r for r in self.law.rules if r.head.since <= day < r.head.until)
        return tuple(sorted(in_force, key=lambda rule: rule.id))

    def covers(self, act: str) -> bool:
        """Whether the law speaks about such an act at the instant."""
        day = self.instant.toordinal()
        return any(act in c.acts and c.since <= day for c in self.law.coverages)

    def evaluate(self, request: Request, usage: Usage = NOTHING_USED) -> Decision:
        """Judge one request at the instant, rule by rule, with nothing compiled or remembered."""
        law, at = self.law, self.instant
        day = at.toordinal()
        law.check(request, day)
        ruling = law.ruling(request, request.subject.ages_on(day, law.age_reading), day)
        second = at.hour * 3600 + at.minute * 60 + at.second
        return Decision(Segment(law, ruling, day, second), request, usage, at)


def _union(law: Law, rules: Iterable[Rule]) -> Law:
    """A law and more rules; one that is already there changes nothing."""
    return replace(law, rules=tuple(dict.fromkeys((*law.rules, *rules))))


def _configured(rule: Rule, house: tuple[Rule, ...]) -> Rule:
    """A cap that the house had to set, with the ages for which it now has."""
    if not isinstance(rule, HouseCap):
        return rule
    field = f"{rule.period}_fen"
    bands = (
        cap.head.ages
        for cap in house
        if isinstance(cap, SpendingCap)
        and cap.head.acts & rule.head.acts
        and getattr(cap, field) is not None
    )
    return replace(rule, configured=(*rule.configured, *bands))
