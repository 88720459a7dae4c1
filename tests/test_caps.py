"""Never over the cap: threads and processes that spend one child's money at once.

Every document that is written is read by a witness, so that a cap that was passed for a moment
only is seen, too. Of each round all orders end in a ledger that is kept apart from the store.
"""

import multiprocessing
import sys
import warnings
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from functools import partial
from itertools import count
from random import Random
from threading import Barrier, Thread
from typing import NamedTuple

import pytest

from minorguard import (
    ZONE,
    Ages,
    Cancelled,
    Contention,
    Guard,
    GuardianSettings,
    HouseRule,
    OutcomeUnknown,
    Refunded,
    Settled,
    Spend,
    StoreUnavailable,
    Subject,
    law,
    stores,
)
from minorguard.core import money
from minorguard.testing import FlakyStore
from storekit import SHARED, STORES

WORKERS = 16
PROCESSES = 8
CALLS = 8
"""Purchases of one worker on one day of one child."""

GUARDS = 4
"""Guards that the threads of one process share: each has its own locks and its own memory."""

PATIENCE_S = 240
"""When a test gives up on the others: longer than any round takes, and less than a hung run."""

DAYS = (3, 17, 28)
SHARED_ORDERS = 6
NOVEMBER = datetime(2026, 11, 1, 12, tzinfo=ZONE)


class Caps(NamedTuple):
    """Whose caps they are, and what they are, in fen. ``by``: who has set the daily one."""

    age: int
    single: int
    daily: int
    monthly: int
    by: str


ALL_CAPS = (
    Caps(8, 5_000, 8_000, 20_000, "guardian"),
    Caps(15, 5_000, 9_000, 20_000, "house"),
    Caps(16, 10_000, 17_000, 40_000, "guardian"),
    Caps(17, 10_000, 18_000, 40_000, "house"),
    Caps(12, 5_000, 20_000, 20_000, "nobody"),
)
LAW = law("cn.game").tightened_by(
    [
        HouseRule("younger", GuardianSettings(daily_fen=9_000), ages=Ages(15, 16)),
        HouseRule("older", GuardianSettings(daily_fen=18_000), ages=Ages(17, 18)),
    ]
)


class Child(NamedTuple):
    """A child that all spend for in one month; a new one is a new round."""

    number: int
    caps: Caps

    @property
    def subject(self):
        limits = GuardianSettings(daily_fen=self.caps.daily)
        return Subject(
            f"p-{self.number}",
            born=date(2026 - self.caps.age, 2, 1),
            identity="verified",
            guardian=limits if self.caps.by == "guardian" else None,
        )


def children(n, first=0):
    return [Child(k, ALL_CAPS[k % len(ALL_CAPS)]) for k in range(first, first + n)]


# -- who watches ---------------------------------------------------------------------------------


class Witness:
    """A store that reads all that is written and notes every fen over a cap."""

    def __init__(self, store):
        self.store = store
        self.over = []
        self.writes = 0
        self.load, self.scan, self.erase = store.load, store.scan, store.erase
        self.close = store.close

    def swap(self, key, version, body):
        refused = self.store.swap(key, version, body)
        if refused is None:
            self.writes += 1
            self.look(key, body)
        return refused

    def look(self, key, body):
        caps = ALL_CAPS[int(key.rpartition("-")[2]) % len(ALL_CAPS)]
        days = defaultdict(int)
        for order in money.from_bytes(body).orders:
            if order.state != money.CANCELLED:
                days[order.at // 86_400] += order.fen
                if order.fen > caps.single:
                    self.over.append((key, "single", order.fen))
        if max(days.values(), default=0) > caps.daily:
            self.over.append((key, "daily", dict(days)))
        if sum(days.values()) > caps.monthly:
            self.over.append((key, "monthly", dict(days)))


class Told(NamedTuple):
    """One answer that a caller got."""

    child: int
    day: int
    order: str
    fen: int
    allowed: bool
    cancelled: bool


# -- who spends ----------------------------------------------------------------------------------


def patiently(call, *args, **named):
    """What a good caller does: ask again, with the same order, until there is an answer."""
    for _ in range(100_000):
        try:
            return call(*args, **named)
        except (Contention, OutcomeUnknown, StoreUnavailable):
            continue
    raise AssertionError("never answered")


def shop_mixed(guard, child, at, worker, calls):
    """Orders of all sizes, some of them everybody's, some cancelled, settled and refunded."""
    chance = Random(f"{child.number} {at.day} {worker}")
    subject = child.subject
    for n in range(calls):
        shared = chance.random() < 0.3
        if shared:
            number = chance.randrange(SHARED_ORDERS)
            order = f"{at.day} all {number}"
            fen = 100 * Random(f"{child.number} {order}").randrange(1, 30)
        else:
            order = f"{at.day} {worker} {n}"
            fen = 100 * chance.choice((1, 5, 10, 20, 30, 49, 50, 51, 99, 100, 101))
        decision = patiently(guard.decide, Spend(subject, fen=fen, order=order), at=at)
        fate = chance.choice(("hold", "settle", "cancel", "cancel", "refund"))
        cancelled = bool(decision) and fate == "cancel" and not shared
        if cancelled:
            patiently(guard.record, Cancelled(subject, order), at=at)
        elif decision and fate != "hold":
            patiently(guard.record, Settled(subject, order), at=at)
            if fate == "refund":
                patiently(guard.record, Refunded(subject, order, fen=fen), at=at)
        yield Told(child.number, at.day, order, fen, bool(decision), cancelled)


def shop_small(guard, child, at, worker, calls):
    """Equal small orders, more of them than any cap lets pass."""
    fen = child.caps.monthly // 40
    subject = child.subject
    for n in range(calls):
        order = f"{at.day} {worker} small {n}"
        decision = patiently(guard.decide, Spend(subject, fen=fen, order=order), at=at)
        yield Told(child.number, at.day, order, fen, bool(decision), cancelled=False)


def shop_pennies(guard, child, at, worker, calls):
    """One yuan at a time, until nothing is left."""
    subject = child.subject
    for n in range(calls):
        order = f"{at.day} {worker} penny {n}"
        decision = patiently(guard.decide, Spend(subject, fen=100, order=order), at=at)
        yield Told(child.number, at.day, order, 100, bool(decision), cancelled=False)


def work(guard, worker, barrier, plan):
    """All that one worker does: each step of the plan together with all others."""
    told = []
    for child, day, shop, calls in plan:
        barrier.wait(PATIENCE_S)
        told += shop(guard, child, NOVEMBER.replace(day=day), worker, calls)
    return told


# -- the ledger ----------------------------------------------------------------------------------


def granted(told, child):
    """Day -> order -> fen of all that somebody was allowed and nobody has cancelled."""
    days = {day: {} for day in DAYS}
    for one in told:
        if one.child == child.number and one.allowed and not one.cancelled:
            days[one.day][one.order] = one.fen
    return days


def check_ledger(told, store, everybody):
    """Nobody is over a cap, and the store counts what was granted, no more and no less."""
    guard = Guard(LAW, store=store)
    by_child = defaultdict(list)
    for one in told:
        by_child[one.child].append(one)
    for child in everybody:
        days = granted(by_child[child.number], child)
        spent = {day: sum(orders.values()) for day, orders in days.items()}
        assert max(spent.values()) <= child.caps.daily
        assert sum(spent.values()) <= child.caps.monthly
        assert all(fen <= child.caps.single for orders in days.values() for fen in orders.values())
        usage = guard.usage(child.subject, at=NOVEMBER.replace(day=DAYS[-1]))
        assert usage.spent_month_fen == sum(spent.values())
        assert usage.spent_today_fen == spent[DAYS[-1]]


def check_full(told, everybody):
    """With equal orders, each day holds as many as its caps have room for, to the fen."""
    for child in everybody:
        left = child.caps.monthly
        fen = child.caps.monthly // 40
        for orders in granted(told, child).values():
            room = min(child.caps.daily, left) // fen * fen
            assert sum(orders.values()) == room
            left -= room


def mixed_plan(everybody, calls):
    return [(child, day, shop_mixed, calls) for child in everybody for day in DAYS]


def small_plan(everybody, calls):
    return [(child, day, shop_small, calls) for child in everybody for day in DAYS]


# -- threads -------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _restless():
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    yield
    sys.setswitchinterval(before)


def in_threads(watched, plan, flaky=None):
    """What sixteen threads were told, with a few guards between them.

    ``flaky``: what stands between a guard and its watched store.
    """
    guards = [Guard(LAW, store=flaky(store) if flaky else store) for store in watched]
    barrier, errors = Barrier(WORKERS), []

    def begin(worker):
        try:
            return work(guards[worker % len(guards)], worker, barrier, plan)
        except BaseException as error:  # noqa: BLE001 - the first of them is raised below
            errors.append(error)
            barrier.abort()

    with ThreadPoolExecutor(WORKERS) as threads:
        answers = list(threads.map(begin, range(WORKERS)))
    if errors:
        raise errors[0]
    assert [over for store in watched for over in store.over] == []
    return [one for told in answers for one in told]


# -- processes -----------------------------------------------------------------------------------


def in_processes(url, plan):
    """What eight processes of two threads were told, each process with a guard of its own."""
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(WORKERS)
    ends = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pytest's own threads do no harm here
        for number in range(PROCESSES):
            ours, theirs = context.Pipe(duplex=False)
            child = context.Process(target=serve, args=(theirs, url, number, barrier, plan))
            child.start()
            theirs.close()
            ends.append((child, ours))
    answers = [ours.recv() for _, ours in ends]
    for child, ours in ends:
        ours.close()
        child.join()
    errors = [answer for answer in answers if isinstance(answer, str)]
    assert errors == []
    assert [over for _, found in answers for over in found] == []
    return [one for told, _ in answers for one in told]


def serve(out, url, number, barrier, plan):
    """One process: a guard, two threads, and the report of both."""
    threads_n = WORKERS // PROCESSES
    told, errors = [], []
    try:
        witness = Witness(patiently(stores.open, url))
        guard = Guard(LAW, store=witness)

        def begin(worker):
            try:
                told.extend(work(guard, worker, barrier, plan))
            except BaseException as error:  # noqa: BLE001 - it is told to the parent
                errors.append(repr(error))
                barrier.abort()

        threads = [Thread(target=begin, args=(number * threads_n + n,)) for n in range(threads_n)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        out.send("; ".join(errors) or (told, witness.over))
    except BaseException as error:  # noqa: BLE001 - it is told to the parent
        barrier.abort()
        out.send(repr(error))


# -- never over the cap --------------------------------------------------------------------------


def quickly(name, folder):
    """The address of a store that need not survive a power cut."""
    url = STORES[name](folder)
    return f"{url}?journal=wal&sync=normal" if name == "sqlite" else url


def witnesses(name, folder):
    """A few watched stores with the same documents."""
    url = quickly(name, folder)
    if name not in SHARED:
        one = stores.open(url)
        return [Witness(one) for _ in range(GUARDS)]
    return [Witness(stores.open(url)) for _ in range(GUARDS)]


def never_over_in_threads(name, folder, purchases):
    """Mixed rounds and rounds of small orders, as many as make so many decided purchases."""
    watched = witnesses(name, folder)
    check_rounds(purchases, partial(in_threads, watched), watched[0].store)
    for store in watched:
        store.close()


def never_over_in_processes(url, purchases):
    store = stores.open(url)
    check_rounds(purchases, partial(in_processes, url), store)
    store.close()


def check_rounds(purchases, run, store):
    rounds_n = -(-purchases // (WORKERS * CALLS * len(DAYS)))
    small_n = max(1, rounds_n // 4)
    mixed, small = children(rounds_n - small_n), children(small_n, first=100_000)
    told = run(mixed_plan(mixed, CALLS) + small_plan(small, CALLS))
    check_ledger(told, store, [*mixed, *small])
    check_full([one for one in told if one.child >= 100_000], small)
    assert len(told) >= purchases


@pytest.mark.parametrize("name", sorted(STORES))
def test_sixteen_threads_are_never_a_fen_over_any_cap(name, tmp_path):
    never_over_in_threads(name, tmp_path, 20_000 if name not in SHARED else 8_000)


@pytest.mark.parametrize("name", SHARED)
def test_eight_processes_are_never_a_fen_over_any_cap(name, tmp_path):
    never_over_in_processes(quickly(name, tmp_path), 12_000)


@pytest.mark.parametrize("name", sorted(STORES))
def test_the_default_settings_of_a_store_keep_the_caps_as_well(name, tmp_path):
    everybody = children(len(ALL_CAPS))
    url = STORES[name](tmp_path)
    plan = [(child, DAYS[0], shop_mixed, 4) for child in everybody]

    if name in SHARED:
        told, store = in_processes(url, plan), stores.open(url)
    else:
        store = stores.open(url)
        told = in_threads([Witness(store)] * GUARDS, plan)

    check_ledger(told, store, everybody)
    assert len(told) == len(everybody) * WORKERS * 4
    store.close()


@pytest.mark.parametrize("name", sorted(STORES))
def test_what_was_cancelled_can_be_spent_again_to_the_last_yuan(name, tmp_path):
    watched = witnesses(name, tmp_path)
    everybody = [child for child in children(10) if child.caps.daily < 10_000]
    plan = [
        (child, DAYS[0], shop, calls)
        for child in everybody
        for shop, calls in ((shop_mixed, 2), (shop_pennies, 8))
    ]

    told = in_threads(watched, plan)

    check_ledger(told, watched[0].store, everybody)
    for child in everybody:
        assert sum(granted(told, child)[DAYS[0]].values()) == child.caps.daily
    for store in watched:
        store.close()


def test_who_asks_again_for_a_cancelled_order_does_not_get_its_room_twice():
    guard = Guard(LAW, store=stores.open("memory:"))
    child = Child(0, ALL_CAPS[0]).subject
    a, b, c = (Spend(child, fen=4_000, order=order) for order in "ABC")
    assert guard.decide(a, at=NOVEMBER)
    assert guard.decide(b, at=NOVEMBER)
    guard.record(Cancelled(child, "A"), at=NOVEMBER)
    assert guard.decide(c, at=NOVEMBER)

    assert not guard.decide(a, at=NOVEMBER + timedelta(seconds=1))


def test_a_store_that_refuses_and_times_out_lets_no_cap_be_passed_and_loses_no_order(tmp_path):
    watched = witnesses("memory", tmp_path)
    everybody = children(10)
    seeds = count()

    told = in_threads(
        watched,
        mixed_plan(everybody, 4),
        flaky=lambda store: FlakyStore(
            store,
            refuse_one_in=4,
            timeout_after_write_one_in=6,
            timeout_before_write_one_in=6,
            unavailable_one_in=8,
            seed=next(seeds),
        ),
    )

    check_ledger(told, watched[0].store, everybody)
    assert len(told) == len(everybody) * len(DAYS) * WORKERS * 4


def test_callers_that_meet_a_locked_file_and_ask_again_are_never_over_a_cap(tmp_path):
    everybody = children(5)
    url = f"{quickly('sqlite', tmp_path)}&timeout_s=0"

    told = in_processes(url, mixed_plan(everybody, 2))

    store = stores.open(quickly("sqlite", tmp_path))
    check_ledger(told, store, everybody)
    assert len(told) == len(everybody) * len(DAYS) * WORKERS * 2
    store.close()


@pytest.mark.deep
@pytest.mark.parametrize("name", sorted(STORES))
def test_sixteen_threads_are_never_a_fen_over_any_cap_in_the_long_run(name, tmp_path):
    never_over_in_threads(name, tmp_path, 300_000 if name not in SHARED else 100_000)


@pytest.mark.deep
@pytest.mark.parametrize("name", SHARED)
def test_eight_processes_are_never_a_fen_over_any_cap_in_the_long_run(name, tmp_path):
    never_over_in_processes(quickly(name, tmp_path), 200_000)
