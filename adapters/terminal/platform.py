"""The sending side of the terminal: posts go to the conversation's feed, from any process.

The feed adds a part once, however often it is sent, so nothing has to be read back; the process
with the screen reads the feed and remembers how far a person has been shown it.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from adapters.terminal.render import entry, sign_entry
from core.chat.messages import Capabilities, ConversationKey, OutFile, Post, Sign
from core.chat.ports import Feed
from core.errors import PlatformUnavailable, StoreError

CAPABILITIES = Capabilities(
    max_chars=100_000, edits=True, streams=True, edit_interval_s=0.1, idempotent_sends=True
)

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class TerminalPlatform:
    """ChatPlatform for terminals. Files of replies are put below `folder`."""

    def __init__(self, feed: Feed, folder: Path) -> None:
        self._feed = feed
        self._folder = folder

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    async def send(self, conversation: ConversationKey, post: Post) -> str:
        files = await asyncio.to_thread(self._put, post.part_id, post.files)
        try:
            return await self._feed.append(conversation, entry(post, files), once=post.part_id)
        except StoreError as error:
            raise PlatformUnavailable(str(error)) from error

    async def edit(self, conversation: ConversationKey, ref: str, post: Post) -> None:
        files = await asyncio.to_thread(self._put, post.part_id, post.files)
        try:
            await self._feed.append(conversation, entry(post, files))
        except StoreError as error:
            raise PlatformUnavailable(str(error)) from error

    async def find(self, conversation: ConversationKey, part_id: str) -> str | None:
        return await self._feed.find(conversation, part_id)

    async def signal(self, conversation: ConversationKey, sign: Sign) -> None:
        try:
            await self._feed.append(conversation, sign_entry(sign))
        except StoreError:
            return

    def _put(self, part_id: str, files: tuple[OutFile, ...]) -> list[str]:
        paths: list[str] = []
        for file in files:
            self._folder.mkdir(parents=True, exist_ok=True)
            name = _UNSAFE.sub("_", f"{part_id}-{file.name}")[-120:]
            path = self._folder / name
            path.write_bytes(file.data)
            paths.append(str(path))
        return paths
