"""Comments and chat: is there a place to write to others, and is it read before it is shown?

The 2020 rectification asks review before publication (先审后发) of every comment and interactive
function. A page shows the place to write; whether somebody reads it first, only its words can say.
So a place to write without such words counts as one without review.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from minorguard.content.page_words import Text, name_parts, words_of

if TYPE_CHECKING:
    from minorguard.content.page_look import Look
    from minorguard.content.page_tree import Element

_NAMES, _WORDS = frozenset(words_of("talk", "name")), words_of("talk", "words")
_REVIEWED, _OFF = words_of("talk", "reviewed"), words_of("talk", "off")
_AT_ONCE, _PRIVATE = words_of("talk", "at_once"), words_of("talk", "private")
_THIRD = frozenset(
    {
        "disqus_thread",
        "sohucs",
        "gitalk-container",
        "waline",
        "valine",
        "vcomments",
        "tcomment",
        "lv-container",
        "uyan_frame",
        "ds-thread",
        "giscus",
    }
)
_PRIVATE_NAMES = frozenset(_PRIVATE)
_OWN = ("name", "id", "class", "placeholder", "aria-label")
LEVELS = 5
"""How far up the words stand that belong to a field."""

_KINDS = frozenset({"", "text", "search"})


def find_comments(look: Look) -> None:
    """Find places to write to others."""
    page = Text(look.tree.text(look.tree.elements[0], 20_000)) if look.tree.elements else Text("")
    reviewed = bool(page.first(_REVIEWED))
    off = bool(page.first(_OFF))
    places = [element for element in look.tree.elements if _writes(look, element)]
    third = [element for element in look.tree.elements if _third(look, element)]
    if off and not third:
        places = []
    for element in places:
        box = _box(element)
        text = look.text(box, 1500)
        if reviewed and (len(places) == 1 or _says_review(look, box, text)):
            continue
        if text.first(_AT_ONCE):
            look.found("comments_open", "certain", element, look.text(box, 80).raw)
        else:
            look.found("comments_open", "likely", element, look.text(box, 80).raw)
        look.facts.comments = "publish_then_review"
    for element in third:
        if not reviewed:
            look.facts.comments = "publish_then_review"
            look.found(
                "comments_third_party", "likely", element, element.get("src") or element.get("id")
            )
    if look.facts.comments is None and (places or third):
        look.facts.comments = "review_then_publish"
    elif look.facts.comments is None and off:
        look.facts.comments = "off"


def _says_review(look: Look, box: Element, text: Text) -> bool:
    if text.first(_REVIEWED):
        return True
    actions = " ".join(element.get("action") for element in look.tree.below(box, 60))
    return bool(Text(actions.replace("-", "").replace("_", "")).first(_REVIEWED))


def _writes(look: Look, element: Element) -> bool:
    """Whether this is a field in which one writes to others."""
    field = element.name == "textarea" or "contenteditable" in element.attrs
    if not field and (element.name != "input" or element.get("type").lower() not in _KINDS):
        return False
    own = " ".join(element.get(name) for name in _OWN)
    said = Text(own)
    if said.first(_PRIVATE) or name_parts(own) & _PRIVATE_NAMES:
        return False
    return bool(name_parts(own) & _NAMES or said.first(_WORDS)) or _among_talk(look, element)


def _among_talk(look: Look, element: Element) -> bool:
    """Whether what stands around a field is for talking. The nearest that says something counts."""
    for up in islice(element.up(), LEVELS):
        if up.name in {"body", "html"}:
            break
        parts = name_parts(f"{up.get('class')} {up.get('id')} {up.get('action')}")
        text = look.text(up, 200) if up.name == "form" else None
        if parts & _PRIVATE_NAMES or (text and text.first(_PRIVATE)):
            return False
        if parts & _NAMES or (text and text.first(_WORDS)):
            return True
    return False


def _box(element: Element) -> Element:
    """What stands around a field: its form, and what holds the form."""
    box = element
    for up in islice(element.up(), LEVELS):
        if up.name in {"body", "html"}:
            break
        box = up
    return box


def _third(look: Look, element: Element) -> bool:
    if element.get("id").lower() in _THIRD or element.get("class").lower() in _THIRD:
        return True
    return element.name in {"script", "iframe"} and any(
        look.target(address).on("comments") for address in look.resources(element)
    )
