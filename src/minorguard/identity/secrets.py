"""Values that are never shown: a name, a key, an identity number.

They print as ``PersonName(***)`` in every way there is to print, cannot be pickled, copied or put
into JSON, are compared in constant time, and give their value to ``.reveal()`` alone. They have
no hash: a hash of one of few possible values (a birth date, a sequence number) is as good as the
value for whoever may try them all, and a set of secrets is kept under an HMAC, not in clear.

An error raised here keeps nothing of the value: not in its text, not in the frames it passes
through (what was given is deleted before the ``raise``), not in a cause or a context.
"""

from __future__ import annotations

import hmac
import unicodedata
from typing import Generic, NoReturn, TypeVar

from minorguard.errors import InvalidRequest

Value = TypeVar("Value", str, bytes)

NAME_CHARS_MAX = 64
_RAW_NAME_CHARS_MAX = 4 * NAME_CHARS_MAX
"""No text longer than this can shrink to a name by composing; it is refused unread."""

_NAME_WANTED = f"want 1-{NAME_CHARS_MAX} characters"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control, format (all BiDi controls, zero width), half of a surrogate pair, breaks of lines.

Private-use and unassigned characters may stand: rare characters of real names are typed so, and
a Unicode table is older than the newest of them.
"""


class Masked(Generic[Value]):
    """A value that only ``.reveal()`` shows."""

    __slots__ = ("_value",)
    _value: Value
    __hash__ = None  # type: ignore[assignment]  # a hash would tell which value it is; see above

    def reveal(self) -> Value:
        """The value itself: for the one line that sends it, and never for a variable that stays."""
        value: Value = self._value
        return value

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    def __str__(self) -> str:
        return repr(self)

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        mine, theirs = self.reveal(), other.reveal()
        return type(mine) is type(theirs) and hmac.compare_digest(_bytes(mine), _bytes(theirs))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        del value
        raise AttributeError(f"{type(self).__name__} does not change")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} does not change")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is neither pickled nor copied")

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is neither pickled nor copied")

    def __getstate__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is neither pickled nor copied")

    def __copy__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is neither pickled nor copied")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is neither pickled nor copied")


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


class Secret(Masked[Value]):
    """A key or a pepper, text or bytes, not empty: ``Secret(os.environ["NPPA_KEY"])``.

    ``InvalidRequest`` for anything else.
    """

    __slots__ = ()

    def __init__(self, value: Value) -> None:
        if type(value) not in {str, bytes} or not value:
            del value
            raise InvalidRequest("secret", "want text or bytes, not empty")
        object.__setattr__(self, "_value", value)


class PersonName(Masked[str]):
    """The name of a person as the identity document has it.

    Composed (NFC), without the spaces around it, 1-64 characters; spaces and the middle dot of
    many names (as in 阿依古丽·买买提) may stand inside. No control or format characters, which
    includes every BiDi control. ``InvalidRequest`` otherwise.
    """

    __slots__ = ()

    def __init__(self, text: str) -> None:
        name, problem = _name_of(text)
        del text
        if problem:
            del name
            raise InvalidRequest("name", problem)
        object.__setattr__(self, "_value", name)


def _name_of(text: str) -> tuple[str, str]:
    """The name, and what is wrong with it. Raises nothing, so no frame of it is ever kept."""
    if type(text) is not str or not text or len(text) > _RAW_NAME_CHARS_MAX:
        return "", _NAME_WANTED
    name = unicodedata.normalize("NFC", text).strip(" \u00a0\u3000")
    if not 1 <= len(name) <= NAME_CHARS_MAX:
        return "", _NAME_WANTED
    for char in name:
        if unicodedata.category(char) in _HIDDEN or ord(char) & 0xFFFE == 0xFFFE:  # noqa: PLR2004 - U+xxFFFE and U+xxFFFF are no characters
            return "", "want no control, format or BiDi characters"
    return name, ""
