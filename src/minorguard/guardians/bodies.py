"""What the guardians' records hold: one JSON object, sealed, with times on the law's clock.

A broken body is ``StoreUnavailable``, never a guess. Texts of any kind survive, bytes travel as
hexadecimal digits, and the same content is always the same bytes.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from minorguard.core.calendar import local
from minorguard.core.packing import sealed, unsealed
from minorguard.core.subject import ID_CHARS_MAX
from minorguard.errors import InvalidRequest, OutcomeUnknown, StoreUnavailable
from minorguard.stores.records import Moved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from minorguard.stores.records import Record, RecordStore

    Json: TypeAlias = dict[str, Any]

PAGE = 500
"""How many records are read at a time."""

_KEY = re.compile(rf"[A-Za-z0-9_.:@-]{{1,{ID_CHARS_MAX}}}")
"""The characters of ``Subject.id``: what may stand in the id of a record."""


def to_bytes(content: Mapping[str, Any]) -> bytes:
    """The content as a record keeps it."""
    return sealed(json.dumps(content, separators=(",", ":"), sort_keys=True).encode("ascii"))


def from_bytes(body: bytes, name: str) -> Json:
    """The content of a record's body. ``StoreUnavailable`` if it is no such body."""
    try:
        content = json.loads(unsealed(body, name))
    except ValueError:
        raise StoreUnavailable(f"a broken {name} document") from None
    if not isinstance(content, dict):
        raise StoreUnavailable(f"a broken {name} document")
    return content  # pyright: ignore[reportUnknownVariableType] - JSON has no types


def stamp(at: datetime, path: str = "at") -> str:
    """An instant as it is kept, in whole seconds at +08:00."""
    return local(at, path).isoformat()


def instant(text: str) -> datetime:
    """The instant that was kept."""
    return local(datetime.fromisoformat(text))


# -- what is checked everywhere in the same words ------------------------------------------------


def want_key(value: object, path: str) -> str:
    """Refuse all but the key of a person or a thing: 1-64 characters, as in ``Subject.id``."""
    if type(value) is not str or not _KEY.fullmatch(value):
        raise InvalidRequest(path, f"want 1-{ID_CHARS_MAX} characters of A-Z a-z 0-9 _ . : @ -")
    return value


def want_text(value: object, path: str, chars_max: int, *, optional: bool = False) -> str:
    """Refuse all but a text with something in it, or with ``optional`` an empty one too."""
    least = 0 if optional else 1
    if type(value) is not str or len(value) > chars_max or (len(value.strip()) < least):
        raise InvalidRequest(path, f"want a text of {least} to {chars_max} characters")
    return value


# -- what every book of records does -------------------------------------------------------------


def moved_on(records: RecordStore, kind: str, was: Record, *, state: str, body: bytes) -> Record:
    """A transition that knows its own work again: told twice it is done once.

    Raises ``Moved`` where somebody else was faster. An unknown outcome is looked up once.
    """
    try:
        return records.transition(kind, was, state=state, body=body)
    except Moved as moved:
        if _is(moved.there, was, state, body):
            return moved.there
        raise
    except OutcomeUnknown:
        there = records.get(kind, was.id)
        if _is(there, was, state, body):
            return there
        raise


def _is(there: Record | None, was: Record, state: str, body: bytes) -> TypeGuard[Record]:
    return there is not None and (there.group, there.state, there.body) == (was.group, state, body)


def all_of(
    records: RecordStore,
    kind: str,
    *,
    group: str | None = None,
    state: str | None = None,
    at_once: int = PAGE,
) -> Iterator[Record]:
    """All records of a listing, page by page, in the order of appending."""
    page = records.list(kind, group=group, state=state, limit=at_once)
    while page.records:
        yield from page.records
        page = records.list(kind, group=group, state=state, after=page.after, limit=at_once)
