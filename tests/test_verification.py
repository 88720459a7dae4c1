"""Who somebody is: statuses move along the graph alone, and silence is worth nothing after 48 h."""

import copy
import dataclasses
import io
import logging
import pickle
import traceback
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from minorguard import ZONE, Ages, GuardianSettings, InvalidRequest, Play, Spend, Subject, Use, law
from minorguard.core.subject import IDENTITIES
from minorguard.errors import ProviderUnavailable
from minorguard.identity.evidence import AgeEvidence
from minorguard.identity.id_numbers import IdNumber
from minorguard.identity.secrets import PersonName
from minorguard.identity.sources import of_company
from minorguard.identity.verification import MOVES, PENDING_MAX, Claim, Verification
from minorguard.testing.providers import AsyncProviderContract, ProviderContract

NOW = datetime(2026, 11, 20, 20, 10, tzinfo=ZONE)
SECOND = timedelta(seconds=1)
GAME = law("cn.game")
ADULT = AgeEvidence.of_birth(date(1990, 5, 1), "authority", "verified", NOW - 60 * SECOND)
CHILD = AgeEvidence.of_birth(date(2012, 5, 1), "authority", "verified", NOW - 60 * SECOND)

# The examples of the standard itself (GB 11643-1999).
NUMBERS = {"verified": "11010519491231002X", "failed": "440524188001010014"}
STRENGTH = ("none", "declared", "estimated", "phone", "verified")


def known(status, evidence=None, at=NOW, person="p-1"):
    return Verification(status, person, evidence, at)


# -- the graph -----------------------------------------------------------------------------------


def test_every_status_has_its_moves_and_every_status_can_be_reached():
    assert set(MOVES) == set(IDENTITIES)
    assert {"none", *MOVES["none"]} == set(IDENTITIES)


@pytest.mark.parametrize("old", IDENTITIES)
@pytest.mark.parametrize("new", IDENTITIES)
def test_a_status_moves_along_the_graph_and_in_no_other_way(old, new):
    answer = known(new, at=NOW + SECOND)
    if new in MOVES[old]:
        assert known(old).moved(answer) is answer
    else:
        with pytest.raises(InvalidRequest, match="never becomes"):
            known(old).moved(answer)


def test_no_answer_makes_a_weaker_status_of_a_stronger_one():
    for old, targets in MOVES.items():
        for new in targets & set(STRENGTH):
            if old in STRENGTH:
                assert STRENGTH.index(new) >= STRENGTH.index(old), (old, new)


@pytest.mark.parametrize("new", sorted(set(IDENTITIES) - {"verified"}))
def test_who_is_verified_stays_verified_until_somebody_revokes_it(new):
    with pytest.raises(InvalidRequest):
        known("verified", ADULT).moved(known(new, at=NOW + SECOND))

    gone = known("verified", ADULT).revoked(NOW + SECOND)
    assert gone.status == "none"
    assert gone.subject(now=NOW + 2 * SECOND).age == Ages()


def test_a_verification_that_is_revoked_still_speaks_for_a_minor():
    gone = known("verified", CHILD).revoked(NOW)

    assert gone.subject(now=NOW).age == Ages(0, 18)


def test_a_verified_account_does_not_change_hands_by_an_answer():
    with pytest.raises(InvalidRequest, match="same person"):
        known("verified", CHILD).moved(known("verified", ADULT, NOW + SECOND, person="p-2"))

    given_up = known("verified", CHILD).revoked(NOW)
    assert given_up.moved(known("verified", ADULT, NOW + SECOND, "p-2")).person == "p-2"


def test_a_revocation_is_not_undone_by_the_old_answer_told_again():
    verified = known("verified")
    for revoked in (verified.revoked(NOW), verified.revoked(NOW - timedelta(hours=1))):
        with pytest.raises(InvalidRequest):
            revoked.moved(verified)


@pytest.mark.parametrize(("old", "new"), [("pending", "failed"), ("failed", "pending")])
def test_an_answer_about_another_account_is_refused(old, new):
    with pytest.raises(InvalidRequest):
        known(old).moved(known(new, person="p-2", at=NOW + timedelta(seconds=1)))


def test_who_said_twelve_does_not_say_thirty_the_next_time():
    twelve = AgeEvidence(Ages(12, 13), "form", "declared", NOW)
    thirty = AgeEvidence(Ages(30, 31), "form", "declared", NOW + SECOND)

    with pytest.raises(InvalidRequest):
        known("declared", twelve).moved(known("declared", thirty, NOW + SECOND))
    with pytest.raises(InvalidRequest):
        known("failed").moved(known("declared", thirty, NOW + SECOND))


@pytest.mark.parametrize("status", IDENTITIES)
def test_a_late_reply_never_replaces_a_newer_one(status):
    with pytest.raises(InvalidRequest, match="newer"):
        known("pending").moved(known(status, at=NOW - SECOND))


@given(st.sampled_from(IDENTITIES), st.integers(0, 10**6))
def test_the_same_answer_again_changes_nothing(status, seconds):
    first = known(status, CHILD, NOW + seconds * SECOND)

    assert first.moved(copy.copy(first)) == first


# -- 48 hours ------------------------------------------------------------------------------------


def test_pending_for_48_hours_is_none_to_the_second():
    pending = known("pending", ADULT)

    assert pending.at_instant(NOW + PENDING_MAX - SECOND) is pending
    assert pending.at_instant(NOW + PENDING_MAX).status == "none"
    assert pending.at_instant(NOW + PENDING_MAX).at == NOW + PENDING_MAX
    assert timedelta(hours=48) == PENDING_MAX


@given(st.sampled_from(sorted(set(IDENTITIES) - {"pending"})), st.integers(-(10**7), 10**8))
def test_time_alone_changes_nothing_but_a_pending_one(status, seconds):
    assert known(status).at_instant(NOW + seconds * SECOND) == known(status)


def test_asking_again_does_not_put_the_48_hours_off():
    pending = known("pending")
    with pytest.raises(InvalidRequest):
        pending.moved(known("pending", at=NOW + PENDING_MAX - SECOND))

    late = pending.moved(known("pending", at=NOW + PENDING_MAX))
    assert late.at == NOW + PENDING_MAX  # a new check, after the first had come to nothing


def test_an_answer_after_the_48_hours_still_counts():
    assert known("pending").moved(known("verified", CHILD, NOW + 3 * PENDING_MAX))


def test_the_end_of_the_calendar_is_no_crash():
    last = datetime.max.replace(tzinfo=ZONE, microsecond=0)

    assert known("pending", at=last).at_instant(last).status == "pending"
    assert known("pending").at_instant(last).status == "none"


class Life(RuleBasedStateMachine):
    """Any answers in any order: what comes out moved along the graph."""

    def __init__(self):
        super().__init__()
        self.now = NOW
        self.now_known = known("none")
        self.asked = None

    @rule(hours=st.integers(0, 60))
    def wait(self, hours):
        self.now += timedelta(hours=hours)

    @rule(status=st.sampled_from(IDENTITIES), evidence=st.sampled_from((None, ADULT, CHILD)))
    def answer(self, status, evidence):
        before = self.now_known.at_instant(self.now).status
        try:
            self.now_known = self.now_known.moved(known(status, evidence, self.now))
        except InvalidRequest:
            return
        assert status in MOVES[before] or status == before
        self.asked = self.now if status == "pending" and before != "pending" else self.asked

    @precondition(lambda self: self.now_known.status == "verified")
    @rule()
    def revoke(self):
        self.now_known = self.now_known.revoked(self.now)

    @invariant()
    def nobody_is_pending_for_48_hours(self):
        if self.now_known.at_instant(self.now).status == "pending":
            assert self.now - self.asked < PENDING_MAX

    @invariant()
    def only_the_verified_play_as_adults(self):
        who = self.now_known.subject(now=self.now)
        if GAME.decide(Spend(who, fen=1_000_000), at=self.now):
            assert self.now_known.status == "verified"


TestLife = Life.TestCase


# -- the person the law is asked about -----------------------------------------------------------

EVENING = NOW
MORNING = NOW.replace(hour=9)


@pytest.mark.parametrize("status", IDENTITIES)
def test_the_decision_is_right_for_every_status(status):
    who = known(status, ADULT, NOW - 60 * SECOND).subject(now=EVENING)
    evening = GAME.decide(Play(who), at=EVENING)
    shop = GAME.decide(Spend(who, fen=100_000), at=EVENING)

    assert evening.allowed is (status in {"pending", "verified"})
    assert shop.allowed is (status == "verified")
    if status == "pending":
        assert "identity_pending" in evening.degraded
        assert evening.until is not None
    assert not GAME.decide(Play(known("pending", ADULT).subject(now=NOW)), at=MORNING)


def test_a_verified_birth_date_goes_to_the_law_as_it_is():
    who = known("verified", CHILD).subject(now=NOW, minors_mode=True)

    assert who == Subject("p-1", born=date(2012, 5, 1), identity="verified", minors_mode=True)


def test_what_else_the_platform_knows_goes_along():
    guardian = GuardianSettings(daily_minutes=30)
    for evidence in (CHILD, None):
        who = known("verified", evidence).subject(
            now=NOW, guardian=guardian, consents=frozenset({"live_host"})
        )
        assert (who.guardian, who.consents) == (guardian, {"live_host"})


def test_an_adult_whose_device_says_minor_plays_as_a_minor():
    device = AgeEvidence(Ages(8, 12), "device_mode", "declared", NOW)
    who = known("verified", ADULT).subject(now=NOW, evidences=[device])

    assert who.age == Ages(8, 18)
    assert not GAME.decide(Play(who), at=MORNING)


def test_a_child_whose_store_says_adult_stays_a_child():
    store = AgeEvidence(Ages(18), "google_play", "estimated", NOW)
    who = known("verified", CHILD).subject(now=NOW, evidences=[store])

    assert who.born == date(2012, 5, 1)


def test_a_real_name_by_telephone_is_not_enough_to_play():
    who = known("phone", ADULT).subject(now=NOW)

    assert not GAME.decide(Play(who), at=EVENING)
    assert law("cn.base").decide(Use(who, "page_turn_limit_none"), at=EVENING).allowed in {
        True,
        False,
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "sure"},
        {"status": None},
        {"person": ""},
        {"person": "a b"},
        {"person": 7},
        {"evidence": Ages(8, 12)},
        {"at": datetime(2026, 1, 1)},  # noqa: DTZ001 - the point
        {"at": None},
    ],
)
def test_a_verification_that_makes_no_sense_is_refused(wrong):
    good = {"status": "verified", "person": "p-1", "evidence": None, "at": NOW}

    with pytest.raises(InvalidRequest):
        Verification(**{**good, **wrong})


# -- providers -----------------------------------------------------------------------------------


def claim(fate):
    number = IdNumber.parse(NUMBERS["failed" if fate == "failed" else "verified"])
    return Claim(f"a-{fate}", PersonName("测试甲"), number)


class Desk:
    """The ten lines of the module's docstring, and one that answers later."""

    def check(self, claim, *, at):
        if claim.account == "a-failed":
            return Verification("failed", claim.account, None, at)
        if claim.account == "a-pending":
            return Verification("pending", claim.account, None, at)
        evidence = AgeEvidence.of_birth(claim.number.born, "desk", "verified", at)
        return Verification("verified", "pi-1", evidence, at)

    def query(self, pending, *, at):
        return Verification("verified", f"pi-of-{pending.person}", None, at)


class AsyncDesk:
    async def check(self, claim, *, at):
        return Desk().check(claim, at=at)

    async def query(self, pending, *, at):
        del at
        return pending


class TestDesk(ProviderContract):
    def open_provider(self):
        return Desk()

    def claims(self):
        return {fate: claim(fate) for fate in ("verified", "failed", "pending")}


class TestAsyncDesk(AsyncProviderContract):
    def open_async_provider(self):
        return AsyncDesk()

    def claims(self):
        return {fate: claim(fate) for fate in ("verified", "failed", "pending")}


class Guesser(Desk):
    """Takes a well-formed number for a verified person."""

    def check(self, claim, *, at):
        evidence = AgeEvidence.of_birth(claim.number.born, "format", "declared", at)
        return Verification("verified", claim.account, evidence, at)


class Sleeper(Desk):
    """Begins to wait anew with every question."""

    def query(self, pending, *, at):
        return dataclasses.replace(pending, at=at)


class Downer(Desk):
    """Says that a person failed when it means that nobody was there to ask."""

    def check(self, claim, *, at):
        del claim, at
        raise ProviderUnavailable("no answer")


@pytest.mark.parametrize("wrong", [Guesser, Sleeper, Downer])
def test_the_contract_finds_a_provider_that_is_wrong(wrong):
    class Tested(TestDesk):
        def open_provider(self):
            return wrong()

    failed = 0
    for name in dir(Tested):
        if name.startswith("test_"):
            try:
                getattr(Tested(), name)()
            except (AssertionError, InvalidRequest, ProviderUnavailable):
                failed += 1
    assert failed


# -- nobody is named -----------------------------------------------------------------------------

CANARIES = (
    "canary-person-5527", "甲乙丙丁", "11010519491231002X", "19491231", "1949-12-31",
    "1949, 12, 31",
)  # fmt: skip
YEAR = timedelta(days=365)
BORN = AgeEvidence.of_birth(date(1949, 12, 31), "desk", "verified", NOW - SECOND)


def test_nothing_of_a_person_is_in_any_text_error_or_pickle():
    sink = io.StringIO()
    asking = Claim(CANARIES[0], PersonName(CANARIES[1]), IdNumber.parse(CANARIES[2]))
    answer = known("verified", None, person=CANARIES[0])
    who = answer.subject(now=NOW)
    broken = [
        lambda: known("sure", person=CANARIES[0]),
        lambda: known("none", person=CANARIES[0] + " " + CANARIES[2]),
        lambda: answer.moved(known("failed", person=CANARIES[0], at=NOW + SECOND)),
        lambda: answer.moved(known("verified", person=CANARIES[0] + "x", at=NOW + SECOND)),
        lambda: Claim(CANARIES[0] + "!", asking.name, asking.number),
        lambda: Claim(CANARIES[0], CANARIES[1], asking.number),
        lambda: answer.subject(now="soon"),
        lambda: answer.subject(now=NOW, consents=frozenset({"all"})),
        lambda: known("verified", BORN).subject(now=NOW, consents=frozenset({"all"})),
        lambda: AgeEvidence.of_birth(date(1949, 12, 31), "desk", "sure", NOW),
        lambda: AgeEvidence.of_birth(date(1949, 12, 31), "desk", "verified", "soon"),
        lambda: AgeEvidence.of_birth(date(1949, 12, 31), "desk", "verified", NOW - 99 * YEAR),
        lambda: of_company({"born": "1949-12-31", "name": CANARIES[1]}, at="soon"),
        lambda: of_company([CANARIES[1]], at=NOW),
        lambda: pickle.dumps(asking),
        lambda: pickle.dumps(answer),
    ]
    for shown in (asking, answer, who, [answer], {"a": asking}):
        sink.write(f"{shown} {shown!r}")
    handler = logging.StreamHandler(sink)
    log = logging.getLogger("test.canary")
    log.addHandler(handler)
    log.warning("%s %r", answer, asking)
    log.removeHandler(handler)
    for call in broken:
        with pytest.raises((InvalidRequest, TypeError)) as raised:
            call()
        sink.write(str(raised.value) + repr(raised.value))
        frames = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
        for frame in frames.stack:
            if "src/minorguard" in frame.filename:
                sink.write(str(frame.locals))

    for text in CANARIES:
        assert text not in sink.getvalue(), text
