"""The workspace itself: messages, files and states, and the methods that change them.

Behaviour follows https://docs.slack.dev; each rule names its page where it is not obvious. Time is
the workspace's own counter, so stamps are never equal.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import cast

from adapters.slack.manifest import LOOKING_SCOPES, SCOPES
from tests.fakes.slack.looks import (
    APP,
    BOT_ID,
    BOT_USER,
    TEAM,
    Json,
    check_blocks,
    check_view,
    list_of,
    no,
    object_of,
    shown_message,
    words,
)
from tests.fakes.slack.methods import ARGUMENTS, NEEDED, OWN_STATUSES
from tests.fakes.slack.streaming import Streaming


@dataclass
class Workspace(Streaming):
    """A workspace with one app in it."""

    bot_token: str = "xoxb-1"
    app_token: str = "xapp-1"
    stop_events: bool = True
    """Whether it is subscribed to the presses of Slack's own Stop button."""
    url: str = ""
    reactions: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])
    files: dict[str, Json] = field(default_factory=dict[str, Json])
    prompts: dict[str, list[Json]] = field(default_factory=dict[str, "list[Json]"])
    views: dict[str, Json] = field(default_factory=dict[str, Json])
    member_of: dict[str, str] = field(default_factory=dict[str, str])
    """Names of the channels that the bot is a member of, by id."""
    scopes: tuple[str, ...] = (*SCOPES, *LOOKING_SCOPES)
    """What the bot's token may do."""
    not_in: set[str] = field(default_factory=set[str])
    """Channels that the bot is not a member of."""
    revoked: bool = False
    """Whether the app was removed."""
    refusing: bool = False
    """Whether new sockets are refused."""

    # ------------------------------------------------------------------- what people see

    def replies(self, channel: str, root: str) -> list[str]:
        """What the bot wrote in a thread, as words."""
        return [
            words(message)
            for message in self.thread(channel, root)
            if message.get("user") == BOT_USER and words(message)
        ]

    # ------------------------------------------------------------------- the methods

    def carry_out(self, method: str, arguments: Json, token: str) -> Json:
        known = ARGUMENTS.get(method)
        if known is None:
            return no("unknown_method")
        if self.revoked:
            return no("token_revoked" if method != "apps.connections.open" else "invalid_auth")
        expected = self.app_token if method == "apps.connections.open" else self.bot_token
        if token != expected:
            return no("invalid_auth")
        if unknown := set(arguments) - known:
            raise AssertionError(f"{method} takes no {sorted(unknown)}")
        if missing := NEEDED.get(method, frozenset()) - set(arguments):
            raise AssertionError(f"{method} needs {sorted(missing)}")
        done: Json = getattr(self, "_do_" + method.replace(".", "_"))(arguments)
        return {"ok": True, **done} if "ok" not in done else done

    def _do_auth_test(self, _: Json) -> Json:
        return {
            "url": "https://fake.slack.com/",
            "team": "Fake",
            "user": "bobbin",
            "team_id": TEAM,
            "user_id": BOT_USER,
            "bot_id": BOT_ID,
        }

    def _do_apps_connections_open(self, _: Json) -> Json:
        if self.refusing:
            return no("internal_error")
        return {"url": self.url.replace("http://", "ws://").replace("/api/", "/link")}

    def _do_chat_postMessage(self, arguments: Json) -> Json:  # noqa: N802
        check_blocks(arguments)
        if len(str(arguments.get("text") or "")) > 4040:
            return no("msg_too_long")
        ts = self.stamp()
        self.messages[arguments["channel"]][ts] = shown_message(arguments, ts)
        return {"channel": arguments["channel"], "ts": ts}

    def _do_chat_postEphemeral(self, arguments: Json) -> Json:  # noqa: N802
        check_blocks(arguments)
        if arguments["channel"] in self.not_in:
            return no("not_in_channel")
        return {"message_ts": self.stamp()}

    def _do_chat_update(self, arguments: Json) -> Json:
        check_blocks(arguments)
        channel, ts = arguments["channel"], arguments["ts"]
        found = self.messages[channel].get(ts)
        if found is None:
            return no("message_not_found")
        if found["user"] != BOT_USER:
            return no("cant_update_message")
        if (channel, ts) in self._streaming:
            return no("streaming_state_conflict")
        changed = shown_message({"thread_ts": found.get("thread_ts"), **arguments}, ts)
        self.messages[channel][ts] = {**found, **changed, "blocks": arguments.get("blocks", [])}
        return {"channel": channel, "ts": ts}

    def _do_conversations_replies(self, arguments: Json) -> Json:
        channel, root = arguments["channel"], arguments["ts"]
        if root not in self.messages[channel]:
            return no("thread_not_found")
        oldest = float(arguments.get("oldest") or 0)
        found = [
            m for m in self.thread(channel, root) if float(m["ts"]) > oldest or m["ts"] == root
        ]
        limit = int(arguments.get("limit") or 1000)
        start = int(arguments.get("cursor") or 0)
        page = found[start : start + limit]
        if arguments.get("include_all_metadata") != "true":
            page = [{k: v for k, v in m.items() if k != "metadata"} for m in page]
        more = start + limit < len(found)
        cursor = str(start + limit) if more else ""
        return {
            "messages": page,
            "has_more": more,
            "response_metadata": {"next_cursor": cursor},
        }

    def _do_conversations_history(self, arguments: Json) -> Json:
        """Newest first, and nothing of threads."""
        oldest = float(arguments.get("oldest") or 0)
        messages = self.messages[arguments["channel"]].items()
        found = [m for _, m in sorted(messages, reverse=True) if not m.get("thread_ts")]
        return {"messages": [m for m in found if float(m["ts"]) > oldest], "has_more": False}

    def _do_users_conversations(self, _: Json) -> Json:
        """Needs channels:read and groups:read, as asked for both kinds."""
        if not {"channels:read", "groups:read"} <= set(self.scopes):
            return no("missing_scope")
        found = [{"id": name, "name": said} for name, said in self.member_of.items()]
        return {"channels": found, "response_metadata": {"next_cursor": ""}}

    def _do_bots_info(self, arguments: Json) -> Json:
        return {"bot": {"id": arguments["bot"], "app_id": APP, "name": "bobbin"}}

    def _do_conversations_info(self, arguments: Json) -> Json:
        return {"channel": {"id": arguments["channel"], "is_member": True}}

    def _do_reactions_add(self, arguments: Json) -> Json:
        key = arguments["channel"], arguments["timestamp"], arguments["name"]
        if self.reactions[key]:
            return no("already_reacted")
        self.reactions[key] = 1
        return {}

    def _do_reactions_remove(self, arguments: Json) -> Json:
        key = arguments["channel"], arguments["timestamp"], arguments["name"]
        if not self.reactions[key]:
            return no("no_reaction")
        self.reactions[key] = 0
        return {}

    def _do_users_info(self, arguments: Json) -> Json:
        user = arguments["user"]
        name = user.removeprefix("U_").title()
        team = self.teams.get(user, TEAM)
        profile = {"display_name": name}
        return {"user": {"id": user, "team_id": team, "profile": profile, "is_admin": False}}

    def _do_agents_sessions_setStatus(self, arguments: Json) -> Json:  # noqa: N802
        if not self.agent:
            return no("feature_disabled")
        assert arguments["status"] in OWN_STATUSES, arguments
        place = arguments["channel_id"], arguments.get("thread_ts", "")
        self.statuses.append((*place, arguments["status"]))
        answer: Json = {"agent_status": arguments["status"]}
        if not self.stop_events:
            answer["warning"] = "missing_agent_session_stopped_event_subscription"
        return answer

    def _do_assistant_threads_setStatus(self, arguments: Json) -> Json:  # noqa: N802
        place = arguments["channel_id"], arguments["thread_ts"]
        self.statuses.append((*place, arguments["status"]))
        return {}

    def _do_assistant_threads_setSuggestedPrompts(self, arguments: Json) -> Json:  # noqa: N802
        if not self.agent:
            return no("not_agent_app")
        prompts = cast("list[Json]", list_of(arguments["prompts"]))
        assert 0 < len(prompts) <= 4, "one to four prompts"
        assert all({"title", "message"} == set(one) for one in prompts), prompts
        self.prompts[arguments["channel_id"]] = prompts
        return {}

    def _do_conversations_open(self, arguments: Json) -> Json:
        return {"channel": {"id": "D" + arguments["users"][1:]}}

    def _do_views_publish(self, arguments: Json) -> Json:
        view = object_of(arguments["view"])
        check_view(view)
        self.views[arguments["user_id"]] = view
        return {}

    def _do_views_open(self, arguments: Json) -> Json:
        view = object_of(arguments["view"])
        check_view(view)
        self.views[arguments["trigger_id"]] = view
        return {"view": {"id": f"V{next(self.numbers)}"}}

    # ------------------------------------------------------------------- files

    def _do_files_getUploadURLExternal(self, arguments: Json) -> Json:  # noqa: N802
        name = f"F{next(self.numbers)}"
        self.files[name] = {
            "id": name,
            "name": arguments["filename"],
            "size": int(arguments["length"]),
            "mimetype": "application/octet-stream",
        }
        return {"file_id": name, "upload_url": self.url.replace("/api/", f"/upload/{name}")}

    def _do_files_completeUploadExternal(self, arguments: Json) -> Json:  # noqa: N802
        done: list[Json] = []
        for item in cast("list[Json]", list_of(arguments["files"])):
            file = self.files[item["id"]]
            assert "data" in file, "completed before it was uploaded"
            file["title"] = item.get("title") or file["name"]
            done.append({k: v for k, v in file.items() if k != "data"})
        if channel := arguments.get("channel_id"):
            ts = self.stamp()
            self.messages[channel][ts] = {
                "type": "message",
                "user": BOT_USER,
                "ts": ts,
                "thread_ts": arguments.get("thread_ts"),
                "text": arguments.get("initial_comment") or "",
                "files": done,
                "blocks": [],
            }
        return {"files": done}

    def _do_files_info(self, arguments: Json) -> Json:
        file = self.files.get(arguments["file"])
        if file is None:
            return no("file_not_found")
        return {"file": {k: v for k, v in file.items() if k != "data"}}

    def add_file(self, name: str, data: bytes, mimetype: str) -> Json:
        """A file that somebody has uploaded, as events show it."""
        file_id = f"F{next(self.numbers)}"
        url = self.url.replace("/api/", f"/files/{file_id}")
        shown: Json = {
            "id": file_id,
            "name": name,
            "mimetype": mimetype,
            "size": len(data),
            "mode": "hosted",
            "url_private": url,
            "url_private_download": url,
        }
        self.files[file_id] = {**shown, "data": data}
        return shown
