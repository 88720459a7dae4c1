"""The review queue for programs that await; what it means is in ``review``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minorguard.content.review import LEASE_S
from minorguard.content.review_items import check_words
from minorguard.content.review_talks import Talks, answer_of
from minorguard.stores.records import Moved

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from typing import TypeVar

    from minorguard.content.review_items import (
        OwnPage,
        Published,
        PublishedPage,
        ReviewItem,
        ReviewPage,
    )
    from minorguard.content.review_talks import Talk
    from minorguard.stores.records import AsyncRecordStore

    T = TypeVar("T")


class AsyncReviewQueue:
    """The same queue, its methods awaited; see ``ReviewQueue`` for each."""

    def __init__(self, records: AsyncRecordStore, *, kind: str = "review") -> None:
        self._records = records
        self._talks = Talks(*check_words("kind", (kind,)))

    # -- authors ---------------------------------------------------------------------------------

    async def submit(
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
        """See ``ReviewQueue.submit``."""
        talk = self._talks.submit(
            item_id, place=place, author=author, text=text, at=at, surface=surface, labels=labels
        )
        return await self._run(talk)

    async def edit(
        self, item_id: str, *, author: str, text: str, revision: int, at: datetime
    ) -> ReviewItem:
        """See ``ReviewQueue.edit``."""
        return await self._run(self._talks.edit(item_id, author, text, revision, at))

    async def withdraw(self, item_id: str, *, author: str, at: datetime) -> ReviewItem:
        """See ``ReviewQueue.withdraw``."""
        return await self._run(self._talks.withdraw(item_id, author, at))

    # -- moderators ------------------------------------------------------------------------------

    async def approve(self, item_id: str, *, by: str, revision: int, at: datetime) -> ReviewItem:
        """See ``ReviewQueue.approve``."""
        talk = self._talks.decide(item_id, "approved", by=by, revision=revision, at=at, reason="")
        return await self._run(talk)

    async def reject(
        self, item_id: str, *, by: str, revision: int, at: datetime, reason: str
    ) -> ReviewItem:
        """See ``ReviewQueue.reject``."""
        talk = self._talks.decide(
            item_id, "rejected", by=by, revision=revision, at=at, reason=reason
        )
        return await self._run(talk)

    async def take_down(
        self, item_id: str, *, by: str, revision: int, at: datetime, reason: str
    ) -> ReviewItem:
        """See ``ReviewQueue.take_down``."""
        talk = self._talks.decide(
            item_id, "taken_down", by=by, revision=revision, at=at, reason=reason
        )
        return await self._run(talk)

    async def claim(
        self, item_id: str, *, by: str, at: datetime, lease_s: int = LEASE_S
    ) -> ReviewItem:
        """See ``ReviewQueue.claim``."""
        return await self._run(self._talks.claim(item_id, by, at, lease_s))

    async def claim_next(
        self, *, by: str, at: datetime, lease_s: int = LEASE_S, place: str | None = None
    ) -> ReviewItem | None:
        """See ``ReviewQueue.claim_next``."""
        return await self._run(self._talks.claim_next(by, at, lease_s, place))

    async def release(self, item_id: str, *, by: str) -> ReviewItem:
        """See ``ReviewQueue.release``."""
        return await self._run(self._talks.release(item_id, by))

    async def waiting(
        self, *, place: str | None = None, after: str | None = None, limit: int = 100
    ) -> ReviewPage:
        """See ``ReviewQueue.waiting``."""
        return await self._run(self._talks.waiting(place, after, limit))

    async def item(self, item_id: str) -> ReviewItem | None:
        """See ``ReviewQueue.item``."""
        return await self._run(self._talks.item(item_id))

    # -- readers ---------------------------------------------------------------------------------

    async def visible(
        self, place: str, *, after: str | None = None, limit: int = 100
    ) -> PublishedPage:
        """See ``ReviewQueue.visible``."""
        return await self._run(self._talks.visible(place, after, limit))

    async def read(self, item_id: str) -> Published | None:
        """See ``ReviewQueue.read``."""
        return await self._run(self._talks.read(item_id))

    async def own(self, author: str, *, after: str | None = None, limit: int = 100) -> OwnPage:
        """See ``ReviewQueue.own``."""
        return await self._run(self._talks.own(author, after, limit))

    # -- erasing ---------------------------------------------------------------------------------

    async def erase(self, item_id: str, *, author: str | None = None) -> None:
        """See ``ReviewQueue.erase``."""
        await self._run(self._talks.erase(item_id, author))

    async def erase_person(self, person: str) -> int:
        """See ``ReviewQueue.erase_person``."""
        return await self._run(self._talks.erase_person(person))

    async def _run(self, talk: Talk[T]) -> T:
        try:
            ask = next(talk)
            while True:
                try:
                    answer = await answer_of(ask, self._records)
                except Moved as moved:
                    answer = moved
                ask = talk.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result
