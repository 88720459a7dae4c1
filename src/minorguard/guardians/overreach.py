"""What of a guardian's settings law forbids anyway: it is kept, it has no effect, and is named."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from minorguard.core.acts import Spend
from minorguard.guardians.strictness import CAPS, looseness, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from minorguard.core.features import Feature
    from minorguard.core.policy import Law
    from minorguard.core.subject import GuardianSettings, Subject

BY_GUARDIAN = "guardian"
NIGHT = "night_curfew"
PAYING = frozenset(
    {"spend_forbidden", "single_cap_exceeded", "daily_cap_exceeded", "monthly_cap_exceeded"}
)


def overreach_of(
    wanted: GuardianSettings,
    child: Subject,
    at: datetime,
    table: Iterable[Feature],
    law: Law | None,
) -> tuple[str, ...]:
    """The fields that say what a guardian cannot say under this law, sorted.

    A toggle that statute closes is not opened, a right that statute gives is not closed, a night
    that nobody may lift is not lifted, and no cap is higher than the law's.
    移动互联网未成年人模式建设指南 七(3): a guardian does not lift what law forbids.
    """
    found = set(_toggles(wanted, {row.id: row for row in table}))
    if law is not None:
        plain = replace(child, guardian=None)
        for field in CAPS:
            fen = getattr(wanted, field)
            if fen:
                reasons = law.decide(Spend(plain, fen=fen), at=at).reasons
                if any(reason.code in PAYING for reason in reasons):
                    found.add(field)
    return tuple(sorted(found))


def _toggles(wanted: GuardianSettings, rows: dict[str, Feature]) -> Iterator[str]:
    for toggle, value in wanted.features.items():
        row = rows.get(toggle)
        if row is None or BY_GUARDIAN in row.changeable_by:
            continue
        # To close a right is to loosen: of a toggle that protects, off is the looser.
        if looseness(toggle, value) > looseness(toggle, value_of(row)):
            yield f"features.{toggle}"
    night = rows.get(NIGHT)
    if wanted.night_allowed and night is not None and BY_GUARDIAN not in night.changeable_by:
        yield "night_allowed"
