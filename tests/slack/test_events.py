"""What starts a turn, what does not, and that nothing is lost or taken twice on its way in."""

from __future__ import annotations

import asyncio

from tests.fakes.slack.looks import words
from tests.patience import until
from tests.slack.world import ANN, BOT, CHANNEL, DM, World


async def test_every_event_three_times_is_one_answer(world: World) -> None:
    world.slack.deliveries = 3
    async with world.process():
        root = await world.slack.post(ANN, CHANNEL, f"{BOT} hello")
        await world.replied(CHANNEL, root)
        await world.idle()
    assert len(world.own(CHANNEL, root)) == 1
    assert len(world.assistants.runs) == 1


async def test_an_edit_that_adds_a_mention_starts_a_turn_once(world: World) -> None:
    async with world.process():
        ts = await world.slack.post(ANN, CHANNEL, "what is 2 + 2?")
        await world.slack.edit(CHANNEL, ts, f"{BOT} what is 2 + 2?")
        await world.replied(CHANNEL, ts)
        await world.slack.edit(CHANNEL, ts, f"{BOT} what is 2 + 2?", unfurl=True)
        await world.idle()
    assert len(world.assistants.runs) == 1


async def test_a_later_edit_offers_to_answer_again(world: World) -> None:
    async with world.process():
        ts = await world.slack.post(ANN, DM, "what is 2 + 2?")
        await world.replied(DM, ts)
        await world.idle()
        await world.slack.edit(DM, ts, "what is 2 + 3?")
        await world.appears(DM, ts, "Regenerate")
        answer = world.own(DM, ts)[0]
        await world.slack.press(ANN, DM, answer["ts"], "bobbin:regenerate", "regenerate")
        await world.idle()
    assert words(world.own(DM, ts)[0]) == "You said: what is 2 + 3?"


async def test_bots_joins_and_our_own_posts_start_nothing(world: World) -> None:
    async with world.process():
        for user, extra in (
            ("U9", {"bot_id": "B9"}),
            ("U9", {"subtype": "bot_message", "bot_id": "B9"}),
            (ANN, {"subtype": "channel_join"}),
            ("U0BOT", {"bot_id": "B0BOT"}),
            (ANN, {"subtype": "message_replied"}),
        ):
            await world.slack.post(user, CHANNEL, f"{BOT} hello", files=None, **extra)
        await world.slack.event({"type": "channel_rename", "channel": {"id": CHANNEL}})
        await world.idle()
    assert not world.assistants.runs


async def test_people_of_other_organisations_are_not_answered_unless_asked_for(
    world: World,
) -> None:
    async with world.process():
        await world.slack.post(ANN, CHANNEL, f"{BOT} hello", user_team="T9OTHER")
        await until(lambda: world.slack.called("chat.postEphemeral"))
        await world.slack.post(ANN, CHANNEL, "hello all", user_team="T9OTHER")
        await world.idle()
    assert not world.assistants.runs
    (told,) = world.slack.called("chat.postEphemeral")
    assert told["user"] == ANN
    world.settings["bobbin_slack_strangers"] = True
    async with world.process():
        root = await world.slack.post(ANN, CHANNEL, f"{BOT} hello", user_team="T9OTHER")
        await world.replied(CHANNEL, root)


async def test_what_the_store_does_not_take_is_not_acknowledged(world: World) -> None:
    async with world.process():
        await world.break_store()
        posting = asyncio.create_task(world.slack.post(ANN, DM, "are you there?"))
        await asyncio.sleep(0.3)
        await world.mend_store()
        ts = await posting
        assert await world.replied(DM, ts) == ["You said: are you there?"]


async def test_a_socket_that_slack_closes_is_opened_again(world: World) -> None:
    async with world.process():
        await world.slack.drop_sockets()
        ts = await world.slack.post(ANN, DM, "hello")
        await world.replied(DM, ts)


async def test_signed_requests_are_the_other_way_in(world: World) -> None:
    async with world.by_http():
        root = await world.slack.post(ANN, CHANNEL, f"{BOT} hello")
        await world.replied(CHANNEL, root)
        await world.slack.slash(ANN, CHANNEL, "help")
        world.slack.signing_secret = "another one"
        await world.slack.post(ANN, CHANNEL, f"{BOT} forged")
        await world.idle()
    assert len(world.assistants.runs) == 1
    assert world.slack.unacknowledged
    world.slack.unacknowledged.clear()


async def test_a_question_by_slash_command_is_answered_for_the_asker_alone(world: World) -> None:
    async with world.process():
        told = await world.slack.slash(ANN, CHANNEL, "ask what is 2 + 2?")
        assert "Only you" in told["text"]
        await until(lambda: world.slack.called("chat.postEphemeral"))
        await world.idle()
    (call,) = world.slack.called("chat.postEphemeral")
    assert call["user"] == ANN
    assert "2 + 2" in str(call["blocks"])
    assert not world.slack.messages[CHANNEL]


async def test_slash_commands_in_direct_messages_are_about_that_conversation(world: World) -> None:
    async with world.process():
        await world.replied(DM, await world.slack.post(ANN, DM, "first"))
        await world.idle()
        await world.slack.slash(ANN, DM, "new")
        ts = await world.slack.post(ANN, DM, "second")
        await world.replied(DM, ts)
        told = await world.slack.slash(ANN, DM, "nonsense")
        assert "I know no" in told["text"]
    assert len(world.assistants.threads) == 2


async def test_people_of_other_organisations_press_nothing(world: World) -> None:
    async with world.process():
        root = await world.slack.post(ANN, CHANNEL, f"{BOT} hello")
        await world.replied(CHANNEL, root)
        await world.idle()
        (answer,) = world.own(CHANNEL, root)
        ts, press = answer["ts"], world.slack.press
        await press("U0EVE", CHANNEL, ts, "bobbin:new", "new", team="T9OTHER")
        await press("U0EVE", CHANNEL, ts, "bobbin:regenerate", "", team="T9OTHER")
        await world.slack.post(ANN, CHANNEL, "go on", thread_ts=root)
        await world.replied(CHANNEL, root, 2)
    assert len(world.own(CHANNEL, root)) == 2
    assert len(world.assistants.threads) == 1


async def test_a_command_that_is_told_again_and_again_is_carried_out_once(world: World) -> None:
    world.slack.deliveries = 3
    async with world.process(), world.process():
        root = await world.slack.post(ANN, CHANNEL, f"{BOT} hello")
        await world.replied(CHANNEL, root)
        await world.idle()
        await world.slack.post(ANN, CHANNEL, f"{BOT} !new", thread_ts=root)
        await world.slack.post(ANN, CHANNEL, f"{BOT} !help", thread_ts=root)
        await world.appears(CHANNEL, root, "`!help`")
        await world.idle()
    said = [words(message) for message in world.own(CHANNEL, root)]
    assert len(said) == 3
    assert "number 2" in said[1]


async def test_a_stop_that_comes_again_later_leaves_the_next_answer_alone(world: World) -> None:
    world.assistants.before_last = asyncio.Event()
    async with world.process():
        root = await world.slack.post(ANN, CHANNEL, f"{BOT} one two three four")
        await world.appears(CHANNEL, root, "You said")
        stop = await world.slack.press_stop(ANN, CHANNEL, root)
        await world.appears(CHANNEL, root, "stopped")
        await world.idle()
        await world.slack.post(ANN, CHANNEL, f"{BOT} five six seven", thread_ts=root)
        await until(lambda: len(world.own(CHANNEL, root)) == 2)
        await world.slack.event(stop)
        world.assistants.before_last.set()
        await world.appears(CHANNEL, root, "seven")
        await world.idle()
    assert "stopped" not in words(world.own(CHANNEL, root)[-1])
