"""Documents and events as the bytes that Redis holds, and back.

A stored document is `<mark> <JSON>`: the mark is what scripts and look-ups need beside the JSON.
It is the revision of a Run, the Run of a Message (empty for none), the tenant of a Thread, and
empty for Run Steps. The JSON is the API object's own (source: the Assistants API reference, v2);
a Run's is `{"run", "state"}`, an Assistant's or File's `{"value", "state"}`.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final
from urllib.parse import quote, unquote

import orjson

from core.assistants import (
    STREAMED,
    ApiObject,
    Assistant,
    File,
    Json,
    Message,
    Run,
    RunStep,
    StreamEvent,
    Thread,
    VectorStore,
    from_wire,
    to_wire,
)
from core.engine.ports import ObjectKind
from core.engine.records import Collection, Document, ObjectRecord, RunRecord, ThreadRecord

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")

_OBJECTS: Final[dict[ObjectKind, type[Assistant | File | VectorStore]]] = {
    "assistant": Assistant,
    "file": File,
    "vector_store": VectorStore,
}


def is_id(value: str) -> bool:
    """Whether `value` can be an object's id. Keys are built of ids, so nothing else goes in."""
    return _ID.fullmatch(value) is not None


def encode(document: Document) -> bytes:
    """The bytes of a Thread's document."""
    match document:
        case RunRecord(run=run, revision=revision, state=state):
            return b"%d %b" % (revision, json_bytes({"run": to_wire(run), "state": state}))
        case ThreadRecord(thread=thread, tenant=tenant):
            return b"%b %b" % (plain(tenant).encode(), json_bytes(to_wire(thread)))
        case Message():
            return b"%b %b" % ((document.run_id or "").encode(), json_bytes(to_wire(document)))
        case RunStep():
            return b" " + json_bytes(to_wire(document))


def decode(collection: Collection, value: bytes) -> Document:
    """The document of its bytes; `collection` says of which list it is."""
    mark, body = _split(value)
    if collection == "messages":
        return from_wire(Message, body)
    if collection == "steps":
        return from_wire(RunStep, body)
    return RunRecord(run=from_wire(Run, body["run"]), revision=int(mark), state=body["state"])


def decode_thread(value: bytes, revision: int) -> ThreadRecord:
    """The Thread of its bytes; `revision` is kept beside them."""
    mark, body = _split(value)
    return ThreadRecord(thread=from_wire(Thread, body), tenant=unquote(mark), revision=revision)


def plain(tenant: str) -> str:
    """A tenant's name without spaces and colons, one to one: for keys and marks."""
    return quote(tenant, safe="")


def encode_object(record: ObjectRecord) -> bytes:
    """The bytes of an object that belongs to no Thread."""
    return json_bytes({"value": to_wire(record.value), "state": record.state})


def decode_object(kind: ObjectKind, tenant: str, value: bytes) -> ObjectRecord:
    """The object of its bytes."""
    body = orjson.loads(value)
    found = from_wire(_OBJECTS[kind], body["value"])
    return ObjectRecord(value=found, tenant=tenant, state=body["state"])


def encode_event(event: StreamEvent) -> tuple[str, bytes]:
    """The name and the bytes of an event's object."""
    return event.name, json_bytes(to_wire(event.data))


def decode_event(name: str, data: bytes) -> StreamEvent:
    """The event of its name and its object's bytes."""
    body: Json = orjson.loads(data)
    kind: type[ApiObject] = STREAMED[body.get("object", "")]
    return StreamEvent(name, from_wire(kind, body))


def json_bytes(value: Json | None) -> bytes:
    """JSON without line breaks. Half surrogate pairs, which a model may emit, become U+FFFD."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return whole.encode()


def _split(value: bytes) -> tuple[str, dict[str, Any]]:
    mark, _, body = value.partition(b" ")
    return mark.decode(), orjson.loads(body)
