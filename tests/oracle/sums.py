"""May this be paid, or tipped, and how much would pass? In fen; caps are inclusive."""

from __future__ import annotations

from datetime import date

from .hours import game_open, identity_gate
from .people import COVERS, Case, Line, Person, Verdict, house_ages

PERIODS = ("single_fen", "daily_fen", "monthly_fen")
CODES = {
    "single_fen": "single_cap_exceeded",
    "daily_fen": "daily_cap_exceeded",
    "monthly_fen": "monthly_cap_exceeded",
}
# NPPA 2019 §3: single and month, of [8,16) and [16,18).
GAME_CAPS = (((8, 16), 5000, 20000), ((16, 18), 10000, 40000))
GRADED_SINCE = date(2026, 4, 13)  # the notice on tipping, as far as it is known
DAILY_CAP_SINCE = 2024  # 条例 44
NO_NUMBER = frozenset({"cn.live", "cn.video", "cn.social", "cn.ai", "cn.course"})


def house_caps(case: Case, who: Person) -> list[Line]:
    """The house rules whose caps count on this kind of payment of this person."""
    kind = case.ask["kind"]
    return [r for r in case.house_rules(who) if r.get("ask", kind) == kind]


def configured(case: Case, who: Person, period: str) -> bool:
    """Has the house set this cap for every age that the person may have?"""
    last = who.high if who.adult else min(who.high, 18)
    bounds = [house_ages(r) for r in house_caps(case, who) if period in r]
    return all(any(a <= age < b for a, b in bounds) for age in range(who.low, last))


def caps(case: Case, who: Person) -> list[tuple[str, int]]:
    """Every cap that binds this payment."""
    found: list[tuple[str, int]] = []
    if case.ask["kind"] == "purchase" and "cn.game" in case.laws:
        for band, single, month in GAME_CAPS:
            if who.meets(*band):
                found += [("single_fen", single), ("monthly_fen", month)]
    for rule in (who.settings, *house_caps(case, who)):
        found += [(key, rule[key]) for key in PERIODS if rule.get(key) is not None]
    return found


def judge_sum(case: Case, verdict: Verdict) -> None:
    """May this payment or tip go through?"""
    who = case.person(case.at)
    kind = case.ask["kind"]
    if kind == "gift" and who.identity != "verified":
        verdict.codes = {"identity_required"}
    elif kind == "purchase":
        verdict.codes |= identity_gate(case, who)
    _governed(case, who, verdict)
    if verdict.codes:
        verdict.remaining_fen = 0
        return
    closed = _closed_tip(case, who) if kind == "gift" else _closed_purchase(case, who)
    verdict.codes |= closed
    verdict.codes |= _switched_off(case, who)
    silenced = closed & {"spend_forbidden", "gift_forbidden"}
    if not silenced:
        _count(case, who, verdict)
    _house_must_say(case, who, verdict, silenced=bool(silenced))
    others = verdict.codes - set(CODES.values()) - {"outside_window"}
    if others:
        verdict.remaining_fen = 0
    else:
        room = [limit - _spent(case, period) for period, limit in caps(case, who)]
        verdict.remaining_fen = max(0, min(room)) if room else None


def _switched_off(case: Case, who: Person) -> set[str]:
    """Toggles `purchase` and `tipping`: a guardian or the house may tighten."""
    return case.switched_off("tipping" if case.ask["kind"] == "gift" else "purchase", who)


def _spent(case: Case, period: str) -> int:
    keys = {"daily_fen": "spent_today_fen", "monthly_fen": "spent_month_fen"}
    return case.usage.get(keys[period], 0) if period in keys else 0


def _count(case: Case, who: Person, verdict: Verdict) -> None:
    fen: int = case.ask["fen"]
    for period, limit in caps(case, who):
        if _spent(case, period) + fen > limit:
            verdict.codes.add(CODES[period])


def _closed_tip(case: Case, who: Person) -> set[str]:
    """Who may not tip at all (TIP 1), or only with consent (the 2026 notice, as graded)."""
    codes: set[str] = set()
    if who.in_mode:
        codes.add("gift_forbidden")  # TIP 3: no tipping function in the mode, whoever is in it
    if who.adult:
        return codes
    graded = case.reading("tips") == "graded_2026" and case.at.date() >= GRADED_SINCE
    if not graded or who.meets(0, 8) or who.meets(16, 18):
        codes.add("gift_forbidden")
    if graded and who.meets(8, 16) and "tipping" not in who.consents:
        codes.add("consent_required")
    return codes


def tops_up(case: Case) -> bool:
    """Is it a top-up for tipping? In live streaming it is, unless the line says otherwise."""
    meant = case.ask.get("for") or ("tipping" if "cn.live" in case.laws else "other")
    live = case.laws & {"cn.live", "cn.video", "cn.social"}
    return meant == "tipping" and bool(live) and case.at.date() >= COVERS["cn.live"][0]


def _closed_purchase(case: Case, who: Person) -> set[str]:
    codes: set[str] = set()
    # CC 20: under 8 nobody pays. TIP 1, 3: no minor tops up for tipping, and nobody in the mode.
    if who.meets(0, 8) or (tops_up(case) and (not who.adult or who.in_mode)):
        codes.add("spend_forbidden")
    window = "cn.game" in case.laws and case.reading("purchase_window") == "window"
    if window and not who.adult and not game_open(case, case.at):
        codes.add("outside_window")
    return codes


def _house_must_say(case: Case, who: Person, verdict: Verdict, *, silenced: bool) -> None:
    gift = case.ask["kind"] == "gift"
    needed = PERIODS if gift else PERIODS[:2]
    if gift:
        _confirm(case, who, verdict)
    missing = not all(configured(case, who, period) for period in needed)
    if who.adult:
        verdict.never_degraded.add("daily_cap_not_configured")
        if gift:
            _tip_caps(verdict, missing=missing)
        return
    late = case.at.year >= DAILY_CAP_SINCE
    if missing and case.laws & NO_NUMBER and not silenced and late:
        verdict.codes.add("cap_not_configured")
    if not gift and "cn.game" in case.laws and not silenced:
        told = late and not configured(case, who, "daily_fen")
        said = verdict.degraded if told else verdict.never_degraded
        said.add("daily_cap_not_configured")


def _tip_caps(verdict: Verdict, *, missing: bool) -> None:
    if not missing:
        verdict.never_degraded.add("tip_caps_not_configured")
    elif verdict.allowed:
        verdict.degraded.add("tip_caps_not_configured")


def _confirm(case: Case, who: Person, verdict: Verdict) -> None:
    """NRTA 6: at half of the day's or the month's cap, the tipper confirms."""
    if {"daily_fen", "monthly_fen"} & who.settings.keys():
        verdict.may.add("confirm_payment")  # is a guardian's number a configured cap?
    for rule in house_caps(case, who):
        for period in PERIODS[1:]:
            if period in rule and 2 * (_spent(case, period) + case.ask["fen"]) >= rule[period]:
                verdict.must.add("confirm_payment")


def _governed(case: Case, who: Person, verdict: Verdict) -> None:
    if not who.adult or any(set(PERIODS) & rule.keys() for rule in house_caps(case, who)):
        verdict.governed = True
    elif case.ask["kind"] == "purchase":
        verdict.governed = who.in_mode and tops_up(case)
