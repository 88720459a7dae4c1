"""What a use is about: what cannot be is refused by its place."""

from datetime import date, datetime, timedelta

import pytest

from minorguard import (
    ZONE,
    Ages,
    ConsentGranted,
    GuardianSettings,
    InvalidRequest,
    Lesson,
    Message,
    ModeSwitch,
    Page,
    Pk,
    Play,
    Post,
    Recipient,
    Show,
    Spend,
    Subject,
    Use,
    law,
)

NOON = datetime(2026, 11, 18, 12, tzinfo=ZONE)
END = datetime(9999, 12, 31, 12, tzinfo=ZONE)
CHILD = Subject("p", born=date(2016, 5, 1), identity="verified")
VIDEO, LIVE, COURSE = law("cn.video"), law("cn.live"), law("cn.course")


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (lambda: Show(CHILD, categories=None), "ask.categories"),
        (lambda: Show(CHILD, categories={}), "ask.categories"),
        (lambda: Show(CHILD, categories=("",)), "ask.categories.0"),
        (lambda: Use(CHILD, []), "ask.feature"),
        (lambda: Use(CHILD), "ask.feature"),
        (lambda: Use(CHILD, about="post"), "ask.about"),
        (lambda: Use(CHILD, "live_pk"), "ask.about"),
        (lambda: Use(CHILD, "course_page"), "ask.about"),
        (lambda: Use(CHILD, "tipping", about=Pk("r")), "ask.feature"),
        (lambda: Recipient(age=(0, 18, 3)), "ask.to.age"),
        (lambda: Recipient(age=7), "ask.to.age"),
        (lambda: Recipient(age=Ages(20, 3)), "ask.to.age"),
        (lambda: Recipient(age=Ages(1, 3), born=date(2020, 1, 1)), "ask.to.age"),
        (lambda: Recipient(id=3), "ask.to.id"),
        (lambda: Recipient(accepts="some"), "ask.to.accepts"),
        (lambda: Message(to="p-2"), "ask.to"),
        (lambda: Message(to=Recipient(), stranger=1), "ask.stranger"),
        (lambda: Post(""), "ask.place"),
        (lambda: Post("wall", labels=("x",) * 65), "ask.labels"),
        (lambda: Pk(3), "ask.room"),
        (lambda: ModeSwitch(on=1), "ask.on"),
        (lambda: Page(course_reviewed=True, comments="open"), "ask.comments"),
        (lambda: Page(course_reviewed=True, comments="off", ads=(1,)), "ask.ads.0"),
        (lambda: Page(course_reviewed=True, comments="off", popups=("moon",)), "ask.popups.0"),
        (lambda: Page(course_reviewed=True, comments="off", charges_fen=-1), "ask.charges_fen"),
        (lambda: Lesson(starts=NOON.replace(tzinfo=None), minutes=30), "ask.starts"),
        (lambda: Lesson(starts=NOON, minutes=0), "ask.minutes"),
        (lambda: Lesson(starts=NOON, minutes=30, training="dance"), "ask.training"),
        (lambda: GuardianSettings(windows=1), "guardian.windows"),
        (lambda: ConsentGranted(CHILD, []), "fact.scope"),
        (lambda: ConsentGranted(CHILD, "moon"), "fact.scope"),
        (lambda: ConsentGranted(CHILD, "tipping", until=NOON.replace(tzinfo=None)), "fact.until"),
    ],
)
def test_what_cannot_be_is_refused_by_its_place(make, path):
    with pytest.raises(InvalidRequest) as refused:
        make()
    assert refused.value.path == path


def test_an_unknown_category_is_refused_when_it_is_judged():
    for request in (
        Show(CHILD, categories=("moon",)),
        Use(CHILD, about=Post("w", labels=("moon",))),
    ):
        with pytest.raises(InvalidRequest):
            VIDEO.decide(request, at=NOON)


def test_no_categories_may_be_an_empty_list():
    assert VIDEO.decide(Show(CHILD, categories=[]), at=NOON)


def test_the_order_of_labels_makes_no_other_request():
    one, other = (
        Show(CHILD, categories=kinds)
        for kinds in (("cult", "ordinary"), ("ordinary", "cult", "cult"))
    )
    assert one == other
    assert one.key == other.key


def test_no_seconds_at_all_are_not_a_feature_that_is_off():
    def kid(value):
        settings = GuardianSettings(features={"daily_time_limit": value})
        return Subject("u", born=CHILD.born, minors_mode=True, guardian=settings)

    assert VIDEO.decide(Play(kid(False)), at=NOON).remaining_s > 3600
    assert not VIDEO.decide(Play(kid(0)), at=NOON)
    assert VIDEO.decide(Play(kid(True)), at=NOON).remaining_s == 3600
    assert VIDEO.decide(Play(kid(1)), at=NOON).remaining_s == 1


def test_closing_games_closes_play_and_closing_purchases_closes_paying():
    game, both = law("cn.game"), law("cn.game", "cn.live")
    friday = datetime(2026, 11, 20, 20, 10, tzinfo=ZONE)
    shut = GuardianSettings(features={"game_play": False, "purchase": False})
    child = Subject("u", born=date(2012, 5, 1), identity="verified", guardian=shut)
    for ruler in (game, both):
        for request in (Play(child), Spend(child, fen=100)):
            assert "feature_off" in {r.code for r in ruler.decide(request, at=friday).reasons}


def test_pages_lessons_and_contests_are_not_covered_before_their_pack():
    before = datetime(2023, 12, 31, 23, 59, 59, tzinfo=ZONE)
    page = Page(course_reviewed=False, comments="off")
    for ruler, about in (
        (COURSE, page),
        (COURSE, Lesson(starts=NOON, minutes=90)),
        (LIVE, Pk("r")),
    ):
        asked = Use(CHILD, about=about)
        assert [r.code for r in ruler.decide(asked, at=before).reasons] == ["not_covered"]
        assert "not_covered" not in {
            r.code for r in ruler.decide(asked, at=before + timedelta(seconds=1)).reasons
        }


def test_what_may_affect_minors_is_not_sent_to_them():
    grown = Subject("g", born=date(1990, 1, 1), identity="verified")
    for to, allowed in ((date(2012, 5, 1), False), (date(1990, 1, 1), True)):
        said = Message(to=Recipient(born=to, accepts="all"), labels=("unsafe_imitation",))
        decision = VIDEO.decide(Use(grown, about=said), at=NOON)
        assert decision.allowed is allowed


def test_an_exempt_use_passes_no_minutes_of_the_house(tmp_path):
    house = tmp_path / "house.toml"
    house.write_text('[[rule]]\nid = "h"\nage = { below = 18 }\ndaily_minutes = 0\n', "utf-8")
    inside = Subject("u", born=CHILD.born, minors_mode=True)
    assert not law("cn.video", house=house).decide(Play(inside, exempt="emergency"), at=NOON)


def test_a_known_adult_has_no_guardian_who_goes_too_far():
    said = GuardianSettings(features={"complaint_channel": False})
    for born, named in ((date(1990, 1, 1), ()), (CHILD.born, ("features.complaint_channel",))):
        who = Subject("u", born=born, guardian=said)
        assert VIDEO.decide(Use(who, "complaint_channel"), at=NOON).overreach == named


def test_the_end_of_the_calendar_is_no_crash():
    late = Subject("u", born=date(9995, 1, 1), identity="verified")
    assert VIDEO.features_of(late, at=END).changes_at is None
    for request in (Spend(late, fen=10**9), Use(late, "live_host"), Play(late)):
        decision = law("cn.game", "cn.live").decide(request, at=END)
        assert isinstance(decision.explain("zh"), str)
