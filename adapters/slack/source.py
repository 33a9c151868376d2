"""What Slack's events do not bring: what was said in a thread before, and the bytes of files.

Files come from Slack's own host only, whatever an event says: the bot's token goes along,
and no message may make this server ask another one.
Source: https://docs.slack.dev/reference/methods/conversations.replies (one call a minute and 15
messages for apps that are distributed outside the Marketplace), /reference/objects/file-object.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final, cast
from urllib.parse import SplitResult, urlsplit

import aiohttp

from adapters.slack.api import NO_SUCH_METHOD, Json, SlackApi, SlackRefused, dict_of
from adapters.slack.events import place_of
from adapters.slack.origin import Origin
from adapters.slack.words import readable
from core.chat.messages import Inbound, InFile, Said
from core.clock import Clock
from core.errors import (
    ConversationGone,
    InvalidRequest,
    PlatformError,
    PlatformRateLimited,
    PlatformUnavailable,
)

log = logging.getLogger(__name__)

FILE_HOST: Final = "files.slack.com"

MOST_WAIT_S: Final = 5.0
"""How long an answer waits for what was said before: apps that may ask once a minute do without."""

_LOGIN_PAGE: Final = (
    "Slack gave a sign-in page instead of the file: the app needs the scope files:read."
)


class SlackSource:
    """`ChatSource` of one workspace.

    Args:
        api: with the workspace's bot token.
        bot_user: id of the bot's user.
        names: display names by user id, as far as they are known.
        clock: for the patience that Slack asks for.
        file_host: where files may come from; another one than Slack's is for tests.
    """

    def __init__(
        self,
        api: SlackApi,
        *,
        bot_user: str,
        names: Mapping[str, str],
        clock: Clock,
        file_host: str = f"https://{FILE_HOST}",
    ) -> None:
        self._api = api
        self._bot_user = bot_user
        self._names = names
        self._clock = clock
        self._file_host = urlsplit(file_host)

    async def before(self, inbound: Inbound, limit: int) -> tuple[Said, ...]:
        _, channel, root = place_of(inbound.conversation)
        origin = Origin.of(inbound.id)
        if origin is None or root is None:
            return ()
        try:
            answer = await self._patiently(
                "conversations.replies",
                MOST_WAIT_S,
                channel=channel,
                ts=root,
                latest=origin.ts,
                inclusive="false",
                limit=str(limit),
            )
        except PlatformError as error:
            log.info("what was said before in %s cannot be read: %s", inbound.conversation, error)
            return ()
        said: list[Said] = []
        for post in cast("list[Json]", answer.get("messages") or []):
            user = str(post.get("user") or "")
            text = readable(str(post.get("text") or ""), me=self._bot_user, names=self._names)
            if not user or not text or float(post["ts"]) >= float(origin.ts):
                continue
            if user == self._bot_user or post.get("bot_id"):
                continue
            said.append(Said(user, self._names.get(user, ""), text))
        return tuple(said[-limit:])

    async def _patiently(self, method: str, most_s: float = 60.0, **query: str) -> Json:
        """Read, at most three times; where Slack asks for patience of at most `most_s` seconds it
        gets it."""
        for _ in range(2):
            try:
                return await self._api.read(method, **query)
            except PlatformRateLimited as error:
                if error.retry_after_s > most_s:
                    raise
                await self._clock.sleep(error.retry_after_s)
            except PlatformUnavailable:
                await self._clock.sleep(1.0)
        return await self._api.read(method, **query)

    async def fetch(self, inbound: Inbound, file: InFile, most_bytes: int) -> bytes:
        name, _, told = file.ref.partition(" ")
        try:
            about = dict_of((await self._patiently("files.info", file=name)).get("file"))
        except ConversationGone as error:
            raise InvalidRequest("Slack does not give it to me.") from error
        except SlackRefused as error:
            if error.code not in NO_SUCH_METHOD or not told:
                raise InvalidRequest(f"Slack does not give it to me ({error.code}).") from error
            about = {"url_private": told, "mimetype": file.media_type}
        url = str(about.get("url_private_download") or about.get("url_private") or "")
        if _place(urlsplit(url)) != _place(self._file_host):
            raise InvalidRequest("It does not lie with Slack, and I fetch nothing from elsewhere.")
        headers = {"Authorization": f"Bearer {self._api.client.token}"}
        try:
            async with self._api.session.get(url, headers=headers, allow_redirects=False) as answer:
                if answer.status != 200 or (
                    answer.content_type == "text/html"
                    and not str(about.get("mimetype")).startswith("text/html")
                ):
                    raise InvalidRequest(_LOGIN_PAGE)
                data = b""
                async for chunk in answer.content.iter_chunked(65_536):
                    data += chunk
                    if len(data) > most_bytes:
                        raise InvalidRequest(f"I take files of up to {most_bytes >> 20} MB.")
                return data
        except (TimeoutError, aiohttp.ClientError) as error:
            raise PlatformUnavailable("a file could not be fetched from Slack") from error


def _place(url: SplitResult) -> tuple[str, str]:
    """Who serves an address; this machine has two names."""
    return url.scheme, url.netloc.replace("localhost", "127.0.0.1", 1)
