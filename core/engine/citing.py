"""What a text refers to: passages that were found, files that code left. Pure.

The model is given a marker for each passage (`【2:0†notes.md】`: the Run's third search, its first
result) and links files as `sandbox:/mnt/data/NAME`. Where such a thing stands in an answer, the
text gets an annotation with its place in code points; annotations never overlap. A marker that
names nothing stays as it was written and gets none: brackets of this kind are ordinary punctuation
in some languages, and an answer is not changed behind its writer's back.

Source: the Assistants API reference, v2 (annotations), and its recorded forms of markers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from core.assistants import Json

MOUNT: Final = "sandbox:/mnt/data/"

_LONGEST_NAME: Final = 100
"""Characters of a file's name in a marker."""
_UNFIT: Final = re.compile(r"[【】†\x00-\x1f\U00010000-\U0010ffff]")
"""What would end a marker, or count as two in a client that counts in UTF-16."""
_MARKER: Final = re.compile(r"【(\d{1,6}):(\d{1,6})†([^【】\n]{0,200})】")
_MAYBE_MARKER: Final = re.compile(r"【\d{0,6}(:\d{0,6}(†[^【】\n]{0,200})?)?")
_OPENING: Final = re.compile(rf"【|{re.escape(MOUNT)}")
_NAME_GOES_ON: Final = re.compile(r"[\w%-]|\.\w")


def marker(search: int, number: int, filename: str) -> str:
    """What the model shall write to cite a passage."""
    return f"【{search}:{number}†{_fit(filename)}】"


def next_search(texts: Iterable[str]) -> int:
    """A number for the next search that no marker in these texts has."""
    found = (int(match[1]) for text in texts for match in _MARKER.finditer(text))
    return max(found, default=-1) + 1


@dataclass(slots=True)
class Sources:
    """What an answer may refer to, by what stands in it. All values are ids of Files.

    `passages` are by the two numbers of a marker, `files` by names in `/mnt/data`, `earlier` are
    whole markers that stood in earlier answers.
    """

    passages: dict[tuple[int, int], str] = field(default_factory=dict[tuple[int, int], str])
    files: dict[str, str] = field(default_factory=dict[str, str])
    earlier: dict[str, str] = field(default_factory=dict[str, str])
    _names: dict[str, str] = field(default_factory=dict[str, str])

    def __bool__(self) -> bool:
        return bool(self.passages or self.files or self.earlier)

    def add_search(self, search: int, results: Iterable[Json]) -> None:
        """What a search found, as a Run Step has it."""
        for number, result in enumerate(results):
            self.passages[search, number] = result["file_id"]
            self._names[_fit(result["file_name"])] = result["file_id"]

    def cited(self, match: re.Match[str]) -> str | None:
        """The File that a marker names: by its numbers, as it stood before, or by its name."""
        numbers = int(match[1]), int(match[2])
        return self.passages.get(numbers) or self.earlier.get(match[0]) or self._names.get(match[3])


class Citing:
    """Finds what a text refers to while it grows."""

    def __init__(self, sources: Sources) -> None:
        self._cited = sources.cited
        names = {spelt: file for name, file in sources.files.items() for spelt in _spellings(name)}
        self._files = dict(sorted(names.items(), key=lambda item: -len(item[0])))
        self._rest = ""
        """The end of the text, which may be the beginning of something."""
        self._at = 0
        """How many code points stand before it."""
        self.annotations: list[Json] = []

    def feed(self, piece: str) -> list[Json]:
        """Annotations that are certain now that this was added."""
        self._rest += piece
        return self._scan(final=False)

    def finish(self) -> list[Json]:
        """The last annotations, now that nothing will be added."""
        return self._scan(final=True)

    def _scan(self, *, final: bool) -> list[Json]:
        before = len(self.annotations)
        while True:
            opening = _OPENING.search(self._rest)
            if opening is None:
                self._pass(0 if final else max(0, len(self._rest) - len(MOUNT) + 1))
                break
            self._pass(opening.start())
            length = self._marker(final) if opening[0] == "【" else self._link(final)
            if length is None:
                break
            self._pass(length)
        return self.annotations[before:]

    def _marker(self, final: bool) -> int | None:
        """How many characters to go on by; None where more text is needed."""
        match = _MARKER.match(self._rest)
        if match is None:
            maybe = _MAYBE_MARKER.match(self._rest)
            growing = not final and maybe is not None and maybe.end() == len(self._rest)
            return None if growing else 1
        file_id = self._cited(match)
        if file_id is not None:
            self._annotate("file_citation", match[0], file_id)
        return match.end()

    def _link(self, final: bool) -> int | None:
        rest = self._rest[len(MOUNT) :]
        for name, file_id in self._files.items():
            if not final and len(rest) < len(name) + 2 and _could_be(name, rest):
                return None
            if rest.startswith(name) and not _NAME_GOES_ON.match(rest, len(name)):
                self._annotate("file_path", MOUNT + name, file_id)
                return len(MOUNT) + len(name)
        return len(MOUNT)

    def _annotate(self, kind: str, text: str, file_id: str) -> None:
        self.annotations.append(
            {
                "type": kind,
                "text": text,
                "start_index": self._at,
                "end_index": self._at + len(text),
                kind: {"file_id": file_id},
            }
        )

    def _pass(self, characters: int) -> None:
        self._rest = self._rest[characters:]
        self._at += characters


def annotated(text: str, sources: Sources) -> list[Json]:
    """The annotations of a whole text."""
    citing = Citing(sources)
    citing.feed(text)
    citing.finish()
    return citing.annotations


def _could_be(name: str, rest: str) -> bool:
    """Whether text that goes on behind `rest` may be this name and its end."""
    return rest.startswith(name) if len(rest) >= len(name) else name.startswith(rest)


def _spellings(name: str) -> tuple[str, ...]:
    """A file's name as models write it into a link."""
    return tuple(dict.fromkeys((name, quote(name))))


def _fit(filename: str) -> str:
    return _UNFIT.sub("_", filename)[:_LONGEST_NAME]
