"""`bobbin discord`: hear Discord and answer there. Start it twice and neither answers twice."""

from __future__ import annotations

import argparse
import asyncio
import sys

from bots.lifetime import stop_signal
from config.logs import configure_logging
from config.settings import Settings, load_settings
from core.errors import ConfigurationError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """This verb has none: settings say which bot."""
    del parser


def run(options: argparse.Namespace) -> int:
    """Hear and answer until SIGTERM."""
    del options
    settings = load_settings()
    configure_logging(settings.bobbin_log)
    if settings.discord_token is None:
        raise ConfigurationError("DISCORD_TOKEN is not set; docs/discord.md says how to get it.")
    return asyncio.run(_run(settings))


async def _run(settings: Settings) -> int:
    from bots.wiring.bobbin import open_bobbin

    # Discord calls us with commands and presses, at the one port.
    place = settings.place if settings.discord_public_key is not None else None
    async with (
        stop_signal() as stop,
        open_bobbin(settings, api=place, health=settings.health_place, discord="hear") as bobbin,
    ):
        bobbin.announce(sys.stderr)
        await stop.wait()
    return 0
