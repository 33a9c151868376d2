"""The `bobbin` command: one small module a verb, imported only when it is used."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from core.errors import BobbinError, ConfigurationError

VERBS = {
    "run": "everything that is configured, in one process; a chat where there is a terminal",
    "chat": "ask one question, or chat",
    "slack": "hear Slack and answer there",
    "discord": "hear Discord and answer there",
    "api": "serve the Assistants API",
    "worker": "do turns and Runs, as many processes as you like on one Redis",
    "doctor": "say what works and what is missing",
    "manifest": "print the app manifest that Slack asks for",
    "invite": "print the link that puts the bot into a Discord server",
    "assistants": "apply, list or show the assistants of config/assistants/",
    "model": "pull or list local weights",
    "import": "take in assistants and threads of another service, under their own ids",
    "dead": "list or retry mail that was given up",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; its exit code. 2 is a setting or argument that is wrong."""
    parser = argparse.ArgumentParser(
        prog="bobbin", description="The Assistants API, alive, in the places where people talk."
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    given = list(sys.argv[1:] if arguments is None else arguments)
    chosen = next((word for word in given if not word.startswith("-")), None)
    for verb, meaning in VERBS.items():
        sub = verbs.add_parser(verb, help=meaning, description=meaning)
        if verb == chosen:
            importlib.import_module(f"bots.commands.{verb}").add_arguments(sub)
    options = parser.parse_args(given)
    command = importlib.import_module(f"bots.commands.{options.verb}")
    try:
        return int(command.run(options))
    except ConfigurationError as error:
        print(f"bobbin: {error}", file=sys.stderr)
        return 2
    except BobbinError as error:
        print(f"bobbin: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output is gone; nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
