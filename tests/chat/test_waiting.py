"""Signs for those who wait, also behind an answer that is being written."""

from __future__ import annotations

import asyncio

from tests.chat.flow import World, place
from tests.fakes.thinking import held
from tests.patience import until


async def test_what_was_written_during_an_answer_gets_a_sign_when_it_has_to_wait(
    world: World,
) -> None:
    gate = asyncio.Event()
    world.assistants.reply = held(gate)
    async with world.process() as bot:
        await bot.says("first", where=place())
        await until(lambda: world.assistants.runs)
        await bot.says("second", where=place())
        await asyncio.sleep(0.8)  # the first look finds that an answer is being written
        assert not [sign for _, sign in world.platform.signs if sign.kind == "waiting"]
        world.places.places = 0
        gate.set()
        assert (await world.platform.until_sign("waiting")).ahead == 0
        world.places.places = 1
        await bot.is_idle(where=place())


async def test_no_sign_comes_once_everything_is_answered(world: World) -> None:
    async with world.process() as bot:
        await bot.says("hello", where=place())
        await bot.is_idle(where=place())
        bot.chat.waiting.watch(place())
        await asyncio.sleep(0.8)
    assert not [sign for _, sign in world.platform.signs if sign.kind == "waiting"]


async def test_mail_keeps_its_order_across_sessions(world: World) -> None:
    world.places.places = 0
    async with world.process() as bot:
        await bot.says("a", where=place())
        await bot.presses("new", where=place())
        await bot.says("b", where=place())
        await bot.presses("resume", where=place(), argument="1")
        await bot.says("c", where=place())
        world.places.places = 1
        await bot.is_idle(where=place())
    answers = [post.text for post in world.platform.answers(place())]
    assert answers == ["You said: a", "You said: b", "You said: c"]
