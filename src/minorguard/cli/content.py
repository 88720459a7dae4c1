"""``minorguard lint-page``: what is wrong with a course page for minors."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING

from minorguard.cli.options import FAULTS, Commands, lang_of, law_options, load, source_of
from minorguard.core.calendar import ZONE
from minorguard.errors import InvalidRequest

if TYPE_CHECKING:
    import argparse

BYTES_MAX = 16 << 20
"""A page larger than this is read up to here, and said not to be whole."""


def add_commands(commands: Commands) -> None:
    """Add the commands of this module."""
    lint = commands.add_parser("lint-page", help="pop-ups, ads, links of a course page for minors")
    lint.add_argument("file", help="saved HTML, or a description as JSON; - for standard input")
    lint.add_argument("--json", action="store_true", help="one JSON object")
    lint.add_argument(
        "--reviewed", choices=("yes", "no"), help="whether the course has passed review"
    )
    lint.add_argument(
        "--nonprofit", choices=("yes", "no"), help="whether the lesson is for the public good"
    )
    lint.add_argument(
        "--own-host", action="append", default=[], metavar="HOST", help="a host of the platform"
    )
    law_options(lint, required=False)
    lint.set_defaults(run=_lint_page)


def _lint_page(args: argparse.Namespace) -> int:
    from minorguard.content.page_report import run

    with source_of(args.file) as source:
        page = source.read(BYTES_MAX + 1)
    try:
        output, code = run(
            page,
            lang_of(args),
            args.json,
            course_reviewed=_told(args.reviewed),
            nonprofit=_told(args.nonprofit),
            own_hosts=args.own_host,
            law=load((args.law or "cn.course",), args),
            at=datetime.now(ZONE),
        )
    except InvalidRequest as error:
        sys.stderr.write(f"minorguard: {error}\n")
        return FAULTS
    sys.stdout.write(output)
    return code


def _told(said: str | None) -> bool | None:
    return None if said is None else said == "yes"
