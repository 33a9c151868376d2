"""What messages look like: to a person, to Slack's own models, and as arguments on the wire."""

from __future__ import annotations

import json
from typing import Any, cast

from slack_sdk.models import blocks as sdk_blocks
from slack_sdk.models import views as sdk_views

Json = dict[str, Any]

models: Any = sdk_blocks  # whose types are partly unknown
models_of_views: Any = sdk_views

TEAM, BOT_USER, BOT_ID, APP = "T0FAKE", "U0BOT", "B0BOT", "A0APP"
MOST_MARKDOWN = 12_000


def words(message: Json) -> str:
    """What a person reads in a message."""
    found = [str(b["text"]) for b in _blocks(message) if b.get("type") == "markdown"]
    return "\n".join(found) if found else str(message.get("text") or "")


def buttons(message: Json) -> list[str]:
    """The action ids of a message's controls."""
    rows = [cast("list[Json]", block.get("elements") or []) for block in _blocks(message)]
    return [str(element["action_id"]) for row in rows for element in row]


def _blocks(message: Json) -> list[Json]:
    return cast("list[Json]", message.get("blocks") or [])


def check_blocks(arguments: Json) -> None:
    """What Slack's own models say of the blocks, and the limits of a message."""
    blocks = cast("list[Json]", list_of(arguments.get("blocks") or []))
    assert len(blocks) <= 50, "more than 50 blocks"
    markdown = sum(len(b["text"]) for b in blocks if b["type"] == "markdown")
    assert markdown <= MOST_MARKDOWN, "more than 12,000 characters of markdown"
    for block in blocks:
        parsed = models.Block.parse(block)
        assert parsed is not None, f"no such block: {block}"
        parsed.validate_json()


def check_view(view: Json) -> None:
    """What Slack's own models say of a modal or a Home tab, and of the blocks in it."""
    models_of_views.View(**view).validate_json()
    check_blocks(view)
    assert len(view.get("private_metadata") or "") <= 3_000


def shown_message(arguments: Json, ts: str) -> Json:
    """A message of the bot's as it stands in the workspace."""
    blocks = cast("list[Json]", list_of(arguments.get("blocks") or []))
    if arguments.get("markdown_text") is not None:
        blocks = [{"type": "markdown", "text": arguments["markdown_text"]}]
    message: Json = {
        "type": "message",
        "user": BOT_USER,
        "bot_id": BOT_ID,
        "app_id": APP,
        "ts": ts,
        "text": arguments.get("text") or "",
        "blocks": blocks,
    }
    if arguments.get("thread_ts"):
        message["thread_ts"] = arguments["thread_ts"]
    if arguments.get("metadata"):
        message["metadata"] = object_of(arguments["metadata"])
    return message


def object_of(value: Any) -> Json:
    return json.loads(value) if isinstance(value, str) else value


def list_of(value: Any) -> list[Any]:
    return json.loads(value) if isinstance(value, str) else value


def no(error: str) -> Json:
    return {"ok": False, "error": error}
