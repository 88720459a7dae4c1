"""A page as a list of elements, each with its place in the source; and the budget of reading it.

Whatever parsed the page fills a ``Tree``; the rules read only this. Everything is bounded: how many
elements, how deep, how long a text, and how much work all rules together may do. Whoever runs out
says so (``Tree.complete``): what was not read is not called clean.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ELEMENTS_MAX: Final = 30_000
DEPTH_MAX: Final = 400
"""Deeper elements are kept, and hang where the depth ends."""

ATTRIBUTES_MAX: Final = 64
ATTRIBUTE_CHARS_MAX: Final = 65_536
TEXT_CHARS_MAX: Final = 1_000_000
"""Of the text that stands in one element itself; a script is one text."""

WORK_MAX: Final = 2_000_000
"""Steps that all rules together may take; an ordinary page takes some ten thousand."""


class OutOfBudgetError(Exception):
    """The page wants more work than it may have. Never leaves ``lint_page``."""


@dataclass(slots=True, eq=False)
class Element:
    """One element. ``line`` and ``column`` count from 1; 0 where the source does not say."""

    name: str
    attrs: dict[str, str]
    parent: Element | None
    line: int
    column: int
    depth: int
    children: list[Element | str] = field(default_factory=list["Element | str"])
    made: bool = False
    """Made by a script or kept in an attribute, rather than written in the page."""

    def get(self, name: str) -> str:
        """An attribute, or ``""``."""
        return self.attrs.get(name, "")

    @property
    def own_text(self) -> str:
        """The text that stands in the element itself."""
        return "".join(child for child in self.children if isinstance(child, str))

    def up(self) -> Iterator[Element]:
        """The element and what it stands in, from the inside out."""
        at: Element | None = self
        while at is not None:
            yield at
            at = at.parent

    @property
    def selector(self) -> str:
        """A short CSS selector that finds it for a reader: three steps, the nearest id first."""
        steps: list[str] = []
        for element in self.up():
            steps.append(_step(element))
            if element.get("id") or len(steps) == 3:  # noqa: PLR2004 - enough to find it by
                break
        return " > ".join(reversed(steps))


def _step(element: Element) -> str:
    if element.get("id"):
        return (
            f"{element.name}#{element.get('id').split()[0][:40]}"
            if (element.get("id").split())
            else element.name
        )
    classes = element.get("class").split()
    return element.name + "".join(f".{name[:40]}" for name in classes[:2])


_SHOWN = ("title", "alt", "aria-label", "placeholder", "value")
SILENT = frozenset({"script", "style", "template", "noscript", "textarea", "title", "head"})
"""Elements whose text nobody reads in the page."""


@dataclass(slots=True)
class Tree:
    """A page: its elements in the order of the source, and what is left of the budget."""

    elements: list[Element] = field(default_factory=list[Element])
    complete: bool = True
    work: int = 0

    def spend(self, steps: int = 1) -> None:
        """Count work, and stop when there has been enough of it."""
        self.work += steps
        if self.work > WORK_MAX:
            raise OutOfBudgetError

    def add(
        self,
        name: str,
        attrs: dict[str, str],
        parent: Element | None,
        line: int,
        column: int,
    ) -> Element | None:
        """Hang an element below its parent; ``None`` when there are too many."""
        if len(self.elements) >= ELEMENTS_MAX:
            self.complete = False
            return None
        while parent is not None and parent.depth >= DEPTH_MAX:
            self.complete = False
            parent = parent.parent
        depth = parent.depth + 1 if parent is not None else 0
        made = parent.made if parent is not None else False
        element = Element(name, attrs, parent, line, column, depth, made=made)
        if parent is not None:
            parent.children.append(element)
        self.elements.append(element)
        return element

    def named(self, *names: str) -> Iterator[Element]:
        """Every element of these names."""
        for element in self.elements:
            self.spend()
            if element.name in names:
                yield element

    def below(self, top: Element, most: int = 2000) -> Iterator[Element]:
        """The element and all that stands in it, at most so many."""
        stack = [top]
        while stack and most:
            self.spend()
            most -= 1
            element = stack.pop()
            yield element
            stack.extend(
                child for child in reversed(element.children) if isinstance(child, Element)
            )

    def text(self, top: Element, chars: int = 400) -> str:
        """What a reader reads in the element, spaces collapsed, at most so many characters."""
        parts: list[str] = []
        left = chars
        stack: list[Element | str] = [top]
        steps = 4 * chars
        while stack and left > 0 and steps:
            self.spend()
            steps -= 1
            at = stack.pop()
            if isinstance(at, str):
                said = " ".join(at[: 4 * left].split())[:left]
                parts.append(said)
                left -= len(said)
            elif at is top or at.name not in SILENT:
                stack.extend(reversed(at.children[:steps]))
        return " ".join(part for part in parts if part)

    def words(self, top: Element, chars: int = 400) -> str:
        """The text, and what pictures and controls in it are called."""
        said = [self.text(top, chars)]
        for element in self.below(top, 40):
            shown = _SHOWN if element.name in {"input", "button"} else _SHOWN[:-1]
            said.extend(element.get(name)[:80] for name in shown)
        return " ".join(part for part in said if part)[: 2 * chars]
