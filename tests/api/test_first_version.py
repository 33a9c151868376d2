"""v1, as its programs speak: `retrieval`, `file_ids`, and the files of Assistants and Messages."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.api.frames import told_by
from tests.api.serving import Served, wire
from tests.fakes.scripted_model import calls, says

V1 = {"OpenAI-Beta": "assistants=v1"}
BOTH = [{"type": "code_interpreter"}, {"type": "file_search"}]
TELEPATHY = (
    "Invalid value: 'telepathy'. Supported values are: 'code_interpreter', 'function', and "
    "'file_search'."
)
RETRIEVAL, CODE = {"type": "retrieval"}, {"type": "code_interpreter"}


async def ask(api: Served, method: str, path: str, body: Any = None) -> Any:
    """What v1's callers get, as JSON; it has to be 200."""
    given = {} if body is None else {"json": body}
    answer = await api.http.request(method, path, headers=V1, **given)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def uploaded(api: Served, *texts: str) -> list[str]:
    """Ids of new Files."""
    files = [
        await api.client.files.create(file=(f"{text}.txt", text.encode()), purpose="assistants")
        for text in texts
    ]
    return [file.id for file in files]


async def searchable(api: Served, assistant: Any) -> list[str]:
    """The files in an Assistant's vector store."""
    (store,) = assistant["tool_resources"]["file_search"]["vector_store_ids"]
    listed = await api.client.vector_stores.files.list(store, order="asc")
    return [file.id for file in listed.data]


async def test_an_assistant_with_files_and_both_tools(api: Served) -> None:
    """v2 sees files for code and a vector store; v1 sees what it gave."""
    first, second = await uploaded(api, "one", "two")
    body = {"model": "gpt-4-1106-preview", "tools": [CODE, RETRIEVAL], "file_ids": [first, second]}
    made = await ask(api, "POST", "/assistants", body)
    assert made["tools"] == [CODE, RETRIEVAL]
    assert made["file_ids"] == [first, second]
    assert made == await ask(api, "GET", f"/assistants/{made['id']}")
    assert (await ask(api, "GET", "/assistants"))["data"] == [made]
    seen = wire(await api.client.beta.assistants.retrieve(made["id"]))
    assert seen["tools"] == BOTH
    assert seen["tool_resources"]["code_interpreter"] == {"file_ids": [first, second]}
    assert sorted(await searchable(api, seen)) == sorted([first, second])
    assert "file_ids" not in seen


async def test_files_without_retrieval_need_no_vector_store(api: Served) -> None:
    """Whatever the tools are, none is made that nothing searches."""
    files = await uploaded(api, "one")
    for tools in ([], [CODE]):
        made = await ask(
            api, "POST", "/assistants", {"model": "m", "tools": tools, "file_ids": files}
        )
        assert made["tool_resources"] == {"code_interpreter": {"file_ids": files}}
        assert made["file_ids"] == files
    bare = await ask(api, "POST", "/assistants", {"model": "m", "tools": [RETRIEVAL]})
    assert bare["file_ids"] == []
    assert (await api.client.vector_stores.list()).data == []


async def test_given_files_replace_the_former_ones(api: Served) -> None:
    """Also in the vector store, where what v2's means put there stays."""
    first, second, third = await uploaded(api, "one", "two", "three")
    body = {"model": "m", "tools": [RETRIEVAL], "file_ids": [first]}
    made = await ask(api, "POST", "/assistants", body)
    (store,) = made["tool_resources"]["file_search"]["vector_store_ids"]
    await api.client.vector_stores.files.create(store, file_id=third)
    path = f"/assistants/{made['id']}"
    changed = await ask(api, "POST", path, {"file_ids": [second]})
    assert changed["file_ids"] == [second]
    assert sorted(await searchable(api, changed)) == sorted([second, third])
    renamed = await ask(api, "POST", path, {"name": "New"})
    assert renamed == changed | {"name": "New"}, "what is not named stays"
    emptied = await ask(api, "POST", path, {"file_ids": []})
    assert emptied["file_ids"] == []
    assert await searchable(api, emptied) == [third]


async def test_a_tool_that_comes_later_finds_the_files(api: Served) -> None:
    """`retrieval` added by an update."""
    files = await uploaded(api, "one")
    made = await ask(api, "POST", "/assistants", {"model": "m", "tools": [CODE], "file_ids": files})
    changed = await ask(api, "POST", f"/assistants/{made['id']}", {"tools": [CODE, RETRIEVAL]})
    assert changed["tools"] == [CODE, RETRIEVAL]
    assert changed["file_ids"] == files
    assert await searchable(api, changed) == files


async def test_the_files_of_an_assistant_as_objects(api: Served) -> None:
    """Add, list, read, remove."""
    first, second, third = await uploaded(api, "one", "two", "three")
    made = await ask(api, "POST", "/assistants", {"model": "m", "tools": [RETRIEVAL]})
    path = f"/assistants/{made['id']}/files"
    for file_id in (first, second, third):
        added = await ask(api, "POST", path, {"file_id": file_id})
        assert added == {
            "id": file_id,
            "object": "assistant.file",
            "created_at": made["created_at"],
            "assistant_id": made["id"],
        }
    assert await ask(api, "GET", f"{path}/{third}") == added
    listed = await ask(api, "GET", path)
    assert [one["id"] for one in listed["data"]] == [third, second, first]
    assert (listed["first_id"], listed["last_id"], listed["has_more"]) == (third, first, False)
    now = await ask(api, "GET", f"/assistants/{made['id']}")
    assert now["file_ids"] == [first, second, third]
    assert sorted(await searchable(api, now)) == sorted([first, second, third])
    gone = await ask(api, "DELETE", f"{path}/{second}")
    assert gone == {"id": second, "object": "assistant.file.deleted", "deleted": True}
    now = await ask(api, "GET", f"/assistants/{made['id']}")
    assert now["file_ids"] == [first, third]
    assert sorted(await searchable(api, now)) == sorted([first, third])
    assert (await api.client.files.retrieve(second)).id == second, "the File itself stays"


@pytest.mark.parametrize(
    ("query", "shown", "more"),
    [
        ("limit=2", "ed", True),
        ("limit=2&after={d}", "cb", True),
        ("limit=2&after={b}", "a", False),
        ("limit=2&order=asc", "ab", True),
        ("order=asc&after={d}", "e", False),
        ("limit=2&before={b}", "dc", True),
        ("limit=9&before={b}", "edc", False),
        ("before={e}", "", False),
    ],
)
async def test_cursors_of_a_list_of_files(api: Served, query: str, shown: str, more: bool) -> None:
    """Both ways, as on every list."""
    ids = dict(zip("abcde", await uploaded(api, *"abcde"), strict=True))
    body = {"model": "m", "file_ids": list(ids.values())}
    made = await ask(api, "POST", "/assistants", body)
    page = await ask(api, "GET", f"/assistants/{made['id']}/files?{query.format(**ids)}")
    assert [one["id"] for one in page["data"]] == [ids[name] for name in shown]
    assert page["has_more"] is more


async def test_a_message_s_files_are_for_either_tool(api: Served) -> None:
    """v1 let the Run's Assistant decide; so they are attached for both."""
    first, second = await uploaded(api, "one", "two")
    message = {"role": "user", "content": "Read it", "file_ids": [first, second]}
    thread = (await ask(api, "POST", "/threads", {"messages": [message]}))["id"]
    added = await ask(api, "POST", f"/threads/{thread}/messages", message)
    assert added["file_ids"] == [first, second]
    assert added["attachments"] == [{"file_id": one, "tools": BOTH} for one in (first, second)]
    seen = await api.client.beta.threads.messages.list(thread)
    assert [wire(one)["attachments"] for one in seen.data] == [added["attachments"]] * 2
    path = f"/threads/{thread}/messages/{added['id']}/files"
    listed = await ask(api, "GET", path)
    assert [one["id"] for one in listed["data"]] == [second, first]
    assert await ask(api, "GET", f"{path}/{first}") == {
        "id": first,
        "object": "thread.message.file",
        "created_at": added["created_at"],
        "message_id": added["id"],
    }
    bare = await ask(api, "POST", f"/threads/{thread}/messages", message | {"file_ids": []})
    assert (bare["file_ids"], bare["attachments"]) == ([], [])


async def test_a_run_of_v1(api: Served) -> None:
    """Tools by their former names, in the request and in what comes back."""
    (file_id,) = await uploaded(api, "one")
    message = {"role": "user", "content": "Read it", "file_ids": [file_id]}
    api.model.then(*says("Read."))
    body = {"model": "m", "tools": [RETRIEVAL], "file_ids": [file_id]}
    made = await ask(api, "POST", "/assistants", body)
    run = await ask(
        api,
        "POST",
        "/threads/runs",
        {"assistant_id": made["id"], "thread": {"messages": [message]}, "tools": [RETRIEVAL]},
    )
    assert (run["tools"], run["file_ids"]) == ([RETRIEVAL], [])
    seen = await api.client.beta.threads.runs.poll(run["id"], thread_id=run["thread_id"])
    assert seen.status == "completed"
    assert [tool.type for tool in seen.tools] == ["file_search"]
    listed = await ask(api, "GET", f"/threads/{run['thread_id']}/messages")
    assert [one["file_ids"] for one in listed["data"]] == [[], [file_id]]


async def test_a_search_is_a_retrieval_in_the_steps(api: Served) -> None:
    """And in the stream; what a search found was not told in v1."""
    (file_id,) = await uploaded(api, "rain")
    api.model.then(*calls(("call_1", "file_search", '{"queries": ["rain"]}')))
    api.model.then(*says("It rains."))
    body = {"model": "m", "tools": [RETRIEVAL], "file_ids": [file_id]}
    made = await ask(api, "POST", "/assistants", body)
    thread = await api.thread("Does it rain?")
    start = {"assistant_id": made["id"], "stream": True, "tool_choice": RETRIEVAL}
    answer = await api.http.post(f"/threads/{thread}/runs", json=start, headers=V1)
    told = told_by(answer.content)
    (run,) = [data for name, data in told if name == "thread.run.completed"]
    assert run["tool_choice"] == RETRIEVAL
    deltas = [data["delta"] for name, data in told if name == "thread.run.step.delta"]
    shown = [call["type"] for one in deltas for call in one["step_details"]["tool_calls"]]
    assert set(shown) == {"retrieval"}
    steps = await ask(api, "GET", f"/threads/{thread}/runs/{run['id']}/steps?order=asc")
    (call,) = steps["data"][0]["step_details"]["tool_calls"]
    assert call == {"id": call["id"], "type": "retrieval", "retrieval": {}}


@pytest.mark.parametrize("beta", ["assistants=v2", "assistants=v1, assistants=v2", ""])
async def test_for_others_there_are_no_such_paths(api: Served, beta: str) -> None:
    """v2 never had them."""
    assistant = await api.assistant()
    path = f"/assistants/{assistant}/files"
    answer = await api.http.get(path, headers={"OpenAI-Beta": beta})
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == f"Invalid URL (GET /v1{path})"


async def refused(api: Served, method: str, path: str, body: Any = None) -> httpx2.Response:
    """A refusal to v1's callers."""
    return await api.http.request(method, path, headers=V1, json=body)


async def test_what_is_not_there(api: Served) -> None:
    """404 with the sentences of v2."""
    (file_id,) = await uploaded(api, "one")
    assistant = await api.assistant()
    for method, path in (
        ("GET", f"/assistants/{assistant}/files/{file_id}"),
        ("DELETE", f"/assistants/{assistant}/files/{file_id}"),
    ):
        answer = await refused(api, method, path)
        assert answer.status_code == 404
        assert answer.json()["error"]["message"] == f"No file found with id '{file_id}'."
    answer = await refused(api, "POST", f"/assistants/{assistant}/files", {"file_id": "file-none"})
    assert answer.status_code == 404
    answer = await refused(api, "GET", "/assistants/asst_none/files")
    assert answer.json()["error"]["message"] == "No assistant found with id 'asst_none'."


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/assistants", {"model": "m", "file_ids": "f"}, "Unknown parameter: 'file_ids'."),
        (
            "/threads/runs",
            {"assistant_id": "asst_a", "file_ids": []},
            "Unknown parameter: 'file_ids'.",
        ),
        (
            "/assistants",
            {"model": "m", "tools": [{"type": "telepathy"}]},
            TELEPATHY,
        ),
    ],
)
async def test_what_v1_had_not_either(api: Served, path: str, body: Any, message: str) -> None:
    """Is refused, not taken and not done."""
    answer = await refused(api, "POST", path, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == message
