"""One process with an engine on stores in memory: what the tests of the engine begin with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from core.assistants import Assistant, Json, Message, Run, RunStep, StreamEvent, Thread
from core.budgets import RunCeiling
from core.engine.executor import Executor, ExecutorOptions
from core.engine.live import Live
from core.engine.models import Alias, Catalogue, Endpoint, ModelFacts, Slots
from core.engine.records import Cursor, RunRecord
from core.engine.requests import (
    AssistantRequest,
    MessageRequest,
    RunRequest,
    ThreadRequest,
    ToolOutputRequest,
)
from core.engine.searching import FileSearch
from core.engine.service.engine import Engine
from core.engine.worker import Worker
from core.ids import RandomIds
from tests.fakes.clock import ManualClock, settled
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.memory_store import MemoryStore
from tests.fakes.memory_vectors import memory_vector_stores
from tests.fakes.scripted_model import ScriptedModel

WEATHER: Json = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a place.",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}},
    },
}
CODE: Json = {"type": "code_interpreter"}
SEARCH: Json = {"type": "file_search"}

END = Cursor(limit=100, order="asc")


@dataclass
class Process:
    """One process: its memory, its worker, its engine. The store outlives it."""

    store: MemoryStore
    clock: ManualClock
    model: ScriptedModel
    interpreter: ScriptedInterpreter
    live: Live
    slots: Slots
    executor: Executor
    worker: Worker
    engine: Engine
    assistants: list[Assistant] = field(default_factory=list[Assistant])

    async def assistant(self, **values: Any) -> Assistant:
        """An Assistant with these fields."""
        given: dict[str, Any] = {"model": "m-1", "instructions": "Be brief."}
        request = AssistantRequest(**(given | values))
        return await self.engine.assistants.create(request)

    async def thread(self, *texts: str) -> Thread:
        """A Thread in which a user said this."""
        messages = tuple(MessageRequest(content=text) for text in texts)
        return await self.engine.threads.create(ThreadRequest(messages=messages))

    async def start(self, *texts: str, tools: tuple[Json, ...] = (), **values: Any) -> Run:
        """A Run on a new Thread in which a user said this."""
        assistant = await self.assistant(tools=tools)
        thread = await self.thread(*(texts or ("Hello",)))
        return await self.engine.runs.create(
            thread.id, RunRequest(assistant_id=assistant.id, **values)
        )

    async def ended(self, run: Run) -> Run:
        """The Run when it ended or waits, without time passing."""
        async for _ in self.engine.runs.follow(run.thread_id, run.id):
            pass
        await settled()
        return await self.engine.runs.get(run.thread_id, run.id)

    async def events(self, run: Run, **options: Any) -> list[StreamEvent]:
        """All that a follower is told."""
        follow = self.engine.runs.follow(run.thread_id, run.id, **options)
        return [event async for event in follow]

    async def now(self, run: Run) -> Run:
        """The Run as it is stored."""
        return await self.engine.runs.get(run.thread_id, run.id)

    async def record(self, run: Run) -> RunRecord:
        """The Run with what the engine keeps of it."""
        (found,) = await self.store.threads.get(run.thread_id, "runs", run.id)
        assert isinstance(found, RunRecord)
        return found

    async def steps(self, run: Run) -> list[RunStep]:
        """Its Steps, oldest first."""
        return list((await self.engine.runs.steps(run.thread_id, run.id, END)).data)

    async def messages(self, run: Run) -> list[Message]:
        """The Messages that it made, oldest first."""
        cursor = replace(END, run_id=run.id)
        return list((await self.engine.messages.list(run.thread_id, cursor)).data)

    async def sleeps(self) -> None:
        """The worker does nothing any more, but what it has begun goes on: a zombie."""
        await _ended(f"worker {self.worker.owner}:")

    async def dies(self) -> None:
        """The process is gone without a word, and then its leases have run out."""
        await self.sleeps()
        await _ended("execution", "run ", "journal")
        await self.clock.advance(self.store.lease_s + 1)

    async def submit(self, run: Run, **outputs: str) -> Run:
        """Give these outputs."""
        given = [ToolOutputRequest(call_id, output) for call_id, output in outputs.items()]
        return await self.engine.runs.submit_tool_outputs(run.thread_id, run.id, given)


@asynccontextmanager
async def process(
    *rounds: Any,
    store: MemoryStore | None = None,
    interpreter: ScriptedInterpreter | None = None,
    search: FileSearch | None = None,
    executes: bool = True,
    slots: int = 8,
    facts: tuple[ModelFacts, ...] = (),
    owner: str = "w1",
    grace_s: float = 0,
    ceiling: RunCeiling | None = None,
    **options: Any,
) -> AsyncIterator[Process]:
    """A process whose model plays `rounds`. `executes=False`: an API process without a worker."""
    clock = store.clock if store is not None else ManualClock()
    assert isinstance(clock, ManualClock)
    store = store or MemoryStore(clock)
    model = ScriptedModel(*rounds)
    interpreter = interpreter or ScriptedInterpreter()
    live = Live()
    places = Slots(slots)
    ids = RandomIds()
    catalogue = Catalogue(
        endpoint="here",
        default="m-1",
        facts=facts,
        aliases=(Alias(match="old-*", to="default"),),
        clock=clock,
        served=("m-1", "m-2"),
        window=None if facts else 100_000,
    )
    executor = Executor(
        threads=store.threads,
        objects=store.objects,
        blobs=store.blobs,
        events=store.events,
        queue=store.queue,
        endpoints={"here": Endpoint(model, places)},
        catalogue=catalogue,
        interpreter=interpreter,
        search=search,
        live=live,
        clock=clock,
        ids=ids,
        options=ExecutorOptions(ceiling=ceiling or RunCeiling(), **options),
    )
    worker = Worker(
        owner=owner,
        executor=executor,
        threads=store.threads,
        events=store.events,
        queue=store.queue,
        slots=(places,),
        clock=clock,
        lease_s=store.lease_s,
        grace_s=grace_s,
    )
    engine = Engine(
        threads=store.threads,
        objects=store.objects,
        blobs=store.blobs,
        events=store.events,
        live=live,
        clock=clock,
        ids=ids,
        executors=worker if executes else None,
        vector_stores=memory_vector_stores(store.vectors, store.objects, store.blobs, ids),
        interpreter=interpreter,
    )
    made = Process(store, clock, model, interpreter, live, places, executor, worker, engine)
    if not executes:
        yield made
        return
    async with worker:
        await settled()
        yield made


async def _ended(*names: str) -> None:
    """End the tasks of these names."""
    tasks = [task for task in asyncio.all_tasks() if task.get_name().startswith(names)]
    for task in tasks:
        task.cancel()
    await settled()


async def until(condition: Any) -> None:
    """Let things run until it holds, without time passing."""
    for _ in range(1_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to be")
