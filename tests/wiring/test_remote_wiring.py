"""A remote Assistants service in the engine's place: declared assistants, start, doctor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.responses import PlainTextResponse

from adapters.http.app import Mounted, create_app
from adapters.openai.assistants_declared import RemoteDeclarations
from adapters.openai.assistants_service import RemoteService
from bots.wiring.assistants import DECLARED, assistant_id
from bots.wiring.assistants_remote import (
    Applied,
    DeclaredNames,
    apply_remote,
    describe_remote,
    open_remote,
)
from bots.wiring.serve import serving
from config.loading import AssistantFile
from config.settings import Settings
from core.assistants import Assistant
from core.clock import SystemClock
from core.errors import ConfigurationError
from core.ids import RandomIds
from tests.fakes.assistants import FakeAssistants
from tests.fakes.plain_assistants_server import PlainServer

TUTOR = AssistantFile(
    slug="tutor", name="Tutor", instructions="Be kind.", tools=("code_interpreter",)
)


@pytest.fixture
async def server() -> AsyncIterator[PlainServer]:
    async with PlainServer(FakeAssistants()) as running:
        yield running


@pytest.fixture
async def declarations(server: PlainServer) -> AsyncIterator[RemoteDeclarations]:
    service = RemoteService(server.base_url, server.key, clock=SystemClock())
    yield RemoteDeclarations(service)
    await service.aclose()


def settings_for(url: str, key: str | None = None, **values: Any) -> Settings:
    """Of a process whose conversations are answered there."""
    given = {"assistants_base_url": url, "assistants_api_key": key, "bobbin_model": None}
    return Settings.model_validate(given | values)


async def test_a_declared_assistant_is_made_once_and_changed_where_the_file_changed(
    server: PlainServer, declarations: RemoteDeclarations
) -> None:
    for number in range(120):  # more than a page of other people's
        other = Assistant(id=f"asst_x{number}", created_at=0, model="m", name="Other")
        server.assistants[other.id] = other
    files = {"tutor": TUTOR}
    first = (await apply_remote(declarations, files, "m-1"))["tutor"]
    made = server.assistants[first.assistant_id]
    assert (first.what, made.name, made.model) == ("added", "Tutor", "m-1")
    assert made.metadata == {DECLARED: "tutor"}
    assert made.tools == ({"type": "code_interpreter"},)

    # Somebody chose another model over there, and the service says 1.0 where nothing was said.
    server.assistants[made.id] = replace(made, model="m-2", temperature=1.0, top_p=1.0)
    again = await apply_remote(declarations, files, "m-1")
    assert again == {"tutor": Applied(made.id, "unchanged")}

    files = {"tutor": replace(TUTOR, instructions="Be brief.")}
    again = await apply_remote(declarations, files, "m-1")
    assert again == {"tutor": Applied(made.id, "changed")}
    assert server.assistants[made.id].instructions == "Be brief."
    assert server.assistants[made.id].model == "m-2"
    assert len(server.assistants) == 121


async def test_what_another_bobbin_declares_for_itself_is_left_alone(
    server: PlainServer, declarations: RemoteDeclarations
) -> None:
    theirs = Assistant(
        id=assistant_id("tutor"), created_at=0, model="m", metadata={DECLARED: "tutor"}
    )
    server.assistants[theirs.id] = theirs
    applied = (await apply_remote(declarations, {"tutor": TUTOR}, "m"))["tutor"]
    assert applied.what == "added"
    assert server.assistants[theirs.id] == theirs


async def test_two_processes_that_start_at_once_end_up_with_one(
    server: PlainServer, declarations: RemoteDeclarations
) -> None:
    async def start() -> str:
        names = DeclaredNames(declarations, {"tutor": TUTOR}, "m")
        return await names.id_of("tutor")

    first, second = await asyncio.gather(start(), start())
    assert first == second
    assert list(server.assistants) == [first]


async def test_an_assistant_that_was_deleted_over_there_is_made_anew(
    server: PlainServer, declarations: RemoteDeclarations
) -> None:
    names = DeclaredNames(declarations, {"tutor": TUTOR}, "m")
    first = await names.id_of("tutor")
    asked = len(server.requests)
    assert await names.id_of("tutor") == first
    assert await names.id_of("asst_else") == "asst_else"
    assert len(server.requests) == asked
    server.assistants.clear()
    names.forget()
    assert await names.id_of("tutor") in server.assistants


async def test_a_service_that_is_away_is_no_reason_not_to_start() -> None:
    settings = settings_for("http://127.0.0.1:9/v1")
    async with open_remote(settings, {"tutor": TUTOR}, SystemClock()) as (_, _, said):
        assert "cannot be reached" in said[-1]
        assert "kept" in said[-1]


async def test_a_wrong_key_is_one(server: PlainServer) -> None:
    settings = settings_for(server.base_url, "sk-wrong")
    with pytest.raises(ConfigurationError, match="ASSISTANTS_API_KEY is not accepted"):
        async with open_remote(settings, {"tutor": TUTOR}, SystemClock()):
            raise AssertionError("it started")


async def test_an_assistant_that_the_service_does_not_take_is_one(server: PlainServer) -> None:
    server.faults.before += [(200, {}), (400, {})]
    settings = settings_for(server.base_url, server.key)
    with pytest.raises(ConfigurationError, match="refuses an assistant"):
        async with open_remote(settings, {"tutor": TUTOR}, SystemClock()):
            raise AssertionError("it started")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_this_bobbin_itself_is_refused(host: str) -> None:
    settings = settings_for(f"http://{host}:8765/v1", bobbin_port=8765)
    with pytest.raises(ConfigurationError, match=r"ASSISTANTS_BASE_URL.*is Bobbin itself"):
        async with open_remote(settings, {}, SystemClock()):
            raise AssertionError("it started")


async def test_the_doctor_says_what_is_there(server: PlainServer) -> None:
    settings = settings_for(server.base_url, server.key)
    (ok, sentence), (_, note) = await describe_remote(settings, SystemClock(), call=True)
    assert ok == "ok"
    assert server.base_url in sentence
    assert "no engine here" in note
    wrong = settings_for(server.base_url, "sk-wrong")
    ((bad, sentence),) = await describe_remote(wrong, SystemClock(), call=True)
    assert bad == "bad"
    assert "ASSISTANTS_API_KEY" in sentence
    asked = len(server.requests)
    ((kind, _),) = await describe_remote(settings, SystemClock(), call=False)
    assert kind == "note"
    assert len(server.requests) == asked


async def test_without_an_engine_only_what_platforms_call_is_served() -> None:
    async def heard(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("heard")(scope, receive, send)

    app = create_app(
        None,
        keys=(),
        clock=SystemClock(),
        ids=RandomIds(),
        mounts=(Mounted("/slack/events", heard, guarded=False),),
    )
    async with (
        serving(app, "127.0.0.1", 0) as url,
        httpx2.AsyncClient(base_url=url, verify=False) as client,
    ):
        assert (await client.post("/slack/events")).text == "heard"
        assert (await client.get("/healthz")).status_code == 200
        for path in ("/", "/v1/assistants", "/openapi.json"):
            assert (await client.get(path)).status_code == 404


def test_addresses_are_checked_when_they_are_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="http://"):
        settings_for("localhost:8765")
