"""The engine on a real server: two processes' worth of it, each with a client of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.redis.connection import connect
from adapters.redis.events import RedisRunEvents
from adapters.redis.objects import RedisObjectStore
from adapters.redis.runs import RedisRunQueue
from adapters.redis.threads import RedisThreadStore
from core.assistants import Message, MessageDelta, Run, StreamEvent
from core.clock import SystemClock
from core.engine.executor import Executor
from core.engine.generation import Finished, TextDelta
from core.engine.live import Live
from core.engine.models import Catalogue, Endpoint, Slots
from core.engine.records import Cursor, Execution, Figure, Logs
from core.engine.requests import (
    AssistantRequest,
    MessageRequest,
    RunRequest,
    ThreadRequest,
    ToolOutputRequest,
)
from core.engine.service.engine import Engine
from core.engine.worker import Worker
from core.ids import RandomIds
from tests.contracts.key_leaks import assert_no_leaks
from tests.engine.listening import Client
from tests.engine.world import CODE, WEATHER
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.memory_objects import MemoryBlobs
from tests.fakes.memory_vectors import MemoryVectors, memory_vector_stores
from tests.fakes.scripted_model import ScriptedModel, calls, says
from tests.servers import Server, redis_server

PARTITIONS = 4
LEASE_S = 30.0
END = Cursor(limit=100, order="asc")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for this module."""
    folder: Path = tmp_path_factory.mktemp("redis")
    with redis_server(folder, fsync="no") as started:
        yield started


@dataclass
class Process:
    """One process on the server."""

    engine: Engine
    worker: Worker
    model: ScriptedModel
    queue: RedisRunQueue
    client: Any

    async def start(self, *, tools: tuple[Any, ...] = ()) -> Run:
        """A Run on a new Thread."""
        assistant = await self.engine.assistants.create(AssistantRequest(model="m", tools=tools))
        return await self.engine.runs.create_with_thread(
            ThreadRequest(messages=(MessageRequest(content="Hi"),)),
            RunRequest(assistant_id=assistant.id),
        )

    async def events(self, run: Run, **options: Any) -> list[StreamEvent]:
        """All that a follower is told."""
        follow = self.engine.runs.follow(run.thread_id, run.id, **options)
        return [event async for event in follow]

    async def messages(self, run: Run) -> list[Message]:
        """The Thread's Messages, oldest first."""
        return list((await self.engine.messages.list(run.thread_id, END)).data)


@asynccontextmanager
async def process(
    server: Server, *rounds: Any, owner: str = "w1", executes: bool = True
) -> AsyncIterator[Process]:
    """A process whose model plays `rounds`."""
    clock, ids, live = SystemClock(), RandomIds(), Live()
    client = await connect(server.url, clock)
    lease_ms = int(LEASE_S * 1000)
    threads = RedisThreadStore(client, PARTITIONS, ids, lease_ms=lease_ms)
    objects = RedisObjectStore(client, PARTITIONS)
    queue = RedisRunQueue(client, PARTITIONS, lease_ms=lease_ms)
    events = RedisRunEvents(client, PARTITIONS, ids)
    blobs, model, slots = MemoryBlobs(), ScriptedModel(*rounds), Slots(8)
    interpreter = ScriptedInterpreter()
    interpreter.answer("draw", Execution((Logs("drawn"), Figure(b"\x89PNG"))))
    catalogue = Catalogue(
        endpoint="here", default="m", facts=(), aliases=(), clock=clock, window=100_000
    )
    executor = Executor(
        threads=threads,
        objects=objects,
        blobs=blobs,
        events=events,
        queue=queue,
        endpoints={"here": Endpoint(model, slots)},
        catalogue=catalogue,
        interpreter=interpreter,
        live=live,
        clock=clock,
        ids=ids,
    )
    worker = Worker(
        owner=owner,
        executor=executor,
        threads=threads,
        events=events,
        queue=queue,
        slots=(slots,),
        clock=clock,
        lease_s=LEASE_S,
        tick_s=0.1,
        idle_s=0.2,
        grace_s=0,
    )
    engine = Engine(
        threads=threads,
        objects=objects,
        blobs=blobs,
        events=events,
        live=live,
        clock=clock,
        ids=ids,
        executors=worker if executes else None,
        vector_stores=memory_vector_stores(MemoryVectors(clock), objects, blobs, ids),
        look_again_s=1.0,
    )
    made = Process(engine, worker, model, queue, client)
    try:
        if executes:
            async with worker:
                yield made
        else:
            yield made
    finally:
        await queue.aclose()
        await events.aclose()
        await client.aclose()


async def test_everything_once(server: Server) -> None:
    rounds = [
        calls(("call_1", "code_interpreter", '{"code": "draw"}'), text="I draw."),
        calls(("call_2", "weather", '{"place": "Ghent"}')),
        says("It is ", "sunny."),
    ]
    async with process(server, *rounds) as here, process(server, executes=False) as api:
        run = await here.start(tools=(CODE, WEATHER))
        first = Client(await here.events(run))
        assert first.short()[-1] == "run.requires_action"
        await here.engine.runs.submit_tool_outputs(
            run.thread_id, run.id, [ToolOutputRequest("call_2", "sun")]
        )
        names = [event.name for event in await here.events(run, behind_call="call_2")]
        assert names[0] == "thread.run.step.completed"
        assert names[-1] == "thread.run.completed"

        whole = Client(await api.events(run))
        assert whole.text() == "I draw.\nIt is sunny."
        assert whole.short()[-1] == "run.completed"
        messages = await api.messages(run)
        assert [part["type"] for part in messages[-1].content] == ["image_file", "text"]
        done = await api.engine.runs.get(run.thread_id, run.id)
        assert (done.status, done.expires_at) == ("completed", None)
        steps = await api.engine.runs.steps(run.thread_id, run.id, END)
        assert [step.status for step in steps.data] == ["completed"] * 4
        await assert_no_leaks(here.client)


async def test_a_follower_in_another_process_hears_it_live(server: Server) -> None:
    go_on = asyncio.Event()
    beats = [TextDelta("one "), go_on, TextDelta("two"), Finished("stop")]
    async with process(server, beats) as worker, process(server, executes=False) as api:
        run = await worker.start()
        client = Client()
        async for event in api.engine.runs.follow(run.thread_id, run.id):
            client.hear(event)
            if isinstance(event.data, MessageDelta):
                go_on.set()  # only now does the model go on
        assert client.text() == "one two"


async def test_a_run_made_in_one_process_is_executed_in_another(server: Server) -> None:
    async with process(server, says("Hello")) as _, process(server, executes=False) as api:
        run = await api.start()
        assert Client(await api.events(run)).text() == "Hello"


async def test_a_cancel_from_another_process(server: Server) -> None:
    beats = [TextDelta("Once"), asyncio.Event()]
    async with process(server, beats) as worker, process(server, executes=False) as api:
        run = await worker.start()
        follower = asyncio.create_task(worker.events(run))
        async for event in api.engine.runs.follow(run.thread_id, run.id):
            if isinstance(event.data, MessageDelta):
                break
        answer = await api.engine.runs.cancel(run.thread_id, run.id)
        assert answer.status == "cancelling"
        client = Client(await follower)
        assert client.short()[-1] == "run.cancelled"
        assert (await api.messages(run))[-1].text == "Once"


async def test_a_process_that_is_lost_is_followed_by_another(server: Server) -> None:
    beats = [TextDelta("Once "), asyncio.Event()]
    async with process(server, beats) as first, process(server, executes=False) as api:
        run = await first.start()
        async for event in api.engine.runs.follow(run.thread_id, run.id):
            if isinstance(event.data, MessageDelta):
                break
        for task in asyncio.all_tasks():
            if task.get_name().startswith(("worker w1:", "execution w1:", "run ", "journal")):
                task.cancel()
        async with process(server, says("A story."), owner="w2") as second:
            await second.queue.recover(lambda owner: owner.startswith("w1"))
            client = Client(await second.events(run))
            assert client.text() == "A story."
            half, whole = (await second.messages(run))[1:]
            assert (half.status, half.text) == ("incomplete", "Once ")
            assert whole.status == "completed"
            await assert_no_leaks(second.client)


async def test_many_runs_at_once(server: Server) -> None:
    async with process(server, *[says("Hel", "lo")] * 40) as here:
        runs = await asyncio.gather(*(here.start() for _ in range(40)))
        told = await asyncio.gather(*(here.events(run) for run in runs))
        assert [Client(events).text() for events in told] == ["Hello"] * 40
        assert here.worker.free() == 8
        assert await here.queue.claim("w9", 10) == []
