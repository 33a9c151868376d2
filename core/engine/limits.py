"""The API's limits as numbers, and the sentences that say that one was crossed. Pure.

Source of the numbers: the Assistants API reference, v2 (request schemas); of the sentences and
codes: its error bodies. `param` is the path of the field (`messages[3].content`).
"""

from __future__ import annotations

from typing import Final

from core.errors import InvalidRequest

METADATA_PAIRS: Final = 16
METADATA_KEY: Final = 64
METADATA_VALUE: Final = 512
MODEL: Final = 256
NAME: Final = 256
DESCRIPTION: Final = 512
INSTRUCTIONS: Final = 256_000
TEXT: Final = 256_000
TOOLS_OF_ASSISTANT: Final = 128
TOOLS_OF_RUN: Final = 20
MESSAGES_OF_THREAD: Final = 32
LEAST_TOKENS: Final = 256
TEMPERATURE: Final = 2.0
TOP_P: Final = 1.0
PAGE: Final = 100
LARGEST: Final = 2**53 - 1
"""Beyond this, JSON's numbers lose digits in many clients (RFC 8259, 6)."""

TOOL_NAME: Final = r"^[a-zA-Z0-9_-]{1,64}$"
"""What functions and answer schemas may be called."""


def too_long(param: str, most: int, size: int) -> InvalidRequest:
    """A string of `size` characters where `most` are allowed."""
    return _refusal(
        param,
        f"string too long. Expected a string with maximum length {most}, but got a string with "
        f"length {size} instead.",
        "string_above_max_length",
    )


def too_short(param: str, least: int, size: int) -> InvalidRequest:
    """A string of `size` characters where `least` are needed."""
    if not size:
        return _refusal(
            param,
            f"empty string. Expected a string with minimum length {least}, but got an empty "
            "string instead.",
            "empty_string",
        )
    return _refusal(
        param,
        f"string too short. Expected a string with minimum length {least}, but got a string with "
        f"length {size} instead.",
        "string_below_min_length",
    )


def too_many(param: str, most: int, size: int) -> InvalidRequest:
    """An array of `size` values where `most` are allowed."""
    return _refusal(
        param,
        f"array too long. Expected an array with maximum length {most}, but got an array with "
        f"length {size} instead.",
        "array_above_max_length",
    )


def empty(param: str) -> InvalidRequest:
    """An array without values."""
    return _refusal(
        param,
        "empty array. Expected an array with minimum length 1, but got an empty array instead.",
        "empty_array",
    )


def too_many_properties(param: str, most: int, size: int) -> InvalidRequest:
    """An object of `size` properties where `most` are allowed."""
    return _refusal(
        param,
        f"too many properties. Expected an object with at most {most} properties, but got an "
        f"object with {size} properties instead.",
        "object_above_max_properties",
    )


def below(param: str, least: float, value: float) -> InvalidRequest:
    """A number that is too small; both are integers, or the bound is a float."""
    return _out(param, least, value, "below minimum value", ">=", "below_min")


def above(param: str, most: float, value: float) -> InvalidRequest:
    """A number that is too large; both are integers, or the bound is a float."""
    return _out(param, most, value, "above maximum value", "<=", "above_max")


def unlike(param: str, pattern: str) -> InvalidRequest:
    """A string of another form."""
    return _refusal(
        param,
        f"string does not match pattern. Expected a string that matches the pattern '{pattern}'.",
        "invalid_value",
    )


def _out(
    param: str, bound: float, value: float, where: str, sign: str, code: str
) -> InvalidRequest:
    kind = "decimal" if isinstance(bound, float) else "integer"
    return _refusal(
        param,
        f"{kind} {where}. Expected a value {sign} {bound:.20g}, but got {value} instead.",
        f"{kind}_{code}_value",
    )


def _refusal(param: str, problem: str, code: str) -> InvalidRequest:
    return InvalidRequest(f"Invalid '{param}': {problem}", param=param, code=code)
