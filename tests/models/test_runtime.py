"""Installing the runtime ends well or in one clear sentence."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from adapters.weights.runtime import ensure_runtime
from core.errors import ConfigurationError, ModelUnavailable
from tests.fakes.weight_sources import WeightSources

BARE = {"PIP_CONFIG_FILE": os.devnull, "HOME": "/nonexistent", "PIP_ROOT_USER_ACTION": "ignore"}


@pytest.fixture
def index() -> Iterator[str]:
    with WeightSources() as sources:
        yield f"{sources.url}/simple/"


def test_no_wheel_for_this_machine(index: str) -> None:
    with pytest.raises(ConfigurationError, match=r"no ready-made runtime.*Ollama.*docs/models\.md"):
        ensure_runtime(
            requirement="tiny-part9>=2", pip_arguments=("--index-url", index), environment=BARE
        )


def test_no_index() -> None:
    nowhere = ("--index-url", "http://127.0.0.1:9/simple/", "--retries", "1")
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        ensure_runtime(requirement="tiny-part9", pip_arguments=nowhere, environment=BARE)


def test_a_runtime_that_does_not_load(index: str) -> None:
    """pip is satisfied (it is asked for itself), and there is nothing to import."""
    with pytest.raises(ConfigurationError, match=r"cannot load it.*Ollama"):
        ensure_runtime(
            requirement="pip",
            pip_arguments=("--index-url", index),
            environment=BARE,
            module="no_such_runtime",
        )


def test_a_runtime_that_is_there(index: str) -> None:
    version = ensure_runtime(
        requirement="pip",
        pip_arguments=("--index-url", index),
        environment=BARE,
        module="pip",
    )
    assert version[0].isdigit()
