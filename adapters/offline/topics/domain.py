"""Where solutions are looked for: an interval, a sign, the reals, the whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from adapters.offline import code, show
from adapters.offline.scan import Scan
from adapters.offline.tree import Call, Listing, Node, Num, Relation, Sym, call, is_constant, walk

_KINDS: Final[dict[str, str]] = {
    "real": "",
    "positive": "N(re(s)) > 1e-12",
    "negative": "N(re(s)) < -1e-12",
    "nonnegative": "N(re(s)) > -1e-12",
    "integer": "s.is_integer",
    "whole": "s.is_integer",
    "natural": "s.is_integer and s > 0",
    "rational": "s.is_rational",
}
_NOUN: Final = r"(?:solutions?|roots?|numbers?|values?|zeros?|answers?|reals|integers|ones?)"


@dataclass(frozen=True, slots=True)
class Domain:
    """`low op x op high` where a bound is there, and a kind of number."""

    low: Node | None = None
    high: Node | None = None
    low_open: bool = False
    high_open: bool = False
    kind: str = ""
    phrase: str = ""

    @property
    def given(self) -> bool:
        """Whether solutions are to be left out."""
        return self.low is not None or self.high is not None or bool(self.kind)

    @property
    def in_degrees(self) -> bool:
        """Whether a bound is an angle in degrees, or can only be meant as one."""
        for bound in (self.low, self.high):
            if bound is None:
                continue
            if any(isinstance(part, Call) and part.name == "deg" for part in walk(bound)):
                return True
            if isinstance(bound, Num) and bound.value >= 45:
                return True
        return False

    def angle(self, bound: Node) -> Node:
        """The bound as an angle, a bare 360 read as degrees."""
        return call("deg", bound) if isinstance(bound, Num) and self.in_degrees else bound

    def conditions(self) -> list[str]:
        """Python conditions on a solution `s`."""
        if not self.given:
            return []
        out = ["abs(im(N(s))) < 1e-9"]
        if _KINDS.get(self.kind):
            out.append(_KINDS[self.kind])
        if self.low is not None:
            edge = "> 1e-12" if self.low_open else "> -1e-12"
            out.append(f"N(re(s) - ({code.expression(self.low)})) {edge}")
        if self.high is not None:
            edge = "< -1e-12" if self.high_open else "< 1e-12"
            out.append(f"N(re(s) - ({code.expression(self.high)})) {edge}")
        return out

    def filter_lines(self) -> list[str]:
        """Code that keeps only the solutions in the domain."""
        conditions = self.conditions()
        if not conditions:
            return []
        return [f"solutions = [s for s in solutions if {' and '.join(conditions)}]"]


ANYWHERE: Final = Domain()
"""No bound and no kind."""


def take_domain(scan: Scan) -> Domain:
    """Use up what says where solutions are wanted."""
    kind = _take_kind(scan)
    scan.cue(
        rf"(?:in|over|among|including) (?:set of |field of )?complex(?: {_NOUN})?|"
        rf"complex {_NOUN}|over c"
    )
    phrase = f" ({kind} solutions only)" if kind else ""
    bounds = _interval(scan) or _chain(scan)
    if bounds is None:
        return Domain(kind=kind, phrase=phrase)
    low, high, low_open, high_open, shown = bounds
    return Domain(low, high, low_open, high_open, kind, f" with {shown}{phrase}")


def _take_kind(scan: Scan) -> str:
    for kind in _KINDS:
        noun = kind if kind != "nonnegative" else "(?:nonnegative|non negative)"
        patterns = (
            rf"(?:only )?(?:all |both )?{noun} (?:number )?{_NOUN}(?: only)?",
            rf"(?:in|over|among|for) (?:set of )?{noun}(?:s| numbers?| {_NOUN})?",
            (
                r"(?:where|with|given|for|if|assume|assuming|and|such that|only) (?:that "
                rf")?S is (?:an? )?{noun}(?: {_NOUN})?"
            ),
            rf"{noun} S",
        )
        for pattern in patterns:
            if scan.cue(pattern):
                return kind
    return ""


_Bounds = tuple[Node | None, Node | None, bool, bool, str]


def _interval(scan: Scan) -> _Bounds | None:
    where = (
        r"(?:(?:for )?S )?(?:in|on|over|for|within|from|between|inside)(?: S "
        r"(?:in|on))?(?: (?:range|domain|interval|closed interval|open interval|"
        r"set))?(?: of)?"
    )
    found = scan.take(rf"{where} L")
    if found is not None:
        listing = found[-1]
        if (
            isinstance(listing, Listing)
            and len(listing.items) == 2
            and all(map(is_constant, listing.items))
        ):
            low, high = listing.items
            return (
                low,
                high,
                listing.opening == "(",
                listing.closing == ")",
                f"values in {show.pretty(listing)}",
            )
        scan.spoil()
        return None
    found = scan.take(
        r"(?:for |where |when |with )?(?:S )?(?:is |in |values )?(?:range |"
        r"interval |domain )?(?:from|between) E (?:and|to) E"
    )
    if found is not None and all(map(is_constant, found[-2:])):
        low, high = found[-2:]
        return low, high, False, False, f"values from {show.pretty(low)} to {show.pretty(high)}"
    return None


def _chain(scan: Scan) -> _Bounds | None:
    """`for 0 <= x < 2π`, `x > 0`: bounds on one variable beside an equation."""
    if len([1 for part in scan.parts if isinstance(part.node, Relation)]) < 2 and not any(
        isinstance(part.node, Call) for part in scan.parts
    ):
        return None
    for index, part in enumerate(scan.parts):
        node = part.node
        if not isinstance(node, Relation) or f"⟨R{index}⟩" not in scan.text:
            continue
        bounds = _bounds_of(node)
        if bounds is not None:
            scan.text = scan.text.replace(f"⟨R{index}⟩", "¦")
            scan.cue(
                r"where|with|given|if|when|such that|in range|in interval|interval|range|domain"
            )
            return bounds
    return None


def _bounds_of(node: Relation) -> _Bounds | None:
    shown = show.pretty(node)
    match node.sides, node.ops:
        case (low, Sym(), high), (a, b) if a in {"<", "<="} and b in {"<", "<="}:
            if is_constant(low) and is_constant(high):
                return low, high, a == "<", b == "<", shown
        case (Sym(), bound), (op,) if is_constant(bound) and op in {">", ">="}:
            return bound, None, op == ">", False, shown
        case (Sym(), bound), (op,) if is_constant(bound) and op in {"<", "<="}:
            return None, bound, False, op == "<", shown
        case _:
            pass
    return None
