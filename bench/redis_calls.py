"""A heartbeat on Redis, over what redis-py takes to read one key.

Client and server are pinned to a core each, where there are two, and begin anew for each table.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from contextlib import ExitStack, closing, contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from timeit import Timer
from typing import TYPE_CHECKING

from harness import Case, Row, Spread, interleave
from mixes import FRIDAY

from minorguard import ZONE, AsyncGuard, Guard, Play, Subject, law, stores

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLERS = 50
BEATS = 10
"""How often each of them asks in a pass."""

ROUNDS = 30
START = datetime(FRIDAY.year, FRIDAY.month, FRIDAY.day, 20, 1, tzinfo=ZONE)

NUMBERS = count()


def rows() -> Iterator[Row]:
    """All rows about Redis, or one that says why there are none."""
    try:
        import redis

        sys.path.append(str(Path(__file__).parents[1] / "tests"))
        import services

        services.program("redis-server")
    except (ImportError, RuntimeError) as error:
        yield Row(group="redis", what="heartbeat / redis-py GET", void=str(error))
        return
    with ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory())
        server = services.PrivateRedis(place, appendfsync="everysec")
        stack.enter_context(server)
        stack.enter_context(pinned(server.pid))
        client = stack.enter_context(redis.Redis.from_url(server.url))
        store = stack.enter_context(closing(stores.open(server.url)))
        yield from _one(client, store)
        yield from _many(server.url)


@contextmanager
def pinned(server_pid: int) -> Iterator[None]:
    """This process on the first core, the server on the last."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    os.sched_setaffinity(server_pid, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _seats() -> list[tuple[Play, datetime]]:
    """The next heartbeats of new children, all of them before the next round."""
    people = [
        Play(Subject(f"p-{next(NUMBERS)}", born=date(2012, 5, 1), identity="verified"), session="s")
        for _ in range(CALLERS)
    ]
    times = [START + timedelta(seconds=30 * n) for n in range(BEATS + 2)]
    return [(child, at) for at in times for child in people]


def _one(client, store) -> Iterator[Row]:
    guard = Guard(law("cn.game"), store=store)

    def begun():
        seats = _seats()
        for request, at in seats[: 2 * CALLERS]:  # from the second on, the version is known
            guard.decide(request, at=at)
        return seats[2 * CALLERS :]

    def documents():
        keys = [f"time/cn.game/{request.subject.id}" for request, _ in begun()[:CALLERS]]
        return [(key, *store.load(key)) for key in keys]

    def keys():
        return [key for key, _, _ in documents()] * BEATS

    def names():
        return [_name(key) for key in keys()]

    used = {"begun": begun, "documents": documents, "keys": keys, "names": names}
    used |= {"get": client.get, "load": store.load, "swap": store.swap, "decide": guard.decide}

    def timed(name: str, statement: str, setup: str, calls: int = CALLERS * BEATS) -> Case:
        return Case(name, Timer(statement, setup, globals=used), calls)

    rounds = interleave(
        [
            timed("get", "for name in all_: get(name)", "all_ = names()"),
            timed("load", "for key in all_: load(key)", "all_ = keys()"),
            timed("swap", "for k, v, b in all_: swap(k, v, b)", "all_ = documents()", CALLERS),
            timed("beat", "for r, at in all_: decide(r, at=at)", "all_ = begun()"),
        ],
        ROUNDS,
    )
    request, at = begun()[-1]
    beaten = guard.decide(request, at=at)
    played_s = guard.usage(request.subject, at=at).played_today_s
    void = "" if beaten and played_s == (at - START).seconds else "not everything was counted"
    for what, over, goal in (
        ("heartbeat through Guard / redis-py GET", "beat", 1.9),
        ("store.swap / redis-py GET", "swap", None),
        ("store.load / redis-py GET", "load", None),
    ):
        ratio = rounds.ratio(over, "get")
        yield Row(group="redis", what=what, value=ratio, goal=goal, ns=rounds.ns(over), void=void)
    held = float(client.memory_usage(names()[0]))
    size = Spread(held, held, held)
    what = "a person's playtime as one key, MEMORY USAGE"
    yield Row(group="redis", what=what, value=size, unit="B", goal=400)


def _name(key: str) -> bytes:
    """What a key is called on the server."""
    kind, _, rest = key.partition("/")
    return f"minorguard:{kind}/{{{rest}}}".encode()


# -- asynchronous --------------------------------------------------------------------------------


async def alone(calls):
    for call in calls:
        await call()


async def together(calls):
    await asyncio.gather(*(alone(calls[n::CALLERS]) for n in range(CALLERS)))


def _many(url: str) -> Iterator[Row]:
    store = stores.open_async(url)
    guard = AsyncGuard(law("cn.game"), store=store)
    with asyncio.Runner() as runner:

        async def beats():
            seats = _seats()
            for request, at in seats[: 2 * CALLERS]:
                await guard.decide(request, at=at)
            return [partial(guard.decide, r, at=at) for r, at in seats[2 * CALLERS :]]

        async def swaps():
            keys = [f"facts/s/p-{next(NUMBERS)}" for _ in range(CALLERS)]
            for key in keys:
                await store.swap(key, None, b"x" * 50)
            first = {key: (await store.load(key))[0] for key in keys}
            return [
                partial(store.swap, key, first[key] + n, b"x" * 50)
                for n in range(BEATS)
                for key in keys
            ]

        used = {"run": runner.run, "alone": alone, "together": together}
        used |= {"beats": beats, "swaps": swaps}
        cases = [
            Case(
                f"{what} {how}",
                Timer(f"run({how}(calls))", f"calls = run({what}())", globals=used),
                CALLERS * BEATS,
            )
            for what in ("beats", "swaps")
            for how in ("alone", "together")
        ]
        rounds = interleave(cases, ROUNDS)
        runner.run(store.close())
    for case, what, goal in (
        ("swaps", "AsyncRedisStore swaps a second: 50 callers / one at a time", 3),
        ("beats", "AsyncGuard heartbeats a second: 50 callers / one at a time", None),
    ):
        ratio = rounds.ratio(f"{case} alone", f"{case} together")
        ns = rounds.ns(f"{case} together")
        yield Row(group="redis", what=what, value=ratio, goal=goal, bound=">=", ns=ns)
