"""The claims desk: submitted -> reviewing -> granted | partly_granted | refused | withdrawn.

A claim is decided once (``Moved`` to whoever comes second), each step is kept with who and when,
and what is acknowledged survives ``kill -9``.

- Minors' claims have a queue of their own and are accepted first: 《关于规范网络直播打赏
  加强未成年人保护的意见》(2022-05-07) 二(四), 优先受理; also those of minors who are said to have
  paid on an adult's account. The text has no number of days, so none is here.
- 民法典 art. 157: what was received under a void or refused contract goes back, and loss is shared
  by fault. Whose share is how large is for people to decide: no text in force has a number, so
  nothing here computes one. A proposal can be recorded with its source, and stays one.
- Paying back is the platform's own act; tell the guard: ``guard.record(Refunded(...))``.

A decision goes by what the ``dossier`` says; renew it (``add``) when money moved meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from minorguard.core.subject import want_int
from minorguard.errors import InvalidRequest
from minorguard.guardians import bodies
from minorguard.guardians.bodies import want_key, want_text
from minorguard.guardians.refund_claim import (
    CLAIMANTS,
    GROUNDS,
    KIND,
    OPEN,
    QUEUES,
    TEXT_CHARS_MAX,
    claim_of,
    orders_in,
    queue_of,
    step_of,
)
from minorguard.stores.records import Moved

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from minorguard.core.subject import Subject
    from minorguard.guardians.bodies import Json
    from minorguard.guardians.dossier import Dossier
    from minorguard.guardians.refund_claim import (
        Claimant,
        ClaimState,
        Exhibit,
        Ground,
        RefundClaim,
        Shares,
    )
    from minorguard.stores.records import RecordStore

KIND_OF_PERSON: Final = "claim-of"
"""Only ids: which claims a person has. Written first, so a claim is never without its pointer."""

TAKEN: Final = "another claim is called so"

FEW: Final = 20
"""Claims that are read at a time by somebody who wants one."""


@dataclass(frozen=True, slots=True)
class ClaimPage:
    """Some claims, and ``after`` which the next ones come; no claims: there are no more."""

    claims: tuple[RefundClaim, ...]
    after: str | None


class Claims:
    """The claims desk, over a ``RecordStore``. Safe to use from many threads and processes.

    Every method may raise what the store raises. After ``OutcomeUnknown`` ask again with the same
    words: a step that was done is not done twice.
    """

    def __init__(self, records: RecordStore) -> None:
        self._records = records

    # -- whoever claims -------------------------------------------------------------------------

    def submit(
        self,
        claim_id: str,
        subject: Subject,
        *,
        by: Claimant,
        claimant: str,
        ground: Ground,
        statement: str,
        dossier: Dossier,
        at: datetime,
        exhibits: Iterable[Exhibit] = (),
    ) -> RefundClaim:
        """Put a claim into its queue; submitted again it is the same claim, wherever it stands.

        ``claim_id``: yours, for ever; another claim under the same id is ``InvalidRequest``.
        ``subject``: whose account. ``claimant``: the key of who claims. ``ground``: it chooses the
        queue, so whoever says that a minor paid is believed until somebody has looked.
        """
        want_key(claim_id, "claim.id")
        if by not in CLAIMANTS:
            raise InvalidRequest("claim.by", f"want one of {', '.join(CLAIMANTS)}")
        if ground not in GROUNDS:
            raise InvalidRequest("claim.ground", f"want one of {', '.join(GROUNDS)}")
        if dossier.person != subject.id:
            raise InvalidRequest("claim.dossier", "want the dossier of this person")
        want_text(statement, "claim.statement", TEXT_CHARS_MAX)
        step = step_of(
            "submitted", "submitted", at, claimant, statement, exhibits=exhibits, dossier=dossier
        )
        content: Json = {"person": subject.id, "by": by, "ground": ground, "steps": [step]}
        body, queue = bodies.to_bytes(content), queue_of(ground)
        pointer = self._records.append(
            KIND_OF_PERSON, claim_id, group=subject.id, state="claim", body=b""
        )
        if pointer.group != subject.id:
            raise InvalidRequest("claim.id", TAKEN)
        there = self._records.append(KIND, claim_id, group=queue, state="submitted", body=body)
        if not _is_same(bodies.from_bytes(there.body, KIND), content):
            raise InvalidRequest("claim.id", TAKEN)
        return claim_of(there)

    def withdraw(
        self, claim: RefundClaim, *, who: str, at: datetime, words: str = ""
    ) -> RefundClaim:
        """Take a claim back. Whether ``who`` may is the caller's to know."""
        _want_open(claim)
        return self._moved(claim, step_of("withdrawn", "withdrawn", at, who, words))

    def add(
        self,
        claim: RefundClaim,
        *,
        who: str,
        at: datetime,
        exhibits: Iterable[Exhibit] = (),
        dossier: Dossier | None = None,
        words: str = "",
    ) -> RefundClaim:
        """Add evidence, or the dossier as it stands by now, to a claim that is open."""
        _want_open(claim)
        step = step_of("added", claim.state, at, who, words, exhibits=exhibits, dossier=dossier)
        if dossier is not None:
            claimed = [one.order for one in claim.dossier.orders]
            if orders_in(step) != claimed or dossier.person != claim.person:
                raise InvalidRequest("claim.dossier", "want the orders that were claimed")
        return self._moved(claim, step)

    # -- whoever decides ------------------------------------------------------------------------

    def take(self, claim: RefundClaim, *, clerk: str, at: datetime, words: str = "") -> RefundClaim:
        """Begin to review a claim, or take it over from somebody else."""
        _want_open(claim)
        return self._moved(claim, step_of("taken", "reviewing", at, clerk, words))

    def take_next(self, *, clerk: str, at: datetime) -> RefundClaim | None:
        """Take the claim that has waited longest, minors' claims first; ``None``: nothing waits."""
        for queue in QUEUES:  # 二(四) of the 2022 opinion: minors' claims are accepted first
            waiting = bodies.all_of(
                self._records, KIND, group=queue, state="submitted", at_once=FEW
            )
            for record in waiting:
                try:
                    return self.take(claim_of(record), clerk=clerk, at=at)
                except Moved:
                    continue  # another clerk was faster, or it was withdrawn
        return None

    def propose(
        self, claim: RefundClaim, shares: Shares, *, who: str, at: datetime, words: str = ""
    ) -> RefundClaim:
        """Record who ought to bear how much, by some source. It is a proposal and stays one."""
        _want_open(claim)
        step = step_of("proposed", claim.state, at, who, words)
        step["shares"] = [shares.source, shares.provider_percent, shares.guardian_percent]
        return self._moved(claim, step)

    def decide(
        self,
        claim: RefundClaim,
        *,
        refunds: Mapping[str, int],
        clerk: str,
        at: datetime,
        words: str = "",
    ) -> RefundClaim:
        """Decide a claim once and for all: how many fen of which order go back.

        The state follows from the numbers: all that was paid is ``granted``, some of it is
        ``partly_granted``, nothing is ``refused``. Whoever gets less than was claimed gets the
        reasons in writing, ``words``. ``clerk`` is the one who took it last.
        """
        if claim.state != "reviewing" or claim.clerk != clerk:
            raise InvalidRequest("claim.clerk", "want a claim that this clerk has taken and holds")
        most = {one.order: one.refundable_fen for one in claim.dossier.orders}
        for order, fen in refunds.items():
            if order not in most:
                raise InvalidRequest("claim.refunds", "want orders of this claim")
            want_int(fen, "claim.refunds.fen", 0, most[order])
        granted = {order: fen for order, fen in refunds.items() if fen}
        whole = claim.dossier.complete and sum(granted.values()) == claim.dossier.refundable_fen
        state: ClaimState = "refused" if not granted else "granted" if whole else "partly_granted"
        want_text(words, "claim.words", TEXT_CHARS_MAX, optional=state == "granted")
        step = step_of("decided", state, at, clerk, words)
        step["refunds"] = granted
        return self._moved(claim, step)

    # -- looking --------------------------------------------------------------------------------

    def get(self, claim_id: str) -> RefundClaim | None:
        """The claim of that id, as it is now."""
        record = self._records.get(KIND, want_key(claim_id, "claim.id"))
        return None if record is None else claim_of(record)

    def queue(
        self, state: ClaimState = "submitted", *, after: str | None = None, limit: int = 100
    ) -> ClaimPage:
        """Claims in one state: minors' first, each queue in the order of arrival.

        Go on with ``page.after``; begin anew to see what came into a queue that was passed.
        """
        at, colon, place = (after or f"{QUEUES[0]}:").partition(":")
        if at not in QUEUES or not colon:
            raise InvalidRequest("after", "want what a page had as its after")
        for queue in QUEUES[QUEUES.index(at) :]:
            behind = (place or None) if queue == at else None
            page = self._records.list(KIND, group=queue, state=state, after=behind, limit=limit)
            if page.records:
                return ClaimPage(tuple(map(claim_of, page.records)), f"{queue}:{page.after}")
        return ClaimPage((), after)

    def of_person(self, person: str) -> Iterator[RefundClaim]:
        """All claims on this person's account, in the order of arrival."""
        for pointer in bodies.all_of(self._records, KIND_OF_PERSON, group=person):
            claim = self.get(pointer.id)
            if claim is not None:  # else a process ended before the claim was there
                yield claim

    def erase(self, claim_id: str) -> None:
        """Forget a claim, when the time for which it has to be kept is over."""
        self._records.erase(KIND, want_key(claim_id, "claim.id"))
        self._records.erase(KIND_OF_PERSON, claim_id)

    def _moved(self, claim: RefundClaim, step: Json) -> RefundClaim:
        content = bodies.from_bytes(claim.record.body, KIND)
        content["steps"].append(step)
        state, body = step["state"], bodies.to_bytes(content)
        return claim_of(bodies.moved_on(self._records, KIND, claim.record, state=state, body=body))


def _want_open(claim: RefundClaim) -> None:
    if claim.state not in OPEN:
        raise InvalidRequest("claim.state", "the claim is closed")


def _is_same(there: Json, submitted: Json) -> bool:
    """Whether a claim, wherever it stands now, is the one that is submitted again.

    Its dossier may be newer now: only the orders count.
    """
    if any(there[name] != submitted[name] for name in ("person", "by", "ground")):
        return False
    first, again = there["steps"][0], submitted["steps"][0]
    same = ("at", "who", "words", "exhibits")
    return all(first.get(name) == again.get(name) for name in same) and (
        orders_in(first) == orders_in(again)
    )
