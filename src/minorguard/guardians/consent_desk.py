"""The part of ``Home`` for consents: ask, grant, deny, revoke."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from minorguard.core.subject import CONSENTS, Consent
from minorguard.errors import InvalidRequest
from minorguard.guardians import consents
from minorguard.guardians.bodies import want_key, want_text
from minorguard.guardians.changes import moment, prover, second
from minorguard.guardians.consents import Asked, ConsentNotice, Scope
from minorguard.guardians.desk import EVIDENCE_CHARS_MAX, Act, Desk, Done

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Literal

    from minorguard.core.subject import Subject
    from minorguard.guardians.changes import Change, Second, Verified
    from minorguard.guardians.consents import Outcome, State
    from minorguard.guardians.family import Family


class ConsentDesk(Desk):
    """What guardians have consented to, for a child."""

    def ask(
        self,
        child: Subject,
        scope: Consent,
        notice: ConsentNotice,
        *,
        at: datetime,
        guardian: str | None = None,
    ) -> Change:
        """Ask the guardians for consent to ``scope``, with all that they are shown.

        ``change.id`` is the request to answer, for seven days. After a refusal it is
        ``cooling_down`` until ``change.again_at``, unless a ``guardian`` opens the request. Asked
        again with the same words while it is open, it is the same request.
        """
        _want_scope(scope)
        if type(notice) is not ConsentNotice:
            raise InvalidRequest("notice", "want a ConsentNotice")

        def step(family: Family, now: Second) -> Done:
            if guardian is not None and not family.linked(guardian):
                return Done(family, refused="not_a_guardian")
            name = str(family.seq + 1)
            by = "" if guardian is None else guardian
            asked = Asked(name, now, by, consents.words(notice), notice.policy)
            before = family.scopes.get(scope, Scope())
            outcome = consents.ask(
                before, asked, own_initiative=guardian is not None, cooling_s=self._cooling_s
            )
            request = outcome.scope.asked
            said = {"scope": scope, "policy": notice.policy, "notice": asked.notice}
            answer = {} if request is None or outcome.refused else {"id": request.id}
            return _done(family, scope, outcome, said, answer)

        role: Literal["platform", "guardian"] = "platform" if guardian is None else "guardian"
        return self._do(Act("asked", child, guardian or role, role), at, step)

    def grant(
        self,
        child: Subject,
        scope: Consent,
        request: str,
        *,
        evidence: str,
        at: datetime,
        proof: Verified | None,
        until: datetime | None = None,
    ) -> Change:
        """The guardian of the ``proof`` consents to what that request showed; it holds at once.

        ``evidence``: a reference to what proves it. ``until``: when it ends. Another guardian who
        denied or revoked has to consent again before it holds: then ``change.facts`` is empty.
        """
        _want_scope(scope)
        want_text(evidence, "evidence", EVIDENCE_CHARS_MAX)
        ends = None if until is None else second(until, "until")

        def step(family: Family, now: Second) -> Done:
            if proof is None or not family.proved(proof, at):
                return Done(family, refused="guardian_verification_required")
            if ends is not None and ends <= now:
                raise InvalidRequest("until", "want an instant that is not over")
            before = family.scopes.get(scope, Scope())
            who = proof.guardian
            outcome = consents.grant(before, who, request, evidence=evidence, at=now, until=ends)
            said = {"scope": scope, "request": request, "evidence": evidence, "until": ends}
            return _done(family, scope, outcome, said, {"id": request})

        by = prover(proof, child.id)
        return self._do(Act("granted", child, by, "guardian"), at, step)

    def grant_alone(
        self,
        child: Subject,
        scope: Consent,
        request: str,
        *,
        evidence: str,
        at: datetime,
        until: datetime | None = None,
    ) -> Change:
        """The minor, from fourteen on, consents alone to the use of their own information.

        个人信息保护法 art. 31. ``not_changeable`` for any other scope; a guardian's refusal holds.
        """
        _want_scope(scope)
        want_text(evidence, "evidence", EVIDENCE_CHARS_MAX)
        ends = None if until is None else second(until, "until")
        old_enough = self._ages(child, at).at_least >= consents.ALONE_FROM

        def step(family: Family, now: Second) -> Done:
            if scope not in consents.ALONE:
                return Done(family, refused="not_changeable")
            if not old_enough:
                return Done(family, refused="too_young")
            if ends is not None and ends <= now:
                raise InvalidRequest("until", "want an instant that is not over")
            before = family.scopes.get(scope, Scope())
            outcome = consents.grant(
                before, consents.CHILD, request, evidence=evidence, at=now, until=ends
            )
            said = {"scope": scope, "request": request, "evidence": evidence, "until": ends}
            return _done(family, scope, outcome, said, {"id": request})

        return self._do(Act("granted", child, child.id, "minor"), at, step)

    def deny(
        self, child: Subject, scope: Consent, guardian: str, *, at: datetime, evidence: str = ""
    ) -> Change:
        """A guardian refuses. It needs no proof, and holds against every other guardian's yes."""
        return self._refuse("denied", child, scope, guardian, evidence=evidence, at=at)

    def revoke(
        self, child: Subject, scope: Consent, guardian: str, *, at: datetime, evidence: str = ""
    ) -> Change:
        """Consent is taken back; no proof, no reason needed (个人信息保护法 art. 15).

        ``guardian``: who gave it, or the child's own key for what it consented to alone.
        """
        return self._refuse("revoked", child, scope, guardian, evidence=evidence, at=at)

    def consents(self, child: Subject, *, at: datetime) -> dict[str, datetime | None]:
        """The consents that hold at that instant, and until when."""
        held = self._family(child, at).consents(second(at))
        return {
            scope: None if until is None else moment(until) for scope, until in sorted(held.items())
        }

    def consent_state(self, child: Subject, scope: Consent, *, at: datetime) -> State:
        """How one scope stands: none, requested, granted, denied, revoked or expired."""
        family = self._family(child, at)
        found = family.scopes.get(_want_scope(scope), Scope())
        return consents.state(found, family.consents_count, second(at))

    def _refuse(
        self,
        said: Literal["denied", "revoked"],
        child: Subject,
        scope: Consent,
        guardian: str,
        *,
        evidence: str,
        at: datetime,
    ) -> Change:
        _want_scope(scope)
        want_key(guardian, "guardian")
        want_text(evidence, "evidence", EVIDENCE_CHARS_MAX, optional=True)

        def step(family: Family, now: Second) -> Done:
            before = family.scopes.get(scope, Scope())
            own = guardian == child.id and consents.CHILD in before.answers
            if not (own or family.tightens(guardian)):
                return Done(family, refused="not_a_guardian")
            who = consents.CHILD if own else guardian
            outcome = consents.refuse(before, who, said, at=now, evidence=evidence)
            return _done(family, scope, outcome, {"scope": scope, "evidence": evidence}, {})

        return self._do(Act(said, child, guardian, "guardian"), at, step)


def _done(
    family: Family, scope: str, outcome: Outcome, said: dict[str, Any], answer: dict[str, Any]
) -> Done:
    after = family._replace(scopes={**family.scopes, scope: outcome.scope})
    if outcome.again is not None:
        answer = {**answer, "again_at": moment(outcome.again)}
    if outcome.refused is not None:
        return Done(family, None, answer, outcome.refused)
    same = outcome.scope == family.scopes.get(scope, Scope())
    return Done(after, None if same else said, answer)


def _want_scope(scope: str) -> str:
    if scope not in CONSENTS:
        raise InvalidRequest("scope", f"want one of {', '.join(get_args(Consent))}")
    return scope
