"""Nothing that others write moves the cursor, sets the title, or stops the bot."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from adapters.terminal.events import conversation, inbound
from adapters.terminal.render import BOLD, PLAIN, Markdown, entry, safe, sign_entry, sign_line
from core.chat.messages import Post, Sign

OURS = re.compile("\x1b\\[[0-2]m")


@given(st.text())
def test_a_line_holds_no_control_characters_but_our_own(text: str) -> None:
    shown = OURS.sub("", Markdown(colour=True).line(text))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)


@given(st.text())
def test_a_sign_is_one_harmless_line_whatever_an_endpoint_says(text: str) -> None:
    line = sign_line(sign_entry(Sign("troubled", sentence=text)))
    assert line.splitlines() in ([line], [])
    assert not re.search("[\x00-\x1f\x7f-\x9f]", line)


def test_a_title_or_a_cleared_screen_does_not_get_through() -> None:
    assert safe("\x1b]0;owned\x07\x1b[2J\x9b2Jhi\r") == "]0;owned[2J2Jhi"


def test_strong_words_and_code_are_styled_and_plain_in_a_pipe() -> None:
    assert Markdown(colour=True).line("a **b *c* d** `e`") == (
        f"a {BOLD}b *c* d{PLAIN} {BOLD}e{PLAIN}"
    )
    assert Markdown(colour=False).line("a **b** 2 ** 3 ** 4") == "a b 2 ** 3 ** 4"


def test_what_stands_in_a_fence_is_left_alone() -> None:
    markdown = Markdown(colour=False)
    lines = [markdown.line(text) for text in ("```", "**x**", "```", "**x**")]
    assert lines == ["```", "**x**", "```", "x"]


def test_a_long_line_of_asterisks_is_read_once() -> None:
    """Looked at again from each asterisk, this line would take hours."""
    text = "**a " * 200_000
    assert Markdown(colour=False).line(text) == text


def test_an_entry_says_which_messages_it_answers_and_whether_it_is_the_last() -> None:
    post = Post(part_id="m.0.0", text="x", turn=("m", "n"), controls=("new",))
    body = entry(post, ["/f.png"])
    assert (body["turn"], body["last"], body["files"]) == (["m", "n"], True, ["/f.png"])


def test_the_conversation_is_named_after_the_user() -> None:
    assert str(conversation("a:b")) == "terminal:a%3Ab:chat"
    message = inbound(" hi ", key=conversation(""), message_id="m", at=1.0)
    assert (message.text, message.author.id, message.received_at) == ("hi", "user", 1.0)
