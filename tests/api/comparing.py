"""Two OpenAPI documents compared, field by field.

Every schema is first brought into one form: what it takes, by JSON type, alternatives flattened.
Then one problem is one line: `<place>: <what> <ours> / <theirs>`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_BOUNDS = (
    "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "maxProperties",
    "pattern",
)  # fmt: skip
_CONDITIONS = {"required", "properties"}
_FORMATS = ("unixtime", "binary")
_TAGS = ("type", "event")


@dataclass
class Form:
    """What a schema takes."""

    types: set[str] = field(default_factory=set[str])
    enum: set[Any] | None = None
    """Values of strings, where only some are taken."""
    bounds: dict[str, Any] = field(default_factory=dict[str, Any])
    objects: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    items: Any = None
    values: Any = None
    """The schema of values of an object with any keys."""


class Comparison:
    """Ours and theirs."""

    def __init__(self, ours: Any, theirs: Any) -> None:
        self._documents = {"ours": ours, "theirs": theirs}
        self._open: list[tuple[int, int]] = []
        """Pairs of schemas that are being compared: some contain themselves."""

    def differences(self, ours: Any, theirs: Any, place: str) -> Iterator[str]:
        """Each difference of two schemas as a line."""
        mine, yours = self.form("ours", ours), self.form("theirs", theirs)
        for kind in sorted(mine.types - yours.types):
            yield f"{place}: ours may be {kind}"
        for kind in sorted(yours.types - mine.types):
            yield f"{place}: theirs may be {kind}"
        if mine.enum != yours.enum:
            if mine.enum is None or yours.enum is None:
                yield f"{place}: values {_listed(mine.enum)} / {_listed(yours.enum)}"
            else:
                yield from (f"{place}: ours has the value {v}" for v in _sorted(mine, yours))
                yield from (f"{place}: theirs has the value {v}" for v in _sorted(yours, mine))
        for name in sorted({*mine.bounds, *yours.bounds}):
            a, b = mine.bounds.get(name), yours.bounds.get(name)
            if a != b:
                yield f"{place}: {name} {a} / {b}"
        if (id(ours), id(theirs)) in self._open:
            return
        self._open.append((id(ours), id(theirs)))
        yield from self._inside(mine, yours, place)
        self._open.pop()

    def _inside(self, mine: Form, yours: Form, place: str) -> Iterator[str]:
        if mine.items is not None and yours.items is not None:
            yield from self.differences(mine.items, yours.items, f"{place}[]")
        if mine.values is not None and yours.values is not None:
            yield from self.differences(mine.values, yours.values, f"{place}.*")
        yield from self._objects(mine, yours, place)

    def _objects(self, mine: Form, yours: Form, place: str) -> Iterator[str]:
        if len(mine.objects) == len(yours.objects) == 1:
            yield from self._fields(mine.objects[0], yours.objects[0], place)
            return
        a, b = self._by_tag("ours", mine), self._by_tag("theirs", yours)
        for name in sorted({*a, *b}):
            here = f"{place}<{name}>"
            if name not in a or name not in b:
                yield f"{here}: only {'ours' if name in a else 'theirs'} has it"
            else:
                yield from self._fields(a[name], b[name], here)

    def _fields(self, mine: Any, yours: Any, place: str) -> Iterator[str]:
        a, b = mine.get("properties", {}), yours.get("properties", {})
        for name in sorted({*a, *b}):
            here = f"{place}.{name}"
            if name in _TAGS and place.endswith(">"):
                continue  # the place says it already
            if name not in a or name not in b:
                yield f"{here}: only {'ours' if name in a else 'theirs'} has it"
                continue
            needed = (name in mine.get("required", ()), name in yours.get("required", ()))
            if needed[0] != needed[1]:
                yield f"{here}: {'ours' if needed[0] else 'theirs'} has to be there"
            yield from self.differences(a[name], b[name], here)

    def _by_tag(self, whose: str, form: Form) -> dict[str, Any]:
        """The alternatives among objects, by what their `type` or `event` may be."""
        named: dict[str, Any] = {}
        for one in form.objects:
            tags = [one["properties"][tag] for tag in _TAGS if tag in one.get("properties", {})]
            for name in self.form(whose, tags[0]).enum or {""} if tags else {""}:
                named[name] = one
        return named

    # ------------------------------------------------------------------ one form

    def form(self, whose: str, schema: Any) -> Form:
        """What a schema takes, references followed."""
        made = Form()
        self._add(whose, schema, made)
        if made.enum is not None and "string" in made.types:
            made.bounds.pop("pattern", None)
        return made

    def _add(self, whose: str, schema: Any, form: Form) -> None:
        if "contentSchema" in schema:
            schema = schema["contentSchema"]
        if "$ref" in schema:
            self._add(whose, self._follow(whose, schema["$ref"]), form)
            return
        alternatives = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
        if alternatives and not all(set(one) <= _CONDITIONS for one in alternatives):
            self._alternatives(whose, alternatives, form)
            return
        if "allOf" in schema:
            for one in schema["allOf"]:
                # Written for "or null" in the published document.
                if "anyOf" in one and {} in one["anyOf"]:
                    form.types.add("null")
                else:
                    self._add(whose, one, form)
            return
        kind: Any = schema.get("type", "object" if "properties" in schema else None)
        kinds: list[Any] = [*kind] if isinstance(kind, list) else [kind]
        values = schema.get("enum", [schema["const"]] if "const" in schema else None)
        if values is not None:
            kinds = ["boolean" if isinstance(v, bool) else "string" for v in values]
            form.enum = (form.enum or set[Any]()) | set(values)
        form.types |= {kind for kind in kinds if kind}
        form.bounds |= {name: schema[name] for name in _BOUNDS if name in schema}
        if schema.get("format") in _FORMATS:
            form.bounds["format"] = schema["format"]
        if "array" in kinds:
            form.items = schema.get("items", {})
        if "object" in kinds:
            self._add_object(schema, form)

    def _add_object(self, schema: Any, form: Form) -> None:
        inner = schema.get("additionalProperties")
        if isinstance(inner, dict):
            form.values = inner
        elif "properties" in schema:
            form.objects.append(schema)

    def _alternatives(self, whose: str, alternatives: list[Any], form: Form) -> None:
        free = False
        for one in alternatives:
            inner = Form()
            self._add(whose, one, inner)
            # `string | enum` is any string.
            free |= "string" in inner.types and inner.enum is None
            form.types |= inner.types
            form.objects += inner.objects
            form.bounds |= inner.bounds
            if inner.enum is not None:
                form.enum = (form.enum or set[Any]()) | inner.enum
            form.items = inner.items if inner.items is not None else form.items
            form.values = inner.values if inner.values is not None else form.values
        if free:
            form.enum = None

    def _follow(self, whose: str, reference: str) -> Any:
        found = self._documents[whose]
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        return found


def _sorted(one: Form, other: Form) -> list[str]:
    return sorted(map(str, (one.enum or set[Any]()) - (other.enum or set[Any]())))


def _listed(values: set[Any] | None) -> str:
    return "any" if values is None else ", ".join(sorted(map(str, values))) if values else "none"
