"""`bobbin import FILE`: assistants and threads of another service, under their own ids."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from bots.dumps import Broken, Found, objects_in
from config.logs import configure_logging
from config.settings import Settings, load_settings
from core.assistants import Assistant, Json, Message, Thread, VectorStore
from core.clock import SystemClock
from core.engine.service.imported import (
    assistant_of,
    id_of,
    message_of,
    thread_of,
    vector_store_of,
)
from core.engine.service.importing import Importing, ThreadCame, in_order
from core.engine.service.vector_stores import VectorStores
from core.errors import ConfigurationError, InvalidRequest
from core.ids import RandomIds

_LEFT_OUT: Final = {
    "thread.run": "Runs are over: only what was said is imported",
    "thread.run.step": "Runs are over: only what was said is imported",
    "file": "a dump has no bytes: upload them again",
    "vector_store.file": "a dump has no bytes: upload them, and add them to their vector store",
    "vector_store.files_batch": "batches are over: only vector stores are imported",
    "assistant.file": "the assistant names its files itself",
    "thread.message.file": "the message names its files itself",
}
"""Kinds of objects that are known and not imported, and why."""

_BY_ID: Final = {
    "asst_": "assistant",
    "thread_": "thread",
    "msg_": "thread.message",
    "vs_": "vector_store",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to import, and for whom."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="JSON or JSONL: list pages, arrays, or an object a line; - is standard input",
    )
    parser.add_argument(
        "--replace", action="store_true", help="overwrite objects that are there already"
    )
    parser.add_argument(
        "--key",
        type=int,
        metavar="N",
        help="with BOBBIN_API_TENANTS=keys: they become the N-th key's of BOBBIN_API_KEYS",
    )


def run(options: argparse.Namespace) -> int:
    """Import; 1 if anything could not be."""
    settings = load_settings()
    configure_logging(settings.bobbin_log)
    dump = Dump()
    for name in options.files:
        dump.read(name, _text_of(name))
    tenant = _tenant(settings, options.key)
    asyncio.run(_write(settings, dump, tenant, replace=options.replace))
    for problem in dump.problems:
        print(f"bobbin: {problem}", file=sys.stderr)
    for line in dump.summary():
        print(line)
    return 1 if dump.problems else 0


@dataclass(slots=True)
class _Said:
    """A Message and where it stands."""

    where: str
    message: Message
    listed: bool


@dataclass(slots=True)
class _Declared:
    """An Assistant, and what only the engine knows of it."""

    assistant: Assistant
    state: Json
    listed: bool


@dataclass(slots=True)
class Dump:
    """What was found in the files, and what became of it."""

    assistants: dict[str, _Declared] = field(default_factory=dict[str, _Declared])
    stores: dict[str, tuple[str, VectorStore]] = field(
        default_factory=dict[str, tuple[str, VectorStore]]
    )
    threads: dict[str, tuple[str, Thread]] = field(default_factory=dict[str, tuple[str, Thread]])
    messages: dict[str, list[_Said]] = field(default_factory=dict[str, list[_Said]])
    problems: list[str] = field(default_factory=list[str])
    left_out: Counter[str] = field(default_factory=Counter[str])
    came: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    late: list[str] = field(default_factory=list[str])

    def read(self, name: str, text: str) -> None:
        """Take in one file."""
        for found in objects_in(text):
            where = f"{name}, line {found.line}"
            if isinstance(found, Broken):
                self.problems.append(f"{where}: {found.sentence}.")
            else:
                self._take(where, found)

    def _take(self, where: str, found: Found) -> None:
        kind = _kind_of(found.body)
        try:
            if kind == "assistant":
                assistant, state = assistant_of(found.body)
                declared = _Declared(assistant, state, found.listed)
                self.assistants[assistant.id] = declared
            elif kind == "vector_store":
                store = vector_store_of(found.body)
                self.stores[store.id] = (where, store)
            elif kind == "thread":
                thread = thread_of(found.body)
                self.threads[thread.id] = (where, thread)
                for one in _messages_of(found.body):
                    body = {"thread_id": thread.id, **one}
                    self._take(where, Found(found.line, body, listed=True))
            elif kind == "thread.message":
                message = message_of(found.body)
                said = _Said(where, message, found.listed)
                self.messages.setdefault(message.thread_id, []).append(said)
            elif kind in _LEFT_OUT:
                self.left_out[kind] += 1
            else:
                raise InvalidRequest(
                    f"it is of no known kind (`object` is {found.body.get('object')!r}); "
                    "assistants, threads and messages are imported"
                )
        except InvalidRequest as error:
            self.refuse(where, found.body, error)

    def refuse(self, where: str, body: dict[str, Any], error: InvalidRequest) -> None:
        """Note that an object was not taken."""
        own = body.get("id")
        name = f" ({own[:80]})" if isinstance(own, str) else ""
        self.problems.append(f"{where}{name}: {error.message.removesuffix('.')}.")

    def note(self, came: ThreadCame, thread_id: str) -> None:
        """Count what became of a Thread and its Messages."""
        self.came["threads", came.thread] += 1
        for how in ("added", "replaced", "unchanged"):
            self.came["messages", how] += getattr(came, how)
        if came.late:
            self.late.append(
                f"{thread_id}: {came.late} messages are older than what was there; they stand "
                "behind it"
            )

    def summary(self) -> list[str]:
        """What came of it, a line for each kind."""
        lines: list[str] = []
        for kind in ("assistants", "vector stores", "threads", "messages"):
            if kind == "vector stores" and not self.stores:
                continue
            parts = [
                f"{self.came[kind, how]} {how}"
                for how in ("added", "replaced", "unchanged")
                if self.came[kind, how]
            ]
            lines.append(f"{kind}: {', '.join(parts) or 'none'}")
        if self.came["vector stores", "added"]:
            lines.append("vector stores are empty: upload their files, and add them")
        lines += self.late
        lines += [
            f"left out: {count} {kind} ({_LEFT_OUT[kind]})"
            for kind, count in sorted(self.left_out.items())
        ]
        return lines


async def _write(settings: Settings, dump: Dump, tenant: str, *, replace: bool) -> None:
    from bots.wiring.engine import open_services
    from bots.wiring.store import open_store

    clock = SystemClock()
    async with (
        open_store(settings, clock) as store,
        open_services(store, settings, clock, RandomIds()) as engine,
    ):
        await _write_assistants(engine.importing, dump, tenant, replace=replace)
        await _write_stores(engine.vector_stores, dump, tenant, replace=replace)
        for thread_id in dict.fromkeys([*dump.threads, *dump.messages]):
            await _write_thread(engine.importing, dump, thread_id, tenant, replace=replace)


async def _write_assistants(
    importing: Importing, dump: Dump, tenant: str, *, replace: bool
) -> None:
    given = list(dump.assistants.values())
    listed = bool(given) and given[0].listed
    for assistant in in_order([one.assistant for one in given], newest_first=listed):
        state = dump.assistants[assistant.id].state
        came = await importing.assistant(assistant, state, tenant=tenant, replace=replace)
        dump.came["assistants", came] += 1


async def _write_stores(
    vector_stores: VectorStores, dump: Dump, tenant: str, *, replace: bool
) -> None:
    for where, store in dump.stores.values():
        try:
            came = await vector_stores.take_in(store, tenant=tenant, replaces=replace)
        except InvalidRequest as error:
            dump.refuse(where, {"id": store.id}, error)
        else:
            dump.came["vector stores", came] += 1


async def _write_thread(
    importing: Importing, dump: Dump, thread_id: str, tenant: str, *, replace: bool
) -> None:
    said = dump.messages.get(thread_id, [])
    where, thread = dump.threads.get(thread_id, (said[0].where if said else "", None))
    unique = {one.message.id: one.message for one in said}
    listed = bool(said) and said[0].listed
    messages = in_order(list(unique.values()), newest_first=listed)
    try:
        came = await importing.thread(thread_id, thread, messages, tenant=tenant, replace=replace)
    except InvalidRequest as error:
        dump.refuse(where, {"id": thread_id}, error)
    else:
        dump.note(came, thread_id)


def _kind_of(body: dict[str, Any]) -> str:
    kind = body.get("object")
    if isinstance(kind, str):
        return kind
    try:
        own = id_of(body, "")
    except InvalidRequest:
        return ""
    return next((kind for prefix, kind in _BY_ID.items() if own.startswith(prefix)), "")


def _messages_of(body: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """Messages that somebody's own dump put into their Thread."""
    inner: Any = body.get("messages")
    if isinstance(inner, dict):
        inner = cast("dict[str, Any]", inner).get("data")
    listed = cast("list[Any]", inner) if isinstance(inner, list) else []
    return [cast("dict[str, Any]", one) for one in listed if isinstance(one, dict)]


def _text_of(name: str) -> str:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return data.decode("utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{name} is not UTF-8 text: {error}.") from error


def _tenant(settings: Settings, number: int | None) -> str:
    """Whose the objects become."""
    keys = settings.api_keys
    if settings.bobbin_api_tenants == "shared":
        if number is not None:
            raise ConfigurationError("--key is for BOBBIN_API_TENANTS=keys; here all keys share.")
        return ""
    number = 1 if number is None and len(keys) == 1 else number
    if number is None or not 1 <= number <= len(keys):
        raise ConfigurationError(
            f"BOBBIN_API_TENANTS=keys: say whose the objects become, --key 1 to --key {len(keys)} "
            "(the place of the key in BOBBIN_API_KEYS)."
        )
    from adapters.http.auth import tenant_of_key

    return tenant_of_key(keys[number - 1])
