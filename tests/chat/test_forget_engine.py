"""Being forgotten by the real engine: the store is searched for every word that was said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from adapters.redis.connection import Client
from bots.wiring.chat import open_chat, open_chat_stores
from core.assistants import files_of_message
from core.chat.dispatcher import DispatcherLimits
from core.chat.messages import Inbound, InFile, Said, Setting
from core.chat.policy import Policy
from core.chat.ports import Assistants
from core.chat.relay import RelayLimits
from core.chat.roster import Roster
from core.chat.text.speakers import attribute
from core.clock import SystemClock
from tests.chat.flow import ANN, BOB, Places, Process, emptied, place
from tests.contracts.services import served
from tests.fakes.platform import FakePlatform
from tests.servers import Server

SECRET = "xylophone"
"""A word that nothing else says."""


class Attached:
    """`ChatSource`: every file is a picture, as far as anybody looks."""

    async def before(self, inbound: Inbound, limit: int) -> tuple[Said, ...]:
        return ()

    async def fetch(self, inbound: Inbound, file: InFile, most_bytes: int) -> bytes:
        return b"\x89PNG\r\n\x1a\n" + inbound.author.id.encode()


@dataclass(frozen=True, slots=True)
class Real:
    """A bot on the real engine, and what it keeps in the store."""

    bot: Process
    service: Assistants
    platform: FakePlatform
    client: Client

    async def says(self, text: str, name: str, **changes: Any) -> None:
        """Somebody writes, with a file; once it is answered."""
        inbound = Inbound(
            id=name,
            message_id=name,
            conversation=place(),
            author=ANN,
            text=text,
            received_at=1.0,
            files=(InFile(ref=name, name=f"{SECRET}.png"),) if text[0] != "!" else (),
        )
        await self.bot.chat.intake.deliver(replace(inbound, **changes))
        await self.bot.is_idle(where=place())

    async def places_of(self, word: str) -> list[str]:
        """Keys that have this word in their name or in what they hold."""
        asked: Any = self.client
        found: list[str] = []
        async for key in asked.scan_iter(count=1000):
            dumped = await _whole(asked, key)
            if word.encode() in key + dumped:
                found.append(key.decode())
        return found


async def _whole(asked: Any, key: bytes) -> bytes:
    match (await asked.type(key)).decode():
        case "string":
            return await asked.get(key) or b""
        case "hash":
            return repr(await asked.hgetall(key)).encode()
        case "list":
            return repr(await asked.lrange(key, 0, -1)).encode()
        case "set":
            return repr(await asked.smembers(key)).encode()
        case "zset":
            return repr(await asked.zrange(key, 0, -1)).encode()
        case _:
            return repr(await asked.xrange(key)).encode()


@asynccontextmanager
async def real(chat_server: Server, folder: Path) -> AsyncIterator[Real]:
    platform = FakePlatform()
    async with (
        emptied(chat_server) as client,
        served("engine", chat_server.url, folder) as subject,
        open_chat_stores(client, 1, lease_s=30.0) as stores,
        open_chat(
            stores,
            subject.service,
            {"fake": platform},
            Places(),
            SystemClock(),
            roster=Roster((), "tutor"),
            relay=RelayLimits(),
            dispatcher=DispatcherLimits(owner="one", lease_s=30.0, sweep_s=0.1, drain_s=0.3),
            policy=Policy(),
            owner_is_gone=lambda _: False,
            sources={"fake": Attached()},
        ) as chat,
    ):
        yield Real(Process(chat, "one"), subject.service, platform, client)


async def test_no_word_of_a_forgotten_talk_is_left_in_the_store(
    chat_server: Server, tmp_path: Path
) -> None:
    async with real(chat_server, tmp_path) as world:
        await world.says(f"my {SECRET}", "m1")
        await world.says(f"more of the {SECRET}", "m2")
        before = await world.places_of(SECRET)
        await world.says("!forget", "m3")
        await world.says("!forget yes", "m4")
        await world.platform.until_shown(place(), "Forgotten")
        after = await world.places_of(SECRET)
        files = await world.places_of("file-")
    assert any(":messages" in key for key in before)
    assert any(":file:" in key for key in before)
    assert after == []
    assert [key for key in files if ":gone:" not in key] == []


async def test_of_a_shared_talk_only_ones_own_words_are_gone(
    chat_server: Server, tmp_path: Path
) -> None:
    shared = Setting(shared=True)
    async with real(chat_server, tmp_path) as world:
        await world.says("my marimba", "m1", setting=shared)
        await world.says("his bassoon", "m2", setting=shared, author=BOB)
        await world.says("!forget", "m3", setting=shared)
        await world.says("!forget yes", "m4", setting=shared)
        await world.platform.until_shown(place(), "Forgotten")
        (session,) = await world.bot.chat.stores.sessions.list(place(), 5)
        assert session.thread_id is not None
        said = await world.service.messages(session.thread_id, run_id=None, limit=100)
        questions = [message for message in said if message.role == "user"]
        files = [name for message in questions for name in files_of_message(message)]
        pictures = [(await world.service.file(name))[1] for name in files]
    assert [message.text for message in questions] == [attribute("Bob", "his bassoon", tag="bob")]
    assert [picture[8:] for picture in pictures] == [b"bob"]
    assert len(said) == 3
