"""A heartbeat on PostgreSQL, over a bare UPDATE of one number by primary key.

Client and server are pinned to a core each, where there are two, and begin anew for each table.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from timeit import Timer
from typing import TYPE_CHECKING

from counting import BEAT_S, EIGHT, Players
from harness import Case, Row, case, interleave
from redis_calls import BEATS, CALLERS, alone, pinned, together

from minorguard import AsyncGuard, law, stores

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITERS = 32
GOALS = {"off": 1.7, "on": 1.25}
ROUNDS = {"off": 60, "on": 60}
ASYNC_ROUNDS = {"off": 20, "on": 5}
"""With the disk in it, a round takes thirty times as long."""

BODY = b"x" * 64


def rows() -> Iterator[Row]:
    """All rows about PostgreSQL, or one that says why there are none."""
    try:
        import psycopg

        sys.path.append(str(Path(__file__).parents[1] / "tests"))
        import services

        services.program("postgres")
    except (ImportError, RuntimeError) as error:
        yield Row(group="pg", what="heartbeat / bare UPDATE", void=str(error))
        return
    with ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory())
        server = stack.enter_context(services.PrivatePostgres(place))
        stack.enter_context(pinned(server.pid))
        for sync in GOALS:
            with _committing(sync):
                url = f"{server.url}?schema=sync_{sync}&accept=async_commit"
                with psycopg.connect(server.url, autocommit=True) as bare:
                    yield from _one(bare, url, sync)
                yield from _many(url, sync)


@contextmanager
def _committing(sync: str) -> Iterator[None]:
    """Every connection that is made meanwhile waits for the disk, or does not."""
    os.environ["PGOPTIONS"] = f"-c synchronous_commit={sync}"
    try:
        yield
    finally:
        del os.environ["PGOPTIONS"]


def _one(bare, url: str, sync: str) -> Iterator[Row]:
    bare.execute("DROP TABLE IF EXISTS bare")
    bare.execute("CREATE TABLE bare (id int PRIMARY KEY, n int NOT NULL) WITH (fillfactor = 85)")
    bare.execute("INSERT INTO bare SELECT k, 0 FROM generate_series(1, %s) AS k", [WRITERS])
    update = "UPDATE bare SET n = n + 1 WHERE id = %s"
    cursor = bare.cursor()
    with closing(stores.open(url)) as store:
        players = Players(law("cn.game"), store, WRITERS)
        versions = {}
        for k in range(WRITERS):
            store.swap(f"facts/s/p-{k}", None, BODY)
            versions[f"facts/s/p-{k}"] = store.load(f"facts/s/p-{k}")[0]

        def swap(key: str) -> None:
            if store.swap(key, versions[key], BODY) is None:
                versions[key] += 1

        def each(name: str, body: str, call: object, inputs: object) -> Case:
            names = {"call": call, "inputs": inputs, "clock": count()}
            text = f"at = next(clock)\nfor a in inputs: {body}"
            return case(name, text, names, calls=WRITERS, loop="loop")

        keys = tuple(versions)
        run = partial(cursor.execute, update, prepare=True)
        loop = case(
            "loop",
            "at = next(clock)\nfor a in inputs: pass",
            {"inputs": keys, "clock": count()},
            calls=WRITERS,
        )
        rounds = interleave(
            [
                loop,
                players.heartbeat("beat"),
                each("bare", "call(a)", run, tuple((k + 1,) for k in range(WRITERS))),
                each("swap", "call(a)", swap, keys),
                each("load", "call(a)", store.load, keys),
            ],
            ROUNDS[sync],
        )
        void = players.void()
    moved = bare.execute("SELECT min(n) FROM bare").fetchone()[0]
    void = void or ("" if moved == ROUNDS[sync] + 2 else "the bare UPDATE did not update")
    for what, over, goal in (
        ("heartbeat through Guard", "beat", GOALS[sync]),
        ("store.swap", "swap", None),
        ("store.load", "load", None),
    ):
        yield Row(
            group="pg",
            what=f"{what} / bare UPDATE, sync {sync}",
            value=rounds.ratio(over, "bare"),
            goal=goal,
            ns=rounds.ns(over),
            void=void,
        )


# -- asynchronous --------------------------------------------------------------------------------


def _many(url: str, sync: str) -> Iterator[Row]:
    store = stores.open_async(url + "&pool=4")
    players = Players(law("cn.game"), stores.open("memory:"), CALLERS)  # for their requests alone
    numbers = count()
    versions: dict[str, int] = {}
    with asyncio.Runner() as runner:

        async def beats():
            scoped = AsyncGuard(law("cn.game"), store=store, scope=f"many-{next(numbers)}")
            calls = []
            for n in range(BEATS + 2):
                at = EIGHT + timedelta(seconds=BEAT_S * n)
                calls += [partial(scoped.decide, beat, at=at) for beat in players.beats]
            for call in calls[: 2 * CALLERS]:  # from the second on, the version is known
                await call()
            return calls[2 * CALLERS :]

        async def swaps():
            keys = [f"facts/many/p-{k}" for k in range(CALLERS)]
            for key in keys:
                if key not in versions:
                    await store.swap(key, None, BODY)
                versions[key] = (await store.load(key))[0]
            return [
                partial(store.swap, key, versions[key] + n, BODY)
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
        rounds = interleave(cases, ASYNC_ROUNDS[sync])
        first = runner.run(store.load("facts/many/p-0"))[0] - versions["facts/many/p-0"]
        void = "" if first == BEATS else "not every swap was done"
        runner.run(store.close())
    for name, what, goal in (
        ("swaps", "async swaps a second: 50 callers / one at a time", 3),
        ("beats", "AsyncGuard heartbeats a second: 50 callers / one at a time", None),
    ):
        yield Row(
            group="pg",
            what=f"{what}, sync {sync}",
            value=rounds.ratio(f"{name} alone", f"{name} together"),
            goal=goal,
            bound=">=",
            ns=rounds.ns(f"{name} together"),
            void=void,
        )
