"""``minorguard law``: the law as data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from minorguard.cli.options import (
    FAULTS,
    OK,
    Commands,
    day,
    lang_of,
    law_options,
    load,
    write_file,
)
from minorguard.errors import ConfigurationError

if TYPE_CHECKING:
    import argparse


def add_commands(commands: Commands) -> None:
    """Add the command of this module."""
    named = commands.add_parser("law", help="the law as data")
    law_commands = named.add_subparsers(required=True, metavar="COMMAND")
    listed = law_commands.add_parser("list", help="the laws and readings that ship")
    listed.set_defaults(run=_law_list)
    show = law_commands.add_parser("show", help="from an article to its rules, and back")
    show.add_argument("query", help='cn.game, cn.game.window, "国新出发〔2021〕14号 §1", "条例 44"')
    show.add_argument("--at", type=day, help="only what is in force on that day")
    show.set_defaults(run=_law_show)

    diff = law_commands.add_parser("diff", help="which answers flip between two laws")
    diff.add_argument("--at", type=day, help="the law of that day (with --to: against another's)")
    diff.add_argument("--to", type=day, help="the law of the other day")
    diff.add_argument("--to-reading", metavar="NAME=VALUE", action="append", default=[])
    diff.set_defaults(run=_law_diff)
    lint = law_commands.add_parser("lint", help="which settings of a house file change nothing")
    lint.set_defaults(run=_law_lint)
    for command in (diff, lint):
        command.add_argument("--year", type=int, help="the days to compare (the last announced)")
        law_options(command, required=True)
    for command in (listed, show):
        command.add_argument("--lang", choices=("zh", "en"), default="zh")
    for command in (listed, show, diff, lint):
        command.add_argument("--json", action="store_true", help="for programs")
    diff.add_argument("--svg", metavar="FILE", help="a heat map, - for standard output")

    cases = law_commands.add_parser("cases", help="run the legal cases that ship with the law")
    cases.add_argument("--law", help="only those of one law")
    cases.add_argument("--lang", choices=("zh", "en"), default="zh")
    cases.set_defaults(run=_cases)


def _law_list(args: argparse.Namespace) -> int:
    from minorguard.wire.lawbook import law_list

    sys.stdout.write(law_list(lang_of(args), as_json=args.json))
    return OK


def _law_show(args: argparse.Namespace) -> int:
    from minorguard.wire.lawbook import law_show

    sys.stdout.write(law_show(args.query, args.at, lang_of(args), as_json=args.json))
    return OK


def _law_diff(args: argparse.Namespace) -> int:
    from minorguard.core.compare import Side, compare
    from minorguard.wire.heatmap import heatmap
    from minorguard.wire.lawdiff import days_compared, diff_json, diff_text

    if sum((args.to is not None, bool(args.to_reading), args.house is not None)) != 1:
        raise ConfigurationError("say what to compare with: --to, --to-reading or --house")
    house, args.house = args.house, None
    old = new = load((args.law,), args)
    name = ""
    if args.to_reading:
        args.reading = [*args.reading, *args.to_reading]
        new = load((args.law,), args)
    elif house is not None:
        args.house, name = house, Path(house).name
        new = load((args.law,), args)
    first, last = days_compared(old, args.year)
    sides = Side(old, args.at), Side(new, args.at if args.to is None else args.to, name)
    comparison = compare(*sides, first, last)
    if args.svg is not None:
        write_file(args.svg, heatmap(comparison, lang_of(args)))
    else:
        say = diff_json if args.json else diff_text
        sys.stdout.write(say(comparison, lang_of(args)))
    return OK


def _law_lint(args: argparse.Namespace) -> int:
    from minorguard.core.lint import lint
    from minorguard.packs.house import house_file
    from minorguard.wire.lawdiff import days_compared
    from minorguard.wire.lawlint import lint_json, lint_text, without_effect

    if args.house is None:
        raise ConfigurationError("name the house file: --house FILE")
    house, args.house = house_file(args.house), None
    law = load((args.law,), args)
    verdicts = lint(law, house, *days_compared(law, args.year))
    sys.stdout.write(lint_json(law, verdicts) if args.json else lint_text(verdicts, lang_of(args)))
    return FAULTS if without_effect(verdicts) else OK


def _cases(args: argparse.Namespace) -> int:
    from minorguard.wire.cases import run_cases

    passed, failed = run_cases(args.law, lang_of(args), sys.stdout)
    sys.stdout.write(f"{passed} passed, {failed} failed\n")
    return OK if failed == 0 else FAULTS
