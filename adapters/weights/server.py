"""The child's program: serves a GGUF file as an OpenAI-compatible endpoint on loopback.

Started as a script, with nothing of Bobbin importable, so that a crash in native code takes only
this process down. It reads one JSON line of settings from its standard input, writes one JSON line
to its standard output (`{"address": ...}` or `{"error": kind, "detail": ...}`), and lives until its
standard input ends, which happens at the latest when its parent dies.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
from typing import Any

_PR_SET_PDEATHSIG = 1


def _die_with(parent: int) -> None:
    """Ask the kernel for the end of this process when its parent ends (Linux only)."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _parameters(xllamacpp: Any, settings: dict[str, Any]) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = settings["weights"]
    params.model_alias = {settings["model"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [settings["api_key"]]
    params.n_parallel = 1
    params.n_ctx = settings["context_tokens"]
    params.n_predict = settings["max_output_tokens"]
    params.use_jinja = True
    params.sampling.temp = settings["temperature"]
    # Kept prompts of earlier conversations: the default of 8 GiB is more than the model itself.
    params.cache_ram_mib = settings["prompt_cache_mib"]
    params.ui = False
    params.endpoint_slots = False
    if settings["threads"]:
        params.cpuparams.n_threads = settings["threads"]
        params.cpuparams_batch.n_threads = settings["threads"]
    return params


def main() -> int:
    """Serve until standard input ends. Exit codes: 0 asked to end, 3 no runtime, 4 no start."""
    settings: dict[str, Any] = json.loads(sys.stdin.readline())
    _die_with(settings["parent"])
    report = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # the runtime prints where it likes

    def say(**fields: str) -> None:
        report.write(json.dumps(fields) + "\n")
        report.flush()

    try:
        xllamacpp: Any = importlib.import_module("xllamacpp")  # optional, installed by a pull
    except ImportError as error:
        say(error="runtime", detail=str(error))
        return 3
    try:
        server = xllamacpp.Server(_parameters(xllamacpp, settings))
        say(address=server.listening_address)
    except Exception as error:  # noqa: BLE001 # whatever it is, the parent has to hear of it
        say(error="start", detail=str(error) or type(error).__name__)
        return 4
    while sys.stdin.read(4096):
        pass
    # Stopping the native server in order can hang on a request; nothing here needs saving.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
