"""Reading dumps: each shape they come in, and the line of what is broken."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest

from bots.dumps import Broken, Found, objects_in
from core.assistants import Message
from core.engine.service.importing import in_order

A, B, C = {"id": "a"}, {"id": "b", "data": {"x": [1]}}, {"id": "c", "text": 'A "}]{["\n'}
PAGE = {"object": "list", "data": [A, B], "first_id": "a", "has_more": False}


def read(text: str) -> list[tuple[int, object]]:
    """Line and id, or the sentence."""
    return [
        (one.line, one.body["id"] if isinstance(one, Found) else one.sentence)
        for one in objects_in(text)
    ]


@pytest.mark.parametrize("indent", [None, 2])
def test_every_shape_of_a_dump(indent: int | None) -> None:
    """One object, arrays, list pages, several of them: always the same objects."""

    def text(value: object) -> str:
        return json.dumps(value, indent=indent)

    for whole in (
        text([A, B, C]),
        f"{text(PAGE)}\n{text(C)}\n",
        "\n".join(map(text, (A, B, C))),
        f"\n\n{text([A])}\n\n{text([PAGE | {'data': [B]}, C])}",
        text([[A, B], [], [C]]),
    ):
        assert [name for _, name in read(whole)] == ["a", "b", "c"], whole
    assert read("") == read(" \n\n") == read("[]") == []


def test_the_line_of_each_object() -> None:
    """In JSONL, and inside of an indented page."""
    assert read(f"{json.dumps(A)}\n\n{json.dumps(B)}") == [(1, "a"), (3, "b")]
    assert read(json.dumps(PAGE, indent=1)) == [(4, "a"), (7, "b")]
    assert read(json.dumps([A, B], indent=0)) == [(2, "a"), (5, "b")]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("not json", "no JSON"),
        ('{"id": "x", "text": "cut', "no JSON"),
        ('{"id": "x", "text":', "no JSON"),
        ('{"id": "x" "y"}', "no JSON"),
        ("17", "no object"),
        ('"text"', "no object"),
        ("null", "no object"),
        ("[" * 100_000, "too deep"),
    ],
)
def test_a_broken_line_is_named_and_the_rest_is_read(broken: str, reason: str) -> None:
    """Also where it only shows in the next line that something is missing."""
    (_, first), (line, sentence), (after, last) = read(
        f"{json.dumps(A)}\n{broken}\n{json.dumps(B)}\n"
    )
    assert (first, line, after, last) == ("a", 2, 3, "b")
    assert isinstance(sentence, str)
    assert reason in sentence


def test_what_stands_before_the_break_in_a_list_is_read() -> None:
    """And what stands behind it, if it has lines of its own."""
    whole = f'[\n{json.dumps(A)},\n{{"id": nothing}},\n{json.dumps(B)}\n]\n{json.dumps(C)}'
    found = read(whole)
    assert [line for line, _ in found] == [2, 3, 4, 6]
    assert [found[0][1], found[2][1], found[3][1]] == ["a", "b", "c"]
    (cut,) = objects_in(json.dumps(PAGE)[:-5])
    assert isinstance(cut, Broken)
    assert cut.line == 1


def _said(name: str, stamp: int) -> Message:
    return Message(id=name, created_at=stamp, thread_id="t", role="user", content=())


@pytest.mark.parametrize(
    ("stamps", "newest_first", "order"),
    [
        ([3, 2, 2, 1], False, "dcba"),
        ([1, 2, 2, 3], True, "abcd"),
        ([5, 5, 5, 5], True, "dcba"),
        ([5, 5, 5, 5], False, "abcd"),
        ([4, 3, 9, 1], False, "dbac"),
    ],
)
def test_messages_in_the_order_in_which_they_were_said(
    stamps: list[int], newest_first: bool, order: str
) -> None:
    """Whichever way the dump goes, also within one second."""
    given = [_said(name, stamp) for name, stamp in zip("abcd", stamps, strict=True)]
    assert "".join(one.id for one in in_order(given, newest_first=newest_first)) == order


def test_what_a_dump_is_taken_for() -> None:
    """By `object`, else by the id; Messages inside of their Thread; the last of an id counts."""
    command: Any = importlib.import_module("bots.commands.import")
    thread = {"id": "thread_1", "created_at": 5}
    message = {"id": "msg_1", "created_at": 6, "role": "user", "content": "Hi"}
    older = {"id": "asst_1", "created_at": 1, "model": "gpt-4"}
    dump = command.Dump()
    lines: list[Any] = [
        older,
        older | {"name": "Newer"},
        thread | {"messages": {"object": "list", "data": [message]}},
        message | {"id": "msg_2", "thread_id": "thread_2"},
        {"id": 7},
        {"object": "list", "data": [{"id": "vs_1", "created_at": 1, "file_counts": {}}]},
    ]
    dump.read("a", "\n".join(map(json.dumps, lines)))
    assert [one.assistant.name for one in dump.assistants.values()] == ["Newer"]
    assert list(dump.threads) == ["thread_1"]
    said = {name: [one.message.id for one in some] for name, some in dump.messages.items()}
    assert said == {"thread_1": ["msg_1"], "thread_2": ["msg_2"]}
    assert list(dump.stores) == ["vs_1"]
    (problem,) = dump.problems
    assert problem.startswith("a, line 5: it is of no known kind")
