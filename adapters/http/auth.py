"""Who is answered.

With keys: who shows one of them. Without keys: programs on this machine only, which takes three
checks, since a connection from loopback alone proves little. A web page that somebody looks at can
make their browser send requests here (so a foreign `Origin` is refused), also under a name of its
own that resolves to this machine (so `Host` must name loopback), and a proxy or tunnel on this
machine connects from loopback on behalf of the whole world (so its headers are refused).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.http.errors import client_error
from core.errors import Refused, Unauthorized

_PROXY_HEADERS: Final = frozenset(
    {"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip", "cf-ray"}
)
_PROXY_PREFIX: Final = "x-forwarded-"
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(:[0-9]{1,5})?", re.IGNORECASE)
_OWN_SITE: Final = ("same-origin", "none")
_TENANT: Final = "bobbin.tenant"

SHARED: Final = ""
"""The tenant of everybody, and of the chat side."""

_NO_KEY: Final = (
    "You didn't provide an API key. Provide it in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY)."
)
_WRONG_KEY: Final = (
    "Incorrect API key provided. The keys that this server accepts are in its BOBBIN_API_KEYS."
)
_LOCAL_ONLY: Final = (
    "This server has no API keys and answers only programs on its own machine; {}. Set "
    "BOBBIN_API_KEYS where it runs to reach it from elsewhere."
)


class Gate:
    """Lets requests in."""

    def __init__(self, keys: Iterable[str], *, apart: bool = False) -> None:
        """`apart`: each key has its own objects and sees no others; else all keys share them."""
        self._keys = tuple(
            _Key(_digest(key.encode()), tenant_of_key(key) if apart else SHARED) for key in keys
        )

    def check(self, connection: HTTPConnection) -> None:
        """Refuse who may not ask; note for `tenant_of` whose objects the others may see.

        Raises:
            Unauthorized: there are keys, and none of them was shown.
            Refused: there are no keys, and this does not come from a program on this machine.
        """
        if self._keys:
            connection.scope[_TENANT] = self._tenant_of_shown(connection)
        else:
            check_local(connection)
            connection.scope[_TENANT] = SHARED

    def guarding(self, app: ASGIApp) -> ASGIApp:
        """The app behind the rule for loopback as long as there are no keys."""
        return app if self._keys else _LocalOnly(app)

    def _tenant_of_shown(self, connection: HTTPConnection) -> str:
        scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
        shown = [connection.headers.get("api-key", "")]
        if scheme.lower() == "bearer":
            shown.append(bearer.strip())
        digests = [_digest(key.encode("latin-1")) for key in shown if key]
        if not digests:
            raise Unauthorized(_NO_KEY, code="invalid_api_key")
        good = [
            key.tenant
            for digest in digests
            for key in self._keys  # all of them, so that time tells nothing of a key's place
            if hmac.compare_digest(digest, key.digest)
        ]
        if not good:
            raise Unauthorized(_WRONG_KEY, code="invalid_api_key")
        return good[0]


@dataclass(frozen=True, slots=True)
class _Key:
    digest: bytes
    tenant: str


def tenant_of(connection: HTTPConnection) -> str:
    """Whose objects this request is about, as the engine's services take it.

    Only behind `Gate.check`; anywhere else it is a KeyError, so that no route can forget the gate.
    """
    return connection.scope[_TENANT]


def tenant_of_key(key: str) -> str:
    """The name under which a key's objects are kept: always the same, and nothing of the key."""
    return hashlib.sha256(b"bobbin tenant\0" + key.encode()).hexdigest()[:24]


def check_local(connection: HTTPConnection) -> None:
    """Refuse what does not come from a program on this machine. Raises Refused."""
    headers = connection.headers
    for name in headers:
        if name in _PROXY_HEADERS or name.startswith(_PROXY_PREFIX):
            raise _refused(f"this request came through a proxy (header {name})")
    if connection.client is None or not _is_loopback(connection.client.host):
        raise _refused("this request came from another machine")
    hosts = headers.getlist("host")
    if len(hosts) != 1 or not _names_loopback(hosts[0]):
        raise _refused("the Host of this request is not localhost")
    host = hosts[0].lower()
    for origin in headers.getlist("origin"):
        if origin.lower() not in (f"http://{host}", f"https://{host}"):
            raise _refused("this request came from a web page of another origin")
    for site in headers.getlist("sec-fetch-site"):
        if site not in _OWN_SITE:
            raise _refused("this request came from a web page of another site")


class _LocalOnly:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            try:
                check_local(HTTPConnection(scope))
            except Refused as refusal:
                if scope["type"] == "websocket":
                    await send({"type": "websocket.close", "code": 1008})
                else:
                    await client_error(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _digest(key: bytes) -> bytes:
    """Of one length for all keys, so that comparing tells nothing of a key's length."""
    return hashlib.sha256(key).digest()


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _names_loopback(host: str) -> bool:
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = match[1].lower().strip("[]")
    return name == "localhost" or _is_loopback(name)


def _refused(why: str) -> Refused:
    return Refused(_LOCAL_ONLY.format(why), code="loopback_only")
