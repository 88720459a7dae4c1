"""The command line: ``minorguard decide``, ``explain``, ``calendar``, ``features``, ``law``.

Exit 0: all is well. 1: a line could not be judged, a case failed. 2: usage or configuration.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from minorguard import __version__
from minorguard.core.subject import CONSENTS, IDENTITIES
from minorguard.errors import ConfigurationError, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from minorguard.core.decision import Lang
    from minorguard.core.policy import Law

OK, FAULTS, USAGE = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    args = _parser().parse_args(argv)
    try:
        _speak_utf8()
        code = cast("int", args.run(args))
        sys.stdout.flush()
    except ConfigurationError as error:
        sys.stderr.write(f"minorguard: {type(error).__name__}: {error}\n")
        return USAGE
    except BrokenPipeError:
        _forget_stdout()  # whoever listened has heard enough
        return OK
    except OSError as error:
        _forget_stdout()
        sys.stderr.write(f"minorguard: {error.strerror}\n")
        return USAGE
    return code


def _speak_utf8() -> None:
    if sys.stdin is None or sys.stdout is None or sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]
        raise ConfigurationError("standard input, output and error must be open")
    # Typed as any text stream; those of a process are files, which can be told their encoding.
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # a file
    sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]


def _forget_stdout() -> None:
    """Let the interpreter flush what is left into nothing, not into a second error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="minorguard",
        description="What a minor may do now under Chinese law, until when, and why.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    decide = commands.add_parser("decide", help="answer request lines (NDJSON), one for one")
    decide.add_argument(
        "file", nargs="?", default="-", help="a file of lines, - for standard input"
    )
    _law_options(decide, required=False)
    decide.set_defaults(run=_decide)

    explain = commands.add_parser("explain", help="one request line, answered in words")
    explain.add_argument("file", nargs="?", default="-", help="a file, - for standard input")
    _law_options(explain, required=False)
    explain.set_defaults(run=_explain)

    features = commands.add_parser("features", help="what is open to a person, and by whose leave")
    features.add_argument("--age", type=_age, required=True, help="completed years, 0-150")
    features.add_argument("--at", help="the instant, RFC 3339 (now, if absent)")
    features.add_argument("--identity", choices=sorted(IDENTITIES), default="verified")
    features.add_argument("--mode", choices=("on", "off"), default="off", help="minors' mode")
    features.add_argument("--consent", action="append", default=[], choices=sorted(CONSENTS))
    features.add_argument("--json", action="store_true", help="one JSON array")
    _law_options(features, required=True)
    features.set_defaults(run=_features)

    calendar = commands.add_parser("calendar", help="which days a minor may play, and why")
    calendar.add_argument("period", metavar="YEAR[-MM]", type=_period)
    calendar.add_argument("--age", type=_age, required=True, help="completed years, 0-150")
    form = calendar.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object")
    form.add_argument("--svg", metavar="FILE", help="a picture, - for standard output")
    form.add_argument("--ics", metavar="FILE", help="an iCalendar feed, - for standard output")
    _law_options(calendar, required=True)
    calendar.set_defaults(run=_calendar)

    _law_commands(commands.add_parser("law", help="the law as data"))
    return parser


def _law_commands(law: argparse.ArgumentParser) -> None:
    law_commands = law.add_subparsers(required=True, metavar="COMMAND")
    listed = law_commands.add_parser("list", help="the laws and readings that ship")
    listed.set_defaults(run=_law_list)
    show = law_commands.add_parser("show", help="from an article to its rules, and back")
    show.add_argument("query", help='cn.game, cn.game.window, "国新出发〔2021〕14号 §1", "条例 44"')
    show.add_argument("--at", type=_day, help="only what is in force on that day")
    show.set_defaults(run=_law_show)

    diff = law_commands.add_parser("diff", help="which answers flip between two laws")
    diff.add_argument("--at", type=_day, help="the law of that day (with --to: against another's)")
    diff.add_argument("--to", type=_day, help="the law of the other day")
    diff.add_argument("--to-reading", metavar="NAME=VALUE", action="append", default=[])
    diff.set_defaults(run=_law_diff)
    lint = law_commands.add_parser("lint", help="which settings of a house file change nothing")
    lint.set_defaults(run=_law_lint)
    for command in (diff, lint):
        command.add_argument("--year", type=int, help="the days to compare (the last announced)")
        _law_options(command, required=True)
    for command in (listed, show):
        command.add_argument("--lang", choices=("zh", "en"), default="zh")
    for command in (listed, show, diff, lint):
        command.add_argument("--json", action="store_true", help="for programs")
    diff.add_argument("--svg", metavar="FILE", help="a heat map, - for standard output")

    cases = law_commands.add_parser("cases", help="run the legal cases that ship with the law")
    cases.add_argument("--law", help="only those of one law")
    cases.add_argument("--lang", choices=("zh", "en"), default="zh")
    cases.set_defaults(run=_cases)


def _law_options(parser: argparse.ArgumentParser, *, required: bool) -> None:
    add = parser.add_argument
    add("--law", required=required, help="the law to judge by, cn.game")
    add("--lang", choices=("zh", "en"), default="zh", help="language of the messages")
    add("--house", metavar="FILE", help="the platform's own, stricter rules (TOML)")
    add("--messages", metavar="FILE", help="the platform's own wording (TOML)")
    add("--reading", metavar="NAME=VALUE", action="append", default=[], help="a named reading")
    add("--notice", metavar="FILE", action="append", default=[], help="a newer holiday notice")


def _period(text: str) -> tuple[int, int | None]:
    year, _, month = text.partition("-")
    if not (year.isdecimal() and len(year) == 4 and text.isascii()):  # noqa: PLR2004 - YYYY
        raise argparse.ArgumentTypeError("want YEAR or YEAR-MM")
    if "-" in text and not (len(month) == 2 and month.isdecimal() and 1 <= int(month) <= 12):  # noqa: PLR2004 - MM
        raise argparse.ArgumentTypeError("want YEAR or YEAR-MM")
    if int(year) == 0:
        raise argparse.ArgumentTypeError("there is no year 0")
    return int(year), int(month) if month else None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("want a day, YYYY-MM-DD") from None


def _age(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= 150):  # noqa: PLR2004 - said below
        raise argparse.ArgumentTypeError("want completed years, 0-150")
    return int(text)


def _load(ids: tuple[str, ...], args: argparse.Namespace) -> Law:
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


def _decide(args: argparse.Namespace) -> int:
    from minorguard.wire.stream import Decider, decide_stream

    default = () if args.law is None else (args.law,)
    _load(default or ("cn.base",), args)  # a wrong option is told before the first line is read
    decider = Decider(lambda ids: _load(ids, args), default, _lang(args))
    if args.file == "-":
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # others wait
    with _source(args.file) as source:
        return OK if decide_stream(decider, source, sys.stdout) else FAULTS


@contextmanager
def _source(name: str) -> Generator[IO[bytes]]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - closed below, opened where it can fail
    except OSError as error:
        raise ConfigurationError(f"{name}: {error.strerror}") from None
    with file:
        yield file


def _explain(args: argparse.Namespace) -> int:
    from minorguard.errors import InvalidRequest
    from minorguard.wire.request import parse
    from minorguard.wire.stream import lines

    default = () if args.law is None else (args.law,)
    with _source(args.file) as source:
        raw = next(lines(source), b"")
    try:
        query = parse(raw)
    except InvalidRequest as error:
        sys.stderr.write(f"minorguard: {error}\n")
        return FAULTS
    laws = query.laws or default
    if not laws:
        raise ConfigurationError("name a law: --law cn.game")
    decision = _load(laws, args).decide(query.request, at=query.at, usage=query.usage)
    lang = _lang(args)
    sys.stdout.write(f"{decision.title(lang)}\n{decision.explain(lang)}\n")
    return OK


def _features(args: argparse.Namespace) -> int:
    from dateutil.relativedelta import relativedelta

    from minorguard.core.calendar import ZONE
    from minorguard.core.subject import Subject
    from minorguard.wire.features import features_json, features_table
    from minorguard.wire.request import instant

    try:
        at = datetime.now(ZONE) if args.at is None else instant(args.at, "--at")
        # Born so many years and two days before, so that the age is reached in either reading.
        born = (at - relativedelta(years=args.age, days=2)).date()
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    subject = Subject(
        "features",
        born=born,
        identity=args.identity,
        minors_mode=args.mode == "on",
        consents=frozenset(args.consent),
    )
    rows = _load((args.law,), args).features_of(subject, at=at)
    sys.stdout.write(features_json(rows) if args.json else features_table(rows, _lang(args)))
    return OK


def _calendar(args: argparse.Namespace) -> int:
    year, month = args.period
    drawn = (_load((args.law,), args), args.age, year, month, _lang(args))
    if args.json:
        from minorguard.wire.calendar import calendar_json

        sys.stdout.write(calendar_json(*drawn))
    elif args.svg is not None:
        from minorguard.render.svg import calendar_svg

        _write_file(args.svg, calendar_svg(*drawn))
    elif args.ics is not None:
        from minorguard.render.ics import calendar_ics

        _write_file(args.ics, calendar_ics(*drawn))
    else:
        _write_table(drawn)
    return OK


def _write_file(name: str, text: str) -> None:
    """Write a text with the line ends that it has: an iCalendar feed wants CRLF everywhere."""
    if name == "-":
        sys.stdout.buffer.write(text.encode())
        return
    try:
        Path(name).write_bytes(text.encode())
    except OSError as error:
        raise ConfigurationError(f"{name}: {error.strerror}") from None


def _write_table(drawn: tuple[Law, int, int, int | None, Lang]) -> None:
    """The calendar in colour on a terminal that has ``rich``; plain lines elsewhere."""
    if sys.stdout.isatty():
        try:
            from minorguard.render.rich import print_calendar
        except MissingExtra:
            pass  # the plain table says the same
        else:
            print_calendar(*drawn, file=sys.stdout)
            return
    from minorguard.render.table import calendar_table

    sys.stdout.write(calendar_table(*drawn))


def _law_list(args: argparse.Namespace) -> int:
    from minorguard.wire.lawbook import law_list

    sys.stdout.write(law_list(_lang(args), as_json=args.json))
    return OK


def _law_show(args: argparse.Namespace) -> int:
    from minorguard.wire.lawbook import law_show

    sys.stdout.write(law_show(args.query, args.at, _lang(args), as_json=args.json))
    return OK


def _law_diff(args: argparse.Namespace) -> int:
    from minorguard.core.compare import Side, compare
    from minorguard.wire.heatmap import heatmap
    from minorguard.wire.lawdiff import days_compared, diff_json, diff_text

    if sum((args.to is not None, bool(args.to_reading), args.house is not None)) != 1:
        raise ConfigurationError("say what to compare with: --to, --to-reading or --house")
    house, args.house = args.house, None
    old = new = _load((args.law,), args)
    name = ""
    if args.to_reading:
        args.reading = [*args.reading, *args.to_reading]
        new = _load((args.law,), args)
    elif house is not None:
        args.house, name = house, Path(house).name
        new = _load((args.law,), args)
    first, last = days_compared(old, args.year)
    sides = Side(old, args.at), Side(new, args.at if args.to is None else args.to, name)
    comparison = compare(*sides, first, last)
    if args.svg is not None:
        _write_file(args.svg, heatmap(comparison, _lang(args)))
    else:
        say = diff_json if args.json else diff_text
        sys.stdout.write(say(comparison, _lang(args)))
    return OK


def _law_lint(args: argparse.Namespace) -> int:
    from minorguard.core.lint import lint
    from minorguard.packs.loader import house_file
    from minorguard.wire.lawdiff import days_compared
    from minorguard.wire.lawlint import lint_json, lint_text, without_effect

    if args.house is None:
        raise ConfigurationError("name the house file: --house FILE")
    house, args.house = house_file(args.house), None
    law = _load((args.law,), args)
    verdicts = lint(law, house, *days_compared(law, args.year))
    sys.stdout.write(lint_json(law, verdicts) if args.json else lint_text(verdicts, _lang(args)))
    return FAULTS if without_effect(verdicts) else OK


def _cases(args: argparse.Namespace) -> int:
    from minorguard.wire.cases import run_cases

    passed, failed = run_cases(args.law, _lang(args), sys.stdout)
    sys.stdout.write(f"{passed} passed, {failed} failed\n")
    return OK if failed == 0 else FAULTS


def _lang(args: argparse.Namespace) -> Lang:
    return cast("Lang", args.lang)
