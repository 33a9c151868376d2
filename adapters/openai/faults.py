"""From what an endpoint answers to the errors of the core, in sentences an operator can act on.

Error bodies differ: OpenAI `{"error": {"message", "type", "param", "code"}}`, vLLM
`{"object": "error", "message", "code"}` with a list in `message` at times, Ollama
`{"error": "words"}` on its own routes, FastAPI-based ones `{"detail": [...]}`.
A key never stands in any sentence, not even where the endpoint repeats it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from adapters.openai.wire import as_object
from core.errors import ModelError, ModelRateLimited, ModelRefused, ModelUnavailable

KEY_VARIABLE = "OPENAI_API_KEY"
URL_VARIABLE = "OPENAI_BASE_URL"
MODEL_VARIABLE = "BOBBIN_MODEL"

_LONGEST = 300
_KEY_LIKE = re.compile(r"\b(?:sk|pk|gsk|xai|hf|key)[-_][A-Za-z0-9_\-*.]{6,}|Bearer\s+\S+")
_MODEL_MISSING = re.compile(
    r"model_not_found|model\b.*(not found|does not exist|not exist)|no such model|unknown model"
    r"|not a valid model",
    re.IGNORECASE | re.DOTALL,
)
NO_CREDIT = re.compile(
    r"insufficient_quota|billing|no credit|credits? (are|is)? ?(exhausted|used up)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an error body says, whichever of the shapes it has."""

    message: str = ""
    type: str = ""
    code: str = ""
    param: str = ""

    @property
    def words(self) -> str:
        """All of it as one text, for recognising what is meant."""
        return " ".join(part for part in (self.code, self.type, self.param, self.message) if part)


SEES_NOTHING = re.compile(
    r"not a (multi-?modal|vision)|at most 0 image|image input (is|are) not|"
    r"(support|accept|take|process|allow|enable)\w* (image|picture|vision|multi-?modal)\w* input|"
    r"(not|n't|cannot|no|without) (support|accept|take|process|see|read)\w* "
    r"(\w+ )?(image|picture|vision|multi-?modal)(?! (type|format))|"
    r"image_url\W* is (only|not) supported|unknown variant \W?image_url|"
    r"(required|missing) (data )?for image input|content must be a string",
    re.IGNORECASE,
)
"""How endpoints say that a model takes no pictures at all: vLLM, llama.cpp (with status 500),
Ollama, OpenRouter (404), DeepSeek, Groq, Mistral, OpenAI. What they say of one bad picture is not
among it."""


class Rejected(ModelRefused):
    """The endpoint rejected the request itself; `complaint` says what it did not like."""

    def __init__(self, message: str, *, status: int, complaint: Complaint) -> None:
        super().__init__(message, fault="prompt")
        self.http_status = status
        self.complaint = complaint


class NoSuchPath(ModelRefused):
    """The endpoint does not have what was asked for at all, or not under this address."""


def complaint_in(body: bytes | Any) -> Complaint:
    """Read an error body. Anything unreadable becomes a message of its first characters."""
    if isinstance(body, bytes):
        try:
            body = orjson.loads(body)
        except orjson.JSONDecodeError:
            text = body.decode("utf-8", "replace").strip()
            return Complaint("" if text.startswith("<") else text[:_LONGEST])
    outer = as_object(body)
    error = outer.get("error", outer)
    if isinstance(error, str):
        return Complaint(error)
    fields = as_object(error)
    message = fields.get("message", outer.get("detail", ""))
    return Complaint(
        message if isinstance(message, str) else orjson.dumps(message).decode(),
        *(str(fields[name]) if fields.get(name) else "" for name in ("type", "code", "param")),
    )


def redacted(text: str, key: str | None) -> str:
    """`text`, shortened, without the key or anything that looks like one."""
    if key:
        text = text.replace(key, "***")
    text = _KEY_LIKE.sub("***", " ".join(text.split()))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the endpoint asks us to wait; `now` is seconds since the epoch.

    Reads `retry-after-ms` (OpenAI) and `Retry-After` (RFC 9110, 10.2.3: seconds or a date).
    """
    millis = _number(headers.get("retry-after-ms"))
    if millis is not None:
        return millis / 1000
    text = headers.get("Retry-After")
    seconds = _number(text)
    if seconds is not None or not text:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except ValueError:
        return None


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, for the sentences: of which host, along which path, for which model."""

    host: str
    path: str
    model: str
    key: str | None

    def fault(self, status: int, headers: Mapping[str, str], body: bytes, now: float) -> ModelError:
        """The error for an answer with this status (300 and up)."""
        complaint = complaint_in(body)
        told = redacted(complaint.message, self.key) or f"HTTP {status} without a word"
        if status == 429 and NO_CREDIT.search(complaint.words):
            return ModelRefused(
                f"The account behind {KEY_VARIABLE} has no credit left at {self.host}: {told}"
            )
        if status == 429:
            return ModelRateLimited(
                f"{self.host} asks us to slow down: {told}",
                retry_after_s=retry_after(headers, now),
            )
        if SEES_NOTHING.search(complaint.message):
            return self._rejected(status, complaint, told)
        if status >= 500 or status in {408, 409, 425}:
            return ModelUnavailable(f"{self.host} failed (HTTP {status}): {told}")
        if status < 400:
            return ModelRefused(
                f"{self.host} redirects to {headers.get('Location', 'somewhere else')}: "
                f"put the address where the API really is into {URL_VARIABLE}."
            )
        return self._refusal(status, complaint, told)

    def in_stream(self, error: Any) -> ModelError:
        """The error for an error object that came within a stream that had begun well."""
        complaint = complaint_in(error)
        told = redacted(complaint.message, self.key) or "no reason given"
        words = complaint.words
        if "rate_limit" in words or complaint.code == "429":
            return ModelRateLimited(f"{self.host} asks us to slow down: {told}")
        if re.search(r"invalid_|context_length|exceed_context|content_policy|bad_request", words):
            return Rejected(
                f"{self.host} rejected the request: {told}", status=400, complaint=complaint
            )
        return ModelUnavailable(f"{self.host} failed while it was answering: {told}")

    def _refusal(self, status: int, complaint: Complaint, told: str) -> ModelRefused:
        if status == 401:
            wrong = "is not accepted" if self.key else "is not set, and it needs one"
            return ModelRefused(f"{KEY_VARIABLE} {wrong} at {self.host} (HTTP 401).")
        if _MODEL_MISSING.search(complaint.words) and status in {400, 403, 404, 422}:
            return ModelRefused(
                f"{self.host} has no model {self.model!r} for this key: "
                f"set {MODEL_VARIABLE} to one that it has."
            )
        if status == 403:
            return ModelRefused(
                f"The key in {KEY_VARIABLE} may not do this at {self.host} (HTTP 403): {told}"
            )
        if status in {404, 405, 410}:
            return NoSuchPath(
                f"{self.host} knows no {self.path} (HTTP {status}): check {URL_VARIABLE}, "
                "which usually ends with /v1, and BOBBIN_MODEL_API."
            )
        if re.search(r"auto.tool.choice|tool-call-parser", complaint.message):
            return ModelRefused(
                f"{self.host} was started without tool calls: start vLLM with "
                "--enable-auto-tool-choice and --tool-call-parser, or set "
                f'tool_mode = "json" for {self.model!r} in config/models.toml.'
            )
        if re.search(r"not support (tools|tool|function)", complaint.message):
            return ModelRefused(
                f"{self.model!r} cannot call tools at {self.host}: set "
                'tool_mode = "json" for it in config/models.toml.'
            )
        return self._rejected(status, complaint, told)

    def _rejected(self, status: int, complaint: Complaint, told: str) -> Rejected:
        return Rejected(
            f"{self.host} rejected the request (HTTP {status}): {told}",
            status=status,
            complaint=complaint,
        )
