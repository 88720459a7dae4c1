"""Advertisements: networks, slots, scripts that put them in, labels, paid links, pictures.

未成年人保护法 art. 74(3) forbids all of them on a course page for minors, so none is called related
to learning here: a page's HTML does not say who paid.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from minorguard.content.page_look import Look, said_exactly
from minorguard.content.page_words import words_of

if TYPE_CHECKING:
    from minorguard.content.page_findings import Confidence
    from minorguard.content.page_links import Target
    from minorguard.content.page_scripts import Script
    from minorguard.content.page_tree import Element

SIZES: Final = frozenset(
    tuple(map(int, size.split("x")))
    for size in [
        "300x250",
        "728x90",
        "960x90",
        "970x90",
        "970x250",
        "750x90",
        "640x60",
        "640x90",
        "336x280",
        "160x600",
        "120x600",
        "320x50",
        "320x100",
        "300x600",
        "468x60",
        "250x250",
        "200x200",
        "120x270",
        "580x90",
        "640x100",
        "1200x90",
    ]
)
"""Usual sizes of advertisements, in pixels."""

_LABELS, _NAMES, _FILES = (
    words_of("ad", "label"),
    frozenset(words_of("ad", "name")),
    words_of("ad", "file"),
)
_SCRIPT, _LURES = words_of("ad", "script"), words_of("lure", "strong")
_BLOCKS = frozenset({"p", "li", "div", "td", "section", "article"})
_URL = re.compile(r"(?:https?:)?//[\w.-]{4,253}(?=[/:?#\"'\s]|$)")
_SLOT_ATTRIBUTES = (
    "data-ad-slot",
    "data-ad-client",
    "data-google-query-id",
    "data-adunit",
    "data-ad-unit",
    "data-ad-id",
    "data-adid",
    "data-vast",
    "data-ad-tag",
    "data-slotid-ad",
    "data-cpro-id",
)


def find_ads(look: Look) -> None:
    """Find advertisements."""
    for element in look.tree.elements:
        look.tree.spend(2)
        _networks(look, element)
        _slots(look, element)
        _marked(look, element)
        _pictures(look, element)
        _promotions(look, element)
    for script in look.scripts:
        _scripts(look, script)


def _ad(
    look: Look,
    kind: str,
    confidence: Confidence,
    element: Element,
    about: str = "",
    *,
    excerpt: str = "",
) -> None:
    if look.found(kind, confidence, element, excerpt, about) and confidence != "look":
        look.facts.ads.append(False)


def _networks(look: Look, element: Element) -> None:
    for address in look.resources(element):
        to = look.target(address)
        if not to.on("ads"):
            if _ad_host(to) or (
                element.name == "script" and any(word in address for word in _FILES)
            ):
                _ad(look, "ad_network", "likely", element, to.host, excerpt=address)
            continue
        if element.name == "link" and {"dns-prefetch", "preconnect", "prefetch", "preload"} & set(
            element.get("rel").lower().split()
        ):
            _ad(look, "ad_preload", "likely", element, to.host, excerpt=address)
        elif element.name == "img" and _size(look, element) in {(1, 1), (0, 0)}:
            _ad(look, "ad_pixel", "certain", element, to.host, excerpt=address)
        else:
            _ad(look, "ad_network", "certain", element, to.host, excerpt=address)
    for address in look.ways(element):
        to = look.target(address)
        if to.on("affiliate") or to.on("ads"):
            _ad(look, "ad_paid_link", "certain", element, to.host, excerpt=address)


def _ad_host(to: Target) -> bool:
    """Whether a host calls itself one of advertisements: ``gg.example.cn``, ``ads2``."""
    first = to.host.partition(".")[0].rstrip("0123456789")
    return to.outside and first in _NAMES


def _slots(look: Look, element: Element) -> None:
    for name in _SLOT_ATTRIBUTES:
        if name in element.attrs:
            _ad(look, "ad_slot", "certain", element, name, excerpt=f"<{element.name} {name}>")
            return
    if "adsbygoogle" in element.get("class") or element.get("id").startswith("div-gpt-ad"):
        named = element.get("class") or element.get("id")
        _ad(look, "ad_slot", "certain", element, excerpt=f"<{element.name} {named}>")
    if {"sponsored"} & set(element.get("rel").lower().split()):
        _ad(look, "ad_labelled", "likely", element, "rel=sponsored")


def _marked(look: Look, element: Element) -> None:
    """A word such as 广告 that stands alone, beside something that leads away."""
    if element.name in {"script", "style", "title", "option", "h1", "h2"}:
        return
    own = element.own_text.strip()
    marked = bool(own) and len(own) <= 20 and said_exactly(own, _LABELS)  # noqa: PLR2004 - a label is short
    if not marked and element.name == "img":
        marked = said_exactly(element.get("alt"), _LABELS)
    if not marked:
        return
    at = element
    for level, box in enumerate(element.up()):
        if level > 3 or box.name in {"body", "html", "main", "nav"}:  # noqa: PLR2004 - a label is near
            break
        at = box
        away = _leads_away(look, box)
        if away:
            _ad(look, "ad_labelled", "likely", box, away)
            return
    shown = any(child.name in {"img", "iframe", "video"} for child in look.tree.below(at, 60))
    if shown and at is not element:
        _ad(look, "ad_labelled", "likely", at, own)
    else:
        _ad(look, "ad_maybe", "look", at, own)


def _leads_away(look: Look, box: Element) -> str:
    """The first address in the box that leaves the site for something that is not learning."""
    for element in look.tree.below(box, 60):
        for address in (*look.ways(element), *_handled(look, element)):
            to = look.target(address)
            if to.outside and not to.learning:
                return to.host
        if element.name in {"iframe", "embed"} and element.get("src"):
            to = look.target(element.get("src"))
            if to.outside and not to.learning:
                return to.host
    return ""


def _handled(look: Look, element: Element) -> list[str]:
    """The addresses in the handlers of an element."""
    if not any(name.startswith("on") for name in element.attrs):
        return []
    return [
        text for script in look.handlers(element) for text in script.strings if _URL.match(text)
    ]


def _size(look: Look, element: Element) -> tuple[int, int]:
    """Width and height in pixels; -1 where they are not said."""
    said = look.style(element).said
    both: list[int] = []
    for name in ("width", "height"):
        text = (element.get(name) or said.get(name, "")).strip().removesuffix("px")
        both.append(int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else -1)  # noqa: PLR2004 - pixels
    return both[0], both[1]


def _pictures(look: Look, element: Element) -> None:
    """Named like an advertisement, or drawn like one, and leading away."""
    named = bool(look.parts(element) & _NAMES) and element.name not in {"body", "html", "main"}
    addresses = [address.lower() for address in look.resources(element)]
    drawn = any(word in address for address in addresses for word in _FILES)
    sized = element.name in {"img", "iframe"} and _size(look, element) in SIZES
    if not (named or drawn or sized):
        return
    box = element
    for level, up in enumerate(element.up()):
        if level > 2 or up.name in {"body", "html", "main", "ul", "table"}:  # noqa: PLR2004 - its link is near
            break
        box = up
        away = _leads_away(look, up)
        if away:
            _ad(look, "ad_picture", "likely", box if up is element else up, away)
            return
    if drawn or (named and look.text(element, 100).open):
        _ad(look, "ad_maybe", "look", element, addresses[0] if drawn else "")


def _promotions(look: Look, element: Element) -> None:
    """A link to somewhere else that promises something."""
    for address in look.ways(element):
        to = look.target(address)
        if not to.outside or to.learning:
            continue
        block = element
        if to.on("shops"):
            block = next((up for up in element.up() if up.name in _BLOCKS), element)
        lures = look.text(block, 300).all(_LURES, most=2)
        if lures:
            sure: Confidence = "likely" if len(lures) > 1 or to.on("shops") else "look"
            kind = "ad_promotion" if sure == "likely" else "ad_maybe"
            _ad(look, kind, sure, element, lures[0].word)
        return


def _scripts(look: Look, script: Script) -> None:
    for text in script.strings:
        look.tree.spend()
        for address in _URL.findall(text)[:20] if "//" in text else ():
            to = look.target(address)
            named = _ad_host(to)
            if named or to.on("ads"):
                sure: Confidence = "certain" if to.on("ads") else "likely"
                _ad(look, "ad_script", sure, script.element, to.host, excerpt=text)
                return
    code = script.code.lower()
    look.tree.spend(len(code) // 16)
    word = next((word for word in _SCRIPT if word in code), None)
    if word:
        _ad(look, "ad_script", "likely", script.element, word, excerpt=script.code[:200])
