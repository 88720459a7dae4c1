"""Which content may be shown to whom, and where: fifty categories, five cells each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .people import Case, Person, Verdict, all_in_force

if TYPE_CHECKING:
    from datetime import datetime

# General audience | prominent slot | pushed to a known minor | minors' mode | minors-only service.
Cells = tuple[str, str, str, str, str]
CELLS = ("general", "prominent", "pushed", "mode", "minors_only")
PROHIBITED: Cells = ("prohibited",) * 5
MAY_AFFECT: Cells = (
    *("prompt-before-display", "not-in-prominent-position", "not to minors"),
    *("not shown", "prohibited"),
)
TEACHING: Cells = ("n/a", "n/a", "prohibited", "prohibited", "prohibited")
ROWS = """
obscenity | Reg 22(1); LPM 50
pornography | Reg 22(1); LPM 50
violence_promo | Reg 22(1); LPM 50
cult | Reg 22(1); LPM 50
superstition | Reg 22(1); LPM 50
gambling | Reg 22(1); LPM 50
self_harm_inducement | Reg 22(1); LPM 50
terrorism | Reg 22(1); LPM 50
separatism | Reg 22(1); LPM 50
extremism | Reg 22(1); LPM 50
other_harmful | Reg 22(1); LPM 50
csam | Reg 22(2); LPM 52
bullying_of_minor | Reg 26(1); LPM 77
crime_incitement | Reg 27
cv_illegal | CVI 10, 15
general_illegal | ECO 6; IIS 15
harmful_ad | LPM 53
fan_support_topic | Reg 45
live_by_minor | LPM 76
"""
MAY_AFFECT_ROWS = """
unsafe_imitation | Reg 23; CLS 3
antisocial | Reg 23; CLS 3
extreme_emotion | Reg 23
bad_habits | Reg 23
sexual_suggestive | CLS 3(1); ECO 7(4)
tobacco_alcohol_tattoo | CLS 3(7)
blind_fandom | CLS 3(9)
irrational_spending | CLS 3(10)
gore_horror | ECO 7(5); CLS 3
risky_stunt | CLS 3
school_misconduct | CLS 3
paid_companionship | CLS 3
wealth_flaunting | CLS 4
negative_values | CLS 4
score_only | CLS 4
distorted_beauty | CLS 4
bad_love_views | CLS 4
pseudo_science | CLS 4
language_abuse | CLS 4
region_discrimination | ECO 7(6); CLS
minor_image_misuse | CLS 5 (category 3)
minor_pi_disclosure | CLS 6 (category 4)
"""


def _rows(text: str, cells: Cells) -> dict[str, tuple[Cells, str]]:
    split = (row.split(" | ") for row in text.strip().splitlines())
    return {category: (cells, source) for category, source in split}


CATEGORIES: dict[str, tuple[Cells, str]] = {
    **_rows(ROWS, PROHIBITED),
    **_rows(MAY_AFFECT_ROWS, MAY_AFFECT),
    "cv_bad": (
        (
            *("prompt-before-display, resist", "prohibited", "not to minors"),
            *("not shown", "prohibited"),
        ),
        "CVI 10, 15; CLS 3(2)",
    ),
    "unsuitable_game": (
        (
            *("neutral (rated)", "neutral (rated)", "not to minors below rating"),
            *("not shown", "not shown"),
        ),
        "Reg 47; LPM 75(3)",
    ),
    "commercial_marketing_profiled": (
        ("neutral (opt-out)", "neutral", "not to minors", "not shown", "prohibited"),
        "Reg 24(3); PIPL 24",
    ),
    "game_link_in_edu": (TEACHING, "LPM 74(3)"),
    "non_teaching_push_in_edu": (TEACHING, "LPM 74(3)"),
    "minor_private_info": (
        ("prompt and stop transmission", *PROHIBITED[1:]),
        "Reg 38; LPM 73",
    ),
    "ai_intimacy": (("neutral", "neutral", *PROHIBITED[2:]), "ANTH 14"),
    "wholesome": (
        (*("neutral (encouraged)",) * 3, "preferred", "preferred"),
        "Reg 21; LPM 65; ECO 5",
    ),
    "ordinary": (("neutral",) * 3 + ("by age band pool", "by age stage"), "Reg 28, 43; Guide"),
}

# DESIGN 5: the prominent slots, the pushed ones, which are those and two more, and the sought.
PROMINENT = ("home_first_screen", "popup", "hot_search", "ranking", "recommendation", "featured")
PUSHED = (*PROMINENT, "feed", "push")
SLOTS = (*PUSHED, "search", "detail")

DUTIES = frozenset({"preserve_evidence", "report_to_authority", "stop_transmission"})

# Minimum ages of foreign labels (games.md 5), rounded up below.
LABELS = {
    "CADPA": {"8+": 8, "12+": 12, "16+": 16},
    "PEGI": {"3": 3, "7": 7, "12": 12, "16": 16, "18": 18},
    "ESRB": {"E": 6, "E10+": 10, "T": 13, "M": 17, "AO": 18},
    "USK": {"0": 0, "6": 6, "12": 12, "16": 16, "18": 18},
    "CERO": {"A": 0, "B": 12, "C": 15, "D": 17, "Z": 18},
}


def rated_age(label: str) -> int:
    """The age for which something is rated, in Chinese bands: 8, 12, 16, or adults only."""
    system, colon, name = label.partition(":")
    age = LABELS[system][name] if colon else LABELS["CADPA"][label]
    return next((band for band in (8, 12, 16) if age <= band), 18)


def treatment(cell: str) -> str | None:
    """What a cell of the table does: the code with which it refuses, or None."""
    if cell == "prohibited":
        return "content_prohibited"
    return "content_restricted" if cell.startswith("not") else None


def cells_for(
    category: str, who: Person, slot: str, *, minors_only: bool, rating: str | None
) -> list[str]:
    """The cells that speak of this viewer and this slot, by their names."""
    found = ["general"]
    if slot in PROMINENT:
        found.append("prominent")
    counts = who.minor or (not who.adult and (who.in_mode or minors_only))
    if slot in PUSHED and counts:
        below = category != "unsuitable_game" or rating is None or who.low < rated_age(rating)
        if below:
            found.append("pushed")
    if who.in_mode:
        found.append("mode")
    if minors_only:
        found.append("minors_only")
    return found


def judge_categories(
    categories: list[str],
    who: Person,
    verdict: Verdict,
    *,
    slot: str = "detail",
    minors_only: bool = False,
    rating: str | None = None,
) -> None:
    """What each category objects, the strictest of its cells, and what has to be done."""
    for category in categories:
        row = dict(zip(CELLS, CATEGORIES[category][0], strict=True))
        names = cells_for(category, who, slot, minors_only=minors_only, rating=rating)
        said = {treatment(row[name]) for name in names}
        if "content_prohibited" in said:
            verdict.codes.add("content_prohibited")
        elif "content_restricted" in said:
            verdict.codes.add("content_restricted")
        elif row["general"].startswith("prompt"):
            verdict.must.add("prompt_before_display")
            if "stop transmission" in row["general"]:  # 条例 38: private information of a minor
                verdict.must.add("stop_transmission")
        if row["general"] == "prohibited":
            verdict.duties |= DUTIES  # 条例 29(1): on finding it
        elif row["prominent"] == "prohibited" and "prominent" in names:
            verdict.may |= DUTIES  # CVI 15 wants them, the design's sentence does not: question 6
        if category == "bullying_of_minor":
            verdict.duties.add("notify_guardian")  # DESIGN 4: crisis and bullying of a minor
        if category == "self_harm_inducement":
            verdict.may.add("notify_guardian")  # is a view of it a crisis? Question 7


def settled(categories: list[str], at: datetime) -> bool:
    """Are all sources of these rows in force?"""
    return all(at.date() >= all_in_force(CATEGORIES[name][1]) for name in categories)


def judge_view(case: Case, verdict: Verdict) -> None:
    """May this be shown?"""
    ask, who = case.ask, case.person(case.at)
    minors_only = ask.get("minors_only_service", False)
    rating = ask.get("rating")
    categories = ask.get("categories", [])
    slot = ask.get("slot") or "detail"
    judge_categories(categories, who, verdict, slot=slot, minors_only=minors_only, rating=rating)
    if rating is not None:
        age = rated_age(rating)
        # An unknown age counts as a minor here only in the mode and in services for minors.
        counts = who.minor or (not who.adult and (who.in_mode or minors_only))
        limits = [who.settings.get("max_rating")]
        limits += [rule.get("max_rating") for rule in case.house_rules(who)]
        too_high = any(age > rated_age(limit) for limit in limits if limit)
        if (counts and who.low < age) or too_high:
            verdict.codes.add("rating_too_high")
    if not settled(categories, case.at):
        verdict.doubts |= {"codes", "missing duties", "other duties"}
    verdict.governed = True if who.minor and rating is not None else None
