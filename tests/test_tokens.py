"""Signed statements of age: what is not exactly right is refused, always in the same words."""

import base64
import io
import pickle
import sys
import threading
import traceback
from datetime import date, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from minorguard import (
    ZONE,
    Ages,
    ConfigurationError,
    InvalidRequest,
    MinorguardError,
    Play,
    Spend,
    Subject,
    law,
)
from minorguard.core.subject import FOREVER, IDENTITIES
from minorguard.errors import BadSignature
from minorguard.identity import token_keys, tokens
from minorguard.identity.secrets import Secret
from minorguard.identity.tokens import (
    AgeStatement,
    Issuer,
    KeyRing,
    PublicKey,
    SigningKey,
    Verifier,
    rounded,
)

NOW = datetime(2026, 11, 20, 20, 10, tzinfo=ZONE)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
PEPPER = Secret(b"pepper-of-the-tests")
GAME = law("cn.game")
CHILD = Subject("p-1", born=date(2012, 5, 1), identity="verified")


def signing(number=1, since=NOW - DAY, until=NOW + 30 * DAY, **more):
    return SigningKey(Secret(bytes([number]) * 32), not_before=since, not_after=until, **more)


KEY = signing()
RING = KeyRing(KEY)
ISSUER = Issuer(RING, PEPPER)
TOKEN = ISSUER.issue(CHILD, audience="match-1", at=NOW)


def verifier(*keys, audience="match-1", **more):
    return Verifier(KeyRing(accept=keys or [KEY.public]), audience=audience, **more)


def assert_refused(call):
    with pytest.raises(BadSignature) as refused:
        call()
    assert refused.value.args == (tokens.BAD,)
    assert refused.value.__cause__ is None


# -- what a match server learns ------------------------------------------------------------------


def test_a_match_server_learns_a_range_and_not_a_person():
    statement = verifier().verify(TOKEN, at=NOW)

    assert (statement.ages, statement.identity) == (Ages(14, 16), "verified")
    assert statement.expires == NOW + timedelta(seconds=tokens.LIFETIME_S)
    assert "p-1" not in TOKEN
    assert b"p-1" not in base64.urlsafe_b64decode(TOKEN)
    assert statement.subject_id != ISSUER_ELSEWHERE.subject_id
    assert len(TOKEN) == 132


ISSUER_ELSEWHERE = verifier(audience="match-2").verify(
    ISSUER.issue(CHILD, audience="match-2", at=NOW), at=NOW
)


def test_one_person_is_one_person_at_an_audience_and_another_elsewhere():
    ids = {
        verifier(audience=audience)
        .verify(ISSUER.issue(Subject(who), audience=audience, at=NOW), at=NOW)
        .subject_id
        for _ in range(3)
        for audience in ("a", "b")
        for who in ("p-1", "p-2")
    }
    assert len(ids) == 4

    other = Issuer(RING, Secret(b"another pepper, new"))
    token = other.issue(CHILD, audience="match-1", at=NOW)
    assert (
        verifier().verify(token, at=NOW).subject_id != verifier().verify(TOKEN, at=NOW).subject_id
    )


subjects = st.one_of(
    st.builds(
        lambda born, identity: Subject("p-1", born=born, identity=identity),
        st.dates(date(1980, 1, 1), NOW.date()),
        st.sampled_from(IDENTITIES),
    ),
    st.builds(
        lambda least, more, identity: Subject(
            "p-1", age=Ages(least, min(least + more, FOREVER)), identity=identity
        ),
        st.integers(0, 120),
        st.integers(1, FOREVER),
        st.sampled_from(IDENTITIES),
    ),
)


@given(subjects)
def test_what_comes_out_went_in_rounded_to_the_edges_of_the_law(who):
    token = ISSUER.issue(who, audience="match-1", at=NOW)
    statement = verifier().verify(token, at=NOW)

    ages = who.ages_on(NOW.toordinal(), "day_after_birthday")
    assert statement.ages == rounded(ages)
    assert statement.ages.at_least <= ages.at_least
    assert statement.ages.below >= ages.below
    assert statement.ages.minor == ages.minor
    assert statement.ages.adult == ages.adult
    assert statement.identity == who.identity
    assert statement.subject().id == statement.subject_id


@given(subjects, st.sampled_from((NOW, NOW.replace(hour=9))), st.sampled_from((1, 5001, 10001)))
def test_a_decision_by_statement_is_never_laxer_than_by_the_person(who, at, fen):
    late = max(at, NOW)
    told = verifier().verify(ISSUER.issue(who, audience="match-1", at=late), at=late).subject()

    for ask in (Play, lambda person: Spend(person, fen=fen)):
        direct, stated = GAME.decide(ask(who), at=at), GAME.decide(ask(told), at=at)
        assert direct.allowed or not stated.allowed
        if stated.until is None and stated.allowed:
            assert direct.until is None


# -- what is not right is refused ----------------------------------------------------------------


def test_every_bit_flip_is_refused():
    """Of the bytes, and of the characters that carry them."""
    raw = base64.urlsafe_b64decode(TOKEN)
    ours = verifier()
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        text = base64.urlsafe_b64encode(flipped).decode()
        assert_refused(lambda t=text: ours.verify(t, at=NOW))
    for place in range(len(TOKEN)):
        for bit in range(8):
            text = TOKEN[:place] + chr(ord(TOKEN[place]) ^ 1 << bit) + TOKEN[place + 1 :]
            assert_refused(lambda t=text: ours.verify(t, at=NOW))
    assert ours.verify(TOKEN, at=NOW)


def test_a_token_for_another_audience_is_refused():
    assert_refused(lambda: verifier(audience="match-2").verify(TOKEN, at=NOW))
    assert_refused(lambda: verifier(audience="MATCH-1").verify(TOKEN, at=NOW))


def test_a_key_for_another_purpose_is_refused_even_with_the_same_bytes():
    other = signing(purpose="session")
    assert other.public.raw == KEY.public.raw
    assert other.public.id != KEY.public.id
    assert_refused(lambda: verifier(other.public).verify(TOKEN, at=NOW))
    with pytest.raises(ConfigurationError):
        Issuer(KeyRing(other), PEPPER).issue(CHILD, audience="match-1", at=NOW)


def test_a_signature_made_for_another_purpose_is_refused_under_the_right_key():
    body = base64.urlsafe_b64decode(TOKEN)[:35]
    for purpose, audience in ((b"session", b"match-1"), (b"age-statementm", b"atch-1"), (b"", b"")):
        forged = body + KEY.sign(token_keys.framed(purpose, audience, body))
        assert_refused(
            lambda f=forged: verifier().verify(base64.urlsafe_b64encode(f).decode(), at=NOW)
        )


def test_a_key_of_another_purpose_signs_no_statement_though_the_ring_has_it():
    other = signing(3, purpose="session")
    body = base64.urlsafe_b64decode(TOKEN)[:35]
    body = body[:1] + other.public.id + body[9:]
    forged = body + other.sign(token_keys.framed(b"age-statement", b"match-1", body))
    ours = verifier(KEY.public, other.public)

    assert_refused(lambda: ours.verify(base64.urlsafe_b64encode(forged).decode(), at=NOW))


def test_a_stranger_who_uses_our_key_id_is_refused():
    stranger = signing(9)
    body = base64.urlsafe_b64decode(TOKEN)[:35]
    forged = body + stranger.sign(token_keys.framed(b"age-statement", b"match-1", body))

    assert_refused(lambda: verifier().verify(base64.urlsafe_b64encode(forged).decode(), at=NOW))


@pytest.mark.parametrize("cached", [False, True])
def test_a_statement_holds_to_its_last_second_and_not_before_its_first(cached):
    ours = verifier()
    last = NOW + timedelta(seconds=tokens.LIFETIME_S)
    if cached:
        ours.verify(TOKEN, at=NOW)

    assert ours.verify(TOKEN, at=NOW - tokens.SKEW_S * SECOND)
    assert ours.verify(TOKEN, at=last - SECOND)
    assert_refused(lambda: ours.verify(TOKEN, at=last))
    assert_refused(lambda: ours.verify(TOKEN, at=NOW - (tokens.SKEW_S + 1) * SECOND))
    assert_refused(lambda: ours.verify(TOKEN, at=last + 400 * DAY))


@pytest.mark.parametrize("cached", [False, True])
def test_a_key_is_good_from_its_first_second_until_its_last(cached):
    short = signing(2, NOW, NOW + 60 * SECOND)
    token = Issuer(KeyRing(short), PEPPER).issue(CHILD, audience="match-1", at=NOW)
    ours = verifier(short.public)
    if cached:
        ours.verify(token, at=NOW)

    assert ours.verify(token, at=NOW + 59 * SECOND)
    assert_refused(lambda: ours.verify(token, at=NOW + 60 * SECOND))
    assert_refused(lambda: ours.verify(token, at=NOW - SECOND))
    for at in (NOW - SECOND, NOW + 60 * SECOND):
        with pytest.raises(ConfigurationError):
            Issuer(KeyRing(short), PEPPER).issue(CHILD, audience="match-1", at=at)


def test_a_rotation_with_an_overlap_loses_nobody():
    old, new = signing(1), signing(2)
    token = Issuer(KeyRing(old), PEPPER).issue(CHILD, audience="match-1", at=NOW)
    ours = verifier(old.public)

    ours.use(KeyRing(accept=[old.public, new.public]))
    newer = Issuer(KeyRing(new, accept=[old.public]), PEPPER)
    fresh = newer.issue(CHILD, audience="match-1", at=NOW + SECOND)
    assert ours.verify(token, at=NOW + SECOND)
    assert ours.verify(fresh, at=NOW + SECOND)

    ours.use(KeyRing(accept=[new.public]))
    assert_refused(lambda: ours.verify(token, at=NOW + SECOND))
    assert ours.verify(fresh, at=NOW + SECOND)


def test_a_revoked_key_is_refused_at_once_though_the_token_was_seen():
    ours = verifier()
    ours.verify(TOKEN, at=NOW)
    ours.use(KeyRing())

    assert_refused(lambda: ours.verify(TOKEN, at=NOW))


@pytest.mark.parametrize(
    "change",
    [
        {"lifetime": 0},
        {"lifetime": 65_535},
        {"identity": 7},
        {"identity": 255},
        {"least": 18, "below": 18},
        {"least": 200, "below": 8},
        {"below": 0},
        {"high": 255},
        {"version": 0},
        {"version": 2},
    ],
)
def test_even_the_right_key_signs_no_nonsense(change):
    fields = tokens._BODY.unpack(base64.urlsafe_b64decode(TOKEN)[:35])
    names = ("version", "kid", "high", "low", "lifetime", "identity", "least", "below", "who")
    body = tokens._BODY.pack(*(dict(zip(names, fields, strict=True)) | change).values())
    signed = body + KEY.sign(token_keys.framed(b"age-statement", b"match-1", body))

    assert_refused(lambda: verifier().verify(base64.urlsafe_b64encode(signed).decode(), at=NOW))


@settings(max_examples=1000)
@given(
    st.text()
    | st.binary()
    | st.none()
    | st.integers()
    | st.text("ABCDEFghij-_019=+/ \n", min_size=130, max_size=134)
    | st.binary(min_size=99, max_size=99).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
    | st.binary(min_size=90, max_size=90).map(
        lambda raw: base64.urlsafe_b64encode(KEY.public.id.rjust(9, b"\1") + raw).decode()
    )
    | st.sampled_from([TOKEN + "\n", TOKEN + "=", " " + TOKEN, TOKEN[:-1], TOKEN.encode(), ""])
)
def test_whatever_comes_instead_of_a_token_is_a_bad_signature(token):
    assume(token != TOKEN)
    assert_refused(lambda: verifier().verify(token, at=NOW))


@given(st.integers(0, 98), st.binary(min_size=1, max_size=64))
def test_a_token_that_is_overwritten_anywhere_is_refused(place, other):
    raw = bytearray(base64.urlsafe_b64decode(TOKEN))
    raw[place : place + len(other)] = other
    text = base64.urlsafe_b64encode(raw).decode()
    if text == TOKEN:
        return

    assert_refused(lambda: verifier().verify(text, at=NOW))


# -- the cache -----------------------------------------------------------------------------------


def test_a_token_is_verified_once_and_remembered_by_its_digest(monkeypatch):
    calls = []
    real = PublicKey.verifies
    monkeypatch.setattr(PublicKey, "verifies", lambda *a: calls.append(1) or real(*a))
    ours = verifier()

    for second in range(10):
        assert ours.verify(TOKEN, at=NOW + second * SECOND)
    assert len(calls) == 1
    assert TOKEN not in repr(ours._cache)


@pytest.mark.parametrize("most", [0, 1, 7])
def test_the_cache_is_bounded(most):
    ours = verifier(cache_max=most)
    for number in range(20):
        token = ISSUER.issue(Subject(f"p-{number}"), audience="match-1", at=NOW)
        assert ours.verify(token, at=NOW) == ours.verify(token, at=NOW)
        assert len(ours._cache) <= most


def test_what_is_refused_is_never_remembered():
    ours = verifier()
    for _ in range(3):
        assert_refused(lambda: ours.verify("A" * 132, at=NOW))
        assert_refused(lambda: ours.verify(TOKEN, at=NOW + DAY))
    assert not ours._cache


def test_threads_share_a_verifier():
    ours = verifier(cache_max=3)
    made = [ISSUER.issue(Subject(f"p-{n}"), audience="match-1", at=NOW) for n in range(9)]
    wrong = []

    def work():
        for token in made * 5:
            try:
                ours.verify(token, at=NOW)
            except Exception as error:  # noqa: BLE001 - any at all is reported
                wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(ours._cache) <= 3


class Rotation(RuleBasedStateMachine):
    """Keys come and go; a token is good exactly while it, and its key, is."""

    def __init__(self):
        super().__init__()
        self.now = NOW
        self.keys = {n: signing(n, NOW + n * DAY, NOW + (n + 3) * DAY) for n in range(8)}
        self.accepted = set()
        self.ours = verifier(signing(99).public, cache_max=2)
        self.made = []

    @rule(hours=st.integers(0, 30))
    def wait(self, hours):
        self.now += timedelta(hours=hours)

    @rule(seconds=st.integers(0, 1000))
    def wait_a_little(self, seconds):
        self.now += seconds * SECOND

    @rule(numbers=st.sets(st.integers(0, 7)))
    def accept(self, numbers):
        self.accepted = numbers
        self.ours.use(KeyRing(accept=[self.keys[n].public for n in numbers]))

    @rule(number=st.integers(0, 7), life=st.integers(1, 3600))
    def issue(self, number, life):
        issuer = Issuer(KeyRing(self.keys[number]), PEPPER)
        try:
            token = issuer.issue(CHILD, audience="match-1", at=self.now, lifetime_s=life)
        except ConfigurationError:
            assert not self.keys[number].public.valid(self.now)
            return
        self.made.append((token, number, self.now + life * SECOND))

    @invariant()
    def a_token_is_good_exactly_while_it_and_its_key_are(self):
        for token, number, ends in self.made[-6:]:
            key = self.keys[number].public
            good = number in self.accepted and self.now < ends and key.valid(self.now)
            try:
                self.ours.verify(token, at=self.now)
            except BadSignature:
                assert not good
            else:
                assert good


TestRotation = Rotation.TestCase


# -- what cannot be made -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: SigningKey(b"x" * 32, not_before=NOW, not_after=NOW + DAY),
        lambda: SigningKey(Secret(b"x" * 31), not_before=NOW, not_after=NOW + DAY),
        lambda: SigningKey(Secret("x" * 32), not_before=NOW, not_after=NOW + DAY),
        lambda: signing(1, NOW, NOW),
        lambda: signing(1, NOW, NOW - DAY),
        lambda: signing(1, datetime(2026, 1, 1), NOW),  # noqa: DTZ001 - the point
        lambda: signing(purpose=""),
        lambda: signing(purpose="ein zweck"),
        lambda: PublicKey(b"short", not_before=NOW, not_after=NOW + DAY),
        lambda: PublicKey("x" * 32, not_before=NOW, not_after=NOW + DAY),
        lambda: KeyRing(KEY.public),
        lambda: KeyRing(accept=[KEY]),
        lambda: Issuer(RING, Secret(b"short")),
        lambda: Issuer(RING, b"not a secret at all"),
        lambda: Issuer(RING, Secret("text instead of bytes")),
        lambda: Issuer(KeyRing(accept=[KEY.public]), PEPPER).issue(CHILD, audience="m", at=NOW),
        lambda: ISSUER.issue(CHILD, audience="", at=NOW),
        lambda: ISSUER.issue(CHILD, audience="m" * 65, at=NOW),
        lambda: ISSUER.issue(CHILD, audience="m", at=datetime(2026, 1, 1)),  # noqa: DTZ001 - same
        lambda: ISSUER.issue(CHILD, audience="m", at=NOW, lifetime_s=0),
        lambda: ISSUER.issue(CHILD, audience="m", at=NOW, lifetime_s=3601),
        lambda: ISSUER.issue(CHILD, audience="m", at=NOW, lifetime_s=60.0),
        lambda: ISSUER.issue("p-1", audience="m", at=NOW),
        lambda: ISSUER.issue(Subject("p", born=NOW.date() + DAY), audience="m", at=NOW),
        lambda: Verifier(RING, audience="two words"),
        lambda: Verifier(RING, audience="m", cache_max=-1),
        lambda: verifier().verify(TOKEN, at=None),
    ],
)
def test_a_wrong_use_is_refused_loudly(make):
    with pytest.raises((ConfigurationError, InvalidRequest)) as refused:
        make()
    assert isinstance(refused.value, MinorguardError)


# -- nothing is shown ----------------------------------------------------------------------------


def test_nothing_of_a_key_or_a_person_is_in_any_text_error_or_pickle():
    seed, pepper, person = b"seed-canary-0123456789-abcdefghi", b"pepper-canary-42", "person-canary"
    key = SigningKey(Secret(seed[:32]), not_before=NOW, not_after=NOW + DAY)
    issuer = Issuer(KeyRing(key), Secret(pepper))
    who = Subject(person, identity="verified")
    token = issuer.issue(who, audience="m", at=NOW)
    ours = verifier(key.public, audience="m")
    statement = ours.verify(token, at=NOW)
    sink = io.StringIO()
    for shown in (key, key.public, issuer, issuer._ring, ours, statement):
        sink.write(f"{shown} {shown!r}")
    for hidden in (key, issuer, issuer._ring, ours):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError) as refused:
                pickle.dumps(hidden, protocol)
            sink.write(str(refused.value))
    for broken in (
        lambda: SigningKey(Secret(seed + b"!"), not_before=NOW, not_after=NOW + DAY),
        lambda: SigningKey(Secret(seed[:32]), not_before=NOW, not_after=NOW),
        lambda: Issuer(KeyRing(key), Secret(pepper[:14])),
        lambda: issuer.issue(who, audience="", at=NOW),
        lambda: issuer.issue(who, audience="m", at=NOW + 9 * DAY),
        lambda: ours.verify(token[:-2] + "AA", at=NOW),
    ):
        with pytest.raises(MinorguardError) as raised:
            broken()
        seen = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
        for frame in seen.stack:
            if "minorguard" in frame.filename and "tests" not in frame.filename:
                sink.write(str(frame.locals))
        sink.write(repr(raised.value))

    text = sink.getvalue()
    for canary in ("canary", key.public.raw.hex(), seed.hex(), repr(key.public.raw)):
        assert canary not in text
    assert statement.subject_id not in repr(statement)


def test_the_modules_load_no_cryptography_before_there_is_a_key():
    import subprocess

    code = (
        "import sys, minorguard.identity.tokens, minorguard.identity.verification\n"
        "print('cryptography' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_a_statement_is_plain_data():
    statement = verifier().verify(TOKEN, at=NOW)
    assert isinstance(statement, AgeStatement)
    assert pickle.loads(pickle.dumps(statement)) == statement  # noqa: S301 - our own, just made
