"""The command line under attack: exit codes, what is said where, and pipes that break."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from minorguard.cli import main

CANARY = "11010519491231002X"
OK, FAULTS, USAGE = 0, 1, 2

LOGIN = {
    "id": "c1",
    "at": "2026-11-20T20:10:00+08:00",
    "subject": {"id": "u1", "born": "2012-05-01", "identity": "verified"},
    "ask": {"kind": "login"},
}
RAW = json.dumps(LOGIN).encode() + b"\n"
REFUSED = RAW.replace(b"20:10", b"21:10")
BAD = b"{\n"
NAMED = RAW.replace(b'"id": "c1"', b'"id": "c1", "law": "cn.game"')

HOUSE = '[[rule]]\nid = "night"\nwindows = [["20:00", "20:30"]]\n'
NOTICE = """\
year = 2027
holidays = [{ name = "春节", from = 2027-02-06, to = 2027-02-12 }]
workdays = [2027-02-14]
"""


class Said:
    """What one run of the command line left behind."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def answers(self):
        assert self.out == "" or self.out.endswith("\n")
        return [json.loads(line) for line in self.out.split("\n")[:-1]]


@pytest.fixture
def run(capsys, monkeypatch):
    """Run the command line in this process."""

    def run(*argv, given=b""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        try:
            code = main(list(map(str, argv)))
        except SystemExit as stop:  # argparse
            code = stop.code
        return Said(code, *capsys.readouterr())

    return run


def quiet(err):
    """Assert that a message is one for people, not a traceback."""
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    assert "lost sys.stderr" not in err


def spawn(*argv, given=RAW, out=subprocess.PIPE, prefix=(), **env):
    """Run the command line as a process of its own, with buffers as users have them."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    command = [*prefix, sys.executable, "-m", "minorguard", *argv]
    return subprocess.run(
        command, input=given, stdout=out, stderr=subprocess.PIPE, env=clean | env, check=False
    )


@pytest.fixture
def write(tmp_path):
    """Write a file and give its path."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


# --- exit codes ----------------------------------------------------------------------------------


def test_the_refusal_is_an_answer_and_no_fault(run):
    said = run("decide", "--law", "cn.game", given=REFUSED)
    assert said.code == OK
    assert [answer["allowed"] for answer in said.answers] == [False]
    assert said.err == ""


def test_the_bad_line_is_told_by_the_exit_code_after_all_others_are_answered(run):
    said = run("decide", "--law", "cn.game", given=RAW + BAD + REFUSED)
    assert said.code == FAULTS
    assert ["error" in answer for answer in said.answers] == [False, True, False]
    assert said.err == ""


@pytest.mark.parametrize("given", [b"", b"\n\n", b"\r\n", b"\xef\xbb\xbf", b"  \n"])
def test_nothing_in_gives_nothing_out(run, given):
    said = run("decide", "--law", "cn.game", given=given)
    assert (said.code, said.out, said.err) == (OK, "", "")


def test_the_file_and_the_standard_input_are_answered_alike(run, write):
    path = write("lines.ndjson", RAW + BAD + REFUSED)
    piped = run("decide", "--law", "cn.game", given=RAW + BAD + REFUSED)
    for source in ("-", path):
        said = run("decide", source, "--law", "cn.game", given=RAW + BAD + REFUSED)
        assert (said.code, said.out) == (piped.code, piped.out)


def test_the_line_may_name_its_own_law(run):
    said = run("decide", given=NAMED + RAW)
    assert said.code == FAULTS
    first, second = said.answers
    assert first["allowed"]
    assert second["error"]["path"] == "law"


def test_the_messages_come_in_the_language_that_was_asked_for(run):
    for lang, ascii_only in (("zh", False), ("en", True)):
        said = run("decide", "--law", "cn.game", "--lang", lang, given=REFUSED)
        (reason,) = said.answers[0]["reasons"]
        assert reason["message"].isascii() is ascii_only
    assert run("decide", "--law", "cn.game", given=REFUSED).out == run(
        "decide", "--law", "cn.game", "--lang", "zh", given=REFUSED
    ).out  # fmt: skip


def test_the_reading_changes_the_answer_and_stands_in_it(run):
    turns = RAW.replace(b"2012-05-01", b"2008-11-20").replace(b"20:10", b"12:00")
    default = run("decide", "--law", "cn.game", given=turns).answers[0]
    chosen = run(
        "decide", "--law", "cn.game", "--reading", "age_attainment=on_birthday", given=turns
    ).answers[0]
    assert not default["allowed"]
    assert chosen["allowed"]
    assert chosen["law"][0]["readings"] == {"age_attainment": "on_birthday"}
    assert chosen["law"][0]["digest"] != default["law"][0]["digest"]


def test_the_house_takes_away_and_changes_the_digest(run, write):
    house = write("house.toml", HOUSE)
    free = run("decide", "--law", "cn.game", given=RAW).answers[0]
    bound = run("decide", "--law", "cn.game", "--house", house, given=RAW).answers[0]
    assert bound["until"] == "2026-11-20T20:30:00+08:00" < free["until"]
    assert bound["law"][0]["digest"] != free["law"][0]["digest"]


def test_the_notice_opens_a_holiday_that_was_not_announced(run, write):
    notice = write("2027.toml", NOTICE)
    monday = RAW.replace(b"2026-11-20", b"2027-02-08")
    before = run("decide", "--law", "cn.game", given=monday).answers[0]
    after = run("decide", "--law", "cn.game", "--notice", notice, given=monday).answers[0]
    assert (before["allowed"], before["degraded"]) == (False, ["calendar_unannounced"])
    assert (after["allowed"], after["degraded"]) == (True, [])
    assert before["law"][0]["digest"] != after["law"][0]["digest"]


# --- usage and configuration ---------------------------------------------------------------------

WRONG_USAGE = {
    "no command": [],
    "an unknown command": ["decree"],
    "an unknown option": ["decide", "--loose"],
    "two files": ["decide", "a", "b"],
    "an unknown language": ["decide", "--lang", "fr"],
    "an unknown law": ["decide", "--law", "cn.nope"],
    "a law without a name": ["decide", "--law", ""],
    "a law that is a path": ["decide", "--law", "../cn/game"],
    "a reading without a value": ["decide", "--reading", "calendar"],
    "a reading with an empty value": ["decide", "--reading", "calendar="],
    "a reading with an unknown value": ["decide", "--reading", "calendar=maybe"],
    "an unknown reading": ["decide", "--reading", "moon=full"],
    "a reading of nothing": ["decide", "--reading", "="],
    "a second reading that is wrong": [
        *("decide", "--reading", "calendar=literal", "--reading", "pending=maybe"),
    ],
    "a file that is not there": ["decide", "nowhere.ndjson", "--law", "cn.game"],
    "a file without a name": ["decide", "", "--law", "cn.game"],
    "a directory": ["decide", ".", "--law", "cn.game"],
    "a house that is not there": ["decide", "--house", "nowhere.toml"],
    "a notice that is not there": ["decide", "--notice", "nowhere.toml"],
    "a house that is a directory": ["decide", "--house", "."],
    "a calendar without an age": ["calendar", "2026", "--law", "cn.game"],
    "a calendar without a law": ["calendar", "2026", "--age", "12"],
    "a calendar of no year": ["calendar", "0000", "--age", "12", "--law", "cn.game"],
    "a calendar of a short year": ["calendar", "26", "--age", "12", "--law", "cn.game"],
    "a calendar of month 13": ["calendar", "2026-13", "--age", "12", "--law", "cn.game"],
    "a calendar of month 0": ["calendar", "2026-00", "--age", "12", "--law", "cn.game"],
    "a calendar of a wide year": ["calendar", "２０２６", "--age", "12", "--law", "cn.game"],
    "a calendar of half an age": ["calendar", "2026", "--age", "12.5", "--law", "cn.game"],
    "a calendar of an age to come": ["calendar", "2026", "--age", "-1", "--law", "cn.game"],
    "a calendar of an endless age": ["calendar", "2026", "--age", "9" * 5000, "--law", "cn.game"],
    "a calendar of an unknown law": ["calendar", "2026", "--age", "12", "--law", "cn.nope"],
    "the cases of an unknown law": ["law", "cases", "--law", "cn.nope"],
}


@pytest.mark.parametrize("argv", WRONG_USAGE.values(), ids=WRONG_USAGE)
def test_the_wrong_usage_is_told_before_any_line_is_answered(run, argv):
    said = run(*argv, given=NAMED)
    assert said.code == USAGE
    assert said.out == ""
    assert said.err.strip()
    quiet(said.err)


def test_the_missing_file_is_called_by_its_name(run, tmp_path):
    for option in ("--house", "--notice"):
        said = run("decide", "--law", "cn.game", option, tmp_path / "gone.toml", given=RAW)
        assert (said.code, said.out) == (USAGE, "")
        assert "gone.toml" in said.err
    said = run("decide", "--law", "cn.game", tmp_path / "gone.ndjson")
    assert (said.code, said.out) == (USAGE, "")
    assert "gone.ndjson" in said.err


def rule(line):
    return f'[[rule]]\nid = "night"\n{line}\n'


ENDLESS = "9" * 5000

WRONG_HOUSES = {
    "no TOML": ("[[rule\n", ""),
    "no text": (b"\xff\xfe\x00", ""),
    "brackets without end": ("x = " + "[" * 5000, ""),
    "nothing": ("", "rule"),
    "an unknown table": ('[law]\nid = "cn.game"\n', ""),
    "a table for a list": ('[rule]\nid = "night"\n', "rule"),
    "text for a rule": ('rule = ["night"]\n', "rule.0"),
    "no id": ("[[rule]]\nsingle_fen = 1\n", "id"),
    "a number for an id": ("[[rule]]\nid = 5\n", "id"),
    "an unknown key": (rule("daily_hours = 1"), "rule.night.daily_hours"),
    "what only a guardian may allow": (rule("night_allowed = true"), "rule.night.night_allowed"),
    "a truth for money": (rule("single_fen = true"), "rule.night.single_fen"),
    "a fraction for money": (rule("single_fen = 1.0"), "rule.night.single_fen"),
    "text for money": (rule('single_fen = "1"'), "rule.night.single_fen"),
    "debt": (rule("daily_fen = -1"), "rule.night.daily_fen"),
    "more money than there is": (rule("monthly_fen = 1000000000001"), "rule.night.monthly_fen"),
    "money without end": (rule(f"single_fen = {ENDLESS}"), ""),
    "no number for money": (rule("single_fen = nan"), "rule.night.single_fen"),
    "more minutes than a day has": (rule("daily_minutes = 1441"), "rule.night.daily_minutes"),
    "half a minute": (rule("daily_minutes = 0.5"), "rule.night.daily_minutes"),
    "an hour that is not": (rule('windows = [["25:00", "26:00"]]'), "rule.night.windows"),
    "an hour in wide digits": (rule('windows = [["1２:00", "13:00"]]'), "rule.night.windows"),
    "hours that run back": (rule('windows = [["22:00", "06:00"]]'), "rule.night.windows"),
    "hours of no length": (rule('windows = [["20:00", "20:00"]]'), "rule.night.windows"),
    "three hours for two": (rule('windows = [["01:00", "02:00", "03:00"]]'), "rule.night.windows"),
    "an unknown feature": (rule("features = { telepathy = false }"), "rule.night.features"),
    "text for a switch": (rule('features = { tipping = "no" }'), "rule.night.features.tipping"),
    "a fraction for a switch": (
        rule("features = { tipping = 1.0 }"),
        "rule.night.features.tipping",
    ),
    "an unknown rating": (rule('max_rating = "99+"'), "rule.night.max_rating"),
    "an unknown law": (rule('law = "cn.nope"'), "rule.night.law"),
    "an unknown ask": (rule('ask = "theft"'), "rule.night.ask"),
    "an age of nobody": (rule("age = { at_least = 8, below = 8 }"), "rule.night.age"),
    "an unknown age": (rule("age = { above = 8 }"), "rule.night.age.above"),
    "a truth for an age": (rule("age = { below = true }"), "rule.night.age.below"),
    "a day that is not": (rule("single_fen = 2023-02-29"), ""),
    "a key twice": (rule("single_fen = 1\nsingle_fen = 2"), ""),
}


@pytest.mark.parametrize(("content", "key"), WRONG_HOUSES.values(), ids=WRONG_HOUSES)
def test_the_wrong_house_is_refused_by_file_and_key(run, write, content, key):
    house = write("our-house.toml", content)
    said = run("decide", "--law", "cn.game", "--house", house, given=RAW)
    assert (said.code, said.out) == (USAGE, "")
    assert "our-house.toml" in said.err
    assert key in said.err
    quiet(said.err)
    assert len(said.err.splitlines()) == 1


DAY_OFF = '{ name = "a", from = 2027-01-01, to = 2027-01-01 }'


def notice(*more, year="2027", holidays=DAY_OFF):
    return "\n".join((f"year = {year}", f"holidays = [{holidays}]", *more))


WRONG_NOTICES = {
    "no TOML": ("year =", ""),
    "no text": (b"\xff", ""),
    "nothing": ("", "year"),
    "no holidays": ("year = 2027\nholidays = []", "holidays"),
    "text for a year": (notice(year='"2027"'), "year"),
    "a truth for a year": (notice(year="true"), "year"),
    "a year without end": (notice(year=ENDLESS), ""),
    "an unknown key": (notice("moon = 1"), "moon"),
    "a holiday with an unknown key": (notice(holidays=DAY_OFF[:-1] + ", x = 1 }"), "holidays.0.x"),
    "a holiday without an end": (
        notice(holidays='{ name = "a", from = 2027-01-01 }'),
        "holidays.0.to",
    ),
    "a holiday of another year": (
        notice(holidays='{ name = "a", from = 2028-01-01, to = 2028-01-01 }'),
        "2027",
    ),
    "a holiday that runs back": (
        notice(holidays='{ name = "a", from = 2027-01-03, to = 2027-01-01 }'),
        "",
    ),
    "a number for a day": (
        notice(holidays='{ name = "a", from = 1798761600, to = 1798761600 }'),
        "holidays.0.from",
    ),
    "text for a day": (
        notice(holidays='{ name = "a", from = "New Year", to = "2027-01-01" }'),
        "holidays.0.from",
    ),
    "a day that is off and worked": (notice("workdays = [2027-01-01]"), ""),
    "a worked day of another year": (notice("workdays = [2028-01-02]"), ""),
    "a list of notices": (f"[[notice]]\n{notice()}", ""),
}


@pytest.mark.parametrize(("content", "key"), WRONG_NOTICES.values(), ids=WRONG_NOTICES)
def test_the_wrong_notice_is_refused_by_file_and_key(run, write, content, key):
    file = write("next-year.toml", content)
    said = run("decide", "--law", "cn.game", "--notice", file, given=RAW)
    assert (said.code, said.out) == (USAGE, "")
    assert "next-year.toml" in said.err
    assert key in said.err
    quiet(said.err)
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("option", "content"), [("--house", HOUSE), ("--notice", NOTICE)], ids=["house", "notice"]
)
def test_the_files_are_read_once_whatever_happens_to_them_between_two_lines(
    monkeypatch, capsys, write, option, content
):
    file = write("ours.toml", content)

    class Meanwhile(io.BytesIO):
        def readline(self, size=-1, /):
            if self.tell():
                file.unlink(missing_ok=True)
            return super().readline(size)

    given = RAW + RAW.replace(b"{", b'{"law": ["cn.base", "cn.game"], ', 1) + RAW
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Meanwhile(given)))
    assert main(["decide", "--law", "cn.game", option, str(file)]) == OK
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(answers) == 3
    assert answers[0]["until"] == answers[1]["until"] == answers[2]["until"]


@pytest.mark.parametrize("option", ["--house", "--notice", "--messages"])
def test_the_file_of_a_megabyte_too_much_is_not_read(run, write, option):
    file = write("big.toml", b"#" * (2 << 20))
    said = run("decide", "--law", "cn.game", option, file, given=RAW)
    assert (said.code, said.out) == (USAGE, "")
    assert "big.toml" in said.err


def test_the_files_may_begin_with_a_mark_and_end_their_lines_as_on_windows(run, write):
    plain = run("decide", "--law", "cn.game", "--house", write("h.toml", HOUSE), given=RAW)
    odd = write("w.toml", b"\xef\xbb\xbf" + HOUSE.replace("\n", "\r\n").encode())
    assert run("decide", "--law", "cn.game", "--house", odd, given=RAW).out == plain.out


@pytest.mark.parametrize("period", ["9999", "9999-12", "0001", "0001-01", "1900-02"])
def test_the_calendar_reaches_from_the_first_year_to_the_last(run, period):
    for form in ([], ["--json"]):
        said = run("calendar", period, "--age", "12", "--law", "cn.game", *form)
        assert said.code == OK
        assert said.out


# --- nothing is repeated -------------------------------------------------------------------------


def test_no_message_of_the_command_line_repeats_an_identity_number(run):
    for given in (
        RAW.replace(b"u1", CANARY.encode()),
        RAW.replace(b"2012-05-01", CANARY.encode()),
        RAW.replace(b'"login"', f'"{CANARY}"'.encode()),
        RAW.replace(b'"born"', f'"{CANARY}"'.encode()),
        CANARY.encode(),
    ):
        said = run("decide", "--law", "cn.game", given=given)
        assert CANARY not in said.out + said.err
    for option in ("--law", "--reading"):
        for value in (CANARY, f"{CANARY}=x", f"calendar={CANARY}"):
            said = run("decide", option, value, given=RAW)
            assert said.code == USAGE
            assert CANARY not in said.out + said.err


def test_no_message_repeats_a_value_of_a_file(run, write):
    for line in (
        f'max_rating = "{CANARY}"',
        f'law = "{CANARY}"',
        f'ask = "{CANARY}"',
        f'single_fen = "{CANARY}"',
        f'windows = [["{CANARY}", "20:00"]]',
        f'features = {{ tipping = "{CANARY}" }}',
        f"single_fen = {CANARY}",
    ):
        said = run("decide", "--law", "cn.game", "--house", write("h.toml", rule(line)), given=RAW)
        assert said.code == USAGE
        assert CANARY not in said.out + said.err


# --- as a process of its own ---------------------------------------------------------------------


def test_the_answers_are_the_same_bytes_wherever_the_program_runs():
    given = RAW + REFUSED + BAD
    here = spawn("decide", "--law", "cn.game", given=given)
    there = spawn(
        *("decide", "--law", "cn.game"),
        given=given,
        LC_ALL="C",
        TZ="America/New_York",
        PYTHONIOENCODING="ascii",
        PYTHONHASHSEED="7",
        PYTHONUTF8="0",
        PYTHONOPTIMIZE="2",
        PYTHONINTMAXSTRDIGITS="640",
    )
    assert (there.returncode, there.stdout, there.stderr) == (FAULTS, here.stdout, b"")
    assert here.returncode == FAULTS
    assert "未成年人".encode() in here.stdout


def test_the_number_that_python_would_not_read_is_a_bad_line_wherever_the_program_runs():
    at = LOGIN["at"]
    for digits in (640, 641, 4300, 4301):
        bad = f'{{"id":"c1","at":"{at}","ask":{{"kind":"login","x":-{"9" * digits}}}}}\n'.encode()
        done = spawn("decide", "--law", "cn.game", given=bad + RAW, PYTHONINTMAXSTRDIGITS="640")
        assert done.returncode == FAULTS
        assert done.stderr == b""
        assert [("error" in json.loads(line)) for line in done.stdout.splitlines()] == [True, False]


@pytest.mark.parametrize("count", [1, 3000])
@pytest.mark.parametrize("command", ["decide", "calendar"])
def test_the_reader_that_goes_away_is_no_fault(count, command):
    argv = {
        "decide": ["decide", "--law", "cn.game"],
        "calendar": ["calendar", "2026", "--age", "12", "--law", "cn.game"],
    }[command]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = spawn(*argv, given=RAW * count, out=writing)
    finally:
        os.close(writing)
    quiet(done.stderr.decode())
    # 0, or what a shell makes of SIGPIPE; 120 is Python failing to flush at its own end.
    assert done.returncode in (OK, 141, -13)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk here")
def test_the_full_disk_is_told_and_is_no_success():
    with Path("/dev/full").open("wb") as full:
        done = spawn("decide", "--law", "cn.game", out=full)
    quiet(done.stderr.decode())
    assert done.stderr.strip()
    assert done.returncode not in (OK, 120)


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-"])
def test_the_stream_that_was_never_opened_gives_no_traceback(closing):
    done = spawn("decide", "--law", "cn.game", prefix=["sh", "-c", f'exec "$@" {closing}', "sh"])
    quiet(done.stderr.decode())


@pytest.mark.skipif(sys.platform != "linux", reason="needs file names that are bytes")
def test_the_file_name_that_is_not_text_is_told_like_any_other(tmp_path):
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.ndjson")
    for argv in ([name], ["--house", name], ["--notice", name]):
        done = spawn("decide", "--law", "cn.game", *argv)
        assert done.returncode == USAGE
        assert done.stdout == b""
        quiet(done.stderr.decode("utf-8", "replace"))
