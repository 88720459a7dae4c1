"""What the shapes of all files are made of."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

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
Changers = list[Literal["guardian", "minor", "house"]]
E = TypeVar("E")
Editions = Annotated[list[E], Field(min_length=1)]


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
