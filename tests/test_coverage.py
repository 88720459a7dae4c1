"""Every duty that the law research found is somewhere, and the page says where."""

import importlib.util
import json
import tomllib
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAW = ROOT / "docs" / "law"


@pytest.fixture(scope="module")
def book():
    """docs/law/coverage.py, which is a program and no part of a package."""
    spec = importlib.util.spec_from_file_location("coverage_page", LAW / "coverage.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def told(book):
    return book.read()


# -- the duties -----------------------------------------------------------------------------------


def test_all_131_obligations_and_134_rules_are_there(told):
    assert len(told.rows["obligations"]) == 131
    assert len(told.rows["rules"]) == 134
    assert len({row["id"] for row in told.all_rows}) == 265


def test_every_duty_is_implemented_or_later_or_has_a_reason(book, told):
    assert book.faults(told) == []


def test_whatever_no_pack_may_enforce_says_that_it_was_not_read(book, told):
    unread = [row for row in told.all_rows if book.unverified(row)]

    assert len(unread) == 7
    assert {book.became(row, told.said[row["id"]]) for row in unread} == {book.UNVERIFIED}


def test_no_rule_rests_on_nothing_but_articles_that_nobody_has_read(book, told):
    assert book.cites_only_unread(told) == []


def test_every_word_for_later_work_and_every_reason_is_used_and_in_both_languages(told):
    for key, words in (("later", told.later), ("why", told.why)):
        assert set(words) == {said[key] for said in told.said.values() if key in said}
        assert all(set(text) == {"zh", "en"} for text in words.values())


def test_the_page_is_the_one_that_the_program_writes(book, told):
    assert (LAW / "coverage.md").read_text("utf-8") == book.page(told)


def test_the_page_names_every_duty_once(book, told):
    page = book.page(told)

    assert [row["id"] for row in told.all_rows if page.count(f"| `{row['id']}` ") != 1] == []


# -- and what the check would notice --------------------------------------------------------------


@pytest.fixture(scope="module")
def noticed(book, told):
    """What the check says of a spoiled book, and did not say before."""
    before = book.faults(told)

    def new(**spoiled):
        return [fault for fault in book.faults(told._replace(**spoiled)) if fault not in before]

    return new


def test_a_duty_that_nothing_is_said_of_is_noticed(told, noticed):
    for row_id in told.said:
        less = {key: said for key, said in told.said.items() if key != row_id}
        assert noticed(said=less) == [f"{row_id}: nothing is said of it"]


def test_a_duty_that_was_lost_from_the_list_is_noticed(told, noticed):
    for key in ("obligations", "rules"):
        lost, *rest = told.rows[key]
        assert noticed(rows={**told.rows, key: rest}) == [f"{lost['id']}: no such row"]


def test_a_duty_that_stands_there_twice_is_noticed(told, noticed):
    first = told.rows["rules"][0]

    assert noticed(rows={**told.rows, "rules": [first, *told.rows["rules"]]}) == [
        f"{first['id']}: twice"
    ]


@pytest.mark.parametrize(
    "name",
    [
        "cn.base.no_such_rule",
        "cn.base.no_such_rule.*",
        "cn.no_such_pack.rating",
        "minorguard.no_such_module:Thing",
        "minorguard.guard:NoSuchName",
        "minorguard.guard:Guard.no_such_method",
        "guard",
    ],
)
def test_a_name_that_does_not_exist_is_noticed(told, noticed, name):
    said = {**told.said, "LPM-2": {"by": [name]}}

    assert noticed(said=said) == [f"LPM-2: there is no {name}"]


def test_every_name_that_is_given_would_be_missed(book, told):
    names = {name for said in told.said.values() for name in said.get("by", ())}

    assert len(names) > 100
    assert [name for name in names if book.exists(f"{name}_gone")] == []


def test_an_unread_duty_that_a_rule_enforces_is_noticed(told, noticed):
    for by in (["cn.base.rating"], ["cn.base.live_host.*"]):
        said = {**told.said, "CPI-15": {"by": by, "why": "unread"}}
        assert len(noticed(said=said)) == 1


def test_a_rule_that_rests_on_unread_articles_alone_is_noticed(book, told):
    regulation = {"未成年人网络保护条例": ["第二十四条第三款"]}
    both = {"未成年人网络保护条例": ["*"], "移动互联网未成年人模式建设指南": ["*"]}

    assert book.cites_only_unread(told._replace(unread=regulation)) == [
        "cn.base.personalized_marketing"
    ]
    assert "cn.base.minors_mode.leave" in book.cites_only_unread(told._replace(unread=both))


def test_an_empty_disposition_and_an_unknown_word_are_noticed(told, noticed):
    for said in ({}, {"by": []}, {"later": "someday"}, {"why": "so"}, {"why": "people", "x": "y"}):
        assert len(noticed(said={**told.said, "LPM-2": said})) == 1, said


def test_a_draft_in_a_pack_of_law_in_force_is_noticed(told, noticed):
    said = {**told.said, "D26-4": {"by": ["cn.base.rating"]}}

    assert len(noticed(said=said)) == 1


# -- the categories of content --------------------------------------------------------------------

CELLS = ("general", "prominent", "pushed", "mode", "minors_only")
CATEGORIES = tomllib.loads((ROOT / "src/minorguard/packs/cn/categories.toml").read_text("utf-8"))
RESEARCH = json.loads((ROOT / "tests/vectors/content_categories.json").read_text("utf-8"))
MAY_AFFECT = ["prompt", "restricted", "restricted", "restricted", "prohibited"]


def treatment(words):
    """A cell as the research words it, in the five words of the pack."""
    if words.startswith("prohibited"):
        return "prohibited"
    if words == "prompt and stop transmission":
        return "prompt_and_stop"
    if words.startswith("prompt-before-display"):
        return "prompt"
    if words.startswith("not"):  # in a prominent position, to minors, shown
        return "restricted"
    assert words.startswith(("neutral", "n/a", "preferred", "by age")), words
    return "neutral"


def test_every_cell_of_the_fifty_categories_is_the_one_of_the_research():
    assert len(RESEARCH["rows"]) == 50
    for row, cell in product(RESEARCH["rows"], CELLS):
        said = CATEGORIES[row["id"]][cell]
        assert said == treatment(row[RESEARCH["columns"][cell]]), (row["id"], cell)


def test_what_the_measures_of_2026_add_is_treated_as_content_that_may_affect_minors():
    added = set(CATEGORIES) - {row["id"] for row in RESEARCH["rows"]}

    assert len(added) == 18
    for name in added:
        assert [CATEGORIES[name][cell] for cell in CELLS] == MAY_AFFECT, name
        assert CATEGORIES[name]["since"].isoformat() == "2026-03-01"


def test_each_of_the_thirty_one_items_of_the_measures_has_a_category_that_cites_it():
    numerals = [*"〇一二三四五六七八九十", "十一", "十二", "十三"]
    assert len(RESEARCH["items"]) == 31
    for item in RESEARCH["items"]:
        article, number = item["item"].rstrip(")").split("(")
        place = f"第{numerals[int(article)]}条"
        listed = f"{place}第{numerals[int(number)]}项"
        assert item["ids"], item
        for name in item["ids"]:
            cited = {
                citation["article"]
                for citation in CATEGORIES[name]["citations"]
                if citation["document"] == "classification-2026"
            }
            # The last of a list, "other", may stand for the whole article.
            assert listed in cited or (item["says"] == "other" and place in cited), item


def test_no_two_items_share_a_category():
    ids = [name for item in RESEARCH["items"] for name in item["ids"]]

    assert len(ids) == len(set(ids))


def test_a_harmful_category_is_prohibited_everywhere_and_no_cell_is_laxer_for_minors():
    order = ["neutral", "prompt", "restricted", "prompt_and_stop", "prohibited"]
    for name, category in CATEGORIES.items():
        rank = [order.index(category[cell]) for cell in CELLS]
        assert rank[0] <= min(rank[1:]), name
        assert rank[2] <= rank[4], name
        assert rank[3] <= rank[4], name
