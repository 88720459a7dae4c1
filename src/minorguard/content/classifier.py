"""A first look at a text: which of the words that a platform knows are in it.

**A first line and not a judge.** ``FirstLine`` finds words, whatever they mean where they stand.
A hit is a reason to let a person look (``ReviewQueue``), never a verdict; no hit clears nothing.
Whoever has a model puts it behind the same ``Classifier``::

    look = FirstLine.from_toml("words.toml")
    look.classify("来玩 赌搏")      # () unless the file has that spelling, too
    look.classify("来玩 賭. 博")    # (Hit(category='gambling', start=3, end=7, ...),)

What a file looks like is in ``patterns``, what ``FirstLine`` sees through in ``folding``.
未成年人网络保护条例 art. 26(3) asks for a library of features together with people who review.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, Protocol
from unicodedata import unidata_version

from minorguard.content.folding import fold, is_gap, table
from minorguard.content.patterns import Pattern, Words, read
from minorguard.errors import InvalidRequest, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from os import PathLike
    from typing import Final, Literal

__all__ = ["CAVEAT", "Classifier", "FirstLine", "Hit", "Pattern"]

CAVEAT: Mapping[str, str] = {
    "zh": "初筛：仅为词语匹配，须由人工判断；未命中不代表内容合规。",
    "en": "First line: words were matched, a person has to judge; no match clears nothing.",
}

BLOCK_CHARS: Final = 256


class Hit(NamedTuple):
    """A word was found in ``text[start:end]``: a reason to look, and not a judgement.

    ``confidence`` is the share of the visible characters of that span that belong to the word, 1
    where it stands unbroken; it is no probability. ``by`` names what found it.
    """

    category: str
    start: int
    end: int
    pattern_id: str
    confidence: float
    by: str = "first_line"

    def caveat(self, lang: Literal["zh", "en"] = "zh") -> str:
        """What has to stand beside every hit of a first line."""
        return CAVEAT[lang]


class Classifier(Protocol):
    """Whatever finds in a text what may belong to a content category. Safe for many threads."""

    def classify(self, text: str) -> tuple[Hit, ...]:
        """The suspicious places, by where they begin. ``start`` and ``end`` are of ``text``."""
        ...


class FirstLine:
    """Looks for words through the disguises that ``folding`` names, and for nothing else.

    Deterministic: the same words, text and ``revision`` give the same hits. Needs the extra
    ``text``; raises ``MissingExtra`` without it, ``InvalidPack`` for patterns that are wrong.
    """

    revision: str
    """A digest of the words, the folding and the versions it rests on, to be kept with a hit."""

    def __init__(self, patterns: Iterable[Pattern] | Words, exceptions: Iterable[str] = ()) -> None:
        words = patterns if isinstance(patterns, Words) else Words.of(patterns, exceptions)
        try:
            from minorguard.content.ahocorasick_rs import finder
            from minorguard.content.opencc import VERSION
        except ImportError:
            raise MissingExtra("text") from None
        self._table = table()
        self._whose = [
            _Whose(patterns, _class(word[0]), _class(word[-1]))
            for word, patterns in words.patterns.items()
        ]
        self._find = finder([*words.patterns, *words.exceptions])
        self.revision = words.digest(f"{VERSION} unicode {unidata_version}")

    @classmethod
    def from_toml(cls, file: str | PathLike[str]) -> FirstLine:
        """From a file as ``patterns`` shows it. ``InvalidPack`` names the file and the place."""
        return cls(read(file))

    def classify(self, text: str) -> tuple[Hit, ...]:
        """All words in the text, those that overlap too, in the order of their places."""
        if not isinstance(text, str):
            raise InvalidRequest("text", "want a text")
        if len(text) <= BLOCK_CHARS:
            folded = text.translate(self._table)
            found = self._find(folded)
            return self._hits(_Places(text, self._table, [folded]), found) if found else ()
        # In blocks, so that the place of a hit is looked for in its block alone.
        starts = range(0, len(text), BLOCK_CHARS)
        folds = [text[n : n + BLOCK_CHARS].translate(self._table) for n in starts]
        found = self._find("".join(folds))
        return self._hits(_Places(text, self._table, folds), found) if found else ()

    def _hits(self, places: _Places, found: Sequence[tuple[int, int, int]]) -> tuple[Hit, ...]:
        known = len(self._whose)
        allowed = _Allowed(
            (start, end)
            for word, start, end in found
            if word >= known and places.share(*places.span(start, end)) == 1
        )
        hits: list[Hit] = []
        for number, start, end in found:
            if number >= known or allowed.covers(start, end):
                continue
            whose = self._whose[number]
            span = places.span(start, end)
            joined = (whose.first or whose.last) and places.joined(span, whose.first, whose.last)
            told = [one for one in whose.patterns if one.inside_words or not joined]
            if told:
                share = places.share(*span)
                hits += [Hit(one.category, *span, one.id, share) for one in told]
        return tuple(sorted(hits, key=_place))


class _Whose(NamedTuple):
    """The patterns that a word belongs to, and the class of its first and its last character."""

    patterns: tuple[Pattern, ...]
    first: str
    last: str


class _Places:
    """Where the characters of a folded text stand in the text itself; worked out when asked."""

    def __init__(self, text: str, table: Sequence[int | str | None], folds: list[str]) -> None:
        self.text = text
        self._table = table
        self._begins = [0, *accumulate(map(len, folds))]  # of each block, in the folded text
        self._blocks: dict[int, list[int]] = {}

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The characters that a stretch of the folded text comes from."""
        return self._character(start), self._character(end - 1) + 1

    def share(self, start: int, end: int) -> float:
        """Of the characters in between that are seen, how many belong to the word."""
        inside = self.text[start:end]
        dropped = [one for one in inside if self._table[ord(one)] is None]
        if not dropped:
            return 1.0
        kept = len(inside) - len(dropped)
        return kept / (kept + sum(map(is_gap, dropped)))

    def joined(self, span: tuple[int, int], first: str, last: str) -> bool:
        """Whether a word goes on beyond its ends: a letter beside its letter, digit by digit."""
        return bool(
            (first and first == self._beside(span[0] - 1, -1))
            or (last and last == self._beside(span[1], 1))
        )

    def _beside(self, place: int, step: int) -> str:
        """The class of the next character that is seen; blanks and symbols have none."""
        while 0 <= place < len(self.text):
            character = self.text[place]
            folded = fold(character)
            if folded or is_gap(character):
                return _class(folded[0 if step > 0 else -1]) if folded else ""
            place += step
        return ""

    def _character(self, folded: int) -> int:
        block = bisect_right(self._begins, folded) - 1
        first = block * BLOCK_CHARS
        ends = self._blocks.get(block)
        if ends is None:
            to = map(self._table.__getitem__, map(ord, self.text[first : first + BLOCK_CHARS]))
            lengths = [1 if type(t) is int else 0 if t is None else len(str(t)) for t in to]
            ends = self._blocks[block] = [0, *accumulate(lengths)]
        return first + bisect_right(ends, folded - self._begins[block]) - 1


class _Allowed:
    """The stretches of exceptions, to be asked whether one of them covers another stretch."""

    def __init__(self, stretches: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(stretches)
        self._starts = [start for start, _ in ordered]
        self._reach = list(accumulate((end for _, end in ordered), max))

    def covers(self, start: int, end: int) -> bool:
        """Whether an exception begins no later and ends no earlier."""
        before = bisect_right(self._starts, start)
        return before > 0 and self._reach[before - 1] >= end


def _place(hit: Hit) -> tuple[int, int, str]:
    return hit.start, hit.end, hit.pattern_id


def _class(character: str) -> str:
    """``d`` for a digit, ``l`` for a letter of a script with cases, else nothing."""
    if character.isdecimal():
        return "d"
    return "l" if character.upper() != character else ""
