"""The objects of the Assistants API (v2), field for field as they go over the wire.

Source: the Assistants API reference, v2 (beta header `assistants=v2`). Stamps (`*_at`) are whole
seconds since the epoch. Free-form parts (tools, resources, content, formats) stay JSON objects:
their shapes are the API's, validated where they come in. `to_wire` and `from_wire` are inverse.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, ClassVar, Literal, TypeVar, cast

Json = dict[str, Any]
Metadata = dict[str, str]

RunStatus = Literal[
    "queued",
    "in_progress",
    "requires_action",
    "cancelling",
    "cancelled",
    "failed",
    "completed",
    "incomplete",
    "expired",
]
StepStatus = Literal["in_progress", "cancelled", "failed", "completed", "expired"]
MessageStatus = Literal["in_progress", "incomplete", "completed"]
Role = Literal["user", "assistant"]


def _no_metadata() -> Metadata:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assistant:
    """A configured persona: model, instructions, tools."""

    object: ClassVar[str] = "assistant"
    id: str
    created_at: int
    name: str | None = None
    description: str | None = None
    model: str
    instructions: str | None = None
    tools: tuple[Json, ...] = ()
    tool_resources: Json | None = None
    metadata: Metadata = field(default_factory=_no_metadata)
    temperature: float | None = None
    top_p: float | None = None
    response_format: str | Json | None = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """One dialogue: Messages in the order in which they were added."""

    object: ClassVar[str] = "thread"
    id: str
    created_at: int
    tool_resources: Json | None = None
    metadata: Metadata = field(default_factory=_no_metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one side said. `content` holds parts as the API answers them
    (`{"type": "text", "text": {"value", "annotations"}}`, `image_file`, `image_url`, `refusal`)."""

    object: ClassVar[str] = "thread.message"
    id: str
    created_at: int
    thread_id: str
    status: MessageStatus = "completed"
    incomplete_details: Json | None = None
    completed_at: int | None = None
    incomplete_at: int | None = None
    role: Role
    content: tuple[Json, ...]
    assistant_id: str | None = None
    run_id: str | None = None
    attachments: tuple[Json, ...] = ()
    metadata: Metadata = field(default_factory=_no_metadata)

    @property
    def text(self) -> str:
        """All text and refusal parts, a blank line between them."""
        values: list[str] = []
        for part in self.content:
            if part["type"] == "text":
                values.append(part["text"]["value"])
            elif part["type"] == "refusal":
                values.append(part["refusal"])
        return "\n\n".join(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One answering of a Thread by an Assistant. `instructions` is never null on the wire."""

    object: ClassVar[str] = "thread.run"
    id: str
    created_at: int
    thread_id: str
    assistant_id: str
    status: RunStatus = "queued"
    required_action: Json | None = None
    last_error: Json | None = None
    expires_at: int | None = None
    started_at: int | None = None
    cancelled_at: int | None = None
    failed_at: int | None = None
    completed_at: int | None = None
    incomplete_details: Json | None = None
    model: str
    instructions: str = ""
    tools: tuple[Json, ...] = ()
    metadata: Metadata = field(default_factory=_no_metadata)
    usage: Json | None = None
    temperature: float | None = 1.0
    top_p: float | None = 1.0
    max_prompt_tokens: int | None = None
    max_completion_tokens: int | None = None
    truncation_strategy: Json = field(
        default_factory=lambda: {"type": "auto", "last_messages": None}
    )
    tool_choice: str | Json = "auto"
    parallel_tool_calls: bool = True
    response_format: str | Json | None = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStep:
    """One thing a Run did: made a Message, or called tools."""

    object: ClassVar[str] = "thread.run.step"
    id: str
    created_at: int
    assistant_id: str
    thread_id: str
    run_id: str
    type: Literal["message_creation", "tool_calls"]
    status: StepStatus = "in_progress"
    step_details: Json
    last_error: Json | None = None
    expired_at: int | None = None
    cancelled_at: int | None = None
    failed_at: int | None = None
    completed_at: int | None = None
    metadata: Metadata = field(default_factory=_no_metadata)
    usage: Json | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Bytes with a name. The bytes lie in the blob store under their sha256."""

    object: ClassVar[str] = "file"
    id: str
    bytes: int
    created_at: int
    expires_at: int | None = None
    filename: str
    purpose: str
    status: str = "processed"
    status_details: str | None = None


FileCounts = dict[str, int]
"""How many files are in_progress, completed, failed, cancelled, and in total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorStore:
    """Files made searchable together. `name` is never null on the wire."""

    object: ClassVar[str] = "vector_store"
    id: str
    created_at: int
    name: str = ""
    description: str | None = None
    usage_bytes: int = 0
    file_counts: FileCounts
    status: Literal["expired", "in_progress", "completed"] = "completed"
    expires_after: Json | None = None
    expires_at: int | None = None
    last_active_at: int | None = None
    metadata: Metadata = field(default_factory=_no_metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorStoreFile:
    """A File within a vector store; its id is the File's."""

    object: ClassVar[str] = "vector_store.file"
    id: str
    created_at: int
    vector_store_id: str
    usage_bytes: int = 0
    status: Literal["in_progress", "completed", "cancelled", "failed"] = "in_progress"
    last_error: Json | None = None
    chunking_strategy: Json
    attributes: dict[str, str | float | bool] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesBatch:
    """Files that were added to a vector store together."""

    object: ClassVar[str] = "vector_store.files_batch"
    id: str
    created_at: int
    vector_store_id: str
    status: Literal["in_progress", "completed", "cancelled", "failed"] = "in_progress"
    file_counts: FileCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDelta:
    """More of a Message: `delta` is the API's `{"content": [{"index", "type", ...}]}`."""

    object: ClassVar[str] = "thread.message.delta"
    id: str
    delta: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStepDelta:
    """More of a Run Step: `delta` is the API's `{"step_details": {...}}`."""

    object: ClassVar[str] = "thread.run.step.delta"
    id: str
    delta: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamError:
    """The data of an `error` event, bare as the reference has it."""

    object: ClassVar[str] = ""
    message: str
    type: str = "server_error"
    code: str | None = None
    param: str | None = None


ApiObject = (
    Assistant
    | Thread
    | Run
    | RunStep
    | Message
    | File
    | VectorStore
    | VectorStoreFile
    | FilesBatch
    | MessageDelta
    | RunStepDelta
    | StreamError
)
Streamed = Thread | Run | RunStep | Message | MessageDelta | RunStepDelta | StreamError


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event of a Run's stream: its name (`thread.run.created`, ...) and its object."""

    name: str
    data: Streamed


STREAMED: dict[str, type[Streamed]] = {
    kind.object: kind
    for kind in (Thread, Run, RunStep, Message, MessageDelta, RunStepDelta, StreamError)
}
"""What a stream may carry, by its `object`."""

TERMINAL_RUN_STATUSES: frozenset[RunStatus] = frozenset(
    {"cancelled", "failed", "completed", "incomplete", "expired"}
)
"""A Run in one of these never changes its status again."""

PARKED_RUN_STATUSES: frozenset[RunStatus] = frozenset({*TERMINAL_RUN_STATUSES, "requires_action"})
"""A stream or a poll ends here: the next move is not the engine's."""


SAID_BEFORE = "What was said here before I was called:"
"""The first line of a Message that tells what people said before the Assistant was called."""


def text_part(value: str, annotations: tuple[Json, ...] = ()) -> Json:
    """The API's text part as answers have it."""
    return {"type": "text", "text": {"value": value, "annotations": list(annotations)}}


@dataclass(frozen=True, slots=True)
class Belongings:
    """Ids of the Files and vector stores that came into a Thread or were made in it."""

    files: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()


def files_of_message(message: Message) -> list[str]:
    """Ids of the Files that came with a Message, or that code made for it. A File that it cites
    is not its own."""
    found = [str(one["file_id"]) for one in message.attachments if one.get("file_id")]
    for part in message.content:
        if part["type"] == "image_file":
            found.append(str(part["image_file"]["file_id"]))
        notes: list[Json] = part["text"].get("annotations") or [] if part["type"] == "text" else []
        found += [str(one["file_path"]["file_id"]) for one in notes if "file_path" in one]
    return list(dict.fromkeys(found))


def files_of_step(step: RunStep) -> list[str]:
    """Ids of the Files that code made in a Step as pictures."""
    found: list[str] = []
    calls: list[Json] = step.step_details.get("tool_calls") or []
    for call in calls:
        code: Json = call.get("code_interpreter") or {}
        outputs: list[Json] = code.get("outputs") or []
        found += [str(one["image"]["file_id"]) for one in outputs if one.get("type") == "image"]
    return found


@cache
def _names(kind: type[ApiObject]) -> tuple[str, ...]:
    return tuple(item.name for item in fields(kind))


def to_wire(value: ApiObject) -> Json:
    """The JSON object of an API object, every field present, `object` included."""
    body: Json = {"object": value.object} if value.object else {}
    for name in _names(type(value)):
        content: Any = getattr(value, name)
        body[name] = (
            list(cast("tuple[Any, ...]", content)) if isinstance(content, tuple) else content
        )
    return body


_T = TypeVar("_T", bound=ApiObject)


def from_wire(kind: type[_T], body: Json) -> _T:
    """The API object of a JSON object. Unknown keys are ignored, lists become tuples.

    Raises:
        TypeError: a required field is missing.
    """
    values: Json = {}
    for name in _names(kind):
        if name in body:
            content: Any = body[name]
            values[name] = (
                tuple(cast("list[Any]", content)) if isinstance(content, list) else content
            )
    return kind(**values)
