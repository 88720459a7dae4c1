"""Nothing that somebody writes is seen before somebody else has read that very wording."""

import asyncio
import pickle
import uuid
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from minorguard import ZONE, stores
from minorguard.content import AsyncReviewQueue, ReviewConflict, ReviewQueue
from minorguard.content.review_items import (
    LABELS_MAX,
    REASON_CHARS_MAX,
    REVISIONS_MAX,
    TEXT_BYTES_MAX,
    decode,
    encode,
)
from minorguard.errors import InvalidRequest, StoreUnavailable
from minorguard.stores.records import BODY_BYTES_MAX
from minorguard.stores.records_memory import AsyncMemoryRecords, MemoryRecords
from storekit import STORES
from strategies import few

NOON = datetime(2026, 11, 20, 12, tzinfo=ZONE)
RECORDS = ("memory", "sqlite", "postgres")


def minutes(n):
    return NOON + timedelta(minutes=n)


def put(queue, item_id="c-1", text="老师好", **kwargs):
    given = {"place": "lesson-7", "author": "p-81", "at": NOON} | kwargs
    return queue.submit(item_id, text=text, **given)


def texts(queue, place="lesson-7"):
    found, page = [], queue.visible(place, limit=2)
    while page.items:
        found += [item.text for item in page.items]
        page = queue.visible(place, after=page.after, limit=2)
    return found


@pytest.fixture
def queue():
    return ReviewQueue(MemoryRecords())


# -- what readers get ----------------------------------------------------------------------------


def test_nothing_is_visible_before_its_approval_and_it_is_then(queue):
    put(queue)
    assert texts(queue) == []
    assert queue.read("c-1") is None
    queue.approve("c-1", by="mod-3", revision=1, at=minutes(5))
    assert texts(queue) == ["老师好"]
    seen = queue.read("c-1")
    assert (seen.text, seen.revision, seen.approved_at) == ("老师好", 1, minutes(5))


def test_readers_get_nothing_of_the_queue(queue):
    put(queue, labels=("gambling",))
    seen = queue.approve("c-1", by="mod-3", revision=1, at=NOON) and queue.read("c-1")
    assert {name for name in dir(seen) if not name.startswith("_")} == {
        *("id", "place", "surface", "author", "text", "revision", "approved_at")
    }


def test_a_rejected_item_never_appears_and_its_author_is_told_why(queue):
    put(queue)
    queue.reject("c-1", by="mod-3", revision=1, at=minutes(1), reason="广告")
    assert texts(queue) == []
    (mine,) = queue.own("p-81").items
    assert (mine.state, mine.reason, mine.at) == ("rejected", "广告", minutes(1))
    with pytest.raises(ReviewConflict):
        queue.approve("c-1", by="mod-4", revision=1, at=minutes(2))
    assert texts(queue) == []


def test_an_author_sees_what_waits_and_nobody_elses(queue):
    put(queue)
    put(queue, "c-2", author="p-82")
    assert [(mine.id, mine.state) for mine in queue.own("p-81").items] == [("c-1", "pending")]
    assert queue.own("p-83").items == ()


def test_an_author_is_not_told_who_moderates(queue):
    put(queue)
    queue.reject("c-1", by="mod-3", revision=1, at=NOON, reason="广告")
    (mine,) = queue.own("p-81").items
    assert not hasattr(mine, "steps")
    assert "mod-3" not in [getattr(mine, name) for name in mine.__dataclass_fields__]


def test_an_edit_of_an_approved_item_hides_it_until_the_new_wording_is_approved(queue):
    put(queue)
    put(queue, "c-2", "later")
    queue.approve("c-1", by="mod-3", revision=1, at=NOON)
    queue.approve("c-2", by="mod-3", revision=1, at=NOON)
    queue.edit("c-1", author="p-81", text="您好", revision=1, at=minutes(1))
    assert texts(queue) == ["later"]
    with pytest.raises(ReviewConflict):  # the wording that was read before is not what waits
        queue.approve("c-1", by="mod-3", revision=1, at=minutes(2))
    queue.approve("c-1", by="mod-3", revision=2, at=minutes(2))
    assert texts(queue) == ["您好", "later"]


def test_an_edit_of_a_rejected_item_waits_anew(queue):
    put(queue)
    queue.reject("c-1", by="mod-3", revision=1, at=NOON, reason="电话")
    queue.edit("c-1", author="p-81", text="您好", revision=1, at=minutes(1))
    assert [item.text for item in queue.waiting().items] == ["您好"]


def test_what_is_withdrawn_is_hidden_for_ever(queue):
    put(queue)
    queue.approve("c-1", by="mod-3", revision=1, at=NOON)
    queue.withdraw("c-1", author="p-81", at=minutes(1))
    assert texts(queue) == []
    for act in (
        lambda: queue.approve("c-1", by="mod-4", revision=1, at=NOON),
        lambda: queue.edit("c-1", author="p-81", text="again", revision=1, at=NOON),
        lambda: queue.take_down("c-1", by="mod-4", revision=1, at=NOON, reason="x"),
        lambda: queue.claim("c-1", by="mod-4", at=NOON),
    ):
        with pytest.raises(ReviewConflict):
            act()
    assert queue.item("c-1").state == "withdrawn"


def test_what_was_approved_in_error_can_be_taken_down(queue):
    put(queue)
    with pytest.raises(ReviewConflict):
        queue.take_down("c-1", by="mod-4", revision=1, at=NOON, reason="有害")
    queue.approve("c-1", by="mod-3", revision=1, at=NOON)
    queue.take_down("c-1", by="mod-4", revision=1, at=minutes(9), reason="有害")
    assert texts(queue) == []
    assert [step.step for step in queue.item("c-1").steps] == [
        "submitted",
        "approved",
        "taken_down",
    ]


def test_places_and_queues_are_kept_apart():
    records = MemoryRecords()
    ours, theirs = ReviewQueue(records), ReviewQueue(records, kind="questions")
    put(ours)
    put(theirs, text="other")
    ours.approve("c-1", by="mod-3", revision=1, at=NOON)
    assert texts(ours, "lesson-8") == []
    assert texts(theirs) == []
    assert theirs.item("c-1").text == "other"


# -- who decides ---------------------------------------------------------------------------------


def test_the_second_moderator_learns_who_decided(queue):
    put(queue)
    queue.approve("c-1", by="mod-3", revision=1, at=minutes(1))
    with pytest.raises(ReviewConflict) as conflict:
        queue.reject("c-1", by="mod-4", revision=1, at=minutes(2), reason="x")
    last = conflict.value.there.last
    assert (last.step, last.by, last.at) == ("approved", "mod-3", minutes(1))
    assert conflict.value.status_hint == 409
    assert pickle.loads(pickle.dumps(conflict.value)).there == conflict.value.there  # noqa: S301 - our own


def test_nobody_decides_on_what_they_wrote(queue):
    put(queue, author="mod-3")
    for act in (
        lambda: queue.approve("c-1", by="mod-3", revision=1, at=NOON),
        lambda: queue.reject("c-1", by="mod-3", revision=1, at=NOON, reason="x"),
        lambda: queue.claim("c-1", by="mod-3", at=NOON),
    ):
        with pytest.raises(InvalidRequest):
            act()
    assert queue.claim_next(by="mod-3", at=NOON) is None
    assert texts(queue) == []


def test_only_the_author_edits_withdraws_and_erases_as_author(queue):
    put(queue)
    for act in (
        lambda: queue.edit("c-1", author="p-82", text="x", revision=1, at=NOON),
        lambda: queue.withdraw("c-1", author="p-82", at=NOON),
        lambda: queue.erase("c-1", author="p-82"),
    ):
        with pytest.raises(InvalidRequest):
            act()
    assert queue.item("c-1").text == "老师好"


def test_a_wording_slipped_in_after_reading_is_not_approved(queue):
    read = put(queue)
    queue.edit("c-1", author="p-81", text="加我微信", revision=1, at=minutes(1))
    with pytest.raises(ReviewConflict) as conflict:
        queue.approve("c-1", by="mod-3", revision=read.revision, at=minutes(2))
    assert conflict.value.there.revision == 2
    assert texts(queue) == []


def test_a_rejection_has_a_reason(queue):
    put(queue)
    for reason in ("", "  ", "x" * (REASON_CHARS_MAX + 1), None, "a\x00"):
        with pytest.raises(InvalidRequest):
            queue.reject("c-1", by="mod-3", revision=1, at=NOON, reason=reason)
    assert queue.item("c-1").state == "pending"


def test_who_and_when_is_kept_for_each_step(queue):
    put(queue)
    queue.approve("c-1", by="mod-3", revision=1, at=minutes(1))
    queue.edit("c-1", author="p-81", text="您好", revision=1, at=minutes(2))
    queue.reject("c-1", by="mod-4", revision=2, at=minutes(3), reason="电话")
    queue.withdraw("c-1", author="p-81", at=minutes(4))
    item = queue.item("c-1")
    assert [(s.step, s.revision, s.by, s.at, s.reason) for s in item.steps] == [
        ("submitted", 1, "p-81", NOON, ""),
        ("approved", 1, "mod-3", minutes(1), ""),
        ("edited", 2, "p-81", minutes(2), ""),
        ("rejected", 2, "mod-4", minutes(3), "电话"),
        ("withdrawn", 2, "p-81", minutes(4), ""),
    ]
    assert item.texts == ("老师好", "您好")


# -- the moderators' desk ------------------------------------------------------------------------


def test_work_is_listed_in_the_order_of_submission(queue):
    for n in (3, 1, 2):
        put(queue, f"c-{n}")
    assert [item.id for item in queue.waiting().items] == ["c-3", "c-1", "c-2"]
    first = queue.waiting(limit=2)
    assert [item.id for item in queue.waiting(after=first.after).items] == ["c-2"]
    assert queue.waiting(place="lesson-8").items == ()


def test_a_claimed_item_is_decided_by_nobody_else_until_the_lease_ends(queue):
    put(queue)
    queue.claim("c-1", by="mod-3", at=NOON, lease_s=600)
    for late in (0, 9):
        with pytest.raises(ReviewConflict) as conflict:
            queue.approve("c-1", by="mod-4", revision=1, at=minutes(late))
        assert conflict.value.there.claim.by == "mod-3"
        with pytest.raises(ReviewConflict):
            queue.claim("c-1", by="mod-4", at=minutes(late))
    done = queue.approve("c-1", by="mod-4", revision=1, at=minutes(10))
    assert (done.last.by, done.claim) == ("mod-4", None)


def test_moderators_are_handed_different_items_and_none_twice(queue):
    for n in range(5):
        put(queue, f"c-{n}")
    handed = [queue.claim_next(by=f"mod-{n}", at=NOON).id for n in range(5)]
    assert handed == [f"c-{n}" for n in range(5)]
    assert queue.claim_next(by="mod-9", at=NOON) is None
    assert queue.claim_next(by="mod-9", at=minutes(11)).id == "c-0"
    queue.release("c-3", by="mod-8")  # not mod-8's: stays
    queue.release("c-2", by="mod-2")
    assert queue.claim_next(by="mod-8", at=minutes(1)).id == "c-2"


def test_a_claim_is_found_behind_pages_of_others(queue):
    for n in range(230):
        put(queue, f"c-{n}", author="mod-1" if n < 229 else "p-81")
    assert queue.claim_next(by="mod-1", at=NOON).id == "c-229"


# -- told twice ----------------------------------------------------------------------------------


def test_everything_told_twice_is_told_once(queue):
    acts = (
        lambda at: put(queue, at=at),
        lambda at: queue.edit("c-1", author="p-81", text="您好", revision=1, at=at),
        lambda at: queue.approve("c-1", by="mod-3", revision=2, at=at),
        lambda at: queue.take_down("c-1", by="mod-4", revision=2, at=at, reason="有害"),
        lambda at: queue.edit("c-1", author="p-81", text="三", revision=2, at=at),
        lambda at: queue.reject("c-1", by="mod-3", revision=3, at=at, reason="广告"),
        lambda at: queue.withdraw("c-1", author="p-81", at=at),
    )
    for n, act in enumerate(acts):
        once = act(minutes(n))
        assert act(minutes(n + 1)) == once
        assert len(once.steps) == n + 1
    assert put(queue).state == "withdrawn"  # told again much later, it is not a new one
    assert queue.edit("c-1", author="p-81", text="您好", revision=1, at=NOON).revision == 3


def test_an_id_is_not_taken_over_by_other_words(queue):
    put(queue)
    for other in ({"text": "别的"}, {"place": "lesson-8"}, {"surface": "barrage"}):
        with pytest.raises(ReviewConflict):
            put(queue, **other)
    with pytest.raises(ReviewConflict) as conflict:
        put(queue, author="p-82")
    assert conflict.value.there is None  # another's item is not shown
    assert queue.item("c-1").text == "老师好"
    assert queue.own("p-82").items == ()


def test_an_edit_to_the_same_words_changes_nothing(queue):
    put(queue)
    queue.approve("c-1", by="mod-3", revision=1, at=NOON)
    assert queue.edit("c-1", author="p-81", text="老师好", revision=1, at=NOON).state == "approved"


# -- bounds --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        *({"text": text} for text in ("", " \n", "\x00", "\ud800", "a\x1b[2J", None, b"x")),
        {"text": "字" * (TEXT_BYTES_MAX // 3 + 1)},
        *({"place": place} for place in ("", "课", "x" * 161, None)),
        *({"author": author} for author in ("", "a b", "p" * 65, "小红", None)),
        *({"surface": surface} for surface in ("", "Comment", "x" * 65)),
        {"labels": ["x"] * (LABELS_MAX + 1)},
        {"labels": ["赌"]},
        {"item_id": ""},
        {"at": NOON.replace(tzinfo=None)},
    ],
)
def test_what_is_out_of_bounds_is_refused_and_leaves_nothing(queue, wrong):
    with pytest.raises(InvalidRequest) as refused:
        put(queue, **wrong)
    assert queue.waiting().items == ()
    assert queue.own("p-81").items == ()
    for value in wrong.values():
        assert not (isinstance(value, str) and len(value) > 2) or value not in str(refused.value)


@pytest.mark.parametrize("revision", [0, -1, True, 1.0, "1", None, REVISIONS_MAX + 1])
def test_a_revision_is_a_whole_number(queue, revision):
    put(queue)
    with pytest.raises(InvalidRequest):
        queue.approve("c-1", by="mod-3", revision=revision, at=NOON)


def test_the_longest_item_there_can_be_fits_its_record(queue):
    worst = '"' * TEXT_BYTES_MAX
    put(queue, text=worst, labels=["x" * 64] * LABELS_MAX)
    for n in range(1, REVISIONS_MAX):
        queue.reject("c-1", by="m" * 64, revision=n, at=NOON, reason='"' * REASON_CHARS_MAX)
        text = worst[:-1] + str(n % 10)
        queue.edit("c-1", author="p-81", text=text, revision=n, at=NOON)
    queue.approve("c-1", by="m" * 64, revision=REVISIONS_MAX, at=NOON)
    last = queue.take_down("c-1", by="mod", revision=REVISIONS_MAX, at=NOON, reason="😀" * 500)
    assert len(encode(last)) < BODY_BYTES_MAX
    with pytest.raises(InvalidRequest, match="want a new item"):
        queue.edit("c-1", author="p-81", text="x", revision=REVISIONS_MAX, at=NOON)


def test_what_is_not_there_is_a_conflict_and_not_a_yes(queue):
    with pytest.raises(ReviewConflict) as conflict:
        queue.approve("c-9", by="mod-3", revision=1, at=NOON)
    assert conflict.value.there is None
    assert queue.item("c-9") is None
    queue.erase("c-9")
    queue.erase("c-9", author="p-81")


def test_no_text_author_or_reason_is_printed(queue):
    put(queue, text="我叫小红", author="p-81")
    queue.reject("c-1", by="mod-3", revision=1, at=NOON, reason="说了名字")
    with pytest.raises(ReviewConflict) as conflict:
        queue.approve("c-1", by="mod-4", revision=1, at=NOON)
    put(queue, "c-2")
    queue.approve("c-2", by="mod-3", revision=1, at=NOON)
    shown = repr((conflict.value.there, queue.own("p-81"), queue.read("c-2"), conflict.value))
    shown += str(conflict.value)
    for secret in ("小红", "p-81", "mod-3", "名字", "老师"):
        assert secret not in shown


# -- erasing -------------------------------------------------------------------------------------


def test_a_person_is_forgotten_with_all_they_wrote(queue):
    for n in range(130):
        put(queue, f"c-{n}", author="p-81" if n % 2 else "p-82")
    queue.approve("c-1", by="mod-3", revision=1, at=NOON)
    assert queue.erase_person("p-81") == 65
    assert queue.own("p-81").items == ()
    assert texts(queue) == []
    assert [item.author for item in queue.waiting().items] == ["p-82"] * 65
    assert queue.erase_person("p-81") == 0


def test_an_erased_item_is_gone_and_its_id_may_be_submitted_anew(queue):
    put(queue)
    queue.approve("c-1", by="mod-3", revision=1, at=NOON)
    queue.erase("c-1", author="p-81")
    assert queue.item("c-1") is None
    assert put(queue, author="p-82").state == "pending"  # and waits, as any other
    assert texts(queue) == []


def test_an_erasure_in_the_middle_of_a_submission_leaves_nothing_unfindable():
    class ErasedMeanwhile(MemoryRecords):
        def append(self, kind, record_id, **kwargs):
            if kind == "review":
                self.erase("review/author", record_id)
            return super().append(kind, record_id, **kwargs)

    queue = ReviewQueue(ErasedMeanwhile())
    put(queue)
    assert queue.erase_person("p-81") == 1
    assert queue.item("c-1") is None


# -- records that are not what they should be ----------------------------------------------------

TAMPERED = {
    "a state without a step": encode,
    "another's approval of an older wording": lambda item: encode(
        replace(item, texts=(*item.texts, "slipped in"))
    ),
    "no JSON": lambda _: b"{",
    "no object": lambda _: b"[]",
    "nothing": lambda _: b"",
    "another form": lambda item: encode(item).replace(b'"form":1', b'"form":2'),
    "no steps": lambda item: encode(replace(item, steps=())),
    "a naive time": lambda item: encode(item).replace(b"+08:00", b""),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_state_of_approved_without_an_approval_shows_nothing(how):
    records = MemoryRecords()
    queue = ReviewQueue(records)
    item = put(queue)
    if how == "another's approval of an older wording":
        item = queue.approve("c-1", by="mod-3", revision=1, at=NOON)
    put(queue, "c-2", "good")
    queue.approve("c-2", by="mod-3", revision=1, at=NOON)
    was = records.get("review", "c-1")
    records.transition("review", was, state="approved", body=TAMPERED[how](item))
    assert texts(queue) == ["good"]
    assert queue.read("c-1") is None
    with pytest.raises(StoreUnavailable):
        queue.item("c-1")
    with pytest.raises(StoreUnavailable):
        queue.approve("c-1", by="mod-3", revision=1, at=NOON)


def test_a_page_of_damaged_records_is_not_the_end():
    records = MemoryRecords()
    queue = ReviewQueue(records)
    for n in range(4):
        records.append("review", f"x-{n}", group="lesson-7", state="approved", body=b"")
    put(queue)
    queue.approve("c-1", by="mod-3", revision=1, at=NOON)
    assert texts(queue) == ["老师好"]


@given(st.text(min_size=1), st.text(), st.lists(st.text(st.characters(codec="ascii")), max_size=3))
@few(200)
def test_what_is_written_is_read_back_to_the_letter(text, reason, labels):
    records = MemoryRecords()
    queue = ReviewQueue(records)
    try:
        item = put(queue, text=text, labels=labels)
        item = queue.reject("c-1", by="mod-3", revision=1, at=NOON, reason=reason)
    except InvalidRequest:
        return
    assert decode(records.get("review", "c-1")) == item
    assert (item.text, item.last.reason) == (text, reason)


# -- awaited -------------------------------------------------------------------------------------


def test_the_awaited_queue_says_the_same():
    async def scenario(queue):
        await queue.submit("c-1", place="l", author="p-1", text="一", at=NOON)
        await queue.submit("c-2", place="l", author="p-1", text="二", at=NOON)
        told = [await queue.claim_next(by="m", at=NOON), await queue.waiting(place="l")]
        told.append(await queue.approve("c-1", by="m", revision=1, at=NOON))
        told.append(await queue.claim("c-2", by="m", at=NOON))
        told.append(await queue.release("c-2", by="m"))
        told.append(await queue.reject("c-2", by="m", revision=1, at=NOON, reason="x"))
        told += [await queue.visible("l"), await queue.read("c-1"), await queue.own("p-1")]
        told.append(await queue.take_down("c-1", by="m", revision=1, at=NOON, reason="x"))
        told.append(await queue.edit("c-1", author="p-1", text="三", revision=1, at=NOON))
        told.append(await queue.withdraw("c-1", author="p-1", at=NOON))
        with pytest.raises(ReviewConflict):
            await queue.approve("c-1", by="m", revision=2, at=NOON)
        told.append(await queue.item("c-1"))
        told.append(await queue.erase("c-1"))
        told.append(await queue.erase_person("p-1"))
        return told

    class Awaited:
        def __init__(self, queue):
            self._queue = queue

        def __getattr__(self, name):
            async def call(*args, **kwargs):
                return getattr(self._queue, name)(*args, **kwargs)

            return call

    theirs = asyncio.run(scenario(AsyncReviewQueue(AsyncMemoryRecords())))
    ours = asyncio.run(scenario(Awaited(ReviewQueue(MemoryRecords()))))
    assert theirs == ours


def test_both_queues_have_the_same_methods():
    import inspect

    def shape(kind):
        return {
            name: [(p.name, p.kind, p.default) for p in inspect.signature(call).parameters.values()]
            for name, call in vars(kind).items()
            if not name.startswith("_")
        }

    assert shape(ReviewQueue) == shape(AsyncReviewQueue)


# -- a model -------------------------------------------------------------------------------------


@dataclass
class Kept:
    """What the model knows of an item, told in other words than the queue's."""

    place: str
    author: str
    wordings: list
    first: str
    state: str = "pending"
    verdict: tuple | None = None  # the last step, if it was a moderator's: who, what, reason
    desk: tuple | None = None
    history: list = field(default_factory=list)


ids = st.sampled_from(["a", "b", "c"])
authors = st.sampled_from(["p-1", "p-2", "mod-1"])
moderators = st.sampled_from(["mod-1", "mod-2"])
words = st.sampled_from(["x", "y", "z"])
places = st.sampled_from(["l-1", "l-2"])
numbers = st.integers(1, 3)
reasons = st.sampled_from(["r", "s"])


class Machine(RuleBasedStateMachine):
    """Any sequence of calls is answered as the model does, and readers see what it allows."""

    records = None  # given by the test

    def __init__(self):
        super().__init__()
        self.queue = ReviewQueue(self.records, kind=uuid.uuid4().hex)
        self.there = {}
        self.now = NOON

    def tick(self):
        self.now += timedelta(minutes=3)
        return self.now

    def said(self, call, *args, **kwargs):
        try:
            return call(*args, **kwargs)
        except ReviewConflict:
            return "conflict"
        except InvalidRequest:
            return "refused"

    def check(self, told, item_id, wanted):
        if wanted in ("conflict", "refused"):
            assert told == wanted
            return
        kept = self.there[item_id]
        assert (told.state, list(told.texts)) == (kept.state, kept.wordings)
        assert [(s.step, s.by, s.at) for s in told.steps] == kept.history

    def step(self, kept, name, by):
        state = {"submitted": "pending", "edited": "pending", "taken_down": "rejected"}
        kept.state = state.get(name, name)
        kept.history.append((name, by, self.now))
        kept.desk = None

    def held(self, kept, by):
        return kept.desk is not None and self.now < kept.desk[1] and kept.desk[0] != by

    @rule(item_id=ids, place=places, author=authors, text=words)
    def submit(self, item_id, place, author, text):
        at, kept = self.tick(), self.there.get(item_id)
        told = self.said(self.queue.submit, item_id, place=place, author=author, text=text, at=at)
        if kept is None:
            kept = self.there[item_id] = Kept(place, author, [text], text)
            self.step(kept, "submitted", author)
        same = (kept.place, kept.author, kept.first) == (place, author, text)
        self.check(told, item_id, "told" if same else "conflict")

    @rule(item_id=ids, author=authors, text=words, revision=numbers)
    def edit(self, item_id, author, text, revision):
        at, kept = self.tick(), self.there.get(item_id)
        told = self.said(
            self.queue.edit, item_id, author=author, text=text, revision=revision, at=at
        )
        if kept is None:
            assert told == "conflict"
        elif kept.author != author:
            assert told == "refused"
        elif len(kept.wordings) > revision and kept.wordings[revision] == text:
            self.check(told, item_id, "told")
        elif len(kept.wordings) != revision or kept.state == "withdrawn":
            assert told == "conflict"
        else:
            if kept.wordings[-1] != text:
                kept.wordings.append(text)
                kept.verdict = None
                self.step(kept, "edited", author)
            self.check(told, item_id, "told")

    @rule(item_id=ids, author=authors)
    def withdraw(self, item_id, author):
        at, kept = self.tick(), self.there.get(item_id)
        told = self.said(self.queue.withdraw, item_id, author=author, at=at)
        if kept is None:
            assert told == "conflict"
        elif kept.author != author:
            assert told == "refused"
        else:
            if kept.state != "withdrawn":
                kept.verdict = None
                self.step(kept, "withdrawn", author)
            self.check(told, item_id, "told")

    @rule(
        item_id=ids,
        by=moderators,
        revision=numbers,
        verdict=st.sampled_from(["approved", "rejected", "taken_down"]),
        reason=reasons,
    )
    def decide(self, item_id, by, revision, verdict, reason):
        at, kept = self.tick(), self.there.get(item_id)
        call = {"approved": "approve", "rejected": "reject", "taken_down": "take_down"}[verdict]
        given = {} if verdict == "approved" else {"reason": reason}
        reason = given.get("reason", "")
        told = self.said(
            getattr(self.queue, call), item_id, by=by, revision=revision, at=at, **given
        )
        if kept is None:
            assert told == "conflict"
        elif kept.author == by:
            assert told == "refused"
        elif kept.verdict == (verdict, by, reason) and revision == len(kept.wordings):
            self.check(told, item_id, "told")
        elif (
            kept.state != ("approved" if verdict == "taken_down" else "pending")
            or revision != len(kept.wordings)
            or self.held(kept, by)
        ):
            assert told == "conflict"
        else:
            kept.verdict = (verdict, by, reason)
            self.step(kept, verdict, by)
            self.check(told, item_id, "told")

    @rule(by=moderators)
    def claim_next(self, by):
        at = self.tick()
        told = self.queue.claim_next(by=by, at=at, lease_s=600)
        free = [
            item_id
            for item_id, kept in self.there.items()
            if kept.state == "pending" and kept.author != by and not self.held(kept, by)
        ]
        assert (told and told.id) == (free[0] if free else None)
        if told:
            self.there[told.id].desk = (by, at + timedelta(seconds=600))

    @rule(item_id=ids, by=moderators)
    def release(self, item_id, by):
        told, kept = self.said(self.queue.release, item_id, by=by), self.there.get(item_id)
        if kept is None:
            assert told == "conflict"
        elif kept.desk and kept.desk[0] == by:
            kept.desk = None
            assert told.claim is None

    @rule(item_id=ids)
    def erase(self, item_id):
        self.queue.erase(item_id)
        self.there.pop(item_id, None)

    @rule(person=authors)
    def erase_person(self, person):
        gone = [item_id for item_id, kept in self.there.items() if kept.author == person]
        assert self.queue.erase_person(person) == len(gone)
        for item_id in gone:
            del self.there[item_id]

    @rule(place=places, limit=st.integers(1, 3))
    def visible(self, place, limit):
        found, page = [], self.queue.visible(place, limit=limit)
        while page.items:
            found += [(item.id, item.text) for item in page.items]
            page = self.queue.visible(place, after=page.after, limit=limit)
        assert found == [
            (item_id, kept.wordings[-1])
            for item_id, kept in self.there.items()
            if kept.place == place and kept.state == "approved"
        ]

    @rule(author=authors)
    def own(self, author):
        found = [(item.id, item.state) for item in self.queue.own(author).items]
        mine = [(name, kept.state) for name, kept in self.there.items() if kept.author == author]
        assert found == mine

    @precondition(lambda self: self.there)
    @invariant()
    def nobody_reads_what_nobody_approved(self):
        for item_id, kept in self.there.items():
            seen = self.queue.read(item_id)
            assert (seen is not None) == (kept.state == "approved")
            if seen:
                step, by, at = kept.history[-1]
                assert (step, at) == ("approved", seen.approved_at)
                assert by != kept.author


MODEL = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.parametrize("store", RECORDS)
def test_any_sequence_of_calls_is_answered_as_the_model_does(store, tmp_path):
    with closing(stores.open_records(STORES[store](tmp_path))) as records:
        run_state_machine_as_test(type("Run", (Machine,), {"records": records}), settings=MODEL)
