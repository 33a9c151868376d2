"""Words that change nothing: politeness, school talk, question words.

Whatever a question's own rule did not use up must be found here, or the question is refused:
a word that is not known may carry meaning (`without`, `only`, `apples`).
"""

from __future__ import annotations

from typing import Final

from adapters.offline.lexicon import wordset

ARTICLES: Final = wordset(
    "the a an please kindly just exactly this these those following given "
    "below above here"
    " actually basically also now then so well hi hello hey ok okay um uh hmm really simply"
    " bobbin tutor bot my our its their maybe your again quickly quick everyone guys buddy"
    " mate sir madam there yo dude bro man fellow folks"
)
"""Taken out before any pattern is tried."""

FILLER: Final = wordset("""
    possible possibly next but bother bothering way ways able try tried
    both asks done suppose imagine giving leave leaving their its daughter son kid kids child
    children wife husband brother sister friend mom dad mum everybody has
    of to in on at by for with from is are was be do does did it and or as into out up i we you
    u me us your they them let can could would will shall should may might must what whats
    which how when where why who find calculate compute evaluate determine work get give tell
    show figure obtain say know help need want like see think try trying understand learn
    explain explanation answer answers result results value question questions problem problems
    exercise task math mathematics homework assignment test exam quiz class school teacher
    worksheet textbook step steps working detail details detailed method process clearly
    carefully thanks thank much many lot advance appreciate appreciated cheers love great nice
    cool sorry stuck confused struggling lost quick easy brief briefly one thing something
    please am im ive id ill have has had got been make going come go use using look looking
    solution solutions right correct correctly properly full fully complete completely whole
    entire wondering wonder curious asking ask asked tomorrow today tonight soon asap says said
    saying reads take taking wanted wants state hence otherwise teach mind computing
    calculating solving finding evaluating idea any someone anybody anyone uhh uh umm lol haha
    keep getting wrong incorrect struggle revising alright gotta hoping wish kindly thx regards
    greetings quickly seems looks sort following listed given below tried attempt attempting
    cannot supposed trouble having difficulty difficulties doubt doubts practice practise sheet
    gave gives asks told forgot remember next first second last part number let's yes no yeah
    yep sure expression function equation formula term terms form that its it's
""") - wordset("number last no first second part where when or many")
"""Harmless wherever they are left over."""

CHATTER: Final = FILLER | wordset("""
    i'm morning afternoon evening good day nice meet doing fine bad terrible awful hate hard
    difficult tricky easy struggle bit little about any anyone somebody someone urgent urgently
    due deadline friend teacher's professor course algebra calculus statistics geometry grade
    college university high middle student students studying study revise revising revision
    review practice practicing practising tonight week tomorrow's today's mind brain work hours
    ago yesterday forgot forget remember remembered never always very too all but because not
    cannot able stuff things thing lesson lecture chapter page book sheet this that kid son
    daughter years old person people two three few another more other some still yet ready
    real quick time hope hoping well sorry bother bothering late early first next one last
    question here's goes check answer my mine ok so new old tutor again back long
    """)
"""Harmless in a sentence that holds no mathematics at all."""

METHODS: Final[tuple[str, ...]] = (
    "step by step",
    (
        "(?:i )?(?:do|did|am|can|could)? ?not (?:really |quite )?(?:get|"
        "understand|know|remember|sure)(?: how)?(?: to)?(?: do)?"
    ),
    "(?:i )?cannot (?:figure out|solve|do|get|work out|find)(?: it)?",
    (
        "(?:with|showing|show|include|including) (?:me |all |each |every |full |"
        "your |of )*(?:steps?|working|work)"
    ),
    "show how",
    "by hand",
    "(?:without|no|not) (?:using )?calculator",
    "do not use calculator",
    (
        "(?:by|using|through|via|with|use|apply|applying) (?:factoring|"
        "grouping|factorising|factorizing|factorisation|factorization"
        "|substitution|elimination|quadratic formula|completing square|power rule|product rule"
        "|quotient rule|chain rule|first principles|integration by parts|parts|u substitution"
        "|partial fractions|long division|cramer s rule|gaussian elimination|inspection|python"
        "|sympy|code|calculator|code interpreter|interpreter|l hopital s "
        "rule)(?: method| formula| rule)?(?: to)?"
    ),
    (
        "(?:by|using|with|via|through|use|apply) (?!\\w* ?(?:trapez|simpson|midpoint|euler|newton|"
        "riemann|numerical|secant|bisection))(?:\\w+ ){1,2}(?:method|rule|algorithm|theorem|laws?|"
        "identity|identities|rules|formula)"
    ),
    "(?:and )?explain(?: (?:how|why|it|each step|steps|your (?:reasoning|answer|steps)))?",
    "if (?:you can|possible|that is ok|you do not mind|you could)",
    "(?:can|could|would|will) you",
    "as soon as possible",
    "and (?:then )?(?:check|verify) (?:it|your answer|answer)",
    "to (?:me|us)",
    "for me",
    "in python",
    "thanks? (?:you )?(?:so |very )?(?:much|lot)",
    "thanks? in advance",
)
"""Requests about the manner of the answer, which always shows its steps."""
