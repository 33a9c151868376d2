"""Documents, events and pages of the stores in memory: everything is kept as JSON text, so whatever
would not survive a real store does not survive there."""

from __future__ import annotations

import json
from typing import Any

from core.assistants import (
    Message,
    MessageDelta,
    Run,
    RunStep,
    RunStepDelta,
    StreamError,
    StreamEvent,
    Thread,
    from_wire,
    to_wire,
)
from core.engine.records import Collection, Cursor, Document, RunRecord, ThreadRecord

_STREAMED: dict[str, Any] = {
    kind.object: kind
    for kind in (Thread, Run, RunStep, Message, MessageDelta, RunStepDelta, StreamError)
}


def encoded(document: Document) -> tuple[str, str, str]:
    match document:
        case ThreadRecord():
            body = {"thread": to_wire(document.thread), "tenant": document.tenant}
            return "thread", document.thread.id, json.dumps(body)
        case RunRecord():
            body = {
                "run": to_wire(document.run),
                "revision": document.revision,
                "state": document.state,
            }
            return "runs", document.run.id, json.dumps(body)
        case Message():
            return "messages", document.id, json.dumps(to_wire(document))
        case RunStep():
            return f"steps/{document.run_id}", document.id, json.dumps(to_wire(document))


def decoded(collection: Collection, text: str) -> Document:
    body = json.loads(text)
    if collection == "messages":
        return from_wire(Message, body)
    if collection == "steps":
        return from_wire(RunStep, body)
    run = from_wire(Run, body["run"])
    return RunRecord(run=run, revision=body["revision"], state=body["state"])


def encoded_event(event: StreamEvent) -> str:
    """An event's object as JSON."""
    return json.dumps(to_wire(event.data))


def decoded_event(name: str, text: str) -> StreamEvent:
    """The event of its name and its object's JSON."""
    body = json.loads(text)
    return StreamEvent(name, from_wire(_STREAMED[body.get("object", "")], body))


def paged(ids: list[str], cursor: Cursor) -> list[str]:
    """The ids between the cursor's ends, in its order; an unknown end leaves none. What was deleted
    is among them."""
    ids = list(reversed(ids)) if cursor.order == "desc" else ids
    for end in (cursor.after, cursor.before):
        if end is not None and end not in ids:
            return []
    if cursor.after is not None:
        ids = ids[ids.index(cursor.after) + 1 :]
    if cursor.before is not None:
        ids = ids[: ids.index(cursor.before)] if cursor.before in ids else []
    return ids


def cut_page(ids: list[str], cursor: Cursor) -> tuple[list[str], bool]:
    """One page of them, and whether there are more. `before` alone is the page in front of it."""
    if len(ids) <= cursor.limit:
        return ids, False
    backwards = cursor.before is not None and cursor.after is None
    return (ids[-cursor.limit :] if backwards else ids[: cursor.limit]), True
