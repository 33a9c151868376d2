"""What of a Thread goes into a prompt. Pure.

`auto` truncation (Assistants API reference, v2) drops from the middle: the newest Messages stay,
and a few of the oldest, which tend to say what the dialogue is about. `last_messages` keeps the
newest n. Sizes are tokens by an injected estimate.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from core.assistants import Json, Message
from core.engine.generation import (
    UNSEEN,
    AssistantItem,
    ImagePart,
    InputItem,
    Reasoning,
    TextPart,
    ToolCall,
    ToolOutput,
    ToolSpec,
    UserItem,
)

Estimate = Callable[[str], int]

PER_ITEM: Final = 6
"""Tokens that an endpoint spends on the frame of an item: role, separators."""

PER_IMAGE: Final[dict[str, int]] = {"low": 100, "auto": 1_000, "high": 1_000}
"""Tokens of a picture by how closely the model looks; endpoints differ, this is the upper range."""

OLDEST_KEPT: Final = 4
OLDEST_SHARE: Final = 0.2
"""Of the budget, at most: what the oldest Messages may take from the newest."""


def estimated_tokens(text: str) -> int:
    """About how many tokens a text is, without a tokenizer; rather too many than too few.

    English prose is some 4.2 characters a token, mathematics and code some 3; other scripts are
    about a token a character. So: a token for each 3.5 characters, and half of one for each byte
    that UTF-8 needs beyond one a character.
    """
    size = len(text)
    beyond = 0 if text.isascii() else len(text.encode(errors="replace")) - size
    return int(size / 3.5 + beyond / 2) + 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A Message as the model sees it, and its size (tokens).

    `cited` are the Files that its annotations name, by the words that they stand for.
    """

    message_id: str
    item: UserItem | AssistantItem
    tokens: int
    cited: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class History:
    """What was read of a Thread, oldest first: some of its beginning, a gap, and its end.

    `whole` says that there is no gap: then `oldest` is empty and `newest` is everything.
    """

    newest: tuple[Entry, ...]
    oldest: tuple[Entry, ...] = ()
    whole: bool = True


class PromptTooLong(Exception):
    """Not even the newest Message fits. Sizes are tokens: what it needs, and what there is."""

    def __init__(self, needed: int, room: int) -> None:
        super().__init__(f"the newest message needs {needed} tokens and there is room for {room}")
        self.needed = needed
        self.room = room


def entry_of(message: Message, estimate: Estimate) -> Entry | None:
    """The Message as the model sees it; None for one that it does not see.

    Pictures that are Files are named by their id until somebody puts their bytes in (`shown`).
    """
    if message.status != "completed":
        return None
    if message.role == "assistant":
        item: UserItem | AssistantItem = AssistantItem(_spoken(message))
    else:
        item = UserItem(tuple(_part(part) for part in message.content))
    tokens = size_of(item, estimate)
    return Entry(message.id, item, tokens, _cited(message)) if tokens > PER_ITEM else None


def named_pictures(entries: Sequence[Entry], most: int) -> list[str]:
    """Ids of the Files that the newest user Messages show, newest first, at most so many."""
    found: list[str] = []
    for entry in reversed(entries):
        if isinstance(entry.item, UserItem):
            found += [
                part.url
                for part in entry.item.content
                if isinstance(part, ImagePart) and _is_file(part)
            ]
    return found[:most]


def shown(item: InputItem, urls: Mapping[str, str], *, images: bool) -> InputItem:
    """The item with Files as URLs of their bytes. Pictures that cannot be shown are named.

    `images` says whether the model can see any.
    """
    if not isinstance(item, UserItem) or all(isinstance(part, TextPart) for part in item.content):
        return item
    parts: list[TextPart | ImagePart] = []
    for part in item.content:
        if isinstance(part, TextPart):
            parts.append(part)
        elif not images:
            parts.append(TextPart(UNSEEN))
        elif not _is_file(part):
            parts.append(part)
        elif part.url in urls:
            parts.append(ImagePart(urls[part.url], part.detail))
        else:
            parts.append(TextPart("[A picture, not shown here.]"))
    return UserItem(tuple(parts))


def size_of(item: InputItem, estimate: Estimate) -> int:
    """About how many tokens an item takes."""
    if isinstance(item, UserItem):
        return PER_ITEM + sum(
            estimate(part.text)
            if isinstance(part, TextPart)
            else PER_IMAGE.get(part.detail, PER_IMAGE["auto"])
            for part in item.content
        )
    if isinstance(item, AssistantItem):
        return PER_ITEM + (estimate(item.text) if item.text else 0)
    if isinstance(item, ToolCall):
        return PER_ITEM + estimate(item.name) + estimate(item.arguments)
    if isinstance(item, ToolOutput):
        return PER_ITEM + estimate(item.output)
    return _size_of_reasoning(item, estimate)


def size_of_tools(specs: Sequence[ToolSpec], estimate: Estimate) -> int:
    """About how many tokens the descriptions of the tools take."""
    return sum(
        PER_ITEM + estimate(spec.name + spec.description + json.dumps(spec.parameters))
        for spec in specs
    )


def fitting(history: History, room: int, last_messages: int | None) -> list[Entry]:
    """The Messages that go into the prompt, oldest first, in at most `room` tokens.

    Raises:
        PromptTooLong: not even the newest one fits.
    """
    newest = history.newest[-last_messages:] if last_messages else history.newest
    oldest = () if last_messages else history.oldest
    if not newest:
        return []
    last = newest[-1]
    if last.tokens > room:
        raise PromptTooLong(last.tokens, room)
    if history.whole and sum(entry.tokens for entry in newest) <= room:
        return list(newest)
    if history.whole and not last_messages:
        oldest, newest = newest[:OLDEST_KEPT], newest[OLDEST_KEPT:] or newest[-1:]
        oldest = tuple(entry for entry in oldest if entry not in newest)
    left = room - last.tokens
    head: list[Entry] = []
    share = int(room * OLDEST_SHARE)
    for entry in oldest[:OLDEST_KEPT]:
        if entry.tokens > min(share, left):
            break
        head.append(entry)
        share -= entry.tokens
        left -= entry.tokens
    tail = [last]
    for entry in reversed(newest[:-1]):
        if entry.tokens > left:
            break
        tail.append(entry)
        left -= entry.tokens
    return [*head, *reversed(tail)]


def _spoken(message: Message) -> str:
    """What an Assistant's Message said; figures in it are mentioned."""
    if any(part["type"] == "image_file" for part in message.content):
        return "\n\n".join(text for text in ("[A figure was shown.]", message.text) if text)
    return message.text


def _cited(message: Message) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in message.content:
        for one in part["text"].get("annotations", ()) if part["type"] == "text" else ():
            file_id = one.get(one["type"], {}).get("file_id")
            if file_id:
                found[one["text"]] = file_id
    return found


def _part(part: Json) -> TextPart | ImagePart:
    kind = part["type"]
    if kind == "text":
        return TextPart(part["text"]["value"])
    body = part[kind]
    return ImagePart(body.get("url") or body["file_id"], body.get("detail") or "auto")


def _is_file(part: ImagePart) -> bool:
    return not part.url.startswith(("data:", "http:", "https:"))


def _size_of_reasoning(item: Reasoning, estimate: Estimate) -> int:
    return PER_ITEM + estimate(json.dumps(item.item))
