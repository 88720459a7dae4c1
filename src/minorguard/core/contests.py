"""Contests of one live room on one day: how many PKs began in the hours that are counted.

The room is counted, whoever asks for it: its rule binds the room's account. A PK that is asked for
twice at one instant is one.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.packing import Packer, Reader
from minorguard.errors import StoreUnavailable

if TYPE_CHECKING:
    from minorguard.core.ruling import Stamp


class Contests(NamedTuple):
    """The *contests* document of a room: when each PK of that day (an ordinal) began, sorted."""

    day: int = 0
    began: tuple[Stamp, ...] = ()

    def before(self, at: Stamp, day: int) -> int:
        """How many began on that day, but for the one that began at this very instant."""
        if day != self.day:
            return 0
        return self.began.index(at) if at in self.began else len(self.began)


NO_CONTESTS = Contests()


def room_name(room: str) -> str:
    """What a store's key has of a room: sixteen bytes that give nothing away."""
    return blake2b(room.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def begun(contests: Contests, at: Stamp, day: int) -> Contests:
    """The document after one more."""
    began = contests.began if day == contests.day else ()
    return Contests(day, tuple(sorted({*began, at})))


def joined(one: Contests, other: Contests, person: str = "") -> Contests:
    """The contests of both documents: those of the later day."""
    del person
    if one.day != other.day:
        return max(one, other)
    return Contests(one.day, tuple(sorted({*one.began, *other.began})))


SCHEMA = 1
"""The first byte of a document. A newer one is not guessed at."""


def to_bytes(contests: Contests) -> bytes:
    """The document as a store keeps it."""
    out = Packer()
    out.ints(SCHEMA, contests.day, len(contests.began), *contests.began)
    return out.body


def from_bytes(body: bytes) -> Contests:
    """The document from its bytes. ``StoreUnavailable`` if they are no such document."""
    read = Reader(body, "contests")
    if read.int() != SCHEMA:
        raise StoreUnavailable("a contests document of another version")
    day = read.int()
    began = tuple(read.int() for _ in range(read.int()))
    read.end()
    return Contests(day, began)
