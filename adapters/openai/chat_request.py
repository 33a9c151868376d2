"""A ModelRequest as a Chat Completions body; pure.

Only what was set is sent. One system message, first. Messages of one side that follow each other
become one, since the templates of several open models want the sides to take turns.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import orjson

from adapters.openai.quirks import (
    FORMAT_IN_WORDS,
    FORMAT_OBJECT,
    NO_PICTURES,
    REASONING_BACK,
    SYSTEM_AS_USER,
    WITHOUT,
    trimmed,
)
from core.engine.generation import (
    UNSEEN,
    AssistantItem,
    ImagePart,
    InputItem,
    ModelRequest,
    Reasoning,
    TextPart,
    ToolCall,
    ToolOutput,
    ToolSpec,
    UserItem,
)

Json = dict[str, Any]

LIMIT_NAMES = ("max_tokens", "max_completion_tokens")
"""The older name first: servers that know only one of them know that one."""

REMOVABLE = (
    "temperature",
    "top_p",
    "parallel_tool_calls",
    "tool_choice",
    "response_format",
    "reasoning_effort",
    "stream_options",
    "user",
    *LIMIT_NAMES,
)
"""Parameters without which a request still makes sense."""


def chat_body(request: ModelRequest, lessons: Collection[str]) -> Json:
    """The request body, in the way that this model takes it."""
    request = as_seen(request, lessons)
    body: Json = {"model": request.model, "messages": _messages(request, lessons), "stream": True}
    body["stream_options"] = {"include_usage": True}
    optional = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "reasoning_effort": request.reasoning_effort,
        "user": request.user,
        "response_format": _format(request, lessons),
    }
    body.update((name, value) for name, value in optional.items() if value is not None)
    if request.max_output_tokens is not None:
        name = next((n for n in LIMIT_NAMES if WITHOUT + n not in lessons), LIMIT_NAMES[0])
        body[name] = request.max_output_tokens
    body.update(_tools(request, lessons))
    return trimmed(body, lessons)


def _tools(request: ModelRequest, lessons: Collection[str]) -> Json:
    unchosen = request.tool_choice == "none" and WITHOUT + "tool_choice" in lessons
    if not request.tools or unchosen:
        return {}
    fields: Json = {"tools": [_tool(tool) for tool in request.tools]}
    choice = request.tool_choice
    if choice in {"none", "required"}:
        fields["tool_choice"] = choice
    elif choice != "auto":
        fields["tool_choice"] = {"type": "function", "function": {"name": choice}}
    if request.parallel_tool_calls is not None:
        fields["parallel_tool_calls"] = request.parallel_tool_calls
    return fields


def _tool(tool: ToolSpec) -> Json:
    function: Json = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    }
    if tool.strict:
        function["strict"] = True
    return {"type": "function", "function": function}


def _format(request: ModelRequest, lessons: Collection[str]) -> Json | None:
    wanted = wanted_format(request)
    if wanted is None or FORMAT_IN_WORDS in lessons:
        return None
    if wanted["type"] == "json_schema" and FORMAT_OBJECT in lessons:
        return {"type": "json_object"}
    return wanted


def wanted_format(request: ModelRequest) -> Json | None:
    """The response format, unless it is plain text, which needs none."""
    wanted = request.response_format
    return None if wanted is None or wanted.get("type") == "text" else wanted


def as_seen(request: ModelRequest, lessons: Collection[str]) -> ModelRequest:
    """The request, with words in the places of pictures for a model that sees none."""
    if NO_PICTURES not in lessons:
        return request
    items = (_blind(item) if isinstance(item, UserItem) else item for item in request.items)
    return replace(request, items=tuple(items))


def _blind(item: UserItem) -> UserItem:
    parts = (TextPart(UNSEEN) if isinstance(part, ImagePart) else part for part in item.content)
    return replace(item, content=tuple(parts))


def instructions_with_words(request: ModelRequest, lessons: Collection[str]) -> str:
    """The instructions, and in words what this model takes no parameter for."""
    parts = [request.instructions] if request.instructions else []
    wanted = wanted_format(request)
    schema = (wanted or {}).get("json_schema", {}).get("schema")
    if wanted is not None and FORMAT_IN_WORDS in lessons and schema is None:
        parts.append("Answer with one JSON object and nothing else.")
    if schema is not None and (FORMAT_IN_WORDS in lessons or FORMAT_OBJECT in lessons):
        parts.append(
            "Answer with one JSON object and nothing else. It must fit this JSON Schema:\n"
            + orjson.dumps(schema).decode()
        )
    if request.tools and WITHOUT + "tool_choice" in lessons:
        if request.tool_choice == "required":
            parts.append("Call one of the tools now; do not answer in words yet.")
        elif request.tool_choice not in {"auto", "none"}:
            parts.append(f"Call the tool `{request.tool_choice}` now; do not answer in words yet.")
    return "\n\n".join(parts)


def _messages(request: ModelRequest, lessons: Collection[str]) -> list[Json]:
    messages: list[Json] = []
    for item in request.items:
        _add(messages, item, reasoning_back=REASONING_BACK in lessons)
    for message in messages:
        if message.get("reasoning_content") and not message.get("tool_calls"):
            del message["reasoning_content"]
    system = instructions_with_words(request, lessons)
    if not system:
        return messages
    if SYSTEM_AS_USER not in lessons:
        return [{"role": "system", "content": system}, *messages]
    if messages and messages[0]["role"] == "user":
        first = messages[0]
        return [{**first, "content": _joined(system, first["content"])}, *messages[1:]]
    return [{"role": "user", "content": system}, *messages]


def _add(messages: list[Json], item: InputItem, *, reasoning_back: bool) -> None:
    if isinstance(item, UserItem):
        content = _content(item)
        if messages and messages[-1]["role"] == "user":
            messages[-1]["content"] = _joined(messages[-1]["content"], content)
        else:
            messages.append({"role": "user", "content": content})
    elif isinstance(item, ToolOutput):
        messages.append({"role": "tool", "tool_call_id": item.call_id, "content": item.output})
    elif isinstance(item, AssistantItem):
        message = _assistant(messages)
        message["content"] = _joined(message["content"], item.text)
    elif isinstance(item, ToolCall):
        _assistant(messages).setdefault("tool_calls", []).append(
            {
                "id": item.call_id,
                "type": "function",
                "function": {"name": item.name, "arguments": _arguments(item.arguments)},
            }
        )
    elif reasoning_back:
        _add_reasoning(messages, item)


def _add_reasoning(messages: list[Json], item: Reasoning) -> None:
    if item.item.get("type") == "reasoning_content":
        _assistant(messages)["reasoning_content"] = item.item.get("text", "")


def _assistant(messages: list[Json]) -> Json:
    """The assistant message at the end; a new one if the end is somebody else's."""
    if not messages or messages[-1]["role"] != "assistant":
        messages.append({"role": "assistant", "content": ""})
    return messages[-1]


def _content(item: UserItem) -> str | list[Json]:
    if not any(isinstance(part, ImagePart) for part in item.content):
        return item.text
    return [_part(part) for part in item.content]


def _part(part: TextPart | ImagePart) -> Json:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    image: Json = {"url": part.url}
    if part.detail != "auto":
        image["detail"] = part.detail
    return {"type": "image_url", "image_url": image}


def _joined(first: str | list[Json], second: str | list[Json]) -> str | list[Json]:
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}" if first and second else first or second
    return [*_as_parts(first), *_as_parts(second)]


def _as_parts(content: str | list[Json]) -> list[Json]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _arguments(text: str) -> str:
    """Arguments as a JSON object: chat templates read them, and fail on what a model garbled."""
    try:
        whole = isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        whole = False
    return text if whole else orjson.dumps({"unreadable": text}).decode()
