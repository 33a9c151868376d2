"""Stories, opinions and half-read sentences are refused, honestly and without a tool call."""

from __future__ import annotations

import pytest

from adapters.offline import MARK
from adapters.offline.voice import WAY_OUT
from tests.offline.conftest import one_round, request, user
from tests.offline.refusals import REFUSED
from tests.offline.refusals_more import REFUSED_TOO

_ELSE = ("I do not know what this refers to", "too large", "Noted:", "I am Bobbin's offline tutor")


@pytest.mark.parametrize("text", [*REFUSED, *REFUSED_TOO])
async def test_what_is_not_understood_is_refused(text: str) -> None:
    got = await one_round(request([user(text)]))
    assert not got.calls, got.calls
    assert got.text.endswith(MARK)
    honest = WAY_OUT in got.text or any(words in got.text for words in _ELSE)
    assert honest, got.text
    assert "=" not in got.text.replace("3x + 11 = 14", "").split("`")[0]


async def test_a_refusal_names_the_words_that_it_could_not_read() -> None:
    got = await one_round(request([user("solve 2x + 3 = 7 underwater")]))
    assert "“underwater”" in got.text
    assert "2*x + 3 = 7" in got.text


async def test_a_refusal_says_what_it_is_and_how_to_get_a_model() -> None:
    got = await one_round(request([user("Tell me a joke about physics")]))
    for needed in ("no AI model", "OPENAI_API_KEY", "OPENAI_BASE_URL", "bobbin model pull"):
        assert needed in got.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hi", "Hello"),
        ("Hello there!", "Hello"),
        ("thanks a lot!", "welcome"),
        ("Who are you?", "No AI model answers here"),
        ("are you an AI?", "No AI model answers here"),
        ("what can you do?", "derivatives"),
        ("help", "derivatives"),
        ("how are you?", "fixed rules"),
        ("bye", "Goodbye"),
    ],
)
async def test_small_talk_gets_a_short_honest_reply(text: str, expected: str) -> None:
    got = await one_round(request([user(text)]))
    assert expected in got.text
    assert got.text.endswith(MARK)
    assert not got.calls


@pytest.mark.parametrize(
    "text",
    [
        "9" * 100_000,
        "solve " + "(" * 3_000 + "x" + ")" * 3_000,
        "((((" * 800,
        "x + " * 5_000,
        "-" * 3_900 + "1",
        "sqrt " * 700,
        "a b c " * 600,
        "sum of " * 500,
        "2^" * 1_500 + "2",
        "|" * 3_000,
        "\\frac{" * 600,
        "∫" * 1_000,
        "half of " * 400 + "8",
        "not " * 900,
        "\x00\ufeff\u202e",
        "",
        " ",
        "\n\n\n",
    ],
    ids=range(18),
)
async def test_hostile_text_is_bounded(text: str) -> None:
    got = await one_round(request([user(text)]))
    assert got.text.endswith(MARK)
    assert not got.calls
    assert len(got.text) < 2_000
