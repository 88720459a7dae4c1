"""Which step may follow which: an item as it was, and as it is after somebody did something.

Pure. Each function returns the item changed, or the same item where it is told again what it was
told before, or raises ``ReviewConflict`` with the item for who comes too late.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from minorguard.content.review_items import (
    AFTER,
    REVISIONS_MAX,
    Claim,
    ReviewConflict,
    ReviewItem,
    Step,
)
from minorguard.errors import InvalidRequest

if TYPE_CHECKING:
    from minorguard.content.review_items import StepName


def edited(item: ReviewItem, *, author: str, text: str, revision: int, at: datetime) -> ReviewItem:
    """With a new wording in the place of the one with that revision; it waits for review."""
    want_author(item, author)
    if item.revision > revision and item.texts[revision] == text:
        return item  # told again
    if item.revision != revision or item.state == "withdrawn":
        raise ReviewConflict(item)
    if item.text == text:
        return item
    if item.revision == REVISIONS_MAX:
        raise InvalidRequest("text", f"want a new item after {REVISIONS_MAX} wordings")
    return _stepped(replace(item, texts=(*item.texts, text)), "edited", author, at)


def withdrawn(item: ReviewItem, *, author: str, at: datetime) -> ReviewItem:
    """Taken back by its author, from any state."""
    want_author(item, author)
    return item if item.state == "withdrawn" else _stepped(item, "withdrawn", author, at)


def decided(
    item: ReviewItem, *, verdict: StepName, by: str, revision: int, at: datetime, reason: str
) -> ReviewItem:
    """Approved, rejected or taken down: the wording that was read, and no other."""
    _want_another(item, by)
    last = item.last
    if (last.step, last.revision, last.by, last.reason) == (verdict, revision, by, reason):
        return item  # told again
    wanted = "approved" if verdict == "taken_down" else "pending"
    if item.state != wanted or item.revision != revision:
        raise ReviewConflict(item)
    _want_free(item, by, at)
    return _stepped(item, verdict, by, at, reason)


def claimed(item: ReviewItem, *, by: str, at: datetime, lease_s: int) -> ReviewItem:
    """On a moderator's desk; whoever has it there keeps it longer."""
    _want_another(item, by)
    if item.state != "pending":
        raise ReviewConflict(item)
    _want_free(item, by, at)
    return replace(item, claim=Claim(by, at + timedelta(seconds=lease_s)))


def released(item: ReviewItem, *, by: str) -> ReviewItem:
    """Off that moderator's desk, if it was there."""
    mine = item.claim is not None and item.claim.by == by
    return replace(item, claim=None) if mine else item


def want_author(item: ReviewItem, author: str) -> None:
    """Refuse whoever is not the author."""
    if item.author != author:
        raise InvalidRequest("author", "want the author of the item")


def _stepped(
    item: ReviewItem, step: StepName, by: str, at: datetime, reason: str = ""
) -> ReviewItem:
    """The item after a step; whoever had it on the desk has it no longer."""
    steps = (*item.steps, Step(step, item.revision, by, at, reason))
    return replace(item, state=AFTER[step], steps=steps, claim=None)


def _want_another(item: ReviewItem, by: str) -> None:
    """Nobody reviews what they wrote: then it would not have been reviewed at all."""
    if item.author == by:
        raise InvalidRequest("by", "want somebody else than the author of the item")


def _want_free(item: ReviewItem, by: str, at: datetime) -> None:
    held = item.claimed(at)
    if held is not None and held.by != by:
        raise ReviewConflict(item)
