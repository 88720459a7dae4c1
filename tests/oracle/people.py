"""Who asks, and under which laws: ages, the mode, settings, what is covered from which day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from .play import age_on, in_china

Line = dict[str, Any]

NO_END = 1000  # nobody is that old

SECTORS = frozenset({"cn.game", "cn.live", "cn.video", "cn.social", "cn.course", "cn.ai"})

# DESIGN 4, Coverage: what each pack speaks of, and from which day.
COVERS: dict[str, tuple[date, frozenset[str]]] = {
    "cn.base": (date(2021, 6, 1), frozenset({"use", "show"})),
    "cn.game": (date(2019, 11, 1), frozenset({"play", "purchase"})),
    "cn.live": (date(2024, 1, 1), frozenset({"play", "purchase", "tip"})),
    "cn.video": (date(2024, 1, 1), frozenset({"play", "purchase", "tip"})),
    "cn.social": (date(2024, 1, 1), frozenset({"play", "purchase", "tip"})),
    "cn.course": (date(2024, 1, 1), frozenset({"play", "purchase", "page", "lesson"})),
    "cn.ai": (date(2024, 1, 1), frozenset({"play", "purchase"})),
}
ACTS = {
    **dict.fromkeys(("login", "heartbeat"), "play"),
    "purchase": "purchase",
    "gift": "tip",
    "view": "show",
    "page": "page",
    "lesson": "lesson",
}

# The day from which an instrument binds; a source that is only a draft is not here.
IN_FORCE = {
    "LPM": date(2021, 6, 1),
    "Reg": date(2024, 1, 1),
    "CVI": date(2024, 8, 1),
    "CLS": date(2026, 3, 1),
    "TIP": date(2022, 5, 7),
    "NRTA": date(2020, 11, 12),
    "ALG": date(2022, 3, 1),
    "ECO": date(2020, 3, 1),
    "IIS": date(2011, 1, 8),
    "PIPL": date(2021, 11, 1),
    "CC": date(2021, 1, 1),
    "NPPA-2019": date(2019, 11, 1),
    "NPPA-2021": date(2021, 9, 1),
    "ANTH": date(2026, 7, 15),
    "Guide": date(2024, 11, 15),
    "CAC": date(2022, 11, 4),
}


def all_in_force(source: str) -> date:
    """The first day on which all of these sources bind."""
    names = (part.split()[0] for part in source.split(";"))
    return max(IN_FORCE[name] for name in names if name in IN_FORCE)


@dataclass(frozen=True)
class Person:
    """A subject on one day: of some age in ``[low, high)``."""

    low: int
    high: int
    identity: str = "none"
    in_mode: bool = False
    consents: frozenset[str] = frozenset()
    guardian: Line = field(default_factory=dict)

    @property
    def adult(self) -> bool:
        """Known to be 18 or more."""
        return self.low >= 18

    @property
    def minor(self) -> bool:
        """Known to be under 18."""
        return self.high <= 18

    def meets(self, at_least: int, below: int) -> bool:
        """May the age lie in that band? An unknown age lies in every band."""
        return self.low < below and self.high > at_least

    @property
    def settings(self) -> Line:
        """What a guardian has set; ignored for a known adult."""
        return {} if self.adult else self.guardian

    def setting(self, feature: str) -> Any:
        """What a guardian has set for a feature, or None."""
        return self.settings.get("features", {}).get(feature)


def ages_of(said: Line, day: date, reading: str) -> tuple[int, int]:
    """The ages ``[low, high)`` that somebody may have on a day."""
    if said.get("born") is not None:
        age = age_on(date.fromisoformat(said["born"]), day, reading)
        return age, age + 1
    known = said.get("age") or {}
    low, high = known.get("at_least"), known.get("below")
    return 0 if low is None else low, NO_END if high is None else high


@dataclass(frozen=True)
class Case:
    """A request line, the laws it names, the readings and the house rules."""

    line: Line
    named: tuple[str, ...]
    readings: dict[str, str] = field(default_factory=dict)
    house: tuple[Line, ...] = ()

    @cached_property
    def at(self) -> datetime:
        """The instant of the request in China, in whole seconds."""
        text: str = self.line["at"]
        head, dot, tail = text.partition(".")  # more than six digits of a fraction are cut off
        digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
        return in_china(datetime.fromisoformat(head + tail[len(digits) :] if dot else text))

    @property
    def ask(self) -> Line:
        """What is asked."""
        found: Line = self.line["ask"]
        return found

    @property
    def usage(self) -> Line:
        """What was used so far."""
        return self.line.get("usage") or {}

    @cached_property
    def laws(self) -> frozenset[str]:
        """All packs that are loaded: every sector brings the base and the mode along."""
        found = set(self.named)
        if found & SECTORS:
            found |= {"cn.base", "cn.mode"}
        return frozenset(found)

    def reading(self, name: str) -> str:
        """The reading chosen, or the default."""
        defaults = {
            "age_attainment": "day_after_birthday",
            "calendar": "published",
            "pending": "as_minor",
            "purchase_window": "caps_only",
            "tips": "strict_2022",
        }
        return self.readings.get(name, defaults[name])

    def covered(self, at: datetime) -> bool:
        """Does one of the laws speak of this kind of request yet?"""
        act = ACTS.get(self.ask["kind"], "use")
        packs = (COVERS[name] for name in self.laws if name in COVERS)
        return any(act in acts and at.date() >= since for since, acts in packs)

    def person(self, at: datetime) -> Person:
        """The subject as of that instant."""
        said = self.line.get("subject") or {}
        low, high = ages_of(said, at.date(), self.reading("age_attainment"))
        identity = said.get("identity", "none")
        if identity == "pending" and "cn.game" in self.laws and self.gated:
            low, high = 0, NO_END  # DESIGN 4: pending -> age unknown whatever `born` says
        return Person(
            low,
            high,
            identity,
            said.get("minors_mode", False),
            frozenset(said.get("consents", ())),
            said.get("guardian") or {},
        )

    @property
    def gated(self) -> bool:
        """Is it an ask that real identity gates in a game?"""
        return self.ask["kind"] in ("login", "heartbeat", "purchase")

    def house_rules(self, who: Person) -> list[Line]:
        """The house rules that speak of this person."""
        return [
            rule
            for rule in self.house
            if ("law" not in rule or rule["law"] in self.named) and who.meets(*house_ages(rule))
        ]

    def switched_off(self, feature: str, who: Person) -> set[str]:
        """Whether a guardian or the house has closed a feature that an act belongs to."""
        rules = self.house_rules(who)
        house = any(rule.get("features", {}).get(feature) is False for rule in rules)
        return {"feature_off"} if house or who.setting(feature) is False else set()


def house_ages(rule: Line) -> tuple[int, int]:
    """The ages that a house rule binds: everybody, if it does not say."""
    said = rule.get("age", {})
    return said.get("at_least", 0), said.get("below", NO_END)


@dataclass
class Verdict:
    """What the oracle says. ``doubts`` names the fields on which the texts do not settle it."""

    codes: set[str] = field(default_factory=set)
    governed: bool | None = None
    duties: set[str] = field(default_factory=set)  # whether it goes ahead or not
    must: set[str] = field(default_factory=set)  # if it goes ahead
    may: set[str] = field(default_factory=set)  # the texts do not say
    degraded: set[str] = field(default_factory=set)
    never_degraded: set[str] = field(default_factory=set)
    remaining_fen: int | None = None
    remaining_s: int | None = None
    next_allowed_at: datetime | None = None
    doubts: set[str] = field(default_factory=set)

    @property
    def allowed(self) -> bool:
        """No rule objects."""
        return not self.codes
