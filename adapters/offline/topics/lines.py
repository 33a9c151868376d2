"""Points and straight lines: slope, distance, midpoint, equation of a line."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from adapters.offline import closed, code, show
from adapters.offline.form import Form, take_form
from adapters.offline.lexicon import wordset
from adapters.offline.polynomial import linear_form
from adapters.offline.question import Answer, Question, Result, display
from adapters.offline.scan import Scan, body
from adapters.offline.show import pretty
from adapters.offline.topics.common import Setting, Value, report, value_question
from adapters.offline.tree import (
    Binary,
    Listing,
    Node,
    Num,
    Relation,
    Sym,
    add,
    call,
    div,
    equation,
    free,
    is_constant,
    number,
    power,
    sub,
)

Point = tuple[Node, ...]
_EXTRA: Final = wordset(
    "line straight points point through passing passes joining connecting "
    "two between segment and coordinates that goes through"
    " slope equation whose given contains has coordinate plane length which "
    "intercept form slopeintercept y x passing"
)


def _point_list(scan: Scan) -> list[Point]:
    points: list[Point] = []
    for index, part in enumerate(scan.parts):
        node = part.node
        if isinstance(node, Binary) and node.op == "*":
            continue
        if (
            isinstance(node, Listing)
            and 2 <= len(node.items) <= 3
            and all(map(is_constant, node.items))
        ):
            if node.opening != "(" or f"⟨L{index}⟩" not in scan.text:
                continue
            points.append(node.items)
            scan.text = scan.text.replace(f"⟨L{index}⟩", "¦")
    return points


def read_points(scan: Scan, setting: Setting) -> Question | None:
    """`distance between (1, 2) and (4, 6)`, `slope of the line through …`, `midpoint of …`."""
    form = take_form(scan)
    distance = scan.cue(r"distances?|how far(?: apart)?|length of (?:line )?segment|length")
    middle = scan.cue(r"midpoint|middle point|mid point")
    slope = scan.cue(r"slope|gradient|steepness")
    line = scan.cue(
        r"equation of (?:straight )?line|line equation|equation for (?:straight "
        r")?line|linear equation|linear function|equation|line"
    )
    points = _point_list(scan)
    if len(points) != 2 or scan.has("X") or not scan.done(_EXTRA):
        return None
    first, second = points
    if len(first) != len(second):
        return None
    shown = f"({', '.join(map(pretty, first))}) and ({', '.join(map(pretty, second))})"
    if distance:
        total: Node = power(sub(second[0], first[0]), 2)
        for a, b in zip(first[1:], second[1:], strict=True):
            total = add(total, power(sub(b, a), 2))
        return value_question(
            Value(
                title=f"Distance between {shown}",
                expression=call("sqrt", total),
                name="distance",
                form=form,
                before=("d = √((x₂ - x₁)² + (y₂ - y₁)²)",),
            )
        )
    if middle:
        return _midpoint(first, second, shown)
    if len(first) != 2:
        return None
    if slope and not line:
        return _slope(first, second, shown, form)
    if slope or line:
        return (
            _slope(first, second, shown, form)
            if slope and "equation" not in setting.text.lower()
            else _line(first, second, shown)
        )
    return None


def _slope(first: Point, second: Point, shown: str, form: object) -> Question:
    rise, run = sub(second[1], first[1]), sub(second[0], first[0])
    return value_question(
        Value(
            title=f"Slope of the line through {shown}",
            expression=div(rise, run),
            name="slope",
            before=("m = (y₂ - y₁)/(x₂ - x₁)",),
            form=form if isinstance(form, Form) else Form(),
        )
    )


def _midpoint(first: Point, second: Point, shown: str) -> Question:
    pairs = list(zip(first, second, strict=True))
    coordinates = ", ".join(f"({code.exact(a)} + {code.exact(b)})/2" for a, b in pairs)
    lines = [
        f"middle = [{coordinates}]",
        'print("midpoint:", middle)',
        report(middle="[str(c) for c in middle]"),
    ]

    def conclude(texts: list[str]) -> Answer:
        return Answer(
            (f"midpoint ({', '.join(map(display, texts))})",),
            ("Take the mean of the coordinates.",),
        )

    def by_hand() -> Answer | None:
        try:
            return conclude([str((closed.exact(a) + closed.exact(b)) / 2) for a, b in pairs])
        except (closed.NotRational, closed.Undefined):
            return None

    return Question(
        kind="midpoint",
        title=f"Midpoint of {shown}",
        code=code.program(*lines),
        explain=lambda result: conclude([str(item) for item in result.list("middle")]),
        closed=by_hand,
    )


def _line(first: Point, second: Point, shown: str) -> Question:
    lines = [
        code.symbols_line(["x"]),
        f"x1, y1, x2, y2 = {', '.join(code.exact(c) for c in (*first, *second))}",
        "if x1 == x2:",
        "    m, line = None, x1",
        "else:",
        "    m = (y2 - y1)/(x2 - x1)",
        "    line = expand(m*(x - x1) + y1)",
        'print("slope:", m, " line:", line)',
        report(line="str(line)", slope='str(m) if m is not None else ""'),
    ]

    def explain(result: Result) -> Answer:
        if "slope" not in result:
            return Answer(
                (f"x = {result.show('line')}",),
                ("Both points have the same x, so the line is vertical.",),
            )
        steps = (
            f"Slope: m = (y₂ - y₁)/(x₂ - x₁) = {result.show('slope')}",
            "Put one point into y = m·x + b to find b.",
        )
        return Answer((f"y = {result.show('line')}",), steps)

    return Question(
        kind="line",
        title=f"Line through {shown}",
        code=code.program(*lines),
        explain=explain,
        subject=Sym("x"),
    )


_LINE: Final = (
    r"equation of (?:straight )?line|line equation|equation for (?:straight "
    r")?line|(?:straight )?line|equation"
)


def read_point_slope(scan: Scan, _setting: Setting) -> Question | None:
    """`line with slope 2 through (1, 3)`, `line parallel to y = 2x through (0, 1)`."""
    take_form(scan)
    relation = scan.word(r"parallel|perpendicular")
    found = scan.take(
        r"(?:with |whose |has |having |of )*(?:slope|gradient)(?: m)? (?:of |is |"
        r"= |equal to )*(?:N|R)"
    )
    intercept = scan.take(
        r"(?:and |with )*(?:yintercept|y intercept|intercept) (?:of |is |= |at )*(?:N|L)"
    )
    if not scan.cue(_LINE) and not relation:
        return None
    points = _point_list(scan)
    nodes = scan.rest("X")
    if not scan.done(_EXTRA):
        return None
    slope: Node | None = None
    if found:
        slope = found[0].sides[1] if isinstance(found[0], Relation) else found[0]
    elif relation and len(nodes) == 1:
        slope = _slope_of(nodes[0])
        if slope is not None and relation == "perpendicular":
            value = closed.exact(slope)
            if not value:
                return None
            slope = number(-1 / value)
        nodes = ()
    if slope is None or nodes:
        return None
    point: Point
    if intercept and not points:
        value = intercept[0]
        point = value.items if isinstance(value, Listing) else (Num(Fraction(0)), value)
    elif len(points) == 1 and len(points[0]) == 2:
        point = points[0]
    else:
        return None
    lines = [
        code.symbols_line(["x"]),
        f"m, x1, y1 = {code.exact(slope)}, {code.exact(point[0])}, {code.exact(point[1])}",
        "line = expand(m*(x - x1) + y1)",
        'print("line: y =", line)',
        report(line="str(line)"),
    ]
    steps = (
        f"The slope is m = {pretty(slope)}.",
        f"Point and slope: y = m(x - {pretty(point[0])}) + {pretty(point[1])}",
    )
    return Question(
        kind="line",
        title=f"Line with slope {pretty(slope)} through ({', '.join(map(pretty, point))})",
        code=code.program(*lines),
        explain=lambda result: Answer((f"y = {result.show('line')}",), steps),
    )


def _slope_of(node: Node) -> Node | None:
    """The slope of a line given by an equation."""
    pair = equation(node)
    if pair is None:
        return None
    form = linear_form(sub(*pair), ("x", "y"))
    if form is None or not form.get("y"):
        return None
    return number(-form.get("x", Fraction(0)) / form["y"])


def read_line_slope(scan: Scan, _setting: Setting) -> Question | None:
    """`slope of the line 2x + 3y = 6`, its slope and its y-intercept."""
    take_form(scan)
    slope = scan.cue(r"slope|gradient")
    scan.cue(r"(?:and )?(?:yintercept|y intercept|intercept)")
    nodes = scan.rest("X")
    if not slope or len(nodes) != 1 or not scan.done(_EXTRA | {"graph", "function", "linear"}):
        return None
    node = nodes[0]
    if not isinstance(node, Relation):
        inner = body(node)
        if free(inner) != ("x",):
            return None
        node = Relation((Sym("y"), inner), ("=",))
    elif body(node) is not node:
        node = Relation((Sym("y"), body(node)), ("=",))
    value = _slope_of(node)
    if value is None:
        return None
    left, right = node.sides[0], node.sides[1]
    lines = [
        code.symbols_line(["x", "y"]),
        f"line = solve({code.exact(left)} - ({code.exact(right)}), y)[0]",
        "line = expand(line)",
        'print("y =", line)',
        report(slope="str(line.coeff(x, 1))", height="str(line.coeff(x, 0))", line="str(line)"),
    ]

    def explain(result: Result) -> Answer:
        steps = (f"Write it as y = m·x + b: y = {result.show('line')}",)
        return Answer(
            (f"slope m = {result.show('slope')}, y-intercept b = {result.show('height')}",), steps
        )

    return Question(
        kind="line",
        title=f"Slope of {show.pretty(node)}",
        code=code.program(*lines),
        explain=explain,
        subject=node,
    )


READERS = (read_points, read_point_slope, read_line_slope)
