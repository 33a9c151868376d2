"""The blob store that belongs to this Redis: what one refers to must lie in the other."""

from __future__ import annotations

from typing import Any

from adapters.redis.connection import Client, decode, translate
from adapters.redis.facts import LAYOUT_KEY
from core.errors import ConfigurationError


async def ensure_same_store(client: Client, store_id: str) -> None:
    """Write the blob store's id into an empty store, or check it against what is there.

    Args:
        client: from `connect`.
        store_id: what the blob store says of itself (`LocalBlobs.store_id`).

    Raises:
        ConfigurationError: the files that this store refers to lie in another blob store.
    """
    commands: Any = client  # whose types are partly unknown
    with translate():
        await commands.hsetnx(LAYOUT_KEY, "blobs", store_id)
        found = await commands.hget(LAYOUT_KEY, "blobs")
    there = decode(found)
    if there != store_id:
        raise ConfigurationError(
            f"The store's files lie in the blob folder {there}, and the one given here is "
            f"{store_id}; its files would not be found. Set BOBBIN_DATA_DIR to the folder whose "
            "file blobs/id says the former, or BOBBIN_BLOBS_URL to the bucket that has it, or use "
            "an empty store."
        )
