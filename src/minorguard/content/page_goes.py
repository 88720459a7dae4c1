"""Links: to games in the open or in disguise, and those that do not say where they lead.

Everything that can be clicked counts, and everything that goes by itself: anchors, areas, forms,
data attributes, handlers, frames, a refresh in the head, a script's ``location``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from minorguard.content.page_links import KNOWN
from minorguard.content.page_scripts import GOES
from minorguard.content.page_words import Text, name_parts, words_of

if TYPE_CHECKING:
    from minorguard.content.page_findings import Confidence
    from minorguard.content.page_links import Judged, Target
    from minorguard.content.page_look import Look
    from minorguard.content.page_scripts import Script
    from minorguard.content.page_tree import Element

CALL_CHARS_MAX = 200
"""A call to scan a code is short."""

_REFRESH = re.compile(r"url\s{0,5}=\s{0,5}['\"]?([^'\"]{1,2000})", re.IGNORECASE)
_URL = re.compile(r"(?:https?:)?//[\w.-]{4,253}[^\s\"'<>\\]{0,1000}")
_QR_NAMES, _QR_WORDS = frozenset(words_of("qr", "name")), words_of("qr", "words")
_GAME = words_of("game", "strong")
_FRAMES = frozenset({"iframe", "frame", "embed", "object"})


def find_links(look: Look) -> None:
    """Find links."""
    for element in look.tree.elements:
        look.tree.spend()
        for address in look.ways(element):
            if not address.lower().lstrip().startswith("javascript:"):
                _link(look, element, address)
        if element.name == "meta" and element.get("http-equiv").lower() == "refresh":
            found = _REFRESH.search(element.get("content"))
            if found:
                _link(look, element, found[1], by_itself=True)
        for address in look.resources(element) if element.name in _FRAMES else ():
            judged = look.judged(look.target(address), element)
            if judged.leads_to == "game":
                _game(look, "game_embedded", element, judged, address)
        _qr(look, element)
    for script in look.scripts:
        _script(look, script)


def _game(look: Look, kind: str, element: Element, judged: Judged, excerpt: str) -> None:
    look.facts.links.append("game")
    confidence: Confidence = "certain" if judged.sure >= KNOWN else "likely"
    look.found(kind, confidence, element, excerpt, judged.why)


def _link(look: Look, element: Element, address: str, *, by_itself: bool = False) -> None:
    to = look.target(address)
    judged = look.judged(to, element)
    said = look.text(element, 120)
    hidden = to.hidden or ("words" if any(hit.disguised for hit in said.all(_GAME)) else "")
    shown = f"{said.raw[:60]} {address}".strip()
    if judged.leads_to == "game":
        kind = "link_game_hidden" if hidden or by_itself else "link_game"
        _game(look, kind, element, judged, shown)
        return
    look.facts.links.append(judged.leads_to)
    if judged.sure == 1 and to.outside:
        look.found("link_maybe_game", "look", element, shown, judged.why)
    if to.hidden and to.outside and not to.learning:
        look.found("link_hidden", "look", element, shown, to.hidden)
    _hint(look, element, to, shown)


def _hint(look: Look, element: Element, to: Target, shown: str) -> None:
    if to.on("short"):
        look.found("link_short", "look", element, shown, to.host)
    elif to.on("social"):
        look.found("link_social", "look", element, shown, to.host)
    elif to.on("shops") or to.on("affiliate"):
        look.found("link_shop", "look", element, shown, to.host)
    if to.app or to.opens_app:
        look.found("link_app", "look", element, shown)


def _qr(look: Look, element: Element) -> None:
    if element.name == "img":
        file = element.get("src").rpartition("/")[2]
        said = f"{element.get('class')} {element.get('id')} {element.get('alt')} {file}"
        if name_parts(said) & _QR_NAMES or "二维码" in said:
            look.found("qr_code", "look", element, element.get("alt") or element.get("src"))
    elif element.name not in {"script", "style"} and 0 < len(element.own_text) < CALL_CHARS_MAX:
        hit = Text(element.own_text).first(_QR_WORDS)
        if hit:
            look.found("qr_code", "look", element, element.own_text, hit.word)


def _script(look: Look, script: Script) -> None:
    """Addresses in a script: where it goes, or what it will draw."""
    goes = bool(GOES.search(script.code)) or bool(script.handler)
    for text in script.strings:
        look.tree.spend()
        if "//" not in text:
            continue
        for address in _URL.findall(text)[:20]:
            to = look.target(address)
            judged = look.judged(to, script.element)
            if judged.leads_to == "game" and (to.on("games") or goes):
                sure = judged if goes else judged._replace(sure=KNOWN - 1)
                _game(look, "link_game_script", script.element, sure, text)
                return
    if script.unread:
        look.found("script_unread", "look", script.element, script.code[:100])
