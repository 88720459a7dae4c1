"""From the shapes of a pack file to the rules of the core, edition by edition."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from minorguard.core.citation import Citation
from minorguard.core.hours import hours_of, second_of_day
from minorguard.core.rules import (
    EVER,
    AgeRating,
    DailyQuota,
    FeatureBan,
    FeatureRule,
    Head,
    HouseCap,
    IdentityGate,
    LoginNotice,
    NoSpending,
    PlayWindow,
    SpendingCap,
)
from minorguard.core.subject import Ages
from minorguard.errors import InvalidPack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from minorguard.core.hours import Hours
    from minorguard.core.rules import Ratings, Rule
    from minorguard.packs import schema
    from minorguard.packs.files import PackFile

    Documents = Mapping[str, schema.Document]


def rules_of(
    pack: PackFile, documents: Documents, ratings: Ratings, readings: Mapping[str, str]
) -> Iterator[Rule]:
    """Every edition of every rule in a pack, checked against its neighbours."""
    seen: set[str] = set()
    for rule in pack.spec.rule:
        if rule.id in seen:
            raise InvalidPack(pack.name, f"rule.{rule.id}", "this rule is there twice")
        seen.add(rule.id)
        _check_editions(pack.name, rule)
        for edition in rule.edition:
            key = f"rule.{rule.id}.edition.{edition.effective_from}.citations"
            citations = cite(pack.name, key, edition.citations, documents, edition.effective_from)
            if edition.repealed_by is not None:
                cite(pack.name, key, [edition.repealed_by], documents)
            yield _built(pack, rule, edition, citations, ratings, readings)


def cite(
    file: str,
    key: str,
    refs: list[schema.CitationRef],
    documents: Documents,
    since: date | None = None,
) -> tuple[Citation, ...]:
    """The citations, resolved: an unknown or not yet binding document is refused."""
    found: list[Citation] = []
    for ref in refs:
        document = documents.get(ref.document)
        if document is None:
            raise InvalidPack(file, key, f"no document is called {ref.document}")
        if since is not None and document.in_force > since:
            raise InvalidPack(
                file, key, f"{ref.document} is in force only from {document.in_force}"
            )
        title = f"{document.title}（{document.number}）"
        found.append(Citation(title, ref.article, document.url))
    return tuple(found)


def hours_from(windows: list[tuple[str, str]], file: str, key: str) -> Hours:
    """``[["20:00", "21:00"]]`` as seconds; a window must begin before it ends."""
    spans = [(second_of_day(start), second_of_day(end)) for start, end in windows]
    if any(start >= end for start, end in spans):
        raise InvalidPack(file, key, "a window must begin before it ends")
    return hours_of(spans)


def _check_editions(file: str, rule: schema.RuleSpec) -> None:
    key = f"rule.{rule.id}"
    editions = sorted(rule.edition, key=lambda edition: edition.effective_from)
    for edition in editions:
        until = edition.effective_until
        if until is not None and until <= edition.effective_from:
            raise InvalidPack(
                file, key, f"the edition of {edition.effective_from} ends before it begins"
            )
    for earlier, later in pairwise(editions):
        until = earlier.effective_until
        if until is None or until > later.effective_from:
            reason = f"two editions in force on {later.effective_from}"
            raise InvalidPack(file, key, reason)
        if until < later.effective_from and earlier.repealed_by is None:
            raise InvalidPack(file, key, f"no edition from {until} on, and no repealed_by")
    last = editions[-1]
    if last.effective_until is not None and last.repealed_by is None:
        reason = f"no edition from {last.effective_until} on, and no repealed_by"
        raise InvalidPack(file, key, reason)


def _built(
    pack: PackFile,
    rule: schema.RuleSpec,
    edition: schema.Edition,
    citations: tuple[Citation, ...],
    ratings: Ratings,
    readings: Mapping[str, str],
) -> Rule:
    from minorguard.packs import schema

    until = edition.effective_until
    acts = frozenset[str](rule.acts)
    if rule.kind == "window" and readings["purchase_window"] == "window" and "play" in acts:
        acts |= {"purchase"}
    message = edition.message
    head = Head(
        id=rule.id,
        pack=pack.spec.id,
        citations=citations,
        provenance=edition.provenance,
        acts=acts,
        ages=Ages(rule.ages.at_least, rule.ages.below),
        since=edition.effective_from.toordinal(),
        until=EVER if until is None else until.toordinal(),
        doubts_pending=pack.spec.pending_is_unknown,
        message=() if message is None else (("zh", message.zh), ("en", message.en)),
    )
    key = f"rule.{rule.id}.edition.{edition.effective_from}"
    match rule, edition:
        case schema.IdentityRule(), _:
            return IdentityGate(head, deny_pending=readings["pending"] == "deny")
        case _, schema.WindowEdition():
            return PlayWindow(head, hours_from(edition.hours, pack.name, key), edition.days)
        case _, schema.QuotaEdition():
            holiday = edition.holiday_minutes
            holiday = edition.minutes if holiday is None else holiday
            return DailyQuota(head, edition.minutes * 60, holiday * 60)
        case schema.NoSpendingRule(), _:
            return NoSpending(head)
        case _, schema.CapEdition():
            caps = (edition.single_fen, edition.daily_fen, edition.monthly_fen)
            if caps == (None, None, None):
                raise InvalidPack(
                    pack.name, key, "a cap needs single_fen, daily_fen or monthly_fen"
                )
            return SpendingCap(head, *caps)
        case _, schema.HouseCapEdition():
            return HouseCap(head, edition.period, refuses=edition.missing == "refused")
        case schema.RatingRule(), _:
            return AgeRating(head, ratings)
        case schema.FeatureRule(kind="feature_kept"), schema.FeatureEdition():
            return FeatureRule(head, rule.feature, tuple(edition.changeable_by))
        case schema.FeatureRule(), schema.FeatureEdition():
            return FeatureBan(head, rule.feature, tuple(edition.changeable_by))
        case _, schema.NoticeEdition():
            return LoginNotice(head, edition.obligation)
        case _:
            raise InvalidPack(pack.name, key, "a rule of a kind that this version cannot build")
