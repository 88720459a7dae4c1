"""What the claims desk asks of the guard, of a ledger and of the law: three protocols and a row.

A ``Guard`` is an ``OrderBook`` and a ``Law`` is a ``Judge``; this layer knows neither by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, get_args

if TYPE_CHECKING:
    from datetime import datetime

    from minorguard.core.acts import Spend
    from minorguard.core.decision import Decision
    from minorguard.core.subject import Subject

OrderState = Literal["held", "settled", "cancelled"]
ORDER_STATES: tuple[OrderState, ...] = get_args(OrderState)

Source = Literal["guard", "ledger", "unknown"]
"""Whose word an order's facts are: the guard's, the platform's own books, or nobody's.

The guard remembers orders to the end of the next month; a claim often comes later.
"""


class OrderStatus(Protocol):
    """What is known of one order: what ``guard.order`` answers, or a row of a ledger."""

    @property
    def state(self) -> str:
        """``held``, ``settled`` or ``cancelled``."""
        ...

    @property
    def fen(self) -> int:
        """The amount; 0 where only its cancelling was heard of."""
        ...

    @property
    def at(self) -> datetime:
        """When it was asked for."""
        ...

    @property
    def refunded_fen(self) -> int:
        """How much of it went back in all."""
        ...

    @property
    def late(self) -> bool:
        """Whether it was settled after it had been cancelled."""
        ...

    @property
    def asked(self) -> bool:
        """Whether it was asked for: else ``at`` is when it was first heard of."""
        ...


class OrderBook(Protocol):
    """Whoever knows orders: a ``Guard``."""

    def order(self, subject: Subject, order: str, /) -> OrderStatus | None:
        """What became of an order of this person; ``None`` if it is not remembered."""
        ...


class Judge(Protocol):
    """Whoever says what a law answers at an instant: a ``Law``."""

    def decide(self, request: Spend, *, at: datetime) -> Decision:
        """The answer to one purchase at one instant, by somebody who had spent nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Paid:
    """One row of a platform's own ledger, for an order that the guard no longer remembers."""

    fen: int
    at: datetime
    state: OrderState = "settled"
    refunded_fen: int = 0
    late: bool = False
    asked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedOrder:
    """One order that somebody wants the money of back, and what it was: as in ``Spend``.

    ``paid``: the row of the platform's own ledger, for the case that the guard knows nothing.
    """

    order: str = field(repr=False)
    on: Literal["purchase", "tip"] = "purchase"
    purpose: Literal["tipping", "other"] | None = None
    paid: Paid | None = None
