"""What the printed examples claim: each is one command, run by a user from an empty folder."""

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"

GIFTS_2022 = "《关于规范网络直播打赏 加强未成年人保护的意见（中央文明办等四部门，2022年5月7日）》"
NRTA_2020 = "（广电发〔2020〕78号）》第六项"
MINORS_LAW = "《中华人民共和国未成年人保护法（2020年修订，2024年修正）》"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What an example printed, once for each and language, in an empty folder that stays empty."""
    kept = {}

    def run(name, lang, *, without=()):
        if (name, lang, without) not in kept:
            folder = tmp_path_factory.mktemp("empty")
            hidden = "import sys; sys.modules.update(dict.fromkeys(sys.argv.pop(1).split(',')));"
            as_main = "import runpy; sys.argv.pop(0); runpy.run_path(sys.argv[0], None, '__main__')"
            start = ["-c", hidden + as_main, ",".join(without)] if without else []
            done = subprocess.run(
                [sys.executable, "-W", "error", *start, EXAMPLES / name, "--lang", lang],
                cwd=folder,
                capture_output=True,
                check=False,
                encoding="utf-8",
                env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "ascii"},
            )
            assert (done.returncode, done.stderr) == (0, "")
            assert not list(folder.iterdir())
            kept[name, lang, without] = done.stdout.splitlines()
        return kept[name, lang, without]

    return run


def scene(lines, heading):
    """The lines of one scene: from its heading to the next one."""
    start = next(n for n, line in enumerate(lines) if line == f"== {heading}")
    ends = (n for n, line in enumerate(lines[start + 1 :], start + 1) if line.startswith("== "))
    return [line for line in lines[start + 1 : next(ends, len(lines))] if line]


def answers(lines):
    """Each answer of a scene: the mark, and the codes that stand after its first words."""
    marked = (line.split() for line in lines if line.strip()[:1] in {"✓", "✗"})
    return [" ".join([mark, *(w for w in words if "_" in w)]) for mark, *words in marked]


def at(lines, words):
    """The paragraph of what happens at the line that has these words: up to the next time."""
    start = next(n for n, line in enumerate(lines) if words in line)
    rest = lines[start + 1 :]
    ends = (n for n, line in enumerate(rest) if re.match(r"(\d\d-\d\d )?\d\d:\d\d  ", line))
    return "\n".join([lines[start], *rest[: next(ends, len(rest))]])


FACTS = "《[^；;\n]*", "[a-z]+_[a-z_.]+", "[✓✗→]", r"¥\d+", r"^(?:\d\d-\d\d )?\d\d:\d\d"
"""Articles, codes and ids, marks, sums, times: what no language changes."""


@pytest.mark.parametrize("name", ["live_room", "course_site", "shelf.py"])
def test_both_languages_tell_the_same_answers_under_the_same_articles(name, told):
    zh, en = ("\n".join(told(name, lang)) for lang in ("zh", "en"))
    for fact in FACTS:
        found = re.findall(fact, zh, re.MULTILINE)
        assert found == re.findall(fact, en, re.MULTILINE)
    assert zh != en


# -- a live-streaming back end -----------------------------------------------------------------


def test_gifts_are_confirmed_from_half_of_the_cap_on_and_a_minor_gives_none(told):
    gifts = scene(told("live_room", "zh"), "打赏")
    assert answers(gifts) == [
        "✓",
        "✓",
        "✓",
        "✗ daily_cap_exceeded single_cap_exceeded",
        "✗ gift_forbidden",
    ]
    assert "confirm_payment" not in at(gifts, "老王打赏 ¥520")
    assert "confirm_payment" in at(gifts, "老王再打赏 ¥480")
    assert "confirm_payment" in at(gifts, "老王又打赏 ¥500")
    assert "老王今天共计 ¥1000" in at(gifts, "19:52")  # what nobody confirmed is given back
    minor = at(gifts, "小雨")
    assert GIFTS_2022 in minor
    assert NRTA_2020 in minor


def test_a_host_is_sixteen_has_consent_and_is_the_one_before_the_camera(told):
    hosts = scene(told("live_room", "zh"), "主播")
    assert answers(hosts) == ["✗ age_too_low", "✗ consent_required", "✓", "✗ identity_required"]
    assert f"{MINORS_LAW}第七十六条" in at(hosts, "小雨")
    assert "verify_host_identity" in at(hosts, "监护人同意以后")
    assert "✗" in at(hosts, "镜头前是别人")


def test_the_third_pk_of_the_peak_hours_is_refused_and_ten_o_clock_is_no_peak_hour(told):
    contests = scene(told("live_room", "zh"), "连麦 PK")
    assert answers(contests) == ["✓", "✓", "✗ count_cap_exceeded", "✓"]
    assert f"{GIFTS_2022}二、6" in at(contests, "第 3 次 PK")


def test_the_mode_is_shut_at_ten_and_no_guardian_opens_it(told):
    night = scene(told("live_room", "zh"), "未成年人模式的 22 时")
    assert answers(night) == ["✓", "✗ outside_window", "✗ outside_window"]
    assert night[0].startswith("11-20 21:40  ")
    assert at(night, "强制下线").startswith("11-20 22:00  ")
    assert "2026-11-21 周六 06:00" in at(night, "强制下线")
    assert f"{GIFTS_2022}二、6" in at(night, "要退出模式")


def test_a_guardians_claim_is_served_first_and_is_decided_on_what_the_law_said(told):
    claim = "\n".join(scene(told("live_room", "en"), "A refund claim"))
    for order, time, paid in (("F1", "14:05", 648), ("F2", "14:20", 198), ("F3", "21:10", 50)):
        file = f"{order} 11-14 {time} ¥{paid} settled: to the account's owner ✓, to the child (13, "
        assert f"{file}capacity limited) ✗ gift_forbidden" in claim
    assert f"{GIFTS_2022}二、1" in claim
    assert claim.index("Wang claims G1") < claim.index("father claims")
    assert "The next claim: C-2, minors first" in claim
    assert "Decided: partly_granted" in claim
    assert re.findall(r"(F\d): ¥(\d+) went back", claim) == [
        ("F1", "648"),
        ("F2", "198"),
        ("F3", "0"),
    ]
    assert re.findall(r"(\w+) → (\w+) \((\S+)\)", claim) == [
        ("submitted", "submitted", "father"),
        ("taken", "reviewing", "clerk-2"),
        ("decided", "partly_granted", "clerk-2"),
    ]


# -- a course site -----------------------------------------------------------------------------

PAGE_CODES = [
    "ads_forbidden",
    "comments_need_review",
    "game_link_forbidden",
    "nonprofit_commercialised",
    "popup_forbidden",
]


def test_a_course_page_hears_all_that_is_wrong_with_it_at_once(told):
    page = scene(told("course_site", "zh"), "课程页面")
    assert answers(page) == [" ".join(["✗", *PAGE_CODES]), "✓"]
    assert f"{MINORS_LAW}第七十四条第三款" in at(page, "编辑提交公益课")


def test_the_saved_page_is_wrong_in_the_same_five_ways_each_on_its_line(told):
    pytest.importorskip("justhtml", reason="the extra pages is not installed")
    found = scene(told("course_site", "zh"), "保存下来的网页 lesson.html")
    places = [re.match(r" *(\d+): (\w+)  ", line) for line in found]
    html = (EXAMPLES / "course_site" / "lesson.html").read_text("utf-8").splitlines()
    assert sorted({place[2] for place in places}) == PAGE_CODES
    said = {place[2]: html[int(place[1]) - 1] for place in places}
    assert 'class="banner ad"' in said["ads_forbidden"]
    assert "小游戏" in said["game_link_forbidden"]
    assert "¥19.90" in said["nonprofit_commercialised"]
    assert "<script>" in said["popup_forbidden"]


def test_without_the_extra_the_saved_page_is_left_out_and_said_to_be(told):
    story = told("course_site", "en", without=("justhtml",))
    found = scene(story, "The page as it was saved, lesson.html")
    assert found[0].startswith("Left out: ")
    assert "minorguard[pages]" in found[0]
    assert answers(scene(story, "Comments: reviewed, then published"))[-1] == "✓"


def test_a_lesson_is_short_has_a_break_before_it_and_is_over_by_nine(told):
    lessons = scene(told("course_site", "zh"), "学科类线上培训")
    assert answers(lessons) == [
        "✓",
        "✗ break_too_short lesson_too_long",
        "✗ outside_window",
        "✓",
    ]
    assert "围棋" in lessons[-2]  # no school subject


def test_readers_see_a_comment_only_while_its_wording_is_approved(told):
    comments = scene(told("course_site", "en"), "Comments: reviewed, then published")
    assert answers(comments) == ["✗ consent_required", "✓"]
    assert "→ review_before_publish" in at(comments, "Her guardian consents")
    seen = [line for line in comments if "Readers see" in line]
    assert seen == [
        "19:35  Readers see: (nothing)",
        "19:39  Readers see: “老师，第三步为什么变号？”",
        "19:51  Readers see: (nothing)",
        "19:57  Readers see: “第三步为什么变号？（已懂）”",
    ]


def test_the_author_reads_the_reason_and_the_history_names_who_and_when(told):
    comments = scene(told("course_site", "zh"), "评论：先审后发")
    assert "       c-1 approved" in comments
    assert "       c-2 rejected 不要公开电话号码。" in comments
    assert "19:37  mod-2 想审 c-1：在 mod-1 手里" in comments
    assert [line.strip() for line in comments[-4:]] == [
        "19:33 submitted xiaomei (1)",
        "19:38 approved mod-1 (1)",
        "19:50 edited xiaomei (2)",
        "19:56 approved mod-1 (2)",
    ]


# -- a shelf -----------------------------------------------------------------------------------

# Twelve genres go round the five slots: forty titles each, and five more of the first four.
OF = [45, 45, 45, 45, *[40] * 8]
MAY_AFFECT = "blind_fandom language_abuse risky_stunt tobacco_alcohol_tattoo wealth_flaunting"


def shelf(lines, viewer):
    """How many are shown, behind a prompt and not; by slot; and how many fall to each rule."""
    head, slots, *reasons = scene(lines, viewer)
    rules = (re.match(r" +(\d+) × (\w+) \((\S+)\)$", line) for line in reasons)
    return (
        [int(number) for number in re.findall(r"\d+", head)],
        [int(number) for number in re.findall(r"\d+", slots)],
        {m[3].removeprefix("cn.base."): int(m[1]) for m in rules if m},
    )


def test_the_child_finds_what_may_affect_minors_only_by_looking_for_it(told):
    # 8+ and unrated alone: six genres; of those with a category, the sought half behind a prompt.
    numbers, slots, rules = shelf(told("shelf.py", "en"), "a child of ten")
    neutral, seeking = OF[0] + OF[2], 3 * 16
    assert numbers == [neutral + seeking, seeking, 500 - neutral - seeking]
    assert slots == [18, 18, 18, 18 + 24, 18 + 24]
    assert rules == {
        "rating": OF[1] + OF[3] + 4 * 40,
        "content.cv_illegal": 40,
        **{f"content.{name}": 24 for name in MAY_AFFECT.split()},
    }


def test_in_the_mode_nothing_is_prompted_for_because_none_of_it_is_shown(told):
    numbers, slots, rules = shelf(told("shelf.py", "en"), "a teenager of fifteen in the mode")
    assert numbers == [sum(OF[:4]), 0, 500 - sum(OF[:4])]
    assert slots == [36] * 5
    assert rules == {
        "rating": 3 * 40,  # 16+ and foreign
        "content.cv_illegal": 40,
        **{f"content.{name}": 40 for name in MAY_AFFECT.split()},
    }


def test_the_adult_meets_it_everywhere_but_in_prominent_slots_and_harm_nowhere(told):
    numbers, slots, rules = shelf(told("shelf.py", "en"), "an adult")
    shown = sum(OF[:6]) + 5 * 24
    assert numbers == [shown, 5 * 24, 500 - shown]
    assert slots == [52, 52, 92, 92, 92]
    assert rules == {
        "content.cv_illegal": 40,
        **{f"content.{name}": 16 for name in MAY_AFFECT.split()},
    }


def test_every_reason_on_the_shelf_comes_with_an_article_and_the_time_is_a_ratio(told):
    lines = told("shelf.py", "zh")
    for reason, article in pairwise(lines):
        if " × " in reason:
            assert article.strip().startswith("《")
    assert re.fullmatch(r"判定一部作品的耗时约为判定一次登录的 \d+\.\d 倍。", lines[-1])
