"""`bobbin worker`: do turns and Runs. Any number of processes on one Redis share the work."""

from __future__ import annotations

import argparse
import asyncio
import sys

from bots.lifetime import stop_signal
from config.logs import configure_logging
from config.settings import Settings, load_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """This verb has none."""
    del parser


def run(options: argparse.Namespace) -> int:
    """Work until SIGTERM; then hand over what is not finished."""
    del options
    settings = load_settings()
    configure_logging(settings.bobbin_log)
    return asyncio.run(_run(settings))


async def _run(settings: Settings) -> int:
    from bots.wiring.bobbin import open_bobbin

    async with stop_signal() as stop, open_bobbin(settings, health=settings.health_place) as bobbin:
        bobbin.announce(sys.stderr)
        await stop.wait()
    return 0
