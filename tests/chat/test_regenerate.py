"""Regenerate under attack: crashes between its steps, other people's turns, double presses."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.assistants import Message
from core.chat.messages import ConversationKey, Post
from tests.chat.flow import BOB, World, place
from tests.fakes.assistants import Fail, FakeAssistants, echo
from tests.fakes.platform import FakePlatform
from tests.patience import PATIENCE_S


class DyingService(FakeAssistants):
    """Stands still for ever at the `at`-th removal of a Message, or before a Run is created."""

    def __init__(self) -> None:
        super().__init__()
        self.at: int | None = None
        self.reached = asyncio.Event()

    async def delete_message(self, thread_id: str, message_id: str) -> None:
        if self.at is not None:
            if self.at == 0:
                self.reached.set()
                await asyncio.Event().wait()
            self.at -= 1
        await super().delete_message(thread_id, message_id)


async def _dies_at(world: World, at: int) -> list[str]:
    """The questions that the model was asked after a crash at the `at`-th removal."""
    service = world.assistants = DyingService()
    world.places.places = 0
    async with world.process() as bot:
        one = await bot.says("one", where=place())
        await bot.says("two", where=place())
        world.places.places = 1
        await world.platform.until_answered(place(), 1)
        await bot.is_idle(where=place())
        await bot.edits(one, "ONE", where=place())
        service.at = at
        await bot.presses("regenerate", where=place())
        async with asyncio.timeout(PATIENCE_S):
            await service.reached.wait()
        await bot.dies(world)
    service.at = None
    async with world.process() as bot:
        await bot.is_idle(where=place())
    (messages,) = service.threads.values()
    await service.aclose()
    return [message.text for message in messages]


async def test_no_crash_between_the_removals_loses_a_question(world: World) -> None:
    for at in range(3):
        asked: Any = world.client
        await asked.flushall()
        texts = await _dies_at(world, at)
        assert texts == ["ONE", "two", "You said: ONE | two"], at


async def test_a_question_that_was_deleted_does_not_come_back(world: World) -> None:
    async def down(messages: list[Message]) -> list[str]:
        raise Fail("invalid_prompt", "No.")

    world.assistants.reply = down
    async with world.process() as bot:
        name = await bot.says("secret", where=place())
        await bot.is_idle(where=place())
        await bot.edits(name, "the secret", where=place())
        await bot.deletes(name, where=place())
        world.assistants.reply = echo
        await bot.presses("regenerate", where=place())
        await world.platform.until_shown(place(), "nothing here to answer again")
    assert len(world.assistants.runs) == 1
    assert "secret" not in " ".join(world.platform.texts(place()))


async def test_a_double_press_writes_one_new_answer(world: World) -> None:
    async with world.process() as bot:
        await bot.says("hello", where=place())
        await bot.is_idle(where=place())
        world.places.places = 0
        await bot.presses("regenerate", where=place())
        await bot.presses("regenerate", where=place())
        world.places.places = 1
        await bot.is_idle(where=place())
    assert len(world.assistants.runs) == 2
    assert "I have written this answer again already." in world.platform.texts(place())


async def test_regenerate_never_replaces_the_answer_that_somebody_else_waits_for(
    world: World,
) -> None:
    async with world.process() as bot:
        await bot.says("Ann's", where=place())
        await bot.is_idle(where=place())
        world.places.places = 0
        await bot.says("Bob's", where=place(), who=BOB)
        await bot.presses("regenerate", where=place())
        world.places.places = 1
        await bot.is_idle(where=place())
    assert len(world.assistants.runs) == 2
    assert any("newer answer" in text for text in world.platform.texts(place()))


async def test_regenerate_after_new_finds_nothing(world: World) -> None:
    async with world.process() as bot:
        await bot.says("hello", where=place())
        await bot.is_idle(where=place())
        await bot.presses("new", where=place())
        await bot.presses("regenerate", where=place())
        await world.platform.until_shown(place(), "no answer here")
        await bot.presses("resume", where=place(), argument="1")
        await bot.presses("regenerate", where=place())
        await bot.is_idle(where=place())
    assert len(world.assistants.runs) == 2


class Lingering(FakePlatform):
    """People see a post at once; that it was sent is confirmed when `confirmed` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.confirmed = asyncio.Event()
        self.confirmed.set()

    async def send(self, conversation: ConversationKey, post: Post) -> str:
        ref = await super().send(conversation, post)
        await self.confirmed.wait()
        return ref


@pytest.mark.parametrize("before", [(), ("one",)], ids=["first", "second"])
@pytest.mark.parametrize("presses", [1, 2])
async def test_a_press_while_the_turn_is_being_stored_is_taken(
    world: World, before: tuple[str, ...], presses: int
) -> None:
    platform = world.platform = Lingering()
    async with world.process() as bot:
        for text in before:
            await bot.says(text, where=place())
            await bot.is_idle(where=place())
        platform.confirmed.clear()
        await bot.says("hello", where=place())
        await platform.until_shown(place(), "You said: hello")
        for _ in range(presses):
            await bot.presses("regenerate", where=place())
        platform.confirmed.set()
        await bot.is_idle(where=place())
    assert len(world.assistants.runs) == len(before) + 2
    refused = [text for text in platform.texts(place()) if not text.startswith("You said")]
    assert refused == ["I have written this answer again already."] * (presses - 1)


async def test_a_press_on_the_answer_before_is_not_for_the_one_that_is_written(
    world: World,
) -> None:
    async with world.process() as bot:
        await bot.says("one", where=place())
        await bot.is_idle(where=place())
        (answer,) = world.platform.answers(place())
        world.places.places = 0
        await bot.says("two", where=place())
        await bot.presses("regenerate", where=place(), argument=answer.about)
        world.places.places = 1
        await bot.is_idle(where=place())
    assert len(world.assistants.runs) == 2
    assert any("newer answer" in text for text in world.platform.texts(place()))
