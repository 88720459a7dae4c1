"""Whom to reach when a child is in danger, and that they were: contacts, alerts, readings.

人工智能拟人化互动服务管理暂行办法 art. 12: registration obtains the contact of a guardian or an
emergency contact; art. 13: on a major loss, or where suicide or self-harm is voiced, the platform
intervenes and promptly contacts that person, whatever the user's age; art. 14: guardians of minors
may have risk alerts. No text has a number of minutes, so there is none here.

An alert says that there is danger and of which kind, never what was said: the words of a child of
eight or more are nobody's to hand on (未成年人保护法 art. 63). Contact data is bytes that the
platform has sealed: it is never read, shown or logged here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, get_args

from minorguard.errors import Contention, InvalidRequest, OutcomeUnknown, StoreUnavailable
from minorguard.guardians import bodies
from minorguard.guardians.bodies import want_key, want_text
from minorguard.guardians.overview import may_read_messages
from minorguard.stores.records import Moved

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from minorguard.core.decision import Lang
    from minorguard.core.subject import Ages
    from minorguard.guardians.bodies import Json
    from minorguard.stores.records import Record, RecordStore

KIND_CONTACT: Final = "contact"
KIND_ALERT: Final = "alert"
KIND_READING: Final = "emergency-reading"

Role = Literal["guardian", "emergency_contact"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

Danger = Literal[
    "suicide", "self_harm", "major_loss", "over_dependence", "bullying", "grooming", "spending"
]  # fmt: skip
"""What there is to tell: the first three are the crises of art. 13, the others risks."""
CRISES: Final[frozenset[Danger]] = frozenset({"suicide", "self_harm", "major_loss"})

WORDS: Final[dict[Danger, tuple[str, str]]] = {
    "suicide": ("用户明确提出实施自杀", "the user has voiced suicide"),
    "self_harm": ("用户明确提出实施自残", "the user has voiced self-harm"),
    "major_loss": ("用户可能面临重大财产损失", "the user may suffer a major loss"),
    "over_dependence": ("用户可能过度依赖", "the user may have become over-dependent"),
    "bullying": ("用户可能正遭受网络欺凌", "the user may be bullied online"),
    "grooming": ("有人可能对用户图谋不轨", "somebody may be grooming the user"),
    "spending": ("用户的消费异常", "the user's spending is unusual"),
}

AlertState = Literal["raised", "sent", "acknowledged"]

SEALED_BYTES_MAX: Final = 4_000
TEXT_CHARS_MAX: Final = 2_000
TRIES: Final = 16


@dataclass(frozen=True, slots=True)
class AlertStep:
    """What happened to an alert, when, and by whom.

    ``how``: a word for the way it was sent or for what failed: a key, so that it quotes nobody.
    """

    state: AlertState
    at: datetime
    who: str = field(repr=False)
    how: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """That somebody had to be told of a danger. ``contact``: sealed, where they are reached.

    ``excerpt``: words of a child under eight; of anybody else there are none.
    """

    id: str
    person: str = field(repr=False)
    to: Role
    danger: Danger
    contact: bytes = field(repr=False)
    excerpt: str = field(repr=False)
    steps: tuple[AlertStep, ...]
    record: Record = field(repr=False, compare=False)

    @property
    def state(self) -> AlertState:
        """Where it stands."""
        return self.steps[-1].state

    @property
    def at(self) -> datetime:
        """When it was raised."""
        return self.steps[0].at

    @property
    def crisis(self) -> bool:
        """Whether the duty to contact somebody promptly holds (art. 13)."""
        return self.danger in CRISES

    def text(self, lang: Lang = "zh") -> str:
        """What to tell, in words that quote nobody."""
        return WORDS[self.danger][0 if lang == "zh" else 1]


class Alerts:
    """Contacts and alerts over a ``RecordStore``. What is acknowledged survives ``kill -9``."""

    def __init__(self, records: RecordStore) -> None:
        self._records = records

    # -- contacts -------------------------------------------------------------------------------

    def set_contact(self, person: str, role: Role, sealed: bytes | None, *, at: datetime) -> None:
        """Keep where a person's guardian or emergency contact is reached; ``None`` forgets it.

        The last call to end is what stays. Bytes only, sealed by you, at most 4,000.
        """
        name = _contact_name(person, role)
        if sealed is None:
            self._records.erase(KIND_CONTACT, name)
            return
        body = bodies.to_bytes({"at": bodies.stamp(at), "sealed": _want_sealed(sealed).hex()})
        for _ in range(TRIES):
            try:
                there = self._records.append(
                    KIND_CONTACT, name, group=person, state="known", body=body
                )
                if there.body != body:
                    bodies.moved_on(self._records, KIND_CONTACT, there, state="known", body=body)
            except (Moved, OutcomeUnknown):
                continue
            return
        raise Contention("contacts: others are faster, each time anew")

    def contact(self, person: str, role: Role) -> bytes | None:
        """What was sealed; ``None`` if nothing is known."""
        record = self._records.get(KIND_CONTACT, _contact_name(person, role))
        if record is None:
            return None
        return _sealed(bodies.from_bytes(record.body, KIND_CONTACT), KIND_CONTACT)

    def reachable(self, person: str) -> tuple[Role, ...]:
        """Who can be reached for this person; empty: art. 12 of the AI measures is not met."""
        return tuple(role for role in ROLES if self.contact(person, role) is not None)

    # -- alerts ---------------------------------------------------------------------------------

    def alert(
        self,
        alert_id: str,
        person: str,
        danger: Danger,
        *,
        to: Role,
        ages: Ages,
        who: str,
        at: datetime,
        excerpt: str = "",
    ) -> Alert:
        """Raise an alert; raised again under the same id it is the same one.

        ``to``: where the danger may come from the guardian, take the emergency contact. It needs a
        contact that is known: ``InvalidRequest`` otherwise, and the duty to intervene remains.
        ``excerpt``: only of somebody whom a guardian may read (``may_read_messages``).
        """
        want_key(alert_id, "alert.id")
        if danger not in WORDS:
            raise InvalidRequest("alert.danger", f"want one of {', '.join(WORDS)}")
        want_text(excerpt, "alert.excerpt", TEXT_CHARS_MAX, optional=True)
        # 未成年人保护法 art. 63: not even in part, and not to the emergency contact at all.
        if excerpt and not (to == "guardian" and may_read_messages(ages)):
            raise InvalidRequest("alert.excerpt", "want no words of a child of eight or more")
        contact = self.contact(person, to)
        if contact is None:
            raise InvalidRequest("alert.to", "want somebody whose contact is known")
        content: Json = {
            "to": to,
            "danger": danger,
            "sealed": contact.hex(),
            "excerpt": excerpt,
            "steps": [_step("raised", at, who)],
        }
        body = bodies.to_bytes(content)
        there = self._records.append(KIND_ALERT, alert_id, group=person, state="raised", body=body)
        known = alert_of(there)
        if (known.person, known.to, known.danger) != (person, to, danger):
            raise InvalidRequest("alert.id", "another alert is called so")
        return known

    def sent(self, alert: Alert, *, who: str, at: datetime, how: str) -> Alert:
        """Record that it was sent, and how (``sms``). ``Moved`` where somebody else has."""
        return self._moved(alert, "raised", _step("sent", at, who, how))

    def not_sent(self, alert: Alert, *, who: str, at: datetime, how: str) -> Alert:
        """Record a try that failed, and how (``no-answer``): it stays to be sent."""
        return self._moved(alert, "raised", _step("raised", at, who, how))

    def acknowledged(self, alert: Alert, *, who: str, at: datetime, how: str) -> Alert:
        """Record that the person it went to has answered."""
        return self._moved(alert, "sent", _step("acknowledged", at, who, how))

    def to_send(self) -> Iterator[Alert]:
        """Alerts that nobody has sent yet, the oldest first."""
        return map(alert_of, bodies.all_of(self._records, KIND_ALERT, state="raised"))

    def of_person(self, person: str) -> Iterator[Alert]:
        """All alerts about this person, the oldest first."""
        return map(alert_of, bodies.all_of(self._records, KIND_ALERT, group=person))

    def _moved(self, alert: Alert, wanted: AlertState, step: Json) -> Alert:
        if alert.state != wanted:
            raise InvalidRequest("alert.state", f"want an alert that is {wanted}")
        content = bodies.from_bytes(alert.record.body, KIND_ALERT)
        content["steps"].append(step)
        state, body = step["state"], bodies.to_bytes(content)
        moved = bodies.moved_on(self._records, KIND_ALERT, alert.record, state=state, body=body)
        return alert_of(moved)

    # -- readings -------------------------------------------------------------------------------

    def read_in_emergency(
        self, reading_id: str, person: str, *, ages: Ages, who: str, at: datetime, danger: Danger
    ) -> None:
        """Keep that somebody read a minor's messages for that minor's own safety: before doing so.

        未成年人保护法 art. 63. ``InvalidRequest`` for a known adult.
        """
        if danger not in WORDS:
            raise InvalidRequest("reading.danger", f"want one of {', '.join(WORDS)}")
        if not may_read_messages(ages, emergency=True):
            raise InvalidRequest("reading.person", "want a minor")
        body = bodies.to_bytes({"danger": danger, **_step("raised", at, who)})
        there = self._records.append(
            KIND_READING, want_key(reading_id, "reading.id"), group=person, state="kept", body=body
        )
        if (there.group, there.body) != (person, body):
            raise InvalidRequest("reading.id", "another reading is called so")

    def readings(self, person: str) -> Iterator[tuple[datetime, str, Danger]]:
        """When, by whom and for which danger this person's messages were read."""
        for record in bodies.all_of(self._records, KIND_READING, group=person):
            content = bodies.from_bytes(record.body, KIND_READING)
            yield bodies.instant(content["at"]), content["who"], content["danger"]


def alert_of(record: Record) -> Alert:
    """The alert that a record holds, also the one that ``Moved`` shows."""
    content = bodies.from_bytes(record.body, KIND_ALERT)
    try:
        return Alert(
            id=record.id,
            person=record.group,
            to=content["to"],
            danger=content["danger"],
            contact=_sealed(content, KIND_ALERT),
            excerpt=content["excerpt"],
            steps=tuple(
                AlertStep(step["state"], bodies.instant(step["at"]), step["who"], step["how"])
                for step in content["steps"]
            ),
            record=record,
        )
    except (KeyError, TypeError, ValueError):
        raise StoreUnavailable(f"a broken {KIND_ALERT} document") from None


def _step(state: AlertState, at: datetime, who: str, how: str = "") -> Json:
    return {
        "state": state,
        "at": bodies.stamp(at),
        "who": want_key(who, "alert.who"),
        "how": want_key(how, "alert.how") if state != "raised" or how else "",
    }


def _contact_name(person: str, role: Role) -> str:
    if role not in ROLES:
        raise InvalidRequest("contact.role", f"want one of {', '.join(ROLES)}")
    return f"{role}:{want_key(person, 'contact.person')}"


def _want_sealed(sealed: object) -> bytes:
    if type(sealed) is not bytes or not 0 < len(sealed) <= SEALED_BYTES_MAX:
        raise InvalidRequest("contact.sealed", f"want 1 to {SEALED_BYTES_MAX} bytes")
    return sealed


def _sealed(content: Json, name: str) -> bytes:
    try:
        return bytes.fromhex(content["sealed"])
    except (KeyError, TypeError, ValueError):
        raise StoreUnavailable(f"a broken {name} document") from None
