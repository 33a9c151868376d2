"""Conversations over a remote service: nothing is lost and nothing is said twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.assistants import Message
from core.chat.roster import Offer, Roster
from tests.chat.flow import Process, World, emptied, place
from tests.fakes.assistants import FakeAssistants, echo
from tests.fakes.plain_assistants_server import PlainServer
from tests.fakes.remote_assistants import remote_assistants
from tests.servers import Server


@pytest.fixture
async def world(chat_server: Server) -> AsyncIterator[World]:
    async with emptied(chat_server) as client:
        yield World(client)


@asynccontextmanager
async def process(
    world: World, server: PlainServer, names: dict[str, str] | None = None
) -> AsyncIterator[Process]:
    """A process of the bot, with a client of its own to the service. `names` are the ids there of
    declared Assistants."""
    async with remote_assistants(server.base_url, server.key, names or {}) as remote:
        service: Any = remote
        world.assistants = service
        async with world.process() as bot:
            yield bot


async def test_a_conversation_is_one_thread_over_there(world: World) -> None:
    service = FakeAssistants()
    async with PlainServer(service) as server, process(world, server) as bot:
        for text in ("one", "two"):
            await bot.says(text, where=place())
            await bot.is_idle(where=place())
    assert world.platform.texts(place()) == ["You said: one", "You said: two"]
    assert len(service.threads) == 1


async def test_a_run_goes_on_when_the_process_that_started_it_dies(world: World) -> None:
    gate = asyncio.Event()

    async def held(messages: list[Message]) -> list[str]:
        await gate.wait()
        return await echo(messages)

    service = FakeAssistants(held)
    async with PlainServer(service) as server:
        async with process(world, server) as first:
            await first.says("hello", where=place())
            while not service.runs:
                await asyncio.sleep(0.01)
            await first.dies(world)
        async with process(world, server) as second:
            gate.set()
            await second.is_idle(where=place())
    assert world.platform.texts(place()) == ["You said: hello"]
    assert len(service.runs) == 1


async def test_a_run_whose_creation_was_not_confirmed_is_adopted(world: World) -> None:
    service = FakeAssistants()
    async with PlainServer(service) as server, process(world, server) as bot:
        await bot.says("one", where=place())
        await bot.is_idle(where=place())
        server.faults.lose_answers = 1
        await bot.says("two", where=place())
        await bot.is_idle(where=place())
    assert world.platform.texts(place()) == ["You said: one", "You said: two"]
    assert len(service.runs) == 2


async def test_a_service_that_asks_for_patience_gets_it(world: World) -> None:
    service = FakeAssistants()
    async with PlainServer(service) as server, process(world, server) as bot:
        await bot.says("one", where=place())
        await bot.is_idle(where=place())
        server.faults.before.append((429, {"retry-after": "1"}))
        await bot.says("two", where=place())
        sign = await world.platform.until_sign("troubled")
        assert "slow down" in sign.sentence
        await bot.is_idle(where=place())
    assert world.platform.texts(place()) == ["You said: one", "You said: two"]


async def test_what_is_deleted_here_is_forgotten_there(world: World) -> None:
    service = FakeAssistants()
    async with PlainServer(service) as server, process(world, server) as bot:
        name = await bot.says("secret", where=place())
        await bot.is_idle(where=place())
        await bot.deletes(name, where=place())
    (messages,) = service.threads.values()
    assert [message.role for message in messages] == ["assistant"]


async def test_who_answers_is_chosen_by_the_declared_names(world: World) -> None:
    world.roster = Roster(
        (Offer(slug="tutor", name="Tutor"), Offer(slug="physics", name="Physics")), "tutor"
    )
    service = FakeAssistants()
    names = {"tutor": "asst_t", "physics": "asst_p"}
    async with PlainServer(service) as server, process(world, server, names) as bot:
        for text in ("one", "!assistant physics", "two"):
            await bot.says(text, where=place())
            await bot.is_idle(where=place())
        service.gone = {"asst_p"}
        await bot.says("three", where=place())
        await bot.is_idle(where=place())
    assert [run.assistant_id for run in service.runs.values()] == ["asst_t", "asst_p", "asst_t"]
    assert len(service.threads) == 1
    *_, aside, answer = world.platform.texts(place())
    assert aside == "(Physics, which was chosen here, is not there any more: Tutor answers.)"
    assert answer == "You said: three"
