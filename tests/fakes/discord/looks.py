"""What Discord's objects look like, and what it says no to.

Sources: https://docs.discord.com/developers/resources/message (limits, allowed mentions, nonce),
/components/reference, /topics/opcodes-and-status-codes (JSON error codes).
"""

from __future__ import annotations

from typing import Any, cast

Json = dict[str, Any]

APP = BOT = "100000000000000001"
GUILD = "200000000000000001"
ROLE = "210000000000000001"
"""The role that Discord manages for the bot."""
EPOCH_MS = 1_420_070_400_000

MOST_CHARS = 2000
MOST_BYTES = 10 * 1024 * 1024

EDITED = frozenset(
    {"content", "embeds", "flags", "allowed_mentions", "components", "attachments", "tts"}
    # discord.js sends this with every edit, and Discord takes no notice of it.
    | {"enforce_nonce"}
)
SENT = EDITED | {"nonce", "message_reference", "sticker_ids", "poll"}


class Refusal(Exception):
    """An error as Discord says it: HTTP status and JSON error code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def user(user_id: str, name: str, *, bot: bool = False) -> Json:
    return {
        "id": user_id,
        "username": name.lower(),
        "global_name": None if bot else name,
        "discriminator": "0",
        "avatar": None,
        "bot": bot,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    }


def member(person: Json) -> Json:
    return {
        "user": person,
        "nick": None,
        "avatar": None,
        "roles": [ROLE] if person["bot"] else [],
        "joined_at": "2026-01-01T00:00:00+00:00",
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
        "communication_disabled_until": None,
    }


def channel(channel_id: str, name: str, kind: int = 0) -> Json:
    return {
        "id": channel_id,
        "type": kind,
        "guild_id": GUILD,
        "name": name,
        "position": 0,
        "permission_overwrites": [],
        "nsfw": False,
        "parent_id": None,
        "topic": None,
        "rate_limit_per_user": 0,
        "last_message_id": None,
        "flags": 0,
    }


def direct(channel_id: str, person: Json) -> Json:
    return {
        "id": channel_id,
        "type": 1,
        "last_message_id": None,
        "recipients": [person],
        "flags": 0,
    }


def thread(thread_id: str, parent: str, name: str, owner: str) -> Json:
    return {
        "id": thread_id,
        "type": 11,
        "guild_id": GUILD,
        "parent_id": parent,
        "owner_id": owner,
        "name": name,
        "last_message_id": None,
        "message_count": 0,
        "member_count": 1,
        "rate_limit_per_user": 0,
        "total_message_sent": 0,
        "flags": 0,
        "thread_metadata": {
            "archived": False,
            "auto_archive_duration": 1440,
            "archive_timestamp": "2026-01-01T00:00:00+00:00",
            "locked": False,
        },
    }


def guild(channels: list[Json], threads: list[Json], people: list[Json]) -> Json:
    role: Json = {
        "permissions": "8",
        "position": 0,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "mentionable": False,
        "flags": 0,
        "icon": None,
        "unicode_emoji": None,
    }
    return {
        "id": GUILD,
        "name": "Fake",
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "description": None,
        "owner_id": "300000000000000001",
        "region": "",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "roles": [
            {**role, "id": GUILD, "name": "@everyone", "managed": False},
            {**role, "id": ROLE, "name": "Bobbin", "managed": True, "tags": {"bot_id": BOT}},
        ],
        "emojis": [],
        "stickers": [],
        "features": [],
        "mfa_level": 0,
        "application_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "max_members": 500_000,
        "vanity_url_code": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": "en-US",
        "public_updates_channel_id": None,
        "safety_alerts_channel_id": None,
        "nsfw_level": 0,
        "premium_progress_bar_enabled": False,
        "joined_at": "2026-01-01T00:00:00+00:00",
        "large": False,
        "unavailable": False,
        "member_count": len(people),
        "members": [member(one) for one in people if one["bot"]],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
        "channels": channels,
        "threads": threads,
    }


def check_body(body: Json, known: frozenset[str], files: dict[str, Any]) -> None:
    """Refuse what Discord refuses; fail on fields that it does not know."""
    if unknown := set(body) - known:
        raise AssertionError(f"messages have no {sorted(unknown)}")
    if len(str(body.get("content") or "")) > MOST_CHARS:
        raise Refusal(400, 50035, "Invalid Form Body")
    if len(str(body.get("nonce") or "")) > 25:
        raise Refusal(400, 50035, "Invalid Form Body")
    if "content" in body and not any((body["content"], files, body.get("embeds"))):
        raise Refusal(400, 50006, "Cannot send an empty message")
    if any(len(file["data"]) > MOST_BYTES for file in files.values()) or len(files) > 10:
        raise Refusal(413, 40005, "Request entity too large")
    names: list[str] = []
    rows = cast("list[Json]", body.get("components") or [])
    assert len(rows) <= 5, "more than five rows"
    for row in rows:
        assert row["type"] == 1, row
        assert 1 <= len(row["components"]) <= 5, "a row has one to five buttons"
        for button in row["components"]:
            if button["type"] == 3:
                names.append(_check_menu(row, button))
                continue
            assert button["type"] == 2, button
            assert button["style"] in (1, 2, 3, 4), button
            assert len(button.get("label") or "") <= 80, button
            assert button.get("label") or button.get("emoji"), button
            names.append(button["custom_id"])
    assert len(names) == len(set(names)), "a custom_id twice in a message"
    assert all(1 <= len(name) <= 100 for name in names), names


def _check_menu(row: Json, menu: Json) -> str:
    """https://docs.discord.com/developers/components/reference#string-select."""
    options = cast("list[Json]", menu["options"])
    assert len(row["components"]) == 1, "a list stands alone in its row"
    assert 1 <= len(options) <= 25, "a list has one to 25 options"
    assert all(1 <= len(one["label"]) <= 100 for one in options), options
    assert len({one["value"] for one in options}) == len(options), "a value twice in a list"
    assert len(menu.get("placeholder") or "") <= 150, menu
    return str(menu["custom_id"])


def buttons(message: Json) -> list[str]:
    """The verbs of a message's buttons."""
    rows = cast("list[Json]", message.get("components") or [])
    return [str(one["custom_id"]).split(":")[1] for row in rows for one in row["components"]]


def button(message: Json, verb: str, argument: str = "") -> str:
    """The custom id of a button."""
    rows = cast("list[Json]", message.get("components") or [])
    for row in rows:
        for one in row["components"]:
            name = str(one["custom_id"])
            verb_there, _, rest = name.split(":", 1)[1].partition(":")
            if verb_there == verb and rest.split(":", 1)[1].startswith(argument):
                return name
    raise AssertionError(f"no {verb} under {message['content']!r}")
