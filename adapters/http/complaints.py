"""What is wrong with a body, in the API's words: one sentence, the path of the field, a code.

Source of the sentences: the API's own error bodies (`Missing required parameter: 'model'.`,
`Unknown parameter: 'x'.`, `Invalid type for 'x': expected a string, but got an integer instead.`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from core.engine import limits
from core.errors import InvalidRequest

TAG: Final = "@"
"""What the names of alternatives begin with, so that they are told from the names of fields."""

UNLISTED: Final = "@-"
"""What the names of alternatives begin with that no message lists."""

REFUSED: Final = "refused"
"""The type of an error that brings its own sentence."""

INVALID_TYPE: Final = "invalid_type"
"""The type of an error whose context says what was expected."""

_EXPECTED: Final = {
    "string_type": "a string",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a decimal",
    "bool_type": "a boolean",
    "list_type": "an array",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "union_tag_not_found": "an object",
}
_KEY: Final = "[key]"
"""Where pydantic says that the key is wrong, not the value: the object is told then."""

_QUOTED: Final = re.compile(r"'([^']*)'")
_SHOWN: Final = 200
"""Characters of a wrong value that are said back."""


def complaint(error: ValidationError) -> InvalidRequest:
    """The first of what pydantic found."""
    details = error.errors(include_url=False)[0]
    location = details["loc"]
    if location[-1:] == (_KEY,) and details["input"] == location[-2]:
        location = location[:-2]
    path = path_of(location)
    kind = details["type"]
    if kind == "missing":
        return missing(path)
    if kind == "extra_forbidden":
        path = f"{path_of(details['loc'][:-1])}.{details['loc'][-1]}".removeprefix(".")
        return InvalidRequest(f"Unknown parameter: '{path}'.", param=path, code="unknown_parameter")
    if kind == REFUSED:
        return InvalidRequest(
            f"Invalid '{path}': {details['msg']}", param=path, code="invalid_value"
        )
    if kind == INVALID_TYPE:
        return wrong_type(path, details.get("ctx", {})["expected"], details["input"])
    if kind in ("union_tag_invalid", "union_tag_not_found", "literal_error"):
        return _alternative(path, details)
    if kind in _EXPECTED:
        return wrong_type(path, _EXPECTED[kind], details["input"])
    return _outside(path, details)


def path_of(location: tuple[int | str, ...]) -> str:
    """`tools[0].function.name`, without the names of alternatives."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not part.startswith(TAG):
            path += f".{part}" if path else part
    return path


def missing(path: str) -> InvalidRequest:
    """A field that has to be there is not."""
    return InvalidRequest(
        f"Missing required parameter: '{path}'.", param=path, code="missing_required_parameter"
    )


def wrong_type(path: str, expected: str, value: object) -> InvalidRequest:
    """A value of another JSON type; `expected` with its article."""
    return InvalidRequest(
        f"Invalid type for '{path}': expected {expected}, but got {_type_of(value)} instead.",
        param=path,
        code="invalid_type",
    )


def not_one_of(path: str, value: str, supported: list[str]) -> InvalidRequest:
    """A value that is not among the supported ones."""
    names = [f"'{name}'" for name in supported]
    if len(names) > 2:
        names = [f"{', '.join(names[:-1])},", names[-1]]
    verb = "Supported values are" if len(supported) > 1 else "The supported value is"
    return InvalidRequest(
        f"Invalid value: '{value[:_SHOWN]}'. {verb}: {' and '.join(names)}.",
        param=path,
        code="invalid_value",
    )


def _alternative(path: str, details: ErrorDetails) -> InvalidRequest:
    """A value that is none of the alternatives: of a literal, or of objects told by `type`."""
    value = details["input"]
    if details["type"] == "literal_error":
        supported = _QUOTED.findall(details.get("ctx", {})["expected"])
    elif not isinstance(value, dict):
        return wrong_type(path, "an object", value)
    else:
        path = f"{path}.type" if path else "type"
        fields = cast("dict[str, Any]", value)
        if "type" not in fields:
            return missing(path)
        value = fields["type"]
        tags = _QUOTED.findall(details.get("ctx", {}).get("expected_tags", ""))
        supported = [tag.removeprefix(TAG) for tag in tags if not tag.startswith(UNLISTED)]
    if not isinstance(value, str):
        return wrong_type(path, "a string", value)
    return not_one_of(path, value, supported)


def _outside(path: str, details: ErrorDetails) -> InvalidRequest:
    """A value of the right type outside the limits."""
    say = _SENTENCES.get(details["type"])
    if say is not None:
        return say(path, details.get("ctx", {}), details["input"])
    return InvalidRequest(f"Invalid '{path}': {details['msg']}.", param=path, code="invalid_value")


def _too_many(path: str, context: dict[str, Any], value: Any) -> InvalidRequest:
    say = limits.too_many_properties if isinstance(value, dict) else limits.too_many
    return say(path, context["max_length"], len(cast("list[Any]", value)))


_SENTENCES: Final[dict[str, Callable[[str, dict[str, Any], Any], InvalidRequest]]] = {
    "string_too_long": lambda path, told, value: limits.too_long(
        path, told["max_length"], len(value)
    ),
    "string_too_short": lambda path, told, value: limits.too_short(
        path, told["min_length"], len(value)
    ),
    "too_long": _too_many,
    "too_short": lambda path, _told, _value: limits.empty(path),
    "greater_than_equal": lambda path, told, value: limits.below(path, told["ge"], value),
    "less_than_equal": lambda path, told, value: limits.above(path, told["le"], value),
    "string_pattern_mismatch": lambda path, told, _value: limits.unlike(path, told["pattern"]),
}
"""Sentences by pydantic's types of errors, of the path, what pydantic tells, and the value."""


def _type_of(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a decimal"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"
