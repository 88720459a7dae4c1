"""A live-streaming platform's back end: each method is one of its routes, and asks before it acts.

The user's data (who is it, how old, how surely known) comes from the platform's own login, the
instant from its own clock; neither from a client.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from minorguard import (
    Cancelled,
    Decision,
    Guard,
    Law,
    Left,
    Pk,
    Play,
    Refunded,
    Settled,
    Spend,
    Subject,
    Use,
    stores,
)
from minorguard.guardians.claims import Claims
from minorguard.guardians.dossier import dossier
from minorguard.guardians.order_book import ClaimedOrder
from minorguard.guardians.refund_claim import Exhibit, RefundClaim
from minorguard.identity.verification import Verification


class Backend:
    """Rooms, gifts, hosts and the claims desk over one guard."""

    def __init__(self, law: Law, where: str = "memory:") -> None:
        self.law = law
        self.guard = Guard(law, store=stores.open(where))
        self.claims = Claims(stores.open_records(where))

    # -- gifts ----------------------------------------------------------------------------------

    def gift(self, who: Subject, order: str, fen: int, room: str, at: datetime) -> Decision:
        """Hold the money, and charge it unless the user has to confirm first."""
        answer = self.guard.decide(Spend(who, fen=fen, order=order, on="tip", room=room), at=at)
        if answer and "confirm_payment" not in answer.obligations:
            self.guard.record(Settled(who, order), at=at)
        return answer

    def confirmed(self, who: Subject, order: str, at: datetime, *, yes: bool) -> None:
        """What the user answered to the text message. 广电发〔2020〕78号 第六项."""
        self.guard.record(Settled(who, order) if yes else Cancelled(who, order), at=at)

    # -- hosts ----------------------------------------------------------------------------------

    def may_host(self, host: Verification, at: datetime, *, same_face: bool = True) -> Decision:
        """Asked at the start and every few minutes. 条例 第三十一条第二款: checked dynamically.

        ``same_face``: what the camera says. Somebody else's face takes the identity back.
        """
        answer = self.guard.decide(Use(host.subject(now=at), "live_host"), at=at)
        if "verify_host_identity" in answer.obligations and not same_face:
            stranger = host.revoked(at)
            return self.guard.decide(Use(stranger.subject(now=at), "live_host"), at=at)
        return answer

    def pk(self, host: Subject, room: str, at: datetime) -> Decision:
        """A contest with another room."""
        return self.guard.decide(Use(host, about=Pk(room)), at=at)

    # -- viewers --------------------------------------------------------------------------------

    def watch(self, who: Subject, session: str, at: datetime) -> tuple[Decision, Decision | None]:
        """A sitting from its login to its end: asked again as often as the lease wants it."""
        seat = self.guard.decide(Play(who, session=session), at=at)
        answer = seat
        while answer and answer.lease_until is not None:
            again = Play(who, session=session, renewal=True)
            answer = self.guard.decide(again, at=answer.lease_until)
        if seat and not answer:  # the app shows it, the socket is closed
            self.guard.record(Left(who, session=session), at=answer.at)
        return seat, None if answer else answer

    # -- refund claims --------------------------------------------------------------------------

    def claim(
        self,
        claim_id: str,
        account: Subject,
        orders: Iterable[str],
        *,
        claimant: str,
        statement: str,
        at: datetime,
        child: Subject | None = None,
        exhibits: Iterable[Exhibit] = (),
    ) -> RefundClaim:
        """Somebody wants gifts back; with ``child`` a guardian, for the child who paid.

        The dossier has what the guard knows of each order and what the law said of it: to the
        account's owner, and to the child.
        """
        gifts = [ClaimedOrder(order=order, on="tip") for order in orders]
        file = dossier(account, gifts, at=at, guard=self.guard, law=self.law, suspected=child)
        return self.claims.submit(
            claim_id,
            account,
            by="account_holder" if child is None else "guardian",
            claimant=claimant,
            ground="other" if child is None else "minor_on_adult_account",
            statement=statement,
            dossier=file,
            exhibits=exhibits,
            at=at,
        )

    def decide_claim(
        self,
        claim: RefundClaim,
        account: Subject,
        refunds: Mapping[str, int],
        *,
        clerk: str,
        words: str,
        at: datetime,
    ) -> RefundClaim:
        """Decide, in writing and once; pay back, and tell the guard what went back."""
        decided = self.claims.decide(claim, refunds=refunds, clerk=clerk, words=words, at=at)
        for order, fen in refunds.items():
            self.guard.record(Refunded(account, order, fen=fen), at=at)
        return decided
