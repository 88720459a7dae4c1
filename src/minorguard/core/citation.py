"""Where a rule comes from: the instrument, the article, the official address."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

Provenance = Literal["law", "regulation", "notice", "guidance", "practice", "reading", "draft"]
"""How binding a rule is: statute, State Council regulation, ministry notice, guidance that a
guardian may adjust, practice of the trade, a named reading of a text, or a consultation draft."""

PROVENANCES: tuple[Provenance, ...] = get_args(Provenance)


class Citation(NamedTuple):
    """One article of one instrument, as one would read it to a judge.

    ``document`` is the instrument's full name with its number, ``article`` the place in it,
    ``url`` the official address.
    """

    document: str
    article: str
    url: str

    def __str__(self) -> str:
        return f"《{self.document}》{self.article}"
