"""From a line to a request: checked by ``shapes``, made of the core's own types."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from minorguard.core.acts import Play, Show, Spend, Use
from minorguard.core.calendar import local
from minorguard.core.hours import second_of_day
from minorguard.core.shown import rated_age
from minorguard.core.subject import ANY_AGE, FOREVER, NO_CONSENTS, Ages, GuardianSettings, Subject
from minorguard.core.usage import NOTHING_USED, Usage
from minorguard.core.uses import Lesson, Message, ModeSwitch, Page, Pk, Post, Recipient
from minorguard.errors import InvalidRequest
from minorguard.packs import KNOWN_LAWS
from minorguard.packs.tables import categories, features, ratings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic import ValidationError

    from minorguard.core.acts import Request
    from minorguard.core.uses import Detail
    from minorguard.wire import shapes

LINE_BYTES_MAX = 64 * 1024

Shape = Literal["Line", "ReplayLine"]
"""A line of ``decide``, a line of ``replay``."""

NAMELESS = "-"
"""The subject of a line that names none: nothing is kept here, so nothing gets mixed up."""

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z_0-9]{0,39}\Z", re.ASCII)
_LONG_NUMBER = re.compile(r"\d{5}")

_WANTED = {
    "at": 'want a time with its zone, "2026-11-20T20:10:00+08:00"',
    "starts": 'want a time with its zone, "2026-11-20T20:10:00+08:00"',
    "born": 'want a date, "2012-05-01"',
    "id": "want 1-64 characters of A-Z a-z 0-9 _ . : @ -",
}
"""What a place wants, by its last step."""

_REASONS = {
    "missing": "is required",
    "extra_forbidden": "unknown key",
    "string_pattern_mismatch": "is not of the form that is wanted here",
    "union_tag_not_found": "is required",
    "union_tag_invalid": "unknown kind",
    "json_invalid": "not JSON",
}


_FEATURES = ("subject", "guardian", "features")
_CHOICES = frozenset({("id",), ("law",), ("ask",), ("fact",)})
"""Where one of several shapes is wanted: the next step of a location names the one tried."""


class Query(NamedTuple):
    """One line, understood. ``laws`` is empty where the line names none."""

    id: str | int | None
    laws: tuple[str, ...]
    at: datetime
    request: Request
    usage: Usage


@cache
def _checker(shape: Shape) -> tuple[Callable[[bytes], object], type[ValidationError]]:
    from pydantic import TypeAdapter, ValidationError

    from minorguard.wire import shapes

    return TypeAdapter[object](getattr(shapes, shape)).validate_json, ValidationError


def checked(raw: bytes, shape: Shape) -> object:
    """The line as that shape of ``shapes``, or ``InvalidRequest`` with the path of a fault."""
    if len(raw) > LINE_BYTES_MAX:
        raise InvalidRequest("", f"a line may have {LINE_BYTES_MAX} bytes")
    validate, invalid = _checker(shape)
    try:
        return validate(raw)
    except invalid as error:
        raise _fault(error) from None


def parse(raw: bytes) -> Query:
    """Understand one line, or ``InvalidRequest`` with the path of the first fault."""
    line = cast("shapes.Line", checked(raw, "Line"))
    at = instant(line["at"], "at")
    laws = laws_of(line)
    who = subject(line.get("subject"), at)
    used = line.get("usage")
    return Query(
        line.get("id"),
        laws,
        at,
        request_of(who, line["ask"], at),
        Usage(**used) if used else NOTHING_USED,  # type: ignore[misc]  # the keys are checked
    )


def laws_of(line: shapes.Line | shapes.ReplayLine) -> tuple[str, ...]:
    """The laws that a line names, each once."""
    named = line.get("law")
    laws = () if named is None else (named,) if isinstance(named, str) else tuple(named)
    for index, law_id in enumerate(laws):
        if law_id not in KNOWN_LAWS:
            path = "law" if isinstance(named, str) else f"law.{index}"
            raise InvalidRequest(path, f"unknown law; there are {', '.join(KNOWN_LAWS)}")
    return tuple(dict.fromkeys(laws))


def _fault(error: ValidationError) -> InvalidRequest:
    """The first fault that Pydantic found, by place and kind, without the value.

    Of a choice (a law or a list of them) it reports each member tried; the one that got furthest
    is the one that was meant.
    """
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return InvalidRequest("", "not JSON")
    same = [one for one in found if one["loc"][:1] == found[0]["loc"][:1]]
    places = [_place(one["loc"]) for one in same]
    furthest = max(range(len(places)), key=lambda index: len(places[index]))
    kind, path = same[furthest]["type"], _path(places[furthest])
    if kind.startswith("union_tag"):
        path = f"{path}.kind"
    if kind == "string_pattern_mismatch":
        wanted = _WANTED.get(str(places[furthest][-1]))
        return InvalidRequest(path, wanted or _REASONS[kind])
    return InvalidRequest(path, _REASONS.get(kind) or same[furthest]["msg"])


def _place(loc: tuple[int | str, ...]) -> list[int | str]:
    """The steps of a location that are places in the line, not members of a choice tried there."""
    steps: list[int | str] = []
    chosen = False
    for step in loc:
        here = tuple(steps)
        if not chosen and (here in _CHOICES or here[:-1] == _FEATURES):
            chosen = True
            continue
        steps.append(step)
    return steps


def _path(steps: Iterable[int | str]) -> str:
    """The place, dotted. A key that could hold a number of identity is not repeated."""
    said: list[str] = []
    for step in steps:
        if isinstance(step, str) and (not _PLAIN_KEY.match(step) or _LONG_NUMBER.search(step)):
            break
        said.append(str(step))
    return ".".join(said)


def instant(text: str, path: str) -> datetime:
    """An aware time on the law's clock, cut to whole seconds."""
    try:
        return local(datetime.fromisoformat(text), path)
    except ValueError:
        raise InvalidRequest(path, "no such time") from None


def day(text: str, path: str) -> date:
    """A date that exists."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidRequest(path, "no such date") from None


def subject(said: shapes.SubjectShape | None, at: datetime) -> Subject:
    """The person of a line."""
    if not said:
        return Subject(NAMELESS)
    born, age = _known_age(said, at, "subject")
    consents = said.get("consents")
    settings = said.get("guardian")
    return Subject(
        said.get("id", NAMELESS),
        born=born,
        age=age,
        identity=said.get("identity", "none"),
        minors_mode=said.get("minors_mode", False),
        consents=frozenset(consents) if consents else NO_CONSENTS,
        guardian=guardian(settings) if settings else None,
        account=said.get("account"),
    )


def _known_age(
    said: shapes.SubjectShape | shapes.RecipientShape, at: datetime, path: str
) -> tuple[date | None, Ages]:
    text, span = said.get("born"), said.get("age")
    if text is None:
        return None, ANY_AGE if span is None else _ages(span, f"{path}.age")
    if span is not None:
        raise InvalidRequest(f"{path}.age", "give born or age, not both")
    born = day(text, f"{path}.born")
    if born > at.date():
        raise InvalidRequest(f"{path}.born", "want a date that is not after at")
    return born, ANY_AGE


def _ages(span: shapes.AgeShape, path: str) -> Ages:
    at_least, below = span.get("at_least"), span.get("below")
    ages = Ages(0 if at_least is None else at_least, FOREVER if below is None else below)
    if ages.at_least >= ages.below:
        raise InvalidRequest(path, "at_least must be under below")
    return ages


def guardian(said: shapes.GuardianShape) -> GuardianSettings:
    """A guardian's settings of a line."""
    here = "subject.guardian"
    for feature in said.get("features", {}):
        if feature not in features():
            raise InvalidRequest(
                _path(("subject", "guardian", "features", feature)), "unknown feature"
            )
    rating = said.get("max_rating")
    if rating is not None:
        rated_age(ratings(), rating, f"{here}.max_rating")
    windows = said.get("windows")
    spans = None
    if windows is not None:
        spans = tuple((second_of_day(start), second_of_day(end)) for start, end in windows)
        for index, (start, end) in enumerate(spans):
            if start >= end:
                raise InvalidRequest(f"{here}.windows.{index}", "a window begins before it ends")
    return GuardianSettings(
        daily_minutes=said.get("daily_minutes"),
        night_allowed=said.get("night_allowed", False),
        windows=spans,
        single_fen=said.get("single_fen"),
        daily_fen=said.get("daily_fen"),
        monthly_fen=said.get("monthly_fen"),
        features=said.get("features", {}),
        max_rating=rating,
    )


def request_of(who: Subject, ask: shapes.Ask, at: datetime) -> Request:  # noqa: PLR0911 - a table
    """What is asked."""
    if ask["kind"] == "login":
        return Play(who, session=ask.get("session"), exempt=ask.get("exempt"))
    if ask["kind"] == "heartbeat":
        return Play(who, session=ask["session"], renewal=True, exempt=ask.get("exempt"))
    if ask["kind"] == "purchase":
        return Spend(who, fen=ask["fen"], order=ask["order"], purpose=ask.get("for"))
    if ask["kind"] == "gift":
        return Spend(who, fen=ask["fen"], order=ask["order"], on="tip", room=ask.get("room"))
    if ask["kind"] == "view":
        return _view(who, ask)
    if ask["kind"] == "feature":
        if ask["feature"] not in features():
            raise InvalidRequest("ask.feature", "unknown feature")
        return Use(who, ask["feature"])
    return Use(who, about=_detail(ask, at))


def _detail(
    ask: shapes.PostAsk
    | shapes.MessageAsk
    | shapes.PkAsk
    | shapes.ModeAsk
    | shapes.PageAsk
    | shapes.LessonAsk,
    at: datetime,
) -> Detail:
    """What a use is about."""
    if ask["kind"] == "post":
        return Post(ask["place"], labels=_known(ask.get("labels", ()), "ask.labels"))
    if ask["kind"] == "message":
        to = ask["to"]
        born, age = _known_age(to, at, "ask.to")
        return Message(
            to=Recipient(id=to.get("id"), born=born, age=age, accepts=to.get("accepts")),
            stranger=ask.get("stranger", False),
            labels=_known(ask.get("labels", ()), "ask.labels"),
        )
    if ask["kind"] == "pk":
        return Pk(ask["room"])
    if ask["kind"] == "mode":
        return ModeSwitch(on=ask["on"], guardian_verified=ask.get("guardian_verified", False))
    if ask["kind"] == "page":
        return Page(
            course_reviewed=ask["course_reviewed"],
            ads=tuple(ad["learning_related"] for ad in ask["ads"]),
            popups=tuple(popup["leads_to"] for popup in ask["popups"]),
            links=tuple(link["leads_to"] for link in ask["links"]),
            comments=ask["comments"],
            nonprofit=ask["nonprofit"],
            charges_fen=ask["charges_fen"],
            for_minors=ask.get("for_minors", True),
        )
    return Lesson(
        starts=instant(ask["starts"], "ask.starts"),
        minutes=ask["minutes"],
        break_before_min=ask.get("break_before_min"),
        training=ask.get("training", "subject_compulsory"),
    )


def _known(labels: Iterable[str], path: str) -> tuple[str, ...]:
    """Content categories, each of which some law names."""
    labels = tuple(labels)
    for index, label in enumerate(labels):
        if label not in categories():
            raise InvalidRequest(f"{path}.{index}", "unknown category")
    return labels


def _view(who: Subject, ask: shapes.ViewAsk) -> Show:
    rating = ask.get("rating")
    if rating is not None:
        rated_age(ratings(), rating)
    return Show(
        who,
        rating=rating,
        categories=_known(ask.get("categories", ()), "ask.categories"),
        slot=ask.get("slot") or "detail",
        minors_only_service=ask.get("minors_only_service", False),
    )
