"""The little of style sheets that matters here: what floats, what covers, what is a picture.

Only the last step of a selector is matched (its tag, id and classes), so a rule may be taken for
one more element than a browser would take it for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from minorguard.content.page_tree import Element, Tree

SHEET_CHARS_MAX: Final = 1_000_000
RULES_MAX: Final = 20_000
SELECTORS_MAX: Final = 40

_COMMENT = re.compile(r"/\*(?:[^*]|\*(?!/))*(?:\*/)?")
_RULE = re.compile(r"([^{}]{1,2000})\{([^{}]{0,4000})\}")
_STEP = re.compile(r"([#.]?)([\w-]+)")
_ZERO = re.compile(r"^0(?:px|%|em|rem|vh|vw)$")
_URL = re.compile(r"url\(\s{0,9}['\"]?([^'\")\s]{1,2000})", re.IGNORECASE)
_RARE = {"#": 0, ".": 1}
_EDGES = ("top", "right", "bottom", "left")
_FULL = ("100%", "100vw", "100vh", "100dvh")


class Style(NamedTuple):
    """What is known of how an element is drawn: its declarations, lower case, without spaces."""

    said: dict[str, str]
    urls: tuple[str, ...]

    @property
    def fixed(self) -> bool:
        """It stays where it is while the page scrolls."""
        return self.said.get("position") in {"fixed", "sticky"}

    @property
    def covers(self) -> bool:
        """It lies over the whole page."""
        where = self.said.get("position")
        if where != "fixed" and not (where == "absolute" and self.layer > 99):  # noqa: PLR2004 - over the page
            return False
        wide = self.said.get("width") in _FULL and self.said.get("height") in _FULL
        edges = self.said.get("inset") == "0" or all(self.said.get(edge) == "0" for edge in _EDGES)
        return wide or edges

    @property
    def layer(self) -> int:
        """Its ``z-index``."""
        digits = self.said.get("z-index", "")
        return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 12 else 0  # noqa: PLR2004 - more than any browser takes

    @property
    def hidden(self) -> bool:
        """It is not shown at first."""
        return self.said.get("display") == "none" or self.said.get("visibility") == "hidden"


PLAIN = Style({}, ())


class Sheet:
    """All style sheets of a page, by the class, id or tag that each rule ends with."""

    def __init__(self, tree: Tree) -> None:
        self._by_key: dict[str, list[tuple[frozenset[str], str]]] = {}
        self._seen: dict[int, Style] = {}
        self._tree = tree

    def read(self) -> None:
        """Read every ``style`` element."""
        tree, rules = self._tree, 0
        for element in tree.named("style"):
            css = _COMMENT.sub("", element.own_text[:SHEET_CHARS_MAX])
            for rule in _RULE.finditer(css):
                rules += 1
                if rules > RULES_MAX:
                    tree.complete = False
                    return
                self._add(rule[1], rule[2])

    def _add(self, selectors: str, body: str) -> None:
        for selector in selectors.split(",")[:SELECTORS_MAX]:
            self._tree.spend()
            last = re.split(r"[\s>+~]", selector.strip())[-1].partition(":")[0]
            keys = frozenset(f"{mark}{name}" for mark, name in _STEP.findall(last[:200]))
            if keys:
                # The rarest key first: an id, a class, a tag.
                key = min(keys, key=lambda name: (_RARE.get(name[0], 2), name))
                self._by_key.setdefault(key, []).append((keys, body))

    def of(self, element: Element) -> Style:
        """How an element is drawn."""
        if not element.attrs and element.name not in self._by_key:
            return PLAIN
        known = self._seen.get(id(element))
        if known is None:
            known = self._seen[id(element)] = self._style(element)
        return known

    def _style(self, element: Element) -> Style:
        keys = {element.name, *(f".{name}" for name in element.get("class").split()[:20])}
        if element.get("id"):
            keys.add(f"#{element.get('id').strip()}")
        bodies: list[str] = []
        for key in keys:
            for wanted, body in self._by_key.get(key, ())[:50]:
                self._tree.spend()
                if wanted <= keys:
                    bodies.append(body)
        bodies.append(element.get("style")[:4000])
        said: dict[str, str] = {}
        urls: list[str] = []
        for body in bodies:
            urls.extend(_URL.findall(body)[:5])
            for declared in body.lower().split(";")[:100]:
                self._tree.spend()
                name, _, value = declared.partition(":")
                plain = "".join(value.replace("!important", "").split())
                said[name.strip()] = _ZERO.sub("0", plain[:200])
        if "hidden" in element.attrs:
            said["display"] = "none"
        return Style(said, tuple(urls[:20]))
