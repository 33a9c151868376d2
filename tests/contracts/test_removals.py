"""What an Assistants service removes for good, through the relay's port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.assistants import Belongings
from core.chat.turn_messages import Document, TurnMessage
from core.errors import NotFound
from tests.contracts.services import KINDS, Subject, served
from tests.servers import Server


@pytest.fixture(params=KINDS)
async def subject(
    request: pytest.FixtureRequest, chat_server: Server, tmp_path: Path
) -> AsyncIterator[Subject]:
    chat_server.ask("FLUSHALL")
    async with served(request.param, chat_server.url, tmp_path) as made:
        yield made


async def test_a_thread_that_was_removed_is_gone_and_removing_it_again_is_fine(
    subject: Subject,
) -> None:
    service = subject.service
    thread = await service.create_thread("room", {})
    await subject.until_ended(await subject.asks(thread, "hello"))
    other = await service.create_thread("other", {})
    for _ in range(2):
        await service.delete_thread(thread)
        assert await service.belongings(thread) == Belongings()
        await service.close_code(thread)
    with pytest.raises(NotFound):
        await service.messages(thread, run_id=None, limit=1)
    assert await service.messages(other, run_id=None, limit=1) == []


async def test_a_thread_whose_run_is_active_can_be_removed(subject: Subject) -> None:
    service = subject.service
    thread = await service.create_thread("room", {})
    subject.gate.opened.clear()
    run = await subject.asks(thread, "endless")
    await service.delete_thread(thread)
    with pytest.raises(NotFound):
        await service.run(thread, run.id)
    subject.gate.opened.set()
    again = await service.create_thread("room", {})
    assert (await subject.until_ended(await subject.asks(again, "next"))).status == "completed"


async def test_what_came_with_a_thread_belongs_to_it_and_can_be_removed(subject: Subject) -> None:
    service = subject.service
    thread = await service.create_thread("room", {})
    names = [await service.keep_file(f"{n}.txt", b"words", picture=False) for n in range(3)]
    documents = tuple(Document(name, ("code_interpreter",)) for name in names[:2])
    asked = TurnMessage(text="read this", metadata={}, documents=documents)
    run = await service.create_run(thread, "tutor", [asked], {})
    await subject.until_ended(run)
    found = await service.belongings(thread)
    assert set(found.files) == set(names[:2])
    for _ in range(2):
        await service.delete_file(names[0])
    with pytest.raises(NotFound):
        await service.file(names[0])
    assert (await service.file(names[2]))[0] == "2.txt"


async def test_vector_stores_made_for_a_thread_belong_to_it(subject: Subject) -> None:
    service = subject.service
    thread = await service.create_thread("room", {})
    name = await service.keep_file("notes.txt", b"words to be found", picture=False)
    document = Document(name, ("file_search", "code_interpreter"))
    asked = TurnMessage(text="read this", metadata={}, documents=(document,))
    await subject.until_ended(await service.create_run(thread, "tutor", [asked], {}))
    found = await service.belongings(thread)
    assert found.files == (name,)
    assert len(found.stores) == (1 if subject.has_stores else 0)
    for _ in range(2):
        for store_id in found.stores:
            await service.delete_store(store_id)
    assert await service.belongings(thread) == Belongings(found.files)
