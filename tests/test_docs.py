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

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "README.zh-CN.md"]


def blocks(page, language):
    text = (ROOT / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_the_program_on_the_page_prints_what_the_page_says(page):
    printed = StringIO()
    with redirect_stdout(printed):
        for example in Sybil([PythonCodeBlockParser()]).parse(ROOT / page).examples():
            example.evaluate()

    assert blocks(page, "text")[0] == printed.getvalue()


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_on_the_page_run(page, tmp_path):
    [_, commands] = blocks(page, "sh")
    script = commands.replace("minorguard ", f"{sys.executable} -m minorguard ")

    done = subprocess.run(
        ["bash", "-euc", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert '"outside_window"' in done.stdout


def test_both_pages_show_the_same_programs_and_commands():
    assert blocks(PAGES[0], "python") == blocks(PAGES[1], "python")
    assert len(blocks(PAGES[0], "sh")) == len(blocks(PAGES[1], "sh"))


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
