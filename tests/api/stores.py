"""What the tests of vector stores share: small files, and waiting for the end of indexing."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.api.serving import Served


async def file_of(api: Served, text: str | bytes, name: str = "a.txt") -> str:
    """The id of a new File."""
    data = text.encode() if isinstance(text, str) else text
    return (await api.client.files.create(file=(name, data), purpose="assistants")).id


async def store_of(api: Served, store_id: str) -> Any:
    """The store when none of its files is in progress."""
    while True:
        store = await api.client.vector_stores.retrieve(store_id)
        if store.status != "in_progress":
            return store
        await asyncio.sleep(0.01)


async def filled(api: Served, *texts: str, **options: Any) -> tuple[str, list[str]]:
    """A store whose files have these texts, indexed; its id and theirs."""
    files = [await file_of(api, text, f"{number}.txt") for number, text in enumerate(texts)]
    store = await api.client.vector_stores.create(file_ids=files, **options)
    await store_of(api, store.id)
    return store.id, files


def ids_of(page: Any) -> list[str]:
    """The ids of a page."""
    return [one.id for one in page.data]
