"""How fast Discord's interactions are acknowledged while all of them are being answered.

Discord gives three seconds. The real command runs in a process of its own against a guild on
loopback; each interaction comes from another person, and every question is answered (by the offline
tutor, which uses the same process's time as a model would not).

    python -m benchmarks.discord_acks                  200 in one second
    python -m benchmarks.discord_acks --count 500
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from tests.fakes.discord.people import FakeDiscord
from tests.fakes.discord.responding import Interaction
from tests.story.bot import Bot, end, read_until

CHANNELS = 20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(Path(folder), options.count, options.seconds))


async def _measure(folder: Path, count: int, seconds: float) -> None:
    async with FakeDiscord.running() as discord:
        channels = [discord.add_channel(str(4 * 10**17 + n), f"c{n}") for n in range(CHANNELS)]
        people = [discord.person(str(3 * 10**17 + n), f"P{n}") for n in range(count)]
        variables = {
            "DISCORD_TOKEN": discord.token,
            "DISCORD_API_URL": discord.url,
            "DISCORD_GATEWAY_URL": discord.gateway_url,
        }
        bot = Bot(folder / "data", variables)
        process = bot.start("discord")
        try:
            await asyncio.to_thread(read_until, process, "Discord:")
            begun = time.monotonic()
            asked: list[Interaction] = []
            for number, person in enumerate(people):
                await asyncio.sleep(max(0.0, begun + number * seconds / count - time.monotonic()))
                where = channels[number % CHANNELS]
                question = f"solve {number + 2}x = {3 * (number + 2)}"
                asked.append(await discord.slash(person, where, "ask", question=question))
            await _until_answered(discord, asked)
            took_s = time.monotonic() - begun
        finally:
            await asyncio.to_thread(end, process)
    times = sorted(one.acked_after_s for one in asked if one.acked is not None)
    print(f"{count} interactions in {seconds:g} s: {len(times)} acknowledged")
    for share in (50, 99):
        print(f"  p{share}: {times[min(len(times) - 1, len(times) * share // 100)] * 1000:.0f} ms")
    print(f"  slowest: {times[-1] * 1000:.0f} ms; all answered after {took_s:.1f} s")


async def _until_answered(discord: FakeDiscord, asked: list[Interaction]) -> None:
    async with asyncio.timeout(300):
        while True:
            threads = [one.original for one in asked]
            if all("bobbin:regenerate" in str(discord.own(one)) for one in threads):
                return
            await asyncio.sleep(0.1)


if __name__ == "__main__":
    main()
