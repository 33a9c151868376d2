"""A guess at tokens where the endpoint counts none: for budgets, never for cutting text.

Common tokenisers make a token of about four characters of English, and of one to two characters
of other scripts. The guess is on the high side, so that a budget is not overrun by it.
"""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from core.engine.generation import (
    AssistantItem,
    InputItem,
    ModelRequest,
    TextPart,
    ToolCall,
    ToolOutput,
    Usage,
    UserItem,
)

_PER_ITEM = 4
_PER_IMAGE = 1_000


def tokens_of(text: str) -> int:
    """About how many tokens `text` makes."""
    if text.isascii():
        return (len(text) + 3) // 4
    ascii_bytes = len(text.encode("ascii", "ignore"))
    return (ascii_bytes + 3) // 4 + (len(text) - ascii_bytes)


def estimated_usage(request: ModelRequest, written: Iterable[str]) -> Usage:
    """Our own count of a round: what went in, and what the model wrote."""
    prompt = tokens_of(request.instructions) + sum(_item(item) for item in request.items)
    for tool in request.tools:
        prompt += tokens_of(tool.name) + tokens_of(tool.description)
        prompt += tokens_of(orjson.dumps(tool.parameters).decode())
    return Usage(prompt, tokens_of("".join(written)), estimated=True)


def _item(item: InputItem) -> int:
    if isinstance(item, UserItem):
        return _PER_ITEM + sum(
            tokens_of(part.text) if isinstance(part, TextPart) else _PER_IMAGE
            for part in item.content
        )
    if isinstance(item, AssistantItem):
        return _PER_ITEM + tokens_of(item.text)
    if isinstance(item, ToolCall):
        return _PER_ITEM + tokens_of(item.name) + tokens_of(item.arguments)
    if isinstance(item, ToolOutput):
        return _PER_ITEM + tokens_of(item.output)
    return tokens_of(orjson.dumps(item.item).decode())
