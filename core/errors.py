"""Every error that crosses a border, as one tree.

    BobbinError                     everything below
    ├── InvalidRequest              the caller's fault; saying it again does not help      HTTP 400
    │   ├── NotFound                an object that is not there                            HTTP 404
    │   ├── Unauthorized            no key, or a wrong one                                 HTTP 401
    │   └── Refused                 understood, and not allowed                            HTTP 403
    ├── ConfigurationError          a setting, file or argument is wrong; names it         exit 2
    ├── ClaimLost                   somebody else owns this turn or Run now; stop writing
    ├── StoreError                  the store                                              HTTP 503
    │   ├── StoreUnavailable        cannot be reached, or is loading            (retryable)
    │   └── StoreRefused            it refuses: disk or memory full, read-only  (retryable)
    ├── ModelError                  the model endpoint                                     HTTP 502
    │   ├── ModelUnavailable        no answer, 5xx, time-out                    (retryable)
    │   ├── ModelRateLimited        429; `retry_after_s` says how long          (retryable)
    │   └── ModelRefused            it understood and said no (bad key, unknown model, bad prompt)
    ├── PlatformError               a chat platform
    │   ├── PlatformUnavailable     no answer, or it asks us to wait            (retryable)
    │   ├── PlatformRateLimited     429; `retry_after_s` says how long          (retryable)
    │   ├── DeliveryUnclear         sent, and no answer came back: read back before repeating
    │   └── ConversationGone        deleted, archived, or we were removed
    └── InterpreterUnavailable      this machine cannot isolate code; the tool is off

`retryable` says whether the same thing may work later. `sentence` is what a person reads in a
chat; it never carries an SDK's text. SDK exceptions stop at the adapter, chained with `from`.
"""

from __future__ import annotations

from typing import ClassVar, Literal


class BobbinError(Exception):
    """The root of the tree."""

    retryable: ClassVar[bool] = False
    sentence: ClassVar[str] = "Something went wrong on my side."
    status: ClassVar[int] = 500
    """The HTTP status that the Assistants API answers with."""


class InvalidRequest(BobbinError):
    """The request cannot be carried out as it stands.

    `message`, `param` and `code` are the three fields of the API's error body
    (https://platform.openai.com/docs/guides/error-codes).
    """

    status = 400
    sentence = "I could not do that as it was asked."
    type: ClassVar[str] = "invalid_request_error"

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code


class NotFound(InvalidRequest):
    """There is no object with that id."""

    status = 404

    @classmethod
    def object(cls, kind: str, object_id: str) -> NotFound:
        """`No assistant found with id 'asst_x'.`, the API's own sentence."""
        return cls(f"No {kind} found with id '{object_id}'.")


class Unauthorized(InvalidRequest):
    """The key is missing or wrong."""

    status = 401


class Refused(InvalidRequest):
    """Understood, and not allowed for this caller."""

    status = 403


class ConfigurationError(BobbinError):
    """A setting, file or argument is wrong. The text names it and says what to do."""

    sentence = "I am not set up correctly. Please tell whoever runs me."


class ClaimLost(BobbinError):
    """Another process owns this turn or Run now; whoever sees this stops writing at once."""

    sentence = "I was interrupted and somebody else is finishing this."


class StoreError(BobbinError):
    """The store cannot do its work."""

    status = 503
    sentence = "I cannot reach my memory just now. Your message is safe; I will try again."


class StoreUnavailable(StoreError):
    """The server cannot be reached, is starting, or is failing over."""

    retryable = True


class StoreRefused(StoreError):
    """The server is there and refuses to write: disk full, memory full, read-only."""

    retryable = True


class ModelError(BobbinError):
    """The model endpoint failed."""

    status = 502
    sentence = "The model behind me did not answer."


class ModelUnavailable(ModelError):
    """No connection, a time-out, or a 5xx."""

    retryable = True


class ModelRateLimited(ModelError):
    """The endpoint asks us to slow down."""

    retryable = True
    sentence = "The model behind me is busy."

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ModelRefused(ModelError):
    """The endpoint understood and said no: a bad key, an unknown model, a prompt it rejects.

    `fault` says whether another prompt might be taken, or whether nothing will be before somebody
    changes how the endpoint is set up (the API's `invalid_prompt` and `server_error`).
    """

    sentence = "The model behind me refused this."

    def __init__(self, message: str = "", *, fault: Literal["prompt", "server"] = "server") -> None:
        super().__init__(message)
        self.fault: Literal["prompt", "server"] = fault


class PlatformError(BobbinError):
    """A chat platform failed."""

    sentence = "The chat platform did not take my message."


class PlatformUnavailable(PlatformError):
    """Not sent: no connection, or a refusal that will pass."""

    retryable = True


class PlatformRateLimited(PlatformError):
    """The platform asks us to slow down."""

    retryable = True

    def __init__(self, message: str, *, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TooEarly(PlatformError):
    """Not sent: there is no room for a text that still grows. The complete one will be taken."""


class DeliveryUnclear(PlatformError):
    """The request left and no answer came back; read back before it is sent again."""


class ConversationGone(PlatformError):
    """The channel or post is deleted or archived, or the bot was removed from it."""


class InterpreterUnavailable(BobbinError):
    """This machine gives no layer that would keep untrusted code in. The text says which."""

    sentence = "I cannot run code on this machine."
