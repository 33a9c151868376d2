"""The parts that answers are made of, field for field.

Source: the Assistants API reference, v2 (object schemas), as far as this server makes them: a field
is always there unless it is `SOMETIMES`, and null only where `None` stands. Nothing here is run for
an answer; the tests check every answer against it.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from adapters.http.resources import FILES_OF_CODE, STORES
from adapters.http.shapes import (
    CodeChoice,
    CodeTool,
    Detail,
    FunctionChoice,
    JsonObjectFormat,
    PlainSearchTool,
    SearchChoice,
    TextFormat,
)

SOMETIMES: Final[Any] = Field(default=None)
"""A field that is not there when it has no value."""

Stamp = Annotated[int, WithJsonSchema({"type": "integer", "format": "unixtime"})]
"""Seconds since the epoch."""

Decimal = Annotated[float, WithJsonSchema({"type": "number", "format": "double"})]
"""A number with a fraction, `1.0` included."""

Score = Annotated[
    float, WithJsonSchema({"type": "number", "format": "double", "minimum": 0, "maximum": 1})
]
Temperature = Annotated[
    float, WithJsonSchema({"type": "number", "format": "double", "minimum": 0, "maximum": 2})
]
Count = Annotated[int, Field(ge=0)]


class Part(BaseModel):
    """A JSON object with exactly these fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


# --------------------------------------------------------------------------- tools


class StoredFunction(Part):
    """A function that the model may call."""

    name: str
    description: str = SOMETIMES
    parameters: dict[str, Any] = SOMETIMES
    strict: bool = SOMETIMES


class StoredFunctionTool(Part):
    """The function tool."""

    type: Literal["function"]
    function: StoredFunction


class StoredRanking(Part):
    """How what was found is ordered."""

    ranker: Literal["auto", "default_2024_08_21"] = SOMETIMES
    score_threshold: Score


class StoredSearchOptions(Part):
    """How file search works."""

    max_num_results: Annotated[int, Field(ge=1, le=50)] = SOMETIMES
    ranking_options: StoredRanking = SOMETIMES


class StoredSearchTool(Part):
    """File search."""

    type: Literal["file_search"]
    file_search: StoredSearchOptions = SOMETIMES


StoredTool = Annotated[
    CodeTool | StoredFunctionTool | StoredSearchTool, Field(discriminator="type")
]


class StoredCodeResources(Part):
    """Files for the code interpreter."""

    file_ids: Annotated[list[str], Field(max_length=FILES_OF_CODE)] = SOMETIMES


class StoredSearchResources(Part):
    """Vector stores."""

    vector_store_ids: Annotated[list[str], Field(max_length=STORES)] = SOMETIMES


class StoredResources(Part):
    """What tools work with."""

    code_interpreter: StoredCodeResources = SOMETIMES
    file_search: StoredSearchResources = SOMETIMES


StoredChoice = (
    Literal["none", "auto", "required"]
    | Annotated[FunctionChoice | CodeChoice | SearchChoice, Field(discriminator="type")]
)


# --------------------------------------------------------------------------- formats


class StoredSchema(Part):
    """A named schema."""

    name: str
    description: str = SOMETIMES
    schema_: Annotated[dict[str, Any], Field(alias="schema")] = SOMETIMES
    strict: bool = SOMETIMES


class StoredSchemaFormat(Part):
    """JSON of a schema."""

    type: Literal["json_schema"]
    json_schema: StoredSchema


StoredFormat = (
    Literal["auto"]
    | Annotated[TextFormat | JsonObjectFormat | StoredSchemaFormat, Field(discriminator="type")]
)


class StoredTruncation(Part):
    """How much of the Thread the model sees."""

    type: Literal["auto", "last_messages"]
    last_messages: Annotated[int, Field(ge=1)] | None


# --------------------------------------------------------------------------- content


class NamedFile(Part):
    """A File by its id."""

    file_id: str


class FileCitation(Part):
    """A place of the text that comes from a File."""

    type: Literal["file_citation"]
    text: str
    start_index: Count
    end_index: Count
    file_citation: NamedFile


class FilePath(Part):
    """A place of the text that names a File which code made."""

    type: Literal["file_path"]
    text: str
    start_index: Count
    end_index: Count
    file_path: NamedFile


class Text(Part):
    """Words, and what stands at which place of them."""

    value: str
    annotations: list[Annotated[FileCitation | FilePath, Field(discriminator="type")]]


class TextContent(Part):
    """Words."""

    type: Literal["text"]
    text: Text


class RefusalContent(Part):
    """Words in which a model refuses."""

    type: Literal["refusal"]
    refusal: str


class ShownFile(Part):
    """A picture that is a File."""

    file_id: str
    detail: Detail


class ImageFileContent(Part):
    """A picture that is a File."""

    type: Literal["image_file"]
    image_file: ShownFile


class ShownUrl(Part):
    """A picture at a URL."""

    url: str
    detail: Detail


class ImageUrlContent(Part):
    """A picture at a URL."""

    type: Literal["image_url"]
    image_url: ShownUrl


MessageContent = Annotated[
    TextContent | ImageFileContent | ImageUrlContent | RefusalContent,
    Field(discriminator="type"),
]


class StoredAttachment(Part):
    """A File that goes with a Message, and the tools it is for."""

    file_id: str
    tools: list[Annotated[CodeTool | PlainSearchTool, Field(discriminator="type")]] = SOMETIMES


class CutShort(Part):
    """Why a Message is not whole."""

    reason: Literal["content_filter", "max_tokens", "run_cancelled", "run_expired", "run_failed"]


# --------------------------------------------------------------------------- Runs


class WantedCallFunction(Part):
    """What is to be called; the arguments are JSON as the model wrote it."""

    name: str
    arguments: str


class WantedCall(Part):
    """A call that a client is to make."""

    id: str
    type: Literal["function"]
    function: WantedCallFunction


class WantedOutputs(Part):
    """The calls whose outputs a Run waits for."""

    tool_calls: list[WantedCall]


class RequiredAction(Part):
    """What a Run waits for."""

    type: Literal["submit_tool_outputs"]
    submit_tool_outputs: WantedOutputs


class RunFailure(Part):
    """Why a Run failed."""

    code: Literal["server_error", "rate_limit_exceeded", "invalid_prompt"]
    message: str


class RunCutShort(Part):
    """Why a Run is incomplete."""

    reason: Literal["max_completion_tokens", "max_prompt_tokens"]


class TokenUsage(Part):
    """Tokens."""

    prompt_tokens: Count
    completion_tokens: Count
    total_tokens: Count
