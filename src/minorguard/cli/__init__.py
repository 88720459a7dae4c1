"""The command line: one module for each group of commands.

Exit 0: all is well. 1: a line could not be judged, a case failed. 2: usage or configuration.
3: the store, or the identity authority, did not do its part.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, cast

from minorguard import __version__
from minorguard.cli import content, doctor, identity, judge, keep, law
from minorguard.cli.options import OK, STORE, USAGE
from minorguard.errors import ConfigurationError, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence


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
    except StoreError as error:
        sys.stderr.write(f"minorguard: {type(error).__name__}: {error}\n")
        return STORE
    except BrokenPipeError:
        _forget_stdout()  # whoever listened has heard enough
        return OK
    except OSError as error:
        _forget_stdout()
        sys.stderr.write(f"minorguard: {error.strerror}\n")
        return USAGE
    return code


def _speak_utf8() -> None:
    streams: tuple[object, ...] = (sys.stdin, sys.stdout, sys.stderr)
    if None in streams:  # a process may be started with any of them closed
        raise ConfigurationError("standard input, output and error must be open")
    # Typed as any text stream; those of a process are files, which can be told their encoding.
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # a file
    errors = "backslashreplace"
    sys.stderr.reconfigure(encoding="utf-8", errors=errors)  # type: ignore[union-attr]  # a file


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
    for module in (judge, keep, law, content, identity, doctor):
        module.add_commands(commands)
    return parser
