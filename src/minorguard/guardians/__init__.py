"""Guardians: who they are, what they set and consent to, how a child enters and leaves the mode.

>>> from datetime import date, datetime
>>> from minorguard import ZONE, GuardianSettings, Subject, stores
>>> from minorguard.guardians import Home
>>> at = datetime(2026, 11, 20, 18, 0, tzinfo=ZONE)
>>> child = Subject("p-81", born=date(2013, 5, 1), identity="verified")
>>> home = Home(stores.open_records("memory:"))
>>> bool(home.link(child, "g-1", evidence="file 12", at=at))
True
>>> bool(home.set(child, "g-1", GuardianSettings(daily_minutes=40), at=at))
True
>>> home.subject(child, at=at).guardian.daily_minutes
40

The arithmetic is pure and apart: ``strictness`` (which settings are stricter), ``settings`` (what
holds and what waits), ``consents``, ``choices``, ``mode``, ``pin_lock``. The rest keeps it.
"""

from minorguard.guardians.alerts import Alerts
from minorguard.guardians.capacity import capacity_of
from minorguard.guardians.changes import Change, Code, GuardianVerifier, Refusal, Verified
from minorguard.guardians.claims import Claims
from minorguard.guardians.consents import ConsentNotice
from minorguard.guardians.devices import DeviceBook
from minorguard.guardians.dossier import dossier
from minorguard.guardians.figures import Figures
from minorguard.guardians.home import Home
from minorguard.guardians.limits_desk import Pending
from minorguard.guardians.mode import (
    DeviceSignal,
    from_harmonyos,
    from_harmonyos_event,
    from_hyperos,
)
from minorguard.guardians.notices import Notice, Notices
from minorguard.guardians.pin import PinAnswer, PinDesk, PinVerifier
from minorguard.guardians.settings import WHOLE_DEVICE
from minorguard.guardians.strictness import is_looser, merged

__all__ = [
    "WHOLE_DEVICE",
    "Alerts",
    "Change",
    "Claims",
    "Code",
    "ConsentNotice",
    "DeviceBook",
    "DeviceSignal",
    "Figures",
    "GuardianVerifier",
    "Home",
    "Notice",
    "Notices",
    "Pending",
    "PinAnswer",
    "PinDesk",
    "PinVerifier",
    "Refusal",
    "Verified",
    "capacity_of",
    "dossier",
    "from_harmonyos",
    "from_harmonyos_event",
    "from_hyperos",
    "is_looser",
    "merged",
]
