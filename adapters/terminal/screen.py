"""Showing a conversation's feed on a screen (or into a pipe), and knowing what was answered.

Serial: the entries of the feed, in order. What was shown is remembered in the store after it was
written, so a crash shows an entry again rather than never. Signs of life are shown only on a
screen and only while they are fresh.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from adapters.terminal.render import DIM, PLAIN, Markdown, safe, sign_line
from core.chat.feeds import Feed
from core.chat.messages import ConversationKey
from core.chat.outbox import LEFTOVER
from core.errors import StoreError

Write = Callable[[str], object]

_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")


class Screen:
    """One conversation on one screen. `write` takes text as it shall stand there."""

    def __init__(
        self, feed: Feed, conversation: ConversationKey, write: Write, *, live: bool
    ) -> None:
        self._feed = feed
        self._conversation = conversation
        self._write = write
        self._live = live
        self._shown: dict[str, str] = {}
        self._finished: dict[str, str] = {}
        self._labelled: set[str] = set()
        self._written: dict[str, int] = {}
        self._rendering: dict[str, Markdown] = {}
        self._answered: set[str] = set()
        self._troubled: dict[str, str] = {}
        self._asking: dict[str, set[str]] = {}
        """The turns that wait for a person, by the part that asks."""
        self._pulse = asyncio.Event()
        self._mine: set[str] = set()
        self._earlier: dict[str, str] = {}

    async def run(self, after: str) -> None:
        """Show what comes behind `after`, for ever.

        Raises:
            OSError: the screen or pipe does not take it any more.
        """
        marked = after
        while True:
            try:
                entries = await self._feed.read(self._conversation, after, 1.0)
                for item in entries:
                    self._show(item.body)
                    after = item.sequence
                try:
                    if after != marked:
                        await self._feed.mark_seen(self._conversation, after)
                        marked = after
                finally:  # whoever waited for an answer may end everything at once
                    self._pulse.set()
                    self._pulse = asyncio.Event()
            except StoreError:
                await asyncio.sleep(0.5)  # the store comes back, and the feed with it

    async def answered(self, message_id: str) -> None:
        """Return when the reply to this message is complete on the screen."""
        while message_id not in self._answered:
            await self._pulse.wait()

    async def troubled(self, message_id: str) -> str:
        """Return when this message runs into an outage; the sentence about it."""
        while message_id not in self._troubled:
            await self._pulse.wait()
        return self._troubled[message_id]

    async def asked(self, message_id: str) -> None:
        """Return when the reply to this message waits for a person's decision."""
        while not any(message_id in turn for turn in self._asking.values()):
            await self._pulse.wait()

    def decided(self) -> None:
        """Whatever was asked is decided: what asks from now on asks anew."""
        self._asking.clear()

    def write_to(self, write: Write) -> None:
        """Show what comes from now on there."""
        self._write = write

    def own(self, message_id: str) -> None:
        """This message was typed here: its answer needs no label."""
        self._mine.add(message_id)

    def announce(self, message_id: str, text: str) -> None:
        """This message of an earlier start is still to be answered: its answer shows it."""
        self._earlier[message_id] = text

    # ------------------------------------------------------------------- entries

    def _show(self, body: dict[str, Any]) -> None:
        if body["kind"] == "sign":
            self._sign(body)
        else:
            self._post(body)

    def _sign(self, body: dict[str, Any]) -> None:
        line = sign_line(body)
        if body["sign"] == "troubled":
            for message_id in body["turn"]:
                self._troubled[str(message_id)] = line
        if line and self._live:
            self._write(f"{DIM}… {line}{PLAIN}\n")

    def _post(self, body: dict[str, Any]) -> None:
        part, text, final = str(body["part"]), str(body["text"]), bool(body["final"])
        if not final and not self._live:
            return
        turn, last = {str(name) for name in body["turn"]}, final and bool(body["last"])
        self._asking.pop(part, None)
        if body.get("asks"):
            self._asking[part] = turn
        before = self._shown.get(part)
        same = last and self._finished.get(part) == text
        if (same and turn <= self._answered) or (text == LEFTOVER and not last):
            return  # sent again by somebody who could not know; or nothing to read
        if before is None:
            self._begin(part, turn)
        elif same or not text.startswith(before[: self._written.get(part, 0)]):
            self._write("(once more)\n")
            self._rendering[part] = Markdown(colour=self._live)
            self._written[part] = 0
        self._lines(part, text, final=final)
        for path in body["files"]:
            self._write(f"[{_kind(str(path))}: {' '.join(safe(str(path)).split())}]\n")
        if last:
            self._finished[part] = text
            self._answered |= turn
            self._write("\n")

    def _begin(self, part: str, turn: set[str]) -> None:
        self._rendering[part] = Markdown(colour=self._live)
        if turn & self._labelled:
            return  # a further part of a reply that has its label
        self._labelled |= turn
        asked = [text for name, text in self._earlier.items() if name in turn]
        if asked:
            self._write("[your earlier question, answered now]\n")
            for line in "\n".join(asked).splitlines():
                self._write(f"> {safe(line)}\n")
        elif not turn & self._mine:
            self._write("[the answer to an earlier message, which you have not seen yet]\n")

    def _lines(self, part: str, text: str, *, final: bool) -> None:
        """Write the lines that are complete now; what stands behind them waits for its end."""
        end = len(text) if final else text.rfind("\n") + 1
        fresh = text[self._written.get(part, 0) : end]
        markdown = self._rendering[part]
        for line in fresh.splitlines():
            self._write(markdown.line(line) + "\n")
        self._written[part] = max(end, self._written.get(part, 0))
        self._shown[part] = text


def _kind(path: str) -> str:
    return "figure" if path.lower().endswith(_PICTURES) else "file"
