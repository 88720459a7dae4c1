"""People, hours and request lines for Hypothesis, drawn to both sides of every edge of the law.

What is drawn here is valid under the wire contract; ``breaks`` spoils one place of a valid line
and says which, ``never_right`` knows the values that fit nowhere.
"""

from __future__ import annotations

import copy
from datetime import date, datetime, time, timedelta, timezone
from functools import cache
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from minorguard.packs.tables import features
from oracle.notices import DAYS_OFF, DAYS_WORKED

Line = dict[str, Any]
Loc = tuple[str | int, ...]

CHINA = timezone(timedelta(hours=8))
DAY = timedelta(days=1)


def few(examples: int) -> settings:
    """Hypothesis settings: so many examples, and no clock in any test."""
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )


# --- days and hours ------------------------------------------------------------------------------

EDITION_CHANGES = (date(2019, 11, 1), date(2021, 6, 1), date(2021, 9, 1), date(2024, 1, 1))
HOLIDAY_EDGES = sorted(
    edge
    for day in DAYS_OFF | DAYS_WORKED
    for edge in (day - DAY, day, day + DAY)
    if edge >= EDITION_CHANGES[0] and not (edge - DAY in DAYS_OFF and edge + DAY in DAYS_OFF)
)
UNANNOUNCED = (
    *(date(2026, 12, day) for day in (24, 25, 26, 31)),
    *(date(2027, 1, day) for day in (1, 2, 4)),
    date(2027, 2, 8),
    date(2028, 2, 29),
    date(2031, 10, 1),
)
LEAP_DAYS = tuple(date(y, m, d) for y in (2024, 2026) for m, d in ((2, 28), (3, 1)))
ENDS_OF_TIME = (date(1, 1, 2), date(9998, 12, 31), date(9999, 1, 1), date(9999, 12, 31))

HOURS = (8 * 3600, 20 * 3600, 20 * 3600 + 45 * 60, 21 * 3600, 22 * 3600)
CLOCK_EDGES = (
    *(hour + shift for hour in HOURS for shift in (-1, 0, 1)),
    *(0, 1, 12 * 3600, 86_398, 86_399),
)


@cache
def days(*, far: bool = True) -> st.SearchStrategy[date]:
    """Days on which the law, the calendar or the notice changes, and others."""
    edges = {day + shift * DAY for day in EDITION_CHANGES for shift in (-1, 0, 1)}
    return st.one_of(
        st.sampled_from(HOLIDAY_EDGES),
        st.sampled_from(sorted(edges)),
        st.sampled_from((*UNANNOUNCED, *LEAP_DAYS)),
        st.dates(date(2019, 10, 1), date(2030, 12, 31)),
        *([st.sampled_from(ENDS_OF_TIME)] if far else ()),
    )


@cache
def seconds() -> st.SearchStrategy[int]:
    """Seconds of a day, mostly at the hours of the law."""
    return st.sampled_from(CLOCK_EDGES) | st.integers(0, 86_399)


def moment(day: date, second: int) -> datetime:
    """That second of that day on a clock in China."""
    hour, rest = divmod(second, 3600)
    return datetime.combine(day, time(hour, *divmod(rest, 60)), CHINA)


@cache
@st.composite
def instants(draw: st.DrawFn, *, far: bool = True) -> datetime:
    """Instants on a clock in China."""
    return moment(draw(days(far=far)), draw(seconds()))


@cache
def open_instants() -> st.SearchStrategy[datetime]:
    """Instants at which the law lets a minor play who has not played yet."""
    holidays = sorted(day for day in DAYS_OFF if day >= EDITION_CHANGES[2])
    evening = st.sampled_from((0, 1, 900, 2699, 2700, 3539, 3540, 3598, 3599)) | st.integers(
        0, 3599
    )
    daytime = st.sampled_from(CLOCK_EDGES).filter(lambda s: HOURS[0] <= s < HOURS[-1])
    return st.builds(
        lambda day, second: moment(day, HOURS[1] + second), st.sampled_from(holidays), evening
    ) | st.builds(moment, st.dates(EDITION_CHANGES[0], EDITION_CHANGES[2] - DAY), daytime)


@st.composite
def written(draw: st.DrawFn, at: datetime) -> str:
    """The same instant as somebody else writes it: other zone, parts of a second."""
    minutes = st.sampled_from((0, 480, -300, 330, 825, -720, 1439, -1439))
    offset = timedelta(minutes=draw(minutes))
    text = at.astimezone(timezone(offset)).replace(tzinfo=None).isoformat()
    text += draw(st.sampled_from(("", ".0", ".5", ".999999", ".999999999")))
    if not offset and draw(st.booleans()):
        return f"{text}Z"
    sign = "-" if offset < timedelta() else "+"
    hours, rest = divmod(abs(offset) // timedelta(minutes=1), 60)
    return f"{text}{sign}{hours:02d}:{rest:02d}"


# --- people --------------------------------------------------------------------------------------


@st.composite
def births(draw: st.DrawFn, day: date) -> date:
    """Birth dates not after a day, around the birthdays that matter on it."""
    year = max(1, day.year - draw(st.sampled_from((0, 1, 7, 8, 12, 14, 16, 17, 18, 18, 19, 60))))
    if draw(st.booleans()) and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
        born = date(year, 2, 29)
    else:
        try:
            born = day.replace(year=year)
        except ValueError:
            born = date(year, 3, 1)
    shifted = born.toordinal() + draw(st.sampled_from((-2, -1, -1, 0, 0, 1, 2)))
    return date.fromordinal(min(max(1, shifted), day.toordinal()))


@cache
@st.composite
def age_ranges(draw: st.DrawFn) -> dict[str, int]:
    """Ranges of age, some of them open."""
    edges = st.sampled_from((0, 7, 8, 12, 14, 15, 16, 17, 18, 19, 60))
    low = draw(edges)
    high = low + draw(st.sampled_from((1, 2, 4, 8, 18)))
    said = {"at_least": low, "below": high}
    for key in draw(st.sampled_from(((), (), ("at_least",), ("below",), ("at_least", "below")))):
        del said[key]
    return said


CLOCKS = ("00:00", "06:00", "12:30", "19:59", "20:00", "20:01", "20:30", "21:00", "22:00", "24:00")


@cache
def windows() -> st.SearchStrategy[list[list[str]]]:
    """Hours of the day, also none."""
    pair = st.lists(st.sampled_from(CLOCKS), min_size=2, max_size=2, unique=True).map(sorted)
    return st.lists(pair, max_size=3)


@cache
def caps() -> st.SearchStrategy[int]:
    """Amounts that a guardian or a purchase may name, from nought."""
    return st.sampled_from((0, 1, 4999, 5000, 5001, 10_000, 20_000, 40_000, 10**12)) | st.integers(
        0, 50_000
    )


FEATURES = tuple(sorted(features()))
FEATURE_VALUES: dict[str, tuple[bool | str | int, ...]] = {
    **dict.fromkeys(FEATURES, (True, False)),
    "accept_messages_from": ("friends", "nobody", "all"),
    "post_visibility": ("friends", "nobody", "all"),
    "daily_time_limit": (1800, 3600),
    "rest_reminder": (1800,),
}
RATINGS = ("8+", "12+", "16+", "PEGI:16", "PEGI:18", "ESRB:T", "CERO:A")


@cache
@st.composite
def feature_settings(draw: st.DrawFn) -> dict[str, bool | str | int]:
    """What a guardian has set for some features."""
    named = draw(st.lists(st.sampled_from(("game_account_trade", *FEATURES)), max_size=3))
    return {name: draw(st.sampled_from(FEATURE_VALUES[name])) for name in named}


@cache
def guardians() -> st.SearchStrategy[Line]:
    """A guardian's settings."""
    return st.fixed_dictionaries(
        {},
        optional={
            "daily_minutes": st.sampled_from((0, 1, 30, 60, 90, 91, 180, 1440)),
            "night_allowed": st.booleans(),
            "windows": windows(),
            "single_fen": caps(),
            "daily_fen": caps(),
            "monthly_fen": caps(),
            "features": feature_settings(),
            "max_rating": st.sampled_from(RATINGS),
        },
    )


IDENTITIES = ("none", "failed", "declared", "estimated", "pending", "phone", "verified")
CONSENTS = ("pi_processing", "live_host", "ai_companion_other", "optional_pi")
ID_CHARS = "ABYZabyz0189_.:@-"


@cache
def _manners() -> st.SearchStrategy[Line]:
    """All of a subject but the age."""
    return st.fixed_dictionaries(
        {"identity": st.sampled_from((*["verified"] * 18, *IDENTITIES))},
        optional={
            "id": person_ids(),
            "minors_mode": st.booleans(),
            "consents": st.lists(st.sampled_from(CONSENTS), max_size=3),
            "guardian": guardians(),
            "account": names(),
        },
    )


@cache
def person_ids() -> st.SearchStrategy[str]:
    """What a subject may be called."""
    return st.sampled_from(("u1", "-", ".", "A-Za_z0.9:@", "x" * 64)) | st.text(
        ID_CHARS, min_size=1, max_size=4
    )


@st.composite
def subjects(draw: st.DrawFn, day: date) -> Line:
    """People: born, of an age range, or of an unknown age; verified more often than not."""
    said: Line = draw(_manners())
    known = draw(st.sampled_from(("born", "born", "born", "age", "null", "nothing")))
    if known == "born":
        said["born"] = draw(births(day)).isoformat()
    elif known == "age":
        said["age"] = draw(age_ranges())
    elif known == "null":
        said["born"] = None
    return said


# --- requests ------------------------------------------------------------------------------------

PLAYS = ("login", "heartbeat")
SPENDS = ("purchase", "gift")
KINDS = (*(*PLAYS, *SPENDS, "feature", "view", "post", "message", "page", "lesson", "pk", "mode"),)
SLOTS = (
    *("home_first_screen", "popup", "hot_search", "ranking", "recommendation", "featured"),
    *("feed", "push", "search", "detail"),
)


@cache
def names() -> st.SearchStrategy[str]:
    """Names of orders, sessions and rooms."""
    odd = st.sampled_from(("x" * 128, "订单", "a b", '"', "\\", "\u2028", "\x00", "\U0001f600"))
    return odd | st.text("ox-1", min_size=1, max_size=4)


@cache
def line_ids() -> st.SearchStrategy[str | int | None]:
    """What a caller may call a line."""
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
    return st.none() | text | names() | st.integers(-(2**63) + 1, 2**63 - 1)


@cache
def _ask(kind: str) -> st.SearchStrategy[Line]:
    fen = caps().filter(bool)
    exempt = st.sampled_from(("filed_education", "emergency", "guardian"))
    leads = st.lists(
        st.fixed_dictionaries(
            {"leads_to": st.sampled_from(("learning", "game", "social", "shop", "other"))}
        ),
        max_size=2,
    )
    ads = st.lists(st.fixed_dictionaries({"learning_related": st.booleans()}), max_size=2)
    comments = st.sampled_from(("review_then_publish", "publish_then_review", "off"))
    shapes: dict[str, tuple[Line, Line]] = {
        "login": ({}, {"session": names(), "exempt": exempt}),
        "heartbeat": ({"session": names()}, {"exempt": exempt}),
        "purchase": (
            {"fen": fen, "order": names()},
            {"for": st.sampled_from(("tipping", "other"))},
        ),
        "gift": ({"fen": fen, "order": names()}, {"room": names()}),
        "feature": ({"feature": st.sampled_from(("game_account_trade",) * 9 + FEATURES)}, {}),
        "view": (
            {},
            {
                "rating": st.sampled_from(RATINGS),
                "slot": st.sampled_from(SLOTS),
                "minors_only_service": st.booleans(),
            },
        ),
        "post": ({"place": st.just("course_comment")}, {}),
        "message": ({}, {"stranger": st.booleans()}),
        "page": (
            {
                "course_reviewed": st.booleans(),
                "ads": ads,
                "popups": leads,
                "links": leads,
                "comments": comments,
                "nonprofit": st.booleans(),
                "charges_fen": caps(),
            },
            {"for_minors": st.booleans()},
        ),
        "lesson": (
            {"minutes": st.integers(1, 240)},
            {
                "break_before_min": st.integers(0, 60),
                "training": st.sampled_from(("subject_compulsory", "other")),
            },
        ),
        "pk": ({"room": names()}, {}),
        "mode": ({"on": st.booleans()}, {"guardian_verified": st.booleans()}),
    }
    required, optional = shapes[kind]
    return st.fixed_dictionaries({"kind": st.just(kind), **required}, optional=optional)


@cache
def _recipient() -> st.SearchStrategy[Line]:
    accepts = st.sampled_from(("all", "friends", "nobody"))
    return st.fixed_dictionaries(
        {}, optional={"id": person_ids(), "age": age_ranges(), "accepts": accepts}
    )


@st.composite
def asks(draw: st.DrawFn, day: date, kinds: tuple[str, ...]) -> Line:
    """What a person may ask."""
    said: Line = draw(_ask(draw(st.sampled_from(kinds))))
    if said["kind"] == "lesson":
        said["starts"] = moment(day, draw(seconds())).isoformat()
    if said["kind"] == "message":
        said["to"] = draw(_recipient())
        if "age" not in said["to"] and draw(st.booleans()):
            said["to"]["born"] = draw(births(day)).isoformat()
    return said


@cache
def usages() -> st.SearchStrategy[Line]:
    """What was used so far."""
    played = st.sampled_from((0, 1, 1799, 1800, 5399, 5400, 5401, 10_799, 10_800, 86_400))
    return st.fixed_dictionaries(
        {},
        optional={
            "played_today_s": played | st.integers(0, 10_800),
            "continuous_s": played,
            "spent_today_fen": caps(),
            "spent_month_fen": caps(),
            "counts": st.dictionaries(st.sampled_from(("pk_window", "views")), st.integers(0, 9)),
        },
    )


LAWS = ("cn.game", "cn.base", ["cn.game"], ["cn.base", "cn.game"], ["cn.game", "cn.base"])


@cache
def _rest() -> st.SearchStrategy[Line]:
    laws = st.sampled_from(("cn.game",) * 9 + LAWS)
    return st.fixed_dictionaries({}, optional={"id": line_ids(), "law": laws, "usage": usages()})


@st.composite
def lines(
    draw: st.DrawFn,
    kinds: tuple[str, ...] = (*KINDS, *PLAYS * 6, *SPENDS * 2),
    *,
    when: st.SearchStrategy[datetime] | None = None,
    verified: bool = False,
    guarded: bool = False,
) -> Line:
    """Whole request lines, valid in every part; most of them under ``cn.game``."""
    at = draw(instants() if when is None else when)
    line: Line = {"at": at.isoformat(), "ask": draw(asks(at.date(), kinds)), **draw(_rest())}
    if verified or draw(st.integers(0, 19)):
        line["subject"] = draw(subjects(at.date()))
    if verified:
        line["subject"]["identity"] = "verified"
    if guarded:
        line["subject"]["guardian"] = draw(guardians())
    return line


@st.composite
def histories(draw: st.DrawFn) -> list[Line]:
    """Lines about people who are alike: the same ask and settings at other times, ages, usages."""
    first = draw(lines((*PLAYS, "purchase", "view", "feature")))
    said = [first]
    for _ in range(draw(st.integers(1, 3))):
        at = draw(instants())
        other = copy.deepcopy(first) | {"at": at.isoformat(), "usage": draw(usages())}
        person: Line = other.get("subject", {})
        if "born" in person:
            person["born"] = draw(births(at.date())).isoformat()
        said.append(other)
    return draw(st.permutations(said))


# --- one line of each kind with all that it may hold ---------------------------------------------

WHOLE_ASKS: dict[str, Line] = {
    "login": {"kind": "login", "session": "s-1", "exempt": "emergency"},
    "heartbeat": {"kind": "heartbeat", "session": "s-1", "exempt": "guardian"},
    "purchase": {"kind": "purchase", "fen": 100, "order": "o-1", "for": "other"},
    "gift": {"kind": "gift", "fen": 100, "order": "o-1", "room": "r-1"},
    "feature": {"kind": "feature", "feature": "game_account_trade"},
    "view": {"kind": "view", "rating": "12+", "slot": "feed", "minors_only_service": False},
    "post": {"kind": "post", "place": "course_comment"},
    "message": {
        "kind": "message",
        "to": {"id": "u2", "born": "2013-01-01", "accepts": "friends"},
        "stranger": True,
    },
    "page": {
        "kind": "page",
        "course_reviewed": True,
        "ads": [{"learning_related": True}],
        "popups": [{"leads_to": "learning"}],
        "links": [{"leads_to": "game"}],
        "comments": "off",
        "nonprofit": False,
        "charges_fen": 0,
        "for_minors": True,
    },
    "lesson": {
        "kind": "lesson",
        "starts": "2026-11-20T19:00:00+08:00",
        "minutes": 30,
        "break_before_min": 10,
        "training": "other",
    },
    "pk": {"kind": "pk", "room": "r-1"},
    "mode": {"kind": "mode", "on": False, "guardian_verified": True},
}
REQUIRED: dict[str, tuple[str, ...]] = {
    "heartbeat": ("session",),
    "purchase": ("fen", "order"),
    "gift": ("fen", "order"),
    "feature": ("feature",),
    "post": ("place",),
    "message": ("to",),
    "page": (
        *("course_reviewed", "ads", "popups", "links", "comments", "nonprofit", "charges_fen"),
    ),
    "lesson": ("starts", "minutes"),
    "pk": ("room",),
    "mode": ("on",),
}


def whole_line(kind: str = "login") -> Line:
    """A valid line with every key that the contract knows for that kind of ask."""
    return {
        "id": "c1",
        "law": "cn.game",
        "at": "2026-11-20T20:10:00+08:00",
        "subject": {
            "id": "u1",
            "born": "2012-05-01",
            "identity": "verified",
            "minors_mode": False,
            "consents": ["pi_processing"],
            "guardian": {
                "daily_minutes": 60,
                "night_allowed": False,
                "windows": [["08:00", "24:00"]],
                "single_fen": 5000,
                "daily_fen": 5000,
                "monthly_fen": 20_000,
                "features": {"tipping": False, "post_visibility": "friends"},
                "max_rating": "12+",
            },
            "account": "a-1",
        },
        "ask": copy.deepcopy(WHOLE_ASKS[kind]),
        "usage": {
            "played_today_s": 0,
            "continuous_s": 0,
            "spent_today_fen": 0,
            "spent_month_fen": 0,
            "counts": {"pk_window": 0},
        },
    }


# --- spoiling a line -----------------------------------------------------------------------------


def places(node: object, here: Loc = ()) -> list[tuple[Loc, Any]]:
    """Every place of a line and what stands there, the line itself first."""
    found: list[tuple[Loc, Any]] = [(here, node)]
    if isinstance(node, dict):
        for key, value in node.items():
            found += places(value, (*here, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            found += places(value, (*here, index))
    return found


def put(line: Line, loc: Loc, value: object) -> Line:
    """The line with another value in that place."""
    other = copy.deepcopy(line)
    _holder(other, loc)[loc[-1]] = value
    return other


def without(line: Line, loc: Loc) -> Line:
    """The line without that key."""
    other = copy.deepcopy(line)
    del _holder(other, loc)[loc[-1]]
    return other


def renamed(line: Line, loc: Loc, key: str) -> Line:
    """The line with another name for the key of that place."""
    other = copy.deepcopy(line)
    holder = _holder(other, loc)
    holder[key] = holder.pop(loc[-1])
    return other


def _holder(node: Any, loc: Loc) -> Any:
    for step in loc[:-1]:
        node = node[step]
    return node


def dotted(loc: Loc) -> str:
    """A place as the wire names it."""
    return ".".join(map(str, loc))


NAN, ENDLESS = float("nan"), float("inf")


WRONG: dict[type, tuple[object, ...]] = {
    dict: ([], "x", 5, True),
    list: ({}, 5, True, 1.5),
    bool: ([], {}, 1.5, "true"),
    int: ([], {}, "1", 1.5, 1.0, True, NAN, ENDLESS, -1),
    str: ([], {}, 5, True, 1.5, NAN),
    type(None): ([], {}, 5, True),
}


def never_right(loc: Loc, value: object) -> tuple[object, ...]:
    """Values that no line may hold in the place where this one stands."""
    if loc == ("id",):
        return ([], {}, True, 1.5)
    if loc[-2:-1] == ("features",):
        return ([], {}, 1.5, "true")
    return WRONG[type(value)]


OPEN_MAPS = (("usage", "counts"),)
"""Where any key may stand."""


@st.composite
def breaks(draw: st.DrawFn, valid: st.SearchStrategy[Line]) -> tuple[Line, str]:
    """A valid line spoilt in one place, and the dotted path of that place."""
    line = draw(valid)
    all_places = places(line)
    way = draw(st.sampled_from(("wrong value", "wrong value", "unknown key", "missing key")))
    if way == "wrong value":
        loc, value = draw(st.sampled_from(all_places[1:]))
        return put(line, loc, draw(st.sampled_from(never_right(loc, value)))), dotted(loc)
    if way == "unknown key":
        closed = [loc for loc, at in all_places if isinstance(at, dict) and loc not in OPEN_MAPS]
        loc = (*draw(st.sampled_from(closed)), draw(st.sampled_from(("nope", "Born", "kind_"))))
        return put(line, loc, draw(st.sampled_from((1, None, "x", {}, [])))), dotted(loc)
    needed = [("at",), ("ask", "kind")]
    needed += [("ask", key) for key in REQUIRED.get(line["ask"]["kind"], ())]
    loc = draw(st.sampled_from(needed))
    return without(line, loc), dotted(loc)


@st.composite
def noises(draw: st.DrawFn, raw: bytes) -> bytes:
    """Bytes of a line with some cut out, doubled or changed; no line's end among them."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.integers(0, 8)))
        middle = draw(
            st.sampled_from(
                (b"", raw[start:end] * 2, b"\x00", b"\xff", b'"', b"{", b"]", b"\\ud800")
            )
            | st.binary(max_size=4)
        )
        raw = raw[:start] + middle + raw[end:]
    return raw.replace(b"\n", b" ")
