"""Dead letters: what was given up can be seen, and tried again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.redis.mailbox import MailLimits
from core.chat.messages import ConversationKey
from core.chat.ports import Answered, DeadLetter, GivenUp
from tests.contracts.chat import Chat, chat_on, message, place

HERE = place("C1")


async def give_up(chat: Chat, conversation: ConversationKey, *names: str) -> list[DeadLetter]:
    """Let the turn of these messages be refused for good; its letters, newest first."""
    for name in names:
        await chat.mailbox.accept(message(conversation, name))
    (claim,) = await chat.mailbox.claim("w1", 1)
    assert claim.conversation == conversation
    for _ in range(2):
        await chat.mailbox.settle(claim, GivenUp("it crashed three times", claim.session))
    return (await chat.letters.list(100))[: len(names)]


async def test_the_mail_of_a_turn_that_was_given_up_is_kept_apart(chat: Chat) -> None:
    await chat.mailbox.accept(message(HERE, "a"))
    await chat.mailbox.accept(message(HERE, "b"))
    (claim,) = await chat.mailbox.claim("w1", 1)
    await chat.mailbox.accept(message(HERE, "c"))
    named = replace(claim.session, title="kept")
    await chat.mailbox.settle(claim, GivenUp("it crashed three times", named))
    letters = await chat.letters.list(10)
    assert sorted(letter.inbound.id for letter in letters) == ["a", "b"]
    assert {letter.inbound for letter in letters} == set(claim.mail)
    assert {letter.reason for letter in letters} == {"it crashed three times"}
    assert all(letter.at > 1_600_000_000 for letter in letters)
    assert [inbound.id for inbound in await chat.control.pending(HERE)] == ["c"]
    assert (await chat.sessions.current(HERE)).title == "kept"


async def test_the_newest_letters_come_first_from_all_partitions(chat: Chat) -> None:
    names = [f"C{number}" for number in range(6)]
    for name in names:
        await give_up(chat, place(name), name)
    found = await chat.letters.list(100)
    assert len(found) == len(names)
    assert [letter.at for letter in found] == sorted((one.at for one in found), reverse=True)
    assert [letter.id for letter in await chat.letters.list(2)] == [one.id for one in found[:2]]


async def test_a_letter_that_is_tried_again_is_answered_once(chat: Chat) -> None:
    (letter,) = await give_up(chat, HERE, "a")
    assert await chat.letters.retry(letter.id)
    assert not await chat.letters.retry(letter.id)
    assert await chat.letters.list(10) == []
    (claim,) = await chat.mailbox.claim("w1", 1)
    assert claim.mail == (letter.inbound,)
    assert (claim.attempts, claim.lost, claim.checkpoint) == (0, 0, {})
    await chat.mailbox.settle(claim, Answered(claim.session))
    assert await chat.mailbox.claim("w1", 1) == []


async def test_a_letter_goes_back_to_the_end_and_into_its_own_session(chat: Chat) -> None:
    letters = await give_up(chat, HERE, "a", "b")
    await chat.sessions.start(HERE, 1.0)
    await chat.mailbox.accept(message(HERE, "c"))
    for letter in reversed(letters):
        assert await chat.letters.retry(letter.id)
    (claim,) = await chat.mailbox.claim("w1", 1)
    assert [inbound.id for inbound in claim.mail] == ["c"]
    assert await chat.control.revise(HERE, "post-b", None) == "changed"
    await chat.mailbox.settle(claim, Answered(claim.session))
    (claim,) = await chat.mailbox.claim("w1", 1)
    assert [inbound.id for inbound in claim.mail] == ["a"]
    assert claim.session.ordinal == 1


async def test_a_letter_tried_again_waits_while_a_turn_is_answered(chat: Chat) -> None:
    (letter,) = await give_up(chat, HERE, "a")
    await chat.mailbox.accept(message(HERE, "b"))
    (claim,) = await chat.mailbox.claim("w1", 1)
    assert await chat.letters.retry(letter.id)
    assert await chat.mailbox.claim("w2", 1) == []
    assert await chat.mailbox.renew([claim]) == ["kept"]


async def test_a_letter_tried_again_is_known_when_it_is_delivered_once_more(chat: Chat) -> None:
    (letter,) = await give_up(chat, HERE, "a")
    await chat.forget_event(HERE, "a")
    assert await chat.letters.retry(letter.id)
    (claim,) = await chat.mailbox.claim("w1", 1)
    await chat.mailbox.settle(claim, Answered(claim.session))
    assert (await chat.mailbox.accept(letter.inbound)).status == "duplicate"


async def test_a_letter_whose_message_waits_again_is_not_doubled(chat: Chat) -> None:
    (letter,) = await give_up(chat, HERE, "a")
    await chat.forget_event(HERE, "a")
    assert (await chat.mailbox.accept(letter.inbound)).status == "stored"
    assert await chat.letters.retry(letter.id)
    assert await chat.control.pending(HERE) == (letter.inbound,)
    assert await chat.letters.list(1) == []


async def test_a_regenerate_stays_one(chat: Chat) -> None:
    await chat.mailbox.accept(message(HERE, "again", kind="regenerate"))
    (claim,) = await chat.mailbox.claim("w1", 1)
    await chat.mailbox.settle(claim, GivenUp("", claim.session))
    (letter,) = await chat.letters.list(1)
    await chat.mailbox.accept(message(HERE, "a"))
    await chat.letters.retry(letter.id)
    (claim,) = await chat.mailbox.claim("w1", 1)
    assert [inbound.id for inbound in claim.mail] == ["a"]


@pytest.mark.parametrize("name", ["", "0", "0.", "0.x", "99.1-1", "0.1-1", "-1.1-1", "0.1-1 1"])
async def test_a_letter_that_is_not_there_is_not_tried(chat: Chat, name: str) -> None:
    await give_up(chat, HERE, "a")
    assert not await chat.letters.retry(name)
    assert len(await chat.letters.list(10)) == 1


async def test_letters_are_capped(chat_url: str) -> None:
    async with chat_on(chat_url, 1, limits=MailLimits(letters=3)) as chat:
        for number in range(5):
            await give_up(chat, HERE, f"m{number}")
        left = [letter.inbound.id for letter in await chat.letters.list(10)]
        assert left == ["m4", "m3", "m2"]


async def test_old_letters_go_when_a_new_one_comes_and_all_of_them_in_the_end(
    chat_url: str,
) -> None:
    async with chat_on(chat_url, 1, limits=MailLimits(letters_s=3600)) as chat:
        await chat.bury_long_ago(HERE)
        await give_up(chat, HERE, "a")
        assert [letter.inbound.id for letter in await chat.letters.list(10)] == ["a"]
        (ttl,) = [ttl for name, ttl, _ in await chat.stored() if name == "dead"]
        assert 0 < ttl <= 3_600_000
