"""The call log: what was started is known, whoever asks; what has an output is not called again."""

from __future__ import annotations

import pytest

from core.chat.function_ports import Call, Standing
from core.chat.ports import GivenUp, HandedOver, TryAgain, TurnClaim
from core.errors import ClaimLost
from tests.contracts.chat import Chat, answer, message, only_claim, place

HERE = place("C1")
NEW, UNCLEAR = Standing("new"), Standing("unclear")


def call(name: str, arguments: str = "{}", *, run: str = "run_1") -> Call:
    return Call(run_id=run, id=name, name="refund", arguments=arguments)


async def started(
    chat: Chat, claim: TurnClaim, *calls: Call, again: bool = False
) -> list[Standing]:
    return [await chat.calls.start(claim, one, again=again) for one in calls]


async def begun(chat: Chat) -> TurnClaim:
    await chat.mailbox.accept(message(HERE, "a"))
    return await only_claim(chat)


async def taken_over(chat: Chat) -> TurnClaim:
    """The owner died, and its lease ran out."""
    assert await chat.expire(HERE)
    return await only_claim(chat, "w2")


async def test_a_call_is_new_once(chat: Chat) -> None:
    claim = await begun(chat)
    assert await started(chat, claim, call("a"), call("b")) == [NEW, NEW]
    assert await started(chat, claim, call("b"), call("c")) == [UNCLEAR, NEW]


async def test_a_call_that_was_started_before_a_crash_is_unclear_to_the_next_owner(
    chat: Chat,
) -> None:
    claim = await begun(chat)
    await started(chat, claim, call("a"))
    claim = await taken_over(chat)
    assert await started(chat, claim, call("a")) == [UNCLEAR]


async def test_a_call_that_may_run_again_is_new_again(chat: Chat) -> None:
    claim = await begun(chat)
    await started(chat, claim, call("a"), call("b"))
    claim = await taken_over(chat)
    assert await started(chat, claim, call("a"), again=True) == [NEW]
    assert await started(chat, claim, call("b")) == [UNCLEAR]


@pytest.mark.parametrize("output", ["", "new", "line\nline \0 ü 𝛑", "\ud83d"])
async def test_an_output_is_there_for_every_later_owner(chat: Chat, output: str) -> None:
    claim = await begun(chat)
    await started(chat, claim, call("a"))
    await chat.calls.finish(claim, call("a"), output)
    claim = await taken_over(chat)
    (found,) = await started(chat, claim, call("a"), again=True)
    assert found == Standing("done", output if output != "\ud83d" else "\ufffd")


async def test_other_arguments_or_another_run_make_another_call(chat: Chat) -> None:
    claim = await begun(chat)
    await started(chat, claim, call("a"))
    others = [call("a", '{"x": 1}'), call("a", run="run_2"), call("b")]
    assert await started(chat, claim, *others) == [NEW, NEW, NEW]


async def test_an_owner_that_lost_the_turn_starts_and_finishes_nothing(chat: Chat) -> None:
    old = await begun(chat)
    await started(chat, old, call("a"))
    claim = await taken_over(chat)
    with pytest.raises(ClaimLost):
        await started(chat, old, call("b"))
    with pytest.raises(ClaimLost):
        await chat.calls.finish(old, call("a"), "late")
    found = await started(chat, claim, call("a"), call("b"))
    assert found == [UNCLEAR, NEW]


@pytest.mark.parametrize("how", ["handed over", "put off"])
async def test_the_log_outlives_a_turn_that_goes_on(chat: Chat, how: str) -> None:
    claim = await begun(chat)
    await started(chat, claim, call("a"))
    if how == "put off":
        await chat.mailbox.settle(claim, TryAgain(60.0, counts=False, checkpoint={}))
        await chat.expire(HERE, "due")
    else:
        await chat.mailbox.settle(claim, HandedOver())
    claim = await only_claim(chat)
    assert await started(chat, claim, call("a")) == [UNCLEAR]


@pytest.mark.parametrize("how", ["answered", "given up"])
async def test_the_log_ends_with_the_turn(chat: Chat, how: str) -> None:
    claim = await begun(chat)
    await started(chat, claim, call("a"))
    if how == "answered":
        await answer(chat, claim)
    else:
        await chat.mailbox.settle(claim, GivenUp("no", claim.session))
    with pytest.raises(ClaimLost):
        await chat.calls.finish(claim, call("a"), "late")
    await chat.mailbox.accept(message(HERE, "b"))
    claim = await only_claim(chat)
    assert await started(chat, claim, call("a")) == [NEW]
