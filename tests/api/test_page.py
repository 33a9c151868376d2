"""docs/assistants-api.md says what is served: no more and no less."""

from __future__ import annotations

import asyncio
import importlib
import re
from typing import Any

import pytest
from starlette.routing import Mount, Route, Router

from adapters.http.app import PREFIXES
from tests.api.page import KINDS, PAGE, not_shown, rows
from tests.api.schema import Description, Schema
from tests.api.serving import ASKED, Served
from tests.api.test_operations import is_list
from tests.fakes.scripted_model import says

_NO_OPERATIONS = (
    "/openapi.json",
    "/assistants/{assistant_id}/files",  # v1 alone had these two
    "/threads/{thread_id}/messages/{message_id}/files",
)


def served_operations(api: Served, prefix: str) -> set[tuple[str, str]]:
    """Method and path of every operation under a prefix, the description left out."""
    for mount in api.app.routes:
        if isinstance(mount, Mount) and mount.path == prefix:
            router = mount.app
            assert isinstance(router, Router)
            return {
                (method, route.path)
                for route in router.routes
                if isinstance(route, Route) and not route.path.startswith(_NO_OPERATIONS)
                for method in route.methods or ()
                if method != "HEAD"
            }
    raise AssertionError(f"nothing is mounted at {prefix}")


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_the_page_has_every_route_and_no_other(api: Served, prefix: str) -> None:
    """What is supported is served, what is served is supported."""
    supported = {(row.method, row.path) for row in rows() if row.supported}
    assert supported == served_operations(api, prefix)
    assert len(rows()) == len({(row.method, row.path) for row in rows()})


async def test_the_page_s_program_runs(api: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """As it stands there, with the synchronous client, at this server's address."""
    api.model.then(*says("x = 1"))
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert "http://localhost:8765" in program
    own = program.replace("http://localhost:8765", api.url)
    names: dict[str, Any] = {}
    await asyncio.to_thread(exec, own, names)
    names["client"].close()
    assert capsys.readouterr().out == "x = 1\n"


async def test_the_page_has_every_operation_of_the_description(published: Description) -> None:
    """Whether it is supported or not."""
    assert {(row.method, row.path) for row in rows()} == published.operations


def test_every_row_names_tests_that_exist(own: Description) -> None:
    """Of its success and its refusals, and of cursors where it is a list."""
    for row in rows():
        cursors = KINDS[2:] if is_list(own, row) else ()
        assert tuple(row.tests) == (*KINDS[:2], *cursors), row
    for module, test in re.findall(r"\b(\w{2,})::(\w+)", PAGE.read_text(encoding="utf-8")):
        found = importlib.import_module(f"tests.api.test_{module}")
        assert callable(getattr(found, f"test_{test}", None)), f"{module}::{test}"


async def test_what_a_named_test_asks_is_compared_with_the_page(api: Served) -> None:
    """A fixture beside every test does so: other requests, or other answers, are not enough."""
    named = ("test_assistants", "test_pages_go_both_ways")
    operation = "GET /assistants"
    claimed = [f"success of {operation}", f"cursors of {operation}"]
    await api.http.get("/vector_stores?after=vs_a&before=vs_b")
    await api.http.get("/assistants?limit=0")
    assert not_shown(*named, ASKED) == claimed
    await api.http.get("/assistants?after=asst_a")
    assert not_shown(*named, ASKED) == claimed[1:]
    await api.http.get("/assistants?before=asst_a")
    assert not_shown(*named, ASKED) == []
    assert not_shown("test_assistants", "test_a_bad_page_is_refused", ASKED) == []
    assert not_shown("test_assistants", "test_a_bad_page_is_refused", ()) != []


async def test_answers_are_checked_against_the_descriptions(api: Served, schema: Schema) -> None:
    """The check that runs beside every test does run."""
    before = schema.checked
    await api.assistant()
    assert schema.checked == before + 1
    with pytest.raises(AssertionError, match="Assistant at"):
        schema.own.check_as("Assistant", {"id": "asst_x"})
