"""`bobbin manifest slack`: the app manifest to paste into Slack."""

from __future__ import annotations

import argparse
import json
import sys

from config.settings import load_settings
from core.errors import ConfigurationError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of which platform, and what kind of app."""
    parser.add_argument("platform", choices=["slack"])
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--agent", action="store_true", help="Slack's agent view; see the warning")
    kind.add_argument("--classic", action="store_true", help="an app for everybody (the default)")
    parser.add_argument(
        "--http", metavar="URL", help="Slack calls this https:// address; without it, Socket Mode"
    )


def run(options: argparse.Namespace) -> int:
    """Print JSON, which Slack takes where it asks for a manifest."""
    from adapters.slack.http import PATH
    from adapters.slack.manifest import WARNING, manifest
    from bots.wiring.roster import declared_roster

    url: str | None = options.http
    if url is not None:
        if not url.startswith("https://"):
            raise ConfigurationError("--http wants an address that begins with https://")
        url = url.rstrip("/")
        url = url if url.endswith(PATH) else url + PATH
    roster = declared_roster(load_settings())
    default = roster.offer(roster.default)
    prompts = default.prompts if default is not None else ()
    body = manifest(agent=options.agent, url=url, prompts=prompts)
    print(json.dumps(body, indent=2, ensure_ascii=False))
    if options.agent:
        print(f"bobbin: {WARNING}", file=sys.stderr)
    return 0
