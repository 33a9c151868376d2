"""What a Run asks the model, as the model's endpoint saw it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.stage import MODEL, WEATHER, Stage
from tests.fakes.model_server import Call, Reply

pytestmark = pytest.mark.asyncio(loop_scope="session")

ASK = Call("weather", '{"place": "Oslo"}')


def _function(name: str) -> Any:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}


async def _submit(stage: Stage, run: Any, output: str = "rain") -> Any:
    wanted = run.required_action.submit_tool_outputs.tool_calls
    outputs: Any = [{"tool_call_id": call.id, "output": output} for call in wanted]
    await stage.client.beta.threads.runs.submit_tool_outputs(
        run.id, thread_id=run.thread_id, tool_outputs=outputs
    )
    return await stage.poll(run)


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ({}, "Be brief."),
        ({"instructions": "Be long."}, "Be long."),
        ({"additional_instructions": "Use rhymes."}, "Be brief. Use rhymes."),
        ({"instructions": "A", "additional_instructions": "B"}, "A B"),
    ],
)
async def test_instructions(stage: Stage, said: dict[str, str], heard: str) -> None:
    """A Run's replace the Assistant's; additional ones follow behind one space."""
    stage.script(Reply(text="Yes."))
    run = await stage.done(await stage.thread(), await stage.assistant(), **said)
    assert run.instructions == heard
    assert stage.asked[0].instructions == heard


async def test_additional_messages_come_before_the_run(stage: Stage) -> None:
    """In their order, behind what was there; they stay in the Thread."""
    stage.script(Reply(text="Yes."))
    thread_id = await stage.thread("One")
    more = [
        {"role": "assistant", "content": "Two"},
        {"role": "user", "content": [{"type": "text", "text": "Three"}], "metadata": {"k": "v"}},
    ]
    await stage.done(thread_id, await stage.assistant(), additional_messages=more)
    assert stage.asked[0].messages == (("user", "One"), ("assistant", "Two"), ("user", "Three"))
    messages = await stage.messages(thread_id)
    assert [message["role"] for message in messages] == ["user", "assistant", "user", "assistant"]
    assert messages[2]["metadata"] == {"k": "v"}
    assert [message["run_id"] is None for message in messages] == [True, True, True, False]


async def test_the_second_answer_knows_the_first_question(stage: Stage) -> None:
    """The Thread is the memory."""
    stage.script(Reply(text="Two."), Reply(text="Four."))
    thread_id, assistant_id = await stage.thread("1 + 1?"), await stage.assistant()
    await stage.done(thread_id, assistant_id)
    await stage.client.beta.threads.messages.create(thread_id, role="user", content="Twice that?")
    await stage.done(thread_id, assistant_id)
    assert stage.asked[1].messages == (
        ("user", "1 + 1?"),
        ("assistant", "Two."),
        ("user", "Twice that?"),
    )


async def test_last_messages(stage: Stage) -> None:
    """Exactly that many of the newest."""
    stage.script(Reply(text="Yes."))
    thread_id = await stage.thread("a")
    for text in "bcdef":
        await stage.client.beta.threads.messages.create(thread_id, role="assistant", content=text)
    strategy = {"type": "last_messages", "last_messages": 3}
    run = await stage.done(thread_id, await stage.assistant(), truncation_strategy=strategy)
    assert run.truncation_strategy.to_dict() == strategy
    assert "".join("".join(stage.asked[0].texts).split()) == "def"


async def test_automatic_truncation_drops_the_middle(stage: Stage) -> None:
    """The window is 16,000 tokens: the oldest and the newest Messages stay, in their order."""
    stage.script(Reply(text="Yes."))
    thread_id = await stage.thread("first: what it is about")
    for number in range(12):
        await stage.client.beta.threads.messages.create(
            thread_id, role="user", content=f"<{number}> " + "some words and " * 450
        )
    await stage.client.beta.threads.messages.create(thread_id, role="user", content="last question")
    await stage.done(thread_id, await stage.assistant())
    said = "\n".join(stage.asked[0].texts)
    kept = [number for number in range(12) if f"<{number}>" in said]
    assert said.startswith("first: what it is about")
    assert said.endswith("last question")
    assert 11 in kept
    assert 2 < len(kept) < 12
    gap = set(range(kept[0], 12)) - set(kept)
    assert gap == set(range(min(gap), max(gap) + 1)), "what is missing is one piece of the middle"
    assert min(gap, default=0) <= 4
    assert len(said) / 5 < 16_000


async def test_a_prompt_within_its_budget(stage: Stage) -> None:
    """`max_prompt_tokens` cuts the Thread, never the newest Message."""
    stage.script(Reply(text="Yes."))
    thread_id = await stage.thread()
    for number in range(10):
        await stage.client.beta.threads.messages.create(
            thread_id, role="user", content=f"<{number}> " + "word " * 100
        )
    run = await stage.done(thread_id, await stage.assistant(), max_prompt_tokens=500)
    assert (run.status, run.max_prompt_tokens) == ("completed", 500)
    said = "\n".join(stage.asked[0].texts)
    assert "<9>" in said
    assert "<5>" not in said


async def test_budgets_are_totals_of_a_run(stage: Stage) -> None:
    """What the first round used, later ones lack; when nothing is left, the Run is incomplete."""
    stage.script(Reply(calls=(ASK,), usage=(200, 300)), Reply(calls=(ASK,), usage=(200, 500)))
    assistant_id = await stage.assistant(tools=[WEATHER])
    run = await stage.done(
        await stage.thread(), assistant_id, max_completion_tokens=800, max_prompt_tokens=1000
    )
    run = await _submit(stage, run)
    assert [asked.max_output for asked in stage.asked] == [800, 500]
    assert run.status == "requires_action"
    run = await _submit(stage, run)
    assert (run.status, run.incomplete_details.reason) == ("incomplete", "max_completion_tokens")
    assert run.usage.to_dict() == {
        "prompt_tokens": 400, "completion_tokens": 800, "total_tokens": 1200,
    }  # fmt: skip
    assert [step["status"] for step in await stage.steps(run)] == ["completed", "completed"]


async def test_prompt_tokens_used_up(stage: Stage) -> None:
    """The other total."""
    stage.script(Reply(calls=(ASK,), usage=(600, 3)))
    assistant_id = await stage.assistant(tools=[WEATHER])
    run = await stage.done(await stage.thread(), assistant_id, max_prompt_tokens=600)
    run = await _submit(stage, run)
    assert (run.status, run.incomplete_details.reason) == ("incomplete", "max_prompt_tokens")


async def test_a_message_that_fits_nowhere_is_never_sent(stage: Stage) -> None:
    """The model has a window; the Run says why it failed."""
    thread_id = await stage.thread("word " * 30_000)
    run = await stage.done(thread_id, await stage.assistant())
    assert (run.status, run.last_error.code) == ("failed", "invalid_prompt")
    assert stage.asked == []


@pytest.mark.parametrize(
    ("choice", "heard"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ({"type": "function", "function": {"name": "weather"}}, "weather"),
    ],
)
async def test_tool_choice(stage: Stage, choice: Any, heard: str) -> None:
    """A forced choice holds for the first round only; `none` holds for all."""
    calls = choice != "none"
    stage.script(*([Reply(calls=(ASK,))] if calls else []), Reply(text="It rains."))
    assistant_id = await stage.assistant(tools=[WEATHER, _function("other")])
    run = await stage.done(await stage.thread(), assistant_id, tool_choice=choice)
    got: Any = run.tool_choice
    assert (got if isinstance(got, str) else got.to_dict()) == choice
    if calls:
        run = await _submit(stage, run)
    assert run.status == "completed"
    assert [asked.tool_choice for asked in stage.asked] == ([heard, "auto"] if calls else [heard])
    assert {asked.tools for asked in stage.asked} == {("weather", "other")}


async def test_tools_of_a_run_replace_the_assistants(stage: Stage) -> None:
    """Also with none at all."""
    assistant_id = await stage.assistant(tools=[WEATHER])
    for tools in ([_function("other")], []):
        stage.script(Reply(text="Yes."))
        await stage.done(await stage.thread(), assistant_id, tools=tools)
    assert [asked.tools for asked in stage.asked] == [("other",), ()]


async def test_parallel_calls_can_be_forbidden(stage: Stage) -> None:
    """Said to the model only where somebody forbade them."""
    assistant_id = await stage.assistant(tools=[WEATHER])
    for values in ({}, {"parallel_tool_calls": True}, {"parallel_tool_calls": False}):
        stage.script(Reply(text="Yes."))
        run = await stage.done(await stage.thread(), assistant_id, **values)
        assert run.parallel_tool_calls is values.get("parallel_tool_calls", True)
    heard = [asked.body.get("parallel_tool_calls") for asked in stage.asked]
    assert heard == [None, None, False]


SCHEMA: Any = {
    "name": "sum",
    "schema": {
        "type": "object",
        "properties": {"sum": {"type": "number"}},
        "required": ["sum"],
        "additionalProperties": False,
    },
    "strict": True,
}


@pytest.mark.parametrize(
    ("wanted", "heard"),
    [
        ("auto", None),
        ({"type": "text"}, None),
        ({"type": "json_object"}, {"type": "json_object"}),
        (
            {"type": "json_schema", "json_schema": SCHEMA},
            {"type": "json_schema", "json_schema": SCHEMA},
        ),
    ],
    ids=["auto", "text", "json_object", "json_schema"],
)
async def test_response_formats(stage: Stage, wanted: Any, heard: Any) -> None:
    """Of the Assistant, and of the Run, which wins."""
    stage.script(Reply(text='{"sum": 2}'), Reply(text="Yes."))
    plain, formed = await stage.assistant(), await stage.assistant(response_format=wanted)
    run = await stage.done(await stage.thread(), plain, response_format=wanted)
    got: Any = run.response_format
    assert (got if isinstance(got, str) else got.to_dict()) == wanted
    assert stage.asked[0].format == heard
    assert await stage.said(run) == ['{"sum": 2}']
    run = await stage.done(await stage.thread(), formed)
    assert stage.asked[1].format == heard


async def test_sampling_and_model(stage: Stage) -> None:
    """Sent only where somebody set it; the Run wins over the Assistant; old names still answer."""
    cool = await stage.assistant(model="gpt-4-1106-preview", temperature=0.2, top_p=0.9)
    for assistant_id, values in (
        (await stage.assistant(), {}),
        (cool, {}),
        (cool, {"temperature": 0.0, "model": MODEL}),
    ):
        stage.script(Reply(text="Yes."))
        run = await stage.done(await stage.thread(), assistant_id, **values)
    sampling = [(asked.body.get("temperature"), asked.body.get("top_p")) for asked in stage.asked]
    assert sampling == [(None, None), (0.2, 0.9), (0.0, 0.9)]
    assert {asked.model for asked in stage.asked} == {MODEL}
    assert (run.temperature, run.top_p, run.model) == (0.0, 0.9, MODEL)


async def test_an_endpoint_that_counts_nothing(stage: Stage) -> None:
    """Usage is estimated then."""
    stage.script(Reply(text="It is two, I am sure of it.", usage=None))
    run = await stage.done(await stage.thread("1 + 1?"), await stage.assistant())
    assert run.usage.prompt_tokens > 3
    assert run.usage.completion_tokens > 5
    assert run.usage.total_tokens == run.usage.prompt_tokens + run.usage.completion_tokens


async def test_a_refusal(stage: Stage) -> None:
    """A part of its own in the Message."""
    stage.script(Reply(refusal="I must not."))
    run = await stage.done(await stage.thread(), await stage.assistant())
    assert run.status == "completed"
    (_, message) = await stage.messages(run.thread_id)
    assert message["content"] == [{"type": "refusal", "refusal": "I must not."}]


async def test_reasoning_goes_back_within_a_run_only(stage: Stage) -> None:
    """The Responses API gets its encrypted item before the call that it led to; Chat gets none."""
    stage.script(Reply(reasoning="hm", calls=(ASK,)), Reply(text="Rain."), Reply(text="Still."))
    assistant_id = await stage.assistant(tools=[WEATHER])
    run = await stage.done(await stage.thread(), assistant_id)
    run = await _submit(stage, run)
    await stage.client.beta.threads.messages.create(run.thread_id, role="user", content="And now?")
    await stage.done(run.thread_id, assistant_id)
    kept = [
        [
            item["encrypted_content"]
            for item in asked.body["input"]
            if item.get("type") == "reasoning"
        ]
        if stage.protocol == "responses"
        else ["gAAA"] * ("reasoning_content" in str(asked.body))
        for asked in stage.asked
    ]
    assert kept == ([[], ["gAAA"], []] if stage.protocol == "responses" else [[], [], []])
    if stage.protocol == "responses":
        kinds = [item.get("type") for item in stage.asked[1].body["input"]]
        assert kinds.index("reasoning") == kinds.index("function_call") - 1
        assert all(asked.body["store"] is False for asked in stage.asked)
        assert all(tool["strict"] is False for tool in stage.asked[0].body["tools"])
