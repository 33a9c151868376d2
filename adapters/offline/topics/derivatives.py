"""Derivatives: of any order, at a point, partial, implicit notation, tangents."""

from __future__ import annotations

from typing import Final

from adapters.offline.form import take_form
from adapters.offline.lexicon import ORDINALS, wordset
from adapters.offline.question import Question
from adapters.offline.scan import Scan, body
from adapters.offline.topics.common import Setting
from adapters.offline.topics.differentiating import HIGHEST, Wish, derivative, made_wish
from adapters.offline.tree import (
    Apply,
    Binary,
    Diff,
    Listing,
    Node,
    Rate,
    Relation,
    Sym,
    equation,
    free,
    integer,
    is_constant,
)

CUE: Final = (
    r"derivatives?|differentiate|differentiated|differentiating|"
    r"differentiation|derive|derivate|derivation|differential"
    r"|rate of change|how fast (?:is|does)|changing|gradient function|slope "
    r"function|first principles"
)
_SLOPE: Final = (
    r"(?:slope|gradient|steepness)(?: of)?(?: (?:tangent(?: line)?|curve|"
    r"graph|function|tangent line to|line tangent))*"
)
EXTRA: Final = wordset(
    "function respect variable partial f y x first order notation compute "
    "using rule when if order"
    " curve graph expression given let evaluated point value simplify "
    "simplified fully instantaneous its"
    " be tangent line limit definition original times twice prime exact "
    "called at where d dx dy diff"
    " trig trigonometric exponential polynomial logarithmic composite rational t"
)
_WORD_ORDERS: Final = {"twice": 2, "double": 2, "thrice": 3}


def read_derivative(scan: Scan, setting: Setting) -> list[Question] | None:
    """`derivative of x²`, `d/dx (x²)`, `f'(2) if f(x) = x³`, `slope of y = x² at x = 3`."""
    form = take_form(scan)
    applied = _applied(scan, setting)
    every_cue = scan.has("partial derivatives|partials")
    cue = scan.cue(CUE) or applied is not None
    rate = _of_rate(scan)
    cue = cue or rate is not None
    orders = (rate.order,) if rate else _orders(scan)
    every = every_cue or scan.cue(r"partials")
    slope = scan.cue(_SLOPE)
    if slope and not scan.has(r"(?:at|when|where|through) (?:point )?X|at S = E"):
        return None
    by = _by(scan) or (rate.by if rate and rate.by else None)
    point = take_point(scan)
    nodes = scan.rest("X")
    if applied is not None:
        nodes = (applied, *nodes)
    calculus = any(isinstance(body(node), Diff) or isinstance(node, Diff) for node in nodes)
    if not nodes or not (cue or slope or calculus) or not scan.done(EXTRA):
        return None
    if slope and (point is None or any(is_constant(body(node)) for node in nodes)):
        return None
    if len(nodes) > 1 and any(map(is_constant, nodes)):
        return None
    wishes: list[Wish] = []
    for node in nodes:
        letters = free(body(node)) if every and by is None else (by,)
        for order in orders:
            for letter in letters:
                wish = made_wish(node, letter, order, point, form)
                if wish is None:
                    return None
                wishes.append(wish)
    return [derivative(wish) for wish in wishes]


def _of_rate(scan: Scan) -> Rate | None:
    """`dy/dx of 7x`: the sign asks, and what follows is the function."""
    for index, part in enumerate(scan.parts):
        if isinstance(part.node, Rate):
            if scan.take(r"C (?:of|for|if|when|where|given|in|,|;|:)(?= (?:E|R))") is None:
                return None
            return part.node
        del index
    return None


def _applied(scan: Scan, setting: Setting) -> Node | None:
    """`f'(2)` with `f` known: the derivative, and the point in it."""
    for index, part in enumerate(scan.parts):
        node = part.node
        if isinstance(node, Apply) and node.primes > 0 and node.name in setting.functions:
            by, inner = setting.functions[node.name]
            scan.text = scan.text.replace(f"⟨{part.letter}{index}⟩", "¦")
            point = node.args[0]
            return Binary("@", Diff(inner, by, node.primes), Relation((Sym(by), point), ("=",)))
    return None


def _orders(scan: Scan) -> tuple[int, ...]:
    """`second` -> 2; `first and second` -> 1 and 2; 1 where nothing is said."""
    found: list[int] = []
    for ordinal, value in ORDINALS.items():
        named = 1 <= value <= HIGHEST and f" {ordinal} " in scan.text
        if named and scan.cue(rf"{ordinal}(?: order)?(?: partial)?"):
            found.append(value)
    for word, value in _WORD_ORDERS.items():
        if f" {word} " in scan.text and scan.cue(word):
            found.append(value)
    times = scan.take(r"N times")
    if times:
        found.append(integer(times[0]) or 1)
    return tuple(sorted(set(found))) or (1,)


def _by(scan: Scan) -> str | None:
    found = scan.take(
        r"(?:with respect to|in terms of|respect to|wrt|by|in|for|as function of) "
        r"(?:variable )?S(?! =)"
    )
    if found and isinstance(found[0], Sym):
        return found[0].name
    return None


def take_point(scan: Scan) -> tuple[tuple[str, Node], ...] | None:
    """Where a derivative is wanted: `at x = 3`."""
    where = (
        r"(?:at|when|where|for|if|in|through|and evaluate (?:it )?at|evaluated at|"
        r"evaluate (?:it )?at|and its value at|value at)(?: (?:point|points|point "
        r"where|value|instant|time))*"
    )
    found = scan.take(rf"{where} L")
    if found is not None and isinstance(found[0], Listing):
        return (("", found[0]),)
    found = scan.take(rf"{where} R(?: (?:,|and) R)?")
    if found is not None:
        pairs = [equation(node) for node in found]
        if all(pair and isinstance(pair[0], Sym) and is_constant(pair[1]) for pair in pairs):
            return tuple(
                (pair[0].name, pair[1]) for pair in pairs if pair and isinstance(pair[0], Sym)
            )
        scan.spoil()
        return None
    found = scan.take(r"(?:when|where|if|for|at|as) S (?:is|equals|=) N")
    if found is not None and isinstance(found[0], Sym):
        return ((found[0].name, found[1]),)
    found = scan.take(rf"{where} N")
    return (("", found[0]),) if found is not None else None


READERS = (read_derivative,)
