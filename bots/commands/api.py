"""`bobbin api`: serve the Assistants API, and execute the Runs that come through it."""

from __future__ import annotations

import argparse
import asyncio
import sys

from bots.lifetime import stop_signal
from config.logs import configure_logging
from config.settings import Settings, load_settings
from core.errors import ConfigurationError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """This verb has none: settings say where to listen."""
    del parser


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM."""
    del options
    settings = load_settings()
    configure_logging(settings.bobbin_log)
    if settings.assistants_base_url is not None:
        raise ConfigurationError(
            f"ASSISTANTS_BASE_URL ({settings.assistants_base_url}) names another service, and "
            "`bobbin api` serves this one's engine: leave it out here, or ask that service itself."
        )
    return asyncio.run(_run(settings))


async def _run(settings: Settings) -> int:
    from bots.wiring.bobbin import open_bobbin

    async with (
        stop_signal() as stop,
        open_bobbin(settings, api=settings.place, chat=False) as bobbin,
    ):
        bobbin.announce(sys.stderr)
        await stop.wait()
    return 0
