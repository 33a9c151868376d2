"""Whether every key of a store is in the table of keys, and none has outlived its use."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

from adapters.redis import keys
from adapters.redis.connection import Client, decode

_PART = re.compile(r"<[^>]*>")
_KEY = re.compile(rf"{keys.PREFIX}(?:\{{(?P<family>[a-z]):\d+\}}:)?(?P<name>.+)")
_LOOKS = 20
_STATES = {"ready": "ready", "leased": "leases", "due": "due", "kept": "kept"}


@dataclass(frozen=True, slots=True)
class StoredKey:
    """One key of a store."""

    key: str
    base: str
    """What its partition's keys begin with."""
    row: keys.Key


async def assert_no_leaks(client: Client) -> list[StoredKey]:
    """All keys of the store, after these checks:

    each matches a row of the table, and has its type; what has a time to live in the table has
    one; a claim's item waits or is held; a part of a Thread belongs to a Thread that exists.
    """
    commands: Any = client
    found: list[StoredKey] = []
    async for raw in commands.scan_iter(count=1000):
        key = decode(raw)
        match = _KEY.fullmatch(key)
        assert match is not None, f"{key} is none of ours"
        kind = decode(await commands.type(key))
        if kind == "none":
            continue  # it has just run out
        rows = [
            row
            for row in keys.TABLE
            if row.family == match["family"] and _pattern(row).fullmatch(match["name"])
        ]
        assert rows, f"{key} is not in the table of keys"
        row = rows[0]
        assert kind == row.type, f"{key} is a {kind}, the table says {row.type}"
        base = key[: match.start("name")]
        if row.stays not in (keys.PERMANENT, "while in use"):
            assert await commands.ttl(key) != -1, f"{key} stays for ever"
        if row.pattern == "claim:<item>":
            await _assert_item_is_there(commands, base, key)
        elif row.pattern.startswith("thread:<thread>:") and row.stays == keys.PERMANENT:
            head = base + ":".join(match["name"].split(":")[:2])
            assert await commands.exists(head), f"{key} has outlived its Thread"
        elif row.pattern.startswith("store:<store>:"):
            head = base + ":".join(match["name"].split(":")[:2])
            assert await commands.exists(head), f"{key} has outlived its vector store"
        found.append(StoredKey(key, base, row))
    return found


def _pattern(row: keys.Key) -> re.Pattern[str]:
    """Conversations and items have colons in them; ids, tenants and tokens have none."""
    parts = _PART.split(row.pattern)
    gap = "[^:]*" if row.family in ("t", "o", "v") and "<item>" not in row.pattern else ".+"
    return re.compile(gap.join(re.escape(part) for part in parts))


async def _assert_item_is_there(commands: Any, base: str, key: str) -> None:
    """A worker may move the item between two looks, so what does not fit is looked at again."""
    item = key.removeprefix(f"{base}claim:")
    state = ""
    for _ in range(_LOOKS):
        found = await commands.hget(key, "state")
        if found is None:
            return  # it has just been settled
        state = decode(found)
        place = f"{base}{_STATES[state]}"
        look = commands.lpos if state == "ready" else commands.zscore
        if await look(place, item) is not None:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{key} says {state}, and is not there")
