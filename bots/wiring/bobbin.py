"""All roles of one process, put together: store, engine, chat, API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import urlsplit

from adapters.mathimages.renderer import MathImages
from adapters.terminal.events import PLATFORM as TERMINAL
from adapters.terminal.files import TerminalFiles
from adapters.terminal.platform import TerminalPlatform
from bots.console import Parts
from bots.wiring.blobs import blob_store
from bots.wiring.chat import Chat, ChatStores, open_chat, open_chat_stores
from bots.wiring.engine import EngineSide
from bots.wiring.functions import Functions, load_declared
from bots.wiring.owner import is_gone, new_owner
from bots.wiring.roster import roster_of
from bots.wiring.service import Service, StandIns, open_service
from bots.wiring.sides import Part, open_sides
from bots.wiring.store import Store, open_store
from config.settings import Settings
from core.chat.dispatcher import DispatcherLimits
from core.chat.policy import Policy
from core.chat.ports import ChatPlatform
from core.chat.relay import RelayLimits
from core.chat.roster import Roster
from core.chat.wording import ChatSource
from core.clock import Clock, SystemClock
from core.errors import ConfigurationError
from core.ids import Ids, RandomIds

if TYPE_CHECKING:
    from adapters.http.pages import Ready


@dataclass(frozen=True, slots=True, kw_only=True)
class Bobbin:
    """A running process."""

    settings: Settings
    store: Store
    service: Service
    stores: ChatStores
    files: TerminalFiles
    roster: Roster
    chat: Chat | None
    address: str | None
    health: str | None
    """Where `/healthz` and `/readyz` are, where they are served alone."""
    missing: str
    """Why the API is not served although it was asked for."""
    hears: tuple[str, ...]
    """Which workspaces are heard, and how."""

    @property
    def console(self) -> Parts:
        """What a console needs."""
        if self.chat is None:
            raise ConfigurationError("this process has no chat")
        return Parts(
            intake=self.chat.intake,
            feed=self.stores.feed,
            control=self.stores.control,
            sessions=self.stores.sessions,
            bindings=self.stores.sessions,
            approvals=self.stores.approvals,
            watch=self.chat.waiting.watch,
            files=self.files,
            clock=SystemClock(),
            ids=RandomIds(),
        )

    def announce(self, out: TextIO) -> None:
        """Say where everything is and where the model comes from."""
        for sentence in self.service.sentences:
            print(f"bobbin: {sentence}", file=out)
        facts = self.store.facts
        print(
            f"bobbin: store: {self.store.where} ({facts.kind} {facts.version}, "
            f"fsync {facts.fsync})",
            file=out,
        )
        for warning in facts.warnings:
            print(f"bobbin: store: {warning}", file=out)
        if self.missing:
            print(f"bobbin: {self.missing}", file=out)
        for sentence in self.hears:
            print(f"bobbin: {sentence}", file=out)
        if self.health:
            print(f"bobbin: health at {self.health}/readyz", file=out)
        if self.address and self.service.side is not None:
            print(f"bobbin: Assistants API at {self.address}/v1", file=out)
            if not self.settings.api_keys and not _is_local(self.address):
                print(
                    "bobbin: it answers programs on this machine only, and nobody behind a proxy, "
                    "until BOBBIN_API_KEYS is set",
                    file=out,
                )


@asynccontextmanager
async def open_bobbin(
    settings: Settings,
    *,
    api: tuple[str, int] | None = None,
    api_may_fail: bool = False,
    health: tuple[str, int] | None = None,
    chat: bool = True,
    assistant: str | None = None,
    slack: Part = "speak",
    discord: Part = "speak",
    platforms: Mapping[str, ChatPlatform] | None = None,
    sources: Mapping[str, ChatSource] | None = None,
    stand_ins: StandIns | None = None,
) -> AsyncIterator[Bobbin]:
    """Run the roles until the block ends, then drain and hand over.

    Args:
        settings: of this process.
        api: host and port to serve on: the API where there is an engine, and what platforms call.
        health: where to say how the process is, if nothing else is served.
        api_may_fail: go on without the API where the address is taken, and say so.
        chat: whether this process answers conversations.
        assistant: who answers where nothing else is chosen; default: BOBBIN_ASSISTANT.
        slack, discord: whether this process hears there, or only answers what others heard;
            nothing of the kind where no token is set.
        platforms, sources: further platforms by name, and what reads from them.
        sources: what fetches the files that come with their messages, by platform.
        stand_ins: for measurements, the drill and tests.

    Raises:
        ConfigurationError: something is set wrong; the text names it.
        StoreUnavailable: REDIS_URL cannot be reached.
    """
    clock, ids = SystemClock(), RandomIds()
    stand_ins = stand_ins or StandIns()
    files, functions = stand_ins.files, Functions({})
    if files is None:
        files, functions = load_declared(settings.bobbin_config_dir)
    roster = roster_of(files, assistant or settings.bobbin_assistant)
    owner = new_owner()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings, clock))
        service = await stack.enter_async_context(
            open_service(store, settings, files, clock, ids, owner=owner, stand_ins=stand_ins)
        )
        stores = await stack.enter_async_context(
            open_chat_stores(store.client, store.partitions, lease_s=settings.bobbin_lease_s)
        )
        parts: dict[str, Part] = {"Slack": slack, "Discord": discord} if chat else {}
        sides = await stack.enter_async_context(open_sides(settings, store, clock, parts, roster))
        mounts = sides.mounts()
        address, watched, missing = None, None, ""
        side = service.side
        checks: list[Ready] = [sides.ready] if side is None else [side.ready, sides.ready]
        if api is not None and (service.side is not None or mounts):
            try:
                address = await stack.enter_async_context(
                    serving_port(service.side, settings, api, clock, ids, mounts, checks)
                )
            except ConfigurationError as error:
                if not api_may_fail:
                    raise
                missing = f"{error} The chat goes on without the API."
        elif health is not None:
            try:
                watched = await stack.enter_async_context(
                    serving_port(None, settings, health, clock, ids, (), checks)
                )
            except ConfigurationError as error:
                missing = f"{error} /healthz and /readyz are not served."
        given = TerminalFiles(blob_store(settings, clock, ids))
        # These two stay open: a platform that is reached later is added.
        terminal = TerminalPlatform(stores.feed, settings.bobbin_data_dir / "figures")
        sides.platforms.update({TERMINAL: terminal, **(platforms or {})})
        sides.sources.update({TERMINAL: given, **(sources or {})})
        running = None
        if chat:
            relay = RelayLimits(
                outage_s=settings.bobbin_outage_s,
                approval_s=settings.bobbin_approval_s,
            )
            dispatcher = DispatcherLimits(
                owner=owner, lease_s=settings.bobbin_lease_s, most_turns=settings.bobbin_turns
            )
            running = await stack.enter_async_context(
                open_chat(
                    stores,
                    service.assistants,
                    sides.platforms,
                    service.capacity,
                    clock,
                    roster=roster,
                    relay=replace(relay, **stand_ins.relay),
                    dispatcher=replace(dispatcher, **stand_ins.dispatcher),
                    policy=Policy(busy=settings.bobbin_busy, admins=settings.admins),
                    owner_is_gone=is_gone,
                    own=functions.callable(settings.secrets),
                    formulas=await stack.enter_async_context(
                        MathImages(settings.bobbin_data_dir / "fonts")
                    ),
                    sources=sides.sources,
                    follow=settings.bobbin_follow,
                    introduces=settings.bobbin_introduce,
                    price=service.price,
                    local=sides.local,
                )
            )
        hears: tuple[str, ...] = ()
        if running is not None:
            hears = await stack.enter_async_context(sides.hearing(running.intake.deliver))
        yield Bobbin(
            settings=settings,
            store=store,
            service=service,
            stores=stores,
            files=given,
            roster=roster,
            chat=running,
            address=address,
            health=watched,
            missing=missing,
            hears=hears,
        )


@asynccontextmanager
async def serving_port(
    side: EngineSide | None,
    settings: Settings,
    place: tuple[str, int],
    clock: Clock,
    ids: Ids,
    mounts: tuple[Any, ...] = (),
    checks: Sequence[Ready] = (),
) -> AsyncIterator[str]:
    """The Assistants API at that host and port where there is an engine, and other apps beside it;
    its address. `checks` raise why the process cannot do its work."""
    from adapters.http.app import create_app
    from adapters.http.reading import Limits
    from bots.wiring.serve import serving

    async def ready() -> None:
        for check in checks:
            await check()

    app = create_app(
        side.engine if side is not None else None,
        keys=settings.api_keys,
        apart=settings.bobbin_api_tenants == "keys",
        clock=clock,
        ids=ids,
        ready=ready,
        mounts=mounts,
        limits=Limits(file_bytes=settings.bobbin_file_mb << 20),
    )
    async with serving(app, *place) as address:
        yield address


def _is_local(address: str) -> bool:
    """Whether only this machine can reach it anyway."""
    host = urlsplit(address).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
