"""Signed statements of age: a match server learns a range of ages and never who it is about.

The login server has a ``KeyRing`` with a signing key and makes a statement for one audience; the
match server has the public keys and a ``Verifier``::

    token = Issuer(ring, pepper).issue(child, audience="match-eu", at=now)
    statement = Verifier(public_ring, audience="match-eu").verify(token, at=now)
    law("cn.game").decide(Play(statement.subject()), at=now)

There is no field that names an algorithm: the version byte stands for Ed25519, and a key's id for
the key and its purpose together. Purpose and audience are signed and not sent: a token for another
one has a wrong signature. Whatever is wrong with a token, the error is the same ``BadSignature``
with the same words.

A token is 99 bytes, 132 characters::

    version 1, key id 8, issued 5, lifetime 2, identity 1, ages 1 + 1, subject 16, signature 64
"""

from __future__ import annotations

import hmac
import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, NoReturn, get_args

from minorguard.core.calendar import ZONE, local
from minorguard.core.subject import (
    FOREVER,
    NO_CONSENTS,
    Ages,
    Identity,
    Subject,
    want_int,
)
from minorguard.errors import BadSignature, ConfigurationError, InvalidRequest
from minorguard.identity.secrets import Secret
from minorguard.identity.token_keys import (
    AGE_STATEMENT,
    KeyRing,
    PublicKey,
    SigningKey,
    framed,
    want_name,
)

if TYPE_CHECKING:
    from minorguard.core.subject import AgeReading, GuardianSettings

__all__ = ["AgeStatement", "Issuer", "KeyRing", "PublicKey", "SigningKey", "Verifier", "rounded"]

EDGES = (0, 3, 8, 12, 14, 16, 18)
"""A statement tells ages only as exactly as the law asks: the groups of the minors' mode
(2024 guideline 三(三)), and 14 for consents (儿童个人信息网络保护规定)."""

LIFETIME_S = 900
LIFETIME_MAX_S = 3600
"""Long enough for a match; one that was stolen, or is out of date, is soon worth nothing."""

SKEW_S = 2
"""How far the clocks of two servers may differ."""

CACHE_MAX = 4096
PEPPER_BYTES_MIN = 16

BAD = "not a valid statement"
"""The one message: who forges learns nothing from it."""

_VERSION = 1
_BODY = struct.Struct(">B8sBIHBBB16s")
_IDENTITIES: tuple[Identity, ...] = get_args(Identity)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{132}", re.ASCII)
_OPEN = 255


@dataclass(frozen=True, slots=True)
class AgeStatement:
    """What a match server learns: a range of ages, how surely, until when; and a key to count by.

    ``subject_id`` is the same for one person at one audience and different at every other.
    """

    ages: Ages
    identity: Identity
    issued: datetime
    expires: datetime
    subject_id: str = field(repr=False)

    def subject(
        self,
        *,
        minors_mode: bool = False,
        consents: frozenset[str] = NO_CONSENTS,
        guardian: GuardianSettings | None = None,
    ) -> Subject:
        """The person to ask the law about, for as long as the statement holds."""
        return Subject(
            self.subject_id,
            age=self.ages,
            identity=self.identity,
            minors_mode=minors_mode,
            consents=consents,
            guardian=guardian,
        )


class Issuer:
    """Makes statements with the current key of a ring.

    ``pepper``: at least 16 secret bytes, from which the keys of persons at an audience are made;
    a new pepper makes everybody a new person there. ``reading`` is the law's ``age_attainment``.
    """

    __slots__ = ("__pepper", "_reading", "_ring")

    def __init__(
        self,
        ring: KeyRing,
        pepper: Secret[bytes],
        *,
        reading: AgeReading = "day_after_birthday",
    ) -> None:
        if type(pepper) is not Secret or not _is_pepper(pepper):
            raise ConfigurationError(f"pepper: want a Secret of {PEPPER_BYTES_MIN} bytes or more")
        self._ring = ring
        self.__pepper = pepper
        self._reading: AgeReading = reading

    def issue(
        self, subject: Subject, *, audience: str, at: datetime, lifetime_s: int = LIFETIME_S
    ) -> str:
        """A statement about this person for one audience, from ``at`` on.

        ``ConfigurationError`` when there is no signing key, or none that is good at ``at``.
        """
        at = local(at)
        if type(subject) is not Subject:
            raise InvalidRequest("subject", "want a Subject")
        want_name(audience, "audience")
        want_int(lifetime_s, "lifetime_s", 1, LIFETIME_MAX_S)
        key = self._ring.current
        if key is None or key.public.purpose != AGE_STATEMENT or not key.public.valid(at):
            raise ConfigurationError("key ring: no key that signs such statements at this time")
        if subject.born_day > at.toordinal():
            raise InvalidRequest("subject.born", "want a date that is not after the statement")
        ages = rounded(subject.ages_on(at.toordinal(), self._reading))
        seconds = int(at.timestamp())
        want_int(seconds, "at", 0, (1 << 40) - 1)
        body = _BODY.pack(
            _VERSION,
            key.public.id,
            seconds >> 32,
            seconds & 0xFFFF_FFFF,
            lifetime_s,
            _IDENTITIES.index(subject.identity),
            ages.at_least,
            _OPEN if ages.below == FOREVER else ages.below,
            _opaque(self.__pepper, audience, subject),
        )
        signed = key.sign(framed(AGE_STATEMENT.encode(), audience.encode(), body))
        return urlsafe_b64encode(body + signed).decode("ascii")

    def __repr__(self) -> str:
        return "Issuer(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an issuer is neither pickled nor copied")


class Verifier:
    """Verifies the statements for one audience; one it has seen costs a look-up.

    Of each of the last ``cache_max`` good tokens it keeps a digest and the statement. Expiry and
    the ring are asked every time, so a key that is revoked by ``use`` is refused at once. May be
    shared by threads.
    """

    __slots__ = ("_audience", "_cache", "_cache_max", "_lock", "_ring")

    def __init__(self, ring: KeyRing, *, audience: str, cache_max: int = CACHE_MAX) -> None:
        want_name(audience, "audience")
        want_int(cache_max, "cache_max", 0, 1 << 24)
        self._ring = ring
        self._audience = audience.encode()
        self._cache: dict[bytes, tuple[bytes, AgeStatement]] = {}
        self._cache_max = cache_max
        self._lock = Lock()

    def use(self, ring: KeyRing) -> None:
        """Accept the keys of this ring from now on, and no others."""
        self._ring = ring

    def verify(self, token: str, *, at: datetime) -> AgeStatement:
        """What the token says, if it is good for this audience at ``at``; else ``BadSignature``."""
        at = local(at)
        if type(token) is not str or _TOKEN.fullmatch(token) is None:
            raise BadSignature(BAD)
        digest = sha256(token.encode("ascii")).digest()
        known = self._cache.get(digest)
        key_id, statement = self._read(token, at) if known is None else known
        late = at >= statement.expires
        early = statement.issued - at > timedelta(seconds=SKEW_S)
        if late or early or self._ring.accepted(key_id, AGE_STATEMENT, at) is None:
            self._forget(digest)
            raise BadSignature(BAD)
        if known is None:
            self._remember(digest, (key_id, statement))
        return statement

    def _read(self, token: str, at: datetime) -> tuple[bytes, AgeStatement]:
        raw = urlsafe_b64decode(token)
        body, signature = raw[: _BODY.size], raw[_BODY.size :]
        version, key_id, high, low, lifetime_s, identity, least, below, who = _BODY.unpack(body)
        key = self._ring.accepted(key_id, AGE_STATEMENT, at)
        if version != _VERSION or key is None:
            raise BadSignature(BAD)
        message = framed(AGE_STATEMENT.encode(), self._audience, body)
        if not key.verifies(signature, message):
            raise BadSignature(BAD)
        try:
            issued = datetime.fromtimestamp((high << 32) + low, ZONE)
            ages = Ages(least, FOREVER if below == _OPEN else below)
            statement = AgeStatement(
                ages,
                _IDENTITIES[int(identity)],
                issued,
                issued + timedelta(seconds=lifetime_s),
                urlsafe_b64encode(who).decode("ascii").rstrip("="),
            )
            statement.subject()
        except (ValueError, OverflowError, OSError, IndexError):
            raise BadSignature(BAD) from None
        if not 0 < lifetime_s <= LIFETIME_MAX_S:
            raise BadSignature(BAD)
        return key_id, statement

    def _remember(self, digest: bytes, found: tuple[bytes, AgeStatement]) -> None:
        with self._lock:
            while self._cache and len(self._cache) >= self._cache_max:
                del self._cache[next(iter(self._cache))]
            if self._cache_max:
                self._cache[digest] = found

    def _forget(self, digest: bytes) -> None:
        with self._lock:
            self._cache.pop(digest, None)

    def __repr__(self) -> str:
        return "Verifier(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a verifier is neither pickled nor copied")


def rounded(ages: Ages) -> Ages:
    """The ages, told only as exactly as the law asks: widened to ``EDGES``."""
    least = max(edge for edge in EDGES if edge <= ages.at_least)
    return Ages(least, min((edge for edge in EDGES if edge >= ages.below), default=FOREVER))


def _opaque(pepper: Secret[bytes], audience: str, subject: Subject) -> bytes:
    message = framed(b"subject", audience.encode(), subject.id.encode())
    return hmac.new(pepper.reveal(), message, "sha256").digest()[:16]


def _is_pepper(pepper: Secret[bytes]) -> bool:
    return type(pepper.reveal()) is bytes and len(pepper.reveal()) >= PEPPER_BYTES_MIN
