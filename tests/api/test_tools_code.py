"""The code interpreter's files over HTTP: one goes in, a changed one comes out."""

from __future__ import annotations

from typing import Any

from openai import AsyncAssistantEventHandler

from tests.api.serving import Served, wire
from tests.api.stores import file_of
from tests.fakes.scripted_model import calls, says

CODE: Any = {"type": "code_interpreter"}
RUNS = ("call_a", "code_interpreter", '{"code": "double()"}')
LINK = "sandbox:/mnt/data/data.csv"
ANSWER = f"Doubled: [data.csv]({LINK})."


async def start(api: Served, file_id: str) -> dict[str, Any]:
    """What a Run on a Message with this file is made of."""
    api.interpreter.leave("double()", "data.csv", b"2,4\n")
    api.model.then(*calls(RUNS))
    api.model.then(*says(ANSWER[:20], ANSWER[20:]))
    thread = await api.thread()
    await api.client.beta.threads.messages.create(
        thread,
        role="user",
        content="Double it.",
        attachments=[{"file_id": file_id, "tools": [CODE]}],
    )
    return {"thread_id": thread, "assistant_id": await api.assistant(tools=[CODE])}


async def test_a_file_goes_in_and_a_changed_one_comes_out(api: Served) -> None:
    given = await file_of(api, "1,2\n", "data.csv")
    ids = await start(api, given)
    run = await api.client.beta.threads.runs.create_and_poll(**ids)
    assert run.status == "completed"
    thread = await api.client.beta.threads.retrieve(run.thread_id)
    assert wire(thread)["tool_resources"] == {"code_interpreter": {"file_ids": [given]}}
    assert "data.csv (4 bytes)" in api.model.requests[0].instructions

    (message,) = (await api.client.beta.threads.messages.list(run.thread_id, run_id=run.id)).data
    (part,) = message.content
    assert part.type == "text"
    (annotation,) = part.text.annotations
    assert annotation.type == "file_path"
    assert part.text.value[annotation.start_index : annotation.end_index] == LINK
    made = annotation.file_path.file_id
    assert made != given
    assert [one.file_id for one in message.attachments or []] == [made]

    file = await api.client.files.retrieve(made)
    assert (file.purpose, file.filename, file.bytes) == ("assistants_output", "data.csv", 4)
    assert (await api.client.files.content(made)).read() == b"2,4\n"
    assert (await api.client.files.content(given)).read() == b"1,2\n"
    listed = await api.client.files.list(purpose="assistants_output")
    assert [one.id for one in listed.data] == [made]


async def test_the_same_in_a_stream(api: Served) -> None:
    ids = await start(api, await file_of(api, "1,2\n", "data.csv"))
    async with api.client.beta.threads.runs.stream(
        **ids, event_handler=AsyncAssistantEventHandler()
    ) as stream:
        await stream.until_done()
        (message,) = await stream.get_final_messages()
    (part,) = wire(message)["content"]
    assert part["text"]["value"] == ANSWER
    (annotation,) = part["text"]["annotations"]
    assert annotation["text"] == LINK
