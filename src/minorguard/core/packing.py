"""Whole numbers and short texts as bytes, for the documents that a store keeps."""

from __future__ import annotations

from zlib import crc32

from minorguard.errors import StoreUnavailable

MORE = 0x80

SEAL_BYTES = 4
SEAL_START = 0x6D67
"""Not zero, so that a body of zeros, which is what a broken disk holds, is not well sealed."""


def sealed(payload: bytes) -> bytes:
    """A document with its checksum behind it, so that a broken one is never taken for whole."""
    return payload + crc32(payload, SEAL_START).to_bytes(SEAL_BYTES, "big")


def unsealed(body: bytes, name: str) -> bytes:
    """The document without its checksum. ``StoreUnavailable`` if it is not the right one."""
    payload = body[:-SEAL_BYTES]
    if crc32(payload, SEAL_START).to_bytes(SEAL_BYTES, "big") != body[-SEAL_BYTES:]:
        raise StoreUnavailable(f"a broken {name} document")
    return payload


class Packer:
    """Writes numbers of 0 or more, seven bits a byte, and blocks with their length before them."""

    __slots__ = ("_bytes",)

    def __init__(self) -> None:
        self._bytes = bytearray()

    @property
    def body(self) -> bytes:
        """All that was written, sealed."""
        return sealed(bytes(self._bytes))

    def ints(self, *numbers: int) -> None:
        """Write numbers."""
        out = self._bytes
        for number in numbers:
            rest = number
            while rest >= MORE:
                out.append(rest & (MORE - 1) | MORE)
                rest >>= 7
            out.append(rest)

    def block(self, block: bytes) -> None:
        """Write some bytes."""
        self.ints(len(block))
        self._bytes += block


class Reader:
    """Reads what a ``Packer`` wrote. ``StoreUnavailable`` where it is cut short or too long."""

    __slots__ = ("_body", "_here", "_name")

    def __init__(self, body: bytes, name: str) -> None:
        self._body = unsealed(body, name)
        self._here = 0
        self._name = name

    def _broken(self) -> StoreUnavailable:
        return StoreUnavailable(f"a broken {self._name} document")

    def int(self) -> int:
        """The next number."""
        number = shift = 0
        while True:
            if self._here >= len(self._body):
                raise self._broken()
            byte = self._body[self._here]
            self._here += 1
            number |= (byte & (MORE - 1)) << shift
            if byte < MORE:
                return number
            shift += 7

    def block(self) -> bytes:
        """The next block."""
        length = self.int()
        block = self._body[self._here : self._here + length]
        if len(block) != length:
            raise self._broken()
        self._here += length
        return block

    def text(self) -> str:
        """The next block as text."""
        try:
            return self.block().decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise self._broken() from None

    def end(self) -> None:
        """Refuse what comes after the end."""
        if self._here != len(self._body):
            raise self._broken()
