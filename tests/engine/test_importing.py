"""Objects of another service: read in the shapes of both versions, stored under their own ids."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.assistants import Json, Message, Thread, to_wire
from core.engine.requests import AssistantRequest, RunRequest
from core.engine.service.imported import assistant_of, message_of, thread_of
from core.errors import InvalidRequest
from tests.engine.world import END, process
from tests.fakes.scripted_model import says

ASSISTANT: Json = {
    "id": "asst_abc123",
    "object": "assistant",
    "created_at": 1_698_984_975,
    "name": "Math Tutor",
    "model": "gpt-4-1106-preview",
    "tools": [{"type": "code_interpreter"}],
    "metadata": {},
}
MESSAGE: Json = {
    "id": "msg_abc123",
    "object": "thread.message",
    "created_at": 1_698_983_503,
    "thread_id": "thread_abc123",
    "role": "user",
    "content": [{"type": "text", "text": {"value": "Hi", "annotations": []}}],
    "metadata": {},
}


def test_the_first_version_s_assistant() -> None:
    """`retrieval` and `file_ids`, as the guide's servers gave them."""
    assistant, state = assistant_of(
        ASSISTANT | {"tools": [{"type": "retrieval"}], "file_ids": ["file-a", "file-b"]}
    )
    assert assistant.tools == ({"type": "file_search"},)
    assert assistant.tool_resources == {"code_interpreter": {"file_ids": ["file-a", "file-b"]}}
    assert (assistant.id, assistant.created_at) == ("asst_abc123", 1_698_984_975)
    assert (assistant.temperature, assistant.top_p, assistant.response_format) == (1.0, 1.0, "auto")
    assert state == {}


def test_the_second_version_s_assistant_is_what_it_was() -> None:
    """Field for field; only what somebody set of the sampling counts as set."""
    given = ASSISTANT | {
        "description": "Sums",
        "instructions": "Write code.",
        "tool_resources": {"file_search": {"vector_store_ids": ["vs_1"]}},
        "metadata": {"team": "blue"},
        "temperature": 0.2,
        "top_p": 1.0,
        "response_format": {"type": "json_object"},
        "reasoning_effort": "low",
    }
    assistant, state = assistant_of(given)
    assert to_wire(assistant) == {k: v for k, v in given.items() if k != "reasoning_effort"}
    assert state == {"sampling": {"temperature": 0.2}, "effort": "low"}


def test_the_first_version_s_message() -> None:
    """Its files are for whatever tool the Run's Assistant has."""
    message = message_of(MESSAGE | {"file_ids": ["file-a"], "assistant_id": None, "run_id": None})
    both = [{"type": "code_interpreter"}, {"type": "file_search"}]
    assert message.attachments == ({"file_id": "file-a", "tools": both},)
    assert (message.status, message.completed_at) == ("completed", 1_698_983_503)
    assert message.content == tuple(MESSAGE["content"])


def test_a_message_that_was_never_finished() -> None:
    """Is incomplete, for nobody goes on with it."""
    message = message_of(MESSAGE | {"status": "in_progress", "role": "assistant"})
    assert (message.status, message.completed_at) == ("incomplete", None)
    assert message.incomplete_details == {"reason": "run_expired"}
    assert message.incomplete_at == message.created_at


def test_content_of_every_kind() -> None:
    """As requests and as answers have it, annotations with their quotes."""
    cited = {
        "type": "file_citation",
        "text": "[1]",
        "file_citation": {"file_id": "f", "quote": "q"},
    }
    parts = [
        {"type": "text", "text": {"value": "See [1]", "annotations": [cited]}},
        {"type": "image_file", "image_file": {"file_id": "file-a"}},
        {"type": "image_url", "image_url": {"url": "https://x.example/a.png", "detail": "low"}},
        {"type": "refusal", "refusal": "No."},
    ]
    content = message_of(MESSAGE | {"content": parts}).content
    assert content[0] == parts[0]
    assert content[1]["image_file"] == {"file_id": "file-a", "detail": "auto"}
    assert list(content[2:]) == parts[2:]
    assert message_of(MESSAGE | {"content": "Hi"}).text == "Hi"
    assert message_of(MESSAGE | {"content": [{"type": "text", "text": "Hi"}]}).text == "Hi"


WRONG: list[tuple[Any, Json, str]] = [
    (assistant_of, ASSISTANT | {"id": None}, "`id`"),
    (assistant_of, ASSISTANT | {"id": "thread_1"}, "'asst'"),
    (assistant_of, ASSISTANT | {"id": "asst_ü"}, "letters"),
    (assistant_of, ASSISTANT | {"model": ""}, "'model'"),
    (assistant_of, ASSISTANT | {"model": 4}, "`model`"),
    (assistant_of, ASSISTANT | {"created_at": "2023"}, "seconds"),
    (assistant_of, ASSISTANT | {"created_at": True}, "seconds"),
    (assistant_of, ASSISTANT | {"tools": [{"type": "telepathy"}]}, "telepathy"),
    (assistant_of, ASSISTANT | {"tools": [{"type": "function"}]}, "function.name"),
    (assistant_of, ASSISTANT | {"tools": "all"}, "`tools`"),
    (assistant_of, ASSISTANT | {"tools": [1]}, "tool"),
    (assistant_of, ASSISTANT | {"tool_resources": []}, "`tool_resources`"),
    (assistant_of, ASSISTANT | {"file_ids": [1]}, "`file_ids`"),
    (assistant_of, ASSISTANT | {"metadata": {"a": 1}}, "`metadata`"),
    (assistant_of, ASSISTANT | {"temperature": "hot"}, "`temperature`"),
    (assistant_of, ASSISTANT | {"name": "n" * 257}, "'name'"),
    (thread_of, {"id": "thread_1"}, "`created_at`"),
    (thread_of, {"id": "thread 1", "created_at": 1}, "letters"),
    (message_of, MESSAGE | {"thread_id": None}, "`thread_id`"),
    (message_of, MESSAGE | {"role": "system"}, "'system'"),
    (message_of, MESSAGE | {"status": "lost"}, "'lost'"),
    (message_of, MESSAGE | {"content": [{"type": "smell"}]}, "'smell'"),
    (message_of, MESSAGE | {"content": [7]}, "content"),
    (message_of, MESSAGE | {"content": [{"type": "text", "text": {}}]}, "text.value"),
    (message_of, MESSAGE | {"content": [{"type": "refusal"}]}, "refusal"),
    (message_of, MESSAGE | {"content": [{"type": "image_file"}]}, "image_file.file_id"),
    (message_of, MESSAGE | {"attachments": [{}]}, "`file_id`"),
]


@pytest.mark.parametrize(("read", "body", "words"), WRONG)
def test_what_is_wrong_is_said(read: Any, body: Json, words: str) -> None:
    """With the field, and what to do."""
    with pytest.raises(InvalidRequest) as refused:
        read(body)
    assert words in refused.value.message


def said(number: int, stamp: int = 1_698_983_503) -> Message:
    """A Message of the Thread."""
    return message_of(MESSAGE | {"id": f"msg_{number}", "created_at": stamp + number})


THREAD = Thread(id="thread_abc123", created_at=1_698_983_000)


async def test_a_thread_and_its_messages_keep_ids_and_order() -> None:
    """Many changes' worth of them; the second time nothing changes."""
    messages = [said(number) for number in range(450)]
    async with process(executes=False) as here:
        importing = here.engine.importing
        came = await importing.thread(THREAD.id, THREAD, messages)
        assert (came.thread, came.added, came.unchanged, came.late) == ("added", 450, 0, 0)
        assert await here.engine.threads.get(THREAD.id) == THREAD
        page = await here.engine.messages.list(THREAD.id, replace(END, after="msg_99"))
        assert page.data[0] == messages[100]
        again = await importing.thread(THREAD.id, THREAD, messages)
        assert (again.thread, again.added, again.unchanged) == ("unchanged", 0, 450)


async def test_an_import_that_was_interrupted_goes_on() -> None:
    """What is missing comes in behind what is there."""
    async with process(executes=False) as here:
        importing = here.engine.importing
        await importing.thread(THREAD.id, THREAD, [said(1), said(2)])
        came = await importing.thread(THREAD.id, THREAD, [said(0), said(1), said(2), said(3)])
        assert (came.thread, came.added, came.unchanged, came.late) == ("unchanged", 2, 2, 1)
        page = await here.engine.messages.list(THREAD.id, END)
        assert [one.id for one in page.data] == ["msg_1", "msg_2", "msg_0", "msg_3"]


async def test_what_is_there_stays_unless_it_is_to_be_replaced() -> None:
    """Somebody may have changed it here since."""
    assistant, state = assistant_of(ASSISTANT)
    async with process(executes=False) as here:
        importing = here.engine.importing
        assert await importing.assistant(assistant, state) == "added"
        newer, own = replace(assistant, name="Newer"), replace(said(1), metadata={"a": "b"})
        await importing.thread(THREAD.id, THREAD, [said(1)])
        assert await importing.assistant(newer, {}) == "unchanged"
        came = await importing.thread(THREAD.id, replace(THREAD, metadata={"x": "y"}), [own])
        assert (came.thread, came.replaced, came.unchanged) == ("unchanged", 0, 1)
        assert await here.engine.assistants.get(assistant.id) == assistant
        assert await importing.assistant(newer, {}, replace=True) == "replaced"
        assert await importing.assistant(newer, {}, replace=True) == "unchanged"
        came = await importing.thread(
            THREAD.id, replace(THREAD, metadata={"x": "y"}), [own], replace=True
        )
        assert (came.thread, came.replaced, came.unchanged) == ("replaced", 1, 0)
        assert (await here.engine.messages.get(THREAD.id, own.id)).metadata == {"a": "b"}


async def test_a_thread_that_only_its_messages_tell_of() -> None:
    """It is as old as the first of them; there never was a list of Threads to dump."""
    async with process(executes=False) as here:
        await here.engine.importing.thread(THREAD.id, None, [said(5), said(6)])
        assert (await here.engine.threads.get(THREAD.id)).created_at == said(5).created_at


async def test_tenants_do_not_take_each_other_s() -> None:
    """A Thread of another key is refused; an Assistant's id may exist for each."""
    assistant, state = assistant_of(ASSISTANT)
    async with process(executes=False) as here:
        importing = here.engine.importing
        await importing.thread(THREAD.id, THREAD, [said(1)], tenant="one")
        with pytest.raises(InvalidRequest, match="another key"):
            await importing.thread(THREAD.id, THREAD, [said(2)], tenant="two")
        for tenant in ("one", "two"):
            assert await importing.assistant(assistant, state, tenant=tenant) == "added"


async def test_a_thread_in_use_is_left_alone() -> None:
    """While a Run of it is active, nobody adds Messages: an import neither."""
    async with process(executes=False) as here:
        await here.engine.importing.thread(THREAD.id, THREAD, [said(1)])
        assistant = await here.engine.assistants.create(AssistantRequest(model="m-1"))
        run = await here.engine.runs.create(THREAD.id, RunRequest(assistant_id=assistant.id))
        with pytest.raises(InvalidRequest, match=f"in use \\({run.id}"):
            await here.engine.importing.thread(THREAD.id, THREAD, [said(1), said(2)])


async def test_an_imported_assistant_answers_in_an_imported_thread() -> None:
    """Under the old ids, with what was said as the context, and the settings that were set."""
    assistant, state = assistant_of(ASSISTANT | {"model": "old-1", "temperature": 0.2})
    async with process(says("Hello again")) as here:
        await here.engine.importing.assistant(assistant, state)
        await here.engine.importing.thread(THREAD.id, THREAD, [said(1)])
        run = await here.engine.runs.create(THREAD.id, RunRequest(assistant_id=assistant.id))
        assert (await here.ended(run)).status == "completed"
        (asked,) = here.model.requests
        assert (asked.model, asked.temperature, asked.top_p) == ("m-1", 0.2, None)
        assert run.model == "old-1"
