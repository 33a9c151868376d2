"""People and Bobbin in a workspace."""

from __future__ import annotations

from tests.fakes.slack.looks import buttons
from tests.slack.world import ANN, BOT, CHANNEL, DM, World


async def test_a_mention_is_answered_in_the_thread_under_it(world: World) -> None:
    async with world.process():
        ts = await world.slack.post(ANN, CHANNEL, f"{BOT} what is 2 + 2?")
        assert await world.replied(CHANNEL, ts) == ["You said: what is 2 + 2?"]
    assert len(world.slack.called("chat.postMessage")) <= 1
    (reply,) = world.own(CHANNEL, ts)
    assert "bobbin:regenerate" in buttons(reply)


async def test_direct_messages_go_on_under_the_message_asked(world: World) -> None:
    async with world.process():
        first = await world.slack.post(ANN, DM, "I am Ann")
        assert await world.replied(DM, first) == ["You said: I am Ann"]
        second = await world.slack.post(ANN, DM, "who am I?")
        assert await world.replied(DM, second) == ["You said: who am I?"]
    assert len(world.assistants.threads) == 1
