"""What is described of each operation: its name, what it takes, what it answers.

Source: the Assistants API reference, v2; the ids are the reference's, so that generated clients
have the names that people know. A test compares this table with the routes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from adapters.http import bodies
from adapters.http.description import objects
from adapters.http.description.objects import deleted, listed
from adapters.http.shapes import Shape

PAGED: Final = ("limit", "order", "after", "before")
INCLUDES: Final = ("include[]",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One operation.

    `answer` is None where bytes are answered; `query` names parameters of `parameters.py`;
    `streams` says that the body's `stream` turns the answer into server-sent events; `form` that
    the body is a form; `beta` that the `OpenAI-Beta` header is wanted.
    """

    method: str
    path: str
    id: str
    summary: str
    answer: type[BaseModel] | None
    body: type[Shape] | None = None
    query: tuple[str, ...] = ()
    streams: bool = False
    form: bool = False
    beta: bool = True


_ASSISTANT: Final = "/assistants/{assistant_id}"
_THREAD: Final = "/threads/{thread_id}"
_MESSAGE: Final = f"{_THREAD}/messages/{{message_id}}"
_RUN: Final = f"{_THREAD}/runs/{{run_id}}"
_FILE: Final = "/files/{file_id}"

ASSISTANTS: Final = (
    Described(
        method="GET", path="/assistants", id="listAssistants",
        summary="List Assistants.",
        query=PAGED, answer=listed(objects.Assistant),
    ),
    Described(
        method="POST", path="/assistants", id="createAssistant",
        summary="Create an Assistant.",
        body=bodies.AssistantBody, answer=objects.Assistant,
    ),
    Described(
        method="GET", path=_ASSISTANT, id="getAssistant",
        summary="Read an Assistant.",
        answer=objects.Assistant,
    ),
    Described(
        method="POST", path=_ASSISTANT, id="modifyAssistant",
        summary="Change an Assistant; fields that are absent stay as they are.",
        body=bodies.AssistantChanges, answer=objects.Assistant,
    ),
    Described(
        method="DELETE", path=_ASSISTANT, id="deleteAssistant",
        summary="Delete an Assistant.",
        answer=deleted("Assistant", "assistant.deleted"),
    ),
)  # fmt: skip

THREADS: Final = (
    Described(
        method="POST", path="/threads", id="createThread",
        summary="Create a Thread, with its first Messages.",
        body=bodies.ThreadBody, answer=objects.Thread,
    ),
    Described(
        method="POST", path="/threads/runs", id="createThreadAndRun",
        summary="Create a Thread and start a Run on it.",
        body=bodies.ThreadAndRunBody, answer=objects.Run, streams=True,
    ),
    Described(
        method="GET", path=_THREAD, id="getThread",
        summary="Read a Thread.",
        answer=objects.Thread,
    ),
    Described(
        method="POST", path=_THREAD, id="modifyThread",
        summary="Change a Thread's metadata or resources.",
        body=bodies.ThreadChanges, answer=objects.Thread,
    ),
    Described(
        method="DELETE", path=_THREAD, id="deleteThread",
        summary="Delete a Thread with all that is in it.",
        answer=deleted("Thread", "thread.deleted"),
    ),
)  # fmt: skip

MESSAGES: Final = (
    Described(
        method="GET", path=f"{_THREAD}/messages", id="listMessages",
        summary="List the Messages of a Thread.",
        query=(*PAGED, "run_id"), answer=listed(objects.Message),
    ),
    Described(
        method="POST", path=f"{_THREAD}/messages", id="createMessage",
        summary="Add a Message to a Thread.",
        body=bodies.MessageBody, answer=objects.Message,
    ),
    Described(
        method="GET", path=_MESSAGE, id="getMessage",
        summary="Read a Message.",
        answer=objects.Message,
    ),
    Described(
        method="POST", path=_MESSAGE, id="modifyMessage",
        summary="Change a Message's metadata.",
        body=bodies.MetadataChanges, answer=objects.Message,
    ),
    Described(
        method="DELETE", path=_MESSAGE, id="deleteMessage",
        summary="Delete a Message.",
        answer=deleted("Message", "thread.message.deleted"),
    ),
)  # fmt: skip

RUNS: Final = (
    Described(
        method="GET", path=f"{_THREAD}/runs", id="listRuns",
        summary="List the Runs of a Thread.",
        query=PAGED, answer=listed(objects.Run),
    ),
    Described(
        method="POST", path=f"{_THREAD}/runs", id="createRun",
        summary="Start a Run.",
        query=INCLUDES, body=bodies.RunBody, answer=objects.Run, streams=True,
    ),
    Described(
        method="GET", path=_RUN, id="getRun",
        summary="Read a Run.",
        answer=objects.Run,
    ),
    Described(
        method="POST", path=_RUN, id="modifyRun",
        summary="Change a Run's metadata.",
        body=bodies.MetadataChanges, answer=objects.Run,
    ),
    Described(
        method="POST", path=f"{_RUN}/cancel", id="cancelRun",
        summary="Stop a Run.",
        answer=objects.Run,
    ),
    Described(
        method="POST", path=f"{_RUN}/submit_tool_outputs", id="submitToolOuputsToRun",
        summary="Give all outputs that a Run waits for.",
        body=bodies.ToolOutputsBody, answer=objects.Run, streams=True,
    ),
    Described(
        method="GET", path=f"{_RUN}/steps", id="listRunSteps",
        summary="List the Steps of a Run.",
        query=(*PAGED, *INCLUDES), answer=listed(objects.RunStep),
    ),
    Described(
        method="GET", path=f"{_RUN}/steps/{{step_id}}", id="getRunStep",
        summary="Read a Step.",
        query=INCLUDES, answer=objects.RunStep,
    ),
)  # fmt: skip

FILES: Final = (
    Described(
        method="GET", path="/files", id="listFiles",
        summary="List Files.",
        query=("purpose", "limit_of_files", "order", "after", "before"),
        answer=listed(objects.File), beta=False,
    ),
    Described(
        method="POST", path="/files", id="createFile",
        summary="Upload a File.",
        answer=objects.File, form=True, beta=False,
    ),
    Described(
        method="GET", path=_FILE, id="retrieveFile",
        summary="Read what is known of a File.",
        answer=objects.File, beta=False,
    ),
    Described(
        method="DELETE", path=_FILE, id="deleteFile",
        summary="Delete a File.",
        answer=deleted("File", "file"), beta=False,
    ),
    Described(
        method="GET", path=f"{_FILE}/content", id="downloadFile",
        summary="Read the bytes of a File.",
        answer=None, beta=False,
    ),
)  # fmt: skip

OPERATIONS: Final = (*ASSISTANTS, *THREADS, *MESSAGES, *RUNS, *FILES)
"""All but those on vector stores."""
