"""A schema-driven fuzzer (schemathesis) over the whole API, against a server on a socket.

It knows our description alone. Whatever it sends, the answer has to be one that the description
has: its status, its content type, its headers, its body; never a 5xx; and what the description does
not allow has to be refused.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

from core.engine.generation import ModelEvent, ModelRequest, ToolOutput
from tests.api.serving import BETA, WEATHER, served
from tests.fakes.scripted_model import ScriptedModel, calls, says
from tests.patience import PATIENCE_S

_NO_HTTP = b"Invalid HTTP request received."
"""What the server answers by itself where headers say nothing sensible (a length that is none)."""

_REFUSED = ("400", "401", "403", "404", "405", "413")
"""How the API says that a request is wrong."""

_STEPS = 10
"""Requests of a sequence at most."""

SHAPES = {
    "invalid_type",
    "unknown_parameter",
    "missing_required_parameter",
    "array_above_max_length",
    "empty_array",
    "string_above_max_length",
    "empty_string",
    "integer_below_min_value",
    "integer_above_max_value",
    "decimal_below_min_value",
    "decimal_above_max_value",
    "object_above_max_properties",
}
"""Codes of refusals that say that a request has another shape than the description allows."""


@dataclass
class Findings:
    """What a run of the fuzzer did and found."""

    cases: int = 0
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    problems: list[str] = field(default_factory=list[str])

    @property
    def succeeded(self) -> set[str]:
        """Operations that gave at least one success."""
        return {label for label, status in self.statuses if status < 400}


class Improviser(ScriptedModel):
    """A model that never runs out: it answers, calls what it may, calls what it may not, waits."""

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        number = len(self.requests)
        functions = [tool.name for tool in request.tools if tool.name != "code_interpreter"]
        told = any(isinstance(item, ToolOutput) for item in request.items)
        if functions and not told:
            self.then(*calls((f"call_{number}", functions[0], "{}")))
        elif number % 5 == 1:
            self.then(*calls((f"call_{number}", "code_interpreter", '{"code": "1"}')))
        elif number % 5 == 3:
            self.then(*calls((f"call_{number}", "nothing", "{")))
        else:
            self.then(*says("Some", " words."))
        async for event in super().stream(request):
            yield event


@contextmanager
def fuzzed_server(redis_url: str, folder: Path) -> Iterator[str]:
    """The address of a server in a thread of its own."""
    started, stopping = threading.Event(), asyncio.Event()
    told: list[Any] = []

    async def serve() -> None:
        async with served(redis_url, folder, model=Improviser()) as api:
            told.extend((api.url, asyncio.get_running_loop()))
            started.set()
            await stopping.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert started.wait(PATIENCE_S), "the server did not start"
        yield told[0]
    finally:
        if len(told) > 1:
            told[1].call_soon_threadsafe(stopping.set)
        thread.join(PATIENCE_S)


def fuzz(url: str, *, seed: int, examples: int, sequences: int, worlds: int) -> Findings:
    """Send requests at every limit of the description, `examples` of each operation, `sequences`
    in which each request takes up what an answer told, and `examples` about objects that exist,
    in so many `worlds`: a Run can be cancelled once."""
    document = httpx2.get(f"{url}/v1/openapi.json").json()
    findings = Findings()
    blind = _config(seed, examples, sequences)
    _run(url, document, blind, findings)
    _delete_nothing(document)
    for number in range(worlds):
        knowing = _config(seed + number, examples, 0, world(url))
        _run(url, document, knowing, findings)
    return findings


def world(url: str) -> dict[str, str]:
    """Parameters of paths that name objects which exist: among them a Run that waits for outputs,
    and a File in a vector store."""
    with httpx2.Client(base_url=f"{url}/v1", headers=BETA) as client:

        def make(path: str, **options: Any) -> Any:
            answer = client.post(path, **options)
            assert answer.status_code == 200, answer.text
            return answer.json()

        assistant = make("/assistants", json={"model": "m", "tools": [WEATHER]})
        thread = {"messages": [{"role": "user", "content": "x"}]}
        run = make("/threads/runs", json={"assistant_id": assistant["id"], "thread": thread})
        at = f"/threads/{run['thread_id']}"
        while run["status"] in ("queued", "in_progress"):
            time.sleep(0.02)
            run = client.get(f"{at}/runs/{run['id']}").json()
        steps = client.get(f"{at}/runs/{run['id']}/steps").json()
        messages = client.get(f"{at}/messages").json()
        form = {"files": {"file": ("a.txt", b"words")}, "data": {"purpose": "assistants"}}
        file = make("/files", **form)
        store = make("/vector_stores")
        within = f"/vector_stores/{store['id']}"
        batch = make(f"{within}/file_batches", json={"file_ids": [file["id"]]})
        return {
            "path.assistant_id": assistant["id"],
            "path.thread_id": run["thread_id"],
            "path.run_id": run["id"],
            "path.step_id": steps["first_id"],
            "path.message_id": messages["first_id"],
            "path.file_id": file["id"],
            "path.vector_store_id": store["id"],
            "path.batch_id": batch["id"],
        }


def _delete_nothing(document: Any) -> None:
    for methods in document["paths"].values():
        methods.pop("delete", None)
        for operation in methods.values():
            operation["responses"]["200"].pop("links", None)


def _run(url: str, document: Any, config: Any, findings: Findings) -> None:
    schema: Any = schemathesis.openapi.from_dict(document, config=config)
    schema.config.update(base_url=f"{url}/v1")
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _note(event.recorder, findings)
        elif isinstance(event, events.NonFatalError):
            findings.problems.append(f"{event.label}: {event.info.format()}")
        elif isinstance(event, events.FatalError):
            raise event.exception


def _config(
    seed: int, examples: int, sequences: int, parameters: dict[str, str] | None = None
) -> Any:
    """Without sequences: `examples` of each operation alone."""
    configs: Any = SchemathesisConfig
    stateful: dict[str, Any] = {"enabled": sequences > 0}
    if sequences:
        # The description's own links; what could be guessed besides leads nowhere.
        inference = {"algorithms": list[str]()}
        numbers = {"max-steps": _STEPS, "generation": {"max-examples": sequences}}
        stateful |= numbers | {"inference": inference}
    return configs.from_dict(
        {
            "seed": seed,
            "generation": {"max-examples": examples, "database": "none"},
            "phases": {"coverage": {"enabled": sequences > 0}, "stateful": stateful},
            "parameters": parameters or {},
            "checks": {
                # Ids that do not exist, Threads that are locked: refusals that no schema foresees.
                # `allowed_shapes` looks at what is left.
                "positive_data_acceptance": {"enabled": False},
                # A 404 may be about another object, which the body names.
                "ensure_resource_availability": {"enabled": False},
                "negative_data_rejection": {"expected-statuses": [*_REFUSED]},
                "unsupported_method": {"enabled": True},
            },
            "continue-on-failure": True,
            "operations": [
                # By another method this path is that of the Thread `runs`, whose id is refused.
                {
                    "include-path": "/threads/runs",
                    "checks": {"unsupported_method": {"enabled": False}},
                }
            ],
        }
    )


def _note(recorder: Any, findings: Findings) -> None:
    for case_id, interaction in recorder.interactions.items():
        node = recorder.cases[case_id]
        label = node.value.operation.label
        response = interaction.response
        if response is not None and response.content == _NO_HTTP:
            continue
        if response is not None:
            findings.cases += 1
            findings.statuses[label, response.status_code] += 1
        for check in recorder.checks.get(case_id, ()):
            if check.status != Status.SUCCESS:
                body = "" if response is None else response.content[:300].decode(errors="replace")
                failure = check.failure_info.failure
                curl = check.failure_info.code_sample
                findings.problems.append(
                    f"{label}: {check.name}: {failure.title}: {failure.message}\n{curl}\n{body}"
                )


@schemathesis.check
def allowed_shapes(context: Any, response: Any, case: Any) -> None:
    """What the description allows is never refused for its shape."""
    del context
    meta = case.meta
    if response.status_code != 400 or meta is None or not meta.generation.mode.is_positive:
        return
    error = response.json()["error"]
    if error["message"].endswith("expected an integer, but got a decimal instead."):
        return  # JSON Schema takes 1.0 for an integer; the API never did
    assert error["code"] not in SHAPES, f"allowed, but refused: {error['message']}"
