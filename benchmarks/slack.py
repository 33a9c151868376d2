"""What Slack sees of Bobbin under load: event to acknowledgement, to the first sign, to the model.

The real command runs in a process of its own against a workspace and a model on loopback, with its
own embedded store (every event on disk before it is acknowledged). Each event is a mention in a
channel of its own, so that Slack's pace for one channel does not count.

    python -m benchmarks.slack                      500 events, 50 a second
    python -m benchmarks.slack --count 1000 --rate 100
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.fakes.model_server import ModelServer, Reply
from tests.fakes.slack.looks import BOT_USER
from tests.fakes.slack.people import FakeSlack
from tests.story.bot import Bot, kill, read_until

WARM = 20
_NUMBER = re.compile(r"number (\d+)")


class Load:
    """What happened to each numbered event, in seconds of one clock."""

    def __init__(self) -> None:
        self.sent: dict[int, float] = {}
        self.acknowledged: dict[int, float] = {}
        self.called: dict[int, float] = {}

    def answer(self, body: dict[str, Any]) -> Reply:
        """The model: notes who asked when."""
        found = _NUMBER.findall(str(body["messages"][-1]["content"]))
        if found:
            self.called.setdefault(int(found[-1]), time.monotonic())
        return Reply(text="A short answer of a few words, as they are.")

    async def ask(self, slack: FakeSlack, number: int) -> None:
        """One mention, until it is acknowledged."""
        self.sent[number] = time.monotonic()
        await slack.post("U0ANN", f"C{number}", f"<@{BOT_USER}> number {number}")
        self.acknowledged[number] = time.monotonic()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--rate", type=float, default=50.0, help="events a second")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(Path(folder), options.count, options.rate))


async def _measure(folder: Path, count: int, rate: float) -> None:
    load = Load()
    async with FakeSlack.running() as slack, ModelServer(load.answer) as model:
        variables = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.url,
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": "sk-1",
            "BOBBIN_MODEL_API": "chat",
            "BOBBIN_MODEL": "m",
            "BOBBIN_INTRODUCE": "false",
        }
        process = Bot(folder / "data", variables).start("slack")
        try:
            await asyncio.to_thread(read_until, process, "Slack:")
            await asyncio.sleep(2.0)
            for number in range(1_000_000, 1_000_000 + WARM):
                await load.ask(slack, number)
            await _answered(slack, range(1_000_000, 1_000_000 + WARM))
            cpu, begun = _cpu_s(process.pid), time.monotonic()
            asking: list[asyncio.Task[None]] = []
            for number in range(count):
                await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
                asking.append(asyncio.create_task(load.ask(slack, number)))
            await asyncio.gather(*asking)
            await _answered(slack, range(count))
            took, cpu = time.monotonic() - begun, _cpu_s(process.pid) - cpu
        finally:
            await asyncio.to_thread(kill, process)
        signs = _signs(slack, load)
        acks = [load.acknowledged[n] - load.sent[n] for n in range(count)]
        calls = [load.called[n] - load.sent[n] for n in range(count)]
    print(f"{count} events, {rate:g} a second; all answered {took:.1f} s after the first one")
    for name, times in (("acknowledged", acks), ("first sign", signs), ("model called", calls)):
        ordered = sorted(times)
        p50, p99 = (1000 * ordered[len(ordered) * share // 100] for share in (50, 99))
        print(f"  event to {name:13} p50 {p50:6.1f} ms   p99 {p99:6.1f} ms")
    print(f"  CPU of Bobbin's process: {1000 * cpu / count:.2f} ms a turn")


def _signs(slack: FakeSlack, load: Load) -> list[float]:
    """Event to the first call that anybody sees, for each event."""
    seen: dict[int, float] = {}
    for call in slack.calls:
        channel = str(call.arguments.get("channel_id") or call.arguments.get("channel") or "")
        number = int(channel[1:]) if channel[1:].isdecimal() else -1
        if number in load.sent and number < 1_000_000:
            seen.setdefault(number, call.at - load.sent[number])
    return list(seen.values())


async def _answered(slack: FakeSlack, numbers: range) -> None:
    async with asyncio.timeout(300):
        for number in numbers:
            while not any(m.get("metadata") for m in slack.messages[f"C{number}"].values()):
                await asyncio.sleep(0.02)


def _cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
