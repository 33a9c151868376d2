"""Makes `.venv`: what `make setup` runs, with whatever Python there is and nothing installed.

Idempotent: a stamp says that all is done. It is a hash of pyproject.toml, of this place and of the
Python behind `.venv`, because the programs in `.venv/bin` name their place and the packages belong
to one Python. Several at once wait for each other at a file lock. Children read from /dev/null, so
piped input reaches the bot; all output goes to stderr, so the bot's own output stays clean.

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
PYTHON = os.path.join(VENV, "bin", "python")
RECORD = os.path.join(VENV, ".stamps")
LOG = os.path.join(VENV, "setup.log")
OLDEST = (3, 11)
NEWER = tuple("python3.%d" % minor for minor in range(19, 10, -1))

FAILURES = (
    # words in pip's output (lower case), and what they mean for whoever reads them
    ("no space left on device", "the disk is full."),
    ("disk quota exceeded", "the disk quota is used up."),
    ("certificate verify failed", "the package index has a certificate that pip does not trust."),
    (
        "(from versions: none)",
        "no package index with what is needed is in reach; see to the network or pip's settings.",
    ),
)


class Trouble(Exception):
    """Setting up cannot go on; the text says why and what to do."""


def say(text: str) -> None:
    sys.stderr.write("bobbin: " + text + "\n")
    sys.stderr.flush()


# ------------------------------------------------------------------------- the Python to use


def python_to_use() -> str:
    """A Python >= 3.11: this one, or a newer one on PATH; raise Trouble where there is none."""
    if sys.version_info[:2] >= OLDEST:
        # Inside a virtual environment the Python below it: .venv itself may have to be cleared.
        return getattr(sys, "_base_executable", None) or sys.executable
    for name in NEWER:
        path = shutil.which(name)
        if path and succeeds([path, "-I", "-c", "import sys; sys.version_info >= (3, 11) or 1/0"]):
            return path
    raise Trouble(
        "Python 3.11 or newer is needed: %s is %d.%d, and PATH has no newer one.\n"
        "Install one, or name it: make PYTHON=/path/to/python3.11"
        % (sys.executable, sys.version_info[0], sys.version_info[1])
    )


def succeeds(command: "list[str]") -> bool:
    try:
        return not subprocess.call(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return False


# ------------------------------------------------------------------------- what was made before


def stamp(*parts: bytes) -> str:
    """Of this place, the Python behind `.venv`, and `parts`."""
    whole = [os.fsencode(ROOT), os.fsencode(os.path.realpath(PYTHON))] + list(parts)
    return hashlib.sha256(b"\0".join(whole)).hexdigest()


def installed(dev: bool) -> str:
    """The stamp of an environment into which this pyproject.toml was installed."""
    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        return stamp(file.read(), b"dev" if dev else b"")


def recorded() -> "list[str]":
    try:
        with open(RECORD) as file:
            return file.read().split()
    except (OSError, UnicodeDecodeError):
        return []


def record(*stamps: str) -> None:
    with open(RECORD, "w") as file:
        file.write("\n".join(stamps) + "\n")


def is_done(dev: bool) -> bool:
    if not os.path.exists(PYTHON):
        return False
    done = recorded()
    return installed(True) in done or (not dev and installed(False) in done)


def is_usable() -> bool:
    """Whether `.venv`, ours or one that somebody made for us, can be installed into."""
    if recorded() and stamp() not in recorded():
        return False
    code = "import sys, pip; sys.version_info >= (3, 11) and sys.prefix != sys.base_prefix or 1/0"
    return succeeds([PYTHON, "-I", "-c", code])


# ------------------------------------------------------------------------- steps


class Progress:
    """Tells what is going on as soon as it takes longer than a second."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._begun = time.time()
        self._over = threading.Event()
        self._teller = threading.Thread(target=self._tell)

    def __enter__(self) -> "Progress":
        self._teller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._teller.join()

    def _tell(self) -> None:
        if sys.stderr.isatty():
            self._count()
            return
        if not self._over.wait(1.0):
            say("%s …" % self._what)
        while not self._over.wait(10.0):
            say("… %d s" % (time.time() - self._begun))

    def _count(self) -> None:
        """One line, counting."""
        end = ""
        while not self._over.wait(1.0):
            seconds = time.time() - self._begun
            sys.stderr.write("\rbobbin: %s … %d s" % (self._what, seconds))
            sys.stderr.flush()
            end = "\n"
        sys.stderr.write(end)


def step(what: str, command: "list[str]") -> None:
    """Run a child with a progress line; raise Trouble with its reason when it fails."""
    with Progress(what):
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            check=False,
        )
    if result.returncode:
        output = result.stdout.decode("utf-8", "replace").strip()
        raise Trouble("%s failed: %s" % (what.split(" (")[0], reason(output)))


def reason(output: str) -> str:
    """Why a child failed: a sentence where we know one, otherwise its own words."""
    try:
        with open(LOG, "w", encoding="utf-8") as file:
            file.write(output + "\n")
        where = "\nWhat it said in full: %s" % LOG
    except OSError:
        where = ""
    for words, meaning in FAILURES:
        if words in output.lower():
            return meaning + where
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return "\n  ".join([""] + (errors or lines[-5:])) + where


def make_environment(dev: bool) -> None:
    if not is_usable():
        python = python_to_use()
        if not succeeds([python, "-I", "-c", "import ensurepip, venv"]):
            raise Trouble(
                "%s cannot make virtual environments: it has no ensurepip.\n"
                "Debian and Ubuntu: apt install python3-venv; then run make again." % python
            )
        anew = " anew (the one there does not work here)" if os.path.exists(VENV) else ""
        step("making .venv" + anew, [python, "-I", "-m", "venv", "--clear", VENV])
    record(stamp())
    pip = [PYTHON, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    pip += ["--progress-bar", "off", "--no-user"]
    if dev:
        step("updating pip", pip + ["pip>=25.1"])
        what = "installing Bobbin and what its tests need (about a minute, once)"
        step(what, pip + ["-e", ".", "--group", "dev"])
    else:
        step("installing Bobbin (about a minute, once)", pip + ["-e", "."])
    record(stamp(), installed(dev))


def set_up(dev: bool) -> None:
    """Make `.venv`, one process at a time."""
    import fcntl

    try:
        lock = os.open(os.path.join(ROOT, ".setup.lock"), os.O_WRONLY | os.O_CREAT, 0o666)
    except OSError as error:
        raise Trouble(
            "%s cannot be written to (%s). Bobbin keeps what it needs beside its code: use a copy "
            "in a folder of your own." % (ROOT, error.strerror)
        ) from None
    with os.fdopen(lock, "w"):
        with Progress("waiting for another make that is setting up"):
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_done(dev):
            make_environment(dev)


def main(arguments: "list[str]") -> int:
    dev = "--dev" in arguments
    begun = time.time()
    try:
        if not is_done(dev):
            set_up(dev)
            say("set up in %d s" % (time.time() - begun))
    except Trouble as trouble:
        say(str(trouble))
        return 2
    except ImportError:
        say("this works on Linux and macOS; on Windows, run it inside WSL.")
        return 2
    except OSError as error:
        say("setting up failed: %s" % error)
        return 2
    except KeyboardInterrupt:
        say("setting up was stopped; the next make goes on with it.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
