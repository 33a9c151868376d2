"""What is kept of a file comes back as it was, and nothing else is taken for it."""

from __future__ import annotations

import json
import random
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.search.chunking import cut, windows
from adapters.search.prepared import MAGIC, Contents, NotPrepared, pack, unpack
from core.engine.searching import Chunking

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=500)


def contents(text: str, dimensions: int = 0) -> Contents:
    chunking = Chunking(30, 10)
    spans = cut(text, chunking)
    if not dimensions:
        return Contents(text, spans, [(0, 0)] * len(spans))
    found, owned = windows(text, spans, chunking)
    vectors = bytes(range(256)) * (len(found) * dimensions * 2 // 256 + 1)
    size = len(found) * dimensions * 2
    return Contents(text, spans, owned, "someone", dimensions, vectors[:size])


@given(TEXTS, st.sampled_from([0, 1, 8]))
def test_it_comes_back_as_it_was(text: str, dimensions: int) -> None:
    before = contents(text, dimensions)
    after = unpack(pack(before))
    assert after == before
    assert "".join(after.passages[:1]) == text[slice(*before.spans[0])]


def test_the_text_is_kept_once_and_packed() -> None:
    text = "All work and no play makes a dull text. " * 1000
    spans = cut(text, Chunking(800, 400))
    assert sum(end - start for start, end in spans) > 1.8 * len(text)
    assert len(pack(Contents(text, spans, [(0, 0)] * len(spans)))) < len(text) / 10


@given(st.binary(max_size=300))
def test_garbage_is_refused(data: bytes) -> None:
    for candidate in (data, MAGIC + data, MAGIC + struct.pack("<I", len(data)) + data):
        with pytest.raises(NotPrepared, match=r"\.$"):
            unpack(candidate)


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_blob_is_refused_or_still_whole(seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(pack(contents("Some text to keep. " * 20, 8)))
    for _ in range(chance.randint(1, 5)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        found = unpack(bytes(data))
    except NotPrepared:
        return
    assert all(0 <= start < end <= len(found.text) for start, end in found.spans)


@pytest.mark.parametrize("cut_off", [1, 7, 16, 30, 100])
def test_a_blob_that_lost_its_end(cut_off: int) -> None:
    with pytest.raises(NotPrepared):
        unpack(pack(contents("Some text to keep. " * 20, 8))[:-cut_off])


def test_text_that_unpacks_to_more_than_it_says() -> None:
    packed = zlib.compress(b"x" * 50_000_000)
    header = json.dumps(
        {"characters": 10, "packed": len(packed), "passages": 0, "embedder": "", "dimensions": 0}
    ).encode()
    with pytest.raises(NotPrepared):
        unpack(MAGIC + struct.pack("<I", len(header)) + header + packed)
