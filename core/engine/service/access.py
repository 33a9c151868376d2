"""Finding objects for a caller: by id, of the caller's tenant, with the API's refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from core.assistants import Assistant, File, Message, RunStep
from core.engine.ports import ObjectKind, ObjectStore, ThreadStore
from core.engine.records import Collection, Cursor, ObjectRecord, Page, RunRecord, ThreadRecord
from core.engine.validation import check_id, check_limit
from core.errors import NotFound

_D = TypeVar("_D", Message, RunRecord, RunStep)
_V = TypeVar("_V")

_PREFIXES: Final = {"assistant": "asst", "file": "file", "vector_store": "vs"}


async def thread_record(threads: ThreadStore, thread_id: str, tenant: str) -> ThreadRecord:
    """The Thread. Raises NotFound."""
    check_id("thread_id", thread_id, "thread")
    return owned(await threads.thread(thread_id), thread_id, tenant)


def owned(record: ThreadRecord | None, thread_id: str, tenant: str) -> ThreadRecord:
    """The Thread, if it is there and the tenant's. Raises NotFound."""
    if record is None or record.tenant != tenant:
        raise NotFound.object("thread", thread_id)
    return record


async def message_of(threads: ThreadStore, thread_id: str, message_id: str, tenant: str) -> Message:
    """A Message of a Thread. Raises NotFound."""
    check_id("message_id", message_id, "msg")
    return await _member(threads, thread_id, "messages", message_id, tenant, "message", Message)


async def run_of(threads: ThreadStore, thread_id: str, run_id: str, tenant: str) -> RunRecord:
    """A Run of a Thread. Raises NotFound."""
    check_id("run_id", run_id, "run")
    return await _member(threads, thread_id, "runs", run_id, tenant, "run", RunRecord)


async def step_of(
    threads: ThreadStore, thread_id: str, run_id: str, step_id: str, tenant: str
) -> RunStep:
    """A Step of a Run. Raises NotFound, of the Run if that is what is not there."""
    check_id("run_id", run_id, "run")
    check_id("step_id", step_id, "step")
    path = f"{run_id}/{step_id}"
    try:
        return await _member(threads, thread_id, "steps", path, tenant, "run step", RunStep)
    except NotFound:
        await run_of(threads, thread_id, run_id, tenant)
        raise


async def page_of(
    threads: ThreadStore,
    thread_id: str,
    collection: Collection,
    cursor: Cursor,
    tenant: str,
    kind: type[_D],
    *,
    run_id: str | None = None,
) -> Page[_D]:
    """A part of a Thread's list. Raises NotFound for the Thread."""
    check_id("thread_id", thread_id, "thread")
    check_limit(cursor.limit)
    record, page = await asyncio.gather(
        threads.thread(thread_id), threads.page(thread_id, collection, cursor, run_id=run_id)
    )
    owned(record, thread_id, tenant)
    return Page(tuple(value for value in page.data if isinstance(value, kind)), page.has_more)


async def object_record(
    objects: ObjectStore, kind: ObjectKind, object_id: str, tenant: str
) -> ObjectRecord:
    """An Assistant or a File. Raises NotFound."""
    check_id(f"{kind}_id", object_id, _PREFIXES[kind])
    record = await objects.get(kind, object_id, tenant=tenant)
    if record is None:
        raise NotFound.object(kind, object_id)
    return record


async def kept_page(
    objects: ObjectStore,
    kind: ObjectKind,
    cursor: Cursor,
    tenant: str,
    keep: Callable[[Sequence[ObjectRecord]], Awaitable[Sequence[_V | None]]],
) -> Page[_V]:
    """A part of a list of which `keep` leaves some out (None): read on until the page is full."""
    backwards = cursor.before is not None and cursor.after is None
    found: list[_V] = []
    part = cursor
    while True:
        page = await objects.page(kind, part, tenant=tenant)
        kept = [value for value in await keep(page.data) if value is not None]
        found = [*kept, *found] if backwards else [*found, *kept]
        if not page.has_more or not page.data or len(found) >= cursor.limit:
            break
        if backwards:
            part = replace(part, before=page.data[0].value.id)
        else:
            part = replace(part, after=page.data[-1].value.id)
    more = page.has_more or len(found) > cursor.limit
    start = max(0, len(found) - cursor.limit) if backwards else 0
    return Page(tuple(found[start : start + cursor.limit]), more)


async def assistant_record(
    objects: ObjectStore, assistant_id: str, tenant: str
) -> tuple[ObjectRecord, Assistant]:
    """An Assistant with its record. Raises NotFound."""
    record = await object_record(objects, "assistant", assistant_id, tenant)
    if not isinstance(record.value, Assistant):
        raise NotFound.object("assistant", assistant_id)
    return record, record.value


async def file_record(
    objects: ObjectStore, file_id: str, tenant: str, now: float
) -> tuple[ObjectRecord, File]:
    """A File with its record. Raises NotFound, also for one that has expired."""
    record = await object_record(objects, "file", file_id, tenant)
    file = living_file(record, now)
    if file is None:
        raise NotFound.object("file", file_id)
    return record, file


def living_file(record: ObjectRecord | None, now: float) -> File | None:
    """The record's File, unless it has expired."""
    file = record.value if record else None
    if not isinstance(file, File) or (file.expires_at is not None and file.expires_at <= now):
        return None
    return file


async def check_files(
    objects: ObjectStore, file_ids: Iterable[str], tenant: str, now: float
) -> None:
    """Refuse ids of Files that are not there."""
    await asyncio.gather(*(file_record(objects, name, tenant, now) for name in file_ids))


async def _member(
    threads: ThreadStore,
    thread_id: str,
    collection: Collection,
    path: str,
    tenant: str,
    name: str,
    kind: type[_D],
) -> _D:
    check_id("thread_id", thread_id, "thread")
    record, found = await asyncio.gather(
        threads.thread(thread_id), threads.get(thread_id, collection, path)
    )
    owned(record, thread_id, tenant)
    if not isinstance(found[0], kind):
        raise NotFound.object(name, path.rpartition("/")[2])
    return found[0]
