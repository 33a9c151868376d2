"""Limits and meaning of what callers ask for. Pure.

Every check raises `InvalidRequest` with the API's own sentence, parameter and code. Source of the
limits: the Assistants API reference, v2 (request schemas); of the sentences: its error bodies.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, cast

from core.assistants import Json, Metadata, text_part
from core.engine.limits import (
    DESCRIPTION,
    INSTRUCTIONS,
    LEAST_TOKENS,
    MESSAGES_OF_THREAD,
    METADATA_KEY,
    METADATA_PAIRS,
    METADATA_VALUE,
    MODEL,
    NAME,
    PAGE,
    TEMPERATURE,
    TEXT,
    TOOL_NAME,
    TOOLS_OF_ASSISTANT,
    TOOLS_OF_RUN,
    TOP_P,
    above,
    below,
    empty,
    too_long,
    too_many,
    too_many_properties,
    too_short,
    unlike,
)
from core.engine.requests import (
    AssistantRequest,
    AssistantUpdate,
    MessageRequest,
    RunRequest,
    ThreadRequest,
    Unset,
)
from core.errors import InvalidRequest

_FUNCTION_NAME: Final = re.compile(TOOL_NAME.removesuffix("$"))
_TOOL_TYPES: Final = ("code_interpreter", "function", "file_search")


def check_id(param: str, value: str, prefix: str) -> None:
    """Refuse an id that names another kind of object. `prefix` is `thread`, `run`, `asst` ..."""
    if not value.startswith(prefix):
        raise InvalidRequest(
            f"Invalid '{param}': '{value}'. Expected an ID that begins with '{prefix}'.",
            param=param,
            code="invalid_value",
        )


def check_assistant(request: AssistantRequest | AssistantUpdate) -> None:
    """Refuse an Assistant outside the limits."""
    check_length("model", request.model, MODEL, least=1)
    check_length("name", request.name, NAME)
    check_length("description", request.description, DESCRIPTION)
    check_length("instructions", request.instructions, INSTRUCTIONS)
    if not isinstance(request.tools, Unset):
        check_tools(request.tools, TOOLS_OF_ASSISTANT)
    if not isinstance(request.metadata, Unset):
        check_metadata(request.metadata or {})
    _sampling(request.temperature, request.top_p)


def check_thread(request: ThreadRequest) -> None:
    """Refuse a Thread outside the limits."""
    check_metadata(request.metadata)
    _messages("messages", request.messages)


def check_message(request: MessageRequest, *, at: str = "") -> None:
    """Refuse a Message outside the limits. `at` is where it stands (`messages[3].`)."""
    check_metadata(request.metadata, param=f"{at}metadata")
    content = request.content
    if isinstance(content, str):
        check_length(f"{at}content", content, TEXT, least=1)
        return
    if not content:
        raise empty(f"{at}content")
    for number, part in enumerate(content):
        if part["type"] == "text":
            check_length(f"{at}content[{number}].text", part["text"], TEXT)


def check_run(request: RunRequest) -> None:
    """Refuse a Run outside the limits."""
    check_metadata(request.metadata)
    check_length("instructions", request.instructions, INSTRUCTIONS)
    check_length("additional_instructions", request.additional_instructions, INSTRUCTIONS)
    _messages("additional_messages", request.additional_messages)
    if request.tools is not None:
        check_tools(request.tools, TOOLS_OF_RUN)
    _sampling(request.temperature, request.top_p)
    check_least("max_prompt_tokens", request.max_prompt_tokens, LEAST_TOKENS)
    check_least("max_completion_tokens", request.max_completion_tokens, LEAST_TOKENS)
    truncation = request.truncation_strategy or {}
    check_least("truncation_strategy.last_messages", truncation.get("last_messages"), 1)
    if truncation.get("type") == "last_messages" and truncation.get("last_messages") is None:
        raise InvalidRequest(
            "Missing required parameter: 'truncation_strategy.last_messages'.",
            param="truncation_strategy.last_messages",
            code="missing_required_parameter",
        )


def check_tool_choice(choice: str | Json | None, tools: Sequence[Json]) -> None:
    """Refuse a choice of a tool that the Run does not have."""
    if not isinstance(choice, dict):
        return
    wanted = choice["type"]
    if wanted == "function":
        wanted = choice["function"]["name"]
        names = {tool["function"]["name"] for tool in tools if tool["type"] == "function"}
    else:
        names = {tool["type"] for tool in tools}
    if wanted not in names:
        raise InvalidRequest(
            f"Tool choice '{wanted}' not found in 'tools' parameter.", param="tool_choice"
        )


def check_tools(tools: Sequence[Json], most: int) -> None:
    """Refuse tools of unknown types, with bad names, or too many."""
    check_count("tools", tools, most)
    for number, tool in enumerate(tools):
        kind = tool.get("type")
        if kind not in _TOOL_TYPES:
            raise InvalidRequest(
                f"Invalid value: '{kind}'. Supported values are: 'code_interpreter', 'function', "
                "and 'file_search'.",
                param=f"tools[{number}].type",
                code="invalid_value",
            )
        if kind == "function":
            _function_name(f"tools[{number}].function.name", tool["function"]["name"])


def check_metadata(metadata: Metadata, *, param: str = "metadata") -> None:
    """Refuse metadata outside the limits."""
    if len(metadata) > METADATA_PAIRS:
        raise too_many_properties(param, METADATA_PAIRS, len(metadata))
    for key, value in metadata.items():
        check_length(param, key, METADATA_KEY)
        check_length(f"{param}.{key}", value, METADATA_VALUE)


def merged_metadata(metadata: Metadata, changes: Metadata | None) -> Metadata:
    """Metadata after an update: keys that it does not name stay, None removes all of them.

    Raises:
        InvalidRequest: `changes`, or both together, are outside the limits.
    """
    if changes is None:
        return {}
    check_metadata(changes)
    merged = {**metadata, **changes}
    check_metadata(merged)
    return merged


def check_limit(limit: int, most: int = PAGE) -> None:
    """Refuse a page size outside 1 to `most`."""
    check_least("limit", limit, 1)
    if limit > most:
        raise above("limit", most, limit)


def check_outputs(expected: Sequence[str], given: Sequence[str]) -> None:
    """Refuse tool outputs unless each awaited call has exactly one, in whatever order."""
    if sorted(expected) != sorted(given):
        raise InvalidRequest(
            f"Expected tool outputs for call_ids {list(expected)}, got {list(given)}"
        )


def stored_content(content: str | tuple[Json, ...]) -> tuple[Json, ...]:
    """Content as answers have it, of content as requests have it."""
    if isinstance(content, str):
        return (text_part(content),)
    return tuple(_stored_part(part) for part in content)


def named_files(request: MessageRequest) -> set[str]:
    """Ids of the Files that a Message shows or attaches."""
    found = {item["file_id"] for item in request.attachments if item.get("file_id")}
    if not isinstance(request.content, str):
        found |= {
            part["image_file"]["file_id"]
            for part in request.content
            if part["type"] == "image_file"
        }
    return cast("set[str]", found)


def _stored_part(part: Json) -> Json:
    kind = part["type"]
    if kind == "text":
        return text_part(part["text"])
    return {"type": kind, kind: {"detail": "auto", **part[kind]}}


def _messages(param: str, requests: Sequence[MessageRequest]) -> None:
    check_count(param, requests, MESSAGES_OF_THREAD)
    for number, request in enumerate(requests):
        check_message(request, at=f"{param}[{number}].")


def check_length(param: str, value: Any, most: int, *, least: int = 0) -> None:
    """Refuse a text of more than `most` or less than `least` characters; let other values be."""
    if not isinstance(value, str):
        return
    if len(value) > most:
        raise too_long(param, most, len(value))
    if len(value) < least:
        raise too_short(param, least, len(value))


def check_count(param: str, values: Sequence[Any], most: int) -> None:
    if len(values) > most:
        raise too_many(param, most, len(values))


def check_least(param: str, value: int | None, least: int) -> None:
    """Refuse a number below `least`."""
    if value is not None and value < least:
        raise below(param, least, value)


def _sampling(temperature: float | Unset | None, top_p: float | Unset | None) -> None:
    for param, value, most in (("temperature", temperature, TEMPERATURE), ("top_p", top_p, TOP_P)):
        if value is None or isinstance(value, Unset):
            continue
        if value < 0:
            raise below(param, 0.0, value)
        if not value <= most:  # also refuses NaN
            raise above(param, most, value)


def _function_name(param: str, name: str) -> None:
    if not _FUNCTION_NAME.fullmatch(name):
        raise unlike(param, TOOL_NAME)
