"""Runs each line of its input (JSON: code) in a fork of itself and answers with what it printed.

This is what an interpreter without a jail would be. Each attack must succeed here.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
import traceback


def main() -> None:
    for line in sys.stdin:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(writer, attempt(json.loads(line)).encode("utf-8", "replace"))
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            said = pipe.read()
        os.waitpid(pid, 0)
        sys.stdout.write(json.dumps(said.decode("utf-8", "replace")) + "\n")
        sys.stdout.flush()


def attempt(code: str) -> str:
    # Something to be inherited, which the jail has to close.
    os.open("/dev/null", os.O_RDONLY)
    os.open("/dev/null", os.O_RDONLY)
    said = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(said):
        os.chdir(folder)
        try:
            exec(code, {"__name__": "__main__"})
        except BaseException:  # noqa: BLE001 - whatever an attack raises
            traceback.print_exc(file=said)
        os.chdir("/")
    return said.getvalue()


main()
