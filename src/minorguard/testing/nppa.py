"""The national real-name system for tests: a server on loopback, over real TLS, that can misbehave.

::

    with FakeNppa() as official:
        client = NppaClient(
            official.credentials, base_url=official.url, ssl_context=official.client_context()
        )
        official.will("check", mishaps.code(1001), mishaps.slow(9))

It checks the signature and the five seconds of the timestamp, decrypts, knows the people of the
official test system, lets checks be in progress until ``settle``, and plays the eight official test
cases. ``will`` says what goes wrong with the next requests, ``seen`` what came in. Made of the
interface V1.8 and of nothing else: what passes here has not passed there.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_hex
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

from minorguard.identity.nppa_presets import TEST_CASES
from minorguard.identity.secrets import Secret
from minorguard.identity.wire import unseal, verify_sign
from minorguard.identity.wire_codes import code_of
from minorguard.identity.wire_messages import Credentials
from minorguard.testing.nppa_book import WRONG, Book, Refusal, opened
from minorguard.testing.nppa_mishaps import Wire, json_bytes
from minorguard.testing.nppa_tls import LOOPBACK, Authority

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType
    from typing import Self

    from minorguard.identity.nppa_presets import Outcome
    from minorguard.testing.nppa_mishaps import Mishap

PATHS = {
    "/idcard/authentication/check": "check",
    "/idcard/authentication/query": "query",
    "/behavior/collection/loginout": "loginout",
    "/test/authentication/check/": "check",
    "/test/authentication/query/": "query",
    "/test/collection/loginout/": "loginout",
}
METHODS = {"check": "POST", "query": "GET", "loginout": "POST"}
CASES_OF = {
    "check": TEST_CASES[:3],
    "query": TEST_CASES[3:6],
    "loginout": TEST_CASES[6:],
}
VALID_MS = 5000
REQUEST_BYTES_MAX = 1 << 20


@dataclass(frozen=True)
class Seen:
    """A request as it came in, and the code of its right answer. ``mishap``: what was sent instead.

    ``asked`` is the opened body: a name and a number, made up or not, so it is not printed.
    """

    api: str
    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str] = field(repr=False)
    body: str = field(repr=False)
    asked: Mapping[str, Any] = field(repr=False)
    code: int | None
    mishap: str
    key: int | None


class FakeNppa:
    """A national real-name system of one's own. Use it as a context manager.

    ``keys``: how many secret keys are valid, the newest first (``rotate``). ``hosts``: whom the
    certificate is made out to. ``clock``: seconds since 1970. ``check_direction``: whether who goes
    has to have come.
    """

    def __init__(
        self,
        *,
        keys: int = 1,
        hosts: Iterable[str] = LOOPBACK,
        clock: Callable[[], float] = time.time,
        check_direction: bool = True,
    ) -> None:
        self._authority = Authority(hosts)
        self._clock = clock
        self._lock = Lock()
        self._closing = Event()
        self._mishaps: dict[str, deque[Mishap]] = {api: deque() for api in METHODS}
        self._for_ever: dict[str, Mishap] = {}
        self._keys: list[Secret[str]] = []
        self._book = Book(check_direction=check_direction)
        self._book.codes = {f"{n}{token_hex(3)}": case for n, case in enumerate(TEST_CASES, 1)}
        self.app_id, self.biz_id = "fake-appId", "fake-bizId"
        self.seen: list[Seen] = []
        for _ in range(keys):
            self.rotate(keep=keys)
        self._server = _Server(self, self._authority.server_context())
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # -- what a client needs ---------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where it is."""
        return f"https://127.0.0.1:{self._server.server_address[1]}"

    @property
    def ca_pem(self) -> str:
        """The authority that a client has to trust."""
        return self._authority.ca_pem

    def client_context(self) -> ssl.SSLContext:
        """TLS that trusts this server and no other."""
        return self._authority.client_context()

    @property
    def credentials(self) -> Credentials:
        """The game's, with the newest key."""
        return self.credentials_of(0)

    def credentials_of(self, nth: int) -> Credentials:
        """The game's, with the newest key (0), or the one before."""
        return Credentials(self.app_id, self.biz_id, self._keys[nth])

    @property
    def test_codes(self) -> Mapping[str, str]:
        """The test code of each of the eight cases."""
        return {case: code for code, case in self._book.codes.items()}

    @property
    def passed(self) -> frozenset[str]:
        """The official test cases that were passed so far."""
        return frozenset(self._book.passed)

    # -- what a test does ------------------------------------------------------------------------

    def rotate(self, *, keep: int = 2) -> None:
        """Make a new key; so many, this one among them, are valid from now on."""
        with self._lock:
            self._keys = [Secret(token_hex(16)), *self._keys][:keep]

    def knows(self, name: str, number: str, outcome: Outcome) -> None:
        """A person, and how a check of that person ends. Nobody else is known: it fails."""
        with self._lock:
            self._book.people[name, number] = (outcome, None)

    def settle(self, ai: str, outcome: Outcome) -> None:
        """Let a check that is in progress come to its end."""
        with self._lock:
            self._book.settle(ai, outcome)

    def will(self, api: str, *mishaps: Mishap) -> None:
        """What goes wrong with the next requests to an interface, one for each."""
        with self._lock:
            self._mishaps[api].extend(mishaps)

    def always(self, api: str, mishap: Mishap | None) -> None:
        """What goes wrong with every request from now on that has no mishap of its own."""
        with self._lock:
            if mishap is None:
                self._for_ever.pop(api, None)
            else:
                self._for_ever[api] = mishap

    def count(self, api: str) -> int:
        """How many requests to an interface came in."""
        with self._lock:
            return sum(seen.api == api for seen in self.seen)

    # -- what a request meets --------------------------------------------------------------------

    def answer(self, handler: _Handler) -> None:
        """Answer one request, or do not."""
        url = urlsplit(handler.path)
        api, test_code = _api_of(url.path)
        with self._lock:
            waiting = self._mishaps.get(api)
            mishap = waiting.popleft() if waiting else self._for_ever.get(api)
        wire = Wire(handler.connection, self._closing.wait)
        body = handler.body()
        reply: Mapping[str, Any] = {}
        if mishap is None or mishap.handled:
            reply = self._judged(handler, api, test_code, url.query, body)
        else:
            self._note(handler, api, url.query, body, mishap=mishap.name)
        if mishap is None:
            wire.answer(json_bytes(reply))
            return
        mishap.speak(wire, json_bytes(reply))
        handler.close_connection = handler.close_connection or mishap.closes

    def _judged(
        self, handler: _Handler, api: str, test_code: str, query: str, body: str
    ) -> Mapping[str, Any]:
        asked: dict[str, Any] = {}
        reply: dict[str, Any]
        key = None
        try:
            test = self._admit(handler, api, test_code)
            params, key = self._signed(handler, query, body)
            if api != "query":
                try:
                    asked.update(opened(unseal(self._keys[key], body)))
                except WRONG:
                    raise Refusal(1012) from None
            with self._lock:
                now = self._clock()
                if api == "check":
                    reply = self._book.check(asked, now, test)
                elif api == "query":
                    reply = self._book.query(params.get("ai", ""), now, test)
                else:
                    stamp = int(handler.headers["timestamps"])
                    reply = self._book.loginout(asked, stamp, test)
        except Refusal as refusal:
            words = code_of(refusal.number).official_words
            reply = {"errcode": refusal.number, "errmsg": words}
        self._note(handler, api, query, body, asked=asked, code=reply["errcode"], key=key)
        return reply

    def _admit(self, handler: _Handler, api: str, test_code: str) -> str:
        """Refuse who may not ask; the test case that is meant, if one is."""
        if not api:
            raise Refusal(1002)
        if handler.command != METHODS[api]:
            raise Refusal(1003)
        said = handler.headers
        # Exactly so: some gateways tell upper from lower case, though HTTP does not.
        if not {"appId", "bizId", "timestamps", "sign"} <= set(said.keys()):
            raise Refusal(1004)
        if said["appId"] != self.app_id:
            raise Refusal(1008)
        if said["bizId"] != self.biz_id:
            raise Refusal(1010)
        self._check_time(said["timestamps"])
        if api != "query" and said["Content-Type"] != "application/json; charset=utf-8":
            raise Refusal(1020)
        if not test_code:
            return ""
        case = self._book.codes.get(test_code)
        if case is None:
            raise Refusal(4002)
        if case not in CASES_OF[api]:
            raise Refusal(4003)
        return case

    def _check_time(self, stamp: str) -> None:
        # Ours: as far ahead as behind. The interface speaks of old messages only.
        if not stamp.isdecimal() or abs(self._clock() * 1000 - int(stamp)) > VALID_MS:
            raise Refusal(1007)

    def _signed(self, handler: _Handler, query: str, body: str) -> tuple[dict[str, str], int]:
        params = dict(parse_qsl(query, keep_blank_values=True))
        said = {name: handler.headers[name] for name in ("appId", "bizId", "timestamps")}
        for nth, key in enumerate(self._keys):
            with suppress(*WRONG):
                verify_sign(key, {**params, **said}, body, handler.headers["sign"])
                return params, nth
        raise Refusal(1011)

    def _note(
        self,
        handler: _Handler,
        api: str,
        query: str,
        body: str,
        *,
        asked: Mapping[str, Any] | None = None,
        code: int | None = None,
        mishap: str = "",
        key: int | None = None,
    ) -> None:
        seen = Seen(
            api=api,
            method=handler.command,
            path=urlsplit(handler.path).path,
            headers=dict(handler.headers.items()),
            query=dict(parse_qsl(query)),
            body=body,
            asked=asked or {},
            code=code,
            mishap=mishap,
            key=key,
        )
        with self._lock:
            self.seen.append(seen)


def _api_of(path: str) -> tuple[str, str]:
    if path in PATHS and not path.endswith("/"):
        return PATHS[path], ""
    head, _, code = path.rpartition("/")
    return PATHS.get(f"{head}/", ""), code


class _Handler(BaseHTTPRequestHandler):
    """One connection. It says what it is told to say and logs nothing."""

    protocol_version = "HTTP/1.1"
    timeout = 60

    def body(self) -> str:
        """The body, as text."""
        size = min(int(self.headers.get("Content-Length", "0")), REQUEST_BYTES_MAX)
        return self.rfile.read(size).decode("utf-8", "replace")

    def do_GET(self) -> None:
        """Answer."""
        cast("_Server", self.server).fake.answer(self)

    do_POST = do_GET  # noqa: N815 - http.server's name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's
        """Say nothing: the path holds an ``ai``."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, fake: FakeNppa, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fake = fake
        self._context = context

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """Shake hands in the thread of the connection, so that a bad guest holds up nobody."""
        request.settimeout(10)
        try:
            request = self._context.wrap_socket(request, server_side=True)
        except OSError:  # ssl's errors are such: the client does not trust us, or left
            return
        with suppress(OSError):
            super().finish_request(request, client_address)
        with suppress(OSError):
            request.close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """A connection that broke is nobody's error here."""
