"""From the shapes of a pack file to the rules of the core, edition by edition."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, cast

from minorguard.core.citation import Citation
from minorguard.core.rules import EVER, Head
from minorguard.core.shown import Cells, ContentRule
from minorguard.core.subject import Ages
from minorguard.errors import InvalidPack
from minorguard.packs import making
from minorguard.packs.files import CATEGORIES
from minorguard.packs.making import Made

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from minorguard.core.rules import Rule
    from minorguard.core.shown import Ratings
    from minorguard.core.subject import AgeReading
    from minorguard.packs import rule_shapes, schema
    from minorguard.packs.basics import CitationRef
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
        if any(readings.get(name) != value for name, value in rule.reading.items()):
            continue
        for edition in rule.edition:
            key = f"rule.{rule.id}.edition.{edition.effective_from}"
            since, cited = edition.effective_from, f"{key}.citations"
            citations = cite(pack.name, cited, edition.citations, documents, since)
            if edition.repealed_by is not None:
                cite(pack.name, cited, [edition.repealed_by], documents)
            made = Made(pack.name, key, ratings, readings)
            yield _built(pack, rule, edition, citations, made)


def cite(
    file: str,
    key: str,
    refs: list[CitationRef],
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


def _check_editions(file: str, rule: rule_shapes.RuleSpec) -> None:
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
    rule: rule_shapes.RuleSpec,
    edition: rule_shapes.Edition,
    citations: tuple[Citation, ...],
    made: Made,
) -> Rule:
    until = edition.effective_until
    acts = frozenset[str](rule.acts)
    windowed = made.readings["purchase_window"] == "window"
    if windowed and rule.kind == "window" and rule.mode == "any" and "play" in acts:
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
        mode=rule.mode,
        adults_in_mode=rule.adults_in_mode,
        doubts_pending=pack.spec.pending_is_unknown,
        message=() if message is None else (("zh", message.zh), ("en", message.en)),
    )
    built = making.rule_of(head, rule, edition, made)
    if built is None:
        reason = "a rule of a kind that this version cannot build"
        raise InvalidPack(pack.name, made.key, reason)
    return built


def content_rules(
    pack: PackFile,
    documents: Documents,
    categories: Mapping[str, schema.CategorySpec],
    readings: Mapping[str, str],
) -> Iterator[Rule]:
    """A rule for each category of content, if this is the pack that has them."""
    if not pack.spec.classifies_content:
        return
    reading = cast("AgeReading", readings["age_attainment"])
    for category, said in categories.items():
        for head in _content_heads(pack.spec.id, category, said, documents):
            cells = Cells(said.general, said.prominent, said.pushed, said.mode, said.minors_only)
            yield ContentRule(head, category, cells, reading)


def _content_heads(
    pack: str, category: str, said: schema.CategorySpec, documents: Documents
) -> Iterator[Head]:
    """One edition for each set of cited documents in force: it grows as new ones come."""
    key = f"{category}.citations"
    cite(CATEGORIES, key, said.citations, documents)
    since = {ref.document: documents[ref.document].in_force for ref in said.citations}
    turns = sorted({said.since, *(day for day in since.values() if day > said.since)})
    for day, until in pairwise((*turns, None)):
        refs = [ref for ref in said.citations if day is not None and since[ref.document] <= day]
        yield Head(
            id=f"{pack}.content.{category}",
            pack=pack,
            citations=cite(CATEGORIES, key, refs, documents, day),
            provenance=said.provenance,
            acts=frozenset({"show", "use"}),
            since=0 if day is None else day.toordinal(),
            until=EVER if until is None else until.toordinal(),
        )
