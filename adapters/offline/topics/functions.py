"""Functions: their value somewhere, domain, range, inverse, extrema, asymptotes, compositions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapters.offline import code, show, values
from adapters.offline.form import Form, take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Answer, Question, Result, display
from adapters.offline.scan import Scan, body
from adapters.offline.topics.common import Setting, Value, report, value_question, variable
from adapters.offline.topics.derivatives import natural_logs
from adapters.offline.topics.inequalities import bounds_text, interval_text
from adapters.offline.tree import (
    Apply,
    Integral,
    Listing,
    Node,
    Rate,
    Relation,
    Sym,
    equation,
    free,
    is_constant,
    substitute,
    walk,
)

_WHERE: Final = (
    r"(?:when|at|if|for|where|given|given that|with|using|as|and|put|let|plug "
    r"in|plugging in|substitute|substituting|evaluated at|by)"
)
_EVALUATE_EXTRA: Final = wordset(
    "evaluate value expression function f equals equal is becomes substitute "
    "substituting plug plugging into numerical y simplify"
    " at point input output when where given g h polynomial image x solve "
    "equation corresponding height replaced = t n ordered"
)


def read_evaluate_at(scan: Scan, setting: Setting) -> Question | None:
    """`evaluate 2x + 1 when x = 4`, `if x = 3 and y = 2, what is x² + y`."""
    form = take_form(scan)
    scan.cue(r"substitute|plug|put|plugging|substituting")
    put: dict[str, Node] = {}
    for index, part in enumerate(scan.parts):
        pair = equation(part.node) if part.node is not None else None
        if pair is None or not isinstance(pair[0], Sym) or not is_constant(pair[1]):
            continue
        before = scan.parts[index - 1].text if index else ""
        if pair[0].name in put:
            return None
        put[pair[0].name] = pair[1]
        scan.text = scan.text.replace(f"⟨R{index}⟩", "¦")
        del before
    if not put:
        found = scan.take(
            rf"{_WHERE} S (?:is|equals|is equal to|be|becomes|=) N(?: and S (?:is|equals|be|=) N)?"
        ) or scan.take(r"S is N(?: and S is N)?")
        if found is None:
            found = scan.take(
                (
                    r"(?:substitute|plug|put|plugging|replace) (?:in )?(?:S with )?N (?:into|"
                    r"for S in|in for S in|for|in)"
                )
            )
            if found is None or len(found) > 2:
                return None
            put["?"] = next(node for node in found if not isinstance(node, Sym))
        else:
            put = {
                a.name: b
                for a, b in zip(found[::2], found[1::2], strict=True)
                if isinstance(a, Sym)
            }
    scan.cue(_WHERE)
    scan.cue(r"into|in")
    nodes = scan.rest("X")
    if len(nodes) == 2 and isinstance(nodes[0], Sym) and body(nodes[1]) is not nodes[1]:
        head = nodes[1].sides[0] if isinstance(nodes[1], Relation) else None
        nodes = nodes[1:] if head == nodes[0] else nodes
    if len(nodes) != 1 or not scan.done(_EVALUATE_EXTRA):
        return None
    return _evaluated(nodes[0], put, form)


def _evaluated(node: Node, put: Mapping[str, Node], form: Form) -> Question | None:
    function = body(node)
    pair = equation(function)
    if pair is not None:
        names = set(free(function)) - set(put)
        if isinstance(pair[0], Sym) and pair[0].name in names and len(names) == 1:
            function = pair[1]
        else:
            return None
    if isinstance(function, Relation | Listing | Sym) or any(
        isinstance(p, Apply | Rate) for p in walk(function)
    ):
        return None
    names = free(function)
    if "?" in put:
        if len(names) != 1:
            return None
        put = {names[0]: put["?"]}
    if set(names) != set(put):
        return None
    place = ", ".join(
        f"{show.pretty(Sym(name))} = {show.pretty(value)}" for name, value in put.items()
    )
    inserted = substitute(function, dict(put))

    def at(value: Node) -> Question | None:
        return _evaluated(function, {names[0]: value}, form) if len(names) == 1 else None

    question = value_question(
        Value(
            title=f"{show.pretty(function)} at {place}",
            expression=inserted,
            before=(f"Put in {place}: {show.pretty(inserted)}",),
            form=form,
            kind="evaluate",
        )
    )
    from dataclasses import replace

    return replace(question, at=at, subject=function)


_ASPECTS: Final[dict[str, str]] = {
    "domain": r"(?:largest |natural |maximal )?domain(?: of definition)?",
    "range": r"(?:domain and )?range|codomain|image",
    "inverse": r"inverse(?: function)?|invert",
    "extrema": (
        r"(?:all |local |relative |absolute |global )*(?:extrema|extreme "
        r"(?:values?|points?)|extremum|maxima and minima|minima and maxima|"
        r"maximum and minimum|max and min|min and max|maximum or minimum|turning "
        r"points?|maxima|minima|maximum|minimum|max|min|stationary points?|"
        r"critical (?:points?|numbers?|values?))(?: points?| values?| value)*"
    ),
    "inflection": (
        r"(?:points? of inflection|inflection points?|inflexion points?|points? " r"of inflexion)"
    ),
    "monotony": (
        r"(?:intervals? (?:where|on which|of) )?(?:increasing(?: (?:and|or) "
        r"decreasing)?|decreasing(?: (?:and|or) increasing)?|increase|decrease|"
        r"increases|decreases|monotonicity)(?: intervals?)?"
    ),
    "asymptotes": r"(?:all |vertical |horizontal |oblique |slant |and )*asymptotes?",
    "intercepts": (
        r"(?:all |both |xintercepts? and yintercepts?|x and yintercepts?|"
        r"xintercept and yintercept|axis |x and y )?(?:intercepts?|xintercepts? "
        r"and yintercepts?)"
    ),
    "yintercept": (
        r"yintercepts?|y intercepts?|(?:cross|crosses|cut|cuts|meet|meets|"
        r"intersect|intersects) yaxis"
    ),
    "parity": (
        r"(?:even,? ?odd,? ?or neither|even or odd|odd or even|parity|even odd or "
        r"neither|symmetry)"
    ),
    "period": r"period|periodicity",
    "concavity": (
        r"(?:concave up|concave down|concavity|convex|concave)(?: (?:and|or) "
        r"(?:concave )?(?:up|down|concave))*"
    ),
}
_ASPECT_EXTRA: Final = wordset(
    "function functions curve graph f y x expression value values local "
    "relative all point points both and or coordinates location"
    " equation equations real have has parabola classify identify locate "
    "interval intervals any where on nature numbers number its it"
    " defined whether determine check rational does rate axis with type "
    "given let trig global absolute also g h quadratic"
)


def read_aspect(scan: Scan, setting: Setting) -> Question | list[Question] | None:
    """`domain of sqrt(x - 2)`, `inverse of f(x) = 2x + 3`, `local extrema of x³ - 3x`."""
    take_form(scan)
    wanted = [name for name, pattern in _ASPECTS.items() if scan.cue(pattern)]
    words = " ".join(part.text for part in scan.parts)
    if "range" in wanted and "domain" in words and "domain" not in wanted:
        wanted.insert(0, "domain")
    if not wanted:
        return None
    where = scan.take(r"(?:on|in|over|for)(?: (?:interval|domain))? L")
    nodes = scan.rest("X")
    if len(nodes) != 1 or not scan.done(_ASPECT_EXTRA):
        return None
    function = natural_logs(body(nodes[0]))
    name = variable(function)
    if (
        name is None
        or len(free(function)) != 1
        or isinstance(function, Relation | Listing | Integral)
    ):
        return None
    if any(isinstance(part, Apply | Rate) for part in walk(function)):
        return None
    window = where[0] if where else None
    if window is not None and not (
        wanted == ["extrema"] and isinstance(window, Listing) and len(window.items) == 2
    ):
        return None
    label = nodes[0].sides[0] if isinstance(nodes[0], Relation) else None
    caption = label.name if isinstance(label, Apply) else "f"
    made = [aspect(kind, function, name, caption, window) for kind in wanted]
    return made


def aspect(kind: str, function: Node, name: str, caption: str, window: Node | None) -> Question:
    """One property of a function."""
    letter = code.identifier(name)
    head = [code.symbols_line([name], "real=True"), f"f = {code.exact(function)}"]
    lines, entries = _ASPECT_CODE[kind]
    lines = [line.replace("{x}", letter) for line in lines]
    if window is not None and isinstance(window, Listing):
        low, high = map(code.exact, window.items)
        lines = [
            f"low, high = {low}, {high}",
            *(line.replace("{x}", letter) for line in _CLOSED_CODE[0]),
        ]
        entries = _CLOSED_CODE[1]
    titles = {
        "domain": "Domain",
        "range": "Range",
        "inverse": "Inverse",
        "extrema": "Extreme points",
        "inflection": "Inflection points",
        "monotony": "Increasing and decreasing",
        "asymptotes": "Asymptotes",
        "intercepts": "Intercepts",
        "yintercept": "y-intercept",
        "parity": "Even or odd",
        "period": "Period",
        "concavity": "Concavity",
    }
    within = f" on {show.pretty(window)}" if window is not None else ""
    entries = {key: text.replace("{x}", letter) for key, text in entries.items()}

    def explain(result: Result) -> Answer:
        return _ASPECT_TEXT["closed" if window is not None else kind](
            result, name, caption, function
        )

    return Question(
        kind=kind,
        title=f"{titles[kind]} of {show.pretty(function)}{within}",
        code=code.program(*head, *lines, report(**entries)),
        explain=explain,
        subject=function,
        again=lambda node: (
            aspect(kind, body(node), free(body(node))[0], caption, window)
            if len(free(body(node))) == 1
            else None
        ),
    )


_PIECES: Final = (
    "parts = found.args if isinstance(found, Union) else [found]",
    "pieces = []",
    "for part in parts:",
    "    if isinstance(part, Interval):",
    (
        "        pieces.append([str(part.start), str(part.end), "
        "bool(part.left_open), bool(part.right_open), str(N(part.start, 8)), "
        "str(N(part.end, 8))])"
    ),
    "    elif isinstance(part, FiniteSet):",
    (
        "        pieces.extend([str(p), str(p), False, False, str(N(p, 8)), "
        "str(N(p, 8))] for p in part)"
    ),
)
_SET: Final = {"pieces": "pieces", "text": "str(found)"}
_GROWTH: Final = (
    (
        "breaks = sorted({s for s in solveset(rate, {x}, S.Reals) if s.is_real} |"
        " set(singularities(f, {x}, S.Reals)), key=lambda s: N(s))"
    ),
    "edges = [-oo, *breaks, oo]",
    "stretches = []",
    "for a, b in zip(edges, edges[1:]):",
    (
        "    middle = 0 if a == -oo and b == oo else b - 1 if a == -oo else a + "
        "1 if b == oo else (a + b)/2"
    ),
    "    sign = N(rate.subs({x}, middle))",
    "    if sign.is_real:",
    "        stretches.append([str(a), str(b), bool(sign > 0)])",
    "print(stretches)",
)
_CLOSED_CODE: Final[tuple[tuple[str, ...], dict[str, str]]] = (
    (
        "inside = [s for s in solveset(diff(f, {x}), {x}, Interval(low, high))]",
        "places = sorted({low, high, *inside}, key=lambda s: N(s))",
        "heights = [simplify(f.subs({x}, p)) for p in places]",
        'print("candidates:", list(zip(places, heights)))',
        "top = places[max(range(len(places)), key=lambda i: N(heights[i]))]",
        "bottom = places[min(range(len(places)), key=lambda i: N(heights[i]))]",
    ),
    {
        "places": "[[str(p), str(h)] for p, h in zip(places, heights)]",
        "top": "[str(top), str(simplify(f.subs({x}, top)))]",
        "bottom": "[str(bottom), str(simplify(f.subs({x}, bottom)))]",
    },
)
_ASPECT_CODE: Final[dict[str, tuple[tuple[str, ...], dict[str, str]]]] = {
    "domain": (
        ("found = continuous_domain(f, {x}, S.Reals)", 'print("domain:", found)', *_PIECES),
        _SET,
    ),
    "range": (
        (
            "found = function_range(f, {x}, continuous_domain(f, {x}, S.Reals))",
            'print("range:", found)',
            *_PIECES,
        ),
        _SET,
    ),
    "inverse": (
        (
            'y = symbols("y", real=True)',
            "inverses = [simplify(s).subs(y, {x}) for s in solve(Eq(f, y), {x})]",
            'print("inverse:", inverses)',
        ),
        {"inverses": "[str(s) for s in inverses]"},
    ),
    "extrema": (
        (
            "slope, bend = diff(f, {x}), diff(f, {x}, 2)",
            "places = [s for s in solve(slope, {x}) if s.is_real]",
            "points = []",
            "for p in sorted(places, key=lambda s: N(s)):",
            "    curvature = N(bend.subs({x}, p))",
            (
                "    left, right = N(slope.subs({x}, p - Rational(1, 1000))), "
                "N(slope.subs({x}, p + Rational(1, 1000)))"
            ),
            (
                '    kind = "minimum" if left < 0 < right else "maximum" if left > 0 > '
                'right else "saddle point"'
            ),
            (
                "    points.append([str(p), str(simplify(f.subs({x}, p))), kind, "
                "str(N(p, 12)), str(N(f.subs({x}, p), 12))])"
            ),
            "print(points)",
        ),
        {"points": "points", "slope": "str(simplify(slope))", "bend": "str(simplify(bend))"},
    ),
    "inflection": (
        (
            "bend = simplify(diff(f, {x}, 2))",
            "points = []",
            "for p in sorted([s for s in solve(bend, {x}) if s.is_real], key=lambda s: N(s)):",
            (
                "    left, right = N(bend.subs({x}, p - Rational(1, 1000))), "
                "N(bend.subs({x}, p + Rational(1, 1000)))"
            ),
            "    if left*right < 0:",
            "        points.append([str(p), str(simplify(f.subs({x}, p)))])",
            "print(points)",
        ),
        {"points": "points", "bend": "str(bend)"},
    ),
    "monotony": (
        ("rate = simplify(diff(f, {x}))", *_GROWTH),
        {"stretches": "stretches", "rate": "str(rate)"},
    ),
    "concavity": (
        ("rate = simplify(diff(f, {x}, 2))", *_GROWTH),
        {"stretches": "stretches", "rate": "str(rate)"},
    ),
    "asymptotes": (
        (
            (
                "poles = [p for p in singularities(f, {x}, S.Reals) if limit(Abs(f), "
                '{x}, p) == oo or limit(Abs(f), {x}, p, "-") == oo]'
            ),
            "ends = [limit(f, {x}, oo), limit(f, {x}, -oo)]",
            "slant = []",
            "slope = limit(f/{x}, {x}, oo)",
            "if slope.is_finite and slope != 0:",
            "    shift = limit(f - slope*{x}, {x}, oo)",
            "    if shift.is_finite:",
            "        slant = [slope*{x} + shift]",
            'print("vertical:", poles, " at infinity:", ends, " slant:", slant)',
        ),
        {
            "poles": "[str(p) for p in poles]",
            "flat": "[str(e) for e in dict.fromkeys(ends) if e.is_finite]",
            "slant": "[str(s) for s in slant]",
        },
    ),
    "intercepts": (
        (
            "zeros = [s for s in solve(f, {x}) if s.is_real]",
            "height = f.subs({x}, 0)",
            'print("x:", zeros, " y:", height)',
        ),
        {"zeros": "[str(s) for s in zeros]", "height": "str(height)"},
    ),
    "yintercept": (
        ("height = simplify(f.subs({x}, 0))", 'print("y-intercept:", height)'),
        {"height": "str(height)"},
    ),
    "parity": (
        (
            "mirrored = f.subs({x}, -{x})",
            "even = simplify(mirrored - f) == 0",
            "odd = simplify(mirrored + f) == 0",
            "print(even, odd)",
        ),
        {"even": "bool(even)", "odd": "bool(odd)", "mirrored": "str(simplify(mirrored))"},
    ),
    "period": (
        ("length = periodicity(f, {x})", 'print("period:", length)'),
        {"length": "str(length)", "near": "str(N(length, 12)) if length is not None else ''"},
    ),
}


def _set_text(word: str) -> Any:
    def text(result: Result, name: str, caption: str, function: Node) -> Answer:
        pieces: list[Any] = result.list("pieces")
        if not pieces:
            return Answer((f"{word}: {display(result.text('text'))}",))
        pieces.sort(key=lambda piece: float(str(piece[4]).replace("oo", "inf")))
        letter = name if word == "Domain" else "y"
        shown = " or ".join(bounds_text(piece, letter) for piece in pieces)
        intervals = " ∪ ".join(map(interval_text, pieces))
        return Answer((f"{word}: {shown}", f"In interval notation: {intervals}"))

    return text


def _inverse_text(result: Result, name: str, caption: str, function: Node) -> Answer:
    found = [display(str(item)) for item in result.list("inverses")]
    steps = (f"Write y = {show.pretty(function)}, solve for {name}, then swap the letters.",)
    if not found:
        return Answer(("No inverse was found in known functions.",), steps)
    lines = tuple(f"{caption}⁻¹({name}) = {text}" for text in found)
    notes = (
        ("There are several branches: the function is one-to-one only on a part of its domain.",)
        if len(found) > 1
        else ()
    )
    return Answer(lines, steps, notes)


def _extrema_text(result: Result, name: str, caption: str, function: Node) -> Answer:
    steps = (
        (
            f"Derivative: {caption}'({name}) = {result.show('slope')}. Where it is "
            "zero the tangent is level."
        ),
        (
            f"The sign of {caption}' on both sides tells the kind "
            f"({caption}''({name}) = {result.show('bend')})."
        ),
    )
    points: list[Any] = result.list("points")
    if not points:
        return Answer(("There are no stationary points.",), steps)
    lines: list[str] = []
    for place, height, kind, near, near_height in points:
        x = values.value_text(place, near, Form())
        y = values.value_text(height, near_height, Form())
        word = kind if kind == "saddle point" else f"local {kind}"
        lines.append(f"{word} at {name} {x if x.startswith('≈') else '= ' + x}, value {y}")
    return Answer(tuple(lines), steps)


def _closed_text(result: Result, name: str, caption: str, function: Node) -> Answer:
    places: list[Any] = result.list("places")
    steps = tuple(f"{caption}({display(p)}) = {display(h)}" for p, h in places)
    top, bottom = result.list("top"), result.list("bottom")
    lines = (
        f"maximum {display(str(top[1]))} at {name} = {display(str(top[0]))}",
        f"minimum {display(str(bottom[1]))} at {name} = {display(str(bottom[0]))}",
    )
    return Answer(
        lines, ("Compare the values at the ends and where the derivative is zero.", *steps)
    )


def _inflection_text(result: Result, name: str, caption: str, function: Node) -> Answer:
    steps = (
        f"Second derivative: {caption}''({name}) = {result.show('bend')}. It must change its sign.",
    )
    points: list[Any] = result.list("points")
    if not points:
        return Answer(("There is no inflection point.",), steps)
    return Answer(tuple(f"inflection point ({display(p)}, {display(h)})" for p, h in points), steps)


def _growth_text(up: str, down: str) -> Any:
    def text(result: Result, name: str, caption: str, function: Node) -> Answer:
        lines: list[str] = []
        for low, high, rising in result.list("stretches"):
            lines.append(
                f"{up if rising else down} for {name} in ({display(low)}, {display(high)})"
            )
        return Answer(tuple(lines), (f"Look at the sign of {result.show('rate')}.",))

    return text


def _asymptotes_text(result: Result, name: str, caption: str, function: Node) -> Answer:
    lines = [f"vertical asymptote {name} = {display(str(p))}" for p in result.list("poles")]
    lines += [f"horizontal asymptote y = {display(str(p))}" for p in result.list("flat")]
    lines += [f"slant asymptote y = {display(str(p))}" for p in result.list("slant")]
    steps = (
        (
            "Vertical ones stand where the function grows beyond bounds, horizontal "
            "ones at its limits for ±∞."
        ),
    )
    return Answer(tuple(lines) or ("There are no asymptotes.",), steps)


def _intercepts_text(result: Result, name: str, caption: str, function: Node) -> Answer:
    zeros = ", ".join(display(str(z)) for z in result.list("zeros")) or "none"
    steps = (
        f"Set the function to 0 for the {name}-intercepts; put in {name} = 0 for the y-intercept.",
    )
    return Answer(
        (
            f"{name}-intercepts: {name} = {zeros}" if zeros != "none" else f"no {name}-intercepts",
            f"y-intercept: y = {result.show('height')}",
        ),
        steps,
    )


def _height_text(result: Result, name: str, caption: str, function: Node) -> Answer:
    return Answer((f"y-intercept: y = {result.show('height')}",), (f"Put in {name} = 0.",))


def _parity_text(result: Result, name: str, caption: str, function: Node) -> Answer:
    steps = (f"Put in -{name}: {caption}(-{name}) = {result.show('mirrored')}",)
    if result.text("even") == "True":
        return Answer((f"The function is even: {caption}(-{name}) = {caption}({name}).",), steps)
    if result.text("odd") == "True":
        return Answer((f"The function is odd: {caption}(-{name}) = -{caption}({name}).",), steps)
    return Answer(("The function is neither even nor odd.",), steps)


def _period_text(result: Result, name: str, caption: str, function: Node) -> Answer:
    if result.text("length") in {"None", "0"}:
        return Answer(("The function is not periodic.",))
    return Answer(
        (f"period = {values.value_text(result.text('length'), result.text('near'), Form())}",)
    )


_ASPECT_TEXT: Final[dict[str, Any]] = {
    "domain": _set_text("Domain"),
    "range": _set_text("Range"),
    "inverse": _inverse_text,
    "extrema": _extrema_text,
    "closed": _closed_text,
    "inflection": _inflection_text,
    "monotony": _growth_text("increasing", "decreasing"),
    "concavity": _growth_text("concave up", "concave down"),
    "asymptotes": _asymptotes_text,
    "intercepts": _intercepts_text,
    "yintercept": _height_text,
    "parity": _parity_text,
    "period": _period_text,
}

READERS = (read_evaluate_at, read_aspect)
