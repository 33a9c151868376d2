"""A whole installation as a client sees it: real processes, a real Redis, a scripted model.

    one     `bobbin api` does everything
    two     `bobbin api` is asked, `bobbin worker` executes: the only model slot of the first one
            is taken by a Run that never comes to its second word

Whose key a model request carries tells which process sent it.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx2
from openai import AsyncOpenAI

from tests.api.schema import Schema
from tests.api.serving import BETA
from tests.conformance.asked import Asked, asked_in
from tests.fakes.model_server import Json, ModelServer, Reply, Request, Scripted
from tests.servers import redis_server

Protocol = Literal["responses", "chat"]
Shape = Literal["one", "two"]

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0
OCCUPY = "Think for ever."
OCCUPIED_S = 60.0
"""How long a Run occupies its process before another one does: no endpoint may be silent for two
minutes, and no Run may take for ever."""
FRONT, WORKER = "sk-front", "sk-worker"
MODEL = "m"

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a place.",
        "parameters": {
            "type": "object",
            "properties": {"place": {"type": "string"}},
            "required": ["place"],
        },
    },
}


class Process:
    """A `bobbin` command that runs; its words are kept in a file."""

    def __init__(self, role: str, folder: Path, variables: dict[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._said = folder / f"{role}-{len(list(folder.iterdir()))}.log"
        with self._said.open("wb") as said:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "bots", role],
                cwd=ROOT,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": os.environ.get("HOME", "/"),
                    "LANG": "C.UTF-8",
                    "BOBBIN_PORT": "0",
                    **variables,
                },
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """All that it has printed."""
        return self._said.read_text(errors="replace")

    async def word(self, mark: str) -> str:
        """What follows `mark` in its first line that has it, as soon as it is there."""
        deadline = time.monotonic() + PATIENCE_S
        while mark not in self.said:
            assert self.child.poll() is None, f"it ended:\n{self.said}"
            assert time.monotonic() < deadline, f"it never said {mark!r}:\n{self.said}"
            await asyncio.sleep(0.02)
        return self.said.split(mark, 1)[1].split("\n", 1)[0]

    def kill(self) -> None:
        """kill -9."""
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()


@contextmanager
def process(role: str, folder: Path, variables: dict[str, str]) -> Any:
    """A `bobbin` command until the block ends."""
    started = Process(role, folder, variables)
    try:
        yield started
    finally:
        started.kill()


@dataclass
class Stage:
    """An installation that runs, and two clients of it."""

    protocol: Protocol
    shape: Shape
    model: ModelServer
    url: str
    client: AsyncOpenAI
    """The official client. It refuses answers that are not as its types have them."""
    http: httpx2.AsyncClient
    """A plain one, with `/v1` and the beta header."""
    executor: str
    """The key in the model requests of the process that executes."""
    _seen: int = 0
    _occupied: Any = None
    """The Run that takes the only slot of the process that is asked, and since when."""
    _since: float = 0.0

    async def begin(self) -> None:
        """A new test: nothing was asked, nothing is scripted."""
        if self._occupied is not None and time.monotonic() - self._since > OCCUPIED_S:
            run = self._occupied
            found = await self.client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)
            if found.status == "in_progress":
                await self.client.beta.threads.runs.cancel(run.id, thread_id=run.thread_id)
                await self.until(run, "cancelled")
            await self.occupy()
        self._seen = len(self.model.requests)

    async def occupy(self) -> None:
        """Take the only slot of the process that is asked."""
        self._seen = len(self.model.requests)
        self._occupied = await self.run(await self.thread(OCCUPY), await self.assistant())
        self._since = time.monotonic()
        await self.until_asked(1)
        (key,) = {request.headers["Authorization"] for request in self.requests}
        assert key == f"Bearer {FRONT}"

    @property
    def requests(self) -> list[Request]:
        """Requests for answers since the test began."""
        asked = self.model.requests[self._seen :]
        return [one for one in asked if one.path in ("/v1/responses", "/v1/chat/completions")]

    def script(self, *replies: Scripted) -> None:
        """What the model answers next, one entry a request."""
        self.model.script(*replies)

    @property
    def asked(self) -> list[Asked]:
        """What the model was asked since the test began."""
        return [asked_in(request.body) for request in self.requests]

    def check_executor(self) -> None:
        """Every model request since the test began came from the process that executes."""
        keys = {request.headers["Authorization"] for request in self.requests}
        assert keys <= {f"Bearer {self.executor}"}

    async def until_asked(self, count: int) -> None:
        """Return when the model has been asked that often since the test began."""
        deadline = time.monotonic() + PATIENCE_S
        while len(self.requests) < count:
            assert time.monotonic() < deadline, f"the model was asked {len(self.asked)} times"
            await asyncio.sleep(0.005)

    async def assistant(self, **values: Any) -> str:
        """The id of a new Assistant."""
        given: dict[str, Any] = {"model": MODEL, "instructions": "Be brief."} | values
        return (await self.client.beta.assistants.create(**given)).id

    async def thread(self, *texts: str) -> str:
        """The id of a new Thread in which a user said this."""
        made = await self.client.beta.threads.create(
            messages=[{"role": "user", "content": text} for text in texts or ("Hi",)]
        )
        return made.id

    async def run(self, thread_id: str, assistant_id: str, **values: Any) -> Any:
        """A new Run, as the official client has it."""
        given: dict[str, Any] = {"assistant_id": assistant_id, **values}
        runs: Any = self.client.beta.threads.runs
        return await runs.create(thread_id, **given)

    async def poll(self, run: Any) -> Any:
        """The Run when it has ended or waits for tool outputs."""
        return await self.client.beta.threads.runs.poll(
            run.id, thread_id=run.thread_id, poll_interval_ms=10
        )

    async def done(self, thread_id: str, assistant_id: str, **values: Any) -> Any:
        """A new Run, when it has ended or waits for tool outputs."""
        return await self.poll(await self.run(thread_id, assistant_id, **values))

    async def until(self, run: Any, status: str) -> Any:
        """The Run as soon as it has that status."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            found = await self.client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)
            if found.status == status:
                return found
            assert time.monotonic() < deadline, f"{run.id} stays {found.status}"
            await asyncio.sleep(0.01)

    async def newest_run(self, thread_id: str) -> Any:
        """The Thread's newest Run."""
        return (await self.client.beta.threads.runs.list(thread_id, limit=1)).data[0]

    async def until_run(self, thread_id: str) -> None:
        """Return when the Thread has a Run."""
        deadline = time.monotonic() + PATIENCE_S
        while not (await self.client.beta.threads.runs.list(thread_id, limit=1)).data:
            assert time.monotonic() < deadline, f"{thread_id} has no Run"
            await asyncio.sleep(0.005)

    async def steps(self, run: Any) -> list[Json]:
        """The Run's Steps on the wire, oldest first."""
        path = f"/threads/{run.thread_id}/runs/{run.id}/steps"
        return (await self.http.get(path, params={"order": "asc"})).json()["data"]

    async def messages(self, thread_id: str) -> list[Json]:
        """The Thread's Messages on the wire, oldest first."""
        path = f"/threads/{thread_id}/messages"
        return (await self.http.get(path, params={"order": "asc"})).json()["data"]

    async def said(self, run: Any) -> list[str]:
        """The texts of the Run's Messages, oldest first."""
        return [
            "".join(part["text"]["value"] for part in message["content"] if "text" in part)
            for message in await self.messages(run.thread_id)
            if message["run_id"] == run.id
        ]

    async def refusal(self, path: str, body: Any = None) -> Json:
        """The error of a POST that is refused as a wrong request."""
        answer = await self.http.post(path, json={} if body is None else body)
        assert answer.status_code == 400, answer.text
        error = answer.json()["error"]
        assert error["type"] == "invalid_request_error"
        return error

    async def stream(self, path: str, body: Json) -> list[tuple[str, Json]]:
        """Name and object of each event of a stream up to its end."""
        async with self.follow(path, body) as events:
            return [event async for event in events]

    @asynccontextmanager
    async def follow(self, path: str, body: Json) -> AsyncIterator[AsyncIterator[tuple[str, Json]]]:
        """The events of a stream as they come."""
        sent = {**body, "stream": True}
        async with self.http.stream("POST", path, json=sent) as response:
            assert response.status_code == 200, (await response.aread()).decode()
            yield _events(response)


async def _events(response: httpx2.Response) -> AsyncIterator[tuple[str, Json]]:
    name = ""
    async for line in response.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: ") and name != "done":
            yield name, httpx2.Response(200, text=line.removeprefix("data: ")).json()
    assert name == "done"


def variables_of(
    protocol: Protocol, model: ModelServer, redis_url: str, folder: Path, key: str
) -> dict[str, str]:
    """The environment of a process of an installation."""
    return {
        "BOBBIN_DATA_DIR": str(folder / "data"),
        "REDIS_URL": redis_url,
        "OPENAI_BASE_URL": model.base_url,
        "OPENAI_API_KEY": key,
        "BOBBIN_MODEL": MODEL,
        "BOBBIN_MODEL_API": protocol,
        "BOBBIN_CONTEXT_WINDOW": "16000",
        "BOBBIN_RUN_TTL_S": "700",
    }


@asynccontextmanager
async def clients_of(url: str, schema: Schema | None) -> AsyncIterator[tuple[Any, Any]]:
    """The official client and a plain one; every JSON answer is checked."""
    hooks: dict[str, list[Any]] = {"response": [schema.check] if schema else []}
    patient = httpx2.Timeout(PATIENCE_S)
    async with (
        httpx2.AsyncClient(event_hooks=hooks, verify=False, timeout=patient) as inner,
        httpx2.AsyncClient(
            base_url=url, headers=BETA, event_hooks=hooks, verify=False, timeout=patient
        ) as http,
    ):
        client = AsyncOpenAI(
            base_url=url,
            api_key="sk-test",
            http_client=inner,
            max_retries=0,
            _strict_response_validation=True,
        )
        yield client, http


def occupied(never: asyncio.Event) -> Any:
    """A model that thinks for ever about one question; to all others it has no answer."""

    def answer(body: Json) -> Scripted:
        assert asked_in(body).messages == (("user", OCCUPY),), "the script of this test is over"
        return Reply(text="Well then", hold=never)

    return answer


@asynccontextmanager
async def open_stage(
    protocol: Protocol,
    shape: Shape,
    folder: Path,
    schema: Schema | None,
    extra: Sequence[tuple[str, str]] = (),
    *,
    listed: Sequence[Json] = ({"id": MODEL, "object": "model"},),
) -> AsyncIterator[Stage]:
    """An installation until the block ends. `extra` variables win; the endpoint lists `listed`."""
    never = asyncio.Event()
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(redis_server(folder, fsync="no"))
        model = await stack.enter_async_context(ModelServer(occupied(never)))
        model.models = list(listed)
        front = variables_of(protocol, model, redis.url, folder, FRONT) | dict(extra)
        if shape == "two":
            front["BOBBIN_MODEL_SLOTS"] = "1"
        api = stack.enter_context(process("api", folder / "logs", front))
        url = await api.word("Assistants API at ")
        client, http = await stack.enter_async_context(clients_of(url, schema))
        stage = Stage(protocol, shape, model, url, client, http, FRONT)
        if shape == "two":
            await stage.occupy()
            worker = front | {"OPENAI_API_KEY": WORKER, "BOBBIN_MODEL_SLOTS": "8"}
            started = stack.enter_context(process("worker", folder / "logs", worker))
            await started.word("bobbin: store:")
            stage.executor = WORKER
        yield stage
