"""Who answers in the terminal: `--assistant`, `!assistant`, and what the next chat begins with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from bots.console import Console, answer_lines
from core.chat.roster import Offer, Roster
from tests.patience import PATIENCE_S
from tests.terminal.home import KEY, Home

TUTOR = Offer(slug="tutor", name="Math Tutor")
PHYSICS = Offer(slug="physics", name="Physics", description="Explains the world.")


async def _lines(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line


async def chats(home: Home, *lines: str, assistant: str = "", keep: bool = False) -> str:
    """What one `bobbin chat` shows for these lines."""
    home.roster = Roster((TUTOR, PHYSICS), "tutor")
    shown: list[str] = []
    async with home.chat() as (_, parts), asyncio.timeout(PATIENCE_S):
        console = Console(parts, KEY, shown.append, live=False)
        async with console.open(keep_session=keep, assistant=assistant):
            await answer_lines(console, _lines(*lines))
    return "".join(shown)


def answerers(home: Home) -> list[str]:
    """The names of the Assistants that answered, in order."""
    return [run.assistant_id for run in home.assistants.runs.values()]


async def test_the_option_says_who_answers_and_nothing_more(home: Home) -> None:
    assert "Physics" not in await chats(home, "why?", "and why?", assistant="physics")
    assert answerers(home) == ["physics", "physics"]


async def test_a_chat_that_goes_on_goes_on_with_the_same(home: Home) -> None:
    await chats(home, "one", assistant="physics")
    await chats(home, "two", keep=True)
    await chats(home, "three", keep=True, assistant="tutor")
    assert answerers(home) == ["physics", "physics", "tutor"]
    assert len(home.assistants.threads) == 1


async def test_a_new_chat_begins_with_the_default(home: Home) -> None:
    await chats(home, "one", assistant="physics")
    await chats(home, "two")
    assert answerers(home) == ["physics", "tutor"]


async def test_a_choice_before_the_first_question_is_no_ones_but_that_chats(home: Home) -> None:
    await chats(home, "!assistant physics")
    await chats(home, "one")
    assert answerers(home) == ["tutor"]


async def test_the_list_is_legible_in_a_terminal(home: Home) -> None:
    text = await chats(home, "!assistant", "!assistant physics", "why?")
    assert "Math Tutor (`tutor`) ← answers here" in text.replace("**", "")
    assert "Explains the world." in text
    assert "Physics answers here from now on" in text
    assert answerers(home) == ["physics"]
