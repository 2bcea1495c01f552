"""HTTP for connectors: retried, paced, capped, and only to addresses that the suite meant. The home of requests.

Every hop of every request (a redirect is another) goes through one adapter. It takes https alone, resolves the host,
refuses unless all of its addresses are public, and connects to the very address it checked. A source on a private
network says `allow_private`: then its own host, and no other, may be private and may speak plain http. Proxies and
`.netrc` of the environment are not used, since they would undo both.
"""

from __future__ import annotations

import email.utils
import io
import json as jsons
import os
import random
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError

from evalkit import __version__
from evalkit.backends.addresses import resolve
from evalkit.errors import CorpusError

__all__ = ["Http", "Pace", "Reply", "interrupted", "shown"]

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
TRIES = 6
LONGEST_WAIT = 900.0
"""Seconds; a service that asks for a longer pause ends the sync, which goes on from there the next time."""
TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and between two pieces of an answer."""
LONGEST_ANSWER = 600.0
MAX_BYTES = 100_000_000
_PIECE = 65536


_interrupted = threading.Event()


@contextmanager
def interrupted() -> Iterator[None]:
    """Ends the pauses that other threads keep, for as long as this lasts."""
    _interrupted.set()
    try:
        yield
    finally:
        _interrupted.clear()


class Pace:
    """What time is to retries and rate limits; tests put their own in its place."""

    def now(self) -> float:
        """Returns seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Waits.

        Raises:
            CorpusError: where the sync is interrupted meanwhile.
        """
        if _interrupted.wait(seconds):
            raise CorpusError("interrupted while a service's pause was kept")

    def jitter(self) -> float:
        """Returns a factor between 0.5 and 1."""
        return 0.5 + random.random() / 2  # noqa: S311 - spreads load, keeps no secret


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer read to its end: status, headers by lower-case name, the decoded body, and the last hop's URL."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str = field(repr=False)

    def json(self) -> Any:
        """Parses the body.

        Raises:
            CorpusError: where it is not JSON.
        """
        try:
            return jsons.loads(self.body)
        except ValueError as error:
            raise CorpusError(
                f"{shown(self.url)}: the answer is not JSON ({self.headers.get('content-type', 'no type')}, "
                f"{len(self.body):,} bytes); expected the service's API there; check the URL and the credentials"
            ) from error


class Http:
    """One service, over one connection pool.

    Args:
        base: the service's URL; relative paths of requests are joined to it.
        headers: sent with each request to the base's host, and to no other; redirects elsewhere lose `Authorization`.
        allow_private: whether the base's host may be on a private network and speak plain http.
        per_second: requests a second at most, to any one host.
        pace: the clock.

    `session` is a `requests.Session` with all of this built in, for client libraries that take one.
    """

    def __init__(
        self,
        base: str,
        *,
        headers: Mapping[str, str] | None = None,
        allow_private: bool = False,
        per_second: float = 10.0,
        pace: Pace | None = None,
    ) -> None:
        self.base = base.rstrip("/")
        self._own = dict.fromkeys(headers or {})
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True
        self.session.max_redirects = 5
        self.session.headers.update({"User-Agent": f"evalkit/{__version__}", **(headers or {})})
        adapter = _Adapter(urlsplit(base).hostname if allow_private else None, per_second, pace or Pace())
        self.session.mount("https://", adapter)
        self.session.mount("http://", adapter)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        expect: Collection[int] = (),
    ) -> Reply:
        """Sends a request, again where the service asks for patience, and reads the answer.

        Args:
            method: GET, or a POST that only reads: a request may be sent twice.
            path: below the base, or a whole URL (a next page, a download).
            params: the query.
            json: the body.
            headers: beside the session's.
            expect: statuses from 300 up that are answers too (404, 304, 410), not failures.

        Raises:
            CorpusError: for another status from 300 up, a failed connection, a refused address, too large an answer.
        """
        url = path if "://" in path else f"{self.base}/{path.lstrip('/')}"
        sent: dict[str, Any] = dict(headers or {})
        if urlsplit(url).netloc != urlsplit(self.base).netloc:
            sent = {**self._own, **sent}
        if json is not None:
            sent["Content-Type"] = "application/json"
        data = None if json is None else jsons.dumps(json).encode()
        try:
            answer = self.session.request(method, url, params=dict(params or {}), data=data, headers=sent)
            body = answer.content
        except (requests.RequestException, HTTPError, OSError) as error:
            raise CorpusError(f"{shown(url)}: no answer ({_cause(error)}); sync again later") from None
        named = {name.lower(): value for name, value in answer.headers.items()}
        reply = Reply(answer.status_code, named, body, answer.url)
        if reply.status >= 300 and reply.status not in expect:
            raise CorpusError(f"{shown(url)}: {_complaint(reply)}")
        return reply

    def get(
        self,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        expect: Collection[int] = (),
    ) -> Reply:
        """Sends a GET; see `request`."""
        return self.request("GET", path, params=params, headers=headers, expect=expect)


class _Adapter(HTTPAdapter):
    """Where each hop passes: its turn, its address, its retries, its size."""

    def __init__(self, private: str | None, per_second: float, pace: Pace) -> None:
        super().__init__(max_retries=0)
        self.private = private
        self.per_second = per_second
        self.pace = pace
        self.turns: dict[str, float] = {}
        self.lock = threading.Lock()

    def send(  # noqa: PLR0917
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - requests' own signature
        timeout: Any = None,
        verify: Any = True,  # noqa: FBT002
        cert: Any = None,
        proxies: Any = None,  # noqa: ARG002
    ) -> requests.Response:
        for attempt in range(1, TRIES):
            self._wait_turn(request)
            try:
                response = super().send(request, True, timeout or TIMEOUT, verify, cert)  # noqa: FBT003
                wait = self._asked(response, attempt)
                if wait is None or wait > LONGEST_WAIT:
                    return response if stream else self._read(response)
                response.close()
            except requests.exceptions.SSLError:
                raise
            except (requests.ConnectionError, requests.Timeout, HTTPError):
                wait = self._backoff(attempt)
            self._hold(request, wait)
        self._wait_turn(request)
        response = super().send(request, True, timeout or TIMEOUT, verify, cert)  # noqa: FBT003
        return response if stream else self._read(response)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """Puts the checked address where the host stood; TLS still proves the host's name."""
        where, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        parts = urlsplit(str(request.url))
        host, secure = parts.hostname or "", parts.scheme == "https"
        mine = self.private is not None and host == self.private
        if not secure and not mine:
            raise CorpusError(f"{shown(str(request.url))}: sources are fetched over https only")
        where["host"] = resolve(host, parts.port or (443 if secure else 80), private=mine)
        if secure:
            tls |= {"server_hostname": host, "assert_hostname": host}
        request.headers["Host"] = parts.netloc.rpartition("@")[2]
        return where, tls

    def _hold(self, request: requests.PreparedRequest, seconds: float) -> None:
        """Keeps every thread from asking a host that wants a pause."""
        host = urlsplit(str(request.url)).hostname or ""
        with self.lock:
            self.turns[host] = max(self.turns.get(host, 0.0), self.pace.now() + seconds)

    def _wait_turn(self, request: requests.PreparedRequest) -> None:
        host = urlsplit(str(request.url)).hostname or ""
        with self.lock:
            now = self.pace.now()
            turn = max(now, self.turns.get(host, now))
            self.turns[host] = turn + 1 / self.per_second
        if turn > now:
            self.pace.sleep(turn - now)

    def _asked(self, response: requests.Response, attempt: int) -> float | None:
        """Returns how long to wait before asking again, or None where the answer stands.

        GitHub says 403 where others say 429, and either with Retry-After or with the time at which its window ends.
        """
        asked = response.headers.get("Retry-After")
        spent = response.headers.get("X-RateLimit-Remaining") == "0"
        if response.status_code not in RETRIED and not (response.status_code == 403 and (asked or spent)):
            return None
        reset = response.headers.get("X-RateLimit-Reset", "")
        if asked is None and spent and reset.isdigit():
            return max(1.0, int(reset) - self.pace.now())
        wait = None if asked is None else _seconds(asked, self.pace.now())
        return self._backoff(attempt) if wait is None else wait

    def _backoff(self, attempt: int) -> float:
        return min(60.0, 2.0 ** (attempt - 1)) * self.pace.jitter()

    def _read(self, response: requests.Response) -> requests.Response:
        """Reads the body while counting, so that neither a large nor a slow answer can hold the sync."""
        late = self.pace.now() + LONGEST_ANSWER
        body = io.BytesIO()
        for piece in response.raw.stream(_PIECE, decode_content=True):
            body.write(piece)
            if body.tell() > MAX_BYTES or self.pace.now() > late:
                response.close()
                raise CorpusError(
                    f"{shown(str(response.url))}: the answer is larger than {MAX_BYTES:,} bytes or took longer than "
                    f"{LONGEST_ANSWER:.0f} seconds"
                )
        response.raw.release_conn()
        body.seek(0)
        response.raw = HTTPResponse(body, preload_content=False, status=response.status_code)
        return response


def _seconds(asked: str, now: float) -> float | None:
    """Reads Retry-After: seconds, or a date."""
    try:
        return max(0.0, float(asked))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(asked).timestamp() - now)
    except ValueError:
        return None


def shown(url: str) -> str:
    """Returns a URL as messages may show it: no user, no password, no query."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


def _cause(error: BaseException) -> str:
    """Names what failed without quoting the request, whose URL may hold a secret."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    said = error.strerror if isinstance(error, OSError) else None
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _complaint(reply: Reply) -> str:
    hints = {
        401: "the credentials were not accepted; check the token",
        403: "these credentials may not read this; check what the token may see",
        404: "nothing is there, or these credentials may not see it",
        429: "the service asks for a longer pause; sync again later, what was read is kept",
    }
    hint = hints.get(reply.status, "the service failed; sync again later, what was read is kept")
    if wait := reply.headers.get("retry-after"):
        hint += f" (Retry-After: {wait:.40})"
    return f"answered {reply.status}; {hint}"
