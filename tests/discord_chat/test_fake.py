"""That our fake of Discord is one that clients which we did not write can talk to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import discord
import hikari
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.fakes.discord.looks import BOT
from tests.fakes.discord.people import FakeDiscord
from tests.patience import until

ANN, MATHS = "300000000000000002", "400000000000000001"


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord.running() as made:
        made.person(ANN, "Ann")
        made.add_channel(MATHS, "maths")
        made.commands = [{"name": "ask"}]
        yield made


async def test_hikari_hears_answers_and_acknowledges(fake: FakeDiscord) -> None:
    made: Any = hikari
    wanted = made.Intents.GUILDS | made.Intents.GUILD_MESSAGES | made.Intents.DM_MESSAGES
    bot: Any = made.GatewayBot(
        token=fake.token,
        rest_url=fake.url,
        banner=None,
        logs=None,
        intents=wanted | made.Intents.MESSAGE_CONTENT,
    )

    async def echo(event: Any) -> None:
        if event.is_human:
            await event.message.respond(f"echo {event.content}")

    async def answer(event: Any) -> None:
        kind = made.ResponseType.DEFERRED_MESSAGE_CREATE
        await event.interaction.create_initial_response(kind)
        await event.interaction.edit_initial_response("answered")
        await event.interaction.execute("and more")

    bot.subscribe(made.MessageCreateEvent, echo)
    bot.subscribe(made.InteractionCreateEvent, answer)
    await bot.start()
    try:
        await fake.post(ANN, MATHS, "hello")
        await fake.post(ANN, fake.dm(ANN), "in private")
        asked = await fake.slash(ANN, MATHS, "ask", question="why?")
        await until(lambda: "and more" in fake.said(MATHS))
        await until(lambda: fake.said(fake.dm(ANN)) == ["echo in private"])
    finally:
        await bot.close()
    assert "echo hello" in fake.said(MATHS)
    assert fake.answered(asked) == "answered"


async def test_unpatched_discord_py_finds_what_it_knows(fake: FakeDiscord) -> None:
    Route.BASE = fake.url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(fake.gateway_url)
    intents = discord.Intents(guilds=True, guild_messages=True, message_content=True)
    client = discord.Client(intents=intents, guild_ready_timeout=0.05)
    running = asyncio.create_task(client.start(fake.token))
    try:
        await until(client.is_ready)
        channel: Any = client.get_channel(int(MATHS))
        first = await channel.send("once", nonce="n1")
        again = await channel.send("once", nonce="n1")
        assert first.id == again.id
        with pytest.raises(discord.HTTPException, match="50035"):
            await channel.send("x" * 2001)
        asked = await channel.fetch_message(int(await fake.post(ANN, MATHS, "a question")))
        thread = await asked.create_thread(name="a thread")
        assert thread.id == asked.id
        with pytest.raises(discord.HTTPException, match="160004"):
            await asked.create_thread(name="again")
        for number in range(149):
            fake.add_message(MATHS, fake.people[ANN], content=str(number))
        page = channel.history(limit=None, after=discord.Object(asked.id))
        assert [one.content async for one in page] == [str(number) for number in range(149)]
        fake.fail("POST", "/messages$", 502)
        await channel.send("after a bad gateway")
        fake.fail("POST", "/messages$", 429, retry_after=0.05)
        await channel.send("after some patience")
        fake.fail("POST", "/messages$", 429, retry_after=0.05, via=False)
        with pytest.raises(discord.HTTPException, match="1015"):
            await channel.send("banned")
    finally:
        await client.close()
        await asyncio.gather(running, return_exceptions=True)
    assert fake.people[BOT]["bot"]
