"""All roles of one process, put together: store, engine, chat, API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TextIO

from adapters.local.assistants import LocalAssistants
from adapters.mathimages.renderer import MathImages
from adapters.terminal.events import PLATFORM as TERMINAL
from adapters.terminal.platform import TerminalPlatform
from bots.console import Parts
from bots.wiring.assistants import apply, assistant_id
from bots.wiring.chat import Chat, ChatStores, open_chat, open_chat_stores
from bots.wiring.choice import ModelChoice, choose_model
from bots.wiring.engine import EngineSide, open_engine
from bots.wiring.model import open_model
from bots.wiring.owner import is_gone, new_owner
from bots.wiring.store import Store, open_store
from bots.wiring.weights import pulled
from config.loading import load_assistants
from config.models import load_models
from config.settings import Settings
from core.chat.dispatcher import DispatcherLimits
from core.chat.policy import Policy
from core.chat.ports import ChatPlatform
from core.chat.relay import RelayLimits
from core.clock import SystemClock
from core.engine.models import Slots
from core.errors import ConfigurationError
from core.ids import RandomIds


@dataclass(frozen=True, slots=True, kw_only=True)
class Bobbin:
    """A running process."""

    settings: Settings
    store: Store
    choice: ModelChoice
    side: EngineSide
    stores: ChatStores
    chat: Chat | None
    address: str | None
    missing: str
    """Why the API is not served although it was asked for."""

    @property
    def console(self) -> Parts:
        """What a console needs."""
        if self.chat is None:
            raise ConfigurationError("this process has no chat")
        return Parts(
            intake=self.chat.intake,
            feed=self.stores.feed,
            control=self.stores.control,
            sessions=self.stores.sessions,
            watch=self.chat.waiting.watch,
            clock=SystemClock(),
            ids=RandomIds(),
        )

    def announce(self, out: TextIO) -> None:
        """Say where everything is and where the model comes from."""
        for reason in self.choice.reasons:
            print(f"bobbin: model: {reason}", file=out)
        facts = self.store.facts
        print(
            f"bobbin: store: {self.store.where} ({facts.kind} {facts.version}, "
            f"fsync {facts.fsync})",
            file=out,
        )
        for warning in facts.warnings:
            print(f"bobbin: store: {warning}", file=out)
        if self.missing:
            print(f"bobbin: {self.missing}", file=out)
        if self.address:
            print(f"bobbin: Assistants API at {self.address}/v1", file=out)


class ModelCapacity:
    """Free places of the model as the dispatcher asks for them."""

    def __init__(self, slots: Slots, limit: int) -> None:
        self._slots = slots
        self.limit = limit

    def free(self) -> int:
        return self._slots.free()

    async def changed(self, timeout_s: float) -> None:
        await self._slots.changed(timeout_s)


@asynccontextmanager
async def open_bobbin(
    settings: Settings,
    *,
    api: tuple[str, int] | None = None,
    api_may_fail: bool = False,
    chat: bool = True,
    assistant: str | None = None,
    platforms: Mapping[str, ChatPlatform] | None = None,
) -> AsyncIterator[Bobbin]:
    """Run the roles until the block ends, then drain and hand over.

    Args:
        settings: of this process.
        api: host and port to serve the API on, if it is to be served.
        api_may_fail: go on without the API where the address is taken, and say so.
        chat: whether this process answers conversations.
        assistant: who answers where nothing else is chosen; default: BOBBIN_ASSISTANT.
        platforms: further platforms by name, besides the terminal.

    Raises:
        ConfigurationError: something is set wrong; the text names it.
        StoreUnavailable: REDIS_URL cannot be reached.
    """
    clock, ids = SystemClock(), RandomIds()
    files = load_assistants()
    chosen = assistant or settings.bobbin_assistant
    if chosen not in files and not chosen.startswith("asst_"):
        known = ", ".join(sorted(files))
        raise ConfigurationError(
            f"there is no assistant {chosen!r} in config/assistants/. Known: {known}."
        )
    table = load_models()
    choice = choose_model(settings, table, pulled(settings.bobbin_data_dir))
    owner = new_owner()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings, clock))
        model = await stack.enter_async_context(open_model(choice, settings, table, clock, ids))
        side = await stack.enter_async_context(
            open_engine(
                store,
                settings,
                model.catalogue,
                model.endpoint,
                clock,
                ids,
                owner=owner,
                owner_is_gone=is_gone,
            )
        )
        await apply(side.engine, files, choice.model or "default")
        stores = await stack.enter_async_context(
            open_chat_stores(store.client, store.partitions, lease_s=settings.bobbin_lease_s)
        )
        address, missing = None, ""
        if api is not None:
            from adapters.http.app import create_app
            from bots.wiring.serve import serving

            app = create_app(
                side.engine,
                keys=settings.api_keys,
                apart=settings.bobbin_api_tenants == "keys",
                clock=clock,
                ids=ids,
            )
            try:
                address = await stack.enter_async_context(serving(app, *api))
            except ConfigurationError as error:
                if not api_may_fail:
                    raise
                missing = f"{error} The chat goes on without the API."
        running = None
        if chat:
            everywhere: dict[str, ChatPlatform] = {
                TERMINAL: TerminalPlatform(stores.feed, settings.bobbin_data_dir / "figures"),
                **(platforms or {}),
            }
            assistants = LocalAssistants(side.engine, {slug: assistant_id(slug) for slug in files})
            running = await stack.enter_async_context(
                open_chat(
                    stores,
                    assistants,
                    everywhere,
                    ModelCapacity(model.endpoint.slots, model.slots),
                    clock,
                    relay=RelayLimits(default_assistant=chosen, outage_s=settings.bobbin_outage_s),
                    dispatcher=DispatcherLimits(
                        owner=owner,
                        lease_s=settings.bobbin_lease_s,
                        most_turns=settings.bobbin_turns,
                    ),
                    policy=Policy(busy=settings.bobbin_busy),
                    owner_is_gone=is_gone,
                    formulas=await stack.enter_async_context(
                        MathImages(settings.bobbin_data_dir / "fonts")
                    ),
                )
            )
        yield Bobbin(
            settings=settings,
            store=store,
            choice=choice,
            side=side,
            stores=stores,
            chat=running,
            address=address,
            missing=missing,
        )
