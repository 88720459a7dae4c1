"""``Guard`` and ``AsyncGuard`` are one thing written twice: same names, answers and bytes."""

import asyncio
import inspect
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minorguard import (
    AsyncGuard,
    Cancelled,
    ConsentGranted,
    Guard,
    GuardianSettings,
    Left,
    MinorguardError,
    ModeChanged,
    Play,
    Refunded,
    Settled,
    Spend,
    Subject,
    Use,
    law,
    stores,
)
from minorguard.testing import AsyncFlakyStore, FlakyStore
from strategies import few, moment

GAME = law("cn.game")
START = moment(date(2026, 11, 20), 20 * 3600)
CHILD = Subject(
    "p-81",
    born=date(2012, 5, 1),
    identity="verified",
    guardian=GuardianSettings(daily_minutes=5, daily_fen=9000),
)
OTHER = Subject("p-82", born=date(2008, 5, 1), identity="verified")
ADULT = Subject("p-83", born=date(1990, 5, 1), identity="verified")
PEOPLE = (CHILD, OTHER, ADULT)


# --- names ---------------------------------------------------------------------------------------


def public(kind):
    return {
        name: member
        for name, member in inspect.getmembers(kind)
        if not name.startswith("_") or name == "__init__"
    }


def waited(annotation):
    """An annotation as the other guard has it."""
    return str(annotation).replace("AsyncStore", "Store").replace("AsyncIterator", "Iterator")


def test_both_guards_have_the_same_public_names():
    assert public(Guard).keys() == public(AsyncGuard).keys()


@pytest.mark.parametrize("name", sorted(public(Guard)))
def test_a_method_takes_and_returns_the_same_in_both(name):
    one, other = public(Guard)[name], public(AsyncGuard)[name]
    if not callable(one):
        assert type(one) is type(other)
        return
    one, other = inspect.signature(one), inspect.signature(other)
    assert list(one.parameters) == list(other.parameters)
    for mine, theirs in zip(one.parameters.values(), other.parameters.values(), strict=True):
        assert (mine.kind, mine.default) == (theirs.kind, theirs.default)
        assert waited(mine.annotation) == waited(theirs.annotation)
    assert waited(one.return_annotation) == waited(other.return_annotation)


def test_what_waits_in_one_is_a_coroutine_in_the_other():
    for name, member in public(AsyncGuard).items():
        mine = public(Guard)[name]
        if name == "__init__" or member is mine:
            continue  # shared, so it waits in neither
        waits = inspect.iscoroutinefunction(member) or inspect.isasyncgenfunction(member)
        assert waits, name
        assert not inspect.iscoroutinefunction(mine), name


# --- answers -------------------------------------------------------------------------------------

people, names = st.sampled_from(PEOPLE), st.sampled_from("abc")
fen = st.sampled_from((1, 2000, 5000, 5001, 10_000))
requests = st.one_of(
    st.builds(Play, people, session=names, renewal=st.booleans()),
    st.builds(Spend, people, fen=fen, order=names),
    st.builds(Use, people, st.sampled_from(sorted(GAME.features & GAME.catalogue))),
)
facts = st.one_of(
    st.builds(Left, people, session=names),
    st.builds(Settled, people, names, fen=st.none() | fen),
    st.builds(Cancelled, people, names),
    st.builds(Refunded, people, names, fen=fen),
    st.builds(ModeChanged, people, on=st.booleans()),
    st.builds(ConsentGranted, people, st.just("live_host")),
)
calls = st.one_of(
    st.tuples(st.just("decide"), requests),
    st.tuples(st.just("decide_many"), st.lists(requests, max_size=4)),
    st.tuples(st.just("preview"), requests),
    st.tuples(st.just("record"), facts),
    st.tuples(st.just("features"), people),
    st.tuples(st.just("usage"), people),
    st.tuples(st.just("plan_day"), people),
    st.tuples(st.just("erase"), people),
    st.tuples(st.just("holds"), st.none()),
)
scripts = st.lists(st.tuples(st.sampled_from((0, 1, 60, 130, 400, -60, -300)), calls), max_size=25)


def outcome(call):
    try:
        return call()
    except MinorguardError as error:
        return type(error), str(error)


async def awaited(call):
    try:
        return await call()
    except MinorguardError as error:
        return type(error), str(error)


def arguments(name, said, at):
    if name == "holds":
        return (), {}
    return (said,), {} if name == "erase" else {"at": at}


def in_turn(script, store):
    guard, answers, at = Guard(GAME, store=store), [], START
    for step, (name, said) in script:
        at += timedelta(seconds=step)
        given_, named = arguments(name, said, at)
        answers.append(
            outcome(
                (lambda: list(guard.holds()))
                if name == "holds"
                else lambda: getattr(guard, name)(*given_, **named)  # noqa: B023 - called at once
            )
        )
    return answers


async def in_turn_awaited(script, store):
    guard, answers, at = AsyncGuard(GAME, store=store), [], START
    for step, (name, said) in script:
        at += timedelta(seconds=step)
        given_, named = arguments(name, said, at)
        if name == "holds":
            answers.append([hold async for hold in guard.holds()])
        else:
            answers.append(
                await awaited(lambda: getattr(guard, name)(*given_, **named))  # noqa: B023 - awaited at once
            )
    return answers


def documents(store):
    return {
        key: store.load(key)
        for kind in ("time", "money", "facts")
        for key in store.scan(f"{kind}/")[0]
    }


@few(120)
@given(script=scripts)
def test_both_give_the_same_answers_and_leave_the_same_documents(script):
    store, other = stores.open("memory:"), stores.open_async("memory:")
    assert in_turn(script, store) == asyncio.run(in_turn_awaited(script, other))
    assert documents(store) == documents(other._store)


@few(120)
@given(script=scripts, seed=st.integers(0, 2**32))
def test_both_fail_alike_on_stores_that_fail_alike(script, seed):
    store, other = stores.open("memory:"), stores.open_async("memory:")
    flaky = FlakyStore(store, seed=seed, unavailable_one_in=20)
    flaky_too = AsyncFlakyStore(other, seed=seed, unavailable_one_in=20)
    script = [call for call in script if call[1][0] != "holds"]
    assert in_turn(script, flaky) == asyncio.run(in_turn_awaited(script, flaky_too))
    assert documents(store) == documents(other._store)
