"""What Slack shows beside messages: the App Home tab and the form of a question: pure.

Sources: https://docs.slack.dev/surfaces/app-home, /surfaces/modals (title 24 characters,
private_metadata 3,000), /reference/block-kit/blocks (section 3,000 characters, header 150).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from adapters.slack.origin import is_stamp
from adapters.slack.words import escaped

Json = dict[str, Any]

ASK: Final = "bobbin:ask"
"""Callback id of the message shortcut and of its form."""

ASSISTANT: Final = "bobbin:assistant"
"""Action id of the Home tab's menu of Assistants."""

_QUESTION: Final = "question"
_WHERE: Final = "where"
_MOST_QUOTED: Final = 2_000
_MOST_OPTIONS: Final = 100
_LONGEST_OPTION: Final = 75
_LONGEST_TITLE: Final = 40

COMMANDS: Final = (
    "`/bobbin ask …` in a channel answers you alone. `/bobbin new` begins a new lesson here, "
    "`/bobbin sessions` and `/bobbin resume 2` go back, `/bobbin help` lists the rest. Inside "
    "threads write `!new`, `!stop` and so on."
)
ONE_LESSON: Final = (
    "Your direct messages are one lesson that goes on until `/bobbin new`. Another assistant goes "
    "on with it, and knows what was said."
)
APART: Final = (
    "*Your direct messages:* each thread is a conversation of its own. Write `!assistant` in one "
    "to choose who answers there."
)
KEPT: Final = (
    "What you write to Bobbin, what it answers and the files you give it are kept on the server "
    "that runs it, until you have it forget them (`/bobbin forget`; in a thread `!forget`) or they "
    "are deleted there. They go to the model that its operator chose, and "
    "nowhere else. In channels it reads the threads that it was called into; it keeps nothing of "
    "the rest. Answers are written by a machine and may be wrong."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What a person's Home tab says. `assistant` is called what people call it, `chosen` is its
    name; `choices` are name and what people call it, of those that the person may choose. `prompts`
    are questions for it. `session` is the number of the current lesson, `title` what it is called,
    `sessions` how many there are. `apart`: each thread of direct messages is one of its own.
    """

    assistant: str
    chosen: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    prompts: tuple[str, ...] = ()
    apart: bool = False
    session: int = 1
    title: str = ""
    sessions: int = 0
    usage: tuple[str, ...] = ()
    """What the person used, a sentence for each period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """An Assistant that somebody chose for their direct messages; `stamp` is when."""

    assistant: str
    channel: str
    user: str
    team: str
    stamp: str


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A message that somebody asks about."""

    channel: str
    ts: str
    root: str
    user: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question about a message. `shared`: to be answered in its thread; `name` is unique."""

    about: About
    text: str
    shared: bool
    user: str
    name: str


def home(facts: Home, channel: str) -> Json:
    """The Home tab of the person whose direct messages are in that channel."""
    lesson = f"Number {facts.session}"
    if facts.title:
        lesson += f": {facts.title}"
    if facts.sessions > 1:
        lesson += f" (of {facts.sessions})"
    return {
        "type": "home",
        "private_metadata": channel,
        "blocks": [
            _header("Bobbin"),
            _assistant(facts),
            _section(APART if facts.apart else f"*Your lesson:* {escaped(lesson)}. {ONE_LESSON}"),
            *([_section("*What you used*\n" + "\n".join(facts.usage))] if facts.usage else []),
            {"type": "divider"},
            _section(f"*What it can do*\n{COMMANDS}"),
            _section(f"*What is kept, and where it goes*\n{KEPT}"),
        ],
    }


def chosen_of(payload: Mapping[str, Any]) -> Chosen | None:
    """The choice in a Home tab; None for other presses."""
    view, user = _dict(payload.get("view")), _dict(payload.get("user"))
    actions = payload.get("actions")
    action = _dict(cast("list[Any]", actions)[0] if isinstance(actions, list) and actions else None)
    assistant = _dict(action.get("selected_option")).get("value")
    channel, stamp = view.get("private_metadata"), action.get("action_ts")
    if action.get("action_id") != ASSISTANT or not is_stamp(stamp):
        return None
    if not isinstance(assistant, str) or not isinstance(channel, str) or not channel:
        return None
    return Chosen(
        assistant=assistant,
        channel=channel,
        user=str(user.get("id") or ""),
        team=str(user.get("team_id") or ""),
        stamp=str(stamp),
    )


def about_of(payload: Mapping[str, Any]) -> About | None:
    """The message that the shortcut was used on; None where it is not all there."""
    post, channel = _dict(payload.get("message")), _dict(payload.get("channel")).get("id")
    ts, thread = post.get("ts"), post.get("thread_ts")
    if not isinstance(channel, str) or not is_stamp(ts):
        return None
    return About(
        channel=channel,
        ts=str(ts),
        root=str(thread) if is_stamp(thread) else str(ts),
        user=str(post.get("user") or ""),
        text=str(post.get("text") or "")[:_MOST_QUOTED],
    )


def form(about: About) -> Json:
    """The form in which a question about a message is written."""
    places = [_option("In our direct messages", "direct"), _option("In its thread", "thread")]
    return {
        "type": "modal",
        "callback_id": ASK,
        "title": _plain("Ask about this message"),
        "submit": _plain("Ask"),
        "close": _plain("Cancel"),
        "private_metadata": _carried(about),
        "blocks": [
            {
                "type": "input",
                "block_id": _QUESTION,
                "label": _plain("Your question"),
                "element": {
                    "type": "plain_text_input",
                    "action_id": _QUESTION,
                    "multiline": True,
                    "max_length": 3_000,
                },
            },
            {
                "type": "input",
                "block_id": _WHERE,
                "label": _plain("Where the answer goes"),
                "element": {
                    "type": "radio_buttons",
                    "action_id": _WHERE,
                    "options": places,
                    "initial_option": places[0],
                },
            },
        ],
    }


def asked_of(payload: Mapping[str, Any]) -> Asked | None:
    """The question of a form that was sent off; None for other forms."""
    view, user = _dict(payload.get("view")), _dict(payload.get("user")).get("id")
    if view.get("callback_id") != ASK or not isinstance(user, str):
        return None
    values = _dict(_dict(view.get("state")).get("values"))
    text = str(_dict(_dict(values.get(_QUESTION)).get(_QUESTION)).get("value") or "").strip()
    chosen = _dict(_dict(_dict(values.get(_WHERE)).get(_WHERE)).get("selected_option"))
    about = _about(str(view.get("private_metadata") or ""))
    if about is None or not text:
        return None
    return Asked(
        about=about,
        text=text,
        shared=chosen.get("value") == "thread",
        user=user,
        name=str(view.get("id") or ""),
    )


def prompts(sentences: tuple[str, ...]) -> list[Json]:
    """Suggestions for the agent view, at most four; a long one is cut where it is shown."""
    return [
        {
            "title": one
            if len(one) <= _LONGEST_TITLE
            else one[: _LONGEST_TITLE - 1].rstrip() + "…",
            "message": one,
        }
        for one in sentences[:4]
    ]


def _assistant(facts: Home) -> Json:
    """Who answers in direct messages, with a menu where there is something to choose."""
    shown = _section(f"*Your assistant:* {escaped(facts.assistant)}")
    options = {
        slug: _option(name[:_LONGEST_OPTION], slug)
        for slug, name in facts.choices[:_MOST_OPTIONS]
        if len(slug) <= _LONGEST_OPTION
    }
    if facts.apart or set(options) <= {facts.chosen}:
        return shown
    menu: Json = {
        "type": "static_select",
        "action_id": ASSISTANT,
        "placeholder": _plain("Choose another one"),
        "options": list(options.values()),
    }
    if facts.chosen in options:
        menu["initial_option"] = options[facts.chosen]
    return {**shown, "accessory": menu}


def _carried(about: About) -> str:
    """The message as the form carries it: cut until Slack takes it."""
    text = about.text
    while True:
        row = [about.channel, about.ts, about.root, about.user, text]
        carried = json.dumps(row, ensure_ascii=False)
        if len(carried) <= 2_900:
            return carried
        text = text[: len(text) * 3 // 4]


def _about(carried: str) -> About | None:
    try:
        row: Any = json.loads(carried)
    except ValueError:
        return None
    if not isinstance(row, list) or len(cast("list[Any]", row)) != 5:
        return None
    channel, ts, root, user, text = (str(one) for one in cast("list[Any]", row))
    return About(channel=channel, ts=ts, root=root, user=user, text=text)


def _plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def _option(text: str, value: str) -> Json:
    return {"text": _plain(text), "value": value}


def _header(text: str) -> Json:
    return {"type": "header", "text": _plain(text)}


def _section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:3_000]}}


def _dict(value: object) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}
