"""What an endpoint turned out not to take, remembered for each model.

An endpoint that names a parameter in a refusal is asked again without it, and from then on never
gets it. Each lesson removes something from the request for good, so this comes to an end.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from adapters.openai.faults import SEES_NOTHING, Complaint, Rejected
from adapters.openai.wire import as_list, as_object

WITHOUT = "without "
"""Lesson: the parameter named behind this is not sent."""

FORMAT_OBJECT = "format as json_object"
"""Lesson: no `json_schema`; the schema goes into the instructions."""

FORMAT_IN_WORDS = "format in words"
"""Lesson: no response format at all; the instructions ask for it."""

SYSTEM_AS_USER = "system as user"
"""Lesson: no system role; the instructions stand before the first user message."""

REASONING_BACK = "reasoning back"
"""Lesson: wants its `reasoning_content` back with the tool calls that it led to."""

NO_PICTURES = "no pictures"
"""Lesson: sees none; words stand in their places."""

NO_REASONING_ITEMS = "no reasoning items"
"""Lesson for one call only: these reasoning items were made under another key or model."""

_REFUSES = re.compile(
    r"unsupported|not support|unknown|unrecogni[sz]ed|unexpected|extra[ _]|not permitted"
    r"|not allowed|no longer|deprecated|cannot find field|unavailable|incompatible"
    r"|only the default|not implemented",
    re.IGNORECASE,
)
_FORMAT_WORDS = re.compile(
    r"response_format|json_schema|text\.format|\bschema\b|grammar", re.IGNORECASE
)
_SYSTEM_WORDS = re.compile(r"system role|role:? ?['\"]?system|system messages?", re.IGNORECASE)
_REASONING_WANTED = re.compile(r"reasoning_content.*(must|missing|required|pass)", re.IGNORECASE)
_STALE_REASONING = re.compile(
    r"invalid_encrypted_content|encrypted content.*(verif|decrypt|pars)|item.*rs_.*not found",
    re.IGNORECASE,
)


class LessonBook:
    """Lessons by model name; one book an endpoint."""

    def __init__(self) -> None:
        self._by_model: dict[str, frozenset[str]] = {}

    def of(self, model: str) -> frozenset[str]:
        """This model's lessons, none at first."""
        return self._by_model.get(model, frozenset())

    def learn(self, model: str, lesson: str) -> None:
        """Remember it, unless it is good for one call only."""
        if lesson != NO_REASONING_ITEMS:
            self._by_model[model] = self.of(model) | {lesson}


def trimmed(body: dict[str, Any], lessons: Collection[str]) -> dict[str, Any]:
    """`body` without the parameters that the model does not take."""
    return {name: value for name, value in body.items() if WITHOUT + name not in lessons}


def lesson_from(rejected: Rejected, body: dict[str, Any], removable: Iterable[str]) -> str | None:
    """What to do otherwise after this refusal of `body`; None where nothing helps.

    `removable` are the parameters that may be left out; of these only what `body` has counts.
    """
    complaint = rejected.complaint
    if _STALE_REASONING.search(complaint.words) and _has_reasoning(body):
        return NO_REASONING_ITEMS
    if _REASONING_WANTED.search(complaint.message):
        return REASONING_BACK
    if SEES_NOTHING.search(complaint.message) and _has_pictures(body):
        return NO_PICTURES
    named = _named(complaint, [name for name in removable if name in body])
    if _disliked_format(complaint, body, named):
        return FORMAT_OBJECT if _format_type(body) == "json_schema" else FORMAT_IN_WORDS
    if named is not None:
        return WITHOUT + named
    if _SYSTEM_WORDS.search(complaint.message) and _REFUSES.search(complaint.message):
        return SYSTEM_AS_USER
    return None


def _named(complaint: Complaint, candidates: list[str]) -> str | None:
    """The parameter that the complaint is about, if it says that it is not supported."""
    if not _REFUSES.search(complaint.words):
        return None
    top = re.split(r"[.\[]", complaint.param, maxsplit=1)[0]
    if top in candidates:
        return top
    for name in candidates:
        quoted = rf"['\"`/.]{name}\b|\b{name}['\"`:]"
        spoken = rf"\b{name} (is|are|does) " if "_" in name or name == "temperature" else quoted
        if re.search(f"{quoted}|{spoken}", complaint.message):
            return name
    return None


def _disliked_format(complaint: Complaint, body: dict[str, Any], named: str | None) -> bool:
    if not _format_type(body):
        return False
    if named in {"response_format", "text"}:
        return True
    return named is None and bool(
        _FORMAT_WORDS.search(complaint.words) and _REFUSES.search(complaint.words)
    )


def _format_type(body: dict[str, Any]) -> str:
    chosen: Any = body.get("response_format") or body.get("text", {}).get("format") or {}
    return str(chosen.get("type", ""))


def _has_pictures(body: dict[str, Any]) -> bool:
    """In the last message or an earlier one, in either protocol."""
    said = as_list(body.get("messages") or body.get("input"))
    parts = (part for item in said for part in as_list(as_object(item).get("content")))
    return any(as_object(part).get("type") in ("image_url", "input_image") for part in parts)


def _has_reasoning(body: dict[str, Any]) -> bool:
    return any(item.get("type") == "reasoning" for item in body.get("input", ()))
