"""Who is it? Evidence of age and identity, and how sure one may be of it.

Beside these names: ``identity.nppa`` and ``identity.nppa_async`` (the national real-name system,
extra ``nppa``), ``identity.sources`` (what devices and stores say), ``identity.tokens`` (signed age
statements), ``identity.wire`` (the official wire, pure).
"""

from minorguard.identity.evidence import AgeEvidence, combine
from minorguard.identity.id_numbers import IdNumber
from minorguard.identity.secrets import PersonName, Secret
from minorguard.identity.verification import (
    AsyncVerificationProvider,
    Claim,
    Verification,
    VerificationProvider,
)

__all__ = [
    "AgeEvidence",
    "AsyncVerificationProvider",
    "Claim",
    "IdNumber",
    "PersonName",
    "Secret",
    "Verification",
    "VerificationProvider",
    "combine",
]
