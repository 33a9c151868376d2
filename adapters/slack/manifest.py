"""The app manifest that a stranger pastes into Slack: pure.

Source: https://docs.slack.dev/reference/app-manifest (fields and limits: name 35 characters,
description 140, shortcut 24, command description 2,000). `classic` is an app that everybody in a
workspace may use; `agent` is Slack's agent view, which cannot be taken back and shuts guests out.
"""

from __future__ import annotations

from typing import Any, Final

from adapters.slack.views import prompts as suggestions

Json = dict[str, Any]

SCOPES: Final = (
    "app_mentions:read",
    "channels:history",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "im:history",
    "im:write",
    "mpim:history",
    "reactions:write",
    "users:read",
)
"""What the bot's token may do, and what each is for: docs/slack.md."""

LOOKING_SCOPES: Final = ("channels:read", "groups:read")
"""For `bobbin doctor`, which says in which channels Bobbin is; all else works without them."""

AGENT_SCOPES: Final = ("assistant:write",)

EVENTS: Final = (
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "tokens_revoked",
)
AGENT_EVENTS: Final = ("agent_session_stopped",)

WARNING: Final = (
    "The agent view cannot be undone for an app, and guests of the workspace cannot use such an "
    "app. Leave --agent out if you are not sure."
)


def manifest(*, agent: bool, url: str | None, prompts: tuple[str, ...] = ()) -> Json:
    """The manifest.

    Args:
        agent: Slack's agent view instead of the classic app.
        url: where Slack reaches Bobbin by HTTP; None for Socket Mode.
        prompts: suggestions that the agent view shows, at most four.
    """
    features: Json = {
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "bot_user": {"display_name": "Bobbin", "always_online": True},
        "shortcuts": [
            {
                "name": "Ask about this message",
                "type": "message",
                "callback_id": "bobbin:ask",
                "description": "Ask Bobbin about a message",
            }
        ],
        "slash_commands": [_command(url)],
    }
    if agent:
        features["agent_view"] = {
            "agent_description": "Answers questions in channels and tutors you in direct messages.",
            "suggested_prompts": suggestions(prompts),
        }
    settings: Json = {
        "event_subscriptions": {
            "bot_events": sorted((*EVENTS, *(AGENT_EVENTS if agent else ()))),
            **({"request_url": url} if url else {}),
        },
        "interactivity": {"is_enabled": True, **({"request_url": url} if url else {})},
        "org_deploy_enabled": False,
        "socket_mode_enabled": url is None,
        "token_rotation_enabled": False,
    }
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": "Bobbin",
            "description": "Answers in channels, and tutors in direct messages",
            "background_color": "#1d3557",
        },
        "features": features,
        "oauth_config": {"scopes": {"bot": _scopes(agent=agent)}},
        "settings": settings,
    }


def _scopes(*, agent: bool) -> list[str]:
    return sorted((*SCOPES, *LOOKING_SCOPES, *(AGENT_SCOPES if agent else ())))


def _command(url: str | None) -> Json:
    return {
        "command": "/bobbin",
        "description": "Ask, or manage your conversation",
        "usage_hint": "ask QUESTION | assistant NAME | new | sessions | resume N | stop | usage | "
        "forget | help",
        "should_escape": True,
        **({"url": url} if url else {}),
    }
