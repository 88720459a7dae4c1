"""A word is found through every disguise on the list, where it stands, and nothing else is."""

import random
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from minorguard.content.classifier import CAVEAT, FirstLine, Hit, Pattern
from minorguard.content.folding import LOOKALIKES, STROKES, fold, is_gap, table
from minorguard.errors import InvalidPack, InvalidRequest, MissingExtra
from strategies import few

WORDS = ("赌博", "娱乐城", "加微信", "av", "qq群", "博彩78", "里番", "台球厅")


def first_line(*words, exceptions=(), inside_words=False):
    pattern = Pattern("p.1", "gambling", tuple(words), inside_words)
    return FirstLine([pattern], exceptions)


@pytest.fixture(scope="module")
def look():
    return first_line(*WORDS)


def cuts(look, text):
    return [text[hit.start : hit.end] for hit in look.classify(text)]


# -- the disguises -------------------------------------------------------------------------------

TRADITIONAL = dict(zip("赌乐里厅业发饭号钱网裸体亲", "賭樂裏廳業發飯號錢網裸體親", strict=True))
MARKS = "\u0300\u0336\u0338\u20dd\u20e3\u0489\ufe0f"
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u202e\u3164\u115f\ue000\U000e0041\U000f0000"
SEPARATORS = " \t\n　.,-_*/|~·•…—。！？、“”()【】+=#$￥°→★🎲🔞丶ー"
LOOKS = {"a": "аα", "e": "еε", "o": "оο", "p": "рρ", "c": "с", "v": "v", "q": "q"}


def styled(character):
    """All characters that NFKC turns into this one."""
    return STYLED.get(character, [character])


STYLED = {}
for _point in [*range(0x20000), *range(0x2F800, 0x2FA20)]:
    _normal = unicodedata.normalize("NFKC", chr(_point))
    if len(_normal) == 1 and _normal.isalnum():
        STYLED.setdefault(_normal, []).append(chr(_point))


@st.composite
def disguised(draw, word):
    """The word as somebody writes it who does not want it found."""
    shape = []
    for number, character in enumerate(word):
        seen = draw(st.sampled_from([character, TRADITIONAL.get(character, character)]))
        seen = draw(st.sampled_from([seen, *styled(seen)]))
        if draw(st.booleans()):
            seen = seen.upper() if len(seen.upper()) == 1 else seen
        if character in LOOKS:
            seen = draw(st.sampled_from([seen, *LOOKS[character]]))
        between = st.text(st.sampled_from(MARKS + INVISIBLE + SEPARATORS), max_size=4)
        shape += [draw(between) if number else "", seen, draw(st.text(MARKS, max_size=2))]
    return "".join(shape)


around = st.text(st.sampled_from("一二我们好，。 \u200b今天😀"), max_size=8)


@given(st.data(), st.sampled_from(WORDS), around, around)
@few(600)
def test_a_planted_word_is_found_through_every_disguise_and_cut_out_right(
    look, data, word, before, after
):
    planted = data.draw(disguised(word))
    text = before + planted + after

    hits = look.classify(text)

    first, last = len(before), len(before) + len(planted)
    assert any(
        first <= hit.start and hit.end <= last and fold(text[hit.start : hit.end]) == word
        for hit in hits
    )
    for hit in hits:
        assert fold(text[hit.start]) != ""
        assert fold(text[hit.end - 1]) != ""
        assert 0 < hit.confidence <= 1


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        ("賭博", "赌博"),
        ("赌\u200b博", "赌博"),
        ("赌̶博", "赌博"),
        ("赌。\n博", "赌博"),
        ("赌🎲博", "赌博"),
        ("赌丶博", "赌博"),
        ("ＡＶ", "av"),
        ("🅰🆅", "av"),
        ("Ⓐⓥ", "av"),
        ("𝓐𝓿", "av"),
        ("аv", "av"),
        ("ÀṼ", "av"),
        ("ＱＱ群", "qq群"),
        ("博彩７８", "博彩78"),
        ("博彩⑦❽", "博彩78"),
        ("博彩٧८", "博彩78"),
        ("裏番", "里番"),
        ("檯球廳", "台球厅"),
        ("枱球廳", "台球厅"),
    ],
)
def test_known_disguises(look, seen, word):
    assert cuts(look, f"来{seen}吧") == [seen]
    assert fold(seen) == word


@pytest.mark.parametrize(
    "other",
    ["赌搏", "贝者博", "du bo", "dubo", "赌和博", "赌a博", "赌1博", "都博", "娱城乐", "qq裙", "qq"],
)
def test_what_is_not_on_the_list_of_disguises_is_not_found(look, other):
    assert look.classify(other) == ()


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
@example("が")
@example("ﬃ½㍿™ªᾳǅ")
@example("a\u0345\u0300")
@example("\u302e\U0001d165")
@few(400)
def test_all_normal_forms_of_a_text_fold_the_same(text):
    normal = {form: unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    # Single jamo are other characters than the syllable, and the module says so.
    assume(
        not any(0x1100 <= ord(c) <= 0x11FF or 0xAC00 <= ord(c) <= 0xD7FF for c in normal["NFKD"])
    )
    assert {fold(form) for form in normal.values()} == {fold(text)}


@given(st.text(max_size=40), st.text(max_size=40))
@few(300)
def test_a_fold_is_the_sum_of_its_parts_and_folding_twice_is_folding_once(one, two):
    assert fold(one + two) == fold(one) + fold(two)
    assert fold(fold(one)) == fold(one)


def test_every_character_folds_to_what_folds_to_itself():
    odd = [
        hex(point)
        for point, to in enumerate(table())
        if to is not None and fold(chr(to) if isinstance(to, int) else to) != fold(chr(point))
    ]
    assert odd == []


def test_no_common_character_is_lost_and_simplified_ones_stay():
    common = "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生"
    assert fold(common) == common
    assert [c for c in map(chr, range(0x4E00, 0x9FA6)) if not fold(c)] == sorted(
        c for c in STROKES if 0x4E00 <= ord(c) < 0x9FA6
    )


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
@few(200)
def test_case_is_no_difference(text):
    assert fold(text.casefold()) == fold(text)
    assert fold(text.upper().casefold()) == fold(text.upper())


# -- the same as looking word by word ------------------------------------------------------------

ALPHABET = "赌博娱樂城av AV7，\u200b丶ﬁ㍿賭"


def kind(character):
    return "digit" if character.isdecimal() else "letter" if character.isascii() else ""


def beside(text, place, step):
    while 0 <= place < len(text) and not fold(text[place]) and not is_gap(text[place]):
        place += step
    seen = fold(text[place]) if 0 <= place < len(text) else ""
    return kind(seen[0 if step > 0 else -1]) if seen else ""


def on_a_border(word, text, first, last):
    left = kind(word[0]) and kind(word[0]) == beside(text, first - 1, -1)
    right = kind(word[-1]) and kind(word[-1]) == beside(text, last, 1)
    return not (left or right)


def reference(words, exceptions, text, *, inside_words):
    """What a first line finds, told slowly and in other words."""
    folded, whence = "", []
    for place, character in enumerate(text):
        folded += fold(character)
        whence += [place] * len(fold(character))

    def stretches(phrase):
        for start in range(len(folded) - len(phrase) + 1):
            if folded[start : start + len(phrase)] == phrase:
                yield whence[start], whence[start + len(phrase) - 1] + 1, start, start + len(phrase)

    allowed = [
        (start, end)
        for phrase in exceptions
        for first, last, start, end in stretches(fold(phrase))
        if not any(map(is_gap, text[first:last]))
    ]
    return sorted(
        {
            (first, last)
            for word in set(map(fold, words))
            for first, last, start, end in stretches(word)
            if not any(a <= start and end <= b for a, b in allowed)
            and (inside_words or on_a_border(word, text, first, last))
        }
    )


words = st.lists(st.text(st.sampled_from("赌博娱樂城avf7"), min_size=1, max_size=3), max_size=5)


@given(
    words,
    st.lists(st.text(st.sampled_from("赌博娱城av"), min_size=2, max_size=4), max_size=3),
    st.text(st.sampled_from(ALPHABET), max_size=40) | st.text(max_size=20),
    st.integers(0, 600),
    st.booleans(),
)
@few(500)
def test_hits_are_those_of_a_search_word_by_word(words, exceptions, text, padding, inside_words):
    folded = {fold(word) for word in words}
    exceptions = [phrase for phrase in exceptions if fold(phrase) not in folded]
    look = first_line(*words, exceptions=exceptions, inside_words=inside_words)
    text = "好" * padding + text  # over the edges of blocks

    hits = look.classify(text)

    found = sorted({(hit.start, hit.end) for hit in hits})
    assert found == reference(words, exceptions, text, inside_words=inside_words)
    assert [(hit.start, hit.end) for hit in hits] == sorted((hit.start, hit.end) for hit in hits)


def test_a_long_text_is_cut_as_right_as_a_short_one():
    rng = random.Random(7)
    look = first_line("赌博")
    for chars in (255, 256, 257, 5000):
        text = "".join(rng.choices("好㍿，\u200b的a", k=chars))
        place = rng.randrange(chars)
        text = text[:place] + "赌\u200b。博" + text[place:]
        (hit,) = look.classify(text)
        assert (hit.start, hit.end) == (place, place + 4)
    assert look.classify(text[:place]) == ()


@given(st.text(max_size=60))
@few(200)
def test_no_pattern_no_hit(text):
    assert FirstLine([]).classify(text) == ()
    assert FirstLine([], ["赌博危害教育"]).classify(text + "赌博危害教育") == ()


def test_words_that_overlap_are_all_found():
    both = first_line("赌博", "博彩", "赌博彩票", "博")
    assert cuts(both, "赌博彩票") == ["赌博", "赌博彩票", "博", "博彩"]
    assert cuts(first_line("aa", inside_words=True), "aaaa") == ["aa"] * 3


def test_a_word_of_two_patterns_is_told_for_both():
    look = FirstLine([Pattern("b", "gambling", ("博",)), Pattern("a", "bad_habits", ("博",))])
    assert [(hit.pattern_id, hit.category) for hit in look.classify("博")] == [
        ("a", "bad_habits"),
        ("b", "gambling"),
    ]


# -- borders of words ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("看av片", ["av"]),
        ("AV", ["AV"]),
        ("have favor", []),
        ("ja\u200bva", []),
        ("j\u200bav av\u0336\u200ba", []),
        ("a v", ["a v"]),
        ("java v8", []),
        ("av8", ["av"]),
        ("8av", ["av"]),
        ("éav", []),
        ("加qq群12", ["qq群"]),
        ("aqq群", []),
        ("博彩789", []),
        ("博彩78号", ["博彩78"]),
        ("1博彩78", ["博彩78"]),
    ],
)
def test_a_latin_word_is_not_found_inside_another(look, text, found):
    assert cuts(look, text) == found


def test_unless_it_is_asked_for():
    assert cuts(first_line("av", inside_words=True), "have") == ["av"]


# -- exceptions ----------------------------------------------------------------------------------


def test_a_hit_inside_an_exception_is_none_and_outside_is_one():
    look = first_line("赌博", exceptions=["赌博危害教育", "禁止赌博"])
    assert look.classify("开展赌博危害教育") == ()
    assert look.classify("開展賭\u200b博危害教育") == ()
    (hit,) = look.classify("赌博危害教育，来赌博")
    assert hit.start == 8
    assert len(look.classify("赌博危害")) == 1


def test_an_exception_is_none_when_something_stands_in_it():
    look = first_line("赌博", exceptions=["禁止赌博"])
    for text in ("不再禁止！赌博", "禁止 赌博", "禁止\n赌博", "禁止赌。博"):
        assert len(look.classify(text)) == 1


def test_an_exception_hides_only_what_lies_wholly_in_it():
    look = first_line("赌博", "博彩", exceptions=["反赌博"])
    assert cuts(look, "反赌博彩") == ["博彩"]


# -- what a hit says -----------------------------------------------------------------------------


def test_every_hit_says_that_it_is_no_judgement(look):
    (hit,) = look.classify("来赌博")
    assert hit == Hit("gambling", 1, 3, "p.1", 1.0, "first_line")
    assert hit.caveat() == CAVEAT["zh"]
    assert "人工" in CAVEAT["zh"]
    assert "a person has to judge" in hit.caveat("en")


@pytest.mark.parametrize(
    ("text", "share"),
    [("赌博", 1), ("賭博", 1), ("赌\u200b\u0336博", 1), ("赌 博", 2 / 3), ("赌\n。博", 0.5)],
)
def test_confidence_is_the_share_of_what_is_seen(look, text, share):
    (hit,) = look.classify(text)
    assert hit.confidence == pytest.approx(share)


def test_a_revision_tells_other_words_apart_and_nothing_else():
    base = first_line("赌博", "博彩").revision
    assert first_line("博彩", "賭博").revision == base
    others = [
        first_line("赌博"),
        first_line("赌博", "博彩", exceptions=["禁止赌博"]),
        first_line("赌博", "博彩", inside_words=True),
        FirstLine([Pattern("p.2", "gambling", ("赌博", "博彩"))]),
        FirstLine([Pattern("p.1", "bad_habits", ("赌博", "博彩"))]),
    ]
    assert len({base, *(other.revision for other in others)}) == 6


def test_lone_surrogates_and_the_end_of_unicode_do_no_harm(look):
    assert cuts(look, "赌\ud800博\U0010ffff") == ["赌\ud800博"]


def test_only_text_is_classified(look):
    for wrong in (None, b"x", 7, ["赌博"]):
        with pytest.raises(InvalidRequest):
            look.classify(wrong)


# -- what is given -------------------------------------------------------------------------------

GOOD = """
exceptions = ["赌博危害教育"]
[[pattern]]
id = "gambling.1"
category = "gambling"
words = ["赌博", "賭博", "av"]
[[pattern]]
id = "latin"
category = "porn"
words = ["av"]
inside_words = true
"""


def test_a_file_is_read(tmp_path):
    file = tmp_path / "words.toml"
    file.write_text(GOOD, encoding="utf-8")
    look = FirstLine.from_toml(file)
    hits = look.classify("赌博危害教育 have 賭博")
    assert [(hit.pattern_id, hit.start) for hit in hits] == [("latin", 8), ("gambling.1", 12)]
    assert look.revision == FirstLine.from_toml(str(file)).revision


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("pattern = 1", "pattern"),
        ("exceptions = '赌博'", "exceptions"),
        ("exceptions = ['赌 博']", "exceptions.0"),
        ("words = []", "words"),
        ("[[pattern]]", "pattern.0.category"),
        ("[[pattern]]\nid='a'\ncategory='g'\nwords='赌博'", "pattern.0.words"),
        ("[[pattern]]\nid='a'\ncategory='g'\nwords=[1]", "pattern.a.words.0"),
        ("[[pattern]]\nid='a'\ncategory='g'\nwords=['。！']", "pattern.a.words.0"),
        ("[[pattern]]\nid='a'\ncategory='g'\nwords=[]\nmore=1", "pattern.0.more"),
        ("[[pattern]]\nid='a'\ncategory='g'\nwords=[]\ninside_words=1", "pattern.0.inside_words"),
        ("[[pattern]]\nid='赌'\ncategory='g'\nwords=[]", "pattern"),
        ("[[pattern]]\nid='a'\ncategory=1\nwords=[]", "pattern"),
        ("exceptions=['賭博']\n[[pattern]]\nid='a'\ncategory='g'\nwords=['赌博']", "exceptions.0"),
        ("\xff\x00", ""),
        (None, ""),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_name_and_place(tmp_path, text, place):
    file = tmp_path / "words.toml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidPack) as refused:
        FirstLine.from_toml(file)
    assert (refused.value.file, refused.value.key) == ("words.toml", place)
    assert str(tmp_path) not in str(refused.value)


def test_patterns_that_are_wrong_are_refused():
    for patterns, exceptions in (
        ([Pattern("a", "g", ("x",)), Pattern("a", "h", ("y",))], ()),
        ([Pattern("a", "g", "赌博")], ()),  # a text is no list of words
        ([Pattern("a", "g", ("字" * 65,))], ()),
        ([Pattern("", "g", ("x",))], ()),
        ([], "赌博"),
    ):
        with pytest.raises(InvalidPack):
            FirstLine(patterns, exceptions)


def python(code):
    source = str(Path(__file__).parents[1] / "src")
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {source!r})\n{code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("missing", ["opencc", "ahocorasick_rs"])
def test_without_the_extra_it_says_what_to_install(missing):
    code = f"""
sys.modules[{missing!r}] = None
from minorguard.content.classifier import FirstLine, Pattern
from minorguard.errors import MissingExtra
try:
    FirstLine([Pattern("a", "g", ("x",))])
except MissingExtra as error:
    print(error.extra)
"""
    assert python(code) == ["text"]
    assert MissingExtra("text").extra == "text"


def test_the_extra_is_not_imported_before_it_is_used():
    code = (
        "import minorguard.content.classifier\nprint({'opencc', 'ahocorasick_rs'} & {*sys.modules})"
    )
    assert python(code) == ["set()"]


def test_many_threads_may_look_at_once(look):
    from minorguard.testing.stores import at_once

    texts = [f"好{'的' * n}賭\u200b博av" for n in range(300)]
    alone = [look.classify(text) for text in texts]
    assert at_once(lambda _: [look.classify(text) for text in texts]) == [alone] * 16


def test_lookalikes_are_letters_that_fold_to_letters():
    for other, latin in LOOKALIKES.items():
        assert latin.isascii()
        assert not other.isascii()
        assert fold(other) == fold(other.upper()) == latin
