"""The shell around the pure core: it alone waits, for a store.

``Guard`` and ``AsyncGuard`` are one thing written twice, with the same names and the same answers
(``test_parity``). What both share is in ``desk``, and all that decides is in ``core.step``.
"""

from minorguard.guard.aio import AsyncGuard
from minorguard.guard.desk import Recorded
from minorguard.guard.orders import Hold, OrderStatus
from minorguard.guard.sync import Guard

__all__ = ["AsyncGuard", "Guard", "Hold", "OrderStatus", "Recorded"]
