"""From what Slack sends to what the core takes in: pure.

One key function for messages, buttons and commands: `place`. Direct messages are one conversation
(its sessions are the person's tutoring), everything else is the platform thread it stands in.

Sources: https://docs.slack.dev/reference/events/message (subtypes), /app_mention,
/interaction-payloads. The same post of a channel comes twice, as `app_mention` and as `message`,
with different event ids; both give the same Inbound id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from adapters.slack.origin import NO_THREAD, Origin, is_stamp
from adapters.slack.words import mentioned, readable
from core.chat.messages import (
    ALONE,
    Author,
    Command,
    ConversationKey,
    Delete,
    Edit,
    Event,
    Inbound,
    InFile,
    Setting,
)

PLATFORM: Final = "slack"
PRIVATE: Final = "slack-private"
"""What one person in a channel is answered alone."""

Json = Mapping[str, Any]

_SPOKEN: Final = frozenset({None, "file_share", "thread_broadcast"})
"""Subtypes of posts that a person wrote."""

_ACTIONS: Final = {
    "bobbin:stop": "stop",
    "bobbin:regenerate": "regenerate",
    "bobbin:new": "new",
    "bobbin:approve": "approve",
    "bobbin:deny": "deny",
    "bobbin:feedback": "feedback",
    "bobbin:work": "work",
    "bobbin:share": "share",
    "bobbin:forget": "forget",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Who we are in a workspace, and whom we know there.

    `strangers` says that people of other organisations (Slack Connect) are answered too, `apart`
    that each thread of direct messages is a conversation of its own. `names` are display names by
    user id; they may be missing.
    """

    team: str
    user: str
    bot: str
    admins: frozenset[str] = frozenset()
    strangers: bool = False
    apart: bool = False
    names: Mapping[str, str]


def place(team: str, channel: str, root: str, *, direct: bool) -> ConversationKey:
    """The conversation of a place: the person's direct messages, or a thread of a channel."""
    return ConversationKey(PLATFORM, (team, channel) if direct else (team, channel, root))


def place_of(conversation: ConversationKey) -> tuple[str, str, str | None]:
    """Team, channel, and the root of the thread (None in direct messages)."""
    team, channel, *rest = conversation.parts
    return team, channel, rest[0] if rest else None


def private_place(team: str, channel: str, user: str) -> ConversationKey:
    """The conversation of a person's own questions in a channel."""
    return ConversationKey(PRIVATE, (team, channel, user))


def heard(event: Json, me: Me, at: float) -> Event | None:
    """What an event of the Events API means for us; None for all that is not ours.

    `event` is the inner event; `at` is now, in seconds since the epoch.
    """
    kind = event.get("type")
    if kind == "agent_session_stopped":
        return _stopped(event, me, at)
    if kind not in ("message", "app_mention") or not isinstance(event.get("channel"), str):
        return None
    subtype = event.get("subtype")
    if subtype == "message_changed":
        return _changed(event, me, at)
    if subtype == "message_deleted":
        return _deleted(event, me)
    if subtype not in _SPOKEN or _is_of_a_bot(event, me) or not is_stamp(event.get("ts")):
        return None
    return _said(event, me, at)


def turned_away(event: Json, me: Me) -> bool:
    """Whether a person of another organisation mentions us, whom we do not answer."""
    return (
        event.get("type") == "app_mention"
        and not me.strangers
        and _is_stranger(event, me)
        and not _is_of_a_bot(event, me)
    )


def _said(event: Json, me: Me, at: float) -> Inbound | None:
    user = event.get("user")
    if not isinstance(user, str) or (_is_stranger(event, me) and not me.strangers):
        return None
    channel, ts = str(event["channel"]), str(event["ts"])
    thread = event.get("thread_ts")
    root = str(thread) if is_stamp(thread) else ts
    direct = _is_direct(event)
    raw = str(event.get("text") or "")
    named = mentioned(raw)
    setting = ALONE
    if not direct:
        setting = Setting(
            addressed=event.get("type") == "app_mention" or me.user in named,
            to_others=bool(named - {me.user}),
            shared=True,
            called_in=root != ts,
        )
    return Inbound(
        id=str(Origin(channel, ts, root, user)),
        message_id=ts,
        conversation=place(me.team, channel, root, direct=direct and not me.apart),
        author=_author(user, me),
        text=readable(raw, me=me.user, names=me.names),
        received_at=at,
        setting=setting,
        files=tuple(_files(event.get("files"))),
    )


def _changed(event: Json, me: Me, at: float) -> Event | None:
    """An edit of a person's post. Slack also tells of unfurled links and of replies this way."""
    post, before = _dict(event.get("message")), _dict(event.get("previous_message"))
    if post.get("text") == before.get("text") or "edited" not in post:
        return None
    whole = {**post, "channel": event["channel"], "channel_type": event.get("channel_type")}
    if whole.get("subtype") not in _SPOKEN or _is_of_a_bot(whole, me):
        return None
    inbound = _said({**whole, "type": "message"}, me, at) if is_stamp(whole.get("ts")) else None
    if inbound is None:
        return None
    if me.user in mentioned(str(post.get("text"))) - mentioned(str(before.get("text") or "")):
        return inbound
    return Edit(
        conversation=inbound.conversation,
        message_id=inbound.message_id,
        revision=str(_dict(post["edited"]).get("ts") or event.get("ts")),
        author=inbound.author,
        text=inbound.text,
        name=inbound.id,
    )


def _deleted(event: Json, me: Me) -> Delete | None:
    ts, before = event.get("deleted_ts"), _dict(event.get("previous_message"))
    if not is_stamp(ts) or _is_of_a_bot(before, me):
        return None
    thread = before.get("thread_ts")
    root = str(thread) if is_stamp(thread) else str(ts)
    direct = _is_direct(event)
    return Delete(
        conversation=place(me.team, str(event["channel"]), root, direct=direct and not me.apart),
        message_id=str(ts),
    )


def _stopped(event: Json, me: Me, at: float) -> Command | None:
    """The Stop button that Slack itself shows while an agent session is processing."""
    channel, root, user = event.get("channel"), event.get("thread_ts"), event.get("user")
    if not (isinstance(channel, str) and isinstance(user, str) and is_stamp(root)):
        return None
    ts = event.get("event_ts")
    origin = Origin(channel, str(ts) if is_stamp(ts) else str(root), str(root), user)
    direct = channel.startswith("D") and not me.apart
    return Command(
        id=str(origin),
        conversation=place(me.team, channel, str(root), direct=direct),
        author=_author(user, me),
        name="stop",
        received_at=at,
    )


def pressed(payload: Json, me: Me, at: float) -> Command | None:
    """The command of a press of one of our buttons (`block_actions`); None for other presses."""
    actions = payload.get("actions")
    user, channel = _dict(payload.get("user")).get("id"), _dict(payload.get("channel")).get("id")
    post = _dict(payload.get("message"))
    if not isinstance(actions, list) or not isinstance(user, str) or not isinstance(channel, str):
        return None
    action = _dict(cast("list[Any]", actions)[0] if actions else None)
    name = _ACTIONS.get(str(action.get("action_id") or "").split("/")[0])
    held = _dict(payload.get("container"))
    ts, stamp = post.get("ts") or held.get("message_ts"), action.get("action_ts")
    if name is None or not is_stamp(ts):
        return None
    if not is_stamp(stamp):
        stamp = f"{at:.6f}"
    team = _dict(payload.get("user")).get("team_id")
    if not me.strangers and isinstance(team, str) and team != me.team:
        return None
    thread = post.get("thread_ts")
    root = str(thread) if is_stamp(thread) else str(ts)
    value = action.get("value")
    direct = channel.startswith("D") and not me.apart
    where = place(me.team, channel, root, direct=direct)
    if held.get("is_ephemeral"):
        root, where = NO_THREAD, private_place(me.team, channel, user)
    return Command(
        id=str(Origin(channel, str(stamp), root, user)),
        conversation=where,
        author=_author(user, me),
        name=name,
        argument=value if isinstance(value, str) and value != name else "",
        received_at=at,
    )


_SLASH = re.compile(r"(?P<name>[a-z]+)(?:\s+(?P<argument>.*))?", re.DOTALL)


def slashed(payload: Json, me: Me) -> tuple[str, str, Author]:
    """The verb of a slash command, what stands behind it, and who typed it; `help` for none."""
    found = _SLASH.fullmatch(str(payload.get("text") or "").strip())
    author = _author(str(payload.get("user_id") or ""), me)
    if found is None:
        return "help", "", author
    return found["name"], readable(found["argument"] or "", names=me.names), author


def _author(user: str, me: Me) -> Author:
    return Author(id=user, name=me.names.get(user, ""), is_admin=user in me.admins)


def _is_direct(event: Json) -> bool:
    """In direct messages; where an event does not say (mentions, edits), the channel's id does."""
    kind = event.get("channel_type")
    return kind == "im" if isinstance(kind, str) else str(event.get("channel")).startswith("D")


def _is_of_a_bot(post: Json, me: Me) -> bool:
    """Written by a program, us included: such posts never start a turn, so no two bots can talk
    to each other for ever."""
    return bool(post.get("bot_id")) or post.get("user") in (me.user, "USLACKBOT")


def _is_stranger(event: Json, me: Me) -> bool:
    """Of another organisation, in a channel that is shared by Slack Connect."""
    team = event.get("user_team") or event.get("source_team")
    return isinstance(team, str) and bool(team) and team != me.team


def _files(value: object) -> list[InFile]:
    """The files of a post. In Slack Connect some come as an id only, to be asked for."""
    found: list[InFile] = []
    for item in cast("list[Any]", value) if isinstance(value, list) else []:
        file = _dict(item)
        url = file.get("url_private_download") or file.get("url_private")
        if isinstance(file.get("id"), str) and file.get("mode") != "tombstone":
            found.append(
                InFile(
                    ref=f"{file['id']} {url}" if isinstance(url, str) and url else str(file["id"]),
                    name=str(file.get("name") or file["id"]),
                    media_type=str(file.get("mimetype") or ""),
                    size=file["size"] if type(file.get("size")) is int else 0,
                )
            )
    return found


def _dict(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
