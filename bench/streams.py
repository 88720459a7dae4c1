"""Goal 4: lines through ``minorguard decide``, over reading and writing the same JSON."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from io import BytesIO, StringIO
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from harness import Row, Spread, case, interleave
from mixes import lines

from minorguard import law
from minorguard.wire.stream import Decider, decide_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = 20_000
CHUNK = 500
ROUNDS = 120

FEWER, MORE, DEEP = 100_000, 200_000, 1_000_000
"""Lines of the two runs whose peak memory is compared; ``--deep`` for the last."""

CHILD = """
import sys, time
from minorguard.cli import main
start = time.perf_counter()
code = main(sys.argv[1:])
sys.stdout.flush()
took = time.perf_counter() - start
try:
    with open("/proc/self/status") as status:
        peak = int(status.read().partition("VmHWM:")[2].split()[0])
except OSError:  # no /proc here
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(code, took, peak, file=sys.stderr)
"""
"""The command line as it is, then its own peak: a child's rusage begins with its parent's."""


def throughput() -> Iterator[Row]:
    """``decide_stream`` in memory over plain JSON; a round is one chunk, the same for both."""
    said = list(lines(LINES))
    decider = Decider(lambda ids: law(*ids), ("cn.game",), "zh")
    out = StringIO()
    good = decide_stream(decider, BytesIO(b"\n".join(said)), out)
    replies = [json.loads(text) for text in out.getvalue().splitlines()]
    void = "" if good and len(replies) == LINES else "not every line was judged"

    cuts = [slice(start, start + CHUNK) for start in range(0, LINES, CHUNK)]
    ours = case(
        "ours",
        "run(decider, reader(next(chunks)), writer())",
        {
            "run": decide_stream,
            "decider": decider,
            "reader": BytesIO,
            "writer": StringIO,
            "chunks": cycle([b"\n".join(said[cut]) for cut in cuts]),
        },
        calls=CHUNK,
        collects=True,
    )
    loads_dumps = case(
        "json",
        "for line, reply in next(chunks): loads(line); dumps(reply, ensure_ascii=False)",
        {
            "loads": json.loads,
            "dumps": json.dumps,
            "chunks": cycle([list(zip(said[cut], replies[cut], strict=True)) for cut in cuts]),
        },
        calls=CHUNK,
        collects=True,
    )
    rounds = interleave([ours, loads_dumps], ROUNDS)
    floor = f"json.loads + json.dumps, {_shares(replies)}"
    yield Row(group="lines", what=floor, ns=rounds.ns("json"))
    yield Row(
        group="lines",
        what="decide_stream / json.loads + json.dumps",
        value=rounds.ratio("ours", "json"),
        goal=3,
        ns=rounds.ns("ours"),
        void=void,
    )


def _shares(replies: list[dict[str, object]]) -> str:
    said = Counter(reply.get("allowed") for reply in replies)
    return f"{said[True] * 100 // len(replies)}% allowed"


class Run(NamedTuple):
    """One run of the command line: exit code, seconds after the imports, peak KiB, lines out."""

    code: int
    took_s: float
    peak_kib: int
    answered: int


def memory(*, deep: bool) -> Iterator[Row]:
    """The peak memory of the whole command line: flat, however many lines."""
    more = DEEP if deep else MORE
    with tempfile.TemporaryDirectory(prefix="minorguard-bench-") as folder:
        fewer_run, more_run = (_run(Path(folder), count) for count in (FEWER, more))
    growth = more_run.peak_kib / fewer_run.peak_kib
    answered = fewer_run.answered == FEWER and more_run.answered == more
    good = answered and fewer_run.code == more_run.code == 0
    yield Row(
        group="lines",
        what=f"peak RSS, {more:,} / {FEWER:,} lines ({more_run.peak_kib / 1024:.0f} MiB)",
        value=Spread(growth, growth, growth),
        goal=1.05,
        void="" if good else "not every line was judged",
    )
    yield Row(
        group="lines",
        what=f"minorguard decide, {more:,} lines, a line",
        ns=more_run.took_s * 1e9 / more,
    )


def _run(folder: Path, count: int) -> Run:
    asked, answered = folder / "asked.ndjson", folder / "answered.ndjson"
    with asked.open("wb") as file:
        file.writelines(line + b"\n" for line in lines(count))
    with answered.open("wb") as out:
        done = subprocess.run(  # noqa: S603 - our own interpreter and script
            [sys.executable, "-c", CHILD, "decide", str(asked), "--law", "cn.game"],
            stdout=out,
            stderr=subprocess.PIPE,
            check=True,
            text=True,
        )
    code, took_s, peak_kib = done.stderr.split()[-3:]
    with answered.open("rb") as file:
        total = sum(1 for _ in file)
    return Run(int(code), float(took_s), int(peak_kib), total)
