"""What ``law list`` and ``law show`` claim: from an article to its rules and back."""

import json
from datetime import date
from typing import get_args

import pytest

from minorguard import law
from minorguard.core.acts import Act
from minorguard.core.calendar import DayKind
from minorguard.core.citation import PROVENANCES
from minorguard.core.compare import ASKED_AS
from minorguard.core.dayfacts import KINDS, SeenAs
from minorguard.core.limits import Period
from minorguard.core.rules import EVER
from minorguard.errors import ConfigurationError
from minorguard.packs import KNOWN_LAWS
from minorguard.packs.loader import READINGS
from minorguard.wire import lawwords
from minorguard.wire.heatmap import KIND_NAMES, STATE_NAMES
from minorguard.wire.lawbook import editions_of, law_list, law_show, numeral
from minorguard.wire.lawhours import State

GAME = law("cn.game")
EDITION_2021 = date(2021, 9, 1)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_list_names_every_law_and_every_reading(lang):
    text, said = law_list(lang, as_json=False), json.loads(law_list(lang, as_json=True))

    assert [each["id"] for each in said["laws"]] == list(KNOWN_LAWS)
    for each in said["laws"]:
        stamp = law(each["id"]).stamps[0]
        assert (each["revision"], each["digest"]) == (stamp.revision, stamp.digest)
        assert each["title"] in text
        assert each["id"] in text
    for name, values in READINGS.items():
        assert said["readings"][name] == list(values)
        for value in values:
            [line] = [line for line in text.splitlines() if f" {name}={value} " in line]
            assert len(line.split()) > 1


def test_the_list_counts_rules_and_editions():
    game = next(
        each for each in json.loads(law_list("zh", as_json=True))["laws"] if each["id"] == "cn.game"
    )
    own = [rule for rule in GAME.rules if rule.head.pack == "cn.game"]

    assert game["rules"] == len({rule.id for rule in own})
    assert game["editions"] == len(own)
    assert [cover["from"] for cover in game["covers"]] == ["2019-11-01"]


CITED = sorted(
    {
        (citation.document, citation.article, edition.head.id)
        for law_id in KNOWN_LAWS
        for edition in editions_of(law_id)
        for citation in edition.head.citations
    }
)


@pytest.mark.parametrize(("document", "article", "rule"), CITED)
def test_from_an_article_one_finds_its_rules(document, article, rule):
    number = document.rpartition("（")[2].rstrip("）")
    for query in (f"{document} {article}", f"{document}{article}", f"{number} {article}"):
        found = json.loads(law_show(query, None, "zh", as_json=True))
        assert rule in {each["rule"] for each in found}


def test_from_a_rule_one_finds_its_articles_edition_by_edition():
    [shown] = json.loads(law_show("cn.game.window", None, "en", as_json=True))

    assert [edition["effective_from"] for edition in shown["editions"]] == [
        "2019-11-01",
        "2021-09-01",
    ]
    assert shown["editions"][0]["effective_until"] == "2021-09-01"
    assert shown["editions"][0]["numbers"]["hours"] == [["08:00", "22:00"]]
    assert [c["article"] for c in shown["editions"][1]["citations"]] == ["第一条"]
    assert shown["ages"] == {"at_least": 0, "below": 18}
    assert shown["title"] == "Hours of play"


@pytest.mark.parametrize(
    ("query", "rules"),
    [
        ("国新出发[2021]14号 第五条", {"cn.game.quota"}),  # which it repeals
        ("可玩时段", {"cn.game.window"}),
        ("hours of play", {"cn.game.window"}),
        ("cn.game.window", {"cn.game.window"}),
        ("cn.game.coverage", {"cn.game.coverage"}),
    ],
)
def test_a_query_may_be_written_as_people_write(query, rules):
    found = {each["rule"] for each in json.loads(law_show(query, None, "zh", as_json=True))}

    assert rules <= found
    assert len(found) == len(rules)


@pytest.mark.parametrize(
    "query", ["未成年人网络保护条例 44", "条例 §44", "条例 art.44", "条例第44条"]
)
def test_an_article_leads_to_every_rule_that_cites_it(query):
    found = json.loads(law_show(query, None, "zh", as_json=True))

    assert {"cn.game.spend.daily", "cn.payments.spend.single"} <= {each["rule"] for each in found}
    for each in found:
        cited = [c for edition in each["editions"] for c in edition["citations"]]
        assert any(c["article"] == "第四十四条" for c in cited)


def test_at_an_instant_only_what_is_in_force_is_shown():
    text = law_show("cn.game", date(2021, 8, 31), "zh", as_json=False)

    assert "08:00–22:00" in text
    assert "20:00–21:00" not in text
    assert "cn.game.quota" in text
    assert "cn.game.quota" not in law_show("cn.game", EDITION_2021, "zh", as_json=False)
    assert "cn.game.spend.daily" not in text


@pytest.mark.parametrize("query", ["cn.gam", "第九百九十九条", "xyzzy", "", "〔〕"])
def test_what_is_not_found_is_said_so(query):
    with pytest.raises(ConfigurationError):
        law_show(query, None, "zh", as_json=False)


def test_every_rule_is_shown_in_words_without_a_hole():
    for lang in ("zh", "en"):
        for law_id in KNOWN_LAWS:
            text = law_show(law_id, None, lang, as_json=False)
            for edition in editions_of(law_id):
                assert edition.head.id in text
                assert edition.title[lang] in text
            assert "None" not in text
            assert str(EVER) not in text


def test_articles_are_numbered_as_the_law_numbers_them():
    numbers = {1: "一", 10: "十", 14: "十四", 20: "二十", 44: "四十四", 75: "七十五"}
    numbers |= {100: "一百", 101: "一百零一", 110: "一百一十", 201: "二百零一", 0: "零"}

    assert {number: numeral(number) for number in numbers} == numbers


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (lawwords.ACTS, get_args(Act)),
        (lawwords.IDENTITIES, ASKED_AS),
        (lawwords.KINDS, KINDS),
        (lawwords.SEEN, get_args(SeenAs)),
        (lawwords.DAYS, get_args(DayKind)),
        (lawwords.PERIODS, get_args(Period)),
        (lawwords.PROVENANCES, PROVENANCES),
        (lawwords.READINGS, READINGS),
        (KIND_NAMES, KINDS),
        (STATE_NAMES, get_args(State)),
    ],
)
def test_what_the_law_can_name_has_words(table, names):
    assert set(table) == set(names)
