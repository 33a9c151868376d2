"""What may be spent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCeiling:
    """What one Run may take at most, whatever it was asked for: the net under a model that loops.

    `tokens` counts prompts and answers of all its model calls, `rounds` its rounds of tool calls,
    `seconds` the time that one process works on it (waiting for tool outputs does not count).
    """

    tokens: int = 400_000
    rounds: int = 24
    seconds: float = 540.0
