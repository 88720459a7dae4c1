"""Words for people: what a child, a parent and a clerk read. Replaceable by the platform.

Codes are for programs; only this module turns one into a sentence, from a table of texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from minorguard.core.decision import Decision, Finding, Lang

Text = dict[str, str]
"""Language -> sentence."""


class Wording(NamedTuple):
    """The sentences: ``reasons`` by code, ``phrases`` for the frame around them.

    A sentence may name ``{amount}`` (yuan), ``{minutes}``, ``{time}``.
    """

    reasons: Mapping[str, Text]
    phrases: Mapping[str, Text]

    def title(self, lang: Lang = "zh") -> str:
        """The title of the notice: 防沉迷提示, as reviewers of games want it."""
        return self.phrases["title"][lang]

    def reason(self, finding: Finding, lang: Lang = "zh") -> str:
        """One refusal in a sentence: the rule's own words, or those of its code."""
        own = dict(finding.rule.head.message)
        text = own.get(lang) or self.reasons[finding.code][lang]
        limit = finding.limit
        if limit is None or "{" not in text:
            return text
        return text.replace("{amount}", yuan(limit)).replace("{minutes}", str(limit // 60))

    def explain(self, decision: Decision, lang: Lang = "zh") -> str:
        """The whole answer: yes or no, each reason with its articles, and when next."""
        lines = [self.phrases["allowed" if decision.allowed else "refused"][lang]]
        for finding in decision.reasons:
            cited = (lang == "zh" and "；") or "; "
            articles = cited.join(str(citation) for citation in finding.citations)
            lines.append(f"{self.reason(finding, lang)}\n  {articles}")
        for phrase, moment in (
            ("until", decision.until),
            ("next", decision.next_allowed_at),
        ):
            if moment is not None:
                lines.append(self.phrases[phrase][lang].replace("{time}", self._time(moment, lang)))
        lines.extend(self.phrases[state][lang] for state in decision.degraded)
        return "\n".join(lines)

    def _time(self, moment: datetime, lang: Lang) -> str:
        weekday = self.phrases["weekdays"][lang].split()[moment.weekday()]
        return f"{moment:%Y-%m-%d} {weekday} {moment:%H:%M}"


def yuan(fen: int) -> str:
    """20000 -> ``"200"``, 50 -> ``"0.50"``."""
    whole, cents = divmod(fen, 100)
    return f"{whole}.{cents:02d}" if cents else str(whole)
