"""What was told about a person and stays: the minors' mode and the consents of a guardian.

It overrides what a request says of its subject. Whatever order the news comes in, the latest
counts; of two at one instant the protective one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.facts import ConsentGranted, ConsentRevoked, ModeChanged
from minorguard.core.packing import Packer, Reader
from minorguard.core.ruling import FOR_GOOD, stamp_of
from minorguard.errors import StoreUnavailable

if TYPE_CHECKING:
    from minorguard.core.acts import Request
    from minorguard.core.ruling import Stamp
    from minorguard.core.subject import Subject

MODE = "mode"
MODE_BEFORE = "mode before"
"""The names of the minors' mode among the consents, none of which is called so: what was said last,
and what before it, for a request that comes late."""

Standing = ConsentGranted | ConsentRevoked | ModeChanged


class Said(NamedTuple):
    """One thing that was said: since when, whether it is on, and until when if it ends."""

    at: Stamp
    on: bool
    until: Stamp | None = None

    def holds(self, at: Stamp) -> bool:
        """Whether it is on at that instant: not before it was said."""
        return self.on and self.at <= at and (self.until is None or at < self.until)


class Recorded(NamedTuple):
    """The *facts* document: what was said last of each, sorted by name."""

    said: tuple[tuple[str, Said], ...] = ()

    def of(self, subject: Subject, at: Stamp) -> Subject:
        """The subject as it stands at that instant by what was recorded."""
        if not self.said:
            return subject
        said = dict(self.said)
        told = tuple(said.pop(name) for name in (MODE_BEFORE, MODE) if name in said)
        mode = mode_at(told, at)
        consents = {*subject.consents, *(name for name, one in said.items() if one.holds(at))}
        consents -= {name for name, one in said.items() if not one.holds(at)}
        return replace(
            subject,
            minors_mode=subject.minors_mode if mode is None else mode,
            consents=frozenset(consents),
        )

    def within(self, request: Request, at: Stamp) -> Request:
        """The request of the subject as it stands at that instant by what was recorded."""
        return replace(request, subject=self.of(request.subject, at)) if self.said else request

    def ends_after(self, at: Stamp) -> tuple[Stamp, ...]:
        """When consents that hold at that instant end, the next first."""
        ends = {one.until for _, one in self.said if one.until is not None and one.holds(at)}
        return tuple(sorted(ends))


NOTHING_RECORDED = Recorded()


def recorded(known: Recorded, fact: Standing, at: Stamp) -> Recorded:
    """The document after a fact, unless something later is known already."""
    name = MODE if isinstance(fact, ModeChanged) else fact.scope
    on = fact.on if isinstance(fact, ModeChanged) else isinstance(fact, ConsentGranted)
    until = fact.until if isinstance(fact, ConsentGranted) else None
    said = dict(known.said)
    new = Said(at, on, None if until is None else stamp_of(until))
    if name == MODE:
        told = tuple(said[part] for part in (MODE_BEFORE, MODE) if part in said)
        said.update(_named(mode_told(told, new)))
    else:
        said[name] = later(name, said.get(name), new)
    return Recorded(tuple(sorted(said.items())))


def joined(one: Recorded, other: Recorded) -> Recorded:
    """What was told of two accounts that are one person."""
    said = dict(one.said)
    modes = [said.pop(part) for part in (MODE_BEFORE, MODE) if part in said]
    for name, new in other.said:
        if name in (MODE, MODE_BEFORE):
            modes.append(new)
        else:
            said[name] = later(name, said.get(name), new)
    said.update(_named(mode_told((), *modes)))
    return Recorded(tuple(sorted(said.items())))


def _named(told: Modes) -> dict[str, Said]:
    return dict(zip((MODE_BEFORE, MODE)[-len(told) :], told, strict=True)) if told else {}


Modes = tuple[Said, ...]
"""What was said of the mode, the last sayings of it, the latest last."""

SAYINGS_MAX = 8


def mode_told(told: Modes, *new: Said, kept: int = 2) -> Modes:
    """The sayings of the mode and more of them: of two at one instant the protective one."""
    by_instant: dict[Stamp, Said] = {}
    for one in (*told, *new):
        known = by_instant.get(one.at)
        by_instant[one.at] = one if known is None else later(MODE, known, one)
    return tuple(by_instant[at] for at in sorted(by_instant))[-kept:]


def mode_at(told: Modes, at: Stamp) -> bool | None:
    """Whether the mode was on at that instant; ``None`` where nothing had been said by then."""
    return next((one.on for one in reversed(told) if one.at <= at), None)


def later(name: str, one: Said | None, other: Said) -> Said:
    """Which of two sayings holds."""
    return other if one is None or _weight(name, other) > _weight(name, one) else one


def _weight(name: str, said: Said) -> tuple[Stamp, bool, Stamp]:
    """Later, or at the same instant more protective: in the mode, without the consent."""
    return said.at, said.on == (name == MODE), -(FOR_GOOD if said.until is None else said.until)


# -- bytes ---------------------------------------------------------------------------------------

SCHEMA = 1
SCHEMA_WITH_ENDS = 2
"""The first byte of a document: the second where something said ends. A newer one is not guessed
at."""


def to_bytes(known: Recorded) -> bytes:
    """The document as a store keeps it."""
    out = Packer()
    ends = any(one.until is not None for _, one in known.said)
    out.ints(SCHEMA_WITH_ENDS if ends else SCHEMA, len(known.said))
    for name, (at, on, until) in known.said:
        out.block(name.encode())
        out.ints(at, on)
        if ends:
            out.ints(0 if until is None else until)
    return out.body


def from_bytes(body: bytes) -> Recorded:
    """The document from its bytes. ``StoreUnavailable`` if they are no such document."""
    read = Reader(body, "facts")
    schema = read.int()
    if schema not in (SCHEMA, SCHEMA_WITH_ENDS):
        raise StoreUnavailable("a facts document of another version")
    said: list[tuple[str, Said]] = []
    for _ in range(read.int()):
        name, at, on = read.text(), read.int(), bool(read.int())
        until = read.int() if schema == SCHEMA_WITH_ENDS else 0
        said.append((name, Said(at, on, until or None)))
    read.end()
    return Recorded(tuple(said))
