"""`bobbin assistants apply|list|show`: the assistants of config/assistants/ and the engine's, or
those of the service that ASSISTANTS_BASE_URL names."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from config.loading import AssistantFile
from config.logs import configure_logging
from config.models import load_models
from config.settings import Settings, load_settings
from core.assistants import Assistant, to_wire
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


@dataclass(frozen=True, slots=True)
class Place:
    """Where assistants are.

    `apply` gives what happened and the id by slug, `ids` the ids of the declared ones that are
    there.
    """

    apply: Callable[[], Awaitable[dict[str, tuple[str, str]]]]
    list: Callable[[], Awaitable[Sequence[Assistant]]]
    get: Callable[[str], Awaitable[Assistant]]
    ids: Callable[[], Awaitable[dict[str, str]]]


async def _run(options: argparse.Namespace) -> int:
    from bots.wiring.functions import load_declared
    from bots.wiring.roster import roster_of

    settings = load_settings()
    configure_logging(settings.bobbin_log)
    files, _ = load_declared(settings.bobbin_config_dir)
    if options.action == "apply":
        roster_of(files, settings.bobbin_assistant)  # refuses what a start would refuse
    place = _service if settings.assistants_base_url is not None else _engine
    async with place(settings, files) as there:
        if options.action == "apply":
            for slug, (what, assistant_id) in (await there.apply()).items():
                print(f"{slug}: {what} ({assistant_id})")
        elif options.action == "list":
            everyone = await there.list()
            for found in everyone:
                tools = ", ".join(tool["type"] for tool in found.tools) or "no tools"
                print(f"{found.id}  {found.name or '(no name)'}  {found.model}  {tools}")
            if not everyone:
                print("no assistants yet: `bobbin assistants apply`")
        else:
            found = await there.get(await _id_of(options.name, files, there))
            print(json.dumps(to_wire(found), indent=2, ensure_ascii=False))
    return 0


async def _id_of(name: str, files: Mapping[str, AssistantFile], there: Place) -> str:
    if name.startswith("asst_"):
        return name
    if name not in files:
        known = ", ".join(sorted(files))
        raise ConfigurationError(
            f"there is no assistant {name!r} in config/assistants/. Known: {known}."
        )
    ids = await there.ids()
    if name not in ids:
        raise ConfigurationError(f"{name} is not there yet: `bobbin assistants apply`")
    return ids[name]


@asynccontextmanager
async def _engine(settings: Settings, files: dict[str, AssistantFile]) -> AsyncIterator[Place]:
    from bots.wiring.assistants import apply, assistant_id
    from bots.wiring.choice import choose_model
    from bots.wiring.engine import open_services
    from bots.wiring.store import open_store
    from bots.wiring.weights import pulled

    clock = SystemClock()
    async with (
        open_store(settings, clock) as store,
        open_services(store, settings, clock, RandomIds()) as engine,
    ):

        async def applied() -> dict[str, tuple[str, str]]:
            choice = choose_model(settings, load_models(), pulled(settings.bobbin_data_dir))
            done = await apply(engine, files, choice.model or "default")
            return {slug: (what, assistant_id(slug)) for slug, what in done.items()}

        async def listed() -> Sequence[Assistant]:
            return (await engine.assistants.list(Cursor(limit=100))).data

        async def ids() -> dict[str, str]:
            return {slug: assistant_id(slug) for slug in files}

        yield Place(applied, listed, engine.assistants.get, ids)


@asynccontextmanager
async def _service(settings: Settings, files: dict[str, AssistantFile]) -> AsyncIterator[Place]:
    from bots.wiring.assistants_remote import (
        apply_remote,
        declared_ids,
        default_model,
        open_declarations,
    )

    async with open_declarations(settings, SystemClock()) as (_, declarations):

        async def applied() -> dict[str, tuple[str, str]]:
            done = await apply_remote(declarations, files, default_model(settings))
            return {slug: (one.what, one.assistant_id) for slug, one in done.items()}

        async def ids() -> dict[str, str]:
            return declared_ids(await declarations.list())

        yield Place(applied, declarations.list, declarations.get, ids)
