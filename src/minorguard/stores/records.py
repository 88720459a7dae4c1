"""What is kept one by one, in the order in which it came: guardians, consents, claims, reviews.

A **record** has an id that is its own for ever, a group it belongs to (a child, a course), a state
and a body. What states there are, which may follow which, and what the times in a body mean, is the
caller's business: a record store knows no rule and reads no date. It keeps four promises, and
``minorguard.testing.RecordStoreContract`` is the whole of them:

- **Appending twice is appending once.** An id that is there already is returned as it is. Whoever
  is not sure whether an append was done does it again, and compares.
- **A state is left once.** ``transition`` moves the very record that the caller has read, or raises
  ``Moved`` with what is there now. Of sixteen moderators who decide on one item, one does.
- **A listing is in the order of appending and has no gaps.** Whoever goes on from ``page.after``,
  now or next week, gets each later record exactly once: a record never appears behind a cursor that
  somebody already has, however many processes append at once.
- **What is acknowledged stays**, through ``kill -9``; an error says whether anything was changed.

Versions never come back for an id, also after it was erased and appended anew.
"""

from __future__ import annotations

import re
from os import urandom
from typing import TYPE_CHECKING, NamedTuple, Protocol

from minorguard.errors import InvalidRequest, MinorguardError

if TYPE_CHECKING:
    from typing import Final

NAME_CHARS_MAX: Final = 160
BODY_BYTES_MAX: Final = 1 << 20
LIMIT_MAX: Final = 1000
"""How many records a page has at most."""

VERSION_MAX: Final = (1 << 63) - 1

_NAME = re.compile(r"[ -~]{1,160}")
_GROUP = re.compile(r"[ -~]{0,160}")
_PLACE = re.compile(r"0|[1-9][0-9]{0,17}")


class Record(NamedTuple):
    """One record as it was read; ``version`` tells this state of it from all others it ever had."""

    id: str
    group: str
    state: str
    body: bytes
    version: int


class RecordPage(NamedTuple):
    """Some records, and ``after`` which the next ones come; no records: there are no more today.

    ``after`` can be kept, and given again later: then it finds what was appended since. It is
    ``None`` as long as nothing was ever listed.
    """

    records: tuple[Record, ...]
    after: str | None


class Moved(MinorguardError):
    """The record is no longer the one that was read: nothing was changed.

    ``there`` is what is there now, ``None`` where nothing is. This is an answer to somebody who was
    not the first, and an exception so that no ``if`` can take it for a success.
    """

    status_hint = 409

    def __init__(self, there: Record | None) -> None:
        self.there = there
        super().__init__("the record is no longer the one that was read")

    def __reduce__(self) -> tuple[type[Moved], tuple[Record | None]]:
        return type(self), (self.there,)


class RecordStore(Protocol):
    """Records of several kinds. Safe to call from many threads at once, and after a fork.

    ``kind``, ids and states are 1 to 160 printable ASCII characters, a group may be empty; a body
    is at most 1 MiB; else ``InvalidRequest``. Every method may raise ``StoreUnavailable`` or
    ``Contention``: nothing was changed. ``append``, ``transition`` and ``erase`` may also raise
    ``OutcomeUnknown``: it was done, or it was not, and never by half.
    """

    def append(self, kind: str, record_id: str, *, group: str, state: str, body: bytes) -> Record:
        """Add a record behind all others of its kind.

        Returns what is there then: this record, or the one that had this id before, unchanged.
        After ``OutcomeUnknown``: ask again with the same words.
        """
        ...

    def get(self, kind: str, record_id: str) -> Record | None:
        """The record with that id, as it is now."""
        ...

    def transition(self, kind: str, was: Record, *, state: str, body: bytes) -> Record:
        """Give a record another state and body, if it still is the one that was read.

        Returns it with its new version. Raises ``Moved`` with what is there where somebody else was
        faster; its place in a listing stays. After ``OutcomeUnknown``: ask again with the same
        words, and look whether what ``Moved`` shows is what you wrote.
        """
        ...

    def list(
        self,
        kind: str,
        *,
        group: str | None = None,
        state: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> RecordPage:
        """Records of a kind in the order of appending, of one group or now in one state if asked.

        Each is as it is now. A record that was there when the first page was read, and that fits
        until its page comes, is on exactly one page. One that comes into the state when its place
        has been passed is found by the next listing from the start, not behind this cursor.
        """
        ...

    def erase(self, kind: str, record_id: str) -> None:
        """Forget a record; nothing of it or its id is kept. No record, no error."""
        ...

    def close(self) -> None:
        """Let go of connections; a later call may open them again."""
        ...


class AsyncRecordStore(Protocol):
    """The same methods, awaited."""

    async def append(
        self, kind: str, record_id: str, *, group: str, state: str, body: bytes
    ) -> Record:
        """See ``RecordStore.append``."""
        ...

    async def get(self, kind: str, record_id: str) -> Record | None:
        """See ``RecordStore.get``."""
        ...

    async def transition(self, kind: str, was: Record, *, state: str, body: bytes) -> Record:
        """See ``RecordStore.transition``."""
        ...

    async def list(
        self,
        kind: str,
        *,
        group: str | None = None,
        state: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> RecordPage:
        """See ``RecordStore.list``."""
        ...

    async def erase(self, kind: str, record_id: str) -> None:
        """See ``RecordStore.erase``."""
        ...

    async def close(self) -> None:
        """See ``RecordStore.close``."""
        ...


# -- what every implementation checks, in the same words -----------------------------------------


def check_id(kind: object, record_id: object) -> None:
    """Refuse what can be no kind or id. Callers are not always typed."""
    _check_name("kind", kind)
    _check_name("record_id", record_id)


def check_new(kind: object, record_id: object, group: object, state: object, body: object) -> None:
    """Refuse what can be no record."""
    check_id(kind, record_id)
    _check_name("group", group, _GROUP)
    _check_name("state", state)
    _check_body(body)


def check_move(kind: object, was: Record, state: object, body: object) -> None:
    """Refuse what can be no transition: a record that no store can have returned, above all."""
    check_id(kind, was.id)
    _check_name("was.group", was.group, _GROUP)
    _check_name("was.state", was.state)
    if not (_is_whole(was.version) and 1 <= was.version < VERSION_MAX):
        raise InvalidRequest("was.version", "want a record as it was read")
    _check_name("state", state)
    _check_body(body)


def check_listing(kind: object, group: object, state: object, after: object, limit: object) -> int:
    """Refuse what can be no listing; the place that the cursor means."""
    _check_name("kind", kind)
    if group is not None:
        _check_name("group", group, _GROUP)
    if state is not None:
        _check_name("state", state)
    if not (isinstance(limit, int) and _is_whole(limit) and 1 <= limit <= LIMIT_MAX):
        raise InvalidRequest("limit", f"want 1 to {LIMIT_MAX}")
    if after is None:
        return 0
    if not (isinstance(after, str) and _PLACE.fullmatch(after)):
        raise InvalidRequest("after", "want what a page had as its after")
    return int(after)


def _check_name(path: str, name: object, shape: re.Pattern[str] = _NAME) -> None:
    if not (isinstance(name, str) and shape.fullmatch(name)):
        least = 1 if shape is _NAME else 0
        raise InvalidRequest(path, f"want {least} to {NAME_CHARS_MAX} printable ASCII characters")


def _check_body(body: object) -> None:
    if not isinstance(body, bytes) or len(body) > BODY_BYTES_MAX:
        raise InvalidRequest("body", f"want bytes, at most {BODY_BYTES_MAX}")


def _is_whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)


def first_version() -> int:
    """A version that no record has had: a random one, so that none comes back after an erasure."""
    return (int.from_bytes(urandom(8), "big") >> 2) + 1
