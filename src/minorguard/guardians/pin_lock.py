"""How often a PIN may be tried: the whole schedule as arithmetic, without a PIN in sight.

Five tries are free; then one waits 1, 5, 15, 60 and from then on 240 minutes; never more than ten
in any 24 hours; after a hundred wrong ones in a row none at all, until the PIN is reset through
another channel. A try is counted before anybody looks whether it was right, so whoever kills the
server in between has used it up.

**The bound.** Who does not know the PIN gets at most 10 guesses a day and 100 in all: of the
10⁶ PINs of six digits one in 10 000. A guardian who comes in between starts the hundred anew but
not the day: then it is 10 a day, 3650 a year, 0.37 %; ``Lock.tries`` tells the guardian of them.
Trying all 10⁶ at 10 a day would take 273 years. The numbers are choices of design; NIST SP 800-63B
asks for no more than 100 failures in a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from minorguard.guardians.changes import Second

FREE_TRIES = 5
WAITS_S = (60, 5 * 60, 15 * 60, 60 * 60, 240 * 60)
"""How long to wait after the fifth wrong try, the sixth, and so on; the last one for ever after."""

DAY_S = 24 * 3600
TRIES_A_DAY = 10
TRIES_MAX = 100

Access = Literal["open", "locked", "stopped"]


class Lock(NamedTuple):
    """The tries so far.

    ``counted``: all there ever were; ``cleared``: how many when the last right one was made;
    ``recent``: the seconds of the last ten, in order.
    """

    counted: int = 0
    cleared: int = 0
    recent: tuple[Second, ...] = ()

    @property
    def tries(self) -> int:
        """Wrong tries in a row, those that nobody has judged yet among them."""
        return self.counted - self.cleared


def wait_after(tries: int) -> Second:
    """How long to wait after that many wrong tries in a row."""
    if tries < FREE_TRIES:
        return 0
    return WAITS_S[min(tries - FREE_TRIES, len(WAITS_S) - 1)]


def opens_at(lock: Lock) -> Second | None:
    """From when the next try is allowed; ``None``: never again."""
    if lock.tries >= TRIES_MAX:
        return None
    if not lock.recent:
        return 0
    opens = lock.recent[-1] + wait_after(lock.tries)
    if len(lock.recent) >= TRIES_A_DAY:
        opens = max(opens, lock.recent[-TRIES_A_DAY] + DAY_S)
    return opens


def access(lock: Lock, at: Second) -> Access:
    """Whether a try is allowed at that second. A clock that was set back opens nothing."""
    opens = opens_at(lock)
    if opens is None:
        return "stopped"
    return "open" if at >= opens and (not lock.recent or at >= lock.recent[-1]) else "locked"


def tried(lock: Lock, at: Second) -> Lock:
    """The lock after one more try, whatever comes of it."""
    last = max(at, lock.recent[-1]) if lock.recent else at
    return Lock(lock.counted + 1, lock.cleared, (*lock.recent, last)[-TRIES_A_DAY:])


def right(lock: Lock, number: int) -> Lock:
    """The lock after the try of that number turned out right: later ones still count.

    The right try itself was no guess, so it does not count in its day; the wrong ones before it
    do.
    """
    later = lock.counted - number
    place = len(lock.recent) - 1 - later
    recent = lock.recent
    if 0 <= place < len(recent):
        recent = (*recent[:place], *recent[place + 1 :])
    return Lock(lock.counted, max(lock.cleared, number), recent)
