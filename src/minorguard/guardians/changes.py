"""What the guardians' book answers: a change, or why nothing was changed.

A refusal is an answer and no exception; ``if home.leave(...):`` is all that a caller has to get
right. Instants inside the book are whole seconds since 1970 (``Second``): arithmetic on them is
exact, and ``moment`` puts one back on the law's clock.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Literal, NamedTuple, NoReturn, Protocol

from minorguard.core.calendar import ZONE, local

if TYPE_CHECKING:
    from minorguard.core.facts import ConsentGranted, ConsentRevoked, ModeChanged
    from minorguard.core.subject import Subject

    Told = ConsentGranted | ConsentRevoked | ModeChanged

Second = int
"""Whole seconds since 1970."""

PROOF_FRESH_S = 5 * 60
"""How long a guardian who has just proved to be one is believed. A choice of design, not law."""

Role = Literal["guardian", "minor", "device", "platform"]

What = Literal[
    "linked",
    "unlinked",
    "set",
    "confirmed",
    "cancelled",
    "took_effect",
    "chosen",
    "released",
    "asked",
    "granted",
    "denied",
    "revoked",
    "entered",
    "left",
    "signalled",
    "extra",
    "profile_added",
    "profile_removed",
    "declined",
    "reset",
]
"""What was done, or would have been."""

Refusal = Literal[
    "not_a_guardian",  # no guardian of this child, or no longer
    "guardian_is_a_minor",  # is a child in this book
    "guardian_verification_required",  # no fresh proof of a guardian
    "unknown_change",  # nothing of that name waits
    "wrong_code",  # not the code of this change
    "unknown_request",  # no such request for consent is open
    "cooling_down",  # refused not long ago: do not ask again yet
    "not_changeable",  # the table does not let this person change it
    "too_young",  # a minor loosens only from fourteen
]


class Verified(NamedTuple):
    """A guardian has proved to be one: who, by what (``pin`` ``face`` …), and when.

    Made by a ``GuardianVerifier`` on the server. Never make one of what a client says.
    """

    guardian: str
    by: str
    at: datetime

    def fresh(self, at: datetime) -> bool:
        """Whether it was proved in the last five minutes, and not in the future."""
        age = local(at) - local(self.at, "proof.at")
        return timedelta(0) <= age < timedelta(seconds=PROOF_FRESH_S)


def prover(proof: object, otherwise: str) -> str:
    """Who is behind an operation: the guardian of the proof, if it is one."""
    return proof.guardian if isinstance(proof, Verified) else otherwise


class GuardianVerifier(Protocol):
    """Somebody who can tell whether a guardian is there: a PIN desk, a face or fingerprint check.

    移动互联网未成年人模式建设指南 四(一)2: the mode is left by password, fingerprint or face.
    """

    def verify(self, guardian: str, answer: str, *, at: datetime) -> Verified | None:
        """The proof if what was answered is that guardian's; ``None`` otherwise."""
        ...


class Code:
    """The code of one waiting change, for the second channel: ``.reveal()`` in the line that sends.

    It is not kept: the book has only its hash. It prints as ``Code(***)`` and is not pickled.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        object.__setattr__(self, "_text", text)

    _text: str

    @classmethod
    def new(cls) -> Code:
        """A code that nobody guesses: 128 random bits."""
        return cls(token_urlsafe(16))

    def reveal(self) -> str:
        """The code itself."""
        return self._text

    def __repr__(self) -> str:
        return "Code(***)"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a code does not change")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a code is neither pickled nor copied")


def sealed(code: str, *binds: str) -> str:
    """What the book keeps of a code: a hash that is bound to what the code is for."""
    parts = (*binds, code)
    framed = b"".join(
        len(part.encode("utf-8", "surrogatepass")).to_bytes(4, "big")
        + part.encode("utf-8", "surrogatepass")
        for part in parts
    )
    return sha256(b"minorguard code 1" + framed).hexdigest()


def fits(code: object, seal: str, *binds: str) -> bool:
    """Whether it is the code that was sealed; compared in constant time."""
    return isinstance(code, str) and hmac.compare_digest(sealed(code, *binds), seal)


class Change(NamedTuple):
    """What an operation changed. True unless it was refused.

    ``done``: whether anything is different now; asked twice it is done once. ``fields``: what of
    the settings. ``refused``: why it, or its ``loosens`` part, was not done. ``id``: of the change
    that waits, ``code`` for its second channel, ``waits_until`` when it will hold. ``again_at``:
    when to ask again after ``cooling_down``. ``overreach``: what of it law forbids anyway, so that
    it has no effect. ``facts``: what to tell the guard (``guard.record(fact, at=change.at)``).
    """

    what: What
    child: Subject
    at: datetime
    by: str
    role: Role
    done: bool = True
    refused: Refusal | None = None
    fields: tuple[str, ...] = ()
    loosens: tuple[str, ...] = ()
    id: str | None = None
    code: Code | None = None
    waits_until: datetime | None = None
    again_at: datetime | None = None
    overreach: tuple[str, ...] = ()
    facts: tuple[Told, ...] = ()

    def __bool__(self) -> bool:
        return self.refused is None


def second(at: datetime, path: str = "at") -> Second:
    """The whole second of an instant. Naive times are refused."""
    return int(local(at, path).timestamp())


def moment(at: Second) -> datetime:
    """The instant on the law's clock."""
    return datetime.fromtimestamp(at, ZONE)
