"""Answers that only one person in a channel sees: `/bobbin ask`.

Slack shows such a message once and keeps none of it: it can neither be edited nor read back. So the
answer comes whole, and a process that dies between sending it and noting that it did sends it
again: the one place in Slack where a repeat is possible.
Source: https://docs.slack.dev/reference/methods/chat.postEphemeral.
"""

from __future__ import annotations

from typing import Final

from adapters.slack.api import SlackApi
from adapters.slack.render import MOST_CHARS, blocks, notification
from core.chat.messages import Capabilities, ConversationKey, Post, Sign

PRIVATE: Final = "slack-private"

CAPABILITIES: Final = Capabilities(max_chars=MOST_CHARS, mentions="slack")


def private_place(team: str, channel: str, user: str) -> ConversationKey:
    """The conversation of a person's own questions in a channel."""
    return ConversationKey(PRIVATE, (team, channel, user))


class PrivatePlatform:
    """`ChatPlatform` for what one person sees."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    async def send(self, conversation: ConversationKey, post: Post) -> str:
        _, channel, user = conversation.parts
        answer = await self._api.write(
            "chat.postEphemeral",
            channel=channel,
            user=user,
            text=notification(post),
            blocks=blocks(post),
        )
        return str(answer["message_ts"])

    async def edit(self, conversation: ConversationKey, ref: str, post: Post) -> None:
        await self.send(conversation, post)

    async def find(self, conversation: ConversationKey, part_id: str) -> str | None:
        return None

    async def signal(self, conversation: ConversationKey, sign: Sign) -> None:
        return
