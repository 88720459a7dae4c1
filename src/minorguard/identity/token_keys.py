"""The keys that sign statements, and the ring that says which of them are accepted when.

There is one algorithm, Ed25519. A key's id is a digest of the key *and its purpose*, so an id
selects both together and a key for one purpose is never found for another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, NoReturn

from minorguard.core.calendar import local
from minorguard.errors import ConfigurationError, InvalidRequest
from minorguard.identity.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

AGE_STATEMENT = "age-statement"
"""The purpose of the keys that sign statements of age."""

KEY_BYTES = 32
KEY_ID_BYTES = 8
NAME_CHARS_MAX = 64

_NAME = re.compile(rf"[A-Za-z0-9_.:@/-]{{1,{NAME_CHARS_MAX}}}", re.ASCII)
_DOMAIN = b"minorguard/token/1"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What a statement is verified with: a key for one purpose, from ``not_before`` on and until
    ``not_after``.

    ``id`` is derived from the key and the purpose.
    """  # noqa: D205 - the two names do not fit on one line

    raw: bytes = field(repr=False)
    purpose: str = field(default=AGE_STATEMENT, kw_only=True)
    not_before: datetime = field(kw_only=True)
    not_after: datetime = field(kw_only=True)
    id: bytes = field(init=False, default=b"")

    def __post_init__(self) -> None:
        if type(self.raw) is not bytes or len(self.raw) != KEY_BYTES:
            raise ConfigurationError("key: want 32 bytes, the raw form of Ed25519")
        want_name(self.purpose, "purpose")
        put = object.__setattr__
        put(self, "not_before", local(self.not_before, "key.not_before"))
        put(self, "not_after", local(self.not_after, "key.not_after"))
        if self.not_before >= self.not_after:
            raise ConfigurationError("key: not_before must be before not_after")
        put(
            self,
            "id",
            sha256(framed(b"key", self.purpose.encode(), self.raw)).digest()[:KEY_ID_BYTES],
        )

    def valid(self, at: datetime) -> bool:
        """Whether the key may be used at that instant."""
        return self.not_before <= local(at) < self.not_after

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature is this key's, of that message."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """What a statement is signed with. Never printed, never pickled.

    ``SigningKey(Secret(seed), not_before=…, not_after=…)`` with the 32 bytes of an Ed25519 seed,
    from a key store or ``os.urandom(32)``. ``public`` is for the match servers.
    """

    __slots__ = ("__private", "public")

    def __init__(
        self,
        seed: Secret[bytes],
        *,
        not_before: datetime,
        not_after: datetime,
        purpose: str = AGE_STATEMENT,
    ) -> None:
        if type(seed) is not Secret or not _is_seed(seed):
            raise ConfigurationError("key: want a Secret of 32 bytes, an Ed25519 seed")
        self.__private = _private(seed)
        self.public = PublicKey(
            self.__private.public_key().public_bytes_raw(),
            purpose=purpose,
            not_before=not_before,
            not_after=not_after,
        )

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self.__private.sign(message)

    def __repr__(self) -> str:
        return "SigningKey(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signing key is neither pickled nor copied")


class KeyRing:
    """The key that signs now, if this server signs, and all those that are accepted.

    A rotation: give the match servers a ring that accepts the new public key too; then make it
    the ``current`` of the login server; when the last statement of the old one has expired, or
    with its ``not_after``, leave it out. To revoke a key, give them a ring without it.
    """

    __slots__ = ("_accepted", "current")

    def __init__(
        self, current: SigningKey | None = None, *, accept: Iterable[PublicKey] = ()
    ) -> None:
        if current is not None and type(current) is not SigningKey:
            raise ConfigurationError("key ring: current: want a SigningKey or None")
        keys = [*accept] if current is None else [current.public, *accept]
        if any(type(key) is not PublicKey for key in keys):
            raise ConfigurationError("key ring: accept: want PublicKey")
        self.current = current
        self._accepted = {key.id: key for key in keys}

    def accepted(self, key_id: bytes, purpose: str, at: datetime) -> PublicKey | None:
        """The key of that id, if it is for that purpose and may be used at that instant."""
        key = self._accepted.get(key_id)
        return key if key is not None and key.purpose == purpose and key.valid(at) else None

    def __repr__(self) -> str:
        return "KeyRing(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key ring is neither pickled nor copied")


# -- bytes ---------------------------------------------------------------------------------------


def framed(*parts: bytes) -> bytes:
    """The parts, each after its length, so that no two lists of parts are the same bytes."""
    return b"".join(len(part).to_bytes(2, "big") + part for part in (_DOMAIN, *parts))


def want_name(name: str, path: str) -> None:
    """Refuse all but the name of a purpose or an audience."""
    if type(name) is not str or _NAME.fullmatch(name) is None:
        raise InvalidRequest(path, f"want 1-{NAME_CHARS_MAX} characters of A-Z a-z 0-9 _ . : @ / -")


def _is_seed(seed: Secret[bytes]) -> bool:
    return type(seed.reveal()) is bytes and len(seed.reveal()) == KEY_BYTES


def _private(seed: Secret[bytes]) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed.reveal())
