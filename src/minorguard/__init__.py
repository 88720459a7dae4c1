"""May this person do this, now, under Chinese law — until when, and which article says so?

>>> from datetime import date, datetime, timedelta, timezone
>>> from minorguard import Play, Subject, law
>>> child = Subject("p-81", born=date(2012, 5, 1), identity="verified")
>>> friday = datetime(2026, 11, 20, 20, 10, tzinfo=timezone(timedelta(hours=8)))
>>> decision = law("cn.game").decide(Play(child), at=friday)
>>> bool(decision), decision.remaining_s
(True, 3000)
"""

from minorguard.core.acts import Play, Request, Show, Spend, Use
from minorguard.core.calendar import ZONE, Calendar
from minorguard.core.citation import Citation
from minorguard.core.decision import Decision, Finding
from minorguard.core.facts import (
    Cancelled,
    ConsentGranted,
    ConsentRevoked,
    Fact,
    Left,
    ModeChanged,
    Refunded,
    Settled,
)
from minorguard.core.policy import Law, LawStamp, Policy
from minorguard.core.rules import Rule
from minorguard.core.settings import HouseRule
from minorguard.core.subject import Ages, GuardianSettings, Subject
from minorguard.core.usage import Usage
from minorguard.core.uses import Lesson, Message, ModeSwitch, Page, Pk, Post, Recipient
from minorguard.errors import (
    ConfigurationError,
    Contention,
    Denied,
    InvalidPack,
    InvalidRequest,
    MinorguardError,
    OutcomeUnknown,
    StoreError,
    StoreUnavailable,
)
from minorguard.guard import AsyncGuard, Guard
from minorguard.packs import law

__version__ = "0.1.0"

__all__ = [
    "ZONE",
    "Ages",
    "AsyncGuard",
    "Calendar",
    "Cancelled",
    "Citation",
    "ConfigurationError",
    "ConsentGranted",
    "ConsentRevoked",
    "Contention",
    "Decision",
    "Denied",
    "Fact",
    "Finding",
    "Guard",
    "GuardianSettings",
    "HouseRule",
    "InvalidPack",
    "InvalidRequest",
    "Law",
    "LawStamp",
    "Left",
    "Lesson",
    "Message",
    "MinorguardError",
    "ModeChanged",
    "ModeSwitch",
    "OutcomeUnknown",
    "Page",
    "Pk",
    "Play",
    "Policy",
    "Post",
    "Recipient",
    "Refunded",
    "Request",
    "Rule",
    "Settled",
    "Show",
    "Spend",
    "StoreError",
    "StoreUnavailable",
    "Subject",
    "Usage",
    "Use",
    "law",
]
