"""`make setup` in checkouts of the test's own: a copy of bots/setup.py and a package without needs.

Everything runs in real processes. One test takes the real pip, whose index is a closed port of
this machine; for the others the Python brings a small pip that installs a program and counts.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

SETUP = Path(__file__).resolve().parents[2] / "bots" / "setup.py"
BASE = Path(getattr(sys, "_base_executable", sys.executable))
MINOR = sys.version_info.minor

PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "thing"
version = "1"
"""

BACKEND = """\
import zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    with open("builds", "a") as file:
        file.write("x")
    info = "thing-1.dist-info/"
    with zipfile.ZipFile(folder + "/thing-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("thing.py", "def main(): print('hello')")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: thing\\nVersion: 1\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n"
                                       "Tag: py3-none-any\\n")
        wheel.writestr(info + "entry_points.txt", "[console_scripts]\\nthing = thing:main\\n")
        wheel.writestr(info + "RECORD", "")
    return "thing-1-py3-none-any.whl"
"""

INTERRUPTIBLE = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
"""What a shell starts in the background ignores Ctrl-C, and all that it starts itself does."""

OLD = "sys.version_info = (3, 9, 18, 'final', 0)"

SMALL_PIP = """\
import sys
with open("builds", "a") as file:
    file.write("x")
program = sys.prefix + "/bin/thing"
with open(program, "w") as file:
    file.write("#!/bin/sh\\nexec '" + sys.executable + "' -c 'print(\\"hello\\")'\\n")
__import__("os").chmod(program, 0o755)
"""

SMALL_VENV = f"""\
import pathlib, sys, venv
folder = pathlib.Path(sys.argv[1])
venv.create(folder, clear=True, symlinks=True)
pip = folder / "lib" / "python3.{MINOR}" / "site-packages" / "pip"
pip.mkdir()
(pip / "__init__.py").touch()
(pip / "__main__.py").write_text({SMALL_PIP!r})
"""


@dataclass(slots=True)
class Checkout:
    """A folder with a set-up script and a package."""

    root: Path

    def start(self, *, before: str = "", path: str | None = None) -> subprocess.Popen[str]:
        """Start the script, with `before` executed ahead of it in its process."""
        script = str(self.root / "bots" / "setup.py")
        code = (
            f"import runpy, sys\n{before}\nsys.argv = [{script!r}]\n"
            f"runpy.run_path({script!r}, run_name='__main__')"
        )
        return subprocess.Popen(
            [BASE, "-I", "-c", code],
            cwd="/",
            env={
                "PATH": os.environ["PATH"] if path is None else path,
                "PIP_CONFIG_FILE": os.devnull,
                "PIP_INDEX_URL": "http://127.0.0.1:1/simple",
                "PIP_RETRIES": "0",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def set_up(self, *, before: str = "", path: str | None = None) -> tuple[int, str]:
        """The exit code and what was said; nothing is ever said on standard output."""
        process = self.start(before=before, path=path)
        out, err = process.communicate()
        assert out == ""
        assert "Traceback" not in err
        return process.returncode, err

    def builds(self) -> int:
        """How often the package was installed."""
        return len((self.root / "builds").read_text())

    def says_hello(self) -> bool:
        """Whether the installed program runs."""
        asked = [self.root / ".venv" / "bin" / "thing"]
        return subprocess.run(asked, capture_output=True).stdout == b"hello\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root = tmp_path / "Übung 1"
    (root / "bots").mkdir(parents=True)
    shutil.copy(SETUP, root / "bots")
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "backend.py").write_text(BACKEND)
    return Checkout(root)


@pytest.fixture
def quick(tmp_path: Path) -> str:
    """What makes the script use a Python that makes environments with the small pip."""
    code = tmp_path / "small_venv.py"
    code.write_text(SMALL_VENV)
    make = f'for last; do :; done; exec "{BASE}" -I "{code}" "$last"'
    path = tmp_path / "python-with-small-pip"
    return base(_program(path, f'case "$*" in *"-m venv"*) {make};; esac; exec "{BASE}" "$@"'))


def base(python: Path) -> str:
    """Code that makes this Python the one below a virtual environment."""
    return f"sys._base_executable = {str(python)!r}"


def test_it_sets_up_once_and_again_only_when_there_is_a_reason(
    checkout: Checkout, quick: str
) -> None:
    """A half-made .venv is replaced; then nothing to do, a changed pyproject.toml, a new place."""
    (checkout.root / ".venv" / "bin").mkdir(parents=True)
    (checkout.root / ".venv" / "bin" / "python").symlink_to(checkout.root / "nowhere")
    code, said = checkout.set_up(before=quick)
    assert (code, checkout.builds()) == (0, 1), said
    assert checkout.says_hello()
    assert checkout.set_up(before=quick) == (0, "")
    assert checkout.set_up(before=OLD) == (0, ""), "an old Python is no obstacle where all is done"

    (checkout.root / "pyproject.toml").write_text(PYPROJECT + "\n# changed\n")
    assert checkout.set_up(before=quick)[0] == 0
    assert checkout.set_up(before=quick) == (0, "")
    assert checkout.builds() == 2

    moved = Checkout(checkout.root.rename(checkout.root.with_name("moved")))
    assert not moved.says_hello()
    assert moved.set_up(before=quick)[0] == 0
    assert moved.says_hello()
    assert moved.builds() == 3


def test_of_two_at_once_one_sets_up_and_the_other_waits(checkout: Checkout, quick: str) -> None:
    both = [checkout.start(before=quick), checkout.start(before=quick)]
    ends = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    assert checkout.builds() == 1


def test_an_environment_that_somebody_made_is_used_as_it_is(checkout: Checkout, quick: str) -> None:
    """`python -m venv .venv` by hand, and then make: what is in it stays."""
    made = [BASE, "-I", str(checkout.root.parent / "small_venv.py"), str(checkout.root / ".venv")]
    subprocess.run(made, check=True)
    (checkout.root / ".venv" / "mine").touch()
    assert checkout.set_up(before=quick)[0] == 0
    assert (checkout.root / ".venv" / "mine").exists()
    assert checkout.says_hello()


def test_who_waits_says_so_and_may_be_stopped(checkout: Checkout) -> None:
    with (checkout.root / ".setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = checkout.start(before=INTERRUPTIBLE)
        assert process.stderr is not None
        assert "waiting" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert process.returncode == 130
    assert "was stopped" in err
    assert "Traceback" not in err


def test_an_old_python_is_refused_in_a_sentence(checkout: Checkout) -> None:
    code, said = checkout.set_up(before=OLD, path="/nowhere")
    assert code == 2
    assert "Python 3.11 or newer is needed" in said
    assert "3.9" in said
    assert not (checkout.root / ".venv").exists()


def test_an_old_python_looks_for_a_newer_one(checkout: Checkout, tmp_path: Path) -> None:
    """One that does not start is passed over; the next is taken, here as far as its own lack."""
    programs = tmp_path / "programs"
    programs.mkdir()
    _program(programs / "python3.19", "exit 127")
    newer = _without_ensurepip(programs / f"python3.{MINOR}")
    code, said = checkout.set_up(before=OLD, path=str(programs))
    assert code == 2
    assert f"{newer} cannot make virtual environments" in said


def test_a_python_without_ensurepip_is_refused_in_a_sentence(
    checkout: Checkout, tmp_path: Path
) -> None:
    """Debian's python3 without python3-venv."""
    python = _without_ensurepip(tmp_path / "python3")
    code, said = checkout.set_up(before=base(python))
    assert code == 2
    assert "apt install python3-venv" in said
    assert not (checkout.root / ".venv").exists()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_without_a_package_index_it_says_so_and_the_next_time_goes_on(checkout: Checkout) -> None:
    needy = PYPROJECT.replace("requires = []", 'requires = ["hatchling"]')
    (checkout.root / "pyproject.toml").write_text(needy)
    code, said = checkout.set_up()
    assert code == 2
    assert "no package index with what is needed is in reach" in said
    (checkout.root / "pyproject.toml").write_text(PYPROJECT)
    assert checkout.set_up()[0] == 0
    assert checkout.says_hello()


def test_a_folder_that_cannot_be_written_to_is_named(checkout: Checkout) -> None:
    (checkout.root / ".setup.lock").symlink_to("/nowhere/at/all")
    code, said = checkout.set_up()
    assert code == 2
    assert f"{checkout.root} cannot be written to" in said


def _without_ensurepip(path: Path) -> Path:
    return _program(path, f'case "$*" in *ensurepip*) exit 1;; esac; exec "{BASE}" "$@"')


def _program(path: Path, code: str) -> Path:
    path.write_text(f"#!/bin/sh\n{code}\n")
    path.chmod(0o755)
    return path
