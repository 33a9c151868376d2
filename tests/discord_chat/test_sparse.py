"""Where what answers is less than Discord, each question gets its answer all the same."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.discord.words import mentions
from tests.chat.flow import emptied
from tests.discord_chat.world import ANN, MATHS, MENTION, World
from tests.fakes.discord.looks import APP, GUILD
from tests.fakes.discord.sparse import SparseDiscord
from tests.servers import Server

FEW = r"applications/@me|GET .*/commands$|GET /channels/"


@asynccontextmanager
async def talking(store: Server, discord: SparseDiscord) -> AsyncIterator[World]:
    async with emptied(store) as client:
        try:
            await discord.open()
            world = World(client, discord)
            async with world.process():
                yield world
            await world.assistants.aclose()
        finally:
            await discord.close()


@pytest.mark.parametrize("without", [r"^$", r"applications/@me", FEW])
async def test_the_least_that_an_event_says_is_answered(chat_server: Server, without: str) -> None:
    discord = SparseDiscord(without=without)
    async with talking(chat_server, discord) as world:
        asked = await discord.post(ANN, MATHS, f"{MENTION} one")
        assert (await world.replied(asked))[0].endswith("one")
        await discord.post(ANN, world.dm, "two")
        assert await world.replied(world.dm) == ["You said: two"]
        question = await discord.slash(ANN, MATHS, "ask", question="three")
        await world.until(lambda: question.original in discord.channels)
        assert (await world.replied(question.original))[0].endswith("three")


async def test_the_api_says_where_its_gateway_is(world: World) -> None:
    world.settings["discord_gateway_url"] = None
    async with world.process():
        await world.discord.post(ANN, world.dm, "one")
        assert await world.replied(world.dm) == ["You said: one"]
    assert world.discord.identifies == 1


async def test_where_no_threads_are_the_channel_has_the_answer(chat_server: Server) -> None:
    discord = SparseDiscord(without=r"/threads$|/typing$|GET /channels/")
    async with talking(chat_server, discord) as world:
        await discord.post(ANN, MATHS, f"{MENTION} one")
        assert (await world.replied(MATHS))[0].endswith("one")


async def test_what_nobody_understands_ends_no_connection(chat_server: Server) -> None:
    async with talking(chat_server, SparseDiscord()) as world:
        world.discord.emit("TYPING_START", {})
        world.discord.emit("MESSAGE_CREATE", {"id": "1", "channel_id": MATHS})
        world.discord.emit("GUILD_ROLE_UPDATE", {"guild_id": GUILD})
        asked = await world.discord.post(ANN, MATHS, f"{MENTION} one")
        assert (await world.replied(asked))[0].endswith("one")
        assert world.discord.identifies == 1


async def test_interactions_by_http_are_answered_in_their_requests(world: World) -> None:
    async with world.by_http():
        asked = await world.discord.slash(ANN, MATHS, "ask", question="by another way?")
        assert asked.acked == {"type": 5}
        await world.until(lambda: asked.original in world.discord.channels)
        await world.replied(asked.original)
        helped = await world.discord.slash(ANN, MATHS, "help")
        await world.until(lambda: "/ask" in world.discord.answered(helped))
        least = {"id": "77", "application_id": APP, "type": 2, "token": "t", "channel_id": MATHS}
        least |= {"user": {"id": ANN, "username": "ann"}, "data": {"name": "help", "type": 1}}
        status, said = await world.discord.call(json.dumps(least).encode())
        assert (status, json.loads(said)) == (200, {"type": 5, "data": {"flags": 64}})
    assert not world.discord.called("POST", "/callback$")


def test_a_mention_in_code_is_none() -> None:
    assert mentions("so, <@12> what?", "12")
    assert mentions("<@!12>", "12")
    assert not mentions("<@123>", "12")
    for text in ("`<@12>`", "```\n<@12>\n```", "\\<@12>"):
        assert not mentions(text, "12")
