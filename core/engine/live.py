"""What a Run that is executed in this process does, for followers in this process, as it happens.

Serial: one writer (the Run's executor). Parallel: any number of readers, each at its own place.
Nothing survives a crash; the Run's event log and stored objects do. Memory is bounded by the Run's
own size: there is one list of what happened, a reader is a position in it, and text that grows is
kept in pieces that a slow reader gets joined. So a reader holds up nobody and needs no queue, and
a piece of text costs one list append however many read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Literal

from core.assistants import StreamEvent
from core.engine import deltas
from core.engine.records import RunRecord

Kind = Literal["text", "refusal", "arguments"]


class _Growth:
    """A text that grows: a content part, or a function call's arguments."""

    __slots__ = ("index", "kind", "object_id", "pieces", "start")

    def __init__(self, kind: Kind, object_id: str, index: int, start: int) -> None:
        self.kind: Kind = kind
        self.object_id = object_id
        self.index = index
        self.start = start
        self.pieces: list[str] = []

    def delta(self, value: str, before: int, *, numbered: bool) -> StreamEvent:
        """The event of `value`, which stands behind `before` characters of this growth."""
        offset = self.start + before
        shown = offset if numbered else None
        if self.kind == "text":
            return deltas.text(self.object_id, self.index, value, first=offset == 0, offset=shown)
        if self.kind == "refusal":
            return deltas.refusal(self.object_id, self.index, value, offset=shown)
        return deltas.arguments(self.object_id, self.index, value, offset=shown)


class Channel:
    """What happens in one execution of a Run, from its first event in this process.

    `record` is the Run as the execution found it. `whole` says that this is from the Run's
    creation. Otherwise `answers` are the ids of the tool calls whose outputs let the Run go on.
    """

    def __init__(self, record: RunRecord, *, whole: bool, answers: Iterable[str] = ()) -> None:
        self.record = record
        self.whole = whole
        self.answers = frozenset(answers)
        self.closed = False
        self.ended = False
        """It was closed because the Run ended or waits, not because it goes on elsewhere."""
        self.entries: list[StreamEvent | _Growth] = []
        self._open: _Growth | None = None
        self._lengths: dict[tuple[Kind, str, int], int] = {}
        self._readers: list[asyncio.Future[None]] = []

    def serves(self, behind_call: str | None) -> bool:
        """Whether a follower of that part of the Run finds all of it here."""
        return self.whole if behind_call is None else behind_call in self.answers

    def add(self, *events: StreamEvent) -> None:
        """Events that are whole."""
        self._settle()
        self.entries += events
        self._wake()

    def grow(self, kind: Kind, object_id: str, index: int, piece: str) -> None:
        """More of a text."""
        growth = self._open
        if (
            growth is None
            or growth.index != index
            or growth.object_id != object_id
            or growth.kind != kind
        ):
            self._settle()
            start = self._lengths.get((kind, object_id, index), 0)
            growth = self._open = _Growth(kind, object_id, index, start)
            self.entries.append(growth)
        growth.pieces.append(piece)
        if self._readers:
            self._wake()

    def close(self, *, ended: bool) -> None:
        """No more events will come."""
        self.closed = True
        self.ended = ended
        self._wake()

    def reader(self) -> Reader:
        """A place at the beginning."""
        return Reader(self)

    async def changed(self) -> None:
        """Return at the next event or when it is closed."""
        if self.closed:
            return
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._readers.append(wake)
        try:
            await wake
        finally:
            if wake in self._readers:
                self._readers.remove(wake)

    def _settle(self) -> None:
        growth = self._open
        if growth is not None:
            key = (growth.kind, growth.object_id, growth.index)
            self._lengths[key] = growth.start + sum(map(len, growth.pieces))
            self._open = None

    def _wake(self) -> None:
        readers, self._readers = self._readers, []
        for wake in readers:
            if not wake.done():
                wake.set_result(None)


class Reader:
    """A place in a channel."""

    __slots__ = ("_channel", "_characters", "_entry", "_piece")

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._entry = 0
        self._piece = 0
        self._characters = 0

    def drain(self, *, numbered: bool = False) -> list[StreamEvent]:
        """All that happened since the last call; what grew comes in one piece a text.

        `numbered` puts the offset into the deltas.
        """
        entries = self._channel.entries
        events: list[StreamEvent] = []
        while self._entry < len(entries):
            entry = entries[self._entry]
            if isinstance(entry, StreamEvent):
                events.append(entry)
            else:
                pieces = entry.pieces[self._piece :]
                if pieces:
                    value = pieces[0] if len(pieces) == 1 else "".join(pieces)
                    events.append(entry.delta(value, self._characters, numbered=numbered))
                    self._piece += len(pieces)
                    self._characters += len(value)
                if self._entry == len(entries) - 1:
                    break  # it may still grow
            self._entry += 1
            self._piece = self._characters = 0
        return events

    async def changed(self) -> None:
        """Return when there is something to drain, or the channel is closed."""
        if not self._pending():
            await self._channel.changed()

    def _pending(self) -> bool:
        entries = self._channel.entries
        left = len(entries) - self._entry
        if left != 1:
            return left > 0
        entry = entries[self._entry]
        return isinstance(entry, StreamEvent) or len(entry.pieces) > self._piece


class Live:
    """The channels of the Runs that this process executes."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}

    def open(self, record: RunRecord, *, whole: bool, answers: Iterable[str] = ()) -> Channel:
        """A channel for an execution that begins; it takes the place of an earlier one."""
        channel = Channel(record, whole=whole, answers=answers)
        self._channels[record.run.id] = channel
        return channel

    def get(self, run_id: str) -> Channel | None:
        """The channel of a Run that is executed here now."""
        return self._channels.get(run_id)

    def close(self, channel: Channel, *, ended: bool) -> None:
        """The execution is over. Readers get to the end of what is there."""
        channel.close(ended=ended)
        if self._channels.get(channel.record.run.id) is channel:
            del self._channels[channel.record.run.id]
