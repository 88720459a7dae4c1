"""What a record store promises, as tests: one that passes ``RecordStoreContract`` is one.

.. code-block:: python

    class TestMyRecords(RecordStoreContract):
        def open_records(self, place: Path) -> RecordStore:
            return MyRecords(place / "records")

``place`` is an empty folder as in ``StoreContract``: two stores that are opened for one place have
the same records. Failures are ``AssertionError``, raised in so many words.
"""
# ruff: noqa: D102 - a test's name is its claim

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from minorguard.errors import InvalidRequest
from minorguard.stores.records import BODY_BYTES_MAX, LIMIT_MAX, NAME_CHARS_MAX, RecordPage
from minorguard.testing.records_races import RecordRaces, WaitingRecords
from minorguard.testing.stores import ODD_KEYS, expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from minorguard.stores.records import AsyncRecordStore, RecordStore

ODD_NAMES = (*ODD_KEYS, " ", "0", "NULL", "%s", "%(id)s", ":id", "?", "$1")
"""Names that differ by little, or mean something to somebody."""

WRONG_NAMES = ("", "n" * (NAME_CHARS_MAX + 1), "\n", "a\n", "\x7f", "\0", "\u5c0f\u7ea2", "\ud800")


class RecordStoreContract(RecordRaces):
    """All that a record store promises; see the module."""

    # -- one writer ------------------------------------------------------------------------------

    def test_nothing_is_there_at_first(self) -> None:
        expect(self.records.get("review", "r1") is None, "an empty store has a record")
        expect(self.records.list("review") == RecordPage((), None), "an empty store lists records")

    def test_what_is_appended_is_there(self) -> None:
        new = self.add("r1", b"one")
        expect(self.records.get("review", "r1") == new, "another record came back")
        expect(self.listed() == [new], "the record is not listed")

    def test_to_append_again_returns_what_is_there_and_changes_nothing(self) -> None:
        new = self.add("r1", b"one")
        again = self.records.append("review", "r1", group="c1", state="waiting", body=b"one")
        other = self.records.append("review", "r1", group="c2", state="done", body=b"two")
        expect(again == other == new, "appending again did not return what is there")
        moved = self.records.transition("review", new, state="done", body=b"one")
        late = self.records.append("review", "r1", group="c1", state="waiting", body=b"one")
        expect(late == moved, "appending again did not return the state of now")
        expect(self.listed() == [moved], "appending again changed something")

    def test_names_are_kept_apart_to_the_letter(self) -> None:
        for name in ODD_NAMES:
            self.add(name, name.encode())
            self.add("r1", name.encode(), kind=name)
            self.add(name, kind="grouped", group=name, state=name)
        for name in ODD_NAMES:
            for kind, record_id in (("review", name), (name, "r1")):
                there = self.records.get(kind, record_id)
                mine = there is not None and there.body == name.encode()
                expect(mine, f"{name!r} has another's body")
            grouped = self.listed(kind="grouped", group=name)
            expect([record.group for record in grouped] == [name], f"{name!r} is no group")
            expect(self.listed(kind="grouped", state=name) == grouped, f"{name!r} is no state")
            both = self.listed(kind="grouped", group=name, state=name)
            expect(both == grouped, f"{name!r} is no group and state")
        self.records.erase("review", ODD_NAMES[0])
        left = [record.id for record in self.listed()]
        expect(left == list(ODD_NAMES[1:]), "erasing one record erased another")

    def test_a_record_may_belong_to_no_group(self) -> None:
        alone, other = self.add("r1", group=""), self.add("r2", group="c1")
        expect(self.listed(group="") == [alone], "the group of none is another's")
        expect(self.listed() == [alone, other], "no group asked is the group of none")

    def test_a_body_is_bytes_and_comes_back_as_it_was(self) -> None:
        bodies = (b"", b"\0", bytes(range(256)), b"\xff" * 4096, b"{}", b"\\x41", b"x" * (1 << 17))
        for n, body in enumerate((*bodies, bytes(BODY_BYTES_MAX))):
            new = self.add(f"r{n}", body)
            there = self.records.get("review", f"r{n}")
            expect(there == new, "a body did not come back as it was")
            expect(there is not None and type(there.body) is bytes, "a body is not bytes")
            moved = self.records.transition("review", new, state="s", body=body[::-1])
            expect(self.records.get("review", f"r{n}") == moved, "a new body did not come back")
        expect([r.body[::-1] for r in self.listed(limit=3)][:7] == list(bodies), "listed otherwise")

    def test_what_is_out_of_bounds_is_refused_and_changes_nothing(self) -> None:
        was, store = self.add("r1", b"one"), self.records
        append = partial(store.append, group="g", state="s", body=b"")
        move = partial(store.transition, "review", state="s", body=b"")
        listing = partial(store.list, "review")
        for wrong in WRONG_NAMES:
            refused(partial(append, wrong, "r2"))
            refused(partial(append, "review", wrong))
            refused(partial(append, "review", "r2", group=wrong or "\n"))
            refused(partial(append, "review", "r2", state=wrong))
            refused(partial(store.transition, wrong, was, state="s", body=b""))
            refused(partial(move, was, state=wrong))
            refused(partial(move, was._replace(id=wrong)))
            refused(partial(move, was._replace(state=wrong)))
            refused(partial(move, was._replace(group=wrong or "\n")))
            refused(partial(store.get, "review", wrong))
            refused(partial(store.get, wrong, "r1"))
            refused(partial(store.erase, "review", wrong))
            refused(partial(store.list, wrong))
            refused(partial(listing, group=wrong or "\n"))
            refused(partial(listing, state=wrong))
        for limit in (0, -1, LIMIT_MAX + 1, True):
            refused(partial(listing, limit=limit))
        for after in ("", "-1", "x", "01", "1.5", "9" * 19, " 1"):
            refused(partial(listing, after=after))
        for version in (True, 0, -1, 1 << 63, (1 << 63) - 1):
            refused(partial(move, was._replace(version=version)))
        large = bytes(BODY_BYTES_MAX + 1)
        refused(partial(append, "review", "r2", body=large))
        refused(partial(move, was, body=large))
        expect(self.listed() == [was], "what was refused changed something")

    # -- transitions -----------------------------------------------------------------------------

    def test_a_transition_makes_the_next_version(self) -> None:
        was = self.add("r1", b"one")
        for state, body in (("held", b"two"), ("done", b""), ("done", b""), ("waiting", b"one")):
            now = self.records.transition("review", was, state=state, body=body)
            wanted = ("r1", "c1", state, body, was.version + 1)
            expect(now == wanted, "a transition returned another record")
            expect(self.records.get("review", "r1") == now, "a transition was not done")
            was = now

    def test_a_transition_of_what_has_moved_is_refused_and_changes_nothing(self) -> None:
        first = self.add("r1", b"one")
        now = self.records.transition("review", first, state="done", body=b"two")
        stale = (
            first,
            now._replace(version=now.version + 1),
            now._replace(version=now.version - 1),
            now._replace(version=1),
            now._replace(state="waiting"),
            now._replace(group="c2"),
        )
        for was in stale:
            there = self.moved(was, state="held", body=b"three")
            expect(there == now, "a refused transition did not tell what is there")
        expect(self.listed() == [now], "a refused transition changed something")

    def test_a_transition_of_what_is_not_there_is_refused(self) -> None:
        was = self.add("r1")
        expect(self.moved(was._replace(id="r2"), state="s", body=b"") is None, "told of another")
        expect(self.moved(was, state="s", body=b"", kind="other") is None, "told of another kind")
        expect(self.records.get("review", "r2") is None, "a refused transition left a record")

    def test_a_record_with_the_same_body_can_be_told_from_an_older_self(self) -> None:
        # waiting -> held -> waiting: whoever read the first must not decide on the third.
        first = self.add("r1", b"one")
        held = self.records.transition("review", first, state="held", body=b"one")
        third = self.records.transition("review", held, state="waiting", body=b"one")
        expect(self.moved(first, state="done", body=b"one") == third, "an old self was moved")

    # -- erasing ---------------------------------------------------------------------------------

    def test_an_erased_record_is_gone(self) -> None:
        was, stays = self.add("r1", b"one"), self.add("r2")
        self.records.erase("review", "r1")
        self.records.erase("review", "r1")
        self.records.erase("review", "r9")
        expect(self.records.get("review", "r1") is None, "an erased record is there")
        expect(self.listed() == [stays], "an erased record is listed")
        expect(self.moved(was, state="s", body=b"") is None, "an erased record was moved")

    def test_a_version_never_comes_back(self) -> None:
        seen: list[int] = []
        for length in (3, 1, 5, 2, 1):
            now = self.add("r1")
            seen.append(now.version)
            for _ in range(length):
                now = self.records.transition("review", now, state="s", body=b"")
                seen.append(now.version)
            self.records.erase("review", "r1")
        expect(len(set(seen)) == len(seen), "a version came back after its record was erased")

    # -- listing ---------------------------------------------------------------------------------

    def test_a_listing_is_in_the_order_of_appending_whatever_the_size_of_a_page(self) -> None:
        all_of_it = [
            self.add(f"r{n * 7919 % 1000}", group=f"c{n % 3}", state=f"s{n % 2}") for n in range(60)
        ]
        self.add("other", kind="other")
        for n in (0, 7, 30, 59):  # a transition moves nobody
            was = all_of_it[n]
            all_of_it[n] = self.records.transition("review", was, state="s1", body=b"moved")
        for limit in (1, 7, 59, 60, 61, LIMIT_MAX):
            expect(self.listed(limit=limit) == all_of_it, f"out of order by {limit}")
        for group in (None, "c0", "c2", "c9"):
            for state in (None, "s0", "s1", "s9"):
                wanted = [
                    record
                    for record in all_of_it
                    if group in (None, record.group) and state in (None, record.state)
                ]
                found = self.listed(group=group, state=state, limit=4)
                expect(found == wanted, f"group {group}, state {state} listed otherwise")

    def test_a_cursor_goes_on_where_it_was_whenever_that_is(self) -> None:
        for n in range(5):
            self.add(f"r{n}")
        page = self.records.list("review", limit=5)
        expect(self.records.list("review", after=page.after).records == (), "told twice")
        late = self.add("r5")
        self.records.close()
        page = self.records.list("review", after=page.after)
        expect(page.records == (late,), "what came later is not behind the cursor")

    def test_a_record_never_takes_the_place_of_an_erased_one(self) -> None:
        for n in range(5):
            self.add(f"r{n}")
        after = self.records.list("review").after
        for n in range(5):
            self.records.erase("review", f"r{n}")
        expect(self.records.list("review", after=after).after == after, "the cursor went back")
        self.records.close()
        late = [self.add("r4"), self.add("r9")]
        found = self.records.list("review", after=after).records
        expect(list(found) == late, "a new record is before an old cursor")

    def test_a_listing_tells_all_that_stay_while_others_come_go_and_move(self) -> None:
        all_of_it = [self.add(f"r{n:03}") for n in range(120)]
        stay = {record.id for n, record in enumerate(all_of_it) if n % 4}
        found: list[str] = []
        for turn, page in enumerate(self.pages(state="waiting", limit=9)):
            found += [record.id for record in page.records]
            for n in range(turn * 4, 120, 24):
                if n % 8:
                    self.records.erase("review", f"r{n:03}")
                elif self.records.get("review", f"r{n:03}") == all_of_it[n]:
                    self.records.transition("review", all_of_it[n], state="done", body=b"")
            if turn in (0, 1, 2):
                self.add(f"new{turn}")
        expect(stay <= set(found), "a record that was there all the time was left out")
        expect(len(found) == len(set(found)), "a record was told twice")
        expect(found[-3:] == ["new0", "new1", "new2"], "what was appended did not come last")

    def test_two_stores_of_one_place_have_the_same_records(self) -> None:
        other = self.open_records(self.place)
        was = self.add("r1", b"one")
        expect(other.get("review", "r1") == was, "not seen from the other store")
        now = other.transition("review", was, state="done", body=b"two")
        expect(self.moved(was, state="held", body=b"") == now, "seen too late")
        second = other.append("review", "r2", group="c1", state="waiting", body=b"")
        expect(self.listed() == [now, second], "listed otherwise by the other store")
        other.erase("review", "r1")
        expect(self.records.get("review", "r1") is None, "an erasure was not seen")
        other.close()

    def test_a_closed_store_opens_again(self) -> None:
        new = self.add("r1", b"one")
        self.records.close()
        self.records.close()
        expect(self.records.get("review", "r1") == new, "a record is gone after close")


def refused(call: Callable[[], object]) -> None:
    """Fail unless the call is refused as wrong."""
    try:
        call()
    except InvalidRequest:
        return
    raise AssertionError("what is out of bounds was taken")


class AsyncRecordStoreContract(RecordStoreContract):
    """The same promises of an ``AsyncRecordStore``: the same tests, each call awaited."""

    def open_async_records(self, place: Path) -> AsyncRecordStore:
        """An asynchronous record store with the records of that place."""
        raise NotImplementedError

    def open_records(self, place: Path) -> RecordStore:
        """The same, for tests that cannot await."""
        return WaitingRecords(self.open_async_records(place))
