"""Review under races, kills and failing stores: nothing is seen that nobody approved."""

import os
import random
import signal
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import datetime, timedelta
from functools import partial

import pytest

from minorguard import ZONE, stores
from minorguard.content import ReviewConflict, ReviewQueue
from minorguard.errors import InvalidRequest, OutcomeUnknown, StoreError
from minorguard.stores.records_memory import MemoryRecords
from minorguard.testing.stores import at_once
from storekit import STORES, postgres_address

NOON = datetime(2026, 11, 20, 12, tzinfo=ZONE)
RECORDS = ("memory", "sqlite", "postgres")
PLACE = "lesson-7"


def submit(queue, item_id, text, author="p-81"):
    return queue.submit(item_id, place=PLACE, author=author, text=text, at=NOON)


def pages(listing):
    page = listing(after=None)
    while page.items:
        yield from page.items
        page = listing(after=page.after)


def visible(queue):
    return list(pages(partial(queue.visible, PLACE)))


def wording(item_id, revision, mood):
    return f"{mood} {item_id} {revision}"


def check_seen(seen):
    """Moderators approve nothing but good wordings, so whoever reads another saw too much."""
    mood, item_id, revision = seen.text.split()
    assert mood == "good"
    assert (item_id, int(revision)) == (seen.id, seen.revision)


def check_history(queue, item_id):
    """The steps of an item follow each other as the rules have it; who decided is no author."""
    item = queue.item(item_id)
    state, revision = "pending", 1
    for step in item.steps[1:]:
        if step.step == "edited":
            assert state != "withdrawn"
            state, revision = "pending", revision + 1
        elif step.step == "withdrawn":
            assert state != "withdrawn"
            state = "withdrawn"
        else:
            assert state == ("approved" if step.step == "taken_down" else "pending")
            assert step.by != item.author
            assert (step.step == "approved") <= item.texts[revision - 1].startswith("good")
            state = "approved" if step.step == "approved" else "rejected"
        assert step.revision == revision
    assert (item.state, item.revision) == (state, revision)
    return item


@pytest.fixture
def opened(tmp_path):
    """Opens queues of one place: another store each time, except in memory."""
    kept = []
    memory = MemoryRecords()

    def open_queue(store):
        if store == "memory":
            return ReviewQueue(memory)
        options = {"sqlite": "?timeout_s=60", "postgres": "&pool=12&timeout_s=60"}[store]
        kept.append(stores.open_records(STORES[store](tmp_path) + options))
        return ReviewQueue(kept[-1])

    yield open_queue
    for records in kept:
        records.close()


# -- races ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("store", RECORDS)
def test_of_sixteen_moderators_on_one_item_one_decides_and_the_others_learn_who(opened, store):
    queues = [opened(store), opened(store)]
    for turn in range(6):
        item_id = f"c-{turn}"
        submit(queues[0], item_id, "x")

        def decide(number, item_id=item_id):
            queue, by = queues[number % 2], f"mod-{number}"
            try:
                if number % 3:
                    queue.approve(item_id, by=by, revision=1, at=NOON)
                else:
                    queue.reject(item_id, by=by, revision=1, at=NOON, reason="r")
            except ReviewConflict as conflict:
                return conflict.there.last
            return by

        answers = at_once(decide)
        won = [answer for answer in answers if isinstance(answer, str)]
        told = {answer.by for answer in answers if not isinstance(answer, str)}
        assert len(won) == 1
        assert told == set(won)
        item = queues[1].item(item_id)
        assert len(item.steps) == 2
        assert item.last.by == won[0]


@pytest.mark.parametrize("store", RECORDS)
def test_moderators_who_ask_for_work_at_once_are_never_handed_the_same(opened, store):
    queues = [opened(store), opened(store)]
    for n in range(40):
        submit(queues[0], f"c-{n}", "x")

    def work(number):
        queue, by, mine = queues[number % 2], f"mod-{number}", []
        while item := queue.claim_next(by=by, at=NOON):
            mine.append(item.id)
            queue.approve(item.id, by=by, revision=1, at=NOON)
        return mine

    handed = [item_id for mine in at_once(work) for item_id in mine]
    assert sorted(handed) == sorted(f"c-{n}" for n in range(40))


class Hall:
    """Authors who change their minds, moderators who approve what is good, and readers."""

    def __init__(self, queues, items):
        self.queues, self.items = queues, items
        self.over = threading.Event()
        self.seen = 0

    def queue(self, number):
        return self.queues[number % len(self.queues)]

    def author(self, number):
        rng, queue, author = random.Random(number), self.queue(number), f"p-{number}"
        for n in range(self.items):
            item_id = f"c-{number}-{n}"
            submit(queue, item_id, wording(item_id, 1, rng.choice(("good", "bad"))), author)
            for revision in range(1, rng.randrange(1, 5)):
                # What was good when it was read is bad when it is approved.
                text = wording(item_id, revision + 1, rng.choice(("good", "bad")))
                queue.edit(item_id, author=author, text=text, revision=revision, at=NOON)
            if rng.random() < 0.2:
                queue.withdraw(item_id, author=author, at=NOON)

    def moderator(self, number):
        rng, queue, by = random.Random(number), self.queue(number), f"mod-{number}"
        while not self.over.is_set() or queue.waiting().items:
            for item in queue.waiting().items:
                good = item.text.startswith("good")
                with suppress(ReviewConflict):
                    if rng.random() < 0.3:
                        queue.claim(item.id, by=by, at=NOON, lease_s=1)
                        queue.release(item.id, by=by)
                    decide(queue, item, by, good=good)
                    if good and rng.random() < 0.2:
                        kwargs = {"revision": item.revision, "at": NOON, "reason": "r"}
                        queue.take_down(item.id, by=by, **kwargs)
            self.over.wait(0.002)

    def reader(self, number):
        queue = self.queue(number)
        while not self.over.is_set() or not self.seen:
            for seen in visible(queue):
                check_seen(seen)
                self.seen += 1
                alone = queue.read(seen.id)
                if alone is not None:
                    check_seen(alone)

    def run(self, authors, moderators, readers):
        work = [self.moderator] * moderators + [self.reader] * readers
        with ThreadPoolExecutor(authors + len(work)) as threads:
            try:
                others = [threads.submit(each, 100 + n) for n, each in enumerate(work)]
                for done in [threads.submit(self.author, n) for n in range(authors)]:
                    done.result()
            finally:
                self.over.set()
            for done in others:
                done.result()


def decide(queue, item, by, *, good):
    if good:
        return queue.approve(item.id, by=by, revision=item.revision, at=NOON)
    return queue.reject(item.id, by=by, revision=item.revision, at=NOON, reason="r")


@pytest.mark.parametrize("store", RECORDS)
def test_no_reader_ever_sees_what_nobody_approved_while_sixteen_review(opened, store):
    each = 100 if store == "memory" else 12
    hall = Hall([opened(store), opened(store)], items=each)

    hall.run(authors=4, moderators=16, readers=2)

    queue = opened(store)
    items = [check_history(queue, f"c-{a}-{n}") for a in range(4) for n in range(each)]
    shown = {seen.id for seen in visible(queue)}
    assert shown == {item.id for item in items if item.state == "approved"}
    assert {item.state for item in items} == {"approved", "rejected", "withdrawn"}
    assert hall.seen > 0


@pytest.mark.parametrize("store", RECORDS)
def test_an_edit_and_an_approval_at_once_never_show_the_edit(opened, store):
    queue, other = opened(store), opened(store)
    for n in range(30):
        item_id = f"c-{n}"
        submit(queue, item_id, wording(item_id, 1, "good"))

        def act(number, item_id=item_id):
            with suppress(ReviewConflict):
                if number:
                    return other.approve(item_id, by="mod-3", revision=1, at=NOON)
                text = wording(item_id, 2, "bad")
                return queue.edit(item_id, author="p-81", text=text, revision=1, at=NOON)

        at_once(act, 2)
        assert queue.item(item_id).state == "pending"
    assert visible(queue) == []


@pytest.mark.parametrize("store", RECORDS)
def test_a_submission_told_by_sixteen_at_once_is_one(opened, store):
    queues = [opened(store), opened(store)]
    for n in range(6):
        items = at_once(lambda number, n=n: submit(queues[number % 2], f"c-{n}", "x"))
        assert all(item == items[0] for item in items)
    assert [item.id for item in queues[0].waiting().items] == [f"c-{n}" for n in range(6)]
    assert len(queues[0].own("p-81").items) == 6


@pytest.mark.parametrize("store", RECORDS)
def test_a_person_who_is_erased_while_submitting_can_be_erased_again_to_the_last_item(
    opened, store
):
    queues = [opened(store), opened(store)]

    def act(number):
        queue = queues[number % 2]
        for n in range(12):
            if number < 3:
                submit(queue, f"c-{number}-{n}", "x")
            else:
                queue.erase_person("p-81")

    at_once(act, 5)
    queues[0].erase_person("p-81")
    assert list(pages(queues[0].waiting)) == []
    assert queues[0].own("p-81").items == ()


# -- kill -9 of those who use a store ------------------------------------------------------------


def forked(work):
    """The id of a child of this process that does the work and nothing else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pytest's own threads do no harm here
        child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def review_until_killed(out, url, who, seed):
    """Two authors and two moderators; each act is told when it is done."""
    queue = ReviewQueue(stores.open_records(url))

    def tell(what, item):
        os.write(out, f"{what} {item.id} {item.revision}\n".encode())

    def author(number):
        rng = random.Random(f"{seed} {who} {number}")
        for n in range(1_000_000):
            item_id, mine = f"{seed}-{who}{number}-{n}", f"p-{who}"
            text = wording(item_id, 1, rng.choice(("good", "bad")))
            tell("submitted", submit(queue, item_id, text, mine))
            if rng.random() < 0.5:
                text = wording(item_id, 2, rng.choice(("good", "bad")))
                args = {"author": mine, "text": text, "revision": 1, "at": NOON}
                tell("edited", queue.edit(item_id, **args))

    def moderator(number):
        by = f"mod-{who}{number}"
        for n in range(1_000_000):
            item = queue.claim_next(by=by, at=NOON + timedelta(hours=n), lease_s=60)
            if item is None:
                continue
            with suppress(ReviewConflict):
                good = item.text.startswith("good")
                done = decide(queue, item, by, good=good)
                tell("approved" if good else "rejected", done)

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(work, n) for work in (author, moderator) for n in (0, 1)]:
            done.result()


def check_told(queue, told):
    """What was acknowledged is there: no step is lost, none was undone by nobody."""
    for what, item_id, revision in told:
        item = check_history(queue, item_id)
        steps = [(step.step, step.revision) for step in item.steps]
        assert steps.count((what, int(revision))) == 1
    shown = visible(queue)
    for seen in shown:
        check_seen(seen)
    approved = {(i, int(r)) for what, i, r in told if what == "approved"}
    edited = {i for what, i, _ in told if what == "edited"}
    missing = approved - {(seen.id, seen.revision) for seen in shown}
    # Approved and yet not shown: its author's edit may have been done, and killed before it told.
    assert all(
        r == 1 and queue.item(i).revision == 2 for i, r in missing - {(i, 1) for i in edited}
    )


def check_kills(url, kills):
    with closing(stores.open_records(url)) as records:
        check_kills_of_workers(ReviewQueue(records), url, kills)


def check_kills_of_workers(queue, url, kills):
    rng, told = random.Random(url[:6]), []
    for seed in range(kills):
        ours, theirs = os.pipe()
        workers = [forked(partial(review_until_killed, theirs, url, who, seed)) for who in "ab"]
        os.close(theirs)
        stop, fresh = rng.randrange(2, 150), []
        with os.fdopen(ours, encoding="ascii") as lines:
            for count, line in enumerate(lines):
                fresh.append(line.split())
                if count % 20 == 0:  # a reader in the midst of it
                    for seen in queue.visible(PLACE).items:
                        check_seen(seen)
                if count == stop:
                    for worker in workers:
                        os.kill(worker, signal.SIGKILL)
        assert [os.waitpid(worker, 0)[1] for worker in workers] == [signal.SIGKILL] * 2
        check_told(queue, fresh)
        told += fresh
    check_told(queue, told)
    # The dead held items on their desks; when the leases end they are decided all the same.
    later = NOON + timedelta(days=500_000)
    while item := queue.claim_next(by="mod-z", at=later):
        decide(queue, item, "mod-z", good=item.text.startswith("good"))
    check_told(queue, told)
    assert {what for what, _, _ in told} == {"submitted", "edited", "approved", "rejected"}


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_nothing_unapproved_is_seen_when_those_at_work_are_killed(tmp_path, store):
    check_kills(address(store, tmp_path), kills=8)


@pytest.mark.deep
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_nothing_unapproved_is_seen_in_a_hundred_kills(tmp_path, store):
    check_kills(address(store, tmp_path), kills=100)


def address(store, folder):
    if store == "sqlite":
        return f"sqlite:////{str(folder).lstrip('/')}/minors.db?timeout_s=60"
    return f"{postgres_address(folder)}&timeout_s=60"


class Town:
    """Authors, moderators and a reader who go on whatever happens to the server."""

    def __init__(self, queue):
        self.queue = queue
        self.over, self.lock = threading.Event(), threading.Lock()
        self.told = []

    def say(self, what, item):
        with self.lock:
            self.told.append((what, item.id, item.revision))

    def until_over(self, work, number):
        n = 0
        while not self.over.is_set():
            n += 1
            try:
                work(number, n)
            except StoreError:
                self.over.wait(0.01)

    def author(self, number, n):
        item_id = f"c-{number}-{n}"
        text = wording(item_id, 1, ("good", "bad")[n % 2])
        self.say("submitted", submit(self.queue, item_id, text))
        text = wording(item_id, 2, ("bad", "good")[n % 3 == 0])
        args = {"author": "p-81", "text": text, "revision": 1, "at": NOON}
        self.say("edited", self.queue.edit(item_id, **args))

    def moderator(self, number, _):
        for item in self.queue.waiting(limit=20).items:
            with suppress(ReviewConflict):
                good = item.text.startswith("good")
                done = decide(self.queue, item, f"mod-{number}", good=good)
                self.say("approved" if good else "rejected", done)

    def reader(self, *_):
        for seen in visible(self.queue):
            check_seen(seen)


def test_nothing_unapproved_is_seen_when_postgresql_is_killed(private_postgres):
    server = private_postgres()
    with closing(stores.open_records(f"{server.url}?timeout_s=2&pool=8")) as records:
        town = Town(ReviewQueue(records))
        with ThreadPoolExecutor(7) as threads:
            work = [town.author] * 2 + [town.moderator] * 4 + [town.reader]
            done = [threads.submit(town.until_over, each, n) for n, each in enumerate(work)]
            try:
                for n in range(3):
                    time.sleep(0.3 + 0.1 * n)
                    server.kill9()
                    time.sleep(0.05)
                    server.start()
                time.sleep(0.3)
            finally:
                town.over.set()
            for each in done:
                each.result()
        check_told(town.queue, town.told)
        assert len(town.told) > 50


# -- stores that fail ----------------------------------------------------------------------------


class Doubtful(MemoryRecords):
    """One write in three ends in doubt, half of them done and half of them not."""

    def __init__(self, seed):
        super().__init__()
        self.dice = random.Random(seed)
        self.doubts = 0

    def _doubted(self, write):
        throw = self.dice.randrange(6)
        if throw == 0:
            self.doubts += 1
            raise OutcomeUnknown("doubtful: not done")
        done = write()
        if throw == 1:
            self.doubts += 1
            raise OutcomeUnknown("doubtful: done")
        return done

    def append(self, *args, **kwargs):
        return self._doubted(partial(super().append, *args, **kwargs))

    def transition(self, *args, **kwargs):
        return self._doubted(partial(super().transition, *args, **kwargs))

    def erase(self, *args):
        return self._doubted(partial(super().erase, *args))


def insist(call, *args, **kwargs):
    """As often as it takes, in the same words."""
    while True:
        with suppress(OutcomeUnknown):
            return call(*args, **kwargs)


@pytest.mark.parametrize("seed", range(20))
def test_whoever_asks_again_in_doubt_gets_one_step_for_each_act(seed):
    records = Doubtful(seed)
    queue = ReviewQueue(records)
    for n in range(5):
        item_id = f"c-{n}"
        insist(submit, queue, item_id, "one")
        insist(queue.edit, item_id, author="p-81", text="two", revision=1, at=NOON)
        insist(queue.claim, item_id, by="mod-3", at=NOON)
        insist(queue.approve, item_id, by="mod-3", revision=2, at=NOON)
        insist(queue.take_down, item_id, by="mod-4", revision=2, at=NOON, reason="r")
        item = insist(queue.withdraw, item_id, author="p-81", at=NOON)
        steps = [step.step for step in item.steps]
        assert steps == ["submitted", "edited", "approved", "taken_down", "withdrawn"]
    assert insist(queue.erase_person, "p-81") <= 5
    assert queue.waiting().items == queue.own("p-81").items == ()
    assert [queue.item(f"c-{n}") for n in range(5)] == [None] * 5
    assert records.doubts > 5


@pytest.mark.parametrize("seed", range(10))
def test_an_error_is_never_an_approval(seed):
    records = Doubtful(seed)
    queue = ReviewQueue(records)
    insist(submit, queue, "c-1", "x")
    with suppress(OutcomeUnknown, InvalidRequest):
        queue.approve("c-1", by="p-81", revision=1, at=NOON)
    assert queue.read("c-1") is None
    with suppress(OutcomeUnknown):
        queue.reject("c-1", by="mod-3", revision=1, at=NOON, reason="r")
    assert queue.read("c-1") is None


class Hasty(MemoryRecords):
    """Somebody else is always a little faster, for a while."""

    def __init__(self, times):
        super().__init__()
        self.times = times

    def transition(self, kind, was, *, state, body):
        if self.times:
            self.times -= 1
            super().transition(kind, was, state=was.state, body=was.body)
        return super().transition(kind, was, state=state, body=body)


def test_a_change_that_changes_nothing_delays_a_decision_and_no_more():
    queue = ReviewQueue(Hasty(31))
    submit(queue, "c-1", "x")
    assert queue.approve("c-1", by="mod-3", revision=1, at=NOON).state == "approved"


def test_whoever_is_never_fast_enough_is_told_so_and_nothing_is_done():
    with closing(Hasty(1000)) as records:
        queue = ReviewQueue(records)
        submit(queue, "c-1", "x")
        with pytest.raises(StoreError):
            queue.approve("c-1", by="mod-3", revision=1, at=NOON)
        assert queue.read("c-1") is None
