"""House rules that do nothing: what the law already says, a house need not say again.

Every setting is judged by the answers, with it and without it, and not by its number: a cap of
300 yuan a day is no cap where the law stops at 200 a month.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple

from minorguard.core.answers import answer_of, binding
from minorguard.core.compare import Pattern, Side, alike_days, asks_of, compare, held, whos_of
from minorguard.core.rules import EVER, NotCovered
from minorguard.core.settings import house_rules
from minorguard.core.subject import GuardianSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from minorguard.core.acts import Request
    from minorguard.core.compare import Ask, Who
    from minorguard.core.policy import Law
    from minorguard.core.rules import Rule
    from minorguard.core.ruling import Ruling
    from minorguard.core.settings import HouseRule
    from minorguard.core.subject import Ages

SETTINGS = ("windows", "daily_minutes", "single_fen", "daily_fen", "monthly_fen", "max_rating")

Effect = Literal["tightens", "configures", "none", "other_law"]
"""``tightens``: somebody is refused, or may do less. ``configures``: it only gives the number that
the law asks the house for. ``none``: no answer changes. ``other_law``: meant for a law that is not
loaded."""


class Verdict(NamedTuple):
    """What one setting of one house rule does.

    ``whos``: for whom it tightens. ``stricter``: where it does not, the law's own rules that
    already say as much; none where the setting restricts nothing whatever the law says.
    """

    rule: HouseRule
    setting: str
    effect: Effect
    whos: tuple[Who, ...]
    stricter: tuple[Rule, ...]


def lint(
    law: Law, house: Iterable[HouseRule], first: date, last: date, *, since: date | None = None
) -> tuple[Verdict, ...]:
    """Judge every setting of a house file against the law without it.

    The law is that of ``since`` and of every later edition, by default the last edition alone,
    each held over the days from ``first`` to ``last``: take a year whose holidays are announced.
    """
    parts = tuple(part for rule in house for part in _parts(rule))
    whole = law.tightened_by(part.rule for part in parts)
    verdicts: list[Verdict] = []
    for part in parts:
        alone = law.tightened_by([part.rule])
        rest = law.tightened_by(other.rule for other in parts if other is not part)
        trial = _Trial(part, law, first, last, tuple(_turns(law, since)))
        verdicts.append(trial.verdict(((law, alone), (rest, whole))))
    return tuple(verdicts)


class _Part(NamedTuple):
    """One setting of a house rule, as a house rule of its own."""

    rule: HouseRule
    setting: str


def _parts(rule: HouseRule) -> Iterator[_Part]:
    if rule.settings == GuardianSettings():
        yield _Part(rule, "")
    for name in SETTINGS:
        value = getattr(rule.settings, name)
        if value is not None:
            yield _Part(rule._replace(settings=GuardianSettings(**{name: value})), name)
    for feature, value in rule.settings.features.items():
        settings = GuardianSettings(features={feature: value})
        yield _Part(rule._replace(settings=settings), f"features.{feature}")


def _turns(law: Law, since: date | None) -> Iterator[date]:
    """The day from which on to judge, and the later ones on which the law changes."""
    turns = [day for day in law.turns if 0 < day < EVER]
    start = turns[-1] if since is None else since.toordinal()
    yield date.fromordinal(start)
    yield from (date.fromordinal(day) for day in turns if day > start)


class _Trial(NamedTuple):
    """One setting before the law."""

    part: _Part
    law: Law
    first: date
    last: date
    turns: tuple[date, ...]

    def verdict(self, pairs: Iterable[tuple[Law, Law]]) -> Verdict:
        """Weigh the laws without the setting against those with it."""
        rule, setting = self.part
        if rule.law is not None and rule.law not in {stamp.id for stamp in self.law.stamps}:
            return Verdict(rule, setting, "other_law", (), ())
        pairs = tuple(pairs)
        asks = self._asks(pairs[-1][1])
        outcomes = [
            outcome
            for without, with_it in pairs
            for day in self.turns
            for outcome in compare(
                Side(without, day), Side(with_it, day), self.first, self.last, asks
            ).changed
        ]
        tight = [o for o in outcomes if any(pattern.tightens for pattern in o.changes)]
        if tight:
            known = [o for o in tight if "verified" in o.identities] or tight
            whos = tuple(dict.fromkeys(who for outcome in known for who in outcome.whos))
            return Verdict(rule, setting, "tightens", whos, ())
        stricter = {rule for day in self.turns for rule in self._stricter(day, asks)}
        # That an act is not covered is worth saying only where nothing else is.
        stricter = {r for r in stricter if not isinstance(r, NotCovered)} or stricter
        by_id = tuple(sorted(stricter, key=lambda rule: (rule.id, str(rule.head.citations))))
        cures = any(p.loosens or p.old.notes != p.new.notes for o in outcomes for p in o.changes)
        return Verdict(rule, setting, "configures" if cures else "none", (), by_id)

    @property
    def _added(self) -> tuple[Rule, ...]:
        return house_rules(self.part.rule, self.law.house_basis)

    def _asks(self, law: Law) -> tuple[Ask, ...]:
        """The questions that the setting may have a say in."""
        acts = frozenset(act for rule in self._added for act in rule.head.acts)
        return tuple(
            ask
            for ask in (asks_of(law, acts=acts) if acts else ())
            if any(rule.concerns(ask.request) for rule in self._added)
        )

    def _stricter(self, turn: date, asks: Iterable[Ask]) -> Iterator[Rule]:
        """The law's rules that, each alone, leave the setting nothing to restrict."""
        law = held(self.law, turn)
        days = alike_days(law, law, self.first, self.last)
        for ask in asks:
            if ask.identity == "verified":
                for who in whos_of(law, law.adding(self._added), ask.request):
                    governs = (r for r in self._added if r.governs(ask.request, who.old))
                    mine = tuple(governs) if who.known else ()
                    for alike in days if mine else ():
                        limited = _Cell(law, ask.request, who.old, alike.days[0])
                        limiting = binding(limited.ruling)
                        alone = [rule for rule in limiting if not limited.adds(mine, to=rule)]
                        yield from alone or limiting


class _Cell(NamedTuple):
    """One question of one kind of person on one day."""

    law: Law
    request: Request
    ages: Ages
    day: int

    @property
    def ruling(self) -> Ruling:
        return self.law.ruling(self.request, self.ages, self.day)

    def adds(self, rules: Iterable[Rule], *, to: Rule) -> bool:
        """Whether the rules restrict anything that this one, alone, does not."""
        one = self._replace(law=replace(self.law, rules=(to,)))
        more = self._replace(law=replace(self.law, rules=(to, *rules)))
        return Pattern(answer_of(one.ruling), answer_of(more.ruling), ()).tightens
