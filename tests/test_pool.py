"""The pool is a hint: what suits an age comes first, and nothing is ever dropped."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minorguard import Ages, InvalidRequest
from minorguard.guardians.pool import POOLS, TOPIC_WORDS, TOPICS, Label, pool_of, ranked

ages = st.tuples(st.integers(0, 25), st.integers(1, 30)).map(lambda r: Ages(r[0], sum(r)))
labels = st.builds(
    Label,
    topics=st.frozensets(st.sampled_from(TOPICS), max_size=3),
    audio=st.booleans(),
    ages=st.none() | ages,
)
shelves = st.lists(labels, max_size=30).map(lambda found: list(enumerate(found)))


def label_of(item):
    return item[1]


def test_the_bands_are_those_of_the_guideline_and_leave_no_gap():
    assert [pool.band for pool in POOLS] == [(0, 3), (3, 8), (8, 12), (12, 16), (16, 18)]
    assert all(a.band.below == b.band.at_least for a, b in pairwise(POOLS))
    assert all(pool.citation.article == "第五部分（一）" for pool in POOLS)


@pytest.mark.parametrize(
    ("years", "topics"),
    [
        (0, "儿歌 启蒙教育 亲子陪伴"),
        (2, "儿歌 启蒙教育 亲子陪伴"),
        (3, "启蒙教育 兴趣素养 通识教育"),
        (7, "启蒙教育 兴趣素养 通识教育"),
        (8, "通识教育 知识科普 生活技能 正向娱乐 适龄新闻资讯"),
        (11, "通识教育 知识科普 生活技能 正向娱乐 适龄新闻资讯"),
        (12, "通识教育 学科教育 知识科普 生活技能 正向娱乐 适龄新闻资讯"),
        (15, "通识教育 学科教育 知识科普 生活技能 正向娱乐 适龄新闻资讯"),
        (16, "健康向上的内容"),
        (17, "健康向上的内容"),
    ],
)
def test_each_age_has_the_words_of_part_five(years, topics):
    assert pool_of(Ages(years, years + 1)).words("zh") == tuple(topics.split())


def test_sound_is_preferred_under_three_and_nowhere_else():
    assert [pool.prefers_audio for pool in POOLS] == [True, False, False, False, False]


def test_every_topic_has_both_languages_and_is_recommended_to_somebody():
    assert set(TOPIC_WORDS) == set(TOPICS) == {t for pool in POOLS for t in pool.topics}
    assert all(zh and en.isascii() for zh, en in TOPIC_WORDS.values())
    assert pool_of(Ages(16, 17)).words("en") == ("healthy, uplifting content",)


@given(ages)
def test_of_several_bands_the_youngest_counts_and_an_adults_account_may_be_a_childs(ages):
    met = [pool for pool in POOLS if pool.band.meets(ages)]

    assert pool_of(ages) == (met[0] if met else POOLS[0])


@given(shelves, ages)
def test_nothing_is_dropped_and_nothing_comes_in(shelf, ages):
    assert sorted(ranked(shelf, ages, label_of=label_of), key=lambda item: item[0]) == shelf


@given(shelves, ages)
def test_equals_stay_in_their_order_and_ranking_again_changes_nothing(shelf, ages):
    once = ranked(shelf, ages, label_of=label_of)

    assert ranked(once, ages, label_of=label_of) == once
    for label in {label for _, label in shelf}:
        numbers = [n for n, one in once if one == label]
        assert numbers == sorted(numbers)


@given(shelves, ages)
def test_what_is_for_others_never_stands_before_what_is_for_this_age(shelf, ages):
    band = pool_of(ages).band
    order = [
        1 if one.ages is None else 0 if one.ages.meets(band) else 2
        for _, one in ranked(shelf, ages, label_of=label_of)
    ]

    assert order == sorted(order)


@given(shelves, ages)
def test_within_one_label_of_age_a_recommended_topic_comes_first(shelf, ages):
    topics = set(pool_of(ages).topics)
    plain = [(n, Label(topics=one.topics)) for n, one in shelf]
    hits = [bool(one.topics & topics) for _, one in ranked(plain, ages, label_of=label_of)]

    assert hits == sorted(hits, reverse=True)


def test_sound_comes_first_for_the_youngest_alone():
    shelf = [("film", Label()), ("song", Label(audio=True))]

    assert [n for n, _ in ranked(shelf, Ages(2, 3), label_of=label_of)] == ["song", "film"]
    assert [n for n, _ in ranked(shelf, Ages(3, 4), label_of=label_of)] == ["film", "song"]


def test_a_topic_that_nobody_knows_is_invalid():
    with pytest.raises(InvalidRequest, match=r"label\.topics"):
        Label(topics=frozenset({"dolls"}))
