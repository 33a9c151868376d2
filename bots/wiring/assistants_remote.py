"""A remote Assistants service in the engine's place: its client, its declared assistants.

Declared assistants are found at the service by their metadata (`bobbin_declared`), made where there
are none, changed where the file says something else. What is found is remembered while the process
lives. Two processes that start at once may both make one: the oldest counts, the other is removed
by who made it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from adapters.openai.assistants import RemoteAssistants
from adapters.openai.assistants_declared import RemoteDeclarations
from adapters.openai.assistants_service import RemoteService
from bots.wiring.assistants import DECLARED, assistant_id, declared, is_as_declared
from bots.wiring.choice import refuse_own_address
from config.loading import AssistantFile
from config.models import load_models
from config.settings import Settings
from core.assistants import Assistant
from core.clock import Clock
from core.errors import BobbinError, ConfigurationError, InvalidRequest, ModelError

log = logging.getLogger(__name__)

TURNS = 64
"""Turns at a time where BOBBIN_MODEL_SLOTS does not say."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a declared Assistant at the service: added, changed or unchanged."""

    assistant_id: str
    what: str


class RemoteCapacity:
    """The service bounds its own models; here only turns are counted, and the dispatcher does."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def free(self) -> int:
        return self.limit

    async def changed(self, timeout_s: float) -> None:
        await asyncio.sleep(timeout_s)


class DeclaredNames:
    """The ids of declared Assistants at the service, by the names of their files."""

    def __init__(
        self, declarations: RemoteDeclarations, files: Mapping[str, AssistantFile], model: str
    ) -> None:
        self._declarations = declarations
        self._files = files
        self._model = model
        self._ids: dict[str, str] | None = None
        self._looking = asyncio.Lock()

    async def id_of(self, name: str) -> str:
        """See `Names`."""
        if name not in self._files:
            return name
        async with self._looking:
            if self._ids is None:
                done = await apply_remote(self._declarations, self._files, self._model)
                self._ids = {slug: applied.assistant_id for slug, applied in done.items()}
            return self._ids[name]

    def forget(self) -> None:
        """See `Names`."""
        self._ids = None


async def apply_remote(
    declarations: RemoteDeclarations, files: Mapping[str, AssistantFile], model: str
) -> dict[str, Applied]:
    """Make or change each declared Assistant at the service.

    `model` is that of new ones whose file names none; one that is there keeps what it has.
    """
    found = _oldest(await declarations.list())
    done = {
        slug: await _apply_one(declarations, file, model, found.get(slug))
        for slug, file in files.items()
    }
    if any(applied.what == "added" for applied in done.values()):
        found = _oldest(await declarations.list())
        for slug, applied in done.items():
            first = found[slug].id
            if applied.what == "added" and first != applied.assistant_id:
                await declarations.delete(applied.assistant_id)
                done[slug] = Applied(first, "unchanged")
    return done


@asynccontextmanager
async def open_declarations(
    settings: Settings, clock: Clock
) -> AsyncIterator[tuple[RemoteService, RemoteDeclarations]]:
    """The service that ASSISTANTS_BASE_URL names.

    Raises:
        ConfigurationError: it is this Bobbin itself.
    """
    url = settings.assistants_base_url or ""
    refuse_own_address(
        "ASSISTANTS_BASE_URL",
        url,
        settings,
        "Name another service, or leave it out and this Bobbin's own engine answers. "
        "(Is it another Bobbin? Then set BOBBIN_PORT to a port of this one's own.)",
    )
    key = settings.assistants_api_key
    service = RemoteService(url.rstrip("/"), key.get_secret_value() if key else None, clock=clock)
    try:
        yield service, RemoteDeclarations(service)
    finally:
        await service.aclose()


def default_model(settings: Settings) -> str:
    """The model of new Assistants whose file names none."""
    return settings.bobbin_model or load_models().default


@asynccontextmanager
async def open_remote(
    settings: Settings, files: Mapping[str, AssistantFile], clock: Clock
) -> AsyncIterator[tuple[RemoteAssistants, RemoteCapacity, tuple[str, ...]]]:
    """The service for the relay, how many turns it gets, and what is to be said of it at start.

    One that is away is no reason not to start: what is said meanwhile is kept.

    Raises:
        ConfigurationError: a wrong address or key, or it refuses a declared Assistant.
    """
    async with AsyncExitStack() as stack:
        service, declarations = await stack.enter_async_context(open_declarations(settings, clock))
        names = DeclaredNames(declarations, files, default_model(settings))
        origin = settings.origin("assistants_base_url")
        said = [
            f"assistants: {service.host} (ASSISTANTS_BASE_URL, {origin}); no engine here, no API"
        ]
        try:
            for slug in files:
                await names.id_of(slug)
        except ModelError as error:
            if not error.retryable:
                raise ConfigurationError(str(error)) from error
            said.append(f"assistants: {error} What is said meanwhile is kept.")
        except InvalidRequest as error:
            raise ConfigurationError(
                f"{service.host} refuses an assistant of config/assistants/: {error}"
            ) from error
        assistants = RemoteAssistants(service, names, clock=clock)
        stack.push_async_callback(assistants.aclose)
        yield assistants, RemoteCapacity(settings.bobbin_model_slots or TURNS), tuple(said)


def declared_ids(assistants: list[Assistant]) -> dict[str, str]:
    """The ids of declared Assistants by slug, of all that are at the service."""
    return {slug: assistant.id for slug, assistant in _oldest(assistants).items()}


async def describe_remote(
    settings: Settings, clock: Clock, *, call: bool
) -> list[tuple[Literal["ok", "note", "bad"], str]]:
    """What `bobbin doctor` says of the service; `call`: whether it may be asked."""
    url = settings.assistants_base_url
    try:
        async with open_declarations(settings, clock) as (_, declarations):
            if not call:
                return [("note", f"{url}, not asked")]
            there = declared_ids(await declarations.list())
    except BobbinError as error:
        return [("bad", str(error))]
    names = ", ".join(f"{slug} is {one}" for slug, one in there.items())
    return [
        ("ok", f"{url} answers; {names or 'declared assistants are made at the first start'}"),
        ("note", "no engine here: model, interpreter and API are that service's"),
    ]


async def _apply_one(
    declarations: RemoteDeclarations, file: AssistantFile, model: str, found: Assistant | None
) -> Applied:
    if found is None:
        made = await declarations.create(declared(file, file.model or model))
        log.info("%s is %s at %s", file.slug, made.id, declarations.host)
        return Applied(made.id, "added")
    wanted = declared(file, file.model or found.model)
    if is_as_declared(found, wanted):
        return Applied(found.id, "unchanged")
    await declarations.update(found.id, wanted)
    return Applied(found.id, "changed")


def _oldest(assistants: list[Assistant]) -> dict[str, Assistant]:
    """The ones declared from outside by slug; of several the one that was made first.

    What another Bobbin declares for itself, under ids of its own making, is not ours to change.
    """
    found: dict[str, Assistant] = {}
    for assistant in assistants:
        slug = assistant.metadata.get(DECLARED)
        if slug is not None and assistant.id != assistant_id(slug):
            before = found.get(slug)
            if before is None or _age(assistant) < _age(before):
                found[slug] = assistant
    return found


def _age(assistant: Assistant) -> tuple[int, str]:
    return assistant.created_at, assistant.id
