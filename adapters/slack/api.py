"""Slack's web API: one session of connections, and its failures as errors of ours.

Nothing is repeated here: whoever asked knows whether that is safe. Parallel: any number of calls.
Source: https://docs.slack.dev/apis/web-api (errors), /apis/web-api/rate-limits (429).
"""

from __future__ import annotations

import json
import logging
from typing import Any, Final, cast

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from core.errors import (
    ConfigurationError,
    ConversationGone,
    DeliveryUnclear,
    PlatformError,
    PlatformRateLimited,
    PlatformUnavailable,
)

log = logging.getLogger(__name__)

Json = dict[str, Any]

_GONE: Final = frozenset(
    {
        "channel_not_found",
        "is_archived",
        "is_inactive",
        "not_in_channel",
        "message_not_found",
        "thread_not_found",
        "cant_update_message",
        "user_is_restricted",
        "restricted_action",
        "restricted_action_thread_locked",
        "restricted_action_read_only_channel",
    }
)
_KEYS: Final = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}
)
_PASSING: Final = frozenset(
    {
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "team_access_not_granted",
    }
)

NO_SUCH_METHOD: Final = frozenset({"unknown_method", "method_deprecated", "method_not_supported"})
"""What is answered where a method is not to be had at all."""
_FLAT: Final = frozenset(
    {
        "conversations.open",
        "files.completeUploadExternal",
        "files.getUploadURLExternal",
        "reactions.add",
        "reactions.remove",
    }
)
"""Methods whose arguments the SDK for Python puts into the query and the one for Node into a form;
Slack takes a mix of both (https://docs.slack.dev/apis/web-api), stand-ins for it know one."""
_NOT_THERE: Final = frozenset({404, 405, 501})
"""What HTTP says to that, where whoever answers in Slack's place has no word of its own for it."""

TIMEOUT_S: Final = 30.0


class SlackRefused(PlatformError):
    """Slack understood and said no; `code` is its error word."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"Slack's {method} answered {code}")
        self.code = code


class KeyRefused(PlatformUnavailable):
    """Slack does not take the bot's token, says `code`; the text names the variable."""

    def __init__(self, code: str) -> None:
        super().__init__(f"Slack does not take SLACK_BOT_TOKEN: {code}")
        self.code = code


class SlackApi:
    """The web API with one bot's token.

    Args:
        token: `xoxb-…`.
        url: where the API is; Slack's own unless a test says otherwise.
    """

    def __init__(self, token: str, url: str = "https://slack.com/api/") -> None:
        self._token = token
        self._url = url if url.endswith("/") else f"{url}/"
        self._session: aiohttp.ClientSession | None = None
        self._client: AsyncWebClient | None = None
        self._by_form: set[str] = set()
        self._was_taken = False
        self.refused = ""
        """Why Slack does not take the token just now, in a sentence; empty: it does."""

    @property
    def client(self) -> AsyncWebClient:
        """The SDK's client, for those who need one. Nothing is asked by making it."""
        if self._client is None:
            self._client = AsyncWebClient(
                token=self._token, base_url=self._url, session=self.session, retry_handlers=[]
            )
        return self._client

    @property
    def session(self) -> aiohttp.ClientSession:
        """The connections, for files."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        return self._session

    async def aclose(self) -> None:
        """End all connections."""
        if self._session is not None:
            await self._session.close()

    async def write(self, method: str, **body: Any) -> Json:
        """Call a method that changes something.

        Raises:
            PlatformRateLimited, PlatformUnavailable: it did not happen.
            DeliveryUnclear: it may have happened.
            ConversationGone: there is no such place, or we may not write there.
            SlackRefused: anything else that Slack says no to.
        """
        if method not in _FLAT:
            return await self._call(method, unclear=True, json=body)
        flat = {name: v if isinstance(v, str) else json.dumps(v) for name, v in body.items()}
        return await self._call(method, unclear=True, params=flat, data=flat)

    async def read(self, method: str, **query: Any) -> Json:
        """Call a method that changes nothing. Raises as `write` does, never DeliveryUnclear.

        Slack takes these by GET, as its SDK for Python asks, and as forms, as the one for Node
        does; what stands in for it may know one of the two.
        """
        if method not in self._by_form:
            try:
                return await self._call(method, unclear=False, http_verb="GET", params=query)
            except SlackRefused as error:
                if error.code not in NO_SUCH_METHOD:
                    raise
        answer = await self._call(method, unclear=False, data=query)
        self._by_form.add(method)
        return answer

    async def whoami(self) -> Json:
        """What `auth.test` says of the token. Raises as `read`."""
        return await self._call("auth.test", unclear=False)

    async def scopes(self) -> frozenset[str]:
        """What the token may do (header `x-oauth-scopes`); empty where Slack does not say."""
        try:
            client: Any = self.client  # whose types are partly unknown
            answer: Any = await client.auth_test()
        except SlackApiError as error:
            raise api_error("auth.test", error, unclear=False) from error
        said: Any = answer.headers.get("x-oauth-scopes", "")
        return frozenset(str(said).replace(" ", "").split(",")) - {""}

    async def put(self, url: str, data: bytes) -> None:
        """Send a file's bytes where Slack said. Raises PlatformUnavailable."""
        session = self.session
        try:
            async with session.post(url, data=data) as answer:
                if answer.status != 200:
                    raise PlatformUnavailable(f"Slack took no file: status {answer.status}")
        except (TimeoutError, aiohttp.ClientError) as error:
            raise PlatformUnavailable("a file did not reach Slack") from error

    async def _call(self, method: str, *, unclear: bool, **request: Any) -> Json:
        try:
            client: Any = self.client  # whose types are partly unknown
            answer: Any = await client.api_call(method, **request)
        except SlackApiError as error:
            problem = api_error(method, error, unclear=unclear)
            if isinstance(problem, KeyRefused):
                self._note(str(problem))
            elif isinstance(problem, SlackRefused | ConversationGone):
                self._note("")
            raise problem from error
        except aiohttp.ClientConnectorError as error:
            raise PlatformUnavailable(f"Slack cannot be reached: {error}") from error
        except (TimeoutError, aiohttp.ClientError) as error:
            if unclear:
                raise DeliveryUnclear(f"Slack's {method} gave no answer") from error
            raise PlatformUnavailable(f"Slack's {method} gave no answer") from error
        self._note("")
        return dict_of(answer.data)

    def _note(self, refused: str) -> None:
        """Whether Slack takes the token; the log says once that it does no more."""
        if refused and not self.refused and self._was_taken:
            log.error("%s. What waits for an answer is kept until another one is set.", refused)
        elif self.refused and not refused:
            log.warning("Slack takes SLACK_BOT_TOKEN again")
        self._was_taken |= not refused
        self.refused = refused


def dict_of(value: object) -> Json:
    """The object, or an empty one for anything else."""
    return cast("Json", value) if isinstance(value, dict) else {}


def api_error(method: str, error: SlackApiError, *, unclear: bool) -> PlatformError:
    """What Slack's answer means. `unclear`: what failed on its side may have happened."""
    answer: Any = error.response
    status = int(getattr(answer, "status_code", None) or getattr(answer, "status", None) or 0)
    code = str(dict_of(getattr(answer, "data", None)).get("error") or "")
    if status == 429 or code in ("ratelimited", "rate_limited", "message_limit_exceeded"):
        headers: Any = getattr(answer, "headers", None) or {}
        wait = str(headers.get("Retry-After", ""))
        return PlatformRateLimited(
            f"Slack's {method} asks us to wait",
            retry_after_s=float(wait) if wait.isdecimal() else 1.0,
        )
    if code in _GONE:
        return ConversationGone(f"Slack's {method} answered {code}")
    if code in _KEYS:
        return KeyRefused(code)
    if not code and (status in _NOT_THERE or "html" in _type(answer)):
        return SlackRefused(method, "unknown_method")
    if status >= 500 or code in _PASSING or not code:
        kind = DeliveryUnclear if unclear else PlatformUnavailable
        return kind(f"Slack's {method} failed: {code or status}")
    return SlackRefused(method, code)


def _type(answer: Any) -> str:
    """The media type of an answer; empty where it has none."""
    headers: Any = getattr(answer, "headers", None) or {}
    return str(headers.get("Content-Type") or headers.get("content-type") or "")


async def checked_token(api: SlackApi) -> Json:
    """Who the bot token is, as `auth.test` says.

    Raises:
        ConfigurationError: Slack does not take it; the text names the variable.
        PlatformUnavailable: Slack cannot be reached.
    """
    try:
        return await api.whoami()
    except KeyRefused as error:
        raise ConfigurationError(
            f"{error}. Copy the Bot User OAuth Token (xoxb-…) from the app's page, "
            "OAuth & Permissions, into SLACK_BOT_TOKEN."
        ) from error
