"""Server-sent events, from bytes as they come off the socket.

Source: WHATWG HTML, section 9.2 "Server-sent events". Lines end with LF, CRLF or CR; a byte order
mark at the start is dropped; comments and the fields `id` and `retry` are of no use here.
"""

from __future__ import annotations

from core.errors import ModelUnavailable

MAX_EVENT_BYTES = 32 * 1024 * 1024
"""An event longer than this is not from a language model. (A whole picture fits.)"""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class SseParser:
    """Cuts a byte stream into events, wherever the network cut it into chunks."""

    def __init__(self) -> None:
        self._rest: bytes = b""
        self._name = ""
        self._data: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._started = False

    def feed(self, chunk: bytes) -> list[tuple[str, bytes]]:
        """The events (name, data) that `chunk` completes. The name of a nameless event is "".

        Raises:
            ModelUnavailable: an event is larger than `MAX_EVENT_BYTES`.
        """
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk.startswith(b"\n"):
                chunk = chunk[1:]
        data = self._rest + chunk
        if not self._started:
            if len(data) < len(_BYTE_ORDER_MARK) and _BYTE_ORDER_MARK.startswith(data):
                self._rest = data
                return []
            data = data.removeprefix(_BYTE_ORDER_MARK)
            self._started = True
        lines = data.splitlines(keepends=True)
        self._rest = b""
        if lines and not lines[-1].endswith((b"\n", b"\r")):
            self._rest = lines.pop()
        elif lines and lines[-1].endswith(b"\r"):
            self._after_cr = True
        events: list[tuple[str, bytes]] = []
        for line in lines:
            self._line(line.rstrip(b"\r\n"), events)
        if self._size + len(self._rest) > MAX_EVENT_BYTES:
            raise ModelUnavailable("the model endpoint sent an event that is too large to be one")
        return events

    def end(self) -> list[tuple[str, bytes]]:
        """What is left when the stream ends. Some servers leave out the last empty line."""
        events: list[tuple[str, bytes]] = []
        if self._rest:
            self._line(self._rest, events)
            self._rest = b""
        self._line(b"", events)
        return events

    def _line(self, line: bytes, events: list[tuple[str, bytes]]) -> None:
        if not line:
            if self._data:
                events.append((self._name, b"\n".join(self._data)))
            self._name, self._data, self._size = "", [], 0
        elif line.startswith(b"data:"):
            value = line[5:].removeprefix(b" ")
            self._data.append(value)
            self._size += len(value)
        elif line.startswith(b"event:"):
            self._name = line[6:].removeprefix(b" ").decode("utf-8", "replace")
