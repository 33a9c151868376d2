"""What one call leaves for the next one to fall into: it falls inside the jail, too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.conftest import Jails, said

pytestmark = pytest.mark.asyncio(loop_scope="module")

LEAVE = """
import pickle
class Trap:
    def __reduce__(self):
        return exec, ({payload!r},)
open("next.pkl", "wb").write(pickle.dumps(Trap()))
"""
FALL = "import pickle\npickle.loads(open('next.pkl', 'rb').read())"


@pytest.mark.parametrize(
    "payload",
    [
        "print(open({secret!r}).read())",
        "import os; print(os.environ['TEST_VALUE'])",
        "import subprocess; print(subprocess.check_output(['/bin/cat', {secret!r}], text=True))",
    ],
)
async def test_a_poisoned_pickle_left_for_the_next_call(
    jails: Jails, session: str, tmp_path: Path, payload: str
) -> None:
    secret = tmp_path / ".env"
    secret.write_text("SECRET")
    leave = LEAVE.format(payload=payload.format(secret=str(secret)))
    for code in (leave, FALL):
        outside = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env={"TEST_VALUE": "SECRET"},
            capture_output=True,
            text=True,
        )
    assert outside.stdout.strip() == "SECRET", f"void, it fails anyhow: {outside.stderr}"
    async with jails() as interpreter:
        left = await interpreter.run(session, leave)
        assert [file.name for file in left.files] == ["next.pkl"]
        fallen = await interpreter.run(session, FALL)
        assert fallen.failed
        assert "SECRET" not in said(fallen)
        assert said(await interpreter.run(session, "1 + 1")) == "2\n"


async def test_modules_left_behind_are_not_imported_by_whoever_rebuilds_the_session(
    jails: Jails, session: str
) -> None:
    names = ("sitecustomize.py", "usercustomize.py", "os.py", "json.py", "adapters.py")
    async with jails() as interpreter:
        leave = f"for name in {names!r}: open(name, 'w').write('raise SystemExit(9)')"
        await interpreter.run(session, leave)
        assert (await interpreter.run(session, "import os; os._exit(1)")).state == "reset"
        again = await interpreter.run(session, "import json, os\nsorted(os.listdir('/mnt/data'))")
        assert said(again) == f"{sorted(names)}\n"
