"""Words as a reader reads them, however they are written.

``fold`` undoes what is done to a word so that programs miss it: wide letters, look-alikes from
other scripts, traditional characters, invisible ones. ``Text`` then looks at it in several ways: as
it stands, with symbols between characters left out, with split characters put together (氵斿 is
游), and by its Latin letters (pinyin). A word that is only found in such a way was disguised; the
answer says so. Modest on purpose: a first line, not a judge.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib import resources
from typing import Final, NamedTuple, cast

TEXT_CHARS_MAX: Final = 20_000
"""How much of one text is searched."""

_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_SPACES = re.compile(r"\s+")
# Not what ends or divides a sentence (NFKC has made it narrow): two parts do not make a word.
_BETWEEN = re.compile(r"[^\w。，；！？、：“”《》()（）,;:!?\n]|_")
_LATIN = re.compile(r"[a-z][a-z \-_.·*]{2,200}")
_HAN = "㐀-鿿"
_HAN_SPACES = re.compile(rf"(?<=[{_HAN}0-9]) (?=[{_HAN}0-9])")

Table = dict[str, list[str]]


@cache
def vocabulary() -> dict[str, Table]:
    """The word lists of ``page_words.toml``."""
    text = resources.files("minorguard.content").joinpath("page_words.toml").read_text("utf-8")
    return cast("dict[str, Table]", tomllib.loads(text))


def words_of(table: str, key: str) -> tuple[str, ...]:
    """One word list."""
    return tuple(vocabulary()[table][key])


@cache
def around(grade: str) -> dict[str, tuple[str, ...]]:
    """What may not (``prohibited``) or should not (``restricted``) stand beside a lesson."""
    table = cast("dict[str, list[str]]", vocabulary()["around"][grade])
    return {category: tuple(words) for category, words in table.items()}


@cache
def _letters() -> dict[int, str]:
    fold = cast("dict[str, str]", vocabulary()["fold"])
    pairs = (*zip(fold["traditional"], fold["simplified"], strict=True),)
    looks = (*zip(fold["looks"], fold["latin"], strict=True),)
    return {ord(char): plain for char, plain in (*pairs, *looks)}


@cache
def _parts() -> tuple[re.Pattern[str], dict[str, str]]:
    whole = dict(pair.split("=") for pair in vocabulary()["fold"]["split"])
    return re.compile("|".join(map(re.escape, whole))), whole


def fold(text: str) -> str:
    """A text as it reads: NFKC, lower case, simplified, nothing invisible, single spaces."""
    seen = _UNSEEN.sub("", unicodedata.normalize("NFKC", text[:TEXT_CHARS_MAX]))
    return _SPACES.sub(" ", seen.casefold().translate(_letters())).strip()


class Hit(NamedTuple):
    """A word that was found; ``disguised`` when it does not stand there openly."""

    word: str
    disguised: bool


class Text:
    """A text, and the ways in which it can be read."""

    __slots__ = ("_hidden", "_joined", "_latin", "open", "raw")

    def __init__(self, text: str) -> None:
        self.raw = text
        self.open = fold(text)
        self._joined: str | None = None
        self._latin: str | None = None
        self._hidden = bool(_UNSEEN.search(text))

    @property
    def plain(self) -> str:
        """Without spaces, for words that are written with them: ``submit for review``."""
        return self.open.replace(" ", "")

    @property
    def joined(self) -> str:
        """With symbols left out and split characters put together."""
        if self._joined is None:
            close = _BETWEEN.sub("", _HAN_SPACES.sub("", self.open))
            pattern, whole = _parts()
            self._joined = pattern.sub(lambda part: whole[part[0]], close)
        return self._joined

    @property
    def latin(self) -> str:
        """Its Latin letters alone, a run each: pinyin with or without spaces."""
        if self._latin is None:
            runs = (re.sub(r"[^a-z]", "", run) for run in _LATIN.findall(self.open))
            self._latin = "\n".join(run for run in runs if run)
        return self._latin

    def first(self, words: tuple[str, ...]) -> Hit | None:
        """The first of the words that the text contains."""
        found = self.all(words, most=1)
        return found[0] if found else None

    def all(self, words: tuple[str, ...], most: int = 20) -> list[Hit]:
        """Which of the words the text contains, each once, at most so many."""
        found: list[Hit] = []
        if not self._may_hold(words):
            return found
        for word in words:
            if self._stands(word):
                found.append(Hit(word, self._hidden and not _in(word, self.raw.casefold())))
            elif word in self.joined or (len(word) > 4 and word.isascii() and word in self.latin):  # noqa: PLR2004 - shorter runs of letters are part of many words
                found.append(Hit(word, disguised=True))
            if len(found) == most:
                break
        return found

    def _may_hold(self, words: tuple[str, ...]) -> bool:
        """Whether any of the words is in any reading: nearly always not, and this is fast."""
        search = _any_of(words).search
        views = (self.open, self.plain, self.joined, self.latin)
        return any(search(view) is not None for view in dict.fromkeys(views) if view)

    def _stands(self, word: str) -> bool:
        return _in(word, self.open) or (len(word) > 4 and _in(word, self.plain))  # noqa: PLR2004 - the same


@cache
def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, words)))


@cache
def _whole(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])")


def _in(word: str, text: str) -> bool:
    """Whether a word stands in a text; letters and digits have to be a word of their own."""
    if word not in text:
        return False
    return not word.isascii() or len(word) > 6 or bool(_whole(word).search(text))  # noqa: PLR2004 - long ones are names


_NAME_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def name_parts(name: str) -> frozenset[str]:
    """A class or an id in its parts: ``rightAd-box_2`` is right, ad, box, 2."""
    whole = {part.casefold() for part in re.split(r"[\s_\-:./]+", name[:400]) if part}
    parts = {part.casefold() for part in _NAME_PARTS.findall(name[:400])}
    return frozenset(whole | parts)
