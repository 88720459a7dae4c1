"""A year's figures are exact: what was flushed is in the sum once, and nobody's name is."""

import json
import os
import re
from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minorguard import (
    ZONE,
    Ages,
    Cancelled,
    ConsentGranted,
    ConsentRevoked,
    InvalidRequest,
    Left,
    ModeChanged,
    Play,
    Refunded,
    Settled,
    Show,
    Spend,
    Subject,
    Usage,
    law,
)
from minorguard.errors import Contention, OutcomeUnknown, StoreUnavailable
from minorguard.guardians.disclosure import to_markdown, to_text
from minorguard.guardians.figures import Figures, year_of
from minorguard.guardians.tally import (
    BAND_NAMES,
    NOTHING,
    Tally,
    band_of,
    decided,
    from_json,
    to_json,
    told,
    total,
    used,
)
from minorguard.stores.records_memory import MemoryRecords
from minorguard.testing.stores import at_once
from recordkit import DURABLE, RECORDS, Forgetful, opened, told_until_killed
from strategies import few

FRIDAY = datetime(2026, 11, 20, 20, 10, tzinfo=ZONE)
DAY = FRIDAY.date()
GAME = law("cn.game")


def born(years):
    return Subject(f"p-{years}", born=date(2026 - years, 5, 1), identity="verified")


SEVEN, THIRTEEN, FIFTEEN, SEVENTEEN, ADULT = map(born, (7, 13, 15, 17, 40))

names = st.sampled_from(("login.allowed", "played_s", "settled_fen", "mode.on"))
tallies = st.dictionaries(
    st.tuples(st.sampled_from(BAND_NAMES), names), st.integers(1, 10**9), max_size=4
).map(Tally)


# -- bands ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ages", "band"),
    [
        ((0, 1), "0-7"),
        ((7, 8), "0-7"),
        ((8, 9), "8-13"),
        ((13, 14), "8-13"),
        ((14, 15), "14-15"),
        ((15, 16), "14-15"),
        ((16, 17), "16-17"),
        ((17, 18), "16-17"),
        ((18, 19), None),
        ((8, 14), "8-13"),
        ((7, 9), "0-17"),
        ((0, 18), "0-17"),
        ((17, 19), "unknown"),
        ((0, 1000), "unknown"),
    ],
)
def test_each_age_is_in_one_band_and_a_known_adult_in_none(ages, band):
    assert band_of(Ages(*ages)) == band


# -- one event -----------------------------------------------------------------------------------


def test_an_answer_counts_what_was_asked_and_each_reason_once():
    seat = GAME.decide(Play(FIFTEEN, session="s"), at=FRIDAY)
    late = GAME.decide(Play(FIFTEEN, session="s", renewal=True), at=FRIDAY.replace(hour=21))
    deal = GAME.decide(Spend(SEVENTEEN, fen=4800, order="o"), at=FRIDAY)
    look = GAME.decide(Spend(SEVENTEEN, fen=4800), at=FRIDAY)
    small = GAME.decide(Spend(SEVEN, fen=100, order="o"), at=FRIDAY)
    film = GAME.decide(Show(THIRTEEN, rating="16+"), at=FRIDAY)
    seen = total(map(decided, (seat, late, deal, look, small, film)))

    assert seen.of("login.allowed", "14-15") == 1
    assert seen.of("heartbeat.refused", "14-15") == seen.of("heartbeat.refused.outside_window") == 1
    assert seen.of("purchase.allowed", "16-17") == 2
    assert seen.of("held_fen") == seen.of("held_fen", "16-17") == 4800
    assert seen.of("purchase.refused.spend_forbidden", "0-7") == 1
    assert seen.of("show.refused.rating_too_high", "8-13") == 1
    assert seen.of("login.refused") == 0


def test_a_reminder_that_was_named_is_a_reminder_given():
    class Reminding:
        request, at, allowed, reasons = Play(FIFTEEN, session="s"), FRIDAY, True, ()
        obligations = ("remind_rest", "show_age_rating")

    seen = decided(Reminding())
    assert (seen.of("duty.remind_rest", "14-15"), seen.of("duty.show_age_rating")) == (1, 1)


def test_a_known_adult_counts_nothing_and_who_may_be_a_minor_counts():
    assert decided(GAME.decide(Play(ADULT, session="s"), at=FRIDAY)) == NOTHING
    assert told(ModeChanged(ADULT, on=True), at=FRIDAY) == NOTHING
    assert told(ModeChanged(Subject("x"), on=True), at=FRIDAY).of("mode.on", "unknown") == 1


@pytest.mark.parametrize("reading", ["day_after_birthday", "on_birthday"])
def test_the_band_follows_the_reading_on_the_birthday_itself(reading):
    birthday = Subject("x", born=date(2012, 11, 20))

    band = {"day_after_birthday": "8-13", "on_birthday": "14-15"}[reading]
    assert told(ModeChanged(birthday, on=True), at=FRIDAY, reading=reading).of("mode.on", band) == 1


@pytest.mark.parametrize(
    ("fact", "fen", "counts"),
    [
        (Settled(FIFTEEN, "o", fen=600), None, {"settled": 1, "settled_fen": 600}),
        (Settled(FIFTEEN, "o"), 600, {"settled": 1, "settled_fen": 600}),
        (Cancelled(FIFTEEN, "o"), None, {"cancelled": 1}),
        (Cancelled(FIFTEEN, "o"), 600, {"cancelled": 1, "cancelled_fen": 600}),
        (Refunded(FIFTEEN, "o", fen=900), 300, {"refunded": 1, "refunded_fen": 300}),
        (ModeChanged(FIFTEEN, on=True), None, {"mode.on": 1}),
        (ModeChanged(FIFTEEN, on=False), None, {"mode.off": 1}),
        (ConsentGranted(FIFTEEN, "live_host"), None, {"consent.granted.live_host": 1}),
        (ConsentRevoked(FIFTEEN, "live_host"), None, {"consent.revoked.live_host": 1}),
        (Left(FIFTEEN, session="s"), None, {}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_fact_counts_once_and_money_by_what_moved_now(fact, fen, counts):
    assert told(fact, at=FRIDAY, fen=fen).counts == {("14-15", n): c for n, c in counts.items()}


@pytest.mark.parametrize(
    "fact", [Settled(FIFTEEN, "o"), Refunded(FIFTEEN, "o", fen=9), "paid", None]
)
def test_money_whose_amount_nobody_says_and_what_is_no_fact_are_invalid(fact):
    with pytest.raises(InvalidRequest, match="fact"):
        told(fact, at=FRIDAY)


def test_a_day_of_play_counts_its_seconds_and_its_person_once():
    seen = used(FIFTEEN, Usage(played_today_s=3000), at=FRIDAY)

    assert seen.counts == {("14-15", "played_s"): 3000, ("14-15", "played_people_days"): 1}
    assert used(FIFTEEN, Usage(), at=FRIDAY) == NOTHING


# -- sums ----------------------------------------------------------------------------------------


@given(st.lists(tallies, max_size=6), st.randoms(use_true_random=False), st.integers(0, 6))
def test_a_sum_knows_no_order_and_no_grouping(parts, dice, cut):
    shuffled = dice.sample(parts, len(parts))

    assert total(shuffled) == total(parts)
    assert total(parts[:cut]) + total(parts[cut:]) == total(parts)
    assert total(parts) + NOTHING == total(parts)


@given(tallies)
def test_a_tally_comes_back_from_a_record_as_it_was(tally):
    assert from_json(json.loads(json.dumps(to_json(tally)))) == tally


@pytest.mark.parametrize(
    "content", [{"99": {"mode.on": 1}}, {"0-7": {"mode.on": 0}}, {"0-7": {"mode.on": 1.0}}]
)
def test_what_is_no_tally_is_not_read(content):
    with pytest.raises(ValueError, match="no tally"):
        from_json(content)


# -- what is kept --------------------------------------------------------------------------------


def one(count=1, name="mode.on"):
    return Tally({("8-13", name): count})


@pytest.fixture(params=RECORDS)
def records(request, tmp_path):
    with opened(request.param, tmp_path) as store:
        yield store


def test_a_year_is_the_sum_of_its_days_and_workers_and_of_no_other_year(records):
    for worker in ("w1", "w2"):
        figures = Figures(records, worker)
        for day in (date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1)):
            figures.add(one(), day)
        figures.flush()
        figures.flush()

    assert year_of(records, 2026) == one(4)
    assert year_of(records, 2027) == one(2)
    assert year_of(records, 2025) == NOTHING


def test_what_was_not_flushed_is_not_in_the_sum(records):
    figures = Figures(records, "w1")
    figures.add(one(), DAY)
    assert year_of(records, 2026) == NOTHING

    figures.flush()
    figures.add(one(), DAY)
    assert year_of(records, 2026) == one()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9), st.booleans()), max_size=20))
@few(60)
def test_however_it_is_divided_into_workers_and_flushes_the_sum_is_the_same(events):
    records = MemoryRecords()
    workers = {name: Figures(records, "w" if name in "ab" else "v") for name in "abc"}
    for name, count, flush in events:
        workers[name].add(one(count), DAY)
        if flush:
            workers[name].flush()
    for figures in workers.values():
        figures.flush()

    count = sum(count for _, count, _ in events)
    assert year_of(records, 2026) == (one(count) if count else NOTHING)


@pytest.mark.parametrize("name", RECORDS)
def test_sixteen_threads_and_many_workers_of_one_name_lose_and_double_nothing(name, tmp_path):
    with opened(name, tmp_path) as records, opened(name, tmp_path) as other:
        stores = (records, records if name == "memory" else other)
        shared = Figures(records, "shared")

        def work(number):
            mine = Figures(stores[number % 2], "shared")
            for n in range(6):
                (mine if n % 2 else shared).add(one(), DAY)
                again(mine.flush)
                again(shared.flush)

        at_once(work)
        assert year_of(records, 2026) == one(16 * 6)


def again(call):
    while True:
        try:
            return call()
        except (Contention, OutcomeUnknown):
            continue


@given(st.integers(0, 2**32), st.lists(st.integers(1, 5), min_size=1, max_size=12))
@few(60)
def test_a_flush_of_which_nobody_knows_is_counted_once(seed, counts):
    records = Forgetful(seed)
    workers = [Figures(records, "w") for _ in range(2)]
    for n, count in enumerate(counts):
        workers[n % 2].add(one(count), DAY)
        workers[n % 2].flush()

    assert year_of(records, 2026) == one(sum(counts))


class Down(MemoryRecords):
    """A store that is not there until somebody says so."""

    up = False

    def get(self, kind, record_id):
        if not self.up:
            raise StoreUnavailable("down")
        return super().get(kind, record_id)


def test_what_a_failed_flush_had_in_hand_is_counted_by_the_next(records):
    down = Down()
    figures = Figures(down, "w")
    for n in range(3):
        figures.add(one(), DAY + n * timedelta(days=1))
        with pytest.raises(StoreUnavailable):
            figures.flush()
    down.up = True
    figures.add(one(), DAY)
    figures.flush()

    assert year_of(down, 2026) == one(4)
    assert year_of(records, 2026) == NOTHING


def test_a_pass_that_begins_again_under_its_own_name_counts_once(records):
    for _ in range(3):  # it crashed twice after its flush
        figures = Figures(records, "nightly", instance="played")
        figures.add(one(3000, "played_s"), DAY)
        figures.flush()

    assert year_of(records, 2026) == one(3000, "played_s")


def test_a_child_of_a_fork_counts_its_own_and_not_its_parents(tmp_path):
    with opened("sqlite", tmp_path) as records:
        figures = Figures(records, "w")
        figures.add(one(10), DAY)
        if (child := os.fork()) == 0:
            try:
                figures.add(one(1), DAY)
                figures.flush()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert year_of(records, 2026) == one(1)
        figures.flush()

        assert year_of(records, 2026) == one(11)


def count(records, number, tell):
    """Adds 1 and flushes; says before it begins and when it is done."""
    figures = Figures(records, "shared")
    while True:
        figures.add(one(), DAY)
        tell("begun", str(number))
        again(figures.flush)
        tell("done", str(number))


@pytest.mark.parametrize("name", DURABLE)
def test_kill_nine_loses_at_most_what_was_added_since_the_last_flush_that_returned(name, tmp_path):
    for turn in range(8):
        folder = tmp_path / f"turn{turn}"
        folder.mkdir()
        lines = told_until_killed(name, folder, count, workers=3, lines_wanted=5 + 13 * turn)
        said = Counter(word for word, _ in lines)
        with opened(name, folder) as records:
            kept = year_of(records, 2026).of("mode.on")

        assert said["done"] <= kept <= said["begun"]
        assert said["begun"] - said["done"] <= 3


def test_a_broken_record_is_an_error_and_never_a_smaller_sum():
    records = MemoryRecords()
    figures = Figures(records, "w")
    figures.add(one(), DAY)
    figures.flush()
    (record,) = records.list("figures").records
    for at in range(len(record.body)):
        body = bytearray(record.body)
        body[at] ^= 4
        broken = MemoryRecords()
        broken.append("figures", record.id, group=record.group, state="counted", body=bytes(body))
        with pytest.raises(StoreUnavailable):
            year_of(broken, 2026)


def test_no_person_is_in_what_is_kept():
    records = MemoryRecords()
    figures = Figures(records, "w")
    secret = Subject("p-secret", born=date(2012, 5, 1), identity="verified")
    for event in (
        decided(GAME.decide(Play(secret, session="s-secret"), at=FRIDAY)),
        told(Settled(secret, "o-secret", fen=1), at=FRIDAY),
        used(secret, Usage(played_today_s=9), at=FRIDAY),
    ):
        figures.add(event, DAY)
    figures.flush()

    kept = b"".join(record.id.encode() + record.body for record in records.list("figures").records)
    seen = year_of(records, 2026)
    texts = to_text(2026, seen), to_markdown(2026, seen), repr(seen)
    assert b"secret" not in kept
    assert not any("secret" in text for text in texts)


@pytest.mark.parametrize("year", [0, 10_000, True, "2026", None])
def test_what_is_no_year_is_invalid(year):
    with pytest.raises(InvalidRequest):
        year_of(MemoryRecords(), year)


@pytest.mark.parametrize(("worker", "instance"), [("", None), ("a b", None), ("w", "a/b")])
def test_what_can_be_no_worker_is_invalid(worker, instance):
    with pytest.raises(InvalidRequest):
        Figures(MemoryRecords(), worker, instance=instance)


# -- what is published ---------------------------------------------------------------------------

YEAR = Tally(
    {
        ("8-13", "played_s"): 5430,
        ("14-15", "played_s"): 3600,
        ("8-13", "settled_fen"): 123_456_705,
        ("8-13", "login.refused"): 1200,
        ("8-13", "login.refused.outside_window"): 1200,
        ("14-15", "consent.granted.live_host"): 2,
        ("unknown", "mode.on"): 3,
    }
)


def test_the_table_has_a_column_for_each_band_that_was_met_and_a_sum():
    assert to_markdown(2026, YEAR, "zh") == (
        "# 2026年度未成年人防沉迷工作情况\n\n"
        "《未成年人网络保护条例（国务院令第766号）》第四十二条\n\n"
        "| 项目 | 合计 | 8-13岁 | 14-15岁 | 年龄不详 |\n"
        "| --- | ---: | ---: | ---: | ---: |\n"
        "| 游戏或使用时长 | 2 小时 30 分 | 1 小时 30 分 | 1 小时 0 分 | 0 小时 0 分 |\n"
        "| 登录拒绝次数 | 1,200 | 1,200 | 0 | 0 |\n"
        "| 登录拒绝次数 `outside_window` | 1,200 | 1,200 | 0 | 0 |\n"
        "| 支付成功金额 | 1,234,567.05 元 | 1,234,567.05 元 | 0.00 元 | 0.00 元 |\n"
        "| 进入未成年人模式次数 | 3 | 0 | 0 | 3 |\n"
        "| 监护人同意 `live_host` | 2 | 0 | 2 | 0 |\n"
    )


def test_the_english_table_has_no_chinese_but_the_name_of_the_law():
    text = to_markdown(2026, YEAR, "en")

    assert "| time played | 2 h 30 min | 1 h 30 min | 1 h 0 min | 0 h 0 min |" in text
    assert re.findall(r"[^\x00-\x7f].*", text) == [
        "《未成年人网络保护条例（国务院令第766号）》第四十二条"
    ]


@given(tallies)
def test_the_json_has_the_same_numbers_and_the_table_a_row_for_each(tally):
    content = json.loads(to_text(2026, tally))

    assert content["year"] == 2026
    assert from_json(content["bands"]) == tally
    assert content["all"] == {name: tally.of(name) for name in tally.names}
    for lang in ("zh", "en"):
        rows = [line for line in to_markdown(2026, tally, lang).splitlines() if line[:1] == "|"]
        assert len(rows) == 2 + len(tally.names)
        assert len({row.count("|") for row in rows}) == 1
