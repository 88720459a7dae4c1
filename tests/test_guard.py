"""What a guard refuses to judge, what it shares, what it keeps, and what it never writes."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minorguard import (
    AsyncGuard,
    Cancelled,
    ConfigurationError,
    ConsentGranted,
    ConsentRevoked,
    Guard,
    GuardianSettings,
    InvalidRequest,
    Left,
    ModeChanged,
    Play,
    Settled,
    Show,
    Spend,
    StoreUnavailable,
    Subject,
    Usage,
    Use,
    law,
    stores,
)
from minorguard.core import recorded
from storekit import STORES
from strategies import few, moment

GAME = law("cn.game")
NAIVE = datetime(2026, 11, 20)  # noqa: DTZ001 - a clock that does not say where it stands
HOUR = moment(date(2026, 11, 20), 20 * 3600)
LONG_DAY = moment(date(2020, 6, 5), 8 * 3600)
CHILD = Subject("p-81", born=date(2012, 5, 1), identity="verified")
OTHER = Subject("p-82", born=date(2012, 5, 1), identity="verified")
ADULT = Subject("p-83", born=date(1990, 5, 1), identity="verified")
TIGHT = Subject(
    "p-81",
    born=date(2012, 5, 1),
    identity="verified",
    guardian=GuardianSettings(daily_minutes=5, daily_fen=9000),
)


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    made = stores.open(STORES[request.param](tmp_path))
    yield made
    made.close()


@pytest.fixture
def guard(store):
    return Guard(GAME, store=store)


def keys(store):
    return sorted(key for kind in ("time", "money", "facts") for key in store.scan(f"{kind}/")[0])


def documents(store):
    return {key: store.load(key) for key in keys(store)}


def codes(decision):
    return [finding.code for finding in decision.reasons]


# --- what cannot be judged -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (Play(CHILD), "ask.session"),
        (Spend(CHILD, fen=1), "ask.order"),
        (Spend(CHILD, fen=1, on="tip"), "ask.order"),
        (Play(ADULT), "ask.session"),
        (Spend(ADULT, fen=1), "ask.order"),
        (None, "ask"),
        ("play", "ask"),
        ({"kind": "login"}, "ask"),
        (Left(CHILD, session="a"), "ask"),
        (CHILD, "ask"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_could_not_be_counted_once_is_invalid(guard, store, request_, path):
    for ask in (guard.decide, lambda request, at: guard.decide_many([request], at=at)):
        with pytest.raises(InvalidRequest) as error:
            ask(request_, at=HOUR)
        assert error.value.path == path
    assert keys(store) == []


def test_looking_needs_neither_a_session_nor_an_order(guard):
    assert guard.preview(Play(CHILD), at=HOUR).remaining_s == 3600
    assert guard.preview(Spend(CHILD, fen=1), at=HOUR).remaining_fen == 5000


@pytest.mark.parametrize("fact", [None, "left", 7, Play(CHILD, session="a"), CHILD, Left], ids=str)
def test_what_is_no_fact_is_invalid(guard, store, fact):
    with pytest.raises(InvalidRequest):
        guard.record(fact, at=HOUR)
    assert keys(store) == []


@pytest.mark.parametrize(
    "at",
    [datetime(2026, 11, 20, 20), date(2026, 11, 20), "2026-11-20T20:00:00+08:00", 1_795_000_000],  # noqa: DTZ001 - that is what is refused
    ids=["naive", "date", "text", "number"],
)
def test_an_instant_is_an_aware_datetime(guard, store, at):
    for call in (
        lambda: guard.decide(Play(CHILD, session="a"), at=at),
        lambda: guard.decide_many([Play(CHILD, session="a")], at=at),
        lambda: guard.preview(Play(CHILD), at=at),
        lambda: guard.record(Left(CHILD, session="a"), at=at),
        lambda: guard.usage(CHILD, at=at),
        lambda: guard.features(CHILD, at=at),
        lambda: guard.plan_day(CHILD, at=at),
    ):
        with pytest.raises(InvalidRequest) as error:
            call()
        assert error.value.path == "at"
    assert keys(store) == []


@pytest.mark.parametrize("subject", [None, "p-81", {"id": "p-81"}], ids=str)
def test_a_person_is_a_subject(guard, subject):
    for call in (guard.features, guard.usage, guard.plan_day):
        with pytest.raises(InvalidRequest) as error:
            call(subject, at=HOUR)
        assert error.value.path == "subject"
    with pytest.raises(InvalidRequest):
        guard.erase(subject)


def test_a_birth_to_come_is_invalid_and_writes_nothing(guard, store):
    unborn = Subject("p-81", born=date(2027, 1, 1), identity="verified")
    with pytest.raises(InvalidRequest):
        guard.decide(Play(unborn, session="a"), at=HOUR)
    assert keys(store) == []


def test_the_clock_is_asked_where_no_instant_is_given():
    guard = Guard(GAME, store=stores.open("memory:"), clock=lambda: HOUR)
    assert guard.decide(Play(CHILD, session="a")).at == HOUR
    naive = Guard(GAME, store=stores.open("memory:"), clock=lambda: NAIVE)
    with pytest.raises(InvalidRequest):
        naive.decide(Play(CHILD, session="a"))


# --- how a guard is made -------------------------------------------------------------------------


def test_each_guard_takes_its_own_kind_of_store():
    with pytest.raises(ConfigurationError):
        Guard(GAME, store=stores.open_async("memory:"))
    with pytest.raises(ConfigurationError):
        AsyncGuard(GAME, store=stores.open("memory:"))


@pytest.mark.parametrize("kind", [Guard, AsyncGuard])
@pytest.mark.parametrize("wrong", [None, "memory:", {}, object(), SimpleNamespace(load=None)])
def test_what_is_no_store_is_a_configuration_error(kind, wrong):
    with pytest.raises(ConfigurationError):
        kind(GAME, store=wrong)


@pytest.mark.parametrize("scope", ["", "a/b", "a b", "x" * 65, "订", 7, b"x"])
def test_a_scope_is_a_short_plain_name(scope):
    with pytest.raises(ConfigurationError) as error:
        Guard(GAME, store=stores.open("memory:"), scope=scope)
    assert "scope" in str(error.value)


@pytest.mark.parametrize("lease", ["long", None, 900, True])
def test_a_lease_is_short_or_boundary(lease):
    with pytest.raises(ConfigurationError):
        Guard(GAME, store=stores.open("memory:"), lease=lease)


# --- what is counted together --------------------------------------------------------------------


def test_the_scope_is_the_first_law_unless_another_is_named(store):
    Guard(GAME, store=store).decide(Play(CHILD, session="a"), at=HOUR)
    Guard(GAME, store=store, scope="games").decide(Spend(CHILD, fen=1, order="a"), at=HOUR)
    assert keys(store) == ["money/games/p-81", "time/cn.game/p-81"]


def test_guards_that_share_a_scope_share_a_quota_and_others_do_not(store):
    one, two = (Guard(GAME, store=store, scope="games") for _ in range(2))
    alone = Guard(GAME, store=store, scope="alone")
    one.decide(Spend(TIGHT, fen=5000, order="a"), at=HOUR)
    assert two.decide(Spend(TIGHT, fen=1, order="b"), at=HOUR).remaining_fen == 4000
    assert alone.decide(Spend(TIGHT, fen=1, order="b"), at=HOUR).remaining_fen == 5000


def test_two_people_share_nothing(guard):
    guard.decide(Spend(CHILD, fen=5000, order="a"), at=HOUR)
    guard.decide(Play(CHILD, session="a"), at=HOUR)
    assert guard.usage(OTHER, at=HOUR + timedelta(minutes=5)) == Usage()


# --- many at once, looking, planning -------------------------------------------------------------

people = st.sampled_from((TIGHT, OTHER, ADULT))
asks = st.one_of(
    st.builds(Play, people, session=st.sampled_from("abcd")),
    st.builds(
        Spend, people, fen=st.sampled_from((1, 3000, 5000, 6000)), order=st.sampled_from("abcd")
    ),
    st.builds(Use, people, st.sampled_from(sorted(GAME.features & GAME.catalogue))),
    st.builds(Show, people, rating=st.sampled_from(("8+", "16+"))),
)
batches = st.lists(
    st.tuples(st.sampled_from((0, 1, 60, 119, 130, 300, -60, -200)), st.lists(asks, max_size=6)),
    max_size=8,
)


@few(100)
@given(batches)
def test_many_at_once_are_answered_like_one_by_one(script):
    together, alone = stores.open("memory:"), stores.open("memory:")
    many, one, at = Guard(GAME, store=together), Guard(GAME, store=alone), HOUR
    for step, requests in script:
        at += timedelta(seconds=step)
        assert many.decide_many(requests, at=at) == [one.decide(r, at=at) for r in requests]
    assert {key: body for key, (_, body) in documents(together).items()} == {
        key: body for key, (_, body) in documents(alone).items()
    }


def test_many_requests_of_one_person_are_one_write(store):
    guard = Guard(GAME, store=store)
    guard.decide_many([Spend(CHILD, fen=1, order=f"o{n}") for n in range(50)], at=HOUR)
    first = store.load("money/cn.game/p-81")[0]
    guard.decide(Spend(CHILD, fen=1, order="next"), at=HOUR)
    assert store.load("money/cn.game/p-81")[0] == first + 1


@few(100)
@given(batches)
def test_looking_says_what_deciding_would_say_and_writes_nothing(script):
    store = stores.open("memory:")
    guard, at = Guard(GAME, store=store), HOUR
    for step, requests in script:
        at += timedelta(seconds=step)
        for request in requests:
            before = documents(store)
            seen = guard.preview(request, at=at)
            assert documents(store) == before
            assert seen == guard.decide(request, at=at)


@few(60)
@given(
    start=st.sampled_from((HOUR - timedelta(hours=3), LONG_DAY, LONG_DAY + timedelta(hours=12))),
    before=st.lists(st.integers(0, 600), max_size=3),
    wait=st.integers(0, 9000),
    person=st.sampled_from((TIGHT, CHILD)),
)
def test_the_plan_of_a_day_is_what_is_decided_to_the_second(start, before, wait, person):
    """Somebody who plays whenever they may is let in at each planned start, till its end."""
    guard = Guard(GAME, store=stores.open("memory:"), lease="boundary")
    for number, second in enumerate(sorted(before)):
        at = start + timedelta(seconds=second)
        guard.decide(Play(person, session=f"s{number}"), at=at)
        guard.record(Left(person, session=f"s{number}"), at=at + timedelta(seconds=30))
    at = start + timedelta(seconds=700 + wait)
    plan = guard.plan_day(person, at=at)
    for number, sitting in enumerate(plan.sittings):
        if sitting.start > at:
            early = sitting.start - timedelta(seconds=1)
            assert not guard.decide(Play(person, session="early"), at=early)
        seat = guard.decide(Play(person, session=f"p{number}"), at=sitting.start)
        assert seat.allowed
        assert (seat.until, seat.lease_until, seat.warn_at) == (
            *(sitting.end, sitting.end),
            sitting.warn_at,
        )
        last = guard.preview(Play(person), at=sitting.end - timedelta(seconds=1))
        assert last.allowed
        assert not guard.preview(Play(person), at=sitting.end)
    following = plan.next_allowed_at
    assert guard.preview(Play(person), at=following).allowed
    if plan.sittings:
        assert not guard.preview(Play(person), at=following - timedelta(seconds=1))
        assert guard.preview(Play(person), at=plan.sittings[-1].end).next_allowed_at == following
    else:
        assert guard.preview(Play(person), at=at).next_allowed_at == following
    assert following.date() > plan.day == at.date()


# --- what is kept and what is not ----------------------------------------------------------------


def test_erasing_leaves_nothing_of_one_person_and_all_of_the_others(guard, store):
    for person in (CHILD, OTHER):
        guard.decide(Play(person, session="a"), at=HOUR)
        guard.decide(Spend(person, fen=4000, order="a"), at=HOUR)
        guard.record(ModeChanged(person, on=True), at=HOUR)
    guard.erase(CHILD)
    assert keys(store) == [f"{kind}/cn.game/p-82" for kind in ("facts", "money", "time")]
    assert guard.usage(CHILD, at=HOUR) == Usage()
    assert guard.decide(Spend(CHILD, fen=1, order="b"), at=HOUR).remaining_fen == 5000
    guard.erase(ADULT)


def test_what_is_held_is_listed_until_somebody_says_what_became_of_it(guard):
    for order in ("paid", "not paid", "open", "打开"):
        guard.decide(Spend(CHILD, fen=100, order=order), at=HOUR)
    guard.decide(Spend(OTHER, fen=7, order="other"), at=HOUR + timedelta(seconds=1))
    guard.record(Settled(CHILD, "paid"), at=HOUR)
    guard.record(Cancelled(CHILD, "not paid"), at=HOUR)
    held = sorted((hold.person, hold.order, hold.fen, hold.at) for hold in guard.holds())
    assert held == [
        ("p-81", "open", 100, HOUR),
        ("p-81", "打开", 100, HOUR),
        ("p-82", "other", 7, HOUR + timedelta(seconds=1)),
    ]
    assert guard.usage(CHILD, at=HOUR).held_fen == 200
    assert list(Guard(GAME, store=guard._store, scope="elsewhere").holds()) == []


def test_holds_of_many_people_are_all_listed(store):
    guard = Guard(GAME, store=store)
    for number in range(450):  # more than a page of keys
        guard.decide(
            Spend(Subject(f"p-{number}", born=CHILD.born, identity="verified"), fen=1, order="o"),
            at=HOUR,
        )
    assert len({hold.person for hold in guard.holds()}) == 450


def test_an_order_that_is_done_is_kept_without_its_name(guard, store):
    guard.decide(Spend(CHILD, fen=100, order="open-order"), at=HOUR)
    guard.decide(Spend(CHILD, fen=100, order="done-order"), at=HOUR)
    guard.decide(Play(CHILD, session="secret-session"), at=HOUR)
    guard.record(Settled(CHILD, "done-order"), at=HOUR)
    money = store.load("money/cn.game/p-81")[1]
    assert b"open-order" in money
    assert b"done-order" not in money
    assert b"secret" not in store.load("time/cn.game/p-81")[1]


def test_features_are_those_of_the_law_and_the_instant(guard, store):
    assert guard.features(CHILD, at=HOUR) == GAME.features_of(CHILD, at=HOUR)
    assert guard.features(ADULT, at=HOUR) == GAME.features_of(ADULT, at=HOUR)
    assert keys(store) == []


@pytest.mark.parametrize(
    "facts",
    [
        [ModeChanged(CHILD, on=True), ModeChanged(CHILD, on=False)],
        [ConsentGranted(CHILD, "live_host"), ConsentRevoked(CHILD, "live_host")],
    ],
    ids=["mode", "consent"],
)
def test_of_what_was_told_the_latest_counts_whatever_comes_first(facts):
    """The same documents, whatever order the news comes in."""
    left = []
    for order in ((0, 1), (1, 0), (0, 1, 0), (1, 0, 1)):
        store = stores.open("memory:")
        guard = Guard(GAME, store=store)
        for number in order:
            guard.record(facts[number], at=HOUR + timedelta(seconds=number))
        left.append(store.load("facts/cn.game/p-81")[1])
    assert len(set(left)) == 1


DOCUMENTS = Path(__file__).with_name("vectors") / "documents.json"
KEPT = json.loads(DOCUMENTS.read_text(encoding="utf-8"))["facts"]


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept["says"])
def test_a_facts_document_of_an_older_release_opens_for_ever(kept):
    known = recorded.from_bytes(bytes.fromhex(kept["body"]))
    revoked = frozenset(kept["revoked"])
    stands = known.of(Subject("p-81", consents=revoked | {"optional_pi"}), 1 << 40)
    assert stands.minors_mode is kept["mode"]
    assert stands.consents == {*kept["granted"], "optional_pi"}
    for length in range(len(kept["body"]) // 2):
        with pytest.raises(StoreUnavailable):
            recorded.from_bytes(bytes.fromhex(kept["body"])[:length])


# --- documents at hand ---------------------------------------------------------------------------

messages = st.one_of(
    asks.filter(lambda ask: isinstance(ask, Play | Spend)),
    st.builds(Left, people, session=st.sampled_from("abcd")),
    st.builds(Cancelled, people, st.sampled_from("abcd")),
    st.builds(Settled, people, st.sampled_from("abcd"), fen=st.just(3000)),
)


def outcome(guard, message, at):
    if not isinstance(message, Play | Spend):
        try:
            return guard.record(message, at=at)
        except InvalidRequest as error:
            return error.path
    return guard.decide(message, at=at)


@few(150)
@given(
    st.lists(
        st.tuples(
            st.sampled_from((0, 1, 60, 119, 130, 300, -60, -200)),
            messages,
            st.integers(0, 2),
            st.booleans(),
        ),
        max_size=30,
    )
)
def test_guards_that_take_turns_on_one_store_are_one_guard(script):
    """What a guard keeps at hand is a hint: no answer rests on it that the store does not back."""
    shared, own = stores.open("memory:"), stores.open("memory:")
    guards, one, at = [Guard(GAME, store=shared) for _ in range(3)], Guard(GAME, store=own), HOUR
    for step, message, which, erased in script:
        at += timedelta(seconds=step)
        assert outcome(guards[which], message, at) == outcome(one, message, at)
        if erased and which == 2:
            guards[0].erase(message.subject)
            one.erase(message.subject)
    assert {key: body for key, (_, body) in documents(shared).items()} == {
        key: body for key, (_, body) in documents(own).items()
    }


def test_an_answer_that_writes_nothing_rests_on_the_store_too(store):
    """Refused by what is at hand, allowed by the store: the store is asked."""
    one, two = Guard(GAME, store=store), Guard(GAME, store=store)
    one.decide(Spend(TIGHT, fen=5000, order="a"), at=HOUR)
    one.decide(Spend(TIGHT, fen=4000, order="b"), at=HOUR)
    two.record(Cancelled(TIGHT, "a"), at=HOUR)
    assert one.decide(Spend(TIGHT, fen=5000, order="c"), at=HOUR).allowed


def test_a_known_answer_is_not_given_from_memory_when_the_store_is_down():
    class Off:
        def __init__(self, store):
            self.store, self.off = store, False

        def __getattr__(self, name):
            if self.off:
                raise StoreUnavailable("off")
            return getattr(self.store, name)

    store = Off(stores.open("memory:"))
    guard = Guard(GAME, store=store)
    guard.decide(Spend(CHILD, fen=5000, order="a"), at=HOUR)
    guard.decide(Play(CHILD, session="a"), at=HOUR)
    store.off = True
    for request in (
        Spend(CHILD, fen=5000, order="a"),
        Spend(CHILD, fen=1, order="b"),
        Play(CHILD, session="a"),
        Play(CHILD, session="b"),
    ):
        with pytest.raises(StoreUnavailable):
            guard.decide(request, at=HOUR + timedelta(seconds=5))


def test_the_store_is_not_touched_where_nothing_counts():
    class Untouched:
        def load(self, key):
            raise AssertionError(key)

        swap = erase = scan = load

    guard = Guard(GAME, store=Untouched())
    noon = HOUR - timedelta(hours=8)
    little = Subject("p-81", born=date(2020, 1, 1), identity="verified")
    nobody = Subject("p-81")
    assert guard.decide(Play(ADULT, session="a"), at=HOUR).allowed
    assert guard.decide(Spend(ADULT, fen=1, order="a"), at=HOUR).allowed
    assert codes(guard.decide(Play(CHILD, session="a"), at=noon)) == ["outside_window"]
    assert codes(guard.decide(Spend(little, fen=1, order="a"), at=HOUR)) == ["spend_forbidden"]
    assert codes(guard.decide(Play(nobody, session="a"), at=HOUR)) == ["identity_required"]
    assert guard.decide(Show(CHILD, rating="8+"), at=HOUR).allowed
    assert not guard.decide(Use(CHILD, "game_account_trade"), at=HOUR)


def test_a_store_that_lost_everything_is_believed(store):
    guard = Guard(GAME, store=store)
    guard.decide(Spend(CHILD, fen=5000, order="a"), at=HOUR)
    Guard(GAME, store=store).erase(CHILD)
    assert guard.decide(Spend(CHILD, fen=1, order="b"), at=HOUR).remaining_fen == 5000
    assert guard.usage(CHILD, at=HOUR).spent_today_fen == 1
