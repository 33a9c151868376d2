"""What a cell prints: one text, in order, with a ceiling. Runs inside."""

from __future__ import annotations

import io


class Transcript(io.TextIOBase):
    """Stands in for stdout and stderr. Keeps the first `limit` characters and counts the rest."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self._parts: list[str] = []
        self._kept = 0
        self._dropped = 0
        self.buffer = _Bytes(self)

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride] - the base class is written in C
        return "utf-8"

    def writable(self) -> bool:
        return True

    def write(self, s: str, /) -> int:
        kept = s[: self._limit - self._kept]
        if kept:
            self._parts.append(kept)
            self._kept += len(kept)
        self._dropped += len(s) - len(kept)
        return len(s)

    def take(self) -> str:
        """Everything since the last call, and how much was left out."""
        text = "".join(self._parts)
        if self._dropped:
            text += f"\n… {self._dropped} more characters were left out"
        self._parts, self._kept, self._dropped = [], 0, 0
        # Lone surrogates have no bytes.
        return text.encode("utf-8", "replace").decode()


class _Bytes(io.RawIOBase):
    """`sys.stdout.buffer`, for code that prints bytes."""

    def __init__(self, transcript: Transcript) -> None:
        super().__init__()
        self._transcript = transcript

    def writable(self) -> bool:
        return True

    def write(self, b: bytes | bytearray | memoryview, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride] - every buffer that print and numpy pass
        self._transcript.write(bytes(b).decode("utf-8", "replace"))
        return len(b)
