"""The mailbox: what is accepted once comes out once, in order, in turns."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from adapters.redis.mailbox import MailLimits
from core.chat.messages import ConversationKey, LastTurn
from core.chat.ports import Answered
from tests.contracts.chat import Chat, answer, chat_on, ids, message, only_claim, place
from tests.patience import PATIENCE_S

HERE = place("C1")


# --------------------------------------------------------------------------- accepting


async def test_what_was_accepted_comes_out_as_it_went_in(chat: Chat) -> None:
    inbound = message(HERE, "a", text='half \ud83d "and" ü\x00', reply_to="r", kind="regenerate")
    assert (await chat.mailbox.accept(inbound)).status == "stored"
    (mail,) = (await only_claim(chat)).mail
    assert mail == replace(inbound, text='half \ufffd "and" ü\x00')


async def test_a_second_delivery_is_a_duplicate_even_after_the_answer(chat: Chat) -> None:
    assert (await chat.mailbox.accept(message(HERE, "a"))).status == "stored"
    assert (await chat.mailbox.accept(message(HERE, "a"))).status == "duplicate"
    await answer(chat, await only_claim(chat))
    assert (await chat.mailbox.accept(message(HERE, "a"))).status == "duplicate"
    assert await chat.mailbox.claim("w1", 10) == []


async def test_a_duplicate_is_known_in_another_conversation_of_its_channel(chat: Chat) -> None:
    thread = ConversationKey("slack", ("T1", "C1", "1700.1"))
    await chat.mailbox.accept(message(HERE, "a"))
    assert (await chat.mailbox.accept(message(thread, "a"))).status == "duplicate"
    assert (await chat.mailbox.accept(message(place("C2"), "a"))).status == "stored"


async def test_mail_that_still_waits_is_a_duplicate_after_its_event_was_forgotten(
    chat: Chat,
) -> None:
    await chat.mailbox.accept(message(HERE, "a"))
    await chat.forget_event(HERE, "a")
    assert (await chat.mailbox.accept(message(HERE, "a"))).status == "duplicate"
    assert len(await chat.control.pending(HERE)) == 1


async def test_a_full_mailbox_refuses_and_takes_the_same_message_later(chat_url: str) -> None:
    async with chat_on(chat_url, 1, limits=MailLimits(depth=2)) as chat:
        for name in ("a", "b"):
            assert (await chat.mailbox.accept(message(HERE, name))).status == "stored"
        assert (await chat.mailbox.accept(message(HERE, "c"))).status == "full"
        assert (await chat.mailbox.accept(message(place("C2"), "c"))).status == "stored"
        for claim in await chat.mailbox.claim("w1", 10):
            await answer(chat, claim)
        assert (await chat.mailbox.accept(message(HERE, "c"))).status == "stored"
        await chat.check_keys()


async def test_the_accepting_process_gets_the_turn_of_an_idle_conversation(chat: Chat) -> None:
    accepted = await chat.mailbox.accept(message(HERE, "a"), claim_as="w1")
    assert accepted.status == "stored"
    assert not accepted.busy
    assert accepted.claim is not None
    assert ids(accepted.claim) == ["a"]
    assert await chat.mailbox.claim("w2", 10) == []
    second = await chat.mailbox.accept(message(HERE, "b"), claim_as="w1")
    assert (second.claim, second.busy) == (None, True)
    await answer(chat, accepted.claim)
    assert ids(await only_claim(chat)) == ["b"]


async def test_the_accepting_process_queues_up_behind_those_who_wait(chat_url: str) -> None:
    async with chat_on(chat_url, 1) as chat:
        await chat.mailbox.accept(message(place("first"), "a"))
        late = await chat.mailbox.accept(message(place("late"), "b"), claim_as="w1")
        assert late.claim is None
        claims = await chat.mailbox.claim("w1", 10)
        assert [claim.conversation for claim in claims] == [place("first"), place("late")]


async def test_the_doorbell_rings_for_new_mail(chat: Chat) -> None:
    await chat.mailbox.claim("w1", 1)
    for _ in range(100):  # the bell of the start rings once for each partition
        await chat.mailbox.wait(0.01)
        await chat.mailbox.claim("w1", 1)
    async with asyncio.timeout(PATIENCE_S):
        waiting = asyncio.create_task(chat.mailbox.wait(600))
        await asyncio.sleep(0)
        await chat.mailbox.accept(message(HERE, "a"))
        await waiting
    assert ids(await only_claim(chat)) == ["a"]


# --------------------------------------------------------------------------- turns


async def test_a_turn_takes_what_waits_and_the_next_one_what_came_meanwhile(chat: Chat) -> None:
    for name in ("a", "b", "c"):
        await chat.mailbox.accept(message(HERE, name))
    first = await only_claim(chat)
    assert ids(first) == ["a", "b", "c"]
    assert first.turn_id == "a"
    for name in ("d", "e"):
        assert (await chat.mailbox.accept(message(HERE, name))).busy
    assert await chat.mailbox.claim("w2", 10) == []
    await answer(chat, first)
    assert ids(await only_claim(chat)) == ["d", "e"]


async def test_a_turn_is_bounded(chat: Chat) -> None:
    for number in range(60):
        await chat.mailbox.accept(message(HERE, f"m{number}"))
    first = await only_claim(chat)
    assert ids(first) == [f"m{number}" for number in range(50)]
    await answer(chat, first)
    assert ids(await only_claim(chat)) == [f"m{number}" for number in range(50, 60)]


async def test_a_turn_ends_where_the_session_changes(chat: Chat) -> None:
    await chat.mailbox.accept(message(HERE, "a"))
    await chat.sessions.start(HERE, 5.0)
    await chat.mailbox.accept(message(HERE, "b"))
    await chat.mailbox.accept(message(HERE, "c"))
    await chat.sessions.resume(HERE, 1)
    await chat.mailbox.accept(message(HERE, "d"))
    turns: list[tuple[int, list[str]]] = []
    for _ in range(3):
        claim = await only_claim(chat)
        turns.append((claim.session.ordinal, ids(claim)))
        await answer(chat, claim)
    assert turns == [(1, ["a"]), (2, ["b", "c"]), (1, ["d"])]


async def test_a_regenerate_is_a_turn_of_its_own(chat: Chat) -> None:
    await chat.mailbox.accept(message(HERE, "a"))
    await chat.mailbox.accept(message(HERE, "again", kind="regenerate"))
    await chat.mailbox.accept(message(HERE, "twice", kind="regenerate"))
    await chat.mailbox.accept(message(HERE, "b"))
    turns: list[list[str]] = []
    for _ in range(4):
        claim = await only_claim(chat)
        turns.append(ids(claim))
        await answer(chat, claim)
    assert turns == [["a"], ["again"], ["twice"], ["b"]]


async def test_who_waits_longest_is_next_and_a_turn_that_ended_queues_up_again(
    chat_url: str,
) -> None:
    async with chat_on(chat_url, 1) as chat:
        for name in ("C1", "C2", "C3"):
            await chat.mailbox.accept(message(place(name), name))
        (first,) = await chat.mailbox.claim("w1", 1)
        await chat.mailbox.accept(message(place("C1"), "more"))
        await answer(chat, first)
        rest = await chat.mailbox.claim("w1", 10)
        assert [claim.mail[0].id for claim in rest] == ["C2", "C3", "more"]


async def test_the_session_comes_with_the_claim_and_is_saved_with_the_answer(chat: Chat) -> None:
    await chat.mailbox.accept(message(HERE, "a"))
    claim = await only_claim(chat)
    assert claim.session.thread_id is None
    assert claim.session.created_at == claim.mail[0].received_at
    last = LastTurn(
        turn_id="a",
        run_id="run_1",
        inbounds=("a",),
        message_ids=("post-a",),
        askers=("ann",),
        parts=({"part": "a.0", "refs": []},),
    )
    session = replace(
        claim.session,
        thread_id="thread_1",
        title="half \ud83d",
        assistant="tutor",
        last=last,
        edits={"post-a": "text"},
    )
    await chat.mailbox.settle(claim, Answered(session))
    await chat.mailbox.accept(message(HERE, "b"))
    assert (await only_claim(chat)).session == replace(session, title="half \ufffd")


async def test_what_was_saved_while_the_turn_ran_is_kept(chat: Chat) -> None:
    await chat.mailbox.accept(message(HERE, "a"))
    claim = await only_claim(chat)
    outside = replace(await chat.sessions.current(HERE), title="Named", edits={"post-a": "new"})
    await chat.sessions.save(HERE, outside)
    left = replace(claim.session, thread_id="thread_1", edits={"post-a": "old", "post-b": "b"})
    await chat.mailbox.settle(claim, Answered(left))
    stored = await chat.sessions.current(HERE)
    assert (stored.thread_id, stored.title) == ("thread_1", "Named")
    assert stored.edits == {"post-a": "new", "post-b": "b"}
