"""One machine, every store: whatever is asked and told, a guard says what the model says.

The same calls go to a ``Guard`` and to ``model.Model``. Over a store that fails on purpose, some
calls raise, and the promise is the one that counts: nothing is granted beyond the limits, and
what was granted is counted.
"""

import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from minorguard import (
    Ages,
    Cancelled,
    Guard,
    GuardianSettings,
    HouseRule,
    InvalidRequest,
    Left,
    Play,
    Refunded,
    Settled,
    Spend,
    StoreError,
    Subject,
    law,
    stores,
)
from minorguard.testing import FlakyStore
from model import DAY_S, Model, instant, month_of, stamp
from storekit import STORES
from strategies import moment

QUOTA_S, SINGLE, DAILY, MONTHLY = 600, 5000, 9000, 20_000
LIMITS = GuardianSettings(
    daily_minutes=QUOTA_S // 60, single_fen=SINGLE, daily_fen=DAILY, monthly_fen=MONTHLY
)
LAW = law("cn.game").tightened_by([HouseRule("everybody", LIMITS, ages=Ages(0, 1000))])
PEOPLE = (
    Subject("child", born=date(2008, 5, 1), identity="verified"),
    Subject("adult", born=date(1980, 5, 1), identity="verified"),
)
START = moment(date(2020, 6, 5), 21 * 3600 + 2400)  # 21:40, and the child's day ends at 22:00
SPANS_MAX = 8
NAMES = tuple("abcdef")
FEN = (1, 1000, 2999, 5000, 5001)

people = st.sampled_from(PEOPLE)
names = st.sampled_from(NAMES)
late = st.sampled_from((0, 0, 0, 0, 0, 1, 60, 120, 121, 500))
steps = st.sampled_from((1, 1, 30, 60, 119, 120, 121, 240, 241, 299, 300, 1200, 4 * 3600))
leaps = st.sampled_from((DAY_S, 3 * DAY_S, 20 * DAY_S))


def codes(decision):
    return {finding.code for finding in decision.reasons}


class Machine(RuleBasedStateMachine):
    """Two people who play, pay and leave. ``store_name``: which store; ``flaky``: failing."""

    store_name = "memory"
    flaky = False

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = stores.open(STORES[self.store_name](Path(self.folder.name)))
        self.now = stamp(START)
        self.week = 0
        self.model = Model(LAW)
        self.blurred = False
        self.played = {person.id: {} for person in PEOPLE}
        self.paid = {person.id: {} for person in PEOPLE}
        self.unsure = set()

    @initialize(seed=st.integers(0, 2**32))
    def open(self, seed):
        store = FlakyStore(self.store, seed=seed) if self.flaky else self.store
        self.guards = [Guard(LAW, store=store, scope="here") for _ in range(2)]

    def teardown(self):
        self.store.close()
        self.folder.cleanup()

    # -- what is done ---------------------------------------------------------------------------

    @rule(step=steps)
    def wait(self, step):
        self.now += step

    @rule(step=leaps)
    def wait_long(self, step):
        self.now += step
        self.week += 1  # sessions and orders have new names, as they do in life

    @rule(person=people, name=names, late=late, which=st.integers(0, 1))
    def play(self, person, name, late, which):
        request, at = Play(person, session=f"{name}{self.week}"), instant(self.now - late)
        expected = self.model.decide(request, at, keep=False)
        said = self.tell(lambda: self.guards[which].decide(request, at=at))
        if said is None:
            self.unsure.add(person.id)
            return
        if not self.flaky:
            self.same_play(said, expected)
        if said:
            now, until = stamp(at), stamp(said.lease_until)
            assert now < until <= now + min(said.remaining_s, 120)
            time = self.model.time(person)
            if not time.behind(now):
                time.grant(request.session, now, until)
            mine = self.played[person.id].setdefault(request.session, set())
            mine.update(range(now, until))

    def same_play(self, said, expected):
        if self.blurred:
            return
        late_at_midnight = expected.free and expected.allowed and expected.writes
        if late_at_midnight:
            assert not said or stamp(said.lease_until) <= expected.lease_until
        elif expected.free:  # behind the clock: what was paid stands
            assert said.allowed <= expected.allowed
            assert not said or stamp(said.lease_until) <= expected.lease_until
        else:
            assert said.allowed == expected.allowed
            assert codes(said) <= expected.codes
            assert said.remaining_s == expected.remaining_s
            if said:
                assert stamp(said.lease_until) == expected.lease_until

    @rule(person=people, name=names, late=late)
    def leave(self, person, name, late):
        fact, at = Left(person, session=f"{name}{self.week}"), instant(self.now - late)
        told = self.tell(lambda: self.guards[0].record(fact, at=at))
        self.model.record(fact, at)
        if told is None:
            self.unsure.add(person.id)
        mine = self.played[person.id].get(fact.session, set())
        self.played[person.id][fact.session] = {s for s in mine if s < stamp(at)}

    @rule(
        person=people,
        name=names,
        late=late,
        fen=st.sampled_from(FEN),
        which=st.integers(0, 1),
    )
    def spend(self, person, name, late, fen, which):
        request = Spend(person, fen=fen, order=f"{name}{self.week}")
        at = instant(self.now - late)
        expected = self.model.decide(request, at, keep=not self.flaky)
        said = self.tell(lambda: self.guards[which].decide(request, at=at))
        if said is None:
            self.unsure.add(person.id)
            return
        if not self.flaky:
            if expected.free:
                assert said.allowed <= expected.allowed
            else:
                assert said.allowed == expected.allowed
                assert codes(said) == expected.codes
                if not codes(said) & {"order_conflict", "clock_behind"}:
                    assert said.remaining_fen == expected.remaining_fen
        if said:
            order = self.paid[person.id].setdefault(
                request.order, {"at": stamp(at), "fen": fen, "open": True}
            )
            assert order["fen"] == fen

    @rule(person=people, name=names, fen=st.none() | st.sampled_from(FEN))
    def settle(self, person, name, fen):
        order = self.paid[person.id].get(f"{name}{self.week}")
        if self.flaky and order is None:
            return  # money of orders that were never granted is not the guard's doing
        self.fact(Settled(person, f"{name}{self.week}", fen=fen))

    @rule(person=people, name=names)
    def cancel(self, person, name):
        order = self.paid[person.id].get(f"{name}{self.week}")
        self.fact(Cancelled(person, f"{name}{self.week}"))
        if order is not None:
            order["open"] = False

    @rule(person=people, name=names, fen=st.sampled_from(FEN))
    def refund(self, person, name, fen):
        self.fact(Refunded(person, f"{name}{self.week}", fen=fen))

    def fact(self, fact):
        outcomes = []
        for record in (self.guards[0].record, self.model.record):
            try:
                if record == self.model.record:
                    record(fact, instant(self.now))
                elif self.tell(lambda: self.guards[0].record(fact, at=instant(self.now))) is None:
                    self.unsure.add(fact.subject.id)
                outcomes.append("recorded")
            except InvalidRequest:
                outcomes.append("invalid")
        assert self.flaky or outcomes[0] == outcomes[1]

    def tell(self, call):
        try:
            return call()
        except StoreError:
            assert self.flaky
            return None

    # -- what never fails -----------------------------------------------------------------------

    @invariant()
    def nobody_played_more_than_the_quota(self):
        today = self.now // DAY_S
        for sessions in self.played.values():
            seconds = set().union(*sessions.values()) if sessions else set()
            for day in (today - 1, today):
                assert sum(second // DAY_S == day for second in seconds) <= QUOTA_S

    @invariant()
    def nobody_may_pay_more_than_the_caps(self):
        for orders in self.paid.values():
            held = [order for order in orders.values() if order["open"]]
            for period, cap_fen in ((lambda at: at // DAY_S, DAILY), (month_of, MONTHLY)):
                now = period(self.now)
                assert sum(o["fen"] for o in held if period(o["at"]) == now) <= cap_fen

    @invariant()
    def the_store_counts_what_the_model_counts(self):
        for person in PEOPLE:
            spans = len(self.model.time(person).spans())
            self.blurred |= spans > SPANS_MAX
            found = Guard(LAW, store=self.store, scope="here").usage(person, at=instant(self.now))
            if self.flaky or self.blurred:
                now, today = self.now, self.now // DAY_S
                sessions = self.played[person.id].values()
                seconds = set().union(*sessions) if sessions else set()
                least_s = sum(s < now and s // DAY_S == today for s in seconds)
                assert found.played_today_s >= least_s
            else:
                assert found == self.model.usage(person, instant(self.now))
            open_fen = sum(
                order["fen"]
                for order in self.paid[person.id].values()
                if order["open"] and order["at"] // DAY_S == self.now // DAY_S
            )
            assert found.spent_today_fen >= open_fen


def runs(examples, steps=40):
    return settings(max_examples=examples, stateful_step_count=steps, deadline=None)


def machine(name, *, flaky, examples):
    """The machine on one store, as something that pytest runs."""
    made = type(f"{name}_machine", (Machine,), {"store_name": name, "flaky": flaky})
    made.TestCase.settings = runs(examples)
    return made.TestCase


EXAMPLES = {"memory": 150, "sqlite": 50}
FEW = 10


def machines():
    """What pytest finds here: each store, failing and not, and at length under ``deep``."""
    for name in STORES:
        title, examples = name.replace("-", "_"), EXAMPLES.get(name, FEW)
        yield f"Test_{title}", machine(name, flaky=False, examples=examples)
        yield f"Test_flaky_{title}", machine(name, flaky=True, examples=examples // 2)
        at_length = machine(name, flaky=False, examples=7500 if name == "memory" else 2500)
        yield f"Test_{title}_at_length", pytest.mark.deep(at_length)


globals().update(machines())
