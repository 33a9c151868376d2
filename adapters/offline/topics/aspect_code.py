"""The Python that finds the properties of a function; `{x}` stands for its variable."""

from __future__ import annotations

from typing import Final

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


CLOSED_CODE: Final[tuple[tuple[str, ...], dict[str, str]]] = (
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


ASPECT_CODE: Final[dict[str, tuple[tuple[str, ...], dict[str, str]]]] = {
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
