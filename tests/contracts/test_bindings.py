"""Which Assistant a session has: chosen, taken along, returned to; nothing else takes it back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Protocol

import pytest

from adapters.redis.connection import connect
from adapters.redis.sessions import RedisSessions
from core.chat.choosing import Bindings
from core.chat.messages import Session
from core.chat.ports import Answered, Sessions
from core.clock import SystemClock
from tests.contracts.chat import Chat, message, place
from tests.contracts.key_leaks import assert_no_leaks
from tests.fakes.sessions import FakeSessions
from tests.servers import Server

HERE, THERE = place("C1"), place("C2")


class Bound(Sessions, Bindings, Protocol):
    """Both ports on one store."""


@pytest.fixture(params=["fake", "redis"])
async def sessions(request: pytest.FixtureRequest, chat_server: Server) -> AsyncIterator[Bound]:
    if request.param == "fake":
        yield FakeSessions()
        return
    chat_server.ask("FLUSHALL")
    client = await connect(chat_server.url, SystemClock())
    yield RedisSessions(client, 1)
    await assert_no_leaks(client)
    await client.aclose()


async def test_nothing_is_chosen_at_first(sessions: Bound) -> None:
    assert (await sessions.current(HERE)).assistant is None


async def test_a_choice_is_the_current_sessions(sessions: Bound) -> None:
    bound = await sessions.bind(HERE, "physics")
    assert bound == Session(ordinal=1, assistant="physics")
    assert await sessions.current(HERE) == bound
    assert (await sessions.current(THERE)).assistant is None
    await sessions.bind(HERE, "tutor")
    assert (await sessions.current(HERE)).assistant == "tutor"


async def test_a_new_session_takes_the_choice_along(sessions: Bound) -> None:
    await sessions.bind(HERE, "physics")
    second = await sessions.start(HERE, 2.0)
    assert second == Session(ordinal=2, assistant="physics", created_at=2.0)
    assert await sessions.current(HERE) == second


async def test_unless_it_begins_afresh(sessions: Bound) -> None:
    await sessions.bind(HERE, "physics")
    assert (await sessions.start(HERE, 2.0, afresh=True)).assistant is None
    assert (await sessions.current(HERE)).assistant is None


async def test_an_earlier_session_comes_back_with_its_own(sessions: Bound) -> None:
    await sessions.bind(HERE, "physics")
    await sessions.start(HERE, 2.0)
    await sessions.bind(HERE, "poetry")
    first = await sessions.resume(HERE, 1)
    assert first is not None
    assert first.assistant == "physics"
    assert (await sessions.start(HERE, 3.0)).assistant == "physics"
    second = await sessions.resume(HERE, 2)
    assert second is not None
    assert second.assistant == "poetry"


async def test_a_session_that_is_not_current_can_be_bound(sessions: Bound) -> None:
    await sessions.start(HERE, 2.0)
    bound = await sessions.bind(HERE, "physics", ordinal=1)
    assert (bound.ordinal, bound.assistant) == (1, "physics")
    current = await sessions.current(HERE)
    assert (current.ordinal, current.assistant) == (2, None)


async def test_a_choice_changes_nothing_else(sessions: Bound) -> None:
    saved = Session(ordinal=1, title="Primes", edits={"p": "new"})
    await sessions.save(HERE, saved)
    assert await sessions.bind(HERE, "physics") == replace(saved, assistant="physics")


async def test_what_was_read_before_a_choice_does_not_take_it_back(sessions: Bound) -> None:
    before = await sessions.current(HERE)
    await sessions.bind(HERE, "physics")
    await sessions.save(HERE, replace(before, title="Primes"))
    assert await sessions.current(HERE) == Session(ordinal=1, title="Primes", assistant="physics")


async def test_a_turn_that_ends_does_not_take_a_choice_back(chat: Chat) -> None:
    await chat.mailbox.accept(message(HERE, "a"))
    (claim,) = await chat.mailbox.claim("w1", 1)
    await chat.sessions.bind(HERE, "physics")
    session = replace(claim.session, thread_id="thread_1", title="Primes")
    await chat.mailbox.settle(claim, Answered(session))
    assert await chat.sessions.current(HERE) == replace(session, assistant="physics")


async def test_a_turn_that_begins_later_has_what_was_chosen(chat: Chat) -> None:
    await chat.mailbox.accept(message(HERE, "a"))
    await chat.sessions.bind(HERE, "physics")
    (claim,) = await chat.mailbox.claim("w1", 1)
    assert claim.session.assistant == "physics"
    await chat.mailbox.settle(claim, Answered(claim.session))


async def test_mail_keeps_the_wish_that_came_with_it(chat: Chat) -> None:
    await chat.mailbox.accept(message(HERE, "a", assistant="physics"))
    (claim,) = await chat.mailbox.claim("w1", 1)
    assert [one.assistant for one in claim.mail] == ["physics"]
    await chat.mailbox.settle(claim, Answered(claim.session))
