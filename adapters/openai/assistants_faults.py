"""From what a remote Assistants service answers to the errors of the core, in plain sentences.

Source: the Assistants API reference, v2 (error body, statuses). A refusal for the thread's lock is
HTTP 400 there; services that say 409 instead mean the same. A key never stands in any sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import openai

from adapters.openai.faults import NO_CREDIT, Complaint, complaint_in, redacted, retry_after
from core.clock import Clock
from core.errors import (
    BobbinError,
    InvalidRequest,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
    NotFound,
)

URL_VARIABLE = "ASSISTANTS_BASE_URL"
KEY_VARIABLE = "ASSISTANTS_API_KEY"

_LOCKED = re.compile(r"active run|is active")
_NO_SUCH_PATH = {405, 410}


@dataclass(frozen=True, slots=True)
class Faults:
    """What went wrong at one service. `key` is only known so that it can be kept out."""

    host: str
    key: str | None
    clock: Clock

    def of(self, error: openai.OpenAIError) -> BobbinError:
        """The error of the core for one of the client's."""
        if isinstance(error, openai.APITimeoutError):
            return ModelUnavailable(f"{self.host} sent nothing in time.")
        if isinstance(error, openai.APIConnectionError):
            return ModelUnavailable(
                f"{self.host} cannot be reached: is {URL_VARIABLE} right, and is it running?"
            )
        if isinstance(error, openai.APIStatusError):
            response = error.response
            return self._of_status(response.status_code, response.headers, response.content)
        return ModelRefused(f"{self.host}: {redacted(str(error), self.key)}")

    def broken(self) -> ModelUnavailable:
        """A stream that ended before the Run did."""
        return ModelUnavailable(f"{self.host} broke off in the middle of its answer.")

    def foreign(self) -> ModelRefused:
        """An answer that is none of the API's."""
        return ModelRefused(
            f"{self.host} answered with something else than the Assistants API has: check "
            f"{URL_VARIABLE}, which usually ends with /v1."
        )

    def in_stream(self, body: object) -> ModelUnavailable:
        """An `error` event: the stream is over, whatever became of the Run."""
        told = redacted(complaint_in(body).message, self.key) or "no reason given"
        return ModelUnavailable(f"{self.host} failed while it was answering: {told}")

    def _of_status(self, status: int, headers: Mapping[str, str], body: bytes) -> BobbinError:
        complaint = complaint_in(body)
        told = redacted(complaint.message, self.key) or f"HTTP {status} without a word"
        if status == 429 and not NO_CREDIT.search(complaint.words):
            return ModelRateLimited(
                f"{self.host} asks us to slow down: {told}",
                retry_after_s=retry_after(headers, self.clock.now()),
            )
        if status == 401:
            wrong = "is not accepted" if self.key else "is not set, and it needs one"
            return ModelRefused(f"{KEY_VARIABLE} {wrong} at {self.host} (HTTP 401).")
        if status in {402, 403, 429}:
            return ModelRefused(f"{self.host} does not do this for {KEY_VARIABLE}: {told}")
        if status == 409 and _LOCKED.search(complaint.words):
            return InvalidRequest(told)
        if status >= 500 or status in {408, 409, 425}:
            return ModelUnavailable(f"{self.host} failed (HTTP {status}): {told}")
        if status < 400 or status in _NO_SUCH_PATH or (status == 404 and _no_object(complaint)):
            return self.foreign()
        kind = NotFound if status == 404 else InvalidRequest
        return kind(told, param=complaint.param or None, code=complaint.code or None)


def _no_object(complaint: Complaint) -> bool:
    """Whether a 404 is a web server's own, about the path, and not about an object."""
    return not complaint.type and complaint.message.rstrip(".").lower() in {"", "not found"}
