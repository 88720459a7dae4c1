"""What has happened. A fact is told, never refused; the guard keeps it (``Guard.record``)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

from minorguard.core.acts import want_subject
from minorguard.core.calendar import local
from minorguard.core.subject import CONSENTS, FEN_MAX, Consent, Subject, want_bool, want_int
from minorguard.core.uses import want_name
from minorguard.errors import InvalidRequest

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class _Told:
    """What every fact has: the person it is about."""

    subject: Subject

    def __post_init__(self) -> None:
        want_subject(self.subject)


@dataclass(frozen=True, slots=True)
class Left(_Told):
    """The person left: the session ends and gives back what it paid for after this instant."""

    session: str = field(kw_only=True, repr=False)

    def __post_init__(self) -> None:
        _Told.__post_init__(self)
        want_name(self.session, "fact.session")


@dataclass(frozen=True, slots=True)
class _Payment(_Told):
    """What every fact about a payment has: its order."""

    order: str = field(repr=False)

    def __post_init__(self) -> None:
        _Told.__post_init__(self)
        want_name(self.order, "fact.order")


@dataclass(frozen=True, slots=True)
class Settled(_Payment):
    """The payment of an order went through. ``fen`` is needed for an order never held."""

    fen: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        _Payment.__post_init__(self)
        want_int(self.fen, "fact.fen", 1, FEN_MAX, optional=True)


@dataclass(frozen=True, slots=True)
class Cancelled(_Payment):
    """The payment of an order did not happen."""


@dataclass(frozen=True, slots=True)
class Refunded(_Payment):
    """Money of a settled order went back; ``fen`` is the total so far."""

    fen: int = field(kw_only=True)

    def __post_init__(self) -> None:
        _Payment.__post_init__(self)
        want_int(self.fen, "fact.fen", 1, FEN_MAX)


@dataclass(frozen=True, slots=True)
class _Consent(_Told):
    """What every fact about a consent has: what it is for."""

    scope: Consent

    def __post_init__(self) -> None:
        _Told.__post_init__(self)
        want_name(self.scope, "fact.scope")
        if self.scope not in CONSENTS:
            raise InvalidRequest("fact.scope", f"want one of {', '.join(get_args(Consent))}")


@dataclass(frozen=True, slots=True)
class ConsentGranted(_Consent):
    """A guardian consented to ``scope``, for good or ``until`` an instant."""

    until: datetime | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        _Consent.__post_init__(self)
        if self.until is not None:
            object.__setattr__(self, "until", local(self.until, "fact.until"))


@dataclass(frozen=True, slots=True)
class ConsentRevoked(_Consent):
    """A guardian took the consent to ``scope`` back."""


@dataclass(frozen=True, slots=True)
class ModeChanged(_Told):
    """The account entered or left the minors' mode."""

    on: bool = field(kw_only=True)

    def __post_init__(self) -> None:
        _Told.__post_init__(self)
        want_bool(self.on, "fact.on")


Fact = Left | Settled | Cancelled | Refunded | ConsentGranted | ConsentRevoked | ModeChanged
