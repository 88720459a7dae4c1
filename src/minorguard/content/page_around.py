"""The surroundings of a lesson: side bars, floating boxes, feeds, footers, pop-ups, outside links.

What stands there is looked at for kinds of content that harm minors (条例 art. 22) or may affect
them (条例 art. 24), by their ids in the content categories. The lesson itself is not: a lesson on
the Opium War may speak of opium. These are hints; ``decide(Show(categories=...))`` is the judge.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from minorguard.content.page_words import Text, around, words_of

if TYPE_CHECKING:
    from minorguard.content.page_look import Look
    from minorguard.content.page_tree import Element

_NAMES = frozenset(words_of("around", "name"))
_HEADINGS, _CALM = words_of("around", "heading"), words_of("around", "calm")
_ITEMS = frozenset(
    {
        "a",
        "li",
        "p",
        "h2",
        "h3",
        "h4",
        "h5",
        "span",
        "div",
        "td",
        "button",
        "strong",
        "b",
        "em",
        "dt",
        "dd",
        "figcaption",
        "img",
        "option",
        "marquee",
        "font",
        "label",
        "i",
    }
)
_FEED = re.compile(r"scroll|IntersectionObserver|loadMore|infinite", re.IGNORECASE)
_FETCH = re.compile(r"fetch\s{0,3}\(|\$\.(?:get|ajax|post)|axios|XMLHttpRequest|insertAdjacentHTML")
_FEED_NAMES = frozenset({"infinite", "waterfall", "feed"})
_WORD_CHARS = 160


def find_surroundings(look: Look) -> None:
    """Find what stands beside the lesson and should not."""
    zones: set[int] = set()
    for element in look.tree.elements:
        look.tree.spend()
        inside = element.parent is not None and id(element.parent) in zones
        if inside or _is_zone(look, element):
            zones.add(id(element))
            if element.name in _ITEMS:
                _item(look, element)
        elif element.name == "a" and any(
            look.target(to).outside and not look.target(to).learning for to in look.ways(element)
        ):
            _item(look, element)
        _floats(look, element)
    for script in look.scripts:
        if _FEED.search(script.code) and _FETCH.search(script.code):
            look.found("feed_loads", "look", script.element, script.code[:100])


def _is_zone(look: Look, element: Element) -> bool:
    if element.name in {"body", "html", "main", "article", "head"}:
        return False
    if element.name in {"aside", "footer", "dialog", "marquee"}:
        return True
    style = look.style(element)
    if look.parts(element) & _NAMES or style.said.get("position") == "fixed":
        return not _holds_lesson(look, element)
    for child in element.children[:3]:
        if not isinstance(child, str) and child.name in {
            "h2",
            "h3",
            "h4",
            "h5",
            "strong",
            "p",
            "div",
            "span",
            "dt",
            "b",
        }:
            own = child.own_text.strip()
            if own and len(own) < 20 and Text(own).first(_HEADINGS):  # noqa: PLR2004 - a heading is short
                return True
    return False


def _holds_lesson(look: Look, element: Element) -> bool:
    return any(
        inside.name in {"h1", "article", "main", "video"}
        for inside in look.tree.below(element, 300)
    )


def _item(look: Look, element: Element) -> None:
    """One line of the surroundings. Said of the innermost element that says it."""
    own = element.own_text.strip() or element.get("alt") or element.get("title")
    if len(own) < 2:  # noqa: PLR2004 - no word is shorter
        return
    text = Text(own[:_WORD_CHARS])
    if text.first(_CALM):
        return
    for grade in ("prohibited", "restricted"):
        for category, words in around(grade).items():
            look.tree.spend(2)
            hit = text.first(words)
            if hit:
                look.found(f"around_{grade}", "likely", element, own, category)
                if hit.disguised:
                    look.found("words_hidden", "look", element, own, hit.word)
                return


def _floats(look: Look, element: Element) -> None:
    if look.style(element).said.get("position") == "fixed" and element.name not in {
        "body",
        "html",
        "header",
        "nav",
    }:
        look.found("floating_box", "look", element)
    if look.parts(element) & _FEED_NAMES and (
        "data-next" in element.attrs or "infinite" in look.parts(element)
    ):
        look.found("feed_loads", "look", element)
