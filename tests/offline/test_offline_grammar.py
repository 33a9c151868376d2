"""The grammar: what text becomes which tree, and that nothing makes it raise."""

from __future__ import annotations

import ast
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.offline import clean, code, message, parser, show
from adapters.offline.lexicon import wordset
from adapters.offline.tokens import lex
from adapters.offline.tree import (
    Binary,
    Call,
    Const,
    Listing,
    Neg,
    Node,
    Num,
    Relation,
    Sym,
    free,
    walk,
)

SAME: tuple[tuple[str, ...], ...] = (
    ("3*x + 11 = 14", "3x+11=14", "3x plus 11 equals 14", "three x plus eleven is equal to 14"),
    ("x^2", "x²", "x**2", "x squared", "x to the power of 2", "x to the second power", "$x^{2}$"),
    ("1/2*x", "½x", "½·x", "\\frac{1}{2}x", "\\tfrac12 x", "half x", "(1/2) x"),
    ("sqrt(x + 1)", "√(x+1)", "\\sqrt{x+1}", "sqrt (x + 1)", "the square root of (x + 1)"),
    ("sin(2*x)", "sin 2x", "\\sin(2x)", "sin2x", "SIN(2X)", "sine of 2x"),
    ("sin(x)^2", "sin^2 x", "sin²x", "sin squared x", "\\sin^2 x", "(sin x)^2"),
    ("asin(x)", "arcsin x", "sin^-1(x)", "sin⁻¹(x)", "inverse sine of x"),
    ("abs(x - 3)", "|x-3|", "|x − 3|", "\\left|x-3\\right|", "absolute value of (x-3)"),
    ("log(8, 2)", "log_2(8)", "log base 2 of 8", "log₂(8)", "\\log_{2} 8", "log2(8)"),
    ("5!", "5 factorial", "factorial of 5", "factorial(5)"),
    ("15% of 80", "15 % of 80", "15 percent of 80", "15 per cent of 80", "fifteen percent of 80"),
    ("binomial(5, 2)", "5 choose 2", "5C2", "C(5,2)", "nCr(5, 2)", "\\binom{5}{2}", "5 nCr 2"),
    ("2 + 1/2", "2½", "2 1/2", "two and a half"),
    ("3*4", "3×4", "3·4", "3 x 4", "3x4", "3 times 4", "3 multiplied by 4", "3 ⋅ 4", "3 \\cdot 4"),
    ("10/4", "10÷4", "10 divided by 4", "10 over 4", "10 / 4", "10 \\div 4"),
    ("-3", "minus 3", "negative three", "−3", "–3"),
    (
        "1234567",
        "1,234,567",
        "one million two hundred thirty-four thousand five hundred sixty-seven",
    ),
    ("x <= 4", "x ≤ 4", "x \\leq 4", "x =< 4", "x is at most 4", "x is less than or equal to 4"),
    ("e^(2*x)", "e^(2x)", "exp(2x)", "e^{2x}", "e to the power of 2x", "e to the 2x"),
    ("2*pi", "2π", "2 pi", "2\\pi", "two pi"),
    ("[[1, 2], [3, 4]]", "[1 2; 3 4]", "[[1,2],[3,4]]", "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}"),
    ("17 mod 5", "17 % 5", "17 modulo 5"),
    ("x*y", "xy", "x y", "x times y"),
    ("30°", "30 degrees", "30 deg", "30º", "30^\\circ"),
    ("x_1", "x1", "x₁", "x_{1}"),
)


@pytest.mark.parametrize(
    ("first", "other"),
    [(forms[0], other) for forms in SAME for other in forms[1:]],
)
def test_one_meaning_in_many_notations(first: str, other: str) -> None:
    tree = parser.parse(first)
    assert tree is not None
    assert parser.parse(other) == tree


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1/2x", "(1/2)*x"),
        ("2^3^2", "2^(3^2)"),
        ("-x^2", "-x^2"),
        ("-3^2", "-3^2"),
        ("2x^2", "2*x^2"),
        ("6/2(1+2)", "(6/2)*(1 + 2)"),
        ("2/5 ÷ 3/10", "2/5/(3/10)"),
        ("sin x cos x", "sin(x)*cos(x)"),
        ("sin x + 1", "sin(x) + 1"),
        ("ln x^2", "ln(x^2)"),
        ("√9/16", "sqrt(9)/16"),
        ("square root of 9/16", "sqrt(9/16)"),
        ("half of 20% of 50", "(1/2)*(20% of 50)"),
        ("3 less than 10", "10 - 3"),
        ("5 subtracted from 12", "12 - 5"),
        ("4! + 3!", "4! + 3!"),
        ("1 + 2 \\cdot 3", "1 + 2*3"),
        ("∫_0^1 x^2 dx", "∫_(0)^(1) x^2 dx"),
        ("d/dx x^2 + 3x", "d/dx [x^2 + 3*x]"),
        ("0 ≤ x < 2π", "0 <= x < 2*pi"),
    ],
)
def test_precedence_is_that_of_school(text: str, plain: str) -> None:
    tree = parser.parse(text)
    assert tree is not None
    assert show.typed(tree) == plain


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "2 +",
        "(x",
        "x)",
        "2 3",
        "apple",
        "3 *",
        "sin",
        "f(",
        "[1, 2",
        "x = ",
        "1,2",
        "#",
        "2 @ 3",
    ],
)
def test_what_is_no_expression_gives_no_tree(text: str) -> None:
    assert parser.parse(text) is None


# -- properties ----------------------------------------------------------------------------------

_NUMBERS = st.one_of(
    st.integers(0, 999).map(lambda n: Num(Fraction(n))),
    st.integers(1, 999).map(lambda n: Num(Fraction(n, 100), decimal=n % 100 != 0)),
)
_LETTERS = st.sampled_from("abkmnptxyz").map(Sym)
_CONSTANTS = st.sampled_from(["pi", "e", "i"]).map(Const)
_LEAVES = st.one_of(_NUMBERS, _LETTERS, _CONSTANTS)
_ONE = ("sin", "cos", "tan", "ln", "sqrt", "abs", "factorial", "percent", "deg", "floor", "asin")
_TWO = ("root", "binomial", "gcd", "max", "log")


def _called(name: str, *arguments: Node) -> Node:
    return Call(name, arguments)


def _related(left: Node, op: str, right: Node) -> Node:
    return Relation((left, right), (op,))


def _grow(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.one_of(
        st.builds(Neg, inner),
        st.builds(Binary, st.sampled_from(["+", "-", "*", "/", "^", "mod"]), inner, inner),
        st.builds(_called, st.sampled_from(_ONE), inner),
        st.builds(_called, st.sampled_from(_TWO), inner, inner),
    )


_TREES: st.SearchStrategy[Node] = st.recursive(_LEAVES, _grow, max_leaves=9)
_TOPS = st.one_of(
    _TREES,
    st.builds(_related, _TREES, st.sampled_from(["=", "<", ">", "<=", ">=", "!="]), _TREES),
    st.lists(_TREES, min_size=2, max_size=4).map(lambda items: Listing(tuple(items), "[", "]")),
)


@settings(max_examples=400, deadline=None)
@given(_TOPS)
def test_a_tree_that_is_written_reads_the_same_again(tree: Node) -> None:
    assert parser.parse(show.typed(tree)) == tree
    assert parser.parse(show.pretty(tree)) == tree


@settings(max_examples=300, deadline=None)
@given(_TOPS)
def test_code_of_a_tree_holds_only_known_names(tree: Node) -> None:
    module = ast.parse(code.expression(tree), mode="eval")
    letters = {code.identifier(name) for name in free(tree)}
    for part in ast.walk(module):
        assert not isinstance(part, ast.Attribute | ast.Lambda | ast.Subscript | ast.Await)
        if isinstance(part, ast.Name):
            assert part.id in code.SYMPY_NAMES | letters
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            assert part.value.replace(".", "").isdigit()
        if isinstance(part, ast.Call):
            assert isinstance(part.func, ast.Name)


_MARKS = "0123456789abcdefinopstxyz+-*/^=<>()[]{}|.,;:!?%'\"_\\$ \n"
_SIGNS = ("√", "π", "²", "½", "∫", "∑", "→", "≤", "×", "÷", "−", "°", "dx", "d/dx ", "sin ", "log_")
_SPOKEN = (
    " of ",
    " the ",
    " and ",
    " square root ",
    " half ",
    " minus ",
    "\\frac{",
    " lim ",
    "solve ",
)
_ASKED = (" derivative of ", " from ", " to ", " plot ", " mean of ", " percent ", " f(x) ")
_ALPHABET = st.sampled_from([*_MARKS, *_SIGNS, *_SPOKEN, *_ASKED])


@settings(max_examples=400, deadline=None)
@given(st.lists(_ALPHABET, max_size=60).map("".join))
def test_no_text_makes_the_grammar_raise(text: str) -> None:
    parser.parse(text)
    understood = message.understand(text, message.State())
    assert understood.questions or understood.sentence


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_no_unicode_makes_the_reading_raise(text: str) -> None:
    lex(clean.normalise(text))
    understood = message.understand(text, message.State())
    assert understood.questions or understood.sentence


@settings(max_examples=300, deadline=None)
@given(st.lists(_ALPHABET, max_size=40).map("".join))
def test_every_program_is_built_from_known_names_alone(text: str) -> None:
    for question in message.understand(text, message.State()).questions:
        check_program(question.code)


_BUILTINS = wordset(
    "print str bool int len sum sorted range zip list max min abs set isinstance hasattr"
    " enumerate divmod dict round float map"
    " ValueError TypeError ZeroDivisionError NotImplementedError"
)
_MODULES = {"json", "math", "sympy", "sympy.calculus.util", "numpy", "matplotlib.pyplot"}


def check_program(text: str) -> None:
    """Only imports of our list, and no name that is neither imported, defined nor on the list."""
    module = ast.parse(text)
    known = set(_BUILTINS)
    for part in ast.walk(module):
        match part:
            case ast.Import(names):
                assert all(name.name in _MODULES for name in names)
                known |= {name.asname or name.name for name in names}
            case ast.ImportFrom(module=source, names=names):
                assert source in _MODULES
                known |= {name.name for name in names}
            case ast.FunctionDef(name=name, args=arguments):
                known |= {name, *(argument.arg for argument in arguments.args)}
            case ast.Lambda(args=arguments):
                known |= {argument.arg for argument in arguments.args}
            case ast.Name(id=name, ctx=ast.Store()):
                known.add(name)
            case _:
                pass
    for part in ast.walk(module):
        if isinstance(part, ast.Name):
            assert part.id in known, part.id
        if isinstance(part, ast.Attribute):
            assert not part.attr.startswith("_")


def test_free_letters_are_those_that_nothing_binds() -> None:
    tree = parser.parse("∑_{k=1}^{n} k*x")
    assert tree is not None
    assert free(tree) == ("n", "x")
    assert any(isinstance(part, Sym) and part.name == "k" for part in walk(tree))
