"""What the national real-name system is asked, and what its answers mean: no network, no sleep.

A talk is one try. It yields a ``Question``, and is sent the ``Answer`` or that it is ``Lost``; or
it yields a ``Wait``, and is sent nothing. ``nppa`` and ``nppa_async`` carry questions, sleep and
try again where ``Again`` says so; all that is decided is decided here.

**What is tried again**: what surely never arrived, and what the table of codes says (1001 each time
later, 1007 at once with a new time). A query also when its answer was lost, for it changes nothing.
A check or a report that may have arrived is not sent twice: its ``ai`` may be occupied by now, and
the outbox of reports decides for itself. Each try has its own time and its own nonce.

**An outage verifies nobody.** There is one place where somebody becomes ``verified``: an answer
with code 0, status 0 and a well-formed ``pi``, under HTTP 200.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeAlias, TypeVar
from urllib.parse import urlencode

from minorguard.core.calendar import local
from minorguard.errors import (
    ConfigurationError,
    IdentityError,
    InvalidRequest,
    ProviderRejected,
    ProviderUnavailable,
)
from minorguard.identity.evidence import AgeEvidence
from minorguard.identity.nppa_pace import SECOND_NS, Api, Breaker, Pace
from minorguard.identity.verification import Verification
from minorguard.identity.wire import NONCE_BYTES
from minorguard.identity.wire_codes import code_of
from minorguard.identity.wire_messages import (
    CheckRequest,
    Credentials,
    Event,
    FailedItem,
    Result,
    SignedCall,
    check_call,
    query_call,
    read_report,
    read_result,
    report_call,
    want_ai,
)

if TYPE_CHECKING:
    from datetime import date, datetime

    from minorguard.identity.nppa_places import Places
    from minorguard.identity.secrets import Secret
    from minorguard.identity.verification import Claim

T = TypeVar("T")

SOURCE: Final = "nppa"

PATIENCE_S: Final = 5
"""How long a call waits for its turn at most; else it says that there is none."""

MESSAGES_MAX: Final = 2**31
"""So many messages are sealed with one key, by all processes together; nonces are random."""

HTTP_OK: Final = 200
SYSTEM_ERROR: Final = 1001


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent. The body is sealed and the signature made."""

    method: str
    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the HTTP status and the text, which may repeat what was asked."""

    status: int
    body: bytes = field(repr=False)


class Lost(NamedTuple):
    """No answer that can be read, and why. ``sent``: the question may have been understood."""

    why: str
    sent: bool


class Wait(NamedTuple):
    """So long until the turn of this call."""

    seconds: float


class Again(Exception):
    """To be tried again, ``after_s`` from now or each time later; ``error`` where that is over."""

    def __init__(self, error: IdentityError, after_s: float | None = None) -> None:
        self.error = error
        self.after_s = after_s
        super().__init__(str(error))


Talk: TypeAlias = Generator[Question | Wait, Answer | Lost | None, T]


@dataclass(frozen=True, slots=True)
class Ask(Generic[T]):
    """One thing to be asked. ``call`` makes it with a key and a time, ``read`` understands it."""

    api: Api
    call: Callable[[Credentials, int], SignedCall]
    read: Callable[[str], T]
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class _Found(Generic[T]):
    """What an answer says."""

    value: T = field(repr=False)


class Talks:
    """All talks of one game with the national system. Safe for threads."""

    def __init__(
        self,
        credentials: Credentials,
        previous: Credentials | None,
        places: Places,
        *,
        pepper: Secret[bytes] | None,
        processes: int,
        clock: Callable[[], datetime],
        ticks_ns: Callable[[], int],
    ) -> None:
        if type(processes) is not int or processes < 1:
            raise ConfigurationError("processes: want how many share the limits, 1 or more")
        self._keys = [_Key(key, processes) for key in (credentials, previous) if key is not None]
        self._first = 0
        self._pepper = pepper
        self.places = places
        self._paces = _Paces(processes)
        self._breakers: dict[Api, Breaker] = {
            "check": Breaker(), "query": Breaker(), "loginout": Breaker(),
        }  # fmt: skip
        self._clock = clock
        self._ticks_ns = ticks_ns

    # -- what can be asked -----------------------------------------------------------------------

    def check(self, claim: Claim, at: datetime) -> Ask[Verification]:
        """Who is this?"""
        account, born, at = claim.account, claim.number.born, local(at, "at")
        request = CheckRequest(self._ai(account), claim.name, claim.number)
        return Ask(
            "check",
            lambda key, now_ms: check_call(key, request, timestamp_ms=now_ms, nonce=fresh_nonce()),
            lambda body: _verification(account, read_result(body), at, born),
        )

    def query(self, pending: Verification, at: datetime) -> Ask[Verification] | Verification:
        """What became of it? Whoever has waited for 48 hours is told so without asking."""
        if pending.status != "pending":
            raise InvalidRequest("pending.status", "want pending")
        at = local(at, "at")
        known = pending.at_instant(at)
        if known.status != "pending":
            return known
        ai = self._ai(pending.person)

        def read(body: str) -> Verification:
            result = read_result(body)
            if result.identity == "pending":
                return pending
            asked = pending.evidence
            return _verification(pending.person, result, at, None if asked is None else asked.born)

        return Ask(
            "query",
            lambda key, now_ms: query_call(key, ai, timestamp_ms=now_ms),
            read,
            repeatable=True,
        )

    def report(self, events: tuple[Event, ...]) -> Ask[tuple[FailedItem, ...]]:
        """Who came and who left."""
        return Ask(
            "loginout",
            lambda key, now_ms: report_call(key, events, timestamp_ms=now_ms, nonce=fresh_nonce()),
            read_report,
        )

    # -- one try ---------------------------------------------------------------------------------

    def once(self, ask: Ask[T]) -> Talk[T]:
        """Ask, with the other key too where the first is refused for what it is."""
        first = self._first
        order = [first, *(nth for nth in range(len(self._keys)) if nth != first)]
        refused = None
        for nth in order:
            try:
                found = yield from self._with_key(ask, self._keys[nth])
            except ProviderRejected as error:
                if not _wrong_key(error):
                    raise
                refused = error
                continue
            self._first = nth
            return found
        raise refused or ProviderUnavailable("no key")

    def _with_key(self, ask: Ask[T], key: _Key) -> Talk[T]:
        tried = yield from self._turn(ask.api)
        call = ask.call(key.next(sealing=ask.api != "query"), self._now_ms())
        came = yield _question(self.places.of_api(ask.api), call)
        read = _read(ask, came)
        answered = not _outage(read)
        self._breakers[ask.api].leave(self._ticks_ns(), tried=tried, answered=answered)
        if isinstance(read, _Found):
            return read.value
        raise self._consequence(ask, read, came)

    def _consequence(
        self, ask: Ask[T], error: IdentityError, came: Answer | Lost | None
    ) -> Exception:
        """What follows from an answer that is none: the same error, or that it is tried again."""
        if isinstance(error, ProviderRejected):
            retry = code_of(int(error.code)).retry
            if retry == "after_a_minute":
                self._paces.of(ask.api).punish(self._ticks_ns())
            elif retry == "backoff":
                return Again(error)
            elif retry == "fresh_timestamp":
                return Again(error, 0.0)
            return error
        never_sent = isinstance(came, Lost) and not came.sent
        return Again(error) if never_sent or ask.repeatable else error

    def _turn(self, api: Api) -> Talk[bool]:
        """Wait for a place. Whether this is the one request that tries after a rest."""
        pace, breaker = self._paces.of(api), self._breakers[api]
        rest_ns = breaker.rest_ns(self._ticks_ns())
        if rest_ns:
            raise _resting(api, rest_ns)
        taken, wait_ns = pace.turn(self._ticks_ns(), PATIENCE_S * SECOND_NS)
        if not taken:
            raise ProviderUnavailable(f"{api}: no turn within the limits for {_s(wait_ns)} s")
        if wait_ns:
            yield Wait(wait_ns / SECOND_NS)
        quiet_ns = pace.quiet_ns(self._ticks_ns())
        if quiet_ns:
            raise ProviderUnavailable(f"{api}: was over the limit; silent for {_s(quiet_ns)} s")
        tried, rest_ns = breaker.enter(self._ticks_ns())
        if rest_ns:
            raise _resting(api, rest_ns)
        return tried

    def _ai(self, account: str) -> str:
        """The game's own name for a player, as it goes over the network."""
        ai = account if self._pepper is None else ai_of(self._pepper, account)
        want_ai(ai)
        return ai

    def _now_ms(self) -> int:
        return int(self._clock().timestamp() * 1000)


class _Paces:
    """The pace of each interface. One that has no room for so many processes is told when used."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._paces: dict[Api, Pace] = {}
        self._lock = Lock()

    def of(self, api: Api) -> Pace:
        with self._lock:
            if api not in self._paces:
                self._paces[api] = Pace(api, processes=self._processes)
            return self._paces[api]


class _Key:
    """A key, and how many messages it has sealed."""

    def __init__(self, credentials: Credentials, processes: int) -> None:
        self._credentials = credentials
        self.left = MESSAGES_MAX // processes
        self._lock = Lock()

    def next(self, *, sealing: bool) -> Credentials:
        """The key, for one message more."""
        with self._lock:
            if sealing:
                if self.left <= 0:
                    raise ProviderUnavailable("the key has sealed 2^31 messages: have it changed")
                self.left -= 1
            return self._credentials


def ai_of(pepper: Secret[bytes], account: str) -> str:
    """A name for a player that tells nobody the account: HMAC-SHA-256, 32 hexadecimal digits.

    A plain hash of an account is found by trying all accounts.
    """
    return hmac.digest(pepper.reveal(), account.encode(), "sha256").hex()[:32]


def fresh_nonce() -> bytes:
    """Twelve bytes that nobody can know, from the system, in each process its own."""
    return os.urandom(NONCE_BYTES)


def _question(url: str, call: SignedCall) -> Question:
    query = f"?{urlencode(call.query)}" if call.query else ""
    method = "POST" if call.body else "GET"
    return Question(method, url + query, tuple(call.headers.items()), call.body.encode())


def _read(ask: Ask[T], came: Answer | Lost | None) -> _Found[T] | IdentityError:
    """What the answer says, or what is wrong with it. A code counts under any HTTP status."""
    if not isinstance(came, Answer):
        return ProviderUnavailable(f"{ask.api}: {'no answer' if came is None else came.why}")
    try:
        found = _Found(ask.read(came.body.decode()))
    except UnicodeDecodeError:
        return ProviderUnavailable(f"{ask.api}: the reply is not text")
    except ProviderRejected as error:
        return error.with_traceback(None)
    except ProviderUnavailable as error:
        if came.status == HTTP_OK:
            return ProviderUnavailable(f"{ask.api}: {error}")
    else:
        if came.status == HTTP_OK:
            return found
    return ProviderUnavailable(f"{ask.api}: HTTP status {came.status}")


YEARS_MAX = 150


def _verification(account: str, result: Result, at: datetime, born: date | None) -> Verification:
    """``born``: by the number that was asked about. A reply about another birth is none of ours."""
    if result.pi is None or result.born is None:
        if born is None or result.identity != "pending":
            return Verification(result.identity, account, None, at)
        # Kept for the reply to come, which goes over plain HTTP and could be forged.
        asked = AgeEvidence.of_birth(born, SOURCE, "declared", at)
        return Verification("pending", account, asked, at)
    if not at.year - YEARS_MAX <= result.born.year or result.born > at.date():
        raise ProviderUnavailable("the reply has a birth date that nobody alive has")
    if born is not None and result.born != born:
        raise ProviderUnavailable("the reply has another birth date than the number asked about")
    evidence = AgeEvidence.of_birth(result.born, SOURCE, "verified", at)
    return Verification(result.identity, result.pi, evidence, at)


def _outage(read: object) -> bool:
    """Whether the service did not do its part: such answers open the breaker."""
    if isinstance(read, ProviderRejected):
        return read.code == SYSTEM_ERROR
    return isinstance(read, ProviderUnavailable)


def _wrong_key(error: ProviderRejected) -> bool:
    return code_of(int(error.code)).retry == "other_key"


def _resting(api: Api, rest_ns: int) -> ProviderUnavailable:
    return ProviderUnavailable(f"{api}: does not answer; left alone for {_s(rest_ns)} s")


def _s(ns: int) -> int:
    return -(-ns // SECOND_NS)
