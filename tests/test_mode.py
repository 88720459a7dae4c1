"""The minors' mode, consents and contests as a guard counts and remembers them."""

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minorguard import (
    ConsentGranted,
    ConsentRevoked,
    Guard,
    GuardianSettings,
    Left,
    ModeChanged,
    ModeSwitch,
    Pk,
    Play,
    Settled,
    Show,
    Spend,
    Subject,
    Use,
    law,
    stores,
)
from minorguard.core import contests, recorded, time
from minorguard.errors import StoreUnavailable
from minorguard.stores.protocol import STAYS
from storekit import STORES
from strategies import few

CHINA = timezone(timedelta(hours=8))
NOON = datetime(2026, 11, 18, 12, tzinfo=CHINA)
VIDEO, LIVE, AI, GAME = (law(f"cn.{name}") for name in ("video", "live", "ai", "game"))
CHILD = Subject("p-81", born=date(2016, 3, 3), identity="verified")
TEEN = Subject("p-82", born=date(2009, 6, 1), identity="verified")
ADULT = Subject("p-83", born=date(1990, 1, 1), identity="verified")


def minutes(n):
    return timedelta(minutes=n)


def codes(decision):
    return [reason.code for reason in decision.reasons]


def guard_of(the_law, store=None, **options):
    return Guard(the_law, store=store or stores.open("memory:"), **options)


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    made = stores.open(STORES[request.param](tmp_path))
    yield made
    made.close()


def play_on(guard, who, start, until, *, every=2, session="s", **more):
    """Log in and renew in time; the answers in order."""
    answers, at = [], start
    while at < until:
        renewal = bool(answers)
        request = Play(who, session=session, renewal=renewal, **more)
        answers.append(guard.decide(request, at=at))
        at += minutes(every)
    return answers


# -- the recorded mode ----------------------------------------------------------------------------


def test_a_recorded_mode_binds_play_whatever_the_request_says():
    guard = guard_of(VIDEO)
    assert guard.decide(Play(CHILD, session="a"), at=NOON).remaining_s is None
    guard.record(ModeChanged(CHILD, on=True), at=NOON + minutes(1))
    seat = guard.decide(Play(CHILD, session="a"), at=NOON + minutes(2))
    assert seat.remaining_s == 3600
    assert seat.lease_until == NOON + minutes(4)


def test_a_recorded_mode_binds_an_adult_account_as_the_youngest():
    guard = guard_of(VIDEO)
    guard.record(ModeChanged(ADULT, on=True), at=NOON)
    assert guard.decide(Play(ADULT, session="a"), at=NOON).remaining_s == 3600
    assert codes(guard.decide(Play(ADULT, session="b"), at=NOON.replace(hour=22))) == [
        "outside_window"
    ]
    guard.record(ModeChanged(ADULT, on=False), at=NOON + minutes(9))
    assert guard.decide(Play(ADULT, session="c"), at=NOON + minutes(9)).remaining_s is None


def test_leaving_the_mode_is_believed_over_a_request_that_still_claims_it():
    guard = guard_of(VIDEO)
    inside = Subject("p-81", born=CHILD.born, identity="verified", minors_mode=True)
    night = NOON.replace(hour=23)
    assert not guard.decide(Play(inside, session="a"), at=night)
    guard.record(ModeChanged(inside, on=False), at=night)
    assert guard.decide(Play(inside, session="a"), at=night)


def test_the_mode_total_is_counted_over_both_devices_and_ends_the_day():
    guard = guard_of(VIDEO)
    guard.record(ModeChanged(CHILD, on=True), at=NOON)
    for n in range(0, 60, 2):
        for device in ("phone", "tablet"):
            request = Play(CHILD, session=device, renewal=n > 0)
            assert guard.decide(request, at=NOON + minutes(n)), n
    refused = guard.decide(Play(CHILD, session="tv"), at=NOON + minutes(60))
    assert codes(refused) == ["quota_exhausted"]
    assert refused.next_allowed_at == datetime(2026, 11, 19, 6, tzinfo=CHINA)


def test_a_mode_that_was_recorded_is_never_forgotten_by_a_store():
    store = stores.open("memory:")
    guard = guard_of(VIDEO, store)
    guard.record(ModeChanged(CHILD, on=True), at=NOON)
    assert store.load("time/cn.video/p-81")[1][:1] in STAYS


def test_a_late_message_is_judged_by_the_mode_of_its_instant():
    guard = guard_of(VIDEO)
    guard.record(ModeChanged(CHILD, on=True), at=NOON)
    guard.record(ModeChanged(CHILD, on=False), at=NOON.replace(hour=23))
    late = NOON.replace(hour=22, minute=30)
    assert codes(guard.decide(Play(CHILD, session="a"), at=late)) == ["outside_window"]
    assert guard.decide(Play(CHILD, session="a"), at=late + minutes(30))


def test_whoever_is_in_no_mode_leaves_no_trace():
    store = stores.open("memory:")
    guard = guard_of(VIDEO, store)
    for who in (CHILD, TEEN, ADULT):
        assert guard.decide(Play(who, session="a"), at=NOON)
        guard.record(Left(who, session="a"), at=NOON)
    assert list(store.scan("time/")[0]) == []


def test_the_plan_of_the_day_knows_the_recorded_mode():
    guard = guard_of(VIDEO)
    guard.record(ModeChanged(CHILD, on=True), at=NOON)
    [sitting] = guard.plan_day(CHILD, at=NOON).sittings
    assert sitting.end == NOON + minutes(60)


def test_content_and_features_know_the_recorded_mode():
    guard = guard_of(VIDEO)
    show = Show(ADULT, categories=("unsafe_imitation",), slot="detail")
    assert guard.decide(show, at=NOON)
    before = guard.features(CHILD, at=NOON)
    guard.record(ModeChanged(ADULT, on=True), at=NOON)
    guard.record(ModeChanged(CHILD, on=True), at=NOON)
    assert codes(guard.decide(show, at=NOON)) == ["content_restricted"]
    after = guard.features(CHILD, at=NOON)
    assert {change.id for change in after.since(before)} == {
        "addictive_mechanics",
        "view_may_affect_with_prompt",
    }
    assert after.version != before.version


def test_turning_eighteen_in_a_session_ends_the_settings_but_not_the_mode():
    guard = guard_of(VIDEO)
    strict = GuardianSettings(windows=((0, 86_390),))
    grown = Subject("p-9", born=date(2008, 11, 17), identity="verified", guardian=strict)
    guard.record(ModeChanged(grown, on=True), at=NOON - timedelta(days=1))
    evening = datetime(2026, 11, 17, 21, 50, tzinfo=CHINA)
    assert guard.decide(Play(grown, session="a"), at=evening).until == evening + minutes(10)
    morning = evening + timedelta(hours=10)
    assert guard.decide(Play(grown, session="b"), at=morning).remaining_s == 3600
    guard.record(ModeChanged(grown, on=False), at=morning)
    assert guard.decide(Play(grown, session="c"), at=morning).remaining_s is None


# -- exempt uses ----------------------------------------------------------------------------------


def test_an_exempt_use_passes_the_mode_and_is_not_counted():
    guard = guard_of(VIDEO)
    guard.record(ModeChanged(CHILD, on=True), at=NOON)
    inside = Subject("p-81", born=CHILD.born, identity="verified", minors_mode=True)
    lesson = play_on(guard, inside, NOON, NOON + minutes(90), exempt="filed_education")
    assert all(lesson)
    assert guard.usage(inside, at=NOON + minutes(90)).played_today_s == 0
    assert guard.decide(Play(inside, session="v"), at=NOON + minutes(90)).remaining_s == 3600


def test_an_exempt_use_passes_no_window_of_a_guardian_and_no_night_of_live():
    own = GuardianSettings(windows=((8 * 3600, 20 * 3600),))
    inside = Subject("p-81", born=CHILD.born, minors_mode=True, guardian=own, identity="verified")
    late = Play(inside, session="a", exempt="emergency")
    assert codes(VIDEO.decide(late, at=NOON.replace(hour=21))) == ["outside_window"]
    free = Subject("p-81", born=CHILD.born, minors_mode=True, identity="verified")
    late = Play(free, session="a", exempt="emergency")
    assert VIDEO.decide(late, at=NOON.replace(hour=23))
    assert codes(LIVE.decide(late, at=NOON.replace(hour=23))) == ["outside_window"]


def test_an_exempt_use_has_no_effect_in_games():
    own = GuardianSettings(daily_minutes=30)
    inside = Subject("p-81", born=CHILD.born, minors_mode=True, guardian=own, identity="verified")
    guard = guard_of(GAME)
    friday = datetime(2026, 11, 20, 20, tzinfo=CHINA)
    answers = play_on(guard, inside, friday, friday + minutes(40), exempt="guardian")
    assert [bool(answer) for answer in answers] == [True] * 15 + [False] * 5


# -- rest -----------------------------------------------------------------------------------------


def reminders(answers, every=2):
    return [n * every for n, answer in enumerate(answers) if "remind_rest" in answer.obligations]


def test_the_guard_reminds_once_in_each_started_half_hour():
    own = GuardianSettings(daily_minutes=1440)
    who = Subject("p-81", born=CHILD.born, minors_mode=True, guardian=own, identity="verified")
    assert reminders(play_on(guard_of(VIDEO), who, NOON, NOON + minutes(130))) == [32, 62, 92, 122]


def test_a_break_of_five_minutes_begins_the_stretch_anew():
    own = GuardianSettings(daily_minutes=1440)
    who = Subject("p-81", born=CHILD.born, minors_mode=True, guardian=own, identity="verified")
    guard = guard_of(VIDEO)
    assert reminders(play_on(guard, who, NOON, NOON + minutes(40))) == [32]
    guard.record(Left(who, session="s"), at=NOON + minutes(40))
    again = play_on(guard, who, NOON + minutes(45), NOON + minutes(85), session="t")
    assert reminders(again) == [32]


def test_a_pause_of_less_is_no_break():
    own = GuardianSettings(daily_minutes=1440)
    who = Subject("p-81", born=CHILD.born, minors_mode=True, guardian=own, identity="verified")
    guard = guard_of(VIDEO)
    play_on(guard, who, NOON, NOON + minutes(20))
    guard.record(Left(who, session="s"), at=NOON + minutes(20))
    again = play_on(guard, who, NOON + minutes(24), NOON + minutes(50), session="t")
    assert reminders(again) == [12]


def test_the_same_heartbeat_again_is_reminded_again():
    who = Subject("p-81", born=CHILD.born, minors_mode=True, identity="verified")
    guard = guard_of(VIDEO)
    play_on(guard, who, NOON, NOON + minutes(32))
    beat = Play(who, session="s", renewal=True)
    first = guard.decide(beat, at=NOON + minutes(32))
    assert first.obligations == ("remind_rest",)
    assert guard.decide(beat, at=NOON + minutes(32)) == first
    assert guard.decide(beat, at=NOON + minutes(34)).obligations == ()


def test_a_guardian_may_change_or_lift_the_reminder():
    for value, expected in ((600, [12, 22]), (False, [])):
        own = GuardianSettings(features={"rest_reminder": value})
        who = Subject("p-81", born=CHILD.born, minors_mode=True, guardian=own, identity="verified")
        assert reminders(play_on(guard_of(VIDEO), who, NOON, NOON + minutes(30))) == expected


def test_companion_ai_reminds_everybody_every_two_hours():
    guard = guard_of(AI)
    answers = play_on(guard, ADULT, NOON, NOON + minutes(250), every=10)
    assert reminders(answers, every=10) == [130, 250][: len(reminders(answers, every=10))]
    assert reminders(answers, every=10)[0] == 130
    early = datetime(2026, 7, 14, 12, tzinfo=CHINA)
    assert not reminders(play_on(guard_of(AI), ADULT, early, early + minutes(200)))


def test_a_session_that_lapsed_goes_on_where_only_rest_counts():
    guard = guard_of(AI)
    answers = play_on(guard, ADULT, NOON, NOON + minutes(400), every=18)
    assert all(answers)
    assert reminders(answers, every=18)
    guard.record(Left(ADULT, session="s"), at=NOON + minutes(400))
    assert guard.decide(Play(ADULT, session="s", renewal=True), at=NOON + minutes(401))


def test_a_minor_in_a_game_is_reminded_by_the_mode_that_was_recorded():
    guard = guard_of(GAME)
    friday = datetime(2026, 11, 20, 20, tzinfo=CHINA)
    guard.record(ModeChanged(TEEN, on=True), at=friday)
    assert reminders(play_on(guard, TEEN, friday, friday + minutes(60))) == [32]


# -- consents -------------------------------------------------------------------------------------


def test_a_consent_ends_when_it_says_and_the_table_says_when():
    guard = guard_of(LIVE)
    host = Use(TEEN, "live_host")
    assert codes(guard.decide(host, at=NOON)) == ["consent_required"]
    ends = NOON + timedelta(days=30)
    guard.record(ConsentGranted(TEEN, "live_host", until=ends), at=NOON)
    assert guard.decide(host, at=NOON).obligations == ("verify_host_identity",)
    assert guard.features(TEEN, at=NOON).changes_at == ends
    assert guard.decide(host, at=ends - timedelta(seconds=1))
    assert codes(guard.decide(host, at=ends)) == ["consent_required"]


def test_a_consent_revoked_in_a_session_closes_at_once(store):
    guard = guard_of(LIVE, store)
    host = Use(TEEN, "live_host")
    guard.record(ConsentGranted(TEEN, "live_host"), at=NOON)
    assert guard.decide(host, at=NOON)
    guard.record(ConsentRevoked(TEEN, "live_host"), at=NOON + minutes(1))
    assert codes(guard.decide(host, at=NOON + minutes(1))) == ["consent_required"]


def test_consents_gate_graded_tips_and_no_purchase():
    graded = law("cn.live", readings={"tips": "graded_2026"})
    guard = guard_of(graded)
    tip = Spend(CHILD, fen=100, order="t", on="tip")
    assert codes(guard.decide(tip, at=NOON)) == ["cap_not_configured", "consent_required"]
    guard.record(ConsentGranted(CHILD, "tipping"), at=NOON)
    assert codes(guard.decide(tip, at=NOON)) == ["cap_not_configured"]


@pytest.mark.parametrize("until", [None, NOON + minutes(1)])
def test_a_facts_document_keeps_when_a_consent_ends(until):
    known = recorded.NOTHING_RECORDED
    known = recorded.recorded(known, ConsentGranted(TEEN, "optional_pi", until=until), 7)
    known = recorded.recorded(known, ModeChanged(TEEN, on=True), 8)
    body = recorded.to_bytes(known)
    assert recorded.from_bytes(body) == known
    assert body[0] == (1 if until is None else 2)
    for length in range(len(body)):
        with pytest.raises(StoreUnavailable):
            recorded.from_bytes(body[:length])


# -- contests -------------------------------------------------------------------------------------


def pk(guard, room, hour, minute=0, who=ADULT):
    return guard.decide(Use(who, about=Pk(room)), at=NOON.replace(hour=hour, minute=minute))


def test_the_third_contest_of_a_room_in_the_peak_hours_is_refused(store):
    guard = guard_of(LIVE, store)
    assert pk(guard, "r", 19, 59).usage.counts == {"pk_window": 0}
    assert pk(guard, "r", 20)
    assert pk(guard, "r", 21, 30).usage.counts == {"pk_window": 1}
    third = pk(guard, "r", 21, 59)
    assert codes(third) == ["count_cap_exceeded"]
    assert third.reasons[0].limit == 2
    assert pk(guard, "other room", 21, 59)
    assert pk(guard, "r", 22)
    assert pk(guard, "r", 20).usage.counts == {"pk_window": 0}, "the same one again"


def test_the_room_counts_whoever_asks():
    guard = guard_of(LIVE)
    assert pk(guard, "r", 20)
    assert pk(guard, "r", 20, 1, who=TEEN)
    assert not pk(guard, "r", 20, 2, who=ADULT)


def test_the_next_day_counts_anew_and_the_day_that_was_left_is_closed():
    guard = guard_of(LIVE)
    assert pk(guard, "r", 20)
    tomorrow = NOON + timedelta(days=1)
    assert guard.decide(Use(ADULT, about=Pk("r")), at=tomorrow.replace(hour=20))
    assert codes(pk(guard, "r", 20, 5)) == ["clock_behind"]


@few(60)
@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**11), max_size=6))
def test_a_contests_document_comes_back_as_it_was(day, began):
    some = contests.Contests(tuple((at, bytes([day % 256]) * 8) for at in began))
    kept = contests.joined(contests.NO_CONTESTS, some)
    body = contests.to_bytes(kept)
    assert contests.from_bytes(body) == kept
    for length in range(len(body)):
        with pytest.raises(StoreUnavailable):
            contests.from_bytes(body[:length])


# -- leaving, orders ------------------------------------------------------------------------------


def test_the_mode_is_left_by_a_verified_guardian_only():
    guard = guard_of(VIDEO)
    guard.record(ModeChanged(CHILD, on=True), at=NOON)
    out = ModeSwitch(on=False)
    assert codes(guard.decide(Use(CHILD, about=out), at=NOON)) == ["guardian_verification_required"]
    assert guard.decide(Use(CHILD, about=ModeSwitch(on=False, guardian_verified=True)), at=NOON)
    assert guard.decide(Use(CHILD, about=ModeSwitch(on=True)), at=NOON)


def test_what_became_of_an_order_can_be_asked(store):
    guard = guard_of(GAME, store)
    assert guard.order(TEEN, "A") is None
    guard.decide(Spend(TEEN, fen=600, order="A"), at=NOON)
    held = guard.order(TEEN, "A")
    assert (held.state, held.fen, held.at, held.asked) == ("held", 600, NOON, True)
    guard.record(Settled(TEEN, "A"), at=NOON)
    assert guard.order(TEEN, "A").state == "settled"


# -- the time document ----------------------------------------------------------------------------

stamps = st.integers(0, 10**11)


@few(100)
@given(
    mark=stamps,
    span=st.tuples(stamps, st.integers(1, 10**5)),
    reminded=st.none() | stamps,
    modes=st.lists(st.builds(recorded.Said, stamps, st.booleans()), max_size=2).map(tuple),
    ended=st.integers(0, 3),
)
def test_a_time_document_keeps_the_reminder_and_the_mode(mark, span, reminded, modes, ended):
    first, length = span
    sitting = time.Sitting(b"12345678", ((first, first + length),))
    names = tuple(bytes([n]) * 8 for n in range(ended))
    kept = time.Playtime(mark, (sitting,), (), names, reminded, modes)
    body = time.to_bytes(kept)
    assert time.from_bytes(body) == kept
    assert body[0] == (3 if modes else 1 if reminded is None else 2)
    with pytest.raises(StoreUnavailable):
        time.from_bytes(body[:-1])
