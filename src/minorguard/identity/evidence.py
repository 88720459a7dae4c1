"""What speaks for an age: a device, a store, an attestation, a company's own check.

How an age was established is not what the age is: every piece of evidence has a ``range`` of ages
and, apart from it, an ``assurance``. ``sources`` makes it of what each source replies. That
somebody is *in* the minors' mode says nothing of the age: set ``Subject.minors_mode`` by it.

``combine`` decides which ages a law has to reckon with. Evidence may tighten anything, and only
what the identity itself rests on may loosen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal, cast, get_args

from minorguard.core.calendar import local
from minorguard.core.subject import ADULT, ANY_AGE, FOREVER, ID_CHARS_MAX, Ages, age_on, want_int
from minorguard.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from minorguard.core.subject import Identity
    from minorguard.identity.verification import Verification

Assurance = Literal["unknown", "declared", "estimated", "verified"]
"""How the age was established: said by the person or a guardian, worked out from signs, checked
against a document. ``unknown`` carries no weight but may tighten."""
ASSURANCES: tuple[Assurance, ...] = get_args(Assurance)

NEEDED: Mapping[Identity, Assurance] = {
    "declared": "declared",
    "estimated": "estimated",
    "phone": "declared",
    "verified": "verified",
}
"""The identities whose own evidence is believed, and the least assurance that it then needs.

DESIGN §4: elsewhere than in a game a declared birth date is believed. ``none``, ``failed`` and
``pending`` believe nothing: 未成年人网络保护条例 art. 46 asks for a real identity, and an answer
that is still out is none.
"""


@dataclass(frozen=True, slots=True, init=False)
class AgeEvidence:
    """One source's word on an age: a range of completed years as of ``at``.

    ``source`` is its name. ``expires``: from then on it loosens nothing (``None``: never).
    ``born`` is for the few sources that know the birth date; see ``of_birth``.
    """

    range: Ages
    source: str
    assurance: Assurance
    at: datetime
    expires: datetime | None = None
    born: date | None = field(default=None, kw_only=True, repr=False)

    def __init__(
        self,
        range: Ages,  # noqa: A002 - the field's name in the contract
        source: str,
        assurance: Assurance,
        at: datetime,
        expires: datetime | None = None,
        *,
        born: date | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "range", range)
        put(self, "source", source)
        put(self, "assurance", assurance)
        put(self, "at", at)
        put(self, "expires", expires)
        put(self, "born", born)
        del born  # a traceback that shows the locals of its frames shows no birth date
        self._check()

    def _check(self) -> None:
        put = object.__setattr__
        ages: object = self.range
        if not isinstance(ages, tuple) or len(cast("tuple[object, ...]", ages)) != len(ANY_AGE):
            raise InvalidRequest("evidence.range", "want Ages(at_least, below)")
        want_int(self.range[0], "evidence.range.at_least", 0, FOREVER)
        want_int(self.range[1], "evidence.range.below", 1, FOREVER)
        put(self, "range", Ages(*self.range))
        if self.range.at_least >= self.range.below:
            raise InvalidRequest("evidence.range", "at_least must be under below")
        if type(self.source) is not str or not 0 < len(self.source) <= ID_CHARS_MAX:
            raise InvalidRequest("evidence.source", "want the name of a source")
        if self.assurance not in ASSURANCES:
            raise InvalidRequest("evidence.assurance", f"want one of {', '.join(ASSURANCES)}")
        put(self, "at", local(self.at, "evidence.at"))
        if self.expires is not None:
            put(self, "expires", local(self.expires, "evidence.expires"))
        if self.born is None:
            return
        if type(self.born) is not date or self.born > self.at.date():
            raise InvalidRequest("evidence.born", "want a date that is not after the evidence")
        if self.range != self.on(self.at):
            raise InvalidRequest("evidence.range", "want the age of somebody born then")

    @classmethod
    def of_birth(
        cls,
        born: date,
        source: str,
        assurance: Assurance,
        at: datetime,
        expires: datetime | None = None,
    ) -> AgeEvidence:
        """The evidence of a source that knows the birth date: right on every later day."""
        years = _years(born, at)
        if years is None:
            del born
            at = local(at, "evidence.at")
            raise InvalidRequest("evidence.born", "want a date that is not after the evidence")
        told = _Told(born)
        del born
        return cls(Ages(years, years + 1), source, assurance, at, expires, born=told.born)

    def on(self, now: datetime) -> Ages:
        """The range as of ``now``: everybody in it is older by the whole years since ``at``.

        With a birth date it is exact. Without, it is the younger reading of two (somebody of 17
        in March may be 18 in April), which never makes an adult too early. Before ``at`` it is
        the range itself.
        """
        day = local(now, "now").date()
        if self.born is not None:
            years = age_on(self.born, max(self.born, day))
            return Ages(years, years + 1)
        since = self.at.date()
        years = age_on(since, max(since, day))
        least, below = self.range
        return Ages(min(least + years, FOREVER - 1), min(below + years, FOREVER))

    def live(self, now: datetime) -> bool:
        """Whether it may be taken at its word at ``now``: made already, and not expired."""
        now = local(now, "now")
        return self.at <= now and (self.expires is None or now < self.expires)


class _Told:
    """Holds a birth date for a moment, out of sight."""

    def __init__(self, born: date) -> None:
        self.born = born


def _years(born: object, at: object) -> int | None:
    """Completed years, if there are any to tell. Raises nothing: no frame of it is ever shown."""
    if type(born) is not date or not isinstance(at, datetime) or at.utcoffset() is None:
        return None
    try:
        day = local(at).date()
    except InvalidRequest:
        return None
    return age_on(born, day) if born <= day else None


# -- the rules of conflict -----------------------------------------------------------------------


def combine(evidences: Iterable[AgeEvidence], verification: Verification, now: datetime) -> Ages:
    """The ages that a law has to reckon with at ``now``.

    1. The start is what the verification's own evidence says, if its identity is believed (see
       ``NEEDED``) and the evidence still lives; else any age at all.
    2. Evidence that contradicts the start (no age is in both, on the day the evidence is of) adds
       its own ages, younger ones only, and all between: the law of the stricter band holds too.
       Evidence that was compatible with the start narrows nothing.
    3. Where any of all this speaks of minors only, the person is a known minor.

    So the order is nothing, evidence that says "adult" does nothing at all, and each piece can
    only make an answer stricter, expired or not: an expired one still speaks for a minor, who has
    grown older by the whole years since.
    """
    known = verification.at_instant(now)
    own = known.evidence
    start, believed = ANY_AGE, None
    speaking = list(evidences)
    if own is not None:
        if _believed(known.status, own) and own.live(now):
            start, believed = own.on(now), own
        else:
            speaking.append(own)
    least, below, minor = start.at_least, start.below, start.minor
    for evidence in speaking:
        said = evidence.on(now)
        if said.adult:
            continue
        then = ANY_AGE if believed is None else believed.on(evidence.at)
        if not evidence.range.meets(then):
            least, below = min(least, said.at_least), max(below, said.below)
        elif start.adult:
            continue  # it was true of a minor who has come of age
        minor = minor or said.minor
    return Ages(least, min(below, ADULT)) if minor else Ages(least, below)


def _believed(status: Identity, evidence: AgeEvidence) -> bool:
    needed = NEEDED.get(status)
    return needed is not None and ASSURANCES.index(evidence.assurance) >= ASSURANCES.index(needed)
