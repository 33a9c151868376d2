"""Where a Run goes on after its executor was lost, or after tool outputs came in.

Finished rounds are in the Run's progress and its stored Steps. What an unfinished round left open
is closed: a half Message stays in the Thread as `incomplete`, out of the context. A Message that
the unfinished round had completed stays said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.assistants import Json, Message, RunStep, StreamEvent
from core.engine.generation import AssistantItem, InputItem, Reasoning, ToolCall, ToolOutput
from core.engine.lifecycle import message_cut, status_event, step_failed
from core.engine.ports import RunEvents
from core.engine.progress import Progress, RoundNote
from core.engine.stored import StoredRun, logged_content
from core.engine.tools import model_call, told_output

_LOST: Final = "The process that worked on this was lost; it is done again."


@dataclass(frozen=True, slots=True)
class Resumption:
    """What the model said and was told so far, and the tool Step whose calls are to be finished.

    `calls` are those of finished rounds. `put` and `events` close what the lost executor left open.
    """

    items: tuple[InputItem, ...] = ()
    open_step: RunStep | None = None
    calls: tuple[Json, ...] = ()
    put: tuple[Message | RunStep, ...] = ()
    events: tuple[StreamEvent, ...] = ()


async def resumption(events: RunEvents, stored: StoredRun, now: float) -> Resumption:
    """How the Run goes on from what is stored."""
    progress = Progress.of(stored.record.state)
    steps = {step.id: step for step in stored.steps}
    noted = {note.step for note in progress.rounds}
    items: list[InputItem] = []
    made: list[Json] = []
    open_step: RunStep | None = None
    for note in progress.rounds:
        step = steps[note.step]
        calls: dict[str, Json] = {call["id"]: call for call in step.step_details["tool_calls"]}
        made += calls.values()
        items += _said(note, calls, stored, progress)
        if step.status == "in_progress":
            open_step = step
        else:
            items += [
                ToolOutput(call_id, told_output(call, progress)) for call_id, call in calls.items()
            ]
    marks = [mark for note in progress.rounds for mark in note.order]
    mentioned = {value for kind, value in marks if kind == "message"}
    put: list[Message | RunStep] = []
    for step in stored.steps:
        message = stored.message_of(step)
        if message is not None and message.status == "completed":
            if message.id not in mentioned and message.text:
                items.append(AssistantItem(message.text))
        elif step.status == "in_progress" and step.id not in noted:
            if message is not None:
                content = await logged_content(events, message)
                put.append(message_cut(message, content, "run_failed", now))
            put.append(step_failed(step, now, _LOST))
    return Resumption(
        tuple(items),
        open_step,
        tuple(made),
        tuple(put),
        tuple(status_event(value) for value in put),
    )


def _said(
    note: RoundNote, calls: dict[str, Json], stored: StoredRun, progress: Progress
) -> list[InputItem]:
    """What the model said in one round, in its order."""
    texts = {message.id: message.text for message in stored.messages}
    items: list[InputItem] = []
    for kind, value in note.order:
        if kind == "reasoning":
            items.append(Reasoning(value))
        elif kind == "call":
            items.append(ToolCall(*model_call(calls[value], progress)))
        elif texts.get(value):
            items.append(AssistantItem(texts[value]))
    return items
