"""The prompt stands where the measures say, and nothing is sent on without one."""

from datetime import datetime, timedelta
from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minorguard import ZONE
from minorguard.content import prompt, transmission
from minorguard.content.labels import KINDS, MANNERS, MEDIA, SPOTS, TEXT_CHARS_MAX, WHY, WORDS
from minorguard.errors import InvalidRequest
from strategies import few

NOW = datetime(2026, 11, 20, 12, tzinfo=ZONE)
SETS = [set(some) for some in chain.from_iterable(combinations(SPOTS, n) for n in range(9))]

# mode.md section 5, "Prompt (8)", written out: medium -> what is enough by itself.
ENOUGH = {
    "text": [{"start"}, {"middle"}, {"end"}, {"ui"}],
    "audio": [{"start"}, {"middle"}, {"end"}, {"ui"}],
    "image": [{"in_image"}, {"ui"}],
    "video": [{"start_frame", "around_player"}, {"ui"}],
    "virtual_scene": [{"start_frame"}],
}


@pytest.mark.parametrize("medium", ENOUGH)
def test_a_prompt_is_enough_exactly_where_the_measures_say(medium):
    warning = prompt(medium, at=NOW)
    assert warning.provenance == "notice"
    for placed in SETS:
        wanted = any(way <= placed for way in ENOUGH[medium])
        assert (not warning.missing(placed)) == wanted
        assert transmission(warning, placed).allowed == wanted


def test_a_video_has_its_prompt_in_the_first_frame_and_around_the_player():
    warning = prompt("video", at=NOW)
    assert warning.missing({"start_frame"}) == {"around_player"}
    assert warning.missing({"start_frame", "middle", "end"}) == {"around_player"}
    assert warning.may_add == {"middle", "end"}


def test_sound_may_be_spoken_or_a_rhythm():
    assert {"voice", "rhythm"} <= set(prompt("audio", at=NOW).forms)


def test_where_the_measures_name_no_medium_the_way_is_called_practice():
    for medium in ("live", "other"):
        assert prompt(medium, at=NOW).provenance == "practice"
    assert prompt("live", at=NOW).missing({"start_frame"}) == {"around_player"}


@given(st.sampled_from(MEDIA), st.sets(st.sampled_from(SPOTS)), st.sets(st.sampled_from(SPOTS)))
@few(300)
def test_more_places_never_forbid_and_the_missing_ones_suffice(medium, placed, more):
    warning = prompt(medium, at=NOW)
    assert bool(transmission(warning, placed)) <= bool(transmission(warning, placed | more))
    assert transmission(warning, placed | warning.missing(placed)).allowed
    assert warning.missing(placed).isdisjoint(placed)


# -- when ----------------------------------------------------------------------------------------


def test_the_places_are_in_force_from_march_2026_and_any_obvious_place_before():
    march = datetime(2026, 3, 1, tzinfo=ZONE)
    before = prompt("video", at=march - timedelta(seconds=1))
    after = prompt("video", at=march)
    assert transmission(before, {"start_frame"}).allowed
    assert not transmission(after, {"start_frame"}).allowed
    assert not transmission(before, set()).allowed
    assert [c.article for c in before.citations] == ["第五十一条", "第二十三条"]
    assert [c.article for c in after.citations] == ["第五十一条", "第二十三条", "第八条"]
    assert before.provenance == "practice"


def test_the_regulation_is_cited_from_2024_and_the_statute_from_june_2021():
    old = prompt("text", at=datetime(2023, 12, 31, 23, 59, 59, tzinfo=ZONE))
    assert [c.article for c in old.citations] == ["第五十一条"]
    assert [c.article for c in transmission(old, set()).citations] == ["第八十条第一款"]
    new = prompt("text", at=datetime(2024, 1, 1, tzinfo=ZONE))
    articles = [c.article for c in transmission(new, set()).citations]
    assert articles == ["第八十条第一款", "第二十九条第二款"]
    with pytest.raises(InvalidRequest):
        prompt("text", at=datetime(2021, 5, 31, 23, 59, 59, tzinfo=ZONE))


# -- unlabelled: prompt or notify, else do not transmit ------------------------------------------


@pytest.mark.parametrize("medium", MEDIA)
def test_what_has_no_prompt_is_not_sent_on_whoever_was_told(medium):
    warning = prompt(medium, at=NOW)
    fresh, told = transmission(warning, ()), transmission(warning, (), notified=True)
    assert not fresh
    assert not told
    assert fresh.todo == ("add_prompt", "notify_user")
    assert told.todo == ("add_prompt",)
    assert fresh.missing
    assert transmission(warning, SPOTS).todo == ()


# -- the words -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_words_are_one_short_line_in_either_language(lang):
    for kind in (None, *KINDS):
        text = prompt("text", at=NOW, kind=kind, lang=lang).text
        assert text.isprintable()
        assert text.startswith(WORDS[lang])
        assert len(text) <= 160
        assert text.isascii() == (lang == "en")
    assert len({WHY[lang][kind] for kind in KINDS}) == 4


def test_a_platform_may_say_it_in_its_own_words():
    own = "本视频含有危险动作，请勿模仿！"
    assert prompt("video", at=NOW, own_text=own).text == own
    for wrong in ("", " ", "a\nb", "x" * (TEXT_CHARS_MAX + 1), "\u202eabc", 7):
        with pytest.raises(InvalidRequest):
            prompt("video", at=NOW, own_text=wrong)


def test_what_is_unknown_is_refused():
    for wrong in (
        {"medium": "smell"},
        {"lang": "fr"},
        {"kind": "x"},
        {"at": datetime(2026, 11, 20, 12)},  # noqa: DTZ001 - naive on purpose
    ):
        with pytest.raises(InvalidRequest):
            prompt(**({"medium": "text", "at": NOW} | wrong))
    with pytest.raises(InvalidRequest):
        prompt("text", at=NOW).missing({"sky"})


def test_every_medium_has_a_manner_and_every_way_a_spot():
    assert set(MANNERS) == set(MEDIA)
    for manner in MANNERS.values():
        assert all(way and way <= set(SPOTS) for way in manner.ways)
        assert manner.may_add <= set(SPOTS)
