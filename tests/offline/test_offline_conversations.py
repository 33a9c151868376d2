"""Short messages that lean on the ones before them."""

from __future__ import annotations

import pytest

from tests.offline.conftest import answer, talk, user

CONVERSATIONS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("solve 3x + 11 = 14", "**x = 1**"), ("Now 2x = 8", "**x = 4**"), ("why?", "Divide both")),
    (("solve 2x + y = 5, x - y = 1", "y = 1"), ("and for y?", "**y = 1**")),
    (("derivative of x^3", "3x²"), ("plot it", "y = x³"), ("now integrate it", "x⁴/4")),
    (("factor x^2 - 9", "(x - 3)"), ("what about its derivative?", "2x")),
    (("what is 15 + 9", "24"), ("now divide that by 2", "= 12"), ("times 3", "= 36")),
    (("f(x) = x^2 + 1", "Noted"), ("what is f(3)?", "10"), ("find f'(x)", "2x")),
    (("derivative of x^2", "2x"), ("and of x^3?", "3x²"), ("what about sin x", "cos(x)")),
    (("derivative of x^2", "2x"), ("at x = 3?", "= 6")),
    (("integral of x^2 from 0 to 1", "1/3"), ("and from 0 to 2?", "8/3")),
    (("mean of 1, 2, 3, 4", "2.5"), ("and the median?", "median"), ("range?", "range = 3")),
    (("plot sin x", "is drawn"), ("and cos x", "y = cos(x)")),
    (("evaluate x^2 + 1 at x = 2", "= 5"), ("and at x = 3", "= 10")),
    (("what is sqrt(50)", "5√2"), ("as a decimal?", "7.07")),
    (("is 97 prime?", "is a prime"), ("and 91?", "not a prime")),
    (("x^2 - 5x + 6 = 0", "x = 2"), ("factor it", "(x - 3)(x - 2)"), ("plot it", "is drawn")),
    (("solve 2x = 6", "x = 3"), ("Anna has 3 apples", "no AI model"), ("and 3x = 9?", "x = 3")),
    (("what is 7 * 6", "42"), ("add 8", "= 50"), ("square it", "= 2500")),
)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("turns", CONVERSATIONS, ids=lambda turns: turns[0][0])
async def test_a_follow_up_uses_the_question_before(turns: tuple[tuple[str, str], ...]) -> None:
    said = await talk(*(message for message, _ in turns))
    for (message, expected), text in zip(turns, said, strict=True):
        assert expected in text, f"{message}: {text}"


async def test_nothing_before_it_means_asking_back() -> None:
    assert "do not know what this refers to" in await answer([user("plot it")])


@pytest.mark.slow
async def test_every_message_of_a_turn_is_answered() -> None:
    text = await answer([user("what is 2 + 3"), user("solve 4x = 20"), user("thanks")])
    assert "2 + 3 = 5" in text
    assert "x = 5" in text
    assert "welcome" in text
    assert text.count("no AI model") == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "@Bobbin solve 2x = 8",
        "<@U123ABC> solve 2x = 8",
        "hey bobbin, solve 2x = 8 please",
        "Bobbin: solve 2x = 8",
        "Anna: solve 2x = 8",
        "[Anna Lee] solve 2x = 8",
        "**Anna**: solve 2x = 8",
        "> solve 2x = 8",
        "- solve 2x = 8",
        "```\n2x = 8\n```",
        "*solve* `2x = 8`",
        "solve 2x = 8 🙂",
    ],
)
async def test_how_a_platform_dresses_a_message_does_not_matter(text: str) -> None:
    assert "**x = 4**" in await answer([user(text)])


@pytest.mark.slow
async def test_a_name_in_front_and_a_talk_before_do_not_confuse_it() -> None:
    """How people in shared conversations come in: core/chat/text/speakers.py."""
    before = user("What was said here before I was called:\n[Bob #U2] 2x = 6 or so")
    text = await answer([before, user("[Ann #U1] solve 3x + 11 = 14")])
    assert "**x = 1**" in text
    assert "**x = 3**" not in text
    said = await talk("[Ann #U1] solve 3x + 11 = 14", "[Bob #U2] Now 2x = 8")
    assert "**x = 4**" in said[1]
