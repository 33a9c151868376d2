"""Other bots and webhooks: guests by name, and no talk without people."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.discord.programs import MOST
from tests.discord_chat.world import ANN, LUNCH, MATHS, MENTION, World, is_answered
from tests.fakes.discord.looks import BOT, Json, user

ROBOT = "300000000000000009"
HOOK = "700000000000000001"


def robot(world: World) -> Json:
    """Another bot."""
    return world.discord.people.setdefault(ROBOT, user(ROBOT, "Robot", bot=True))


async def says(world: World, channel: str, text: str, **extra: Any) -> str:
    """The other bot writes."""
    return await world.discord.post(ANN, channel, text, author=robot(world), **extra)


async def test_a_bot_that_is_let_in_may_ask_by_a_mention(world: World) -> None:
    world.settings["bobbin_discord_bots"] = ROBOT
    async with world.process():
        await says(world, MATHS, "I talk to myself")
        await says(world, MATHS, "<@300000000000000002> hello")
        thread = await says(world, MATHS, f"{MENTION} what is 2 + 2?")
        assert await world.replied(thread) == [f"You said: [robot #{ROBOT}] what is 2 + 2?"]
        await says(world, thread, "no mention here")
        await says(world, thread, f"{MENTION} !new")
        await world.idle()
    assert len(world.assistants.runs) == 1


async def test_a_webhook_that_is_let_in_may_ask(world: World) -> None:
    hook = {"id": HOOK, "username": "Alerts", "bot": True}
    async with world.process():
        given: dict[str, Any] = {"bots": HOOK, "rights": 1 << 4}
        asked = await world.discord.slash(ANN, MATHS, "settings", **given)
        await world.until(lambda: HOOK in world.discord.answered(asked))
        for channel in (LUNCH, MATHS):
            text = f"{MENTION} what does E42 mean?"
            thread = await world.discord.post(ANN, channel, text, author=hook, webhook_id=HOOK)
        await world.replied(thread)
        await world.idle()
    assert len(world.assistants.runs) == 1


async def test_a_bot_that_answers_every_answer_is_left_alone_after_some_turns(
    world: World,
) -> None:
    world.settings |= {"bobbin_discord_bots": ROBOT, "bobbin_discord_mode": "reply"}
    async with world.process():
        last = ""
        for number in range(MOST):
            await says(world, MATHS, f"{MENTION} and {number}?", reply_to=last)
            await world.replied(MATHS, number + 1)
            last = str([m for m in world.own(MATHS) if is_answered(m)][-1]["id"])
        await says(world, MATHS, "And again?", reply_to=last)
        await world.appears(MATHS, "no person in between")
        for _ in range(3):
            await says(world, MATHS, f"{MENTION} and again?")
        await world.idle()
        assert len(world.assistants.runs) == MOST
        await says(world, LUNCH, f"{MENTION} elsewhere")
        await world.replied(LUNCH)
        await world.discord.post(ANN, MATHS, "I am here")
        await says(world, MATHS, f"{MENTION} once more")
        await world.replied(MATHS, MOST + 1)
    assert sum("no person in between" in said for said in world.discord.said(MATHS)) == 1


async def test_the_row_is_counted_over_threads_and_over_restarts(world: World) -> None:
    world.settings["bobbin_discord_bots"] = ROBOT
    for number in range(MOST):
        async with world.process():
            await world.replied(await says(world, MATHS, f"{MENTION} number {number}"))
    async with world.process():
        await says(world, MATHS, f"{MENTION} too many")
        await world.appears(MATHS, "no person in between")
        await world.idle()
    assert len(world.assistants.runs) == MOST


async def test_what_comes_twice_counts_once(world: World) -> None:
    world.settings["bobbin_discord_bots"] = ROBOT
    world.discord.deliveries = 3
    async with world.process(), world.process():
        for number in range(MOST):
            await world.replied(await says(world, MATHS, f"{MENTION} number {number}"))
        await world.idle()
    assert len(world.assistants.runs) == MOST


async def test_what_a_bot_changes_later_is_not_looked_at(world: World) -> None:
    world.settings["bobbin_discord_bots"] = ROBOT
    async with world.process():
        asked = await says(world, MATHS, f"{MENTION} thinking")
        await world.replied(asked)
        await world.discord.edit(MATHS, asked, f"{MENTION} thinking a lot")
        await world.discord.post(ANN, MATHS, "hm")
        await world.idle()
    assert not any("You changed" in said for said in world.discord.said(asked))


@pytest.mark.parametrize("mode", ["thread", "channel"])
async def test_our_own_messages_start_nothing_even_if_somebody_lets_us_in(
    world: World, mode: str
) -> None:
    world.settings |= {"bobbin_discord_bots": BOT, "bobbin_discord_mode": mode}
    async with world.process():
        ours = world.discord.people[BOT]
        await world.discord.post(ANN, MATHS, f"{MENTION} myself", author=ours)
        await world.discord.post(ANN, LUNCH, f"{MENTION} hello")
        await world.until(lambda: world.assistants.runs)
        await world.idle()
    assert len(world.assistants.runs) == 1
