"""What overtakes the mail: edits, deletes and stops; and what can be seen of the mail."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.chat.messages import ConversationKey
from core.chat.ports import Answered, TryAgain, TurnClaim
from tests.contracts.chat import ADMIN, ANN, BOB, Chat, chat_on, message, place
from tests.patience import PATIENCE_S

HERE = place("C1")


async def claimed(chat: Chat, *names: str) -> TurnClaim:
    for name in names:
        await chat.mailbox.accept(message(HERE, name))
    (claim,) = await chat.mailbox.claim("w1", 10)
    return claim


async def waiting(chat: Chat) -> list[tuple[str, str]]:
    return [(inbound.id, inbound.text) for inbound in await chat.control.pending(HERE)]


# --------------------------------------------------------------------------- edits, deletes


async def test_an_edit_replaces_mail_that_waits_and_keeps_its_place(chat: Chat) -> None:
    for name in ("a", "b", "c"):
        await chat.mailbox.accept(message(HERE, name))
    edited = message(HERE, "b@2", message_id="post-b", text="new")
    for _ in range(2):
        assert await chat.control.revise(HERE, "post-b", edited) == "changed"
    assert [name for name, _ in await waiting(chat)] == ["a", "b@2", "c"]
    assert (await chat.mailbox.accept(edited)).status == "duplicate"
    claim = await claimed(chat)
    assert [inbound.text for inbound in claim.mail] == ["text of a", "new", "text of c"]
    await chat.mailbox.settle(claim, Answered(claim.session))
    assert await waiting(chat) == []


async def test_an_edited_message_stays_in_the_session_it_was_written_in(chat: Chat) -> None:
    await chat.mailbox.accept(message(HERE, "a"))
    await chat.sessions.start(HERE, 1.0)
    await chat.control.revise(HERE, "post-a", message(HERE, "a@2", message_id="post-a"))
    assert (await claimed(chat)).session.ordinal == 1


async def test_a_delete_removes_mail_that_waits(chat: Chat) -> None:
    for name in ("a", "b"):
        await chat.mailbox.accept(message(HERE, name))
    for _ in range(2):  # sent twice, it says the same twice
        assert await chat.control.revise(HERE, "post-a", None) == "changed"
    assert [name for name, _ in await waiting(chat)] == ["b"]
    assert (await chat.mailbox.accept(message(HERE, "a@2", message_id="post-a"))).status == (
        "deleted"
    )
    assert [inbound.id for inbound in (await claimed(chat)).mail] == ["b"]


async def test_a_conversation_whose_last_mail_was_deleted_does_not_wait_any_more(
    chat: Chat,
) -> None:
    await chat.mailbox.accept(message(HERE, "a"))
    await chat.control.revise(HERE, "post-a", None)
    assert await chat.control.ahead(HERE) is None
    assert await chat.mailbox.claim("w1", 10) == []
    assert (await chat.mailbox.accept(message(HERE, "b"), claim_as="w1")).claim is not None


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize("removal", [False, True])
async def test_mail_whose_turn_has_begun_is_not_changed(
    chat: Chat, ended: bool, removal: bool
) -> None:
    claim = await claimed(chat, "a", "b")
    await chat.mailbox.accept(message(HERE, "c"))
    if ended:
        await chat.mailbox.settle(claim, Answered(claim.session))
    new = None if removal else message(HERE, "b@2", message_id="post-b", text="new")
    assert await chat.control.revise(HERE, "post-b", new) == "begun"
    left = await waiting(chat)
    assert left[-1] == ("c", "text of c")
    assert ("b", "text of b") in left or ended
    behind = None if removal else message(HERE, "c@2", message_id="post-c", text="new")
    assert await chat.control.revise(HERE, "post-c", behind) == "changed"


async def test_a_turn_that_waits_for_its_next_owner_has_begun(chat: Chat) -> None:
    claim = await claimed(chat, "a")
    await chat.mailbox.settle(claim, TryAgain(300, counts=False, checkpoint={}))
    assert await chat.control.revise(HERE, "post-a", None) == "begun"


async def test_a_delete_that_comes_first_keeps_the_message_out(chat: Chat) -> None:
    for _ in range(2):
        assert await chat.control.revise(HERE, "post-a", None) == "unknown"
    for name in ("a", "a", "a@2"):
        accepted = await chat.mailbox.accept(message(HERE, name, message_id="post-a"))
        assert accepted.status == "deleted"
    assert (await chat.mailbox.accept(message(HERE, "b"))).status == "stored"
    assert [name for name, _ in await waiting(chat)] == ["b"]


async def test_an_edit_of_what_was_never_seen_changes_nothing(chat: Chat) -> None:
    edited = message(HERE, "a@2", message_id="post-a")
    assert await chat.control.revise(HERE, "post-a", edited) == "unknown"
    assert await waiting(chat) == []
    assert (await chat.mailbox.accept(message(HERE, "a"))).status == "stored"


async def test_posts_of_neighbouring_conversations_are_not_mixed_up(chat: Chat) -> None:
    """`slack:T1:C1` with the post `1:2` is not `slack:T1:C1:1` with the post `2`."""
    thread = ConversationKey("slack", ("T1", "C1", "1"))
    await chat.mailbox.accept(message(HERE, "a", message_id="1:2"))
    assert await chat.control.revise(thread, "2", None) == "unknown"
    assert [name for name, _ in await waiting(chat)] == ["a"]
    assert await chat.control.revise(HERE, "1:2", None) == "changed"


# --------------------------------------------------------------------------- stop


async def test_only_askers_of_the_turn_and_admins_stop_it(chat: Chat) -> None:
    claim = await claimed(chat, "a")
    await chat.mailbox.accept(message(HERE, "b", author=BOB))
    assert await chat.control.request_stop(HERE, BOB) == "refused"
    assert await chat.mailbox.renew([claim]) == ["kept"]
    assert await chat.control.request_stop(HERE, ANN) == "stopping"
    assert await chat.mailbox.renew([claim]) == ["stop"]
    assert await chat.control.request_stop(HERE, ADMIN) == "stopping"


async def test_every_asker_of_a_turn_may_stop_it(chat: Chat) -> None:
    await chat.mailbox.accept(message(HERE, "a"))
    await chat.mailbox.accept(message(HERE, "b", author=BOB))
    claim = await claimed(chat)
    assert await chat.control.request_stop(HERE, BOB) == "stopping"
    assert await chat.mailbox.renew([claim]) == ["stop"]


async def test_a_stop_never_touches_mail_whose_turn_has_not_begun(chat: Chat) -> None:
    assert await chat.control.request_stop(HERE, ADMIN) == "idle"
    await chat.mailbox.accept(message(HERE, "a"))
    assert await chat.control.request_stop(HERE, ADMIN) == "idle"
    claim = await claimed(chat)
    assert not claim.stop
    await chat.mailbox.accept(message(HERE, "b"))
    await chat.control.request_stop(HERE, ANN)
    await chat.mailbox.settle(claim, Answered(claim.session))
    following = await claimed(chat)
    assert not following.stop
    assert await chat.mailbox.renew([following]) == ["kept"]


@pytest.mark.parametrize("state", ["leased", "lost", "put off"])
async def test_the_next_owner_sees_that_the_turn_is_to_stop(chat: Chat, state: str) -> None:
    claim = await claimed(chat, "a")
    if state == "put off":
        await chat.mailbox.settle(claim, TryAgain(300, counts=False, checkpoint={}))
    elif state == "lost":
        await chat.expire(HERE)
        await chat.mailbox.claim("w1", 0)  # sweeps, takes nothing
    assert await chat.control.request_stop(HERE, ANN) == "stopping"
    if state == "leased":
        await chat.expire(HERE)
    following = await claimed(chat)
    assert following.stop


async def test_an_interrupting_message_stops_the_turn_before_it(chat: Chat) -> None:
    first = await chat.mailbox.accept(message(HERE, "a"), claim_as="w1", interrupt=True)
    assert first.claim is not None
    assert not first.claim.stop
    assert await chat.mailbox.renew([first.claim]) == ["kept"]
    await chat.mailbox.accept(message(HERE, "b"))
    assert await chat.mailbox.renew([first.claim]) == ["kept"]
    await chat.mailbox.accept(message(HERE, "c"), interrupt=True)
    assert await chat.mailbox.renew([first.claim]) == ["stop"]
    await chat.mailbox.settle(first.claim, Answered(first.claim.session))
    following = await claimed(chat)
    assert [inbound.id for inbound in following.mail] == ["b", "c"]
    assert not following.stop


async def test_every_process_hears_of_a_stop(chat: Chat, chat_url: str) -> None:
    claim = await claimed(chat, "a")
    heard: list[ConversationKey] = []
    async with chat_on(chat_url, chat.partitions) as other, asyncio.timeout(PATIENCE_S):
        requests = other.control.stop_requests()
        listening = asyncio.ensure_future(anext(requests))
        while not listening.done():  # until the subscription stands
            assert await chat.control.request_stop(HERE, ANN) == "stopping"
            await asyncio.wait([listening], timeout=0.02)
        heard.append(listening.result())
        await requests.aclose()
    assert heard == [claim.conversation]


# --------------------------------------------------------------------------- what is to be seen


async def test_ahead_counts_the_conversations_before_this_one(chat_url: str) -> None:
    async with chat_on(chat_url, 1) as chat:
        for name in ("C1", "C2", "C3"):
            await chat.mailbox.accept(message(place(name), name))
        assert [await chat.control.ahead(place(name)) for name in ("C1", "C2", "C3")] == [0, 1, 2]
        assert await chat.control.ahead(place("C4")) is None
        (first,) = await chat.mailbox.claim("w1", 1)
        assert first.conversation == place("C1")
        assert [await chat.control.ahead(place(name)) for name in ("C1", "C2", "C3")] == [
            None,
            0,
            1,
        ]


async def test_pending_is_all_that_is_not_answered_yet(chat: Chat) -> None:
    claim = await claimed(chat, "a", "b")
    late = message(HERE, "c", author=replace(BOB, name="B"))
    await chat.mailbox.accept(late)
    assert await chat.control.pending(HERE) == (*claim.mail, late)
    assert await chat.control.pending(place("C2")) == ()
    await chat.mailbox.settle(claim, Answered(claim.session))
    assert await chat.control.pending(HERE) == (late,)
