"""Words for people: what a child, a parent and a clerk read. Replaceable by the platform.

Codes are for programs; only this module turns one into a sentence, from a table of texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.acts import Use
from minorguard.core.settings import SETTERS
from minorguard.core.uses import Lesson, Page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from minorguard.core.acts import Request
    from minorguard.core.changes import Change
    from minorguard.core.decision import Decision, Finding, Lang

Text = dict[str, str]
"""Language -> sentence."""


class Wording(NamedTuple):
    """The sentences: ``reasons`` by code, ``phrases`` for the frame around them.

    A sentence may name ``{amount}`` (yuan), ``{minutes}``, ``{time}``.
    """

    reasons: Mapping[str, Text]
    phrases: Mapping[str, Text]
    replaced: frozenset[tuple[str, str]] = frozenset()
    """Code and language of sentences the platform replaced: they win over a rule's own words."""

    def title(self, lang: Lang = "zh") -> str:
        """The title of the notice: 防沉迷提示, as reviewers of games want it."""
        return self.phrases["title"][lang]

    def reason(self, finding: Finding, lang: Lang = "zh") -> str:
        """One refusal in a sentence: the rule's own words, or those of its code."""
        text = self.reasons[finding.code][lang]
        if (finding.code, lang) not in self.replaced:
            text = dict(finding.rule.head.message).get(lang, text)
        limit = finding.limit
        if limit is not None:
            text = text.replace("{amount}", yuan(limit)).replace("{minutes}", str(limit // 60))
        return self.phrases[finding.rule.head.pack][lang] + text if _by_setting(finding) else text

    def explain(self, decision: Decision, lang: Lang = "zh") -> str:
        """The whole answer: yes or no, each reason with its articles, and when next."""
        say = self._say
        lines = [say("allowed" if decision.allowed else "refused", lang)]
        between = say("between", lang)
        for finding in decision.reasons:
            lines.append(self.reason(finding, lang))
            standing = _standing(finding, decision)
            if standing is not None:
                lines.append(f"  {between.join(str(citation) for citation in finding.citations)}")
                lines.append(f"  {say(standing, lang)}")
        if decision.until is not None:
            lines.append(say("until", lang, time=self._time(decision.until, lang)))
        lines.extend(self._changes(decision, lang))
        lines.extend(say("overreach", lang, setting=setting) for setting in decision.overreach)
        lines.extend(say(state, lang) for state in decision.degraded)
        return "\n".join(lines)

    def _changes(self, decision: Decision, lang: Lang) -> Iterator[str]:
        changes = decision.changes
        if changes:
            # Whoever turns out to be an adult need not wait.
            unproven = changes[0].kind == "verify" and decision.request.subject.born is None
            steps = self._say("then_minor" if unproven else "then", lang).join(
                self._step(change, decision, lang) for change in changes
            )
            yield self._say("change", lang, steps=steps)
        elif not decision.allowed:
            yield self._say("put_right" if _is_made(decision.request) else "no_change", lang)

    def _step(self, change: Change, decision: Decision, lang: Lang) -> str:
        kind: str = change.kind
        if change.age is not None and kind == "wait":
            kind = "grow"
        elif kind == "verify" and decision.request.subject.born is None:
            kind = "verify_age"
        readings = dict(decision.segment.law.stamps[0].readings)
        return self._say(
            f"change_{kind}",
            lang,
            time="" if change.at is None else self._time(change.at, lang),
            amount="" if change.fen is None else yuan(change.fen),
            rating=change.rating or "",
            consent=self._say(f"consent_{change.consent}", lang) if change.consent else "",
            age=str(change.age),
            reading=f"age_attainment={readings.get('age_attainment', 'day_after_birthday')}",
        )

    def _say(self, phrase: str, lang: Lang, **facts: str) -> str:
        text = self.phrases[phrase][lang]
        for name, fact in facts.items():
            text = text.replace(f"{{{name}}}", fact)
        return text

    def _time(self, moment: datetime, lang: Lang) -> str:
        weekday = self.phrases["weekdays"][lang].split()[moment.weekday()]
        return f"{moment:%Y-%m-%d} {weekday} {moment:%H:%M}"


def _is_made(request: Request) -> bool:
    """Whether the request is about a thing that its makers can change: a page, a lesson."""
    return isinstance(request, Use) and isinstance(request.about, (Page, Lesson))


def _by_setting(finding: Finding) -> bool:
    return finding.rule.head.pack in SETTERS


def _standing(finding: Finding, decision: Decision) -> str | None:
    """The phrase for what a refusal stands on and who may lift it; none where no law speaks."""
    rule = finding.rule
    if finding.code == "not_covered":
        return None
    if _by_setting(finding) or rule.head.pack == "guard":
        return f"by_{rule.head.pack}"
    if rule.head.provenance == "draft":
        return "by_draft"
    day, calendar = decision.segment.day, decision.segment.law.calendar
    if rule.on_calendar and calendar.makeup_workday(day):
        return "by_makeup"
    windowed_payment = finding.code == "outside_window" and decision.request.act in PAYMENTS
    if windowed_payment or finding.code == "identity_pending":
        return "by_reading"
    return _liftable(finding) or "by_law"


PAYMENTS = ("purchase", "tip")

_LIFTED: dict[str, str] = {
    "guardian_verification_required": "by_verification",
    "recipient_shielded": "by_recipient",
    "cap_not_configured": "by_platform",
}


def _liftable(finding: Finding) -> str | None:
    """The phrase for who may lift what is no flat command of the law."""
    rule = finding.rule
    changers = getattr(rule, "changeable_by", None) or ()
    if finding.code == "consent_required":
        return "by_own_consent" if changers == ("minor",) else "by_consent"
    if rule.head.mode == "out" and finding.code == "feature_off" and "house" not in changers:
        return "by_mode"
    if getattr(rule, "adjust", "") or "guardian" in changers:
        return "by_default"
    if "house" in changers:
        return "by_choice"
    return _LIFTED.get(finding.code)


def yuan(fen: int) -> str:
    """20000 -> ``"200"``, 50 -> ``"0.50"``."""
    whole, cents = divmod(fen, 100)
    return f"{whole}.{cents:02d}" if cents else str(whole)
