"""The minors' mode of one child: entered by many ways, left by a guardian, linked with devices.

The app's state follows the device. Entering is believed from anybody; leaving only from a source
that the platform trusts, for a client's word never loosens. Pure: instants are seconds.

Source: 移动互联网未成年人模式建设指南 三(一) (linkage), 四(一)1 (at least three entries; several
minors), 四(一)2 (verified exit); 未成年人网络保护条例 art. 43. What devices tell is by the vendors'
own documents; the guideline has no format for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from minorguard.core.calendar import local
from minorguard.core.subject import ANY_AGE, Ages, want_bool
from minorguard.errors import InvalidRequest
from minorguard.guardians.bodies import want_key

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from minorguard.guardians.changes import Second

Entry = Literal["boot", "icon", "settings", "first_login", "device", "guardian", "platform"]
"""By which way the mode was entered: the reminder at the first start, the icon, the settings, the
first login, the device's own mode, a guardian from afar, the platform."""
ENTRIES: frozenset[str] = frozenset(get_args(Entry))

Said = bool | None
"""On, off, or nothing was said of it."""

AGE_BANDS = (Ages(0, 3), Ages(3, 8), Ages(8, 12), Ages(12, 16), Ages(16, 18))
"""The bands of the guideline, 三(三): 3, 8, 12, 16, 18; devices tell the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSignal:
    """What a device says of its minors' mode, as the server received it.

    ``device_mode``: the system's mode. ``linked_mode``: the account entered with it and stays in it
    (``None``: the device does not say). ``ages``: of whoever uses it, for ``AgeEvidence``; it never
    loosens. ``source``: by whom it came, as in ``harmonyos``; ``received_at``: by the server.

    移动互联网应用程序信息服务管理规定, and second_pass.md §11: keep all five, and never trust a
    client's claim that loosens.
    """

    device_mode: Said
    linked_mode: Said = None
    ages: Ages = ANY_AGE
    source: str
    received_at: datetime

    def __post_init__(self) -> None:
        for name in ("device_mode", "linked_mode"):
            if getattr(self, name) is not None:
                want_bool(getattr(self, name), f"signal.{name}")
        if self.ages != ANY_AGE and self.ages not in AGE_BANDS:
            raise InvalidRequest("signal.ages", "want a band of the minors' mode")
        want_key(self.source, "signal.source")
        object.__setattr__(self, "received_at", local(self.received_at, "signal.received_at"))


class Device(NamedTuple):
    """What is known of one device.

    ``off_alone``: the app's mode was left while the device's own stays on; the mark stays until the
    system's mode goes off.
    """

    on: bool = False
    linked: bool = False
    off_alone: bool = False
    at: Second = 0
    source: str = ""
    ages: Ages = ANY_AGE

    @property
    def holds(self) -> bool:
        """Whether it keeps the child in the mode."""
        return (self.on or self.linked) and not self.off_alone


class Mode(NamedTuple):
    """The mode of one child. ``own``: entered in the app; ``None``: nobody has said anything."""

    own: bool | None = None
    entry: str = ""
    since: Second = 0
    devices: Mapping[str, Device] = {}

    @property
    def known(self) -> bool:
        """Whether anything was ever said of it."""
        return self.own is not None or bool(self.devices)

    @property
    def on(self) -> bool:
        """Whether the child is in the mode."""
        return self.own is True or any(device.holds for device in self.devices.values())


def entered(mode: Mode, entry: str, at: Second) -> Mode:
    """The mode after it was entered in the app; once it is, nothing more is to be done."""
    if mode.own:
        return mode
    since = (mode.entry, mode.since) if mode.on else (entry, at)
    return mode._replace(own=True, entry=since[0], since=since[1])


def left(mode: Mode, at: Second) -> Mode:
    """The mode after a verified guardian has left it; on its devices it is then off alone."""
    if mode.known and not mode.on:
        return mode
    devices = {
        name: device._replace(off_alone=True) if device.holds else device
        for name, device in mode.devices.items()
    }
    return Mode(own=False, entry="", since=at, devices=devices)


def signalled(
    mode: Mode, name: str, signal: DeviceSignal, at: Second, trusted: Collection[str]
) -> Mode:
    """The mode after a device has told its own; an older signal than the last one says nothing."""
    known = mode.devices.get(name, Device())
    if at < known.at:
        return mode
    # An off that loosens nothing is believed from anybody: a guardian has left the mode already.
    believed = signal.source in trusted or not known.holds
    device = Device(
        on=_taken(known=known.on, said=signal.device_mode, believed=believed),
        linked=_taken(known=known.linked, said=signal.linked_mode, believed=believed),
        off_alone=known.off_alone,
        at=at,
        source=signal.source,
        ages=Ages(*signal.ages),
    )
    if not (device.on or device.linked):
        # HarmonyOS guide: once the system's mode is off, the mark of the app alone is cleared.
        device = device._replace(off_alone=False)
    after = mode._replace(devices={**mode.devices, name: device})
    if after.on and not mode.on:
        return after._replace(entry="device", since=at)
    if mode.on and not after.on:
        return after._replace(entry="", since=at)
    return after


def _taken(*, known: bool, said: Said, believed: bool) -> bool:
    """What is known of a switch after something was said of it."""
    if said is None:
        return known
    return said or (known and not believed)


# -- what vendors document -----------------------------------------------------------------------

HARMONYOS_EVENTS = {"COMMON_EVENT_MINORSMODE_ON": True, "COMMON_EVENT_MINORSMODE_OFF": False}


def from_harmonyos(
    info: Mapping[str, object], *, received_at: datetime, source: str = "harmonyos"
) -> DeviceSignal:
    """The answer of ``getMinorsProtectionInfo`` as the app sent it on.

    ``{"minorsProtectionMode": true, "ageGroup": {"lowerAge": 8, "upperAge": 12}}``; the group may
    be missing, and one that is no band is not guessed at. While a device is locked after a start it
    answers *off*, so an *off* alone proves nothing. Source: HarmonyOS Account Kit,
    ``minorsProtection``, and its five age groups. ``InvalidRequest`` for anything else.
    """
    mode = info.get("minorsProtectionMode")
    if type(mode) is not bool:
        raise InvalidRequest("signal.minorsProtectionMode", "want true or false")
    group, ages = info.get("ageGroup"), ANY_AGE
    if mode and isinstance(group, dict):
        found = Ages(group.get("lowerAge"), group.get("upperAge"))  # type: ignore[arg-type]  # looked up
        ages = found if found in AGE_BANDS else ANY_AGE
    return DeviceSignal(device_mode=mode, ages=ages, source=source, received_at=received_at)


def from_harmonyos_event(
    event: str, *, received_at: datetime, source: str = "harmonyos"
) -> DeviceSignal:
    """The public event that an app subscribes to, by its name in ``commonEventManager.Support``."""
    if event not in HARMONYOS_EVENTS:
        raise InvalidRequest("signal.event", f"want one of {', '.join(HARMONYOS_EVENTS)}")
    return DeviceSignal(device_mode=HARMONYOS_EVENTS[event], source=source, received_at=received_at)


def from_hyperos(
    *, device_in_mode: bool, linked: bool, received_at: datetime, source: str = "hyperos"
) -> DeviceSignal:
    """The two states that Xiaomi tells apart: the device in the mode, and the account linked to it.

    Only the two states are public, their field names are not: read them out yourself. Source:
    Xiaomi HyperOS, 2025-08-05.
    """
    return DeviceSignal(
        device_mode=device_in_mode, linked_mode=linked, source=source, received_at=received_at
    )
