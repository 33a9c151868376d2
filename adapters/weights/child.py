"""Starting, watching and ending the process that serves weights (`server.py`)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import ConfigurationError, ModelError, ModelRefused, ModelUnavailable

SERVER = Path(__file__).with_name("server.py")
_KEPT_STDERR = 4_096


def _program() -> tuple[str, ...]:
    return (sys.executable, "-I", str(SERVER))


def _nothing() -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSettings:
    """How the child is started.

    Attributes:
        weights: the GGUF file.
        context_tokens: its window; each 1,000 tokens take some 30 MB.
        max_output_tokens: the longest answer, whatever is asked for: a small model may never stop.
        temperature: where a request sets none. Low: tool use suffers from chance.
        threads: None leaves the choice to the runtime.
        prompt_cache_mib: memory for prompts of earlier conversations.
        start_timeout_s: until the model has to be loaded.
        farewell_s: after it was asked to end, until it is killed.
        command: the program; the default runs `server.py` apart from everything else.
        environment: all that the child sees of ours; by default nothing, so no secret.
    """

    weights: Path
    context_tokens: int = 8_192
    max_output_tokens: int = 1_024
    temperature: float = 0.1
    threads: int | None = None
    prompt_cache_mib: int = 256
    start_timeout_s: float = 180.0
    farewell_s: float = 3.0
    command: Sequence[str] = field(default_factory=_program)
    environment: Mapping[str, str] = field(default_factory=_nothing)


class Child:
    """One running server. Make it with `start`, end it with `stop`."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        address: str,
        errors: asyncio.Task[bytes],
        farewell_s: float,
    ) -> None:
        self._process = process
        self.address = address
        """`http://127.0.0.1:port`."""
        self._errors = errors
        self._farewell_s = farewell_s

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.returncode is None

    @classmethod
    async def start(cls, settings: ChildSettings, api_key: str) -> Child:
        """Start it and wait until the model is loaded.

        Raises:
            ModelRefused: the weights or the runtime are missing: pull.
            ModelUnavailable: it ended or said nothing in time.
        """
        if not settings.weights.is_file():
            raise ModelRefused(f"{settings.weights} is gone: run `bobbin model pull`.")
        try:
            process = await asyncio.create_subprocess_exec(
                *settings.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=dict(settings.environment),
            )
        except OSError as error:
            raise ConfigurationError(f"{settings.command[0]} cannot be started: {error}") from error
        errors = asyncio.create_task(_tail(process.stderr))
        try:
            async with asyncio.timeout(settings.start_timeout_s):
                report = await _introduce(process, settings, api_key)
        except BaseException as error:
            await _end(process, settings.farewell_s)
            await errors
            if isinstance(error, TimeoutError):
                raise ModelUnavailable("The local model was not loaded in time.") from error
            raise
        if "address" not in report:
            await _end(process, settings.farewell_s)
            raise _failure(report, await errors)
        return cls(process, report["address"], errors, settings.farewell_s)

    async def stop(self) -> None:
        """End it; returns when it is gone."""
        await _end(self._process, self._farewell_s)
        await self._errors


async def _introduce(
    process: asyncio.subprocess.Process, settings: ChildSettings, api_key: str
) -> dict[str, Any]:
    """Send the settings, read the report; an empty one if the child ends without."""
    if process.stdin is None or process.stdout is None:
        return {}
    said = {
        "weights": str(settings.weights),
        "model": settings.weights.stem,
        "api_key": api_key,
        "context_tokens": settings.context_tokens,
        "max_output_tokens": settings.max_output_tokens,
        "temperature": settings.temperature,
        "threads": settings.threads,
        "prompt_cache_mib": settings.prompt_cache_mib,
        "parent": os.getpid(),
    }
    with contextlib.suppress(ConnectionError):
        process.stdin.write(json.dumps(said).encode() + b"\n")
        await process.stdin.drain()
    line = await process.stdout.readline()
    try:
        return json.loads(line) if line else {}
    except json.JSONDecodeError:
        return {}


def _failure(report: dict[str, Any], stderr: bytes) -> ModelError:
    if report.get("error") == "runtime":
        return ModelRefused("The runtime of the local model is missing: run `bobbin model pull`.")
    detail = str(report.get("detail", "")) or stderr.decode("utf-8", "replace").strip()
    last = detail.splitlines()[-1][:200] if detail else "no reason given"
    return ModelUnavailable(
        f"The local model did not start ({last}). It needs about 2 GB of free memory."
    )


async def _tail(stream: asyncio.StreamReader | None) -> bytes:
    """Read everything, so that the child never waits for us; the last of it."""
    kept = b""
    while stream is not None and (chunk := await stream.read(65_536)):
        kept = (kept + chunk)[-_KEPT_STDERR:]
    return kept


async def _end(process: asyncio.subprocess.Process, farewell_s: float) -> None:
    """Close its standard input, which asks it to end; kill it if it does not."""
    if process.stdin is not None:
        process.stdin.close()
    if process.returncode is None:
        try:
            async with asyncio.timeout(farewell_s):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    await process.wait()
