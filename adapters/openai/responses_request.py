"""A ModelRequest as a Responses body; pure.

Stateless: `store` is false, the whole history goes along, reasoning comes back encrypted and is
passed on within a Run. Only what was set is sent; the window is ours to keep, so no `truncation`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from adapters.openai.chat_request import as_seen, instructions_with_words, wanted_format
from adapters.openai.quirks import (
    FORMAT_IN_WORDS,
    FORMAT_OBJECT,
    NO_REASONING_ITEMS,
    WITHOUT,
    trimmed,
)
from core.engine.generation import (
    AssistantItem,
    ImagePart,
    InputItem,
    ModelRequest,
    TextPart,
    ToolCall,
    ToolOutput,
    ToolSpec,
    UserItem,
)

Json = dict[str, Any]

REMOVABLE = (
    "temperature",
    "top_p",
    "parallel_tool_calls",
    "tool_choice",
    "text",
    "reasoning",
    "include",
    "safety_identifier",
    "max_output_tokens",
    "store",
)
"""Parameters without which a request still makes sense."""


def responses_body(request: ModelRequest, lessons: Collection[str]) -> Json:
    """The request body, in the way that this model takes it."""
    request = as_seen(request, lessons)
    reasoning = NO_REASONING_ITEMS not in lessons
    body: Json = {
        "model": request.model,
        "input": [wire for item in request.items for wire in _item(item, reasoning=reasoning)],
        "stream": True,
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }
    if instructions := instructions_with_words(request, lessons):
        body["instructions"] = instructions
    chosen = _format(request, lessons)
    effort = request.reasoning_effort
    optional = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_output_tokens": request.max_output_tokens,
        "safety_identifier": request.user,
        "reasoning": None if effort is None else {"effort": effort},
        "text": None if chosen is None else {"format": chosen},
    }
    body.update((name, value) for name, value in optional.items() if value is not None)
    body.update(_tools(request, lessons))
    return trimmed(body, lessons)


def _tools(request: ModelRequest, lessons: Collection[str]) -> Json:
    choice = request.tool_choice
    if not request.tools or (choice == "none" and WITHOUT + "tool_choice" in lessons):
        return {}
    fields: Json = {"tools": [_tool(tool) for tool in request.tools]}
    if choice in {"none", "required"}:
        fields["tool_choice"] = choice
    elif choice != "auto":
        fields["tool_choice"] = {"type": "function", "name": choice}
    if request.parallel_tool_calls is not None:
        fields["parallel_tool_calls"] = request.parallel_tool_calls
    return fields


def _tool(tool: ToolSpec) -> Json:
    """`strict` is always said: what it defaults to here differs from Chat Completions."""
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "strict": tool.strict,
    }


def _format(request: ModelRequest, lessons: Collection[str]) -> Json | None:
    """The Assistants API's response format, which nests the schema one level deeper."""
    wanted = wanted_format(request)
    if wanted is None or FORMAT_IN_WORDS in lessons:
        return None
    if wanted["type"] != "json_schema":
        return wanted
    if FORMAT_OBJECT in lessons:
        return {"type": "json_object"}
    return {"type": "json_schema", **wanted.get("json_schema", {})}


def _item(item: InputItem, *, reasoning: bool) -> list[Json]:
    if isinstance(item, UserItem):
        return [{"role": "user", "content": [_part(part) for part in item.content]}]
    if isinstance(item, AssistantItem):
        return [{"role": "assistant", "content": item.text}]
    if isinstance(item, ToolCall):
        return [
            {
                "type": "function_call",
                "call_id": item.call_id,
                "name": item.name,
                "arguments": item.arguments,
            }
        ]
    if isinstance(item, ToolOutput):
        return [{"type": "function_call_output", "call_id": item.call_id, "output": item.output}]
    # Without its encrypted content an item is only an id, which an endpoint that stores nothing
    # cannot look up.
    usable = item.item.get("type") == "reasoning" and item.item.get("encrypted_content")
    return [item.item] if reasoning and usable else []


def _part(part: TextPart | ImagePart) -> Json:
    if isinstance(part, TextPart):
        return {"type": "input_text", "text": part.text}
    return {"type": "input_image", "image_url": part.url, "detail": part.detail}
