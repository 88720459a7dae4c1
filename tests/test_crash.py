"""What the store has acknowledged is there after a kill, a power cut and a failing drive."""

import os
import random
import signal
import sqlite3
import warnings
from bisect import bisect_right
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from minorguard.errors import OutcomeUnknown, StoreError, StoreUnavailable
from minorguard.stores.sqlite import SqliteStore
from power import IOERR_WRITE, SQLITE_FULL, Drive, Recorder, library

SAFE = [("truncate", "extra"), ("wal", "full"), ("delete", "extra"), ("persist", "extra")]


def modes(mode):
    return dict(zip(("journal", "sync"), mode, strict=True))


def healthy(path):
    with closing(sqlite3.connect(path)) as connection:
        try:
            return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        except sqlite3.DatabaseError:
            return False


# -- kill -9 -------------------------------------------------------------------------------------


def write_until_killed(out, path, mode, seed):
    """Two busy threads; each swap is told when it is done."""
    store = SqliteStore(path, **modes(mode), timeout_s=60)

    def work(rng):
        while True:
            key = f"k/s/{rng.randrange(20)}"
            version, _ = store.load(key)
            if store.swap(key, version, b"%d " % (version + 1) * (version % 997)) is None:
                os.write(out, f"{key} {version + 1}\n".encode())

    with ThreadPoolExecutor(2) as threads:
        done = [threads.submit(work, random.Random(f"{seed} {n}")) for n in range(2)]
    return [work.result() for work in done]


def forked(work, *args):
    """The id of a child of this process that does the work and nothing else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pytest's own threads do no harm here
        child = os.fork()
    if child == 0:
        try:
            work(*args)
        finally:
            os._exit(1)
    return child


def acknowledged_until_killed(path, mode, seed, n):
    """The last version of each key that two busy processes told before they were killed."""
    ours, theirs = os.pipe()
    writers = [forked(write_until_killed, theirs, path, mode, f"{seed} {who}") for who in "ab"]
    os.close(theirs)
    told = {}
    with os.fdopen(ours, encoding="ascii") as lines:
        for count, line in enumerate(lines):
            if count == n:
                for writer in writers:
                    os.kill(writer, signal.SIGKILL)
            key, version = line.split()
            told[key] = max(told.get(key, 0), int(version))
    assert [os.waitpid(writer, 0)[1] for writer in writers] == [signal.SIGKILL] * 2
    return told


def check_kills(path, mode, kills):
    store = SqliteStore(path, **modes(mode))
    for n in range(20):
        store.swap(f"k/s/{n}", None, b"")
    rng = random.Random(str(mode))
    for seed in range(kills):
        told = acknowledged_until_killed(path, mode, seed, rng.randrange(1, 200))
        for key, version in told.items():
            there, body = store.load(key)
            assert there >= version
            assert body == b"%d " % there * ((there - 1) % 997)
        assert healthy(path)
    store.close()


@pytest.mark.parametrize("mode", SAFE[:2], ids="-".join)
def test_no_acknowledged_swap_is_lost_when_all_writers_are_killed(tmp_path, mode):
    check_kills(tmp_path / "x.db", mode, kills=25)


@pytest.mark.deep
@pytest.mark.parametrize("mode", SAFE, ids="-".join)
def test_no_acknowledged_swap_is_lost_in_hundreds_of_kills(tmp_path, mode):
    check_kills(tmp_path / "x.db", mode, kills=250)


# -- power cuts ----------------------------------------------------------------------------------

KEYS = [f"k/s/{n}" for n in range(12)]


@pytest.fixture(scope="module")
def recorder():
    lib = library()
    if lib is None:
        pytest.skip("the SQLite of this Python is built in, or this is not Linux")
    return Recorder(lib, "minorguard-power")


def lives(recorder, folder, mode, rng, steps=60):
    """What the drive was told in a store's life, and what was acknowledged after each step."""
    folder.mkdir()
    state, states = {}, [{}]
    with recorder.recording(folder) as notes:
        stores = [SqliteStore(folder / "x.db", **modes(mode), vfs=recorder.name) for _ in range(2)]
        for _ in range(steps):
            key, store = rng.choice(KEYS), rng.choice(stores)
            if rng.random() < 0.1:
                store.erase(key)
                state.pop(key, None)
            else:
                body = rng.randbytes(rng.choice((0, 50, 300, 3000, 20_000)))
                assert store.swap(key, state[key][0] if key in state else None, body) is None
                state[key] = (state[key][0] + 1 if key in state else store.load(key)[0], body)
            states.append(dict(state))
            notes.append(("acknowledged", b"", 0))
        for store in stores:
            store.close()
        return list(notes), states


def verdict(folder, image, mode, allowed):
    """What became of the documents: ``kept``, ``lost`` or ``damaged``."""
    folder.mkdir()
    for name, body in image.items():
        (folder / os.fsdecode(name)).write_bytes(body)
    try:
        store = SqliteStore(folder / "x.db", **modes(mode))
        found = {key: store.load(key) for key in store.scan("")[0]}
        store.close()
    except StoreUnavailable:
        return "damaged"
    if not healthy(folder / "x.db"):
        return "damaged"
    return "kept" if found in allowed else "lost"


def verdicts(recorder, folder, mode, cuts, *, lives_n=3, lying=False):
    """The power cut at random moments of a few lives: how often the documents were kept or not."""
    rng = random.Random(f"{mode} {cuts}")
    counts = {"kept": 0, "lost": 0, "damaged": 0}
    for life in range(lives_n):
        notes, states = lives(recorder, folder / f"life{life}", mode, rng)
        acknowledged = [n for n, note in enumerate(notes) if note[0] == "acknowledged"]
        drive, taken = Drive(lying=lying), 0
        for cut in sorted(rng.choices(range(len(notes) + 1), k=cuts // lives_n)):
            for note in notes[taken:cut]:
                drive.take(note)
            taken = cut
            known = bisect_right(acknowledged, cut - 1)
            image = drive.cut(rng)
            place = folder / f"cut{life}-{sum(counts.values())}"
            counts[verdict(place, image, mode, states[known : known + 2])] += 1
    return counts


@pytest.mark.parametrize("mode", SAFE, ids="-".join)
def test_no_acknowledged_swap_is_lost_in_a_power_cut(recorder, tmp_path, mode):
    counts = verdicts(recorder, tmp_path, mode, cuts=300)

    assert counts == {"kept": 300, "lost": 0, "damaged": 0}


@pytest.mark.deep
@pytest.mark.parametrize("mode", SAFE, ids="-".join)
def test_no_acknowledged_swap_is_lost_in_thousands_of_power_cuts(recorder, tmp_path, mode):
    counts = verdicts(recorder, tmp_path, mode, cuts=5000, lives_n=50)

    assert counts == {"kept": 5000, "lost": 0, "damaged": 0}


def test_the_harness_sees_what_a_log_that_is_not_synced_loses(recorder, tmp_path):
    assert verdicts(recorder, tmp_path, ("wal", "normal"), cuts=60)["lost"] > 10


def test_the_harness_sees_a_deleted_journal_come_back_without_extra(recorder, tmp_path):
    assert verdicts(recorder, tmp_path, ("delete", "full"), cuts=60)["lost"] > 0


@pytest.mark.parametrize("mode", SAFE[:2], ids="-".join)
def test_the_harness_sees_what_a_drive_loses_that_never_syncs(recorder, tmp_path, mode):
    counts = verdicts(recorder, tmp_path, mode, cuts=60, lying=True)

    assert counts["lost"] + counts["damaged"] > 10


# -- a failing drive -----------------------------------------------------------------------------


def change(store, act):
    """What a change of a document came to: ``None``, or the error."""
    try:
        if act == "erase":
            store.erase("k/s/p")
        else:
            assert store.swap("k/s/p", store.load("k/s/p")[0], b"new" * 7000) is None
    except StoreError as error:
        return error
    return None


FAILURES = [
    pytest.param((act, code, dying), id=f"{act}-{what}-{'dying' if dying else 'once'}")
    for act in ("swap", "erase")
    for code, what in ((SQLITE_FULL, "full"), (IOERR_WRITE, "error"))
    for dying in (False, True)
]


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("mode", SAFE, ids="-".join)
def test_an_error_says_the_truth_wherever_the_drive_fails(recorder, tmp_path, mode, failure):
    act, code, dying = failure
    seen = []
    for after in range(1, 1000):
        path = tmp_path / str(after) / "x.db"
        path.parent.mkdir()
        with recorder.recording(path.parent) as notes:
            store = SqliteStore(path, **modes(mode), vfs=recorder.name)
            store.swap("k/s/p", None, b"old" * 2000)
            old = store.load("k/s/p")
            new = None if act == "erase" else (old[0] + 1, b"new" * 7000)
            recorder.fail(after, code, dying=dying)
            error = change(store, act)
            recorder.heal()
            failed = any(note[0] == "error" for note in notes)
            found = store.load("k/s/p")  # the same store goes on when the drive does
            store.close()
        seen.append(type(error))
        if error is None:
            assert found == new
        elif isinstance(error, OutcomeUnknown):
            assert found in (old, new)
        else:
            assert isinstance(error, StoreUnavailable)
            assert found == old
        assert healthy(path)
        if not failed:
            break
    assert error is None
    assert {StoreUnavailable, OutcomeUnknown} & set(seen)
