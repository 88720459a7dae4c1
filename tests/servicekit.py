"""The servers as fixtures: the shared ones by their URL, private ones for tests that break them.

A server that is missing is a skip that names it, and where CI=true a failure: a green run there
cannot mean that no test of a server ran.
"""

import functools
import os
from contextlib import ExitStack

import pytest

import services


def _go_without(reason):
    __tracebackhide__ = True
    if os.environ.get("CI", "").lower() in {"", "0", "false"}:
        pytest.skip(reason)
    pytest.fail(reason, pytrace=False)


@functools.cache
def _urls(name):
    try:
        service = services.shared(name)
        return service.urls if services.is_up(service) else None
    except services.MissingProgram:
        return None


def urls_of(name):
    """The URLs of a shared service, its primary's first."""
    __tracebackhide__ = True
    if (urls := _urls(name)) is None:
        _go_without(f"service {name} is not running: make services")
    return urls


def url_of(name):
    __tracebackhide__ = True
    return urls_of(name)[0]


def require(*programs):
    """For tests that start a server of their own."""
    __tracebackhide__ = True
    for name in programs:
        if services.find(name) is None:
            _go_without(f"{name} is not installed: make services")


# -- shared: for tests that leave others' keys and tables alone ----------------------------------


@pytest.fixture(scope="session")
def redis_url():
    return url_of("redis")


@pytest.fixture(scope="session")
def redis_pair_urls():
    """The primary's and the replica's."""
    return urls_of("redis-pair")


@pytest.fixture(scope="session")
def redis_cluster_urls():
    return urls_of("redis-cluster")


@pytest.fixture(scope="session")
def postgres_url():
    return url_of("postgres")


# -- private: started by the test, ended with it -------------------------------------------------


def _starter(make, tmp_path, *programs):
    """`start(**options)` returns a new server that answers."""
    require(*programs)
    with ExitStack() as stack:
        started = 0

        def start(*args, **options):
            nonlocal started
            started += 1
            return stack.enter_context(make(tmp_path / f"server{started}", *args, **options))

        yield start


@pytest.fixture
def private_redis(tmp_path):
    yield from _starter(services.PrivateRedis, tmp_path / "redis", "redis-server", "redis-cli")


@pytest.fixture
def private_redis_pair(tmp_path):
    yield from _starter(services.PrivateRedisPair, tmp_path / "pair", "redis-server", "redis-cli")


@pytest.fixture
def private_redis_cluster(tmp_path):
    make = services.PrivateRedisCluster
    yield from _starter(make, tmp_path / "cluster", "redis-server", "redis-cli")


@pytest.fixture
def private_postgres(tmp_path):
    yield from _starter(services.PrivatePostgres, tmp_path / "postgres", "postgres", "initdb")
