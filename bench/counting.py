"""What counting costs: a heartbeat in memory against ``limits``, in SQLite against a bare commit.

Each heartbeat comes 30 s after the one before, from everybody in turn, so that each is a renewal
that pays for half a minute and is written.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from harness import Case, Row, Spread, case, interleave
from mixes import FRIDAY

from minorguard import ZONE, Guard, Play, Subject, law, stores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minorguard import Law
    from minorguard.stores import Store

BEAT_S = 30
BEATS_MAX = 119
"""Heartbeats between eight and nine."""

PEOPLE, ROUNDS = 400, 60
WRITERS, COMMIT_ROUNDS = 64, 40
EIGHT = datetime(FRIDAY.year, FRIDAY.month, FRIDAY.day, 20, tzinfo=ZONE)


def rows() -> Iterator[Row]:
    """All rows about counting."""
    game = law("cn.game")
    yield from _memory(game)
    with TemporaryDirectory() as folder:
        yield from _sqlite(game, Path(folder), "normal", goal=1.8)
        yield from _sqlite(game, Path(folder), "full", goal=1.2)
    yield _size(game)


class Players:
    """Some children who all logged in at eight, and whose heartbeats are due at ``clock``."""

    def __init__(self, game: Law, store: Store, n: int) -> None:
        self.store = store
        self.guard = Guard(game, store=store)
        born = date(FRIDAY.year - 14, 5, 1)
        children = [Subject(f"p-{k}", born=born, identity="verified") for k in range(n)]
        self.beats = tuple(Play(child, session="s", renewal=True) for child in children)
        self.clock = (EIGHT + timedelta(seconds=BEAT_S * k) for k in range(BEATS_MAX))
        at = next(self.clock)
        for child in children:
            self.guard.decide(Play(child, session="s"), at=at)

    def heartbeat(self, name: str) -> Case:
        """One heartbeat of everybody, half a minute after the last."""
        return case(
            name,
            "at = next(clock)\nfor a in inputs: call(a, at=at)",
            {"call": self.guard.decide, "inputs": self.beats, "clock": self.clock},
            calls=len(self.beats),
            loop="loop",
        )

    def void(self) -> str:
        """Why the figures must not be read, if they must not: somebody was refused or not counted.

        The last lease was paid for everybody, and nothing but it is still to come.
        """
        at = next(self.clock) - timedelta(seconds=BEAT_S)
        played_s = (at - EIGHT).total_seconds()
        wrong = sum(
            not self.guard.preview(beat, at=at)
            or self.guard.usage(beat.subject, at=at).played_today_s != played_s
            for beat in self.beats
        )
        return f"{wrong} heartbeats were not counted" if wrong else ""


def _loop(inputs: tuple[object, ...]) -> Case:
    return case(
        "loop",
        "at = next(clock)\nfor a in inputs: pass",
        {"inputs": inputs, "clock": count()},
        calls=len(inputs),
    )


def _memory(game: Law) -> Iterator[Row]:
    players = Players(game, stores.open("memory:"), PEOPLE)
    decide = case(
        "decide",
        "at = next(clock)\nfor a in inputs: bool(call(a, at=at))",
        {"call": game.decide, "inputs": players.beats, "clock": _every_beat()},
        calls=PEOPLE,
        loop="loop",
    )
    cases = [_loop(players.beats), players.heartbeat("heartbeat"), decide]
    missing = ""
    try:
        cases += _limits_cases()
    except ImportError as error:
        missing = f"{error.name} is not installed"
    rounds = interleave(cases, ROUNDS)
    void = players.void()
    yield Row(group="count", what="memory heartbeat", ns=rounds.ns("heartbeat"), void=void)
    for name, goal in (("limits hit + stats", 1.0), ("limits hit", None)):
        yield Row(
            group="count",
            what=f"memory heartbeat / {name}",
            value=None if missing else rounds.ratio("heartbeat", name),
            goal=goal,
            ns=None if missing else rounds.ns(name),
            void=missing or void,
        )
    yield Row(
        group="count",
        what="memory heartbeat / bool(law.decide)",
        value=rounds.ratio("heartbeat", "decide"),
        ns=rounds.ns("decide"),
        void=void,
    )


def _every_beat() -> Iterator[datetime]:
    yield from (EIGHT + timedelta(seconds=BEAT_S * (k % BEATS_MAX)) for k in count())


def _limits_cases() -> list[Case]:
    """One hit for each half minute, of 180 a day; with what is left, or without."""
    from limits import RateLimitItemPerDay
    from limits.storage import MemoryStorage
    from limits.strategies import FixedWindowRateLimiter

    quota = RateLimitItemPerDay(180)
    people = tuple(f"p-{k}" for k in range(PEOPLE))

    def hits(name: str, body: str) -> Case:
        limiter = FixedWindowRateLimiter(MemoryStorage())
        names = {
            "hit": limiter.hit,
            "stats": limiter.get_window_stats,
            "quota": quota,
            "inputs": people,
            "clock": count(),
        }
        text = f"at = next(clock)\nfor a in inputs: {body}"
        return case(name, text, names, calls=PEOPLE, loop="loop")

    return [
        hits("limits hit", "hit(quota, a)"),
        hits("limits hit + stats", "hit(quota, a); stats(quota, a)"),
    ]


def _sqlite(game: Law, folder: Path, sync: str, *, goal: float) -> Iterator[Row]:
    """A heartbeat is one commit: what more does it cost than the commit?"""
    path = folder / f"{sync}.db"
    store = stores.open(f"sqlite:////{str(path).lstrip('/')}?journal=wal&sync={sync}")
    players = Players(game, store, WRITERS)
    with closing(_bare(folder / f"{sync}-bare.db", sync)) as bare:
        commit = case(
            "commit",
            "at = next(clock)\nfor a in inputs: run('UPDATE t SET n = n + 1 WHERE rowid = ?', a)",
            {
                "run": bare.cursor().execute,
                "inputs": tuple((k + 1,) for k in range(WRITERS)),
                "clock": count(),
            },
            calls=WRITERS,
            loop="loop",
        )
        swap = case(
            "swap",
            "at = next(clock)\nfor a, first in inputs: call(a, first + at, body)",
            {
                "call": store.swap,
                "inputs": tuple(_documents(store)),
                "clock": count(),
                "body": bytes(49),
            },
            calls=WRITERS,
            loop="loop",
        )
        cases = [_loop(players.beats), players.heartbeat("heartbeat"), commit, swap]
        rounds = interleave(cases, COMMIT_ROUNDS)
    yield Row(
        group="count",
        what=f"SQLite heartbeat / bare commit, WAL, synchronous={sync.upper()}",
        value=rounds.ratio("heartbeat", "commit"),
        goal=goal,
        ns=rounds.ns("heartbeat"),
        void=players.void(),
    )
    yield Row(
        group="count",
        what=f"bare commit; store.swap / bare commit, {sync.upper()}",
        value=rounds.ratio("swap", "commit"),
        ns=rounds.ns("commit"),
    )
    store.close()


def _documents(store: Store) -> Iterator[tuple[str, int]]:
    """Documents of nobody with their first versions, to be swapped for the same again."""
    for k in range(WRITERS):
        key = f"bench/none/{k}"
        store.swap(key, None, bytes(49))
        found = store.load(key)
        yield key, found[0] if found else 0


def _bare(path: Path, sync: str) -> sqlite3.Connection:
    """A file with the same settings, and one number for each person in it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL").fetchall()
    connection.execute(f"PRAGMA synchronous={sync.upper()}")
    connection.execute("PRAGMA secure_delete=ON").fetchall()
    connection.execute("CREATE TABLE t (n INTEGER NOT NULL)")
    connection.executemany("INSERT INTO t VALUES (?)", ((0,) for _ in range(WRITERS)))
    return connection


def _size(game: Law) -> Row:
    """A document with one open session that has been renewed for half an hour."""
    players = Players(game, stores.open("memory:"), 1)
    for _ in range(60):
        at = next(players.clock)
        players.guard.decide(players.beats[0], at=at)
    keys, _ = players.store.scan("time/")
    found = players.store.load(keys[0])
    size = len(found[1]) if found else 0
    return Row(
        group="count",
        what="time document with one open session",
        value=Spread(size, size, size),
        unit="B",
        goal=160,
        void="" if size else "nothing was written",
    )
