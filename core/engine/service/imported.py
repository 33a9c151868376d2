"""Objects as other services gave them out, as ours: checked, and both versions' shapes read. Pure.

Every function takes an object of a dump (source: the Assistants API reference, v2, and that of v1)
and raises `InvalidRequest` with a sentence that says what is wrong with it and what to do.
"""

from __future__ import annotations

import re
from typing import Any, Final, cast

from core.assistants import (
    Assistant,
    Json,
    Message,
    Metadata,
    Thread,
    VectorStore,
    text_part,
)
from core.engine.requests import AssistantRequest
from core.engine.resources import CODE
from core.engine.service.firstshapes import attachments, upgraded_tools
from core.engine.validation import check_assistant, check_metadata
from core.engine.vectors.checks import check_store
from core.engine.vectors.records import counts_of
from core.engine.vectors.requests import StoreRequest
from core.errors import InvalidRequest

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_PARTS: Final = ("text", "image_file", "image_url", "refusal")
_MOST_SECONDS: Final = 1 << 40
_UNFINISHED: Final = {"reason": "run_expired"}


def id_of(body: Json, prefix: str, name: str = "id") -> str:
    """The id of an object, or of the one that it belongs to; `prefix` is how it begins."""
    value = body.get(name)
    if not isinstance(value, str):
        raise InvalidRequest(f"it has no `{name}`; add the one that your programs know it by")
    if not value.startswith(prefix) or not _ID.fullmatch(value):
        raise InvalidRequest(
            f"it has the {name} {value[:80]!r}; it has to begin with '{prefix}' and be of letters, "
            "digits, '_' and '-'"
        )
    return value


def assistant_of(body: Json) -> tuple[Assistant, Json]:
    """An Assistant, and what only the engine knows of it."""
    tools = _list(upgraded_tools(body.get("tools")), "tools")
    resources = _resources(body)
    request = AssistantRequest(
        model=_text(body, "model") or "",
        name=_text(body, "name"),
        description=_text(body, "description"),
        instructions=_text(body, "instructions"),
        tools=tuple(_tool(tool) for tool in tools),
        tool_resources=resources,
        metadata=_metadata(body),
        temperature=_number(body, "temperature"),
        top_p=_number(body, "top_p"),
        response_format=_format(body.get("response_format")),
        reasoning_effort=_text(body, "reasoning_effort"),
    )
    check_assistant(request)
    # Every dump shows the default as if it were set, and not every model takes it.
    given = {"temperature": request.temperature, "top_p": request.top_p}
    sampling = {name: value for name, value in given.items() if value not in (None, 1.0)}
    state: Json = {"sampling": sampling} if sampling else {}
    if request.reasoning_effort:
        state["effort"] = request.reasoning_effort
    assistant = Assistant(
        id=id_of(body, "asst"),
        created_at=_stamp(body, "created_at"),
        name=request.name,
        description=request.description,
        model=request.model,
        instructions=request.instructions,
        tools=request.tools,
        tool_resources=resources,
        metadata=dict(request.metadata),
        temperature=sampling.get("temperature", 1.0),
        top_p=sampling.get("top_p", 1.0),
        response_format=request.response_format or "auto",
    )
    return assistant, state


def thread_of(body: Json) -> Thread:
    """A Thread."""
    return Thread(
        id=id_of(body, "thread"),
        created_at=_stamp(body, "created_at"),
        tool_resources=_resources(body),
        metadata=_metadata(body),
    )


def vector_store_of(body: Json) -> VectorStore:
    """A vector store, without its files: a dump has none of their bytes."""
    expires = _expiry(body.get("expires_after"))
    store = VectorStore(
        id=id_of(body, "vs"),
        created_at=_stamp(body, "created_at"),
        name=_text(body, "name") or "",
        description=_text(body, "description"),
        file_counts=counts_of({}),
        expires_after=expires,
        metadata=_metadata(body),
    )
    check_store(
        StoreRequest(
            name=store.name,
            description=store.description,
            expires_after=expires,
            metadata=store.metadata,
        )
    )
    return store


def message_of(body: Json) -> Message:
    """A Message. One that was never finished stays incomplete."""
    role = body.get("role")
    if role not in ("user", "assistant"):
        raise InvalidRequest(f"it has the role {role!r}; write 'user' or 'assistant'")
    status: Any = body.get("status") or "completed"
    if status not in ("in_progress", "incomplete", "completed"):
        raise InvalidRequest(f"it has the status {status!r}; write 'completed'")
    created_at = _stamp(body, "created_at")
    is_whole = status == "completed"
    ended_at = _stamp(body, "completed_at" if is_whole else "incomplete_at", created_at)
    details = body.get("incomplete_details")
    return Message(
        id=id_of(body, "msg"),
        created_at=created_at,
        thread_id=id_of(body, "thread", "thread_id"),
        status="completed" if is_whole else "incomplete",
        incomplete_details=None if is_whole else _object(details) or dict(_UNFINISHED),
        completed_at=ended_at if is_whole else None,
        incomplete_at=None if is_whole else ended_at,
        role=role,
        content=_content(body.get("content")),
        assistant_id=_text(body, "assistant_id"),
        run_id=_text(body, "run_id"),
        attachments=tuple(_attachments(body)),
        metadata=_metadata(body),
    )


def _content(value: Any) -> tuple[Json, ...]:
    if isinstance(value, str):
        return (text_part(value),)
    return tuple(_part(part) for part in _list(value, "content"))


def _part(value: Any) -> Json:
    part = _object(value)
    kind = part.get("type") if part else None
    if part is None or kind not in _PARTS:
        raise InvalidRequest(f"it has content of the type {kind!r}; known are: {', '.join(_PARTS)}")
    inner = part.get(cast("str", kind))
    if kind == "text":
        if isinstance(inner, str):
            return text_part(inner)
        text = _object(inner) or {}
        if not isinstance(text.get("value"), str):
            raise InvalidRequest("it has a text part without `text.value`")
        notes = _list(text.get("annotations"), "annotations")
        return text_part(text["value"], tuple(cast("list[Json]", notes)))
    if kind == "refusal":
        if not isinstance(inner, str):
            raise InvalidRequest("it has a refusal that is no text")
        return {"type": kind, kind: inner}
    shown, name = _object(inner) or {}, "file_id" if kind == "image_file" else "url"
    if not isinstance(shown.get(name), str):
        raise InvalidRequest(f"it has a picture without `{kind}.{name}`")
    return {"type": kind, kind: {"detail": "auto", **shown}}


def _attachments(body: Json) -> list[Json]:
    found = [_object(one) or {} for one in _list(body.get("attachments"), "attachments")]
    for one in found:
        if not isinstance(one.get("file_id"), str):
            raise InvalidRequest("it has an attachment without `file_id`; leave it out")
        one["tools"] = _list(upgraded_tools(one.get("tools")), "tools")
    return found or attachments(_file_ids(body))


def _resources(body: Json) -> Json | None:
    given = body.get("tool_resources")
    if given is not None and not isinstance(given, dict):
        raise InvalidRequest("it has `tool_resources` that are no object")
    resources = {name: value for name, value in cast("Json", given or {}).items() if value}
    if (file_ids := _file_ids(body)) and CODE not in resources:
        resources[CODE] = {"file_ids": file_ids}
    return resources or None


def _file_ids(body: Json) -> list[Any]:
    found = _list(body.get("file_ids"), "file_ids")
    if not all(isinstance(one, str) for one in found):
        raise InvalidRequest("it has `file_ids` that are not all texts")
    return found


def _tool(value: Any) -> Json:
    tool = _object(value)
    if tool is None:
        raise InvalidRequest("it has a tool that is no object")
    if tool.get("type") == "function":
        function = _object(tool.get("function")) or {}
        if not isinstance(function.get("name"), str):
            raise InvalidRequest("it has a function without `function.name`")
    return tool


def _format(value: Any) -> str | Json | None:
    if value is None or isinstance(value, str):
        return value
    return _object(value)


def _expiry(value: Any) -> Json | None:
    if value is None:
        return None
    days: Any = (_object(value) or {}).get("days")
    if isinstance(days, bool) or not isinstance(days, int):
        raise InvalidRequest("it has an `expires_after` without `days`; leave it out")
    return {"anchor": "last_active_at", "days": days}


def _metadata(body: Json) -> Metadata:
    metadata = _object(body.get("metadata") or {})
    if metadata is None or not all(isinstance(value, str) for value in metadata.values()):
        raise InvalidRequest("it has `metadata` that is not texts by name")
    check_metadata(metadata)
    return metadata


def _stamp(body: Json, name: str, otherwise: int | None = None) -> int:
    value = body.get(name)
    if value is None and otherwise is not None:
        return otherwise
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _MOST_SECONDS:
        raise InvalidRequest(
            f"it has no `{name}`; write it in seconds since 1970, as a whole number"
        )
    return value


def _text(body: Json, name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidRequest(f"it has a `{name}` that is no text")
    return value


def _number(body: Json, name: str) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidRequest(f"it has a `{name}` that is no number")
    return float(value)


def _list(value: Any, name: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidRequest(f"it has `{name}` that is no list")
    return list(cast("list[Any]", value))


def _object(value: Any) -> Json | None:
    return dict(cast("Json", value)) if isinstance(value, dict) else None
