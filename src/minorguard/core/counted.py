"""A decision that rests on what was counted, and what counting itself objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from minorguard.core.acts import Play
from minorguard.core.changes import Change
from minorguard.core.decision import LEASE_S, LEASE_WITH_QUOTA_S, Decision, Finding
from minorguard.core.rules import Head, Rule
from minorguard.core.ruling import instant_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from minorguard.core.limits import Code, Rest
    from minorguard.core.ruling import Stamp
    from minorguard.core.usage import Usage

Lease = Literal["short", "boundary"]
"""How long an allowed Play is paid for: some minutes, or up to ``until``."""

GUARD = "guard"
"""The first part of the id of a rule of bookkeeping, in the place of a pack."""


class Bookkeeping(Rule):
    """Counting that keeps the law's limits whole: one session, one order, one clock."""


class Counted(Decision):
    """A decision that rests on what was counted, and says what was paid for.

    ``lease_end``: up to when an allowed Play is paid. ``refusal``: what the bookkeeping objects,
    where the law does not; ``again``: when it will no longer do so, if ever. ``rests``: the
    reminders to rest that are due now and have not been given yet.
    """

    __slots__ = ("_count", "_used", "again", "lease_end", "refusal", "rests")

    lease_end: Stamp | None
    refusal: Finding | None
    again: datetime | None
    rests: tuple[Rest, ...]

    def __init__(self, first: Decision, count: Callable[[], Usage]) -> None:
        self.segment = first.segment
        self.request = first.request
        self.at = first.at
        self._count = count
        self._used: Usage | None = None
        self.lease_end = self.refusal = self.again = None
        self.rests = ()

    @property
    def usage(self) -> Usage:  # type: ignore[override]  # counted when it is first asked for
        used = self._used
        if used is None:
            used = self._used = self._count()
        return used

    @property
    def allowed(self) -> bool:
        return self.refusal is None and super().allowed

    def __bool__(self) -> bool:
        return self.allowed

    @property
    def reasons(self) -> tuple[Finding, ...]:
        return super().reasons if self.refusal is None else (self.refusal,)

    @property
    def changes(self) -> tuple[Change, ...]:
        if self.refusal is None:
            return super().changes
        if self.again is not None:
            return (Change("wait", at=self.again),)
        return (Change("session" if self.refusal.code == "session_ended" else "order"),)

    def _lease_until(self, until: datetime | None) -> datetime | None:
        del until
        return None if self.lease_end is None else instant_of(self.lease_end)

    def reminds(self, rest: Rest) -> bool:
        return rest in self.rests

    def lease_for(self, at: Stamp, lease: Lease) -> Stamp:
        """Up to when an allowed Play may be paid for."""
        remaining_s = self._remaining_s(allowed=True)
        lease_s = LEASE_WITH_QUOTA_S if self.segment.ruling.quotas else LEASE_S
        if remaining_s is None:
            return at + lease_s
        return at + (remaining_s if lease == "boundary" else min(remaining_s, lease_s))

    def _next(self) -> datetime | None:
        if self.refusal is None:
            return super()._next()
        return self.again if isinstance(self.request, Play) else None

    def refused(self, code: Code, again: datetime | None = None) -> Counted:
        """The same, refused by the bookkeeping."""
        law = self.segment.law
        head = Head(
            id=f"{GUARD}.{_CONCERN[code]}",
            pack=GUARD,
            citations=law.guardian_basis.citations,
            provenance="practice",
            acts=frozenset({self.request.act}),
        )
        self.refusal = Finding(code, Bookkeeping(head))
        self.again = again
        return self


_CONCERN: dict[Code, str] = {
    "session_ended": "session",
    "too_many_sessions": "session",
    "clock_behind": "clock",
    "order_conflict": "order",
}
