"""Contests of one live room on one day: how many PKs began in the hours that are counted.

The room is counted, whoever asks for it: its rule binds the room's account. A PK that one person
asks for twice at one instant is one.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.hours import DAY_S
from minorguard.core.packing import Packer, Reader
from minorguard.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minorguard.core.ruling import Stamp

PERSON_BYTES = 8


class Contests(NamedTuple):
    """The *contests* document of a room: when each PK of the last two days began, and by whom.

    ``began`` is sorted; a person is eight bytes that give nothing away.
    """

    began: tuple[tuple[Stamp, bytes], ...] = ()

    @property
    def day(self) -> int:
        """The latest day (an ordinal) of which something is kept."""
        return self.began[-1][0] // DAY_S if self.began else 0

    def before(self, at: Stamp, by: bytes) -> int:
        """How many began on that day, before this one if it is known."""
        same_day = [one for one in self.began if one[0] // DAY_S == at // DAY_S]
        return same_day.index((at, by)) if (at, by) in same_day else len(same_day)


NO_CONTESTS = Contests()


def room_name(room: str) -> str:
    """What a store's key has of a room: sixteen bytes that give nothing away."""
    return blake2b(room.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def person_name(person: str) -> bytes:
    """What the document has of whoever began a PK."""
    return blake2b(person.encode(), digest_size=PERSON_BYTES).digest()


def begun(contests: Contests, at: Stamp, by: bytes) -> Contests:
    """The document after one more."""
    return _recent({*contests.began, (at, by)})


def joined(one: Contests, other: Contests, person: str = "") -> Contests:
    """The contests of both documents."""
    del person
    return _recent({*one.began, *other.began})


def _recent(began: Iterable[tuple[Stamp, bytes]]) -> Contests:
    """Those of the last day and of the day before, for whoever tells them again."""
    began = sorted(began)
    since = (began[-1][0] // DAY_S - 1) * DAY_S if began else 0
    return Contests(tuple(one for one in began if one[0] >= since))


SCHEMA = 1
"""The first byte of a document. A newer one is not guessed at."""


def to_bytes(contests: Contests) -> bytes:
    """The document as a store keeps it."""
    out = Packer()
    out.ints(SCHEMA, len(contests.began))
    for at, by in contests.began:
        out.ints(at)
        out.block(by)
    return out.body


def from_bytes(body: bytes) -> Contests:
    """The document from its bytes. ``StoreUnavailable`` if they are no such document."""
    read = Reader(body, "contests")
    if read.int() != SCHEMA:
        raise StoreUnavailable("a contests document of another version")
    began = tuple((read.int(), read.block()) for _ in range(read.int()))
    read.end()
    return Contests(began)
