"""From a post to a feed entry, and from Markdown lines to what a terminal shows: pure."""

from __future__ import annotations

import re
from typing import Any

from core.chat.messages import Post, Sign

BOLD, DIM, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"

# C0 and C1 but for tab and line feed, and what reorders the letters of a line.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# Never looks beyond the next two asterisks: a model may write a very long line.
_STRONG = re.compile(r"\*\*(?=[^\s*])((?:[^*]|\*(?!\*))*?)(?<=[^\s*])\*\*")
_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")


def entry(post: Post, files: list[str]) -> dict[str, Any]:
    """The feed entry of a post; `files` are the paths where its files were put."""
    return {
        "kind": "post",
        "part": post.part_id,
        "text": post.text,
        "turn": list(post.turn),
        "final": post.final,
        "last": post.kind == "notice" or (bool(post.controls) and post.kind == "answer"),
        "asks": post.about if post.kind == "approval" and post.controls else "",
        "notice": post.kind == "notice",
        "files": files,
    }


def sign_entry(sign: Sign) -> dict[str, Any]:
    """The feed entry of a sign of life."""
    return {
        "kind": "sign",
        "sign": sign.kind,
        "ahead": sign.ahead,
        "sentence": sign.sentence,
        "turn": list(sign.turn),
    }


def sign_line(sign: dict[str, Any]) -> str:
    """What a sign says to a person; empty when there is nothing to say."""
    sentence = " ".join(safe(str(sign["sentence"])).split())
    if sign["sign"] == "waiting" and sentence:
        return sentence
    if sign["sign"] == "waiting":
        ahead = int(sign["ahead"])
        if ahead == 0:
            return "waiting for the model: you are next"
        return f"waiting for the model: {ahead} before you"
    if sign["sign"] == "troubled":
        return f"{sentence} Your message is kept, and I try again.".strip()
    return ""


def safe(text: str) -> str:
    """The text without control characters: nothing a model writes moves the cursor, sets the
    title, or shows a line's letters in another order."""
    return _CONTROL.sub("", text)


class Markdown:
    """Shows Markdown line by line; remembers whether it stands inside a code fence."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour
        self._fence = ""

    def line(self, text: str) -> str:
        """One line as a terminal shows it."""
        text = safe(text)
        bare = text.lstrip()
        mark = bare[:3]
        if mark in ("```", "~~~") and (not self._fence or mark == self._fence):
            self._fence = "" if self._fence else mark
            return self._styled(DIM, text)
        if self._fence or not self._colour:
            return text if self._fence or self._colour else _unmarked(text)
        if bare.startswith("#"):
            return self._styled(BOLD, bare.lstrip("#").strip())
        text = _STRONG.sub(rf"{BOLD}\1{PLAIN}", text)
        return _CODE.sub(rf"{BOLD}\1{PLAIN}", text)

    def _styled(self, style: str, text: str) -> str:
        return f"{style}{text}{PLAIN}" if self._colour else text


def _unmarked(text: str) -> str:
    """Plain text of a line for a pipe: emphasis off, the words kept."""
    return _STRONG.sub(r"\1", text)
