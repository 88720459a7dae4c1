"""A guardian's PIN: set, proved, changed and reset; kept so that a stolen table gives none away.

A PIN has six digits, and whoever steals the hashes tries them all: 10⁶ × 28 ms is a working day.
So it is hashed with a *pepper* that is never in the store (HMAC-SHA-256 before Argon2id), and each
try is counted before it is judged (``pin_lock``). Parameters: OWASP password storage, Argon2id with
19 MiB, two passes, one lane.

No message, ``repr`` or traceback made here contains a PIN or the pepper.
"""

from __future__ import annotations

import hmac
from os import urandom
from typing import TYPE_CHECKING, Literal, NamedTuple, NoReturn

from minorguard.errors import ConfigurationError, Contention, StoreUnavailable
from minorguard.guardians import pin_lock
from minorguard.guardians.bodies import from_bytes, moved_on, to_bytes, want_key
from minorguard.guardians.changes import Code, Verified, fits, moment, sealed, second
from minorguard.guardians.pin_hash import (
    LEAST,
    SALT_BYTES,
    Cost,
    argon2id,
    held_of,
    is_weak_held,
    name_of,
    pepper_of,
    peppered,
    want_held,
)
from minorguard.guardians.pin_lock import Lock
from minorguard.stores.records import Moved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date, datetime

    from minorguard.guardians.changes import Second
    from minorguard.guardians.pin_hash import Held, Hidden
    from minorguard.stores.records import RecordStore

PIN = "guardian.pin"
STATE = "kept"
SCHEMA = 1
TRIES_MAX = 64

CODE_LIVES_S = 3600
RESET_RESTS_S = 24 * 3600
"""How long a PIN that was reset proves nothing: a child who reads the guardian's messages can reset
it, and the guardian has a day to notice. A choice of design."""

Outcome = Literal[
    "right",
    "wrong",
    "locked",  # too many tries: ask again at again_at
    "stopped",  # a hundred wrong ones: only a reset helps
    "no_pin",  # none was set
    "resting",  # right, but it was reset not long ago
    "taken",  # there is one already: change or reset it
    "weak",  # too easy to guess
    "wrong_code",  # not the code of the reset, or too old
]


class PinAnswer(NamedTuple):
    """What came of a PIN; true if it was taken.

    ``proof``: who proved it, for ``home``. ``again_at``: when the next try is allowed. ``tries``:
    wrong tries in a row: at a right one, those before it, of which to tell the guardian.
    """

    outcome: Outcome
    proof: Verified | None = None
    again_at: datetime | None = None
    tries: int = 0

    def __bool__(self) -> bool:
        return self.outcome == "right"


class _Kept(NamedTuple):
    """What is kept of one guardian's PIN."""

    pepper: str
    salt: bytes
    cost: Cost
    hash: bytes
    lock: Lock
    rests_until: Second = 0
    reset: str = ""
    reset_until: Second = 0


class PinDesk:
    """The PINs of guardians in a ``RecordStore``.

    ``pepper``: 32 random bytes or more, never stored with the records; ``ConfigurationError`` if
    shorter. ``former``: peppers of before, to read PINs that were hashed with them: they are hashed
    anew when they are right. Raises ``InvalidRequest`` for what can be no PIN and ``StoreError``.
    """

    def __init__(
        self,
        records: RecordStore,
        *,
        pepper: bytes | Hidden,
        former: Iterable[bytes | Hidden] = (),
        cost: Cost = LEAST,
        rests_s: Second = RESET_RESTS_S,
    ) -> None:
        if any(mine < least for mine, least in zip(cost, LEAST, strict=True)):
            raise ConfigurationError(f"a PIN is hashed with at least {LEAST}")
        peppers = [pepper_of(one) for one in (pepper, *former)]
        del pepper, former
        self._records = records
        self._cost = cost
        self._rests_s = rests_s
        self._current = name_of(peppers[0])
        self._peppers = {name_of(one): one for one in reversed(peppers)}

    def __repr__(self) -> str:
        return "PinDesk(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a desk has the pepper and is not pickled")

    # -- set, prove, change ----------------------------------------------------------------------

    def set(
        self, guardian: str, pin: str, *, at: datetime, births: Iterable[date] = ()
    ) -> PinAnswer:
        """The first PIN of a guardian. ``births``: of guardian and children, not to be it."""
        held = held_of(pin)
        del pin
        want_held(held, guardian)
        second(at)
        if is_weak_held(held, births):
            return PinAnswer("weak")
        kept = self._hashed(guardian, held, Lock())
        body = _to_bytes(kept)
        there = self._records.append(PIN, guardian, group="", state=STATE, body=body)
        return PinAnswer("right" if there.body == body else "taken")

    def verify(self, guardian: str, pin: str, *, at: datetime) -> PinAnswer:
        """Whether that is the guardian's PIN. The try counts before it is judged."""
        held = held_of(pin)
        del pin
        want_held(held, guardian)
        return self._verify(guardian, held, at)

    def _verify(self, guardian: str, pin: Held, at: datetime) -> PinAnswer:
        counted, answer = self._count(guardian, second(at))
        if answer is not None:
            return answer
        kept, number = counted
        if not self._is_right(guardian, pin, kept):
            opens = pin_lock.opens_at(kept.lock)
            return PinAnswer(
                *("wrong", None), None if opens is None else moment(opens), kept.lock.tries
            )
        old = kept.cost != self._cost or kept.pepper != self._current
        anew = self._hashed(guardian, pin, kept.lock) if old else None
        rests_until = self._clear(guardian, kept, number, anew)
        if rests_until is None:
            return PinAnswer("wrong", tries=kept.lock.tries)  # changed while we looked at it
        before = kept.lock.tries - 1
        if second(at) < rests_until:
            return PinAnswer("resting", None, moment(rests_until), before)
        return PinAnswer("right", Verified(guardian, "pin", moment(second(at))), None, before)

    def change(
        self, guardian: str, old: str, new: str, *, at: datetime, births: Iterable[date] = ()
    ) -> PinAnswer:
        """Another PIN instead of the one that is proved; a wrong old one counts as a try."""
        was, held = held_of(old), held_of(new)
        del old, new
        want_held(was, guardian)
        want_held(held, guardian)
        if is_weak_held(held, births):
            return PinAnswer("weak")
        answer = self._verify(guardian, was, at)
        if answer.outcome not in ("right", "resting"):
            return answer

        def step(kept: _Kept) -> _Kept | None:
            if not self._is_right(guardian, was, kept):
                return None
            anew = self._hashed(guardian, held, kept.lock)
            return anew._replace(rests_until=kept.rests_until)

        return answer if self._step(guardian, step) else PinAnswer("wrong")

    # -- the second channel ----------------------------------------------------------------------

    def ask_reset(self, guardian: str, *, at: datetime) -> Code | None:
        """A code to send by another channel; ``None`` if there is no PIN. The last one counts."""
        code, until = Code.new(), second(at) + CODE_LIVES_S
        seal = sealed(code.reveal(), "pin", want_key(guardian, "guardian"))
        done = self._step(guardian, lambda kept: kept._replace(reset=seal, reset_until=until))
        return code if done else None

    def reset(
        self, guardian: str, code: str, new: str, *, at: datetime, births: Iterable[date] = ()
    ) -> PinAnswer:
        """Another PIN by the code of ``ask_reset``, which is good once and for an hour.

        The lock opens. For a day the new PIN proves nothing (``resting``), so tell the guardian.
        """
        held = held_of(new)
        del new
        want_held(held, guardian)
        if is_weak_held(held, births):
            return PinAnswer("weak")
        now = second(at)

        def step(kept: _Kept) -> _Kept | None:
            good = fits(code, kept.reset, "pin", guardian)
            if not (kept.reset and good and now < kept.reset_until):
                return None
            # The tries of the last day stay: a reset gives nobody more guesses today.
            lock = kept.lock._replace(cleared=kept.lock.counted)
            return self._hashed(guardian, held, lock)._replace(rests_until=now + self._rests_s)

        return PinAnswer("right" if self._step(guardian, step) else "wrong_code")

    def erase(self, guardian: str) -> None:
        """Forget a guardian's PIN and its tries (个人信息保护法 art. 47)."""
        self._records.erase(PIN, want_key(guardian, "guardian"))

    # -- counting --------------------------------------------------------------------------------

    def _count(self, guardian: str, at: Second) -> tuple[tuple[_Kept, int], PinAnswer | None]:
        """Count a try, if one is allowed. It stays counted, whatever happens to us now."""
        nothing = (_Kept("", b"", LEAST, b"", Lock()), 0)
        for _ in range(TRIES_MAX):
            record = self._records.get(PIN, guardian)
            if record is None:
                return nothing, PinAnswer("no_pin")
            kept = _from_bytes(record.body)
            open_or_not = pin_lock.access(kept.lock, at)
            if open_or_not != "open":
                opens = pin_lock.opens_at(kept.lock)
                again = None if opens is None else moment(opens)
                return nothing, PinAnswer(open_or_not, None, again, kept.lock.tries)
            counted = kept._replace(lock=pin_lock.tried(kept.lock, at))
            try:
                # Not ``moved_on``: two tries of one instant are the same bytes, and count twice.
                self._records.transition(PIN, record, state=STATE, body=_to_bytes(counted))
            except Moved:
                continue
            return (counted, counted.lock.counted), None
        raise Contention("the PIN was tried too often at once")

    def _clear(self, guardian: str, was: _Kept, number: int, anew: _Kept | None) -> Second | None:
        """The try of that number was right: until when the PIN rests; ``None`` if it changed."""
        found: list[Second] = []

        def step(kept: _Kept) -> _Kept | None:
            if not hmac.compare_digest(kept.hash, was.hash):
                return None
            lock = pin_lock.right(kept.lock, number)
            found.append(kept.rests_until)
            return (anew or kept)._replace(lock=lock, rests_until=kept.rests_until)

        return found[-1] if self._step(guardian, step) else None

    def _step(self, guardian: str, step: Callable[[_Kept], _Kept | None]) -> bool:
        """Change what is kept; ``False`` if there is nothing, or the step would not."""
        for _ in range(TRIES_MAX):
            record = self._records.get(PIN, guardian)
            after = None if record is None else step(_from_bytes(record.body))
            if record is None or after is None:
                return False
            try:
                moved_on(self._records, PIN, record, state=STATE, body=_to_bytes(after))
            except Moved:
                continue
            return True
        raise Contention("the PIN changed too often")

    # -- hashing ---------------------------------------------------------------------------------

    def _hashed(self, guardian: str, pin: Held, lock: Lock) -> _Kept:
        salt = urandom(SALT_BYTES)
        hashed = argon2id(self._peppered(self._current, guardian, pin), salt, self._cost)
        return _Kept(self._current, salt, self._cost, hashed, lock)

    def _is_right(self, guardian: str, pin: Held, kept: _Kept) -> bool:
        if kept.pepper not in self._peppers:
            raise ConfigurationError("a PIN was hashed with a pepper that is not here")
        hashed = argon2id(self._peppered(kept.pepper, guardian, pin), kept.salt, kept.cost)
        return hmac.compare_digest(hashed, kept.hash)

    def _peppered(self, pepper: str, guardian: str, pin: Held) -> bytes:
        return peppered(self._peppers[pepper], guardian, pin)


class PinVerifier:
    """A ``PinDesk`` as a ``GuardianVerifier``: the proof, or ``None``."""

    def __init__(self, desk: PinDesk) -> None:
        self._desk = desk

    def verify(self, guardian: str, answer: str, *, at: datetime) -> Verified | None:
        """The proof if the answer is this guardian's PIN."""
        return self._desk.verify(guardian, answer, at=at).proof


# -- bytes ---------------------------------------------------------------------------------------


def _to_bytes(kept: _Kept) -> bytes:
    return to_bytes(
        {
            "schema": SCHEMA,
            **kept._asdict(),
            "salt": kept.salt.hex(),
            "hash": kept.hash.hex(),
        }
    )


def _from_bytes(body: bytes) -> _Kept:
    read = from_bytes(body, "pin")
    if read.pop("schema", None) != SCHEMA:
        raise StoreUnavailable("a pin document of another version")
    try:
        counted, cleared, recent = read.pop("lock")
        return _Kept(
            salt=bytes.fromhex(read.pop("salt")),
            hash=bytes.fromhex(read.pop("hash")),
            cost=Cost(*read.pop("cost")),
            lock=Lock(counted, cleared, tuple(recent)),
            **read,
        )
    except (KeyError, TypeError, ValueError):
        raise StoreUnavailable("a broken pin document") from None
