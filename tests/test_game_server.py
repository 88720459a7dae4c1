"""What examples/game_server claims, over real sockets, on a clock that only the test moves."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import wraps
from http.client import HTTPConnection
from pathlib import Path
from socket import create_server

import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from minorguard import AsyncGuard, StoreUnavailable, law
from minorguard.stores import open_async

EXAMPLE = Path(__file__).parents[1] / "examples" / "game_server"
PATIENCE_S = 30  # only to fail: nothing here waits for time to pass

WINDOW = "未成年人只能在周五、周六、周日和法定节假日的20时至21时玩网络游戏。"
NOTICE_2021 = "（国新出发〔2021〕14号）》第一条"
NOTICE_2019 = "（国新出发〔2019〕34号）》第三条"


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLE)


def story(test):
    """Let a coroutine be a test."""

    @wraps(test)
    def run(*args, **kwargs):
        async def tell():
            async with asyncio.timeout(PATIENCE_S):
                await test(*args, **kwargs)

        asyncio.run(tell())

    return run


def friday(time):
    """A time of a Friday on which children may play from eight to nine."""
    return datetime.fromisoformat(f"2026-11-20T{time}+08:00")


class Clock:
    """Stands until it is moved; the schedule that sleeps by it then looks again."""

    def __init__(self, time):
        self.at = friday(time)
        self.looked_at = asyncio.Event()

    def __call__(self):
        return self.at

    async def wait(self, alarm, _seconds):
        self.alarm = alarm
        self.looked_at.set()
        await alarm.wait()

    async def move_to(self, time):
        """Second by second; each time until all that is due has been handed over."""
        while self.at < friday(time):
            self.at += timedelta(seconds=1)
            self.looked_at.clear()
            self.alarm.set()
            await self.looked_at.wait()


class Breakable:
    """A store that can be broken, and that tells when it was written."""

    def __init__(self):
        self.store = open_async("memory:")
        self.broken = False
        self.erase, self.scan = self.store.erase, self.store.scan
        self.writes = 0
        self.written = asyncio.Event()

    async def load(self, key):
        self.check()
        return await self.store.load(key)

    async def swap(self, key, version, body):
        self.check()
        found = await self.store.swap(key, version, body)
        self.writes += 1
        self.written.set()
        return found

    def check(self):
        if self.broken:
            raise StoreUnavailable("broken by the test")


class Device:
    """A client: what it hears, in order, and how it was hung up on."""

    def __init__(self, line):
        self.line = line

    async def hears(self):
        return json.loads(await self.line.recv())

    async def jumps(self):
        """Make a move; the time at which the server played it, if it is the next thing heard."""
        await self.line.send("jump")
        news = await self.hears()
        assert (news["kind"], news["move"]) == ("moved", "jump")
        return news["at"][11:19]

    async def hung_up(self):
        with pytest.raises(ConnectionClosed) as closed:
            await self.line.recv()
        return closed.value.rcvd.code


class Server:
    def __init__(self, port, clock, store):
        self.port, self.clock, self.store = port, clock, store

    @asynccontextmanager
    async def device(self, player="xiaoming"):
        uri = f"ws://127.0.0.1:{self.port}/play?player={player}"
        async with connect(uri, proxy=None, ping_interval=None) as line:
            yield Device(line)

    @asynccontextmanager
    async def playing(self, player="xiaoming"):
        """A device that was let in; afterwards it has left, and the server knows."""
        async with self.device(player) as device:
            seat = await device.hears()
            assert seat["kind"] == "seat"
            yield device
            self.store.written.clear()
        await self.store.written.wait()

    async def ask(self, method, path, body=None):
        return await asyncio.to_thread(ask, self.port, method, path, body)

    async def order(self, item, player="xiaoming"):
        return await self.ask("POST", f"/orders?player={player}&item={item}")

    async def callback(self, order, *, paid):
        return await self.ask("POST", "/payments/callback", {"order": order["order"], "paid": paid})

    async def account(self, player="xiaoming"):
        status, account = await self.ask("GET", f"/account?player={player}")
        assert status == 200
        return account


def ask(port, method, path, body=None):
    line = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        headers = {"content-type": "application/json"}
        line.request(method, path, json.dumps(body) if body else None, headers)
        answer = line.getresponse()
        text = answer.read().decode()
        is_json = answer.headers.get_content_type() == "application/json"
        return answer.status, json.loads(text) if is_json else text
    finally:
        line.close()


@asynccontextmanager
async def server_at(time):
    from server import create_app

    clock, store = Clock(time), Breakable()
    guard = AsyncGuard(law("cn.game"), store=store, clock=clock)
    app = create_app(guard, clock.wait)
    with create_server(("127.0.0.1", 0)) as socket:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        serving = asyncio.create_task(server.serve(sockets=[socket]))
        await clock.looked_at.wait()
        try:
            yield Server(socket.getsockname()[1], clock, store)
        finally:
            server.should_exit = True
            await serving


# -- time ----------------------------------------------------------------------------------------


@story
async def test_both_devices_are_warned_three_times_and_kicked_at_nine_and_no_second_later():
    async with server_at("20:40:00") as server, server.device() as phone, server.device() as tablet:
        devices = phone, tablet
        for device in devices:
            seat = await device.hears()
            assert (seat["kind"], seat["until"]) == ("seat", "2026-11-20T21:00:00+08:00")
            assert seat["duties"] == ["show_age_rating"]
        await server.clock.move_to("20:59:59")
        for device in devices:
            for time, minutes in (("20:45:00", 15), ("20:55:00", 5), ("20:59:00", 1)):
                at = f"2026-11-20T{time}+08:00"
                assert await device.hears() == {"kind": "warning", "at": at, "minutes": minutes}
            assert await device.jumps() == "20:59:59"
        await server.clock.move_to("21:00:00")
        for device in devices:
            news = await device.hears()
            assert (news["kind"], news["at"]) == ("kicked", "2026-11-20T21:00:00+08:00")
            assert news["title"] == "防沉迷提示"
            assert WINDOW in news["reason"]
            assert NOTICE_2021 in news["reason"]
            assert news["again"] == "2026-11-21T20:00:00+08:00"
            assert await device.hung_up() == 4001
        assert server.clock.at == friday("21:00:00")


@story
async def test_a_login_at_nine_is_refused_with_the_article_and_the_next_time():
    async with server_at("21:00:00") as server, server.device() as phone:
        news = await phone.hears()
        assert (news["kind"], news["again"]) == ("refused", "2026-11-21T20:00:00+08:00")
        assert WINDOW in news["reason"]
        assert NOTICE_2021 in news["reason"]
        assert "2026-11-21 周六 20:00" in news["reason"]
        assert await phone.hung_up() == 4003


@story
async def test_a_login_in_the_last_second_is_let_in_and_kicked_with_the_others():
    async with server_at("20:59:59") as server, server.device() as phone:
        assert (await phone.hears())["kind"] == "seat"
        await server.clock.move_to("21:00:00")
        assert (await phone.hears())["kind"] == "kicked"


@story
async def test_an_adult_plays_on_and_somebody_unverified_does_not_play_at_all():
    async with server_at("20:40:00") as server, server.device("laowang") as adult:
        assert (await adult.hears())["until"] is None
        async with server.device("newcomer") as newcomer:
            news = await newcomer.hears()
            assert news["kind"] == "refused"
            assert "请先完成实名认证。" in news["reason"]
        await server.clock.move_to("21:30:00")
        assert await adult.jumps() == "21:30:00"
        with pytest.raises(InvalidStatus) as refused:
            async with server.device("nobody"):
                pass
        assert refused.value.response.status_code == 404


@story
async def test_renewals_are_silent_and_leave_no_gap():
    async with server_at("20:00:00") as server, server.device() as phone:
        assert (await phone.hears())["kind"] == "seat"
        await server.clock.move_to("20:44:59")
        assert await phone.jumps() == "20:44:59"  # and nothing was heard before it
        assert (await server.account())["played_s"] == 2699
        assert server.store.writes > 3  # a lease is for a quarter of an hour
        await server.clock.move_to("21:00:00")
        kinds = [(await phone.hears())["kind"] for _ in range(4)]
        assert kinds == ["warning", "warning", "warning", "kicked"]
        assert await phone.hung_up() == 4001
        await server.clock.move_to("21:20:00")
        assert (await server.account())["played_s"] == 3600


@story
async def test_two_devices_share_one_time_and_a_break_is_not_counted():
    async with server_at("20:05:00") as server:
        async with server.playing():
            await server.clock.move_to("20:10:00")
            async with server.playing():
                await server.clock.move_to("20:15:00")
            await server.clock.move_to("20:20:00")
        await server.clock.move_to("20:40:00")
        assert (await server.account())["played_s"] == 900
        async with server.device() as phone, server.device() as tablet:
            for device in (phone, tablet):
                assert (await device.hears())["kind"] == "seat"
            await server.clock.move_to("20:44:59")
            assert await phone.jumps() == await tablet.jumps() == "20:44:59"
            assert (await server.account())["played_s"] == 900 + 299


# -- money ---------------------------------------------------------------------------------------


@story
async def test_an_order_above_fifty_yuan_is_refused_in_chinese_and_was_grey_before():
    async with server_at("20:10:00") as server:
        reasons = {item["fen"]: item["reason"] for item in (await server.account())["items"]}
        status, refusal = await server.order("pet")
        assert (status, refusal["title"]) == (403, "防沉迷提示")
        assert "单次消费不得超过50元。" in refusal["reason"]
        assert NOTICE_2019 in refusal["reason"]
        assert reasons == {600: None, 3000: None, 5000: None, 9800: refusal["reason"]}
        assert (await server.account())["spent_fen"] == 0
        assert (await server.order("pet", "laowang"))[0] == 201


@story
async def test_a_held_order_settles_once_though_the_callback_comes_twice():
    async with server_at("20:10:00") as server:
        status, order = await server.order("hero")
        assert (status, order["fen"]) == (201, 5000)
        account = await server.account()
        assert (account["spent_fen"], account["held_fen"], account["bag"]) == (5000, 5000, [])
        for _ in range(2):
            assert await server.callback(order, paid=True) == (200, "SUCCESS")
            account = await server.account()
            assert (account["spent_fen"], account["held_fen"]) == (5000, 0)
            assert account["bag"] == ["新英雄"]
        assert (await server.callback({"order": "unheard-of"}, paid=True))[0] == 404


@story
async def test_money_that_is_held_counts_and_a_cancelled_order_gives_it_back():
    async with server_at("20:10:00") as server:
        orders = [await server.order("hero") for _ in range(4)]
        assert [status for status, _ in orders] == [201] * 4
        status, refusal = await server.order("gems")
        assert status == 403
        assert "每月累计消费不得超过200元。" in refusal["reason"]
        assert all(item["reason"] for item in (await server.account())["items"])
        for _ in range(2):
            assert await server.callback(orders[0][1], paid=False) == (200, "SUCCESS")
        assert (await server.account())["spent_fen"] == 15000
        assert (await server.order("gems"))[0] == 201


# -- a store that is silent ----------------------------------------------------------------------


@story
async def test_with_a_broken_store_nobody_is_let_in_and_every_answer_is_503():
    async with server_at("20:10:00") as server:
        _, order = await server.order("hero")
        assert await server.ask("GET", "/healthz") == (200, "ok")
        server.store.broken = True
        with pytest.raises(InvalidStatus) as refused:
            async with server.device():
                pass
        assert refused.value.response.status_code == 503
        for method, path in (
            ("POST", "/orders?player=xiaoming&item=gems"),
            ("GET", "/account?player=xiaoming"),
            ("GET", "/healthz"),
        ):
            status, answer = await server.ask(method, path)
            assert (status, answer["title"]) == (503, "系统繁忙")
        assert (await server.callback(order, paid=True))[0] == 503
        server.store.broken = False
        assert (await server.account())["bag"] == []
        assert await server.callback(order, paid=True) == (200, "SUCCESS")
        assert (await server.account())["bag"] == ["新英雄"]


@story
async def test_whoever_plays_when_the_store_breaks_plays_what_is_paid_for_and_no_longer():
    async with server_at("20:10:00") as server, server.device() as phone:
        assert (await phone.hears())["kind"] == "seat"
        server.store.broken = True
        await server.clock.move_to("20:24:59")
        assert await phone.jumps() == "20:24:59"
        await server.clock.move_to("20:25:00")
        news = await phone.hears()
        assert (news["kind"], news["title"]) == ("kicked", "系统繁忙")
        assert await phone.hung_up() == 4001


@story
async def test_a_store_that_recovers_before_the_lease_ends_is_not_noticed():
    async with server_at("20:10:00") as server, server.device() as phone:
        assert (await phone.hears())["kind"] == "seat"
        server.store.broken = True
        await server.clock.move_to("20:24:59")
        server.store.broken = False
        await server.clock.move_to("20:30:00")
        assert await phone.jumps() == "20:30:00"
        assert (await server.account())["played_s"] == 1200


# -- the command ---------------------------------------------------------------------------------


def test_one_command_serves_the_page_and_the_page_needs_nothing_from_elsewhere():
    command = [sys.executable, str(EXAMPLE), "--port", "0", "--clock", "2026-11-20T20:55:00+08:00"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, encoding="utf-8") as server:
        try:
            port = next(int(m[1]) for m in map(running_on, server.stderr) if m)
            assert ask(port, "GET", "/healthz") == (200, "ok")
            status, page = ask(port, "GET", "/")
            assert status == 200
            assert "一个孩子，两台设备" in page
            assert "//" not in re.sub(r"// .*", "", page)  # no address, only comments
            status, players = ask(port, "GET", "/players")
            assert [player["id"] for player in players] == ["xiaoming", "laowang", "newcomer"]
        finally:
            server.send_signal(signal.SIGINT)
            server.stderr.read()
    assert server.returncode in (0, -signal.SIGINT)


def running_on(line):
    return re.search(r"running on http://127\.0\.0\.1:(\d+)", line)
