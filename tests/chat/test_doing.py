"""What people read of the tools that an answer uses, while it uses them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from core.assistants import Json, Message, Run, RunStep, RunStepDelta, StreamEvent, text_part
from core.chat.doing import Doing, summary
from core.chat.messages import Capabilities, Post
from core.chat.replying import NOTHING_SAID, Composer

SHOWS = Capabilities(max_chars=1000, edits=True, streams=True, shows_work=True)
RUN = Run(id="run_1", created_at=0, thread_id="t", assistant_id="a", model="m")
STEP = RunStep(
    id="step_1",
    created_at=0,
    assistant_id="a",
    thread_id="t",
    run_id="run_1",
    type="tool_calls",
    step_details={"type": "tool_calls", "tool_calls": []},
)
CODE: Json = {"id": "call_1", "type": "code_interpreter", "code_interpreter": {"input": "secret()"}}
FUNCTION: Json = {
    "id": "call_2",
    "type": "function",
    "function": {"name": "refund", "arguments": '{"order": "secret"}', "output": None},
}


def step(status: Any = "in_progress", *calls: Json, name: str = "step_1") -> StreamEvent:
    details = {"type": "tool_calls", "tool_calls": list(calls)}
    made = replace(STEP, id=name, status=status, step_details=details)
    return StreamEvent(f"thread.run.step.{status}", made)


def call(delta: Json, index: int = 0) -> StreamEvent:
    body = {"step_details": {"type": "tool_calls", "tool_calls": [{"index": index, **delta}]}}
    return StreamEvent("thread.run.step.delta", RunStepDelta(id="step_1", delta=body))


def says(text: str, name: str = "m1", **fields: Any) -> StreamEvent:
    message = Message(
        id=name, created_at=0, thread_id="t", role="assistant", content=(text_part(text),)
    )
    return StreamEvent("thread.message.completed", replace(message, **fields))


def run(status: Any, **fields: Any) -> StreamEvent:
    return StreamEvent(f"thread.run.{status}", replace(RUN, status=status, **fields))


def shown(*events: StreamEvent, capabilities: Capabilities = SHOWS) -> list[Post]:
    composer = Composer("r", ("i",), capabilities)
    for event in events:
        composer.feed(event)
    assert composer.has_text == bool(composer.posts({}))
    return composer.posts({})


def said(posts: list[Post]) -> list[tuple[str, str, str]]:
    return [(post.part_id, post.text, summary(post.doing)) for post in posts]


def test_what_it_is_doing_is_shown_before_there_is_any_text() -> None:
    (post,) = shown(step(), call(CODE))
    assert (post.part_id, post.text, post.final) == ("r.0.0", "", False)
    assert summary(post.doing) == "Running code…"
    assert "secret" not in str(post)


def test_the_text_that_follows_stands_in_the_same_post() -> None:
    events = (step(), call(CODE), step("completed", CODE), says("It is 4."))
    assert said(shown(*events)) == [("r.0.0", "It is 4.", "Ran code")]
    (post,) = shown(*events, run("completed"))
    assert (post.text, summary(post.doing), post.final) == ("It is 4.", "Ran code", True)


def test_work_in_the_middle_of_an_answer_stands_before_what_follows_it() -> None:
    events = (says("Let me see."), step(), call(CODE))
    assert said(shown(*events)) == [
        ("r.0.0", "Let me see.", ""),
        ("r.1.0", "", "Running code…"),
    ]
    done = (*events, step("completed", CODE), says("It is 4.", "m2"), run("completed"))
    assert said(shown(*done)) == [
        ("r.0.0", "Let me see.", ""),
        ("r.1.0", "It is 4.", "Ran code"),
    ]


def test_functions_are_named_without_their_arguments() -> None:
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [FUNCTION]}}
    asks = run("requires_action", required_action=action)
    assert said(shown(asks)) == [("r.0.0", "", "Using refund…")]
    assert "secret" not in str(shown(asks))
    assert said(shown(asks, run("queued"))) == [("r.0.0", "", "Used refund")]


def test_more_of_a_call_is_no_further_call() -> None:
    more = {"type": "function", "function": {"arguments": '{"a"'}}
    (post,) = shown(step(), call(FUNCTION), call(more))
    assert [one.name for one in post.doing] == ["refund"]


def test_what_was_broken_off_is_said_so() -> None:
    ends: list[Literal["cancelled", "failed", "expired"]] = ["cancelled", "failed", "expired"]
    for status in ends:
        (post,) = shown(step(), call(CODE), run(status))
        assert summary(post.doing) == "Code was broken off"
        assert post.text
        assert post.final


def test_a_run_that_says_nothing_says_so() -> None:
    (post,) = shown(step(), call(CODE), step("completed", CODE), run("completed"))
    assert (post.text, summary(post.doing)) == (NOTHING_SAID, "Ran code")


def test_after_a_take_over_the_work_stands_where_it_stood() -> None:
    cut = says("Hal", status="incomplete", incomplete_details={"reason": "run_failed"})
    cut = replace(cut, name="thread.message.incomplete")
    events = (cut, step(), call(CODE), step("completed", CODE), says("All of it.", "m2"))
    assert said(shown(*events, run("completed"))) == [("r.0.0", "All of it.", "Ran code")]


def test_platforms_that_do_not_show_it_get_none_of_it() -> None:
    plain = replace(SHOWS, shows_work=False)
    assert shown(step(), call(CODE), capabilities=plain) == []
    (post,) = shown(step(), call(CODE), says("4"), run("completed"), capabilities=plain)
    assert post.doing == ()


def test_a_line_counts_what_happened_often() -> None:
    ran = Doing("a", "code_interpreter", state="done")
    found = Doing("b", "file_search", state="going")
    assert summary([ran, replace(ran, id="c"), found]) == "Ran code 2 times · Searching the files…"
    assert summary([Doing("d", "function", "look_up", "failed")]) == "look_up was broken off"
    assert summary([]) == ""
