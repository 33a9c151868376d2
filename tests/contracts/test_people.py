"""What is known of people across conversations, and what is to be forgotten of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from adapters.redis.accounts import RedisAccounts
from adapters.redis.connection import connect
from adapters.redis.partings import RedisPartings
from core.chat.messages import Author, ConversationKey
from core.chat.people import Accounts, Parting, Partings, Spent, Used, Wish
from core.clock import SystemClock
from tests.contracts.chat import place
from tests.contracts.key_leaks import assert_no_leaks
from tests.fakes.people import FakeAccounts, FakePartings
from tests.servers import Cluster, Server

ANN, BOB = "slack:T1:ann", "slack:T1:bob"
TODAY = 20_000
SPENT = Spent(run_id="run_1", day=TODAY, read=10, written=3, micros=70)
WISH = Wish(conversation=place("C1"), shared=False)
PARTING = Parting(
    name="C1:1.0:U1",
    person=ANN,
    author=Author(id="ann", name="Ann : %"),
    shared=False,
    conversations=(place("C1"), ConversationKey("slack-private", ("T1", "C2", "ann"))),
    reply_to=place("C1"),
    at=1_700_000_000.25,
)


@dataclass(frozen=True, slots=True)
class People:
    """Both ports on one store."""

    accounts: Accounts
    partings: Partings


@pytest.fixture(params=["fake", "standalone", "cluster"])
async def people(request: pytest.FixtureRequest) -> AsyncIterator[People]:
    if request.param == "fake":
        places: dict[str, set[ConversationKey]] = {}
        yield People(FakeAccounts(places), FakePartings(places))
        return
    if request.param == "cluster":
        cluster: Cluster = request.getfixturevalue("chat_cluster")
        cluster.flush()
        url = cluster.url
    else:
        server: Server = request.getfixturevalue("chat_server")
        server.ask("FLUSHALL")
        url = server.url
    client = await connect(url, SystemClock())
    yield People(RedisAccounts(client, 8), RedisPartings(client, 8))
    if request.param == "standalone":
        await assert_no_leaks(client)
    await client.aclose()


async def test_what_was_spent_adds_up_by_day(people: People) -> None:
    accounts = people.accounts
    for name, day in (("run_1", TODAY), ("run_2", TODAY), ("run_3", TODAY - 1)):
        await accounts.note(ANN, spent=replace(SPENT, run_id=name, day=day))
    assert await accounts.used(ANN, [TODAY, TODAY - 1, TODAY - 2]) == [
        Used(answers=2, read=20, written=6, micros=140),
        Used(answers=1, read=10, written=3, micros=70),
        Used(),
    ]
    assert await accounts.used(BOB, [TODAY]) == [Used()]


async def test_a_run_counts_once_for_each_person(people: People) -> None:
    accounts = people.accounts
    for person in (ANN, ANN, BOB, ANN):
        await accounts.note(person, spent=SPENT)
    await accounts.note(ANN, spent=replace(SPENT, day=TODAY + 1))
    once = Used(answers=1, read=10, written=3, micros=70)
    assert await accounts.used(ANN, [TODAY, TODAY + 1]) == [once, Used()]
    assert await accounts.used(BOB, [TODAY]) == [once]


async def test_conversations_of_ones_own_are_known(people: People) -> None:
    accounts = people.accounts
    for where in (*PARTING.conversations, PARTING.conversations[0]):
        await accounts.note(ANN, own=where)
    await accounts.note(BOB, own=place("bobs"))
    assert await accounts.own(ANN) == sorted(PARTING.conversations, key=str)
    assert await accounts.own("slack:T1:nobody") == []
    assert await accounts.used(ANN, [TODAY]) == [Used()]


async def test_usage_is_forgotten_and_counts_anew(people: People) -> None:
    accounts = people.accounts
    await accounts.note(ANN, spent=SPENT, own=place("C1"))
    await accounts.note(BOB, spent=SPENT)
    await accounts.forget(ANN, [TODAY, TODAY - 1])
    assert await accounts.used(ANN, [TODAY]) == [Used()]
    assert (await accounts.used(BOB, [TODAY]))[0].answers == 1
    await accounts.note(ANN, spent=SPENT)
    assert (await accounts.used(ANN, [TODAY]))[0].answers == 1


async def test_the_newest_wish_of_a_person_counts(people: People) -> None:
    partings = people.partings
    assert await partings.asked(ANN) is None
    await partings.ask(ANN, WISH)
    await partings.ask(ANN, replace(WISH, shared=True))
    assert await partings.asked(ANN) == replace(WISH, shared=True)
    assert await partings.asked(BOB) is None


async def test_nothing_begins_without_a_wish_and_each_wish_begins_once(people: People) -> None:
    partings = people.partings
    assert not await partings.begin(PARTING)
    await partings.ask(BOB, WISH)
    assert not await partings.begin(PARTING)
    await partings.ask(ANN, WISH)
    assert await partings.begin(PARTING)
    assert await partings.begin(PARTING)
    assert not await partings.begin(replace(PARTING, name="another press"))
    assert await partings.asked(ANN) is None
    assert await partings.begun() == [PARTING]


async def test_what_is_begun_takes_its_conversations_and_stays_until_it_is_done(
    people: People,
) -> None:
    accounts, partings = people.accounts, people.partings
    for where in (*PARTING.conversations, place("since then")):
        await accounts.note(ANN, own=where)
    await partings.ask(ANN, WISH)
    await partings.begin(PARTING)
    assert await accounts.own(ANN) == [place("since then")]
    other = replace(PARTING, person=BOB, shared=True)
    await accounts.note(BOB, own=PARTING.conversations[0])
    await partings.ask(BOB, WISH)
    await partings.begin(other)
    assert await accounts.own(BOB) == [PARTING.conversations[0]]
    await partings.done(PARTING)
    await partings.done(PARTING)
    assert await partings.begun() == [other]
