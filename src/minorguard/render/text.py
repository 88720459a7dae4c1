"""How wide a text is: in the columns of a terminal and in ems of a picture. And how it breaks."""

from __future__ import annotations

from unicodedata import category, combining, east_asian_width

CJK_EM = 1.0
LATIN_EM = 0.6
NARROW_EM = 0.34
NARROW = frozenset(" .,:;'|il/()–")

NEVER_FIRST = frozenset("，。、；：）》〕」！？,.;:)")
"""What may not begin a line (GB/T 15834)."""


def clean(text: str) -> str:
    """The text without control characters, which XML and terminals cannot bear."""
    if text.isprintable():
        return text
    return "".join(" " if category(c) in {"Cc", "Cs", "Cn"} else c for c in text)


def columns(text: str) -> int:
    """How many columns of a terminal the text takes: a Chinese character takes two.

    Characters of ambiguous width count as one, so what must align is made without them.
    """
    return sum((not combining(c)) * (1 + (east_asian_width(c) in {"W", "F"})) for c in text)


def pad(text: str, width: int) -> str:
    """The text and as many spaces as make it ``width`` columns."""
    return text + " " * (width - columns(text))


def ems(text: str) -> float:
    """About how wide the text is in a sans-serif face, in ems; rather too wide than too narrow."""
    return sum(_em(c) for c in text)


def _em(character: str) -> float:
    if east_asian_width(character) in {"W", "F"}:
        return CJK_EM
    return NARROW_EM if character in NARROW else LATIN_EM


def wrapped(text: str, width: float) -> list[str]:
    """The text in lines of at most ``width`` ems, broken at spaces and between Chinese characters.

    A word that is longer than a line, an address say, is cut.
    """
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if line and ems(line) + ems(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
        while ems(line.rstrip()) > width:
            cut = next(n for n in range(len(line), 0, -1) if n == 1 or ems(line[:n]) <= width)
            lines.append(line[:cut])
            line = line[cut:]
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def shortened(text: str, width: float) -> str:
    """The text, cut to ``width`` ems with an ellipsis if it is longer."""
    if ems(text) <= width:
        return text
    while text and ems(text) + CJK_EM > width:
        text = text[:-1]
    return text.rstrip(" ,、·") + "…"


def _pieces(text: str) -> list[str]:
    """What may not be broken: words with the space after them, characters with what must follow."""
    pieces: list[str] = []
    for character in text:
        wide = east_asian_width(character) in {"W", "F"}
        last = pieces[-1][-1] if pieces else " "
        opens = category(last) == "Ps"
        glued = character in NEVER_FIRST or character == " " or opens
        if pieces and (glued or not (wide or last == " " or east_asian_width(last) in {"W", "F"})):
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces
