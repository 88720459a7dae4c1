"""Two accounts that turn out to be one natural person: their documents as one.

Nothing is lost, and merging the same two again changes nothing, so a merge that was cut short is
simply done again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minorguard.core import money, time
from minorguard.core.hours import DAY_S, hours_of
from minorguard.core.recorded import SAYINGS_MAX, Recorded, joined, mode_told

if TYPE_CHECKING:
    from minorguard.core.money import Order, Purse
    from minorguard.core.ruling import Stamp
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
            _latest(one.reminded, other.reminded),
            mode_told(one.modes, *other.modes, kept=SAYINGS_MAX),
        )
    )


def _latest(one: Stamp | None, other: Stamp | None) -> Stamp | None:
    return max((at for at in (one, other) if at is not None), default=None)


def _joined(one: Sitting, other: Sitting) -> Sitting:
    """Two sessions of one name: open for as long as either is."""
    left = None if one.left is None or other.left is None else max(one.left, other.left)
    return time.Sitting(one.name, hours_of((*one.spans, *other.spans)), left)


def purses(one: Purse, other: Purse, person: str) -> Purse:
    """The money of both. ``person`` is the account that ``other`` belonged to.

    An order of one id that both accounts had asked for is two orders.
    """
    origin = money.origin_of(person)
    orders = {order.name: order for order in one.orders}
    for order in (*other.orders, *_sums(other)):
        theirs = order if order.origin else order._replace(origin=origin)
        known = orders.get(theirs.name)
        if known is not None and known.origin != theirs.origin:
            theirs = theirs._replace(name=money.merged_name(theirs.name, theirs.origin))
            known = orders.get(theirs.name)
        orders[theirs.name] = theirs if known is None else max(known, theirs, key=_progress)
    return money.tidy(money.Purse(max(one.mark, other.mark), tuple(orders.values()), one.summed))


def _progress(order: Order) -> tuple[int, int]:
    """How far an order has come: what is settled stays so, what is refunded too."""
    return (order.state == money.SETTLED) * 2 + (order.state == money.CANCELLED), order.refunded_fen


def _sums(purse: Purse) -> tuple[Order, ...]:
    """What was spent on orders long forgotten, as one order a day."""
    return tuple(
        money.Order(money.order_name(f"sum of {day}"), money.SETTLED, fen, day * DAY_S, asked=False)
        for day, fen in purse.summed
    )


def recorded(one: Recorded, other: Recorded, person: str = "") -> Recorded:
    """What was told of both: of each the latest, of two at one instant the protective one."""
    del person  # nor does it whom it was told of
    return joined(one, other)
