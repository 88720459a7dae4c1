"""``minorguard replay`` and ``holds``: what is kept in a store."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from minorguard.cli.options import (
    FAULTS,
    OK,
    STORE,
    Commands,
    default_laws,
    flush_lines,
    lang_of,
    law_options,
    load,
    source_of,
)
from minorguard.core.subject import Subject
from minorguard.errors import InvalidRequest

if TYPE_CHECKING:
    from minorguard.stores import Store


def add_commands(commands: Commands) -> None:
    """Add the commands of this module."""
    replay = commands.add_parser("replay", help="answer and count lines (NDJSON), one for one")
    replay.add_argument("file", nargs="?", default="-", help="a file, - for standard input")
    law_options(replay, required=False)
    _store_option(replay)
    replay.add_argument("--scope", type=_scope, help="what is counted together (the law's id)")
    replay.add_argument("--lease", choices=("short", "boundary"), default="short")
    replay.set_defaults(run=_replay)

    holds = commands.add_parser("holds", help="money that is held, the oldest first")
    _store_option(holds)
    where = holds.add_mutually_exclusive_group()
    where.add_argument("--law", help="only what is held under this law")
    where.add_argument("--scope", type=_scope, help="only what is held in this scope")
    holds.add_argument("--json", action="store_true", help="one JSON object a line")
    holds.add_argument("--lang", choices=("zh", "en"), default="zh")
    holds.set_defaults(run=_holds, reading=[], notice=[], house=None, messages=None)


def _store_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", metavar="URL", required=True, help="memory:, sqlite:///file.db")


def _scope(text: str) -> str:
    try:
        return Subject(text).id
    except InvalidRequest as error:
        raise argparse.ArgumentTypeError(error.reason) from None


def _open(args: argparse.Namespace) -> closing[Store]:
    from minorguard import stores

    return closing(stores.open(args.store))


def _replay(args: argparse.Namespace) -> int:
    from minorguard.wire.replay import Replayer
    from minorguard.wire.stream import decide_stream

    default = default_laws(args)
    flush_lines(args)
    with source_of(args.file) as source, _open(args) as store:
        replayer = Replayer(
            lambda ids: load(ids, args),
            default,
            lang_of(args),
            store=store,
            scope=args.scope,
            lease=args.lease,
        )
        good = decide_stream(replayer, source, sys.stdout)
    return STORE if replayer.store_failed else OK if good else FAULTS


def _holds(args: argparse.Namespace) -> int:
    from minorguard.wire.holds import holds_in, holds_json, holds_table

    law = load((args.law or "cn.base",), args)
    with _open(args) as store:
        holds = holds_in(store, law, args.law or args.scope)
    sys.stdout.write(holds_json(holds) if args.json else holds_table(holds, lang_of(args)))
    return OK
