"""File search over HTTP: from an upload to a citation, through the official client."""

from __future__ import annotations

from typing import Any

import pytest
from openai import AsyncAssistantEventHandler, NotFoundError

from core.engine.requests import RESULT_CONTENT
from tests.api.serving import Served, wire
from tests.api.stores import file_of, filled, store_of
from tests.fakes.scripted_model import calls, says

SEARCH: Any = {"type": "file_search"}
LOOKS = ("call_a", "file_search", '{"query": "rained in May"}')
RAIN = "It rained on nine days in May."
ANSWER = "Nine days【0:0†0.txt】, in May."
INCLUDE: Any = [RESULT_CONTENT]


async def ask(api: Served, store_id: str, **options: Any) -> Any:
    """A Run that searched this store, polled to its end."""
    api.model.then(*calls(LOOKS))
    api.model.then(*says(ANSWER[:9], ANSWER[9:]))
    resources: Any = {"file_search": {"vector_store_ids": [store_id]}}
    assistant = await api.assistant(tools=[SEARCH], tool_resources=resources)
    return await api.client.beta.threads.runs.create_and_poll(
        thread_id=await api.thread("How often did it rain?"), assistant_id=assistant, **options
    )


async def test_an_answer_cites_the_file_that_it_is_from(api: Served) -> None:
    store, (rain, _) = await filled(api, RAIN, "Cats sleep all day.")
    run = await ask(api, store)
    assert run.status == "completed"
    (message,) = (await api.client.beta.threads.messages.list(run.thread_id, run_id=run.id)).data
    (part,) = message.content
    assert part.type == "text"
    (annotation,) = part.text.annotations
    assert annotation.type == "file_citation"
    assert annotation.file_citation.file_id == rain
    assert part.text.value[annotation.start_index : annotation.end_index] == annotation.text


@pytest.mark.parametrize("include", [False, True])
async def test_steps_show_what_was_found(api: Served, include: bool) -> None:
    """By list and by one; the text only for those who ask."""
    store, (rain,) = await filled(api, RAIN)
    run = await ask(api, store)
    options: Any = {"include": INCLUDE} if include else {}
    steps = api.client.beta.threads.runs.steps
    listed = (await steps.list(run.id, thread_id=run.thread_id, order="asc", **options)).data[0]
    one = await steps.retrieve(listed.id, thread_id=run.thread_id, run_id=run.id, **options)
    assert one == listed
    (call,) = wire(one)["step_details"]["tool_calls"]
    assert (call["id"], call["type"]) == ("call_a", "file_search")
    shown = call["file_search"]
    assert shown["ranking_options"] == {"ranker": "default_2024_08_21", "score_threshold": 0.0}
    (result,) = shown["results"]
    assert (result["file_id"], result["file_name"]) == (rain, "0.txt")
    assert isinstance(result["score"], float)
    assert ("content" in result) == include
    if include:
        assert result["content"] == [{"type": "text", "text": RAIN}]


@pytest.mark.parametrize("include", [False, True])
async def test_a_stream_that_the_clients_accumulator_takes(api: Served, include: bool) -> None:
    store, _ = await filled(api, RAIN)
    api.model.then(*calls(LOOKS))
    api.model.then(*says(ANSWER[:9], ANSWER[9:]))
    resources: Any = {"file_search": {"vector_store_ids": [store]}}
    options: Any = {"include": INCLUDE} if include else {}
    async with api.client.beta.threads.runs.stream(
        thread_id=await api.thread("How often?"),
        assistant_id=await api.assistant(tools=[SEARCH], tool_resources=resources),
        event_handler=AsyncAssistantEventHandler(),
        **options,
    ) as stream:
        completed = [
            event.data async for event in stream if event.event == "thread.run.step.completed"
        ]
        (message,) = await stream.get_final_messages()
    (part,) = wire(message)["content"]
    assert part["text"]["value"] == ANSWER
    assert len(part["text"]["annotations"]) == 1
    results = wire(completed[0])["step_details"]["tool_calls"][0]["file_search"]["results"]
    assert [("content" in result) for result in results] == [include]


async def test_an_attachment_is_searched(api: Served) -> None:
    """It goes into the Thread's own vector store, and the Run waits until it is read."""
    file = await file_of(api, RAIN, "0.txt")
    api.model.then(*calls(LOOKS))
    api.model.then(*says(ANSWER))
    run = await api.client.beta.threads.create_and_run_poll(
        assistant_id=await api.assistant(tools=[SEARCH]),
        thread={
            "messages": [
                {
                    "role": "user",
                    "content": "How often did it rain?",
                    "attachments": [{"file_id": file, "tools": [SEARCH]}],
                }
            ]
        },
    )
    assert run.status == "completed"
    thread = await api.client.beta.threads.retrieve(run.thread_id)
    assert thread.tool_resources is not None
    assert thread.tool_resources.file_search is not None
    (store_id,) = thread.tool_resources.file_search.vector_store_ids or []
    store = await store_of(api, store_id)
    assert wire(store)["expires_after"] == {"anchor": "last_active_at", "days": 7}
    (message,) = (await api.client.beta.threads.messages.list(run.thread_id, run_id=run.id)).data
    (annotation,) = wire(message)["content"][0]["text"]["annotations"]
    assert annotation["file_citation"] == {"file_id": file}


async def test_a_vector_store_that_is_described_is_made(api: Served) -> None:
    file = await file_of(api, RAIN)
    resources: Any = {"file_search": {"vector_stores": [{"file_ids": [file]}]}}
    thread = await api.client.beta.threads.create(tool_resources=resources)
    assistant = await api.client.beta.assistants.create(model="m-1", tool_resources=resources)
    for made, days in ((thread, 7), (assistant, None)):
        (store_id,) = wire(made)["tool_resources"]["file_search"]["vector_store_ids"]
        store = await store_of(api, store_id)
        assert store.file_counts.completed == 1
        assert (store.expires_after.days if store.expires_after else None) == days


@pytest.mark.parametrize(
    ("resources", "sentence"),
    [
        ({"code_interpreter": {"file_ids": ["file-none"]}}, "No file found with id 'file-none'."),
        (
            {"file_search": {"vector_store_ids": ["vs_none"]}},
            "No vector store found with id 'vs_none'.",
        ),
    ],
)
async def test_what_is_not_there_is_404(api: Served, resources: Any, sentence: str) -> None:
    assistant, thread = await api.assistant(), await api.thread("Hi")
    bodies: dict[str, Any] = {
        "/assistants": {"model": "m-1", "tool_resources": resources},
        f"/assistants/{assistant}": {"tool_resources": resources},
        "/threads": {"tool_resources": resources},
        f"/threads/{thread}": {"tool_resources": resources},
        "/threads/runs": {"assistant_id": assistant, "tool_resources": resources},
    }
    for path, body in bodies.items():
        answer = await api.http.post(path, json=body)
        assert (answer.status_code, answer.json()["error"]["message"]) == (404, sentence), path


async def test_an_attachment_that_is_not_there_is_404(api: Served) -> None:
    thread = await api.thread("Hi")
    with pytest.raises(NotFoundError, match="No file found with id 'file-none'"):
        await api.client.beta.threads.messages.create(
            thread,
            role="user",
            content="Read it",
            attachments=[{"file_id": "file-none", "tools": [SEARCH]}],
        )
