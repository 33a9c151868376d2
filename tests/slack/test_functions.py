"""Calls that wait for a person's yes, what an answer is made of, and what people think of it."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from core.assistants import Message
from core.chat.function_ports import Traits
from tests.fakes.assistants import FakeAssistants, Wants
from tests.fakes.functions import FakeFunctions
from tests.fakes.slack.looks import Json, buttons, cards, small_print, words
from tests.patience import PATIENCE_S
from tests.slack.world import ANN, BOB, BOT, CHANNEL, DM, World

REFUND = ("call_1", "refund", '{"order": "A-17"}')


@pytest.fixture
def own(world: World) -> FakeFunctions:
    """A refund, which needs a yes; the model asks for it and says what came of it."""
    functions = world.own_functions = FakeFunctions()
    functions.add("refund", traits=Traits(approval=True))
    service: FakeAssistants = world.assistants
    service.tools = ({"type": "function", "function": {"name": "refund"}},)

    async def reply(_: list[Message]) -> list[str]:
        if not service.outputs:
            raise Wants(REFUND)
        return [f"The refund: {service.outputs['call_1']}"]

    service.reply = reply
    return functions


async def asked(world: World, channel: str, root: str) -> Json:
    """The question, once it stands there and the turn waits."""
    await world.appears(channel, root, "May I run this?")
    async with asyncio.timeout(PATIENCE_S):
        while not world.slack.statuses or world.slack.statuses[-1][2] != "suspended":
            await asyncio.sleep(0.01)
    (question,) = [m for m in world.own(channel, root) if "May I run" in words(m)]
    return question


def value_of(message: Json, action_id: str) -> str:
    """What a button carries."""
    for block in cast("list[Json]", message["blocks"]):
        for element in cast("list[Json]", block.get("elements") or []):
            if element["action_id"] == action_id:
                return str(element.get("positive_button", element)["value"])
    raise AssertionError(f"no {action_id}")


async def test_a_yes_by_a_button_runs_it_once(world: World, own: FakeFunctions) -> None:
    async with world.process():
        root = await world.slack.post(ANN, CHANNEL, f"{BOT} refund A-17")
        question = await asked(world, CHANNEL, root)
        assert 'refund(order="A-17")' in words(question)
        assert own.calls == []
        yes = value_of(question, "bobbin:approve")
        await world.slack.press(BOB, CHANNEL, question["ts"], "bobbin:approve", yes)
        await world.appears(CHANNEL, root, "Only the person who asked")
        assert own.calls == []
        for _ in range(2):
            await world.slack.press(ANN, CHANNEL, question["ts"], "bobbin:approve", yes)
        await world.appears(CHANNEL, root, "The refund: done")
        await world.idle()
    assert own.calls == [("refund", '{"order": "A-17"}')]
    after = world.slack.messages[CHANNEL][question["ts"]]
    assert "Approved by" in words(after)
    assert buttons(after) == []
    world.at_rest()


async def test_while_somebody_is_asked_no_stream_is_open(world: World, own: FakeFunctions) -> None:
    async with world.process():
        ts = await world.slack.post(ANN, DM, "refund A-17")
        question = await asked(world, DM, ts)
        (work,) = [m for m in world.own(DM, ts) if small_print(m)]
        assert (small_print(work), cards(work)) == ("Using refund…", [])
        assert world.slack.streams == 0
        yes = value_of(question, "bobbin:approve")
        await world.slack.press(ANN, DM, question["ts"], "bobbin:approve", yes)
        await world.appears(DM, ts, "The refund: done")
        await world.idle()
        await world.signs_off()
    assert small_print(world.slack.messages[DM][work["ts"]]) == "Used refund"
    assert words(world.slack.messages[DM][work["ts"]]).startswith("The refund: done")
    assert len(own.calls) == 1
    world.at_rest()


async def test_a_no_by_a_button_is_told_to_the_model(world: World, own: FakeFunctions) -> None:
    async with world.process():
        ts = await world.slack.post(ANN, DM, "refund A-17")
        question = await asked(world, DM, ts)
        no = value_of(question, "bobbin:deny")
        await world.slack.press(ANN, DM, question["ts"], "bobbin:deny", no)
        await world.appears(DM, ts, "denied this call")
        await world.idle()
    assert own.calls == []
    assert "Denied by" in words(world.slack.messages[DM][question["ts"]])
    world.at_rest()


async def test_a_question_outlives_the_process_that_asked(world: World, own: FakeFunctions) -> None:
    async with world.process():
        ts = await world.slack.post(ANN, DM, "refund A-17")
        question = await asked(world, DM, ts)
    async with world.process():
        yes = value_of(question, "bobbin:approve")
        await world.slack.press(ANN, DM, question["ts"], "bobbin:approve", yes)
        await world.appears(DM, ts, "The refund: done")
        await world.idle()
    assert len(own.calls) == 1
    assert len([m for m in world.own(DM, ts) if "May I run" in words(m)]) == 1
    world.at_rest()


@pytest.mark.parametrize("by", ["button", "!work"])
async def test_how_an_answer_came_about_can_be_seen(
    world: World, own: FakeFunctions, by: str
) -> None:
    own.declared["refund"] = Traits()
    async with world.process():
        root = await world.slack.post(ANN, CHANNEL, f"{BOT} refund A-17")
        await world.appears(CHANNEL, root, "The refund: done")
        await world.idle()
        answer = world.own(CHANNEL, root)[-1]
        assert "bobbin:work" in buttons(answer)
        if by == "button":
            about = value_of(answer, "bobbin:work")
            await world.slack.press(ANN, CHANNEL, answer["ts"], "bobbin:work", about)
        else:
            await world.slack.post(ANN, CHANNEL, by, thread_ts=root)
        await world.appears(CHANNEL, root, 'refund(order="A-17")')
    shown = words(world.own(CHANNEL, root)[-1])
    assert 'done: {"order": "A-17"}' in shown


async def test_what_somebody_thinks_of_an_older_answer_is_kept_with_its_run(world: World) -> None:
    async with world.process():
        first = await world.slack.post(ANN, DM, "first")
        await world.replied(DM, first)
        second = await world.slack.post(ANN, DM, "second")
        await world.replied(DM, second)
        await world.idle()
        (answer,) = world.own(DM, first)
        value = value_of(answer, "bobbin:feedback")
        await world.slack.press(ANN, DM, answer["ts"], "bobbin:feedback", value)
    older, newer = world.assistants.runs.values()
    assert older.metadata["bobbin_feedback"] == f"good by {ANN}"
    assert "bobbin_feedback" not in newer.metadata


async def test_nobody_sees_the_work_of_a_conversation_that_is_not_theirs(
    world: World, own: FakeFunctions
) -> None:
    own.declared["refund"] = Traits()
    async with world.process():
        root = await world.slack.post(ANN, CHANNEL, f"{BOT} refund A-17")
        await world.appears(CHANNEL, root, "The refund: done")
        await world.idle()
        (run,) = world.assistants.runs.values()
        ts = await world.slack.post(BOB, "D0BOB", f"!work {run.thread_id} {run.id}")
        await world.appears("D0BOB", ts, "no answer here")
    assert "A-17" not in str(world.slack.messages["D0BOB"])
