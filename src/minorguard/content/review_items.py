"""What waits to be reviewed, and what readers get: the shapes, their bounds, their bytes.

An item is one record: its state, every wording it ever had, and who did what to it when. So what
is visible and by whose approval is one and the same write, and no crash can part them.

Nothing here that is printed shows a text, an author or a reason.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from minorguard.core.calendar import local
from minorguard.errors import InvalidRequest, MinorguardError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Final

    from minorguard.stores.records import Record

State = Literal["pending", "approved", "rejected", "withdrawn"]
StepName = Literal["submitted", "edited", "approved", "rejected", "taken_down", "withdrawn"]

AFTER: Mapping[StepName, State] = {
    "submitted": "pending",
    "edited": "pending",
    "approved": "approved",
    "rejected": "rejected",
    "taken_down": "rejected",
    "withdrawn": "withdrawn",
}
"""The state that each step leads to."""

TEXT_BYTES_MAX: Final = 16 * 1024
"""Of one wording, as UTF-8."""

REVISIONS_MAX: Final = 16
"""Wordings of one item; whoever wants one more submits anew."""

REASON_CHARS_MAX: Final = 500
LABELS_MAX: Final = 16
LEASE_S_MAX: Final = 24 * 3600

_ID = re.compile(r"[ -~]{1,160}")
_PERSON = re.compile(r"[A-Za-z0-9_.:@-]{1,64}")
_WORD = re.compile(r"[a-z0-9_.-]{1,64}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_FORM = 1


@dataclass(frozen=True, slots=True)
class Step:
    """Who did what to an item, and when: a line of its history.

    ``revision`` is the number of the wording it was done to, ``by`` the author or the moderator,
    ``reason`` what a rejection or a removal was given.
    """

    step: StepName
    revision: int
    by: str = field(repr=False)
    at: datetime
    reason: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """A moderator has an item on the desk until then; whoever comes later takes another one."""

    by: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """A comment, question or whatever somebody submitted, as its moderators see it.

    ``texts`` are all wordings, the last one is what counts; ``steps`` its whole history. Not for
    readers (they get ``Published``) and not for the author (``Own``).
    """

    id: str
    place: str
    surface: str
    author: str = field(repr=False)
    state: State
    texts: tuple[str, ...] = field(repr=False)
    labels: tuple[str, ...]
    steps: tuple[Step, ...]
    claim: Claim | None = None

    @property
    def text(self) -> str:
        """The wording that counts."""
        return self.texts[-1]

    @property
    def revision(self) -> int:
        """The number of that wording, from 1: what a moderator names to decide on it."""
        return len(self.texts)

    @property
    def last(self) -> Step:
        """What was done last, and by whom."""
        return self.steps[-1]

    def claimed(self, at: datetime) -> Claim | None:
        """The claim on it that is still in force."""
        return self.claim if self.claim is not None and at < self.claim.until else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An approved item as readers may have it: nothing of the queue is in it."""

    id: str
    place: str
    surface: str
    author: str = field(repr=False)
    text: str = field(repr=False)
    revision: int
    approved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """An item as its author sees it, in any state: no moderator is named."""

    id: str
    place: str
    surface: str
    state: State
    text: str = field(repr=False)
    revision: int
    reason: str = field(repr=False)
    at: datetime


class ReviewPage(NamedTuple):
    """Some items for moderators, and the cursor behind them; no items: there are no more."""

    items: tuple[ReviewItem, ...]
    after: str | None


class PublishedPage(NamedTuple):
    """Some items for readers, and the cursor behind them; no items: there are no more."""

    items: tuple[Published, ...]
    after: str | None


class OwnPage(NamedTuple):
    """Some of an author's items, and the cursor behind them; no items: there are no more."""

    items: tuple[Own, ...]
    after: str | None


class ReviewConflict(MinorguardError):
    """Somebody else was first, or the item is not what the caller thought: nothing was changed.

    ``there`` is the item as it is now, with who decided in ``there.last``, or who has it on the
    desk in ``there.claim``; ``None`` where there is none, or where it is another author's.
    """

    status_hint = 409

    def __init__(self, there: ReviewItem | None) -> None:
        self.there = there
        super().__init__("the item is no longer what was asked about")

    def __reduce__(self) -> tuple[type[ReviewConflict], tuple[ReviewItem | None]]:
        return type(self), (self.there,)


# -- as readers and authors see it ---------------------------------------------------------------


def published(item: ReviewItem | None) -> Published | None:
    """What readers get of an item: nothing, unless its own history ends in an approval of it.

    涉未成年人网课平台专项整治 (2020-08-07) item 3: 先审后发, reviewed first and published then.
    """
    if item is None or item.state != "approved" or item.last.step != "approved":
        return None
    return Published(
        id=item.id,
        place=item.place,
        surface=item.surface,
        author=item.author,
        text=item.text,
        revision=item.revision,
        approved_at=item.last.at,
    )


def own(item: ReviewItem) -> Own:
    """What the author gets."""
    return Own(
        id=item.id,
        place=item.place,
        surface=item.surface,
        state=item.state,
        text=item.text,
        revision=item.revision,
        reason=item.last.reason,
        at=item.last.at,
    )


# -- as bytes ------------------------------------------------------------------------------------


def encode(item: ReviewItem) -> bytes:
    """The body of the item's record; its id, place and state are the record's own."""
    claim = item.claim
    body = {
        "form": _FORM,
        "surface": item.surface,
        "author": item.author,
        "labels": item.labels,
        "texts": item.texts,
        "steps": [[s.step, s.revision, s.by, s.at.isoformat(), s.reason] for s in item.steps],
        "claim": None if claim is None else [claim.by, claim.until.isoformat()],
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def decode(record: Record) -> ReviewItem | None:
    """The item of a record; ``None`` for what no queue wrote, or what contradicts itself.

    A record whose state says "approved" and whose history does not is no approved item.
    """
    try:
        body = cast("dict[str, Any]", json.loads(record.body))
        if body["form"] != _FORM:
            return None
        claim = body["claim"]
        item = ReviewItem(
            id=record.id,
            place=record.group,
            surface=str(body["surface"]),
            author=str(body["author"]),
            state=cast("State", record.state),
            texts=tuple(map(str, body["texts"])),
            labels=tuple(map(str, body["labels"])),
            steps=tuple(_step(*step) for step in body["steps"]),
            claim=None if claim is None else Claim(claim[0], _instant(claim[1])),
        )
        sound = item.last.revision == item.revision and AFTER[item.last.step] == item.state
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None
    return item if sound else None


def _step(step: StepName, revision: int, by: str, at: str, reason: str) -> Step:
    return Step(step, revision, by, _instant(at), reason)


def _instant(text: str) -> datetime:
    return local(datetime.fromisoformat(text))


# -- what is asked -------------------------------------------------------------------------------


def check_name(path: str, name: object) -> None:
    """Refuse what can be no id of an item or a place."""
    if not (isinstance(name, str) and _ID.fullmatch(name)):
        raise InvalidRequest(path, "want 1 to 160 printable ASCII characters")


def check_person(path: str, person: object) -> None:
    """Refuse what can be no key of a person."""
    if not (isinstance(person, str) and _PERSON.fullmatch(person)):
        raise InvalidRequest(path, "want the key of a person: 1 to 64 of A-Z a-z 0-9 _ . : @ -")


def check_text(text: object) -> None:
    """Refuse what can be no wording: nothing to see, control characters, more than 16 KiB."""
    if not isinstance(text, str) or not text.strip() or _CONTROL.search(text):
        raise InvalidRequest("text", "want a text, without control characters")
    if len(text.encode()) > TEXT_BYTES_MAX:
        raise InvalidRequest("text", f"want at most {TEXT_BYTES_MAX} bytes of UTF-8")


def check_reason(reason: object) -> None:
    """Refuse a rejection without a reason: its author has a right to know."""
    if not isinstance(reason, str) or not reason.strip() or _CONTROL.search(reason):
        raise InvalidRequest("reason", "want a reason, without control characters")
    if len(reason) > REASON_CHARS_MAX:
        raise InvalidRequest("reason", f"want at most {REASON_CHARS_MAX} characters")


def check_words(path: str, words: Iterable[object]) -> tuple[str, ...]:
    """Short names, as those of surfaces and content categories."""
    given = tuple(words)
    if len(given) > LABELS_MAX:
        raise InvalidRequest(path, f"want at most {LABELS_MAX}")
    if not all(isinstance(word, str) and _WORD.fullmatch(word) for word in given):
        raise InvalidRequest(path, "want names of 1 to 64 of a-z 0-9 _ . -")
    return cast("tuple[str, ...]", given)


def check_whole(path: str, number: object, most: int) -> None:
    """Refuse what is no whole number from 1."""
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= most:
        raise InvalidRequest(path, f"want a whole number from 1 to {most}")
