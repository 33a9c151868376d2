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
TURNS = 20
"""Within so many turns the machine lets a home answer in time."""
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
        for key in KEYS:
            variables = variables_of("chat", model, redis.url, tmp_path, key)
            started = stack.enter_context(process("api", tmp_path / "logs", variables))
            url = await started.word("Assistants API at ")
            client, http = await stack.enter_async_context(clients_of(url, None))
            stages.append(Stage("chat", "one", model, url, client, http, key))
            processes.append(started)
        yield Two((stages[0], stages[1]), (processes[0], processes[1]))


@dataclass
class Counting:
    """A Thread whose code counts, as far as its session is known."""

    two: Two
    thread_id: str
    assistant_id: str
    home: str = ""
    count: int = 0

    async def turn(self, at: int) -> bool:
        """A Run made at one of them: whether the home that is another one executed it.

        A home that stands still loses the session, and who executes says so and is the home.
        """
        printed, key = await self.two.turn(at, self.thread_id, self.assistant_id)
        if key == self.home:
            self.count += 1
            assert printed == f"x is {self.count}"
            return key != KEYS[at]
        assert printed.endswith("x is 1")
        assert not self.home or "variables of earlier calls are gone" in printed
        self.home, self.count = key, 1
        return False


async def test_variables_stay_whoever_is_asked(two: Two) -> None:
    first = two.stages[0]
    thread_id = await first.thread("Count.")
    thread = Counting(two, thread_id, await first.assistant(tools=[CODE]))
    came_home = 0
    for turn in range(TURNS):
        came_home += await thread.turn(turn % 2)
        if came_home == 3:
            return
    pytest.fail("Runs are not executed where the session is")


async def test_each_thread_has_its_own_home(two: Two) -> None:
    assistant_id = await two.stages[0].assistant(tools=[CODE])
    threads = [Counting(two, await stage.thread("Count."), assistant_id) for stage in two.stages]
    for _ in range(TURNS):
        for at, thread in enumerate(threads):
            await thread.turn(at)
        came_home = [await thread.turn(1 - at) for at, thread in enumerate(threads)]
        if all(came_home) and {thread.home for thread in threads} == set(KEYS):
            return
    pytest.fail("two Threads do not keep two homes")


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
