"""What the agent view suggests to ask: best effort, in the background.

Parallel: suggestions. Survives a crash: nothing, the next opening of the tab suggests again.
Bounded: `MOST` at a time. An app without the agent view says so once, and is not asked again.
Source: https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from adapters.slack.api import SlackApi, SlackRefused
from adapters.slack.views import prompts
from core.errors import PlatformError

log = logging.getLogger(__name__)

MOST: Final = 50


class Prompting:
    """Suggests questions in direct messages."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api
        self._wanted = True
        self._tasks: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """Leave what is not suggested yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def wanted(self) -> bool:
        """Whether the app may have an agent view."""
        return self._wanted

    def suggest(self, channel: str, sentences: tuple[str, ...]) -> None:
        """Suggest these there; nobody waits for it."""
        if not sentences or not self._wanted or len(self._tasks) >= MOST:
            return
        task = asyncio.create_task(self._suggest(channel, sentences), name="slack prompts")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _suggest(self, channel: str, sentences: tuple[str, ...]) -> None:
        try:
            await self._api.write(
                "assistant.threads.setSuggestedPrompts",
                channel_id=channel,
                prompts=prompts(sentences),
            )
        except SlackRefused as error:
            log.info("this app suggests no prompts: %s", error.code)
            self._wanted = False
        except PlatformError as error:
            log.info("prompts could not be suggested: %s", error)
