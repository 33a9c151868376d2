"""`bobbin dead list|retry`: mail that was refused for good, for an operator to see."""

from __future__ import annotations

import argparse
import asyncio
import time

from config.settings import load_settings
from core.clock import SystemClock


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do with it."""
    verbs = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = verbs.add_parser("list", help="the newest letters first")
    listing.add_argument("--limit", type=int, default=20)
    retry = verbs.add_parser("retry", help="put letters back into their mailboxes")
    retry.add_argument("ids", nargs="+", metavar="ID")


def run(options: argparse.Namespace) -> int:
    """List or retry."""
    return asyncio.run(_run(options))


async def _run(options: argparse.Namespace) -> int:
    from bots.wiring.chat import open_chat_stores
    from bots.wiring.store import open_store

    settings = load_settings()
    async with (
        open_store(settings, SystemClock()) as store,
        open_chat_stores(store.client, store.partitions, lease_s=settings.bobbin_lease_s) as stores,
    ):
        if options.action == "retry":
            missing = [one for one in options.ids if not await stores.dead.retry(one)]
            for one in missing:
                print(f"no dead letter {one!r}")
            return 1 if missing else 0
        letters = await stores.dead.list(options.limit)
        for letter in letters:
            when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(letter.at))
            print(f"{letter.id}  {when}  {letter.inbound.conversation}  {letter.reason}")
        if not letters:
            print("no dead letters")
    return 0
