"""What tools work with: `tool_resources` of Assistants and Threads, attachments of Messages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core.assistants import Json, Thread, VectorStore
from core.engine.records import ThreadRecord
from core.engine.requests import (
    AssistantRequest,
    AssistantUpdate,
    FileRequest,
    MessageRequest,
    RunRequest,
    ThreadRequest,
    ThreadUpdate,
)
from core.engine.resources import code_files, vector_stores
from core.engine.vectors.requests import StoreRequest
from core.errors import InvalidRequest, NotFound
from tests.engine.world import END, Process, process
from tests.fakes.scripted_model import says

CODE: Json = {"type": "code_interpreter"}
SEARCH: Json = {"type": "file_search"}
SEVEN_DAYS = {"anchor": "last_active_at", "days": 7}


async def file(here: Process, name: str = "a.md", data: bytes = b"text") -> str:
    """The id of a File."""
    request = FileRequest(filename=name, purpose="assistants", data=data)
    return (await here.engine.files.create(request)).id


def with_file(file_id: str, *tools: Json, text: str = "Read it.") -> MessageRequest:
    """A Message that attaches it for these tools."""
    return MessageRequest(content=text, attachments=({"file_id": file_id, "tools": list(tools)},))


async def store_of(here: Process, thread: Thread) -> VectorStore:
    """The Thread's one vector store."""
    (store_id,) = vector_stores(thread.tool_resources)
    return await here.engine.vector_stores.get(store_id)


async def files_of(here: Process, store: VectorStore) -> list[str]:
    """Ids of a vector store's files, oldest first."""
    page = await here.engine.vector_stores.files.list(store.id, END)
    return [one.id for one in page.data]


Attach = Callable[[Process, MessageRequest], Awaitable[Thread]]


async def by_message(here: Process, message: MessageRequest) -> Thread:
    thread = await here.thread()
    await here.engine.messages.create(thread.id, message)
    return await here.engine.threads.get(thread.id)


async def by_thread(here: Process, message: MessageRequest) -> Thread:
    return await here.engine.threads.create(ThreadRequest(messages=(message,)))


async def by_run(here: Process, message: MessageRequest) -> Thread:
    thread, assistant = await here.thread(), await here.assistant()
    here.model.then(*says("."))
    request = RunRequest(assistant_id=assistant.id, additional_messages=(message,))
    await here.ended(await here.engine.runs.create(thread.id, request))
    return await here.engine.threads.get(thread.id)


async def by_thread_and_run(here: Process, message: MessageRequest) -> Thread:
    assistant = await here.assistant()
    here.model.then(*says("."))
    run = await here.engine.runs.create_with_thread(
        ThreadRequest(messages=(message,)), RunRequest(assistant_id=assistant.id)
    )
    events = await here.events(run)
    thread = await here.engine.threads.get(run.thread_id)
    assert events[0].data == thread, "the stream begins with the Thread as it is"
    return thread


everywhere = pytest.mark.parametrize("attach", [by_message, by_thread, by_run, by_thread_and_run])


# ------------------------------------------------------------------------------ attachments


@everywhere
async def test_a_file_for_code_becomes_the_threads(attach: Attach) -> None:
    async with process() as here:
        name = await file(here)
        thread = await attach(here, with_file(name, CODE))
        assert thread.tool_resources == {"code_interpreter": {"file_ids": [name]}}


@everywhere
async def test_a_file_to_be_searched_goes_into_a_new_store_that_ends_a_week_after_its_use(
    attach: Attach,
) -> None:
    async with process() as here:
        name = await file(here)
        thread = await attach(here, with_file(name, SEARCH))
        store = await store_of(here, thread)
        assert store.expires_after == SEVEN_DAYS
        assert await files_of(here, store) == [name]


@everywhere
async def test_one_file_for_both_tools(attach: Attach) -> None:
    async with process() as here:
        name = await file(here)
        thread = await attach(here, with_file(name, CODE, SEARCH))
        assert code_files(thread.tool_resources) == (name,)
        assert await files_of(here, await store_of(here, thread)) == [name]


@everywhere
async def test_a_file_that_is_not_there_is_refused_and_nothing_is_made(attach: Attach) -> None:
    async with process() as here:
        with pytest.raises(NotFound) as refused:
            await attach(here, with_file("file-none", SEARCH))
        assert str(refused.value) == "No file found with id 'file-none'."
        assert (await here.engine.vector_stores.list(END)).data == ()


async def test_further_attachments_join_the_first_ones() -> None:
    async with process() as here:
        first, second = await file(here), await file(here)
        thread = await by_message(here, with_file(first, CODE, SEARCH))
        await here.engine.messages.create(thread.id, with_file(second, CODE, SEARCH))
        await here.engine.messages.create(thread.id, with_file(first, CODE, SEARCH))
        after = await here.engine.threads.get(thread.id)
        assert code_files(after.tool_resources) == (second, first)
        assert vector_stores(after.tool_resources) == vector_stores(thread.tool_resources)
        assert await files_of(here, await store_of(here, after)) == [first, second]


async def test_attachments_at_the_same_time_are_all_there() -> None:
    async with process() as here:
        thread = await here.thread()
        names = [await file(here) for _ in range(5)]
        await asyncio.gather(
            *(here.engine.messages.create(thread.id, with_file(name, CODE)) for name in names)
        )
        after = await here.engine.threads.get(thread.id)
        assert sorted(code_files(after.tool_resources)) == sorted(names)
        assert len((await here.engine.messages.list(thread.id, END)).data) == 5


async def test_a_message_without_attachments_leaves_the_thread_alone() -> None:
    async with process() as here:
        thread = await here.thread("Hi")
        assert not any(
            isinstance(document, ThreadRecord)
            for change in here.store.commits[1:]
            for document in change.put
        )
        assert thread.tool_resources is None


async def test_of_files_for_code_the_newest_twenty_stay() -> None:
    async with process() as here:
        thread = await here.thread()
        names = [await file(here) for _ in range(22)]
        for name in names:
            await here.engine.messages.create(thread.id, with_file(name, CODE))
        after = await here.engine.threads.get(thread.id)
        assert code_files(after.tool_resources) == tuple(names[2:])
        oldest = (await here.engine.messages.list(thread.id, END)).data[0]
        assert oldest.attachments[0]["file_id"] == names[0]


async def test_more_files_for_code_than_a_thread_may_have_at_once_are_refused() -> None:
    async with process() as here:
        attachments = [{"file_id": await file(here), "tools": [CODE]} for _ in range(21)]
        message = MessageRequest(content="All of them", attachments=tuple(attachments))
        with pytest.raises(InvalidRequest) as refused:
            await by_message(here, message)
        assert refused.value.code == "array_above_max_length"
        assert refused.value.param == "tool_resources.code_interpreter.file_ids"


async def test_a_locked_thread_gets_neither_message_nor_file() -> None:
    async with process([asyncio.Event()]) as here:
        run = await here.start()
        name = await file(here)
        with pytest.raises(InvalidRequest) as refused:
            await here.engine.messages.create(run.thread_id, with_file(name, SEARCH))
        locked = f"Can't add messages to {run.thread_id} while a run {run.id} is active."
        assert str(refused.value) == locked
        assert (await here.engine.vector_stores.list(END)).data == ()
        request = RunRequest(
            assistant_id=run.assistant_id, additional_messages=(with_file(name, SEARCH),)
        )
        with pytest.raises(InvalidRequest, match="already has an active run"):
            await here.engine.runs.create(run.thread_id, request)
        assert (await here.engine.vector_stores.list(END)).data == ()


async def test_what_is_created_twice_under_one_id_attaches_once() -> None:
    async with process(says("."), says(".")) as here:
        name = await file(here)
        message = with_file(name, SEARCH)
        assistant = await here.assistant()
        for _ in range(2):
            thread = await here.engine.threads.create(
                ThreadRequest(messages=(message,)), thread_id="thread_1"
            )
            request = RunRequest(assistant_id=assistant.id, additional_messages=(message,))
            run = await here.engine.runs.create(thread.id, request, run_id="run_1")
            await here.ended(run)
            run = await here.engine.runs.create_with_thread(
                ThreadRequest(messages=(message,)),
                RunRequest(assistant_id=assistant.id),
                thread_id="thread_2",
                run_id="run_2",
            )
            await here.ended(run)
        assert len((await here.engine.vector_stores.list(END)).data) == 2


async def test_a_store_that_is_gone_is_replaced() -> None:
    async with process() as here:
        first, second = await file(here), await file(here)
        thread = await by_message(here, with_file(first, SEARCH))
        gone = await store_of(here, thread)
        await here.engine.vector_stores.delete(gone.id)
        await here.engine.messages.create(thread.id, with_file(second, SEARCH))
        store = await store_of(here, await here.engine.threads.get(thread.id))
        assert store.id != gone.id
        assert await files_of(here, store) == [second]


# ------------------------------------------------------------------------------ tool_resources


Make = Callable[[Process, Json], Awaitable[Json | None]]


async def new_assistant(here: Process, resources: Json) -> Json | None:
    request = AssistantRequest(model="m-1", tool_resources=resources)
    return (await here.engine.assistants.create(request)).tool_resources


async def changed_assistant(here: Process, resources: Json) -> Json | None:
    made = await here.assistant()
    update = AssistantUpdate(tool_resources=resources)
    return (await here.engine.assistants.update(made.id, update)).tool_resources


async def new_thread(here: Process, resources: Json) -> Json | None:
    request = ThreadRequest(tool_resources=resources)
    return (await here.engine.threads.create(request)).tool_resources


async def changed_thread(here: Process, resources: Json) -> Json | None:
    made = await here.thread()
    update = ThreadUpdate(tool_resources=resources)
    return (await here.engine.threads.update(made.id, update)).tool_resources


async def thread_of_a_run(here: Process, resources: Json) -> Json | None:
    here.model.then(*says("."))
    run = await here.engine.runs.create_with_thread(
        ThreadRequest(messages=(MessageRequest(content="Hi"),), tool_resources=resources),
        RunRequest(assistant_id=(await here.assistant()).id),
    )
    await here.ended(run)
    return (await here.engine.threads.get(run.thread_id)).tool_resources


made_everywhere = pytest.mark.parametrize(
    "make", [new_assistant, changed_assistant, new_thread, changed_thread, thread_of_a_run]
)


@made_everywhere
async def test_resources_are_kept_as_they_were_named(make: Make) -> None:
    async with process() as here:
        store = await here.engine.vector_stores.create(StoreRequest())
        resources = {
            "code_interpreter": {"file_ids": [await file(here)]},
            "file_search": {"vector_store_ids": [store.id]},
        }
        assert await make(here, resources) == resources


@made_everywhere
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
async def test_what_is_not_there_is_refused(make: Make, resources: Json, sentence: str) -> None:
    async with process() as here:
        with pytest.raises(NotFound) as refused:
            await make(here, resources)
        assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("make", "expires"),
    [(new_assistant, None), (new_thread, SEVEN_DAYS), (thread_of_a_run, SEVEN_DAYS)],
)
async def test_a_store_that_is_described_is_made(make: Make, expires: Any) -> None:
    async with process() as here:
        name = await file(here)
        sizes = {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 50}
        described = {
            "file_ids": [name],
            "chunking_strategy": {"type": "static", "static": sizes},
            "metadata": {"what": "rain"},
        }
        kept = await make(here, {"file_search": {"vector_stores": [described]}})
        (store_id,) = vector_stores(kept)
        assert kept == {"file_search": {"vector_store_ids": [store_id]}}
        store = await here.engine.vector_stores.get(store_id)
        assert (store.metadata, store.expires_after) == ({"what": "rain"}, expires)
        entry = await here.engine.vector_stores.files.get(store_id, name)
        assert entry.chunking_strategy == {"type": "static", "static": sizes}


async def test_a_described_store_and_an_attachment_are_one_store() -> None:
    async with process() as here:
        first, second = await file(here), await file(here)
        thread = await here.engine.threads.create(
            ThreadRequest(
                messages=(with_file(second, SEARCH),),
                tool_resources={"file_search": {"vector_stores": [{"file_ids": [first]}]}},
            )
        )
        assert await files_of(here, await store_of(here, thread)) == [first, second]


async def test_objects_of_another_tenant_are_not_there() -> None:
    async with process() as here:
        name = await file(here)
        store = await here.engine.vector_stores.create(StoreRequest())
        for resources in (
            {"code_interpreter": {"file_ids": [name]}},
            {"file_search": {"vector_store_ids": [store.id]}},
            {"file_search": {"vector_stores": [{"file_ids": [name]}]}},
        ):
            request = ThreadRequest(tool_resources=resources)
            with pytest.raises(NotFound):
                await here.engine.threads.create(request, tenant="other")
        request = ThreadRequest(messages=(with_file(name, SEARCH),))
        with pytest.raises(NotFound):
            await here.engine.threads.create(request, tenant="other")


async def test_metadata_and_attachments_at_the_same_time_are_both_there() -> None:
    async with process() as here:
        thread, name = await here.thread(), await file(here)
        await asyncio.gather(
            here.engine.messages.create(thread.id, with_file(name, CODE)),
            here.engine.threads.update(thread.id, ThreadUpdate(metadata={"a": "b"})),
        )
        after = await here.engine.threads.get(thread.id)
        assert (after.metadata, code_files(after.tool_resources)) == ({"a": "b"}, (name,))
