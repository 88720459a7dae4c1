"""Two accounts that turn out to be one natural person: their documents as one.

Nothing is lost, and merging the same two again changes nothing, so a merge that was cut short is
simply done again.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from minorguard.core import money, time
from minorguard.core.hours import DAY_S, hours_of
from minorguard.core.recorded import Recorded, later

if TYPE_CHECKING:
    from minorguard.core.money import Order, Purse
    from minorguard.core.time import Playtime, Sitting


def playtimes(one: Playtime, other: Playtime, person: str = "") -> Playtime:
    """The play time of both: the union of what they paid for."""
    del person  # who paid for a second makes no difference
    sittings = {sitting.name: sitting for sitting in one.sittings}
    for sitting in other.sittings:
        known = sittings.get(sitting.name)
        sittings[sitting.name] = sitting if known is None else _joined(known, sitting)
    ended = (name for name in (*other.ended, *one.ended) if name not in sittings)
    return time.tidy(
        time.Playtime(
            max(one.mark, other.mark),
            tuple(sittings.values()),
            hours_of((*one.charged, *other.charged)),
            tuple(dict.fromkeys(ended)),
        )
    )


def _joined(one: Sitting, other: Sitting) -> Sitting:
    """Two sessions of one name: open for as long as either is."""
    left = None if one.left is None or other.left is None else max(one.left, other.left)
    return time.Sitting(one.name, hours_of((*one.spans, *other.spans)), left)


def purses(one: Purse, other: Purse, person: str) -> Purse:
    """The money of both. ``person`` is the one that ``other`` belonged to.

    An order of one id that both had asked for is two orders.
    """
    orders = {order.name: order for order in one.orders}
    for order in (*other.orders, *_sums(other, person)):
        known = orders.get(order.name)
        if known is None or _same(known, order):
            orders[order.name] = order if known is None else max(known, order, key=_progress)
        else:
            theirs = order._replace(name=_name(person, order.name))
            orders[theirs.name] = max(orders.get(theirs.name, theirs), theirs, key=_progress)
    return money.tidy(money.Purse(max(one.mark, other.mark), tuple(orders.values()), one.summed))


def _same(one: Order, other: Order) -> bool:
    return (one.fen, one.at, one.asked) == (other.fen, other.at, other.asked)


def _progress(order: Order) -> tuple[int, int]:
    """How far an order has come: what is settled stays so, what is refunded too."""
    return (order.state == money.SETTLED) * 2 + (order.state == money.CANCELLED), order.refunded_fen


def _sums(purse: Purse, person: str) -> tuple[Order, ...]:
    """What was spent on orders long forgotten, as one order a day."""
    return tuple(
        money.Order(
            _name(person, day.to_bytes(4, "big")), money.SETTLED, fen, day * DAY_S, asked=False
        )
        for day, fen in purse.summed
    )


def _name(person: str, rest: bytes) -> bytes:
    return blake2b(person.encode() + b"/" + rest, digest_size=16).digest()


def recorded(one: Recorded, other: Recorded, person: str = "") -> Recorded:
    """What was told of both: of each the latest, of two at one instant the protective one."""
    del person  # nor does it whom it was told of
    said = dict(one.said)
    for name, new in other.said:
        said[name] = later(name, said.get(name), new)
    return Recorded(tuple(sorted(said.items())))
