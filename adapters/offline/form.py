"""How a result was asked for: decimal places, significant figures, a fraction, degrees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from adapters.offline.scan import Scan
from adapters.offline.tree import integer

_NEAREST: Final[dict[str, int]] = {
    "integer": 0,
    "whole": 0,
    "whole number": 0,
    "unit": 0,
    "one": 0,
    "ones": 0,
    "tenth": 1,
    "hundredth": 2,
    "thousandth": 3,
    "tenths": 1,
    "hundredths": 2,
    "thousandths": 3,
    "ten": -1,
    "tens": -1,
    "hundred": -2,
    "hundreds": -2,
    "thousand": -3,
    "thousands": -3,
    "cent": 2,
    "penny": 2,
    "ten thousandth": 4,
}


@dataclass(frozen=True, slots=True)
class Form:
    """`places` decimal places (negative: tens, hundreds), `figures` significant figures."""

    places: int | None = None
    figures: int | None = None
    fraction: bool = False
    decimal: bool = False
    degrees: bool = False
    percent: bool = False
    mixed: bool = False
    scientific: bool = False

    @property
    def rounds(self) -> bool:
        """Whether a rounding was asked for."""
        return self.places is not None or self.figures is not None

    @property
    def given(self) -> bool:
        """Whether anything was asked for."""
        return (
            self.rounds
            or self.fraction
            or self.decimal
            or self.degrees
            or self.percent
            or self.mixed
            or self.scientific
        )


PLAIN: Final = Form()
"""Nothing was said about the form."""

_ROUND: Final = (
    r"(?:rounded |round |rounding |correct |accurate |given |give |giving |"
    r"answer |answers |approximate )*"
)


def take_form(scan: Scan) -> Form:
    """Use up every wish about the form of the result."""
    places, figures = _places(scan), _figures(scan)
    nearest = scan.word(
        rf"{_ROUND}(?:it |answer |answers |off )*to (?:nearest|closest) (?:ten "
        r"thousandth|whole number|\w+)"
    )
    if nearest and places is None:
        words = nearest.split("nearest ")[-1].split("closest ")[-1]
        places = _NEAREST.get(words)
        if places is None:
            scan.spoil()
    fraction = scan.cue(
        r"(?:as|in|into|to|leave as|leave in) (?:single |simplified |simplest |"
        r"proper |improper |exact )*(?:fraction|fractional form|fractions|exact "
        r"form|exact value|simplest form|lowest terms|simplified form)"
    )
    fraction = (
        scan.cue(
            r"exact (?:value|values|answer|form)|exactly|in (?:lowest|simplest) terms"
            r"|(?:as|in) (?:simplified |simplest )?(?:surd|radical)(?: form)?"
        )
        or fraction
    )
    decimal = scan.cue(
        r"(?:as|in|into|to|using|with) (?:decimals?|decimal form|decimal number)|"
        r"numerically|approximately|decimal (?:value|approximation|form)"
    )
    degrees = scan.cue(r"in degrees?|to degrees|degree mode|\(? degrees \)?")
    scan.cue(r"in radians?|radian mode|radians")
    mixed = scan.cue(r"(?:as|in|into|to)? ?mixed (?:number|fraction|numeral)s?")
    scientific = scan.cue(r"(?:as|in|into|to|using)? ?(?:scientific|standard) (?:notation|form)")
    percent = scan.cue(r"(?:as|in|into|to) (?:percent|percentage)")
    return Form(places, figures, fraction, decimal, degrees, percent, mixed, scientific)


def _places(scan: Scan) -> int | None:
    found = scan.take(
        rf"{_ROUND}(?:it |answer |answers |off )*(?:to|with|at|in|into|,)? ?N "
        r"(?:decimal (?:places?|points?|digits?)|decimals|digits? after "
        r"(?:decimal )?point)(?: places?)?"
    )
    if found:
        return integer(found[0])
    word = scan.word(rf"{_ROUND}(?:to|with|in) one decimal(?: place)?")
    return 1 if word else None


def _figures(scan: Scan) -> int | None:
    found = scan.take(
        rf"{_ROUND}(?:it |answer |answers |off )*(?:to|with|at|in|,)? ?N "
        r"(?:significant (?:figures?|digits?)|digits)"
    )
    return integer(found[0]) if found else None
