"""Which settings are the stricter, what holds at once and what waits: arithmetic, and no store.

The oracle is a list of questions (may one play at this second after so many minutes, pay, see,
use?) and what settings let through, written without the module's own comparisons.
"""

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letthrough import (
    DEFAULTS,
    FEN,
    GROUNDS,
    HOUR,
    LADDERS,
    MINUTES,
    QUESTIONS,
    RATINGS,
    WINDOWS,
    settings,
    step_of,
    through,
)
from minorguard import GuardianSettings, InvalidRequest
from minorguard.core.subject import Ages
from minorguard.guardians import settings as waits
from minorguard.guardians import strictness as strict
from minorguard.guardians.settings import CONFIRM_WITHIN_S, LOOSENING_WAITS_S, Limits, Waiting
from minorguard.guardians.strictness import NOTHING, Ground, Terms
from strategies import few

# -- laws ----------------------------------------------------------------------------------------


@few(400)
@given(settings(), settings(), GROUNDS)
def test_what_is_not_looser_lets_nothing_new_through(old, new, ground):
    looser = strict.looser_fields(Terms(old), Terms(new), ground)
    gained = {
        question
        for in_mode in (False, True)
        for question in through(new, ground, in_mode=in_mode)
        - through(old, ground, in_mode=in_mode)
    }

    if not looser:
        assert gained == set()


SINGLE = [
    *(("daily_minutes", one, other) for one, other in itertools.permutations(MINUTES, 2)),
    *(("windows", one, other) for one, other in itertools.permutations(WINDOWS, 2)),
    *(("max_rating", one, other) for one, other in itertools.permutations(RATINGS, 2)),
    *(
        (f"{kind}_fen", one, other)
        for kind in ("single", "daily", "monthly")
        for one, other in itertools.permutations(FEN, 2)
    ),
    *(("night_allowed", one, other) for one, other in [(False, True), (True, False)]),
]


@pytest.mark.parametrize("ground", [Ground(60, DEFAULTS), Ground(120, DEFAULTS)])
def test_a_field_is_named_as_looser_exactly_if_it_lets_something_new_through(ground):
    also = {"single_fen": 7} if ground.mode_minutes == 60 else {"max_rating": "12+"}
    pairs = [
        (GuardianSettings(**{**also, f: o}), GuardianSettings(**{**also, f: n}), f)
        for f, o, n in SINGLE
        if f not in also
    ]
    for toggle, ladder in LADDERS.items():
        values = [None, *(value for step in ladder for value in step)]
        for old, new in itertools.product(values, repeat=2):
            both = [{} if value is None else {toggle: value} for value in (old, new)]
            pairs.append(
                (*(GuardianSettings(features=f, **also) for f in both), f"features.{toggle}")
            )

    for old, new, field in pairs:
        gained = any(
            through(new, ground, in_mode=in_mode) - through(old, ground, in_mode=in_mode)
            for in_mode in (False, True)
        )
        looser = strict.looser_fields(Terms(old), Terms(new), ground)
        assert looser == ((field,) if gained else ()), (old, new)


def test_who_takes_everything_back_has_no_veto_on_the_night_left():
    some = GuardianSettings(single_fen=10**12)

    assert strict.looser_fields(Terms(some), Terms(), GROUND) == ("night_allowed", "single_fen")


@few(400)
@given(settings(), settings(), GROUNDS, st.booleans())
def test_at_once_holds_what_both_let_through_and_nothing_else(old, new, ground, in_mode):
    met = strict.meet(Terms(old), Terms(new), ground)
    both = through(old, ground, in_mode=in_mode) & through(new, ground, in_mode=in_mode)

    held = through(met.settings, ground, in_mode=in_mode, mode_total=met.mode_total)

    assert held == both


@few(300)
@given(st.lists(settings(), max_size=4), st.randoms(use_true_random=False))
def test_the_strictest_of_all_guardians_holds_in_whatever_order_they_come(many, random):
    whole = strict.merged(many)
    shuffled = [*many, *many[:1]]
    random.shuffle(shuffled)
    told = [one for one in many if one != NOTHING]

    assert strict.merged(shuffled) == whole
    assert strict.merged([whole, whole]) == whole
    for name, pick in [("daily_minutes", min), ("single_fen", min), ("night_allowed", all)]:
        given_ = [getattr(one, name) for one in told if getattr(one, name) is not None]
        expected = (pick(given_) if given_ else None) if told else getattr(NOTHING, name)
        assert getattr(whole, name) == expected
    outside = [through(one, Ground(), in_mode=False) for one in told]
    for question in QUESTIONS:
        if question[0] != "use":
            lets_all = all(question in one for one in outside)
            assert (question in through(whole, Ground(), in_mode=False)) == lets_all
    for toggle in LADDERS:
        steps = [step_of(toggle, s.features[toggle]) for s in told if toggle in s.features]
        if steps:
            assert step_of(toggle, whole.features[toggle]) == min(steps)


@pytest.mark.parametrize("toggle", LADDERS)
def test_a_ladder_is_a_ladder(toggle):
    for (low, one), (high, other) in itertools.product(
        [(n, v) for n, step in enumerate(LADDERS[toggle]) for v in step], repeat=2
    ):
        stricter = strict.looseness(toggle, one) < strict.looseness(toggle, other)
        assert stricter == (low < high)


def test_the_mode_total_is_measured_by_age_and_the_strictest_where_it_is_not_known():
    ages = [
        Ages(0, 8),
        Ages(15, 16),
        Ages(16, 17),
        Ages(17, 18),
        Ages(),
        Ages(15, 17),
        Ages(30, 31),
    ]

    assert [strict.mode_minutes(age) for age in ages] == [60, 60, 120, 120, 60, 60, 60]


def test_more_minutes_than_the_modes_own_are_looser_where_nothing_was_set():
    wanted = GuardianSettings(daily_minutes=90)

    assert strict.is_looser(NOTHING, wanted)
    assert not strict.is_looser(NOTHING, wanted, Ground(120))
    assert not strict.is_looser(NOTHING, GuardianSettings(daily_minutes=60))
    assert strict.is_looser(GuardianSettings(daily_minutes=60), NOTHING)


def test_a_toggle_of_unknown_default_loosens_unless_it_closes():
    def setting(value):
        return GuardianSettings(features={"allow_comment": value})

    assert strict.is_looser(NOTHING, setting("friends"))
    assert not strict.is_looser(NOTHING, setting("friends"), Ground(60, DEFAULTS))
    assert not strict.is_looser(NOTHING, setting("nobody"))
    assert strict.is_looser(setting("friends"), NOTHING)
    both = Terms(setting("all")), Terms()
    assert "features.allow_comment" not in strict.looser_fields(*both, Ground())


def test_one_thing_is_said_in_one_place():
    for toggle, field in [("daily_time_limit", "daily_minutes"), ("night_curfew", "night_allowed")]:
        with pytest.raises(InvalidRequest, match=f"want guardian.{field} instead"):
            strict.checked(GuardianSettings(features={toggle: False}))
    with pytest.raises(InvalidRequest, match=r"guardian.max_rating"):
        strict.checked(GuardianSettings(max_rating="PEGI:16"))


# -- what waits ----------------------------------------------------------------------------------

LAYER = ("g-1", "")
NOW = int(datetime(2026, 11, 20, 10, tzinfo=UTC).timestamp())
GROUND = Ground(60, DEFAULTS)


def wait(name, at=NOW):
    return Waiting(name, *LAYER, "g-1", None, (), "seal", at + CONFIRM_WITHIN_S)


def set_(limits, said, name=None, at=NOW):
    limits, _ = waits.matured(limits, at)
    return waits.proposed(limits, LAYER, said, GROUND, name and wait(name, at))


def held(limits, at, **options):
    options = {"app": "", "in_mode": False, "extra": {}, **options}
    return waits.in_force(waits.matured(limits, at)[0], GROUND, **options)


def minutes(number, **more):
    return GuardianSettings(daily_minutes=number, **more)


def test_tightening_acts_at_once_and_needs_no_proof():
    said = set_(Limits(), minutes(40))

    assert (said.done, said.loosens, said.waits, said.refused) == (True, (), None, None)
    assert held(said.limits, NOW).daily_minutes == 40


def test_loosening_without_a_proof_is_refused_and_changes_nothing():
    before = set_(Limits(), minutes(40)).limits

    said = set_(before, minutes(50))

    assert said.refused == "guardian_verification_required"
    assert said.loosens == ("daily_minutes",)
    assert not said.done
    assert said.limits == before


def test_a_loosening_waits_a_day_from_when_it_was_confirmed():
    limits = set_(Limits(), minutes(40)).limits
    said = set_(limits, minutes(50), "c1")
    confirmed_at = NOW + CONFIRM_WITHIN_S - 1
    limits = waits.confirmed(said.limits, said.waits, confirmed_at)
    due = confirmed_at + LOOSENING_WAITS_S

    assert held(limits, due - 1).daily_minutes == 40
    assert held(limits, due).daily_minutes == 50
    assert waits.confirmed(limits, limits.waiting[0], due - 1) == limits  # told again: it stands


def test_a_loosening_that_nobody_confirms_lapses():
    limits = set_(set_(Limits(), minutes(40)).limits, minutes(50), "c1").limits

    assert held(limits, NOW + 10 * LOOSENING_WAITS_S).daily_minutes == 40
    assert waits.matured(limits, NOW + CONFIRM_WITHIN_S)[0].waiting == ()
    assert waits.matured(limits, NOW + CONFIRM_WITHIN_S - 1)[0].waiting != ()


def test_of_a_mixed_change_the_stricter_half_acts_at_once_and_stays_when_the_other_lapses():
    limits = set_(Limits(), minutes(40, max_rating="16+")).limits

    said = set_(limits, minutes(90, max_rating="8+"), "c1")

    assert said.loosens == ("daily_minutes",)
    assert said.fields == ("max_rating",)
    for at in (NOW, NOW + CONFIRM_WITHIN_S):
        assert (held(said.limits, at).daily_minutes, held(said.limits, at).max_rating) == (40, "8+")


def test_of_two_windows_what_both_have_holds_until_the_new_one_does():
    limits = set_(Limits(), GuardianSettings(windows=((8 * HOUR, 20 * HOUR),))).limits
    said = set_(limits, GuardianSettings(windows=((10 * HOUR, 22 * HOUR),)), "c1")
    limits = waits.confirmed(said.limits, said.waits, NOW)

    assert held(limits, NOW).windows == ((10 * HOUR, 20 * HOUR),)
    assert held(limits, NOW + LOOSENING_WAITS_S).windows == ((10 * HOUR, 22 * HOUR),)


def test_a_later_tightening_wins_over_what_waits():
    limits = set_(Limits(), minutes(40)).limits
    said = set_(limits, minutes(50), "c1")
    limits = waits.confirmed(said.limits, said.waits, NOW)

    stopped = set_(limits, minutes(40), at=NOW + 60).limits
    halved = set_(limits, minutes(45), at=NOW + 60)

    assert stopped.waiting == ()
    assert held(stopped, NOW + 2 * LOOSENING_WAITS_S).daily_minutes == 40
    assert halved.refused is None  # less than what waits already: no new wait, no new proof
    assert held(halved.limits, NOW + LOOSENING_WAITS_S - 1).daily_minutes == 40
    assert held(halved.limits, NOW + LOOSENING_WAITS_S).daily_minutes == 45


def test_a_looser_wish_than_what_waits_begins_to_wait_anew():
    limits = set_(Limits(), minutes(40)).limits
    said = set_(limits, minutes(50), "c1")
    limits = waits.confirmed(said.limits, said.waits, NOW)

    said = set_(limits, minutes(55), "c2", at=NOW + 60)

    assert [one.id for one in said.limits.waiting] == ["c2"]
    assert said.waits.due is None
    assert held(said.limits, NOW + LOOSENING_WAITS_S).daily_minutes == 40


def test_a_mixed_wish_without_a_proof_tightens_what_waits_too():
    limits = set_(Limits(), minutes(40)).limits
    said = set_(limits, minutes(50), "c1")
    limits = waits.confirmed(said.limits, said.waits, NOW)

    said = set_(limits, minutes(60, max_rating="8+"), at=NOW + 60)
    after = held(said.limits, NOW + LOOSENING_WAITS_S)

    assert said.refused == "guardian_verification_required"
    assert (after.daily_minutes, after.max_rating) == (50, "8+")


def test_the_number_that_waits_is_as_good_as_the_modes_own_while_it_waits():
    said = set_(Limits(), minutes(90), "c1")
    limits = waits.confirmed(said.limits, said.waits, NOW)

    assert held(limits, NOW, in_mode=False).daily_minutes == 90  # stricter than nothing: at once
    assert held(limits, NOW, in_mode=True).daily_minutes == 60  # looser than the mode: it waits
    assert held(limits, NOW + LOOSENING_WAITS_S, in_mode=True).daily_minutes == 90


def test_an_app_is_bound_by_the_whole_device_and_never_replaces_the_modes_total():
    def both(app, whole=None, **options):
        layers = {("g-1", "video"): Terms(app)}
        if whole is not None:
            layers["g-1", ""] = Terms(whole)
        return held(Limits(layers), NOW, app="video", **options)

    assert both(minutes(90), minutes(40)).daily_minutes == 40
    assert both(minutes(20), minutes(40)).daily_minutes == 20
    assert both(minutes(90), in_mode=True).daily_minutes is None
    assert both(minutes(20), in_mode=True).daily_minutes == 20
    assert both(minutes(90), in_mode=False).daily_minutes == 90
    night = GuardianSettings(night_allowed=True)
    assert not both(night, minutes(40)).night_allowed
    assert both(night).night_allowed
    other = held(Limits({("g-1", "video"): Terms(minutes(20))}), NOW, app="chat")
    assert other == NOTHING


def test_extra_time_raises_the_guardians_own_number_and_no_other_guardians():
    layers = {("g-1", ""): Terms(minutes(40)), ("g-2", ""): Terms(minutes(60))}

    def total(limits, extra, **options):
        return held(limits, NOW, extra=extra, **{"in_mode": True, **options}).daily_minutes

    assert total(Limits(layers), {("g-1", ""): 10}) == 50
    assert total(Limits(layers), {("g-1", ""): 90}) == 60
    assert total(Limits(layers), {("g-2", ""): 90}) == 40
    assert total(Limits(layers), {("g-1", ""): 10}, in_mode=False) == 40
    assert total(Limits(), {("g-2", ""): 30}) == 90  # the mode's own total and thirty
    assert total(Limits(), {("g-2", ""): 1440}) == 1440
    assert total(Limits(), {("g-2", ""): 30}, in_mode=False) is None
