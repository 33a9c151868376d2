"""Calls of the bot's own functions, seen from the chat: what runs, how often, what is told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.chat.function_ports import Traits
from core.chat.functions import UNCLEAR
from tests.chat.flow import ANN, BOB, place
from tests.fakes.functions import done
from tests.functions.conftest import REFUND, Asking
from tests.patience import PATIENCE_S

FORECASTS = tuple((f"call_{n}", "forecast", f'{{"day": {n}}}') for n in range(3))


@pytest.mark.parametrize("streams", [True, False])
async def test_a_call_is_made_and_the_answer_knows_its_output(
    asking: Asking, streams: bool
) -> None:
    asking.world.assistants.streams = streams
    asking.own.add("refund")
    async with asking.world.process() as bot:
        await bot.says("refund it, please", where=place())
        answers = await asking.world.platform.until_answered(place(), 1)
    assert answers == ['done: {"order": "A-17"}']
    assert asking.own.calls == [("refund", '{"order": "A-17"}')]
    (caller,) = asking.own.callers
    assert (caller.askers, caller.conversation, caller.assistant) == ((ANN,), place(), "tutor")


async def test_what_was_said_before_the_call_stays_above_the_answer(asking: Asking) -> None:
    asking.first = "One moment."
    asking.own.add("refund")
    async with asking.world.process() as bot:
        await bot.says("refund it, please", where=place())
        await asking.world.platform.until_answered(place(), 1)
    assert asking.world.platform.texts(place()) == ["One moment.", 'done: {"order": "A-17"}']


async def test_calls_of_a_round_run_at_the_same_time_and_are_submitted_together(
    asking: Asking,
) -> None:
    asking.rounds = [FORECASTS]
    everybody = asyncio.Barrier(3)

    async def together(arguments: str) -> str:
        await everybody.wait()
        return arguments

    asking.own.add("forecast", together)
    async with asking.world.process() as bot:
        await bot.says("please", where=place())
        await asking.world.platform.until_answered(place(), 1)
    assert asking.told == {name: arguments for name, _, arguments in FORECASTS}


async def test_rounds_of_calls_follow_each_other(asking: Asking) -> None:
    asking.rounds = [(call,) for call in FORECASTS]
    asking.own.add("forecast")
    async with asking.world.process() as bot:
        await bot.says("please", where=place())
        await asking.world.platform.until_answered(place(), 1)
    assert [arguments for _, arguments in asking.own.calls] == [each for *_, each in FORECASTS]


async def test_a_function_that_is_not_there_or_was_not_offered_is_answered_in_words(
    asking: Asking,
) -> None:
    asking.own.add("refund")
    asking.own.add("secret")
    asking.rounds = [(REFUND, ("call_2", "nothing", "{}"), ("call_3", "secret", "{}"))]
    async with asking.world.process() as bot:
        await bot.says("please", where=place())
        await asking.world.platform.until_answered(place(), 1)
    assert asking.told["call_1"].startswith("done")
    assert "no function named 'nothing'" in asking.told["call_2"]
    assert "no function named 'secret'" in asking.told["call_3"]
    assert [name for name, _ in asking.own.calls] == ["refund"]


async def test_everybody_who_asked_is_known_to_the_function(asking: Asking) -> None:
    asking.own.add("refund")
    asking.world.places.places = 0
    async with asking.world.process() as bot:
        await bot.says("hello", where=place())
        await bot.says("please", where=place(), who=BOB)
        asking.world.places.places = 1
        await asking.world.platform.until_answered(place(), 1)
    assert asking.own.callers[0].askers == (ANN, BOB)


@pytest.mark.parametrize("idempotent", [False, True])
async def test_a_call_that_a_dead_process_had_begun_is_repeated_only_if_that_is_harmless(
    asking: Asking, idempotent: bool
) -> None:
    begun = asyncio.Event()

    async def endless(arguments: str) -> str:
        begun.set()
        await asyncio.Event().wait()
        return arguments

    asking.own.add("refund", endless, Traits(idempotent=idempotent))
    async with asking.world.process() as first:
        await first.says("please", where=place())
        await begun.wait()
        await first.dies(asking.world)
    asking.own.add("refund", done, Traits(idempotent=idempotent))
    async with asking.world.process():
        await asking.world.platform.until_answered(place(), 1)
    if idempotent:
        assert len(asking.own.calls) == 2
        assert asking.told["call_1"].startswith("done")
    else:
        assert len(asking.own.calls) == 1
        assert asking.told["call_1"] == UNCLEAR


async def test_an_output_that_was_noted_is_not_fetched_again(asking: Asking) -> None:
    """One of two calls was over when the process died: the next one asks only for the other."""
    begun = asyncio.Event()

    async def endless(arguments: str) -> str:
        begun.set()
        await asyncio.Event().wait()
        return arguments

    asking.rounds = [(("call_r", "refund", "{}"), ("call_f", "forecast", "{}"))]
    asking.own.add("refund")
    asking.own.add("forecast", endless, Traits(idempotent=True))
    async with asking.world.process() as first:
        await first.says("please", where=place())
        await begun.wait()
        asked: Any = asking.world.client
        async with asyncio.timeout(PATIENCE_S):
            while b"d" not in {
                value[:1] for value in await asked.hvals(f"bobbin:{{c:0}}:calls:{place()}")
            }:
                await asyncio.sleep(0.01)
        await first.dies(asking.world)
    asking.own.add("forecast", done, Traits(idempotent=True))
    async with asking.world.process():
        await asking.world.platform.until_answered(place(), 1)
    assert [name for name, _ in asking.own.calls].count("refund") == 1
    assert asking.told == {"call_r": "done: {}", "call_f": "done: {}"}


async def test_stop_ends_a_turn_whose_function_works(asking: Asking) -> None:
    begun = asyncio.Event()

    async def endless(arguments: str) -> str:
        begun.set()
        await asyncio.Event().wait()
        return arguments

    asking.own.add("refund", endless)
    async with asking.world.process() as bot:
        await bot.says("please", where=place())
        await begun.wait()
        await bot.presses("stop", where=place())
        assert await asking.world.platform.until_answered(place(), 1) == ["(stopped)"]
        await bot.says("next", where=place())
        assert (await asking.world.platform.until_answered(place(), 2))[1].endswith("next")
    assert asking.told == {}
