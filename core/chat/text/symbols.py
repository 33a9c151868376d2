"""LaTeX names and the Unicode characters that say the same. Data only."""

from __future__ import annotations

from typing import Final, Literal

Role = Literal["ord", "op", "bin", "rel", "open", "close", "punct", "fun", "space", "gap", "frac"]
"""What a piece of a formula is to its neighbours; decides the white space between them.

`gap` is an operand that needs a space before the next one, `frac` one that needs brackets there.
"""


def words(text: str) -> tuple[str, ...]:
    """The words of `text`."""
    return tuple(text.split())


def _table(text: str) -> dict[str, str]:
    pairs = words(text)
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


ORDINARY: Final = _table(r"""
    alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι
    kappa κ varkappa ϰ lambda λ mu μ nu ν xi ξ omicron ο pi π varpi ϖ rho ρ varrho ϱ sigma σ
    varsigma ς tau τ upsilon υ phi φ varphi φ chi χ psi ψ omega ω digamma ϝ
    Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω
    infty ∞ partial ∂ nabla ∇ hbar ℏ hslash ℏ ell ℓ Re ℜ Im ℑ wp ℘ aleph ℵ beth ℶ imath ı jmath ȷ
    emptyset ∅ varnothing ∅ forall ∀ exists ∃ nexists ∄ neg ¬ lnot ¬ top ⊤ bot ⊥ angle ∠
    measuredangle ∡ triangle △ square □ Box □ blacksquare ■ qed ∎ diamond ⋄ Diamond ◇ lozenge ◊
    star ⋆ bigstar ★ checkmark ✓ degree ° prime ′ backprime ‵ dag † dagger † ddag ‡ ddagger ‡
    ldots … dots … dotsc … dotsb ⋯ dotsm ⋯ dotsi ⋯ dotso … cdots ⋯ vdots ⋮ ddots ⋱ copyright ©
    pounds £ euro € S § P ¶ flat ♭ sharp ♯ natural ♮ clubsuit ♣ diamondsuit ♢ heartsuit ♡
    spadesuit ♠ complement ∁ mho ℧ eth ð surd √ vert | Vert ‖ | ‖ % % # # & & _ _ $ $ backslash \
    Bbbk 𝕜 Finv Ⅎ Game ⅁ checked ✓
    N ℕ Z ℤ Q ℚ R ℝ C ℂ
""")

BINARY: Final = _table(r"""
    times × div ÷ cdot · pm ± mp ∓ ast ∗ circ ∘ bullet • oplus ⊕ ominus ⊖ otimes ⊗ oslash ⊘ odot ⊙
    cup ∪ cap ∩ uplus ⊎ sqcup ⊔ sqcap ⊓ vee ∨ lor ∨ wedge ∧ land ∧ setminus ∖ smallsetminus ∖
    wr ≀ amalg ⨿ dotplus ∔ boxplus ⊞ boxtimes ⊠ triangleleft ◁ triangleright ▷ ltimes ⋉ rtimes ⋊
    veebar ⊻ barwedge ⊼ oast ⊛ centerdot ·
""")

RELATIONS: Final = _table(r"""
    le ≤ leq ≤ leqslant ≤ ge ≥ geq ≥ geqslant ≥ lt < gt > ne ≠ neq ≠ ll ≪ gg ≫ lll ⋘ ggg ⋙
    approx ≈ approxeq ≊ sim ∼ simeq ≃ cong ≅ equiv ≡ propto ∝ varpropto ∝ doteq ≐ triangleq ≜
    coloneqq ≔ eqqcolon ≕ coloneq ≔ in ∈ notin ∉ ni ∋ owns ∋ subset ⊂ supset ⊃ subseteq ⊆ supseteq ⊇
    subsetneq ⊊ supsetneq ⊋ nsubseteq ⊈ nsupseteq ⊉ sqsubseteq ⊑ sqsupseteq ⊒ prec ≺ succ ≻
    preceq ⪯ succeq ⪰ perp ⊥ parallel ∥ nparallel ∦ mid ∣ nmid ∤ vdash ⊢ dashv ⊣ models ⊨ vDash ⊨
    Vdash ⊩ asymp ≍ bowtie ⋈ to → rightarrow → leftarrow ← gets ← leftrightarrow ↔ Rightarrow ⇒
    Leftarrow ⇐ Leftrightarrow ⇔ implies ⟹ impliedby ⟸ iff ⟺ Longrightarrow ⟹ Longleftarrow ⟸
    Longleftrightarrow ⟺ longrightarrow ⟶ longleftarrow ⟵ longleftrightarrow ⟷ mapsto ↦
    longmapsto ⟼ hookrightarrow ↪ hookleftarrow ↩ uparrow ↑ downarrow ↓ updownarrow ↕ Uparrow ⇑
    Downarrow ⇓ nearrow ↗ searrow ↘ swarrow ↙ nwarrow ↖ rightharpoonup ⇀ leftharpoonup ↼
    rightharpoondown ⇁ leftharpoondown ↽ rightleftharpoons ⇌ leftrightharpoons ⇋ leadsto ⇝
    rightsquigarrow ⇝ twoheadrightarrow ↠ rightarrowtail ↣ nrightarrow ↛ nRightarrow ⇏ nless ≮
    ngtr ≯ nleq ≰ ngeq ≱ ncong ≇ lesssim ≲ gtrsim ≳ lessgtr ≶ gtrless ≷ between ≬ multimap ⊸
    trianglelefteq ⊴ trianglerighteq ⊵ vartriangleleft ⊲ vartriangleright ⊳ rightleftarrows ⇄
    rightrightarrows ⇉ upharpoonright ↾ restriction ↾ therefore ∴ because ∵
""")

BIG: Final = _table(r"""
    sum ∑ prod ∏ coprod ∐ int ∫ iint ∬ iiint ∭ oint ∮ oiint ∯ bigcup ⋃ bigcap ⋂ bigvee ⋁ bigwedge ⋀
    bigoplus ⨁ bigotimes ⨂ bigodot ⨀ biguplus ⨄ bigsqcup ⨆ intop ∫ smallint ∫
""")

OPENING: Final = _table(r"{ { lbrace { lbrack [ langle ⟨ lfloor ⌊ lceil ⌈ lvert | lVert ‖ lgroup ⟮")
CLOSING: Final = _table(r"} } rbrace } rbrack ] rangle ⟩ rfloor ⌋ rceil ⌉ rvert | rVert ‖ rgroup ⟯")

FUNCTIONS: Final = {
    **{
        name: name
        for name in words(
            "sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh coth exp log ln lg det "
            "dim ker gcd lcm deg arg hom max min sup inf lim Pr sgn tr rank span erf"
        )
    },
    "limsup": "lim sup",
    "liminf": "lim inf",
    "argmax": "arg max",
    "argmin": "arg min",
    "injlim": "inj lim",
    "projlim": "proj lim",
}

SPACES: Final = {
    **dict.fromkeys(
        (",", ":", ";", ">", " ", "\n", "space", "enspace", "thinspace", "medspace"), " "
    ),
    **dict.fromkeys(("quad", "qquad"), "\u2003"),
    **dict.fromkeys(("!", "negthinspace", "/", "-"), ""),
}

IGNORED: Final = frozenset(
    words(
        "displaystyle textstyle scriptstyle scriptscriptstyle limits nolimits nonumber notag "
        "big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr bigm Bigm middle hfill "
        "rm bf it mathstrut strut noindent relax normalsize large Large small hline"
    )
)
"""They say how a formula looks, not what it says."""

STYLES: Final = {
    "mathrm": "", "mathit": "", "mathnormal": "", "mathtt": "", "mathsf": "", "mathop": "",
    "mathbin": "", "mathrel": "", "mathord": "", "rm": "", "emph": "", "ensuremath": "",
    "mathbf": "bold", "boldsymbol": "bold", "bm": "bold", "symbf": "bold", "pmb": "bold",
    "mathbb": "double", "Bbb": "double", "mathds": "double", "mathcal": "script",
    "mathscr": "script", "mathfrak": "fraktur", "frak": "fraktur",
}  # fmt: skip

TEXTS: Final = frozenset(
    words("text textrm textit textbf textsf texttt textnormal textup mbox hbox textsc")
)

MARKS: Final = {
    "hat": "\u0302", "widehat": "\u0302", "bar": "\u0304", "overline": "\u0305",
    "underline": "\u0332", "vec": "\u20d7", "overrightarrow": "\u20d7", "dot": "\u0307",
    "ddot": "\u0308", "dddot": "\u20db", "tilde": "\u0303", "widetilde": "\u0303",
    "check": "\u030c", "breve": "\u0306", "acute": "\u0301", "grave": "\u0300",
    "mathring": "\u030a",
}  # fmt: skip
STRETCHED: Final = frozenset(("\u0305", "\u0332"))
"""Marks that may stand over several letters, one by one."""

SUPERSCRIPTS: Final = _table("""
    0 ⁰ 1 ¹ 2 ² 3 ³ 4 ⁴ 5 ⁵ 6 ⁶ 7 ⁷ 8 ⁸ 9 ⁹ + ⁺ − ⁻ = ⁼ ( ⁽ ) ⁾ a ᵃ b ᵇ c ᶜ d ᵈ e ᵉ f ᶠ g ᵍ h ʰ i ⁱ
    j ʲ k ᵏ l ˡ m ᵐ n ⁿ o ᵒ p ᵖ r ʳ s ˢ t ᵗ u ᵘ v ᵛ w ʷ x ˣ y ʸ z ᶻ A ᴬ B ᴮ D ᴰ E ᴱ G ᴳ H ᴴ I ᴵ J ᴶ
    K ᴷ L ᴸ M ᴹ N ᴺ O ᴼ P ᴾ R ᴿ T ᵀ U ᵁ V ⱽ W ᵂ β ᵝ γ ᵞ δ ᵟ θ ᶿ φ ᵠ χ ᵡ ⊤ ᵀ ′ ′ ″ ″ ‴ ‴ ⁗ ⁗ ∗ * † †
    ‡ ‡ ∘ ° ° °
""")
SUBSCRIPTS: Final = _table("""
    0 ₀ 1 ₁ 2 ₂ 3 ₃ 4 ₄ 5 ₅ 6 ₆ 7 ₇ 8 ₈ 9 ₉ + ₊ − ₋ = ₌ ( ₍ ) ₎ a ₐ e ₑ h ₕ i ᵢ j ⱼ k ₖ l ₗ m ₘ n ₙ
    o ₒ p ₚ r ᵣ s ₛ t ₜ u ᵤ v ᵥ x ₓ β ᵦ γ ᵧ ρ ᵨ φ ᵩ χ ᵪ
""")

PRIMES: Final = ("", "′", "″", "‴", "⁗")
VULGAR: Final = _table("1/2 ½ 1/3 ⅓ 2/3 ⅔ 1/4 ¼ 3/4 ¾ 1/5 ⅕ 1/6 ⅙ 1/8 ⅛ 3/8 ⅜ 5/8 ⅝ 7/8 ⅞")
REACTIONS: Final = _table("-> → <- ← <-> ↔ <=> ⇌ <--> ⇄ + + = =")
"""What stands between the substances of a chemical equation."""

OVER_EQUALS: Final = {"def": "≝", "?": "≟", "!": "≟", "△": "≜", "∧": "≙", "∘": "≗", "·": "≐"}
NEGATED: Final = {
    "=": "≠", "∈": "∉", "∋": "∌", "⊂": "⊄", "⊃": "⊅", "⊆": "⊈", "⊇": "⊉", "≡": "≢", "∼": "≁",
    "≈": "≉", "≅": "≇", "≤": "≰", "≥": "≱", "<": "≮", ">": "≯", "∣": "∤", "∥": "∦", "→": "↛",
    "⇒": "⇏", "∃": "∄", "⊢": "⊬", "⊨": "⊭",
}  # fmt: skip

TYPED: Final[dict[str, Role]] = {
    **dict.fromkeys("+-−*×÷·±∓∪∩∧∨⊕⊗∘∗", "bin"),
    **dict.fromkeys("=<>≤≥≠≈≡∼≅∝∈∉⊂⊆→←↔⇒⇐⇔↦⟹⟺", "rel"),
    **dict.fromkeys("([⟨⌊⌈", "open"),
    **dict.fromkeys(")]⟩⌋⌉!", "close"),
    **dict.fromkeys("∑∏∫∮", "op"),
}
"""What a character that stands for itself is."""

RESPELLED: Final = {"-": "−", "*": "∗", "'": "′"}

TYPESET: Final = (
    ("``", "“"), ("''", "”"), ("`", "‘"), ("'", "’"), ("---", "—"), ("--", "–"), ("*", "∗"),
    ("~", " "),
)  # fmt: skip
"""What typed characters mean in the words of a formula."""

_EXCEPTIONS: Final = {
    "double": _table("C ℂ H ℍ N ℕ P ℙ Q ℚ R ℝ Z ℤ"),
    "script": _table("B ℬ E ℰ F ℱ H ℋ I ℐ L ℒ M ℳ R ℛ e ℯ g ℊ o ℴ"),
    "fraktur": _table("C ℭ H ℌ I ℑ R ℜ Z ℨ"),
    "bold": {},
}
_FIRST_LETTER: Final = {"bold": 0x1D400, "double": 0x1D538, "script": 0x1D49C, "fraktur": 0x1D504}
_FIRST_DIGIT: Final = {"bold": 0x1D7CE, "double": 0x1D7D8}


def in_alphabet(text: str, alphabet: str) -> str:
    """`text` with its letters and digits taken from a mathematical alphabet, where it has them."""
    return "".join(_letter(each, alphabet) for each in text) if alphabet else text


def _letter(character: str, alphabet: str) -> str:
    if character in _EXCEPTIONS[alphabet]:
        return _EXCEPTIONS[alphabet][character]
    if "A" <= character <= "Z":
        return chr(_FIRST_LETTER[alphabet] + ord(character) - ord("A"))
    if "a" <= character <= "z":
        return chr(_FIRST_LETTER[alphabet] + 26 + ord(character) - ord("a"))
    if "0" <= character <= "9" and alphabet in _FIRST_DIGIT:
        return chr(_FIRST_DIGIT[alphabet] + ord(character) - ord("0"))
    if alphabet == "bold" and "α" <= character <= "ω":
        return chr(0x1D6C2 + ord(character) - ord("α"))
    return character
