"""Object ids: a prefix and 24 alphanumerics, the form that Assistants clients parse."""

from __future__ import annotations

import hashlib
import secrets
import string
from typing import Protocol

_ALPHABET = string.ascii_letters + string.digits

ASSISTANT = "asst_"
THREAD = "thread_"
MESSAGE = "msg_"
RUN = "run_"
STEP = "step_"
CALL = "call_"
FILE = "file-"


class Ids(Protocol):
    """Where new ids come from."""

    def new(self, prefix: str) -> str:
        """A fresh id: `prefix` and 24 characters of `[a-zA-Z0-9]`."""
        ...


class RandomIds:
    """Ids nobody can guess (143 bits)."""

    def new(self, prefix: str) -> str:
        return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(24))


def derived(prefix: str, *parts: str) -> str:
    """The id that always belongs to `parts`: the same step done twice names the same object."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    number = int.from_bytes(digest, "big")
    letters: list[str] = []
    for _ in range(24):
        number, rest = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    return prefix + "".join(letters)
