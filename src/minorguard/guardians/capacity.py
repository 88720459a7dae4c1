"""Who may bind themselves by a contract: civil capacity, which is not the age of protection.

民法典 art. 17-24 and 145 ask whether somebody understands what they buy; 未成年人保护法 art. 2
protects whoever is under eighteen. A worker of sixteen has full capacity and is still a minor:
nothing here lifts a limit, and no rule reads it. It says what a purchase that was made is worth,
for the clerk who has a refund claim on the desk.

The texts are those of the Civil Code in force since 2021-01-01. The age readings are the law's
own (``core.subject``): by default an age is reached on the day after the birthday.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from minorguard.core.calendar import ZONE, Calendar, local
from minorguard.core.citation import Citation
from minorguard.core.subject import FOREVER, Ages
from minorguard.errors import InvalidRequest

if TYPE_CHECKING:
    from minorguard.core.subject import AgeReading, Subject

Capacity = Literal["none", "limited", "full"]
"""无民事行为能力, 限制民事行为能力, 完全民事行为能力; the weakest first."""
CAPACITIES: tuple[Capacity, ...] = get_args(Capacity)

LIMITED_FROM = 8
"""民法典 art. 19, 20: 八周岁以上 limited, 不满八周岁 none."""

FULL_FROM = 18
"""民法典 art. 17, 18(1): 十八周岁以上, an adult, has full capacity."""

OWN_INCOME_FROM = 16
"""民法典 art. 18(2): 十六周岁以上, living mainly on the income of their own work: full."""

RATIFICATION_DAYS = 30
"""民法典 art. 145(2): 自收到通知之日起三十日内."""

CODE_SINCE = date(2021, 1, 1)
"""民法典 art. 1260: in force from then on. Before it the clock was another one."""

SATURDAY = 5

CIVIL_CODE = "中华人民共和国民法典"
CIVIL_CODE_URL = "https://flk.npc.gov.cn"


def cite(article: str) -> Citation:
    """An article of the Civil Code, ``第一百四十五条``."""
    return Citation(CIVIL_CODE, article, CIVIL_CODE_URL)


# -- whose capacity ------------------------------------------------------------------------------


def capacities_of(
    ages: Ages, *, own_income: bool = False, adjudged: Capacity | None = None
) -> tuple[Capacity, ...]:
    """Every capacity that somebody in this range of ages may have, the weakest first.

    ``own_income``: whether the main source of living is income of one's own work; it matters at
    sixteen and seventeen alone. ``adjudged``: what a court has found of somebody who cannot, or
    not wholly, recognise their own acts (art. 21, 22, 24); it only lowers.
    """
    full_from = OWN_INCOME_FROM if own_income else FULL_FROM
    bands: tuple[tuple[Capacity, Ages], ...] = (
        ("none", Ages(0, LIMITED_FROM)),
        ("limited", Ages(LIMITED_FROM, full_from)),
        ("full", Ages(full_from, FOREVER)),
    )
    by_age = {CAPACITIES.index(capacity) for capacity, band in bands if ages.meets(band)}
    if adjudged is not None:
        # Art. 21(1), (2): an adult, and a minor of eight or more; art. 22: an adult.
        by_age = {min(one, CAPACITIES.index(adjudged)) for one in by_age}
    return tuple(CAPACITIES[one] for one in sorted(by_age))


def capacity_of(
    ages: Ages, *, own_income: bool = False, adjudged: Capacity | None = None
) -> Capacity:
    """The weakest capacity that somebody in this range of ages may have."""
    return capacities_of(ages, own_income=own_income, adjudged=adjudged)[0]


def capacity_at(
    subject: Subject,
    at: datetime,
    *,
    own_income: bool = False,
    adjudged: Capacity | None = None,
    reading: AgeReading = "day_after_birthday",
) -> Capacity:
    """The weakest capacity that this person may have had at an instant."""
    ages = subject.ages_on(local(at).toordinal(), reading)
    return capacity_of(ages, own_income=own_income, adjudged=adjudged)


# -- what a purchase is worth --------------------------------------------------------------------

Effect = Literal["void", "pending_ratification", "not_ratified", "revoked", "valid"]
"""无效; waiting for the guardian; refused, or not answered in time; taken back by the platform in
good faith; 有效."""


class Standing(NamedTuple):
    """What a contract is worth at an instant, under which articles.

    ``closes``: while it waits and a notice was received, the instant from which silence is
    refusal; else ``None``.
    """

    effect: Effect
    citations: tuple[Citation, ...]
    closes: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratification:
    """What happened after somebody of limited capacity bought something (民法典 art. 145).

    ``noticed``: when the guardian *received* the platform's notice to ratify. ``ratified`` and
    ``refused``: what the guardian declared. ``revoked``: when the platform, in good faith, took
    its side back, by notice. All aware, ``None`` where it has not happened.
    """

    noticed: datetime | None = None
    ratified: datetime | None = None
    refused: datetime | None = None
    revoked: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("noticed", "ratified", "refused", "revoked"):
            at = getattr(self, name)
            if at is not None:
                object.__setattr__(self, name, local(at, f"ratification.{name}"))

    def closes(self, calendar: Calendar | None = None) -> datetime | None:
        """The instant from which silence is refusal; ``None`` without a notice."""
        return None if self.noticed is None else silence_from(self.noticed, calendar)

    def effect(self, at: datetime, calendar: Calendar | None = None) -> Effect:
        """What the contract is worth at an instant: the first thing that happened decides.

        Of a refusal and a ratification in the same second the refusal counts. A revocation has to
        come *before* the ratification (被追认前), so in the same second it comes too late.
        """
        closes = self.closes(calendar)
        ends: list[tuple[datetime, int, Effect]] = []
        if self.refused is not None:
            ends.append((self.refused, 0, "not_ratified"))
        if closes is not None:
            # 民法典 art. 145(2): 法定代理人未作表示的，视为拒绝追认.
            ends.append((closes, 0, "not_ratified"))
        if self.ratified is not None:
            ends.append((self.ratified, 1, "valid"))
        if self.revoked is not None:
            ends.append((self.revoked, 2, "revoked"))
        happened = [end for end in ends if end[0] <= local(at)]
        return min(happened)[2] if happened else "pending_ratification"


NOTHING_SAID = Ratification()


def standing_of(
    capacity: Capacity,
    at: datetime,
    *,
    beneficial: bool = False,
    fitting: bool = False,
    consented: bool = False,
    after: Ratification = NOTHING_SAID,
    calendar: Calendar | None = None,
) -> Standing:
    """What a purchase by somebody of that capacity is worth at an instant.

    ``beneficial``: it brings them nothing but gain (纯获利益). ``fitting``: it suits their age and
    understanding (与其年龄、智力相适应), which a person decides and no amount does. ``consented``:
    the guardian had agreed beforehand. ``after``: what was declared since. ``calendar``: the days
    of rest, ``law.calendar``; without it only Saturdays and Sundays are known to be some.
    """
    if capacity == "none":
        # Art. 144: void, whatever anybody says afterwards; only the guardian can act (art. 20).
        return Standing("void", (cite("第二十条"), cite("第一百四十四条")))
    if capacity == "full":
        return Standing("valid", (cite("第十八条"),))
    basis = (cite("第十九条"), cite("第一百四十五条"))
    if beneficial or fitting or consented:
        return Standing("valid", basis)
    effect = after.effect(at, calendar)
    waiting = effect == "pending_ratification"
    return Standing(effect, basis, after.closes(calendar) if waiting else None)


def silence_from(noticed: datetime, calendar: Calendar | None = None) -> datetime:
    """The instant from which a guardian who was notified then has refused by saying nothing.

    The day of the notice is not counted (art. 201), the last of the thirty days moves behind days
    of rest (art. 203(1)) and ends at 24:00 (art. 203(2)).
    """
    day = local(noticed, "ratification.noticed").date()
    if day < CODE_SINCE:
        raise InvalidRequest("ratification.noticed", f"want a day from {CODE_SINCE} on")
    calendar = Calendar() if calendar is None else calendar
    try:
        last = day + timedelta(days=RATIFICATION_DAYS)
        while _rest(last, calendar):
            last += timedelta(days=1)
        return datetime.combine(last + timedelta(days=1), time(), ZONE)
    except OverflowError:
        raise InvalidRequest("ratification.noticed", "too near the end of the calendar") from None


def _rest(day: date, calendar: Calendar) -> bool:
    """Whether a day is a 法定休假日: a holiday as announced, or a Saturday or Sunday not worked."""
    number = day.toordinal()
    if calendar.holiday_name(number) is not None:
        return True
    return day.weekday() >= SATURDAY and not calendar.makeup_workday(number)
