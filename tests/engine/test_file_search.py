"""File search in a Run: offered, carried out, told to the model, shown in Steps, cited."""

from __future__ import annotations

from typing import Any

import pytest

from core.engine.generation import ToolCall, ToolOutput
from core.engine.models import ModelFacts
from core.engine.requests import RESULT_CONTENT
from core.engine.search_tool import NO_FILES
from core.engine.searching import SearchResult
from core.errors import ModelUnavailable
from tests.engine.listening import Client
from tests.engine.searches import (
    JUNE,
    LOOKS,
    LOOKS_AGAIN,
    MAY,
    NEVER,
    search_of,
    start,
    stores_of,
    told,
)
from tests.engine.world import CODE, END, SEARCH, WEATHER, process, until
from tests.fakes.clock import settled
from tests.fakes.file_search import ScriptedFileSearch
from tests.fakes.scripted_model import calls, says

# ------------------------------------------------------------------------------ the search


async def test_both_vector_stores_are_searched_and_the_model_gets_passages_with_markers() -> None:
    search = ScriptedFileSearch([MAY, JUNE])
    answer = says("Nine days in May【0:0†may.md】.")
    async with process(calls(LOOKS), answer, search=search) as here:
        run = await here.ended(await start(here))
        assert run.status == "completed"
        (asked,) = search.asked
        assert asked.store_ids == await stores_of(here, run)
        assert asked.queries == ("rain in May",)
        assert (asked.limit, asked.ranking.threshold) == (20, 0.0)
        assert here.model.requests[1].items[-2:] == (
            ToolCall("call_a", "file_search", '{"query": "rain in May"}'),
            ToolOutput("call_a", told(here)),
        )
        first, second = told(here).split("\n\n")[1:]
        assert first == f"【0:0†may.md】\n{MAY.text}"
        assert second == f"【0:1†june.md】\n{JUNE.text}"
        (offered,) = here.model.requests[0].tools
        assert offered.name == "file_search"
        assert offered.parameters["required"] == ["query"]


async def test_a_step_shows_what_was_found_and_its_text_only_on_demand() -> None:
    search = ScriptedFileSearch([MAY])
    async with process(calls(LOOKS), says("Nine."), search=search) as here:
        run = await here.ended(await start(here))
        bare = {"file_id": "file-may", "file_name": "may.md", "score": 0.75}
        whole = {**bare, "content": [{"type": "text", "text": MAY.text}]}
        options = {"ranker": "default_2024_08_21", "score_threshold": 0.0}
        assert await search_of(here, run) == {"ranking_options": options, "results": [bare]}
        shown = await search_of(here, run, include=(RESULT_CONTENT,))
        assert shown["results"] == [whole]
        assert isinstance(shown["ranking_options"]["score_threshold"], float)
        (step, _) = await here.steps(run)
        one = await here.engine.runs.step(run.thread_id, run.id, step.id, include=(RESULT_CONTENT,))
        assert one.step_details["tool_calls"][0]["file_search"]["results"] == [whole]
        one = await here.engine.runs.step(run.thread_id, run.id, step.id)
        assert one.step_details["tool_calls"][0]["file_search"]["results"] == [bare]


@pytest.mark.parametrize("include", [(), (RESULT_CONTENT,)])
async def test_a_stream_shows_the_text_to_those_who_made_the_run_so(include: Any) -> None:
    """Here and in another process, live and afterwards."""
    search = ScriptedFileSearch([MAY])
    async with process(calls(LOOKS), says("Nine."), search=search) as here:
        run = await start(here, include=include)
        live = await here.events(run)
        await settled()
        async with process(store=here.store, executes=False) as other:
            for events in (live, await other.events(run)):
                Client(events)
                shown = [
                    result
                    for event in events
                    if event.name == "thread.run.step.completed"
                    for call in getattr(event.data, "step_details", {}).get("tool_calls", [])
                    for result in call["file_search"]["results"]
                ]
                assert [("content" in result) for result in shown] == [bool(include)]


async def test_the_tools_settings_are_heeded_and_shown() -> None:
    search = ScriptedFileSearch([MAY, JUNE])
    ranking = {"ranker": "auto", "score_threshold": 0.6}
    tool = {
        "type": "file_search",
        "file_search": {"max_num_results": 3, "ranking_options": ranking},
    }
    async with process(calls(LOOKS), says("."), search=search) as here:
        run = await here.ended(await start(here, tool))
        assert (search.asked[0].limit, search.asked[0].ranking.threshold) == (3, 0.6)
        shown = await search_of(here, run)
        assert shown["ranking_options"] == ranking
        assert [result["file_id"] for result in shown["results"]] == ["file-may"]


async def test_several_queries_are_one_search() -> None:
    search = ScriptedFileSearch([JUNE])
    async with process(calls(LOOKS_AGAIN), says("."), search=search) as here:
        await here.ended(await start(here))
        assert search.asked[0].queries == ("rain in June", "showers")


@pytest.mark.parametrize(
    ("arguments", "queries"),
    [
        ("just words", ("just words",)),
        ('{"queries": ["a", "b", "a", ""]}', ("a", "b")),
        ('{"query": ["a", "b"]}', ("a", "b")),
        ('"a"', ("a",)),
        ('{"query": "a\\n b"}', ("a b",)),
        (f'{{"query": "a", "more_queries": {[str(n) for n in range(9)]}}}'.replace("'", '"'),
         ("a", "0", "1", "2", "3")),
    ],
)  # fmt: skip
async def test_queries_as_models_write_them(arguments: str, queries: tuple[str, ...]) -> None:
    search = ScriptedFileSearch()
    wanted = ("call_a", "file_search", arguments)
    async with process(calls(wanted), says("."), search=search) as here:
        await here.ended(await start(here))
        assert [asked.queries for asked in search.asked] == [queries]


@pytest.mark.parametrize("arguments", ["", "{}", '{"query": 7}', "[]", "null"])
async def test_a_call_without_a_query_is_told_so(arguments: str) -> None:
    search = ScriptedFileSearch([MAY])
    async with process(
        calls(("call_a", "file_search", arguments)), says("."), search=search
    ) as here:
        assert (await here.ended(await start(here))).status == "completed"
        assert search.asked == []
        assert 'no "query"' in told(here)


async def test_nothing_found() -> None:
    async with process(calls(LOOKS), says("."), search=ScriptedFileSearch([])) as here:
        run = await here.ended(await start(here))
        assert told(here).startswith("Nothing was found.")
        assert (await search_of(here, run))["results"] == []


async def test_without_any_vector_store_the_tool_says_so() -> None:
    search = ScriptedFileSearch()
    async with process(calls(LOOKS), says("."), search=search) as here:
        run = await here.ended(await here.start(tools=(SEARCH,)))
        assert run.status == "completed"
        assert told(here) == NO_FILES
        assert search.asked == []


async def test_where_nothing_can_be_searched_the_tool_is_not_offered() -> None:
    async with process(says("By heart.")) as here:
        run = await here.ended(await start(here))
        assert run.status == "completed"
        assert here.model.requests[0].tools == ()


async def test_a_search_that_fails_is_told_and_ends_nothing() -> None:
    search = ScriptedFileSearch([MAY])
    search.failures = [ModelUnavailable("the embeddings endpoint is away")]
    async with process(calls(LOOKS), calls(LOOKS_AGAIN), says("."), search=search) as here:
        run = await here.ended(await start(here))
        assert run.status == "completed"
        assert told(here).startswith("The search failed:")
        assert "nine days" in told(here, 2)


async def test_an_expired_vector_store_fails_the_run_with_its_name() -> None:
    search = ScriptedFileSearch()
    search.expired = True
    async with process(calls(LOOKS), search=search) as here:
        run = await here.ended(await start(here))
        assert run.status == "failed"
        _, store = await stores_of(here, run)
        sentence = (
            f"Vector store '{store}' has expired: its files cannot be searched any more. "
            "Attach them again."
        )
        assert run.last_error == {"code": "invalid_prompt", "message": sentence}
        (step,) = await here.steps(run)
        assert step.status == "failed"


async def test_the_threads_files_are_waited_for_and_the_assistants_are_not() -> None:
    search = ScriptedFileSearch([MAY])
    search.unready = True
    async with process(calls(LOOKS), says("."), search=search) as here:
        run = await here.ended(await start(here))
        _, store = await stores_of(here, run)
        assert search.waited == [(store, 60.0)]
        assert "still being read" in told(here)
        assert MAY.text in told(here)


@pytest.mark.parametrize("found", [(), (MAY,)])
async def test_what_could_not_be_read_is_told(found: tuple[SearchResult, ...]) -> None:
    """Whoever sent a scanned page hears of it, whether or not something else was found."""
    search = ScriptedFileSearch(found)
    search.refused = ("scan.pdf has no text in it.",)
    async with process(calls(LOOKS), says("."), search=search) as here:
        await here.ended(await start(here))
        assert "could not be read" in told(here)
        assert "scan.pdf has no text in it." in told(here)
        assert ("Nothing was found" in told(here)) is (not found)
        assert (MAY.text in told(here)) is bool(found)


async def test_results_have_a_budget_of_16000_tokens() -> None:
    many = [SearchResult(f"file-{n}", f"{n}.md", 0.5, "word " * 1_000) for n in range(50)]
    search = ScriptedFileSearch(many)
    tool = {"type": "file_search", "file_search": {"max_num_results": 50}}
    async with process(calls(LOOKS), says("."), search=search) as here:
        run = await here.ended(await start(here, tool))
        shown = (await search_of(here, run))["results"]
        assert len(shown) == 11, "5,000 characters are some 1,430 tokens by our estimate"
        assert told(here).count("【") == 11


async def test_a_small_window_gets_less_and_always_something() -> None:
    search = ScriptedFileSearch([SearchResult("file-1", "1.md", 0.5, "word " * 10_000)])
    facts = (ModelFacts(match="m-1", context_tokens=6_000),)
    async with process(calls(LOOKS), says("."), search=search, facts=facts) as here:
        run = await here.ended(await start(here))
        assert run.status == "completed"
        assert 100 < len(told(here)) < 12_000


# ------------------------------------------------------------------------------ with other tools


async def test_a_forced_choice_holds_for_the_first_round() -> None:
    search = ScriptedFileSearch([MAY])
    async with process(calls(LOOKS), says("."), search=search) as here:
        await here.ended(await start(here, tool_choice={"type": "file_search"}))
        assert [asked.tool_choice for asked in here.model.requests] == ["file_search", "auto"]


async def test_search_code_and_functions_of_one_round() -> None:
    search = ScriptedFileSearch([MAY])
    code = ("call_c", "code_interpreter", '{"code": "1"}')
    function = ("call_f", "weather", "{}")
    rounds = [calls(function, LOOKS, code), says("All.")]
    async with process(*rounds, search=search) as here:
        run = await here.ended(await start(here, SEARCH, CODE, WEATHER))
        assert run.status == "requires_action"
        await here.submit(run, call_f="sun")
        client = Client(await here.events(run))
        assert client.short()[-1] == "run.completed"
        assert (await here.now(run)).status == "completed"
        outputs = [item for item in here.model.requests[1].items if isinstance(item, ToolOutput)]
        assert [item.call_id for item in outputs] == ["call_f", "call_a", "call_c"]
        assert MAY.text in outputs[1].output
        step = (await here.engine.runs.steps(run.thread_id, run.id, END)).data[0]
        results = step.step_details["tool_calls"][1]["file_search"]["results"]
        assert "content" not in results[0]


async def test_a_cancel_while_it_searches() -> None:
    search = ScriptedFileSearch([MAY])
    search.hold = NEVER()
    async with process(calls(LOOKS), search=search) as here:
        run = await start(here)
        await until(lambda: search.asked)
        await settled()
        await here.engine.runs.cancel(run.thread_id, run.id)
        assert (await here.ended(run)).status == "cancelled"
        (step,) = await here.steps(run)
        assert step.status == "cancelled"
        assert step.step_details["tool_calls"][0]["file_search"] == {}
