"""What `tool_resources` name."""

from __future__ import annotations

from typing import Any

import pytest

from core.engine.resources import code_files, vector_stores, without


@pytest.mark.parametrize(
    "resources",
    [
        None,
        {},
        {"code_interpreter": None, "file_search": 5},
        {"code_interpreter": {"file_ids": 5}, "file_search": {"vector_store_ids": "vs_a"}},
        {"code_interpreter": {"file_ids": [{"id": "file-a"}]}, "file_search": {}},
    ],
)
def test_what_names_nothing(resources: Any) -> None:
    """What is imported may have any shape: it names nothing, and stays as it is."""
    assert (code_files(resources), vector_stores(resources)) == ((), ())
    assert without(resources, {"file-a", "vs_a"}) is resources


def test_what_is_taken_out() -> None:
    """Of each tool's list alone; the given ones are not changed."""
    given: Any = {
        "code_interpreter": {"file_ids": ["file-a", "file-b"]},
        "file_search": {"vector_store_ids": ["vs_a"], "vector_stores": [{"file_ids": ["file-c"]}]},
    }
    assert without(given, {"file-a", "vs_a"}) == {
        "code_interpreter": {"file_ids": ["file-b"]},
        "file_search": {"vector_store_ids": [], "vector_stores": [{"file_ids": ["file-c"]}]},
    }
    assert code_files(given) == ("file-a", "file-b")
    assert without(given, {"file-c"}) is given
