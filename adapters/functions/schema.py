"""From a Python signature to a JSON Schema, and from a model's JSON to checked arguments.

Pydantic does both (this is where a model's bytes cross the border). The schema is made plain for
endpoints that follow no `$ref`: definitions are put where they are used.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NotRequired, Required, cast

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError
from pydantic_core import to_jsonable_python
from typing_extensions import TypedDict

from adapters.functions.docstrings import Docstring

Json = dict[str, Any]

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class BadSignature(Exception):
    """The text says what is wrong with it and what to write instead."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the model may fill in: the schema it is shown, and the check of what it wrote."""

    schema: Json
    _check: TypeAdapter[Json]

    def read(self, arguments: str) -> Json:
        """The arguments of a call by name, as the function's types want them.

        Raises:
            ValueError: they do not fit; one line for the model.
        """
        try:
            return self._check.validate_json(arguments.strip() or "{}")
        except ValidationError as error:
            problems = error.errors(include_url=False, include_context=False, include_input=False)
            raise ValueError("; ".join(map(_problem, problems))) from None


def signature_of(
    function: Callable[..., Any],
) -> tuple[dict[str, inspect.Parameter], dict[str, Any]]:
    """Parameters by name, and their types with what `Annotated` adds.

    Raises:
        BadSignature: a parameter has no type, or cannot be given by name.
    """
    parameters = dict(inspect.signature(function).parameters)
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError, AttributeError, SyntaxError) as error:
        raise BadSignature(f"its types cannot be read ({error})") from error
    for name, parameter in parameters.items():
        if parameter.kind in _VARIADIC or parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            raise BadSignature(f"`{name}` cannot be given by name; write plain parameters")
        if name not in hints:
            raise BadSignature(f"`{name}` has no type; write one, e.g. `{name}: str`")
    return parameters, hints


def parameters_of(
    parameters: Mapping[str, inspect.Parameter], hints: Mapping[str, Any], words: Docstring
) -> Parameters:
    """What a model is told of these parameters, and how its arguments are checked.

    Raises:
        BadSignature: a type that JSON cannot describe.
    """
    fields: Json = {}
    for name, parameter in parameters.items():
        kind = _described(hints[name], words.arguments.get(name, ""))
        given = parameter.default is not inspect.Parameter.empty
        fields[name] = NotRequired[kind] if given else Required[kind]
    made: Any = TypedDict
    arguments = made("arguments", fields)
    arguments.__pydantic_config__ = ConfigDict(extra="forbid", arbitrary_types_allowed=False)
    try:
        check: TypeAdapter[Json] = TypeAdapter(arguments)
        schema = check.json_schema()
    except (PydanticUserError, PydanticInvalidForJsonSchema) as error:
        reason = str(error).splitlines()[0]
        raise BadSignature(f"a type cannot be described as JSON ({reason})") from error
    plain = _plain(schema, schema.get("$defs", {}), ())
    plain.pop("$defs", None)
    for name, parameter in parameters.items():
        if parameter.default not in (inspect.Parameter.empty, None):
            default = to_jsonable_python(parameter.default, fallback=lambda _: None)
            if default is not None:
                plain["properties"][name].setdefault("default", default)
    plain.setdefault("properties", {})
    plain.setdefault("required", [])
    return Parameters(plain, check)


def _described(kind: Any, text: str) -> Any:
    """The type with a description: the text that `Annotated` gives, else that of the docstring."""
    for extra in getattr(kind, "__metadata__", ()):
        if isinstance(extra, str):
            text = extra
    return Annotated[kind, Field(description=text)] if text else kind


def _plain(node: Any, definitions: Json, inside: tuple[str, ...]) -> Any:
    """The schema without titles and with each definition where it is used."""
    if isinstance(node, list):
        return [_plain(item, definitions, inside) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    body = cast("Json", node)
    reference = body.get("$ref")
    if isinstance(reference, str):
        name = reference.rpartition("/")[2]
        if name in inside:
            raise BadSignature(f"`{name}` contains itself; use a plain `dict` for it")
        rest = {key: value for key, value in body.items() if key != "$ref"}
        return _plain({**definitions[name], **rest}, definitions, (*inside, name))
    return {
        key: _named(value, definitions, inside)
        if key == "properties"
        else _plain(value, definitions, inside)
        for key, value in body.items()
        if key not in ("title", "$defs")
    }


def _named(properties: Json, definitions: Json, inside: tuple[str, ...]) -> Json:
    """Properties keep their names, also one that is called `title`."""
    return {name: _plain(value, definitions, inside) for name, value in properties.items()}


def _problem(problem: Any) -> str:
    where = ".".join(str(step) for step in problem["loc"])
    what = str(problem["msg"]).rstrip(".")
    return f"{where}: {what}" if where else what
