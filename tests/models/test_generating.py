"""What both protocols promise: words, calls and refusals as they are made, and how it ended."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any, cast

import pytest

from core.engine.generation import Finished, TextDelta, Usage
from core.engine.ports import ChatModel
from core.errors import ModelUnavailable
from tests.fakes.model_server import Call, Failure, ModelServer, Reply
from tests.fakes.rounds import ADD, asking, run
from tests.patience import PATIENCE_S


async def test_words_come_as_they_are_made_and_the_count_with_them(
    server: ModelServer, model: ChatModel
) -> None:
    server.script(Reply(text="It is  four.\n", usage=(21, 4)))
    done = await run(model)
    assert done.text == "It is  four.\n"
    assert sum(isinstance(event, TextDelta) for event in done.events) == 3
    assert done.finished == Finished("stop", Usage(21, 4))


async def test_the_first_word_is_there_before_the_second_is_made(
    server: ModelServer, model: ChatModel
) -> None:
    gate = asyncio.Event()
    server.script(Reply(text="one two", hold=gate))
    stream = cast("Any", model.stream(asking()))
    async with aclosing(stream):
        assert await anext(stream) == TextDelta("one ")
        gate.set()
        assert await anext(stream) == TextDelta("two")


async def test_calls_keep_their_order_ids_and_arguments(
    server: ModelServer, model: ChatModel
) -> None:
    server.script(
        Reply(
            text="Let me see.",
            calls=(Call("add", '{"a": 1, "b": 2}', "call_x"), Call("add", "{}", "call_y")),
        )
    )
    done = await run(model, asking(tools=(ADD,)))
    assert [(c.call_id, c.name, c.arguments) for c in done.calls] == [
        ("call_x", "add", '{"a": 1, "b": 2}'),
        ("call_y", "add", "{}"),
    ]
    assert isinstance(done.events[0], TextDelta)
    assert done.finished.reason == "tool_calls"


async def test_a_refusal_is_told_apart_from_an_answer(
    server: ModelServer, model: ChatModel
) -> None:
    server.script(Reply(refusal="I will not."))
    done = await run(model)
    assert (done.text, done.refusal) == ("", "I will not.")


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_an_answer_that_was_cut_short_says_why(
    server: ModelServer, model: ChatModel, reason: str
) -> None:
    server.script(Reply(text="Half an", finish=reason))
    assert (await run(model)).finished.reason == reason


async def test_an_endpoint_that_counts_nothing_is_counted_here(
    server: ModelServer, model: ChatModel
) -> None:
    server.script(Reply(text="four " * 40, usage=None), Reply(text="four", usage=None))
    long = (await run(model, asking("word " * 100))).finished.usage
    short = (await run(model, asking("word"))).finished.usage
    assert long is not None
    assert short is not None
    assert long.estimated
    assert 40 <= long.completion_tokens <= 60
    assert long.prompt_tokens - short.prompt_tokens >= 100


@pytest.mark.parametrize("events", [1, 2, 4])
async def test_a_stream_that_breaks_off_is_an_error_and_never_a_short_answer(
    server: ModelServer, model: ChatModel, events: int
) -> None:
    server.script(Reply(text="one two three four five", cut_after=events))
    with pytest.raises(ModelUnavailable):
        await run(model)
    assert len(server.requests) == 1, "a round that has begun is redone by the caller, not here"


async def test_ten_rounds_use_one_connection(server: ModelServer, model: ChatModel) -> None:
    for n in range(10):
        server.script(
            Failure(400, {"error": {"message": "no"}}) if n % 4 == 3 else Reply(text=f"{n} words")
        )
    for n in range(10):
        if n % 4 == 3:
            with pytest.raises(Exception, match="no"):
                await run(model)
        else:
            assert (await run(model)).text == f"{n} words"
    assert len(server.connections) == 1


async def test_a_response_that_ends_a_moment_after_its_last_event_keeps_its_connection(
    server: ModelServer, model: ChatModel
) -> None:
    server.script(*[Reply(text="Hi", late_end_s=0.05)] * 3)
    for _ in range(3):
        assert (await run(model)).text == "Hi"
    assert len(server.connections) < 3  # one may be cut where the machine stands still meanwhile


async def test_many_rounds_at_once(server: ModelServer, model: ChatModel) -> None:
    gate = asyncio.Event()
    server.script(*(Reply(text="a b", hold=gate) for _ in range(150)))
    rounds = [asyncio.create_task(run(model)) for _ in range(150)]
    while len(server.requests) < 150:
        await asyncio.sleep(0.01)
    gate.set()
    assert {done.text for done in await asyncio.gather(*rounds)} == {"a b"}


async def test_cancelling_closes_the_response(server: ModelServer, model: ChatModel) -> None:
    server.script(Reply(text="one two", hold=asyncio.Event()))
    first = asyncio.Event()

    async def read() -> None:
        async with aclosing(cast("Any", model.stream(asking()))) as stream:
            async for _ in stream:
                first.set()

    task = asyncio.create_task(read())
    await first.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(server.requests[0].cut.wait(), PATIENCE_S)


async def test_leaving_the_stream_early_closes_the_response(
    server: ModelServer, model: ChatModel
) -> None:
    server.script(Reply(text="one two", hold=asyncio.Event()), Reply(text="after"))
    async with aclosing(cast("Any", model.stream(asking()))) as stream:
        async for _ in stream:
            break
    await asyncio.wait_for(server.requests[0].cut.wait(), PATIENCE_S)
    assert (await run(model)).text == "after"
