"""Discord's REST API: one session of connections, and its failures as errors of ours.

Our own few lines and not discord.py's client, which waits out a drained bucket before it returns,
gives up on 503 and on resets, and has no time limits (docs/decisions). Reads are repeated a little;
what changes something is not: whoever asked knows whether that is safe. Pace is its matter too.

How much may be asked for is in `limits`; a ban of our address is waited out there too.
Parallel: any number of calls.
Source: https://docs.discord.com/developers/topics/rate-limits, /opcodes-and-status-codes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import aiohttp

from adapters.discord.limits import MOST_REFUSED, Limits
from core.chat.messages import OutFile
from core.chat.pacing import Pacer
from core.clock import Clock
from core.errors import (
    ConfigurationError,
    DeliveryUnclear,
    PlatformError,
    PlatformRateLimited,
    PlatformUnavailable,
)

Json = dict[str, Any]

TIMEOUT_S: Final = 30.0
BANNED_S: Final = 900.0
"""How long a ban of our address is waited out at least when it does not say."""

_FORBIDDEN: Final = frozenset({50001, 50013})
OLD_MESSAGE: Final = 30046
"""Too many edits of messages older than an hour: waiting does not help for long."""
_READS: Final = (0.3, 1.0)
"""Pauses before a read is tried again; where Discord asks for more patience, its caller hears."""

_AGENT: Final = "DiscordBot (https://github.com/bobbin, 0.1) aiohttp"

NOT_TAKEN: Final = (
    "Discord does not take DISCORD_TOKEN. Copy the token from the app's page, "
    "Bot > Reset Token, into DISCORD_TOKEN."
)


class DiscordRefused(PlatformError):
    """Discord understood and said no; `answered` is HTTP's status, `code` its JSON error code,
    0 where it named none."""

    def __init__(self, what: str, status: int, code: int, words: str) -> None:
        super().__init__(f"Discord's {what} answered {status} ({code}: {words})")
        self.answered = status
        self.code = code


class DiscordApi:
    """The REST API with one bot's token.

    Args:
        token: the bot's.
        url: where the API is, version included.
        clock: for how long we are not to ask.
        pacer: what all processes with this token share; None for a few calls of one process.
        most_refused: refusals in ten minutes after which nothing is asked.
    """

    def __init__(
        self,
        token: str,
        url: str,
        clock: Clock,
        *,
        pacer: Pacer | None = None,
        most_refused: int = MOST_REFUSED,
    ) -> None:
        self._token = token
        self._url = url.rstrip("/")
        self._clock = clock
        self._limits = Limits(token, clock, pacer, most_refused=most_refused)
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The connections, for files."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        return self._session

    async def aclose(self) -> None:
        """End all connections."""
        await self._limits.aclose()
        if self._session is not None:
            await self._session.close()

    async def read(self, path: str, **query: str) -> Any:
        """Ask for something, at most three times. Raises as `write`, never DeliveryUnclear."""
        for pause_s in _READS:
            try:
                return await self._call("GET", path, query=query, unclear=False)
            except PlatformRateLimited as error:
                if error.retry_after_s > _READS[-1]:
                    raise
                await self._clock.sleep(error.retry_after_s)
            except PlatformUnavailable as error:
                if str(error) == NOT_TAKEN:
                    raise
                await self._clock.sleep(pause_s)
        return await self._call("GET", path, query=query, unclear=False)

    async def write(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        files: Sequence[OutFile] = (),
        as_bot: bool = True,
        timeout_s: float = TIMEOUT_S,
        query: Mapping[str, str] | None = None,
        patient: bool = True,
    ) -> Any:
        """Change something; `as_bot` is off for what an interaction's token allows, `patient` for
        what is not worth waiting for while there is much to be asked.

        Raises:
            PlatformRateLimited, PlatformUnavailable: it did not happen.
            TooEarly: it did not happen, and is not patient.
            DeliveryUnclear: it may have happened.
            DiscordRefused: Discord says no.
        """
        right = _right(method, path)
        if code := self._limits.forbidden(right):
            raise DiscordRefused(f"{method} {_shape(path)}", 403, code, "as before")
        try:
            return await self._call(
                method,
                path,
                query=query or {},
                unclear=True,
                body=body,
                files=files,
                as_bot=as_bot,
                timeout_s=timeout_s,
                patient=patient,
            )
        except DiscordRefused as error:
            if error.code in _FORBIDDEN and method == "POST":
                self._limits.forbid(right, error.code)
            raise

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        unclear: bool,
        body: Any = None,
        files: Sequence[OutFile] = (),
        as_bot: bool = True,
        timeout_s: float = TIMEOUT_S,
        patient: bool = True,
    ) -> Any:
        await self._limits.pass_by(as_bot=as_bot, patient=patient)
        what = f"{method} {_shape(path)}"
        headers = {"User-Agent": _AGENT}
        if as_bot:
            headers["Authorization"] = f"Bot {self._token}"
        data: Any = _form(body, files) if files else None
        try:
            async with self.session.request(
                method,
                self._url + path,
                params=query,
                headers=headers,
                json=None if files else body,
                data=data,
                timeout=aiohttp.ClientTimeout(total=timeout_s),
            ) as answer:
                text = await answer.text()
                return self._read(what, answer, text, unclear=unclear)
        except aiohttp.ClientConnectorError as error:
            raise PlatformUnavailable(f"Discord cannot be reached: {error}") from error
        except (TimeoutError, aiohttp.ClientError) as error:
            kind = DeliveryUnclear if unclear else PlatformUnavailable
            raise kind(f"Discord's {what} gave no answer") from error

    def _read(self, what: str, answer: aiohttp.ClientResponse, text: str, *, unclear: bool) -> Any:
        status = answer.status
        body = _parsed(text)
        if status < 300:
            return body
        if status == 429 and _code(body) != OLD_MESSAGE:
            raise self._limited(what, answer, body)
        if status >= 500:
            kind = DeliveryUnclear if unclear else PlatformUnavailable
            raise kind(f"Discord's {what} failed with {status}")
        if status in (401, 403):
            self._limits.refused()
        said = cast("Json", body) if isinstance(body, dict) else {}
        return _refuse(what, status, _code(body), str(said.get("message") or ""))

    def _limited(self, what: str, answer: aiohttp.ClientResponse, body: Any) -> PlatformRateLimited:
        said = cast("Json", body) if isinstance(body, dict) else None
        header = answer.headers.get("Retry-After", "")
        wait = float(header) if header.replace(".", "", 1).isdecimal() else 0.0
        if answer.headers.get("X-RateLimit-Scope") != "shared":
            self._limits.refused()
        if said is None:
            # What stands before Discord bans our address: nobody asks until it is over.
            wait = max(wait, 1.0) if wait else BANNED_S
            self._limits.silence(wait)
            return PlatformRateLimited("Discord does not talk to this address", retry_after_s=wait)
        told = said.get("retry_after")
        wait = float(told) if isinstance(told, int | float) else max(wait, 1.0)
        if said.get("global"):
            self._limits.silence(wait)
        return PlatformRateLimited(f"Discord's {what} asks us to wait", retry_after_s=wait)


def _code(body: Any) -> int:
    """Discord's own code of an error; 0 where there is none."""
    code = cast("Json", body).get("code") if isinstance(body, dict) else 0
    return code if isinstance(code, int) else 0


def _refuse(what: str, status: int, code: int, words: str) -> Any:
    if status == 401 and code == 0:
        raise PlatformUnavailable(NOT_TAKEN)
    raise DiscordRefused(what, status, code, words)


def _right(method: str, path: str) -> str:
    """What a channel permits or not: the path with its channel, without the ids behind that."""
    start, _, rest = path[1:].partition("/")
    channel, _, rest = rest.partition("/")
    return f"{method} /{start}/{channel}/{_shape(rest)}"


def _shape(path: str) -> str:
    """The path without ids and tokens, for logs and errors."""
    return "/".join("…" if any(c.isdecimal() for c in part) else part for part in path.split("/"))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _form(body: Any, files: Sequence[OutFile]) -> aiohttp.FormData:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", json.dumps(body), content_type="application/json")
    for number, file in enumerate(files):
        kind = file.media_type or "application/octet-stream"
        form.add_field(f"files[{number}]", file.data, filename=file.name, content_type=kind)
    return form


async def checked_token(api: DiscordApi) -> Json:
    """The application that the token belongs to.

    Raises:
        ConfigurationError: Discord does not take it; the text names the variable.
        PlatformUnavailable: Discord cannot be reached.
    """
    try:
        for path in ("/oauth2/applications/@me", "/applications/@me"):
            try:
                return cast("Json", await api.read(path))
            except DiscordRefused as error:
                if error.answered != 404:
                    raise
        # Where nobody knows of applications: theirs and the bot's id have been one since 2016.
        return cast("Json", await api.read("/users/@me"))
    except PlatformUnavailable as error:
        if str(error) != NOT_TAKEN:
            raise
        raise ConfigurationError(NOT_TAKEN) from error
    except DiscordRefused as error:
        raise ConfigurationError(f"DISCORD_TOKEN is of no use here: {error}") from error
