"""What a review queue asks its record store, in generators that wait for nobody.

A talk yields an ``Ask`` and is sent the store's answer, or the ``Moved`` that it raised;
``review`` and ``review_async`` carry asks and answers, and nothing else.

A decision is about a wording that somebody read: it names its revision, reads the record, and
moves that very record. Whoever was faster, an editing author included, is found there.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar, cast

from minorguard.content.review_items import (
    LEASE_S_MAX,
    REVISIONS_MAX,
    Own,
    OwnPage,
    Published,
    PublishedPage,
    ReviewConflict,
    ReviewItem,
    ReviewPage,
    Step,
    check_name,
    check_person,
    check_reason,
    check_text,
    check_whole,
    check_words,
    decode,
    encode,
    own,
    published,
)
from minorguard.content.review_rules import (
    claimed,
    decided,
    edited,
    released,
    want_author,
    withdrawn,
)
from minorguard.core.calendar import local
from minorguard.errors import Contention, StoreUnavailable
from minorguard.stores.records import Moved, Record, RecordPage

if TYPE_CHECKING:
    from datetime import datetime

    from minorguard.content.review_items import StepName

T = TypeVar("T")

TRIES = 32
"""How often a talk begins anew because another changed the item meanwhile."""

PAGE = 100


class Ask(NamedTuple):
    """A method of the record store, and what it is given."""

    method: str
    args: tuple[object, ...]
    kwargs: Mapping[str, object]


Talk: TypeAlias = Generator[Ask, Any, T]


@dataclass(frozen=True, slots=True)
class Talks:
    """All talks of one queue. ``kind`` holds the items, ``authors`` whose they are."""

    kind: str

    @property
    def authors(self) -> str:
        """Records that say which items an author has: the group is the author."""
        return f"{self.kind}/author"  # "/" is in no kind of a queue

    # -- authors ---------------------------------------------------------------------------------

    def submit(
        self,
        item_id: str,
        *,
        place: str,
        author: str,
        text: str,
        at: datetime,
        surface: str,
        labels: Iterable[str],
    ) -> Talk[ReviewItem]:
        """See ``ReviewQueue.submit``."""
        check_name("item_id", item_id)
        check_name("place", place)
        check_person("author", author)
        check_text(text)
        (surface,) = check_words("surface", (surface,))
        new = ReviewItem(
            id=item_id,
            place=place,
            surface=surface,
            author=author,
            state="pending",
            texts=(text,),
            labels=check_words("labels", labels),
            steps=(Step("submitted", 1, author, local(at)),),
        )
        # The author's entry comes first, so that a crash never leaves an item that an erasure of
        # the author would not find.
        listed = yield from self._list_author(item_id, author)
        if listed.group != author:
            raise ReviewConflict(None)
        there = yield from self._append(new)
        item = _sound(there)
        if item.author != author:
            raise ReviewConflict(None)
        first = (item.place, item.surface, item.texts[0], item.labels)
        if first != (place, surface, text, new.labels):
            raise ReviewConflict(item)
        if (yield _ask("get", self.authors, item_id)) is None:  # erased in between: the item stays
            yield from self._list_author(item_id, author)
        return item

    def edit(
        self, item_id: str, author: str, text: str, revision: int, at: datetime
    ) -> Talk[ReviewItem]:
        """See ``ReviewQueue.edit``."""
        at = local(at)
        check_text(text)
        check_whole("revision", revision, REVISIONS_MAX)

        change = partial(edited, author=author, text=text, revision=revision, at=at)
        return self._change(item_id, author, "author", change)

    def withdraw(self, item_id: str, author: str, at: datetime) -> Talk[ReviewItem]:
        """See ``ReviewQueue.withdraw``."""
        change = partial(withdrawn, author=author, at=local(at))
        return self._change(item_id, author, "author", change)

    # -- moderators ------------------------------------------------------------------------------

    def decide(
        self, item_id: str, verdict: StepName, *, by: str, revision: int, at: datetime, reason: str
    ) -> Talk[ReviewItem]:
        """See ``ReviewQueue.approve``, ``reject`` and ``take_down``."""
        at = local(at)
        check_whole("revision", revision, REVISIONS_MAX)
        if verdict != "approved":
            check_reason(reason)

        change = partial(decided, verdict=verdict, by=by, revision=revision, at=at, reason=reason)
        return self._change(item_id, by, "by", change)

    def claim(self, item_id: str, by: str, at: datetime, lease_s: int) -> Talk[ReviewItem]:
        """See ``ReviewQueue.claim``."""
        check_whole("lease_s", lease_s, LEASE_S_MAX)
        change = partial(claimed, by=by, at=local(at), lease_s=lease_s)
        return self._change(item_id, by, "by", change)

    def claim_next(
        self, by: str, at: datetime, lease_s: int, place: str | None
    ) -> Talk[ReviewItem | None]:
        """See ``ReviewQueue.claim_next``."""
        at = local(at)
        check_person("by", by)
        after: str | None = None
        while True:
            page = yield from self.waiting(place, after, PAGE)
            if not page.items:
                return None
            for item in page.items:
                held = item.claimed(at)
                if item.author == by or (held is not None and held.by != by):
                    continue
                try:
                    return (yield from self.claim(item.id, by, at, lease_s))
                except ReviewConflict:
                    continue  # another was faster; there is more work
            after = page.after

    def release(self, item_id: str, by: str) -> Talk[ReviewItem]:
        """See ``ReviewQueue.release``."""
        return self._change(item_id, by, "by", partial(released, by=by))

    # -- looking ---------------------------------------------------------------------------------

    def item(self, item_id: str) -> Talk[ReviewItem | None]:
        """See ``ReviewQueue.item``."""
        check_name("item_id", item_id)
        record = yield _ask("get", self.kind, item_id)
        return None if record is None else _sound(record)

    def waiting(self, place: str | None, after: str | None, limit: int) -> Talk[ReviewPage]:
        """See ``ReviewQueue.waiting``."""
        items, after = yield from self._listed(place, "pending", after, limit, _itself)
        return ReviewPage(items, after)

    def visible(self, place: str, after: str | None, limit: int) -> Talk[PublishedPage]:
        """See ``ReviewQueue.visible``."""
        check_name("place", place)
        items, after = yield from self._listed(place, "approved", after, limit, published)
        return PublishedPage(items, after)

    def read(self, item_id: str) -> Talk[Published | None]:
        """See ``ReviewQueue.read``."""
        check_name("item_id", item_id)
        record = yield _ask("get", self.kind, item_id)
        return None if record is None else published(decode(record))

    def own(self, author: str, after: str | None, limit: int) -> Talk[OwnPage]:
        """See ``ReviewQueue.own``."""
        check_person("author", author)
        found: list[Own] = []
        while True:
            page: RecordPage = yield _ask(
                "list", self.authors, group=author, after=after, limit=limit
            )
            for entry in page.records:
                record = yield _ask("get", self.kind, entry.id)
                item = None if record is None else decode(record)
                if item is not None and item.author == author:
                    found.append(own(item))
            after = page.after
            if found or not page.records:
                return OwnPage(tuple(found), after)

    # -- erasing ---------------------------------------------------------------------------------

    def erase(self, item_id: str, author: str | None) -> Talk[None]:
        """See ``ReviewQueue.erase``."""
        check_name("item_id", item_id)
        if author is not None:
            check_person("author", author)
            record = yield _ask("get", self.kind, item_id)
            if record is None:
                return
            want_author(_sound(record), author)
        # The item first: after a crash the author's entry is still there to find the rest by.
        yield _ask("erase", self.kind, item_id)
        yield _ask("erase", self.authors, item_id)

    def erase_person(self, person: str) -> Talk[int]:
        """See ``ReviewQueue.erase_person``."""
        check_person("person", person)
        erased = 0
        while True:
            page: RecordPage = yield _ask("list", self.authors, group=person, limit=PAGE)
            if not page.records:
                return erased
            for entry in page.records:
                yield from self.erase(entry.id, None)
                erased += 1

    # -- what they are made of -------------------------------------------------------------------

    def _append(self, new: ReviewItem) -> Talk[Record]:
        body = encode(new)
        there: Record = yield _ask(
            "append", self.kind, new.id, group=new.place, state=new.state, body=body
        )
        return there

    def _list_author(self, item_id: str, author: str) -> Talk[Record]:
        there: Record = yield _ask(
            "append", self.authors, item_id, group=author, state="of", body=b""
        )
        return there

    def _change(
        self, item_id: str, who: str, path: str, change: Callable[[ReviewItem], ReviewItem]
    ) -> Talk[ReviewItem]:
        """Read the item, change it, write it if it still is what was read; else begin anew."""
        check_name("item_id", item_id)
        check_person(path, who)
        for _ in range(TRIES):
            record: Record | None = yield _ask("get", self.kind, item_id)
            if record is None:
                raise ReviewConflict(None)
            was = _sound(record)
            item = change(was)
            if item == was:
                return was
            done = yield _ask("transition", self.kind, record, state=item.state, body=encode(item))
            if not isinstance(done, Moved):
                return item
        raise Contention("review: others change this item, each time anew")

    def _listed(
        self,
        place: str | None,
        state: str,
        after: str | None,
        limit: int,
        seen: Callable[[ReviewItem | None], T | None],
    ) -> Talk[tuple[tuple[T, ...], str | None]]:
        """A page of what is seen of the items in a state; an empty one is the end."""
        if place is not None:
            check_name("place", place)
        while True:
            page: RecordPage = yield _ask(
                "list", self.kind, group=place, state=state, after=after, limit=limit
            )
            found = tuple(one for one in map(seen, map(decode, page.records)) if one is not None)
            after = page.after
            if found or not page.records:
                return found, after


def _ask(method: str, *args: object, **kwargs: object) -> Ask:
    return Ask(method, args, kwargs)


def _itself(item: ReviewItem | None) -> ReviewItem | None:
    return item


def _sound(record: Record) -> ReviewItem:
    item = decode(record)
    if item is None:
        raise StoreUnavailable("review: a record that no review queue wrote")
    return item


def answer_of(ask: Ask, records: object) -> Any:  # noqa: ANN401 - a result, or an awaitable of one
    """What the store returns when it is asked."""
    call = cast("Callable[..., Any]", getattr(records, ask.method))
    return call(*ask.args, **ask.kwargs)
