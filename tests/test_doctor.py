"""``minorguard doctor``: the laws, the calendar, the plain interfaces, the store, as they are."""

import json
from datetime import date, datetime

import pytest

from minorguard import ZONE
from minorguard.cli import doctor, main
from minorguard.identity.nppa_places import OTHER_HOST
from minorguard.packs import KNOWN_LAWS


def found(capsys, *options):
    code = main(["doctor", "--json", *options])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


class Clock(datetime):
    """A day on which somebody asks."""

    today_is = date(2026, 6, 1)

    @classmethod
    def now(cls, tz=None):
        return datetime.combine(cls.today_is, datetime.min.time(), tz)


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(doctor, "datetime", Clock)
    return Clock


def test_each_law_is_named_with_its_digest(capsys):
    _, lines = found(capsys)

    laws = [line["message"] for line in lines if line["check"] == "law"]
    assert len(laws) == len(KNOWN_LAWS)
    assert all("sha256:" in message for message in laws)


def test_the_interfaces_of_the_real_name_system_that_are_plain_http_are_named(capsys):
    _, lines = found(capsys, "--lang", "en")

    named = [line["message"] for line in lines if line["check"] == "nppa"]
    assert len(named) == 2
    assert all(OTHER_HOST in message for message in named)


@pytest.mark.parametrize(
    ("day", "state"),
    [
        (date(2026, 6, 1), "ok"),
        (date(2026, 10, 25), "ok"),
        (date(2026, 10, 26), "warning"),
        (date(2027, 3, 1), "warning"),
    ],
)
def test_holidays_that_are_not_known_sixty_days_ahead_are_a_warning(day, state, capsys, clock):
    clock.today_is = day
    code, lines = found(capsys)

    assert [line["state"] for line in lines if line["check"] == "calendar"] == [state]
    assert code == 0


def test_a_store_that_is_set_up_safely_is_well(capsys, tmp_path):
    code, lines = found(capsys, "--store", f"sqlite:////{str(tmp_path).lstrip('/')}/minors.db")

    assert (code, lines[-1]["state"]) == (0, "ok")


@pytest.mark.parametrize("url", ["nowhere://", "sqlite:////"])
def test_a_store_that_cannot_be_used_is_a_fault(url, capsys):
    code, lines = found(capsys, "--store", url)

    assert (code, lines[-1]["state"]) == (1, "fault")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_it_speaks_both_languages(lang, capsys):
    assert main(["doctor", "--lang", lang]) == 0
    assert capsys.readouterr().out.startswith("ok    law: cn.base")


def test_the_law_s_clock_is_the_one_that_is_asked(clock):
    assert clock.now(ZONE).utcoffset().total_seconds() == 8 * 3600
