"""Evidence of an age: many sources, one type, and none of them may loosen a decision."""

import pickle
from datetime import date, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from minorguard import ZONE, Ages, InvalidRequest, Play, Show, Spend, Use, law
from minorguard.core.subject import ANY_AGE, FOREVER, IDENTITIES, attained_on
from minorguard.identity.evidence import ASSURANCES, AgeEvidence, combine
from minorguard.identity.sources import (
    APPLE_DECLARATIONS,
    COMPANY_METHODS,
    LIFETIMES,
    MODE_GROUPS,
    PLAY_TIERS,
    of_age_over,
    of_apple,
    of_company,
    of_device_mode,
    of_google_play,
)
from minorguard.identity.verification import Verification

NOW = datetime(2026, 11, 20, 20, 10, tzinfo=ZONE)
DAY = timedelta(days=1)
YEAR = timedelta(days=366)
LAWS = (law("cn.game"), law("cn.base"))
FEATURES = sorted(LAWS[0].catalogue)
MINORS = set(range(18))
RATINGS = ("8+", "12+", "16+", "PEGI:3", "PEGI:18")

# -- what may be known of a person ---------------------------------------------------------------

instants = st.sampled_from(
    [
        NOW,
        NOW - timedelta(minutes=40),
        NOW + timedelta(minutes=50),
        datetime(2026, 11, 18, 12, tzinfo=ZONE),
        datetime(2026, 2, 28, 20, 30, tzinfo=ZONE),
        datetime(2024, 2, 29, 20, 30, tzinfo=ZONE),
        datetime(2020, 6, 1, 12, tzinfo=ZONE),
        datetime(2026, 12, 31, 20, tzinfo=ZONE),
    ]
)
edges = st.sampled_from((0, 3, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19, 20, 30)) | st.integers(
    0, 99
)


@st.composite
def ranges(draw):
    least = draw(edges)
    below = draw(st.just(FOREVER) | edges.filter(lambda age: age > least) | st.just(least + 1))
    return Ages(least, below)


@st.composite
def evidence(draw, now):
    since = draw(st.sampled_from((-DAY, 0 * DAY, DAY, 100 * DAY, YEAR, 2 * YEAR, 5 * YEAR)))
    at = now - since
    life = draw(st.none() | st.sampled_from((DAY, 2 * DAY, 3 * YEAR)))
    expires = None if life is None else at + life
    assurance = draw(st.sampled_from(ASSURANCES))
    if draw(st.booleans()):
        return AgeEvidence(draw(ranges()), "test", assurance, at, expires)
    born = at.date() - timedelta(days=draw(st.integers(0, 40 * 366)))
    return AgeEvidence.of_birth(born, "test", assurance, at, expires)


@st.composite
def verifications(draw, now):
    if draw(st.booleans()):  # what may loosen: a verified identity with a verified age
        born = now.date() - timedelta(days=draw(st.integers(0, 40 * 366)))
        if draw(st.booleans()):
            own = AgeEvidence.of_birth(born, "authority", "verified", now)
        else:
            own = AgeEvidence(draw(ranges()), "authority", "verified", now)
        return Verification("verified", "p-1", own, now)
    own = draw(st.none() | evidence(now))
    at = now - draw(st.sampled_from((0 * DAY, DAY, 2 * DAY, YEAR)))
    return Verification(draw(st.sampled_from(IDENTITIES)), "p-1", own, at)


@st.composite
def cases(draw, most=4):
    now = draw(instants)
    pieces = draw(st.lists(evidence(now), max_size=most))
    return now, draw(verifications(now)), pieces


asks = st.one_of(
    st.booleans().map(lambda mode: lambda who: Play(who, session="s-1", renewal=mode)),
    st.sampled_from((1, 5000, 5001, 10000, 10001)).map(lambda fen: lambda who: Spend(who, fen=fen)),
    st.sampled_from(FEATURES).map(lambda feature: lambda who: Use(who, feature)),
    st.builds(
        lambda rating, only: lambda who: Show(who, rating=rating, minors_only_service=only),
        st.none() | st.sampled_from(RATINGS),
        st.booleans(),
    ),
)


def asked(ask, verification, pieces, now):
    for book in LAWS:
        who = verification.subject(now=now, evidences=pieces)
        yield book.decide(ask(who), at=now)


def end(value, never):
    return never if value is None else value


def assert_no_looser(more, less):
    """``more`` was decided on more evidence than ``less``."""
    assert less.allowed or not more.allowed
    if more.allowed:
        far = datetime.max.replace(tzinfo=ZONE)
        assert end(more.until, far) <= end(less.until, far)
        assert end(more.lease_until, far) <= end(less.lease_until, far)
        assert end(more.remaining_s, 10**9) <= end(less.remaining_s, 10**9)
        assert set(more.obligations) >= set(less.obligations)
    elif not less.allowed:
        far = datetime.max.replace(tzinfo=ZONE)
        assert end(more.next_allowed_at, far) >= end(less.next_allowed_at, far)
    assert end(more.remaining_fen, 10**13) <= end(less.remaining_fen, 10**13)


# -- theorems ------------------------------------------------------------------------------------


@settings(max_examples=600)
@given(cases(), asks, st.data())
def test_more_evidence_never_loosens_any_decision(case, ask, data):
    now, verification, pieces = case
    more = [*pieces, data.draw(evidence(now))]

    for strict, lax in zip(
        asked(ask, verification, more, now), asked(ask, verification, pieces, now), strict=True
    ):
        assert_no_looser(strict, lax)


@settings(max_examples=800)
@given(cases(), st.data())
def test_more_evidence_adds_younger_ages_and_never_takes_one_away(case, data):
    now, verification, pieces = case
    more = combine([*pieces, data.draw(evidence(now))], verification, now)
    less = combine(pieces, verification, now)

    assert more.at_least <= less.at_least
    assert set(range(*more)) & MINORS >= set(range(*less)) & MINORS
    assert more.minor or not less.minor
    assert not more.adult or less.adult


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_evidence_and_its_repetition_do_not_matter(case, random):
    now, verification, pieces = case
    other = [*pieces, *pieces]
    random.shuffle(other)

    assert combine(other, verification, now) == combine(pieces, verification, now)
    assert verification.subject(now=now, evidences=other) == verification.subject(
        now=now, evidences=pieces
    )


@settings(max_examples=500)
@given(cases(), asks)
def test_what_is_not_believed_never_loosens_against_knowing_nothing(case, ask):
    now, verification, pieces = case
    status = verification.at_instant(now).status
    own = verification.evidence
    assume(
        status in {"none", "failed", "pending"}
        or own is None
        or own.assurance == "unknown"
        or not own.live(now)
        or (status == "verified" and own.assurance != "verified")
    )
    nothing = Verification(verification.status, "p-1", None, verification.at)

    for strict, lax in zip(
        asked(ask, verification, pieces, now), asked(ask, nothing, (), now), strict=True
    ):
        assert_no_looser(strict, lax)


@given(cases(), ranges())
def test_evidence_of_an_adult_does_nothing_whoever_gives_it(case, ages):
    now, verification, pieces = case
    adult = AgeEvidence(Ages(max(18, ages.at_least), FOREVER), "test", "verified", now)

    assert combine([*pieces, adult], verification, now) == combine(pieces, verification, now)


@given(cases())
def test_a_range_of_ages_always_comes_out(case):
    now, verification, pieces = case
    ages = combine(pieces, verification, now)

    assert 0 <= ages.at_least < ages.below <= FOREVER


@given(st.dates(date(1990, 1, 1), date(2026, 1, 1)), st.integers(0, 9000), st.integers(0, 9000))
def test_a_range_that_grew_old_never_makes_anybody_too_old(born, first, later):
    at = datetime(born.year, born.month, born.day, tzinfo=ZONE) + DAY * first
    now = at + DAY * later
    known = AgeEvidence.of_birth(born, "test", "verified", at)
    age = known.on(now).at_least

    grown = AgeEvidence(known.range, "test", "verified", at).on(now)

    assert age - 1 <= grown.at_least <= age


# -- the rules of conflict, one by one -----------------------------------------------------------


def verified(born=None, ages=None, at=NOW - DAY, expires=None, assurance="verified"):
    if born is None:
        known = AgeEvidence(ages, "authority", assurance, at, expires)
    else:
        known = AgeEvidence.of_birth(born, "authority", assurance, at, expires)
    return Verification("verified", "p-1", known, at)


def said(least, below, at=NOW - DAY, expires=NOW + DAY):
    return AgeEvidence(Ages(least, below), "test", "declared", at, expires)


ADULT = date(1990, 5, 1)
TWELVE = date(2014, 5, 1)
FIFTEEN = date(2011, 5, 1)


@pytest.mark.parametrize(
    ("known", "evidences", "ages"),
    [
        (verified(ADULT), [], (36, 37)),
        (verified(ADULT), [said(8, 12)], (8, 18)),
        (verified(ADULT), [said(16, 18, at=NOW - 20 * YEAR)], (36, 37)),
        (verified(TWELVE), [said(8, 16)], (12, 13)),
        (verified(TWELVE), [said(18, FOREVER)], (12, 13)),
        (verified(TWELVE), [said(16, 18)], (12, 18)),
        (verified(FIFTEEN), [said(13, 16)], (15, 16)),
        (verified(FIFTEEN), [said(3, 8), said(8, 12)], (3, 16)),
        (verified(FIFTEEN), [said(8, 12, at=NOW - 5 * YEAR)], (15, 16)),
        (verified(ages=Ages(18, FOREVER)), [], (18, FOREVER)),
        (verified(ages=Ages(16, FOREVER)), [said(13, 18)], (16, 18)),
        (verified(ages=Ages(18, FOREVER), expires=NOW), [], (0, FOREVER)),
        (verified(ages=Ages(12, 16), expires=NOW), [], (0, 18)),
        (verified(ADULT, assurance="declared"), [], (0, FOREVER)),
        (Verification("none", "p-1", None, NOW), [said(16, 18)], (0, 18)),
        (Verification("none", "p-1", None, NOW), [said(15, 20)], (0, FOREVER)),
        (Verification("declared", "p-1", said(16, 18), NOW), [], (16, 18)),
        (Verification("pending", "p-1", said(30, 40), NOW), [], (0, FOREVER)),
        (Verification("pending", "p-1", said(12, 13), NOW), [], (0, 18)),
    ],
)
def test_conflicts_are_settled_for_the_younger(known, evidences, ages):
    assert combine(evidences, known, NOW) == Ages(*ages)


def test_an_expired_word_for_a_minor_still_tightens_until_the_minor_has_grown_up():
    child = said(16, 18, at=NOW - 3 * YEAR, expires=NOW - 2 * YEAR)
    nobody = Verification("none", "p-1", None, NOW)

    assert combine([child], nobody, NOW - 2 * YEAR - DAY) == Ages(0, 18)
    assert combine([child], nobody, NOW) == ANY_AGE


def test_who_was_a_minor_when_the_device_said_so_comes_of_age_on_the_day():
    born = date(2008, 11, 19)
    known = verified(born)
    device = said(16, 18, at=datetime(2026, 11, 1, 12, tzinfo=ZONE))

    day = attained_on(born, 18)
    last = datetime(day.year, day.month, day.day, tzinfo=ZONE) - timedelta(seconds=1)
    assert combine([device], known, last).minor
    assert combine([device], known, last + timedelta(seconds=1)) == Ages(18, 19)


# -- adapters ------------------------------------------------------------------------------------

ADAPTERS = (of_device_mode, of_google_play, of_apple, of_age_over, of_company)


@pytest.mark.parametrize("group", sorted(MODE_GROUPS))
def test_the_five_groups_of_the_minors_mode(group):
    payload = {
        "minorsProtectionMode": True,
        "ageGroup": {"lowerAge": group.at_least, "upperAge": group.below},
    }

    found = of_device_mode(payload, at=NOW)
    assert (found.range, found.assurance) == (group, "declared")
    assert found.expires == NOW + LIFETIMES["device_mode"]
    off = of_device_mode({**payload, "minorsProtectionMode": False}, at=NOW)
    assert (off.range, off.assurance) == (ANY_AGE, "unknown")


PLAY = {"ageSignalsStatus": "SHARED", "ageRangeSource": "TIER_D", "ageLower": 13, "ageUpper": 15}


@pytest.mark.parametrize(
    ("adapter", "payload", "ages", "assurance"),
    [
        (of_device_mode, {"minorsProtectionMode": True}, ANY_AGE, "unknown"),
        (
            of_device_mode,
            {"minorsProtectionMode": True, "ageGroup": {"lowerAge": 8, "upperAge": 16}},
            ANY_AGE,
            "unknown",
        ),
        (of_google_play, PLAY, Ages(13, 16), "estimated"),
        (of_google_play, {**PLAY, "ageLower": 18, "ageUpper": None}, Ages(18), "estimated"),
        (of_google_play, {**PLAY, "ageLower": 0, "ageUpper": 12}, Ages(0, 13), "estimated"),
        (of_google_play, {**PLAY, "ageRangeSource": "TIER_A"}, Ages(13, 16), "declared"),
        (of_google_play, {**PLAY, "ageRangeSource": "TIER_E"}, ANY_AGE, "unknown"),
        (of_google_play, {**PLAY, "ageSignalsStatus": "NOT_SHARED"}, ANY_AGE, "unknown"),
        (of_google_play, {**PLAY, "ageLower": None}, ANY_AGE, "unknown"),
        (of_google_play, {**PLAY, "ageLower": True}, ANY_AGE, "unknown"),
        (of_google_play, {**PLAY, "ageUpper": "15"}, ANY_AGE, "unknown"),
        (of_google_play, {**PLAY, "ageUpper": 12}, ANY_AGE, "unknown"),
        (
            of_apple,
            {"lowerBound": 13, "upperBound": 16, "ageRangeDeclaration": "governmentIDChecked"},
            Ages(13, 16),
            "estimated",
        ),
        (
            of_apple,
            {"upperBound": 13, "ageRangeDeclaration": "selfDeclared"},
            Ages(0, 13),
            "declared",
        ),
        (of_apple, {"lowerBound": 18, "ageRangeDeclaration": "confirmed"}, Ages(18), "estimated"),
        (of_apple, {"lowerBound": 18, "upperBound": None}, ANY_AGE, "unknown"),
        (of_apple, {"lowerBound": 18, "ageRangeDeclaration": "sworn"}, ANY_AGE, "unknown"),
        (of_age_over, {"age_over_18": True}, Ages(18), "verified"),
        (of_age_over, {"age_over_18": False}, Ages(0, 18), "verified"),
        (of_age_over, {"age_over_16": True, "age_over_18": False}, Ages(16, 18), "verified"),
        (of_age_over, {"age_over_16": False, "age_over_18": True}, ANY_AGE, "unknown"),
        (of_age_over, {"age_over_18": "true"}, ANY_AGE, "unknown"),
        (of_age_over, {"age_over_18": 1}, ANY_AGE, "unknown"),
        (of_age_over, {"age_over_18": True, "age_over_21": "no"}, ANY_AGE, "unknown"),
        (of_age_over, {"age_over_018": True}, ANY_AGE, "unknown"),
        (of_age_over, {"age_over_１８": True}, ANY_AGE, "unknown"),
        (of_company, {"method": "face", "at_least": 20}, Ages(20), "estimated"),
        (of_company, {"method": "document", "born": "2012-05-01"}, Ages(14, 15), "verified"),
        (of_company, {"method": "document", "born": "2012-02-30"}, ANY_AGE, "unknown"),
        (of_company, {"method": "document", "born": "2030-01-01"}, ANY_AGE, "unknown"),
        (of_company, {"method": "document", "born": "2012-05-01", "below": 18}, ANY_AGE, "unknown"),
        (of_company, {"method": "hunch", "born": "2012-05-01"}, ANY_AGE, "unknown"),
        (of_company, {"method": "face", "at_least": -1}, ANY_AGE, "unknown"),
        (of_company, {"method": "face", "at_least": 20.0}, ANY_AGE, "unknown"),
        (of_company, {"method": "face"}, ANY_AGE, "unknown"),
    ],
)
def test_a_reply_is_read_strictly(adapter, payload, ages, assurance):
    found = adapter(payload, at=NOW)

    assert (found.range, found.assurance) == (ages, assurance)


def test_a_range_that_ends_at_eighteen_by_google_holds_an_adult_too():
    found = of_google_play({**PLAY, "ageLower": 16, "ageUpper": 18}, at=NOW)

    assert found.range == Ages(16, 19)


def test_nothing_that_a_client_delivers_is_verified():
    assert "verified" not in {*PLAY_TIERS.values(), *APPLE_DECLARATIONS.values()}


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 200), st.integers(), st.floats(), st.text(max_size=8),
    st.binary(max_size=4), st.dates(), st.sampled_from(["SHARED", "TIER_A", "face", "confirmed"]),
)  # fmt: skip
KEYS = [
    "minorsProtectionMode", "ageGroup", "lowerAge", "upperAge", "ageSignalsStatus", "born",
    "method",
    "ageRangeSource", "ageLower", "ageUpper", "lowerBound", "upperBound", "ageRangeDeclaration",
    "age_over_18", "age_over_16", "age_over_99", "at_least", "below", "installId",
]  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=8,
)
payloads = st.dictionaries(st.sampled_from(KEYS) | st.text() | st.integers(), values)


@settings(max_examples=500)
@given(st.sampled_from(ADAPTERS), payloads)
def test_whatever_a_source_sends_is_an_age_or_unknown(adapter, payload):
    found = adapter(payload, at=NOW)

    assert 0 <= found.range.at_least < found.range.below
    assert (found.assurance == "unknown") == (found.range == ANY_AGE)


@given(st.sampled_from(ADAPTERS), scalars | st.lists(scalars))
def test_what_is_no_reply_at_all_is_refused(adapter, payload):
    with pytest.raises(InvalidRequest, match="mapping"):
        adapter(payload, at=NOW)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_time_that_nobody_can_place_is_refused(adapter):
    for at in (datetime(2026, 1, 1), "now", None):  # noqa: DTZ001 - the point
        with pytest.raises(InvalidRequest):
            adapter({"age_over_18": True}, at=at)


@pytest.mark.parametrize(
    "wrong",
    [
        {"range": (18, 8)},
        {"range": (0, 0)},
        {"range": (-1, 8)},
        {"range": (0, 2000)},
        {"range": (True, 8)},
        {"range": (0.0, 8)},
        {"range": 18},
        {"range": (1, 2, 3)},
        {"source": ""},
        {"source": "s" * 65},
        {"source": None},
        {"assurance": "sure"},
        {"assurance": None},
        {"at": None},
        {"expires": "tomorrow"},
        {"born": "2012-05-01"},
        {"born": date(2030, 1, 1)},
        {"born": date(1990, 1, 1)},
    ],
)
def test_evidence_that_makes_no_sense_is_refused(wrong):
    good = {"range": Ages(8, 12), "source": "test", "assurance": "declared", "at": NOW}

    with pytest.raises(InvalidRequest):
        AgeEvidence(**{**good, **wrong})


def test_a_birth_date_and_an_install_id_are_never_shown():
    found = of_company({"method": "document", "born": "2012-05-17"}, at=NOW)
    played = of_google_play({**PLAY, "installId": "canary-7731"}, at=NOW)

    assert "2012" not in repr(found)
    assert "05, 17" not in repr(found)
    assert b"canary-7731" not in pickle.dumps(played)
    assert "canary" not in repr(played)


def test_each_way_of_a_company_has_its_assurance():
    for method, assurance in COMPANY_METHODS.items():
        assert of_company({"method": method, "below": 18}, at=NOW).assurance == assurance
