"""The metadata by which what a turn made is found again."""

from __future__ import annotations

import hashlib

TURN = "bobbin_turn"
INBOUND = "bobbin_inbound"
ATTEMPT = "bobbin_attempt"
FEEDBACK = "bobbin_feedback"
"""Of a Run: what a person thought of its answer, `good by U1`."""
BEFORE = "bobbin_before"
"""Of the Message that tells what was said before: the Inbound by which Bobbin was called."""

LONGEST = 512
"""Characters of a metadata value (Assistants API reference, v2)."""


def tag(name: str) -> str:
    """The metadata value of an id: itself, or for a longer one its start and its digest."""
    if len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{name[: LONGEST - len(digest) - 1]}~{digest}"
