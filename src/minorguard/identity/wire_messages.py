"""The three interfaces of the national real-name system: what is asked, and what is answered.

Pure: the time and the nonce are arguments. A request is made of checked values, is turned into
a ``SignedCall`` (headers, query, body) and sent by somebody else. A reply is read strictly: what is
not exactly a reply is ``ProviderUnavailable``, a code that is not 0 is ``ProviderRejected``.

The values of parameters are so narrow that no two requests sign alike (``wire.sign`` says why).
Source: interface V1.8, ``law/games.md`` §2.2-2.7.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from minorguard.errors import InvalidRequest, ProviderRejected, ProviderUnavailable
from minorguard.identity.id_numbers import IdNumber
from minorguard.identity.secrets import PersonName, Secret
from minorguard.identity.wire import (
    SIGNED_NAMES,
    Key,
    birth_date_of_pi,
    json_object,
    key_bytes,
    object_in,
    pi_date,
    sealed,
)
from minorguard.identity.wire_codes import OK, PARTLY_FAILED, code_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

AI_CHARS_MAX = 32
SESSION_CHARS_MAX = 32
DEVICE_CHARS = 32
BATCH_MAX = 128
APP_CHARS_MAX = 64
REPORT_WITHIN_S = 180
"""An event is reported less than three minutes after it happened, and not before."""

_word = re.compile("[0-9A-Za-z_-]+").fullmatch
_quoted = json.JSONEncoder(ensure_ascii=False).encode  # of a text: quotes and escapes, no more

_CONTENT_TYPE = "application/json; charset=utf-8"
_MS_MIN, _MS_MAX = 10**12, 10**13 - 1  # thirteen digits: 2001 to 2286


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Credentials:
    """What the official console gives to one game: ``appId``, ``bizId`` and the ``secretKey``.

    ``app_id`` and ``biz_id``: 1-64 characters of ``A-Z a-z 0-9 _ -``. ``secret_key``: 32
    hexadecimal digits. Prints without the key. ``InvalidRequest`` for other shapes.
    """

    app_id: str
    biz_id: str
    secret_key: Secret[str]
    cipher: AESGCM = field(compare=False)

    def __init__(self, app_id: str, biz_id: str, secret_key: Key) -> None:
        if not key_bytes(secret_key):
            del secret_key
            raise InvalidRequest("secret_key", "want 32 hexadecimal digits")
        masked = secret_key if isinstance(secret_key, Secret) else Secret(secret_key)
        del secret_key
        _want_word(app_id, "app_id", APP_CHARS_MAX, SIGNED_NAMES[2:])
        _want_word(biz_id, "biz_id", APP_CHARS_MAX, SIGNED_NAMES[3:])
        put = object.__setattr__
        put(self, "app_id", app_id)
        put(self, "biz_id", biz_id)
        put(self, "secret_key", masked)
        put(self, "cipher", AESGCM(key_bytes(masked)))

    def __repr__(self) -> str:
        return "Credentials(***)"  # also while it is being made: crash reporters look then


@dataclass(frozen=True, slots=True, init=False, repr=False)
class CheckRequest:
    """Is this number this person's? ``ai`` is the game's own name for the player.

    ``ai``: 1-32 characters of ``A-Z a-z 0-9 _ -``, without the names that are signed after it;
    an HMAC of the account, never a plain hash of it. ``InvalidRequest`` otherwise.
    """

    ai: str
    name: PersonName
    id_number: IdNumber

    def __init__(self, ai: str, name: PersonName, id_number: IdNumber) -> None:
        if type(name) is not PersonName or type(id_number) is not IdNumber:
            del name, id_number  # perhaps the bare text
            raise InvalidRequest("name", "want a PersonName and an IdNumber")
        want_ai(ai)
        put = object.__setattr__
        put(self, "ai", ai)
        put(self, "name", name)
        put(self, "id_number", id_number)

    def __repr__(self) -> str:
        return "CheckRequest(***)"

    def plaintext(self) -> bytes:
        """What is sealed: compact JSON in UTF-8, in the order in which the interface prints it."""
        ai, name, number = self.ai, self.name, self.id_number
        return (
            f'{{"ai":"{ai}","name":{_quoted(name.reveal())},"idNum":"{number.reveal()}"}}'
        ).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A player came (``login``) or went (``logout``), at ``at_s`` seconds since 1970.

    ``session``: 1-32 characters, the same for a login and its logout. Either ``pi``, of somebody
    whom the national system has verified, or ``device`` (32 characters), of a guest.
    ``InvalidRequest`` otherwise.
    """

    session: str
    kind: Literal["login", "logout"]
    at_s: int
    pi: str | None = field(default=None, repr=False)
    device: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _want_word(self.session, "session", SESSION_CHARS_MAX)
        if self.kind not in _ONLINE:
            raise InvalidRequest("kind", "want login or logout")
        if type(self.at_s) is not int or not 0 < self.at_s <= _MS_MAX // 1000:
            raise InvalidRequest("at_s", "want whole seconds since 1970")
        if (self.pi is None) is (self.device is None):
            raise InvalidRequest("pi", "want either pi or device")
        if self.pi is not None:
            birth_date_of_pi(self.pi)
        else:
            _want_word(self.device, "device", DEVICE_CHARS)
            if self.device is None or len(self.device) != DEVICE_CHARS:
                raise InvalidRequest("device", f"want {DEVICE_CHARS} characters")

    def reportable(self, timestamp_ms: int) -> bool:
        """Whether a report sent at that time may hold it: past, and less than 180 s ago."""
        age_ms = timestamp_ms - self.at_s * 1000
        return 0 < age_ms < REPORT_WITHIN_S * 1000

    def item(self, number: int) -> Mapping[str, int | str]:
        """The event under its official names, as item ``number`` of its batch."""
        item: dict[str, int | str] = {
            "no": number,
            "si": self.session,
            "bt": _ONLINE[self.kind],
            "ot": self.at_s,
        }
        if self.pi is not None:
            return {**item, "ct": _VERIFIED, "pi": self.pi}
        return {**item, "ct": _GUEST, "di": self.device or ""}


# law/games.md §2.6: bt 0 = offline, 1 = online (others have had it the wrong way round);
# ct 0 = verified, 2 = guest.
_ONLINE = {"logout": 0, "login": 1}
_VERIFIED, _GUEST = 0, 2


class SignedCall(NamedTuple):
    """A request ready to be sent: within five seconds, and once.

    ``headers`` keep the official spelling; ``query`` is for the address, not URL-encoded; ``body``
    is to be sent exactly so, and is empty for GET.
    """

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: str

    def __repr__(self) -> str:
        return "SignedCall(***)"


def check_call(
    credentials: Credentials, request: CheckRequest, *, timestamp_ms: int, nonce: bytes
) -> SignedCall:
    """The real-name check: POST. ``timestamp_ms``: milliseconds since 1970, the present.

    ``nonce`` as for ``wire.seal``. Source: ``law/games.md`` §2.5.
    """
    body, path, wanted = sealed(credentials.cipher, request.plaintext(), nonce)
    if wanted:
        raise InvalidRequest(path, wanted)
    return _signed(credentials, timestamp_ms, {}, body)


def query_call(credentials: Credentials, ai: str, *, timestamp_ms: int) -> SignedCall:
    """The result of a check that was in progress: GET, within 48 hours, by the same ``ai``."""
    want_ai(ai)
    return _signed(credentials, timestamp_ms, {"ai": ai}, "")


def report_call(
    credentials: Credentials, events: Sequence[Event], *, timestamp_ms: int, nonce: bytes
) -> SignedCall:
    """Logins and logouts: POST, 1-128 of them, numbered from 1 in their order.

    Whether each is still ``reportable`` is the caller's to see to. ``InvalidRequest`` for too
    many or none. Source: ``law/games.md`` §2.6.
    """
    if not 1 <= len(events) <= BATCH_MAX:
        raise InvalidRequest("events", f"want 1-{BATCH_MAX}")
    items = [event.item(number) for number, event in enumerate(events, 1)]
    plaintext = json.dumps({"collections": items}, separators=(",", ":")).encode("ascii")
    body, path, wanted = sealed(credentials.cipher, plaintext, nonce)
    if wanted:
        raise InvalidRequest(path, wanted)
    return _signed(credentials, timestamp_ms, {}, body)


def want_ai(ai: str) -> None:
    """``InvalidRequest`` unless the game's own name for a player is one that may be sent."""
    if type(ai) is not str or len(ai) > AI_CHARS_MAX or not _word(ai):
        raise InvalidRequest("ai", f"want 1-{AI_CHARS_MAX} characters of A-Z a-z 0-9 _ -")
    if "appId" in ai or "bizId" in ai or "timestamps" in ai:
        raise InvalidRequest("ai", "want none of appId, bizId and timestamps in it")


def _signed(
    credentials: Credentials, timestamp_ms: int, query: Mapping[str, str], body: str
) -> SignedCall:
    if type(timestamp_ms) is not int or not _MS_MIN <= timestamp_ms <= _MS_MAX:
        raise InvalidRequest("timestamp_ms", "want milliseconds since 1970, thirteen digits")
    app_id, biz_id, stamp = credentials.app_id, credentials.biz_id, str(timestamp_ms)
    # What wire.sign does, and a test says so; these values were checked, their order is known.
    asked = "".join([name + value for name, value in query.items()])
    digest = sha256(
        f"{credentials.secret_key.reveal()}{asked}"
        f"appId{app_id}bizId{biz_id}timestamps{stamp}{body}".encode()
    ).hexdigest()
    headers = {"appId": app_id, "bizId": biz_id, "timestamps": stamp, "sign": digest}
    if body:
        headers["Content-Type"] = _CONTENT_TYPE
    return SignedCall(headers, query, body)


def _want_word(word: object, path: str, chars_max: int, later: tuple[str, ...] = ()) -> None:
    if type(word) is not str or len(word) > chars_max or not _word(word):
        raise InvalidRequest(path, f"want 1-{chars_max} characters of A-Z a-z 0-9 _ -")
    if any(name in word for name in later):
        raise InvalidRequest(path, f"want nothing that contains {' or '.join(later)}")


# -- what comes back ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Result:
    """What the national system says of a person; ``pi`` only of the ``verified``."""

    identity: Literal["verified", "pending", "failed"]
    pi: str | None = field(default=None, repr=False)

    @property
    def born(self) -> date | None:
        """The birth date that the national system vouches for."""
        return None if self.pi is None else birth_date_of_pi(self.pi)


@dataclass(frozen=True, slots=True)
class FailedItem:
    """An item of a report that was not taken: its number in the batch, and the code."""

    number: int
    code: int


def read_result(body: str) -> Result:
    """The answer to a check or a query.

    ``ProviderRejected`` with the code where there is one, ``ProviderUnavailable`` for whatever is
    not exactly an answer: a status that nobody knows, a ``pi`` without success or the reverse.
    """
    code, result = _result_of(body)
    del body
    if result is not None:
        return result
    if code in {None, OK}:
        raise ProviderUnavailable(_NO_ANSWER)
    raise _rejected(code)


def read_report(body: str) -> tuple[FailedItem, ...]:
    """The items of a report that were not taken, none when all were.

    ``ProviderRejected`` with the code when the whole report was refused, ``ProviderUnavailable``
    for what is not exactly an answer.
    """
    code, failed = _failed_of(body)
    del body
    if failed is not None:
        return failed
    if code in {None, OK, PARTLY_FAILED}:
        raise ProviderUnavailable(_NO_ANSWER)
    raise _rejected(code)


_NO_ANSWER = "the reply is not one that this interface gives"
_CODES = range(10_000)
_NUMBERS = range(1, BATCH_MAX + 1)
_STATUSES: Mapping[int, Literal["verified", "pending", "failed"]] = {
    0: "verified",
    1: "pending",
    2: "failed",
}


def _rejected(code: int | None) -> ProviderRejected:
    known = code_of(code or OK)
    return ProviderRejected(known.code, known.en)


def _code_of(reply: Mapping[str, Any]) -> int | None:
    code = reply.get("errcode")
    return code if type(code) is int and code in _CODES else None


def _result_of(body: object) -> tuple[int | None, Result | None]:
    reply = json_object(body)
    code = _code_of(reply)
    result = object_in(object_in(reply.get("data")).get("result"))
    if code != OK:
        return code, None
    status, pi = result.get("status"), result.get("pi")
    if type(status) is not int or status not in _STATUSES:
        return code, None
    identity = _STATUSES[status]
    if identity != "verified":
        return code, Result(identity) if pi is None or pi == "" else None
    return code, Result(identity, pi) if pi_date(pi) else None


def _failed_of(body: object) -> tuple[int | None, tuple[FailedItem, ...] | None]:
    reply = json_object(body)
    code = _code_of(reply)
    data = reply.get("data")
    if code == OK:  # the interface prints an empty text where one would expect an object
        return code, () if data is None or data in ("", {}) else None
    items = object_in(data).get("results")
    if code != PARTLY_FAILED or not isinstance(items, list):
        return code, None
    failed: dict[int, FailedItem] = {}
    for item in map(object_in, cast("list[object]", items)):
        number, why = item.get("no"), _code_of(item)
        if type(number) is not int or number not in _NUMBERS or number in failed or not why:
            return code, None
        failed[number] = FailedItem(number, why)
    return code, tuple(failed.values()) or None
