"""What has happened. A fact is told, never refused; the guard keeps it (``Guard.record``)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minorguard.core.subject import Subject


@dataclass(frozen=True, slots=True)
class Left:
    """The person left: the session ends and gives back what it paid for after this instant."""

    subject: Subject
    session: str = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Settled:
    """The payment of an order went through. ``fen`` is needed for an order never held."""

    subject: Subject
    order: str
    fen: int | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The payment of an order did not happen."""

    subject: Subject
    order: str


@dataclass(frozen=True, slots=True)
class Refunded:
    """Money of a settled order went back; ``fen`` is the total so far."""

    subject: Subject
    order: str
    fen: int = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class ConsentGranted:
    """A guardian consented to ``scope``."""

    subject: Subject
    scope: str


@dataclass(frozen=True, slots=True)
class ConsentRevoked:
    """A guardian took the consent to ``scope`` back."""

    subject: Subject
    scope: str


@dataclass(frozen=True, slots=True)
class ModeChanged:
    """The account entered or left the minors' mode."""

    subject: Subject
    on: bool = field(kw_only=True)


Fact = Left | Settled | Cancelled | Refunded | ConsentGranted | ConsentRevoked | ModeChanged
