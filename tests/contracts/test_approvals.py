"""Approvals: who may press, who was first, and that a turn which waits is woken."""

from __future__ import annotations

import asyncio

import pytest

from core.chat.function_ports import Approval, Call, Wish
from core.chat.messages import Author
from core.chat.ports import HandedOver, TryAgain, TurnClaim
from core.errors import ClaimLost
from tests.contracts.chat import ADMIN, ANN, BOB, Chat, answer, message, only_claim, place

HERE = place("C1")
EVE = Author(id="eve", name="Eve")
WAIT = TryAgain(60.0, counts=False, checkpoint={})


def wish(name: str = "a", *, patience_s: float = 60.0, arguments: str = "{}") -> Wish:
    return Wish(
        call=Call(run_id="run_1", id=name, name="refund", arguments=arguments),
        shown=f"refund({name})",
        askers=("ann", "bob"),
        patience_s=patience_s,
    )


async def still_open(chat: Chat) -> list[str]:
    found = await chat.approvals.list(HERE)
    return [approval.id for approval in found if approval.decision == "open"]


async def begun(chat: Chat) -> TurnClaim:
    await chat.mailbox.accept(message(HERE, "m"))
    return await only_claim(chat)


async def asked(chat: Chat, *wishes: Wish) -> tuple[TurnClaim, list[Approval]]:
    claim = await begun(chat)
    return claim, list(await chat.approvals.ask(claim, wishes or [wish()]))


async def test_what_is_asked_is_open_and_numbered(chat: Chat) -> None:
    claim, first = await asked(chat, wish("a"))
    (two,) = await chat.approvals.ask(claim, [wish("b")])
    assert [one.number for one in (*first, two)] == [1, 2]
    assert (two.shown, two.decision, two.by) == ("refund(b)", "open", "")
    assert 0 < two.left_s <= two.patience_s == 60
    assert await still_open(chat) == [first[0].id, two.id]


async def test_asked_again_it_is_the_same_one_with_the_same_deadline(chat: Chat) -> None:
    claim, (one,) = await asked(chat)
    (again,) = await chat.approvals.ask(claim, [wish(patience_s=9999.0)])
    assert (again.id, again.number) == (one.id, one.number)
    assert again.left_s <= one.left_s
    (other,) = await chat.approvals.ask(claim, [wish(arguments='{"x": 1}')])
    assert other.id != one.id, "a yes counts for exactly these arguments"


@pytest.mark.parametrize("who", [ANN, BOB, ADMIN])
async def test_each_asker_and_an_admin_may_press(chat: Chat, who: Author) -> None:
    claim, (one,) = await asked(chat)
    assert await chat.approvals.press(HERE, one.id, who, approve=True) == "approved"
    (stands,) = await chat.approvals.ask(claim, [wish()])
    assert (stands.decision, stands.by) == ("approved", who.name or who.id)
    assert await still_open(chat) == []


async def test_nobody_else_may(chat: Chat) -> None:
    claim, (one,) = await asked(chat)
    assert await chat.approvals.press(HERE, one.id, EVE, approve=True) == "refused"
    (stands,) = await chat.approvals.ask(claim, [wish()])
    assert stands.decision == "open"


async def test_the_first_press_wins(chat: Chat) -> None:
    claim, (one,) = await asked(chat)
    pressed = await asyncio.gather(
        chat.approvals.press(HERE, one.id, ANN, approve=True),
        chat.approvals.press(HERE, one.id, BOB, approve=False),
    )
    assert sorted(pressed) in (["approved", "decided"], ["decided", "denied"])
    winner = next(word for word in pressed if word != "decided")
    (stands,) = await chat.approvals.ask(claim, [wish()])
    assert stands.decision == winner
    by = ANN if winner == "approved" else BOB
    again = await chat.approvals.press(HERE, one.id, by, approve=winner == "approved")
    assert again == winner, "the same press again is answered as the first time"
    changed = await chat.approvals.press(HERE, one.id, by, approve=winner != "approved")
    assert changed == "decided"


async def test_a_press_after_the_deadline_is_late(chat: Chat) -> None:
    claim, (one,) = await asked(chat, wish(patience_s=0.0))
    assert one.decision == "late"
    assert await still_open(chat) == []
    assert await chat.approvals.press(HERE, one.id, ANN, approve=True) == "late"
    (stands,) = await chat.approvals.ask(claim, [wish()])
    assert (stands.decision, stands.by) == ("late", "")


@pytest.mark.parametrize("name", ["", "appr_x", "newest", "appr_x!"])
async def test_what_was_never_asked_is_unknown(chat: Chat, name: str) -> None:
    await asked(chat)
    assert await chat.approvals.press(HERE, name, ANN, approve=True) == "unknown"
    assert await chat.approvals.press(place("C2"), name, ANN, approve=True) == "unknown"


async def test_a_decision_is_no_question(chat: Chat) -> None:
    _, (one,) = await asked(chat)
    await chat.approvals.press(HERE, one.id, ANN, approve=True)
    assert await chat.approvals.press(HERE, f"{one.id}!", ANN, approve=True) == "unknown"


async def test_a_press_wakes_the_turn_that_waits(chat: Chat) -> None:
    claim, (one,) = await asked(chat)
    await chat.mailbox.settle(claim, WAIT)
    assert await chat.mailbox.claim("w1", 10) == []
    await chat.approvals.press(HERE, one.id, EVE, approve=True)
    assert await chat.mailbox.claim("w1", 10) == [], "a press that counts for nothing wakes nobody"
    await chat.approvals.press(HERE, one.id, ANN, approve=True)
    claim = await only_claim(chat)
    (stands,) = await chat.approvals.ask(claim, [wish()])
    assert stands.decision == "approved"


async def test_a_press_while_the_owner_is_about_to_wait_is_not_slept_through(chat: Chat) -> None:
    claim, (one,) = await asked(chat)
    await chat.approvals.press(HERE, one.id, ANN, approve=False)
    await chat.mailbox.settle(claim, WAIT)
    claim = await only_claim(chat)
    await chat.mailbox.settle(claim, WAIT)
    assert await chat.mailbox.claim("w1", 10) == [], "one press wakes once"


async def test_mail_that_comes_meanwhile_waits(chat: Chat) -> None:
    claim, (one,) = await asked(chat)
    await chat.mailbox.settle(claim, WAIT)
    accepted = await chat.mailbox.accept(message(HERE, "n"), claim_as="w2")
    assert (accepted.status, accepted.claim) == ("stored", None)
    assert await chat.mailbox.claim("w1", 10) == []
    await chat.approvals.press(HERE, one.id, ANN, approve=True)
    assert [inbound.id for inbound in (await only_claim(chat)).mail] == ["m"]


async def test_an_owner_that_lost_the_turn_asks_nothing(chat: Chat) -> None:
    claim = await begun(chat)
    await chat.mailbox.settle(claim, HandedOver())
    await only_claim(chat)
    with pytest.raises(ClaimLost):
        await chat.approvals.ask(claim, [wish()])
    assert await still_open(chat) == []


async def test_questions_end_with_the_turn(chat: Chat) -> None:
    claim, (one,) = await asked(chat)
    await answer(chat, claim)
    assert await still_open(chat) == []
    assert await chat.approvals.press(HERE, one.id, ANN, approve=True) == "unknown"
