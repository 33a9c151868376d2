"""Whatever the server answers is checked against descriptions of the API.

Against our own always. Against the published one where a copy of it is at hand: it is not ours to
ship, so a test run finds it under the path in `BOBBIN_ASSISTANTS_OPENAPI`, or in a folder
`reference` of a neighbour of the checkout.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import yaml

from adapters.http.app import PREFIXES
from adapters.http.description.document import document
from adapters.http.description.events import EVENTS, STREAM_EVENT

NAME = "assistants-openapi.yaml"
VARIABLE = "BOBBIN_ASSISTANTS_OPENAPI"
_ROOT = Path(__file__).resolve().parent.parent.parent
_WHOLE = re.compile("|".join(re.escape(prefix) for prefix in PREFIXES))

_library: Any = jsonschema
_formats: Any = _library.FormatChecker(formats=())


@_formats.checks("double")
def _has_a_fraction(value: Any) -> bool:
    """`1` is no `1.0` for the official clients. What is no number at all is the type's concern."""
    return not isinstance(value, int) or isinstance(value, bool)


def _is_whole(checker: Any, value: Any) -> bool:
    """JSON Schema takes 1.0 for an integer; the official clients do not."""
    return isinstance(value, int) and not isinstance(value, bool)


_draft: Any = _library.Draft202012Validator
_Validator: Any = _library.validators.extend(
    _draft, type_checker=_draft.TYPE_CHECKER.redefine("integer", _is_whole)
)


class Description:
    """An OpenAPI document that answers are compared with."""

    def __init__(
        self, body: Any, *, errors: str, events: str, kinds: dict[str, str] | None = None
    ) -> None:
        """
        Args:
            body: the document.
            errors: the name of its schema of refusals.
            events: the name of its schema of events of streams.
            kinds: the names of the schemas of their objects, where that has strings for them.
        """
        self._kinds = kinds or {}
        self.document = body
        self._components: Any = body["components"]
        self._errors = errors
        self.events = events
        self._validators: dict[str, Any] = {}
        self.operations = {
            (method.upper(), template)
            for template, methods in body["paths"].items()
            for method in methods
        }
        # Literal paths first: `/threads/runs` is no Thread.
        self._templates = sorted(
            (
                (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", template)), methods)
                for template, methods in body["paths"].items()
            ),
            key=lambda one: one[0].pattern.count("[^/]+"),
        )

    def operation(self, method: str, path: str) -> Any:
        """What the document says of an operation, or None."""
        for pattern, methods in self._templates:
            if pattern.fullmatch(path) and method.lower() in methods:
                return methods[method.lower()]
        return None

    def answer(self, operation: Any, status: int) -> Any:
        """What it says of an answer, or None."""
        found = operation["responses"].get(str(status), operation["responses"].get("default"))
        if found and "$ref" in found:
            return self._components["responses"][found["$ref"].rpartition("/")[2]]
        return found

    def check_error(self, value: Any) -> None:
        """Raise if the value is no refusal."""
        self.check_as(self._errors, value)

    def check_event(self, name: str, data: Any) -> None:
        """Raise if there is no such event."""
        if name in self._kinds:
            self.check_as(self._kinds[name], data)
        else:
            self.check_as(self.events, {"event": name, "data": data})

    def check_as(self, name: str, value: Any) -> None:
        """Raise if the value is not a `name` of the document's components."""
        validator = self._validators.get(name)
        if validator is None:
            whole = {"$ref": f"#/components/schemas/{name}", "components": self._components}
            validator = self._validators[name] = _Validator(whole, format_checker=_formats)
        problems = [
            f"{name} at {error.json_path}: {error.message}"
            for error in validator.iter_errors(value)
        ]
        assert not problems, "\n".join(problems)


class Schema:
    """All descriptions that there are, and how often they were asked."""

    def __init__(self, own: Description, published: Description | None) -> None:
        self.own = own
        self.published = published
        self._all = [own, published] if published else [own]
        self.checked = 0

    async def check(self, response: httpx2.Response) -> None:
        """Raise if the answer is not what the descriptions say of its operation and status."""
        whole = response.request.url.path
        if not whole.startswith("/v1/") and not whole.startswith("/openai/"):
            return
        path = _WHOLE.sub("", whole, count=1)
        if response.request.method == "HEAD" or path == "/openapi.json":
            return
        if "assistants=v1" in response.request.headers.get("openai-beta", ""):
            return  # answered in the first version's shapes, which nobody describes any more
        kind = response.headers.get("content-type", "").partition(";")[0]
        if kind == "text/event-stream":
            response.stream = _Watched(response.stream, self)
            return
        if kind == "application/json":
            await response.aread()
        for description in self._all:
            self._check(description, response, path, kind)
        self.checked += 1

    def _check(
        self, description: Description, response: httpx2.Response, path: str, kind: str
    ) -> None:
        status = response.status_code
        operation = description.operation(response.request.method, path)
        if operation is None:
            known = status in (404, 405) or path.startswith(_UNDESCRIBED)
            assert known, f"{path} is not described"
            return
        told = description.answer(operation, status)
        assert told, f"the description has no {status} of {operation['operationId']}"
        assert kind in told["content"], f"{operation['operationId']} answered {kind}"
        if kind != "application/json":
            return
        if status >= 400:
            description.check_error(response.json())
            return
        body = told["content"][kind]["schema"]
        description.check_as(body["$ref"].rpartition("/")[2], response.json())

    def check_event(self, name: str, data: Any) -> None:
        """Raise if an event of a stream is not what the descriptions say."""
        for description in self._all:
            description.check_event(name, data)
        self.checked += 1


_UNDESCRIBED = "/models"
"""No part of the Assistants API."""


class _Watched(httpx2.AsyncByteStream):
    """A stream of events that are checked as they come."""

    def __init__(self, inner: Any, schema: Schema) -> None:
        self._inner = inner
        self._schema = schema
        self._rest = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            *frames, self._rest = (self._rest + chunk).split(b"\n\n")
            for frame in frames:
                if not frame.startswith(b":"):
                    self._check(frame.decode())
            yield chunk

    def _check(self, frame: str) -> None:
        first, second = frame.split("\n")
        data = second.removeprefix("data: ")
        name = first.removeprefix("event: ")
        self._schema.check_event(name, data if name == "done" else json.loads(data))

    async def aclose(self) -> None:
        await self._inner.aclose()


@cache
def own_description() -> Description:
    """Our own."""
    made = document(PREFIXES, keyed=False)
    return Description(made, errors="ErrorResponse", events=STREAM_EVENT, kinds=EVENTS)


@cache
def published_description() -> tuple[Description | None, str]:
    """The published one, or why there is none."""
    named = os.environ.get(VARIABLE)
    places = [Path(named)] if named else sorted(_ROOT.parent.glob(f"*/reference/{NAME}"))
    for path in places:
        if path.is_file():
            loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            body: Any = yaml.load(path.read_bytes(), Loader=loader)
            made = Description(body, errors="ErrorResponse", events="AssistantStreamEvent")
            return made, ""
    return None, f"no {NAME} here; {VARIABLE} can name one"


def find_schema() -> tuple[Schema, str]:
    """All descriptions, and why the published one is missing if it is."""
    published, reason = published_description()
    return Schema(own_description(), published), reason
