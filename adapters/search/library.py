"""One library's index: a SQLite file with its passages, their words (FTS5) and their vectors.

All methods block and are called in threads. A connection is used by one thread at a time. What is
written is in place after each transaction, so a process that dies loses at most one batch, and
another goes on with the next. SQLite's own errors come out as they are; `folder.py` deals with
them.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.search.prepared import Contents
from adapters.search.terms import indexed
from core.engine.searching import Shelf

FORMAT: Final = 1
"""Another one in a file, and the file is built anew."""

_WAIT_S: Final = 20.0
_SCHEMA: Final = """
CREATE TABLE facts(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE shelves(
    id INTEGER PRIMARY KEY, file TEXT NOT NULL, blob TEXT NOT NULL, UNIQUE(file, blob));
CREATE TABLE passages(
    id INTEGER PRIMARY KEY, shelf INTEGER NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL);
CREATE INDEX passages_of ON passages(shelf, number);
CREATE TABLE vectors(
    shelf INTEGER PRIMARY KEY, embedder TEXT NOT NULL, dimensions INTEGER NOT NULL,
    owned TEXT NOT NULL, data BLOB NOT NULL);
CREATE VIRTUAL TABLE words USING fts5(
    text, content='', tokenize='porter unicode61 remove_diacritics 2');
"""


class WrongFormat(sqlite3.DatabaseError):
    """A file that another version of this program made."""


@dataclass(frozen=True, slots=True)
class Row:
    """A passage, by its place in the index."""

    id: int
    file_id: str
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class ShelfVectors:
    """The vectors of a file: rows of half floats, and which of them each passage owns."""

    shelf: int
    first_passage: int
    """Id of the file's first passage; the others follow."""
    owned: Sequence[tuple[int, int]]
    data: bytes


class LibraryFile:
    """An open index.

    Raises:
        sqlite3.Error: from every method, the constructor included.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        """Held by the thread that uses it."""
        self.closed = False
        self._db = sqlite3.connect(
            path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare()
            self.inode = path.stat().st_ino
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA trusted_schema=OFF")
        (found,) = self._db.execute("PRAGMA user_version").fetchone()
        if found == 0:
            with self._transaction():
                (found,) = self._db.execute("PRAGMA user_version").fetchone()
                if found == 0:
                    for statement in _SCHEMA.split(";\n"):
                        self._db.execute(statement)
                    self._db.execute(f"PRAGMA user_version={FORMAT}")
                    found = FORMAT
        if found != FORMAT:
            raise WrongFormat(f"format {found}")

    def close(self) -> None:
        """Close it; the file stays."""
        self.closed = True
        self._db.close()

    def snapshot(self) -> _Transaction:
        """Within it everything is asked of one state of the file, whoever writes meanwhile."""
        return _Transaction(self._db, "BEGIN")

    def is_there(self) -> bool:
        """Whether the file is still the one that was opened: somebody may have removed it."""
        try:
            return self.path.stat().st_ino == self.inode
        except FileNotFoundError:
            return False

    # ------------------------------------------------------------------ what is in it

    def version(self) -> int:
        """Of the library that was put in last and completely; -1 before the first."""
        return self._fact("version", -1)

    def changes(self) -> int:
        """Grows whenever passages come or go."""
        return self._fact("changes", 0)

    def count(self) -> int:
        """How many passages there are."""
        (count,) = self._db.execute("SELECT count(*) FROM passages").fetchone()
        return int(count)

    def difference(self, shelves: Iterable[Shelf]) -> tuple[list[Shelf], list[int]]:
        """What of these is missing, and the ids of the shelves that are there and not of these."""
        wanted = {(shelf.file_id, shelf.blob): shelf for shelf in shelves}
        gone: list[int] = []
        for number, file, blob in self._db.execute("SELECT id, file, blob FROM shelves"):
            if wanted.pop((file, blob), None) is None:
                gone.append(number)
        return list(wanted.values()), gone

    def _fact(self, name: str, default: int) -> int:
        row = self._db.execute("SELECT value FROM facts WHERE name=?", (name,)).fetchone()
        return default if row is None else int(row[0])

    # ------------------------------------------------------------------ changing it

    def add(self, batch: Sequence[tuple[Shelf, Contents]]) -> None:
        """Put these files in, in one transaction. What is there already stays as it is."""
        with self._transaction():
            for shelf, contents in batch:
                done = self._db.execute(
                    "INSERT OR IGNORE INTO shelves(file, blob) VALUES(?, ?)",
                    (shelf.file_id, shelf.blob),
                )
                if done.rowcount == 1 and done.lastrowid is not None:
                    self._add(done.lastrowid, contents)
            self._set("changes", self.changes() + 1)

    def _add(self, shelf: int, contents: Contents) -> None:
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM passages").fetchone()
        numbered = list(enumerate(contents.passages))
        self._db.executemany(
            "INSERT INTO passages(id, shelf, number, text) VALUES(?, ?, ?, ?)",
            ((last + 1 + number, shelf, number, text) for number, text in numbered),
        )
        self._db.executemany(
            "INSERT INTO words(rowid, text) VALUES(?, ?)",
            ((last + 1 + number, indexed(text)) for number, text in numbered),
        )
        if contents.vectors:
            self._db.execute(
                "INSERT INTO vectors(shelf, embedder, dimensions, owned, data) VALUES(?,?,?,?,?)",
                (
                    shelf,
                    contents.embedder,
                    contents.dimensions,
                    json.dumps(contents.owned),
                    contents.vectors,
                ),
            )

    def remove(self, shelves: Sequence[int]) -> None:
        """Take these files out, in one transaction."""
        with self._transaction():
            for shelf in shelves:
                rows = self._db.execute(
                    "SELECT id, text FROM passages WHERE shelf=?", (shelf,)
                ).fetchall()
                # Without content of its own, FTS5 has to be told what it forgets.
                self._db.executemany(
                    "INSERT INTO words(words, rowid, text) VALUES('delete', ?, ?)",
                    ((number, indexed(text)) for number, text in rows),
                )
                for table, column in (
                    ("passages", "shelf"),
                    ("vectors", "shelf"),
                    ("shelves", "id"),
                ):
                    self._db.execute(f"DELETE FROM {table} WHERE {column}=?", (shelf,))  # noqa: S608
            self._set("changes", self.changes() + 1)

    def finish(self, version: int) -> None:
        """Everything of this version is in."""
        with self._transaction():
            self._set("version", version)

    def _set(self, name: str, value: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO facts(name, value) VALUES(?, ?)", (name, value))

    # ------------------------------------------------------------------ asking it

    def by_words(
        self, expression: str, only: Collection[str] | None, most: int
    ) -> list[tuple[int, float]]:
        """The passages that have any of these words, by id and bm25, best first."""
        if only is None:
            rows = self._db.execute(
                "SELECT rowid, rank FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?",
                (expression, most),
            )
        else:
            # The plus keeps SQLite from asking FTS5 for one row after the other.
            rows = self._db.execute(
                "SELECT rowid, rank FROM words WHERE words MATCH ? AND +rowid IN (SELECT id FROM "
                "passages WHERE shelf IN (SELECT id FROM shelves WHERE file IN (SELECT value FROM "
                "json_each(?)))) ORDER BY rank LIMIT ?",
                (expression, json.dumps(sorted(only)), most),
            )
        # FTS5 gives it negative, so that the best comes first.
        return [(int(number), -float(score)) for number, score in rows]

    def containing(self, word: str) -> int:
        """How many passages have this word (or its stem)."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM words WHERE words MATCH ?", (word,)
        ).fetchone()
        return int(count)

    def rows(self, ids: Sequence[int]) -> dict[int, Row]:
        """These passages."""
        found = self._db.execute(
            "SELECT p.id, s.file, p.number, p.text FROM passages p "
            "JOIN shelves s ON s.id = p.shelf WHERE p.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
        return {row[0]: Row(*row) for row in found}

    def shelves_of(self, files: Collection[str]) -> list[int]:
        """Ids of the shelves that hold these files."""
        rows = self._db.execute(
            "SELECT id FROM shelves WHERE file IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(files)),),
        )
        return [int(row[0]) for row in rows]

    def vectors(self, embedder: str, dimensions: int) -> Iterator[ShelfVectors]:
        """The vectors that this embedder made, file by file."""
        rows = self._db.execute(
            "SELECT shelf, (SELECT min(id) FROM passages WHERE shelf = v.shelf), owned, data "
            "FROM vectors v WHERE embedder=? AND dimensions=? ORDER BY shelf",
            (embedder, dimensions),
        )
        for shelf, first, owned, data in rows:
            yield ShelfVectors(shelf, first, json.loads(owned), data)

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db, "BEGIN IMMEDIATE")


class _Transaction:
    """All or nothing. `BEGIN IMMEDIATE` waits its turn among the writers of the file."""

    def __init__(self, db: sqlite3.Connection, begin: str) -> None:
        self._db = db
        self._begin = begin

    def __enter__(self) -> None:
        self._db.execute(self._begin)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
