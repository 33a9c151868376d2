"""How the answer to a command is said."""

from __future__ import annotations

from core.chat.messages import Author, Capabilities, Command, ConversationKey
from core.chat.saying import Saying
from tests.fakes.platform import FakePlatform

HERE = ConversationKey("fake", ("here", "1"))
ASKED = Command(id="c1", conversation=HERE, author=Author(id="ann"), name="work")
LONG = "\n\n".join(f"Paragraph {number} of what was done." for number in range(20))


async def _said(text: str, *, max_parts: int = 0) -> FakePlatform:
    platform = FakePlatform(Capabilities(max_chars=100, max_parts=max_parts))
    await Saying({"fake": platform}).say(ASKED, text)
    return platform


async def test_what_takes_too_many_posts_comes_as_a_file() -> None:
    platform = await _said(LONG, max_parts=3)
    assert len(platform.texts(HERE)) == 3
    assert "work.md" in platform.texts(HERE)[-1]
    last = platform.conversations[HERE][-1].post
    assert [file.data.decode() for file in last.files] == [LONG]


async def test_elsewhere_it_takes_as_many_posts_as_it_needs() -> None:
    platform = await _said(LONG)
    assert "\n\n".join(text.strip() for text in platform.texts(HERE)) == LONG
