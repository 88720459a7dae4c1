"""Ending sessions on the second: the wheel, nine o'clock, and how often a server has to ask.

The calls and the peak are counted in a simulated evening, not timed: the same on every machine.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import date, datetime, timedelta
from itertools import pairwise
from timeit import Timer
from typing import TYPE_CHECKING, NamedTuple

from harness import Case, Row, Spread, case, interleave
from mixes import FRIDAY

from minorguard import ZONE, Play, Subject, Usage, law
from minorguard.core.decision import Decision
from minorguard.kicks import KickSchedule, Wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from minorguard import Law

ENTRIES = 200_000
ENTRY_ROUNDS = 12
ENDING, DEEP = 200_000, 1_000_000
"""Sessions that end at nine; ``--deep`` for the last."""

ENDING_ROUNDS = 7
PLAYERS = 4_000
LOGINS = 20_000
BEAT_S = 30

EIGHT = datetime(FRIDAY.year, FRIDAY.month, FRIDAY.day, 20, tzinfo=ZONE)
NINE = EIGHT + timedelta(hours=1)
QUOTA_DAY = datetime(2020, 6, 1, 20, tzinfo=ZONE)
"""A day of the edition of 2019: 90 minutes a day, so a lease is 120 s."""

USED = Usage()


class Kept(Decision):
    """A decision with its times read beforehand, so that filling a schedule takes no minute."""

    __slots__ = ("lease_until", "until", "warn_at")

    def __init__(self, seat: Decision) -> None:
        super().__init__(seat.segment, seat.request, seat.usage, seat.at)
        self.lease_until, self.until, self.warn_at = seat.lease_until, seat.until, seat.warn_at


class ToTheEnd(Decision):
    """A lease to the boundary, ``lease="boundary"``: nothing to renew before ``until``."""

    @property
    def lease_until(self) -> datetime | None:
        return self.until


def rows(*, deep: bool) -> Iterator[Row]:
    """All rows about ending sessions."""
    game = law("cn.game")
    yield from _entries()
    yield from _nine(game, DEEP if deep else ENDING)
    yield from _calls(game)
    yield from _peaks(game)


def _child(number: int) -> Play:
    born = date(2010, 1, 1) + timedelta(days=number % 2000)
    return Play(Subject(f"p{number}", born=born, identity="verified"), session=f"s-{number}")


# -- the wheel -----------------------------------------------------------------------------------


def _entries() -> Iterator[Row]:
    rng = random.Random(5)
    nine = int(NINE.timestamp())
    # Three in five play to nine, as in the storm; the others end at any second of the hour.
    ends = [nine if rng.random() < 0.6 else nine - rng.randrange(3600) for _ in range(ENTRIES)]
    inputs = [(end, f"s-{number}") for number, end in enumerate(ends)]
    loops: list[asyncio.AbstractEventLoop] = []

    def call_at() -> Callable[..., object]:
        while loops:
            loops.pop().close()
        loops.append(asyncio.new_event_loop())
        return loops[0].call_at

    def timed(name: str, statement: str, setup: str) -> Case:
        names = {"inputs": inputs, "Wheel": Wheel, "call_at": call_at, "settle": print}
        text = f"for a, b in inputs: {statement}"
        return Case(name, Timer(text, setup, globals=names), ENTRIES, loop="loop")

    rounds = interleave(
        [
            case("loop", "for a, b in inputs: pass", {"inputs": inputs}, calls=ENTRIES),
            timed("append", "put((a, b))", "put = [].append"),
            timed("wheel", "wheel[a].append(b)", "wheel = Wheel()"),
            timed("call_at", "call(a, settle, b)", "call = call_at()"),
        ],
        ENTRY_ROUNDS,
    )
    call_at()
    loops.pop().close()

    def row(what: str, over: str, under: str, goal: float | None, *, atleast: bool = False) -> Row:
        ratio, bound = rounds.ratio(over, under), ">=" if atleast else "<="
        return Row(
            group="kicks", what=what, value=ratio, goal=goal, bound=bound, ns=rounds.ns(over)
        )

    yield row("wheel entry / list append of (second, session)", "wheel", "append", 1.5)
    yield row("asyncio call_at / wheel entry", "call_at", "wheel", 12, atleast=True)


# -- nine o'clock --------------------------------------------------------------------------------


def _nine(game: Law, count: int) -> Iterator[Row]:
    requests = [_child(number) for number in range(count)]
    decide = game.plan.decide
    last = NINE - timedelta(seconds=50)  # every warning was given before
    seats = [(request.session, Kept(decide(request, USED, last))) for request in requests]

    def full() -> KickSchedule:
        schedule = KickSchedule()
        for session, seat in seats:
            schedule.put(session, seat)
        return schedule

    (batch,) = full().due(NINE)
    still = sum(map(bool, (decide(request, USED, NINE) for request in requests)))
    void = "" if len(batch.end) == count and not still else "not everybody ended at nine"
    names = {"call": decide, "inputs": requests, "used": USED, "nine": NINE}
    looped = "for a in inputs:"
    drain = Timer("schedule.due(nine)", "schedule = full()", globals={"full": full, "nine": NINE})
    fill = Timer(
        "for a, b in seats: put(a, b)",
        "from minorguard.kicks import KickSchedule; put = KickSchedule().put",
        globals={"seats": [(f"s-{n}", decide(_child(n), USED, EIGHT)) for n in range(10_000)]},
    )
    rounds = interleave(
        [
            case("loop", f"{looped} pass", names, calls=count),
            case(
                "decide",
                f"{looped}\n if call(a, used, nine): pass",
                names,
                calls=count,
                loop="loop",
            ),
            Case("drain", drain, count),
            Case("put", fill, 10_000),
        ],
        ENDING_ROUNDS,
    )
    yield Row(
        group="kicks",
        what=f"re-deciding / ending, {count:,} sessions at nine",
        value=rounds.ratio("decide", "drain"),
        goal=5,
        bound=">=",
        ns=rounds.ns("drain"),
        void=void,
    )
    yield Row(group="kicks", what="schedule.put(session, seat)", ns=rounds.ns("put"))


# -- an evening, counted -------------------------------------------------------------------------


class Evening(NamedTuple):
    """When one player logs in and is gone, in seconds since eight, and what happens between.

    Assumed, not observed: 45 in 100 quit early, after ten minutes in the mean; 3 in 100 crash
    and tell nobody; 3 in 10 change the device once. All others play to nine.
    """

    login_s: int
    gone_s: int
    switch_s: int | None
    crashed: bool


def _evenings() -> list[Evening]:
    rng = random.Random(6)
    return [_evening(rng) for _ in range(PLAYERS)]


def _evening(rng: random.Random) -> Evening:
    login_s = int(rng.expovariate(1 / 12))
    quits_s = login_s + 1 + int(rng.expovariate(1 / 600))
    gone_s = min(quits_s, 3600) if rng.random() < 0.45 else 3600
    crashed = rng.random() < 0.03
    if crashed:
        gone_s = rng.randrange(login_s + 1, gone_s + 1)
    switches = rng.random() < 0.3 and gone_s - login_s > 2
    return Evening(
        login_s, gone_s, rng.randrange(login_s + 1, gone_s) if switches else None, crashed
    )


def _fixed_calls(evenings: list[Evening]) -> int:
    """Logins, leaves (none by the crashed), and both at a change of device: the same for all."""
    return sum(1 + (not e.crashed) + 2 * (e.switch_s is not None) for e in evenings)


def _beats(evenings: list[Evening]) -> int:
    """Heartbeats: one each 30 s of every sitting."""
    total = 0
    for login_s, gone_s, switch_s, _ in evenings:
        cuts = [login_s, gone_s] if switch_s is None else [login_s, switch_s, gone_s]
        total += sum((b - a) // BEAT_S for a, b in pairwise(cuts))
    return total


def _renewals(game: Law, evenings: list[Evening], start: datetime, seat_of: type[Decision]) -> int:
    """Renewals that the schedule asks for, in an hour lived through second by second."""
    schedule, renewals, request = KickSchedule(), 0, _child(1)

    def seat(at: datetime) -> Decision:
        granted = game.plan.decide(request, USED, at)
        return seat_of(granted.segment, request, USED, at)

    sits: dict[int, list[str]] = {}
    leaves: dict[int, list[str]] = {}
    for number, (login_s, gone_s, switch_s, _) in enumerate(evenings):
        cuts = [login_s, gone_s] if switch_s is None else [login_s, switch_s, gone_s]
        for begin_s, end_s in pairwise(cuts):
            sits.setdefault(begin_s, []).append(f"s-{number}-{begin_s}")
            leaves.setdefault(end_s, []).append(f"s-{number}-{begin_s}")
    for second in range(3600):
        now = start + timedelta(seconds=second)
        for session in leaves.get(second, ()):
            schedule.drop(session)
        asked = [seat.session for batch in schedule.due(now) for seat in batch.renew]
        renewals += len(asked)
        present = [*asked, *sits.get(second, ())]
        if present:
            granted = Kept(seat(now))
            for session in present:
                schedule.put(session, granted)
    return renewals


def _counted(what: str, ratio: float, goal: float | None = None) -> Row:
    exact = Spread(ratio, ratio, ratio)
    return Row(group="kicks", what=what, value=exact, goal=goal, bound=">=")


def _calls(game: Law) -> Iterator[Row]:
    evenings = _evenings()
    fixed = _fixed_calls(evenings)
    beating = fixed + _beats(evenings)
    for name, start, seat_of, goal in (
        ("to the boundary", EIGHT, ToTheEnd, 25),
        ("of 900 s", EIGHT, Decision, None),
        ("of 120 s", QUOTA_DAY, Decision, None),
    ):
        leased = fixed + _renewals(game, evenings, start, seat_of)
        yield _counted(f"calls: 30-s heartbeats / leases {name}", beating / leased, goal)


def _peaks(game: Law) -> Iterator[Row]:
    rng = random.Random(8)
    logins = [int(rng.expovariate(1 / 12)) for _ in range(LOGINS)]
    peak = max(Counter(logins).values())  # without jitter, renewals repeat the logins
    for lease_s, start, goal in ((900, EIGHT, 4), (120, QUOTA_DAY, None)):
        schedule, seats = KickSchedule(), {}
        for number, second in enumerate(logins):
            if second not in seats:
                at = start + timedelta(seconds=second)
                seats[second] = Kept(game.plan.decide(_child(1), USED, at))
            schedule.put(f"s-{number}", seats[second])
        jittered = max(len(batch.renew) for batch in schedule.due(start + timedelta(hours=1)))
        what = f"renewals in a second, {lease_s}-s leases: plain / jittered"
        yield _counted(what, peak / jittered, goal)
