"""Properties of a function: domain, range, inverse, extrema, asymptotes, symmetry."""

from __future__ import annotations

from typing import Final

from adapters.offline import code, show
from adapters.offline.explain.aspects import ASPECT_TEXT
from adapters.offline.form import take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Answer, Question, Result
from adapters.offline.scan import Scan, body
from adapters.offline.topics.aspect_code import ASPECT_CODE, CLOSED_CODE
from adapters.offline.topics.common import Setting, report, variable
from adapters.offline.topics.logs import natural_logs
from adapters.offline.tree import (
    Apply,
    Integral,
    Listing,
    Node,
    Rate,
    Relation,
    free,
    walk,
)

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
        r"neither|symmetry|even function|odd function|even|odd)"
    ),
    "period": r"period|periodicity",
    "concavity": (
        r"(?:concave up|concave down|concavity|convex|concave)(?: (?:and|or) "
        r"(?:concave )?(?:up|down|concave))*"
    ),
}


_ASPECT_EXTRA: Final = wordset(
    "nature their function functions curve graph f y x expression value values local "
    "relative all point points both and or coordinates location"
    " equation equations real have has parabola classify identify locate "
    "interval intervals any where on nature numbers number its it"
    " defined whether determine check rational does rate axis with type "
    "given let trig global absolute also g h quadratic"
)


def read_aspect(scan: Scan, _setting: Setting) -> Question | list[Question] | None:
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
    return [aspect(kind, function, name, caption, window) for kind in wanted]


def aspect(kind: str, function: Node, name: str, caption: str, window: Node | None) -> Question:
    """One property of a function."""
    letter = code.identifier(name)
    head = [code.symbols_line([name], "real=True"), f"f = {code.exact(function)}"]
    lines, entries = ASPECT_CODE[kind]
    lines = [line.replace("{x}", letter) for line in lines]
    if window is not None and isinstance(window, Listing):
        low, high = map(code.exact, window.items)
        lines = [
            f"low, high = {low}, {high}",
            *(line.replace("{x}", letter) for line in CLOSED_CODE[0]),
        ]
        entries = CLOSED_CODE[1]
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
        return ASPECT_TEXT["closed" if window is not None else kind](
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


READERS = (read_aspect,)
