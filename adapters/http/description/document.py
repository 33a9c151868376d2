"""The description as one OpenAPI 3.1 document.

Source: the OpenAPI Specification 3.1.1 and JSON Schema 2020-12. It is made once for a process, when
it is first asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, cast

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from adapters.http.description import objects
from adapters.http.description.events import STREAM_EVENT, event_schemas
from adapters.http.description.links import links_of
from adapters.http.description.operations import OPERATIONS, Described
from adapters.http.description.parameters import BETA, path_parameters, query_parameter
from adapters.http.description.stores import FILTERED, STORES, FilteredSearch
from adapters.http.uploads import EXPIRY_S, PURPOSES
from core.assistants import Json

_SCHEMAS: Final = "#/components/schemas/"
_UPLOAD: Final = "FileUpload"

_REFUSALS: Final = {
    "400": "The request is not what the API takes, or not what the object's state allows.",
    "401": "No key was shown, or none that this server accepts.",
    "403": "This server has no keys, and the request does not come from its own machine.",
    "404": "There is no such object.",
    "413": "The body is larger than this server takes.",
    "429": "Too many requests.",
    "500": "The server failed.",
    "503": "The server cannot do its work just now.",
}
_WAITING: Final = ("429", "503")

_INFO: Final[Json] = {
    "title": "Bobbin",
    "version": "2",
    "description": "The Assistants API, version 2 (`OpenAI-Beta: assistants=v2`).",
}


def document(prefixes: Iterable[str], *, keyed: bool) -> Json:
    """The whole description.

    Args:
        prefixes: where the API is served.
        keyed: whether a key has to be shown.
    """
    described = [*OPERATIONS, *STORES]
    access: list[Json] = [{"bearer": []}, {"apiKey": []}]
    if not keyed:
        access.append({})
    paths: Json = {}
    for one in described:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, described)
    return {
        "openapi": "3.1.0",
        "info": _INFO,
        "servers": [{"url": prefix or "/"} for prefix in (*prefixes, "")],
        "security": access,
        "tags": [{"name": name} for name in sorted({_tag(one) for one in described})],
        "paths": paths,
        "components": {
            "schemas": _schemas(described),
            "responses": {
                status: _refusal(status, meaning) for status, meaning in _REFUSALS.items()
            },
            "headers": _HEADERS,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "api-key"},
            },
        },
    }


_HEADERS: Final[Json] = {
    "RequestId": {
        "description": "The name of the request in the server's log.",
        "required": True,
        "schema": {"type": "string", "pattern": "^req_"},
    },
    "Mark": {
        "description": "The answer is this server's, and no proxy's.",
        "required": True,
        "schema": {"type": "string", "const": "engine"},
    },
    "PollAfter": {
        "description": "Milliseconds until it is worth asking again; absent when a Run is at rest.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "RetryAfter": {
        "description": "Seconds until it is worth trying again.",
        "schema": {"type": "integer", "minimum": 1},
    },
}
_EVERY: Final[Json] = {
    "x-request-id": {"$ref": "#/components/headers/RequestId"},
    "x-bobbin": {"$ref": "#/components/headers/Mark"},
}


def _refusal(status: str, meaning: str) -> Json:
    headers = dict(_EVERY)
    if status in _WAITING:
        headers["retry-after"] = {"$ref": "#/components/headers/RetryAfter"}
    return {
        "description": meaning,
        "headers": headers,
        "content": {"application/json": {"schema": _ref(objects.ErrorResponse)}},
    }


def _operation(one: Described, described: list[Described]) -> Json:
    parameters = path_parameters(one.path)
    parameters += [query_parameter(name) for name in one.query]
    if one.beta:
        parameters.append(BETA)
    refusals = set(_REFUSALS)
    if one.body is None and not one.form:
        refusals -= {"413"}
    body: Json = {
        "operationId": one.id,
        "tags": [_tag(one)],
        "summary": one.summary,
        "parameters": parameters,
        "responses": {
            "200": _success(one, described),
            **{status: {"$ref": f"#/components/responses/{status}"} for status in sorted(refusals)},
        },
    }
    if one.body is not None:
        further = "oneOf" in cast("Json", one.body.model_config.get("json_schema_extra") or {})
        required = further or any(info.is_required() for info in one.body.model_fields.values())
        content: Json = {"application/json": {"schema": _ref(one.body)}}
        body["requestBody"] = {"required": required, "content": content}
    if one.form:
        content = {"multipart/form-data": {"schema": {"$ref": f"{_SCHEMAS}{_UPLOAD}"}}}
        body["requestBody"] = {"required": True, "content": content}
    return body


def _success(one: Described, described: list[Described]) -> Json:
    if one.answer is None:
        binary = {"type": "string", "format": "binary"}
        content: Json = {"application/octet-stream": {"schema": binary}}
    else:
        content = {"application/json": {"schema": _ref(one.answer)}}
    if one.streams:
        # Of one event, as OpenAPI 3.2 has it in `itemSchema`.
        content["text/event-stream"] = {"schema": {"$ref": f"{_SCHEMAS}{STREAM_EVENT}"}}
    headers = dict(_EVERY)
    if one.answer is objects.Run:
        headers["openai-poll-after-ms"] = {"$ref": "#/components/headers/PollAfter"}
    answer: Json = {"description": "OK", "headers": headers, "content": content}
    links = links_of(one, described)
    if links:
        answer["links"] = links
    return answer


def _tag(one: Described) -> str:
    """The collection that a path begins with, or the one inside a Thread."""
    names = [part for part in one.path.split("/") if part and not part.startswith("{")]
    return names[1] if names[:1] == ["threads"] and len(names) > 1 else names[0]


def _ref(model: type[BaseModel]) -> Json:
    return {"$ref": f"{_SCHEMAS}{model.__name__}"}


# --------------------------------------------------------------------------- schemas


def _schemas(described: list[Described]) -> Json:
    models: list[type[BaseModel]] = [objects.ErrorResponse, FilteredSearch]
    models += [
        objects.Thread, objects.Run, objects.RunStep, objects.Message,
        objects.MessageDelta, objects.RunStepDelta, objects.StreamError,
    ]  # fmt: skip
    for one in described:
        models += [model for model in (one.body, one.answer) if model is not None]
    unique = list(dict.fromkeys(models))
    _, made = models_json_schema(
        [(model, "validation") for model in unique], ref_template=f"{_SCHEMAS}{{model}}"
    )
    schemas = cast("Json", _tidied(made["$defs"], names=True))
    told = schemas.pop(FilteredSearch.__name__)["properties"]
    body, name = FILTERED
    schemas[body]["properties"][name] = told[name]
    return schemas | event_schemas() | {_UPLOAD: _upload()}


def _tidied(node: Any, *, names: bool = False) -> Any:
    """Without titles and empty defaults, which say nothing. `names`: the keys are names, no words
    of the schema language."""
    if isinstance(node, list):
        return [_tidied(one) for one in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    fields = cast("Json", node)
    return {
        key: _tidied(value, names=key == "properties" and not names)
        for key, value in fields.items()
        if names or not (key == "title" or (key == "default" and value in (None, "")))
    }


def _upload() -> Json:
    anchor, seconds = "expires_after[anchor]", "expires_after[seconds]"
    return {
        "type": "object",
        "description": "A form with a file. Both fields of its expiry are there, or none.",
        "additionalProperties": False,
        "required": ["file", "purpose"],
        "dependentRequired": {anchor: [seconds], seconds: [anchor]},
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "purpose": {"type": "string", "enum": list(PURPOSES)},
            anchor: {"type": "string", "enum": ["created_at"]},
            seconds: {"type": "integer", "minimum": EXPIRY_S[0], "maximum": EXPIRY_S[1]},
        },
    }
