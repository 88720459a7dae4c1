"""Two accounts, one natural person: nothing is lost, and a merge cut short is simply done again."""

import asyncio
from contextlib import suppress
from datetime import date, timedelta
from itertools import pairwise
from threading import Barrier, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minorguard import (
    AsyncGuard,
    Cancelled,
    ConsentGranted,
    ConsentRevoked,
    Guard,
    InvalidRequest,
    Left,
    ModeChanged,
    Play,
    Refunded,
    Settled,
    Show,
    Spend,
    StoreError,
    Subject,
    law,
    stores,
)
from minorguard.core import merging, money, recorded, time
from minorguard.testing import FlakyStore
from storekit import STORES
from strategies import few, moment

GAME = law("cn.game")
HOUR = moment(date(2026, 11, 20), 20 * 3600)
OLD = Subject("old", born=date(2012, 5, 1), identity="verified")
NEW = Subject("new", born=date(2012, 5, 1), identity="verified")

ORDERS = ("A", "B", "C")
SESSIONS = ("s", "t")

told = st.one_of(
    st.tuples(st.just("play"), st.sampled_from(SESSIONS)),
    st.tuples(st.just("leave"), st.sampled_from(SESSIONS)),
    st.tuples(st.just("spend"), st.sampled_from(ORDERS), st.sampled_from((100, 4000))),
    st.tuples(st.just("settle"), st.sampled_from(ORDERS)),
    st.tuples(st.just("cancel"), st.sampled_from(ORDERS)),
    st.tuples(st.just("refund"), st.sampled_from(ORDERS)),
    st.tuples(st.just("mode"), st.booleans()),
    st.tuples(st.just("consent"), st.booleans()),
)
scripts = st.lists(
    st.tuples(st.sampled_from((OLD, NEW)), st.integers(0, 3599), told), max_size=14
).map(lambda script: sorted(script, key=lambda step: step[1]))


def tell(guard, who, second, step):
    at = HOUR + timedelta(seconds=second)
    kind, what, *rest = step
    try:
        if kind == "play":
            guard.decide(Play(who, session=f"{who.id}-{what}"), at=at)
        elif kind == "spend":
            guard.decide(Spend(who, fen=rest[0], order=what), at=at)
        else:
            fact = {
                "leave": lambda: Left(who, session=f"{who.id}-{what}"),
                "settle": lambda: Settled(who, what),
                "cancel": lambda: Cancelled(who, what),
                "refund": lambda: Refunded(who, what, fen=50),
                "mode": lambda: ModeChanged(who, on=what),
                "consent": lambda: (ConsentGranted if what else ConsentRevoked)(who, "live_host"),
            }[kind]()
            guard.record(fact, at=at)
    except InvalidRequest:
        pass  # a payment that nobody asked for: the same on any account


def told_guard(script, store=None):
    guard = Guard(GAME, store=store or stores.open("memory:"))
    for who, second, step in script:
        tell(guard, who, second, step)
    return guard


def seconds(guard, who):
    """The set of seconds that count, as it is kept."""
    found = guard._store.load(f"time/cn.game/{who.id}")
    if found is None or found[1][:1] == b"\0":
        return set()
    spans = time.from_bytes(found[1]).spans
    return {second for first, last in spans for second in range(first, last)}


@few(150)
@given(scripts)
def test_nothing_that_either_account_used_is_lost_and_nothing_counts_twice(script):
    guard = told_guard(script)
    at = HOUR + timedelta(seconds=3600)
    both = seconds(guard, OLD) | seconds(guard, NEW)
    spent = [guard.usage(who, at=at) for who in (OLD, NEW)]

    guard.merge(OLD, into=NEW)

    after = guard.usage(NEW, at=at)
    assert seconds(guard, NEW) == both
    assert after.spent_month_fen == sum(one.spent_month_fen for one in spent)
    assert after.held_fen == sum(one.held_fen for one in spent)
    assert guard.usage(OLD, at=at) == after


@few(100)
@given(scripts, st.integers(0, 8))
def test_a_merge_cut_short_and_done_again_leaves_what_one_merge_leaves(script, writes):
    whole = told_guard(script)
    whole.merge(OLD, into=NEW)

    broken = told_guard(script)
    sound, broken._store = broken._store, Dying(broken._store, writes)
    with suppress(ZeroDivisionError):
        broken.merge(OLD, into=NEW)
    broken._store = sound
    broken.merge(OLD, into=NEW)
    broken.merge(OLD, into=NEW)

    at = HOUR + timedelta(seconds=3600)
    assert broken.usage(NEW, at=at) == whole.usage(NEW, at=at)
    assert sorted(broken.holds()) == sorted(whole.holds())


class Dying:
    """A store whose process dies after so many writes."""

    def __init__(self, store, writes):
        self.store, self.writes = store, writes
        self.load, self.erase, self.scan = store.load, store.erase, store.scan

    def swap(self, key, version, body):
        if not self.writes:
            raise ZeroDivisionError
        self.writes -= 1
        return self.store.swap(key, version, body)


@few(100)
@given(scripts)
def test_merging_documents_again_changes_nothing(script):
    guard = told_guard(script)
    for kind, codec, merge in (
        ("time", time, merging.playtimes),
        ("money", money, merging.purses),
        ("facts", recorded, merging.recorded),
    ):
        found = [guard._store.load(f"{kind}/cn.game/{who.id}") for who in (NEW, OLD)]
        if None in found:
            continue
        one, other = (codec.from_bytes(body) for _, body in found)
        once = merge(one, other, OLD.id)
        assert merge(once, other, OLD.id) == once


@pytest.mark.parametrize("name", STORES)
def test_calls_for_the_old_account_count_on_the_new_one_from_then_on(name, tmp_path, request):
    store = stores.open(STORES[name](tmp_path))
    request.addfinalizer(store.close)
    guard = Guard(GAME, store=store)
    guard.decide(Spend(OLD, fen=4000, order="A"), at=HOUR)
    guard.decide(Play(OLD, session="s"), at=HOUR)
    guard.merge(OLD, into=NEW)
    again = Guard(GAME, store=store)

    assert again.decide(Spend(OLD, fen=5000, order="B"), at=HOUR)
    again.record(Settled(OLD, "A"), at=HOUR)
    again.record(Left(OLD, session="s"), at=HOUR + timedelta(seconds=60))
    usage = again.usage(NEW, at=HOUR + timedelta(seconds=600))

    assert (usage.spent_today_fen, usage.held_fen, usage.played_today_s) == (9000, 5000, 60)
    assert [hold.order for hold in again.holds()] == ["B"]


def test_accounts_merged_in_a_row_end_with_the_last():
    guard = Guard(GAME, store=stores.open("memory:"))
    people = [Subject(f"p-{n}", born=date(2012, 5, 1), identity="verified") for n in range(5)]
    for n, one in enumerate(people):
        guard.decide(Spend(one, fen=100, order=f"o-{n}"), at=HOUR)
    for one, other in pairwise(people):
        guard.merge(one, into=other)

    assert {guard.usage(one, at=HOUR).spent_today_fen for one in people} == {500}


def test_merged_back_and_forth_nothing_runs_in_a_circle():
    guard = Guard(GAME, store=stores.open("memory:"))
    for who in (OLD, NEW):
        guard.decide(Spend(who, fen=100, order=who.id), at=HOUR)
    guard.merge(OLD, into=NEW)
    guard.merge(NEW, into=OLD)

    assert guard.usage(OLD, at=HOUR).spent_today_fen == 200
    assert guard.usage(NEW, at=HOUR).spent_today_fen == 200
    assert guard.decide(Spend(OLD, fen=100, order="more"), at=HOUR)


def test_both_ways_at_once_nothing_is_lost():
    for _ in range(40):
        store = stores.open("memory:")
        guard = Guard(GAME, store=store)
        for who in (OLD, NEW):
            guard.decide(Spend(who, fen=100, order=who.id), at=HOUR)
        ready = Barrier(2)

        def merge(one, other, store=store, ready=ready):
            ready.wait()
            Guard(GAME, store=store).merge(one, into=other)

        threads = [Thread(target=merge, args=pair) for pair in ((OLD, NEW), (NEW, OLD))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert {guard.usage(who, at=HOUR).spent_today_fen for who in (OLD, NEW)} == {200}


def test_erasing_the_old_account_erases_the_person():
    guard = Guard(GAME, store=stores.open("memory:"))
    guard.decide(Spend(OLD, fen=100, order="A"), at=HOUR)
    guard.merge(OLD, into=NEW)
    guard.erase(OLD)

    assert guard._store.scan("")[0] == []


def test_one_order_id_on_two_accounts_is_two_orders():
    guard = Guard(GAME, store=stores.open("memory:"))
    guard.decide(Spend(OLD, fen=100, order="1"), at=HOUR)
    guard.decide(Spend(NEW, fen=300, order="1"), at=HOUR)

    guard.merge(OLD, into=NEW)

    assert guard.usage(NEW, at=HOUR).spent_today_fen == 400
    assert sorted(hold.fen for hold in guard.holds()) == [100, 300]


def test_each_of_two_orders_of_one_id_is_settled_by_its_own_account():
    guard = Guard(GAME, store=stores.open("memory:"))
    guard.decide(Spend(OLD, fen=100, order="1"), at=HOUR)
    guard.decide(Spend(NEW, fen=300, order="1"), at=HOUR)
    guard.merge(OLD, into=NEW)

    guard.record(Cancelled(OLD, "1"), at=HOUR)
    assert [hold.fen for hold in guard.holds()] == [300]
    guard.record(Cancelled(NEW, "1"), at=HOUR)
    assert list(guard.holds()) == []


def test_the_mode_that_either_account_was_put_into_last_holds():
    guard = Guard(law("cn.base"), store=stores.open("memory:"))
    unknown = [Subject(name) for name in ("old", "new")]
    guard.record(ModeChanged(unknown[1], on=False), at=HOUR)
    guard.record(ModeChanged(unknown[0], on=True), at=HOUR + timedelta(seconds=1))
    guard.merge(unknown[0], into=unknown[1])

    assert not guard.decide(Show(unknown[1], rating="16+"), at=HOUR + timedelta(seconds=1))
    assert guard.decide(Show(unknown[1], rating="16+"), at=HOUR)


def test_nobody_is_merged_into_themselves():
    with pytest.raises(InvalidRequest):
        Guard(GAME, store=stores.open("memory:")).merge(OLD, into=OLD)


@pytest.mark.parametrize("flaky", [False, True])
def test_purchases_on_the_old_account_during_the_merge_are_all_counted(flaky):
    """The old guards know nothing of the merge; whatever they granted is in the new book."""
    base = stores.open("memory:")
    store = FlakyStore(base, seed=3) if flaky else base
    granted, ready = [], Barrier(5)

    def buy(thread):
        guard = Guard(GAME, store=store)
        ready.wait()
        for n in range(20):
            order = f"{thread}-{n}"
            for _ in range(200):
                try:
                    if guard.decide(Spend(OLD, fen=100, order=order), at=HOUR):
                        granted.append(order)
                    break
                except StoreError:
                    continue

    threads = [Thread(target=buy, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    ready.wait()
    for _ in range(500):
        try:
            Guard(GAME, store=store).merge(OLD, into=NEW)
            break
        except StoreError:
            continue
    for thread in threads:
        thread.join()

    sound = Guard(GAME, store=base)
    held = {hold.order for hold in sound.holds()}
    assert set(granted) <= held
    assert sound.usage(NEW, at=HOUR).spent_today_fen == 100 * len(held) >= 100 * len(granted)


def test_the_waiting_guard_merges_the_same():
    async def merged():
        guard = AsyncGuard(GAME, store=stores.open_async("memory:"))
        await guard.decide(Spend(OLD, fen=100, order="A"), at=HOUR)
        await guard.decide(Spend(NEW, fen=200, order="B"), at=HOUR)
        await guard.merge(OLD, into=NEW)
        await guard.merge(OLD, into=NEW)
        return await guard.usage(OLD, at=HOUR)

    assert asyncio.run(merged()).spent_today_fen == 300
