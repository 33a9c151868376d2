"""Makes `.venv`: what `make setup` runs, with whatever Python there is and nothing installed.

Idempotent: a stamp (hash of pyproject.toml, the Python, what was asked for) says that all is done.
Several at once wait for each other at a file lock. Children read from /dev/null, so piped input
reaches the bot; all output goes to stderr, so that the bot's own output stays clean.

Standard library only, and old syntax: it must run far enough on an old Python to say so.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
OLDEST = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")


class Trouble(Exception):
    """Setting up cannot go on; the text says why and what to do."""


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def use_new_enough_python() -> None:
    """Go on under a Python >= 3.11, or say that there is none."""
    if sys.version_info[:2] >= OLDEST:
        return
    for name in NEWER:
        path = shutil.which(name)
        if path:
            os.execv(path, [path, "-I"] + sys.argv)
    raise Trouble(
        "Bobbin needs Python 3.11 or newer; this is %d.%d (%s) and no newer one is on PATH.\n"
        "Install one, or name it: make PYTHON=/path/to/python3.11 setup"
        % (sys.version_info[0], sys.version_info[1], sys.executable)
    )


def stamp(dev: bool) -> str:
    """What the environment was made from."""
    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        content = file.read()
    parts = [content, sys.version.encode(), ROOT.encode(), b"dev" if dev else b""]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_done(wanted: str) -> bool:
    try:
        with open(os.path.join(VENV, ".stamps")) as file:
            return wanted in file.read().split()
    except OSError:
        return False


def step(what: str, command: "list[str]") -> None:
    """Run a child with a progress line; raise Trouble with its last words when it fails."""
    begun = time.time()
    over = threading.Event()

    def tell() -> None:
        if not over.wait(1.0):
            say("bobbin: %s …" % what)
        while not over.wait(10.0):
            say("bobbin: %s … %d s" % (what, time.time() - begun))

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            check=False,
        )
    finally:
        over.set()
        teller.join()
    if result.returncode:
        words = result.stdout.decode("utf-8", "replace").strip().splitlines()[-12:]
        raise Trouble("%s failed:\n  %s" % (what, "\n  ".join(words)))
    if time.time() - begun > 1:
        say("bobbin: %s: done in %d s" % (what, time.time() - begun))


def make_environment(dev: bool) -> None:
    python = os.path.join(VENV, "bin", "python")
    if not works(python):
        if os.path.exists(VENV):
            shutil.rmtree(VENV)
        try:
            __import__("ensurepip")
        except ImportError:
            raise Trouble(
                "This Python cannot make virtual environments (no ensurepip).\n"
                "Debian and Ubuntu: apt install python3-venv; then run make again."
            ) from None
        step("making .venv", [sys.executable, "-m", "venv", VENV])
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    if dev:
        step("updating pip", pip + ["install", "--quiet", "pip>=25.1"])
        wanted = ["install", "--quiet", "-e", ".", "--group", "dev"]
        step("installing Bobbin and what its tests need", pip + wanted)
    else:
        step(
            "installing Bobbin (the first time takes about a minute)",
            pip + ["install", "--quiet", "-e", "."],
        )


def works(python: str) -> bool:
    """Whether .venv belongs to this Python and this place, and has pip."""
    code = "import sys, pip; print(sys.version)"
    try:
        answer = subprocess.run(
            [python, "-I", "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return False
    return answer.returncode == 0 and answer.stdout.decode().strip() == sys.version.strip()


def main(arguments: "list[str]") -> int:
    dev = "--dev" in arguments
    try:
        use_new_enough_python()
        wanted = {stamp(False), stamp(True)} if not dev else {stamp(True)}
        if any(is_done(one) for one in wanted):
            return 0
        import fcntl

        with open(os.path.join(ROOT, ".setup.lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if any(is_done(one) for one in wanted):
                return 0
            make_environment(dev)
            with open(os.path.join(VENV, ".stamps"), "w") as file:
                file.write(stamp(dev) + "\n")
    except Trouble as trouble:
        say("bobbin: " + str(trouble))
        return 2
    except ImportError:
        say("bobbin: make setup works on Linux and macOS; on Windows use WSL.")
        return 2
    except OSError as error:
        say("bobbin: setting up failed: %s" % error)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
