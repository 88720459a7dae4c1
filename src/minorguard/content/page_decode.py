"""Bytes of a saved page to text: marks, declarations, and the bytes themselves, in that order.

A saved page says what it is written in wrongly as often as rightly: UTF-8 that calls itself GBK,
GBK that calls itself UTF-8, UTF-16 that says nothing. So a declaration is believed only where the
bytes bear it out. Nothing is refused and nothing raises: what cannot be read becomes U+FFFD.
"""

from __future__ import annotations

import codecs
import re
from typing import Final, NamedTuple

BYTES_MAX: Final = 2 << 20
"""How much of a page is read: 2 MiB of bytes, or as many characters of text."""

_HEAD_BYTES = 4096
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(
    rb"charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE
)
_CANDIDATES = ("utf-8", "gb18030", "big5hkscs")
_COMMON = frozenset(
    "的一是了不在有人我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年"
    "课学习题老师数语文英物理化历史地生音美体育作业练答案第节讲点看上的一是在不了有和人這中大為"
    "上個國我以要他時來用們生到作地於出就分對成會可主發年動同工也能下過子說產種面而方後多定行學"
)  # what nearly every Chinese page is full of, in both scripts
_SAMPLE_CHARS = 20_000


class Decoded(NamedTuple):
    """Text, what it was written in, and whether all of it is here."""

    text: str
    encoding: str
    complete: bool


def decode(source: str | bytes) -> Decoded:
    """Read a page's text, at most ``BYTES_MAX`` of it. Null characters are left out."""
    complete = len(source) <= BYTES_MAX
    head = source[:BYTES_MAX]
    if isinstance(head, str):
        text, encoding = head.encode("utf-8", "replace").decode(), "str"
    else:
        text, encoding = _decode(head)
    text = text.removeprefix("\ufeff").replace("\0", "")
    return Decoded(text.replace("\r\n", "\n").replace("\r", "\n"), encoding, complete)


def _decode(data: bytes) -> tuple[str, str]:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, "replace"), encoding
    wide = _wide(data)
    if wide:
        return data.decode(wide, "replace"), wide
    if _is_utf8(data):
        return data.decode("utf-8", "replace"), "utf-8"
    names = [*dict.fromkeys((*_declared(data), *_CANDIDATES))]
    read = [(data.decode(name, "replace"), name) for name in names]
    return max(read, key=lambda pair: _fluency(pair[0]))


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark: markup is ASCII, so every other byte of it is null."""
    head = data[:_HEAD_BYTES]
    even, odd = head[0::2], head[1::2]
    if not odd:
        return None
    nulls = even.count(0) / len(even), odd.count(0) / len(odd)
    if max(nulls) < 0.3 or min(nulls) > 0.05:  # noqa: PLR2004 - shares of a page that is half markup
        return None
    return "utf-16-be" if nulls[0] > nulls[1] else "utf-16-le"


def _is_utf8(data: bytes) -> bool:
    for cut in range(4):  # the end may be in the middle of a character
        try:
            data[: len(data) - cut].decode("utf-8")
        except UnicodeDecodeError as error:
            if error.start < len(data) - 4:
                return False
        else:
            return True
    return False


def _declared(data: bytes) -> list[str]:
    """What the page says that it is written in, as Python calls it, if it is a text encoding."""
    found = _DECLARED.search(data[:_HEAD_BYTES])
    if not found:
        return []
    try:
        name = codecs.lookup(found[1].decode("ascii")).name
    except LookupError:
        return []
    if name in {"gb2312", "gbk"}:
        return ["gb18030"]  # which holds them both
    try:
        b"a".decode(name, "replace")  # "hex" and "zip" are codecs too
    except (LookupError, ValueError):
        return []
    # Needs a byte for each character of markup, or this very declaration could not have been read.
    return [] if name.startswith(("utf-16", "utf-32", "utf-7")) else [name]


def _fluency(text: str) -> float:
    """How much this reads like a page: common characters count for it, broken ones against it."""
    sample = [char for char in text[:_SAMPLE_CHARS] if char > "\x7f"]
    if not sample:
        return 0.0
    good = sum(char in _COMMON for char in sample)
    bad = sum(char == "\ufffd" or "\ue000" <= char <= "\uf8ff" for char in sample)
    return (good - 3 * bad) / len(sample)
