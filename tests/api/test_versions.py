"""Which header, which prefix, which shapes: every client of those years finds its server."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from openai import AsyncAzureOpenAI

from tests.api.serving import KEY, Served, wire
from tests.fakes.scripted_model import says

MISSING = (
    "You must provide the 'OpenAI-Beta' header to access the Assistants API. Please try again by "
    "setting the header 'OpenAI-Beta: assistants=v2'."
)


@pytest.mark.parametrize("value", [None, "", "agents=v1", "assistants=v3"])
async def test_the_beta_header_is_required(api: Served, value: str | None) -> None:
    """With OpenAI's own sentence and code."""
    headers = {} if value is None else {"OpenAI-Beta": value}
    async with httpx2.AsyncClient(base_url=f"{api.url}/v1", headers=headers) as plain:
        for path in ("/assistants", "/threads/thread_a", "/threads/thread_a/runs/run_a/steps"):
            answer = await plain.get(path)
            assert answer.status_code == 400
            assert answer.json()["error"] == {
                "message": MISSING,
                "type": "invalid_request_error",
                "param": None,
                "code": "invalid_beta",
            }
        assert (await plain.get("/files")).status_code == 200


@pytest.mark.parametrize("value", ["assistants=v1", "realtime=v1, assistants=v2"])
async def test_other_betas_may_stand_beside_it(api: Served, value: str) -> None:
    """The header is read for what it contains."""
    answer = await api.http.get("/assistants", headers={"OpenAI-Beta": value})
    assert answer.status_code == 200


@pytest.mark.parametrize("prefix", ["", "/v1", "/openai", "/openai/v1"])
async def test_every_prefix_leads_to_the_same(api: Served, prefix: str) -> None:
    """Also for what is not there."""
    thread_id = await api.thread("Hi")
    answer = await api.http.get(f"{api.url}{prefix}/threads/{thread_id}?api-version=2024-05-01")
    assert answer.json()["id"] == thread_id
    answer = await api.http.post(f"{api.url}{prefix}/nothing")
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == f"Invalid URL (POST {prefix}/nothing)"


async def test_the_client_for_azure(api: Served) -> None:
    """It asks under another prefix and shows its key in another header."""
    api.model.then(*says("Hello"))
    async with AsyncAzureOpenAI(
        azure_endpoint=api.url,
        api_key=KEY,
        api_version="2024-05-01-preview",
        max_retries=0,
        _strict_response_validation=True,
    ) as azure:
        assistant = await azure.beta.assistants.create(model="gpt-4o")
        run = await azure.beta.threads.create_and_run_poll(
            assistant_id=assistant.id,
            thread={"messages": [{"role": "user", "content": "Hi"}]},
        )
    assert run.status == "completed"


@pytest.mark.parametrize(
    ("version", "of_v1"), [("2024-02-15-preview", True), ("2025-04-01", False)]
)
async def test_clients_for_azure_name_the_version_in_the_query(
    api: Served, version: str, of_v1: bool
) -> None:
    """Azure's API had no beta header; its first versions had the first shapes."""
    async with httpx2.AsyncClient(headers={"api-key": KEY}) as http:
        path = f"{api.url}/openai/assistants?api-version={version}"
        answer = await http.post(path, json={"model": "gpt-4o"})
        assert answer.status_code == 200
        assert ("file_ids" in answer.json()) is of_v1
        refused = await http.get(f"{api.url}/openai/assistants?api-version=latest")
    assert refused.json()["error"]["code"] == "invalid_beta"


async def test_v1_s_shapes_from_a_client_of_today(api: Served) -> None:
    """It says v2 by itself, whatever the program was written for; answers are v2's."""
    file = await api.client.files.create(file=("a.txt", b"Hi"), purpose="assistants")
    given: Any = {"file_ids": [file.id]}
    tools: Any = [{"type": "retrieval"}]
    assistant = await api.client.beta.assistants.create(model="m-1", tools=tools, extra_body=given)
    assert [tool.type for tool in assistant.tools] == ["file_search"]
    assert "file_ids" not in wire(assistant)
    resources = wire(assistant)["tool_resources"]
    assert resources["code_interpreter"] == given
    (store_id,) = resources["file_search"]["vector_store_ids"]
    kept = await api.client.vector_stores.files.list(store_id)
    assert [one.id for one in kept.data] == [file.id]
    thread = await api.client.beta.threads.create()
    message = await api.client.beta.threads.messages.create(
        thread.id, role="user", content="Hi", extra_body=given
    )
    assert [one["file_id"] for one in wire(message)["attachments"]] == [file.id]
    changed = await api.client.beta.assistants.update(assistant.id, tools=tools)
    assert wire(changed)["tool_resources"] == resources


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/assistants", {"model": "m", "file_ids": [], "tool_resources": {}}),
        ("/assistants", {"model": "m", "file_ids": "file-a"}),
        ("/threads", {"file_ids": []}),
        ("/threads/runs", {"assistant_id": "asst_a", "file_ids": []}),
        (
            "/threads/thread_a/messages",
            {"role": "user", "content": "x", "file_ids": [], "attachments": []},
        ),
        ("/vector_stores/vs_a/search", {"query": "x", "file_ids": []}),
    ],
)
@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_file_ids_of_nothing_that_had_any(
    api: Served, path: str, body: Any, version: str
) -> None:
    """Or beside what v2 has in their place."""
    answer = await api.http.post(path, json=body, headers={"OpenAI-Beta": f"assistants={version}"})
    assert answer.json()["error"]["message"] == "Unknown parameter: 'file_ids'."


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_file_ids_of_a_vector_store_are_its_own(api: Served, version: str) -> None:
    """In either version."""
    file = await api.client.files.create(file=("a.txt", b"Hi"), purpose="assistants")
    made = await api.http.post(
        "/vector_stores",
        json={"file_ids": [file.id]},
        headers={"OpenAI-Beta": f"assistants={version}"},
    )
    assert made.json()["file_counts"]["total"] == 1
