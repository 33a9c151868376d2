"""Every attack works without the jail, and none within it, whichever layers and user there are."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.attacks import ATTACKS
from tests.sandbox.conftest import (
    CHECKOUT,
    NOBODY,
    PACKAGES,
    machine_gives,
    python_for_nobody,
    skip_or_fail,
)

_USERS = ("ourselves", "nobody") if os.geteuid() == 0 else ("ourselves",)
_MODES = ("namespaces", "landlock")


@functools.cache
def campaign(user: str) -> dict[str, Any]:
    """What came of all attacks, carried out once as this user."""
    python = python_for_nobody()
    if python is None:
        pytest.skip("no Python that an ordinary user may start")
    order = {
        "imports": [str(CHECKOUT), str(PACKAGES)],
        "checkout": str(CHECKOUT),
        "plain": python,
        "modes": [
            {
                "name": mode,
                "namespaces": mode == "namespaces",
                # Root's own namespaces reach a Python that only root may enter.
                "python": sys.executable
                if mode == "namespaces" and user == "ourselves"
                else python,
            }
            for mode in _MODES
        ],
    }
    identity: dict[str, Any] = (
        {"user": NOBODY, "group": NOBODY, "extra_groups": []} if user == "nobody" else {}
    )
    driver = Path(__file__).with_name("driver.py")
    done = subprocess.run(
        [python, "-S", "-B", str(driver), json.dumps(order)],
        env={"BOBBIN_TEST_SECRET": "SECRET", "LANG": "C.UTF-8"},
        cwd="/",
        capture_output=True,
        text=True,
        **identity,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", _MODES)
@pytest.mark.parametrize("user", _USERS)
def test_the_layers_are_those_of_the_mode(user: str, mode: str) -> None:
    """Otherwise the attacks below would not test what they say."""
    found = campaign(user)["modes"][mode]
    if not found["layers"] or (mode == "namespaces" and "namespaces" not in found["layers"]):
        skip_or_fail(mode, found["why"], nobody=user == "nobody")
    assert ("namespaces" in found["layers"]) == (mode == "namespaces")
    assert "seccomp" in found["layers"]
    if mode == "landlock":
        assert any(layer.startswith("landlock") for layer in found["layers"])
    # A bot that runs as root never runs code as root.
    assert ("uid nobody" in found["layers"]) == (user == "ourselves" and os.geteuid() == 0)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("user", _USERS)
def test_attack(user: str, attack: str) -> None:
    result = campaign(user)
    outcome = result["attacks"][attack]
    tried = [mode for mode in _MODES if mode in outcome]
    if not tried:
        pytest.skip(result["modes"]["landlock"]["why"])
    if not outcome["plain"]["through"] and not machine_gives("namespaces"):
        pytest.skip("void here: this system denies it to everybody, jail or not")
    assert outcome["plain"]["through"], f"void, it fails anyhow: {outcome['plain']['said']}"
    for mode in tried:
        assert not outcome[mode]["through"], f"{mode}: {outcome[mode]['said']}"
