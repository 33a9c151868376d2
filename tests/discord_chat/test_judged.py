"""The bot in a guild that others wrote: what we send has to pass rules that are not ours."""

from __future__ import annotations

from typing import Any

import discord

from core.assistants import Message
from core.chat.function_ports import Traits
from tests.discord_chat.judged import judged
from tests.discord_chat.world import World
from tests.fakes.assistants import Wants
from tests.patience import until
from tests.servers import Server


def _place(env: Any) -> tuple[Any, Any]:
    """A channel, and somebody who may write there."""
    guild = env.create_guild()
    return guild.create_text_channel("maths"), guild.add_member(env.create_user("Ann"))


def _mention(env: Any, text: str) -> str:
    return f"<@{env.backend.bot_user.id}> {text}"


async def _listening(world: World) -> None:
    await until(lambda: world.discord.listening)


async def _thread_of(channel: Any) -> Any:
    await until(lambda: channel.threads)
    return channel.threads[0]


async def test_a_mention_is_answered_in_a_thread_where_the_talk_goes_on(
    chat_server: Server,
) -> None:
    async with judged(chat_server) as (world, env), world.process():
        await _listening(world)
        maths, ann = _place(env)
        await ann.send(maths, _mention(env, "hello"))
        thread = await _thread_of(maths)
        await world.replied(str(thread.id))
        await ann.send(thread, "and more")
        assert (await world.replied(str(thread.id), 2))[1].endswith("and more")
        await world.idle()
        answer = thread.last_message
        await ann.click(answer, label="Regenerate")
        await until(lambda: len(world.assistants.runs) == 3)
        await world.idle()
    assert len(world.own(str(thread.id))) == 2


async def test_a_question_by_a_command_in_private_and_in_direct_messages(
    chat_server: Server,
) -> None:
    async with judged(chat_server) as (world, env), world.process():
        await _listening(world)
        maths, ann = _place(env)
        await ann.slash(maths, "ask", question="what is 2 + 2?")
        thread = await _thread_of(maths)
        assert "what is 2 + 2?" in (await world.replied(str(thread.id)))[0]
        asked = await ann.slash(maths, "ask", question="a secret?", private=True)
        await until(lambda: asked.response and "a secret?" in str(asked.response.content))
        said = await ann.send_dm("hello")
        assert await world.replied(str(said.channel.id)) == ["You said: hello"]
        assert asked.ephemeral


async def test_long_answers_tables_and_files_are_taken(chat_server: Server) -> None:
    async def reply(_: list[Message]) -> list[str]:
        rows = "\n".join(f"| {number} | {number**2} |" for number in range(1200))
        return [f"# Squares\n\n| n | n² |\n|--:|--:|\n{rows}\n\n||spoiler for you||"]

    async with judged(chat_server) as (world, env), world.process():
        world.assistants.reply = reply
        world.assistants.files["file_1"] = ("plot.png", b"\x89PNG\r\n\x1a\nplot")
        world.assistants.shows = ("file_1",)
        await _listening(world)
        _, ann = _place(env)
        said = await ann.send_dm("squares?")
        await world.replied(str(said.channel.id))
        await world.idle()
        *parts, last = world.own(str(said.channel.id))
    assert len(parts) == 4
    assert [one["filename"] for one in last["attachments"]] == ["answer.md", "plot.png"]


async def test_somebody_has_to_allow_a_call_by_a_button(chat_server: Server) -> None:
    async with judged(chat_server) as (world, env):
        world.functions.add("refund", traits=Traits(approval=True))
        world.assistants.tools = ({"type": "function", "function": {"name": "refund"}},)

        async def reply(_: list[Message]) -> list[str]:
            if not world.assistants.outputs:
                raise Wants(("call_1", "refund", '{"order": "A-17"}'))
            return ["It is done."]

        world.assistants.reply = reply
        async with world.process():
            await _listening(world)
            maths, ann = _place(env)
            await ann.send(maths, _mention(env, "refund it"))
            thread = await _thread_of(maths)
            await until(lambda: "approve" in str(world.own(str(thread.id))))
            await ann.click(thread.last_message, label="Approve")
            await world.replied(str(thread.id))
            await world.idle()
    assert world.functions.calls == [("refund", '{"order": "A-17"}')]


async def test_where_the_bot_may_not_write_the_asker_is_answered_alone(
    chat_server: Server,
) -> None:
    async with judged(chat_server) as (world, env), world.process():
        await _listening(world)
        guild = env.create_guild()
        people = guild.create_role("people")
        silent = discord.PermissionOverwrite(
            send_messages=False, create_public_threads=False, send_messages_in_threads=False
        )
        speaks = discord.PermissionOverwrite(send_messages=True)
        maths = guild.create_text_channel(
            "maths", overwrites={guild.default_role: silent, people: speaks}
        )
        ann = guild.add_member(env.create_user("Ann"), roles=[people])
        await ann.send(maths, _mention(env, "hello"))
        direct = env.backend.dm_channels
        await until(lambda: direct.get(ann.id))
        why, answer = await _both(world, str(direct[ann.id]))
        assert f"I may not write in <#{maths.id}>" in why
        assert "hello" in answer
        assert world.own(str(maths.id)) == []


async def _both(world: World, channel: str) -> list[str]:
    """What is said there, once it is answered."""
    await world.replied(channel)
    return [str(one["content"]) for one in world.own(channel)]
