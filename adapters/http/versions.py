"""The `OpenAI-Beta` header, and the guide's first shapes (v1) read as today's (v2).

Source: the Assistants API reference and its migration guide. In v1 an Assistant or a Message had
`file_ids`; in v2 an Assistant has `tool_resources` and a Message has `attachments`. Answers have
the shapes of v2 for everybody.
"""

from __future__ import annotations

from typing import Final, cast

from starlette.datastructures import Headers

from core.assistants import Json
from core.errors import InvalidRequest

_HEADER: Final = "openai-beta"
_V1: Final = "assistants=v1"
_V2: Final = "assistants=v2"
_MISSING: Final = (
    "You must provide the 'OpenAI-Beta' header to access the Assistants API. Please try again by "
    "setting the header 'OpenAI-Beta: assistants=v2'."
)
_MESSAGE_LISTS: Final = ("messages", "additional_messages")


def check_beta(headers: Headers) -> None:
    """Refuse a request without the header, which may name other betas as well."""
    if not any(_V1 in value or _V2 in value for value in headers.getlist(_HEADER)):
        raise InvalidRequest(_MISSING, code="invalid_beta")


def is_v1(headers: Headers) -> bool:
    """Whether the client speaks v1."""
    values = headers.getlist(_HEADER)
    return any(_V1 in value for value in values) and not any(_V2 in value for value in values)


def upgraded(body: Json) -> Json:
    """A v1 body in the shapes of v2. What is neither stays, and is refused later."""
    changed = dict(body)
    for name in _MESSAGE_LISTS:
        messages = changed.get(name)
        if isinstance(messages, list):
            changed[name] = [
                upgraded(cast("Json", one)) if isinstance(one, dict) else one
                for one in cast("list[object]", messages)
            ]
    if isinstance(changed.get("thread"), dict):
        changed["thread"] = upgraded(changed["thread"])
    file_ids = changed.get("file_ids")
    if not isinstance(file_ids, list):
        return changed
    del changed["file_ids"]
    if "role" in changed:
        tools = [{"type": "code_interpreter"}]
        changed["attachments"] = [
            {"file_id": one, "tools": tools} for one in cast("list[str]", file_ids)
        ]
    else:
        changed["tool_resources"] = {"code_interpreter": {"file_ids": file_ids}}
    return changed
