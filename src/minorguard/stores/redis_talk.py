"""What Redis is asked and what its answers mean, in generators that wait for nobody.

A talk yields a ``Question`` and is sent the ``Answer``, or is thrown ``Lost``; what it returns is
the result. ``redis`` and ``redis_async`` carry questions and answers, and nothing else.

**Keys** are ``prefix:kind/{scope/person}``: all documents of a person are in one slot of a cluster.
Time is forgotten 3 days after it was last written, money after 63: the end of the next month is
never later. Where a document was moved to (its first byte is zero) stays.

**A swap is one script** that writes once, in its last step: an error is an answer, and means that
nothing was changed. Only an answer that was lost leaves a doubt, and that is ``OutcomeUnknown``.
Versions are compared as bytes; Lua's numbers would lose them.

**With** ``wait=N`` an answer counts only once ``N`` replicas have what it rests on. ``WAIT`` counts
for its own connection alone, so it is sent behind each question, in the same breath. And it counts
what that connection wrote: so a script that found something writes the version again that is there
already. Without this, a hold that no replica has would be granted to whoever asks twice.
"""

from __future__ import annotations

import os
from hashlib import sha1
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from redis.crc import key_slot
from redis.exceptions import AskError, MovedError, NoScriptError, RedisError

from minorguard.errors import OutcomeUnknown, StoreUnavailable
from minorguard.stores.protocol import NOTHING, STAYS
from minorguard.stores.redis_wire import Lost, Question, Script, pack, refuse, said

if TYPE_CHECKING:
    from minorguard.stores.protocol import Found, Page
    from minorguard.stores.redis_address import Address, Place
    from minorguard.stores.redis_wire import Talk

SLOTS = 16_384
HOPS_MAX = 8
"""How often a question is sent on to another node."""

MAP_S = 0.1
"""How old the map of a cluster is before a node that is gone makes anybody ask for another."""

SCAN_KEYS = 500
"""How many keys Redis looks at in one step of a scan."""

VERSION = 8

DAY_S = 86_400
KEPT = {
    "time": (b"EX", b"%d" % (3 * DAY_S)),
    "money": (b"EX", b"%d" % (63 * DAY_S)),
    "contests": (b"EX", b"%d" % (3 * DAY_S)),
}
"""How long a document stays after it was last written; others stay for ever."""

# A missing key has an empty version, and so has a caller who expects none.
SWAP = """\
if redis.call('GETRANGE', KEYS[1], 0, 7) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], unpack(ARGV, 3))
  return 1
end
"""
FOUND = "return redis.call('GET', KEYS[1])"
FOUND_AND_WRITTEN = """\
local there = redis.call('GET', KEYS[1])
if there then redis.call('SETRANGE', KEYS[1], 0, string.sub(there, 1, 8)) end
return there
"""
ERASED_AND_WRITTEN = """\
if redis.call('UNLINK', KEYS[1]) == 0 then
  redis.call('SET', KEYS[1], '')
  redis.call('UNLINK', KEYS[1])
end
return 1
"""
SWAP_ALONE = Script(SWAP + FOUND)
SWAP_WAITED = Script(SWAP + FOUND_AND_WRITTEN)
LOAD_WAITED = Script(FOUND_AND_WRITTEN)
ERASE_WAITED = Script(ERASED_AND_WRITTEN)


class Talks:
    """All talks with one address. Safe for threads: what it remembers is a hint."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._wait = address.wait
        self._swap = SWAP_WAITED if address.wait else SWAP_ALONE
        self._head = f"{address.prefix}:"
        self._mapped_at = 0.0
        # In a cluster, where each slot is, as far as anybody has told; alone, nothing.
        self._slots: list[Place | None] = [None] * SLOTS if address.cluster else []

    # -- the four methods ------------------------------------------------------------------------

    def load(self, key: str) -> Talk[Found | None]:
        """See ``Store.load``."""
        name = self._name(key)
        if self._wait:
            reply = yield from self._asked(name, LOAD_WAITED.packed(name), LOAD_WAITED)
        else:
            reply = yield from self._asked(name, pack(b"GET", name))
        return None if reply is None else _found(reply)

    def swap(self, key: str, version: int | None, body: bytes) -> Talk[Found | None]:
        """See ``Store.swap``."""
        name = self._name(key)
        if version is None:
            # Random, so that no version of a document comes back that was erased or has expired.
            old, new = b"", (int.from_bytes(os.urandom(8), "big") >> 2) + 1
        else:
            old, new = version.to_bytes(VERSION, "big"), version + 1
        kept = () if body[:1] in STAYS else KEPT.get(key.partition("/")[0], ())
        words = (old, new.to_bytes(VERSION, "big") + body, *kept)
        packed = self._swap.packed(name, *words)
        reply = yield from self._asked(name, packed, self._swap, *words, writing=True)
        if reply == 1:
            return None
        return NOTHING if reply is None else _found(reply)

    def erase(self, key: str) -> Talk[None]:
        """See ``Store.erase``."""
        name = self._name(key)
        if self._wait:
            script = ERASE_WAITED
            yield from self._asked(name, script.packed(name), script, writing=True)
        else:
            yield from self._asked(name, pack(b"UNLINK", name), writing=True)

    def scan(self, prefix: str, cursor: str | None = None) -> Talk[Page]:
        """See ``Store.scan``. A cursor is good for one life of a server and one map of a cluster.

        What moves while it is looked for could be missed, so it is an error then: begin again.
        """
        step = Step.read(cursor)
        pattern = _escaped(self._name(prefix)[: None if "/" not in prefix else -1]) + b"*"
        while True:
            step, names = yield from self._scanned(step, pattern)
            keys = [key for key in map(self._key, names) if key.startswith(prefix)]
            if keys or step.last:
                return keys, None if step.last else step.written()

    # -- one question, wherever its slot is ------------------------------------------------------

    def _asked(
        self,
        name: bytes,
        packed: bytes,
        script: Script | None = None,
        *words: bytes,
        writing: bool = False,
    ) -> Talk[object]:
        place = (yield from self._place_of(name)) if self._slots else self.address.seeds[0]
        asking = b""
        for _ in range(HOPS_MAX):
            try:
                replies, acks = yield Question(place, asking + packed, 2 if asking else 1)
            except Lost as lost:
                if lost.sent or not self._slots:
                    raise lost.error(writing=writing) from lost
                before, place = place, (yield from self._place_of(name, anew=True))
                if place == before:
                    raise lost.error(writing=writing) from lost
                asking = b""
                continue
            reply = replies[-1]
            if not isinstance(reply, RedisError):
                if self._wait and reply is not None:  # nothing rests on nothing
                    self._check_acks(acks, changed=writing and (reply == 1))
                return reply
            asking = b""
            if isinstance(reply, NoScriptError) and script is not None:
                packed = script.packed(name, *words, whole=True)
            elif isinstance(reply, AskError) and self._slots:  # a MovedError is one, too
                host, _, port = str(reply).rpartition(" ")[2].rpartition(":")
                place = (host or place[0], int(port))  # no host: the one that was asked
                if isinstance(reply, MovedError):
                    self._slots[key_slot(name)] = place
                else:
                    asking = pack(b"ASKING")
            else:
                refuse(reply)
        raise StoreUnavailable("redis: the nodes of the cluster do not agree")

    def _check_acks(self, acks: object, *, changed: bool) -> None:
        if isinstance(acks, int) and acks >= self._wait:
            return
        if changed:
            raise OutcomeUnknown("redis: written, but not acknowledged by enough replicas")
        raise StoreUnavailable("redis: what is there is not acknowledged by enough replicas")

    # -- the nodes of a cluster ------------------------------------------------------------------

    def _place_of(self, name: bytes, *, anew: bool = False) -> Talk[Place]:
        slot = key_slot(name)
        place = self._slots[slot]
        if place is None or (anew and monotonic() - self._mapped_at > MAP_S):
            yield from self._map()
            place = self._slots[slot]
        if place is None:
            raise StoreUnavailable("redis: nobody has this slot of the cluster")
        return place

    def _map(self) -> Talk[None]:
        """Ask for the map of the cluster, until somebody tells it."""
        why = Lost("no node answers", sent=False)
        for place in (*self.places(), *self.address.seeds):
            try:
                replies, _ = yield Question(place, pack(b"CLUSTER", b"SLOTS"))
            except Lost as lost:
                why = lost
                continue
            if isinstance(replies[0], list):
                self._mapped_at = monotonic()
                self._slots = _slots(cast("list[list[Any]]", replies[0]), place)
                return
            if isinstance(replies[0], RedisError):
                why = Lost(said(replies[0]), sent=False)
        raise why.error(writing=False) from why

    def places(self) -> tuple[Place, ...]:
        """The servers that are known to have documents, in order."""
        if not self._slots:
            return self.address.seeds
        return tuple(sorted({place for place in self._slots if place is not None}))

    def opened(self) -> Talk[None]:
        """Ask each server at least once, so that a wrong one is told now."""
        if self._slots:
            yield from self._map()
        for place in self.places():
            try:
                yield Question(place, pack(b"PING"))
            except Lost as lost:
                # A cluster may miss a node today, but none may be of the wrong kind.
                if lost.wrong or not self._slots:
                    raise lost.error(writing=False) from lost

    # -- scanning --------------------------------------------------------------------------------

    def _scanned(self, step: Step, pattern: bytes) -> Talk[tuple[Step, list[bytes]]]:
        """The next few names of one server, and where to go on."""
        if self._slots:
            yield from self._map()
        places = self.places()
        if step.nth >= len(places):
            raise StoreUnavailable(BEGIN_AGAIN)
        count = b"%d" % SCAN_KEYS
        text = pack(b"INFO", b"server")
        text += pack(b"CLUSTER", b"NODES") if self._slots else pack(b"PING")
        text += pack(b"SCAN", b"%d" % step.cursor, b"MATCH", pattern, b"COUNT", count)
        try:
            replies, _ = yield Question(places[step.nth], text, 3)
        except Lost as lost:
            raise lost.error(writing=False) from lost
        server, nodes, page = replies
        for reply in replies:
            if isinstance(reply, RedisError):
                refuse(reply)
        if not (isinstance(server, bytes) and isinstance(nodes, bytes) and isinstance(page, list)):
            raise StoreUnavailable("redis: an answer is not one of Redis")
        life = _life(server)
        land = _land(nodes) if self._slots else ""
        if (step.life not in ("", life)) or (step.land not in ("", land)) or land == MOVING:
            raise StoreUnavailable(BEGIN_AGAIN)
        cursor, names = cast("tuple[bytes, list[bytes]]", page)
        if int(cursor):
            return Step(step.nth, int(cursor), life, land), names
        last = step.nth + 1 == len(places)
        return Step(step.nth + 1, 0, "", land, last=last), names

    # -- names -----------------------------------------------------------------------------------

    def _name(self, key: str) -> bytes:
        kind, slash, rest = key.partition("/")
        return f"{self._head}{kind}/{{{rest}}}".encode() if slash else (self._head + kind).encode()

    def _key(self, name: bytes) -> str:
        kind, slash, rest = name.decode("ascii", "replace")[len(self._head) :].partition("/")
        return f"{kind}/{rest[1:-1]}" if slash else kind


BEGIN_AGAIN = "redis: a server or the map of the cluster changed during the scan: begin again"
MOVING = "moving"


class Step(NamedTuple):
    """How far a scan is: on which server, how far there, in which life of it and on which map."""

    nth: int = 0
    cursor: int = 0
    life: str = ""
    land: str = ""
    last: bool = False

    @classmethod
    def read(cls, text: str | None) -> Step:
        """A step from the cursor that a caller gave back."""
        if text is None:
            return cls()
        try:
            nth, cursor, life, land = text.split(".")
            return cls(int(nth), int(cursor), life, land)
        except ValueError:
            raise StoreUnavailable("redis: no cursor of this store") from None

    def written(self) -> str:
        """The cursor for a caller."""
        return f"{self.nth}.{self.cursor}.{self.life}.{self.land}"


def _life(server: bytes) -> str:
    """The run id: after a restart a cursor means nothing."""
    for line in server.splitlines():
        if line.startswith(b"run_id:"):
            return line[7:].decode("ascii", "replace").strip()[:16]
    return ""


def _land(nodes: bytes) -> str:
    """A digest of who has which slots, or ``MOVING`` where some are on their way."""
    # id, address, flags, primary, ping, pong, epoch, link, and then the slots
    lines = (line.split() for line in nodes.splitlines())
    owners = sorted((words[0], *words[8:]) for words in lines if words[8:])
    if any(slot.startswith(b"[") for _, *slots in owners for slot in slots):
        return MOVING
    return sha1(repr(owners).encode(), usedforsecurity=False).hexdigest()[:16]


def _escaped(name: bytes) -> bytes:
    """A name that means itself in a pattern."""
    for special in (b"\\", b"*", b"?", b"["):
        name = name.replace(special, b"\\" + special)
    return name


def _slots(ranges: list[list[Any]], told_by: Place) -> list[Place | None]:
    """The map out of ``CLUSTER SLOTS``: first, last, and the primary first of its nodes."""
    slots: list[Place | None] = [None] * SLOTS
    for first, last, primary, *_ in ranges:
        host, port = primary[:2]  # no host: the one that was asked
        name = host.decode() if host else told_by[0]
        slots[first : last + 1] = [(name, int(port))] * (last + 1 - first)
    return slots


def _found(reply: object) -> Found:
    if not isinstance(reply, bytes) or len(reply) < VERSION:
        raise StoreUnavailable("redis: another program has put something there")
    return int.from_bytes(reply[:VERSION], "big"), reply[VERSION:]
