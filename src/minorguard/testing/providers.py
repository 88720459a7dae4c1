"""What a provider of verifications promises, as tests: one that passes may be asked who people are.

.. code-block:: python

    class TestMyAuthority(ProviderContract):
        def open_provider(self) -> VerificationProvider:
            return MyAuthority(...)

        def claims(self) -> dict[str, Claim]:
            return {"verified": ..., "failed": ..., "pending": ...}

``claims`` are people of a test system: one who is verified at once, one whose check fails and, if
the authority ever answers "later", one whose check is pending when it is asked.
"""
# ruff: noqa: D102 - a test's name is its claim

from __future__ import annotations

import atexit
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from minorguard.core.calendar import ZONE
from minorguard.identity.verification import MOVES, PENDING_MAX, Verification
from minorguard.testing.stores import EventLoop, expect

if TYPE_CHECKING:
    from minorguard.identity.verification import (
        AsyncVerificationProvider,
        Claim,
        VerificationProvider,
    )

SOON = timedelta(seconds=60)


class ProviderContract:
    """Subclass it, say how to open the provider and about whom to ask, and run pytest."""

    def open_provider(self) -> VerificationProvider:
        """A provider that nobody has asked yet."""
        raise NotImplementedError

    def claims(self) -> dict[str, Claim]:
        """By what becomes of it: ``verified`` and ``failed``, and ``pending`` where there is."""
        raise NotImplementedError

    def now(self) -> datetime:
        """The instant to ask at; a Friday evening unless the provider needs the real one."""
        return datetime(2026, 11, 20, 20, 10, tzinfo=ZONE)

    def asked(self, status: str) -> Verification:
        """What a new provider answers to the claim of that fate."""
        return self.open_provider().check(self.claims()[status], at=self.now())

    def test_a_person_whom_the_authority_knows_is_verified(self) -> None:
        answer = self.asked("verified")
        expect(answer.status == "verified", "a good claim is verified")
        evidence = answer.evidence
        expect(
            evidence is None or evidence.assurance == "verified",
            "the age of a verified person is verified, or left unknown",
        )
        expect(answer.subject(now=self.now()).identity == "verified", "the law sees it verified")

    def test_a_person_is_the_same_person_each_time(self) -> None:
        expect(
            self.asked("verified").person == self.asked("verified").person,
            "two checks of one person give one key: else the hour is played twice",
        )

    def test_a_claim_that_is_not_true_fails(self) -> None:
        answer = self.asked("failed")
        expect(answer.status == "failed", "a wrong claim is an answer, not an exception")
        expect(
            answer.person == self.claims()["failed"].account,
            "who failed a check is known by the account alone",
        )

    def test_a_check_in_progress_is_pending_for_the_account(self) -> None:
        if "pending" in self.claims():
            answer = self.asked("pending")
            expect(answer.status == "pending", "a check in progress is pending")
            expect(answer.person == self.claims()["pending"].account, "until then, the account")

    def test_asking_what_became_of_it_does_not_begin_the_48_hours_again(self) -> None:
        if "pending" not in self.claims():
            return
        provider = self.open_provider()
        pending = provider.check(self.claims()["pending"], at=self.now())
        later = provider.query(pending, at=self.now() + SOON)
        allowed = MOVES["pending"]
        expect(later == pending or later.status in allowed, "the same, or an answer at last")
        expect(pending.moved(later) == later, "and the answer is newer than the question")
        gone = pending.at_instant(pending.at + PENDING_MAX)
        expect(gone.status == "none", "no answer within 48 hours is none")

    def test_an_answer_is_of_the_instant_of_asking(self) -> None:
        for status in self.claims():
            expect(self.asked(status).at == self.now().replace(microsecond=0), "at is at")

    def test_a_new_person_may_get_every_answer(self) -> None:
        for status, claim in self.claims().items():
            known = Verification("none", claim.account, None, self.now() - SOON)
            answer = self.asked(status)
            expect(known.moved(answer) == answer, "statuses move along the graph alone")

    def test_no_answer_shows_whom_it_is_about(self) -> None:
        for status, claim in self.claims().items():
            answer = self.asked(status)
            shown = f"{answer!r} {answer} {claim!r} {claim}"
            private = (claim.account, claim.name.reveal(), claim.number.reveal(), answer.person)
            expect(not any(text in shown for text in private), "no name, number or key in a text")


_LOOP = EventLoop()
"""One for all, so that a provider's connections stay in the loop that opened them."""
atexit.register(_LOOP.end)


class WaitingProvider:
    """An ``AsyncVerificationProvider`` for callers that cannot await."""

    def __init__(self, provider: AsyncVerificationProvider) -> None:
        self._provider = provider

    def check(self, claim: Claim, *, at: datetime) -> Verification:
        """See ``VerificationProvider.check``."""
        return _LOOP.wait(self._provider.check(claim, at=at))

    def query(self, pending: Verification, *, at: datetime) -> Verification:
        """See ``VerificationProvider.query``."""
        return _LOOP.wait(self._provider.query(pending, at=at))


class AsyncProviderContract(ProviderContract):
    """The same promises of an ``AsyncVerificationProvider``: the same tests, each call awaited."""

    def open_async_provider(self) -> AsyncVerificationProvider:
        """An asynchronous provider that nobody has asked yet."""
        raise NotImplementedError

    def open_provider(self) -> VerificationProvider:
        """The same, for tests that cannot await."""
        return WaitingProvider(self.open_async_provider())
