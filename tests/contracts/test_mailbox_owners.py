"""Who holds a turn: one owner at a time, fenced, and what becomes of it when that one is gone."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.redis.mailbox import MailLimits, RedisMailbox
from core.chat.messages import ConversationKey
from core.chat.ports import Answered, GivenUp, HandedOver, Renewal, TryAgain, TurnClaim
from core.chat.turns import Turn
from core.errors import ClaimLost, StoreError
from tests.contracts.chat import ANN, Chat, answer, chat_on, ids, message, only_claim, place
from tests.fakes.clock import ManualClock
from tests.patience import PATIENCE_S
from tests.servers import redis_server

HERE = place("C1")


class Frozen:
    """A mailbox whose first renewal is answered to a process that stands still: when it reads the
    answer its turn is somebody else's."""

    def __init__(self, chat: Chat, clock: ManualClock) -> None:
        self._chat, self._clock = chat, clock
        self.accept, self.claim = chat.mailbox.accept, chat.mailbox.claim
        self.checkpoint, self.settle = chat.mailbox.checkpoint, chat.mailbox.settle
        self.asked = 0

    async def renew(self, claims: Sequence[TurnClaim]) -> list[Renewal]:
        answers = await self._chat.mailbox.renew(claims)
        self.asked += 1
        if self.asked == 1:
            await self._chat.expire(HERE)
            await only_claim(self._chat, "w2")
            self._clock.jump(60.0)
        return answers


async def test_an_answer_that_was_read_late_is_asked_again(chat: Chat) -> None:
    await chat.mailbox.accept(message(HERE, "a"))
    clock = ManualClock()
    mailbox = Frozen(chat, clock)
    turn = Turn(await only_claim(chat), mailbox, clock, lease_s=30.0, fenced=True)
    await turn.still_ours()
    assert mailbox.asked == 0
    clock.jump(20.0)
    with pytest.raises(ClaimLost):
        await turn.still_ours()
    assert mailbox.asked == 2


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
        async with asyncio.timeout(PATIENCE_S):
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

    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
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
        async with chat_on(server.url, 1, limits=deep) as chat, asyncio.timeout(PATIENCE_S):
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
