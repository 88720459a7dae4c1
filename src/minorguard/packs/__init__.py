"""The law as data: dated editions in TOML, with their citations, read into a ``Law``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike

    from minorguard.core.policy import Law
    from minorguard.packs.files import TextFile

    File = str | PathLike[str] | TextFile

KNOWN_LAWS: tuple[str, ...] = ("cn.base", "cn.game")
"""The laws that ship with this version."""


def law(
    *ids: str,
    readings: Mapping[str, str] | None = None,
    notices: File | Iterable[File] = (),
    house: File | None = None,
    messages: File | None = None,
) -> Law:
    """Load a law by name, ``law("cn.game")``; several names are the union of their rules.

    ``readings``: named interpretations, ``{"calendar": "literal"}``. ``notices``: TOML files of
    holiday notices that came out after this version. ``house``: a TOML file of the platform's own,
    stricter rules. ``messages``: a TOML file of its own wording.

    Raises ``ConfigurationError``; ``InvalidPack`` names file and key.
    """
    from minorguard.packs.loader import load

    return load(ids, readings or {}, notices, house, messages)
