"""Sessions: one is current, earlier ones can be returned to, and none loses its Thread."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.chat.messages import LastTurn, Session
from core.chat.ports import Answered
from tests.contracts.chat import Chat, message, place

HERE = place("C1")


async def say(chat: Chat, name: str, thread_id: str) -> Session:
    """One answered turn in the current session."""
    await chat.mailbox.accept(message(HERE, name))
    (claim,) = await chat.mailbox.claim("w1", 1)
    session = replace(claim.session, thread_id=thread_id, title=f"about {name}")
    await chat.mailbox.settle(claim, Answered(session))
    return session


async def test_a_conversation_begins_in_its_first_session(chat: Chat) -> None:
    assert await chat.sessions.current(HERE) == Session(ordinal=1)
    assert await chat.sessions.resume(HERE, 1) == Session(ordinal=1)
    assert await chat.stored() == []


async def test_new_sessions_count_up_and_know_when_they_began(chat: Chat) -> None:
    second = await chat.sessions.start(HERE, 1_700_000_000.5)
    assert second == Session(ordinal=2, created_at=1_700_000_000.5)
    assert await chat.sessions.current(HERE) == second
    await chat.sessions.resume(HERE, 1)
    assert (await chat.sessions.start(HERE, 2.0)).ordinal == 3
    assert (await chat.sessions.current(place("C2"))).ordinal == 1


async def test_an_earlier_session_is_returned_to_as_it_was(chat: Chat) -> None:
    first = await say(chat, "a", "thread_1")
    await chat.sessions.start(HERE, 2.0)
    assert (await chat.sessions.current(HERE)).thread_id is None
    assert await chat.sessions.resume(HERE, 1) == first
    assert await chat.sessions.current(HERE) == first


@pytest.mark.parametrize("ordinal", [0, -1, 3, 10**30])
async def test_a_session_that_never_was_cannot_be_resumed(chat: Chat, ordinal: int) -> None:
    second = await chat.sessions.start(HERE, 2.0)
    assert await chat.sessions.resume(HERE, ordinal) is None
    assert await chat.sessions.current(HERE) == second


async def test_the_list_shows_sessions_in_which_something_was_said(chat: Chat) -> None:
    spoken: list[Session] = []
    for number in range(1, 13):
        if number % 2:
            spoken.insert(0, await say(chat, f"m{number}", f"thread_{number}"))
        await chat.sessions.start(HERE, float(number))
    assert await chat.sessions.list(HERE, 20) == spoken
    assert await chat.sessions.list(HERE, 2) == spoken[:2]
    assert await chat.sessions.list(place("C2"), 20) == []


async def test_saving_changes_title_and_edits(chat: Chat) -> None:
    session = await say(chat, "a", "thread_1")
    saved = replace(session, title="Name", edits={"post-a": 'new "text"'})
    await chat.sessions.save(HERE, saved)
    assert await chat.sessions.current(HERE) == saved
    plain = replace(saved, title="", edits={})
    await chat.sessions.save(HERE, plain)
    assert await chat.sessions.current(HERE) == plain


async def test_saving_what_was_read_before_a_turn_ended_does_not_take_that_turn_back(
    chat: Chat,
) -> None:
    before = await chat.sessions.current(HERE)
    after = await say(chat, "a", "thread_1")
    await chat.sessions.save(HERE, replace(before, title="Name"))
    assert await chat.sessions.current(HERE) == replace(after, title="Name")


async def test_saving_stores_a_thread_where_there_is_none(chat: Chat) -> None:
    last = LastTurn(
        turn_id="t", run_id="run_1", inbounds=("a",), message_ids=("p",), askers=("ann",)
    )
    whole = Session(ordinal=4, thread_id="thread_1", created_at=3.0, last=last)
    await chat.sessions.save(HERE, whole)
    assert await chat.sessions.list(HERE, 5) == [whole]
    assert await chat.sessions.resume(HERE, 4) == whole
    assert (await chat.sessions.start(HERE, 9.0)).ordinal == 5
