"""Interactions: acknowledged in three seconds, answered for fifteen minutes.

Source: https://docs.discord.com/developers/interactions/receiving-and-responding.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.discord.commands import check_suggestions
from tests.fakes.discord.guild import Guild
from tests.fakes.discord.looks import BOT, EDITED, SENT, Json, Refusal, check_body

MOST_FOLLOWUPS = 5
ACK_S = 15.0
"""Without an acknowledgement the token is void: at Discord after three seconds, which a machine
that stands still under a test would miss."""


@dataclass
class Interaction:
    """An interaction that Discord has sent."""

    id: str
    token: str
    user: str
    channel: str
    at: float
    message: str = ""
    """The post under which the button stands."""
    acked: Json | None = None
    acked_after_s: float = 0.0
    original: str = ""
    followups: list[str] = field(default_factory=list[str])
    expired: bool = False
    personal: bool = False
    """The bot is no member there."""
    typing: bool = False
    """Somebody types in an option, and wants suggestions."""


@dataclass
class Responding(Guild):
    """A guild whose commands and buttons can be answered."""

    interactions: dict[str, Interaction] = field(default_factory=dict[str, Interaction])

    def do_callback(self, interaction_id: str, token: str, body: Json) -> Json:
        found = self.interactions.get(token)
        if found is None or found.id != interaction_id:
            raise Refusal(404, 10062, "Unknown interaction")
        if found.acked is not None:
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        if time.monotonic() - found.at > ACK_S:
            raise Refusal(404, 10062, "Unknown interaction")
        assert body["type"] in ((8,) if found.typing else (4, 5, 6, 7, 9)), body
        if found.typing:
            check_suggestions(body["data"])
        found.acked, found.acked_after_s = body, time.monotonic() - found.at
        shown: Json = {"id": found.id, "type": 2, "response_message_loading": False}
        if body["type"] in (4, 5):
            data: Json = body.get("data") or {}
            flags = int(data.get("flags") or 0)
            assert body["type"] == 4 or not flags & ~64, "a deferred answer can only be ephemeral"
            found.original = self._answer(found, data, {}, flags=flags | 128)
            shown |= {
                "response_message_id": found.original,
                "response_message_loading": body["type"] == 5,
                "response_message_ephemeral": bool(flags & 64),
            }
        elif body["type"] in (6, 7):
            found.original = found.message
            if body["type"] == 7:
                self.do_edit_response(token, "@original", body["data"], {})
        return {"interaction": shown}

    def _answer(self, found: Interaction, data: Json, files: dict[str, Any], *, flags: int) -> str:
        """A message of an interaction: in the channel, or for one person alone."""
        check_body({k: v for k, v in data.items() if k != "flags"} | {"content": "…"}, SENT, files)
        where = f"{found.channel}/{found.user}" if flags & 64 else found.channel
        self.messages.setdefault(where, {})
        if not flags & 64:
            values = {**self.shown(data, files), "flags": flags}
            message = self.add_message(found.channel, self.people[BOT], **values)
            return str(message["id"])
        message_id = self.snowflake()
        self.messages[where][message_id] = {
            "id": message_id,
            "channel_id": found.channel,
            "author": self.people[BOT],
            "content": "",
            "attachments": [],
            "components": [],
            "type": 20,
            **self.shown(data, files),
            "flags": flags,
        }
        return message_id

    def _by_token(self, token: str) -> Interaction:
        found = self.interactions.get(token)
        if found is None or found.acked is None:
            raise Refusal(404, 10015, "Unknown Webhook")
        if found.expired:
            raise Refusal(401, 50027, "Invalid Webhook Token")
        return found

    def _place_of(self, found: Interaction, message_id: str) -> str:
        for where in (found.channel, f"{found.channel}/{found.user}"):
            if message_id in self.messages.get(where, {}):
                return where
        raise Refusal(404, 10008, "Unknown Message")

    def do_get_response(self, token: str, message_id: str) -> Json:
        found = self._by_token(token)
        wanted = found.original if message_id == "@original" else message_id
        return self.messages[self._place_of(found, wanted)][wanted]

    def do_edit_response(
        self, token: str, message_id: str, body: Json, files: dict[str, Any]
    ) -> Json:
        message = self.do_get_response(token, message_id)
        check_body(body, EDITED, files)
        message |= self.shown(body, files)
        message["flags"] = int(message["flags"]) & ~128
        return message

    def do_delete_response(self, token: str, message_id: str) -> None:
        message = self.do_get_response(token, message_id)
        found = self._by_token(token)
        del self.messages[self._place_of(found, message["id"])][message["id"]]

    def do_followup(self, token: str, body: Json, files: dict[str, Any]) -> Json:
        found = self._by_token(token)
        if found.personal and len(found.followups) >= MOST_FOLLOWUPS:
            raise Refusal(
                400, 40094, "This interaction has reached the maximum number of follow-ups"
            )
        known = SENT - {"nonce", "message_reference"}
        check_body(body, known, files)
        message_id = self._answer(found, body, files, flags=int(body.get("flags") or 0))
        found.followups.append(message_id)
        return self.do_get_response(token, message_id)
