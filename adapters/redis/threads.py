"""Threads in Redis: each change one script call, each page one, each look-up one command."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from adapters.redis import keys
from adapters.redis.codec import decode, decode_thread, encode, encode_event, is_id
from adapters.redis.connection import Client, Script, translate
from adapters.redis.connection import decode as text
from adapters.redis.threads_scripts import COMMIT, DELETE, PAGE
from core.assistants import Message, RunStep
from core.engine.records import (
    KEPT_S,
    Absent,
    Change,
    Collection,
    Conflict,
    Cursor,
    Document,
    Epoch,
    Exists,
    Expectation,
    NoActiveRun,
    Page,
    RunAt,
    RunRecord,
    ThreadAt,
    ThreadRecord,
)
from core.ids import Ids

_COMMIT = Script(COMMIT)
_PAGE = Script(PAGE)
_DELETE = Script(DELETE)

Argument = str | bytes | int


class RedisThreadStore:
    """`ThreadStore` on the Redis protocol.

    A change to a Thread that does not exist and is not made by the change itself is a `Conflict`
    with `Exists()`, whatever it expects.

    Args:
        client: from `connect`.
        partitions: as written into the store by `ensure_layout`.
        ids: for the tokens by which a change that was sent twice is recognised.
        lease_ms: how long a Run that `claim_as` claimed may go without `RunQueue.renew`.
        kept_ms: how long a Run is kept for its Thread's home; 0: not at all.
    """

    def __init__(
        self,
        client: Client,
        partitions: int,
        ids: Ids,
        *,
        lease_ms: int,
        kept_ms: int = round(KEPT_S * 1000),
    ) -> None:
        self._client = client
        self._partitions = partitions
        self._ids = ids
        self._lease_ms = lease_ms
        self._kept_ms = kept_ms

    async def commit(self, change: Change) -> int:
        if not is_id(change.thread_id):
            raise Conflict(Exists())
        answer: list[Any] = await _COMMIT(
            self._client, [self._base(change.thread_id)], self._arguments(change)
        )
        if answer[0] == b"done":
            return int(answer[1])
        number = int(answer[1])
        failed = change.expect[number - 1] if number else Exists()
        active = text(answer[2]) or None
        raise Conflict(failed, active_run=active if isinstance(failed, NoActiveRun) else None)

    async def thread(self, thread_id: str) -> ThreadRecord | None:
        if not is_id(thread_id):
            return None
        with translate():
            values = await self._client.hmget(self._head(thread_id), ["doc", "rev"])
        document, revision = cast("list[bytes | None]", values)
        return None if document is None else decode_thread(document, int(revision or 0))

    async def get(self, thread_id: str, collection: Collection, *ids: str) -> list[Document | None]:
        found: dict[str, bytes | None] = {}
        wanted: dict[str, list[str]] = {}
        for one in ids if is_id(thread_id) else ():
            run_id, _, own = one.rpartition("/")
            if is_id(own) and (is_id(run_id) if collection == "steps" else not run_id):
                wanted.setdefault(f"steps:{run_id}" if run_id else collection, []).append(one)

        async def fetch(part: str, some: list[str]) -> None:
            names = [one.rpartition("/")[2] for one in some]
            key = f"{self._head(thread_id)}:{part}"
            with translate():
                values = await self._client.hmget(key, names)
            found.update(zip(some, cast("list[bytes | None]", values), strict=True))

        await asyncio.gather(*(fetch(part, some) for part, some in wanted.items()))
        values = (found.get(one) for one in ids)
        return [None if value is None else decode(collection, value) for value in values]

    async def page(
        self, thread_id: str, collection: Collection, cursor: Cursor, *, run_id: str | None = None
    ) -> Page[Document]:
        """A part of a list by order of insertion.

        The page of `before` alone is the one that ends right in front of that id (the API's
        reference: "in order to fetch the previous page of the list"), and `has_more` says whether
        there are others in front of it. With `after` too, it is the page that begins behind
        `after`, and ends before `before` at the latest. The place of a cursor counts even where
        `cursor.run_id` leaves the Message itself out.
        """
        part = f"steps:{run_id}" if collection == "steps" else collection
        of = cursor.run_id if collection == "messages" else None
        if not all(is_id(one) for one in (thread_id, run_id, of) if one is not None):
            return Page((), has_more=False)
        local = f"thread:{thread_id}:{part}"
        more, *values = await fetch_page(
            self._client, self._base(thread_id), local, f"{local}:order", cursor, of=of
        )
        return Page(tuple(decode(collection, value) for value in values), has_more=more == 1)

    async def delete_thread(self, thread_id: str) -> bool:
        if not is_id(thread_id):
            return False
        return await _DELETE(self._client, [self._base(thread_id)], [thread_id]) == 1

    def _base(self, thread_id: str) -> str:
        return keys.base("t", keys.partition(thread_id, self._partitions))

    def _head(self, thread_id: str) -> str:
        return f"{self._base(thread_id)}thread:{thread_id}"

    def _arguments(self, change: Change) -> list[Argument]:
        flags = (
            ("a", change.activate),
            ("d", change.deactivate),
            ("q", change.enqueue),
            ("p", change.park),
            ("h", change.home),
        )
        args: list[Argument] = [
            self._ids.new(""),
            change.thread_id,
            change.run_id or "",
            "".join(flag for flag, is_set in flags if is_set),
            change.claim_as or "",
            self._lease_ms,
            "" if change.expires_at is None else change.expires_at,
            self._kept_ms,
        ]
        args.append(len(change.expect))
        for expectation in change.expect:
            args += _expectation(expectation)
        args.append(len(change.put))
        for document in change.put:
            args += [*_place(document), encode(document)]
        args += [len(change.remove_messages), *change.remove_messages]
        for event in change.events:
            args += encode_event(event)
        return args


async def fetch_page(
    client: Client, base: str, documents: str, order: str, cursor: Cursor, *, of: str | None = None
) -> list[Any]:
    """Whether there is more (1 or 0), then the documents' bytes.

    Args:
        client: from `connect`.
        base: of the partition.
        documents: the hash of the list, behind the base.
        order: the zset of its order, behind the base.
        cursor: which part.
        of: only what belongs to this Run, by the zset `<documents>:of`.
    """
    return await _PAGE(
        client,
        [base],
        [
            documents,
            order,
            cursor.order,
            cursor.limit,
            cursor.after or "",
            cursor.before or "",
            f"{documents}:of",
            of or "",
        ],
    )


def _expectation(value: Expectation) -> tuple[str, str, str | int]:
    match value:
        case NoActiveRun():
            return "free", "", ""
        case RunAt(run_id, revision):
            return "at", run_id, revision
        case ThreadAt(revision):
            return "thread", "", revision
        case Epoch(run_id, epoch):
            return "epoch", run_id, epoch
        case Exists(message_id):
            return "exists", message_id or "", ""
        case Absent(run_id, message_id):
            return "absent", run_id or "", message_id or ""


def _place(document: Document) -> tuple[str, str]:
    match document:
        case ThreadRecord():
            return "thread", document.thread.id
        case Message():
            return "messages", document.id
        case RunRecord():
            return "runs", document.run.id
        case RunStep():
            return f"steps:{document.run_id}", document.id
