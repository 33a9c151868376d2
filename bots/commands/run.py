"""`bobbin run`: everything that is configured, in one process.

On a terminal it offers a chat; with lines piped or redirected into it, it answers each and ends;
otherwise (systemd, a container, /dev/null) it serves until SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator

from bots.console import (
    Console,
    answer_lines,
    converse,
    own_conversation,
    stdin_kind,
    stdin_lines,
    write_at_once,
)
from bots.firstrun import ask_for_model
from bots.lifetime import stop_signal, unless
from config.logs import LOG_FILE, configure_logging
from config.settings import Settings, load_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """This verb has none: it runs what is configured."""
    del parser


def run(options: argparse.Namespace) -> int:
    """Serve, chat, or answer lines."""
    del options
    begun = time.monotonic()
    settings = load_settings()
    kind = stdin_kind()
    somebody = kind != "nothing"
    configure_logging(
        settings.bobbin_log, settings.bobbin_data_dir / LOG_FILE if somebody else None
    )
    if kind == "terminal":
        settings = ask_for_model(settings)
        begun = time.monotonic()  # how long a person thinks is not our start
    return asyncio.run(_run(settings, begun))


async def _run(settings: Settings, begun: float) -> int:
    from bots.wiring.bobbin import open_bobbin

    async with (
        stop_signal() as stop,
        open_bobbin(
            settings,
            api=(settings.bobbin_host, settings.bobbin_port),
            slack="hear",
            discord="hear",
            api_may_fail=stdin_kind() != "nothing",  # a second terminal wants its chat
        ) as bobbin,
    ):
        bobbin.announce(sys.stderr)
        print(f"bobbin: ready in {time.monotonic() - begun:.1f} s", file=sys.stderr)
        kind = stdin_kind()
        if kind == "nothing":
            await stop.wait()
            return 0
        with own_conversation(settings.bobbin_data_dir / "terminals") as key:
            if kind == "terminal":
                console = Console(bobbin.console, key, sys.stdout.write, live=True)
                print(
                    "Type a question; !file PATH adds a file; !help lists commands; Ctrl-D leaves.",
                    file=sys.stderr,
                )
                async with console.open(keep_session=False):
                    await converse(console)
                return 0
            lines = stdin_lines()
            first = await unless(stop, _first(lines))
            if first is None:
                await stop.wait()
                return 0
            console = Console(bobbin.console, key, write_at_once, live=False)
            async with console.open(keep_session=False):
                await unless(stop, answer_lines(console, _chain(first, lines)))
            return 0


async def _first(lines: AsyncIterator[str]) -> str | None:
    """The first line that says something; None when there is none."""
    async for line in lines:
        if line.strip():
            return line
    return None


async def _chain(first: str, rest: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    async for line in rest:
        yield line
