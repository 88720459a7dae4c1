"""Many who append, decide and list at once: the half of ``RecordStoreContract`` with threads."""
# ruff: noqa: D102 - a test's name is its claim

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from minorguard.stores.records import Moved, Record, RecordPage
from minorguard.testing.stores import WRITERS, EventLoop, at_once, expect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from minorguard.stores.records import AsyncRecordStore, RecordStore


class RecordCalls:
    """A record store in an empty place for each test, and what is asked of it again and again."""

    place: Path
    records: RecordStore

    def open_records(self, place: Path) -> RecordStore:
        """A record store with the records of that place."""
        raise NotImplementedError

    def setup_method(self) -> None:
        """Called by pytest before each test."""
        self.place = Path(tempfile.mkdtemp(prefix="minorguard-"))
        self.records = self.open_records(self.place)

    def teardown_method(self) -> None:
        """Called by pytest after each test."""
        self.records.close()
        shutil.rmtree(self.place, ignore_errors=True)

    def add(
        self,
        record_id: str,
        body: bytes = b"",
        *,
        kind: str = "review",
        group: str = "c1",
        state: str = "waiting",
    ) -> Record:
        """Append a record that is new."""
        new = self.records.append(kind, record_id, group=group, state=state, body=body)
        expect(new[:4] == (record_id, group, state, body), "append returned another record")
        expect(new.version >= 1, "a version is less than 1")
        return new

    def pages(
        self,
        *,
        kind: str = "review",
        group: str | None = None,
        state: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> Iterator[RecordPage]:
        """All pages of a listing that have records."""
        while True:
            page = self.records.list(kind, group=group, state=state, after=after, limit=limit)
            expect(len(page.records) <= limit, "a page has more records than were asked for")
            if not page.records:
                expect(page.after == after, "an empty page moved the cursor")
                return
            expect(page.after not in (None, after), "a page did not move the cursor")
            yield page
            after = page.after

    def listed(
        self,
        *,
        kind: str = "review",
        group: str | None = None,
        state: str | None = None,
        limit: int = 100,
    ) -> list[Record]:
        """All records of a listing, page by page."""
        pages = self.pages(kind=kind, group=group, state=state, limit=limit)
        return [record for page in pages for record in page.records]

    def moved(self, was: Record, *, state: str, body: bytes, kind: str = "review") -> Record | None:
        """What ``Moved`` tells, which has to be raised."""
        try:
            self.records.transition(kind, was, state=state, body=body)
        except Moved as moved:
            return moved.there
        raise AssertionError("a transition of what has moved was done")


class RecordRaces(RecordCalls):
    """What a record store promises to many at once."""

    def test_a_state_is_left_by_exactly_one_of_sixteen(self) -> None:
        other = self.open_records(self.place)
        stores = (self.records, other)
        was = self.add("r1")
        for turn in range(8):

            def decide(number: int, was: Record = was, turn: int = turn) -> Record | None:
                body = b"%d by %d" % (turn, number)
                try:
                    return stores[number % 2].transition("review", was, state="s", body=body)
                except Moved as moved:
                    return told(moved.there, was)

            answers = at_once(decide)
            now = self.records.get("review", "r1")
            winners = [n for n, answer in enumerate(answers) if answer and answer == now]
            mine = [n for n in winners if now and now.body == b"%d by %d" % (turn, n)]
            expect(len(mine) == 1, f"{len(mine)} of sixteen left one state")
            expect(len(winners) == WRITERS, "a loser was told something else")
            expect(now and now.version == was.version + 1, "more than one step was done")
            was = now or was
        other.close()

    def test_of_two_moderators_on_one_item_one_decides(self) -> None:
        for n in range(12):
            was = self.add(f"r{n}", b"a comment")

            def decide(number: int, was: Record = was) -> str:
                state = ("published", "rejected")[number]
                try:
                    return self.records.transition("review", was, state=state, body=b"").state
                except Moved as moved:
                    return f"too late: {told(moved.there, was).state}"

            answers = sorted(at_once(decide, 2))
            now = told(self.records.get("review", f"r{n}"), was)
            expect(answers == [now.state, f"too late: {now.state}"], "both decided, or none")

    def test_an_append_that_many_do_at_once_is_done_once(self) -> None:
        other = self.open_records(self.place)
        stores = (self.records, other)
        for turn in range(8):

            def append(number: int, turn: int = turn) -> Record:
                body, store = b"by %d" % number, stores[number % 2]
                return store.append("review", f"r{turn}", group="c1", state="s", body=body)

            answers = at_once(append)
            expect(len(set(answers)) == 1, "an append was done twice, or told otherwise")
            expect(self.listed()[turn:] == answers[:1], "what is there was told to nobody")
        other.close()

    def test_a_listing_has_no_gaps_while_many_append(self) -> None:
        other, each = self.open_records(self.place), 12
        stores, over = (self.records, other), Event()
        seen: list[str] = []

        def work(number: int) -> list[str]:
            if number == 0:
                seen.extend(follow(self.open_records(self.place), over))
                return []
            missing: list[str] = []
            try:
                for n in range(each):
                    store, record_id = stores[(number + n) % 2], f"r{number}-{n}"
                    store.append("review", record_id, group="c1", state="s", body=b"")
                    missing += [record_id] if record_id not in all_ids(store) else []
            finally:
                ended.append(number)
                if len(ended) == WRITERS - 1:
                    over.set()
            return missing

        ended: list[int] = []
        missing = [name for names in at_once(work) for name in names]
        order = [record.id for record in self.listed()]
        expect(missing == [], "an append was acknowledged, and then not listed")
        expect(len(order) == (WRITERS - 1) * each, "an append was lost")
        expect(sorted(seen) == sorted(order), "a follower missed a record, or saw one twice")
        expect(seen == order, "a follower saw another order")
        other.close()

    def test_a_count_of_transitions_is_never_short(self) -> None:
        self.add("r1", b"0")

        def count(_: int) -> None:
            for _ in range(4):
                was = self.records.get("review", "r1")
                while was:
                    body = b"%d" % (int(was.body) + 1)
                    try:
                        self.records.transition("review", was, state="s", body=body)
                        break
                    except Moved as moved:
                        was = moved.there

        at_once(count)
        now = self.records.get("review", "r1")
        expect(now and int(now.body) == WRITERS * 4, "a transition was lost")

    def test_a_version_has_one_body_for_ever_while_others_erase(self) -> None:
        def live(number: int) -> list[Record]:
            seen: list[Record] = []
            for turn in range(8):
                body = b"%d %d" % (number, turn)
                was = self.records.append("review", "r1", group="g", state="s", body=body)
                seen.append(was)
                if (number + turn) % 5 == 0:
                    self.records.erase("review", "r1")
                try:
                    seen.append(self.records.transition("review", was, state="t", body=body))
                except Moved as moved:
                    seen += [moved.there] if moved.there else []
            return seen

        bodies: dict[int, Record] = {}
        for record in (record for seen in at_once(live) for record in seen):
            there = bodies.setdefault(record.version, record)
            expect(there == record, "a version came back with another body")


def told(there: Record | None, was: Record) -> Record:
    """What is there, which has to be another version of what was."""
    if there is None or there.id != was.id or there.version == was.version:
        raise AssertionError("a loser was not told what is there")
    return there


def all_ids(store: RecordStore) -> list[str]:
    """The ids of all records, in order."""
    found: list[str] = []
    page = store.list("review", limit=50)
    while page.records:
        found += [record.id for record in page.records]
        page = store.list("review", after=page.after, limit=50)
    return found


def follow(store: RecordStore, over: Event) -> Iterable[str]:
    """The ids in the order in which a follower sees them, to whom nothing is told twice."""
    after: str | None = None
    last = False
    while True:
        page = store.list("review", after=after, limit=5)
        yield from [record.id for record in page.records]
        after = page.after
        if not page.records:
            if last:
                store.close()
                return
            last = over.wait(0.001)


class WaitingRecords:
    """An ``AsyncRecordStore`` for callers that cannot await."""

    def __init__(self, store: AsyncRecordStore) -> None:
        self._store = store
        self._loop = EventLoop()

    def append(self, kind: str, record_id: str, *, group: str, state: str, body: bytes) -> Record:
        """See ``RecordStore.append``."""
        new = self._store.append(kind, record_id, group=group, state=state, body=body)
        return self._loop.wait(new)

    def get(self, kind: str, record_id: str) -> Record | None:
        """See ``RecordStore.get``."""
        return self._loop.wait(self._store.get(kind, record_id))

    def transition(self, kind: str, was: Record, *, state: str, body: bytes) -> Record:
        """See ``RecordStore.transition``."""
        return self._loop.wait(self._store.transition(kind, was, state=state, body=body))

    def list(
        self,
        kind: str,
        *,
        group: str | None = None,
        state: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> RecordPage:
        """See ``RecordStore.list``."""
        page = self._store.list(kind, group=group, state=state, after=after, limit=limit)
        return self._loop.wait(page)

    def erase(self, kind: str, record_id: str) -> None:
        """See ``RecordStore.erase``."""
        self._loop.wait(self._store.erase(kind, record_id))

    def close(self) -> None:
        """See ``RecordStore.close``. The event loop ends too, and a later call begins another."""
        self._loop.wait(self._store.close())
        self._loop.end()
