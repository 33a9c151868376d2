"""Answers that only one person in a channel sees: `/bobbin ask`.

Slack shows such a message once and keeps none of it: it can neither be edited nor read back. So the
answer comes whole, and a process that dies between sending it and noting that it did sends it
again: the one place in Slack where a repeat is possible.
Source: https://docs.slack.dev/reference/methods/chat.postEphemeral.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final

from adapters.slack.api import NO_SUCH_METHOD, SlackApi, SlackRefused, dict_of
from adapters.slack.origin import NO_THREAD
from adapters.slack.render import MOST_CHARS, blocks, message, notification
from core.chat.messages import Capabilities, ConversationKey, Post, Sign
from core.errors import ConversationGone

log = logging.getLogger(__name__)

CAPABILITIES: Final = Capabilities(
    max_chars=MOST_CHARS, buttons=True, mentions="slack", workspaces=True
)


class PrivatePlatform:
    """`ChatPlatform` for what one person sees."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    async def send(self, conversation: ConversationKey, post: Post) -> str:
        _, channel, user = conversation.parts
        if post.kind == "shared":
            body = message(post)
            answer = await self._api.write("chat.postMessage", channel=channel, **body)
            return str(answer.get("ts") or NO_THREAD)
        if post.files:
            names = ", ".join(file.name for file in post.files)
            left = f"(Not shown here: {names}. Ask me in a direct message to see files.)"
            post = replace(post, text=f"{post.text}\n\n{left}".strip(), files=())
        if post.kind == "answer" and post.about:
            post = replace(post, controls=(*post.controls, "share"))
        body = {"text": notification(post), "blocks": blocks(post)}
        try:
            answer = await self._api.write("chat.postEphemeral", channel=channel, user=user, **body)
        except ConversationGone:
            return await self._send_directly(user, post)
        except SlackRefused as error:
            if error.code not in NO_SUCH_METHOD:
                raise
            return await self._send_directly(user, post)
        return str(answer.get("message_ts") or NO_THREAD)

    async def _send_directly(self, user: str, post: Post) -> str:
        """We are not in that channel: the answer goes into the person's direct messages."""
        try:
            opened = await self._api.write("conversations.open", users=user)
        except SlackRefused as error:
            log.info("direct messages cannot be opened, the person's id stands for them: %s", error)
            opened = {}
        channel = str(dict_of(opened.get("channel")).get("id") or user)
        shown = replace(post, controls=())  # a press there would be about another conversation
        answer = await self._api.write("chat.postMessage", channel=channel, **message(shown))
        return str(answer.get("ts") or NO_THREAD)

    async def edit(self, conversation: ConversationKey, ref: str, post: Post) -> None:
        await self.send(conversation, post)

    async def find(self, conversation: ConversationKey, part_id: str) -> str | None:
        return None

    async def signal(self, conversation: ConversationKey, sign: Sign) -> None:
        return
