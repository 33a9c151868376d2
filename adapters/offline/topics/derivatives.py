"""Derivatives: of any order, at a point, partial, implicit notation, tangents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from adapters.offline import code, show, values
from adapters.offline.explain import rules
from adapters.offline.form import PLAIN, Form, take_form
from adapters.offline.lexicon import ORDINALS, wordset
from adapters.offline.question import Answer, Question, Result, display
from adapters.offline.scan import Scan, body
from adapters.offline.topics.common import Setting, report, variable
from adapters.offline.tree import (
    Apply,
    Binary,
    Call,
    Diff,
    Listing,
    Node,
    Rate,
    Relation,
    Sym,
    equation,
    free,
    has_decimal,
    integer,
    is_constant,
    rebuild,
    walk,
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
_UNDEFINED: Final = frozenset({Sym("f"), Sym("g"), Sym("h"), Sym("y")})
"""Names of functions that nobody defined."""
_HIGHEST: Final = 12
_WORD_ORDERS: Final = {"twice": 2, "double": 2, "thrice": 3}


@dataclass(frozen=True, slots=True)
class Wish:
    """One derivative that is asked for."""

    function: Node
    by: str
    order: int = 1
    point: tuple[tuple[str, Node], ...] = ()
    form: Form = PLAIN
    name: str = ""


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
        named = 1 <= value <= _HIGHEST and f" {ordinal} " in scan.text
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


def made_wish(
    node: Node, by: str | None, order: int, point: tuple[tuple[str, Node], ...] | None, form: Form
) -> Wish | None:
    if isinstance(node, Binary) and node.op == "@" and isinstance(node.right, Relation):
        inner, place = node.left, node.right.sides[1]
        if not isinstance(inner, Diff):
            return None
        at = () if place == Sym(inner.by) else ((inner.by, place),)
        return Wish(inner.body, inner.by, inner.order, at, form, "f")
    name = ""
    if isinstance(node, Relation) and body(node) is not node:
        left = node.sides[0]
        name = left.name if isinstance(left, Apply | Sym | Rate) else ""
    function = body(node)
    if isinstance(function, Relation):
        return None
    while isinstance(function, Diff):
        by, order, function = function.by, function.order + (order - 1), function.body
    if isinstance(function, Listing | Rate | Apply) or function in _UNDEFINED:
        return None
    letter = by or variable(function)
    if letter is None:
        if not is_constant(function):
            return None
        letter = "x"
    places = _places(point, letter)
    if places is None or order > _HIGHEST:
        return None
    return Wish(natural_logs(function), letter, order, places, form, name)


def _places(
    point: tuple[tuple[str, Node], ...] | None, letter: str
) -> tuple[tuple[str, Node], ...] | None:
    if not point:
        return ()
    out: list[tuple[str, Node]] = []
    for name, value in point:
        if isinstance(value, Listing) and len(value.items) != 2:
            return None
        place = value.items[0] if isinstance(value, Listing) else value
        if not is_constant(place):
            return None
        out.append((name or letter, place))
    return tuple(out)


def natural_logs(node: Node) -> Node:
    """In calculus a `log` without a base is the natural one."""
    if isinstance(node, Call) and node.name == "log" and len(node.args) == 1:
        return Call("ln", tuple(map(natural_logs, node.args)))
    return rebuild(node, natural_logs)


def derivative(wish: Wish) -> Question:
    """The code and the explanation of one derivative."""
    letter = code.identifier(wish.by)
    names = sorted({*free(wish.function), wish.by, *(name for name, _ in wish.point)})
    times = f", {wish.order}" if wish.order > 1 else ""
    real = any(isinstance(p, Call) and p.name in {"abs", "sign"} for p in walk(wish.function))
    lines = [
        code.symbols_line(names, "real=True" if real else ""),
        f"f = {code.exact(wish.function)}",
        f"raw = diff(f, {letter}{times})",
        "slope = simplify(raw)",
        'print("derivative:", slope)',
    ]
    entries = {
        "derivative": "str(slope)",
        "terms": f"[[str(term), str(diff(term, {letter}))] for term in Add.make_args(f)]",
        "raw": "str(raw)",
    }
    if wish.point:
        put = ", ".join(
            f"{code.identifier(name)}: {code.expression(value)}" for name, value in wish.point
        )
        lines += [f"value = simplify(slope.subs({{{put}}}))", 'print("value there:", value)']
        entries |= {"value": "str(value)", "near": "str(N(value, 30))"}
    lines.append(report(**entries))

    def explain(result: Result) -> Answer:
        return _concluded(wish, result)

    place = ", ".join(f"{name} = {show.pretty(value)}" for name, value in wish.point)
    ordinal = "" if wish.order == 1 else f"{_ordinal(wish.order)} "
    title = (
        f"{ordinal}derivative of {show.pretty(wish.function)} with respect to "
        f"{show.pretty(Sym(wish.by))}"
    )
    title = title[0].upper() + title[1:] + (f", at {place}" if place else "")
    result_tree = Diff(wish.function, wish.by, wish.order)

    def again(node: Node) -> Question | None:
        if isinstance(node, Sym) and node.name in free(wish.function):
            return derivative(replace(wish, by=node.name, point=()))
        made = made_wish(node, None, wish.order, None, wish.form)
        return derivative(made) if made is not None and not is_constant(node) else None

    return Question(
        kind="derivative",
        title=title,
        code=code.program(*lines),
        explain=explain,
        subject=wish.function,
        value=result_tree,
        again=again,
        at=lambda node: (
            derivative(replace(wish, point=((wish.by, node),))) if is_constant(node) else None
        ),
    )


def _notation(wish: Wish) -> str:
    if len(free(wish.function)) > 1:
        mark = (
            ""
            if wish.order == 1
            else str(wish.order).translate(str.maketrans("23456789", "²³⁴⁵⁶⁷⁸⁹"))
        )
        return f"∂{mark}f/∂{show.pretty(Sym(wish.by))}{mark}"
    if wish.name and wish.name not in {"f", "g", "h"}:
        mark = (
            ""
            if wish.order == 1
            else str(wish.order).translate(str.maketrans("23456789", "²³⁴⁵⁶⁷⁸⁹"))
        )
        return f"d{mark}{wish.name}/d{wish.by}{mark}"
    primes = "'" * wish.order if wish.order <= 3 else f"^({wish.order})"
    return f"{wish.name or 'f'}{primes}({show.pretty(Sym(wish.by))})"


def _ordinal(value: int) -> str:
    names = {2: "second", 3: "third", 4: "fourth", 5: "fifth", 6: "sixth"}
    return names.get(value, f"{value}th")


def _concluded(wish: Wish, result: Result) -> Answer:
    steps = list(rules.derivative(wish.function, wish.by))
    terms = result.list("terms")
    if wish.order == 1 and 1 < len(terms) <= 6:
        steps.append(
            "Term by term: "
            + "; ".join(f"({display(str(a))})' = {display(str(b))}" for a, b in terms)
        )
    elif wish.order > 1:
        steps.append(f"Differentiate {wish.order} times in a row.")
    mark = _notation(wish)
    raw, slope = result.show("raw"), result.show("derivative")
    both = raw != slope and len(raw) + len(slope) < 90
    lines = [f"{mark} = {raw} = {slope}" if both else f"{mark} = {slope}"]
    if "value" in result:
        text = values.value_text(
            result.text("value"),
            result.text("near"),
            wish.form,
            decimals=has_decimal(wish.point[0][1]),
        )
        place = ", ".join(f"{name} = {show.pretty(value)}" for name, value in wish.point)
        head = (
            mark.replace(f"({wish.by})", f"({show.pretty(wish.point[0][1])})")
            if f"({wish.by})" in mark
            else f"{mark} at {place}"
        )
        sign = "" if text.startswith("≈") else "= "
        steps.append(f"Put in {place}.")
        lines.append(f"{head} {sign}{text}")
    return Answer(tuple(lines), tuple(steps))


READERS = (read_derivative,)
