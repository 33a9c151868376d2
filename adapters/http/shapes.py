"""The parts that request bodies are made of: tools, formats, content (resources.py has the rest).

Source: the Assistants API reference, v2 (request schemas, `additionalProperties: false`). Types are
strict, unknown fields are refused, limits that concern meaning are the engine's. `plain` gives the
JSON as it is kept.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from adapters.http.complaints import INVALID_TYPE, TAG
from core.engine.limits import (
    LARGEST,
    METADATA_KEY,
    METADATA_PAIRS,
    METADATA_VALUE,
    TEXT,
    TOOL_NAME,
)


class Shape(BaseModel):
    """A JSON object with exactly these fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, protected_namespaces=())


Integer = Annotated[int, Field(le=LARGEST)]
"""A whole number that JSON carries exactly."""

MetadataPairs = Annotated[
    dict[
        Annotated[str, Field(max_length=METADATA_KEY)],
        Annotated[str, Field(max_length=METADATA_VALUE)],
    ],
    Field(max_length=METADATA_PAIRS),
]
"""Whatever a client wants to keep with an object."""


def plain(value: Any) -> Any:
    """JSON of a validated value: fields that were given and are not null."""
    if isinstance(value, Shape):
        body: dict[str, Any] = {}
        for name, info in type(value).model_fields.items():
            if name in value.model_fields_set:
                content = plain(getattr(value, name))
                if content is not None:
                    body[info.alias or name] = content
        return body
    if isinstance(value, list):
        return [plain(item) for item in cast("list[Any]", value)]
    return value


def by_type(value: Any) -> str | None:
    """The alternative that an object's `type` names; None for what has none."""
    if not isinstance(value, dict):
        return None
    kind = cast("dict[str, Any]", value).get("type")
    if not isinstance(kind, str):
        return None
    return TAG + kind


# --------------------------------------------------------------------------- tools


class FunctionDefinition(Shape):
    """A function that the model may call. `parameters` is a JSON Schema."""

    name: Annotated[str, Field(pattern=TOOL_NAME)]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class FunctionTool(Shape):
    """The function tool."""

    type: Literal["function"]
    function: FunctionDefinition


class CodeTool(Shape):
    """The code interpreter."""

    type: Literal["code_interpreter"]


class RankingOptions(Shape):
    """How what was found is ordered; what scores less than the threshold is left out."""

    ranker: Literal["auto", "default_2024_08_21"] | None = None
    score_threshold: Annotated[float, Field(ge=0, le=1)]


class SearchOptions(Shape):
    """How file search works."""

    max_num_results: Annotated[int, Field(ge=1, le=50)] | None = None
    ranking_options: RankingOptions | None = None


class SearchTool(Shape):
    """File search."""

    type: Literal["file_search"]
    file_search: SearchOptions | None = None


class PlainSearchTool(Shape):
    """File search, where it has no options."""

    type: Literal["file_search"]


Tool = Annotated[
    Annotated[CodeTool, Tag("@code_interpreter")]
    | Annotated[FunctionTool, Tag("@function")]
    | Annotated[SearchTool, Tag("@file_search")],
    Discriminator(by_type),
]

AttachmentTool = Annotated[
    Annotated[CodeTool, Tag("@code_interpreter")] | Annotated[PlainSearchTool, Tag("@file_search")],
    Discriminator(by_type),
]


class NamedFunction(Shape):
    """The name of a function."""

    name: str


class FunctionChoice(Shape):
    """This function has to be called."""

    type: Literal["function"]
    function: NamedFunction


class CodeChoice(Shape):
    """Code has to be run."""

    type: Literal["code_interpreter"]


class SearchChoice(Shape):
    """Files have to be searched."""

    type: Literal["file_search"]


def _mode_or_type(value: Any) -> str | None:
    return "@-mode" if isinstance(value, str) else by_type(value)


ToolChoice = Annotated[
    Annotated[Literal["none", "auto", "required"], Tag("@-mode")]
    | Annotated[FunctionChoice, Tag("@function")]
    | Annotated[CodeChoice, Tag("@code_interpreter")]
    | Annotated[SearchChoice, Tag("@file_search")],
    Discriminator(_mode_or_type),
]


# --------------------------------------------------------------------------- answers


class TextFormat(Shape):
    """Prose."""

    type: Literal["text"]


class JsonObjectFormat(Shape):
    """Some JSON object."""

    type: Literal["json_object"]


class JsonSchema(Shape):
    """A named schema."""

    name: Annotated[str, Field(pattern=TOOL_NAME)]
    description: str | None = None
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    strict: bool | None = None


class JsonSchemaFormat(Shape):
    """JSON of a schema."""

    type: Literal["json_schema"]
    json_schema: JsonSchema


ResponseFormat = Annotated[
    Annotated[Literal["auto"], Tag("@-mode")]
    | Annotated[TextFormat, Tag("@text")]
    | Annotated[JsonObjectFormat, Tag("@json_object")]
    | Annotated[JsonSchemaFormat, Tag("@json_schema")],
    Discriminator(_mode_or_type),
]


class AutoTruncation(Shape):
    """The model sees what fits."""

    type: Literal["auto"]
    last_messages: Annotated[Integer, Field(ge=1)] | None = None


class LastMessages(Shape):
    """The model sees the newest Messages."""

    type: Literal["last_messages"]
    last_messages: Annotated[Integer, Field(ge=1)]


Truncation = Annotated[
    Annotated[AutoTruncation, Tag("@auto")] | Annotated[LastMessages, Tag("@last_messages")],
    Discriminator(by_type),
]


# --------------------------------------------------------------------------- content


class TextPart(Shape):
    """Words: a plain string in requests, unlike in answers."""

    type: Literal["text"]
    text: Annotated[str, Field(max_length=TEXT)]


Detail = Literal["auto", "low", "high"]


class ImageFile(Shape):
    """A picture that is a File."""

    file_id: str
    detail: Detail | None = None


class ImageFilePart(Shape):
    """A picture that is a File, as content."""

    type: Literal["image_file"]
    image_file: ImageFile


class ImageUrl(Shape):
    """A picture at a URL."""

    url: Annotated[str, Field(pattern=r"^(https?://|data:image/)")]
    detail: Detail | None = None


class ImageUrlPart(Shape):
    """A picture at a URL, as content."""

    type: Literal["image_url"]
    image_url: ImageUrl


Part = Annotated[
    Annotated[TextPart, Tag("@text")]
    | Annotated[ImageFilePart, Tag("@image_file")]
    | Annotated[ImageUrlPart, Tag("@image_url")],
    Discriminator(by_type),
]


def _text_or_parts(value: Any) -> str | None:
    if isinstance(value, str):
        return "@string"
    return "@parts" if isinstance(value, list) else None


Content = Annotated[
    Annotated[str, Field(min_length=1, max_length=TEXT), Tag("@string")]
    | Annotated[list[Part], Field(min_length=1), Tag("@parts")],
    Discriminator(
        _text_or_parts,
        custom_error_type=INVALID_TYPE,
        custom_error_message="Neither a string nor an array",
        custom_error_context={"expected": "one of a string or array of objects"},
    ),
]


class Attachment(Shape):
    """A File that goes with a Message, and the tools it is for."""

    file_id: str
    tools: list[AttachmentTool] = Field(default_factory=list[AttachmentTool])
