"""Tool calls are put together right, whatever accent the endpoint has."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.openai.calls import CallAssembler
from core.engine.generation import ToolCall
from core.ids import RandomIds
from tests.fakes.rounds import Round, cut_at

Entry = dict[str, Any]


def entry(name: str = "", arguments: Any = "", **fields: Any) -> Entry:
    return {"function": {**({"name": name} if name else {}), "arguments": arguments}, **fields}


def assembled(*chunks: list[Entry], taken: tuple[str, ...] = ()) -> list[ToolCall]:
    calls = CallAssembler(RandomIds(), taken)
    events = [event for chunk in chunks for event in calls.feed(list(chunk))]
    return Round((*events, *calls.end())).calls


def test_a_whole_call_in_one_chunk() -> None:
    assert assembled([entry("add", '{"a":1}', index=0, id="c1")]) == [
        ToolCall("c1", "add", '{"a":1}')
    ]


def test_several_calls_that_all_carry_index_0() -> None:
    calls = assembled(
        [entry("add", '{"a":1}', index=0, id="c1"), entry("add", '{"a":2}', index=0, id="c2")],
        [entry("add", '{"a":3}', index=0, id="c3")],
    )
    assert [call.arguments for call in calls] == ['{"a":1}', '{"a":2}', '{"a":3}']


def test_several_calls_without_index_or_id() -> None:
    calls = assembled([entry("add", '{"a":1}')], [entry("add", '{"a":2}')], [entry("sub", "{}")])
    assert [(call.name, call.arguments) for call in calls] == [
        ("add", '{"a":1}'),
        ("add", '{"a":2}'),
        ("sub", "{}"),
    ]
    assert len({call.call_id for call in calls}) == 3
    assert all(call.call_id.startswith("call_") for call in calls)


def test_repeated_ids_become_different_ones() -> None:
    calls = assembled(
        [entry("add", '{"a":1}', index=0, id="x"), entry("add", '{"a":2}', index=1, id="x")]
    )
    assert calls[0].call_id == "x"
    assert calls[1].call_id.startswith("call_")


def test_an_id_of_an_earlier_round_is_not_given_again() -> None:
    [call] = assembled([entry("add", "{}", index=0, id="call_0")], taken=("call_0",))
    assert call.call_id not in {"call_0", ""}


def test_the_same_id_repeated_in_every_chunk_is_one_call() -> None:
    calls = assembled(
        [entry("add", '{"a"', index=0, id="c1")],
        [entry("add", ":1", index=0, id="c1")],
        [entry("add", "}", index=0, id="c1")],
        [entry("add", "", index=0, id="c1")],
    )
    assert calls == [ToolCall("c1", "add", '{"a":1}')]


def test_arguments_as_an_object_become_json() -> None:
    [call] = assembled([entry("add", {"a": 1}, index=0, id="c1")])
    assert json.loads(call.arguments) == {"a": 1}


def test_no_arguments_become_an_empty_object() -> None:
    [call] = assembled([entry("now", None, index=0, id="c1")])
    assert call.arguments == "{}"


def test_a_name_that_comes_late_still_begins_the_call() -> None:
    calls = assembled(
        [{"index": 0, "id": "c1"}],
        [entry("", '{"a":', index=0)],
        [entry("add", "1}", index=0)],
    )
    assert calls == [ToolCall("c1", "add", '{"a":1}')]


def test_rubbish_is_no_call() -> None:
    assert assembled([{}], [{"function": None}], [{"index": "x", "function": 3}]) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "sub"]),
            st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=6), max_size=3),
            st.lists(st.integers(0, 40), max_size=4),
        ),
        max_size=4,
    ),
    st.booleans(),
    st.booleans(),
)
def test_any_cutting_gives_the_same_calls(
    wanted: list[tuple[str, dict[str, Any], list[int]]], with_ids: bool, repeat_name: bool
) -> None:
    chunks: list[list[Entry]] = []
    for index, (name, arguments, cuts) in enumerate(wanted):
        text = json.dumps(arguments)
        for place, piece in enumerate(cut_at(text, cuts)):
            given_name = name if place == 0 or repeat_name else ""
            fields: Entry = {"index": index}
            if with_ids and place == 0:
                fields["id"] = f"c{index}"
            chunks.append([entry(given_name, piece, **fields)])
    calls = assembled(*chunks)
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [
        (name, arguments) for name, arguments, _ in wanted
    ]
