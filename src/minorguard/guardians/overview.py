"""What a guardian may see: totals and alerts. Never the messages of a child of eight or more.

未成年人保护法 art. 63: nobody opens a minor's communications but the guardian of a child without
civil capacity, the authorities under law, and whoever has to in an emergency that concerns that
minor's own safety. 人工智能拟人化互动服务管理暂行办法 art. 14 gives guardians risk alerts and an
overview of use. So an ``Overview`` has numbers and codes and no field for words, and reading
messages is asked for by ``may_read_messages``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from minorguard.core.calendar import local
from minorguard.core.citation import Citation
from minorguard.core.limits import Code
from minorguard.core.subject import ADULT, SECONDS_MAX, Ages, want_int
from minorguard.core.usage import Usage
from minorguard.errors import InvalidRequest
from minorguard.guardians.capacity import LIMITED_FROM

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from minorguard.core.decision import Decision
    from minorguard.core.subject import AgeReading, Subject
    from minorguard.guardians.alerts import Alert

CODES: Final[frozenset[str]] = frozenset(get_args(Code))

READABLE: Final = Ages(0, LIMITED_FROM)
"""未成年人保护法 art. 63: 无民事行为能力的未成年人, which is 不满八周岁 by 民法典 art. 20."""

SECRECY: Final = Citation(
    "中华人民共和国未成年人保护法（2020年修订，2024年修正）",
    "第六十三条",
    "https://flk.npc.gov.cn",
)


class AlertNote(NamedTuple):
    """That there was an alert: which danger, when, and whether somebody was reached."""

    danger: str
    at: datetime
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """One child's use as of an instant: seconds, fen, counts and alerts.

    ``refused``: how often for which reason, by the stable codes. ``alerts``: which dangers, and
    no words of the child, not even those that an alert about a child under eight may quote.
    """

    person: str = field(repr=False)
    at: datetime
    played_today_s: int
    continuous_s: int
    spent_today_fen: int
    spent_month_fen: int
    held_fen: int
    refused: Mapping[str, int]
    alerts: tuple[AlertNote, ...] = ()


def overview(
    subject: Subject,
    usage: Usage,
    *,
    at: datetime,
    refused: Mapping[str, int] | None = None,
    alerts: Iterable[Alert] = (),
    reading: AgeReading = "day_after_birthday",
) -> Overview:
    """What the guardians of this child may see now.

    ``usage``: ``guard.usage(subject, at=)``. ``refused``: counts by reason code, ``counted`` makes
    them. ``alerts``: of this person, addressed to guardians. A known adult has no guardian who
    may look: ``InvalidRequest``.
    """
    at = local(at)
    if type(usage) is not Usage:
        raise InvalidRequest("usage", "want a Usage")
    if subject.ages_on(at.toordinal(), reading).adult:
        raise InvalidRequest("subject", f"want a person who may be under {ADULT}")
    counts = dict(refused or {})
    for code, count in counts.items():
        if code not in CODES:  # a code is one of a few; words of a child are none of them
            raise InvalidRequest("refused", "want counts by reason code")
        want_int(count, "refused", 0, SECONDS_MAX)
    told = tuple(alert for alert in alerts if alert.to == "guardian")
    if any(alert.person != subject.id for alert in told):
        raise InvalidRequest("alerts", "want the alerts of this person")
    return Overview(
        person=subject.id,
        at=at,
        played_today_s=usage.played_today_s,
        continuous_s=usage.continuous_s,
        spent_today_fen=usage.spent_today_fen,
        spent_month_fen=usage.spent_month_fen,
        held_fen=usage.held_fen,
        refused=dict(sorted(counts.items())),
        alerts=tuple(AlertNote(alert.danger, alert.at, alert.state) for alert in told),
    )


def counted(decisions: Iterable[Decision]) -> dict[str, int]:
    """How often each reason refused something, of some answers to one person."""
    counts: dict[str, int] = {}
    for decision in decisions:
        if not decision.allowed:
            for finding in decision.reasons:
                counts[finding.code] = counts.get(finding.code, 0) + 1
    return dict(sorted(counts.items()))


# -- messages ------------------------------------------------------------------------------------

Access = Literal["no_capacity", "emergency"]
"""Why a guardian may read: a child under eight, or danger to the minor's own safety."""


class MessageAccess(NamedTuple):
    """Whether a guardian may read this person's messages, and under which article.

    ``ground``: why; ``None`` where they may not. ``log``: the reading has to be kept, with who,
    when and what danger (``alerts.Alerts.read_in_emergency``).
    """

    allowed: bool
    ground: Access | None
    log: bool
    citation: Citation = SECRECY

    def __bool__(self) -> bool:
        return self.allowed


def may_read_messages(
    ages: Ages, *, adjudged_none: bool = False, emergency: bool = False
) -> MessageAccess:
    """Whether a guardian may read the messages of somebody of these ages.

    ``adjudged_none``: a minor of eight or more who cannot recognise their own acts (民法典
    art. 21(2)) has no civil capacity either. ``emergency``: somebody has to, now, to protect that
    minor's own safety. Somebody who may be eight or older is not known to be without capacity, and
    a known adult is nobody's to read.
    """
    under_eight = ages.below <= READABLE.below
    if under_eight or (adjudged_none and ages.minor):
        return MessageAccess(allowed=True, ground="no_capacity", log=False)
    if emergency and not ages.adult:
        return MessageAccess(allowed=True, ground="emergency", log=True)
    return MessageAccess(allowed=False, ground=None, log=False)
