"""The law as data: dated editions in TOML, with their citations, read into a ``Law``."""

from minorguard.packs.loader import KNOWN_LAWS, READINGS, law

__all__ = ["KNOWN_LAWS", "READINGS", "law"]
