"""Guardians of a child: who is one, what they set and consent to, and who only says so."""

import pickle
import subprocess
import sys
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from homekit import (
    AT,
    CHILD,
    DAY,
    FATHER,
    HOUR,
    MINUTE,
    MOTHER,
    NOTICE,
    family,
    loosened,
    proof,
)
from minorguard import (
    ZONE,
    Ages,
    ConsentGranted,
    ConsentRevoked,
    Guard,
    GuardianSettings,
    InvalidRequest,
    ModeChanged,
    Play,
    Subject,
    Use,
    law,
    stores,
)
from minorguard.core.features import Feature
from minorguard.guardians import ConsentNotice, Home, Verified
from minorguard.guardians.changes import fits, sealed
from minorguard.stores import open_records

OTHER_CHILD = Subject("p-82", born=date(2015, 5, 1), identity="verified")
AI = "ai_companion_other"


def minutes(number, **more):
    return GuardianSettings(daily_minutes=number, **more)


@pytest.fixture
def records():
    return open_records("memory:")


@pytest.fixture
def home(records):
    return family(Home(records))


@pytest.fixture
def both(records):
    return family(Home(records), MOTHER, FATHER)


@pytest.fixture(scope="module")
def base():
    return law("cn.base")


@pytest.fixture(scope="module")
def companion():
    return law("cn.ai")


def set_of(home, *, at=AT, child=CHILD, **options):
    return home.subject(child, at=at, **options).guardian


# -- links ---------------------------------------------------------------------------------------


def test_a_child_has_several_guardians_and_a_guardian_several_children(both):
    family(both, MOTHER, child=OTHER_CHILD)

    assert both.guardians(CHILD, at=AT) == (MOTHER, FATHER) or both.guardians(CHILD, at=AT) == (
        FATHER,
        MOTHER,
    )
    assert list(both.children(MOTHER)) == [CHILD.id, OTHER_CHILD.id]
    assert list(both.children(FATHER)) == [CHILD.id]


def test_linked_twice_is_linked_once(home):
    again = home.link(CHILD, MOTHER, evidence="another file", at=AT)

    assert again
    assert not again.done
    assert [noted.what for noted in home.history(CHILD)] == ["linked"]


def test_nobody_is_their_own_guardian_and_no_child_is_anybodys(home):
    own = home.link(CHILD, CHILD.id, evidence="mine", at=AT)
    sibling = home.link(OTHER_CHILD, CHILD.id, evidence="hers", at=AT)

    assert (own.refused, sibling.refused) == ("not_a_guardian", "guardian_is_a_minor")
    assert home.guardians(OTHER_CHILD, at=AT) == ()


def test_a_second_guardian_comes_only_with_the_first_ones_word(home):
    def stranger(given):
        return home.link(CHILD, "g-stranger", evidence="a friend", at=AT, proof=given).refused

    wanted = "guardian_verification_required"
    assert stranger(None) == wanted
    assert stranger(proof("g-stranger")) == wanted
    assert stranger(proof(MOTHER, AT - 5 * MINUTE)) == wanted
    assert home.link(CHILD, FATHER, evidence="b", at=AT, proof=proof())


def test_a_proof_is_fresh_for_five_minutes_and_never_from_the_future():
    assert proof(at=AT).fresh(AT)
    assert proof(at=AT).fresh(AT + 5 * MINUTE - timedelta(seconds=1))
    assert not proof(at=AT).fresh(AT + 5 * MINUTE)
    assert not proof(at=AT + timedelta(seconds=1)).fresh(AT)


@pytest.mark.parametrize("evidence", ["", " ", "x" * 257, None])
def test_a_link_needs_evidence(home, evidence):
    with pytest.raises(InvalidRequest, match="evidence"):
        home.link(OTHER_CHILD, MOTHER, evidence=evidence, at=AT)


def test_an_unlinked_guardian_loosens_nothing_and_what_they_set_holds_for_a_day_more(both):
    both.set(CHILD, FATHER, minutes(30), at=AT - HOUR)
    change = both.unlink(CHILD, FATHER, at=AT, proof=proof(MOTHER))

    assert change.code is not None
    assert both.guardians(CHILD, at=AT) == (MOTHER,)
    assert not both.leave(CHILD, at=AT, proof=proof(FATHER))
    assert not both.extra_today(CHILD, 10, at=AT, proof=proof(FATHER))
    assert both.set(CHILD, FATHER, minutes(90), at=AT, proof=proof(FATHER)).refused
    assert both.confirm(CHILD, change.id, change.code.reveal(), at=AT)
    assert set_of(both, at=AT + DAY - timedelta(seconds=1)).daily_minutes == 30
    assert set_of(both, at=AT + DAY) is None


def test_what_an_unlinked_guardian_set_stays_until_somebody_confirms(both):
    both.set(CHILD, FATHER, minutes(30), at=AT)
    change = both.unlink(CHILD, FATHER, at=AT, proof=proof(MOTHER))
    much_later = AT + 30 * DAY

    assert set_of(both, at=much_later).daily_minutes == 30
    assert not both.confirm(CHILD, change.id, change.code.reveal(), at=much_later)
    again = both.unlink(CHILD, FATHER, at=much_later, proof=proof(MOTHER, much_later))
    assert both.confirm(CHILD, again.id, again.code.reveal(), at=much_later)
    assert set_of(both, at=much_later + DAY) is None


def test_who_is_unlinked_from_a_stolen_phone_can_stop_it_for_a_day(both):
    both.set(CHILD, FATHER, minutes(30), at=AT)
    change = both.unlink(CHILD, FATHER, at=AT, proof=proof(MOTHER))
    both.confirm(CHILD, change.id, change.code.reveal(), at=AT)

    assert both.set(CHILD, FATHER, minutes(20), at=AT + HOUR)  # stricter: still at once
    assert both.cancel(CHILD, change.id, FATHER, at=AT + 23 * HOUR)
    assert set_of(both, at=AT + 3 * DAY).daily_minutes == 20
    assert not both.cancel(CHILD, change.id, FATHER, at=AT + 23 * HOUR)


def test_a_guardian_who_was_linked_and_unlinked_again_is_none(both):
    for start in (AT, AT + DAY):
        both.unlink(CHILD, FATHER, at=start, proof=proof(MOTHER, start))
        assert not both.leave(CHILD, at=start, proof=proof(FATHER, start))
        again = start + HOUR
        if start == AT:
            both.link(CHILD, FATHER, evidence="c", at=again, proof=proof(MOTHER, again))
            assert both.leave(CHILD, at=again, proof=proof(FATHER, again))
    assert not both.set(CHILD, FATHER, minutes(10), at=AT + 2 * DAY)
    assert not both.deny(CHILD, AI, FATHER, at=AT + 2 * DAY)


def test_unlinking_needs_the_proof_of_a_guardian(both):
    for given in (None, proof("g-stranger"), proof(MOTHER, AT - HOUR), proof(CHILD.id)):
        change = both.unlink(CHILD, FATHER, at=AT, proof=given)
        assert change.refused == "guardian_verification_required"
    assert FATHER in both.guardians(CHILD, at=AT)


def test_who_has_set_nothing_goes_at_once_and_twice_is_once(both):
    change = both.unlink(CHILD, FATHER, at=AT, proof=proof(MOTHER))

    assert (change.done, change.code, both.waiting(CHILD, at=AT)) == (True, None, ())
    assert not both.unlink(CHILD, FATHER, at=AT, proof=proof(MOTHER)).done
    assert not both.unlink(CHILD, "g-stranger", at=AT, proof=proof(MOTHER)).done


def test_unlinked_again_while_it_waits_it_goes_on_waiting(both):
    both.set(CHILD, FATHER, minutes(30), at=AT)
    change = both.unlink(CHILD, FATHER, at=AT, proof=proof(MOTHER))
    both.confirm(CHILD, change.id, change.code.reveal(), at=AT)

    again = both.unlink(CHILD, FATHER, at=AT + HOUR, proof=proof(MOTHER, AT + HOUR))

    assert not again.done
    assert set_of(both, at=AT + DAY) is None


def test_who_comes_back_while_their_settings_wait_to_end_keeps_them(both):
    both.set(CHILD, FATHER, minutes(30), at=AT)
    change = both.unlink(CHILD, FATHER, at=AT, proof=proof(MOTHER))
    both.confirm(CHILD, change.id, change.code.reveal(), at=AT)
    both.link(CHILD, FATHER, evidence="again", at=AT + HOUR, proof=proof(MOTHER, AT + HOUR))

    assert both.waiting(CHILD, at=AT + HOUR) == ()
    assert set_of(both, at=AT + 3 * DAY).daily_minutes == 30


def test_a_family_has_bounds_that_are_told(home):
    for number in range(7):
        home.link(CHILD, f"g-{number}", evidence="e", at=AT, proof=proof())
    with pytest.raises(InvalidRequest, match="at most 8 guardians"):
        home.link(CHILD, "g-8", evidence="e", at=AT, proof=proof())
    for number in range(64):
        home.set(CHILD, MOTHER, minutes(number), at=AT, app=f"app-{number}")
    with pytest.raises(InvalidRequest, match="at most 64 apps"):
        home.set(CHILD, MOTHER, minutes(1), at=AT, app="app-64")


# -- settings ------------------------------------------------------------------------------------


def test_the_strictest_of_all_guardians_holds(both):
    both.set(CHILD, MOTHER, GuardianSettings(daily_minutes=60, max_rating="8+"), at=AT)
    both.set(CHILD, FATHER, GuardianSettings(daily_minutes=30, single_fen=500), at=AT)

    held = set_of(both)

    assert (held.daily_minutes, held.single_fen, held.max_rating) == (30, 500, "8+")


def test_the_night_is_open_only_if_every_guardian_who_has_set_anything_opens_it(both):
    at = loosened(both, MOTHER, GuardianSettings(night_allowed=True))
    assert set_of(both, at=at).night_allowed

    both.set(CHILD, FATHER, minutes(30), at=at)
    assert not set_of(both, at=at).night_allowed


def test_two_guardians_disagree_and_one_cannot_loosen_what_the_other_has_set(both):
    both.set(CHILD, FATHER, minutes(30), at=AT)
    at = loosened(both, MOTHER, minutes(90))

    assert set_of(both, at=at).daily_minutes == 30


def test_somebody_who_is_no_guardian_sets_nothing(home):
    for who in ("g-stranger", CHILD.id, FATHER):
        change = home.set(CHILD, who, minutes(0), at=AT)
        assert (change.refused, change.done) == ("not_a_guardian", False)
    assert set_of(home) is None


def test_another_guardians_proof_does_not_loosen_my_settings(both):
    both.set(CHILD, MOTHER, minutes(30), at=AT)

    change = both.set(CHILD, MOTHER, minutes(60), at=AT, proof=proof(FATHER))

    assert change.refused == "guardian_verification_required"


def test_a_stale_proof_does_not_loosen(home):
    home.set(CHILD, MOTHER, minutes(30), at=AT)
    late = AT + 5 * MINUTE

    assert home.set(CHILD, MOTHER, minutes(60), at=late, proof=proof(MOTHER, AT)).refused


def test_a_code_confirms_its_own_change_and_no_other(both):
    both.set(CHILD, MOTHER, minutes(30), at=AT)
    both.set(CHILD, FATHER, minutes(30), at=AT)
    mine = both.set(CHILD, MOTHER, minutes(60), at=AT, proof=proof(MOTHER))
    other = both.set(CHILD, FATHER, minutes(60), at=AT, proof=proof(FATHER))

    assert both.confirm(CHILD, other.id, mine.code.reveal(), at=AT).refused == "wrong_code"
    assert both.confirm(CHILD, mine.id, "guess", at=AT).refused == "wrong_code"
    assert both.confirm(CHILD, mine.id, None, at=AT).refused == "wrong_code"
    assert both.confirm(CHILD, mine.id, mine.code.reveal(), at=AT)
    assert [one.until is None for one in both.waiting(CHILD, at=AT)] == [False, True]


def test_a_code_confirms_no_change_of_another_child(both):
    family(both, MOTHER, child=OTHER_CHILD)
    for child in (CHILD, OTHER_CHILD):
        both.set(child, MOTHER, minutes(30), at=AT)
    change = both.set(CHILD, MOTHER, minutes(60), at=AT, proof=proof())
    other = both.set(OTHER_CHILD, MOTHER, minutes(60), at=AT, proof=proof())

    refused = both.confirm(OTHER_CHILD, other.id, change.code.reveal(), at=AT).refused

    assert refused == "wrong_code"


def test_what_is_kept_of_a_code_fits_one_code_of_one_change_of_one_child():
    seal = sealed("code", "p-81", "7")

    assert fits("code", seal, "p-81", "7")
    for other in (("p-82", "7"), ("p-81", "8"), ("p-8", "17"), ("p-81",), ("p-81", "7", "")):
        assert not fits("code", seal, *other)
    assert not fits("codes", seal, "p-81", "7")


def test_a_code_that_is_replayed_moves_nothing(home):
    home.set(CHILD, MOTHER, minutes(30), at=AT)
    change = home.set(CHILD, MOTHER, minutes(60), at=AT, proof=proof())
    code = change.code.reveal()
    first = home.confirm(CHILD, change.id, code, at=AT)
    again = home.confirm(CHILD, change.id, code, at=AT + HOUR)

    assert again.waits_until == first.waits_until == AT + DAY
    assert not again.done
    home.set(CHILD, MOTHER, minutes(30), at=AT + 2 * HOUR)  # stricter again: nothing waits
    assert home.confirm(CHILD, change.id, code, at=AT + 3 * HOUR).refused == "unknown_change"
    newer = home.set(
        CHILD, MOTHER, minutes(60), at=AT + 3 * HOUR, proof=proof(MOTHER, AT + 3 * HOUR)
    )
    assert home.confirm(CHILD, newer.id, code, at=AT + 3 * HOUR).refused == "wrong_code"
    assert set_of(home, at=AT + 4 * DAY).daily_minutes == 30


def test_any_guardian_cancels_what_waits_and_a_child_or_a_stranger_does_not(both):
    both.set(CHILD, MOTHER, minutes(30), at=AT)
    change = both.set(CHILD, MOTHER, minutes(60), at=AT, proof=proof())
    both.confirm(CHILD, change.id, change.code.reveal(), at=AT)

    assert both.cancel(CHILD, change.id, CHILD.id, at=AT).refused == "not_a_guardian"
    assert both.cancel(CHILD, change.id, "g-stranger", at=AT).refused == "not_a_guardian"
    assert both.cancel(CHILD, change.id, FATHER, at=AT + DAY - timedelta(seconds=1))
    assert set_of(both, at=AT + 2 * DAY).daily_minutes == 30
    assert both.cancel(CHILD, change.id, FATHER, at=AT + DAY).refused == "unknown_change"


def test_a_code_that_was_lost_is_made_anew_with_a_fresh_proof_and_the_old_one_is_void(home):
    home.set(CHILD, MOTHER, minutes(30), at=AT)
    lost = home.set(CHILD, MOTHER, minutes(60), at=AT, proof=proof())
    again = home.set(CHILD, MOTHER, minutes(60), at=AT, proof=proof())

    assert not home.confirm(CHILD, again.id, lost.code.reveal(), at=AT)
    assert home.confirm(CHILD, again.id, again.code.reveal(), at=AT)


def test_what_waits_for_a_guardian_who_goes_does_not_come(both):
    both.set(CHILD, FATHER, minutes(30), at=AT)
    change = both.set(CHILD, FATHER, minutes(60), at=AT, proof=proof(FATHER))
    both.confirm(CHILD, change.id, change.code.reveal(), at=AT)
    both.unlink(CHILD, FATHER, at=AT, proof=proof(MOTHER))

    assert set_of(both, at=AT + 2 * DAY).daily_minutes == 30


def test_settings_for_one_app_hold_beside_those_for_the_whole_device(home):
    home.set(CHILD, MOTHER, minutes(60), at=AT)
    home.set(CHILD, MOTHER, minutes(20), at=AT, app="video")

    assert set_of(home).daily_minutes == 60
    assert set_of(home, app="video").daily_minutes == 20
    assert set_of(home, app="chat").daily_minutes == 60


def test_a_clock_that_is_set_back_shortens_no_wait_and_a_proof_of_tomorrow_is_none(home):
    home.set(CHILD, MOTHER, minutes(30), at=AT)
    change = home.set(CHILD, MOTHER, minutes(60), at=AT, proof=proof())
    back = AT - 12 * HOUR

    confirmed = home.confirm(CHILD, change.id, change.code.reveal(), at=back)

    assert confirmed.waits_until == AT + DAY
    assert not home.leave(CHILD, at=back, proof=proof(MOTHER, AT))


def test_what_law_forbids_anyway_is_kept_without_effect_and_named(records, base):
    home = family(Home(records, law=base))
    wanted = GuardianSettings(
        features={"tip_leaderboard": True, "evidence_export": False, "live_host": True},
        daily_minutes=30,
    )

    change = home.set(CHILD, MOTHER, wanted, at=AT, proof=proof())
    home.confirm(CHILD, change.id, change.code.reveal(), at=AT)
    child = home.subject(CHILD, at=AT + DAY)
    rows = base.features_of(child, at=AT + DAY)

    assert change.overreach == tuple(f"features.{name}" for name in sorted(wanted.features))
    may = GuardianSettings(features={"allow_comment": "all", "game_play": False})
    assert home.set(CHILD, MOTHER, may, at=AT).overreach == ()
    assert not rows["tip_leaderboard"].enabled
    assert not rows["live_host"].enabled
    assert rows["evidence_export"].enabled


def test_a_cap_above_the_laws_and_a_night_that_nobody_lifts_are_named(records):
    home = family(Home(records, law=law("cn.game")))
    wanted = GuardianSettings(single_fen=5001, daily_fen=20_000, monthly_fen=20_001)

    assert home.set(CHILD, MOTHER, wanted, at=AT).overreach == (
        "daily_fen",
        "monthly_fen",
        "single_fen",
    )
    assert home.set(CHILD, MOTHER, GuardianSettings(single_fen=5000), at=AT).overreach == ()
    live = family(Home(open_records("memory:"), law=law("cn.live")))
    night = GuardianSettings(night_allowed=True)
    assert "night_allowed" in live.set(CHILD, MOTHER, night, at=AT, proof=proof()).overreach


# -- the child's own choices ---------------------------------------------------------------------


def born(years):
    return replace(CHILD, born=date(2026 - years, 5, 1))


def test_a_minor_tightens_at_every_age_and_loosens_only_from_fourteen(records, base):
    home = Home(records, law=base)
    for years in range(4, 18):
        child = replace(born(years), id=f"p-{years}")
        assert home.choose(child, {"allow_comment": "nobody"}, at=AT), years
        loose = home.choose(child, {"accept_messages_from": "all"}, at=AT)
        again = home.choose(child, {"allow_comment": "friends"}, at=AT)
        if years < 14:
            assert (loose.refused, again.refused) == ("too_young", "too_young")
        else:
            assert loose.done
            assert again.done
        features = home.subject(child, at=AT).guardian.features
        assert ("accept_messages_from" in features) == (years >= 14)


def test_of_guardian_and_minor_the_stricter_holds(records, base):
    home = family(Home(records, law=base), child=born(15))
    child = born(15)
    friends = GuardianSettings(features={"accept_messages_from": "friends"})
    home.set(child, MOTHER, friends, at=AT)

    home.choose(child, {"accept_messages_from": "all", "allow_repost": False}, at=AT)

    features = home.subject(child, at=AT).guardian.features
    assert features == {"accept_messages_from": "friends", "allow_repost": False}


def test_a_choice_that_loosens_falls_when_the_age_is_doubted(records, base):
    home = Home(records, law=base)
    child = born(15)
    home.choose(child, {"accept_messages_from": "all"}, at=AT)
    doubted = replace(child, born=None, age=Ages(12, 16))

    assert home.subject(doubted, at=AT).guardian is None
    again = home.choose(doubted, {"allow_repost": True, "accept_messages_from": "all"}, at=AT)
    other = home.choose(doubted, {"allow_comment": "all"}, at=AT)
    assert (again.fields, other.refused) == ((), "too_young")


def test_a_minor_changes_nothing_that_the_table_does_not_give_them(records, base):
    home = Home(records, law=base)
    child = born(17)

    forbidden = {"tipping": True, "evidence_export": False, "live_host": True}
    for toggle, value in forbidden.items():
        change = home.choose(child, {toggle: value, "allow_repost": False}, at=AT)
        assert change.refused == "not_changeable", toggle
    assert home.subject(child, at=AT).guardian is None  # all of it, or none
    assert home.choose(child, {"game_play": False}, at=AT)  # stricter than law: always
    for unknown in ("night_curfew", "no_such_toggle"):
        with pytest.raises(InvalidRequest, match=unknown):
            home.choose(child, {unknown: False}, at=AT)


def test_a_table_can_be_given_in_place_of_a_law(records):
    row = Feature("allow_repost", True, None, ("guardian", "minor"), None, ())
    home = Home(records)

    assert home.choose(born(9), {"allow_repost": False}, at=AT, table=[row])
    assert home.choose(born(9), {"allow_repost": True}, at=AT, table=[row]).refused == "too_young"


def test_a_guardian_takes_back_what_the_child_is_too_young_to_loosen(records, base):
    home = family(Home(records, law=base))
    home.choose(CHILD, {"allow_repost": False}, at=AT)

    assert not home.release(CHILD, ["allow_repost"], at=AT, proof=None)
    assert home.release(CHILD, ["allow_repost"], at=AT, proof=proof())
    assert home.subject(CHILD, at=AT).guardian is None


def test_a_childs_own_choices_have_no_veto_on_the_night(records, base):
    home = family(Home(records, law=base))
    at = loosened(home, MOTHER, GuardianSettings(night_allowed=True))
    home.choose(CHILD, {"allow_repost": False}, at=at)

    assert home.subject(CHILD, at=at).guardian.night_allowed


# -- consents ------------------------------------------------------------------------------------


def granted(home, who=MOTHER, *, at=AT, scope=AI, **options):
    request = home.ask(CHILD, scope, NOTICE, at=at, guardian=options.pop("opened_by", None))
    assert request.id is not None, request
    given = proof(who, at)
    return home.grant(CHILD, scope, request.id, evidence="sms 7", at=at, proof=given, **options)


def test_a_consent_is_asked_for_granted_revoked(home):
    assert home.consent_state(CHILD, AI, at=AT) == "none"
    home.ask(CHILD, AI, NOTICE, at=AT)
    assert home.consent_state(CHILD, AI, at=AT) == "requested"
    change = granted(home)
    assert home.consent_state(CHILD, AI, at=AT) == "granted"
    assert change.facts == (ConsentGranted(CHILD, AI),)
    assert home.subject(CHILD, at=AT).consents == {AI}

    change = home.revoke(CHILD, AI, MOTHER, at=AT)

    assert change.facts == (ConsentRevoked(CHILD, AI),)
    assert home.consent_state(CHILD, AI, at=AT) == "revoked"
    assert home.subject(CHILD, at=AT).consents == frozenset()


def test_a_consent_ends_when_it_was_said_to_end(home):
    until = AT + DAY
    change = granted(home, until=until)

    assert change.facts == (ConsentGranted(CHILD, AI, until=until),)
    assert home.consents(CHILD, at=until - timedelta(seconds=1)) == {AI: until}
    assert home.consents(CHILD, at=until) == {}
    assert home.consent_state(CHILD, AI, at=until) == "expired"
    with pytest.raises(InvalidRequest, match="until"):
        granted(home, at=AT, until=AT)


def test_a_request_shows_all_that_the_law_asks_and_offers_to_refuse():
    shown = {one.name: getattr(NOTICE, one.name) for one in fields(NOTICE)}

    for name in shown:
        for empty in ("", "  ", None, False):
            with pytest.raises(InvalidRequest, match=f"notice.{name}"):
                ConsentNotice(**{**shown, name: empty})
        with pytest.raises(TypeError):
            ConsentNotice(**{other: text for other, text in shown.items() if other != name})


def test_after_a_refusal_nobody_asks_again_for_thirty_days_but_a_guardian_may_begin(home):
    home.ask(CHILD, AI, NOTICE, at=AT)
    home.deny(CHILD, AI, MOTHER, at=AT)
    assert home.consent_state(CHILD, AI, at=AT) == "denied"

    again = home.ask(CHILD, AI, NOTICE, at=AT + HOUR)
    assert (again.refused, again.again_at, again.id) == ("cooling_down", AT + 30 * DAY, None)
    assert home.ask(CHILD, AI, NOTICE, at=AT + 30 * DAY - timedelta(seconds=1)).refused
    assert granted(home, at=AT + HOUR, opened_by=MOTHER).done
    assert not home.ask(CHILD, AI, NOTICE, at=AT, guardian="g-stranger")


def test_how_long_to_wait_after_a_refusal_is_the_platforms_choice(records):
    home = family(Home(records, cooling_s=60))
    home.deny(CHILD, AI, MOTHER, at=AT)

    assert home.ask(CHILD, AI, NOTICE, at=AT + timedelta(seconds=59)).refused == "cooling_down"
    assert home.ask(CHILD, AI, NOTICE, at=AT + timedelta(seconds=60))


def test_the_same_request_is_asked_once_while_it_is_open(home):
    first = home.ask(CHILD, AI, NOTICE, at=AT)
    again = home.ask(CHILD, AI, NOTICE, at=AT + DAY)
    newer = home.ask(CHILD, AI, replace(NOTICE, policy="2026-12"), at=AT + DAY)

    assert (again.id, again.done) == (first.id, False)
    assert newer.id != first.id


def test_only_what_was_shown_last_is_consented_to_and_only_in_time(home):
    first = home.ask(CHILD, AI, NOTICE, at=AT)
    home.ask(CHILD, AI, replace(NOTICE, policy="2026-12"), at=AT)

    def grant(request, at=AT):
        given = proof(MOTHER, at)
        return home.grant(CHILD, AI, request, evidence="e", at=at, proof=given).refused

    assert grant(first.id) == "unknown_request"  # 儿童个人信息网络保护规定 art. 10: asked anew
    assert grant("99") == "unknown_request"
    late = home.ask(CHILD, "live_host", NOTICE, at=AT)
    given = proof(MOTHER, AT + 7 * DAY)
    refused = home.grant(CHILD, "live_host", late.id, evidence="e", at=AT + 7 * DAY, proof=given)
    assert refused.refused == "unknown_request"


def test_two_guardians_disagree_and_the_no_holds_until_that_one_consents(both):
    assert granted(both, MOTHER).facts
    assert both.deny(CHILD, AI, FATHER, at=AT + HOUR).facts == (ConsentRevoked(CHILD, AI),)
    assert granted(both, MOTHER, at=AT + HOUR, opened_by=MOTHER).facts == ()
    assert both.subject(CHILD, at=AT + HOUR).consents == frozenset()

    agreed = granted(both, FATHER, at=AT + 2 * HOUR, opened_by=FATHER)

    assert agreed.facts == (ConsentGranted(CHILD, AI),)
    both.revoke(CHILD, AI, MOTHER, at=AT + 3 * HOUR)
    assert both.subject(CHILD, at=AT + 3 * HOUR).consents == frozenset()


def test_who_is_no_guardian_consents_to_nothing_and_refuses_nothing(home):
    request = home.ask(CHILD, AI, NOTICE, at=AT)
    for given in (
        None,
        proof("g-stranger"),
        proof(CHILD.id),
        proof(MOTHER, AT - HOUR),
        Verified(FATHER, "pin", AT),
        (MOTHER, "pin", AT),  # a tuple that a client sent is no proof
    ):
        change = home.grant(CHILD, AI, request.id, evidence="e", at=AT, proof=given)
        assert change.refused == "guardian_verification_required"
    for who in ("g-stranger", CHILD.id, FATHER):
        assert home.deny(CHILD, AI, who, at=AT).refused == "not_a_guardian"
    assert home.subject(CHILD, at=AT).consents == frozenset()


def test_the_consent_of_a_guardian_who_goes_goes_at_once_and_the_refusal_stays_a_day(both):
    granted(both, FATHER)
    gone = both.unlink(CHILD, FATHER, at=AT, proof=proof(MOTHER))
    assert gone.facts == (ConsentRevoked(CHILD, AI),)

    both.link(CHILD, FATHER, evidence="again", at=AT, proof=proof(MOTHER))
    both.deny(CHILD, AI, FATHER, at=AT)
    gone = both.unlink(CHILD, FATHER, at=AT, proof=proof(MOTHER))
    both.confirm(CHILD, gone.id, gone.code.reveal(), at=AT)
    granted(both, MOTHER, opened_by=MOTHER)

    assert both.consents(CHILD, at=AT + DAY - timedelta(seconds=1)) == {}
    assert both.consents(CHILD, at=AT + DAY) == {AI: None}


def test_said_twice_is_said_once(home):
    request = home.ask(CHILD, AI, NOTICE, at=AT)
    yes = {"evidence": "e", "at": AT, "proof": proof()}

    assert home.grant(CHILD, AI, request.id, **yes).done
    assert not home.grant(CHILD, AI, request.id, **yes).done
    assert home.revoke(CHILD, AI, MOTHER, at=AT).done
    assert not home.revoke(CHILD, AI, MOTHER, at=AT + HOUR).done
    assert [noted.what for noted in home.history(CHILD)][-2:] == ["granted", "revoked"]


def test_two_grants_that_end_hold_until_the_last_one_ends(both):
    granted(both, MOTHER, until=AT + DAY)
    change = granted(both, FATHER, until=AT + 2 * DAY, opened_by=FATHER)

    assert change.facts == (ConsentGranted(CHILD, AI, until=AT + 2 * DAY),)
    assert both.consents(CHILD, at=AT + DAY) == {AI: AT + 2 * DAY}


def test_from_fourteen_a_minor_consents_alone_to_their_own_data_and_to_nothing_else(records):
    home = family(Home(records))

    def alone(child, scope):
        request = home.ask(child, scope, NOTICE, at=AT)
        return home.grant_alone(child, scope, request.id, evidence="own", at=AT)

    assert alone(CHILD, "optional_pi").refused == "too_young"
    older = replace(CHILD, born=date(2012, 11, 19))  # fourteen on the 20th, the day after
    assert alone(older, "live_host").refused == "not_changeable"
    assert alone(older, "optional_pi").facts == (ConsentGranted(older, "optional_pi"),)
    with pytest.raises(InvalidRequest, match="until"):
        home.grant_alone(older, "optional_pi", "1", evidence="own", at=AT, until=AT)
    assert home.revoke(older, "optional_pi", older.id, at=AT).facts == (
        ConsentRevoked(older, "optional_pi"),
    )


def test_a_consent_revoked_in_the_middle_of_a_session_is_refused_at_the_next_question(companion):
    home = family(Home(open_records("memory:")))
    guard = Guard(companion, store=stores.open("memory:"))

    def asks(at):
        return guard.decide(Use(home.subject(CHILD, at=at), AI), at=at)

    assert not asks(AT)
    for fact in granted(home).facts:
        guard.record(fact, at=AT)
    assert asks(AT)
    change = home.revoke(CHILD, AI, MOTHER, at=AT + MINUTE)
    for fact in change.facts:
        guard.record(fact, at=AT + MINUTE)

    assert [reason.code for reason in asks(AT + MINUTE).reasons] == ["consent_required"]
    bare = guard.decide(Use(CHILD, AI), at=AT + MINUTE)  # the guard knows without the home, too
    assert [reason.code for reason in bare.reasons] == ["consent_required"]


# -- as the guard sees it ------------------------------------------------------------------------


def test_what_a_guardian_set_decides_at_the_next_question_of_a_running_session():
    home = family(Home(open_records("memory:")))
    guard = Guard(law("cn.video"), store=stores.open("memory:"))
    home.enter(CHILD, "settings", at=AT)

    def plays(at, *, renewal=True):
        child = home.subject(CHILD, at=at)
        return guard.decide(Play(child, session="s-1", renewal=renewal), at=at)

    assert plays(AT, renewal=False)
    home.set(CHILD, MOTHER, GuardianSettings(windows=((8 * 3600, 18 * 3600 + 60),)), at=AT + MINUTE)

    assert not plays(AT + MINUTE)


def test_who_turns_eighteen_in_a_session_is_bound_by_no_guardian():
    birthday = datetime(2026, 11, 20, 23, 50, tzinfo=ZONE)
    child = Subject("p-1", born=date(2008, 11, 20), identity="verified")
    home = family(Home(open_records("memory:")), child=child)
    home.set(child, MOTHER, GuardianSettings(windows=((8 * 3600, 20 * 3600),)), at=AT)
    guard = Guard(law("cn.video"), store=stores.open("memory:"))

    def plays(at, *, renewal):
        request = Play(home.subject(child, at=at), session="s-1", renewal=renewal)
        return guard.decide(request, at=at)

    assert plays(AT, renewal=False)
    assert not plays(birthday, renewal=True)
    assert guard.decide(
        Play(home.subject(child, at=birthday + HOUR), session="s-2"), at=birthday + HOUR
    )


def test_what_was_given_with_the_child_holds_beside_the_book(home):
    given = replace(CHILD, guardian=minutes(20), consents=frozenset({AI}))
    home.set(CHILD, MOTHER, minutes(40), at=AT)

    child = home.subject(given, at=AT)

    assert child.guardian.daily_minutes == 20
    assert child.consents == frozenset()  # consents are those of the book alone


def test_the_example_links_limits_consents_and_leaves():
    path = Path(__file__).parents[1] / "examples" / "guardian_flow.py"
    command = [sys.executable, "-W", "error", path]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    said = done.stdout.decode("utf-8")

    for line in (
        "Linked; 40 minutes a day: 40 are left.",
        "She consented to the companion: True.",
        "Left the minors' mode: in it is False.",
        "20 November: 40 minutes a day",
        "21 November: 90 minutes a day",
        "A wrong PIN (wrong): guardian_verification_required.",
    ):
        assert line in said


# -- history, hooks, forgetting ------------------------------------------------------------------


def test_every_change_is_told_once_after_it_was_stored_and_is_in_the_history(records):
    told = []
    home = Home(records, on_change=told.append)
    family(home)
    home.set(CHILD, MOTHER, minutes(30), at=AT)
    home.set(CHILD, MOTHER, minutes(30), at=AT)  # nothing new
    home.set(CHILD, MOTHER, minutes(60), at=AT)  # refused
    change = home.set(CHILD, MOTHER, minutes(60), at=AT, proof=proof())
    home.confirm(CHILD, change.id, change.code.reveal(), at=AT)
    home.enter(CHILD, "icon", at=AT + 2 * DAY)

    assert [change.what for change in told] == ["linked", "set", "set", "confirmed", "entered"]
    history = list(home.history(CHILD))
    expected = ["linked", "set", "set", "confirmed", "took_effect", "entered"]
    assert [noted.what for noted in history] == expected
    assert [noted.seq for noted in history] == list(range(1, 7))
    assert [noted.by for noted in history[:5]] == [MOTHER] * 5
    assert told[-1].facts == (ModeChanged(CHILD, on=True),)


def test_a_hook_that_fails_undoes_nothing(records):
    def fails(change):
        raise RuntimeError(change.what)

    home = Home(records, on_change=fails)
    with pytest.raises(RuntimeError, match="linked"):
        home.link(CHILD, MOTHER, evidence="e", at=AT)

    assert home.guardians(CHILD, at=AT) == (MOTHER,)


def test_every_loosening_leaves_two_entries_with_who_and_what(home):
    home.set(CHILD, MOTHER, minutes(30), at=AT)
    change = home.set(CHILD, MOTHER, minutes(60), at=AT, proof=proof())
    home.confirm(CHILD, change.id, change.code.reveal(), at=AT)

    asked, confirmed = list(home.history(CHILD))[-2:]

    assert (asked.what, asked.by, asked.said["loosens"]) == ("set", MOTHER, ["daily_minutes"])
    assert asked.said["wanted"] == {"daily_minutes": 60}
    assert (confirmed.what, confirmed.said["id"]) == ("confirmed", asked.said["id"])


def test_who_is_forgotten_is_gone_and_can_begin_anew(records):
    home = family(Home(records))
    home.set(CHILD, MOTHER, minutes(30), at=AT)
    home.erase(CHILD)
    home.erase(CHILD)

    assert set_of(home) is None
    assert list(home.history(CHILD)) == []
    assert list(home.children(MOTHER)) == []
    family(home)
    assert [noted.what for noted in home.history(CHILD)] == ["linked"]


def test_a_refusal_is_false_and_a_change_is_true_even_if_nothing_was_new(home):
    assert home.set(CHILD, MOTHER, minutes(30), at=AT)
    assert home.set(CHILD, MOTHER, minutes(30), at=AT)
    assert not home.set(CHILD, FATHER, minutes(30), at=AT)


def test_a_code_is_never_shown_pickled_or_kept(home, records):
    home.set(CHILD, MOTHER, minutes(30), at=AT)
    change = home.set(CHILD, MOTHER, minutes(60), at=AT, proof=proof())
    code = change.code.reveal()

    assert code not in repr(change)
    assert repr(change.code) == str(change.code) == f"{change.code}" == "Code(***)"
    with pytest.raises(TypeError):
        pickle.dumps(change.code)
    with pytest.raises(AttributeError, match="does not change"):
        change.code._text = "another"
    kept = b"".join(
        record.body
        for kind in ("guardian.family", "guardian.history", "guardian.ward")
        for record in records.list(kind, limit=1000).records
    )
    assert code.encode() not in kept


@pytest.mark.parametrize(
    "call",
    [
        lambda home: home.set(CHILD, MOTHER, {"daily_minutes": 3}, at=AT),
        lambda home: home.set(CHILD, "a b", minutes(3), at=AT),
        lambda home: home.set(CHILD, MOTHER, minutes(3), at=AT, app="a b"),
        lambda home: home.set("p-81", MOTHER, minutes(3), at=AT),
        lambda home: home.set(CHILD, MOTHER, minutes(3), at=AT.replace(tzinfo=None)),
        lambda home: home.ask(CHILD, "everything", NOTICE, at=AT),
        lambda home: home.ask(CHILD, AI, {"purpose": "x"}, at=AT),
        lambda home: home.extra_today(CHILD, 1441, at=AT, proof=proof()),
        lambda home: home.extra_today(CHILD, True, at=AT, proof=proof()),
        lambda home: home.subject("p-81", at=AT),
        lambda home: home.subject(replace(CHILD, born=date(2027, 1, 1)), at=AT),
    ],
)
def test_what_cannot_be_judged_is_refused_loudly(home, call):
    with pytest.raises(InvalidRequest):
        call(home)
