"""Boxes over a page, and where they lead: ``Away`` if not to learning.

A dialog of the page's own that explains a word, asks to save homework or reminds to rest is for
learning. One that leads to another site, promises a gift or wants to be followed is not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from minorguard.content.page_words import Text, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minorguard.content.page_look import Look
    from minorguard.content.page_tree import Element
    from minorguard.core.uses import LeadsTo

INSIDE_MAX: Final = 400
"""An element with more in it is the page, not a box on it."""

URL: Final = re.compile(r"(?:https?:)?//[\w.-]{4,253}[^\s\"'<>\\]{0,1000}")
"""An address of another site, as it stands in a text."""

_NAMES, _SURE_NAMES = frozenset(words_of("popup", "name")), frozenset(words_of("popup", "sure"))
_SELLS = frozenset(words_of("popup", "sells"))
_LURES, _GAME = words_of("lure", "strong"), words_of("game", "strong")
_CALM = words_of("game", "calm")
_NO_BOXES = frozenset(
    [
        "body",
        "html",
        "main",
        "script",
        "style",
        "link",
        "meta",
        "head",
        "a",
        "input",
        "button",
        "img",
    ]
)
_FRAMES = frozenset({"iframe", "embed", "object"})
_OVER_THE_PAGE = 99


class Away(NamedTuple):
    """Where a box leads, away from learning, and what says so."""

    leads_to: LeadsTo
    why: str
    sure: bool
    bare: bool = False
    """Nothing but an address of another site says so, and no word lures."""

    address: bool = False
    """Only an address says so."""


def box_strength(look: Look, element: Element) -> int:
    """Whether an element is a box over the page: 2 surely, 1 by its name and the look of it."""
    if element.name in _NO_BOXES:
        return 0
    style = look.style(element)
    modal = "dialog" in element.get("role") or element.get("aria-modal") == "true"
    if element.name == "dialog" or modal or style.covers:
        return 2
    names = look.parts(element) & _NAMES
    if not names:
        return 0
    if style.said.get("position") == "fixed":
        return 2
    return int(bool(names & _SURE_NAMES) or style.hidden or style.layer > _OVER_THE_PAGE)


def away_from(look: Look, box: Element) -> Away | None:
    """Where a box leads if not to learning."""
    inside = list(look.tree.below(box, INSIDE_MAX + 1))
    if len(inside) > INSIDE_MAX:
        return None
    text = look.text(box, 300)
    lures = bool(text.first(_LURES))
    for element in inside:
        for address in _addresses(look, element):
            away = _away_by(look, element, address, lures=lures)
            if away:
                return away
    return away_in_words(text)


def _addresses(look: Look, element: Element) -> Iterator[str]:
    """Where the element leads, by its attributes, its handlers, and as a frame."""
    yield from look.ways(element)
    for script in look.handlers(element):
        yield from (text for text in script.strings if URL.match(text))
    if element.name in _FRAMES:
        yield from look.resources(element)


def _away_by(look: Look, element: Element, address: str, *, lures: bool) -> Away | None:
    to = look.target(address)
    judged = look.judged(to, element)
    if not to.outside and _SELLS & set(to.url.lower().partition("?")[0].split("/")):
        return Away("shop", to.url[:60], sure=False)
    if judged.leads_to == "learning" or not (to.outside or judged.leads_to == "game" or to.app):
        return None
    bare = judged.leads_to in {"other", "social"} and not lures
    return Away(judged.leads_to, judged.why or to.host, True, bare, not lures)  # noqa: FBT003 - fields


def away_in_words(text: Text) -> Away | None:
    """Where a text lures to, if it does."""
    lures = text.all(_LURES, most=3)
    if lures:
        return Away("other", lures[0].word, sure=len(lures) > 1)
    game = text.first(_GAME)
    if game and not text.first(_CALM):
        return Away("game", game.word, sure=False)
    return None
