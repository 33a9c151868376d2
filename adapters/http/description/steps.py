"""What Run Steps tell, and what streams tell piece by piece.

Source: the Assistants API reference, v2 (run steps, streaming).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from adapters.http.description.parts import (
    SOMETIMES,
    Count,
    FileCitation,
    FilePath,
    NamedFile,
    Part,
    Score,
    ShownFile,
    ShownUrl,
)

# --------------------------------------------------------------------------- whole


class MadeMessage(Part):
    """The Message that a Step made."""

    message_id: str


class MessageStep(Part):
    """A Step that makes a Message."""

    type: Literal["message_creation"]
    message_creation: MadeMessage


class Logs(Part):
    """What code printed."""

    type: Literal["logs"]
    logs: str


class Picture(Part):
    """What code drew."""

    type: Literal["image"]
    image: NamedFile


class RanCode(Part):
    """Code and what came of it."""

    input: str
    outputs: list[Annotated[Logs | Picture, Field(discriminator="type")]]


class CodeCall(Part):
    """A call of the code interpreter."""

    id: str
    type: Literal["code_interpreter"]
    code_interpreter: RanCode


class FoundText(Part):
    """A passage."""

    type: Literal["text"]
    text: str


class Found(Part):
    """A place that was found; its text only where it was asked for."""

    file_id: str
    file_name: str
    score: Score
    content: list[FoundText] = SOMETIMES


class UsedRanking(Part):
    """How what was found was ordered."""

    ranker: Literal["auto", "default_2024_08_21"]
    score_threshold: Score


class Searched(Part):
    """What was found."""

    ranking_options: UsedRanking = SOMETIMES
    results: list[Found] = SOMETIMES


class SearchCall(Part):
    """A call of file search."""

    id: str
    type: Literal["file_search"]
    file_search: Searched


class CalledFunction(Part):
    """A function, its arguments as the model wrote them, and its output once there is one."""

    name: str
    arguments: str
    output: str | None


class FunctionCall(Part):
    """A call of a function."""

    id: str
    type: Literal["function"]
    function: CalledFunction


class ToolStep(Part):
    """A Step that calls tools."""

    type: Literal["tool_calls"]
    tool_calls: list[Annotated[CodeCall | SearchCall | FunctionCall, Field(discriminator="type")]]


StepDetails = Annotated[MessageStep | ToolStep, Field(discriminator="type")]


class StepFailure(Part):
    """Why a Step failed."""

    code: Literal["server_error", "rate_limit_exceeded"]
    message: str


# --------------------------------------------------------------------------- pieces of Messages


class NumberedCitation(FileCitation):
    """A citation, by its number."""

    index: Count


class NumberedPath(FilePath):
    """A path, by its number."""

    index: Count


class TextPiece(Part):
    """More words, or more of what stands at places of them."""

    value: str = SOMETIMES
    annotations: list[Annotated[NumberedCitation | NumberedPath, Field(discriminator="type")]] = (
        SOMETIMES
    )


class TextDelta(Part):
    """More of a text."""

    index: Count
    type: Literal["text"]
    text: TextPiece


class RefusalDelta(Part):
    """More of a refusal."""

    index: Count
    type: Literal["refusal"]
    refusal: str


class ImageFileDelta(Part):
    """A picture that is a File, whole."""

    index: Count
    type: Literal["image_file"]
    image_file: ShownFile


class ImageUrlDelta(Part):
    """A picture at a URL, whole."""

    index: Count
    type: Literal["image_url"]
    image_url: ShownUrl


class MessagePieces(Part):
    """More of a Message."""

    content: list[
        Annotated[
            TextDelta | RefusalDelta | ImageFileDelta | ImageUrlDelta,
            Field(discriminator="type"),
        ]
    ]


# --------------------------------------------------------------------------- pieces of Steps


class NumberedLogs(Logs):
    """Logs, by their number."""

    index: Count


class NumberedPicture(Picture):
    """A picture, by its number."""

    index: Count


class CodePiece(Part):
    """More of a code interpreter call."""

    input: str = SOMETIMES
    outputs: list[Annotated[NumberedLogs | NumberedPicture, Field(discriminator="type")]] = (
        SOMETIMES
    )


class CodeCallDelta(Part):
    """More of a code interpreter call; the id comes once."""

    index: Count
    id: str = SOMETIMES
    type: Literal["code_interpreter"]
    code_interpreter: CodePiece


class SearchCallDelta(Part):
    """A file search call; the id comes once."""

    index: Count
    id: str = SOMETIMES
    type: Literal["file_search"]
    file_search: Searched


class FunctionPiece(Part):
    """More of a function call."""

    name: str = SOMETIMES
    arguments: str = SOMETIMES
    output: str | None = SOMETIMES


class FunctionCallDelta(Part):
    """More of a function call; the id comes once."""

    index: Count
    id: str = SOMETIMES
    type: Literal["function"]
    function: FunctionPiece


class ToolPieces(Part):
    """More of a Step's tool calls."""

    type: Literal["tool_calls"]
    tool_calls: list[
        Annotated[CodeCallDelta | SearchCallDelta | FunctionCallDelta, Field(discriminator="type")]
    ]


class StepPieces(Part):
    """More of a Step."""

    step_details: ToolPieces
