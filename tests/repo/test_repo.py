"""The repository's own rules: what is written down and what is there are the same."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bots.main import VERBS
from config.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 400
"""Lines of a module; one that wants more has two jobs."""

OURS = {".ci", ".env.example", ".gitignore"}
GENERATED = {"__pycache__", "data", "node_modules"}
COMMENT = re.compile(r"\s#.*")
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
MAKE = re.compile(r"\bmake ([a-z]+)")
BOBBIN = re.compile(r"\bbobbin ([a-z]+)")

HOME = re.compile(r"(?<![\w/.])(?:/home/(?!ann\b)\w+|/Users/\w+|[A-Z]:\\Users\\)")
"""Somebody's home folder; the tests' invented person is ann."""
REGISTRIES = re.compile(
    r"\b(?:(?:test\.)?pypi|(?:files\.)?pythonhosted|(?:registry\.)?npmjs|crates)\.(?:org|io|com)\b"
)


def files() -> Iterator[Path]:
    """Every file that is kept in the repository, also where there is no git to ask."""
    for entry in sorted(ROOT.iterdir()):
        if entry.name in OURS or not (entry.name.startswith(".") or entry.name in GENERATED):
            yield from _below(entry)


def _below(entry: Path) -> Iterator[Path]:
    if not entry.is_dir():
        yield entry
    elif entry.name not in GENERATED and not entry.name.endswith(".egg-info"):
        for inner in sorted(entry.iterdir()):
            yield from _below(inner)


def text(path: Path) -> str:
    """Of a text file; empty for anything else."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def read(name: str) -> str:
    return text(ROOT / name)


# ------------------------------------------------------------------------- settings


def test_every_setting_is_in_the_example_and_nothing_else() -> None:
    named = re.findall(r"^([A-Z][A-Z0-9_]*)=", read(".env.example"), re.MULTILINE)
    settings = {name.upper() for name in Settings.model_fields} - {"PATH"}  # the system's own
    assert len(named) == len(set(named))
    assert set(named) == settings


def test_nothing_that_people_read_names_a_setting_that_is_not_there() -> None:
    """Error sentences and pages: whoever follows them must get somewhere."""
    settings = {name.upper() for name in Settings.model_fields}
    of_tests = {"BOBBIN_TEST_REQUIRE", "BOBBIN_ASSISTANTS_OPENAPI"}
    unknown: dict[str, set[str]] = {}
    for path in files():
        if path.relative_to(ROOT).parts[0] in {"tests", "benchmarks", ".ci"}:
            continue
        named = set(re.findall(r"\bBOBBIN_[A-Z_]*[A-Z]\b", text(path))) - settings - of_tests
        if named:
            unknown[str(path.relative_to(ROOT))] = named
    assert unknown == {}


def test_a_default_in_the_example_is_the_default() -> None:
    """An example that is copied as it stands changes nothing."""
    for name, value in re.findall(r"^([A-Z0-9_]+)=(\S+)", read(".env.example"), re.MULTILINE):
        default = Settings.model_fields[name.lower()].default
        if name == "BOBBIN_DATA_DIR":
            default = default.relative_to(ROOT)
        given = value == "true" if isinstance(default, bool) else type(default)(value)
        assert given == default, name


def test_every_setting_says_what_it_is() -> None:
    silent = [
        name
        for name, field in Settings.model_fields.items()
        if not (field.description or "").strip()
    ]
    assert silent == []


# ------------------------------------------------------------------------- commands


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_has_a_module(verb: str) -> None:
    module = importlib.import_module(f"bots.commands.{verb}")
    assert callable(module.add_arguments)
    assert callable(module.run)
    assert module.__doc__


def test_a_command_module_has_a_verb() -> None:
    modules = {path.stem for path in (ROOT / "bots" / "commands").glob("*.py")} - {"__init__"}
    assert modules == set(VERBS)


def test_a_line_of_the_procfile_starts_a_verb() -> None:
    lines = [line for line in read("Procfile").splitlines() if line and not line.startswith("#")]
    assert lines
    for line in lines:
        match = re.fullmatch(r"[a-z]+: \.venv/bin/bobbin ([a-z]+)", line)
        assert match, line
        assert match[1] in VERBS


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs"])
def test_a_command_in_the_documentation_exists(page: str) -> None:
    targets = re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE)
    paths = sorted((ROOT / page).rglob("*.md")) if (ROOT / page).is_dir() else [ROOT / page]
    for path in paths:
        for block in SHELL.findall(text(path)):
            commands = COMMENT.sub("", block)
            assert set(MAKE.findall(commands)) <= set(targets), path
            assert set(BOBBIN.findall(commands)) <= set(VERBS), path


def test_the_first_two_commands_of_the_readme() -> None:
    first, *rest = [block.strip() for block in SHELL.findall(read("README.md"))]
    assert first == "make run"
    assert "make test" in rest


def test_a_link_in_the_documentation_leads_somewhere() -> None:
    for path in files():
        if path.suffix != ".md":
            continue
        for link in re.findall(r"\]\(([^)#\s]+)", text(path)):
            assert "://" in link or (path.parent / link).exists(), f"{path}: {link}"


# ------------------------------------------------------------------------- the tree


def test_the_architecture_lists_the_folders() -> None:
    """Top level, and each adapter: what is listed exists, what exists is listed."""
    rooms = _rooms()
    listed = {line.split("/")[0] for line in rooms if line[0] != " "}
    code = {path.relative_to(ROOT).parts[0] for path in files() if path.suffix == ".py"}
    assert listed == code
    for top in listed:
        named = _named_below(top, rooms)
        there = {path.parent.name for path in files() if path.is_relative_to(ROOT / top)}
        assert named <= there, top
    adapters = {path.parent.name for path in (ROOT / "adapters").glob("*/__init__.py")}
    assert adapters - _named_below("adapters", rooms) == set()


def _rooms() -> list[str]:
    part = read("ARCHITECTURE.md").partition("## The rooms")[2]
    block = part.split("```")[1]
    return [line for line in block.splitlines() if line.strip()]


def _named_below(top: str, rooms: list[str]) -> set[str]:
    """Folders named on the lines of a top-level folder, as `name/`, itself apart."""
    begin = next(number for number, line in enumerate(rooms) if line.startswith(f"{top}/"))
    words = rooms[begin].removeprefix(f"{top}/")
    for line in rooms[begin + 1 :]:
        if line[0] != " ":
            break
        words += "\n" + line
    return set(re.findall(r"(?<![\w/])([a-z_]+)/(?![\w<])", words))


def test_decisions_are_numbered_without_gaps() -> None:
    names = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [int(name[:4]) for name in names]
    assert numbers == list(range(1, len(names) + 1)), names


def test_the_changelog_has_a_newest_section() -> None:
    sections = re.findall(r"^## \[(.+?)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert sections
    assert sections[0] == "Unreleased" or re.fullmatch(r"\d+\.\d+\.\d+", sections[0])
    newest = read("CHANGELOG.md").split("\n## ")[1]
    assert re.search(r"^- ", newest, re.MULTILINE), "the newest section says nothing"


def test_no_module_is_too_long() -> None:
    lengths = {
        str(path.relative_to(ROOT)): text(path).count("\n")
        for path in files()
        if path.suffix == ".py"
    }
    assert len(lengths) > 100
    assert {name: n for name, n in lengths.items() if n > LONGEST} == {}


def test_no_file_names_a_place_of_one_machine() -> None:
    """The checkout's own path, a home folder, a package index: the next machine has others."""
    own = re.compile(re.escape(str(ROOT)) + r"\b") if len(ROOT.parts) > 2 else None
    found: list[str] = []
    for path in files():
        if path == Path(__file__).resolve():
            continue
        for number, line in enumerate(text(path).splitlines(), 1):
            if HOME.search(line) or REGISTRIES.search(line) or (own and own.search(line)):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert found == []
