"""What a store keeps, seen from outside: replay lines go in, answers and totals come out."""

import io
import json
import os
import sqlite3
import subprocess
import sys
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minorguard import OutcomeUnknown, StoreUnavailable, law, stores
from minorguard.cli import main
from minorguard.wire.replay import Replayer
from minorguard.wire.stream import decide_stream

OK, FAULTS, USAGE, STORE = 0, 1, 2, 3
LINE_BYTES_MAX = 64 * 1024
EVENING = Path(__file__).parents[1] / "examples" / "evening_counted" / "evening.ndjson"
CANARY = "11010519491231002X"  # an identity number from the standard that defines them

CHILD = {"id": "u1", "born": "2012-05-01", "identity": "verified"}
ADULT = {"id": "u2", "born": "1990-01-15", "identity": "verified"}
FRIDAY = "2026-11-20T"
NOTHING = {
    "played_today_s": 0,
    "continuous_s": 0,
    "spent_today_fen": 0,
    "spent_month_fen": 0,
    "held_fen": 0,
    "counts": {},
}
ANSWER_KEYS = [
    *("id", "allowed", "governed", "reasons", "until", "remaining_s", "lease_until"),
    *("next_allowed_at", "warn_at", "remaining_fen", "obligations", "degraded", "law", "usage"),
]


# --- telling -------------------------------------------------------------------------------------


def login(session="s-1", **more):
    return {"ask": {"kind": "login", "session": session, **more}}


def heartbeat(session="s-1"):
    return {"ask": {"kind": "heartbeat", "session": session}}


def leave(session="s-1"):
    return {"fact": {"kind": "leave", "session": session}}


def buy(fen, order="A1"):
    return {"ask": {"kind": "purchase", "fen": fen, "order": order}}


def settle(order="A1", **more):
    return {"fact": {"kind": "payment_settled", "order": order, **more}}


def cancel(order="A1"):
    return {"fact": {"kind": "payment_cancelled", "order": order}}


def refund(fen, order="A1"):
    return {"fact": {"kind": "payment_refunded", "order": order, "fen": fen}}


def mode(*, on):
    return {"fact": {"kind": "mode_changed", "on": on}}


def consent(kind, scope="pi_processing"):
    return {"fact": {"kind": f"consent_{kind}", "scope": scope}}


def line(at, what, who=CHILD, **more):
    """One line; a time alone is one of Friday evening."""
    at = at if "T" in at else FRIDAY + at
    return {"id": "x", "at": f"{at}+08:00", "subject": who, **what, **more}


def written(*lines):
    return b"".join(json.dumps(one).encode() + b"\n" for one in lines)


@cache
def loaded(*ids, **readings):
    return law(*ids, readings=readings)


class Book:
    """A store and somebody who tells it lines."""

    def __init__(self, store, law_id="cn.game", readings=None, **options):
        self.store = store
        default = () if law_id is None else (law_id,)
        self.replayer = Replayer(
            lambda ids: loaded(*ids, **(readings or {})), default, "zh", store=store, **options
        )

    def raw(self, raw):
        good, text = self.replayer.answer(raw)
        answer = json.loads(text)
        assert good == ("error" not in answer)
        return answer

    def tell(self, at, what, who=CHILD, **more):
        return self.raw(json.dumps(line(at, what, who, **more)).encode())

    def codes(self, at, what, who=CHILD, **more):
        """Why not; nothing where it is allowed."""
        answer = self.tell(at, what, who, **more)
        codes = [reason["code"] for reason in answer["reasons"]]
        assert answer["allowed"] == (codes == [])
        return codes

    def used(self, at, what, who=CHILD, **more):
        return self.tell(at, what, who, **more)["usage"]

    def error(self, at, what, who=CHILD, **more):
        """Code and path of an error, and nothing was written."""
        before = documents(self.store)
        error = self.tell(at, what, who, **more)["error"]
        assert documents(self.store) == before
        return error["code"], error["path"]


def documents(store):
    keys, cursor = store.scan("")
    found = dict.fromkeys(keys)
    while cursor is not None:
        keys, cursor = store.scan("", cursor)
        found |= dict.fromkeys(keys)
    return {key: store.load(key)[1] for key in sorted(found)}


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    url = {"memory": "memory:", "sqlite": f"sqlite:///{tmp_path}/kept.db"}[request.param]
    store = stores.open(url)
    yield store
    store.close()


@pytest.fixture
def book(store):
    return Book(store)


class Said:
    """What one run of the command line left behind."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def answers(self):
        return [json.loads(text) for text in self.out.splitlines()]


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


def spawn(*argv, given=b""):
    """Run the command line as a process of its own."""
    command = [sys.executable, "-m", "minorguard", *argv]
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return subprocess.run(command, input=given, capture_output=True, check=False, env=clean)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/book.db"


# --- told twice, it counts once ------------------------------------------------------------------


@pytest.mark.parametrize("url", ["memory:", "sqlite:///{}/evening.db"])
def test_the_evening_leaves_the_totals_that_it_tells(url, tmp_path):
    done = spawn("replay", str(EVENING), "--law", "cn.game", "--store", url.format(tmp_path))
    answers = [json.loads(text) for text in done.stdout.splitlines()]
    refusals = [answer["reasons"][0]["code"] for answer in answers if answer.get("reasons")]

    assert (done.returncode, done.stderr) == (OK, b"")
    assert refusals == ["outside_window", "single_cap_exceeded", "session_ended", "outside_window"]
    assert answers[-1]["usage"] == {
        "played_today_s": 3600,
        "continuous_s": 3600,
        "spent_today_fen": 5400,
        "spent_month_fen": 5400,
        "held_fen": 600,
        "counts": {},
    }


def test_the_evening_told_again_by_another_process_changes_nothing(url):
    command = ("replay", str(EVENING), "--law", "cn.game", "--store", url)
    first = spawn(*command)
    before = documents(stores.open(url))
    second = spawn(*command)

    assert (first.returncode, second.returncode) == (OK, OK)
    assert documents(stores.open(url)) == before
    last, again = (json.loads(done.stdout.splitlines()[-1]) for done in (first, second))
    assert last == again


def test_the_evening_told_again_to_the_same_memory_changes_nothing():
    book = Book(stores.open("memory:"))
    told = []
    for _ in range(2):
        out = io.StringIO()
        assert decide_stream(book.replayer, io.BytesIO(EVENING.read_bytes()), out)
        told.append((documents(book.store), out.getvalue().splitlines()[-1]))

    assert told[0] == told[1]


def test_the_answers_are_the_same_bytes_on_memory_and_on_sqlite(url):
    bad = b"{\n" + EVENING.read_bytes() + written(line("21:10:00", login(), ADULT))
    runs = [
        spawn("replay", "--law", "cn.game", "--store", where, given=bad)
        for where in ("memory:", url)
    ]

    assert runs[0].stdout == runs[1].stdout
    assert [done.returncode for done in runs] == [FAULTS, FAULTS]


def in_order():
    """An evening in its order, without a refusal that a later line would undo."""
    sessions, orders = st.sampled_from("abc"), st.sampled_from([("o", 100), ("p", 250), ("q", 7)])
    what = st.one_of(
        sessions.map(login),
        sessions.map(heartbeat),
        sessions.map(leave),
        orders.map(lambda one: buy(one[1], one[0])),
        orders.map(lambda one: settle(one[0], fen=one[1])),
        orders.map(lambda one: cancel(one[0])),
    )
    return st.lists(st.tuples(st.integers(0, 1200), what), max_size=20)


@settings(max_examples=200)
@given(in_order())
def test_an_evening_told_again_leaves_the_same_totals(steps):
    raw, second = [], 19 * 3600 + 50 * 60
    for wait_s, what in steps:
        second += wait_s
        clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        raw.append(json.dumps(line(clock, what)).encode())
        if second >= 23 * 3600:
            break
    book = Book(stores.open("memory:"))
    probe = json.dumps(line("23:59:59", heartbeat("nobody"))).encode()

    totals = []
    for _ in range(2):
        for one in raw:
            book.raw(one)
        totals.append(book.raw(probe)["usage"])
    assert totals[0] == totals[1]


@pytest.mark.parametrize("again", [1, 2, 5])
def test_a_line_told_again_at_once_counts_once(book, again):
    for what in (login(), buy(4800), settle(), leave("s-9")):
        for _ in range(again):
            book.tell("20:10:00", what)

    assert book.used("20:20:00", heartbeat()) == {
        **NOTHING,
        "played_today_s": 600,
        "continuous_s": 600,
        "spent_today_fen": 4800,
        "spent_month_fen": 4800,
    }


# --- the form of an answer -----------------------------------------------------------------------


def test_the_answer_to_an_ask_is_that_of_decide_and_the_usage_after_it(book, run):
    asked = line("20:10:00", login())
    decided = run("decide", "--law", "cn.game", given=written(asked)).answers[0]
    answer = book.tell("20:10:00", login())

    assert list(answer) == ANSWER_KEYS
    assert answer == {**decided, "usage": NOTHING}


def test_an_allowed_purchase_shows_itself_in_what_was_spent_and_is_held(book):
    answer = book.tell("20:10:00", buy(4800))

    assert answer["remaining_fen"] == 5000
    assert answer["usage"] == {
        **NOTHING,
        "spent_today_fen": 4800,
        "spent_month_fen": 4800,
        "held_fen": 4800,
    }


def test_a_refused_purchase_leaves_no_trace(book):
    assert book.codes("20:10:00", buy(5001)) == ["single_cap_exceeded"]
    assert documents(book.store) == {}


def test_a_fact_is_recorded_and_shows_what_was_used(book):
    book.tell("20:10:00", login())
    answer = book.tell("20:12:00", leave())

    assert list(answer) == ["id", "recorded", "usage"]
    assert answer["recorded"] is True
    assert answer["usage"] == {**NOTHING, "played_today_s": 120, "continuous_s": 120}


@pytest.mark.parametrize(
    "what", [leave(), cancel(), settle(fen=100), mode(on=True), consent("granted"),
             consent("revoked", "live_host")],
    ids=lambda what: what["fact"]["kind"],
)  # fmt: skip
def test_every_fact_is_told_and_never_refused(book, what):
    answer = book.tell("03:00:00", what)
    assert answer["recorded"] is True
    assert "degraded" not in answer


def test_ids_are_echoed_on_answers_facts_and_errors(book):
    for line_id in ("a", 7, None):
        for what in (login(), leave(), {"fact": {"kind": "leave"}}):
            assert book.tell("20:10:00", what, id=line_id)["id"] == line_id


# --- sessions ------------------------------------------------------------------------------------


def test_a_session_that_was_left_never_goes_on(book):
    book.tell("20:10:00", login())
    book.tell("20:12:00", leave())
    for what in (login(), heartbeat()):
        answer = book.tell("20:13:00", what)
        assert [reason["code"] for reason in answer["reasons"]] == ["session_ended"]
        assert answer["lease_until"] is answer["until"] is answer["next_allowed_at"] is None
        assert (answer["remaining_s"], answer["warn_at"]) == (0, [])
    assert book.codes("20:13:00", login("s-2")) == []


def test_a_lapsed_session_goes_on_within_two_minutes_and_not_a_second_later(book):
    assert book.tell("20:00:00", login())["lease_until"] == f"{FRIDAY}20:15:00+08:00"
    assert book.codes("20:17:01", heartbeat()) == ["session_ended"]
    assert book.used("20:17:00", heartbeat())["played_today_s"] == 900


def test_gaps_are_not_charged(book):
    book.tell("20:00:00", login())
    book.tell("20:17:00", heartbeat())
    assert book.used("20:20:00", heartbeat())["played_today_s"] == 900 + 180


def test_two_devices_at_once_are_one_time(book):
    book.tell("20:00:00", login("phone"))
    book.tell("20:05:00", login("tablet"))
    assert book.used("20:15:00", heartbeat("phone"))["played_today_s"] == 900
    assert book.used("20:20:00", heartbeat("tablet"))["played_today_s"] == 1200


def test_leaving_gives_back_what_was_paid_and_not_played(book):
    book.tell("20:00:00", login())
    book.tell("20:05:00", leave())
    assert book.used("20:14:00", login("s-2"))["played_today_s"] == 300


def test_one_device_that_leaves_takes_nothing_from_the_other(book):
    book.tell("20:00:00", login("phone"))
    book.tell("20:00:00", login("tablet"))
    book.tell("20:05:00", leave("phone"))
    assert book.used("20:10:00", heartbeat("tablet"))["played_today_s"] == 600


def test_the_news_of_leaving_counts_however_late_it_comes(book):
    book.tell("20:00:00", login())
    book.tell("20:40:00", login("s-2"))
    assert book.used("20:05:00", leave())["played_today_s"] == 300
    assert book.used("20:45:00", heartbeat("s-2"))["played_today_s"] == 600


def test_a_session_that_was_left_before_it_opened_pays_up_to_there(book):
    book.tell("20:00:30", leave())
    assert book.codes("20:00:00", login()) == []
    assert book.used("20:10:00", login("s-2"))["played_today_s"] == 30
    assert book.codes("20:10:00", heartbeat()) == ["session_ended"]


def test_the_seventeenth_open_session_is_one_too_many(book):
    for number in range(16):
        assert book.codes("20:10:00", login(f"s-{number}")) == []
    answer = book.tell("20:10:00", login("s-16"))
    assert [reason["code"] for reason in answer["reasons"]] == ["too_many_sessions"]
    assert book.codes("20:10:00", heartbeat("s-3")) == []

    book.tell("20:11:00", leave("s-3"))
    assert book.codes("20:11:00", login("s-16")) == []
    assert book.codes("20:11:00", login("s-17")) == ["too_many_sessions"]


def test_the_refused_session_opens_at_the_instant_that_was_named(book):
    for number in range(16):
        book.tell("20:10:00", login(f"s-{number}"))
    answer = book.tell("20:12:00", login("s-16"))
    assert answer["next_allowed_at"] == f"{FRIDAY}20:27:01+08:00"
    assert book.codes("20:27:00", login("s-16")) == ["too_many_sessions"]
    assert book.codes("20:27:01", login("s-16")) == []


def test_a_request_may_be_two_minutes_late_and_not_a_second_more(book):
    book.tell("20:30:00", login())
    answer = book.tell("20:27:59", login("s-2"))
    assert [reason["code"] for reason in answer["reasons"]] == ["clock_behind"]
    assert answer["next_allowed_at"] == f"{FRIDAY}20:28:00+08:00"
    assert book.codes("20:28:00", login("s-2")) == []


def test_a_session_that_is_known_gets_its_answer_however_late_the_question_comes(book):
    first = book.tell("20:00:00", login())
    book.tell("20:40:00", login("s-2"))
    before = documents(book.store)
    again = book.tell("20:00:00", login())
    assert (again["allowed"], again["lease_until"]) == (True, first["lease_until"])
    assert documents(book.store) == before


def test_a_refused_request_moves_no_clock(book):
    book.tell("20:10:00", login())
    assert book.codes("21:10:00", login("s-2")) == ["outside_window"]
    assert book.codes("20:11:00", login("s-3")) == []


# --- windows, quotas, days -----------------------------------------------------------------------


def test_the_hour_ends_at_nine_and_what_was_paid_ends_with_it(book):
    assert book.codes("19:59:59", login()) == ["outside_window"]
    assert book.codes("20:50:00", login()) == []
    answer = book.tell("20:59:59", heartbeat())
    assert (answer["remaining_s"], answer["lease_until"]) == (1, f"{FRIDAY}21:00:00+08:00")
    answer = book.tell("21:00:00", heartbeat())
    assert [reason["code"] for reason in answer["reasons"]] == ["outside_window"]
    assert answer["next_allowed_at"] == "2026-11-21T20:00:00+08:00"
    assert answer["usage"]["played_today_s"] == 600
    assert book.used("22:30:00", leave())["played_today_s"] == 600


def test_the_night_of_2019_began_at_ten(book):
    assert book.tell("2020-06-05T21:59:59", login())["lease_until"] == "2020-06-05T22:00:00+08:00"
    assert book.codes("2020-06-05T22:00:00", heartbeat()) == ["outside_window"]
    assert book.codes("2020-06-06T07:59:59", login("s-2")) == ["outside_window"]
    assert book.codes("2020-06-06T08:00:00", login("s-2")) == []


def test_the_ninety_minutes_of_2019_end_to_the_second(book):
    day = "2020-06-05T"
    assert book.tell(f"{day}08:00:00", login())["lease_until"] == f"{day}08:02:00+08:00"
    for minute in range(2, 90, 2):
        answer = book.tell(f"{day}{8 + minute // 60:02}:{minute % 60:02}:00", heartbeat())
        assert answer["remaining_s"] == 5400 - minute * 60
    assert book.codes(f"{day}09:29:59", heartbeat()) == []
    answer = book.tell(f"{day}09:30:00", heartbeat())
    assert [reason["code"] for reason in answer["reasons"]] == ["quota_exhausted"]
    assert answer["next_allowed_at"] == "2020-06-06T08:00:00+08:00"
    assert answer["usage"]["played_today_s"] == 5400
    assert book.codes(f"{day}09:30:00", login("another device")) == ["quota_exhausted"]


def test_two_devices_do_not_use_the_quota_up_faster(book):
    day = "2020-06-05T"
    for session in ("phone", "tablet"):
        book.tell(f"{day}08:00:00", login(session))
    for minute in range(2, 20, 2):
        for session in ("phone", "tablet"):
            book.tell(f"{day}08:{minute:02}:00", heartbeat(session))
    assert book.tell(f"{day}08:19:00", heartbeat("phone"))["remaining_s"] == 5400 - 19 * 60


def test_the_boundary_lease_is_paid_for_to_the_end_and_given_back_by_leaving(store):
    book = Book(store, lease="boundary")
    assert book.tell("20:00:00", login())["lease_until"] == f"{FRIDAY}21:00:00+08:00"
    assert book.used("20:50:00", heartbeat())["played_today_s"] == 3000
    assert book.used("20:30:00", leave())["played_today_s"] == 1800


def test_a_new_day_begins_with_nothing_played(book):
    book.tell("20:00:00", login())
    assert book.used("2026-11-21T20:00:00", login("s-2")) == NOTHING


def test_a_break_of_five_minutes_begins_a_new_stretch(book):
    book.tell("20:00:00", login())
    book.tell("20:10:00", leave())
    assert book.used("20:14:59", login("s-2"))["continuous_s"] == 600
    book.tell("20:14:59", leave("s-2"))
    book.tell("20:20:00", login("s-3"))
    assert book.used("20:21:00", heartbeat("s-3")) == {
        **NOTHING, "played_today_s": 660, "continuous_s": 60,
    }  # fmt: skip


@pytest.mark.parametrize("exempt", ["filed_education", "emergency", "guardian"])
def test_nothing_is_exempt_in_a_game(book, exempt):
    assert book.codes("15:00:00", login(exempt=exempt)) == ["outside_window"]
    book.tell("20:00:00", login(exempt=exempt))
    assert book.used("20:10:00", heartbeat())["played_today_s"] == 600


# --- money ---------------------------------------------------------------------------------------


def test_what_is_held_counts_like_what_is_paid(book):
    for number in range(4):
        assert book.codes("12:00:00", buy(5000, f"A{number}")) == []
    answer = book.tell("12:00:00", buy(1, "A4"))
    assert [reason["code"] for reason in answer["reasons"]] == ["monthly_cap_exceeded"]
    assert answer["remaining_fen"] == 0
    assert answer["usage"]["spent_month_fen"] == answer["usage"]["held_fen"] == 20_000


def test_settling_ends_the_hold_and_counts_no_more(book):
    book.tell("12:00:00", buy(4800))
    for _ in range(2):
        assert book.used("12:05:00", settle()) == {
            **NOTHING, "spent_today_fen": 4800, "spent_month_fen": 4800,
        }  # fmt: skip
    assert book.used("12:06:00", cancel())["spent_today_fen"] == 4800


def test_cancelling_gives_the_money_back(book):
    for number in range(4):
        book.tell("12:00:00", buy(5000, f"A{number}"))
    assert book.used("12:01:00", cancel("A2"))["spent_month_fen"] == 15_000
    assert book.codes("12:02:00", buy(5000, "A4")) == []


def test_the_same_order_again_gets_the_same_answer(book):
    first = book.tell("12:00:00", buy(4800))
    book.tell("12:00:00", buy(5000, "A2"))
    book.tell("12:10:00", settle())
    again = book.tell("12:20:00", buy(4800))
    for key in ANSWER_KEYS[:-1]:
        assert again[key] == first[key]
    assert again["usage"]["spent_month_fen"] == 9800


def test_the_same_order_with_another_amount_is_a_conflict(book):
    book.tell("12:00:00", buy(4800))
    assert book.codes("12:00:00", buy(4801)) == ["order_conflict"]
    assert book.used("12:01:00", settle())["spent_month_fen"] == 4800
    assert book.codes("12:02:00", buy(100)) == ["order_conflict"]


def test_a_cancelled_order_is_not_asked_for_again(book):
    book.tell("12:00:00", buy(4800))
    book.tell("12:01:00", cancel())
    assert book.codes("12:02:00", buy(4800)) == ["order_conflict"]
    assert book.used("12:02:00", cancel())["spent_month_fen"] == 0


def test_a_cancelling_that_comes_before_its_order_is_remembered(book):
    book.tell("12:01:00", cancel())
    assert book.codes("12:00:00", buy(4800)) == ["order_conflict"]
    assert book.used("12:02:00", cancel())["spent_month_fen"] == 0


def test_a_late_settlement_counts_again_even_above_the_cap_and_says_so(book):
    for number in range(4):
        book.tell("12:00:00", buy(5000, f"A{number}"))
    book.tell("12:01:00", cancel("A0"))
    book.tell("12:02:00", buy(5000, "A4"))
    answer = book.tell("12:03:00", settle("A0"))

    assert list(answer) == ["id", "recorded", "degraded", "usage"]
    assert answer["degraded"] == ["late_settlement"]
    assert answer["usage"]["spent_month_fen"] == 25_000
    assert book.used("12:04:00", settle("A0"))["spent_month_fen"] == 25_000


def test_the_settlement_of_an_unknown_order_needs_its_amount_and_counts(book):
    assert book.error("12:00:00", settle()) == ("invalid_request", "fact.fen")
    assert book.used("12:00:00", settle(fen=4800)) == {
        **NOTHING, "spent_today_fen": 4800, "spent_month_fen": 4800,
    }  # fmt: skip


def test_the_settlement_of_a_known_order_has_its_amount(book):
    book.tell("12:00:00", buy(4800))
    assert book.error("12:01:00", settle(fen=4799)) == ("invalid_request", "fact.fen")
    assert book.used("12:01:00", settle(fen=4800))["held_fen"] == 0


def test_a_refund_is_at_most_what_was_settled_and_opens_no_cap(book):
    book.tell("12:00:00", buy(4800))
    assert book.error("12:01:00", refund(1)) == ("invalid_request", "fact.order")
    book.tell("12:02:00", settle())
    assert book.error("12:03:00", refund(4801)) == ("invalid_request", "fact.fen")
    assert book.used("12:03:00", refund(4800))["spent_month_fen"] == 4800
    assert book.error("12:03:00", refund(1, "unknown")) == ("invalid_request", "fact.order")


def test_a_refund_opens_the_cap_where_the_reading_says_so(store):
    book = Book(store, readings={"refund": "restores"})
    book.tell("12:00:00", buy(4800))
    book.tell("12:01:00", settle())
    for fen, spent in ((1000, 3800), (1000, 3800), (4800, 0), (1000, 0)):
        assert book.used("12:02:00", refund(fen))["spent_month_fen"] == spent


def test_midnight_begins_a_day_and_keeps_the_month(book):
    book.tell("23:59:59", buy(4800))
    assert book.used("2026-11-21T00:00:00", buy(100, "A2")) == {
        **NOTHING, "spent_today_fen": 100, "spent_month_fen": 4900, "held_fen": 4900,
    }  # fmt: skip


def test_the_month_turns_at_midnight_and_what_is_held_stays_held(book):
    for number in range(4):
        book.tell("2026-11-30T23:59:59", buy(5000, f"A{number}"))
    assert book.codes("2026-11-30T23:59:59", buy(1, "B")) == ["monthly_cap_exceeded"]
    assert book.used("2026-12-01T00:00:00", buy(5000, "C")) == {
        **NOTHING, "spent_today_fen": 5000, "spent_month_fen": 5000, "held_fen": 25_000,
    }  # fmt: skip


def test_a_day_that_was_left_is_not_opened_again(book):
    book.tell("2026-11-21T00:00:01", buy(100))
    assert book.codes("23:59:59", buy(100, "A2")) == ["clock_behind"]
    assert book.codes("2026-11-21T00:00:00", buy(100, "A2")) == []


def test_a_purchase_may_be_two_minutes_late_and_not_a_second_more(book):
    book.tell("12:10:00", buy(100))
    assert book.codes("12:07:59", buy(100, "A2")) == ["clock_behind"]
    assert book.codes("12:08:00", buy(100, "A2")) == []
    assert book.codes("12:10:00", buy(100)) == []


def test_neither_clock_moves_the_other(book):
    book.tell("20:10:00", login())
    assert book.codes("12:00:00", buy(100)) == []
    book.tell("20:50:00", buy(100, "A2"))
    assert book.codes("20:11:00", login("s-2")) == []


def test_a_settlement_belongs_to_the_day_of_its_purchase(book):
    book.tell("2026-11-30T23:59:00", buy(4800))
    assert book.used("2026-12-01T00:01:00", settle()) == NOTHING
    assert book.used("2026-12-01T12:00:00", buy(100, "A2"))["spent_month_fen"] == 100


# --- who -----------------------------------------------------------------------------------------


def test_a_higher_cap_is_reached_on_the_day_after_the_birthday(book):
    who = {**CHILD, "born": "2010-11-20"}
    assert book.codes("23:59:59", buy(5001), who) == ["single_cap_exceeded"]
    assert book.codes("2026-11-21T00:00:00", buy(10_000), who) == []


def test_from_the_day_after_the_eighteenth_birthday_on_nothing_is_counted(book):
    who = {**CHILD, "born": "2008-11-20"}
    assert book.codes("23:59:59", login(), who) == ["outside_window"]
    book.tell("23:59:59", buy(4800), who)
    before = documents(book.store)
    answer = book.tell("2026-11-21T00:00:00", login(), who)
    assert (answer["allowed"], answer["governed"], answer["lease_until"]) == (True, False, None)
    assert book.codes("2026-11-21T00:00:00", buy(99_999, "A2"), who) == []
    assert documents(book.store) == before
    assert book.used("2026-11-21T00:01:00", settle(), who)["held_fen"] == 0


def test_adults_write_nothing(book):
    for what in (login(), heartbeat(), buy(10**12), settle(), cancel("B"), leave(), buy(5, "C")):
        assert book.used("12:00:00", what, ADULT) == NOTHING
    assert documents(book.store) == {}


def test_each_person_is_counted_alone(book):
    book.tell("12:00:00", buy(4800))
    assert book.used("12:00:00", buy(100), {**CHILD, "id": "u3"})["spent_month_fen"] == 100


def test_the_recorded_mode_makes_an_unknown_age_a_minor_for_content(store):
    book = Book(store, "cn.base")
    view, nobody = {"ask": {"kind": "view", "rating": "16+"}}, {"id": "u9"}
    assert book.codes("12:00:00", view, nobody) == []
    book.tell("12:01:00", mode(on=True), nobody)
    assert book.codes("12:02:00", view, nobody) == ["rating_too_high"]
    assert book.codes("12:02:00", view, {**nobody, "minors_mode": False}) == ["rating_too_high"]
    assert book.codes("12:02:00", view, {"id": "u8"}) == []
    book.tell("12:03:00", mode(on=False), nobody)
    assert book.codes("12:04:00", view, {**nobody, "minors_mode": True}) == []


def test_of_two_changes_of_the_mode_the_later_one_counts_whenever_it_was_told(store):
    book = Book(store, "cn.base")
    view, nobody = {"ask": {"kind": "view", "rating": "16+"}}, {"id": "u9"}
    book.tell("12:05:00", mode(on=True), nobody)
    book.tell("12:01:00", mode(on=False), nobody)
    assert book.codes("12:06:00", view, nobody) == ["rating_too_high"]


# --- laws and scopes -----------------------------------------------------------------------------


def test_the_first_law_of_a_line_is_where_it_is_counted(store):
    book = Book(store, None)
    book.tell("12:00:00", buy(100), law="cn.game")
    assert book.used("12:00:00", buy(100, "A2"), law=["cn.game", "cn.base"])[
        "spent_month_fen"
    ] == 200  # fmt: skip
    assert book.used("12:00:00", buy(100), law=["cn.base", "cn.game"])["spent_month_fen"] == 100
    assert {key.split("/")[1] for key in documents(store)} == {"cn.base", "cn.game"}


def test_a_scope_that_is_shared_counts_together(store):
    book = Book(store, None, scope="games")
    book.tell("12:00:00", buy(100), law="cn.game")
    assert book.used("12:00:00", buy(100, "A2"), law=["cn.base", "cn.game"])[
        "spent_month_fen"
    ] == 200  # fmt: skip
    assert {key.split("/")[1] for key in documents(store)} == {"games"}


def test_the_options_of_the_command_line_reach_the_guard(run, url):
    given = written(line("20:00:00", login()), line("20:30:00", leave()))
    said = run(
        *("replay", "--law", "cn.game", "--store", url, "--lease", "boundary"),
        *("--scope", "games", "--lang", "en", "--reading", "calendar=literal"),
        given=given + written(line("21:10:00", login("s-2"))),
    )
    assert said.code == OK
    first, second, third = said.answers
    assert first["lease_until"] == f"{FRIDAY}21:00:00+08:00"
    assert first["law"][0]["readings"] == {"calendar": "literal"}
    assert second["usage"]["played_today_s"] == 1800
    assert third["reasons"][0]["message"].isascii()
    assert list(documents(stores.open(url))) == ["time/games/u1"]


def test_the_house_takes_away_in_a_replay_too(run, tmp_path):
    house = tmp_path / "house.toml"
    house.write_text('[[rule]]\nid = "cap"\nask = "purchase"\ndaily_fen = 5000\n', "utf-8")
    given = written(line("12:00:00", buy(4800)), line("12:01:00", buy(201, "A2")))
    said = run("replay", "--law", "cn.game", "--store", "memory:", "--house", house, given=given)
    assert [r["code"] for r in said.answers[1]["reasons"]] == ["daily_cap_exceeded"]
    assert said.answers[1]["remaining_fen"] == 200


# --- bad lines -----------------------------------------------------------------------------------

GOOD = line("20:10:00", login())
LEFT = line("20:10:00", leave())


def without(one, key):
    return {name: value for name, value in one.items() if name != key}


BAD = {
    "usage": ({**GOOD, "usage": {}}, "usage"),
    "an unknown key": ({**GOOD, "lease": "boundary"}, "lease"),
    "no time": (without(GOOD, "at"), "at"),
    "a time without a zone": ({**GOOD, "at": f"{FRIDAY}20:10:00"}, "at"),
    "no subject": (without(GOOD, "subject"), "subject"),
    "a subject of nobody": ({**GOOD, "subject": {}}, "subject.id"),
    "a fact about nobody": ({**LEFT, "subject": {"born": "2012-05-01"}}, "subject.id"),
    "an id of nobody": ({**GOOD, "subject": {"id": ""}}, "subject.id"),
    "an id of too many": ({**GOOD, "subject": {"id": "x" * 65}}, "subject.id"),
    "a birth to come": ({**LEFT, "subject": {**CHILD, "born": "2026-11-21"}}, "subject.born"),
    "neither": (without(GOOD, "ask"), "ask"),
    "both": ({**GOOD, **leave()}, "fact"),
    "no law there is": ({**GOOD, "law": "cn.nope"}, "law"),
    "no law at all": ({**LEFT, "law": []}, "law"),
    "a login without a session": ({**GOOD, "ask": {"kind": "login"}}, "ask.session"),
    "a login with null": ({**GOOD, "ask": {"kind": "login", "session": None}}, "ask.session"),
    "a heartbeat without one": ({**GOOD, "ask": {"kind": "heartbeat"}}, "ask.session"),
    "an empty session": ({**GOOD, **login("")}, "ask.session"),
    "a long session": ({**GOOD, **login("x" * 129)}, "ask.session"),
    "an unknown ask": ({**GOOD, "ask": {"kind": "sleep"}}, "ask.kind"),
    "a fact of no kind": ({**LEFT, "fact": {}}, "fact.kind"),
    "a fact of an unknown kind": ({**LEFT, "fact": {"kind": "login", "session": "s"}}, "fact.kind"),
    "a fact that is null": ({**LEFT, "fact": None}, "fact"),
    "a fact that is a list": ({**LEFT, "fact": []}, "fact"),
    "a leaving from nothing": ({**LEFT, "fact": {"kind": "leave"}}, "fact.session"),
    "a leaving with an order": (
        {**LEFT, "fact": {"kind": "leave", "session": "s", "order": "A"}},
        "fact.order",
    ),
    "a long session left": ({**LEFT, **leave("x" * 129)}, "fact.session"),
    "a settlement of nothing": ({**LEFT, "fact": {"kind": "payment_settled"}}, "fact.order"),
    "an empty order": ({**LEFT, **settle("")}, "fact.order"),
    "a long order": ({**LEFT, **cancel("x" * 129)}, "fact.order"),
    "an order that is a number": ({**LEFT, **cancel(17)}, "fact.order"),
    "a settlement of zero": ({**LEFT, **settle(fen=0)}, "fact.fen"),
    "a settlement of debt": ({**LEFT, **settle(fen=-1)}, "fact.fen"),
    "a settlement in text": ({**LEFT, **settle(fen="1")}, "fact.fen"),
    "a settlement in truth": ({**LEFT, **settle(fen=True)}, "fact.fen"),
    "a settlement in fractions": ({**LEFT, **settle(fen=1.0)}, "fact.fen"),
    "a settlement beyond all": ({**LEFT, **settle(fen=10**12 + 1)}, "fact.fen"),
    "a cancelling with an amount": (
        {**LEFT, "fact": {"kind": "payment_cancelled", "order": "A", "fen": 1}},
        "fact.fen",
    ),
    "a refund of nothing": ({**LEFT, "fact": {"kind": "payment_refunded", "order": "A"}},
                            "fact.fen"),
    "a refund of null": ({**LEFT, **refund(None)}, "fact.fen"),
    "a refund of zero": ({**LEFT, **refund(0)}, "fact.fen"),
    "a consent to nothing": ({**LEFT, "fact": {"kind": "consent_granted"}}, "fact.scope"),
    "a consent to anything": ({**LEFT, **consent("granted", "anything")}, "fact.scope"),
    "a mode of no kind": ({**LEFT, "fact": {"kind": "mode_changed"}}, "fact.on"),
    "a mode in numbers": ({**LEFT, **mode(on=1)}, "fact.on"),
    "a verified guardian": (
        {**LEFT, "fact": {"kind": "mode_changed", "on": True, "guardian_verified": True}},
        "fact.guardian_verified",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("bad", "path"), BAD.values(), ids=BAD)
def test_a_bad_line_is_answered_by_the_place_of_its_fault_and_counts_nothing(bad, path):
    book = Book(stores.open("memory:"))
    answer = book.raw(json.dumps(bad).encode())
    assert (answer["id"], answer["error"]["code"]) == ("x", "invalid_request")
    assert answer["error"]["path"] == path
    assert documents(book.store) == {}


@pytest.mark.parametrize(
    "raw",
    [
        *(b"{", b"[]", b"null", b'"leave"', b"\xff", b"{}{}", b"1" * 5000),
        written(LEFT).replace(b"s-1", b"\\ud800"),
        written(LEFT).replace(b'"s-1"', b"NaN"),
        b"[" * 60_000,
    ],
    ids=range(10),
)
def test_what_is_no_line_at_all_is_answered_too(raw):
    answer = Book(stores.open("memory:")).raw(raw)
    assert answer["error"]["code"] == "invalid_request"


@pytest.mark.parametrize(("spare", "good"), [(0, True), (1, False)])
def test_a_line_has_64_kib_and_not_a_byte_more(spare, good):
    raw = json.dumps(LEFT).encode()
    raw += b" " * (LINE_BYTES_MAX - len(raw) + spare)
    answer = Book(stores.open("memory:")).raw(raw)
    assert ("error" not in answer) is good
    if not good:
        assert answer["id"] is None
        assert answer["error"]["path"] == ""


def test_a_line_needs_a_law_of_its_own_or_of_the_option(store):
    assert Book(store, None).error("20:10:00", leave()) == ("invalid_request", "law")


@pytest.mark.parametrize("fen", [1, 10**12])
def test_the_bounds_of_an_amount_are_good_amounts(fen):
    book = Book(stores.open("memory:"))
    assert book.tell("12:00:00", settle("A", fen=fen))["recorded"]
    assert book.used("12:00:00", refund(fen, "A"))["spent_today_fen"] == fen


def test_names_have_128_characters_of_any_kind():
    book = Book(stores.open("memory:"))
    name = "单" * 127 + "\0"
    book.tell("20:10:00", login(name))
    assert book.used("20:11:00", leave(name))["played_today_s"] == 60
    book.tell("20:11:00", buy(100, name))
    assert book.used("20:11:00", settle(name))["held_fen"] == 0


def test_the_bad_line_stops_no_other_and_is_told_by_the_exit_code(run):
    given = written(GOOD) + b"{\n\n" + b" " * 70_000 + b"\n" + written(LEFT)
    said = run("replay", "--law", "cn.game", "--store", "memory:", given=given)
    assert said.code == FAULTS
    assert ["error" in answer for answer in said.answers] == [False, True, True, False]
    assert said.err == ""


def test_no_message_repeats_an_identity_number(run):
    for what in (
        {**GOOD, "subject": {"id": "u1", CANARY: 1}},
        {**LEFT, "fact": {"kind": CANARY}},
        {**LEFT, "fact": {"kind": "leave", "session": "s", CANARY: 1}},
        {**LEFT, **settle(CANARY)},
        {**LEFT, **refund(1, CANARY)},
    ):
        said = run("replay", "--law", "cn.game", "--store", "memory:", given=written(what))
        assert said.code == FAULTS
        assert CANARY not in said.out + said.err


# --- stores that fail ----------------------------------------------------------------------------


def test_an_address_that_no_store_answers_to_is_a_wrong_configuration(run):
    for wrong in ("", "nowhere", "ftp://x", "sqlite:", "memory:x", "sqlite:///a.db?speed=9"):
        for command in (["replay", "--law", "cn.game"], ["holds"]):
            said = run(*command, "--store", wrong, given=written(GOOD))
            assert (said.code, said.out) == (USAGE, "")
            assert said.err.startswith("minorguard: UnknownStore: ")
    said = run("replay", "--law", "cn.game", given=written(GOOD))
    assert (said.code, said.out) == (USAGE, "")


@pytest.mark.parametrize("command", [["replay", "--law", "cn.game"], ["holds"]])
def test_a_store_that_cannot_be_opened_is_told_before_any_line_is_answered(run, tmp_path, command):
    (tmp_path / "letter.txt").write_text("no database\n" * 1000, "utf-8")
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE t (x)").connection.close()
    for wrong in ("", "/letter.txt", "/other.db", "/no/such/folder.db"):
        said = run(*command, "--store", f"sqlite:///{tmp_path}{wrong}", given=written(GOOD))
        assert (said.code, said.out) == (STORE, "")
        assert said.err.startswith("minorguard: StoreUnavailable: ")
        assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize(
    "option", [["--law", "cn.nope"], ["--reading", "moon=full"], ["--house", "nowhere.toml"],
               ["--scope", "a b"], ["--scope", "x" * 65], ["--lease", "long"], ["nowhere.ndjson"]],
    ids=" ".join,
)  # fmt: skip
def test_a_wrong_option_is_told_before_a_store_is_made(run, url, tmp_path, option):
    said = run("replay", "--store", url, *option, given=written(GOOD))
    assert (said.code, said.out) == (USAGE, "")
    assert said.err.strip()
    assert list(tmp_path.iterdir()) == []


def test_a_broken_document_fails_its_person_and_nobody_else(run, url):
    with_store = stores.open(url)
    with_store.swap("time/cn.game/u1", None, b"?")
    with_store.close()
    given = written(GOOD, {**GOOD, "subject": {**CHILD, "id": "u3"}}) + b"{\n"
    said = run("replay", "--law", "cn.game", "--store", url, given=given)

    assert said.code == STORE
    first, second, third = said.answers
    assert (first["id"], list(first)) == ("x", ["id", "error"])
    assert (first["error"]["code"], first["error"]["path"]) == ("store_unavailable", "")
    assert second["allowed"] is True
    assert third["error"]["code"] == "invalid_request"


def test_a_file_that_somebody_else_has_locked_is_contention(tmp_path):
    file = tmp_path / "kept.db"
    book = Book(stores.open(f"sqlite:///{file}?timeout_s=0&journal=truncate"))
    book.tell("20:00:00", login())
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    for what in (heartbeat(), leave(), buy(100)):
        assert book.tell("20:10:00", what)["error"]["code"] == "contention"
    other.execute("ROLLBACK")
    other.close()
    assert book.used("20:10:00", heartbeat())["played_today_s"] == 600
    assert book.replayer.store_failed


class Cut:
    """A store that times out after it has written, and is away when it is asked again."""

    def __init__(self, inner):
        self.inner, self.away = inner, False

    def erase(self, key):
        self.inner.erase(key)

    def load(self, key):
        if self.away:
            self.away = False
            raise StoreUnavailable("away")
        return self.inner.load(key)

    def swap(self, key, version, body):
        self.inner.swap(key, version, body)
        self.away = True
        raise OutcomeUnknown("timed out")

    def scan(self, prefix, cursor=None):
        return self.inner.scan(prefix, cursor)


def test_a_line_whose_outcome_nobody_knows_is_not_granted_and_asked_again_counts_once():
    book = Book(Cut(stores.open("memory:")))
    answer = book.tell("12:00:00", buy(4800))
    assert list(answer) == ["id", "error"]
    assert (answer["error"]["code"], answer["error"]["path"]) == ("outcome_unknown", "")
    assert book.used("12:00:00", buy(4800))["spent_month_fen"] == 4800


def test_what_was_counted_but_cannot_be_shown_is_not_said_to_be_unchanged():
    store = stores.open("memory:")
    store.swap("money/cn.game/u1", None, b"?")
    book = Book(store)
    for what in (login(), leave()):
        assert book.tell("20:10:00", what)["error"]["code"] == "outcome_unknown"
    assert book.tell("21:10:00", login())["error"]["code"] == "store_unavailable"


# --- holds ---------------------------------------------------------------------------------------


@pytest.fixture
def held(run, url):
    """A store with three holds, one of them in another scope, and much that is not held."""
    other = {**CHILD, "id": "u0"}
    given = written(
        line("12:00:00", buy(4800, "A1")),
        line("11:00:00", buy(50, "B1"), other),
        *(line("12:01:00", what) for what in (buy(100, "A2"), buy(200, "A3"))),
        *(line("12:02:00", what) for what in (settle("A2"), cancel("A3"), settle("A9", fen=7))),
        line("12:03:00", buy(99_999), ADULT),
    )
    assert run("replay", "--law", "cn.game", "--store", url, given=given).code == OK
    given = written(line("10:00:00", buy(600, "C1")))
    games = ("replay", "--law", "cn.game", "--scope", "games", "--store", url)
    assert run(*games, given=given).code == OK
    return url


A1 = {"person": "u1", "order": "A1", "fen": 4800, "at": f"{FRIDAY}12:00:00+08:00"}
B1 = {"person": "u0", "order": "B1", "fen": 50, "at": f"{FRIDAY}11:00:00+08:00"}
C1 = {"person": "u1", "order": "C1", "fen": 600, "at": f"{FRIDAY}10:00:00+08:00"}


@pytest.mark.parametrize(
    ("where", "listed"),
    [
        (["--law", "cn.game"], [B1, A1]),
        (["--scope", "cn.game"], [B1, A1]),
        (["--scope", "games"], [C1]),
        (["--law", "cn.base"], []),
        ([], [C1, B1, A1]),
    ],
)
def test_holds_lists_what_nobody_has_reported_on_the_oldest_first(run, held, where, listed):
    said = run("holds", "--store", held, "--json", *where)
    assert (said.code, said.err) == (OK, "")
    assert said.answers == listed
    assert [list(one) for one in said.answers] == [list(A1)] * len(listed)


@pytest.mark.parametrize(
    ("lang", "heads"), [("zh", "人员 订单 金额（元） 起始时间"), ("en", "person order yuan since")]
)
def test_holds_are_told_in_words_in_yuan(run, held, lang, heads):
    said = run("holds", "--store", held, "--law", "cn.game", "--lang", lang)
    assert [row.split("\t") for row in said.out.splitlines()] == [
        heads.split(),
        ["u0", "B1", "0.50", "2026-11-20 11:00:00"],
        ["u1", "A1", "48", "2026-11-20 12:00:00"],
    ]


def test_where_nothing_is_held_it_says_so(run):
    for lang, ascii_only in (("zh", False), ("en", True)):
        said = run("holds", "--store", "memory:", "--lang", lang)
        assert (said.code, said.out.isascii(), said.out.count("\n")) == (OK, ascii_only, 1)
    assert run("holds", "--store", "memory:", "--json").out == ""


def test_no_order_writes_to_the_terminal_what_it_wants(run, url):
    name = "\x1b[2J\u202e\t\n单"
    given = written(line("12:00:00", buy(100, name)))
    run("replay", "--law", "cn.game", "--store", url, given=given)
    said = run("holds", "--store", url)
    assert said.out.splitlines()[1].split("\t")[1] == "\\x1b[2J\\u202e\\t\\n单"
    assert run("holds", "--store", url, "--json").answers[0]["order"] == name


def test_more_holds_than_fit_on_a_page_are_all_listed(run, url):
    people = [{**CHILD, "id": f"p{number}"} for number in range(450)]
    given = written(*(line("12:00:00", buy(100), who) for who in people))
    run("replay", "--law", "cn.game", "--store", url, given=given)
    said = run("holds", "--store", url, "--json")
    assert {one["person"] for one in said.answers} == {who["id"] for who in people}
    assert len(said.answers) == 450


@pytest.mark.parametrize(
    "argv", [["--law", "cn.nope"], ["--scope", "a/b"], ["--law", "cn.game", "--scope", "x"]]
)
def test_holds_of_no_such_place_are_a_wrong_usage(run, argv):
    said = run("holds", "--store", "memory:", *argv)
    assert (said.code, said.out) == (USAGE, "")


# --- as a co-process -----------------------------------------------------------------------------


def test_each_answer_is_written_before_the_next_line_is_read(url):
    command = [sys.executable, "-m", "minorguard", "replay", "--law", "cn.game", "--store", url]
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=clean
    ) as told:
        for number, what in product(range(2), (login(), buy(100))):
            told.stdin.write(written(line(f"20:{number}0:00", what)))
            told.stdin.flush()
            assert json.loads(told.stdout.readline())["allowed"] is True
        told.stdin.close()
        assert told.wait() == OK
