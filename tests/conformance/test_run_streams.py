"""Streams of Runs: names, order and deltas, from the process that executes and from another."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from openai import AsyncAssistantEventHandler
from typing_extensions import override

from tests.api.frames import ANSWER, names_of
from tests.api.serving import wire
from tests.conformance.stage import WEATHER, Stage
from tests.fakes.model_server import Call, Failure, Json, Reply

pytestmark = pytest.mark.asyncio(loop_scope="session")

ASK = Call("weather", '{"place": "Oslo"}')
BEGIN = ANSWER[:3]
TO_THE_ACTION = [
    *BEGIN,
    "thread.run.step.created",
    "thread.run.step.in_progress",
    "thread.run.step.delta",
    "thread.run.requires_action",
]


def _joined(told: list[tuple[str, Json]]) -> str:
    """What the deltas of Messages say together."""
    return "".join(
        part["text"]["value"]
        for name, data in told
        if name == "thread.message.delta"
        for part in data["delta"]["content"]
    )


def _check_objects(told: list[tuple[str, Json]]) -> None:
    """Each event carries the bare object in the status that its name says."""
    for name, data in told:
        kind, _, status = name.rpartition(".")
        if status == "delta":
            assert data["object"] == name
            assert set(data) == {"id", "object", "delta"}
        else:
            assert data["object"] == (kind if kind != "thread" else "thread")
            if status != "created":
                assert data["status"] == status


async def test_a_plain_answer(stage: Stage) -> None:
    """Names, order, objects; the deltas joined are the text; `annotations` come first only."""
    text = "It is “two”, nothing else: 𝟐. Not three."
    stage.script(Reply(text=text))
    thread_id, assistant_id = await stage.thread("1 + 1?"), await stage.assistant()
    told = await stage.stream(f"/threads/{thread_id}/runs", {"assistant_id": assistant_id})
    assert names_of(told) == ANSWER
    _check_objects(told)
    assert _joined(told) == text
    done = dict(told)
    assert done["thread.message.created"]["content"] == []
    assert done["thread.message.completed"]["content"][0]["text"]["value"] == text
    deltas = [data["delta"]["content"][0] for name, data in told if name.endswith("message.delta")]
    assert all(part["index"] == 0 and part["type"] == "text" for part in deltas)
    assert ["annotations" in part["text"] for part in deltas] == [
        place == 0 for place in range(len(deltas))
    ]
    step = done["thread.run.step.created"]
    message_id = done["thread.message.created"]["id"]
    assert step["step_details"]["message_creation"] == {"message_id": message_id}
    used = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    assert done["thread.run.step.completed"]["usage"] == used
    assert done["thread.run.completed"]["usage"] == used
    assert done["thread.run.in_progress"]["usage"] is None
    run = (await stage.http.get(f"/threads/{thread_id}/runs/{step['run_id']}")).json()
    assert run == done["thread.run.completed"]
    assert (await stage.messages(thread_id))[1] == done["thread.message.completed"]


async def test_a_thread_and_its_run(stage: Stage) -> None:
    """The Thread is told first."""
    stage.script(Reply(text="Two."))
    thread = {"messages": [{"role": "user", "content": "1 + 1?"}], "metadata": {"k": "v"}}
    body = {"assistant_id": await stage.assistant(), "thread": thread}
    told = await stage.stream("/threads/runs", body)
    assert names_of(told) == ["thread.created", *ANSWER]
    assert told[0][1]["metadata"] == {"k": "v"}
    assert told[1][1]["thread_id"] == told[0][1]["id"]


async def test_a_function_call_and_its_submission(stage: Stage) -> None:
    """The call is told piece by piece, its id once; behind the outputs the old Step completes."""
    arguments = '{"place": "Reykjavík", "unit": "celsius"}'
    stage.script(Reply(calls=(Call("weather", arguments), ASK)), Reply(text="It rains."))
    thread_id, assistant_id = await stage.thread("?"), await stage.assistant(tools=[WEATHER])
    told = await stage.stream(f"/threads/{thread_id}/runs", {"assistant_id": assistant_id})
    assert names_of(told) == TO_THE_ACTION
    _check_objects(told)
    assert dict(told)["thread.run.step.created"]["step_details"]["tool_calls"] == []
    parts: dict[int, list[Json]] = {}
    for name, data in told:
        if name == "thread.run.step.delta":
            for call in data["delta"]["step_details"]["tool_calls"]:
                parts.setdefault(call["index"], []).append(call)
    assert list(parts) == [0, 1]
    run = told[-1][1]
    wanted = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    for index, call in enumerate(wanted):
        first, *rest = parts[index]
        assert first["id"] == call["id"]
        assert first["type"] == "function"
        assert first["function"]["name"] == call["function"]["name"]
        assert first["function"]["output"] is None
        assert not any("id" in more or "name" in more["function"] for more in rest)
        said = "".join(part["function"]["arguments"] for part in parts[index])
        assert said == call["function"]["arguments"]
    assert [call["function"]["arguments"] for call in wanted] == [arguments, ASK.arguments]
    outputs = [{"tool_call_id": call["id"], "output": "rain"} for call in reversed(wanted)]
    path = f"/threads/{thread_id}/runs/{run['id']}/submit_tool_outputs"
    told = await stage.stream(path, {"tool_outputs": outputs})
    assert names_of(told) == [
        "thread.run.step.completed",
        "thread.run.queued",
        "thread.run.in_progress",
        *ANSWER[3:],
    ]
    _check_objects(told)
    assert _joined(told) == "It rains."
    assert told[0][1]["step_details"]["tool_calls"][0]["function"]["output"] == "rain"


async def test_a_submission_that_leads_to_the_next_action(stage: Stage) -> None:
    """Its stream ends there; the next one begins there."""
    stage.script(Reply(calls=(ASK,)), Reply(text="Once more.", calls=(ASK,)), Reply(text="Rain."))
    run = await stage.done(await stage.thread(), await stage.assistant(tools=[WEATHER]))
    path = f"/threads/{run.thread_id}/runs/{run.id}/submit_tool_outputs"
    first = run.required_action.submit_tool_outputs.tool_calls[0].id
    told = await stage.stream(path, {"tool_outputs": [{"tool_call_id": first, "output": "?"}]})
    assert names_of(told) == [
        "thread.run.step.completed",
        "thread.run.queued",
        "thread.run.in_progress",
        *ANSWER[3:-1],
        *TO_THE_ACTION[3:],
    ]
    second = told[-1][1]["required_action"]["submit_tool_outputs"]["tool_calls"][0]["id"]
    assert second != first
    told = await stage.stream(path, {"tool_outputs": [{"tool_call_id": second, "output": "?"}]})
    assert names_of(told)[:3] == [
        "thread.run.step.completed", "thread.run.queued", "thread.run.in_progress",
    ]  # fmt: skip
    assert names_of(told)[3:] == ANSWER[3:]


async def test_ends_of_streams(stage: Stage) -> None:
    """Failed, incomplete and cancelled Runs end their streams by their own names."""
    assistant_id = await stage.assistant()
    body = {"assistant_id": assistant_id}
    stage.script(Failure(400, "no"))
    told = await stage.stream(f"/threads/{await stage.thread()}/runs", body)
    assert names_of(told) == [*BEGIN, "thread.run.failed"]
    assert told[-1][1]["last_error"]["code"] == "invalid_prompt"
    stage.script(Reply(text="Once upon", finish="length"))
    told = await stage.stream(f"/threads/{await stage.thread()}/runs", body)
    cut = [*ANSWER[:8], "thread.message.incomplete", "thread.run.step.completed"]
    assert names_of(told) == [*cut, "thread.run.incomplete"]
    assert _joined(told) == "Once upon"
    stage.script(Reply(text="Once upon", hold=asyncio.Event()))
    thread_id = await stage.thread()
    seen: list[tuple[str, Json]] = []
    async with stage.follow(f"/threads/{thread_id}/runs", body) as events:
        async for name, data in events:
            seen.append((name, data))
            if name == "thread.message.delta":
                run_id = seen[0][1]["id"]
                answer = await stage.http.post(f"/threads/{thread_id}/runs/{run_id}/cancel")
                assert answer.json()["status"] == "cancelling"
    assert names_of(seen) == [
        *ANSWER[:8],
        "thread.run.cancelling",
        "thread.message.incomplete",
        "thread.run.step.cancelled",
        "thread.run.cancelled",
    ]
    _check_objects(seen)
    assert _joined(seen) == "Once "


async def test_a_client_that_leaves_and_asks_again(stage: Stage) -> None:
    """The Run goes on without it; polling finds its end."""
    hold = asyncio.Event()
    stage.script(Reply(text="Once upon a time", hold=hold))
    thread_id, body = await stage.thread(), {"assistant_id": await stage.assistant()}
    async with stage.follow(f"/threads/{thread_id}/runs", body) as events:
        async for name, _ in events:
            if name == "thread.message.delta":
                break
    hold.set()
    (run,) = (await stage.client.beta.threads.runs.list(thread_id)).data
    run = await stage.poll(run)
    assert run.status == "completed"
    assert await stage.said(run) == ["Once upon a time"]


async def test_the_first_word_before_the_second_is_made(stage: Stage) -> None:
    """The model says its second word only when the client has the first: nothing is buffered."""
    hold = asyncio.Event()
    stage.script(Reply(text="Hello you there", hold=hold))
    thread_id, assistant_id = await stage.thread(), await stage.assistant()
    stream = await stage.client.beta.threads.runs.create(
        thread_id, assistant_id=assistant_id, stream=True
    )
    said = ""
    async for event in stream:
        if event.event == "thread.message.delta":
            said += _joined([(event.event, wire(event.data))])
            hold.set()
    assert said == "Hello you there"


async def test_the_first_piece_of_a_call_before_the_second_is_made(stage: Stage) -> None:
    """Arguments come as they are written, too."""
    hold = asyncio.Event()
    stage.script(Reply(calls=(Call("weather", ASK.arguments, pieces=4),), hold=hold))
    thread_id, assistant_id = await stage.thread(), await stage.assistant(tools=[WEATHER])
    said, last = "", ""
    async with stage.follow(f"/threads/{thread_id}/runs", {"assistant_id": assistant_id}) as events:
        async for name, data in events:
            last = name
            if name == "thread.run.step.delta":
                (call,) = data["delta"]["step_details"]["tool_calls"]
                said += call["function"]["arguments"]
                if said:
                    hold.set()
    assert (said, last) == (ASK.arguments, "thread.run.requires_action")


class _Handler(AsyncAssistantEventHandler):
    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.texts: list[str] = []
        self.calls: list[str] = []

    @override
    async def on_text_done(self, text: Any) -> None:
        self.texts.append(text.value)

    @override
    async def on_tool_call_done(self, tool_call: Any) -> None:
        self.calls.append(tool_call.function.arguments)


async def test_the_official_handler(stage: Stage) -> None:
    """Its accumulator takes every delta; what it has at the end is what is stored."""
    stage.script(Reply(text="I ask.", calls=(ASK, ASK)), Reply(text="It rains."))
    thread_id, assistant_id = await stage.thread("?"), await stage.assistant(tools=[WEATHER])
    runs = stage.client.beta.threads.runs
    handler = _Handler(stage)
    async with runs.stream(
        thread_id=thread_id, assistant_id=assistant_id, event_handler=handler
    ) as stream:
        await stream.until_done()
        run: Any = stream.current_run
    assert (handler.texts, handler.calls) == (["I ask."], [ASK.arguments] * 2)
    outputs: Any = [
        {"tool_call_id": call.id, "output": "rain"}
        for call in run.required_action.submit_tool_outputs.tool_calls
    ]
    handler = _Handler(stage)
    async with runs.submit_tool_outputs_stream(
        run_id=run.id, thread_id=thread_id, tool_outputs=outputs, event_handler=handler
    ) as stream:
        await stream.until_done()
        final = await stream.get_final_run()
        messages = await stream.get_final_messages()
    assert (final.status, handler.texts) == ("completed", ["It rains."])
    assert [message.to_dict() for message in messages] == (await stage.messages(thread_id))[-1:]
