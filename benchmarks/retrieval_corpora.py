"""What the benchmark of file search searches: installed documentation, and questions about it."""

from __future__ import annotations

import importlib
import inspect
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks import retrieval_questions as of_python
from benchmarks import retrieval_questions_tables as of_tables

MOST_OF_AN_ENTRY = 1_500
"""Characters of one function's or class's documentation."""

_TABLES = ("numpy", "numpy.linalg", "numpy.fft", "numpy.random", "pandas")
_CLASSES = ("DataFrame", "Series")


@dataclass(frozen=True, slots=True)
class Right:
    """What answers a question: files, and the headings of entries."""

    files: frozenset[str]
    headings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Texts by file, and the kinds of questions: each with the names of what answers it."""

    name: str
    texts: Mapping[str, str]
    kinds: Mapping[str, Sequence[tuple[str, str]]]
    by_module: bool
    """Whether a file has a module, or one entry."""

    def right(self, names: str) -> Right:
        """What these names stand for."""
        whole = names.split()
        files = (name.rpartition(".")[0] for name in whole) if self.by_module else whole
        return Right(frozenset(files), tuple(whole))


def corpora() -> Iterator[Corpus]:
    """Both of them."""
    yield _python()
    yield _tables()


def _python() -> Corpus:
    """The standard library: a file for each module."""
    questions = of_python.QUESTIONS
    wanted = {name.rpartition(".")[0] for _, names in questions for name in names.split()}
    modules = sorted(wanted | set(of_python.FURTHER_MODULES.split()))
    return Corpus(
        name="Python's standard library",
        texts={name: text for name in modules if (text := _documentation(name))},
        kinds={
            "in other words": of_python.IN_OTHER_WORDS,
            "naming things": of_python.NAMING_THINGS,
            "all": questions,
        },
        by_module=True,
    )


def _tables() -> Corpus:
    """numpy and pandas: a file for each function, class and method."""
    pandas = importlib.import_module("pandas")
    places = {name: importlib.import_module(name) for name in _TABLES}
    texts: dict[str, str] = {}
    for place, holder in (places | {name: getattr(pandas, name) for name in _CLASSES}).items():
        for name in sorted(dir(holder)):
            value = None if name[0] == "_" else getattr(holder, name, None)
            if callable(value) and (said := (inspect.getdoc(value) or "").strip()):
                texts[f"{place}.{name}"] = f"{place}.{name}\n\n{said[:MOST_OF_AN_ENTRY]}"
    return Corpus(
        name="numpy and pandas",
        texts=texts,
        kinds={
            "in other words": of_tables.IN_OTHER_WORDS,
            "naming things": of_tables.NAMING_THINGS,
            "all": of_tables.QUESTIONS,
        },
        by_module=False,
    )


def _documentation(name: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = importlib.import_module(name)
    except ImportError:
        return ""
    entries = [inspect.getdoc(module) or ""]
    public = getattr(module, "__all__", None) or [n for n in dir(module) if n[0] != "_"]
    for symbol in sorted(public):
        value = getattr(module, symbol, None)
        if not callable(value):
            continue
        said = (inspect.getdoc(value) or "").strip()
        if said:
            entries.append(f"{name}.{symbol}{_signature(value)}\n\n{said[:MOST_OF_AN_ENTRY]}")
    return "\n\n\n".join(entries)


def _signature(value: object) -> str:
    try:
        # Addresses of objects in it differ from one run to the next.
        return re.sub(r" at 0x\w+", "", str(inspect.signature(value))) if callable(value) else ""
    except (TypeError, ValueError):
        return ""
