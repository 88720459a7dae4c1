"""The 46 toggles, row by row: the research's table, the oracle that reads it, the library."""

from __future__ import annotations

import json
from datetime import date, timedelta
from functools import cache
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minorguard import Ages, GuardianSettings, Subject, law
from minorguard.wire.stream import Decider
from oracle import acts, toggles
from oracle.people import SECTORS, Case, Person
from oracle.toggles import BANDS, TOGGLES
from strategies import few, moment

VECTOR = json.loads((Path(__file__).parent / "vectors" / "toggles.json").read_text("utf-8"))[
    "toggles"
]
TABLE = {row["id"]: row for row in VECTOR}

PACKS = ("cn.base", *sorted(SECTORS))
FRIDAY = date(2026, 11, 20)
HOUR = moment(FRIDAY, 20 * 3600 + 1800)  # games are open, the night has not begun
ALL = frozenset({"pi_processing", "live_host", "ai_companion_other", "optional_pi", "tipping"})


def born(age, day=FRIDAY):
    """A birth date so many years and two days before, as `--age` of the command line means it."""
    return day.replace(year=day.year - age) - timedelta(days=2)


def person(age, *, consents=frozenset(), in_mode=False, identity="verified", guardian=None):
    return Subject(
        "p",
        born=None if age is None else born(age),
        identity=identity,
        minors_mode=in_mode,
        consents=consents,
        guardian=guardian,
    )


@cache
def rows_of(pack, age, in_mode):
    """The table of a verified person without consents, at the hour of play."""
    return law(pack).features_of(person(age, in_mode=in_mode), at=HOUR)


@cache
def decider():
    return Decider(lambda ids: law(*ids), (), "zh")


def line_of(feature, age, *, consents=(), in_mode=False, identity="verified", at=HOUR):
    subject = {"identity": identity, "minors_mode": in_mode, "consents": sorted(consents)}
    if age is not None:
        subject["born"] = born(age, at.date()).isoformat()
    ask = {"kind": "feature", "feature": feature}
    return {"at": at.isoformat(), "subject": subject, "ask": ask}


def answer_of(line, pack):
    judged, text = decider().answer(json.dumps({**line, "law": pack}).encode())
    assert judged, text
    return json.loads(text)


# --- the table itself ----------------------------------------------------------------------------


def test_the_oracle_reads_the_researchs_table_and_no_other():
    assert {
        row["id"]: (row["scope"], tuple(row["default"].values()), row["changeable_by"])
        for row in VECTOR
    } == {t.id: (t.scope, t.defaults, t.changeable_by) for t in TOGGLES.values()}
    assert {row["id"]: row["source"] for row in VECTOR} == {
        t.id: t.source for t in TOGGLES.values()
    }


@pytest.mark.parametrize("pack", PACKS)
def test_the_library_lists_all_forty_six_and_cites_every_row(pack):
    for age, in_mode in product((7, 13, 15, 17, 18, None), (False, True)):
        rows = rows_of(pack, age, in_mode)
        assert sorted(row.id for row in rows) == sorted(TABLE)
        assert all(row.citations for row in rows)


# --- every row, band, mode and pack --------------------------------------------------------------

# What a default of the table means for a verified minor without any consent, in words.
OPEN = {
    **dict.fromkeys(("on", "on, capped", "on (own consent)", "on (recommended)"), True),
    **dict.fromkeys(("offered", "allowed", "friends", "60 min", "120 min", "30 min"), True),
    **dict.fromkeys(("off", "forbidden", "nobody", "guardian consent"), False),
    **dict.fromkeys(("off until guardian consent", "off until identity+guardian consent"), False),
    "Fri/Sat/Sun+holiday 20:00–21:00": True,  # at this hour
}
AGES_OF_BANDS = {band: (band[0], band[1] - 1) for band in BANDS}


def open_by_the_table(row, band, in_mode):
    """Whether a verified minor without consents may, read off the table and nothing else."""
    default = row["default"][f"[{band[0]},{band[1]})"]
    if row["scope"] == "minors' mode" and not in_mode:
        return True  # nothing of the mode outside the mode
    if row["id"] == "spend_caps":
        return True  # the caps are in force
    if default == "off until real identity":
        return band[0] >= 14  # verified, but below 14 the guardian's consent is missing
    if default == "on in mode":
        return in_mode
    return OPEN[default]


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("feature", TABLE)
def test_the_row_is_reached_and_equal_to_the_table(feature, pack):
    for band, in_mode in product(BANDS, (False, True)):
        for age in AGES_OF_BANDS[band]:
            line = line_of(feature, age, in_mode=in_mode)
            expected = open_by_the_table(TABLE[feature], band, in_mode)
            assert answer_of(line, pack)["allowed"] is expected, (age, in_mode)
            row = rows_of(pack, age, in_mode)[feature]
            assert row.enabled is expected, (age, in_mode)
            assert row.citations


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("feature", TABLE)
def test_the_row_refuses_with_the_codes_that_the_oracle_reads(feature, pack):
    consented = (frozenset(), ALL, frozenset({"live_host"}), frozenset({"pi_processing"}))
    identities = ("none", "verified", "phone", "declared", "pending")
    if pack != "cn.base":  # the rows stand there; here they only have to be the same
        consented, identities = consented[:2], identities[:2]
    people = product((0, 7, 8, 13, 14, 15, 16, 17, 18, None), (False, True), consented, identities)
    for age, in_mode, consents, identity in people:
        line = line_of(feature, age, in_mode=in_mode, consents=consents, identity=identity)
        verdict = acts.judge(line, (pack,))
        if "codes" in verdict.doubts:
            continue
        answer = answer_of(line, pack)
        codes = {reason["code"] for reason in answer["reasons"]}
        assert codes == verdict.codes, line["subject"]


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("feature", TABLE)
def test_the_row_says_who_may_change_it_and_what_it_holds(feature, pack):
    toggle = TOGGLES[feature]
    for band, in_mode in product(BANDS, (False, True)):
        for age in AGES_OF_BANDS[band]:
            row = rows_of(pack, age, in_mode)[feature]
            if toggles.governs(toggle, Person(age, age + 1, in_mode=in_mode)):
                laws = Case({}, (pack,)).laws
                by = toggles.changeable_by(toggle, band, in_mode=in_mode, laws=laws)
                assert sorted(row.changeable_by) == by, (age, in_mode)
                value = toggles.value(feature, Person(age, age + 1, "verified", in_mode))
                assert row.value == value, (age, in_mode)


# --- laws of the table ---------------------------------------------------------------------------

# Closed to the older and open to the younger, by the table: a guardian reads the messages of a
# child under 8 only, and what consent opens under 14 waits for the mode from 14 on.
NOT_MONOTONE = {"guardian_reads_messages", "ai_companion_other"}


@pytest.mark.parametrize("feature", sorted(set(TABLE) - NOT_MONOTONE))
def test_whoever_grows_older_loses_nothing(feature):
    manners = product(
        ("cn.base", "cn.live", "cn.ai"), (False, True), (frozenset(), ALL), ("none", "verified")
    )
    for pack, in_mode, consents, identity in manners:
        said = [
            answer_of(
                line_of(feature, age, in_mode=in_mode, consents=consents, identity=identity), pack
            )["allowed"]
            for age in range(20)
        ]
        lost = [age for age, (before, after) in enumerate(pairwise(said)) if before and not after]
        assert not lost, (pack, in_mode, consents, identity)


def test_an_unknown_age_is_refused_whatever_any_band_is_refused():
    for feature, pack, in_mode in product(TABLE, PACKS, (False, True)):
        unknown = answer_of(line_of(feature, None, in_mode=in_mode), pack)
        for age in (0, 8, 14, 16):
            known = answer_of(line_of(feature, age, in_mode=in_mode), pack)
            if unknown["allowed"]:
                assert known["allowed"], (feature, pack, age)


def test_a_minor_may_change_something_only_from_fourteen():
    for pack, age, in_mode in product(PACKS, range(18), (False, True)):
        for row in rows_of(pack, age, in_mode):
            assert age >= 14 or "minor" not in row.changeable_by, (row.id, age)


settings = st.dictionaries(
    st.sampled_from(sorted(TABLE)),
    st.sampled_from((True, False, "all", "friends", "nobody", 900, 7200)),
    max_size=6,
)
people = st.builds(
    person,
    st.sampled_from((None, *range(19))),
    consents=st.frozensets(st.sampled_from(sorted(ALL))),
    in_mode=st.booleans(),
    identity=st.sampled_from(("none", "pending", "phone", "verified")),
    guardian=st.none() | st.builds(GuardianSettings, features=settings),
)


@given(people, st.sampled_from(PACKS))
@few(40)
def test_no_setting_of_a_guardian_opens_what_a_statute_closes(subject, pack):
    plain = Subject(
        "p",
        born=subject.born,
        identity=subject.identity,
        minors_mode=subject.minors_mode,
        consents=subject.consents,
    )
    without = law(pack).features_of(plain, at=HOUR)
    for row in law(pack).features_of(subject, at=HOUR):
        if not without[row.id].changeable_by and not without[row.id].enabled:
            assert not row.enabled, row.id


@given(people, st.sampled_from(PACKS), st.sampled_from((HOUR, HOUR + timedelta(hours=3))))
@few(40)
def test_the_table_says_of_every_feature_what_asking_for_it_answers(subject, pack, at):
    guardian = subject.guardian
    said = {
        "identity": subject.identity,
        "minors_mode": subject.minors_mode,
        "consents": sorted(subject.consents),
        "guardian": None if guardian is None else {"features": dict(guardian.features)},
        "born": subject.born and subject.born.isoformat(),
    }
    for row in law(pack).features_of(subject, at=at):
        ask = {"kind": "feature", "feature": row.id}
        answer = answer_of({"at": at.isoformat(), "subject": said, "ask": ask}, pack)
        assert row.enabled is answer["allowed"], row.id


@pytest.mark.parametrize("feature", ["post_visibility", "allow_comment", "accept_messages_from"])
def test_a_row_that_is_closed_names_no_circle_that_may(feature):
    for age, pack in product((None, *range(18)), PACKS):
        row = rows_of(pack, age, False)[feature]
        assert row.enabled or row.value in (None, "nobody"), (age, pack)


def test_a_range_of_ages_is_in_every_band_it_meets():
    at_edge = Subject("p", age=Ages(13, 15), identity="verified")
    rows = law("cn.base").features_of(at_edge, at=HOUR)
    assert not rows["post_content"].enabled
    assert not rows["pi_processing"].enabled
