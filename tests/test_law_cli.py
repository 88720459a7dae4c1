"""`minorguard law ...` from the shell: list, show, diff and lint."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from minorguard.cli import main

HOUSE = str(Path(__file__).parents[1] / "examples" / "house.toml")
THE_13 = [  # Monday to Thursday of 2021, on which two kits disagree
    *("2021-02-11", "2021-02-15", "2021-02-16", "2021-02-17", "2021-04-05", "2021-05-03"),
    *("2021-05-04", "2021-05-05", "2021-09-20", "2021-10-04", "2021-10-05", "2021-10-06"),
    "2021-10-07",
]


def run(capsys, *argv):
    code = main(["law", *argv])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_laws_and_the_readings_are_listed(capsys):
    code, out, _ = run(capsys, "list", "--lang", "en")

    assert code == 0
    assert "cn.game" in out
    assert "calendar=literal" in out


@pytest.mark.parametrize("query", ["国新出发〔2021〕14号 §1", "14号 第一条", "cn.game.window"])
def test_a_rule_is_found_by_its_article_and_by_its_name(capsys, query):
    code, out, _ = run(capsys, "show", query)

    assert code == 0
    assert "cn.game.window" in out
    assert "第一条" in out


def test_only_what_is_in_force_on_a_day_is_shown(capsys):
    _, out, _ = run(capsys, "show", "cn.game.window", "--at", "2020-01-01", "--json")

    assert "国新出发〔2019〕34号" in out
    assert "国新出发〔2021〕14号" not in out


def test_an_unknown_article_is_a_configuration_error(capsys):
    code, _, err = run(capsys, "show", "国新出发〔1999〕1号")

    assert code == 2
    assert err


def test_the_diff_between_the_readings_shows_the_thirteen_days_and_says_why(capsys):
    argv = ("--at", "2021-09-01", "--to-reading", "calendar=literal", "--year", "2021")
    code, out, _ = run(capsys, "diff", "--law", "cn.game", *argv)
    closed = out[out.index("13天") :]

    assert code == 0
    assert re.findall(r"2021-\d\d-\d\d", closed)[:13] == THE_13
    assert "不是法定节假日" in closed
    assert "国新出发〔2021〕14号" in closed


def test_the_diff_between_two_instants_counts_minutes_a_week(capsys):
    argv = ("--at", "2021-08-31", "--to", "2021-09-01", "--year", "2026")
    code, out, _ = run(capsys, "diff", "--law", "cn.game", *argv, "--lang", "en")

    assert code == 0
    assert "187.6" in out
    assert json.loads(run(capsys, "diff", "--law", "cn.game", *argv, "--json")[1])


def test_the_diff_is_drawn_as_a_heat_map(capsys, tmp_path):
    file = tmp_path / "heat.svg"
    argv = ("--at", "2021-08-31", "--to", "2021-09-01")
    code, _, _ = run(capsys, "diff", "--law", "cn.game", *argv, "--svg", str(file))

    assert code == 0
    assert file.stat().st_size < 60 * 1024
    assert ET.fromstring(file.read_text("utf-8")).tag.endswith("svg")  # noqa: S314 - our own


def test_the_diff_between_law_and_house_names_what_the_house_adds(capsys):
    code, out, _ = run(capsys, "diff", "--law", "cn.game", "--house", HOUSE)

    assert code == 0
    assert "house.daily-cap.caps" in out
    assert "house.evening" not in out


@pytest.mark.parametrize("argv", [(), ("--to", "2021-09-01", "--house", HOUSE)])
def test_a_diff_needs_one_thing_to_compare_with(capsys, argv):
    code, _, err = run(capsys, "diff", "--law", "cn.game", *argv)

    assert code == 2
    assert "--to" in err


def test_lint_names_the_setting_without_effect_and_the_rule_that_is_stricter(capsys):
    code, out, _ = run(capsys, "lint", "--law", "cn.game", "--house", HOUSE)

    assert code == 1
    assert "[无效] evening" in out
    assert "cn.game.window" in out
    assert "[有效] daily-cap" in out
    assert run(capsys, "lint", "--law", "cn.game")[0] == 2


def test_lint_is_content_with_a_house_file_that_only_tightens(capsys, tmp_path):
    file = tmp_path / "house.toml"
    file.write_text('[[rule]]\nid = "cap"\nage = { below = 18 }\ndaily_fen = 100\n', "utf-8")

    assert run(capsys, "lint", "--law", "cn.game", "--house", str(file), "--json")[0] == 0
