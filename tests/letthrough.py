"""What settings let through, question by question: an oracle with no comparison of settings in it.

May one play at this hour after so many minutes, pay this, see this, use that as far as here? Two
settings are compared by the questions they answer with yes.
"""

from hypothesis import strategies as st

from minorguard import GuardianSettings
from minorguard.guardians.strictness import Ground

HOUR = 3600

# From the strictest value to the loosest; those of one row are as strict as each other.
LADDERS = {
    "allow_comment": [[False, "nobody", 0], ["friends"], [True, "all"]],
    "live_pk": [[False, "nobody", 0], [600], [3600], [True, "all"]],
    "block_strangers": [[True], [False, 0]],
    "rest_reminder": [[600], [True, 1800], [2700], [False, 0]],
}
DEFAULTS = {"allow_comment": "friends", "live_pk": True, "block_strangers": True}
DEFAULTS["rest_reminder"] = True
HOURS = (0, 5, 6, 7, 9, 12, 19, 20, 21, 22, 23)
WINDOWS = [None, (), ((8 * HOUR, 20 * HOUR),), ((10 * HOUR, 22 * HOUR),), ((0, 86_400),)]
MINUTES = [None, 0, 30, 60, 90, 120, 1440]
FEN = [None, 0, 500, 10_000]
RATINGS = [None, "8+", "12+", "16+"]


@st.composite
def settings(draw):
    toggles = {
        toggle: draw(st.sampled_from([value for step in ladder for value in step]))
        for toggle, ladder in LADDERS.items()
        if draw(st.booleans())
    }
    return GuardianSettings(
        daily_minutes=draw(st.sampled_from(MINUTES)),
        night_allowed=draw(st.booleans()),
        windows=draw(st.sampled_from(WINDOWS)),
        single_fen=draw(st.sampled_from(FEN)),
        daily_fen=draw(st.sampled_from(FEN)),
        monthly_fen=draw(st.sampled_from(FEN)),
        features=toggles,
        max_rating=draw(st.sampled_from(RATINGS)),
    )


GROUNDS = st.builds(Ground, st.sampled_from([60, 120]), st.just(DEFAULTS))


def step_of(toggle, value):
    for number, step in enumerate(LADDERS[toggle]):
        if any(type(value) is type(one) and value == one for one in step):
            return number
    raise AssertionError(toggle)


QUESTIONS = [
    *(("play", minutes, hour) for minutes in (0, 29, 59, 89, 119, 1439, 1440) for hour in HOURS),
    *((kind, fen) for kind in ("single", "daily", "monthly") for fen in (1, 500, 10_000, 10**9)),
    *(("show", age) for age in (8, 12, 16, 18)),
    *(("use", toggle, step) for toggle, ladder in LADDERS.items() for step in range(len(ladder))),
]


def lets(said, question, ground, *, in_mode, mode_total=False):
    """Whether settings alone let through what is asked; ``mode_total`` as in ``Terms``."""
    kind, *asked = question
    if kind == "play":
        minutes, hour = asked
        limit = said.daily_minutes
        if in_mode and (limit is None or mode_total):
            limit = ground.mode_minutes if limit is None else min(limit, ground.mode_minutes)
        spans = [(0, 86_400)] if said.windows is None else said.windows
        at_night = in_mode and not 6 <= hour < 22
        return (
            (limit is None or minutes < limit)
            and any(start <= hour * HOUR < end for start, end in spans)
            and (said.night_allowed or not at_night)
        )
    if kind == "show":
        return said.max_rating is None or asked[0] <= int(said.max_rating[:-1])
    if kind == "use":
        toggle, step = asked
        return step <= step_of(toggle, said.features.get(toggle, DEFAULTS[toggle]))
    cap = getattr(said, f"{kind}_fen")
    return cap is None or asked[0] <= cap


def through(said, ground, *, in_mode, mode_total=False):
    return {
        question
        for question in QUESTIONS
        if lets(said, question, ground, in_mode=in_mode, mode_total=mode_total)
    }
