"""A law file that is wrong is refused whole, and the error says where to look."""

import re
from datetime import date, datetime
from importlib.resources import files

import pytest

from minorguard import ZONE, ConfigurationError, InvalidPack, Play, Show, Spend, Subject, Usage, law
from minorguard.core.citation import PROVENANCES
from minorguard.packs import KNOWN_LAWS
from minorguard.packs.build import rules_of
from minorguard.packs.digest import edition_digests
from minorguard.packs.files import read_pack, shipped, shipped_pack
from minorguard.packs.loader import READINGS
from minorguard.packs.tables import check_lock, ratings

PACK = """
id = "cn.test"
revision = "2026-11-21"
title = { zh = "试", en = "Test" }

[documents.notice]
title = "通知"
number = "1号"
url = "https://example.org/1"
in_force = 2019-11-01

[[rule]]
id = "cn.test.window"
kind = "window"
title = { zh = "时段", en = "Hours" }
acts = ["play"]
ages = { below = 18 }

  [[rule.edition]]
  effective_from = 2019-11-01
  effective_until = 2021-09-01
  provenance = "notice"
  citations = [{ document = "notice", article = "第一条" }]
  hours = [["08:00", "22:00"]]
  days = "every"

  [[rule.edition]]
  effective_from = 2021-09-01
  provenance = "notice"
  citations = [{ document = "notice", article = "第二条" }]
  hours = [["20:00", "21:00"]]
  days = "playable"
"""

DEFAULTS = {name: values[0] for name, values in READINGS.items()}


def load(text):
    pack = read_pack("cn/test.toml", text)
    return list(rules_of(pack, pack.spec.documents, ratings(), DEFAULTS))


def test_a_good_pack_gives_one_rule_for_each_edition():
    assert [rule.id for rule in load(PACK)] == ["cn.test.window"] * 2


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"),
    [
        ("effective_until = 2021-09-01", "", "rule.cn.test.window", "two editions .* 2021-09-01"),
        (
            "effective_until = 2021-09-01",
            "effective_until = 2021-10-01",
            "rule.cn.test.window",
            "two editions in force on 2021-09-01",
        ),
        (
            "effective_until = 2021-09-01",
            "effective_until = 2021-08-01",
            "rule.cn.test.window",
            "no edition from 2021-08-01 on, and no repealed_by",
        ),
        (
            'days = "playable"',
            'days = "playable"\n  effective_until = 2030-01-01',
            "rule.cn.test.window",
            "no edition from 2030-01-01 on, and no repealed_by",
        ),
        (
            "effective_until = 2021-09-01",
            "effective_until = 2019-11-01",
            "rule.cn.test.window",
            "ends before it begins",
        ),
        (
            'citations = [{ document = "notice", article = "第二条" }]',
            "",
            "rule.cn.test.window.edition.2021-09-01.citations",
            "required",
        ),
        (
            'citations = [{ document = "notice", article = "第二条" }]',
            "citations = []",
            "rule.cn.test.window.edition.2021-09-01.citations",
            "at least 1",
        ),
        (
            '{ document = "notice", article = "第二条" }',
            '{ document = "rumour", article = "第二条" }',
            "rule.cn.test.window.edition.2021-09-01.citations",
            "no document is called rumour",
        ),
        (
            "in_force = 2019-11-01",
            "in_force = 2020-11-01",
            "rule.cn.test.window.edition.2019-11-01.citations",
            "in force only from 2020-11-01",
        ),
        ('days = "every"', 'days = "every"\n  grace_s = 5', "rule.cn.test.window", "unknown key"),
        ("revision =", "revison =", "revision", "required"),
        ('kind = "window"', 'kind = "permit"', "rule.cn.test.window", "permit"),
        ('"08:00", "22:00"', '"22:00", "08:00"', "edition.2019-11-01", "must begin before it ends"),
        ('"08:00", "22:00"', '"8:00", "22:00"', "edition.2019-11-01.hours", "pattern"),
        ('provenance = "notice"', 'provenance = "rumour"', "provenance", "law"),
        ("below = 18", "at_least = 18, below = 18", "rule.cn.test.window.ages", "at_least"),
        ("effective_from = 2021-09-01", 'effective_from = "soon"', "edition", "date"),
        ("[documents.notice]", "[documents.notice", "", "line"),
    ],
)
def test_a_wrong_pack_is_refused_by_file_and_key(old, new, key, reason):
    assert old in PACK

    with pytest.raises(InvalidPack) as refused:
        load(PACK.replace(old, new, 1))

    assert refused.value.file == "cn/test.toml"
    assert key in refused.value.key
    assert re.search(reason, refused.value.reason), refused.value.reason
    assert str(refused.value).startswith("cn/test.toml: ")


def test_a_rule_may_not_stand_twice():
    rule = PACK[PACK.index("[[rule]]") :]

    with pytest.raises(InvalidPack, match="there twice"):
        load(PACK + rule)


def test_a_gap_is_fine_where_somebody_repealed_the_rule():
    repealed = PACK.replace(
        "effective_until = 2021-09-01",
        'effective_until = 2021-08-01\n  repealed_by = { document = "notice", article = "末条" }',
    )

    assert len(load(repealed)) == 2


def test_a_cap_without_a_number_is_no_cap():
    text = shipped("cn/game.toml").replace("single_fen = 5000\n  monthly_fen = 20000", "")
    pack = read_pack("cn/game.toml", text)
    documents = {**shipped_pack("cn.base").spec.documents, **pack.spec.documents}

    with pytest.raises(InvalidPack, match="a cap needs"):
        list(rules_of(pack, documents, ratings(), DEFAULTS))


def test_an_edition_that_is_not_the_locked_one_is_refused():
    changed = read_pack("cn/game.toml", shipped("cn/game.toml").replace("= 5000", "= 5001"))

    with pytest.raises(InvalidPack) as refused:
        check_lock("cn/game.toml", dict(edition_digests(changed)))

    assert refused.value.key == "cn.game.spend.from_8@2019-11-01"
    assert "LOCK.toml" in refused.value.reason


@pytest.mark.parametrize("law_id", KNOWN_LAWS)
def test_every_shipped_edition_is_the_locked_one(law_id):
    check_lock(law_id, dict(edition_digests(shipped_pack(law_id))))


ARTICLE = re.compile(
    "第[一二三四五六七八九十百]+(条|项|段|部分).*"  # a numbered article, item, paragraph or part
    "|[一二三四五六七]（[一二三四五六]）([0-9](（[0-9]）)?)?"  # 指南 四（二）1（1）
    "|[一二]、[0-9]"  # 意见 二、6
    "|.+（条文未见）|.+（条号待核）"  # or it says in words that the number was not seen
)


@pytest.mark.parametrize("law_id", KNOWN_LAWS)
def test_every_rule_of_every_edition_cites_an_official_address(law_id):
    for rule in law(law_id).rules:
        assert rule.head.citations
        assert rule.head.provenance in PROVENANCES
        for citation in rule.head.citations:
            assert citation.document
            assert ARTICLE.fullmatch(citation.article)
            assert citation.url.startswith(("https://", "http://"))


def test_the_line_of_an_article_is_found_from_its_number():
    lines = files("minorguard.packs").joinpath("cn/game.toml").read_text("utf-8").splitlines()
    found = [n for n, line in enumerate(lines) if "国新出发〔2021〕14号 §1" in line]

    assert len(found) == 1
    assert any('hours = [["20:00", "21:00"]]' in line for line in lines[found[0] : found[0] + 12])


@pytest.mark.parametrize("ids", [(), ("cn.nosuch",), ("cn.game", "cn.nosuch"), ("",), ("../x",)])
def test_an_unknown_law_is_a_configuration_error(ids):
    with pytest.raises(ConfigurationError, match=r"cn\.game"):
        law(*ids)


@pytest.mark.parametrize("readings", [{"calender": "literal"}, {"calendar": "loose"}])
def test_an_unknown_reading_is_a_configuration_error(readings):
    with pytest.raises(ConfigurationError, match=r"reading|want"):
        law("cn.game", readings=readings)


def test_readings_are_named_in_the_answer_and_change_the_digest():
    plain, literal = law("cn.game"), law("cn.game", readings={"calendar": "literal"})

    assert plain.stamps[0].readings == ()
    assert literal.stamps[0].readings == (("calendar", "literal"),)
    assert plain.stamps[0].digest != literal.stamps[0].digest
    assert plain.stamps == law("cn.game").stamps


def test_two_laws_are_the_union_of_their_rules():
    both = law("cn.game", "cn.base")

    assert [stamp.id for stamp in both.stamps] == ["cn.game", "cn.base"]
    assert set(both.rules) == set(law("cn.game").rules)


# -- notices -------------------------------------------------------------------------------------

NOTICE_2027 = """
year = 2027
holidays = [
  { name = "元旦", from = 2027-01-01, to = 2027-01-03 },
  { name = "春节", from = 2027-02-05, to = 2027-02-11 },
]
workdays = [2027-01-30]
statutory = [2027-01-01, 2027-02-06]
"""  # made up for this test: the real one was not out


def test_a_notice_that_came_out_later_can_be_added(tmp_path):
    file = tmp_path / "2027.toml"
    file.write_text(NOTICE_2027, "utf-8")
    newer = law("cn.game", notices=[file])
    child = Play(Subject("p", born=date(2015, 5, 1), identity="verified"))
    monday = datetime(2027, 2, 8, 20, 30, tzinfo=ZONE)

    assert law("cn.game").decide(child, at=monday).degraded == ("calendar_unannounced",)
    assert newer.decide(child, at=monday).allowed
    assert newer.decide(child, at=monday).degraded == ()
    assert not newer.decide(child, at=datetime(2027, 1, 30, 20, 30, tzinfo=ZONE))
    assert newer.stamps != law("cn.game").stamps
    assert newer.decide(child, at=datetime(2026, 12, 26, 20, 30, tzinfo=ZONE)).degraded == ()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("year = 2027", "year = 2028", "must lie in 2028"),
        ("2027-01-30", "2027-02-06", "holiday and worked"),
        ("to = 2027-01-03", "to = 2026-12-30", "begin before it ends"),
        ("year = 2027", "year = 2027\nextra = 1", "unknown key"),
        ("year = 2027", 'year = "2027"', "integer"),
    ],
)
def test_a_wrong_notice_is_refused_by_file_and_key(tmp_path, old, new, reason):
    file = tmp_path / "2027.toml"
    file.write_text(NOTICE_2027.replace(old, new), "utf-8")

    with pytest.raises(InvalidPack, match=reason) as refused:
        law("cn.game", notices=[file])

    assert refused.value.file == "2027.toml"


# -- house files ---------------------------------------------------------------------------------

HOUSE = """
[[rule]]
id = "daily"
law = "cn.game"
age = { at_least = 8, below = 18 }
ask = "purchase"
daily_fen = 3000

[[rule]]
id = "young"
age = { below = 12 }
windows = [["20:00", "20:30"]]
daily_minutes = 20
max_rating = "8+"
features = { game_account_trade = false }
"""


@pytest.fixture
def house(tmp_path):
    file = tmp_path / "house.toml"
    file.write_text(HOUSE, "utf-8")
    return file


def test_a_house_cap_binds_and_cures_the_missing_daily_cap(house):
    strict = law("cn.game", house=house)
    subject = Subject("p", born=date(2012, 5, 1), identity="verified")
    at = datetime(2026, 11, 18, 15, tzinfo=ZONE)
    usage = Usage(spent_today_fen=2000, spent_month_fen=2000)

    within = strict.decide(Spend(subject, fen=1000), at=at, usage=usage)
    over = strict.decide(Spend(subject, fen=1001), at=at, usage=usage)

    assert within.allowed
    assert within.degraded == ()
    assert within.remaining_fen == 1000
    assert [(r.code, r.rule.id) for r in over.reasons] == [
        ("daily_cap_exceeded", "house.daily.caps")
    ]
    assert law("cn.game").decide(Spend(subject, fen=1000), at=at).degraded == (
        "daily_cap_not_configured",
    )


def test_a_house_cap_for_some_ages_leaves_the_others_unconfigured(tmp_path):
    file = tmp_path / "house.toml"
    file.write_text(HOUSE.replace("below = 18", "below = 16"), "utf-8")
    strict = law("cn.game", house=file)
    at = datetime(2026, 11, 18, 15, tzinfo=ZONE)
    older = Subject("p", born=date(2009, 6, 1), identity="verified")

    assert strict.decide(Spend(older, fen=1), at=at).degraded == ("daily_cap_not_configured",)


def test_house_hours_quota_and_rating_bind_the_ages_they_name(house):
    strict = law("cn.game").tightened_by(str(house))
    at = datetime(2026, 11, 20, 20, 40, tzinfo=ZONE)
    young = Play(Subject("p", born=date(2016, 5, 1), identity="verified"))
    older = Play(Subject("p", born=date(2012, 5, 1), identity="verified"))

    assert [r.rule.id for r in strict.decide(young, at=at).reasons] == ["house.young.windows"]
    assert strict.decide(older, at=at).remaining_s == 1200
    assert strict.stamps == law("cn.game", house=house).stamps != law("cn.game").stamps


def test_a_house_rule_of_another_law_is_left_out(tmp_path):
    file = tmp_path / "house.toml"
    file.write_text(HOUSE, "utf-8")

    assert not any(rule.id.startswith("house.daily") for rule in law("cn.base", house=file).rules)


def test_a_house_rule_of_the_common_law_binds_under_every_law_that_includes_it(tmp_path):
    file = tmp_path / "house.toml"
    text = '[[rule]]\nid = "b"\nlaw = "cn.base"\nage = { below = 18 }\nmax_rating = "8+"\n'
    file.write_text(text + "features = { daily_time_limit = 1800 }\n", "utf-8")
    strict = law("cn.game", house=file)
    child = Subject("p", born=date(2012, 5, 1), identity="verified")
    at = datetime(2026, 11, 18, 15, tzinfo=ZONE)

    assert not strict.decide(Show(child, rating="12+"), at=at)
    assert law("cn.game").decide(Show(child, rating="12+"), at=at)


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"),
    [
        ("daily_fen = 3000", "dayly_fen = 3000", "rule.daily.dayly_fen", "unknown key"),
        ("daily_fen = 3000", "daily_fen = 30.5", "rule.daily.daily_fen", "integer"),
        ("daily_fen = 3000", "daily_fen = true", "rule.daily.daily_fen", "integer"),
        ("daily_fen = 3000", "night_allowed = true", "rule.daily.night_allowed", "unknown key"),
        ('"cn.game"', '"cn.nosuch"', "rule.daily.law", "no law"),
        ("game_account_trade", "teleport", "rule.young.features.teleport", "no feature"),
        ('"8+"', '"9+"', "rule.young.max_rating", "want"),
        ('"20:30"', '"19:30"', "rule.young.windows", "begin before"),
        ("at_least = 8", "at_least = 18", "rule.daily.age", "under below"),
    ],
)
def test_a_wrong_house_file_is_refused_by_file_and_key(tmp_path, old, new, key, reason):
    file = tmp_path / "house.toml"
    file.write_text(HOUSE.replace(old, new), "utf-8")

    with pytest.raises(InvalidPack, match=reason) as refused:
        law("cn.game", house=file)

    assert (refused.value.file, refused.value.key) == ("house.toml", key)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "latin.toml").write_bytes(b'id = "\xe9"')
    (tmp_path / "long.toml").write_bytes(b"#" * (1 << 21))

    with pytest.raises(InvalidPack, match=r"missing\.toml"):
        law("cn.game", house=tmp_path / "missing.toml")
    with pytest.raises(InvalidPack, match=r"latin\.toml: not UTF-8"):
        law("cn.game", house=tmp_path / "latin.toml")
    with pytest.raises(InvalidPack, match="larger than"):
        law("cn.game", house=tmp_path / "long.toml")


# -- wording -------------------------------------------------------------------------------------


def test_a_platform_may_replace_the_wording(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('[reasons]\nidentity_required = { zh = "请实名。" }\n', "utf-8")
    mine = law("cn.game", messages=file)
    decision = mine.decide(Play(Subject("p")), at=datetime(2026, 11, 20, 20, tzinfo=ZONE))

    assert "请实名。" in decision.explain("zh")
    assert "请实名。" not in decision.explain("en")
    assert decision.title() == "防沉迷提示"


def test_wording_for_a_code_that_does_not_exist_is_refused(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('[reasons]\nidentity_requird = { zh = "请实名。" }\n', "utf-8")

    with pytest.raises(InvalidPack) as refused:
        law("cn.game", messages=file)

    assert refused.value.key == "reasons.identity_requird"
