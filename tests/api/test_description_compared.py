"""Our description beside the published one, operation by operation and field by field.

What we answer has to fit the published schemas, and what they allow to be sent has to be taken.
Each deviation, in whatever direction, is a row here with its reason; a row too many fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.api.comparing import Comparison
from tests.api.schema import Description

_SENT: Final = "sent"
_ANSWERED: Final = "answered"
_EVENTS: Final = "events"
_LIMIT: Final = "the reference's limit, which its schema says in words or not at all"
_NULL: Final = "null counts as absent, so that what clients dump of their objects can be sent"
_SURE: Final = "the reference leaves open whether it is there; here it always is"
_DEFAULTED: Final = (
    r"(metadata|attachments|strict|temperature|top_p|tool_choice|response_format|"
    r"truncation_strategy)"
)
_DEFAULT: Final = "where nothing was given, the default is answered"

DEVIATIONS: Final[tuple[tuple[str, str], ...]] = (
    # Patterns of lines; the operation's id stands before where it is one operation's alone.
    # ------------------------------------------------------------------ what is sent
    (rf"{_SENT}.*: ours may be null", _NULL),
    (rf"{_SENT}.*(metadata|attributes): maxProperties 16 / None", _LIMIT),
    (rf"{_SENT}.*metadata\.\*: maxLength 512 / None", _LIMIT),
    (rf"{_SENT}.*\.(content|text|instructions|additional_instructions): maxLength 256000 / None",
     _LIMIT),
    (rf"{_SENT}.*essages: maxItems 32 / None", _LIMIT),
    (rf"{_SENT}.*\.content: minLength 1 / None", "v1's limit: a Message without text says nothing"),
    (rf"{_SENT}.*\.model: (maxLength 256|minLength 1) / None", "no model has another name"),
    (rf"{_SENT}.*\.name: pattern \S+ / None", _LIMIT),
    (rf"{_SENT}.*\.image_url\.url: pattern \S+ / None", "models take no other addresses"),
    (rf"{_SENT}.*: maximum 9007199254740991 / None", "JSON carries no larger integer exactly"),
    (rf"{_SENT}.*\.chunk_overlap_tokens: minimum 0 / None", "less than nothing cannot be shared"),
    (rf"{_SENT}.*\.vector_stores\[\]\.file_ids: maxItems 10000 / 100000000",
     "no vector store may hold more Files"),
    (rf"{_SENT}.*\.attachments\[\]\.file_id: ours has to be there",
     "meant by the reference, whose schema has the word at the wrong place"),
    (rf"{_SENT}.*\.tool_outputs\[\]\.tool_call_id: ours has to be there",
     "an output of no call means nothing"),
    (rf"{_SENT}.*\.tool_choice<function>\.function: ours has to be there",
     "a function without a name cannot be called"),
    (rf"{_SENT}.*\.tool_choice<\w+>\.function: only theirs has it",
     "only a function has the name of one"),
    (rf"{_SENT}.*<last_messages>\.last_messages: (ours has to be there|theirs may be null)",
     "newest Messages without a number are refused by the reference's own words"),
    (rf"createFile {_SENT}\.expires_after: only theirs has it",
     "forms have no objects: the official clients send the two fields of it"),
    (rf"createFile {_SENT}\.expires_after\[\w+\]: only ours has it",
     "forms have no objects: the official clients send the two fields of it"),
    (r"modify\w+: theirs has to have a body", "a change of nothing is none"),
    (r"createVectorStore: theirs has to have a body", "an empty store needs none"),
    (rf"searchVectorStore {_SENT}.*\.filters: minItems 1 / None", "no filters filter nothing"),
    (rf"searchVectorStore {_SENT}.*\.filters.*<\w+>\.value: theirs may be \w+",
     "each comparison takes what it can compare with: lists for `in` and `nin`, never elsewhere"),
    (rf"searchVectorStore {_SENT}\.query(\[\])?: (minLength|maxLength|minItems|maxItems) .*",
     "nothing cannot be looked for; so many questions, and so long ones, at once"),
    # ------------------------------------------------------------------ what is answered
    (rf"({_ANSWERED}|{_EVENTS}).*: ours has to be there", _SURE),
    (rf"({_ANSWERED}|{_EVENTS}).*\.{_DEFAULTED}: theirs may be null", _DEFAULT),
    (rf"({_ANSWERED}|{_EVENTS}).*\.metadata: maxProperties 16 / None", _LIMIT),
    (rf"({_ANSWERED}|{_EVENTS}).*\.metadata\.\*: maxLength 512 / None", _LIMIT),
    (rf"({_ANSWERED}|{_EVENTS}).*: minimum 0 / None", "nothing that is counted is negative"),
    (rf"({_ANSWERED}|{_EVENTS}).*\.(temperature: maximum 2|top_p: maximum 1) / None",
     "a Run has what was allowed to be sent"),
    (rf"{_ANSWERED}\.object: values list / any", "lists are called so in every example"),
    (rf"{_ANSWERED}\.deleted: values True / any", "what was not deleted is refused"),
    (rf"{_ANSWERED}.*\.purpose: ours has the value evals",
     "such Files may be uploaded; the reference forgot them in the object"),
    (rf"({_ANSWERED}|{_EVENTS}).*\.tools: maxItems 128 / 20",
     "a Run has all tools of its Assistant, which may have 128"),
    (rf"({_ANSWERED}|{_EVENTS}).*\.tool_choice<\w+>\.function: only theirs has it",
     "only a function has the name of one"),
    (rf"\w+VectorStores? {_ANSWERED}(\.data\[\])?\.description: only ours has it",
     "what may be sent is answered"),
    (rf"retrieveVectorStoreFileContent {_ANSWERED}\.data\[\]\.type: values text / any",
     "Files give text alone"),
    (rf"searchVectorStore {_ANSWERED}\.search_query\[\]: minItems None / 1",
     "meant for the list, not for its strings"),
    (rf"downloadFile {_ANSWERED}: theirs may be application/json",
     "bytes are bytes, whatever they hold"),
    (rf"{_EVENTS}.*\.file_citation\.quote: only theirs has it", "v1's; passages are not repeated"),
    (rf"{_EVENTS}.*\.delta\.role: only theirs has it", "the Message has told its role before"),
    (rf"{_EVENTS}.*\.step_details<message_creation>: only theirs has it",
     "a Step that makes a Message is told whole"),
    (rf"{_EVENTS}.*<file_search>\.file_search<>: only ours has it",
     "any object in the reference; here the one that the Step has"),
    (rf"{_EVENTS}<thread\.created>\.enabled: only theirs has it", "no example has it"),
    # ------------------------------------------------------------------ parameters
    (r"\w+ path \w+_id: (pattern \S+|minLength 1) / None", "ids of other kinds are refused"),
    (r"\w+ query limit: (minimum 1|maximum 100) / None", _LIMIT),
    (r"listFiles query limit: maximum 10000 / None", _LIMIT),
    (r"listFiles query before: only ours has it", "as all other lists have it"),
    (r"\w+ header OpenAI-Beta: only ours has it", "wanted by the reference in words"),
)  # fmt: skip


def test_every_deviation_is_known(own: Description, published: Description) -> None:
    """And every known deviation is one."""
    found = sorted(set(_differences(own, published)))
    unused = {pattern for pattern, _ in DEVIATIONS}
    unknown: list[str] = []
    for line in found:
        fitting = [
            pattern for pattern, _ in DEVIATIONS if re.fullmatch(rf"(\w+ )?({pattern})", line)
        ]
        unused.difference_update(fitting)
        if not fitting:
            unknown.append(line)
    assert not unknown, "\n".join(unknown)
    assert not unused


def test_both_have_the_same_operations(own: Description, published: Description) -> None:
    """By method, path and id."""
    ids = [
        {
            (path, method, operation["operationId"])
            for path, methods in one.document["paths"].items()
            for method, operation in methods.items()
        }
        for one in (own, published)
    ]
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        (
            {"type": "string"},
            {"type": "integer"},
            ["x: ours may be string", "x: theirs may be integer"],
        ),
        ({"type": "integer", "minimum": 1}, {"type": "integer"}, ["x: minimum 1 / None"]),
        ({"enum": ["a", "b"]}, {"enum": ["b"]}, ["x: ours has the value a"]),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["string", "null"]}, []),
        (
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
            ["x.a: ours has to be there", "x.b: only theirs has it"],
        ),
        (
            {"type": "array", "items": {"type": "integer"}},
            {"type": "array", "items": {"type": "number"}},
            ["x[]: ours may be integer", "x[]: theirs may be number"],
        ),
    ],
)
def test_differences_are_seen(ours: Any, theirs: Any, told: list[str]) -> None:
    """The comparison itself."""
    assert list(Comparison({}, {}).differences(ours, theirs, "x")) == told


def _differences(own: Description, published: Description) -> Iterator[str]:
    both = Comparison(own.document, published.document)
    for path, methods in published.document["paths"].items():
        for method, theirs in methods.items():
            ours = own.document["paths"][path][method]
            yield from _operation(both, ours, theirs)
    ours, theirs = ({"$ref": f"#/components/schemas/{one.events}"} for one in (own, published))
    yield from both.differences(ours, theirs, _EVENTS)
    refusal = {"$ref": "#/components/schemas/ErrorResponse"}
    yield from both.differences(refusal, refusal, "refusals")


def _operation(both: Comparison, ours: Any, theirs: Any) -> Iterator[str]:
    name = theirs["operationId"]
    yield from _parameters(both, ours, theirs)
    mine, yours = ours.get("requestBody", {}), theirs.get("requestBody", {})
    if mine.get("required", False) != yours.get("required", False):
        yield f"{name}: {'ours' if mine.get('required') else 'theirs'} has to have a body"
    yield from _contents(both, mine, yours, f"{name} {_SENT}")
    # Every refusal that we name is one of the published `default`.
    assert {"200", "429"} <= {*ours["responses"]}
    assert "default" in theirs["responses"]
    mine, yours = ours["responses"]["200"], theirs["responses"]["200"]
    yield from _contents(both, mine, yours, f"{name} {_ANSWERED}")


def _contents(both: Comparison, ours: Any, theirs: Any, place: str) -> Iterator[str]:
    a, b = ours.get("content", {}), theirs.get("content", {})
    for kind in sorted({*a, *b}):
        if kind == "text/event-stream":
            continue  # the published one has a string, and its events elsewhere
        if kind not in a or kind not in b:
            yield f"{place}: {'ours' if kind in a else 'theirs'} may be {kind}"
        else:
            yield from both.differences(a[kind]["schema"], b[kind]["schema"], place)


def _parameters(both: Comparison, ours: Any, theirs: Any) -> Iterator[str]:
    mine, yours = (
        {(one["in"], one["name"]): one for one in operation.get("parameters", ())}
        for operation in (ours, theirs)
    )
    for where in sorted({*mine, *yours}):
        place = f"{theirs['operationId']} {' '.join(where)}"
        if where not in mine or where not in yours:
            yield f"{place}: only {'ours' if where in mine else 'theirs'} has it"
            continue
        a, b = mine[where], yours[where]
        if a.get("required", False) != b.get("required", False):
            yield f"{place}: {'ours' if a.get('required') else 'theirs'} has to be there"
        yield from both.differences(a["schema"], b["schema"], place)
