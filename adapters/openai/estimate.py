"""Our own count of tokens where an endpoint gives none, marked as such."""

from __future__ import annotations

from collections.abc import Iterable

from core.engine.context import estimated_tokens, size_of, size_of_tools
from core.engine.generation import ModelRequest, Usage


def estimated_usage(request: ModelRequest, written: Iterable[str]) -> Usage:
    """What went into a round and what the model wrote, both estimated."""
    prompt = estimated_tokens(request.instructions) + size_of_tools(request.tools, estimated_tokens)
    prompt += sum(size_of(item, estimated_tokens) for item in request.items)
    return Usage(prompt, estimated_tokens("".join(written)), estimated=True)
