"""The national real-name interface V1.8 as bytes: seal, unseal, sign, and the national key ``pi``.

Pure: no clock, no I/O, no dice; the nonce and the time are arguments. ``law/games.md`` §2 is the
source; ``wire_messages`` holds the requests and replies, ``wire_codes`` the table of codes.

The official signature is a plain SHA-256 over text without delimiters. It is made here because
that wire demands it, and must never be used for anything of ours (HMAC-SHA-256 there): see
``sign`` for what is done about it.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from minorguard.errors import BadSignature, InvalidRequest
from minorguard.identity.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_CHARS = 32
KEY_BYTES = 16
NONCE_BYTES = 12
TAG_BYTES = 16
BODY_CHARS_MAX = 64 * 1024
"""A longer body is neither made nor read."""

_HEAD, _TAIL = '{"data":"', '"}'
PLAINTEXT_BYTES_MAX = (BODY_CHARS_MAX - len(_HEAD) - len(_TAIL)) // 4 * 3 - NONCE_BYTES - TAG_BYTES
"""The longest text that fits into a body: four characters for each three bytes, nonce, tag."""

PI_CHARS = 38
_PI_DATE_CHARS = 6
_PI_DIGITS = frozenset("0123456789abcdefghijklmnop")
_PI_CHARS = frozenset("0123456789abcdefghijklmnopqrstuvwxyz")

SIGNED_NAMES = ("ai", "appId", "bizId", "timestamps")
"""What the three interfaces sign, in the order in which it is signed."""

_LATER = {name: SIGNED_NAMES[place:] for place, name in enumerate(SIGNED_NAMES, 1)}
"""The names that are signed after each."""

Key = str | Secret[str]
"""The ``secretKey`` of the official console: 32 hexadecimal digits."""


def seal(secret_key: Key, plaintext: bytes, *, nonce: bytes) -> str:
    """The body ``{"data":"<base64>"}``: AES-128-GCM over the plaintext, nonce first, tag last.

    ``nonce``: 12 bytes, never twice under one key; take them from ``os.urandom``. Up to
    ``PLAINTEXT_BYTES_MAX`` bytes. ``InvalidRequest`` for a key, nonce or text of another shape.

    Source: interface V1.8, ``law/games.md`` §2.4.
    """
    key = key_bytes(secret_key)
    del secret_key
    body, path, wanted = (
        sealed(AESGCM(key), plaintext, nonce) if key else ("", "secret_key", _KEY_WANTED)
    )
    del key, plaintext
    if wanted:
        raise InvalidRequest(path, wanted)
    return body


def unseal(secret_key: Key, body: str) -> bytes:
    """What was sealed. ``BadSignature`` when the body is not exactly what ``seal`` makes.

    A body is a JSON object with ``data`` alone, in canonical base64: no bit of it can change
    unseen. ``InvalidRequest`` when the key is not 32 hexadecimal digits.
    """
    key = key_bytes(secret_key)
    del secret_key
    if not key:
        del body
        raise InvalidRequest("secret_key", _KEY_WANTED)
    plaintext = _opened(key, body)
    del key, body
    if plaintext is None:
        raise BadSignature("the body was damaged, forged or sealed with another key")
    return plaintext


def sign(secret_key: Key, params: Mapping[str, str], body: str) -> str:
    """The official ``sign``: lowercase hexadecimal SHA-256 of key, sorted parameters and body.

    ``params``: ``appId``, ``bizId``, ``timestamps`` and every query parameter, values raw, not
    URL-encoded; they are sorted by name. ``body``: the exact body, ``""`` for GET.

    There are no delimiters, so ``{"ai": "1bizId2"}`` would sign like ``{"ai": "1", "bizId":
    "2"}``. A value in which a later one of ``SIGNED_NAMES`` occurs is therefore refused
    (an earlier one cannot be mistaken: names come sorted). ``InvalidRequest`` for that, for what
    is not text, and for a key that is not 32 hexadecimal digits.

    Source: interface V1.8, ``law/games.md`` §2.3.
    """
    digest, path, wanted = _signature(secret_key, params, body)
    del secret_key, params, body
    if wanted:
        raise InvalidRequest(path, wanted)
    return digest


def verify_sign(secret_key: Key, params: Mapping[str, str], body: str, given: str) -> None:
    """Nothing when ``given`` is the signature, compared in constant time; else ``BadSignature``.

    ``InvalidRequest`` as for ``sign``.
    """
    digest, path, wanted = _signature(secret_key, params, body)
    right = type(given) is str and given.isascii() and hmac.compare_digest(digest, given)
    del secret_key, params, body, given, digest
    if wanted:
        raise InvalidRequest(path, wanted)
    if not right:
        raise BadSignature("the signature is not this message's under this key")


def birth_date_of_pi(pi: str) -> date:
    """The birth date in a national person key: its first six characters, YYYYMMDD in base 26.

    ``ValueError`` (``InvalidRequest``) when malformed: not 38 characters of ``0-9 a-z``, or no
    such day. Source: ``law/games.md`` §2.7.
    """
    born = pi_date(pi)
    del pi
    if born is None:
        raise InvalidRequest("pi", "want 38 characters of 0-9 a-z that begin with a real day")
    return born


# -- what follows raises nothing, so no frame that holds a secret is ever part of a traceback ----

_KEY_WANTED = f"want {KEY_CHARS} hexadecimal digits"
_NO_OBJECT: Mapping[str, Any] = {}


def json_object(text: object) -> Mapping[str, Any]:
    """The JSON object in a text of at most 64 KiB, empty when there is none.

    Also empty when a key stands twice, and for NaN and Infinity. Raises nothing.
    """
    if type(text) is not str or len(text) > BODY_CHARS_MAX:
        return _NO_OBJECT
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return _NO_OBJECT
    return object_in(found)


def object_in(found: object) -> Mapping[str, Any]:
    """A value read from JSON if it is an object, else an empty one. Raises nothing."""
    return cast("dict[str, Any]", found) if isinstance(found, dict) else _NO_OBJECT


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError  # caught in json_object
    return found


def _no_constant(_: str) -> None:
    raise ValueError  # caught in json_object


def key_bytes(secret_key: Key) -> bytes:
    """The sixteen bytes of a key, none when it is not 32 hexadecimal digits. Raises nothing."""
    key = secret_key.reveal() if isinstance(secret_key, Secret) else secret_key
    try:
        decoded = bytes.fromhex(key)
    except (TypeError, ValueError):
        return b""
    return decoded if len(key) == KEY_CHARS and len(decoded) == KEY_BYTES else b""


def sealed(cipher: AESGCM, plaintext: bytes, nonce: bytes) -> tuple[str, str, str]:
    """The body, or the place and what is wanted there. Raises nothing."""
    if type(nonce) is not bytes or len(nonce) != NONCE_BYTES:
        return "", "nonce", f"want {NONCE_BYTES} bytes"
    if type(plaintext) is not bytes or len(plaintext) > PLAINTEXT_BYTES_MAX:
        return "", "plaintext", f"want at most {PLAINTEXT_BYTES_MAX} bytes"
    data = binascii.b2a_base64(nonce + cipher.encrypt(nonce, plaintext, None), newline=False)
    return f"{_HEAD}{data.decode('ascii')}{_TAIL}", "", ""


def _opened(key: bytes, body: object) -> bytes | None:
    found = json_object(body)
    data = found.get("data")
    if len(found) != 1 or type(data) is not str:
        return None
    try:
        raw = binascii.a2b_base64(data.encode("ascii"), strict_mode=True)
        if binascii.b2a_base64(raw, newline=False) != data.encode("ascii"):
            return None  # bits that the last character does not need were set
        if len(raw) < NONCE_BYTES + TAG_BYTES:
            return None
        nonce, rest = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
        return AESGCM(key).decrypt(nonce, rest, None)
    except (ValueError, InvalidTag):
        return None


def _signature(secret_key: Key, params: Mapping[str, str], body: str) -> tuple[str, str, str]:
    """The signature, or the place and what is wanted there."""
    if not key_bytes(secret_key):
        return "", "secret_key", _KEY_WANTED
    text = secret_key.reveal() if isinstance(secret_key, Secret) else secret_key
    try:
        for name, value in sorted(params.items()):
            for later in _LATER[name] if name in _LATER else _after(name):
                if later in value:
                    return "", "params", f"want no value before {later} that contains {later}"
            text += name + value
        return hashlib.sha256((text + body).encode()).hexdigest(), "", ""
    except (TypeError, ValueError, AttributeError):  # not text, or half of a surrogate pair
        return "", "params", "want a mapping of text to text, and a body that is text"


def _after(name: str) -> list[str]:
    return [each for each in SIGNED_NAMES if each > name]


def pi_date(pi: object) -> date | None:
    """What ``birth_date_of_pi`` gives, ``None`` where it raises. Raises nothing."""
    if type(pi) is not str or len(pi) != PI_CHARS or not _PI_CHARS.issuperset(pi):
        return None
    digits = pi[:_PI_DATE_CHARS]
    if not _PI_DIGITS.issuperset(digits):
        return None
    day = int(digits, 26)
    try:
        return date(day // 10_000, day // 100 % 100, day % 100)
    except ValueError:
        return None
