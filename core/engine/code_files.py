"""Files of the code interpreter: placed before code runs, kept when code left them.

A session gets each file once; what code does to it there stays. A session that is new in this
process (the Thread was worked on elsewhere, or not for long) is given again what code left in the
Run and in the Thread's newest Messages. Nothing of this fails a Run: what cannot be placed is said
in the output.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from core import ids as prefixes
from core.assistants import File, Message
from core.clock import Clock
from core.engine.ports import Blobs, ObjectStore, SessionFiles, ThreadStore
from core.engine.progress import Progress
from core.engine.records import Cursor, ObjectRecord, ProducedFile, RunRecord
from core.engine.resources import CODE
from core.errors import InvalidRequest, NotFound
from core.ids import Ids

MOST_LEFT: Final = 20
"""Files of one call that are kept; and of a Thread that are given to a new session."""

LARGEST: Final = 32 << 20
"""Bytes of a file that is read for a session: none of them takes more."""

_NEWEST: Final = 100
"""Messages that are searched for what code left."""

_NEWEST_RUNS: Final = (3, 30)
"""Runs that are looked at for code: mostly the last one ran some."""

_UNFIT: Final = re.compile(r"[^\w .()+,@=-]")
_LONGEST_STEM: Final = 150
_LONGEST_SUFFIX: Final = 30
"""Bytes; a name may have 255."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A File under the name that it has in `/mnt/data`; `blob` names its bytes."""

    name: str
    file_id: str
    blob: str
    size: int


@dataclass(slots=True)
class Tray:
    """The files of one Run: `given` ones lie in `/mnt/data` before its first code runs.

    `missing` are Files that are gone. `known` are names in `/mnt/data` with the File whose bytes
    are there, for all that it is known of. `refused` are names that could not be placed.
    """

    given: tuple[Placed, ...] = ()
    missing: tuple[str, ...] = ()
    known: dict[str, Placed] = field(default_factory=dict[str, Placed])
    refused: set[str] = field(default_factory=set[str])

    @property
    def sentence(self) -> str:
        """What the model is told of it; empty where there is nothing to tell."""
        lines: list[str] = []
        for sentence, too_large in (
            (f"Files in /mnt/data, for {CODE}", False),
            (f"Files that are too large for {CODE}, which takes {LARGEST >> 20} MB", True),
        ):
            files = [file for file in self.given if (file.size > LARGEST) is too_large]
            if files:
                named = ", ".join(f"{file.name} ({file.size} bytes)" for file in files)
                lines.append(f"{sentence}: {named}.")
        if self.missing:
            gone = ", ".join(self.missing)
            lines.append(f"These files were deleted and cannot be read any more: {gone}.")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Placing:
    """What became of a session's files: `notes` for the model. `fresh`: the session is new."""

    notes: tuple[str, ...] = ()
    fresh: bool = False


class CodeFiles:
    """Moves files between the stores and the interpreter's sessions."""

    def __init__(
        self,
        *,
        sessions: SessionFiles,
        threads: ThreadStore,
        objects: ObjectStore,
        blobs: Blobs,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._threads = threads
        self._objects = objects
        self._blobs = blobs
        self._ids = ids
        self._clock = clock

    async def tray(self, file_ids: Sequence[str], left: Mapping[str, str], *, tenant: str) -> Tray:
        """What a Run has: these Files, and what its code `left` so far (ids by name)."""
        given, gone = await self._found(file_ids, tenant)
        names = plain_names(file.filename for _, file in given)
        tray = Tray(
            tuple(
                Placed(name, file.id, record.state["blob"], file.bytes)
                for name, (record, file) in zip(names, given, strict=True)
            ),
            tuple(gone),
        )
        tray.known = {file.name: file for file in tray.given}
        made, _ = await self._found(tuple(left.values()), tenant)
        for record, file in made:
            tray.known[file.filename] = _placed(record, file)
        return tray

    async def place(self, session: str, tray: Tray, *, tenant: str) -> Placing:
        """Put what the session does not have yet.

        Raises:
            InterpreterUnavailable: this machine runs no code.
        """
        before = await self._sessions.placed(session)
        there = before or {}
        wanted = [(file, file.file_id) for file in tray.given]
        if before is None:
            given = {file.name: file.file_id for file in tray.given}
            left = await self._left_earlier(session, tenant)
            left |= {
                name: file for name, file in tray.known.items() if given.get(name) != file.file_id
            }
            # Under the key of what they were made of: a session that has them lacks nothing.
            wanted += [(file, given.get(name, file.file_id)) for name, file in left.items()]
        notes: list[str] = []
        for file, key in wanted:
            if there.get(file.name) == key or file.name in tray.refused:
                continue
            note = await self._put(session, file, key)
            if note:
                tray.refused.add(file.name)
                notes.append(note)
        return Placing(tuple(notes), fresh=before is None)

    async def keep(
        self, session: str, files: Sequence[ProducedFile], tray: Tray, *, tenant: str
    ) -> dict[str, str]:
        """Make Files of what code left or changed; their ids by name. The same bytes again are the
        same File."""
        kept: dict[str, str] = {}
        for produced in files[:MOST_LEFT]:
            try:
                data = await self._sessions.get(session, produced.name)
            except NotFound:
                continue
            blob = await self._blobs.put(data)
            known = tray.known.get(produced.name)
            if known is not None and known.blob == blob:
                continue
            file = await self.store(produced.name, blob, len(data), tenant=tenant)
            tray.known[produced.name] = Placed(file.filename, file.id, blob, file.bytes)
            kept[produced.name] = file.id
        return kept

    async def store(self, name: str, blob: str, size: int, *, tenant: str) -> File:
        """A File of bytes that code made; without a `name` it is named after its id."""
        file_id = self._ids.new(prefixes.FILE)
        file = File(
            id=file_id,
            bytes=size,
            created_at=int(self._clock.now()),
            filename=name or f"{file_id}.png",
            purpose="assistants_output",
        )
        await self._objects.put(ObjectRecord(value=file, tenant=tenant, state={"blob": blob}))
        return file

    async def code_at(self, thread_id: str, run_id: str) -> str:
        """Which process ran the Thread's latest code before this Run (`Progress.code_at`); empty
        where none did, as far as the newest Runs tell."""
        for limit in _NEWEST_RUNS:
            page = await self._threads.page(thread_id, "runs", Cursor(limit=limit))
            for one in page.data:
                if isinstance(one, RunRecord) and one.run.id != run_id:
                    at = Progress.of(one.state).code_at
                    if at:
                        return at
            if not page.has_more:
                break
        return ""

    async def _put(self, session: str, file: Placed, key: str) -> str:
        """Place a file; a note for the model where that is not possible."""
        try:
            if file.size > LARGEST:
                raise InvalidRequest(f"it has {file.size} bytes, and {LARGEST} is the most.")
            await self._sessions.put(session, file.name, await self._blobs.get(file.blob), key=key)
        except NotFound:
            return f"[The file {file.name} is not in /mnt/data: it was deleted.]"
        except InvalidRequest as error:
            return f"[The file {file.name} is not in /mnt/data: {error.message}]"
        return ""

    async def _left_earlier(self, thread_id: str, tenant: str) -> dict[str, Placed]:
        """What code left in the Thread, as its newest Messages carry it, by name."""
        page = await self._threads.page(thread_id, "messages", Cursor(limit=_NEWEST))
        messages = [value for value in page.data if isinstance(value, Message)]
        file_ids = [
            attached["file_id"]
            for message in messages
            if message.role == "assistant"
            for attached in message.attachments
            if {"type": CODE} in attached.get("tools", ())
        ]
        found, _ = await self._found(tuple(dict.fromkeys(file_ids))[:MOST_LEFT], tenant)
        return {file.filename: _placed(record, file) for record, file in reversed(found)}

    async def _found(
        self, file_ids: Sequence[str], tenant: str
    ) -> tuple[list[tuple[ObjectRecord, File]], list[str]]:
        """Files that are there, and the ids of those that are not."""
        records = await asyncio.gather(
            *(self._objects.get("file", file_id, tenant=tenant) for file_id in file_ids)
        )
        now = self._clock.now()
        found: list[tuple[ObjectRecord, File]] = []
        gone: list[str] = []
        for file_id, record in zip(file_ids, records, strict=True):
            file = record.value if record is not None else None
            if (
                record is None
                or not isinstance(file, File)
                or (file.expires_at is not None and file.expires_at <= now)
            ):
                gone.append(file_id)
            else:
                found.append((record, file))
        return found, gone


def plain_names(filenames: Iterable[str]) -> list[str]:
    """Names for `/mnt/data`: plain, short, each once; the first one keeps its own.

    `a.csv`, `a.csv` become `a.csv`, `a-2.csv`.
    """
    names: list[str] = []
    for filename in filenames:
        plain = _UNFIT.sub("_", filename.replace("\\", "/").rpartition("/")[2]).strip(" .")
        path = PurePosixPath(plain or "file")
        stem, suffix = _cut(path.stem, _LONGEST_STEM), _cut(path.suffix, _LONGEST_SUFFIX)
        name, number = f"{stem}{suffix}", 1
        while name in names:
            number += 1
            name = f"{stem}-{number}{suffix}"
        names.append(name)
    return names


def _cut(text: str, most: int) -> str:
    return text.encode()[:most].decode(errors="ignore")


def _placed(record: ObjectRecord, file: File) -> Placed:
    return Placed(file.filename, file.id, record.state["blob"], file.bytes)
