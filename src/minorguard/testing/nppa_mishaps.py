"""What a fake server does wrong on purpose, one request at a time."""

from __future__ import annotations

import gzip
import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minorguard.identity.wire_codes import code_of

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = (
    "HTTP/1.1 {status} X\r\n"
    "Content-Type: application/json\r\n"
    "{more}"
    "Content-Length: {length}\r\n"
    "\r\n"
)


class Wire:
    """The connection that an answer goes out on. ``wait`` ends early when the server closes."""

    def __init__(self, sock: socket.socket, wait: Callable[[float], bool]) -> None:
        self.sock = sock
        self.wait = wait

    def send(self, data: bytes) -> None:
        """Send, whether or not anybody still listens."""
        with suppress(OSError):  # the client has heard enough, which is what a test waits for
            self.sock.sendall(data)

    def answer(self, body: bytes, *, status: int = 200, more: str = "") -> None:
        """Send a whole answer."""
        self.send(HEAD.format(status=status, more=more, length=len(body)).encode() + body)


@dataclass(frozen=True, slots=True)
class Mishap:
    """``speak`` gets the wire and the right answer. ``handled``: whether the request counts.

    A request that is not handled changes nothing on the server, as if it had never arrived.
    ``closes``: the connection is closed after it, without a word before.
    """

    name: str
    speak: Callable[[Wire, bytes], None]
    handled: bool = False
    closes: bool = False


def json_bytes(value: object) -> bytes:
    """Compact JSON, as the service writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def code(number: int, *, words: str | None = None) -> Mishap:
    """Answer with an error code, as the official service does: with no ``data`` at all."""
    told = code_of(number).official_words if words is None else words
    body = json_bytes({"errcode": number, "errmsg": told})
    return Mishap(f"code {number}", lambda wire, _: wire.answer(body))


def status(number: int) -> Mishap:
    """Answer as a gateway does that reaches nobody."""
    return Mishap(f"status {number}", lambda wire, _: wire.answer(b"<html>", status=number))


def says(body: bytes, *, name: str = "says") -> Mishap:
    """Answer with that, whatever it is."""
    return Mishap(name, lambda wire, _: wire.answer(body))


def slow(seconds: float) -> Mishap:
    """Answer rightly, after a while."""

    def speak(wire: Wire, right: bytes) -> None:
        if not wire.wait(seconds):
            wire.answer(right)

    return Mishap("slow", speak, handled=True)


def drip(seconds: float) -> Mishap:
    """Answer rightly, a byte of the head at a time."""

    def speak(wire: Wire, right: bytes) -> None:
        for byte in HEAD.format(status=200, more="", length=len(right)).encode() + right:
            wire.send(bytes([byte]))
            if wire.wait(seconds):
                return

    return Mishap("drip", speak, handled=True)


def huge(size: int = 1 << 20, *, chunked: bool = False) -> Mishap:
    """Answer with a body that never seems to end; ``chunked`` does not say so before."""

    def speak(wire: Wire, _: bytes) -> None:
        body = b'{"errcode":0,"errmsg":"' + b"x" * size + b'"}'
        if not chunked:
            wire.answer(body)
            return
        wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        wire.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))

    return Mishap("huge", speak, closes=True)


def redirect(location: str, *, number: int = 307) -> Mishap:
    """Send the caller, and what it carries, somewhere else."""
    more = f"Location: {location}\r\n"
    return Mishap("redirect", lambda wire, _: wire.answer(b"", status=number, more=more))


def gzip_bomb(size: int = 1 << 26) -> Mishap:
    """A small answer that would be a big one once unpacked."""
    body = gzip.compress(b'{"errcode":0,"errmsg":"' + b" " * size + b'"}', 9)
    more = "Content-Encoding: gzip\r\n"
    return Mishap("gzip bomb", lambda wire, _: wire.answer(body, more=more))


def hang_up() -> Mishap:
    """Close at once; nothing was done."""
    return Mishap("hang up", lambda _wire, _right: None, closes=True)


def lose() -> Mishap:
    """Do what was asked, and close without a word: the caller cannot know."""
    return Mishap("lose", lambda _wire, _right: None, handled=True, closes=True)


def cut() -> Mishap:
    """Do what was asked, and close in the middle of the answer."""

    def speak(wire: Wire, right: bytes) -> None:
        whole = HEAD.format(status=200, more="", length=len(right)).encode() + right
        wire.send(whole[: -len(right) // 2])

    return Mishap("cut", speak, handled=True, closes=True)


def half_close(seconds: float = 30.0) -> Mishap:
    """Send half an answer, then stop sending and keep the connection."""

    def speak(wire: Wire, right: bytes) -> None:
        whole = HEAD.format(status=200, more="", length=len(right)).encode() + right
        wire.send(whole[: -len(right) // 2])
        try:
            # Below TLS, without its farewell: as when the other machine's half is gone.
            socket.socket.shutdown(wire.sock, socket.SHUT_WR)
        except OSError:
            return  # the client was faster
        wire.wait(seconds)

    return Mishap("half close", speak, handled=True, closes=True)
