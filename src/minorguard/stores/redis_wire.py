"""What goes to a Redis server and comes back: commands, scripts, and errors in words."""

from __future__ import annotations

from collections.abc import Generator
from hashlib import sha1
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TypeAlias, TypeVar, cast

from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as TimedOut

from minorguard.errors import Contention, OutcomeUnknown, StoreError, StoreUnavailable
from minorguard.stores.redis_address import facts_of, refusal

if TYPE_CHECKING:
    from minorguard.stores.redis_address import Address, Place

MEANS = {
    "OOM": "its memory is full",
    "READONLY": "it is a replica now",
    "MISCONF": "it cannot write to its disk",
    "NOREPLICAS": "not enough replicas listen to it",
    "CLUSTERDOWN": "nobody has this slot of the cluster",
    "LOADING": "it is still reading its file",
    "MASTERDOWN": "it is a replica that lost its primary",
    "BUSY": "it is busy with a script",
    "NOAUTH": "it wants a password",
    "WRONGPASS": "user or password is wrong",
    "NOPERM": "the user may not do this: want GET, SET, GETRANGE, UNLINK, EVAL, SCAN, INFO",
    "WRONGTYPE": "another program has put something there",
    "MOVED": "the nodes of the cluster do not agree",
    "ASK": "the nodes of the cluster do not agree",
}
"""Errors of the server, in words."""

T = TypeVar("T")


class Question(NamedTuple):
    """Bytes for a server, and how many replies they have."""

    place: Place
    text: bytes
    replies: int = 1


class Answer(NamedTuple):
    """The replies, errors among them, and how many replicas have acknowledged (with ``wait``)."""

    replies: list[object]
    acks: object


Talk: TypeAlias = Generator[Question, Answer, T]


class Lost(Exception):
    """There is no answer. ``sent``: whether the question may have been understood.

    ``wrong``: the server is there, and must not be used as it is set.
    """

    def __init__(self, why: str, *, sent: bool, wrong: bool = False) -> None:
        self.why = why
        self.sent = sent
        self.wrong = wrong
        super().__init__(why)

    def again(self) -> Lost:
        """The same for another caller."""
        return Lost(self.why, sent=self.sent, wrong=self.wrong)

    def error(self, *, writing: bool) -> StoreError:
        """What it is to a caller."""
        kind = OutcomeUnknown if writing and self.sent else StoreUnavailable
        return kind(f"redis: {self.why}")


def pack(*words: bytes) -> bytes:
    """A command, as it is sent."""
    packed = [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
    return b"*%d\r\n%b" % (len(words), b"".join(packed))


CHECKS = pack(b"INFO") + pack(b"CONFIG", b"GET", b"appendfsync")
"""What a server is asked before it is used."""


class Script:
    """A script for one key: sent by its name, and whole to a server that does not know it."""

    def __init__(self, text: str) -> None:
        self.text = text.encode()
        self.name = sha1(self.text, usedforsecurity=False).hexdigest().encode()

    def packed(self, key: bytes, *words: bytes, whole: bool = False) -> bytes:
        """The command that runs it."""
        script = (b"EVAL", self.text) if whole else (b"EVALSHA", self.name)
        return pack(*script, b"1", key, *words)


def said(error: RedisError) -> str:
    """What an error of the server says, without repeating a value."""
    words = f"{error.status_code or ''} {error}".replace("-", " ").split()
    code = next((word for word in words if word in MEANS), None)
    return f"{code}, {MEANS[code]}" if code else "the server has refused the command"


def refuse(error: RedisError) -> NoReturn:
    """Raise what an error of the server is to a caller: nothing was changed."""
    if "TRYAGAIN" in (error.status_code, str(error).partition(" ")[0]):
        raise Contention("redis: TRYAGAIN, this slot is on its way to another node") from None
    raise StoreUnavailable(f"redis: {said(error)}") from None


def is_reply(error: RedisError) -> bool:
    """Whether the server has said this, rather than redis-py about the connection."""
    return error.status_code is not None or isinstance(error, ResponseError)


def failure(error: Exception) -> str:
    """Why there is no answer. No host, no user and no value is repeated."""
    if isinstance(error, RedisError) and is_reply(error):
        return said(error)
    return "no answer in time" if isinstance(error, TimedOut | TimeoutError) else "no connection"


def doubts(reply: object) -> bool:
    """Whether a server has to be asked anew what it is: it seems to be a replica now."""
    return isinstance(reply, RedisError) and said(reply).startswith(("READONLY", "MASTERDOWN"))


def wait_text(address: Address) -> bytes:
    """What is sent behind each question where replicas have to acknowledge."""
    if not address.wait:
        return b""
    return pack(b"WAIT", b"%d" % address.wait, b"%d" % address.wait_ms)


def checked(address: Address, info: object, config: object) -> str | None:
    """Why a server must not be used, from what it replies to ``CHECKS``."""
    if isinstance(info, RedisError):
        return said(info)
    if not isinstance(info, bytes):
        return "it is no Redis"
    told = cast("list[bytes]", config) if isinstance(config, list) else []  # a name and its value
    return refusal(address, facts_of(info), told[-1].decode() if told else None)
