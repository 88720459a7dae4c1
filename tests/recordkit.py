"""The record stores that guardians' books are tested on, and how to kill whoever writes to them."""

import os
import signal
import warnings
from contextlib import closing
from random import Random

from minorguard import stores
from minorguard.errors import OutcomeUnknown
from minorguard.stores.records_memory import MemoryRecords
from storekit import STORES

RECORDS = ("memory", "sqlite", "postgres")
"""All kinds of record stores."""

DURABLE = ("sqlite", "postgres")
"""Those that outlive a process."""


def opened(name, folder):
    """The records of that folder, closed when the block ends."""
    return closing(stores.open_records(STORES[name](folder)))


def told_until_killed(name, folder, work, workers, lines_wanted):
    """What busy processes told before all of them were killed: the lines, each acknowledged.

    ``work(records, number, tell)`` goes on for ever in a process of its own.
    """
    address = STORES[name](folder)
    ours, theirs = os.pipe()
    children = [_forked(address, work, number, theirs) for number in range(workers)]
    os.close(theirs)
    told = []
    with os.fdopen(ours, encoding="ascii") as lines:
        for line in lines:
            told.append(line.split())
            if len(told) == lines_wanted:
                for child in children:
                    os.kill(child, signal.SIGKILL)
    assert [os.waitpid(child, 0)[1] for child in children] == [signal.SIGKILL] * workers
    return told


def _forked(address, work, number, out):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pytest's own threads do no harm here
        child = os.fork()
    if child == 0:
        try:
            records = stores.open_records(address)
            work(records, number, lambda *words: os.write(out, f"{' '.join(words)}\n".encode()))
        finally:
            os._exit(1)
    return child


class Forgetful(MemoryRecords):
    """Of every four writes one is not done and one is, and nobody is told which."""

    def __init__(self, seed=0):
        super().__init__()
        self.dice = Random(seed)

    def append(self, kind, record_id, *, group, state, body):
        return self._perhaps(
            lambda: super(Forgetful, self).append(
                kind, record_id, group=group, state=state, body=body
            )
        )

    def transition(self, kind, was, *, state, body):
        return self._perhaps(
            lambda: super(Forgetful, self).transition(kind, was, state=state, body=body)
        )

    def _perhaps(self, write):
        mishap = self.dice.randrange(4)
        if mishap == 0:
            raise OutcomeUnknown("not done")
        done = write()
        if mishap == 1:
            raise OutcomeUnknown("done")
        return done
