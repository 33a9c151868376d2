"""An Assistants service in memory for tests of the chat side: honest about its one active Run.

`reply` makes the answer of a Run from the Thread's Messages; it may wait, raise `Fail`, yield
several Messages, or raise `Wants`: then it is asked again once the outputs were submitted. The
service outlives the relay that uses it, as a real one would.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.assistants import (
    PARKED_RUN_STATUSES,
    TERMINAL_RUN_STATUSES,
    Json,
    Message,
    MessageDelta,
    Run,
    RunStep,
    RunStepDelta,
    StreamEvent,
    text_part,
)
from core.chat.turn_messages import TurnMessage
from core.errors import InvalidRequest, NotFound
from tests.fakes.removals import FakeRemovals

Reply = Callable[[list[Message]], Awaitable[list[str]]]


class Fail(Exception):
    """The Run fails with this `last_error`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Wants(Exception):
    """The Run needs outputs of these calls: id, function, arguments; it has said `first`."""

    def __init__(self, *calls: tuple[str, str, str], first: str = "") -> None:
        super().__init__(str(calls))
        self.calls = calls
        self.first = first


async def echo(messages: list[Message]) -> list[str]:
    """Answers with all user texts since the last answer."""
    texts: list[str] = []
    for message in reversed(messages):
        if message.role == "assistant":
            break
        texts.insert(0, message.text)
    return ["You said: " + " | ".join(texts)]


class FakeAssistants(FakeRemovals):
    """The `Assistants` port. `streams=False` makes it one that can only be polled."""

    def __init__(self, reply: Reply = echo, *, streams: bool = True) -> None:
        super().__init__()
        self.reply = reply
        self.streams = streams
        self.lives_s: float | None = None
        """How long a Run may wait for outputs; None: for ever."""
        self.sent: list[TurnMessage] = []
        """All Messages that came in with Runs."""
        self.instructions: list[str] = []
        """What each Run was told beside its Assistant's instructions."""
        self.tools: tuple[Json, ...] = ()
        """Of every Run."""
        self.hosted = frozenset({"code_interpreter", "file_search"})
        """Types of the tools of every Assistant."""
        self.outputs: dict[str, str] = {}
        """What was submitted, by call id."""
        self.gone: set[str] = set()
        """Assistants that it does not know."""
        self.shows: tuple[str, ...] = ()
        """Kept files that every answer shows as pictures."""
        self.works: tuple[Json, ...] = ()
        """Calls of hosted tools that every answer begins with."""
        self.before_text: asyncio.Event | None = None
        """These calls are done when it is set."""
        self.before_last: asyncio.Event | None = None
        """The second half of a Message is said when it is set."""
        self.before_end: asyncio.Event | None = None
        """A Message is completed when it is set."""
        self.most_active = 0
        self.usage: Json | None = None
        """Of every Run that is completed."""
        self._events: dict[str, list[StreamEvent]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._news = asyncio.Event()
        self._count = 0

    async def aclose(self) -> None:
        """Stop what still runs."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def create_thread(self, key: str, metadata: dict[str, str]) -> str:
        thread_id = f"thread_{key}"
        self.threads.setdefault(thread_id, [])
        return thread_id

    async def messages(self, thread_id: str, *, run_id: str | None, limit: int) -> list[Message]:
        found = self._thread(thread_id)
        return [m for m in found if run_id is None or m.run_id == run_id][-limit:]

    async def delete_message(self, thread_id: str, message_id: str) -> None:
        thread = self._thread(thread_id)
        thread[:] = [m for m in thread if m.id != message_id]

    async def file(self, file_id: str) -> tuple[str, bytes]:
        if file_id not in self.files:
            raise NotFound.object("file", file_id)
        return self.files[file_id]

    async def keep_file(self, name: str, data: bytes, *, picture: bool) -> str:
        file_id = f"file-{len(self.files) + 1}"
        self.files[file_id] = (name, data)
        return file_id

    async def tools_of(self, assistant: str) -> frozenset[str]:
        if assistant in self.gone:
            raise NotFound.object("assistant", assistant)
        return self.hosted

    async def create_run(
        self,
        thread_id: str,
        assistant: str,
        messages: Sequence[TurnMessage],
        metadata: dict[str, str],
        *,
        instructions: str = "",
    ) -> Run:
        self._thread(thread_id)
        if assistant in self.gone:
            raise NotFound.object("assistant", assistant)
        for run in self.runs.values():
            if run.thread_id == thread_id and run.status not in TERMINAL_RUN_STATUSES:
                raise InvalidRequest(f"Thread {thread_id} already has an active run {run.id}.")
        self._count += 1
        run = Run(
            id=f"run_{self._count}",
            created_at=self._count,
            thread_id=thread_id,
            assistant_id=assistant,
            model="fake",
            metadata=metadata,
            tools=self.tools,
            expires_at=None if self.lives_s is None else int(time.time() + self.lives_s),
        )
        self.sent += messages
        self.instructions.append(instructions)
        for message in messages:
            said = self._add(thread_id, "user", message.text, message.metadata)
            content = message.content()
            self.threads[thread_id][-1] = replace(
                said,
                content=said.content if isinstance(content, str) else (*said.content, *content[1:]),
                attachments=tuple(message.attachments()),
            )
        self.runs[run.id] = run
        self._events[run.id] = [StreamEvent("thread.run.created", run)]
        self._tasks[run.id] = asyncio.create_task(self._execute(run.id))
        active = [r for r in self.runs.values() if r.status not in PARKED_RUN_STATUSES]
        self.most_active = max(self.most_active, sum(1 for r in active if r.thread_id == thread_id))
        return run

    async def note_run(self, thread_id: str, run_id: str, metadata: dict[str, str]) -> None:
        if run_id in self.runs:
            run = self.runs[run_id]
            self.runs[run_id] = replace(run, metadata=run.metadata | metadata)

    async def steps(self, thread_id: str, run_id: str) -> list[RunStep]:
        """One for each required action that was answered."""
        found: dict[str, RunStep] = {}
        for event in self._events.get(run_id, ()):
            calls = _calls_of(event.data) if isinstance(event.data, Run) else []
            if not calls or not all(call["id"] in self.outputs for call in calls):
                continue
            name = f"step_{len(found) + 1}"
            made = [
                call | {"function": call["function"] | {"output": self.outputs[call["id"]]}}
                for call in calls
            ]
            found[calls[0]["id"]] = RunStep(
                id=name,
                created_at=len(found) + 1,
                assistant_id="tutor",
                thread_id=thread_id,
                run_id=run_id,
                type="tool_calls",
                status="completed",
                step_details={"type": "tool_calls", "tool_calls": made},
            )
        return list(found.values())

    async def find_runs(self, thread_id: str, metadata: dict[str, str]) -> list[Run]:
        self._thread(thread_id)
        found = [
            run
            for run in self.runs.values()
            if run.thread_id == thread_id and metadata.items() <= run.metadata.items()
        ]
        return sorted(found, key=lambda run: -run.created_at)[:20]

    async def run(self, thread_id: str, run_id: str) -> Run:
        if run_id not in self.runs:
            raise NotFound.object("run", run_id)
        return self.runs[run_id]

    async def cancel(self, thread_id: str, run_id: str) -> None:
        self._tasks[run_id].cancel()
        await asyncio.sleep(0)
        # Its task was cancelled before it began, or there is none while it waits for outputs.
        if self.runs[run_id].status in ("queued", "requires_action"):
            await self._end(run_id, "cancelled", required_action=None)

    async def submit_outputs(self, thread_id: str, run_id: str, outputs: Mapping[str, str]) -> None:
        run = await self.run(thread_id, run_id)
        if run.status != "requires_action" or run.required_action is None:
            raise InvalidRequest(f'Runs in status "{run.status}" do not accept tool outputs.')
        expected = [call["id"] for call in _calls_of(run)]
        if sorted(expected) != sorted(outputs):
            raise InvalidRequest(
                f"Expected tool outputs for call_ids {expected}, got {list(outputs)}"
            )
        self.outputs |= outputs
        await self._end(run_id, "queued", required_action=None)
        self._tasks[run_id] = asyncio.create_task(self._execute(run_id))

    async def expire(self, run_id: str) -> None:
        """The Run's time is up while it waits."""
        await self._end(run_id, "expired", required_action=None)

    async def events(
        self, thread_id: str, run_id: str, *, behind_call: str | None = None
    ) -> AsyncGenerator[StreamEvent, None]:
        if not self.streams:
            raise NotImplementedError
        seen = 0
        for place, event in enumerate(self._events[run_id] if behind_call else ()):
            if isinstance(event.data, Run) and behind_call in {
                call["id"] for call in _calls_of(event.data)
            }:
                seen = place + 1
        while True:
            while len(self._events[run_id]) <= seen:
                await self._news.wait()
            for event in self._events[run_id][seen:]:
                seen += 1
                yield event
                parked = isinstance(event.data, Run) and event.data.status in PARKED_RUN_STATUSES
                if parked and seen == len(self._events[run_id]):
                    return

    # ------------------------------------------------------------------- inside

    def _thread(self, thread_id: str) -> list[Message]:
        if thread_id not in self.threads:
            raise NotFound.object("thread", thread_id)
        return self.threads[thread_id]

    async def _execute(self, run_id: str) -> None:
        run = self.runs[run_id]
        try:
            await self._end(run_id, "in_progress")
            await self._work(run)
            for text in await self.reply(list(self.threads[run.thread_id])):
                await self._say(run, text)
        except Wants as wish:
            if wish.first:
                await self._say(run, wish.first)
            asked = [
                {"id": name, "type": "function", "function": {"name": what, "arguments": words}}
                for name, what, words in wish.calls
            ]
            action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": asked}}
            await self._end(run_id, "requires_action", required_action=action)
        except asyncio.CancelledError:
            await self._end(run_id, "cancelled")
        except Fail as error:
            await self._end(
                run_id, "failed", last_error={"code": error.code, "message": str(error)}
            )
        else:
            await self._end(run_id, "completed", usage=self.usage)

    async def _work(self, run: Run) -> None:
        """The hosted tools, as events tell of them."""
        if not self.works:
            return
        step = RunStep(
            id=f"step_{run.id}",
            created_at=run.created_at,
            assistant_id=run.assistant_id,
            thread_id=run.thread_id,
            run_id=run.id,
            type="tool_calls",
            step_details={"type": "tool_calls", "tool_calls": []},
        )
        await self._emit(run.id, StreamEvent("thread.run.step.created", step))
        for index, call in enumerate(self.works):
            body = {"type": "tool_calls", "tool_calls": [{"index": index, **call}]}
            delta = RunStepDelta(id=step.id, delta={"step_details": body})
            await self._emit(run.id, StreamEvent("thread.run.step.delta", delta))
        try:
            if self.before_text is not None:
                await self.before_text.wait()
        except asyncio.CancelledError:
            await self._emit(
                run.id, StreamEvent("thread.run.step.cancelled", replace(step, status="cancelled"))
            )
            raise
        details = {"type": "tool_calls", "tool_calls": list(self.works)}
        done = replace(step, status="completed", step_details=details)
        await self._emit(run.id, StreamEvent("thread.run.step.completed", done))

    async def _say(self, run: Run, text: str) -> None:
        message = self._add(run.thread_id, "assistant", text, {}, run)
        shown = [{"type": "image_file", "image_file": {"file_id": one}} for one in self.shows]
        message = replace(message, content=(*message.content, *shown))
        empty = replace(message, content=(), status="in_progress")
        await self._emit(run.id, StreamEvent("thread.message.created", empty))
        half = len(text) // 2
        for last, piece in enumerate((text[:half], text[half:])):
            if last and self.before_last is not None:
                await self.before_last.wait()
            part = {"index": 0, "type": "text", "text": {"value": piece}}
            delta = MessageDelta(id=message.id, delta={"content": [part]})
            await self._emit(run.id, StreamEvent("thread.message.delta", delta))
        if self.before_end is not None:
            await self.before_end.wait()
        await self._emit(run.id, StreamEvent("thread.message.completed", message))

    async def _end(self, run_id: str, status: str, **fields: Any) -> None:
        run = replace(self.runs[run_id], status=status, **fields)
        self.runs[run_id] = run
        await self._emit(run_id, StreamEvent(f"thread.run.{status}", run))

    async def _emit(self, run_id: str, event: StreamEvent) -> None:
        self._events[run_id].append(event)
        self._news.set()
        self._news = asyncio.Event()
        await asyncio.sleep(0)

    def _add(
        self,
        thread_id: str,
        role: str,
        text: str,
        metadata: dict[str, str],
        run: Run | None = None,
    ) -> Message:
        self._count += 1
        message = Message(
            id=f"msg_{self._count}",
            created_at=self._count,
            thread_id=thread_id,
            role="assistant" if role == "assistant" else "user",
            content=(text_part(text),),
            metadata=metadata,
            run_id=run.id if run else None,
        )
        self.threads[thread_id].append(message)
        return message


def _calls_of(run: Run) -> list[Json]:
    return (run.required_action or {}).get("submit_tool_outputs", {}).get("tool_calls", [])
