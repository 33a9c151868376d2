"""The words of school mathematics that the lexer and the parser know, as tables."""

from __future__ import annotations

from typing import Final


def wordset(text: str) -> frozenset[str]:
    """The words of a text, each once."""
    return frozenset(text.split())


FUNCTIONS: Final[dict[str, str]] = {
    **{name: name for name in ("sin", "cos", "tan", "sec", "csc", "cot")},
    **{name: name for name in ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh")},
    **{name: name for name in ("asin", "acos", "atan", "exp", "ln", "log", "sqrt", "cbrt")},
    **{name: name for name in ("abs", "erf")},
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "arsinh": "asinh",
    "artanh": "atanh",
    "arcosh": "acosh",
    "acot": "acot",
    "arccot": "acot",
    "asec": "asec",
    "acsc": "acsc",
    "cosec": "csc",
    "cosine": "cos",
    "sine": "sin",
    "cotangent": "cot",
    "secant": "sec",
    "cosecant": "csc",
    "tg": "tan",
    "ctg": "cot",
    "cotan": "cot",
    "lg": "log",
    "arcsine": "asin",
    "arccosine": "acos",
    "arctangent": "atan",
}
"""Spellings of functions of one argument -> the name in the tree."""

CALLABLE: Final[frozenset[str]] = frozenset(
    {"gcd", "lcm", "max", "min", "root", "binomial", "mod", "factorial", "re", "im", "arg"}
    | {"hcf", "gcf", "ncr", "npr", "nroot", "permutations", "gamma"}
    | {"floor", "ceil", "ceiling", "sign", "sgn", "conjugate"}
)
"""Names that are functions only when a bracket follows at once."""

TRIG: Final = frozenset({"sin", "cos", "tan", "sec", "csc", "cot"})
INVERSE_TRIG: Final = frozenset({"asin", "acos", "atan", "acot", "asec", "acsc"})

GREEK: Final[dict[str, str]] = {
    "theta": "θ",
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "lambda": "λ",
    "mu": "μ",
    "sigma": "σ",
    "phi": "φ",
    "omega": "ω",
    "rho": "ρ",
    "tau": "τ",
    "epsilon": "ε",
}

TWO_LETTER_WORDS: Final = wordset(
    "am an as at be by do go he hi if in is it me my no of oh ok on or so to "
    "up us we re vs al ah"
    " eh um uh hm yo ya im id ur pm tv uk la de le et un el es en du ft mm cm km kg mg ml lb oz mi"
    " yd hr bc ad ie eg sq cu st nd rd th pl gb mb kb tb ms hz kw nm dm dl cl th ln lg tg"
)
"""Two letters that are a word or a unit, not a product of two variables."""

SPELLED: Final[dict[str, str]] = {
    "what's": "what is",
    "whats": "what is",
    "wats": "what is",
    "wat": "what",
    "wut": "what",
    "wots": "what is",
    "wot": "what",
    "whatz": "what is",
    "wht": "what",
    "what're": "what are",
    "where's": "where is",
    "that's": "that is",
    "thats": "that is",
    "it's": "it is",
    "here's": "here is",
    "heres": "here is",
    "there's": "there is",
    "who's": "who is",
    "whos": "who is",
    "how's": "how is",
    "let's": "let us",
    "lets": "let us",
    "i'm": "i am",
    "i'd": "i would",
    "i'll": "i will",
    "i've": "i have",
    "you're": "you are",
    "can't": "cannot",
    "cant": "cannot",
    "don't": "do not",
    "dont": "do not",
    "doesn't": "does not",
    "isn't": "is not",
    "won't": "will not",
    "didn't": "did not",
    "couldn't": "could not",
    "w.r.t": "with respect to",
    "w.r.t.": "with respect to",
    "wrt": "with respect to",
    "resp.": "with respect to",
    "std": "standard",
    "dev": "deviation",
    "stdev": "standard deviation",
    "stddev": "standard deviation",
    "sd": "standard deviation",
    "sqrd": "squared",
    "sq": "square",
    "pls": "please",
    "plz": "please",
    "plse": "please",
    "thx": "thanks",
    "ty": "thanks",
    "gimme": "give me",
    "lemme": "let me",
    "wanna": "want to",
    "gonna": "going to",
    "eqn": "equation",
    "eqns": "equations",
    "eq": "equation",
    "eqs": "equations",
    "approx": "approximately",
    "cuz": "because",
    "deriv": "derivative",
    "maths": "math",
    "dy/dx": "dy/dx",
    "prob": "problem",
    "hw": "homework",
    "simplfy": "simplify",
    "teh": "the",
    "hte": "the",
    "adn": "and",
    "nad": "and",
    "wiht": "with",
    "wich": "which",
    "waht": "what",
    "fidn": "find",
    "adnd": "and",
    "intergate": "integrate",
    "caluclate": "calculate",
    "calc": "calculate",
    "dp": "decimal places",
    "d.p.": "decimal places",
    "d.p": "decimal places",
    "sf": "significant figures",
    "s.f.": "significant figures",
    "sig": "significant",
    "figs": "figures",
    "pct": "percent",
    "percents": "percent",
    "percentage": "percentage",
}
"""Contractions and short forms -> the words they stand for."""

NUMBER_WORDS: Final[dict[str, int]] = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
} | {
    word: 10 * (index + 2)
    for index, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
    )
}

SCALES: Final[dict[str, int]] = {
    "hundred": 100,
    "thousand": 1000,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}

FRACTION_WORDS: Final[dict[str, int]] = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "thirds": 3,
    "quarter": 4,
    "quarters": 4,
    "fourth": 4,
    "fourths": 4,
    "fifth": 5,
    "fifths": 5,
    "sixth": 6,
    "sixths": 6,
    "seventh": 7,
    "sevenths": 7,
    "eighth": 8,
    "eighths": 8,
    "ninth": 9,
    "ninths": 9,
    "tenth": 10,
    "tenths": 10,
    "twelfths": 12,
    "hundredth": 100,
    "hundredths": 100,
}

ORDINALS: Final[dict[str, int]] = {
    word: value
    for value, word in enumerate(
        [
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
        ],
        start=1,
    )
} | {f"{n}{suffix}": n for n in range(1, 1001) for suffix in ("st", "nd", "rd", "th")}
"""`third` and `3rd` -> 3, also with the wrong ending (`2th`)."""
