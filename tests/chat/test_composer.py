"""The composer: what stands there while a Run goes on, is stopped, fails, or is done again."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.assistants import Message, MessageDelta, Run, StreamEvent, text_part
from core.chat.messages import Capabilities, Post
from core.chat.replying import Composer

STREAMS = Capabilities(max_chars=500, edits=True, streams=True)
RUN = Run(id="run_1", created_at=0, thread_id="t", assistant_id="a", model="m")


def _message(text: str, name: str = "m1", **fields: object) -> Message:
    plain = Message(
        id=name, created_at=0, thread_id="t", role="assistant", content=(text_part(text),)
    )
    return replace(plain, **fields)


def _delta(text: str, name: str = "m1") -> StreamEvent:
    part = {"index": 0, "type": "text", "text": {"value": text}}
    return StreamEvent("thread.message.delta", MessageDelta(id=name, delta={"content": [part]}))


def _cut(text: str, reason: str, name: str = "m1") -> StreamEvent:
    message = _message(text, name, status="incomplete", incomplete_details={"reason": reason})
    return StreamEvent("thread.message.incomplete", message)


def _end(status: str, **fields: object) -> StreamEvent:
    return StreamEvent(f"thread.run.{status}", replace(RUN, status=status, **fields))


def _texts(*events: StreamEvent, capabilities: Capabilities = STREAMS) -> list[str]:
    composer = Composer("r", ("i",), capabilities)
    for event in events:
        composer.feed(event)
    return [post.text for post in composer.posts({})]


def test_a_stopped_answer_keeps_what_was_said() -> None:
    shown = _texts(_delta("The first half"), _cut("The first half", "run_cancelled"),
                   _end("cancelled"))  # fmt: skip
    assert shown == ["The first half\n\n(stopped)"]


def test_an_expired_answer_keeps_what_was_said() -> None:
    (shown,) = _texts(_cut("So far", "run_expired"), _end("expired"))
    assert shown.startswith("So far\n\n(This took longer")


def test_a_failed_answer_keeps_what_was_said_and_says_why() -> None:
    shown = _texts(
        _cut("So far", "run_failed"),
        _end("failed", last_error={"code": "x", "message": "No key."}),
    )
    assert shown == ["So far\n\nI could not answer this. No key."]


def test_what_is_said_again_after_a_take_over_stands_there_once() -> None:
    again = (_delta("The fir"), _cut("The fir", "run_failed"), _delta("The first ", "m2"))
    assert _texts(*again) == ["The first "]
    done = StreamEvent("thread.message.completed", _message("The first.", "m2"))
    assert _texts(*again, done, _end("completed")) == ["The first."]


def test_a_take_over_that_says_nothing_more_leaves_no_half_sentence() -> None:
    done = StreamEvent("thread.message.completed", _message("Whole.", "m0"))
    assert _texts(done, _cut("Hal", "run_failed"), _end("completed")) == ["Whole."]


SHORT = Capabilities(max_chars=100, edits=True, streams=True, max_parts=4)
LONG = "\n\n".join(f"Paragraph {number} of something that is long." for number in range(20))


def _posts(*events: StreamEvent) -> list[Post]:
    composer = Composer("r", ("i",), SHORT)
    for event in events:
        composer.feed(event)
    return composer.posts({})


def test_a_very_long_answer_ends_in_a_file_that_has_all_of_it() -> None:
    done = StreamEvent("thread.message.completed", _message(LONG))
    posts = _posts(_delta(LONG), done, _end("completed"))
    assert len(posts) == 4
    (file,) = posts[-1].files
    assert (file.name, file.data.decode()) == ("answer.md", LONG)
    assert "answer.md" in posts[-1].text
    assert posts[-1].controls
    assert LONG.startswith("".join(post.text for post in posts[:3]).rstrip("\n"))


def test_an_answer_that_just_fits_has_no_file() -> None:
    text = "\n\n".join(LONG.split("\n\n")[:8])
    done = StreamEvent("thread.message.completed", _message(text))
    assert "rest comes when it is complete" in _posts(_delta(text + "\n\n"))[-1].text
    posts = _posts(done, _end("completed"))
    assert len(posts) == 4
    assert "".join(post.text for post in posts) == text
    assert not posts[-1].files


def test_a_very_long_answer_that_is_stopped_has_its_file_too() -> None:
    posts = _posts(_delta(LONG), _cut(LONG, "run_cancelled"), _end("cancelled"))
    assert posts[-1].files[0].data.decode() == f"{LONG}\n\n(stopped)"


def test_what_was_shown_of_a_very_long_answer_stays_when_it_is_complete() -> None:
    growing = _posts(_delta(LONG))
    assert [post.final for post in growing] == [True, True, True, False]
    assert not any(post.files for post in growing)
    done = StreamEvent("thread.message.completed", _message(LONG))
    assert _posts(_delta(LONG), done, _end("completed"))[:3] == growing[:3]


@given(st.lists(st.sampled_from(["a ", "$x", "^2$", "$$", "\n\n", "\\frac12", "`", "**", "@all "])))
def test_text_that_was_shown_while_it_grew_is_never_taken_back(pieces: list[str]) -> None:
    composer = Composer("r", ("i",), Capabilities(max_chars=100_000, edits=True, streams=True))
    before = ""
    for piece in pieces:
        composer.feed(_delta(piece))
        shown = "".join(post.text for post in composer.posts({}))
        assert shown.startswith(before)
        before = shown
    composer.feed(_end("completed"))
    assert "".join(post.text for post in composer.posts({})).startswith(before)
