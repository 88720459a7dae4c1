"""A guardian's consents: asked for with all that must be told, answered, taken back, expired.

A grant holds while no guardian of the child has denied or revoked since: of two who disagree the
stricter holds, until that one consents again. No store and no clock: instants are seconds.

Source: 儿童个人信息网络保护规定 art. 9-10 (tell the guardian, offer to refuse; material change:
consent again) and art. 14; 个人信息保护法 art. 15 (withdrawal), 31; 未成年人保护法 art. 72, 76;
网络数据安全管理条例 art. 21-22 (no repeated asking after a clear refusal; no number of days).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal, NamedTuple

from minorguard.errors import InvalidRequest
from minorguard.guardians.bodies import want_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from minorguard.guardians.changes import Refusal, Second

COOLING_S = 30 * 24 * 3600
"""How long nobody asks again after a refusal. A choice of design: the law has no number."""

REQUEST_OPEN_S = 7 * 24 * 3600
"""How long a request can be answered. A choice of design."""

ALONE_FROM = 14
ALONE: frozenset[str] = frozenset({"pi_processing", "optional_pi"})
"""个人信息保护法 art. 31: from fourteen on a minor consents alone to the use of their own data."""

CHILD = ""
"""Who answers for themselves."""

TEXT_CHARS_MAX = 1000

State = Literal["none", "requested", "granted", "denied", "revoked", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentNotice:
    """What a guardian is shown before the answer, each in words of the platform's own.

    儿童个人信息网络保护规定 art. 10: ``purpose`` ``manner`` ``scope`` of what is done; ``place``
    and ``term`` of storage, and what is done ``at_expiry``; ``security`` measures; what a
    ``refusal`` leads to; where to ``complain``; how to ``correct_or_delete``. ``policy``: the
    version of the rules that were shown. ``refusal_offered``: refusing is offered at the same
    time.

    The article is on personal information of children under 14; showing the same for every scope
    is a choice of design.
    """

    purpose: str
    manner: str
    scope: str
    place: str
    term: str
    at_expiry: str
    security: str
    refusal: str
    complain: str
    correct_or_delete: str
    policy: str
    refusal_offered: bool

    def __post_init__(self) -> None:
        for one in fields(self):
            if one.name != "refusal_offered":
                want_text(getattr(self, one.name), f"notice.{one.name}", TEXT_CHARS_MAX)
        if self.refusal_offered is not True:
            # art. 10: 同时提供拒绝选项.
            raise InvalidRequest("notice.refusal_offered", "want true: offer to refuse, too")


class Asked(NamedTuple):
    """A request for consent, with what was shown."""

    id: str
    at: Second
    by: str
    notice: tuple[str, ...]
    policy: str

    @property
    def lapses(self) -> Second:
        """From when it can be answered no more."""
        return self.at + REQUEST_OPEN_S


class Answer(NamedTuple):
    """What one guardian said last. ``until``: a grant ends then."""

    said: Literal["granted", "denied", "revoked"]
    at: Second
    request: str
    policy: str
    evidence: str = ""
    until: Second | None = None


class Scope(NamedTuple):
    """All about one scope of one child."""

    asked: Asked | None = None
    answers: Mapping[str, Answer] = {}


class Outcome(NamedTuple):
    """What became of an operation on a scope."""

    scope: Scope
    refused: Refusal | None = None
    again: Second | None = None


def words(notice: ConsentNotice) -> tuple[str, ...]:
    """The notice's texts in their order, as they are kept for evidence."""
    return tuple(getattr(notice, one.name) for one in fields(notice)[:-1])


def ask(scope: Scope, asked: Asked, *, own_initiative: bool, cooling_s: Second) -> Outcome:
    """Ask for consent, unless it was refused not long ago; the same open request is asked once.

    ``own_initiative``: a guardian opens the request; nobody is pestered then.
    """
    last = scope.asked
    if last is not None and asked.at < last.lapses and last.notice == asked.notice:
        refused_since = any(
            answer.at >= last.at and answer.said != "granted" for answer in scope.answers.values()
        )
        if not refused_since:
            return Outcome(scope)
    noes = [answer.at for answer in scope.answers.values() if answer.said != "granted"]
    if noes and not own_initiative and asked.at < max(noes) + cooling_s:
        return Outcome(scope, "cooling_down", max(noes) + cooling_s)
    return Outcome(scope._replace(asked=asked))


def grant(
    scope: Scope,
    guardian: str,
    request: str,
    *,
    evidence: str,
    at: Second,
    until: Second | None,
) -> Outcome:
    """A guardian consents to what was shown in that request."""
    asked = scope.asked
    if asked is None or asked.id != request or at >= asked.lapses:
        return Outcome(scope, "unknown_request")
    before = scope.answers.get(guardian)
    answer = Answer("granted", at, request, asked.policy, evidence, until)
    if before is not None and before._replace(at=at) == answer:
        return Outcome(scope)
    return Outcome(_answered(scope, guardian, answer))


def refuse(
    scope: Scope,
    guardian: str,
    said: Literal["denied", "revoked"],
    *,
    at: Second,
    evidence: str,
) -> Outcome:
    """A guardian denies, or takes back: no proof and no request is needed to be stricter."""
    asked, before = scope.asked, scope.answers.get(guardian)
    # Said again to a newer request it is a newer no; else it is the same one.
    newer = before is not None and asked is not None and asked.at > before.at
    if before is not None and before.said == said and not newer:
        return Outcome(scope)
    request, policy = ("", "") if asked is None else (asked.id, asked.policy)
    return Outcome(_answered(scope, guardian, Answer(said, at, request, policy, evidence)))


def _answered(scope: Scope, guardian: str, answer: Answer) -> Scope:
    return scope._replace(answers={**scope.answers, guardian: answer})


def without(scope: Scope, guardians: Collection[str]) -> Scope:
    """The scope without what those guardians said."""
    kept = {who: said for who, said in scope.answers.items() if who not in guardians}
    return scope if len(kept) == len(scope.answers) else scope._replace(answers=kept)


def valid(scope: Scope, linked: Callable[[str], bool], at: Second) -> tuple[bool, Second | None]:
    """Whether there is consent at that second, and until when; ``None``: for good.

    A no counts as long as it is kept; a yes only of who is a guardian now.
    """
    if any(answer.said != "granted" for answer in scope.answers.values()):
        return False, None
    grants = [
        answer.until
        for guardian, answer in scope.answers.items()
        if linked(guardian) and answer.at <= at and (answer.until is None or at < answer.until)
    ]
    if not grants:
        return False, None
    known = [until for until in grants if until is not None]
    return True, max(known) if len(known) == len(grants) else None


def state(scope: Scope, linked: Callable[[str], bool], at: Second) -> State:
    """How the scope stands, in one word."""
    if valid(scope, linked, at)[0]:
        return "granted"
    asked = scope.asked
    noes = [answer for answer in scope.answers.values() if answer.said != "granted"]
    answered = {answer.request for answer in scope.answers.values()}
    if asked is not None and at < asked.lapses and asked.id not in answered:
        return "requested"
    if noes:
        return max(noes, key=lambda answer: answer.at).said
    ended = [one for who, one in scope.answers.items() if linked(who) and one.until is not None]
    return "expired" if ended else "none"
