"""What people see of an approval, and how long it may wait: pure."""

from __future__ import annotations

import json
from typing import Any, cast

from core.assistants import Run
from core.chat.function_ports import Approval, Call, Traits
from core.chat.messages import Capabilities, Post
from core.chat.text.mentions import neutralise
from core.chat.text.speakers import speaker_name

LONGEST_SHOWN = 1200
"""Characters of a call that a person can be asked about: whoever approves must see all of it, and
the smallest platform shows 2000 in one post."""

ANSWER_S = 60.0
"""What a Run needs after a yes, besides the function's own time, to say its answer."""

_MARK = ".ask."

_DECIDED = {
    "approved": "Approved by {by}.",
    "denied": "Denied by {by}; it does not run.",
    "late": "Nobody decided in time; it does not run.",
}
OVER = "This is not needed any more; it did not run."


def shown_call(call: Call) -> str:
    """A call in one line, arguments as JSON: `refund(order="A-17")`. Nothing in it can end the
    code block it stands in, or show its letters in another order."""
    try:
        arguments: Any = json.loads(call.arguments or "{}")
    except ValueError:
        arguments = call.arguments
    if isinstance(arguments, dict):
        pairs = cast("dict[str, Any]", arguments).items()
        inside = ", ".join(f"{name}={_json(value)}" for name, value in pairs)
    else:
        inside = _json(arguments)
    return "".join(_plain(letter) for letter in f"{call.name}({inside})")


def patience_s(run: Run, traits: Traits, now: float, longest_s: float) -> float:
    """How long a question may stay open so that the Run can still answer: until its expiry less
    the function's time limit and `ANSWER_S`, though at least half of what is left."""
    if run.expires_at is None:
        return longest_s
    left = max(0.0, run.expires_at - now)
    return min(longest_s, max(left - traits.timeout_s - ANSWER_S, left / 2))


def approval_post(
    approval: Approval,
    turn_id: str,
    turn: tuple[str, ...],
    capabilities: Capabilities,
    *,
    over: bool = False,
) -> Post:
    """The question as it stands; what is decided keeps its words and gets a line. `over`: the turn
    ends."""
    asked = f"May I run this?\n\n```\n{approval.shown}\n```\n\n"
    if not capabilities.buttons:
        asked += f"Write `!approve {approval.number}` or `!deny {approval.number}`. "
    asked += f"You have {_duration(approval.patience_s)}."
    is_open = approval.decision == "open" and not over
    if not is_open:
        words = _DECIDED.get(approval.decision, OVER)
        asked += "\n\n" + words.format(by=speaker_name(approval.by))
    return Post(
        part_id=f"{turn_id}{_MARK}{approval.number}",
        text=neutralise(asked, capabilities.mentions),
        turn=turn,
        kind="approval",
        controls=("approve", "deny") if is_open else (),
        about=approval.id,
    )


def is_approval(part_id: str) -> bool:
    """Whether a part of a reply is a question to people."""
    return _MARK in part_id


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _plain(letter: str) -> str:
    if letter.isprintable() and letter != "`":
        return letter
    return json.dumps(letter)[1:-1] if letter != "`" else "\\u0060"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{max(1, int(seconds))} seconds"
    return f"{int(seconds // 60)} minutes"
