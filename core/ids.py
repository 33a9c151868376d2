"""Object ids: a prefix and 24 alphanumerics, the form that Assistants clients parse."""

from __future__ import annotations

import hashlib
import secrets
import string
from typing import Protocol

_ALPHABET = string.ascii_letters + string.digits
_BITS = 256
"""Far more than 24 letters hold (143), so that every letter is as likely as every other."""

ASSISTANT = "asst_"
THREAD = "thread_"
MESSAGE = "msg_"
RUN = "run_"
STEP = "step_"
CALL = "call_"
APPROVAL = "appr_"
FILE = "file-"
VECTOR_STORE = "vs_"
BATCH = "vsfb_"


class Ids(Protocol):
    """Where new ids come from."""

    def new(self, prefix: str) -> str:
        """A fresh id: `prefix` and 24 characters of `[a-zA-Z0-9]`."""
        ...


class RandomIds:
    """Ids nobody can guess (143 bits)."""

    def new(self, prefix: str) -> str:
        return prefix + _letters(secrets.randbits(_BITS))


def derived(prefix: str, *parts: str) -> str:
    """The id that always belongs to `parts`: the same step done twice names the same object."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return prefix + _letters(int.from_bytes(digest, "big"))


def _letters(number: int) -> str:
    """24 letters of `number`, base 62."""
    letters: list[str] = []
    for _ in range(24):
        number, rest = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    return "".join(letters)
