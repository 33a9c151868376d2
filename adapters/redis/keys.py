"""Every key that Bobbin stores, in one table: pattern, type, how long it stays, what it holds.

Keys of one partition share a hash tag, so that each script stays within one slot of a cluster:
`{c:<p>}` conversations, `{t:<p>}` Threads, `{o:<p>}` Assistants and Files, `{v:<p>}` vector stores.
`p` is the crc32 of the name that decides (platform channel, thread id, tenant, vector store id)
modulo the number of partitions, which is written into the store once. No script crosses tags.

Scripts get the partition's base (`bobbin:{c:3}:`) as their only declared key and build the names
below from it: all of them hash to the same slot.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

PREFIX = "bobbin:"

Family = Literal["c", "t", "o", "v"]

PERMANENT = "permanent"


@dataclass(frozen=True, slots=True)
class Key:
    """One row. `pattern` is what stands behind the base; `<x>` are its variable parts.

    `stays` is `permanent`, `while in use` (removed by the step that ends its use) or the time to
    live, in words.
    """

    family: Family | None
    pattern: str
    type: str
    stays: str
    holds: str


def partition(name: str, partitions: int) -> int:
    """Which partition `name` lies in."""
    return zlib.crc32(name.encode()) % partitions


def base(family: Family, number: int) -> str:
    """What the keys of a partition begin with."""
    return f"{PREFIX}{{{family}:{number}}}:"


_LEASES = (
    ("ready", "list", PERMANENT, "items that wait for an owner, next one first"),
    ("leases", "zset", PERMANENT, "items that have an owner, by lease deadline (server ms)"),
    ("due", "zset", PERMANENT, "items put off, by the time they become ready (server ms)"),
    ("epoch", "string", PERMANENT, "the last fencing number"),
    ("claim:<item>", "hash", "while in use", "state, epoch, owner, lost, for (kept) of an item"),
    ("done:<item>", "string", "60 s", "the epoch under which the item was settled last"),
)

_CHAT = (
    ("mail:<conversation>", "list", "while in use", "places of mail, next first: ordinal, m|r, id"),
    ("mails:<conversation>", "hash", "while in use", "Inbound JSON of that mail, by id"),
    ("turn:<conversation>", "hash", "while in use", "size, checkpoint, attempts, stop, woken"),
    ("calls:<conversation>", "hash", "while in use", "the turn's function calls: started, output"),
    ("asks:<conversation>", "hash", "while in use", "the turn's approvals, and their decisions"),
    ("seen:<channel>:<event>", "string", "24 h", "an Inbound was accepted; by which call"),
    ("post:<conversation>:<message>", "string", "24 h", "the place of the mail of a platform post"),
    ("tomb:<conversation>:<message>", "string", "1 h", "a delete came; what it found"),
    ("sessions:<conversation>", "hash", PERMANENT, "by ordinal: body, title, ...; traces.py"),
    ("dead", "stream", "30 d after the newest", "mail given up: place, mail, reason"),
    ("feed:<conversation>", "stream", "30 d after the newest", "what terminal or page is to show"),
    ("fed:<conversation>:<name>", "string", "30 d", "the sequence of an entry added once"),
    ("shown:<conversation>", "string", "30 d", "the sequence up to which a person was shown"),
    ("place:<conversation>", "hash", "30 d", "quiet; @<author> of those who wrote there"),
    ("away:<channel>", "string", "400 d", "a channel in which nobody is answered"),
    ("carried:<conversation>/<event>", "string", "24 h", "a command: the call at it, or done"),
    ("told:<name>", "string", "400 d", "something that is said only once was said: by which turn"),
    ("ear:<ear>", "string", "30 d", "up to when an ear has heard everything (ms)"),
    ("heard:<ear>", "hash", "30 d", "when a kind of event came last (s), by kind"),
    ("direct:<ear>", "zset", "30 d", "direct messages that it knows, by when somebody wrote (ms)"),
    ("once:<name>", "string", "24 h", "the call that took something which may come twice"),
    ("kept:<ear>", "hash", "while in use", "questions that have no conversation yet: JSON by id"),
    ("customs:<account>", "zset", PERMANENT, "homes whose moderators set something, by revision"),
    ("custom:<account>/<home>", "hash", PERMANENT, "what is set there: value by <place>/<name>"),
    ("home:<account>/<post>", "string", "30 d", "the conversation that a post is of"),
    ("loop:<place>", "hash", "1 h", "n, at; #<post>: turns of programs without a person between"),
    ("lent:<name>", "string", "15 min", "an interaction's token, a quoted message"),
    ("used:<person>:<day>", "hash", "32 d", "answers, tokens, cost of what a person asked (UTC)"),
    ("counted:<person>", "zset", "2 d", "Runs that were counted, by when (s)"),
    ("own:<person>", "set", PERMANENT, "conversations that are the person's alone"),
    ("wish:<person>", "string", "1 h", "what a person was asked whether to forget"),
    ("forgetting", "hash", PERMANENT, "what is being forgotten: JSON by person and command"),
    ("pace:<name>", "string", "seconds", "when the next call of a platform is due (server ms)"),
)

_THREADS = (
    ("thread:<thread>", "hash", PERMANENT, "doc, rev, active (Run that is not over), seq (places)"),
    ("thread:<thread>:messages", "hash", PERMANENT, "Messages by id"),
    ("thread:<thread>:messages:order", "zset", PERMANENT, "their ids by place"),
    ("thread:<thread>:messages:order:gone:<message>", "string", "1 h", "the place it had"),
    ("thread:<thread>:messages:of", "zset", PERMANENT, "<run>:<place>:<id> of a Run's Messages"),
    ("thread:<thread>:runs", "hash", PERMANENT, "Runs by id"),
    ("thread:<thread>:runs:order", "zset", PERMANENT, "their ids by place"),
    ("thread:<thread>:steps:<run>", "hash", PERMANENT, "Run Steps by id"),
    ("thread:<thread>:steps:<run>:order", "zset", PERMANENT, "their ids by place"),
    ("thread:<thread>:log:<run>", "stream", "1 h after the Run's end", "its events (24 h before)"),
    ("thread:<thread>:reader:<run>", "string", "30 s", "somebody waits for more of that log"),
    ("thread:<thread>:home", "string", "1 h", "the owner that has the Thread's code session"),
    ("kept", "zset", PERMANENT, "<thread>/<run> kept for a home, by until when (server ms)"),
    ("expiry", "zset", PERMANENT, "<thread>/<run> of Runs that are not terminal, by expires_at"),
    ("token:<token>", "string", "60 s", "the epoch that this change was answered with"),
)

_OBJECTS = (
    ("seq", "string", PERMANENT, "the last place in any of the lists"),
    ("assistant:<tenant>", "hash", PERMANENT, "Assistants by id"),
    ("assistant:<tenant>:order", "zset", PERMANENT, "their ids by place"),
    ("<kind>:<tenant>:order:gone:<id>", "string", "1 h", "the place that a deleted one had"),
    ("file:<tenant>", "hash", PERMANENT, "Files by id; the bytes are blobs"),
    ("file:<tenant>:order", "zset", PERMANENT, "their ids by place"),
    ("vector_store:<tenant>", "hash", PERMANENT, "which vector stores there are; the rest is in v"),
    ("vector_store:<tenant>:order", "zset", PERMANENT, "their ids by place"),
    ("shelved:<tenant>:<file>", "set", "while in use", "vector stores that may have the File"),
)

_VECTORS = (
    ("store:<store>", "hash", PERMANENT, "doc, tenant, days, active, version, counts, bytes"),
    ("store:<store>:files", "hash", PERMANENT, "its files by id (vector_scripts.py)"),
    ("store:<store>:files:order", "zset", PERMANENT, "their ids by place"),
    ("store:<store>:files:of", "zset", PERMANENT, "<status>:<place>:<id> of each"),
    ("store:<store>:changes", "zset", PERMANENT, "ids by the version that changed them"),
    ("store:<store>:batches", "zset", PERMANENT, "ids of batches, by creation"),
    ("store:<store>:batch:<batch>", "hash", "7 d", "created, stopped, counts"),
    ("store:<store>:batch:<batch>:order", "zset", "7 d", "ids of its files by place"),
    ("store:<store>:batch:<batch>:of", "zset", "7 d", "<status>:<place>:<id> of each"),
    ("backlog", "list", PERMANENT, "<store>/<file> that were added many at a time, and wait"),
    ("prepared:<digest>", "string", "30 d", "blob and size of what bytes gave, by a digest"),
)

TABLE: tuple[Key, ...] = (
    Key(None, "layout", "hash", PERMANENT, "number of partitions, format, own and blob store id"),
    Key(None, "swept", "string", "23 h", "a process sweeps the blobs, or did so lately"),
    *(Key("c", pattern, kind, stays, holds) for pattern, kind, stays, holds in _LEASES),
    *(Key("c", pattern, kind, stays, holds) for pattern, kind, stays, holds in _CHAT),
    *(Key("t", pattern, kind, stays, holds) for pattern, kind, stays, holds in _LEASES),
    *(Key("t", pattern, kind, stays, holds) for pattern, kind, stays, holds in _THREADS),
    *(Key("o", pattern, kind, stays, holds) for pattern, kind, stays, holds in _OBJECTS),
    *(Key("v", pattern, kind, stays, holds) for pattern, kind, stays, holds in _LEASES),
    *(Key("v", pattern, kind, stays, holds) for pattern, kind, stays, holds in _VECTORS),
)
