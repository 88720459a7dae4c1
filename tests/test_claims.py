"""A refund claim is accepted in its turn, minors first, decided once, and never forgotten."""

import json
from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minorguard import (
    ZONE,
    Cancelled,
    Guard,
    InvalidRequest,
    Refunded,
    Settled,
    Spend,
    Subject,
    law,
    stores,
)
from minorguard.errors import OutcomeUnknown, StoreUnavailable
from minorguard.guardians.claims import Claims
from minorguard.guardians.dossier import ORDERS_MAX, dossier, from_json, to_json
from minorguard.guardians.order_book import ClaimedOrder, Paid
from minorguard.guardians.refund_claim import Exhibit, Shares, claim_of
from minorguard.stores.records import BODY_BYTES_MAX, Moved
from minorguard.stores.records_memory import MemoryRecords
from minorguard.testing.stores import at_once
from recordkit import DURABLE, RECORDS, Forgetful, opened, told_until_killed
from strategies import few, moment

NOW = datetime(2026, 11, 20, 15, tzinfo=ZONE)
PAID_AT = datetime(2026, 10, 3, 20, 30, tzinfo=ZONE)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)

GAME = law("cn.game")
CHILD = Subject("child-1", born=date(2012, 5, 1), identity="verified")
PARENT = Subject("parent-1", born=date(1980, 5, 1), identity="verified")


class Book:
    """An order book with rows in it."""

    def __init__(self, **rows):
        self.rows = rows

    def order(self, _, order_id):
        return self.rows.get(order_id)


def file_of(*orders, subject=CHILD, book=None, at=NOW, **more):
    book = Book(**{one: Paid(4800, PAID_AT) for one in orders}) if book is None else book
    return dossier(subject, orders, at=at, guard=book, law=GAME, **more)


def submit(desk, claim_id="c1", *orders, subject=CHILD, ground="minor_account", at=NOW, **more):
    orders = orders or ("o1",)
    return desk.submit(
        claim_id,
        subject,
        by="guardian",
        claimant="guardian-1",
        ground=ground,
        statement="my child paid without asking",
        dossier=more.pop("dossier", None) or file_of(*orders, subject=subject),
        at=at,
        **more,
    )


def taken(desk, *args, clerk="clerk-1", **more):
    return desk.take(submit(desk, *args, **more), clerk=clerk, at=NOW)


@pytest.fixture
def desk():
    return Claims(MemoryRecords())


@pytest.fixture(params=RECORDS)
def any_desk(request, tmp_path):
    with opened(request.param, tmp_path) as records:
        yield Claims(records)


# -- the dossier ---------------------------------------------------------------------------------


def test_the_dossier_says_what_happened_and_which_caps_governed_at_that_instant():
    book = Book(
        a=Paid(4800, PAID_AT),
        b=Paid(9800, PAID_AT + DAY, refunded_fen=800),
        c=Paid(500, PAID_AT, state="held"),
        d=Paid(700, PAID_AT, state="cancelled", late=True),
    )
    told = file_of("a", "b", "c", "d", book=book)

    assert [(one.order, one.state, one.fen, one.refunded_fen) for one in told.orders] == [
        ("a", "settled", 4800, 0),
        ("b", "settled", 9800, 800),
        ("c", "held", 500, 0),
        ("d", "cancelled", 700, 0),
    ]
    assert [one.refundable_fen for one in told.orders] == [4800, 9000, 0, 0]
    assert told.refundable_fen == 13_800
    a, b, *_ = told.orders
    assert (a.at, a.as_registered.ages, a.as_registered.capacity) == (PAID_AT, (14, 15), "limited")
    assert a.as_registered.allowed
    # 国新出发〔2019〕34号 §3: from 8 to 15, 50 yuan at once and 200 a month.
    assert {(cap.period, cap.cap_fen) for cap in a.as_registered.caps} == {
        ("single", 5000),
        ("monthly", 20_000),
    }
    assert not b.as_registered.allowed
    assert [code for code, _ in b.as_registered.reasons] == ["single_cap_exceeded"]
    for one in told.orders:
        for _, rule in one.as_registered.reasons:
            assert rule in told.rules
        assert all(cap.rule in told.rules for cap in one.as_registered.caps)
    assert told.law == GAME.stamps
    assert all(note.citations for note in told.rules.values())


def test_each_order_is_judged_under_the_edition_of_its_own_instant():
    book = Book(
        new=Paid(4800, PAID_AT),
        old=Paid(4800, datetime(2018, 5, 1, tzinfo=ZONE)),
        young=Paid(4800, datetime(2020, 5, 1, tzinfo=ZONE)),
        eight=Paid(4800, datetime(2020, 5, 2, tzinfo=ZONE)),
    )
    told = {
        one.order: one.as_registered
        for one in file_of("new", "old", "young", "eight", book=book).orders
    }

    assert told["new"].reasons == ()
    assert [code for code, _ in told["old"].reasons] == ["not_covered"]
    assert [code for code, _ in told["young"].reasons] == ["spend_forbidden"]
    assert (told["young"].capacity, told["eight"].capacity) == ("none", "limited")
    assert told["eight"].reasons == ()


def test_a_minor_on_an_adults_account_is_judged_beside_the_adult():
    told = file_of("o1", subject=PARENT, suspected=CHILD, book=Book(o1=Paid(64_800, PAID_AT)))
    (one,) = told.orders

    assert (told.person, told.suspected, told.identity) == ("parent-1", "child-1", "verified")
    assert one.as_registered.allowed
    assert one.as_registered.capacity == "full"
    assert not one.as_claimed.allowed
    assert one.as_claimed.capacity == "limited"


def test_caps_that_the_claimed_orders_alone_have_passed_are_named():
    rows = {f"o{n}": Paid(4800, PAID_AT + n * SECOND) for n in range(5)}
    rows["big"] = Paid(9800, PAID_AT + 40 * DAY)
    rows["back"] = Paid(50_000, PAID_AT, state="cancelled")
    told = file_of(*rows, book=Book(**rows))

    assert [(when, cap.period, fen) for when, cap, fen in told.over_caps] == [
        ("2026-10", "monthly", 24_000),
        ("2026-11-12", "single", 9800),
    ]
    assert told.by_day() == {date(2026, 10, 3): 24_000, date(2026, 11, 12): 9800}


def test_what_the_guard_has_forgotten_comes_from_the_ledger_and_says_so():
    orders = (
        ClaimedOrder(order="known", paid=Paid(1, PAID_AT)),
        ClaimedOrder(order="old", paid=Paid(4800, PAID_AT)),
        "lost",
    )
    book = Book(known=Paid(600, PAID_AT))
    told = dossier(CHILD, orders, at=NOW, guard=book, law=GAME)

    assert [(one.source, one.fen) for one in told.orders] == [
        ("guard", 600),
        ("ledger", 4800),
        ("unknown", 0),
    ]
    assert not told.complete
    assert told.orders[2].as_registered is None


def test_the_guard_itself_is_the_book_from_holding_to_refunding():
    guard = Guard(GAME, store=stores.open("memory:"), clock=lambda: NOW)
    for n, fen in enumerate((4800, 600, 100)):
        assert guard.decide(Spend(CHILD, fen=fen, order=f"o{n}"), at=PAID_AT + n * SECOND)
    for fact in (Settled(CHILD, "o0"), Refunded(CHILD, "o0", fen=800), Cancelled(CHILD, "o1")):
        guard.record(fact, at=PAID_AT + 60 * SECOND)
    guard.record(Settled(CHILD, "heard", fen=5), at=PAID_AT + DAY)
    told = dossier(CHILD, ("o0", "o1", "o2", "heard", "no"), at=NOW, guard=guard, law=guard.law)

    assert [
        (one.source, one.state, one.fen, one.at, one.refunded_fen, one.asked) for one in told.orders
    ] == [
        ("guard", "settled", 4800, PAID_AT, 800, True),
        ("guard", "cancelled", 600, PAID_AT + SECOND, 0, True),
        ("guard", "held", 100, PAID_AT + 2 * SECOND, 0, True),
        ("guard", "settled", 5, PAID_AT + DAY, 0, False),
        ("unknown", None, 0, None, 0, True),
    ]
    assert told.refundable_fen == 4005
    assert told.orders[0].as_registered.allowed


def test_an_order_in_a_state_that_no_order_has_is_invalid():
    with pytest.raises(InvalidRequest, match=r"claim\.orders\.state"):
        file_of("o1", book=Book(o1=Paid(100, PAID_AT, state="lost")))


def test_of_an_order_whose_cancelling_alone_was_heard_nothing_is_judged():
    told = file_of("o1", book=Book(o1=Paid(0, PAID_AT, state="cancelled")))

    assert told.orders[0].as_registered is None


@pytest.mark.parametrize(
    "orders", [(), ("o1", "o1"), tuple(f"o{n}" for n in range(ORDERS_MAX + 1))]
)
def test_no_orders_too_many_and_one_twice_are_invalid(orders):
    with pytest.raises(InvalidRequest, match=r"claim\.orders"):
        file_of(*orders, book=Book())


paid = st.builds(
    Paid,
    st.integers(0, 10**6),
    st.builds(moment, st.dates(date(2015, 1, 1), date(2026, 11, 1)), st.integers(0, 86_399)),
    st.sampled_from(("held", "settled", "cancelled")),
    st.integers(0, 10**6),
    st.booleans(),
)
books = st.dictionaries(st.sampled_from(("o1", "o2", "订单", "o 4")), paid | st.none(), min_size=1)


@given(books, st.booleans())
@few(80)
def test_a_dossier_comes_back_from_a_record_as_it_was(rows, suspected):
    told = file_of(*rows, subject=PARENT, book=Book(**rows), suspected=CHILD if suspected else None)

    assert from_json(json.loads(json.dumps(to_json(told)))) == told


def test_no_birth_date_is_kept(desk):
    claim = submit(desk, dossier=file_of("o1"))

    assert b"2012" not in claim.record.body


def test_the_largest_dossier_can_be_renewed_twice(desk):
    orders = tuple(f"order-{n:0>110}" for n in range(ORDERS_MAX))
    whole = file_of(*orders, subject=PARENT, suspected=CHILD)
    claim = submit(desk, "c1", *orders, subject=PARENT, dossier=whole)
    for _ in range(2):
        claim = desk.add(claim, who="clerk-1", at=NOW, dossier=whole)

    assert len(claim.record.body) <= BODY_BYTES_MAX


# -- the queues ----------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(("minor_account", "minor_on_adult_account", "other")), max_size=12))
@few(60)
def test_minors_claims_are_served_first_and_each_queue_in_the_order_of_arrival(grounds):
    desk = Claims(MemoryRecords())
    for n, ground in enumerate(grounds):
        submit(desk, f"c{n}", ground=ground)
    wanted = [f"c{n}" for n, ground in enumerate(grounds) if ground != "other"]
    wanted += [f"c{n}" for n, ground in enumerate(grounds) if ground == "other"]
    for limit in (1, 2, 100):
        listed, page = [], desk.queue(limit=limit)
        while page.claims:
            listed += [claim.id for claim in page.claims]
            page = desk.queue(after=page.after, limit=limit)
        assert listed == wanted

    served = []
    while claim := desk.take_next(clerk="clerk-1", at=NOW):
        served.append(claim.id)
        assert claim.state == "reviewing"
    assert served == wanted


def test_a_minors_claim_that_comes_last_is_taken_next(desk):
    for n in range(3):
        submit(desk, f"c{n}", ground="other")
    assert desk.take_next(clerk="clerk-1", at=NOW).id == "c0"
    submit(desk, "late", ground="minor_on_adult_account")

    assert desk.take_next(clerk="clerk-1", at=NOW).id == "late"
    assert desk.take_next(clerk="clerk-1", at=NOW).id == "c1"


@pytest.mark.parametrize("after", ["", "minors", "elders:3", "minors:x", "others:-1"])
def test_a_cursor_that_no_page_had_is_invalid(desk, after):
    if after == "":
        assert desk.queue(after=after).claims == ()
    else:
        with pytest.raises(InvalidRequest):
            desk.queue(after=after)


@pytest.mark.parametrize("name", RECORDS)
def test_of_sixteen_clerks_each_takes_another_claim_and_none_is_taken_twice(name, tmp_path):
    with opened(name, tmp_path) as records, opened(name, tmp_path) as other:
        desks = (Claims(records), Claims(records if name == "memory" else other))
        for n in range(20):
            submit(desks[0], f"c{n}", ground="other" if n % 2 else "minor_account")

        def work(number):
            mine = desks[number % 2].take_next(clerk=f"clerk-{number}", at=NOW)
            return mine.id, mine.clerk

        done = at_once(work)
        assert len({claim_id for claim_id, _ in done}) == 16
        assert all(desks[0].get(claim_id).clerk == clerk for claim_id, clerk in done)
        # Ten minors' claims were there: none of them waits while another is looked at.
        assert {f"c{n}" for n in range(0, 20, 2)} <= {claim_id for claim_id, _ in done}


# -- deciding ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refunds", "state"),
    [
        ({"o1": 4800, "o2": 4800}, "granted"),
        ({"o1": 4800}, "partly_granted"),
        ({"o1": 4800, "o2": 4799}, "partly_granted"),
        ({"o1": 0}, "refused"),
        ({}, "refused"),
    ],
)
def test_the_state_follows_from_the_numbers(any_desk, refunds, state):
    claim = taken(any_desk, "c1", "o1", "o2")
    done = any_desk.decide(claim, refunds=refunds, clerk="clerk-1", at=NOW, words="by art. 157")

    assert done.state == state
    assert done.decision.refunds == {order: fen for order, fen in refunds.items() if fen}
    assert (done.decision.who, done.decision.at, done.decision.words) == (
        "clerk-1",
        NOW,
        "by art. 157",
    )
    assert any_desk.get("c1") == done
    assert [one.id for one in any_desk.queue(state).claims] == ["c1"]


def test_an_order_of_which_nobody_knows_keeps_a_claim_from_being_granted_whole(desk):
    book = Book(o1=Paid(4800, PAID_AT))
    claim = taken(desk, "c1", dossier=file_of("o1", "lost", book=book))

    done = desk.decide(claim, refunds={"o1": 4800}, clerk="clerk-1", at=NOW, words="one is unknown")
    assert done.state == "partly_granted"


@pytest.mark.parametrize("words", ["", " ", "\n"])
@pytest.mark.parametrize("refunds", [{}, {"o1": 100}])
def test_whoever_gets_less_than_claimed_gets_the_reasons_in_writing(desk, refunds, words):
    claim = taken(desk)
    with pytest.raises(InvalidRequest, match=r"claim\.words"):
        desk.decide(claim, refunds=refunds, clerk="clerk-1", at=NOW, words=words)

    assert desk.decide(claim, refunds={"o1": 4800}, clerk="clerk-1", at=NOW).state == "granted"


@pytest.mark.parametrize(
    "refunds", [{"o1": 4801}, {"o1": -1}, {"o2": 1}, {"o1": 4800.0}, {"o1": True}]
)
def test_no_more_than_was_paid_and_has_not_gone_back_is_granted(desk, refunds):
    claim = taken(desk)

    with pytest.raises(InvalidRequest, match=r"claim\.refunds"):
        desk.decide(claim, refunds=refunds, clerk="clerk-1", at=NOW, words="why")
    assert desk.get("c1").state == "reviewing"


def test_a_newer_dossier_bounds_the_decision_and_the_old_one_is_kept(desk):
    claim = taken(desk)
    newer = file_of("o1", book=Book(o1=Paid(4800, PAID_AT, refunded_fen=4000)))
    claim = desk.add(claim, who="clerk-1", at=NOW, dossier=newer)

    assert claim.dossier == newer
    assert claim.steps[0].dossier.refundable_fen == 4800
    with pytest.raises(InvalidRequest):
        desk.decide(claim, refunds={"o1": 801}, clerk="clerk-1", at=NOW, words="why")
    assert desk.decide(claim, refunds={"o1": 800}, clerk="clerk-1", at=NOW).state == "granted"


def test_a_dossier_of_other_orders_or_of_somebody_else_is_refused(desk):
    claim = submit(desk)
    for wrong in (file_of("o2"), file_of("o1", subject=PARENT)):
        with pytest.raises(InvalidRequest, match=r"claim\.dossier"):
            desk.add(claim, who="clerk-1", at=NOW, dossier=wrong)
    with pytest.raises(InvalidRequest, match=r"claim\.dossier"):
        submit(desk, "c2", dossier=file_of("o1", subject=PARENT))


def test_only_who_holds_a_claim_decides_and_a_hand_over_is_a_step(desk):
    claim = taken(desk, clerk="clerk-1")
    with pytest.raises(InvalidRequest, match=r"claim\.clerk"):
        desk.decide(claim, refunds={"o1": 4800}, clerk="clerk-2", at=NOW)
    with pytest.raises(InvalidRequest, match=r"claim\.clerk"):
        desk.decide(submit(desk, "c2"), refunds={"o1": 4800}, clerk="clerk-1", at=NOW)

    claim = desk.take(claim, clerk="clerk-2", at=NOW, words="on leave")
    done = desk.decide(claim, refunds={"o1": 4800}, clerk="clerk-2", at=NOW)
    assert [(step.what, step.who) for step in done.steps] == [
        ("submitted", "guardian-1"),
        ("taken", "clerk-1"),
        ("taken", "clerk-2"),
        ("decided", "clerk-2"),
    ]


@pytest.mark.parametrize("name", RECORDS)
def test_of_two_clerks_on_one_claim_one_decides_and_the_other_is_told_what(name, tmp_path):
    with opened(name, tmp_path) as records, opened(name, tmp_path) as other:
        desks = (Claims(records), Claims(records if name == "memory" else other))
        for n in range(12):
            claim = taken(desks[0], f"c{n}")

            def decide(number, claim=claim):
                refunds = {"o1": 4800} if number % 2 else {}
                try:
                    return desks[number % 2].decide(
                        claim, refunds=refunds, clerk="clerk-1", at=NOW, words=f"by {number}"
                    )
                except Moved as moved:
                    return claim_of(moved.there)

            answers = at_once(decide, 16)
            now = desks[0].get(f"c{n}")
            assert all(answer == now for answer in answers)
            assert [step.what for step in now.steps] == ["submitted", "taken", "decided"]
            assert now.state == ("granted" if now.decision.refunds else "refused")


def test_a_claim_that_is_closed_stays_as_it_is(any_desk):
    for n, close in enumerate(("decide", "withdraw")):
        claim = taken(any_desk, f"c{n}")
        if close == "decide":
            claim = any_desk.decide(claim, refunds={"o1": 4800}, clerk="clerk-1", at=NOW)
        else:
            claim = any_desk.withdraw(claim, who="guardian-1", at=NOW, words="settled otherwise")
        for call in (
            lambda c=claim: any_desk.take(c, clerk="clerk-1", at=NOW),
            lambda c=claim: any_desk.add(c, who="clerk-1", at=NOW, words="more"),
            lambda c=claim: any_desk.withdraw(c, who="guardian-1", at=NOW),
            lambda c=claim: any_desk.propose(c, Shares("s", 70, 30), who="clerk-1", at=NOW),
            lambda c=claim: any_desk.decide(c, refunds={}, clerk="clerk-1", at=NOW, words="no"),
        ):
            with pytest.raises(InvalidRequest):
                call()
        assert any_desk.get(f"c{n}") == claim


def test_whoever_acts_on_a_claim_as_it_was_is_told_that_it_moved(any_desk):
    old = submit(any_desk)
    new = any_desk.take(old, clerk="clerk-1", at=NOW)

    with pytest.raises(Moved) as moved:
        any_desk.withdraw(old, who="guardian-1", at=NOW)
    assert claim_of(moved.value.there) == new


# -- proposals are no law ------------------------------------------------------------------------


def test_a_proposal_is_kept_with_its_source_and_decides_nothing(desk):
    source = "《未成年人网络游戏服务消费管理要求》征求意见稿（2024-05-28），团体标准，非现行规定"
    claim = desk.propose(taken(desk), Shares(source, 70, 30), who="clerk-1", at=NOW)

    assert claim.steps[-1].shares == Shares(source, 70, 30)
    assert claim.state == "reviewing"
    done = desk.decide(claim, refunds={"o1": 4800}, clerk="clerk-1", at=NOW)
    assert done.state == "granted"


@pytest.mark.parametrize(
    "shares", [("", 70, 30), (" ", 70, 30), ("s", 70, 31), ("s", 101, -1), ("s", 70.0, 30.0)]
)
def test_a_proposal_without_a_source_or_with_other_than_a_whole_is_invalid(shares):
    with pytest.raises(InvalidRequest):
        Shares(*shares)


# -- submitting ----------------------------------------------------------------------------------


def test_submitted_again_it_is_the_same_claim_wherever_it_stands(any_desk):
    first = submit(any_desk, exhibits=[Exhibit("slip", "0" * 64, b"sealed")])
    again = submit(any_desk, exhibits=[Exhibit("slip", "0" * 64, b"sealed")])
    assert again == first

    claim = any_desk.take(first, clerk="clerk-1", at=NOW)
    later = file_of("o1", at=NOW + DAY)
    third = submit(any_desk, exhibits=[Exhibit("slip", "0" * 64, b"sealed")], dossier=later)
    assert third == claim
    assert len(any_desk.queue("reviewing").claims) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"subject": PARENT},
        {"ground": "other"},
        {"at": NOW + SECOND},
        {"dossier": file_of("o1", "o2")},
        {"exhibits": [Exhibit("slip", "1" * 64)]},
    ],
    ids=str,
)
def test_another_claim_under_the_same_id_is_refused(desk, other):
    first = submit(desk)

    with pytest.raises(InvalidRequest, match=r"claim\.id"):
        submit(desk, **other)
    assert desk.get("c1") == first
    assert list(desk.of_person("parent-1")) == []


def test_a_person_sees_all_their_claims_in_the_order_of_arrival(any_desk):
    for n in range(3):
        submit(any_desk, f"c{n}", ground="other" if n == 0 else "minor_account")
    submit(any_desk, "theirs", subject=PARENT)

    assert [claim.id for claim in any_desk.of_person("child-1")] == ["c0", "c1", "c2"]
    any_desk.erase("c1")
    assert [claim.id for claim in any_desk.of_person("child-1")] == ["c0", "c2"]
    assert any_desk.get("c1") is None


def test_evidence_is_kept_in_its_order_and_in_its_steps(desk):
    claim = submit(desk, exhibits=[Exhibit("slip", "a" * 64, b"\x00\xff")])
    claim = desk.add(claim, who="guardian-1", at=NOW, exhibits=[Exhibit("chat", "b" * 64)])

    assert desk.get("c1").exhibits == (
        Exhibit("slip", "a" * 64, b"\x00\xff"),
        Exhibit("chat", "b" * 64),
    )
    assert claim.steps[1].exhibits == (Exhibit("chat", "b" * 64),)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("by", "clerk"),
        ("ground", "mistake"),
        ("claimant", "a b"),
        ("statement", ""),
        ("statement", "x" * 10_001),
        ("at", NOW.replace(tzinfo=None)),
        ("exhibits", [Exhibit("slip", "a" * 64)] * 51),
    ],
)
def test_what_can_be_no_claim_is_invalid_and_leaves_nothing(desk, name, value):
    said = {
        "by": "minor",
        "claimant": "child-1",
        "ground": "minor_account",
        "statement": "it was me",
        "dossier": file_of("o1"),
        "at": NOW,
        name: value,
    }
    with pytest.raises(InvalidRequest):
        desk.submit("c1", CHILD, **said)

    assert desk.get("c1") is None


@pytest.mark.parametrize(
    "exhibit",
    [("two words", "a" * 64), ("slip", "A" * 64), ("slip", "a" * 63), ("slip", "a" * 64, "x")],
)
def test_what_can_be_no_exhibit_is_invalid(exhibit):
    with pytest.raises(InvalidRequest):
        Exhibit(*exhibit)


# -- what goes wrong -----------------------------------------------------------------------------


def again_until_known(call):
    """As a caller does who is told that nobody knows: the same words once more."""
    while True:
        try:
            return call()
        except OutcomeUnknown:
            continue


def test_a_step_whose_outcome_is_unknown_is_done_once_when_it_is_asked_again():
    records = Forgetful()
    desk = Claims(records)
    for n in range(40):
        again_until_known(lambda n=n: submit(desk, f"c{n}"))
    for n in range(40):
        claim = again_until_known(lambda n=n: desk.take(desk.get(f"c{n}"), clerk="k", at=NOW))
        done = again_until_known(
            lambda c=claim: desk.decide(c, refunds={"o1": 4800}, clerk="k", at=NOW)
        )
        assert [step.what for step in done.steps if step.what == "decided"] == ["decided"]
        assert done.state == "granted"
    assert len(desk.queue("granted").claims) == 40


def test_the_same_step_asked_again_is_the_step_that_was_done(any_desk):
    claim = submit(any_desk)
    first = any_desk.take(claim, clerk="k", at=NOW)

    assert any_desk.take(claim, clerk="k", at=NOW) == first
    assert len(any_desk.get("c1").steps) == 2


class Unsure(MemoryRecords):
    """Does every transition, and says that it does not know."""

    def transition(self, kind, was, *, state, body):
        super().transition(kind, was, state=state, body=body)
        raise OutcomeUnknown("done")


def test_a_doubt_that_one_look_settles_reaches_nobody():
    desk = Claims(Unsure())
    claim = desk.take(submit(desk), clerk="k", at=NOW)

    assert desk.decide(claim, refunds={"o1": 4800}, clerk="k", at=NOW).state == "granted"


class Fails(MemoryRecords):
    """Keeps no claim until somebody says so."""

    failing = True

    def append(self, kind, record_id, *, group, state, body):
        if kind == "claim" and self.failing:
            raise StoreUnavailable("down")
        return super().append(kind, record_id, group=group, state=state, body=body)


def test_an_id_whose_claim_was_never_finished_is_nobody_elses():
    records = Fails()
    desk = Claims(records)
    with pytest.raises(StoreUnavailable):
        submit(desk)
    assert list(desk.of_person("child-1")) == []
    records.failing = False

    with pytest.raises(InvalidRequest, match=r"claim\.id"):
        submit(desk, subject=PARENT)
    assert [claim.id for claim in (submit(desk), *desk.of_person("child-1"))] == ["c1", "c1"]


def work(records, number, tell):
    """A clerk who submits, takes and decides, and tells each thing when it is done."""
    desk, n = Claims(records), 0
    while True:
        claim_id = f"c{number}-{n}"
        submit(desk, claim_id, ground="other" if n % 3 else "minor_account")
        tell("submitted", claim_id)
        claim = desk.take_next(clerk=f"k{number}", at=NOW)
        if claim is not None:
            tell("reviewing", claim.id, f"k{number}")
            refunds = {"o1": 4800} if n % 2 else {}
            done = desk.decide(claim, refunds=refunds, clerk=f"k{number}", at=NOW, words="why")
            tell(done.state, claim.id, f"k{number}")
        n += 1


FAR = {"submitted": 0, "reviewing": 1, "granted": 2, "refused": 2}


@pytest.mark.parametrize("name", DURABLE)
def test_what_was_acknowledged_is_there_after_kill_nine_and_nothing_is_half_done(name, tmp_path):
    told = []
    for turn in range(6):
        folder = tmp_path / f"turn{turn}"
        folder.mkdir()
        told = told_until_killed(name, folder, work, workers=2, lines_wanted=10 + 17 * turn)
        with opened(name, folder) as records:
            desk = Claims(records)
            for state, claim_id, *clerk in told:
                there = desk.get(claim_id)
                assert FAR[there.state] >= FAR[state]
                if FAR[state] == 2:
                    assert (there.state, there.decision.who) == (state, *clerk)
                elif clerk:
                    assert there.clerk == clerk[0]
            seen = Counter()
            for state in FAR:
                page = desk.queue(state)
                while page.claims:
                    for claim in page.claims:
                        seen[claim.id] += 1
                        assert [step.what for step in claim.steps] == [
                            "submitted", "taken", "decided",
                        ][: FAR[state] + 1]  # fmt: skip
                    page = desk.queue(state, after=page.after)
            assert set(seen.values()) == {1}
            assert {claim_id for _, claim_id, *_ in told} <= set(seen)
            assert {claim.id for claim in desk.of_person("child-1")} == set(seen)
    assert {state for state, *_ in told} >= {"submitted", "reviewing", "granted", "refused"}


def test_a_broken_record_is_an_error_and_never_a_claim():
    records = MemoryRecords()
    desk = Claims(records)
    claim = submit(desk)
    for at in range(0, len(claim.record.body), 37):
        body = bytearray(claim.record.body)
        body[at] ^= 1
        with pytest.raises(StoreUnavailable):
            claim_of(claim.record._replace(body=bytes(body)))
    with pytest.raises(StoreUnavailable):
        claim_of(claim.record._replace(state="granted"))
    with pytest.raises(StoreUnavailable):
        claim_of(claim.record._replace(body=b""))


# -- nothing is shown ----------------------------------------------------------------------------


def test_no_repr_and_no_error_shows_a_person_an_order_or_what_was_said(desk):
    canaries = ("child-1", "guardian-1", "my child paid", "order-secret", "clerk-secret", "4111")
    claim = submit(desk, "c1", "order-secret", exhibits=[Exhibit("slip", "a" * 64, b"4111")])
    old, claim = claim, desk.take(claim, clerk="clerk-secret", at=NOW)
    shown = [repr(claim), repr(claim.steps), repr(claim.dossier), repr(claim.exhibits)]
    shown.append(repr(ClaimedOrder(order="order-secret")))
    for wrong in (
        lambda: submit(desk, "c1", "order-other"),
        lambda: desk.decide(claim, refunds={"order-x": 1}, clerk="clerk-secret", at=NOW),
        lambda: desk.withdraw(claim, who="guardian-1 x", at=NOW),
    ):
        with pytest.raises(InvalidRequest) as error:
            wrong()
        shown.append(str(error.value))
    with pytest.raises(Moved) as moved:
        desk.withdraw(old, who="guardian-1", at=NOW)
    shown.append(str(moved.value))

    assert not [word for word in canaries for text in shown if word in text]
