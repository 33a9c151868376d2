"""One equation: `solve 3x + 11 = 14`, `roots of x² - 4`, `make h the subject of V = πr²h`."""

from __future__ import annotations

from typing import Final

from adapters.offline.form import take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Question
from adapters.offline.scan import Scan, body
from adapters.offline.topics import systems
from adapters.offline.topics.common import Setting
from adapters.offline.topics.comparisons import truth
from adapters.offline.topics.domain import take_domain
from adapters.offline.topics.solving import Wish, single
from adapters.offline.tree import (
    ZERO,
    Apply,
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

_TARGET: Final = (
    (
        r"(?:solve|solved|solving|rearrange|rearranged|rearranging|transpose|"
        r"transform|change|express|isolate|isolating|find|finding|get|determine|"
        r"calculate|compute|work out|give|tell|show|write)?(?: \w+){0,3}? (?:for|"
        r"find|isolate|get|isolating) (?:variable |unknown |letter |value of |"
        r"values? (?:of|for) )*S(?: and S)?(?: and S)?"
    ),
    r"(?:express|write|give|get|find) S (?:in terms of|as function of|using|via) S",
    (
        r"(?:what|which) (?:\w+ )?(?:values?|numbers?) (?:of |for )?S "
        r"(?:satisfies|satisfy|makes|make|solves|solve|gives|give|work|works)"
    ),
    r"make S (?:subject|sole)",
    r"S (?:as )?subject",
    (
        r"(?:find|determine|calculate|compute|get|give|tell|show|solve|evaluate|"
        r"state|work out|figure out|what is|what are|what s|what does|isolate|"
        r"obtain|need) (?:me )?(?:for )?(?:all |both |possible |real |every |each "
        r")*(?:(?:exact |numerical |unknown |actual )?values? (?:of|for) "
        r")?(?:variable |unknown )?S(?: and S)?(?: and S)?(?: (?:equal|equals))?"
    ),
    r"for (?:which|what) (?:real |all )?(?:values? )?(?:of )?S",
    r"(?:values? of|solution for|solutions for|unknown) S",
    (
        r"(?:what|which) (?:values? of |number |real |must |should |can |could "
        r")*S (?:satisfies|satisfy|makes|make|solves|solve|be|gives|give)"
    ),
    r"(?:terms of|express|rearrange for|for) S",
    r"S = \?",
    r"S \?",
    r"S =(?= |$)",
)
_CUES: Final = (
    r"solve|solves|solving|solved|solution|solutions|solution set|unknown|"
    r"unknowns|satisfy|satisfies|satisfying|true|such|rearrange|rearranging|"
    r"subject|isolate|isolating|rewrite|find|hold|holds|equation|equations|"
    r"variable|variables|make|makes"
)
_ROOTS: Final = (
    r"(?:real |complex |all )*(?:roots?|zeros?|zeroes|xintercepts?|x "
    r"intercepts?|nullstellen|root s)"
)
_ZERO: Final = (
    r"(?:equals?|is|be|become|becomes|vanish|vanishes|to)(?: equal)?(?: to)? (?:zero|0)"
    r"|(?:cross|crosses|touch|touches|meet|meets|hit|hits|cut|cuts|intersect|"
    r"intersects) (?:with )?xaxis|vanish|vanishes"
)
_EXTRA: Final = wordset(
    "many number does have pair numbers equation equations linear quadratic cubic polynomial "
    "function given if when unknown number exact"
    " all both possible simple algebraic algebra formula variable subject over values x equal"
    " equals true set simultaneous terms root real = parabola graph curve "
    "exponential logarithmic rational absolute radical only there any each"
    " trigonometric literal system where cross crosses = written put single "
    "general order degree square zero no does"
    " quartic such simultaneously both two three together algebraically"
)


def read_equation(scan: Scan, setting: Setting) -> Question | list[Question] | None:
    """Equations with a request to solve them, or an equation alone."""
    form = take_form(scan)
    method = _method(scan, setting.text)
    roots = scan.cue(_ROOTS)
    zero = scan.cue(_ZERO)
    domain = take_domain(scan)
    targets = _targets(scan)
    spoken = None if roots or zero else _spoken(scan)
    scan.cue(_CUES)
    relations = scan.rest("R")
    if spoken is not None:
        relations = (*relations, Relation((spoken[0], spoken[1]), ("=",)))
    expressions = scan.rest("E")
    wish = Wish(form, domain, method)
    if any(isinstance(p, Rate) for node in (*relations, *expressions) for p in walk(node)):
        return None
    if not scan.done(_EXTRA) or scan.has("X"):
        return None
    if expressions and (roots or zero):
        if relations or any(is_constant(node) for node in expressions):
            return None
        made = [single(Relation((node, ZERO), ("=",)), targets, wish) for node in expressions]
        return [question for question in made if question] if all(made) else None
    leftover = [node.name for node in expressions if isinstance(node, Sym)]
    if len(leftover) != len(expressions):
        return None
    targets = (*targets, *leftover)
    if roots or zero:
        relations = tuple(
            Relation((body(node), ZERO), ("=",)) if body(node) is not node else node
            for node in relations
        )
    return _route(relations, targets, wish)


def _spoken(scan: Scan) -> tuple[Node, ...] | None:
    """`2x is 10`, `what makes x² - 4 zero`: equations without a sign."""
    found = scan.take(r"A (?:is|gives|yields|makes|results in|comes to) E")
    return found or scan.take(r"(?:make|makes|making|set|setting) A (?:equal )?(?:to |be )?N")


def _route(
    relations: tuple[Node, ...], targets: tuple[str, ...], wish: Wish
) -> Question | list[Question] | None:
    pairs: list[tuple[Node, Node]] = []
    for node in relations:
        if not isinstance(node, Relation) or any(op != "=" for op in node.ops):
            return None
        if any(isinstance(part, Apply | Rate) for part in walk(node)):
            return None
        if len(node.ops) > 1:
            return None
        pairs.append((node.sides[0], node.sides[1]))
    if not pairs:
        return None
    if len(pairs) == 1:
        return single(Relation(pairs[0], ("=",)), targets, wish)
    names = sorted({name for pair in pairs for side in pair for name in free(side)})
    if len(names) == 1:
        made = [single(Relation(pair, ("=",)), targets, wish) for pair in pairs]
        return [question for question in made if question] if all(made) else None
    return systems.system(pairs, targets, wish.form, wish.domain)


def _targets(scan: Scan) -> tuple[str, ...]:
    found: list[str] = []
    for pattern in _TARGET:
        while (nodes := scan.take(pattern)) is not None:
            picked = nodes[:1] if pattern.startswith("(?:express") else nodes
            found.extend(node.name for node in picked if isinstance(node, Sym))
    return tuple(dict.fromkeys(found))


def _method(scan: Scan, text: str) -> str:
    lowered = text.lower()
    if "completing the square" in lowered or "complete the square" in lowered:
        scan.cue(r"(?:by |with |using )?(?:completing|complete) (?:the )?square")
        return "square"
    return "formula" if "quadratic formula" in lowered else ""


_VERIFY: Final = r"(?:solutions?|roots?|zeros?|zeroes)(?: of| to| for)?|satisfy|satisfies|solves?"


def read_verification(scan: Scan, _setting: Setting) -> Question | None:
    """`is 2 a root of x³ - 8?`, `verify that x = 3 solves 2x = 6`."""
    found = scan.take(
        (
            r"(?:is|does|check|verify|show|prove|confirm|whether|if|that)+ (?:that |"
            r"if |whether )*(?:N|R) (?:is )?(?:"
        )
        + _VERIFY
        + r") (?:equation )?X"
    )
    if (
        found is None
        or len(found) != 2
        or not scan.done({"check", "verify", "whether", "if", "show", "prove", "equation"})
        or scan.has("X")
    ):
        return None
    place, target = found
    pair = equation(place)
    if pair is not None:
        if not isinstance(pair[0], Sym):
            return None
        place = pair[1]
    sides = equation(target)
    if sides is not None and body(target) is not target:
        sides = (body(target), ZERO)
    left, right = sides or (target, ZERO)
    names = free(Relation((left, right), ("=",)))
    if len(names) != 1 or not is_constant(place):
        return None
    put = {names[0]: place}
    return truth(Relation((substitute(left, put), substitute(right, put)), ("=",)))


READERS = (read_verification, read_equation)
