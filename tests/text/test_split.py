"""Long answers in several messages, as a person would cut them."""

from __future__ import annotations

import pytest

from core.chat.text.split import MINIMUM_LIMIT, Part, StreamingSplitter, join, split


def texts(text: str, limit: int) -> list[str]:
    """The parts of `text`, without the white space around them that nobody sees."""
    parts = split(text, limit)
    assert join(parts) == text
    return [part.text.strip("\n") for part in parts if not part.is_blank]


def words(count: int) -> str:
    return " ".join("word" for _ in range(count))


def test_a_text_that_fits_is_one_part() -> None:
    assert split("Hello.", 2000) == (Part("Hello."),)
    assert split("x" * 2000, 2000) == (Part("x" * 2000),)
    assert split("", 2000) == ()


def test_paragraphs_stay_whole() -> None:
    first, second, third = words(10), words(11), words(12)
    assert texts(f"{first}\n\n{second}\n\n{third}", 110) == [f"{first}\n\n{second}", third]


def test_a_heading_goes_with_what_it_is_for() -> None:
    assert texts(f"{words(12)}\n\n# Next\n\n{words(14)}", 80) == [
        words(12),
        f"# Next\n\n{words(14)}",
    ]


def test_a_long_code_block_is_closed_and_opened_again() -> None:
    lines = [f"value_{number} = {number}" for number in range(12)]
    code = "\n".join(lines)
    first, second = texts(f"Look:\n\n```python\n{code}\n```\nDone.", 150)
    assert first == "Look:\n\n```python\n" + "\n".join(lines[:10]) + "\n```"
    assert second == "```python\n" + "\n".join(lines[10:]) + "\n```\nDone."


def test_code_is_cut_at_its_blank_lines() -> None:
    first, second = texts("```\n" + "aaaa\n" * 12 + "\n" + "bbbb\n" * 8 + "```", 90)
    assert first == "```\n" + "aaaa\n" * 12 + "\n```"
    assert second == "```\n" + "bbbb\n" * 8 + "```"


def test_code_that_fits_the_next_message_moves_there() -> None:
    block = "```c\n" + "int x;\n" * 9 + "```"
    assert texts(f"{words(7)}\n\n{block}", 80) == [words(7), block]


def test_no_code_block_is_opened_or_closed_for_nothing() -> None:
    for size in range(10, 70):
        for part in split(f"{words(9)}\n\n```py\n{'x' * size}\n```\n{words(6)}", 64):
            bare = part.text.replace("\n", "")
            assert "```py```" not in bare
            assert "``````" not in bare


def test_code_does_not_part_from_the_line_that_opens_it() -> None:
    first, *_ = texts(f"See:\n\n```{'info' * 10}\n{'x' * 80}\n```", 64)
    assert not first.endswith("info\n```")


def test_tildes_and_longer_fences_close_with_their_own_marks() -> None:
    first, second = texts("````md\n```\n" + "inside\n" * 12 + "```\n````", 70)
    assert first.startswith("````md\n```\n")
    assert first.endswith("\n````")
    assert second.startswith("````md\n")
    first, second = texts("~~~\n" + "```\n" * 22 + "~~~", 70)
    assert first.endswith("\n~~~")
    assert second.startswith("~~~\n```\n")


def test_a_table_repeats_its_header() -> None:
    header = "| city | people |\n|------|-------:|\n"
    rows = [f"| C{number} | {number * 1000:6} |\n" for number in range(8)]
    first, second = texts(header + "".join(rows), 130)
    assert first == (header + "".join(rows[:5])).strip()
    assert second == (header + "".join(rows[5:])).strip()


def test_an_ordered_list_keeps_its_numbers() -> None:
    items = [f"{number}. {words(7)}\n" for number in range(1, 7)]
    assert texts("".join(items), 120) == [
        "".join(items[:3]).strip("\n"),
        "".join(items[3:]).strip("\n"),
    ]


def test_a_nested_list_says_what_it_belongs_to() -> None:
    text = f"1. One\n2. Two\n   - {words(8)}\n   - {words(8)}\n3. Three"
    assert texts(text, 75) == [
        f"1. One\n2. Two\n   - {words(8)}",
        f"2. …\n   - {words(8)}\n3. Three",
    ]


def test_a_paragraph_of_a_nested_item_says_what_it_belongs_to() -> None:
    for size in range(35, 60):
        text = f"1. One\n   - {'x' * size}\n\n     {words(9)}\n2. Two"
        first, second, *_ = texts(text, 64)
        assert first.startswith("1. One")
        assert second.startswith(("1. …\n   - …", "1. …\n   - x")), size


def test_a_nested_item_is_not_taken_for_more_of_the_one_before() -> None:
    for size in range(35, 60):
        _, second, *_ = texts(f"1. One\n   - {'x' * size}\n   - {words(9)}", 64)
        assert not second.startswith("1. …\n   - …\n   - word"), size


def test_a_table_inside_a_list_item_keeps_its_place() -> None:
    header = "   | city | people |\n   |------|-------:|\n"
    rows = "".join(f"   | C{number} | {number * 1000:6} |\n" for number in range(8))
    first, second = texts(f"1. Cities:\n\n{header}{rows}2. Done", 190)
    assert first.startswith("1. Cities:")
    assert second.startswith(f"1. …\n{header}   | C")


def test_code_in_a_quotation_stays_quoted() -> None:
    parts = texts(f"> ```py\n> {'y' * 150}\n> ```", 64)
    assert len(parts) > 2
    for part in parts:
        lines = part.split("\n")
        assert all(line.startswith("> ") for line in lines)
        assert (lines[0], lines[-1]) == ("> ```py", "> ```")


def test_code_inside_a_list_item_keeps_its_place() -> None:
    code = "   echo one two three\n" * 5
    text = f"1. Run this:\n   ```sh\n{code}   ```\n2. Then that"
    first, second = texts(text, 100)
    assert first.startswith("1. Run this:\n   ```sh\n   echo")
    assert first.endswith("\n   ```")
    assert second.startswith("1. …\n   ```sh\n   echo")
    assert second.endswith("   ```\n2. Then that")


def test_an_item_that_is_cut_goes_on_as_that_item() -> None:
    text = f"1. First.\n2. {words(10)}. And {words(9)}.\n3. Last."
    first, second = texts(text, 80)
    assert first == f"1. First.\n2. {words(10)}. "
    assert second == f"2. … And {words(9)}.\n3. Last."


def test_a_quotation_that_is_cut_stays_quoted() -> None:
    first, second = texts(f"> {words(12)}. And {words(8)}.", 80)
    assert first == f"> {words(12)}. "
    assert second == f"> And {words(8)}."


def test_sentences_before_words_before_characters() -> None:
    assert texts(f"{words(8)}. Some {words(9)}.", 64) == [f"{words(8)}. ", f"Some {words(9)}."]
    assert texts(words(20), 64) == [f"{words(12)} ", words(8)]
    assert texts("x" * 100, 64) == ["x" * 64, "x" * 36]
    assert texts("日本" * 20 + "。" + "日本" * 20, 64) == ["日本" * 20 + "。", "日本" * 20]


@pytest.mark.parametrize(
    "span",
    [
        "`code with spaces inside`",
        "[a link with words](https://example.org/a)",
        "$a + b + c + d + e$",
        "\\(a + b + c + d + e\\)",
        "**strong words stay together**",
        "<https://example.org/a/long/address>",
    ],
)
def test_what_belongs_together_is_not_cut(span: str) -> None:
    for before in range(1, 30):
        parts = split(f"{'w ' * before}{span} {words(12)}", 64)
        assert any(span in part.body for part in parts)


@pytest.mark.parametrize("cluster", ["👩\u200d👩\u200d👧", "🇩🇪", "e\u0301", "👍🏽", "각", "\\*"])
def test_what_looks_like_one_character_is_not_cut(cluster: str) -> None:
    for before in range(6):
        for part in split("x" * before + cluster * 60, 64):
            assert part.body.replace(cluster, "").strip("x") == ""


def test_display_mathematics_is_closed_and_opened_again() -> None:
    lines = "a + b + c = d \\\\\n" * 6
    first, second = texts(f"$$\n{lines}$$", 80)
    assert first.endswith("\n$$")
    assert second.startswith("$$\na + b")


def test_nothing_new_comes_about_at_the_start_of_a_part() -> None:
    for before in range(20, 66):
        for mark in ("# no heading", "- no item", "1. no item", "> no quotation"):
            for part in split("x" * before + f" {mark} " + words(20), 64):
                assert not part.text.startswith(mark[:2])


def test_the_limit_counts_what_the_platform_counts() -> None:
    def utf16(text: str) -> int:
        return len(text.encode("utf-16-le")) // 2

    assert [len(part.text) for part in split("😀" * 100, 100, measure=utf16)] == [50, 50]


def test_a_limit_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="leaves less than"):
        split("x", MINIMUM_LIMIT, overhead=1)


def test_a_part_with_nothing_to_see_says_so() -> None:
    assert [part.is_blank for part in split("\n" * 100, 64)] == [True, True]
    assert not Part("x").is_blank
    assert Part("```\n", prefix="```py\n").is_blank


def test_a_part_that_is_out_stays_as_it_is() -> None:
    splitter = StreamingSplitter(100)
    answer = f"{words(15)}.\n\n```py\n" + "print(1)\n" * 20 + "```\n"
    shown: list[str] = []
    for end in range(0, len(answer), 7):
        splitter.update(answer[:end])
        closed = [part.text for part in splitter.closed]
        assert closed[: len(shown)] == shown
        shown = closed
    assert len(shown) >= 3
    assert splitter.update(answer) == split(answer, 100)


def test_an_open_code_block_is_shown_closed_while_it_grows() -> None:
    splitter = StreamingSplitter(100)
    assert splitter.update("```py\nx = ")[-1].text == "```py\nx = \n```"
    assert splitter.update("```py\nx = 1\n```\n")[-1].text == "```py\nx = 1\n```\n"
