"""Edits and deletes find the post that they are about, wherever it is by now."""

from __future__ import annotations

import asyncio

import pytest

from core.chat.messages import Inbound
from core.chat.policy import Policy
from tests.chat.flow import ANN, BOB, World, place
from tests.fakes.thinking import held
from tests.patience import until


async def test_an_edit_changes_the_text_and_nothing_else(world: World) -> None:
    world.places.places = 0
    async with world.process() as bot:
        await bot.chat.intake.deliver(
            Inbound(
                id="e1",
                message_id="p1",
                conversation=place(),
                author=BOB,
                text="tpyo",
                received_at=1234.5,
                reply_to="p0",
            )
        )
        await bot.edits("p1", "typo", where=place())
        (mail,) = await bot.chat.stores.control.pending(place())
    assert (mail.text, mail.received_at, mail.reply_to) == ("typo", 1234.5, "p0")
    assert mail.author == BOB


async def test_an_edit_is_held_to_the_same_limits_as_a_message(world: World) -> None:
    world.policy = Policy(longest_message=10)
    world.places.places = 0
    async with world.process() as bot:
        name = await bot.says("short", where=place())
        await bot.edits(name, "x" * 11, where=place())
        await bot.edits(name, "  ", where=place())
        await bot.edits("never seen", "x" * 11, where=place())
        assert len(world.platform.texts(place())) == 1
        assert "11 characters" in world.platform.texts(place())[0]
        (mail,) = await bot.chat.stores.control.pending(place())
        assert mail.text == "short"


async def test_an_edit_of_an_earlier_session_is_kept_for_that_session(world: World) -> None:
    async with world.process() as bot:
        name = await bot.says("2 + 2", where=place())
        await bot.is_idle(where=place())
        await bot.presses("new", where=place())
        await bot.says("unrelated", where=place())
        await bot.is_idle(where=place())
        await bot.edits(name, "2 + 3", where=place())
        await world.platform.until_shown(place(), "`!resume 1`")
        await bot.presses("regenerate", where=place())
        await bot.is_idle(where=place())
        await bot.presses("resume", where=place(), argument="1")
        await bot.presses("regenerate", where=place())
        await world.platform.until_shown(place(), "You said: 2 + 3")
    said = [[m.text for m in messages] for messages in world.assistants.threads.values()]
    assert said == [["2 + 3", "You said: 2 + 3"], ["unrelated", "You said: unrelated"]]


async def test_an_edit_while_the_answer_is_written_after_new_is_not_lost(world: World) -> None:
    gate = asyncio.Event()
    world.assistants.reply = held(gate)
    async with world.process() as bot:
        name = await bot.says("2 + 2", where=place())
        await until(lambda: world.assistants.runs)
        await bot.presses("new", where=place())
        await bot.edits(name, "2 + 3", where=place())
        gate.set()
        await bot.is_idle(where=place())
        await bot.presses("resume", where=place(), argument="1")
        await bot.presses("regenerate", where=place())
        await world.platform.until_shown(place(), "You said: 2 + 3")


async def test_an_edit_of_an_older_message_promises_nothing(world: World) -> None:
    async with world.process() as bot:
        name = await bot.says("one", where=place())
        await bot.is_idle(where=place())
        await bot.says("two", where=place())
        await bot.is_idle(where=place())
        await bot.edits(name, "uno", where=place())
    assert "please send it again" in world.platform.texts(place())[-1]


async def test_an_edit_that_is_delivered_twice_is_told_once(world: World) -> None:
    async with world.process() as bot:
        name = await bot.says("one", where=place())
        await bot.is_idle(where=place())
        await bot.edits(name, "uno", where=place())
        await bot.edits(name, "uno", where=place())
    assert len(world.platform.texts(place())) == 2


async def test_a_delete_finds_the_message_in_an_earlier_session(world: World) -> None:
    async with world.process() as bot:
        name = await bot.says("secret", where=place())
        await bot.is_idle(where=place())
        await bot.presses("new", where=place())
        await bot.says("other", where=place(), who=ANN)
        await bot.is_idle(where=place())
        await bot.deletes(name, where=place())
    said = [[m.text for m in messages] for messages in world.assistants.threads.values()]
    assert said == [["You said: secret"], ["other", "You said: other"]]


async def test_a_delete_during_the_first_answer_removes_the_message_too(world: World) -> None:
    world.assistants.before_last = asyncio.Event()
    async with world.process() as process:
        message_id = await process.says("forget me", where=place())
        await until(lambda: any(world.assistants.threads.values()))
        await process.deletes(message_id, where=place())
        (thread,) = world.assistants.threads.values()
        assert not [one for one in thread if one.text == "forget me"]
        world.assistants.before_last.set()
        await process.is_idle(where=place())


@pytest.mark.parametrize("moments", range(0, 24, 3))
async def test_a_delete_while_the_answer_is_being_stored_removes_the_message(
    world: World, moments: int
) -> None:
    async with world.process() as process:
        message_id = await process.says("forget me", where=place())
        while not world.platform.texts(place()):
            await asyncio.sleep(0)
        for _ in range(moments):
            await asyncio.sleep(0)
        await process.deletes(message_id, where=place())
        await process.is_idle(where=place())
    (thread,) = world.assistants.threads.values()
    assert [message.role for message in thread] == ["assistant"]
