"""All that is kept of one child and its guardians: one document, changed as a whole or not at all.

One document is one truth: whether somebody is a guardian, and what they may do, is read and written
together, so nothing can come between. What it did is its ``log``: the entries of the last change
travel in the document itself, and are put into the book of entries before the next one.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

from minorguard.core.subject import Ages, GuardianSettings
from minorguard.errors import InvalidRequest, StoreUnavailable
from minorguard.guardians import consents, settings
from minorguard.guardians.bodies import from_bytes, to_bytes
from minorguard.guardians.changes import Second, Verified
from minorguard.guardians.choices import Choice
from minorguard.guardians.consents import Answer, Asked, Scope
from minorguard.guardians.mode import Device, Mode
from minorguard.guardians.settings import Layer, Limits, Waiting
from minorguard.guardians.strictness import Terms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

SCHEMA = 1
NAME = "guardians"

GUARDIANS_MAX = 8
APPS_MAX = 64
DEVICES_MAX = 32
"""How many of each one child can have: enough for every family, and the document stays small."""


class Link(NamedTuple):
    """Somebody is a guardian of this child, since when and on what evidence.

    ``until``: since when no longer.
    """

    since: Second
    evidence: str
    until: Second | None = None


class Extra(NamedTuple):
    """Minutes more, on one day (an ordinal)."""

    day: int
    minutes: int


class Noted(NamedTuple):
    """One entry of the history: what was done, by whom, when, and what of it is worth keeping.

    ``seq``: its number in the child's history, from 1, with no gaps.
    """

    seq: int
    at: Second
    what: str
    by: str
    role: str
    said: Mapping[str, Any]


class Family(NamedTuple):
    """One child: guardians, limits, the child's own choices, consents and mode.

    ``mark``: the latest instant of any change, behind which no later one falls. ``seq``: how many
    entries its history has.
    """

    seq: int = 0
    mark: Second = 0
    links: Mapping[str, Link] = {}
    limits: Limits = Limits()
    extras: Mapping[Layer, Extra] = {}
    choices: Mapping[str, Choice] = {}
    scopes: Mapping[str, Scope] = {}
    mode: Mode = Mode()
    log: tuple[Noted, ...] = ()

    def linked(self, guardian: str) -> bool:
        """Whether that is a guardian of this child now."""
        link = self.links.get(guardian)
        return link is not None and link.until is None

    @property
    def guardians(self) -> tuple[str, ...]:
        """Who is a guardian of this child now, the first one first."""
        now = [(link.since, who) for who, link in self.links.items() if link.until is None]
        return tuple(who for _, who in sorted(now))

    def tightens(self, guardian: str) -> bool:
        """Whether that guardian may be stricter, and stop what waits: also while leaving."""
        return self.linked(guardian) or self.limits.leaving(guardian) is not None

    def proved(self, proof: object, at: datetime, guardian: str | None = None) -> bool:
        """Whether a guardian of this child has just proved to be one (that one, if given)."""
        return (
            isinstance(proof, Verified)
            and guardian in (None, proof.guardian)
            and self.linked(proof.guardian)
            and proof.fresh(at)
        )

    def consents_count(self, who: str) -> bool:
        """Whether that is somebody whose consent counts: a guardian now, or the child itself."""
        return who == consents.CHILD or self.linked(who)

    def keeps(self, guardian: str) -> bool:
        """Whether something of that guardian's holds that would loosen if it went."""
        refused = any(
            answer.said != "granted"
            for scope in self.scopes.values()
            for who, answer in scope.answers.items()
            if who == guardian
        )
        return refused or self.limits.of(guardian)

    def extra_on(self, day: int) -> dict[Layer, int]:
        """Minutes more on that day, by guardian and app, of those who are guardians now."""
        return {
            layer: extra.minutes
            for layer, extra in self.extras.items()
            if extra.day == day and self.linked(layer[0])
        }

    def consents(self, at: Second) -> dict[str, Second | None]:
        """The valid consents at that second, and until when."""
        found = {
            name: consents.valid(scope, self.consents_count, at)
            for name, scope in self.scopes.items()
        }
        return {name: until for name, (is_valid, until) in found.items() if is_valid}


def matured(family: Family, at: Second) -> tuple[Family, tuple[Waiting, ...]]:
    """The family at that second: what waited until then holds."""
    limits, come = settings.matured(family.limits, at)
    if limits is family.limits:
        return family, ()
    gone = {one.guardian for one in come if one.terms is None}
    scopes = {name: consents.without(scope, gone) for name, scope in family.scopes.items()}
    return family._replace(limits=limits, scopes=scopes), come


# -- bytes ---------------------------------------------------------------------------------------


def family_to_bytes(family: Family) -> bytes:
    """The document as a record keeps it."""
    limits, mode = family.limits, family.mode
    return to_bytes(
        {
            "schema": SCHEMA,
            "seq": family.seq,
            "mark": family.mark,
            "links": family.links,
            "layers": [[*layer, _terms(terms)] for layer, terms in limits.layers.items()],
            "waiting": [
                [*one._replace(terms=None), None if one.terms is None else _terms(one.terms)]
                for one in limits.waiting
            ],
            "extras": [[*layer, *extra] for layer, extra in family.extras.items()],
            "choices": family.choices,
            "scopes": family.scopes,
            "mode": [mode.own, mode.entry, mode.since, mode.devices],
            "log": family.log,
        }
    )


def family_from_bytes(body: bytes) -> Family:
    """The document from its bytes. ``StoreUnavailable`` if they are no such document."""
    read = from_bytes(body, NAME)
    if read.get("schema") != SCHEMA:
        raise StoreUnavailable(f"a {NAME} document of another version")
    try:
        own, entry, since, devices = read["mode"]
        return Family(
            seq=read["seq"],
            mark=read["mark"],
            links={who: Link(*link) for who, link in read["links"].items()},
            limits=Limits(
                {(who, app): _terms_of(said) for who, app, said in read["layers"]},
                tuple(_waiting_of(row) for row in read["waiting"]),
            ),
            extras={(who, app): Extra(*extra) for who, app, *extra in read["extras"]},
            choices={toggle: Choice(*said) for toggle, said in read["choices"].items()},
            scopes={name: _scope_of(row) for name, row in read["scopes"].items()},
            mode=Mode(own, entry, since, {name: _device_of(row) for name, row in devices.items()}),
            log=tuple(Noted(*row) for row in read["log"]),
        )
    except (KeyError, TypeError, ValueError, InvalidRequest):
        raise StoreUnavailable(f"a broken {NAME} document") from None


def noted_to_bytes(noted: Noted) -> bytes:
    """An entry of the history as a record keeps it."""
    return to_bytes({"schema": SCHEMA, "entry": noted})


def noted_from_bytes(body: bytes) -> Noted:
    """An entry of the history. ``StoreUnavailable`` if it is none."""
    try:
        return Noted(*from_bytes(body, "history")["entry"])
    except (KeyError, TypeError):
        raise StoreUnavailable("a broken history document") from None


def _terms(terms: Terms) -> list[object]:
    said = {
        one.name: getattr(terms.settings, one.name) for one in fields(terms.settings) if one.init
    }
    return [said, terms.mode_total]


def _terms_of(row: list[Any]) -> Terms:
    said, mode_total = row
    windows = said.pop("windows")
    if windows is not None:
        windows = tuple(tuple(span) for span in windows)
    return Terms(GuardianSettings(windows=windows, **said), mode_total)


def _waiting_of(row: list[Any]) -> Waiting:
    change, who, app, by, _, fields, seal, lapses, due, terms = row
    told = None if terms is None else _terms_of(terms)
    return Waiting(change, who, app, by, told, tuple(fields), seal, lapses, due)


def _scope_of(row: list[Any]) -> Scope:
    asked, answers = row
    if asked is not None:
        change, at, by, notice, policy = asked
        asked = Asked(change, at, by, tuple(notice), policy)
    return Scope(asked, {who: Answer(*said) for who, said in answers.items()})


def _device_of(row: list[Any]) -> Device:
    *rest, ages = row
    on, linked, off_alone, at, source = rest
    return Device(on, linked, off_alone, at, source, Ages(*ages))
