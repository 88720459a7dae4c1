"""Play time of one person: what was paid for, by which session, and what of it counts.

The laws of this module, each a theorem of ``tests/test_time.py``:

- Played time is the length of the union of all paid spans: two devices make it neither faster nor
  slower, and gaps are not charged.
- Any permutation, duplication or delay by up to ``WINDOW_S`` of the same messages leaves the same
  document, as far as what counts is concerned.
- Nothing is had that was not paid for, and a clock set back gives nothing back.

Instants are local seconds (``ruling.Stamp``). Source: 未成年人保护法 art. 74(2) (time management).
"""

from __future__ import annotations

import struct
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.hours import DAY_S, hours_of
from minorguard.core.packing import sealed, unsealed
from minorguard.core.recorded import SAYINGS_MAX, Modes, Said, mode_told
from minorguard.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minorguard.core.hours import Hours
    from minorguard.core.ruling import Stamp

WINDOW_S = 120
"""How late a message may come as if it had come in time, and a lapsed session may go on."""

BREAK_S = 300
"""A pause that ends a stretch of play, for the reminder to rest."""

OPEN_MAX = 16
SPANS_MAX = 8
KEPT_MAX = 16
ENDED_MAX = 48
"""Open sessions; spans of play; ended sessions kept whole, and by their names alone."""

NAMES_MAX = 16_384
"""How many names of sessions are remembered, since a running one is named again and again."""


class Sitting(NamedTuple):
    """One session: what it has paid for, and when it was left, if it was."""

    name: bytes
    spans: Hours
    left: Stamp | None = None

    @property
    def end(self) -> Stamp:
        """When it was left or its lease ran out."""
        end = self.spans[-1][1] if self.spans else None
        if self.left is None or end is None:
            return (end if self.left is None else self.left) or 0
        return min(end, self.left)

    def renewable(self, at: Stamp) -> bool:
        """Whether it may go on: not left by then, and not lapsed for long."""
        if self.left is not None and at >= self.left:
            return False
        return not self.spans or at <= self.spans[-1][1] + WINDOW_S

    def paid_until(self, at: Stamp) -> Stamp | None:
        """The end of the paid span that holds that instant."""
        for start, end in self.spans:
            if start <= at < end:
                return end
        return None


class Playtime(NamedTuple):
    """The *time* document. ``mark`` is the latest instant of any allowed Play or any leaving.

    ``charged``: paid spans of sessions that are no longer kept whole, of which ``ended`` has the
    names. ``reminded``: when the person was last told to rest. ``modes``: what was told of the
    minors' mode, which is here once more so that a heartbeat reads one document.
    """

    mark: Stamp = 0
    sittings: tuple[Sitting, ...] = ()
    charged: Hours = ()
    ended: tuple[bytes, ...] = ()
    reminded: Stamp | None = None
    modes: Modes = ()

    def sitting(self, name: bytes) -> Sitting | None:
        """The session of that name, open or ended, as far as it is kept whole."""
        for one in self.sittings:
            if one.name == name:
                return one
        return None

    @property
    def spans(self) -> Hours:
        """All paid time, of all sessions together, the future part of leases included."""
        if len(self.sittings) == 1 and not self.charged:
            return self.sittings[0].spans
        return hours_of((*self.charged, *(span for one in self.sittings for span in one.spans)))

    def opened(self, at: Stamp) -> int:
        """How many sessions may still go on."""
        return sum(one.renewable(at) and bool(one.spans) for one in self.sittings)


NO_PLAYTIME = Playtime()


@lru_cache(maxsize=NAMES_MAX)
def session_name(session: str) -> bytes:
    """What the document keeps of a session's id: eight bytes that give nothing away."""
    return blake2b(session.encode("utf-8", "surrogatepass"), digest_size=8).digest()


# -- what counts ---------------------------------------------------------------------------------


def played_s(spans: Hours, at: Stamp) -> int:
    """Seconds played on the calendar day of ``at``, up to it."""
    return length_between(spans, at - at % DAY_S, at)


def length_between(spans: Hours, start: Stamp, end: Stamp) -> int:
    """Seconds of the spans that lie in ``[start, end)``."""
    total = 0
    for first, last in spans:
        if first < end and last > start:
            total += (min(end, last)) - (max(start, first))
    return total


def continuous_s(spans: Hours, at: Stamp) -> int:
    """Seconds played up to ``at`` since the last break of ``BREAK_S`` or more."""
    total, follows = 0, at
    for first, last in reversed(spans):
        if first >= at:
            continue
        until = min(last, at)
        if follows - until >= BREAK_S:
            break
        total += until - first
        follows = first
    return total


def in_mode(playtime: Playtime, on: bool, at: Stamp) -> Playtime:  # noqa: FBT001 - what was told
    """The document after it was told that the minors' mode is on or off."""
    return playtime._replace(modes=mode_told(playtime.modes, Said(at, on), kept=SAYINGS_MAX))


# -- what happens --------------------------------------------------------------------------------


def paid(playtime: Playtime, name: bytes, one: Sitting | None, at: Stamp, until: Stamp) -> Playtime:
    """The document after an allowed Play has paid ``[at, until)`` for its session ``one``."""
    mark = max(playtime.mark, at)
    sittings = playtime.sittings
    if one is None:
        sittings = (*sittings, Sitting(name, ((at, until),), None))
    else:
        renewed = Sitting(name, _extended(one.spans, at, until, mark), one.left)
        if len(sittings) == 1 and not playtime.charged:
            _, _, _, ended, reminded, modes = playtime
            return Playtime(mark, (renewed,), (), ended, reminded, modes)
        sittings = tuple([renewed if other is one else other for other in sittings])
    return tidy(playtime._replace(mark=mark, sittings=sittings))


def _extended(spans: Hours, at: Stamp, until: Stamp, mark: Stamp) -> Hours:
    """The spans of one session and one more, as few as may be."""
    if len(spans) == 1:
        (first, last) = spans[0]
        if first <= at <= last:
            return ((first, max(last, until)),)
    spans = hours_of((*spans, (at, until)))
    if len(spans) <= SPANS_MAX:
        return spans
    since = _still_counts_from(spans, mark)
    spans = tuple(span for span in spans if span[1] > since)
    return hours_of((*spans, *_gaps_charged(spans)))


def reopened(playtime: Playtime, name: bytes) -> Playtime:
    """The document in which a session that had ended may go on, where nothing but rest counts."""
    sittings = tuple(
        one._replace(left=None) if one.name == name else one for one in playtime.sittings
    )
    ended = tuple(other for other in playtime.ended if other != name)
    return playtime._replace(sittings=sittings, ended=ended)


def left(playtime: Playtime, name: bytes, at: Stamp) -> Playtime:
    """The document after a session was left: what it had paid for later is given back.

    A session not known yet is closed before it opens, unless the news is too old to matter. Of
    several leavings the earliest counts.
    """
    one = playtime.sitting(name)
    mark = max(playtime.mark, at)
    if name in playtime.ended:
        return playtime._replace(mark=mark)
    if one is None:
        if playtime.mark - at > WINDOW_S:
            return playtime
        sittings = (*playtime.sittings, Sitting(name, (), at))
    else:
        at = at if one.left is None else min(at, one.left)
        spans = tuple((first, min(last, at)) for first, last in one.spans if first < at)
        closed = Sitting(name, spans, at)
        sittings = tuple(closed if other is one else other for other in playtime.sittings)
    return tidy(playtime._replace(mark=mark, sittings=sittings))


def affordable(spans: Hours, at: Stamp, until: Stamp, quota_s: int) -> Stamp:
    """How far a span from ``at`` on may go, so that no day of it holds more than the quota.

    For a Play that comes late: what was paid after it in the meantime counts, too.
    """
    while True:
        midnight = at - at % DAY_S
        end = min(until, midnight + DAY_S)
        left_s = max(0, quota_s - length_between(spans, midnight, midnight + DAY_S))
        reach = at
        for first, last in (*(span for span in spans if span[1] > at), (end, end)):
            gap_s = max(0, min(first, end) - reach)
            if gap_s > left_s:
                return reach + left_s
            left_s -= gap_s
            reach = max(reach, last)
            if reach >= end:
                break
        if end == until:
            return until
        at = end


# -- bounds --------------------------------------------------------------------------------------


def tidy(playtime: Playtime) -> Playtime:
    """The same within its bounds: every step here charges rather than forgives."""
    sittings = playtime.sittings
    if len(sittings) == 1 and not playtime.charged:
        return playtime
    mark, charged, gone = playtime.mark, playtime.charged, list[bytes]()
    since = _still_counts_from(playtime.spans, mark)
    ended = [one for one in sittings if not one.renewable(mark)]
    extra = len(ended) - KEPT_MAX
    for one in sorted(ended, key=_settled):
        if one.end < since - WINDOW_S or extra > 0:
            gone.append(one.name)
            charged = (*charged, *one.spans)
            extra -= 1
    if gone:
        sittings = tuple(one for one in sittings if one.name not in gone)
    charged = hours_of(span for span in charged if span[1] > since)
    spans = hours_of((*charged, *(span for one in sittings for span in one.spans)))
    spans = tuple(span for span in spans if span[1] > since)
    if len(spans) > SPANS_MAX:
        charged = hours_of((*charged, *_gaps_charged(spans)))
    names = (*playtime.ended, *gone)[-ENDED_MAX:]
    return playtime._replace(sittings=sittings, charged=charged, ended=names)


def _settled(one: Sitting) -> tuple[bool, Stamp]:
    """First those of which nothing more is to be heard, the oldest first."""
    return one.left is None, one.end


def _still_counts_from(spans: Hours, mark: Stamp) -> Stamp:
    """The earliest instant that a request from now on can still count, or a break can end."""
    late = mark - WINDOW_S
    since = late - late % DAY_S
    for first, last in reversed(spans):
        if last + BREAK_S <= since:
            break
        since = min(since, first)
    return since


def _gaps_charged(spans: Hours) -> Iterator[tuple[Stamp, Stamp]]:
    """The shortest gaps, as many as there are spans too many."""
    gaps = ((last, first) for (_, last), (first, _) in pairwise(spans))
    yield from sorted(gaps, key=_length)[: max(0, len(spans) - SPANS_MAX)]


def _length(span: tuple[Stamp, Stamp]) -> int:
    return span[1] - span[0]


# -- bytes ---------------------------------------------------------------------------------------

SCHEMA = 1
SCHEMA_REMINDED = 2
SCHEMA_WITH_MODE = 3
"""The first byte of a document: another where a reminder, or the mode, has something to say at its
end. A store forgets no document that begins with the last. A newer one is not guessed at."""

_HEAD = struct.Struct(">BqBBB")
_ALONE = struct.Struct(">BqBBB8sqBqI")
_SITTING = struct.Struct(">8sqB")
_SPAN = struct.Struct(">qI")
_REMINDED = struct.Struct(">qB")
_MODE = struct.Struct(">qB")
_OPEN = -1
_NAME_BYTES = 8


def to_bytes(playtime: Playtime) -> bytes:
    """The document as a store keeps it: 45 bytes with one open session, some hundred at most."""
    mark, sittings, charged, ended, reminded, modes = playtime
    schema, extra = SCHEMA, b""
    if reminded is not None or modes:
        schema = SCHEMA_WITH_MODE if modes else SCHEMA_REMINDED
        said = (_MODE.pack(one.at, one.on) for one in modes)
        told_at = _OPEN if reminded is None else reminded
        extra = b"".join((_REMINDED.pack(told_at, len(modes)), *said))
    if len(sittings) == 1 and not charged and len(sittings[0].spans) == 1:
        ((name, ((first, last),), gone),) = sittings
        left_at, names = _OPEN if gone is None else gone, b"".join(ended)
        alone = _ALONE.pack(schema, mark, 1, 0, len(ended), name, left_at, 1, first, last - first)
        return sealed(alone + names + extra)
    parts = [_HEAD.pack(schema, mark, len(sittings), len(charged), len(ended))]
    for name, spans, gone in sittings:
        parts.append(_SITTING.pack(name, _OPEN if gone is None else gone, len(spans)))
        parts.extend(_SPAN.pack(first, last - first) for first, last in spans)
    parts.extend(_SPAN.pack(first, last - first) for first, last in charged)
    return sealed(b"".join((*parts, *ended, extra)))


def from_bytes(body: bytes) -> Playtime:
    """The document from its bytes. ``StoreUnavailable`` if they are no such document."""
    body = unsealed(body, "time")
    try:
        schema, mark, sitting_count, charged_count, ended_count = _HEAD.unpack_from(body)
        if schema not in (SCHEMA, SCHEMA_REMINDED, SCHEMA_WITH_MODE):
            raise StoreUnavailable("a time document of another version")
        here = _HEAD.size
        sittings: list[Sitting] = []
        for _ in range(sitting_count):
            name, gone, count = _SITTING.unpack_from(body, here)
            here += _SITTING.size
            spans = _spans(body, here, count)
            here += _SPAN.size * count
            sittings.append(Sitting(name, spans, None if gone == _OPEN else gone))
        charged = _spans(body, here, charged_count)
        here += _SPAN.size * charged_count
        end = here + _NAME_BYTES * ended_count
        reminded, modes, end = _told(body, end) if schema != SCHEMA else (None, (), end)
    except struct.error:
        raise StoreUnavailable("a broken time document") from None
    if len(body) != end:
        raise StoreUnavailable("a broken time document")
    ends = here + _NAME_BYTES * ended_count
    names = tuple(body[at : at + _NAME_BYTES] for at in range(here, ends, _NAME_BYTES))
    return Playtime(mark, tuple(sittings), charged, names, reminded, modes)


def _told(body: bytes, here: int) -> tuple[Stamp | None, Modes, int]:
    """The reminder and the sayings of the mode from there on, and where they end."""
    reminded, count = _REMINDED.unpack_from(body, here)
    here += _REMINDED.size
    modes = tuple(
        Said(at, bool(on))
        for at, on in (_MODE.unpack_from(body, here + _MODE.size * n) for n in range(count))
    )
    return None if reminded == _OPEN else reminded, modes, here + _MODE.size * count


def _spans(body: bytes, here: int, count: int) -> Hours:
    return tuple(
        (first, first + length_s)
        for first, length_s in (
            _SPAN.unpack_from(body, here + _SPAN.size * index) for index in range(count)
        )
    )
