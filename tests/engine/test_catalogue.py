"""Which model a name means, and how many calls an endpoint takes."""

from __future__ import annotations

import asyncio
import logging
from datetime import date
from typing import Any

import pytest

from core.engine.models import Alias, Catalogue, ModelFacts, Slots
from core.engine.requests import RunRequest
from tests.engine.world import process
from tests.fakes.clock import ManualClock, settled
from tests.fakes.scripted_model import says

FACTS = (
    ModelFacts(match="gpt-6-luna*", context_tokens=1_050_000, images=True, sampling=False),
    ModelFacts(match="small*", context_tokens=8_192, max_output_tokens=1_024, tool_mode="json"),
)
ALIASES = (
    Alias(match="gpt-3.5*", to="default"),
    Alias(match="gpt-4o*", to="gpt-6-luna", starts=date(2027, 1, 14)),
)
BEFORE = ManualClock(1_790_000_000.0)  # 2026-09-21
AFTER = ManualClock(1_800_000_000.0)  # 2027-01-15


def catalogue(**values: Any) -> Catalogue:
    given: dict[str, Any] = {
        "endpoint": "openai",
        "default": "gpt-6-luna",
        "facts": FACTS,
        "aliases": ALIASES,
        "clock": BEFORE,
        "official": True,
    }
    return Catalogue(**(given | values))


@pytest.mark.parametrize(
    ("name", "clock", "meant"),
    [
        (None, BEFORE, "gpt-6-luna"),
        ("gpt-6-luna", BEFORE, "gpt-6-luna"),
        ("gpt-6-luna-2026-09-22", BEFORE, "gpt-6-luna-2026-09-22"),
        ("gpt-3.5-turbo-1106", BEFORE, "gpt-6-luna"),
        ("gpt-4-1106-preview", BEFORE, "gpt-6-luna"),
        ("gpt-4o", AFTER, "gpt-6-luna"),
        ("my-own", BEFORE, "gpt-6-luna"),
    ],
)
def test_at_openai(name: str | None, clock: ManualClock, meant: str) -> None:
    assert catalogue(clock=clock).resolve(name).name == meant


def test_an_alias_begins_on_its_day_at_openai_only() -> None:
    listed = ("gpt-4o-mini",)
    assert catalogue(served=listed).resolve("gpt-4o-mini").name == "gpt-4o-mini"
    assert catalogue(served=listed, clock=AFTER).resolve("gpt-4o-mini").name == "gpt-4o-mini"
    elsewhere = catalogue(official=False, default="small-1", served=("small-1",))
    assert elsewhere.resolve("gpt-4o").name == "gpt-6-luna"
    facts = (*FACTS, ModelFacts(match="gpt-4o*", context_tokens=128_000))
    assert catalogue(facts=facts).resolve("gpt-4o").name == "gpt-4o", "still served until then"


def test_a_price_is_known_where_both_halves_were_set() -> None:
    priced = ModelFacts(match="gpt-6-sol*", input_price=2.0, output_price=10.0)
    half = ModelFacts(match="gpt-6-half*", input_price=2.0)
    known = catalogue(facts=(*FACTS, priced, half))
    assert known.price("gpt-6-sol-2027") == (2.0, 10.0)
    assert known.price("gpt-6-half") is None
    assert known.price("gpt-6-luna") is None
    assert known.price("nobody knows it") is None


def test_elsewhere_only_what_is_listed_is_known() -> None:
    here = catalogue(official=False, default="small-1", served=("small-1", "other"))
    assert here.resolve("other").name == "other"
    assert here.resolve("gpt-6-sol").name == "small-1"
    mute = catalogue(official=False, default="small-1")
    assert mute.resolve("small-2").name == "small-1", "an endpoint that lists nothing"


@pytest.mark.parametrize("official", [True, False])
def test_a_fine_tuned_model_is_itself(official: bool) -> None:
    """Unless an alias says otherwise, or the models are known; its window is its base's."""
    tuned = "ft:small-1:acme::a1b2"
    here = catalogue(official=official)
    assert here.resolve(tuned).name == tuned
    assert here.resolve(tuned).max_output == 1_024
    aliased = catalogue(official=official, aliases=[Alias(match="ft:small*", to="default")])
    assert aliased.resolve(tuned).name == "gpt-6-luna"
    assert catalogue(served=("small-1",)).resolve(tuned).name == "gpt-6-luna"
    assert catalogue(served=(tuned,)).resolve(tuned).name == tuned
    here.learn(["small-1"])
    assert here.resolve(tuned).name == tuned, "few endpoints list what was tuned"


def test_an_endpoint_may_tell_its_names_later() -> None:
    here = catalogue(official=False, default="small-1")
    assert here.resolve("other").name == "small-1"
    here.learn(["small-1", "other", "llama:latest"])
    assert here.resolve("other").name == "other"
    assert here.resolve("llama").name == "llama", "as Ollama takes it"
    assert here.resolve("gpt-3.5-turbo").name == "small-1"


def test_an_endpoint_may_tell_its_windows_later() -> None:
    here = catalogue(official=False, default="small-1")
    known = here.resolve("small-1").window
    here.learn(["small-1", "llama:latest"], {"small-1": known + 1, "llama:latest": 9_000})
    assert here.resolve("small-1").window == known + 1
    assert here.resolve("llama").window == 9_000
    set_by_hand = catalogue(official=False, default="small-1", window=5_000)
    set_by_hand.learn([], {"small-1": 9_000})
    assert set_by_hand.resolve("small-1").window == 5_000


def test_names_that_can_be_asked_for() -> None:
    here = catalogue(official=False, default="small-1")
    assert here.listed() == ("small-1",)
    here.learn(["z", "other", "small-1"])
    assert here.listed() == ("small-1", "other", "z")
    assert [here.knows(name) for name in ("small-1", "other", "gpt-3.5-turbo", "gone")] == [
        True, True, True, False,
    ]  # fmt: skip


def test_what_is_known_of_a_model() -> None:
    here = catalogue(served=("small-1", "unknown"))
    small = here.resolve("small-1")
    assert (small.window, small.max_output, small.tool_mode) == (8_192, 1_024, "json")
    assert small.endpoint == "openai"
    unknown = here.resolve("unknown")
    assert (unknown.window, unknown.max_output, unknown.images) == (8_192, None, True)
    told = catalogue(served=("small-1",), window=4_096).resolve("small-1")
    assert told.window == 4_096, "the endpoint knows best"


def test_room_for_the_answer() -> None:
    model = catalogue(served=("small-1",)).resolve("small-1")
    assert model.answer_room(None) == 1_024
    assert model.answer_room(300) == 300
    large = catalogue().resolve("gpt-6-luna")
    assert large.answer_room(None) == 4_096


def test_a_replacement_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    here = catalogue()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            here.resolve("gpt-3.5-turbo")
    assert len(caplog.records) == 1
    assert "gpt-3.5-turbo" in caplog.text


async def test_an_old_assistant_is_answered_by_the_default_model() -> None:
    async with process(says("Hello")) as here:
        assistant = await here.assistant(model="old-1")
        thread = await here.thread("Hi")
        run = await here.engine.runs.create(thread.id, RunRequest(assistant_id=assistant.id))
        assert run.model == "old-1"
        await here.ended(run)
        assert here.model.requests[0].model == "m-1"


async def test_a_model_that_refuses_sampling_gets_none_and_a_blind_one_no_pictures() -> None:
    facts = (ModelFacts(match="m-1", context_tokens=9_000, sampling=False),)
    async with process(says("Hello"), facts=facts) as here:
        run = await here.start(temperature=0.2)
        assert run.temperature == 0.2
        await here.ended(run)
        assert here.model.requests[0].temperature is None


# ------------------------------------------------------------------------------ slots


async def test_slots_are_given_in_the_order_of_asking() -> None:
    slots = Slots(2)
    order: list[int] = []
    done = [asyncio.Event() for _ in range(5)]

    async def hold(number: int) -> None:
        async with slots.taken():
            order.append(number)
            await done[number].wait()

    tasks = [asyncio.create_task(hold(number)) for number in range(5)]
    await settled()
    assert order == [0, 1]
    assert slots.free() == 0
    done[1].set()
    await settled()
    assert order == [0, 1, 2]
    tasks[3].cancel()  # it gives up its place
    done[0].set()
    await settled()
    assert order == [0, 1, 2, 4]
    for event in done:
        event.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert slots.free() == 2


async def test_a_slot_that_changes_hands_is_not_lost_to_a_cancel() -> None:
    slots = Slots(1)
    leave = asyncio.Event()

    async def hold() -> None:
        async with slots.taken():
            await leave.wait()

    first, second = asyncio.create_task(hold()), asyncio.create_task(hold())
    await settled()
    leave.set()
    await asyncio.sleep(0)
    second.cancel()  # in the very moment in which it gets the slot
    await asyncio.gather(first, second, return_exceptions=True)
    assert slots.free() == 1


async def test_who_waits_for_a_change_hears_of_it() -> None:
    slots = Slots(1)
    heard: list[str] = []
    slots.watch(lambda: heard.append("x"))
    async with slots.taken():
        waiting = asyncio.create_task(slots.changed(30))
        await settled()
        assert not waiting.done()
    await waiting
    assert heard == ["x"]
