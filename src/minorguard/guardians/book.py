"""Where families are kept: load, step, put in its place, again if somebody was faster.

Two processes that change one family do so one after the other; killed between, either all of a
change is there or nothing, and no entry of the history is lost or doubled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from minorguard.errors import Contention, OutcomeUnknown
from minorguard.guardians.bodies import all_of, moved_on
from minorguard.guardians.family import (
    Family,
    Noted,
    family_from_bytes,
    family_to_bytes,
    matured,
    noted_from_bytes,
    noted_to_bytes,
)
from minorguard.stores.records import Moved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from minorguard.guardians.changes import Second
    from minorguard.guardians.settings import Waiting
    from minorguard.stores.records import Record, RecordStore

FAMILY = "guardian.family"
HISTORY = "guardian.history"
WARD = "guardian.ward"
"""The kinds of record: a child's document, its history, and which children a guardian has."""

STATE = "kept"
TRIES_MAX = 64


class Note(NamedTuple):
    """What the history is to keep of a change."""

    what: str
    by: str
    role: str
    said: Mapping[str, Any]


Result = TypeVar("Result")


class Written(NamedTuple):
    """The family before and after a change was stored."""

    before: Family
    after: Family


class FamilyBook:
    """Families in a ``RecordStore``. Raises what the store raises, and ``Contention``."""

    def __init__(self, records: RecordStore) -> None:
        self.records = records

    def read(self, child: str) -> Family:
        """The family as it was last written; an empty one if there is none."""
        record = self.records.get(FAMILY, child)
        return Family() if record is None else family_from_bytes(record.body)

    def change(
        self,
        child: str,
        at: Second,
        step: Callable[[Family, Second], tuple[Family, Note | None, Result]],
    ) -> tuple[Result, Written]:
        """Change a family by a pure step, which may be asked again; no note: nothing is written.

        The step gets the second to count from: no earlier than any change before it.
        """
        for _ in range(TRIES_MAX):
            record = self.records.get(FAMILY, child)
            before = Family() if record is None else family_from_bytes(record.body)
            now = max(at, before.mark)
            family, come = matured(before, now)
            after, note, result = step(family, now)
            if note is None:
                return result, Written(before, before)
            self._keep_history(child, before.log)
            notes = [*map(_came, come), note]
            log = tuple(
                Noted(before.seq + number, now, *one) for number, one in enumerate(notes, 1)
            )
            after = after._replace(seq=before.seq + len(log), mark=now, log=log)
            if self._put(child, record, family_to_bytes(after)):
                return result, Written(before, after)
        raise Contention("the family changed too often")

    def _put(self, child: str, was: Record | None, body: bytes) -> bool:
        """Whether the document is there now, and not what somebody else put there before."""
        if was is None:
            try:
                there = self.records.append(FAMILY, child, group="", state=STATE, body=body)
            except OutcomeUnknown:
                there = self.records.append(FAMILY, child, group="", state=STATE, body=body)
            return there.body == body
        try:
            moved_on(self.records, FAMILY, was, state=STATE, body=body)
        except Moved:
            return False
        return True

    def _keep_history(self, child: str, log: tuple[Noted, ...]) -> None:
        for noted in log:
            name = f"{child} {noted.seq}"
            body = noted_to_bytes(noted)
            self.records.append(HISTORY, name, group=child, state=STATE, body=body)

    def history(self, child: str) -> Iterator[Noted]:
        """Every change, the first one first, each once."""
        latest, last = self.read(child).log, 0  # read first: what it lacks is in the book by then
        for record in all_of(self.records, HISTORY, group=child):
            noted = noted_from_bytes(record.body)
            last = noted.seq
            yield noted
        yield from (noted for noted in latest if noted.seq > last)

    # -- which children a guardian has -----------------------------------------------------------

    def note_ward(self, guardian: str, child: str) -> None:
        """Remember to ask this child's family; the family alone says whether it is so."""
        name = f"{guardian} {child}"
        self.records.append(WARD, name, group=guardian, state=STATE, body=child.encode("ascii"))

    def wards(self, guardian: str) -> Iterator[str]:
        """The children whose guardian this may be, or may have been."""
        for record in all_of(self.records, WARD, group=guardian):
            yield record.body.decode("ascii")

    def erase(self, child: str) -> None:
        """Forget a child. Cut short, it is simply done again."""
        for guardian in self.read(child).links:
            self.records.erase(WARD, f"{guardian} {child}")
        for record in list(all_of(self.records, HISTORY, group=child)):
            self.records.erase(HISTORY, record.id)
        self.records.erase(FAMILY, child)


def _came(one: Waiting) -> Note:
    """The entry for a change that has waited long enough."""
    said = {"id": one.id, "guardian": one.guardian, "app": one.app, "fields": one.fields}
    return Note("took_effect", one.by, "guardian", said)
