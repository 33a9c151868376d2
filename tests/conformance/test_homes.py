"""Two processes, both asked in turn: a Thread's code goes on where its session is.

With the real code interpreter; whose key a model request carries tells who executed the Run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest_asyncio

from tests.conformance.stage import Process, Stage, clients_of, process, variables_of
from tests.fakes.model_server import Call, ModelServer, Reply
from tests.servers import redis_server

CODE: Any = {"type": "code_interpreter"}
ADD = "try:\n    x += 1\nexcept NameError:\n    x = 1\nprint('x is', x)"


@dataclass
class Two:
    """Two processes that serve and execute, each with its client."""

    stages: tuple[Stage, Stage]
    processes: tuple[Process, Process]

    async def turn(self, at: int, thread_id: str, assistant_id: str) -> tuple[str, str]:
        """A Run with code, made at one of them: what it printed, and whose key was used."""
        stage = self.stages[at]
        stage.script(Reply(calls=(Call("code_interpreter", ADD),)), Reply(text="Done."))
        run = await stage.done(thread_id, assistant_id)
        assert run.status == "completed"
        (call,) = (await stage.steps(run))[0]["step_details"]["tool_calls"]
        printed = "\n".join(part["logs"] for part in call["code_interpreter"]["outputs"])
        return printed, stage.model.requests[-1].headers["Authorization"].removeprefix("Bearer ")


@pytest_asyncio.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(redis_server(tmp_path, fsync="no"))
        model = await stack.enter_async_context(ModelServer())
        stages: list[Stage] = []
        processes: list[Process] = []
        for key in ("sk-first", "sk-second"):
            variables = variables_of("chat", model, redis.url, tmp_path, key)
            variables["BOBBIN_LEASE_S"] = "2"
            started = stack.enter_context(process("api", tmp_path / "logs", variables))
            url = await started.word("Assistants API at ")
            client, http = await stack.enter_async_context(clients_of(url, None))
            stages.append(Stage("chat", "one", model, url, client, http, key))
            processes.append(started)
        yield Two((stages[0], stages[1]), (processes[0], processes[1]))


async def test_variables_stay_whoever_is_asked(two: Two) -> None:
    first = two.stages[0]
    assistant_id = await first.assistant(tools=[CODE])
    thread_id = await first.thread("Count.")
    for number, at in enumerate((0, 1, 0, 1, 1, 0), start=1):
        printed, key = await two.turn(at, thread_id, assistant_id)
        assert printed == f"x is {number}"
        assert key == "sk-first"


async def test_each_thread_has_its_own_home(two: Two) -> None:
    assistant_id = await two.stages[0].assistant(tools=[CODE])
    threads = [await stage.thread("Count.") for stage in two.stages]
    for number in (1, 2):
        for at, thread_id in enumerate(threads):
            asked = at if number == 1 else 1 - at
            printed, key = await two.turn(asked, thread_id, assistant_id)
            assert printed == f"x is {number}"
            assert key == ("sk-first", "sk-second")[at]


async def test_when_the_home_is_killed_the_other_one_goes_on(two: Two) -> None:
    first = two.stages[0]
    assistant_id = await first.assistant(tools=[CODE])
    thread_id = await first.thread("Count.")
    assert await two.turn(0, thread_id, assistant_id) == ("x is 1", "sk-first")
    two.processes[0].kill()
    printed, key = await two.turn(1, thread_id, assistant_id)
    assert key == "sk-second"
    assert "variables of earlier calls are gone" in printed
    assert printed.endswith("x is 1")
    assert await two.turn(1, thread_id, assistant_id) == ("x is 2", "sk-second")
