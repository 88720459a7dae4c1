"""A platform's own rules, from its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minorguard.core.settings import SPENDING, HouseRule
from minorguard.core.shown import rated_age
from minorguard.core.subject import Ages, GuardianSettings
from minorguard.errors import InvalidPack, InvalidRequest
from minorguard.packs import KNOWN_LAWS
from minorguard.packs.digest import digest
from minorguard.packs.files import checked, text_of, toml
from minorguard.packs.making import hours_from
from minorguard.packs.tables import features, ratings

if TYPE_CHECKING:
    from minorguard.packs import File, schema

SETTINGS = ("daily_minutes", "windows", "single_fen", "daily_fen", "monthly_fen", "max_rating")


def house_file(file: File) -> tuple[HouseRule, ...]:
    """A platform's own rules from its file."""
    from minorguard.packs import schema

    name, text = text_of(file)
    spec = checked(name, schema.HouseFile, toml(name, text))
    seen: set[str] = set()
    for rule in spec.rule:
        if rule.id in seen:
            raise InvalidPack(name, f"rule.{rule.id}", "this rule is there twice")
        seen.add(rule.id)
    return tuple(_house_rule(name, rule) for rule in spec.rule)


def _house_rule(file: str, spec: schema.HouseRuleSpec) -> HouseRule:
    key = f"rule.{spec.id}"
    unknown = spec.features.keys() - features()
    if unknown:
        raise InvalidPack(file, f"{key}.features.{min(unknown)}", "no feature is called so")
    if spec.law is not None and spec.law not in KNOWN_LAWS:
        raise InvalidPack(file, f"{key}.law", f"no law is called so; there are {KNOWN_LAWS}")
    if spec.max_rating is not None:
        try:
            rated_age(ratings(), spec.max_rating)
        except InvalidRequest as error:
            raise InvalidPack(file, f"{key}.max_rating", error.reason) from None
    windows = spec.windows
    return HouseRule(
        id=spec.id,
        law=spec.law,
        ages=Ages(spec.age.at_least, spec.age.below),
        acts={"purchase": frozenset({"purchase"}), "gift": frozenset({"tip"})}.get(
            spec.ask or "", SPENDING
        ),
        settings=GuardianSettings(
            daily_minutes=spec.daily_minutes,
            windows=None if windows is None else hours_from(windows, file, f"{key}.windows"),
            single_fen=spec.single_fen,
            daily_fen=spec.daily_fen,
            monthly_fen=spec.monthly_fen,
            features=spec.features,
            max_rating=spec.max_rating,
        ),
    )


def with_house(value: str, house: tuple[HouseRule, ...]) -> str:
    """The digest of a law tightened by a house's rules, whatever their order."""
    rules = sorted(
        digest(
            rule.id,
            rule.law,
            rule.ages,
            sorted(rule.acts),
            {name: getattr(rule.settings, name) for name in SETTINGS},
            dict(rule.settings.features),
        )
        for rule in house
    )
    return digest(value, rules)
