"""The shapes of pack, house, notice and message files. Imported when the first file is read."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from minorguard.core.acts import Act
from minorguard.core.citation import Provenance
from minorguard.core.shown import Cell
from minorguard.packs.basics import (
    Band,
    Citations,
    Day,
    Fen,
    Flag,
    Id,
    Minutes,
    Seconds,
    Strict,
    Text,
    Windows,
    Words,
)
from minorguard.packs.rule_shapes import RuleSpec


class Document(Strict):
    """A legal instrument: full title, number, official address, first day in force."""

    title: Text
    number: Text
    url: Annotated[str, StringConstraints(pattern=r"^https?://")]
    in_force: Day


class Covers(Strict):
    """The acts a pack speaks about, and from which day on."""

    acts: Annotated[list[Act], Field(min_length=1)]
    from_: Day = Field(alias="from")
    citations: Citations


class SettingsBasis(Strict):
    """The articles under which a guardian or a house may tighten."""

    provenance: Provenance
    citations: Citations


class Settings(Strict):
    """Whose settings tighten, and under which articles."""

    guardian: SettingsBasis
    house: SettingsBasis


class CategorySpec(Strict):
    """One category of content: what the law says of it in each situation."""

    zh: Text
    en: Text
    general: Cell
    prominent: Cell
    pushed: Cell
    mode: Cell
    minors_only: Cell
    since: Day
    provenance: Provenance
    citations: Citations


class CategoriesFile(Strict):
    """``cn/categories.toml``."""

    category: dict[str, CategorySpec]


class Pack(Strict):
    """One ``cn/*.toml``: a law as data. ``plays``: the toggle that play is here.

    ``includes``: packs that are part of it, ``without`` some of their rules.
    ``classifies_content``: the categories of ``cn/categories.toml`` are rules of this pack.
    """

    id: Id
    revision: Text
    title: Words
    includes: list[Id] = []
    without: list[Id] = []
    pending_is_unknown: Flag = False
    classifies_content: Flag = False
    plays: Id | None = None
    covers: Covers | None = None
    documents: dict[str, Document] = {}
    settings: Settings | None = None
    rule: list[Annotated[RuleSpec, Field(discriminator="kind")]] = []


class BlockSpec(Strict):
    """A holiday block, both ends included."""

    name: Text
    from_: Day = Field(alias="from")
    to: Day


class NoticeSpec(Strict):
    """One year's holiday arrangement; also the whole of a notice file."""

    year: Annotated[int, Field(strict=True, ge=1949, le=2199)]
    number: str = ""
    urls: list[str] = []
    holidays: Annotated[list[BlockSpec], Field(min_length=1)]
    workdays: list[Day] = []
    statutory: list[Day] = []

    @model_validator(mode="after")
    def _of_its_year(self) -> NoticeSpec:
        first, last = date(self.year - 1, 12, 1), date(self.year, 12, 31)
        ends = [end for block in self.holidays for end in (block.from_, block.to)]
        if not all(first <= day <= last for day in (*ends, *self.workdays, *self.statutory)):
            reason = f"every day must lie in {self.year} or in the December before"
            raise ValueError(reason)
        for block in self.holidays:
            if block.from_ > block.to:
                reason = "a holiday must begin before it ends"
                raise ValueError(reason)
            if any(block.from_ <= day <= block.to for day in self.workdays):
                reason = "a day cannot be a holiday and worked at once"
                raise ValueError(reason)
        return self


class CalendarFile(Strict):
    """``cn/calendar.toml``."""

    notice: list[NoticeSpec]


class RatingsFile(Strict):
    """``cn/ratings.toml``."""

    official: dict[str, int]
    foreign: dict[str, dict[str, int]]


class HouseRuleSpec(Strict):
    """One ``[[rule]]`` of a house file."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$")]
    law: Id | None = None
    age: Band = Band()
    ask: Literal["purchase", "gift"] | None = None
    daily_minutes: Minutes | None = None
    windows: Windows | None = None
    single_fen: Fen | None = None
    daily_fen: Fen | None = None
    monthly_fen: Fen | None = None
    features: dict[str, Flag | Literal["friends", "nobody", "all"] | Seconds] = {}
    max_rating: str | None = None


class HouseFile(Strict):
    """A platform's own rules."""

    rule: list[HouseRuleSpec]


class PartWords(Strict):
    """A text in one or both languages."""

    zh: Text | None = None
    en: Text | None = None


class MessagesFile(Strict):
    """Sentences by code; a platform's own file may hold any part of them."""

    phrases: dict[str, PartWords] = {}
    reasons: dict[str, PartWords] = {}


class LockFile(Strict):
    """``LOCK.toml``: the digest of each edition and notice as it was released."""

    digests: dict[str, str]
