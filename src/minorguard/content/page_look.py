"""What the recognisers share: the page as it was read, and what was found on it so far."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from minorguard.content.page_css import Sheet, Style
from minorguard.content.page_findings import (
    CONFIDENCES,
    EXCERPT_CHARS,
    KINDS,
    Confidence,
    Finding,
)
from minorguard.content.page_links import Judged, Target, judge, target
from minorguard.content.page_scripts import Script, read
from minorguard.content.page_words import Text, fold, name_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minorguard.content.page_tree import Element, Tree
    from minorguard.core.uses import Comments, LeadsTo

FINDINGS_MAX = 500
RESOURCES = frozenset(
    {
        "img",
        "iframe",
        "script",
        "embed",
        "object",
        "video",
        "audio",
        "source",
        "link",
        "frame",
        "input",
        "amp-img",
    }
)
_ADDRESSES = (
    "href",
    "src",
    "action",
    "data",
    "formaction",
    "poster",
    "xlink:href",
    "background",
    "srcset",
    "ping",
)
_DATA_RESOURCES = (
    "data-src",
    "data-original",
    "data-lazy",
    "data-lazy-src",
    "data-echo",
    "data-ks-lazyload",
    "data-background",
    "data-bg",
    "data-url",
    "data-iframe",
)


@dataclass(slots=True)
class Facts:
    """What the law asks about a page, as far as the page says it; ``None`` is not known."""

    course_reviewed: bool | None = None
    nonprofit: bool | None = None
    comments: Comments | None = None
    charges_fen: int = 0
    ads: list[bool] = field(default_factory=list[bool])
    popups: list[LeadsTo] = field(default_factory=list["LeadsTo"])
    links: list[LeadsTo] = field(default_factory=list["LeadsTo"])


class Look:
    """One page that is being looked at."""

    def __init__(self, tree: Tree, own: frozenset[str]) -> None:
        self.tree = tree
        self.own = own
        self.sheet = Sheet(tree)
        self.scripts: list[Script] = []
        self.facts = Facts()
        self.zones: list[Element] = []
        self._found: dict[tuple[str, int], Finding] = {}
        self._texts: dict[tuple[int, int], Text] = {}
        self._targets: dict[str, Target] = {}
        self._parts: dict[str, frozenset[str]] = {}
        self._handlers: dict[int, list[Script]] = {}

    # --- reading -------------------------------------------------------------------------------

    def text(self, element: Element, chars: int = 400) -> Text:
        """What the element says, its pictures' names included."""
        key = id(element), chars
        known = self._texts.get(key)
        if known is None:
            known = self._texts[key] = Text(self.tree.words(element, chars))
            self.tree.spend(len(known.raw) // 8)
        return known

    def style(self, element: Element) -> Style:
        """How the element is drawn."""
        return self.sheet.of(element)

    def parts(self, element: Element) -> frozenset[str]:
        """The parts of its class names and its id."""
        if "class" not in element.attrs and "id" not in element.attrs:
            return frozenset()
        said = f"{element.get('class')} {element.get('id')}"
        known = self._parts.get(said)
        if known is None:
            self.tree.spend(1 + len(said) // 16)
            known = self._parts[said] = name_parts(said)
        return known

    def target(self, address: str) -> Target:
        """Where an address leads."""
        known = self._targets.get(address)
        if known is None:
            self.tree.spend(1 + len(address) // 16)
            known = self._targets[address] = target(address, self.own)
        return known

    def judged(self, to: Target, element: Element) -> Judged:
        """Where a link leads, by its address, by what it says, and by what stands beside it."""
        around = None
        if to.app or to.on("short"):
            block = next(
                (
                    up
                    for up in element.up()
                    if up.name in {"p", "li", "div", "td", "section", "body"}
                ),
                element,
            )
            beside = [up for up in (block, _next(block)) if up is not None]
            around = Text(" ".join(self.tree.words(up, 150) for up in beside))
        return judge(to, self.text(element, 120), around)

    def resources(self, element: Element) -> Iterator[str]:
        """Every address that the element loads something from."""
        if not element.attrs:
            yield from self.style(element).urls
            return
        if element.name in RESOURCES:
            for name in _ADDRESSES:
                if element.get(name) and name != "srcset":
                    yield element.get(name)
        for name in _DATA_RESOURCES:
            if element.get(name):
                yield element.get(name)
        for part in element.get("srcset").split(",")[:8]:
            if part.strip():
                yield part.split()[0]
        yield from self.style(element).urls

    def ways(self, element: Element) -> Iterator[str]:
        """Every address that a click on the element may lead to."""
        if not element.attrs:
            return
        if element.name not in RESOURCES:
            for name in ("href", "xlink:href", "action", "formaction"):
                if element.get(name):
                    yield element.get(name)
        elif element.get("formaction"):
            yield element.get("formaction")
        for name, value in element.attrs.items():
            if (
                name.startswith("data-")
                and (name not in _DATA_RESOURCES or element.name not in RESOURCES)
                and _is_address(value)
            ):
                yield value

    def read_script(self, element: Element, code: str, handler: str = "") -> Script:
        """Read a script and keep it."""
        script = read(element, code, self.tree, handler)
        self.scripts.append(script)
        self._handlers.setdefault(id(element), []).append(script)
        return script

    def handlers(self, element: Element) -> list[Script]:
        """The scripts that stand in the element's attributes, or in itself."""
        return self._handlers.get(id(element), [])

    # --- finding -------------------------------------------------------------------------------

    def found(
        self,
        kind: str,
        confidence: Confidence,
        element: Element | None,
        excerpt: str = "",
        about: str = "",
    ) -> bool:
        """Keep a finding; one of each kind for an element, the surest of them."""
        place = element
        key = kind, id(place)
        known = self._found.get(key)
        if known and CONFIDENCES.index(known.confidence) <= CONFIDENCES.index(confidence):
            return False
        if known is None and len(self._found) >= FINDINGS_MAX:
            self.tree.complete = False
            return False
        shown = " ".join((excerpt or (self.tree.words(element, 80) if element else "")).split())
        self._found[key] = Finding(
            kind,
            KINDS[kind].code if confidence != "look" else "",
            confidence,
            element.selector if element else "",
            element.line if element else 0,
            element.column if element else 0,
            shown[:EXCERPT_CHARS],
            about[:EXCERPT_CHARS],
        )
        return True

    def copied(self, kind: str, of: Finding) -> None:
        """Keep the same place as a finding of another kind."""
        self._found[kind, -1] = replace(of, kind=kind, code=KINDS[kind].code)

    @property
    def findings(self) -> list[Finding]:
        """All findings in the order of the source, the surest first on one spot."""
        return sorted(
            self._found.values(),
            key=lambda one: (one.line, one.column, CONFIDENCES.index(one.confidence), one.kind),
        )


def _next(element: Element) -> Element | None:
    """The element that comes after it in the same place."""
    if element.parent is None:
        return None
    inside = [child for child in element.parent.children[:200] if not isinstance(child, str)]
    at = next((index for index, child in enumerate(inside) if child is element), None)
    return inside[at + 1] if at is not None and at + 1 < len(inside) else None


def _is_address(value: str) -> bool:
    return value.startswith(("http://", "https://", "//")) or (
        value.startswith("/") and len(value) > 1
    )


def said_exactly(text: str, words: tuple[str, ...]) -> bool:
    """Whether a short text is one of the words and nothing else."""
    plain = "".join(char for char in fold(text[:40]) if char.isalnum())
    return plain in words
