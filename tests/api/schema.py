"""The published OpenAPI description of the Assistants API, where a copy of it is at hand.

It is not ours to ship. A test run finds it under the path in `BOBBIN_ASSISTANTS_OPENAPI`, or in a
folder `reference` of a neighbour of the checkout; then every answer that a test gets through
`served(schema=...)` is checked against it.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
from pathlib import Path
from typing import Any

import httpx2

NAME = "assistants-openapi.yaml"
VARIABLE = "BOBBIN_ASSISTANTS_OPENAPI"
_ROOT = Path(__file__).resolve().parent.parent.parent
_PREFIX = "/v1"


class Schema:
    """Checks answers against the description."""

    def __init__(self, path: Path) -> None:
        yaml: Any = importlib.import_module("yaml")
        jsonschema: Any = importlib.import_module("jsonschema")
        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        document: Any = yaml.load(path.read_bytes(), Loader=loader)
        self._components: Any = document["components"]
        self._validator: Any = jsonschema.Draft202012Validator
        self._validators: dict[str, Any] = {}
        self._operations: list[tuple[re.Pattern[str], dict[str, Any]]] = []
        for template, methods in document["paths"].items():
            # Literal paths first: `/threads/runs` is no Thread.
            pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", template))
            self._operations.append((pattern, methods))
        self._operations.sort(key=lambda one: one[0].pattern.count("[^/]+"))
        self.operations = {
            (method.upper(), template)
            for template, methods in document["paths"].items()
            for method in methods
        }
        self.checked = 0

    async def check(self, response: httpx2.Response) -> None:
        """Raise if the answer is not what the description says of its operation and status."""
        path = response.request.url.path
        if not path.startswith(_PREFIX) or response.request.method == "HEAD":
            return
        if not response.headers.get("content-type", "").startswith("application/json"):
            return
        await response.aread()
        if response.status_code >= 400:
            self.check_as("ErrorResponse", response.json())
            return
        operation = self._operation(response.request.method, path.removeprefix(_PREFIX))
        body = operation["responses"]["200"]["content"]["application/json"]["schema"]
        self.check_as(body["$ref"].rpartition("/")[2], response.json())

    def check_as(self, name: str, value: Any) -> None:
        """Raise if the value is not a `name` of the description's components."""
        validator = self._validators.get(name)
        if validator is None:
            whole = {"$ref": f"#/components/schemas/{name}", "components": self._components}
            validator = self._validators[name] = self._validator(whole)
        problems = [
            f"{name} at {error.json_path}: {error.message}"
            for error in validator.iter_errors(value)
        ]
        assert not problems, "\n".join(problems)
        self.checked += 1

    def _operation(self, method: str, path: str) -> Any:
        for pattern, methods in self._operations:
            if pattern.fullmatch(path) and method.lower() in methods:
                return methods[method.lower()]
        raise AssertionError(f"the description has no {method} {path}")


def find_schema() -> tuple[Schema | None, str]:
    """The description, or the reason why there is none."""
    for library in ("yaml", "jsonschema"):
        if importlib.util.find_spec(library) is None:
            return None, f"{library} is not installed"
    named = os.environ.get(VARIABLE)
    places = [Path(named)] if named else sorted(_ROOT.parent.glob(f"*/reference/{NAME}"))
    for path in places:
        if path.is_file():
            return Schema(path), ""
    return None, f"no {NAME} here; {VARIABLE} can name one"
