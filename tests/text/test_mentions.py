"""Nothing that a model or a person writes pings anybody."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.chat.text.mentions import ZERO_WIDTH_SPACE, Platform, neutralise
from tests.text.documents import UNTIMED

PLATFORMS: list[Platform] = ["slack", "discord", "generic"]
MENTIONS = [
    "<!channel>", "<!here>", "<!everyone>", "<!subteam^S123|@team>", "<@U123ABC>", "<@W1|ada>",
    "@everyone", "@here", "@channel", "<@123456789012345678>", "<@!12345>", "<@&12345>",
    "</ask:12345>",
]  # fmt: skip
PINGS = {
    "slack": re.compile(r"<!|<@|@(?:here|channel|everyone)", re.IGNORECASE),
    "discord": re.compile(r"@everyone|@here|<@[!&]?\d+>|</[^>\n]{1,100}:\d+>"),
    "generic": re.compile(r"<!|<@|@(?:here|channel|everyone)|</[^>\n]{1,100}:\d+>"),
}
TEXTS = st.lists(
    st.one_of(
        st.sampled_from([*MENTIONS, "@", "<", "!", "everyone", ZERO_WIDTH_SPACE, "`", "```", "\n"]),
        st.text(st.sampled_from("@<!>&/:1U `~\n\u200behre"), max_size=8),
    ),
    max_size=12,
).map("".join)
FENCE_FREE = TEXTS.map(lambda text: text.replace("`", "'").replace("~", "-"))


@pytest.mark.parametrize("platform", PLATFORMS)
@UNTIMED
@given(FENCE_FREE)
def test_no_mention_is_left(platform: Platform, text: str) -> None:
    assert not PINGS[platform].search(neutralise(text, platform))


@pytest.mark.parametrize("platform", PLATFORMS)
@UNTIMED
@given(TEXTS)
def test_twice_is_the_same_as_once_and_nothing_visible_changes(
    platform: Platform, text: str
) -> None:
    once = neutralise(text, platform)
    assert neutralise(once, platform) == once
    assert once.replace(ZERO_WIDTH_SPACE, "") == text.replace(ZERO_WIDTH_SPACE, "")


@pytest.mark.parametrize("platform", PLATFORMS)
@UNTIMED
@given(TEXTS, TEXTS)
def test_a_text_that_grows_by_lines_keeps_what_was_shown(
    platform: Platform, text: str, more: str
) -> None:
    text += "\n"
    assert neutralise(text + more, platform).startswith(neutralise(text, platform))


@UNTIMED
@given(TEXTS)
def test_slack_tokens_are_broken_in_code_too(text: str) -> None:
    shown = neutralise(f"```\n{text}<!here> <@U123ABC>\n```", "slack")
    assert "<!here>" not in shown
    assert "<@U123ABC>" not in shown


def test_code_can_be_copied() -> None:
    code = 'Try:\n```python\nawait ctx.send("@everyone")\n@channel.on\nfoo(List<@NonNull X>)\n```\n'
    assert neutralise(code, "slack") == code
    assert neutralise(code, "discord") == code


@pytest.mark.parametrize(
    "text",
    [
        "`@everyone`",
        "~~~\n@everyone\n~~~",
        "```\ncode ``` @everyone\n```",
        "stray ``` here\n\n```\n@everyone\n```",
        "````\n```\n@everyone\n````",
        "> ```\n> @everyone\n> ```",
        "```\nover\n```\n@everyone",
    ],
    ids=["inline", "tildes", "closed early", "stray", "four", "quoted", "after"],
)
def test_what_only_might_be_code_is_treated_as_prose(text: str) -> None:
    assert "@everyone" not in neutralise(text, "discord")


@pytest.mark.parametrize(
    "text", ["mail ada@example.org", "<https://example.org|x>", "<#C123>", "List<int>", "@ada"]
)
def test_other_text_is_left_alone(text: str) -> None:
    for platform in PLATFORMS:
        assert neutralise(text, platform) == text
