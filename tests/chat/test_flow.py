"""The flow of one message, seen from the platform: order, busy conversations, stop, edits."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from core.assistants import Message
from core.chat.messages import Capabilities
from core.chat.policy import Policy
from tests.chat.flow import BOB, ROOT, World, place
from tests.fakes.assistants import Fail, echo
from tests.fakes.platform import FakePlatform
from tests.fakes.thinking import held
from tests.patience import until


async def test_a_message_is_answered(world: World) -> None:
    async with world.process() as bot:
        await bot.says("hello", where=place())
        assert await world.platform.until_answered(place(), 1) == ["You said: hello"]


async def test_a_service_that_only_polls_answers_too(world: World) -> None:
    world.assistants.streams = False
    async with world.process() as bot:
        await bot.says("hello", where=place())
        assert await world.platform.until_answered(place(), 1) == ["You said: hello"]


async def test_what_is_written_meanwhile_is_answered_next_in_order(world: World) -> None:
    gate = asyncio.Event()
    world.assistants.reply = held(gate)
    async with world.process() as bot:
        for number in range(10):
            await bot.says(f"m{number}", where=place())
        gate.set()
        answers = await world.platform.until_answered(place(), 2)
        assert answers == [
            "You said: m0",
            "You said: " + " | ".join(f"m{number}" for number in range(1, 10)),
        ]
    assert world.assistants.most_active == 1


async def test_interrupt_stops_the_answer_that_is_being_written(world: World) -> None:
    asked: list[str] = []

    async def endless(messages: list[Message]) -> list[str]:
        asked.append(messages[-1].text)
        if messages[-1].text == "first":
            await asyncio.Event().wait()
        return await echo(messages)

    world.assistants.reply = endless
    world.policy = Policy(busy="interrupt")
    async with world.process() as bot:
        await bot.says("first", where=place())
        await until(lambda: asked)
        await bot.says("second", where=place())
        answers = await world.platform.until_answered(place(), 2)
    assert answers[0] == "(stopped)"
    assert "second" in answers[1]


async def test_conversations_do_not_mix(world: World) -> None:
    async with world.process() as bot:
        rooms = [place(f"room{number}") for number in range(50)]
        await asyncio.gather(*(bot.says(str(room), where=room) for room in rooms))
        for room in rooms:
            assert await world.platform.until_answered(room, 1) == [f"You said: {room}"]
    assert len(world.assistants.threads) == 50


async def test_a_delivery_that_comes_three_times_is_answered_once(world: World) -> None:
    async with world.process() as bot:
        for _ in range(3):
            await bot.says("hello", where=place(), name="event-1")
        await world.platform.until_answered(place(), 1)
        await bot.says("bye", where=place())
        assert await world.platform.until_answered(place(), 2) == [
            "You said: hello",
            "You said: bye",
        ]


async def test_stop_cancels_the_run_and_keeps_what_waits(world: World) -> None:
    asked = asyncio.Event()

    async def endless(messages: list[Message]) -> list[str]:
        asked.set()
        if messages[-1].text == "long":
            await asyncio.Event().wait()
        return await echo(messages)

    world.assistants.reply = endless
    async with world.process() as bot:
        await bot.says("long", where=place())
        await asked.wait()
        await bot.says("next", where=place())
        await bot.presses("stop", where=place(), who=BOB)
        await world.platform.until_shown(place(), "Only the person who asked")
        await bot.presses("stop", where=place(), who=ROOT)
        answers = await world.platform.until_answered(place(), 2)
    assert answers[0] == "(stopped)"
    assert "next" in answers[1]


async def test_new_begins_another_thread_for_what_comes_after_it(world: World) -> None:
    async with world.process() as bot:
        await bot.says("one", where=place())
        await world.platform.until_answered(place(), 1)
        await bot.says("!new", where=place())
        await bot.says("two", where=place())
        await world.platform.until_answered(place(), 2)
        await bot.says("!resume 1", where=place())
        await bot.says("three", where=place())
        await world.platform.until_answered(place(), 3)
    said = sorted(
        [message.text for message in messages if message.role == "user"]
        for messages in world.assistants.threads.values()
    )
    assert said == [["one", "three"], ["two"]]


async def test_regenerate_replaces_the_newest_answer_in_its_place(world: World) -> None:
    answers = iter(["bad", "good"])

    async def fickle(messages: list[Message]) -> list[str]:
        return [next(answers)]

    world.assistants.reply = fickle
    async with world.process() as bot:
        await bot.says("question", where=place())
        await world.platform.until_answered(place(), 1)
        await bot.presses("regenerate", where=place(), who=BOB)
        await world.platform.until_shown(place(), "Only the person who asked")
        await bot.presses("regenerate", where=place())
        await world.platform.until_shown(place(), "good")
    assert "bad" not in world.platform.texts(place())
    (messages,) = world.assistants.threads.values()
    assert [message.text for message in messages] == ["question", "good"]


async def test_regenerate_answers_the_edited_text(world: World) -> None:
    async with world.process() as bot:
        name = await bot.says("2 + 2", where=place())
        await world.platform.until_answered(place(), 1)
        await bot.edits(name, "2 + 3", where=place())
        await world.platform.until_shown(place(), "You changed a message")
        await bot.presses("regenerate", where=place())
        await world.platform.until_shown(place(), "You said: 2 + 3")
    (messages,) = world.assistants.threads.values()
    assert [message.text for message in messages] == ["2 + 3", "You said: 2 + 3"]


async def test_an_edit_before_the_turn_begins_changes_what_is_asked(world: World) -> None:
    world.places.places = 0
    async with world.process() as bot:
        name = await bot.says("tpyo", where=place())
        await bot.edits(name, "typo", where=place())
        world.places.places = 1
        assert await world.platform.until_answered(place(), 1) == ["You said: typo"]


async def test_a_delete_before_the_turn_begins_takes_the_message_back(world: World) -> None:
    world.places.places = 0
    async with world.process() as bot:
        gone = await bot.says("oops", where=place())
        await bot.says("kept", where=place())
        await bot.deletes(gone, where=place())
        world.places.places = 1
        assert await world.platform.until_answered(place(), 1) == ["You said: kept"]


async def test_a_later_delete_removes_the_message_from_the_thread(world: World) -> None:
    async with world.process() as bot:
        name = await bot.says("secret", where=place())
        await world.platform.until_answered(place(), 1)
        await bot.deletes(name, where=place())
    (messages,) = world.assistants.threads.values()
    assert [message.role for message in messages] == ["assistant"]


async def test_whoever_waits_sees_how_many_are_before_them(world: World) -> None:
    world.places.places = 0
    async with world.process() as bot:
        await bot.says("a", where=place("one"))
        await bot.says("b", where=place("two"))
        while len(world.platform.signs) < 2:
            await asyncio.sleep(0.02)
        waits = {str(key): sign.ahead for key, sign in world.platform.signs}
        assert waits == {str(place("one")): 0, str(place("two")): 1}
        world.places.places = 5
        await world.platform.until_answered(place("two"), 1)


async def test_an_outage_is_shown_outlasted_and_costs_no_message(world: World) -> None:
    failures = iter([True, True, False])

    async def flaky(messages: list[Message]) -> list[str]:
        if next(failures):
            raise Fail("server_error", "The model at http://x does not answer.")
        return await echo(messages)

    world.assistants.reply = flaky
    async with world.process() as bot:
        await bot.says("hello", where=place())
        sign = await world.platform.until_sign("troubled")
        assert "does not answer" in sign.sentence
        assert await world.platform.until_answered(place(), 1) == ["You said: hello"]
    (messages,) = world.assistants.threads.values()
    assert [message.text for message in messages if message.role == "user"] == ["hello"]


async def test_an_outage_that_lasts_ends_in_one_sentence_with_a_retry(world: World) -> None:
    world.outage_s = 0.5
    broken = True

    async def dead(messages: list[Message]) -> list[str]:
        if broken:
            raise Fail("server_error", "The model does not answer.")
        return await echo(messages)

    world.assistants.reply = dead
    async with world.process() as bot:
        await bot.says("hello", where=place())
        (sentence,) = await world.platform.until_answered(place(), 1)
        assert sentence == "I could not answer this. The model does not answer."
        assert "regenerate" in world.platform.answers(place())[0].controls
        broken = False
        await bot.presses("regenerate", where=place())
        await world.platform.until_shown(place(), "You said: hello")


async def test_several_messages_of_one_run_are_all_shown_in_order(world: World) -> None:
    async def two(messages: list[Message]) -> list[str]:
        return ["Let me see.", "It is 4."]

    world.assistants.reply = two
    async with world.process() as bot:
        await bot.says("2 + 2?", where=place())
        await world.platform.until_answered(place(), 1)
    assert world.platform.texts(place()) == ["Let me see.", "It is 4."]


async def test_a_long_answer_comes_in_parts_within_the_limit(world: World) -> None:
    world.platform = FakePlatform(Capabilities(max_chars=100, edits=True))
    long = "\n\n".join(f"Paragraph {number} of the answer." for number in range(20))

    async def wordy(messages: list[Message]) -> list[str]:
        return [long]

    world.assistants.reply = wordy
    async with world.process() as bot:
        await bot.says("tell me", where=place())
        await world.platform.until_answered(place(), 1)
    texts = world.platform.texts(place())
    assert len(texts) > 5
    assert all(f"Paragraph {number} of" in " ".join(texts) for number in range(20))


async def test_text_that_grows_is_shown_while_it_grows(world: World) -> None:
    gate = asyncio.Event()

    async def halves(messages: list[Message]) -> list[str]:
        return ["first half, second half"]

    world.platform = FakePlatform(
        Capabilities(max_chars=2000, edits=True, streams=True, edit_interval_s=0.01)
    )
    world.assistants.reply = halves
    async with world.process() as bot:
        gate.set()
        await bot.says("go", where=place())
        await world.platform.until_answered(place(), 1)
    (shown,) = world.platform.conversations[place()]
    assert shown.versions[-1] == "first half, second half"


async def test_bots_and_empty_messages_start_nothing(world: World) -> None:
    async with world.process() as bot:
        await bot.says("beep", where=place(), who=replace(BOB, is_bot=True))
        await bot.says("   ", where=place())
        await bot.says("hello", where=place())
        assert await world.platform.until_answered(place(), 1) == ["You said: hello"]


async def test_a_message_that_is_too_long_is_refused_in_one_sentence(world: World) -> None:
    world.policy = Policy(longest_message=10)
    async with world.process() as bot:
        await bot.says("x" * 11, where=place())
    (text,) = world.platform.texts(place())
    assert "11 characters" in text
