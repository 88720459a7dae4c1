"""What a use is about: what is posted, to whom a message goes, which page or lesson it is.

A ``Use`` names a feature; one of these says the rest, and knows its feature by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar, Literal, cast, get_args

from minorguard.core.calendar import local
from minorguard.core.subject import (
    ANY_AGE,
    FEN_MAX,
    AgeReading,
    Ages,
    age_on,
    want_ages,
    want_bool,
    want_int,
)
from minorguard.errors import InvalidRequest

Accepts = Literal["all", "friends", "nobody"]
"""From whom somebody takes messages."""

LeadsTo = Literal["learning", "game", "social", "shop", "other"]
"""Where a pop-up or a link of a course page goes."""

Comments = Literal["review_then_publish", "publish_then_review", "off"]
"""What becomes of a comment on a course page before others see it."""

Training = Literal["subject_compulsory", "other"]
"""Whether a lesson is off-campus training in a school subject of compulsory education."""

LABELS_MAX = 64
PARTS_MAX = 256
MINUTES_MAX = 1440
NAME_CHARS_MAX = 128


@dataclass(frozen=True, slots=True)
class Post:
    """To publish something in ``place``. ``labels`` are the content categories it was found in."""

    feature: ClassVar[str] = "post_content"

    place: str
    labels: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        want_name(self.place, "ask.place")
        object.__setattr__(self, "labels", want_labels(self.labels, "ask.labels"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """To whom a message goes: how old, and from whom they take messages.

    Without ``accepts`` a minor has the protective default, an adult takes all.
    """

    id: str | None = field(default=None, repr=False)
    born: date | None = field(default=None, repr=False)
    age: Ages = ANY_AGE
    accepts: Accepts | None = None

    def __post_init__(self) -> None:
        if self.born is not None and type(self.born) is not date:
            raise InvalidRequest("ask.to.born", "want a date")
        want_name(self.id, "ask.to.id", optional=True)
        if self.age != ANY_AGE:
            if self.born is not None:
                raise InvalidRequest("ask.to.age", "give born or age, not both")
            object.__setattr__(self, "age", want_ages(self.age, "ask.to.age"))
        if self.accepts not in (None, *get_args(Accepts)):
            raise InvalidRequest("ask.to.accepts", f"want one of {', '.join(get_args(Accepts))}")

    def ages_on(self, day: int, reading: AgeReading) -> Ages:
        """The range of completed years on that day (an ordinal)."""
        if self.born is None:
            return self.age
        if self.born.toordinal() > day:
            raise InvalidRequest("ask.to.born", "want a date that is not after the request")
        years = age_on(self.born, date.fromordinal(day), reading)
        return Ages(years, years + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """To write to somebody. ``stranger``: they are not friends."""

    feature: ClassVar[str] = "instant_messaging"

    to: Recipient
    stranger: bool = False
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if type(self.to) is not Recipient:
            raise InvalidRequest("ask.to", "want a Recipient")
        want_bool(self.stranger, "ask.stranger")
        object.__setattr__(self, "labels", want_labels(self.labels, "ask.labels"))


@dataclass(frozen=True, slots=True)
class Pk:
    """To begin a PK, a contest between two rooms, in this live room."""

    feature: ClassVar[str] = "live_pk"

    room: str

    def __post_init__(self) -> None:
        want_name(self.room, "ask.room")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeSwitch:
    """To enter the minors' mode or, with ``on`` false, to leave it.

    ``guardian_verified``: a guardian has just proved to be one (``guardians``).
    """

    feature: ClassVar[str] = "mode_switch"

    on: bool
    guardian_verified: bool = False

    def __post_init__(self) -> None:
        want_bool(self.on, "ask.on")
        want_bool(self.guardian_verified, "ask.guardian_verified")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """To show a course page.

    ``ads``: of each advertisement, whether it has to do with learning. ``popups`` and ``links``:
    where each leads. ``charges_fen``: what the lesson costs. ``for_minors``: whether the course is
    meant for minors.
    """

    feature: ClassVar[str] = "course_page"

    course_reviewed: bool
    comments: Comments
    nonprofit: bool = False
    charges_fen: int = 0
    ads: tuple[bool, ...] = ()
    popups: tuple[LeadsTo, ...] = ()
    links: tuple[LeadsTo, ...] = ()
    for_minors: bool = True

    def __post_init__(self) -> None:
        for name in ("course_reviewed", "nonprofit", "for_minors"):
            want_bool(getattr(self, name), f"ask.{name}")
        want_int(self.charges_fen, "ask.charges_fen", 0, FEN_MAX)
        if self.comments not in get_args(Comments):
            raise InvalidRequest("ask.comments", f"want one of {', '.join(get_args(Comments))}")
        for name, known in (("ads", (True, False)), ("popups", None), ("links", None)):
            parts = _want_tuple(getattr(self, name), f"ask.{name}", PARTS_MAX)
            wanted: tuple[object, ...] = known or get_args(LeadsTo)
            for index, part in enumerate(parts):
                if type(part) not in (bool, str) or part not in wanted:
                    text = ", ".join(map(str, wanted)).lower()
                    raise InvalidRequest(f"ask.{name}.{index}", f"want one of {text}")
            object.__setattr__(self, name, parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """To hold a lesson online: when it starts, how long it is, and the break before it."""

    feature: ClassVar[str] = "course_lesson"

    starts: datetime
    minutes: int
    break_before_min: int | None = None
    training: Training = "subject_compulsory"

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts", local(self.starts, "ask.starts"))
        want_int(self.minutes, "ask.minutes", 1, MINUTES_MAX)
        want_int(self.break_before_min, "ask.break_before_min", 0, MINUTES_MAX, optional=True)
        if self.training not in get_args(Training):
            raise InvalidRequest("ask.training", f"want one of {', '.join(get_args(Training))}")


Detail = Post | Message | Pk | ModeSwitch | Page | Lesson
DETAILS: tuple[type[Detail], ...] = get_args(Detail)

DETAILED: frozenset[str] = frozenset(detail.feature for detail in (Pk, ModeSwitch, Page, Lesson))
"""Features of which nothing can be said without their detail."""

UNCOMPILED = (Message, Page, Lesson)
"""Details of which nearly every request has its own, so that compiling them would gain nothing."""


def want_name(value: object, path: str, *, optional: bool = False) -> None:
    """Refuse all but a text of 1 to 128 characters, the name of a session or an order."""
    if optional and value is None:
        return
    if type(value) is not str or not 1 <= len(value) <= NAME_CHARS_MAX:
        raise InvalidRequest(path, f"want 1 to {NAME_CHARS_MAX} characters")


def want_labels(value: object, path: str) -> tuple[str, ...]:
    """The content categories, each once and in order, so that equal sets are equal requests."""
    labels = _want_tuple(value, path, LABELS_MAX)
    for index, label in enumerate(labels):
        want_name(label, f"{path}.{index}")
    return tuple(sorted(set(cast("tuple[str, ...]", labels))))


def _want_tuple(value: object, path: str, most: int) -> tuple[object, ...]:
    if not isinstance(value, (tuple, list, set, frozenset)):
        raise InvalidRequest(path, "want a list")
    parts = tuple(cast("tuple[object, ...]", value))
    if len(parts) > most:
        raise InvalidRequest(path, f"want at most {most}")
    return parts
