"""The national real-name interface, bit by bit: known answers, no bit of which may change."""

import base64
import contextlib
import copy
import io
import json
import logging
import pickle
import pprint
import re
import traceback
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import minorguard
from minorguard.errors import (
    BadSignature,
    IdentityError,
    InvalidRequest,
    MinorguardError,
    ProviderRejected,
    ProviderUnavailable,
)
from minorguard.identity.id_numbers import IdNumber
from minorguard.identity.secrets import PersonName, Secret
from minorguard.identity.wire import (
    BODY_CHARS_MAX,
    PLAINTEXT_BYTES_MAX,
    SIGNED_NAMES,
    birth_date_of_pi,
    json_object,
    seal,
    sign,
    unseal,
    verify_sign,
)
from minorguard.identity.wire_codes import CODES, code_of
from minorguard.identity.wire_messages import (
    CheckRequest,
    Credentials,
    Event,
    FailedItem,
    Result,
    check_call,
    query_call,
    read_report,
    read_result,
    report_call,
)

VECTORS = json.loads(Path(__file__).with_name("vectors").joinpath("nppa_vectors.json").read_bytes())
OFFICIAL = VECTORS["official"]
SEALED, SIGNED = OFFICIAL["encrypt"], OFFICIAL["sign"]
KEY = SEALED["secret_key_hex"]
PRESETS = OFFICIAL["test_presets"]
PIS = [vector["pi"] for vector in OFFICIAL["pi"]]
NONCE = bytes.fromhex(SEALED["iv_hex"])
AT_MS = 1_584_949_895_758
GAME = Credentials("test-appId", "test-bizId", KEY)

keys = st.binary(min_size=16, max_size=16).map(bytes.hex)
nonces = st.binary(min_size=12, max_size=12)
words = st.text("ABIabdeimnopst019_-", min_size=1, max_size=32)


# -- known answers ---------------------------------------------------------------------------------


def test_the_official_body_comes_out_to_the_letter():
    text = SEALED["plaintext"].encode()
    assert seal(KEY, text, nonce=NONCE) == SEALED["body"] == f'{{"data":"{SEALED["data"]}"}}'
    assert seal(Secret(KEY), text, nonce=NONCE) == SEALED["body"]
    assert unseal(KEY, SEALED["body"]) == unseal(Secret(KEY), SEALED["body"]) == text


def test_the_official_signature_comes_out_to_the_letter():
    assert sign(KEY, SIGNED["params"], SIGNED["body"]) == SIGNED["sign"]
    assert sha256(SIGNED["string_to_sign"].encode()).hexdigest() == SIGNED["sign"]
    verify_sign(Secret(KEY), SIGNED["params"], SIGNED["body"], SIGNED["sign"])


@pytest.mark.parametrize("vector", OFFICIAL["pi"], ids=lambda v: v["birth_part"])
def test_a_birth_date_is_read_from_a_national_key(vector):
    assert str(birth_date_of_pi(vector["pi"])) == vector["birth_date"]
    number = vector.get("matches_preset_idNum")
    assert number is None or IdNumber.parse(number).born == birth_date_of_pi(vector["pi"])


@pytest.mark.parametrize(
    "preset", PRESETS["check_success"] + PRESETS["check_in_progress"], ids=lambda p: p["ai"]
)
def test_each_preset_is_asked_as_the_interface_prints_it(preset):
    name, number = PersonName(preset["name"]), IdNumber.parse(preset["idNum"])
    call = check_call(
        GAME, CheckRequest(preset["ai"], name, number), timestamp_ms=AT_MS, nonce=NONCE
    )
    wanted = {"ai": preset["ai"], "name": preset["name"], "idNum": preset["idNum"]}
    text = unseal(KEY, call.body).decode()
    assert text == json.dumps(wanted, ensure_ascii=False, separators=(",", ":"))
    assert list(call.headers) == ["appId", "bizId", "timestamps", "sign", "Content-Type"]
    assert call.headers["Content-Type"] == "application/json; charset=utf-8"
    assert not call.query
    if "expect_pi" in preset:
        assert birth_date_of_pi(preset["expect_pi"]) == number.born


@pytest.mark.parametrize("vector", OFFICIAL["responses"], ids=lambda v: v["raw"])
def test_each_printed_reply_is_understood(vector):
    raw = vector["raw"]
    if "error" in vector:
        for read in (read_result, read_report):
            with pytest.raises(ProviderRejected) as caught:
                read(raw)
            assert caught.value.code == vector["error"]
    elif "status" in vector:
        result = read_result(raw)
        assert result.identity == ["verified", "pending", "failed"][vector["status"]]
        assert (result.pi is None) is (result.born is None) is (vector["status"] != 0)
    else:
        assert read_report(raw) == ()
        with pytest.raises(ProviderUnavailable):
            read_result(raw)


def test_the_table_holds_every_official_code_in_both_languages():
    assert {
        str(row.code): row.official_words for row in CODES.values() if row.official
    } == OFFICIAL["error_codes"]
    others = {str(row.code) for row in CODES.values() if not row.official}
    assert others == set(OFFICIAL["error_codes_seen_elsewhere_not_in_v1_8"])
    for code, row in CODES.items():
        assert row.code == code
        assert re.search("[\u4e00-\u9fff]", row.meaning("zh"))
        assert re.search("[\u4e00-\u9fff]", row.todo())
        assert (row.meaning("en") + row.todo("en")).isascii()
        assert (row.meaning("en"), row.todo("en")) == (row.en, row.todo_en)
    assert {code for code, row in CODES.items() if row.retry != "no"} == {
        1001, 1006, 1007, 1011, 2002, 4001,
    }  # fmt: skip
    assert CODES[1007].retry == "fresh_timestamp"


@pytest.mark.parametrize(
    ("code", "retry"), [(1099, "later"), (2999, "no"), (3999, "no"), (4999, "no"), (7, "no")]
)
def test_an_unknown_code_is_kept_and_placed_by_its_first_digit(code, retry):
    row = code_of(code)
    assert (row.code, row.retry, row.official) == (code, retry, False)
    with pytest.raises(ProviderRejected, match=str(code)) as caught:
        read_result(f'{{"errcode":{code},"errmsg":"某一一 110000190101010001"}}')
    assert caught.value.code == code
    assert "某" not in str(caught.value)


# -- sealing and signing ---------------------------------------------------------------------------


@given(keys, st.binary(max_size=300), nonces)
def test_what_was_sealed_comes_back(key, text, nonce):
    body = seal(key, text, nonce=nonce)
    assert unseal(key, body) == text
    assert unseal(key, json.dumps(json.loads(body))) == text  # another writer's spaces


def test_the_longest_text_fits_into_the_longest_body():
    body = seal(KEY, bytes(PLAINTEXT_BYTES_MAX), nonce=NONCE)
    assert BODY_CHARS_MAX - 4 < len(body) <= BODY_CHARS_MAX
    assert len(unseal(KEY, body)) == PLAINTEXT_BYTES_MAX
    with pytest.raises(InvalidRequest):
        seal(KEY, bytes(PLAINTEXT_BYTES_MAX + 1), nonce=NONCE)


@pytest.mark.parametrize("body", [SEALED["body"], seal(KEY, b"", nonce=NONCE)], ids=len)
def test_no_bit_of_a_body_can_change(body):
    raw = body.encode()
    for bit in range(8 * len(raw)):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BadSignature):
            unseal(KEY, flipped.decode("latin-1"))
    for cut in range(len(body)):
        with pytest.raises(BadSignature):
            unseal(KEY, body[:cut])


@pytest.mark.parametrize(
    "body",
    ["", "{}", "[]", '{"data":null}', '{"data":""}', '{"data":"AAAA"}', '{"data":"é"}',
     '{"data":"A"}', SEALED["body"][:-1] + ',"more":1}', SEALED["body"].replace("/", "_"),
     " " * 70_000, None, b"", 7],
    ids=lambda body: str(body)[:30],
)  # fmt: skip
def test_what_is_no_body_is_refused_as_one_that_was_forged(body):
    with pytest.raises(BadSignature) as caught:
        unseal(KEY, body)
    assert caught.value.__context__ is None


def test_no_bit_of_what_is_under_the_base64_can_change():
    data = json.loads(SEALED["body"])["data"]
    raw = base64.b64decode(data)
    for bit in range(8 * len(raw)):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BadSignature):
            unseal(KEY, f'{{"data":"{base64.b64encode(flipped).decode()}"}}')


def test_no_bit_of_a_key_a_signature_or_a_signed_text_can_change():
    for place, char in enumerate(KEY):
        for other in set("0123456789abcdef") - {char}:
            key = KEY[:place] + other + KEY[place + 1 :]
            with pytest.raises(BadSignature):
                unseal(key, SEALED["body"])
            with pytest.raises(BadSignature):
                verify_sign(key, SIGNED["params"], SIGNED["body"], SIGNED["sign"])

    def flips(text):
        raw = text.encode()
        for bit in range(8 * len(raw)):
            flipped = bytearray(raw)
            flipped[bit // 8] ^= 1 << bit % 8
            yield flipped.decode("latin-1")

    for given_sign in flips(SIGNED["sign"]):
        with pytest.raises(BadSignature):
            verify_sign(KEY, SIGNED["params"], SIGNED["body"], given_sign)
    for body in flips(SIGNED["body"]):
        with pytest.raises(BadSignature):
            verify_sign(KEY, SIGNED["params"], body, SIGNED["sign"])
    for name, value in SIGNED["params"].items():
        for changed in flips(value):
            with pytest.raises(BadSignature):
                verify_sign(KEY, {**SIGNED["params"], name: changed}, "", SIGNED["sign"])


@pytest.mark.parametrize("given_sign", ["", None, b"", SIGNED["sign"].upper(), "é" * 64])
def test_a_signature_is_exactly_that(given_sign):
    with pytest.raises(BadSignature):
        verify_sign(KEY, SIGNED["params"], SIGNED["body"], given_sign)


@given(keys, st.dictionaries(st.text(), st.text()), st.text())
def test_a_signature_is_the_formula_and_nothing_else(key, params, body):
    text = key + "".join(name + params[name] for name in sorted(params)) + body
    try:
        wanted = sha256(text.encode()).hexdigest()
    except UnicodeEncodeError:
        with pytest.raises(InvalidRequest):
            sign(key, params, body)
    else:
        assert sign(key, params, body) == wanted


def test_names_are_sorted_and_not_the_pairs():
    assert sign(KEY, {"a": "z", "ab": "1"}, "") == sha256(f"{KEY}azab1".encode()).hexdigest()


def test_the_collision_that_integrators_found_is_refused():
    assert sign(KEY, {"ai": "1", "bizId": "2"}, "")
    with pytest.raises(InvalidRequest):
        sign(KEY, {"ai": "1bizId2"}, "")


def parsed(text, names):
    """The one way back from a signed text: each value ends where the next name begins."""
    found = {}
    for name, after in zip(names, [*names[1:], None]):  # noqa: B905 - the last has none after it
        assert text.startswith(name)
        end = len(text) if after is None else text.index(after, len(name))
        found[name], text = text[len(name) : end], text[end:]
    return found


@given(st.lists(words, min_size=3, max_size=3), st.booleans())
@example(["kaikai-apptimestamp", "xai", "appId"], True)
def test_no_two_requests_sign_alike(values, queried):
    ai, app_id, biz_id = values
    try:
        game = Credentials(app_id, biz_id, KEY)
        if queried:
            call = query_call(game, ai, timestamp_ms=AT_MS)
        else:
            call = report_call(
                game, [Event(session="s", kind="login", at_s=1, pi=PIS[0])],
                timestamp_ms=AT_MS, nonce=NONCE,
            )  # fmt: skip
    except InvalidRequest:
        assume(False)
    signed = {name: call.headers[name] for name in SIGNED_NAMES[1:]} | dict(call.query)
    text = "".join(name + signed[name] for name in sorted(signed)) + call.body
    assert call.headers["sign"] == sign(KEY, signed, call.body)
    head = text[: -len(call.body)] if call.body else text
    assert parsed(head, sorted(signed)) == signed
    assert ("Content-Type" in call.headers) is bool(call.body)


@pytest.mark.parametrize(
    "key",
    ["", KEY[:-1], KEY + "0", KEY[:-1] + "g", KEY[:-1] + " ", KEY[:-1] + "٣", "é" * 32,
     KEY.encode(), bytes.fromhex(KEY), None, 7, Secret(KEY.encode()), Secret("x" * 32),
     PersonName(KEY)],
    ids=repr,
)  # fmt: skip
def test_a_key_is_32_hexadecimal_digits(key):
    for call in (
        lambda: seal(key, b"", nonce=NONCE),
        lambda: unseal(key, SEALED["body"]),
        lambda: sign(key, {}, ""),
        lambda: verify_sign(key, {}, "", ""),
        lambda: Credentials("a", "b", key),
    ):
        with pytest.raises(InvalidRequest, match="hexadecimal") as caught:
            call()
        assert caught.value.__context__ is None


@pytest.mark.parametrize("nonce", [b"", NONCE[:-1], NONCE + b"0", bytearray(NONCE), "0" * 12, None])
def test_a_nonce_is_twelve_bytes(nonce):
    request = CheckRequest("a", PersonName("某一一"), IdNumber.parse("110000190101010001"))
    event = Event(session="s", kind="login", at_s=1, pi=PIS[0])
    for call in (
        lambda: seal(KEY, b"", nonce=nonce),
        lambda: check_call(GAME, request, timestamp_ms=AT_MS, nonce=nonce),
        lambda: report_call(GAME, [event], timestamp_ms=AT_MS, nonce=nonce),
    ):
        with pytest.raises(InvalidRequest, match="12 bytes"):
            call()


# -- requests --------------------------------------------------------------------------------------


@given(st.text(min_size=1, max_size=64))
@example('"\\')
def test_every_name_travels_unharmed(text):
    try:
        name = PersonName(text)
    except InvalidRequest:
        assume(False)
    request = CheckRequest("a", name, IdNumber.parse("11000019010101001X"))
    sent = {"ai": "a", "name": name.reveal(), "idNum": "11000019010101001X"}
    assert json.loads(request.plaintext()) == sent


@pytest.mark.parametrize(
    "ai",
    ["", "a" * 33, "a b", "用户", "a\n", 'a"', "a.b", "1bizId2", "xappId", "timestamps1", None, 7],
)
def test_a_player_is_named_so_that_no_signature_is_confused(ai):
    name, number = PersonName("某一一"), IdNumber.parse("110000190101010001")
    with pytest.raises(InvalidRequest):
        CheckRequest(ai, name, number)
    with pytest.raises(InvalidRequest):
        query_call(GAME, ai, timestamp_ms=AT_MS)


@pytest.mark.parametrize(
    ("app_id", "biz_id"),
    [("", "b"), ("a", ""), ("a" * 65, "b"), ("a bizId", "b"), ("abizId", "b"), ("a", "timestamps"),
     ("a\r\nX: y", "b"), (None, "b"), ("a", 7)],
)  # fmt: skip
def test_a_game_is_named_so_that_no_header_is_confused(app_id, biz_id):
    with pytest.raises(InvalidRequest):
        Credentials(app_id, biz_id, KEY)


@pytest.mark.parametrize("at_ms", [0, 10**12 - 1, 10**13, float(AT_MS), str(AT_MS), True, None])
def test_a_time_is_milliseconds(at_ms):
    with pytest.raises(InvalidRequest):
        query_call(GAME, "a", timestamp_ms=at_ms)


def test_a_check_takes_no_bare_text():
    name, number = PersonName("某一一"), IdNumber.parse("110000190101010001")
    for bad in (("某一一", number), (name, "110000190101010001"), (number, name), (None, None)):
        with pytest.raises(InvalidRequest):
            CheckRequest("a", *bad)


def test_events_go_out_under_their_official_names_in_their_direction():
    guest = "0123456789abcdef0123456789abcdef"
    events = [
        Event(session="s-1", kind="login", at_s=1_584_949_800, pi=PIS[0]),
        Event(session="s-1", kind="logout", at_s=1_584_949_801, pi=PIS[0]),
        Event(session="s-2", kind="login", at_s=1_584_949_802, device=guest),
    ]
    call = report_call(GAME, events, timestamp_ms=AT_MS, nonce=NONCE)
    assert json.loads(unseal(KEY, call.body)) == {
        "collections": [
            {"no": 1, "si": "s-1", "bt": 1, "ot": 1_584_949_800, "ct": 0, "pi": PIS[0]},
            {"no": 2, "si": "s-1", "bt": 0, "ot": 1_584_949_801, "ct": 0, "pi": PIS[0]},
            {"no": 3, "si": "s-2", "bt": 1, "ot": 1_584_949_802, "ct": 2, "di": guest},
        ]
    }


def test_a_batch_holds_1_to_128_events():
    event = Event(session="s" * 32, kind="login", at_s=1_584_949_800, pi=PIS[0])
    call = report_call(GAME, [event] * 128, timestamp_ms=AT_MS, nonce=NONCE)
    sent = json.loads(unseal(KEY, call.body))["collections"]
    assert [item["no"] for item in sent] == list(range(1, 129))
    for events in ([], [event] * 129):
        with pytest.raises(InvalidRequest):
            report_call(GAME, events, timestamp_ms=AT_MS, nonce=NONCE)


@pytest.mark.parametrize(
    ("at_ms", "reportable"),
    [(1_000_000, False), (1_000_001, True), (1_179_999, True), (1_180_000, False)],
)
def test_an_event_is_reported_within_three_minutes_and_not_before_it_happened(at_ms, reportable):
    assert Event(session="s", kind="login", at_s=1000, pi=PIS[0]).reportable(at_ms) is reportable


@pytest.mark.parametrize(
    "change",
    [{"session": ""}, {"session": "s" * 33}, {"session": "一"}, {"session": None},
     {"kind": "online"}, {"kind": 1}, {"at_s": 0}, {"at_s": 1.5}, {"at_s": True},
     {"at_s": 10**11}, {"pi": None},
     {"pi": "1" * 38}, {"device": "d" * 32}, {"pi": None, "device": "d" * 31},
     {"pi": None, "device": "d" * 33}, {"pi": None, "device": 7}],
    ids=repr,
)  # fmt: skip
def test_an_event_is_whole_or_refused(change):
    good = {"session": "s", "kind": "login", "at_s": 1000, "pi": PIS[0]}
    with pytest.raises(InvalidRequest):
        Event(**{**good, **change})


# -- replies ---------------------------------------------------------------------------------------

GOOD = OFFICIAL["responses"][0]["raw"]


@pytest.mark.parametrize(
    "raw",
    ["", "null", "[]", "{}", "0", '"', "{" * 100, "[" * 60_000, '{"a":' * 10_000,
     " " * 70_000 + GOOD,
     GOOD + "x", "\ufeff" + GOOD, GOOD.replace('"errcode":0', '"errcode":false'),
     GOOD.replace('"errcode":0', '"errcode":"0"'), GOOD.replace('"errcode":0', '"errcode":0.0'),
     GOOD.replace('"errcode":0', '"errcode":-1'), GOOD.replace('"errcode":0', '"errcode":10000'),
     GOOD.replace('"errcode":0', '"errcode":' + "9" * 5000),
     GOOD.replace('"status":0', '"status":3'), GOOD.replace('"status":0', '"status":false'),
     GOOD.replace('"status":0', '"status":1'), GOOD.replace('"status":0', '"status":null'),
     GOOD.replace('"status":0', '"status":2,"status":0'),
     GOOD.replace('"status":0', '"status":NaN'),
     GOOD.replace("1fffbj", "1FFFBJ"), GOOD.replace("1fffbj", "zzzzzz"),
     GOOD.replace('"1fffbjzos82bs9cnyj1dna7d6d29zg4esnh99u"', "null"),
     '{"errcode":0,"data":""}', '{"errcode":0}', '{"errcode":0,"data":{"result":[]}}', None, b"{}"],
)  # fmt: skip
def test_what_is_not_exactly_an_answer_is_none(raw):
    with pytest.raises(ProviderUnavailable) as caught:
        read_result(raw)
    assert caught.value.__context__ is None


def test_an_answer_may_say_more_than_we_know_of():
    raw = GOOD.replace('"errmsg"', '"traceId":"x","errmsg"').replace('"pi"', '"more":[1],"pi"')
    assert read_result(raw) == Result("verified", PRESETS["check_success"][0]["expect_pi"])
    for empty in ('""', "null"):
        raw = f'{{"errcode":0,"data":{{"result":{{"status":2,"pi":{empty}}}}}}}'
        assert read_result(raw) == Result("failed")
    assert read_result('{"errcode":0,"data":{"result":{"status":1}}}') == Result("pending")


@pytest.mark.parametrize("data", ["", ',"data":""', ',"data":null', ',"data":{}'])
def test_a_report_was_taken_whatever_the_empty_answer_looks_like(data):
    assert read_report(f'{{"errcode":0,"errmsg":"ok"{data}}}') == ()


def test_the_items_that_were_not_taken_are_named():
    raw = '{"errcode":3001,"errmsg":"","data":{"results":[{"no":2,"errcode":3005,"errmsg":"x"}]}}'
    assert read_report(raw) == (FailedItem(2, 3005),)


@pytest.mark.parametrize(
    "results",
    ["null", "[]", "{}", '[{"no":0,"errcode":3005}]', '[{"no":129,"errcode":3005}]', "[1]",
     '[{"no":1,"errcode":0}]', '[{"no":1}]', '[{"no":true,"errcode":3005}]',
     '[{"no":1,"errcode":3005},{"no":1,"errcode":3005}]', '[{"no":"1","errcode":3005}]'],
)  # fmt: skip
def test_a_report_of_which_nothing_can_be_told_is_no_answer(results):
    with pytest.raises(ProviderUnavailable):
        read_report(f'{{"errcode":3001,"data":{{"results":{results}}}}}')
    with pytest.raises(ProviderUnavailable):
        read_report('{"errcode":0,"data":{"results":[{"no":1,"errcode":3005}]}}')


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(PIS)
names = st.sampled_from(["errcode", "errmsg", "data", "result", "results", "status", "pi", "no"])
replies = st.one_of(
    st.text(),
    st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner)
    ).map(json.dumps),
    st.tuples(st.just(GOOD), st.integers(0, len(GOOD)), st.text(max_size=3)).map(
        lambda t: t[0][: t[1]] + t[2] + t[0][t[1] + 1 :]
    ),
)


@given(replies)
def test_whatever_comes_back_only_documented_errors(raw):
    for read in (read_result, read_report):
        with contextlib.suppress(ProviderUnavailable, ProviderRejected):
            read(raw)
    with contextlib.suppress(BadSignature):
        unseal(KEY, raw)
    assert not json_object(raw) or isinstance(json.loads(raw), dict)


@given(st.text(max_size=40) | st.binary() | st.none() | st.integers())
@example("1hpfml" + "0" * 32)
@example("000000" + "0" * 32)
@example("pppppp" + "0" * 32)
@example("1HPFML" + "0" * 32)
@example("+1hpfm" + "0" * 32)
def test_a_national_key_is_well_formed_or_a_value_error(pi):
    try:
        born = birth_date_of_pi(pi)
    except ValueError:
        return
    assert re.fullmatch("[0-9a-p]{6}[0-9a-z]{32}", pi)
    assert int(pi[:6], 26) == int(f"{born:%Y%m%d}") if born > date(1000, 1, 1) else born


# -- the canary ------------------------------------------------------------------------------------

NAME, NUMBER, CANARY_KEY = "金丝雀甲乙丙", "11010519491231002X", "c0ffee5ec2e7c0ffee5ec2e7c0ffee99"
CANARIES = (
    NAME,
    NUMBER,
    CANARY_KEY,
    NUMBER[:17],
    json.dumps(NAME)[1:-1],
    repr(NAME.encode())[2:-1],
)
SOURCE = str(Path(minorguard.__file__).parent)


def calls():
    """Every public call of this part, with a canary in each place that takes a secret."""
    name, number, key = PersonName(NAME), IdNumber.parse(NUMBER), Secret(CANARY_KEY)
    game = Credentials("a", "b", key)
    request = CheckRequest("a", name, number)
    text = f'{{"name":"{NAME}","idNum":"{NUMBER}"}}'.encode()
    body = seal(key, text, nonce=NONCE)
    params = {"name": NAME, "idNum": NUMBER}
    bad_number, bad_name, bad_key = NUMBER[:17] + "0", NAME + "\n", CANARY_KEY + "0"
    event = Event(session="s", kind="login", at_s=1000, pi=PIS[0])
    at = {"timestamp_ms": AT_MS}
    yield from (
        lambda: name,
        lambda: number,
        lambda: key,
        lambda: game,
        lambda: request,
        lambda: event,
        lambda: Secret(CANARY_KEY.encode()),
        lambda: [name, {"k": number}],
        lambda: number.kind,
        lambda: PersonName(bad_name),
        lambda: PersonName(NAME * 20),
        lambda: PersonName(NAME.encode()),
        lambda: PersonName([NAME]),
        lambda: Secret([CANARY_KEY]),
        lambda: Secret({CANARY_KEY: NAME}),
        lambda: IdNumber(NUMBER),
        lambda: IdNumber.parse(bad_number),
        lambda: IdNumber.parse([NUMBER]),
        lambda: IdNumber.parse(NUMBER * 9),
        lambda: IdNumber.parse(NUMBER, at=date(1900, 1, 1)),
        lambda: IdNumber.parse(NUMBER, at=NUMBER),
        lambda: IdNumber.parse(NUMBER + NAME),
        lambda: IdNumber.parse("110105491231002" + NAME, allow_15=True),
        lambda: Credentials("a", "b", bad_key),
        lambda: Credentials("a", "b", [CANARY_KEY]),
        lambda: Credentials("a b", "b", CANARY_KEY),
        lambda: Credentials("a", "", key),
        lambda: Credentials("a", "b", CANARY_KEY.encode()),
        lambda: CheckRequest("a", NAME, number),
        lambda: CheckRequest("a", name, NUMBER),
        lambda: CheckRequest("", name, number),
        lambda: seal(bad_key, text, nonce=NONCE),
        lambda: seal(CANARY_KEY, text, nonce=b""),
        lambda: seal(key, text.decode(), nonce=NONCE),
        lambda: seal(CANARY_KEY, text * 2000, nonce=NONCE),
        lambda: seal([CANARY_KEY], text, nonce=NONCE),
        lambda: seal(CANARY_KEY, text, nonce=NONCE),
        lambda: unseal(bad_key, body),
        lambda: unseal(CANARY_KEY, body[:-4]),
        lambda: unseal(CANARY_KEY, text.decode()),
        lambda: unseal(CANARY_KEY, text),
        lambda: unseal(KEY, body),
        lambda: sign(CANARY_KEY, params, NAME),
        lambda: sign(bad_key, params, NAME),
        lambda: sign(CANARY_KEY, {"ai": NAME + "bizId"}, text.decode()),
        lambda: sign(CANARY_KEY, NAME, NAME),
        lambda: sign(CANARY_KEY, {NAME: None}, NAME),
        lambda: sign(CANARY_KEY, params, text),
        lambda: verify_sign(CANARY_KEY, params, NAME, NAME),
        lambda: verify_sign(bad_key, params, "", NAME),
        lambda: check_call(game, request, **at, nonce=NONCE),
        lambda: check_call(game, request, **at, nonce=b""),
        lambda: check_call(game, request, timestamp_ms=1, nonce=NONCE),
        lambda: query_call(game, "a", **at),
        lambda: report_call(game, [event], **at, nonce=NONCE),
        lambda: report_call(game, [], **at, nonce=NONCE),
        lambda: birth_date_of_pi(NUMBER),
        lambda: read_result(text.decode()),
        lambda: read_report(text.decode()),
        lambda: read_result(text),
        lambda: read_result(f'{{"errcode":2001,"errmsg":"{NAME}{NUMBER}"}}'),
        lambda: read_report(f'{{"errcode":{NUMBER[:17]},"errmsg":"{NAME}"}}'),
        lambda: setattr(name, "value", NUMBER),
        lambda: name < NAME,
        lambda: name + NAME,
    )


def sinks(value):
    """All the ways in which a value usually gets into a log, a crash report or a file."""
    yield from (repr(value), str(value), f"{value}", ascii(value), pprint.pformat(value))
    for attempt in (
        lambda: pickle.dumps(value).decode("latin-1"),
        lambda: repr(copy.deepcopy(value)),
        lambda: json.dumps(value),
        lambda: json.dumps(value, default=str),
        lambda: json.dumps(value, default=repr),
        lambda: json.dumps(value, default=vars),
        lambda: repr(vars(value)),
        lambda: repr(value.__getstate__()),
        lambda: repr(hash(value)),
    ):
        with contextlib.suppress(TypeError, AttributeError, pickle.PicklingError):
            yield attempt()
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    error = value if isinstance(value, BaseException) else None
    record = logging.LogRecord("canary", 40, "", 1, "%s %r", (value, value), None)
    record.exc_info = error and (type(error), error, error.__traceback__)
    handler.handle(record)
    yield stream.getvalue()


def library_frames(error):
    """What a crash reporter takes along: the local variables of every frame of the library."""
    for trace in (error, error.__cause__, error.__context__):
        if trace is None:
            continue
        stack = traceback.StackSummary.extract(
            ((f, n) for f, n in traceback.walk_tb(trace.__traceback__)
             if f.f_code.co_filename.startswith((SOURCE, "<"))),
            capture_locals=True,
        )  # fmt: skip
        yield "".join(stack.format())
        yield from ("".join(f.locals.values()) for f in stack if f.locals)


def test_no_name_number_or_key_is_in_anything_that_can_be_shown():
    shown, raised = 0, 0
    for number, call in enumerate(calls()):
        try:
            value = call()
        except (MinorguardError, TypeError, AttributeError) as error:
            raised += 1
            value = error
        is_error = isinstance(value, BaseException)
        texts = library_frames(value) if is_error else ()
        if is_error:
            assert value.__cause__ is value.__context__ is None
        elif isinstance(value, bytes):
            continue  # what unseal gives is the plaintext, and the caller's
        for text in [*texts, *sinks(value)]:
            shown += 1
            assert not [canary for canary in CANARIES if canary in text], (number, text)
    assert raised > 40
    assert shown > 500


def test_the_canary_would_be_found():
    secret = NUMBER
    with pytest.raises(ValueError, match=NUMBER) as caught:
        int(secret)
    assert NUMBER in "".join(sinks(caught.value))
    frames = traceback.walk_tb(caught.value.__traceback__)
    assert NUMBER in "".join(traceback.StackSummary.extract(frames, capture_locals=True).format())


def test_the_identity_errors_are_errors_of_the_library_with_a_status():
    for error, status in (
        (ProviderUnavailable("x"), 503),
        (ProviderRejected(1001), 502),
        (BadSignature("x"), 401),
    ):
        assert isinstance(error, IdentityError)
        assert error.status_hint == status
        assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own
