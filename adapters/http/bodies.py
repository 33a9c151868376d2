"""Request bodies: what crosses the border, and the engine's requests that come of it.

Source: the Assistants API reference, v2 (request schemas). A body that was validated cannot fail to
become a request. The engine checks the same limits again for callers that do not come over HTTP.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import Field

from adapters.http.resources import NewToolResources, ToolResources
from adapters.http.shapes import (
    Attachment,
    Content,
    Integer,
    MetadataPairs,
    ResponseFormat,
    Shape,
    Tool,
    ToolChoice,
    Truncation,
    plain,
)
from core.assistants import Json, Metadata
from core.engine.limits import (
    DESCRIPTION,
    INSTRUCTIONS,
    LEAST_TOKENS,
    MESSAGES_OF_THREAD,
    MODEL,
    NAME,
    TEMPERATURE,
    TOOLS_OF_ASSISTANT,
    TOOLS_OF_RUN,
    TOP_P,
)
from core.engine.requests import (
    UNSET,
    AssistantRequest,
    AssistantUpdate,
    MessageRequest,
    RunRequest,
    ThreadRequest,
    ThreadUpdate,
    ToolOutputRequest,
    Unset,
)

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""How long a model may think."""

ModelName = Annotated[str, Field(min_length=1, max_length=MODEL)]
Instructions = Annotated[str, Field(max_length=INSTRUCTIONS)]
AssistantTools = Annotated[list[Tool], Field(max_length=TOOLS_OF_ASSISTANT)]
Temperature = Annotated[float, Field(ge=0.0, le=TEMPERATURE)]
TopP = Annotated[float, Field(ge=0.0, le=TOP_P)]
Tokens = Annotated[Integer, Field(ge=LEAST_TOKENS)]

_NOT_OF_A_RUN = frozenset({"stream", "additional_messages", "thread", "tool_resources"})


class AssistantBody(Shape):
    """POST /assistants."""

    model: ModelName
    name: Annotated[str, Field(max_length=NAME)] | None = None
    description: Annotated[str, Field(max_length=DESCRIPTION)] | None = None
    instructions: Instructions | None = None
    reasoning_effort: Effort | None = None
    tools: AssistantTools = Field(default_factory=list[Tool])
    tool_resources: NewToolResources | None = None
    metadata: MetadataPairs | None = None
    temperature: Temperature | None = None
    top_p: TopP | None = None
    response_format: ResponseFormat | None = None

    def request(self) -> AssistantRequest:
        """For the engine."""
        return AssistantRequest(**_given(self))


class AssistantChanges(Shape):
    """POST /assistants/{assistant_id}. Fields that are absent stay as they are."""

    model: ModelName = ""
    name: Annotated[str, Field(max_length=NAME)] | None = None
    description: Annotated[str, Field(max_length=DESCRIPTION)] | None = None
    instructions: Instructions | None = None
    reasoning_effort: Effort | None = None
    tools: AssistantTools = Field(default_factory=list[Tool])
    tool_resources: ToolResources | None = None
    metadata: MetadataPairs | None = None
    temperature: Temperature | None = None
    top_p: TopP | None = None
    response_format: ResponseFormat | None = None

    def request(self) -> AssistantUpdate:
        """For the engine."""
        return AssistantUpdate(**_given(self, nulls=True))


class MessageBody(Shape):
    """POST /threads/{thread_id}/messages, and Messages inside other bodies."""

    role: Literal["user", "assistant"]
    content: Content
    attachments: list[Attachment] | None = None
    metadata: MetadataPairs | None = None

    def request(self) -> MessageRequest:
        """For the engine."""
        return MessageRequest(**_given(self))


Messages = Annotated[list[MessageBody], Field(max_length=MESSAGES_OF_THREAD)]


class ThreadBody(Shape):
    """POST /threads."""

    messages: Messages = Field(default_factory=list[MessageBody])
    tool_resources: NewToolResources | None = None
    metadata: MetadataPairs | None = None

    def request(self) -> ThreadRequest:
        """For the engine."""
        return ThreadRequest(
            messages=_messages(self.messages),
            tool_resources=plain(self.tool_resources),
            metadata=self.metadata or {},
        )


class ThreadChanges(Shape):
    """POST /threads/{thread_id}. Fields that are absent stay as they are."""

    tool_resources: ToolResources | None = None
    metadata: MetadataPairs | None = None

    def request(self) -> ThreadUpdate:
        """For the engine."""
        given = self.model_fields_set
        return ThreadUpdate(
            tool_resources=plain(self.tool_resources) if "tool_resources" in given else UNSET,
            metadata=self.metadata if "metadata" in given else UNSET,
        )


class MetadataChanges(Shape):
    """POST on a Message or a Run: only its metadata can change."""

    metadata: MetadataPairs | None = None

    def wanted(self) -> Metadata | Unset | None:
        """What to merge into the metadata, if anything was given; None removes all of it."""
        return self.metadata if "metadata" in self.model_fields_set else UNSET


class _RunFields(Shape):
    assistant_id: str
    model: ModelName | None = None
    instructions: Instructions | None = None
    tools: Annotated[list[Tool], Field(max_length=TOOLS_OF_RUN)] | None = None
    metadata: MetadataPairs | None = None
    temperature: Temperature | None = None
    top_p: TopP | None = None
    stream: bool | None = None
    max_prompt_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    truncation_strategy: Truncation | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None


class RunBody(_RunFields):
    """POST /threads/{thread_id}/runs."""

    additional_instructions: Instructions | None = None
    additional_messages: Messages | None = None
    reasoning_effort: Effort | None = None

    def request(self) -> RunRequest:
        """For the engine."""
        return RunRequest(
            additional_messages=_messages(self.additional_messages or []), **_run_fields(self)
        )


class ThreadAndRunBody(_RunFields):
    """POST /threads/runs. `tool_resources` are the new Thread's, like those inside `thread`."""

    thread: ThreadBody | None = None
    tool_resources: ToolResources | None = None

    def thread_request(self) -> ThreadRequest:
        """The Thread, for the engine."""
        thread = self.thread or ThreadBody()
        resources: Json = {}
        for given in (thread.tool_resources, self.tool_resources):
            resources |= plain(given) or {}
        return ThreadRequest(
            messages=_messages(thread.messages),
            tool_resources=resources or None,
            metadata=thread.metadata or {},
        )

    def request(self) -> RunRequest:
        """The Run, for the engine."""
        return RunRequest(**_run_fields(self))


class ToolOutput(Shape):
    """What came of one call."""

    tool_call_id: str
    output: str = ""


class ToolOutputsBody(Shape):
    """POST /threads/{thread_id}/runs/{run_id}/submit_tool_outputs."""

    tool_outputs: list[ToolOutput]
    stream: bool | None = None

    def requests(self) -> list[ToolOutputRequest]:
        """For the engine."""
        return [ToolOutputRequest(one.tool_call_id, one.output) for one in self.tool_outputs]


def _given(body: Shape, *, nulls: bool = False) -> dict[str, Any]:
    """The fields that were given, lists as tuples; null counts as given only with `nulls`."""
    values: dict[str, Any] = {}
    for name in body.model_fields_set:
        value = plain(getattr(body, name))
        if value is not None or nulls:
            values[name] = tuple(cast("list[Any]", value)) if isinstance(value, list) else value
    return values


def _run_fields(body: _RunFields) -> dict[str, Any]:
    return {name: value for name, value in _given(body).items() if name not in _NOT_OF_A_RUN}


def _messages(bodies: list[MessageBody]) -> tuple[MessageRequest, ...]:
    return tuple(body.request() for body in bodies)
