"""`Assistants` of core/chat/ports.py, served by a remote Assistants-compatible service.

Every id is the service's own. After a crash things are found by the metadata they were made with:
Runs and Messages by the turn's and the Inbound's names, which the relay gives. A Thread cannot be
looked for (the API has no list of Threads), so a crash between its creation and the checkpoint
leaves an empty one behind at the service.

A Run is created (and given its outputs) as a stream and without repetition; that stream is what
`events` tells. Elsewhere, and after a crash, `events` raises NotImplementedError and the Run is
polled, at the pace that the service asks for.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Protocol

from adapters.openai.assistants_removals import RemoteRemovals
from adapters.openai.assistants_service import Call, RemoteService
from adapters.openai.assistants_streams import RunStream, WaitingStreams
from core.assistants import (
    PARKED_RUN_STATUSES,
    TERMINAL_RUN_STATUSES,
    Assistant,
    File,
    Message,
    Run,
    RunStep,
    StreamEvent,
)
from core.chat.turn_messages import TurnMessage
from core.clock import Clock
from core.errors import InvalidRequest, NotFound, Refused

RECENT_RUNS = 20
STEPS = 100
LARGEST_FILE = 64 * 1024 * 1024
"""Bytes of a file that is fetched to be shown."""

LONGEST_PACE_S = 5.0
"""A service that wants to be asked more rarely than this is asked this often."""

_PLAIN = {"Accept-Encoding": "identity"}
"""So that no proxy holds words back to fill a block of its compression."""


class Names(Protocol):
    """Which Assistants of the service the names mean that configuration uses."""

    async def id_of(self, name: str) -> str:
        """The id; a name that nobody declared is an id. Raises as the service's calls do."""
        ...

    def forget(self) -> None:
        """What was known does not hold: look anew next time."""
        ...


class RemoteAssistants(RemoteRemovals):
    """The service as the relay sees it. Close it before the service."""

    def __init__(self, service: RemoteService, names: Names, *, clock: Clock) -> None:
        super().__init__(service)
        self._names = names
        self._clock = clock
        self._streams = WaitingStreams(clock)
        self._streams_runs = True
        self._next_look: dict[str, float] = {}
        self._new_runs = service.once.beta.threads.runs.with_raw_response

    async def aclose(self) -> None:
        """Close the streams that nobody follows."""
        await self._streams.aclose()

    # ---------------------------------------------------------------- Threads

    async def create_thread(self, key: str, metadata: dict[str, str]) -> str:
        made = await self._service.json(self._threads.create, metadata=metadata)
        thread_id = made.get("id")
        if not isinstance(thread_id, str):
            raise self._service.faults.foreign()
        return thread_id

    async def messages(self, thread_id: str, *, run_id: str | None, limit: int) -> list[Message]:
        query: dict[str, Any] = {"order": "desc"} | ({"run_id": run_id} if run_id else {})
        found = await self._service.listed(
            Message, self._messages.list, thread_id, limit=limit, **query
        )
        return found[::-1]

    async def delete_message(self, thread_id: str, message_id: str) -> None:
        with contextlib.suppress(NotFound):
            await self._service.json(self._messages.delete, message_id, thread_id=thread_id)

    async def file(self, file_id: str) -> tuple[str, bytes]:
        about = await self._service.json(self._files.retrieve, file_id)
        file = self._service.read(File, about)
        name = PurePosixPath(file.filename).name
        if file.bytes > LARGEST_FILE:
            raise Refused(f"The file {name} is too large to be shown ({file.bytes} bytes).")
        return name, (await self._service.answer(self._files.content, file_id)).content

    async def keep_file(self, name: str, data: bytes, *, picture: bool) -> str:
        made = await self._service.json(
            self._files.create, file=(name, data), purpose="vision" if picture else "assistants"
        )
        return self._service.read(File, made).id

    async def tools_of(self, assistant: str) -> frozenset[str]:
        retrieve = self._service.api.beta.assistants.with_raw_response.retrieve
        try:
            found = await self._service.json(retrieve, await self._names.id_of(assistant))
        except NotFound:
            self._names.forget()  # it was deleted over there
            raise
        return frozenset(tool["type"] for tool in self._service.read(Assistant, found).tools)

    # ---------------------------------------------------------------- Runs

    async def create_run(
        self,
        thread_id: str,
        assistant: str,
        messages: Sequence[TurnMessage],
        metadata: dict[str, str],
        *,
        instructions: str = "",
    ) -> Run:
        body: dict[str, Any] = {
            "assistant_id": await self._names.id_of(assistant),
            "metadata": metadata,
        }
        if instructions:
            body["additional_instructions"] = instructions
        if messages:
            body["additional_messages"] = [_requested(message) for message in messages]
        try:
            return await self._started(functools.partial(self._new_runs.create, thread_id), body)
        except NotFound:
            self._names.forget()  # the Thread or the Assistant was deleted over there
            raise

    async def note_run(self, thread_id: str, run_id: str, metadata: dict[str, str]) -> None:
        with contextlib.suppress(NotFound):
            run = await self.run(thread_id, run_id)
            await self._service.json(
                self._runs.update, run_id, thread_id=thread_id, metadata=run.metadata | metadata
            )

    async def steps(self, thread_id: str, run_id: str) -> list[RunStep]:
        try:
            return await self._service.listed(
                RunStep, self._steps.list, run_id, thread_id=thread_id, limit=STEPS, order="asc"
            )
        except NotFound:
            return []

    async def find_runs(self, thread_id: str, metadata: dict[str, str]) -> list[Run]:
        found = await self._service.listed(
            Run, self._runs.list, thread_id, limit=RECENT_RUNS, order="desc"
        )
        return [run for run in found if metadata.items() <= run.metadata.items()]

    async def run(self, thread_id: str, run_id: str) -> Run:
        """Asked again too soon, it waits as long as the service wants (`openai-poll-after-ms`)."""
        wait_s = self._next_look.pop(run_id, 0.0) - self._clock.monotonic()
        if wait_s > 0:
            await self._clock.sleep(wait_s)
        answer = await self._service.answer(self._runs.retrieve, run_id, thread_id=thread_id)
        run = self._service.read(Run, self._service.parsed(answer.content))
        if run.status not in PARKED_RUN_STATUSES:
            pace_s = min(_milliseconds(answer.headers) / 1000, LONGEST_PACE_S)
            self._next_look = {
                name: at for name, at in self._next_look.items() if at > self._clock.monotonic()
            } | {run_id: self._clock.monotonic() + pace_s}
        return run

    async def cancel(self, thread_id: str, run_id: str) -> None:
        try:
            await self._service.json(self._runs.cancel, run_id, thread_id=thread_id)
        except NotFound:
            raise
        except InvalidRequest:
            run = await self.run(thread_id, run_id)
            if run.status not in TERMINAL_RUN_STATUSES | {"cancelling"}:
                raise

    async def submit_outputs(self, thread_id: str, run_id: str, outputs: Mapping[str, str]) -> None:
        given = [{"tool_call_id": call, "output": output} for call, output in outputs.items()]
        await self._started(
            functools.partial(self._new_runs.submit_tool_outputs, run_id, thread_id=thread_id),
            {"tool_outputs": given},
            behind=outputs,
        )

    def events(
        self, thread_id: str, run_id: str, *, behind_call: str | None = None
    ) -> AsyncGenerator[StreamEvent, None]:
        return self._streams.follow(run_id, behind_call)

    async def _started(
        self, call: Call, body: dict[str, Any], *, behind: Collection[str] = ()
    ) -> Run:
        """What makes a Run go, with its stream where the service has streams."""
        if self._streams_runs:
            try:
                return await self._streamed(call, body, behind)
            except InvalidRequest as error:
                if error.param != "stream":
                    raise
                self._streams_runs = False  # it has no streams; nothing was done
        return self._service.read(Run, await self._service.json(call, **body))

    async def _streamed(self, call: Call, body: dict[str, Any], behind: Collection[str]) -> Run:
        answer = await self._service.answer(call, **body, stream=True, extra_headers=_PLAIN)
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            return self._service.read(Run, self._service.parsed(await answer.aread()))
        stream = RunStream(self._service, answer)
        try:
            run = await stream.run()
        except BaseException:
            await stream.close(drained=False)
            raise
        self._streams.put(run.id, stream, behind)
        return run


def _requested(message: TurnMessage) -> dict[str, Any]:
    attached = message.attachments()
    return {
        "role": "user",
        "content": message.content(),
        "metadata": message.metadata,
        **({"attachments": attached} if attached else {}),
    }


def _milliseconds(headers: Any) -> float:
    """What `openai-poll-after-ms` says; 0 where it says nothing."""
    value = str(headers.get("openai-poll-after-ms", ""))
    return float(value) if value.isdecimal() else 0.0
