"""What the description says is what the server does: a fuzzer that knows the description alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.fuzzing import fuzz, fuzzed_server
from tests.servers import redis_server


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_answer_contradicts_the_description(tmp_path: Path) -> None:
    """A short run with a fixed seed; `python -m benchmarks.fuzz` sends as many as one likes."""
    (tmp_path / "redis").mkdir()
    with (
        redis_server(tmp_path / "redis", fsync="no") as server,
        fuzzed_server(server.url, tmp_path) as url,
    ):
        found = fuzz(url, seed=1, examples=1, sequences=12, worlds=1)
    assert not found.problems, "\n\n".join(found.problems[:10])
    assert found.cases > 3_000
    reached = {label for label, _ in found.statuses}
    assert len(reached) == 44
    assert len(found.succeeded) > 30
