"""With BOBBIN_API_TENANTS=keys each key has its own objects, and others are as good as absent."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.routing import Mount, Route, Router

from adapters.http.auth import tenant_of_key
from tests.api.serving import BETA, WEATHER, Served, served
from tests.contracts.key_leaks import assert_no_leaks
from tests.fakes.scripted_model import calls, says

OWNER, OTHER = "sk-owner", "sk-other"
_PARAMETER = re.compile(r"\{(\w+)(?::path)?\}")
_V1_ALONE = re.compile(r"^/(assistants|threads/\w+/messages)/\w+/files")

BODIES: dict[str, Any] = {
    "/threads/{thread_id}/messages": {"role": "user", "content": "Hello"},
    "/threads/{thread_id}/runs/{run_id}/submit_tool_outputs": {
        "tool_outputs": [{"tool_call_id": "call_1", "output": "sun"}]
    },
    "/assistants/{assistant_id}/files": {"file_id": "file-x"},
    "/vector_stores/{vector_store_id}/search": {"query": "rain"},
    "/vector_stores/{vector_store_id}/files": {"file_id": "file-x"},
    "/vector_stores/{vector_store_id}/files/{file_id}": {"attributes": None},
    "/vector_stores/{vector_store_id}/file_batches": {"file_ids": ["file-x"]},
}
"""What a POST needs to be taken; the others are content with metadata, or nothing."""


@dataclass
class Two:
    """A server, and what its owner key made there, by the name in paths."""

    server: Served
    ids: dict[str, str]

    async def ask(self, key: str, method: str, path: str, body: Any = None) -> httpx2.Response:
        """One request with this key."""
        headers = {"authorization": f"Bearer {key}"}
        if _V1_ALONE.search(path):
            headers["openai-beta"] = "assistants=v1"
        content = {} if body is None else {"json": body}
        return await self.server.http.request(method, path, headers=headers, **content)


@pytest.fixture
async def two(redis_url: str, tmp_path: Path) -> AsyncIterator[Two]:
    """One key has one object of every kind; the other has none."""
    async with served(redis_url, tmp_path, keys=(OWNER, OTHER), apart=True) as server:
        client = server.client
        server.model.then(*calls(("call_1", "weather", "{}")))
        file = await client.files.create(file=("a.txt", b"rain"), purpose="assistants")
        assistant_id = await server.assistant(tools=[WEATHER])
        attached: Any = {"file_id": file.id, "tools": [{"type": "code_interpreter"}]}
        asked: Any = {"role": "user", "content": "How is it outside?", "attachments": [attached]}
        thread_id = (await client.beta.threads.create(messages=[asked])).id
        run = await client.beta.threads.runs.create_and_poll(
            thread_id=thread_id, assistant_id=assistant_id
        )
        assert run.status == "requires_action"
        steps = await client.beta.threads.runs.steps.list(run.id, thread_id=thread_id)
        messages = await client.beta.threads.messages.list(thread_id)
        store = await client.vector_stores.create()
        batch = await client.vector_stores.file_batches.create_and_poll(
            store.id, file_ids=[file.id], poll_interval_ms=10
        )
        ids = {
            "vector_store_id": store.id,
            "batch_id": batch.id,
            "file_id": file.id,
            "assistant_id": assistant_id,
            "thread_id": thread_id,
            "run_id": run.id,
            "step_id": steps.data[0].id,
            "message_id": messages.data[0].id,
        }
        yield Two(server, ids)
        await assert_no_leaks(server.store)


def operations(server: Served) -> list[tuple[str, str]]:
    """Every method and path that names an object."""
    (router,) = {
        id(one.app): one.app for one in server.app.routes if isinstance(one, Mount)
    }.values()
    assert isinstance(router, Router)
    routes = [route for route in router.routes if isinstance(route, Route)]
    return [
        (method, route.path)
        for route in routes
        for method in sorted((route.methods or set()) - {"HEAD"})
        if "{" in route.path
    ]


def filled(path: str, ids: Mapping[str, str]) -> str:
    """The path of these objects."""
    return _PARAMETER.sub(lambda name: ids[name[1]], path)


async def test_what_is_another_key_s_is_as_good_as_absent(two: Two) -> None:
    """Every operation on every kind of object: same status and same sentence."""
    absent = {name: _changed(value) for name, value in two.ids.items()}
    own = await two.ask(OTHER, "POST", "/assistants", {"model": "m-1", "instructions": "Hm"})
    before = await owned(two)
    asked = operations(two.server)
    assert len(asked) > 20
    for method, path in asked:
        body = BODIES.get(path, {}) if method == "POST" else None
        if path.endswith("/runs"):
            body = {"assistant_id": own.json()["id"]}
        theirs = await two.ask(OTHER, method, filled(path, two.ids), body)
        nobody_s = await two.ask(OTHER, method, filled(path, absent), body)
        assert theirs.status_code == nobody_s.status_code == 404, (method, path)
        text = nobody_s.text
        for name, value in absent.items():
            text = text.replace(value, two.ids[name])
        assert theirs.text == text, (method, path)
    assert await owned(two) == before


async def test_every_operation_finds_the_key_s_own(two: Two) -> None:
    """Changes and reads first, then what removes, from the inside out."""
    bodies: dict[str, Any] = json.loads(json.dumps(BODIES).replace("file-x", two.ids["file_id"]))
    asked = sorted(operations(two.server), key=lambda one: (one[0] == "DELETE", -one[1].count("/")))
    asked.sort(key=lambda one: one != ("POST", "/assistants/{assistant_id}/files"))
    assert len({path for _, path in asked}) > 20
    for method, path in asked:
        body = bodies.get(path, {}) if method == "POST" else None
        if path.endswith("/runs"):
            body = {"assistant_id": two.ids["assistant_id"]}
        answer = await two.ask(OWNER, method, filled(path, two.ids), body)
        assert answer.status_code in (200, 400), (method, path, answer.text)


async def test_no_list_has_another_key_s(two: Two) -> None:
    """Assistants, Files and vector stores; a Thread's lists need the Thread."""
    for path in ("/assistants", "/files", "/vector_stores"):
        assert len((await two.ask(OWNER, "GET", path)).json()["data"]) == 1
        assert (await two.ask(OTHER, "GET", path)).json()["data"] == []


@pytest.mark.parametrize("stream", [False, True])
async def test_an_assistant_of_another_key_answers_nobody_else(two: Two, stream: bool) -> None:
    """On an own Thread and on a new one, as an answer and as a stream."""
    thread = (await two.ask(OTHER, "POST", "/threads", {})).json()["id"]
    body = {"assistant_id": two.ids["assistant_id"], "stream": stream}
    for path in (f"/threads/{thread}/runs", "/threads/runs"):
        answer = await two.ask(OTHER, "POST", path, body)
        assert answer.status_code == 404
        assert answer.json()["error"]["message"] == (
            f"No assistant found with id '{two.ids['assistant_id']}'."
        )


async def test_a_file_of_another_key_goes_into_nothing(two: Two) -> None:
    """Neither as a picture nor as an attachment, wherever Messages can be given."""
    own = (await two.ask(OTHER, "POST", "/assistants", {"model": "m-1"})).json()["id"]
    thread = (await two.ask(OTHER, "POST", "/threads", {})).json()["id"]
    file_id = two.ids["file_id"]
    picture = {"type": "image_file", "image_file": {"file_id": file_id}}
    attached = {"file_id": file_id, "tools": [{"type": "code_interpreter"}]}
    for message in (
        {"role": "user", "content": [picture]},
        {"role": "user", "content": "Look", "attachments": [attached]},
    ):
        for path, body in (
            ("/threads", {"messages": [message]}),
            (f"/threads/{thread}/messages", message),
            (f"/threads/{thread}/runs", {"assistant_id": own, "additional_messages": [message]}),
            ("/threads/runs", {"assistant_id": own, "thread": {"messages": [message]}}),
        ):
            answer = await two.ask(OTHER, "POST", path, body)
            assert answer.status_code == 404, path
            assert answer.json()["error"]["message"] == f"No file found with id '{file_id}'."


async def test_what_tools_are_to_have_is_the_key_s_own(two: Two) -> None:
    """Files and vector stores of another key: in tool resources, attachments, stores, batches."""
    file_id, store_id = two.ids["file_id"], two.ids["vector_store_id"]
    code = {"code_interpreter": {"file_ids": [file_id]}}
    search = {"file_search": {"vector_store_ids": [store_id]}}
    made = {"file_search": {"vector_stores": [{"file_ids": [file_id]}]}}
    message = {
        "role": "user",
        "content": "Look",
        "attachments": [{"file_id": file_id, "tools": [{"type": "file_search"}]}],
    }
    own = (await two.ask(OTHER, "POST", "/assistants", {"model": "m-1"})).json()["id"]
    thread = (await two.ask(OTHER, "POST", "/threads", {})).json()["id"]
    store = (await two.ask(OTHER, "POST", "/vector_stores", {})).json()["id"]
    wanted = [
        *(("/assistants", {"model": "m-1", "tool_resources": one}) for one in (code, search, made)),
        *((f"/assistants/{own}", {"tool_resources": one}) for one in (code, search)),
        *(("/threads", {"tool_resources": one}) for one in (code, search, made)),
        *((f"/threads/{thread}", {"tool_resources": one}) for one in (code, search)),
        *(
            ("/threads/runs", {"assistant_id": own, "tool_resources": one})
            for one in (code, search)
        ),
        (f"/threads/{thread}/messages", message),
        ("/vector_stores", {"file_ids": [file_id]}),
        (f"/vector_stores/{store}/files", {"file_id": file_id}),
        (f"/vector_stores/{store}/file_batches", {"file_ids": [file_id]}),
        (f"/assistants/{own}/files", {"file_id": file_id}),
    ]
    for path, body in wanted:
        answer = await two.ask(OTHER, "POST", path, body)
        assert answer.status_code == 404, (path, body, answer.text)
        told = answer.json()["error"]["message"]
        assert file_id in told or store_id in told, (path, body)


async def test_each_key_works_with_its_own(two: Two) -> None:
    """A Run of either, followed as a stream, at the same time."""
    model = two.server.model
    model.then(*says("It is sunny."))
    outputs = {**BODIES["/threads/{thread_id}/runs/{run_id}/submit_tool_outputs"], "stream": True}
    path = "/threads/{thread_id}/runs/{run_id}/submit_tool_outputs"
    went_on = await two.ask(OWNER, "POST", filled(path, two.ids), outputs)
    assert "event: thread.run.completed" in went_on.text
    model.then(*says("Hello, other."))
    own = (await two.ask(OTHER, "POST", "/assistants", {"model": "m-1"})).json()["id"]
    body = {
        "assistant_id": own,
        "thread": {"messages": [{"role": "user", "content": "Hi"}]},
        "stream": True,
    }
    answered = await two.ask(OTHER, "POST", "/threads/runs", body)
    assert "Hello, other." in answered.text
    assert "event: thread.run.completed" in answered.text


async def test_keys_share_unless_they_are_told_apart(redis_url: str, tmp_path: Path) -> None:
    """The default: one installation, several keys, the same objects, also those without a key."""
    async with served(redis_url, tmp_path, keys=(OWNER, OTHER)) as server:
        assistant_id = await server.assistant()
        headers = {"authorization": f"Bearer {OTHER}"}
        listed = await server.http.get("/assistants", headers=headers)
        assert [one["id"] for one in listed.json()["data"]] == [assistant_id]
        assert (await server.engine.assistants.get(assistant_id)).id == assistant_id


async def test_what_has_no_key_is_not_a_key_s(two: Two) -> None:
    """The chat side's objects, declared Assistants among them, are no key's."""
    from core.engine.requests import AssistantRequest

    declared = await two.server.engine.assistants.create(AssistantRequest(model="m-1"))
    for key in (OWNER, OTHER):
        answer = await two.ask(key, "GET", f"/assistants/{declared.id}")
        assert answer.status_code == 404
    found = await two.server.engine.assistants.get(two.ids["assistant_id"], tenant=_tenant(OWNER))
    assert found.id == two.ids["assistant_id"]


async def test_the_store_holds_no_key(two: Two) -> None:
    """Neither as a name nor as a value: the tenant is a digest."""
    tenant = _tenant(OWNER)
    assert tenant == tenant_of_key(OWNER), "always the same"
    assert OWNER not in tenant
    assert tenant != _tenant(OTHER)
    store: Any = two.server.store
    names: list[str] = [name.decode() async for name in store.scan_iter()]
    assert any(tenant in name for name in names)
    assert not any(OWNER in name for name in names)


async def test_a_key_in_either_header_is_the_same_tenant(two: Two) -> None:
    """As Bearer, and as Azure's clients show it."""
    path = f"{two.server.url}/openai/assistants?api-version=2024-05-01-preview"
    async with httpx2.AsyncClient(headers={**BETA, "api-key": OWNER}, verify=False) as azure:
        listed = json.loads((await azure.get(path)).content)
    assert [one["id"] for one in listed["data"]] == [two.ids["assistant_id"]]


async def owned(two: Two) -> list[Any]:
    """All that the owner has, as it is served."""
    paths = [path for method, path in operations(two.server) if method == "GET"]
    answers = [await two.ask(OWNER, "GET", filled(path, two.ids)) for path in paths]
    return [answer.text for answer in answers]


def _changed(value: str) -> str:
    """Another id of the same kind."""
    return value[:-4] + ("aaaa" if not value.endswith("aaaa") else "bbbb")


def _tenant(key: str) -> str:
    return tenant_of_key(key)
