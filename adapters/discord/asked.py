"""What an interaction says: pure.

Source: https://docs.discord.com/developers/interactions/receiving-and-responding (contexts, who
installed the app), /components/reference#text-input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from adapters.discord.events import Room, files_of, name_of, room_of
from core.chat.messages import InFile

Json = Mapping[str, Any]

_ABOUT: Final = "bobbin:about:"
_QUESTION: Final = "question"
_PRIVATE_CHANNEL: Final = 2
_ADMIN: Final = (1 << 3) | (1 << 5) | (1 << 13)
"""Permissions Administrator, Manage Server, Manage Messages."""
_LONGEST: Final = 4000
_VIEW: Final = 1 << 10
_SEND: Final = 1 << 11
_SEND_IN_THREADS: Final = 1 << 38
_OPEN_THREADS: Final = 1 << 35


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """An interaction: who, where, and the token that answers it. `alone`: the bot itself is not
    there or may not write, and only the person sees an answer."""

    id: str
    token: str
    channel: str
    kind: str
    guild: str
    owner: str
    parent: str
    user: str
    name: str
    admin: bool
    alone: bool

    @property
    def room(self) -> Room:
        """The place."""
        kinds = {"direct": "direct", "thread": "thread"}
        kind: Any = kinds.get(self.kind, "channel")
        return Room(kind, self.channel, self.guild, self.user, self.owner, self.parent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question. `about` is the interaction that brought the message it is about, `assistant`
    who is to answer."""

    text: str = ""
    private: bool = False
    about: str = ""
    assistant: str = ""
    files: tuple[InFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Slash:
    """A slash command with what stands behind it."""

    name: str
    argument: str
    asked: Asked


def where_of(data: Json) -> Where:
    """Who did it, and where."""
    member = cast("dict[str, Any]", data.get("member") or {})
    user = cast("dict[str, Any]", member.get("user") or data.get("user") or {})
    guild = str(data.get("guild_id") or "")
    channel = {**cast("dict[str, Any]", data.get("channel") or {}), "guild_id": guild}
    channel.setdefault("id", data.get("channel_id"))
    room = room_of(channel) if guild else Room("direct", str(channel["id"]))
    owners = cast("dict[str, Any]", data.get("authorizing_integration_owners") or {"0": guild})
    permissions = str(member.get("permissions") or "0")
    return Where(
        id=str(data["id"]),
        token=str(data["token"]),
        channel=room.channel,
        kind=room.kind,
        guild=guild,
        owner=room.owner,
        parent=room.parent,
        user=str(user["id"]),
        name=name_of(user, member),
        admin=permissions.isdecimal() and bool(int(permissions) & _ADMIN),
        alone=(bool(guild) and ("0" not in owners or not _may_write(room, data)))
        or data.get("context") == _PRIVATE_CHANNEL,
    )


def _may_write(room: Room, data: Json) -> bool:
    """Whether the bot may post there, in the channel or in a thread that it opens."""
    given = str(data.get("app_permissions") or "")
    if not given.isdecimal():
        return True
    permissions = int(given)
    if permissions & 8:
        return True
    in_threads = bool(permissions & _SEND_IN_THREADS)
    if room.kind != "thread":
        opens = in_threads and bool(permissions & _OPEN_THREADS)
        return bool(permissions & _VIEW) and (opens or bool(permissions & _SEND))
    return bool(permissions & _VIEW) and in_threads


def slash_of(data: Json) -> Slash:
    """The command."""
    body = cast("dict[str, Any]", data["data"])
    options = {
        str(one["name"]): one.get("value")
        for one in cast("list[dict[str, Any]]", body.get("options") or [])
    }
    resolved = cast("dict[str, Any]", body.get("resolved") or {})
    attachments = cast("dict[str, Any]", resolved.get("attachments") or {})
    attachment = attachments.get(str(options.get("attachment")))
    asked = Asked(
        text=str(options.get(_QUESTION) or "").strip(),
        private=options.get("private") is True,
        assistant=str(options.get("assistant") or "").strip(),
        files=files_of([attachment] if attachment else []),
    )
    argument = options.get("session") or options.get("assistant") or ""
    return Slash(str(body["name"]), str(argument).strip(), asked)


def form(about: str) -> Json:
    """The form in which a question about a message is written."""
    line = {
        "type": 4,
        "custom_id": _QUESTION,
        "label": "Your question",
        "style": 2,
        "max_length": _LONGEST,
        "required": True,
    }
    return {
        "custom_id": f"{_ABOUT}{about}",
        "title": "Ask about this message",
        "components": [{"type": 1, "components": [line]}],
    }


def submitted(data: Json) -> Asked | None:
    """What was written in that form; None for another one."""
    body = cast("dict[str, Any]", data["data"])
    name = str(body.get("custom_id") or "")
    if not name.startswith(_ABOUT):
        return None
    for row in cast("list[dict[str, Any]]", body.get("components") or []):
        fields = cast("list[dict[str, Any]]", row.get("components") or [row.get("component") or {}])
        for one in fields:
            if one.get("custom_id") == _QUESTION:
                return Asked(text=str(one.get("value") or "").strip(), about=name[len(_ABOUT) :])
    return None
