"""Looking for 10,000 words in Chinese text: comments, posts and a long one, folding included.

The floor is ``unicodedata.normalize("NFKC", text)`` of the same texts: less than any first line
that sees through full width has to do, and it finds nothing. The goal is in megabytes of UTF-8 a
second, so it is the one figure here that is absolute; the rounds are the same.
"""

from __future__ import annotations

import random
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from harness import Row, Spread, case, interleave

from minorguard.content.classifier import FirstLine, Pattern
from minorguard.content.folding import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness import Rounds

ROUNDS = 40
WORDS = 10_000
GOAL_MB_S = 20
CHARS = 60_000
"""Of each mix, in a pass."""

DOCS = Path(__file__).parents[1]
COMMON = [chr(n) for n in range(0x4E00, 0x9FA6, 7)]
"""Three thousand ideographs, which is what Chinese is written with."""

FREQUENT = [1 / (n + 5) for n in range(len(COMMON))]
MARKS = "，。！？、：“” \n"
DISGUISES = "\u200b.-*·　！\u0336"


class Mix(NamedTuple):
    name: str
    texts: list[str]
    goal: float | None = GOAL_MB_S

    @property
    def mb(self) -> float:
        return sum(len(text.encode()) for text in self.texts) / 1e6


def rows() -> Iterator[Row]:
    """All rows about the first line."""
    rng = random.Random(20260301)
    words = _words(rng)
    look = FirstLine([Pattern(f"p{n}", "gambling", (word,)) for n, word in enumerate(words)])
    mixes = _mixes(rng, words)
    cases = []
    for mix in mixes:
        names = {"texts": mix.texts, "normal": unicodedata.normalize, "classify": look.classify}
        calls = len(mix.texts)
        cases += [
            case(f"loop {mix.name}", "for a in texts: pass", names, calls=calls),
            case(
                f"nfkc {mix.name}",
                "for a in texts: normal('NFKC', a)",
                names,
                calls=calls,
                loop=f"loop {mix.name}",
            ),
            case(
                mix.name,
                "for a in texts: classify(a)",
                names,
                calls=calls,
                loop=f"loop {mix.name}",
            ),
        ]
    rounds = interleave(cases, ROUNDS)
    void = _wrong(look, words, mixes)
    for mix in mixes:
        yield Row(
            group="text",
            what=f"{mix.name}, MB of UTF-8 a second",
            value=_speed(rounds, mix),
            unit="MB/s",
            goal=mix.goal,
            bound=">=",
            ns=rounds.ns(mix.name),
            void=void,
        )
        yield Row(
            group="text",
            what=f"{mix.name} / NFKC alone",
            value=rounds.ratio(mix.name, f"nfkc {mix.name}"),
            goal=1 if mix.goal else None,
            void=void,
        )


def _speed(rounds: Rounds, mix: Mix) -> Spread:
    """The quartiles are those of the ratio to the floor, so that a slow round shows."""
    speed = mix.mb / (rounds.ns(mix.name) * len(mix.texts) / 1e9)
    ratio = rounds.ratio(mix.name, f"nfkc {mix.name}")
    return Spread(speed, speed * ratio.median / ratio.high, speed * ratio.median / ratio.low)


def _words(rng: random.Random) -> list[str]:
    """Words of two to six characters, one in ten with Latin letters."""
    words: set[str] = set()
    while len(words) < WORDS:
        word = "".join(rng.choices(COMMON, k=rng.choice((2, 3, 3, 4, 4, 5, 6))))
        words.add(word if rng.randrange(10) else word + rng.choice(("qq", "vx", "app")))
    return sorted(words)


def _mixes(rng: random.Random, words: Sequence[str]) -> list[Mix]:
    made = _chinese(rng, CHARS)
    real = "".join(re.findall(r"[^`\n]*[\u4e00-\u9fff][^`\n]*\n", _documents()))
    real = (real * (CHARS // len(real) + 1))[:CHARS]
    salted = [_salted(rng, text, words) for text in _cut(made, 60)]
    hit = [text[:30] + rng.choice(words) + text[30:] for text in _cut(made, 60)]
    return [
        Mix("comments of 60", _cut(made, 60)),
        Mix("comments of 60, one in 20 hit", salted),
        Mix("posts of 2,000", _cut(made, 2_000)),
        Mix("one text of 60,000", [made]),
        Mix("our own Chinese pages", _cut(real, 2_000)),
        Mix("every comment hit", hit, None),
    ]


def _documents() -> str:
    files = [DOCS / "README.zh-CN.md", *sorted((DOCS / "docs" / "zh").glob("*.md"))]
    return "\n".join(file.read_text("utf-8") for file in files)


def _chinese(rng: random.Random, chars: int) -> str:
    """Made-up Chinese: a few characters often, most rarely, a mark after every ten or so."""
    text = rng.choices(COMMON, FREQUENT, k=chars)
    for place in range(0, chars, 12):
        text[place] = rng.choice(MARKS)
    for place in range(7, chars, 40):
        text[place] = rng.choice("abcXYZ019ＡＢ賭")
    return "".join(text)


def _salted(rng: random.Random, text: str, words: Sequence[str]) -> str:
    if rng.randrange(20):
        return text
    word = rng.choice(DISGUISES).join(rng.choice(words))
    return text[:30] + word + text[30:]


def _cut(text: str, chars: int) -> list[str]:
    return [text[n : n + chars] for n in range(0, len(text), chars)]


def _wrong(look: FirstLine, words: Sequence[str], mixes: Sequence[Mix]) -> str:
    """Why the figures must not be read: a planted word is not found, or cut out wrongly."""
    hit = [text for mix in mixes for text in mix.texts if look.classify(text)]
    if not len(hit) >= len(mixes[-1].texts):
        return "planted words are not found"
    known = set(map(fold, words))
    for text in mixes[-1].texts:
        for found in look.classify(text):
            cut = text[found.start : found.end]
            if fold(cut) not in known:
                return "a hit cuts out another word"
    return ""


if __name__ == "__main__":
    for each in rows():
        print(each.what, each.value, each.state, each.void)
