"""What was shown stays as it was shown, and a new version is due to everybody again."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minorguard import ZONE, InvalidRequest
from minorguard.errors import OutcomeUnknown, StoreUnavailable
from minorguard.guardians.notice_texts import REST, RIGHTS, rest_tip, rights_notice
from minorguard.guardians.notices import Notice, Notices
from minorguard.stores.records_memory import MemoryRecords
from minorguard.testing.stores import at_once
from recordkit import DURABLE, RECORDS, Forgetful, opened, told_until_killed
from strategies import few

NOW = datetime(2026, 11, 20, 15, tzinfo=ZONE)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
NOTICES = ("rights", "rest")
PEOPLE = ("p-1", "p-2", "p-3")


def notice(version=1, notice_id="rights", since=NOW, zh="权利", en="rights", **more):
    texts = {"zh": zh, "en": en}
    said = {"kind": "rights", "since": since, "texts": texts, "basis": ("条例第二十条",), **more}
    return Notice(id=notice_id, version=version, **said)


@pytest.fixture
def book():
    return Notices(MemoryRecords())


@pytest.fixture(params=RECORDS)
def any_book(request, tmp_path):
    with opened(request.param, tmp_path) as records:
        yield Notices(records)


# -- texts ---------------------------------------------------------------------------------------


def test_a_version_comes_back_as_it_was_published(any_book):
    one = any_book.publish(notice())

    assert any_book.versions("rights") == (one,)
    assert any_book.current("rights", at=NOW) == one
    assert any_book.publish(notice()) == one
    assert any_book.versions("rights") == (one,)


@pytest.mark.parametrize(
    "other",
    [{"zh": "权利。"}, {"en": "Rights"}, {"since": NOW + SECOND}, {"kind": "rules"}, {"basis": ()}],
    ids=str,
)
def test_the_words_of_a_version_never_change(any_book, other):
    one = any_book.publish(notice())

    with pytest.raises(InvalidRequest, match=r"notice\.version"):
        any_book.publish(notice(**other))
    assert any_book.versions("rights") == (one,)


@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(-3, 3)), max_size=6, unique_by=lambda v: v[0])
)
@few(60)
def test_the_highest_version_whose_time_has_come_is_the_current_one(published):
    book = Notices(MemoryRecords())
    for version, days in published:
        book.publish(notice(version, since=NOW + days * DAY))
    for days in range(-4, 5):
        come = [version for version, since in published if since <= days]
        current = book.current("rights", at=NOW + days * DAY)
        assert (current and current.version) == (max(come) if come else None)
    assert [one.version for one in book.versions("rights")] == sorted(v for v, _ in published)


def test_two_notices_whose_names_look_alike_are_two(book):
    book.publish(notice(1, "a"))
    book.publish(notice(11, "a.1"))

    assert [one.version for one in book.versions("a")] == [1]
    assert [one.version for one in book.versions("a.1")] == [11]
    assert book.versions("b") == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": 0},
        {"version": True},
        {"version": 10**6 + 1},
        {"notice_id": "a@1"},
        {"notice_id": "a:b"},
        {"notice_id": ""},
        {"notice_id": "x" * 41},
        {"kind": "advert"},
        {"texts": {"zh": "一"}},
        {"texts": {"zh": "一", "en": " "}},
        {"texts": {"zh": "一", "en": "one", "fr": "un"}},
        {"since": NOW.replace(tzinfo=None)},
    ],
    ids=str,
)
def test_what_can_be_no_notice_is_invalid(wrong):
    with pytest.raises(InvalidRequest):
        notice(**wrong)


# -- who has seen them ---------------------------------------------------------------------------


def test_a_new_version_is_due_to_everybody_again(any_book):
    first = any_book.publish(notice(1))
    any_book.shown("p-1", first, lang="zh", at=NOW)
    assert any_book.due("p-1", NOTICES, at=NOW) == ()
    assert any_book.due("p-2", NOTICES, at=NOW) == (first,)

    second = any_book.publish(notice(2, since=NOW + DAY))
    assert any_book.due("p-1", NOTICES, at=NOW + DAY - SECOND) == ()
    assert any_book.due("p-1", NOTICES, at=NOW + DAY) == (second,)
    assert list(any_book.unseen(second, PEOPLE)) == list(PEOPLE)
    assert list(any_book.unseen(first, PEOPLE)) == ["p-2", "p-3"]


def test_the_first_time_is_kept_with_version_language_and_instant(any_book):
    one = any_book.publish(notice(3))
    any_book.shown("p-1", one, lang="en", at=NOW + SECOND)
    again = any_book.shown("p-1", one, lang="zh", at=NOW + DAY)

    assert (again.notice, again.version, again.person) == ("rights", 3, "p-1")
    assert (again.lang, again.at) == ("en", NOW + SECOND)
    assert list(any_book.seen_by("p-1")) == [again] == list(any_book.seen(one))


moves = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(NOTICES), st.integers(1, 3)), max_size=14
)


@given(moves)
@few(60)
def test_seen_and_unseen_part_the_people_and_due_is_the_unseen_current_version(shown):
    book = Notices(MemoryRecords())
    for notice_id in NOTICES:
        for version in (1, 2, 3):
            book.publish(notice(version, notice_id, since=NOW + version * DAY))
    at = NOW + 9 * DAY
    for person, notice_id, version in shown:
        one = next(n for n in book.versions(notice_id) if n.version == version)
        book.shown(person, one, lang="zh", at=at)

    for notice_id in NOTICES:
        for one in book.versions(notice_id):
            seen = {p for p, n, v in shown if (n, v) == (notice_id, one.version)}
            assert [s.person for s in book.seen(one)] == list(dict.fromkeys(
                p for p, n, v in shown if (n, v) == (notice_id, one.version)
            ))  # fmt: skip
            assert set(book.unseen(one, PEOPLE)) == set(PEOPLE) - seen
    for person in PEOPLE:
        due = {one.id for one in book.due(person, NOTICES, at=at)}
        assert due == {n for n in NOTICES if (person, n, 3) not in shown}


def test_who_is_forgotten_has_seen_nothing_and_others_have(any_book):
    one = any_book.publish(notice())
    for person in PEOPLE:
        any_book.shown(person, one, lang="zh", at=NOW)
    any_book.forget("p-2")

    assert list(any_book.seen_by("p-2")) == []
    assert [shown.person for shown in any_book.seen(one)] == ["p-1", "p-3"]


@pytest.mark.parametrize(
    ("person", "lang", "at"),
    [("p 1", "zh", NOW), ("p-1", "fr", NOW), ("p-1", "zh", NOW - SECOND), ("", "zh", NOW)],
)
def test_what_can_have_been_shown_to_nobody_is_invalid(book, person, lang, at):
    one = book.publish(notice())
    with pytest.raises(InvalidRequest):
        book.shown(person, one, lang=lang, at=at)

    assert list(book.seen(one)) == []


def test_a_version_that_was_never_published_was_never_shown(book):
    with pytest.raises(InvalidRequest, match=r"shown\.notice"):
        book.shown("p-1", notice(), lang="zh", at=NOW)


@pytest.mark.parametrize("name", RECORDS)
def test_of_sixteen_who_show_one_version_at_once_one_is_kept_and_all_are_told_it(name, tmp_path):
    with opened(name, tmp_path) as records:
        book = Notices(records)
        one = book.publish(notice())
        answers = at_once(lambda n: book.shown("p-1", one, lang="zh", at=NOW + n * SECOND))

        assert len(set(answers)) == 1
        assert list(book.seen(one)) == answers[:1]


def show(records, number, tell):
    book, n = Notices(records), 0
    one = book.publish(notice())
    while True:
        book.shown(f"p{number}-{n}", one, lang="zh", at=NOW + n * SECOND)
        tell(f"p{number}-{n}", str(n))
        n += 1


@pytest.mark.parametrize("name", DURABLE)
def test_what_was_acknowledged_as_shown_is_there_after_kill_nine(name, tmp_path):
    told = told_until_killed(name, tmp_path, show, workers=2, lines_wanted=120)
    with opened(name, tmp_path) as records:
        book = Notices(records)
        kept = {shown.person: shown.at for shown in book.seen(notice())}

    assert all(kept[person] == NOW + int(n) * SECOND for person, n in told)


def test_what_nobody_knows_is_done_once_when_it_is_told_again():
    book = Notices(Forgetful(seed=3))

    def again(call):
        while True:
            try:
                return call()
            except OutcomeUnknown:
                continue

    one = again(lambda: book.publish(notice()))
    for n in range(40):
        again(lambda n=n: book.shown(f"p-{n}", one, lang="zh", at=NOW))
    assert [shown.person for shown in book.seen(one)] == [f"p-{n}" for n in range(40)]


def test_a_broken_record_is_an_error_and_never_an_empty_book():
    records = MemoryRecords()
    book = Notices(records)
    one = book.publish(notice())
    book.shown("p-1", one, lang="zh", at=NOW)
    for kind in ("notice", "notice-shown"):
        (record,) = records.list(kind).records
        records.transition(kind, record, state=record.state, body=b"{}")

    with pytest.raises(StoreUnavailable):
        book.versions("rights")
    with pytest.raises(StoreUnavailable):
        list(book.seen_by("p-1"))


# -- the words to begin with ---------------------------------------------------------------------


@pytest.mark.parametrize(("made", "lines"), [(rights_notice, RIGHTS), (rest_tip, REST)])
def test_the_words_to_begin_with_cite_an_article_for_each_sentence_in_both_languages(made, lines):
    one = made(version=1, since=NOW)

    assert len(one.basis) == len(lines)
    for lang in ("zh", "en"):
        said = one.texts[lang].splitlines()
        assert len(said) == len(lines)
        assert all(basis in line for basis, line in zip(one.basis, said, strict=True))
    assert all(en.isascii() and not zh.isascii() for _, zh, en in lines)


def test_no_repr_shows_who_was_shown_what(book):
    one = book.publish(notice(zh="机密"))
    shown = book.shown("p-secret", one, lang="zh", at=NOW)

    assert "p-secret" not in repr(shown)
    assert "机密" not in repr(one)
