"""Pop-ups: what comes by itself, what covers the page, what opens a window.

The 2020 rectification forbids pop-ups that lure minors to pages unsuitable for them; which of them
lure is for ``page_boxes`` to say, and what sets them off for ``page_causes``.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from minorguard.content.page_boxes import URL, Away, away_from, away_in_words, box_strength
from minorguard.content.page_causes import Cause, Causes
from minorguard.content.page_scripts import BUILDS, MEMBER, OPENS_WINDOW, REVEALS, SHOWS_BOX
from minorguard.content.page_words import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minorguard.content.page_findings import Confidence
    from minorguard.content.page_look import Look
    from minorguard.content.page_scripts import Script
    from minorguard.content.page_tree import Element

PLACES_MAX: Final = 20
"""How many calls of each kind are looked at in a script."""

NEAR_CHARS: Final = 400
"""What stands so near a call in a script belongs to it."""

_NAME = re.compile(r"[#.]?([A-Za-z_][\w-]{0,60})")
_TAG = re.compile(r"<[^>]{0,400}>")
_LATER = re.compile(
    r"setTimeout|setInterval|mouseleave|mouseout|beforeunload|scroll|visibilitychange|onload"
    r"|popstate"
)
_FILES = (".js", ".css", ".png", ".jpg", ".gif", ".svg", ".woff2", ".webp", ".mp4", ".m3u8")
_WHOLE = frozenset({"body", "html", "script", "main"})


def find_popups(look: Look) -> None:
    """Find pop-ups."""
    seen: set[int] = set()
    scripts = _Scripts(look)
    for script in look.scripts:
        scripts.read(script)
    for element in look.tree.elements:
        look.tree.spend()
        if element.parent is not None and id(element.parent) in seen:
            seen.add(id(element))  # what stands in a box is a part of it
            continue
        strength = box_strength(look, element)
        if strength:
            seen.add(id(element))
            _box(look, element, scripts.shown.get(id(element)), sure=strength > 1)


def _popup(look: Look, kind: str, confidence: Confidence, element: Element, away: Away) -> None:
    _told(look, kind, confidence, element, (away, ""))


def _told(
    look: Look, kind: str, confidence: Confidence, element: Element, told: tuple[Away, str]
) -> None:
    away, excerpt = told
    if confidence == "look":
        look.found("popup_maybe", "look", element, excerpt, away.why)
        return
    look.facts.popups.append(away.leads_to)
    look.found(kind, confidence, element, excerpt, away.why)


def _box(look: Look, box: Element, shown_by: Cause | None, *, sure: bool) -> None:
    """A box in the markup: where it leads, and whether anybody is seen to open it."""
    away = away_from(look, box)
    if away is None:
        look.facts.popups.append("learning")
        return
    if "open" in box.attrs or not look.style(box).hidden:
        confidence: Confidence = "certain" if sure and away.sure else "likely"
    elif shown_by == "asked" or (away.bare and shown_by is None):
        confidence = "look"  # somebody presses its button, or nobody is seen to open it
    else:
        confidence = "likely"
    _popup(look, "popup_cover", confidence, box, away)


class _Scripts:
    """What the scripts of a page open, show and write, and what sets that off."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._causes = Causes(look.scripts, look.tree)
        self._named = self._by_name()
        self.shown: dict[int, Cause] = {}
        """By the id of an element, what makes a script show it."""

    def read(self, script: Script) -> None:
        """Look at all calls of a script that open or show something."""
        self._look.tree.spend(1 + len(script.code) // 8)
        for at in _places(OPENS_WINDOW, script):
            self._window(script, at)
        for at in _places(MEMBER, script) if "open" in script.strings else ():
            self._window(script, at)
        for at in _places(SHOWS_BOX, script):
            self._dialog(script, at)
        for at in _places(REVEALS, script):
            self._reveal(script, at)
        if _LATER.search(script.code) and any(
            self._causes.of(script, at) != "asked" for at in _places(BUILDS, script)
        ):
            self._lured(script)

    def _by_name(self) -> dict[str, Element]:
        """Elements by id, and by class where no id is called so."""
        named: dict[str, Element] = {}
        for element in self._look.tree.elements:
            self._look.tree.spend()
            for name in element.get("class").split()[:8]:
                named.setdefault(name, element)
        for element in self._look.tree.elements:
            if element.get("id"):
                named[element.get("id")] = element
        return named

    def _window(self, script: Script, at: int) -> None:
        """A window that is opened. Whoever pressed a button for it has followed a link."""
        if script.handler and not script.starts:
            return  # looked at as a link
        asked = self._causes.of(script, at) == "asked"
        told = next(self._away_in(script, at), None)
        if told is None or (asked and told[1] not in script.code[at : at + NEAR_CHARS]):
            return
        _told(self._look, "popup_window", "look" if asked else "certain", script.element, told)

    def _dialog(self, script: Script, at: int) -> None:
        """A dialog of a library: its content is in the strings of the script."""
        if self._causes.of(script, at) == "asked":
            return
        told = next(self._away_in(script, at), None)
        if told:
            _told(self._look, "popup_by_itself", "likely", script.element, told)
        else:
            self._lured(script)

    def _reveal(self, script: Script, at: int) -> None:
        """An element that a script shows."""
        cause = self._causes.of(script, at)
        for element in self._revealed(script, at):
            if self.shown.get(id(element), "asked") == "asked":
                self.shown[id(element)] = cause
            away = away_from(self._look, element) if cause != "asked" else None
            if away and (box_strength(self._look, element) or not away.address):
                sure: Confidence = "certain" if away.sure else "likely"
                _popup(self._look, "popup_by_itself", sure, element, away)

    def _lured(self, script: Script) -> None:
        """Whether what a script writes or shows by itself is a lure."""
        for text in script.strings[:500]:
            self._look.tree.spend(1 + len(text) // 32)
            if text.isascii():
                continue
            away = away_in_words(Text(_TAG.sub(" ", text[:4000])))
            if away:
                _told(self._look, "popup_by_itself", "likely", script.element, (away, text))
                return

    def _away_in(self, script: Script, at: int) -> Iterator[tuple[Away, str]]:
        """Addresses in a script that lead away from learning, those near the place first."""
        near = script.code[at : at + NEAR_CHARS]
        for text in sorted(script.strings, key=lambda text: text not in near):
            self._look.tree.spend(1 + len(text) // 32)
            for address in URL.findall(text)[:10] if "//" in text else ():
                to = self._look.target(address)
                if to.on("statistics") or to.url.lower().partition("?")[0].endswith(_FILES):
                    continue
                leads_to = self._look.judged(to, script.element).leads_to
                if to.outside and leads_to != "learning":
                    yield Away(leads_to, to.host, sure=True, bare=leads_to == "other"), text

    def _revealed(self, script: Script, at: int) -> list[Element]:
        """The elements that a script names near a place, or anywhere if it names none near."""
        near = script.code[max(0, at - NEAR_CHARS // 2) : at + NEAR_CHARS // 4]
        named: dict[int, Element] = {}
        close: dict[int, Element] = {}
        for text in script.strings[:300]:
            self._look.tree.spend()
            found = _NAME.fullmatch(text.strip())
            element = self._named.get(found[1]) if found else None
            if element is None or element.name in _WHOLE:
                continue
            named[id(element)] = element
            if text in near:
                close[id(element)] = element
        return list((close or named).values())


def _places(call: re.Pattern[str], script: Script) -> Iterator[int]:
    return (found.start() for found in islice(call.finditer(script.code), PLACES_MAX))
