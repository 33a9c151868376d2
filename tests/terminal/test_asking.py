"""A terminal where the bot asks before it runs something: in a pipe, and over two commands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.terminal.render import sign_line
from bots.console import Console, answer_lines
from core.assistants import Message
from core.chat.function_ports import Traits
from tests.fakes.assistants import Wants
from tests.fakes.functions import FakeFunctions
from tests.patience import PATIENCE_S
from tests.terminal.home import KEY, Home


@pytest.fixture
def careful(home: Home) -> Home:
    """A bot that asks before each of two refunds."""
    own = home.own = FakeFunctions()
    own.add("refund", traits=Traits(approval=True))
    home.assistants.tools = ({"type": "function", "function": {"name": "refund"}},)

    async def reply(messages: list[Message]) -> list[str]:
        told = home.assistants.outputs
        for name in ("first", "second"):
            if name not in told:
                raise Wants((name, "refund", f'{{"order": "{name}"}}'))
        return [" and ".join(told.values())]

    home.assistants.reply = reply
    return home


async def _lines(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line


async def _told(home: Home, *lines: str) -> str:
    """What one process shows for these lines."""
    shown: list[str] = []
    async with home.chat() as (_, parts), asyncio.timeout(PATIENCE_S):
        console = Console(parts, KEY, shown.append, live=False)
        async with console.open(keep_session=True):
            await answer_lines(console, _lines(*lines))
    return "".join(shown)


async def test_a_pipe_can_ask_and_decide(careful: Home) -> None:
    text = await _told(careful, "both, please", "!approve", "!deny 2")
    order = (
        'refund(order="first")',
        "`!approve 1` or `!deny 1`",
        "Approved by ann.",
        'refund(order="second")',
        "Denied by ann",
        'done: {"order": "first"} and ann denied this call',
    )
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert "once more" not in text


async def test_the_decision_may_come_from_a_later_command(careful: Home) -> None:
    assert "May I run this?" in await _told(careful, "both, please")
    again = await _told(careful)
    assert 'I wait for your decision: refund(order="first"). !approve 1 or !deny 1' in again
    assert 'refund(order="second")' in await _told(careful, "!approve")
    last = await _told(careful, "!approve")
    assert "[your earlier question, answered now]\n> both, please" in last
    assert 'done: {"order": "first"} and done: {"order": "second"}' in last
    assert careful.own is not None
    assert (
        await _told(careful, "!approve") == "There is nothing here that waits for a decision.\n\n"
    )


def test_a_sign_says_that_an_approval_is_waited_for() -> None:
    sign: dict[str, Any] = {
        "sign": "waiting",
        "ahead": 0,
        "sentence": "I wait\nfor \x1b[1mAnn.",
        "turn": [],
    }
    assert sign_line(sign) == "I wait for [1mAnn."
