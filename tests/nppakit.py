"""What the tests of the national real-name client share: clients, clocks, people."""

from datetime import UTC, datetime, timedelta

from minorguard.identity.id_numbers import IdNumber
from minorguard.identity.nppa import NppaClient
from minorguard.identity.nppa_async import AsyncNppaClient
from minorguard.identity.nppa_presets import PRESETS
from minorguard.identity.secrets import PersonName
from minorguard.identity.verification import Claim
from minorguard.testing.stores import EventLoop

GOOD, BUSY = PRESETS[0], PRESETS[8]
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def now():
    return datetime.now(UTC)


def numbered(first_17):
    """The number with its check character: GB 11643-1999."""
    total = sum(int(digit) * weight for digit, weight in zip(first_17, WEIGHTS, strict=True))
    return first_17 + "10X98765432"[total % 11]


def claim(person=GOOD, ai=None):
    return Claim(ai or person.ai, PersonName(person.name), IdNumber.parse(person.number))


def claim_of(ai, name, number):
    return Claim(ai, PersonName(name), IdNumber.parse(number))


class Ticks:
    """A clock that goes when somebody waits, and not otherwise."""

    def __init__(self):
        self.now_ns = 10**12
        self.waits = []

    def __call__(self):
        return self.now_ns

    def wait(self, seconds):
        self.waits.append(seconds)
        self.now_ns += round(seconds * 10**9)

    async def wait_async(self, seconds):
        self.wait(seconds)

    def pass_s(self, seconds):
        self.now_ns += round(seconds * 10**9)


class SteppingClock:
    """A clock that is a second later each time that somebody looks."""

    def __init__(self, start=None):
        self.now = start or now()

    def __call__(self):
        self.now += timedelta(seconds=1)
        return self.now


class Waiting:
    """An ``AsyncNppaClient`` for tests that do not await."""

    def __init__(self, loop, *args, **options):
        self._loop = loop

        async def opened():
            return AsyncNppaClient(*args, **options)

        self._client = loop.wait(opened())

    def check(self, asked, *, at):
        return self._loop.wait(self._client.check(asked, at=at))

    def query(self, pending, *, at):
        return self._loop.wait(self._client.query(pending, at=at))

    def report(self, events):
        return self._loop.wait(self._client.report(events))

    def close(self):
        self._loop.wait(self._client.aclose())

    def __getattr__(self, name):
        return getattr(self._client, name)


class Clients:
    """Opens clients of one kind, sync or async, on a fake server, and closes them."""

    def __init__(self, kind, loop):
        self.kind = kind
        self._loop = loop
        self._open = []

    def __call__(self, fake, credentials=None, **options):
        options.setdefault("base_url", fake.url)
        options.setdefault("ssl_context", fake.client_context())
        ticks = options.get("ticks_ns")
        if ticks is not None:
            options["wait"] = ticks.wait if self.kind == "sync" else ticks.wait_async
        credentials = credentials or fake.credentials
        if self.kind == "sync":
            client = NppaClient(credentials, **options)
        else:
            client = Waiting(self._loop, credentials, **options)
        self._open.append(client)
        return client

    def close(self):
        for client in self._open:
            client.close()


__all__ = ["BUSY", "GOOD", "Clients", "EventLoop", "SteppingClock", "Ticks", "claim", "claim_of"]
