"""What happens when a process dies in the middle of a turn: the next one goes on, once."""

from __future__ import annotations

import asyncio

import pytest

from core.chat.messages import Post
from tests.chat.flow import World, place
from tests.fakes.assistants import echo
from tests.fakes.platform import FakePlatform
from tests.fakes.thinking import held, never
from tests.patience import until


async def test_the_next_process_adopts_the_run_that_goes_on(world: World) -> None:
    gate = asyncio.Event()
    world.assistants.reply = held(gate)
    async with world.process() as first:
        await first.says("hello", where=place())
        await until(lambda: world.assistants.runs)
        await first.dies(world)
    async with world.process():
        gate.set()
        assert await world.platform.until_answered(place(), 1) == ["You said: hello"]
    assert len(world.assistants.runs) == 1


async def test_mail_that_nobody_had_begun_is_answered_by_the_next_start(world: World) -> None:
    world.places.places = 0
    async with world.process() as first:
        await first.says("hello", where=place())
        await first.dies(world)
    world.places.places = 1
    async with world.process():
        assert await world.platform.until_answered(place(), 1) == ["You said: hello"]


class DyingPlatform(FakePlatform):
    """Takes the post, and the process never hears that it did."""

    def __init__(self, *, arrives: bool) -> None:
        super().__init__()
        self._arrives = arrives
        self.reached = asyncio.Event()
        self.dying = True

    async def send(self, conversation: object, post: Post) -> str:
        if not self.dying:
            return await super().send(conversation, post)  # pyright: ignore[reportArgumentType]  (the key goes through unread)
        if self._arrives:
            await super().send(conversation, post)  # pyright: ignore[reportArgumentType]  (the same)
        self.reached.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_part_that_may_have_been_sent_is_read_back(world: World, arrives: bool) -> None:
    platform = DyingPlatform(arrives=arrives)
    world.platform = platform
    async with world.process() as first:
        await first.says("hello", where=place())
        await platform.reached.wait()
        await first.dies(world)
    platform.dying = False
    async with world.process():
        await platform.until_answered(place(), 1)
        while (await first.chat.stores.control.pending(place())) != ():
            await asyncio.sleep(0.01)
    assert platform.texts(place()) == ["You said: hello"]
    assert platform.finds == 1


@pytest.mark.parametrize("fault", ["answer lost", "lost on the way", "refuse", "slow down"])
async def test_a_fault_of_the_platform_loses_and_repeats_nothing(world: World, fault: str) -> None:
    world.platform.faults = [fault]
    async with world.process() as bot:
        await bot.says("hello", where=place())
        await world.platform.until_answered(place(), 1)
        await bot.says("again", where=place())
        await world.platform.until_answered(place(), 2)
    assert world.platform.texts(place()) == ["You said: hello", "You said: again"]


async def test_a_process_that_slept_past_its_lease_writes_nothing_more(world: World) -> None:
    gate = asyncio.Event()
    world.assistants.reply = held(gate)
    async with world.process() as sleeper:
        await sleeper.says("hello", where=place())
        await until(lambda: world.assistants.runs)
        # Its heartbeat falls silent, as under SIGSTOP; its turn does not know.
        await sleeper.chat.stores.mailbox.recover(lambda owner: owner == sleeper.owner)
        async with world.process():
            await until(lambda: world.platform.signs[1:])
            gate.set()
            await world.platform.until_answered(place(), 1)
    assert world.platform.texts(place()) == ["You said: hello"]


async def test_a_turn_that_kills_its_owners_is_refused_and_kept_for_the_operator(
    world: World,
) -> None:
    world.assistants.reply = never
    await world.outlived("poison", processes=3)
    async with world.process() as bot:
        (sentence,) = await world.platform.until_answered(place(), 1)
        assert "3 times" in sentence
        while not (letters := await bot.chat.stores.dead.list(10)):
            await asyncio.sleep(0.01)
        assert letters[0].inbound.text == "poison"
        world.assistants.reply = echo


async def test_a_stop_in_the_middle_of_draining_hands_the_turn_over(world: World) -> None:
    gate = asyncio.Event()
    world.assistants.reply = held(gate)
    async with world.process() as first:
        await first.says("hello", where=place())
        await until(lambda: world.assistants.runs)
    async with world.process():
        gate.set()
        assert await world.platform.until_answered(place(), 1) == ["You said: hello"]
    assert len(world.assistants.runs) == 1
