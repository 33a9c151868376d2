"""Assistants: create, read, change, delete."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core import ids as prefixes
from core.assistants import Assistant, Json
from core.clock import Clock
from core.engine.ports import ObjectStore
from core.engine.records import Cursor, ObjectRecord, Page
from core.engine.requests import AssistantRequest, AssistantUpdate, Unset
from core.engine.service.access import assistant_record
from core.engine.service.attaching import Attaching
from core.engine.validation import check_assistant, check_id, check_limit, merged_metadata
from core.errors import NotFound
from core.ids import Ids

_FIELDS = (
    "model", "name", "description", "instructions", "tools", "tool_resources", "metadata",
    "response_format",
)  # fmt: skip


class Assistants:
    """Operations on Assistants. A `tenant` sees its own objects only."""

    def __init__(
        self, objects: ObjectStore, attaching: Attaching, *, clock: Clock, ids: Ids
    ) -> None:
        self._objects = objects
        self._attaching = attaching
        self._clock = clock
        self._ids = ids

    async def create(
        self, request: AssistantRequest, *, tenant: str = "", assistant_id: str | None = None
    ) -> Assistant:
        """A new Assistant. With `assistant_id`, one that is there already is returned as it is.

        Raises:
            InvalidRequest: outside the limits.
            NotFound: a File or a vector store that its tools are to have.
        """
        check_assistant(request)
        if assistant_id is not None:
            found = await self._objects.get("assistant", assistant_id, tenant=tenant)
            if found is not None and isinstance(found.value, Assistant):
                return await self._shown(found.value, tenant)
        values: dict[str, Any] = {name: getattr(request, name) for name in _FIELDS}
        values["response_format"] = request.response_format or "auto"
        values["tool_resources"] = await self._attaching.resources(
            request.tool_resources, tenant=tenant
        )
        assistant = Assistant(
            id=assistant_id or self._ids.new(prefixes.ASSISTANT),
            created_at=int(self._clock.now()),
            **values,
        )
        state: Json = {"effort": request.reasoning_effort} if request.reasoning_effort else {}
        explicit = {"temperature": request.temperature, "top_p": request.top_p}
        await self._put(assistant, state, explicit, tenant)
        return _sampled(assistant, explicit)

    async def get(self, assistant_id: str, *, tenant: str = "") -> Assistant:
        """The Assistant. Raises NotFound."""
        _, assistant = await assistant_record(self._objects, assistant_id, tenant)
        return await self._shown(assistant, tenant)

    async def list(self, cursor: Cursor, *, tenant: str = "") -> Page[Assistant]:
        """A part of the list, newest first unless the cursor says otherwise."""
        check_limit(cursor.limit)
        page = await self._objects.page("assistant", cursor, tenant=tenant)
        found = (record.value for record in page.data)
        assistants = [value for value in found if isinstance(value, Assistant)]
        return Page(await self._attaching.shown(assistants, tenant=tenant), page.has_more)

    async def update(
        self, assistant_id: str, request: AssistantUpdate, *, tenant: str = ""
    ) -> Assistant:
        """Change what the request names. Running Runs keep what they were made with.

        Raises:
            InvalidRequest: outside the limits.
            NotFound: no such Assistant, or a File or vector store that its tools are to have.
        """
        check_assistant(request)
        record, assistant = await assistant_record(self._objects, assistant_id, tenant)
        given = {name: getattr(request, name) for name in _FIELDS}
        values = {name: value for name, value in given.items() if not isinstance(value, Unset)}
        if "metadata" in values:
            values["metadata"] = merged_metadata(assistant.metadata, values["metadata"])
        if "response_format" in values:
            values["response_format"] = values["response_format"] or "auto"
        if "tool_resources" in values:
            values["tool_resources"] = await self._attaching.resources(
                values["tool_resources"], tenant=tenant, before=assistant.tool_resources
            )
        state = dict(record.state)
        if not isinstance(request.reasoning_effort, Unset):
            state["effort"] = request.reasoning_effort
        explicit: dict[str, float | None] = dict(state.get("sampling", {}))
        for name in ("temperature", "top_p"):
            value: float | Unset | None = getattr(request, name)
            if not isinstance(value, Unset):
                explicit[name] = value
        changed = replace(assistant, **values)
        await self._put(changed, state, explicit, tenant)
        return await self._shown(_sampled(changed, explicit), tenant)

    async def delete(self, assistant_id: str, *, tenant: str = "") -> None:
        """Remove it. Runs that it made stay. Raises NotFound."""
        check_id("assistant_id", assistant_id, "asst")
        if not await self._objects.delete("assistant", assistant_id, tenant=tenant):
            raise NotFound.object("assistant", assistant_id)

    async def _shown(self, assistant: Assistant, tenant: str) -> Assistant:
        return (await self._attaching.shown((assistant,), tenant=tenant))[0]

    async def _put(
        self, assistant: Assistant, state: Json, explicit: dict[str, float | None], tenant: str
    ) -> None:
        """Store it. `explicit` is what somebody set of temperature and top_p; only that is sent
        to models, while the object shows the default of 1 for the rest."""
        sampling = {name: float(value) for name, value in explicit.items() if value is not None}
        state = {key: value for key, value in state.items() if key != "sampling" and value}
        if sampling:
            state["sampling"] = sampling
        await self._objects.put(
            ObjectRecord(value=_sampled(assistant, explicit), tenant=tenant, state=state)
        )


def _sampled(assistant: Assistant, explicit: dict[str, float | None]) -> Assistant:
    values = {name: explicit.get(name) for name in ("temperature", "top_p")}
    shown = {name: 1.0 if value is None else float(value) for name, value in values.items()}
    return replace(assistant, **shown)
