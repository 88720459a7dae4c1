"""The shapes of pack, house, notice and message files. Imported when the first file is read."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from minorguard.core.acts import Act
from minorguard.core.calendar import DayKind
from minorguard.core.citation import Provenance
from minorguard.core.limits import Period
from minorguard.core.subject import FEN_MAX, FOREVER, SECONDS_MAX


def _day(value: object) -> object:
    """A TOML date, or its ISO text in quotes; never a number of seconds or a time of day."""
    if isinstance(value, str):
        return date.fromisoformat(value) if len(value) == len("2027-01-01") else value
    if type(value) is not date:
        reason = "want a date"
        raise ValueError(reason)
    return value


Day = Annotated[date, BeforeValidator(_day)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")]
Clock = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Flag = Annotated[bool, Field(strict=True)]
Fen = Annotated[int, Field(strict=True, ge=0, le=FEN_MAX)]
Seconds = Annotated[int, Field(strict=True, ge=0, le=SECONDS_MAX)]
Minutes = Annotated[int, Field(strict=True, ge=0, le=1440)]
Windows = list[tuple[Clock, Clock]]


class Strict(BaseModel):
    """Every key is known, or the file is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(Strict):
    """A text in both languages."""

    zh: Text
    en: Text


class CitationRef(Strict):
    """A document of this pack or of one it includes, and the article."""

    document: str
    article: Text


Citations = Annotated[list[CitationRef], Field(min_length=1)]


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


class Band(Strict):
    """A half-open band of completed years."""

    at_least: Annotated[int, Field(strict=True, ge=0, lt=FOREVER)] = 0
    below: Annotated[int, Field(strict=True, gt=0, le=FOREVER)] = FOREVER

    @model_validator(mode="after")
    def _not_empty(self) -> Band:
        if self.at_least >= self.below:
            reason = "at_least must be under below"
            raise ValueError(reason)
        return self


class Edition(Strict):
    """What a rule says from one day up to, not including, another."""

    effective_from: Day
    effective_until: Day | None = None
    repealed_by: CitationRef | None = None
    provenance: Provenance
    citations: Citations
    message: Words | None = None


class WindowEdition(Edition):
    """Hours in which play is open on days of a kind; other days are closed."""

    hours: Windows
    days: DayKind


class QuotaEdition(Edition):
    """Minutes of play in a day, with another number for holidays if there is one."""

    minutes: Minutes
    holiday_minutes: Minutes | None = None


class CapEdition(Edition):
    """Caps on payments, each included."""

    single_fen: Fen | None = None
    daily_fen: Fen | None = None
    monthly_fen: Fen | None = None


class HouseCapEdition(Edition):
    """A cap that the law demands without a number."""

    period: Period
    missing: Literal["degraded", "refused"]


class NoticeEdition(Edition):
    """Something to be shown at login."""

    obligation: Id


class RuleBase(Strict):
    """What every ``[[rule]]`` has."""

    id: Id
    title: Words
    acts: Annotated[list[Act], Field(min_length=1)]
    ages: Band = Band()


class IdentityRule(RuleBase):
    """A rule of ``kind = "identity"``."""

    kind: Literal["identity"]
    edition: Annotated[list[Edition], Field(min_length=1)]


class WindowRule(RuleBase):
    """A rule of ``kind = "window"``."""

    kind: Literal["window"]
    edition: Annotated[list[WindowEdition], Field(min_length=1)]


class QuotaRule(RuleBase):
    """A rule of ``kind = "quota"``."""

    kind: Literal["quota"]
    edition: Annotated[list[QuotaEdition], Field(min_length=1)]


class NoSpendingRule(RuleBase):
    """A rule of ``kind = "no_spending"``."""

    kind: Literal["no_spending"]
    edition: Annotated[list[Edition], Field(min_length=1)]


class CapRule(RuleBase):
    """A rule of ``kind = "cap"``."""

    kind: Literal["cap"]
    edition: Annotated[list[CapEdition], Field(min_length=1)]


class HouseCapRule(RuleBase):
    """A rule of ``kind = "house_cap"``."""

    kind: Literal["house_cap"]
    edition: Annotated[list[HouseCapEdition], Field(min_length=1)]


class RatingRule(RuleBase):
    """A rule of ``kind = "rating"``."""

    kind: Literal["rating"]
    edition: Annotated[list[Edition], Field(min_length=1)]


class FeatureEdition(Edition):
    """A feature closed by law, and who may open it all the same (nobody, if absent)."""

    changeable_by: list[Literal["guardian", "minor", "house"]] = []


class FeatureRule(RuleBase):
    """A rule of ``kind = "feature"`` (closed) or ``"feature_kept"`` (must stay open)."""

    kind: Literal["feature", "feature_kept"]
    feature: Id
    edition: Annotated[list[FeatureEdition], Field(min_length=1)]


class LoginNoticeRule(RuleBase):
    """A rule of ``kind = "login_notice"``."""

    kind: Literal["login_notice"]
    edition: Annotated[list[NoticeEdition], Field(min_length=1)]


RuleSpec = (
    IdentityRule
    | WindowRule
    | QuotaRule
    | NoSpendingRule
    | CapRule
    | HouseCapRule
    | RatingRule
    | FeatureRule
    | LoginNoticeRule
)


class Pack(Strict):
    """One ``cn/*.toml``: a law as data."""

    id: Id
    revision: Text
    title: Words
    includes: list[Id] = []
    pending_is_unknown: Flag = False
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
