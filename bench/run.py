"""The benchmark: ``make bench``, or ``make bench ARGS=--deep``. The method is in README.md.

Prints a table and, as its last line, the same as JSON. Always exits 0: a noisy machine must not
fail a build, and whether a goal is met is for a reader of the table.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter
from typing import TYPE_CHECKING, Any

import asks
import classifier
import counting
import decisions
import identity
import imports
import kicks
import postgres
import redis_calls
import streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness import Row

PACKAGES = (
    "minorguard",
    "pydantic",
    "common-expression-language",
    "vakt",
    "cedarpy",
    "limits",
    "cryptography",
    "redis",
    "psycopg",
    "ahocorasick-rs",
    "opencc",
)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, show."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--deep", action="store_true", help="a million lines, a million sessions")
    parser.add_argument("--json", action="store_true", help="nothing but the line of JSON")
    parser.add_argument(
        "--only",
        choices=(
            "decisions",
            "asks",
            "text",
            "lines",
            "kicks",
            "count",
            "redis",
            "pg",
            "identity",
            "import",
        ),
        help="one part of the table",
    )
    args = parser.parse_args(argv)
    parts: dict[str, Callable[[], Iterator[Row]]] = {
        "decisions": decisions.rows,
        "asks": asks.rows,
        "text": classifier.rows,
        "lines": lambda: _lines(deep=args.deep),
        "kicks": lambda: kicks.rows(deep=args.deep),
        "count": counting.rows,
        "redis": redis_calls.rows,
        "pg": postgres.rows,
        "identity": identity.rows,
        "import": imports.rows,
    }
    start = perf_counter()
    rows: list[Row] = []
    if not args.json:
        print(_line("group", "what", "measured", "quartiles", "goal", "", "ns"))
    for part in (args.only,) if args.only else parts:
        for row in parts[part]():
            rows.append(row)
            if not args.json:
                print(_shown(row), flush=True)
    print(json.dumps(_report(rows, perf_counter() - start), ensure_ascii=False))


def _lines(*, deep: bool) -> Iterator[Row]:
    yield from streams.throughput()
    yield from streams.memory(deep=deep)


def _shown(row: Row) -> str:
    value = row.value
    goal = "" if row.goal is None else f"{row.bound} {row.goal:g}"
    return _line(
        row.group,
        row.what,
        "" if value is None else f"{value.median:.2f} {row.unit}",
        "" if value is None or value.low == value.high else f"{value.low:.2f}-{value.high:.2f}",
        goal,
        f"{row.state}: {row.void}" if row.void else row.state,
        "" if row.ns is None else f"{row.ns:,.0f}",
    )


def _line(*cells: str) -> str:
    widths = (7, 55, 9, 13, 7, 7, 12)
    last = len(cells) - 1
    padded = (
        cell.rjust(width) if index in (2, 4, last) else cell.ljust(width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(padded).rstrip()


def _report(rows: Sequence[Row], took_s: float) -> dict[str, Any]:
    states = [row.state for row in rows]
    return {
        "met": states.count("met"),
        "missed": states.count("missed"),
        "void": states.count("void"),
        "took_s": round(took_s, 1),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "packages": {name: _version(name) for name in PACKAGES},
        "rows": [row.as_json() for row in rows],
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    main()
    sys.exit(0)
