"""How long a fake Assistant thinks."""

from __future__ import annotations

import asyncio

from core.assistants import Message
from tests.fakes.assistants import Reply, echo


def held(gate: asyncio.Event) -> Reply:
    """Answers as `echo` does, once `gate` is set."""

    async def reply(messages: list[Message]) -> list[str]:
        await gate.wait()
        return await echo(messages)

    return reply


async def never(messages: list[Message]) -> list[str]:
    """Thinks until it is cancelled."""
    await asyncio.Event().wait()
    return []
