"""Services behind the relay's `Assistants` port, with a model that repeats what was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from adapters.http.app import create_app
from adapters.local.assistants import LocalAssistants
from bots.wiring.assistants import apply, assistant_id
from bots.wiring.engine import ENDPOINT, open_engine
from bots.wiring.serve import serving
from bots.wiring.store import open_store
from config.loading import AssistantFile
from config.settings import Settings
from core.assistants import TERMINAL_RUN_STATUSES, Assistant, Message, Run
from core.chat.ports import Assistants
from core.chat.turn_messages import TurnMessage
from core.clock import SystemClock
from core.engine.generation import (
    AssistantItem,
    Finished,
    ModelEvent,
    ModelRequest,
    TextDelta,
    ToolCallDelta,
    ToolOutput,
    Usage,
    UserItem,
)
from core.engine.models import Catalogue, Endpoint, Slots
from core.engine.requests import AssistantUpdate
from core.engine.service.engine import Engine
from core.ids import RandomIds
from tests.fakes.assistants import FakeAssistants, Wants, echo
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.plain_assistants_server import PlainServer
from tests.fakes.remote_assistants import remote_assistants
from tests.patience import PATIENCE_S

NAMES = {"tutor": assistant_id("tutor")}


@dataclass(slots=True)
class Gate:
    """Holds the model back while it is closed; open at first."""

    opened: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.opened.set()


CALLS = (("call_a", "weather", '{"place": "Ghent"}'), ("call_b", "weather", '{"place": "Lund"}'))
"""What a question with "weather" in it makes the model call."""


class Echo:
    """A model that repeats what was asked since its last answer, in two pieces. Asked for the
    weather it calls for it, and then says what it was told."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        await self._gate.opened.wait()
        texts: list[str] = []
        for item in reversed(request.items):
            if isinstance(item, AssistantItem):
                break
            if isinstance(item, UserItem):
                texts.insert(0, item.text)
        if "weather" in texts[-1]:
            told = [item.output for item in request.items if isinstance(item, ToolOutput)]
            if not told:
                for place, (name, function, arguments) in enumerate(CALLS):
                    yield ToolCallDelta(place, arguments, name, function)
                yield Finished("tool_calls", Usage(1, 1))
                return
            texts = told
        yield TextDelta("You said: ")
        yield TextDelta(" | ".join(texts))
        yield Finished("stop", Usage(1, 1))


@dataclass(slots=True)
class Subject:
    """A service and the gate before its model. A remote one cannot name Threads, and streams a Run
    to its creator alone, once. `has_stores`: files are searched in vector stores."""

    service: Assistants
    gate: Gate
    remote: bool = False
    has_stores: bool = False

    async def until_ended(self, run: Run) -> Run:
        """The Run as it ended."""
        async with asyncio.timeout(PATIENCE_S):
            while (now := await self.service.run(run.thread_id, run.id)).status not in (
                TERMINAL_RUN_STATUSES
            ):
                await asyncio.sleep(0.01)
        return now

    async def asks(self, thread_id: str, *texts: str, turn: str = "t") -> Run:
        """A Run with these Messages, started."""
        messages = [TurnMessage(text=text, metadata={"n": text[:9]}) for text in texts]
        return await self.service.create_run(thread_id, "tutor", messages, {"turn": turn})


KINDS = ("fake", "engine", "remote Bobbin", "remote plain server")


@asynccontextmanager
async def served(kind: str, redis_url: str, folder: Path) -> AsyncIterator[Subject]:
    """A service of that kind; the engine's on the empty server at `redis_url`."""
    gate = Gate()
    async with AsyncExitStack() as stack:
        if kind == "fake":
            fake = _fake(gate)
            stack.push_async_callback(fake.aclose)
            yield Subject(fake, gate)
        elif kind == "remote plain server":
            server = await stack.enter_async_context(PlainServer(_fake(gate)))
            server.assistants[NAMES["tutor"]] = Assistant(
                id=NAMES["tutor"], created_at=1, model="m", tools=({"type": "function"},)
            )
            service = await stack.enter_async_context(
                remote_assistants(server.base_url, server.key, NAMES)
            )
            yield Subject(service, gate, remote=True)
        else:
            engine = await stack.enter_async_context(_engine(redis_url, folder, gate))
            if kind == "engine":
                yield Subject(LocalAssistants(engine, NAMES), gate, has_stores=True)
            else:
                app = create_app(engine, keys=("sk-1",), clock=SystemClock(), ids=RandomIds())
                url = await stack.enter_async_context(serving(app, "127.0.0.1", 0))
                service = await stack.enter_async_context(
                    remote_assistants(f"{url}/v1", "sk-1", NAMES)
                )
                yield Subject(service, gate, remote=True, has_stores=True)
        gate.opened.set()


def _fake(gate: Gate) -> FakeAssistants:
    async def reply(messages: list[Message]) -> list[str]:
        await gate.opened.wait()
        if "weather" in messages[-1].text:
            if not fake.outputs:
                raise Wants(*CALLS)
            return ["You said: " + " | ".join(fake.outputs[call] for call, _, _ in CALLS)]
        return await echo(messages)

    fake = FakeAssistants(reply)
    fake.hosted = frozenset({"function"})
    fake.gone.add("asst_none")
    return fake


@asynccontextmanager
async def _engine(redis_url: str, folder: Path, gate: Gate) -> AsyncIterator[Engine]:
    clock, ids = SystemClock(), RandomIds()
    settings = Settings.model_validate({"redis_url": redis_url, "bobbin_data_dir": folder / "data"})
    async with (
        open_store(settings, clock) as store,
        open_engine(
            store,
            settings,
            Catalogue(endpoint=ENDPOINT, default="m", facts=(), aliases=(), clock=clock),
            Endpoint(Echo(gate), Slots(8)),
            clock,
            ids,
            owner="me",
            owner_is_gone=lambda _: False,
            interpreter=ScriptedInterpreter(),
        ) as side,
    ):
        tutor = AssistantFile(slug="tutor", name="Tutor", instructions="Be kind.", tools=())
        await apply(side.engine, {"tutor": tutor}, "m")
        await side.engine.assistants.update(
            NAMES["tutor"],
            AssistantUpdate(tools=({"type": "function", "function": {"name": "weather"}},)),
        )
        yield side.engine
