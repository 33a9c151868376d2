"""What it costs that a Thread's Runs are led to its home: `python -m benchmarks.homes [RUNS]`.

Two processes on one server, a scripted model. A Thread's code ran at the first one; then Runs are
made at both in turn, without code. Told is the time from the request to the model's call, in
milliseconds, over HTTP; and the same for the first and second Run after the home was killed.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from tests.conformance.stage import Process, Stage, clients_of, process, variables_of
from tests.fakes.model_server import Call, ModelServer, Reply
from tests.servers import redis_server

KEYS = ("sk-home", "sk-other")


async def _reached(stage: Stage, thread_id: str, assistant_id: str) -> float:
    """Milliseconds from the request for a Run to the model's call; the Run has ended then."""
    stage.script(Reply(text="Yes."))
    asked = len(stage.model.requests)
    began = time.perf_counter()
    making = asyncio.create_task(stage.run(thread_id, assistant_id))
    while len(stage.model.requests) == asked:
        await asyncio.sleep(0.0005)
    took = (time.perf_counter() - began) * 1000
    await stage.poll(await making)
    return took


async def measure(runs: int) -> None:
    """Measure and print."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(redis_server(folder))
        model = await stack.enter_async_context(ModelServer())
        processes: list[Process] = []
        stages: list[Stage] = []
        for key in KEYS:
            variables = variables_of("chat", model, redis.url, folder, key)
            started = stack.enter_context(process("api", folder / "logs", variables))
            url = await started.word("Assistants API at ")
            client, http = await stack.enter_async_context(clients_of(url, None))
            processes.append(started)
            stages.append(Stage("chat", "one", model, url, client, http, key))
        home, other = stages
        assistant_id = await home.assistant(tools=[{"type": "code_interpreter"}])
        threads = [await stage.thread("Go on.") for stage in stages]
        for stage, thread_id in zip(stages, threads, strict=True):
            stage.script(Reply(calls=(Call("code_interpreter", "1"),)), Reply(text="Done."))
            await stage.done(thread_id, assistant_id)
        for name, stage in (("made at home", home), ("made elsewhere", other)):
            times = [await _reached(stage, threads[0], assistant_id) for _ in range(runs)]
            ninetieth = sorted(times)[int(runs * 0.9)]
            print(f"{name:34}{statistics.median(times):8.1f}   p90 {ninetieth:.1f}")
        processes[0].kill()
        for name in ("first after the home was killed", "second"):
            print(f"{name:34}{await _reached(other, threads[0], assistant_id):8.1f}")


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
