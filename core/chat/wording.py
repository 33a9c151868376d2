"""From what people wrote to the Messages of a turn: who said it, what was said before, what came
with it.

Where several people write, each Message says who wrote it, in a form that its text cannot forge.
Where Bobbin is called into the middle of a talk, what was said before goes in first. Files are
fetched from the platform here, in the turn, so that nobody waits for them in the chat.

Serial: the files of a turn. What survives a crash: nothing is kept here; a turn done again fetches
again, and the files that nobody refers to stay behind. Bounded: `MOST_BYTES` a file, `MOST_FILES` a
message.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final, Protocol

from core.assistants import SAID_BEFORE
from core.chat.messages import Inbound, InFile, Said
from core.chat.tags import BEFORE, INBOUND, TURN, tag
from core.chat.text.speakers import attribute
from core.chat.turn_messages import MOST_MESSAGES, Document, Files, TurnMessage
from core.errors import InvalidRequest, StoreError

log = logging.getLogger(__name__)

MOST_BYTES: Final = 20 * 1024 * 1024
MOST_FILES: Final = 10
MOST_BEFORE: Final = 50
"""Posts of a talk that go in when Bobbin is called into it."""

_LONGEST_NAME: Final = 200
_LONGEST_SUFFIX: Final = 20
"""Characters; services take 255."""

_CODE: Final = "code_interpreter"
_SEARCH: Final = "file_search"
_PICTURES: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF8", "gif"),
)
_DOCUMENTS: Final = frozenset({".pdf", ".docx", ".pptx", ".html", ".htm", ".md", ".txt", ".tex"})


_NO_READER: Final = "I have no tool that reads files, neither file search nor the interpreter."


class ChatSource(Protocol):
    """The reading side of a chat platform: what its events do not bring."""

    async def before(self, inbound: Inbound, limit: int) -> tuple[Said, ...]:
        """What people (and Bobbin) said in the place before this message, oldest first, at most
        the newest `limit`. Empty where it cannot be had; never raises PlatformError."""
        ...

    async def fetch(self, inbound: Inbound, file: InFile, most_bytes: int) -> bytes:
        """The bytes of a file that came with the message.

        Raises:
            InvalidRequest: it cannot be had, or is larger; the text says which.
            PlatformUnavailable: not just now.
        """
        ...


@dataclass(frozen=True, slots=True)
class Worded:
    """The Messages of a turn, and one sentence for each file that was left out."""

    messages: tuple[TurnMessage, ...]
    left_out: tuple[str, ...] = ()


class Wording:
    """Words turns. One instance serves all conversations of a process."""

    def __init__(self, files: Files, sources: Mapping[str, ChatSource]) -> None:
        self._files = files
        self._sources = sources

    async def of(self, mail: tuple[Inbound, ...], *, assistant: str, first: bool) -> Worded:
        """The Messages. `assistant` is who answers; `first`: nothing was said in this session yet.

        Raises:
            NotFound: there is no such Assistant.
            BobbinError: the platform or the service is away.
        """
        has: frozenset[str] = frozenset()
        if any(inbound.files for inbound in mail):
            has = await self._files.tools_of(assistant)
        messages: list[TurnMessage] = []
        left_out: list[str] = []
        turn = tag(mail[0].id)
        if first and mail[0].setting.called_in and len(mail) < MOST_MESSAGES:
            messages += await self._before(mail[0], turn)
        for inbound in mail:
            message = TurnMessage(
                text=_words(inbound),
                metadata={TURN: turn, INBOUND: tag(inbound.message_id)},
            )
            for number, file in enumerate(inbound.files):
                try:
                    message = await self._with_file(message, inbound, file, number, has)
                except StoreError:
                    raise
                except InvalidRequest as error:
                    left_out.append(f"I left out {file.name}: {error}")
            messages.append(message)
        return Worded(tuple(messages), tuple(left_out))

    async def _before(self, inbound: Inbound, turn: str) -> list[TurnMessage]:
        source = self._sources.get(inbound.conversation.platform)
        if source is None:
            return []
        said = await source.before(inbound, MOST_BEFORE)
        if not said:
            return []
        lines = [attribute(one.name or one.id, one.text, tag=one.id) for one in said]
        metadata = {TURN: turn, BEFORE: tag(inbound.message_id)}
        return [TurnMessage(text="\n".join([SAID_BEFORE, *lines]), metadata=metadata)]

    async def _with_file(
        self,
        message: TurnMessage,
        inbound: Inbound,
        file: InFile,
        number: int,
        has: frozenset[str],
    ) -> TurnMessage:
        if number >= MOST_FILES:
            raise InvalidRequest(f"I take {MOST_FILES} files with a message.")
        if file.size > MOST_BYTES:
            raise InvalidRequest(f"I take files of up to {MOST_BYTES >> 20} MB.")
        source = self._sources.get(inbound.conversation.platform)
        if source is None:
            raise InvalidRequest("I cannot take files here.")
        data = await source.fetch(inbound, file, MOST_BYTES)
        if not data:
            raise InvalidRequest("It is empty.")
        ending = picture_ending(data)
        name = _plain(file.name)
        if ending:
            name = f"{PurePosixPath(name).stem}.{ending}"
        tools = tools_for(name, has)
        if not ending and not tools:
            raise InvalidRequest(_NO_READER)
        file_id = await self._files.keep_file(name, data, picture=bool(ending))
        if ending:
            return replace(message, images=(*message.images, file_id))
        document = Document(file_id, tools)
        return replace(message, documents=(*message.documents, document))


def picture_ending(data: bytes) -> str:
    """`png`, `jpg`, `gif` or `webp` for what begins like one of these; else ""."""
    for start, ending in _PICTURES:
        if data.startswith(start):
            return ending
    return "webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""


def tools_for(name: str, has: Collection[str]) -> tuple[str, ...]:
    """Which of the tools that an Assistant `has` a file is for: documents are searched and can be
    opened by code, all other files are data for code. Where the right one is missing, the other
    one reads what it can."""
    is_document = PurePosixPath(name.lower()).suffix in _DOCUMENTS
    there = tuple(tool for tool in (_SEARCH, _CODE) if tool in has)
    return there if is_document or _CODE not in has else (_CODE,)


def _plain(name: str) -> str:
    """A name that every service takes: printable, short, no path; its ending stays."""
    printable = "".join(letter for letter in name if letter.isprintable())
    path = PurePosixPath(printable.replace("\\", "/")).name or "file"
    stem, suffix = PurePosixPath(path).stem, PurePosixPath(path).suffix[:_LONGEST_SUFFIX]
    return stem[: _LONGEST_NAME - len(suffix)] + suffix


def _words(inbound: Inbound) -> str:
    text = inbound.text or ", ".join(file.name for file in inbound.files)
    if not inbound.setting.shared:
        return text
    author = inbound.author
    return attribute(author.name or author.id, text, tag=author.id)
