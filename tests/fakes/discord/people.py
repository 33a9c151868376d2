"""What people do there, and the events that Discord sends for it.

async with FakeDiscord.running() as discord:
    message = await discord.post(ANN, MATHS, f"<@{BOT}> what is 2 + 2?")
    discord.said(message)          -> what the bot wrote in the thread on that message
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from nacl.signing import SigningKey

from tests.fakes.discord.looks import APP, GUILD, Json
from tests.fakes.discord.responding import Interaction
from tests.fakes.discord.server import Doors
from tests.patience import until

KEY = SigningKey(b"bobbin tests: no secret of anyone"[:32])
PUBLIC_KEY = KEY.verify_key.encode().hex()


@dataclass
class FakeDiscord(Doors):
    """A guild with people in it."""

    interactions_url: str = ""
    """Where interactions go by HTTP; empty: over the gateway."""

    async def post(
        self,
        user: str,
        channel: str,
        text: str,
        *,
        reply_to: str = "",
        files: list[Json] | None = None,
        **extra: Any,
    ) -> str:
        """Somebody writes; the message's id."""
        values: Json = {"content": text, "attachments": files or [], **extra}
        if reply_to:
            values["type"] = 19
            values["message_reference"] = {"channel_id": channel, "message_id": reply_to}
        author = values.pop("author", None) or self.people[user]
        message = self.add_message(channel, author, **values)
        await self.told()
        return str(message["id"])

    async def edit(self, channel: str, message_id: str, text: str, *, embed: bool = False) -> None:
        """Somebody changes a message; with `embed`, Discord only adds a preview to it."""
        found = self.messages[channel][message_id]
        if embed:
            found["embeds"] = [{"title": "A page", "type": "link"}]
        else:
            found["content"] = text
            found["edited_timestamp"] = f"2026-01-01T00:00:00.{next(self._numbers):06d}+00:00"
            names = [p for p in self.people.values() if f"<@{p['id']}>" in text]
            found["mentions"] = names
        self.tell("MESSAGE_UPDATE", found)
        await self.told()

    async def delete(self, channel: str, message_id: str) -> None:
        """Somebody deletes a message."""
        del self.messages[channel][message_id]
        event: Json = {"id": message_id, "channel_id": channel}
        if self.channels[channel]["type"] != 1:
            event["guild_id"] = GUILD
        self.emit("MESSAGE_DELETE", event)
        await self.told()

    async def press(
        self,
        user: str,
        channel: str,
        message_id: str,
        custom_id: str,
        *,
        admin: bool = False,
        chosen: str = "",
    ) -> Interaction:
        """Somebody presses a button, or has `chosen` something from a list."""
        places = (self.messages.get(where, {}) for where in (channel, f"{channel}/{user}"))
        message = next(place[message_id] for place in places if message_id in place)
        data: Json = {"component_type": 2, "custom_id": custom_id}
        if chosen:
            data |= {"component_type": 3, "values": [chosen]}
        extra = {"message": message}
        found = self._new(user, channel)
        found.message = message_id
        return await self._send(found, 3, data, extra, rights=8 if admin else 0)

    async def slash(
        self,
        user: str,
        channel: str,
        name: str,
        *,
        file: Json | None = None,
        admin: bool = False,
        rights: int = 0,
        personal: bool = False,
        **options: Any,
    ) -> Interaction:
        """Somebody uses a slash command; `personal`: where the bot itself is no member."""
        kinds = {str: 3, int: 4, bool: 5}
        given = [{"name": n, "type": kinds[type(v)], "value": v} for n, v in options.items()]
        data: Json = {"id": "1", "name": name, "type": 1, "options": given}
        if file is not None:
            given.append({"name": "attachment", "type": 11, "value": file["id"]})
            data["resolved"] = {"attachments": {file["id"]: file}}
        assert any(command["name"] == name for command in self.commands), f"no command {name}"
        found = self._new(user, channel)
        extra: Json = {"authorizing_integration_owners": {"1": user}} if personal else {}
        found.personal = personal
        return await self._send(found, 2, data, extra, rights=8 if admin else rights)

    async def types(self, user: str, channel: str, name: str, typed: str, **options: Any) -> Json:
        """Somebody types in the option `assistant` of a command; the choices that they are shown,
        names by value."""
        given: list[Json] = [{"name": n, "type": 5, "value": v} for n, v in options.items()]
        given.append({"name": "assistant", "type": 3, "value": typed, "focused": True})
        found = self._new(user, channel)
        found.typing = True
        await self._send(found, 4, {"id": "1", "name": name, "type": 1, "options": given}, {})
        await until(lambda: found.acked)
        assert found.acked is not None
        return {one["value"]: one["name"] for one in found.acked["data"]["choices"]}

    async def menu(self, user: str, channel: str, name: str, message_id: str) -> Interaction:
        """Somebody uses a command of a message's menu."""
        data: Json = {
            "id": "2",
            "name": name,
            "type": 3,
            "target_id": message_id,
            "resolved": {"messages": {message_id: self.messages[channel][message_id]}},
        }
        assert any(command["name"] == name for command in self.commands), f"no command {name}"
        return await self._send(self._new(user, channel), 2, data, {})

    async def submit(self, opened: Interaction, **values: str) -> Interaction:
        """Somebody fills in the form that an interaction has opened."""
        assert opened.acked is not None, "no form was opened"
        form = opened.acked["data"]
        rows = [
            {"type": 1, "components": [{"type": 4, "custom_id": name, "value": value}]}
            for name, value in values.items()
        ]
        data: Json = {"custom_id": form["custom_id"], "components": rows}
        return await self._send(self._new(opened.user, opened.channel), 5, data, {})

    def answered(self, found: Interaction) -> str:
        """What the answer to an interaction says."""
        if not found.original:
            return ""
        for where in (found.channel, f"{found.channel}/{found.user}"):
            if found.original in self.messages.get(where, {}):
                return str(self.messages[where][found.original]["content"])
        return ""

    def told_alone(self, user: str, channel: str) -> list[str]:
        """What one person alone was shown in a channel."""
        return [str(m["content"]) for m in self.messages.get(f"{channel}/{user}", {}).values()]

    # ------------------------------------------------------------------- on the wire

    def _new(self, user: str, channel: str) -> Interaction:
        number = self.snowflake()
        token = f"token-{number}"
        found = Interaction(number, token, user, channel, time.monotonic())
        self.interactions[token] = found
        return found

    async def _send(
        self, found: Interaction, kind: int, data: Json, extra: Json, *, rights: int = 0
    ) -> Interaction:
        where = self.channels[found.channel]
        person = self.people[found.user]
        event: Json = {
            "id": found.id,
            "application_id": APP,
            "type": kind,
            "token": found.token,
            "version": 1,
            "data": data,
            "channel_id": found.channel,
            "channel": where,
            "locale": "en-US",
            "entitlements": [],
            "attachment_size_limit": 10 * 1024 * 1024,
            "authorizing_integration_owners": {"0": GUILD},
            "app_permissions": self.permissions,
            "context": 1 if where["type"] == 1 else 0,
        }
        if where["type"] == 1:
            event |= {"user": person, "context": 1, "authorizing_integration_owners": {"0": "0"}}
        else:
            shown: Json = {"nick": None, "roles": [], "joined_at": "2026-01-01T00:00:00+00:00"}
            rest = {"user": person, "permissions": str(rights), "flags": 0}
            flags = {"deaf": False, "mute": False, "pending": False, "avatar": None}
            event |= {
                "guild_id": GUILD,
                "guild": {"id": GUILD, "features": [], "locale": "en-US"},
                "guild_locale": "en-US",
                "member": {**shown, **rest, **flags, "premium_since": None},
            }
        event |= extra
        if self.interactions_url:
            status, said = await self.call(json.dumps(event).encode())
            if status == 200:
                self.do_callback(found.id, found.token, json.loads(said))
        else:
            self.emit("INTERACTION_CREATE", event)
            await self.told()
        return found

    async def call(self, body: bytes, *, signature: bytes | None = None) -> tuple[int, str]:
        """Discord calls us by HTTP; status and body of the answer."""
        assert self.session is not None
        stamp = str(int(time.time()))
        signed = KEY.sign(stamp.encode() + body).signature if signature is None else signature
        headers = {
            "X-Signature-Ed25519": signed.hex(),
            "X-Signature-Timestamp": stamp,
            "Content-Type": "application/json",
        }
        async with self.session.post(self.interactions_url, data=body, headers=headers) as answer:
            return answer.status, await answer.text()
