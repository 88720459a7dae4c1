"""``minorguard decide``, ``explain``, ``features`` and ``calendar``: nothing is kept."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING

from minorguard.cli.options import (
    FAULTS,
    OK,
    Commands,
    age,
    default_laws,
    flush_lines,
    lang_of,
    law_options,
    load,
    period,
    source_of,
    write_file,
)
from minorguard.core.subject import CONSENTS, IDENTITIES
from minorguard.errors import ConfigurationError, MissingExtra

if TYPE_CHECKING:
    import argparse

    from minorguard.core.decision import Lang
    from minorguard.core.policy import Law


def add_commands(commands: Commands) -> None:
    """Add the commands of this module."""
    decide = commands.add_parser("decide", help="answer request lines (NDJSON), one for one")
    decide.add_argument(
        "file", nargs="?", default="-", help="a file of lines, - for standard input"
    )
    law_options(decide, required=False)
    decide.set_defaults(run=_decide)

    explain = commands.add_parser("explain", help="one request line, answered in words")
    explain.add_argument("file", nargs="?", default="-", help="a file, - for standard input")
    law_options(explain, required=False)
    explain.set_defaults(run=_explain)

    features = commands.add_parser("features", help="what is open to a person, and by whose leave")
    features.add_argument("--age", type=age, required=True, help="completed years, 0-150")
    features.add_argument("--at", help="the instant, RFC 3339 (now, if absent)")
    features.add_argument("--identity", choices=sorted(IDENTITIES), default="verified")
    features.add_argument("--mode", choices=("on", "off"), default="off", help="minors' mode")
    features.add_argument("--consent", action="append", default=[], choices=sorted(CONSENTS))
    features.add_argument("--json", action="store_true", help="one JSON array")
    law_options(features, required=True)
    features.set_defaults(run=_features)

    calendar = commands.add_parser("calendar", help="which days a minor may play, and why")
    calendar.add_argument("period", metavar="YEAR[-MM]", type=period)
    calendar.add_argument("--age", type=age, required=True, help="completed years, 0-150")
    form = calendar.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object")
    form.add_argument("--svg", metavar="FILE", help="a picture, - for standard output")
    form.add_argument("--ics", metavar="FILE", help="an iCalendar feed, - for standard output")
    law_options(calendar, required=True)
    calendar.set_defaults(run=_calendar)


def _decide(args: argparse.Namespace) -> int:
    from minorguard.wire.stream import Decider, decide_stream

    decider = Decider(lambda ids: load(ids, args), default_laws(args), lang_of(args))
    flush_lines(args)
    with source_of(args.file) as source:
        return OK if decide_stream(decider, source, sys.stdout) else FAULTS


def _explain(args: argparse.Namespace) -> int:
    from minorguard.errors import InvalidRequest
    from minorguard.wire.request import parse
    from minorguard.wire.stream import lines

    default = () if args.law is None else (args.law,)
    with source_of(args.file) as source:
        raw = next(lines(source), b"")
    try:
        query = parse(raw)
    except InvalidRequest as error:
        sys.stderr.write(f"minorguard: {error}\n")
        return FAULTS
    laws = query.laws or default
    if not laws:
        raise ConfigurationError("name a law: --law cn.game")
    decision = load(laws, args).decide(query.request, at=query.at, usage=query.usage)
    lang = lang_of(args)
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
    rows = load((args.law,), args).features_of(subject, at=at)
    sys.stdout.write(features_json(rows) if args.json else features_table(rows, lang_of(args)))
    return OK


def _calendar(args: argparse.Namespace) -> int:
    year, month = args.period
    drawn = (load((args.law,), args), args.age, year, month, lang_of(args))
    if args.json:
        from minorguard.wire.calendar import calendar_json

        sys.stdout.write(calendar_json(*drawn))
    elif args.svg is not None:
        from minorguard.render.svg import calendar_svg

        write_file(args.svg, calendar_svg(*drawn))
    elif args.ics is not None:
        from minorguard.render.ics import calendar_ics

        write_file(args.ics, calendar_ics(*drawn))
    else:
        _write_table(drawn)
    return OK


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
