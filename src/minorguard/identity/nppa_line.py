"""One question over the network and its answer, or that it is lost: httpx2's transports, no more.

A transport, not a client of httpx2: at this depth there are no redirects, no proxies out of the
environment, no cookies, no ``.netrc`` and no log lines. The limits: two seconds to connect, five
for all of it however slowly the bytes come, 64 KiB of answer, nothing compressed.

TLS is verified, always: a context that would not is refused, also when it was changed later.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from contextlib import contextmanager
from threading import local
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol

from minorguard.errors import ConfigurationError, MissingExtra
from minorguard.identity.nppa_talk import Again, Answer, Lost, Question

try:
    import httpcore2
    import httpx2
    import stamina
except ImportError:
    raise MissingExtra("nppa") from None

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterable, Iterator


CONNECT_S: Final = 2.0
TOTAL_S: Final = 5.0
"""V1.8: a message is valid for five seconds; nobody waits longer for what is refused by then."""

ANSWER_BYTES_MAX: Final = 64 * 1024

CONNECTIONS_MAX: Final = 100
"""V1.8 allows 1000 for an address, which several processes may share."""

KEEPALIVE_S: Final = 30.0
"""V1.8: the other side closes what is idle for 120 s. What it is about to close is not used."""

STEPS: Final = {"connect": CONNECT_S, "read": TOTAL_S, "write": TOTAL_S, "pool": TOTAL_S}
LIMITS: Final = httpx2.Limits(max_connections=CONNECTIONS_MAX, keepalive_expiry=KEEPALIVE_S)


TRIES_MAX: Final = 3
TRIES_S: Final = 20.0


class Tries(Protocol):
    """What stamina returns: its class is not public."""

    def __iter__(self) -> Iterator[stamina.Attempt]:
        """For ``for``."""
        ...

    def __aiter__(self) -> AsyncIterator[stamina.Attempt]:
        """For ``async for``."""
        ...


def tries() -> Tries:
    """The tries of one call, to be walked with ``for`` or ``async for``: three, full jitter."""
    return stamina.retry_context(
        _when,
        attempts=TRIES_MAX,
        timeout=TRIES_S,
        wait_initial=0.1,
        wait_max=2.0,
        wait_jitter=0.5,
    )


def _when(error: Exception) -> bool | float:
    if not isinstance(error, Again):
        return False
    return True if error.after_s is None else error.after_s


def checked_context(context: ssl.SSLContext | None) -> ssl.SSLContext:
    """The context to speak TLS with: the system's authorities, or one that verifies all the same.

    The environment is not asked (``SSL_CERT_FILE``).
    """
    if context is None:
        context = httpx2.create_ssl_context(trust_env=False)
    if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
        raise ConfigurationError("TLS is always verified: want CERT_REQUIRED and check_hostname")
    return context


class Line:
    """The way to the other side that waits by blocking. Safe for threads, and across a fork."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = checked_context(context)
        self._process, self._transport = os.getpid(), HurriedTransport(self._context)

    def ask(self, question: Question) -> Answer | Lost:
        """Send it and read what comes back."""
        checked_context(self._context)
        if self._process != os.getpid():  # connections are the parent's, and its TLS
            self._process, self._transport = os.getpid(), HurriedTransport(self._context)
        try:
            with hurry(TOTAL_S):
                return self._asked(question)
        except (_Unread, httpx2.HTTPError, OSError) as error:
            return _lost(error)

    def _asked(self, question: Question) -> Answer:
        response = self._transport.handle_request(_request(question))
        try:
            _check_head(response)
            body = b""
            for part in response.iter_raw():
                body = _grown(body, part)
            return Answer(response.status_code, body)
        finally:
            response.close()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


class AsyncLine:
    """The way to the other side in asyncio."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = checked_context(context)
        self._transport = httpx2.AsyncHTTPTransport(self._context, trust_env=False, limits=LIMITS)

    async def ask(self, question: Question) -> Answer | Lost:
        """Send it and read what comes back."""
        checked_context(self._context)
        try:
            async with asyncio.timeout(TOTAL_S):
                return await self._asked(question)
        except (_Unread, httpx2.HTTPError, OSError) as error:
            return _lost(error)

    async def _asked(self, question: Question) -> Answer:
        response = await self._transport.handle_async_request(_request(question))
        try:
            _check_head(response)
            body = b""
            async for part in response.aiter_raw():
                body = _grown(body, part)
            return Answer(response.status_code, body)
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


def _request(question: Question) -> httpx2.Request:
    return httpx2.Request(
        question.method,
        question.url,
        headers=[*question.headers, ("Accept-Encoding", "identity")],
        content=question.body or None,
        extensions={"timeout": STEPS},
    )


class _Unread(Exception):
    """An answer that is not read to its end, and why."""


def _check_head(response: httpx2.Response) -> None:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise _Unread("a compressed answer, which nobody asked for")


def _grown(body: bytes, part: bytes) -> bytes:
    if len(body) + len(part) > ANSWER_BYTES_MAX:
        raise _Unread(f"an answer of more than {ANSWER_BYTES_MAX} bytes")
    return body + part


_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


def _lost(error: Exception) -> Lost:
    """Why there is no answer, without the text of the error: it may quote what came back."""
    if isinstance(error, _Unread):
        why = str(error)
    elif isinstance(error, (httpx2.TimeoutException, TimeoutError)):
        why = "no answer in time"
    elif isinstance(error, httpx2.ConnectError):
        why = "no connection"
    elif isinstance(error, (httpx2.NetworkError, OSError)):
        why = "the connection broke"
    else:
        why = "not an answer in HTTP"
    return Lost(why, sent=not isinstance(error, _NEVER_SENT))


# -- one deadline for all steps -------------------------------------------------------------------

_deadline = local()


@contextmanager
def hurry(seconds: float) -> Generator[None]:
    """Let all that this thread does on the network end by then."""
    _deadline.at = monotonic() + seconds
    try:
        yield
    finally:
        _deadline.at = None


def _left(timeout: float | None, late: type[Exception]) -> float:
    """How long a step may take: its own time-out, or what is left of all."""
    at: float | None = getattr(_deadline, "at", None)
    left = TOTAL_S if at is None else at - monotonic()
    if left <= 0:
        raise late("too late")
    return left if timeout is None else min(timeout, left)


class HurriedTransport(httpx2.HTTPTransport):
    """httpx2's transport with one deadline for a whole request.

    httpx2 has a time-out for each read, so a server that sends a byte now and then holds a caller
    for ever. Its transport takes no other network, so the pool is made once more, with one.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(context, trust_env=False, limits=LIMITS)
        self._pool.close()
        self._pool = httpcore2.ConnectionPool(
            ssl_context=context,
            max_connections=CONNECTIONS_MAX,
            keepalive_expiry=KEEPALIVE_S,
            network_backend=HurriedBackend(),
        )


class HurriedBackend(httpcore2.NetworkBackend):
    """Connections whose every step ends by the deadline of the thread."""

    def __init__(self) -> None:
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Try each address of the host for as long as there is time."""
        _deadline.connect_by = monotonic() + _left(timeout, httpcore2.ConnectTimeout)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            found = []
        for *_, address in found:
            left = _deadline.connect_by - monotonic()
            if left <= 0:
                raise httpcore2.ConnectTimeout("too late")
            try:
                stream = self._plain.connect_tcp(
                    str(address[0]), port, left, local_address, socket_options
                )
            except httpcore2.ConnectError:
                continue
            return HurriedStream(stream)
        raise httpcore2.ConnectError("no address answers")


class HurriedStream(httpcore2.NetworkStream):
    """A connection whose every step ends by the deadline of the thread."""

    def __init__(self, plain: httpcore2.NetworkStream) -> None:
        self._plain = plain

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what there is."""
        return self._plain.read(max_bytes, _left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        self._plain.write(buffer, _left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        """Close it."""
        self._plain.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        """Speak TLS from here on; a handshake is part of connecting."""
        left = _left(timeout, httpcore2.ConnectTimeout)
        return HurriedStream(self._plain.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore2's
        """What httpcore2 asks of a connection, such as whether it is still there."""
        return self._plain.get_extra_info(info)
