"""What the tests of file search share: passages, and Runs that look for them."""

from __future__ import annotations

import asyncio
from typing import Any

from core.assistants import Json, Run
from core.engine.generation import ToolOutput
from core.engine.requests import MessageRequest, RunRequest, ThreadRequest
from core.engine.resources import vector_stores
from core.engine.searching import SearchResult
from core.engine.vectors.requests import StoreRequest
from tests.engine.world import END, SEARCH, Process

LOOKS = ("call_a", "file_search", '{"query": "rain in May"}')
LOOKS_AGAIN = ("call_b", "file_search", '{"query": "rain in June", "more_queries": ["showers"]}')
MAY = SearchResult("file-may", "may.md", 0.75, "It rained on nine days in May.")
JUNE = SearchResult("file-june", "june.md", 0.5, "It never rained in June.")
NEVER = asyncio.Event


async def start(here: Process, *tools: Json, **values: Any) -> Run:
    """A Run whose Assistant has a vector store, and whose Thread has one."""
    ours, theirs = [await here.engine.vector_stores.create(StoreRequest()) for _ in range(2)]
    assistant = await here.assistant(
        tools=tools or (SEARCH,),
        tool_resources={"file_search": {"vector_store_ids": [ours.id]}},
    )
    made = await here.engine.threads.create(
        ThreadRequest(
            messages=(MessageRequest(content="How often did it rain?"),),
            tool_resources={"file_search": {"vector_store_ids": [theirs.id]}},
        )
    )
    return await here.engine.runs.create(made.id, RunRequest(assistant_id=assistant.id, **values))


async def stores_of(here: Process, run: Run) -> tuple[str, str]:
    """The Assistant's vector store and the Thread's."""
    assistant = await here.engine.assistants.get(run.assistant_id)
    thread = await here.engine.threads.get(run.thread_id)
    (ours,), (theirs,) = (vector_stores(value.tool_resources) for value in (assistant, thread))
    return ours, theirs


async def search_of(here: Process, run: Run, **options: Any) -> Json:
    """The first tool Step's search, as a caller sees it."""
    page = await here.engine.runs.steps(run.thread_id, run.id, END, **options)
    (call,) = page.data[0].step_details["tool_calls"]
    return call["file_search"]


def told(here: Process, request: int = 1) -> str:
    """What the model was told last."""
    item = here.model.requests[request].items[-1]
    assert isinstance(item, ToolOutput)
    return item.output
