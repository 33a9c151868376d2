"""The store: the server that REDIS_URL names, or our own child, connected and checked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from adapters.redis.connection import Client, ServerFacts, connect, ensure_layout, inspect, shown
from config.settings import Settings
from core.clock import Clock
from core.errors import ConfigurationError, StoreUnavailable


@dataclass(frozen=True, slots=True)
class Store:
    """A connected store."""

    client: Client
    partitions: int
    facts: ServerFacts
    where: str


@asynccontextmanager
async def open_store(settings: Settings, clock: Clock) -> AsyncIterator[Store]:
    """Connect, starting the embedded server where no REDIS_URL is set.

    Raises:
        ConfigurationError: the server or the folder is unfit; the text names the setting.
        StoreUnavailable: it cannot be reached.
    """
    async with AsyncExitStack() as stack:
        if settings.redis_url is None:
            from adapters.redis.embedded import embedded_server

            _make_folder(settings)
            server = await stack.enter_async_context(
                embedded_server(settings.bobbin_data_dir, clock, search_path=settings.path)
            )
            url, where, embedded = server.url, f"embedded, {settings.bobbin_data_dir}", True
        else:
            url, where, embedded = settings.redis_url.get_secret_value(), "REDIS_URL", False
        client = await _connected(url, settings, clock)
        stack.push_async_callback(client.aclose)
        facts = await inspect(client, embedded=embedded)
        partitions = settings.bobbin_partitions or (16 if facts.cluster else 1)
        await ensure_layout(client, partitions)
        yield Store(client, partitions, facts, where)


async def _connected(url: str, settings: Settings, clock: Clock) -> Client:
    try:
        return await connect(url, clock, cluster=settings.redis_cluster)
    except StoreUnavailable as error:
        if settings.redis_url is None:
            raise
        raise StoreUnavailable(
            f"REDIS_URL ({shown(url)}) cannot be reached: is the server running, and the address "
            "right? Without REDIS_URL, Bobbin starts a server of its own."
        ) from error


def _make_folder(settings: Settings) -> None:
    folder = settings.bobbin_data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"BOBBIN_DATA_DIR ({folder}) cannot be made: {error.strerror}. "
            "Name a folder that this user may write to."
        ) from error
