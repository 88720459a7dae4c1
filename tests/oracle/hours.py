"""May somebody be there now, until when, and when next: windows and quotas, minute by minute."""

from __future__ import annotations

from datetime import datetime, timedelta

from .people import IN_FORCE, SECTORS, Case, Person, Verdict
from .play import NOTICE_2021, announced, holiday, playable

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
HORIZON = timedelta(days=400)
HOUR_S = 3600

# What closes or opens in a day by law: 8, 20, 21 and 22 o'clock in games, 22 and 6 in the mode.
LEGAL_EDGES_S = (0, 6 * HOUR_S, 8 * HOUR_S, 20 * HOUR_S, 21 * HOUR_S, 22 * HOUR_S)

REST_S = 1800  # the Guide: more than 30 minutes without a break
AI_REST_S = 7200  # ANTH 18: more than two hours, everybody


def second_of(at: datetime) -> int:
    """Seconds since midnight."""
    return at.hour * HOUR_S + at.minute * 60 + at.second


def clock_s(said: str) -> int:
    """``"HH:MM"`` in seconds; ``"24:00"`` ends a day."""
    hours, minutes = said.split(":")
    return int(hours) * HOUR_S + int(minutes) * 60


def within(windows: list[list[str]], at: datetime) -> bool:
    """Is it in one of the hours? They are half-open."""
    return any(clock_s(a) <= second_of(at) < clock_s(b) for a, b in windows)


def at_night(at: datetime) -> bool:
    """Is it night: [22:00, 06:00)?"""
    return at.hour >= 22 or at.hour < 6


def guide_in_force(at: datetime) -> bool:
    """Has the Guide been published? Before it a mode was wanted, but nobody said what it does."""
    return at.date() >= IN_FORCE["Guide"]


def mode_binds(case: Case, who: Person) -> bool:
    """Do total and night of the mode bind? In games they do not: the play rule is stricter."""
    return who.in_mode and bool(case.laws & (SECTORS - {"cn.game"}))


def exempt(case: Case, who: Person) -> bool:
    """Is it outside the limits of the mode: filed education, emergency, guardian?"""
    return mode_binds(case, who) and case.ask.get("exempt") is not None


def game_open(case: Case, at: datetime) -> bool:
    """Does the game notice in force let a minor play at this hour?"""
    if at.date() < NOTICE_2021:
        return 8 <= at.hour < 22
    return at.hour == 20 and playable(at.date(), case.reading("calendar"))


def windows_open(case: Case, at: datetime) -> bool:
    """Are all hours open that bind this person at this instant?"""
    who = case.person(at)
    if "cn.game" in case.laws and not who.adult and not game_open(case, at):
        return False
    if mode_binds(case, who) and at_night(at):
        if "cn.live" in case.laws:  # TIP 6: no exemption of any kind
            return False
        if not who.settings.get("night_allowed") and not exempt(case, who):
            return False
    guardian = who.settings.get("windows")
    if guardian is not None and not within(guardian, at):
        return False
    return all(within(rule["windows"], at) for rule in case.house_rules(who) if "windows" in rule)


def quotas_s(case: Case, at: datetime) -> list[int]:
    """The seconds that each quota in force gives to the day of this instant."""
    who = case.person(at)
    found: list[int] = []
    minutes = who.settings.get("daily_minutes")
    in_game = "cn.game" in case.laws
    if in_game and not who.adult and at.date() < NOTICE_2021:
        found.append(3 * HOUR_S if holiday(at.date(), case.reading("calendar")) else 90 * 60)
    if mode_binds(case, who):
        if not exempt(case, who):
            # Of whoever may be under 16, or an adult: the strictest band.
            total = 3600 if who.low < 16 or who.high > 18 else 7200
            found.append(total if minutes is None else minutes * 60)
        if in_game and minutes is not None:
            found.append(minutes * 60)  # in a game it is a quota like any other
    elif minutes is not None:
        found.append(minutes * 60)
    found += [r["daily_minutes"] * 60 for r in case.house_rules(who) if "daily_minutes" in r]
    return found


def time_codes(case: Case, at: datetime, played_s: int) -> set[str]:
    """What objects to being there at this instant, once so much was used on its day."""
    codes = set() if windows_open(case, at) else {"outside_window"}
    if any(played_s >= quota for quota in quotas_s(case, at)):
        codes.add("quota_exhausted")
    return codes


def edges_s(case: Case) -> list[int]:
    """The seconds of a day at which an answer may change."""
    said = list((case.person(case.at).guardian or {}).get("windows") or ())
    for rule in case.house:
        said += rule.get("windows", ())
    clocks = {clock_s(clock) for pair in said for clock in pair} - {24 * HOUR_S}
    return sorted({*LEGAL_EDGES_S, *clocks})


def closes_at(case: Case) -> datetime | None:
    """The first instant from now on at which some window is shut; None: none within days."""
    midnight = case.at.replace(hour=0, minute=0, second=0)
    for day in range(4):
        for second in edges_s(case):
            at = midnight + day * DAY + timedelta(seconds=second)
            if at > case.at and not windows_open(case, at):
                return at
    return None


def next_open(case: Case) -> datetime | None:
    """The first instant at which the same request would be allowed, within 400 days."""
    midnight = case.at.replace(hour=0, minute=0, second=0)
    for day in range(HORIZON.days + 1):
        for second in edges_s(case):
            at = midnight + day * DAY + timedelta(seconds=second)
            if not case.at < at <= case.at + HORIZON:
                continue
            played_s = case.usage.get("played_today_s", 0) if day == 0 else 0
            if not play_codes(case, at, played_s):
                return at
    return None


def play_codes(case: Case, at: datetime, played_s: int) -> set[str]:
    """All that objects to being there: cover and identity first, each alone."""
    who = case.person(at)
    if not case.covered(at):
        return {"not_covered"}
    gate = identity_gate(case, who)
    codes = gate or time_codes(case, at, played_s)
    if not gate and "cn.game" in case.laws:
        codes |= case.switched_off("game_play", who)  # question 9
    return codes


def identity_gate(case: Case, who: Person) -> set[str]:
    """What a game asks before anything else: a real identity (NPPA 2021 §2)."""
    if "cn.game" not in case.laws:
        return set()
    if who.identity not in ("pending", "verified"):
        return {"identity_required"}
    waits = case.ask["kind"] == "purchase" or case.reading("pending") == "deny"
    return {"identity_pending"} if who.identity == "pending" and waits else set()


def judge_play(case: Case, verdict: Verdict) -> None:
    """May this person begin or go on?"""
    at, who = case.at, case.person(case.at)
    played_s = case.usage.get("played_today_s", 0)
    verdict.codes |= play_codes(case, at, played_s)
    verdict.governed = governed(case, who)
    if verdict.codes:
        verdict.remaining_s = 0
        verdict.next_allowed_at = next_open(case)
    if who.in_mode and not guide_in_force(at):
        verdict.doubts.add("all")
    if not verdict.codes:
        left = [quota - played_s for quota in quotas_s(case, at)]
        shut = closes_at(case)
        if shut is not None:
            left.append(int((shut - at).total_seconds()))
        verdict.remaining_s = min(left, default=None)
        _duties(case, who, verdict)
    if exempt(case, who):
        verdict.doubts.add("governed")
        if any("daily_minutes" in rule for rule in case.house_rules(who)):
            verdict.doubts.add("all")  # told apart in a test of its own
        verdict.may.add("remind_rest")
    _calendar(case, who, verdict)


def governed(case: Case, who: Person) -> bool | None:
    """Does any rule of hours or minutes apply to this person?"""
    own = {"daily_minutes", "windows"}
    if mode_binds(case, who) or ("cn.game" in case.laws and not who.adult):
        return True
    bound = any(who.settings.get(key) is not None for key in own)
    return bound or any(own & rule.keys() for rule in case.house_rules(who))


def _duties(case: Case, who: Person, verdict: Verdict) -> None:
    continuous_s = case.usage.get("continuous_s", 0)
    rest_s = who.setting("rest_reminder")
    if rest_s is None or rest_s is True:
        rest_s = REST_S
    if who.in_mode and rest_s is not False and continuous_s > rest_s:
        verdict.must.add("remind_rest")
    if "cn.ai" in case.laws and case.at.date() >= IN_FORCE["ANTH"] and continuous_s > AI_REST_S:
        verdict.must.add("remind_rest")
    if "cn.game" in case.laws and case.ask["kind"] == "login":
        verdict.must.add("show_age_rating")
    if "cn.game" in case.laws and who.identity == "pending":
        verdict.degraded.add("identity_pending")


def _calendar(case: Case, who: Person, verdict: Verdict) -> None:
    """DESIGN 4: the day of `at` or of `next_allowed_at` is one that no notice speaks of."""
    if "cn.game" not in case.laws or who.adult:
        verdict.never_degraded.add("calendar_unannounced")
        return
    if verdict.codes & {"identity_required", "identity_pending", "not_covered"}:
        return
    days = [case.at.date()]
    if verdict.next_allowed_at is not None:
        days.append(verdict.next_allowed_at.date())
    silent = any(not announced(day) for day in days)
    (verdict.degraded if silent else verdict.never_degraded).add("calendar_unannounced")
