"""One Redis and one description for all tests of the API; a server for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.api.page import not_shown
from tests.api.schema import Description, Schema, find_schema
from tests.api.serving import ASKED, Served, served
from tests.contracts.key_leaks import assert_no_leaks
from tests.servers import Server, redis_server


@pytest.fixture(scope="session")
def api_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A standalone server."""
    with redis_server(tmp_path_factory.mktemp("api"), fsync="no") as server:
        yield server


@pytest.fixture(scope="session")
def found_schema() -> tuple[Schema, str]:
    """The descriptions of the API, and why the published one is missing if it is."""
    return find_schema()


@pytest.fixture
def schema(found_schema: tuple[Schema, str]) -> Schema:
    """The descriptions of the API."""
    return found_schema[0]


@pytest.fixture
def own(found_schema: tuple[Schema, str]) -> Description:
    """Our own description."""
    return found_schema[0].own


@pytest.fixture
def published(found_schema: tuple[Schema, str]) -> Description:
    """The published description; without one the test is skipped."""
    schema, reason = found_schema
    if schema.published is None:
        pytest.skip(reason)
    return schema.published


@pytest.fixture(autouse=True)
def shows_what_the_page_says(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that docs/assistants-api.md names for an operation has asked for it."""
    ASKED.clear()
    yield
    missing = not_shown(request.path.stem, request.function.__name__, ASKED)
    assert not missing, f"the page says that it shows {'; '.join(missing)}"


@pytest.fixture
def redis_url(api_redis: Server) -> str:
    """An empty store."""
    api_redis.ask("FLUSHALL")
    return api_redis.url


@pytest.fixture
async def api(
    redis_url: str, tmp_path: Path, found_schema: tuple[Schema, str]
) -> AsyncIterator[Served]:
    """A server without keys. Its answers are checked against the descriptions."""
    async with served(redis_url, tmp_path, schema=found_schema[0]) as server:
        yield server
        await assert_no_leaks(server.store)
