"""`bobbin invite discord`: the link that puts the bot into a server."""

from __future__ import annotations

import argparse
import asyncio

from config.settings import load_settings
from core.clock import SystemClock


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """To which platform."""
    parser.add_argument("platform", choices=["discord"])
    parser.add_argument(
        "--application", metavar="ID", help="the Application ID; without it, asked by DISCORD_TOKEN"
    )
    parser.add_argument(
        "--personal", action="store_true", help="for your own account instead of a server"
    )


def run(options: argparse.Namespace) -> int:
    """Print the link."""
    from adapters.discord.invite import invitation, personal_invitation

    application: str | None = options.application
    if application is None:
        from bots.wiring.discord_checks import application as ask

        found = asyncio.run(ask(load_settings(), SystemClock()))
        application = str(found["id"])
    print(personal_invitation(application) if options.personal else invitation(application))
    return 0
