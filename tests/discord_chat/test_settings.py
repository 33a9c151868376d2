"""`/settings`: what moderators decide about a channel or a server."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.discord.settings import COMMAND
from tests.discord_chat.world import ANN, BOB, LUNCH, MATHS, MENTION, World, is_answered
from tests.fakes.discord.looks import BOT, Json, button

CHANNELS, SERVER = 1 << 4, 1 << 5


async def settings(world: World, channel: str, *, rights: int = SERVER, **options: Any) -> str:
    """What Bob is told when he sets this."""
    asked = await world.discord.slash(BOB, channel, "settings", rights=rights, **options)
    await world.until(lambda: world.discord.answered(asked))
    return world.discord.answered(asked)


def test_discord_is_told_who_may_see_the_command() -> None:
    assert COMMAND["default_member_permissions"] == str(CHANNELS)
    assert COMMAND["contexts"] == [0]
    assert COMMAND["integration_types"] == [0]


async def test_what_holds_is_shown_to_the_moderator_alone(world: World) -> None:
    async with world.process():
        said = await settings(world, MATHS)
        assert "`mode: thread`" in said
        assert said.count("(by default)") == 5
        await settings(world, MATHS, where="server", mode="reply")
        said = await settings(world, MATHS, follow="never")
    assert (
        "`mode: reply` – I reply in the channel; a reply to me goes on (the whole server)" in said
    )
    assert "`follow: never` – A mention is always needed (this channel)" in said
    assert world.own(MATHS) == []


async def test_a_channel_comes_before_the_server_and_the_server_before_the_configuration(
    world: World,
) -> None:
    async with world.process():
        await settings(world, MATHS, where="server", mode="reply")
        await settings(world, LUNCH, mode="thread")
        await world.discord.post(ANN, MATHS, f"{MENTION} one")
        await world.replied(MATHS)
        asked = await world.discord.post(ANN, LUNCH, f"{MENTION} two")
        await world.replied(asked)
        await settings(world, MATHS, where="server", mode="unset")
        asked = await world.discord.post(ANN, MATHS, f"{MENTION} three")
        await world.replied(asked)
    assert len(world.own(MATHS)) == 1


async def test_what_is_set_outlives_the_process_and_reaches_the_others(world: World) -> None:
    async with world.process():
        await settings(world, MATHS, mode="reply")
    async with world.process() as one, world.process() as other:
        await world.discord.post(ANN, MATHS, f"{MENTION} one")
        await world.replied(MATHS)
        await settings(world, MATHS, answers="off")
        houses = (one.house, other.house)
        guild = world.discord.channels[MATHS]["guild_id"]
        await world.until(lambda: not any(house.at(guild, MATHS).answers for house in houses))
    assert len(world.assistants.runs) == 1


@pytest.mark.parametrize(
    ("rights", "where", "needed"),
    [(0, "channel", "Manage Channels"), (CHANNELS, "server", "Manage Server")],
)
async def test_only_moderators_may(world: World, rights: int, where: str, needed: str) -> None:
    async with world.process():
        assert needed in await settings(world, MATHS, rights=rights, where=where, mode="reply")
        assert "`mode: thread`" in await settings(world, MATHS)


@pytest.mark.parametrize("rights", [CHANNELS, SERVER, 1 << 3])
async def test_a_channel_is_set_by_whoever_may_manage_it(world: World, rights: int) -> None:
    async with world.process():
        said = await settings(world, MATHS, rights=rights, mode="user")
    assert "`mode: user`" in said


async def test_in_a_thread_it_is_about_the_channel(world: World) -> None:
    async with world.process():
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        await world.replied(thread)
        assert f"<#{MATHS}>" in await settings(world, thread, follow="never")
        await world.discord.post(ANN, thread, "are you there?")
        await world.discord.post(ANN, thread, f"{MENTION} and now?")
        await world.replied(thread, 2)
        await world.idle()
    assert "are you there?" not in "".join(m.text for m in world.assistants.sent)


@pytest.mark.parametrize("bots", ["everybody", f"<@{BOT}>", "7", "300000000000000009 please"])
async def test_bots_are_named_by_their_ids(world: World, bots: str) -> None:
    async with world.process():
        assert "`bots: none`" not in await settings(world, MATHS, bots=bots)
        assert "`bots: none`" in await settings(world, MATHS)


async def test_where_it_is_switched_off_nobody_is_answered_but_alone(world: World) -> None:
    async with world.process():
        await settings(world, LUNCH, where="server", answers="off")
        await settings(world, MATHS, answers="on")
        await world.discord.post(ANN, LUNCH, f"{MENTION} hello")
        asked = await world.discord.slash(ANN, LUNCH, "ask", question="hello?")
        await world.until(lambda: "switched me off" in world.discord.answered(asked))
        alone = await world.discord.slash(ANN, LUNCH, "ask", question="psst", private=True)
        await world.until(lambda: world.discord.answered(alone) == "You said: psst")
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        await world.replied(thread)
        await world.discord.post(ANN, LUNCH, f"{MENTION} !return")
        await world.discord.post(ANN, LUNCH, f"{MENTION} hello")
        await world.discord.post(ANN, thread, "go on")
        await world.replied(thread, 2)
        await world.idle()
    assert world.own(LUNCH) == []
    assert len(world.assistants.runs) == 3


async def test_switching_on_ends_a_leave(world: World) -> None:
    async with world.process():
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        await world.replied(thread)
        await world.discord.post(ANN, thread, "!leave")
        await world.appears(thread, "answer nobody in this channel")
        asked = await world.discord.slash(ANN, MATHS, "ask", question="hello?")
        await world.until(lambda: "asked to be silent" in world.discord.answered(asked))
        assert "sent me out" in await settings(world, MATHS)
        assert "sent me out" not in await settings(world, MATHS, answers="on")
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        await world.replied(thread)


async def test_the_introduction_can_be_switched_off(world: World) -> None:
    world.introduces = True
    async with world.process():
        await settings(world, MATHS, introduction="off")
        quiet = await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        told = await world.discord.post(ANN, LUNCH, f"{MENTION} hello")
        await world.replied(quiet)
        await world.appears(told, "my first answer in this channel")
        await world.idle()
    assert not any("first answer" in said for said in world.discord.said(quiet))


async def test_an_answer_keeps_its_conversation_when_the_mode_changes(world: World) -> None:
    async with world.process():
        await settings(world, MATHS, mode="channel")
        await world.discord.post(ANN, MATHS, f"{MENTION} one")
        await world.replied(MATHS)
        await world.idle()
        (answer,) = world.own(MATHS)
        await settings(world, MATHS, mode="reply")
        await world.discord.press(ANN, MATHS, answer["id"], button(answer, "regenerate"))
        await world.until(lambda: len(world.assistants.runs) == 2)
        await world.idle()
        await world.discord.post(ANN, MATHS, "two", reply_to=answer["id"])
        await world.replied(MATHS, 2)
    assert len(world.own(MATHS)) == 2
    assert len(world.assistants.threads) == 1


async def test_each_person_has_a_conversation_in_the_channel(world: World) -> None:
    async with world.process():
        await settings(world, MATHS, mode="user")
        first = await world.discord.post(ANN, MATHS, f"{MENTION} I am Ann")
        await world.replied(MATHS)
        await world.discord.post(BOB, MATHS, f"{MENTION} I am Bob")
        await world.replied(MATHS, 2)
        await world.discord.post(ANN, MATHS, "Bob, shall we have lunch?")
        await world.discord.slash(ANN, MATHS, "ask", question="who am I?")
        await world.replied(MATHS, 3)
        await world.idle()
        (answer,) = (m for m in world.own(MATHS) if _replies_to(m, first))
        await world.discord.post(BOB, MATHS, "and I?", reply_to=answer["id"])
        await world.replied(MATHS, 4)
        await world.idle()
    threads = world.assistants.threads.values()
    asked = sorted([m.text.split("] ")[-1] for m in one if m.role == "user"] for one in threads)
    assert asked == [["I am Ann", "who am I?"], ["I am Bob", "and I?"]]


async def test_an_admin_presses_in_the_conversation_of_whoever_asked(world: World) -> None:
    async with world.process():
        await settings(world, MATHS, mode="user")
        await world.discord.post(ANN, MATHS, f"{MENTION} one")
        await world.replied(MATHS)
        await world.idle()
        (answer,) = [m for m in world.own(MATHS) if is_answered(m)]
        press = button(answer, "regenerate")
        await world.discord.press(BOB, MATHS, answer["id"], press)
        await world.until(lambda: world.discord.told_alone(BOB, MATHS)[-1:] != [])
        await world.discord.press(BOB, MATHS, answer["id"], press, admin=True)
        await world.until(lambda: len(world.assistants.runs) == 2)
        await world.idle()
    assert len(world.assistants.threads) == 1


@pytest.mark.parametrize("mode", ["user", "reply"])
async def test_what_is_deleted_in_a_channel_leaves_its_conversation(
    world: World, mode: str
) -> None:
    async with world.process():
        await settings(world, MATHS, mode=mode)
        await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        await world.replied(MATHS)
        await world.idle()
        answer = world.own(MATHS)[-1]
        secret = await world.discord.post(ANN, MATHS, "password: 1234", reply_to=answer["id"])
        await world.replied(MATHS, 2)
        await world.idle()
        await world.discord.delete(MATHS, secret)

        def remains() -> str:
            everything = (m for one in world.assistants.threads.values() for m in one)
            return str([m.text for m in everything if m.role == "user"])

        await world.until(lambda: "1234" not in remains())
    assert "hello" in remains()


async def test_it_works_by_http_and_where_the_bot_may_not_write(world: World) -> None:
    world.discord.permissions = str(1 << 10)
    async with world.by_http():
        assert "`mode: reply`" in await settings(world, MATHS, mode="reply")
        assert "`mode: reply`" in await settings(world, MATHS)
    assert world.own(MATHS) == []


def _replies_to(message: Json, asked: str) -> bool:
    return message.get("message_reference", {}).get("message_id") == asked
