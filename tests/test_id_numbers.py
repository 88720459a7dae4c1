"""An identity number is read strictly, shown to nobody, and proves nothing."""

import contextlib
import copy
import json
import pickle
import sys
import unicodedata
import warnings
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum.cn import ric

from minorguard import Subject
from minorguard.errors import IdentityError, InvalidIdNumber, InvalidRequest
from minorguard.identity import id_numbers
from minorguard.identity.id_numbers import REASONS, IdNumber
from minorguard.identity.secrets import PersonName, Secret

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports what newer Pythons deprecate
    from id_validator import validator

VECTORS = json.loads(Path(__file__).with_name("vectors").joinpath("nppa_vectors.json").read_bytes())
CHECKS = "0123456789X"
KINDS = {
    "resident": "resident",
    "hk-residence-permit": "hong_kong_permit",
    "taiwan-residence-permit": "taiwan_permit",
}

births = st.dates(date(1, 1, 1), date(9999, 12, 31))
sequences = st.integers(0, 999).map(lambda n: f"{n:03}")
areas = st.one_of(
    st.integers(100_000, 799_999).map(str),
    st.sampled_from(["810000", "820000", "830000"]),
    st.integers(900_000, 999_999).map(str),
)


def check_of(first17):
    """ISO 7064 MOD 11-2, the other way round: the character that makes the sum 1 modulo 11."""
    total = sum(int(digit) * 2**place for place, digit in zip(range(17, 0, -1), first17))  # noqa: B905 - seventeen of both
    return next(check for value, check in enumerate(CHECKS) if (total + value) % 11 == 1)


def generated(area, born, sequence):
    """What every number generator does."""
    first17 = f"{area}{born:%Y%m%d}".rjust(14, "0") if born.year > 999 else area + ymd(born)
    return first17 + sequence + check_of(first17 + sequence)


def ymd(born):
    return f"{born.year:04}{born.month:02}{born.day:02}"


numbers = st.builds(generated, areas, births, sequences)


def reason_of(text, **options):
    with pytest.raises(InvalidIdNumber) as caught:
        IdNumber.parse(text, **options)
    assert caught.value.reason in REASONS
    return caught.value.reason


@pytest.mark.parametrize("vector", VECTORS["id_numbers"], ids=lambda v: v["number"])
def test_known_numbers(vector):
    number = vector["number"]
    assert check_of(number[:17]) == vector["expected_check"]
    if not vector["checksum_ok"]:
        assert reason_of(number) == "checksum"
        return
    parsed = IdNumber.parse(number)
    assert parsed.reveal() == number
    assert parsed.kind == KINDS[vector["kind"]]
    assert ymd(parsed.born) == number[6:14]


@pytest.mark.parametrize("vector", VECTORS["id15_to_id18"], ids=lambda v: v["id15"])
def test_fifteen_digits_are_lengthened_on_request_alone(vector):
    assert reason_of(vector["id15"]) == "fifteen_digits"
    assert reason_of(vector["id15"], allow_15="yes") == "fifteen_digits"
    parsed = IdNumber.parse(vector["id15"], allow_15=True)
    assert parsed.reveal() == vector["id18"]
    assert parsed.born == date.fromisoformat(vector["birth"])


def test_the_last_sequences_of_fifteen_digits_were_people_born_before_1900():
    assert IdNumber.parse("110105991231995", allow_15=True).born == date(1999, 12, 31)
    assert IdNumber.parse("110105991231996", allow_15=True).born == date(1899, 12, 31)


def test_the_card_of_foreigners_from_2023_has_a_number_like_the_others():
    # 国家移民管理局, the specimen card; the card before it had letters and fifteen characters.
    parsed = IdNumber.parse("932682198501010017")
    assert (parsed.kind, parsed.born) == ("foreign_permanent_resident", date(1985, 1, 1))
    assert reason_of("USA110085010100") == "characters"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "length"),
        ("X", "length"),
        ("1" * 65, "length"),
        ("11000019010101001", "length"),
        ("1100001901010100011", "length"),
        ("11000019010101001\N{ARABIC-INDIC DIGIT ONE}", "characters"),
        ("11000019010101001\N{SUPERSCRIPT TWO}", "characters"),
        ("11000019010101001\N{JAVANESE DIGIT ZERO}", "characters"),
        ("11000019010101001Y", "characters"),
        ("X10000190101010001", "characters"),
        ("1100001901010100XX", "characters"),
        ("11000019010101001\0", "characters"),
        ("110000\N{RIGHT-TO-LEFT OVERRIDE}190101010001", "characters"),
        ("-10000190101010001", "characters"),
        ("11000019010101001\ud800", "characters"),
        ("010000190101010001", "area"),
        ("800000190101010001", "area"),
        ("840000190101010001", "area"),
        ("110000190102290001", "birth_date"),
        ("110000000001010001", "birth_date"),
        ("110000190100010001", "birth_date"),
        ("110000190113010001", "birth_date"),
        ("110000190101320001", "birth_date"),
        ("110000190101010002", "checksum"),
        ("810000850101001", "fifteen_digits"),
        (b"110000190101010001", "not_text"),
        (110000190101010001, "not_text"),
        (None, "not_text"),
    ],
)
def test_each_refusal_has_its_reason(text, reason):
    assert reason_of(text) == reason


def test_fifteen_digits_were_residents_alone():
    assert reason_of("810000850101001", allow_15=True) == "area"


@pytest.mark.parametrize(
    "typed",
    [
        "11000019010101001X",
        "11000019010101001x",
        "110000 19010101 001X",
        " 11000019010101001X　",
        "１１００００１９０１０１０１００１Ｘ",
        "１１０００0１９０１０１０１００１ｘ",
        "110000\N{NO-BREAK SPACE}19010101001X",
    ],
)
def test_what_hands_type_is_made_regular(typed):
    assert IdNumber.parse(typed).reveal() == "11000019010101001X"


def test_a_day_that_has_not_come_is_refused_only_when_the_day_is_told():
    number = generated("110000", date(2026, 11, 21), "001")
    assert IdNumber.parse(number).born == date(2026, 11, 21)
    assert IdNumber.parse(number, at=date(2026, 11, 21)).born == date(2026, 11, 21)
    assert reason_of(number, at=date(2026, 11, 20)) == "in_future"
    with pytest.raises(InvalidRequest):
        IdNumber.parse(number, at=datetime(2026, 11, 21))  # noqa: DTZ001 - a moment, not a day
    with pytest.raises(InvalidRequest):
        IdNumber.parse(number, at="2026-11-21")


@given(numbers)
def test_a_generated_number_is_well_formed_and_no_more_than_that(number):
    parsed = IdNumber.parse(number)
    assert parsed.reveal() == number
    assert ymd(parsed.born) == number[6:14]
    assert {name for name in dir(parsed) if not name.startswith("_")} == {
        "born",
        "kind",
        "reveal",
        "parse",
    }
    with pytest.raises(InvalidRequest):
        Subject("p", born=parsed.born, identity=parsed)


@given(numbers, st.integers(0, 17), st.sampled_from(CHECKS))
def test_one_mistyped_character_is_always_found(number, place, char):
    if char != number[place]:
        with pytest.raises(InvalidIdNumber):
            IdNumber.parse(number[:place] + char + number[place + 1 :])


@given(numbers, st.integers(0, 16))
def test_two_neighbours_swapped_are_always_found(number, place):
    a, b = number[place : place + 2]
    if a != b:
        with pytest.raises(InvalidIdNumber):
            IdNumber.parse(number[:place] + b + a + number[place + 2 :])


@given(st.builds(generated, areas, st.dates(date(1000, 1, 1)), sequences))
def test_python_stdnum_finds_the_same_check_character_and_birth_date(number):
    assert ric.calc_check_digit(number) == number[17]
    assert ric.get_birth_date(number) == IdNumber.parse(number).born


@given(st.integers(0, 364 * 120), sequences, st.booleans())
def test_id_validator_agrees_about_residents_of_an_area_it_knows(days, sequence, damage):
    number = generated("110101", date(1900, 1, 1) + timedelta(days=days), sequence)
    if damage:
        number = number[:17] + CHECKS[(CHECKS.index(number[17]) + 1) % 11]
    with contextlib.suppress(InvalidIdNumber):
        number = IdNumber.parse(number).reveal()
        assert not damage
    assert bool(validator.is_valid(number)) is not damage


nasty = st.one_of(
    st.text(max_size=80),
    st.text("0123456789xXＸ０１９ \u3000", max_size=30),
    numbers.map(lambda n: n + "0"),
    st.tuples(numbers, st.integers(0, 18), st.characters()).map(
        lambda t: t[0][: t[1]] + t[2] + t[0][t[1] + 1 :]
    ),
    st.integers(0, 200_000).map(lambda n: "1" * n),
    st.none() | st.integers() | st.binary() | st.floats() | st.lists(st.text()),
)


@given(nasty, st.booleans())
@example("٣" * 18, False)
@example("꧰" * 18, False)
def test_only_documented_errors(text, allow_15):
    parsed = error = None
    try:
        parsed = IdNumber.parse(text, allow_15=allow_15)
    except InvalidIdNumber as caught:
        error = caught
    if error is not None:
        assert isinstance(error, ValueError)
        assert isinstance(error, IdentityError)
        assert error.reason in REASONS
        assert str(error) == f"not an identity number: {error.reason}"
        assert pickle.loads(pickle.dumps(error)).reason == error.reason  # noqa: S301 - our own
        assert error.__cause__ is error.__context__ is None
    else:
        assert parsed.reveal().isascii()
        assert len(parsed.reveal()) == 18


class Lazy(str):
    """Text that pretends to be another; only real text is read."""

    __slots__ = ()

    def translate(self, _):
        return "110000190101010001"


def test_only_real_text_is_read():
    assert reason_of(Lazy("110000190101010001")) == "not_text"


def test_work_does_not_grow_with_the_length():
    def steps(text):
        seen = 0

        def count(frame, *_):
            nonlocal seen
            if frame.f_code.co_filename != id_numbers.__file__:
                return None  # a collection or another tool may run in between
            seen += 1
            return count

        before = sys.gettrace()
        sys.settrace(count)
        try:
            reason_of(text)
        finally:
            sys.settrace(before)
        return seen

    assert steps("1" * 10_000_000) == steps("1" * 65) <= steps("1" * 64)


# -- values that are never shown -------------------------------------------------------------------

MASKED = [
    PersonName("阿依古丽·买买提"),
    IdNumber.parse("11000019010101001X"),
    Secret("2836e95fcd10e04b0069bb1ee659955b"),
    Secret(b"\x28\x36\xe9\x5f"),
]


@pytest.mark.parametrize("value", MASKED, ids=repr)
def test_it_prints_masked_in_every_way(value):
    masked = f"{type(value).__name__}(***)"
    shown = {repr(value), str(value), f"{value}", f"{value!s:>40}".strip(), f"{value:x}"}
    assert shown == {masked}
    assert ascii(value) == "%s" % value == "{:>9}".format(value) == masked  # noqa: UP031, UP032 - every way


@pytest.mark.parametrize("value", MASKED, ids=repr)
def test_it_is_not_pickled_copied_hashed_changed_or_put_into_json(value):
    for attempt in (
        *(lambda p=p: pickle.dumps(value, p) for p in range(pickle.HIGHEST_PROTOCOL + 1)),
        lambda: copy.copy(value),
        lambda: copy.deepcopy([value]),
        lambda: json.dumps({"v": value}),
        lambda: hash(value),
        lambda: {value},
        value.__reduce__,
        value.__getstate__,
        lambda: bytes(value),
        lambda: list(value),
        lambda: vars(value),
        lambda: value < value,  # noqa: PLR0124 - no order
        lambda: IdNumber("11000019010101001X"),
    ):
        with pytest.raises(TypeError):
            attempt()
    with pytest.raises(AttributeError):
        value.other = 1
    with pytest.raises(AttributeError):
        del value._value


def test_equal_are_those_of_one_type_and_value():
    assert PersonName("某一一") == PersonName(" 某一一 ")
    assert PersonName("某一一") != PersonName("某一二")
    assert PersonName("某一一") != "某一一"
    assert Secret("11000019010101001X") != IdNumber.parse("11000019010101001X")
    assert Secret("a") != Secret(b"a")
    assert Secret("\ud800") == Secret("\ud800")


@pytest.mark.parametrize("value", ["", b"", None, 7, ["key"], bytearray(b"key")])
def test_a_secret_is_text_or_bytes(value):
    with pytest.raises(InvalidRequest):
        Secret(value)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("某一一", "某一一"),
        ("阿依古丽·买买提", "阿依古丽·买买提"),
        ("  Anna Maria　", "Anna Maria"),
        ("Rene\u0301", "René"),
        ("\U00020000\U00031350\ue000", "\U00020000\U00031350\ue000"),  # rare characters of names
        ("某" * 64, "某" * 64),
        ("e\u0301" * 64, "é" * 64),
    ],
)
def test_a_name_is_composed_and_kept(typed, name):
    assert PersonName(typed).reveal() == name


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "　", "某" * 65, "某" * 10_000_000, "某\n一", "某\t一", "某\0", "\x1b[31m某",
        "某\u202e一", "某\u2067一", "某\u200f一", "某\u061c一", "某\u200b一", "\ufeff某",
        "某\u2028一",
        "某\u2029一", "某\ud800", "某\uffff", "某\U0001fffe", "某\x85一", None, 7, b"\xe6", ["某"],
    ],
)  # fmt: skip
def test_a_name_hides_nothing(typed):
    with pytest.raises(InvalidRequest) as caught:
        PersonName(typed)
    assert caught.value.path == "name"
    assert caught.value.__context__ is None


@given(st.text(max_size=100))
def test_a_name_is_good_for_ever_or_refused(text):
    with contextlib.suppress(InvalidRequest):
        name = PersonName(text).reveal()
        assert PersonName(name).reveal() == name == unicodedata.normalize("NFC", name)
        assert 1 <= len(name) <= 64
