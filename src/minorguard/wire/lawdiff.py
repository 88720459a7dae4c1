"""``law diff`` as text and JSON: who may do what under one law and not the other, and why."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.dayfacts import KINDS
from minorguard.core.hours import clock
from minorguard.packs.loader import READINGS
from minorguard.wire import lawwords as words
from minorguard.wire.lawbook import DIGEST_SHOWN, ages_dict, citation_dicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from minorguard.core.answers import DayAnswer
    from minorguard.core.compare import Comparison, Outcome, Pattern, Seconds, Side
    from minorguard.core.dayfacts import DayFacts
    from minorguard.core.decision import Lang
    from minorguard.core.hours import Hours
    from minorguard.core.policy import Law
    from minorguard.core.rules import Rule

EXAMPLES_MAX = 31
"""How many days of a kind the JSON names; one, where the change is the same on every day."""

PARTED_DATES_MAX = 31
DATES_SHOWN = 3
"""How many the text names: of days on which two readings part, and of others."""

TEXT: dict[str, words.Words] = {
    "zh": {
        "head": "{laws}  {first} 至 {last}，{days}天",
        "old": "旧",
        "new": "新",
        "as_of": "每天都按{day}的法律",
        "each_day": "按各天当时的法律",
        "defaults": "默认解释",
        "same": "没有任何答案不同。",
        "week": "每周 {old} → {new} 分钟（多 {gained}，少 {lost}）",
        "every_day": "每一天（{days}）",
        "closed": "关闭 {hours}",
        "opened": "开放 {hours}",
        "minutes": "一天 {old} → {new} 分钟",
        "cap": "{period}限额 {old} → {new}",
        "codes": "拒绝理由 {old} → {new}",
        "notes": "注明 {old} → {new}",
        "duties": "义务 {old} → {new}",
        "none": "无",
        "seen": "旧：算{old}；新：算{new}",
        "more": "等",
        "by": "依据 {side} {rule} {articles}",
        "unannounced": "其中{days}天的放假安排尚未公布，只按周五、周六、周日计算。",
    },
    "en": {
        "head": "{laws}  {first} to {last}, {days} days",
        "old": "old",
        "new": "new",
        "as_of": "the law of {day} on every day",
        "each_day": "the law in force on each day",
        "defaults": "default readings",
        "same": "No answer differs.",
        "week": "{old} → {new} minutes a week ({gained} gained, {lost} lost)",
        "every_day": "every day ({days})",
        "closed": "closed {hours}",
        "opened": "opened {hours}",
        "minutes": "{old} → {new} minutes a day",
        "cap": "cap ({period}) {old} → {new}",
        "codes": "refused because {old} → {new}",
        "notes": "noted {old} → {new}",
        "duties": "duties {old} → {new}",
        "none": "none",
        "seen": "old: {old}; new: {new}",
        "more": "…",
        "by": "under {side} {rule} {articles}",
        "unannounced": "The holidays of {days} of these days are not announced: only Friday, "
        "Saturday and Sunday count.",
    },
}


class KindOfDays(NamedTuple):
    """The days of one kind among those on which an answer flips."""

    kind: str
    days: tuple[DayFacts, ...]


def kinds_of(comparison: Comparison, pattern: Pattern) -> list[KindOfDays]:
    """The days of a change by kind."""
    facts = [comparison.facts(day) for day in pattern.days]
    by_kind = {kind: tuple(fact for fact in facts if fact.kind == kind) for kind in KINDS}
    return [KindOfDays(kind, days) for kind, days in by_kind.items() if days]


def days_compared(law: Law, year: int | None) -> tuple[date, date]:
    """The first and last day of a year, by default of the last whose holidays are announced."""
    if year is None:
        year = max(notice.year for notice in law.calendar.notices)
    return date(year, 1, 1), date(year, 12, 31)


def per_week(seconds: int, days: int) -> Fraction:
    """Minutes a week, exactly, of so many seconds in so many days."""
    return Fraction(seconds * 7, 60 * days)


# -- text ----------------------------------------------------------------------------------------


def diff_text(comparison: Comparison, lang: Lang) -> str:
    """The comparison for people."""
    return "\n".join(_lines(comparison, lang)) + "\n"


def _lines(comparison: Comparison, lang: Lang) -> Iterator[str]:
    text = TEXT[lang]
    old, new = comparison.old, comparison.new
    yield text["head"].format(
        laws=", ".join(stamp.id for stamp in new.law.stamps),
        first=comparison.first,
        last=comparison.last,
        days=comparison.days,
    )
    for name, side in (("old", old), ("new", new)):
        yield f"  {text[name]}  {side_words(side, lang)}"
    for name, *values in parted_readings(comparison):
        means = (f"    {name}={v}  {words.reading_words(name, v, lang)}" for v in values)
        yield from (line.rstrip() for line in means)
    unannounced = unannounced_days(comparison)
    if unannounced:
        yield "  " + text["unannounced"].format(days=unannounced)
    if not comparison.changed:
        yield "\n" + text["same"]
    alike: dict[tuple[object, ...], list[Outcome]] = {}
    for outcome in comparison.changed:
        key = (outcome.act, outcome.detail, weekly_of(outcome), *map(_flip, outcome.changes))
        alike.setdefault(key, []).append(outcome)
    for outcomes in alike.values():
        yield ""
        yield from (_title(outcome, lang) for outcome in outcomes)
        yield from _changes(comparison, outcomes[0], lang)


def weekly_of(outcome: Outcome) -> Seconds | None:
    """The seconds that make sense by the week: of play, and not of a birthday."""
    lasting = any(who.birthday is None for who in outcome.whos)
    return outcome.seconds if outcome.act == "play" and lasting else None


def _flip(pattern: Pattern) -> tuple[object, ...]:
    """What makes two changes read alike."""
    answers = ((answer.open_s, answer.caps, answer.codes) for answer in (pattern.old, pattern.new))
    return (pattern.days, pattern.opened, pattern.closed, *answers)


def side_words(side: Side, lang: Lang) -> str:
    """Which law one side is: its readings, its day and its digest."""
    text = TEXT[lang]
    named = {f"{name}={value}" for stamp in side.law.stamps for name, value in stamp.readings}
    readings = words.comma(lang).join(sorted(named)) or text["defaults"]
    when = text["each_day"]
    if side.as_of is not None:
        when = text["as_of"].format(day=side.as_of)
    named_by = f"{side.name}  " if side.name else ""
    return f"{named_by}{readings}  {when}  {side.law.stamps[0].digest[:DIGEST_SHOWN]}…"


def parted_readings(comparison: Comparison) -> Iterator[tuple[str, str, str]]:
    """The readings on which the two laws part: name, old value, new value."""
    old, new = (dict(s.law.stamps[0].readings) for s in (comparison.old, comparison.new))
    for name, values in READINGS.items():
        before, after = old.get(name, values[0]), new.get(name, values[0])
        if before != after:
            yield name, before, after


def unannounced_days(comparison: Comparison) -> int:
    """How many of the days compared wait for a holiday notice."""
    first, last = comparison.first.toordinal(), comparison.last.toordinal()
    return sum(not comparison.facts(day).announced for day in range(first, last + 1))


def _title(outcome: Outcome, lang: Lang) -> str:
    act = words.ACTS[outcome.act][lang]
    identities = words.identities_words(outcome.identities, lang)
    asked = f"{act} {outcome.detail}" if outcome.detail else act
    whos = words.whos_words(outcome.whos, lang)
    return f"{asked}  {identities}  {whos}"


def _changes(comparison: Comparison, outcome: Outcome, lang: Lang) -> Iterator[str]:
    weekly = weekly_of(outcome)
    if weekly is not None:
        old, new, gained, lost = (decimal(per_week(s, comparison.days)) for s in weekly)
        yield "  " + TEXT[lang]["week"].format(old=old, new=new, gained=gained, lost=lost)
    for pattern in outcome.changes:
        yield from _change(comparison, outcome, pattern, lang)


def decimal(value: Fraction) -> str:
    """Whole, or to one place."""
    return str(value) if value.denominator == 1 else f"{float(value):.1f}"


def _change(
    comparison: Comparison, outcome: Outcome, pattern: Pattern, lang: Lang
) -> Iterator[str]:
    text = TEXT[lang]
    every_day = len(pattern.days) == comparison.days
    days = words.days_words(len(pattern.days), lang)
    if every_day:
        days = text["every_day"].format(days=days)
    what = ("；" if lang == "zh" else "; ").join(_what(outcome, pattern, lang))
    yield f"  {days}  {what}"
    if not every_day:
        for kind in kinds_of(comparison, pattern):
            yield from _kind(kind, lang)
    because = comparison.because(outcome, pattern)
    if because.old == because.new:
        yield from _by(because.old, "", lang)
    else:
        yield from _by(because.old, text["old"], lang)
        yield from _by(because.new, text["new"], lang)


def _what(outcome: Outcome, pattern: Pattern, lang: Lang) -> Iterator[str]:
    """What a change is, in parts: hours, minutes, caps, reasons, notes, duties."""
    text, old, new = TEXT[lang], pattern.old, pattern.new
    for name, hours in (("closed", pattern.closed), ("opened", pattern.opened)):
        if hours:
            yield text[name].format(hours=words.hours_words(hours, lang))
    if outcome.act == "play" and old.open_s != new.open_s:
        minutes = (decimal(Fraction(answer.open_s, 60)) for answer in (old, new))
        yield text["minutes"].format(**dict(zip(("old", "new"), minutes, strict=True)))
    if old.caps != new.caps:
        for (period, before), (_, after) in zip(
            words.caps_words(old.said, lang), words.caps_words(new.said, lang), strict=True
        ):
            if before != after:
                yield text["cap"].format(period=period, old=before, new=after)
    # That a duty comes and goes with the service itself need not be said.
    duties = ("duties",) if bool(old.hours) == bool(new.hours) else ()
    for name in ("codes", "notes", *duties):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            named = [words.comma(lang).join(said) or text["none"] for said in (before, after)]
            yield text[name].format(old=named[0], new=named[1])


def _kind(kind: KindOfDays, lang: Lang) -> Iterator[str]:
    text, comma = TEXT[lang], words.comma(lang)
    seen = {(fact.old, fact.new) for fact in kind.days}
    parted = [pair for pair in seen if pair[0] != pair[1]]
    line = f"{words.KINDS[kind.kind][lang]}  {words.days_words(len(kind.days), lang)}"
    if len(parted) == 1 == len(seen):
        [(old, new)] = parted
        said = text["seen"].format(old=words.SEEN[old][lang], new=words.SEEN[new][lang])
        line += f"{'：' if lang == 'zh' else ': '}{said}"
    yield "    " + line
    shown = kind.days[: PARTED_DATES_MAX if parted else DATES_SHOWN]
    dates = comma.join(_date(fact, lang) for fact in shown)
    more = "" if shown == kind.days else f" {text['more']}"
    yield f"      {dates}{more}"


def _date(fact: DayFacts, lang: Lang) -> str:
    weekday = words.WEEKDAYS[lang][fact.day.weekday()]
    return f"{fact.day} {weekday}{' ' if fact.holiday else ''}{fact.holiday}"


def _by(rules: Iterable[Rule], side: str, lang: Lang) -> Iterator[str]:
    for rule in rules:
        articles = words.cited(rule.head.citations, lang)
        text = TEXT[lang]["by"].format(side=side, rule=rule.id, articles=articles)
        yield "    " + " ".join(text.split())


# -- JSON ----------------------------------------------------------------------------------------


def diff_json(comparison: Comparison, lang: Lang) -> str:
    """The comparison for programs, one JSON object. Minutes a week are exact fractions."""
    first, last = comparison.first.isoformat(), comparison.last.isoformat()
    answer = {
        "old": _side_dict(comparison.old),
        "new": _side_dict(comparison.new),
        "readings": [
            {
                "name": name,
                "old": {"value": old, "means": words.reading_words(name, old, lang)},
                "new": {"value": new, "means": words.reading_words(name, new, lang)},
            }
            for name, old, new in parted_readings(comparison)
        ],
        "first": first,
        "last": last,
        "days": comparison.days,
        "unannounced_days": unannounced_days(comparison),
        "changes": [_outcome_dict(comparison, o, lang) for o in comparison.changed],
    }
    return json.dumps(answer, ensure_ascii=False) + "\n"


def _side_dict(side: Side) -> dict[str, object]:
    stamps = [{**s._asdict(), "readings": dict(s.readings)} for s in side.law.stamps]
    return {"law": stamps, "as_of": side.as_of and str(side.as_of), "name": side.name or None}


def _outcome_dict(comparison: Comparison, outcome: Outcome, lang: Lang) -> dict[str, object]:
    weekly = weekly_of(outcome)
    return {
        "act": outcome.act,
        "detail": outcome.detail or None,
        "identities": outcome.identities,
        "ages": [ages_dict(w.old) for w in outcome.whos if w.known and w.birthday is None],
        "age_unknown": any(not who.known for who in outcome.whos),
        "birthdays": [who.birthday for who in outcome.whos if who.birthday is not None],
        "minutes_per_week": weekly
        and {k: str(per_week(s, comparison.days)) for k, s in weekly._asdict().items()},
        "flips": [_flip_dict(comparison, outcome, p, lang) for p in outcome.changes],
    }


def _flip_dict(
    comparison: Comparison, outcome: Outcome, pattern: Pattern, lang: Lang
) -> dict[str, object]:
    kinds = kinds_of(comparison, pattern)
    because = comparison.because(outcome, pattern)
    named = 1 if len(pattern.days) == comparison.days else EXAMPLES_MAX
    return {
        "days": len(pattern.days),
        "kinds": {kind.kind: len(kind.days) for kind in kinds},
        "opened": _spans(pattern.opened),
        "closed": _spans(pattern.closed),
        "old": _answer_dict(pattern.old, because.old),
        "new": _answer_dict(pattern.new, because.new),
        "examples": [
            {
                "date": fact.day.isoformat(),
                "kind": fact.kind,
                "holiday": fact.holiday or None,
                "announced": fact.announced,
                "old": fact.old,
                "new": fact.new,
                "why": words.why_words(fact, lang),
            }
            for kind in kinds
            for fact in kind.days[:named]
        ],
    }


def _spans(hours: Hours) -> list[list[str]]:
    return [[clock(start), clock(end)] for start, end in hours]


def _answer_dict(answer: DayAnswer, rules: Iterable[Rule]) -> dict[str, object]:
    return {
        "codes": answer.codes,
        "hours": _spans(answer.hours),
        "minutes": str(Fraction(answer.open_s, 60)),
        **answer.said._asdict(),
        "notes": answer.notes,
        "obligations": answer.duties,
        "rules": [{"rule": r.id, "citations": citation_dicts(r.head.citations)} for r in rules],
    }
