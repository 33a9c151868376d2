"""What a model is told of a call: results as text, errors in one line, nothing secret: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic_core import PydanticSerializationError, to_json

MOST = 32_000
"""Characters of an output; what is behind them is left out, and the text says so."""

LONGEST_REASON = 300
"""Characters of an error's own words."""

SHORTEST_SECRET = 6
"""Shorter values are words that occur by chance."""

HIDDEN = "***"

_LOOKS_SECRET = re.compile(
    r"""
    (?<=://)[^/\s@]+:[^/\s@]+(?=@)                               # user:password@ in a URL
    | \b(?:sk|pk|rk|xox[abeprs]|ghp|gho|glpat|xapp)[-_][\w-]{8,} # keys by how they begin
    | \beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*                          # JSON web tokens
    | \bAKIA[0-9A-Z]{12,}                                        # access keys
    | (?<=[Bb]earer\s)[\w.~+/=-]{8,}
    | (?i:(?<=password=)|(?<=passwd=)|(?<=secret=)|(?<=token=)|(?<=api_key=)|(?<=apikey=))[^\s&;,]+
    """,
    re.VERBOSE,
)


class Unspeakable(Exception):
    """A result that is neither text nor JSON."""


def told(result: object) -> str:
    """A function's result as the model reads it.

    Raises:
        Unspeakable: it is no text and nothing that JSON can say; the text names its type.
    """
    if result is None:
        text = "Done."
    elif isinstance(result, str):
        text = result
    else:
        try:
            text = to_json(result).decode()
        except (PydanticSerializationError, ValueError, TypeError, RecursionError) as error:
            raise Unspeakable(type(result).__name__) from error
    text = text.encode("utf-8", "replace").decode()
    if len(text) <= MOST:
        return text
    return f"{text[:MOST]}\n[… {len(text) - MOST} more characters were left out]"


def reason(error: BaseException, secrets: Iterable[str]) -> str:
    """An error in one line: its type, and its first line with every secret hidden."""
    words = str(error).strip()
    first = hidden(" ".join(words.splitlines()[0].split()) if words else "", secrets)
    if len(first) > LONGEST_REASON:
        first = first[:LONGEST_REASON].rstrip() + "…"
    name = type(error).__name__
    return f"{name}: {first}" if first else name


def hidden(text: str, secrets: Iterable[str]) -> str:
    """The text without these values, and without what looks like a key or a password."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    return _LOOKS_SECRET.sub(HIDDEN, text)
