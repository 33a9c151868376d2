"""Files: upload, list, read, download, delete."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from openai import BadRequestError, NotFoundError

from adapters.http.reading import Limits
from tests.api.serving import Served, served, wire

CSV = b"a,b\n1,2\n"


def _field(name: bytes) -> bytes:
    """A form with one field, between `x`."""
    return b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n1\r\n--x--' % name


async def test_up_and_down(api: Served) -> None:
    """What was uploaded comes back byte for byte, and as no page."""
    everything = bytes(range(256)) * 8192  # larger than what is spooled in memory
    made = await api.client.files.create(file=("data.bin", everything), purpose="assistants")
    assert (made.filename, made.bytes, made.purpose) == ("data.bin", 2_097_152, "assistants")
    assert made.status == "processed"
    assert "expires_at" not in wire(made)
    assert await api.client.files.retrieve(made.id) == made
    content = await api.http.get(f"/files/{made.id}/content")
    assert content.content == everything
    assert content.headers["content-type"] == "application/octet-stream"
    assert content.headers["content-disposition"] == "attachment; filename*=UTF-8''data.bin"
    assert content.headers["x-content-type-options"] == "nosniff"
    assert (await api.client.files.content(made.id)).content == everything


async def test_a_file_that_expires(api: Served) -> None:
    """Its end is told; outside the limits it is refused."""
    made = await api.client.files.create(
        file=("a.csv", CSV),
        purpose="user_data",
        expires_after={"anchor": "created_at", "seconds": 3600},
    )
    assert made.expires_at == made.created_at + 3600
    with pytest.raises(BadRequestError) as refused:
        await api.client.files.create(
            file=("a.csv", CSV),
            purpose="user_data",
            expires_after={"anchor": "created_at", "seconds": 60},
        )
    assert refused.value.body == {
        "message": "Invalid 'expires_after.seconds': integer below minimum value. Expected a "
        "value >= 3600, but got 60 instead.",
        "type": "invalid_request_error",
        "param": "expires_after.seconds",
        "code": "integer_below_min_value",
    }


async def test_pages_and_purposes(api: Served) -> None:
    """Newest first; one purpose alone; a page of one."""
    made = [
        await api.client.files.create(file=(f"{number}.csv", CSV), purpose=purpose)
        for number, purpose in enumerate(("assistants", "vision", "assistants"))
    ]
    ids = [one.id for one in made]
    listed = await api.client.files.list()
    assert [one.id for one in listed.data] == ids[::-1]
    listed = await api.client.files.list(purpose="assistants", limit=1)
    assert ([one.id for one in listed.data], listed.has_more) == ([ids[2]], True)
    assert [one.id async for one in api.client.files.list(purpose="assistants", limit=1)] == [
        ids[2],
        ids[0],
    ]
    listed = await api.client.files.list(order="asc", after=ids[0])
    assert [one.id for one in listed.data] == ids[1:]
    newer = (await api.http.get(f"/files?before={ids[1]}")).json()
    assert [one["id"] for one in newer["data"]] == [ids[2]]
    answer = await api.http.get("/files?limit=10001")
    assert answer.json()["error"]["param"] == "limit"


async def test_a_deleted_file_is_gone(api: Served) -> None:
    """Its content too."""
    made = await api.client.files.create(file=("a.csv", CSV), purpose="assistants")
    deleted = await api.client.files.delete(made.id)
    assert wire(deleted) == {"id": made.id, "object": "file", "deleted": True}
    for call in (api.client.files.retrieve, api.client.files.content, api.client.files.delete):
        with pytest.raises(NotFoundError, match=f"No file found with id '{made.id}'"):
            await call(made.id)


async def test_a_message_names_files_that_are_there(api: Served) -> None:
    """Attachments and pictures are kept; ids of nothing are refused."""
    made = await api.client.files.create(file=("a.png", b"\x89PNG"), purpose="vision")
    thread_id = await api.thread()
    message = await api.client.beta.threads.messages.create(
        thread_id,
        role="user",
        content=[
            {"type": "text", "text": "Look"},
            {"type": "image_file", "image_file": {"file_id": made.id, "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
        ],
        attachments=[{"file_id": made.id, "tools": [{"type": "code_interpreter"}]}],
    )
    body = wire(message)
    assert body["content"] == [
        {"type": "text", "text": {"value": "Look", "annotations": []}},
        {"type": "image_file", "image_file": {"file_id": made.id, "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "auto"}},
    ]
    assert body["attachments"] == [{"file_id": made.id, "tools": [{"type": "code_interpreter"}]}]
    with pytest.raises(NotFoundError, match="No file found with id 'file-none'"):
        await api.client.beta.threads.messages.create(
            thread_id,
            role="user",
            content="Look",
            attachments=[{"file_id": "file-none", "tools": [{"type": "code_interpreter"}]}],
        )


@pytest.mark.parametrize(
    ("fields", "files", "message"),
    [
        ({}, {"file": ("a", CSV)}, "Missing required parameter: 'purpose'."),
        ({"purpose": "assistants"}, {"other": ("a", CSV)}, "Unknown parameter: 'other'."),
        ({"purpose": "assistants", "x": "y"}, {"file": ("a", CSV)}, "Unknown parameter: 'x'."),
        (
            {"purpose": "fun"},
            {"file": ("a", CSV)},
            (
                "Invalid value: 'fun'. Supported values are: 'assistants', 'batch', 'fine-tune', "
                "'vision', 'user_data', and 'evals'."
            ),
        ),
        (
            {"purpose": "assistants", "expires_after[seconds]": "3600"},
            {"file": ("a", CSV)},
            "Missing required parameter: 'expires_after.anchor'.",
        ),
        (
            {"purpose": "assistants"},
            {"file": ("a" * 300, CSV)},
            "Invalid 'file': its name has to be 1 to 255 printable characters.",
        ),
    ],
)
async def test_a_wrong_form_is_refused(
    api: Served, fields: dict[str, str], files: Any, message: str
) -> None:
    """With the field's name."""
    answer = await api.http.post("/files", data=fields, files=files)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == message


async def test_a_path_is_no_name(api: Served) -> None:
    """Only the last part of what a client calls its file is kept."""
    made = await api.client.files.create(file=("../../etc/pass wd", CSV), purpose="assistants")
    assert made.filename == "pass wd"
    content = await api.http.get(f"/files/{made.id}/content")
    assert content.headers["content-disposition"] == "attachment; filename*=UTF-8''pass%20wd"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"no form at all"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n"),
        ("multipart/form-data; boundary=x; charset=idna", _field(b"xn--a-")),
        ('multipart/form-data; boundary=x; CharSet="utf-7"', _field(b"+2AA-")),
        ("multipart/form-data; boundary=" + "x" * 5000, b"--x"),
        ("application/json", b"{}"),
        ("application/x-www-form-urlencoded", b"purpose=assistants&file=1"),
    ],
)
async def test_what_is_no_form(api: Served, content_type: str, body: bytes) -> None:
    """Is the client's fault, whatever it is."""
    answer = await api.http.post("/files", content=body, headers={"content-type": content_type})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


async def test_a_file_that_is_too_large(redis_url: str, tmp_path: Path) -> None:
    """Is refused, whether its size is told or not, and none of it stays."""
    limits = Limits(file_bytes=200_000)
    async with served(redis_url, tmp_path, limits=limits) as api:
        told = await api.http.post(
            "/files", data={"purpose": "assistants"}, files={"file": ("a", bytes(300_000))}
        )
        assert told.status_code == 413
        assert told.json()["error"]["code"] == "request_too_large"

        async def endless() -> AsyncIterator[bytes]:
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            for _ in range(30):
                yield bytes(10_000)

        untold = await api.http.post(
            "/files",
            content=endless(),
            headers={"content-type": "multipart/form-data; boundary=x"},
        )
        assert untold.status_code == 413
        fits = await api.client.files.create(file=("a", bytes(200_000)), purpose="assistants")
        assert [one.id for one in (await api.client.files.list()).data] == [fits.id]
