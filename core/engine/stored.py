"""Reading what a Run left in the store: its record, all its Steps, all its Messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeVar

from core.assistants import Json, Message, MessageDelta, RunStep, StreamEvent, text_part
from core.engine import deltas
from core.engine.ports import RunEvents, ThreadStore
from core.engine.records import Collection, Cursor, RunRecord

_PAGE: Final = 100

_D = TypeVar("_D", RunStep, Message)


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A Run with its Steps and Messages, oldest first."""

    record: RunRecord
    steps: tuple[RunStep, ...]
    messages: tuple[Message, ...]

    def message_of(self, step: RunStep) -> Message | None:
        """The Message that a Step made."""
        made = step.step_details.get("message_creation", {}).get("message_id")
        return next((message for message in self.messages if message.id == made), None)


async def run_record(threads: ThreadStore, thread_id: str, run_id: str) -> RunRecord | None:
    """The Run alone."""
    (found,) = await threads.get(thread_id, "runs", run_id)
    return found if isinstance(found, RunRecord) else None


async def stored_run(threads: ThreadStore, record: RunRecord) -> StoredRun:
    """The Run with all that belongs to it."""
    run = record.run
    steps = await _all(threads, run.thread_id, run.id, "steps", RunStep)
    messages: list[Message] = []
    if any(step.type == "message_creation" for step in steps):
        messages = await _all(threads, run.thread_id, run.id, "messages", Message)
    return StoredRun(record, tuple(steps), tuple(messages))


async def logged_content(events: RunEvents, message: Message) -> tuple[Json, ...]:
    """What the Run's event log has of a Message that was never finished, as far as it is unbroken.

    Empty where the log lost the beginning: half a sentence from the middle is worse than none.
    """
    if message.run_id is None:
        return ()
    parts: list[Json] = []
    after = "0"
    while batch := await events.read(message.thread_id, message.run_id, after, 0):
        after = batch[-1].sequence
        for logged in batch:
            data = logged.event.data
            if (
                isinstance(data, MessageDelta)
                and data.id == message.id
                and not _joined(parts, logged.event, data.delta["content"][0])
            ):
                return tuple(parts)
    return tuple(parts)


def _joined(parts: list[Json], event: StreamEvent, delta: Json) -> bool:
    """Whether a content delta fitted behind `parts`, to which it is then added."""
    index: int = delta["index"]
    kind: str = delta["type"]
    if index > len(parts):
        return False
    if kind not in ("text", "refusal"):
        parts.append({"type": kind, kind: delta[kind]})
        return True
    if index == len(parts):
        parts.append(text_part("") if kind == "text" else {"type": kind, "refusal": ""})
    if found := deltas.annotations_of(delta):
        if index == len(parts):
            return False
        known: list[Json] = parts[index]["text"]["annotations"]
        if found[0]["index"] != len(known):
            return False
        known += [{key: value for key, value in one.items() if key != "index"} for one in found]
        return True
    holder: Any = parts[index]["text"] if kind == "text" else parts[index]
    field = "value" if kind == "text" else "refusal"
    offset = deltas.offset_of(event)
    if offset is not None and offset != len(holder[field]):
        return False
    holder[field] += delta["text"]["value"] if kind == "text" else delta["refusal"]
    return True


async def _all(
    threads: ThreadStore, thread_id: str, run_id: str, collection: Collection, kind: type[_D]
) -> list[_D]:
    found: list[_D] = []
    after: str | None = None
    while True:
        whose = run_id if collection == "messages" else None
        cursor = Cursor(limit=_PAGE, order="asc", after=after, run_id=whose)
        page = await threads.page(
            thread_id, collection, cursor, run_id=run_id if collection == "steps" else None
        )
        found += [document for document in page.data if isinstance(document, kind)]
        if not page.has_more or not page.data:
            return found
        after = found[-1].id
