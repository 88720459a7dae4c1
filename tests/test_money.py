"""Theorems of counted money: no script of purchases and news of them passes a cap.

Messages are ``(second, kind, order, fen)``, seconds of noon on 20 November 2026. The model
(``model.py``) keeps all orders for ever and adds them up anew for each question.
"""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from minorguard import (
    Cancelled,
    Guard,
    GuardianSettings,
    InvalidRequest,
    Refunded,
    Settled,
    Spend,
    StoreUnavailable,
    Subject,
    law,
    stores,
)
from minorguard.core import money
from minorguard.wire.answer import Answers
from model import DAY_S, LATE_S, Model, instant, month_of, stamp
from strategies import few, moment

GAME = law("cn.game")
RESTORES = law("cn.game", readings={"refund": "restores"})
IN_HOURS = law("cn.game", readings={"purchase_window": "window"})
NOON = moment(date(2026, 11, 20), 12 * 3600)
SINGLE, DAILY, MONTHLY = 5000, 9000, 20_000
ORDERS = 512

CHILD = Subject(
    "p-81",
    born=date(2012, 5, 1),
    identity="verified",
    guardian=GuardianSettings(daily_fen=DAILY),
)
UNCAPPED_DAY = Subject("p-81", born=date(2012, 5, 1), identity="verified")
ADULT = Subject("p-81", born=date(1990, 1, 1), identity="verified")


class Shop:
    """A guard over a store in memory, and what is looked up behind its back."""

    def __init__(self, rules=GAME, subject=CHILD, start=NOON):
        self.store = stores.open("memory:")
        self.guard = Guard(rules, store=self.store, scope="here")
        self.subject, self.start = subject, start

    @property
    def body(self):
        found = self.store.load(f"money/here/{self.subject.id}")
        return None if found is None else found[1]

    @property
    def purse(self):
        return money.from_bytes(self.body)

    def at(self, second):
        return self.start + timedelta(seconds=second)

    def message(self, kind, order, fen):
        if kind == "spend":
            return Spend(self.subject, fen=fen, order=order)
        if kind == "settled":
            return Settled(self.subject, order, fen=fen)
        if kind == "cancelled":
            return Cancelled(self.subject, order)
        return Refunded(self.subject, order, fen=fen)

    def tell(self, second, kind, order, fen=None):
        message = self.message(kind, order, fen)
        if kind == "spend":
            return self.guard.decide(message, at=self.at(second))
        return self.guard.record(message, at=self.at(second))

    def usage(self, second):
        return self.guard.usage(self.subject, at=self.at(second))


def codes(decision):
    return {finding.code for finding in decision.reasons}


def line(decision):
    """The whole answer, byte for byte."""
    return Answers(decision.segment.law, "zh").line(None, decision)


# --- scripts -------------------------------------------------------------------------------------

NAMES = tuple("abcdefgh")
FEN = (1, 500, 1000, 2999, 3000, 4999, 5000, 5001)
STEPS = (0, 0, 1, 60, 120, 121, 3600, DAY_S // 2, DAY_S, 3 * DAY_S, -1, -120, -121, -DAY_S)


@st.composite
def scripts(draw, size=30, steps=STEPS):
    """Any purchases and news of them, in any order, late, repeated, a clock set back."""
    second, told = 0, []
    price = {name: draw(st.sampled_from(FEN)) for name in NAMES}
    for _ in range(draw(st.integers(1, size))):
        second += draw(st.sampled_from(steps))
        name = draw(st.sampled_from(NAMES))
        kind = draw(st.sampled_from(("spend",) * 5 + ("settled", "cancelled", "refunded")))
        fen = price[name] if draw(st.integers(0, 9)) else draw(st.sampled_from(FEN))
        if kind == "settled" and draw(st.booleans()):
            fen = None
        told.append((second, kind, name, fen))
    return told


def tell_both(shop, model, message):
    """The guard's and the model's answer; a fact that makes no sense makes none to either."""
    second, kind, name, fen = message
    request, at = shop.message(kind, name, fen), shop.at(second)
    if kind == "spend":
        return shop.guard.decide(request, at=at), model.decide(request, at)
    outcomes = []
    for record in (
        lambda: shop.guard.record(request, at=at),
        lambda: model.record(request, at),
    ):
        try:
            record()
            outcomes.append("recorded")
        except InvalidRequest:
            outcomes.append("invalid")
    return tuple(outcomes)


# --- the model -----------------------------------------------------------------------------------


@pytest.mark.parametrize("refund", ["spent", "restores"])
@few(120)
@given(told=scripts())
def test_the_model_says_the_same_of_every_script(refund, told):
    """Answers, usage and what is invalid."""
    rules = RESTORES if refund == "restores" else GAME
    shop, model = Shop(rules), Model(rules, restores=rules is RESTORES)
    latest = max(second for second, _, _, _ in told)
    for message in told:
        said, expected = tell_both(shop, model, message)
        if isinstance(said, str):
            assert said == expected
        elif not expected.free:
            assert said.allowed == expected.allowed
            assert codes(said) == expected.codes
            if not codes(said) & {"clock_behind", "order_conflict"}:
                assert said.remaining_fen == expected.remaining_fen
        else:
            assert said.allowed <= expected.allowed
        assert shop.usage(latest) == model.usage(CHILD, shop.at(latest))
        assert shop.usage(message[0]) == model.usage(CHILD, shop.at(message[0]))


# --- never over a cap ----------------------------------------------------------------------------


class Till:
    """Somebody who pays whatever is granted once, and tells about it as the script says."""

    def __init__(self, shop):
        self.shop = shop
        self.granted = {}
        self.settled, self.cancelled, self.late = set(), set(), set()

    def tell(self, second, kind, name, fen):
        before = self.shop.body
        if kind != "spend":
            try:
                said = self.shop.tell(second, kind, name, fen)
            except InvalidRequest:
                assert self.shop.body == before
                return
            if kind == "settled":
                self.settled.add(name)
            if kind == "cancelled" and name in self.granted:
                self.cancelled.add(name)
            if "late_settlement" in said.degraded:
                self.late.add(name)
            return
        said = self.shop.tell(second, kind, name, fen)
        if not said:
            assert self.shop.body == before, "a refused purchase leaves no trace"
            return
        assert fen <= SINGLE
        if name in self.granted:
            assert self.granted[name][1] == fen
            again = name in self.cancelled - self.settled
            assert not again, "a cancelled order is never granted again"
        else:
            assert said.remaining_fen >= fen
            self.granted[name] = (stamp(self.shop.at(second)), fen)

    def paid(self, period):
        """Per day or month: what was granted, and neither cancelled nor paid in spite of that."""
        sums = {}
        for name, (at, fen) in self.granted.items():
            if name not in (self.cancelled - self.settled) | self.late:
                sums[period(at)] = sums.get(period(at), 0) + fen
        return sums


def never_over(told, rules=GAME):
    shop = Shop(rules)
    till = Till(shop)
    for message in told:
        till.tell(*message)
        assert all(fen <= DAILY for fen in till.paid(lambda at: at // DAY_S).values())
        assert all(fen <= MONTHLY for fen in till.paid(month_of).values())


def without_refunds(told):
    """A refund gives money back, so what was granted is no longer what was paid."""
    return [message for message in told if message[1] != "refunded"]


@few(150)
@given(told=scripts(size=40))
def test_no_script_is_granted_more_than_a_cap(told):
    never_over(told)


@few(150)
@given(told=scripts(size=40).map(without_refunds))
def test_no_script_is_granted_more_than_a_cap_where_refunds_restore(told):
    never_over(told, RESTORES)


@pytest.mark.deep
@few(4000)
@given(told=scripts(size=80))
def test_no_long_script_is_granted_more_than_a_cap(told):
    never_over(told)


def test_caps_are_inclusive_to_the_fen():
    shop = Shop()
    assert codes(shop.tell(0, "spend", "a", 5001)) == {"single_cap_exceeded"}
    assert shop.tell(0, "spend", "a", 5000)
    assert codes(shop.tell(0, "spend", "b", 4001)) == {"daily_cap_exceeded"}
    assert shop.tell(0, "spend", "b", 4000)
    assert shop.tell(DAY_S, "spend", "c", 5000)
    assert shop.tell(2 * DAY_S, "spend", "d", 5000)
    refused = shop.tell(3 * DAY_S, "spend", "e", 1001)
    assert codes(refused) == {"monthly_cap_exceeded"}
    assert refused.remaining_fen == 1000
    assert shop.tell(3 * DAY_S, "spend", "e", 1000)
    assert shop.tell(3 * DAY_S, "spend", "f", 1).remaining_fen == 0


# --- orders --------------------------------------------------------------------------------------


@few(80)
@given(told=scripts(size=15), again=st.integers(0, 5 * DAY_S))
def test_the_same_order_gets_the_same_answer_byte_for_byte(told, again):
    shop = Shop()
    first = shop.tell(0, "spend", "mine", 2000)
    for second, kind, name, fen in told:
        try:
            shop.tell(second, kind, name, fen)
        except InvalidRequest:
            assume(kind != "spend")
    before = shop.body
    for second in (again, 0, -again):
        assert line(shop.tell(second, "spend", "mine", 2000)) == line(first)
        said = shop.tell(second, "spend", "mine", 2001)
        assert codes(said) == {"order_conflict"}
    assert shop.body == before


def test_a_retry_after_the_window_has_closed_gets_the_answer_of_its_order():
    shop = Shop(IN_HOURS, start=moment(date(2026, 11, 20), 21 * 3600))
    first = shop.tell(-1, "spend", "a", 2000)
    assert first.allowed
    assert line(shop.tell(4, "spend", "a", 2000)) == line(first)


def test_after_the_eighteenth_birthday_nothing_is_looked_up_and_what_was_held_is_still_settled():
    grown = Subject("p-81", born=date(2008, 11, 20), identity="verified")
    midnight = moment(date(2026, 11, 21), 0)
    guard = Guard(GAME, store=stores.open("memory:"))
    guard.decide(Spend(grown, fen=2000, order="a"), at=midnight - timedelta(seconds=1))

    retry = guard.decide(Spend(grown, fen=2000, order="a"), at=midnight + timedelta(seconds=4))
    guard.record(Settled(grown, "a"), at=midnight + timedelta(seconds=5))

    assert retry
    assert retry.remaining_fen is None
    assert list(guard.holds()) == []


def test_somebody_just_grown_up_pays_and_reports_without_an_order_being_kept():
    grown = Subject("p-81", born=date(2008, 11, 20), identity="verified")
    noon = moment(date(2026, 11, 21), 12 * 3600)
    guard = Guard(GAME, store=stores.open("memory:"))

    assert guard.decide(Spend(grown, fen=100_000, order="z"), at=noon)
    guard.record(Settled(grown, "z"), at=noon)
    guard.record(Cancelled(grown, "y"), at=noon)
    assert guard._store.scan("")[0] == []


def test_a_refused_purchase_names_no_time_at_which_to_ask_again():
    guard = Guard(GAME, store=stores.open("memory:"))
    guard.decide(Spend(CHILD, fen=100, order="A"), at=NOON)
    late = guard.decide(Spend(CHILD, fen=100, order="C"), at=NOON - timedelta(seconds=121))

    assert [finding.code for finding in late.reasons] == ["clock_behind"]
    assert late.next_allowed_at is None


def test_an_order_whose_money_went_back_to_be_spent_again_is_no_second_yes():
    guard = Guard(RESTORES, store=stores.open("memory:"))
    guard.decide(Spend(CHILD, fen=5000, order="o"), at=NOON)
    guard.record(Settled(CHILD, "o"), at=NOON)
    guard.record(Refunded(CHILD, "o", fen=5000), at=NOON)

    again = guard.decide(Spend(CHILD, fen=5000, order="o"), at=NOON)
    assert [finding.code for finding in again.reasons] == ["order_conflict"]


def test_remaining_fen_is_what_was_left_before_the_request():
    shop = Shop(subject=UNCAPPED_DAY)
    assert [shop.tell(0, "spend", name, 4800).remaining_fen for name in "abcd"] == [
        *(5000, 5000, 5000, 5000)
    ]
    assert shop.tell(0, "spend", "e", 801).remaining_fen == 800
    assert shop.tell(0, "spend", "d", 4800).remaining_fen == 5000


def test_a_cancelled_order_gives_back_and_is_never_granted_again():
    shop = Shop()
    shop.tell(0, "spend", "a", 5000)
    shop.tell(1, "cancelled", "a")
    assert shop.usage(2).spent_today_fen == 0
    for fen in (5000, 4999):
        assert codes(shop.tell(2, "spend", "a", fen)) == {"order_conflict"}
    assert shop.tell(2, "spend", "b", 5000)


def test_a_cancelled_order_is_not_granted_again_in_the_same_second_either():
    shop = Shop()
    shop.tell(0, "spend", "a", 5000)
    shop.tell(0, "cancelled", "a")
    shop.tell(0, "spend", "b", 5000)
    shop.tell(0, "spend", "c", 4000)
    assert not shop.tell(0, "spend", "a", 5000)


def test_an_order_cancelled_before_it_was_asked_for_is_never_granted():
    shop = Shop()
    shop.tell(0, "cancelled", "a")
    assert codes(shop.tell(1, "spend", "a", 1)) == {"order_conflict"}
    assert shop.usage(2).spent_month_fen == 0


def test_a_cancelled_order_that_was_paid_all_the_same_counts_again_even_above_the_cap():
    shop = Shop()
    shop.tell(0, "spend", "a", 5000)
    shop.tell(1, "cancelled", "a")
    shop.tell(2, "spend", "b", 5000)
    shop.tell(3, "spend", "c", 4000)
    assert shop.tell(4, "settled", "a").degraded == ("late_settlement",)
    assert shop.usage(5).spent_today_fen == 14_000
    assert shop.tell(5, "settled", "a").degraded == ("late_settlement",)  # told again
    assert shop.usage(5).spent_today_fen == 14_000
    said = shop.tell(6, "spend", "d", 1)
    assert codes(said) == {"daily_cap_exceeded"}
    assert said.remaining_fen == 0
    assert shop.tell(DAY_S, "spend", "d", 5000).remaining_fen == 5000
    assert shop.usage(DAY_S).spent_month_fen == 19_000


def test_settled_is_final():
    shop = Shop()
    shop.tell(0, "spend", "a", 5000)
    shop.tell(1, "settled", "a")
    before = shop.body
    shop.tell(2, "cancelled", "a")
    shop.tell(3, "settled", "a", 5000)
    assert shop.body == before
    assert shop.usage(4).spent_today_fen == 5000


def test_a_payment_that_nobody_asked_for_needs_its_amount_and_counts():
    shop = Shop()
    with pytest.raises(InvalidRequest) as error:
        shop.tell(0, "settled", "a")
    assert error.value.path == "fact.fen"
    shop.tell(0, "settled", "a", 9000)
    assert shop.usage(0).spent_today_fen == 9000
    assert shop.usage(0).held_fen == 0
    assert codes(shop.tell(1, "spend", "b", 1)) == {"daily_cap_exceeded"}
    assert codes(shop.tell(1, "spend", "a", 9001)) == {"order_conflict"}


def test_a_payment_of_another_amount_than_was_held_is_invalid():
    shop = Shop()
    shop.tell(0, "spend", "a", 5000)
    before = shop.body
    with pytest.raises(InvalidRequest) as error:
        shop.tell(1, "settled", "a", 4999)
    assert error.value.path == "fact.fen"
    assert shop.body == before
    shop.tell(1, "settled", "a", 5000)


@pytest.mark.parametrize(("rules", "left_fen"), [(GAME, 4000), (RESTORES, 5000)], ids=str)
def test_refunds_restore_nothing_unless_that_reading_is_chosen(rules, left_fen):
    shop = Shop(rules)
    shop.tell(0, "spend", "a", 5000)
    shop.tell(1, "settled", "a")
    shop.tell(2, "refunded", "a", 3000)
    assert shop.usage(3).spent_today_fen == (5000 if rules is GAME else 2000)
    assert shop.tell(3, "spend", "b", 1).remaining_fen == left_fen


def test_a_refund_is_the_total_so_far_and_never_more_than_was_settled():
    shop = Shop(RESTORES)
    shop.tell(0, "spend", "a", 5000)
    with pytest.raises(InvalidRequest):
        shop.tell(1, "refunded", "a", 1)  # held only
    with pytest.raises(InvalidRequest):
        shop.tell(1, "refunded", "unknown", 1)
    shop.tell(1, "settled", "a")
    for total, left in ((1000, 4000), (1000, 4000), (3000, 2000), (2000, 2000), (5000, 0)):
        shop.tell(2, "refunded", "a", total)
        assert shop.usage(3).spent_today_fen == left
    with pytest.raises(InvalidRequest):
        shop.tell(3, "refunded", "a", 5001)
    assert shop.usage(3).spent_today_fen == 0


def test_a_refund_belongs_to_the_day_and_month_of_the_purchase():
    shop = Shop(RESTORES)
    shop.tell(0, "spend", "a", 5000)
    shop.tell(0, "settled", "a")
    shop.tell(DAY_S, "refunded", "a", 5000)
    assert shop.usage(DAY_S).spent_today_fen == 0
    shop.tell(12 * DAY_S, "spend", "b", 1000)
    assert shop.usage(12 * DAY_S).spent_month_fen == 1000


@pytest.mark.parametrize("second", [10 * DAY_S, 11 * DAY_S])
def test_a_hold_that_is_settled_later_stays_in_the_month_in_which_it_was_asked(second):
    shop = Shop()
    shop.tell(0, "spend", "a", 5000)
    shop.tell(second, "settled", "a")
    month_fen = shop.usage(second).spent_month_fen
    assert month_fen == (5000 if second == 10 * DAY_S else 0)
    assert shop.usage(second).spent_today_fen == 0


# --- order of messages ---------------------------------------------------------------------------


@st.composite
def small_purchases(draw):
    """Orders that no cap refuses, within two minutes, with what became of some of them."""
    messages = []
    for name in NAMES[: draw(st.integers(1, 6))]:
        second, fen = draw(st.integers(0, LATE_S)), draw(st.integers(1, 1000))
        messages.append((second, "spend", name, fen))
        news = draw(st.lists(st.sampled_from(("settled", "cancelled")), max_size=2))
        messages += [(second, kind, name, fen if kind == "settled" else None) for kind in news]
    return messages


@few(120)
@given(data=st.data())
def test_any_order_of_the_same_messages_within_a_day_leaves_the_same_usage(data):
    """Permuted and repeated, late by up to 120 s, where no cap refuses.

    But for an order that is cancelled first and then settled: whether it was also asked for in
    between changes nothing either.
    """
    messages = data.draw(small_purchases())
    mixed = data.draw(st.permutations(messages + data.draw(st.lists(st.sampled_from(messages)))))
    one, two = Shop(), Shop()
    for message in messages:
        one.tell(*message)
    for message in mixed:
        two.tell(*message)
    for second in (LATE_S, 3600, DAY_S):
        assert one.usage(second) == two.usage(second)


# --- days and months -----------------------------------------------------------------------------


def test_a_day_and_a_month_turn_at_midnight():
    shop = Shop(start=moment(date(2026, 11, 30), 86_399))
    shop.tell(-DAY_S, "spend", "a", 5000)
    shop.tell(0, "spend", "b", 5000)
    assert (shop.usage(0).spent_today_fen, shop.usage(0).spent_month_fen) == (5000, 10_000)
    assert (shop.usage(1).spent_today_fen, shop.usage(1).spent_month_fen) == (0, 0)
    assert shop.tell(0, "spend", "c", 4001).remaining_fen == 4000
    assert shop.tell(1, "spend", "c", 5000).remaining_fen == 5000


def test_what_was_paid_in_a_month_to_come_does_not_count_in_this_one():
    shop = Shop(start=moment(date(2026, 12, 1), 0))
    shop.tell(0, "settled", "december", 3000)
    assert shop.usage(-1).spent_month_fen == 0
    assert shop.tell(-1, "spend", "november", 5000)
    assert shop.usage(-1).spent_month_fen == 5000
    assert shop.usage(0).spent_month_fen == 3000


def test_a_new_order_of_yesterday_is_refused_even_if_it_is_a_second_late():
    shop = Shop(start=moment(date(2026, 11, 21), 0))
    shop.tell(0, "spend", "today", 1)
    before = shop.body
    said = shop.tell(-1, "spend", "yesterday", 1)
    assert codes(said) == {"clock_behind"}
    assert shop.body == before


def test_a_new_order_may_be_late_by_120_s_and_not_by_one_more():
    shop = Shop()
    shop.tell(1000, "spend", "a", 1)
    assert codes(shop.tell(879, "spend", "b", 1)) == {"clock_behind"}
    assert shop.tell(880, "spend", "b", 1)


def test_only_a_hold_moves_the_mark():
    shop = Shop()
    shop.tell(0, "spend", "a", 1)
    shop.tell(DAY_S, "settled", "a")
    shop.tell(2 * DAY_S, "cancelled", "b")
    shop.tell(2 * DAY_S, "settled", "c", 3)
    shop.tell(2 * DAY_S, "spend", "too much", 9999)
    assert shop.purse.mark == stamp(NOON)
    assert shop.tell(-LATE_S, "spend", "d", 1)


def test_a_clock_set_back_opens_no_day_and_no_month_again():
    shop = Shop()
    for day in range(3):
        shop.tell(day * DAY_S, "spend", f"d{day}", 5000)
    for second in (0, DAY_S, -20 * DAY_S, -300 * DAY_S):
        assert codes(shop.tell(second, "spend", f"again {second}", 1)) == {"clock_behind"}
    assert shop.usage(-20 * DAY_S).spent_month_fen == 15_000


# --- what is remembered --------------------------------------------------------------------------


def test_forgotten_orders_of_a_month_still_count():
    shop = Shop(subject=UNCAPPED_DAY)
    for number in range(ORDERS + 100):
        assert shop.tell(number, "spend", f"o{number}", 10)
        shop.tell(number, "settled", f"o{number}")
    assert len(shop.purse.orders) == ORDERS
    used = shop.usage(1000)
    assert used.spent_today_fen == used.spent_month_fen == 10 * (ORDERS + 100)
    last = shop.tell(1000, "spend", "last", 5000)
    assert last.remaining_fen == 5000
    for number in range((MONTHLY - 10 * (ORDERS + 100) - 5000) // 1000):
        shop.tell(1001, "spend", f"big{number}", 1000)
    assert shop.usage(1001).spent_month_fen <= MONTHLY
    assert codes(shop.tell(1002, "spend", "too much", 1000)) == {"monthly_cap_exceeded"}


def test_what_is_settled_is_forgotten_before_what_is_held():
    shop = Shop(subject=UNCAPPED_DAY)
    for number in range(10):
        shop.tell(number, "spend", f"held{number}", 1)
    for number in range(ORDERS + 10):
        shop.tell(number, "spend", f"o{number}", 1)
        shop.tell(number, "settled", f"o{number}")
    assert len(list(shop.guard.holds())) == 10


def test_orders_are_remembered_to_the_end_of_the_next_month():
    shop = Shop(start=moment(date(2026, 11, 1), 0))
    first = shop.tell(0, "spend", "november", 5000)
    end_of_december = (30 + 31) * DAY_S - 1
    shop.tell(end_of_december, "spend", "december", 1)
    assert line(shop.tell(end_of_december, "spend", "november", 5000)) == line(first)
    shop.tell(end_of_december + 1, "spend", "january", 1)
    assert shop.purse.order(money.order_name("november")) is None
    assert shop.purse.order(money.order_name("december")) is not None
    assert shop.tell(end_of_december + 2, "spend", "november", 4999).allowed


@few(30)
@given(gaps=st.lists(st.integers(0, 20 * DAY_S), max_size=60))
def test_nothing_older_than_a_month_ago_is_kept(gaps):
    shop, second = Shop(), 0
    for number, gap in enumerate(gaps):
        second += gap
        shop.tell(second, "spend", f"o{number}", 1)
        month = month_of(stamp(shop.at(second)))
        assert all(month - month_of(one.at) in (0, 1) for one in shop.purse.orders)


# --- what leaves no trace ------------------------------------------------------------------------


def test_a_purchase_that_nothing_limits_writes_nothing():
    shop = Shop(subject=ADULT)
    said = shop.tell(0, "spend", "a", 10**12)
    assert said.allowed
    assert said.remaining_fen is None
    shop.tell(1, "settled", "a")
    shop.tell(2, "cancelled", "b")
    assert shop.body is None


def test_a_purchase_that_the_law_forbids_writes_nothing():
    little = Subject("p-81", born=date(2020, 1, 1), identity="verified")
    shop = Shop(subject=little)
    said = shop.tell(0, "spend", "a", 1)
    assert codes(said) == {"spend_forbidden"}
    assert said.remaining_fen == 0
    assert shop.body is None


@pytest.mark.parametrize("fen", [0, -1, True, False, 1.0, 100.0, "100", None, 10**12 + 1])
def test_what_is_no_amount_is_invalid(fen):
    shop = Shop()
    with pytest.raises(InvalidRequest):
        shop.tell(0, "spend", "a", fen)
    assert shop.body is None


@few(80)
@given(told=scripts())
def test_looking_changes_nothing(told):
    shop = Shop()
    for second, kind, name, fen in told:
        if kind == "spend":
            before = shop.body
            request = shop.message(kind, name, fen)
            seen = shop.guard.preview(request, at=shop.at(second))
            assert shop.body == before
            assert line(seen) == line(shop.tell(second, kind, name, fen))


# --- documents -----------------------------------------------------------------------------------


@few(100)
@given(told=scripts())
def test_a_document_reads_back_as_it_was_written(told):
    shop = Shop()
    for message in told:
        tell_both(shop, Model(GAME), message)
        if shop.body is not None:
            assert money.to_bytes(shop.purse) == shop.body


def some_document():
    shop = Shop()
    for number, name in enumerate(NAMES):
        shop.tell(number, "spend", name, 1000 + number)
    shop.tell(10, "settled", "b")
    shop.tell(10, "cancelled", "c")
    shop.tell(11, "settled", "c")
    shop.tell(12, "refunded", "b", 7)
    shop.tell(12, "cancelled", "d")
    return shop.body


DOCUMENT = some_document()


def refuses(body):
    store = stores.open("memory:")
    store.swap("money/here/p-81", None, body)
    for ask in (
        lambda guard: guard.decide(Spend(CHILD, fen=1, order="new"), at=NOON),
        lambda guard: guard.decide(Spend(CHILD, fen=1000, order="a"), at=NOON),
        lambda guard: guard.preview(Spend(CHILD, fen=1, order="new"), at=NOON),
        lambda guard: guard.usage(CHILD, at=NOON),
        lambda guard: guard.record(Settled(CHILD, "a"), at=NOON),
        lambda guard: list(guard.holds()),
    ):
        with pytest.raises(StoreUnavailable):
            ask(Guard(GAME, store=store, scope="here"))


def test_a_document_that_was_cut_short_or_goes_on_is_never_an_answer():
    for length in range(len(DOCUMENT)):
        refuses(DOCUMENT[:length])
    refuses(DOCUMENT + b"\0")


@pytest.mark.parametrize("schema", [2, 3, 127])
def test_a_document_of_a_newer_version_is_not_guessed_at(schema):
    refuses(bytes([schema]) + DOCUMENT[1:])


def flipped(body):
    for index, byte in enumerate(body):
        for bit in range(8):
            yield body[:index] + bytes([byte ^ 1 << bit]) + body[index + 1 :]


def test_a_document_with_a_flipped_bit_is_never_an_answer():
    for body in flipped(DOCUMENT):
        with pytest.raises(StoreUnavailable):
            money.from_bytes(body)


def test_a_guard_whose_store_flipped_a_bit_says_that_the_store_is_unavailable():
    for body in [*flipped(DOCUMENT[:1]), *flipped(DOCUMENT)][::7]:
        refuses(body)


@few(300)
@given(body=st.binary(max_size=300) | st.binary(max_size=300).map(lambda b: DOCUMENT[:1] + b))
def test_bytes_that_are_no_document_are_never_an_answer(body):
    with pytest.raises(StoreUnavailable):
        money.from_bytes(body)


# --- documents that must open for ever -----------------------------------------------------------

KEPT = json.loads(
    Path(__file__).with_name("vectors").joinpath("documents.json").read_text(encoding="utf-8")
)["money"]


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept["says"])
def test_a_money_document_of_an_older_release_opens_for_ever(kept):
    store = stores.open("memory:")
    store.swap("money/here/p-81", None, bytes.fromhex(kept["body"]))
    guard = Guard(GAME, store=store, scope="here")
    noon = stamp(NOON)
    for day, today_fen, month_fen, held_fen in kept["usage"]:
        used = guard.usage(UNCAPPED_DAY, at=instant(noon + day * DAY_S))
        assert (used.spent_today_fen, used.spent_month_fen) == (today_fen, month_fen)
        assert used.held_fen == held_fen
    at = instant(noon + kept["asked"] * DAY_S)
    for order, (fen, allowed, remaining_fen, reasons) in kept["orders"].items():
        said = guard.preview(Spend(UNCAPPED_DAY, fen=fen, order=order), at=at)
        assert (said.allowed, said.remaining_fen) == (allowed, remaining_fen)
        assert [finding.code for finding in said.reasons] == reasons
    assert [[hold.order, hold.fen] for hold in guard.holds()] == kept["holds"]
