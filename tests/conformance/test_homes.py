"""Two processes, both asked in turn: a Thread's code goes on where its session is.

With the real code interpreter; whose key a model request carries tells who executed the Run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.conformance.stage import Process, Stage, clients_of, process, variables_of
from tests.fakes.model_server import Call, ModelServer, Reply
from tests.servers import redis_server

CODE: Any = {"type": "code_interpreter"}
KEYS = ("sk-first", "sk-second")
LONG_S, SHORT_S = "60", "0.3"
"""What a Run waits for its home: longer than any machine stands still, and as everywhere."""
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


@pytest_asyncio.fixture(params=[LONG_S])
async def two(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Two]:
    """A Run waits as many seconds for its home as the parameter says."""
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(redis_server(tmp_path, fsync="no"))
        model = await stack.enter_async_context(ModelServer())
        stages: list[Stage] = []
        processes: list[Process] = []
        for key in KEYS:
            variables = variables_of("chat", model, redis.url, tmp_path, key)
            variables["BOBBIN_HOME_S"] = request.param
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
        told = await two.turn(at, thread_id, assistant_id)
        assert told == (f"x is {number}", "sk-first")


async def test_each_thread_has_its_own_home(two: Two) -> None:
    assistant_id = await two.stages[0].assistant(tools=[CODE])
    threads = [await stage.thread("Count.") for stage in two.stages]
    for at, thread_id in enumerate(threads):
        assert await two.turn(at, thread_id, assistant_id) == ("x is 1", KEYS[at])
    for at, thread_id in enumerate(threads):
        assert await two.turn(1 - at, thread_id, assistant_id) == ("x is 2", KEYS[at])


@pytest.mark.parametrize("two", [SHORT_S], indirect=True)
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


@pytest.mark.parametrize("two", ["0"], indirect=True)
async def test_without_waiting_whoever_is_asked_executes(two: Two) -> None:
    """What the tests above would see if nothing led Runs home."""
    assistant_id = await two.stages[0].assistant(tools=[CODE])
    thread_id = await two.stages[0].thread("Count.")
    assert await two.turn(0, thread_id, assistant_id) == ("x is 1", "sk-first")
    printed, key = await two.turn(1, thread_id, assistant_id)
    assert key == "sk-second"
    assert "variables of earlier calls are gone" in printed
