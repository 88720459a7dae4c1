"""What the documents show is what the library does."""

import re
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from minorguard.cli import main

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "README.zh-CN.md"]


def blocks(page, language):
    text = (ROOT / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_the_program_on_the_page_prints_what_the_page_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # its store is a file
    printed = StringIO()
    with redirect_stdout(printed):
        for example in Sybil([PythonCodeBlockParser()]).parse(ROOT / page).examples():
            example.evaluate()

    assert blocks(page, "text")[0] == printed.getvalue()


def sessions(page):
    """Every command of the page's consoles with the output shown below it."""
    for block in blocks(page, "console"):
        for session in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = session.partition("\n")
            yield command, shown.splitlines()


def shows(shown, printed):
    """Whether the lines shown are those printed; a line … stands for any, … in one for the rest."""
    if not shown:
        return not printed
    first, *rest = shown
    if first == "…":
        return any(shows(rest, printed[skip:]) for skip in range(len(printed) + 1))
    if not printed:
        return False
    pieces = ".*".join(map(re.escape, first.split("…")))
    return re.fullmatch(pieces, printed[0]) is not None and shows(rest, printed[1:])


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_on_the_page_print_what_the_page_says(page, tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    told = list(sessions(page))
    assert len(told) >= 9
    for command, shown in told:
        script = command.replace("minorguard ", f"{sys.executable} -m minorguard ")
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            encoding="utf-8",
        )
        assert not done.stderr, command
        assert shows(shown, done.stdout.splitlines()), (command, done.stdout)
    assert {"play-2026.svg", "play-2026.ics"} <= {file.name for file in tmp_path.iterdir()}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_picture_on_the_page_is_the_one_that_the_library_draws(lang, tmp_path):
    file = tmp_path / "year.svg"
    argv = ["2026", "--age", "14", "--law", "cn.game", "--lang", lang, "--svg", str(file)]
    assert main(["calendar", *argv]) == 0

    kept = ROOT / "docs" / "img" / f"play-calendar-2026.{lang}.svg"
    assert kept.read_text("utf-8") == file.read_text("utf-8")


def test_both_pages_show_the_same_programs_and_commands():
    for language in ("python", "text", "console"):
        assert blocks(PAGES[0], language) == blocks(PAGES[1], language)
    headings = [re.findall(r"^## ", (ROOT / p).read_text("utf-8"), re.MULTILINE) for p in PAGES]
    assert len(headings[0]) == len(headings[1])


def test_the_evening_of_the_demo_is_told_to_its_end():
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "evening" / "evening.py"],
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )

    marks = [line[0] for line in done.stdout.splitlines() if line[0] in "✓✗"]
    assert "".join(marks) == "✗✓✓✗✓✗✗✗✓"
    assert "国新出发〔2021〕14号" in done.stdout


def test_the_table_of_rules_articles_and_cases_is_the_one_that_is_made():
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "law" / "make.py"],
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )

    assert (ROOT / "docs" / "law" / "README.md").read_text("utf-8") == done.stdout


def test_the_table_leads_from_an_article_to_its_line():
    table = (ROOT / "docs" / "law" / "README.md").read_text("utf-8")
    [name, line] = re.findall(r"国新出发〔2021〕14号）? 第一条.*?\[(cn/game\.toml):(\d+)\]", table)[
        0
    ]
    lines = (ROOT / "src" / "minorguard" / "packs" / name).read_text("utf-8").splitlines()

    assert lines[int(line) - 1].strip() == "effective_from = 2021-09-01"
    assert "国新出发〔2021〕14号 §1" in "".join(lines[int(line) - 4 : int(line)])
