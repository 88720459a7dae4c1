"""Which Redis an address means, and whether what is there can be trusted with a limit.

- ``redis://user:password@host:6379/0``, ``rediss://`` with TLS
- ``redis+cluster://host:6379,other:6379``, ``rediss+cluster://``: any of its nodes

Options: ``?timeout_s=5`` for an answer (2 s at most for a connection), ``?prefix=minorguard`` for
all keys, ``?wait=1`` replicas that have to acknowledge each answer, and with TLS
``?ssl_ca_certs=``, ``?ssl_certfile=``, ``?ssl_keyfile=``.

A limit is forgotten where the server forgets. So a server is refused that throws keys away when
its memory is full, that keeps them in memory alone, or that acknowledges what no replica has,
unless the address accepts it: ``?accept=eviction,memory_only,async_replicas``. Every connection
is checked, for after a failover it leads to another server.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from minorguard.errors import MissingExtra, UnknownStore

if TYPE_CHECKING:
    from collections.abc import Mapping

Place: TypeAlias = tuple[str, int]
"""Host and port of a server."""

PORT = 6379
OLDEST = (6, 2)
CONNECT_S = 2.0
TIMEOUT_S_MIN = 0.01
TIMEOUT_S_MAX = 60
WAIT_MAX = 16
WAIT_S = 1.0
"""How long replicas have to acknowledge: they need a millisecond, or they are not there."""

ACCEPTS = ("eviction", "memory_only", "async_replicas")
TLS_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")

_PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,32}")


class Address(NamedTuple):
    """All that an address says. ``tls`` is ``None`` without TLS, else the files it needs."""

    seeds: tuple[Place, ...]
    cluster: bool = False
    tls: Mapping[str, str] | None = None
    user: str | None = None
    password: str | None = None
    db: int = 0
    prefix: str = "minorguard"
    accept: frozenset[str] = frozenset()
    wait: int = 0
    timeout_s: float = 5

    def __repr__(self) -> str:
        return "Address(...)"  # it has a password

    @property
    def connect_s(self) -> float:
        """How long a connection may take, with all that is asked before it is used."""
        return min(CONNECT_S, self.timeout_s)

    @property
    def wait_ms(self) -> int:
        """How long replicas have to acknowledge, in milliseconds."""
        return max(1, int(min(WAIT_S, self.timeout_s / 2) * 1000))

    def connection(self, place: Place) -> dict[str, Any]:
        """How redis-py is to connect; nothing is tried again but by us."""
        host, port = place
        return {
            "host": host,
            "port": port,
            "db": self.db,
            "username": self.user,
            "password": self.password,
            "protocol": 2,
            "driver_info": None,
            **(self.tls or {}),
        }


def read(url: str) -> Address:
    """The parts of an address; ``UnknownStore`` never repeats more than a scheme or an option."""
    if find_spec("redis") is None:
        raise MissingExtra("redis")
    scheme = ""
    try:
        scheme, place, path, query, _ = urlsplit(url)
        options = dict(parse_qsl(query, keep_blank_values=True))
        user, password, seeds = _seeds(place)
    except ValueError:
        raise UnknownStore(scheme or "redis", "want redis://user:password@host:6379/0") from None
    cluster = scheme.endswith("+cluster")
    if len(seeds) > 1 and not cluster:
        raise UnknownStore(scheme, "several hosts are a cluster: want redis+cluster://")
    db = path.strip("/") or "0"
    if not db.isascii() or not db.isdecimal() or (cluster and db != "0"):
        raise UnknownStore(scheme, "the path is a database's number, in a cluster 0")
    tls = {name: options[name] for name in TLS_FILES if name in options}
    prefix = options.get("prefix", "minorguard")
    if not _PREFIX.fullmatch(prefix):
        raise UnknownStore(scheme, "prefix: want 1 to 32 of A-Z a-z 0-9 _ . -")
    accept = frozenset(options["accept"].split(",")) if "accept" in options else frozenset[str]()
    if not accept <= set(ACCEPTS):
        raise UnknownStore(scheme, f"accept: want some of {', '.join(ACCEPTS)}")
    return Address(
        seeds=seeds,
        cluster=cluster,
        tls=tls if scheme.startswith("rediss") else None,
        user=user,
        password=password,
        db=int(db),
        prefix=prefix,
        accept=accept,
        wait=_wait(scheme, options.get("wait", "0")),
        timeout_s=_timeout_s(scheme, options.get("timeout_s", "5")),
    )


def _wait(scheme: str, text: str) -> int:
    if text.isascii() and text.isdecimal() and int(text[:9]) <= WAIT_MAX:
        return int(text)
    raise UnknownStore(scheme, f"wait: want 0 to {WAIT_MAX} replicas")


def _timeout_s(scheme: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not TIMEOUT_S_MIN <= seconds <= TIMEOUT_S_MAX:
        raise UnknownStore(scheme, f"timeout_s: want {TIMEOUT_S_MIN} to {TIMEOUT_S_MAX} seconds")
    return seconds


def _seeds(netloc: str) -> tuple[str | None, str | None, tuple[Place, ...]]:
    """User, password and the hosts with their ports; ``ValueError`` where there is no host."""
    who, _, where = netloc.rpartition("@")
    user, _, password = who.partition(":")
    seeds: list[Place] = []
    for one in where.split(","):
        parts = urlsplit(f"//{one}")
        if not parts.hostname:
            raise ValueError
        seeds.append((parts.hostname, parts.port or PORT))
    return unquote(user) or None, unquote(password) or None, tuple(seeds)


# -- what is there -------------------------------------------------------------------------------


def facts_of(info: bytes) -> dict[str, str]:
    """The lines of ``INFO``."""
    lines = (line.partition(":") for line in info.decode("utf-8", "replace").splitlines())
    return {name: value for name, _, value in lines if value}


def refusal(address: Address, info: Mapping[str, str], fsync: str | None) -> str | None:
    """Why a server must not be used, and what to do about it; ``None`` where it may.

    ``fsync`` is what ``CONFIG GET appendfsync`` says, ``None`` where the server does not tell: then
    ``INFO`` has to do.
    """
    accept, master = address.accept, info.get("role") == "master"
    if address.cluster and not master:
        return None  # it knows the map of the cluster, and sends everybody on to its primary
    version = tuple(int(part) for part in re.findall(r"\d+", info.get("redis_version", ""))[:2])
    replicas = int(info.get("connected_slaves", "0"))
    # INFO has this line only where min-replicas-to-write and min-replicas-max-lag are set.
    careful = address.wait or "min_slaves_good_slaves" in info
    objections = (
        ((info.get("cluster_enabled") == "1") != address.cluster, WRONG_KIND[address.cluster]),
        (version < OLDEST, "it is older than Redis 6.2"),
        (not master, "it is a replica: the address has to lead to its primary"),
        (info.get("loading", "0") != "0", "it is still reading its file"),
        (info.get("maxmemory_policy") != "noeviction" and "eviction" not in accept, EVICTING),
        (
            (info.get("aof_enabled") != "1" or fsync == "no") and "memory_only" not in accept,
            FORGETFUL,
        ),
        (
            replicas < address.wait,
            f"wait={address.wait} asks for more than its {replicas} replicas",
        ),
        (replicas and not careful and "async_replicas" not in accept, UNSEEN),
    )
    return next((why for objected, why in objections if objected), None)


WRONG_KIND = ("it is a cluster: write redis+cluster://", "it is no cluster: write redis://")
EVICTING = (
    "its maxmemory-policy throws counts away when memory is full:"
    " CONFIG SET maxmemory-policy noeviction, or ?accept=eviction"
)
FORGETFUL = (
    "it does not write to its disk what it acknowledges: CONFIG SET appendonly yes and"
    " appendfsync everysec or always, or ?accept=memory_only"
)
UNSEEN = (
    "it acknowledges what no replica has, and a failover would forget it:"
    " CONFIG SET min-replicas-to-write 1, or ?wait=1, or ?accept=async_replicas"
)
