"""Formulas that no Unicode can say: a picture with the part in which they stand."""

from __future__ import annotations

import pytest

from core.assistants import Message
from core.chat.messages import Capabilities, OutFile
from core.chat.picturing import shown_once
from core.chat.text.math import readable
from tests.chat.flow import World, place
from tests.fakes.platform import FakePlatform

HARD = r"\stackunder{{{}}}{{f_{{{}}}}}"


class Board:
    """Draws what it is asked for, and says what that was."""

    def __init__(self, fault: BaseException | None = None) -> None:
        self.drawn: list[str] = []
        self._fault = fault

    async def png(self, latex: str) -> bytes | None:
        self.drawn.append(latex)
        if self._fault is not None:
            raise self._fault
        return b"PNG " + latex.encode()


def _hard(number: int) -> str:
    latex = HARD.format("a", number)
    assert readable(f"${latex}$").images, "this formula was meant to be one that needs a picture"
    return latex


async def _answer(world: World, text: str, *, pictures: bool) -> list[tuple[str, list[str]]]:
    async def reply(messages: list[Message]) -> list[str]:
        return [text]

    world.assistants.reply = reply
    world.platform = FakePlatform(Capabilities(max_chars=120, edits=True, pictures=pictures))
    async with world.process() as bot:
        await bot.says("draw", where=place())
        await bot.is_idle(where=place())
    return [
        (shown.post.text, [file.data.decode() for file in shown.post.files])
        for shown in world.platform.conversations[place()]
    ]


async def test_a_picture_goes_with_the_part_that_has_the_formula(world: World) -> None:
    world.formulas = Board()
    gap = "\n\n" + "words " * 18 + "\n\n"
    text = f"First ${_hard(1)}$.{gap}Then ${_hard(2)}$."
    posts = await _answer(world, text, pictures=True)
    assert [files for _, files in posts if files] == [[f"PNG {_hard(1)}"], [f"PNG {_hard(2)}"]]
    for words, files in posts:
        assert all(file.removeprefix("PNG ") in words for file in files)


async def test_a_reply_has_four_pictures_at_most_each_once(world: World) -> None:
    board = world.formulas = Board()
    text = " ".join(f"${_hard(number % 7)}$" for number in range(14))
    posts = await _answer(world, text, pictures=True)
    assert board.drawn == [_hard(number) for number in range(4)]
    assert sum(len(files) for _, files in posts) == 4


async def test_a_platform_without_pictures_costs_no_drawing(world: World) -> None:
    board = world.formulas = Board()
    await _answer(world, f"${_hard(1)}$", pictures=False)
    assert board.drawn == []


@pytest.mark.parametrize("fault", [OSError("no process"), TimeoutError(), RuntimeError("bug")])
async def test_a_renderer_that_fails_costs_only_the_picture(world: World, fault: Exception) -> None:
    world.formulas = Board(fault)
    posts = await _answer(world, f"See ${_hard(1)}$.", pictures=True)
    assert [files for _, files in posts] == [[]]


def test_a_figure_that_was_saved_too_is_shown_once_under_its_name() -> None:
    files = {
        "file-1": OutFile("file-1.png", "image/png", b"PNG plot"),
        "file-2": OutFile("file-2.png", "image/png", b"PNG other"),
        "file-3": OutFile("plot.png", "image/png", b"PNG plot"),
    }
    shown = shown_once(files)
    assert list(shown) == ["file-1", "file-2"]
    assert [file.name for file in shown.values()] == ["plot.png", "file-2.png"]


def test_what_was_only_saved_is_not_dropped() -> None:
    files = {
        "file-1": OutFile("a.csv", "text/csv", b"1"),
        "file-2": OutFile("b.csv", "text/csv", b"1"),
        "file-3": OutFile("file-3.png", "image/png", b"PNG"),
        "file-4": OutFile("a.png", "image/png", b"PNG"),
        "file-5": OutFile("copy.png", "image/png", b"PNG"),
    }
    shown = shown_once(files)
    assert [file.name for file in shown.values()] == ["a.csv", "b.csv", "a.png", "copy.png"]
