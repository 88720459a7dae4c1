"""The four things a person may ask to do. A request may be refused; a fact (``facts``) is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from minorguard.core.subject import FEN_MAX, Subject, want_bool, want_int
from minorguard.core.uses import (
    DETAILED,
    DETAILS,
    UNCOMPILED,
    Detail,
    ModeSwitch,
    Post,
    want_labels,
    want_name,
)
from minorguard.errors import InvalidRequest

Act = Literal["play", "purchase", "tip", "use", "show"]
"""What a law covers. ``purchase`` and ``tip`` are the two ways to ``Spend``."""

Exempt = Literal["filed_education", "emergency", "guardian"]
EXEMPTS: tuple[str, ...] = get_args(Exempt)

Slot = Literal[
    "home_first_screen", "popup", "hot_search", "ranking", "recommendation", "featured",
    "feed", "push", "search", "detail",
]  # fmt: skip
"""Where content is shown: the first six are prominent, ``search`` and ``detail`` are sought."""
SLOTS: tuple[str, ...] = get_args(Slot)

PROMINENT: frozenset[str] = frozenset(SLOTS[:6])
PUSHED: frozenset[str] = frozenset(SLOTS[:8])
"""Slots in which content comes by itself: the prominent ones, feeds and notifications."""

Key = str | tuple[object, ...]
"""All that a rule may read of a request but the person's age and the numbers asked for; empty
where a request is not worth compiling for."""


@dataclass(frozen=True, slots=True)
class Play:
    """To play, watch or browse: a login, and with ``renewal`` every heartbeat after it.

    ``session`` names the sitting and is used once. ``exempt`` marks a use that the minors' mode
    neither blocks nor counts.
    """

    subject: Subject
    session: str | None = field(default=None, kw_only=True, repr=False)
    renewal: bool = field(default=False, kw_only=True)
    exempt: Exempt | None = field(default=None, kw_only=True)
    key: Key = field(init=False, repr=False, compare=False)

    @property
    def act(self) -> Act:
        """``play``."""
        return "play"

    def __post_init__(self) -> None:
        want_subject(self.subject)
        want_bool(self.renewal, "ask.renewal")
        want_name(self.session, "ask.session", optional=True)
        if self.exempt is not None and self.exempt not in EXEMPTS:
            raise InvalidRequest("ask.exempt", f"want one of {', '.join(get_args(Exempt))}")
        object.__setattr__(self, "key", self._key())

    def _key(self) -> Key:
        act, profile = "renew " if self.renewal else "play ", self.subject.profile
        if self.exempt is None and isinstance(profile, str):
            return act + profile
        return act, self.exempt, profile


@dataclass(frozen=True, slots=True)
class Spend:
    """To pay real money: ``fen`` (1 to 10^12), once per ``order``.

    ``on``: ``purchase`` or ``tip`` (a gift to a live room). ``purpose``: for a purchase, whether
    it tops up for tipping. ``room``: the live room of a tip.
    """

    subject: Subject
    fen: int = field(kw_only=True)
    order: str | None = field(default=None, kw_only=True, repr=False)
    on: Literal["purchase", "tip"] = field(default="purchase", kw_only=True)
    purpose: Literal["tipping", "other"] | None = field(default=None, kw_only=True)
    room: str | None = field(default=None, kw_only=True, repr=False)
    key: Key = field(init=False, repr=False, compare=False)

    @property
    def act(self) -> Act:
        """``purchase`` or ``tip``."""
        return self.on

    def __post_init__(self) -> None:
        want_subject(self.subject)
        want_int(self.fen, "ask.fen", 1, FEN_MAX)
        want_name(self.order, "ask.order", optional=True)
        want_name(self.room, "ask.room", optional=True)
        if self.on not in ("purchase", "tip"):
            raise InvalidRequest("ask.on", "want purchase or tip")
        if self.purpose not in (None, "tipping", "other"):
            raise InvalidRequest("ask.for", "want tipping or other")
        object.__setattr__(self, "key", (self.on, self.purpose, self.subject.profile))


@dataclass(frozen=True, slots=True)
class Use:
    """To use a feature of the service, named by its toggle id (``game_account_trade``).

    ``about`` says more of it, and then the feature need not be named: ``Post``, ``Message``,
    ``Pk``, ``ModeSwitch``, ``Page``, ``Lesson``.
    """

    subject: Subject
    feature: str = ""
    about: Detail | None = field(default=None, kw_only=True)
    key: Key = field(init=False, repr=False, compare=False)

    @property
    def act(self) -> Act:
        """``use``."""
        return "use"

    @property
    def labels(self) -> tuple[str, ...]:
        """The content categories of what is posted or written."""
        return getattr(self.about, "labels", ())

    def __post_init__(self) -> None:
        want_subject(self.subject)
        about, put = self.about, object.__setattr__
        if about is not None:
            if type(about) not in DETAILS:
                raise InvalidRequest(
                    "ask.about", "want Post, Message, Pk, ModeSwitch, Page, Lesson"
                )
            if self.feature not in ("", about.feature):
                raise InvalidRequest("ask.feature", f"want {about.feature}, or none")
            put(self, "feature", about.feature)
        want_name(self.feature, "ask.feature")
        if about is None and self.feature in DETAILED:
            raise InvalidRequest("ask.about", f"is required for {self.feature}")
        put(self, "key", () if isinstance(about, UNCOMPILED) else self._key())

    def _key(self) -> Key:
        about = self.about
        said: object = self.labels if isinstance(about, Post) else about is not None
        if isinstance(about, ModeSwitch):
            said = (about.on, about.guardian_verified)
        return ("use", self.feature, said, self.subject.profile)


@dataclass(frozen=True, slots=True)
class Show:
    """To be shown content.

    ``rating``: an age rating, ``"12+"`` or ``"SYSTEM:LABEL"`` (``"PEGI:16"``). ``categories``: what
    kinds of content it is. ``slot``: where it is shown. ``minors_only_service``: whether the
    service is for minors alone, so that somebody of unknown age counts as one.
    """

    subject: Subject
    rating: str | None = field(default=None, kw_only=True)
    categories: tuple[str, ...] = field(default=(), kw_only=True)
    slot: Slot = field(default="detail", kw_only=True)
    minors_only_service: bool = field(default=False, kw_only=True)
    key: Key = field(init=False, repr=False, compare=False)

    @property
    def act(self) -> Act:
        """``show``."""
        return "show"

    @property
    def labels(self) -> tuple[str, ...]:
        """The content categories."""
        return self.categories

    def __post_init__(self) -> None:
        want_subject(self.subject)
        want_name(self.rating, "ask.rating", optional=True)
        put = object.__setattr__
        if self.categories != ():
            put(self, "categories", want_labels(self.categories, "ask.categories"))
        if self.slot not in SLOTS:
            raise InvalidRequest("ask.slot", f"want one of {', '.join(get_args(Slot))}")
        want_bool(self.minors_only_service, "ask.minors_only_service")
        where = (self.slot, self.minors_only_service)
        put(self, "key", ("show", self.rating, self.categories, where, self.subject.profile))


Request = Play | Spend | Use | Show


def want_subject(value: object) -> None:
    """Refuse all but a ``Subject``."""
    if type(value) is not Subject:
        raise InvalidRequest("subject", "want a Subject")
