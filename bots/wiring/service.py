"""Who answers Runs: the engine in this process, or the service that ASSISTANTS_BASE_URL names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from adapters.local.assistants import LocalAssistants
from bots.wiring.assistants import apply, assistant_id
from bots.wiring.choice import choose_model
from bots.wiring.engine import ENDPOINT, EngineSide, open_engine
from bots.wiring.model import Model, open_model
from bots.wiring.owner import is_gone
from bots.wiring.store import Store
from bots.wiring.weights import pulled
from config.loading import AssistantFile
from config.models import load_models
from config.settings import Settings
from core.chat.accounting import Price
from core.chat.ports import Assistants, Capacity
from core.clock import Clock
from core.engine.models import Catalogue, Endpoint, Slots
from core.engine.ports import ChatModel, Interpreter
from core.ids import Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIns:
    """What measurements, the drill and tests put in the place of something of the product.

    `model` answers everything, `slots` calls at a time; `interpreter` runs the code; `files` are
    the declared assistants. `relay` and `dispatcher` change fields of their limits.
    """

    model: ChatModel | None = None
    slots: int = 64
    interpreter: Interpreter | None = None
    files: Mapping[str, AssistantFile] | None = None
    relay: Mapping[str, Any] = field(default_factory=dict[str, Any])
    dispatcher: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The service for the relay, how many turns it takes, and what is to be said of it at start.

    `side` is the engine of this process, if it has one. `price` says what models cost.
    """

    assistants: Assistants
    capacity: Capacity
    sentences: tuple[str, ...]
    side: EngineSide | None = None
    price: Price | None = None


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
async def open_service(
    store: Store,
    settings: Settings,
    files: Mapping[str, AssistantFile],
    clock: Clock,
    ids: Ids,
    *,
    owner: str,
    stand_ins: StandIns,
) -> AsyncIterator[Service]:
    """The service that is configured, with the declared assistants applied to it.

    Raises:
        ConfigurationError: something is set wrong; the text names it.
    """
    async with AsyncExitStack() as stack:
        if settings.assistants_base_url is not None:
            from bots.wiring.assistants_remote import open_remote

            remote, capacity, said = await stack.enter_async_context(
                open_remote(settings, files, clock)
            )
            yield Service(assistants=remote, capacity=capacity, sentences=said)
            return
        model, default, said = await _model(stack, settings, clock, ids, stand_ins)
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
                interpreter=stand_ins.interpreter,
            )
        )
        await apply(side.engine, dict(files), default)
        yield Service(
            assistants=LocalAssistants(side.engine, {slug: assistant_id(slug) for slug in files}),
            capacity=ModelCapacity(model.endpoint.slots, model.slots),
            sentences=said,
            side=side,
            price=model.catalogue.price,
        )


async def _model(
    stack: AsyncExitStack, settings: Settings, clock: Clock, ids: Ids, stand_ins: StandIns
) -> tuple[Model, str, tuple[str, ...]]:
    """The model, the name of the one that is meant where none is named, and where it is from."""
    if stand_ins.model is not None:
        catalogue = Catalogue(endpoint=ENDPOINT, default="m", facts=(), aliases=(), clock=clock)
        endpoint = Endpoint(stand_ins.model, Slots(stand_ins.slots))
        return Model(endpoint, catalogue, stand_ins.slots), "m", ("model: a stand-in",)
    table = load_models()
    choice = choose_model(settings, table, pulled(settings.bobbin_data_dir))
    model = await stack.enter_async_context(open_model(choice, settings, table, clock, ids))
    return model, choice.model or "default", tuple(f"model: {why}" for why in choice.reasons)
