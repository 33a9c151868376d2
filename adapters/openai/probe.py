"""Trying an endpoint out, for `bobbin doctor` and the first start: is it there, what can it do."""

from __future__ import annotations

import json
import re
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Literal

import aiohttp

from adapters.openai.endpoint import IS_BOBBIN, Endpoint, IsBobbin
from adapters.openai.faults import MODEL_VARIABLE, NoSuchPath
from adapters.openai.wire import as_count, as_list, as_object, as_text
from core.engine.generation import (
    ModelRequest,
    TextDelta,
    TextPart,
    ToolCallDelta,
    ToolSpec,
    UserItem,
)
from core.engine.ports import ChatModel
from core.errors import ModelError, ModelUnavailable

OLLAMA = "http://127.0.0.1:11434"
OLLAMA_DEFAULT_WINDOW = 4_096
"""Tokens that Ollama gives a model unless it is told otherwise, however long the model's own is."""

_LISTED_WINDOWS = ("max_model_len", "context_length", "context_window", "max_context_length")
_ADD = ToolSpec(
    "add",
    "Adds two numbers.",
    {
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
        "required": ["a", "b"],
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointReport:
    """What came of trying an endpoint.

    Attributes:
        reachable: something answered there.
        is_bobbin: it is Bobbin itself, and must not be used.
        models: the names that it lists; None if it lists none.
        answers: it answered a short question.
        tool_mode: how tools work with this model; None if that was not found out.
        context_tokens: its window, where it tells.
        sentences: what there is to say of it, in order.
    """

    reachable: bool = False
    is_bobbin: bool = False
    models: tuple[str, ...] | None = None
    answers: bool = False
    tool_mode: Literal["native", "json"] | None = None
    context_tokens: int | None = None
    sentences: tuple[str, ...] = ()


async def find_ollama(address: str = OLLAMA, *, timeout_s: float = 0.3) -> str | None:
    """The base URL of an Ollama on this machine, if one answers within `timeout_s` seconds."""
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{address}/api/version") as answer,
        ):
            found = answer.status == 200 and "version" in as_object(await answer.json())
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return None
    return f"{address}/v1" if found else None


async def is_bobbin(endpoint: Endpoint) -> bool:
    """Whether the endpoint is Bobbin itself: by its answers' header, and by its health page."""
    try:
        health = await endpoint.get(f"{endpoint.root}/healthz")
    except IsBobbin:
        return True
    except ModelError:
        return False
    return as_object(health).get("service") == "bobbin"


async def describe(endpoint: Endpoint, model: ChatModel, name: str) -> EndpointReport:
    """Try everything out with the model `name`, in two short calls; never raises ModelError."""
    report = EndpointReport()
    try:
        listed = await _listed(endpoint)
        if await is_bobbin(endpoint):
            raise IsBobbin(IS_BOBBIN)
    except IsBobbin as error:
        return replace(report, reachable=True, is_bobbin=True, sentences=(str(error),))
    except ModelUnavailable as error:
        return replace(report, sentences=(str(error),))
    except ModelError as error:
        return replace(report, reachable=True, sentences=(str(error),))
    names = tuple(as_text(entry.get("id")) for entry in listed) if listed is not None else None
    sentences: list[str] = []
    if names is not None and not _is_listed(name, names):
        some = ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")
        sentences.append(f"It lists no model {name!r}; {MODEL_VARIABLE} could be: {some or '-'}.")
    report = replace(report, reachable=True, models=names)
    try:
        text, _ = await _round(model, name, "Answer with the one word OK.")
    except ModelError as error:
        return replace(report, sentences=(*sentences, str(error)))
    sentences.append(f"{name} answers{'' if text.strip() else ', though without a word'}.")
    mode, why = await _tool_mode(model, name)
    window = await context_window(endpoint, name, listed)
    told = f"{window:,} tokens" if window else "not told; set BOBBIN_CONTEXT_WINDOW if you know it"
    return replace(
        report,
        answers=True,
        tool_mode=mode,
        context_tokens=window,
        sentences=(*sentences, why, f"Its window: {told}."),
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What an endpoint tells of its models: names, and windows by name (tokens)."""

    names: tuple[str, ...]
    windows: dict[str, int]


async def told_models(endpoint: Endpoint, name: str | None) -> Told:
    """What the endpoint tells without being asked to answer.

    With `name`, it is also asked for the window of that model in the ways of single servers.

    Raises:
        ModelUnavailable: it does not answer.
        ModelError: it answers with something else.
    """
    listed = await _listed(endpoint) or []
    windows = {
        as_text(entry.get("id")): window for entry in listed if (window := _listed_window(entry))
    }
    if name and name not in windows and (window := await context_window(endpoint, name, listed)):
        windows[name] = window
    return Told(tuple(as_text(entry.get("id")) for entry in listed), windows)


async def context_window(
    endpoint: Endpoint, name: str, listed: list[dict[str, Any]] | None = None
) -> int | None:
    """The window of model `name` in tokens, where the endpoint tells.

    vLLM, OpenRouter and others say it in their list of models, llama.cpp there and in `/props`,
    Ollama in `/api/ps` (of a loaded model) and `/api/show`.
    """
    if listed is None:
        try:
            listed = await _listed(endpoint)
        except ModelError:
            listed = None
    entries = listed or []
    entry = next(
        (e for e in entries if e.get("id") == name), entries[0] if len(entries) == 1 else {}
    )
    if window := _listed_window(entry):
        return window
    props = await _asked(endpoint, "/props")
    if window := as_count(as_object(props.get("default_generation_settings")).get("n_ctx")):
        return window
    return await _ollama_window(endpoint, name)


def _listed_window(entry: dict[str, Any]) -> int | None:
    """The window that an entry of the list of models tells."""
    told = [entry.get(key) for key in _LISTED_WINDOWS]
    told.append(as_object(entry.get("meta")).get("n_ctx"))
    return next((window for value in told if (window := as_count(value))), None)


async def _ollama_window(endpoint: Endpoint, name: str) -> int | None:
    full = name if ":" in name else f"{name}:latest"
    for loaded in map(as_object, as_list((await _asked(endpoint, "/api/ps")).get("models"))):
        if loaded.get("name") in {name, full} and (
            window := as_count(loaded.get("context_length"))
        ):
            return window
    shown = await _asked(endpoint, "/api/show", {"model": name})
    if match := re.search(r"^num_ctx\s+(\d+)", as_text(shown.get("parameters")), re.MULTILINE):
        return int(match[1])
    info = as_object(shown.get("model_info"))
    longest = next((as_count(v) for k, v in info.items() if k.endswith(".context_length")), None)
    return min(longest, OLLAMA_DEFAULT_WINDOW) if longest else None


async def _listed(endpoint: Endpoint) -> list[dict[str, Any]] | None:
    """The entries of the list of models; None where there is no such list."""
    try:
        body = as_object(await endpoint.get("/models"))
    except NoSuchPath:
        return None
    return [as_object(entry) for entry in as_list(body.get("data"))]


async def _asked(
    endpoint: Endpoint, path: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What a server tells of itself beside `/v1`; empty where it does not."""
    try:
        return as_object(await endpoint.get(endpoint.root + path, body))
    except ModelError:
        return {}


def _is_listed(name: str, names: tuple[str, ...]) -> bool:
    return name in names or f"{name}:latest" in names


async def _tool_mode(model: ChatModel, name: str) -> tuple[Literal["native", "json"], str]:
    """Offer one tool and see whether it is called right."""
    advice = f'tool_mode = "json" is better for {name} (config/models.toml or BOBBIN_TOOL_MODE).'
    try:
        _, calls = await _round(model, name, "What is 17 + 25? Use the tool.", _ADD)
    except ModelError as error:
        return "json", f"It refuses tools ({error}) {advice}"
    if not calls:
        return "json", f"It was offered a tool and did not call it: {advice}"
    try:
        given: Any = json.loads(calls[0])
    except ValueError:
        given = None
    if as_object(given) == {"a": 17, "b": 25} or as_object(given) == {"a": 25, "b": 17}:
        return "native", "It calls tools right."
    return "json", f"It called a tool with wrong arguments: {advice}"


async def _round(
    model: ChatModel, name: str, question: str, tool: ToolSpec | None = None
) -> tuple[str, list[str]]:
    """One short round: its text, and the arguments of its calls."""
    request = ModelRequest(
        model=name,
        instructions="You are being tested. Be brief.",
        items=(UserItem((TextPart(question),)),),
        tools=() if tool is None else (tool,),
        max_output_tokens=300,
    )
    text, calls = "", dict[int, str]()
    async with aclosing(model.stream(request)) as stream:
        async for event in stream:
            if isinstance(event, TextDelta):
                text += event.text
            elif isinstance(event, ToolCallDelta):
                calls[event.index] = calls.get(event.index, "") + event.arguments
    return text, list(calls.values())
