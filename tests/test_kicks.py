"""Sessions end when their leases end: no second past, none before, and a million at once.

No test sleeps or asks what time it is: the clock is a value, and waiting moves it.
"""

import asyncio
import logging
import random
import subprocess
import sys
import threading
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minorguard import ZONE, InvalidRequest, Play, Spend, Subject, Usage, law
from minorguard.core.decision import Decision
from minorguard.kicks import KickSchedule, Wheel
from strategies import few

GAME = law("cn.game")
CHILD = Subject("p-81", born=date(2012, 5, 1), identity="verified")
ADULT = Subject("p-18", born=date(1990, 5, 1), identity="verified")
SECOND = timedelta(seconds=1)


def at(clock):
    """``"20:10"`` or ``"20:10:30"`` on a Friday."""
    return datetime.fromisoformat(f"2026-11-20T{clock}+08:00")


def seat_at(clock):
    """What a child is told who logs in at that time: a lease of 900 s, or to nine."""
    return GAME.decide(Play(CHILD), at=at(clock))


BASE = seat_at("20:00")


class Seat(Decision):
    """A lease of any length: from ``begins`` for ``lease_s``, with ``left_s`` to play in all."""

    __slots__ = ("_lease_s", "_left_s")

    def __init__(self, begins, lease_s, left_s=None):
        super().__init__(BASE.segment, BASE.request, BASE.usage, begins)
        self._lease_s = lease_s
        self._left_s = lease_s if left_s is None else left_s

    @property
    def lease_until(self):
        return self.at + timedelta(seconds=self._lease_s)

    @property
    def until(self):
        return self.at + timedelta(seconds=self._left_s)


def put_all(seats):
    schedule = KickSchedule()
    for session, seat in seats.items():
        schedule.put(session, seat)
    return schedule


def told(events):
    """A flat list of (when, what, to whom), in the order of the batches."""
    return [
        (f"{batch.at:%H:%M:%S}", kind, session)
        for batch in events
        for kind in ("warn", "renew", "end")
        for session in names(getattr(batch, kind))
    ]


def names(seats):
    return sorted(seat.session for seat in seats)


def lived(schedule, now):
    """What is told to a server that looks whenever something is due, and drops who has ended."""
    seen = []
    while now is not None:
        events = schedule.due(now)
        seen += told(events)
        for seat in (seat for batch in events for seat in batch.end):
            schedule.drop(seat.session)
        now = schedule.next_at()
    return seen


def waiting(schedule):
    """How many entries the wheel holds, stale ones too."""
    return sum(map(len, schedule._wheel.values()))


# -- ends ----------------------------------------------------------------------------------------


def test_a_session_ends_at_nine_not_one_second_past():
    schedule = put_all({"s": seat_at("20:50")})

    assert schedule.next_at() == at("20:55")
    schedule.due(at("20:59"))
    assert schedule.next_at() == at("21:00")
    assert schedule.due(at("20:59:59") + timedelta(microseconds=999_999)) == []
    assert told(schedule.due(at("21:00"))) == [("21:00:00", "end", "s")]
    schedule.drop("s")
    assert schedule.next_at() is None
    assert schedule.due(at("22:00")) == []


def test_an_evening_as_a_child_is_told_it():
    schedule = put_all({"s": seat_at("20:40")})

    # Nobody answers the renewal: the lease of 900 s ends at 20:55, before the next warning.
    renewal = schedule.due(at("20:54:59"))[1].at
    assert told(put_all({"s": seat_at("20:40")}).due(at("22:00"))) == [
        ("20:45:00", "warn", "s"),
        (f"{renewal:%H:%M:%S}", "renew", "s"),
        ("20:55:00", "end", "s"),
    ]


def test_a_renewed_session_plays_on_to_nine_and_is_warned_each_time_once():
    schedule = put_all({"s": seat_at("20:30")})
    seen = []
    while (moment := schedule.next_at()) is not None:
        events = schedule.due(moment)
        seen += told(events)
        if any(batch.renew for batch in events):
            schedule.put("s", GAME.decide(Play(CHILD, renewal=True), at=moment))
        if any(batch.end for batch in events):
            schedule.drop("s")

    assert [(when, what) for when, what, _ in seen if what != "renew"] == [
        ("20:45:00", "warn"),
        ("20:55:00", "warn"),
        ("20:59:00", "warn"),
        ("21:00:00", "end"),
    ]


def test_whoever_ends_at_nine_is_handed_over_in_one_batch():
    seat = seat_at("20:50")
    schedule = put_all({f"s-{number}": seat for number in range(1000)})
    schedule.put("other", GAME.decide(Play(ADULT), at=at("20:50")))
    schedule.due(at("20:59:59"))

    (batch,) = schedule.due(at("21:00"))
    assert names(batch.end) == sorted(f"s-{number}" for number in range(1000))


def test_a_few_end_and_the_many_stay():
    schedule = put_all({f"s-{number}": Seat(at("20:00"), 300, 3600) for number in range(100)})
    schedule.put("first", Seat(at("20:00"), 60))

    assert told(schedule.due(at("20:01"))) == [("20:01:00", "end", "first")]
    assert len(schedule) == 101  # until "first" is dropped


def test_an_adult_whom_nothing_limits_is_never_kicked():
    schedule = KickSchedule()
    schedule.put("s", GAME.decide(Play(ADULT), at=at("20:10")))

    assert schedule.next_at() is None
    assert len(schedule) == 0


def test_somebody_found_to_be_an_adult_is_no_longer_kicked():
    schedule = put_all({"s": seat_at("20:10")})
    schedule.put("s", GAME.decide(Play(ADULT, renewal=True), at=at("20:20")))

    assert schedule.due(at("23:00")) == []


@pytest.mark.parametrize(
    "seat",
    [
        GAME.decide(Play(CHILD), at=at("21:00")),
        GAME.decide(Play(Subject("p")), at=at("20:10")),
        GAME.decide(Spend(CHILD, fen=100), at=at("20:10")),
        None,
        at("21:00"),
    ],
    ids=["past nine", "no identity", "a purchase", "none", "a time"],
)
def test_who_was_refused_has_no_seat(seat):
    schedule = KickSchedule()

    with pytest.raises(ValueError, match="seat: want a decision that allowed a Play"):
        schedule.put("s", seat)
    assert schedule.next_at() is None


@pytest.mark.parametrize("session", ["", None, 7, b"s"], ids=repr)
def test_a_session_has_a_name(session):
    with pytest.raises(InvalidRequest, match="session: want the name of a session"):
        KickSchedule().put(session, seat_at("20:10"))


def test_a_naive_clock_is_refused():
    with pytest.raises(InvalidRequest, match="now: want a datetime with a time zone"):
        KickSchedule().due(datetime(2026, 11, 20, 21))  # noqa: DTZ001 - that is the point


def test_a_clock_of_any_zone_is_read():
    schedule = put_all({"s": seat_at("20:50")})
    utc = at("21:00").astimezone(timezone.utc)  # noqa: UP017 - as most servers write it

    assert [batch.at for batch in schedule.due(utc)][-1] == at("21:00")


def test_who_left_is_neither_warned_nor_ended():
    schedule = put_all({"s": seat_at("20:10"), "t": seat_at("20:10")})
    schedule.drop("s")
    schedule.drop("nobody")

    assert {session for _, _, session in told(schedule.due(at("23:00")))} == {"t"}


def test_who_left_and_came_back_under_the_same_name_ends_once():
    schedule = put_all({"s": seat_at("20:50")})
    schedule.drop("s")
    schedule.put("s", seat_at("20:50"))

    assert [what for _, what, _ in told(schedule.due(at("23:00")))] == ["warn", "warn", "end"]


# -- what nobody answered ------------------------------------------------------------------------


def test_an_end_comes_again_each_second_until_somebody_says_that_it_is_done():
    schedule = put_all({"s": Seat(at("20:00"), 60), "t": Seat(at("20:00"), 62)})
    schedule.due(at("20:00:59"))

    assert told(schedule.due(at("20:01:00"))) == [("20:01:00", "end", "s")]
    assert schedule.due(at("20:01:00") + timedelta(microseconds=999_999)) == []
    assert told(schedule.due(at("20:01:01"))) == [("20:01:01", "end", "s")]
    assert told(schedule.due(at("20:01:02"))) == [
        ("20:01:02", "end", "s"),
        ("20:01:02", "end", "t"),
    ]
    schedule.drop("s")
    schedule.put("t", Seat(at("20:01:02"), 60))
    assert schedule.due(at("20:02:01")) == []
    assert told(schedule.due(at("20:02:02"))) == [("20:02:02", "end", "t")]


def test_an_end_comes_again_once_a_look_however_late_the_look():
    schedule = put_all({"s": Seat(at("20:00"), 60)})
    for _ in range(3):
        assert len(schedule.due(schedule.next_at() + timedelta(minutes=10))) == 1
    assert waiting(schedule) == 1


def test_ends_that_are_never_answered_take_no_more_room():
    schedule = put_all({f"s-{number}": Seat(at("20:00"), 60) for number in range(100)})
    for second in range(60, 600):
        (batch,) = schedule.due(at("20:00") + second * SECOND)
        assert len(batch.end) == 100
    assert waiting(schedule) == len(schedule) == 100


def test_a_renewal_comes_again_at_each_quarter_of_what_was_left_until_it_is_given():
    first = at("20:13:45")  # 75 s before the end
    quarters = [first + 18 * number * SECOND for number in range(5)]
    assert asked_at("s-1", seat_at("20:00")) == quarters

    schedule = put_all({"s-1": seat_at("20:00")})
    schedule.due(first)
    schedule.put("s-1", GAME.decide(Play(CHILD, renewal=True), at=first))
    assert schedule.next_at() > at("20:15")


@given(st.text(min_size=1, max_size=12), st.integers(2, 90_000))
@few(100)
def test_a_renewal_that_nobody_gives_is_asked_for_at_most_seven_times(session, lease_s):
    asked = asked_at(session, Seat(at("20:00"), lease_s, lease_s + 1))

    assert 1 <= len(asked) <= 7
    assert asked == sorted(set(asked))
    assert asked[-1] < at("20:00") + lease_s * SECOND
    left_s = (at("20:00") + lease_s * SECOND - asked[0]).total_seconds()
    assert len(asked) >= min(left_s, 4)


def asked_at(session, seat):
    schedule, asked = put_all({session: seat}), []
    while (now := schedule.next_at()) < seat.lease_until:
        asked += [batch.at for batch in schedule.due(now) if batch.renew]
    return asked


def test_renewals_that_are_late_come_once_a_look():
    schedule = put_all({"s-1": seat_at("20:00")})

    assert [len(batch.renew) for batch in schedule.due(at("20:14:30"))] == [1]
    assert [len(batch.renew) for batch in schedule.due(at("20:14:39"))] == [1]


# -- what a seat says ----------------------------------------------------------------------------


def test_an_end_says_whether_it_is_the_laws_or_nobody_renewed():
    schedule = put_all({"law": seat_at("20:45"), "lapsed": seat_at("20:44")})
    ends = {seat.session: seat for batch in schedule.due(at("21:00")) for seat in batch.end}

    assert {name: seat.final for name, seat in ends.items()} == {"law": True, "lapsed": False}
    assert ends["lapsed"].until == at("21:00")
    assert ends["law"].request.subject is CHILD


def test_a_warning_says_how_many_minutes_are_left():
    batches = put_all({"s": Seat(at("20:00"), 3600)}).due(at("21:00"))

    assert [seat.minutes_left(batch.at) for batch in batches for seat in batch.warn] == [15, 5, 1]
    assert [seat.minutes_left(at("21:30")) for batch in batches for seat in batch.end] == [0]


def test_a_drop_returns_the_seat_and_only_once():
    schedule = put_all({"s": seat_at("20:45")})

    assert "s" in schedule
    assert schedule.drop("s").until == at("21:00")
    assert schedule.drop("s") is None
    assert "s" not in schedule


# -- warnings ------------------------------------------------------------------------------------


def test_a_warning_is_given_at_each_of_its_instants():
    schedule = put_all({"s": Seat(at("20:00"), 3600)})

    assert [when for when, what, _ in told(schedule.due(at("23:00"))) if what == "warn"] == [
        "20:45:00",
        "20:55:00",
        "20:59:00",
    ]


def test_a_warning_that_was_given_is_not_repeated_when_a_seat_comes_late():
    schedule = put_all({"s": seat_at("20:40")})
    schedule.due(at("20:45"))
    schedule.put("s", seat_at("20:44"))  # it has a warning at 20:45 too

    assert [when for when, what, _ in told(schedule.due(at("20:56"))) if what == "warn"] == [
        "20:55:00"
    ]


def test_a_shorter_seat_warns_and_ends_earlier():
    schedule = put_all({"s": Seat(at("20:00"), 3600)})
    schedule.put("s", Seat(at("20:10"), 360))

    assert told(schedule.due(at("23:00"))) == [
        ("20:11:00", "warn", "s"),
        ("20:15:00", "warn", "s"),
        ("20:16:00", "end", "s"),
    ]


# -- renewals ------------------------------------------------------------------------------------

NAMES = st.text(min_size=1, max_size=12)


@given(NAMES, st.integers(1, 90_000), st.integers(1, 90_000))
@few(300)
def test_renewals_are_only_ever_early(session, lease_s, more_s):
    begins = at("20:00")
    renewals = renewals_of(session, Seat(begins, lease_s, lease_s + more_s))

    assert len(renewals) == (lease_s > 1)
    for renewal in renewals:
        ahead_s = (begins + timedelta(seconds=lease_s) - renewal).total_seconds()
        assert 1 <= ahead_s <= max(1, lease_s * 0.2)
        assert renewal > begins


def renewals_of(session, seat):
    events = put_all({session: seat}).due(seat.until + timedelta(days=2))
    return [batch.at for batch in events if batch.renew]


def test_a_lease_to_the_very_end_is_not_renewed():
    assert renewals_of("s", seat_at("20:45")) == []
    assert len(renewals_of("s", seat_at("20:44:59"))) == 1


def test_a_lease_of_one_second_just_ends_and_one_of_two_is_renewed_between():
    one = put_all({"s": Seat(at("20:00"), 1, 9)})
    two = put_all({"s": Seat(at("20:00"), 2, 9)})

    assert told(one.due(at("21:00"))) == [("20:00:01", "end", "s")]
    assert told(two.due(at("21:00"))) == [("20:00:01", "renew", "s"), ("20:00:02", "end", "s")]


def test_a_renewal_time_is_fixed_by_the_name_alone():
    # A number, so that a change of the hash, or of its seed in another process, is seen.
    assert renewals_of("s-1", seat_at("20:00")) == [at("20:13:45")]


def test_a_server_that_puts_the_old_seat_again_is_not_asked_for_ever():
    seat = seat_at("20:00")
    schedule = put_all({"s": seat})
    (asked,) = schedule.due(schedule.next_at())
    assert names(asked.renew) == ["s"]
    seconds = [asked.at + number * SECOND for number in range(900)]
    asked_again = 0
    for second in seconds:
        schedule.put("s", seat)
        asked_again += sum(len(batch.renew) for batch in schedule.due(second))
    assert asked_again <= 7


def test_renewals_are_spread_evenly_over_the_last_fifth():
    seat = seat_at("20:00")
    schedule = put_all({f"s-{number}": seat for number in range(18_000)})
    spread = {batch.at: len(batch.renew) for batch in schedule.due(at("20:14:59"))}

    assert min(spread) == at("20:12")
    assert len(spread) == 180
    assert 50 <= min(spread.values()) <= max(spread.values()) <= 150  # 100 each, were it ideal


def test_the_renewal_peak_is_at_least_four_times_lower_with_jitter():
    rng = random.Random(8)
    logins = [int(rng.expovariate(1 / 12)) for _ in range(20_000)]  # after eight, a mean of 12 s
    seats = {second: GAME.decide(Play(CHILD), at=at("20:00") + second * SECOND) for second in
             set(logins)}  # fmt: skip
    schedule = put_all({f"s-{number}": seats[second] for number, second in enumerate(logins)})

    # Without jitter, renewals come exactly as the logins came, one lease later.
    without = max(Counter(logins).values())
    jittered = max(len(batch.renew) for batch in schedule.due(at("21:00")))
    assert without >= 4 * jittered


# -- the same as a naive list --------------------------------------------------------------------

RANK = ("warn", "renew", "end")


class Model:
    """All events of every present seat in one list, sorted at each look."""

    def __init__(self):
        self.seats = {}
        self.latest = datetime.min.replace(tzinfo=ZONE)

    def put(self, session, seat):
        known = session in self.seats
        end = seat.lease_until
        events = [(warn, "warn") for warn in seat.warn_at if warn < end]
        lease_s = round((end - seat.at).total_seconds())
        if end != seat.until and lease_s > 1:
            early_s = 1 + crc32(session.encode()) % max(1, lease_s // 5)
            left = range(early_s, 0, -max(1, early_s // 4))
            events += [(end - left_s * SECOND, "renew") for left_s in left]
        if known:
            events = [event for event in events if event[0] > self.latest]
        self.seats[session] = [*events, (end, "end")]

    def drop(self, session):
        self.seats.pop(session, None)

    def due(self, now):
        self.latest = max(self.latest, now.replace(microsecond=0))
        given = []
        for session, events in self.seats.items():
            due = [event for event in events if event[0] <= self.latest]
            again = [event for event in due if event[1] == "renew"][1:]  # once a look
            given += [(when, RANK.index(what), session) for when, what in due
                      if (when, what) not in again]  # fmt: skip
            over = [(self.latest + SECOND, "end")] if due and due[-1][1] == "end" else []
            self.seats[session] = [event for event in events if event[0] > self.latest] + over
        return [(f"{when:%H:%M:%S}", RANK[rank], session) for when, rank, session in sorted(given)]

    def next_at(self):
        return min((when for events in self.seats.values() for when, _ in events), default=None)


SESSIONS = st.sampled_from("abcdefg")
MOMENTS = st.integers(0, 1200)
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("put"),
            SESSIONS,
            MOMENTS,
            st.one_of(st.integers(1, 9), st.integers(1, 400)),
            st.one_of(st.just(0), st.integers(0, 1000)),
        ),
        st.tuples(st.just("drop"), SESSIONS),
        st.tuples(st.just("look"), MOMENTS, st.sampled_from([0, 1, 999_999])),
        st.tuples(st.just("next")),
    ),
    max_size=60,
)


@given(STEPS)
@few(1000)
def test_the_schedule_gives_what_a_sorted_list_would(steps):
    """Clocks that jump and go back, seats that come late, names used again: all the same."""
    schedule, model, start = KickSchedule(), Model(), at("20:00")
    puts = 0
    for what, *how in [*steps, ("look", 10_000, 0)]:
        if what == "put":
            session, begins, lease_s, more_s = how
            seat = Seat(start + begins * SECOND, lease_s, lease_s + more_s)
            schedule.put(session, seat)
            model.put(session, seat)
            puts += 1
        elif what == "drop":
            schedule.drop(*how)
            model.drop(*how)
        elif what == "look":
            second, microsecond = how
            now = start + timedelta(seconds=second, microseconds=microsecond)
            assert told(schedule.due(now)) == model.due(now)
        else:
            assert schedule.next_at() == model.next_at()
        assert len(schedule) == len(model.seats)
        assert waiting(schedule) <= puts
    for session in "abcdefg":
        schedule.drop(session)
    assert schedule.next_at() is None
    assert waiting(schedule) == len(schedule) == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers())))
@few(100)
def test_a_wheel_returns_what_was_put_in_by_second_and_in_order(entries):
    wheel = Wheel()
    for second, item in entries:
        wheel[second].append(item)

    out = []
    while (second := wheel.first) is not None:
        out += [(second, item) for item in wheel.take()]
    assert out == sorted(entries, key=lambda entry: entry[0])
    assert not wheel


def test_an_empty_wheel_has_nothing_to_take():
    with pytest.raises(IndexError):
        Wheel().take()


def test_sessions_that_renew_for_ever_hold_two_entries_each():
    begins = at("20:00")
    schedule = put_all({f"s-{number}": Seat(begins, 120, 10**6) for number in range(50)})
    renewed = most = 0
    while renewed < 5_000:
        moment = schedule.next_at()
        for batch in schedule.due(moment):
            assert not batch.end
            for seat in batch.renew:
                schedule.put(seat.session, Seat(moment, 120, 10**6))
                renewed += 1
        most = max(most, waiting(schedule))

    assert most <= 2 * 50


def test_the_same_seat_put_again_takes_no_more_room():
    schedule, seat = KickSchedule(), seat_at("20:10")
    for _ in range(100):
        schedule.put("s", seat)

    assert waiting(schedule) == 1


def test_a_dropped_session_is_forgotten_when_its_second_comes():
    schedule = put_all({f"s-{number}": seat_at("20:10") for number in range(100)})
    for number in range(100):
        schedule.drop(f"s-{number}")

    assert len(schedule) == 0
    assert schedule.due(at("20:25")) == []
    assert waiting(schedule) == 0


# -- clocks --------------------------------------------------------------------------------------


def test_a_clock_that_jumps_ahead_gives_all_at_once_and_in_order():
    schedule = put_all({"s": Seat(at("20:00"), 3600), "t": Seat(at("20:00"), 600, 3600)})
    events = schedule.due(at("23:00"))

    assert [batch.at for batch in events] == sorted(batch.at for batch in events)
    assert [(when, session) for when, what, session in told(events) if what == "end"] == [
        ("20:10:00", "t"),
        ("21:00:00", "s"),
    ]


def test_a_clock_set_back_repeats_nothing_and_delays_nothing_that_is_past_due():
    schedule = put_all({"s": seat_at("20:50")})
    given = schedule.due(at("20:57"))
    assert told(given) == [("20:55:00", "warn", "s")]

    schedule.put("late", Seat(at("20:40"), 900))  # to 20:55: past due when it came
    assert told(schedule.due(at("20:30")))[-1] == ("20:55:00", "end", "late")
    schedule.drop("late")
    assert told(schedule.due(at("20:58"))) == []
    assert [what for _, what, _ in told(schedule.due(at("21:00")))] == ["warn", "end"]


def test_a_driver_does_not_sleep_over_what_is_past_due_by_the_clock_before():
    schedule = KickSchedule()
    schedule.due(at("21:00"))
    schedule.put("late", Seat(at("20:40"), 900))

    assert schedule.sleep_s(at("20:30")) == 0.0


# -- drivers -------------------------------------------------------------------------------------


class Clock:
    """A clock that waiting moves on. ``then`` holds what happens during the next waits."""

    def __init__(self, now, *then, late_s=0.0):
        self.now = now
        self.then = list(then)
        self.late_s = late_s
        self.slept = []

    def __call__(self):
        return self.now

    def wait(self, alarm, seconds):
        self.happen()
        self.move(alarm, seconds)

    async def wait_async(self, alarm, seconds):
        self.happen()
        await asyncio.sleep(0)  # what was put has rung by then
        if seconds is None:
            async with asyncio.timeout(60):
                await alarm.wait()
        self.move(alarm, seconds)

    def happen(self):
        if self.then:
            self.then.pop(0)()

    def move(self, alarm, seconds):
        if not alarm.is_set():
            assert seconds is not None, "nothing is waiting: this would be for ever"
            self.slept.append(seconds)
            self.now += timedelta(seconds=seconds + self.late_s)


class Server:
    """Notes what it is told, with the clock at that moment; stops when nobody is left."""

    def __init__(self, schedule, clock):
        self.schedule = schedule
        self.clock = clock
        self.heard = []

    def note(self, what):
        def callback(when, seats):
            self.heard += [(f"{when:%H:%M:%S}", what, session) for session in names(seats)]
            assert self.clock() >= when, "never early"
            for seat in seats if what == "end" else ():
                self.schedule.drop(seat.session)
            if not len(self.schedule):
                self.schedule.stop()

        return callback

    @property
    def calls(self):
        return {kind: self.note(kind) for kind in RANK} | {"clock": self.clock}


def blocking(schedule, calls, clock):
    schedule.run_blocking(**calls, wait=clock.wait)


def threaded(schedule, calls, clock):
    thread = schedule.run_in_thread(**calls, wait=clock.wait)
    thread.join(60)
    assert not thread.is_alive()


def in_asyncio(schedule, calls, clock):
    asyncio.run(schedule.run(**calls, wait=clock.wait_async))


every_driver = pytest.mark.parametrize("drive", [blocking, threaded, in_asyncio])


@every_driver
def test_a_driver_tells_what_due_would_give(drive):
    seats = {"s": seat_at("20:30"), "t": seat_at("20:46")}
    schedule, clock = put_all(seats), Clock(at("20:40") + timedelta(milliseconds=250))
    server = Server(schedule, clock)
    drive(schedule, server.calls, clock)

    assert server.heard == lived(put_all(seats), at("20:40"))
    assert clock.now == at("21:00")  # to the very second
    assert max(clock.slept) <= 1.0  # it looks at the clock again, which may have been set


@every_driver
def test_a_late_wake_up_tells_late_and_in_order(drive):
    seats = {f"s-{number}": Seat(at("20:00"), 100 + number) for number in range(20)}
    schedule, clock = put_all(seats), Clock(at("20:00"), late_s=7.5)
    server = Server(schedule, clock)
    drive(schedule, server.calls, clock)

    assert server.heard == told(put_all(seats).due(at("23:00")))


@every_driver
def test_what_is_put_earlier_wakes_the_driver(drive):
    schedule = put_all({"s": Seat(at("20:00"), 40)})
    clock = Clock(at("20:00"), lambda: schedule.put("t", Seat(at("20:00"), 10)))
    server = Server(schedule, clock)
    drive(schedule, server.calls, clock)

    assert server.heard == [("20:00:10", "end", "t"), ("20:00:40", "end", "s")]


@every_driver
def test_a_driver_of_an_empty_schedule_sleeps_until_something_is_put(drive):
    schedule = KickSchedule()
    clock = Clock(at("20:00"), lambda: schedule.put("t", Seat(at("20:00"), 10)))
    server = Server(schedule, clock)
    drive(schedule, server.calls, clock)

    assert server.heard == [("20:00:10", "end", "t")]
    assert sum(clock.slept) == 10


@every_driver
def test_a_stopped_schedule_hands_nothing_over_any_more(drive):
    schedule = put_all({"s": Seat(at("20:00"), 10)})
    schedule.stop()
    clock = Clock(at("21:00"))
    server = Server(schedule, clock)
    drive(schedule, server.calls, clock)

    assert server.heard == []


@every_driver
def test_stop_wakes_a_driver_that_has_nothing_to_wait_for(drive):
    schedule = KickSchedule()
    clock = Clock(at("21:00"), schedule.stop)
    drive(schedule, Server(schedule, clock).calls, clock)

    assert clock.slept == []


@every_driver
def test_who_is_dropped_while_late_events_are_told_is_told_no_more(drive):
    schedule = put_all({"s": Seat(at("20:00"), 600), "t": Seat(at("20:00"), 600)})
    clock = Clock(at("21:00"))
    server = Server(schedule, clock)

    def warn(_when, seats):
        if "s" in names(seats):
            schedule.drop("s")

    drive(schedule, server.calls | {"warn": warn}, clock)
    assert server.heard == [("20:10:00", "end", "t")]


@every_driver
def test_a_renewal_that_is_granted_keeps_the_session(drive):
    schedule = put_all({"s": seat_at("20:00")})
    clock = Clock(at("20:00"))
    server = Server(schedule, clock)

    def renew(when, seats):
        for session in names(seats):
            schedule.put(session, GAME.decide(Play(CHILD, renewal=True), at=when))

    drive(schedule, server.calls | {"renew": renew}, clock)
    assert [when for when, what, _ in server.heard if what == "end"] == ["21:00:00"]


@every_driver
def test_a_server_that_seats_the_ended_again_is_stopped_all_the_same(drive):
    seat = Seat(at("20:00"), 10)
    schedule, clock, ended = put_all({"s": seat}), Clock(at("21:00")), []

    def end(_when, seats):
        ended.extend(names(seats))
        schedule.put("s", seat)
        if len(ended) == 3:
            schedule.stop()

    drive(schedule, Server(schedule, clock).calls | {"end": end}, clock)
    assert ended == ["s", "s", "s"]


@every_driver
def test_a_callback_that_raises_stops_no_other(drive):
    schedule = put_all({"s": Seat(at("20:00"), 600), "t": Seat(at("20:00"), 700, 3600)})
    clock, raised = Clock(at("20:00")), []
    server = Server(schedule, clock)

    def broken(when, _sessions):
        raise LookupError(when)

    calls = server.calls | {"warn": broken, "renew": broken, "on_error": raised.append}
    drive(schedule, calls, clock)
    assert server.heard == [("20:10:00", "end", "s"), ("20:11:40", "end", "t")]
    assert {type(error) for error in raised} == {LookupError}


@every_driver
def test_by_default_the_log_says_what_was_raised_and_where_but_not_of_whom(drive, caplog):
    schedule = put_all({"secret-81": Seat(at("20:00"), 10)})
    clock = Clock(at("20:00"))

    def broken(_when, seats):
        schedule.stop()
        raise KeyError(seats[0].session)

    drive(schedule, Server(schedule, clock).calls | {"end": broken}, clock)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("minorguard.kicks", logging.ERROR)
    assert "raised KeyError at " in record.getMessage()
    assert "test_kicks.py:" in record.getMessage()
    assert "secret" not in caplog.text


@every_driver
def test_reporting_that_fails_stops_nobody_either(drive, caplog):
    schedule = put_all({"s": Seat(at("20:00"), 90)})
    clock = Clock(at("20:00"))
    server = Server(schedule, clock)

    def broken(*_):
        raise LookupError

    drive(schedule, server.calls | {"warn": broken, "on_error": broken}, clock)
    assert server.heard == [("20:01:30", "end", "s")]
    assert "raised LookupError" in caplog.text


@every_driver
def test_one_driver_at_a_time_runs_a_schedule(drive):
    schedule = put_all({"s": Seat(at("20:00"), 10)})
    clock = Clock(at("20:00"))
    server = Server(schedule, clock)

    def second():
        with pytest.raises(RuntimeError, match="one driver at a time"):
            schedule.run_blocking(**server.calls)

    clock.then.append(second)
    drive(schedule, server.calls, clock)
    assert server.heard == [("20:00:10", "end", "s")]


@pytest.mark.parametrize("run", [KickSchedule.run_blocking, KickSchedule.run_in_thread])
@pytest.mark.parametrize("kind", RANK)
def test_a_thread_refuses_a_callback_that_nobody_would_await(run, kind):
    async def callback(_when, _sessions):
        raise AssertionError

    schedule = KickSchedule()
    calls = Server(schedule, Clock(at("20:00"))).calls | {kind: callback}
    with pytest.raises(TypeError, match="want plain functions"):
        run(schedule, **calls)


def test_a_sleeping_thread_is_woken_by_what_another_thread_puts():
    schedule = put_all({"s": Seat(at("20:00"), 3600)})
    asleep, ended = threading.Event(), []

    def wait(alarm, _seconds):
        asleep.set()
        assert alarm.wait(60), "nobody rang"

    def end(_when, seats):
        ended.extend(names(seats))
        schedule.stop()

    thread = schedule.run_in_thread(
        warn=print, renew=print, end=end, clock=lambda: at("20:00:30"), wait=wait
    )
    assert asleep.wait(60)
    schedule.put("t", Seat(at("20:00"), 20))
    thread.join(60)
    assert ended == ["t"]


def test_a_sleeping_loop_is_woken_by_what_another_thread_puts():
    schedule = put_all({"s": Seat(at("20:00"), 3600)})
    asleep, ended = threading.Event(), []

    async def wait(alarm, _seconds):
        asleep.set()
        async with asyncio.timeout(60):
            await alarm.wait()

    def end(_when, seats):
        ended.extend(names(seats))
        schedule.stop()

    def put():
        assert asleep.wait(60)
        schedule.put("t", Seat(at("20:00"), 20))

    other = threading.Thread(target=put)
    other.start()
    asyncio.run(
        schedule.run(warn=print, renew=print, end=end, clock=lambda: at("20:00:30"), wait=wait)
    )
    other.join()
    assert ended == ["t"]


def test_in_asyncio_a_slow_renewal_keeps_no_end_waiting():
    schedule = put_all({"s": Seat(at("20:00"), 100, 3600)})
    clock = Clock(at("20:00"))

    async def run():
        ended, order = asyncio.Event(), []

        async def renew(_when, _sessions):
            await ended.wait()
            order.append("renewed")

        async def end(_when, _sessions):
            order.append("ended")
            ended.set()
            schedule.stop()

        await schedule.run(warn=print, renew=renew, end=end, clock=clock, wait=clock.wait_async)
        return order

    first, *others = asyncio.run(run())
    assert first == "ended"
    assert set(others) == {"renewed"}  # stop waits for what is under way


def test_in_asyncio_what_a_coroutine_raises_stops_no_other():
    schedule = put_all({"s": Seat(at("20:00"), 100, 3600)})
    clock, raised = Clock(at("20:00")), []
    server = Server(schedule, clock)

    async def broken(_when, _sessions):
        raise LookupError

    calls = server.calls | {"renew": broken, "on_error": raised.append}
    in_asyncio(schedule, calls, clock)
    assert server.heard == [("20:01:40", "end", "s")]
    assert {type(error) for error in raised} == {LookupError}


def test_a_cancelled_driver_leaves_the_schedule_to_the_next():
    schedule = put_all({"s": Seat(at("20:00"), 10)})
    clock = Clock(at("20:00"))
    server = Server(schedule, clock)

    async def run():
        task = asyncio.create_task(schedule.run(**server.calls, wait=asleep))
        await sleeping.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def asleep(_alarm, _seconds):
        sleeping.set()
        await asyncio.Event().wait()

    sleeping = asyncio.Event()
    asyncio.run(run())
    assert server.heard == []
    blocking(schedule, server.calls, clock)
    assert server.heard == [("20:00:10", "end", "s")]


@every_driver
def test_who_was_not_ended_since_the_callback_raised_is_ended_a_second_later(drive):
    schedule = put_all({"s": Seat(at("20:00"), 10)})
    clock, raised = Clock(at("20:00")), []
    server = Server(schedule, clock)

    def end(when, seats):
        if len(raised) < 2:
            raise LookupError
        server.note("end")(when, seats)

    drive(schedule, server.calls | {"end": end, "on_error": raised.append}, clock)
    assert server.heard == [("20:00:12", "end", "s")]


@every_driver
def test_whether_a_driver_runs_can_be_seen(drive):
    schedule, seen = put_all({"s": Seat(at("20:00"), 10)}), []
    clock = Clock(at("20:00"), lambda: seen.append(schedule.running))
    assert not schedule.running
    drive(schedule, Server(schedule, clock).calls, clock)

    assert seen == [True]
    assert not schedule.running


@pytest.mark.parametrize("drive", [blocking, in_asyncio])
def test_a_driver_that_died_runs_no_more_and_what_was_due_is_still_due(drive):
    schedule = put_all({"s": Seat(at("20:00"), 10)})
    naive = Clock(datetime(2026, 11, 20, 21))  # noqa: DTZ001 - that is the point
    with pytest.raises((InvalidRequest, ExceptionGroup)):
        drive(schedule, Server(schedule, naive).calls, naive)

    assert not schedule.running
    assert told(schedule.due(at("20:00:10"))) == [("20:00:10", "end", "s")]


LONG_AGO = datetime(2021, 9, 3, 20, tzinfo=ZONE)
"""Past due by any clock that this will ever run under."""


@pytest.mark.parametrize("drive", ["run", "run_blocking", "run_in_thread"])
def test_without_a_clock_of_ours_the_real_one_is_asked(drive):
    schedule, ended = KickSchedule(), []

    def end(when, seats):
        ended.append((when, names(seats)))
        schedule.stop()

    schedule.put("s", Seat(LONG_AGO, 10))
    calls = {"warn": print, "renew": print, "end": end}
    running = getattr(schedule, drive)(**calls)
    if drive == "run":
        asyncio.run(running)
    elif drive == "run_in_thread":
        running.join(60)
    assert ended == [(LONG_AGO + 10 * SECOND, ["s"])]


def test_threads_that_put_and_drop_at_once_lose_no_end_and_double_none():
    schedule, ended = KickSchedule(), []
    gate = threading.Barrier(5)

    def put(part):
        gate.wait()
        for number in range(500):
            schedule.put(f"{part}-{number}", Seat(at("20:00"), 100 + number % 7, 3600))
            if number % 5 == 0:
                schedule.drop(f"{part}-{number}")

    def take(now):
        over = [seat.session for batch in schedule.due(now) for seat in batch.end]
        ended.extend(filter(schedule.drop, over))

    def look():
        gate.wait()
        for second in range(200):
            take(at("20:00") + second * SECOND)

    threads = [threading.Thread(target=put, args=(part,)) for part in "abcd"]
    threads.append(threading.Thread(target=look))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    take(at("21:00"))

    stayed = {f"{part}-{number}" for part in "abcd" for number in range(500) if number % 5}
    assert Counter(ended) >= Counter(stayed)
    assert max(Counter(ended).values()) == 1
    assert schedule.next_at() is None
    assert len(schedule) == waiting(schedule) == 0


def test_the_schedule_is_loaded_when_it_is_wanted_and_asyncio_when_it_is_run():
    code = (
        "import sys, minorguard; print('minorguard.kicks' in sys.modules);"
        "import minorguard.kicks; print('asyncio' in sys.modules, 'logging' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False"] * 3


def test_a_quota_shortens_the_lease_and_the_jitter_with_it():
    older = law("cn.game")
    seat = older.decide(
        Play(CHILD), at=datetime(2020, 6, 1, 12, tzinfo=ZONE), usage=Usage(played_today_s=60)
    )
    (renewal,) = renewals_of("s", seat)

    assert timedelta(seconds=96) <= renewal - seat.at < timedelta(seconds=120)
