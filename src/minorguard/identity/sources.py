"""The sources of evidence: what each one's parsed reply says of an age, read strictly.

What an adapter does not know, or what contradicts itself, is an unknown age and never a guess.
``InvalidRequest`` is for what is no reply at all (no mapping), and for a time nobody can place.
Each takes ``at``, when the reply was got, and ``expires`` where the reply says until when it
holds; ``LIFETIMES`` stand in for it. A reply that a client delivers is worth no more than the
client's word: check it on the server (Play Integrity, App Attest) before it is believed at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, cast

from minorguard.core.calendar import ZONE, local
from minorguard.core.subject import ANY_AGE, FOREVER, Ages
from minorguard.errors import InvalidRequest
from minorguard.identity.evidence import AgeEvidence, Assurance

if TYPE_CHECKING:
    from collections.abc import Iterable

AGE_MAX = 150
LAST = datetime(9990, 1, 1, tzinfo=ZONE)

MODE_GROUPS = frozenset({Ages(0, 3), Ages(3, 8), Ages(8, 12), Ages(12, 16), Ages(16, 18)})
"""The five age groups of the minors' mode. 移动互联网未成年人模式建设指南 (2024) 三(三), 五(一)."""

DAY = timedelta(days=1)
LIFETIMES: Mapping[str, timedelta] = {
    "device_mode": DAY,  # a switch on the device: read it again at each start
    "google_play": 30 * DAY,
    "apple": 30 * DAY,
    "age_over_18": 90 * DAY,  # the longest life of a proof-of-age attestation
    "company": 400 * DAY,
}
"""For how long each source is taken at its word where it does not say so itself. Chosen here."""

PLAY_TIERS: Mapping[str, Assurance] = {
    "TIER_A": "declared",  # by the user
    "TIER_B": "declared",  # by a parent
    "TIER_C": "estimated",  # card, e-mail, selfie, document or tax number
    "TIER_D": "estimated",  # document and selfie, or a digital identity
}
"""Google Play's tiers. However Google checked, the answer comes unsigned from the device, and a
client's word is never ``verified``."""

APPLE_DECLARATIONS: Mapping[str, Assurance] = {
    "selfDeclared": "declared",
    "guardianDeclared": "declared",
    "confirmed": "estimated",
    "checkedByOtherMethod": "estimated",
    "guardianCheckedByOtherMethod": "estimated",
    "paymentChecked": "estimated",
    "guardianPaymentChecked": "estimated",
    "governmentIDChecked": "estimated",
    "guardianGovernmentIDChecked": "estimated",
}
"""How Apple says the range was set. Unsigned and from the device, as above."""

COMPANY_METHODS: Mapping[str, Assurance] = {
    "declared": "declared",
    "guardian": "declared",
    "behaviour": "estimated",
    "face": "estimated",
    "document": "verified",
    "network_id": "verified",
}
"""A company's own ways, the ones that the draft of 2026-09-18 art. 6 lists among them: a document
seen by staff (the path of those whom the national system does not cover), the national network
identity service."""

_AGE_OVER = re.compile(r"age_over_([0-9]{2})", re.ASCII)


def of_device_mode(
    payload: Mapping[str, object], *, at: datetime, expires: datetime | None = None
) -> AgeEvidence:
    """The minors' mode of a device: ``{"minorsProtectionMode": true, "ageGroup": {...}}``.

    ``ageGroup`` is ``{"lowerAge", "upperAge"}``, half-open, one of the five ``MODE_GROUPS``, and
    only stands while the mode is on. (HarmonyOS Account Kit ``getMinorsProtectionInfo``.) A
    guardian chose the group, so it is ``declared``.
    """
    reply = _Reply(payload)
    del payload
    group, ages = _Reply(reply.get("ageGroup")), ANY_AGE
    if reply.get("minorsProtectionMode") is True:
        ages = _ages(group.get("lowerAge"), group.get("upperAge"))
    ages = ages if ages in MODE_GROUPS else ANY_AGE
    return _evidence(reply, "device_mode", ages, "declared", at, expires)


def of_google_play(
    payload: Mapping[str, object], *, at: datetime, expires: datetime | None = None
) -> AgeEvidence:
    """Google Play age signals, 0.0.4: ``ageSignalsStatus``, ``ageRangeSource``, ``ageLower``,
    ``ageUpper`` (both inclusive; no ``ageUpper``: the topmost range).

    Names as text (``"SHARED"``, ``"TIER_A"``). Nothing else is read, ``installId`` least of all.
    """  # noqa: D205 - the names do not fit on one line
    signals = _Reply(payload)
    del payload
    assurance = _look_up(PLAY_TIERS, signals.get("ageRangeSource"))
    ages = ANY_AGE
    if signals.get("ageSignalsStatus") == "SHARED" and assurance != "unknown":
        upper = signals.get("ageUpper")
        below = upper + 1 if type(upper) is int else upper
        least = signals.get("ageLower")
        ages = ANY_AGE if least is None else _ages(least, below)
    return _evidence(signals, "google_play", ages, assurance, at, expires)


def of_apple(
    payload: Mapping[str, object], *, at: datetime, expires: datetime | None = None
) -> AgeEvidence:
    """Apple's declared age range: ``lowerBound``, ``upperBound``, ``ageRangeDeclaration``.

    ``lowerBound`` is the gate that was reached (absent: under the lowest), ``upperBound`` a gate
    that was not (absent: above the highest), so the range is half-open. Give the range of a
    response that shares one; without a declaration of how it was set the age is unknown.
    """
    shared = _Reply(payload)
    del payload
    assurance = _look_up(APPLE_DECLARATIONS, shared.get("ageRangeDeclaration"))
    ages = ANY_AGE
    if assurance != "unknown":
        ages = _ages(shared.get("lowerBound"), shared.get("upperBound"))
    return _evidence(shared, "apple", ages, assurance, at, expires)


def of_age_over(
    payload: Mapping[str, object], *, at: datetime, expires: datetime | None = None
) -> AgeEvidence:
    """An attestation of ``age_over_18`` whose issuer's signature *the caller has verified*.

    ``payload`` holds the elements of one name space (ISO/IEC 18013-5, ``eu.europa.ec.av.1``):
    ``{"age_over_18": true}``, other ``age_over_NN`` too. Yes: at least NN; no: below. One element
    that is no boolean, or a pair that contradicts itself, leaves the age unknown. Give the
    attestation's own end of validity as ``expires``.
    """
    reply = _Reply(payload)
    del payload
    least, below, clear = 0, FOREVER, True
    for name, value in reply.items():
        found = _AGE_OVER.fullmatch(name) if type(name) is str else None
        if found is None:
            continue
        years = int(found[1])
        if value is True:
            least = max(least, years)
        elif value is False:
            below = min(below, years)
        else:
            clear = False
    ages = Ages(least, below) if clear and least < below else ANY_AGE
    return _evidence(reply, "age_over_18", ages, "verified", at, expires)


def of_company(
    payload: Mapping[str, object], *, at: datetime, expires: datetime | None = None
) -> AgeEvidence:
    """A company's own check: ``{"method": …}`` with ``"born": "2012-05-01"`` (or a ``date``), or
    ``at_least`` and ``below`` (either may be absent; half-open).

    ``method`` is one of ``COMPANY_METHODS``.
    """  # noqa: D205 - the keys do not fit on one line
    reply = _Reply(payload)
    del payload
    assurance = _look_up(COMPANY_METHODS, reply.get("method"))
    if assurance == "unknown":
        return _evidence(reply, "company", ANY_AGE, assurance, at, expires)
    if not reply.has("born"):
        ages = _ages(reply.get("at_least"), reply.get("below"))
        return _evidence(reply, "company", ages, assurance, at, expires)
    found = _evidence(reply, "company", ANY_AGE, assurance, at, expires)
    born = _date(reply.get("born"))
    ranged = reply.has("at_least") or reply.has("below")
    if ranged or born is None or born > found.at.date():
        return replace(found, assurance="unknown")
    return AgeEvidence.of_birth(born, found.source, assurance, found.at, found.expires)


def _evidence(  # noqa: PLR0917 - one line for each adapter's end
    reply: _Reply,
    source: str,
    ages: Ages,
    assurance: Assurance,
    at: datetime,
    expires: datetime | None,
) -> AgeEvidence:
    """What an adapter found; an unknown age has no assurance to speak of."""
    if not reply.good:
        raise InvalidRequest("evidence", "want the parsed reply, a mapping")
    assurance = "unknown" if ages == ANY_AGE else assurance
    at = local(at, "evidence.at")
    if expires is None:
        expires = local(min(at, LAST) + LIFETIMES[source])
    return AgeEvidence(ages, source, assurance, at, expires)


class _Reply:
    """A parsed reply that no traceback shows: it may hold a birth date or a device's number."""

    def __init__(self, payload: object) -> None:
        self.good = isinstance(payload, Mapping)
        nothing: Mapping[str, object] = {}
        self._mapping = cast("Mapping[str, object]", payload) if self.good else nothing

    def get(self, name: str) -> object:
        return self._mapping.get(name)

    def has(self, name: str) -> bool:
        return name in self._mapping

    def items(self) -> Iterable[tuple[str, object]]:
        return self._mapping.items()


def _look_up(known: Mapping[str, Assurance], name: object) -> Assurance:
    return known.get(name, "unknown") if type(name) is str else "unknown"


def _ages(least: object, below: object) -> Ages:
    """A half-open range, ``None`` for an open end; whatever is no range is any age."""
    least = 0 if least is None else least
    below = FOREVER if below is None else below
    if type(least) is not int or type(below) is not int:
        return ANY_AGE
    if not 0 <= least < below or least > AGE_MAX or (below > AGE_MAX and below != FOREVER):
        return ANY_AGE
    return Ages(least, below)


def _date(value: object) -> date | None:
    if type(value) is date:
        return value
    if type(value) is not str or re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
