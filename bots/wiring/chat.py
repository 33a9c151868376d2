"""The chat side of a process: mailbox, relay and dispatcher, and the intake in front of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from adapters.redis.accounts import RedisAccounts
from adapters.redis.approvals import RedisApprovals
from adapters.redis.connection import Client
from adapters.redis.control import RedisMailControl
from adapters.redis.deadletters import RedisDeadLetters
from adapters.redis.feed import RedisFeed
from adapters.redis.functions import RedisCallLog
from adapters.redis.mailbox import MailLimits, RedisMailbox
from adapters.redis.partings import RedisPartings
from adapters.redis.places import RedisPlaces
from adapters.redis.sessions import RedisSessions
from adapters.redis.traces import RedisTraces
from adapters.redis.turnstile import RedisTurnstile
from core.chat.accounting import Accounting, Price
from core.chat.choosing import Choosing
from core.chat.commands import Commands
from core.chat.dispatcher import Dispatcher, DispatcherLimits
from core.chat.erasing import Erasing
from core.chat.forgetting import Forgetting
from core.chat.function_ports import OwnFunctions
from core.chat.functions import Functions, NoFunctions
from core.chat.intake import Intake
from core.chat.introducing import Introducing
from core.chat.manners import Follow, LocalRulesOf, Manners
from core.chat.once import Once
from core.chat.picturing import Formulas
from core.chat.policy import Policy
from core.chat.ports import Assistants, Capacity, ChatPlatform
from core.chat.relay import Relay, RelayLimits
from core.chat.roster import Roster
from core.chat.turn_messages import MOST_MESSAGES
from core.chat.using import Using
from core.chat.waiting import Waiting
from core.chat.wording import ChatSource
from core.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatStores:
    """What the chat side keeps in the store."""

    mailbox: RedisMailbox
    control: RedisMailControl
    sessions: RedisSessions
    feed: RedisFeed
    dead: RedisDeadLetters
    places: RedisPlaces
    calls: RedisCallLog
    approvals: RedisApprovals
    turnstile: RedisTurnstile
    accounts: RedisAccounts
    partings: RedisPartings
    traces: RedisTraces


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """The chat side of a running process."""

    stores: ChatStores
    intake: Intake
    dispatcher: Dispatcher
    waiting: Waiting
    forgetting: Forgetting


@asynccontextmanager
async def open_chat_stores(
    client: Client, partitions: int, *, lease_s: float, limits: MailLimits | None = None
) -> AsyncIterator[ChatStores]:
    """The stores, on a connected client."""
    limits = limits or MailLimits(turn_mails=MOST_MESSAGES)
    async with AsyncExitStack() as stack:
        stores = ChatStores(
            mailbox=RedisMailbox(client, partitions, lease_ms=round(lease_s * 1000), limits=limits),
            control=RedisMailControl(client, partitions, limits=limits),
            sessions=RedisSessions(client, partitions),
            feed=RedisFeed(client, partitions),
            dead=RedisDeadLetters(client, partitions, limits=limits),
            places=RedisPlaces(client, partitions),
            calls=RedisCallLog(client, partitions),
            approvals=RedisApprovals(client, partitions),
            turnstile=RedisTurnstile(client, partitions),
            accounts=RedisAccounts(client, partitions),
            partings=RedisPartings(client, partitions),
            traces=RedisTraces(client, partitions),
        )
        stack.push_async_callback(stores.mailbox.aclose)
        stack.push_async_callback(stores.feed.aclose)
        yield stores


@asynccontextmanager
async def open_chat(
    stores: ChatStores,
    assistants: Assistants,
    platforms: dict[str, ChatPlatform],
    capacity: Capacity,
    clock: Clock,
    *,
    roster: Roster,
    relay: RelayLimits,
    dispatcher: DispatcherLimits,
    policy: Policy,
    owner_is_gone: Callable[[str], bool],
    formulas: Formulas | None = None,
    sources: Mapping[str, ChatSource] | None = None,
    follow: Follow = "alone",
    own: OwnFunctions | None = None,
    introduces: bool = False,
    local: Mapping[str, LocalRulesOf] | None = None,
    price: Price | None = None,
) -> AsyncIterator[Chat]:
    """Take messages in and answer them until the block ends; then drain.

    Turns of owners that are known to be dead are freed at once, not when their leases run out.
    `roster` are the Assistants that may answer.
    `sources` fetch what events do not bring, by platform; `follow` says when a message in a shared
    thread needs no mention.
    `formulas` draws what no Unicode can say, for platforms that show pictures; `own` are the
    functions that an operator gave the bot. `introduces`: the first answer in a channel says what
    is read there. `local` says by platform what the moderators of a place want instead.
    `price` says what models cost.
    """
    await stores.mailbox.recover(owner_is_gone)
    choosing = Choosing(roster, stores.sessions, stores.places)
    functions = Functions(
        own or NoFunctions(),
        stores.calls,
        stores.approvals,
        clock,
        approval_s=relay.approval_s,
    )
    turns = Dispatcher(
        stores.mailbox,
        stores.control,
        stores.mailbox,
        Relay(
            assistants,
            platforms,
            clock,
            relay,
            functions,
            choosing,
            formulas,
            sources,
            Introducing(stores.places, wanted=introduces, local=local),
            Accounting(stores.accounts, clock, price),
        ),
        capacity,
        clock,
        dispatcher,
    )
    waiting = Waiting(stores.control, stores.approvals, platforms)
    forgetting = Forgetting(
        stores.accounts,
        stores.partings,
        Erasing(stores.traces, stores.control, stores.sessions, assistants, clock),
        platforms,
        clock,
    )
    intake = Intake(
        stores.mailbox,
        stores.control,
        stores.sessions,
        assistants,
        platforms,
        Commands(
            stores.control,
            stores.sessions,
            stores.approvals,
            stores.places,
            assistants,
            platforms,
            choosing,
            Using(stores.accounts, platforms, clock),
            forgetting,
        ),
        policy,
        Manners(stores.places, follow=follow, local=local),
        waiting,
        turns,
        Once(stores.turnstile, clock),
    )
    try:
        async with turns.running():
            forgetting.start()
            yield Chat(
                stores=stores,
                intake=intake,
                dispatcher=turns,
                waiting=waiting,
                forgetting=forgetting,
            )
    finally:
        await forgetting.aclose()
        await waiting.close()
