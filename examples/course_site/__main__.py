"""A course page, lessons and comments, told line by line: ``python examples/course_site``."""

import sys
from argparse import ArgumentParser
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from courses import CourseSite

from minorguard import ZONE, Decision, Lesson, Page, Subject, law
from minorguard.content import ReviewConflict
from minorguard.content.page import lint_page
from minorguard.errors import MissingExtra

options = ArgumentParser(prog="course_site", description="a course site with a review queue")
options.add_argument("--lang", choices=("zh", "en"), default="zh")
lang = options.parse_args().lang
sys.stdout.reconfigure(encoding="utf-8")
site = CourseSite(law("cn.course"))


def on(time: str) -> datetime:
    """A time of that Friday, as the site's clock says it."""
    return datetime.fromisoformat(f"2026-11-20T{time}").replace(tzinfo=ZONE)


def say(zh: str, en: str) -> None:
    print(zh if lang == "zh" else en)


def tell(at: datetime, zh: str, en: str, answer: Decision | None = None) -> None:
    """What happens when, and what the guard answered: in words, with the articles."""
    say(f"{at:%H:%M}  {zh}", f"{at:%H:%M}  {en}")
    if answer is not None:
        first, *rest = answer.explain(lang).splitlines()
        print(f"       {'✓' if answer else '✗'} {first}", *(why.code for why in answer.reasons))
        for line in rest:
            print(f"         {line}")
        for duty in answer.obligations:
            print(f"       → {duty}")


# -- the page -------------------------------------------------------------------------------------

say("== 课程页面", "== The course page")
page = Page(
    course_reviewed=True,
    comments="publish_then_review",
    nonprofit=True,
    charges_fen=1990,
    ads=(False,),  # one advertisement, which has nothing to do with learning
    popups=("shop",),
    links=("learning", "game"),
)
at = on("15:00")
tell(
    at,
    "编辑提交公益课第 7 课",
    "The editors submit lesson 7, a free one",
    site.may_publish(page, at),
)
page = replace(
    page, comments="review_then_publish", charges_fen=0, ads=(), popups=(), links=("learning",)
)
at = on("15:30")
tell(at, "改好以后", "After the corrections", site.may_publish(page, at))

say("\n== 保存下来的网页 lesson.html", "\n== The page as it was saved, lesson.html")
try:
    found = lint_page(
        Path(__file__).with_name("lesson.html").read_bytes(),
        course_reviewed=True,
        law=site.guard.law,
        at=at,
    )
except MissingExtra as missing:
    say(f"跳过：{missing}", f"Left out: {missing}")
else:
    for one in found.findings:
        if one.code:
            print(f"{one.line:5}: {one.code}  {one.why(lang)}  {one.about}".rstrip())

# -- lessons --------------------------------------------------------------------------------------

say("\n== 学科类线上培训", "\n== Online training in a school subject")
for zh, en, lesson in (
    ("19:00，30 分钟", "19:00, 30 minutes", Lesson(starts=on("19:00"), minutes=30)),
    (
        "19:35，45 分钟，只休息 5 分钟",
        "19:35, 45 minutes, after a break of 5",
        Lesson(starts=on("19:35"), minutes=45, break_before_min=5),
    ),
    ("20:40，30 分钟", "20:40, 30 minutes", Lesson(starts=on("20:40"), minutes=30)),
    (
        "20:40，30 分钟，围棋",
        "20:40, 30 minutes, the game of Go",
        Lesson(starts=on("20:40"), minutes=30, training="other"),
    ),
):
    tell(at, f"排课：{zh}", f"Planned: {en}", site.may_schedule(lesson, at))

# -- comments -------------------------------------------------------------------------------------

say("\n== 评论：先审后发", "\n== Comments: reviewed, then published")
LESSON = "lesson-7"
xiaomei = Subject("xiaomei", born=date(2013, 5, 1), identity="phone")


def readers(time: str) -> None:
    """What anybody sees below the lesson."""
    seen = "  ".join(f"“{one.text}”" for one in site.comments(LESSON))
    tell(on(time), f"读者看到：{seen or '（无）'}", f"Readers see: {seen or '(nothing)'}")


at = on("19:31")
answer = site.comment("c-1", xiaomei, LESSON, "老师，第三步为什么变号？", at)
tell(at, "小美（13 岁）提问", "Xiaomei, thirteen, asks", answer)
xiaomei = replace(xiaomei, consents=frozenset({"pi_processing"}))
at = on("19:33")
answer = site.comment("c-1", xiaomei, LESSON, "老师，第三步为什么变号？", at)
tell(at, "监护人同意处理个人信息以后", "Her guardian consents to the use of her data", answer)
site.comment("c-2", xiaomei, LESSON, "加我，电话 00000000", on("19:34"))
readers("19:35")

first, second = site.next("mod-1", on("19:36")), site.next("mod-2", on("19:36"))
tell(on("19:36"), "两位审核员各取一条", "Two moderators take one each")
try:
    site.approve(first, "mod-2", on("19:37"))
except ReviewConflict as conflict:
    desk = conflict.there.claim.by
    tell(on("19:37"), f"mod-2 想审 c-1：在 {desk} 手里", f"mod-2 tries c-1: it is {desk}'s")
site.approve(first, "mod-1", on("19:38"))
site.reject(second, "mod-2", "不要公开电话号码。", on("19:38"))
readers("19:39")
tell(on("19:39"), "小美看到：", "Xiaomei sees:")
for mine in site.mine(xiaomei):
    print(f"       {mine.id} {mine.state} {mine.reason}".rstrip())

site.queue.edit(
    "c-1", author="xiaomei", text="第三步为什么变号？（已懂）", revision=1, at=on("19:50")
)
tell(on("19:50"), "小美改了提问，要重新审核", "Xiaomei edits: it waits for review anew")
readers("19:51")
site.approve(site.next("mod-1", on("19:55")), "mod-1", on("19:56"))
readers("19:57")
say("       谁在何时做了什么：", "       Who did what, and when:")
for step in site.queue.item("c-1").steps:
    print(f"       {step.at:%H:%M} {step.step} {step.by} ({step.revision})")
