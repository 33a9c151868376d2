"""docs/assistants-api.md says what is served: no more and no less."""

from __future__ import annotations

import asyncio
import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Mount, Route, Router

from adapters.http.app import PREFIXES
from tests.api.schema import Description, Schema
from tests.api.serving import Served
from tests.fakes.scripted_model import says

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "assistants-api.md"
_ROW = re.compile(r"\| `(\w+) (/\S*)` \| ([^|]+) \| (\w+)::(\w+) \|")

_NO_OPERATIONS = (
    "/openapi.json",
    "/assistants/{assistant_id}/files",  # v1 alone had these two
    "/threads/{thread_id}/messages/{message_id}/files",
)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    method: str
    path: str
    state: str
    module: str
    test: str

    @property
    def supported(self) -> bool:
        return self.state.startswith("supported")


def rows() -> list[Row]:
    """The table of operations."""
    return [Row(*found.groups()) for found in _ROW.finditer(PAGE.read_text(encoding="utf-8"))]


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


def test_every_row_names_a_test_that_exists() -> None:
    """By module and function."""
    for row in rows():
        module = importlib.import_module(f"tests.api.{row.module}")
        assert callable(getattr(module, row.test, None)), f"{row.module}::{row.test}"


async def test_answers_are_checked_against_the_descriptions(api: Served, schema: Schema) -> None:
    """The check that runs beside every test does run."""
    before = schema.checked
    await api.assistant()
    assert schema.checked == before + 1
    with pytest.raises(AssertionError, match="Assistant at"):
        schema.own.check_as("Assistant", {"id": "asst_x"})
