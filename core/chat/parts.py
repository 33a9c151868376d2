"""The parts of a reply: what they are called, what is said beside the answer, what stays: pure."""

from __future__ import annotations

from typing import Final

from core.chat.approvals import is_approval
from core.chat.introducing import MARK as INTRODUCTION
from core.chat.messages import Json, Post
from core.chat.ports import ChatPlatform
from core.chat.text.mentions import neutralise
from core.chat.turns import Turn

_BESIDE: Final = ".left"


def beside(turn: Turn, platform: ChatPlatform) -> Post:
    """What is said before the answer: who answers, what did not go in. Names in it are people's."""
    text = "\n".join(filter(None, (turn.aside, *turn.left_out)))
    text = neutralise(text, platform.capabilities.mentions)
    return Post(part_id=turn.claim.turn_id + _BESIDE, text=text, turn=turn.inbound_ids)


def stays(part_id: str) -> bool:
    """Whether a part is no piece of the answer and stays when another one is shown."""
    return is_approval(part_id) or part_id.endswith((_BESIDE, INTRODUCTION))


def earlier_parts(turn: Turn, platform: ChatPlatform) -> list[Json]:
    """Parts that an earlier owner sent; for Regenerate those of the answer it replaces."""
    if turn.progress.parts:
        return list(turn.progress.parts)
    last = turn.claim.session.last
    if turn.claim.mail[0].kind == "regenerate" and last and platform.capabilities.edits:
        return list(last.parts)
    return []


def reply_id(turn: Turn, platform: ChatPlatform) -> str:
    """What the parts are named after: an edited reply keeps the names of the one it replaces."""
    last = turn.claim.session.last
    if turn.claim.mail[0].kind == "regenerate" and last and platform.capabilities.edits:
        return last.turn_id
    return turn.claim.turn_id


def stale(turn: Turn) -> str:
    """Why this Regenerate has lost its object while it waited; empty where it has not."""
    asked, last = turn.claim.mail[0], turn.claim.session.last
    if asked.kind != "regenerate" or last is None or asked.reply_to in (None, last.answer_id):
        return ""
    if str(asked.reply_to).startswith(f"{last.turn_id}#"):
        return "I have written this answer again already."
    return "There is a newer answer; I can only write the newest one again."
