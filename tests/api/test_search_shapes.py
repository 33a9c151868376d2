"""The shapes in which requests ask for file search: those of the reference, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.serving import Served

OPTIONS = {
    "max_num_results": 5,
    "ranking_options": {"ranker": "default_2024_08_21", "score_threshold": 0.5},
}
IDS: dict[str, Any] = {"file_search": {"vector_store_ids": []}}


async def test_the_tool_is_kept_as_it_was_given(api: Served) -> None:
    """With and without options; a threshold is a decimal, whatever it was given as."""
    tools: list[dict[str, Any]] = [{"type": "file_search", "file_search": OPTIONS}]
    made = await api.http.post("/assistants", json={"model": "m", "tools": tools})
    assert made.json()["tools"] == tools
    ranking = {"ranking_options": {"score_threshold": 0}}
    tools = [{"type": "file_search", "file_search": ranking}, {"type": "code_interpreter"}]
    changed = await api.http.post(f"/assistants/{made.json()['id']}", json={"tools": tools})
    assert changed.json()["tools"] == tools
    assert '"score_threshold":0.0' in changed.text


async def test_it_can_be_chosen(api: Served) -> None:
    """By its type, if the Run has it."""
    assistant_id, thread_id = await api.assistant(), await api.thread("x")
    body: dict[str, Any] = {
        "assistant_id": assistant_id,
        "tools": [{"type": "code_interpreter"}],
        "tool_choice": {"type": "file_search"},
    }
    refused = await api.http.post(f"/threads/{thread_id}/runs", json=body)
    assert refused.json()["error"]["message"] == (
        "Tool choice 'file_search' not found in 'tools' parameter."
    )


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "/assistants",
        {"model": "m", "tools": [{"type": "web_search"}]},
        "tools[0].type",
        (
            "Invalid value: 'web_search'. Supported values are: 'code_interpreter', 'function', "
            "and 'file_search'."
        ),
    ),
    (
        "/assistants",
        {"model": "m", "tools": [{"type": "file_search", "file_search": {"top_k": 1}}]},
        "tools[0].file_search.top_k",
        "Unknown parameter: 'tools[0].file_search.top_k'.",
    ),
    (
        "/assistants",
        {
            "model": "m",
            "tools": [{"type": "file_search", "file_search": {"ranking_options": {}}}],
        },
        "tools[0].file_search.ranking_options.score_threshold",
        "Missing required parameter: 'tools[0].file_search.ranking_options.score_threshold'.",
    ),
    (
        "/threads",
        {"tool_resources": {"file_search": {"vector_store_ids": ["vs_a"], "vector_stores": [{}]}}},
        "tool_resources.file_search",
        (
            "Invalid 'tool_resources.file_search': Give either 'vector_store_ids' or "
            "'vector_stores', not both."
        ),
    ),
    (
        "/threads",
        {"tool_resources": {"file_search": {"vector_store_ids": ["vs_a", "vs_b"]}}},
        "tool_resources.file_search.vector_store_ids",
        (
            "Invalid 'tool_resources.file_search.vector_store_ids': array too long. Expected "
            "an array with maximum length 1, but got an array with length 2 instead."
        ),
    ),
    (
        "/threads/thread_a",
        {"tool_resources": {"file_search": {"vector_stores": []}}},
        "tool_resources.file_search.vector_stores",
        "Unknown parameter: 'tool_resources.file_search.vector_stores'.",
    ),
    (
        "/threads",
        {
            "tool_resources": {
                "file_search": {
                    "vector_stores": [
                        {
                            "chunking_strategy": {
                                "type": "static",
                                "static": {
                                    "max_chunk_size_tokens": 100,
                                    "chunk_overlap_tokens": 51,
                                },
                            }
                        }
                    ]
                }
            }
        },
        "tool_resources.file_search.vector_stores[0].chunking_strategy.static",
        (
            "Invalid 'tool_resources.file_search.vector_stores[0].chunking_strategy.static': "
            "'chunk_overlap_tokens' has to be at most half of 'max_chunk_size_tokens': 51 is "
            "more than half of 100."
        ),
    ),
    (
        "/threads/thread_a/messages",
        {
            "role": "user",
            "content": "x",
            "attachments": [
                {"file_id": "file-a", "tools": [{"type": "file_search", "file_search": {}}]}
            ],
        },
        "attachments[0].tools[0].file_search",
        "Unknown parameter: 'attachments[0].tools[0].file_search'.",
    ),
]


@pytest.mark.parametrize(("path", "body", "param", "message"), WRONG)
async def test_other_shapes_are_refused(
    api: Served, path: str, body: dict[str, Any], param: str, message: str
) -> None:
    """By the path of what is wrong."""
    answer = await api.http.post(path, json=body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["message"], error["param"]) == (message, param)


RESOURCES: list[dict[str, Any] | None] = [
    IDS,
    {"file_search": None},
    {"file_search": {}},
    {},
    None,
]


@pytest.mark.parametrize("resources", RESOURCES)
async def test_an_empty_place_is_none(api: Served, resources: Any) -> None:
    """What a client has of an object can be sent back."""
    made = await api.http.post("/threads", json={"tool_resources": resources})
    assert made.status_code == 200
