"""What the commands share: the options of a law, files, exit codes."""

from __future__ import annotations

import argparse
import sys
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast

from minorguard.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Generator

    from minorguard.core.decision import Lang
    from minorguard.core.policy import Law

OK, FAULTS, USAGE, STORE = 0, 1, 2, 3
"""All is well; a line or a case is wrong; the command or a file is; the store failed."""


class Commands(Protocol):
    """Where a module adds the commands that it runs."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser:  # noqa: A002 - argparse's
        """Add one command."""
        ...


def law_options(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Add the options from which ``load`` makes a law."""
    add = parser.add_argument
    add("--law", required=required, help="the law to judge by, cn.game")
    add("--lang", choices=("zh", "en"), default="zh", help="language of the messages")
    add("--house", metavar="FILE", help="the platform's own, stricter rules (TOML)")
    add("--messages", metavar="FILE", help="the platform's own wording (TOML)")
    add("--reading", metavar="NAME=VALUE", action="append", default=[], help="a named reading")
    add("--notice", metavar="FILE", action="append", default=[], help="a newer holiday notice")


def period(text: str) -> tuple[int, int | None]:
    """A year, or a month of it."""
    year, _, month = text.partition("-")
    if not (year.isdecimal() and len(year) == 4 and text.isascii()):  # noqa: PLR2004 - YYYY
        raise argparse.ArgumentTypeError("want YEAR or YEAR-MM")
    if "-" in text and not (len(month) == 2 and month.isdecimal() and 1 <= int(month) <= 12):  # noqa: PLR2004 - MM
        raise argparse.ArgumentTypeError("want YEAR or YEAR-MM")
    if int(year) == 0:
        raise argparse.ArgumentTypeError("there is no year 0")
    return int(year), int(month) if month else None


def day(text: str) -> date:
    """A date."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("want a day, YYYY-MM-DD") from None


def age(text: str) -> int:
    """Completed years."""
    if not (text.isascii() and text.isdecimal() and int(text) <= 150):  # noqa: PLR2004 - said below
        raise argparse.ArgumentTypeError("want completed years, 0-150")
    return int(text)


def load(ids: tuple[str, ...], args: argparse.Namespace) -> Law:
    """The law of those ids, as the options want it."""
    from minorguard.packs import law
    from minorguard.packs.files import text_of

    readings: dict[str, str] = {}
    for said in args.reading:
        name, equals, value = said.partition("=")
        if not equals:
            raise ConfigurationError("a reading is given as NAME=VALUE")
        readings[name] = value
    # Files are read once: one run is decided under one law, whatever becomes of them.
    args.notice = [text_of(file) for file in args.notice]
    args.house = None if args.house is None else text_of(args.house)
    args.messages = None if args.messages is None else text_of(args.messages)
    return law(
        *ids, readings=readings, notices=args.notice, house=args.house, messages=args.messages
    )


@contextmanager
def source_of(name: str) -> Generator[IO[bytes]]:
    """The lines of a file, or of standard input."""
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - closed below, opened where it can fail
    except OSError as error:
        raise ConfigurationError(f"{name}: {error.strerror}") from None
    with file:
        yield file


def flush_lines(args: argparse.Namespace) -> None:
    """Write each answer at once where the lines come one by one, from somebody who waits."""
    if args.file == "-":
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a file


def write_file(name: str, text: str) -> None:
    """Write a text with the line ends that it has: an iCalendar feed wants CRLF everywhere."""
    if name == "-":
        sys.stdout.buffer.write(text.encode())
        return
    try:
        Path(name).write_bytes(text.encode())
    except OSError as error:
        raise ConfigurationError(f"{name}: {error.strerror}") from None


def default_laws(args: argparse.Namespace) -> tuple[str, ...]:
    """What a line is judged by that names no law. The options are tried at once."""
    default = () if args.law is None else (args.law,)
    load(default or ("cn.base",), args)
    return default


def lang_of(args: argparse.Namespace) -> Lang:
    """The language that was asked for."""
    return cast("Lang", args.lang)
