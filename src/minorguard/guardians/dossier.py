"""What a refund claim rests on: what was held, settled and refunded, when, and under which rules.

Each order is judged as of its own instant: by the law that was then in force for the person on the
books, and again for the minor who is said to have paid. So a clerk sees what should have been
answered, what was, and the article. Nothing here says who bears the loss: no rule in force does.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from minorguard.core.acts import Spend
from minorguard.core.calendar import local
from minorguard.core.policy import LawStamp
from minorguard.core.subject import FEN_MAX, Ages, want_int
from minorguard.errors import InvalidRequest, StoreUnavailable
from minorguard.guardians.bodies import instant, stamp
from minorguard.guardians.capacity import capacity_of
from minorguard.guardians.order_book import ORDER_STATES, ClaimedOrder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from minorguard.core.limits import Period
    from minorguard.core.subject import AgeReading, Subject
    from minorguard.guardians.bodies import Json
    from minorguard.guardians.capacity import Capacity
    from minorguard.guardians.order_book import Judge, OrderBook, OrderState, OrderStatus, Source

ORDERS_MAX = 200
"""Orders of one claim; more are more than one claim. Three dossiers of so many fit a record."""


class AppliedCap(NamedTuple):
    """A cap that governed: the rule, the period, the amount."""

    rule: str
    period: Period
    cap_fen: int


class Judgement(NamedTuple):
    """What the law said of one order to one person, taken alone.

    ``ages``: on the day of the order. ``capacity``: the weakest that these ages allow, unless a
    clerk knows better (own income, a court). ``allowed``: whether it would have passed had
    nothing else been spent. ``reasons``: code and rule. ``caps``: all that governed.
    """

    ages: Ages
    capacity: Capacity
    allowed: bool
    reasons: tuple[tuple[str, str], ...]
    caps: tuple[AppliedCap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFile:
    """One order of a claim: what became of it, and what the law said.

    ``as_registered``: to the person on the books. ``as_claimed``: to the minor who is said to have
    paid; ``None`` where nobody else is meant, or nothing is known of the order. ``asked``: whether
    ``at`` is when it was asked for; else it is when it was first heard of, and judged at that.
    """

    order: str = field(repr=False)
    on: str
    source: Source
    state: OrderState | None = None
    fen: int = 0
    at: datetime | None = None
    refunded_fen: int = 0
    late: bool = False
    asked: bool = True
    as_registered: Judgement | None = None
    as_claimed: Judgement | None = None

    @property
    def refundable_fen(self) -> int:
        """What was paid and has not gone back: the most that a decision can grant."""
        return max(0, self.fen - self.refunded_fen) if self.state == "settled" else 0


class RuleNote(NamedTuple):
    """A rule that a dossier names: how binding it is and which articles it obeys."""

    provenance: str
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """All orders of a claim as they stood at ``at``, and the law they were judged by.

    ``person``: on the books, and ``identity`` how surely. ``suspected``: the minor who is said to
    have paid, if that is somebody else. ``law``: id, revision, digest and readings, so that it can
    be judged again. ``rules``: those that some judgement names.
    """

    at: datetime
    person: str = field(repr=False)
    identity: str
    suspected: str | None = field(repr=False)
    orders: tuple[OrderFile, ...]
    law: tuple[LawStamp, ...]
    rules: Mapping[str, RuleNote]

    @property
    def refundable_fen(self) -> int:
        """What was paid and has not gone back, in all."""
        return sum(one.refundable_fen for one in self.orders)

    @property
    def complete(self) -> bool:
        """Whether somebody knows something of every order."""
        return all(one.source != "unknown" for one in self.orders)

    @property
    def over_caps(self) -> tuple[tuple[str, AppliedCap, int], ...]:
        """Caps that the claimed orders alone have passed: day or month, the cap, what was paid.

        Counted for the minor who is said to have paid, else for the person on the books; other
        orders of the same day come on top. Sorted.
        """
        sums: dict[tuple[str, AppliedCap], int] = {}
        for one in self.orders:
            judged = one.as_claimed or one.as_registered
            if judged is None or one.at is None or one.state != "settled":
                continue
            for cap in judged.caps:
                day = one.at.date().isoformat()
                period = {"single": f"{day} {one.order}", "daily": day, "monthly": day[:7]}
                key = period[cap.period], cap
                sums[key] = sums.get(key, 0) + one.fen
        over = ((day, cap, fen) for (day, cap), fen in sums.items() if fen > cap.cap_fen)
        return tuple((day.partition(" ")[0], cap, fen) for day, cap, fen in sorted(over))

    def by_day(self) -> dict[date, int]:
        """What was settled on each calendar day, in fen."""
        sums: dict[date, int] = {}
        for one in self.orders:
            if one.at is not None and one.state == "settled":
                sums[one.at.date()] = sums.get(one.at.date(), 0) + one.fen
        return dict(sorted(sums.items()))


def dossier(
    subject: Subject,
    orders: Iterable[ClaimedOrder | str],
    *,
    at: datetime,
    guard: OrderBook,
    law: Judge,
    suspected: Subject | None = None,
    reading: AgeReading = "day_after_birthday",
) -> Dossier:
    """What is known of some orders of a person, and what the law said of each.

    ``subject``: the person on the books, as they stood then. ``suspected``: the minor who is said
    to have paid on an adult's account. ``guard`` tells what became of an order; what it no longer
    remembers is taken from ``ClaimedOrder.paid``. ``law``: the law with its house rules; each
    order is judged under the edition of its own instant. ``reading``: the law's ``age_attainment``.

    No birth date is kept: the age on the day of each order is.
    """
    wanted = [ClaimedOrder(order=one) if isinstance(one, str) else one for one in orders]
    if not 1 <= len(wanted) <= ORDERS_MAX:
        raise InvalidRequest("claim.orders", f"want 1 to {ORDERS_MAX} orders")
    if len({one.order for one in wanted}) < len(wanted):
        raise InvalidRequest("claim.orders", "want each order once")
    clerk = _Clerk(law, reading, subject, suspected)
    files = tuple(clerk.file_of(one, guard.order(subject, one.order)) for one in wanted)
    return Dossier(
        at=local(at),
        person=subject.id,
        identity=subject.identity,
        suspected=None if suspected is None else suspected.id,
        orders=files,
        law=tuple(clerk.law),
        rules=dict(sorted(clerk.rules.items())),
    )


class _Clerk:
    """Judges orders one by one and remembers which law and rules it met."""

    def __init__(
        self, law: Judge, reading: AgeReading, subject: Subject, suspected: Subject | None
    ) -> None:
        self._judge = law
        self._reading: AgeReading = reading
        self._subject = subject
        # The claim says who it was: were the child's identity not taken for proved, the gate for
        # identities would answer alone, and the clerk would not see what the law says of a minor.
        self._suspected = None if suspected is None else replace(suspected, identity="verified")
        self.law: dict[LawStamp, None] = {}
        self.rules: dict[str, RuleNote] = {}

    def file_of(self, wanted: ClaimedOrder, known: OrderStatus | None) -> OrderFile:
        status = wanted.paid if known is None else known
        if status is None:
            return OrderFile(order=wanted.order, on=wanted.on, source="unknown")
        if status.state not in ORDER_STATES:
            raise InvalidRequest("claim.orders.state", f"want one of {', '.join(ORDER_STATES)}")
        want_int(status.fen, "claim.orders.fen", 0, FEN_MAX)
        want_int(status.refunded_fen, "claim.orders.refunded_fen", 0, FEN_MAX)
        at, suspected = local(status.at, "claim.orders.at"), self._suspected
        return OrderFile(
            order=wanted.order,
            on=wanted.on,
            source="ledger" if known is None else "guard",
            state=status.state,
            fen=status.fen,
            at=at,
            refunded_fen=status.refunded_fen,
            late=status.late,
            asked=status.asked,
            as_registered=self._judged(self._subject, wanted, status.fen, at),
            as_claimed=None
            if suspected is None
            else self._judged(suspected, wanted, status.fen, at),
        )

    def _judged(
        self, subject: Subject, wanted: ClaimedOrder, fen: int, at: datetime
    ) -> Judgement | None:
        if not fen:
            return None  # only its cancelling was heard of
        request = Spend(subject, fen=fen, on=wanted.on, purpose=wanted.purpose)
        said = self._judge.decide(request, at=at)
        self.law.update(dict.fromkeys(said.law))
        caps = said.segment.ruling.caps
        for rule in (*(finding.rule for finding in said.reasons), *(cap.rule for cap in caps)):
            head = rule.head
            self.rules[rule.id] = RuleNote(head.provenance, tuple(map(str, head.citations)))
        ages = subject.ages_on(at.toordinal(), self._reading)
        return Judgement(
            ages=ages,
            capacity=capacity_of(ages),
            allowed=said.allowed,
            reasons=tuple((finding.code, finding.rule.id) for finding in said.reasons),
            caps=tuple(AppliedCap(cap.rule.id, cap.period, cap.cap_fen) for cap in caps),
        )


# -- as it is kept -------------------------------------------------------------------------------


def to_json(one: Dossier) -> Json:
    """A dossier as a record keeps it."""
    return {
        "at": stamp(one.at),
        "person": one.person,
        "identity": one.identity,
        "suspected": one.suspected,
        "law": one.law,
        "rules": one.rules,
        "orders": [
            {
                "order": each.order,
                "on": each.on,
                "source": each.source,
                "state": each.state,
                "fen": each.fen,
                "at": each.at and stamp(each.at),
                "refunded_fen": each.refunded_fen,
                "late": each.late,
                "asked": each.asked,
                "as_registered": each.as_registered,
                "as_claimed": each.as_claimed,
            }
            for each in one.orders
        ],
    }


def from_json(content: Json) -> Dossier:
    """The dossier that a record kept."""
    try:
        return Dossier(
            at=instant(content["at"]),
            person=content["person"],
            identity=content["identity"],
            suspected=content["suspected"],
            orders=tuple(map(_order_file, content["orders"])),
            law=tuple(
                LawStamp(law_id, revision, digest, tuple((name, value) for name, value in readings))
                for law_id, revision, digest, readings in content["law"]
            ),
            rules={
                rule: RuleNote(provenance, tuple(citations))
                for rule, (provenance, citations) in content["rules"].items()
            },
        )
    except (KeyError, TypeError, ValueError):
        raise StoreUnavailable("a broken dossier") from None


def _order_file(content: Json) -> OrderFile:
    content = dict(content)
    for name in ("as_registered", "as_claimed"):
        content[name] = _judgement(content[name])
    content["at"] = content["at"] and instant(content["at"])
    return OrderFile(**content)


def _judgement(content: list[Any] | None) -> Judgement | None:
    if content is None:
        return None
    ages, capacity, allowed, reasons, caps = content
    return Judgement(
        Ages(*ages),
        capacity,
        allowed,
        tuple((code, rule) for code, rule in reasons),
        tuple(AppliedCap(*cap) for cap in caps),
    )
