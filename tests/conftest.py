"""What every test gets: no way to reach beyond this machine, and nothing that is left to chance."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.servers import Server, redis_server

# The same examples each time, however slow the machine is; `--hypothesis-profile=search` looks for
# others.
_UNTIMED: Any = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("suite", derandomize=True, database=None, **_UNTIMED)
settings.register_profile("search", **_UNTIMED)
settings.load_profile("suite")

_connect = socket.socket.connect


def _refuse_the_world(self: socket.socket, address: Any) -> None:
    if self.family in (socket.AF_INET, socket.AF_INET6):
        host = str(address[0])
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise RuntimeError(f"a test tried to reach {host!r}: tests stay on this machine")
    _connect(self, address)


@pytest.fixture(autouse=True, scope="session")
def network_guard() -> Any:
    """Refuse every connection that is not loopback or a unix socket."""
    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", _refuse_the_world)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def chat_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The store of all tests that empty it first, on a unix socket."""
    with redis_server(tmp_path_factory.mktemp("store"), fsync="no") as server:
        yield server
