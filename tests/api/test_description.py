"""The API's own description: served, valid, and of exactly what is served."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import httpx2
import openapi_spec_validator
import pytest
from starlette.routing import Mount, Route, Router

from adapters.http.app import PREFIXES
from core import assistants
from tests.api.schema import Description
from tests.api.serving import KEY, Served, served


@pytest.fixture
async def document(api: Served) -> Any:
    """The document as it is served."""
    answer = await api.http.get(f"{api.url}/openapi.json")
    assert answer.status_code == 200
    return answer.json()


async def test_it_is_valid(document: Any) -> None:
    """By the OpenAPI Specification 3.1."""
    assert document["openapi"] == "3.1.0"
    openapi_spec_validator.validate(document)


@pytest.mark.parametrize("prefix", ["", *PREFIXES])
async def test_it_is_there_under_each_prefix(api: Served, document: Any, prefix: str) -> None:
    """Without the beta header, and the same everywhere."""
    async with httpx2.AsyncClient() as plain:
        answer = await plain.get(f"{api.url}{prefix}/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == document
    assert prefix in {server["url"].rstrip("/") for server in document["servers"]}


async def test_it_is_guarded(redis_url: str, tmp_path: Path) -> None:
    """With keys it wants one, and says that the API does."""
    async with served(redis_url, tmp_path, keys=(KEY,)) as api:
        assert (await api.http.get("/openapi.json")).status_code == 401
        shown = {"authorization": f"Bearer {KEY}"}
        body = (await api.http.get("/openapi.json", headers=shown)).json()
        assert body["security"] == [{"bearer": []}, {"apiKey": []}]


async def test_what_is_served_is_described(api: Served, document: Any) -> None:
    """Every route, and no other."""
    (router,) = [
        mount.app
        for mount in api.app.routes
        if isinstance(mount, Mount) and mount.path == PREFIXES[0]
    ]
    assert isinstance(router, Router)
    routes = {
        (method, re.sub(r":\w+\}", "}", route.path))
        for route in router.routes
        if isinstance(route, Route)
        and not route.path.startswith(_NO_OPERATION)
        and not re.fullmatch(_FIRST_VERSION, route.path)
        for method in route.methods or ()
        if method != "HEAD"
    }
    described = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    assert described == routes


_FIRST_VERSION = r"/(assistants/\{\w+\}|threads/\{\w+\}/messages/\{\w+\})/files.*"
_NO_OPERATION = ("/openapi.json", "/models")
_OMITTED: dict[Any, tuple[str, ...]] = {
    assistants.File: ("expires_at", "status_details"),
    assistants.VectorStore: ("expires_after",),
}


def test_every_reference_leads_somewhere(own: Description) -> None:
    """And every schema is used by something."""
    components = own.document["components"]
    wanted = set(_references(own.document))
    there = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "responses", "headers")
        for name in components[kind]
    }
    assert wanted == there


def test_every_link_leads_to_an_operation(own: Description) -> None:
    """With parameters that it has."""
    by_id = {
        operation["operationId"]: (path, operation)
        for path, methods in own.document["paths"].items()
        for operation in methods.values()
    }
    links = 0
    for _, operation in by_id.values():
        for link in operation["responses"]["200"].get("links", {}).values():
            path, _ = by_id[link["operationId"]]
            assert set(link.get("parameters", {})) == set(re.findall(r"\{(\w+)\}", path))
            links += 1
    assert links > 100


@pytest.mark.parametrize("kind", get_args(assistants.ApiObject), ids=lambda kind: kind.__name__)
def test_the_engine_s_objects_are_described_field_for_field(own: Description, kind: Any) -> None:
    """What is not always there is said to be so."""
    schema = own.document["components"]["schemas"][kind.__name__]
    names = {item.name for item in fields(kind)} | ({"object"} if kind.object else set[str]())
    assert set(schema["properties"]) == names
    optional = set(_OMITTED.get(kind, ()))
    assert names - set(schema["required"]) == optional
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("Thread", {"created_at": 1.0}, "created_at: 1.0 is not of type 'integer'"),
        ("Thread", {"created_at": None}, "created_at: None is not of type 'integer'"),
        ("Thread", {"extra": 1}, "'extra' was unexpected"),
        ("Thread", {"metadata": {"a": 1}}, "metadata.a: 1 is not of type 'string'"),
        ("Assistant", {"temperature": 1}, "temperature: 1 is not a 'double'"),
        ("Assistant", {"tools": [{"type": "browser"}]}, "is not valid under any"),
    ],
)
def test_descriptions_are_exact(
    own: Description, name: str, value: dict[str, Any], problem: str
) -> None:
    """One wrong field is one problem."""
    examples: dict[str, dict[str, Any]] = {
        "Thread": {
            "object": "thread", "id": "thread_a", "created_at": 1, "tool_resources": None,
            "metadata": {},
        },
        "Assistant": {
            "object": "assistant", "id": "asst_a", "created_at": 1, "name": None,
            "description": None, "model": "m", "instructions": None, "tools": [],
            "tool_resources": None, "metadata": {}, "temperature": 1.0, "top_p": 1.0,
            "response_format": "auto",
        },
    }  # fmt: skip
    good = examples[name]
    own.check_as(name, good)
    with pytest.raises(AssertionError, match=re.escape(problem)):
        own.check_as(name, good | value)


def _references(node: Any) -> list[str]:
    inner: list[Any] = []
    found: list[str] = []
    match node:
        case {"$ref": str() as reference}:
            found.append(reference)
        case {**fields_of}:
            inner = [*fields_of.values()]
        case [*several]:
            inner = several
        case _:
            pass
    return found + [reference for one in inner for reference in _references(one)]
