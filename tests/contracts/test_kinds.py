"""Which kinds of events an account was sent, and when last."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.redis.connection import connect
from adapters.redis.kinds import RedisKinds
from core.chat.hearing import Kinds
from core.clock import SystemClock
from tests.contracts.key_leaks import assert_no_leaks
from tests.fakes.kinds import FakeKinds
from tests.servers import Server


@pytest.fixture(params=["fake", "redis"])
async def kinds(request: pytest.FixtureRequest, chat_server: Server) -> AsyncIterator[Kinds]:
    if request.param == "fake":
        yield FakeKinds()
        return
    chat_server.ask("FLUSHALL")
    client = await connect(chat_server.url, SystemClock())
    yield RedisKinds(client, 4)
    await assert_no_leaks(client)
    await client.aclose()


async def test_each_kind_has_the_moment_when_it_came_last(kinds: Kinds) -> None:
    assert await kinds.kinds("slack:T1") == {}
    await kinds.heard("slack:T1", {"app_mention": 1_700_000_000.5, "message.im": 1_700_000_001})
    await kinds.heard("slack:T1", {"app_mention": 1_700_000_060})
    assert await kinds.kinds("slack:T1") == {
        "app_mention": 1_700_000_060,
        "message.im": 1_700_000_001,
    }


async def test_accounts_are_kept_apart(kinds: Kinds) -> None:
    await kinds.heard("slack:T1", {"app_mention": 1_700_000_000})
    assert await kinds.kinds("slack:T2") == {}
