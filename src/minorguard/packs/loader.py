"""From files to a ``Law``: read, check, lock, assemble.

A pack that is wrong is refused whole: an unknown key, a missing citation, two editions in force
on one day, a gap that nobody repealed, an edition that is not the one locked in ``LOCK.toml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from os import PathLike
from typing import TYPE_CHECKING, NamedTuple, cast, get_args

from minorguard.core.calendar import Block, Calendar, CalendarReading, Notice
from minorguard.core.policy import Coverage, Law, LawStamp
from minorguard.core.settings import Basis
from minorguard.core.subject import AgeReading
from minorguard.core.toggles import FeatureRule
from minorguard.errors import ConfigurationError, InvalidPack
from minorguard.packs import KNOWN_LAWS
from minorguard.packs.build import cite, content_rules, rules_of
from minorguard.packs.digest import digest, edition_digests, notice_digests
from minorguard.packs.files import TextFile, checked, shipped, shipped_pack, text_of, toml
from minorguard.packs.house import house_file, with_house
from minorguard.packs.tables import (
    categories,
    check_lock,
    content_digests,
    features,
    ratings,
    wording,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from minorguard.core.rules import Rule
    from minorguard.packs import File, schema
    from minorguard.packs.build import Documents
    from minorguard.packs.files import PackFile

READINGS: Mapping[str, tuple[str, ...]] = {
    "age_attainment": get_args(AgeReading),
    "calendar": get_args(CalendarReading),
    "pending": ("as_minor", "deny"),
    "refund": ("spent", "restores"),
    "purchase_window": ("caps_only", "window"),
    "tips": ("strict_2022", "graded_2026"),
}
"""Named interpretations, chosen when the law is loaded. The first value is the default."""


def load(
    ids: tuple[str, ...],
    readings: Mapping[str, str],
    notices: File | Iterable[File],
    house: File | None,
    messages: File | None,
) -> Law:
    """``minorguard.law``, which says what each part means."""
    ids = tuple(dict.fromkeys(ids))
    notices = (notices,) if isinstance(notices, (str, PathLike, TextFile)) else tuple(notices)
    chosen = _readings(readings)
    packs = _packs(ids)
    documents = _documents(packs)
    dated = _Dated({**_calendar().notices}, {**_calendar().digests})
    for file in notices:
        dated = dated.plus(_notice_file(file))
    rules = tuple(_rules(ids, packs, documents, chosen))
    guardian, house_basis = _bases(packs, documents, rules)
    loaded = Law(
        stamps=tuple(_stamp(law_id, chosen, dated) for law_id in ids),
        rules=rules,
        coverages=tuple(_coverages(packs, documents)),
        calendar=Calendar(
            tuple(dated.notices.values()), cast("CalendarReading", chosen["calendar"])
        ),
        age_reading=cast("AgeReading", chosen["age_attainment"]),
        ratings=ratings(),
        catalogue=frozenset(features()),
        categories=frozenset(categories()),
        known_laws=frozenset(KNOWN_LAWS),
        features=frozenset(rule.feature for rule in rules if isinstance(rule, FeatureRule)),
        guardian_basis=guardian,
        house_basis=house_basis,
        wording=wording(messages),
        read_house=house_file,
        digest_with=with_house,
    )
    return loaded if house is None else loaded.tightened_by(house_file(house))


class _Dated(NamedTuple):
    """Holiday notices by year, and their digests."""

    notices: dict[int, Notice]
    digests: dict[str, str]

    def plus(self, other: _Dated) -> _Dated:
        return _Dated({**self.notices, **other.notices}, {**self.digests, **other.digests})


def _readings(named: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(named, Mapping):
        raise ConfigurationError("readings: want names and values, {name: value}")
    chosen = {name: values[0] for name, values in READINGS.items()}
    for name, value in named.items():
        if name not in READINGS:
            reason = f"no reading is called so; there are {', '.join(READINGS)}"
            raise ConfigurationError(reason)
        if value not in READINGS[name]:
            reason = f"reading {name}: want {' or '.join(READINGS[name])}"
            raise ConfigurationError(reason)
        chosen[name] = value
    return chosen


COMMON = "cn.base"
"""The pack whose documents and settings every other may rest on."""


def _packs(ids: tuple[str, ...]) -> list[PackFile]:
    """The named packs after all that they include, each once and as locked."""
    if not ids:
        reason = f"name at least one law: {', '.join(KNOWN_LAWS)}"
        raise ConfigurationError(reason)
    found: dict[str, PackFile] = {}
    for law_id in ids:
        if law_id not in KNOWN_LAWS:
            reason = f"no law is called so; there are {', '.join(KNOWN_LAWS)}"
            raise ConfigurationError(reason)
        for pack in parts_of(law_id):
            found.setdefault(pack.spec.id, pack)
    for pack in found.values():
        check_lock(pack.name, dict(edition_digests(pack)))
    return list(found.values())


def parts_of(law_id: str) -> tuple[PackFile, ...]:
    """The packs that a law is made of, itself the last."""
    pack = shipped_pack(law_id)
    return (*(shipped_pack(included) for included in pack.spec.includes), pack)


def _documents(packs: Iterable[PackFile]) -> Documents:
    """All that may be cited, by the keys that the packs use."""
    every = (shipped_pack(COMMON), *packs)
    return {key: document for pack in every for key, document in pack.spec.documents.items()}


def _rules(
    ids: tuple[str, ...],
    packs: Iterable[PackFile],
    documents: Documents,
    chosen: Mapping[str, str],
) -> Iterator[Rule]:
    """All editions of all rules, but those that every named law leaves out."""
    left_out = [
        {part.spec.id: frozenset(pack.spec.without) for part in parts_of(law_id)}
        for law_id in ids
        for pack in [shipped_pack(law_id)]
    ]
    for pack in packs:
        name = pack.spec.id
        without = frozenset[str].intersection(*(left[name] for left in left_out if name in left))
        for rule in rules_of(pack, documents, ratings(), chosen):
            if rule.id not in without:
                yield rule
        yield from content_rules(pack, documents, categories(), chosen)


def _stamp(law_id: str, chosen: Mapping[str, str], dated: _Dated) -> LawStamp:
    every = parts_of(law_id)
    editions = sorted(line for part in every for line in edition_digests(part))
    ends = [
        (rule.id, str(edition.effective_from), str(edition.effective_until))
        for part in every
        for rule in part.spec.rule
        for edition in rule.edition
    ]
    classified = any(part.spec.classifies_content for part in every)
    content = sorted(content_digests().items()) if classified else []
    revision = max(part.spec.revision for part in every)
    others = tuple((k, v) for k, v in sorted(chosen.items()) if v != READINGS[k][0])
    value = digest(
        editions, ends, content, sorted(dated.digests.items()), ratings(), sorted(chosen.items())
    )
    return LawStamp(law_id, revision, value, others)


def _coverages(packs: Iterable[PackFile], documents: Documents) -> Iterator[Coverage]:
    for pack in packs:
        covers = pack.spec.covers
        if covers is not None:
            since = covers.from_.toordinal()
            citations = cite(pack.name, "covers.citations", covers.citations, documents)
            yield Coverage(pack.spec.id, frozenset(covers.acts), since, citations)


def _bases(
    packs: Iterable[PackFile], documents: Documents, rules: Iterable[Rule]
) -> tuple[Basis, Basis]:
    packs = (*packs, shipped_pack(COMMON))
    rules = tuple(rules)
    doubts = any(pack.spec.pending_is_unknown for pack in packs)
    kept = frozenset(rule.feature for rule in rules if type(rule) is FeatureRule)
    # Where a pack leaves the mode's total out, its own rule of play knows no exempt use.
    strict = any(pack.spec.without for pack in packs)
    plays = next((pack.spec.plays for pack in packs if pack.spec.plays), None)
    for pack in packs:
        settings = pack.spec.settings
        if settings is not None:
            guardian, house = (
                Basis(
                    citations=cite(pack.name, f"settings.{who}", said.citations, documents),
                    provenance=said.provenance,
                    ratings=ratings(),
                    doubts_pending=doubts,
                    kept=kept,
                    passes_exempt=not strict,
                    plays=plays,
                )
                for who, said in (("guardian", settings.guardian), ("house", settings.house))
            )
            return guardian, house
    raise InvalidPack("cn/base.toml", "settings", "no pack says under which articles to tighten")


# -- the calendar --------------------------------------------------------------------------------


@cache
def _calendar() -> _Dated:
    from minorguard.packs import schema

    name = "cn/calendar.toml"
    data = toml(name, shipped(name))
    specs = checked(name, schema.CalendarFile, data).notice
    digests = dict(notice_digests(data))
    check_lock(name, digests)
    return _Dated({spec.year: _notice(spec) for spec in specs}, digests)


def _notice_file(file: File) -> _Dated:
    from minorguard.packs import schema

    name, text = text_of(file)
    data = toml(name, text)
    spec = checked(name, schema.NoticeSpec, data)
    return _Dated({spec.year: _notice(spec)}, dict(notice_digests({"notice": [data]})))


def _notice(spec: schema.NoticeSpec) -> Notice:
    return Notice(
        year=spec.year,
        holidays=tuple(Block(block.name, block.from_, block.to) for block in spec.holidays),
        workdays=frozenset(spec.workdays),
        statutory=frozenset(spec.statutory),
        number=spec.number,
        url=spec.urls[-1] if spec.urls else "",
    )
