"""Is there an order of all calls, each between its call and its return, that explains every answer?

Wing and Gong's search with Lowe's memory: what was linearised and the state that it led to are
never tried twice. A history is checked part by part (person and document by person and document):
if every part is linearizable, so is the whole (Herlihy and Wing, theorem 1).
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import count
from math import inf
from threading import Lock
from typing import Any, NamedTuple

UNKNOWN = object()
"""The answer of a call that may or may not have taken effect, at any time after it was made."""


class Call(NamedTuple):
    """One call: when it was made, when it came back, what was asked and what was answered."""

    part: Hashable
    called: float
    returned: float
    ask: Any
    answer: Any


Step = Callable[[Any, Any], Iterable[tuple[Any, Any]]]
"""``step(state, ask)``: every (answer, state after) that one call, alone, may have."""


class Recorder:
    """Notes the calls of many threads by a clock that only counts."""

    def __init__(self) -> None:
        self._clock = count()
        self._lock = Lock()
        self.history: list[Call] = []

    def now(self) -> int:
        """One more than the last time."""
        with self._lock:
            return next(self._clock)

    def note(self, part: Hashable, called: int, ask: object, answer: object) -> None:
        """A call has come back."""
        returned = inf if answer is UNKNOWN else self.now()
        self.history.append(Call(part, called, returned, ask, answer))


def parts_of(history: Iterable[Call]) -> dict[Hashable, list[Call]]:
    """The history of each part."""
    parts = defaultdict(list)
    for call in history:
        parts[call.part].append(call)
    return parts


def linearizable(history: Sequence[Call], initial: Hashable, step: Step) -> bool:
    """Whether the calls of one part have an order that the sequential ``step`` explains.

    Calls whose answer is ``UNKNOWN`` may be left out.
    """
    calls = sorted(history, key=lambda call: call.called)
    all_done = (1 << len(calls)) - 1
    optional = sum(1 << n for n, call in enumerate(calls) if call.answer is UNKNOWN)
    tried = set()
    todo = [(0, initial)]
    while todo:
        done, state = todo.pop()
        if done | optional == all_done:
            return True
        if (done, state) in tried:
            continue
        tried.add((done, state))
        first_return = min(call.returned for n, call in enumerate(calls) if not done >> n & 1)
        for n, call in enumerate(calls):
            if call.called > first_return:
                break  # it was made after a call came back that is not in the order yet
            if done >> n & 1:
                continue
            for answer, after in step(state, call.ask):
                if call.answer is UNKNOWN or answer == call.answer:
                    todo.append((done | 1 << n, after))
    return False
