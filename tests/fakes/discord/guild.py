"""One guild, direct messages, and the operations of the REST API on them.

Behaviour follows https://docs.discord.com/developers; each rule names its page where it is not
obvious. Ids carry the real time, as snowflakes do.
"""

from __future__ import annotations

import itertools
import re
import time
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.discord.looks import (
    APP,
    BOT,
    EDITED,
    EPOCH_MS,
    GUILD,
    ROLE,
    SENT,
    Json,
    Refusal,
    channel,
    check_body,
    direct,
    thread,
    user,
)


@dataclass
class Guild:
    """What lies behind the doors."""

    token: str = "MTAwMA.fake.token"
    content_intent: bool = True
    """Whether the app may have message contents."""
    permissions: str = "309237746688"
    """What the bot may do in the guild and its channels."""
    url: str = ""
    channels: dict[str, Json] = field(default_factory=dict[str, Json])
    people: dict[str, Json] = field(default_factory=dict[str, Json])
    messages: dict[str, dict[str, Json]] = field(default_factory=dict[str, dict[str, Json]])
    commands: list[Json] = field(default_factory=list[Json])
    typing: list[str] = field(default_factory=list[str])
    pings: list[str] = field(default_factory=list[str])
    """Contents that pinged somebody."""
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    nonces: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.people[BOT] = user(BOT, "Bobbin", bot=True)

    def snowflake(self) -> str:
        """The id of something new."""
        now = int(time.time() * 1000) - EPOCH_MS
        return str((now << 22) + next(self._numbers) % (1 << 22))

    def person(self, user_id: str, name: str) -> str:
        """Somebody joins."""
        self.people[user_id] = user(user_id, name)
        return user_id

    def add_channel(self, channel_id: str, name: str, kind: int = 0) -> str:
        """A channel of the guild."""
        self.channels[channel_id] = channel(channel_id, name, kind)
        self.messages[channel_id] = {}
        return channel_id

    def dm(self, user_id: str) -> str:
        """The channel of somebody's direct messages with the bot."""
        for found in self.channels.values():
            if found["type"] == 1 and found["recipients"][0]["id"] == user_id:
                return str(found["id"])
        channel_id = self.snowflake()
        self.channels[channel_id] = direct(channel_id, self.people[user_id])
        self.messages[channel_id] = {}
        return channel_id

    def emit(self, name: str, data: Json) -> None:
        """Something happened."""
        raise NotImplementedError

    def own(self, channel_id: str) -> list[Json]:
        """The bot's posts of a channel, oldest first."""
        found = self.messages.get(channel_id, {}).values()
        return [m for m in found if m["author"]["id"] == BOT]

    def said(self, channel_id: str) -> list[str]:
        """What they say."""
        return [str(m["content"]) for m in self.own(channel_id)]

    # ------------------------------------------------------------------- messages

    def add_message(self, channel_id: str, author: Json, **values: Any) -> Json:
        """A message stands there from now on, and everybody is told."""
        message_id = str(values.pop("id", "") or self.snowflake())
        content = str(values.get("content") or "")
        names = re.findall(r"<@!?(\d+)>", content)
        message: Json = {
            "id": message_id,
            "channel_id": channel_id,
            "author": author,
            "content": "",
            "timestamp": "2026-01-01T00:00:00.000000+00:00",
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [self.people[name] for name in names if name in self.people],
            "mention_roles": re.findall(r"<@&(\d+)>", content),
            "attachments": [],
            "embeds": [],
            "components": [],
            "pinned": False,
            "type": 0,
            "flags": 0,
            **values,
        }
        self.messages[channel_id][message_id] = message
        self.channels[channel_id]["last_message_id"] = message_id
        self.tell("MESSAGE_CREATE", message)
        return message

    def tell(self, name: str, message: Json) -> None:
        """The event of a message, with what the gateway adds to it."""
        event = {key: value for key, value in message.items() if key != "nonce"}
        event["channel_type"] = self.channels[message["channel_id"]]["type"]
        if event["channel_type"] != 1:
            event["guild_id"] = GUILD
            if "author" in message and "webhook_id" not in message:
                event["member"] = {
                    "nick": None,
                    "roles": [ROLE] if message["author"]["bot"] else [],
                    "joined_at": "2026-01-01T00:00:00+00:00",
                    "deaf": False,
                    "mute": False,
                    "flags": 0,
                }
        reference = message.get("message_reference")
        if reference and message.get("type") == 19:
            asked = self.messages.get(reference["channel_id"], {}).get(reference["message_id"])
            event["referenced_message"] = asked
        self.emit(name, event)

    def do_get_channel(self, channel_id: str) -> Json:
        if channel_id not in self.channels:
            raise Refusal(404, 10003, "Unknown Channel")
        return self.channels[channel_id]

    def do_history(self, channel_id: str, query: dict[str, str]) -> list[Json]:
        """`after` gives the messages nearest after it, though newest first within the page."""
        self.do_get_channel(channel_id)
        limit = int(query.get("limit", "50"))
        if not 1 <= limit <= 100:
            raise Refusal(400, 50035, "Invalid Form Body")
        found = sorted(self.messages[channel_id].values(), key=lambda m: int(m["id"]))
        if "after" in query:
            page = [m for m in found if int(m["id"]) > int(query["after"])][:limit]
        else:
            before = int(query.get("before") or 1 << 63)
            page = [m for m in found if int(m["id"]) < before][-limit:]
        return [{k: v for k, v in m.items() if k != "nonce"} for m in reversed(page)]

    def do_get_message(self, channel_id: str, message_id: str) -> Json:
        self.do_get_channel(channel_id)
        found = self.messages[channel_id].get(message_id)
        if found is None:
            raise Refusal(404, 10008, "Unknown Message")
        reference = found.get("message_reference")
        if reference and found["type"] == 19:
            asked = self.messages.get(reference["channel_id"], {}).get(reference["message_id"])
            return {**found, "referenced_message": asked}
        return found

    def do_send(self, channel_id: str, body: Json, files: dict[str, Any]) -> Json:
        metadata = self.do_get_channel(channel_id).get("thread_metadata", {})
        if metadata.get("locked"):
            raise Refusal(403, 160005, "Thread is locked")
        if metadata:
            metadata["archived"] = False  # https://docs.discord.com/developers/topics/threads
        check_body(body, SENT, files)
        nonce = str(body.get("nonce") or "")
        if nonce and body.get("enforce_nonce") and nonce in self.nonces:
            there, known = self.nonces[nonce]
            if known in self.messages[there]:
                return self.messages[there][known]
        reference = body.get("message_reference")
        if reference and reference["message_id"] not in self.messages[channel_id]:
            if reference.get("fail_if_not_exists", True):
                raise Refusal(400, 50035, "Unknown message")
            reference = None
        message = self.add_message(channel_id, self.people[BOT], **self.shown(body, files))
        if reference:
            message["message_reference"] = {"channel_id": channel_id, **reference}
            message["type"] = 19
        if nonce:
            self.nonces[nonce] = (channel_id, message["id"])
            return {**message, "nonce": nonce}
        return message

    def forget_nonces(self) -> None:
        """A few minutes have passed."""
        self.nonces.clear()

    def do_edit(self, channel_id: str, message_id: str, body: Json, files: dict[str, Any]) -> Json:
        if self.do_get_channel(channel_id).get("thread_metadata", {}).get("archived"):
            raise Refusal(400, 50083, "Thread is archived")
        check_body(body, EDITED, files)
        found = self.messages[channel_id].get(message_id)
        if found is None:
            raise Refusal(404, 10008, "Unknown Message")
        if found["author"]["id"] != BOT:
            raise Refusal(403, 50005, "Cannot edit a message authored by another user")
        found |= self.shown(body, files) | {"edited_timestamp": "2026-01-01T00:00:01+00:00"}
        self.tell("MESSAGE_UPDATE", found)
        return found

    def do_delete(self, channel_id: str, message_id: str) -> None:
        self.do_get_message(channel_id, message_id)
        del self.messages[channel_id][message_id]

    def shown(self, body: Json, files: dict[str, Any]) -> Json:
        """What a body changes of a message."""
        content = str(body.get("content") or "")
        allowed = body.get("allowed_mentions") or {"parse": ["users", "roles", "everyone"]}
        if re.search(r"@everyone|@here|<@[!&]?\d+>", content) and allowed.get("parse"):
            self.pings.append(content)
        shown = {key: body[key] for key in ("content", "components", "flags") if key in body}
        if files or "attachments" in body:
            shown["attachments"] = [
                self.add_file(file["name"], file["data"], file["type"]) for file in files.values()
            ]
        return shown

    def add_file(self, name: str, data: bytes, media_type: str) -> Json:
        """A file that lies with Discord."""
        file_id = self.snowflake()
        self.files[file_id] = data
        return {
            "id": file_id,
            "filename": name,
            "size": len(data),
            "content_type": media_type,
            "url": self.url.replace("/api/v10", f"/cdn/{file_id}/{name}?ex=1"),
            "proxy_url": self.url.replace("/api/v10", f"/cdn/{file_id}/{name}?ex=1"),
        }

    def do_typing(self, channel_id: str) -> None:
        self.do_get_channel(channel_id)
        self.typing.append(channel_id)

    # ------------------------------------------------------------------- threads

    def do_thread(self, channel_id: str, message_id: str, body: Json) -> Json:
        """A thread on a message has the message's id."""
        if self.do_get_channel(channel_id)["type"] not in (0, 5):
            raise Refusal(400, 50024, "Cannot execute action on this channel type")
        self.do_get_message(channel_id, message_id)
        if message_id in self.channels:
            raise Refusal(400, 160004, "A thread has already been created for this message")
        assert 1 <= len(body["name"]) <= 100, body
        assert body.get("auto_archive_duration", 1440) in (60, 1440, 4320, 10080), body
        return self.open_thread(message_id, channel_id, body["name"], BOT)

    def open_thread(self, thread_id: str, parent: str, name: str, owner: str) -> Json:
        """A thread is there from now on."""
        made = self.channels[thread_id] = thread(thread_id, parent, name, owner)
        self.messages[thread_id] = {}
        self.emit("THREAD_CREATE", {**made, "newly_created": True})
        return made

    def do_change_channel(self, channel_id: str, body: Json) -> Json:
        """A thread is closed, or opened again."""
        found = self.do_get_channel(channel_id)
        assert set(body) <= {"archived", "locked"}, body
        if found["thread_metadata"]["locked"]:
            raise Refusal(403, 160005, "Thread is locked")
        found["thread_metadata"] |= body
        return found

    def do_open_dm(self, body: Json) -> Json:
        return self.channels[self.dm(str(body["recipient_id"]))]

    def do_application(self) -> Json:
        return {
            "id": APP,
            "name": "Bobbin",
            "icon": None,
            "description": "",
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "00" * 32,
            "owner": user("300000000000000001", "Owner"),
            "team": None,
            "flags": (1 << 19) if self.content_intent else 0,
            "approximate_guild_count": 1,
        }
