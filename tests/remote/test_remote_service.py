"""A remote Assistants service that fails, cuts, refuses and knows less than ours."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.openai.assistants import LARGEST_FILE, RemoteAssistants
from adapters.openai.assistants_service import RemoteService
from core.assistants import Assistant, Message, Run, StreamEvent
from core.chat.following import follow
from core.chat.turn_messages import TurnMessage
from core.clock import SystemClock
from core.errors import (
    InvalidRequest,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
    NotFound,
    Refused,
)
from tests.fakes.assistants import FakeAssistants
from tests.fakes.clock import ManualClock, settled
from tests.fakes.plain_assistants_server import PlainServer
from tests.fakes.remote_assistants import FixedNames, remote_assistants
from tests.patience import PATIENCE_S

TURN = {"bobbin_turn": "t1"}


@pytest.fixture
async def server() -> AsyncIterator[PlainServer]:
    async with PlainServer(FakeAssistants()) as running:
        yield running


@pytest.fixture
async def remote(server: PlainServer) -> AsyncIterator[RemoteAssistants]:
    async with remote_assistants(server.base_url, server.key, {}) as assistants:
        yield assistants


async def asked(remote: RemoteAssistants, text: str = "hello") -> Run:
    """A Run on a new Thread."""
    thread_id = await remote.create_thread("room", {})
    return await remote.create_run(
        thread_id, "tutor", [TurnMessage(text=text, metadata={"bobbin_inbound": "m1"})], TURN
    )


async def followed(remote: RemoteAssistants, run: Run) -> list[StreamEvent]:
    """All that the relay is told of a Run."""
    async with asyncio.timeout(PATIENCE_S):
        return [event async for event in follow(remote, run.thread_id, run.id, SystemClock())]


def answer_in(events: list[StreamEvent]) -> str:
    """The completed answer."""
    (text,) = {
        event.data.text
        for event in events
        if event.name == "thread.message.completed" and isinstance(event.data, Message)
    }
    return text


async def test_a_run_whose_creation_was_not_confirmed_is_found_and_never_made_twice(
    server: PlainServer, remote: RemoteAssistants
) -> None:
    thread_id = await remote.create_thread("room", {})
    server.faults.lose_answers = 1
    with pytest.raises(ModelUnavailable):
        await remote.create_run(thread_id, "tutor", [TurnMessage(text="x", metadata={})], TURN)
    (run,) = await remote.find_runs(thread_id, TURN)
    assert [found.id for found in server.service.runs.values()] == [run.id]
    assert answer_in(await followed(remote, run)) == "You said: x"


async def test_a_stream_that_is_cut_is_followed_to_the_end_by_polling(
    server: PlainServer, remote: RemoteAssistants
) -> None:
    server.faults.cut_streams = True
    run = await asked(remote)
    events = await followed(remote, run)
    assert answer_in(events) == "You said: hello"
    assert events[-1].name == "thread.run.completed"


async def test_a_service_without_streams_is_asked_without() -> None:
    async with (
        PlainServer(FakeAssistants(), streams=False) as server,
        remote_assistants(server.base_url, server.key, {}) as plain,
    ):
        first = await asked(plain)
        assert answer_in(await followed(plain, first)) == "You said: hello"
        await asked(plain)
        creations = [one.body for one in server.requests if one.path.endswith("/runs")]
        assert [body.get("stream") for body in creations if body] == [True, None, None]


async def test_another_process_polls_what_one_process_started(
    server: PlainServer, remote: RemoteAssistants
) -> None:
    run = await asked(remote)
    async with remote_assistants(server.base_url, server.key, {}) as other:
        with pytest.raises(NotImplementedError):
            await anext(other.events(run.thread_id, run.id))
        assert answer_in(await followed(other, run)) == "You said: hello"


async def test_the_first_words_come_before_the_last(
    server: PlainServer, remote: RemoteAssistants
) -> None:
    """The stream is handed on as it comes: the service says the second half only after the first
    was seen."""
    seen = asyncio.Event()

    server.service.before_last = seen
    run = await asked(remote)
    async with asyncio.timeout(PATIENCE_S):
        async for event in remote.events(run.thread_id, run.id):
            if event.name == "thread.message.delta":
                seen.set()
    assert seen.is_set()


async def test_turns_share_one_connection(server: PlainServer, remote: RemoteAssistants) -> None:
    for _ in range(3):
        await followed(remote, await asked(remote))
        await settled()
    assert len(server.connections) <= 2  # a stream's end may still be read while the next call goes


async def test_it_is_asked_as_rarely_as_the_service_wants() -> None:
    gate = asyncio.Event()

    async def held(messages: list[Message]) -> list[str]:
        await gate.wait()
        return ["done"]

    clock = ManualClock()
    async with PlainServer(FakeAssistants(held)) as server:
        server.poll_after_ms = 3000
        async with remote_assistants(server.base_url, server.key, {}, clock=clock) as remote:
            run = await asked(remote)
            await remote.run(run.thread_id, run.id)
            again = asyncio.create_task(remote.run(run.thread_id, run.id))
            await clock.advance(2.9)
            assert not again.done()
            gate.set()
            await clock.advance(0.2)
            await again


@pytest.mark.parametrize(
    ("status", "headers", "error", "words"),
    [
        (429, {"Retry-After": "7"}, ModelRateLimited, "slow down"),
        (500, {}, ModelUnavailable, "HTTP 500"),
        (503, {}, ModelUnavailable, "HTTP 503"),
        (401, {}, ModelRefused, "ASSISTANTS_API_KEY is not accepted"),
        (403, {}, ModelRefused, "ASSISTANTS_API_KEY"),
        (405, {}, ModelRefused, "ASSISTANTS_BASE_URL"),
        (404, {}, NotFound, "broken"),
        (400, {}, InvalidRequest, "broken"),
        (409, {}, ModelUnavailable, "HTTP 409"),
    ],
)
async def test_what_a_service_answers_becomes_an_error_of_ours(
    server: PlainServer,
    remote: RemoteAssistants,
    status: int,
    headers: dict[str, str],
    error: type[Exception],
    words: str,
) -> None:
    thread_id = await remote.create_thread("room", {})
    server.faults.before.append((status, headers))
    with pytest.raises(error, match=words) as caught:
        await remote.create_run(thread_id, "tutor", [], TURN)
    assert server.key not in str(caught.value)
    assert not server.service.runs
    if isinstance(caught.value, ModelRateLimited):
        assert caught.value.retry_after_s == 7.0


async def test_looking_is_repeated_where_creating_is_not(
    server: PlainServer, remote: RemoteAssistants
) -> None:
    run = await asked(remote)
    server.faults.before.append((500, {"retry-after-ms": "1"}))
    assert (await remote.run(run.thread_id, run.id)).id == run.id


async def test_a_wrong_key_and_a_wrong_address_are_named(server: PlainServer) -> None:
    async with remote_assistants(server.base_url, "sk-wrong-0123456789", {}) as wrong:
        with pytest.raises(ModelRefused, match="ASSISTANTS_API_KEY is not accepted") as caught:
            await asked(wrong)
        assert "0123456789" not in str(caught.value)
    async with remote_assistants(server.base_url, None, {}) as keyless:
        with pytest.raises(ModelRefused, match="ASSISTANTS_API_KEY is not set"):
            await asked(keyless)
    elsewhere = server.base_url.replace("/v1", "/nothing/here")
    async with remote_assistants(elsewhere, server.key, {}) as lost:
        with pytest.raises(ModelRefused, match="ASSISTANTS_BASE_URL"):
            await asked(lost)
    async with remote_assistants("http://127.0.0.1:9/v1", None, {}) as nobody:
        with pytest.raises(ModelUnavailable, match="ASSISTANTS_BASE_URL"):
            await asked(nobody)


async def test_files_come_down_with_their_names_unless_they_are_huge(
    server: PlainServer, remote: RemoteAssistants
) -> None:
    server.files["file-1"] = ("/mnt/data/plot.png", b"\x89PNG")
    server.files["file-2"] = ("huge.bin", bytes(LARGEST_FILE + 1))
    assert await remote.file("file-1") == ("plot.png", b"\x89PNG")
    with pytest.raises(Refused, match=r"huge\.bin is too large"):
        await remote.file("file-2")


async def test_an_assistant_that_is_gone_is_looked_for_anew_next_time(server: PlainServer) -> None:
    server.assistants["asst_1"] = Assistant(id="asst_1", created_at=1, model="m")
    clock = SystemClock()
    service = RemoteService(server.base_url, server.key, clock=clock)
    names = FixedNames({"tutor": "asst_gone"})
    remote = RemoteAssistants(service, names, clock=clock)
    with pytest.raises(NotFound, match="assistant"):
        await asked(remote)
    assert names.forgotten == 1
    await remote.aclose()
    await service.aclose()


async def test_metadata_that_nobody_gave_may_be_null(remote: RemoteAssistants) -> None:
    thread_id = await remote.create_thread("room", {})
    run = await remote.create_run(thread_id, "tutor", [TurnMessage(text="x", metadata={})], {})
    assert run.metadata == {}
    await followed(remote, run)
    assert [found.metadata for found in await remote.find_runs(thread_id, {})] == [{}]
    said = await remote.messages(thread_id, run_id=None, limit=10)
    assert [message.metadata for message in said] == [{}, {}]


ENVIRONMENT = {
    "OPENAI_API_KEY": "sk-of-the-model",
    "OPENAI_ADMIN_KEY": "sk-admin",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    "OPENAI_ORG_ID": "org-model",
    "OPENAI_PROJECT_ID": "proj-model",
    "OPENAI_CUSTOM_HEADERS": "X-Secret: model",
    "HTTP_PROXY": "http://127.0.0.1:9",
}

PROGRAM = """
import asyncio, sys
from adapters.openai.assistants_declared import RemoteDeclarations
from tests.fakes.remote_assistants import remote_assistants

async def main():
    async with remote_assistants(sys.argv[1], sys.argv[2], {}) as remote:
        print(await remote.create_thread("room", {}))
        await RemoteDeclarations(remote._service).list()

asyncio.run(main())
"""


async def test_variables_that_are_about_the_model_are_not_sent(server: PlainServer) -> None:
    """And no warning that the API is deprecated reaches anybody."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-W", "always", "-c", PROGRAM, server.base_url, server.key],
        env=ENVIRONMENT,
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "thread_1", done.stderr
    assert "deprecated" not in done.stderr
    request = server.requests[0]
    said = {name.lower(): value for name, value in request.headers.items()}
    assert said["authorization"] == f"Bearer {server.key}"
    assert not {"openai-organization", "openai-project", "x-secret"} & set(said)
