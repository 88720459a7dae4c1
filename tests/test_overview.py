"""Guardians see totals and alerts; nobody hands on the words of a child of eight or more."""

import dataclasses
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minorguard import ZONE, Ages, InvalidRequest, Spend, Subject, Usage, law
from minorguard.core.limits import Code
from minorguard.core.subject import attained_on
from minorguard.errors import OutcomeUnknown, StoreUnavailable
from minorguard.guardians.alerts import CRISES, WORDS, Alerts, alert_of
from minorguard.guardians.overview import counted, may_read_messages, overview
from minorguard.stores.records import Moved
from minorguard.stores.records_memory import MemoryRecords
from minorguard.testing.stores import at_once
from recordkit import DURABLE, RECORDS, Forgetful, opened, told_until_killed
from strategies import few

NOW = datetime(2026, 11, 20, 15, tzinfo=ZONE)
SECOND = timedelta(seconds=1)
GAME = law("cn.game")
CHILD = Subject("child-1", born=date(2012, 5, 1), identity="verified")
SEVEN, EIGHT, ADULT = Ages(7, 8), Ages(8, 9), Ages(18, 19)
SEALED = b"\x00sealed 13800000000"

ages = st.tuples(st.integers(0, 25), st.integers(1, 30)).map(lambda r: Ages(r[0], sum(r)))


@pytest.fixture(params=RECORDS)
def any_alerts(request, tmp_path):
    with opened(request.param, tmp_path) as records:
        yield known(records)


@pytest.fixture
def alerts():
    return known(MemoryRecords())


def known(records):
    alerts = Alerts(records)
    alerts.set_contact("child-1", "guardian", SEALED, at=NOW)
    return alerts


def raised(alerts, alert_id="a1", danger="self_harm", ages=EIGHT, **more):
    said = {"to": "guardian", "who": "watch-1", "at": NOW, **more}
    return alerts.alert(alert_id, "child-1", danger, ages=ages, **said)


# -- messages ------------------------------------------------------------------------------------


@given(ages, st.booleans())
@few(200)
def test_a_guardian_reads_the_messages_of_who_is_surely_under_eight_and_of_no_other(ages, danger):
    may = may_read_messages(ages, emergency=danger)

    if ages.below <= 8:
        assert may
        assert (may.ground, may.log) == ("no_capacity", False)
    elif ages.adult:
        assert not may
    else:
        assert bool(may) == danger
        assert may.log == danger
    assert may.citation.article == "第六十三条"


@given(st.dates(date(2000, 1, 1), date(2020, 1, 1)))
@few(60)
def test_the_eighth_birthday_ends_it_on_the_day_the_law_says(born):
    child, eight = Subject("c", born=born), attained_on(born, 8).toordinal()

    assert may_read_messages(child.ages_on(eight - 1, "day_after_birthday"))
    assert not may_read_messages(child.ages_on(eight, "day_after_birthday"))


def test_a_minor_whom_a_court_found_without_capacity_is_as_one_under_eight_and_an_adult_is_not():
    assert may_read_messages(Ages(15, 16), adjudged_none=True)
    assert not may_read_messages(ADULT, adjudged_none=True)
    assert not may_read_messages(Ages(17, 19), adjudged_none=True)


# -- the overview --------------------------------------------------------------------------------

usages = st.builds(
    Usage,
    played_today_s=st.integers(0, 86_400),
    continuous_s=st.integers(0, 86_400),
    spent_today_fen=st.integers(0, 10**6),
    spent_month_fen=st.integers(0, 10**6),
    held_fen=st.integers(0, 10**6),
)


@given(usages, st.dictionaries(st.sampled_from(Code.__args__), st.integers(0, 99), max_size=4))
@few(60)
def test_an_overview_is_the_totals_and_nothing_else(usage, refused):
    seen = overview(CHILD, usage, at=NOW, refused=refused)

    for name in (
        "played_today_s",
        "continuous_s",
        "spent_today_fen",
        "spent_month_fen",
        "held_fen",
    ):
        assert getattr(seen, name) == getattr(usage, name)
    assert seen.refused == refused
    assert (seen.at, seen.alerts) == (NOW, ())


def test_an_overview_has_no_field_for_words():
    fields = {
        field.name: field.type for field in dataclasses.fields(overview(CHILD, Usage(), at=NOW))
    }

    assert fields == {
        "person": "str",
        "at": "datetime",
        "played_today_s": "int",
        "continuous_s": "int",
        "spent_today_fen": "int",
        "spent_month_fen": "int",
        "held_fen": "int",
        "refused": "Mapping[str, int]",
        "alerts": "tuple[AlertNote, ...]",
    }


@pytest.mark.parametrize("refused", [{"she wrote me": 1}, {"quota_exhausted": -1}, {"": 1}])
def test_refusals_are_counts_of_codes_and_words_are_refused(refused):
    with pytest.raises(InvalidRequest) as error:
        overview(CHILD, Usage(), at=NOW, refused=refused)

    assert "she wrote" not in str(error.value)


def test_refusals_are_counted_by_each_of_their_codes():
    asked = [GAME.decide(Spend(CHILD, fen=fen), at=NOW) for fen in (100, 5001, 9800)]

    assert counted(asked) == {"single_cap_exceeded": 2}


def test_nobody_looks_over_an_adults_shoulder_and_who_may_be_a_minor_is_treated_as_one():
    with pytest.raises(InvalidRequest, match="under 18"):
        overview(Subject("a", born=date(2000, 1, 1)), Usage(), at=NOW)

    assert overview(Subject("a"), Usage(), at=NOW).played_today_s == 0
    seventeen = Subject("a", born=date(2008, 11, 20))
    assert overview(seventeen, Usage(), at=NOW)
    with pytest.raises(InvalidRequest):
        overview(seventeen, Usage(), at=NOW, reading="on_birthday")


def test_an_overview_names_dangers_but_not_the_words_that_an_alert_may_quote(alerts):
    alerts.set_contact("child-1", "emergency_contact", SEALED, at=NOW)
    one = raised(alerts, ages=SEVEN, excerpt="she said goodbye")
    raised(alerts, "a2", to="emergency_contact")
    seen = overview(CHILD, Usage(), at=NOW, alerts=alerts.of_person("child-1"))

    assert one.excerpt == "she said goodbye"
    assert seen.alerts == (("self_harm", NOW, "raised"),)


def test_the_alerts_of_somebody_else_are_refused(alerts):
    one = raised(alerts)

    with pytest.raises(InvalidRequest, match="alerts"):
        overview(Subject("child-2", born=date(2012, 1, 1)), Usage(), at=NOW, alerts=[one])


# -- contacts ------------------------------------------------------------------------------------


def test_a_contact_comes_back_as_it_was_sealed_and_can_be_changed_and_forgotten(any_alerts):
    assert any_alerts.reachable("child-1") == ("guardian",)
    assert any_alerts.reachable("child-2") == ()
    any_alerts.set_contact("child-1", "guardian", b"\xff" * 4000, at=NOW)
    any_alerts.set_contact("child-1", "emergency_contact", b"e", at=NOW)

    assert any_alerts.contact("child-1", "guardian") == b"\xff" * 4000
    assert any_alerts.reachable("child-1") == ("guardian", "emergency_contact")
    any_alerts.set_contact("child-1", "guardian", None, at=NOW)
    assert any_alerts.reachable("child-1") == ("emergency_contact",)


@pytest.mark.parametrize("sealed", [b"", b"x" * 4001, "13800000000", 13, bytearray(b"x")])
def test_a_contact_is_bytes_and_no_error_shows_it(alerts, sealed):
    with pytest.raises(InvalidRequest) as error:
        alerts.set_contact("child-1", "guardian", sealed, at=NOW)

    assert "138" not in str(error.value)
    assert alerts.contact("child-1", "guardian") == SEALED


@pytest.mark.parametrize("name", RECORDS)
def test_of_sixteen_who_change_a_contact_at_once_one_stays_whole(name, tmp_path):
    with opened(name, tmp_path) as records:
        alerts = Alerts(records)
        at_once(lambda n: alerts.set_contact("p", "guardian", b"%d" % n * 99, at=NOW))

        assert alerts.contact("p", "guardian") in {b"%d" % n * 99 for n in range(16)}


# -- alerts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("danger", WORDS)
def test_an_alert_has_time_reason_and_addressee_and_quotes_nobody(any_alerts, danger):
    one = raised(any_alerts, danger=danger)

    assert (one.to, one.danger, one.at, one.state) == ("guardian", danger, NOW, "raised")
    assert one.contact == SEALED
    assert one.excerpt == ""
    assert one.crisis == (danger in CRISES)
    assert one.text("zh") == WORDS[danger][0]
    assert one.text("en").isascii()
    assert list(any_alerts.to_send()) == [one] == list(any_alerts.of_person("child-1"))


def test_loss_self_harm_and_suicide_are_the_crises_of_article_13():
    assert {"suicide", "self_harm", "major_loss"} == CRISES


@given(ages, st.sampled_from(("guardian", "emergency_contact")))
@few(120)
def test_words_go_to_the_guardian_of_who_is_surely_under_eight_and_to_nobody_else(ages, to):
    alerts = known(MemoryRecords())
    alerts.set_contact("child-1", "emergency_contact", SEALED, at=NOW)
    if ages.below <= 8 and to == "guardian":
        assert raised(alerts, ages=ages, to=to, excerpt="words").excerpt == "words"
    else:
        with pytest.raises(InvalidRequest, match=r"alert\.excerpt"):
            raised(alerts, ages=ages, to=to, excerpt="words")
        assert list(alerts.to_send()) == []
        assert raised(alerts, ages=ages, to=to).excerpt == ""


def test_who_cannot_be_reached_is_an_error_and_not_a_silent_alert(alerts):
    with pytest.raises(InvalidRequest, match=r"alert\.to"):
        raised(alerts, to="emergency_contact")
    with pytest.raises(InvalidRequest):
        raised(alerts, to="teacher")
    assert list(alerts.to_send()) == []


def test_an_alert_is_tried_sent_and_acknowledged_each_with_who_and_when(any_alerts):
    one = raised(any_alerts)
    one = any_alerts.not_sent(one, who="bot", at=NOW + SECOND, how="no-answer")
    assert list(any_alerts.to_send()) == [one]
    one = any_alerts.sent(one, who="bot", at=NOW + 2 * SECOND, how="sms")
    assert list(any_alerts.to_send()) == []
    one = any_alerts.acknowledged(one, who="clerk", at=NOW + 3 * SECOND, how="phone")

    assert [(step.state, step.who, step.how) for step in one.steps] == [
        ("raised", "watch-1", ""),
        ("raised", "bot", "no-answer"),
        ("sent", "bot", "sms"),
        ("acknowledged", "clerk", "phone"),
    ]
    assert [step.at for step in one.steps] == [NOW + n * SECOND for n in range(4)]
    assert list(any_alerts.of_person("child-1")) == [one]


def test_steps_out_of_order_and_words_for_a_way_are_refused(alerts):
    one = raised(alerts)
    for wrong in (
        lambda: alerts.acknowledged(one, who="c", at=NOW, how="phone"),
        lambda: alerts.sent(one, who="c", at=NOW, how="I told her that she wrote"),
        lambda: alerts.sent(one, who="c", at=NOW, how=""),
    ):
        with pytest.raises(InvalidRequest):
            wrong()
    sent = alerts.sent(one, who="c", at=NOW, how="sms")
    with pytest.raises(InvalidRequest):
        alerts.sent(sent, who="c", at=NOW, how="sms")


@pytest.mark.parametrize("name", RECORDS)
def test_of_sixteen_who_send_one_alert_one_has_sent_it(name, tmp_path):
    with opened(name, tmp_path) as records:
        alerts = known(records)
        for n in range(6):
            one = raised(alerts, f"a{n}")

            def send(number, one=one):
                try:
                    return alerts.sent(one, who=f"bot-{number}", at=NOW, how="sms").steps[-1].who
                except Moved as moved:
                    return alert_of(moved.there).steps[-1].who

            assert len(set(at_once(send))) == 1


def test_raised_again_it_is_the_same_alert_and_another_under_its_id_is_refused(any_alerts):
    one = raised(any_alerts)
    sent = any_alerts.sent(one, who="bot", at=NOW, how="sms")

    assert raised(any_alerts) == sent
    with pytest.raises(InvalidRequest, match=r"alert\.id"):
        raised(any_alerts, danger="bullying")


def watch(records, number, tell):
    alerts, n = known(records), 0
    while True:
        one = raised(alerts, f"a{number}-{n}")
        tell("raised", one.id)
        alerts.sent(one, who=f"bot-{number}", at=NOW, how="sms")
        tell("sent", one.id)
        n += 1


@pytest.mark.parametrize("name", DURABLE)
def test_an_alert_that_was_raised_or_sent_is_so_after_kill_nine(name, tmp_path):
    told = told_until_killed(name, tmp_path, watch, workers=2, lines_wanted=101)
    with opened(name, tmp_path) as records:
        alerts = Alerts(records)
        states = {one.id: one.state for one in alerts.of_person("child-1")}
        waiting = {one.id for one in alerts.to_send()}

    assert all(states[one] == "sent" for state, one in told if state == "sent")
    assert {one for _, one in told} <= set(states)
    assert waiting == {one for one, state in states.items() if state == "raised"}
    assert len(waiting) <= 2


def test_a_doubt_about_a_contact_or_an_alert_is_settled_by_asking_again():
    records = Forgetful(seed=5)
    alerts = Alerts(records)
    for n in range(40):
        alerts.set_contact("child-1", "guardian", b"%d" % n, at=NOW)
        assert alerts.contact("child-1", "guardian") == b"%d" % n
    for n in range(40):
        while True:
            try:
                one = raised(alerts, f"a{n}")
                alerts.sent(one, who="bot", at=NOW, how="sms") if one.state == "raised" else one
            except OutcomeUnknown:
                continue
            break
    assert [one.state for one in alerts.of_person("child-1")] == ["sent"] * 40
    assert all(len(one.steps) == 2 for one in alerts.of_person("child-1"))


# -- readings ------------------------------------------------------------------------------------


def test_a_reading_in_an_emergency_is_kept_with_who_when_and_which_danger(any_alerts):
    said = {"ages": Ages(14, 15), "who": "guardian-1", "at": NOW, "danger": "suicide"}
    any_alerts.read_in_emergency("r1", "child-1", **said)
    any_alerts.read_in_emergency("r1", "child-1", **said)

    assert list(any_alerts.readings("child-1")) == [(NOW, "guardian-1", "suicide")]
    with pytest.raises(InvalidRequest, match="reading"):
        any_alerts.read_in_emergency("r1", "child-1", **{**said, "who": "guardian-2"})
    with pytest.raises(InvalidRequest, match="reading"):
        any_alerts.read_in_emergency("r2", "child-1", **{**said, "ages": ADULT})
    with pytest.raises(InvalidRequest, match="reading"):
        any_alerts.read_in_emergency("r2", "child-1", **{**said, "danger": "curiosity"})


# -- what is broken, and what is shown -----------------------------------------------------------


def test_a_broken_record_is_an_error_and_never_an_alert(alerts):
    one = raised(alerts)
    for body in (b"", b"{}", one.record.body[:-1], one.record.body + b" "):
        with pytest.raises(StoreUnavailable):
            alert_of(one.record._replace(body=body))


def test_no_repr_shows_a_contact_a_person_or_a_word(alerts):
    one = raised(alerts, ages=SEVEN, excerpt="she said goodbye")
    shown = repr(one) + repr(one.steps) + repr(overview(CHILD, Usage(), at=NOW, alerts=[one]))

    for word in ("138", "sealed", "child-1", "goodbye", "watch-1"):
        assert word not in shown
