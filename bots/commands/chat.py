"""`bobbin chat "question"`: one answer; without a question, a chat or the lines of a pipe."""

from __future__ import annotations

import argparse
import asyncio
import sys

from bots.console import (
    Console,
    answer_lines,
    converse,
    kept_for_later,
    own_conversation,
    stdin_kind,
    stdin_lines,
    write_at_once,
)
from bots.lifetime import stop_signal, unless
from config.logs import LOG_FILE, configure_logging
from config.settings import Settings, load_settings
from core.errors import ConfigurationError, ModelUnavailable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The question and what it is asked of."""
    parser.add_argument("message", nargs="*", metavar="MESSAGE", help="what you want to ask")
    parser.add_argument(
        "--file",
        dest="files",
        action="append",
        default=[],
        metavar="PATH",
        help="a file that goes with it; more than once for several",
    )
    parser.add_argument("--assistant", metavar="NAME", help="a file of config/assistants/")
    parser.add_argument(
        "--continue",
        dest="keep",
        action="store_true",
        help="go on in the session of the last chat instead of a new one",
    )


def run(options: argparse.Namespace) -> int:
    """Ask, show the answer, end."""
    settings = load_settings()
    configure_logging(settings.bobbin_log, settings.bobbin_data_dir / LOG_FILE)
    return asyncio.run(_run(settings, options))


async def _run(settings: Settings, options: argparse.Namespace) -> int:
    from bots.wiring.bobbin import open_bobbin
    from bots.wiring.roster import check_choice

    message = " ".join(options.message).strip()
    kind = stdin_kind()
    if not message and kind == "nothing":
        raise ConfigurationError('nothing to ask: bobbin chat "your question"')
    async with (
        stop_signal(interrupt=bool(message)) as stop,
        open_bobbin(settings) as bobbin,
    ):
        live = sys.stdout.isatty()
        with own_conversation(settings.bobbin_data_dir / "terminals") as key:
            chosen = options.assistant or ""
            if chosen:
                check_choice(bobbin.roster, chosen, key)
            console = Console(bobbin.console, key, write_at_once, live=live)
            for path in options.files:
                await console.give(path)
            async with console.open(keep_session=options.keep, assistant=chosen):
                if not message and kind == "terminal":
                    await converse(console)
                    return 0
                if not message:
                    await answer_lines(console, stdin_lines())
                    return 0
                trouble = await unless(stop, console.say(message))
                if stop.is_set():
                    print(
                        "bobbin: your question is kept; the next start answers it.", file=sys.stderr
                    )
                    return 130
                if trouble:
                    raise ModelUnavailable(kept_for_later(trouble))
                return 0
