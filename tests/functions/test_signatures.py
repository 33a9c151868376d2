"""From a Python signature to what a model is told, and from what it wrote to arguments."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, Optional

import jsonschema
import pytest

from adapters.functions.docstrings import read_docstring
from adapters.functions.schema import BadSignature, Parameters, parameters_of, signature_of


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Place:
    name: str
    title: str = "town"


def described(function: Callable[..., Any]) -> Parameters:
    parameters, hints = signature_of(function)
    return parameters_of(parameters, hints, read_docstring(function.__doc__))


def everything(
    text: str,
    count: int,
    share: float,
    sure: bool,
    size: Literal["small", "large"],
    colour: Colour,
    names: list[str],
    prices: dict[str, float],
    place: Place,
    day: date,
    note: Optional[str] = None,  # noqa: UP045  (operators write it both ways)
    more: int | None = None,
    times: int = 3,
) -> None:
    """Everything at once."""


GIVEN = (
    '{"text": "a", "count": 2, "share": 0.5, "sure": true, "size": "small", "colour": "blue", '
    '"names": ["x"], "prices": {"a": 1}, "place": {"name": "Ghent"}, "day": "2026-01-31"}'
)


def test_every_usual_type_has_a_schema_without_references() -> None:
    schema = described(everything).schema
    jsonschema.Draft202012Validator.check_schema(schema)
    assert "$ref" not in str(schema)
    assert "$defs" not in str(schema)
    properties = schema["properties"]
    assert {name: properties[name].get("type") for name in list(properties)[:4]} == {
        "text": "string", "count": "integer", "share": "number", "sure": "boolean",
    }  # fmt: skip
    assert properties["size"]["enum"] == ["small", "large"]
    assert properties["colour"]["enum"] == ["red", "blue"]
    assert properties["names"] == {"type": "array", "items": {"type": "string"}}
    assert set(properties["place"]["properties"]) == {"name", "title"}
    assert properties["times"]["default"] == 3
    assert schema["required"] == [
        "text", "count", "share", "sure", "size", "colour", "names", "prices", "place", "day",
    ]  # fmt: skip
    assert schema["additionalProperties"] is False


def test_arguments_come_as_the_types_that_were_written() -> None:
    given = described(everything).read(GIVEN)
    assert given["colour"] is Colour.BLUE
    assert given["place"] == Place("Ghent")
    assert given["day"] == date(2026, 1, 31)
    assert "times" not in given, "the function's own default holds"
    inspect.signature(everything).bind(**given)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("{}", "count"),
        ("not json", "JSON"),
        ("[]", "object"),
        (GIVEN.replace("0.5", '"much"'), "share"),
        (GIVEN.replace('"blue"', '"pink"'), "colour"),
        (GIVEN.replace('"Ghent"', "7"), "place.name"),
        (GIVEN.replace('"count"', '"user": "eve", "count"'), "user"),
    ],
)
def test_bad_arguments_are_named_in_one_line(arguments: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        described(everything).read(arguments)
    assert "\n" not in str(caught.value)
    assert "pydantic" not in str(caught.value)


def test_no_arguments_may_come_as_nothing_at_all() -> None:
    def ping() -> None:
        """Ping."""

    found = described(ping)
    assert found.schema == {
        "type": "object", "properties": {}, "required": [], "additionalProperties": False,
    }  # fmt: skip
    assert found.read("") == found.read("{}") == {}


def test_descriptions_come_from_annotations_and_from_the_docstring() -> None:
    def forecast(place: Annotated[str, "a town"], days: int = 1, title: str = "") -> str:
        """The weather of the coming days.

        Not for the past.

        Args:
            place: not this one, the annotation wins
            days (int): how many,
                from today
            title: what to call it

        Returns:
            A sentence.
        """
        return f"{place} {days} {title}"

    words = read_docstring(forecast.__doc__)
    assert words.description == "The weather of the coming days.\n\nNot for the past."
    properties = described(forecast).schema["properties"]
    assert {name: each["description"] for name, each in properties.items()} == {
        "place": "a town",
        "days": "how many, from today",
        "title": "what to call it",
    }


@dataclass
class Tree:
    children: list[Tree]


class Strange:
    pass


def starred(*x: int) -> None:
    """Any number."""


def positional(x: int, /) -> None:
    """By place only."""


def strange(x: Strange) -> None:
    """A type that JSON does not know."""


def endless(x: Tree) -> None:
    """A type that contains itself."""


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (starred, "`x` cannot be given by name"),
        (positional, "`x` cannot be given by name"),
        (strange, "cannot be described as JSON"),
        (endless, "`Tree` contains itself"),
    ],
)
def test_what_cannot_be_a_tool_says_why(function: Callable[..., Any], words: str) -> None:
    with pytest.raises(BadSignature, match=words):
        described(function)
