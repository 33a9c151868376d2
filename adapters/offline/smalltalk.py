"""Greetings, thanks, and questions about the tutor itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from adapters.offline import voice
from adapters.offline.lexicon import wordset
from adapters.offline.pieces import Piece
from adapters.offline.tree import Sym
from adapters.offline.words import CHATTER

_TALK: Final[tuple[tuple[str, str], ...]] = (
    (
        (
            r"who (?:are|r) (?:you|u)|what are you|are you (?:an? )?(?:\w+ )?(?:ai|"
            r"bot|robot|human|real|person|chatgpt|gpt|llm|model|machine|computer|"
            r"program|calculator|offline|intelligent|alive)\b.*|(?:what|which) (?:ai |"
            r"language )?model (?:are you|is this|do you use|is behind).*|is (?:this|"
            r"there) (?:an? )?(?:ai|bot|human|model).*|what is your name|what's your "
            r"name|introduce yourself|tell me about yourself|do you use (?:ai|gpt|"
            r"chatgpt).*|who made you"
        ),
        voice.IDENTITY,
    ),
    (
        (
            r"(?:so )?(?:what (?:else )?can (?:you|u|i)(?: \w+)?(?: \w+)?|what do you "
            r"(?:do|know|understand|support)|what (?:kinds?|sorts?|types?) of "
            r".*(?:can|do) you.*|how (?:do|can) (?:i|we) use (?:you|this)|how does "
            r"this work|how do you work|what (?:are your )?(?:features|abilities|"
            r"capabilities)|what topics .*|what (?:math|maths|mathematics) can you do|"
            r"help|/help|help me|i need help|can you help(?: me)?(?: with (?:my "
            r")?(?:math|maths|mathematics|homework|algebra|calculus))?)"
        ),
        voice.ABILITIES,
    ),
    (
        (
            r"how (?:are|r) (?:you|u)(?: doing)?(?: today)?|how is it going|how's it "
            r"going|what's up|what is up|sup"
        ),
        voice.WELL,
    ),
    (r"(?:thanks?|thank you|thank u|ty|cheers|many thanks)\b.*|appreciate.*", voice.THANKS),
    (
        r"(?:good)?(?:bye|night)|see (?:you|ya)(?: later)?|cya|good ?bye|good night|later",
        voice.GOODBYE,
    ),
    (
        (
            r"(?:ok|okay|great|cool|nice|perfect|awesome|got it|i see|makes sense|"
            r"good(?: job)?|well done|wow|that makes sense|that helps?|that is "
            r"(?:great|right|correct|good)|yes|yep|no|nope|sure|alright|i understand|"
            r"understood)(?: .*)?"
        ),
        voice.PRAISE,
    ),
    (
        (
            r"(?:hi|hello|hey|yo|hiya|howdy|greetings|good (?:morning|afternoon|"
            r"evening|day)|morning|hallo|hola)\b.*"
        ),
        voice.GREETING,
    ),
)


def reply(parts: Sequence[Piece]) -> str | None:
    """The answer to a message that holds no mathematics, if it is one of the known kinds."""
    if any(part.node is not None and part.letter != "S" for part in parts):
        return None
    words = [_word(part) for part in parts]
    text = " ".join(word for word in words if word not in {",", ";", ":", ".", "!", "?", "~", "*"})
    sentences = [s.strip() for s in re.split(r"[.!?;,]", " ".join(words)) if s.strip()]
    for pattern, answer in _TALK:
        if re.fullmatch(pattern, text):
            known = set(text.split()) <= CHATTER | _KNOWN
            if known or answer in {voice.IDENTITY, voice.ABILITIES}:
                return answer
    for pattern, answer in _TALK[:2]:
        if any(re.fullmatch(pattern, sentence) for sentence in sentences) and all(
            set(sentence.split()) <= CHATTER | _KNOWN or re.fullmatch(pattern, sentence)
            for sentence in sentences
        ):
            return answer
    return None


_KNOWN: Final = wordset(
    "hi hello hey yo hiya howdy greetings hallo hola bobbin thanks thank "
    "cheers bye goodbye night"
    " see later ya cya awesome perfect wow alright understood helps helped helpful are you u ai"
    " an bot tutor the a there sup is everything got makes sense job done appreciated explaining"
    " explained amazing brilliant super fantastic best welcome"
)


def _word(part: Piece) -> str:
    if isinstance(part.node, Sym):
        return part.node.name
    return part.text
