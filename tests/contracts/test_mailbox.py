"""The mailbox: what is accepted is answered once, in order, by one owner at a time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.redis.mailbox import MailLimits, RedisMailbox
from core.chat.messages import ConversationKey, LastTurn
from core.chat.ports import Answered, GivenUp, HandedOver, TryAgain, TurnClaim
from core.errors import ClaimLost, StoreError
from tests.contracts.chat import ANN, Chat, chat_on, message, place
from tests.servers import redis_server

HERE = place("C1")


async def only_claim(chat: Chat, owner: str = "w1") -> TurnClaim:
    (claim,) = await chat.mailbox.claim(owner, 10)
    return claim


def ids(claim: TurnClaim) -> list[str]:
    return [inbound.id for inbound in claim.mail]


async def answer(chat: Chat, claim: TurnClaim) -> None:
    await chat.mailbox.settle(claim, Answered(claim.session))


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
    async with asyncio.timeout(10):
        waiting = asyncio.create_task(chat.mailbox.wait(30))
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


# --------------------------------------------------------------------------- ownership


async def test_a_later_owner_gets_the_same_turn_and_the_checkpoint(chat: Chat) -> None:
    for name in ("a", "b"):
        await chat.mailbox.accept(message(HERE, name))
    first = await only_claim(chat)
    await chat.mailbox.checkpoint(first, {"run": "run_1", "parts": []})
    await chat.mailbox.accept(message(HERE, "c"))
    assert await chat.expire(HERE)
    second = await only_claim(chat, "w2")
    assert ids(second) == ["a", "b"]
    assert second.checkpoint == {"run": "run_1", "parts": []}
    assert (second.lost, second.attempts) == (1, 0)
    assert second.epoch > first.epoch


async def test_an_owner_that_lost_its_turn_writes_nothing(chat: Chat) -> None:
    await chat.mailbox.accept(message(HERE, "a"))
    first = await only_claim(chat)
    await chat.expire(HERE)
    second = await only_claim(chat, "w2")
    with pytest.raises(ClaimLost):
        await chat.mailbox.checkpoint(first, {"late": True})
    with pytest.raises(ClaimLost):
        await chat.mailbox.settle(first, Answered(replace(first.session, thread_id="wrong")))
    with pytest.raises(ClaimLost):
        await chat.mailbox.settle(first, TryAgain(1.0, counts=True, checkpoint={}))
    with pytest.raises(ClaimLost):
        await chat.mailbox.settle(first, HandedOver())
    assert await chat.mailbox.renew([first, second]) == ["lost", "kept"]
    await answer(chat, second)
    assert (await chat.sessions.current(HERE)).thread_id is None
    assert await chat.control.pending(HERE) == ()


async def test_renewing_and_checkpoints_extend_the_lease(chat_url: str) -> None:
    async with chat_on(chat_url, 1, lease_ms=60_000) as chat:
        await chat.mailbox.accept(message(HERE, "a"))
        claim = await only_claim(chat)
        for extend in ("renew", "checkpoint"):
            await chat.expire(HERE)
            if extend == "renew":
                assert await chat.mailbox.renew([claim]) == ["kept"]
            else:
                await chat.mailbox.checkpoint(claim, {})
            assert await chat.mailbox.claim("w2", 1) == []


async def test_a_lease_runs_out_by_the_servers_clock(chat_url: str) -> None:
    async with chat_on(chat_url, 1, lease_ms=30) as chat:
        await chat.mailbox.accept(message(HERE, "a"), claim_as="w1")
        claims: list[TurnClaim] = []
        async with asyncio.timeout(10):
            while not claims:
                claims = await chat.mailbox.claim("w2", 1)
        assert claims[0].lost == 1


async def test_settling_twice_counts_once(chat: Chat) -> None:
    for name in ("a", "b"):
        await chat.mailbox.accept(message(HERE, name))
        claim = await only_claim(chat)
        await chat.mailbox.accept(message(HERE, f"{name}2"))
        for _ in range(2):
            await answer(chat, claim)
        assert [inbound.id for inbound in await chat.control.pending(HERE)] == [f"{name}2"]
        await answer(chat, await only_claim(chat))


async def test_a_turn_to_try_again_is_put_off_and_keeps_all_it_had(chat: Chat) -> None:
    await chat.mailbox.accept(message(HERE, "a"))
    first = await only_claim(chat)
    for _ in range(2):
        await chat.mailbox.settle(first, TryAgain(300, counts=True, checkpoint={"step": 1}))
    await chat.mailbox.accept(message(HERE, "b"))
    assert await chat.mailbox.claim("w1", 10) == []
    assert await chat.expire(HERE, "due")
    second = await only_claim(chat)
    assert ids(second) == ["a"]
    assert (second.attempts, second.lost, second.checkpoint) == (1, 0, {"step": 1})
    await chat.mailbox.settle(second, TryAgain(0, counts=False, checkpoint={"step": 2}))
    third = await only_claim(chat)
    assert (third.attempts, third.checkpoint) == (1, {"step": 2})
    await answer(chat, third)
    fourth = await only_claim(chat)
    assert (ids(fourth), fourth.attempts, fourth.checkpoint) == (["b"], 0, {})


async def test_a_handed_over_turn_is_the_next_one_and_nothing_was_lost(chat_url: str) -> None:
    async with chat_on(chat_url, 1) as chat:
        await chat.mailbox.accept(message(HERE, "a"))
        claim = await only_claim(chat)
        await chat.mailbox.accept(message(place("other"), "b"))
        await chat.mailbox.checkpoint(claim, {"step": 1})
        for _ in range(2):
            await chat.mailbox.settle(claim, HandedOver())
        (following, _) = await chat.mailbox.claim("w2", 10)
        assert following.conversation == HERE
        assert (following.lost, following.attempts) == (0, 0)
        assert following.checkpoint == {"step": 1}


async def test_the_turns_of_a_dead_owner_are_taken_over_at_once(chat: Chat) -> None:
    for name in ("C1", "C2", "C3"):
        await chat.mailbox.accept(message(place(name), name))
    dead = await chat.mailbox.claim("dead", 2)
    alive = await only_claim(chat, "alive")
    assert await chat.mailbox.recover(lambda owner: owner == "dead") == 2
    taken = await chat.mailbox.claim("alive", 10)
    assert {claim.conversation for claim in taken} == {claim.conversation for claim in dead}
    assert [claim.lost for claim in taken] == [1, 1]
    assert await chat.mailbox.renew([alive]) == ["kept"]


async def test_racing_owners_never_hold_a_conversation_together(chat: Chat, chat_url: str) -> None:
    """Four owners on connections of their own; every message is answered once, in order."""
    names = [f"C{number}" for number in range(6)]
    answered: dict[str, list[str]] = defaultdict(list)
    at_work: set[ConversationKey] = set()
    count = 0

    async def write(name: str) -> None:
        for number in range(20):
            await chat.mailbox.accept(message(place(name), f"{name}-{number:02}"))

    async def work(owner: str) -> None:
        nonlocal count
        async with chat_on(chat_url, chat.partitions) as own:
            while count < 20 * len(names):
                for claim in await own.mailbox.claim(owner, 2):
                    assert claim.conversation not in at_work
                    at_work.add(claim.conversation)
                    await asyncio.sleep(0)
                    answered[claim.conversation.parts[1]] += ids(claim)
                    count += len(claim.mail)
                    at_work.remove(claim.conversation)
                    await own.mailbox.settle(claim, Answered(claim.session))

    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        for name in names:
            tasks.create_task(write(name))
        for number in range(4):
            tasks.create_task(work(f"w{number}"))
    assert answered == {name: [f"{name}-{number:02}" for number in range(20)] for name in names}


# --------------------------------------------------------------------------- the store itself


async def test_an_accept_that_was_sent_twice_still_hands_over_the_turn_it_took(
    chat_url: str,
) -> None:
    """The client sends a script again when the connection broke before the answer came."""
    async with chat_on(chat_url, 1) as chat:
        sent = await chat.mailbox.accept(message(HERE, "a"), claim_as="w1")
        assert sent.claim is not None
        same_call = RedisMailbox(chat.client, 1, lease_ms=60_000)
        again = await same_call.accept(message(HERE, "a"), claim_as="w1")
        assert again.claim == sent.claim
        other_call = await same_call.accept(message(HERE, "a"), claim_as="w1")
        assert (other_call.status, other_call.claim) == ("duplicate", None)
        await chat.expire(HERE)
        await only_claim(chat, "w1")
        third_call = RedisMailbox(chat.client, 1, lease_ms=60_000)
        late = await third_call.accept(message(HERE, "a"), claim_as="w1")
        assert (late.status, late.claim) == ("duplicate", None)


async def test_an_accept_that_was_sent_twice_takes_no_turn_from_its_next_owner(
    chat_url: str,
) -> None:
    async with chat_on(chat_url, 1) as chat:
        sent = await chat.mailbox.accept(message(HERE, "a"), claim_as="w1")
        assert sent.claim is not None
        await chat.mailbox.settle(sent.claim, HandedOver())
        await only_claim(chat, "w2")
        same_call = RedisMailbox(chat.client, 1, lease_ms=60_000)
        late = await same_call.accept(message(HERE, "a"), claim_as="w1")
        assert (late.status, late.claim) == ("duplicate", None)


async def test_a_conversation_that_waits_without_mail_is_dropped(chat: Chat) -> None:
    """Somebody deleted keys by hand; the others are served, and this one again when it writes."""
    await chat.mailbox.accept(message(HERE, "a"))
    await chat.mailbox.accept(message(place("C2"), "b"))
    base = chat.mailbox_base(HERE)
    await chat.client.delete(f"{base}mail:{HERE}", f"{base}mails:{HERE}")
    assert (await only_claim(chat)).conversation == place("C2")
    await chat.mailbox.accept(message(HERE, "c"))
    assert ids(await only_claim(chat)) == ["c"]


async def test_a_killed_server_has_every_message_that_was_accepted(tmp_path: Path) -> None:
    acknowledged: dict[str, list[str]] = defaultdict(list)
    killed = asyncio.Event()

    async def write(chat: Chat, name: str) -> None:
        number = 0
        while not killed.is_set() or number < 20:
            inbound = message(place(name), f"{name}-{number}")
            try:
                accepted = await chat.mailbox.accept(inbound)
            except StoreError:
                continue
            assert accepted.status in ("stored", "duplicate")
            acknowledged[name].append(inbound.id)
            number += 1

    with redis_server(tmp_path, fsync="always") as server:
        deep = MailLimits(depth=100_000)
        async with chat_on(server.url, 1, limits=deep) as chat, asyncio.timeout(40):
            writers = [asyncio.create_task(write(chat, f"C{number}")) for number in range(8)]
            while sum(map(len, acknowledged.values())) < 200:
                await asyncio.sleep(0.005)
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            killed.set()
            await asyncio.gather(*writers)
            for name, sent in acknowledged.items():
                stored = [inbound.id for inbound in await chat.control.pending(place(name))]
                assert stored == sent
            claims = await chat.mailbox.claim("w1", 100)
            assert {claim.conversation.parts[1] for claim in claims} == set(acknowledged)


async def test_nothing_but_sessions_is_left_of_an_idle_conversation(chat: Chat) -> None:
    for name in ("a", "b"):
        await chat.mailbox.accept(message(HERE, name, author=ANN))
    claim = await only_claim(chat)
    await chat.mailbox.checkpoint(claim, {"x": 1})
    await chat.control.request_stop(HERE, ANN)
    await chat.mailbox.settle(claim, TryAgain(0, counts=True, checkpoint={}))
    await answer(chat, await only_claim(chat))
    await chat.mailbox.accept(message(HERE, "c"))
    claim = await only_claim(chat)
    await chat.mailbox.settle(claim, GivenUp("reason", claim.session))
    await chat.mailbox.accept(message(HERE, "d"))
    await chat.control.revise(HERE, "post-d", None)
    for_ever = {name for name, ttl, _ in await chat.stored() if ttl < 0}
    assert for_ever == {"epoch", f"sessions:{HERE}"}
