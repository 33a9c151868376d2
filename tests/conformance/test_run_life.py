"""The life of a Run: every status, what it allows, and the exact words of what it does not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.frames import ANSWER, names_of
from tests.conformance.stage import WEATHER, Stage
from tests.fakes.model_server import Call, Failure, Reply
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="session")

ASK = Call("weather", '{"place": "Oslo"}')


def _path(run: Any, verb: str = "") -> str:
    return f"/threads/{run.thread_id}/runs/{run.id}" + (f"/{verb}" if verb else "")


async def _waiting(stage: Stage, *calls: Call, **values: Any) -> Any:
    """A Run that waits for outputs."""
    stage.script(Reply(calls=calls or (ASK,)))
    assistant_id = await stage.assistant(tools=[WEATHER])
    run = await stage.done(await stage.thread("Weather?"), assistant_id, **values)
    assert run.status == "requires_action"
    return run


def _outputs(run: Any, *said: str) -> dict[str, Any]:
    wanted = run.required_action.submit_tool_outputs.tool_calls
    return {
        "tool_outputs": [
            {"tool_call_id": call.id, "output": text}
            for call, text in zip(wanted, said or ("rain",) * len(wanted), strict=True)
        ]
    }


async def test_completed(stage: Stage) -> None:
    """Every field of a Run, from its creation to its end."""
    hold = asyncio.Event()
    stage.script(Reply(text="It is two.", hold=hold, usage=(11, 7)))
    thread_id, assistant_id = await stage.thread("1 + 1?"), await stage.assistant()
    run = await stage.run(thread_id, assistant_id, metadata={"a": "b"})
    assert (run.status, run.instructions, run.metadata) == ("queued", "Be brief.", {"a": "b"})
    assert (run.usage, run.started_at, run.completed_at, run.last_error) == (None,) * 4
    assert run.expires_at == run.created_at + 700
    begun = await stage.until(run, "in_progress")
    assert begun.started_at >= run.created_at
    assert (begun.usage, begun.expires_at) == (None, run.expires_at)
    hold.set()
    run = await stage.poll(run)
    assert run.status == "completed"
    assert run.completed_at >= run.started_at
    assert run.usage.to_dict() == {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    gone = (run.expires_at, run.failed_at, run.cancelled_at, run.incomplete_details, run.last_error)
    assert gone == (None,) * 5
    (step,) = await stage.steps(run)
    assert (step["type"], step["status"]) == ("message_creation", "completed")
    assert step["usage"] == run.usage.to_dict()
    question, answer = await stage.messages(thread_id)
    assert step["step_details"]["message_creation"] == {"message_id": answer["id"]}
    assert (answer["status"], answer["run_id"]) == ("completed", run.id)
    assert (question["run_id"], question["assistant_id"]) == (None, None)


async def test_requires_action_and_back(stage: Stage) -> None:
    """The Step stays open while the Run waits; the outputs end it, exactly as they were given."""
    run = await _waiting(stage)
    assert (run.usage, run.expires_at) == (None, run.created_at + 700)
    (call,) = run.required_action.submit_tool_outputs.tool_calls
    assert (call.function.name, call.function.arguments) == ("weather", '{"place": "Oslo"}')
    (step,) = await stage.steps(run)
    assert (step["type"], step["status"], step["completed_at"]) == (
        "tool_calls", "in_progress", None,
    )  # fmt: skip
    assert step["step_details"]["tool_calls"][0]["function"]["output"] is None
    assert len(await stage.messages(run.thread_id)) == 1
    hold = asyncio.Event()
    stage.script(Reply(text="It rains.", hold=hold))
    answer = await stage.http.post(_path(run, "submit_tool_outputs"), json=_outputs(run, " r "))
    assert (answer.json()["status"], answer.json()["required_action"]) == ("queued", None)
    (step, *_) = await stage.steps(run)
    assert step["status"] == "completed"
    assert step["step_details"]["tool_calls"][0]["function"]["output"] == " r "
    hold.set()
    run = await stage.poll(run)
    assert (run.status, run.required_action) == ("completed", None)
    assert run.usage.total_tokens == 36
    assert stage.asked[1].messages[-2:] == (("call", call.id), ("output", f"{call.id}:  r "))


async def test_calls_of_one_round_are_submitted_together_in_any_order(stage: Stage) -> None:
    """All in one required action; fewer, others or the same twice are refused."""
    oslo, rome = Call("weather", '{"place": "Oslo"}'), Call("weather", '{"place": "Rome"}')
    run = await _waiting(stage, oslo, rome)
    first, second = run.required_action.submit_tool_outputs.tool_calls
    assert [first.function.arguments, second.function.arguments] == [oslo.arguments, rome.arguments]
    wanted = f"Expected tool outputs for call_ids ['{first.id}', '{second.id}'], got "
    for given in ([first.id], [first.id, "call_other"], [first.id, first.id], [first.id] * 3):
        body = {"tool_outputs": [{"tool_call_id": one, "output": "x"} for one in given]}
        error = await stage.refusal(_path(run, "submit_tool_outputs"), body)
        assert error["message"] == f"{wanted}{given}"
        assert (error["param"], error["code"]) == (None, None)
    stage.script(Reply(text="Both wet."))
    turned: Any = [
        {"tool_call_id": second.id, "output": "dry"},
        {"tool_call_id": first.id, "output": "wet"},
    ]
    run = await stage.client.beta.threads.runs.submit_tool_outputs_and_poll(
        run_id=run.id, thread_id=run.thread_id, tool_outputs=turned, poll_interval_ms=10
    )
    assert run.status == "completed"
    (step, _) = await stage.steps(run)
    outputs = [call["function"]["output"] for call in step["step_details"]["tool_calls"]]
    assert outputs == ["wet", "dry"]
    assert stage.asked[1].messages[-2:] == (
        ("output", f"{first.id}: wet"),
        ("output", f"{second.id}: dry"),
    )


@pytest.mark.parametrize(("status", "code"), [(400, "invalid_prompt"), (401, "server_error")])
async def test_failed(stage: Stage, status: int, code: str) -> None:
    """With the endpoint's reason; nothing was said, so nothing stands in the Thread."""
    stage.script(Failure(status, {"error": {"message": "the prompt is too bad", "type": "x"}}))
    run = await stage.done(await stage.thread(), await stage.assistant())
    assert (run.status, run.last_error.code) == ("failed", code)
    assert (
        "the prompt is too bad" if status == 400 else "OPENAI_API_KEY"
    ) in run.last_error.message
    assert run.failed_at is not None
    assert (run.completed_at, run.expires_at) == (None, None)
    assert await stage.steps(run) == []
    assert len(await stage.messages(run.thread_id)) == 1


async def test_failed_by_a_rate_limit(stage: Stage) -> None:
    """An endpoint that wants a long pause."""
    busy = {"error": {"message": "Slow down", "type": "rate_limit_error"}}
    stage.script(Failure(429, busy, {"Retry-After": "90"}))
    busy_one = await stage.assistant(model="ft:m:busy::1")  # whose other calls wait for a while
    run = await stage.done(await stage.thread(), busy_one)
    assert (run.status, run.last_error.code) == ("failed", "rate_limit_exceeded")


async def test_a_content_filter_leaves_an_incomplete_message(stage: Stage) -> None:
    """What was said stays, with the reason."""
    stage.script(Reply(text="Take some", finish="content_filter"))
    run = await stage.done(await stage.thread(), await stage.assistant())
    assert (run.status, run.last_error.code) == ("failed", "invalid_prompt")
    (_, message) = await stage.messages(run.thread_id)
    assert (message["status"], message["incomplete_details"]) == (
        "incomplete", {"reason": "content_filter"},
    )  # fmt: skip
    (step,) = await stage.steps(run)
    assert (step["status"], step["last_error"]["code"]) == ("failed", "server_error")


async def test_incomplete(stage: Stage) -> None:
    """An answer that met its limit."""
    stage.script(Reply(text="Once upon a", finish="length", usage=(11, 256)))
    run = await stage.done(await stage.thread(), await stage.assistant(), max_completion_tokens=256)
    assert (run.status, run.incomplete_details.reason) == ("incomplete", "max_completion_tokens")
    assert (run.completed_at, run.failed_at, run.last_error, run.expires_at) == (None,) * 4
    assert run.usage.completion_tokens == 256
    (_, message) = await stage.messages(run.thread_id)
    assert (message["status"], message["incomplete_details"]) == (
        "incomplete", {"reason": "max_tokens"},
    )  # fmt: skip
    assert message["incomplete_at"] is not None
    assert message["completed_at"] is None
    assert message["content"][0]["text"]["value"] == "Once upon a"


async def test_cancelled_in_mid_text(stage: Stage) -> None:
    """First `cancelling`, then `cancelled`; the half Message says so, and so does its Step."""
    stage.script(Reply(text="Once upon a time", hold=asyncio.Event()))
    run = await stage.run(await stage.thread(), await stage.assistant())
    await stage.until_asked(1)
    await stage.until(run, "in_progress")
    while not await stage.steps(run):
        await asyncio.sleep(0.01)
    answer = await stage.http.post(_path(run, "cancel"))
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelling")
    run = await stage.poll(run)
    assert run.status == "cancelled"
    assert run.cancelled_at is not None
    assert (run.expires_at, run.failed_at, run.last_error) == (None,) * 3
    (_, message) = await stage.messages(run.thread_id)
    assert (message["status"], message["incomplete_details"]) == (
        "incomplete", {"reason": "run_cancelled"},
    )  # fmt: skip
    assert message["content"][0]["text"]["value"] == "Once "
    (step,) = await stage.steps(run)
    assert (step["status"], step["cancelled_at"]) == ("cancelled", run.cancelled_at)
    stage.script(Reply(text="Yes."))
    again = await stage.done(run.thread_id, run.assistant_id)
    assert again.status == "completed"
    assert "Once " not in stage.asked[1].texts


async def test_cancelled_while_it_waits_for_outputs(stage: Stage) -> None:
    """The answer says `cancelling`; no action is required any more, and its Step is cancelled."""
    run = await _waiting(stage)
    answer = (await stage.http.post(_path(run, "cancel"))).json()
    assert (answer["status"], answer["required_action"]) == ("cancelling", None)
    run = await stage.poll(run)
    assert run.status == "cancelled"
    (step,) = await stage.steps(run)
    assert step["status"] == "cancelled"
    error = await stage.refusal(_path(run, "submit_tool_outputs"), {"tool_outputs": [
        {"tool_call_id": "call_x", "output": ""}]})  # fmt: skip
    assert error["message"] == 'Runs in status "cancelled" do not accept tool outputs.'


async def test_a_run_that_ended_is_not_cancelled(stage: Stage) -> None:
    """In the exact words that clients compare."""
    for reply, status in (
        (Reply(text="Yes."), "completed"),
        (Reply(text="Y", finish="length"), "incomplete"),
        (Failure(400, "no"), "failed"),
    ):
        stage.script(reply)
        run = await stage.done(await stage.thread(), await stage.assistant())
        assert run.status == status
        error = await stage.refusal(_path(run, "cancel"))
        assert error == {
            "message": f"Cannot cancel run with status '{status}'.",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }
        given = {"tool_outputs": [{"tool_call_id": "call_x", "output": ""}]}
        error = await stage.refusal(_path(run, "submit_tool_outputs"), given)
        assert error["message"] == f'Runs in status "{status}" do not accept tool outputs.'
    run = await _waiting(stage)
    await stage.http.post(_path(run, "cancel"))
    await stage.poll(run)
    error = await stage.refusal(_path(run, "cancel"))
    assert error["message"] == "Cannot cancel run with status 'cancelled'."


async def test_outputs_of_a_run_that_works(stage: Stage) -> None:
    """It asked for none."""
    hold = asyncio.Event()
    stage.script(Reply(text="Wait a moment", hold=hold))
    run = await stage.run(await stage.thread(), await stage.assistant())
    await stage.until(run, "in_progress")
    given = {"tool_outputs": [{"tool_call_id": "call_x", "output": ""}]}
    error = await stage.refusal(_path(run, "submit_tool_outputs"), given)
    assert error["message"] == 'Runs in status "in_progress" do not accept tool outputs.'
    hold.set()
    assert (await stage.poll(run)).status == "completed"


async def test_a_thread_is_locked_while_a_run_is_active(stage: Stage) -> None:
    """No Message and no Run is added; everything else goes on."""
    hold = asyncio.Event()
    stage.script(Reply(text="Wait a moment", hold=hold))
    thread_id, assistant_id = await stage.thread("One", "Two"), await stage.assistant()
    run = await stage.run(thread_id, assistant_id)
    said = {"role": "user", "content": "Three"}
    error = await stage.refusal(f"/threads/{thread_id}/messages", said)
    assert error["message"] == f"Can't add messages to {thread_id} while a run {run.id} is active."
    error = await stage.refusal(f"/threads/{thread_id}/runs", {"assistant_id": assistant_id})
    assert error["message"] == f"Thread {thread_id} already has an active run {run.id}."
    other = await stage.http.post(f"/threads/{thread_id}/runs", json={
        "assistant_id": assistant_id, "stream": True})  # fmt: skip
    assert (other.status_code, other.json()["error"]["message"]) == (400, error["message"])
    first, second, *_ = await stage.messages(thread_id)
    marked = await stage.http.post(_path(run), json={"metadata": {"seen": "yes"}})
    assert marked.json()["metadata"] == {"seen": "yes"}
    for path in (f"/threads/{thread_id}", f"/threads/{thread_id}/messages/{first['id']}"):
        changed = await stage.http.post(path, json={"metadata": {"k": "v"}})
        assert changed.json()["metadata"] == {"k": "v"}
    gone = await stage.http.delete(f"/threads/{thread_id}/messages/{second['id']}")
    assert gone.json()["deleted"] is True
    hold.set()
    run = await stage.poll(run)
    assert (run.status, run.metadata) == ("completed", {"seen": "yes"})
    assert (await stage.http.post(f"/threads/{thread_id}/messages", json=said)).status_code == 200
    changed = await stage.http.post(_path(run), json={"metadata": {"late": "1"}})
    assert changed.json()["metadata"] == {"seen": "yes", "late": "1"}


async def test_a_thread_is_locked_while_a_run_waits(stage: Stage) -> None:
    """Waiting for outputs is active, too."""
    run = await _waiting(stage)
    said = {"role": "user", "content": "Three"}
    error = await stage.refusal(f"/threads/{run.thread_id}/messages", said)
    assert error["message"] == (
        f"Can't add messages to {run.thread_id} while a run {run.id} is active."
    )
    marked = await stage.http.post(_path(run), json={"metadata": {"seen": "yes"}})
    assert (marked.json()["status"], marked.json()["metadata"]) == (
        "requires_action", {"seen": "yes"},
    )  # fmt: skip
    stage.script(Reply(text="It rains."))
    await stage.http.post(_path(run, "submit_tool_outputs"), json=_outputs(run))
    run = await stage.poll(run)
    assert (run.status, run.metadata) == ("completed", {"seen": "yes"})


async def test_a_deleted_thread_ends_its_run(stage: Stage) -> None:
    """Nothing of it can be found, and the model is not listened to any longer."""
    stage.script(Reply(text="Once upon a time", hold=asyncio.Event()))
    run = await stage.run(await stage.thread(), await stage.assistant())
    await stage.until_asked(1)
    assert (await stage.http.delete(f"/threads/{run.thread_id}")).json()["deleted"] is True
    answer = await stage.http.get(_path(run))
    assert answer.status_code == 404
    await asyncio.wait_for(stage.requests[-1].cut.wait(), PATIENCE_S)


async def test_two_messages_in_one_run(stage: Stage) -> None:
    """Words before a call are a Message of their own; Steps are listed in their order."""
    stage.script(Reply(text="I look it up.", calls=(ASK,)))
    assistant_id = await stage.assistant(tools=[WEATHER])
    run = await stage.done(await stage.thread("Weather?"), assistant_id)
    assert await stage.said(run) == ["I look it up."]
    stage.script(Reply(text="It rains."))
    await stage.http.post(_path(run, "submit_tool_outputs"), json=_outputs(run))
    run = await stage.poll(run)
    assert await stage.said(run) == ["I look it up.", "It rains."]
    steps = await stage.steps(run)
    kinds = [(step["type"], step["status"]) for step in steps]
    assert kinds == [
        ("message_creation", "completed"),
        ("tool_calls", "completed"),
        ("message_creation", "completed"),
    ]
    stage.script(Reply(text="Still."))
    await stage.client.beta.threads.messages.create(run.thread_id, role="user", content="And now?")
    await stage.done(run.thread_id, assistant_id)
    assert stage.asked[-1].texts[0] == "Weather?"
    assert "I look it up." in "".join(stage.asked[-1].texts)
    assert stage.asked[-1].texts[-1] == "And now?"


async def test_an_answer_without_words(stage: Stage) -> None:
    """A Message all the same: clients take the Thread's newest one for the answer."""
    stage.script(Reply(text=""))
    thread_id = await stage.thread("Say nothing.")
    told = await stage.stream(
        f"/threads/{thread_id}/runs", {"assistant_id": await stage.assistant()}
    )
    newest = (await stage.messages(thread_id))[-1]
    assert (newest["role"], newest["status"]) == ("assistant", "completed")
    assert newest["content"] == [{"type": "text", "text": {"value": "", "annotations": []}}]
    assert [name for name in names_of(told) if "delta" not in name] == [
        name for name in ANSWER if "delta" not in name
    ]


async def test_outputs_may_be_left_out(stage: Stage) -> None:
    """An output that is not given is an empty one."""
    run = await _waiting(stage)
    (call,) = run.required_action.submit_tool_outputs.tool_calls
    stage.script(Reply(text="So be it."))
    path = _path(run, "submit_tool_outputs")
    body = {"tool_outputs": [{"tool_call_id": call.id}]}
    assert (await stage.http.post(path, json=body)).json()["status"] == "queued"
    assert (await stage.poll(run)).status == "completed"
    assert stage.asked[-1].messages[-1] == ("output", f"{call.id}: ")
