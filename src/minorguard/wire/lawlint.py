"""``law lint``: the settings of a house file that change no answer, as text and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from minorguard.wire import lawwords as words
from minorguard.wire.lawbook import ages_dict, citation_dicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from minorguard.core.decision import Lang
    from minorguard.core.lint import Verdict
    from minorguard.core.policy import Law

TEXT: dict[str, words.Words] = {
    "zh": {
        "tightens": "有效",
        "configures": "补足",
        "none": "无效",
        "other_law": "略过",
        "tightens_for": "更严：{whos}",
        "configures_why": "只是填上了法律要求企业设定的数额，本身不更严",
        "none_why": "不改变任何答案，法律已经同样或更严",
        "nothing": "不改变任何答案，本身什么也不限制；企业规则不能放宽法律",
        "other_law_why": "针对 {law}，此处未加载",
        "count": "{settings}项设置，{none}项无效",
    },
    "en": {
        "tightens": "ok",
        "configures": "number",
        "none": "NO EFFECT",
        "other_law": "skipped",
        "tightens_for": "stricter for {whos}",
        "configures_why": "gives the number that the law asks the house for, but restricts nothing",
        "none_why": "changes no answer: the law is as strict or stricter",
        "nothing": "changes no answer: it restricts nothing, and a house cannot loosen the law",
        "other_law_why": "is for {law}, which is not loaded here",
        "count": "{settings} settings, {none} without effect",
    },
}


def without_effect(verdicts: Iterable[Verdict]) -> int:
    """How many settings change nothing: the exit code is 1 if there are any."""
    return sum(verdict.effect == "none" for verdict in verdicts)


def lint_text(verdicts: Iterable[Verdict], lang: Lang) -> str:
    """The verdicts for people, each with the articles that are stricter."""
    verdicts = tuple(verdicts)
    text = TEXT[lang]
    lines = [line for verdict in verdicts for line in _lines(verdict, lang)]
    count = text["count"].format(settings=len(verdicts), none=without_effect(verdicts))
    return "\n".join((*lines, count)) + "\n"


def _lines(verdict: Verdict, lang: Lang) -> Iterator[str]:
    text = TEXT[lang]
    why = text["nothing"]
    if verdict.effect == "tightens":
        why = text["tightens_for"].format(whos=words.whos_words(verdict.whos, lang))
    elif verdict.effect == "other_law":
        why = text["other_law_why"].format(law=verdict.rule.law)
    elif verdict.effect == "configures" or verdict.stricter:
        why = text[f"{verdict.effect}_why"]
    yield f"[{text[verdict.effect]}] {verdict.rule.id}  {verdict.setting or '–'}  {why}"
    for rule in verdict.stricter:
        says = words.rule_words(rule, lang)
        yield f"    {rule.id}  {says}{' ' * 2 * bool(says)}{words.cited(rule.head.citations, lang)}"


def lint_json(law: Law, verdicts: Iterable[Verdict]) -> str:
    """The verdicts for programs, one JSON object."""
    verdicts = tuple(verdicts)
    answer = {
        "law": [{**stamp._asdict(), "readings": dict(stamp.readings)} for stamp in law.stamps],
        "without_effect": without_effect(verdicts),
        "settings": [
            {
                "rule": verdict.rule.id,
                "setting": verdict.setting or None,
                "effect": verdict.effect,
                "ages": [ages_dict(who.old) for who in verdict.whos if who.known],
                "age_unknown": any(not who.known for who in verdict.whos),
                "stricter": [
                    {"rule": rule.id, "citations": citation_dicts(rule.head.citations)}
                    for rule in verdict.stricter
                ],
            }
            for verdict in verdicts
        ],
    }
    return json.dumps(answer, ensure_ascii=False) + "\n"
