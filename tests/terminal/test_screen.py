"""The screen: what is shown once, what is shown again, and what keeps it going."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.terminal.platform import TerminalPlatform
from adapters.terminal.render import entry
from adapters.terminal.screen import Screen
from core.chat.messages import Control, OutFile, Post
from core.chat.outbox import LEFTOVER
from tests.patience import PATIENCE_S
from tests.terminal.home import KEY, MemoryFeed


def _post(
    text: str, *, part: str = "m.0.0", turn: str = "m", final: bool = True, last: bool = True
) -> Post:
    controls: tuple[Control, ...] = ("new",) if last and final else ()
    return Post(part_id=part, text=text, turn=(turn,), final=final, controls=controls)


@asynccontextmanager
async def _showing(
    feed: MemoryFeed, *, live: bool = False, write: Callable[[str], object] | None = None
) -> AsyncIterator[tuple[Screen, list[str]]]:
    shown: list[str] = []
    screen = Screen(feed, KEY, write or shown.append, live=live)
    task = asyncio.create_task(screen.run(await feed.seen(KEY)))
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield screen, shown
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_who_waits_is_told_though_the_store_forgets_what_was_seen() -> None:
    feed = MemoryFeed()
    feed.outage = True
    async with _showing(feed) as (screen, shown):
        screen.own("m")
        await feed.append(KEY, entry(_post("answer"), []))
        await screen.answered("m")
        feed.outage = False
        await feed.append(KEY, entry(_post("next", part="n.0.0", turn="n"), []))
        screen.own("n")
        await screen.answered("n")
        while feed.marks != "2":
            await asyncio.sleep(0.01)
    assert shown.count("answer\n") == 1


async def test_what_was_answered_is_seen_though_everything_ends_at_once() -> None:
    feed = MemoryFeed()
    async with _showing(feed) as (screen, _):
        await feed.append(KEY, entry(_post("answer"), []))
        await screen.answered("m")
    assert feed.marks == "1"


async def test_a_reply_of_several_parts_has_one_label() -> None:
    feed = MemoryFeed()
    await feed.append(KEY, entry(_post("one", last=False), []))
    await feed.append(KEY, entry(_post("two", part="m.0.1"), []))
    async with _showing(feed) as (screen, shown):
        await screen.answered("m")
    assert "".join(shown).count("earlier message") == 1
    async with _showing(feed) as (_, shown):
        await asyncio.sleep(0.05)
    assert shown == []


async def test_the_same_final_post_is_shown_once_and_a_regenerated_one_again() -> None:
    feed = MemoryFeed()
    async with _showing(feed) as (screen, shown):
        screen.own("m")
        screen.own("again")
        for turn in ("m", "m", "again"):
            await feed.append(KEY, entry(_post("answer", turn=turn), []))
        await screen.answered("again")
    assert "".join(shown) == "answer\n\n(once more)\nanswer\n\n"


async def test_a_part_that_is_not_needed_any_more_prints_nothing() -> None:
    feed = MemoryFeed()
    async with _showing(feed) as (screen, shown):
        screen.own("m")
        await feed.append(KEY, entry(Post(part_id="m.0.1", text=LEFTOVER), []))
        await feed.append(KEY, entry(_post("answer"), []))
        await screen.answered("m")
    assert "".join(shown) == "answer\n\n"


async def test_text_that_grows_is_written_line_by_line_and_only_once() -> None:
    feed = MemoryFeed()
    async with _showing(feed, live=True) as (screen, shown):
        screen.own("m")
        for text in ("a\nb", "a\nbc\nd", "a\nbc\nde\n"):
            await feed.append(KEY, entry(_post(text, final=False), []))
        await feed.append(KEY, entry(_post("a\nbc\nde\nf"), []))
        await screen.answered("m")
    assert "".join(shown) == "a\nbc\nde\nf\n\n"


async def test_a_file_name_and_an_outage_cannot_write_to_the_screen() -> None:
    feed = MemoryFeed()
    async with _showing(feed, live=True) as (screen, shown):
        screen.own("m")
        await feed.append(KEY, entry(_post("x"), ["/tmp/\x1b]0;t\x07\nrm.png"]))
        await screen.answered("m")
    assert "\x1b]" not in "".join(shown)
    assert "[figure: /tmp/]0;t rm.png]\n" in shown


async def test_a_pipe_that_nobody_reads_ends_the_screen() -> None:
    feed = MemoryFeed()
    await feed.append(KEY, entry(_post("x"), []))

    def closed(text: str) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        await Screen(feed, KEY, closed, live=False).run("0")


async def test_who_takes_a_half_shown_reply_over_gets_its_end_on_the_screen(
    tmp_path: Path,
) -> None:
    """The first owner dies after half of the part; the second one knows nothing of that."""
    feed = MemoryFeed()
    platform = TerminalPlatform(feed, tmp_path)
    async with _showing(feed) as (screen, shown):
        screen.own("m")
        first = await platform.send(KEY, _post("half an", final=False))
        assert await platform.send(KEY, _post("half an answer")) == first
        await screen.answered("m")
    assert "half an answer\n" in shown


async def test_a_disk_that_is_full_does_not_cost_the_answer(tmp_path: Path) -> None:
    feed = MemoryFeed()
    folder = tmp_path / "figures"
    folder.write_text("a file where the folder should be")
    platform = TerminalPlatform(feed, folder)
    post = Post(part_id="m.0.0", text="see", turn=("m",), files=(OutFile("p.png", "x", b"1"),))
    await platform.send(KEY, post)
    (only,) = feed.entries
    assert "could not be stored" in only.body["files"][0]
