"""What the doctor says of Discord."""

from __future__ import annotations

from typing import Any

from bots.wiring.discord_checks import describe_discord
from config.settings import Settings
from core.clock import SystemClock
from tests.discord_chat.world import World


async def told(world: World, kind: str) -> str:
    """The doctor's sentences of that kind."""
    values: dict[str, Any] = {
        "discord_token": world.discord.token,
        "discord_api_url": world.discord.url,
    }
    found = await describe_discord(Settings(**values), SystemClock())
    return "\n".join(sentence for one, sentence in found if one == kind)


async def test_a_server_that_gives_everything(world: World) -> None:
    assert "every permission" in await told(world, "ok")
    assert await told(world, "bad") == ""
    assert "commands changed" in await told(world, "note")


async def test_a_permission_that_is_missing_is_named_with_its_server(world: World) -> None:
    world.discord.permissions = str((1 << 10) | (1 << 11) | (1 << 15) | (1 << 16))
    assert (
        "in Fake I lack: Create Public Threads, Send Messages in Threads (Server Settings"
        in await told(world, "bad")
    )


async def test_the_intent_and_the_token_are_named(world: World) -> None:
    world.discord.content_intent = False
    assert "Message Content Intent" in await told(world, "bad")
    world.discord.token = "another"
    world.discord.fail("GET", "/applications/@me$", 401)
    assert "DISCORD_TOKEN" in await told(world, "bad")
