"""New Messages and Runs of what was asked for. Pure."""

from __future__ import annotations

from core import ids as prefixes
from core.assistants import Assistant, Json, Message, Run
from core.engine.progress import Progress
from core.engine.records import ObjectRecord, RunRecord
from core.engine.requests import RESULT_CONTENT, MessageRequest, RunRequest
from core.engine.resources import Resources
from core.engine.validation import stored_content
from core.ids import Ids


def new_message(
    request: MessageRequest, thread_id: str, ids: Ids, now: float, *, message_id: str | None = None
) -> Message:
    """A Message that somebody adds to a Thread."""
    stamp = int(now)
    return Message(
        id=message_id or ids.new(prefixes.MESSAGE),
        created_at=stamp,
        thread_id=thread_id,
        status="completed",
        completed_at=stamp,
        role=request.role,
        content=stored_content(request.content),
        attachments=request.attachments,
        metadata=dict(request.metadata),
    )


def new_run(
    request: RunRequest,
    assistant: Assistant,
    record: ObjectRecord,
    resources: Json | None,
    *,
    thread_id: str,
    run_id: str,
    now: float,
    ttl_s: int,
) -> RunRecord:
    """A Run: what the request says, else what the Assistant says, else the defaults.

    `resources` are the Thread's `tool_resources`; the tools work with those and the Assistant's.
    """
    explicit: dict[str, float] = dict(record.state.get("sampling", {}))
    for name, value in (("temperature", request.temperature), ("top_p", request.top_p)):
        if value is not None:
            explicit[name] = float(value)
    stamp = int(now)
    run = Run(
        id=run_id,
        created_at=stamp,
        thread_id=thread_id,
        assistant_id=assistant.id,
        expires_at=stamp + ttl_s,
        model=request.model or assistant.model,
        instructions=_instructions(request, assistant),
        tools=assistant.tools if request.tools is None else request.tools,
        metadata=dict(request.metadata),
        temperature=explicit.get("temperature", 1.0),
        top_p=explicit.get("top_p", 1.0),
        max_prompt_tokens=request.max_prompt_tokens,
        max_completion_tokens=request.max_completion_tokens,
        truncation_strategy=_truncation(request.truncation_strategy),
        tool_choice=request.tool_choice or "auto",
        parallel_tool_calls=request.parallel_tool_calls is not False,
        response_format=request.response_format or assistant.response_format or "auto",
    )
    progress = Progress(
        tenant=record.tenant,
        user=request.user,
        effort=request.reasoning_effort or record.state.get("effort"),
        sampling=explicit,
        resources=Resources.joined(assistant.tool_resources, resources),
        included=RESULT_CONTENT in request.include,
    )
    return RunRecord(run=run, state=progress.to_state())


def _instructions(request: RunRequest, assistant: Assistant) -> str:
    """The request's replace the Assistant's; additional ones stand behind a single space."""
    given = request.instructions
    base = (assistant.instructions or "") if given is None else given
    return " ".join(text for text in (base, request.additional_instructions) if text)


def _truncation(strategy: Json | None) -> Json:
    strategy = strategy or {}
    return {
        "type": strategy.get("type", "auto"),
        "last_messages": strategy.get("last_messages"),
    }
