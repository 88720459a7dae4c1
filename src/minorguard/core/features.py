"""The features table: what is open to this person, who may change it, and under which article."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.acts import Use
from minorguard.core.calendar import local
from minorguard.core.rules import FeatureRule
from minorguard.core.settings import SETTERS

if TYPE_CHECKING:
    from datetime import datetime

    from minorguard.core.citation import Citation, Provenance
    from minorguard.core.policy import Law
    from minorguard.core.subject import Subject


class Feature(NamedTuple):
    """One row: ``value`` is ``friends`` ``nobody`` ``all`` or seconds where there is one.

    ``changeable_by`` nobody means that statute alone decides. ``basis`` and ``citations`` are
    empty where no rule applies to this person, as to a known adult.
    """

    id: str
    enabled: bool
    value: str | int | None
    changeable_by: tuple[str, ...]
    basis: Provenance | None
    citations: tuple[Citation, ...]


def features_of(law: Law, subject: Subject, at: datetime) -> tuple[Feature, ...]:
    """Every feature that the law knows, sorted by id, as it stands for this person now."""
    at = local(at)
    return tuple(_row(law, Use(subject, feature), at) for feature in sorted(law.features))


def _row(law: Law, request: Use, at: datetime) -> Feature:
    decision = law.decide(request, at=at)
    day = at.toordinal()
    ages = request.subject.ages_on(day, law.age_reading)
    governing = [
        rule
        for rule in law.rules_for(request)
        if isinstance(rule, FeatureRule)
        and rule.head.since <= day < rule.head.until
        and rule.governs(request, ages)
    ]
    if not governing:
        return Feature(request.feature, decision.allowed, None, ("house",), None, ())
    objecting = [reason.rule for reason in decision.reasons]
    rule = next((rule for rule in governing if rule in objecting), governing[0])
    changeable = _changeable_by(governing)
    head = rule.head
    return Feature(
        request.feature, decision.allowed, None, changeable, head.provenance, head.citations
    )


def _changeable_by(governing: list[FeatureRule]) -> tuple[str, ...]:
    """Who may change it: nobody where a law says so, whoever set it where it is a setting."""
    by_law = [rule for rule in governing if rule.head.pack not in SETTERS]
    return tuple(dict.fromkeys(who for rule in by_law or governing for who in rule.changeable_by))
