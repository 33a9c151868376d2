"""What people do in the workspace, and the events that Slack sends for it.

async with FakeSlack.running() as slack:
    AsyncWebClient(token=slack.bot_token, base_url=slack.url)
    ts = await slack.post("U0ANN", "C0MATHS", "<@U0BOT> what is 2 + 2?")
    slack.thread("C0MATHS", ts)        -> the messages under it, as a person sees them
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.slack.looks import APP, BOT_USER, TEAM, Json
from tests.fakes.slack.server import Doors
from tests.patience import until


@dataclass
class FakeSlack(Doors):
    """A workspace with people in it."""

    unacknowledged: list[Json] = field(default_factory=list[Json])

    async def post(
        self,
        user: str,
        channel: str,
        text: str,
        *,
        thread_ts: str | None = None,
        files: list[Json] | None = None,
        **extra: Any,
    ) -> str:
        """Somebody writes: the events that Slack sends for it, acknowledged or given up."""
        ts = self.stamp()
        message: Json = {"type": "message", "user": user, "text": text, "ts": ts, "team": TEAM}
        if thread_ts:
            message["thread_ts"] = thread_ts
        if files:
            message |= {"files": files, "subtype": "file_share"}
        message |= extra
        self.messages[channel][ts] = message
        kind = self.kind(channel)
        event = {**message, "channel": channel, "channel_type": kind, "event_ts": ts}
        if kind != "im" and f"<@{BOT_USER}>" in text and "subtype" not in extra:
            mention = {**event, "type": "app_mention"}
            mention.pop("channel_type")
            mention.pop("subtype", None)
            await asyncio.gather(self.event(mention), self.event(event))
        else:
            await self.event(event)
        return ts

    @staticmethod
    def kind(channel: str) -> str:
        """What sort of place it is, as events say: `G` stands for a group's direct messages."""
        return {"D": "im", "G": "mpim"}.get(channel[0], "channel")

    async def edit(self, channel: str, ts: str, text: str, *, unfurl: bool = False) -> None:
        """Somebody changes a post; with `unfurl`, Slack only adds a preview to it."""
        before = dict(self.messages[channel][ts])
        after = dict(before) if unfurl else {**before, "text": text}
        if unfurl:
            after["attachments"] = [{"title": "A page"}]
        else:
            after["edited"] = {"user": before["user"], "ts": self.stamp()}
        self.messages[channel][ts] = after
        await self.event(
            {
                "type": "message",
                "subtype": "message_changed",
                "channel": channel,
                "channel_type": self.kind(channel),
                "message": after,
                "previous_message": before,
                "ts": self.stamp(),
                "event_ts": self.stamp(),
            }
        )

    async def delete(self, channel: str, ts: str) -> None:
        """Somebody deletes a post."""
        before = self.messages[channel].pop(ts)
        await self.event(
            {
                "type": "message",
                "subtype": "message_deleted",
                "channel": channel,
                "channel_type": self.kind(channel),
                "deleted_ts": ts,
                "previous_message": before,
                "ts": self.stamp(),
                "event_ts": self.stamp(),
            }
        )

    async def press(
        self, user: str, channel: str, ts: str, action_id: str, value: str, *, team: str = TEAM
    ) -> None:
        """Somebody, of this organisation or another one, presses a button of a message."""
        message = self.messages[channel].get(ts)
        container = {"type": "message", "message_ts": ts, "channel_id": channel}
        await self.send(
            "interactive",
            {
                "type": "block_actions",
                "team": {"id": TEAM},
                "user": {"id": user, "team_id": team},
                "api_app_id": APP,
                "channel": {"id": channel},
                # What one person saw alone is nowhere kept: the payload has no message then.
                **({"message": message} if message else {}),
                "container": container | {"is_ephemeral": message is None},
                "trigger_id": f"1.{next(self.numbers)}",
                "response_url": f"{self.url}response",
                "actions": [
                    {
                        "action_id": action_id,
                        "block_id": "b",
                        "type": "button",
                        "value": value,
                        "action_ts": self.stamp(),
                    }
                ],
            },
        )

    async def choose(
        self, user: str, view: Json, action_id: str, value: str, *, team: str = TEAM
    ) -> None:
        """Somebody chooses in a menu of the app's Home tab.
        Source: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload."""
        accessories = [block["accessory"] for block in view["blocks"] if "accessory" in block]
        menus = [one for one in accessories if one["action_id"] == action_id]
        assert menus, f"no menu {action_id}"
        options = {option["value"]: option for option in menus[0]["options"]}
        await self.send(
            "interactive",
            {
                "type": "block_actions",
                "team": {"id": TEAM},
                "user": {"id": user, "team_id": team},
                "api_app_id": APP,
                "container": {"type": "view", "view_id": "V1"},
                "trigger_id": f"1.{next(self.numbers)}",
                "view": {**view, "id": "V1", "team_id": TEAM, "app_id": APP},
                "actions": [
                    {
                        "type": "static_select",
                        "action_id": action_id,
                        "block_id": "b",
                        "selected_option": options[value],
                        "action_ts": self.stamp(),
                    }
                ],
            },
        )

    async def press_stop(self, user: str, channel: str, root: str) -> Json:
        """Somebody presses Slack's own Stop button of an agent session; the event of it."""
        event: Json = {"type": "agent_session_stopped", "channel": channel, "thread_ts": root}
        event |= {"user": user, "event_ts": self.stamp()}
        event["streaming_message_ts"] = self.stop_streams(channel, root)
        await self.event(event)
        return event

    async def open_tab(self, user: str, channel: str, tab: str) -> None:
        """Somebody opens the app's Home tab, or its messages."""
        opened = {"type": "app_home_opened", "user": user, "channel": channel, "tab": tab}
        await self.event({**opened, "event_ts": self.stamp()})

    async def ask_about(
        self, user: str, channel: str, ts: str, question: str, *, where: str = "direct"
    ) -> None:
        """Somebody uses the message shortcut, writes a question into the form, sends it off."""
        trigger = f"1.{next(self.numbers)}"
        about: Json = {
            "team": {"id": TEAM},
            "user": {"id": user, "team_id": TEAM},
            "api_app_id": APP,
            "trigger_id": trigger,
        }
        message = self.messages[channel][ts]
        used: Json = {"type": "message_action", "callback_id": "bobbin:ask", "message_ts": ts}
        used |= {"channel": {"id": channel}, "message": message, "action_ts": self.stamp()}
        await self.send("interactive", about | used)
        await until(lambda: trigger in self.views)
        view = self.views[trigger]
        state = {
            "question": {"question": {"type": "plain_text_input", "value": question}},
            "where": {"where": {"type": "radio_buttons", "selected_option": {"value": where}}},
        }
        sent = {**view, "id": f"V{next(self.numbers)}", "state": {"values": state}}
        await self.send("interactive", {**about, "type": "view_submission", "view": sent})

    async def slash(self, user: str, channel: str, text: str) -> Json:
        """Somebody types `/bobbin text`; what they are told at once."""
        return await self.send(
            "slash_commands",
            {
                "command": "/bobbin",
                "text": text,
                "user_id": user,
                "team_id": TEAM,
                "channel_id": channel,
                "api_app_id": APP,
                "trigger_id": f"1.{next(self.numbers)}",
                "response_url": f"{self.url}response",
            },
        )

    async def event(self, event: Json) -> None:
        """Send an event until it is acknowledged: at once, and at most three more times."""
        body = {
            "type": "event_callback",
            "team_id": TEAM,
            "api_app_id": APP,
            "event": event,
            "event_id": f"Ev{next(self.numbers)}",
            "event_time": int(time.time()),
            "authorizations": [{"team_id": TEAM, "user_id": BOT_USER, "is_bot": True}],
        }
        for _ in range(self.deliveries - 1):
            await self.send("events_api", body)
        for attempt in range(4):
            with contextlib.suppress(TimeoutError, ConnectionError):
                await self.send("events_api", body, retry=attempt)
                return
            await asyncio.sleep(0.05)
        self.unacknowledged.append(event)
