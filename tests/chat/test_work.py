"""How a Run's Steps look to people."""

from __future__ import annotations

from core.assistants import Json, RunStep
from core.chat.messages import LastTurn, Session
from core.chat.text.split import split
from core.chat.work import NOTHING_DONE, answer_name, answer_of, shown_work


def _step(*calls: Json, status: str = "completed", **more: object) -> RunStep:
    details = {"type": "tool_calls", "tool_calls": list(calls)}
    values: Json = {"status": status, **more}
    return RunStep(
        id="step_1",
        created_at=1,
        assistant_id="a",
        thread_id="t",
        run_id="r",
        type="tool_calls",
        step_details=details,
        **values,
    )


def _code(code: str, *logs: str) -> Json:
    outputs: list[Json] = [{"type": "logs", "logs": one} for one in logs]
    return {
        "id": "call_1",
        "type": "code_interpreter",
        "code_interpreter": {"input": code, "outputs": [*outputs, {"type": "image"}]},
    }


def test_code_and_what_it_said() -> None:
    said = shown_work([_step(_code("print(6 * 7)", "42\n"))])
    assert "```python\nprint(6 * 7)\n```" in said
    assert "```\n42\n```" in said
    assert "picture" in said


def test_nothing_that_code_prints_ends_its_block() -> None:
    said = shown_work([_step(_code("x", "```\n@channel\n````"))])
    assert "`````\n```\n@channel\n````\n`````" in said
    assert len(split(said, 2_000)) == 1


def test_functions_and_files() -> None:
    call = {"name": "f", "arguments": '{"a": 1, "b": "x"}', "output": "seven"}
    search = {"results": [{"file_name": "may.md", "score": 0.5}, {"file_name": "may.md"}]}
    said = shown_work(
        [
            _step({"id": "1", "type": "function", "function": call}),
            _step({"id": "2", "type": "file_search", "file_search": search}),
        ]
    )
    assert '**1.** Called a function:\n\n```\nf(a=1, b="x")\n```' in said
    assert "```\nseven\n```" in said
    assert "**2.** Searched the files" in said
    assert "- may.md (score 0.50)" in said


def test_what_failed_says_why_and_nothing_says_nothing() -> None:
    failed = _step(_code("x"), status="failed", last_error={"message": "It broke."})
    assert "(This step failed. It broke.)" in shown_work([failed])
    assert shown_work([]) == NOTHING_DONE


def test_long_output_is_cut_and_says_so() -> None:
    said = shown_work([_step(_code("x", "y" * 10_000))])
    assert len(said) < 7_000
    assert "4,000 more characters" in said


def test_an_answer_is_named_only_within_its_conversation() -> None:
    last = LastTurn(turn_id="q", run_id="run_2", inbounds=(), message_ids=(), askers=())
    here = Session(ordinal=2, thread_id="thread_2", last=last)
    earlier = Session(ordinal=1, thread_id="thread_1")
    assert answer_of("", [here]) == ("thread_2", "run_2")
    assert answer_of(answer_name("thread_1", "run_1"), [here, earlier]) == ("thread_1", "run_1")
    assert answer_of("thread_9 run_1", [here, earlier]) is None
    assert answer_of("", [earlier]) is None
    assert answer_name("t" * 60, "r" * 60) == ""
