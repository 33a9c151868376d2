"""Typing errors in the words that matter: `derivitive`, `intergal`, `sqaure root`.

A word is changed only when it is no word that we know, begins with the same letter, and lies one
slip (two in long words) from exactly one mathematical word. Everyday words that happen to lie so
near, such as `price` and `prime`, are listed and left alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from adapters.offline.lexicon import wordset

WORDS: Final[frozenset[str]] = wordset("""
    solve solving solution solutions equation equations system simultaneous inequality
    inequalities variable unknown derivative derivatives differentiate differentiation derive
    partial implicit tangent slope gradient integral integrals integrate integration
    antiderivative definite indefinite area under between limit limits approaches infinity
    series taylor maclaurin summation simplify expand factor factors factorise factorize
    factorization factorisation fraction fractions decimal decimals polynomial quadratic cubic
    linear expression function functions roots zeros intercept intercepts vertex discriminant
    parabola coefficient exponent logarithm natural square squared cubed square-root root power
    absolute value plus minus times multiplied divided divide multiply subtract addition
    percent percentage increase increased decrease decreased discount average median mean mode
    modes range variance standard deviation quartile quartiles interquartile population sample
    statistics maximum minimum maxima minima extrema critical stationary inflection asymptote
    asymptotes domain inverse plot graph sketch draw curve determinant matrix matrices
    eigenvalues eigenvalue transpose vector product greatest common divisor divisors multiple
    least lowest highest prime primes number numbers remainder quotient modulo factorial
    permutations combinations choose circle radius diameter circumference triangle hypotenuse
    rectangle cylinder sphere volume surface perimeter distance midpoint sequence arithmetic
    geometric term terms convert binary hexadecimal degrees radians celsius fahrenheit
    calculate compute evaluate determine please question problem homework answer respect
    interval rounded nearest complete completing through places significant decimal equal
    equals seven eight eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
    nineteen twenty thirty forty fifty hundred thousand half third quarter thanks hello
""") - {"square-root"}

_REAL: Final[frozenset[str]] = wordset("""
    absolutely adaption addiction addictions additional additions additive adoption ambition
    answered answers antiderivatives approach approached areas aren arena ares aria arma arya
    asymptotic audition auditions averaged averages calculated calculates calculator carve
    chooses chose circled circles circulate clinical coefficients combination commoner commonly
    commons commute commuted commuter commutes compelling competing compilations completed
    completely completes completion completions complexes complying composting computed
    computer computers computes computing concert concerto concerts convent converge converse
    converted converter converts cortical covert criminal critically cube cubes curbed cure
    cured curie curse curved curves curvy cylinders deceased decibels decrees dedication
    deficits defining definitely definitive deflation degrades degree depiction depressed
    deprive deprived derived derives determinants determined determines determining deterring
    deviations devotion diabetes diameters differential differentials differentiated
    differentiates differentiating discounted discounts discriminate dismount distanced
    distances distaste distinct dividend dividends divination divine division divisions domains
    drab drag dram drawn draws drax drew drive education educations eighteenth eighth eighties
    eights eighty eleventh elven emulation equating eruption eruptions evacuate evacuated
    evaluated evaluates expanded expands expend exponents expressing expressions expressive
    extreme extremes extremum faction factions facto factored factories factory fifteenth fifth
    footy foray fort forte forth forts fourteenth fractional friction fruition functional
    functioned geodetic geometrical geometries geometry gradients grape graphs greatness hala
    hale hall hallo halo halt hell hells highness hindered homeward homewood homeworld
    housework hundreds hundredth implicate implicitly incensed indefinitely indignity
    inequities inequity infarction infection infections infernal infinite infinitely infiniti
    inflation inflexion infraction injection insanity inspection integrated integrates
    integrating integrity interaction intercede intercepted interceptor interest interests
    interment internal internet interpol interrupt interrupts intersect intersects intersex
    intervals inversely inverses inverted inverter iteration last leapt lease leash lest
    linearly liner logarithmic logarithms lowes made manus maxim maximal maxime maximus
    mclaurin mead meal means meant meat media medial medians medias medina megan mein mena
    menus meridian minas minds mines minimal minimums minis mins mints moan moda model models
    modem modems modest modi mods module modus mole moles monde more mores mose moses mote move
    moves moyes multiples multiplex multiplier multipliers natura naturally naturals nineteenth
    nineties numbered numbness paces palaces palatial parabolas parabolic parameter paranoia
    parentage partially particle partisan pease percentages percentile perimeters permutation
    pilot pius place placed placer planes plat plates pleas pleased pleaser pleases pleasure
    plop plots plow ploy plug plugs plum plums plush poker polynomials populations poser powder
    powers price prices pride prides prim prima primates primed primer primers primo primus
    prize prizes problems produce produced producer produces products prot quadratics quarries
    quartered quarterly quarters quartet quartets questioned questions radian radiance radiant
    radiates radicals radicand radios radium rage rance rang ranged rangel ranger ranges
    rebounded rectangles refunded remainders remained remanded reminded reminder reminders
    respected respects retainer riot riots robot robots rood roof roofs rook rooks room rooms
    roos roost rots rounder rounders rout salve sampled sampler samples scarface scolding scope
    seen semen sentence sentries sequenced sequencer sequences serie serves services sevens
    seventeenth seventies sever severn shelving significance significantly simple
    simultaneously sixteenth sketched sketches sketchy slop sloped slopes sole solved solver
    solves spaniard spheres squashed squealed squire standards stanford stationery statistic
    statistical steven stoddard subtracted surfaced surfaces sven systemic systems tailor
    tangents tanks taylors team teams tera teri tern thank thanos thinks thirds thirsty
    thirteenth thirties thorough though thousands thousandth tides ties tiles time timed timer
    timers tires tomes transport transposed triangles trough unger unknowns vague vale valle
    valuable valued values valve variables variances variants vectors veritable victor volumes
    vortex zero zeroes
    """)


@lru_cache(maxsize=2048)
def corrected(word: str) -> str:
    """The word that was meant, when there is exactly one close to it; else the word itself."""
    if len(word) < 4 or word in WORDS or word in _REAL or not word.isalpha() or len(word) > 20:
        return word
    near = [known for known in WORDS if _may_be(word, known)]
    if len(word) == 4:
        near = [known for known in near if sorted(known) == sorted(word)]
    best = min((_distance(word, known) for known in near), default=9)
    allowed = 1 if len(word) < 8 else 2
    if best > allowed:
        return word
    candidates = [known for known in near if _distance(word, known) == best]
    swapped = [known for known in candidates if sorted(known) == sorted(word)]
    candidates = swapped or candidates
    singular = {known.removesuffix("s") for known in candidates}
    if len(singular) != 1:
        return word
    return min(candidates, key=lambda known: (abs(len(known) - len(word)), known))


def _may_be(word: str, known: str) -> bool:
    return word[0] == known[0] and len(known) >= 4 and abs(len(word) - len(known)) <= 2


@lru_cache(maxsize=8192)
def _distance(left: str, right: str) -> int:
    """Slips between two words: a letter more, less, other, or two neighbours swapped."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        older, before, row = before, row, [i, *([0] * len(right))]
        for j, b in enumerate(right, start=1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            swapped = i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b
            if swapped:
                row[j] = min(row[j], older[j - 2] + 1)
    return row[len(right)]
