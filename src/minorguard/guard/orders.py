"""Orders as they are kept: what is held, and what became of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.ruling import instant_of
from minorguard.guard.desk import MONEY, Moved, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from minorguard.core.money import Purse
    from minorguard.core.subject import Subject
    from minorguard.stores.protocol import Found

STATES = ("held", "settled", "cancelled")


class Hold(NamedTuple):
    """Money held for an order whose payment nobody has reported on yet."""

    person: str
    order: str
    fen: int
    at: datetime


class OrderStatus(NamedTuple):
    """What is kept of one order: what became of it, for how much and when it was asked for.

    ``state``: ``held``, ``settled`` or ``cancelled``. ``refunded_fen``: what went back so far.
    ``late``: paid after it had been cancelled. ``asked``: whether it was ever held here.
    """

    order: str
    state: str
    fen: int
    at: datetime
    refunded_fen: int
    late: bool
    asked: bool


def order_of(purse: Purse, subject: Subject, order: str) -> OrderStatus | None:
    """What is kept of an order of this person."""
    one = purse.order(purse.name_of(order, subject.id))
    if one is None:
        return None
    at, state = instant_of(one.at), STATES[one.state]
    return OrderStatus(order, state, one.fen, at, one.refunded_fen, one.late, one.asked)


def holds_of(key: str, found: Found | None) -> Iterator[Hold]:
    """The holds of one person's money document."""
    person = key.rpartition("/")[2]
    try:
        _, purse = read(MONEY, found)
    except Moved:
        return  # they are listed where they are now
    for order in purse.holds:
        yield Hold(person, order.id, order.fen, instant_of(order.at))
