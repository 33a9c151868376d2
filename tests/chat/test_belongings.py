"""Which Files belong to a Message or to a Step: those that came or were made there."""

from __future__ import annotations

from core.assistants import Json, Message, RunStep, files_of_message, files_of_step, text_part


def _message(*content: Json, attached: tuple[str, ...] = ()) -> Message:
    return Message(
        id="msg_1",
        created_at=1,
        thread_id="thread_1",
        role="assistant",
        content=content,
        attachments=tuple({"file_id": name, "tools": []} for name in attached),
    )


def test_what_came_with_a_message_and_what_code_made_for_it_belong_to_it() -> None:
    made: Json = {"type": "file_path", "text": "x", "file_path": {"file_id": "file-made"}}
    shown: Json = {"type": "image_file", "image_file": {"file_id": "file-figure"}}
    message = _message(text_part("see x", (made,)), shown, attached=("file-came", "file-figure"))
    assert files_of_message(message) == ["file-came", "file-figure", "file-made"]


def test_what_a_message_cites_does_not() -> None:
    cited: Json = {"type": "file_citation", "text": "y", "file_citation": {"file_id": "file-book"}}
    linked: Json = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    assert files_of_message(_message(text_part("see y", (cited,)), linked)) == []


def test_pictures_that_code_made_belong_to_its_step() -> None:
    calls: list[Json] = [
        {
            "type": "code_interpreter",
            "code_interpreter": {
                "input": "plot()",
                "outputs": [
                    {"type": "logs", "logs": "done"},
                    {"type": "image", "image": {"file_id": "file-figure"}},
                ],
            },
        },
        {"type": "file_search", "file_search": {"results": [{"file_id": "file-book"}]}},
    ]
    assert files_of_step(_step("tool_calls", {"tool_calls": calls})) == ["file-figure"]
    made: Json = {"message_creation": {"message_id": "msg_1"}}
    assert files_of_step(_step("message_creation", made)) == []


def _step(kind: str, details: Json) -> RunStep:
    return RunStep(
        id="step_1",
        created_at=1,
        assistant_id="asst_1",
        thread_id="thread_1",
        run_id="run_1",
        type="tool_calls" if kind == "tool_calls" else "message_creation",
        step_details=details,
    )
