"""`bobbin assistants apply|list|show`: the assistants of config/assistants/ and the engine's."""

from __future__ import annotations

import argparse
import asyncio
import json

from config.loading import load_assistants
from config.logs import configure_logging
from config.models import load_models
from config.settings import load_settings
from core.assistants import to_wire
from core.clock import SystemClock
from core.engine.records import Cursor
from core.errors import ConfigurationError
from core.ids import RandomIds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do with them."""
    verbs = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    verbs.add_parser("apply", help="make or change what config/assistants/ declares")
    verbs.add_parser("list", help="all assistants of the engine, the newest first")
    show = verbs.add_parser("show", help="one assistant, whole, as JSON")
    show.add_argument("name", metavar="NAME|ID", help="a file of config/assistants/, or an id")


def run(options: argparse.Namespace) -> int:
    """Apply, list or show."""
    return asyncio.run(_run(options))


async def _run(options: argparse.Namespace) -> int:
    from bots.wiring.assistants import apply, assistant_id
    from bots.wiring.choice import choose_model
    from bots.wiring.engine import open_services
    from bots.wiring.store import open_store
    from bots.wiring.weights import pulled

    settings = load_settings()
    configure_logging(settings.bobbin_log)
    files = load_assistants()
    clock = SystemClock()
    async with (
        open_store(settings, clock) as store,
        open_services(store, settings, clock, RandomIds()) as engine,
    ):
        if options.action == "apply":
            weights = pulled(settings.bobbin_data_dir)
            choice = choose_model(settings, load_models(), weights)
            for slug, what in (await apply(engine, files, choice.model or "default")).items():
                print(f"{slug}: {what} ({assistant_id(slug)})")
        elif options.action == "list":
            page = await engine.assistants.list(Cursor(limit=100))
            for found in page.data:
                tools = ", ".join(tool["type"] for tool in found.tools) or "no tools"
                print(f"{found.id}  {found.name or '(no name)'}  {found.model}  {tools}")
            if not page.data:
                print("no assistants yet: `bobbin assistants apply`")
        else:
            name = options.name
            if name not in files and not name.startswith("asst_"):
                known = ", ".join(sorted(files))
                raise ConfigurationError(
                    f"there is no assistant {name!r} in config/assistants/. Known: {known}."
                )
            found = await engine.assistants.get(assistant_id(name) if name in files else name)
            print(json.dumps(to_wire(found), indent=2, ensure_ascii=False))
    return 0
