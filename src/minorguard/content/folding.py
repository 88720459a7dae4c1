"""Texts that a reader takes for the same, made the same: the first step of looking for words.

Folding goes character by character (so the fold of a text is the sum of its characters' folds, and
every place in it is the place of a character), and undoes these disguises, and no others:

==============  ====================================================================
``width``       full and half width, ligatures, circled and styled letters: what NFKC undoes
``case``        upper and lower case, ``ß`` and ``ss``
``invisible``   zero-width and format characters, fillers, private use, unassigned
``mark``        combining marks and accents, strokes through a letter
``separator``   blanks, punctuation, symbols and emoji, and letters that are drawn as strokes
``variant``     traditional and variant Chinese characters, by OpenCC
``lookalike``   Cyrillic and Greek letters that look Latin; digits of other scripts
==============  ====================================================================

Not undone: other characters of the same sound, a character taken to pieces, pinyin, pictures.
Hangul syllables are kept whole; the same written as single jamo are other characters.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from minorguard.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final, TypeAlias

    Table: TypeAlias = Sequence[int | str | None]
    """For each code point the character it folds to, the text, or ``None`` for nothing."""

CODE_POINTS: Final = 0x110000
FILLERS: Final = frozenset("\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Letters by their category, and blank."""

STROKES: Final = frozenset("\u30fc\uff70\u4e36\u4e28\u4e3f\u4e40")
"""ー丶丨丿乀: letters and characters that stand between others as dots and dashes do."""

LOOKALIKES: Final[Mapping[str, str]] = dict(
    zip(
        "авеѕіјкмнорстухαβεζηικμνορτυχɑɡı",
        "abesijkmhopctyxabezhikmnoptyxagi",
        strict=True,
    )
)

_HANGUL = range(0xAC00, 0xD7A4)
_IDEOGRAPHS = range(0x20000, 0x40000)
"""Two planes for ideographs alone: also one that this Python does not know yet is one."""

_SYMBOL_LETTER = re.compile(r"NEGATIVE (?:SQUARED|CIRCLED) LATIN CAPITAL LETTER ([A-Z])")
_DROPPED = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Me"})


def _bare(character: str) -> str:
    """What is left of a character when its looks are taken away, Chinese variants aside."""
    if ord(character) in _HANGUL or _is_plain(character):
        return character
    text = character
    for _ in range(4):  # a fold of a fold: at most three rounds change anything
        parts = unicodedata.normalize("NFKD", text)
        folded = "".join(filter(_stays, parts)).casefold()
        folded = "".join(map(_letter, folded))
        if folded == text:
            break
        text = folded
    return text


def _is_plain(character: str) -> bool:
    """Whether it is a letter without looks, as nearly all are, ideographs not yet known too."""
    category = unicodedata.category(character)
    if category == "Cn":
        return ord(character) in _IDEOGRAPHS
    odd = character in FILLERS or character in STROKES
    return category == "Lo" and not odd and not unicodedata.decomposition(character)


def _stays(character: str) -> bool:
    if character in FILLERS or character in STROKES:
        return False
    if unicodedata.combining(character):
        return False
    category = unicodedata.category(character)
    if category in _DROPPED:
        return False
    return category[0] not in "PSZ" or _symbol_letter(character) is not None


def _letter(character: str) -> str:
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    return LOOKALIKES.get(character) or _symbol_letter(character) or character


def _symbol_letter(character: str) -> str | None:
    """``a`` for a white A on black, which NFKC leaves as it is."""
    if unicodedata.category(character) != "So":
        return None
    named = _SYMBOL_LETTER.fullmatch(unicodedata.name(character, ""))
    return None if named is None else named[1].lower()


@cache
def table() -> Table:
    """What each code point folds to, for ``str.translate``; made once, in about a second.

    Raises ``MissingExtra`` without OpenCC.
    """
    try:
        from minorguard.content.opencc import simplified
    except ImportError:
        raise MissingExtra("text") from None
    # A list and not a dict: half the time. Whatever lies behind the ideographs is dropped.
    folded: list[int | str | None] = [None] * CODE_POINTS
    letters: set[str] = set()
    for point in range(_IDEOGRAPHS.stop):
        text = _bare(chr(point))
        letters.update(text)
        folded[point] = ord(text) if len(text) == 1 else text or None
    variants = {
        ord(letter): simple
        for letter, simple in zip(letters, simplified(list(letters)), strict=True)
        if letter != simple
    }
    for point in range(_IDEOGRAPHS.stop):
        bare = folded[point]
        if isinstance(bare, int) and bare in variants:
            folded[point] = ord(variants[bare])
        elif isinstance(bare, str):
            folded[point] = bare.translate(variants)
    return folded


def fold(text: str) -> str:
    """A text without its disguises."""
    return text.translate(table())


def is_gap(character: str) -> bool:
    """Whether a character that folds to nothing is seen: a blank, a symbol; not a zero width."""
    return (
        character in STROKES
        or unicodedata.category(character)[0] in "PSZ"
        or character in "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85"
    ) and not fold(character)
