"""What a conversation leaves in the store: taken away in steps that a crash may repeat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.redis.traces import RedisTraces
from core.chat.messages import LastTurn, Session
from core.chat.people import Traces
from core.chat.ports import Answered, GivenUp
from core.errors import ClaimLost
from tests.contracts.chat import ANN, BOB, Chat, answer, message, only_claim, place

HERE, THERE = place("C1"), place("C2")
LATER = 1_800_000_000.5


@pytest.fixture
def traces(chat: Chat) -> Traces:
    return RedisTraces(chat.client, chat.partitions)


async def _answered(chat: Chat, name: str, thread_id: str, **changes: object) -> None:
    await chat.mailbox.accept(message(HERE, name, **changes))
    claim = await only_claim(chat)
    last = LastTurn(turn_id=name, run_id="r", inbounds=(name,), message_ids=(name,), askers=())
    session = replace(claim.session, thread_id=thread_id, title=name, last=last)
    await chat.mailbox.settle(claim, Answered(session))


async def test_all_sessions_are_sealed_and_what_comes_next_is_a_new_one(
    chat: Chat, traces: Traces
) -> None:
    await _answered(chat, "a", "thread_1")
    await chat.sessions.start(HERE, 2.0)
    await _answered(chat, "b", "thread_2")
    assert set(await traces.seal(HERE, "p")) == {"thread_1", "thread_2"}
    assert (await chat.sessions.current(HERE)).ordinal == 3
    await traces.erase(HERE, "p")
    assert await chat.sessions.list(HERE, 10) == []
    assert await chat.sessions.resume(HERE, 1) is None
    assert await chat.sessions.current(HERE) == Session(ordinal=3)


async def test_what_came_after_it_was_sealed_stays_however_often_it_is_done(
    chat: Chat, traces: Traces
) -> None:
    await _answered(chat, "a", "thread_1")
    await traces.seal(HERE, "p")
    await _answered(chat, "b", "thread_2")
    for _ in range(2):
        assert not await traces.halt(HERE, "p")
        assert await traces.seal(HERE, "p") == ("thread_1",)
    for _ in range(2):
        await traces.erase(HERE, "p")
        assert await traces.seal(HERE, "p") == ()
        (left,) = await chat.sessions.list(HERE, 10)
        assert (left.ordinal, left.thread_id) == (2, "thread_2")
    assert await traces.seal(HERE, "the next one") == ("thread_2",)


async def test_erasing_what_was_not_sealed_does_nothing(chat: Chat, traces: Traces) -> None:
    await _answered(chat, "a", "thread_1")
    await traces.erase(HERE, "p")
    assert len(await chat.sessions.list(HERE, 10)) == 1


async def test_waiting_mail_goes_and_the_turn_in_work_is_asked_to_stop(
    chat: Chat, traces: Traces
) -> None:
    await chat.mailbox.accept(message(HERE, "a"))
    claim = await only_claim(chat)
    await chat.mailbox.accept(message(HERE, "b"))
    await chat.mailbox.accept(message(THERE, "c"))
    assert await traces.halt(HERE, "p")
    assert [mail.id for mail in await chat.control.pending(HERE)] == ["a"]
    assert await chat.mailbox.renew([claim]) == ["stop"]
    await chat.mailbox.settle(claim, Answered(claim.session))
    assert not await traces.halt(HERE, "p")
    assert len(await chat.control.pending(THERE)) == 1


async def test_mail_that_nobody_begun_goes_at_once(chat: Chat, traces: Traces) -> None:
    await chat.mailbox.accept(message(HERE, "a"))
    assert not await traces.halt(HERE, "p")
    assert await chat.control.pending(HERE) == ()
    assert await chat.mailbox.claim("w1", 5) == []
    await chat.check_keys()


async def test_an_owner_whose_turn_was_taken_writes_nothing_any_more(
    chat: Chat, traces: Traces
) -> None:
    await chat.mailbox.accept(message(HERE, "a"))
    claim = await only_claim(chat)
    await chat.mailbox.checkpoint(claim, {"thread_id": "thread_9"})
    assert await traces.seal(HERE, "p") == ("thread_9",)
    with pytest.raises(ClaimLost):
        await chat.mailbox.checkpoint(claim, {"thread_id": "thread_9"})
    with pytest.raises(ClaimLost):
        await chat.mailbox.settle(claim, Answered(claim.session))
    assert await chat.mailbox.renew([claim]) == ["lost"]
    assert await traces.seal(HERE, "p") == ("thread_9",)
    await traces.erase(HERE, "p")
    assert await chat.sessions.list(HERE, 10) == []
    await chat.check_keys()


async def test_dead_letters_and_what_is_to_be_shown_go_too(chat: Chat, traces: Traces) -> None:
    for where, name in ((HERE, "a"), (THERE, "b")):
        await chat.mailbox.accept(message(where, name))
        claim = await only_claim(chat)
        await chat.mailbox.settle(claim, GivenUp("no", claim.session))
    await chat.feed.append(HERE, {"text": "said"})
    await traces.seal(HERE, "p")
    await traces.erase(HERE, "p")
    assert [letter.inbound.id for letter in await chat.letters.list(10)] == ["b"]
    assert await chat.feed.read(HERE, "0", 0) == []


async def test_one_persons_mail_is_withdrawn_and_others_wait_on(chat: Chat, traces: Traces) -> None:
    await chat.mailbox.accept(message(HERE, "lost", author=ANN))
    claim = await only_claim(chat)
    await chat.mailbox.settle(claim, GivenUp("no", claim.session))
    await chat.mailbox.accept(message(HERE, "a", author=ANN))
    claim = await only_claim(chat)
    for name, author in (("b", BOB), ("c", ANN), ("d", BOB)):
        await chat.mailbox.accept(message(HERE, name, author=author))
    assert await traces.withdraw(HERE, "ann", LATER) == 2
    assert [mail.id for mail in await chat.control.pending(HERE)] == ["a", "b", "d"]
    assert await chat.letters.list(10) == []
    await chat.mailbox.settle(claim, Answered(claim.session))
    assert [mail.id for mail in (await only_claim(chat)).mail] == ["b", "d"]


async def test_mail_that_came_later_is_not_withdrawn(chat: Chat, traces: Traces) -> None:
    await chat.mailbox.accept(message(HERE, "before", received_at=10.25))
    await chat.mailbox.accept(message(HERE, "after", received_at=10.5))
    assert await traces.withdraw(HERE, "ann", 10.25) == 1
    assert [mail.id for mail in await chat.control.pending(HERE)] == ["after"]


async def test_mail_that_comes_while_a_turn_stops_waits_and_is_answered(
    chat: Chat, traces: Traces
) -> None:
    await chat.mailbox.accept(message(HERE, "a"))
    claim = await only_claim(chat)
    assert await traces.halt(HERE, "p")
    await chat.mailbox.accept(message(HERE, "b"))
    assert await traces.halt(HERE, "p")
    await chat.mailbox.checkpoint(claim, {"thread_id": "thread_1"})
    assert await traces.seal(HERE, "p") == ("thread_1",)
    with pytest.raises(ClaimLost):
        await chat.mailbox.settle(claim, Answered(claim.session))
    new = await only_claim(chat)
    assert ([mail.id for mail in new.mail], new.session.ordinal) == (["b"], 2)
    assert not await traces.halt(HERE, "p")
    assert await traces.seal(HERE, "p") == ("thread_1",)
    assert await chat.mailbox.renew([new]) == ["kept"]
    await traces.erase(HERE, "p")
    await answer(chat, new)
    assert await chat.sessions.resume(HERE, 1) is None


async def test_a_conversation_whose_last_mail_was_withdrawn_is_idle(
    chat: Chat, traces: Traces
) -> None:
    await chat.mailbox.accept(message(HERE, "a", author=ANN))
    assert await traces.withdraw(HERE, "ann", LATER) == 1
    assert await chat.mailbox.claim("w1", 5) == []
    assert (await chat.mailbox.accept(message(HERE, "b", author=BOB))).status == "stored"
    assert [mail.id for mail in (await only_claim(chat)).mail] == ["b"]
