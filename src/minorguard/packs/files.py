"""Read a TOML file against its shape; whatever is wrong is named with file and key."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from minorguard.errors import InvalidPack

if TYPE_CHECKING:
    from os import PathLike

    from pydantic import BaseModel

    from minorguard.packs import schema

    Model = TypeVar("Model", bound=BaseModel)

BYTES_MAX = 1 << 20

CATEGORIES = "cn/categories.toml"
"""The kinds of content that the law names."""


class PackFile(NamedTuple):
    """A pack as read: the checked model and the plain data that digests are made of."""

    name: str
    spec: schema.Pack
    data: dict[str, Any]


def shipped(name: str) -> str:
    """The text of a file that ships with the library, by its name below ``packs/``."""
    return files("minorguard.packs").joinpath(name).read_text(encoding="utf-8")


class TextFile(NamedTuple):
    """A file that was read already, so that it is the same for all who ask."""

    name: str
    text: str


def text_of(path: str | PathLike[str] | TextFile) -> TextFile:
    """The name and text of a user's file."""
    if isinstance(path, TextFile):
        return path
    name = Path(path).name
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise InvalidPack(name, "", error.strerror or "cannot be read") from None
    if len(raw) > BYTES_MAX:
        raise InvalidPack(name, "", f"larger than {BYTES_MAX} bytes")
    try:
        return TextFile(name, raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InvalidPack(name, "", "not UTF-8") from None


def toml(name: str, text: str) -> dict[str, Any]:
    """Parse TOML, or say where it is wrong."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # an endless number is a ValueError too
        raise InvalidPack(name, "", str(error)) from None


def checked(name: str, shape: type[Model], data: dict[str, Any]) -> Model:
    """The data as that shape, or ``InvalidPack`` with the dotted key of the first fault."""
    from pydantic import ValidationError

    try:
        return shape.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        reason = "unknown key" if first["type"] == "extra_forbidden" else first["msg"]
        raise InvalidPack(name, _key(data, first["loc"]), reason) from None


def _key(data: object, loc: tuple[int | str, ...]) -> str:
    """``rule.1.ages`` as ``rule.<its id>.ages``: an id is easier to find than a number."""
    parts: list[str] = []
    for step in loc:
        table = _table(data)
        if step not in table and table.get("kind") == step:
            continue  # the tag that told the kinds of rule apart is not a key of the file
        if isinstance(step, str) and not isinstance(data, dict) and data is not None:
            continue  # the shape that was tried for a value is not a key either
        if isinstance(step, int):
            data = cast("list[object]", data)[step]
            table = _table(data)
            name = table.get("id") or table.get("effective_from") or table.get("year")
            parts.append(str(name or step))
        else:
            data = table.get(step)
            parts.append(step)
    return ".".join(parts)


def _table(data: object) -> dict[object, object]:
    return cast("dict[object, object]", data) if isinstance(data, dict) else {}


@cache
def shipped_pack(law_id: str) -> PackFile:
    """A pack that ships with the library."""
    name = f"{law_id.replace('.', '/')}.toml"
    return read_pack(name, shipped(name))


def read_pack(name: str, text: str) -> PackFile:
    """A pack from its text."""
    from minorguard.packs import schema

    data = toml(name, text)
    return PackFile(name, checked(name, schema.Pack, data), data)
