"""What messages look like: to a person, to Slack's own models, and as arguments on the wire."""

from __future__ import annotations

import json
from typing import Any, cast

from slack_sdk.models import blocks as sdk_blocks
from slack_sdk.models import views as sdk_views
from slack_sdk.models.messages import chunk as sdk_chunks

Json = dict[str, Any]

models: Any = sdk_blocks  # whose types are partly unknown
models_of_views: Any = sdk_views
chunk_models: Any = sdk_chunks

TEAM, BOT_USER, BOT_ID, APP = "T0FAKE", "U0BOT", "B0BOT", "A0APP"
MOST_MARKDOWN = 12_000


def words(message: Json) -> str:
    """What a person reads in a message."""
    found = [str(b["text"]) for b in _blocks(message) if b.get("type") == "markdown"]
    return "\n".join(found) if found else str(message.get("text") or "")


def buttons(message: Json) -> list[str]:
    """The action ids of a message's controls."""
    rows = [cast("list[Json]", block.get("elements") or []) for block in _blocks(message)]
    return [str(one["action_id"]) for row in rows for one in row if "action_id" in one]


def cards(message: Json) -> list[tuple[str, str]]:
    """The task cards of a message: what they say, and how they stand."""
    return [(b["title"], b["status"]) for b in _blocks(message) if b["type"] == "task_card"]


def small_print(message: Json) -> str:
    """The small lines of a message."""
    rows = [b["elements"] for b in _blocks(message) if b["type"] == "context"]
    return "\n".join(str(element["text"]) for row in rows for element in row)


def check_chunks(chunks: list[Json]) -> None:
    """What Slack's own models say of the pieces of a stream."""
    for chunk in chunks:
        parsed = chunk_models.Chunk.parse(chunk)
        assert parsed is not None, f"no such chunk: {chunk}"
        parsed.validate_json()
        assert set(chunk) <= parsed.attributes, chunk
        if chunk["type"] == "task_update":
            assert 0 < len(chunk["title"]) <= 256, chunk
            assert chunk["status"] in ("in_progress", "complete", "error"), chunk


def show_chunk(message: Json, chunk: Json) -> None:
    """Put a piece of a stream into its message: text behind what is there, a card in the place of
    the one with its id (https://docs.slack.dev/reference/methods/chat.appendStream)."""
    blocks = _blocks(message)
    if chunk["type"] == "markdown_text":
        if not blocks or blocks[-1]["type"] != "markdown":
            blocks.append({"type": "markdown", "text": ""})
        blocks[-1]["text"] += chunk["text"]
        return
    card = {"type": "task_card", "task_id": chunk["id"]}
    card |= {"title": chunk["title"], "status": chunk["status"]}
    for block in blocks:
        if block.get("task_id") == chunk["id"]:
            block.update(card)
            return
    blocks.append(card)


def end_cards(message: Json) -> None:
    """A card that is open when its stream ends is shown as failed: seen in live workspaces
    (https://github.com/vercel/chat/pull/917)."""
    for block in _blocks(message):
        if block.get("status") == "in_progress":
            block["status"] = "error"


def _blocks(message: Json) -> list[Json]:
    return cast("list[Json]", message.setdefault("blocks", []))


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
