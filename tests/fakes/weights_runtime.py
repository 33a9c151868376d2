"""A child program that speaks `adapters/weights/server.py`'s protocol without any weights.

What it does stands in the weights file: `fine`, `no-runtime`, `no-start`, `dies` (in the middle of
the first answer), `silent` (never reports), `stuck` (ignores the end of its input).
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

settings = json.loads(sys.stdin.readline())
behaviour = Path(settings["weights"]).read_text()
starts = Path(settings["weights"]).with_suffix(".starts")
starts.write_text(starts.read_text() + "x" if starts.exists() else "x")


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != f"Bearer {settings['api_key']}":
            self.send_error(401)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        answer = json.dumps({"asked": body["messages"][-1]["content"], "pid": os.getpid()})
        self._chunk({"content": json.dumps({"action": "reply", "reply": answer})})
        if behaviour == "dies":
            self.wfile.flush()
            os._exit(1)
        self._chunk({}, "stop")
        self.wfile.write(b"data: [DONE]\n\n")

    def _chunk(self, delta: dict[str, str], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self.wfile.write(b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n")

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass


def say(**fields: str) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


if behaviour == "no-runtime":
    say(error="runtime", detail="No module named 'xllamacpp'")
    sys.exit(3)
if behaviour == "no-start":
    sys.stderr.write("loading\nnot enough memory")
    sys.exit(4)
if behaviour == "silent":
    time.sleep(3600)
server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stderr.write("x" * 200_000)  # a runtime that talks a lot
say(address=f"http://127.0.0.1:{server.server_address[1]}")
while sys.stdin.read(4096):
    pass
Path(settings["weights"]).with_suffix(".ended").touch()
if behaviour == "stuck":
    time.sleep(3600)
os._exit(0)
