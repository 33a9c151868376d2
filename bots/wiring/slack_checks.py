"""What `bobbin doctor` says of Slack: tokens, scopes, where Bobbin is, and what it was sent.

Slack lets no bot read what its app is subscribed to, so the events are judged by what came: the
processes that hear note the kinds (`adapters/slack/noting.py`).
Sources: https://docs.slack.dev/reference/methods/auth.test, bots.info, users.conversations,
apps.connections.open; /reference/events/app_mention (a mention comes as a `message` too).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

from adapters.slack.api import SlackApi, SlackRefused, checked_token, dict_of
from adapters.slack.http import PATH
from adapters.slack.manifest import AGENT_SCOPES, LOOKING_SCOPES, SCOPES
from adapters.slack.noting import ear_of
from adapters.slack.sockets import check_app_token
from bots.wiring.slack import NO_EARS
from config.settings import Settings
from core.chat.hearing import Kinds
from core.errors import BobbinError, PlatformError

Finding = tuple[str, str]
"""`ok`, `note` or `bad`, and a sentence."""

_APP: Final = re.compile(r"xapp-[0-9]+-(?P<app>A[A-Z0-9]+)-")
_SECRET: Final = re.compile(r"[0-9a-f]{32}")
_SUBSCRIBE: Final = "on its page, Event Subscriptions > Subscribe to bot events"
_ODD_FORM: Final = (
    "SLACK_SIGNING_SECRET looks like none, which has 32 hexadecimal digits: copy it from the app's "
    "page, Basic Information > App Credentials"
)
_NO_THREADS: Final = (
    "mentions come, and no message of a channel ever did: threads go on only with a mention. "
    f"Subscribe to message.channels and message.groups {_SUBSCRIBE}"
)
_NO_STOP: Final = (
    "Slack's own Stop button was never pressed: if it does nothing, subscribe to "
    f"agent_session_stopped {_SUBSCRIBE}"
)
_THREADS: Final = frozenset({"message.channels", "message.groups"})
_NAMED: Final = 5


async def describe_slack(settings: Settings, kinds: Kinds | None = None) -> list[Finding]:
    """All findings. `kinds` knows what processes on this store have heard."""
    token = settings.slack_bot_token
    if token is None:
        return [("note", "not set up; docs/slack.md takes you there")]
    api = SlackApi(token.get_secret_value(), settings.slack_api_url)
    found: list[Finding] = []
    try:
        who = await checked_token(api)
        found.append(("ok", f"SLACK_BOT_TOKEN is {who.get('user')} of {who.get('team')}"))
        granted = await api.scopes()
        found += _scopes(granted)
        found += await _ears(api, settings, str(who.get("bot_id") or ""))
        found += await _membership(api, str(who.get("user") or "Bobbin"))
        if kinds is not None:
            agent = frozenset(AGENT_SCOPES) <= granted
            came = await kinds.kinds(ear_of(str(who.get("team_id"))))
            found += heard(came, agent=agent)
    except BobbinError as error:
        found.append(("bad", str(error)))
    finally:
        await api.aclose()
    return found


def _scopes(granted: frozenset[str]) -> list[Finding]:
    missing = [scope for scope in SCOPES if granted and scope not in granted]
    if missing:
        where = "on its page, OAuth & Permissions, and install it again"
        return [("bad", f"the app lacks the scopes {', '.join(missing)}: add them {where}")]
    return [("ok", f"the app has all {len(SCOPES)} scopes it needs")] if granted else []


async def _ears(api: SlackApi, settings: Settings, bot: str) -> list[Finding]:
    """How it hears: by sockets, by HTTP, or not at all."""
    token, secret = settings.slack_app_token, settings.slack_signing_secret
    if token is not None:
        await check_app_token(api, token.get_secret_value())
        found = _APP.match(token.get_secret_value())
        app = await _app(api, bot) if found else ""
        if found and app and found["app"] != app:
            return [("bad", f"SLACK_APP_TOKEN is of app {found['app']}, SLACK_BOT_TOKEN of {app}")]
        return [("ok", "SLACK_APP_TOKEN opens sockets")]
    if secret is None:
        return [("bad", NO_EARS)]
    if not _SECRET.fullmatch(secret.get_secret_value()):
        return [("note", _ODD_FORM)]
    return [("note", f"Slack has to reach {PATH} of this server by https")]


async def _app(api: SlackApi, bot: str) -> str:
    """The app that a bot is of; empty where Slack does not say."""
    try:
        return str(dict_of((await api.read("bots.info", bot=bot)).get("bot")).get("app_id") or "")
    except PlatformError:
        return ""


async def _membership(api: SlackApi, name: str) -> list[Finding]:
    """In which channels it is."""
    try:
        answer = await api.read(
            "users.conversations",
            types="public_channel,private_channel",
            exclude_archived="true",
            limit="200",
        )
    except SlackRefused as error:
        if error.code != "missing_scope":
            raise
        scopes = " and ".join(LOOKING_SCOPES)
        return [("note", f"in which channels it is cannot be seen: that takes {scopes}")]
    channels = [str(one.get("name")) for one in cast("list[Any]", answer.get("channels") or [])]
    if not channels:
        said = f"it is in no channel: write `/invite @{name}` in one (direct messages work anyway)"
        return [("note", said)]
    more = bool(dict_of(answer.get("response_metadata")).get("next_cursor"))
    shown = ", ".join(f"#{one}" for one in sorted(channels)[:_NAMED])
    rest = " and others" if more or len(channels) > _NAMED else ""
    return [("ok", f"it is in {len(channels)}{'+' if more else ''} channel(s): {shown}{rest}")]


def heard(kinds: Mapping[str, float], *, agent: bool) -> list[Finding]:
    """What the kinds of events that came in 30 days say about those that did not: pure."""
    if not kinds:
        said = "no event came in 30 days on this store: start Bobbin, mention it, and ask again"
        return [("note", said)]
    found: list[Finding] = []
    if "app_mention" in kinds and not _THREADS & set(kinds):
        found.append(("bad", _NO_THREADS))
    if _THREADS & set(kinds) and "app_mention" not in kinds:
        found.append(("note", f"no mention ever came: is app_mention subscribed {_SUBSCRIBE}?"))
    if "message.im" not in kinds:
        found.append(
            ("note", f"no direct message ever came: is message.im subscribed {_SUBSCRIBE}?")
        )
    if agent and "agent_session_stopped" not in kinds:
        found.append(("note", _NO_STOP))
    return [("ok", f"what came in 30 days: {', '.join(sorted(kinds))}"), *found]
