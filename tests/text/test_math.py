"""Mathematics reads well where nothing renders LaTeX."""

from __future__ import annotations

import pytest

from core.chat.text.math import readable
from core.chat.text.mentions import ZERO_WIDTH_SPACE
from core.chat.text.outgoing import outgoing

INLINE = [
    (r"x^2", "x²"),
    (r"\sqrt{x+1}", "√(x+1)"),
    (r"\frac{a+b}{c}", "(a+b)/c"),
    (r"x = \frac{-b \pm \sqrt{b^2-4ac}}{2a}", "x = (−b±√(b²−4ac))/(2a)"),
    (r"\sum_{i=1}^{n} i^2 = \frac{n(n+1)(2n+1)}{6}", "∑ᵢ₌₁ⁿ i² = n(n+1)(2n+1)/6"),
    (r"\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2}", "∫₀^∞ e^(−x²) dx = √π/2"),
    (r"\lim_{x \to 0} \frac{\sin x}{x} = 1", "lim_(x→0) (sin x)/x = 1"),
    (r"\frac{d}{dx} x^n = nx^{n-1}", "(d/dx)xⁿ = nxⁿ⁻¹"),
    (r"\frac{1}{2}mv^2", "½mv²"),
    (r"e^{i\pi} + 1 = 0", "e^(iπ) + 1 = 0"),
    (r"a_{ij} \cdot x_{\text{max}}", "aᵢⱼ · xₘₐₓ"),
    (r"f: \mathbb{R}^n \to \mathbb{C}", "f: ℝⁿ → ℂ"),
    (r"\vec{v} \cdot \hat{x} = |v| \cos\theta", "v⃗ · x̂ = |v| cos θ"),
    (r"P(A \mid B) = \frac{P(B \mid A)P(A)}{P(B)}", "P(A ∣ B) = P(B∣A)P(A)/P(B)"),
    (r"x \in \{1, 2, \dots, n\}", "x ∈ {1, 2, …, n}"),
    (r"10{,}000 + 2,500", "10,000 + 2,500"),
    (r"\log_2 n \le \ln(n)", "log₂ n ≤ ln(n)"),
    (r"\sqrt[3]{8} = 2", "∛8 = 2"),
    (r"a \equiv b \pmod{n}", "a ≡ b (mod n)"),
    (r"\binom{n}{k} = \frac{n!}{k!(n-k)!}", "C(n, k) = n!/(k!(n−k)!)"),
    (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", "(a, b; c, d)"),
    (r"T(n) = 2T\left(\frac{n}{2}\right) + \mathcal{O}(n)", "T(n) = 2T(n/2) + 𝒪(n)"),
    (r"-3 \times -2", "−3 × −2"),
    (r"\neg p \lor q \implies r", "¬p ∨ q ⟹ r"),
    (r"5\,\text{kg}\cdot\text{m/s}^2", "5 kg · m/s²"),
    (r"\|v\|_2 \not= 0", "‖v‖₂ ≠ 0"),
    (r"\prod_{p \text{ prime}} \frac{1}{1-p^{-s}}", "∏_(p prime) 1/(1−p⁻ˢ)"),
    (r"\overline{AB} \parallel \overline{CD}", "A̅B̅ ∥ C̅D̅"),
    (r"x^T y^{q+1}", "xᵀy^(q+1)"),
    (r"\boxed{x = 5}", "**x = 5**"),
    (r"\operatorname*{arg\,max}_{x \in X} f(x)", "arg max_(x∈X) f(x)"),
    (r"\frac{\text{rise}}{\text{run}} = \frac{\Delta y}{\Delta x}", "rise/run = Δy/Δx"),
    (r"\bar{x} = \frac{1}{n}\sum_{i=1}^n x_i", "x̄ = (1/n) ∑ᵢ₌₁ⁿ xᵢ"),
    (r"\ce{2H2O + Na+ -> SO4^{2-} + Ca(OH)2}", "2H₂O + Na⁺ → SO₄²⁻ + Ca(OH)₂"),
    (r"f''(x) + 90^\circ", "f″(x) + 90°"),
]


@pytest.mark.parametrize(("latex", "expected"), INLINE, ids=[latex for latex, _ in INLINE])
def test_a_formula_becomes_unicode(latex: str, expected: str) -> None:
    for opened, closed in (("$", "$"), ("\\(", "\\)"), ("$$", "$$")):
        shown = readable(f"So {opened}{latex}{closed}, then.")
        assert shown.text == f"So {expected}, then."
        assert shown.images == ()


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $10.",
        "US$5, A$ and ($6) or ($7)",
        "$HOME/$PATH and ${HOME}",
        "from $20 to about 30$ a month",
        r"an escaped \$x\$ and a list \[1\] and a box \[x\]",
        "`$x^2$` and ``$`y$``",
        "```python\nx = '$a$'\n```",
        "~~~\n$$\nx^2\n$$\n~~~",
        "a lone $x^2",
        "$$\nnever closed\n\nnext paragraph $$",
        "the price of $ and $$",
    ],
)
def test_what_is_not_mathematics_stays(text: str) -> None:
    shown = readable(text)
    assert shown.text == text
    assert shown.images == ()


def test_a_matrix_is_laid_out() -> None:
    shown = readable(
        r"Let" "\n\n$$\nA = \\begin{bmatrix} 1 & 2 \\\\ 3 & -4 \\end{bmatrix}^{-1}\n$$\n"
    )
    assert shown.text == "Let\n\n```\nA = ⎡ 1  2  ⎤⁻¹\n    ⎣ 3  −4 ⎦\n```\n"


def test_cases_are_laid_out() -> None:
    latex = r"f(x) = \begin{cases} x^2 & x > 0 \\ 0 & x = 0 \\ -x & \text{otherwise} \end{cases}"
    assert readable(f"\\[ {latex} \\]").text == (
        "```\n       ⎧ x²   x > 0\nf(x) = ⎨ 0    x = 0\n       ⎩ −x   otherwise\n```"
    )


def test_rules_between_rows_and_columns_are_drawn() -> None:
    latex = r"\begin{array}{r|r} x & 12 \\ \hline y & 3 \end{array}"
    assert readable(f"$${latex}$$").text == "```\nx │ 12\n──────\ny │  3\n```"


def test_aligned_equations_keep_their_place_in_a_list() -> None:
    text = (
        "1. Solve\n   $$\n   \\begin{aligned}\n   2x + 3 &= 7 \\\\\n   x &= 2\n"
        "   \\end{aligned}\n   $$\n2. Done"
    )
    assert readable(text).text == (
        "1. Solve\n   ```\n   2x + 3 = 7\n        x = 2\n   ```\n2. Done"
    )


def test_a_displayed_formula_in_a_quotation() -> None:
    assert readable("> $$\n> a \\\\\n> b\n> $$\n> end").text == "> ```\n> a\n> b\n> ```\n> end"


def test_what_cannot_be_written_keeps_its_source_and_asks_for_a_picture() -> None:
    shown = readable(r"See $\underbrace{a+b}_{n}$ here.")
    assert shown.text == r"See `\underbrace{a+b}_{n}` here."
    assert [(each.latex, each.is_display, each.text) for each in shown.images] == [
        (r"\underbrace{a+b}_{n}", False, r"`\underbrace{a+b}_{n}`")
    ]


def test_several_lines_that_cannot_be_written_stay_a_block() -> None:
    shown = readable("$$\n\\begin{tikzcd}\nA \\arrow{r} & B\n\\end{tikzcd}\n$$")
    assert shown.text == "```latex\n\\begin{tikzcd}\nA \\arrow{r} & B\n\\end{tikzcd}\n```"
    assert shown.images[0].is_display


@pytest.mark.parametrize(
    "latex",
    [
        r"\frac{a",
        r"x^",
        r"{x",
        r"x}",
        r"\left( x",
        r"\begin{foo}x\end{foo}",
        r"a & b \end{x}",
        r"\sqrt[3\]",
    ],
)
def test_malformed_latex_loses_nothing(latex: str) -> None:
    shown = readable(f"$${latex}$$")
    assert latex in shown.text
    assert shown.images[0].latex == latex


def test_a_fraction_in_a_fraction_in_a_fraction_is_a_picture() -> None:
    deep = r"\frac{1}{1+\frac{1}{1+\frac{1}{1+\frac{1}{x}}}}"
    assert [each.latex for each in readable(f"${deep}$").images] == [deep]


def test_fractions_beside_each_other_are_not_deep() -> None:
    shown = readable(r"$\frac{a}{b} + \frac{c}{d} + \frac{e}{f} + \frac{g}{h} + \frac{i}{j}$")
    assert shown.text == "a/b + c/d + e/f + g/h + i/j"


@pytest.mark.parametrize("opened", ["{", "\\sqrt{", "x^{", "\\hat{"])
def test_groups_without_bottom_stay_as_written(opened: str) -> None:
    count = 3900 // (len(opened) + 1)
    latex = opened * count + "x" + "}" * count
    assert readable(f"${latex}$").text == f"`{latex}`"


def test_cells_of_a_table_keep_their_number() -> None:
    text = "| $|x|$ | b |\n|---|---|\n| $P(A|B)$ | $\\|v\\|$ |"
    assert readable(text).text == "| ∣x∣ | b |\n|---|---|\n| P(A∣B) | ‖v‖ |"


def test_nothing_turns_into_markup() -> None:
    assert "](" not in readable(r"$f[x](y)$").text
    assert not readable("$$= 5$$").text.startswith("=")
    assert readable(r"$a * b * c$").text == "a ∗ b ∗ c"


def test_a_text_that_grows_settles_word_by_word() -> None:
    shown = readable("Then $x^2$ and $y +")
    assert shown.text[: shown.settled] == "Then x² and "
    shown = readable("Then $x^2$ an")
    assert shown.text[: shown.settled] == "Then x² "
    shown = readable("Code `x")
    assert shown.text[: shown.settled] == "Code "


def test_a_formula_settles_when_what_follows_it_is_known() -> None:
    shown = readable("So $a + b$")
    assert shown.text[: shown.settled] == "So "
    shown = readable("So $a + b$ ")
    assert shown.text[: shown.settled] == "So a + b "
    for growing in (
        "So\n\n$$",
        "So\n\n$$\n",
        "So\n\n$$\nx^2\n",
        "So\n\n$$\nx\n ",
        "So\n\n`a\n",
        "So\n\n$$\n```",
        "So\n\n$$\n#",
    ):
        shown = readable(growing)
        assert shown.text[: shown.settled] == "So\n\n", growing
    shown = readable("So\n\n$$a \\\\ b$$ ")
    assert shown.text[: shown.settled] == "So\n\n"
    shown = readable("So\n\n$$a \\\\ b$$\n")
    assert shown.text[: shown.settled] == "So\n\n```\na\nb\n```\n"


@pytest.mark.parametrize("text", ["@here", r"$\text{@}here$", r"\(@\mathrm{here}\)", "$@here$"])
def test_no_formula_spells_a_mention(text: str) -> None:
    assert outgoing(text, "slack").text == f"@{ZERO_WIDTH_SPACE}here"
