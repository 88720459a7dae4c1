"""What guardians have set for a child: what holds now, and what waits to be loosened.

Tightening acts at once. Loosening needs a fresh proof, a second channel, and then waits; while it
waits every guardian can cancel it, and a later tightening wins. A change that does both is split:
until it may hold, the stricter of the old and the new holds in every field.

No store and no clock: ``at`` is a second, and what has become due by then holds by itself.

Why so: a child has the guardian's unlocked phone, or telephones as the guardian (北京四中院 2025:
a 17-year-old had all limits lifted so, and spent 450 000 yuan). Source of the powers:
未成年人保护法 art. 74(2), 未成年人网络保护条例 art. 43. The delays are choices of design, not law.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from minorguard.guardians.changes import fits
from minorguard.guardians.strictness import NOTHING, Terms, looser_fields, meet, merged

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from minorguard.core.subject import GuardianSettings
    from minorguard.guardians.changes import Refusal, Second
    from minorguard.guardians.strictness import Ground

LOOSENING_WAITS_S = 24 * 3600
"""How long a loosening waits after it was confirmed, so that a guardian notices and cancels it."""

CONFIRM_WITHIN_S = 3600
"""How long the code of the second channel is good for."""

WHOLE_DEVICE = ""
"""The app of settings that are for the whole device."""

DAY_MINUTES = 1440

Layer = tuple[str, str]
"""A guardian and an app: whose settings, and for what."""


class Waiting(NamedTuple):
    """A loosening that does not hold yet. ``due``: from when it will; ``None``: not confirmed.

    ``terms``: what will hold instead; ``None``: the guardian's settings and refusals all end,
    because the guardian is one no longer. ``seal``: of the code for the second channel.
    """

    id: str
    guardian: str
    app: str
    by: str
    terms: Terms | None
    fields: tuple[str, ...]
    seal: str
    lapses: Second
    due: Second | None = None

    @property
    def layer(self) -> Layer:
        """What it is about."""
        return self.guardian, self.app


class Limits(NamedTuple):
    """All that guardians have set for one child."""

    layers: Mapping[Layer, Terms] = {}
    waiting: tuple[Waiting, ...] = ()

    def find(self, change: str) -> Waiting | None:
        """The change of that id, if it waits."""
        return next((one for one in self.waiting if one.id == change), None)

    def of(self, guardian: str) -> bool:
        """Whether something of this guardian's holds."""
        return any(owner == guardian for owner, _ in self.layers)

    def leaving(self, guardian: str) -> Waiting | None:
        """The end of this guardian's settings, if it waits."""
        return next(
            (one for one in self.waiting if one.guardian == guardian and one.terms is None), None
        )


class Proposal(NamedTuple):
    """What becomes of settings that a guardian wants."""

    limits: Limits
    done: bool
    fields: tuple[str, ...] = ()
    loosens: tuple[str, ...] = ()
    waits: Waiting | None = None
    refused: Refusal | None = None


# -- time passes ---------------------------------------------------------------------------------


def matured(limits: Limits, at: Second) -> tuple[Limits, tuple[Waiting, ...]]:
    """What holds at that second, and which changes have come to hold by then."""
    come = sorted(
        (one for one in limits.waiting if one.due is not None and one.due <= at),
        key=lambda one: (one.due, one.id),
    )
    waiting = tuple(
        one for one in limits.waiting if (one.lapses > at if one.due is None else one.due > at)
    )
    if len(waiting) == len(limits.waiting):
        return limits, ()
    layers = dict(limits.layers)
    for one in come:
        if one.terms is None:
            layers = {layer: terms for layer, terms in layers.items() if layer[0] != one.guardian}
        else:
            layers = _with(layers, one.layer, one.terms)
    return Limits(layers, waiting), tuple(come)


# -- a guardian wants something ------------------------------------------------------------------


def proposed(
    limits: Limits, layer: Layer, settings: GuardianSettings, on: Ground, wait: Waiting | None
) -> Proposal:
    """Set settings: what is stricter at once, what is looser as ``wait``.

    ``wait`` is the change that would wait, with its code, and ``None`` without a fresh proof.
    """
    old, new = limits.layers.get(layer, Terms()), Terms(settings)
    others = tuple(one for one in limits.waiting if one.layer != layer or one.terms is None)
    before = next((one for one in limits.waiting if one not in others), None)
    loosens = looser_fields(old, new, on)
    at_once = meet(old, new, on) if loosens else new
    fields = changed_fields(old.settings, at_once.settings)
    layers = _with(limits.layers, layer, at_once)
    waits: Waiting | None = None
    refused: Refusal | None = None
    if loosens and before is not None and not _looser(before, new, on):
        # Not looser than what waits already, so the waiting goes on: for this, from when it began.
        renewed = wait if before.due is None and wait is not None else before
        waits = renewed._replace(terms=new, fields=loosens)
    elif loosens and wait is None:
        refused = "guardian_verification_required"
        waits = None if before is None else _tightened(before, new, at_once, on)
    elif loosens and wait is not None:
        waits = wait._replace(terms=new, fields=loosens)
    after = Limits(layers, others if waits is None else (*others, waits))
    return Proposal(after, after != limits, fields, loosens, waits, refused)


def _looser(before: Waiting, new: Terms, on: Ground) -> bool:
    return bool(looser_fields(before.terms or Terms(), new, on))


def _tightened(before: Waiting, new: Terms, held: Terms, on: Ground) -> Waiting | None:
    """What waits, after a later tightening has won over it; nothing if nothing of it is left."""
    terms = meet(before.terms or Terms(), new, on)
    loosens = looser_fields(held, terms, on)
    return before._replace(terms=terms, fields=loosens) if loosens else None


def ending(limits: Limits, wait: Waiting) -> Limits:
    """A guardian is one no longer: what they asked for and is not there yet will not come.

    What they have set still holds, until ``wait`` (their leaving) has come.
    """
    rest = tuple(one for one in limits.waiting if wait.guardian not in (one.guardian, one.by))
    return limits._replace(waiting=(*rest, wait))


def confirmed(limits: Limits, wait: Waiting, at: Second) -> Limits:
    """The second channel has confirmed a change: from now on it waits."""
    if wait.due is not None:
        return limits
    done = wait._replace(due=at + LOOSENING_WAITS_S)
    return limits._replace(waiting=tuple(done if one == wait else one for one in limits.waiting))


def is_code_of(wait: Waiting, child: str, code: str) -> bool:
    """Whether that is the code of this change of this child, and of no other."""
    return fits(code, wait.seal, child, wait.id)


def cancelled(limits: Limits, wait: Waiting) -> Limits:
    """A change that will not come."""
    return limits._replace(waiting=tuple(one for one in limits.waiting if one != wait))


def changed_fields(old: GuardianSettings, new: GuardianSettings) -> tuple[str, ...]:
    """The fields in which two settings differ, sorted."""
    names = ("daily_minutes", "night_allowed", "windows", "max_rating")
    caps = ("single_fen", "daily_fen", "monthly_fen")
    found = {name for name in (*names, *caps) if getattr(old, name) != getattr(new, name)}
    toggles = {*old.features, *new.features}
    found |= {
        f"features.{toggle}"
        for toggle in toggles
        if repr(old.features.get(toggle)) != repr(new.features.get(toggle))
    }
    return tuple(sorted(found))


def _with(layers: Mapping[Layer, Terms], layer: Layer, terms: Terms) -> dict[Layer, Terms]:
    """The layers with one of them changed; settings that say nothing are not kept."""
    rest = {other: said for other, said in layers.items() if other != layer}
    return rest if terms.settings == NOTHING else {**rest, layer: terms}


# -- what it comes to ----------------------------------------------------------------------------


def in_force(
    limits: Limits, on: Ground, *, app: str, in_mode: bool, extra: Mapping[Layer, int]
) -> GuardianSettings:
    """The strictest of all guardians: for the whole device, and for this app inside it.

    ``extra``: minutes for today, by guardian and app. Each raises that guardian's own number, or
    the mode's total where no guardian has a number, and nothing else: no window, no cap, no law.
    """
    whole = merged(_told(limits, on, WHOLE_DEVICE, in_mode=in_mode, extra=extra))
    minutes = whole.daily_minutes
    more = max((more for (_, where), more in extra.items() if where == WHOLE_DEVICE), default=0)
    if in_mode and minutes is None and more:
        minutes = min(DAY_MINUTES, on.mode_minutes + more)
    if app != WHOLE_DEVICE:
        inside = merged(_told(limits, on, app, in_mode=in_mode, extra=extra))
        whole, mine = merged([whole, inside]), inside.daily_minutes
        # The number of one app never replaces the mode's total; it only counts if it is less.
        total = on.mode_minutes if in_mode and minutes is None else minutes
        if mine is not None and (total is None or mine < total):
            minutes = mine
    return _with_minutes(whole, minutes)


def _told(
    limits: Limits, on: Ground, app: str, *, in_mode: bool, extra: Mapping[Layer, int]
) -> Iterator[GuardianSettings]:
    for layer, terms in limits.layers.items():
        if layer[1] == app:
            minutes = terms.minutes(on, in_mode=in_mode)
            if in_mode and minutes is not None:
                minutes = min(DAY_MINUTES, minutes + extra.get(layer, 0))
            yield _with_minutes(terms.settings, minutes)


def _with_minutes(said: GuardianSettings, minutes: int | None) -> GuardianSettings:
    return said if said.daily_minutes == minutes else replace(said, daily_minutes=minutes)
