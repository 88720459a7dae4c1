"""``law list`` and ``law show``: from an article to its rules, from a rule to its articles."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from datetime import date
from itertools import chain, groupby
from typing import TYPE_CHECKING, NamedTuple, cast

from minorguard.core.hours import clock
from minorguard.core.rules import EVER, Head, NotCovered
from minorguard.core.shown import Cells
from minorguard.core.subject import FOREVER
from minorguard.errors import ConfigurationError
from minorguard.packs import KNOWN_LAWS, PARTS, law
from minorguard.packs.build import cite
from minorguard.packs.files import shipped_pack
from minorguard.packs.loader import COMMON, READINGS
from minorguard.packs.tables import categories
from minorguard.wire import lawwords as words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from minorguard.core.citation import Citation
    from minorguard.core.decision import Lang
    from minorguard.core.policy import LawStamp
    from minorguard.core.rules import Rule
    from minorguard.core.subject import Ages
    from minorguard.packs.files import PackFile

COVERAGE = {"zh": "适用范围，范围之外不予准许", "en": "What is covered; the rest is refused"}

TEXT: dict[str, words.Words] = {
    "zh": {
        "revision": "修订 {revision}  {digest}…",
        "covers": "{day}起适用：{acts}  {articles}",
        "counts": "{rules}条规则，{editions}个版本",
        "readings": "可选的解释（--reading NAME=VALUE，每项的第一个是默认）",
        "binds": "对象：{ages}  行为：{acts}",
        "repealed": "废止依据：{articles}",
    },
    "en": {
        "revision": "revision {revision}  {digest}…",
        "covers": "from {day} on: {acts}  {articles}",
        "counts": "{rules} rules, {editions} editions",
        "readings": "Readings (--reading NAME=VALUE; the first of each is the default)",
        "binds": "whom: {ages}  acts: {acts}",
        "repealed": "repealed by {articles}",
    },
}
DIGEST_SHOWN = 19

DIGITS = "零一二三四五六七八九"
ARTICLE = re.compile(r"(?:§|第|article|art\.?)?(\d{1,3})条?", re.IGNORECASE)
ARTICLE_AT_THE_END = re.compile(r"(?<=\S)(第[^第条]+条|§)")


class Edition(NamedTuple):
    """One edition of a rule with what only its pack knows: the title, what repealed it."""

    rule: Rule
    title: words.Words
    repealed_by: tuple[Citation, ...] = ()

    @property
    def head(self) -> Head:
        """The rule's id, law, days, acts, ages and citations."""
        return self.rule.head


def _editions_under_all(law_id: str) -> Iterable[Edition]:
    """The same, and after them the rules that only another reading has."""
    found: dict[tuple[str, int], Edition] = {}
    others = [{name: value} for name, values in READINGS.items() for value in values[1:]]
    for readings in ({}, *(other for other in others if _asks(law_id, other))):
        for edition in editions_of(law_id, readings):
            found.setdefault((edition.head.id, edition.head.since), edition)
    return found.values()


def _asks(law_id: str, readings: Mapping[str, str]) -> bool:
    """Whether some rule of the pack is there under such a reading only."""
    asked = (rule.reading.items() for rule in shipped_pack(law_id).spec.rule)
    return any(said in readings.items() for said in chain.from_iterable(asked))


def editions_of(law_id: str, readings: Mapping[str, str] | None = None) -> Iterator[Edition]:
    """A pack's own rules, edition by edition, and what it covers."""
    loaded = law(PARTS.get(law_id, law_id), readings=readings)
    pack = shipped_pack(law_id)
    for coverage in loaded.coverages:
        if coverage.pack == law_id:
            head = Head(
                id=f"{law_id}.coverage",
                pack=law_id,
                citations=coverage.citations,
                provenance="reading",
                acts=coverage.acts,
                since=coverage.since,
            )
            yield Edition(NotCovered(head), COVERAGE)
    repeals = dict(_repeals(pack))
    titles = {rule.id: {"zh": rule.title.zh, "en": rule.title.en} for rule in pack.spec.rule}
    if pack.spec.classifies_content:
        kinds = categories().items()
        titles |= {f"{pack.spec.id}.content.{name}": {"zh": c.zh, "en": c.en} for name, c in kinds}
    for rule in loaded.rules:
        if rule.head.pack == law_id:
            repealed_by = repeals.get((rule.id, rule.head.since), ())
            yield Edition(rule, titles[rule.id], repealed_by)


def _repeals(pack: PackFile) -> Iterator[tuple[tuple[str, int], tuple[Citation, ...]]]:
    packs = (shipped_pack(COMMON), *map(shipped_pack, pack.spec.includes), pack)
    documents = {key: document for part in packs for key, document in part.spec.documents.items()}
    for rule in pack.spec.rule:
        for edition in rule.edition:
            if edition.repealed_by is not None:
                key = (rule.id, edition.effective_from.toordinal())
                yield key, cite(pack.name, rule.id, [edition.repealed_by], documents)


# -- law list ------------------------------------------------------------------------------------


def law_list(lang: Lang, *, as_json: bool) -> str:
    """The laws that ship, and the readings that one may choose."""
    laws = [(law(law_id).stamps[0], tuple(editions_of(law_id))) for law_id in KNOWN_LAWS]
    if as_json:
        answer = {
            "laws": [_law_dict(stamp, editions, lang) for stamp, editions in laws],
            "readings": READINGS,
        }
        return json.dumps(answer, ensure_ascii=False) + "\n"
    return "\n".join((*_listed(laws, lang), "", *_readings(lang))) + "\n"


def _law_dict(stamp: LawStamp, editions: Iterable[Edition], lang: Lang) -> dict[str, object]:
    covers, rules = _apart(editions)
    return {
        "id": stamp.id,
        "title": _title(stamp.id, lang),
        "revision": stamp.revision,
        "digest": stamp.digest,
        "covers": [
            {
                "acts": sorted(edition.head.acts),
                "from": str(date.fromordinal(edition.head.since)),
                "citations": citation_dicts(edition.head.citations),
            }
            for edition in covers
        ],
        "rules": len({edition.head.id for edition in rules}),
        "editions": len(rules),
    }


def _listed(laws: Iterable[tuple[LawStamp, tuple[Edition, ...]]], lang: Lang) -> Iterator[str]:
    text = TEXT[lang]
    for stamp, editions in laws:
        covers, rules = _apart(editions)
        yield f"{stamp.id}  {_title(stamp.id, lang)}"
        revision, digest = stamp.revision, stamp.digest[:DIGEST_SHOWN]
        yield "  " + text["revision"].format(revision=revision, digest=digest)
        for head in (edition.head for edition in covers):
            day, acts = date.fromordinal(head.since), _acts(head, lang)
            articles = words.cited(head.citations, lang)
            yield "  " + text["covers"].format(day=day, acts=acts, articles=articles)
        count = len({edition.head.id for edition in rules})
        yield "  " + text["counts"].format(rules=count, editions=len(rules))


def _readings(lang: Lang) -> Iterator[str]:
    yield TEXT[lang]["readings"]
    for name, values in READINGS.items():
        for value in values:
            yield f"  {name}={value}  {words.reading_words(name, value, lang)}"


def _title(law_id: str, lang: Lang) -> str:
    title = shipped_pack(law_id).spec.title
    return title.zh if lang == "zh" else title.en


def _apart(editions: Iterable[Edition]) -> tuple[list[Edition], list[Edition]]:
    """What a pack covers, and its rules."""
    editions = list(editions)
    covers = [edition for edition in editions if isinstance(edition.rule, NotCovered)]
    return covers, [edition for edition in editions if edition not in covers]


# -- law show ------------------------------------------------------------------------------------


def law_show(query: str, at: date | None, lang: Lang, *, as_json: bool) -> str:
    """The rules that a query means, edition by edition; with ``at`` only those in force then.

    A query is a law (``cn.game``), a rule or the beginning of its name (``cn.game.spend``), or
    words of an article or a title: ``国新出发〔2021〕14号 第一条``, ``条例 44``. Raises
    ``ConfigurationError`` where it means nothing.
    """
    every = [e for law_id in (*KNOWN_LAWS, *PARTS) for e in _editions_under_all(law_id)]
    tokens = _tokens(query)
    found = _named(query, every) or [e for e in every if tokens and _speaks_of(e, tokens)]
    if at is not None:
        day = at.toordinal()
        found = [e for e in found if e.head.since <= day < e.head.until]
    if not found:
        when = "" if at is None else f" on {at}"
        raise ConfigurationError(f"no law, rule or article is found{when} for {query!r}")
    by_rule = [list(same) for _, same in groupby(found, key=lambda edition: edition.head.id)]
    if as_json:
        shown = [_rule_dict(editions, lang) for editions in by_rule]
        return json.dumps(shown, ensure_ascii=False) + "\n"
    return "\n\n".join("\n".join(_shown(editions, lang)) for editions in by_rule) + "\n"


def _named(query: str, editions: Iterable[Edition]) -> list[Edition]:
    return [
        edition
        for edition in editions
        if query == edition.head.pack or f"{edition.head.id}.".startswith(f"{query}.")
    ]


def _tokens(query: str) -> list[set[str]]:
    """The words of a query, each with the other ways of writing it: 44 is 第四十四条."""
    tokens: list[set[str]] = []
    for token in ARTICLE_AT_THE_END.sub(r" \1", query).split():
        number = ARTICLE.fullmatch(token)
        article = {f"第{numeral(int(number[1]))}条"} if number else set[str]()
        tokens.append(article | {_bare(token)} - {""})
    return [token for token in tokens if token]


def _bare(text: str) -> str:
    """Letters and digits alone, so that brackets of any form and spaces do not matter."""
    return "".join(c for c in text.lower() if c.isalnum())


def _speaks_of(edition: Edition, tokens: Iterable[set[str]]) -> bool:
    citations = (*edition.head.citations, *edition.repealed_by)
    texts = [*(f"{c.document}{c.article}" for c in citations), *edition.title.values()]
    return any(
        all(any(form in bare for form in token) for token in tokens) for bare in map(_bare, texts)
    )


def numeral(number: int) -> str:
    """44 -> ``四十四``, as articles are numbered; 0 to 999."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    text = f"{DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        text += "十" if tens == 1 and not hundreds else f"{DIGITS[tens]}十"
    elif hundreds and ones:
        text += "零"
    return text + (DIGITS[ones] if ones or not text else "")


def _shown(editions: list[Edition], lang: Lang) -> Iterator[str]:
    head = editions[0].head
    yield f"{head.id}  {editions[0].title[lang]}"
    ages, acts = words.ages_words(head.ages, lang), _acts(head, lang)
    yield "  " + TEXT[lang]["binds"].format(ages=ages, acts=acts)
    for edition in editions:
        head = edition.head
        provenance = words.PROVENANCES[head.provenance][lang]
        days = f"{date.fromordinal(head.since)} – {words.last_day_words(head.until, lang)}"
        yield f"  {days}  [{provenance}]  {words.rule_words(edition.rule, lang)}".rstrip()
        for citation in head.citations:
            yield f"    {citation}  {citation.url}"
        if edition.repealed_by:
            articles = words.cited(edition.repealed_by, lang)
            yield "    " + TEXT[lang]["repealed"].format(articles=articles)


def _acts(head: Head, lang: Lang) -> str:
    named = (words.ACTS.get(act, {}).get(lang, act) for act in sorted(head.acts))
    return words.comma(lang).join(named)


def _rule_dict(editions: list[Edition], lang: Lang) -> dict[str, object]:
    head = editions[0].head
    return {
        "rule": head.id,
        "law": head.pack,
        "title": editions[0].title[lang],
        "acts": sorted(head.acts),
        "ages": ages_dict(head.ages),
        "editions": [
            {
                "effective_from": str(date.fromordinal(edition.head.since)),
                "effective_until": _end(edition.head.until),
                "says": words.rule_words(edition.rule, lang),
                "numbers": _numbers(edition.rule),
                "message": dict(edition.head.message).get(lang),
                "provenance": edition.head.provenance,
                "citations": citation_dicts(edition.head.citations),
                "repealed_by": citation_dicts(edition.repealed_by),
            }
            for edition in editions
        ],
    }


def ages_dict(ages: Ages) -> dict[str, int | None]:
    """``{"at_least": 8, "below": 16}``; an open end is null."""
    return {"at_least": ages.at_least, "below": ages.below if ages.below < FOREVER else None}


def _end(until: int) -> str | None:
    return None if until == EVER else str(date.fromordinal(until))


def _numbers(rule: Rule) -> dict[str, object]:
    """What a rule's kind adds to its head, for programs."""
    own = {f.name: getattr(rule, f.name) for f in fields(rule) if f.name not in ("head", "ratings")}
    for name, value in own.items():
        if name == "hours":
            own[name] = [[clock(start), clock(end)] for start, end in value]
        elif isinstance(value, frozenset):
            own[name] = sorted(cast("frozenset[str]", value))
        elif isinstance(value, Cells):
            own[name] = value._asdict()
    return own


def citation_dicts(citations: Iterable[Citation]) -> list[dict[str, str]]:
    """Citations as the wire has them."""
    return [{"document": c.document, "article": c.article, "url": c.url} for c in citations]
