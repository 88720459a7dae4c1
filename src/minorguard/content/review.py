"""Review before publication: nothing that somebody writes is seen before somebody has read it.

涉未成年人网课平台专项整治 (2020-08-07) item 3: the comments and every interactive function of a
course platform for minors are reviewed first and published then (先审后发). The obligation
``review_before_publish`` sends a post here::

    queue = ReviewQueue(stores.open_records("sqlite:///minors.db"))
    queue.submit("c-1", place="lesson-7", author="p-81", text="老师好", at=now)
    item = queue.claim_next(by="mod-3", at=now)
    queue.approve(item.id, by="mod-3", revision=item.revision, at=now)
    queue.visible("lesson-7").items

What holds, on every record store, under any number of threads, processes and crashes:

- Readers get an item only while its record's last step is a moderator's approval of the very
  wording that they get. State and approval are one write, so no crash parts them.
- Of several who decide on one item one does; the others get ``ReviewConflict`` with who did.
- A decision names the revision that was read: nobody approves a wording that was slipped in later.
- Nobody decides on what they wrote.
- Told twice is told once, so after ``OutcomeUnknown`` everything may be asked again.

**An edit hides.** An edit of an approved item is a new submission, and the old wording is no longer
shown: its author has taken it back (it may be the telephone number that a child regrets), and one
record with one state leaves nothing that could come apart. Approval makes the new wording visible,
at the item's old place.

Who may moderate is the caller's business. ``at`` is an aware time, kept in the law's zone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minorguard.content.review_items import (
    Claim,
    Own,
    OwnPage,
    Published,
    PublishedPage,
    ReviewConflict,
    ReviewItem,
    ReviewPage,
    Step,
    check_words,
)
from minorguard.content.review_talks import Talks, answer_of
from minorguard.stores.records import Moved

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from typing import TypeVar

    from minorguard.content.review_talks import Talk
    from minorguard.stores.records import RecordStore

    T = TypeVar("T")

__all__ = [
    "Claim",
    "Own",
    "OwnPage",
    "Published",
    "PublishedPage",
    "ReviewConflict",
    "ReviewItem",
    "ReviewPage",
    "ReviewQueue",
    "Step",
]

LEASE_S = 600
"""How long a claim holds unless it is said otherwise: ten minutes."""


class ReviewQueue:
    """A queue of what waits for review, and the shelf of what passed it.

    Two queues with another ``kind`` in one store know nothing of each other. Every method may
    raise what the store raises: then nothing was changed, or, with ``OutcomeUnknown``, ask again.
    """

    def __init__(self, records: RecordStore, *, kind: str = "review") -> None:
        self._records = records
        self._talks = Talks(*check_words("kind", (kind,)))

    # -- authors ---------------------------------------------------------------------------------

    def submit(
        self,
        item_id: str,
        *,
        place: str,
        author: str,
        text: str,
        at: datetime,
        surface: str = "comment",
        labels: Iterable[str] = (),
    ) -> ReviewItem:
        """Put something in the queue; seen by nobody but its author and the moderators.

        ``item_id`` is the caller's, and its own for ever; ``place`` the course or lesson,
        ``surface`` the function (``"comment"``, ``"barrage"``, ``"question"``), ``labels`` what a
        classifier suspects; ``text`` 1 byte to 16 KiB of UTF-8, of anything else a reference to
        it. Submitting again is submitting once; an id with other words is ``ReviewConflict``.
        """
        talk = self._talks.submit(
            item_id, place=place, author=author, text=text, at=at, surface=surface, labels=labels
        )
        return self._run(talk)

    def edit(
        self, item_id: str, *, author: str, text: str, revision: int, at: datetime
    ) -> ReviewItem:
        """Replace the wording with that ``revision`` by a new one, which waits for review anew.

        Until then nothing of the item is visible; see the module. At most 16 wordings an item.
        """
        return self._run(self._talks.edit(item_id, author, text, revision, at))

    def withdraw(self, item_id: str, *, author: str, at: datetime) -> ReviewItem:
        """Take an item back, whatever became of it: it is visible no longer, and never again."""
        return self._run(self._talks.withdraw(item_id, author, at))

    # -- moderators ------------------------------------------------------------------------------

    def approve(self, item_id: str, *, by: str, revision: int, at: datetime) -> ReviewItem:
        """Make the wording with that revision visible.

        ``ReviewConflict`` where it does not wait (any more), was edited, or is on another's desk.
        """
        talk = self._talks.decide(item_id, "approved", by=by, revision=revision, at=at, reason="")
        return self._run(talk)

    def reject(
        self, item_id: str, *, by: str, revision: int, at: datetime, reason: str
    ) -> ReviewItem:
        """Refuse the wording with that revision; its author is shown the reason."""
        talk = self._talks.decide(
            item_id, "rejected", by=by, revision=revision, at=at, reason=reason
        )
        return self._run(talk)

    def take_down(
        self, item_id: str, *, by: str, revision: int, at: datetime, reason: str
    ) -> ReviewItem:
        """Hide an approved wording again.

        未成年人网络保护条例 art. 29(1): what proves harmful is stopped at once, its records kept.
        """
        talk = self._talks.decide(
            item_id, "taken_down", by=by, revision=revision, at=at, reason=reason
        )
        return self._run(talk)

    def claim(self, item_id: str, *, by: str, at: datetime, lease_s: int = LEASE_S) -> ReviewItem:
        """Put a waiting item on a moderator's desk: until the lease ends nobody else decides it."""
        return self._run(self._talks.claim(item_id, by, at, lease_s))

    def claim_next(
        self, *, by: str, at: datetime, lease_s: int = LEASE_S, place: str | None = None
    ) -> ReviewItem | None:
        """Claim the item that was submitted first, of those on nobody else's desk.

        Nobody gets what they wrote. ``None``: there is nothing to do.
        """
        return self._run(self._talks.claim_next(by, at, lease_s, place))

    def release(self, item_id: str, *, by: str) -> ReviewItem:
        """Put an item back undecided."""
        return self._run(self._talks.release(item_id, by))

    def waiting(
        self, *, place: str | None = None, after: str | None = None, limit: int = 100
    ) -> ReviewPage:
        """The moderators' work, in the order in which it was submitted.

        An edited item keeps its old place; begin from the start again to see it.
        """
        return self._run(self._talks.waiting(place, after, limit))

    def item(self, item_id: str) -> ReviewItem | None:
        """An item in any state with its whole history; for moderators and inspectors."""
        return self._run(self._talks.item(item_id))

    # -- readers ---------------------------------------------------------------------------------

    def visible(self, place: str, *, after: str | None = None, limit: int = 100) -> PublishedPage:
        """What readers of a place may see now: approved items, in the order of submission.

        A cursor is for turning pages, not for following: an item that is approved late stands
        where it was submitted, maybe before it.
        """
        return self._run(self._talks.visible(place, after, limit))

    def read(self, item_id: str) -> Published | None:
        """One item as readers may see it; ``None`` if they may not."""
        return self._run(self._talks.read(item_id))

    def own(self, author: str, *, after: str | None = None, limit: int = 100) -> OwnPage:
        """What an author has submitted, in any state, in the order of submission."""
        return self._run(self._talks.own(author, after, limit))

    # -- erasing ---------------------------------------------------------------------------------

    def erase(self, item_id: str, *, author: str | None = None) -> None:
        """Forget an item and its history; with ``author`` only if it is theirs.

        No item, no error. Nothing of the id is kept: whoever submits it again submits it anew.
        """
        self._run(self._talks.erase(item_id, author))

    def erase_person(self, person: str) -> int:
        """Forget all that a person has submitted; how many items that were.

        未成年人保护法 art. 72: on request of the minor or the guardian, promptly. Stopped half-way
        it is asked again. What a moderator decided stays: it is others' history.
        """
        return self._run(self._talks.erase_person(person))

    def _run(self, talk: Talk[T]) -> T:
        try:
            ask = next(talk)
            while True:
                try:
                    answer = answer_of(ask, self._records)
                except Moved as moved:
                    answer = moved
                ask = talk.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result
