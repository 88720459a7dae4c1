"""The law compiled: one row a day, one lane an age band, shared segments in each lane.

Equal to ``Policy.evaluate`` on every input (``test_laws.test_plan_equals_evaluate``). A row is
built when its day is first met and holds no person: thresholds of birth pick the lane, the second
of the day picks the segment.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from minorguard.core.calendar import ZONE, local
from minorguard.core.decision import Decision, Segment
from minorguard.core.features import rows_of, version_of
from minorguard.core.hours import DAY_S
from minorguard.core.ruling import closing, opening
from minorguard.core.subject import FOREVER, Ages, attained_on, born_by
from minorguard.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from minorguard.core.acts import Key, Request
    from minorguard.core.features import Feature
    from minorguard.core.policy import Law
    from minorguard.core.ruling import Ruling, Stamp, Walk
    from minorguard.core.subject import Profile, Subject
    from minorguard.core.usage import Usage

KEPT_MAX = 5_000
"""How many compiled rulings and lanes are kept before all are dropped and grown again."""

Lane = tuple[tuple[int, ...], tuple[datetime, ...], "tuple[PlannedSegment, ...]"]
"""When a segment after the first begins, as stamps and as instants, and the day's segments."""

Row = tuple[tuple[int, ...], tuple[Lane, ...]]
"""Latest births (ordinals) that have reached each age edge, oldest first; a lane for each band."""

Sort = tuple[int, bool, bool]
"""A sort of day: under which editions, playable or not, holiday or not. No rule reads more."""


class Plan:
    """A law's compiled rows for all kinds of request met so far."""

    __slots__ = ("_law", "_sorts", "_tables", "_tracks", "kept")

    def __init__(self, law: Law) -> None:
        self._law = law
        self._tracks: dict[Key, Track] = {}
        self._sorts: dict[int, Sort] = {}
        self._tables: dict[tuple[Profile, Ages, Sort], tuple[tuple[Feature, ...], str]] = {}
        self.kept = 0

    def decide(self, request: Request, usage: Usage, at: datetime) -> Decision:
        """The decision that ``Policy.evaluate`` would give."""
        try:
            if at.tzinfo is not ZONE or at.microsecond:
                at = local(at)
            key = request.key
        except AttributeError:  # no request, or no time at all
            local(at)
            raise InvalidRequest("ask", "want Play, Spend, Use or Show") from None
        if not key:
            return self._law.at(at).evaluate(request, usage)
        day = at.toordinal()
        try:
            thresholds, lanes = self._tracks[key].rows[day]
        except KeyError:
            thresholds, lanes = self.track(request, day).row(day)
        born = request.subject.born_day
        if 0 < born <= day:
            _, starts, segments = lanes[bisect_left(thresholds, born)]
        else:
            _, starts, segments = self._span(request, day)
        return Decision(segments[bisect_right(starts, at)], request, usage, at)

    def _span(self, request: Request, day: int) -> Lane:
        track = self.track(request, day)
        self._law.check(request, day)
        return track.span(request.subject.age, day)

    def table(self, subject: Subject, day: int) -> tuple[tuple[Feature, ...], str]:
        """The rows of the features table on that day, and their version, remembered."""
        self._make_room()
        law = self._law
        band = widened(law.feature_edges, subject.ages_on(day, law.age_reading))
        key = (subject.profile, band, self.sort(day))
        table = self._tables.get(key)
        if table is None:
            self.kept += 1
            rows = rows_of(law, subject, band, day)
            table = self._tables[key] = rows, version_of(law, rows)
        return table

    def _make_room(self) -> None:
        if self.kept > KEPT_MAX:
            self._tracks.clear()
            self._sorts.clear()
            self._tables.clear()
            self.kept = 0

    def track(self, request: Request, day: int) -> Track:
        """The compiled rows for requests like this one, checked against the law."""
        self._make_room()
        track = self._tracks.get(request.key)
        if track is None:
            self._law.check(request, day)
            track = self._tracks[request.key] = Track(self, self._law, request)
        return track

    def sort(self, day: int) -> Sort:
        """The sort of a day, remembered."""
        sort = self._sorts.get(day)
        if sort is None:
            calendar = self._law.calendar
            editions = bisect_right(self._law.turns, day)
            sort = self._sorts[day] = (editions, calendar.playable(day), calendar.holiday(day))
        return sort


def widened(inner: tuple[int, ...], ages: Ages) -> Ages:
    """A range of ages widened to the edges between which no rule tells ages apart."""
    edges = (0, *inner, FOREVER)
    low = bisect_right(edges, ages.at_least) - 1
    high = bisect_left(edges, ages.below)
    return Ages(edges[low], edges[min(high, len(edges) - 1)])


class Track:
    """The rows for all requests with one key: same act, same details, same profile of person.

    ``look_up`` is the plan at its barest: two integers in, a shared segment out.
    """

    __slots__ = ("_edges", "_like", "_plan", "_rulings", "_spans", "law", "rows")

    def __init__(self, plan: Plan, law: Law, like: Request) -> None:
        self.law = law
        self.rows: dict[int, Row] = {}
        self._plan = plan
        self._like = like
        self._edges = law.age_edges(like)
        self._rulings: dict[tuple[Ages, Sort], Ruling] = {}
        self._spans: dict[tuple[Ages, int], Lane] = {}

    def look_up(self, born: int, stamp: Stamp) -> PlannedSegment:
        """The segment for a birth (an ordinal) at ``day ordinal * 86400 + second``."""
        try:
            thresholds, lanes = self.rows[stamp // DAY_S]
        except KeyError:
            thresholds, lanes = self.row(stamp // DAY_S)
        starts, _, segments = lanes[bisect_left(thresholds, born)]
        return segments[bisect_right(starts, stamp)]

    def row(self, day: int) -> Row:
        """Compile a day: every age band, oldest first."""
        reading = self.law.age_reading
        thresholds = tuple(born_by(day, edge, reading) for edge in reversed(self._edges))
        bands = pairwise((0, *self._edges, FOREVER))
        lanes = [self._lane(Ages(*band), day, grows=True) for band in bands]
        row = self.rows[day] = (thresholds, tuple(reversed(lanes)))
        return row

    def span(self, ages: Ages, day: int) -> Lane:
        """The lane of somebody known by a range of ages, which does not move with the days."""
        key = (self.band(ages), day)
        lane = self._spans.get(key)
        if lane is None:
            lane = self._spans[key] = self._lane(*key, grows=False)
        return lane

    def band(self, ages: Ages) -> Ages:
        """The range widened to the age edges, between which no rule tells ages apart."""
        return widened(self._edges, ages)

    def ruling(self, band: Ages, day: int) -> Ruling:
        """What the law says to that band on such a day, remembered."""
        key = (band, self._plan.sort(day))
        ruling = self._rulings.get(key)
        if ruling is None:
            self._plan.kept += 1
            ruling = self._rulings[key] = self.law.ruling(self._like, band, day)
        return ruling

    def ruling_on(self, subject: Subject) -> Callable[[int], Ruling]:
        """What the law says to this person on each day, as they grow older."""
        reading = self.law.age_reading
        return lambda day: self.ruling(self.band(subject.ages_on(day, reading)), day)

    def bounded(self, band: Ages, day: int, *, grows: bool) -> bool:
        """Whether any edition, now or to come, bounds the hours of somebody in that band."""
        ages = Ages(band.at_least, FOREVER) if grows else band
        return self.law.may_close(self._like, ages, day)

    def _lane(self, band: Ages, day: int, *, grows: bool) -> Lane:
        self._plan.kept += 1
        ruling = self.ruling(band, day)
        cuts = {cut for window in ruling.windows for span in window.hours for cut in span}
        starts = sorted({0, *cuts} - {DAY_S})
        midnight = datetime.fromordinal(day).replace(tzinfo=ZONE)
        return (
            tuple(day * DAY_S + start for start in starts[1:]),
            tuple(midnight + timedelta(seconds=start) for start in starts[1:]),
            tuple(
                PlannedSegment(self, ruling, day, start, band=band, grows=grows) for start in starts
            ),
        )


class PlannedSegment(Segment):
    """A segment that remembers when its hours close and open, for everybody in its lane.

    The memory is right for all whose age band does not change on the way there: for births from
    a day on. The others' answer is worked out for them alone.
    """

    __slots__ = ("_band", "_closes", "_grows", "_opens", "_track")

    def __init__(
        self, track: Track, ruling: Ruling, day: int, start: int, *, band: Ages, grows: bool
    ) -> None:
        super().__init__(track.law, ruling, day, start)
        self._track = track
        self._band = band
        self._grows = grows
        self._closes: tuple[Stamp | None, int] | None = None
        self._opens: tuple[Stamp | None, int] | None = None

    def closes(self, request: Request, second: int) -> Stamp | None:
        track, day = self._track, self.day
        memory = self._closes
        if memory is None:
            if not track.bounded(self._band, day, grows=self._grows):
                memory = (None, -1)
            else:
                memory = self._remember(closing(self._in_band, day, self.start))
            self._closes = memory
        stamp, since = memory
        if request.subject.born_day >= since:
            return stamp
        return closing(track.ruling_on(request.subject), day, second).stamp

    def opens_later(self, request: Request) -> Stamp | None:
        memory = self._opens
        if memory is None:
            memory = self._opens = self._remember(opening(self._in_band, self.day))
        stamp, since = memory
        subject = request.subject
        if subject.born is None or subject.born_day >= since:
            return stamp
        # Every day of the present band was found shut up to the birthday.
        grown = attained_on(subject.born, self._band.below, self.law.age_reading)
        return opening(self._track.ruling_on(subject), grown.toordinal() - 1).stamp

    def _in_band(self, day: int) -> Ruling:
        return self._track.ruling(self._band, day)

    def _remember(self, walk: Walk) -> tuple[Stamp | None, int]:
        if not self._grows or self._band.below == FOREVER:
            return walk.stamp, -1
        return walk.stamp, born_by(walk.last_day, self._band.below, self.law.age_reading) + 1
