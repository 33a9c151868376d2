"""What is not the API: the page for people, health, readiness, and faults of our own."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from adapters.http.app import Mounted
from core.errors import StoreUnavailable
from tests.api.serving import Served, served


async def test_health(api: Served) -> None:
    """The exact object by which a script recognises the server."""
    answer = await api.http.get(f"{api.url}/healthz")
    assert answer.json() == {"service": "bobbin", "status": "ok"}
    assert (await api.http.head(f"{api.url}/healthz")).status_code == 200
    assert (await api.http.get(f"{api.url}/readyz")).json()["status"] == "ok"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (StoreUnavailable("10.0.0.1"), "The server's store cannot be reached just now."),
        (RuntimeError("10.0.0.1"), "The server had an error"),
    ],
)
async def test_not_ready(redis_url: str, tmp_path: Path, fault: Exception, reason: str) -> None:
    """Alive, but not able to work: 503 with the reason, without the inside."""

    async def ready() -> None:
        raise fault

    async with served(redis_url, tmp_path, ready=ready) as api:
        answer = await api.http.get(f"{api.url}/readyz")
        assert answer.status_code == 503
        assert answer.json()["status"] == "unavailable"
        assert answer.json()["reason"].startswith(reason)
        assert "10.0.0.1" not in answer.text
        assert (await api.http.get(f"{api.url}/healthz")).status_code == 200


async def test_the_page(api: Served) -> None:
    """It says what this is and where the documentation stands, and runs nothing."""
    answer = await api.http.get(f"{api.url}/")
    assert "Assistants API" in answer.text
    assert "docs/assistants-api.md" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_a_fault_of_our_own(
    redis_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A sentence for the client, the cause under the same id in the log."""

    async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("secret inside")

    mounts = (Mounted("/faulty", faulty),)
    async with served(redis_url, tmp_path, mounts=mounts) as api:
        with caplog.at_level(logging.ERROR):
            answer = await api.http.post(f"{api.url}/faulty")
    assert answer.status_code == 500
    assert answer.json()["error"] == {
        "message": "The server had an error while processing your request.",
        "type": "server_error",
        "param": None,
        "code": None,
    }
    assert answer.headers["x-should-retry"] == "false"
    assert answer.headers["x-request-id"] in caplog.text
    assert "secret inside" in caplog.text
