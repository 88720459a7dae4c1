"""``minorguard nppa``: the national real-name system, from the shell."""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, cast

from minorguard.cli.options import FAULTS, OK, STORE, Commands, lang_of
from minorguard.errors import ConfigurationError, InvalidRequest

if TYPE_CHECKING:
    import argparse
    import ssl
    from collections.abc import Iterable, Mapping

    from minorguard.core.decision import Lang
    from minorguard.identity.nppa_selftest import Outcome
    from minorguard.identity.wire_messages import Credentials

ENVIRONMENT = {
    "app_id": "MINORGUARD_NPPA_APP_ID",
    "biz_id": "MINORGUARD_NPPA_BIZ_ID",
    "secret_key": "MINORGUARD_NPPA_KEY",
    "test_codes": "MINORGUARD_NPPA_TEST_CODES",
}

HEADS = {
    "zh": ("测试用例", "接口", "期望", "结果", "结论"),
    "en": ("case", "interface", "expected", "answer", "verdict"),
}
WORDS = {
    "zh": {
        "check": "实名认证", "query": "结果查询", "loginout": "行为上报",
        "verified": "认证成功", "pending": "认证中", "failed": "认证失败", "taken": "上报成功",
        "another pi": "另一用户标识",
    },
    "en": {"check": "check", "query": "query", "loginout": "loginout"},
}  # fmt: skip
VERDICTS = {
    "zh": {"passed": "通过", "failed": "未通过", "unavailable": "无应答"},
    "en": {"passed": "passed", "failed": "failed", "unavailable": "no answer"},
}
TOTALS = {
    "zh": "通过 {passed}/8。{where}",
    "en": "{passed} of 8 passed. {where}",
}
FAKE = {
    "zh": "对象为本机仿真服务器，不等于通过官方测试。",
    "en": "Against the fake server on this machine: not the official test.",
}
EPILOG = f"""\
The keys come from the environment ({", ".join(ENVIRONMENT.values())}; the test codes are eight,
with commas between, in the order of the cases) or from a TOML file with app_id, biz_id, secret_key
and test_codes; never from the command line, where others read them. Exit 0: all passed. 1: a case
failed. 2: usage or configuration. 3: the service did not answer."""


def add_commands(commands: Commands) -> None:
    """Add the command of this module."""
    nppa = commands.add_parser("nppa", help="the national real-name system")
    nppa_commands = nppa.add_subparsers(required=True, metavar="COMMAND")
    test = nppa_commands.add_parser(
        "selftest", help="run the eight official test cases", epilog=EPILOG
    )
    add = test.add_argument
    add("--credentials", metavar="FILE", help="a TOML file with the keys; else the environment")
    add("--base-url", metavar="URL", help="another server than the official test system")
    add("--ca", metavar="FILE", help="the authority to trust instead of the system's (PEM)")
    add("--fake", action="store_true", help="start a fake server and run against that")
    add("--lang", choices=("zh", "en"), default="zh")
    test.set_defaults(run=_selftest)


def _selftest(args: argparse.Namespace) -> int:
    from minorguard.identity.nppa import NppaClient
    from minorguard.identity.nppa_desk import now_utc
    from minorguard.identity.nppa_selftest import selftest

    with ExitStack() as open_while:
        if args.fake:
            if args.credentials or args.base_url or args.ca:
                raise ConfigurationError("--fake brings its own address, keys and authority")
            # By its name: nothing in the library imports what is there for tests.
            fake: Any = importlib.import_module("minorguard.testing.nppa").FakeNppa()
            open_while.enter_context(fake)
            credentials, codes = fake.credentials, fake.test_codes
            base_url, context = fake.url, fake.client_context()
        else:
            credentials, codes = _given(args.credentials)
            base_url, context = args.base_url, _context(args.ca)
        outcomes = list(
            selftest(
                lambda code: NppaClient(
                    credentials, test_code=code, base_url=base_url, ssl_context=context
                ),
                codes,
                now_utc,
            )
        )
    lang = lang_of(args)
    sys.stdout.write(_table(outcomes, lang, FAKE[lang] if args.fake else ""))
    if any(outcome.verdict == "unavailable" for outcome in outcomes):
        return STORE
    return OK if all(outcome.verdict == "passed" for outcome in outcomes) else FAULTS


def _given(file: str | None) -> tuple[Credentials, Mapping[str, str]]:
    """The keys and the test codes, from a file or from the environment."""
    from minorguard.identity.nppa_presets import TEST_CASES
    from minorguard.identity.wire_messages import Credentials

    said = _from_environment() if file is None else _from_file(file)
    names = ENVIRONMENT if file is None else {name: name for name in ENVIRONMENT}
    for name, shown in names.items():
        if not said.get(name):
            raise ConfigurationError(f"{file or 'environment'}: {shown} is missing")
    codes = said["test_codes"]
    if not isinstance(codes, list) or len(cast("list[object]", codes)) != len(TEST_CASES):
        raise ConfigurationError(f"{names['test_codes']}: want {len(TEST_CASES)} test codes")
    try:
        credentials = Credentials(said["app_id"], said["biz_id"], said["secret_key"])
    except InvalidRequest as error:
        place = names.get(error.path, names["secret_key"])
        raise ConfigurationError(f"{place}: {error.reason}") from None
    return credentials, dict(zip(TEST_CASES, map(str, cast("list[object]", codes)), strict=True))


def _from_environment() -> dict[str, Any]:
    said: dict[str, Any] = {name: os.environ.get(key, "") for name, key in ENVIRONMENT.items()}
    codes = said["test_codes"].split(",")
    return {**said, "test_codes": [code.strip() for code in codes if code.strip()]}


def _from_file(file: str) -> dict[str, Any]:
    import tomllib
    from pathlib import Path

    try:
        return tomllib.loads(Path(file).read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from None
    except ValueError:  # its text may quote a key
        raise ConfigurationError(f"{file}: not TOML") from None


def _context(file: str | None) -> ssl.SSLContext | None:
    import ssl

    if file is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=file)
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror or 'not a certificate'}") from None
    return context


def _table(outcomes: Iterable[Outcome], lang: Lang, where: str) -> str:
    from minorguard.identity.wire_codes import code_of
    from minorguard.render.text import pad

    words, verdicts = WORDS[lang], VERDICTS[lang]
    rows = [HEADS[lang]]
    passed = 0
    for one in outcomes:
        passed += one.verdict == "passed"
        got = words.get(one.got, one.got)
        if one.code is not None:
            got = f"{one.code} {code_of(one.code).meaning(lang)}"
        expected = words.get(one.expected, one.expected)
        rows.append((one.case, words[one.api], expected, got, verdicts[one.verdict]))
    widths = (12, 11, 10, 12)
    lines = [
        "".join(pad(text + "  ", width) for text, width in zip(row[:-1], widths, strict=True))
        + row[-1]
        for row in rows
    ]
    return "\n".join((*lines, TOTALS[lang].format(passed=passed, where=where).rstrip())) + "\n"
