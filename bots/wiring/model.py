"""The model behind the engine: endpoint, tutor or local weights, as `choice.py` decided."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bots.wiring.choice import OPENAI, ModelChoice
from bots.wiring.engine import ENDPOINT
from bots.wiring.weights import open_weights, pulled
from config.models import ModelTable
from config.settings import Settings
from core.clock import Clock
from core.engine.generation import ModelEvent, ModelRequest
from core.engine.models import Alias, Catalogue, Endpoint, ModelFacts, Slots
from core.engine.ports import ChatModel
from core.errors import BobbinError, ConfigurationError, ModelRefused, ModelUnavailable
from core.ids import Ids

if TYPE_CHECKING:
    from adapters.openai.endpoint import Endpoint as Remote

log = logging.getLogger(__name__)

ENDPOINT_SLOTS = 64
LOCAL_SLOTS = 1

_ASK_AGAIN_S = (2.0, 10.0, 60.0)
"""Pauses before an endpoint that was away is asked for its models again; the last one repeats."""


@dataclass(frozen=True, slots=True)
class Model:
    """The endpoint, what model names mean there, and how many calls it takes at a time."""

    endpoint: Endpoint
    catalogue: Catalogue
    slots: int


@asynccontextmanager
async def open_model(
    choice: ModelChoice, settings: Settings, table: ModelTable, clock: Clock, ids: Ids
) -> AsyncIterator[Model]:
    """The chosen model, ready to be called."""
    async with AsyncExitStack() as stack:
        slots = settings.bobbin_model_slots or (
            LOCAL_SLOTS if choice.api == "local" else ENDPOINT_SLOTS
        )
        if choice.api == "offline":
            from adapters.offline.tutor import OfflineTutor

            catalogue = make_catalogue(choice, settings, table, clock, served=(choice.model,))
            yield Model(Endpoint(OfflineTutor(), Slots(slots)), catalogue, slots)
            return
        if choice.api == "local":
            model = await stack.enter_async_context(_local(settings, clock, ids))
            catalogue = make_catalogue(choice, settings, table, clock, served=(choice.model,))
            yield Model(Endpoint(model, Slots(slots)), catalogue, slots)
            return
        yield await _remote(stack, choice, settings, table, clock, ids, slots)


@asynccontextmanager
async def _local(settings: Settings, clock: Clock, ids: Ids) -> AsyncIterator[ChatModel]:
    path = pulled(settings.bobbin_data_dir)
    if path is None:
        raise ConfigurationError("the weights are gone: `bobbin model pull` fetches them again.")
    async with open_weights(path, clock, ids) as model:
        yield model


async def _remote(
    stack: AsyncExitStack,
    choice: ModelChoice,
    settings: Settings,
    table: ModelTable,
    clock: Clock,
    ids: Ids,
    slots: int,
) -> Model:
    from adapters.openai.chat import ChatCompletionsModel
    from adapters.openai.endpoint import Endpoint as Remote
    from adapters.openai.json_loop import JsonActionModel
    from adapters.openai.responses import ResponsesModel

    remote = Remote(choice.base_url or OPENAI, choice.api_key, clock=clock)
    stack.push_async_callback(remote.close)
    kind: Any = ResponsesModel if choice.api == "responses" else ChatCompletionsModel
    native: ChatModel = kind(remote, ids=ids)
    if not choice.model:
        native = FirstListed(native, remote.base_url, remote.get)
    catalogue = make_catalogue(choice, settings, table, clock)
    asking = asyncio.create_task(
        _learn_models(catalogue, remote, None if choice.official else catalogue.default, clock),
        name="model-names",
    )
    stack.push_async_callback(_stopped, asking)
    model = ByToolMode(native, JsonActionModel(native, ids=ids), catalogue, settings)
    return Model(Endpoint(model, Slots(slots)), catalogue, slots)


async def _learn_models(
    catalogue: Catalogue, remote: Remote, name: str | None, clock: Clock
) -> None:
    """Ask the endpoint what it serves and how much it takes in, beside everything else: nobody
    waits for it. One that is away is asked again."""
    from adapters.openai.probe import told_models

    for pause_s in itertools.chain(_ASK_AGAIN_S, itertools.repeat(_ASK_AGAIN_S[-1])):
        try:
            told = await told_models(remote, name)
        except ModelUnavailable as error:
            log.info("the endpoint does not tell its models yet: %s", error)
            await clock.sleep(pause_s)
        except BobbinError as error:
            log.info("the endpoint tells no models: %s", error)
            return
        else:
            catalogue.learn(filter(None, told.names), told.windows)
            return


async def _stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def make_catalogue(
    choice: ModelChoice,
    settings: Settings,
    table: ModelTable,
    clock: Clock,
    *,
    served: tuple[str, ...] | None = None,
) -> Catalogue:
    """What model names mean at the chosen endpoint."""
    return Catalogue(
        endpoint=ENDPOINT,
        default=choice.model or "default",
        facts=[ModelFacts(**row) for row in table.models],
        aliases=[
            Alias(match=row["match"], to=row["to"], starts=row.get("from")) for row in table.aliases
        ],
        clock=clock,
        official=choice.official,
        served=served,
        window=settings.bobbin_context_window,
    )


class ByToolMode:
    """Offers tools natively, or through the JSON action loop, as the model needs it."""

    def __init__(
        self, native: ChatModel, looped: ChatModel, catalogue: Catalogue, settings: Settings
    ) -> None:
        self._native = native
        self._looped = looped
        self._catalogue = catalogue
        self._forced = settings.bobbin_tool_mode

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """See `ChatModel`."""
        mode = self._forced or self._catalogue.resolve(request.model).tool_mode
        chosen = self._looped if mode == "json" else self._native
        return chosen.stream(request)


class FirstListed:
    """Asks the endpoint's first listed model where no model is configured."""

    def __init__(
        self, model: ChatModel, base_url: str, get: Callable[[str], Awaitable[Any]]
    ) -> None:
        self._model = model
        self._url = f"{base_url}/models"
        self._get = get
        self._name: str | None = None

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """See `ChatModel`."""
        if self._name is None:
            names = _listed(await self._get(self._url))
            if not names:
                raise ModelRefused(
                    "The endpoint lists no models: set BOBBIN_MODEL to the one that shall answer."
                )
            self._name = names[0]
        asked = replace(request, model=self._name)
        async with aclosing(self._model.stream(asked)) as events:
            async for event in events:
                yield event


def _listed(answer: Any) -> list[str]:
    """The names in a list of models, in its order."""
    try:
        return [str(row["id"]) for row in answer["data"]]
    except (TypeError, KeyError):
        return []
