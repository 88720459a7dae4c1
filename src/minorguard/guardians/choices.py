"""What a minor has chosen: toggles of their own, merged with the guardians' by the strictest.

A minor may tighten always, and loosens only from fourteen and only what the table lets a minor
change. 未成年人网络保护条例 art. 26(2) gives minors the options; the age is a choice of design
(14 is where 个人信息保护法 art. 31 lets a minor consent alone).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minorguard.errors import InvalidRequest
from minorguard.guardians.strictness import SAID_ELSEWHERE, looseness, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from minorguard.core.features import Feature
    from minorguard.core.subject import Ages, FeatureValue
    from minorguard.guardians.changes import Refusal

LOOSENS_FROM = 14


class Choice(NamedTuple):
    """One toggle as a minor wants it. ``loosens``: it is looser than its default was then."""

    value: FeatureValue
    loosens: bool


class Chosen(NamedTuple):
    """What becomes of a choice: all of it is taken, or none."""

    choices: Mapping[str, Choice]
    fields: tuple[str, ...] = ()
    loosens: tuple[str, ...] = ()
    refused: Refusal | None = None


def chosen(
    choices: Mapping[str, Choice],
    wanted: Mapping[str, FeatureValue],
    table: Iterable[Feature],
    ages: Ages,
) -> Chosen:
    """A minor of these ages chooses toggles. ``InvalidRequest`` for one that the table lacks."""
    rows = {row.id: row for row in table}
    after = dict(choices)
    fields: list[str] = []
    loosens: list[str] = []
    refused: Refusal | None = None
    for toggle, value in sorted(wanted.items()):
        if toggle not in rows or toggle in SAID_ELSEWHERE:
            raise InvalidRequest(f"features.{toggle}", "want a toggle that a minor can choose")
        row, before = rows[toggle], choices.get(toggle)
        default = value_of(row)
        held = default if before is None else before.value
        choice = Choice(value, looseness(toggle, value) > looseness(toggle, default))
        if looseness(toggle, value) > looseness(toggle, held):
            loosens.append(f"features.{toggle}")
            if ages.at_least < LOOSENS_FROM:
                refused = refused or "too_young"
            elif choice.loosens and "minor" not in row.changeable_by:
                refused = refused or "not_changeable"
        if repr(before) != repr(choice):
            fields.append(f"features.{toggle}")
        after[toggle] = choice
    if refused is not None:
        return Chosen(choices, (), tuple(loosens), refused)
    return Chosen(after, tuple(fields), tuple(loosens))


def in_force(choices: Mapping[str, Choice], ages: Ages) -> dict[str, FeatureValue]:
    """The toggles that hold: what loosens holds only for who is known to be fourteen."""
    return {
        toggle: choice.value
        for toggle, choice in choices.items()
        if not choice.loosens or ages.at_least >= LOOSENS_FROM
    }
