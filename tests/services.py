"""Real servers for the tests, without docker: Redis alone, as a pair, as a cluster, and PostgreSQL.

`python tests/services.py start|stop|status [name ...]` keeps shared ones in `.services/`, which
every test may use but none may break. A test that breaks its server starts one of its own:

    with PrivateRedis(tmp_path) as redis:
        redis.cli("set", "key", "1")
        redis.kill9()
        redis.restart()

A private server ends with its `with` block, and with the process that started it at the latest.
Nothing is ever ended by name. Needs Linux and the standard library.
"""

import fcntl
import functools
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

# Elsewhere for the tests of this file, which must not touch the servers that others use.
HOME = Path(
    os.environ.get("MINORGUARD_SERVICES") or Path(__file__).resolve().parent.parent / ".services"
)
HOST = "127.0.0.1"
START_S = 60
STOP_S = 10

# Each program, and Debian's package with it.
PACKAGES = {
    "redis-server": "redis-server",
    "redis-cli": "redis-tools",
    "postgres": "postgresql",
    "initdb": "postgresql",
    "pg_ctl": "postgresql",
    "pg_isready": "postgresql",
    "psql": "postgresql",
}


class MissingProgram(RuntimeError):
    """A program is not installed."""


class ServerFailed(RuntimeError):
    """A server did not do what it was told."""


class PortTaken(ServerFailed):
    """Somebody else was faster."""


# -- programs, ports, processes ------------------------------------------------------------------


def find(name):
    """The program's path, or None. Debian keeps PostgreSQL's servers off the PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda d: d.parent.name)
    path = os.pathsep.join([*map(str, reversed(versions)), os.environ.get("PATH", os.defpath)])
    return shutil.which(name, path=path)


def program(name):
    if path := find(name):
        return path
    raise MissingProgram(f"{name} is not installed: make services")


def free_port():
    """A port nobody uses, below those that the kernel gives to clients.

    Port 0 would give one of the clients' own. While a killed server is down, the kernel may hand
    such a port to any client, and a client that tries to reconnect may even be connected to itself.
    """
    ephemeral = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii")
    below = max(12_000, min(int(ephemeral.split()[0]), 32_768))
    for _ in range(200):
        port = random.SystemRandom().randrange(below // 3, below)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise ServerFailed("no free port")


def wait_until(condition, what, timeout_s=START_S):
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise ServerFailed(f"{what}: not within {timeout_s} s")
        time.sleep(0.01)


@dataclass(frozen=True)
class Process:
    """A process, told by its birth from a later one of the same id."""

    pid: int
    birth: str

    @staticmethod
    def _stat(pid):
        """State, parent and birth."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        fields = stat.rpartition(")")[2].split()
        return fields[0], int(fields[1]), fields[19]

    @classmethod
    def of(cls, pid):
        stat = cls._stat(pid)
        return cls(pid, stat[2]) if stat else None

    def alive(self):
        stat = self._stat(self.pid)
        return stat is not None and stat[0] not in "XZ" and stat[2] == self.birth

    def send(self, number):
        if self.alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def children(self):
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
        born = [(pid, self._stat(pid)) for pid in pids]
        return [Process(pid, stat[2]) for pid, stat in born if stat and stat[1] == self.pid]


# -- nothing outlives the tests ------------------------------------------------------------------


class _Reaper:
    """A process that ends what is left when this one is gone, even after its own kill -9."""

    def __init__(self):
        self._of = {}  # a fork has its own, beside the copy of its parent's

    def tell(self, **what):
        if os.getpid() not in self._of:
            self._of[os.getpid()] = subprocess.Popen(
                [sys.executable, "-I", "-S", __file__, "reap"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        pipe = self._of[os.getpid()].stdin
        pipe.write(json.dumps(what).encode() + b"\n")
        pipe.flush()


def reap(lines):
    """Reads what was started until the pipe breaks, and then ends it.

    What is rubbish already goes at once, and nobody waits: a thousand files can take seconds.
    """
    told = []
    for line in lines:
        what = json.loads(line)
        if "rubbish" in what:
            shutil.rmtree(what["rubbish"], ignore_errors=True)
        else:
            told.append(what)
    processes = [(Process(*each["process"]), each["signal"]) for each in told if "process" in each]
    for process, number in processes:
        process.send(number)
        process.send(signal.SIGCONT)
    with suppress(ServerFailed):
        wait_until(lambda: not any(process.alive() for process, _ in processes), "end", 5)
    for process, _ in processes:
        process.send(signal.SIGKILL)
    for each in told:
        if "directory" in each:
            shutil.rmtree(each["directory"], ignore_errors=True)


_reaper = _Reaper()


# -- one server ----------------------------------------------------------------------------------


class _Server:
    """One server process. What it is can be read back from its directory by a later process."""

    STOP = signal.SIGTERM
    STOP_AT_ONCE = signal.SIGKILL
    BIND_ERRORS = ("Address already in use", "could not bind", "Could not create server TCP")

    def __init__(self, directory, *, shared=False):
        self.home = Path(directory).resolve()
        self.shared = shared
        self.log = self.home / "log"
        self._file = self.home / "server.json"
        self._popen = None
        self._parent = None
        self._log_start = 0
        self._state = {}
        with suppress(FileNotFoundError):
            self._state = json.loads(self._file.read_text(encoding="utf-8"))

    # What each kind of server says for itself.

    def _make(self):
        """Everything that must be there before the first start."""

    def _command(self):
        raise NotImplementedError

    def _answers(self):
        raise NotImplementedError

    @property
    def url(self):
        raise NotImplementedError

    @property
    def _user(self):
        return {}

    @property
    def data(self):
        return self.home / "data"

    # What is the same for all.

    @property
    def nodes(self):
        return [self]

    @property
    def urls(self):
        return [self.url]

    @property
    def port(self):
        return self._state["port"]

    @property
    def process(self):
        return Process(*self._state["process"]) if "process" in self._state else None

    @property
    def pid(self):
        return self.process.pid if self.process else None

    @property
    def running(self):
        if self._parent == os.getpid():
            return self._popen.poll() is None
        return self.process is not None and self.process.alive()

    def ready(self):
        return self.running and self._answers()

    def _remember(self, **what):
        self._state |= what
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(self._state), encoding="utf-8")
        new.replace(self._file)

    def start(self):
        """Returns when the server answers; on the port it had before, if it had one."""
        if not self.running:
            self.home.mkdir(parents=True, exist_ok=True)
            if self._state:
                self._spawn()
            else:
                self._first_start()
        wait_until(self._answers_or_fails, f"{self.home.name} answers")
        return self

    def _first_start(self):
        for attempt in range(5):
            self._remember(port=free_port())
            self._make()
            self._spawn()
            try:
                wait_until(self._answers_or_fails, f"{self.home.name} answers")
            except PortTaken:
                if attempt == 4:
                    raise
            else:
                return

    def _spawn(self):
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(
                self._command(),
                cwd=self.data,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._user,
            )
        self._parent = os.getpid()
        process = Process.of(self._popen.pid)
        self._remember(process=[process.pid, process.birth])
        if not self.shared:
            _reaper.tell(process=[process.pid, process.birth], signal=self.STOP_AT_ONCE)

    def _answers_or_fails(self):
        if self.running:
            return self._answers()
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            said = log.read().decode(errors="replace").strip()
        kind = PortTaken if any(error in said for error in self.BIND_ERRORS) else ServerFailed
        raise kind(f"{self.home.name} ended:\n{said[-2000:]}")

    def _end(self, number):
        processes = [self.process, *self.process.children()]
        self.process.send(number)
        for process in processes:
            process.send(signal.SIGCONT)  # a paused one would never hear it
        try:
            wait_until(lambda: not self.running, "end", STOP_S)
        except ServerFailed:
            self.kill9()
        with suppress(ServerFailed):
            wait_until(lambda: not any(process.alive() for process in processes), "end", STOP_S)
        for process in processes:
            process.send(signal.SIGKILL)

    def stop(self, *, immediate=False):
        """As an operator stops it; `immediate` as one in a hurry."""
        if immediate and self.STOP_AT_ONCE == signal.SIGKILL:
            self.kill9()
        elif self.running:
            self._end(self.STOP_AT_ONCE if immediate else self.STOP)

    def _freeze(self):
        """Stops the server and its children, parent first, so that none is born unseen."""
        self.process.send(signal.SIGSTOP)
        children = self.process.children()
        for child in children:
            child.send(signal.SIGSTOP)
        return [self.process, *children]

    def kill9(self):
        """Nothing of it runs any more when this returns, and nothing was told before."""
        if not self.running:
            return
        family = self._freeze()
        for process in family:
            process.send(signal.SIGKILL)
        wait_until(
            lambda: not self.running and not any(process.alive() for process in family), "death"
        )

    def restart(self):
        self.stop()
        return self.start()

    def pause(self):
        """It keeps its connections and answers nobody."""
        self._freeze()

    def resume(self):
        for process in [*self.process.children(), self.process]:
            process.send(signal.SIGCONT)

    def close(self):
        """Ends it and removes everything but its log."""
        self.stop(immediate=True)
        self._remove(self.data)
        self._file.unlink(missing_ok=True)
        self._state = {}

    def _remove(self, directory):
        if self.shared:
            shutil.rmtree(directory, ignore_errors=True)
        elif directory.exists():
            rubbish = directory.with_name(f"{directory.name}.{time.monotonic_ns()}")
            _reaper.tell(rubbish=str(directory.rename(rubbish)))

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()


class PrivateRedis(_Server):
    """A Redis that answers only when the write is on the disk, and never evicts.

    Any line of redis.conf can be given as a keyword: `maxmemory="4mb", lua_time_limit=100`.
    """

    def __init__(
        self,
        directory,
        *,
        replica_of=None,
        cluster=False,
        appendonly=True,
        appendfsync="always",
        shared=False,
        **config,
    ):
        super().__init__(directory, shared=shared)
        self.replica_of = replica_of
        self.config = {
            "appendonly": appendonly,
            "appendfsync": appendfsync,
            "save": '""',
            "maxmemory_policy": "noeviction",
            "repl_diskless_sync_delay": 0,  # five seconds before a replica's first copy otherwise
            "shutdown_timeout": 0,  # ten seconds for a replica that lags otherwise
        }
        if cluster:
            self.config |= {"cluster_enabled": True, "cluster_node_timeout": 2000}
        self.config |= config

    @property
    def url(self):
        return f"redis://{HOST}:{self.port}/0"

    def _make(self):
        self.data.mkdir(exist_ok=True)
        lines = {"bind": HOST, "port": self.port, "dir": "."} | self.config
        if "cluster_enabled" in lines:
            lines["cluster_port"] = free_port()
        if self.replica_of is not None:
            lines["replicaof"] = f"{HOST} {self.replica_of.port}"
        words = {True: "yes", False: "no"}
        text = "".join(
            f"{name.replace('_', '-')} {words[value] if isinstance(value, bool) else value}\n"
            for name, value in lines.items()
        )
        (self.data / "redis.conf").write_text(text, encoding="utf-8")

    def _command(self):
        return [program("redis-server"), "redis.conf"]

    def cli(self, *args, timeout_s=STOP_S):
        """What redis-cli prints; an error of the server is an error here."""
        said = subprocess.run(
            [program("redis-cli"), "-e", "-h", HOST, "-p", str(self.port), *map(str, args)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        if said.returncode:
            raise ServerFailed((said.stdout + said.stderr).strip())
        return said.stdout.strip()

    def info(self):
        lines = self.cli("info", timeout_s=2).splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def cluster_info(self):
        return dict(line.split(":", 1) for line in self.cli("cluster", "info").splitlines())

    def _answers(self):
        try:
            info = self.info()
            return (
                info["process_id"] == str(self.pid)  # not a stranger on the same port
                and info["loading"] == "0"
                and self.cli("ping", timeout_s=2) == "PONG"
            )
        except (ServerFailed, subprocess.TimeoutExpired):
            return False


class PrivatePostgres(_Server):
    """A PostgreSQL whose commit is on the disk. Everyone on loopback is trusted.

    Its server refuses to be root, so under root it runs as the user `postgres`, in a directory
    which that user can reach. Any line of postgresql.conf can be given as a keyword.
    """

    STOP = signal.SIGINT
    STOP_AT_ONCE = signal.SIGQUIT
    OWNER = "postgres"

    def __init__(self, directory, *, shared=False, **config):
        super().__init__(directory, shared=shared)
        self.config = {
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "shared_buffers": "32MB",
            # In its own directory, so that a kill -9 leaves nothing in shared memory.
            "dynamic_shared_memory_type": "mmap",
            # One call for all files after a crash, not one for each of a thousand.
            "recovery_init_sync_method": "syncfs",
        } | config

    @property
    def url(self):
        return f"postgresql://{self.OWNER}@{HOST}:{self.port}/postgres"

    @property
    def data(self):
        return Path(self._state.get("place", self.home)) / "data"

    @property
    def socket_dir(self):
        return self.data.parent / "socket"

    @property
    def _user(self):
        if os.geteuid() != 0:
            return {}
        return {"user": self.OWNER, "group": self.OWNER, "extra_groups": []}

    def _reachable(self, directory):
        # A Unix socket's path has at most 107 bytes.
        if len(os.fsencode(directory / "socket" / ".s.PGSQL.65535.lock")) > 107:
            return False
        if os.geteuid() != 0:
            return True
        enter = subprocess.run(["test", "-x", directory], check=False, **self._user)
        return enter.returncode == 0

    def _make(self):
        if os.geteuid() == 0:
            try:
                owner = pwd.getpwnam(self.OWNER)
            except KeyError:
                raise MissingProgram("no user postgres: make services") from None
        if "place" not in self._state:
            place = self.home
            if not self._reachable(place):
                place = Path(tempfile.mkdtemp(prefix="minorguard-postgres-"))
                if not self.shared:
                    _reaper.tell(directory=str(place))
            self._remember(place=str(place))
            place.chmod(0o755)
            for directory in (self.data, self.socket_dir):
                directory.mkdir(mode=0o700)
                if os.geteuid() == 0:
                    os.chown(directory, owner.pw_uid, owner.pw_gid)
            self._initdb()
        lines = {
            "listen_addresses": HOST,
            "port": self.port,
            "unix_socket_directories": self.socket_dir,
        } | self.config
        text = "".join(f"{name} = '{value}'\n" for name, value in lines.items())
        (self.data / "postgresql.auto.conf").write_text(text, encoding="utf-8")

    def _initdb(self):
        initdb = [program("initdb"), "--pgdata", str(self.data), "--username", self.OWNER]
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        said = subprocess.run(
            [*initdb, *options],
            cwd=self.data,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **self._user,
        )
        if said.returncode:
            raise ServerFailed((said.stdout + said.stderr).strip())

    def _command(self):
        return [program("postgres"), "-D", str(self.data)]

    def _answers(self):
        ask = [program("pg_isready"), "--quiet", "--host", HOST, "--port", str(self.port)]
        lines = self._pid_file()
        return (
            lines[:1] == [str(self.pid)]  # not a stranger on the same port
            and subprocess.run(ask, check=False).returncode == 0
        )

    def _pid_file(self):
        """The lines of PostgreSQL's own."""
        with suppress(FileNotFoundError):
            return (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        return []

    def sql(self, text, timeout_s=STOP_S):
        """What psql prints, without decoration."""
        said = subprocess.run(
            [program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url, "-c", text],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        if said.returncode:
            raise ServerFailed((said.stdout + said.stderr).strip())
        return said.stdout.strip()

    def close(self):
        self.stop(immediate=True)
        self._free_shared_memory()
        shutil.rmtree(self.socket_dir, ignore_errors=True)
        if self.data.parent != self.home:
            self._remove(self.data.parent)
        super().close()

    def _free_shared_memory(self):
        """What a killed server leaves behind, and the next start would have freed."""
        with suppress(FileNotFoundError, IndexError):
            segment = self._pid_file()[6].split()[1]
            subprocess.run(["ipcrm", "-m", segment], capture_output=True, check=False)


# -- several servers that belong together --------------------------------------------------------


class _Group:
    def __init__(self, nodes):
        self.nodes = nodes

    @property
    def url(self):
        return self.nodes[0].url

    @property
    def urls(self):
        return [node.url for node in self.nodes]

    def _together(self):
        """Whether the nodes have found each other."""
        raise NotImplementedError

    def _join(self):
        """Makes single nodes one group."""

    def _found(self):
        try:
            return self._together()
        except (KeyError, ServerFailed, subprocess.TimeoutExpired):
            return False

    @property
    def running(self):
        return all(node.running for node in self.nodes)

    def ready(self):
        return all(node.ready() for node in self.nodes) and self._found()

    def start(self):
        for node in self.nodes:
            node.start()
        self._join()
        wait_until(self._found, "the nodes find each other")
        return self

    def stop(self):
        for node in reversed(self.nodes):
            node.stop()

    def close(self):
        for node in reversed(self.nodes):
            node.close()

    __enter__ = _Server.__enter__
    __exit__ = _Server.__exit__


class PrivateRedisPair(_Group):
    """A primary that takes a write only while its replica listens."""

    def __init__(self, directory, *, shared=False, **config):
        home = Path(directory)
        guard = {"min_replicas_to_write": 1, "min_replicas_max_lag": 1}
        self.primary = PrivateRedis(home / "primary", shared=shared, **guard | config)
        self.replica = PrivateRedis(
            home / "replica", replica_of=self.primary, shared=shared, **config
        )
        super().__init__([self.primary, self.replica])

    def _together(self):
        primary, replica = self.primary.info(), self.replica.info()
        listening = f"port={self.replica.port},state=online"
        return (
            replica.get("master_link_status") == "up"
            and listening in primary.get("slave0", "")
            and primary.get("min_slaves_good_slaves") != "0"
        )


class PrivateRedisCluster(_Group):
    """A Redis Cluster of n masters, each with so many replicas, and more after `add()`."""

    def __init__(self, directory, n=3, *, replicas=0, shared=False, **config):
        self.home = Path(directory)
        self.replicas = replicas
        self._new = functools.partial(PrivateRedis, cluster=True, shared=shared, **config)
        total = n * (1 + replicas)
        super().__init__([self._new(self.home / f"node{i}") for i in range(total)])

    def manage(self, *args, timeout_s=START_S):
        """`redis-cli --cluster ...`: rebalance, reshard, del-node."""
        return next(node for node in self.nodes if node.running).cli(
            "--cluster", *args, "--cluster-yes", timeout_s=timeout_s
        )

    def _join(self):
        if self.nodes[0].cluster_info()["cluster_known_nodes"] == "1":
            places = [f"{HOST}:{node.port}" for node in self.nodes]
            self.manage("create", *places, "--cluster-replicas", self.replicas)

    def add(self, *, replica_of=None):
        """A new node: a master without slots, or a replica."""
        node = self._new(self.home / f"node{len(self.nodes)}")
        self.nodes.append(node)
        node.start()
        role = []
        if replica_of is not None:
            role = ["--cluster-slave", "--cluster-master-id", replica_of.cli("cluster", "myid")]
        known = next(each for each in self.nodes if each.running)
        self.manage("add-node", f"{HOST}:{node.port}", f"{HOST}:{known.port}", *role)
        wait_until(self._found, "the nodes find each other")
        return node

    def _together(self):
        infos = [node.cluster_info() for node in self.nodes]
        return all(
            info["cluster_state"] == "ok"
            and info["cluster_slots_ok"] == "16384"
            and info["cluster_known_nodes"] == str(len(self.nodes))
            for info in infos
        )


# -- the shared ones -----------------------------------------------------------------------------

SERVICES = {
    "redis": PrivateRedis,
    "redis-pair": PrivateRedisPair,
    "redis-cluster": PrivateRedisCluster,
    "postgres": PrivatePostgres,
}


def shared(name):
    """The service as it is now, whoever started it."""
    return SERVICES[name](HOME / name, shared=True)


def is_up(service):
    """Whether it answers; if all its processes live, a busy machine is given time."""
    with suppress(ServerFailed):
        wait_until(lambda: service.ready() or not service.running, "answer", STOP_S)
    return service.ready()


@contextmanager
def locked():
    """One start or stop at a time."""
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def no_system_services():
    """Keeps a package that is being installed from starting its server."""
    policy = Path("/usr/sbin/policy-rc.d")
    if policy.exists():  # then the machine has its own opinion
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)


def install():
    """What is missing, from Debian's packages."""
    missing = sorted({package for name, package in PACKAGES.items() if not find(name)})
    if not missing:
        return
    wanted = " ".join(missing)
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        raise MissingProgram(f"not installed: {wanted}; as root: apt-get install {wanted}")
    say(f"installing {wanted}")
    options = ["-qq", "-o", "DPkg::Lock::Timeout=120"]
    steps = {
        "install": [apt, *options, "install", "-y", "--no-install-recommends", *missing],
        "update": [apt, *options, "update"],
    }
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    said = None
    with no_system_services():
        # The lists of packages are read anew only if those that are there don't do.
        for step in ("install", "update", "install"):
            said = subprocess.run(
                steps[step],
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if step == "install" and said.returncode == 0:
                return
    raise MissingProgram(f"apt-get could not install {wanted}:\n{said.stdout}{said.stderr}")


def _ensure(name):
    service = shared(name)
    if is_up(service):
        return "was running"
    service.close()  # half of it may be there
    shutil.rmtree(HOME / name, ignore_errors=True)
    service = shared(name)
    began = time.monotonic()
    service.__enter__()  # and no exit: it is there to stay
    return f"started in {time.monotonic() - began:.1f} s"


def _describe(service):
    nodes = [
        {
            "name": node.home.name,
            "url": node.url,
            "port": node.port,
            "pid": node.pid,
            "data": str(node.data),
            "log": str(node.log),
        }
        for node in service.nodes
    ]
    about = {"url": service.url, "urls": service.urls, "nodes": nodes}
    if isinstance(service, PrivatePostgres):
        about["socket_dir"] = str(service.socket_dir)
    return about


def _write_down():
    file = HOME / "services.json"
    services = {name: shared(name) for name in SERVICES}
    told = {
        "binaries": {name: find(name) for name in PACKAGES},
        "services": {name: _describe(each) for name, each in services.items() if is_up(each)},
    }
    if not told["services"]:
        file.unlink(missing_ok=True)
        return
    new = file.with_suffix(".new")
    new.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    new.replace(file)


def start(names):
    failed = 0
    with locked(), ThreadPoolExecutor() as threads:
        install()
        done = {name: threads.submit(_ensure, name) for name in names}
        for name, result in done.items():
            try:
                how = result.result()
            except (OSError, RuntimeError, subprocess.SubprocessError) as error:
                failed = 1
                say(f"{name:<14} FAILED: {error}")
            else:
                say(f"{name:<14} {how:<16} {' '.join(shared(name).urls)}")
        _write_down()
    return failed


def stop(names):
    if not HOME.exists():
        return 0
    with locked():
        for name in names:
            service = shared(name)
            if any(node.running for node in service.nodes):
                say(f"{name:<14} stopped")
            service.close()
        _write_down()
    return 0


def status(names):
    down = 0
    for name in names:
        service = shared(name)
        if is_up(service):
            say(f"{name:<14} running  {' '.join(service.urls)}")
        else:
            down = 1
            say(f"{name:<14} not running")
    return down


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(args):
    if args == ["reap"]:
        reap(sys.stdin)
        return 0
    commands = {"start": start, "stop": stop, "status": status}
    names = args[1:] or list(SERVICES)
    if not args or args[0] not in commands or not SERVICES.keys() >= set(names):
        say(f"usage: services.py {'|'.join(commands)} [{'|'.join(SERVICES)} ...]")
        return 2
    try:
        return commands[args[0]](names)
    except MissingProgram as error:
        say(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
