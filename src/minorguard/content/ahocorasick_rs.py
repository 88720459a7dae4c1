"""Many words looked for at once: an Aho-Corasick automaton in Rust."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ahocorasick_rs import AhoCorasick

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    Found: TypeAlias = list[tuple[int, int, int]]
    """Which word, where it begins, and where it has ended."""


def finder(words: Sequence[str]) -> Callable[[str], Found]:
    """A function that finds all words in a text, those that overlap too. Safe for many threads."""
    if not words:
        return lambda _: []
    find = AhoCorasick(words, store_patterns=False).find_matches_as_indexes
    return partial(find, overlapping=True)
