"""What every part of ``Home`` stands on: one step on one family, stored, told; and the links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from minorguard.core.acts import want_subject
from minorguard.core.facts import ConsentGranted, ConsentRevoked, ModeChanged
from minorguard.errors import InvalidRequest
from minorguard.guardians import settings
from minorguard.guardians.bodies import want_key, want_text
from minorguard.guardians.book import FamilyBook, Note
from minorguard.guardians.changes import Change, Code, moment, prover, sealed, second
from minorguard.guardians.consents import COOLING_S
from minorguard.guardians.family import GUARDIANS_MAX, Family, Link, matured
from minorguard.guardians.settings import CONFIRM_WITHIN_S, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from minorguard.core.policy import Law
    from minorguard.core.subject import Ages, Subject
    from minorguard.guardians.book import Written
    from minorguard.guardians.changes import Refusal, Role, Second, Told, Verified, What
    from minorguard.guardians.family import Noted
    from minorguard.stores.records import RecordStore

EVIDENCE_CHARS_MAX = 256


class Act(NamedTuple):
    """Who does what to which child."""

    what: What
    child: Subject
    by: str
    role: Role


class Done(NamedTuple):
    """What a step came to: the family after it, and the rest of the answer.

    ``said``: what the history keeps of it; ``None``: nothing was changed and nothing is written.
    """

    family: Family
    said: dict[str, Any] | None = None
    answer: dict[str, Any] = {}  # noqa: RUF012 - a NamedTuple's default, and never written to
    refused: Refusal | None = None


class Desk:
    """The guardians' book, and how each of its parts changes it.

    ``law``: asked which toggles there are and what of a setting is forbidden anyway; without it
    give each call its ``table``. ``trusted``: sources of device signals that may loosen.
    ``cooling_s``: how long nobody asks again for a consent that was refused. ``on_change``: called
    with each ``Change`` that was done, after it was stored; what it raises comes out of the call.
    """

    def __init__(
        self,
        records: RecordStore,
        *,
        law: Law | None = None,
        trusted: Iterable[str] = (),
        cooling_s: Second = COOLING_S,
        on_change: Callable[[Change], object] | None = None,
    ) -> None:
        self._book = FamilyBook(records)
        self._law = law
        self._trusted = frozenset(trusted)
        self._cooling_s = cooling_s
        self._on_change = on_change

    def _do(self, act: Act, at: datetime, step: Callable[[Family, Second], Done]) -> Change:
        want_subject(act.child)

        def stepped(family: Family, now: Second) -> tuple[Family, Note | None, Done]:
            done = step(family, now)
            if done.said is None or done.family == family:
                return family, None, done._replace(said=None)
            return done.family, Note(act.what, act.by, act.role, done.said), done

        done, written = self._book.change(act.child.id, second(at), stepped)
        counted = second(at) if done.said is None else written.after.mark
        change = Change(
            *(act.what, act.child, moment(counted), act.by, act.role),
            done=done.said is not None,
            refused=done.refused,
            facts=() if done.said is None else tuple(_news(act.child, written)),
        )._replace(**done.answer)
        if change.done:
            self.tell(change)
        return change

    def tell(self, change: Change) -> None:
        """Call ``on_change`` with a change that was stored."""
        if self._on_change is not None:
            self._on_change(change)

    def is_proved(self, child: Subject, proof: Verified | None, *, at: datetime) -> bool:
        """Whether a guardian of this child has just proved to be one."""
        return self._family(child, at).proved(proof, at)

    def _family(self, child: Subject, at: datetime) -> Family:
        want_subject(child)
        return matured(self._book.read(child.id), second(at))[0]

    def _ages(self, child: Subject, at: datetime) -> Ages:
        """The ages that count; somebody not born yet is nobody."""
        want_subject(child)
        reading = "day_after_birthday" if self._law is None else self._law.age_reading
        day = moment(second(at)).toordinal()
        if child.born is not None and child.born.toordinal() > day:
            raise InvalidRequest("subject.born", "want a date that is not after the request")
        return child.ages_on(day, reading)

    # -- links -----------------------------------------------------------------------------------

    def link(
        self,
        child: Subject,
        guardian: str,
        *,
        evidence: str,
        at: datetime,
        proof: Verified | None = None,
    ) -> Change:
        """Somebody becomes a guardian of this child.

        ``evidence``: a reference to what proves it, kept in your own files, and no name and no
        number. From the second guardian on, one who is there must agree (``proof``). Nobody is
        their own guardian, nor is who has guardians in this book: unlink a child that grew up.
        """
        want_key(guardian, "guardian")
        want_text(evidence, "evidence", EVIDENCE_CHARS_MAX)
        want_subject(child)
        if guardian == child.id:
            return Change(
                "linked", child, at, guardian, "platform", done=False, refused="not_a_guardian"
            )
        minor = bool(self._book.read(guardian).guardians)
        by = prover(proof, guardian)

        def step(family: Family, now: Second) -> Done:
            if family.linked(guardian):
                return Done(family)
            if minor:
                return Done(family, refused="guardian_is_a_minor")
            if family.guardians and not family.proved(proof, at):
                return Done(family, refused="guardian_verification_required")
            if len(family.guardians) >= GUARDIANS_MAX:
                raise InvalidRequest("guardian", f"want at most {GUARDIANS_MAX} guardians")
            # What still waits to end of a guardian who comes back does not end.
            waiting = family.limits.leaving(guardian)
            limits = family.limits
            if waiting is not None:
                limits = settings.cancelled(limits, waiting)
            links = {**family.links, guardian: Link(now, evidence)}
            after = family._replace(links=links, limits=limits)
            return Done(after, {"guardian": guardian, "evidence": evidence})

        act = Act("linked", child, by, "guardian" if proof else "platform")
        self._book.note_ward(guardian, child.id)
        return self._do(act, at, step)

    def unlink(
        self, child: Subject, guardian: str, *, at: datetime, proof: Verified | None
    ) -> Change:
        """Somebody is a guardian no longer; the guardian, or another one of the child, proves it.

        The power to loosen, to consent and to leave the mode ends at once, and so do the consents
        that this guardian gave. What the guardian has set and refused ends like any loosening:
        confirmed by a second channel (``change.code``), and a day later, unless a guardian, this
        one too, cancels it.
        """
        want_key(guardian, "guardian")
        code = Code.new()

        def step(family: Family, now: Second) -> Done:
            link = family.links.get(guardian)
            if link is None or (link.until is not None and not family.keeps(guardian)):
                return Done(family)
            if proof is None or not family.proved(proof, at):
                return Done(family, refused="guardian_verification_required")
            leaving = family.limits.leaving(guardian)
            if link.until is not None and leaving is not None and leaving.due is not None:
                return Done(family)  # confirmed already: it goes on waiting
            until = now if link.until is None else link.until
            links = {**family.links, guardian: link._replace(until=until)}
            after = family._replace(links=links)
            change = str(family.seq + 1)
            wait = Waiting(
                *(change, guardian, settings.WHOLE_DEVICE, proof.guardian, None, ("all",)),
                seal=sealed(code.reveal(), child.id, change),
                lapses=now + CONFIRM_WITHIN_S,
            )
            limits = settings.ending(family.limits, wait)
            if not family.keeps(guardian):
                return Done(
                    after._replace(limits=settings.cancelled(limits, wait)),
                    {"guardian": guardian},
                )
            answer = {"id": change, "code": code, "loosens": wait.fields}
            return Done(after._replace(limits=limits), {"guardian": guardian, "id": change}, answer)

        by = prover(proof, guardian)
        return self._do(Act("unlinked", child, by, "guardian"), at, step)

    def guardians(self, child: Subject, *, at: datetime) -> tuple[str, ...]:
        """The guardians of this child, the first one first."""
        return self._family(child, at).guardians

    def children(self, guardian: str) -> Iterator[str]:
        """The children of this guardian, in the order in which they were first linked."""
        for child in self._book.wards(want_key(guardian, "guardian")):
            if self._book.read(child).linked(guardian):
                yield child

    # -- what was done ---------------------------------------------------------------------------

    def history(self, child: Subject) -> Iterator[Noted]:
        """Every change, the first one first: when, what, by whom, and what of it is kept.

        law.md's change rules ask for an append-only record of who, role, old, new, time, reason.
        """
        want_subject(child)
        return self._book.history(child.id)

    def erase(self, child: Subject) -> None:
        """Forget this child and its history (个人信息保护法 art. 47). Cut short, do it again."""
        want_subject(child)
        self._book.erase(child.id)


def _news(child: Subject, written: Written) -> Iterator[Told]:
    """What a guard has to be told of a change: consents and the mode."""
    before, after = written
    had, has = before.consents(before.mark), after.consents(after.mark)
    for scope in sorted({*had, *has}):
        if scope not in has:
            yield ConsentRevoked(child, scope)  # type: ignore[arg-type]  # checked when asked for
        elif scope not in had or had[scope] != has[scope]:
            until = has[scope]
            until_at = None if until is None else moment(until)
            yield ConsentGranted(child, scope, until=until_at)  # type: ignore[arg-type]  # checked
    if before.mode.on != after.mode.on or before.mode.known != after.mode.known:
        yield ModeChanged(child, on=after.mode.on)
