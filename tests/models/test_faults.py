"""What goes wrong at an endpoint ends as one of three errors, in a sentence that helps."""

from __future__ import annotations

import asyncio
import re
from email.utils import formatdate
from typing import Any

import pytest

from adapters.openai.chat import ChatCompletionsModel
from adapters.openai.endpoint import Endpoint, Retries, Timeouts
from core.engine.ports import ChatModel
from core.errors import (
    ConfigurationError,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
)
from core.ids import RandomIds
from tests.fakes.model_server import Failure, ModelServer, Raw, Reply, chunk
from tests.fakes.rounds import ADD, asking, run
from tests.models.conftest import PatientClock

KEY = "sk-secret-0123456789"


def saying(message: Any, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", **fields}}


@pytest.mark.parametrize("status", [500, 502, 503, 529, 408])
async def test_a_passing_failure_is_asked_again(
    server: ModelServer, model: ChatModel, clock: PatientClock, status: int
) -> None:
    server.script(Failure(status, saying("oops")), Failure(status, "<html>"), Reply(text="Here."))
    assert (await run(model)).text == "Here."
    assert clock.waits == [0.5, 1.0]


async def test_a_lasting_failure_is_given_up_after_two_repetitions(
    server: ModelServer, model: ChatModel
) -> None:
    server.script(*[Failure(503, saying("loading"))] * 3, Reply(text="too late"))
    with pytest.raises(ModelUnavailable, match=r"503.*loading"):
        await run(model)
    assert len(server.requests) == 3


async def test_a_connection_that_is_cut_before_any_answer_is_asked_again_at_once(
    server: ModelServer, model: ChatModel, clock: PatientClock
) -> None:
    server.script(Failure(0), Reply(text="Here."))
    assert (await run(model)).text == "Here."
    assert clock.waits == [0.0]


async def test_a_short_wait_that_was_asked_for_is_kept(
    server: ModelServer, model: ChatModel, clock: PatientClock
) -> None:
    server.script(
        Failure(429, saying("slow down"), {"Retry-After": "3"}),
        Failure(429, saying("slow down"), {"retry-after-ms": "250"}),
        Reply(text="Here."),
    )
    assert (await run(model)).text == "Here."
    assert clock.waits == [3.0, 0.25]


@pytest.mark.parametrize("as_date", [False, True])
async def test_a_long_wait_is_handed_to_the_caller(
    server: ModelServer, model: ChatModel, clock: PatientClock, as_date: bool
) -> None:
    asked = formatdate(clock.now() + 40, usegmt=True) if as_date else "40"
    server.script(Failure(429, saying("slow down"), {"Retry-After": asked}))
    with pytest.raises(ModelRateLimited) as caught:
        await run(model)
    assert caught.value.retry_after_s == pytest.approx(40, abs=1)
    assert clock.waits == []


@pytest.mark.parametrize(("asked", "waited"), [("5", 5.0), ("86400", 8.0)])
async def test_a_wait_that_was_asked_for_holds_for_every_call_of_that_model(
    server: ModelServer, clock: PatientClock, asked: str, waited: float
) -> None:
    endpoint = Endpoint(server.base_url, None, clock=clock, retries=Retries(count=0))
    server.script(
        Failure(429, saying("slow down"), {"Retry-After": asked}), *[Reply(text="Hi")] * 3
    )
    with pytest.raises(ModelRateLimited):
        await endpoint.post("/chat/completions", {}, model="m")
    for model, waits in (("other", []), ("m", [waited]), ("m", [waited])):
        async with await endpoint.post("/chat/completions", {}, model=model):
            assert clock.waits == waits, "a limit of one model is none of another"
    await endpoint.close()


async def test_an_empty_purse_is_not_asked_again(server: ModelServer, model: ChatModel) -> None:
    server.script(Failure(429, saying("You exceeded your quota", code="insufficient_quota")))
    with pytest.raises(ModelRefused, match="OPENAI_API_KEY has no credit"):
        await run(model)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("failure", "names"),
    [
        (Failure(401, saying(f"Incorrect API key: {KEY}")), "OPENAI_API_KEY is not accepted"),
        (Failure(403, saying("no access for sk-proj-abcdefgh")), "OPENAI_API_KEY may not"),
        (
            Failure(404, saying("The model 'm' does not exist", code="model_not_found")),
            "BOBBIN_MODEL",
        ),
        (
            Failure(404, {"error": {"message": 'model "m" not found, try pulling it'}}),
            "BOBBIN_MODEL",
        ),
        (Failure(400, saying("m is not a valid model ID")), "BOBBIN_MODEL"),
        (Failure(404, "404 page not found"), "OPENAI_BASE_URL.*/v1"),
        (Failure(405, "<html>Method Not Allowed</html>"), "OPENAI_BASE_URL"),
        (Failure(308, "", {"Location": "https://x.example/v1"}), "x.example.*OPENAI_BASE_URL"),
        (Failure(400, saying('"auto" tool choice requires --enable-auto-tool-choice')), "json"),
        (Failure(400, saying("gemma:2b does not support tools")), 'tool_mode = "json"'),
        (Failure(400, {"object": "error", "message": "too long", "code": 400}), "too long"),
        (Failure(422, {"detail": [{"loc": ["body", "x"], "msg": "bad"}]}), '"loc".*"bad"'),
        (Failure(400, f"plain words about {KEY}"), "plain words"),
    ],
)
async def test_a_refusal_names_what_to_change_and_never_the_key(
    server: ModelServer, model: ChatModel, failure: Failure, names: str
) -> None:
    server.script(failure)
    with pytest.raises(ModelRefused) as caught:
        await run(model, asking(tools=(ADD,)))
    assert re.search(names, str(caught.value))
    assert KEY not in str(caught.value)
    assert "sk-proj" not in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (400, saying("maximum context length is 8192 tokens"), "prompt"),
        (413, saying("too large"), "prompt"),
        (422, saying("messages: bad"), "prompt"),
        (401, saying("no"), "server"),
        (403, saying("no"), "server"),
        (404, saying("The model `m` does not exist", code="model_not_found"), "server"),
        (429, saying("no credit", code="insufficient_quota"), "server"),
    ],
)
async def test_a_refusal_says_whose_fault_it_is(
    server: ModelServer, model: ChatModel, status: int, body: Any, fault: str
) -> None:
    server.script(*[Failure(status, body)] * 3)
    with pytest.raises(ModelRefused) as refused:
        await run(model)
    assert refused.value.fault == fault


async def test_without_a_key_the_sentence_says_that_one_is_needed(
    server: ModelServer, clock: PatientClock
) -> None:
    endpoint = Endpoint(server.base_url, None, clock=clock)
    server.script(Failure(401, saying("You didn't provide an API key.")))
    with pytest.raises(ModelRefused, match="OPENAI_API_KEY is not set"):
        await run(ChatCompletionsModel(endpoint, ids=RandomIds()))
    assert "Authorization" not in server.requests[0].headers
    await endpoint.close()


async def test_nobody_there(clock: PatientClock) -> None:
    endpoint = Endpoint("http://127.0.0.1:9/v1", None, clock=clock)
    with pytest.raises(ModelUnavailable, match=r"cannot be reached.*OPENAI_BASE_URL"):
        await run(ChatCompletionsModel(endpoint, ids=RandomIds()))
    assert len(clock.waits) == 2
    await endpoint.close()


async def test_silence_before_the_first_byte_and_between_bytes(
    server: ModelServer, silent: str, clock: PatientClock
) -> None:
    endpoint = Endpoint(server.base_url, None, clock=clock, timeouts=Timeouts(read_s=0.2))
    model = ChatCompletionsModel(endpoint, ids=RandomIds())
    never = asyncio.Event()
    server.script(Raw(events=(chunk({"content": "Hi"}), b""), hold=never))
    with pytest.raises(ModelUnavailable, match="silent in the middle"):
        await run(model)
    mute = Endpoint(f"{silent}/v1", None, clock=clock, timeouts=Timeouts(read_s=0.2))
    with pytest.raises(ModelUnavailable, match="sent nothing in time"):
        await run(ChatCompletionsModel(mute, ids=RandomIds()))
    assert clock.waits == [], "what took its full time once is not waited for again"
    await endpoint.close()
    await mute.close()


async def test_an_endpoint_that_is_bobbin_itself_is_refused(
    server: ModelServer, model: ChatModel
) -> None:
    server.headers["x-bobbin"] = "engine"
    server.script(Reply(text="Hi"), Failure(404, saying("nope")))
    for _ in range(2):
        with pytest.raises(ModelRefused, match="OPENAI_BASE_URL points at Bobbin itself"):
            await run(model)


@pytest.mark.parametrize("address", ["localhost:11434", "ftp://x/v1", "https://", ""])
def test_an_address_that_is_none(address: str, clock: PatientClock) -> None:
    with pytest.raises(ConfigurationError, match="OPENAI_BASE_URL"):
        Endpoint(address, None, clock=clock)
