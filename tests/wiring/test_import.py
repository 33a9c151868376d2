"""`bobbin import FILE`: what the SDK dumped of one server lives on in another, under old ids."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from openai import AsyncOpenAI

from tests.guide.serving import Running, bobbin_api
from tests.story.bot import Bot

OLD: dict[str, Any] = {
    "id": "asst_9dAwyuQMKlXYBMCEZMdO4GTG",
    "object": "assistant",
    "created_at": 1_699_011_999,
    "name": "Math Tutor",
    "description": None,
    "model": "gpt-4-1106-preview",
    "instructions": "You are a personal math tutor.",
    "tools": [{"type": "code_interpreter"}, {"type": "retrieval"}],
    "file_ids": ["file-BK7bzQj3FfZFXr7DbL6xJwfo"],
    "metadata": {},
}
"""As an SDK of November 2023 dumped it."""

STORE: dict[str, Any] = {
    "id": "vs_abc123",
    "object": "vector_store",
    "created_at": 1_713_997_981,
    "name": "Handbook",
    "bytes": 139_920,
    "file_counts": {"in_progress": 0, "completed": 3, "failed": 0, "cancelled": 0, "total": 3},
    "status": "completed",
    "expires_after": {"anchor": "last_active_at", "days": 7},
    "expires_at": 1_714_602_781,
    "last_active_at": 1_713_998_000,
    "metadata": {"team": "blue"},
}
"""With an end that is long past."""

SAID: dict[str, Any] = {
    "id": "msg_1",
    "object": "thread.message",
    "created_at": 1_699_017_614,
    "thread_id": "thread_hardwired",
    "role": "user",
    "content": [{"type": "text", "text": {"value": "Solve 3x + 11 = 14", "annotations": []}}],
    "file_ids": [],
    "assistant_id": None,
    "run_id": None,
    "metadata": {},
}


async def imported(bot: Bot, *words: str) -> CompletedProcess[str]:
    """`bobbin import WORDS`, run to its end."""
    return await asyncio.to_thread(bot.run, "import", *words)


def client_of(running: Running, key: str = "any") -> AsyncOpenAI:
    """The official client of a server."""
    return AsyncOpenAI(base_url=running.url, api_key=key, max_retries=0)


async def test_a_server_moves_with_the_sdk_s_own_dumps(tmp_path: Path) -> None:
    """Pages as `model_dump_json` writes them; every object is the same in its new home."""
    dump = tmp_path / "dump.jsonl"
    async with bobbin_api(Bot(tmp_path / "old")) as old, client_of(old) as client:
        beta = client.beta
        one = await beta.assistants.create(
            model="gpt-4o", name="One", temperature=0.3, metadata={"a": "b"}
        )
        two = await beta.assistants.create(model="gpt-4", tools=[{"type": "code_interpreter"}])
        thread = await beta.threads.create(metadata={"customer": "7"})
        for number in range(5):
            await beta.threads.messages.create(
                thread.id, role="assistant" if number % 2 else "user", content=f"Line {number}"
            )
        listed = await beta.assistants.list()
        messages = await beta.threads.messages.list(thread.id, limit=3)
        rest = await beta.threads.messages.list(thread.id, after=messages.data[-1].id)
        parts = [listed, messages, rest, thread]
        dump.write_text("\n".join(part.model_dump_json() for part in parts), encoding="utf-8")
        said = [*messages.data, *rest.data]
    home = Bot(tmp_path / "new")
    async with bobbin_api(home) as new, client_of(new) as client:
        done = await imported(home, str(dump))
        assert (done.returncode, done.stderr) == (0, "")
        # The declared Math Tutor has the same id in every installation, so it is there already.
        assert done.stdout.splitlines() == [
            "assistants: 2 added, 1 unchanged",
            "threads: 1 added",
            "messages: 5 added",
        ]
        beta = client.beta
        for assistant in (one, two):
            assert await beta.assistants.retrieve(assistant.id) == assistant
        assert await beta.threads.retrieve(thread.id) == thread
        moved = [one async for one in beta.threads.messages.list(thread.id)]
        assert moved == said
        ids = [one.id async for one in beta.assistants.list()]
        assert ids.index(two.id) < ids.index(one.id), "the newest first, as before"
        again = await imported(home, str(dump))
        assert again.returncode == 0
        assert again.stdout.splitlines() == [
            "assistants: 3 unchanged",
            "threads: 1 unchanged",
            "messages: 5 unchanged",
        ]


async def test_old_ids_answer_again(tmp_path: Path) -> None:
    """The first version's shapes; a program with both ids wired into it goes on."""
    page = {"object": "list", "data": [SAID], "first_id": "msg_1", "has_more": False}
    dump = tmp_path / "dump.json"
    dump.write_text(json.dumps([OLD, page], indent=2), encoding="utf-8")
    home = Bot(tmp_path / "home")
    async with bobbin_api(home) as running, client_of(running) as client:
        done = await imported(home, str(dump))
        assert done.returncode == 0, done.stderr
        run = await client.beta.threads.runs.create_and_poll(
            thread_id="thread_hardwired", assistant_id=OLD["id"]
        )
        assert run.status == "completed"
        assert run.model == "gpt-4-1106-preview"
        messages = await client.beta.threads.messages.list("thread_hardwired")
        assert "x = 1" in messages.data[0].content[0].to_json()
        assert messages.data[1].id == "msg_1"
        assert messages.data[1].created_at == SAID["created_at"]


async def test_a_vector_store_keeps_its_id(tmp_path: Path) -> None:
    """Empty, as if used just now, so that an assistant that names it can be given its files."""
    dump = tmp_path / "dump.jsonl"
    resources = {"file_search": {"vector_store_ids": [STORE["id"]]}}
    tutor = {**OLD, "file_ids": [], "tools": [{"type": "file_search"}], "tool_resources": resources}
    dump.write_text("\n".join(map(json.dumps, (tutor, STORE))), encoding="utf-8")
    home = Bot(tmp_path / "home")
    async with bobbin_api(home) as running, client_of(running) as client:
        assert (await imported(home, str(dump))).returncode == 0
        store = await client.vector_stores.retrieve(STORE["id"])
        assert (store.name, store.metadata, store.status) == (
            "Handbook",
            {"team": "blue"},
            "completed",
        )
        assert (store.file_counts.total, store.created_at) == (0, STORE["created_at"])
        assert [one.id async for one in client.vector_stores.list()] == [STORE["id"]]
        file = await client.files.create(file=("a.txt", b"Rain."), purpose="assistants")
        added = await client.vector_stores.files.create_and_poll(
            file.id, vector_store_id=store.id, poll_interval_ms=50
        )
        assert added.status == "completed"
        changed = await client.beta.assistants.update(OLD["id"], name="Again")
        assert changed.to_dict()["tool_resources"] == resources
        again = await imported(home, str(dump))
        assert "vector stores: 1 unchanged" in again.stdout
        store = await client.vector_stores.retrieve(STORE["id"])
        assert store.file_counts.total == 1
        replaced = await imported(home, "--replace", str(dump))
        assert "assistants: 1 replaced" in replaced.stdout


async def test_a_bad_line_is_named_and_the_others_come_in(tmp_path: Path) -> None:
    """By file and line, with the object's id and what to do; the exit code says so."""
    lines: list[Any] = [
        OLD,
        OLD | {"id": "asst_bad", "model": None},
        "{cut",
        SAID,
        SAID | {"id": "msg_2", "thread_id": None},
        {"object": "mystery", "id": "x"},
        {"object": "thread.run", "id": "run_1"},
        {"object": "file", "id": "file-1"},
        STORE,
        STORE | {"id": "vs_bad", "expires_after": {"days": "many"}},
    ]
    dump = tmp_path / "dump.jsonl"
    dump.write_text(
        "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    )
    done = await imported(Bot(tmp_path / "home"), str(dump))
    assert done.returncode == 1
    found = done.stderr.splitlines()
    expected = [
        ("line 2", "asst_bad", "'model'"),
        ("line 3", "no JSON", "column 2"),
        ("line 5", "msg_2", "`thread_id`"),
        ("line 6", "(x)", "'mystery'"),
        ("line 10", "vs_bad", "`expires_after`"),
    ]
    assert len(found) == len(expected)
    for words in expected:
        (line,) = (one for one in found if f"{dump}, {words[0]}" in one)
        assert all(word in line for word in words), line
    assert done.stdout.splitlines() == [
        "assistants: 1 added",
        "vector stores: 1 added",
        "threads: 1 added",
        "messages: 1 added",
        "vector stores are empty: upload their files, and add them",
        "left out: 1 file (a dump has no bytes: upload them again)",
        "left out: 1 thread.run (Runs are over: only what was said is imported)",
    ]


async def test_several_files_and_what_cannot_be_read(tmp_path: Path) -> None:
    """A Thread whose pages lie in two files is one; a file that is not there is a sentence."""
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    newer = SAID | {"id": "msg_2", "created_at": SAID["created_at"] + 9}
    first.write_text(json.dumps({"object": "list", "data": [newer]}))
    second.write_text(json.dumps({"object": "list", "data": [SAID]}))
    home = Bot(tmp_path / "home")
    done = await imported(home, str(first), str(second))
    assert done.stdout.splitlines()[1:] == ["threads: 1 added", "messages: 2 added"]
    async with bobbin_api(home) as running, client_of(running) as client:
        listed = await client.beta.threads.messages.list("thread_hardwired")
        assert [one.id for one in listed.data] == ["msg_2", "msg_1"]
    broken = tmp_path / "latin.json"
    broken.write_bytes(b'{"name": "\xe9"}')
    for name, words in ((broken, "UTF-8"), (tmp_path / "none.json", "cannot be read")):
        done = await imported(home, str(name))
        assert done.returncode == 2
        assert words in done.stderr
        assert str(name) in done.stderr
        assert "Traceback" not in done.stderr


async def test_whose_they_become(tmp_path: Path) -> None:
    """With keys apart an import says whose the objects are."""
    dump = tmp_path / "dump.json"
    dump.write_text(json.dumps(OLD))
    keys: Mapping[str, str] = {"BOBBIN_API_KEYS": "sk-a,sk-b", "BOBBIN_API_TENANTS": "keys"}
    home = Bot(tmp_path / "home", dict(keys))
    done = await imported(home, str(dump))
    assert done.returncode == 2
    assert "--key 1 to --key 2" in done.stderr
    assert (await imported(home, str(dump), "--key", "2")).returncode == 0
    async with bobbin_api(home) as running:
        for key, there in (("sk-a", []), ("sk-b", [OLD["id"]])):
            async with client_of(running, key) as client:
                assert [one.id async for one in client.beta.assistants.list()] == there
    shared = Bot(tmp_path / "other")
    done = await imported(shared, str(dump), "--key", "1")
    assert done.returncode == 2
    assert "BOBBIN_API_TENANTS" in done.stderr
