"""The client of the national real-name system, over real TLS against the fake server.

Numbers are those of 接口对接技术规范 V1.8 as the law folder has them (games.md §2).
"""

import inspect
import json
import os
import random
import socket
import ssl
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import stamina

from minorguard.core.calendar import ZONE
from minorguard.errors import (
    ConfigurationError,
    InvalidRequest,
    ProviderRejected,
    ProviderUnavailable,
)
from minorguard.identity import nppa_line, nppa_talk
from minorguard.identity.nppa import QUERIES, Event, NppaClient, ai_of, batches, due
from minorguard.identity.nppa_async import AsyncNppaClient
from minorguard.identity.nppa_pace import LIMITS, Breaker, Pace
from minorguard.identity.nppa_places import OFFICIAL_HOSTS
from minorguard.identity.nppa_presets import FAILED_AIS, PRESETS
from minorguard.identity.nppa_selftest import selftest
from minorguard.identity.nppa_talk import MESSAGES_MAX
from minorguard.identity.secrets import Secret
from minorguard.identity.verification import PENDING_MAX, Verification
from minorguard.identity.wire import birth_date_of_pi
from minorguard.identity.wire_codes import CODES
from minorguard.identity.wire_messages import Credentials, Result
from minorguard.testing import nppa_mishaps as mishaps
from minorguard.testing import providers
from minorguard.testing.nppa import FakeNppa
from minorguard.testing.providers import AsyncProviderContract, ProviderContract
from nppakit import BUSY, GOOD, Clients, EventLoop, SteppingClock, Ticks, claim, claim_of, now
from nppakit import numbered as number_of

ROOT = Path(__file__).parents[1]
FRIDAY = datetime(2026, 11, 20, 20, 10, tzinfo=ZONE)
VECTORS = json.loads((Path(__file__).parent / "vectors" / "nppa_vectors.json").read_text("utf-8"))
SECOND = 10**9


@pytest.fixture(autouse=True)
def _no_backoff():
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture(scope="module")
def loop():
    loop = EventLoop()
    yield loop
    loop.end()


@pytest.fixture
def fake():
    with FakeNppa() as fake:
        yield fake


@pytest.fixture(params=["sync", "async"])
def clients(request, loop):
    clients = Clients(request.param, loop)
    yield clients
    clients.close()


@pytest.fixture
def official(clients, fake):
    return clients(fake)


def asked(client, api, ai="p-1"):
    """One call of an interface, the same each time."""
    if api == "check":
        return client.check(claim(), at=FRIDAY)
    if api == "query":
        return client.query(Verification("pending", ai, None, FRIDAY), at=FRIDAY)
    return client.report([event()])


def event(kind="login", session=None, ago=2, **whose):
    whose = whose or {"pi": GOOD.pi}
    session = session or os.urandom(16).hex()
    return Event(session=session, kind=kind, at_s=int(now().timestamp()) - ago, **whose)


def refused(client, api):
    with pytest.raises((ProviderRejected, ProviderUnavailable)) as told:
        asked(client, api)
    return told.value


# -- the eight cases and the people of the test system --------------------------------------------


def test_all_eight_official_cases_pass(fake):
    def client(code):
        return NppaClient(
            fake.credentials, test_code=code, base_url=fake.url, ssl_context=fake.client_context()
        )

    outcomes = list(selftest(client, fake.test_codes, now))

    assert [outcome.verdict for outcome in outcomes] == ["passed"] * 8
    assert fake.passed == {case["id"] for case in VECTORS["official"]["test_cases"]}
    paths = {seen.path.rpartition("/")[0] for seen in fake.seen}
    printed = {case["url"].split("/{code}")[0] for case in VECTORS["official"]["test_cases"]}
    assert {f"https://wlc.nppa.gov.cn{path}" for path in paths} == printed


def test_a_case_that_is_asked_with_another_cases_data_is_refused(fake):
    codes = fake.test_codes
    swapped = {**codes, "testcase01": codes["testcase02"], "testcase02": codes["testcase01"]}

    def client(code):
        return NppaClient(
            fake.credentials, test_code=code, base_url=fake.url, ssl_context=fake.client_context()
        )

    first, second, *_ = selftest(client, swapped, now)

    assert (first.verdict, first.code) == ("failed", 4003)
    assert (second.verdict, second.code) == ("failed", 4003)


@pytest.mark.parametrize("group", ["check_success", "check_in_progress"])
def test_each_preset_of_the_official_document_gets_its_result(official, group):
    for preset in VECTORS["official"]["test_presets"][group]:
        answer = official.check(claim_of(preset["ai"], preset["name"], preset["idNum"]), at=FRIDAY)

        assert answer.status == {0: "verified", 1: "pending"}[preset["expect_status"]]
        assert answer.person == preset.get("expect_pi", preset["ai"])


def test_our_presets_are_those_of_the_official_document():
    printed = VECTORS["official"]["test_presets"]
    known = [(p.ai, p.name, p.number, p.pi) for p in PRESETS]

    assert known == [
        (one["ai"], one["name"], one["idNum"], one.get("expect_pi"))
        for one in (*printed["check_success"], *printed["check_in_progress"])
    ]
    assert list(FAILED_AIS) == printed["query_failed_ai"]


def test_a_verified_person_has_the_birth_date_of_the_national_key(official):
    answer = official.check(claim(), at=FRIDAY)

    assert answer.evidence.born.isoformat() == "1901-01-01"
    assert (answer.evidence.source, answer.evidence.assurance) == ("nppa", "verified")


# -- a provider -----------------------------------------------------------------------------------


class Opened:
    def setup_method(self):
        self.fakes, self.clients = [], []

    def teardown_method(self):
        for client in self.clients:
            closing = client.close() if isinstance(client, NppaClient) else client.aclose()
            if closing is not None:
                providers._LOOP.wait(closing)  # the loop of the contract
        for fake in self.fakes:
            fake.__exit__(None, None, None)

    def opened(self, kind):
        fake = FakeNppa().__enter__()
        self.fakes.append(fake)
        client = kind(fake.credentials, base_url=fake.url, ssl_context=fake.client_context())
        self.clients.append(client)
        return client

    def claims(self):
        return {
            "verified": claim(),
            "pending": claim(BUSY),
            "failed": claim_of("p-3", "某三", GOOD.number),
        }


class TestTheClientIsAProvider(Opened, ProviderContract):
    def open_provider(self):
        return self.opened(NppaClient)


class TestTheAsyncClientIsAProvider(Opened, AsyncProviderContract):
    def open_async_provider(self):
        return self.opened(AsyncNppaClient)


# -- pending --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("outcome", "status"), [("success", "verified"), ("failed", "failed")])
def test_a_pending_check_is_queried_to_its_end(official, fake, outcome, status):
    pending = official.check(claim(BUSY), at=FRIDAY)
    assert official.query(pending, at=FRIDAY + timedelta(minutes=1)) == pending

    fake.settle(BUSY.ai, outcome)
    answer = official.query(pending, at=FRIDAY + timedelta(hours=1))

    assert answer.status == status
    assert pending.moved(answer) == answer


def test_a_second_check_of_a_pending_player_is_refused_and_the_query_still_works(official):
    pending = official.check(claim(BUSY), at=FRIDAY)

    with pytest.raises(ProviderRejected) as told:
        official.check(claim(BUSY), at=FRIDAY)

    assert told.value.code == 2004
    assert official.query(pending, at=FRIDAY) == pending


def test_after_48_hours_nobody_is_asked_and_nobody_is_pending(official, fake):
    pending = Verification("pending", "p-1", None, FRIDAY)

    assert official.query(pending, at=FRIDAY + PENDING_MAX).status == "none"
    assert fake.seen == []


def test_only_a_pending_check_is_queried(official):
    with pytest.raises(InvalidRequest):
        official.query(Verification("none", "p-1", None, FRIDAY), at=FRIDAY)


def test_the_plan_of_queries_ends_before_the_result_is_gone():
    pending = Verification("pending", "p-1", None, FRIDAY)
    plan = [due(pending, n) for n in range(len(QUERIES))]

    assert plan == sorted(set(plan))
    assert plan[0] > FRIDAY
    assert plan[-1] < FRIDAY + PENDING_MAX
    assert due(pending, len(QUERIES)) is None
    assert due(Verification("failed", "p-1", None, FRIDAY), 0) is None


def test_a_result_is_kept_300_seconds_after_it_was_told(clients):
    offset = [0.0]
    with FakeNppa(clock=lambda: now().timestamp() + offset[0]) as fake:
        official = clients(fake, clock=lambda: now() + timedelta(seconds=offset[0]))
        pending = official.check(claim(BUSY), at=FRIDAY)
        fake.settle(BUSY.ai, "success")
        assert official.query(pending, at=FRIDAY).status == "verified"
        offset[0] = 299
        assert official.query(pending, at=FRIDAY).status == "verified"
        offset[0] = 301
        with pytest.raises(ProviderRejected) as told:
            official.query(pending, at=FRIDAY)
    assert told.value.code == 2003


# -- codes and tries ------------------------------------------------------------------------------

TRIED_AGAIN = {1001: 3, 1007: 3}  # games.md §2.8; 1011 with another key, 1006 after a minute


@pytest.mark.parametrize("api", LIMITS)
@pytest.mark.parametrize("code", sorted(CODES.keys() - {0, 3001}))
def test_each_code_reaches_the_caller_and_is_tried_as_often_as_the_table_says(
    official, fake, api, code
):
    fake.always(api, mishaps.code(code))

    error = refused(official, api)

    assert isinstance(error, ProviderRejected)
    assert error.code == code
    assert fake.count(api) == TRIED_AGAIN.get(code, 1)


@pytest.mark.parametrize("code", [1098, 2999, 3999, 9999])
def test_a_code_that_nobody_knows_is_not_tried_again(official, fake, code):
    fake.always("check", mishaps.code(code, words="NEW"))

    assert refused(official, "check").code == code
    assert fake.count("check") == 1


def test_each_try_has_its_own_time_its_own_nonce_and_its_own_signature(clients, fake):
    official = clients(fake, clock=SteppingClock())
    fake.always("check", mishaps.code(1001))

    refused(official, "check")

    assert len({seen.headers["timestamps"] for seen in fake.seen}) == 3
    assert len({seen.headers["sign"] for seen in fake.seen}) == 3
    assert len({seen.body[9:25] for seen in fake.seen}) == 3  # base64 of the twelve bytes


def test_a_late_message_is_sent_again_with_the_present_time(clients, fake):
    times = iter([now() - timedelta(seconds=6), now(), now()])
    official = clients(fake, clock=lambda: next(times))

    assert official.check(claim(), at=FRIDAY).status == "verified"
    assert [seen.code for seen in fake.seen] == [1007, 0]


def test_a_clock_that_stays_wrong_is_told(clients, fake):
    official = clients(fake, clock=lambda: now() + timedelta(seconds=60))

    assert refused(official, "check").code == 1007


UNREAD = {
    "status 500": mishaps.status(500),
    "status 302": mishaps.redirect("https://127.0.0.1:1/"),
    "broken JSON": mishaps.says(b'{"errcode":0,'),
    "hang up": mishaps.hang_up(),
    "lose": mishaps.lose(),
    "cut": mishaps.cut(),
    "half close": mishaps.half_close(),
    "huge": mishaps.huge(),
    "huge, chunked": mishaps.huge(chunked=True),
    "gzip bomb": mishaps.gzip_bomb(),
}


@pytest.mark.parametrize("api", LIMITS)
@pytest.mark.parametrize("name", UNREAD)
def test_what_may_have_arrived_is_sent_again_only_where_that_changes_nothing(
    official, fake, api, name
):
    fake.always(api, UNREAD[name])

    assert isinstance(refused(official, api), ProviderUnavailable)
    assert fake.count(api) == (3 if api == "query" else 1)


def test_a_query_whose_answer_was_lost_is_answered_the_second_time(official, fake):
    pending = official.check(claim(BUSY), at=FRIDAY)
    fake.settle(BUSY.ai, "success")
    fake.will("query", mishaps.lose())

    assert official.query(pending, at=FRIDAY).status == "verified"
    assert fake.count("query") == 2


class Listener:
    """Takes connections and treats them badly below TLS."""

    def __init__(self, *, closes):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.accepted = []
        self._closes = closes
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.accepted.append(connection)
            if self._closes:
                connection.close()

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        for connection in self.accepted:
            connection.close()


@pytest.mark.parametrize("api", LIMITS)
def test_what_surely_never_arrived_is_sent_again(clients, fake, api):
    listener = Listener(closes=True)
    try:
        official = clients(fake, base_url=f"https://127.0.0.1:{listener.port}")

        assert "no connection" in str(refused(official, api))
        assert len(listener.accepted) == 3
    finally:
        listener.close()


# -- time-outs ------------------------------------------------------------------------------------


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(nppa_line, "TOTAL_S", 1.0)
    monkeypatch.setitem(nppa_line.STEPS, "connect", 0.5)


def test_the_limits_of_time_and_size_are_those_of_the_design():
    assert (nppa_line.CONNECT_S, nppa_line.TOTAL_S) == (2.0, 5.0)
    assert nppa_line.ANSWER_BYTES_MAX == 64 * 1024


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("mishap", [mishaps.slow(30), mishaps.drip(0.1)], ids=lambda m: m.name)
def test_however_slowly_the_bytes_come_it_ends_in_time(official, fake, mishap):
    fake.will("check", mishap)
    begun = datetime.now(ZONE)

    assert "in time" in str(refused(official, "check"))
    assert datetime.now(ZONE) - begun < timedelta(seconds=4)


@pytest.mark.usefixtures("hurried")
def test_who_accepts_and_never_shakes_hands_is_given_up_in_time(clients, fake):
    listener = Listener(closes=False)
    try:
        official = clients(fake, base_url=f"https://127.0.0.1:{listener.port}")
        begun = datetime.now(ZONE)

        refused(official, "check")

        assert len(listener.accepted) == 3  # nothing was sent, so it may be tried again
        assert datetime.now(ZONE) - begun < timedelta(seconds=4)
    finally:
        listener.close()


@pytest.mark.usefixtures("hurried")
def test_after_a_time_out_the_next_call_is_answered(official, fake):
    fake.will("check", mishaps.slow(30))
    refused(official, "check")

    assert official.check(claim(), at=FRIDAY).status == "verified"


# -- where it goes --------------------------------------------------------------------------------


def test_without_a_word_only_the_three_official_hosts_are_asked():
    game = Credentials("app", "biz", os.urandom(16).hex())
    with NppaClient(game) as formal, NppaClient(game, test_code="abc") as test:
        assert formal.hosts | test.hosts == OFFICIAL_HOSTS
        assert formal.hosts == {"api.wlc.nppa.gov.cn", "api2.wlc.nppa.gov.cn"}
        assert formal.plain_http == (
            "http://api2.wlc.nppa.gov.cn/idcard/authentication/query",
            "http://api2.wlc.nppa.gov.cn/behavior/collection/loginout",
        )
        assert test.plain_http == ()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1",
        "https://",
        "https://host/path",
        "https://u:p@host",
        "https://host?x",
        "https://host:99999",
        "//host",
        "",
    ],
)
def test_another_server_is_https_and_nothing_but_a_host(url):
    with pytest.raises(ConfigurationError):
        NppaClient(Credentials("app", "biz", os.urandom(16).hex()), base_url=url)


def test_a_redirect_is_not_followed(clients):
    with FakeNppa() as fake, FakeNppa() as elsewhere:
        official = clients(fake)
        for number in (301, 302, 303, 307, 308):
            fake.will("check", mishaps.redirect(f"{elsewhere.url}/x", number=number))
            assert isinstance(refused(official, "check"), ProviderUnavailable)
        assert elsewhere.seen == []


def test_the_environment_leads_nowhere_else(clients, fake, monkeypatch, tmp_path):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))

    assert clients(fake).check(claim(), at=FRIDAY).status == "verified"
    NppaClient(fake.credentials).close()  # the system's authorities, whatever SSL_CERT_FILE says
    assert not (tmp_path / "keys.log").exists()


def test_a_certificate_for_another_host_is_refused(clients):
    with FakeNppa(hosts=["api.wlc.nppa.gov.cn"]) as fake:
        assert "no connection" in str(refused(clients(fake), "check"))
        assert fake.seen == []


def test_a_certificate_of_an_unknown_authority_is_refused(clients, fake):
    with FakeNppa() as other:
        official = clients(fake, ssl_context=other.client_context())

        assert "no connection" in str(refused(official, "check"))
    assert fake.seen == []


def test_verification_of_tls_cannot_be_switched_off(clients, fake):
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.check_hostname = False
    with pytest.raises(ConfigurationError):
        clients(fake, ssl_context=careless)

    context = fake.client_context()
    official = clients(fake, ssl_context=context)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with pytest.raises(ConfigurationError):
        official.check(claim(), at=FRIDAY)
    assert fake.seen == []


def test_the_headers_keep_the_official_spelling(official, fake):
    official.check(claim(), at=FRIDAY)
    headers = fake.seen[0].headers

    assert {"appId", "bizId", "timestamps", "sign", "Content-Type"} <= headers.keys()
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert not {"Cookie", "Authorization", "Proxy-Authorization"} & headers.keys()


def test_an_account_goes_out_under_a_pepper_only(clients, fake):
    pepper = Secret(b"a pepper of the game")
    official = clients(fake, pepper=pepper)
    pending = official.check(claim_of("p:81@game", BUSY.name, BUSY.number), at=FRIDAY)
    official.query(pending, at=FRIDAY)

    assert pending.person == "p:81@game"
    assert fake.seen[0].asked["ai"] == ai_of(pepper, "p:81@game") == fake.seen[1].query["ai"]
    assert len(ai_of(pepper, "p:81@game")) == 32
    with pytest.raises(InvalidRequest):
        clients(fake).check(claim_of("p:81@game", BUSY.name, BUSY.number), at=FRIDAY)


# -- pace and breaker -----------------------------------------------------------------------------


def most_in_a_second(times_ns):
    return max(
        sum(start <= at < start + SECOND for at in times_ns[n : n + 400])
        for n, start in enumerate(times_ns)
    )


@pytest.mark.parametrize(("api", "limit"), [("check", 100), ("query", 300), ("loginout", 10)])
@pytest.mark.parametrize("processes", [1, 2, 3, 7, 9])
def test_in_no_second_is_more_sent_than_a_game_may(api, limit, processes):
    paces = [Pace(api, processes=processes) for _ in range(processes)]
    times = []
    for pace in paces:
        at = SECOND
        for _ in range(2 * limit):
            _, wait = pace.turn(at, 10**12)
            at += wait
            times.append(at)

    assert most_in_a_second(sorted(times)) <= limit


def test_the_client_waits_for_its_turn_and_spaces_what_it_sends(clients, fake):
    ticks = Ticks()
    official = clients(fake, ticks_ns=ticks)
    for _ in range(5):
        official.report([event()])

    assert ticks.waits == pytest.approx([1 / 9] * 4)  # nine of the ten that are allowed


def test_who_would_wait_too_long_is_told_and_nothing_is_sent(clients, fake):
    ticks = Ticks()
    official = clients(fake, ticks_ns=ticks)
    pace = official._talks._paces.of("loginout")
    while pace.turn(ticks(), 5 * SECOND)[0]:
        pass

    assert "no turn" in str(refused(official, "loginout"))
    assert fake.seen == []


def test_more_processes_than_requests_a_second_cannot_share_them(clients, fake):
    official = clients(fake, processes=10)

    assert official.check(claim(), at=FRIDAY).status == "verified"
    with pytest.raises(ConfigurationError):
        official.report([event()])


@pytest.mark.parametrize("api", LIMITS)
def test_after_too_many_requests_nobody_asks_for_a_minute(clients, fake, api):
    ticks = Ticks()
    official = clients(fake, ticks_ns=ticks)
    fake.will(api, mishaps.code(1006))

    assert refused(official, api).code == 1006
    for seconds in (0, 30, 24.9):  # the last five seconds one may wait for
        ticks.pass_s(seconds)
        assert isinstance(refused(official, api), ProviderUnavailable)
    assert fake.count(api) == 1

    ticks.pass_s(1)
    if api == "query":
        assert refused(official, api).code == 2003
    else:
        asked(official, api)
    assert fake.count(api) == 2
    assert sum(ticks.waits) == pytest.approx(60 - 30 - 24.9 - 1)


def test_the_penalty_of_one_interface_leaves_the_others_alone(clients, fake):
    official = clients(fake, ticks_ns=Ticks())
    fake.will("query", mishaps.code(1006))
    refused(official, "query")

    assert official.check(claim(), at=FRIDAY).status == "verified"


def test_who_has_a_place_already_also_keeps_silent():
    pace = Pace("check")
    pace.turn(0, SECOND)
    taken, _ = pace.turn(0, SECOND)
    pace.punish(1)

    assert taken
    assert pace.quiet_ns(2) > 59 * SECOND
    assert pace.turn(2, SECOND)[0] is False


def test_half_of_twenty_without_an_answer_open_the_breaker_and_one_tries_after_15_s(clients, fake):
    ticks = Ticks()
    official = clients(fake, ticks_ns=ticks)
    for n in range(20):
        if n % 2:
            fake.will("check", mishaps.status(503))
            refused(official, "check")
        else:
            official.check(claim(), at=FRIDAY)
    assert fake.count("check") == 20

    assert "left alone" in str(refused(official, "check"))
    assert fake.count("check") == 20
    assert official.report([event()]) == ()  # another interface

    ticks.pass_s(15)
    fake.will("check", mishaps.status(503))
    refused(official, "check")
    assert "left alone" in str(refused(official, "check"))
    assert fake.count("check") == 21

    ticks.pass_s(15)
    assert official.check(claim(), at=FRIDAY).status == "verified"
    assert official.check(claim(), at=FRIDAY).status == "verified"
    assert fake.count("check") == 23


def test_refusals_are_answers_and_do_not_open_the_breaker(clients, fake):
    official = clients(fake, ticks_ns=Ticks())
    fake.always("check", mishaps.code(2001))
    for _ in range(30):
        assert refused(official, "check").code == 2001
    assert fake.count("check") == 30


def test_only_one_tries_while_the_breaker_is_open():
    breaker = Breaker()
    for _ in range(20):
        breaker.leave(0, tried=False, answered=False)

    assert breaker.enter(14 * SECOND) == (False, SECOND)
    assert breaker.enter(15 * SECOND) == (True, 0)
    assert breaker.enter(15 * SECOND) == (False, 15 * SECOND)
    breaker.leave(16 * SECOND, tried=True, answered=True)
    assert breaker.enter(16 * SECOND) == (False, 0)


# -- keys -----------------------------------------------------------------------------------------


def test_while_keys_are_changed_the_other_key_is_tried_on_a_wrong_key_alone(clients, fake):
    new = Credentials(fake.app_id, fake.biz_id, os.urandom(16).hex())
    official = clients(fake, new, previous=fake.credentials)  # the new one is not known there yet

    assert official.check(claim(), at=FRIDAY).status == "verified"
    assert [seen.code for seen in fake.seen] == [1011, 0]

    assert official.check(claim(), at=FRIDAY).status == "verified"
    assert fake.count("check") == 3  # what worked is used first from then on

    fake.will("check", mishaps.code(1008))
    assert refused(official, "check").code == 1008
    assert fake.count("check") == 4


def test_when_the_old_key_ends_the_new_one_takes_over(clients, fake):
    old = fake.credentials
    fake.rotate(keep=2)
    official = clients(fake, previous=old)
    official.check(claim(), at=FRIDAY)
    fake.rotate(keep=2)
    fake.rotate(keep=1)

    assert refused(official, "check").code == 1011
    assert fake.count("check") == 3  # each key once


def test_a_key_that_is_wrong_alone_is_tried_once(clients, fake):
    official = clients(fake, Credentials(fake.app_id, fake.biz_id, os.urandom(16).hex()))

    assert refused(official, "check").code == 1011
    assert fake.count("check") == 1


def test_another_caller_is_told_so(clients, fake):
    key = fake.credentials.secret_key

    assert refused(clients(fake, Credentials("x", fake.biz_id, key)), "check").code == 1008
    assert refused(clients(fake, Credentials(fake.app_id, "x", key)), "check").code == 1010


def test_a_key_seals_two_to_the_31_messages_and_no_more(clients, fake):
    official = clients(fake, processes=4)
    key = official._talks._keys[0]
    assert key.left == MESSAGES_MAX // 4 == 2**29
    key.left = 1
    official.check(claim(), at=FRIDAY)

    assert "have it changed" in str(refused(official, "check"))
    assert fake.count("check") == 1
    assert refused(official, "query").code == 2003  # a query seals nothing


def test_nobody_outside_chooses_a_nonce():
    for client in (NppaClient, AsyncNppaClient):
        for name, method in inspect.getmembers(client, inspect.isfunction):
            assert "nonce" not in inspect.signature(method).parameters, name


def test_a_million_nonces_are_distinct_also_across_forks():
    code = """
import os
from minorguard.identity.nppa_talk import fresh_nonce
fresh_nonce()
pipes = []
for _ in range(4):
    here, there = os.pipe()
    if not os.fork():
        os.close(here)
        with os.fdopen(there, 'wb') as out:
            out.write(b''.join(fresh_nonce() for _ in range(250_000)))
        os._exit(0)
    os.close(there)
    pipes.append(here)
seen = set()
for pipe in pipes:
    with os.fdopen(pipe, 'rb') as source:
        data = source.read()
    seen.update(data[n:n + 12] for n in range(0, len(data), 12))
    os.wait()
print(len(seen))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1000000"


def test_a_client_that_is_forked_shares_neither_connection_nor_nonce(fake, tmp_path):
    ca = tmp_path / "ca.pem"
    ca.write_text(fake.ca_pem)
    code = f"""
import os, ssl
from datetime import datetime, UTC
from minorguard.identity.id_numbers import IdNumber
from minorguard.identity.nppa import Credentials, NppaClient
from minorguard.identity.secrets import PersonName
from minorguard.identity.verification import Claim
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations(cafile={str(ca)!r})
game = Credentials('fake-appId', 'fake-bizId', os.environ['KEY'])
client = NppaClient(game, base_url={fake.url!r}, ssl_context=context)
def check():
    claim = Claim({GOOD.ai!r}, PersonName({GOOD.name!r}), IdNumber.parse({GOOD.number!r}))
    return client.check(claim, at=datetime.now(UTC)).status
check()
children = []
for _ in range(3):
    child = os.fork()
    if not child:
        os._exit(0 if {{check() for _ in range(5)}} == {{'verified'}} else 1)
    children.append(child)
check()
print(max(os.waitpid(child, 0)[1] for child in children), check())
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "KEY": fake.credentials.secret_key.reveal()},
    )

    assert done.stdout.split() == ["0", "verified"]
    assert len({seen.body[9:25] for seen in fake.seen}) == fake.count("check") == 18


# -- reports --------------------------------------------------------------------------------------


def test_logins_and_logouts_arrive_under_their_official_names(official, fake):
    device = os.urandom(16).hex()
    assert (
        official.report([event("login", "s-1", ago=20), event("login", "g", device=device)]) == ()
    )
    assert official.report([event("logout", "s-1", ago=2)]) == ()

    came, guest = fake.seen[0].asked["collections"]
    (went,) = fake.seen[1].asked["collections"]
    assert (came["no"], came["si"], came["bt"], came["ct"], came["pi"]) == (1, "s-1", 1, 0, GOOD.pi)
    assert (guest["no"], guest["ct"], guest["di"]) == (2, 2, device)
    assert went["bt"] == 0  # 0 is out


def test_the_items_that_were_not_taken_come_back_with_their_codes(official):
    events = [event(ago=2) for _ in range(128)]
    events[4] = event(ago=200)
    events[99] = event("logout", ago=3)  # who never came

    failed = official.report(events)

    assert {(item.number, item.code) for item in failed} == {(5, 3005), (100, 3007)}


@pytest.mark.parametrize(("ago", "taken"), [(178, True), (181, False), (-3, False)])
def test_an_event_is_reported_within_180_seconds_and_not_before(official, ago, taken):
    failed = official.report([event(ago=ago)])

    assert [item.code for item in failed] == ([] if taken else [3005])


def test_a_report_has_128_items_at_most(official, fake):
    events = [event(ago=5) for _ in range(300)]

    for wrong in ([], events[:129], ["x"]):
        with pytest.raises(InvalidRequest):
            official.report(wrong)
    assert fake.seen == []
    assert [len(lot) for lot in batches(events)] == [128, 128, 44]
    assert [official.report(lot) for lot in batches(events)] == [(), (), ()]


@pytest.mark.parametrize("data", [b"", b',"data":""', b',"data":null', b',"data":{}'])
def test_a_report_that_was_taken_is_told_in_four_ways(official, fake, data):
    fake.will("loginout", mishaps.says(b'{"errcode":0,"errmsg":"ok"%s}' % data))

    assert official.report([event()]) == ()


# -- nobody becomes verified by accident ----------------------------------------------------------

PI = json.dumps(GOOD.pi)
FUTURE_PI = json.dumps("1hpfml"[:1] + "p" + GOOD.pi[2:])
LIES = [
    b"",
    b"null",
    b"[]",
    b"0",
    b'"OK"',
    b"{}",
    b"\xff\xfe",
    b'{"errcode":0}',
    b'{"errcode":0,"data":""}',
    b'{"errcode":0,"data":{"result":null}}',
    b"[" * 30000,
    *(
        text.encode()
        for result in (
            f'{{"status":"0","pi":{PI}}}',
            f'{{"status":0.0,"pi":{PI}}}',
            f'{{"status":false,"pi":{PI}}}',
            f'{{"status":NaN,"pi":{PI}}}',
            f'{{"status":3,"pi":{PI}}}',
            f'{{"status":-1,"pi":{PI}}}',
            f'{{"status":null,"pi":{PI}}}',
            f'{{"pi":{PI}}}',
            f'{{"status":1,"pi":{PI}}}',
            f'{{"status":2,"pi":{PI}}}',
            f'{{"status":1,"status":0,"pi":{PI}}}',
            '{"status":0}',
            '{"status":0,"pi":null}',
            '{"status":0,"pi":""}',
            '{"status":0,"pi":38}',
            f'{{"status":0,"pi":{json.dumps(GOOD.pi[:-1])}}}',
            f'{{"status":0,"pi":{json.dumps("zzzzzz" + GOOD.pi[6:])}}}',
            f'{{"status":0,"pi":{FUTURE_PI}}}',
        )
        for text in (f'{{"errcode":0,"errmsg":"OK","data":{{"result":{result}}}}}',)
    ),
    *(
        f'{{"errcode":{code},"data":{{"result":{{"status":0,"pi":{PI}}}}}}}'.encode()
        for code in ('"0"', "false", "0.0", "null", "-1", "99999", "1001.5", "1e999")
    ),
]


@pytest.mark.parametrize("api", ["check", "query"])
def test_no_lie_makes_anybody_verified(clients, fake, api):
    for lie in LIES:
        official = clients(fake)  # with a closed breaker
        fake.always(api, mishaps.says(lie))
        try:
            answer = asked(official, api)
        except (ProviderUnavailable, ProviderRejected):
            continue
        assert answer.status != "verified", lie


@pytest.mark.parametrize("number", [201, 204, 206, 400, 401, 500, 503])
def test_a_good_answer_under_another_http_status_is_none(official, fake, number):
    body = f'{{"errcode":0,"data":{{"result":{{"status":0,"pi":{PI}}}}}}}'.encode()
    speak = mishaps.Mishap("status", lambda wire, _: wire.answer(body, status=number))
    fake.will("check", speak)

    assert isinstance(refused(official, "check"), ProviderUnavailable)


def test_an_error_code_counts_under_any_http_status(official, fake):
    body = b'{"errcode":1005,"errmsg":"SYS REQ IP ERROR"}'
    fake.will("check", mishaps.Mishap("403", lambda wire, _: wire.answer(body, status=403)))

    assert refused(official, "check").code == 1005


def test_in_an_outage_nobody_becomes_verified_and_statuses_stay(clients, fake):
    for name, mishap in UNREAD.items():
        official = clients(fake, ticks_ns=Ticks())
        for api in ("check", "query"):
            fake.always(api, mishap)
            for _ in range(25):
                assert isinstance(refused(official, api), ProviderUnavailable), name
            fake.always(api, None)
    # 25 calls of each: twenty go out, three for each query that may be sent again; the rest rest.
    assert fake.count("check") == len(UNREAD) * 20
    assert fake.count("query") == len(UNREAD) * 20


def test_numbers_from_a_generator_pass_the_form_and_never_become_verified(official):
    dice = random.Random(81)
    for n in range(200):
        born = datetime(1950, 1, 1, tzinfo=ZONE) + timedelta(days=dice.randrange(26_000))
        number = number_of(f"{dice.choice((110101, 310104, 440305))}{born:%Y%m%d}{n:03}")

        assert official.check(claim_of(f"g-{n}", "某甲", number), at=FRIDAY).status == "failed"


def test_the_right_number_under_another_name_fails_like_no_such_person(official):
    for name, number in ((GOOD.name, PRESETS[1].number), ("某九", number_of("11010119900101001"))):
        answer = official.check(claim_of("p-1", name, number), at=FRIDAY)

        assert (answer.status, answer.person, answer.evidence) == ("failed", "p-1", None)


# -- the example ----------------------------------------------------------------------------------


def test_the_example_registers_a_player_who_is_pending_then_verified_then_plays():
    done = subprocess.run(
        [sys.executable, "-W", "error", ROOT / "examples" / "register.py"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )

    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "registered: pending",
        "plays: allowed age_unknown identity_pending",
        "pays 1 yuan: identity_pending",
        "asked again after 0:01:00",
        "registered: verified at the age of 12",
        "plays: allowed",
        "until 21:00",
        "pays 1 yuan: allowed daily_cap_not_configured",
        "reported: all",
        "plays at nine: outside_window",
    ]


# --- a reply about somebody else ------------------------------------------------------------------


PIS = [preset.pi for preset in PRESETS if preset.pi]


@pytest.mark.parametrize("pi", PIS)
def test_a_reply_with_another_birth_date_than_the_number_s_verifies_nobody(pi):
    born = birth_date_of_pi(pi)
    answer = nppa_talk._verification("p-1", Result("verified", pi), FRIDAY, born)
    assert answer.status == "verified"
    with pytest.raises(ProviderUnavailable):
        nppa_talk._verification("p-1", Result("verified", pi), FRIDAY, born + timedelta(days=1))


def test_what_is_pending_remembers_the_birth_date_that_a_forged_reply_would_have_to_match():
    born = birth_date_of_pi(PIS[0])
    pending = nppa_talk._verification("p-1", Result("pending"), FRIDAY, born)
    assert pending.evidence.born == born
    assert pending.subject(now=FRIDAY).born is None
