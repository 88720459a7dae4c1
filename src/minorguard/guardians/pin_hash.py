"""How a PIN is held while it is looked at, and hashed: out of every traceback, under a pepper."""

from __future__ import annotations

import hmac
import re
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol

from minorguard.errors import ConfigurationError, InvalidRequest
from minorguard.guardians.bodies import want_key
from minorguard.guardians.weak_pins import is_weak

if TYPE_CHECKING:
    from collections.abc import Iterable

DIGITS = re.compile(r"[0-9]{6,12}")
WANTED = "want 6-12 digits"

PEPPER_BYTES = 32
SALT_BYTES = 16
HASH_BYTES = 32


class Hidden(Protocol):
    """A value that only ``.reveal()`` shows, as ``identity.secrets.Secret``."""

    def reveal(self) -> bytes:
        """The value itself."""
        ...


class Cost(NamedTuple):
    """What one hash costs. A PIN that was hashed with another cost is hashed anew when right."""

    memory_kib: int = 19 * 1024
    passes: int = 2
    lanes: int = 1


LEAST = Cost()
"""OWASP password storage: Argon2id with 19 MiB, two passes, one lane; no less is taken."""


class Held:
    """A PIN on its way to be hashed, so that no traceback that shows the locals shows it."""

    __slots__ = ("_digits",)

    def __init__(self, digits: bytes) -> None:
        self._digits = digits

    def reveal(self) -> bytes:
        """The digits: for the one line that hashes them."""
        return self._digits

    def __repr__(self) -> str:
        return "PIN(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a PIN is neither pickled nor copied")


NO_PIN = Held(b"")


def held_of(pin: object) -> Held:
    """The PIN, or ``NO_PIN`` for what can be none. Raises nothing, so no frame of it is kept."""
    if isinstance(pin, str) and DIGITS.fullmatch(pin):
        return Held(pin.encode("ascii"))
    return NO_PIN


def want_held(pin: Held, guardian: str) -> None:
    """Refuse what can be no PIN, or nobody's."""
    want_key(guardian, "guardian")
    if pin is NO_PIN:
        raise InvalidRequest("pin", WANTED)


def is_weak_held(pin: Held, births: Iterable[date]) -> bool:
    """Whether it is among those that are guessed first."""
    dates = tuple(births)
    if not all(isinstance(born, date) for born in dates):
        raise InvalidRequest("births", "want dates")
    return is_weak(pin.reveal().decode("ascii"), dates)


def peppered(pepper: bytes, guardian: str, pin: Held) -> bytes:
    """What Argon2id gets. The guardian's key is in it: one guardian's hash fits no other."""
    framed = f"minorguard pin 1\0{guardian}\0".encode("ascii")
    return hmac.digest(pepper, framed + pin.reveal(), "sha256")


def argon2id(text: bytes, salt: bytes, cost: Cost) -> bytes:
    """The hash of a PIN under its pepper. ``ConfigurationError`` where OpenSSL has no Argon2."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    try:
        kdf = Argon2id(
            salt=salt,
            length=HASH_BYTES,
            iterations=cost.passes,
            lanes=cost.lanes,
            memory_cost=cost.memory_kib,
        )
    except UnsupportedAlgorithm:
        raise ConfigurationError("cryptography needs an OpenSSL that has Argon2id") from None
    return kdf.derive(text)


def pepper_of(pepper: bytes | Hidden) -> bytes:
    """The pepper. ``ConfigurationError`` if it is too short to be one."""
    value: object = pepper if isinstance(pepper, bytes) else pepper.reveal()
    del pepper
    if isinstance(value, bytes) and len(value) >= PEPPER_BYTES:
        return value
    del value
    raise ConfigurationError(f"pepper: want {PEPPER_BYTES} bytes or more")


def name_of(pepper: bytes) -> str:
    """Which pepper it is, without telling what it is."""
    return hmac.new(pepper, b"minorguard pepper name", sha256).hexdigest()[:16]
