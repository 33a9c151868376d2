"""All rules, in the order in which they are tried; the first that reads everything wins."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from adapters.offline import closed, code
from adapters.offline.pieces import SPACED as _SPACED
from adapters.offline.pieces import Piece
from adapters.offline.question import Question
from adapters.offline.scan import Scan
from adapters.offline.topics import (
    algebra,
    arithmetic,
    aspects,
    bases,
    chains,
    charts,
    choices,
    comparisons,
    complexes,
    derivatives,
    division,
    equations,
    formulas,
    functions,
    geometry,
    implicit,
    inequalities,
    integers,
    integrals,
    limits,
    lines,
    matrices,
    odes,
    percent,
    plots,
    primes,
    progressions,
    quadratics,
    sequences,
    series,
    statistics,
    systems,
    tangents,
    triangles,
    units,
    vectors,
)
from adapters.offline.topics.common import Reader, Setting
from adapters.offline.tree import ZERO, bound_letters, children

READERS: Final[tuple[Reader, ...]] = (
    *charts.READERS,
    *formulas.READERS,
    *plots.READERS,
    *units.READERS,
    *percent.READERS,
    *chains.READERS,
    *arithmetic.ORDERS,
    *triangles.READERS,
    *geometry.READERS,
    *limits.READERS,
    *series.READERS,
    *odes.READERS,
    *implicit.READERS,
    *tangents.READERS,
    *derivatives.READERS,
    *integrals.READERS,
    *matrices.READERS,
    *vectors.READERS,
    *lines.READERS,
    *progressions.READERS,
    *sequences.READERS,
    *bases.READERS,
    *integers.READERS,
    *primes.READERS,
    *choices.READERS,
    *statistics.READERS,
    *complexes.READERS,
    *quadratics.READERS,
    *division.READERS,
    *algebra.READERS,
    *functions.READERS,
    *aspects.READERS,
    *comparisons.READERS,
    *arithmetic.READERS,
    *systems.READERS,
    *equations.READERS,
    *inequalities.READERS,
    *algebra.BARE,
)


_PLAIN: Final = frozenset("NASC")
_LISTING: Final = _SPACED | {"sum", "add", "order", "histogram", "chart", "plot", "list", "total"}


_PLAIN_READERS: Final[tuple[Reader, ...]] = (*comparisons.READERS, *arithmetic.READERS)


def _binds_inside(parts: Sequence[Piece]) -> bool:
    """`∑ k + 3`: an index that only the rules of plain values declare in their code."""
    return any(
        bound_letters(inner)
        for part in parts
        if part.node is not None
        for inner in children(part.node)
    )


_MOST_EXPRESSIONS: Final = 30


def _too_many(parts: Sequence[Piece]) -> bool:
    """More expressions than a question has; a list of data may be longer."""
    count = sum(part.node is not None for part in parts)
    return count > _MOST_EXPRESSIONS and not any(part.text in _LISTING for part in parts)


def _run_together(parts: Sequence[Piece]) -> bool:
    """Two expressions with nothing between them: something there was not read."""
    if any(part.text in _SPACED for part in parts):
        return False
    pairs = pairwise(parts)
    joined = [
        index
        for index, (a, b) in enumerate(pairs)
        if a.letter in _PLAIN and b.letter in _PLAIN and b.node != ZERO
    ]
    # `x² 0 to 3`: bounds may follow a function without a word between.
    return any(index + 2 >= len(parts) or parts[index + 2].text != "to" for index in joined)


def read(parts: Sequence[Piece], setting: Setting) -> tuple[Question, ...]:
    """The questions in one sentence; none when no rule accounts for every word of it."""
    if _run_together(parts) or _too_many(parts):
        return ()
    for reader in _PLAIN_READERS if _binds_inside(parts) else READERS:
        try:
            found = reader(Scan(parts), setting)
        except (closed.NotRational, closed.Undefined, code.Unwritable):
            continue
        if found is None:
            continue
        questions = (found,) if isinstance(found, Question) else tuple(found)
        if questions:
            return questions
    return ()
