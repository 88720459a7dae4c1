"""Chinese characters and the simplified ones they are written as today, from OpenCC's tables."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol, cast

from opencc import OpenCC

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = f"opencc {version('opencc')}"

CONFIGURATIONS = ("t2s", "hk2s", "t2s")
"""Traditional to simplified, then what only Hong Kong writes. Not Taiwan's and not Japan's: they
take common simplified characters (么, 予) for variants of others."""


class Converter(Protocol):
    """What OpenCC's wheel does not say of its types."""

    def convert(self, text: str) -> str:
        """A text in another writing."""
        ...


def simplified(characters: Sequence[str]) -> list[str]:
    """Each character's simplified form, itself where there is none.

    One by one: in a sentence OpenCC looks at the words, and then a text would not fold as the sum
    of its characters does.
    """
    lines = "\n".join(characters)
    for name in CONFIGURATIONS:
        lines = cast("Converter", OpenCC(name)).convert(lines)
    return lines.split("\n")
