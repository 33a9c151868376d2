"""Calls of loaded functions: in threads or the loop, within their time, errors in words."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from adapters.functions.calling import Inject, LoadedFunction, LoadedFunctions, NotForSeveral
from adapters.functions.docstrings import read_docstring
from adapters.functions.schema import parameters_of, signature_of
from adapters.functions.telling import MOST, hidden
from adapters.functions.threads import Threads
from core.chat.function_ports import Call, Caller, Traits
from tests.chat.flow import ANN, BOB, place

CALLER = Caller(askers=(ANN,), conversation=place(), assistant="asst_1")


def loaded(
    function: Callable[..., Any], *, secrets: tuple[str, ...] = (), timeout_s: float = 20.0,
    **injected: Inject,
) -> LoadedFunctions:  # fmt: skip
    parameters, hints = signature_of(function)
    for name in injected:
        del parameters[name]
    one = LoadedFunction(
        name="f",
        description="",
        parameters=parameters_of(parameters, hints, read_docstring("")),
        function=function,
        traits=Traits(timeout_s=timeout_s),
        injected=injected,
    )
    return LoadedFunctions({"f": one}, secrets=secrets)


async def called(
    function: Callable[..., Any], arguments: str = "{}", *, secrets: tuple[str, ...] = ()
) -> str:
    call = Call(run_id="run_1", id="call_1", name="f", arguments=arguments)
    return await loaded(function, secrets=secrets).call(call, CALLER)


@dataclass
class Price:
    euros: float


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("plain", "plain"),
        ("", ""),
        (None, "Done."),
        (3, "3"),
        ({"a": [1, None]}, '{"a":[1,null]}'),
        (Price(1.5), '{"euros":1.5}'),
        ("half a pair \ud83d", "half a pair ?"),
    ],
)
async def test_results_are_text_or_json(result: object, text: str) -> None:
    def plain() -> Any:
        return result

    async def waiting() -> Any:
        await asyncio.sleep(0)
        return result

    assert await called(plain) == text
    assert await called(waiting) == text


async def test_a_result_that_nobody_can_tell_is_said_to_be_one() -> None:
    def strange() -> object:
        return object()

    assert "cannot be told (object)" in await called(strange)


async def test_a_long_result_is_cut_and_says_so() -> None:
    text = await called(lambda: "x" * (MOST + 7))
    assert text == "x" * MOST + "\n[… 7 more characters were left out]"


async def test_functions_that_are_not_async_do_not_hold_up_the_process() -> None:
    gate = threading.Event()

    def slow() -> str:
        return str(gate.wait(20))

    task = asyncio.create_task(called(slow))
    await asyncio.sleep(0)
    gate.set()
    assert await task == "True"


def _raise(error: BaseException) -> Any:
    raise error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no order 'X'"), "It failed: ValueError: no order 'X'"),
        (KeyError("X"), "It failed: KeyError: 'X'"),
        (RuntimeError("first line\nsecond line"), "It failed: RuntimeError: first line"),
        (RuntimeError(), "It failed: RuntimeError"),
        (SystemExit(3), "It failed: SystemExit: 3"),
        (TimeoutError("the shop is slow"), "It failed: TimeoutError: the shop is slow"),
        (StopIteration(), "It failed: RuntimeError: coroutine raised StopIteration"),
        (asyncio.CancelledError(), "It failed: RuntimeError: it was cancelled"),
    ],
)
async def test_an_error_is_one_line(error: BaseException, text: str) -> None:
    assert await called(lambda: _raise(error)) == text


async def test_an_error_of_an_async_function_is_one_line_too() -> None:
    async def broken() -> None:
        raise ValueError("no")

    assert await called(broken) == "It failed: ValueError: no"


async def test_errors_tell_no_secrets() -> None:
    words = "GET https://ann:hunter22@shop.test/?token=abc123 with Bearer abcdef123456 and s3cr3t!"
    text = await called(lambda: _raise(RuntimeError(words)), secrets=("s3cr3t!", "a"))
    for secret in ("hunter22", "abc123", "abcdef123456", "s3cr3t!"):
        assert secret not in text
    assert text.startswith("It failed: RuntimeError: GET https://***@shop.test/?token=***")


@pytest.mark.parametrize(
    "key", ["sk-proj-abcdefgh12345678", "xoxb-1234567890-abc", "ghp_abcdefgh12345678"]
)
def test_what_looks_like_a_key_is_hidden_unknown_as_it_is(key: str) -> None:
    assert key not in hidden(f"Invalid key {key} given", ())


async def test_bad_arguments_do_not_reach_the_function() -> None:
    def refund(order: int) -> str:
        raise AssertionError(order)

    text = await called(refund, '{"order": "A"}')
    assert text.startswith("It was not run, the arguments do not fit: order:")


async def test_what_is_injected_is_not_the_models_to_say() -> None:
    def whose(order: str, user: str) -> str:
        return f"{order} of {user}"

    own = loaded(whose, user=lambda caller: caller.askers[0].id)
    call = Call(run_id="r", id="c", name="f", arguments='{"order": "A"}')
    assert await own.call(call, CALLER) == "A of ann"
    forged = Call(run_id="r", id="c", name="f", arguments='{"order": "A", "user": "eve"}')
    assert (await own.call(forged, CALLER)).startswith("It was not run")


async def test_a_function_for_one_refuses_several() -> None:
    def whose(user: str) -> str:
        raise AssertionError(user)

    def one(caller: Caller) -> str:
        raise NotForSeveral("It is for one.")

    call = Call(run_id="r", id="c", name="f", arguments="{}")
    several = Caller(askers=(ANN, BOB), conversation=place(), assistant="a")
    assert await loaded(whose, user=one).call(call, several) == "It is for one."


async def test_a_call_that_takes_too_long_is_left_alone_and_said_to_be_unclear() -> None:
    gate = threading.Event()

    async def endless() -> None:
        await asyncio.sleep(60)

    call = Call(run_id="r", id="c", name="f", arguments="{}")
    for function in (endless, lambda: gate.wait(20)):
        text = await loaded(function, timeout_s=0.05).call(call, CALLER)
        assert text == "It gave no answer within 0.05 seconds. It may have taken effect."
    gate.set()


async def test_a_cancelled_call_is_cancelled() -> None:
    async def endless() -> None:
        await asyncio.sleep(60)

    task = asyncio.create_task(called(endless))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_threads_are_bounded_and_come_back() -> None:
    threads = Threads(2)
    gate, at_work, most = threading.Event(), 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        gate.wait(20)
        with lock:
            at_work -= 1

    tasks = [asyncio.create_task(threads.run(work, lambda: None)) for _ in range(5)]
    await asyncio.sleep(0.05)
    gate.set()
    await asyncio.gather(*tasks)
    assert most == 2


async def test_a_function_that_is_not_there() -> None:
    call = Call(run_id="r", id="c", name="g", arguments="{}")
    own = loaded(lambda: None)
    assert "no function named 'g'" in await own.call(call, CALLER)
    assert own.traits("g") is None
