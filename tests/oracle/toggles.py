"""The 46 feature toggles: who is governed, what is closed by what, who may change it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .people import Case, Person, all_in_force

if TYPE_CHECKING:
    from datetime import datetime

BANDS = ((0, 8), (8, 14), (14, 16), (16, 18))

# id | scope | default in [0,8) // [8,14) // [14,16) // [16,18) | who may change it | source.
# One default stands for all four. Typed in from the law research as it reads.
ROWS = """
personalized_marketing | any minor account | off | nobody | Reg 24(3)
push_may_affect | any minor account | off | nobody | Reg 25; ALG 18; CLS 9
may_affect_in_prominent_slot | all users, any age | off | nobody | Reg 24(2); ECO 11; CLS 9
view_may_affect_with_prompt | any minor account | off | nobody in mode; platform policy outside mode | Reg 23, 24(1), 25; Guide
live_host | any minor account | off // off // off // off until identity+guardian consent | [0,16) nobody; [16,18) guardian consent + identity proof | LPM 76; Reg 31(2); TIP 2
tipping | any minor account | off | nobody | TIP 1; NRTA 6
tip_leaderboard | all users | off | nobody | TIP 5
purchase | any minor account | off // on, capped // on, capped // on, capped | guardian may tighten only (games); [0,8) nobody via minor account | Reg 44; CC 19, 20; NPPA-2019
spend_caps | any minor account | 0 // games ≤50 single / ≤200 month; day cap set by platform // same as 8–<14 // games ≤100 single / ≤400 month; day cap set by platform | guardian may lower | Reg 44; NPPA-2019
post_content | any minor account | off until real identity | identity: minor or guardian supplies; [0,14) also guardian PI consent | Reg 31(1); LPM 72
instant_messaging | any minor account | off until real identity | as above | Reg 31(1)
block_strangers | any minor account | on | minor or guardian ([0,14): loosening guardian only) | Reg 26(2); CVI 22
post_visibility | any minor account | friends | minor or guardian | Reg 26(2); CVI 22
allow_repost | any minor account | off // off // off // on | minor or guardian | Reg 26(2); CVI 22
allow_comment | any minor account | off // friends // friends // friends | minor or guardian | Reg 26(2); CVI 22
accept_messages_from | any minor account | nobody // friends // friends // friends | minor or guardian | Reg 26(2); CVI 22
dm_keyword_filter | any minor account | on | minor or guardian | CVI 22
one_click_shield | any minor account | offered | minor or guardian; platform may help start it | CAC notice 2022-11; CVI 22-23
evidence_export | any minor account | on | nobody can turn off | Reg 26(2); CVI 24
notice_takedown | any minor account | on | nobody | LPM 77; Reg 26(2); CVI 26
complaint_priority | any minor account | on | nobody | CVI 26; TIP 4
complaint_channel | all users | on | nobody | Reg 7; LPM 78
fan_support_community | all users | off | nobody | Reg 45
game_account_trade | any minor account | off | nobody | Reg 46(2)
game_play | any minor account | Fri/Sat/Sun+holiday 20:00–21:00 | nobody | LPM 75(4); NPPA-2021
game_guest_mode | unverified users | off | nobody | NPPA-2021 §2
age_rating_gate | any minor account | on | nobody | Reg 47(2); LPM 75(3)
edu_game_links | any minor account | off | nobody | LPM 74(3)
edu_ads | any minor account | off | nobody | LPM 74(3)
addictive_mechanics | minors' mode | off | nobody in mode | Reg 42; LPM 74(1); Guide
minors_mode | any minor account | on // on // on // on (recommended) | exit: guardian verification | Reg 43; Guide; D26-5, 9
daily_time_limit | minors' mode | 60 min // 60 min // 60 min // 120 min | guardian may change | Guide
rest_reminder | minors' mode | 30 min | guardian | Guide
night_curfew | minors' mode | on | guardian may exempt, except live and games | Guide
guardian_time | any minor account | on | guardian | LPM 74(2); Reg 43
guardian_permission | any minor account | on | guardian | LPM 74(2); Reg 43
guardian_spending | any minor account | on | guardian | LPM 74(2); Reg 43
guardian_usage_overview | any minor account | on | guardian | ANTH 14; D26V 14
guardian_reads_messages | any minor account | allowed // forbidden // forbidden // forbidden | nobody; emergency override logged | LPM 63
pi_processing | any minor account | off until guardian consent // off until guardian consent // on (own consent) // on (own consent) | [0,14) guardian; [14,18) minor | LPM 72; PIPL 29-31
optional_pi | any minor account | off | [0,14) guardian; [14,18) minor; never tied to basic function | Reg 32; PIPL 16
private_info_guard | any minor account | on | nobody | Reg 38; LPM 73
data_rights | any minor account | on | nobody can turn off; requester minor or guardian | Reg 34; LPM 72; PIPL 45-47
ai_virtual_intimacy | any minor account | off | nobody | ANTH 14
ai_companion_other | any minor account | guardian consent // guardian consent // on in mode // on in mode | guardian | ANTH 14, 18
age_appeal | misidentified users | on | nobody | ANTH 14; D26-9
"""  # noqa: E501 - a table is read row by row

CLOSED_BY_SETTING = (False, "nobody", 0)


@dataclass(frozen=True)
class Toggle:
    """A row of the table."""

    id: str
    scope: str
    defaults: tuple[str, ...]  # of the four bands
    changeable_by: str
    source: str

    def default(self, band: tuple[int, int]) -> str:
        """The default in a band."""
        return self.defaults[BANDS.index(band)]


def _read(row: str) -> Toggle:
    feature, scope, defaults, by, source = row.split(" | ")
    said = tuple(defaults.split(" // "))
    return Toggle(feature, scope, said * 4 if len(said) == 1 else said, by, source)


TOGGLES = {toggle.id: toggle for toggle in map(_read, ROWS.strip().splitlines())}


def governs(toggle: Toggle, who: Person) -> bool:
    """Does the row bind this person?

    DESIGN 5: a known adult is governed by the toggles of scope "all users" only. DESIGN 4, Mode:
    its rules govern whoever is in it, whatever the account's age.
    """
    if toggle.scope.startswith("all users"):
        return True
    if toggle.scope == "minors' mode":
        return who.in_mode
    if toggle.id == "view_may_affect_with_prompt" and who.in_mode:
        return True  # the Guide's half of the row: "nobody in mode"
    return not who.adult


def bands_of(toggle: Toggle, who: Person) -> list[tuple[int, int]]:
    """The bands that bind this person: every one that the age meets."""
    if not governs(toggle, who):
        return []
    if who.adult:
        return [BANDS[0]]  # an adult account in the mode is in the strictest band
    return [band for band in BANDS if who.meets(*band)]


def objections(feature: str, who: Person, case: Case) -> set[str]:
    """The codes with which a feature is refused; identity alone hides the others."""
    toggle = TOGGLES[feature]
    setting = who.setting(feature)
    codes: set[str] = set()
    for band in bands_of(toggle, who):
        codes |= _default_objects(toggle, band, who, case)
    if feature == "live_host" and who.identity != "verified":  # from everybody
        return {"identity_required"}
    if "identity_required" in codes:
        return {"identity_required"}
    if "feature_off" in codes and setting is not None and _guardian_opens(toggle, who):
        codes.discard("feature_off")
    if any(rule.get("features", {}).get(feature) is False for rule in case.house_rules(who)):
        codes.add("feature_off")
    if setting is not None and setting in CLOSED_BY_SETTING and not kept(toggle):
        codes.add("feature_off")
    return codes


def kept(toggle: Toggle) -> bool:
    """Does statute keep it open, so that no setting closes it?"""
    return set(toggle.defaults) == {"on"} and toggle.changeable_by.startswith("nobody")


def _default_objects(  # noqa: PLR0911 - one return for each kind of default
    toggle: Toggle, band: tuple[int, int], who: Person, case: Case
) -> set[str]:
    default = toggle.default(band)
    nobody = not changeable_by(toggle, band, in_mode=who.in_mode, laws=case.laws)
    if toggle.id == "live_host" and default == "off":
        return {"age_too_low"}  # DESIGN 4, codes: `live_host` under 16
    if toggle.id == "tipping" and case.reading("tips") == "graded_2026":
        return _graded_tip(band, who)
    if toggle.id == "optional_pi":
        return set() if "optional_pi" in who.consents else {"consent_required"}
    if default == "off until real identity":
        if who.identity not in ("phone", "verified"):
            return {"identity_required"}
        child = band[0] < 14 and "pi_processing" not in who.consents
        return {"consent_required"} if child else set()
    if default.endswith("guardian consent"):  # and, of a host, identity, which was asked before
        return set() if toggle.id in who.consents else {"consent_required"}
    if default == "on in mode":
        return set() if who.in_mode else {"feature_off"}
    if default in ("off", "forbidden"):
        return {"feature_forbidden"} if nobody else {"feature_off"}
    return {"feature_off"} if default == "nobody" else set()


def _graded_tip(band: tuple[int, int], who: Person) -> set[str]:
    if band in (BANDS[1], BANDS[2]):
        return set() if "tipping" in who.consents else {"consent_required"}
    return {"feature_forbidden"}


def _guardian_opens(toggle: Toggle, who: Person) -> bool:
    """Does a guardian's word open what is only off by default?"""
    return toggle.changeable_by.startswith("minor or guardian") and (
        who.setting(toggle.id) not in CLOSED_BY_SETTING
    )


def changeable_by(  # noqa: PLR0911 - one return for each phrase of the table
    toggle: Toggle, band: tuple[int, int], *, in_mode: bool, laws: frozenset[str]
) -> list[str]:
    """Who may change it in that band; nobody where a statute decides."""
    words = toggle.changeable_by
    if words == "nobody in mode; platform policy outside mode":
        return [] if in_mode else ["house"]
    if words.startswith("nobody"):
        return []
    if words.startswith("[0,16) nobody"):
        return ["guardian"] if band[0] >= 16 else []
    if words.startswith("[0,14) guardian; [14,18) minor"):
        return ["guardian"] if band[0] < 14 else ["minor"]
    if words.endswith("[0,8) nobody via minor account") and band[1] <= 8:
        return []
    if words.startswith(("minor or guardian", "identity: minor or guardian", "as above")):
        return ["guardian"] if band[0] < 14 else ["guardian", "minor"]
    if words == "guardian may exempt, except live and games" and laws & {"cn.live", "cn.game"}:
        return []
    return ["guardian"]


VALUES = ("post_visibility", "allow_comment", "accept_messages_from")
_STRICTEST = ("nobody", "friends", "all")


def value(feature: str, who: Person) -> str | int | None:
    """What the row shows besides on and off: a circle of people, or seconds."""
    toggle = TOGGLES[feature]
    defaults = [toggle.default(band) for band in bands_of(toggle, who)]
    setting = who.setting(feature)
    if feature in VALUES and defaults:
        if isinstance(setting, str):
            return setting
        found = [word for word in _STRICTEST if word in defaults]
        return None if "off" in defaults else found[0]
    minutes = [int(word.split()[0]) for word in defaults if word.endswith(" min")]
    if minutes:
        return setting if type(setting) is int else min(minutes) * 60
    return None


def settled(feature: str, at: datetime) -> bool:
    """Is the row on that day as it is today: are all its sources in force?"""
    return at.date() >= all_in_force(TOGGLES[feature].source)
