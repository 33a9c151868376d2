"""The sending side of the terminal: posts go to the conversation's feed, from any process.

A part has its place in the feed once, however often it is sent; what it says later comes as a
further entry of the same part, and the screen shows only what is new. So nothing has to be read
back. The process with the screen remembers how far a person has been shown the feed.
"""

from __future__ import annotations

import asyncio
import logging
import re
from pathlib import Path

from adapters.terminal.render import entry, sign_entry
from core.chat.feeds import Feed
from core.chat.messages import Capabilities, ConversationKey, OutFile, Post, Sign
from core.errors import PlatformUnavailable, StoreError

log = logging.getLogger(__name__)

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
        body = entry(post, await asyncio.to_thread(self._put, post.part_id, post.files))
        try:
            ref = await self._feed.find(conversation, post.part_id)
            if ref is None:
                return await self._feed.append(conversation, body, once=post.part_id)
            # Whoever sent this part before may have died with half of its text.
            await self._feed.append(conversation, body)
        except StoreError as error:
            raise PlatformUnavailable(str(error)) from error
        return ref

    async def edit(self, conversation: ConversationKey, ref: str, post: Post) -> None:
        body = entry(post, await asyncio.to_thread(self._put, post.part_id, post.files))
        try:
            await self._feed.append(conversation, body)
        except StoreError as error:
            raise PlatformUnavailable(str(error)) from error

    async def find(self, conversation: ConversationKey, part_id: str) -> str | None:
        try:
            return await self._feed.find(conversation, part_id)
        except StoreError as error:
            raise PlatformUnavailable(str(error)) from error

    async def signal(self, conversation: ConversationKey, sign: Sign) -> None:
        if sign.kind in ("idle", "asking"):
            return  # nothing stands on the screen that would have to be taken back
        try:
            await self._feed.append(conversation, sign_entry(sign))
        except StoreError:
            return

    def _put(self, part_id: str, files: tuple[OutFile, ...]) -> list[str]:
        """Store the files; their paths. What cannot be stored is named all the same."""
        paths: list[str] = []
        for file in files:
            name = _UNSAFE.sub("_", f"{part_id}-{file.name}")[-120:]
            path = self._folder / name
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.data)
            except OSError as error:
                log.warning("a file of a reply could not be stored: %s", error)
                paths.append(f"{name} could not be stored: {error.strerror}")
            else:
                paths.append(str(path))
        return paths
