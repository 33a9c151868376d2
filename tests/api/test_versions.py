"""Which header, which prefix, which shapes: every client of those years finds its server."""

from __future__ import annotations

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


async def test_the_first_guide_s_shapes(api: Served) -> None:
    """v1: `file_ids` on Assistants and Messages become what v2 has for them."""
    v1 = {"OpenAI-Beta": "assistants=v1"}
    file = await api.client.files.create(file=("a.csv", b"a"), purpose="assistants")
    made = await api.http.post(
        "/assistants",
        json={"model": "m", "tools": [{"type": "code_interpreter"}], "file_ids": [file.id]},
        headers=v1,
    )
    assert made.json()["tool_resources"] == {"code_interpreter": {"file_ids": [file.id]}}
    message = {"role": "user", "content": "Read it", "file_ids": [file.id]}
    attached = [{"file_id": file.id, "tools": [{"type": "code_interpreter"}]}]
    thread = await api.http.post("/threads", json={"messages": [message]}, headers=v1)
    thread_id = thread.json()["id"]
    added = await api.http.post(f"/threads/{thread_id}/messages", json=message, headers=v1)
    assert added.json()["attachments"] == attached
    listed = await api.client.beta.threads.messages.list(thread_id)
    assert [wire(one)["attachments"] for one in listed.data] == [attached, attached]
    api.model.then(*says("Read."))
    run = await api.http.post(
        "/threads/runs",
        json={"assistant_id": made.json()["id"], "thread": {"messages": [message]}},
        headers=v1,
    )
    assert run.status_code == 200


async def test_v1_s_shapes_are_unknown_to_v2(api: Served) -> None:
    """Who says v2 gets v2's refusal."""
    answer = await api.http.post("/assistants", json={"model": "m", "file_ids": []})
    assert answer.json()["error"]["message"] == "Unknown parameter: 'file_ids'."


async def test_retrieval_is_refused_with_its_own_name(api: Served) -> None:
    """The v1 tool is today's file search, which is not there yet."""
    answer = await api.http.post(
        "/assistants",
        json={"model": "m", "tools": [{"type": "retrieval"}]},
        headers={"OpenAI-Beta": "assistants=v1"},
    )
    assert answer.status_code == 400
    assert "'retrieval'" in answer.json()["error"]["message"]
