"""What a script says: its strings as they are when it runs, its calls, and what sets it off.

No script is run. Strings are read with their escapes undone, glued where a ``+`` or a ``join``
glues them, decoded where ``atob``, ``unescape`` or ``fromCharCode`` would decode them. That finds
what is hidden by taking words apart; what is packed stays unread, and the page says so.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    from minorguard.content.page_tree import Element, Tree

SCRIPT_CHARS_MAX: Final = 1_000_000
STRINGS_MAX: Final = 20_000
STRING_CHARS_MAX: Final = 65_536
GLUED_CHARS_MAX: Final = 4_000_000
"""How much all glued strings of a script may hold: `a=a+a` doubles with every line."""

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/)?)
    |(?P<string>"(?:[^"\\\n]|\\.|\\\n)*"?|'(?:[^'\\\n]|\\.|\\\n)*'?|`(?:[^`\\]|\\.|\\\n)*`?)
    |(?P<space>\s+)
    |(?P<word>[A-Za-z_$][\w$]*)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL
)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "0": "", "\n": ""}
_CODES = re.compile(
    r"fromCharCode\s{0,5}(?:\.apply\([^,]{0,40},\s{0,5}\[|\()([\d,\sxXa-fA-F]{3,4000})"
)
_PACKED = re.compile(
    r"eval\s{0,5}\(\s{0,5}function\s{0,5}\(\s{0,5}p\s{0,3},\s{0,3}a\s{0,3},\s{0,3}c|_0x[0-9a-f]{4,6}\b|\beval\s{0,5}\(|new\s{1,5}Function\s{0,5}\("
)

OPENS_WINDOW = re.compile(
    r"\b(?:window|self|top|parent)\s{0,3}(?:\.\s{0,3}open|\[\s{0,3}['\"]op['\"]\s{0,3}\+|\[\s{0,3}['\"]open['\"]\s{0,3}\])\s{0,3}\(|(?<![\w.$])open\s{0,3}\(\s{0,3}['\"]"
)
_STARTS = frozenset(
    {
        "onload",
        "onmouseleave",
        "onmouseout",
        "onbeforeunload",
        "onpageshow",
        "onunload",
        "onpagehide",
        "onerror",
    }
)

SHOWS_BOX = re.compile(
    r"layer\.(?:open|msg|alert|confirm|tips)|showModal\b|\.modal\s{0,3}\(|fancybox|\bswal\b|Swal\.fire|art\.dialog|\bdialog\s{0,3}\(|MessageBox|\$notify|\$dialog"
    r"|layui\.|popup\s{0,3}\(|showPopup|openPopup|showDialog|openDialog|(?<![\w.$])(?:alert|confirm)\s{0,3}\(|new\s{1,5}Modal|Modal\.(?:info|confirm|show)|showToast|tanchuang"
)
MEMBER = re.compile(r"\b(?:window|self|top|parent|globalThis)\s{0,3}\[")
"""A member of the window that is named by a string: ``window["o" + "pen"]``."""

REVEALS = re.compile(
    r"\.className\s{0,3}=(?!=)|style\s{0,3}\.\s{0,3}(?:display|visibility|cssText)\s{0,3}=|\.hidden\s{0,3}=\s{0,3}(?:false|!1)|\.show\s{0,3}\(|\.fadeIn\s{0,3}\(|\.slideDown\s{0,3}\(|classList\.(?:add|remove|toggle)|removeAttribute\s{0,3}\(\s{0,3}['\"]hidden|\.addClass\s{0,3}\(|\.removeClass\s{0,3}\(|\.setAttribute\s{0,3}\(\s{0,3}['\"](?:style|open)"
)
GOES = re.compile(
    r"location\s{0,3}(?:\.\s{0,3}(?:href|assign|replace))?\s{0,3}(?:=(?!=)|\()|\.href\s{0,3}=(?!=)|navigateTo|window\.open"
)
BUILDS = re.compile(
    r"document\.write(?:ln)?\s{0,3}\(|insertAdjacentHTML|innerHTML\s{0,3}\+?=|outerHTML\s{0,3}=|\.(?:append|prepend|appendTo|html|after|before|prependTo)\s{0,3}\(|createElement|srcdoc"
)


@dataclass(slots=True)
class Script:
    """One script, or one handler in an attribute: where it stands, its code, what it says."""

    element: Element
    code: str
    """The code with its comments left out."""

    mask: str
    """The same, as long, with blanks for what stands in strings: its brackets are real ones."""

    strings: list[str] = field(default_factory=list[str])
    """Every string, whole and glued, longest forms last."""

    unread: bool = False
    """It is packed, or makes code of strings."""

    handler: str = ""
    """The attribute that holds it, ``onclick``; empty for a script."""

    @property
    def starts(self) -> bool:
        """Whether it is a handler that runs by itself."""
        return self.handler in _STARTS


def read(element: Element, code: str, tree: Tree, handler: str = "") -> Script:
    """Read a script. Bounded: so many characters, so many strings."""
    if len(code) > SCRIPT_CHARS_MAX:
        code, tree.complete = code[:SCRIPT_CHARS_MAX], False
    kept: list[str] = []
    masked: list[str] = []
    strings: list[str] = []
    gluing = _Glue(strings, tree)
    for token in _TOKEN.finditer(code):
        tree.spend()
        kind = token.lastgroup
        if kind == "comment":
            continue
        if kind == "string" and len(strings) < STRINGS_MAX:
            gluing.string(unescape(token[0][1:].removesuffix(token[0][0])))
        elif kind != "space":
            gluing.sign(token[0])
        kept.append(token[0])
        masked.append(" " * len(token[0]) if kind == "string" else token[0])
    gluing.end()
    tree.complete &= len(strings) < STRINGS_MAX and gluing.left > 0
    text = "".join(kept)
    strings.extend(_from_codes(text))
    strings.extend(_decoded(strings))
    return Script(
        element, text, "".join(masked), strings, unread=bool(_PACKED.search(text)), handler=handler
    )


class _Glue:
    """Strings that stand next to each other with ``+``, arrays that are joined, and names for both.

    A name stands for the string that it was last given; that is wrong where branches differ, and
    right in the one-liners that take addresses apart.
    """

    def __init__(self, strings: list[str], tree: Tree) -> None:
        self.strings = strings
        self.tree = tree
        self.sum: list[str] = []
        self.array: list[str] | None = None
        self.open = False  # a "+" came after the last string
        self.values: dict[str, str] = {}
        self.last = ""  # the name before this sign
        self.given = ""  # the name that is being given a value
        self.left = GLUED_CHARS_MAX

    def string(self, text: str) -> None:
        self.strings.append(text)
        self._add(text)

    def sign(self, sign: str) -> None:
        known = self.values.get(sign)
        if known is not None and (self.open or not self.sum):
            self._add(known)
            self.last = sign
            return
        if sign == "+" and self.sum:
            self.open = True
        elif sign == "=" and self.last:
            self.given, self.sum, self.open = self.last, [], False
        elif sign == "[":
            self._close()
            self.array = []
        elif sign == "]":
            self._close()
            if self.array and len(self.array) > 1:
                self._put("".join(self.array))
            self.array = None
        elif sign not in {"(", ")"} or (sign == "(" and self.sum):
            self._close()
        self.last = sign if sign[0].isalpha() or sign[0] in "_$" else ""

    def end(self) -> None:
        self._close()

    def _add(self, text: str) -> None:
        if not self.open:
            kept, self.given = self.given, ""
            self._close()
            self.given = kept
        self._count(text)
        if self.left > 0:
            self.sum.append(text)
        self.open = False

    def _close(self) -> None:
        text = "".join(self.sum)[:STRING_CHARS_MAX]
        self._count(text)
        if len(self.sum) > 1:
            self._put(text)
        if self.array is not None and self.sum:
            self.array.append(text)
        if self.given and self.sum and len(self.values) < STRINGS_MAX:
            self.values[self.given] = text
        self.sum, self.open, self.given = [], False, ""

    def _count(self, text: str) -> None:
        self.left -= len(text)
        self.tree.spend(len(text) // 8)  # so that many scripts do not hold more than one

    def _put(self, text: str) -> None:
        if len(self.strings) < STRINGS_MAX and self.left > 0:
            self.strings.append(text[:STRING_CHARS_MAX])


def unescape(text: str) -> str:
    """A JavaScript string's text, its escapes undone."""
    return _ESCAPE.sub(_escaped, text) if "\\" in text else text


def _escaped(found: re.Match[str]) -> str:
    digits = found[1] or found[2] or found[3]
    if digits:
        code = int(digits, 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"  # noqa: PLR2004 - Unicode's ends
    return _SIMPLE.get(found[4], found[4])


def _from_codes(code: str) -> list[str]:
    said: list[str] = []
    for found in list(_CODES.finditer(code))[:50]:
        chars = [_number(part.strip()) for part in found[1].split(",")]
        said.append("".join(chr(char) for char in chars if 0 < char < 0xD800))  # noqa: PLR2004 - no surrogates
    return said


def _number(part: str) -> int:
    try:
        return int(part, 16 if part[:2].lower() == "0x" else 10)
    except ValueError:
        return 0


def _decoded(strings: list[str]) -> list[str]:
    """What strings say in percent signs, in base64 and backwards: addresses and markup."""
    found: list[str] = []
    for text in strings[:STRINGS_MAX]:
        if "%" in text:
            plain = unquote(text)
            if plain != text and len(plain) > 3:  # noqa: PLR2004 - "100%"
                found.append(plain)
        if 12 <= len(text) <= STRING_CHARS_MAX and text.isascii():  # noqa: PLR2004 - "http://x.cn/" is 12
            if text[::-1].startswith(("http://", "https://")):
                found.append(text[::-1])
            plain = _base64(text)
            if plain:
                found.append(plain)
    return found


def _base64(text: str) -> str:
    try:
        plain = base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    return plain if plain.startswith(("http", "//", "<", "{", "www.")) else ""
