"""What people used, and having oneself forgotten, in servers and in direct messages."""

from __future__ import annotations

from tests.discord_chat.world import ANN, BOB, MATHS, MENTION, World
from tests.fakes.discord.looks import Json, button


async def test_usage_and_sessions_are_told_to_one_person_alone(world: World) -> None:
    world.assistants.usage = {"prompt_tokens": 120, "completion_tokens": 7, "total_tokens": 127}
    async with world.process():
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} what is 2 + 2?")
        await world.replied(thread)
        await world.idle()
        mine = await world.discord.slash(ANN, thread, "usage")
        his = await world.discord.slash(BOB, thread, "usage")
        await world.until(lambda: "Today" in world.discord.answered(mine))
        await world.until(lambda: "Today" in world.discord.answered(his))
        listed = await world.discord.slash(ANN, thread, "sessions")
        await world.until(lambda: "what is 2 + 2?" in world.discord.answered(listed))
        await world.discord.post(ANN, thread, "!usage")
        await world.appears(thread, "Only you should see this")
    assert "Today: 1 answer, 120 tokens read and 7 written" in world.discord.answered(mine)
    assert "Today: nothing" in world.discord.answered(his)
    assert len(world.discord.told_alone(ANN, thread)) == 2
    assert not any("tokens" in said for said in world.discord.said(thread))


async def test_a_button_forgets_all_that_was_said_alone(world: World) -> None:
    async with world.process():
        await world.discord.post(ANN, world.dm, "my secret")
        await world.replied(world.dm)
        asked = await world.discord.slash(ANN, MATHS, "ask", question="another?", private=True)
        await world.until(lambda: world.discord.answered(asked))
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} in public")
        await world.replied(thread)
        await world.idle()
        question = await world.discord.slash(ANN, MATHS, "forget")
        await world.until(lambda: "cannot be taken back" in world.discord.answered(question))
        assert len(world.assistants.threads) == 3
        shown = _shown(world, question.original, MATHS)
        await world.discord.press(ANN, MATHS, shown["id"], button(shown, "forget"))
        await world.until(
            lambda: any("Forgotten" in said for said in world.discord.told_alone(ANN, MATHS))
        )
    (left,) = world.assistants.threads.values()
    assert "in public" in left[0].text


async def test_in_a_thread_ones_own_messages_go(world: World) -> None:
    async with world.process():
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} my secret")
        await world.replied(thread)
        await world.discord.post(BOB, thread, f"{MENTION} his words")
        await world.replied(thread, 2)
        await world.idle()
        question = await world.discord.slash(ANN, thread, "forget")
        await world.until(lambda: "my answers" in world.discord.answered(question))
        shown = _shown(world, question.original, thread)
        await world.discord.press(ANN, thread, shown["id"], button(shown, "forget"))
        await world.until(
            lambda: any("Forgotten" in said for said in world.discord.told_alone(ANN, thread))
        )
        assert not any("orgotten" in said for said in world.discord.said(thread))
    (kept,) = world.assistants.threads.values()
    said = [message.text for message in kept if message.role == "user"]
    assert len(said) == 1
    assert "his words" in said[0]


def _shown(world: World, message: str, channel: str) -> Json:
    """What one person alone was shown."""
    return world.discord.messages[f"{channel}/{ANN}"][message]
