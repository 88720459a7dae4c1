"""Money of one person: every order once, held before it is paid, counted on the day it was asked.

The laws of this module, each a theorem of ``tests/test_money.py``:

- An order counts once, whatever is repeated; with another amount it is refused.
- What is held counts like what is settled; cancelling gives it back, a refund does not.
- A day or a month that was left is never opened again.

An order: held -> settled | cancelled; cancelled -> settled counts again; settled is final.
Amounts are in fen, instants local seconds. Source: 未成年人网络保护条例 art. 44.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.hours import DAY_S
from minorguard.core.packing import Packer, Reader
from minorguard.errors import InvalidRequest, StoreUnavailable

if TYPE_CHECKING:
    from minorguard.core.ruling import Stamp

ORDERS_MAX = 512
"""Orders of one month that are remembered one by one; of older ones only the sum."""

HELD, SETTLED, CANCELLED = 0, 1, 2


class Order(NamedTuple):
    """One order. ``fen`` is 0 where only its cancelling was heard of.

    ``at``: when it was asked for, or where that is not known when it was first heard of; ``asked``
    tells which. ``day_fen`` and ``month_fen``: what was spent before it. ``refunded_fen``: how
    much of it went back in all. ``id``: its name in clear for as long as it is held, so that
    somebody can ask the payment service what became of it. ``late``: settled after it had been
    cancelled. ``origin``: the account it was asked for on, where that was another one.
    """

    name: bytes
    state: int
    fen: int
    at: Stamp
    asked: bool = True
    day_fen: int = 0
    month_fen: int = 0
    refunded_fen: int = 0
    id: str = ""
    late: bool = False
    origin: bytes = b""


class Purse(NamedTuple):
    """The *money* document. ``mark`` is the latest instant of any hold.

    ``summed``: day (an ordinal) and fen of orders that are no longer remembered one by one.
    """

    mark: Stamp = 0
    orders: tuple[Order, ...] = ()
    summed: tuple[tuple[int, int], ...] = ()

    def order(self, name: bytes) -> Order | None:
        """The order of that name, if it is remembered."""
        return next((one for one in self.orders if one.name == name), None)

    def name_of(self, order: str, person: str) -> bytes:
        """The name of an order of this person, who may be another account that was merged."""
        name = order_name(order)
        if any(one.origin for one in self.orders):
            theirs = merged_name(name, origin_of(person))
            if self.order(theirs) is not None:
                return theirs
        return name

    @property
    def holds(self) -> tuple[Order, ...]:
        """The orders that are neither settled nor cancelled yet, the oldest first."""
        return tuple(sorted((one for one in self.orders if one.state == HELD), key=_forgettable))


NO_MONEY = Purse()


def order_name(order: str) -> bytes:
    """What the document keeps of an order's id once it is done: sixteen bytes."""
    return blake2b(order.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def origin_of(person: str) -> bytes:
    """What an order keeps of the account that it came from."""
    return blake2b(person.encode(), digest_size=8).digest()


def merged_name(name: bytes, origin: bytes) -> bytes:
    """The name of an order whose own name another account had used already."""
    return blake2b(name + origin, digest_size=16).digest()


class Spent(NamedTuple):
    """What counts: of a day, of its month, and what is held in all."""

    day_fen: int
    month_fen: int
    held_fen: int


def spent(purse: Purse, at: Stamp, *, refunds: bool) -> Spent:
    """What counts at an instant. ``refunds``: whether what went back may be spent again."""
    day = at // DAY_S
    first, after = month_of(day)
    day_fen = month_fen = held_fen = 0
    counted = [(one.at // DAY_S, _counted(one, refunds=refunds)) for one in purse.orders]
    for on, fen in (*counted, *purse.summed):
        if first <= on < after:
            month_fen += fen
            if on == day:
                day_fen += fen
    for one in purse.orders:
        if one.state == HELD:
            held_fen += one.fen
    return Spent(day_fen, month_fen, held_fen)


def _counted(one: Order, *, refunds: bool) -> int:
    if one.state == CANCELLED:
        return 0
    return one.fen - one.refunded_fen if refunds else one.fen


# -- what happens --------------------------------------------------------------------------------


def held(purse: Purse, order: Order) -> Purse:
    """The document after an order was allowed: new, or known only from its settlement."""
    others = tuple(one for one in purse.orders if one.name != order.name)
    return tidy(Purse(max(purse.mark, order.at), (*others, order), purse.summed))


def settled(purse: Purse, name: bytes, fen: int | None, at: Stamp) -> tuple[Purse, bool]:
    """The document after a payment went through, and whether it had been cancelled before.

    Told again, the answer is the same.
    """
    one = purse.order(name)
    if fen is None and (one is None or not one.fen):
        raise InvalidRequest("fact.fen", "is required for an order that was never held")
    if one is None:
        return _with(purse, Order(name, SETTLED, fen or 0, at, asked=False)), False
    if fen is not None and one.fen and fen != one.fen:
        raise InvalidRequest("fact.fen", "want the amount of the order")
    if one.state == SETTLED:
        return purse, one.late
    late = one.state == CANCELLED
    paid = one._replace(state=SETTLED, fen=one.fen or fen or 0, id="", late=late)
    return _with(purse, paid), late


def cancelled(purse: Purse, name: bytes, at: Stamp) -> Purse:
    """The document after a payment did not happen. A settled order stays settled."""
    one = purse.order(name)
    if one is None:
        return _with(purse, Order(name, CANCELLED, 0, at, asked=False))
    return _with(purse, one._replace(state=CANCELLED, id="")) if one.state == HELD else purse


def refunded(purse: Purse, name: bytes, fen: int) -> Purse:
    """The document after money went back; ``fen`` is the total so far, and only ever grows."""
    one = purse.order(name)
    if one is None or one.state != SETTLED:
        raise InvalidRequest("fact.order", "want a settled order")
    if fen > one.fen:
        raise InvalidRequest("fact.fen", "want no more than was settled")
    return _with(purse, one._replace(refunded_fen=max(fen, one.refunded_fen)))


def _with(purse: Purse, order: Order) -> Purse:
    if any(one.name == order.name for one in purse.orders):
        orders = tuple(order if one.name == order.name else one for one in purse.orders)
        return purse._replace(orders=orders)
    return tidy(purse._replace(orders=(*purse.orders, order)))


# -- bounds --------------------------------------------------------------------------------------


def month_of(day: int) -> tuple[int, int]:
    """The calendar month of a day (an ordinal): its first day, and the first of the next."""
    on = date.fromordinal(max(day, 1))
    first = day - on.day + 1
    return first, first + monthrange(on.year, on.month)[1]


def tidy(purse: Purse) -> Purse:
    """Forget what is over: orders two months ago, and the oldest of a month that has too many.

    What is forgotten within a month still counts; its name alone is gone.
    """
    this_month, _ = month_of(purse.mark // DAY_S)
    since, _ = month_of(this_month - 1)
    orders = [one for one in purse.orders if one.at // DAY_S >= since]
    summed = {day: fen for day, fen in purse.summed if day >= since}
    if len(orders) > ORDERS_MAX:
        first, after = month_of(orders[-1].at // DAY_S)
        same = [one for one in orders if first <= one.at // DAY_S < after]
        for one in sorted(same, key=_forgettable)[: max(0, len(same) - ORDERS_MAX)]:
            day = one.at // DAY_S
            summed[day] = summed.get(day, 0) + _counted(one, refunds=False)
            orders.remove(one)
    return Purse(purse.mark, tuple(orders), tuple(sorted(summed.items())))


def _forgettable(one: Order) -> tuple[bool, Stamp]:
    return one.state == HELD, one.at


# -- bytes ---------------------------------------------------------------------------------------

SCHEMA = 1
"""The first byte of a document. An older one is still read; a newer one is not guessed at."""


def to_bytes(purse: Purse) -> bytes:
    """The document as a store keeps it: some thirty bytes an order."""
    out = Packer()
    out.ints(SCHEMA, purse.mark, len(purse.orders))
    for one in purse.orders:
        out.block(one.name)
        out.ints(one.state | one.asked << 2 | one.late << 3, one.fen, one.at)
        out.ints(one.day_fen, one.month_fen, one.refunded_fen)
        out.block(one.id.encode("utf-8", "surrogatepass"))
        out.block(one.origin)
    out.ints(len(purse.summed), *(number for pair in purse.summed for number in pair))
    return out.body


def from_bytes(body: bytes) -> Purse:
    """The document from its bytes. ``StoreUnavailable`` if they are no such document."""
    read = Reader(body, "money")
    if read.int() != SCHEMA:
        raise StoreUnavailable("a money document of another version")
    mark, count = read.int(), read.int()
    orders = tuple(_order(read) for _ in range(count))
    summed = tuple((read.int(), read.int()) for _ in range(read.int()))
    read.end()
    return Purse(mark, orders, summed)


def _order(read: Reader) -> Order:
    name, flags, fen, at = read.block(), read.int(), read.int(), read.int()
    asked, late = bool(flags & 4), bool(flags & 8)
    spent = (read.int(), read.int(), read.int())
    return Order(name, flags & 3, fen, at, asked, *spent, read.text(), late, read.block())
