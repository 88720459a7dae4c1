"""However many threads ask at once, the answers are those of somebody who asked one by one.

The two sequential specifications here are written from the design, with sets of seconds and plain
dictionaries, and share nothing with the code that counts.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from functools import partial
from itertools import count, permutations
from math import inf
from random import Random
from threading import Barrier
from typing import NamedTuple

import pytest

from linearizable import UNKNOWN, Call, Recorder, linearizable, parts_of
from minorguard import (
    ZONE,
    Cancelled,
    Contention,
    Guard,
    GuardianSettings,
    InvalidRequest,
    Left,
    OutcomeUnknown,
    Play,
    Refunded,
    Settled,
    Spend,
    StoreUnavailable,
    Subject,
    law,
    stores,
)
from minorguard.stores.memory import MemoryStore
from minorguard.testing import FlakyStore
from storekit import SHARED, STORES

GAME = law("cn.game")
EIGHT_PM = datetime(2026, 11, 20, 20, tzinfo=ZONE)  # a Friday

# -- the checker itself --------------------------------------------------------------------------


def register(state, ask):
    """One cell that is written and read."""
    return [(None, ask[1])] if ask[0] == "write" else [(state, state)]


def counter(state, ask):
    """A number that everybody takes one more than the last of."""
    del ask
    return [(state, state + 1)]


def history(*calls):
    return [Call("x", called, returned, ask, answer) for called, returned, ask, answer in calls]


W1, W2, READ = ("write", 1), ("write", 2), ("read",)

GOOD = {
    "nothing at all": history(),
    "one after the other": history((0, 1, W1, None), (2, 3, READ, 1)),
    "a read during a write sees the old": history((0, 3, W1, None), (1, 2, READ, 0)),
    "a read during a write sees the new": history((0, 3, W1, None), (1, 2, READ, 1)),
    "two writes at once, the later made one first": history(
        (0, 3, W1, None), (1, 2, W2, None), (4, 5, READ, 1)
    ),
    "Herlihy and Wing's reads that pass each other": history(
        (0, 9, W1, None), (1, 2, READ, 0), (3, 4, READ, 1), (5, 6, READ, 1)
    ),
    "a write of unknown outcome that was done": history((0, inf, W1, UNKNOWN), (2, 3, READ, 1)),
    "a write of unknown outcome that was not": history((0, inf, W1, UNKNOWN), (2, 3, READ, 0)),
    "a write of unknown outcome that was done late": history(
        (0, inf, W1, UNKNOWN), (2, 3, READ, 0), (4, 5, READ, 1)
    ),
}
BAD = {
    "a read of what nobody wrote": history((0, 1, W1, None), (2, 3, READ, 2)),
    "a read of what was overwritten": history((0, 1, W1, None), (2, 3, W2, None), (4, 5, READ, 1)),
    "a read before the write": history((0, 1, READ, 1), (2, 3, W1, None)),
    "new, then old": history((0, 9, W1, None), (1, 2, READ, 1), (3, 4, READ, 0)),
    "a write that came and went": history((0, inf, W1, UNKNOWN), (2, 3, READ, 1), (4, 5, READ, 0)),
    "two readers who saw two orders": history(
        (0, 1, W1, None), (0, 1, W2, None), (2, 3, READ, 1), (4, 5, READ, 2)
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_the_checker_accepts(name):
    assert linearizable(GOOD[name], 0, register)


@pytest.mark.parametrize("name", BAD)
def test_the_checker_refuses(name):
    assert not linearizable(BAD[name], 0, register)


def by_all_orders(calls, initial, step):
    """The definition: some order of all calls that no two calls apart in time contradict."""
    for order in permutations(calls):
        if any(
            later.returned < earlier.called
            for n, earlier in enumerate(order)
            for later in order[n + 1 :]
        ):
            continue
        states = {initial}
        for call in order:
            states = {
                after
                for state in states
                for answer, after in step(state, call.ask)
                if answer == call.answer
            }
        if states:
            return True
    return False


def test_the_checker_says_what_the_definition_says():
    chance = Random(7)
    verdicts = []
    for _ in range(600):
        times = list(range(10))
        chance.shuffle(times)
        calls = [
            Call("x", *sorted(times[2 * n : 2 * n + 2]), ask, answer)
            for n in range(5)
            for ask, answer in [
                chance.choice([(W1, None), (W2, None), *((READ, seen) for seen in (0, 1, 2))])
            ]
        ]
        verdicts.append(linearizable(calls, 0, register))
        assert verdicts[-1] == by_all_orders(calls, 0, register)
    assert 100 < sum(verdicts) < 500


def test_the_checker_ends_where_all_calls_overlap():
    together = [Call("x", n, 100 + n, ("take",), n) for n in range(40)]
    assert linearizable(together, 0, counter)
    twice = [*together, Call("x", 40, 140, ("take",), 7)]
    assert not linearizable(twice, 0, counter)


# -- money, one by one ---------------------------------------------------------------------------

SINGLE, DAILY, MONTHLY = 5_000, 12_000, 20_000


class Order(NamedTuple):
    """What a book-keeper would write down of one order."""

    state: str
    fen: int
    asked: bool
    before: int
    refunded: int = 0
    late: bool = False


def spent(orders):
    return sum(order.fen for order in orders.values() if order.state != "cancelled")


def purchase(orders, name, fen):
    """Answer and orders after: the caps are those of the whole day, which is one here."""
    one = orders.get(name)
    if one and (one.state == "cancelled" or one.fen != fen):
        return ("order_conflict",), orders
    if one and one.asked:
        return left_after(one.before), orders
    before = spent({other: o for other, o in orders.items() if other != name})
    codes = [
        code
        for code, cap, used in (
            ("daily_cap_exceeded", DAILY, before),
            ("monthly_cap_exceeded", MONTHLY, before),
            ("single_cap_exceeded", SINGLE, 0),
        )
        if fen > cap - used
    ]
    if codes:
        return tuple(sorted(codes)), orders
    order = one._replace(asked=True, before=before) if one else Order("held", fen, True, before)
    return left_after(before), {**orders, name: order}


def left_after(before):
    return "allowed", max(0, min(SINGLE, DAILY - before, MONTHLY - before))


def settle(orders, name, fen):
    one = orders.get(name, Order("new", 0, asked=False, before=0))
    if (fen is None and not one.fen) or (one.fen and fen not in (None, one.fen)):
        return "invalid", orders
    if one.state != "settled":
        late = one.state == "cancelled"
        one = one._replace(state="settled", fen=one.fen or fen, late=late)
    return ("late_settlement",) if one.late else (), {**orders, name: one}


def cancel(orders, name):
    one = orders.get(name, Order("held", 0, False, 0))
    if one.state == "held":
        return (), {**orders, name: one._replace(state="cancelled")}
    return (), orders


def refund(orders, name, fen):
    one = orders.get(name)
    if one is None or one.state != "settled" or fen > one.fen:
        return "invalid", orders
    return (), {**orders, name: one._replace(refunded=max(fen, one.refunded))}


def read_spent(orders):
    held = sum(order.fen for order in orders.values() if order.state == "held")
    return (spent(orders), held), orders


MONEY_DOES = {
    "purchase": purchase,
    "settle": settle,
    "cancel": cancel,
    "refund": refund,
    "spent": read_spent,
}


def money_step(state, ask, *, twice=False):
    """``twice``: it may be written, its outcome be unknown inside, and be answered anew."""
    does, *values = ask
    answer, after = MONEY_DOES[does](dict(state), *values)
    once = answer, frozenset(after.items())
    return [once, *money_step(once[1], ask)] if twice else [once]


NO_ORDERS = frozenset()

# -- time, one by one ----------------------------------------------------------------------------

NEVER = 10**6
CLOSES_S = 3_600
QUOTA_S = 600


class Evening(NamedTuple):
    """What was paid by each session, as bits of the seconds after eight, and who has left when."""

    mark: int = -NEVER
    paid: tuple = ()
    left: tuple = ()


def bits(start, end):
    return (1 << end) - (1 << start) if end > start else 0


def all_paid(evening):
    paid = 0
    for _, seconds in evening.paid:
        paid |= seconds
    return paid


def login(evening, name, at, *, quota):
    """The design's words: paid leases, a closed session stays closed, the union is charged."""
    paid, left, everything = dict(evening.paid), dict(evening.left), all_paid(evening)
    now = max(at, evening.mark)
    played = (everything & bits(0, now)).bit_count()
    if quota and played >= QUOTA_S:
        return "quota_exhausted", evening
    if at >= left.get(name, NEVER):
        return "session_ended", evening
    still_open = [one for one in paid if paid[one] and now < left.get(one, NEVER)]
    if name not in paid and name not in left and len(still_open) >= 16:
        return "too_many_sessions", evening
    left_s = min(CLOSES_S - at, QUOTA_S - played if quota else NEVER)
    until = min(at + min(left_s, 120 if quota else 900), left.get(name, NEVER))
    if quota and at < evening.mark:
        while (bits(at, until) & ~everything).bit_count() > QUOTA_S - everything.bit_count():
            until -= 1
        if until == at:
            return "quota_exhausted", evening
    paid[name] = paid.get(name, 0) | bits(at, until)
    return ("allowed", until), Evening(now, tuple(sorted(paid.items())), evening.left)


def leave(evening, name, at):
    paid, left = dict(evening.paid), dict(evening.left)
    left[name] = min(at, left.get(name, NEVER))
    paid[name] = paid.get(name, 0) & bits(0, left[name])
    mark = max(evening.mark, at)
    return (), Evening(mark, tuple(sorted(paid.items())), tuple(sorted(left.items())))


def time_step(state, ask, *, quota, twice=False):
    """``twice``: as above; a login that was paid may be answered by what it has left."""
    does, *values = ask
    if does == "leave":
        return [leave(state, *values)]
    answer, after = login(state, *values, quota=quota)
    return [(answer, after), login(after, *values, quota=quota)] if twice else [(answer, after)]


# -- histories -----------------------------------------------------------------------------------

THREADS = 4
CALLS = 16


class Person(NamedTuple):
    """Somebody in one history."""

    id: str
    quota: bool

    @property
    def subject(self):
        limits = GuardianSettings(
            daily_fen=DAILY, daily_minutes=QUOTA_S // 60 if self.quota else None
        )
        return Subject(self.id, born=date(2014, 5, 1), identity="verified", guardian=limits)


def money_asks(chance, person):
    """What a thread may ask about money: few orders, so that they meet."""
    order = f"o{chance.randrange(6)}"
    fen = 100 * Random(order).randrange(20, 50)
    if chance.random() < 0.1:
        fen += 100
    does = chance.choice(["purchase"] * 5 + ["settle", "settle", "cancel", "refund", "spent"])
    values = {
        "purchase": (order, fen),
        "settle": (order, chance.choice([None, fen])),
        "cancel": (order,),
        "refund": (order, fen),
        "spent": (),
    }[does]
    return ("money", person), (does, *values)


def time_asks(chance, person):
    """What a thread may ask about time: all within two minutes, in no order."""
    session, at = f"s{chance.randrange(5)}", chance.randrange(600, 700)
    if chance.random() < 0.35:
        return ("time", person), ("leave", session, at)
    return ("time", person), ("login", session, at)


def answered(guard, person, ask, at=EIGHT_PM):
    """What the guard says, in the words of the specifications."""
    does, *values = ask
    if does in ("login", "leave"):
        return answered_time(guard, person.subject, does, *values)
    return answered_money(guard, person.subject, at, does, *values)


def answered_time(guard, subject, does, session, second):
    at = EIGHT_PM + timedelta(seconds=second)
    if does == "leave":
        return guard.record(Left(subject, session=session), at=at).degraded
    decision = guard.decide(Play(subject, session=session), at=at)
    if decision:
        return "allowed", int((decision.lease_until - EIGHT_PM).total_seconds())
    return decision.reasons[0].code


def answered_money(guard, subject, at, does, order=None, *fen):
    if does == "spent":
        usage = guard.usage(subject, at=at)
        return usage.spent_today_fen, usage.held_fen
    if does == "purchase":
        decision = guard.decide(Spend(subject, fen=fen[0], order=order), at=at)
        if decision:
            return "allowed", decision.remaining_fen
        return tuple(sorted(reason.code for reason in decision.reasons))
    fact = {"settle": Settled, "cancel": Cancelled, "refund": Refunded}[does]
    named = {"fen": fen[0]} if fen else {}
    try:
        return guard.record(fact(subject, order, **named), at=at).degraded
    except InvalidRequest:
        return "invalid"


def one_call(guard, recorder, part, ask, at):
    called = recorder.now()
    try:
        answer = answered(guard, part[1], ask, at)
    except OutcomeUnknown:
        answer = UNKNOWN
    except (Contention, StoreUnavailable):
        return  # nothing was changed: the others must have an order without it
    recorder.note(part, called, ask, answer)


def record_history(guards, people, seed, threads, calls=CALLS):
    """The calls of a few threads that begin together."""
    recorder, barrier = Recorder(), Barrier(THREADS)

    def work(number):
        chance = Random(f"{seed} {number}")
        asks = [
            chance.choice((money_asks, time_asks))(chance, chance.choice(people))
            for _ in range(calls // THREADS)
        ]
        barrier.wait()
        for n, (part, ask) in enumerate(asks):
            # A second of its own for each, in no order, as several servers would have it.
            at = EIGHT_PM + timedelta(seconds=(n * THREADS + number) * 7 % 100)
            one_call(guards[number % len(guards)], recorder, part, ask, at)

    list(threads.map(work, range(THREADS)))
    return recorder.history


def explained(part, calls, *, flaky=False, evening=None):
    kind, person = part
    if kind == "money":
        return linearizable(calls, NO_ORDERS, partial(money_step, twice=flaky))
    step = partial(time_step, quota=person.quota, twice=flaky)
    return linearizable(calls, evening or Evening(), step)


def unexplained(guards, histories, *, flaky=False, calls=CALLS, name="h"):
    """How many of so many histories nothing one by one explains, and how many calls overlapped."""
    bad = overlapping = 0
    with ThreadPoolExecutor(THREADS) as threads:
        for number in range(histories):
            people = [Person(f"{name}-{number}-{n}", quota=bool(n)) for n in range(2)]
            # Half of the histories begin with almost as many sessions as may be open.
            evening = [open_sessions(guards[0], one, 15) for one in people if number % 2]
            told = record_history(guards, people, number, threads, calls)
            parts = parts_of(told)
            for part, own in parts.items():
                known = evening[people.index(part[1])] if evening else None
                bad += not explained(part, own, flaky=flaky, evening=known)
                overlapping += sum(
                    a.called < b.called < a.returned for a in own for b in own if a is not b
                )
    return bad, overlapping


def open_sessions(guard, person, n):
    """Log in from so many devices at ten past eight; what the specification makes of it."""
    evening = Evening()
    for k in range(n):
        ask = ("login", f"before {k}", 600)
        answer, evening = time_step(evening, ask, quota=person.quota)[0]
        while True:
            try:
                assert answered(guard, person, ask) == answer
                break
            except (OutcomeUnknown, StoreUnavailable):
                continue
    return evening


@pytest.fixture(autouse=True)
def _restless():
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def opened(name, folder, n):
    """So many stores with the same documents."""
    url = STORES[name](folder) + ("?journal=wal&sync=normal" if name == "sqlite" else "")
    if name in SHARED:
        return [stores.open(url) for _ in range(n)]
    return [stores.open(url)] * n


def check_histories(name, folder, histories, calls=CALLS):
    some = opened(name, folder, 2)
    guards = [Guard(GAME, store=store) for store in some]
    bad, overlapping = unexplained(guards, histories, calls=calls)
    assert bad == 0
    assert overlapping > histories  # or nothing was tried
    for store in some:
        store.close()


@pytest.mark.parametrize("name", sorted(STORES))
def test_histories_of_many_threads_are_those_of_one(name, tmp_path):
    check_histories(name, tmp_path, 200)


@pytest.mark.deep
@pytest.mark.parametrize("name", sorted(STORES))
def test_long_histories_of_many_threads_are_those_of_one(name, tmp_path):
    check_histories(name, tmp_path, 5_000, calls=24)


def check_flaky_histories(histories, calls=CALLS):
    seeds, one = count(), MemoryStore()
    flaky = [
        FlakyStore(
            one,
            refuse_one_in=4,
            timeout_after_write_one_in=6,
            timeout_before_write_one_in=6,
            unavailable_one_in=9,
            seed=next(seeds),
        )
        for _ in range(2)
    ]
    bad, _ = unexplained(
        [Guard(GAME, store=store) for store in flaky], histories, flaky=True, calls=calls
    )
    assert bad == 0
    counts = [store.mishaps.counts for store in flaky]
    assert all(mishaps[name] for mishaps in counts for name in mishaps)


def test_a_store_that_times_out_leaves_histories_in_which_each_call_was_done_or_not():
    check_flaky_histories(200)


@pytest.mark.deep
def test_a_store_that_times_out_leaves_long_histories_in_which_each_call_was_done_or_not():
    check_flaky_histories(5_000, calls=24)


def test_a_fact_about_what_another_guard_has_written_is_not_refused():
    store, child = MemoryStore(), Person("p", quota=False).subject
    one, two = Guard(GAME, store=store), Guard(GAME, store=store)
    for order in ("A", "B"):  # from the second on, the document is kept at hand
        assert one.decide(Spend(child, fen=100, order=order), at=EIGHT_PM)
    assert two.decide(Spend(child, fen=4_800, order="C"), at=EIGHT_PM)

    one.record(Settled(child, "C"), at=EIGHT_PM)

    assert one.usage(child, at=EIGHT_PM).held_fen == 200


# -- stores that are none ------------------------------------------------------------------------


class Unlocked(MemoryStore):
    """Swaps without looking at the version."""

    def swap(self, key, version, body):
        del version
        there = self._documents.get(key)
        self._documents[key] = (there[0] + 1 if there else 1, body)


class Deaf(MemoryStore):
    """Says that a swap was done, and one time in five it was not."""

    def __init__(self):
        super().__init__()
        self._dice = Random(1)

    def swap(self, key, version, body):
        if self._dice.random() < 0.2:
            return None
        return super().swap(key, version, body)


class Stale(MemoryStore):
    """Loads what was there one swap ago, and takes it for the newest."""

    def __init__(self):
        super().__init__()
        self._before = {}

    def load(self, key):
        there = super().load(key)
        return there and (there[0], self._before.get(key, there[1]))

    def swap(self, key, version, body):
        there = super().load(key)
        refused = super().swap(key, version, body)
        if refused is None and there:
            self._before[key] = there[1]
        return refused


@pytest.mark.parametrize("broken", [Unlocked, Deaf, Stale])
def test_a_store_that_loses_or_mixes_up_documents_is_caught(broken):
    store = broken()
    guards = [Guard(GAME, store=store) for _ in range(THREADS)]

    bad, _ = unexplained(guards, 60)

    assert bad > 3
