"""What the engine costs: streaming latency through the official client, CPU a request, cost a Run.

The model puts the time at which it spoke into its first word, so latency is measured across
processes (the clock is the machine's). Everything runs on a server with `appendfsync always`.

    python -m benchmarks.engine                 all of it, with 100,000 Threads
    python -m benchmarks.engine --threads 5000  quicker
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.drill.worker import NoInterpreter
from benchmarks.processes import cpu_s
from bots.lifetime import stop_signal
from bots.wiring.bobbin import Bobbin, open_bobbin
from bots.wiring.service import StandIns
from config.loading import AssistantFile
from config.settings import Settings
from core.assistants import PARKED_RUN_STATUSES, Run
from core.engine.generation import Finished, ModelEvent, ModelRequest, TextDelta, Usage
from core.engine.requests import MessageRequest, RunRequest, ThreadRequest
from core.engine.service.engine import Engine
from tests.servers import Server, redis_server

ASSISTANT = "bench"
ROOT = Path(__file__).resolve().parents[1]


class Speaker:
    """A model that waits a little, says when it spoke, and goes on with `words` more words."""

    def __init__(self, words: int = 0, gap_s: float = 0.02, wait_s: float = 0.0) -> None:
        self._words = words
        self._gap_s = gap_s
        self._wait_s = wait_s

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """See `ChatModel`."""
        await asyncio.sleep(self._wait_s)
        yield TextDelta(f"{time.monotonic()} ")
        for number in range(self._words):
            await asyncio.sleep(self._gap_s)
            yield TextDelta(f"word{number} ")
        yield Finished("stop", Usage(1, 1))


def process(
    redis_url: str, data: Path, model: Speaker, *, slots: int = 64, api: bool = False
) -> AbstractAsyncContextManager[Bobbin]:
    """The product's own roles; without slots it serves and executes nothing."""
    settings = Settings.model_validate(
        {"redis_url": redis_url, "bobbin_data_dir": data, "bobbin_assistant": ASSISTANT}
    )
    return open_bobbin(
        settings,
        api=("127.0.0.1", 0) if api else None,
        chat=False,
        stand_ins=StandIns(
            model=model,
            slots=slots,
            interpreter=NoInterpreter(),
            files={ASSISTANT: AssistantFile(slug=ASSISTANT, name="Bench", instructions="")},
        ),
    )


@contextmanager
def child(role: str, server: Server, data: Path) -> Iterator[tuple[int, str]]:
    """This module in a process of its own, in that role; its pid and its API's address."""
    running = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.engine", "--role", role, server.url, str(data)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    try:
        yield running.pid, running.stdout.readline().strip()
    finally:
        running.terminate()
        running.wait()
        running.stdout.close()


async def role(name: str, redis_url: str, data: Path) -> None:
    """`worker` executes Runs; `front` serves the API and executes none; `both` does both."""
    speaker = Speaker(words=20, wait_s=0.2)
    slots = 0 if name == "front" else 64
    async with (
        stop_signal() as stop,
        process(redis_url, data, speaker, slots=slots, api=name != "worker") as bobbin,
    ):
        print(bobbin.address or "", flush=True)
        await stop.wait()


# --------------------------------------------------------------------------- through the client


async def first_words(address: str, runs: int = 40) -> list[float]:
    """Milliseconds from the model's first word to the client's, for each Run."""
    from openai import AsyncOpenAI

    late: list[float] = []
    async with AsyncOpenAI(base_url=f"{address}/v1", api_key="any", max_retries=0) as client:
        assistant = (await client.beta.assistants.list()).data[0].id
        for number in range(runs):
            thread = await client.beta.threads.create(messages=[{"role": "user", "content": "x"}])
            stream = await client.beta.threads.runs.create(
                thread_id=thread.id, assistant_id=assistant, stream=True
            )
            first = 0.0
            async for event in stream:
                if event.event == "thread.message.delta" and not first:
                    first = time.monotonic()
                    content: Any = (event.data.delta.content or [])[0]
                    spoken = float(str(content.text.value).split()[0])
                    if number >= runs // 5:  # what comes before warms up
                        late.append(1000 * (first - spoken))
    return late


async def cpu_a_request(pid: int, address: str, count: int = 300) -> float:
    """Milliseconds of the serving process's CPU for creating a Message and a Run."""
    import httpx2

    beta = {"OpenAI-Beta": "assistants=v2"}
    async with httpx2.AsyncClient(base_url=f"{address}/v1", headers=beta) as client:

        async def post(path: str, **body: Any) -> Any:
            answer = await client.post(path, json=body)
            answer.raise_for_status()
            return answer.json()

        assistant = (await client.get("/assistants")).json()["data"][0]["id"]
        threads = [(await post("/threads"))["id"] for _ in range(count)]
        begun = cpu_s(pid)
        for thread in threads:
            await post(f"/threads/{thread}/messages", role="user", content="What is 2 + 2?")
            await post(f"/threads/{thread}/runs", assistant_id=assistant)
        return 1000 * (cpu_s(pid) - begun) / count


def client_side(server: Server, data: Path) -> None:
    """Latency and CPU through the official client, over HTTP."""
    with child("both", server, data) as (_, address):
        _say_latency("Run in the process that is asked", asyncio.run(first_words(address)))
    with child("front", server, data) as (pid, address):
        with child("worker", server, data):
            late = asyncio.run(first_words(address))
            _say_latency("Run in another process", late)
        cost = asyncio.run(cpu_a_request(pid, address))
    print(f"create message + create run over HTTP: {cost:.2f} ms CPU", flush=True)


def _say_latency(where: str, late: list[float]) -> None:
    late.sort()
    print(
        f"first word at the client behind the model's, {where}: median "
        f"{statistics.median(late):.1f} ms, p95 {late[int(len(late) * 0.95)]:.1f} ms",
        flush=True,
    )


# --------------------------------------------------------------------------- what a Run costs


async def one_run(
    engine: Engine, thread_id: str, assistant: str, *, last: int | None = None
) -> None:
    """A Run from its creation to its end."""
    strategy = {"type": "last_messages", "last_messages": last} if last else None
    run = await engine.runs.create(
        thread_id, RunRequest(assistant_id=assistant, truncation_strategy=strategy)
    )
    async for event in engine.runs.follow(thread_id, run.id):
        if isinstance(event.data, Run) and event.data.status in PARKED_RUN_STATUSES:
            assert event.data.status == "completed", event.data.last_error


async def cost(
    server: Server, runs: int, do: Callable[[], Awaitable[None]]
) -> tuple[float, float, float]:
    """For each of so many: CPU of this process, CPU of the store, and time; milliseconds."""
    for _ in range(max(3, runs // 10)):
        await do()
    own, store, begun = time.process_time(), cpu_s(server.pid), time.perf_counter()
    for _ in range(runs):
        await do()
    return (
        1000 * (time.process_time() - own) / runs,
        1000 * (cpu_s(server.pid) - store) / runs,
        1000 * (time.perf_counter() - begun) / runs,
    )


async def filled(engine: Engine, count: int) -> None:
    """So many more Threads with a question each."""
    gate = asyncio.Semaphore(64)

    async def one() -> None:
        async with gate:
            await engine.threads.create(
                ThreadRequest(messages=(MessageRequest(content="What is 2 + 2?"),))
            )

    for start in range(0, count, 1000):
        await asyncio.gather(*(one() for _ in range(min(1000, count - start))))


async def run_side(server: Server, data: Path, stored: int) -> None:
    """What a Run costs, by Threads stored, Messages in the prompt, and Messages in the Thread."""
    async with process(server.url, data, Speaker()) as bobbin:
        assert bobbin.service.side is not None
        engine = bobbin.service.side.engine
        (assistant,) = (await engine.assistants.list(_cursor())).data

        async def on_a_new_thread() -> None:
            thread = await engine.threads.create(
                ThreadRequest(messages=(MessageRequest(content="What is 2 + 2?"),))
            )
            await one_run(engine, thread.id, assistant.id)

        for count in (10, stored):
            await filled(engine, count)
            _say_cost(f"{count:7,} Threads stored", await cost(server, 200, on_a_new_thread))
        for length, last in ((100, 20), (1000, 20), (10_000, 20), (10_000, 100), (10_000, 500)):
            thread = await engine.threads.create(ThreadRequest())
            for _ in range(length):
                await engine.messages.create(thread.id, MessageRequest(content="a" * 100))

            async def on_it(thread_id: str = thread.id, last: int = last) -> None:
                await one_run(engine, thread_id, assistant.id, last=last)

            what = f"{last:3} Messages in the prompt, {length:6,} in the Thread"
            _say_cost(what, await cost(server, 50, on_it))


async def log_side(server: Server, data: Path) -> None:
    """What the log of a streamed answer costs, by who reads it."""
    async with process(server.url, data, Speaker(words=50)) as bobbin:
        assert bobbin.service.side is not None
        engine = bobbin.service.side.engine
        (assistant,) = (await engine.assistants.list(_cursor())).data
        from adapters.redis.events import RedisRunEvents
        from core.ids import RandomIds

        log = RedisRunEvents(bobbin.store.client, bobbin.store.partitions, RandomIds())
        for read in (False, True):

            async def answer(read: bool = read) -> None:
                thread = await engine.threads.create(
                    ThreadRequest(messages=(MessageRequest(content="x"),))
                )
                run = await engine.runs.create(thread.id, RunRequest(assistant_id=assistant.id))
                if read:
                    await log.read(thread.id, run.id, "0", 0.001)
                async for _ in engine.runs.follow(thread.id, run.id):
                    pass

            async def ten(answer: Callable[[], Awaitable[None]] = answer) -> None:
                await asyncio.gather(*(answer() for _ in range(10)))

            own, store, _ = await cost(server, 10, ten)
            reader = "somebody reads its log" if read else "nobody reads its log"
            print(
                f"an answer of 50 words in a second, {reader}: {own / 10:.1f} ms CPU, and "
                f"{store / 10:.1f} ms of the store",
                flush=True,
            )


def _say_cost(what: str, costs: tuple[float, float, float]) -> None:
    own, store, wall = costs
    print(
        f"a Run, {what}: {own:.2f} ms CPU, {store:.2f} ms of the store, {wall:.1f} ms in all",
        flush=True,
    )


def _cursor() -> Any:
    from core.engine.records import Cursor

    return Cursor(limit=1)


def main(threads: int = 100_000) -> None:
    """Measure all of it."""
    print(f"engine, on {os.cpu_count()} cores with a load of {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        with redis_server(Path(folder), fsync="always") as server:
            client_side(server, Path(folder) / "data")
            asyncio.run(log_side(server, Path(folder) / "data"))
        fresh = Path(folder) / "fresh"
        with redis_server(fresh, fsync="always") as server:
            asyncio.run(run_side(server, fresh / "data", threads))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=100_000)
    parser.add_argument("--role", nargs=3, metavar=("NAME", "REDIS_URL", "DATA"))
    given = parser.parse_args()
    if given.role:
        asyncio.run(role(given.role[0], given.role[1], Path(given.role[2])))
    else:
        main(given.threads)
