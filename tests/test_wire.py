"""The wire contract under attack: whatever comes in, each line gets one answer and no more."""

import io
import json
import re
import tracemalloc
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import strategies as some
from minorguard import law
from minorguard.wire.stream import Decider, decide_stream

LINE_BYTES_MAX = 64 * 1024
CANARY = "11010519491231002X"  # an identity number from the standard that defines them
BOM = b"\xef\xbb\xbf"
TODAY = date(2026, 11, 20)


def words(text):
    return set(text.split())


ANSWER_KEYS = {
    *("id", "allowed", "governed", "reasons", "until", "remaining_s", "lease_until"),
    *("next_allowed_at", "warn_at", "remaining_fen", "obligations", "degraded", "law"),
}
REASON_KEYS = {"code", "rule", "message", "provenance", "citations"}
REASON_CODES = words("""
    identity_required identity_pending outside_window quota_exhausted session_ended
    too_many_sessions clock_behind age_too_low spend_forbidden single_cap_exceeded
    daily_cap_exceeded monthly_cap_exceeded cap_not_configured order_conflict gift_forbidden
    feature_forbidden feature_off consent_required rating_too_high content_prohibited
    content_restricted count_cap_exceeded lesson_too_long break_too_short course_unreviewed
    ads_forbidden popup_forbidden game_link_forbidden comments_need_review
    nonprofit_commercialised recipient_shielded guardian_verification_required not_covered
""")
DEGRADED = words("""
    calendar_unannounced identity_pending daily_cap_not_configured tip_caps_not_configured
    age_unknown late_settlement
""")
OBLIGATIONS = words("""
    prompt_before_display review_before_publish remind_rest confirm_payment preserve_evidence
    notify_guardian verify_host_identity show_age_rating stop_transmission report_to_authority
""")
PROVENANCES = {"law", "regulation", "notice", "guidance", "practice", "reading", "draft"}
ALONE = {"not_covered", "identity_required"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00", re.ASCII)
LEASES = {timedelta(seconds=120), timedelta(seconds=900)}


# --- asking --------------------------------------------------------------------------------------


@cache
def loaded(ids):
    return law(*ids)


def fresh(default=("cn.game",), lang="zh"):
    """A decider that has never answered anything."""
    return Decider(lambda ids: replace(loaded(ids)), default, lang)


@cache
def warm(lang="zh"):
    """The decider of this file, which has seen everything before."""
    return fresh(lang=lang)


def written(line):
    return line if isinstance(line, bytes) else json.dumps(line).encode()


def once(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), "a key stands twice in an answer"
    return dict(pairs)


def no_constant(name):
    pytest.fail(f"{name} is not JSON")


def read(text):
    assert "\n" not in text
    return json.loads(text, object_pairs_hook=once, parse_constant=no_constant)


def ask(line, decider=None):
    """What one line is answered, as data."""
    judged, text = (decider or warm()).answer(written(line))
    answer = read(text)
    assert judged == ("error" not in answer)
    return answer


def stream(*raw_lines):
    """What a file is answered: whether all lines were good, and the answers."""
    out = io.StringIO()
    good = decide_stream(warm(), io.BytesIO(b"".join(raw_lines)), out)
    assert out.getvalue() == "" or out.getvalue().endswith("\n")
    return good, [read(text) for text in out.getvalue().split("\n")[:-1]]


def refused(line, path):
    """Assert that a line is answered as invalid at that path, and give the answer."""
    answer = ask(line)
    is_an_error(answer)
    assert answer["error"]["path"] == path
    return answer


def is_an_error(answer):
    assert set(answer) == {"id", "error"}
    error = answer["error"]
    assert set(error) == {"code", "message", "path"}
    assert error["code"] == "invalid_request"
    assert error["message"]
    assert isinstance(error["message"], str)
    assert isinstance(error["path"], str)


LOGIN = {
    "id": "c1",
    "at": "2026-11-20T20:10:00+08:00",
    "subject": {"id": "u1", "born": "2012-05-01", "identity": "verified"},
    "ask": {"kind": "login"},
}
RAW = json.dumps(LOGIN).encode()


def line_of(size):
    """A valid line of so many bytes."""
    return RAW[:-1] + b" " * (size - len(RAW)) + b"}"


def child(**said):
    return {**LOGIN, "subject": {**LOGIN["subject"], **said}}


def guarded(**said):
    return child(guardian=said)


def purchase(fen):
    """A purchase whose amount is written just so."""
    at = LOGIN["at"]
    return f'{{"id":"c1","at":"{at}","ask":{{"kind":"purchase","order":"o","fen":{fen}}}}}'.encode()


# --- a file of lines -----------------------------------------------------------------------------

BAD_LINES = {
    "nothing but a brace": b"{",
    "an array": b"[1,2]",
    "null": b"null",
    "a number": b"5",
    "a string": b'"login"',
    "not a number": b"NaN",
    "two objects": RAW + RAW,
    "a comment": RAW + b" // x",
    "a comma too many": RAW[:-1] + b",}",
    "single quotes": RAW.replace(b'"', b"'"),
    "a NUL": b"\x00",
    "a tab in a string": RAW.replace(b"c1", b"c\t1"),
    "UTF-16": RAW.decode().encode("utf-16"),
    "a byte that is not UTF-8": RAW.replace(b"u1", b"\xff"),
    "an encoded surrogate": RAW.replace(b"u1", b"\xed\xa0\x80"),
    "an overlong slash": RAW.replace(b"u1", b"\xc0\xaf"),
    "a lone surrogate in a value": RAW.replace(b"u1", b"\\ud800"),
    "a lone surrogate in a key": RAW.replace(b'"born"', b'"\\udfff"'),
    "a lone surrogate in the id": RAW.replace(b"c1", b"\\udc00"),
    "a hundred thousand brackets": b"[" * 60_000,
    "ten thousand objects": b'{"a":' * 10_000,
    "nested and closed": b'{"id":"c1","a":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "a number that never ends": purchase("9" * 60_000),
    "a mark in the middle of the file": BOM + RAW,
    "a no-break space": b"\xc2\xa0",
}


@pytest.mark.parametrize("bad", BAD_LINES.values(), ids=BAD_LINES)
def test_the_rest_of_the_file_goes_on_after_a_bad_line(bad):
    good, answers = stream(RAW, b"\n", bad, b"\n", RAW, b"\n")
    assert not good
    assert [("error" in answer) for answer in answers] == [False, True, False]
    is_an_error(answers[1])
    assert answers[0] == answers[2]


def test_the_answers_come_in_the_order_of_the_lines():
    ids = ["a", 7, None, "", "ж", 0, "a"]
    good, answers = stream(*(json.dumps({**LOGIN, "id": i}).encode() + b"\n" for i in ids))
    assert good
    assert [answer["id"] for answer in answers] == ids


def test_the_blank_lines_are_skipped():
    blank = b"\n\r\n \n\t\n   \r\n"
    good, answers = stream(blank, RAW, b"\n", blank, RAW, b"\n", blank)
    assert good
    assert len(answers) == 2


def test_the_empty_file_has_no_answers_and_no_faults():
    for empty in (b"", b"\n", b"\n\n", BOM, BOM + b"\n", b" "):
        assert stream(empty) == (True, [])


def test_the_last_line_needs_no_end():
    assert stream(RAW, b"\n", RAW) == stream(RAW, b"\n", RAW, b"\n")


def test_the_lines_may_end_as_on_windows():
    assert stream(RAW, b"\r\n", RAW, b"\r\n") == stream(RAW, b"\n", RAW, b"\n")


def test_the_lone_carriage_return_ends_no_line():
    good, answers = stream(RAW, b"\r", RAW, b"\n")
    assert not good
    assert len(answers) == 1


def test_the_byte_order_mark_before_the_first_line_is_not_part_of_it():
    assert stream(BOM, RAW, b"\n", RAW) == stream(RAW, b"\n", RAW)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
@pytest.mark.parametrize("mark", [b"", BOM])
def test_the_line_of_64_kib_is_the_longest_that_is_read(mark, end):
    good, answers = stream(mark, line_of(LINE_BYTES_MAX), end)
    assert good
    assert [answer["id"] for answer in answers] == ["c1"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
@pytest.mark.parametrize("mark", [b"", BOM])
def test_the_line_one_byte_over_64_kib_is_refused_as_a_whole(mark, end):
    good, answers = stream(mark, line_of(LINE_BYTES_MAX + 1), end)
    assert not good
    (answer,) = answers
    is_an_error(answer)
    assert answer["error"]["path"] == ""


def test_the_decider_itself_refuses_a_line_over_64_kib():
    assert "error" not in ask(line_of(LINE_BYTES_MAX))
    refused(line_of(LINE_BYTES_MAX + 1), "")


TOO_LONG = {
    "a letter that never ends": b"x" * 200_000,
    "a line with junk far behind it": line_of(LINE_BYTES_MAX) + b" " * 100 + b"JUNK",
    "a line with another far behind it": RAW + b" " * 70_000 + RAW,
    "a line with returns and then junk": RAW + b"\r" * 70_000 + b"JUNK",
    "a line of 64 KiB with returns and junk": line_of(LINE_BYTES_MAX) + b"\r\rJUNK",
    "blanks and then a line": b" " * 70_000 + RAW,
    "blanks and then junk": b"\t" * 70_000 + b"JUNK",
    "returns and then a line": b"\r" * 70_000 + RAW,
}


@pytest.mark.parametrize("mark", [b"", BOM], ids=["", "marked"])
@pytest.mark.parametrize("long", TOO_LONG.values(), ids=TOO_LONG)
def test_the_line_that_is_too_long_is_answered_once_and_never_believed_in_part(long, mark):
    good, answers = stream(mark, long, b"\n", RAW, b"\n")
    assert not good
    assert [("error" in answer) for answer in answers] == [True, False]
    is_an_error(answers[0])
    assert answers[0]["error"]["path"] == ""


def test_the_mark_does_not_move_where_a_long_line_is_cut():
    for size in range(LINE_BYTES_MAX - 4, LINE_BYTES_MAX + 5):
        junk = RAW + b" " * (size - len(RAW)) + b"JUNK"
        good, answers = stream(BOM, junk, b"\n")
        assert not good
        assert ["error" in answer for answer in answers] == [True]


class Endless(io.RawIOBase):
    """Ten megabytes without a line's end, then a good line; made only as they are read."""

    def __init__(self, length):
        self.left = length
        self.rest = io.BytesIO(b"\n" + RAW + b"\n")

    def readline(self, size=-1):
        assert 0 < size <= 1 << 20, "a whole line was asked for"
        if self.left:
            size = min(size, self.left)
            self.left -= size
            return b"x" * size
        return self.rest.readline(size)


def test_the_line_of_ten_megabytes_takes_no_memory():
    ask(RAW)
    out = io.StringIO()
    tracemalloc.start()
    try:
        good = decide_stream(warm(), Endless(10 << 20), out)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    first, second = map(read, out.getvalue().splitlines())
    assert not good
    is_an_error(first)
    assert second == ask(RAW)
    assert peak < 2 << 20


def test_the_answer_is_one_line_for_every_reader_whatever_the_id():
    # Threat T14: one record, one line, also for a reader that knows more ends of lines than \n.
    for end in "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029":
        for line in ({**LOGIN, "id": f"a{end}b"}, {"id": f"a{end}b"}):
            text = warm().answer(written(line))[1]
            assert json.loads(text)["id"] == line["id"]
            assert len(text.splitlines()) == 1


def test_the_answer_holds_nothing_that_a_terminal_would_obey():
    # Threat T14: escapes of a terminal (also those of one byte) and marks that turn text around.
    for mark in "\x00\x07\x08\x1b\x7f\x9b\x9d\u202e\u2066":
        for line in ({**LOGIN, "id": f"a{mark}31m"}, {"id": f"a{mark}31m"}):
            assert mark not in warm().answer(written(line))[1]


# --- ids -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line_id", [None, "", "a", " a ", "孩子", "😀", 0, -1, 2**63 - 1, "x" * 256]
)
def test_the_id_comes_back_with_an_answer_and_with_an_error(line_id):
    for line in (LOGIN, {**LOGIN, "nope": 1}, {**LOGIN, "at": "now"}, {"ask": {}}):
        answer = ask({**line, "id": line_id})
        assert answer["id"] == line_id
        assert type(answer["id"]) is type(line_id)


def test_the_id_that_an_answer_repeats_is_repeated_by_an_error_too():
    # Whether so large an id is read at all is open; that the two agree is not.
    for line_id in (2**63 - 1, 2**63, -(2**63), 2**64, 10**30, 10**300):
        good, bad = ask({**LOGIN, "id": line_id}), ask({**LOGIN, "id": line_id, "nope": 1})
        assert good["id"] == bad["id"]


@pytest.mark.parametrize("line_id", [True, False, 1.0, 1.5, [], {}, ["a"], {"a": 1}, "x" * 257])
def test_the_id_that_is_no_name_is_refused_and_not_repeated(line_id):
    assert refused({**LOGIN, "id": line_id}, "id")["id"] is None


def test_the_id_of_a_line_is_known_even_if_a_number_in_it_never_ends():
    for digits in (4300, 4301, 50_000):
        answer = ask(purchase("9" * digits))
        is_an_error(answer)
        assert answer["id"] == "c1"
        assert answer["error"]["path"] in ("ask.fen", "")


def test_the_id_of_an_endless_number_crashes_nothing():
    for digits in (4000, 4300, 4301, 60_000):
        raw = RAW.replace(b'"c1"', b"1" * digits)
        answer = ask(raw)
        assert set(answer) in (ANSWER_KEYS, {"id", "error"})


def test_the_key_that_stands_twice_counts_as_it_stands_last():
    twice = RAW.replace(b'"id": "c1"', b'"id": "c0", "id": "c1"')
    assert ask(twice) == ask(RAW)
    bad = twice.replace(b"login", b"logout")
    assert refused(bad, "ask.kind")["id"] == "c1"
    refused(RAW.replace(b'"kind": "login"', b'"kind": "login", "kind": "purchase"'), "ask.fen")


# --- times and births ----------------------------------------------------------------------------

NO_TIMES = [
    "2026-11-20T20:10:00",  # naive
    "2026-11-20 20:10:00+08:00",
    "2026-11-20T20:10:60+08:00",  # second 60
    "2016-12-31T23:59:60Z",  # even where there was one
    "2026-11-20T24:00:00+08:00",
    "2026-11-20T24:00+08:00",
    "2026-11-20T20:60:00+08:00",
    "0000-01-01T00:00:00+08:00",
    "9999-12-31T23:59:59Z",  # in China it is the year 10000
    "9999-12-31T16:00:00Z",
    "0001-01-01T00:00:00+08:01",  # in China it is the year 0
    "2026-11-20T20:10:00+24:00",
    "2026-11-20T20:10:00+99:99",
    "2026-11-20T20:10:00+08:60",
    "2026-11-20T20:10:00-08:75",
    "2026-11-20T20:10:00+08:00:00",
    "2026-11-20T20:10:00 +08:00",
    "2026-11-20T20:10:00−08:00",
    "2026-11-20T20:10:00+٠8:00",
    "２０２６-11-20T20:10:00+08:00",
    "2026-11-20T20:10:00+08:00\n",
    " 2026-11-20T20:10:00+08:00",
    "2026-11-20T20:10:00[Asia/Shanghai]",
    "2026-11-20T20:10:00.+08:00",
    "2026-11-20",
    "20:10:00+08:00",
    "2023-02-29T20:10:00+08:00",
    "2026-11-31T20:10:00+08:00",
    "2026-13-01T20:10:00+08:00",
    "2026-00-10T20:10:00+08:00",
    "2026-W47-5T20:10:00+08:00",
    "+2026-11-20T20:10:00+08:00",
    "-2026-11-20T20:10:00+08:00",
    "12026-11-20T20:10:00+08:00",
    "now",
    "",
    "x" * 1000,
    1_700_000_000,
    1.7e9,
    None,
    True,
    ["2026-11-20T20:10:00+08:00"],
    {},
]


@pytest.mark.parametrize("at", NO_TIMES, ids=lambda at: ascii(at)[:40])
def test_the_time_that_does_not_exist_or_has_no_zone_is_refused(at):
    refused({**LOGIN, "at": at}, "at")
    lesson = {"kind": "lesson", "starts": at, "minutes": 30}
    refused({**LOGIN, "ask": lesson}, "ask.starts")


@pytest.mark.parametrize(
    "at",
    [
        "2026-11-20T12:10:00Z",
        "2026-11-20T20:10:00+08:00",
        "2026-11-20T20:10:00.999999+08:00",
        "2026-11-20T00:10:00-12:00",
        "2026-11-21T02:10:00+14:00",
        "2026-11-21T12:09:00+23:59",
        "2026-11-19T12:11:00-23:59",
        "2026-11-20T12:10:00-00:00",
        "2026-11-20T17:55:00+05:45",
    ],
)
def test_the_far_zone_says_the_same_instant(at):
    assert ask({**LOGIN, "at": at}) == ask(LOGIN)


@pytest.mark.parametrize(
    "at",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-02T00:00:00+08:00",
        "9999-12-31T23:59:59+08:00",
        "9999-12-31T20:30:00+08:00",
        "9999-12-31T15:59:59Z",
        "9998-12-31T20:30:00+08:00",
    ],
)
@pytest.mark.parametrize("born", ["0001-01-01", "9981-12-31", "9999-12-30", None])
@pytest.mark.parametrize("kind", some.KINDS)
def test_the_first_and_the_last_day_of_the_calendar_have_answers(at, born, kind):
    line = {"at": at, "subject": {"born": born, "identity": "verified"}}
    answer = ask(
        {**line, "ask": some.WHOLE_ASKS[kind] if kind != "message" else {"kind": "pk", "room": "r"}}
    )
    if born is not None and born[:4] > at[:4]:
        is_an_error(answer)
        assert answer["error"]["path"] == "subject.born"
    else:
        assert set(answer) == ANSWER_KEYS


@pytest.mark.parametrize(
    "at", ["9998-12-31T07:59:59", "9999-06-01T20:30:00", "9999-12-30T21:00:00"]
)
@pytest.mark.parametrize("born", ["9980-12-31", "9981-12-31", "9995-12-31"])
@pytest.mark.parametrize("identity", ["none", "verified"])
def test_the_birthday_after_the_last_day_of_the_calendar_is_never_reached(at, born, identity):
    # Born on 31 December, they are a year older on 1 January of the year 10000.
    line = child(born=born, identity=identity) | {"at": f"{at}+08:00"}
    assert set(ask(line)) == ANSWER_KEYS


@pytest.mark.parametrize("setting", ['windows=[["00:00","24:00"]]', "daily_minutes=1440"])
@pytest.mark.parametrize("second", ["00:00:00", "20:30:00", "23:50:00", "23:59:59"])
def test_the_last_day_of_the_calendar_has_answers_under_a_house_for_all(tmp_path, setting, second):
    house = tmp_path / "house.toml"
    house.write_text(f'[[rule]]\nid="all"\n{setting}\n', "utf-8")
    decider = Decider(lambda ids: law(*ids, house=house), ("cn.game",), "zh")
    for born in ("1990-01-01", "9990-01-01"):
        line = child(born=born) | {"at": f"9999-12-31T{second}+08:00"}
        assert set(ask(line, decider)) in (ANSWER_KEYS, {"id", "error"})


NO_DATES = [
    *("2023-02-29", "1900-02-29", "0000-01-01", "2012-13-01", "2012-00-01", "2012-04-31"),
    *("2012-5-1", "20120501", "2012-05-01T00:00:00", "2012/05/01", "2012-W01-1", "2012-122"),
    *("２０１２-05-01", "2012-05-0١", " 2012-05-01", "2012-05-01\n", "12-05-01", "", CANARY[6:14]),
    *(20120501, 1.5, True, [], {}, ["2012-05-01"]),
]


@pytest.mark.parametrize("born", NO_DATES, ids=lambda born: ascii(born)[:30])
def test_the_date_that_does_not_exist_is_refused(born):
    refused(child(born=born), "subject.born")
    message = {"kind": "message", "to": {"born": born}}
    refused({**LOGIN, "ask": message}, "ask.to.born")


def test_the_birth_to_come_is_refused_by_the_clock_in_china():
    for born, at, good in [
        ("2026-11-20", "2026-11-20T00:00:00+08:00", True),
        ("2026-11-20", "2026-11-19T16:00:00Z", True),
        ("2026-11-20", "2026-11-19T15:59:59Z", False),
        ("2026-11-21", "2026-11-20T23:59:59+08:00", False),
        ("2026-11-20", "2026-11-20T00:00:00+14:00", False),
        ("9999-12-31", "2026-11-20T23:59:59+08:00", False),
    ]:
        line = child(born=born) | {"at": at}
        if good:
            assert set(ask(line)) == ANSWER_KEYS
        else:
            refused(line, "subject.born")
        message = {**LOGIN, "at": at, "ask": {"kind": "message", "to": {"born": born}}}
        assert ("error" in ask(message)) is not good


# --- money ---------------------------------------------------------------------------------------

NO_MONEY = [
    *("0", "-1", "-0", "1.0", "1.5", "0.1", "1e2", "1E2", "1e-2", "1e400", "-1e400", "1e-400"),
    *("true", "false", "null", '"100"', '""', '"１００"', "[]", "[100]", "{}", "NaN", "Infinity"),
    *(
        "-Infinity",
        str(10**12 + 1),
        str(2**63),
        str(2**64),
        str(10**30),
        "9" * 4000,
        "-" + "9" * 99,
    ),
]


@pytest.mark.parametrize("fen", NO_MONEY, ids=lambda fen: fen[:20])
def test_the_amount_that_is_no_sum_of_fen_is_refused(fen):
    assert refused(purchase(fen), "ask.fen")["id"] == "c1"
    gift = purchase(fen).replace(b"purchase", b"gift")
    assert refused(gift, "ask.fen")["id"] == "c1"


@pytest.mark.parametrize("fen", ["01", "+1", "1.", ".5", "1_000", "0x10", "１", "1,000", "１００"])
def test_the_number_that_is_not_json_is_refused_with_its_line(fen):
    refused(purchase(fen), "")


@pytest.mark.parametrize("fen", ["1", "100", str(10**12)])
def test_the_amount_in_the_bounds_is_judged(fen):
    assert set(ask(purchase(fen))) == ANSWER_KEYS


@pytest.mark.parametrize("key", ["single_fen", "daily_fen", "monthly_fen", "daily_minutes"])
@pytest.mark.parametrize("bad", [-1, 1.0, 1.5, True, "1", [], {}, 10**12 + 1, float("inf")])
def test_the_limit_of_a_guardian_is_a_whole_number_in_bounds(key, bad):
    refused(guarded(**{key: bad}), f"subject.guardian.{key}")


@pytest.mark.parametrize(
    "key", ["played_today_s", "continuous_s", "spent_today_fen", "spent_month_fen"]
)
@pytest.mark.parametrize("bad", [-1, 1.0, 1.5, True, "1", [], {}, None, 10**30, float("nan")])
def test_the_usage_is_a_whole_number_and_never_negative(key, bad):
    refused({**LOGIN, "usage": {key: bad}}, f"usage.{key}")


@pytest.mark.parametrize("bad", [-1, 1.0, True, "1", None, [], 10**30])
def test_the_counts_are_whole_numbers(bad):
    refused({**LOGIN, "usage": {"counts": {"pk_window": bad}}}, "usage.counts.pk_window")


# --- every place of a line -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", some.KINDS)
def test_the_line_with_all_its_keys_is_answered(kind):
    assert set(ask(some.whole_line(kind))) == ANSWER_KEYS


@pytest.mark.parametrize("kind", some.KINDS)
def test_the_wrong_type_is_refused_at_its_own_place(kind):
    line = some.whole_line(kind)
    for loc, value in some.places(line)[1:]:
        for wrong in some.never_right(loc, value):
            answer = refused(some.put(line, loc, wrong), some.dotted(loc))
            assert answer["id"] == (None if loc == ("id",) else "c1")


@pytest.mark.parametrize("kind", some.KINDS)
@pytest.mark.parametrize("key", ["nope", "Id", "born_", "login", "view"])
def test_the_unknown_key_is_refused_by_its_name_at_every_level(kind, key):
    line = some.whole_line(kind)
    for loc, value in some.places(line):
        if isinstance(value, dict) and loc not in some.OPEN_MAPS:
            here = (*loc, key)
            refused(some.put(line, here, 1), some.dotted(here))


@pytest.mark.parametrize(
    "key", ["int", "str", "bool", "none", "list[x", "literal[", "constrained-a"]
)
def test_the_unknown_key_that_is_called_like_a_type_has_a_place_of_its_own(key):
    line = some.whole_line()
    plain = key.isalpha()
    for loc, value in some.places(line):
        if isinstance(value, dict) and loc not in some.OPEN_MAPS:
            refused(some.put(line, (*loc, key), 1), some.dotted((*loc, key) if plain else loc))
    if plain:
        refused(guarded(features={"tipping": {key: 1}}), "subject.guardian.features.tipping")
    bad_count = {**LOGIN, "usage": {"counts": {key: -1}}}
    refused(bad_count, f"usage.counts.{key}" if plain else "usage.counts")


@pytest.mark.parametrize("kind", some.REQUIRED)
def test_the_missing_key_of_an_ask_is_named(kind):
    line = some.whole_line(kind)
    for key in some.REQUIRED[kind]:
        refused(some.without(line, ("ask", key)), f"ask.{key}")


def test_the_line_needs_a_time_and_an_ask_and_no_more():
    refused(some.without(LOGIN, ("at",)), "at")
    refused({**LOGIN, "ask": {}}, "ask.kind")
    assert ask(some.without(LOGIN, ("ask",)))["error"]["path"] in ("ask", "ask.kind")
    bare = {"at": LOGIN["at"], "ask": {"kind": "login"}}
    spelt = bare | {
        "id": None,
        "subject": {
            "born": None,
            "identity": "none",
            "minors_mode": False,
            "consents": [],
            "guardian": {},
        },
        "usage": {
            **dict.fromkeys(("played_today_s", "continuous_s"), 0),
            **dict.fromkeys(("spent_today_fen", "spent_month_fen"), 0),
            "counts": {},
        },
    }
    assert ask(bare) == ask(spelt)
    assert ask(bare)["id"] is None


@pytest.mark.parametrize(
    "kind", [None, 5, True, [], {}, "", "LOGIN", "login ", "teleport", "ｌogin"]
)
def test_the_unknown_kind_of_ask_is_refused(kind):
    refused({**LOGIN, "ask": {"kind": kind}}, "ask.kind")


@pytest.mark.parametrize("field", ["ask", "subject", "usage"])
@pytest.mark.parametrize("wrong", [[], "login", 5, True, [{}]])
def test_the_part_that_is_no_object_is_refused(field, wrong):
    refused({**LOGIN, field: wrong}, field)


@pytest.mark.parametrize(
    ("named", "path"),
    [
        ([], "law"),
        ({}, "law"),
        (5, "law"),
        (True, "law"),
        ("", "law"),
        ("cn", "law"),
        ("CN.GAME", "law"),
        ("cn.game ", "law"),
        ("cn/game", "law"),
        ("../cn/game", "law"),
        ("x" * 10_000, "law"),
        (["cn.nope"], "law.0"),
        (["cn.game", "cn.nope"], "law.1"),
        (["cn.game", ""], "law.1"),
        (["cn.game", 5], "law.1"),
        (["cn.game", None], "law.1"),
        (["cn.base", "cn.game", ["cn.game"]], "law.2"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_the_unknown_law_is_refused_where_it_stands(named, path):
    refused({**LOGIN, "law": named}, path)


def test_the_line_without_a_law_needs_one_from_the_command():
    is_an_error(answer := ask(LOGIN, fresh(default=())))
    assert answer["error"]["path"] == "law"
    assert set(ask({**LOGIN, "law": "cn.game"}, fresh(default=()))) == ANSWER_KEYS


def test_the_law_of_the_line_wins_over_the_law_of_the_command():
    answer = ask({**LOGIN, "law": "cn.base"})
    assert [stamp["id"] for stamp in answer["law"]] == ["cn.base"]
    assert [reason["code"] for reason in answer["reasons"]] == ["not_covered"]


def test_the_order_of_the_named_laws_does_not_matter():
    for kind in some.KINDS:
        one = ask(some.whole_line(kind) | {"law": ["cn.base", "cn.game"]})
        other = ask(some.whole_line(kind) | {"law": ["cn.game", "cn.base"]})
        assert sorted(s["id"] for s in one.pop("law")) == sorted(s["id"] for s in other.pop("law"))
        assert one == other


def test_the_law_that_is_named_twice_counts_once():
    assert ask({**LOGIN, "law": ["cn.game", "cn.game"]}) == ask({**LOGIN, "law": "cn.game"})


@pytest.mark.parametrize(
    "person_id", ["", "a b", "x" * 65, "é", "1１", "a\n", "a\x00", "a/b", "*", 5, None, []]
)
def test_the_id_of_a_person_is_one_to_sixty_four_plain_characters(person_id):
    refused(child(id=person_id), "subject.id")


@pytest.mark.parametrize("person_id", ["a", "x" * 64, "A-Za_z0.9:@-", "-", "."])
def test_the_plain_id_of_a_person_is_taken(person_id):
    assert ask(child(id=person_id)) == ask(LOGIN)


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"age": {"at_least": 8, "below": 8}}, "subject.age"),
        ({"age": {"at_least": 16, "below": 8}}, "subject.age"),
        ({"age": {"at_least": -1}}, "subject.age.at_least"),
        ({"age": {"below": 0}}, "subject.age.below"),
        ({"age": {"at_least": 8.0}}, "subject.age.at_least"),
        ({"age": {"years": 8}}, "subject.age.years"),
        ({"age": 8}, "subject.age"),
        ({"age": [8, 16]}, "subject.age"),
        ({"age": {"at_least": 8}, "born": "2012-05-01"}, "subject.age"),
        ({"identity": "VERIFIED"}, "subject.identity"),
        ({"identity": ""}, "subject.identity"),
        ({"minors_mode": 0}, "subject.minors_mode"),
        ({"minors_mode": "false"}, "subject.minors_mode"),
        ({"consents": "live_host"}, "subject.consents"),
        ({"consents": ["all"]}, "subject.consents.0"),
        ({"consents": ["live_host", 5]}, "subject.consents.1"),
        ({"consents": {"live_host": True}}, "subject.consents"),
        ({"account": 5}, "subject.account"),
        ({"guardian": {"night_allowed": 1}}, "subject.guardian.night_allowed"),
        ({"guardian": {"daily_minutes": 1441}}, "subject.guardian.daily_minutes"),
        ({"guardian": {"windows": "20:00"}}, "subject.guardian.windows"),
        ({"guardian": {"windows": [5]}}, "subject.guardian.windows.0"),
        ({"guardian": {"windows": [["20:00", 21]]}}, "subject.guardian.windows.0.1"),
        ({"guardian": {"windows": [["20:00", "24:01"]]}}, "subject.guardian.windows.0.1"),
        ({"guardian": {"windows": [["8:00", "9:00"]]}}, "subject.guardian.windows.0.0"),
        ({"guardian": {"windows": [["20:00", "20:60"]]}}, "subject.guardian.windows.0.1"),
        ({"guardian": {"windows": [["1２:00", "13:00"]]}}, "subject.guardian.windows.0.0"),
        ({"guardian": {"windows": [["12:00", "13:0٠"]]}}, "subject.guardian.windows.0.1"),
        ({"guardian": {"windows": [["12:00", "13:00\n"]]}}, "subject.guardian.windows.0.1"),
        (
            {"guardian": {"windows": [["08:00", "09:00"], ["22:00", "06:00"]]}},
            "subject.guardian.windows.1",
        ),
        ({"guardian": {"windows": [["20:00", "20:00"]]}}, "subject.guardian.windows.0"),
        ({"guardian": {"windows": [["24:00", "24:00"]]}}, "subject.guardian.windows.0"),
        ({"guardian": {"features": []}}, "subject.guardian.features"),
        ({"guardian": {"features": {"telepathy": True}}}, "subject.guardian.features.telepathy"),
        ({"guardian": {"features": {"tipping": 1.5}}}, "subject.guardian.features.tipping"),
        ({"guardian": {"features": {"tipping": None}}}, "subject.guardian.features.tipping"),
        ({"guardian": {"features": {"tipping": "maybe"}}}, "subject.guardian.features.tipping"),
        ({"guardian": {"features": {"bool": True}}}, "subject.guardian.features.bool"),
        ({"guardian": {"max_rating": "99"}}, "subject.guardian.max_rating"),
        ({"guardian": {"max_rating": 12}}, "subject.guardian.max_rating"),
    ],
    ids=lambda value: json.dumps(value)[:50] if isinstance(value, dict) else "",
)
def test_the_wrong_person_is_refused_by_place(said, path):
    person = {"identity": "verified", **said}
    refused({**LOGIN, "subject": person}, path)


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"kind": "login", "session": ""}, "ask.session"),
        ({"kind": "login", "session": "s" * 129}, "ask.session"),
        ({"kind": "login", "exempt": "homework"}, "ask.exempt"),
        ({"kind": "login", "fen": 5}, "ask.fen"),
        ({"kind": "heartbeat"}, "ask.session"),
        ({"kind": "purchase", "fen": 1, "order": ""}, "ask.order"),
        ({"kind": "purchase", "fen": 1, "order": "o", "for": "fun"}, "ask.for"),
        ({"kind": "purchase", "fen": 1, "order": "o", "room": "r"}, "ask.room"),
        ({"kind": "gift", "fen": 1, "order": "o", "for": "other"}, "ask.for"),
        ({"kind": "feature", "feature": "telepathy"}, "ask.feature"),
        ({"kind": "feature", "feature": ""}, "ask.feature"),
        ({"kind": "view", "rating": "99+"}, "ask.rating"),
        ({"kind": "view", "rating": "PEGI:"}, "ask.rating"),
        ({"kind": "view", "rating": "NOPE:16"}, "ask.rating"),
        ({"kind": "view", "rating": 16}, "ask.rating"),
        ({"kind": "view", "rating": "8＋"}, "ask.rating"),
        ({"kind": "view", "rating": "PEGı:16"}, "ask.rating"),  # a dotless i, threat T22
        ({"kind": "view", "rating": "Eſrb:M"}, "ask.rating"),  # a long s
        ({"kind": "view", "slot": "attic"}, "ask.slot"),
        ({"kind": "view", "minors_only_service": 1}, "ask.minors_only_service"),
        ({"kind": "view", "categories": ["nope"]}, "ask.categories.0"),
        ({"kind": "view", "categories": [5]}, "ask.categories.0"),
        ({"kind": "view", "categories": "nope"}, "ask.categories"),
        ({"kind": "message", "to": {"id": "a b"}}, "ask.to.id"),
        ({"kind": "message", "to": {"accepts": "some"}}, "ask.to.accepts"),
        ({"kind": "message", "to": {"age": {"at_least": 9, "below": 8}}}, "ask.to.age"),
        ({"kind": "message", "to": {"born": "2012-05-01", "age": {}}}, "ask.to.age"),
        ({"kind": "lesson", "starts": LOGIN["at"], "minutes": 0}, "ask.minutes"),
        ({"kind": "lesson", "starts": LOGIN["at"], "minutes": 30.0}, "ask.minutes"),
        ({"kind": "mode", "on": 1}, "ask.on"),
        ({"kind": "mode", "on": "true"}, "ask.on"),
    ],
    ids=lambda value: json.dumps(value)[:50] if isinstance(value, dict) else "",
)
def test_the_wrong_ask_is_refused_by_place(asked, path):
    refused({**LOGIN, "ask": asked}, path)


def test_the_key_that_is_called_like_its_ask_hides_no_fault_of_the_ask():
    inner = {"kind": "login", "login": {"session": 5}, "session": 5}
    answer = ask({**LOGIN, "ask": inner})
    assert answer["error"]["path"] in ("ask.session", "ask.login")


def test_the_first_of_an_endless_row_of_unknown_keys_is_enough():
    crowd = {f"k{n}": n for n in range(4000)}
    assert refused({**LOGIN, **crowd}, "k0")["id"] == "c1"


# --- nothing is repeated -------------------------------------------------------------------------

DISGUISES = (
    *(CANARY, CANARY.lower(), CANARY[:-1], f"a{CANARY}", f"_{CANARY}", f"{CANARY}.born"),
    *(f"id-{CANARY}", f"张三{CANARY}", f"{CANARY}\n", f"int{CANARY}", f"constrained-{CANARY}"),
)


def silent_about(answer, line_id="c1"):
    """Assert that an answer holds no identity number but that of the line's own id."""
    assert answer.pop("id") in (line_id, None)
    text = json.dumps(answer, ensure_ascii=False).lower()
    assert CANARY[:-1] not in text
    assert not re.search(r"[1-9]\d{16}", text)


@pytest.mark.parametrize("kind", some.KINDS)
@pytest.mark.parametrize("said", DISGUISES, ids=ascii)
def test_no_answer_repeats_an_identity_number_that_stands_as_a_value(kind, said):
    line = some.whole_line(kind)
    for loc, _ in some.places(line)[1:]:
        if loc != ("id",):
            silent_about(ask(some.put(line, loc, said)))
            silent_about(ask(some.put(line, loc, [said])))
            silent_about(ask(some.put(line, loc, {said: said})))


@pytest.mark.parametrize("kind", some.KINDS)
@pytest.mark.parametrize("said", DISGUISES, ids=ascii)
def test_no_answer_repeats_an_identity_number_that_stands_as_a_key(kind, said):
    line = some.whole_line(kind)
    for loc, value in some.places(line):
        if isinstance(value, dict):
            for content in (1, -1, "x", said, {}):
                silent_about(ask(some.put(line, (*loc, said), content)))
        if loc and isinstance(loc[-1], str) and loc != ("id",):
            silent_about(ask(some.renamed(line, loc, said)))


def test_no_answer_repeats_an_identity_number_of_a_line_that_is_not_json():
    for raw in (CANARY.encode(), RAW + CANARY.encode(), f'{{"{CANARY}":'.encode()):
        silent_about(ask(raw))
    silent_about(ask(f'{{"id":"c1","{CANARY}":"\\ud800"}}'.encode()))


def test_the_number_in_the_id_of_the_line_comes_back_there_and_nowhere_else():
    for line in (LOGIN, {**LOGIN, "nope": 1}, {**LOGIN, "at": CANARY}):
        silent_about(ask({**line, "id": CANARY}), CANARY)


def test_no_answer_repeats_what_only_the_caller_could_know():
    person = {"id": "wang.xiaoming", "account": "王小明", "born": "2012-05-01"}
    for line in (child(**person), child(**person, nope=1), child(**person, age={})):
        text = json.dumps(ask(line), ensure_ascii=False)
        assert not re.search("王小明|xiaoming|2012-05", text)


# --- what every answer holds ---------------------------------------------------------------------


def china(text):
    assert TIME.fullmatch(text)
    return datetime.fromisoformat(text)


def is_an_answer(line, answer):
    """Assert all that the contract promises of an answer, whatever the law says."""
    assert set(answer) == ANSWER_KEYS
    assert answer["id"] == line.get("id")
    assert type(answer["allowed"]) is bool
    assert type(answer["governed"]) is bool
    kind, at = line["ask"]["kind"], datetime.fromisoformat(line["at"])
    if kind in some.PLAYS:
        has_good_times(answer, at)
    else:
        nothing = ("until", "remaining_s", "lease_until", "next_allowed_at")
        assert [answer[key] for key in nothing] == [None] * 4
        assert answer["warn_at"] == []
    has_good_money(line, answer)
    has_good_reasons(answer)
    for key, known in (("obligations", OBLIGATIONS), ("degraded", DEGRADED)):
        assert answer[key] == sorted(set(answer[key]))
        assert set(answer[key]) <= known
    has_good_stamps(line, answer)


def has_good_times(answer, at):
    until, left = answer["until"], answer["remaining_s"]
    if not answer["allowed"]:
        assert until is None
        assert answer["lease_until"] is None
        assert answer["warn_at"] == []
        assert type(left) is int
        assert left == 0
        if answer["next_allowed_at"] is not None:
            assert timedelta() < china(answer["next_allowed_at"]) - at <= timedelta(days=400)
        return
    assert answer["next_allowed_at"] is None
    warnings = [china(text) for text in answer["warn_at"]]
    assert all(at < warning for warning in warnings)
    assert all(before < after for before, after in pairwise(warnings))
    if until is None:
        assert left is None
        assert warnings == []
    else:
        assert type(left) is int
        assert left > 0
        assert china(until) - at == timedelta(seconds=left)
        before_end = [china(until) - warning for warning in warnings]
        minutes = [m for m in (15, 5, 1) if left > m * 60]
        assert before_end == [timedelta(minutes=m) for m in minutes]
    if answer["lease_until"] is None:
        assert until is None
    else:
        lease = china(answer["lease_until"])
        assert lease - at in LEASES or lease == china(until)
        assert until is None or at < lease <= china(until)


def has_good_money(line, answer):
    left, asked = answer["remaining_fen"], line["ask"]
    if asked["kind"] not in some.SPENDS:
        assert left is None
        return
    assert left is None or (type(left) is int and left >= 0)
    if answer["allowed"]:
        assert left is None or left >= asked["fen"]


def has_good_reasons(answer):
    reasons = answer["reasons"]
    assert bool(reasons) is not answer["allowed"]
    codes = [reason["code"] for reason in reasons]
    assert len(codes) == len(set(codes))
    assert set(codes) <= REASON_CODES
    assert not set(codes) & ALONE or len(codes) == 1
    rules = [reason["rule"] for reason in reasons]
    assert rules == sorted(rules)
    for reason in reasons:
        assert set(reason) == REASON_KEYS
        assert reason["provenance"] in PROVENANCES
        assert reason["message"].strip()
        assert "{" not in reason["message"]
        assert reason["citations"]
        for citation in reason["citations"]:
            assert set(citation) == {"document", "article", "url"}
            assert citation["document"].strip()
            assert citation["article"].strip()
            assert re.match(r"https?://\S+\Z", citation["url"])


def has_good_stamps(line, answer):
    named = line.get("law", "cn.game")
    assert [stamp["id"] for stamp in answer["law"]] == (
        [named] if isinstance(named, str) else named
    )
    for stamp in answer["law"]:
        assert set(stamp) == {"id", "revision", "digest", "readings"}
        assert stamp["revision"]
        assert stamp["digest"]
        assert isinstance(stamp["readings"], dict)


@some.few(300)
@given(some.lines())
@example(some.whole_line())
def test_every_valid_line_gets_an_answer_with_exactly_the_keys_of_the_contract(line):
    is_an_answer(line, ask(line))


@some.few(200)
@given(some.lines(some.PLAYS, verified=True))
def test_every_login_of_a_verified_person_has_times_that_fit_together(line):
    is_an_answer(line, ask(line))


@some.few(150)
@given(some.lines())
def test_every_reason_is_worded_in_both_languages_and_only_the_words_differ(line):
    chinese, english = ask(line), ask(line, warm("en"))
    is_an_answer(line, english)
    for ours, theirs in zip(chinese["reasons"], english["reasons"], strict=True):
        assert ours.pop("message") != theirs["message"]
        assert theirs.pop("message").isascii()
    assert chinese == english


@some.few(300)
@given(some.breaks(some.lines()))
def test_every_spoilt_line_is_refused_at_the_place_that_was_spoilt(spoilt):
    line, path = spoilt
    answer = refused(line, path)
    assert answer["id"] == (None if path == "id" else line.get("id"))


@some.few(300)
@given(st.data(), some.lines())
def test_every_string_of_bytes_gets_an_answer_or_an_error_and_the_next_line_too(data, line):
    raw = data.draw(some.noises(written(line)))
    assume(raw.strip())
    _, answers = stream(raw, b"\n", RAW, b"\n")
    first, second = answers
    if "error" in first:
        is_an_error(first)
    else:
        assert set(first) == ANSWER_KEYS
    assert second == ask(RAW)


@some.few(100)
@given(st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from([*some.whole_line(), "kind"]) | st.text(), inner, max_size=5),
    max_leaves=20,
))  # fmt: skip
def test_every_value_that_json_can_hold_gets_an_answer_or_an_error(value):
    try:
        raw = json.dumps(value).encode()
    except UnicodeEncodeError:
        raw = b"{"
    is_an_error(ask(raw))


# --- one law for all who ask ---------------------------------------------------------------------


@some.few(150)
@given(st.data(), some.lines(when=some.instants(far=False)))
def test_the_same_instant_gives_the_same_answer_however_it_is_written(data, line):
    text = data.draw(some.written(datetime.fromisoformat(line["at"])))
    assert ask({**line, "at": text}) == ask(line)


@some.few(100)
@given(some.histories())
def test_no_answer_depends_on_what_was_asked_before(said):
    decider = fresh()
    assert [ask(line, decider) for line in said] == [ask(line, fresh()) for line in said]


def test_the_toggle_set_to_nought_for_one_child_does_not_open_it_for_the_next():
    # 0 and False are equal and hash alike; a guardian's "off" must not turn into somebody's number.
    def trade(value):
        features = {"game_account_trade": value}
        wish = {"kind": "feature", "feature": "game_account_trade"}
        return guarded(features=features) | {"at": "2022-06-01T12:00:00+08:00", "ask": wish}

    shut = ask(trade(False), fresh())
    assert [reason["code"] for reason in shut["reasons"]] == ["feature_off"]
    for other in (0, 1, True, "all", "friends", "nobody"):
        decider = fresh()
        ask(trade(other), decider)
        assert ask(trade(False), decider) == shut
        decider = fresh()
        ask(trade(False), decider)
        assert ask(trade(other), decider) == ask(trade(other), fresh())


# --- what the numbers promise --------------------------------------------------------------------


def later(line, at):
    """The same request at another instant, if nothing else happens: a new day has no play in it."""
    other = {**line, "at": at.isoformat()}
    if at.date() != datetime.fromisoformat(line["at"]).date() and "usage" in line:
        other["usage"] = {k: v for k, v in line["usage"].items() if k != "played_today_s"}
    return other


@some.few(150)
@given(some.lines(some.PLAYS, verified=True))
def test_the_hour_that_is_promised_opens_and_not_a_second_before(line):
    answer = ask(line)
    promised = answer.get("next_allowed_at")
    assume(promised is not None)
    opens = china(promised)
    at_last = ask(later(line, opens))
    assert at_last["allowed"]
    just_before = opens - timedelta(seconds=1)
    if just_before >= datetime.fromisoformat(line["at"]):
        assert not ask(later(line, just_before))["allowed"]


@some.few(150)
@given(some.lines(some.PLAYS, when=some.open_instants(), verified=True))
def test_the_end_that_is_told_is_the_first_instant_refused(line):
    answer = ask(line)
    assume(answer["until"] is not None)
    at, until = datetime.fromisoformat(line["at"]), china(answer["until"])
    assume(until.date() == at.date())
    played = line.get("usage", {}).get("played_today_s", 0)

    def after(instant):
        usage = line.get("usage", {}) | {"played_today_s": played + (instant - at).seconds}
        return ask({**line, "at": instant.isoformat(), "usage": usage})

    assert not after(until)["allowed"]
    last = after(until - timedelta(seconds=1))
    assert last["allowed"]
    assert last["remaining_s"] == 1
    assert last["until"] == answer["until"]


@some.few(200)
@given(some.lines(some.SPENDS, verified=True))
def test_the_amount_that_is_left_passes_and_one_fen_more_does_not(line):
    left = ask(line)["remaining_fen"]
    assume(left is not None)
    more = ask(some.put(line, ("ask", "fen"), min(left + 1, 10**12)))
    assert left == 10**12 or not more["allowed"]
    if left:
        assert ask(some.put(line, ("ask", "fen"), left))["allowed"]


@some.few(120)
@given(some.lines((*some.PLAYS, "purchase", "view", "feature"), verified=True, guarded=True))
def test_the_guardian_can_only_take_away(line):
    with_guardian = ask(line)
    without_guardian = ask(some.without(line, ("subject", "guardian")))
    assert without_guardian["allowed"] or not with_guardian["allowed"]
    for key in ("remaining_s", "remaining_fen"):
        free, bound = without_guardian[key], with_guardian[key]
        assert free is None or bound <= free


# --- deep ----------------------------------------------------------------------------------------


@pytest.mark.deep
@some.few(20_000)
@given(some.lines())
def test_twenty_thousand_valid_lines_keep_the_contract(line):
    is_an_answer(line, ask(line))


@pytest.mark.deep
@some.few(20_000)
@given(some.breaks(some.lines()))
def test_twenty_thousand_spoilt_lines_are_refused_where_they_were_spoilt(spoilt):
    line, path = spoilt
    refused(line, path)


@pytest.mark.deep
@some.few(5_000)
@given(some.histories())
def test_five_thousand_histories_leave_no_trace_in_the_next_answer(said):
    decider = fresh()
    assert [ask(line, decider) for line in said] == [ask(line, fresh()) for line in said]


@pytest.mark.deep
def test_three_hundred_kinds_of_guardian_take_a_bounded_memory():
    decider = fresh()
    never = [["08:00", "09:00"]]  # no hour of play is left, so every answer looks 400 days ahead
    tracemalloc.start()
    try:
        for fen in range(300):
            decider.answer(written(guarded(single_fen=fen, windows=never)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 96 << 20
