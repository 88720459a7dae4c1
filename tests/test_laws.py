"""Theorems. Each holds for every request, every instant and every law that can be loaded."""

import os
import random
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone

from hypothesis import assume, given
from hypothesis import strategies as st

from minorguard import (
    ZONE,
    Ages,
    GuardianSettings,
    HouseRule,
    Law,
    Play,
    Show,
    Spend,
    Subject,
    Usage,
    Use,
    law,
)
from minorguard.core.plan import KEPT_MAX

LAWS = {
    "default": law("cn.game"),
    "other readings": law(
        "cn.game",
        readings={
            "age_attainment": "on_birthday",
            "calendar": "literal",
            "pending": "deny",
            "purchase_window": "window",
        },
    ),
    "base": law("cn.base"),
}
GAME = LAWS["default"]
laws = st.sampled_from(sorted(LAWS)).map(LAWS.__getitem__)

# -- what may be asked ---------------------------------------------------------------------------

EDGE_DAYS = [
    date(2019, 10, 31), date(2019, 11, 1), date(2020, 1, 1), date(2020, 2, 29), date(2021, 5, 31),
    date(2021, 6, 1), date(2021, 8, 31), date(2021, 9, 1), date(2021, 9, 26), date(2023, 12, 31),
    date(2024, 1, 1), date(2024, 2, 29), date(2026, 2, 14), date(2026, 2, 15), date(2026, 11, 20),
    date(2026, 12, 24), date(2026, 12, 25), date(2026, 12, 31), date(2027, 1, 1),
]  # fmt: skip
EDGE_SECONDS = [0, 1, *(h * 3600 + s for h in (8, 20, 21, 22) for s in (-1, 0, 1)), 86_399]

days = st.sampled_from(EDGE_DAYS) | st.dates(date(2019, 10, 1), date(2028, 3, 1))
seconds = st.sampled_from(EDGE_SECONDS) | st.integers(0, 86_399)
instants = st.builds(
    lambda day, second: (
        datetime(day.year, day.month, day.day, tzinfo=ZONE) + timedelta(seconds=second)
    ),
    days,
    seconds,
)
windows = st.lists(
    st.tuples(st.integers(0, 1439), st.integers(1, 1440))
    .filter(lambda span: span[0] < span[1])
    .map(lambda span: (span[0] * 60, span[1] * 60)),
    max_size=3,
).map(tuple)
fen = st.sampled_from([1, 4999, 5000, 5001, 10_000, 10_001, 20_000]) | st.integers(1, 60_000)
settings = st.builds(
    GuardianSettings,
    daily_minutes=st.none() | st.integers(0, 1440),
    windows=st.none() | windows,
    single_fen=st.none() | fen,
    daily_fen=st.none() | fen,
    monthly_fen=st.none() | fen,
    max_rating=st.none() | st.sampled_from(["8+", "12+", "16+", "PEGI:18"]),
    features=st.dictionaries(st.just("game_account_trade"), st.booleans(), max_size=1),
)
bands = st.tuples(st.integers(0, 20), st.integers(1, 25)).filter(lambda b: b[0] < b[1])
houses = st.lists(
    st.builds(
        HouseRule,
        id=st.sampled_from(["a", "b", "c"]),
        law=st.none(),
        settings=settings,
        ages=st.just(Ages()) | bands.map(lambda band: Ages(*band)),
        acts=st.sampled_from([frozenset({"purchase"}), frozenset({"purchase", "tip"})]),
    ),
    max_size=3,
    unique_by=lambda rule: rule.id,
)
usages = st.builds(
    Usage,
    played_today_s=st.sampled_from([0, 1, 5399, 5400, 10_799, 10_800]) | st.integers(0, 90_000),
    continuous_s=st.integers(0, 90_000),
    spent_today_fen=fen | st.just(0),
    spent_month_fen=fen | st.just(0),
)
identities = st.sampled_from(
    ["verified"] * 6 + ["none", "failed", "declared", "estimated", "pending", "pending", "phone"]
)


@st.composite
def births_near(draw, at):
    """A birth date before ``at``, often just where an age is reached or will soon be."""
    turning = draw(st.sampled_from([8, 12, 16, 18, 20]))
    near = date.fromordinal(
        at.toordinal() - turning * 365 - turning // 4 + draw(st.integers(-9, 9))
    )
    far = date.fromordinal(at.toordinal() - draw(st.integers(0, 10_000)))
    return draw(st.sampled_from([near, far, date(2008, 2, 29), date(2004, 2, 29)]))


@st.composite
def subjects(draw, at):
    known = draw(st.sampled_from(["born", "born", "age", "neither"]))
    return Subject(
        "p",
        born=draw(births_near(at)) if known == "born" else None,
        age=Ages(*draw(bands)) if known == "age" else Ages(),
        identity=draw(identities),
        minors_mode=draw(st.booleans()),
        guardian=draw(st.none() | st.none() | settings),
    )


@st.composite
def requests(draw, at, who=None):
    subject = draw(subjects(at)) if who is None else who
    kind = draw(st.sampled_from(["play", "play", "play", "renew", "spend", "spend", "use", "show"]))
    if kind in ("play", "renew"):
        return Play(subject, session="s", renewal=kind == "renew")
    if kind == "spend":
        return Spend(subject, fen=draw(fen), on=draw(st.sampled_from(["purchase"] * 5 + ["tip"])))
    if kind == "use":
        return Use(subject, draw(st.sampled_from(["game_account_trade", "post_content"])))
    rating = st.none() | st.sampled_from(["8+", "12+", "16+", "PEGI:16", "ESRB:M", "USK:0"])
    return Show(subject, rating=draw(rating), minors_only_service=draw(st.booleans()))


@st.composite
def questions(draw):
    """A law, a request, what was used, and an instant."""
    at = draw(instants)
    return draw(laws), draw(requests(at)), draw(usages), at


COVERED = st.sampled_from([LAWS["default"], LAWS["other readings"]])


@st.composite
def sittings(draw):
    """Like a question, but to play a game, by somebody who is at least being verified."""
    at = draw(
        st.builds(
            lambda weeks, second: (
                datetime(2021, 9, 3, 19, 50, tzinfo=ZONE) + timedelta(weeks=weeks, seconds=second)
            ),
            st.integers(0, 300),
            st.integers(0, 80 * 60),
        )
        | instants
    )
    subject = Subject(
        "p",
        born=draw(births_near(at) | st.none()),
        identity=draw(st.sampled_from(["verified", "verified", "pending"])),
        guardian=draw(st.none() | settings),
    )
    request = Play(subject, session="s", renewal=draw(st.booleans()))
    played = draw(st.sampled_from([0, 0, 0, 1, 600, 5399, 5400]))
    return draw(COVERED), request, Usage(played_today_s=played), at


@st.composite
def purchases(draw):
    """Like a question, but to pay in a game."""
    at = draw(instants)
    subject = draw(subjects(at))
    return draw(COVERED), Spend(subject, fen=draw(fen)), draw(usages), at


def codes(decision):
    return {reason.code for reason in decision.reasons}


def evaluated(ruler, request, usage, at):
    return ruler.at(at).evaluate(request, usage)


# -- the plan ------------------------------------------------------------------------------------


@given(questions(), houses)
def test_plan_equals_evaluate(question, house):
    ruler, request, usage, at = question
    tight = ruler.tightened_by(house) if house else ruler

    assert tight.decide(request, at=at, usage=usage) == evaluated(tight, request, usage, at)


@given(st.data())
def test_plan_equals_evaluate_for_everybody_who_meets_the_same_row(data):
    """Many people on one plan: what it remembers of one must not leak into another."""
    at = data.draw(instants)
    guardian = data.draw(st.none() | settings)
    for _ in range(6):
        moment = at + timedelta(seconds=data.draw(st.integers(0, 200_000)))
        born = data.draw(births_near(moment))
        assume(born <= moment.date())
        request = Play(Subject("p", born=born, identity="verified", guardian=guardian))

        decision = GAME.decide(request, at=moment)
        assert decision == evaluated(GAME, request, Usage(), moment)


@given(sittings())
def test_the_bare_look_up_finds_the_segment_of_the_decision(question):
    ruler, request, _, at = question
    assume(request.subject.born is not None)
    stamp = at.toordinal() * 86_400 + at.hour * 3600 + at.minute * 60 + at.second
    track = ruler.plan.track(request, at.toordinal())

    found = track.look_up(request.subject.born_day, stamp)

    assert found is ruler.decide(request, at=at).segment


def test_the_plan_forgets_before_it_grows_without_bound():
    ruler = law("cn.game")
    chance = random.Random(7)
    for _ in range(400):
        day = date(2019, 11, 1) + timedelta(days=chance.randrange(2600))
        at = datetime(day.year, day.month, day.day, 12, tzinfo=ZONE)
        limits = GuardianSettings(daily_minutes=chance.randrange(1440), windows=())
        request = Play(Subject("p", born=date(2012, 5, 1), identity="verified", guardian=limits))
        assert ruler.decide(request, at=at).next_allowed_at is None

    assert ruler.plan.kept <= KEPT_MAX + 10


# -- a rule can only take away -------------------------------------------------------------------


def at_most(tight, loose):
    """Whether a limit is as short or low as another; ``None`` is no limit."""
    return loose is None or (tight is not None and tight <= loose)


@given(questions(), houses)
def test_adding_a_rule_never_permits_lengthens_or_raises(question, house):
    ruler, request, usage, at = question
    loose = ruler.decide(request, at=at, usage=usage)

    tight = ruler.tightened_by(house).decide(request, at=at, usage=usage)

    assert not (tight.allowed and not loose.allowed)
    assert at_most(tight.remaining_s, loose.remaining_s)
    assert at_most(tight.remaining_fen, loose.remaining_fen)
    if tight.allowed:
        assert at_most(tight.until, loose.until)
        assert at_most(tight.lease_until, loose.lease_until)
    elif not loose.allowed and tight.next_allowed_at is not None:
        assert loose.next_allowed_at is not None
        assert loose.next_allowed_at <= tight.next_allowed_at


@given(questions(), settings)
def test_a_guardian_can_only_tighten(question, guardian):
    ruler, request, usage, at = question
    assume(request.subject.guardian is None)
    loose = ruler.decide(request, at=at, usage=usage)
    subject = request.subject
    watched = Subject(
        "p",
        born=subject.born,
        age=subject.age,
        identity=subject.identity,
        minors_mode=subject.minors_mode,
        guardian=guardian,
    )
    values = {
        name: getattr(request, name)
        for name in type(request).__slots__
        if name not in ("subject", "key")
    }

    tight = ruler.decide(type(request)(watched, **values), at=at, usage=usage)

    assert not (tight.allowed and not loose.allowed)
    assert at_most(tight.remaining_s, loose.remaining_s)
    assert at_most(tight.remaining_fen, loose.remaining_fen)


@given(questions(), st.randoms(use_true_random=False))
def test_order_and_duplicates_of_rules_do_not_matter(question, chance):
    ruler, request, usage, at = question
    rules = [*ruler.rules, *ruler.rules]
    chance.shuffle(rules)
    values = {name: getattr(ruler, name) for name in Law.__dataclass_fields__}
    shuffled = Law(**{**values, "rules": tuple(rules)})

    assert shuffled.decide(request, at=at, usage=usage) == ruler.decide(request, at=at, usage=usage)


@given(questions(), houses, st.randoms(use_true_random=False))
def test_house_rules_in_any_order_are_the_same_law(question, house, chance):
    ruler, request, usage, at = question
    shuffled = list(house)
    chance.shuffle(shuffled)
    one, other = ruler.tightened_by(house), ruler.tightened_by(shuffled)

    assert one.decide(request, at=at, usage=usage) == other.decide(request, at=at, usage=usage)


@given(questions())
def test_more_use_never_permits_lengthens_or_raises(question):
    ruler, request, usage, at = question
    less = ruler.decide(request, at=at)

    more = ruler.decide(request, at=at, usage=usage)

    assert not (more.allowed and not less.allowed)
    assert at_most(more.remaining_s, less.remaining_s)
    assert at_most(more.remaining_fen, less.remaining_fen)


# -- the unknown ---------------------------------------------------------------------------------


@given(questions(), st.integers(0, 40))
def test_an_unknown_age_is_never_treated_better_than_any_age(question, age):
    """Except by rules that speak of known minors only: those of content."""
    ruler, request, usage, at = question
    assume(not isinstance(request, Show))

    def asked(ages):
        subject = Subject(
            "p",
            age=ages,
            identity=request.subject.identity,
            guardian=request.subject.guardian,
        )
        if isinstance(request, Play):
            return Play(subject)
        if isinstance(request, Spend):
            return Spend(subject, fen=request.fen)
        return Use(subject, request.feature)

    known = ruler.decide(asked(Ages(age, age + 1)), at=at, usage=usage)
    unknown = ruler.decide(asked(Ages()), at=at, usage=usage)

    assert not (unknown.allowed and not known.allowed)
    assert at_most(unknown.remaining_s, known.remaining_s)
    assert at_most(unknown.remaining_fen, known.remaining_fen)


@given(questions(), bands)
def test_a_wider_range_of_ages_is_never_treated_better(question, band):
    ruler, request, usage, at = question
    narrow = Ages(*band)
    wide = Ages(max(0, narrow.at_least - 1), min(narrow.below + 1, Ages().below))
    subject = Subject("p", age=wide, identity=request.subject.identity)

    better = ruler.decide(Play(subject), at=at, usage=usage)
    known = Subject("p", age=narrow, identity=request.subject.identity)

    worse = ruler.decide(Play(known), at=at, usage=usage)
    assert not (better.allowed and not worse.allowed)
    assert at_most(better.remaining_s, worse.remaining_s)


@given(questions())
def test_what_is_not_covered_is_refused(question):
    ruler, request, usage, at = question
    acts = {"base": ("use", "show")}.get(
        "base" if ruler is LAWS["base"] else "", ("use", "show", "play", "purchase")
    )
    opens = date(2019, 11, 1) if request.act in ("play", "purchase") else date(2021, 6, 1)
    known = not isinstance(request, Use) or request.feature in ruler.features
    covered = request.act in acts and at.date() >= opens and known

    decision = ruler.decide(request, at=at, usage=usage)

    assert (codes(decision) == {"not_covered"}) == (not covered)
    if not covered:
        assert not decision.allowed
        assert not decision.governed


# -- the answer hangs together -------------------------------------------------------------------


@given(questions())
def test_until_minus_at_is_what_remains(question):
    ruler, request, usage, at = question
    decision = ruler.decide(request, at=at, usage=usage)

    if not isinstance(request, Play):
        assert (decision.until, decision.lease_until, decision.warn_at) == (None, None, ())
        assert (decision.remaining_s, decision.next_allowed_at) == (None, None)
    elif decision.allowed:
        assert decision.next_allowed_at is None
        assert (decision.until is None) == (decision.remaining_s is None)
        if decision.until is not None:
            assert decision.until - at == timedelta(seconds=decision.remaining_s)
            assert at < decision.lease_until <= decision.until
            assert all(at < moment < decision.until for moment in decision.warn_at)
            assert list(decision.warn_at) == sorted(decision.warn_at)
    else:
        assert decision.remaining_s == 0
        assert (decision.until, decision.lease_until, decision.warn_at) == (None, None, ())
    assert decision.answer == tuple(getattr(decision, name) for name in decision.answer._fields)


@given(sittings())
def test_the_seat_ends_exactly_at_until(question):
    ruler, request, usage, at = question
    decision = ruler.decide(request, at=at, usage=usage)
    if decision.until is None:
        return

    def later(moment):
        played = usage.played_today_s + int((moment - at).total_seconds())
        fresh = moment.date() != at.date()
        return Usage(played_today_s=0 if fresh else played)

    last = decision.until - timedelta(seconds=1)
    assert ruler.decide(request, at=last, usage=later(last)).allowed or last.date() != at.date()
    if decision.until.date() == at.date():
        assert not ruler.decide(request, at=decision.until, usage=later(decision.until))


@given(sittings())
def test_the_next_moment_really_opens_and_none_before_it(question):
    ruler, request, usage, at = question
    decision = ruler.decide(request, at=at, usage=usage)
    opening = decision.next_allowed_at
    if opening is None:
        return

    def used(moment):
        return usage if moment.date() == at.date() else Usage()

    assert opening - at <= timedelta(days=400)
    assert ruler.decide(request, at=opening, usage=used(opening)).allowed
    before = opening - timedelta(seconds=1)
    if before > at:
        assert not ruler.decide(request, at=before, usage=used(before))
    midway = at + (opening - at) / 2
    if midway > at:
        assert not ruler.decide(request, at=midway, usage=used(midway))


@given(purchases())
def test_the_largest_amount_that_is_named_passes_and_one_fen_more_does_not(question):
    ruler, request, usage, at = question
    decision = ruler.decide(request, at=at, usage=usage)
    most = decision.remaining_fen
    outside = "outside_window" in codes(decision)

    def passes(amount):
        asked = Spend(request.subject, fen=amount, on=request.on)
        return ruler.decide(asked, at=at, usage=usage).allowed

    if most is None:
        assert passes(10**12) or outside
    else:
        assert most == 0 or passes(most) or outside
        assert not passes(most + 1)


@given(questions())
def test_every_refusal_names_a_rule_and_an_article(question):
    ruler, request, usage, at = question
    decision = ruler.decide(request, at=at, usage=usage)

    assert bool(decision) is decision.allowed is (not decision.reasons)
    assert len(codes(decision)) == len(decision.reasons)
    assert [r.rule.id for r in decision.reasons] == sorted(r.rule.id for r in decision.reasons)
    for reason in decision.reasons:
        assert reason.rule.id
        assert reason.provenance
        assert all(c.document and c.article and c.url for c in reason.citations)
        assert reason.citations
        for lang in ("zh", "en"):
            text = ruler.wording.reason(reason, lang)
            assert text
            assert "{" not in text
    alone = {"not_covered", "identity_required"} & codes(decision)
    assert not alone or len(decision.reasons) == 1


@given(questions(), st.sampled_from(["zh", "en"]))
def test_the_explanation_never_fails_and_never_repeats_the_person(question, lang):
    ruler, request, usage, at = question
    subject = request.subject
    named = Subject("11010519491231002X", born=subject.born, age=subject.age)
    decision = ruler.decide(Play(named), at=at, usage=usage)

    for text in (decision.explain(lang), repr(decision)):
        assert "110105" not in text
        assert "{" not in text


@given(questions())
def test_an_adult_is_never_limited_by_the_law_of_games(question):
    _, _, usage, at = question
    assume(at.date() >= date(2019, 11, 1))
    adult = Subject("p", born=date(1980, 6, 1), identity="verified")

    for request in (Play(adult), Spend(adult, fen=10**12)):
        decision = GAME.decide(request, at=at, usage=usage)
        assert decision.allowed
        assert not decision.governed
        assert (decision.until, decision.remaining_s, decision.lease_until) == (None, None, None)
        assert decision.remaining_fen is None
        assert decision.degraded == ()


@given(questions(), st.integers(-14, 14), st.integers(0, 999_999))
def test_the_zone_of_the_clock_and_parts_of_a_second_do_not_matter(question, hours, micros):

    ruler, request, usage, at = question
    elsewhere = at.replace(microsecond=micros).astimezone(timezone(timedelta(hours=hours)))

    assert ruler.decide(request, at=elsewhere, usage=usage) == ruler.decide(
        request, at=at, usage=usage
    )


# -- commencement --------------------------------------------------------------------------------


def test_coverage_begins_at_midnight_to_the_second():
    adult = Subject("p", born=date(1980, 1, 1), identity="verified")
    first = datetime(2019, 11, 1, tzinfo=ZONE)

    for request in (Play(adult), Spend(adult, fen=1)):
        assert codes(GAME.decide(request, at=first - timedelta(seconds=1))) == {"not_covered"}
        assert GAME.decide(request, at=first).allowed


def test_an_edition_commences_half_open_to_the_second():
    child = Subject("p", born=date(2010, 5, 1), identity="verified")
    for rule in GAME.rules:
        first = datetime.fromordinal(rule.head.since).replace(tzinfo=ZONE)
        in_force = {r.head.since for r in GAME.at(first).rules if r.id == rule.id}
        earlier = {
            r.head.since for r in GAME.at(first - timedelta(seconds=1)).rules if r.id == rule.id
        }
        assert in_force == {rule.head.since}
        assert rule.head.since not in earlier
    last_evening = datetime(2021, 8, 31, 21, 59, 59, tzinfo=ZONE)
    assert GAME.decide(Play(child), at=last_evening).allowed
    assert not GAME.decide(Play(child), at=datetime(2021, 9, 1, 8, tzinfo=ZONE))


def test_a_policy_knows_its_rules_and_what_it_covers():
    policy = GAME.at(datetime(2020, 1, 1, tzinfo=ZONE))

    assert policy.covers("play")
    assert not policy.covers("show")
    assert not policy.covers("tip")
    assert [rule.id for rule in policy.rules] == sorted(rule.id for rule in policy.rules)


# -- the same answer everywhere ------------------------------------------------------------------

SAME = """
import json, sys
from datetime import date, datetime, timedelta, timezone
from minorguard import ZONE, Play, Subject, Spend, law
from minorguard.wire.answer import Answers
game = law("cn.game", readings={"purchase_window": "window"}, house=sys.argv[1])
answers = Answers(game, "zh")
for n in range(0, 2600, 13):
    at = datetime(2019, 11, 1, 19, 59, 30, tzinfo=ZONE) + timedelta(days=n, seconds=n % 61)
    for who in (Subject("a", born=date(2008, 2, 29), identity="verified"), Subject("b"),
                Subject("c", identity="pending")):
        for ask in (Play(who), Spend(who, fen=5001)):
            print(answers.line(n, game.decide(ask, at=at)))
"""


def test_the_same_answer_under_any_zone_language_and_hash_seed(tmp_path):
    house = tmp_path / "house.toml"
    house.write_text('[[rule]]\nid="h"\ndaily_fen=1\nwindows=[["20:00","20:30"]]\n', "utf-8")
    answers = set()
    for zone, lang, seed, flag in (
        ("UTC", "C", "0", "-B"),
        ("America/New_York", "en_US.UTF-8", "1", "-O"),
        ("Asia/Shanghai", "zh_CN.UTF-8", "12345", "-OO"),
    ):
        env = {**os.environ, "TZ": zone, "LANG": lang, "LC_ALL": lang, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, flag, "-X", "utf8", "-c", SAME, str(house)],
            env=env,
            capture_output=True,
            check=True,
        )
        answers.add(done.stdout)

    assert len(answers) == 1
    assert answers.pop().count(b"\n") == 200 * 6
