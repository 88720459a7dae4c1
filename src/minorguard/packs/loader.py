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
from minorguard.core.rules import FeatureRule, rated_age
from minorguard.core.settings import SPENDING, Basis, HouseRule
from minorguard.core.subject import AgeReading, Ages, GuardianSettings
from minorguard.core.wording import Wording
from minorguard.errors import ConfigurationError, InvalidPack, InvalidRequest
from minorguard.packs import KNOWN_LAWS
from minorguard.packs.build import cite, hours_from, rules_of
from minorguard.packs.digest import digest, edition_digests, notice_digests
from minorguard.packs.files import TextFile, checked, shipped, shipped_pack, text_of, toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from minorguard.core.rules import Ratings
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

SETTINGS = ("daily_minutes", "windows", "single_fen", "daily_fen", "monthly_fen", "max_rating")

BANDS = (8, 12, 16)
ADULTS_ONLY_FROM = 17
ADULTS_ONLY = 18


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
    documents = {key: doc for pack in packs for key, doc in pack.spec.documents.items()}
    dated = _Dated({**_calendar().notices}, {**_calendar().digests})
    for file in notices:
        dated = dated.plus(_notice_file(file))
    rules = tuple(rule for pack in packs for rule in rules_of(pack, documents, ratings(), chosen))
    kept = frozenset(
        rule.feature for rule in rules if type(rule) is FeatureRule and not rule.changeable_by
    )
    guardian, house_basis = _bases(packs, documents, kept)
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
        known_laws=frozenset(KNOWN_LAWS),
        features=frozenset(rule.feature for rule in rules if isinstance(rule, FeatureRule)),
        guardian_basis=guardian,
        house_basis=house_basis,
        wording=wording(messages),
        read_house=house_file,
        digest_with=_with_house,
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
        pack = shipped_pack(law_id)
        for included in pack.spec.includes:
            found.setdefault(included, shipped_pack(included))
        found.setdefault(law_id, pack)
    for pack in found.values():
        check_lock(pack.name, dict(edition_digests(pack)))
    return list(found.values())


def check_lock(file: str, digests: Mapping[str, str]) -> None:
    """Refuse an edition that differs from the one released under its name."""
    locked = _lock()
    for name, found in digests.items():
        if locked.get(name) != found:
            reason = "differs from LOCK.toml; after adding an edition run make lock-law"
            raise InvalidPack(file, name, reason)


@cache
def _lock() -> Mapping[str, str]:
    from minorguard.packs import schema

    name = "LOCK.toml"
    return checked(name, schema.LockFile, toml(name, shipped(name))).digests


def _stamp(law_id: str, chosen: Mapping[str, str], dated: _Dated) -> LawStamp:
    pack = shipped_pack(law_id)
    parts = [shipped_pack(included) for included in pack.spec.includes]
    every = (*parts, pack)
    editions = sorted(line for part in every for line in edition_digests(part))
    ends = [
        (rule.id, str(edition.effective_from), str(edition.effective_until))
        for part in every
        for rule in part.spec.rule
        for edition in rule.edition
    ]
    revision = max(part.spec.revision for part in (*parts, pack))
    others = tuple((k, v) for k, v in sorted(chosen.items()) if v != READINGS[k][0])
    value = digest(editions, ends, sorted(dated.digests.items()), ratings(), sorted(chosen.items()))
    return LawStamp(law_id, revision, value, others)


def _coverages(packs: Iterable[PackFile], documents: Documents) -> Iterator[Coverage]:
    for pack in packs:
        covers = pack.spec.covers
        if covers is not None:
            since = covers.from_.toordinal()
            citations = cite(pack.name, "covers.citations", covers.citations, documents)
            yield Coverage(pack.spec.id, frozenset(covers.acts), since, citations)


def _bases(
    packs: Iterable[PackFile], documents: Documents, kept: frozenset[str]
) -> tuple[Basis, Basis]:
    packs = tuple(packs)
    doubts = any(pack.spec.pending_is_unknown for pack in packs)
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
                )
                for who, said in (("guardian", settings.guardian), ("house", settings.house))
            )
            return guardian, house
    raise InvalidPack("cn/base.toml", "settings", "no pack says under which articles to tighten")


def _with_house(value: str, house: tuple[HouseRule, ...]) -> str:
    """The digest of a law tightened by a house's rules, whatever their order."""
    rules = sorted(
        digest(
            rule.id,
            rule.law,
            rule.ages,
            sorted(rule.acts),
            {name: getattr(rule.settings, name) for name in SETTINGS},
            dict(rule.settings.features),
        )
        for rule in house
    )
    return digest(value, rules)


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


# -- ratings, words, house files -----------------------------------------------------------------


@cache
def ratings() -> Ratings:
    """Rating label -> the age from which it is suitable: official, or rounded up to be safe."""
    from minorguard.packs import schema

    name = "cn/ratings.toml"
    spec = checked(name, schema.RatingsFile, toml(name, shipped(name)))
    foreign = {
        f"{system}:{label}": _rounded_up(age)
        for system, labels in spec.foreign.items()
        for label, age in labels.items()
    }
    return tuple(sorted((spec.official | foreign).items()))


def _rounded_up(age: int) -> int:
    if age >= ADULTS_ONLY_FROM:
        return ADULTS_ONLY
    return next(band for band in BANDS if age <= band)


@cache
def features() -> Mapping[str, Mapping[str, str]]:
    """All features that a request or a setting may name: id -> name by language."""
    return toml("cn/features.toml", shipped("cn/features.toml"))


def wording(file: File | None = None) -> Wording:
    """The sentences that ship with the library, with those of a user's file in their place."""
    from minorguard.packs import schema

    name = "messages.toml"
    spec = checked(name, schema.MessagesFile, toml(name, shipped(name)))
    own = schema.MessagesFile()
    if file is not None:
        name, text = text_of(file)
        own = checked(name, schema.MessagesFile, toml(name, text))
    return Wording(
        replaced=frozenset(
            (code, lang)
            for code, words in own.reasons.items()
            for lang in words.model_dump(exclude_none=True)
        ),
        reasons=_merged(name, "reasons", spec.reasons, own.reasons),
        phrases=_merged(name, "phrases", spec.phrases, own.phrases),
    )


def _merged(
    file: str,
    table: str,
    shipped_words: Mapping[str, schema.PartWords],
    own: Mapping[str, schema.PartWords],
) -> dict[str, dict[str, str]]:
    unknown = own.keys() - shipped_words.keys()
    if unknown:
        raise InvalidPack(file, f"{table}.{min(unknown)}", "no message is called so")
    merged: dict[str, dict[str, str]] = {}
    for key, words in shipped_words.items():
        mine = own.get(key)
        texts = (words, mine) if mine is not None else (words,)
        merged[key] = {
            k: v for text in texts for k, v in text.model_dump(exclude_none=True).items()
        }
    return merged


def house_file(file: File) -> tuple[HouseRule, ...]:
    """A platform's own rules from its file."""
    from minorguard.packs import schema

    name, text = text_of(file)
    spec = checked(name, schema.HouseFile, toml(name, text))
    seen: set[str] = set()
    for rule in spec.rule:
        if rule.id in seen:
            raise InvalidPack(name, f"rule.{rule.id}", "this rule is there twice")
        seen.add(rule.id)
    return tuple(_house_rule(name, rule) for rule in spec.rule)


def _house_rule(file: str, spec: schema.HouseRuleSpec) -> HouseRule:
    key = f"rule.{spec.id}"
    unknown = spec.features.keys() - features()
    if unknown:
        raise InvalidPack(file, f"{key}.features.{min(unknown)}", "no feature is called so")
    if spec.law is not None and spec.law not in KNOWN_LAWS:
        raise InvalidPack(file, f"{key}.law", f"no law is called so; there are {KNOWN_LAWS}")
    if spec.max_rating is not None:
        try:
            rated_age(ratings(), spec.max_rating)
        except InvalidRequest as error:
            raise InvalidPack(file, f"{key}.max_rating", error.reason) from None
    windows = spec.windows
    return HouseRule(
        id=spec.id,
        law=spec.law,
        ages=Ages(spec.age.at_least, spec.age.below),
        acts={"purchase": frozenset({"purchase"}), "gift": frozenset({"tip"})}.get(
            spec.ask or "", SPENDING
        ),
        settings=GuardianSettings(
            daily_minutes=spec.daily_minutes,
            windows=None if windows is None else hours_from(windows, file, f"{key}.windows"),
            single_fen=spec.single_fen,
            daily_fen=spec.daily_fen,
            monthly_fen=spec.monthly_fen,
            features=spec.features,
            max_rating=spec.max_rating,
        ),
    )
