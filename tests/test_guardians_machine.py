"""Whatever guardians, children and impostors do, in whatever order: what can never come of it.

Two machines. In the first, nothing that anybody does loosens anything at that instant, and time
loosens only what was proved, confirmed by the second channel, and waited for a day. In the second,
nothing that anybody does opens what statute closes or closes what statute opens, and a minor's own
choices loosen only from fourteen. The second's oracle is the law folder's table, row for row.
"""

import json
from datetime import date, datetime, timedelta
from pathlib import Path

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from homekit import AT, CHILD, DAY, HOUR, MINUTE, NOTICE, proof
from letthrough import DEFAULTS, settings, through
from minorguard import ZONE, GuardianSettings, Subject, law
from minorguard.core.features import Feature
from minorguard.core.subject import CONSENTS
from minorguard.guardians import Home
from minorguard.guardians.strictness import Ground
from minorguard.stores import open_records
from strategies import few

A, B, STRANGER = "g-a", "g-b", "g-stranger"
ALL = st.sampled_from([A, B, STRANGER])
SECOND = timedelta(seconds=1)
TABLE = tuple(Feature(name, True, said if said != True else None, ("guardian", "minor"), None, ())  # noqa: E712 - "friends" is no yes
              for name, said in DEFAULTS.items())  # fmt: skip


class Loosening(RuleBasedStateMachine):
    """Nothing loosens at once."""

    def __init__(self):
        super().__init__()
        self.home, self.now = Home(open_records("memory:")), AT
        self.codes, self.confirmed, self.were = {}, {}, {A, B}

    @initialize(settings=settings(), also=settings())
    def begin(self, settings, also):
        self.home.link(CHILD, A, evidence="a", at=self.now)
        self.home.link(CHILD, B, evidence="b", at=self.now, proof=proof(A, self.now))
        for guardian, said in ((A, settings), (B, also)):
            self.home.set(CHILD, guardian, said, at=self.now, table=TABLE)

    def seen(self, at=None):
        """All that is let through, in the mode and outside it, for an app and without."""
        found = set()
        for in_mode in (False, True):
            child = Subject(CHILD.id, born=CHILD.born, identity="verified", minors_mode=in_mode)
            for app in ("", "video"):
                held = self.home.subject(child, at=at or self.now, app=app).guardian
                answers = through(held or GuardianSettings(), GROUND, in_mode=in_mode)
                found |= {(in_mode, app, question) for question in answers}
        return found

    def given(self, kind, guardian):
        made = {"own": guardian, "other": B if guardian == A else A, "stranger": STRANGER}
        if kind == "none":
            return None
        at = self.now - 5 * MINUTE if kind == "stale" else self.now
        return proof(made.get(kind, guardian), at)

    PROOFS = st.sampled_from(["own", "own", "own", "other", "stranger", "stale", "none"])

    @rule(guardian=ALL, said=settings(), app=st.sampled_from(["", "", "video"]), kind=PROOFS)
    def set(self, guardian, said, app, kind):
        before = self.seen()
        linked = guardian in self.home.guardians(CHILD, at=self.now)
        given = self.given(kind, guardian)
        change = self.home.set(
            CHILD, guardian, said, at=self.now, app=app, proof=given, table=TABLE
        )
        assert self.seen() <= before
        if change.code is not None:
            assert given == proof(guardian, self.now)
            assert linked
            self.codes[change.id] = (change.code.reveal(), self.now)
        if change.loosens and change.refused is None and change.code is None:
            assert change.waits_until is not None or change.id in self.codes

    @rule(data=st.data(), kind=st.sampled_from(["right", "right", "other", "guess"]))
    @precondition(lambda self: self.codes)
    def confirm(self, data, kind):
        before = self.seen()
        name = data.draw(st.sampled_from(sorted(self.codes)))
        code, asked = self.codes[name]
        others = [text for other, (text, _) in self.codes.items() if other != name]
        if kind == "other" and others:
            code = data.draw(st.sampled_from(sorted(others)))
        elif kind != "right":
            code = "guess"
        change = self.home.confirm(CHILD, name, code, at=self.now)
        assert self.seen() <= before
        if change.done:
            assert kind == "right"
            assert self.now - asked < HOUR
            self.confirmed[name] = self.now
        if change:
            assert change.waits_until == self.confirmed[name] + DAY

    @rule(data=st.data(), who=ALL)
    @precondition(lambda self: self.codes)
    def cancel(self, data, who):
        before = self.seen()
        name = data.draw(st.sampled_from(sorted(self.codes)))
        if self.home.cancel(CHILD, name, who, at=self.now):
            assert who in self.were
            self.confirmed.pop(name, None)
        assert self.seen() <= before

    @rule(guardian=st.sampled_from([A, B]), kind=PROOFS)
    def unlink(self, guardian, kind):
        before = self.seen()
        change = self.home.unlink(CHILD, guardian, at=self.now, proof=self.given(kind, guardian))
        assert self.seen() <= before
        if change.code is not None:
            self.codes[change.id] = (change.code.reveal(), self.now)

    @rule(guardian=ALL, kind=PROOFS)
    def link(self, guardian, kind):
        if guardian == STRANGER and kind in ("own", "stranger", "stale", "none"):
            return  # the first link of all is the platform's word alone
        before = self.seen()
        given = self.given(kind, guardian)
        if self.home.link(CHILD, guardian, evidence="e", at=self.now, proof=given).done:
            self.were.add(guardian)
        assert self.seen() <= before

    @rule(passes=st.sampled_from([SECOND, 5 * MINUTE, HOUR, DAY - SECOND, DAY, 3 * DAY]))
    def time(self, passes):
        before, start = self.seen(), self.now
        self.now += passes
        if not self.seen() <= before:
            came = [at + DAY for at in self.confirmed.values()]
            assert any(start < at <= self.now for at in came), "nothing that was confirmed"


GROUND = Ground(60, DEFAULTS)
TestNothingLoosensAtOnce = Loosening.TestCase
TestNothingLoosensAtOnce.settings = hypothesis_settings(few(100), stateful_step_count=30)


# -- statute -------------------------------------------------------------------------------------

ROWS = json.loads((Path(__file__).parent / "vectors" / "toggles.json").read_text("utf-8"))[
    "toggles"
]
BASE = law("cn.base")
BANDS = {"[0,8)": range(8), "[8,14)": range(8, 14), "[14,16)": (14, 15), "[16,18)": (16, 17)}
VALUES = st.sampled_from([True, False, "friends", "nobody", "all", 600, 0])
ORDER = {"off": 0, "nobody": 0, "friends": 1, "all": 2, "on": 2}
SHIELDS = {"block_strangers", "dm_keyword_filter", "one_click_shield"}
OPTIONS = ["post_visibility", "allow_repost", "allow_comment", "accept_messages_from", *SHIELDS]


def band_of(age):
    return next(name for name, ages in BANDS.items() if age in ages)


def age_at(born, now):
    """Completed years, from the day after the birthday; none of these is born on 29 February."""
    had = (now.month, now.day) > (born.month, born.day)
    return now.year - born.year - (not had)


def locked(row, age):
    """``off`` or ``on`` where nobody at all may change it at this age."""
    who, default = row["changeable_by"], row["default"][band_of(age)]
    if row["scope"] == "minors' mode" or row["id"] == "view_may_affect_with_prompt":
        return None  # outside the mode these are the platform's own
    if row["id"] == "live_host":
        return "off" if age < 16 else None
    if row["id"] == "guardian_reads_messages":
        return {"forbidden": "off"}.get(default)
    if row["id"] in ("purchase", "tipping") and default == "off":
        return "off"
    return default if who.startswith("nobody") and default in ("on", "off") else None


class Statute(RuleBasedStateMachine):
    """Statute holds, whoever wants what."""

    def __init__(self):
        super().__init__()
        self.home, self.now = Home(open_records("memory:"), law=BASE), AT
        self.alone = True

    @initialize(years=st.integers(4, 17), months=st.integers(1, 12), alone=st.booleans())
    def born(self, years, months, alone):
        self.birth = date(2026 - years, months, 5)
        self.child = Subject("p-1", born=self.birth, identity="verified")
        self.alone = alone
        if not alone:
            self.home.link(self.child, A, evidence="a", at=self.now)
            self.home.link(self.child, B, evidence="b", at=self.now, proof=proof(A, self.now))

    @property
    def age(self):
        return age_at(self.birth, self.now)

    @rule(guardian=ALL, wanted=st.dictionaries(st.sampled_from([r["id"] for r in ROWS]), VALUES))
    def guardian_sets(self, guardian, wanted):
        for twin in ("daily_time_limit", "night_curfew"):
            wanted.pop(twin, None)
        said = GuardianSettings(features=wanted, night_allowed=True, daily_minutes=1440)
        given = proof(guardian, self.now)
        change = self.home.set(self.child, guardian, said, at=self.now, proof=given)
        if change.code is not None:
            self.home.confirm(self.child, change.id, change.code.reveal(), at=self.now)
            self.now += DAY
        assert change.done <= (not self.alone)

    @rule(toggle=st.sampled_from([row["id"] for row in ROWS]), value=VALUES)
    def minor_chooses(self, toggle, value):
        if toggle in ("daily_time_limit", "night_curfew"):
            return
        change = self.home.choose(self.child, {toggle: value}, at=self.now)
        if change.done and change.loosens:
            assert self.age >= 14

    @rule(toggle=st.sampled_from(OPTIONS), value=VALUES)
    def minor_chooses_an_option(self, toggle, value):
        self.minor_chooses(toggle, value)

    @rule(scope=st.sampled_from(sorted(CONSENTS)), guardian=ALL, yes=st.booleans())
    def consents(self, scope, guardian, yes):
        request = self.home.ask(self.child, scope, NOTICE, at=self.now, guardian=A)
        if yes and request.id is not None:
            given = proof(guardian, self.now)
            self.home.grant(
                *(self.child, scope, request.id), evidence="e", at=self.now, proof=given
            )
        elif not yes:
            self.home.revoke(self.child, scope, guardian, at=self.now)

    @rule(on=st.booleans())
    def mode(self, on):
        if on:
            self.home.enter(self.child, "icon", at=self.now)
        else:
            self.home.leave(self.child, at=self.now, proof=proof(A, self.now))

    @rule(days=st.sampled_from([1, 30, 200]))
    def time(self, days):
        if age_at(self.birth, self.now + timedelta(days=days)) < 18:
            self.now += timedelta(days=days)

    @invariant()
    def statute_holds(self):
        if not hasattr(self, "child"):
            return
        table = BASE.features_of(self.home.subject(self.child, at=self.now), at=self.now)
        for row in ROWS:
            wanted = locked(row, self.age)
            if wanted is not None:
                assert table[row["id"]].enabled == (wanted == "on"), (row["id"], self.age)

    @invariant()
    def a_child_under_fourteen_has_loosened_nothing(self):
        if not hasattr(self, "child") or not self.alone or self.age >= 14:
            return
        table = BASE.features_of(self.home.subject(self.child, at=self.now), at=self.now)
        for row in ROWS:
            default, found = row["default"][band_of(self.age)], table[row["id"]]
            if row["id"] in SHIELDS:
                assert found.enabled, row["id"]
            elif row["id"] in OPTIONS:
                value = found.value if isinstance(found.value, str) else "all"
                reached = ORDER[value] if found.enabled else 0
                assert reached <= ORDER[default], (row["id"], found)


TestStatuteHolds = Statute.TestCase
TestStatuteHolds.settings = hypothesis_settings(few(80), stateful_step_count=20)


def test_the_oracle_locks_what_the_law_folder_says_nobody_changes():
    off = {row["id"] for row in ROWS if locked(row, 12) == "off"}
    on = {row["id"] for row in ROWS if locked(row, 12) == "on"}

    assert len(ROWS) == 46
    assert off >= {"tipping", "live_host", "tip_leaderboard", "ai_virtual_intimacy", "edu_ads"}
    assert on >= {"evidence_export", "data_rights", "complaint_channel"}
    assert len(off | on) > 18


def test_ages_in_the_oracle_are_completed_on_the_day_after_the_birthday():
    assert age_at(date(2012, 11, 20), datetime(2026, 11, 20, tzinfo=ZONE)) == 13
    assert age_at(date(2012, 11, 19), datetime(2026, 11, 20, tzinfo=ZONE)) == 14
