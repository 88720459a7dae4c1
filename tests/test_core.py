"""The values that a program makes and reads: what they refuse and what they say."""

import pickle
from datetime import date, datetime, timedelta

import pytest

from minorguard import (
    ZONE,
    Ages,
    ConfigurationError,
    Denied,
    GuardianSettings,
    HouseRule,
    InvalidPack,
    InvalidRequest,
    Law,
    MinorguardError,
    Play,
    Show,
    Spend,
    Subject,
    Usage,
    Use,
    law,
)
from minorguard.core.hours import ALWAYS, both, clock, contains, hours_of, second_of_day
from minorguard.core.rules import Head, HouseCap, Rule
from minorguard.core.wording import yuan

GAME = law("cn.game")
CHILD = Subject("p", born=date(2012, 5, 1), identity="verified")
FRIDAY = datetime(2026, 11, 20, 20, 10, tzinfo=ZONE)
WEDNESDAY = datetime(2026, 11, 18, 15, tzinfo=ZONE)


# -- what is refused -----------------------------------------------------------------------------

NASTY = [None, True, 1.0, 1.5, float("nan"), float("inf"), "1", b"1", [], -1, 0, 10**12 + 1]


@pytest.mark.parametrize("fen", NASTY, ids=repr)
def test_an_amount_is_a_whole_number_of_fen_and_nothing_else(fen):
    with pytest.raises(InvalidRequest) as refused:
        Spend(CHILD, fen=fen)

    assert refused.value.path == "ask.fen"


@pytest.mark.parametrize("name", ["played_today_s", "spent_today_fen", "spent_month_fen"])
@pytest.mark.parametrize("value", [None, True, 1.5, "1", -1, 10**16], ids=repr)
def test_usage_is_whole_numbers_and_never_negative(name, value):
    with pytest.raises(InvalidRequest) as refused:
        Usage(**{name: value})

    assert refused.value.path == f"usage.{name}"


def test_counts_are_whole_numbers_too():
    with pytest.raises(InvalidRequest, match=r"usage\.counts\.pk_window"):
        Usage(counts={"pk_window": -1})


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("subject.id", {"id": ""}),
        ("subject.id", {"id": "a b"}),
        ("subject.id", {"id": "a" * 65}),
        ("subject.id", {"id": "a\n"}),
        ("subject.id", {"id": "孩子"}),
        ("subject.id", {"id": 7}),
        ("subject.born", {"born": "2012-05-01"}),
        ("subject.born", {"born": FRIDAY}),
        ("subject.identity", {"identity": "sure"}),
        ("subject.minors_mode", {"minors_mode": 1}),
        ("subject.consents", {"consents": frozenset({"everything"})}),
        ("subject.age", {"age": Ages(18, 18)}),
        ("subject.age", {"age": Ages(8, 16), "born": date(2012, 5, 1)}),
        ("subject.age.at_least", {"age": Ages(-1, 16)}),
        ("subject.age.below", {"age": Ages(8, 16.0)}),
    ],
)
def test_a_subject_that_makes_no_sense_is_refused_by_path(path, wrong):
    with pytest.raises(InvalidRequest) as refused:
        Subject(**{"id": "p", **wrong})

    assert refused.value.path == path


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("guardian.daily_minutes", {"daily_minutes": 1441}),
        ("guardian.daily_minutes", {"daily_minutes": True}),
        ("guardian.single_fen", {"single_fen": -1}),
        ("guardian.monthly_fen", {"monthly_fen": 10.0}),
        ("guardian.night_allowed", {"night_allowed": "yes"}),
        ("guardian.windows.0", {"windows": ((7200, 3600),)}),
        ("guardian.windows.1.1", {"windows": ((0, 3600), (7200, 90_000))}),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_path(path, wrong):
    with pytest.raises(InvalidRequest) as refused:
        GuardianSettings(**wrong)

    assert refused.value.path == path


@pytest.mark.parametrize(
    ("path", "make"),
    [
        ("subject", lambda: Play("p")),
        ("subject", lambda: Spend(None, fen=1)),
        ("ask.session", lambda: Play(CHILD, session="")),
        ("ask.session", lambda: Play(CHILD, session=7)),
        ("ask.renewal", lambda: Play(CHILD, renewal=1)),
        ("ask.exempt", lambda: Play(CHILD, exempt="fun")),
        ("ask.order", lambda: Spend(CHILD, fen=1, order="x" * 129)),
        ("ask.on", lambda: Spend(CHILD, fen=1, on="gamble")),
        ("ask.for", lambda: Spend(CHILD, fen=1, purpose="fun")),
        ("ask.feature", lambda: Use(CHILD, "")),
        ("ask.slot", lambda: Show(CHILD, slot="moon")),
        ("ask.minors_only_service", lambda: Show(CHILD, minors_only_service=None)),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_by_path(path, make):
    with pytest.raises(InvalidRequest) as refused:
        make()

    assert refused.value.path == path


@pytest.mark.parametrize(
    ("path", "request_"),
    [
        ("subject.born", Play(Subject("p", born=date(2026, 11, 21)))),
        ("ask.rating", Show(CHILD, rating="9+")),
        ("ask.rating", Show(CHILD, rating="PEGI:99")),
        (
            "subject.guardian.max_rating",
            Play(Subject("p", guardian=GuardianSettings(max_rating="PEGI:99"))),
        ),
    ],
)
def test_what_the_law_does_not_know_is_refused_by_plan_and_policy_alike(path, request_):
    for decide in (
        lambda: GAME.decide(request_, at=FRIDAY),
        lambda: GAME.at(FRIDAY).evaluate(request_),
    ):
        with pytest.raises(InvalidRequest) as refused:
            decide()
        assert refused.value.path == path


def test_only_the_four_acts_are_requests():
    with pytest.raises(InvalidRequest, match="Play, Spend, Use or Show"):
        GAME.at(FRIDAY).evaluate("let me in")


def test_a_naive_time_is_never_judged():
    with pytest.raises(InvalidRequest, match="time zone"):
        GAME.decide(Play(CHILD), at=datetime(2026, 11, 20, 20, 10))  # noqa: DTZ001 - the point


def test_no_error_repeats_what_was_wrong():
    with pytest.raises(InvalidRequest) as refused:
        Subject("11010519491231002X\n")

    assert "110105" not in str(refused.value)


def test_a_law_made_by_hand_reads_no_house_file():
    values = {name: getattr(GAME, name) for name in Law.__dataclass_fields__}
    by_hand = Law(**{**values, "read_house": None, "digest_with": None})

    with pytest.raises(ConfigurationError, match="without a reader"):
        by_hand.tightened_by("house.toml")
    rule = HouseRule(id="h", settings=GuardianSettings(daily_fen=1))
    assert by_hand.tightened_by([rule]).stamps == GAME.stamps


def test_a_bare_rule_says_nothing():
    head = Head(id="x", pack="x", citations=(), provenance="law", acts=frozenset({"play"}))

    with pytest.raises(NotImplementedError):
        list(Rule(head).limits(Play(CHILD), Ages(), 1, GAME.calendar))


# -- what is said --------------------------------------------------------------------------------


def test_a_denial_is_an_answer_until_it_is_required():
    seat = GAME.decide(Play(CHILD), at=FRIDAY)
    refused = GAME.decide(Play(CHILD), at=WEDNESDAY)

    assert seat.require() is seat
    with pytest.raises(Denied, match="outside_window") as denied:
        refused.require()
    assert denied.value.decision is refused
    assert denied.value.status_hint == 403


def test_a_round_fits_if_it_ends_in_time():
    seat = GAME.decide(Play(CHILD), at=FRIDAY)

    assert seat.fits(3000)
    assert not seat.fits(3001)
    assert not GAME.decide(Play(CHILD), at=WEDNESDAY).fits(0)
    adult = Subject("p", born=date(1990, 1, 1), identity="verified")
    assert GAME.decide(Play(adult), at=WEDNESDAY).fits(10**9)


def test_a_decision_shows_its_act_and_codes_and_nobody():
    assert repr(GAME.decide(Play(CHILD), at=FRIDAY)) == "<Decision play allowed>"
    assert repr(GAME.decide(Play(CHILD), at=WEDNESDAY)) == "<Decision play outside_window>"
    assert repr(GAME).startswith("<Law cn.game ")


def test_decisions_are_compared_by_what_they_say():
    one, other = (GAME.decide(Play(CHILD), at=at) for at in (FRIDAY, WEDNESDAY))

    assert one == GAME.at(FRIDAY).evaluate(Play(CHILD))
    assert one != other
    assert one != "allowed"
    with pytest.raises(TypeError):
        hash(one)


def test_the_title_is_the_official_one():
    decision = GAME.decide(Play(CHILD), at=WEDNESDAY)

    assert decision.title("zh") == "防沉迷提示"
    assert decision.title("en")


def test_a_refusal_is_explained_to_a_parent_and_to_a_judge():
    text = GAME.decide(Play(CHILD), at=WEDNESDAY).explain("zh")

    assert "20时至21时" in text
    assert "国新出发〔2021〕14号" in text
    assert "第一条" in text
    assert "2026-11-20 周五 20:00" in text


@pytest.mark.parametrize(
    ("fen", "text"), [(0, "0"), (5000, "50"), (50, "0.50"), (12_345, "123.45")]
)
def test_money_is_read_out_in_yuan(fen, text):
    assert yuan(fen) == text


def test_the_numbers_in_a_message_are_those_of_the_rule():
    spend = GAME.decide(Spend(CHILD, fen=5001), at=WEDNESDAY)
    tired = GAME.decide(
        Play(CHILD),
        at=datetime(2020, 6, 1, 12, tzinfo=ZONE),
        usage=Usage(played_today_s=5400),
    )

    assert "50元" in spend.explain("zh")
    assert "50 yuan" in spend.explain("en")
    assert "90分钟" in tired.explain("zh")


def test_where_a_guardian_says_what_the_law_says_the_law_is_named():
    same = GuardianSettings(single_fen=5000, windows=((72_000, 75_600),))
    watched = Subject("p", born=date(2012, 5, 1), identity="verified", guardian=same)

    [spend] = GAME.decide(Spend(watched, fen=5001), at=WEDNESDAY).reasons
    [play] = GAME.decide(Play(watched), at=FRIDAY.replace(hour=22)).reasons

    assert spend.rule.id == "cn.game.spend.from_8"
    assert play.rule.id == "cn.game.window"


def test_a_stricter_guardian_is_named_with_the_stricter_number():
    strict = GuardianSettings(single_fen=4000)
    watched = Subject("p", born=date(2012, 5, 1), identity="verified", guardian=strict)

    [reason] = GAME.decide(Spend(watched, fen=5001), at=WEDNESDAY).reasons

    assert (reason.rule.id, reason.limit) == ("guardian.caps", 4000)
    assert reason.citations


def test_a_missing_cap_can_be_a_refusal():
    """As in the laws of live rooms and videos: 未成年人网络保护条例 art. 44 without a number."""
    [game_cap] = [rule for rule in GAME.rules if isinstance(rule, HouseCap)]
    refusing = HouseCap(game_cap.head, "daily")
    strict = GAME.adding([refusing])
    house = HouseRule(id="h", settings=GuardianSettings(daily_fen=9000))

    [reason] = strict.decide(Spend(CHILD, fen=1), at=WEDNESDAY).reasons
    assert reason.code == "cap_not_configured"
    assert strict.decide(Spend(CHILD, fen=1), at=WEDNESDAY).remaining_fen == 0
    assert strict.tightened_by([house]).decide(Spend(CHILD, fen=1), at=WEDNESDAY).allowed


def test_adding_a_rule_that_is_there_changes_nothing():
    assert GAME.adding(GAME.rules).rules == GAME.rules


def test_a_window_that_passes_midnight_is_one_window():
    whole_days = GuardianSettings(windows=((0, 86_400),))
    late = GuardianSettings(windows=((0, 7200), (79_200, 86_400)))
    house = [HouseRule(id="h", settings=late)]
    adult = Subject("p", born=date(1990, 1, 1), identity="verified")
    night = datetime(2026, 11, 20, 23, tzinfo=ZONE)

    seat = GAME.tightened_by(house).decide(Play(adult), at=night)
    assert seat.until == datetime(2026, 11, 21, 2, tzinfo=ZONE)
    for ruler in (GAME, GAME.tightened_by([HouseRule(id="h", settings=whole_days)])):
        assert ruler.decide(Play(adult), at=night).until is None


def test_a_window_never_open_again_has_no_next_moment():
    shut = Subject("p", identity="verified", guardian=GuardianSettings(windows=()))

    decision = GAME.decide(Play(shut), at=FRIDAY)

    assert decision.next_allowed_at is None
    assert decision.degraded == ("age_unknown",)


def test_the_birthday_opens_the_door_that_a_guardian_had_shut():
    shut = GuardianSettings(windows=())
    almost = Subject("p", born=date(2008, 11, 25), identity="verified", guardian=shut)

    decision = GAME.decide(Play(almost), at=FRIDAY)

    assert decision.next_allowed_at == datetime(2026, 11, 26, tzinfo=ZONE)
    assert decision.next_allowed_at - FRIDAY == timedelta(days=5, hours=3, minutes=50)


def test_a_lease_is_shorter_where_a_quota_counts():
    watched = Subject(
        "p", born=date(2012, 5, 1), identity="verified", guardian=GuardianSettings(daily_minutes=30)
    )
    plain = GAME.decide(Play(CHILD), at=FRIDAY)
    counted = GAME.decide(Play(watched), at=FRIDAY)
    last = GAME.decide(Play(CHILD), at=FRIDAY.replace(minute=55))

    assert plain.lease_until == FRIDAY + timedelta(seconds=900)
    assert counted.lease_until == FRIDAY + timedelta(seconds=120)
    assert last.lease_until == last.until


def test_errors_survive_a_trip_between_processes():
    for error in (InvalidPack("a.toml", "b.c", "no"), InvalidRequest("ask.fen", "no")):
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
        assert (str(copy), copy.__dict__) == (str(error), error.__dict__)
        assert isinstance(copy, MinorguardError)
    assert str(InvalidPack("a.toml", "", "no")) == "a.toml: no"
    assert str(InvalidRequest("", "no")) == "no"


def test_subjects_and_settings_survive_a_trip_between_processes():
    settings = GuardianSettings(daily_minutes=30, features={"live_host": False})
    subject = Subject(
        "p", born=date(2012, 5, 1), guardian=settings, consents=frozenset({"tipping"})
    )

    copy = pickle.loads(pickle.dumps(subject))  # noqa: S301 - our own bytes

    assert copy == subject
    assert hash(copy.guardian) == hash(settings)


# -- hours ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "8:00", "24:01", "25:00", "20:60", "20-00", "２０:00", "20:0"]
)
def test_a_time_of_day_is_written_one_way(text):
    with pytest.raises(ValueError, match="HH:MM"):
        second_of_day(text)


def test_hours_join_meet_and_end_half_open():
    assert second_of_day("24:00") == 86_400
    assert clock(75_600) == "21:00"
    assert hours_of([(10, 20), (20, 30), (40, 40), (25, 28)]) == ((10, 30),)
    assert both(((0, 10), (20, 30)), ((5, 25),)) == ((5, 10), (20, 25))
    assert both(ALWAYS, ()) == ()
    assert contains(((72_000, 75_600),), 72_000)
    assert not contains(((72_000, 75_600),), 75_600)


# -- growing up on the way -----------------------------------------------------------------------


def bare(*house):
    """A law that covers play and has no rule but a house's, so that windows may pass midnight."""
    values = {name: getattr(GAME, name) for name in Law.__dataclass_fields__}
    return Law(**{**values, "rules": ()}).tightened_by(house)


def test_a_window_ends_where_a_birthday_shuts_it():
    adults_by_day = GuardianSettings(windows=((28_800, 72_000),))
    minors_always = GuardianSettings(windows=((0, 86_400),))
    ruler = bare(
        HouseRule(id="adults", settings=adults_by_day, ages=Ages(18)),
        HouseRule(id="minors", settings=minors_always, ages=Ages(0, 18)),
    )
    turning = Subject("p", born=date(2008, 11, 22), identity="verified")
    younger = Subject("p", born=date(2012, 5, 1), identity="verified")

    for decide in (ruler.decide, lambda r, at: ruler.at(at).evaluate(r)):
        assert decide(Play(turning), at=FRIDAY).until == datetime(2026, 11, 23, tzinfo=ZONE)
        assert decide(Play(younger), at=FRIDAY).until is None


def test_a_quota_may_pass_midnight():
    ruler = bare(HouseRule(id="all", settings=GuardianSettings(daily_minutes=60)))
    late = FRIDAY.replace(hour=23, minute=30)

    decision = ruler.decide(Play(CHILD), at=late)

    assert decision.until == late + timedelta(hours=1)
    assert decision.lease_until == late + timedelta(seconds=120)


# -- wrong kinds of thing ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "misuse",
    [
        lambda: GAME.decide(None, at=FRIDAY),
        lambda: GAME.decide("let me in", at=FRIDAY),
        lambda: GAME.decide(Play(CHILD), at="2026-11-20T20:10:00+08:00"),
        lambda: GAME.decide(Play(CHILD), at=FRIDAY.date()),
        lambda: GAME.decide(Play(CHILD), at=None),
        lambda: GAME.decide(Play(CHILD), at=FRIDAY, usage=None),
        lambda: GAME.decide(Play(CHILD), at=FRIDAY, usage={}),
        lambda: Subject("p", age=14),
        lambda: Subject("p", age=(14,)),
        lambda: Subject("p", identity=[]),
        lambda: Subject("p", consents=None),
        lambda: Subject("p", guardian={}),
        lambda: GuardianSettings(max_rating=12),
        lambda: GuardianSettings(features=["live_host"]),
        lambda: GuardianSettings(features={"live_host": "off"}),
        lambda: GuardianSettings(features={"live_host": -1}),
        lambda: Show(CHILD, slot=[]),
        lambda: Play(CHILD, exempt=[]),
        lambda: GuardianSettings(windows=((1, 2, 3),)),
        lambda: law("cn.game", readings=["calendar"]),
        lambda: law("cn.game", notices="no-such-2027.toml"),
        lambda: GAME.tightened_by("no-such-house.toml"),
        lambda: GAME.tightened_by(
            [HouseRule(id="h", law="cn.gmae", settings=GuardianSettings(daily_fen=1))]
        ),
        lambda: GAME.decide(
            Play(Subject("p", guardian=GuardianSettings(features={"game_acount_trade": False}))),
            at=FRIDAY,
        ),
    ],
)
def test_a_wrong_kind_of_thing_is_an_error_of_ours_and_never_a_yes(misuse):
    with pytest.raises(MinorguardError):
        misuse()


def test_a_denial_and_a_decision_survive_a_trip_between_processes():
    decision = GAME.decide(Play(CHILD), at=WEDNESDAY)

    copy = pickle.loads(pickle.dumps(Denied(decision)))  # noqa: S301 - our own bytes

    assert copy.decision == decision
    assert str(copy) == "outside_window"


def test_rules_made_in_code_are_named_in_the_digest():
    strict = GAME.adding([Rule(Head("x.y", "x", (), "practice", frozenset({"play"})))])

    assert strict.stamps[0].digest == GAME.stamps[0].digest + "+x.y"
    assert law("cn.game", "cn.game").stamps == GAME.stamps


def test_facts_are_plain_values_that_name_their_person():
    from minorguard.core import facts

    told = [
        facts.Left(CHILD, session="s-1"),
        facts.Settled(CHILD, "A17"),
        facts.Cancelled(CHILD, "A17"),
        facts.Refunded(CHILD, "A17", fen=100),
        facts.ConsentGranted(CHILD, "live_host"),
        facts.ConsentRevoked(CHILD, "live_host"),
        facts.ModeChanged(CHILD, on=True),
    ]

    assert all(fact.subject is CHILD for fact in told)
    assert len(set(map(repr, told))) == len(told)
    assert facts.ConsentGranted(CHILD, "live_host") != facts.ConsentRevoked(CHILD, "live_host")


def test_a_rule_shows_its_name_and_its_first_day():
    [window] = [r for r in GAME.at(FRIDAY).rules if r.id == "cn.game.window"]

    assert repr(window) == "<PlayWindow cn.game.window since 2021-09-01>"


def test_a_range_of_ages_is_closed_as_it_stands_by_plan_and_policy_alike():
    teens = Play(Subject("p", age=Ages(12, 16), identity="verified"))

    assert GAME.at(FRIDAY).evaluate(teens).until == GAME.decide(teens, at=FRIDAY).until
    with pytest.raises(InvalidRequest, match="consents"):
        Subject("p", consents=[{}])


def test_a_feature_that_no_guardian_set_is_not_called_too_wide():
    watched = Subject(
        "p", born=date(2012, 5, 1), guardian=GuardianSettings(features={"live_host": True})
    )

    assert GAME.decide(Use(watched, "game_account_trade"), at=FRIDAY).overreach == ()
    assert GAME.decide(Show(watched, rating="8+"), at=FRIDAY).overreach == ()


def test_a_refusal_that_rests_on_a_reading_says_so():
    worked = datetime(2026, 2, 14, 20, 10, tzinfo=ZONE)
    windowed = law("cn.game", readings={"purchase_window": "window"})
    pending = Spend(Subject("p", identity="pending"), fen=1)

    assert "调休上班" in GAME.decide(Play(CHILD), at=worked).explain()
    assert "从严解释" in windowed.decide(Spend(CHILD, fen=1), at=WEDNESDAY).explain()
    assert "从严解释" in GAME.decide(pending, at=WEDNESDAY).explain()
    assert "国家规定" not in GAME.decide(Spend(CHILD, fen=1, on="tip"), at=WEDNESDAY).explain()


def test_the_next_moment_is_named_up_to_four_hundred_days_ahead_and_no_further():
    shut = GuardianSettings(windows=())
    at = datetime(2026, 11, 20, tzinfo=ZONE)
    grown = at + timedelta(days=400)
    born = date(grown.year - 18, grown.month, grown.day) - timedelta(days=1)
    almost = Play(Subject("p", born=born, identity="verified", guardian=shut))

    for decide in (GAME.decide, lambda r, at: GAME.at(at).evaluate(r)):
        assert decide(almost, at=at).next_allowed_at == grown
        assert decide(almost, at=at - timedelta(seconds=1)).next_allowed_at is None
