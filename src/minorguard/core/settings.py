"""Settings that tighten: what a guardian or the house adds, as rules like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.modes import GuardianQuota
from minorguard.core.rules import Head, PlayWindow, SpendingCap
from minorguard.core.shown import RatingLimit
from minorguard.core.subject import ADULT, ANY_AGE, Ages, GuardianSettings
from minorguard.core.toggles import FeatureBan, closes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minorguard.core.citation import Citation, Provenance
    from minorguard.core.rules import Rule
    from minorguard.core.shown import Ratings

PLAYING = frozenset({"play"})
SPENDING = frozenset({"purchase", "tip"})
USING = frozenset({"use"})
SHOWING = frozenset({"show"})

PAID_FEATURES = {"purchase": frozenset({"purchase"}), "tipping": frozenset({"tip"})}
"""Features that are payments: whoever closes one of them closes the payment."""

SETTERS = frozenset({"guardian", "house"})
"""Who may tighten: the first part of a setting's rule id, in the place of a pack."""

GUARDED = Ages(0, ADULT)
"""A guardian's settings bind a minor or an unknown age; a known adult has no guardian."""


class Basis(NamedTuple):
    """Under which articles settings are made, and what their rules need to know of the law.

    ``kept``: features that the law keeps open, for a right of the child is no setting.
    ``passes_exempt``: whether the law's minors' mode knows exempt uses. ``plays``: the feature
    that play is, so that whoever closes it closes play.
    """

    citations: tuple[Citation, ...]
    provenance: Provenance
    ratings: Ratings
    doubts_pending: bool = False
    kept: frozenset[str] = frozenset()
    passes_exempt: bool = False
    plays: str | None = None


class HouseRule(NamedTuple):
    """One ``[[rule]]`` of a house file: what a platform adds for itself, for some ages.

    ``acts`` are the kinds of payment on which its caps count.
    """

    id: str
    settings: GuardianSettings
    law: str | None = None
    ages: Ages = ANY_AGE
    acts: frozenset[str] = SPENDING


def guardian_rules(settings: GuardianSettings, basis: Basis) -> tuple[Rule, ...]:
    """The restrictions that a guardian's settings are."""
    return tuple(_rules("guardian", settings, GUARDED, SPENDING, basis))


def house_rules(rule: HouseRule, basis: Basis) -> tuple[Rule, ...]:
    """The restrictions that one house rule is."""
    return tuple(_rules(f"house.{rule.id}", rule.settings, rule.ages, rule.acts, basis))


def _rules(
    prefix: str, said: GuardianSettings, ages: Ages, spending: frozenset[str], basis: Basis
) -> Iterator[Rule]:
    def head(name: str, acts: frozenset[str]) -> Head:
        return Head(
            id=f"{prefix}.{name}",
            pack=prefix.partition(".")[0],
            citations=basis.citations,
            provenance=basis.provenance,
            acts=acts,
            ages=ages,
            doubts_pending=basis.doubts_pending and acts <= PLAYING | SPENDING,
        )

    if said.windows is not None:
        yield PlayWindow(head("windows", PLAYING), said.windows)
    if said.daily_minutes is not None:
        quota_s = said.daily_minutes * 60
        quota = head("daily_minutes", PLAYING)
        # A house's minutes are no total of the mode, so an exempt use does not pass them.
        passes = basis.passes_exempt and prefix == "guardian"
        yield GuardianQuota(quota, quota_s, quota_s, passes_exempt=passes)
    caps = (said.single_fen, said.daily_fen, said.monthly_fen)
    if any(cap is not None for cap in caps):
        yield SpendingCap(head("caps", spending), *caps)
    if said.max_rating is not None:
        yield RatingLimit(head("max_rating", SHOWING), basis.ratings, said.max_rating)
    for feature, value in said.features.items():
        if closes(value) and feature not in basis.kept:
            by = (prefix.partition(".")[0],)
            acts = USING | PAID_FEATURES.get(feature, frozenset())
            acts |= PLAYING if feature == basis.plays else frozenset()
            yield FeatureBan(head(f"features.{feature}", acts), feature, by, code="feature_off")
