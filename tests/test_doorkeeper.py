"""The doorkeeper lets in, renews and shows out, whatever its store and its callbacks do.

No test sleeps: the clock is a value that the test moves.
"""

import asyncio
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from functools import wraps

import pytest

from minorguard import AsyncGuard, Contention, InvalidRequest, Play, StoreUnavailable, Subject, law
from minorguard.kicks import Doorkeeper, doorkeeper
from minorguard.stores import open_async

GAME = law("cn.game")
ADULT = Subject("p-18", born=date(1990, 5, 1), identity="verified")


def child(name="p-81"):
    return Subject(name, born=date(2012, 5, 1), identity="verified")


def at(clock):
    return datetime.fromisoformat(f"2026-11-20T{clock}+08:00")


class Clock:
    """Stands until it is moved, second by second; each time until all is done that was due."""

    def __init__(self, time):
        self.now = at(time)
        self.looked = asyncio.Event()

    def __call__(self):
        return self.now

    async def wait(self, alarm, _seconds):
        self.alarm = alarm
        self.looked.set()
        await alarm.wait()

    async def move_to(self, time):
        while self.now < at(time):
            self.now += timedelta(seconds=1)
            self.looked.clear()
            self.alarm.set()
            await self.looked.wait()
            for _ in range(9):
                await asyncio.sleep(0)


class Store:
    """Fails as it is told to, for everybody or for one person; and may never answer."""

    def __init__(self):
        self.store = open_async("memory:")
        self.erase, self.scan = self.store.erase, self.store.scan
        self.fails = {}
        self.silent = False

    async def load(self, key):
        await self.answer(key)
        return await self.store.load(key)

    async def swap(self, key, version, body):
        await self.answer(key)
        return await self.store.swap(key, version, body)

    async def answer(self, key):
        if self.silent:
            await asyncio.Event().wait()
        for person, error in self.fails.items():
            if person in key:
                raise error


class Room:
    """A server with its doorkeeper: what the players hear, and at what time."""

    def __init__(self, time):
        self.clock, self.store = Clock(time), Store()
        guard = AsyncGuard(GAME, store=self.store, clock=self.clock)
        self.guard, self.keeper = guard, Doorkeeper(guard)
        self.heard, self.errors, self.breaks, self.slow = [], [], 0, None

    def hear(self, *news):
        self.heard.append((f"{self.clock.now:%H:%M:%S}", *news))

    async def warn(self, session, minutes):
        self.hear("warn", session, minutes)

    async def renewed(self, session, decision):
        self.hear("renewed", session, bool(decision))

    async def end(self, session, refusal):
        if self.breaks:
            self.breaks -= 1
            raise LookupError
        codes = None if refusal is None else [finding.code for finding in refusal.reasons]
        self.hear("end", session, codes)
        if self.slow:
            await self.slow.wait()
        self.store.silent = False
        try:
            await self.keeper.leave(session)
        except StoreUnavailable:
            self.hear("charged", session)

    def ends(self):
        return [news for news in self.heard if news[1] == "end"]


@asynccontextmanager
async def room_at(time):
    room = Room(time)
    calls = {"warn": room.warn, "end": room.end, "renewed": room.renewed}
    running = room.keeper.run(**calls, on_error=room.errors.append, wait=room.clock.wait)
    task = asyncio.create_task(running)
    await room.clock.looked.wait()
    try:
        yield room
    finally:
        room.keeper.stop()
        await task


def story(test):
    @wraps(test)
    def run(*args, **kwargs):
        async def tell():
            async with asyncio.timeout(30):
                await test(*args, **kwargs)

        asyncio.run(tell())

    return run


@story
async def test_all_are_shown_out_at_nine_and_no_second_later():
    async with room_at("20:30:00") as room:
        for number in range(3):
            assert await room.keeper.enter(Play(child(f"p-{number}"), session=f"s-{number}"))
        await room.clock.move_to("20:59:59")
        warned = [(time, minutes) for time, what, who, minutes in room.heard
                  if (what, who) == ("warn", "s-0")]  # fmt: skip
        assert warned == [("20:45:00", 15), ("20:55:00", 5), ("20:59:00", 1)]
        assert room.ends() == []
        await room.clock.move_to("21:00:05")
        assert sorted(room.ends()) == [
            ("21:00:00", "end", f"s-{number}", ["outside_window"]) for number in range(3)
        ]
        assert room.errors == []


@story
async def test_renewals_are_made_in_time_and_told_to_whoever_wants_to_know():
    async with room_at("20:00:00") as room:
        await room.keeper.enter(Play(child(), session="s"))
        await room.clock.move_to("20:44:00")
        renewals = [news for news in room.heard if news[1] == "renewed"]
        assert len(renewals) >= 3
        assert (await room.guard.usage(child())).played_today_s == 44 * 60


@story
async def test_who_is_refused_is_not_in_and_an_adult_has_no_clock():
    async with room_at("20:30:00") as room:
        assert not await room.keeper.enter(Play(Subject("p-0"), session="s"))
        assert await room.keeper.enter(Play(ADULT, session="t"))
        assert "s" not in room.keeper
        assert "t" not in room.keeper
        await room.clock.move_to("21:00:01")
        assert room.heard == []
        await room.keeper.leave("t")


@story
async def test_a_store_that_fails_in_the_second_of_the_renewal_is_asked_again():
    async with room_at("20:00:00") as room:
        await room.keeper.enter(Play(child(), session="s-1"))  # its renewal is due at 20:13:45
        await room.clock.move_to("20:13:44")
        room.store.fails["p-81"] = StoreUnavailable("broken")
        await room.clock.move_to("20:13:45")
        assert [type(error) for error in room.errors] == [StoreUnavailable]
        room.store.fails.clear()
        await room.clock.move_to("20:15:00")
        assert room.heard == [("20:14:03", "renewed", "s-1", True)]


@story
async def test_while_the_store_is_broken_they_play_what_is_paid_for_and_no_longer():
    async with room_at("20:00:00") as room:
        await room.keeper.enter(Play(child(), session="s"))
        room.store.fails["p-81"] = StoreUnavailable("broken")
        await room.clock.move_to("20:14:59")
        assert room.heard == []
        await room.clock.move_to("20:15:00")
        assert room.heard == [("20:15:00", "end", "s", None), ("20:15:00", "charged", "s")]


@story
async def test_contention_for_one_person_touches_no_other():
    async with room_at("20:00:00") as room:
        for number in range(3):
            await room.keeper.enter(Play(child(f"p-{number}"), session=f"s-{number}"))
        room.store.fails["p-1"] = Contention("too many")
        await room.clock.move_to("20:15:00")
        assert room.ends() == [("20:15:00", "end", "s-1", None)]
        assert {type(error) for error in room.errors} >= {Contention}
        await room.clock.move_to("20:20:00")
        assert "s-0" in room.keeper
        assert "s-2" in room.keeper
        assert len(room.ends()) == 1


@story
async def test_an_end_that_raised_comes_again_a_second_later():
    async with room_at("20:59:00") as room:
        await room.keeper.enter(Play(child(), session="s"))
        room.breaks = 2
        await room.clock.move_to("21:00:05")
        assert room.ends() == [("21:00:02", "end", "s", ["outside_window"])]
        assert [type(error) for error in room.errors] == [LookupError] * 2


@story
async def test_a_store_that_never_answers_keeps_nobody_in(monkeypatch):
    monkeypatch.setattr(doorkeeper, "PATIENCE_S", 0.01)
    async with room_at("20:00:00") as room:
        await room.keeper.enter(Play(child(), session="s"))
        await room.clock.move_to("20:11:00")
        room.store.silent = True
        await room.clock.move_to("20:15:00")
        while not room.ends():  # noqa: ASYNC110 - real patience, for once
            await asyncio.sleep(0.005)
        assert room.ends() == [("20:15:00", "end", "s", None)]
        assert {type(error) for error in room.errors} == {TimeoutError}


@story
async def test_a_slow_line_is_shown_out_once():
    async with room_at("20:59:00") as room:
        await room.keeper.enter(Play(child(), session="s"))
        room.slow = asyncio.Event()
        await room.clock.move_to("21:00:05")
        assert room.ends() == [("21:00:00", "end", "s", ["outside_window"])]
        room.slow.set()
    assert "s" not in room.keeper


@story
async def test_who_leaves_while_a_renewal_is_under_way_is_not_in_again():
    async with room_at("20:00:00") as room:
        await room.keeper.enter(Play(child(), session="s"))
        seat = room.keeper._schedule._places["s"]
        decide = room.guard.decide

        async def slow(play):
            decision = await decide(play)
            await room.keeper.leave("s")
            return decision

        room.guard.decide = slow
        assert await room.keeper.renew(seat)
        assert "s" not in room.keeper


@story
async def test_who_leaves_gets_back_what_was_not_played():
    async with room_at("20:00:00") as room:
        await room.keeper.enter(Play(child(), session="s"))
        await room.clock.move_to("20:05:00")
        await room.keeper.leave("s")
        await room.keeper.leave("s")
        await room.clock.move_to("20:30:00")
        assert (await room.guard.usage(child())).played_today_s == 300
        assert room.heard == []


@story
async def test_while_nobody_watches_the_clock_only_those_without_one_come_in():
    room = Room("20:00:00")
    assert not room.keeper.running
    with pytest.raises(RuntimeError, match="nobody watches the clock"):
        await room.keeper.enter(Play(child(), session="s"))
    assert await room.keeper.enter(Play(ADULT, session="t"))
    await room.keeper.leave("s")
    assert (await room.guard.usage(child())).played_today_s == 0


@story
async def test_a_session_has_a_name():
    with pytest.raises(InvalidRequest, match=r"ask\.session: want the name of a session"):
        await Room("20:00:00").keeper.enter(Play(child()))
