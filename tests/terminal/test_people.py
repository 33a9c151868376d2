"""Usage and forgetting at a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from bots.console import Console, answer_lines
from tests.patience import PATIENCE_S
from tests.terminal.home import KEY, Home


async def _lines(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line


async def test_usage_is_told_and_what_was_said_is_forgotten(home: Home) -> None:
    home.assistants.usage = {"prompt_tokens": 120, "completion_tokens": 7, "total_tokens": 127}
    shown: list[str] = []
    async with home.chat() as (chat, parts), asyncio.timeout(PATIENCE_S):
        console = Console(parts, KEY, shown.append, live=False)
        async with console.open(keep_session=False):
            lines = _lines("my secret", "!usage", "!forget", "!forget yes", "!usage", "hello")
            await answer_lines(console, lines)
        kept = await chat.stores.feed.read(KEY, "0", 0)
    text = "".join(shown)
    order = [
        text.index(words)
        for words in (
            "Today: 1 answer, 120 tokens read and 7 written",
            "on Terminal",
            "Write `!forget yes`",
            "Forgotten: all that you and I said alone",
            "Today: nothing",
            "You said: hello",
        )
    ]
    assert order == sorted(order)
    assert "my secret" not in str(kept)
    (thread,) = home.assistants.threads.values()
    assert [message.text for message in thread] == ["hello", "You said: hello"]
