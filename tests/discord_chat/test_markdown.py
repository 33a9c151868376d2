"""What a model writes, as Discord draws it."""

from __future__ import annotations

import pytest
from hypothesis import given

from adapters.discord.markdown import drawn
from adapters.discord.render import MOST_CHARS, content
from core.chat.messages import Post
from core.chat.text.split import split
from tests.text.documents import DOCUMENTS, UNTIMED


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("### Three\n#### Four ####\n###### **Six**", "### Three\n**Four**\n**Six**"),
        ("a\n\n---\n\nb", "a\n\n────────────\n\nb"),
        ("+ one\n  + two\n1) three", "- one\n  - two\n1. three"),
        ("- [ ] open\n- [x] done", "- ☐ open\n- ☑ done"),
        ("![a plot](https://x.y/z.png)", "[a plot](https://x.y/z.png)"),
        ("[it](https://x.y) [it](#part)", "[it](https://x.y) it (#part)"),
        ("[https://x.y](https://x.y)", "https://x.y"),
        ("[https://bank.example](https://x.y)", "https://bank.example (https://x.y)"),
        ("if a || b || c", "if a \\|\\| b \\|\\| c"),
        ("the norm ||x||", "the norm \\|\\|x\\|\\|"),
        ("The answer: ||it is four||.", "The answer: ||it is four||."),
        ("`a || b` and ```c || d```", "`a || b` and ```c || d```"),
        (">>> print(1)", "\\>>> print(1)"),
        ("> quoted\n> #### Deep", "> quoted\n> **Deep**"),
        ("~~~python\nx || y\n~~~", "```python\nx || y\n```"),
        ("````md\n```\nx\n```\n````", "```md\n`\u200b``\nx\n`\u200b``\n```"),
        ("```js title=x\n#### 1\n```", "```js\n#### 1\n```"),
        ("```\n+ [a](b)\n---\n```", "```\n+ [a](b)\n---\n```"),
        ("2 * 3 * 4, snake_case_name, ~5", "2 * 3 * 4, snake_case_name, ~5"),
    ],
)
def test_what_discord_would_not_draw_is_written_another_way(written: str, shown: str) -> None:
    assert drawn(written, 2000) == shown


def test_what_would_be_too_long_stays() -> None:
    assert drawn("||" * 900, 2000) == "||" * 900


@UNTIMED
@given(DOCUMENTS)
def test_every_post_fits_and_keeps_its_fences(text: str) -> None:
    for number, part in enumerate(split(text, MOST_CHARS)):
        shown = content(Post(part_id=f"p{number}", text=part.text))
        assert len(shown) <= 2000
        kept = part.text.replace(" title=x", "")  # no word that Discord knows behind a fence
        letters = [c for c in kept if c.isalpha() and c not in "xX"]
        assert not set(letters) - set(shown)
