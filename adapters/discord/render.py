"""From a post of a reply to what Discord's REST API takes: pure.

Sources: https://docs.discord.com/developers/resources/message#create-message (2000 characters,
nonce of 25, allowed mentions), /components/reference#button (custom id of 100).
"""

from __future__ import annotations

import re
from base64 import b32encode
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final, cast

from adapters.discord.markdown import drawn
from core.chat.messages import Control, OutFile, Post

Json = dict[str, Any]

MOST_CHARS: Final = 1_900
"""Characters of one post; Discord takes 2000, and what is left is for sentences about files."""

MOST_PARTS: Final = 5
"""Posts of one answer (9,500 characters). One that takes more ends in a file after four of them;
five is also what a private answer may have where the bot is no member, beside its first one."""

_MOST_CONTENT: Final = 2_000

MOST_FILES: Final = 10
MOST_FILE_BYTES: Final = 10 * 1024 * 1024
"""Bytes of one file, in guilds without boosts."""
MOST_REQUEST_BYTES: Final = 24 * 1024 * 1024

_MOST_LOST: Final = 50
"""Characters of the names of files that are left out."""

_MOST_NAME: Final = 200
_NO_NAME: Final = re.compile(r'[\x00-\x1f\x7f-\x9f"\u202a-\u202e\u2066-\u2069]')
"""What cannot stand in the name of a file, or would show it as another one."""

_MOST_CUSTOM_ID: Final = 100

ALONE: Final = 64
"""Flag of what one person alone sees."""
_NO_PREVIEWS: Final = 4

QUIET: Final[Json] = {"parse": [], "replied_user": False}
"""Nobody is ever pinged by what we write."""

_LABELS: Final[dict[str, tuple[str, int]]] = {
    "stop": ("Stop", 2),
    "regenerate": ("Regenerate", 2),
    "new": ("New session", 2),
    "work": ("Show work", 2),
    "approve": ("Approve", 3),
    "deny": ("Deny", 4),
    "forget": ("Forget it", 4),
}


_MENUS: Final[dict[str, str]] = {"resume": "Go back to a session"}
_MOST_OPTIONS: Final = 25
_MOST_LABEL: Final = 100


def message(post: Post, *, stoppable: bool = False) -> Json:
    """A new message. `stoppable`: it still grows and can be stopped."""
    return {
        "content": content(post),
        "components": components(post, stoppable=stoppable),
        "allowed_mentions": QUIET,
        "flags": _NO_PREVIEWS,
        "nonce": nonce(post.part_id),
        "enforce_nonce": True,
    }


def change(post: Post, *, stoppable: bool = False) -> Json:
    """What an edit sets. The files of the post take the place of all that was attached, so that a
    repeat attaches nothing twice and nothing of an earlier answer stays."""
    attached = enumerate(files(post))
    return {
        "content": content(post),
        "components": components(post, stoppable=stoppable),
        "attachments": [{"id": number, "filename": file.name} for number, file in attached],
        "allowed_mentions": QUIET,
    }


def content(post: Post) -> str:
    """The text, and a sentence about the files that Discord would not take."""
    fitting = _fitting(post)
    lost = ", ".join(file.name for file in post.files if file not in fitting)
    if len(lost) > _MOST_LOST:
        lost = lost[:_MOST_LOST] + "…"
    sentence = f"(I left out {lost}: too large for Discord.)" if lost else ""
    text = drawn(post.text, _MOST_CONTENT - len(sentence) - 1)
    return f"{text}\n{sentence}".strip() or ("" if post.files else "…")


def files(post: Post) -> list[OutFile]:
    """Files that fit, under names that can stand in a header."""
    return [replace(file, name=_file_name(file.name)) for file in _fitting(post)]


def _fitting(post: Post) -> list[OutFile]:
    found: list[OutFile] = []
    total = 0
    for file in post.files[:MOST_FILES]:
        if len(file.data) <= MOST_FILE_BYTES and total + len(file.data) <= MOST_REQUEST_BYTES:
            found.append(file)
            total += len(file.data)
    return found


def _file_name(name: str) -> str:
    last = _NO_NAME.sub("", name.replace("\\", "/").rsplit("/", maxsplit=1)[-1]).strip()
    return last[-_MOST_NAME:] or "file"


def nonce(part_id: str) -> str:
    """25 characters that are the same for the same part: sent twice, it appears once."""
    return _digest(part_id, 25)


def tag(part_id: str) -> str:
    """What marks the buttons of a part."""
    return _digest(part_id, 12)


def components(post: Post, *, stoppable: bool = False) -> list[Json]:
    """The buttons, in rows of at most five."""
    names: tuple[Control, ...] = ("stop",) if stoppable and not post.final else post.controls
    mark = tag(post.part_id)
    buttons: list[Json] = []
    for name in names:
        if name == "feedback":
            buttons += [
                _button("feedback", mark, f"good {post.about}".strip(), emoji="👍"),
                _button("feedback", mark, f"bad {post.about}".strip(), emoji="👎"),
            ]
        elif name in _LABELS:
            buttons.append(_button(name, mark, post.about))
    rows = [buttons[at : at + 5] for at in range(0, len(buttons), 5)]
    if post.choices:
        rows.append([_menu(post, mark)])
    return [{"type": 1, "components": row} for row in rows]


def _button(verb: str, mark: str, about: str, *, emoji: str = "") -> Json:
    label, style = _LABELS.get(verb, ("", 2))
    shown: Json = {"emoji": {"name": emoji}} if emoji else {"label": label}
    name = f"bobbin:{verb}:{mark}:{about}"
    if len(name) > _MOST_CUSTOM_ID:  # whoever carries it out takes the newest answer then
        name = f"bobbin:{verb}:{mark}:{about.split(' ')[0] if emoji else ''}"
    return {"type": 2, "style": style, "custom_id": name, **shown}


def _menu(post: Post, mark: str) -> Json:
    """A list to choose one thing from."""
    options = [
        {"label": one.label[:_MOST_LABEL], "value": one.argument}
        for one in post.choices[:_MOST_OPTIONS]
    ]
    return {
        "type": 3,
        "custom_id": f"bobbin:{post.chooses}:{mark}:",
        "placeholder": _MENUS[post.chooses],
        "options": options,
    }


def pressed(custom_id: str) -> tuple[str, str] | None:
    """Verb and argument of a button or list of ours; None for others."""
    parts = custom_id.split(":", 3)
    known = (*_LABELS, *_MENUS, "feedback")
    if len(parts) != 4 or parts[0] != "bobbin" or parts[1] not in known:
        return None
    return parts[1], parts[3]


def tags_of(found: Json) -> frozenset[str]:
    """The marks of the buttons under a message."""
    names = (name.split(":", 3) for name in _custom_ids(found))
    return frozenset(one[2] for one in names if len(one) == 4 and one[0] == "bobbin")


def says(found: Json, body: Json, attached: int) -> bool:
    """Whether a message is as `body` and so many files would have it, as far as it tells."""
    attachments = found.get("attachments")
    return (
        found.get("content", body["content"]) == body["content"]
        and (attachments is None or len(attachments) == attached)
        and _custom_ids({**body, **found}) == _custom_ids(body)
    )


def _custom_ids(found: Json) -> list[str]:
    rows = cast("list[Json]", found.get("components") or [])
    return [
        str(button.get("custom_id") or "")
        for row in rows
        for button in cast("list[Json]", row.get("components") or [])
    ]


def _digest(name: str, length: int) -> str:
    return b32encode(blake2b(name.encode(), digest_size=16).digest()).decode()[:length].lower()
