"""What was told about a person and stays: the minors' mode and the consents of a guardian.

It overrides what a request says of its subject. Whatever order the news comes in, the latest
counts; of two at one instant the protective one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.facts import ConsentGranted, ConsentRevoked, ModeChanged
from minorguard.core.packing import Packer, Reader
from minorguard.errors import StoreUnavailable

if TYPE_CHECKING:
    from minorguard.core.acts import Request
    from minorguard.core.ruling import Stamp
    from minorguard.core.subject import Subject

MODE = "mode"
"""The name of the minors' mode among the consents, none of which is called so."""

Standing = ConsentGranted | ConsentRevoked | ModeChanged


class Said(NamedTuple):
    """One thing that was said: since when, and whether it is on."""

    at: Stamp
    on: bool


class Recorded(NamedTuple):
    """The *facts* document: what was said last of each, sorted by name."""

    said: tuple[tuple[str, Said], ...] = ()

    def of(self, subject: Subject) -> Subject:
        """The subject as it stands by what was recorded."""
        if not self.said:
            return subject
        said = dict(self.said)
        mode = said.pop(MODE, None)
        consents = {*subject.consents, *(name for name, one in said.items() if one.on)}
        consents -= {name for name, one in said.items() if not one.on}
        return replace(
            subject,
            minors_mode=subject.minors_mode if mode is None else mode.on,
            consents=frozenset(consents),
        )

    def within(self, request: Request) -> Request:
        """The request of the subject as it stands by what was recorded."""
        return replace(request, subject=self.of(request.subject)) if self.said else request


NOTHING_RECORDED = Recorded()


def recorded(known: Recorded, fact: Standing, at: Stamp) -> Recorded:
    """The document after a fact, unless something later is known already."""
    name = MODE if isinstance(fact, ModeChanged) else fact.scope
    on = fact.on if isinstance(fact, ModeChanged) else isinstance(fact, ConsentGranted)
    said = dict(known.said)
    said[name] = later(name, said.get(name), Said(at, on))
    return Recorded(tuple(sorted(said.items())))


def later(name: str, one: Said | None, other: Said) -> Said:
    """Which of two sayings holds."""
    return other if one is None or _weight(name, other) > _weight(name, one) else one


def _weight(name: str, said: Said) -> tuple[Stamp, bool]:
    """Later, or at the same instant more protective: in the mode, without the consent."""
    return said.at, said.on == (name == MODE)


# -- bytes ---------------------------------------------------------------------------------------

SCHEMA = 1
"""The first byte of a document. An older one is still read; a newer one is not guessed at."""


def to_bytes(known: Recorded) -> bytes:
    """The document as a store keeps it."""
    out = Packer()
    out.ints(SCHEMA, len(known.said))
    for name, (at, on) in known.said:
        out.block(name.encode())
        out.ints(at, on)
    return out.body


def from_bytes(body: bytes) -> Recorded:
    """The document from its bytes. ``StoreUnavailable`` if they are no such document."""
    read = Reader(body, "facts")
    if read.int() != SCHEMA:
        raise StoreUnavailable("a facts document of another version")
    said = tuple((read.text(), Said(read.int(), bool(read.int()))) for _ in range(read.int()))
    read.end()
    return Recorded(said)
