"""`explain` and `features`: answers in words, and the table of what is open."""

import json
from datetime import date, datetime

import pytest

from minorguard import ZONE, GuardianSettings, Subject, Use, law
from minorguard.cli import main
from minorguard.core.citation import PROVENANCES
from minorguard.packs.tables import features

KEYS = ["id", "enabled", "value", "changeable_by", "basis", "citations"]
AT = datetime(2026, 11, 18, 15, tzinfo=ZONE)


def table(capsys, *argv):
    assert main(["features", "--law", "cn.game", "--json", *argv]) == 0
    rows = json.loads(capsys.readouterr().out)
    return {row["id"]: row for row in rows}


@pytest.fixture
def line(tmp_path):
    file = tmp_path / "one.json"
    file.write_text(
        '{"at":"2026-11-18T15:00:00+08:00","subject":{"born":"2012-05-01",'
        '"identity":"verified"},"ask":{"kind":"login"}}\n',
        "utf-8",
    )
    return file


def test_one_request_is_explained_under_the_official_title(capsys, line):
    assert main(["explain", str(line), "--law", "cn.game"]) == 0

    said = capsys.readouterr().out.splitlines()
    assert said[0] == "防沉迷提示"
    assert "若要获准：等到2026-11-20 周五 20:00。" in said


def test_it_is_explained_in_english_too(capsys, line):
    assert main(["explain", str(line), "--law", "cn.game", "--lang", "en"]) == 0

    assert "wait until 2026-11-20 Fri 20:00" in capsys.readouterr().out


def test_a_line_that_cannot_be_judged_is_not_explained(capsys, tmp_path):
    file = tmp_path / "bad.json"
    file.write_text("{}", "utf-8")

    assert main(["explain", str(file), "--law", "cn.game"]) == 1
    assert "at: is required" in capsys.readouterr().err


def test_a_line_without_a_law_needs_one_named(capsys, line):
    assert main(["explain", str(line)]) == 2
    assert "--law" in capsys.readouterr().err


def test_every_row_has_the_keys_of_the_contract_and_an_id_of_the_catalogue(capsys):
    rows = table(capsys, "--age", "12", "--at", "2026-11-18T15:00:00+08:00")

    assert list(rows) == sorted(rows)
    assert set(rows) <= set(features())
    for row in rows.values():
        assert list(row) == KEYS
        assert row["citations"]
        assert row["basis"] in PROVENANCES


def test_what_statute_closes_nobody_may_open(capsys):
    rows = table(capsys, "--age", "12", "--at", "2026-11-18T15:00:00+08:00")

    for closed in ("game_account_trade", "personalized_marketing", "game_guest_mode"):
        assert (rows[closed]["enabled"], rows[closed]["changeable_by"]) == (False, [])
    assert rows["complaint_channel"]["enabled"]


def test_ages_are_reached_two_days_ago(capsys):
    for age, reads in (("7", True), ("8", False), ("17", False)):
        rows = table(capsys, "--age", age, "--at", "2026-11-18T15:00:00+08:00")
        assert rows["guardian_reads_messages"]["enabled"] is reads
    adult = table(capsys, "--age", "18", "--at", "2026-11-18T15:00:00+08:00")
    assert adult["game_account_trade"]["enabled"]
    assert adult["game_account_trade"]["citations"]
    assert not adult["fan_support_community"]["enabled"]


def test_an_edition_not_yet_in_force_closes_nothing(capsys):
    rows = table(capsys, "--age", "12", "--at", "2023-12-31T23:59:59+08:00")

    assert rows["game_account_trade"]["enabled"]


def test_the_table_is_for_people_too(capsys):
    assert main(["features", "--law", "cn.game", "--age", "12", "--mode", "on"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split("\t") == ["功能", "名称", "开放", "值", "谁可更改", "依据"]
    assert any(line.startswith("game_account_trade\t游戏账号租售\t✗") for line in lines)
    assert any(line.startswith("daily_time_limit\t每日时长\t✓\t3600\tguardian") for line in lines)


@pytest.mark.parametrize("argv", [["--at", "yesterday"], ["--age", "-1"], ["--age", "1e3"]])
def test_a_table_for_nobody_is_a_usage_error(capsys, argv):
    base = ["features", "--law", "cn.game", "--age", "12"]
    try:
        code = main([*base, *argv])
    except SystemExit as stopped:
        code = stopped.code

    assert code == 2
    assert capsys.readouterr().err


def test_a_right_of_the_child_is_no_setting_of_the_guardian():
    settings = GuardianSettings(features={"complaint_channel": False})
    child = Subject("p", born=date(2012, 5, 1), guardian=settings)
    rows = {row.id: row for row in law("cn.game").features_of(child, at=AT)}
    decision = law("cn.game").decide(Use(child, "complaint_channel"), at=AT)

    assert rows["complaint_channel"].enabled
    assert decision.overreach == ("features.complaint_channel",)
