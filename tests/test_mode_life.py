"""The minors' mode from the first login to the last exit: entries, devices, profiles, more time."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homekit import AT, CHILD, DAY, FATHER, HOUR, MINUTE, MOTHER, family, loosened, proof
from minorguard import (
    Ages,
    Guard,
    GuardianSettings,
    InvalidRequest,
    ModeChanged,
    Play,
    StoreUnavailable,
    Subject,
    Use,
    law,
    stores,
)
from minorguard.core.subject import ANY_AGE
from minorguard.core.uses import ModeSwitch
from minorguard.guardians import (
    DeviceBook,
    DeviceSignal,
    Home,
    from_harmonyos,
    from_harmonyos_event,
    from_hyperos,
)
from minorguard.guardians.mode import AGE_BANDS, Device, Mode, left, signalled
from minorguard.guardians.strictness import MODE_OLDER_MINUTES, MODE_YOUNG_MINUTES
from minorguard.stores import open_records
from strategies import few

SISTER = Subject("p-82", born=date(2015, 5, 1), identity="verified")
PHONE, TABLET = "d-phone", "d-tablet"
TRUSTED = {"attested"}


@pytest.fixture
def records():
    return open_records("memory:")


@pytest.fixture
def home(records):
    return family(Home(records, trusted=TRUSTED))


def says(*, on, linked=None, at=AT, source="client", ages=ANY_AGE):
    return DeviceSignal(
        device_mode=on, linked_mode=linked, source=source, received_at=at, ages=ages
    )


def is_on(home, child=CHILD, at=AT):
    return home.subject(child, at=at).minors_mode


# -- in and out ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entry", ["boot", "icon", "settings", "first_login", "device", "guardian", "platform"]
)
def test_every_way_in_is_kept(home, entry):
    change = home.enter(CHILD, entry, at=AT)

    assert change.facts == (ModeChanged(CHILD, on=True),)
    assert (home.mode(CHILD, at=AT).entry, is_on(home)) == (entry, True)
    assert not home.enter(CHILD, "settings", at=AT + HOUR).done
    assert home.mode(CHILD, at=AT).entry == entry


def test_an_unknown_way_in_is_told(home):
    with pytest.raises(InvalidRequest, match="entry"):
        home.enter(CHILD, "window", at=AT)


def test_the_mode_is_left_only_with_the_fresh_proof_of_a_guardian(home):
    home.enter(CHILD, "icon", at=AT)

    for told in (
        None,
        proof("g-stranger"),
        proof(CHILD.id),
        proof(FATHER),
        proof(MOTHER, AT - 5 * MINUTE),
        proof(MOTHER, AT + MINUTE),
    ):
        change = home.leave(CHILD, at=AT, proof=told)
        assert (change.refused, change.facts) == ("guardian_verification_required", ())
    assert is_on(home)
    change = home.leave(CHILD, at=AT, proof=proof(by="face"))
    assert change.facts == (ModeChanged(CHILD, on=False),)
    assert not is_on(home)
    assert [noted.said for noted in home.history(CHILD)][-1] == {"by": "face"}


def test_a_verified_adult_leaves_by_their_own_proof_and_a_declared_one_does_not(home):
    grown = Subject("p-9", born=date(2000, 1, 1), identity="verified")
    declared = replace(grown, identity="declared")
    for person in (grown, declared):
        home.enter(person, "settings", at=AT)

    assert not home.leave(declared, at=AT, proof=proof(grown.id))
    assert home.leave(grown, at=AT, proof=proof(grown.id))


def test_the_guard_lets_nobody_out_at_night_where_law_says_so_and_hears_of_the_rest():
    home = family(Home(open_records("memory:")))
    guard = Guard(law("cn.live"), store=stores.open("memory:"))
    out = ModeSwitch(on=False, guardian_verified=True)
    night = AT.replace(hour=22)
    for fact in home.enter(CHILD, "icon", at=AT).facts:
        guard.record(fact, at=AT)

    assert not guard.decide(Use(CHILD, about=ModeSwitch(on=False)), at=AT)
    assert not guard.decide(Use(CHILD, about=out), at=night)
    assert guard.decide(Use(CHILD, about=out), at=AT)
    for fact in home.leave(CHILD, at=AT, proof=proof()).facts:
        guard.record(fact, at=AT)
    assert not is_on(home)


# -- devices -------------------------------------------------------------------------------------


def test_the_app_follows_the_device_into_the_mode_and_out_of_it(home):
    change = home.signal(CHILD, PHONE, says(on=True))
    assert (change.role, change.facts) == ("device", (ModeChanged(CHILD, on=True),))
    assert home.mode(CHILD, at=AT).entry == "device"

    out = home.signal(CHILD, PHONE, says(on=False, source="attested", at=AT + HOUR))

    assert out.facts == (ModeChanged(CHILD, on=False),)
    assert not is_on(home)


def test_a_clients_word_never_takes_the_child_out(home):
    home.signal(CHILD, PHONE, says(on=True, linked=True))
    for source in ("client", "harmonyos", "hyperos", "trusted"):
        home.signal(CHILD, PHONE, says(on=False, linked=False, source=source, at=AT + HOUR))
        assert is_on(home)
    both_off = says(on=False, linked=False, source="attested", at=AT + HOUR)
    home.signal(CHILD, PHONE, both_off)
    assert not is_on(home)


def test_an_older_signal_says_nothing(home):
    home.signal(CHILD, PHONE, says(on=True, at=AT + HOUR))

    home.signal(CHILD, PHONE, says(on=False, source="attested", at=AT))

    assert is_on(home, at=AT + HOUR)


def test_the_device_takes_off_only_what_the_device_put_on(home):
    home.enter(CHILD, "settings", at=AT)
    home.signal(CHILD, PHONE, says(on=True))
    home.signal(CHILD, PHONE, says(on=False, source="attested"))

    assert is_on(home)


def test_one_device_in_the_mode_is_enough(home):
    for device in (PHONE, TABLET):
        home.signal(CHILD, device, says(on=True))
    home.signal(CHILD, PHONE, says(on=False, source="attested"))
    assert is_on(home)
    home.signal(CHILD, TABLET, says(on=False, source="attested"))
    assert not is_on(home)


def test_a_linked_account_stays_in_the_mode_when_the_device_leaves_it(home):
    home.signal(CHILD, PHONE, says(on=True, linked=True))
    home.signal(CHILD, PHONE, says(on=False, source="attested"))

    assert is_on(home)


def test_off_alone_stays_off_until_the_system_goes_off_and_on_again(home):
    home.signal(CHILD, PHONE, says(on=True))
    home.leave(CHILD, at=AT, proof=proof())
    assert not is_on(home)
    assert home.mode(CHILD, at=AT).devices[PHONE].off_alone

    home.signal(CHILD, PHONE, says(on=True, at=AT + MINUTE))  # the system is on all the while
    assert not is_on(home, at=AT + MINUTE)
    home.signal(CHILD, PHONE, says(on=False, at=AT + HOUR))  # nothing to loosen: anybody may say so
    assert not home.mode(CHILD, at=AT + HOUR).devices[PHONE].off_alone
    home.signal(CHILD, PHONE, says(on=True, at=AT + 2 * HOUR))
    assert is_on(home, at=AT + 2 * HOUR)


def test_a_signal_that_says_what_is_known_writes_nothing(home):
    home.signal(CHILD, PHONE, says(on=True))
    count = len(list(home.history(CHILD)))

    assert not home.signal(CHILD, PHONE, says(on=True, at=AT + HOUR)).done
    assert len(list(home.history(CHILD))) == count


SIGNALS = st.tuples(
    st.sampled_from([PHONE, TABLET]),
    st.sampled_from([None, False, True]),
    st.sampled_from([None, False, True]),
    st.booleans(),
    st.booleans(),
)


@few(400)
@given(st.lists(SIGNALS, max_size=20))
def test_no_word_of_a_client_ever_takes_anybody_out(signals):
    mode = Mode()
    for number, (device, on, linked, trusted, leaves) in enumerate(signals):
        if leaves:
            mode = left(mode, number)
        before = mode
        signal = says(on=on, linked=linked, source="attested" if trusted else "client")
        mode = signalled(mode, device, signal, number, TRUSTED)
        if not trusted:
            assert mode.on >= before.on
        if on and not mode.devices[device].off_alone:
            assert mode.on
        for known in mode.devices.values():
            assert not known.off_alone or known.on or known.linked


def test_the_marks_of_a_device_are_as_the_law_folder_asks():
    assert {"on", "linked", "ages", "source", "at"} <= set(Device._fields)


def test_a_child_has_at_most_32_devices(home):
    for number in range(32):
        home.signal(CHILD, f"d-{number}", says(on=True))
    with pytest.raises(InvalidRequest, match="at most 32 devices"):
        home.signal(CHILD, "d-32", says(on=True))
    with pytest.raises(InvalidRequest, match="want a DeviceSignal"):
        home.signal(CHILD, PHONE, {"device_mode": True})


# -- what vendors document -----------------------------------------------------------------------


def test_harmonyos_says_on_or_off_and_one_of_five_age_groups():
    for band in AGE_BANDS:
        group = {"lowerAge": band.at_least, "upperAge": band.below}
        info = {"minorsProtectionMode": True, "ageGroup": group}
        signal = from_harmonyos(info, received_at=AT)
        assert (signal.device_mode, signal.linked_mode, signal.ages) == (True, None, band)
        assert signal.source == "harmonyos"
    assert from_harmonyos({"minorsProtectionMode": False}, received_at=AT).device_mode is False
    odd = {"minorsProtectionMode": True, "ageGroup": {"lowerAge": 0, "upperAge": 99}}
    assert from_harmonyos(odd, received_at=AT).ages == Ages()


@pytest.mark.parametrize("info", [{}, {"minorsProtectionMode": 1}, {"minorsProtectionMode": "on"}])
def test_harmonyos_in_other_words_is_not_guessed_at(info):
    with pytest.raises(InvalidRequest, match="minorsProtectionMode"):
        from_harmonyos(info, received_at=AT)


def test_harmonyos_events_have_the_names_of_its_public_events():
    for event, on in [("COMMON_EVENT_MINORSMODE_ON", True), ("COMMON_EVENT_MINORSMODE_OFF", False)]:
        assert from_harmonyos_event(event, received_at=AT).device_mode is on
    with pytest.raises(InvalidRequest, match="event"):
        from_harmonyos_event("MINORSMODE_ON", received_at=AT)


def test_hyperos_tells_the_device_and_the_account_apart():
    signal = from_hyperos(device_in_mode=False, linked=True, received_at=AT)

    assert (signal.device_mode, signal.linked_mode, signal.source) == (False, True, "hyperos")


@pytest.mark.parametrize(
    "broken", [{"on": 1}, {"on": True, "linked": "yes"}, {"on": True, "source": "a b"},
               {"on": True, "ages": Ages(8, 14)}]
)  # fmt: skip
def test_a_signal_that_is_none_is_refused(broken):
    with pytest.raises(InvalidRequest, match="signal"):
        says(**broken)


# -- one device, several children ----------------------------------------------------------------


@pytest.fixture
def devices(records, home):
    return DeviceBook(records, home)


def test_several_children_share_a_device(devices):
    devices.add(TABLET, CHILD, at=AT)
    devices.add(TABLET, SISTER, at=AT)

    assert not devices.add(TABLET, CHILD, at=AT).done
    for number in range(16):
        devices.add(PHONE, replace(CHILD, id=f"p-{number}"), at=AT)
    with pytest.raises(InvalidRequest, match="at most 16 profiles"):
        devices.add(PHONE, CHILD, at=AT)
    assert devices.profiles(TABLET) == (CHILD.id, SISTER.id)
    assert devices.profiles("d-other") == ()


def test_who_declined_at_the_first_start_is_not_reminded_again(devices):
    assert devices.reminds(PHONE)
    devices.decline(PHONE, CHILD, at=AT)

    assert not devices.reminds(PHONE)
    assert devices.reminds(TABLET)
    devices.add(TABLET, CHILD, at=AT)
    assert not devices.reminds(TABLET)


def test_a_device_is_reset_only_with_a_guardian_of_each_child_on_it(home, devices):
    family(home, FATHER, child=SISTER)
    for child in (CHILD, SISTER):
        devices.add(TABLET, child, at=AT)
    children = [CHILD, SISTER]

    for told in ([], [proof()], [proof(FATHER)], [proof(CHILD.id), proof(SISTER.id)]):
        change = devices.reset(TABLET, children, at=AT, proofs=told)
        assert change.refused == "guardian_verification_required"
    with pytest.raises(InvalidRequest, match="children"):
        devices.reset(TABLET, [CHILD], at=AT, proofs=[proof(), proof(FATHER)])
    assert devices.profiles(TABLET) == (CHILD.id, SISTER.id)

    assert devices.reset(TABLET, children, at=AT, proofs=[proof(), proof(FATHER)])
    assert devices.profiles(TABLET) == ()
    assert devices.reset(PHONE, [], at=AT, proofs=[]) is None


def test_a_profile_goes_only_with_a_guardian(devices):
    devices.add(TABLET, CHILD, at=AT)

    assert not devices.remove(TABLET, CHILD, at=AT, proof=None)
    assert devices.profiles(TABLET) == (CHILD.id,)
    assert devices.remove(TABLET, CHILD, at=AT, proof=proof())
    assert devices.profiles(TABLET) == ()


def test_a_profile_that_comes_while_the_device_is_reset_is_asked_about_too(records, home):
    class Racing:
        def __getattr__(self, name):
            return getattr(records, name)

        def transition(self, *args, **options):
            if not hasattr(self, "raced"):
                self.raced = True
                DeviceBook(records, home).add(TABLET, SISTER, at=AT)
            return records.transition(*args, **options)

    family(home, FATHER, child=SISTER)
    DeviceBook(records, home).add(TABLET, CHILD, at=AT)
    racing = DeviceBook(Racing(), home)

    refused = racing.reset(TABLET, [CHILD, SISTER], at=AT, proofs=[proof()])

    assert refused.refused == "guardian_verification_required"
    assert DeviceBook(records, home).profiles(TABLET) == (CHILD.id, SISTER.id)


def test_a_broken_device_document_is_no_empty_one(records, devices):
    devices.add(TABLET, CHILD, at=AT)
    (record,) = records.list("guardian.device").records
    records.transition("guardian.device", record, state="kept", body=b"{}")

    with pytest.raises(StoreUnavailable):
        devices.profiles(TABLET)


def test_what_happens_to_a_device_is_told(records):
    told = []
    home = family(Home(records, on_change=told.append))
    devices = DeviceBook(records, home)
    devices.add(TABLET, CHILD, at=AT)
    devices.decline(PHONE, CHILD, at=AT)
    devices.remove(TABLET, CHILD, at=AT, proof=None)
    devices.remove(TABLET, CHILD, at=AT, proof=proof())

    assert [change.what for change in told][1:] == ["profile_added", "declined", "profile_removed"]


# -- more time for today -------------------------------------------------------------------------


def test_more_time_is_had_at_once_for_today_and_only_in_the_mode(home):
    home.set(CHILD, MOTHER, GuardianSettings(daily_minutes=40), at=AT)
    assert home.extra_today(CHILD, 20, at=AT, proof=proof())

    def minutes(at):
        return home.subject(CHILD, at=at).guardian.daily_minutes

    assert minutes(AT) == 40
    home.enter(CHILD, "icon", at=AT)
    assert minutes(AT) == 60
    midnight = AT.replace(hour=0) + DAY
    assert minutes(midnight - timedelta(seconds=1)) == 60
    assert minutes(midnight) == 40


def test_more_time_needs_a_guardian_said_again_replaces_and_is_taken_back(home):
    home.enter(CHILD, "icon", at=AT)
    assert not home.extra_today(CHILD, 20, at=AT, proof=None)
    assert not home.extra_today(CHILD, 20, at=AT, proof=proof(CHILD.id))

    for extra in (20, 20, 30, 0):
        home.extra_today(CHILD, extra, at=AT, proof=proof())
        held = home.subject(CHILD, at=AT).guardian
        assert held == (GuardianSettings(daily_minutes=60 + extra) if extra else None)


def test_more_time_raises_the_modes_total_and_neither_window_nor_law():
    home = family(Home(open_records("memory:")))
    guard = Guard(law("cn.video"), store=stores.open("memory:"), lease="boundary")
    home.enter(CHILD, "icon", at=AT - 2 * HOUR)
    child = home.subject(CHILD, at=AT - HOUR)
    seat = guard.decide(Play(child, session="s-1"), at=AT - HOUR)
    assert seat.until == AT  # sixty minutes

    home.extra_today(CHILD, 30, at=AT, proof=proof())
    more = guard.decide(Play(home.subject(CHILD, at=AT), session="s-2"), at=AT)
    assert more.until == AT + 30 * MINUTE
    night = AT.replace(hour=22)
    assert not guard.decide(Play(home.subject(CHILD, at=night), session="s-3"), at=night)

    closed = GuardianSettings(windows=((8 * 3600, 18 * 3600 + 600),))
    home.set(CHILD, MOTHER, closed, at=AT)
    until = guard.decide(Play(home.subject(CHILD, at=AT), session="s-2", renewal=True), at=AT).until
    assert until == AT + 10 * MINUTE


def test_more_time_in_a_game_never_opens_the_hours_of_play():
    home = family(Home(open_records("memory:")))
    home.enter(CHILD, "icon", at=AT)
    home.extra_today(CHILD, 1440, at=AT, proof=proof())
    guard = Guard(law("cn.game"), store=stores.open("memory:"))
    eight = AT.replace(hour=20)

    assert not guard.decide(Play(home.subject(CHILD, at=AT), session="s-1"), at=AT)
    seat = guard.decide(Play(home.subject(CHILD, at=eight), session="s-2"), at=eight)
    assert seat.until == AT.replace(hour=21)


def test_the_totals_that_a_guardians_number_is_measured_against_are_the_packs(home):
    guard = Guard(law("cn.video"), store=stores.open("memory:"))
    noon = AT.replace(hour=12)
    for years, minutes in (
        (9, MODE_YOUNG_MINUTES),
        (15, MODE_YOUNG_MINUTES),
        (16, MODE_OLDER_MINUTES),
    ):
        child = Subject(f"p-{years}", born=date(2026 - years, 5, 1), identity="verified")
        home.enter(child, "icon", at=noon)
        child = home.subject(child, at=noon)
        assert guard.decide(Play(child, session=f"s-{years}"), at=noon).remaining_s == minutes * 60


def test_a_guardian_may_give_more_than_the_mode_and_does_so_after_a_day(home):
    home.enter(CHILD, "icon", at=AT)
    at = loosened(home, MOTHER, GuardianSettings(daily_minutes=90, night_allowed=True))

    assert home.subject(CHILD, at=AT).guardian.daily_minutes == 60
    assert not home.subject(CHILD, at=AT).guardian.night_allowed
    held = home.subject(CHILD, at=at).guardian
    assert (held.daily_minutes, held.night_allowed) == (90, True)
