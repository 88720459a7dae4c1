"""Lines in, lines out: order kept, memory flat, one bad line never stops the rest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol, cast

from minorguard.errors import InvalidRequest
from minorguard.wire.answer import Answers, error_line
from minorguard.wire.request import LINE_BYTES_MAX, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from minorguard.core.decision import Lang
    from minorguard.core.policy import Law

LAWS_MAX = 32
ID_CHARS_MAX = 256
ID_MAX = 1 << 63
BOM = b"\xef\xbb\xbf"


class Decider:
    """Answers lines. ``load`` makes a law from its ids; ``default`` is for lines without."""

    def __init__(
        self, load: Callable[[tuple[str, ...]], Law], default: tuple[str, ...], lang: Lang
    ) -> None:
        self._load = load
        self._default = default
        self._lang: Lang = lang
        self._laws: dict[tuple[str, ...], tuple[Law, Answers]] = {}
        if default:
            self._law(default)

    def answer(self, raw: bytes) -> tuple[bool, str]:
        """Whether the line could be judged, and the answer without the line's end."""
        try:
            return True, self._answer(raw)
        except InvalidRequest as error:
            return False, error_line(line_id_of(raw), error)

    def _answer(self, raw: bytes) -> str:
        query = parse(raw)
        laws = query.laws or self._default
        if not laws:
            raise InvalidRequest("law", "is required where no --law is given")
        law, answers = self._laws.get(laws) or self._law(laws)
        return answers.line(query.id, law.plan.decide(query.request, query.usage, query.at))

    def _law(self, ids: tuple[str, ...]) -> tuple[Law, Answers]:
        if len(self._laws) > LAWS_MAX:
            self._laws.clear()
        law = self._load(ids)
        found = self._laws[ids] = (law, Answers(law, self._lang))
        return found


def line_id_of(raw: bytes) -> str | int | None:
    """The id of a line that is wrong elsewhere, where it can be read and written again."""
    if len(raw) > LINE_BYTES_MAX:
        return None
    try:
        found: object = json.loads(raw, parse_int=_short_int)
        line_id = cast("dict[str, object]", found).get("id") if isinstance(found, dict) else None
        if isinstance(line_id, str):
            line_id.encode()
            return line_id if len(line_id) <= ID_CHARS_MAX else None
    except (ValueError, RecursionError):
        return None
    return line_id if type(line_id) is int and abs(line_id) < ID_MAX else None


def _short_int(digits: str) -> int | None:
    return int(digits) if len(digits) <= len(str(ID_MAX)) + 1 else None


def lines(source: IO[bytes]) -> Iterator[bytes]:
    """The lines of a stream without their ends and without blank ones.

    Of a line that is too long only its beginning is kept, which is too long already.
    """
    at_most = LINE_BYTES_MAX + len(BOM) + len(b"\r\n")
    mark = BOM
    while line := source.readline(at_most):
        whole = line.endswith(b"\n") or len(line) < at_most
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = source.readline(at_most)
        line = line.removeprefix(mark)
        mark = b""
        if whole:
            line = line.removesuffix(b"\n").removesuffix(b"\r")
        if not whole or line.strip():
            yield line


class Answerer(Protocol):
    """Whatever answers lines, one for one."""

    def answer(self, raw: bytes) -> tuple[bool, str]:
        """Whether all is well with the line, and its answer."""
        ...


def decide_stream(answerer: Answerer, source: IO[bytes], out: IO[str]) -> bool:
    """Answer every line of a stream. Returns whether all was well with all of them."""
    good = True
    answer, write = answerer.answer, out.write
    for raw in lines(source):
        judged, text = answer(raw)
        good &= judged
        write(text + "\n")
    return good
