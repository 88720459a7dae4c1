"""What the packs share: age ratings, feature and category names, words for people, the lock."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from minorguard.core.wording import Wording
from minorguard.errors import InvalidPack
from minorguard.packs.digest import category_digests
from minorguard.packs.files import CATEGORIES, checked, shipped, text_of, toml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minorguard.core.shown import Ratings
    from minorguard.packs import File, schema

BANDS = (8, 12, 16)
ADULTS_ONLY_FROM = 17
ADULTS_ONLY = 18


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


@cache
def categories() -> Mapping[str, schema.CategorySpec]:
    """All kinds of content that the law names, and what it says of each."""
    from minorguard.packs import schema

    data = {"category": toml(CATEGORIES, shipped(CATEGORIES))}
    check_lock(CATEGORIES, content_digests())
    return checked(CATEGORIES, schema.CategoriesFile, data).category


@cache
def content_digests() -> dict[str, str]:
    """The digest of each category."""
    return dict(category_digests(toml(CATEGORIES, shipped(CATEGORIES))))


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
