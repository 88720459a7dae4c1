"""A course site's back end: nothing goes on a page, and nobody's words are seen, before a look.

涉未成年人网课平台专项整治（2020-08-07）: courses are reviewed before they are published, and so is
every comment (先审后发).
"""

from datetime import datetime

from minorguard import Decision, Guard, Law, Lesson, Page, Post, Subject, Use, stores
from minorguard.content import Own, Published, ReviewItem, ReviewQueue

EDITORS = Subject("editors")  # a page is judged by whom it is meant for, not by who looks at it


class CourseSite:
    """Pages, lessons and comments. ``where``: ``memory:``, ``sqlite:///site.db`` and so on."""

    def __init__(self, law: Law, where: str = "memory:") -> None:
        self.guard = Guard(law, store=stores.open(where))
        self.queue = ReviewQueue(stores.open_records(where))

    # -- editors --------------------------------------------------------------------------------

    def may_publish(self, page: Page, at: datetime) -> Decision:
        """Whether a course page may go online as it is described."""
        return self.guard.decide(Use(EDITORS, about=page), at=at)

    def may_schedule(self, lesson: Lesson, at: datetime) -> Decision:
        """Whether a lesson may be held at that hour."""
        return self.guard.decide(Use(EDITORS, about=lesson), at=at)

    # -- pupils ---------------------------------------------------------------------------------

    def comment(
        self, comment_id: str, who: Subject, lesson: str, text: str, at: datetime
    ) -> Decision:
        """Take a comment in. Where the law wants a review it waits for one."""
        answer = self.guard.decide(Use(who, about=Post(lesson)), at=at)
        if answer:
            assert "review_before_publish" in answer.obligations  # on this site, every one
            self.queue.submit(comment_id, place=lesson, author=who.id, text=text, at=at)
        return answer

    def comments(self, lesson: str) -> tuple[Published, ...]:
        """What a reader sees: what a moderator approved, and nothing else."""
        return self.queue.visible(lesson).items

    def mine(self, who: Subject) -> tuple[Own, ...]:
        """What an author sees: all of their own, with what became of it."""
        return self.queue.own(who.id).items

    # -- moderators -----------------------------------------------------------------------------

    def next(self, moderator: str, at: datetime) -> ReviewItem | None:
        """The comment that has waited longest, on this moderator's desk for ten minutes."""
        return self.queue.claim_next(by=moderator, at=at)

    def approve(self, item: ReviewItem, moderator: str, at: datetime) -> None:
        """Make visible the wording that was read."""
        self.queue.approve(item.id, by=moderator, revision=item.revision, at=at)

    def reject(self, item: ReviewItem, moderator: str, reason: str, at: datetime) -> None:
        """Refuse it; its author is shown the reason."""
        self.queue.reject(item.id, by=moderator, revision=item.revision, reason=reason, at=at)
