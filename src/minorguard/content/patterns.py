"""The words that a first line looks for, from a program or a file, and checked.

The file, in TOML; no list of words comes with the library::

    exceptions = ["赌博危害教育"]       # a hit inside of one of these is none
    [[pattern]]
    id = "gambling.1"
    category = "gambling"               # as in Show(categories=...)
    words = ["赌博", "娱乐城"]
    inside_words = false                # "av" is not looked for inside "have"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, cast

from minorguard.content.folding import fold, is_gap
from minorguard.errors import InvalidPack

if TYPE_CHECKING:
    from os import PathLike
    from typing import Any, Final

WORD_CHARS_MAX: Final = 64
"""Of a word when folded: it bounds how many words can end at one place."""

_ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_KEYS = frozenset({"id", "category", "words", "inside_words"})


@dataclass(frozen=True, slots=True)
class Pattern:
    """Words that speak for one category.

    ``inside_words``: whether a word that begins or ends in a Latin letter or a digit is found in
    the middle of other letters or digits. Chinese is written without blanks and is always found.
    """

    id: str
    category: str
    words: tuple[str, ...]
    inside_words: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """Patterns and exceptions as they are looked for: folded."""

    patterns: Mapping[str, tuple[Pattern, ...]]
    """Each word, and whose it is."""

    exceptions: tuple[str, ...]

    @classmethod
    def of(
        cls, patterns: Iterable[Pattern], exceptions: Iterable[str], source: str = "patterns"
    ) -> Words:
        """Folded and checked; ``InvalidPack`` names the ``source`` and the place."""
        whose: dict[str, dict[str, Pattern]] = {}
        ids: set[str] = set()
        for pattern in patterns:
            if not (_named(pattern.id) and _named(pattern.category)):
                wanted = "want an id and a category of 1 to 64 of a-z 0-9 _ . -"
                raise InvalidPack(source, "pattern", wanted)
            place = f"pattern.{pattern.id}"
            if pattern.id in ids:
                raise InvalidPack(source, place, "two patterns have this id")
            ids.add(pattern.id)
            for number, word in enumerate(_list(pattern.words, source, f"{place}.words")):
                folded = _folded(word, source, f"{place}.words.{number}")
                whose.setdefault(folded, {})[pattern.id] = pattern
        allowed: dict[str, None] = {}
        for number, phrase in enumerate(_list(exceptions, source, "exceptions")):
            place = f"exceptions.{number}"
            folded = _folded(phrase, source, place)
            if any(map(is_gap, cast("str", phrase))):
                # Only an unbroken phrase is an exception, else "不再禁止！赌博" could be one.
                raise InvalidPack(source, place, "want no blanks and no punctuation")
            if folded in whose:
                raise InvalidPack(source, place, "is a word of a pattern, which would never be")
            allowed[folded] = None
        known = {word: tuple(patterns.values()) for word, patterns in whose.items()}
        return cls(known, tuple(allowed))

    def digest(self, versions: str) -> str:
        """Sixteen hex digits that change when any hit might."""
        words = sorted(
            (word, pattern.id, pattern.category, pattern.inside_words)
            for word, patterns in self.patterns.items()
            for pattern in patterns
        )
        told = repr((versions, words, sorted(self.exceptions)))
        return sha256(told.encode()).hexdigest()[:16]


def read(file: str | PathLike[str]) -> Words:
    """The words of a file as the module shows it."""
    path = Path(file)
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        raise InvalidPack(path.name, "", "cannot be read as TOML") from None
    for key in sorted(given.keys() - {"pattern", "exceptions"}):
        raise InvalidPack(path.name, key, "unknown key")
    entries = _list(given.get("pattern", []), path.name, "pattern")
    patterns = [_pattern(entry, path.name, f"pattern.{n}") for n, entry in enumerate(entries)]
    return Words.of(patterns, given.get("exceptions", []), path.name)


def _pattern(entry: object, source: str, place: str) -> Pattern:
    if not isinstance(entry, dict):
        raise InvalidPack(source, place, "want a table")
    given = cast("dict[str, Any]", entry)
    for key in sorted(given.keys() - _KEYS):
        raise InvalidPack(source, f"{place}.{key}", "unknown key")
    for key in sorted({"id", "category", "words"} - given.keys()):
        raise InvalidPack(source, f"{place}.{key}", "is missing")
    inside_words: object = given.get("inside_words", False)
    if not isinstance(inside_words, bool):
        raise InvalidPack(source, f"{place}.inside_words", "want true or false")
    words = cast("list[str]", _list(given["words"], source, f"{place}.words"))
    return Pattern(given["id"], given["category"], tuple(words), inside_words)


def _folded(word: object, source: str, place: str) -> str:
    folded = fold(word) if isinstance(word, str) else ""
    if not 1 <= len(folded) <= WORD_CHARS_MAX:
        wanted = f"want a word of 1 to {WORD_CHARS_MAX} letters, characters or digits"
        raise InvalidPack(source, place, wanted)
    return folded


def _named(name: object) -> bool:
    return isinstance(name, str) and _ID.fullmatch(name) is not None


def _list(value: object, source: str, place: str) -> list[object]:
    """A text is a row of characters, and no list of words."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise InvalidPack(source, place, "want a list")
    return list(cast("Iterable[object]", value))
