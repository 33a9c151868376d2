"""What callers ask of the engine, with fields of the right types already.

Whoever reads JSON (the HTTP API) checks shapes; limits and meaning are checked by the services.
`None` means "not given", except in updates, where `UNSET` does and `None` clears the field.
Source: the Assistants API reference, v2 (request bodies).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal, Protocol

from core.assistants import Json, Metadata, Role


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
"""Not given in an update: the field stays as it is."""


RESULT_CONTENT: Final = "step_details.tool_calls[*].file_search.results[*].content"
"""What a caller may ask to see of Run Steps: the text of what file searches found."""


def _no_metadata() -> Metadata:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantRequest:
    """A new Assistant."""

    model: str
    name: str | None = None
    description: str | None = None
    instructions: str | None = None
    tools: tuple[Json, ...] = ()
    tool_resources: Json | None = None
    metadata: Metadata = field(default_factory=_no_metadata)
    temperature: float | None = None
    top_p: float | None = None
    response_format: str | Json | None = None
    reasoning_effort: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantUpdate:
    """Other values for some fields of an Assistant."""

    model: str | Unset = UNSET
    name: str | Unset | None = UNSET
    description: str | Unset | None = UNSET
    instructions: str | Unset | None = UNSET
    tools: tuple[Json, ...] | Unset = UNSET
    tool_resources: Json | Unset | None = UNSET
    metadata: Metadata | Unset | None = UNSET
    temperature: float | Unset | None = UNSET
    top_p: float | Unset | None = UNSET
    response_format: str | Json | Unset | None = UNSET
    reasoning_effort: str | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRequest:
    """A new Message. `content` is a text, or parts as requests have them (text: a plain string)."""

    content: str | tuple[Json, ...]
    role: Role = "user"
    attachments: tuple[Json, ...] = ()
    metadata: Metadata = field(default_factory=_no_metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRequest:
    """A new Thread, with its first Messages."""

    messages: tuple[MessageRequest, ...] = ()
    tool_resources: Json | None = None
    metadata: Metadata = field(default_factory=_no_metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadUpdate:
    """Other values for some fields of a Thread."""

    tool_resources: Json | Unset | None = UNSET
    metadata: Metadata | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A new Run. What is not given comes from the Assistant.

    `include` may name what the Run's stream shall show beyond the usual (`RESULT_CONTENT`). `user`
    is an opaque name of the person, for the model endpoint's abuse reports.
    """

    assistant_id: str
    model: str | None = None
    instructions: str | None = None
    additional_instructions: str | None = None
    additional_messages: tuple[MessageRequest, ...] = ()
    tools: tuple[Json, ...] | None = None
    metadata: Metadata = field(default_factory=_no_metadata)
    temperature: float | None = None
    top_p: float | None = None
    max_prompt_tokens: int | None = None
    max_completion_tokens: int | None = None
    truncation_strategy: Json | None = None
    tool_choice: str | Json | None = None
    parallel_tool_calls: bool | None = None
    response_format: str | Json | None = None
    reasoning_effort: str | None = None
    include: tuple[str, ...] = ()
    user: str | None = None


@dataclass(frozen=True, slots=True)
class ToolOutputRequest:
    """What came of a function call, told by whoever ran it."""

    tool_call_id: str
    output: str


class Readable(Protocol):
    """An open file on disk. Read in threads, by one at a time, and never closed there."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, at most so many; none at the end."""
        ...

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place, counted from the beginning."""
        ...


@dataclass(frozen=True, slots=True)
class FileOnDisk:
    """The bytes of a File that came in piece by piece; `size` is how many there are."""

    file: Readable
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRequest:
    """A new File. `expires_after_s` seconds after its creation it is gone."""

    filename: str
    purpose: Literal["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]
    data: bytes | FileOnDisk
    expires_after_s: int | None = None
