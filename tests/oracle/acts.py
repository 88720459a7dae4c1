"""What the law answers to one request line, of whatever kind, under whatever packs.

Slow and plain: every rule is looked at, whatever the others said. Nothing here was read in the
library; where the texts leave a choice, the choice is named beside the line that makes it.
"""

from __future__ import annotations

from datetime import datetime

from . import content, toggles
from .hours import at_night, game_open, guide_in_force, judge_play, second_of
from .people import IN_FORCE, Case, Line, Person, Verdict, ages_of
from .play import in_china
from .sums import judge_sum

NINE_S = 21 * 3600
EVERYBODY = Person(18, 19)  # the general audience
ALONE = ("not_covered", "identity_required", "identity_pending")


def judge(
    line: Line,
    named: tuple[str, ...],
    readings: dict[str, str] | None = None,
    house: tuple[Line, ...] = (),
) -> Verdict:
    """The answer to a request line."""
    case = Case(line, named, readings or {}, house)
    verdict = Verdict()
    if not case.covered(case.at):
        verdict.codes = {"not_covered"}
        verdict.governed = False
        _empty(case, verdict)
        return verdict
    JUDGES[case.ask["kind"]](case, verdict)
    for alone in ALONE:
        if alone in verdict.codes:
            verdict.codes = {alone}
    return verdict


def _empty(case: Case, verdict: Verdict) -> None:
    kind = case.ask["kind"]
    if kind in ("login", "heartbeat"):
        judge_play(case, verdict)
        verdict.governed = False
        verdict.must.clear()
    elif kind in ("purchase", "gift"):
        verdict.remaining_fen = 0


def judge_feature(case: Case, verdict: Verdict) -> None:
    """May this feature be used?"""
    feature, who = case.ask["feature"], case.person(case.at)
    toggle = toggles.TOGGLES[feature]
    verdict.codes |= toggles.objections(feature, who, case)
    if feature == "game_play" and not who.adult and not game_open(case, case.at):
        verdict.doubts.add("codes")  # the row names hours, and no code: question 2
    if feature == "game_guest_mode" and who.adult and who.identity != "verified":
        verdict.doubts |= {"codes", "governed"}  # "unverified users", but a known adult: question 3
    if feature == "live_host":
        verdict.must.add("verify_host_identity")
    if feature == "post_content":
        verdict.may.add("review_before_publish")
    own = feature in (who.settings.get("features") or {}) or any(
        feature in rule.get("features", {}) for rule in case.house_rules(who)
    )
    verdict.governed = None if own else toggles.governs(toggle, who)
    if toggle.scope == "minors' mode":
        verdict.doubts.add("governed")  # question 5
    if not toggles.settled(feature, case.at):
        verdict.doubts |= {"codes", "governed"}


def judge_post(case: Case, verdict: Verdict) -> None:
    """May this be published?"""
    who = case.person(case.at)
    verdict.codes |= toggles.objections("post_content", who, case)
    if "cn.course" in case.laws:  # 2020: 先审后发, whatever the place and whoever writes
        verdict.must.add("review_before_publish")
    _labels(case, who, verdict)
    verdict.governed = None if who.adult else True
    if not toggles.settled("post_content", case.at):
        verdict.doubts |= {"codes", "governed"}


def judge_message(case: Case, verdict: Verdict) -> None:
    """May this be written to that person?"""
    who, to = case.person(case.at), case.ask["to"]
    verdict.codes |= toggles.objections("instant_messaging", who, case)
    low, high = ages_of(to, case.at.date(), case.reading("age_attainment"))
    recipient = Person(low, high)
    accepts = to.get("accepts")
    if accepts is None:
        accepts = "all" if recipient.adult else "nobody" if recipient.low < 8 else "friends"
    if accepts == "nobody" or (accepts == "friends" and case.ask.get("stranger", False)):
        verdict.codes.add("recipient_shielded")
    _labels(case, who, verdict, recipient)
    verdict.may.add("review_before_publish")
    verdict.governed = None if who.adult else True
    for feature in ("instant_messaging", "accept_messages_from"):
        if not toggles.settled(feature, case.at):
            verdict.doubts |= {"codes", "governed"}


def _labels(case: Case, who: Person, verdict: Verdict, to: Person = EVERYBODY) -> None:
    """What is written is content: for everybody, or sent to a known minor, which 条例 25 bars."""
    labels = case.ask.get("labels", [])
    slot = "push" if to.minor else "detail"
    content.judge_categories(labels, to if to.minor else EVERYBODY, verdict, slot=slot)
    companion = "cn.ai" in case.laws and case.at.date() >= IN_FORCE["ANTH"]
    if "self_harm_inducement" in labels and companion and not who.adult:
        verdict.duties.add("notify_guardian")  # ANTH 13
    if not content.settled(labels, case.at):
        verdict.doubts |= {"codes", "missing duties", "other duties"}


def judge_page(case: Case, verdict: Verdict) -> None:
    """May this page of a course be shown?"""
    ask, who = case.ask, case.person(case.at)
    verdict.governed = ask.get("for_minors", True) or who.minor
    if not verdict.governed:
        return
    if not ask["course_reviewed"]:
        verdict.codes.add("course_unreviewed")
    if ask["ads"]:  # LPM 74(3): any, though it were about learning
        verdict.codes.add("ads_forbidden")
    if any(popup["leads_to"] != "learning" for popup in ask["popups"]):
        verdict.codes.add("popup_forbidden")
    if any(link["leads_to"] == "game" for link in ask["links"]):
        verdict.codes.add("game_link_forbidden")
    if ask["comments"] == "publish_then_review":
        verdict.codes.add("comments_need_review")
    if ask["nonprofit"] and (ask["charges_fen"] or ask["ads"]):
        verdict.codes.add("nonprofit_commercialised")
    verdict.may.add("review_before_publish")


def judge_lesson(case: Case, verdict: Verdict) -> None:
    """May this lesson be held? 双减 2021: 30 minutes, 10 between, none after 21:00."""
    ask = case.ask
    verdict.governed = ask.get("training", "subject_compulsory") == "subject_compulsory"
    if not verdict.governed:
        return
    if ask["minutes"] > 30:
        verdict.codes.add("lesson_too_long")
    pause = ask.get("break_before_min")
    if pause is not None and pause < 10:
        verdict.codes.add("break_too_short")
    starts = in_china(datetime.fromisoformat(ask["starts"]))
    if second_of(starts) + ask["minutes"] * 60 > NINE_S:
        verdict.codes.add("outside_window")


def judge_pk(case: Case, verdict: Verdict) -> None:
    """May another PK begin in this room? TIP 6: two in [20:00, 22:00)."""
    who = case.person(case.at)
    if "cn.live" not in case.laws or case.at.year < 2024:
        verdict.governed = False
        verdict.doubts |= {"codes", "governed"}  # is a PK elsewhere covered, as a use? Question 1
        return
    verdict.governed = True
    if 20 <= case.at.hour < 22 and case.usage.get("counts", {}).get("pk_window", 0) >= 2:
        verdict.codes.add("count_cap_exceeded")
    if who.low < 16:
        verdict.codes.add("age_too_low")


def judge_mode(case: Case, verdict: Verdict) -> None:
    """May the mode be entered or left?"""
    ask, who = case.ask, case.person(case.at)
    kept = who.in_mode or who.minor  # toggle `minors_mode`, 条例 43: "exit: guardian verification"
    verdict.governed = None if ask["on"] else kept
    if not guide_in_force(case.at):
        verdict.doubts |= {"codes", "governed"}
    if ask["on"] or not kept:
        return
    if not ask.get("guardian_verified", False):
        verdict.codes.add("guardian_verification_required")
    minor = who.minor or (who.in_mode and not who.adult)
    if "cn.live" in case.laws and at_night(case.at) and minor:
        verdict.codes.add("outside_window")  # TIP 6: no way into normal mode


JUDGES = {
    **dict.fromkeys(("login", "heartbeat"), judge_play),
    **dict.fromkeys(("purchase", "gift"), judge_sum),
    "feature": judge_feature,
    "view": content.judge_view,
    "post": judge_post,
    "message": judge_message,
    "page": judge_page,
    "lesson": judge_lesson,
    "pk": judge_pk,
    "mode": judge_mode,
}
