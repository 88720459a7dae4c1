"""The features table: what is open to this person, who may change it, and under which article."""

from __future__ import annotations

from datetime import MAXYEAR, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.acts import Use
from minorguard.core.calendar import LAST_DAY, ZONE, local
from minorguard.core.rules import NotCovered
from minorguard.core.settings import SETTERS
from minorguard.core.subject import FOREVER, Ages, attained_on
from minorguard.core.toggles import FeatureRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minorguard.core.citation import Citation, Provenance
    from minorguard.core.policy import Law
    from minorguard.core.subject import Subject

VERSION_BYTES = 8
CHANGERS = ("guardian", "minor", "house")


class Feature(NamedTuple):
    """One row: ``value`` is ``friends`` ``nobody`` ``all`` or seconds where there is one.

    ``changeable_by`` nobody means that statute alone decides. ``citations`` are those of the rule
    that decides, or of one that would decide for somebody else.
    """

    id: str
    enabled: bool
    value: str | int | None
    changeable_by: tuple[str, ...]
    basis: Provenance | None
    citations: tuple[Citation, ...]


class FeatureChange(NamedTuple):
    """A row that differs between two tables; ``None`` where one of them has no such row."""

    id: str
    before: Feature | None
    after: Feature | None


class FeatureTable:
    """All features as they stand for one person at one instant, sorted by id.

    ``version`` is equal for equal rows under one law, so that a client asks for a table only when
    it has changed. ``changes_at``: when a birthday, an edition or a consent that ends changes a row
    if nothing else happens; ``None`` where nothing known does.
    """

    __slots__ = ("_by_id", "changes_at", "rows", "version")

    def __init__(
        self, rows: tuple[Feature, ...], version: str, changes_at: datetime | None
    ) -> None:
        self.rows = rows
        self.version = version
        self.changes_at = changes_at
        self._by_id: dict[str, Feature] | None = None

    def __iter__(self) -> Iterator[Feature]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, feature: str) -> Feature:
        if self._by_id is None:
            self._by_id = {row.id: row for row in self.rows}
        return self._by_id[feature]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FeatureTable) and (
            (self.rows, self.version, self.changes_at)
            == (other.rows, other.version, other.changes_at)
        )

    __hash__ = None  # type: ignore[assignment]  # a table is an answer, not a key

    def __repr__(self) -> str:
        return f"<FeatureTable {self.version}: {len(self.rows)} features>"

    def since(self, before: FeatureTable) -> tuple[FeatureChange, ...]:
        """What has changed from an earlier table to this one, row by row."""
        old, new = ({row.id: row for row in table} for table in (before, self))
        return tuple(
            FeatureChange(feature, old.get(feature), new.get(feature))
            for feature in sorted(old.keys() | new.keys())
            if old.get(feature) != new.get(feature)
        )


def features_of(law: Law, subject: Subject, at: datetime) -> FeatureTable:
    """Every feature that the law knows, as it stands for this person now."""
    at = local(at)
    law.check(Use(subject, "features"), at.toordinal())
    rows, version = law.plan.table(subject, at.toordinal())
    return FeatureTable(rows, version, _changes_at(law, subject, at.toordinal(), rows))


def next_of(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two instants, either of which may be never."""
    return min((at for at in (one, other) if at is not None), default=None)


def rows_of(law: Law, subject: Subject, ages: Ages, day: int) -> tuple[Feature, ...]:
    """The rows for somebody of these ages on that day (an ordinal)."""
    return tuple(_row(law, Use(subject, feature), ages, day) for feature in sorted(law.catalogue))


def version_of(law: Law, rows: tuple[Feature, ...]) -> str:
    """The name of these rows under this law."""
    text = repr((law.stamps, rows)).encode()
    return blake2b(text, digest_size=VERSION_BYTES).hexdigest()


def edges_of(law: Law) -> tuple[int, ...]:
    """The ages at which some row may change."""
    edges = {edge for rule in law.rules if isinstance(rule, FeatureRule) for edge in rule.edges()}
    return tuple(sorted(edge for edge in edges if 0 < edge < FOREVER))


def _changes_at(law: Law, subject: Subject, day: int, rows: tuple[Feature, ...]) -> datetime | None:
    turns = {turn for turn in law.turns if turn > day}
    if subject.born is not None:
        ages = (age for age in law.feature_edges if subject.born.year + age < MAXYEAR)
        birthdays = (attained_on(subject.born, age, law.age_reading) for age in ages)
        turns |= {birthday.toordinal() for birthday in birthdays}
    for turn in sorted(turns):
        if day < turn <= LAST_DAY and law.plan.table(subject, turn)[0] != rows:
            return datetime.fromordinal(turn).replace(tzinfo=ZONE)
    return None


def _row(law: Law, request: Use, ages: Ages, day: int) -> Feature:
    ruling = law.ruling(request, ages, day)
    in_force = [
        rule
        for rule in law.rules_for(request)
        if isinstance(rule, FeatureRule)
        and rule.concerns(request)
        and rule.head.since <= day < rule.head.until
    ]
    governing = [rule for rule in in_force if rule.governs(request, ages)]
    objecting = [objection.rule for objection in ruling.objections]
    deciding = [rule for rule in governing if rule.changeable_by is not None] or governing
    ranked = [rule for rule in governing if rule in objecting] or deciding or in_force
    uncovered = objecting[0] if objecting and isinstance(objecting[0], NotCovered) else None
    if uncovered is not None:
        return Feature(request.feature, False, None, (), None, uncovered.head.citations)  # noqa: FBT003 - a row
    head = ranked[0].head if ranked else None
    return Feature(
        request.feature,
        not ruling.objections,
        _value(deciding, request.subject, ages, enabled=not ruling.objections),
        _changeable_by(deciding),
        None if head is None else head.provenance,
        () if head is None else head.citations,
    )


def _value(
    deciding: list[FeatureRule], subject: Subject, ages: Ages, *, enabled: bool
) -> str | int | None:
    """The value that stands: of a row that is closed none but ``nobody``."""
    values = [rule.value_for(subject, ages) for rule in deciding]
    if not enabled:
        return "nobody" if "nobody" in values else None
    return next((value for value in values if value is not None), None)


def _changeable_by(deciding: list[FeatureRule]) -> tuple[str, ...]:
    """Whom every law lets change it; whoever set it where it is a mere setting."""
    by_law = [rule for rule in deciding if rule.head.pack not in SETTERS]
    says = [
        set(rule.changeable_by) for rule in by_law or deciding if rule.changeable_by is not None
    ]
    return tuple(who for who in CHANGERS if all(who in say for say in says)) if says else ("house",)
