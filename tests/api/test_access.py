"""Who is answered: with keys, who has one; without, programs on this machine only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from openai import AsyncOpenAI, AuthenticationError
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, Router

from adapters.http.app import Mounted
from tests.api.serving import BETA, Served, served

KEYS = ("sk-first", "sk-second-ключ")


@pytest.fixture
async def guarded(redis_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    """A server with two keys."""
    async with served(redis_url, tmp_path, keys=KEYS) as server:
        yield server


# --------------------------------------------------------------------------- keys


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("header", ["authorization", "api-key"])
async def test_each_key_is_good_in_both_headers(guarded: Served, header: str, key: str) -> None:
    """As Bearer and as Azure's clients show it."""
    shown = f"Bearer {key}" if header == "authorization" else key
    answer = await guarded.http.get("/assistants", headers={header.encode(): shown.encode()})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "shown",
    [
        "Bearer sk-firs",
        "Bearer sk-first2",
        "Bearer",
        "sk-first",
        "Basic sk-first",
        "Bearer SK-FIRST",
    ],
)
async def test_anything_else_is_refused(guarded: Served, shown: str) -> None:
    """401, the code that clients know, and nothing of the keys."""
    for path in ("/assistants", "/files", "/threads/thread_a", "/vector_stores"):
        answer = await guarded.http.get(path, headers={"authorization": shown})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        error = answer.json()["error"]
        assert (error["type"], error["code"]) == ("invalid_request_error", "invalid_api_key")
        assert "sk-" not in error["message"]


async def test_no_operation_is_open(guarded: Served) -> None:
    """Every method of every path asks for a key before anything else."""
    (router,) = {
        id(one.app): one.app for one in guarded.app.routes if isinstance(one, Mount)
    }.values()
    assert isinstance(router, Router)
    asked = 0
    for route in router.routes:
        assert isinstance(route, Route)
        for method in route.methods or ():
            path = route.path.replace("{", "").replace("}", "")
            answer = await guarded.http.request(method, path, json={})
            assert answer.status_code == 401, (method, path)
            asked += 1
    assert asked > 28


async def test_the_official_client_s_error(guarded: Served) -> None:
    """A wrong key is an AuthenticationError with the request's id."""
    async with AsyncOpenAI(
        base_url=f"{guarded.url}/v1", api_key="sk-wrong", max_retries=0
    ) as client:
        with pytest.raises(AuthenticationError) as refused:
            await client.files.list()
    assert refused.value.code == "invalid_api_key"
    assert refused.value.request_id is not None
    assert refused.value.request_id.startswith("req_")
    assert (await guarded.client.files.list()).data == []


async def test_a_body_without_a_key_is_not_read(guarded: Served) -> None:
    """The refusal comes before the body does."""

    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        raise ConnectionAbortedError("the server asked for more")

    with pytest.raises(ConnectionAbortedError):
        await guarded.http.post("/threads", content=never(), headers={"authorization": "Bearer x"})


async def test_with_keys_a_proxy_is_fine(guarded: Served) -> None:
    """Whoever has the key may come from anywhere."""
    app = httpx2.ASGITransport(guarded.app, client=("192.0.2.7", 4711))
    headers = {**BETA, "authorization": f"Bearer {KEYS[0]}", "x-forwarded-for": "192.0.2.8"}
    async with httpx2.AsyncClient(transport=app, base_url="https://bot.example") as far:
        assert (await far.get("/v1/assistants", headers=headers)).status_code == 200
        del headers["authorization"]
        assert (await far.get("/v1/assistants", headers=headers)).status_code == 401


# --------------------------------------------------------------------------- no keys


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8765", "127.0.0.1", "127.1.2.3:1", "[::1]:8765"]
)
async def test_names_of_this_machine(api: Served, host: str) -> None:
    """Are answered."""
    answer = await api.http.get("/assistants", headers={"host": host})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "10.0.0.1",
        "",
        "localhost:",
        "[::1",
        "localhost@evil.example",
        "0.0.0.0",
        "[::ffff:10.0.0.1]",
    ],
)
async def test_other_names_are_refused(api: Served, host: str) -> None:
    """A page whose name was made to resolve to this machine (DNS rebinding)."""
    answer = await api.http.get("/assistants", headers={"host": host})
    _assert_refused(answer, "Host")


@pytest.mark.parametrize(
    ("header", "value", "why"),
    [
        ("origin", "https://evil.example", "web page"),
        ("origin", "null", "web page"),
        ("origin", "http://localhost:3000", "web page"),
        ("sec-fetch-site", "cross-site", "web page"),
        ("sec-fetch-site", "same-site", "web page"),
        ("forwarded", "for=192.0.2.8", "proxy"),
        ("x-forwarded-for", "127.0.0.1", "proxy"),
        ("x-forwarded-proto", "https", "proxy"),
        ("x-forwarded-anything", "", "proxy"),
        ("via", "1.1 tunnel", "proxy"),
        ("x-real-ip", "127.0.0.1", "proxy"),
        ("cf-connecting-ip", "192.0.2.8", "proxy"),
    ],
)
async def test_what_a_browser_or_a_proxy_adds(
    api: Served, header: str, value: str, why: str
) -> None:
    """Is the sign by which it is refused, for reading and for writing."""
    host = api.url.removeprefix("http://").replace("127.0.0.1", "localhost")
    headers = {"host": host, header: value}
    _assert_refused(await api.http.get("/assistants", headers=headers), why)
    _assert_refused(await api.http.post("/threads", json={}, headers=headers), why)


async def test_a_page_of_this_server_may_ask_it(api: Served) -> None:
    """Its origin is the one that it asks."""
    host = api.url.removeprefix("http://")
    headers = {"origin": f"http://{host}", "sec-fetch-site": "same-origin"}
    assert (await api.http.get("/assistants", headers=headers)).status_code == 200


@pytest.mark.parametrize("peer", ["192.0.2.7", "10.0.0.1", "::ffff:192.0.2.7", "", "unix"])
async def test_another_machine_is_refused(api: Served, peer: str) -> None:
    """Whatever it claims to ask for."""
    transport = httpx2.ASGITransport(api.app, client=(peer, 4711))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as far:
        _assert_refused(await far.get("/v1/assistants", headers=BETA), "another machine")
        assert (await far.get("/healthz")).status_code == 200


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
async def test_this_machine_has_several_addresses(api: Served, peer: str) -> None:
    """All of them are this machine."""
    transport = httpx2.ASGITransport(api.app, client=(peer, 4711))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as near:
        assert (await near.get("/v1/assistants", headers=BETA)).status_code == 200


# --------------------------------------------------------------------------- other apps


async def test_apps_on_the_same_port(redis_url: str, tmp_path: Path) -> None:
    """A guarded one is under the same rule; another decides by itself."""
    mounts = (
        Mounted("/slack/events", PlainTextResponse("events"), guarded=False),
        Mounted("/play", PlainTextResponse("play")),
        Mounted("/", PlainTextResponse("root")),
    )
    async with served(redis_url, tmp_path / "open", mounts=mounts) as api:
        proxied = {"x-forwarded-for": "192.0.2.8"}
        events = await api.http.post(f"{api.url}/slack/events", headers=proxied)
        assert events.text == "events"
        assert events.headers["x-bobbin"] == "engine"
        for path, text in (("/play", "play"), ("/play/sub", "play"), ("/", "root"), ("/a", "root")):
            assert (await api.http.get(f"{api.url}{path}")).text == text
            _assert_refused(await api.http.get(f"{api.url}{path}", headers=proxied), "proxy")
        assert (await api.http.get("/x")).json()["error"]["message"] == "Invalid URL (GET /v1/x)"
        assert (await api.http.get(f"{api.url}/healthz")).json()["status"] == "ok"
    async with served(redis_url, tmp_path / "keys", mounts=mounts, keys=KEYS) as api:
        assert (await api.http.get(f"{api.url}/play", headers=proxied)).text == "play"


def _assert_refused(answer: httpx2.Response, why: str) -> None:
    assert answer.status_code == 403
    error = answer.json()["error"]
    assert error["code"] == "loopback_only"
    assert why in error["message"]
    assert "BOBBIN_API_KEYS" in error["message"]
