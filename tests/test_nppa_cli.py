"""``minorguard nppa selftest``, and that no name, number or key is seen anywhere on the way."""

import json
import logging
import os
import pickle
import subprocess
import sys
import traceback
from datetime import datetime

import pytest
import stamina

from minorguard.cli import main
from minorguard.cli.identity import ENVIRONMENT
from minorguard.core.calendar import ZONE
from minorguard.errors import MinorguardError
from minorguard.identity.nppa import Event
from minorguard.identity.secrets import Secret
from minorguard.identity.verification import Verification
from minorguard.identity.wire_messages import Credentials
from minorguard.testing import nppa_mishaps as mishaps
from minorguard.testing.nppa import FakeNppa
from nppakit import Clients, EventLoop, Ticks, claim_of, numbered

FRIDAY = datetime(2026, 11, 20, 20, 10, tzinfo=ZONE)


@pytest.fixture(autouse=True)
def _no_backoff():
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def fake():
    with FakeNppa() as fake:
        yield fake


@pytest.fixture
def ca(fake, tmp_path):
    file = tmp_path / "ca.pem"
    file.write_text(fake.ca_pem)
    return str(file)


def given(fake, **changes):
    said = {
        "app_id": fake.app_id,
        "biz_id": fake.biz_id,
        "secret_key": fake.credentials.secret_key.reveal(),
        "test_codes": list(fake.test_codes.values()),
    }
    return {**said, **changes}


@pytest.fixture
def environment(monkeypatch):
    def put(said):
        for name, variable in ENVIRONMENT.items():
            value = said[name]
            text = value if isinstance(value, str) else ",".join(value)
            monkeypatch.setenv(variable, text)

    return put


def run(capsys, *argv):
    code = main(["nppa", "selftest", *argv])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize(("lang", "total"), [("zh", "通过 8/8"), ("en", "8 of 8 passed")])
def test_the_selftest_passes_against_its_own_fake_server(capsys, lang, total):
    code, out, err = run(capsys, "--fake", "--lang", lang)

    assert (code, err) == (0, "")
    assert total in out
    assert len(out.splitlines()) == 10
    assert [line.split()[0] for line in out.splitlines()[1:9]] == [
        f"testcase{n:02}" for n in range(1, 9)
    ]


def test_the_columns_stand_under_each_other_in_chinese(capsys):
    from minorguard.render.text import columns

    _, out, _ = run(capsys, "--fake")
    ends = {columns(line[: line.rindex("通过")]) for line in out.splitlines()[1:9]}

    assert len(ends) == 1


def test_the_keys_come_from_the_environment(capsys, fake, ca, environment):
    environment(given(fake))
    code, out, _ = run(capsys, "--base-url", fake.url, "--ca", ca, "--lang", "en")

    assert code == 0
    assert out.endswith("8 of 8 passed.\n")
    assert len(fake.passed) == 8


def test_the_keys_come_from_a_file(capsys, fake, ca, tmp_path):
    file = tmp_path / "nppa.toml"
    file.write_text("\n".join(f"{k} = {json.dumps(v)}" for k, v in given(fake).items()))

    assert run(capsys, "--base-url", fake.url, "--ca", ca, "--credentials", str(file))[0] == 0


def test_a_wrong_key_fails_every_case_and_says_which_code(capsys, fake, ca, environment):
    environment(given(fake, secret_key=os.urandom(16).hex()))
    code, out, _ = run(capsys, "--base-url", fake.url, "--ca", ca)

    assert code == 1
    assert out.count("1011 调用方身份核验失败（签名或密钥不符）") == 8
    assert "通过 0/8" in out


def test_one_case_that_fails_is_exit_1(capsys, fake, ca, environment):
    environment(given(fake))
    fake.will("query", mishaps.code(4003))
    code, out, _ = run(capsys, "--base-url", fake.url, "--ca", ca, "--lang", "en")

    assert code == 1
    assert "4003 not the preset of this test" in out
    assert "7 of 8 passed" in out


def test_a_service_that_does_not_answer_is_exit_3(capsys, fake, ca, environment):
    environment(given(fake))
    fake.always("loginout", mishaps.status(503))
    code, out, _ = run(capsys, "--base-url", fake.url, "--ca", ca)

    assert code == 3
    assert out.count("无应答") == 2


def test_a_server_of_an_unknown_authority_is_exit_3_and_hears_nothing(capsys, fake, environment):
    environment(given(fake))

    assert run(capsys, "--base-url", fake.url)[0] == 3
    assert fake.seen == []


@pytest.mark.parametrize("missing", ENVIRONMENT)
def test_what_is_missing_is_named(capsys, fake, environment, missing):
    environment(given(fake, **{missing: ""}))
    code, _, err = run(capsys, "--base-url", fake.url)

    assert code == 2
    assert ENVIRONMENT[missing] in err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("secret_key", "x" * 40),
        ("app_id", "a b"),
        ("biz_id", "b" * 99),
        ("test_codes", ["1", "2"]),
        ("test_codes", ["a/b"] * 8),
    ],
)
def test_what_is_wrong_is_exit_2_and_not_repeated(capsys, fake, environment, name, value):
    environment(given(fake, **{name: value}))
    code, out, err = run(capsys, "--base-url", fake.url)

    assert code == 2
    assert "x" * 40 not in out + err


def test_wrong_files_and_addresses_are_exit_2(capsys, fake, environment, tmp_path):
    environment(given(fake))
    broken = tmp_path / "broken.toml"
    broken.write_text(f'secret_key = "{fake.credentials.secret_key.reveal()}" x')
    none = str(tmp_path / "none")

    for argv in (
        ("--ca", none),
        ("--ca", str(broken)),
        ("--credentials", none),
        ("--credentials", str(broken)),
        ("--base-url", "http://127.0.0.1"),
        ("--fake", "--base-url", fake.url),
    ):
        code, out, err = run(capsys, *argv)
        assert code == 2, argv
        assert fake.credentials.secret_key.reveal() not in out + err


def test_no_option_takes_a_key():
    done = subprocess.run(
        [sys.executable, "-m", "minorguard", "nppa", "selftest", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    options = {word.strip("[],") for word in done.stdout.split() if word.startswith(("--", "[--"))}

    assert options == {"--help", "--credentials", "--base-url", "--ca", "--fake", "--lang"}


# -- a canary -------------------------------------------------------------------------------------

NAME, NUMBER = "金丝雀", numbered("11000020150607008")
PEPPER = "canary-pepper-of-the-game"

MISHAPS = [
    *(mishaps.code(code) for code in (1001, 1006, 1007, 1011, 1012, 2001, 2003, 2004, 2005, 9999)),
    mishaps.code(2001, words=f"{NAME} {NUMBER}"),  # a service that repeats what it was told
    mishaps.says(f'{{"errcode":"{NAME}","errmsg":"{NUMBER}"}}'.encode()),
    mishaps.says(NUMBER.encode()),
    mishaps.status(503),
    mishaps.redirect("https://127.0.0.1:1"),
    mishaps.huge(),
    mishaps.gzip_bomb(1 << 16),
    mishaps.hang_up(),
    mishaps.cut(),
]


class Catch(logging.Handler):
    """Every record of every logger, with all that hangs on it."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.texts = []

    def emit(self, record):
        self.texts.append(f"{record.getMessage()} {record.__dict__!r}")


def chain(error):
    """The error, what caused it and what it came up in."""
    waiting, seen = [error], []
    while waiting:
        one = waiting.pop()
        if one is not None and one not in seen:
            seen.append(one)
            waiting += [one.__cause__, one.__context__]
    return seen


def shown(error):
    """All that an error report could show: texts, arguments, and the locals of our frames."""
    for one in chain(error):
        yield from (str(one), repr(one), repr(one.args), repr(one.__dict__))
        stack = traceback.TracebackException.from_exception(one, capture_locals=True)
        for frame in stack.stack:
            if "/tests/" not in frame.filename:  # the test itself knows the canary
                yield f"{frame.filename}:{frame.name}"
                yield from (f"{name}={text}" for name, text in (frame.locals or {}).items())


def test_the_search_finds_a_canary_in_a_frame_of_ours(fake):
    with pytest.raises(KeyError) as told:  # of the server for tests, which may know it
        fake._book.settle(NUMBER, "success")

    assert any(NUMBER in text for text in shown(told.value))


@pytest.fixture
def caught():
    catch, root = Catch(), logging.getLogger()
    level = root.level
    root.addHandler(catch)
    root.setLevel(logging.DEBUG)
    yield catch.texts
    root.removeHandler(catch)
    root.setLevel(level)


class Seen:
    """What comes of calls: the reprs of their results, and their errors."""

    def __init__(self):
        self.texts, self.errors = [], []

    def attempt(self, call, *args, **options):
        try:
            got = call(*args, **options)
        except (MinorguardError, TypeError) as error:
            self.errors.append(error)
        else:
            self.texts.append(f"{got!r} {got}")

    def all_calls(self, official):
        asked = claim_of("p-81", NAME, NUMBER)
        pending = Verification("pending", "p-81", None, FRIDAY)
        self.attempt(official.check, asked, at=FRIDAY)
        self.attempt(official.query, pending, at=FRIDAY)
        self.attempt(
            official.report, [Event(session="s", kind="login", at_s=1, pi="1hpfml" + "0" * 32)]
        )
        self.texts += [repr(official), repr(official._talks), repr(vars(official))]
        for thing in (asked, pending, getattr(official, "_client", official)):
            self.attempt(pickle.dumps, thing)

    def everything(self):
        yield from self.texts
        for error in self.errors:
            yield from shown(error)
            if isinstance(error, MinorguardError):
                yield repr(pickle.dumps(error))


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_no_name_number_or_key_is_seen_in_logs_reprs_errors_tracebacks_or_pickles(kind, caught):
    key, seen, loop = os.urandom(16).hex(), Seen(), EventLoop()
    clients = Clients(kind, loop)
    pepper = Secret(PEPPER.encode())
    with FakeNppa() as fake:
        fake._keys[0] = Secret(key)
        fake.knows(NAME, NUMBER, "pending")
        for mishap in (None, *MISHAPS):
            for api in ("check", "query", "loginout"):
                fake.always(api, mishap)
            seen.all_calls(clients(fake, pepper=pepper, ticks_ns=Ticks()))
        for api in ("check", "query", "loginout"):
            fake.always(api, None)
        seen.all_calls(clients(fake, Credentials(fake.app_id, fake.biz_id, key[::-1])))
        worn = clients(fake)
        worn._talks._keys[0].left = 0
        seen.all_calls(worn)
        seen.attempt(worn.check, claim_of("p.81@x", NAME, NUMBER), at=FRIDAY)  # no such ai
        seen.texts += [repr(fake), repr(fake.credentials), repr(fake.seen)]
        clients.close()
    loop.end()

    texts = [*seen.everything(), *caught]
    secrets = (NAME, NUMBER, NUMBER[6:14], key, PEPPER, NAME.encode().hex())
    assert len(seen.errors) > 80
    assert len(caught) > 20
    assert [(secret, text) for secret in secrets for text in texts if secret in text] == []
