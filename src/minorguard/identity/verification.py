"""Whether somebody is who they say: what an authority answered, when, and what may follow it.

A ``VerificationProvider`` asks an authority; ten lines make one::

    class Desk:
        def check(self, claim: Claim, *, at: datetime) -> Verification:
            if not self.seen(claim):
                return Verification("failed", claim.account, None, at)
            born = self.birth_date(claim)
            evidence = AgeEvidence.of_birth(born, "desk", "verified", at)
            return Verification("verified", claim.account, evidence, at)

        def query(self, pending: Verification, *, at: datetime) -> Verification:
            return pending  # it never answers "later"

``testing.ProviderContract`` says whether it is right. A provider raises ``ProviderUnavailable``
when the authority cannot be asked and ``ProviderRejected`` when it refuses the call itself: an
outage changes no status.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn, Protocol, cast

from minorguard.core.calendar import local
from minorguard.core.subject import ANY_AGE, IDENTITIES, NO_CONSENTS, Identity, Subject
from minorguard.errors import InvalidRequest
from minorguard.identity.evidence import AgeEvidence, combine
from minorguard.identity.id_numbers import IdNumber
from minorguard.identity.secrets import PersonName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from minorguard.core.subject import GuardianSettings

PENDING_MAX = timedelta(hours=48)
"""An answer that is still out after this long is none.

接口对接技术规范 V1.8: the result of a check in progress is to be had within 48 hours.
"""

MOVES: Mapping[Identity, frozenset[Identity]] = {
    "none": frozenset({"declared", "estimated", "phone", "pending", "failed", "verified"}),
    "declared": frozenset({"estimated", "phone", "pending", "failed", "verified"}),
    "estimated": frozenset({"phone", "pending", "failed", "verified"}),
    "phone": frozenset({"pending", "failed", "verified"}),
    "pending": frozenset({"failed", "verified"}),
    "failed": frozenset({"phone", "pending", "failed", "verified"}),
    "verified": frozenset({"verified"}),
}
"""The graph: from each status, those that the next answer may have. ``none`` is reached by two
roads that are no answers: a ``pending`` grows old (``at_instant``), or somebody revokes.

- A weaker source never replaces a stronger one, nor a failed check: who said twelve, or was found
  out, could otherwise say thirty the next time.
- ``pending`` never follows ``pending``: asking again would put the 48 hours off for ever.
- ``verified`` does not go down by an answer. A later check that fails (a slip of the pen, a
  stranger who types this account's name) or an authority that is out of service says nothing
  against the first (国新出发〔2021〕14号 §2 asks that the identity was registered and logged in);
  new doubt about the *age* comes in as evidence, and tightens at once. What does take it back is
  a decision of its own, ``revoked``: a rented account, a borrowed number, an authority's word.
"""


@dataclass(frozen=True, slots=True, init=False)
class Claim:
    """Who somebody says they are: what an authority is asked about. Never kept, never printed.

    ``account``: the key that the platform has for this person so far, as in ``Subject.id``.
    ``name`` and ``number``: of the identity document, as typed in.
    """

    account: str = field(repr=False)
    name: PersonName = field(repr=False)
    number: IdNumber = field(repr=False)

    def __init__(self, account: str, name: PersonName, number: IdNumber) -> None:
        put = object.__setattr__
        put(self, "account", account)
        put(self, "name", name)
        put(self, "number", number)
        del account, name, number  # no traceback that shows the locals shows what was given
        if not _is_key(self):
            raise InvalidRequest("claim.account", "want the key of a person, as in Subject.id")
        if type(self.name) is not PersonName:
            raise InvalidRequest("claim.name", "want a PersonName")
        if type(self.number) is not IdNumber:
            raise InvalidRequest("claim.number", "want an IdNumber")

    def __repr__(self) -> str:
        return "Claim(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a claim names a person and is not pickled")


@dataclass(frozen=True, slots=True, init=False)
class Verification:
    """What is known of who a person is: the answer, on what evidence, and since when.

    ``status``: a value of ``Identity``. ``person``: the person's key, as in ``Subject.id`` (the
    authority's own, the national ``pi``, as soon as it gave one; the account until then).
    ``evidence``: what was learned of the age. ``at``: since when; of a ``pending`` one, when the
    authority was first asked.
    """

    status: Identity
    person: str = field(repr=False)
    evidence: AgeEvidence | None
    at: datetime

    def __init__(
        self, status: Identity, person: str, evidence: AgeEvidence | None, at: datetime
    ) -> None:
        put = object.__setattr__
        put(self, "status", status)
        put(self, "person", person)
        put(self, "evidence", evidence)
        put(self, "at", at)
        del person  # no traceback that shows the locals shows it
        if self.status not in IDENTITIES:
            raise InvalidRequest("verification.status", f"want one of {', '.join(IDENTITIES)}")
        if not _is_key(self):
            raise InvalidRequest("verification.person", "want the key of a person")
        if self.evidence is not None and type(self.evidence) is not AgeEvidence:
            raise InvalidRequest("verification.evidence", "want AgeEvidence or None")
        put(self, "at", local(at, "verification.at"))

    def __copy__(self) -> Verification:
        return self

    def __deepcopy__(self, memo: object) -> Verification:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a verification names a person and is not pickled")

    def at_instant(self, now: datetime) -> Verification:
        """The same, as of ``now``: who has been pending for 48 hours is ``none`` again."""
        if local(now, "now") - self.at >= PENDING_MAX and self.status == "pending":
            return replace(self, status="none", at=self.at + PENDING_MAX)
        return self

    def moved(self, answer: Verification) -> Verification:
        """The verification after a new answer. ``InvalidRequest`` for a move not in ``MOVES``.

        An answer older than what is known is refused too, and so is ``verified`` for somebody
        else than the person who was verified: an account that changes hands is revoked first.
        """
        known = self.at_instant(answer.at)
        if answer == known:
            return known
        if answer.at < self.at:
            raise InvalidRequest("verification.at", "want an answer that is newer than the last")
        if answer.status not in MOVES[known.status]:
            reason = f"{known.status} never becomes {answer.status}"
            raise InvalidRequest("verification.status", reason)
        # Only the authority's first yes may name the person anew: by the authority's own key.
        first_yes = answer.status == "verified" and known.status != "verified"
        if answer.person != known.person and not first_yes:
            raise InvalidRequest("verification.person", "want the same person, or revoke first")
        return answer

    def revoked(self, at: datetime) -> Verification:
        """Nothing is known any more from ``at`` on; what speaks for a minor still does.

        It is newer than what it takes back, so that the old answer told again is refused.
        """
        later = max(local(at, "at"), self.at + timedelta(seconds=1))
        return Verification("none", self.person, self.evidence, later)

    def subject(
        self,
        *,
        now: datetime,
        evidences: Iterable[AgeEvidence] = (),
        minors_mode: bool = False,
        consents: frozenset[str] = NO_CONSENTS,
        guardian: GuardianSettings | None = None,
    ) -> Subject:
        """The person to ask the law about at ``now``; ``evidences`` may only make it stricter.

        Where nothing speaks against a birth date that is believed, the subject has it and grows
        older by itself. Else it has the range of ages of ``now`` (see ``combine``): make a new
        one for each request.
        """
        known = self.at_instant(now)
        ages = combine(evidences, known, now)
        given = known.evidence
        exact = given is not None and given.born is not None and ages == given.on(now)
        try:
            return Subject(
                self.person,
                born=given.born if exact and given is not None else None,
                age=ANY_AGE if exact else ages,
                identity=known.status,
                minors_mode=minors_mode,
                consents=consents,
                guardian=guardian,
            )
        except InvalidRequest as error:
            path, reason = error.path, error.reason
        raise InvalidRequest(path, reason)  # anew: the first one's frames show the person


def _is_key(named: Claim | Verification) -> bool:
    """Whether it names somebody as a ``Subject`` may be named. Raises nothing."""
    try:
        Subject(named.account if type(named) is Claim else cast("Verification", named).person)
    except InvalidRequest:
        return False
    return True


class VerificationProvider(Protocol):
    """Somebody who can be asked who a person is.

    Both methods raise ``ProviderUnavailable`` or ``ProviderRejected`` and nothing else of their
    own; ``at`` is the instant of asking and becomes the ``at`` of the answer.
    """

    def check(self, claim: Claim, *, at: datetime) -> Verification:
        """What the authority says of a claim: ``verified``, ``failed`` or ``pending``.

        Until it is ``verified`` the answer's ``person`` is the claim's account.
        """
        ...

    def query(self, pending: Verification, *, at: datetime) -> Verification:
        """What became of a pending check; the same verification while it is still out."""
        ...


class AsyncVerificationProvider(Protocol):
    """The same for programs that await."""

    async def check(self, claim: Claim, *, at: datetime) -> Verification:
        """See ``VerificationProvider.check``."""
        ...

    async def query(self, pending: Verification, *, at: datetime) -> Verification:
        """See ``VerificationProvider.query``."""
        ...
