"""Which files a search may look at, by their attributes. Pure.

Values are compared only with values of their own kind: text with text (by code points), numbers
with numbers, booleans with booleans. `ne` and `nin` are the negations of `eq` and `in`, so they
also hold for a file without that attribute; every other comparison does not.

Source: the API reference, `ComparisonFilter` and `CompoundFilter`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from core.assistants import Json
from core.engine.searching import Attributes
from core.errors import InvalidRequest

Filter = Callable[[Attributes], bool]

MOST_CONDITIONS: Final = 100
"""Conditions of one filter: each is looked at for each file."""

_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_LISTS: Final = ("in", "nin")
_COMPARISONS: Final = ("eq", "ne", *_ORDER, *_LISTS)
_COMPOUNDS: Final = ("and", "or")


def filter_of(filters: Json, param: str = "filters") -> Filter:
    """The filter as a function. Raises InvalidRequest."""
    reader = _Reader()
    return reader.read(filters, param)


class _Reader:
    def __init__(self) -> None:
        self._conditions = 0

    def read(self, value: Any, param: str) -> Filter:
        if not isinstance(value, dict):
            raise _invalid(param, "expected an object")
        fields = cast("Json", value)
        self._conditions += 1
        if self._conditions > MOST_CONDITIONS:
            raise _invalid(param, f"more than {MOST_CONDITIONS} conditions")
        kind = fields.get("type")
        if kind in _COMPOUNDS:
            _only(fields, param, "type", "filters")
            return self._compound(kind, fields.get("filters"), f"{param}.filters")
        if kind in _COMPARISONS:
            _only(fields, param, "type", "key", "value")
            return _comparison(kind, fields, param)
        names = ", ".join(f"'{name}'" for name in (*_COMPARISONS, *_COMPOUNDS[:1]))
        raise InvalidRequest(
            f"Invalid value: '{str(kind)[:100]}'. Supported values are: {names}, and "
            f"'{_COMPOUNDS[1]}'.",
            param=f"{param}.type",
            code="invalid_value",
        )

    def _compound(self, kind: str, parts: Any, param: str) -> Filter:
        if not isinstance(parts, list):
            raise _invalid(param, "expected an array of filters")
        inner = [
            self.read(one, f"{param}[{number}]")
            for number, one in enumerate(cast("list[Any]", parts))
        ]
        if not inner:
            raise _invalid(param, "expected at least one filter")
        if kind == "and":
            return lambda attributes: all(one(attributes) for one in inner)
        return lambda attributes: any(one(attributes) for one in inner)


def _comparison(kind: str, fields: Json, param: str) -> Filter:
    key, value = fields.get("key"), fields.get("value")
    if not isinstance(key, str):
        raise _invalid(f"{param}.key", "expected a string")
    if kind in _LISTS:
        if not isinstance(value, list):
            raise _invalid(f"{param}.value", f"'{kind}' compares with an array")
        values = cast("list[Any]", value)
        if not all(_kind(one) in (str, float) for one in values):
            raise _invalid(f"{param}.value", "expected an array of strings and numbers")
        known = {(_kind(one), one) for one in values}
        wanted = kind == "in"
        return lambda attributes: (
            (key in attributes and (_kind(attributes[key]), attributes[key]) in known) == wanted
        )
    own = _kind(value)
    if own is None:
        raise _invalid(f"{param}.value", f"'{kind}' compares with a string, number or boolean")
    if kind in _ORDER:
        if own is bool:
            raise _invalid(f"{param}.value", f"'{kind}' compares with a string or a number")
        compare, limit = _ORDER[kind], cast("Any", value)
        return lambda attributes: (
            key in attributes and _kind(attributes[key]) is own and compare(attributes[key], limit)
        )
    equal = kind == "eq"
    return lambda attributes: (
        (key in attributes and _kind(attributes[key]) is own and attributes[key] == value) == equal
    )


def _kind(value: Any) -> type | None:
    """What a value may be compared with: text, numbers (whole or not), booleans."""
    if isinstance(value, bool):
        return bool
    if isinstance(value, int | float):
        return float
    return str if isinstance(value, str) else None


def _only(fields: Json, param: str, *names: str) -> None:
    for name in fields:
        if name not in names:
            raise InvalidRequest(
                f"Unknown parameter: '{param}.{name[:100]}'.",
                param=f"{param}.{name[:100]}",
                code="unknown_parameter",
            )
    for name in names:
        if name not in fields:
            raise InvalidRequest(
                f"Missing required parameter: '{param}.{name}'.",
                param=f"{param}.{name}",
                code="missing_required_parameter",
            )


def _invalid(param: str, what: str) -> InvalidRequest:
    return InvalidRequest(f"Invalid '{param}': {what}.", param=param, code="invalid_value")
