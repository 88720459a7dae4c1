"""The part of ``Home`` for the minors' mode: enter, leave, and what devices tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from minorguard.errors import InvalidRequest
from minorguard.guardians import mode
from minorguard.guardians.bodies import want_key
from minorguard.guardians.changes import prover, second
from minorguard.guardians.desk import Act, Desk, Done
from minorguard.guardians.family import DEVICES_MAX
from minorguard.guardians.mode import DeviceSignal, Entry

if TYPE_CHECKING:
    from datetime import datetime

    from minorguard.core.subject import Subject
    from minorguard.guardians.changes import Change, Role, Second, Verified
    from minorguard.guardians.family import Family
    from minorguard.guardians.mode import Mode


class ModeDesk(Desk):
    """Whether a child is in the minors' mode."""

    def enter(
        self, child: Subject, entry: Entry, *, at: datetime, guardian: str | None = None
    ) -> Change:
        """The mode is entered, by whichever way; anybody may be stricter."""
        if entry not in mode.ENTRIES:
            raise InvalidRequest("entry", f"want one of {', '.join(get_args(Entry))}")

        def step(family: Family, now: Second) -> Done:
            after = family._replace(mode=mode.entered(family.mode, entry, now))
            return Done(after, {"entry": entry})

        role: Role = "minor" if guardian is None else "guardian"
        return self._do(Act("entered", child, guardian or child.id, role), at, step)

    def leave(self, child: Subject, *, at: datetime, proof: Verified | None) -> Change:
        """A guardian, who has just proved to be one, takes the child out of the mode, at once.

        Ask the guard first, ``Use(child, about=ModeSwitch(on=False, guardian_verified=True))``:
        at night some services let nobody out. A verified adult proves it for themselves.
        On a device that stays in its own mode, the app is then off alone.
        """

        def step(family: Family, now: Second) -> Done:
            grown = (
                proof is not None
                and proof.guardian == child.id
                and proof.fresh(at)
                and child.identity == "verified"
                and self._ages(child, at).adult
            )
            if not (grown or family.proved(proof, at)):
                return Done(family, refused="guardian_verification_required")
            said = {"by": "" if proof is None else proof.by}
            return Done(family._replace(mode=mode.left(family.mode, now)), said)

        by = prover(proof, child.id)
        return self._do(Act("left", child, by, "guardian"), at, step)

    def signal(self, child: Subject, device: str, signal: DeviceSignal) -> Change:
        """A device has told of its own mode; the app follows it.

        On is believed from anybody. Off only from a source that this home trusts; make sure that
        it is the system that speaks (attestation, a maker's server), and not the app's client.
        """
        want_key(device, "device")
        if type(signal) is not DeviceSignal:
            raise InvalidRequest("signal", "want a DeviceSignal")
        told_at = second(signal.received_at)

        def step(family: Family, now: Second) -> Done:
            del now
            if device not in family.mode.devices and len(family.mode.devices) >= DEVICES_MAX:
                raise InvalidRequest("device", f"want at most {DEVICES_MAX} devices")
            after = mode.signalled(family.mode, device, signal, told_at, self._trusted)
            said = {
                "device": device,
                "source": signal.source,
                "device_mode": signal.device_mode,
                "linked_mode": signal.linked_mode,
                "on": after.on,
            }
            # A signal that says what is known already is no news, and is not written.
            quiet = _silent(after) == _silent(family.mode)
            return Done(family._replace(mode=after), None if quiet else said)

        return self._do(Act("signalled", child, device, "device"), signal.received_at, step)

    def mode(self, child: Subject, *, at: datetime) -> Mode:
        """The mode of this child as it stands, with what each device has told."""
        return self._family(child, at).mode


def _silent(known: Mode) -> Mode:
    """The mode without the times of the signals."""
    devices = {name: device._replace(at=0) for name, device in known.devices.items()}
    return known._replace(devices=devices)
