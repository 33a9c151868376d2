"""An Assistants service in which others delete, run and stop things, and that loses answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from core.assistants import Message, Run
from core.chat.messages import ConversationKey
from core.chat.turn_messages import TurnMessage
from core.errors import (
    BobbinError,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
    NotFound,
    StoreUnavailable,
)
from tests.chat.flow import World, place
from tests.fakes.assistants import FakeAssistants, echo
from tests.fakes.thinking import held, never
from tests.patience import until


class Service(FakeAssistants):
    """A service whose Threads and Assistants can be gone, and whose answers can get lost."""

    def __init__(self) -> None:
        super().__init__()
        self.assistant_is_gone = False
        self.answers_to_lose = 0
        self.asks_for_action = False
        self.runs_to_drop = 0
        self.away: BobbinError | None = None

    async def create_run(
        self,
        thread_id: str,
        assistant: str,
        messages: Sequence[TurnMessage],
        metadata: dict[str, str],
        *,
        instructions: str = "",
    ) -> Run:
        assert len(messages) <= 32
        assert all(len(value) <= 512 for value in metadata.values())
        assert all(len(v) <= 512 for message in messages for v in message.metadata.values())
        if self.assistant_is_gone:
            raise NotFound.object("assistant", assistant)
        if self.away is not None:
            raise self.away
        if self.runs_to_drop:
            self.runs_to_drop -= 1
            for message in messages:
                self._add(thread_id, "user", message.text, message.metadata)
            raise ModelUnavailable("took the Messages and failed")
        run = await super().create_run(
            thread_id, assistant, messages, metadata, instructions=instructions
        )
        if self.answers_to_lose:
            self.answers_to_lose -= 1
            await asyncio.sleep(0.1)
            raise StoreUnavailable("the answer was lost")
        return run

    async def cancel(self, thread_id: str, run_id: str) -> None:
        await super().cancel(thread_id, run_id)
        run = self.runs[run_id]
        if run.status == "requires_action":
            self.runs[run_id] = replace(run, status="cancelled")

    async def _end(self, run_id: str, status: str, **fields: object) -> None:
        if status == "completed" and self.asks_for_action:
            status = "requires_action"
        await super()._end(run_id, status, **fields)


def _service(world: World) -> Service:
    service = world.assistants = Service()
    return service


async def test_a_thread_that_was_deleted_is_replaced(world: World) -> None:
    service = _service(world)
    async with world.process() as bot:
        await bot.says("one", where=place())
        await bot.is_idle(where=place())
        service.threads.clear()
        await bot.says("two", where=place())
        await bot.is_idle(where=place())
    assert world.platform.texts(place()) == ["You said: one", "You said: two"]


async def test_an_assistant_that_was_deleted_gives_a_sentence_and_keeps_the_thread(
    world: World,
) -> None:
    service = _service(world)
    async with world.process() as bot:
        await bot.says("one", where=place())
        await bot.is_idle(where=place())
        service.assistant_is_gone = True
        await bot.says("two", where=place())
        await world.platform.until_shown(place(), "No assistant found")
        service.assistant_is_gone = False
        await bot.presses("regenerate", where=place())
        await world.platform.until_shown(place(), "You said: two")
    (messages,) = service.threads.values()
    assert [message.text for message in messages if message.role == "user"] == ["one", "two"]


async def test_a_run_whose_creation_was_not_confirmed_is_adopted(world: World) -> None:
    service = _service(world)
    async with world.process() as bot:
        await bot.says("one", where=place())
        await bot.is_idle(where=place())
        service.answers_to_lose = 1
        await bot.says("two", where=place())
        await bot.is_idle(where=place())
    assert len(service.runs) == 2
    assert world.platform.texts(place()) == ["You said: one", "You said: two"]


async def test_messages_that_came_in_without_a_run_are_not_said_twice(world: World) -> None:
    service = _service(world)
    service.runs_to_drop = 1
    async with world.process() as bot:
        await bot.says("one", where=place())
        await bot.is_idle(where=place())
    assert world.platform.texts(place()) == ["You said: one"]


async def test_a_service_that_is_away_is_outlasted_with_a_sign(world: World) -> None:
    service = _service(world)
    service.away = ModelUnavailable("example.org cannot be reached")
    async with world.process() as bot:
        await bot.says("one", where=place())
        sign = await world.platform.until_sign("troubled")
        assert sign.sentence == "example.org cannot be reached"
        service.away = None
        await bot.is_idle(where=place())
    assert world.platform.texts(place()) == ["You said: one"]


async def test_a_service_that_stays_away_gives_a_sentence_and_may_be_asked_again(
    world: World,
) -> None:
    service = _service(world)
    service.away = ModelRateLimited("example.org asks us to slow down", retry_after_s=0.1)
    world.outage_s = 0.5
    async with world.process() as bot:
        await bot.says("one", where=place())
        await world.platform.until_shown(place(), "could not answer this. example.org asks us")
        service.away = None
        await bot.presses("regenerate", where=place())
        await world.platform.until_shown(place(), "You said: one")


async def test_a_service_that_refuses_us_says_so_at_once(world: World) -> None:
    service = _service(world)
    service.away = ModelRefused("ASSISTANTS_API_KEY is not accepted at example.org (HTTP 401).")
    async with world.process() as bot:
        await bot.says("one", where=place())
        await world.platform.until_shown(place(), "ASSISTANTS_API_KEY is not accepted")
        await bot.is_idle(where=place())
    assert "troubled" not in {sign.kind for _, sign in world.platform.signs}


async def test_a_run_of_somebody_else_is_waited_for_and_not_for_ever(world: World) -> None:
    service = _service(world)
    free = asyncio.Event()

    async def reply(messages: list[Message]) -> list[str]:
        if messages[-1].text == "theirs":
            await free.wait()
        return await echo(messages)

    service.reply = reply
    world.busy_s = 1.5
    async with world.process() as bot:
        await bot.says("one", where=place())
        await bot.is_idle(where=place())
        (thread_id,) = service.threads
        await service.create_run(thread_id, "x", [TurnMessage(text="theirs", metadata={})], {})
        await bot.says("two", where=place())
        await world.platform.until_shown(place(), "something else is being answered")
        assert await world.platform.until_sign("waiting")
        await bot.is_idle(where=place())
        free.set()
        await bot.presses("regenerate", where=place())
        await world.platform.until_shown(place(), "two")


async def test_a_run_that_waits_for_an_action_does_not_hold_the_thread(world: World) -> None:
    service = _service(world)
    service.asks_for_action = True
    async with world.process() as bot:
        await bot.says("one", where=place())
        await world.platform.until_shown(place(), "is no function call")
        await bot.is_idle(where=place())
        service.asks_for_action = False
        await bot.says("two", where=place())
        assert await world.platform.until_answered(place(), 2)
    assert world.platform.texts(place())[-1].endswith("two")


async def test_a_stop_that_comes_after_a_crash_stops_the_run_that_goes_on(world: World) -> None:
    async def endless(messages: list[Message]) -> list[str]:
        if messages[-1].text == "long":
            await asyncio.Event().wait()
        return await echo(messages)

    world.assistants.reply = endless
    async with world.process() as first:
        await first.says("long", where=place())
        await until(lambda: world.assistants.runs)
        await first.dies(world)
        await first.presses("stop", where=place())
    async with world.process() as second:
        await second.says("next", where=place())
        answers = await world.platform.until_answered(place(), 2)
        await second.is_idle(where=place())
    assert answers[0] == "(stopped)"
    assert answers[1].endswith("next")
    assert [run.status for run in world.assistants.runs.values()] == ["cancelled", "completed"]


async def test_an_answer_that_is_complete_is_shown_however_many_owners_died(world: World) -> None:
    gate = asyncio.Event()
    world.assistants.reply = held(gate)
    await world.outlived("hello", processes=3)
    gate.set()
    await until(lambda: world.assistants.runs["run_1"].status == "completed")
    async with world.process() as bot:
        await bot.is_idle(where=place())
    assert world.platform.texts(place()) == ["You said: hello"]


async def test_a_turn_that_is_given_up_leaves_no_run_behind(world: World) -> None:
    world.assistants.reply = never
    await world.outlived("poison", processes=3)
    world.assistants.reply = echo
    async with world.process() as bot:
        await world.platform.until_shown(place(), "3 times")
        await bot.says("next", where=place())
        await world.platform.until_shown(place(), "next")
    assert world.assistants.runs["run_1"].status == "cancelled"


async def test_names_of_any_length_fit_into_metadata(world: World) -> None:
    service = _service(world)
    room = ConversationKey("fake", ("w" * 600, "r" * 600))
    async with world.process() as bot:
        name = await bot.says("one", where=room, name="m" * 2000)
        await bot.is_idle(where=room)
        await bot.edits(name, "uno", where=room)
        await bot.presses("regenerate", where=room)
        await world.platform.until_shown(room, "You said: uno")
        await bot.deletes(name, where=room)
    (messages,) = service.threads.values()
    assert [message.text for message in messages] == ["You said: uno"]


async def test_a_burst_of_messages_is_answered_in_turns_that_a_run_can_take(world: World) -> None:
    _service(world)
    world.places.places = 0
    async with world.process() as bot:
        for number in range(40):
            await bot.says(f"m{number}", where=place())
        world.places.places = 1
        await world.platform.until_answered(place(), 2)
    said = " | ".join(text.removeprefix("You said: ") for text in world.platform.texts(place()))
    assert said == " | ".join(f"m{number}" for number in range(40))
