"""What sets a place in a script off: time and leaving, a click anywhere, or one that asks for it.

A window that opens because somebody pressed its button is a link. The same window, opened by a
timer or by the first click wherever it lands, is a pop-up. No script is run: the brackets around
the place are read from the inside out, and where they end in a named function, its callers are.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from minorguard.content.page_scripts import Script
    from minorguard.content.page_tree import Tree

Cause = Literal["itself", "anywhere", "asked"]

CALLERS_MAX: Final = 6
STEPS_MAX: Final = 4
"""How many named functions, one calling the other, are gone through."""

_FUNCTION = r"(?:async\s{0,3})?(?:function\b[^{}]{0,60}|\(?[\w,\s]{0,40}\)?\s{0,3}=>\s{0,3})"
_BRACKET = re.compile(r"[(){}]")
_BINDS = re.compile(
    r"([\w.$'\"#()\[\]-]{0,60})\.\s{0,3}"
    r"(?:addEventListener|on|one|bind|live|delegate|attachEvent)\s{0,3}\($"
)
_ASKS = re.compile(
    r"([\w.$'\"#()\[\]-]{0,60})\.\s{0,3}"
    r"(?:click|tap|dblclick|submit|change|keyup|keydown|keypress|mouseenter|hover|focus"
    r"|on(?:click|tap|submit|change|input|keydown|keyup|mousedown|mouseup|touchstart|touchend"
    rf"|pointerdown)\s{{0,3}}=\s{{0,3}}{_FUNCTION})\s{{0,3}}[({{]$"
)
_COMES = re.compile(
    r"(?:setTimeout|setInterval|requestIdleCallback|requestAnimationFrame|IntersectionObserver)"
    r"\s{0,3}\($"
    r"|\bon(?:load|mouseleave|mouseout|scroll|blur|beforeunload|popstate|pageshow|pagehide|unload"
    rf"|visibilitychange|ended|focus)\s{{0,3}}=\s{{0,3}}{_FUNCTION}\{{$"
)
_PRESSES = re.compile(
    r"\s{0,9}['\"][^'\"]{0,40}\b(?:on)?(?:click|tap|dblclick|submit|change|input|mousedown|mouseup"
    r"|touchstart|touchend|pointerdown|pointerup|keydown|keyup|keypress|mouseenter|mouseover)\b"
    r"[^'\"]{0,40}['\"]\s{0,3}(,\s{0,9}['\"])?"
)
_EVENT = re.compile(r"\s{0,9}['\"]")
_WHOLE_PAGE = re.compile(
    r"(?:\bdocument|\bwindow|document\.body|document\.documentElement"
    r"|['\"](?:body|html|document)['\"]\)|\$\((?:document|window|document\.body)\))$"
)
_NAMED = re.compile(
    r"(?:function\s{1,5}([\w$]{1,60})\s{0,3}\([^()]{0,200}\)"
    r"|([\w$]{1,60})\s{0,3}[=:]\s{0,3}(?:async\s{1,3})?function\b[^{}()]{0,60}\([^()]{0,200}\)"
    r"|([\w$]{1,60})\s{0,3}[=:]\s{0,3}(?:async\s{0,3})?\(?[\w,\s$]{0,100}\)?\s{0,3}=>)\s{0,3}\{$"
)
_METHOD = re.compile(r"([\w$]{1,60})\s{0,3}\([^()]{0,200}\)\s{0,3}\{$")
_NO_METHODS = frozenset({"if", "for", "while", "switch", "catch", "function", "with", "return"})
# `on("click", function f() {`: named, and called by nobody but the one it is given to.
_EXPRESSION = re.compile(r"[(,]\s{0,9}(?:async\s{1,3})?function\s{1,5}$")
_TAIL_CHARS = 240
_ORDER: tuple[Cause, ...] = ("itself", "anywhere", "asked")


class Causes:
    """What sets off the places of a page's scripts, as far as the page shows."""

    def __init__(self, scripts: list[Script], tree: Tree) -> None:
        self._scripts = scripts
        self._tree = tree
        self._known: dict[tuple[int, int], Cause] = {}

    def of(self, script: Script, at: int, steps: int = STEPS_MAX) -> Cause:
        """What sets off the code at this place of this script."""
        if script.handler:
            return "itself" if script.starts else "asked"
        for opened in self._around(script, at):
            tail = script.code[max(0, opened - _TAIL_CHARS) : opened + 1]
            known = _bound(tail, script.code[opened + 1 : opened + 80])
            if known:
                return known
            named, back = _name(tail)
            if named and not _EXPRESSION.search(tail[:-back]):
                return self._by_callers(script, named, opened + 1 - back, steps)
        return "itself"  # it runs when the page is loaded

    def _around(self, script: Script, at: int) -> list[int]:
        """Where the brackets around a place are opened, the innermost first."""
        self._tree.spend(1 + at // 16)
        opened: list[int] = []
        for bracket in _BRACKET.finditer(script.mask, 0, at):
            if bracket[0] in "({":
                opened.append(bracket.start())
            elif opened:
                opened.pop()
        return opened[::-1][:40]

    def _by_callers(self, script: Script, name: str, defined: int, steps: int) -> Cause:
        """What sets off a named function: whoever calls it. One that nobody calls was asked."""
        key = id(script), defined
        if key in self._known:
            return self._known[key]
        self._known[key] = "asked"  # until it is known: functions may call each other in a circle
        word = re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])")
        causes: set[Cause] = set()
        for other in self._scripts if steps else ():
            self._tree.spend(1 + len(other.code) // 64)
            for call in islice(word.finditer(other.code), CALLERS_MAX):
                if other is not script or call.start() != defined:
                    causes.add(self.of(other, call.start(), steps - 1))
        for one in _ORDER:
            if one in causes:
                self._known[key] = one
                break
        return self._known[key]


def _bound(tail: str, head: str) -> Cause | None:
    """What sets off the function that a bracket belongs to, if it is given to an event here."""
    binds = _BINDS.search(tail)
    if binds and _EVENT.match(head):
        presses = _PRESSES.match(head)
        if not presses:
            return "itself"
        # A second text is the selector of what has to be pressed.
        return "anywhere" if _WHOLE_PAGE.search(binds[1]) and not presses[1] else "asked"
    asks = _ASKS.search(tail)
    if asks:
        return "anywhere" if _WHOLE_PAGE.search(asks[1]) else "asked"
    return "itself" if _COMES.search(tail) else None


def _name(tail: str) -> tuple[str, int]:
    """The name of the function whose body begins here, and where that name stands from the end."""
    found = _NAMED.search(tail)
    if found:
        group = next(number for number in (1, 2, 3) if found[number])
        return found[group], len(tail) - found.start(group)
    found = _METHOD.search(tail)
    if found and found[1] not in _NO_METHODS:
        return found[1], len(tail) - found.start(1)
    return "", 0
