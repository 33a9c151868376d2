"""What a turn says to the Assistant: user Messages, as the Assistants API takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.assistants import Json

MOST_MESSAGES = 32
"""User Messages that may go in with one Run (Assistants API reference, v2)."""


@dataclass(frozen=True, slots=True)
class Document:
    """A kept file that goes in with a Message, and the types of the tools that it is for."""

    file_id: str
    tools: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnMessage:
    """A user Message that goes in with a Run. `images` are ids of kept files."""

    text: str
    metadata: dict[str, str]
    images: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()

    def content(self) -> str | list[Json]:
        """As requests of the API have it (Assistants API reference, v2: message content)."""
        if not self.images:
            return self.text
        pictures = [{"type": "image_file", "image_file": {"file_id": one}} for one in self.images]
        return [{"type": "text", "text": self.text}, *pictures]

    def attachments(self) -> list[Json]:
        """As requests of the API have them."""
        return [
            {"file_id": one.file_id, "tools": [{"type": tool} for tool in one.tools]}
            for one in self.documents
        ]


class Files(Protocol):
    """Files for Messages that are to come, at whatever Assistants service stands behind."""

    async def keep_file(self, name: str, data: bytes, *, picture: bool) -> str:
        """Keep a file; its id. `picture`: for models that see.

        Raises:
            InvalidRequest: refused; the text says why.
        """
        ...

    async def tools_of(self, assistant: str) -> frozenset[str]:
        """Types of the tools that the Assistant with that name or id has.

        Raises:
            NotFound: there is no such Assistant.
        """
        ...
