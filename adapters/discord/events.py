"""From what Discord sends to what the core takes in: pure.

One key function for messages, slash commands and buttons: `place`. Direct messages are the
person's one conversation (its sessions are their tutoring); a Discord thread is one that its
people share; what is asked in a channel has the id of the message as its root, which is also the
id of the Discord thread that is opened on it.

Sources: https://docs.discord.com/developers/resources/message (types, references, mentions),
/events/gateway-events#message-create, /resources/channel#channel-object-channel-types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from adapters.discord.origin import Origin
from adapters.discord.rules import Mode, Rules, RulesOf
from adapters.discord.words import mentions, readable
from core.chat.messages import (
    ALONE,
    Author,
    ConversationKey,
    Delete,
    Edit,
    Inbound,
    InFile,
    Setting,
)

PLATFORM: Final = "discord"
DIRECT: Final = "dm"
BY_PERSON: Final = "by"

Json = Mapping[str, Any]

_SPOKEN: Final = frozenset({0, 19})
"""Message types that people write: a message, a reply."""
_THREADS: Final = frozenset({10, 11, 12})
_DIRECT: Final = frozenset({1, 3})


@dataclass(frozen=True, slots=True)
class Room:
    """A place. `user` is the other one in direct messages, `owner` who began a thread and
    `parent` the channel that it lies in."""

    kind: Literal["direct", "thread", "channel"]
    channel: str
    guild: str = ""
    user: str = ""
    owner: str = ""
    parent: str = ""

    @property
    def home(self) -> str:
        """The channel whose rules hold here."""
        return self.parent or self.channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Who we are. `roles` are those that Discord manages for us, by guild; it fills while we hear.

    `rules` says how we behave where. In the channels and forums `open` nobody has to mention us to
    begin.
    """

    application: str
    user: str
    rules: RulesOf
    open: frozenset[str] = frozenset()
    roles: dict[str, str] = field(default_factory=dict[str, str])

    def own(self, guild: str) -> tuple[str, ...]:
        """Ids by which people mention us there."""
        return (self.user, self.roles.get(guild, ""))


def room_of(channel: Json) -> Room:
    """What a channel object describes."""
    channel_id, kind = str(channel["id"]), channel.get("type")
    if kind in _DIRECT:
        recipients = cast("list[Json]", channel.get("recipients") or [])
        user = str(recipients[0]["id"]) if recipients else ""
        return Room("direct", channel_id, user=user)
    guild = str(channel.get("guild_id") or "")
    if kind in _THREADS:
        return Room(
            "thread",
            channel_id,
            guild,
            owner=str(channel.get("owner_id") or ""),
            parent=str(channel.get("parent_id") or channel_id),
        )
    return Room("channel", channel_id, guild)


def place(room: Room, user: str, root: str, mode: Mode) -> ConversationKey:
    """The conversation of something said by `user` in that place, under `root`."""
    if room.kind == "direct":
        return ConversationKey(PLATFORM, (DIRECT, user))
    if room.kind == "thread":
        return ConversationKey(PLATFORM, (room.guild, room.parent, room.channel))
    match mode:
        case "channel":
            return ConversationKey(PLATFORM, (room.guild, room.channel))
        case "user":
            return ConversationKey(PLATFORM, (room.guild, room.channel, BY_PERSON, user))
        case _:
            return ConversationKey(PLATFORM, (room.guild, room.channel, root))


def root_of(message: Json, me: Me) -> str:
    """The message under which a message of a channel stands: what our post that it answers refers
    to, or itself. Our own posts in a channel refer to the root."""
    asked = _dict(message.get("referenced_message"))
    if message.get("type") == 19 and _author_id(asked) == me.user:
        return root_of_own(asked)
    return str(message["id"])


def root_of_own(post: Json) -> str:
    """The root of a post of ours."""
    return str(_dict(post.get("message_reference")).get("message_id") or post["id"])


def program_of(message: Json) -> str:
    """The bot or webhook that wrote it, by its id; "" for a person."""
    author = _dict(message.get("author"))
    webhook = message.get("webhook_id")
    return str(webhook or author.get("id") or "0") if webhook or author.get("bot") else ""


def own_post(message: Json, me: Me) -> str:
    """Our post to which a message replies; "" for none."""
    asked = _dict(message.get("referenced_message"))
    return str(asked["id"]) if message.get("type") == 19 and _author_id(asked) == me.user else ""


def heard(
    message: Json, room: Room, me: Me, at: float, *, home: ConversationKey | None = None
) -> Inbound | None:
    """What a message means for us; None for all that is not ours. `at` is now, in seconds; `home`
    the conversation of our post that it replies to, where that is known."""
    author = _dict(message.get("author"))
    if message.get("type", 0) not in _SPOKEN or "id" not in author or author["id"] == me.user:
        return None
    user, program = str(author["id"]), program_of(message)
    rules = me.rules(room.guild, room.home)
    setting = ALONE
    if room.kind != "direct":
        setting = _setting(message, room, me)
        needed = bool(program) or (room.kind == "channel" and not _follows(rules))
        if not rules.answers or (needed and not setting.addressed):
            return None
    if program and (room.kind == "direct" or program not in rules.programs):
        return None
    names = {str(one["id"]): name_of(one) for one in _dicts(message.get("mentions"))}
    text = readable(str(message.get("content") or ""), own=me.own(room.guild), names=names)
    files = tuple(_file(one, str(one["id"])) for one in _dicts(message.get("attachments")))
    if not text and not files:
        return None
    return Inbound(
        id=str(Origin(room.channel, str(message["id"]), user)),
        message_id=str(message["id"]),
        conversation=_place_of(message, room, me, rules.mode, home),
        author=Author(id=user, name=name_of(author, _dict(message.get("member")))),
        text=text,
        received_at=at,
        setting=setting,
        files=files,
    )


def _follows(rules: Rules) -> bool:
    """Whether something said in a channel, and not to us, may be for us all the same."""
    by_person = rules.mode == "user" and rules.follow == "always"
    return by_person or (rules.mode == "channel" and rules.follow != "never")


def _place_of(
    message: Json, room: Room, me: Me, mode: Mode, home: ConversationKey | None
) -> ConversationKey:
    user = _author_id(message)
    if room.kind == "channel" and mode in ("thread", "reply") and home is not None:
        elses = BY_PERSON in home.parts and home.parts[-1] != user
        if not elses:  # it goes on with what it replies to, whatever the mode was then
            return home
    return place(room, user, root_of(message, me), mode)


def _setting(message: Json, room: Room, me: Me) -> Setting:
    named = {str(one["id"]) for one in _dicts(message.get("mentions"))}
    if mentions(str(message.get("content") or ""), me.user):
        named.add(me.user)  # not everybody who tells of a message lists whom it names
    roles = {str(one) for one in cast("list[Any]", message.get("mention_roles") or [])}
    asked = _dict(message.get("referenced_message"))
    asked_of = _author_id(asked)
    to_us = me.user in named or me.roles.get(room.guild, "-") in roles or asked_of == me.user
    author = _author_id(message)
    others = (named | ({asked_of} if asked_of else set[str]())) - {me.user, author}
    begins = room.channel in me.open or (
        room.parent in me.open and str(message["id"]) == room.channel
    )
    return Setting(
        addressed=to_us or (begins and not others),
        to_others=bool(others),
        shared=True,
        called_in=(room.kind == "thread" and room.owner != me.user)
        or (bool(asked_of) and asked_of != me.user),
    )


def unreadable(message: Json, room: Room, me: Me) -> bool:
    """Whether it may be for us, and came without what it says, as it does without the intent: in a
    thread of ours, or where it names our role or replies to us without a ping."""
    if room.kind == "direct" or not _says_nothing(message):
        return False
    rules = me.rules(room.guild, room.home)
    may = room.owner == me.user or (room.kind == "channel" and _follows(rules))
    return rules.answers and (may or _setting(message, room, me).addressed)


def _says_nothing(message: Json) -> bool:
    rest = ("content", "attachments", "sticker_items", "poll", "message_snapshots")
    spoken = message.get("type") in _SPOKEN and "author" in message and not program_of(message)
    return spoken and not any(message.get(one) for one in rest)


def edited(
    message: Json, room: Room, me: Me, at: float, *, home: ConversationKey | None = None
) -> tuple[Inbound, Edit] | None:
    """A message that a person has changed: as it would come in anew, and as the change of one
    that came in before. Discord also tells of previews this way, without a time of editing; what
    programs change is not looked at, since many write by edits."""
    stamp = message.get("edited_timestamp")
    wanted = stamp and "author" in message and not program_of(message)
    inbound = heard(message, room, me, at, home=home) if wanted else None
    if inbound is None:
        return None
    return inbound, Edit(
        conversation=inbound.conversation,
        message_id=inbound.message_id,
        revision=str(stamp),
        author=inbound.author,
        text=inbound.text,
        name=inbound.id,
    )


def deleted(
    event: Json, room: Room, me: Me, *, home: ConversationKey | None = None
) -> Delete | None:
    """A message that is gone. Discord does not say who had written it; `home` is its conversation
    where that is known, and None is the answer where it cannot be known."""
    message, mode = str(event["id"]), me.rules(room.guild, room.home).mode
    if home is not None:
        return Delete(conversation=home, message_id=message)
    if (room.kind == "direct" and not room.user) or (room.kind == "channel" and mode == "user"):
        return None
    return Delete(conversation=place(room, room.user, message, mode), message_id=message)


def tells_itself(conversation: ConversationKey, room: Room, message: str) -> bool:
    """Whether a message's conversation can be read from the message alone, whatever is set."""
    return room.kind != "channel" or conversation.parts[2:] == (message,)


def own_role(guild: Json, me: Me) -> str:
    """The role that Discord manages for us in a guild; "" where there is none."""
    for role in _dicts(guild.get("roles")):
        if str(_dict(role.get("tags")).get("bot_id")) == me.user:
            return str(role["id"])
    return ""


def name_of(user: Json, member: Json | None = None) -> str:
    """What people call somebody."""
    found = (member or {}).get("nick") or user.get("global_name") or user.get("username")
    return str(found or "")


def files_of(attachments: object) -> tuple[InFile, ...]:
    """The files of a slash command, which stand in no message: named by their addresses."""
    return tuple(_file(one, str(one["url"])) for one in _dicts(attachments))


def _file(attachment: Json, ref: str) -> InFile:
    size = attachment.get("size")
    return InFile(
        ref=ref,
        name=str(attachment.get("filename") or "file"),
        media_type=str(attachment.get("content_type") or ""),
        size=size if type(size) is int else 0,
    )


def _author_id(message: Json) -> str:
    return str(_dict(message.get("author")).get("id") or "")


def _dict(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _dicts(value: object) -> list[dict[str, Any]]:
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return [_dict(one) for one in items]
