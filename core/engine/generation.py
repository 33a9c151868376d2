"""What goes into a model and what comes out of it, whatever the endpoint speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class TextPart:
    """Words."""

    text: str


UNSEEN = "[A picture, which you cannot see.]"
"""What a model that sees no pictures reads in the place of one."""


@dataclass(frozen=True, slots=True)
class ImagePart:
    """A picture: a `data:` or `https:` URL, and how closely the model shall look."""

    url: str
    detail: str = "auto"


@dataclass(frozen=True, slots=True)
class UserItem:
    """What a person said."""

    content: tuple[TextPart | ImagePart, ...]

    @property
    def text(self) -> str:
        """All words of it, a line between parts."""
        return "\n".join(part.text for part in self.content if isinstance(part, TextPart))


@dataclass(frozen=True, slots=True)
class AssistantItem:
    """What the Assistant said earlier."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model wants: `arguments` is a JSON text as the model wrote it."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What came of a call, as the model is told it."""

    call_id: str
    output: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """An endpoint's own reasoning item, opaque; kept between the rounds of one Run only."""

    item: dict[str, Any]


InputItem = UserItem | AssistantItem | ToolCall | ToolOutput | Reasoning


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A function the model may call. `parameters` is a JSON Schema of an object."""

    name: str
    description: str
    parameters: dict[str, Any]
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One model round.

    `None` always means "not set": the endpoint's own default applies and nothing is sent.
    `tool_choice` is `auto`, `none`, `required` or the name of one tool.
    `response_format` is the API's object (`{"type": "json_schema", ...}`).
    """

    model: str
    instructions: str
    items: tuple[InputItem, ...]
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: str = "auto"
    parallel_tool_calls: bool | None = None
    response_format: dict[str, Any] | None = None
    temperature: float | None = None
    top_p: float | None = None
    reasoning_effort: str | None = None
    max_output_tokens: int | None = None
    user: str | None = None
    """An opaque name of the person, for the endpoint's abuse reports; never their real id."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens. `estimated` marks our own count where the endpoint gave none."""

    prompt_tokens: int
    completion_tokens: int
    estimated: bool = False

    @property
    def total_tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.estimated or other.estimated,
        )


NO_USAGE = Usage(0, 0)


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More words of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class RefusalDelta:
    """More words of a refusal."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """More of the tool call at `index`. `call_id` and `name` come with its first delta."""

    index: int
    arguments: str
    call_id: str | None = None
    name: str | None = None


FinishReason = Literal["stop", "tool_calls", "length", "content_filter"]


@dataclass(frozen=True, slots=True)
class Finished:
    """The round is over; always the last event."""

    reason: FinishReason
    usage: Usage | None = None


ModelEvent = TextDelta | RefusalDelta | ToolCallDelta | Reasoning | Finished
