"""Lines that are counted: what was asked and what has happened, told to a guard over a store."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, cast

from minorguard.core.acts import Request, Use
from minorguard.core.counted import Counted
from minorguard.core.facts import (
    Cancelled,
    ConsentGranted,
    ConsentRevoked,
    Left,
    ModeChanged,
    Refunded,
    Settled,
)
from minorguard.core.step import counts_after
from minorguard.errors import InvalidRequest, OutcomeUnknown, StoreError
from minorguard.guard import Guard
from minorguard.wire.answer import Answers, error_line, recorded_line
from minorguard.wire.request import checked, instant, laws_of, request_of, subject
from minorguard.wire.stream import LAWS_MAX, line_id_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from minorguard.core.counted import Lease
    from minorguard.core.decision import Lang
    from minorguard.core.facts import Fact
    from minorguard.core.policy import Law
    from minorguard.core.subject import Subject
    from minorguard.core.usage import Usage
    from minorguard.stores import Store
    from minorguard.wire import shapes


class Told(NamedTuple):
    """One line, understood: somebody asked, or something has happened."""

    id: str | int | None
    laws: tuple[str, ...]
    at: datetime
    what: Request | Fact


def parse(raw: bytes) -> Told:
    """Understand one line, or ``InvalidRequest`` with the path of the first fault."""
    line = cast("shapes.ReplayLine", checked(raw, "ReplayLine"))
    if "ask" in line and "fact" in line:
        raise InvalidRequest("fact", "give an ask or a fact, not both")
    if "id" not in line["subject"]:
        raise InvalidRequest("subject.id", "is required where something is kept")
    at = instant(line["at"], "at")
    laws = laws_of(line)
    who = subject(line["subject"], at)
    if "fact" in line:
        return Told(line.get("id"), laws, at, _fact(who, line["fact"]))
    if "ask" not in line:
        raise InvalidRequest("ask", "is required, or a fact")
    return Told(line.get("id"), laws, at, request_of(who, line["ask"], at))


def _fact(who: Subject, fact: shapes.Fact) -> Fact:  # noqa: PLR0911 - a table
    if fact["kind"] == "leave":
        return Left(who, session=fact["session"])
    if fact["kind"] == "payment_settled":
        return Settled(who, fact["order"], fen=fact.get("fen"))
    if fact["kind"] == "payment_cancelled":
        return Cancelled(who, fact["order"])
    if fact["kind"] == "payment_refunded":
        return Refunded(who, fact["order"], fen=fact["fen"])
    if fact["kind"] == "mode_changed":
        return ModeChanged(who, on=fact["on"])
    if fact["kind"] == "consent_granted":
        return ConsentGranted(who, fact["scope"])
    return ConsentRevoked(who, fact["scope"])


class Replayer:
    """Answers lines, and counts them in ``store``. ``load`` and ``default`` are as in ``Decider``.

    ``scope``: what is counted together; ``None`` for the first law's id of each line.
    ``store_failed`` says whether the store did not do its part for some line.
    """

    def __init__(
        self,
        load: Callable[[tuple[str, ...]], Law],
        default: tuple[str, ...],
        lang: Lang,
        *,
        store: Store,
        scope: str | None = None,
        lease: Lease = "short",
    ) -> None:
        self.store_failed = False
        self._default = default

        @lru_cache(LAWS_MAX)
        def desk(laws: tuple[str, ...]) -> tuple[Guard, Answers]:
            law = load(laws)
            return Guard(law, store=store, scope=scope, lease=lease), Answers(law, lang)

        self._desk = desk

    def answer(self, raw: bytes) -> tuple[bool, str]:
        """Whether the line was judged and kept, and the answer without the line's end."""
        try:
            return True, self._answer(raw)
        except InvalidRequest as error:
            return False, error_line(line_id_of(raw), error)
        except StoreError as error:
            self.store_failed = True
            return False, error_line(line_id_of(raw), error)

    def _answer(self, raw: bytes) -> str:
        line_id, laws, at, what = parse(raw)
        laws = laws or self._default
        if not laws:
            raise InvalidRequest("law", "is required where no --law is given")
        guard, answers = self._desk(laws)
        if isinstance(what, Request):
            decision = guard.decide(what, at=at)
            paid = isinstance(decision, Counted) and decision.allowed
            used = _used(guard, what.subject, at, wrote=paid)
            if isinstance(what, Use):
                used = replace(used, counts=counts_after(decision))
            return answers.line(line_id, decision, used)
        degraded = guard.record(what, at=at).degraded
        return recorded_line(line_id, degraded, _used(guard, what.subject, at, wrote=True))


def _used(guard: Guard, who: Subject, at: datetime, *, wrote: bool) -> Usage:
    """What the person has used by now. If nobody knows, what was written is not granted."""
    try:
        return guard.usage(who, at=at)
    except StoreError:
        if wrote:
            raise OutcomeUnknown("counted, but what was used could not be read") from None
        raise
