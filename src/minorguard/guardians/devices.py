"""One device with several children on it: profiles, the reminder that was declined, the reset.

移动互联网未成年人模式建设指南 四(一)1: several minors can be set up; the reminder at the first
start can be declined, and does not come again. 四(三)1: factory reset only after parent
verification.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.acts import want_subject
from minorguard.errors import Contention, InvalidRequest, StoreUnavailable
from minorguard.guardians.bodies import from_bytes, moved_on, to_bytes, want_key
from minorguard.guardians.changes import Change, prover, second
from minorguard.stores.records import Moved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from minorguard.core.subject import Subject
    from minorguard.guardians.changes import Refusal, Role, Verified, What
    from minorguard.guardians.home import Home
    from minorguard.stores.records import RecordStore

DEVICE = "guardian.device"
STATE = "kept"
SCHEMA = 1
PROFILES_MAX = 16
TRIES_MAX = 64


class Profiles(NamedTuple):
    """What is kept of one device: the children on it, and whether the reminder was declined."""

    children: tuple[str, ...] = ()
    declined: bool = False


class DeviceBook:
    """The profiles of devices. Whether somebody is a guardian, ``home`` says."""

    def __init__(self, records: RecordStore, home: Home) -> None:
        self._records = records
        self._home = home

    def profiles(self, device: str) -> tuple[str, ...]:
        """The children on this device, the first one first."""
        return self._read(want_key(device, "device")).children

    def reminds(self, device: str) -> bool:
        """Whether to remind of the minors' mode when the device starts."""
        known = self._read(want_key(device, "device"))
        return not (known.declined or known.children)

    def add(self, device: str, child: Subject, *, at: datetime) -> Change:
        """A child gets a profile on this device."""

        def step(known: Profiles) -> Profiles:
            if child.id in known.children:
                return known
            if len(known.children) >= PROFILES_MAX:
                raise InvalidRequest("device", f"want at most {PROFILES_MAX} profiles")
            return known._replace(children=(*known.children, child.id))

        return self._do("profile_added", device, child, step, at=at)

    def decline(self, device: str, child: Subject, *, at: datetime) -> Change:
        """The reminder was declined at the first start: it does not come again."""
        return self._do("declined", device, child, _declined, at=at)

    def remove(
        self, device: str, child: Subject, *, at: datetime, proof: Verified | None
    ) -> Change:
        """A guardian takes a child's profile off this device."""
        if not self._home.is_proved(child, proof, at=at):
            refused: Refusal = "guardian_verification_required"
            return self._answer("profile_removed", child, at, proof, refused)

        def step(known: Profiles) -> Profiles:
            return known._replace(children=tuple(one for one in known.children if one != child.id))

        return self._do("profile_removed", device, child, step, at=at, proof=proof)

    def reset(
        self,
        device: str,
        children: Iterable[Subject],
        *,
        at: datetime,
        proofs: Iterable[Verified],
    ) -> Change | None:
        """Forget the device, for a factory reset: a guardian of *each* child on it has proved it.

        ``children``: those of ``profiles``. ``None`` where nothing was known of it.
        """
        given, known_children = tuple(proofs), {child.id: child for child in children}
        for _ in range(TRIES_MAX):
            record = self._records.get(DEVICE, want_key(device, "device"))
            if record is None:
                return None
            known = _from_bytes(record.body)
            one = next(iter(known_children.values()), None)
            proof = given[0] if given else None
            for child in known.children:
                subject = known_children.get(child)
                if subject is None:
                    raise InvalidRequest("children", "want every child that has a profile here")
                if not any(self._home.is_proved(subject, proof, at=at) for proof in given):
                    refused: Refusal = "guardian_verification_required"
                    return self._answer("reset", subject, at, None, refused)
            try:
                body = _to_bytes(Profiles())
                moved_on(self._records, DEVICE, record, state=STATE, body=body)
            except Moved:
                continue  # a profile came meanwhile: its guardian is asked, too
            return None if one is None else self._answer("reset", one, at, proof, None)
        raise Contention("the device changed too often")

    # -- load, step, put -------------------------------------------------------------------------

    def _read(self, device: str) -> Profiles:
        record = self._records.get(DEVICE, device)
        return Profiles() if record is None else _from_bytes(record.body)

    def _do(
        self,
        what: What,
        device: str,
        child: Subject,
        step: Callable[[Profiles], Profiles],
        *,
        at: datetime,
        proof: Verified | None = None,
    ) -> Change:
        want_key(device, "device")
        want_subject(child)
        second(at)
        for _ in range(TRIES_MAX):
            record = self._records.get(DEVICE, device)
            if record is None:
                body = _to_bytes(Profiles())
                record = self._records.append(DEVICE, device, group="", state=STATE, body=body)
            before = _from_bytes(record.body)
            after = step(before)
            if after == before:
                return self._answer(what, child, at, proof, None, done=False)
            try:
                moved_on(self._records, DEVICE, record, state=STATE, body=_to_bytes(after))
            except Moved:
                continue
            return self._answer(what, child, at, proof, None)
        raise Contention("the device changed too often")

    def _answer(
        self,
        what: What,
        child: Subject,
        at: datetime,
        proof: Verified | None,
        refused: Refusal | None,
        *,
        done: bool = True,
    ) -> Change:
        role: Role = "platform" if proof is None else "guardian"
        by = prover(proof, child.id)
        changed = done and refused is None
        change = Change(what, child, at, by, role, done=changed, refused=refused)
        if changed:
            self._home.tell(change)
        return change


def _declined(known: Profiles) -> Profiles:
    return known._replace(declined=True)


def _to_bytes(known: Profiles) -> bytes:
    return to_bytes({"schema": SCHEMA, "children": known.children, "declined": known.declined})


def _from_bytes(body: bytes) -> Profiles:
    read = from_bytes(body, "device")
    if read.get("schema") != SCHEMA:
        raise StoreUnavailable("a device document of another version")
    return Profiles(tuple(read["children"]), read["declined"])
