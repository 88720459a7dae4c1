"""The shape of a request line and of a replay line. Imported when the first line is read."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import ConfigDict, Field, StringConstraints
from typing_extensions import TypedDict

from minorguard.core.acts import Exempt, Slot
from minorguard.core.subject import FEN_MAX, FOREVER, SECONDS_MAX, Consent, Identity

STRICT = ConfigDict(extra="forbid", strict=True)

Instant = Annotated[
    str,
    StringConstraints(
        pattern=(
            r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
            r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
        ),
        max_length=40,
    ),
]
Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Clock = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=128)]
SubjectId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:@-]{1,64}$")]
LawId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Fen = Annotated[int, Field(ge=0, le=FEN_MAX)]
PaidFen = Annotated[int, Field(ge=1, le=FEN_MAX)]
SpentFen = Annotated[int, Field(ge=0, le=1000 * FEN_MAX)]
Seconds = Annotated[int, Field(ge=0, le=SECONDS_MAX)]
LineId = (
    Annotated[str, StringConstraints(max_length=256)]
    | Annotated[int, Field(gt=-(1 << 63), lt=1 << 63)]
    | None
)
Laws = LawId | Annotated[list[LawId], Field(min_length=1, max_length=16)] | None
Labels = Annotated[list[Name], Field(max_length=64)]
Leads = Annotated[list["LinkShape"], Field(max_length=256)]


class Shape(TypedDict):
    """Every key is known, every type is exact."""

    __pydantic_config__ = STRICT  # type: ignore[misc]  # pydantic reads it from the class


class AgeShape(Shape):
    """A range of ages, ``{"at_least": 14, "below": 18}``."""

    at_least: NotRequired[Annotated[int, Field(ge=0, lt=FOREVER)] | None]
    below: NotRequired[Annotated[int, Field(ge=1, le=FOREVER)] | None]


class GuardianShape(Shape):
    """A guardian's settings."""

    daily_minutes: NotRequired[Annotated[int, Field(ge=0, le=1440)] | None]
    night_allowed: NotRequired[bool]
    windows: NotRequired[Annotated[list[tuple[Clock, Clock]], Field(max_length=96)] | None]
    single_fen: NotRequired[Fen | None]
    daily_fen: NotRequired[Fen | None]
    monthly_fen: NotRequired[Fen | None]
    features: NotRequired[dict[str, bool | Literal["friends", "nobody", "all"] | Seconds]]
    max_rating: NotRequired[Name | None]


class SubjectShape(Shape):
    """Who asks."""

    id: NotRequired[SubjectId]
    born: NotRequired[Day | None]
    age: NotRequired[AgeShape | None]
    identity: NotRequired[Identity]
    minors_mode: NotRequired[bool]
    consents: NotRequired[list[Consent]]
    guardian: NotRequired[GuardianShape | None]
    account: NotRequired[Name | None]


class UsageShape(Shape):
    """What was used so far."""

    played_today_s: NotRequired[Seconds]
    continuous_s: NotRequired[Seconds]
    spent_today_fen: NotRequired[SpentFen]
    spent_month_fen: NotRequired[SpentFen]
    counts: NotRequired[dict[Name, Seconds]]


class LoginAsk(Shape):
    """To begin to play."""

    kind: Literal["login"]
    session: NotRequired[Name | None]
    exempt: NotRequired[Exempt | None]


class HeartbeatAsk(Shape):
    """To play on."""

    kind: Literal["heartbeat"]
    session: Name
    exempt: NotRequired[Exempt | None]


PurchaseAsk = TypedDict(
    "PurchaseAsk",
    {
        "kind": Literal["purchase"],
        "fen": PaidFen,
        "order": Name,
        "for": NotRequired[Literal["tipping", "other"] | None],
    },
)
"""To pay. ``for`` is a Python keyword, hence the form."""
PurchaseAsk.__pydantic_config__ = STRICT  # type: ignore[attr-defined]  # as in Shape


class GiftAsk(Shape):
    """To tip a live room."""

    kind: Literal["gift"]
    fen: PaidFen
    order: Name
    room: NotRequired[Name | None]


class FeatureAsk(Shape):
    """To use a feature."""

    kind: Literal["feature"]
    feature: Name


class ViewAsk(Shape):
    """To be shown content."""

    kind: Literal["view"]
    rating: NotRequired[Name | None]
    categories: NotRequired[Labels]
    slot: NotRequired[Slot | None]
    minors_only_service: NotRequired[bool]


class PostAsk(Shape):
    """To publish something."""

    kind: Literal["post"]
    place: Name
    labels: NotRequired[Labels]


class RecipientShape(Shape):
    """Who is to get a message."""

    id: NotRequired[SubjectId]
    born: NotRequired[Day | None]
    age: NotRequired[AgeShape | None]
    accepts: NotRequired[Literal["all", "friends", "nobody"] | None]


class MessageAsk(Shape):
    """To write to somebody."""

    kind: Literal["message"]
    to: RecipientShape
    stranger: NotRequired[bool]
    labels: NotRequired[Labels]


class AdShape(Shape):
    """An advertisement on a course page."""

    learning_related: bool


class LinkShape(Shape):
    """A pop-up or link on a course page."""

    leads_to: Literal["learning", "game", "social", "shop", "other"]


class PageAsk(Shape):
    """To show a course page."""

    kind: Literal["page"]
    course_reviewed: bool
    ads: Annotated[list[AdShape], Field(max_length=256)]
    popups: Leads
    links: Leads
    comments: Literal["review_then_publish", "publish_then_review", "off"]
    nonprofit: bool
    charges_fen: Fen
    for_minors: NotRequired[bool]


class LessonAsk(Shape):
    """To hold a lesson."""

    kind: Literal["lesson"]
    starts: Instant
    minutes: Annotated[int, Field(ge=1, le=1440)]
    break_before_min: NotRequired[Annotated[int, Field(ge=0, le=1440)] | None]
    training: NotRequired[Literal["subject_compulsory", "other"]]


class PkAsk(Shape):
    """To begin a PK in a live room."""

    kind: Literal["pk"]
    room: Name


class ModeAsk(Shape):
    """To enter or leave the minors' mode."""

    kind: Literal["mode"]
    on: bool
    guardian_verified: NotRequired[bool]


Ask = Annotated[
    LoginAsk
    | HeartbeatAsk
    | PurchaseAsk
    | GiftAsk
    | FeatureAsk
    | ViewAsk
    | PostAsk
    | MessageAsk
    | PageAsk
    | LessonAsk
    | PkAsk
    | ModeAsk,
    Field(discriminator="kind"),
]


class Line(Shape):
    """One request line."""

    id: NotRequired[LineId]
    law: NotRequired[Laws]
    at: Instant
    subject: NotRequired[SubjectShape]
    ask: Ask
    usage: NotRequired[UsageShape]


class LeaveFact(Shape):
    """The person left a session."""

    kind: Literal["leave"]
    session: Name


class SettledFact(Shape):
    """The payment of an order went through."""

    kind: Literal["payment_settled"]
    order: Name
    fen: NotRequired[PaidFen | None]


class CancelledFact(Shape):
    """The payment of an order did not happen."""

    kind: Literal["payment_cancelled"]
    order: Name


class RefundedFact(Shape):
    """Money of a settled order went back: ``fen`` in all so far."""

    kind: Literal["payment_refunded"]
    order: Name
    fen: PaidFen


class ConsentFact(Shape):
    """A guardian consented, or took it back."""

    kind: Literal["consent_granted", "consent_revoked"]
    scope: Consent


class ModeFact(Shape):
    """The account entered or left the minors' mode."""

    kind: Literal["mode_changed"]
    on: bool


Fact = Annotated[
    LeaveFact | SettledFact | CancelledFact | RefundedFact | ConsentFact | ModeFact,
    Field(discriminator="kind"),
]


class ReplayLine(Shape):
    """One replay line: an ask or a fact, of a person who is named."""

    id: NotRequired[LineId]
    law: NotRequired[Laws]
    at: Instant
    subject: SubjectShape
    ask: NotRequired[Ask]
    fact: NotRequired[Fact]
