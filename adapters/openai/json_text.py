"""Reads a JSON object while it is being written: the values of its fields, piece by piece.

Tolerant where models are careless: a Markdown fence around the object, raw line breaks within
strings, a backslash that escapes nothing (LaTeX). `\\f` and `\\b` are taken for the beginning of
LaTeX commands such as `\\frac` and `\\beta`, which models often write unescaped, since nobody means
a form feed or a backspace.
"""

from __future__ import annotations

import re
from enum import Enum, auto

_SPECIAL = re.compile(r'["\\]')
_SCALAR_END = re.compile(r"[,}\]\s]")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "n": "\n", "r": "\r", "t": "\t"}
_FENCE = "```"


class _At(Enum):
    START = auto()
    KEY = auto()
    COLON = auto()
    VALUE = auto()
    STRING = auto()
    RAW = auto()
    NEXT = auto()
    END = auto()
    PROSE = auto()


class JsonFields:
    """Feed it text; it gives (field, piece) pairs: strings decoded, other values as their JSON.

    A field that begins gives an empty piece at once. Text that is no object comes out as it is,
    under the field "" (see `is_prose`).
    """

    def __init__(self) -> None:
        self._at = _At.START
        self._rest = ""
        self._key = ""
        self._depth = 0
        self._quoted = False
        self._high = ""
        """The first half of a character that JSON writes as two escapes."""

    @property
    def is_prose(self) -> bool:
        """Whether this turned out not to be a JSON object."""
        return self._at is _At.PROSE

    @property
    def complete(self) -> bool:
        """Whether the object has ended."""
        return self._at is _At.END

    def feed(self, text: str) -> list[tuple[str, str]]:
        """What `text` adds."""
        self._rest += text
        pieces: list[tuple[str, str]] = []
        while self._step(pieces):
            pass
        return pieces

    def end(self) -> list[tuple[str, str]]:
        """What was held back when the text is over."""
        rest, self._rest = self._rest, ""
        if self._at is _At.START and rest.strip():
            self._at = _At.PROSE
            return [("", rest)]
        if self._at is _At.PROSE:
            return [("", rest)] if rest else []
        return [(self._key, "\ufffd")] if self._high and self._at is _At.STRING else []

    def _step(self, pieces: list[tuple[str, str]]) -> bool:
        """Use up a part of what there is; False where more text is needed."""
        at = self._at
        if at is _At.START:
            return self._start()
        if at is _At.PROSE:
            if self._rest:
                pieces.append(("", self._rest))
                self._rest = ""
            return False
        if at is _At.END:
            self._rest = ""
            return False
        if at is _At.STRING:
            return self._string(pieces)
        if at is _At.RAW:
            return self._raw(pieces)
        self._rest = self._rest.lstrip()
        return bool(self._rest) and self._between(pieces)

    def _start(self) -> bool:
        body = self._rest.lstrip()
        if body.startswith("{"):
            self._rest, self._at = body[1:], _At.KEY
            return True
        if not body or (len(body) < len(_FENCE) and _FENCE.startswith(body)):
            return False
        if body.startswith(_FENCE):
            line, newline, after = body.partition("\n")
            if not newline and "{" not in line:
                return False
            if line[len(_FENCE) :].strip() in {"", "json"} and newline:
                if not after.lstrip():
                    return False
                if after.lstrip().startswith("{"):
                    self._rest = after
                    return True
        self._at = _At.PROSE
        return True

    def _between(self, pieces: list[tuple[str, str]]) -> bool:
        char, after = self._rest[0], self._rest[1:]
        if self._at is _At.KEY:
            return self._read_key(char)
        if self._at is _At.COLON:
            self._at = _At.VALUE
            self._rest = after if char == ":" else self._rest
            return True
        if self._at is _At.VALUE:
            pieces.append((self._key, ""))
            self._depth, self._quoted = 0, False
            self._at = _At.STRING if char == '"' else _At.RAW
            self._rest = after if char == '"' else self._rest
            return True
        self._at = _At.END if char == "}" else _At.KEY
        self._rest = after
        return True

    def _read_key(self, char: str) -> bool:
        if char != '"':
            self._at = _At.END if char == "}" else _At.KEY
            self._rest = self._rest[1:]
            return True
        end = self._rest.find('"', 1)
        if end < 0:
            return False
        self._key, self._rest, self._at = self._rest[1:end], self._rest[end + 1 :], _At.COLON
        return True

    def _string(self, pieces: list[tuple[str, str]]) -> bool:
        match = _SPECIAL.search(self._rest)
        plain = self._rest if match is None else self._rest[: match.start()]
        self._rest = self._rest[len(plain) :]
        self._say(pieces, plain)
        if match is None:
            return False
        if match.group() == '"':
            self._say(pieces, "", flush=True)
            self._rest, self._at = self._rest[1:], _At.NEXT
            return True
        return self._escape(pieces)

    def _escape(self, pieces: list[tuple[str, str]]) -> bool:
        if len(self._rest) < 2:
            return False
        code = self._rest[1]
        if code != "u":
            self._rest = self._rest[2:]
            self._say(pieces, _ESCAPES.get(code, "\\" + code))
            return True
        digits = self._rest[2:6]
        if len(digits) < 4 and re.fullmatch(r"[0-9a-fA-F]*", digits):
            return False
        if re.fullmatch(r"[0-9a-fA-F]{4}", digits):
            self._rest = self._rest[6:]
            self._say(pieces, chr(int(digits, 16)))
        else:
            self._rest = self._rest[2:]
            self._say(pieces, "\\u")
        return True

    def _say(self, pieces: list[tuple[str, str]], text: str, *, flush: bool = False) -> None:
        """Give out text, with the halves of surrogate pairs joined."""
        if not text and not flush:
            return
        if self._high:
            whole = "\ufffd" + text
            if len(text) == 1 and "\udc00" <= text <= "\udfff":
                pair = (self._high + text).encode("utf-16", "surrogatepass")
                whole = pair.decode("utf-16")
            text, self._high = whole, ""
        if len(text) == 1 and "\ud800" <= text <= "\udbff":
            self._high = text
            return
        if text:
            pieces.append((self._key, re.sub("[\ud800-\udfff]", "\ufffd", text)))

    def _raw(self, pieces: list[tuple[str, str]]) -> bool:
        for place, char in enumerate(self._rest):
            if self._quoted:
                if self._high:
                    self._high = ""
                elif char == "\\":
                    self._high = char
                elif char == '"':
                    self._quoted = False
            elif char == '"':
                self._quoted = True
            elif char in "{[":
                self._depth += 1
            elif self._depth == 0 and _SCALAR_END.match(char):
                return self._raw_ends(pieces, place)
            elif char in "}]":
                self._depth -= 1
                if self._depth == 0:
                    return self._raw_ends(pieces, place + 1)
        if self._rest:
            pieces.append((self._key, self._rest))
            self._rest = ""
        return False

    def _raw_ends(self, pieces: list[tuple[str, str]], place: int) -> bool:
        if place:
            pieces.append((self._key, self._rest[:place]))
        self._rest, self._at = self._rest[place:], _At.NEXT
        return True
