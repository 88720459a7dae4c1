"""Theorems of counted play time: whatever is sent, in whatever order, nothing is had unpaid.

Messages are ``(second, kind, session)``: sent at that second, told at some later one. The model
(``model.py``) keeps them all and counts seconds one by one.
"""

import json
from datetime import date, timedelta
from itertools import pairwise, permutations
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from minorguard import (
    Guard,
    GuardianSettings,
    HouseRule,
    Left,
    Play,
    StoreUnavailable,
    Subject,
    law,
    stores,
)
from minorguard.core import time
from model import BREAK_S, DAY_S, LATE_S, SESSIONS, Model, instant, stamp
from strategies import few, moment

SPANS = 8
BORN = date(2012, 5, 1)
GAME = law("cn.game")
HOUSE = GAME.tightened_by([HouseRule("everybody", GuardianSettings(daily_minutes=60))])
STRICT_HOUSE = GAME.tightened_by([HouseRule("everybody", GuardianSettings(daily_minutes=1))])

CHILD = Subject("p-81", born=BORN, identity="verified")
ADULT = Subject("p-81", born=date(1990, 1, 1), identity="verified")


def minutes(daily):
    """The child, whose guardian allows that many minutes a day."""
    settings = GuardianSettings(daily_minutes=daily)
    return Subject("p-81", born=BORN, identity="verified", guardian=settings)


HOUR = moment(date(2026, 11, 20), 20 * 3600)  # a Friday evening under the notice of 2021
LONG_DAY = moment(date(2020, 6, 5), 8 * 3600)  # a Friday under the notice of 2019: 90 minutes
EVENING = moment(date(2020, 6, 5), 22 * 3600)  # when it closes
MIDNIGHT = moment(date(2026, 11, 21), 0)


class Place(NamedTuple):
    """Who plays under which law, around which instant."""

    law: object
    subject: Subject
    start: object


PLACES = {
    "an hour without a quota": Place(GAME, CHILD, HOUR),
    "an hour with a quota": Place(GAME, minutes(60), HOUR),
    "before the hour opens": Place(GAME, CHILD, HOUR - timedelta(minutes=10)),
    "before the hour closes": Place(GAME, CHILD, HOUR + timedelta(minutes=45)),
    "a long day": Place(GAME, CHILD, LONG_DAY),
    "before a long day closes": Place(GAME, CHILD, EVENING - timedelta(minutes=10)),
    "midnight": Place(HOUSE, ADULT, MIDNIGHT - timedelta(minutes=10)),
}


class Table:
    """A guard over a store in memory, and what is looked up behind its back."""

    def __init__(self, place, **options):
        self.place = place
        self.store = stores.open("memory:")
        self.guard = Guard(place.law, store=self.store, scope="here", **options)

    @property
    def body(self):
        found = self.store.load(f"time/here/{self.place.subject.id}")
        return None if found is None else found[1]

    def tell(self, second, kind, session):
        at = self.place.start + timedelta(seconds=second)
        return self.tell_at(at, kind, session)

    def tell_at(self, at, kind, session):
        if kind == "play":
            return self.guard.decide(Play(self.place.subject, session=session), at=at)
        return self.guard.record(Left(self.place.subject, session=session), at=at)

    def usage(self, second):
        return self.guard.usage(self.place.subject, at=self.place.start + timedelta(seconds=second))

    def played_s(self, at):
        return self.guard.usage(self.place.subject, at=at).played_today_s


def codes(decision):
    return {finding.code for finding in decision.reasons}


SESSION_NAMES = tuple("abcdefghij")


# --- order ---------------------------------------------------------------------------------------


@st.composite
def sittings(draw):
    """Sessions whose client keeps asking: beats at most 120 s apart, and perhaps a Left."""
    messages = []
    for name in SESSION_NAMES[: draw(st.integers(1, 4))]:
        second = draw(st.integers(0, 1200))
        messages.append((second, "play", name))
        for gap in draw(st.lists(st.sampled_from((1, 59, 60, 119, 120)), max_size=6)):
            second += gap
            messages.append((second, "play", name))
        lefts = draw(st.lists(st.integers(-60, 240), max_size=2))
        messages += [(second + after, "left", name) for after in lefts]
    return sorted(messages)


@st.composite
def deliveries(draw, messages):
    """The same messages, each once or more often, none more than 120 s late."""
    late = st.sampled_from((0, 0, 1, 60, 119, LATE_S)) | st.integers(0, LATE_S)
    told = []
    for message in messages:
        told += [
            (message[0] + delay, draw(st.integers()), message)
            for delay in draw(st.lists(late, min_size=1, max_size=3))
        ]
    return [message for _, _, message in sorted(told)]


@pytest.mark.parametrize("place", PLACES)
@few(40)
@given(data=st.data())
def test_any_order_of_the_same_messages_leaves_the_same_usage(place, data):
    """Permuted, repeated and late by up to 120 s; the quota is not reached.

    Proved for scripts in which no session falls silent for more than 120 s before it leaves, of
    at most 16 sessions and never more than 8 spans of play. Requests outside the window may be
    among them. Where a quota refuses something, which is
    refused depends on what came first: see ``test_no_script_obtains_unpaid_play``.
    """
    messages = data.draw(sittings())
    told = data.draw(deliveries(messages))
    in_order, mixed = Table(PLACES[place]), Table(PLACES[place])
    for message in messages:
        in_order.tell(*message)
    for message in told:
        mixed.tell(*message)
        assume(len(time.from_bytes(mixed.body).spans) <= SPANS if mixed.body else True)
    last = max(second for second, _, _ in messages) + LATE_S
    for later in (0, 1, 60, 120, 300, 600, 900, 1300, 40_000):
        assert mixed.usage(last + later) == in_order.usage(last + later)


@pytest.mark.parametrize("place", PLACES)
@few(25)
@given(messages=sittings())
def test_played_time_is_the_number_of_seconds_that_somebody_paid(place, messages):
    table, model = Table(PLACES[place]), Model(PLACES[place].law)
    for second, kind, session in messages:
        table.tell(second, kind, session)
        at = table.place.start + timedelta(seconds=second)
        if kind == "play":
            model.decide(Play(table.place.subject, session=session), at)
        else:
            model.record(Left(table.place.subject, session=session), at)
        assume(len(model.time(table.place.subject).spans()) <= SPANS)
        assert table.usage(second) == model.usage(table.place.subject, at)


def test_any_order_of_the_same_messages_leaves_the_same_usage_at_midnight_too():
    in_order, mixed = Table(PLACES["midnight"]), Table(PLACES["midnight"])
    for message in ((590, "play", "a"), (800, "play", "b")):
        in_order.tell(*message)
    # The same, told 20 s late after a beat that gives everything back: 60 minutes are far away.
    for message in ((610, "play", "c"), (590, "play", "a"), (610, "left", "c"), (800, "play", "b")):
        mixed.tell(*message)
    assert mixed.usage(1000) == in_order.usage(1000)


def test_a_beat_that_comes_after_its_own_leaving_still_pays_for_what_was_played():
    table = Table(PLACES["an hour without a quota"])
    table.tell(0, "play", "a")
    table.tell(1000, "left", "a")
    assert table.tell(890, "play", "a").allowed
    assert table.usage(2000).played_today_s == 1000
    assert codes(table.tell(1000, "play", "a")) == {"session_ended"}


def test_a_leaving_that_comes_before_its_login_closes_the_session():
    table = Table(PLACES["an hour without a quota"])
    table.tell(100, "left", "a")
    assert table.tell(40, "play", "a").lease_until == table.place.start + timedelta(seconds=100)
    assert codes(table.tell(100, "play", "a")) == {"session_ended"}
    assert table.usage(2000).played_today_s == 60


# --- the union -----------------------------------------------------------------------------------


@few(60)
@given(
    beats=st.lists(st.integers(0, 1500), min_size=1, max_size=8).map(sorted),
    on=st.lists(st.sampled_from("ab"), min_size=8, max_size=8),
)
def test_two_devices_make_time_neither_faster_nor_slower(beats, on):
    place = PLACES["an hour with a quota"]
    one, two = Table(place), Table(place)
    for second, device in zip(beats, on, strict=False):
        one.tell(second, "play", f"s{second}")
        two.tell(second, "play", f"{device}{second}")
        two.tell(second, "play", "ba"[device == "b"] + str(second))
    assume(len(time.from_bytes(one.body).spans) <= SPANS)
    for second in (*beats, beats[-1] + 60, beats[-1] + 1000):
        assert one.usage(second) == two.usage(second)


def test_a_second_on_two_devices_is_one_second():
    table = Table(PLACES["a long day"])
    for second in range(0, 600, 60):
        table.tell(second, "play", "phone")
        table.tell(second, "play", "tablet")
    assert table.usage(600).played_today_s == 600


@st.composite
def separate_spans(draw):
    """Full leases of 120 s with gaps between them."""
    gaps = draw(st.lists(st.integers(1, 900), max_size=16))
    starts = [0]
    for gap in gaps:
        starts.append(starts[-1] + 120 + gap)
    return starts, gaps


@few(60)
@given(separate_spans())
def test_gaps_are_free_as_long_as_there_are_eight_spans_and_then_the_shortest_is_charged(drawn):
    starts, gaps = drawn
    table = Table(PLACES["a long day"])
    for number, start in enumerate(starts):
        assert table.tell(start, "play", f"s{number}")
    truth_s = 120 * len(starts)
    forgiven = sorted(gaps, reverse=True)[: SPANS - 1]
    assert table.usage(starts[-1] + 120).played_today_s == truth_s + sum(gaps) - sum(forgiven)


# --- nothing unpaid ------------------------------------------------------------------------------


class Player:
    """Somebody who plays every second that an answer grants, and nothing else.

    What they left they no longer play. ``paid_to_play`` is what the counting owes at least.
    """

    def __init__(self, table):
        self.table = table
        self.granted = {}

    def tell(self, at, kind, session):
        before = self.table.body
        said = self.table.tell_at(at, kind, session)
        now = stamp(at)
        if kind == "left":
            mine = self.granted.get(session, set())
            self.granted[session] = {second for second in mine if second < now}
        elif said:
            lease_until = stamp(said.lease_until)
            assert now < lease_until <= now + said.remaining_s
            self.granted.setdefault(session, set()).update(range(now, lease_until))
        else:
            assert said.lease_until is None
            assert self.table.body == before, "a refused request leaves no trace"
        return said

    def played(self, day):
        seconds = set().union(*self.granted.values()) if self.granted else set()
        return sum(second // DAY_S == day for second in seconds)


@st.composite
def scripts(draw, spread_s=1500, size=25):
    """Any messages in any order: late, repeated, a clock set back, sessions that come again."""
    near = st.integers(0, spread_s)
    steps = st.sampled_from((-1000, -121, -120, -60, -1, 0, 1, 30, 60, 119, 120, 121, 240, 300))
    second, told = draw(near), []
    for _ in range(draw(st.integers(1, size))):
        second = draw(near) if draw(st.integers(0, 5)) == 0 else max(0, second + draw(steps))
        kind = draw(st.sampled_from(("play", "play", "play", "left")))
        told.append((second, kind, draw(st.sampled_from(SESSION_NAMES))))
    return told


TIGHT = {
    "two minutes": Place(GAME, minutes(2), HOUR),
    "five minutes": Place(GAME, minutes(5), HOUR),
    "no quota": Place(GAME, CHILD, HOUR + timedelta(minutes=45)),
    "the evening of a long day": Place(GAME, minutes(10), EVENING - timedelta(minutes=15)),
}


def nothing_unpaid(place, told, **options):
    """Play a script, and check after every message what may never fail."""
    table = Table(place, **options)
    player = Player(table)
    quota_s = place.subject.guardian.daily_minutes * 60 if place.subject.guardian else DAY_S
    mark = None
    for second, kind, session in told:
        at = place.start + timedelta(seconds=second)
        said = player.tell(at, kind, session)
        if kind == "left" or said:
            mark = at if mark is None else max(mark, at)
        if mark is None:
            continue
        day = stamp(mark) // DAY_S
        end_of_day = instant(day * DAY_S + DAY_S - 1)
        assert player.played(day) <= table.played_s(end_of_day), "unpaid play"
        for some_day in (day - 1, day, day + 1):
            assert player.played(some_day) <= quota_s, "over the quota"


@pytest.mark.parametrize("lease", ["short", "boundary"])
@pytest.mark.parametrize("place", TIGHT)
@few(40)
@given(told=scripts())
def test_no_script_obtains_unpaid_play(place, lease, told):
    """Every second granted and not given back is charged, and no day is over its quota."""
    nothing_unpaid(TIGHT[place], told, lease=lease)


@pytest.mark.deep
@pytest.mark.parametrize("lease", ["short", "boundary"])
@pytest.mark.parametrize("place", TIGHT)
@few(800)
@given(told=scripts(size=60))
def test_no_long_script_obtains_unpaid_play(place, lease, told):
    nothing_unpaid(TIGHT[place], told, lease=lease)


def over_a_minute_on_either_side_of_midnight(told):
    """Seconds over the quota that an adult in a house of one minute a day gets."""
    table = Table(Place(STRICT_HOUSE, ADULT, MIDNIGHT - timedelta(seconds=300)))
    player = Player(table)
    for second, kind, session in told:
        player.tell(table.place.start + timedelta(seconds=second), kind, session)
    first = stamp(table.place.start) // DAY_S
    return max(player.played(day) for day in (first, first + 1)) - 60


@few(60)
@given(told=scripts(spread_s=600).map(sorted))
def test_neither_day_is_over_its_quota_at_midnight(told):
    assert over_a_minute_on_either_side_of_midnight(told) <= 0


@few(60)
@given(told=scripts(spread_s=600))
@example(told=[(310, "play", "b"), (290, "play", "a")])
def test_neither_day_is_over_its_quota_at_midnight_whatever_comes_late(told):
    assert over_a_minute_on_either_side_of_midnight(told) <= 0


def test_two_late_leases_share_what_is_left_of_the_quota():
    table = Table(TIGHT["two minutes"])
    assert table.tell(60, "play", "a").lease_until == HOUR + timedelta(seconds=180)
    late = table.tell(0, "play", "b")
    assert codes(late) == {"quota_exhausted"}
    assert table.usage(1000).played_today_s == 120


@few(80)
@given(
    spans=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 90)), max_size=6),
    at=st.integers(0, 400),
    lease_s=st.integers(1, 150),
    quota_s=st.integers(0, 500),
)
def test_affordable_is_the_longest_lease_that_keeps_the_day_within_its_quota(
    spans, at, lease_s, quota_s
):
    day = 700_000 * DAY_S
    paid = {day + first + k for first, length_s in spans for k in range(length_s)}
    merged = tuple(_spans_of(paid))
    left = day + at
    while left < day + at + lease_s and len(paid | set(range(day + at, left + 1))) <= quota_s:
        left += 1
    if len(paid) <= quota_s:
        assert time.affordable(merged, day + at, day + at + lease_s, quota_s) == left
    else:
        reach = time.affordable(merged, day + at, day + at + lease_s, quota_s)
        assert set(range(day + at, reach)) <= paid


def _spans_of(seconds):
    seconds = sorted(seconds)
    starts = [b for a, b in pairwise([-9, *seconds]) if b > a + 1]
    ends = [a + 1 for a, b in pairwise([*seconds, 10**18]) if b > a + 1]
    return zip(starts, ends, strict=True) if seconds else ()


# --- a clock set back ----------------------------------------------------------------------------


@pytest.mark.parametrize("place", TIGHT)
@few(30)
@given(told=scripts(), back=st.integers(1, 3000))
def test_a_clock_set_back_gives_nothing_back(place, told, back):
    table = Table(TIGHT[place])
    for message in told:
        table.tell(*message)
    assume(table.body is not None)
    mark = time.from_bytes(table.body).mark
    before = table.guard.usage(table.place.subject, at=instant(mark))
    for session in (*SESSION_NAMES[:3], "new"):
        table.tell_at(instant(mark - back), "play", session)
    after = table.guard.usage(table.place.subject, at=instant(mark))
    assert after.played_today_s >= before.played_today_s
    assert table.guard.usage(table.place.subject, at=instant(mark - back)) == after


@pytest.mark.parametrize("place", TIGHT)
@few(30)
@given(told=scripts(), back=st.integers(LATE_S + 1, 3000), session=st.sampled_from(SESSION_NAMES))
def test_a_request_too_far_behind_writes_nothing_and_gets_no_more_than_was_paid(
    place, told, back, session
):
    table = Table(TIGHT[place])
    for message in told:
        table.tell(*message)
    assume(table.body is not None)
    before, known = table.body, time.from_bytes(table.body)
    late = known.mark - back
    said = table.tell_at(instant(late), "play", session)
    assert table.body == before
    if said:
        one = known.sitting(time.session_name(session))
        paid = {second for first, last in one.spans for second in range(first, last)}
        assert set(range(late, stamp(said.lease_until))) <= paid
    else:
        assert codes(said) & {
            "clock_behind",
            "session_ended",
            "outside_window",
            "quota_exhausted",
        }


def test_a_beat_told_again_much_later_gets_the_answer_it_had():
    table = Table(PLACES["a long day"])
    first = table.tell(0, "play", "a")
    for second in range(100, 1000, 100):
        table.tell(second, "play", "b")
    again = table.tell(0, "play", "a")
    assert again.allowed
    assert again.lease_until == first.lease_until


def test_a_beat_within_an_old_lease_is_paid_to_the_end_of_that_lease_and_no_further():
    table = Table(PLACES["a long day"])
    table.tell(0, "play", "a")
    for second in range(200, 1000, 100):
        table.tell(second, "play", "b")
    before = table.body
    assert table.tell(60, "play", "a").lease_until == LONG_DAY + timedelta(seconds=120)
    assert codes(table.tell(120, "play", "a")) == {"clock_behind"}
    assert table.body == before


def test_a_new_session_behind_the_clock_is_refused_until_the_clock_has_caught_up():
    table = Table(PLACES["a long day"])
    table.tell(1000, "play", "a")
    said = table.tell(879, "play", "b")
    assert codes(said) == {"clock_behind"}
    assert said.next_allowed_at == LONG_DAY + timedelta(seconds=880)
    assert table.tell(880, "play", "b").allowed


def test_a_leaving_counts_however_late_it_is_told():
    table = Table(PLACES["an hour without a quota"])
    table.tell(0, "play", "a")
    table.tell(2000, "play", "b")
    table.tell(100, "left", "a")
    assert table.usage(2000).played_today_s == 100


def test_a_leaving_of_an_unknown_session_is_forgotten_when_it_comes_too_late():
    table = Table(PLACES["an hour without a quota"])
    table.tell(1000, "play", "a")
    before = table.body
    table.tell(879, "left", "b")
    assert table.body == before
    assert table.tell(1000, "play", "b").allowed
    table.tell(880, "left", "c")
    assert codes(table.tell(1000, "play", "c")) == {"session_ended"}


def test_neither_a_refused_request_nor_the_past_moves_the_mark():
    table = Table(PLACES["a long day"])
    table.tell(1000, "play", "a")
    table.tell(14 * 3600, "play", "a")  # 22:00: refused
    table.tell(950, "play", "a")
    assert time.from_bytes(table.body).mark == stamp(LONG_DAY) + 1000
    assert table.tell(880, "play", "b").allowed


# --- sessions ------------------------------------------------------------------------------------


def test_a_session_is_used_once():
    table = Table(PLACES["a long day"])
    table.tell(0, "play", "a")
    table.tell(60, "left", "a")
    assert codes(table.tell(61, "play", "a")) == {"session_ended"}
    assert codes(table.tell(7000, "play", "a")) == {"session_ended"}


def test_forty_sessions_that_ended_are_still_known_by_name():
    table = Table(PLACES["an hour without a quota"])
    for number in range(40):
        table.tell(number, "play", f"s{number}")
        table.tell(number + 1, "left", f"s{number}")
    for number in range(40):
        assert codes(table.tell(60, "play", f"s{number}")) == {"session_ended"}
        table.tell(number + 1, "left", f"s{number}")
    assert table.usage(1000).played_today_s == 40


@pytest.mark.parametrize(("silent_s", "goes_on"), [(120, True), (240, True), (241, False)])
def test_a_session_may_go_on_for_120_s_after_its_lease(silent_s, goes_on):
    table = Table(PLACES["a long day"])
    table.tell(0, "play", "a")
    assert table.tell(silent_s, "play", "a").allowed is goes_on


def test_a_leaving_told_twice_counts_from_the_earlier():
    table = Table(PLACES["an hour without a quota"])
    table.tell(0, "play", "a")
    table.tell(100, "left", "a")
    table.tell(50, "left", "a")
    table.tell(150, "left", "a")
    assert table.usage(1000).played_today_s == 50
    assert codes(table.tell(120, "play", "a")) == {"session_ended"}


def test_the_seventeenth_open_session_waits_for_another_to_end():
    table = Table(PLACES["an hour without a quota"])
    for number in range(SESSIONS):
        assert table.tell(number, "play", f"s{number}")
    refused = table.tell(20, "play", "one more")
    assert codes(refused) == {"too_many_sessions"}
    assert refused.next_allowed_at == HOUR + timedelta(seconds=900 + LATE_S + 1)
    assert table.tell(21, "play", "s0")
    table.tell(22, "left", "s5")
    assert table.tell(23, "play", "one more")
    assert codes(table.tell(24, "play", "and another")) == {"too_many_sessions"}


def test_a_seventeenth_session_opens_at_the_instant_that_was_named():
    table = Table(PLACES["an hour without a quota"])
    for number in range(SESSIONS):
        table.tell(number, "play", f"s{number}")
    again_at = table.tell(20, "play", "one more").next_allowed_at
    assert not table.tell_at(again_at - timedelta(seconds=1), "play", "one more")
    assert table.tell_at(again_at, "play", "one more")


# --- when --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "closes"),
    [
        (Place(GAME, CHILD, HOUR), HOUR + timedelta(hours=1)),
        (Place(GAME, CHILD, LONG_DAY), EVENING),
    ],
    ids=["21:00", "22:00"],
)
def test_no_lease_passes_the_end_of_the_window_by_a_second(place, closes):
    table = Table(place)
    for before_s in (901, 900, 121, 120, 119, 2, 1):
        said = table.tell_at(closes - timedelta(seconds=before_s), "play", f"s{before_s}")
        assert said.allowed
        assert said.lease_until <= closes
    assert said.lease_until == closes
    for after_s in (0, 1):
        at = closes + timedelta(seconds=after_s)
        assert codes(table.tell_at(at, "play", "s1")) == {"outside_window"}


def test_ninety_minutes_are_ninety_minutes_to_the_second():
    table = Table(PLACES["a long day"])
    for second in range(0, 5400, 120):
        said = table.tell(second, "play", "a")
        assert said.remaining_s == 5400 - second
        assert said.until - said.at == timedelta(seconds=said.remaining_s)
    assert table.tell(5399, "play", "a").lease_until == LONG_DAY + timedelta(seconds=5400)
    over = table.tell(5400, "play", "a")
    assert codes(over) == {"quota_exhausted"}
    assert over.remaining_s == 0
    assert over.next_allowed_at == moment(date(2020, 6, 6), 8 * 3600)


def test_a_new_day_has_its_own_quota():
    table = Table(PLACES["a long day"])
    for second in range(0, 5400, 120):
        table.tell(second, "play", "a")
    assert table.tell(DAY_S, "play", "b").remaining_s == 5400
    assert table.usage(DAY_S + 60).played_today_s == 60


def test_seconds_belong_to_the_day_in_which_they_lie():
    table = Table(PLACES["midnight"])  # from 23:50, an adult in a house of 60 minutes
    table.tell(540, "play", "a")
    assert table.usage(599).played_today_s == 59
    assert table.usage(600).played_today_s == 0
    assert table.usage(660).played_today_s == 60
    assert table.tell(660, "play", "a").remaining_s == 3540


@pytest.mark.parametrize("month_turn", [date(2026, 12, 1), date(2027, 1, 1), date(2028, 2, 29)])
def test_a_month_or_a_year_turns_like_a_day(month_turn):
    start = moment(month_turn, 0) - timedelta(minutes=10)
    table = Table(Place(HOUSE, ADULT, start))
    table.tell(0, "play", "a")
    table.tell(540, "play", "b")
    assert table.usage(599).played_today_s == 179
    assert table.usage(660).played_today_s == 60


def test_a_day_that_was_left_is_never_opened_again():
    table = Table(Place(HOUSE, ADULT, MIDNIGHT - timedelta(minutes=10)))
    for second in range(0, 720, 60):
        table.tell(second, "play", "a")
    assert table.usage(599).played_today_s >= table.usage(660).played_today_s == 60
    assert codes(table.tell(500, "play", "b")) == {"clock_behind"}


def test_the_eighteenth_birthday_ends_the_hours_at_midnight_after_it():
    grown = Subject("p-81", born=date(2008, 11, 20), identity="verified")
    table = Table(Place(GAME, grown, MIDNIGHT))
    assert codes(table.tell(-1, "play", "a")) == {"outside_window"}
    said = table.tell(0, "play", "a")
    assert said.allowed
    assert said.lease_until is None
    assert table.body is None


def test_the_sixteenth_birthday_changes_no_time_that_was_played():
    older = Subject("p-81", born=date(2010, 11, 20), identity="verified")
    table = Table(Place(GAME, older, HOUR))
    table.tell(0, "play", "a")
    assert table.usage(900).played_today_s == 900
    assert table.tell(DAY_S, "play", "b").remaining_s == 3600
    assert table.usage(DAY_S + 900).played_today_s == 900


# --- rest ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("break_s", "continuous_s"), [(299, 240), (300, 120), (301, 120)])
def test_a_break_of_300_s_ends_a_stretch_of_play(break_s, continuous_s):
    table = Table(PLACES["a long day"])
    table.tell(0, "play", "a")
    table.tell(120 + break_s, "play", "b")
    assert table.usage(240 + break_s).continuous_s == continuous_s


def test_a_stretch_goes_on_for_299_s_after_the_last_play_and_across_midnight():
    table = Table(PLACES["midnight"])
    table.tell(540, "play", "a")
    assert table.usage(660).continuous_s == 120
    assert table.usage(660 + BREAK_S - 1).continuous_s == 120
    assert table.usage(660 + BREAK_S).continuous_s == 0


# --- leases --------------------------------------------------------------------------------------


def test_a_lease_is_900_s_or_120_s_under_a_quota_or_up_to_the_end_when_that_is_chosen():
    for place, lease, lease_s in (
        ("an hour without a quota", "short", 900),
        ("an hour with a quota", "short", 120),
        ("a long day", "short", 120),
        ("an hour without a quota", "boundary", 3600),
        ("a long day", "boundary", 5400),
    ):
        said = Table(PLACES[place], lease=lease).tell(0, "play", "a")
        assert said.lease_until - said.at == timedelta(seconds=lease_s)


def test_a_lease_that_is_paid_to_the_end_is_given_back_by_leaving():
    table = Table(PLACES["a long day"], lease="boundary")
    table.tell(0, "play", "a")
    table.tell(100, "left", "a")
    assert table.tell(200, "play", "b").remaining_s == 5300


def test_an_unlimited_adult_has_no_lease_and_writes_nothing():
    table = Table(Place(GAME, ADULT, HOUR))
    for second in (0, 60, 120):
        said = table.tell(second, "play", "a")
        assert said.allowed
        assert (said.lease_until, said.until, said.remaining_s) == (None, None, None)
    table.tell(130, "left", "a")
    assert table.body is None


# --- bounds --------------------------------------------------------------------------------------


@pytest.mark.parametrize("session", ["a", "x" * 128, "订" * 128, "\U0001f600" * 128, "\ud800"])
def test_a_document_with_one_session_has_at_most_160_bytes_whatever_its_id(session):
    table = Table(PLACES["a long day"])
    for second in range(0, 3000, 240):
        table.tell(second, "play", session)
        assert len(table.body) <= 160


def many_sessions():
    """Up to hundreds of sessions, open and ended, with gaps in each."""
    kinds = st.sampled_from(("play", "play", "left"))
    return st.lists(
        st.tuples(st.integers(-130, 260), kinds, st.integers(0, 60)), min_size=1, max_size=150
    )


@few(40)
@given(told=many_sessions())
def test_a_document_stays_small_whatever_is_told(told):
    table, second = Table(PLACES["an hour with a quota"]), 0
    for step, kind, session in told:
        second = max(0, second + step)
        table.tell(second, kind, f"s{session}")
        if table.body:
            known = time.from_bytes(table.body)
            assert len(table.body) <= 2048
            assert known.opened(known.mark) <= SESSIONS
            assert len(known.spans) <= SPANS


def test_a_document_stays_below_six_kilobytes_however_hard_somebody_tries():
    """Sixteen open and sixteen ended sessions, each with eight spans of its own."""
    table = Table(PLACES["an hour with a quota"])
    largest = 0
    for batch in range(0, 3450, 1150):
        beats = [
            (batch + k * 125 + i * 5 + i * k % 4, "play", f"{batch} {i}")
            for i in range(SESSIONS)
            for k in range(SPANS)
        ]
        for beat in sorted(beats):
            table.tell(*beat)
        for i in range(SESSIONS):
            table.tell(batch + 1080, "left", f"{batch} {i}")
            largest = max(largest, len(table.body))
    assert 2048 < largest <= 6144


def test_a_document_stays_small_over_a_year_of_play():
    table = Table(PLACES["a long day"])
    largest = 0
    for day in range(0, 365, 3):
        for second in range(0, 3000, 290):
            table.tell(day * DAY_S + second, "play", f"{day} {second}")
            largest = max(largest, len(table.body))
    assert largest <= 1536


# --- documents -----------------------------------------------------------------------------------


@pytest.mark.parametrize("place", TIGHT)
@few(60)
@given(told=scripts())
def test_a_document_reads_back_as_it_was_written(place, told):
    table = Table(TIGHT[place])
    for message in told:
        table.tell(*message)
        if table.body is not None:
            assert time.to_bytes(time.from_bytes(table.body)) == table.body


def some_document():
    table = Table(PLACES["a long day"])
    for number in range(6):
        table.tell(200 * number, "play", f"s{number}")
    table.tell(650, "left", "s3")
    return table.body


DOCUMENT = some_document()


def asked_of(body):
    """Everything that reads a time document, on a guard whose store holds this one."""
    store = stores.open("memory:")
    store.swap("time/here/p-81", None, body)

    def guard():
        return Guard(GAME, store=store, scope="here")

    at = LONG_DAY + timedelta(seconds=1300)
    yield "decide", lambda: guard().decide(Play(CHILD, session="new"), at=at)
    yield "known", lambda: guard().decide(Play(CHILD, session="s5"), at=at)
    yield "preview", lambda: guard().preview(Play(CHILD, session="new"), at=at)
    yield "usage", lambda: guard().usage(CHILD, at=at)
    yield "plan_day", lambda: guard().plan_day(CHILD, at=at)
    yield "record", lambda: guard().record(Left(CHILD, session="s5"), at=at)


def refuses(body):
    for _, ask in asked_of(body):
        with pytest.raises(StoreUnavailable):
            ask()


def test_a_document_that_was_cut_short_or_goes_on_is_never_an_answer():
    for length in range(len(DOCUMENT)):
        refuses(DOCUMENT[:length])
    refuses(DOCUMENT + b"\0")
    refuses(DOCUMENT + DOCUMENT)


@pytest.mark.parametrize("schema", [2, 3, 127, 255])
def test_a_document_of_a_newer_version_is_not_guessed_at(schema):
    refuses(bytes([schema]) + DOCUMENT[1:])


def flipped(body):
    for index, byte in enumerate(body):
        for bit in range(8):
            yield body[:index] + bytes([byte ^ 1 << bit]) + body[index + 1 :]


def test_a_document_with_a_flipped_bit_is_never_an_answer():
    for body in flipped(DOCUMENT):
        with pytest.raises(StoreUnavailable):
            time.from_bytes(body)


def test_a_guard_whose_store_flipped_a_bit_says_that_the_store_is_unavailable():
    for body in list(flipped(DOCUMENT))[::7] + list(flipped(DOCUMENT))[:8]:
        refuses(body)


@few(300)
@given(body=st.binary(max_size=300) | st.binary(max_size=300).map(lambda b: DOCUMENT[:1] + b))
def test_bytes_that_are_no_document_are_never_an_answer(body):
    with pytest.raises(StoreUnavailable):
        time.from_bytes(body)


# --- documents that must open for ever -----------------------------------------------------------

KEPT = json.loads(
    Path(__file__).with_name("vectors").joinpath("documents.json").read_text(encoding="utf-8")
)["time"]


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept["says"])
def test_a_time_document_of_an_older_release_opens_for_ever(kept):
    store = stores.open("memory:")
    store.swap("time/here/p-81", None, bytes.fromhex(kept["body"]))
    guard = Guard(GAME, store=store, scope="here")
    for at, played_s, continuous_s in kept["usage"]:
        usage = guard.usage(CHILD, at=instant(stamp(HOUR) + at))
        assert (usage.played_today_s, usage.continuous_s) == (played_s, continuous_s)
    for session, code in kept["sessions"].items():
        said = guard.preview(Play(CHILD, session=session), at=instant(stamp(HOUR) + kept["asked"]))
        assert [finding.code for finding in said.reasons] == ([code] if code else [])


# --- under a quota, whatever order the messages come in -----------------------------------------


def guarded(minutes):
    settings = GuardianSettings(daily_minutes=minutes)
    return Subject("q", born=date(2012, 5, 1), identity="verified", guardian=settings)


def told_all(guard, child, script):
    for second, kind, session in script:
        at = HOUR + timedelta(seconds=second)
        if kind == "leave":
            guard.record(Left(child, session=session), at=at)
        else:
            guard.decide(Play(child, session=session), at=at)


def test_the_last_minute_of_a_quota_is_charged_alike_in_any_order():
    child, used = guarded(3), set()
    script = [(0, "play", "a"), (60, "play", "b"), (61, "leave", "x")]
    for order in permutations(script):
        guard = Guard(GAME, store=stores.open("memory:"))
        told_all(guard, child, order)
        used.add(guard.usage(child, at=HOUR + timedelta(seconds=600)).played_today_s)

    assert used == {180}


def test_a_known_session_gets_its_known_answer_though_the_day_is_used_up_by_now():
    child = guarded(4)
    guard = Guard(GAME, store=stores.open("memory:"))
    first = guard.decide(Play(child, session="s"), at=HOUR)
    told_all(guard, child, [(120, "play", "s"), (600, "leave", "s")])

    again = guard.decide(Play(child, session="s"), at=HOUR)
    assert (again.until, again.remaining_s, again.lease_until) == (
        first.until,
        first.remaining_s,
        first.lease_until,
    )
