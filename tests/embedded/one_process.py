"""A stand-in for one Bobbin process: uses the embedded server and does what stdin says.

Commands, one a line: `set KEY VALUE`, `get KEY`, `pid` (of the server), `count` (INCRs for ever and
prints each acknowledged number), `leave`. Each is answered by one line.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from adapters.redis.connection import Client, connect, decode
from adapters.redis.embedded import embedded_server
from core.clock import SystemClock
from core.errors import StoreError


def say(words: object) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


async def answer(client: Client, words: list[str]) -> str:
    match words:
        case ["set", key, value]:
            await client.set(key, value)
            return "ok"
        case ["get", key]:
            found = await client.get(key)
            return decode(found) if found is not None else "none"
        case ["pid"]:
            asked: Any = client
            info: dict[str, Any] = await asked.info()
            return str(info["process_id"])
        case ["count"]:
            while True:
                say(await client.incr("count"))
        case _:
            return f"what is {words}?"


async def main(data_dir: Path) -> None:
    clock = SystemClock()
    async with embedded_server(data_dir, clock) as server:
        client = await connect(server.url, clock)
        try:
            say("up")
            while (line := await asyncio.to_thread(sys.stdin.readline)) not in {"", "leave\n"}:
                try:
                    say(await answer(client, line.split()))
                except StoreError as error:
                    say(f"error {error}")
        finally:
            await client.aclose()
    say("left")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
