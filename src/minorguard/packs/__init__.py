"""The law as data: dated editions in TOML, with their citations, read into a ``Law``."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike

    from minorguard.core.policy import Law
    from minorguard.packs.files import TextFile

    File = str | PathLike[str] | TextFile

KNOWN_LAWS: tuple[str, ...] = (
    "cn.base", "cn.game", "cn.live", "cn.video", "cn.social", "cn.course", "cn.ai", "cn.mode",
    "cn.draft-2026-09",
)  # fmt: skip
"""The laws that ship with this version."""

PARTS: Mapping[str, str] = MappingProxyType({"cn.payments": "cn.live", "cn.tips": "cn.live"})
"""Packs that are only parts of others, so that nobody names them; each with a law that has it."""


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
