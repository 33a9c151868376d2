"""What Discord's events do not bring: what was said before, and the bytes of files.

The addresses of files run out, so the message is asked for again; and files come from Discord's
own hosts only, whatever an event says, and without the bot's token.
Source: https://docs.discord.com/developers/resources/message#attachment-object,
/reference#signed-attachment-cdn-urls.
"""

from __future__ import annotations

import logging
from typing import Any, Final, cast
from urllib.parse import urlsplit

import aiohttp

from adapters.discord.api import DiscordApi, DiscordRefused, Json
from adapters.discord.events import name_of
from adapters.discord.origin import Origin
from adapters.discord.words import readable
from core.chat.messages import Inbound, InFile, Said
from core.errors import InvalidRequest, PlatformError, PlatformUnavailable

log = logging.getLogger(__name__)

FILE_HOSTS: Final = ("https://cdn.discordapp.com", "https://media.discordapp.net")


class DiscordSource:
    """`ChatSource` of one application.

    Args:
        api: with the bot's token.
        bot_user: id of the bot's user.
        file_hosts: where files may come from; others than Discord's are for tests.
    """

    def __init__(
        self, api: DiscordApi, *, bot_user: str, file_hosts: tuple[str, ...] = FILE_HOSTS
    ) -> None:
        self._api = api
        self._bot_user = bot_user
        self._hosts = {(urlsplit(one).scheme, urlsplit(one).netloc) for one in file_hosts}

    async def before(self, inbound: Inbound, limit: int) -> tuple[Said, ...]:
        origin = Origin.of(inbound.id)
        if origin is None:
            return ()
        path = f"/channels/{origin.channel}/messages"
        try:
            in_thread = inbound.conversation.parts[2:] == (origin.channel,)
            if not in_thread:
                asked = await self._api.read(f"{path}/{origin.message}")
                page: list[Json] = [asked.get("referenced_message") or {}]
            else:
                found = await self._api.read(path, before=origin.message, limit=str(limit))
                page = sorted(cast("list[Json]", found), key=lambda one: int(one["id"]))
        except PlatformError as error:
            log.info("what was said before in %s cannot be read: %s", inbound.conversation, error)
            return ()
        return tuple(said for one in page if (said := self._said(one)) is not None)

    def _said(self, message: Json) -> Said | None:
        author: dict[str, Any] = message.get("author") or {}
        people = cast("list[Json]", message.get("mentions") or [])
        names = {str(one["id"]): name_of(one) for one in people}
        text = readable(str(message.get("content") or ""), own=(self._bot_user,), names=names)
        if not author or author.get("bot") or not text:
            return None
        return Said(str(author["id"]), name_of(author), text)

    async def fetch(self, inbound: Inbound, file: InFile, most_bytes: int) -> bytes:
        url = file.ref
        if url.isdecimal():
            url = await self._address(inbound, file.ref)
        asked = urlsplit(url)
        if (asked.scheme, asked.netloc) not in self._hosts:
            raise InvalidRequest(
                "It does not lie with Discord, and I fetch nothing from elsewhere."
            )
        try:
            async with self._api.session.get(url, allow_redirects=False) as answer:
                if answer.status >= 500:
                    raise PlatformUnavailable("a file could not be fetched from Discord")
                if answer.status != 200:
                    raise InvalidRequest("Discord does not give it to me.")
                data = b""
                async for chunk in answer.content.iter_chunked(65_536):
                    data += chunk
                    if len(data) > most_bytes:
                        raise InvalidRequest(f"I take files of up to {most_bytes >> 20} MB.")
                return data
        except (TimeoutError, aiohttp.ClientError) as error:
            raise PlatformUnavailable("a file could not be fetched from Discord") from error

    async def _address(self, inbound: Inbound, name: str) -> str:
        """Where an attachment of a message lies just now."""
        origin = Origin.of(inbound.id)
        if origin is None:
            raise InvalidRequest("I do not know where it came from.")
        try:
            found = await self._api.read(f"/channels/{origin.channel}/messages/{origin.message}")
        except DiscordRefused as error:
            raise InvalidRequest("Discord does not give it to me.") from error
        for one in cast("list[Json]", found.get("attachments") or []):
            if str(one["id"]) == name:
                return str(one["url"])
        raise InvalidRequest("It was removed from the message.")
