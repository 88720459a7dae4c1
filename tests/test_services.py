"""The servers that other tests lean on keep what they acknowledge, and leave nothing behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import services
from services import Process, ServerFailed, wait_until

HERE = Path(__file__).parent


def without_ci(**more):
    return {name: value for name, value in os.environ.items() if name != "CI"} | more


def run(home, *args):
    return subprocess.run(
        [sys.executable, services.__file__, *args],
        env=os.environ | {"MINORGUARD_SERVICES": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def home(tmp_path, private_redis):  # the second only to skip where there is no Redis
    del private_redis
    yield tmp_path / "services"
    run(tmp_path / "services", "stop")


def nodes(home, name):
    return json.loads((home / "services.json").read_text())["services"][name]["nodes"]


# -- the shared ones -----------------------------------------------------------------------------


def test_a_second_start_starts_nothing_and_stop_leaves_no_process(home):
    assert run(home, "start", "redis").returncode == 0
    first = nodes(home, "redis")
    process = Process.of(first[0]["pid"])
    again = run(home, "start", "redis")
    assert "was running" in again.stdout
    assert nodes(home, "redis") == first
    assert run(home, "status", "redis").returncode == 0

    assert run(home, "stop").returncode == 0
    assert not process.alive()
    assert not (home / "services.json").exists()
    assert run(home, "status", "redis").returncode == 1


def test_a_dead_server_is_replaced_and_what_is_left_of_its_service_too(home):
    run(home, "start", "redis-pair")
    primary, replica = (Process.of(each["pid"]) for each in nodes(home, "redis-pair"))
    primary.send(signal.SIGKILL)
    assert "started" in run(home, "start", "redis-pair").stdout
    assert not replica.alive()
    assert all(Process.of(each["pid"]).alive() for each in nodes(home, "redis-pair"))


def test_a_stranger_that_got_a_dead_servers_id_is_left_alone(home):
    run(home, "start", "redis")
    pid = nodes(home, "redis")[0]["pid"]
    Process.of(pid).send(signal.SIGKILL)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        file = home / "redis" / "server.json"
        told = json.loads(file.read_text())
        told["process"][0] = stranger.pid
        file.write_text(json.dumps(told))
        run(home, "stop")
        assert stranger.poll() is None
        stranger.kill()


# -- private ones --------------------------------------------------------------------------------


def test_redis_keeps_an_acknowledged_write_over_kill_9(private_redis):
    redis = private_redis()
    assert redis.cli("set", "key", "1") == "OK"
    dead, port = redis.process, redis.port
    redis.kill9()
    assert not dead.alive()
    with pytest.raises(ServerFailed):
        redis.cli("ping")
    redis.restart()
    assert redis.port == port
    assert redis.cli("get", "key") == "1"


def test_redis_without_a_log_loses_it(private_redis):
    redis = private_redis(appendonly=False)
    redis.cli("set", "key", "1")
    redis.kill9()
    assert redis.restart().cli("get", "key") == ""


def test_a_paused_redis_answers_nobody_until_it_resumes(private_redis):
    redis = private_redis()
    redis.pause()
    with pytest.raises(subprocess.TimeoutExpired):
        redis.cli("ping", timeout_s=0.2)
    redis.resume()
    assert redis.cli("ping") == "PONG"


def test_a_primary_without_its_replica_takes_no_write(private_redis_pair):
    pair = private_redis_pair()
    pair.primary.cli("set", "key", "1")
    assert pair.primary.cli("wait", 1, 5000) == "1"
    # A replica that takes the whole book anew is empty for a moment, though it has acknowledged.
    wait_until(lambda: pair.replica.cli("get", "key") == "1", "the replica to have the key")
    pair.replica.kill9()

    def refused():
        try:
            pair.primary.cli("set", "key", "2")
        except ServerFailed as error:
            return "NOREPLICAS" in str(error)

    wait_until(refused, "NOREPLICAS")


def test_a_cluster_survives_a_master_that_has_a_replica(private_redis_cluster):
    cluster = private_redis_cluster(3, cluster_node_timeout=1000)
    replica = cluster.add(replica_of=cluster.nodes[0])
    wait_until(lambda: replica.info()["master_link_status"] == "up", "copy")
    cluster.nodes[0].kill9()
    wait_until(lambda: replica.info()["role"] == "master", "failover")
    wait_until(lambda: replica.cluster_info()["cluster_state"] == "ok", "the cluster is whole")


def test_postgres_keeps_a_commit_over_kill_9(private_postgres):
    postgres = private_postgres()
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert postgres.sql(f"show {setting}") == "on"
    postgres.sql("create table t as select 7 as n")
    family = [postgres.process, *postgres.process.children()]
    assert len(family) > 1
    postgres.kill9()
    assert not any(process.alive() for process in family)
    postgres.restart()
    assert postgres.sql("select n from t") == "7"
    place = postgres.data.parent
    postgres.kill9()
    postgres.close()
    assert not (place / "data").exists()


def test_no_private_server_outlives_its_process(tmp_path, private_redis):
    del private_redis  # only to skip where there is no Redis
    script = (
        "import os, sys, services\n"
        "redis = services.PrivateRedis(sys.argv[1]).start()\n"
        "print(redis.pid, redis.process.birth, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "server"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == -signal.SIGKILL, said.stderr
    pid, birth = said.stdout.split()
    wait_until(lambda: not Process(int(pid), birth).alive(), "the end")


# -- what is missing is named --------------------------------------------------------------------

USES_REDIS = "def test_with_a_server(redis_url):\n    raise AssertionError\n"


def pytest_without_services(tmp_path, **environ):
    (tmp_path / "test_it.py").write_text(USES_REDIS)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "-p", "servicekit", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        env=without_ci(
            PYTHONPATH=str(HERE),
            PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
            MINORGUARD_SERVICES=str(tmp_path / "none"),
            **environ,
        ),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_missing_service_is_a_skip_that_names_it(tmp_path):
    said = pytest_without_services(tmp_path)
    assert said.returncode == 0, said.stdout
    assert "service redis is not running: make services" in said.stdout
    assert "1 skipped" in said.stdout


def test_a_missing_service_is_a_failure_where_ci_is_set(tmp_path):
    said = pytest_without_services(tmp_path, CI="true")
    assert said.returncode == 1, said.stdout
    assert "service redis is not running: make services" in said.stdout
