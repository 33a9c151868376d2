"""What others wrote for Slack, on what we wrote for it: their bot in our workspace, and their types
for everything that we send there."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, Final

from adapters.slack.manifest import manifest
from core.assistants import Message
from core.chat.function_ports import Traits
from core.chat.roster import Offer, Roster
from tests.fakes.assistants import Wants
from tests.fakes.functions import FakeFunctions
from tests.fakes.slack.looks import BOT_USER, Json
from tests.fakes.slack.people import FakeSlack
from tests.guide import node
from tests.patience import PATIENCE_S, until
from tests.slack.test_surfaces import told_alone
from tests.slack.world import ANN, BOT, CHANNEL, DM, TUTOR, World

NUMBERS: Final = frozenset({"limit", "length"})
"""Arguments that go as text in a query or a form, and are numbers in the types."""
FLAGS: Final = frozenset({"inclusive", "include_all_metadata"})
AS_JSON: Final = frozenset({"files"})

RAN: Final[tuple[Json, ...]] = ({"id": "call_1", "type": "code_interpreter"},)

_MANIFEST: Final = 'slack.AppsManifestValidateArguments["manifest"]'

WITHOUT_TYPE: Final = frozenset({"assistant:write", "agent_session_stopped"})
"""Newer than the types: Slack's schema of manifests has them."""


async def _until(slack: FakeSlack, method: str, count: int = 1) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while len(slack.called(method)) < count:
            await asyncio.sleep(0.02)


async def test_a_bot_on_slacks_own_framework_lives_in_our_workspace() -> None:
    async with (
        FakeSlack.running() as slack,
        node.bot(node.SLACK, slack.url, slack.bot_token, slack.app_token) as complaints,
    ):
        root = await slack.post(ANN, CHANNEL, f"<@{BOT_USER}> hello")
        await until(lambda: any(m.get("files") for m in slack.thread(CHANNEL, root)))
        said = slack.replies(CHANNEL, root)
        assert said == [f"Heard <@{BOT_USER}> hello", "It grows.", "There are 3"]
        assert [file["data"] for file in slack.files.values()] == [b"seven"]
        assert "You typed new" in str(await slack.slash(ANN, CHANNEL, "new"))
        await slack.press(ANN, CHANNEL, root, "bobbin:stop", "stop")
        await _until(slack, "reactions.add")
        await slack.ask_about(ANN, CHANNEL, root, "what?")
        await _until(slack, "views.open")
        await _until(slack, "chat.postMessage", 3)
        assert slack.messages["C0SENT"]
        assert slack.wrong == []
    assert complaints == []


async def _everything(world: World) -> list[tuple[str, Json]]:
    """A day in the workspace; all that was sent to Slack in it."""
    service = world.assistants
    world.roster = Roster((TUTOR, Offer(slug="physics", name="Physics")), "tutor")
    world.own_functions = functions = FakeFunctions()
    functions.add("refund", traits=Traits(approval=True))
    service.tools = ({"type": "function", "function": {"name": "refund"}},)
    service.files["plot"] = ("plot.png", b"\x89PNG\r\n\x1a\n")
    service.shows = ("plot",)
    service.before_last = asyncio.Event()

    async def reply(messages: list[Message]) -> list[str]:
        if "refund" in messages[-1].text and not service.outputs:
            raise Wants(("call_1", "refund", "{}"))
        return ["an answer that is long enough to grow a little"]

    service.reply = reply
    async with world.process():
        for streaming, works in ((True, ()), (True, RAN), (False, RAN)):
            world.slack.streaming, service.works = streaming, works
            service.before_last = asyncio.Event()
            table = world.slack.add_file("data.csv", b"a,b\n", "text/csv")
            ts = await world.slack.post(ANN, DM, "hello", files=[table])
            await world.appears(DM, ts, "an answer")
            service.before_last.set()
            await world.replied(DM, ts)
            await world.idle()
        service.works = ()
        root = "1600000000.000001"
        world.slack.messages[CHANNEL][root] = {"user": ANN, "ts": root, "text": "The pump."}
        await world.slack.post(ANN, CHANNEL, f"{BOT} refund", thread_ts=root)
        await world.appears(CHANNEL, root, "May I run this?")
        await world.slack.post(ANN, CHANNEL, f"{BOT} !approve", thread_ts=root)
        await world.replied(CHANNEL, root, 2)
        await world.idle()
        world.slack.fail("chat.update", "msg_too_long", times=1)
        await world.slack.slash(ANN, CHANNEL, "ask me")
        await told_alone(world)
        await world.slack.ask_about(ANN, CHANNEL, root, "what?")
        for tab in ("home", "messages"):
            await world.slack.open_tab(ANN, DM, tab)
        await _until(world.slack, "views.publish")
        await _until(world.slack, "assistant.threads.setSuggestedPrompts")
        await world.idle()
        world.slack.agent = False
        await world.replied(DM, await world.slack.post(ANN, DM, "hello"))
        await world.idle()
        world.slack.fail("assistant.threads.setStatus", "not_allowed_token_type", times=9)
        await world.replied(DM, await world.slack.post(ANN, DM, "hello"))
        await world.idle()
    return [(call.method, call.arguments) for call in world.slack.calls]


async def test_all_that_we_send_fits_slacks_own_types(world: World, tmp_path: Path) -> None:
    calls = await _everything(world)
    methods = {method for method, _ in calls}
    assert {"chat.stopStream", "views.open", "reactions.add", "chat.postEphemeral"} <= methods
    starts = [set(arguments) for method, arguments in calls if method == "chat.startStream"]
    assert any("chunks" in one for one in starts)
    assert any("markdown_text" in one for one in starts)
    lines = ['import type * as slack from "@slack/web-api";']
    for number, (method, arguments) in enumerate(calls):
        kind = "".join(word[0].upper() + word[1:] for word in method.split(".")) + "Arguments"
        lines.append(f"export const call{number}: slack.{kind} = {_typed(arguments)};")
    for number, agent in enumerate((False, True)):
        for url in (None, "https://bobbin.example.org/slack/events"):
            body = _known(manifest(agent=agent, url=url, prompts=("Plot sin(x).",)))
            name = f"manifest{number}{'http' if url else ''}"
            lines.append(f"export const {name}: {_MANIFEST} = {json.dumps(body)};")
    wrong = await asyncio.to_thread(node.compiled, node.SLACK, tmp_path, lines)
    assert wrong == ""


async def test_the_types_are_really_asked(tmp_path: Path) -> None:
    lines = [
        'import type * as slack from "@slack/web-api";',
        "export const a: slack.ChatUpdateArguments = { channel: 'C1', ts: 17.5, text: '' };",
    ]
    assert "TS2322" in await asyncio.to_thread(node.compiled, node.SLACK, tmp_path, lines)


def _typed(arguments: Json) -> str:
    """The arguments as a client of the types would have written them."""
    found: Json = {}
    for name, value in arguments.items():
        if name in NUMBERS:
            found[name] = int(value)
        elif name in FLAGS:
            found[name] = value == "true"
        else:
            found[name] = json.loads(value) if name in AS_JSON and _is_text(value) else value
    return json.dumps(found)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _known(body: Json) -> Json:
    """The manifest without what the types do not know yet."""
    found: Json = dict(body)
    scopes = body["oauth_config"]["scopes"]["bot"]
    found["oauth_config"] = {"scopes": {"bot": [one for one in scopes if one not in WITHOUT_TYPE]}}
    heard = body["settings"]["event_subscriptions"]
    events = [one for one in heard["bot_events"] if one not in WITHOUT_TYPE]
    found["settings"] = body["settings"] | {"event_subscriptions": heard | {"bot_events": events}}
    return found
