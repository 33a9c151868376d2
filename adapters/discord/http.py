"""Interactions that Discord sends by HTTP: signed, and taken by the same code as the gateway's.

Mentions and direct messages come over the gateway only; this is the other way in for commands and
buttons, for any number of processes. The signature is checked over the bytes as they came; Discord
tries wrong ones and takes the address away from whoever accepts them.
Source: https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import orjson
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from adapters.discord.acks import LINE, Line
from core.clock import Clock
from core.errors import BobbinError, ConfigurationError

log = logging.getLogger(__name__)

PATH: Final = "/discord/interactions"

MOST_BYTES: Final = 1024 * 1024
MOST_AGE_S: Final = 300.0
_PING: Final = 1

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
Take = Callable[[dict[str, Any]], Awaitable[None]]


def verify_key(public_key: str) -> VerifyKey:
    """The key of DISCORD_PUBLIC_KEY.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        return VerifyKey(bytes.fromhex(public_key.strip()))
    except (ValueError, TypeError) as error:
        raise ConfigurationError(
            "DISCORD_PUBLIC_KEY is no public key: copy the 64 characters from the app's page, "
            "General Information > Public Key."
        ) from error


def http_app(key: VerifyKey, take: Take, clock: Clock) -> Asgi:
    """The ASGI app at `/discord/interactions`."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status, found = await _read(scope, receive, key, clock)
        body = b'{"type": 1}' if status == 200 else b""
        if found is None:
            await _send(send, status, body)
            return
        line = Line()
        LINE.set(line)
        work = asyncio.ensure_future(take(found))
        await asyncio.wait({work, line.answer}, return_when=asyncio.FIRST_COMPLETED)
        try:
            if line.answer.done():
                await _send(send, 200, json.dumps(line.answer.result()).encode())
            else:
                line.answer.cancel()
                await _send(send, 503 if work.exception() is not None else 202, b"")
        finally:
            line.answered.set()
        try:
            await work
        except BobbinError as error:
            log.warning("an interaction could not be taken: %s", error)
        except Exception:
            log.exception("an interaction could not be understood")

    return app


async def _send(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json")] if body else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _read(
    scope: Scope, receive: Receive, key: VerifyKey, clock: Clock
) -> tuple[int, dict[str, Any] | None]:
    """The interaction of a request; where there is none to be taken, the status to answer with."""
    if scope.get("method") != "POST":
        return 405, None
    raw = await _body(receive)
    if raw is None:
        return 413, None
    if not _is_genuine(scope, raw, key, clock.now()):
        return 401, None
    try:
        found = orjson.loads(raw)
    except ValueError:
        return 400, None
    return 200, None if found.get("type") == _PING else found


def _is_genuine(scope: Scope, raw: bytes, key: VerifyKey, now: float) -> bool:
    headers = {bytes(name).lower(): bytes(value) for name, value in scope.get("headers", ())}
    stamp = headers.get(b"x-signature-timestamp", b"")
    if not stamp.isdigit() or len(stamp) > 12 or abs(now - int(stamp)) > MOST_AGE_S:
        return False
    try:
        signature = bytes.fromhex(headers.get(b"x-signature-ed25519", b"").decode("ascii"))
        key.verify(stamp + raw, signature)
    except (BadSignatureError, ValueError, TypeError):
        return False
    return True


async def _body(receive: Receive) -> bytes | None:
    """All bytes of a request; None when there are too many."""
    found = b""
    while True:
        message = await receive()
        found += message.get("body", b"")
        if len(found) > MOST_BYTES or message["type"] == "http.disconnect":
            return None
        if not message.get("more_body"):
            return found
