"""Answering a turn again: room is made for the new answer, in an order that a crash cannot spoil.

Serial: plan, checkpoint, remove. What is to be asked anew stands in the checkpoint before the
first Message is removed, so whoever goes on after a crash has the words, whatever is left.
"""

from __future__ import annotations

from core.assistants import Message
from core.chat.messages import Json, LastTurn
from core.chat.ports import Assistants
from core.chat.tags import INBOUND, TURN, tag
from core.chat.text.speakers import attribute, attribution
from core.chat.turn_messages import Document, TurnMessage
from core.chat.turns import Turn

RECENT = 100
"""Messages at the end of a Thread among which the newest turn is looked for."""


async def make_room(
    assistants: Assistants, turn: Turn, thread_id: str, last: LastTurn
) -> list[TurnMessage] | None:
    """Remove the answer that is to be replaced, and the question too where it was edited.

    The Messages to add are the answer: none where the question stays as it is. None: there is no
    question any more.

    Raises:
        ClaimLost: somebody else does this turn; nothing was removed.
        NotFound: the Thread was deleted.
    """
    messages = await assistants.messages(thread_id, run_id=None, limit=RECENT)
    asked = [message for message in messages if _asked_in(message, last)]
    anew = turn.progress.again
    if anew is None:
        words = _words(asked, last, turn.claim.session.edits)
        if not words:
            return None
        stays = len(asked) == len(words) and all(
            message.metadata[INBOUND] == tag(row["name"]) and message.text == row["text"]
            for message, row in zip(asked, words, strict=True)
        )
        anew = [] if stays else words
        if anew:
            turn.progress.again = anew
            await turn.save()
    for message in messages:
        if message.role == "assistant" and message.run_id == last.run_id:
            await assistants.delete_message(thread_id, message.id)
    for message in asked if anew else ():
        await assistants.delete_message(thread_id, message.id)
    named = tag(last.turn_id)
    return [
        TurnMessage(
            text=row["text"],
            metadata={TURN: named, INBOUND: tag(row["name"])},
            images=tuple(row.get("images", ())),
            documents=tuple(Document(one, tuple(tools)) for one, tools in row.get("documents", ())),
        )
        for row in anew
    ]


def _words(asked: list[Message], last: LastTurn, edits: dict[str, str]) -> list[Json]:
    """The question in its newest words, with what came with it; what was deleted from the Thread
    is not asked again."""
    said = {message.metadata[INBOUND]: message for message in asked}
    rows: list[Json] = []
    for name in last.message_ids:
        message = said.get(tag(name))
        text = edits.get(name)
        if message is not None:
            text = message.text if text is None else _in_its_form(text, message.text)
            rows.append({"name": name, "text": text, **_came_with(message)})
        elif text is not None:
            rows.append({"name": name, "text": text})
    return rows


def _in_its_form(text: str, before: str) -> str:
    """New words under the same name as the old ones, where those had one."""
    speaker = attribution(before)
    return text if speaker is None else attribute(speaker.name, text, tag=speaker.tag)


def _came_with(message: Message) -> Json:
    images = [part["image_file"]["file_id"] for part in message.content if "image_file" in part]
    documents = [
        [one["file_id"], [tool["type"] for tool in one.get("tools", ())]]
        for one in message.attachments
    ]
    return ({"images": images} if images else {}) | ({"documents": documents} if documents else {})


def _asked_in(message: Message, last: LastTurn) -> bool:
    metadata = message.metadata
    return (
        message.role == "user" and metadata.get(TURN) == tag(last.turn_id) and INBOUND in metadata
    )
