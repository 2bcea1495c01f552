"""The only file that imports notion-client and httpx: Notion's API, its lists complete or refused.

The client's own retries are off: it waits at most a minute whatever Notion asks, and gives up a failed search at once.
Its requests pass through `Http` instead, which paces, retries and checks addresses.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from evalkit.backends.http import Http
from evalkit.errors import CorpusError, MissingDependency

if TYPE_CHECKING:
    import httpx
    from notion_client import Client
    from pydantic import SecretStr

__all__ = ["Notion", "connect"]

VERSION = "2025-09-03"
"""Of the API: databases hold data sources, which hold rows."""

PER_SECOND = 3.0
"""Notion's limit for one integration."""

Json = dict[str, Any]


@lru_cache(maxsize=8)
def connect(url: str, token: SecretStr, *, allow_private: bool) -> Notion:
    """Opens Notion's API; one for each integration, since the integration is what Notion paces.

    Raises:
        MissingDependency: without notion-client.
    """
    try:
        import httpx
        from notion_client import Client
    except ImportError as error:
        raise MissingDependency.needed_by("the 'notion' connector", "notion-client", "notion") from error
    http = Http(url, allow_private=allow_private, per_second=PER_SECOND)
    log = logging.getLogger("evalkit.notion")
    log.addHandler(logging.NullHandler())
    client = Client(
        client=httpx.Client(transport=_through(http), trust_env=False),
        auth=token.get_secret_value(),
        base_url=url,
        notion_version=VERSION,
        retry=False,
        logger=log,
        log_level=logging.CRITICAL,
    )
    return Notion(client)


class _ExpiredCursor(Exception):  # noqa: N818
    """Notion no longer knows a cursor that it gave."""


class Notion:
    """What the connector asks of Notion. What is gone or not shared is None."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def search(self) -> Iterator[Json]:
        """Yields every page and data source that Notion's index knows to be shared with the integration."""
        return self._every(self._client.search)

    def rows(self, data_source_id: str) -> Iterator[Json]:
        """Yields every row of a data source, past the number at which Notion cuts one query off."""
        since, seen = "", set[str]()
        while True:
            narrowed = {"filter": _created_since(since)} if since else {}
            oldest_first = [{"timestamp": "created_time", "direction": "ascending"}]
            cut, last = False, since
            for reply in self._replies(
                self._client.data_sources.query,
                data_source_id=data_source_id,
                sorts=oldest_first,
                **narrowed,
            ):
                cut = cut or _incomplete(reply)
                for row in reply["results"]:
                    last = str(row.get("created_time") or last)
                    if row["id"] not in seen:
                        seen.add(row["id"])
                        yield row
            if not cut:
                return
            if last == since:
                raise CorpusError(
                    f"Notion: data source {data_source_id} holds more rows made at {last} than one query returns; "
                    "expected to read all of them; move some to another database"
                )
            since = last

    def children(self, block_id: str) -> list[Json] | None:
        """Returns the blocks directly below a page or block."""
        try:
            return list(self._every(self._client.blocks.children.list, block_id=block_id))
        except _Gone:
            return None

    def items(self, page_id: str, property_id: str) -> list[Json]:
        """Returns all items of a property of which a page shows the first 25."""
        replies = self._replies(
            self._client.pages.properties.retrieve, page_id=page_id, property_id=property_id
        )
        return [item for reply in replies for item in reply.get("results", ())]

    def one(self, kind: str, object_id: str) -> Json | None:
        """Returns a page, block, database or data source by its id."""
        client = self._client
        retrieve: Callable[[str], Any] = {
            "page_id": client.pages.retrieve,
            "block_id": client.blocks.retrieve,
            "database_id": client.databases.retrieve,
            "data_source_id": client.data_sources.retrieve,
        }[kind]
        try:
            return _answer(retrieve, object_id)
        except _Gone:
            return None

    def _every(self, call: Callable[..., Any], **parameters: Any) -> Iterator[Json]:
        """Yields each object of a list once, from the start again where its cursor expired."""
        seen: set[str] = set()
        for last_try in (False, True):
            try:
                for reply in self._replies(call, **parameters):
                    if _incomplete(reply):
                        raise CorpusError(
                            "Notion: an answer is marked incomplete; expected every page; share less with the "
                            "integration, or list it by several connectors with a `root` each"
                        )
                    for item in reply["results"]:
                        if item["id"] not in seen:
                            seen.add(item["id"])
                            yield item
                return
            except _ExpiredCursor:
                if last_try:
                    raise CorpusError(
                        "Notion: a list's cursor expired twice; expected to read it to its end; sync again later"
                    ) from None

    def _replies(self, call: Callable[..., Any], **parameters: Any) -> Iterator[Json]:
        cursor: str | None = None
        while True:
            given: Json = {"start_cursor": cursor} if cursor else {}
            reply = _answer(call, page_size=100, **given, **parameters)
            yield reply
            if not reply.get("has_more"):
                return
            following = reply.get("next_cursor")
            if not following or following == cursor:
                raise CorpusError(
                    "Notion: a list says that it goes on but not where; nothing was taken from it"
                )
            cursor = following


class _Gone(Exception):  # noqa: N818
    """Notion answers that there is no such object, or that it is not shared."""


def _answer(call: Callable[..., Any], *given: object, **parameters: object) -> Json:
    from notion_client.errors import NotionClientErrorBase

    try:
        reply = call(*given, **parameters)
    except NotionClientErrorBase as error:
        code = str(getattr(error.code, "value", error.code))
        if code == "object_not_found":
            raise _Gone from None
        if "start_cursor" in parameters and code == "validation_error" and "cursor" in str(error):
            raise _ExpiredCursor from None
        raise CorpusError(f"Notion: {code}: {error}; check the token, its capabilities and `root`") from None
    except ValueError:
        reply = None
    if not isinstance(reply, dict):
        raise CorpusError("Notion: an answer is not a JSON object; expected Notion's API at this URL")
    return reply


def _through(http: Http) -> httpx.BaseTransport:
    """Makes the transport that hands the client's requests to `Http`."""
    import httpx

    class Through(httpx.BaseTransport):  # type: ignore[misc]
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            reply = http.request(
                request.method,
                str(request.url),
                json=json.loads(request.read() or b"null"),
                headers={
                    name: request.headers[name]
                    for name in ("Authorization", "Notion-Version")
                    if name in request.headers
                },
                expect=(400, 404),
            )
            return httpx.Response(
                reply.status, headers={"content-type": "application/json"}, content=reply.body
            )

    return Through()


def _created_since(moment: str) -> Json:
    return {"timestamp": "created_time", "created_time": {"on_or_after": moment}}


def _incomplete(reply: Json) -> bool:
    return (reply.get("request_status") or {}).get("type") == "incomplete"
