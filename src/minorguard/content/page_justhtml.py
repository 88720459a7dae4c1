"""HTML to a ``Tree`` with the parser JustHTML; the one place that knows it.

JustHTML (extra ``pages``) follows the HTML standard as browsers do, tells lines and columns, needs
no other package, and is Python alone: no page can crash the process. Measured on hostile pages it
stays linear, where two parsers in C and the older one in Python took seconds for 250 kB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minorguard.content.page_tree import (
    ATTRIBUTE_CHARS_MAX,
    ATTRIBUTES_MAX,
    TEXT_CHARS_MAX,
    Element,
    OutOfBudgetError,
    Tree,
)
from minorguard.errors import MissingExtra

if TYPE_CHECKING:
    from justhtml import Node, Text

_DATA_CHARS = 64
_DRAWN = frozenset({"d", "points"})

TAGS_MAX: Final = 60_000
"""How many ``<`` of a page are looked at."""


def parse(html: str) -> Tree:
    """A page as a tree. Never raises on any text; ``Tree.complete`` says whether all is in it."""
    tree = Tree()
    cut = _nth_tag(html, TAGS_MAX)
    if cut is not None:
        html, tree.complete = html[:cut], False
    try:
        _hang(tree, html, None)
    except OutOfBudgetError:
        tree.complete = False
    return tree


def parse_into(tree: Tree, html: str, host: Element) -> list[Element]:
    """Parse markup that a script or an attribute of ``host`` holds; it hangs below ``host``."""
    before = len(tree.elements)
    _hang(tree, html, host)
    return tree.elements[before:]


def _nth_tag(html: str, most: int) -> int | None:
    if html.count("<") <= most:
        return None
    at = -1
    for _ in range(most):
        at = html.index("<", at + 1)
    return at


def _hang(tree: Tree, html: str, host: Element | None) -> None:
    try:
        from justhtml import JustHTML
    except ImportError:
        raise MissingExtra("pages") from None
    try:
        # What a page without scripts would show is looked at too: <noscript> is parsed as markup.
        root = JustHTML(
            html,
            sanitize=False,
            track_node_locations=host is None,
            scripting_enabled=False,
            fragment=host is not None,
        ).root
    except Exception:  # noqa: BLE001 - whatever a parser stumbles over, the page is not called clean
        tree.complete = False
        return
    stack: list[tuple[Node | Text, Element | None]] = [(root, host)]
    while stack:
        tree.spend()
        node, parent = stack.pop()
        if node.name == "#text":
            _say(tree, parent, str(node.data or ""))
            continue
        if node.name.startswith(("#", "!")):
            below = parent
        else:
            below = _element(tree, node, parent, host)
            if below is None:
                continue
        inside = getattr(node, "template_content", None)
        if inside is not None:
            stack.append((inside, below))
        stack.extend((child, below) for child in reversed(node.children or ()))


def _element(
    tree: Tree, node: Node | Text, parent: Element | None, host: Element | None
) -> Element | None:
    attrs: dict[str, str] = {}
    given: dict[str, str | None] = getattr(node, "attrs", None) or {}
    for name, value in given.items():
        if len(attrs) == ATTRIBUTES_MAX:
            tree.complete = False
            break
        text = value or ""
        if text.startswith("data:") or name in _DRAWN:
            text = text[:_DATA_CHARS]  # a picture in itself: nothing to read
        if len(text) > ATTRIBUTE_CHARS_MAX:
            text, tree.complete = text[:ATTRIBUTE_CHARS_MAX], False
        attrs[name.lower()] = text
    line, column = node.origin_line or 0, node.origin_col or 0
    if host is not None:
        line, column = host.line, host.column
    element = tree.add(node.name.lower(), attrs, parent, line, column)
    if element is not None and host is not None:
        element.made = True
    return element


def _say(tree: Tree, parent: Element | None, text: str) -> None:
    if parent is None:
        return
    if len(text) > TEXT_CHARS_MAX:
        text, tree.complete = text[:TEXT_CHARS_MAX], False
    parent.children.append(text)
