"""What a plain machine may lack: a test that needs it is skipped, and fails where it is required.

`BOBBIN_TEST_REQUIRE=node` (several with commas) says that this machine has it, as `.ci/run` does.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def lacking(what: str, reason: str) -> NoReturn:
    """End the test: `what` is not there. `reason` says so, and what to do."""
    if what in os.environ.get("BOBBIN_TEST_REQUIRE", "").split(","):
        pytest.fail(f"BOBBIN_TEST_REQUIRE wants {what}: {reason}")
    pytest.skip(reason)
