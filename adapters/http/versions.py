"""Which version a client speaks, and the guide's first shapes (v1) read as today's (v2).

OpenAI's clients name it in the header `OpenAI-Beta`, Azure's in the query (`api-version`).

Source: the Assistants API reference and its migration guide. In v1 an Assistant or a Message had
`file_ids`; in v2 an Assistant has `tool_resources` and a Message has `attachments`. Answers to v1
have the fields of v2, and those of v1 besides.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final, cast

import orjson
from starlette.requests import Request

from core.assistants import Json
from core.engine.resources import CODE
from core.engine.service.firstshapes import (
    attachments,
    downgraded,
    upgraded_tool,
    upgraded_tools,
)
from core.errors import InvalidRequest

_HEADER: Final = "openai-beta"
_V1: Final = "assistants=v1"
_V2: Final = "assistants=v2"
_MISSING: Final = (
    "You must provide the 'OpenAI-Beta' header to access the Assistants API. Please try again by "
    "setting the header 'OpenAI-Beta: assistants=v2'."
)
_AZURE_V2: Final = "2024-05-01"
"""Azure's first version with the shapes of v2 is `2024-05-01-preview`."""
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_MESSAGE_LISTS: Final = ("messages", "additional_messages")


def check_beta(request: Request) -> None:
    """Refuse a request that names no version. The header may name other betas as well."""
    said = request.headers.getlist(_HEADER)
    if any(_V1 in value or _V2 in value for value in said) or _azure_version(request):
        return
    raise InvalidRequest(_MISSING, code="invalid_beta")


def is_v1(request: Request) -> bool:
    """Whether the client speaks v1."""
    said = request.headers.getlist(_HEADER)
    if any(_V2 in value for value in said):
        return False
    if any(_V1 in value for value in said):
        return True
    version = _azure_version(request)
    return bool(version) and version < _AZURE_V2


def _azure_version(request: Request) -> str:
    """The date of the API that a client of Azure's wants; empty for everybody else."""
    version = request.query_params.get("api-version", "")
    return version if _DATE.match(version) else ""


def upgraded(body: Json, fields: Container[str]) -> Json:
    """A body with v1's shapes in those of v2. What is neither stays, and is refused later.

    `fields` are v2's of this body. Programs of 2023 speak through clients of today, which say v2
    for them: so `retrieval`, and `file_ids` where v2's own are not given, are taken from everybody.
    """
    changed = dict(body)
    for name in _MESSAGE_LISTS:
        messages = changed.get(name)
        if isinstance(messages, list):
            changed[name] = [
                upgraded(cast("Json", one), ("attachments",)) if isinstance(one, dict) else one
                for one in cast("list[object]", messages)
            ]
    if isinstance(changed.get("thread"), dict):
        changed["thread"] = upgraded(changed["thread"], ())
    if "tools" in changed:
        changed["tools"] = upgraded_tools(changed["tools"])
    if "tool_choice" in changed:
        changed["tool_choice"] = upgraded_tool(changed["tool_choice"])
    if has_files(body, fields):
        given: list[object] = changed.pop("file_ids")
        if "attachments" not in fields:
            changed["tool_resources"] = {CODE: {"file_ids": given}}
        elif given:
            changed["attachments"] = attachments(given)
    return changed


def has_files(body: Json, fields: Container[str]) -> bool:
    """Whether this is an Assistant or a Message with v1's `file_ids`; nothing else had any."""
    if not isinstance(body.get("file_ids"), list):
        return False
    if "attachments" in fields:
        return "attachments" not in body
    assistant = "tools" in fields and "tool_resources" in fields and "assistant_id" not in fields
    return assistant and "tool_resources" not in body


def as_v1(data: bytes) -> bytes:
    """An answer's JSON as v1's callers look for it."""
    return orjson.dumps(downgraded(orjson.loads(data)))
