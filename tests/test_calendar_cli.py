"""The command line draws: a picture, a feed, a table."""

from xml.etree import ElementTree as ET

import icalendar
import pytest

from minorguard.cli import main

ASK = ("calendar", "2026-02", "--age", "12", "--law", "cn.game")


def test_a_picture_is_written_to_a_file(tmp_path, capsys):
    file = tmp_path / "二月.svg"

    assert main([*ASK, "--svg", str(file)]) == 0
    assert capsys.readouterr().out == ""
    assert ET.fromstring(file.read_bytes()).get("role") == "img"  # noqa: S314 - our own


def test_a_feed_is_written_with_the_line_ends_of_the_rfc(tmp_path):
    file = tmp_path / "play.ics"

    assert main([*ASK, "--ics", str(file), "--lang", "en"]) == 0
    assert file.read_bytes().count(b"\r\n") == file.read_bytes().count(b"\n")
    assert len(icalendar.Calendar.from_ical(file.read_bytes()).events) == 15


@pytest.mark.parametrize("form", ["--svg", "--ics"])
def test_a_picture_goes_to_standard_output_too(capfdbinary, form):
    assert main([*ASK, form, "-"]) == 0
    assert capfdbinary.readouterr().out.startswith((b"<?xml", b"BEGIN:VCALENDAR\r\n"))


@pytest.mark.parametrize("form", ["--svg", "--ics"])
def test_a_file_that_cannot_be_written_is_said_in_one_line(tmp_path, capsys, form):
    assert main([*ASK, form, str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_one_form_at_a_time():
    with pytest.raises(SystemExit) as stopped:
        main([*ASK, "--json", "--svg", "x.svg"])
    assert stopped.value.code == 2


def test_a_terminal_is_drawn_on_in_colour(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)

    assert main(ASK) == 0
    assert "15✓休" in capsys.readouterr().out


def test_a_terminal_without_rich_gets_the_plain_table(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.delitem(__import__("sys").modules, "minorguard.render.rich", raising=False)
    monkeypatch.setitem(__import__("sys").modules, "rich", None)
    monkeypatch.setitem(__import__("sys").modules, "rich.columns", None)

    assert main(ASK) == 0
    assert "15✓休" in capsys.readouterr().out
