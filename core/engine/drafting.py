"""One model round as it is written down: Messages, Steps and tool calls, piece by piece.

Text opens a Message (and its Step) with the first piece; a tool call closes it and opens the tool
Step. Whatever came of the round stays available in the order in which the model made it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from core import ids as prefixes
from core.assistants import Json, Message, RunStep, StreamEvent, text_part
from core.clock import Clock
from core.engine import deltas
from core.engine.citing import Citing, Sources
from core.engine.generation import NO_USAGE, ToolCallDelta, Usage
from core.engine.journal import Journal
from core.engine.lifecycle import (
    Ending,
    message_completed,
    message_cut,
    opening,
    status_event,
    step_completed,
    step_ended,
    step_failed,
)
from core.engine.progress import Mark
from core.engine.resources import CODE
from core.engine.tools import Toolbox
from core.ids import Ids

_PartKind = Literal["text", "refusal"]


@dataclass(slots=True)
class _Part:
    kind: _PartKind
    citing: Citing | None = None
    """What finds references in it, where there is anything to refer to."""
    pieces: list[str] = field(default_factory=list[str])

    def json(self) -> Json:
        value = "".join(self.pieces)
        if self.kind == "text":
            return text_part(value, tuple(self.citing.annotations) if self.citing else ())
        return {"type": "refusal", "refusal": value}


@dataclass(slots=True)
class DraftedCall:
    """A tool call that the model writes. `index` is its place in the Step."""

    index: int
    call_id: str
    name: str
    pieces: list[str] = field(default_factory=list[str])

    @property
    def arguments(self) -> str:
        """The arguments so far, as the model wrote them."""
        return "".join(self.pieces)


class Draft:
    """What one model round wrote so far."""

    def __init__(
        self,
        *,
        journal: Journal,
        ids: Ids,
        clock: Clock,
        tools: Toolbox,
        sources: Sources,
        taken: Iterable[str],
    ) -> None:
        """
        Args:
            journal: where it is written.
            ids, clock: for new objects.
            tools: which calls are functions, and which are ours.
            sources: what the text may refer to.
            taken: ids of earlier calls of the Run; endpoints repeat theirs.
        """
        self._journal = journal
        self._ids = ids
        self._clock = clock
        self._tools = tools
        self._sources = sources
        self._images = list(journal.progress.images)
        """Files to be shown at the beginning of the next Message."""
        self._files = list(journal.progress.files)
        """Files that code left, for the next Message to carry."""
        self._taken = set(taken)
        self._message: tuple[Message, RunStep] | None = None
        self._parts: list[_Part | Json] = []
        self._calls: dict[int, DraftedCall] = {}
        self.step: RunStep | None = None
        """The tool Step."""
        self.order: list[Mark] = []
        self.said: list[str] = []
        """The texts of Messages that are complete."""

    # ---------------------------------------------------------------- what the model does

    def text(self, value: str) -> None:
        """More of the answer."""
        self._say("text", value)

    def refusal(self, value: str) -> None:
        """More of a refusal."""
        self._say("refusal", value)

    def call(self, delta: ToolCallDelta) -> None:
        """More of a tool call."""
        call = self._calls.get(delta.index)
        if call is None:
            call = self._open_call(delta)
        if not delta.arguments:
            return
        call.pieces.append(delta.arguments)
        if self.step is not None and not self._tools.is_hosted(call.name):
            self._journal.channel.grow("arguments", self.step.id, call.index, delta.arguments)
            self._journal.grow()

    def reasoning(self, item: Json) -> None:
        """A reasoning item of the endpoint."""
        self.order.append(("reasoning", item))

    @property
    def calls(self) -> list[DraftedCall]:
        """The tool calls so far, in order."""
        return list(self._calls.values())

    @property
    def characters(self) -> int:
        """How much the model wrote, for an estimate of its tokens."""
        parts = (part for part in self._parts if isinstance(part, _Part))
        pieces = [*(call.pieces for call in self.calls), *(part.pieces for part in parts)]
        return sum(len(piece) for some in pieces for piece in some) + sum(map(len, self.said))

    # ---------------------------------------------------------------- ways to end it

    def close_message(self) -> None:
        """The open Message is whole, while the Run goes on."""
        put, events = self._completed(NO_USAGE, self._clock.now())
        if put:
            progress = self._journal.progress
            waiting = progress.images or progress.files
            shown = replace(progress, images=(), files=()) if waiting else None
            self._journal.later(*put, events=events, progress=shown)

    def finished(
        self, usage: Usage, now: float
    ) -> tuple[list[Message | RunStep], list[StreamEvent]]:
        """The last Message of the Run and its Step, completed, and their events.

        A Run that said nothing at all says so with an empty text: clients take the newest Message
        of the Thread for the answer.
        """
        marks = (mark for note in self._journal.progress.rounds for mark in note.order)
        silent = not any(kind == "message" for kind, _ in (*marks, *self.order))
        if self._images or self._files:
            self._open_message()
        elif silent:
            self._open_message()
            self._parts.append(_Part("text"))
        return self._completed(usage, now)

    def cut(
        self, ending: Ending, usage: Usage, now: float
    ) -> tuple[list[Message | RunStep], list[StreamEvent]]:
        """What is open, as the Run's end leaves it."""
        put = self._broken_off(ending.cut, lambda step: step_ended(step, ending, now, usage), now)
        return put, [status_event(value) for value in put]

    def abandon(self, why: str) -> None:
        """The round is done again: what is open stays as far as it came, out of the context."""
        now = self._clock.now()
        put = self._broken_off("run_failed", lambda step: step_failed(step, now, why), now)
        self.step = None
        if put:
            self._journal.later(*put, events=[status_event(value) for value in put])

    def _broken_off(
        self, reason: str, end: Callable[[RunStep], RunStep], now: float
    ) -> list[Message | RunStep]:
        """The open Message and Steps, ended."""
        put: list[Message | RunStep] = []
        if self._message is not None:
            message, step = self._message
            self._close_part()
            put = [message_cut(message, self._content(), reason, now), end(step)]
        if self.step is not None and self.step.status == "in_progress":
            put.append(end(self.step))
        self._message = None
        return put

    # ---------------------------------------------------------------- the pieces

    def _completed(
        self, usage: Usage, now: float
    ) -> tuple[list[Message | RunStep], list[StreamEvent]]:
        if self._message is None:
            return [], []
        message, step = self._message
        self._close_part()
        message = message_completed(message, self._content(), now)
        step = step_completed(step, now, usage)
        self._message = None
        self._parts = []
        self.said.append(message.text)
        return [message, step], [status_event(message), status_event(step)]

    def _say(self, kind: _PartKind, piece: str) -> None:
        if not piece:
            return
        if self._message is None:
            self._open_message()
        last = self._parts[-1] if self._parts else None
        if not isinstance(last, _Part) or last.kind != kind:
            self._close_part()
            last = _Part(kind, Citing(self._sources) if self._sources else None)
            self._parts.append(last)
        last.pieces.append(piece)
        if self._message is not None:
            self._journal.channel.grow(kind, self._message[0].id, len(self._parts) - 1, piece)
            if kind == "text" and last.citing is not None:
                self._annotate(last.citing, last.citing.feed(piece))
            self._journal.grow()

    def _close_part(self) -> None:
        """Nothing will be added to the last part."""
        last = self._parts[-1] if self._parts else None
        if isinstance(last, _Part) and last.citing is not None:
            self._annotate(last.citing, last.citing.finish())

    def _annotate(self, citing: Citing, found: list[Json]) -> None:
        """Tell of the newest annotations of the last part."""
        if found and self._message is not None:
            before = len(citing.annotations) - len(found)
            told = deltas.annotated(self._message[0].id, len(self._parts) - 1, found, before)
            self._journal.channel.add(told)

    def _content(self) -> tuple[Json, ...]:
        return tuple(part.json() if isinstance(part, _Part) else part for part in self._parts)

    def _open_message(self) -> None:
        run = self._journal.run
        now = int(self._clock.now())
        message = Message(
            id=self._ids.new(prefixes.MESSAGE),
            created_at=now,
            thread_id=run.thread_id,
            status="in_progress",
            role="assistant",
            content=(),
            assistant_id=run.assistant_id,
            run_id=run.id,
            attachments=tuple(
                {"file_id": file_id, "tools": [{"type": CODE}]} for file_id in self._files
            ),
        )
        self._files = []
        made = {"type": "message_creation", "message_creation": {"message_id": message.id}}
        step = self._new_step("message_creation", made)
        self._message = (message, step)
        self._parts = []
        self.order.append(("message", message.id))
        events = [*opening(step), *opening(message)]
        self._journal.later(message, step, events=events, hurry=False)
        for file_id in self._images:
            shown = {"file_id": file_id, "detail": "auto"}
            part: Json = {"type": "image_file", "image_file": shown}
            self._journal.channel.add(deltas.image(message.id, len(self._parts), part))
            self._parts.append(part)
        if self._images:
            self._images = []
            self._journal.grow()

    def _open_call(self, delta: ToolCallDelta) -> DraftedCall:
        self.close_message()
        if self.step is None:
            self.step = self._new_step("tool_calls", {"type": "tool_calls", "tool_calls": []})
            self._journal.later(self.step, events=opening(self.step))
        call = DraftedCall(len(self._calls), self._call_id(delta.call_id), delta.name or "")
        self._calls[delta.index] = call
        self.order.append(("call", call.call_id))
        if not self._tools.is_hosted(call.name):
            self._journal.channel.add(
                deltas.call_opened(self.step.id, call.index, call.call_id, call.name)
            )
            self._journal.grow()
        return call

    def _call_id(self, given: str | None) -> str:
        if not given or not given.startswith(prefixes.CALL) or given in self._taken:
            given = self._ids.new(prefixes.CALL)
        self._taken.add(given)
        return given

    def _new_step(self, kind: Literal["message_creation", "tool_calls"], details: Json) -> RunStep:
        run = self._journal.run
        return RunStep(
            id=self._ids.new(prefixes.STEP),
            created_at=int(self._clock.now()),
            assistant_id=run.assistant_id,
            thread_id=run.thread_id,
            run_id=run.id,
            type=kind,
            step_details=details,
        )
