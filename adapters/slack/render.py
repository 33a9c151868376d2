"""From a post of a reply to what Slack's web API takes: pure.

Sources: https://docs.slack.dev/reference/block-kit/blocks (markdown block: 12,000 characters of
standard Markdown in one message; actions; context_actions with feedback buttons) and
https://docs.slack.dev/messaging/message-metadata.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final, cast

from adapters.slack.words import escaped
from core.chat.doing import Doing, State, summary
from core.chat.messages import Control, Post
from core.chat.text.tables import drawable

Json = dict[str, Any]

MOST_CHARS: Final = 9_000
"""Characters of one post. A streamed message ends at about 12 kB of UTF-8, controls included."""

_MOST_MARKDOWN: Final = 12_000
"""Characters of all markdown blocks of a message."""

MOST_ROWS, MOST_COLUMNS = 100, 20
"""Of a table that Slack draws, one a message
(https://docs.slack.dev/reference/block-kit/blocks/table-block)."""

MARK: Final = "bobbin_reply"
"""`event_type` of the metadata by which a part of a reply is found again."""

_TABLE: Final = re.compile(r"^[ ]{0,3}\|?[ :]*-+[ :]*\|[ :|-]*$", re.MULTILINE)
"""The line below the head of a table."""

_PLAIN: Final = 3_900
"""Characters of the text beside the blocks. Notifications show its beginning; screen readers read
it instead of the blocks, so it says all that fits (https://docs.slack.dev/reference/methods/
chat.postMessage, accessibility; longer texts than about 4,000 characters are split)."""

_STATUS: Final[dict[State, str]] = {
    "going": "in_progress",
    "done": "complete",
    "failed": "error",
}
_MOST_TITLE: Final = 250
"""Characters of what a task card says; Slack takes 256."""

_LABELS: Final[dict[str, str]] = {
    "stop": "Stop",
    "regenerate": "Regenerate",
    "new": "New session",
    "work": "Show work",
    "share": "Share",
    "approve": "Approve",
    "deny": "Deny",
    "forget": "Forget it",
}
_STYLES: Final[dict[str, str]] = {"approve": "primary", "deny": "danger", "forget": "danger"}
_ASKS: Final[dict[str, str]] = {"forget": "It cannot be taken back."}
"""What Slack asks in a dialog of its own before it takes a press."""


def has_table(text: str) -> bool:
    """Whether a text has a table. Slack draws tables in markdown blocks, and shows what is streamed
    as it was written (https://docs.slack.dev/reference/block-kit/blocks/markdown-block)."""
    return _TABLE.search(text) is not None


def message(post: Post, *, stoppable: bool = False) -> Json:
    """`text`, `blocks` and `metadata` of a post. `stoppable`: it still grows and can be stopped."""
    return {
        "text": notification(post),
        "blocks": blocks(post, stoppable=stoppable),
        "metadata": metadata(post),
    }


def notification(post: Post) -> str:
    """The post as plain words that ping nobody; of a long one the beginning."""
    text = post.text.strip() or summary(post.doing) or "A file"
    kept = min(len(text), _PLAIN)
    while len(shown := escaped(text[:kept])) > _PLAIN:
        kept -= max(1, (len(shown) - _PLAIN) // 5)
    return shown if kept == len(text) else f"{shown}…"


def metadata(post: Post) -> Json:
    """The part's id, so that whoever takes over finds it."""
    return {"event_type": MARK, "event_payload": {"part": post.part_id}}


def part_of(found: Json) -> str | None:
    """The part's id of a message's metadata; None where it is not one of our replies."""
    body: Any = found.get("event_payload")
    if found.get("event_type") != MARK or not isinstance(body, dict):
        return None
    part = cast("Json", body).get("part")
    return part if isinstance(part, str) else None


def blocks(post: Post, *, stoppable: bool = False) -> list[Json]:
    """What was done, the text and the controls of a post."""
    text = _drawn(post.text)
    found: list[Json] = [{"type": "markdown", "text": text}] if text.strip() else []
    return [*work(post), *found, *controls(post, stoppable=stoppable)]


def _drawn(text: str) -> str:
    """The text with no more tables than Slack draws in a message, and none that is larger."""
    seen = drawable(text, tables=1, rows=MOST_ROWS, columns=MOST_COLUMNS)
    return seen if len(seen) <= _MOST_MARKDOWN else text


def work(post: Post) -> list[Json]:
    """The tools that were used, as a small line; nothing where there were none."""
    said = summary(post.doing)[:_MOST_TITLE]
    return [{"type": "context", "elements": [{"type": "plain_text", "text": said}]}] if said else []


def tasks(doing: tuple[Doing, ...], *, ended: bool = False) -> list[Json]:
    """The tools that are used, as chunks of a stream: a card each, changed by its id. With `ended`
    none is left open: Slack shows an open one as failed when its stream ends.
    Source: https://docs.slack.dev/reference/methods/chat.appendStream (task_update)."""
    if ended:
        doing = tuple(replace(one, state="done") if one.state == "going" else one for one in doing)
    return [
        {
            "type": "task_update",
            "id": one.id,
            "title": one.words[:_MOST_TITLE],
            "status": _STATUS[one.state],
        }
        for one in doing
    ]


def controls(post: Post, *, stoppable: bool = False) -> list[Json]:
    """The controls alone: what a streamed message gets at its end."""
    names: tuple[Control, ...] = ("stop",) if stoppable and not post.final else post.controls
    found: list[Json] = []
    buttons = [_button(name, post.about) for name in names if name in _LABELS]
    if "feedback" in names:
        found.append({"type": "context_actions", "elements": [_feedback(post.about)]})
    if buttons:
        found.append({"type": "actions", "elements": buttons})
    return found


def _button(name: Control, about: str) -> Json:
    """A button; what it is about comes back with its press."""
    style: Json = {"style": _STYLES[name]} if name in _STYLES else {}
    if name in _ASKS:
        style["confirm"] = _dialog(_LABELS[name], _ASKS[name])
    return {
        "type": "button",
        "action_id": f"bobbin:{name}",
        "text": {"type": "plain_text", "text": _LABELS[name]},
        "value": about or name,
        **style,
    }


def _dialog(does: str, asks: str) -> Json:
    """https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object"""

    def plain(text: str) -> Json:
        return {"type": "plain_text", "text": text}

    return {
        "title": plain(f"{does}?"),
        "text": plain(asks),
        "confirm": plain(does),
        "deny": plain("Cancel"),
        "style": "danger",
    }


def _feedback(about: str) -> Json:
    def one(label: str, value: str, said: str) -> Json:
        return {
            "text": {"type": "plain_text", "text": label},
            "value": f"{value} {about}".strip(),
            "accessibility_label": said,
        }

    return {
        "type": "feedback_buttons",
        "action_id": "bobbin:feedback",
        "positive_button": one("Good answer", "good", "This answer was good"),
        "negative_button": one("Bad answer", "bad", "This answer was not good"),
    }
