"""Reading an uploaded file: multipart/form-data, spooled to disk, within limits.

Source: the Assistants API reference, v2 (POST /files) and RFC 7578.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Literal

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from adapters.http.complaints import missing, not_one_of, wrong_type
from adapters.http.reading import Limits, bounded
from core.engine.limits import above, below
from core.engine.requests import FileOnDisk, FileRequest
from core.errors import InvalidRequest

Purpose = Literal["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]

PURPOSES: Final = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
FIELDS: Final = frozenset({"file", "purpose", "expires_after[anchor]", "expires_after[seconds]"})
EXPIRY_S: Final = (3_600, 2_592_000)
"""Seconds: least and most."""

_NAME_LENGTH: Final = 255
_FIELD_BYTES: Final = 4_096
_FRAME_BYTES: Final = 64 * 1024
"""What the form may weigh besides the file."""

_CHARSET: Final = re.compile(r"charset\s*=\s*\"?([^\s\";]*)", re.IGNORECASE)
_FOLDERS: Final = re.compile(r".*[/\\]", re.DOTALL)


@asynccontextmanager
async def uploaded(request: Request, limits: Limits) -> AsyncIterator[Upload]:
    """The form of an upload, checked; its temporary file is gone after the block.

    Raises:
        InvalidRequest: not a form, too large, or a field is missing, unknown or wrong.
    """
    form = await _form(request, limits)
    try:
        yield _checked(form)
    finally:
        await form.close()


class Upload:
    """A checked upload whose bytes are still on disk."""

    def __init__(self, file: UploadFile, filename: str, purpose: Purpose, expiry: int | None):
        self._file = file
        self._filename = filename
        self._purpose: Purpose = purpose
        self._expires_after_s = expiry

    @property
    def request(self) -> FileRequest:
        """For the engine, within the block."""
        return FileRequest(
            filename=self._filename,
            purpose=self._purpose,
            data=FileOnDisk(self._file.file, self._file.size or 0),
            expires_after_s=self._expires_after_s,
        )


async def _form(request: Request, limits: Limits) -> FormData:
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/form-data"):
        raise InvalidRequest(
            f"Unsupported content type: '{kind[:100]}'. This API method only accepts "
            "'multipart/form-data' requests.",
            code="unsupported_content_type",
        )
    charset = _CHARSET.search(kind)
    if charset is not None and charset[1].lower() != "utf-8":
        # Some of Python's codecs give text that is none; forms have been UTF-8 for long.
        raise InvalidRequest("We could not parse the form: its text has to be UTF-8.")
    parser = MultiPartParser(
        request.headers,
        bounded(request, limits.file_bytes + _FRAME_BYTES),
        max_files=1,
        max_fields=len(FIELDS),
        max_part_size=_FIELD_BYTES,
    )
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise InvalidRequest(f"We could not parse the form: {error.message}") from None


def _checked(form: FormData) -> Upload:
    for name in form:
        if name not in FIELDS:
            raise InvalidRequest(
                f"Unknown parameter: '{name[:100]}'.", param=name, code="unknown_parameter"
            )
    file, purpose = form.get("file"), form.get("purpose")
    if file is None:
        raise missing("file")
    if not isinstance(file, UploadFile):
        raise wrong_type("file", "a file with a name", file)
    if purpose is None:
        raise missing("purpose")
    if not isinstance(purpose, str):
        raise wrong_type("purpose", "a string", purpose)
    if purpose not in PURPOSES:
        raise not_one_of("purpose", purpose, list(PURPOSES))
    return Upload(file, _file_name(file), purpose, _expiry(form))


def _file_name(file: UploadFile) -> str:
    name = _FOLDERS.sub("", file.filename or "").strip()
    if not name or len(name) > _NAME_LENGTH or not name.isprintable():
        raise InvalidRequest(
            f"Invalid 'file': its name has to be 1 to {_NAME_LENGTH} printable characters.",
            param="file",
            code="invalid_value",
        )
    return name


def _expiry(form: FormData) -> int | None:
    anchor, text = form.get("expires_after[anchor]"), form.get("expires_after[seconds]")
    if anchor is None and text is None:
        return None
    if anchor is None or text is None:
        raise missing(f"expires_after.{'anchor' if anchor is None else 'seconds'}")
    if anchor != "created_at":
        raise not_one_of("expires_after.anchor", str(anchor), ["created_at"])
    if not isinstance(text, str) or not re.fullmatch(r"-?[0-9]{1,12}", text):
        raise wrong_type("expires_after.seconds", "an integer", text)
    seconds, (least, most) = int(text), EXPIRY_S
    if seconds < least:
        raise below("expires_after.seconds", least, seconds)
    if seconds > most:
        raise above("expires_after.seconds", most, seconds)
    return seconds
